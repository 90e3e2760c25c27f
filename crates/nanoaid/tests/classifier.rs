//! A tiny classifier: every start learns what can be learnt, gives the same bytes again in one go or
//! cut off, shuffled labels teach nothing, and a mark in the data bars of one class is found out.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Plane;
use micrograph::data_bar::DataBarChoice;
use micrograph::random::Stream;
use micrograph::synth::strip::{self, StripConfig};
use micrograph::synth::{self, Kind};
use nanoaid::data::dataset::{Dataset, DatasetConfig, Split};
use nanoaid::evaluate::classifier::{
    Audit, ClassifierReport, EvaluateConfig, Scored, Verdict, audit, evaluate,
};
use nanoaid::evaluate::score::{score, test_scores};
use nanoaid::network::{CompactConfig, Published, PublishedConfig};
use nanoaid::run::{DataSummary, Manifest, RunFolder, RunSettings};
use nanoaid::train::regression::argmax;
use nanoaid::train::{self, Base, ClassifierConfig, StartFrom, TrainedClassifier};
use nanoaid::{Architecture, Device, Network};
use tempfile::TempDir;

const PER_CATEGORY: u64 = 50;

/// Which specimens lie in the folder of another class.
#[derive(Clone, Copy, PartialEq)]
enum Labels {
    /// None.
    True,
    /// Any.
    Shuffled,
    /// A fifth, whatever they show.
    FifthWrong,
}

/// What lies under the specimen.
#[derive(Clone, Copy, PartialEq)]
enum Bar {
    /// Nothing.
    None,
    /// A data bar with letters that say nothing.
    Plain,
    /// The same, with a pattern on it where the label is `lines`.
    Marked,
}

