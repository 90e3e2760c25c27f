//! Metadata of TESCAN, Hitachi, JEOL, Zeiss Orion, Fibics, point electronic, TVIPS, Olympus SIS and
//! Gatan in TIFF tags and in text files beside the image, in files made here, so that the layouts
//! stand written down; texts that are others', damaged or hostile.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "others use strips, tiles and further types of values")]
#[path = "reading_tiff/writer.rs"]
mod writer;

use micrograph::random::Stream;
use micrograph::read::{self, ReadConfig};
use micrograph::{CalibrationSource, FileFacts};
use writer::{DESCRIPTION, Page, X_RESOLUTION, file};

/// The facts of the file `name` of `bytes`, with the files `beside` it.
fn facts_beside(name: &str, bytes: &[u8], beside: &[(&str, &[u8])]) -> FileFacts {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in beside {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read::facts(&path, &ReadConfig::default()).unwrap()
}

fn facts(page: Page) -> FileFacts {
    facts_beside("file.tif", &file(&[page]), &[])
}

/// A black page of 36 rows of 40 pixels.
fn page() -> Page {
    page_of(false, 36, 40)
}

fn page_of(big_endian: bool, height: u16, width: u16) -> Page {
    Page::new(big_endian, height, width, 8, vec![0; usize::from(height) * usize::from(width)])
}

/// Width and height of a pixel in nanometres.
fn pixel(facts: &FileFacts) -> Option<(f64, f64)> {
    facts.calibration.as_ref().map(|calibration| (calibration.nm_per_px_x, calibration.nm_per_px_y))
}

/// What a file is expected to tell.
struct Truth {
    pixel: (f64, f64),
    /// Relative uncertainty.
    uncertainty: f64,
    vendor: &'static str,
    kv: Option<f64>,
    wd_mm: Option<f64>,
    magnification: Option<f64>,
    specimen_rows: Option<usize>,
}

fn assert_truth(name: &str, facts: &FileFacts, truth: &Truth) {
    let (x, y) = pixel(facts).unwrap_or_else(|| panic!("{name}: uncalibrated, {:?}", facts.warnings));
    let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-6 * expected.abs();
    assert!(near(x, truth.pixel.0) && near(y, truth.pixel.1), "{name}: {x} {y}");
    let uncertainty = facts.calibration.as_ref().unwrap().relative_uncertainty;
    assert!((uncertainty - truth.uncertainty).abs() <= 0.01 * truth.uncertainty, "{name}: {uncertainty:e}");
    let found = &facts.instrument;
    assert_eq!(found.vendor.as_deref(), Some(truth.vendor), "{name}");
    for (found, expected) in [
        (found.accelerating_voltage_kv, truth.kv),
        (found.working_distance_mm, truth.wd_mm),
        (found.magnification, truth.magnification),
    ] {
        let same = match (found, expected) {
            (Some(found), Some(expected)) => near(found, expected),
            (found, expected) => found == expected,
        };
        assert!(same, "{name}: {found:?}, expected {expected:?}");
    }
    assert_eq!(facts.specimen_rows, truth.specimen_rows, "{name}");
    assert!(facts.warnings.is_empty(), "{name}: {:?}", facts.warnings);
}

/// A block of TESCAN's tag: length, kind, content.
fn block(kind: u16, content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 2).to_le_bytes()[..], &kind.to_le_bytes(), content].concat()
}

const TESCAN_MAIN: &str = "AccFrames=1\r\nDate=2019-05-07\r\nDevice=AMBER X\r\nImageStripSize=4\r\n\
    Magnification=160000\r\nPixelSizeX=1.5625e-009\r\nPixelSizeY=-1.5625e-009\r\nTime=11:11:11\r\n";
const TESCAN_SEM: &str = "Detector=E-T\r\nHV=15000.0\r\nWD=0.005947501\r\n";

