//! Calibrations that microscopes write in further ways: lists of lengths with one unit, Hitachi's Windows comment, FEI's
//! Memento, Fibics' steps from pixel to pixel, the XML of JEOL's transmission microscopes, pages that share a record.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "others use strips, tiles and further types of values")]
#[path = "reading_tiff/writer.rs"]
mod writer;

use base64::prelude::{BASE64_STANDARD, Engine};
use micrograph::FileFacts;
use micrograph::read::{self, ReadConfig};
use writer::{DESCRIPTION, FEI_HELIOS, FEI_SFEG, Page, X_RESOLUTION, file};

const EXIF_NOTE: u16 = 37500;
const COMMENT: u16 = 40092;
const AUTHOR: u16 = 40093;
const FIBICS: u16 = 51023;
const ORION: u16 = 65000;

fn facts_of(pages: &[Page], page: usize) -> FileFacts {
    facts_beside(pages, page, None)
}

/// The facts of page `page` of a file of `pages`, with the text file `beside` it.
fn facts_beside(pages: &[Page], page: usize, beside: Option<&str>) -> FileFacts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.tif");
    std::fs::write(&path, file(pages)).unwrap();
    if let Some(text) = beside {
        std::fs::write(folder.path().join("file.txt"), text).unwrap();
    }
    read::facts(&path, &ReadConfig { page, ..ReadConfig::default() }).unwrap()
}

/// A black page of 48 rows of 64 pixels.
fn page() -> Page {
    Page::new(false, 48, 64, 8, vec![0; 48 * 64])
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0, 0]).flat_map(u16::to_le_bytes).collect()
}

fn assert_pixel(name: &str, facts: &FileFacts, (x, y): (f64, f64)) {
    let found = facts.calibration.as_ref().unwrap_or_else(|| panic!("{name}: {:?}", facts.warnings));
    let near = |found: f64, nm: f64| (found / nm - 1.0).abs() < 1e-9;
    assert!(near(found.nm_per_px_x, x) && near(found.nm_per_px_y, y), "{name}: {found:?}");
}

fn assert_uncalibrated(name: &str, facts: &FileFacts, word: &str) {
    assert_eq!(facts.calibration, None, "{name}");
    assert!(facts.warnings.join("; ").contains(word), "{name}: {:?}", facts.warnings);
}

#[test]
fn a_jeol_list_of_lengths_may_have_its_unit_at_the_last_number_only() {
    let of = |field: &str, pixel: &str| {
        let text = format!(
            "$CM_INSTRUMENT JSM-IT800\r\n$CM_IMAGE_SIZE 64 48\r\n$CM_FIELD_OF_VIEW {field}\r\n$CM_PIXEL_SIZE {pixel}\r\n"
        );
        let note = [&b"UNICODE\0"[..], text.replace("\r\n", "\t").as_bytes()].concat();
        [facts_beside(&[page()], 0, Some(&text)), facts_of(&[page().bytes(EXIF_NOTE, &note)], 0)]
    };
    for (field, nm) in [
        ("1280 960nm", 20.0),
        ("1280 960 nm", 20.0),
        ("1280nm 960nm", 20.0),
        ("1280x960nm", 20.0),
        ("1.28 0.96um", 20.0),
        ("1.28um 0.96um", 20.0),
        ("1.28 0.96", 20.0), // µm where none is written
        ("1.28 0.96mm", 20_000.0),
        ("1280 nm", 20.0),
    ] {
        for facts in of(field, "") {
            assert_pixel(field, &facts, (nm, nm));
            assert!(facts.warnings.is_empty(), "{field}: {:?}", facts.warnings);
            assert_eq!(facts.instrument.vendor.as_deref(), Some("JEOL"));
        }
    }
    for (pixel, nm) in
        [("20.0 20.0", 20.0), ("20.0 20.0nm", 20.0), ("0.02 0.02um", 20.0), ("0.02um 0.02um", 20.0)]
    {
        for facts in of("", pixel) {
            assert_pixel(pixel, &facts, (nm, nm));
        }
    }
    for (field, word) in
        [("1280 960deg.", "no pixel size"), ("1280um 960nm", "not possible"), ("0 0nm", "no pixel size")]
    {
        for facts in of(field, "") {
            assert_uncalibrated(field, &facts, word);
        }
    }
}

/// The lines of the comment, with a pixel size and a magnification.
fn hitachi(pixel: &str, magnification: &str) -> String {
    [
        "SerialNumber=1234-05",
        "DataNumber=SU3500",
        "SampleName=",
        &format!("PixelSize={pixel}"),
        &format!("Condition=Vacc=10.0kV   Mag={magnification}   WD=9.1mm"),
        "EmissionCurrent=66.3",
        "SignalName=SE",
        "Vacuum=",
        "ScanSpeed=Capture_Slow(40)",
        "DataDisplayCombine=1",
        "MagnificationDisplay=0",
    ]
    .join("\r\n")
}

