//! Images of JEOL's Analysis Station: files made here, so that the layout stands written down; damaged ones.

use std::path::Path;

use micrograph::random::Stream;
use micrograph::read::ReadConfig;
use micrograph::{Micrograph, ReadError, Source};

/// An entry: its name, type, value and the entries in it.
fn entry(name: &str, kind: u32, value: &[u8], inside: &[Vec<u8>]) -> Vec<u8> {
    let name = [name.as_bytes(), &[0]].concat();
    let mut entry = vec![1];
    entry.extend((name.len() as u32).to_le_bytes());
    entry.extend(&name);
    entry.extend(kind.to_le_bytes());
    entry.extend((value.len() as u32).to_le_bytes());
    entry.extend(value);
    entry.extend(inside.concat());
    entry.push(255);
    entry
}

/// A file of 3 rows of 4 pixels with these `bits`, whose print of 178 mm is `magnification` times as wide as the field.
fn file(magnification: u32, bits: &[u8]) -> Vec<u8> {
    let instrument = entry(
        "Instrument",
        0,
        &[],
        &[
            entry("ScanSize", 4, &178f32.to_le_bytes(), &[]),
            entry("Name", 12, b"JSM-7001F\0", &[]),
            entry("AccV", 4, &15f32.to_le_bytes(), &[]),
            entry("Mag", 3, &magnification.to_le_bytes(), &[]),
            entry("WorkD", 4, &10f32.to_le_bytes(), &[]),
        ],
    );
    let size = [4u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
    let image = entry("Image", 0, &[], &[entry("Size", 8, &size, &[]), entry("Bits", 6, bits, &[])]);
    let mut file = 52u32.to_le_bytes().to_vec();
    file.extend(b"JED-2200:LibJxImageForm");
    file.resize(36, 0);
    for word in [64u32, 0, 80] {
        file.extend(word.to_le_bytes());
    }
    file.resize(80 + 12, 0);
    file.extend([instrument, image].concat());
    file
}

fn read(bytes: Vec<u8>) -> Result<Micrograph, ReadError> {
    Micrograph::from_source(&Source::from_bytes(Path::new("view.img"), bytes), &ReadConfig::default())
}

#[test]
fn pixels_and_settings_are_those_of_the_tree() {
    let bytes: Vec<u8> = (1..=12).collect();
    let found = read(file(1000, &bytes)).unwrap();
    let facts = &found.facts;
    let calibration = facts.calibration.as_ref().unwrap();
    // 178 mm / 1000 / 4
    assert!((calibration.nm_per_px_x / 44_500.0 - 1.0).abs() < 1e-12, "{calibration:?}");
    assert_eq!(facts.instrument.vendor.as_deref(), Some("JEOL"));
    assert_eq!(facts.instrument.instrument.as_deref(), Some("JSM-7001F"));
    assert_eq!(facts.instrument.accelerating_voltage_kv, Some(15.0));
    assert_eq!((found.plane.height(), found.plane.width(), found.plane.at(2, 1)), (3, 4, 10.0));
    let wide: Vec<u8> = (1..=12u16).flat_map(|level| (1000 * level).to_le_bytes()).collect();
    let found = read(file(1000, &wide)).unwrap();
    assert_eq!((found.facts.sample.as_str(), found.plane.at(2, 1)), ("16-bit grey", 10_000.0));
    let uncalibrated = read(file(0, &bytes)).unwrap().facts;
    assert_eq!(uncalibrated.calibration, None);
    assert!(uncalibrated.warnings.join("; ").contains("no pixel size"), "{:?}", uncalibrated.warnings);
}

#[test]
fn the_image_of_a_real_file_is_read() {
    let Some(folder) = test_support::shared("data/instrument2") else { return };
    for name in ["jeol_analysis_view000.img", "jeol_analysis_view000_map1.map"] {
        let found = Micrograph::open(folder.join(name)).unwrap();
        assert_eq!((found.plane.height(), found.plane.width()), (512, 512));
        assert!(found.plane.variance() > 0.0, "{name}");
        assert_eq!(found.facts.instrument.accelerating_voltage_kv, Some(200.0));
    }
}

#[test]
fn damaged_files_end_in_an_answer_that_names_them() {
    let whole = file(1000, &[7; 12]);
    for length in 0..whole.len() {
        if let Err(error) = read(whole[..length].to_vec()) {
            assert!(error.to_string().contains("view.img"), "{error}");
        }
    }
    for round in 0..3000 {
        let mut stream = Stream::new(round, "damaged", 0);
        let mut damaged = whole.clone();
        for _ in 0..1 + stream.below(6) {
            let at = 16 + stream.below(damaged.len() - 16);
            damaged[at] = [damaged[at] ^ 1 << stream.below(8), 0, 0xff, 1][stream.below(4)];
        }
        if let Err(error) = read(damaged) {
            assert!(error.to_string().contains("view.img"), "{error}");
        }
    }
    // lengths that no file has
    let mut long = whole;
    let at = long.windows(4).position(|bytes| bytes == b"Bits").unwrap() + 5 + 4;
    long[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = read(long).unwrap_err().to_string();
    assert!(error.contains("incomplete"), "{error}");
}