fn tescan_tag() -> Vec<u8> {
    [
        block(1, b"\xff\xd8\xff\xe0 not a whole picture"),
        block(2, TESCAN_MAIN.as_bytes()),
        block(3, TESCAN_SEM.as_bytes()),
        block(4, &[0, 1, 2]),
        block(0, &[]),
    ]
    .concat()
}

fn tescan_hdr() -> Vec<u8> {
    format!("[MAIN]\r\n{TESCAN_MAIN}\r\n[SEM]\r\n{TESCAN_SEM}").into_bytes()
}

const TESCAN_TRUTH: Truth = Truth {
    pixel: (1.5625, 1.5625),
    uncertainty: 0.5e-5 / 1.5625, // six digits, of which trailing zeros are left out
    vendor: "TESCAN",
    kv: Some(15.0),
    wd_mm: Some(5.947501),
    magnification: Some(160_000.0),
    specimen_rows: Some(32),
};

const HITACHI: &str = "[SemImageFile]\r\nInstructName=SU8010\r\nImageName=../other.tif\r\n\
    Directory=C:\\secret\\\r\nDate=03/12/2019\r\nTime=10:21:55\r\nDataSize=40x32\r\nPixelSize=24.80469\r\n\
    SignalName=SE(U)\r\nAcceleratingVoltage=5000 Volt\r\nMagnification=4000\r\nWorkingDistance=8100 um\r\n\
    Condition=Vacc=5.0kV  Temp. 20 \u{b0}\r\nDataDisplayCombine=1\r\n";

const HITACHI_TRUTH: Truth = Truth {
    pixel: (24.80469, 24.80469),
    uncertainty: 0.5e-5 / 24.80469,
    vendor: "Hitachi",
    kv: Some(5.0),
    wd_mm: Some(8.1),
    magnification: Some(4000.0),
    specimen_rows: Some(32),
};

const JEOL: &str = "$SEM_DATA_VERSION 1\r\n$CM_LABEL MML\r\n$CM_DATE 2/12/2015\r\n$CM_TIME 1:10:22 PM\r\n\
    $CM_INSTRUMENT JSM-7800F\r\n$CM_ACCEL_VOLT 1.00\r\n$CM_MAG 1000\r\n$CM_SIGNAL LED\r\n\
    $CM_FULL_SIZE 40 32\r\n$$SM_WD 10.1\r\n$$SM_MICRON_BAR 106\r\n$$SM_MICRON_MARKER 10um\r\n\
    $$SM_TITL Stra\u{df}e\r\n";

const JEOL_TRUTH: Truth = Truth {
    pixel: (1e4 / 106.0, 1e4 / 106.0),
    uncertainty: 0.5 / 106.0, // the marker has whole pixels
    vendor: "JEOL",
    kv: Some(1.0),
    wd_mm: Some(10.1),
    magnification: Some(1000.0),
    specimen_rows: Some(32),
};

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

fn utf16(text: &str, mark: bool, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}');
    let text: String = mark.into_iter().chain(text.chars()).collect();
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn tescan_is_read_from_its_tag_and_from_each_of_its_sidecars() {
    assert_truth("tag", &facts(page().bytes(50431, &tescan_tag())), &TESCAN_TRUTH);
    let plain = file(&[page()]);
    for (image, sidecar) in [
        ("a b.tif", "a b-tif.hdr"),
        ("x.tif", "x.hdr"),
        ("x.y.tiff", "x.y-tif.hdr"),
        ("X.TIF", "X-tif.hdr"),
        ("x.tif", "x.HDR"),
    ] {
        let facts = facts_beside(image, &plain, &[(sidecar, &tescan_hdr())]);
        assert_truth(sidecar, &facts, &TESCAN_TRUTH);
        let source = CalibrationSource::Vendor(format!("TESCAN PixelSizeX in {sidecar}"));
        assert_eq!(facts.calibration.unwrap().source, source);
    }
    // both, as the instrument writes them
    let both = file(&[page().bytes(50431, &tescan_tag())]);
    assert_truth("both", &facts_beside("x.tif", &both, &[("x-tif.hdr", &tescan_hdr())]), &TESCAN_TRUTH);

    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &[0; 36 * 40], 40, 36, image::ExtendedColorType::L8).unwrap();
    assert_truth("PNG", &facts_beside("x.png", &png, &[("x-png.hdr", &tescan_hdr())]), &TESCAN_TRUTH);
    // of the other file of that stem
    assert_eq!(pixel(&facts_beside("x.png", &png, &[("x-tif.hdr", &tescan_hdr())])), None);
}

