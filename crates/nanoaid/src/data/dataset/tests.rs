use std::collections::BTreeMap;
use std::fs;

use micrograph::Plane;
use micrograph::synth::{self, Kind, SynthConfig};

use super::*;

/// Writes a small micrograph with contrast all over and no data bar; `mark` makes it unique.
pub(super) fn write_png(path: &Path, height: u32, width: u32, mark: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let value = |x, y| image::Luma([((x * x * 7 + y * 13 + x * y * (mark + 3)) % 251) as u8]);
    image::GrayImage::from_fn(width, height, value).save(path).unwrap();
}

/// A config that keeps all rows, since made images may look like anything.
pub(super) fn keeping_rows() -> DatasetConfig {
    let data_bar = micrograph::data_bar::DataBarChoice::Keep;
    DatasetConfig { data_bar, ..DatasetConfig::default() }
}

/// A data set of `n` micrographs of 24 × 31 pixels in two categories.
pub(super) fn folder_of(n: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..n {
        let category = ["fibres", "tips"][i as usize % 2];
        write_png(&folder.path().join(format!("{category}/{i:02}.png")), 24, 31, i);
    }
    folder
}

/// A synthetic micrograph of 384 × 512 pixels without a data bar, values in `[0, 1]`.
pub(super) fn specimen(kind: Kind, index: u64) -> Plane {
    let config = SynthConfig { height: 384, width: 512, data_bar: false, ..synth::varied(kind, index, 7) };
    synth::micrograph(&config, index).unwrap().plane.map(|value| value / 255.0)
}

/// Writes values in `[0, 1]` as an image of 8 bits; the ending gives the format.
pub(super) fn write_plane(path: &Path, plane: &Plane) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let bytes = plane.values().iter().map(|value| (value * 255.0).round() as u8).collect();
    let image = image::GrayImage::from_raw(plane.width() as u32, plane.height() as u32, bytes);
    image.unwrap().save(path).unwrap();
}

fn splits(dataset: &Dataset) -> BTreeMap<String, Split> {
    dataset.entries.iter().map(|entry| (entry.file.clone(), entry.split)).collect()
}

fn touch(root: &Path, files: &[&str]) {
    for file in files {
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), "").unwrap();
    }
}

#[test]
fn folders_are_categories_and_loose_files_have_none() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), &["tips/b.png", "fibres/2020/a.TIF", "loose.jpg", "tips/notes.txt"]);
    let dataset = Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
    let found: Vec<_> =
        dataset.entries.iter().map(|entry| (entry.file.as_str(), entry.category.as_deref())).collect();
    let expected = [("fibres/2020/a.TIF", Some("fibres")), ("loose.jpg", None), ("tips/b.png", Some("tips"))];
    assert_eq!(found, expected);
    assert_eq!(dataset.categories(), ["fibres", "tips"]);
    assert!(
        dataset.entries.iter().all(|entry| matches!(&entry.origin, Origin::File(path) if path.is_file()))
    );
}

#[test]
fn an_index_is_opened_by_its_own_name_or_by_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), &["a.png", "b.png", "not in it.png"]);
    fs::write(folder.path().join("index.csv"), "file,split\nb.png,test\na.png,train\n").unwrap();
    for path in [folder.path().to_owned(), folder.path().join("index.csv")] {
        let dataset = Dataset::open(&path, &DatasetConfig::default()).unwrap();
        let expected = [("a.png".to_owned(), Split::Train), ("b.png".to_owned(), Split::Test)];
        assert_eq!(splits(&dataset), BTreeMap::from(expected));
    }
}

#[test]
fn the_split_depends_on_names_not_on_contents_or_order() {
    let folder = folder_of(40);
    let before = Dataset::open(folder.path(), &keeping_rows()).unwrap();
    for split in [Split::Train, Split::Validation, Split::Test] {
        assert!(before.of(split).count() >= 4, "{split}");
    }
    fs::write(folder.path().join("tips/01.png"), "damaged").unwrap();
    fs::remove_file(folder.path().join("fibres/00.png")).unwrap();
    let mut files: Vec<String> = before.entries.iter().map(|entry| entry.file.clone()).collect();
    files.reverse();
    let row = |file: &String| format!("{file},{}\n", file.split_once('/').unwrap().0);
    let index = format!("file,category\n{}", files.iter().map(row).collect::<String>());
    fs::write(folder.path().join("index.csv"), index).unwrap();
    let after = Dataset::open(folder.path(), &keeping_rows()).unwrap();
    assert_eq!(splits(&before), splits(&after));
    assert_ne!(splits(&before), {
        let config = DatasetConfig { seed: 1, ..keeping_rows() };
        splits(&Dataset::open(folder.path(), &config).unwrap())
    });
}