#[test]
fn the_windows_comment_of_hitachi_files_is_read() {
    let facts = |pixel: &str, magnification: &str| {
        let page = page().bytes(COMMENT, &wide(&hitachi(pixel, magnification)));
        facts_of(&[page.bytes(AUTHOR, &wide("SU3500"))], 0)
    };
    // a print of 127 mm, 64 px across: 127e6 / 100 / 64
    for (pixel, magnification, nm, times) in [
        ("19843.75", "x100", 19_843.75, 100.0),
        ("19.84375", "x100k", 19.84375, 1e5),
        ("19.84375nm", "x100k", 19.84375, 1e5),
        ("1322.917", "x1.50k", 1322.917, 1500.0),
    ] {
        let found = facts(pixel, magnification);
        assert_pixel(pixel, &found, (nm, nm));
        let rounding = found.calibration.as_ref().unwrap().relative_uncertainty;
        assert!(rounding > 0.0 && rounding < 1e-6, "{rounding}");
        let instrument = &found.instrument;
        assert_eq!(instrument.vendor.as_deref(), Some("Hitachi"));
        assert_eq!(instrument.instrument.as_deref(), Some("SU3500"));
        assert_eq!(instrument.accelerating_voltage_kv, Some(10.0));
        assert!((instrument.working_distance_mm.unwrap() - 9.1).abs() < 1e-9);
        assert_eq!(instrument.magnification, Some(times));
        assert_eq!(instrument.detector.as_deref(), Some("SE"));
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    }
    // the numbers of an image of 1280 px, of which this one may be a reduction
    let reduced = facts("992.1875", "x100");
    assert_pixel("reduced", &reduced, (992.1875, 992.1875));
    let warning = reduced.warnings.join("; ");
    assert!(warning.contains("1280 pixels wide") && warning.contains("19843.8 nm"), "{warning}");
    for (pixel, word) in
        [("0", "no pixel size"), ("-5", "no pixel size"), ("", "no pixel size"), ("1e300", "not possible")]
    {
        assert_uncalibrated(pixel, &facts(pixel, "x100"), word);
    }
    // a comment that someone typed in Windows
    for text in ["PixelSize=5", "my sample, 5 nm", "", "Condition=good"] {
        let facts = facts_of(&[page().bytes(COMMENT, &wide(text))], 0);
        assert_eq!((facts.calibration, facts.warnings.len()), (None, 0), "{text}");
    }
}

#[test]
fn a_hitachi_text_without_a_section_is_read() {
    let text = "Version=1\r\nInstructName=TM3000\r\nFormat=TIF\r\nImageName=x.tif\r\nDirectory=C:\\Users\\name\\\r\n\
        DataSize=64x48\r\nDPI=200.69\r\nPixelSize=506.25\r\nSignalName=BSE COMPO\r\nAcceleratingVoltage=15000\r\n";
    let facts = facts_beside(&[page()], 0, Some(text));
    assert_pixel("TM3000", &facts, (506.25, 506.25));
    assert_eq!(facts.instrument.instrument.as_deref(), Some("TM3000"));
    assert_eq!(facts.instrument.accelerating_voltage_kv, Some(15.0));
}

/// An item of Memento with what its value holds.
fn item(key: &str, unit: &str, value: &str) -> String {
    format!(
        "<item><key><string>{key}</string></key><value><MementoItem><Name>{key}</Name>\
         <MementoItemUnit>{unit}</MementoItemUnit>{value}</MementoItem></value></item>"
    )
}

fn section(key: &str, items: &[String]) -> String {
    let items = items.concat();
    item(key, "MementoSection", &format!("<MementoItemSection>{items}</MementoItemSection>"))
}

fn number(key: &str, unit: &str, value: &str) -> String {
    item(key, unit, &format!("<anyType xmlns:q1='s' p:type='q1:double' xmlns:p='i'>{value}</anyType>"))
}

fn memento(unit: &str, width: &str, height: &str) -> String {
    let other = section("Stage", &[section("PixelSize", &[number("Width", "MementoItemUnitMeter", "1")])]);
    let size = section("PixelSize", &[number("Width", unit, width), number("Height", unit, height)]);
    let scan = section("Scan", &[number("Dwell", "MementoItemUnitSecond", "1E-05"), size]);
    let beam = section("Beam", &[number("HighVoltage", "MementoItemUnitVolt", "5000")]);
    format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><MementoItemCollection>{other}{scan}{beam}</MementoItemCollection>"
    )
}