#[test]
fn hitachi_is_read_in_every_encoding() {
    let plain = file(&[page()]);
    let ascii = HITACHI.replace('\u{b0}', "o");
    for (name, text) in [
        ("ASCII", ascii.clone().into_bytes()),
        ("Latin-1", latin1(HITACHI)),
        ("UTF-8", HITACHI.as_bytes().to_vec()),
        ("UTF-8 with mark", format!("\u{feff}{HITACHI}").into_bytes()),
        ("UTF-16, least byte first", utf16(HITACHI, true, u16::to_le_bytes)),
        ("UTF-16, most byte first", utf16(HITACHI, true, u16::to_be_bytes)),
        ("UTF-16 without mark", utf16(HITACHI, false, u16::to_le_bytes)),
        ("lines end in CR", ascii.replace("\r\n", "\r").into_bytes()),
        ("transmission", ascii.replace("SemImage", "TemImage").into_bytes()),
    ] {
        let facts = facts_beside("x.tif", &plain, &[("x.txt", &text)]);
        assert_truth(name, &facts, &HITACHI_TRUTH);
        assert_eq!(facts.instrument.date.as_deref(), Some("03/12/2019 10:21:55"), "{name}");
    }
}

#[test]
fn hitachi_without_pixel_size_takes_the_print_that_its_magnification_is_of() {
    let text =
        HITACHI.replace("PixelSize=24.80469\r\n", "").replace("Magnification=4000", "Magnification=15000");
    let plain = file(&[page_of(false, 970, 1280)]);
    let text = text.replace("40x32", "1280x960");
    let facts = facts_beside("x.tif", &plain, &[("x.txt", text.as_bytes())]);
    let truth = Truth {
        pixel: (6.614583333, 6.614583333), // 6.615 by a laboratory's own measurement
        uncertainty: 0.005,
        magnification: Some(15_000.0),
        specimen_rows: Some(960),
        ..HITACHI_TRUTH
    };
    assert_truth("S-4700", &facts, &truth);
}

#[test]
fn jeol_is_read_from_its_sidecar_and_from_the_makers_note() {
    let plain = file(&[page()]);
    assert_truth("sidecar", &facts_beside("x.tif", &plain, &[("x.txt", &latin1(JEOL))]), &JEOL_TRUTH);
    let single = JEOL.replace("$$", "$").replace("10um", "10\u{b5}m");
    assert_truth("one $", &facts_beside("x.tif", &plain, &[("x.TXT", &latin1(&single))]), &JEOL_TRUTH);

    let field = "$CM_INSTRUMENT JSM-IT800\r\n$CM_IMAGE_SIZE 40 32\r\n$CM_FIELD_OF_VIEW 12.80\u{b5}m 9.60\u{b5}m\r\n\
        $CM_PIXEL_SIZE 0.32 0.32\r\n$CM_ACCEL_VOLT 5.0\r\n$SM_WD 4.1mm\r\n$CM_MAG 10000\r\n";
    let truth = Truth {
        pixel: (320.0, 320.0),
        uncertainty: 0.005 / 12.8,
        vendor: "JEOL",
        kv: Some(5.0),
        wd_mm: Some(4.1),
        magnification: Some(10_000.0),
        specimen_rows: Some(32),
    };
    assert_truth("field", &facts_beside("x.tif", &plain, &[("x.txt", field.as_bytes())]), &truth);
    let note: String = field.lines().map(|line| line.replacen(' ', "=", 1) + "\t").collect();
    let note = note.replace("CM_FIELD_OF_VIEW=12.80\u{b5}m ", "CM_FIELD_OF_VIEW=12.80\u{b5}m\t");
    for (name, text) in [
        ("8 bit", latin1(&note)),
        ("16 bit", utf16(&note, false, u16::to_le_bytes)),
        ("UTF-8", note.as_bytes().to_vec()),
    ] {
        let bytes = [&b"UNICODE\0"[..], &text].concat();
        assert_truth(name, &facts(page().bytes(37500, &bytes)), &truth);
    }
    let pixel =
        field.replace("$CM_FIELD_OF_VIEW 12.80\u{b5}m 9.60\u{b5}m\r\n", "").replace("0.32 0.32", "5.00 5.00");
    let truth = Truth { pixel: (5.0, 5.0), uncertainty: 0.001, ..truth };
    assert_truth("pixel", &facts_beside("x.tif", &plain, &[("x.txt", pixel.as_bytes())]), &truth);
}

