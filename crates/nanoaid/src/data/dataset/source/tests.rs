use std::collections::BTreeSet;
use std::fs;

use super::super::DatasetConfig;
use super::super::tests::{folder_of, keeping_rows, write_png};
use super::*;

const PLANE_BYTES: usize = 24 * 31 * 4;

fn config() -> PatchConfig {
    PatchConfig { patch: 9, patches_per_epoch: 50, batch: 8, seed: 11, ..PatchConfig::default() }
}

fn all_train() -> DatasetConfig {
    DatasetConfig { validation_share: 0.0, test_share: 0.0, ..keeping_rows() }
}

fn source_of(folder: &tempfile::TempDir, config: PatchConfig) -> Result<PatchSource, DatasetError> {
    PatchSource::new(&Dataset::open(folder.path(), &all_train()).unwrap(), Split::Train, config)
}

fn batches(source: &PatchSource, epoch: u64) -> Vec<Batch> {
    source.epoch(epoch).collect()
}

/// The patches with their labels, in some order that does not depend on the order they came in.
fn sorted_patches(batches: &[Batch]) -> Vec<(Vec<u32>, Option<usize>)> {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    let mut patches: Vec<(Vec<u32>, Option<usize>)> = batches
        .iter()
        .flat_map(|batch| {
            let patches = batch.values.chunks(batch.patch * batch.patch).map(bits);
            patches.zip(batch.labels.iter().copied())
        })
        .collect();
    patches.sort_unstable();
    patches
}