#[test]
fn the_memento_of_fei_is_read_in_base64_and_as_it_is() {
    let meter = "MementoItemUnitMeter";
    let text = memento(meter, "1.6001878212732306E-08", "1.7E-08");
    let base64 = BASE64_STANDARD.encode(&text);
    let lines: Vec<&str> = base64.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
    for (name, tag, text) in [
        ("base64", FEI_SFEG, base64.clone()),
        ("in lines", FEI_SFEG, lines.join("\r\n")),
        ("in the other tag", FEI_HELIOS, base64),
        ("plain", FEI_SFEG, text.clone()),
    ] {
        let facts = facts_of(&[page().text(tag, text.as_bytes())], 0);
        assert_pixel(name, &facts, (16.001878212732306, 17.0));
        assert_eq!(facts.instrument.vendor.as_deref(), Some("FEI"));
        assert_eq!(facts.instrument.accelerating_voltage_kv, Some(5.0));
        assert!(facts.calibration.unwrap().relative_uncertainty < 1e-12);
        assert!(facts.warnings.is_empty(), "{name}: {:?}", facts.warnings);
    }
    for (name, text, word) in [
        ("zero", memento(meter, "0", "1E-08"), "no pixel size"),
        ("another unit", memento("MementoItemUnitRadian", "1E-08", "1E-08"), "no pixel size"),
        ("absurd", memento(meter, "1E+300", "1E-08"), "not possible"),
        ("empty", "<MementoItemCollection/>".to_owned(), "no pixel size"),
    ] {
        let base64 = BASE64_STANDARD.encode(text);
        assert_uncalibrated(name, &facts_of(&[page().text(FEI_SFEG, base64.as_bytes())], 0), word);
    }
    // cut anywhere: the right size or none
    let base64 = BASE64_STANDARD.encode(&text);
    for length in (0..base64.len()).step_by(7) {
        let facts = facts_of(&[page().text(FEI_SFEG, &base64.as_bytes()[..length])], 0);
        if let Some(found) = facts.calibration {
            assert!((found.nm_per_px_x / 16.001878212732306 - 1.0).abs() < 1e-9, "{length}: {found:?}");
        }
    }
}

#[test]
fn a_fibics_step_of_zero_or_no_number_is_no_rounding() {
    let facts = |scan: &str| {
        let xml = format!(
            "<Fibics version=\"1.0\"><Image><Width>64</Width><Height>48</Height></Image><Scan>{scan}</Scan></Fibics>"
        );
        facts_of(&[page().text(FIBICS, xml.as_bytes())], 0)
    };
    let steps = |ux: &str, uy: &str, vx: &str, vy: &str| {
        format!("<Ux>{ux}</Ux><Uy>{uy}</Uy><Vx>{vx}</Vx><Vy>{vy}</Vy>")
    };
    let fields = "<FOV_X units=\"um\">25.6</FOV_X><FOV_Y units=\"um\">19.2</FOV_Y>";
    for (name, scan) in [
        ("along the axes, in meters", steps("4e-07", "0", "0", "4e-07")),
        ("in micrometers", steps("0.4", "0", "0", "0.4")),
        ("mirrored", steps("-4e-07", "0", "0", "-4e-07")),
        ("turned", steps("2.4e-07", "3.2e-07", "-3.2e-07", "2.4e-07")),
        ("negative zero", steps("4e-07", "-0.0", "0.0", "4e-07")),
        ("one step", "<Ux>4e-07</Ux>".to_owned()),
    ] {
        for scan in [scan.clone() + fields, scan] {
            let facts = facts(&scan);
            assert_pixel(name, &facts, (400.0, 400.0));
            assert!(facts.calibration.unwrap().relative_uncertainty < 1e-12, "{name}");
            assert!(facts.warnings.is_empty(), "{name}: {:?}", facts.warnings);
        }
    }
    // the field of view, 25.6 µm / 64
    for (ux, uy) in [
        ("0", "0"),
        ("NaN", "0"),
        ("4e-07", "NaN"),
        ("inf", "0"),
        ("abc", "0"),
        ("1e300", "0"),
        ("1e-300", "0"),
    ] {
        let name = format!("{ux}, {uy}");
        let facts_with = facts(&(steps(ux, uy, "0", "4e-07") + fields));
        assert_pixel(&name, &facts_with, (400.0, 400.0));
        assert!(!facts_with.warnings.is_empty(), "{name}");
        let without = facts(&steps(ux, uy, "0", "4e-07"));
        assert_eq!(without.calibration, None, "{name}");
        assert!(!without.warnings.is_empty(), "{name}");
    }
    assert_uncalibrated(
        "a thousand times the field",
        &facts(&(steps("4e-04", "0", "0", "4e-04") + fields)),
        "contradict",
    );
}