const ORION: &str = "<ImageTags><AccelerationVoltage><Value>30000</Value><Units>Volts</Units></AccelerationVoltage>\
    <WorkingDistance><Value>8.10</Value><Units>mm</Units></WorkingDistance>\
    <Fov><Value>10.00</Value><Units>um</Units></Fov><ImageWidth><Value>40</Value></ImageWidth>\
    <ImageHeight><Value>36</Value></ImageHeight></ImageTags>";

const FIBICS: &str = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\r\n<Fibics version=\"1.0\">\
    <Application><Version>NPVE v4.5</Version><Date>1/2/2020 3:04:05 PM</Date></Application>\
    <Image><Width>40</Width><Height>36</Height><Machine>ORION</Machine><Detector>ETDetector</Detector></Image>\
    <Scan><Dwell units=\"ns\">10000</Dwell><FOV_X units=\"um\">0.200</FOV_X><FOV_Y units=\"um\">0.180</FOV_Y>\
    <Ux>3.000e-09</Ux><Uy>4.000e-09</Uy><Vx>-4.000e-09</Vx><Vy>3.000e-09</Vy></Scan>\
    <BeamInfo><item name=\"BeamI\">1.3</item><item name=\"AccV\">30000</item></BeamInfo></Fibics>";

#[test]
fn orion_and_fibics_are_read_from_their_xml() {
    let truth = Truth {
        pixel: (250.0, 250.0),
        uncertainty: 0.0005,
        vendor: "Zeiss",
        kv: Some(30.0),
        wd_mm: Some(8.1),
        magnification: None,
        specimen_rows: None,
    };
    assert_truth("Orion", &facts(page().text(65000, ORION.as_bytes())), &truth);
    // the field is turned by 53° against the stage
    let truth = Truth { pixel: (5.0, 5.0), uncertainty: 0.0001, vendor: "Fibics", wd_mm: None, ..truth };
    let fibics = facts(page().text(51023, FIBICS.as_bytes()));
    assert_truth("Fibics", &fibics, &truth);
    assert_eq!(fibics.instrument.instrument.as_deref(), Some("ORION"));
    let a = FIBICS.find("<Ux>").unwrap();
    let b = FIBICS.find("</Scan>").unwrap();
    let field = [&FIBICS[..a], &FIBICS[b..]].concat();
    let truth = Truth { uncertainty: 0.5 / 180.0, ..truth };
    assert_truth("field of view", &facts(page().text(51023, field.as_bytes())), &truth);
    let resized = facts(page_of(false, 18, 20).text(51023, FIBICS.as_bytes()));
    assert_eq!(pixel(&resized), None);
    assert!(resized.warnings.join(" ").contains("10 nm if it was resized"), "{:?}", resized.warnings);
}

