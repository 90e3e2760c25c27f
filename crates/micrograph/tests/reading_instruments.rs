//! Reading the real files of instruments: pixels, calibration, settings, rows of specimen.
//!
//! Truth is `index.csv` beside the files, and settings read off the metadata by eye.

use std::path::{Path, PathBuf};

use micrograph::read::{self, ReadConfig, ReadError};

/// The folder of shared data; `None` with a printed reason where it is absent.
fn data(folder: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("NANOAID_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("data").join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder {}", folder.display());
    None
}

/// The fields of a line of CSV; quotes may hold commas.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().unwrap().push(character),
        }
    }
    fields
}

const DAMAGED: &str = "nist_quad_no_beam_section_truncated.tif";

#[test]
fn pixel_sizes_and_shapes_are_those_of_the_index() {
    let Some(folder) = data("instrument") else { return };
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let mut lines = index.lines();
    let names = fields(lines.next().unwrap());
    let mut n_calibrated = 0;
    for line in lines {
        let row = fields(line);
        let field = |name: &str| row[names.iter().position(|found| found == name).unwrap()].as_str();
        let path = folder.join(field("file"));
        let facts = read::facts(&path, &ReadConfig::default()).unwrap();
        let name = field("file");
        println!(
            "{name}: {} {:?} {:?} rows {:?} {:?}",
            facts.sample, facts.calibration, facts.instrument, facts.specimen_rows, facts.warnings
        );
        assert_eq!(facts.width.to_string(), field("width"), "{name}");
        assert_eq!(facts.height.to_string(), field("height"), "{name}");
        let expected: f64 = field("pixel_size_nm").parse().unwrap();
        let source = field("pixel_size_source");
        if source.starts_with("metadata") {
            let calibration = facts.calibration.as_ref().expect(name);
            for found in [calibration.nm_per_px_x, calibration.nm_per_px_y] {
                assert!((found / expected - 1.0).abs() < 1e-4, "{name}: {found} for {expected}");
            }
            assert!(
                calibration.relative_uncertainty > 0.0 && calibration.relative_uncertainty < 1e-3,
                "{name}: {calibration:?}"
            );
            n_calibrated += 1;
        } else if name != "phenom_litho_lines.jpg" {
            assert_eq!(facts.calibration, None, "{name}");
        }
        if name != DAMAGED {
            let micrograph = read::micrograph(&path, &ReadConfig::default()).unwrap();
            assert_eq!(micrograph.facts, facts, "{name}");
            let (low, high) = micrograph.plane.range().unwrap();
            let most = if facts.sample.starts_with("16") { 65535.0 } else { 255.0 };
            assert!(low >= 0.0 && high <= most && high - low > most / 4.0, "{name}: {low} to {high}");
        }
    }
    assert_eq!(n_calibrated, 12);
}

#[test]
fn a_truncated_file_gives_its_metadata_but_no_pixels() {
    let Some(folder) = data("instrument") else { return };
    let path = folder.join(DAMAGED);
    let facts = read::facts(&path, &ReadConfig::default()).unwrap();
    assert!((facts.calibration.unwrap().nm_per_px_x / 441.942 - 1.0).abs() < 1e-6);
    assert_eq!(facts.instrument.accelerating_voltage_kv, Some(30.0));
    assert_eq!(facts.specimen_rows, None); // its metadata say 884 rows, more than it has
    let error = read::micrograph(&path, &ReadConfig::default()).unwrap_err();
    assert!(matches!(error, ReadError::Damaged { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(DAMAGED) && text.contains("strip"), "{text}");
}

#[test]
fn every_micrograph_of_the_training_set_is_read() {
    let Some(folder) = data("sem") else { return };
    let mut n_read = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension != "csv") {
                let micrograph = read::micrograph(&path, &ReadConfig::default()).unwrap();
                assert!(micrograph.plane.variance() > 1.0, "{}", path.display());
                n_read += 1;
            }
        }
    }
    assert_eq!(n_read, 284);
}