#[test]
fn a_zeiss_orion_file_is_calibrated_without_a_warning_that_it_is_not() {
    let value = |name: &str, value: &str, unit: &str| {
        format!("<{name}><Value>{value}</Value><Units>{unit}</Units></{name}>")
    };
    let size = value("ImageWidth", "64", "") + &value("ImageHeight", "48", "");
    let scaling = value("ScalingX", "9.765625E-10", "m") + &value("ScalingY", "9.765625E-10", "m");
    let field = value("Fov", "0.0625", "Microns");
    for (name, settings) in
        [("both", scaling.clone() + &field), ("scaling", scaling), ("field", field), ("none", String::new())]
    {
        let xml = format!("<ImageTags>{settings}{size}</ImageTags>");
        // the block of numbers of the same microscope: the pixel of a monitor of 1024
        let numbers = b"0\r\n0\r\n0\r\n6.103515625E-11\r\n0\r\n";
        let facts = facts_of(&[page().text(ORION, xml.as_bytes()).text(writer::ZEISS, numbers)], 0);
        assert_pixel(name, &facts, (0.9765625, 0.9765625));
        assert!(facts.warnings.is_empty(), "{name}: {:?}", facts.warnings);
        assert!(facts.calibration.unwrap().relative_uncertainty < 1e-6, "{name}");
    }
    let neither = facts_of(&[page().text(ORION, format!("<ImageTags>{size}</ImageTags>").as_bytes())], 0);
    assert_uncalibrated("no size", &neither, "Zeiss Orion metadata hold no pixel size");
}

#[test]
fn jeol_transmission_files_take_the_camera_and_the_magnification() {
    let xml = |unit: &str| {
        format!(
            "<?xml version=\"1.0\"?>\r\n<TemReporter><Instruments>JEM-ARM200F</Instruments><ElectronGun>\
             <AccelerationVoltage>200000</AccelerationVoltage></ElectronGun><ImageFormingSystem>\
             <SelectorValue>150000</SelectorValue><SelectorUnitString>{unit}</SelectorUnitString>\
             </ImageFormingSystem></TemReporter>"
        )
    };
    let page = |unit: &str, per_inch| {
        page().text(DESCRIPTION, xml(unit).as_bytes()).rational(X_RESOLUTION, (per_inch, 1)).short(296, &[2])
    };
    let facts = facts_of(&[page("X", 100)], 0);
    // an inch of 100 px, 150 000 times enlarged
    assert_pixel("image", &facts, (25.4e6 / 100.0 / 150_000.0, 25.4e6 / 100.0 / 150_000.0));
    assert!((facts.calibration.unwrap().relative_uncertainty - 0.005).abs() < 1e-12);
    assert_eq!(facts.instrument.vendor.as_deref(), Some("JEOL"));
    assert_eq!(facts.instrument.accelerating_voltage_kv, Some(200.0));
    assert_uncalibrated("diffraction", &facts_of(&[page("cm", 100)], 0), "in cm");
    assert_uncalibrated("no resolution", &facts_of(&[page("X", 0)], 0), "no pixel size");
}

#[test]
fn a_page_without_a_record_takes_that_of_a_page_of_its_size() {
    let number = |name: &str, text: &str| format!("<{name}>{text}</{name}>");
    let with = |nm: &str| {
        let size = number("Width", "64") + &number("Height", "48");
        let xml = format!("<Fibics><Image>{size}</Image><Scan><Ux>{nm}e-09</Ux></Scan></Fibics>");
        page().text(FIBICS, xml.as_bytes())
    };
    let other =
        |height: u16, width: u16| Page::new(false, height, width, 8, vec![0; usize::from(height * width)]);
    let copy_first = [page(), with("4")];
    let facts = facts_of(&copy_first, 0);
    assert_pixel("copy first", &facts, (4.0, 4.0));
    assert!(facts.warnings.iter().any(|warning| warning.contains("that of page 1")), "{:?}", facts.warnings);
    assert_eq!(facts.instrument.vendor.as_deref(), Some("Fibics"));
    assert_pixel("its own", &facts_of(&copy_first, 1), (4.0, 4.0));
    // a preview, a page that says nothing of its size, and two that say different things
    assert_eq!(facts_of(&[other(24, 32), with("4")], 0).calibration, None);
    assert_eq!(facts_of(&[with("4"), other(64, 48)], 1).calibration, None);
    assert_uncalibrated("contradicting", &facts_of(&[page(), with("4"), with("8")], 0), "contradict");
}
