//! A tiny classifier: every start learns what can be learnt, gives the same bytes again in one go or
//! cut off, and shuffled labels teach nothing.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use micrograph::data_bar::DataBarChoice;
use micrograph::random::Stream;
use micrograph::synth::{self, Kind};
use nanoaid::dataset::{Dataset, DatasetConfig, Split};
use nanoaid::judge::{JudgeConfig, judge};
use nanoaid::network::{CompactConfig, Published, PublishedConfig};
use nanoaid::run::{Manifest, RunFolder, SCHEMA_VERSION, Status};
use nanoaid::score::score;
use nanoaid::train::{self, Base, ClassifierConfig, StartFrom, TrainedClassifier};
use nanoaid::{Architecture, Device, Network};
use tempfile::TempDir;

const PER_CATEGORY: u64 = 50;

/// Particles and gratings of five settings each, as files of a folder each; with `shuffled` labels, files lie in any folder.
fn data(shuffled: bool) -> (TempDir, Dataset) {
    let folder = tempfile::tempdir().unwrap();
    let names = ["lines", "particles"];
    let mut labels: Vec<usize> = (0..2 * PER_CATEGORY).map(|index| (index % 2) as usize).collect();
    if shuffled {
        Stream::new(4, "labels", 0).shuffle(&mut labels);
    }
    for name in names {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for (index, label) in (0..).zip(labels) {
        let kind = [Kind::Lines, Kind::Particles][index as usize % 2];
        let config = synth::SynthConfig { height: 96, width: 128, ..synth::varied(kind, index / 2 % 5, 3) };
        let plane = synth::micrograph(&config, index).unwrap().plane;
        let (low, high) = plane.range().unwrap();
        let grey = |value: &f32| ((value - low) / (high - low) * 255.0) as u8;
        let pixels: Vec<u8> = plane.values().iter().map(grey).collect();
        let path = folder.path().join(names[label]).join(format!("{index}.png"));
        image::GrayImage::from_raw(128, 96, pixels).unwrap().save(path).unwrap();
    }
    let config = DatasetConfig {
        data_bar: DataBarChoice::Keep,
        validation_share: 0.2,
        test_share: 0.3,
        ..DatasetConfig::default()
    };
    let dataset = Dataset::open(folder.path(), &config).unwrap();
    (folder, dataset)
}

fn config(start: StartFrom) -> ClassifierConfig {
    ClassifierConfig {
        start,
        batch: 8,
        views_per_epoch: 240,
        epochs: 16,
        learning_rate: 3e-3,
        seed: 2,
        ..ClassifierConfig::default()
    }
}

fn classes() -> Vec<String> {
    vec!["lines".to_owned(), "particles".to_owned()]
}

fn own_network() -> Base {
    let config = CompactConfig {
        stages: vec![8, 12],
        further: vec![16],
        view_px: 48,
        classes: classes(),
        ..CompactConfig::default()
    };
    Base { network: Network::random(Architecture::Compact(config), 7, Device::Cpu).unwrap(), trained: false }
}

fn new_run(path: &Path) -> RunFolder {
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        program_version: "test".into(),
        status: Status::Begun,
        device: "cpu".into(),
        settings: serde_json::Value::Null,
        data: serde_json::Value::Null,
        files: BTreeMap::new(),
        checkpoints: Vec::new(),
    };
    RunFolder::create(path, manifest, false).unwrap()
}

fn trained(
    dataset: &Dataset,
    base: &Base,
    config: &ClassifierConfig,
    run: &mut RunFolder,
) -> TrainedClassifier {
    train::classifier(dataset, base, config, run, &mut |_| ()).unwrap()
}

/// Probability that shuffled labels would be told as well on the test part, and the accuracy there.
fn judged(network: &Network, dataset: &Dataset) -> (f64, f64) {
    let (test, skipped) = score(network, dataset, Split::Test);
    assert!(skipped.is_empty() && test.len() == 30, "{skipped:?}, {}", test.len());
    let report = judge(&classes(), &test, &[], &JudgeConfig::default()).unwrap();
    (report.chance.p_value, report.accuracy.value)
}

#[test]
fn a_random_start_learns_and_comes_out_the_same_cut_off_or_not() {
    let (_folder, dataset) = data(false);
    let base = own_network();
    let whole = tempfile::tempdir().unwrap();
    let config = config(StartFrom::Random);
    let found = trained(&dataset, &base, &config, &mut new_run(&whole.path().join("run")));
    let (p_value, accuracy) = judged(&found.trained.network, &dataset);
    assert!(p_value < 0.05 && accuracy > 0.8, "accuracy {accuracy}, p {p_value}");

    let cut = tempfile::tempdir().unwrap();
    let path = cut.path().join("run");
    let shorter = ClassifierConfig { patience: 1, ..config.clone() };
    // stops early, and goes on as if it had not
    let first = trained(&dataset, &base, &shorter, &mut new_run(&path));
    assert!(first.trained.curve.len() < 16, "{:?}", first.trained.curve);
    let again = trained(&dataset, &base, &config, &mut RunFolder::open(&path).unwrap());
    assert_eq!(again.trained.curve, found.trained.curve);
    assert_eq!(again.trained.network.to_bytes(), found.trained.network.to_bytes());
}

#[test]
fn a_head_on_frozen_features_learns_and_leaves_the_trunk_as_it_is() {
    let (_folder, dataset) = data(false);
    let trunk = PublishedConfig::new(Published::SqueezeNet1_1, None);
    let trunk = Network::random(Architecture::Published(trunk), 1, Device::Cpu).unwrap();
    let base = Base { network: Network::headed(&trunk, classes(), 1).unwrap(), trained: true };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let config = ClassifierConfig { frozen_views: 2, ..config(StartFrom::Frozen) };
    let found = trained(&dataset, &base, &config, &mut new_run(&path));
    assert!(found.fits.iter().all(|fit| fit.converged), "{:?}", found.fits);
    // even random features tell gratings from particles
    let (p_value, accuracy) = judged(&found.trained.network, &dataset);
    assert!(p_value < 0.05, "accuracy {accuracy}, p {p_value}");
    let (before, after) = (base.network.weights(), found.trained.network.weights());
    for (name, weight) in &before.tensors {
        assert_eq!(after.tensors[name] == *weight, !name.starts_with("head."), "{name}");
    }
    // the features that were kept give the same
    let again = trained(&dataset, &base, &config, &mut RunFolder::open(&path).unwrap());
    assert_eq!(again.trained.network.to_bytes(), found.trained.network.to_bytes());
}

#[test]
fn shuffled_labels_teach_nothing() {
    let (_folder, dataset) = data(true);
    let folder = tempfile::tempdir().unwrap();
    let config = config(StartFrom::Random);
    let found = trained(&dataset, &own_network(), &config, &mut new_run(&folder.path().join("run")));
    let (p_value, accuracy) = judged(&found.trained.network, &dataset);
    assert!(p_value > 0.05, "accuracy {accuracy}, p {p_value}");
}
