//! Reading `DigitalMicrograph` files made here: every version, byte order and kind of pixel; what is
//! damaged or hostile.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "reading_dm/writer.rs"]
mod writer;

use micrograph::random::Stream;
use micrograph::read::{self, ReadConfig, ReadError};
use micrograph::{CalibrationSource, Micrograph};
use writer::{Tag, file, image, list, tree};

fn read_with(bytes: &[u8], config: &ReadConfig) -> Result<Micrograph, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.tif"); // the name tells nothing
    std::fs::write(&path, bytes).unwrap();
    let read = read::micrograph(&path, config);
    if let Ok(micrograph) = &read {
        assert_eq!(read::facts(&path, config).unwrap(), micrograph.facts);
    }
    read
}

fn read(bytes: &[u8]) -> Result<Micrograph, ReadError> {
    read_with(bytes, &ReadConfig::default())
}

fn words(values: &[u16]) -> Tag {
    Tag::Array(4, values.iter().map(|value| value.to_be_bytes().to_vec()).collect())
}

/// Two rows of three 16-bit pixels of 2.5 nm × 5 nm, after a preview.
fn small(version: u32, little_endian: bool) -> Vec<u8> {
    let preview = image((2, 2, None), 6, Tag::Array(10, vec![vec![9]; 4]), (1.0, ""));
    let main = image((2, 3, None), 10, words(&[1, 2, 3, 4, 5, 65535]), (2.5, "nm"));
    file(version, little_endian, vec![preview, main], true)
}

#[test]
fn both_versions_and_byte_orders_give_pixels_calibration_and_settings() {
    for (version, little_endian) in [(3, true), (3, false), (4, true), (4, false)] {
        let Micrograph { plane, facts } = read(&small(version, little_endian)).unwrap();
        let name = format!("DM{version}, little-endian {little_endian}");
        assert_eq!(plane.values(), [1.0, 2.0, 3.0, 4.0, 5.0, 65535.0], "{name}");
        assert_eq!((facts.height, facts.width, facts.n_pages), (2, 3, 1), "{name}");
        assert_eq!((facts.format, facts.sample), (format!("DM{version}"), "16-bit grey".to_owned()));
        let calibration = facts.calibration.unwrap();
        assert_eq!((calibration.nm_per_px_x, calibration.nm_per_px_y), (2.5, 5.0), "{name}");
        assert!(calibration.relative_uncertainty > 0.0 && calibration.relative_uncertainty < 1e-6);
        let key = "Gatan ImageData.Calibrations".to_owned();
        assert_eq!(calibration.source, CalibrationSource::Vendor(key), "{name}");
        let instrument = facts.instrument;
        assert_eq!(instrument.instrument.as_deref(), Some("Tecnai"), "{name}");
        assert_eq!(instrument.accelerating_voltage_kv, Some(200.0), "{name}");
        assert_eq!(instrument.magnification, Some(15_000.0), "{name}");
        assert_eq!(instrument.date.as_deref(), Some("12/7/2015 11:40:15"), "{name}");
        assert!(facts.warnings.is_empty(), "{name}: {:?}", facts.warnings);
    }
}