#[test]
fn an_index_with_train_and_test_gives_some_of_train_to_validation() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{i}.png,{},g{}\n", if i < 20 { "test" } else { "train" }, i / 4);
    let index = format!("file,split,group\n{}", (0..100).map(row).collect::<String>());
    fs::write(folder.path().join("index.csv"), index).unwrap();
    let dataset = Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
    let count = |split| dataset.of(split).count();
    // 0.12 · 80 = 9.6: two groups of four (8) are nearer than three (12)
    assert_eq!([count(Split::Test), count(Split::Train), count(Split::Validation)], [20, 72, 8]);
    let mut places = BTreeMap::new();
    for entry in &dataset.entries {
        assert_eq!(*places.entry(&entry.group).or_insert(entry.split), entry.split, "{:?}", entry.group);
    }
}

#[test]
fn near_duplicates_stay_in_one_split_where_it_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for index in 0..12 {
        let plane = specimen([Kind::Particles, Kind::Fibers][index as usize % 2], index);
        let category = ["particles", "fibres"][index as usize % 2];
        write_plane(&root.join(format!("{category}/{index:02}.png")), &plane);
        if index < 8 {
            let mirrored = Plane::from_fn(384, 512, |y, x| plane.at(383 - y, x));
            write_plane(&root.join(format!("{category}/{index:02} again.jpg")), &mirrored);
        }
    }
    fs::write(root.join("particles/damaged.png"), "words").unwrap();
    let with = |seed| DatasetConfig {
        validation_share: 0.3,
        test_share: 0.3,
        group_near_duplicates: true,
        seed,
        ..keeping_rows()
    };
    let split_by_names = |seed| {
        let dataset =
            Dataset::open(root, &DatasetConfig { group_near_duplicates: false, ..with(seed) }).unwrap();
        let splits = splits(&dataset);
        (0..8).any(|index| {
            let name = format!("{}/{index:02}", ["particles", "fibres"][index % 2]);
            splits[&format!("{name}.png")] != splits[&format!("{name} again.jpg")]
        })
    };
    for seed in 0..3 {
        let dataset = Dataset::open(root, &with(seed)).unwrap();
        assert_eq!(dataset, Dataset::open(root, &with(seed)).unwrap());
        assert_eq!(dataset.entries.iter().filter(|entry| entry.group.is_some()).count(), 16);
        let splits = splits(&dataset);
        for index in 0..8 {
            let name = format!("{}/{index:02}", ["particles", "fibres"][index % 2]);
            assert_eq!(splits[&format!("{name}.png")], splits[&format!("{name} again.jpg")], "{name}");
        }
        for split in [Split::Train, Split::Validation, Split::Test] {
            for category in ["particles", "fibres"] {
                assert!(dataset.of(split).any(|e| e.category.as_deref() == Some(category)), "{split}");
            }
        }
    }
    assert!((0..3).any(split_by_names), "by their names alone some would be separated");

    // where the index gives the split it is taken as it is; within train it may be drawn
    let all = Dataset::open(root, &keeping_rows()).unwrap();
    let row = |(place, entry): (usize, &Entry)| {
        format!("{},{}\n", entry.file, if place % 2 == 0 { "train" } else { "test" })
    };
    let index = format!("file,split\n{}", all.entries.iter().enumerate().map(row).collect::<String>());
    fs::write(root.join("index.csv"), index).unwrap();
    let dataset = Dataset::open(root, &with(0)).unwrap();
    assert!(dataset.of(Split::Test).eq(Dataset::open(root, &keeping_rows()).unwrap().of(Split::Test)));
}

