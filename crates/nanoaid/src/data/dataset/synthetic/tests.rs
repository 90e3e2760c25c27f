use std::collections::BTreeSet;
use std::fs;

use micrograph::data_bar::DataBarChoice;
use micrograph::synth::{self, Packing, ParticlesConfig, Specimen, SynthConfig};
use micrograph::{Plane, Rect};

use super::super::tests::{folder_of, keeping_rows};
use super::super::{Batch, Dataset, DatasetConfig, FixedConfig, PatchConfig, PatchSource, fixed_patches};
use super::*;
use crate::data::prepare::PrepareConfig;

fn with(n: usize, seed: u64) -> DatasetConfig {
    DatasetConfig { synthetic: n, seed, ..keeping_rows() }
}

/// A synthetic entry of the training split.
fn planted(name: &str, config: SynthConfig, seed: u64) -> Entry {
    let origin = Origin::Synthetic { config: Box::new(config), seed };
    Entry { file: format!("synthetic/{name}"), origin, category: None, group: None, split: Split::Train }
}

/// Particles that can be laid into a small image.
fn small(height: usize, width: usize) -> SynthConfig {
    let particles = ParticlesConfig { diameter_px: 8.0, ..ParticlesConfig::default() };
    SynthConfig { height, width, specimen: Specimen::Particles(particles), ..SynthConfig::default() }
}

/// Particles that can't: with the gap between them their discs would cover more than the image.
fn without_room() -> SynthConfig {
    let particles = ParticlesConfig {
        diameter_px: 3.0,
        spread: 0.0,
        coverage: 0.4,
        packing: Packing::Separate,
        ..ParticlesConfig::default()
    };
    SynthConfig { specimen: Specimen::Particles(particles), ..small(64, 80) }
}

fn patches(cache_bytes: usize) -> PatchConfig {
    PatchConfig { patch: 9, patches_per_epoch: 60, batch: 8, seed: 5, cache_bytes, ..PatchConfig::default() }
}

fn batches(dataset: &Dataset, config: PatchConfig) -> Vec<Batch> {
    PatchSource::new(dataset, Split::Train, config).unwrap().epoch(0).collect()
}

fn values(batches: &[Batch]) -> Vec<&[f32]> {
    batches.iter().flat_map(|batch| batch.values.chunks(batch.patch * batch.patch)).collect()
}

#[test]
fn synthetic_micrographs_come_on_top_all_in_train_and_change_no_file() {
    let folder = folder_of(40);
    let without = Dataset::open(folder.path(), &with(0, 3)).unwrap();
    let dataset = Dataset::open(folder.path(), &with(6, 3)).unwrap();
    assert_eq!(dataset, Dataset::open(folder.path(), &with(6, 3)).unwrap());
    let (files, synthetic): (Vec<Entry>, Vec<Entry>) =
        dataset.entries.iter().cloned().partition(|entry| matches!(entry.origin, Origin::File(_)));
    assert_eq!(files, without.entries);
    let names: Vec<&str> = synthetic.iter().map(|entry| entry.file.as_str()).collect();
    let expected =
        ["dots/00000", "fibres/00000", "lines/00000", "lines/00001", "particles/00000", "particles/00001"];
    assert_eq!(names, expected.map(|name| format!("synthetic/{name}")));
    assert!(synthetic.iter().all(|entry| entry.split == Split::Train && entry.category.is_none()));
    assert!(dataset.entries.is_sorted_by_key(|entry| entry.file.clone()));
    assert_eq!(dataset.categories(), without.categories());
    for split in [Split::Validation, Split::Test] {
        assert!(dataset.of(split).eq(without.of(split)) && dataset.of(split).count() > 0, "{split}");
    }
}

#[test]
fn the_split_as_csv_names_files_and_gives_the_same_data_set_with_the_same_settings() {
    let folder = folder_of(10);
    let dataset = Dataset::open(folder.path(), &with(5, 3)).unwrap();
    assert!(!dataset.split_csv().contains("synthetic"));
    fs::write(folder.path().join("index.csv"), dataset.split_csv()).unwrap();
    assert_eq!(Dataset::open(folder.path(), &with(5, 3)).unwrap().entries, dataset.entries);
}

