//! Files like those of public bug reports, and the second set of real files of makers: their calibration.
//!
//! Truth is `index.md` and `index.csv` beside the files. The pixels of reported files have their own tests.

use std::io::Read;
use std::path::Path;

use micrograph::FileFacts;
use micrograph::read::{self, ReadConfig};
use test_support::{shared, table};

fn facts_of(path: &Path, page: usize) -> FileFacts {
    read::facts(path, &ReadConfig { page, ..ReadConfig::default() })
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn reported_calibrations_are_right_on_each_page() {
    let Some(folder) = shared("data/reported") else { return };
    for (name, page, nm) in [
        ("imagej-unit-angstrom-escaped.tif", 0, 0.5),
        ("imagej-stack-three-pages.tif", 0, 5000.0),
        ("imagej-stack-three-pages.tif", 1, 5000.0),
        ("imagej-stack-three-pages.tif", 2, 5000.0),
        ("ome-size-5.ome.tif", 0, 5.0),
        ("fei-memento-base64.tif", 0, 16.001878212732306),
        ("fibics-uy-0.tif", 0, 400.0),
    ] {
        let facts = facts_of(&folder.join(name), page);
        let found = facts.calibration.unwrap_or_else(|| panic!("{name}, {page}: {:?}", facts.warnings));
        for side in [found.nm_per_px_x, found.nm_per_px_y] {
            assert!((side / nm - 1.0).abs() < 1e-9, "{name}, {page}: {found:?}");
        }
        assert!(found.relative_uncertainty < 1e-9, "{name}, {page}: {found:?}");
    }
    let facts = facts_of(&folder.join("ome-unit-cm.tif"), 0);
    assert_eq!(facts.calibration, None);
    assert!(facts.warnings.iter().any(|warning| warning.contains("5 cm")), "{:?}", facts.warnings);
    let memento = facts_of(&folder.join("fei-memento-base64.tif"), 0);
    assert_eq!(memento.instrument.vendor.as_deref(), Some("FEI"));
}

/// What the index calls a maker, and what the file's facts call it.
const VENDORS: [(&str, &str); 8] = [
    ("Olympus Soft Imaging Solutions", "Olympus SIS"),
    ("TVIPS", "TVIPS"),
    ("JEOL", "JEOL"),
    ("Gatan", "Gatan"),
    ("FEI", "FEI"),
    ("Thermo Fisher", "FEI"),
    ("Zeiss", "Zeiss"),
    ("Fibics", "Fibics"),
];

#[test]
fn the_second_set_of_makers_files_has_the_pixel_sizes_of_its_index() {
    let Some(folder) = shared("data/instrument2") else { return };
    let unpacked = tempfile::tempdir().unwrap();
    // the partner of a TIFF file: text beside it
    let partner = "tescan_amber_x_zero_pixels.hdr";
    std::fs::copy(folder.join(partner), unpacked.path().join(partner)).unwrap();
    let mut n_calibrated = 0;
    for row in table(&folder.join("index.csv")) {
        let name = row["file"].as_str();
        let mut path = folder.join(name);
        if name == partner {
            continue;
        }
        if let Some(stem) = name.strip_suffix(".gz") {
            let mut bytes = Vec::new();
            let packed = std::fs::File::open(&path).unwrap();
            flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
            path = unpacked.path().join(stem);
            std::fs::write(&path, bytes).unwrap();
        }
        let expected: Option<f64> = row["pixel_size_nm"].parse().ok();
        let facts = match read::facts(&path, &ReadConfig::default()) {
            Ok(facts) => facts,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains(name), "{text}");
                // containers of other programs, which are refused by name, and a damaged file
                let is_container = [".bcf", ".elid", ".emd"].iter().any(|end| name.ends_with(end));
                assert!(is_container || row["metadata"] == "damaged", "{text}");
                continue;
            }
        };
        let Some(nm) = expected else {
            assert_eq!(facts.calibration, None, "{name}");
            assert!(!facts.warnings.is_empty(), "{name}: no reason is given");
            continue;
        };
        let calibration = facts.calibration.unwrap_or_else(|| panic!("{name}: {:?}", facts.warnings));
        for side in [calibration.nm_per_px_x, calibration.nm_per_px_y] {
            assert!((side / nm - 1.0).abs() < 1e-3, "{name}: {side} for {nm}");
        }
        let vendor = VENDORS.iter().find(|(vendor, _)| *vendor == row["vendor"]).map(|(_, found)| *found);
        let vendor = vendor.or((row["vendor"] == "TESCAN").then_some("TESCAN"));
        assert_eq!(facts.instrument.vendor.as_deref(), vendor, "{name}");
        n_calibrated += 1;
    }
    assert_eq!(n_calibrated, 20);
}
