use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::regions::labels::tests::labels;
use crate::regions::{
    CocoImage, coco_text, geojson_text, outlines, regions, roi_zip_bytes, write_coco, write_geojson,
    write_label_tiff, write_roi_zip,
};

/// A hole, two parts, parts that meet at a corner, and regions at the border.
fn example() -> Labels {
    labels(&["111.2.2.", "1.1.....", "11133.4.", "...3.4..", "5......6"])
}

#[test]
fn files_come_back_whatever_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("regions.dat");
    let before = example();
    let (all, outlines) = (regions(&before, None).unwrap(), outlines(&before));
    let back = |name| {
        let found = read_labels(&path, (5, 8), Some("other/a.tif")).unwrap();
        assert_eq!(found, before, "{name}");
    };
    write_label_tiff(&path, &before, None).unwrap();
    back("TIFF");
    write_roi_zip(&path, &outlines).unwrap();
    back("ROI set");
    write_geojson(&path, &outlines, &all, None).unwrap();
    back("GeoJSON");
    let image = CocoImage { file_name: "a.png", labels: &before, regions: &all, outlines: &outlines };
    write_coco(&path, "particle", &[image, CocoImage { file_name: "b.png", ..image }]).unwrap();
    back("COCO");
    assert!(read_labels(&path, (5, 8), None).is_err(), "two images");
    assert!(read_labels(&path, (8, 5), Some("a.png")).is_err());
    assert!(read_labels(&folder.path().join("none"), (5, 8), None).is_err());
}

#[test]
fn what_is_no_such_file_is_named() {
    let text = |content: &[u8]| {
        let source = Source::from_bytes(Path::new("a.x"), content.to_vec());
        labels_of(&source, (5, 8), None).unwrap_err().to_string()
    };
    assert!(text(b"").starts_with("a.x: expected"), "{}", text(b""));
    assert!(text(b"[1, 2]").contains("found a list in JSON"));
    assert!(text(b"{\"a\": 1}").contains("found JSON of another kind"));
    assert!(text(b"{\"a\": 1").contains("damaged JSON file"));
    assert!(text(br#"{"images": 3, "annotations": []}"#).contains("damaged COCO file"));
    let deep = [vec![b'['; 100_000], b"]".to_vec()].concat();
    assert!(text(&deep).contains("damaged JSON file"));
    // the error of a shape names the file
    let nothing = br#"{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[1, 2]]]}}"#;
    assert_eq!(text(nothing), "a.x: polygon: expected at least 3 points, found 1");
}

#[test]
fn shapes_without_end_are_refused_in_time() {
    // a thousand polygons over all of a large image
    let square = "[[[0, 0], [9000, 0], [9000, 9000], [0, 9000]]]";
    let feature = format!(r#"{{"geometry": {{"type": "Polygon", "coordinates": {square}}}}}"#);
    let many = vec![feature; 1000].join(",");
    let text = format!(r#"{{"type": "FeatureCollection", "features": [{many}]}}"#);
    let source = Source::from_bytes(Path::new("a.json"), text.into_bytes());
    let error = labels_of(&source, (2000, 3000), None).unwrap_err().to_string();
    assert!(error.contains("expected shapes that cover the image at most 64 times"), "{error}");
    // coordinates far away
    let far = r#"{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[-1e300, -1e300], [1e300, -1e300], [1e300, 1e300], [-1e300, 1e300]]]}}"#;
    let source = Source::from_bytes(Path::new("a.json"), far.as_bytes().to_vec());
    assert_eq!(labels_of(&source, (3, 4), None).unwrap().areas(), [12]);
}

/// Files of each format, as they are written.
fn files() -> Vec<Vec<u8>> {
    let before = example();
    let (all, outlines) = (regions(&before, None).unwrap(), outlines(&before));
    let image = CocoImage { file_name: "a.png", labels: &before, regions: &all, outlines: &outlines };
    let via = br#"{"a.png1": {"filename": "a.png", "regions": [{"shape_attributes": {"name": "polygon", "all_points_x":
        [0, 4, 4], "all_points_y": [0, 1, 3]}}, {"shape_attributes": {"name": "circle", "cx": 5, "cy": 2, "r": 2}}]}}"#;
    let runs = br#"{"images": [{"id": 1, "file_name": "a.png", "height": 5, "width": 8}], "annotations": [{"image_id": 1,
        "segmentation": {"size": [5, 8], "counts": "53P1"}}]}"#;
    let folder = tempfile::tempdir().unwrap();
    let tiff = folder.path().join("a.tif");
    write_label_tiff(&tiff, &before, None).unwrap();
    let set = roi_zip_bytes(&outlines).unwrap();
    // the first entry's content: 30 bytes and its name come before it
    let roi = set[set.windows(4).position(|bytes| bytes == b"Iout").unwrap()..].to_vec();
    vec![
        coco_text("particle", &[image]).unwrap().into_bytes(),
        geojson_text(&outlines, &all, None).unwrap().into_bytes(),
        via.to_vec(),
        runs.to_vec(),
        std::fs::read(tiff).unwrap(),
        set,
        roi,
    ]
}

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(files);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn damaged_files_give_labels_or_an_error(
        which in 0..7_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
        end in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = FILES[which].clone();
        for (at, value, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] ^= 1 << (value % 8),
                2 => bytes.insert(at, value),
                // digits make numbers that are huge
                _ => bytes.splice(at..at, [b'0' + value % 10; 7]).for_each(drop),
            }
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        let source = Source::from_bytes(Path::new("a.x"), bytes);
        if let Ok(found) = labels_of(&source, (5, 8), Some("a.png")) {
            prop_assert_eq!((found.height(), found.width()), (5, 8));
        }
    }
}

#[test]
fn masks_of_published_data_sets_are_read() {
    // numbers of different values and of polygons, counted by a script in Python
    let cases = [
        ("emps/065d8e352c-mask.png", (512, 525), None, 32..=32),
        ("emps/1206963ed7-mask.png", (513, 512), None, 8..=8),
        ("emps/1a29c5b84f-mask.png", (536, 512), None, 20..=20),
        // a few polygons may be below others
        (
            "ampis_powder/via_powder_particle_masks_training.json",
            (1024, 1536),
            Some("Sc1Tile_001-001-000_0-000.png"),
            214..=219,
        ),
        (
            "ampis_powder/via_powder_particle_masks_training.json",
            (1024, 1536),
            Some("Sc1Tile_001-002-000_0-000"),
            345..=351,
        ),
        ("ampis_spheroidite/train-800c-24h-q-2-sizerc-484-645-mask.png", (484, 645), None, 598..=598),
        ("bam_tio2/1908258_m.tif", (768, 1024), None, 29..=29),
    ];
    for (name, size, image, expected) in cases {
        let Some(path) = test_support::shared(format!("data/truth/{name}")) else { return };
        let found = read_labels(&path, size, image).unwrap();
        assert!(expected.contains(&found.n_regions()), "{name}: {}", found.n_regions());
    }
    // axon and myelin are classes
    let name = "axondeepseg/sub-rat3_sample-data10_SEM_seg-axonmyelin-manual.png";
    if let Some(path) = test_support::shared(format!("data/truth/{name}")) {
        let text = read_labels(&path, (758, 737), None).unwrap_err().to_string();
        assert!(text.contains("as classes are"), "{text}");
    }
}