#[test]
fn every_kind_of_pixel_keeps_its_values() {
    fn array<const N: usize>(kind: u64, numbers: [[u8; N]; 2]) -> Tag {
        Tag::Array(kind, numbers.map(|number| number.to_vec()).to_vec())
    }
    for (data_type, data, sample, expected) in [
        (1, array(2, [-7i16, 300].map(i16::to_be_bytes)), "16-bit signed grey", [-7.0, 300.0]),
        (2, array(6, [-0.5f32, 1e6].map(f32::to_be_bytes)), "32-bit float", [-0.5, 1e6]),
        (6, array(10, [[0], [255]]), "8-bit grey", [0.0, 255.0]),
        (7, array(3, [-3i32, 1 << 20].map(i32::to_be_bytes)), "32-bit signed grey", [-3.0, 1_048_576.0]),
        (9, array(9, [[0xff], [127]]), "8-bit signed grey", [-1.0, 127.0]),
        (11, array(5, [3u32, 1 << 31].map(u32::to_be_bytes)), "32-bit grey", [3.0, 2_147_483_648.0]),
        (12, array(7, [0.25f64, -2.0].map(f64::to_be_bytes)), "64-bit float", [0.25, -2.0]),
        (
            39,
            array(11, [-1i64, 1 << 40].map(i64::to_be_bytes)),
            "64-bit signed grey",
            [-1.0, 1_099_511_627_776.0],
        ),
        // green weighs most
        (23, array(3, [[0, 100, 0, 9], [50, 50, 50, 9]]), "8-bit RGB", [58.7, 50.0]),
    ] {
        for little_endian in [true, false] {
            let mut data = data.clone();
            // colors are bytes in the order of the file: the writer must not turn them
            if let (Tag::Array(_, numbers), 23, true) = (&mut data, data_type, little_endian) {
                numbers.iter_mut().for_each(|number| number.reverse());
            }
            let bytes = file(3, little_endian, vec![image((2, 1, None), data_type, data, (1.0, ""))], false);
            let Micrograph { plane, facts } = read(&bytes).unwrap();
            assert_eq!(facts.sample, sample);
            let near =
                plane.values().iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-4);
            assert!(near, "{sample}: {:?}", plane.values());
        }
    }
}

#[test]
fn slices_and_further_images_are_pages() {
    let stack = image((2, 1, Some(2)), 10, words(&[1, 2, 3, 4]), (1.0, "nm"));
    let other = image((2, 2, None), 10, words(&[5, 6, 7, 8]), (1.0, "nm"));
    let bytes = file(3, true, vec![stack, other], false);
    let page = |page| read_with(&bytes, &ReadConfig { page, ..ReadConfig::default() });
    for (idx, values) in [(0, vec![1.0, 2.0]), (1, vec![3.0, 4.0]), (2, vec![5.0, 6.0, 7.0, 8.0])] {
        let found = page(idx).unwrap();
        assert_eq!(found.plane.values(), values);
        assert_eq!((found.facts.page, found.facts.n_pages), (idx, 3));
    }
    assert!(matches!(page(3), Err(ReadError::NoPage { page: 3, n_pages: 3, .. })));
}

#[test]
fn a_scale_that_is_no_length_is_no_calibration() {
    for (scale, unit, n_warnings) in
        [(0.01, "1/nm", 1), (1.0, "", 0), (0.5, "eV", 1), (0.0, "nm", 1), (f32::NAN, "nm", 1), (1e30, "m", 1)]
    {
        let image = image((2, 1, None), 10, words(&[1, 2]), (scale, unit));
        let facts = read(&file(3, true, vec![image], false)).unwrap().facts;
        assert_eq!(facts.calibration, None, "{scale} {unit}");
        assert_eq!(facts.warnings.len(), n_warnings, "{scale} {unit}: {:?}", facts.warnings);
    }
    let image = image((2, 1, None), 10, words(&[1, 2]), (-0.25, "µm"));
    let facts = read(&file(3, true, vec![image], false)).unwrap().facts;
    assert_eq!(facts.calibration.unwrap().nm_per_px_x, 250.0); // an axis may run backwards
}

#[test]
fn a_file_without_an_image_says_so() {
    let pixels = || words(&[1, 2, 3, 4]);
    let spectrum = image((1, 4, None), 10, pixels(), (1.0, "eV"));
    let complex = image((2, 1, None), 3, pixels(), (1.0, "nm"));
    let short = image((2, 3, None), 10, pixels(), (1.0, "nm"));
    let huge = image((u32::MAX, u32::MAX, None), 10, pixels(), (1.0, "nm"));
    for (name, image, expected) in [
        ("spectrum", spectrum, "no image of two dimensions"),
        ("complex numbers", complex, "found data type 3"),
        ("too few pixels", short, "expected 12 bytes, found 8"),
        ("too large", huge, "bytes, found 8"),
    ] {
        let error = read(&file(4, true, vec![image], false)).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("file.tif"), "{name}: {error}");
    }
}

