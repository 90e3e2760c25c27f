//! Indices of small folders: repeated, resumed, damaged, cancelled.

use std::fs;

use micrograph::random::Stream;

use super::*;
use crate::data::dataset::DatasetConfig;
use crate::{Architecture, AutoencoderConfig, Device};

fn network(seed: u64) -> Network {
    let config = AutoencoderConfig { stages: vec![4, 6], latent: 3, ..AutoencoderConfig::default() };
    Network::random(Architecture::Autoencoder(config), seed, Device::Cpu).unwrap()
}

fn layers() -> Vec<String> {
    ["encoder.1", "encoder.2", "latent"].map(str::to_owned).to_vec()
}

/// Writes micrograph `index` into its category's folder.
fn write(folder: &Path, index: u64, name: &str) {
    let mut stream = Stream::new(9, "test of surveys", index);
    let step = 3 + (index % 5) as u32;
    let pixels = image::GrayImage::from_fn(70, 52, |x, y| {
        let line = if index.is_multiple_of(2) { x % step } else { y % step };
        image::Luma([(line * 30) as u8 + stream.below(40) as u8])
    });
    let category = folder.join(if index.is_multiple_of(2) { "columns" } else { "rows" });
    fs::create_dir_all(&category).unwrap();
    pixels.save(category.join(name)).unwrap();
}

fn data(n: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..n {
        write(folder.path(), index, &format!("{index:03}.png"));
    }
    folder
}

fn dataset(folder: &Path) -> Dataset {
    Dataset::open(folder, &DatasetConfig::default()).unwrap()
}

fn build(
    network: &Network,
    layers: &[String],
    set: (&Dataset, ImageArea),
    out: &Path,
) -> Result<ActivationIndex, ActivationIndexError> {
    ActivationIndex::build(network, layers, set, out, &mut |_, _| ControlFlow::Continue(()))
}

fn indexed(data: &Path, out: &Path) -> ActivationIndex {
    build(&network(1), &layers(), (&dataset(data), ImageArea::Specimen), out).unwrap()
}

#[test]
fn answers_are_those_of_each_micrograph_by_itself() {
    let (data, out) = (data(7), tempfile::tempdir().unwrap());
    let found = indexed(data.path(), out.path());
    let set = dataset(data.path());
    let reader = ActivationReader::new(&network(1), &layers()).unwrap();
    assert_eq!((found.seen.len(), found.n_new, found.layers.len()), (7, 7, 3));
    for (image, entry) in set.entries.iter().enumerate() {
        let plane = entry.prepared(&set.prepare_config()).unwrap().plane;
        assert_eq!(found.seen[image].file, entry.file);
        assert_eq!(found.seen[image].category, entry.category);
        for (layer, peaks) in reader.peaks(&plane).unwrap().into_iter().enumerate() {
            assert_eq!(found.layers[layer].of_image(image), peaks, "{}", entry.file);
        }
    }
}

#[test]
fn a_second_pass_only_reads_what_is_new_and_gives_the_same_as_one_from_scratch() {
    let (data, out) = (data(6), tempfile::tempdir().unwrap());
    let first = indexed(data.path(), out.path());
    let again = indexed(data.path(), out.path());
    assert_eq!((again.n_new, &again.layers), (0, &first.layers));
    write(data.path(), 6, "new.png");
    fs::remove_file(data.path().join("rows/001.png")).unwrap();
    let more = indexed(data.path(), out.path());
    assert_eq!((more.n_new, more.seen.len()), (1, 6));
    let scratch = tempfile::tempdir().unwrap();
    let whole = indexed(data.path(), scratch.path());
    assert_eq!((more.seen, more.layers, more.alike), (whole.seen, whole.layers, whole.alike));
}

#[test]
fn a_file_with_a_new_content_is_looked_at_again() {
    let (data, out) = (data(4), tempfile::tempdir().unwrap());
    let first = indexed(data.path(), out.path());
    write(data.path(), 12, "002.png");
    let second = indexed(data.path(), out.path());
    assert_eq!((second.n_new, second.seen.len()), (1, 4));
    let place = second.seen.iter().position(|seen| seen.file == "columns/002.png").unwrap();
    assert_ne!(first.layers[0].of_image(place), second.layers[0].of_image(place));
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let data = data(9);
    let table = |threads: usize| {
        let out = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| indexed(data.path(), out.path()));
        ["manifest.json", "part-00000.parquet"].map(|name| fs::read(out.path().join(name)).unwrap())
    };
    let one = table(1);
    assert!(one == table(2) && one == table(3));
}

#[test]
fn copies_of_a_micrograph_are_known_to_show_the_same_place() {
    let (data, out) = (data(4), tempfile::tempdir().unwrap());
    fs::copy(data.path().join("rows/001.png"), data.path().join("rows/copy.png")).unwrap();
    let found = indexed(data.path(), out.path());
    let place = |file: &str| found.seen.iter().position(|seen| seen.file == file).unwrap();
    assert!(found.alike.holds(place("rows/copy.png"), place("rows/001.png")));
    assert!(!found.alike.holds(place("rows/003.png"), place("columns/000.png")));
}

