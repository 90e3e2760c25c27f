//! Concepts: the directions that a layer works with, and the folder that the command line makes of them.

use std::path::PathBuf;

use nanoaid::interpret::concept::{
    ConceptConfig, ConceptError, ConceptMethod, ConceptNames, ConceptProgress, ConceptRecord,
    ConceptSettings, Concepts as Computed, concept_files, read_boxes,
};
use nanoaid::output::{OutputFolder, json_text};
use nanoaid::record::NetworkUsed;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::data::{Data, LeftOut};
use crate::fault::{Fault, Kind, Kinded};
use crate::measure::files;
use crate::network::Network;
use crate::work::{How, Watch, run};

/// Concepts of a layer.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Concepts {
    own: Own,
    json: String,
    /// What the command line writes.
    files: Vec<(String, Vec<u8>)>,
    left_out: LeftOut,
}

/// Of what the files are made.
struct Own {
    computed: Computed,
    used: NetworkUsed,
    settings: ConceptSettings,
    names: Option<ConceptNames>,
}

impl Own {
    /// Writes what the command line writes.
    fn write(&self, folder: &OutputFolder) -> Result<ConceptRecord, Fault> {
        let Self { computed, used, settings, names } = self;
        let record = concept_files(computed, used.clone(), settings.clone(), names.as_ref(), folder)?;
        folder.write(PAGE, nanoaid_pages::concepts::report(&record).as_bytes())?;
        Ok(record)
    }
}

/// Name of the page.
const PAGE: &str = "report.html";
/// Files that the record does not list.
const UNLISTED: [&str; 3] = ["concepts.json", "names.csv", PAGE];

/// How concepts are looked for: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Concepting {
    layer: Option<String>,
    method: Option<String>,
    compare: bool,
    of_class: Option<String>,
    concepts: Option<usize>,
    atoms: Option<usize>,
    active: Option<usize>,
    sparsity: Option<f64>,
    per_micrograph: Option<usize>,
    most_micrographs: Option<usize>,
    starts: Option<usize>,
    count: Option<usize>,
    effects: Option<usize>,
    structures: Option<usize>,
    tuning: bool,
    pictures: bool,
    controls: Option<usize>,
    map: Option<usize>,
    boxes: Option<PathBuf>,
    names: Option<PathBuf>,
    seed: u64,
}

/// Names of settings, and of the parameters that give them.
const PARAMETERS: [(&str, &str); 8] = [
    ("n_concepts", "concepts"),
    ("n_sparse", "atoms"),
    ("n_active", "active"),
    ("n_starts", "starts"),
    ("n_exemplars", "count"),
    ("n_effects", "effects"),
    ("n_structures", "structures"),
    ("n_controls", "controls"),
];

impl Concepting {
    fn config(&self) -> Result<ConceptConfig, Fault> {
        let default = ConceptConfig::default();
        let method = self.method.as_ref().map(|name| name.parse::<ConceptMethod>()).transpose();
        let config = ConceptConfig {
            layer: self.layer.clone(),
            method: method.map_err(|error| Fault::of_text("method", &error.to_string()))?,
            compared: if self.compare { ConceptMethod::ALL.to_vec() } else { default.compared },
            class: self.of_class.clone(),
            n_concepts: self.concepts.unwrap_or(default.n_concepts),
            n_sparse: self.atoms.unwrap_or(default.n_sparse),
            n_active: self.active.unwrap_or(default.n_active),
            sparsity: self.sparsity.unwrap_or(default.sparsity),
            per_micrograph: self.per_micrograph.unwrap_or(default.per_micrograph),
            most_micrographs: self.most_micrographs.unwrap_or(default.most_micrographs),
            n_starts: self.starts.unwrap_or(default.n_starts),
            n_exemplars: self.count.unwrap_or(default.n_exemplars),
            n_effects: self.effects.unwrap_or(default.n_effects),
            n_structures: self.structures.unwrap_or(default.n_structures),
            tuning: self.tuning,
            pictures: self.pictures,
            n_controls: self.controls.unwrap_or(default.n_controls),
            map: self.map.unwrap_or(default.map),
            boxes: self.boxes.as_deref().map(read_boxes).transpose()?.unwrap_or_default(),
            seed: self.seed,
            n_rounds: default.n_rounds,
        };
        config.checked().map_err(|error| Fault::of_parameter(error, &PARAMETERS))
    }
}