#[test]
fn an_index_with_validation_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{i}.png,{}\n", if i == 7 { "val" } else { "train" });
    let index = format!("file,split\n{}", (0..30).map(row).collect::<String>());
    fs::write(folder.path().join("index.csv"), index).unwrap();
    let dataset = Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
    let validation: Vec<_> = dataset.of(Split::Validation).map(|entry| entry.file.as_str()).collect();
    assert_eq!(validation, ["7.png"]);
    assert_eq!(dataset.of(Split::Test).count(), 0);
}

#[test]
fn what_is_no_data_set_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), &["empty/notes.txt", "picture.png", "crossing/a.png"]);
    let index = "file,group,split\na.png,g,train\nb.png,g,test\nc.png,h,val\n";
    fs::write(folder.path().join("crossing/index.csv"), index).unwrap();
    let choosing = DatasetConfig { only: vec!["licence=MIT".parse().unwrap()], ..DatasetConfig::default() };
    let none = DatasetConfig { only: vec!["group=x".parse().unwrap()], ..DatasetConfig::default() };
    let plain = DatasetConfig::default();
    let cases = [
        ("absent", &plain, "cannot read"),
        ("empty", &plain, "no micrographs"),
        ("picture.png", &plain, "expected a folder of micrographs or a CSV file"),
        ("crossing", &plain, "group `g` has micrographs in train and in test"),
        ("crossing", &none, "no micrographs"),
        ("empty", &choosing, "has no index.csv"),
    ];
    for (name, config, reason) in cases {
        let message = Dataset::open(&folder.path().join(name), config).expect_err(name).to_string();
        assert!(message.contains(reason) && message.contains(name), "{name}: {message}");
    }
}

#[test]
fn the_digest_is_that_of_the_lines_of_sha256sum() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.png"), "abc").unwrap();
    fs::write(folder.path().join("index.csv"), "file\ngone.png\na.png\n").unwrap();
    let dataset = Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
    // SHA-256 of `abc` as published in FIPS 180-2, appendix B.1
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let lines = format!("{abc}  a.png\nmissing  gone.png\n");
    assert_eq!(dataset.digest().unwrap(), sha256(lines));
    let before = dataset.digest().unwrap();
    fs::write(folder.path().join("a.png"), "abd").unwrap();
    assert_ne!(dataset.digest().unwrap(), before);
}

#[test]
fn the_split_written_as_csv_is_an_index_that_gives_the_same_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("\"{i}, \"\"q\"\".png\",tips,g{}\n", i / 2);
    let index = format!("file,category,group\n{}", (0..40).map(row).collect::<String>());
    let path = folder.path().join("index.csv");
    fs::write(&path, index).unwrap();
    let dataset = Dataset::open(&path, &DatasetConfig::default()).unwrap();
    fs::write(&path, dataset.split_csv()).unwrap();
    let again = Dataset::open(&path, &DatasetConfig { seed: 9, ..DatasetConfig::default() }).unwrap();
    assert_eq!(again.entries, dataset.entries);
}

#[test]
fn the_real_micrographs_open_with_the_split_of_their_index() {
    let Some(root) = test_support::shared("data/sem") else { return };
    let config = DatasetConfig { validation_share: 0.0, ..DatasetConfig::default() };
    let dataset = Dataset::open(&root, &config).unwrap();
    let count = |split| dataset.of(split).count();
    // counted in index.csv by hand
    assert_eq!([count(Split::Train), count(Split::Validation), count(Split::Test)], [226, 0, 58]);
    assert_eq!(dataset.categories().len(), 10);

    let dataset = Dataset::open(&root, &DatasetConfig::default()).unwrap();
    assert_eq!(dataset.of(Split::Test).count(), 58);
    let n_validation = dataset.of(Split::Validation).count() as f64;
    assert!((n_validation / 226.0 - 0.12).abs() < 0.02, "{n_validation}");
    let only = DatasetConfig { only: vec!["licence=MIT".parse().unwrap()], ..DatasetConfig::default() };
    assert_eq!(Dataset::open(&root, &only).unwrap().entries.len(), 102);

    let source = PatchSource::new(
        &dataset,
        Split::Train,
        PatchConfig { patches_per_epoch: 64, ..PatchConfig::default() },
    )
    .unwrap();
    let batches: Vec<Batch> = source.epoch(0).collect();
    assert_eq!(batches.iter().map(|batch| batch.n).sum::<usize>(), 64);
    println!("{} usable, skipped: {:#?}", source.n_micrographs(), source.skipped());
}