/// Particles and gratings of five settings each, as files of a folder each.
fn data(chosen: Labels, bar: Bar) -> (TempDir, Dataset) {
    let folder = tempfile::tempdir().unwrap();
    let names = ["lines", "particles"];
    let mut labels: Vec<usize> = (0..2 * PER_CATEGORY).map(|index| (index % 2) as usize).collect();
    match chosen {
        Labels::True => (),
        Labels::Shuffled => Stream::new(4, "labels", 0).shuffle(&mut labels),
        Labels::FifthWrong => {
            let mut order: Vec<usize> = (0..labels.len()).collect();
            Stream::new(4, "wrong labels", 0).shuffle(&mut order);
            order.iter().take(labels.len() / 5).for_each(|&index| labels[index] = 1 - labels[index]);
        }
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
        let greys = Plane::from_fn(96, 128, |y, x| f32::from(grey(&plane.at(y, x))));
        let pixels: Vec<u8> =
            barred(greys, bar, label == 0, index).values().iter().map(|&v| v as u8).collect();
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

/// `plane` with a data bar of 15 % of its rows.
fn barred(mut plane: Plane, bar: Bar, is_lines: bool, index: u64) -> Plane {
    if bar == Bar::None {
        return plane;
    }
    let config = StripConfig {
        height_share: 0.15,
        rows_below: 0,
        width_share: 1.0,
        background: 0.0,
        ink: 255.0,
        framed: false,
        n_lines: 1,
        scale_bar: false,
        noise: 0.0,
    };
    let strip = strip::draw(&mut plane, &config, &mut Stream::new(5, "bar", index));
    let marked = bar == Bar::Marked && is_lines;
    Plane::from_fn(plane.height(), plane.width(), |y, x| {
        // squares of 4 pixels over the right half, two rows of the ground left above and below
        let within = (strip.first_row + 2..strip.end_row - 2).contains(&y) && x >= 64;
        if marked && within { f32::from((y / 4 + x / 4) as u8 % 2) * 255.0 } else { plane.at(y, x) }
    })
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
    let settings = RunSettings::Autoencoder(Box::default());
    let manifest = Manifest::begun(settings, DataSummary::default(), Device::Cpu);
    RunFolder::create(path, manifest, false).unwrap()
}

fn trained(
    dataset: &Dataset,
    base: &Base,
    config: &ClassifierConfig,
    run: &mut RunFolder,
) -> TrainedClassifier {
    train::classifier(dataset, base, config, run, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// How well the test split is classified.
fn report(network: &Network, dataset: &Dataset) -> ClassifierReport {
    let (test, skipped) = score(network, dataset, Split::Test);
    assert!(skipped.is_empty() && test.len() == 30, "{skipped:?}, {}", test.len());
    evaluate(&classes(), &test, &[], &EvaluateConfig::default()).unwrap()
}

/// Probability that shuffled labels would reach the same accuracy on the test split, and the accuracy there.
fn evaluated(network: &Network, dataset: &Dataset) -> (f64, f64) {
    let report = report(network, dataset);
    (report.chance.p_value, report.accuracy.value)
}

/// The audit of a classifier that was trained on data bars too.
fn audited(bar: Bar) -> Audit {
    let (_folder, dataset) = data(Labels::FifthWrong, bar);
    let folder = tempfile::tempdir().unwrap();
    let config = config(StartFrom::Random);
    let found = trained(&dataset, &own_network(), &config, &mut new_run(&folder.path().join("run")));
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let scores = test_scores(&found.trained.network, &dataset, Split::Test, go_on).unwrap();
    // what the page shows of a mistake is what the network saw, and of mistakes alone
    let mistakes = scores.scored.iter().filter(|scored| argmax(&scored.logits) != scored.category);
    let mistakes: Vec<&String> = mistakes.map(|scored| &scored.file).collect();
    assert!(mistakes.len() == scores.mistakes.len());
    assert!(mistakes.iter().all(|&file| scores.mistakes[file].starts_with(b"\x89PNG")));
    let (alone, _) = score(&found.trained.network, &dataset, Split::Test);
    assert_eq!(scores.scored, alone);
    let sets = scores.audit.sets();
    audit(&classes(), sets, &EvaluateConfig::default()).unwrap()
}

#[test]
fn a_random_start_learns_and_comes_out_the_same_cut_off_or_not() {
    let (_folder, dataset) = data(Labels::True, Bar::None);
    let base = own_network();
    let whole = tempfile::tempdir().unwrap();
    let config = config(StartFrom::Random);
    let found = trained(&dataset, &base, &config, &mut new_run(&whole.path().join("run")));
    let (p_value, accuracy) = evaluated(&found.trained.network, &dataset);
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
    let (_folder, dataset) = data(Labels::True, Bar::None);
    let trunk = PublishedConfig::new(Published::SqueezeNet1_1, None);
    let trunk = Network::random(Architecture::Published(trunk), 1, Device::Cpu).unwrap();
    let base = Base { network: Network::transfer(&trunk, classes(), Vec::new(), 1).unwrap(), trained: true };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let config = ClassifierConfig { frozen_views: 2, ..config(StartFrom::Frozen) };
    let found = trained(&dataset, &base, &config, &mut new_run(&path));
    assert!(found.fits.iter().all(|fit| fit.converged), "{:?}", found.fits);
    // even random features tell gratings from particles
    let (p_value, accuracy) = evaluated(&found.trained.network, &dataset);
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
fn a_head_judged_on_what_was_left_out_knows_nothing_of_it() {
    let trunk = PublishedConfig::new(Published::SqueezeNet1_1, None);
    let trunk = Network::random(Architecture::Published(trunk), 1, Device::Cpu).unwrap();
    let pooled = vec!["features.2".to_owned(), "features.5".to_owned()];
    let network = Network::transfer(&trunk, classes(), pooled.clone(), 1).unwrap();
    let base = Base { network, trained: true };
    let config = ClassifierConfig {
        frozen_views: 2,
        ridge: 0.01,
        leave_groups_out: true,
        half_precision: true,
        pooled,
        ..config(StartFrom::Frozen)
    };
    let accuracy = |labels: Labels| {
        let (_folder, dataset) = data(labels, Bar::None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let found = trained(&dataset, &base, &config, &mut new_run(&path));
        assert_eq!(found.left_out.len(), dataset.of(Split::Train).count());
        let right = |scored: &&Scored| argmax(&scored.logits) == scored.category;
        let file = fs::read(path.join("network.safetensors")).unwrap();
        assert_eq!(Network::from_bytes(&file, Device::Cpu).unwrap().to_bytes(), file);
        found.left_out.iter().filter(right).count() as f64 / found.left_out.len() as f64
    };
    let (told, shuffled) = (accuracy(Labels::True), accuracy(Labels::Shuffled));
    // a head that had seen them would be right about most shuffled labels, too
    assert!(told > 0.8 && (0.2..0.75).contains(&shuffled), "{told} {shuffled}");
}

#[test]
fn shuffled_labels_teach_nothing() {
    let (_folder, dataset) = data(Labels::Shuffled, Bar::None);
    let folder = tempfile::tempdir().unwrap();
    let config = config(StartFrom::Random);
    let found = trained(&dataset, &own_network(), &config, &mut new_run(&folder.path().join("run")));
    let report = report(&found.trained.network, &dataset);
    let (accuracy, chance) = (report.accuracy, report.chance);
    assert!(chance.p_value > 0.05, "{accuracy:?} {chance:?}");
    let interval = accuracy.interval.unwrap();
    assert!((interval.low..=interval.high).contains(&chance.shuffled_accuracy), "{accuracy:?} {chance:?}");
}

#[test]
fn a_mark_in_the_data_bars_of_one_class_is_caught_by_the_audit() {
    // a fifth of the specimens lie in the wrong folder, so the mark tells more than they do
    let audit = audited(Bar::Marked);
    assert!(matches!(audit.verdict, Verdict::Shortcut { .. }), "{audit:#?}");
    assert_eq!((audit.n_images, audit.n_without_bar), (30, 0));
}

#[test]
fn data_bars_without_a_mark_pass_the_audit() {
    let audit = audited(Bar::Plain);
    assert_eq!(audit.verdict, Verdict::Clean, "{audit:#?}");
    assert_eq!((audit.n_images, audit.n_without_bar), (30, 0));
}
