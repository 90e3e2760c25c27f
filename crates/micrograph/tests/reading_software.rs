//! Calibrations that `ImageJ` and OME software write: units in every spelling, stacks of pages, the rounding of their
//! numbers, and resolutions that are those of a printer.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "others use strips, tiles and further types of values")]
#[path = "reading_tiff/writer.rs"]
mod writer;

use micrograph::read::{self, ReadConfig};
use micrograph::{Calibration, CalibrationSource, FileFacts};
use writer::{DESCRIPTION, Page, X_RESOLUTION, Y_RESOLUTION, file};

/// The facts of page `page` of a file of `pages`.
fn facts_of(pages: &[Page], page: usize) -> FileFacts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.tif");
    std::fs::write(&path, file(pages)).unwrap();
    read::facts(&path, &ReadConfig { page, ..ReadConfig::default() }).unwrap()
}

/// A black page of 3 rows.
fn page(width: u16) -> Page {
    Page::new(false, 3, width, 8, vec![0; 3 * usize::from(width)])
}

/// A page that `ImageJ` describes, with pixels per unit.
fn imagej(text: &str, per_unit: (u32, u32)) -> Page {
    let page = page(5).text(DESCRIPTION, format!("ImageJ=1.53t\n{text}\n").as_bytes());
    page.rational(X_RESOLUTION, per_unit).rational(Y_RESOLUTION, per_unit).short(296, &[1])
}

