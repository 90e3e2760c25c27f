//! A small atlas that the library makes of synthetic micrographs and networks of random weights, to
//! look at pages and to test them.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use micrograph::paint::gray_png;
use micrograph::synth::{Category, varied_of};
use nanoaid::atlas::{Atlas, AtlasConfig, AtlasInput, MicrographActivations, NetworkOfRun};
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::interpret::concept::{ConceptConfig, ConceptSettings, concept_files, concepts};
use nanoaid::interpret::differential::DifferentialConfig;
use nanoaid::interpret::tuning::TuningConfig;
use nanoaid::interpret::visualize::Preset;
use nanoaid::output::OutputFolder;
use nanoaid::record::NetworkUsed;
use nanoaid::{Architecture, AutoencoderConfig, CompactConfig, Device, Network};
use tempfile::TempDir;

use crate::site::{Made, SiteConcepts, write};

const CATEGORIES: [Category; 3] =
    [Category::MemsDevicesAndElectrodes, Category::Nanowires, Category::Particles];
const PER_CATEGORY: usize = 8;
const HEIGHT: usize = 96;
const WIDTH: usize = 128;
/// A name that is code where it is not escaped.
pub(super) const STRANGE: &str = "<b>a & b\"'.png";

/// An atlas with what belongs to its micrographs.
pub(super) struct Small {
    pub(super) atlas: Atlas,
    pub(super) micrographs: Vec<MicrographActivations>,
    pub(super) made: Made,
    pub(super) concepts: Vec<SiteConcepts>,
    /// Holds the files of the concepts.
    _folder: TempDir,
}

/// The atlas, made once.
pub(super) static SMALL: LazyLock<Small> = LazyLock::new(small);

fn small() -> Small {
    let folder = tempfile::tempdir().unwrap();
    draw(&folder.path().join("data"));
    let dataset = Dataset::open(&folder.path().join("data"), &DatasetConfig::default()).unwrap();
    let classes = CATEGORIES.iter().map(|category| category.name().to_owned()).collect();
    let autoencoder = AutoencoderConfig { stages: vec![6, 8], latent: 4, ..AutoencoderConfig::default() };
    let classifier = CompactConfig {
        stages: vec![6, 8],
        further: Vec::new(),
        classes,
        view_px: 64,
        ..CompactConfig::default()
    };
    let network = |name: &str, architecture| NetworkOfRun {
        run: PathBuf::from(name),
        network: Network::random(architecture, 5, Device::Cpu).unwrap(),
    };
    let autoencoder = network("runs/small autoencoder", Architecture::Autoencoder(autoencoder));
    let concepts = vec![concepts_of(&autoencoder, &dataset, &folder.path().join("concepts"))];
    let config = AtlasConfig {
        layers: ["encoder.2", "head"].map(str::to_owned).to_vec(),
        steps: Some(3),
        tuning: TuningConfig {
            axes: 6,
            periods_per_octave: 2,
            phases: 4,
            lattice_views: 2,
            rounds: 1,
            noise_draws: 2,
            largest_px: 48,
            whole_px: 64,
            ..TuningConfig::default()
        },
        contrast: DifferentialConfig {
            n_bootstrap: 100,
            n_shuffles: 200,
            n_control_runs: 20,
            ..DifferentialConfig::default()
        },
        ..AtlasConfig::new(0, &[Preset::Fast, Preset::Chollet])
    };
    let settings = serde_json::to_value(&config).unwrap();
    let input = AtlasInput {
        networks: vec![autoencoder, network("runs/small classifier", Architecture::Compact(classifier))],
        dataset: &dataset,
        questions: Vec::new(),
        config,
    };
    let kept = OutputFolder::create(&folder.path().join("kept"), false).unwrap();
    let mut atlas = Atlas::build(input, &kept, &mut |_| ControlFlow::Continue(())).unwrap();
    let micrographs = atlas.micrographs(&dataset).unwrap().collect::<Result<_, _>>().unwrap();
    // a unit that nothing drives, and one without a picture
    atlas.networks[0].layers[0].units[3].summary.dead = true;
    atlas.networks[0].layers[0].units[3].pictures.clear();
    let made = Made {
        schema_version: 1,
        program_version: "0.0.0".to_owned(),
        command: "nanoaid site".to_owned(),
        data: "data".to_owned(),
        data_digest: "0123456789abcdef".to_owned(),
        device: "cpu".to_owned(),
        settings,
        warnings: vec!["the networks are untrained; look at the pages, not at the numbers".to_owned()],
    };
    Small { atlas, micrographs, made, concepts, _folder: folder }
}

/// Two concepts of a layer of `of`, with a name, in `folder`.
fn concepts_of(of: &NetworkOfRun, dataset: &Dataset, folder: &Path) -> SiteConcepts {
    let config = ConceptConfig {
        layer: Some("encoder.2".to_owned()),
        n_concepts: 2,
        n_starts: 2,
        n_effects: 2,
        n_structures: 0,
        n_controls: 0,
        n_exemplars: 2,
        tuning: false,
        pictures: false,
        ..ConceptConfig::default()
    };
    let found = concepts(&of.network, dataset, &config, &mut |_| ControlFlow::Continue(())).unwrap();
    let settings = ConceptSettings {
        concepts: config,
        data: dataset.root.clone(),
        dataset: DatasetConfig::default(),
        data_digest: dataset.digest().unwrap(),
    };
    let out = OutputFolder::create(folder, false).unwrap();
    let used = NetworkUsed::of(&of.run, &of.network);
    concept_files(&found, used, settings, None, &out).unwrap();
    SiteConcepts::read(folder).unwrap()
}

/// Draws micrographs into category folders.
fn draw(data: &Path) {
    for category in CATEGORIES {
        let folder = data.join(category.name());
        fs::create_dir_all(&folder).unwrap();
        for index in 0..PER_CATEGORY {
            let drawn = varied_of(category, 3, index as u64, HEIGHT, WIDTH).unwrap();
            let values = drawn.plane.values();
            let low = values.iter().copied().fold(f32::INFINITY, f32::min);
            let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let strange = category == Category::Nanowires && index == 0;
            let name = if strange { STRANGE.to_owned() } else { format!("{index}.png") };
            fs::write(folder.join(name), gray_png(&drawn.plane, low, high)).unwrap();
        }
    }
}

impl Small {
    /// Writes the site into `folder`.
    pub(super) fn write(&self, folder: &Path) {
        let out = OutputFolder::create(folder, true).unwrap();
        let micrographs = self.micrographs.iter().cloned().map(Ok);
        let shown = (&self.atlas, &self.concepts[..]);
        write(out, shown, &self.made, micrographs, &mut |_| ControlFlow::Continue(())).unwrap();
    }
}
