//! A tiny training: it learns, gives the same bytes again however it runs, survives kills and
//! damaged files, and stops at numbers that are none.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Plane;
use micrograph::synth::{self, Kind};
use nanoaid::Device;
use nanoaid::data::dataset::{Dataset, DatasetConfig, FixedConfig, Split, fixed_patches};
use nanoaid::evaluate::baseline::{BlockComponents, mean_image};
use nanoaid::evaluate::image_quality::mse;
use nanoaid::run::{DataSummary, Manifest, NETWORK, RunError, RunFolder, RunSettings, Status};
use nanoaid::train::{self, Progress, TrainConfig, TrainError, Trained, reconstruct};
use tempfile::TempDir;

/// Twelve synthetic micrographs in two categories.
fn data() -> (TempDir, Dataset) {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind) in [("fibres", Kind::Fibers), ("lines", Kind::Lines)] {
        fs::create_dir(folder.path().join(name)).unwrap();
        for index in 0..6 {
            let config = synth::SynthConfig { height: 96, width: 160, ..synth::varied(kind, index, 3) };
            let plane = synth::micrograph(&config, index).unwrap().plane;
            let (low, high) = plane
                .values()
                .iter()
                .fold((f32::MAX, f32::MIN), |(low, high), &value| (low.min(value), high.max(value)));
            let grey = |value: &f32| ((value - low) / (high - low) * 255.0) as u8;
            let pixels: Vec<u8> = plane.values().iter().map(grey).collect();
            let path = folder.path().join(format!("{name}/{index}.png"));
            image::GrayImage::from_raw(160, 96, pixels).unwrap().save(path).unwrap();
        }
    }
    let dataset = open(folder.path());
    (folder, dataset)
}

fn open(folder: &Path) -> Dataset {
    let data_bar = micrograph::data_bar::DataBarChoice::Keep;
    Dataset::open(folder, &DatasetConfig { data_bar, ..DatasetConfig::default() }).unwrap()
}

fn config() -> TrainConfig {
    TrainConfig {
        stages: vec![4, 6],
        latent: 3,
        patch: 32,
        batch: 2,
        patches_per_epoch: 48,
        epochs: 4,
        warm_up_steps: 10,
        learning_rate: 3e-3,
        seed: 5,
        ..TrainConfig::default()
    }
}

fn new_run(path: &Path) -> RunFolder {
    let settings = RunSettings::Autoencoder(Box::default());
    let manifest = Manifest::begun(settings, DataSummary::default(), Device::Cpu);
    RunFolder::create(path, manifest, false).unwrap()
}

fn train(dataset: &Dataset, config: &TrainConfig, run: &mut RunFolder) -> Result<Trained, TrainError> {
    train::autoencoder(dataset, config, Device::Cpu, run, &mut |_| ControlFlow::Continue(()))
}

/// Every file below `folder`: its path and its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inside, bytes)| (format!("{name}/{inside}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn restore(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn assert_same_files(what: &str, found: &Path, expected: &Path) {
    let (found, expected) = (files(found), files(expected));
    assert!(found.keys().eq(expected.keys()), "{what}: {:?}, {:?}", found.keys(), expected.keys());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{what}: {name} has other bytes");
    }
}

fn patches(dataset: &Dataset, split: Split) -> Vec<Plane> {
    let config = FixedConfig { patch: 32, most_per_micrograph: 8, most_total: 256, ..FixedConfig::default() };
    fixed_patches(dataset, split, &config).unwrap().patches.into_iter().map(|patch| patch.plane).collect()
}

fn mean_error(originals: &[&Plane], outputs: &[Plane]) -> f64 {
    originals.iter().zip(outputs).map(|(a, b)| mse(a, b)).sum::<f64>() / originals.len() as f64
}

#[test]
fn the_loss_falls_and_the_network_beats_mean_image_and_principal_components() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let config = TrainConfig { epochs: 8, ..config() };
    let trained = train(&dataset, &config, &mut new_run(&folder.path().join("run"))).unwrap();
    let first = trained.curve[0].training_loss;
    let last = trained.curve[7].training_loss;
    assert!(last < first, "{first} to {last}");

    let (training, validation) = (patches(&dataset, Split::Train), patches(&dataset, Split::Validation));
    let (training, validation): (Vec<&Plane>, Vec<&Plane>) =
        (training.iter().collect(), validation.iter().collect());
    let error = mean_error(&validation, &reconstruct(&trained.network, &validation, 4));
    let mean = vec![mean_image(&training).unwrap(); validation.len()];
    assert!(error < mean_error(&validation, &mean));
    let pca = BlockComponents::of(&training, 4, 3, config.seed).unwrap();
    let pca: Vec<Plane> = validation.iter().map(|patch| pca.reconstruct(patch)).collect();
    let of_pca = mean_error(&validation, &pca);
    assert!(error < of_pca, "{error}, principal components {of_pca}");
}

