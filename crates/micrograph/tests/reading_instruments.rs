//! Reading the real files of instruments: pixels, calibration, settings, rows of specimen.
//!
//! Truth is `index.csv` beside the files, and settings read off the metadata by eye.

use micrograph::read::{self, ReadConfig, ReadError};
use test_support::{shared, table};

const DAMAGED: &str = "nist_quad_no_beam_section_truncated.tif";

#[test]
fn pixel_sizes_and_shapes_are_those_of_the_index() {
    let Some(folder) = shared("data/instrument") else { return };
    let mut n_calibrated = 0;
    for row in table(&folder.join("index.csv")) {
        let field = |name: &str| row[name].as_str();
        let path = folder.join(field("file"));
        let facts = read::facts(&path, &ReadConfig::default()).unwrap();
        let name = field("file");
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
        } else if name == "phenom_litho_lines.jpg" {
            // the index measured the drawn bar; the XML inside the file, read by eye, says 0.0717959 µm
            let found = facts.calibration.as_ref().expect(name).nm_per_px_x;
            assert!((found / 71.7959 - 1.0).abs() < 1e-9, "{found}");
        } else {
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
fn settings_are_those_of_the_metadata() {
    let Some(folder) = shared("data/instrument") else { return };
    struct Case {
        file: &'static str,
        instrument: Option<&'static str>,
        kv: f64,
        wd_mm: f64,
        magnification: Option<f64>,
        detector: Option<&'static str>,
        date: Option<&'static str>,
        specimen_rows: Option<usize>,
    }
    let cases = [
        Case {
            file: "zeiss_merlin_white_bar.tif",
            instrument: Some("Merlin"),
            kv: 25.0,
            wd_mm: 14.808,
            magnification: Some(105.0),
            detector: Some("HE-SE2"),
            date: Some("23 Dec 2015 9:40:32"),
            specimen_rows: None, // Zeiss draws its bar over the image
        },
        Case {
            file: "zeiss_ultra55_512.tif",
            instrument: Some("ULTRA 55"), // from the serial number
            kv: 5.0,
            wd_mm: 3.9,
            magnification: Some(50_000.0),
            detector: Some("InLens"),
            date: Some("25 Sep 2018 8:20:42"),
            specimen_rows: None,
        },
        Case {
            file: "fei_helios660_16bit.tif",
            instrument: Some("Helios NanoLab 660"),
            kv: 5.0,
            wd_mm: 4.03466,
            magnification: None,
            detector: Some("ETD"),
            date: Some("06/13/2016 05:06:40 PM"),
            specimen_rows: Some(442),
        },
        Case {
            file: "fei_sirion_sfeg_float_bar.tif",
            instrument: None,
            kv: 5.0,
            wd_mm: 4.878,
            magnification: Some(15_000.001),
            detector: None,
            date: None,
            specimen_rows: None, // the bar floats in the image
        },
        Case {
            file: "thermo_pfib_needle_xml.tif", // ion beam
            instrument: Some("Helios G4 PFIB UNSPE"),
            kv: 30.0,
            wd_mm: 16.5,
            magnification: None,
            detector: Some("ETD"),
            date: Some("12/14/2022 01:53:39 PM"),
            specimen_rows: Some(1024),
        },
        Case {
            file: "phenom_litho_lines.jpg",
            instrument: Some("Phenom"),
            kv: 5.3,
            wd_mm: 4.79642,
            magnification: None,
            detector: None,
            date: Some("2024-03-15T14:06:09"),
            specimen_rows: Some(2048),
        },
    ];
    for case in cases {
        let file = case.file;
        let facts = read::facts(&folder.join(file), &ReadConfig::default()).unwrap();
        let found = &facts.instrument;
        let near =
            |found: Option<f64>, expected: f64| found.is_some_and(|found| (found - expected).abs() < 1e-9);
        assert_eq!(found.instrument.as_deref(), case.instrument, "{file}");
        assert!(near(found.accelerating_voltage_kv, case.kv), "{file}: {found:?}");
        assert!(near(found.working_distance_mm, case.wd_mm), "{file}: {found:?}");
        assert_eq!(found.magnification, case.magnification, "{file}");
        assert_eq!(found.detector.as_deref(), case.detector, "{file}");
        assert_eq!(found.date.as_deref(), case.date, "{file}");
        assert_eq!(facts.specimen_rows, case.specimen_rows, "{file}");
    }
}

#[test]
fn pages_are_chosen_and_counted() {
    let Some(folder) = shared("data/instrument") else { return };
    let path = folder.join("zeiss_auriga_multipage.tif");
    let read = |page| read::micrograph(&path, &ReadConfig { page, ..ReadConfig::default() });
    let (first, second) = (read(0).unwrap(), read(1).unwrap());
    assert_eq!((first.facts.n_pages, second.facts.page), (2, 1));
    assert!(
        first.facts.warnings.iter().any(|warning| warning.contains("2 pages")),
        "{:?}",
        first.facts.warnings
    );
    assert_eq!(second.facts.instrument.date.as_deref(), Some("18 Apr 2016 22:45:19"));
    assert_ne!(first.plane, second.plane);
    assert!(matches!(read(2), Err(ReadError::NoPage { page: 2, n_pages: 2, .. })));
}

#[test]
fn a_truncated_file_gives_its_metadata_but_no_pixels() {
    let Some(folder) = shared("data/instrument") else { return };
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
    let Some(folder) = shared("data/sem") else { return };
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