const DISS: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"XMP Core 5.1.2\">\
    <rdf:RDF xmlns:rdf=\"http://example.org\"><rdf:Description rdf:about=\"\" pe:Mag=\"1200\">\
    <xmp:CreatorTool>point electronic DISS 5.15.31.0</xmp:CreatorTool>\
    <pe:PixelSizeX>7.500e-08</pe:PixelSizeX><pe:PixelSizeY>7.500e-08</pe:PixelSizeY>\
    <pe:WD><pe:value>12.5</pe:value><pe:Unit>mm</pe:Unit></pe:WD>\
    <pe:HV rdf:parseType=\"Resource\"><pe:value>20</pe:value><pe:Unit>kV</pe:Unit></pe:HV>\
    </rdf:Description></rdf:RDF></x:xmpmeta>   <?xpacket end=\"w\"?>";

#[test]
fn point_electronic_is_read_from_its_xmp_and_other_xmp_is_not() {
    let truth = Truth {
        pixel: (75.0, 75.0),
        uncertainty: 0.0005 / 7.5,
        vendor: "point electronic",
        kv: Some(20.0),
        wd_mm: Some(12.5),
        magnification: Some(1200.0),
        specimen_rows: None,
    };
    assert_truth("DISS", &facts(page().bytes(700, DISS.as_bytes())), &truth);
    let others = facts(page().bytes(700, DISS.replace("point electronic DISS", "Paint").as_bytes()));
    assert_eq!((pixel(&others), others.warnings.len()), (None, 0));
}

/// The structs of TVIPS EM-MENU, version 2, of an image of 40 × 36 pixels.
fn tvips(big_endian: bool, mode: u32) -> Vec<u8> {
    let order = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
    let mut record = vec![0; 8820];
    let words = [
        (0, 2),                     // version
        (564, 40),                  // columns
        (568, 36),                  // rows
        (2968, 1.5f32.to_bits()),   // width of a pixel in nm
        (2972, 3f32.to_bits()),     // height
        (3272, 120e3f32.to_bits()), // voltage in V
        (3532, mode),
        (3536, 5000f32.to_bits()), // magnification
    ];
    for (at, word) in words {
        record[at..at + 4].copy_from_slice(&order(word));
    }
    record[3112..3120].copy_from_slice(&utf16("CM12", false, u16::to_le_bytes));
    record
}

#[test]
fn tvips_is_read_in_both_byte_orders_and_diffraction_has_no_lengths() {
    for big_endian in [false, true] {
        let page = |mode| page_of(big_endian, 36, 40).bytes(37706, &tvips(big_endian, mode));
        let facts_of = facts(page(1));
        let truth = Truth {
            pixel: (1.5, 3.0),
            uncertainty: f64::from(f32::EPSILON) / 2.0,
            vendor: "TVIPS",
            kv: Some(120.0),
            wd_mm: None,
            magnification: Some(5000.0),
            specimen_rows: None,
        };
        assert_truth("TVIPS", &facts_of, &truth);
        assert_eq!(facts_of.instrument.instrument.as_deref(), Some("CM12"));
        let diffraction = facts(page(3));
        assert_eq!(pixel(&diffraction), None);
        assert!(diffraction.warnings[0].contains("diffraction"), "{:?}", diffraction.warnings);
    }
}