#[test]
fn a_training_that_only_does_harm_ends_with_its_start() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let mut run = new_run(&folder.path().join("run"));
    // steps far too long, yet finite
    let config = TrainConfig { learning_rate: 10.0, warm_up_steps: 0, epochs: 1, ..config() };
    let trained = train(&dataset, &config, &mut run).unwrap();
    assert_eq!(trained.best_epoch, 0);
    let validation = patches(&dataset, Split::Validation);
    let validation: Vec<&Plane> = validation.iter().collect();
    let error = mean_error(&validation, &reconstruct(&trained.network, &validation, 4));
    assert!(error < trained.curve[0].validation_loss, "{error}, {:?}", trained.curve);
    assert_eq!(run.network(Device::Cpu).unwrap().to_bytes(), trained.network.to_bytes());
}

#[test]
fn the_same_training_gives_the_same_bytes_on_any_number_of_threads() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let config = TrainConfig { epochs: 2, average: 0.9, ..config() };
    train(&dataset, &config, &mut new_run(&path("first"))).unwrap();
    train(&dataset, &config, &mut new_run(&path("again"))).unwrap();
    assert_same_files("again", &path("again"), &path("first"));
    for n_threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let name = format!("{n_threads} threads");
        let mut run = new_run(&path(&name));
        pool.install(|| train(&dataset, &config, &mut run)).unwrap();
        drop(run); // with its lock
        assert_same_files(&name, &path(&name), &path("first"));
    }
    let other = TrainConfig { seed: 6, ..config };
    train(&dataset, &other, &mut new_run(&path("other seed"))).unwrap();
    assert_ne!(
        fs::read(path("other seed").join(NETWORK)).unwrap(),
        fs::read(path("first").join(NETWORK)).unwrap()
    );
}