#[test]
fn each_has_settings_and_a_seed_of_its_own_and_more_leave_the_first_as_they_are() {
    let twelve = entries(12, 3);
    assert_eq!(entries(5, 3), twelve[..5]);
    let origins: BTreeSet<String> =
        twelve.iter().chain(&entries(12, 4)).map(|entry| format!("{:?}", entry.origin)).collect();
    assert_eq!(origins.len(), 24);
    let seeds: BTreeSet<u64> = twelve
        .iter()
        .map(|entry| match entry.origin {
            Origin::Synthetic { seed, .. } => seed,
            Origin::File(_) => panic!("{} is a file", entry.file),
        })
        .collect();
    assert_eq!(seeds.len(), 12);
}

#[test]
fn the_digest_follows_the_number_and_the_seed_and_without_any_only_the_files() {
    let folder = folder_of(4);
    let digest = |n, seed| Dataset::open(folder.path(), &with(n, seed)).unwrap().digest().unwrap();
    assert_eq!(digest(0, 3), digest(0, 4));
    assert_eq!(digest(5, 3), digest(5, 3));
    let digests = BTreeSet::from([digest(0, 3), digest(4, 3), digest(5, 3), digest(4, 4), digest(5, 4)]);
    assert_eq!(digests.len(), 5);
}

#[test]
fn a_synthetic_micrograph_is_seen_as_its_png_would_be() {
    let (folder, drawn) = (folder_of(2), folder_of(2));
    let mut dataset = Dataset::open(folder.path(), &all_train()).unwrap();
    for (name, height, width) in [("a", 30, 41), ("b", 25, 22), ("c", 40, 9)] {
        let entry = planted(name, small(height, width), height as u64);
        let plane = synth::micrograph(&small(height, width), height as u64).unwrap().plane;
        let path = drawn.path().join(format!("{}.png", entry.file));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let value = |x: u32, y: u32| image::Luma([plane.at(y as usize, x as usize) as u8]);
        image::GrayImage::from_fn(width as u32, height as u32, value).save(path).unwrap();
        dataset.entries.push(entry);
    }
    dataset.entries.sort_by(|one, other| one.file.cmp(&other.file));
    let expected = Dataset::open(drawn.path(), &all_train()).unwrap();
    assert_eq!(expected.entries.len(), 5);
    // all held together, and each drawn again whenever it is needed
    for cache_bytes in [1 << 30, 0] {
        let (found, expected) =
            (batches(&dataset, patches(cache_bytes)), batches(&expected, patches(cache_bytes)));
        assert_eq!(values(&found), values(&expected), "{cache_bytes}");
        let n_unknown = found.iter().flat_map(|batch| &batch.labels).filter(|label| label.is_none()).count();
        // 36 ± 4 of 60 expected
        assert!((17..56).contains(&n_unknown), "{n_unknown}");
    }
    let fixed = FixedConfig { patch: 9, ..FixedConfig::default() };
    let cut = |dataset| fixed_patches(dataset, Split::Train, &fixed).unwrap().patches;
    let (found, expected) = (cut(&dataset), cut(&expected));
    let planes = |patches: &[super::super::LabelledPatch]| -> Vec<Plane> {
        patches.iter().map(|patch| patch.plane.clone()).collect()
    };
    assert_eq!(planes(&found), planes(&expected));
    assert!(found.iter().any(|patch| patch.file == "synthetic/c" && patch.category.is_none()));
}

fn all_train() -> DatasetConfig {
    DatasetConfig { validation_share: 0.0, test_share: 0.0, ..keeping_rows() }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let folder = folder_of(3);
    let dataset = Dataset::open(folder.path(), &DatasetConfig { synthetic: 4, ..all_train() }).unwrap();
    let fixed = FixedConfig { patch: 64, most_total: 20, ..FixedConfig::default() };
    let found = [1, 3].map(|n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let planes: Vec<_> = dataset.entries.iter().map(|e| e.plane(&dataset.prepare_config())).collect();
            (planes, fixed_patches(&dataset, Split::Train, &fixed).unwrap())
        })
    });
    assert_eq!(found[0], found[1]);
    assert!(found[0].0.iter().all(Result::is_ok));
}