#[test]
fn hostile_trees_end_in_an_error_that_names_the_tag() {
    let raw = |words: &[u64]| Tag::Raw(words.to_vec(), Vec::new());
    let mut nested = raw(&[5]);
    for _ in 0..5000 {
        nested = Tag::Folder(vec![("deep", nested)]);
    }
    let long = "x".repeat(65_535).leak();
    for version in [3, 4] {
        let most = if version == 4 { u64::MAX } else { u64::from(u32::MAX) };
        for (name, tag, expected) in [
            ("array beyond the end", raw(&[20, 4, most]), "beyond the end"),
            ("array of structs beyond the end", raw(&[20, 15, 0, 1, 0, 7, most]), "beyond the end"),
            ("string beyond the end", raw(&[18, most]), "beyond the end"),
            ("unknown number", raw(&[99]), "unknown type 99"),
            ("unknown element", raw(&[20, 99, 1]), "unknown type 99"),
            ("struct of more fields than are described", raw(&[15, 0, most, 0, 2]), "unknown type 15"),
            ("too many words", Tag::Raw(vec![15; 5000], Vec::new()), "5000 words"),
            ("nesting", nested.clone(), "nested deeper than 64"),
            ("a long name", Tag::Folder(vec![(long, Tag::Whole(1))]), "no image"),
        ] {
            let root = Tag::Folder(vec![("ImageList", list(vec![Tag::Folder(vec![("Odd", tag)])]))]);
            let error = read(&tree(version, true, &root)).unwrap_err().to_string();
            assert!(error.contains(expected), "DM{version}, {name}: {error:.300}");
        }
    }
    // a folder that claims 2³² tags
    let mut claims = tree(3, true, &Tag::Folder(Vec::new()));
    claims[14..18].fill(0xff);
    let error = read(&claims).unwrap_err().to_string();
    assert!(error.contains("expected kind 20 or 21") || error.contains("ends before"), "{error}");
}

#[test]
fn a_file_cut_anywhere_gives_the_right_pixels_and_size_or_none() {
    for version in [3, 4] {
        let bytes = small(version, true);
        let mut n_read = 0;
        for length in (0..bytes.len()).step_by(7).chain(bytes.len() - 64..bytes.len()) {
            match read(&bytes[..length]) {
                Ok(Micrograph { plane, facts }) => {
                    n_read += 1;
                    // the preview is told by the last tag of all
                    let preview = plane.values() == [9.0; 4];
                    assert!(preview || plane.values() == [1.0, 2.0, 3.0, 4.0, 5.0, 65535.0], "{length}");
                    let size = facts.calibration.map(|found| (found.nm_per_px_x, found.nm_per_px_y));
                    assert!(size.is_none() || !preview && size == Some((2.5, 5.0)), "{length}: {size:?}");
                }
                Err(error) => assert!(error.to_string().contains("file.tif"), "{error}"),
            }
        }
        assert!(n_read > 8, "{n_read}");
    }
}

#[test]
fn flipped_bits_do_not_panic() {
    let config = ReadConfig { most_bytes: 1 << 20, ..ReadConfig::default() };
    for version in [3, 4] {
        let bytes = small(version, true);
        for round in 0..400 {
            let mut stream = Stream::new(round, "dm", u64::from(version));
            let mut damaged = bytes.clone();
            for _ in 0..1 + stream.below(4) {
                let at = stream.below(damaged.len());
                damaged[at] = [damaged[at] ^ 1 << stream.below(8), 0, 0xff, 20][stream.below(4)];
            }
            if let Err(error) = read_with(&damaged, &config) {
                assert!(error.to_string().contains("file.tif"), "{error}");
            }
        }
    }
}