#[test]
fn a_training_resumed_after_any_epoch_ends_with_the_same_bytes() {
    for average in [0.0, 0.9] {
        let (_data, dataset) = data();
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole");
        let config = TrainConfig { average, ..config() };
        // what a kill would leave in the middle of each epoch and between two
        let mut states = vec![];
        let mut run = new_run(&whole);
        train::autoencoder(&dataset, &config, Device::Cpu, &mut run, &mut |progress| {
            if !matches!(progress, Progress::Step { step, .. } if step % 24 != 10) {
                states.push(files(&whole));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(states.len(), 8);
        for (i, state) in states.iter().enumerate() {
            let resumed = folder.path().join(format!("resumed {i}"));
            restore(&resumed, state);
            fs::write(resumed.join(".network.safetensors.1-1.part"), "half a fi").unwrap();
            train(&dataset, &config, &mut RunFolder::open(&resumed).unwrap()).unwrap();
            assert_same_files(&format!("average {average}, state {i}"), &resumed, &whole);
        }
    }
}

#[test]
fn a_training_cancelled_inside_epochs_goes_on_there_and_ends_with_the_same_bytes() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    let config = TrainConfig { average: 0.9, ..config() };
    train(&dataset, &config, &mut new_run(&whole)).unwrap();
    drop(new_run(&cut));
    let mut n_made = 0;
    // in the first epoch, again in it, at the last step of one, and in the last epoch
    for stop in [7, 15, 48, 90] {
        let mut run = RunFolder::open(&cut).unwrap();
        let ended =
            train::autoencoder(&dataset, &config, Device::Cpu, &mut run, &mut |progress| match progress {
                Progress::Step { step, .. } => {
                    n_made += 1;
                    if step == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                }
                _ => ControlFlow::Continue(()),
            });
        assert!(matches!(ended, Err(TrainError::Cancelled)), "step {stop}: {ended:?}");
        assert_eq!(n_made, stop, "no step is made twice");
    }
    train(&dataset, &config, &mut RunFolder::open(&cut).unwrap()).unwrap();
    assert_same_files("cancelled four times", &cut, &whole);
}

#[test]
fn a_damaged_older_checkpoint_is_forgotten_when_a_run_is_resumed() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train(&dataset, &config(), &mut new_run(&run)).unwrap();
    let kept = |run: &RunFolder| -> Vec<usize> {
        run.manifest().checkpoints.iter().map(|checkpoint| checkpoint.epoch).collect()
    };
    assert_eq!(kept(&RunFolder::resume(&run).unwrap()), [3, 4]);
    fs::write(run.join("checkpoints/00003.safetensors"), "half").unwrap();
    let mut resumed = RunFolder::resume(&run).unwrap();
    assert_eq!(kept(&resumed), [4]);
    // what is checked at the end of a training then holds
    resumed.finish(Status::Done, &[]).unwrap();
    drop(resumed);
    // without a whole one, the damage is reported, and nothing is forgotten
    fs::write(run.join("checkpoints/00004.safetensors"), "half").unwrap();
    let resumed = RunFolder::resume(&run).unwrap();
    assert_eq!(kept(&resumed), [4]);
    let error = resumed.newest_checkpoint().unwrap_err().to_string();
    assert!(error.contains("00004.safetensors") && error.contains("--force"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_passed_over_and_two_are_an_error() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let (whole, damaged) = (folder.path().join("whole"), folder.path().join("damaged"));
    train(&dataset, &config(), &mut new_run(&whole)).unwrap();
    let mut state = files(&whole);
    let damage = |state: &mut BTreeMap<String, Vec<u8>>, name: &str| {
        *state.get_mut(name).unwrap().last_mut().unwrap() ^= 1;
    };
    damage(&mut state, "checkpoints/00004.safetensors");
    restore(&damaged, &state);
    let mut run = RunFolder::open(&damaged).unwrap();
    assert_eq!(run.newest_checkpoint().unwrap().unwrap().0, 3);
    train(&dataset, &config(), &mut run).unwrap();
    assert_same_files("one damaged", &damaged, &whole);

    damage(&mut state, "checkpoints/00003.safetensors");
    restore(&damaged, &state);
    let error = train(&dataset, &config(), &mut RunFolder::open(&damaged).unwrap()).unwrap_err();
    assert!(matches!(error, TrainError::Run(RunError::NoCheckpoint { .. })), "{error}");
    let text = error.to_string();
    assert!(text.contains("00004.safetensors") && text.contains("SHA-256"), "{text}");
    assert_eq!(files(&damaged), state, "nothing was touched");
}

#[test]
fn a_loss_that_is_no_number_stops_at_once_and_keeps_the_best_network() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    // weights that are finite but too large, and weights that are not numbers
    for (learning_rate, at_step) in [(1e30, 26), (1e39, 26)] {
        let path = folder.path().join(format!("{learning_rate:e}"));
        train(&dataset, &TrainConfig { epochs: 1, ..config() }, &mut new_run(&path)).unwrap();
        let before = files(&path);
        let wild = TrainConfig { learning_rate, warm_up_steps: 0, ..config() };
        match train(&dataset, &wild, &mut RunFolder::open(&path).unwrap()).unwrap_err() {
            TrainError::NotFinite { step, epoch, before, .. } => {
                assert_eq!((step, epoch), (at_step, 2));
                assert!(before.is_finite() && before > 0.0);
            }
            other => panic!("{other}"),
        }
        assert_eq!(files(&path), before);
    }
}

#[test]
fn weights_that_are_no_numbers_in_a_checkpoint_are_named() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut run = new_run(&path);
    train(&dataset, &TrainConfig { epochs: 1, ..config() }, &mut run).unwrap();
    let (epoch, bytes) = run.newest_checkpoint().unwrap().unwrap();
    // the last tensors of the file are those called `weights/…`
    let mut planted = bytes;
    let end = planted.len();
    planted[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    run.write_checkpoint(epoch, 0, &planted).unwrap();
    let before = fs::read(path.join(NETWORK)).unwrap();
    let error = train(&dataset, &config(), &mut run).unwrap_err().to_string();
    assert!(error.contains("NaN") && error.contains("weight"), "{error}");
    assert_eq!(fs::read(path.join(NETWORK)).unwrap(), before);
}

#[test]
fn a_training_that_gets_no_better_stops_early() {
    let (_data, dataset) = data();
    let folder = tempfile::tempdir().unwrap();
    let mut run = new_run(&folder.path().join("run"));
    let config = TrainConfig { learning_rate: 3.0, warm_up_steps: 0, epochs: 9, patience: 2, ..config() };
    let trained = train(&dataset, &config, &mut run).unwrap();
    assert_eq!(trained.status, Status::StoppedEarly);
    assert_eq!(trained.curve.len(), trained.best_epoch + 2);
    // resuming does nothing more
    let before = files(run.path());
    assert_eq!(train(&dataset, &config, &mut run).unwrap().status, Status::StoppedEarly);
    assert_eq!(files(run.path()), before);
}