/// A file with an SIS head behind its end, to which tag 33560 points, and the record behind that.
fn sis(record_at: Option<u32>) -> Vec<u8> {
    let head_at = file(&[page().long(33560, 0)]).len() as u32;
    let mut bytes = file(&[page().long(33560, head_at)]);
    let shorts = |values: &[i16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let mut head = b"SIS0\0\0\0\0\0\0".to_vec();
    head.extend(shorts(&[5, 14, 7, 11, 115])); // minute, hour, day, month from 0, year from 1900
    head.extend([0; 6 + 32]);
    head.extend(shorts(&[2, 10, 1])); // two entries, the first is of kind 10
    head.extend(9u32.to_le_bytes());
    head.extend(shorts(&[1, 1]));
    head.extend(record_at.unwrap_or(head_at + 76).to_le_bytes());
    let mut record = vec![0; 112];
    record[10..12].copy_from_slice(&(-9i16).to_le_bytes()); // power of ten, in m
    record[12..20].copy_from_slice(&2.25f64.to_le_bytes());
    record[20..28].copy_from_slice(&2.25f64.to_le_bytes());
    record[36..44].copy_from_slice(&25_000f64.to_le_bytes());
    record[46..52].copy_from_slice(b"Morada");
    bytes.extend(head);
    bytes.extend(record);
    bytes
}

#[test]
fn olympus_sis_is_followed_through_the_file() {
    let facts = facts_beside("x.tif", &sis(None), &[]);
    let truth = Truth {
        pixel: (2.25, 2.25),
        uncertainty: 0.0,
        vendor: "Olympus SIS",
        kv: None,
        wd_mm: None,
        magnification: Some(25_000.0),
        specimen_rows: None,
    };
    assert_truth("SIS", &facts, &truth);
    assert_eq!(facts.instrument.date.as_deref(), Some("2015-12-07 14:05"));
    assert_eq!(facts.instrument.instrument.as_deref(), Some("Morada"));
    for beyond in [u32::MAX, 4_000_000] {
        let facts = facts_beside("x.tif", &sis(Some(beyond)), &[]);
        assert_eq!(pixel(&facts), None);
        assert!(facts.warnings.join(" ").contains("Olympus SIS"), "{:?}", facts.warnings);
    }
}

#[test]
fn tiff_files_of_digital_micrograph_have_a_scale_and_a_unit_for_each_axis() {
    let unit = |text: &str| utf16(text, false, u16::to_le_bytes);
    let page = |scale: f64, text: &str| {
        let axes = page().bytes(65003, &unit(text)).bytes(65004, &unit(text));
        axes.double(65009, scale).double(65010, 2.0 * scale)
    };
    assert_eq!(pixel(&facts(page(0.16867, "µm"))), Some((168.67, 337.34)));
    assert_eq!(pixel(&facts(page(0.5, "1/nm"))), None);
}

#[test]
fn a_text_beside_an_image_that_is_not_an_instruments_is_passed_over() {
    let plain = file(&[page()]);
    let envi = "ENVI\r\nsamples = 40\r\nlines = 36\r\npixel size = {1, 1}\r\n";
    for (name, beside, text) in [
        ("notes", "x.txt", "PixelSize=5\r\nHitachi, 5 nm\r\n"),
        ("other section", "x.txt", "[Main]\r\nPixelSize=5\r\n"),
        ("prices", "x.txt", "$5 for a sample, $$SM\r\n"),
        ("ENVI", "x.hdr", envi),
        ("another's name", "y.txt", HITACHI),
        ("longer name", "x.tif.txt", HITACHI),
        ("empty", "x.txt", ""),
        ("zeros", "x.txt", "\0\0\0\0"),
    ] {
        let facts = facts_beside("x.tif", &plain, &[(beside, text.as_bytes())]);
        assert_eq!((pixel(&facts), facts.warnings.len()), (None, 0), "{name}: {:?}", facts.warnings);
    }
    // a folder of that name
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("x.txt")).unwrap();
    std::fs::write(folder.path().join("x.tif"), &plain).unwrap();
    assert!(read::facts(&folder.path().join("x.tif"), &ReadConfig::default()).unwrap().warnings.is_empty());
}