/// OME-XML of images of 5 × 3 pixels, with attributes of their pixels and what is inside of them.
fn ome(images: &[(&str, &str)]) -> String {
    let images: String = images
        .iter()
        .map(|(attributes, inside)| {
            format!("<Image><Pixels SizeX=\"5\" SizeY=\"3\" {attributes}>{inside}</Pixels></Image>")
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?><OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" \
         UUID=\"urn:uuid:1\">{images}</OME>"
    )
}

fn ome_page(attributes: &str) -> Page {
    page(5).text(DESCRIPTION, ome(&[(attributes, "")]).as_bytes())
}

fn calibration(name: &str, facts: &FileFacts) -> Calibration {
    facts.calibration.clone().unwrap_or_else(|| panic!("{name}: uncalibrated, {:?}", facts.warnings))
}

fn assert_pixel(name: &str, facts: &FileFacts, (x, y): (f64, f64)) {
    let found = calibration(name, facts);
    let near = |found: f64, nm: f64| (found / nm - 1.0).abs() < 1e-9;
    assert!(near(found.nm_per_px_x, x) && near(found.nm_per_px_y, y), "{name}: {found:?}");
    assert!(matches!(found.source, CalibrationSource::Software(_)), "{name}");
}

/// Asserts that `facts` have no calibration, and a warning with all of `words`.
fn assert_refused(name: &str, facts: &FileFacts, words: &[&str]) {
    assert_eq!(facts.calibration, None, "{name}");
    let warnings = facts.warnings.join("; ");
    assert!(words.iter().all(|word| warnings.contains(word)), "{name}: {warnings}");
}

#[test]
fn imagej_units_are_read_in_every_spelling() {
    for (unit, nm) in [
        ("nm", 1.0),
        ("micron", 1e3),
        ("microns", 1e3),
        ("um", 1e3),
        ("µm", 1e3),
        ("\u{3bc}m", 1e3),
        ("\\u00B5m", 1e3),
        ("\\u03BCm", 1e3),
        ("\\u00C5", 0.1),
        ("Å", 0.1),
        ("\u{212b}", 0.1),
        ("Angstrom", 0.1),
        ("pm", 1e-3),
        ("mm", 1e6),
    ] {
        // 5 units are a pixel; then 1 unit is 5.92874 pixels, as ImageJ writes it, if that is large enough
        assert_pixel(unit, &facts_of(&[imagej(&format!("unit={unit}"), (1, 5))], 0), (5.0 * nm, 5.0 * nm));
        if nm < 0.01 {
            continue;
        }
        let millionths = facts_of(&[imagej(&format!("unit={unit}"), (5_928_740, 1_000_000))], 0);
        assert_pixel(unit, &millionths, (nm / 5.92874, nm / 5.92874));
        let rounding = calibration(unit, &millionths).relative_uncertainty;
        assert!((rounding * 5_928_740.0 - 1.0).abs() < 1e-9, "{rounding}");
    }
    let latin1 = b"ImageJ=1.53t\nunit=\xb5m\n".to_vec();
    let page = page(5).text(DESCRIPTION, &latin1).rational(X_RESOLUTION, (1, 5));
    assert_pixel("Latin-1", &facts_of(&[page], 0), (5000.0, 5000.0));
    let axes = imagej("unit=um\nyunit=nm", (1, 5));
    assert_pixel(
        "a unit for each axis",
        &facts_of(&[axes.rational(Y_RESOLUTION, (1, 9000))], 0),
        (5000.0, 9000.0),
    );
}

#[test]
fn whole_resolutions_of_imagej_files_are_not_rounded() {
    // as tifffile writes `resolution=(1, 1)`
    for pixels in [1, 2, 5, 10] {
        let found = calibration("whole", &facts_of(&[imagej("unit=um", (pixels, 1))], 0));
        assert_eq!((found.nm_per_px_x, found.relative_uncertainty), (1000.0 / f64::from(pixels), 0.0));
    }
}

#[test]
fn imagej_without_a_length_says_why() {
    for (name, text, resolution, words) in [
        ("unknown unit", "unit=parsec", (1, 5), &["\"parsec\"", "not a known unit"][..]),
        ("unknown unit of y", "unit=nm\nyunit=s", (1, 5), &["\"s\"", "not a known unit"]),
        ("no unit", "images=1", (1, 5), &["no unit of length"]),
        ("pixel", "unit=pixel", (1, 5), &["no unit of length"]),
        ("dots per inch", "unit=inch", (96, 1), &["96 pixels per inch", "printer"]),
        ("dots per centimeter", "unit=cm", (118, 1), &["118 pixels per cm", "printer"]),
        ("no resolution", "unit=nm", (0, 1), &["0/1", "not above 0"]),
        ("on one axis absurd", "unit=nm\nyunit=mm", (1, 5), &["not possible"]),
        ("absurd", "unit=km", (1, 5), &["not possible"]),
    ] {
        assert_refused(name, &facts_of(&[imagej(text, resolution)], 0), words);
    }
    // finer than any printer: 0.254 µm
    assert_pixel("inch", &facts_of(&[imagej("unit=inch", (100_000, 1))], 0), (254.0, 254.0));
}

#[test]
fn the_calibration_of_an_imagej_stack_is_that_of_each_of_its_pages() {
    let first = imagej("images=3\nslices=3\nunit=um", (1, 5));
    // ImageJ writes no tags but those of the pixels, tifffile the resolution too
    for other in [page(5), page(5).rational(X_RESOLUTION, (1, 5)), page(5).rational(X_RESOLUTION, (72, 1))] {
        let pages = [first.clone(), other.clone(), other];
        for page in 0..3 {
            let facts = facts_of(&pages, page);
            assert_pixel("stack", &facts, (5000.0, 5000.0));
            assert_eq!((facts.page, facts.n_pages), (page, 3));
        }
    }
    // of another size: not of the stack
    assert_eq!(facts_of(&[first.clone(), page(9)], 1).calibration, None);
    // with a description of its own
    let own = imagej("unit=nm", (1, 7));
    assert_pixel("own", &facts_of(&[first.clone(), own], 1), (7.0, 7.0));
    let label = page(5).text(DESCRIPTION, b"slice 2");
    assert_pixel("a label", &facts_of(&[first, label], 1), (5000.0, 5000.0));
}

#[test]
fn each_unit_of_ome_is_read_or_named_in_a_warning() {
    for (unit, nm, size) in [
        ("cm", 1e7, 0.0001),
        ("µm", 1e3, 0.25),
        ("\u{3bc}m", 1e3, 0.25),
        ("&#181;m", 1e3, 0.25),
        ("nm", 1.0, 2.5),
        ("pm", 1e-3, 250.0),
        ("fm", 1e-6, 250_000.0),
        ("am", 1e-9, 2.5e9),
        ("Å", 0.1, 3.0),
        ("mm", 1e6, 0.002),
        ("dm", 1e8, 0.00002),
        ("m", 1e9, 2.5e-9),
        ("km", 1e12, 2.5e-12),
        ("thou", 25_400.0, 0.5),
        ("li", 25.4e6 / 12.0, 0.125),
        ("in", 25.4e6, 0.0001),
        ("ft", 304.8e6, 1e-6),
        ("yd", 914.4e6, 1e-6),
        ("mi", 1609.344e9, 1e-9),
        ("pt", 25.4e6 / 72.0, 0.5),
    ] {
        let facts =
            facts_of(&[ome_page(&format!("PhysicalSizeX=\"{size}\" PhysicalSizeXUnit=\"{unit}\""))], 0);
        assert_pixel(unit, &facts, (nm * size, nm * size));
        assert!(calibration(unit, &facts).relative_uncertainty < 1e-12, "{unit}");
        assert!(facts.warnings.is_empty(), "{unit}: {:?}", facts.warnings);
    }
    for (attributes, words) in [
        ("PhysicalSizeX='5' PhysicalSizeXUnit='pixel'", &["5 pixel", "not a length"][..]),
        ("PhysicalSizeX='5' PhysicalSizeXUnit='reference frame'", &["5 reference frame", "not a length"]),
        ("PhysicalSizeX='5' PhysicalSizeXUnit='furlong'", &["furlong"]),
        ("PhysicalSizeX='5' PhysicalSizeXUnit='cm'", &["5 cm", "not possible"]),
        ("PhysicalSizeX='5' PhysicalSizeXUnit='ly'", &["5 ly", "not possible"]),
        ("PhysicalSizeX='-1'", &["PhysicalSizeX=-1", "not a length above 0"]),
        ("PhysicalSizeX='NaN'", &["PhysicalSizeX=NaN", "not a length above 0"]),
        ("PhysicalSizeX='5' PhysicalSizeY='0'", &["PhysicalSizeY=0", "not a length above 0"]),
        // micrometers where none is written, so one axis is a thousand times the other
        ("PhysicalSizeX='5' PhysicalSizeY='5' PhysicalSizeYUnit='nm'", &["not possible"]),
        ("", &["no physical size"]),
    ] {
        assert_refused(attributes, &facts_of(&[ome_page(attributes)], 0), words);
    }
    let default = facts_of(&[ome_page("PhysicalSizeX='0.25' PhysicalSizeY='3e-1'")], 0);
    assert_pixel("default unit", &default, (250.0, 300.0));
    let elsewhere =
        page(5).text(DESCRIPTION, b"<OME><BinaryOnly MetadataFile='a.companion.ome' UUID='1'/></OME>");
    assert_refused("companion", &facts_of(&[elsewhere], 0), &["a.companion.ome"]);
}

#[test]
fn ome_numbers_that_programs_write_are_not_rounded_and_typed_ones_are() {
    let rounding = |size: &str| {
        let facts = facts_of(&[ome_page(&format!("PhysicalSizeX='{size}' PhysicalSizeXUnit='nm'"))], 0);
        calibration(size, &facts).relative_uncertainty
    };
    for size in ["5", "5.0", "0.1083", "10", "12.5", "5e0", "8.7E-1"] {
        assert!(rounding(size) < 1e-12, "{size}: {}", rounding(size));
    }
    for (size, expected) in [("5.00", 0.001), ("0.10", 0.05), ("12,50", 0.0004)] {
        assert!((rounding(size) / expected - 1.0).abs() < 1e-9, "{size}: {}", rounding(size));
    }
}

#[test]
fn each_page_of_an_ome_file_has_the_size_of_its_image() {
    let nm = |size: u32| format!("PhysicalSizeX='{size}' PhysicalSizeXUnit='nm'");
    let (five, seven) = (nm(5), nm(7));
    let pixels = |text: String| -> Vec<Option<f64>> {
        let pages = [page(5).text(DESCRIPTION, text.as_bytes()), page(5), page(5)];
        (0..3)
            .map(|page| facts_of(&pages, page).calibration.map(|calibration| calibration.nm_per_px_x))
            .collect()
    };
    for (name, text, expected) in [
        ("one image", ome(&[(&five, "<TiffData/>")]), [5.0, 5.0, 5.0]),
        ("one image without TiffData", ome(&[(&five, "")]), [5.0, 5.0, 5.0]),
        ("planes", ome(&[(&five, "<TiffData IFD='0' PlaneCount='3'/>")]), [5.0, 5.0, 5.0]),
        (
            "an image for each page",
            ome(&[
                (&five, "<TiffData IFD='0'/>"),
                (&seven, "<TiffData IFD='1'/>"),
                (&nm(9), "<TiffData IFD='2'/>"),
            ]),
            [5.0, 7.0, 9.0],
        ),
        (
            "two planes of the second",
            ome(&[(&five, "<TiffData IFD='0'/>"), (&seven, "<TiffData IFD='1' PlaneCount='2'/>")]),
            [5.0, 7.0, 7.0],
        ),
        (
            "the first in another file",
            ome(&[
                (
                    &five,
                    "<TiffData IFD='0' PlaneCount='9'><UUID FileName='a.tif'>urn:uuid:2</UUID></TiffData>",
                ),
                (
                    &seven,
                    "<TiffData IFD='0' PlaneCount='9'><UUID FileName='b.tif'>urn:uuid:1</UUID></TiffData>",
                ),
            ]),
            [7.0, 7.0, 7.0],
        ),
    ] {
        assert_eq!(pixels(text), expected.map(Some), "{name}");
    }
}
