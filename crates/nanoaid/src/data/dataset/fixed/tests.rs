use std::fs;

use super::super::DatasetConfig;
use super::super::tests::{folder_of, keeping_rows, write_png};
use super::*;
use crate::data::prepare;

fn all_test() -> DatasetConfig {
    DatasetConfig { validation_share: 0.0, test_share: 0.0, ..keeping_rows() }
}

fn config(patch: usize, most_per_micrograph: usize, most_total: usize) -> FixedConfig {
    FixedConfig { patch, most_per_micrograph, most_total, ..FixedConfig::default() }
}

fn patches_in(folder: &tempfile::TempDir, config: &FixedConfig) -> Result<FixedPatches, DatasetError> {
    fixed_patches(&Dataset::open(folder.path(), &all_test()).unwrap(), Split::Train, config)
}

#[test]
fn patches_of_a_micrograph_do_not_overlap_and_are_cut_where_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tips/a.png");
    write_png(&path, 47, 31, 0);
    let patches = patches_in(&folder, &config(9, 100, 100)).unwrap().patches;
    assert_eq!(patches.len(), 5 * 3);
    let whole = prepare::file(&path, &Dataset::open(folder.path(), &all_test()).unwrap().prepare_config());
    let whole = whole.unwrap().plane;
    for (i, LabelledPatch { plane, file, category, y, x }) in patches.iter().enumerate() {
        assert_eq!((file.as_str(), category.as_deref()), ("tips/a.png", Some("tips")));
        assert_eq!(*plane, whole.crop(Rect { y: *y, x: *x, height: 9, width: 9 }));
        for other in &patches[..i] {
            assert!(y.abs_diff(other.y) >= 9 || x.abs_diff(other.x) >= 9, "{y} {x}");
        }
    }
}

#[test]
fn a_grid_goes_from_edge_to_edge() {
    // (length, size, first pixels)
    let cases = [
        (10, 4, vec![0, 6]),
        (12, 4, vec![0, 4, 8]),
        (14, 4, vec![0, 5, 10]),
        (7, 4, vec![1]),
        (4, 4, vec![0]),
        (3, 4, vec![]),
    ];
    for (length, size, expected) in cases {
        assert_eq!(grid(length, size).collect::<Vec<_>>(), expected, "{length} {size}");
    }
}

#[test]
fn few_patches_are_spread_over_the_micrograph() {
    let places: Vec<(usize, usize)> = (0..5).flat_map(|y| (0..5).map(move |x| (y, x))).collect();
    let mut found = far_apart(&places, 5, (2, 2));
    assert_eq!(found[0], (2, 2));
    found.sort_unstable();
    assert_eq!(found, [(0, 0), (0, 4), (2, 2), (4, 0), (4, 4)]);
    assert_eq!(far_apart(&places, 99, (2, 2)).len(), 25);
}

#[test]
fn limits_hold_and_are_spread_over_the_micrographs() {
    let folder = folder_of(6); // each could give 2 × 3 patches of 9
    // (most per micrograph, most in all) → patches of each micrograph
    let cases = [
        (100, 100, [6, 6, 6, 6, 6, 6]),
        (2, 100, [2, 2, 2, 2, 2, 2]),
        (100, 12, [2, 2, 2, 2, 2, 2]),
        (100, 8, [1, 2, 1, 1, 2, 1]), // of the second round evenly spaced ones
        (100, 2, [0, 1, 0, 0, 1, 0]),
    ];
    for (most_per_micrograph, most_total, expected) in cases {
        let found = patches_in(&folder, &config(9, most_per_micrograph, most_total)).unwrap().patches;
        let count = |file: &&str| found.iter().filter(|patch| patch.file == **file).count();
        let files =
            ["fibres/00.png", "fibres/02.png", "fibres/04.png", "tips/01.png", "tips/03.png", "tips/05.png"];
        assert_eq!(files.each_ref().map(count), expected, "{most_per_micrograph} {most_total}");
    }
}

#[test]
fn flat_patches_are_left_out_and_micrographs_without_any_are_named() {
    let folder = folder_of(2);
    let half = |x: u32, y: u32| image::Luma([if x < 18 { ((x * 5 + y) % 7 * 30) as u8 } else { 90 }]);
    image::GrayImage::from_fn(36, 18, half).save(folder.path().join("half.png")).unwrap();
    fs::write(folder.path().join("text.png"), "no image").unwrap();
    write_png(&folder.path().join("small.png"), 24, 8, 0);
    let FixedPatches { patches, skipped } = patches_in(&folder, &config(9, 100, 100)).unwrap();
    let places: Vec<(usize, usize)> =
        patches.iter().filter(|patch| patch.file == "half.png").map(|patch| (patch.y, patch.x)).collect();
    assert_eq!(places, [(0, 0), (0, 9), (9, 0), (9, 9)]);
    let files: Vec<&str> = skipped.iter().map(|skipped| skipped.file.as_str()).collect();
    assert_eq!(files, ["small.png", "text.png"]);
    assert!(skipped[0].reason.contains("24 rows of 8 pixels"), "{skipped:?}");
}

#[test]
fn an_empty_split_gives_none_and_a_useless_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.png"), "no image").unwrap();
    let dataset = Dataset::open(folder.path(), &all_test()).unwrap();
    assert_eq!(fixed_patches(&dataset, Split::Test, &config(9, 1, 1)).unwrap().patches, []);
    let message = fixed_patches(&dataset, Split::Train, &config(9, 1, 1)).unwrap_err().to_string();
    assert!(message.contains("none of 1 micrographs") && message.contains("a.png"), "{message}");
    assert!(fixed_patches(&dataset, Split::Train, &config(0, 1, 1)).is_err());
}