#[test]
fn what_cannot_be_drawn_is_named_with_its_reason_and_the_epoch_is_whole() {
    let folder = folder_of(2);
    let mut dataset = Dataset::open(folder.path(), &all_train()).unwrap();
    let refused = SynthConfig { nm_per_px: f64::NAN, ..small(30, 40) };
    dataset.entries.extend([
        planted("full", without_room(), 1),
        planted("refused", refused, 1),
        planted("small", small(8, 40), 1),
        planted("whole", small(30, 40), 1),
    ]);
    dataset.entries.sort_by(|one, other| one.file.cmp(&other.file));
    let source = PatchSource::new(&dataset, Split::Train, patches(1 << 30)).unwrap();
    assert_eq!(source.epoch(0).map(|batch| batch.n).sum::<usize>(), 60);
    let skipped = source.skipped();
    let expected = [("full", "finds room"), ("refused", "nm_per_px"), ("small", "8 rows of 40 pixels")];
    assert_eq!(skipped.len(), expected.len(), "{skipped:?}");
    for (skipped, (name, reason)) in skipped.iter().zip(expected) {
        assert_eq!(skipped.file, format!("synthetic/{name}"));
        assert!(skipped.reason.contains(reason), "{skipped:?}");
    }
    assert_eq!(source.n_micrographs(), 3);
}

#[test]
fn rows_are_cut_off_only_where_a_data_bar_was_drawn() {
    let prepare = PrepareConfig { data_bar: DataBarChoice::CropBottom(10), ..PrepareConfig::default() };
    let plain = planted("plain", small(128, 96), 1).plane(&prepare).unwrap();
    assert_eq!((plain.height(), plain.width()), (128, 96));
    let config = SynthConfig { data_bar: true, ..small(128, 96) };
    let bar = synth::micrograph(&config, 1).unwrap().data_bar.unwrap();
    let barred = planted("barred", config, 1).plane(&prepare).unwrap();
    assert_eq!((barred.height(), barred.width()), (bar.first_row, 96));
    assert!(bar.first_row < 128);
    // above the bar both show the same, but for the contrast that the rows below set
    let top = Rect { y: 0, x: 0, height: 20, width: 96 };
    assert!(correlation(&barred.crop(top), &plain.crop(top)) > 0.99);
}

fn correlation(one: &Plane, other: &Plane) -> f64 {
    let mean = |plane: &Plane| {
        plane.values().iter().map(|&v| f64::from(v)).sum::<f64>() / plane.values().len() as f64
    };
    let (mean_one, mean_other) = (mean(one), mean(other));
    let pairs = one.values().iter().zip(other.values());
    let covariance =
        pairs.map(|(&a, &b)| (f64::from(a) - mean_one) * (f64::from(b) - mean_other)).sum::<f64>();
    covariance / one.values().len() as f64 / (one.variance() * other.variance()).sqrt()
}

#[test]
fn a_file_with_the_name_of_a_synthetic_micrograph_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.csv"), "file\nsynthetic/a.png\nsynthetic/lines/00000\n").unwrap();
    // particles first, then lines
    for (n, refused) in [(0, false), (1, false), (2, true)] {
        match Dataset::open(folder.path(), &with(n, 0)) {
            Ok(dataset) => assert!(!refused && dataset.entries.len() == 2 + n, "{n}"),
            Err(error) => {
                let message = error.to_string();
                assert!(refused && message.contains("`synthetic/lines/00000`"), "{n}: {message}");
            }
        }
    }
}

#[test]
fn those_that_training_gets_can_be_drawn() {
    let folder = folder_of(1);
    let dataset = Dataset::open(folder.path(), &DatasetConfig { synthetic: 40, ..all_train() }).unwrap();
    let config = PatchConfig { patch: 128, patches_per_epoch: 400, ..PatchConfig::default() };
    let source = PatchSource::new(&dataset, Split::Train, config).unwrap();
    let n_patches: usize = source.epoch(0).map(|batch| batch.n).sum();
    assert_eq!(n_patches, 400);
    let skipped = source.skipped();
    // the file of 24 rows is too small
    assert_eq!(skipped.len(), 1, "{skipped:?}");
}
