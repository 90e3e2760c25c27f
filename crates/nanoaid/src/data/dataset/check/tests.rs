use std::fs;

use micrograph::Plane;
use micrograph::synth::{self, Kind, SynthConfig};
use tempfile::TempDir;

use super::super::tests::{specimen, write_plane};
use super::*;

fn checked(folder: &TempDir) -> CheckReport {
    let config = DatasetConfig { group_near_duplicates: true, ..DatasetConfig::default() };
    check(folder.path(), &config, &|_, _| ControlFlow::Continue(())).unwrap()
}

fn texts<T: ToString>(found: &[T]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

/// Writes `n` different micrographs of two categories.
fn folder_of(n: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..n {
        write_plane(&folder.path().join(file(index)), &plane(index));
    }
    folder
}

fn plane(index: u64) -> Plane {
    specimen([Kind::Particles, Kind::Fibers][index as usize % 2], index)
}

fn file(index: u64) -> String {
    format!("{}/{index:02}.png", ["particles", "fibres"][index as usize % 2])
}

#[test]
fn a_clean_set_has_no_problem_and_what_is_there_is_counted() {
    let folder = folder_of(24);
    let report = checked(&folder);
    assert_eq!((texts(&report.problems), texts(&report.warnings)), (vec![], vec![]));
    assert_eq!((report.n_micrographs, report.n_groups, report.split_told), (24, 0, false));
    assert_eq!(report.sizes, [SizeCount { height: 384, width: 512, n: 24 }]);
    let found: Vec<_> =
        report.categories.iter().map(|c| (c.category.as_deref(), c.n(), c.n_readable)).collect();
    assert_eq!(found, [(Some("fibres"), 12, 12), (Some("particles"), 12, 12)]);
    let split = super::super::Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
    let n_test: usize = report.categories.iter().map(|category| category.n_test).sum();
    assert_eq!(n_test, split.of(Split::Test).count());
}

#[test]
fn planted_leaks_are_told_by_name() {
    let folder = folder_of(24);
    let root = folder.path();
    fs::copy(root.join(file(0)), root.join("particles/copy.png")).unwrap();
    let original = plane(2);
    write_plane(
        &root.join("particles/turned.jpg"),
        &Plane::from_fn(512, 384, |y, x| original.at(383 - x, y)),
    );
    let row =
        |file: &str, category: &str, group: &str, split: &str| format!("{file},{category},{group},{split}\n");
    let mut index = "file,category,group,split\n".to_owned();
    for i in 0..24 {
        let (category, group) = (["particles", "fibres"][i % 2], if i == 4 { "wafer 1" } else { "" });
        index += &row(&file(i as u64), category, group, if i < 18 { "train" } else { "validation" });
    }
    index = index.replace(
        &row(&file(20), "particles", "", "validation"),
        &row(&file(20), "particles", "wafer 1", "test"),
    );
    index += &row("particles/copy.png", "particles", "", "test");
    index += &row("particles/turned.jpg", "particles", "", "test");
    fs::write(root.join("index.csv"), index).unwrap();
    let report = checked(&folder);
    assert_eq!(
        texts(&report.problems),
        [
            "leak: particles/00.png (train) and particles/copy.png (test) have the same content",
            "leak: particles/02.png (train) and particles/turned.jpg (test) are near-duplicates",
            "leak: particles/04.png (train) and particles/20.png (test) are of group `wafer 1`",
        ]
    );
    assert_eq!(report.same_content, [["particles/00.png".to_owned(), "particles/copy.png".to_owned()]]);
    assert_eq!(report.near_duplicates.len(), 1, "{:?}", report.near_duplicates);
    assert_eq!(report.near_duplicates[0].laid, "turned by 90° anticlockwise");
    assert_eq!(texts(&report.warnings), ["fibres has no micrographs in test"]);
    // the picture shows the same twice
    let picture = side_by_side(root, &report.near_duplicates[0], &DatasetConfig::default()).unwrap();
    let differences = (0..256).flat_map(|y| (0..256).map(move |x| (y, x)));
    let sum: f64 =
        differences.map(|(y, x)| f64::from((picture.at(y, x) - picture.at(y, x + 260)).abs())).sum();
    assert!(sum / 65536.0 < 0.05, "{}", sum / 65536.0);
}

#[test]
fn a_drawn_split_does_not_leak_what_it_was_told_of() {
    let folder = folder_of(24);
    let root = folder.path();
    for index in 0..12 {
        fs::copy(
            root.join(file(index)),
            root.join(format!("{}/copy {index:02}.png", ["particles", "fibres"][index as usize % 2])),
        )
        .unwrap();
    }
    let report = checked(&folder);
    assert_eq!((report.same_content.len(), report.n_groups), (12, 12));
    assert_eq!(texts(&report.problems), [""; 0]);
    // by the names alone it does
    let config = DatasetConfig::default();
    let leaks = check(root, &config, &|_, _| ControlFlow::Continue(())).unwrap().problems;
    assert!(leaks.iter().all(|problem| matches!(problem, Problem::Leak(_))) && !leaks.is_empty());
}

#[test]
fn what_is_damaged_changed_or_of_two_categories_is_told() {
    let folder = folder_of(4);
    let root = folder.path();
    fs::write(root.join("fibres/damaged.png"), "words").unwrap();
    fs::copy(root.join(file(0)), root.join("fibres/copy.png")).unwrap();
    let mut index = "file,category,sha256\n".to_owned();
    for name in
        ["particles/00.png", "fibres/01.png", "fibres/copy.png", "fibres/damaged.png", "fibres/gone.png"]
    {
        let sha256 = if name == "fibres/01.png" { "00".repeat(32) } else { String::new() };
        index += &format!("{name},{},{sha256}\n", name.split_once('/').unwrap().0);
    }
    fs::write(root.join("index.csv"), index).unwrap();
    let report = checked(&folder);
    let expected = [
        "changed: fibres/01.png has another SHA-256 than in the index",
        "unreadable: fibres/damaged.png: expected PNG, JPEG, BMP, TIFF, PGM, NPY or Gatan DM",
        "unreadable: fibres/gone.png: cannot be read",
        "two categories: fibres/copy.png (fibres) and particles/00.png (particles) have the same content",
    ];
    let found = texts(&report.problems);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
    let few = texts(&report.warnings);
    assert!(few.iter().any(|warning| warning.starts_with("too few: fibres has 4, at least 10")), "{few:?}");
}

#[test]
fn a_data_bar_that_only_one_category_has_is_a_shortcut() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..24 {
        let barred = index % 2 == 1;
        let kind = [Kind::Particles, Kind::Fibers][index as usize % 2];
        let config =
            SynthConfig { height: 384, width: 512, data_bar: barred, ..synth::varied(kind, index, 7) };
        let plane = synth::micrograph(&config, index).unwrap().plane.map(|value| value / 255.0);
        write_plane(&folder.path().join(file(index)), &plane);
    }
    let report = checked(&folder);
    assert_eq!(texts(&report.problems), [""; 0]);
    let shares: Vec<usize> = report.categories.iter().map(|category| category.n_data_bar).collect();
    assert_eq!(shares, [12, 0]);
    assert_eq!(texts(&report.warnings), ["shortcut: 0 % of particles have a data bar, 100 % of fibres"]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let folder = folder_of(6);
    fs::write(folder.path().join("fibres/damaged.png"), "words").unwrap();
    let reports = [1, 3].map(|n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| serde_json::to_string(&checked(&folder)).unwrap())
    });
    assert_eq!(reports[0], reports[1]);
}