#[test]
fn an_epoch_has_as_many_patches_as_asked_for_in_full_batches_but_the_last() {
    let batches = batches(&source_of(&folder_of(5), config()).unwrap(), 0);
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.n).collect();
    assert_eq!(sizes, [8, 8, 8, 8, 8, 8, 2]);
    for batch in &batches {
        assert_eq!((batch.values.len(), batch.labels.len(), batch.n_flat), (batch.n * 81, batch.n, 0));
        assert!(batch.values.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}

#[test]
fn the_same_seed_and_epoch_give_the_same_batches_and_others_do_not() {
    let folder = folder_of(5);
    let first = source_of(&folder, config()).unwrap();
    let epochs = [batches(&first, 0), batches(&first, 1)];
    assert_ne!(epochs[0], epochs[1]);
    // a run that begins with epoch 1 sees what one that came from epoch 0 sees
    assert_eq!(batches(&source_of(&folder, config()).unwrap(), 1), epochs[1]);
    let other = source_of(&folder, PatchConfig { seed: 12, ..config() }).unwrap();
    assert_ne!(batches(&other, 0), epochs[0]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let folder = folder_of(7);
    fs::write(folder.path().join("tips/01.png"), damaged_png()).unwrap();
    let dataset = Dataset::open(folder.path(), &DatasetConfig { synthetic: 5, ..all_train() }).unwrap();
    let epochs = [1, 3].map(|n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let inner = PatchSource::new(&dataset, Split::Train, config()).unwrap().inner;
        let (sender, receiver) = sync_channel(100);
        pool.install(|| inner.send_epoch(3, &sender));
        drop(sender);
        receiver.into_iter().collect::<Vec<Batch>>()
    });
    assert_eq!(epochs[0], epochs[1]);
    assert_eq!(epochs[0].iter().map(|batch| batch.n).sum::<usize>(), 50);
}

#[test]
fn memory_changes_the_order_of_the_patches_and_nothing_else() {
    let folder = folder_of(7);
    fs::write(folder.path().join("fibres/02.png"), damaged_png()).unwrap();
    let with = |cache_bytes| source_of(&folder, PatchConfig { cache_bytes, ..config() }).unwrap();
    let plenty = with(1 << 30);
    let expected = sorted_patches(&batches(&plenty, 2));
    assert_eq!(expected.len(), 50);
    for (cache_bytes, n_shelves) in [(0, 7), (2 * PLANE_BYTES, 4), (7 * PLANE_BYTES, 1)] {
        let source = with(cache_bytes);
        assert_eq!(source.inner.shelves(2).len(), n_shelves, "{cache_bytes}");
        assert_eq!(sorted_patches(&batches(&source, 2)), expected, "{cache_bytes}");
        assert_eq!(source.inner.kept().is_empty(), n_shelves > 1, "{cache_bytes}");
    }
}

#[test]
fn micrographs_are_drawn_alike_and_labels_are_theirs() {
    // brightness of a patch's micrograph identifies its category: `dark` 0, `light` 1, 3 to 1
    let folder = tempfile::tempdir().unwrap();
    for (name, n_dark) in [("dark/1", 9), ("dark/2", 9), ("dark/3", 9), ("light/1", 1)] {
        let path = folder.path().join(format!("{name}.png"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let value = |x: u32, y: u32| image::Luma([if (x + 3 * y) % 10 < n_dark { 10 } else { 240 }]);
        image::GrayImage::from_fn(40, 30, value).save(path).unwrap();
    }
    let batches =
        batches(&source_of(&folder, PatchConfig { patches_per_epoch: 2000, ..config() }).unwrap(), 0);
    let mut n_light = 0;
    for batch in &batches {
        for (patch, label) in batch.values.chunks(81).zip(&batch.labels) {
            let light = patch.iter().sum::<f32>() > 40.0;
            assert_eq!(*label, Some(usize::from(light)));
            n_light += usize::from(light);
        }
    }
    // 500 ± 19 expected; five standard deviations
    assert!(n_light.abs_diff(500) < 97, "{n_light}");
}

#[test]
fn files_that_cannot_be_used_are_named_once_with_their_reason() {
    let folder = folder_of(4);
    let at = |file: &str| folder.path().join(file);
    fs::write(at("tips/text.png"), "no image").unwrap();
    fs::write(at("tips/empty.png"), "").unwrap();
    fs::write(at("tips/cut.png"), damaged_png()).unwrap();
    write_png(&at("tips/small.png"), 8, 31, 1);
    image::GrayImage::from_pixel(31, 24, image::Luma([7])).save(at("tips/flat.png")).unwrap();
    let source = source_of(&folder, config()).unwrap();
    for epoch in 0..3 {
        assert_eq!(batches(&source, epoch).iter().map(|batch| batch.n).sum::<usize>(), 50);
    }
    let skipped = source.skipped();
    let files: Vec<&str> = skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(files, ["tips/cut.png", "tips/empty.png", "tips/flat.png", "tips/small.png", "tips/text.png"]);
    assert!(skipped[2].reason.contains("flat"), "{skipped:?}");
    assert!(skipped[3].reason.contains("8 rows of 31 pixels"), "{skipped:?}");
    assert_eq!(source.n_micrographs(), 4);
}

#[test]
fn a_file_that_vanishes_is_skipped_and_the_epoch_is_whole() {
    let folder = folder_of(6);
    // nothing is kept, so each epoch reads again
    let source = source_of(&folder, PatchConfig { cache_bytes: 0, ..config() }).unwrap();
    batches(&source, 0);
    assert!(source.skipped().is_empty());
    fs::remove_file(folder.path().join("fibres/02.png")).unwrap();
    assert_eq!(batches(&source, 1).iter().map(|batch| batch.n).sum::<usize>(), 50);
    let files: Vec<String> = source.skipped().into_iter().map(|skipped| skipped.file).collect();
    assert_eq!(files, ["fibres/02.png"]);
    drop(folder);
    assert_eq!(batches(&source, 2), [], "nothing is left to read");
}

#[test]
fn a_source_without_a_usable_micrograph_is_an_error_that_names_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.png"), "no image").unwrap();
    fs::write(folder.path().join("b.png"), damaged_png()).unwrap();
    let message = source_of(&folder, config()).unwrap_err().to_string();
    assert!(message.contains("none of 2 micrographs") && message.contains("a.png"), "{message}");
    let dataset = Dataset::open(folder.path(), &all_train()).unwrap();
    let message = PatchSource::new(&dataset, Split::Test, config()).unwrap_err().to_string();
    assert_eq!(message, "the test split has no micrographs");
}

#[test]
fn a_set_that_is_flat_nearly_everywhere_still_gives_whole_epochs_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // contrast only in 60 of 5000 columns: 160 draws miss it in 0.988¹⁶⁰ = 14 % of the cases
    let value = |x: u32, y: u32| image::Luma([if x < 60 { ((x + y) % 2 * 200) as u8 } else { 100 }]);
    image::GrayImage::from_fn(5000, 20, value).save(folder.path().join("a.png")).unwrap();
    let config = PatchConfig { patches_per_epoch: 200, ..config() };
    let batches = batches(&source_of(&folder, config).unwrap(), 0);
    let n_flat_asked: usize = batches.iter().map(|batch| batch.n_flat).sum();
    let is_flat = |patch: &&[f32]| patch.iter().all(|value| *value == patch[0]);
    let n_flat: usize = batches.iter().map(|batch| batch.values.chunks(81).filter(is_flat).count()).sum();
    assert_eq!(batches.iter().map(|batch| batch.n).sum::<usize>(), 200);
    assert_eq!(n_flat_asked, n_flat);
    assert!((5..80).contains(&n_flat), "{n_flat}");
}

#[test]
fn batches_that_nobody_takes_end_with_their_epoch() {
    let folder = folder_of(4);
    let source = source_of(&folder, PatchConfig { patches_per_epoch: 1 << 20, ..config() }).unwrap();
    let mut epoch = source.epoch(0);
    assert_eq!(epoch.next().map(|batch| batch.n), Some(8));
    drop(epoch); // waits for the worker: the test ends only if it does
    assert_eq!(Arc::strong_count(&source.inner), 1);
}

#[test]
fn patches_of_an_epoch_differ() {
    let patches = sorted_patches(&batches(&source_of(&folder_of(6), config()).unwrap(), 0));
    let distinct: BTreeSet<_> = patches.iter().collect();
    assert!(distinct.len() > 45, "{}", distinct.len());
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let cases = [
        (PatchConfig { patch: 0, ..config() }, "patches.patch"),
        (PatchConfig { batch: 0, ..config() }, "patches.batch"),
        (PatchConfig { patches_per_epoch: 0, ..config() }, "patches.patches_per_epoch"),
        (PatchConfig { patches_per_epoch: 1 << 32, ..config() }, "patches.patches_per_epoch"),
        (PatchConfig { flat_below: f64::NAN, ..config() }, "patches.flat_below"),
    ];
    for (config, name) in cases {
        let message = config.checked().expect_err(name).to_string();
        assert!(message.contains(name), "{name}: {message}");
    }
}

/// A PNG whose header is whole and whose pixels are cut off.
fn damaged_png() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.png");
    write_png(&path, 24, 31, 5);
    let bytes = fs::read(path).unwrap();
    bytes[..bytes.len() / 2].to_vec()
}