#[test]
fn a_sidecar_without_pixel_size_says_so_by_its_name() {
    let plain = file(&[page()]);
    let tilted = JEOL.replace("10um", "10deg."); // channelling patterns are measured in degrees
    for (name, text) in [
        ("x.txt", tilted),
        ("x.txt", JEOL.replace("BAR 106", "BAR 0")),
        ("x.txt", HITACHI.replace("24.80469", "nothing").replace("Magnification", "Other")),
        ("x.txt", HITACHI.replace("24.80469", "-1").replace("DataSize=40x32", "DataSize=0x0")),
        ("x.hdr", String::from_utf8(tescan_hdr()).unwrap().replace("1.5625e-009", "0")),
    ] {
        let facts = facts_beside("x.tif", &plain, &[(name, &latin1(&text))]);
        assert_eq!(pixel(&facts), None, "{text}");
        let warning = facts.warnings.join(" ");
        assert!(warning.contains(name) && warning.contains("no pixel size"), "{warning}");
    }
    let facts = facts_beside("x.tif", &plain, &[("x.txt", &vec![b'x'; (1 << 20) + 1])]);
    assert!(
        facts.warnings[0].contains("x.txt") && facts.warnings[0].contains("1048577 bytes"),
        "{:?}",
        facts.warnings
    );
}

#[test]
fn a_sidecar_that_contradicts_the_file_leaves_it_uncalibrated() {
    let imagej = page().text(DESCRIPTION, b"ImageJ=1.53t\nunit=nm\n").rational(X_RESOLUTION, (1, 30));
    let contradicting = facts_beside("x.tif", &file(&[imagej]), &[("x.txt", HITACHI.as_bytes())]);
    assert_eq!(pixel(&contradicting), None);
    let warning = contradicting.warnings.join(" ");
    assert!(warning.contains("30 nm (ImageJ unit=nm)") && warning.contains("in x.txt)"), "{warning}");
    // an image that was resized after its sidecar was written
    let resized = facts_beside("x.tif", &file(&[page_of(false, 18, 20)]), &[("x.txt", HITACHI.as_bytes())]);
    assert_eq!((pixel(&resized), resized.specimen_rows), (None, None));
    assert!(resized.warnings[0].contains("49.6094 nm if it was resized"), "{:?}", resized.warnings);
}