#[test]
fn some_of_the_micrographs_keep_their_answers_and_duplicates() {
    let (data, out) = (data(5), tempfile::tempdir().unwrap());
    fs::copy(data.path().join("rows/003.png"), data.path().join("rows/copy.png")).unwrap();
    let whole = indexed(data.path(), out.path());
    let mut some = whole.clone();
    some.retain(|seen| seen.category.as_deref() == Some("rows"));
    let files: Vec<&str> = some.seen.iter().map(|seen| seen.file.as_str()).collect();
    assert_eq!(files, ["rows/001.png", "rows/003.png", "rows/copy.png"]);
    assert!(some.alike.holds(1, 2) && !some.alike.holds(0, 1));
    for (image, seen) in some.seen.iter().enumerate() {
        let before = whole.seen.iter().position(|other| other == seen).unwrap();
        assert_eq!(some.layers[1].of_image(image), whole.layers[1].of_image(before));
    }
}

#[test]
fn what_can_not_be_read_is_named_and_the_others_are_done() {
    let (data, out) = (data(3), tempfile::tempdir().unwrap());
    fs::write(data.path().join("rows/broken.png"), b"no image").unwrap();
    let found = indexed(data.path(), out.path());
    assert_eq!((found.seen.len(), found.skipped.len()), (3, 1));
    assert_eq!(found.skipped[0].file, "rows/broken.png");
}

#[test]
fn another_network_or_other_layers_do_not_mix_with_what_is_there() {
    let (data, out) = (data(3), tempfile::tempdir().unwrap());
    indexed(data.path(), out.path());
    let set = dataset(data.path());
    let refused = |network: &Network, layers: &[String], subject: ImageArea| {
        let found = build(network, layers, (&set, subject), out.path());
        found.unwrap_err().to_string()
    };
    let specimen = ImageArea::Specimen;
    assert!(refused(&network(2), &layers(), specimen).contains("network"));
    assert!(refused(&network(1), &layers()[1..], specimen).contains("layers encoder.1, encoder.2, latent"));
    assert!(refused(&network(1), &layers(), ImageArea::DataBar).contains("subject"));
    assert!(refused(&network(1), &["nowhere".to_owned()], specimen).contains("`nowhere`"));
}

#[test]
fn a_damaged_folder_is_named_and_not_believed() {
    let data = data(3);
    /// File, what is told, and what is done to the file.
    type Case = (&'static str, &'static str, fn(Vec<u8>) -> Vec<u8>);
    let cases: [Case; 5] = [
        ("part-00000.parquet", "SHA-256", |mut bytes| {
            bytes[20] ^= 1;
            bytes
        }),
        ("part-00000.thumbnails", "SHA-256", |bytes| bytes[1..].to_vec()),
        ("manifest.json", "EOF", |_| b"{".to_vec()),
        ("manifest.json", "missing field", |_| b"{}".to_vec()),
        ("manifest.json", "format 9, expected 1", |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace("\"schema_version\": 1", "\"schema_version\": 9").into_bytes()
        }),
    ];
    for (name, reason, damage) in cases {
        let out = tempfile::tempdir().unwrap();
        indexed(data.path(), out.path());
        let file = out.path().join(name);
        fs::write(&file, damage(fs::read(&file).unwrap())).unwrap();
        let set = dataset(data.path());
        let found = build(&network(1), &layers(), (&set, ImageArea::Specimen), out.path());
        let error = found.expect_err(name).to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn a_part_that_the_manifest_does_not_name_does_not_count() {
    // as after a kill between the part and the manifest
    let (data, out) = (data(3), tempfile::tempdir().unwrap());
    fs::create_dir_all(out.path()).unwrap();
    fs::write(out.path().join("part-00000.parquet"), b"half of it").unwrap();
    assert_eq!(indexed(data.path(), out.path()).n_new, 3);
    assert_eq!(indexed(data.path(), out.path()).n_new, 0);
}

#[test]
fn a_cancelled_pass_ends_and_a_second_one_resumes_it() {
    let (data, out) = (data(5), tempfile::tempdir().unwrap());
    let set = dataset(data.path());
    let mut progress = |done: usize, _: usize| {
        if done < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let specimens = (&set, ImageArea::Specimen);
    let cancelled =
        ActivationIndex::build(&network(1), &layers(), specimens, out.path(), &mut progress).unwrap_err();
    assert!(matches!(cancelled, ActivationIndexError::Cancelled), "{cancelled}");
    let resumed = indexed(data.path(), out.path());
    let scratch = tempfile::tempdir().unwrap();
    assert_eq!(resumed.layers, indexed(data.path(), scratch.path()).layers);
}