impl Kinded for ConceptError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::NoClass { .. } | Self::Differential(_) => Kind::Setting,
            Self::Names { .. } | Self::Boxes { .. } | Self::Negative { .. } => Kind::Setting,
            Self::Dataset(error) => error.kind(),
            Self::NotGray { .. } | Self::NoLayer(_) | Self::NoMap | Self::OnePosition { .. } => Kind::Network,
            Self::TooFew { .. } | Self::Gone { .. } | Self::NotThere { .. } => Kind::Read,
            Self::Areas(error) => error.kind(),
            Self::Visualize(error) => error.kind(),
            Self::Output(_) => Kind::Output,
            _ => Kind::Other,
        }
    }
}

#[pymethods]
impl Concepts {
    /// What `nanoaid concepts --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Name and content of each file that `nanoaid concepts` writes.
    fn files<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyBytes>)> {
        files(py, &self.files)
    }

    /// Name of each micrograph that was left out, and the reason.
    #[getter]
    fn skipped(&self) -> Vec<(String, String)> {
        self.left_out.skipped.clone()
    }

    /// What to know about how the micrographs were listed.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.left_out.warnings.clone()
    }

    /// Writes them into the folder at `path`.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let saved = py.detach(|| self.own.write(&OutputFolder::create(&path, force)?));
        saved.map(|_| ()).map_err(|fault| fault.raised(py))
    }
}

/// Looks for concepts in a layer of `network`.
#[pyfunction]
pub(crate) fn concepts(
    py: Python<'_>,
    network: &Bound<'_, Network>,
    data: Data,
    concepting: Concepting,
    how: How,
) -> PyResult<Concepts> {
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        let config = concepting.config()?;
        let names = concepting.names.as_deref().map(ConceptNames::read).transpose()?;
        let dataset = data.open()?;
        let computed =
            nanoaid::interpret::concept::concepts(&network, &dataset, &config, &mut |at| report(watch, at))?;
        let settings = ConceptSettings {
            concepts: config,
            data: data.path.clone(),
            dataset: data.config()?,
            data_digest: dataset.digest()?,
        };
        let left_out = LeftOut::of(&dataset, &computed.skipped);
        let own = Own { computed, used: NetworkUsed::of(&from, &network), settings, names };
        let scratch = |error: std::io::Error| Fault::new(Kind::Output, format!("temporary folder: {error}"));
        let place = tempfile::tempdir().map_err(scratch)?;
        let folder = OutputFolder::create(place.path(), true)?;
        let record = own.write(&folder)?;
        let mut files = Vec::new();
        for name in record.record.files.keys().map(String::as_str).chain(UNLISTED) {
            files.push((name.to_owned(), std::fs::read(folder.file(name)).map_err(scratch)?));
        }
        Ok(Concepts { own, json: json_text(&record)?, files, left_out })
    })
}

/// Reports how far a part of the work is, where that is known.
fn report(watch: &Watch, at: ConceptProgress) -> std::ops::ControlFlow<()> {
    match at {
        ConceptProgress::Read { n_done, n }
        | ConceptProgress::Structures { n_done, n }
        | ConceptProgress::Effects { n_done, n }
        | ConceptProgress::Visualize { n_done, n } => watch.report(n_done, n),
        ConceptProgress::Fit { .. }
        | ConceptProgress::Tune
        | ConceptProgress::Marked
        | ConceptProgress::Map => watch.flow(),
    }
}