/// Name and bytes of a file beside an image.
type Sidecar = Option<(&'static str, Vec<u8>)>;

/// Maker, file, sidecar, and size of a pixel.
type Maker = (&'static str, Vec<u8>, Sidecar, (f64, f64));

/// Small files of each maker.
fn makers() -> Vec<Maker> {
    let bar = (1e4 / 106.0, 1e4 / 106.0);
    let note = [&b"UNICODE\0"[..], JEOL.replace("\r\n", "\t").as_bytes()].concat();
    let tag = |page: Page| file(&[page]);
    vec![
        ("TESCAN", tag(page().bytes(50431, &tescan_tag())), None, (1.5625, 1.5625)),
        ("Orion", tag(page().text(65000, ORION.as_bytes())), None, (250.0, 250.0)),
        ("Fibics", tag(page().text(51023, FIBICS.as_bytes())), None, (5.0, 5.0)),
        ("DISS", tag(page().bytes(700, DISS.as_bytes())), None, (75.0, 75.0)),
        ("JEOL note", tag(page().bytes(37500, &note)), None, bar),
        ("TVIPS", tag(page().bytes(37706, &tvips(false, 1))), None, (1.5, 3.0)),
        ("SIS", sis(None), None, (2.25, 2.25)),
        ("TESCAN sidecar", tag(page()), Some(("x.hdr", tescan_hdr())), (1.5625, 1.5625)),
        ("Hitachi sidecar", tag(page()), Some(("x.txt", latin1(HITACHI))), (24.80469, 24.80469)),
        ("JEOL sidecar", tag(page()), Some(("x.txt", latin1(JEOL))), bar),
    ]
}

#[test]
fn damaged_files_and_sidecars_do_not_panic_and_their_errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = ReadConfig { most_bytes: 1 << 20, ..ReadConfig::default() };
    for (name, bytes, sidecar, expected) in makers() {
        let path = folder.path().join("x.tif");
        let check = |bytes: &[u8], beside: Option<&[u8]>, cut: bool| {
            std::fs::write(&path, bytes).unwrap();
            let beside_path = sidecar.as_ref().map(|(name, _)| folder.path().join(name));
            if let (Some(path), Some(beside)) = (&beside_path, beside) {
                std::fs::write(path, beside).unwrap();
            }
            match read::facts(&path, &config) {
                Ok(facts) => {
                    if let (true, Some((x, y))) = (cut, pixel(&facts)) {
                        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-5;
                        // a height that was cut off is taken as the width
                        let height = near(y, expected.1) || near(y, expected.0);
                        assert!(near(x, expected.0) && height, "{name}, {}: {x} {y}", bytes.len());
                    }
                }
                Err(error) => assert!(error.to_string().contains("x.tif"), "{name}: {error}"),
            }
            if let Err(error) = read::micrograph(&path, &config) {
                assert!(error.to_string().contains("x.tif"), "{name}: {error}");
            }
            if let Some(path) = beside_path {
                std::fs::remove_file(path).unwrap();
            }
        };
        let beside = sidecar.as_ref().map(|(_, text)| text.as_slice());
        check(&bytes, beside, true);
        if sidecar.is_none() {
            for length in (0..bytes.len()).step_by(61) {
                check(&bytes[..length], None, true);
            }
        }
        for round in 0..200 {
            let mut stream = Stream::new(round, name, 0);
            let mut damaged = beside.unwrap_or(&bytes).to_vec();
            for _ in 0..1 + stream.below(6) {
                let at = stream.below(damaged.len());
                damaged[at] = [damaged[at] ^ 1 << stream.below(8), 0, 0xff, b'='][stream.below(4)];
            }
            match beside {
                Some(_) => check(&bytes, Some(&damaged), false),
                None => check(&damaged, None, false),
            }
        }
    }
}

#[test]
fn hostile_blocks_and_texts_end_in_an_answer() {
    let main = block(2, TESCAN_MAIN.as_bytes());
    let claims = [&main[..], &u32::MAX.to_le_bytes(), &[3, 0]].concat();
    let facts_of = facts(page().bytes(50431, &claims));
    assert_eq!(pixel(&facts_of), Some((1.5625, 1.5625)));
    assert!(facts_of.warnings[0].contains("a block of 4294967295 bytes"), "{:?}", facts_of.warnings);
    for bytes in [&b""[..], &[0; 40], &[1, 0, 0, 0, 2, 0], &[0xff; 40], &block(2, b"PixelSizeX=1e999\n")] {
        let facts = facts(page().bytes(50431, bytes));
        assert_eq!(pixel(&facts), None, "{bytes:?}");
    }
    let empty_blocks = [2, 0, 0, 0, 4, 0].repeat(50_000);
    let _ = facts(page().bytes(50431, &[&empty_blocks[..], &main].concat()));

    let long = |piece: &str| piece.repeat(900_000 / piece.len());
    let plain = file(&[page()]);
    for text in [
        long("$CM_"),
        long("$\r\n"),
        long("\t"),
        "$CM_X 1\n".to_owned() + &long("a\n"),
        "[SemImageFile]\n".to_owned() + &long("PixelSize=\n"),
        "[SemImageFile]\nDataSize=18446744073709551615x1\nPixelSize=1e308\nMagnification=1e-308".to_owned(),
        "[SemImageFile]\nDataSize=1x18446744073709551615\nMagnification=1".to_owned(),
        "[MAIN]\nPixelSizeX=1e-9\nImageStripSize=99999999999999999999".to_owned(),
        "[MAIN]\nPixelSizeX=1e-9\nImageStripSize=4000000000".to_owned(),
        "$CM_FULL_SIZE 1 18446744073709551615\n$$SM_MICRON_BAR 1e-300\n$$SM_MICRON_MARKER 1e300um".to_owned(),
        "$CM_IMAGE_SIZE 18446744073709551615 1\n$CM_FIELD_OF_VIEW 1".to_owned(),
    ] {
        let facts = facts_beside("x.tif", &plain, &[("x.txt", text.as_bytes())]);
        if let Some((x, y)) = pixel(&facts) {
            assert!(x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite(), "{text:.80}: {x} {y}");
        }
    }
}
