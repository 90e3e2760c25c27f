//! What is taken from metadata, and what is not: texts as each maker writes them, in TIFF files
//! made here, so that the layouts stand written down; contradicting, empty, hostile, cut texts.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "others use strips, tiles and further types of values")]
#[path = "reading_tiff/writer.rs"]
mod writer;

use micrograph::random::Stream;
use micrograph::read::{self, ReadConfig};
use micrograph::{CalibrationSource, FileFacts};
use writer::{DESCRIPTION, FEI_HELIOS, FEI_SFEG, FEI_TITAN, Page, X_RESOLUTION, Y_RESOLUTION, ZEISS, file};

/// The facts of a file of `bytes`.
fn facts_with(bytes: &[u8], config: &ReadConfig) -> Result<FileFacts, read::ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.tif");
    std::fs::write(&path, bytes).unwrap();
    read::facts(&path, config)
}

fn facts(page: Page) -> FileFacts {
    facts_with(&file(&[page]), &ReadConfig::default()).unwrap()
}

/// Width and height of a pixel in nanometres.
fn pixel(facts: &FileFacts) -> Option<(f64, f64)> {
    facts.calibration.as_ref().map(|calibration| (calibration.nm_per_px_x, calibration.nm_per_px_y))
}

fn assert_pixel(name: &str, facts: &FileFacts, (x, y): (f64, f64)) {
    let found = pixel(facts).unwrap_or_else(|| panic!("{name}: uncalibrated, {:?}", facts.warnings));
    assert!((found.0 / x - 1.0).abs() < 1e-9 && (found.1 / y - 1.0).abs() < 1e-9, "{name}: {found:?}");
}

/// A black page.
fn page(height: u16, width: u16) -> Page {
    Page::new(false, height, width, 8, vec![0; usize::from(height) * usize::from(width)])
}

/// FEI's text of an image of 40 × 32 pixels of 5 nm × 6 nm above a data bar.
const FEI: &str = "[User]\r\nDate=06/13/2016\r\nTime=05:06:40 PM\r\n[System]\r\nSystemType=Helios\r\n\
    [Beam]\r\nHV=5000\r\nBeam=EBeam\r\nScan=EScan\r\n[EBeam]\r\nHV=5000\r\nWD=0.00403466\r\n\
    [MultiGISGas1]\r\nName=\r\n[MultiGISGas1]\r\nName=\r\n[Detectors]\r\nNumber=1\r\nName=TLD\r\n\
    [Scan]\r\nPixelWidth=5e-009\r\nPixelHeight=6e-009\r\nHorFieldsize=2e-007\r\nVerFieldsize=1.92e-007\r\n\
    [EScan]\r\nPixelWidth=5e-009\r\nPixelHeight=6e-009\r\n\
    [Image]\r\nResolutionX=40\r\nResolutionY=32\r\n[PrivateFei]\r\nDatabarHeight=0\r\n";

/// Zeiss text with the pixel of the monitor, `image` keys, and lines as the software writes them.
fn zeiss(monitor_m: &str, image: &str) -> Vec<u8> {
    let text = format!(
        "0\r\n0\r\n0\r\n{monitor_m}\r\n5.000000e+004\r\n6\r\n5.000000e+003\r\nDP_ZOOM\r\nZoom = Off\r\n\
         AP_WD\r\nWD =  3.9 mm\r\nAP_MAG\r\nMag =  50.00 K X\r\nAP_MANUALKV\r\nEHT Target =  9.00 kV\r\n\
         AP_ACTUALKV\r\nEHT =  5.00 kV\r\nAP_PIXEL_SIZE\r\nPixel Size = 5.825 nm\r\n{image}\
         AP_TILT_ANGLE\r\nTilt Angle =   0.0 °\r\nAP_DATE\r\nDate :25 Sep 2018\r\nAP_TIME\r\nTime :8:20:42\r\n"
    );
    // Latin-1
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

#[test]
fn fei_pixels_need_not_be_square_and_the_bar_is_what_is_below_the_specimen() {
    let facts = facts(page(36, 40).text(FEI_HELIOS, FEI.as_bytes()));
    assert_pixel("FEI", &facts, (5.0, 6.0));
    let calibration = facts.calibration.unwrap();
    assert_eq!(calibration.source, CalibrationSource::Vendor("FEI [Scan] PixelWidth".to_owned()));
    // six digits, of which C's `%g` leaves trailing zeros out: 5.00000 ± 0.000005
    assert!((calibration.relative_uncertainty / 1e-6 - 1.0).abs() < 1e-9);
    assert_eq!(facts.specimen_rows, Some(32)); // though DatabarHeight says 0
    assert_eq!(facts.instrument.accelerating_voltage_kv, Some(5.0));
    assert_eq!(facts.instrument.detector.as_deref(), Some("TLD"));
    assert!(facts.warnings.is_empty(), "{:?}", facts.warnings);
}

#[test]
fn fei_text_bears_other_line_ends_empty_values_and_words_for_numbers() {
    let changed = FEI.replace("HV=5000", "HV=notafloat").replace("Name=TLD", "Name=").replace("\r\n", "\r");
    let facts = facts(page(36, 40).text(FEI_HELIOS, changed.as_bytes()));
    assert_pixel("CR only", &facts, (5.0, 6.0));
    assert_eq!(facts.instrument.accelerating_voltage_kv, None);
    assert_eq!(facts.instrument.detector, None);
}

#[test]
fn fei_without_scan_takes_the_field_of_view_of_the_camera_or_nothing() {
    let camera = "[Beam]\r\nBeam=IRBeam\r\n[IRBeam]\r\nHFW=0.0004\r\nVFW=0.00032\r\n\
        [Image]\r\nResolutionX=40\r\nResolutionY=32\r\n";
    assert_pixel("camera", &facts(page(36, 40).text(FEI_HELIOS, camera.as_bytes())), (1e4, 1e4));
    let without = camera.replace("IRBeam", "Other");
    let facts = facts(page(36, 40).text(FEI_HELIOS, without.as_bytes()));
    assert_eq!(pixel(&facts), None);
    assert_eq!(facts.specimen_rows, Some(32));
}

#[test]
fn fei_xml_reads_the_unit_and_is_held_against_the_ini() {
    let xml = |unit: &str, value: &str| {
        format!(
            "<?xml version=\"1.0\"?>\r\n<Metadata xmlns:nil=\"http://example.org\">\
             <Instrument><InstrumentClass>Helios G4</InstrumentClass></Instrument>\
             <Optics><AccelerationVoltage>30000</AccelerationVoltage><WorkingDistance>0.0165</WorkingDistance></Optics>\
             <BinaryResult><ImageSize><X>40</X><Y>32</Y></ImageSize>\
             <PixelSize><X unit=\"{unit}\" unitPrefixPower=\"1\">{value}</X>\
             <Y unit=\"{unit}\">{value}</Y></PixelSize></BinaryResult></Metadata>"
        )
    };
    let alone = |text: &str| facts(page(32, 40).text(FEI_HELIOS, b"").text(FEI_TITAN, text.as_bytes()));
    assert_pixel("m", &alone(&xml("m", "9.76562E-08")), (97.6562, 97.6562));
    assert_pixel("um", &alone(&xml("um", "0.0717959")), (71.7959, 71.7959));
    assert_pixel("nm", &alone(&xml("nm", "71.8")), (71.8, 71.8));
    assert_eq!(pixel(&alone(&xml("furlong", "71.8"))), None);
    assert_eq!(alone(&xml("nm", "7")).instrument.working_distance_mm, Some(16.5));

    let square = FEI.replace("6e-009", "5e-009").replace("1.92e-007", "1.6e-007");
    let square = square.replace("PixelWidth=5e", "PixelWidth=5.0000e");
    let both =
        |text: &str| facts(page(32, 40).text(FEI_HELIOS, square.as_bytes()).text(FEI_TITAN, text.as_bytes()));
    assert_pixel("both", &both(&xml("m", "5.0000E-09")), (5.0, 5.0));
    let contradicting = both(&xml("m", "8.0000E-09"));
    assert_eq!(pixel(&contradicting), None);
    let warning = contradicting.warnings.join(" ");
    assert!(warning.contains("5 nm (FEI [Scan] PixelWidth)") && warning.contains("8 nm"), "{warning}");
}

#[test]
fn a_pixel_that_contradicts_the_field_of_view_is_not_taken() {
    let text = FEI.replace("HorFieldsize=2e-007", "HorFieldsize=4.000e-007");
    let facts = facts(page(36, 40).text(FEI_HELIOS, text.as_bytes()));
    assert_eq!(pixel(&facts), None);
    let warning = facts.warnings.join(" ");
    assert!(warning.contains("5 nm") && warning.contains("10 nm ") && warning.contains("type"), "{warning}");
}

#[test]
fn a_resized_image_is_not_calibrated_but_a_cut_bar_and_a_turn_do_no_harm() {
    let fei = |height, width| facts(page(height, width).text(FEI_HELIOS, FEI.as_bytes()));
    assert_pixel("bar cut off", &fei(32, 40), (5.0, 6.0));
    let turned = fei(40, 36);
    assert_pixel("turned", &turned, (6.0, 5.0));
    assert_eq!(turned.specimen_rows, None);
    for (height, width, resized) in
        [(18, 20, "10 nm if it was resized"), (72, 80, "2.5 nm if it was resized")]
    {
        let changed = fei(height, width);
        assert_eq!((pixel(&changed), changed.specimen_rows), (None, None));
        let warning = changed.warnings.join(" ");
        assert!(warning.contains(resized) && warning.contains("5 nm if it was cropped"), "{warning}");
    }

    let stored = "DP_IMAGE_STORE\r\nStore resolution = 40 * 30\r\nAP_IMAGE_PIXEL_SIZE\r\n\
        Image Pixel Size = 12.33 nm\r\n";
    let zeiss = |height, width| facts(page(height, width).text(ZEISS, &zeiss("4.8164e-010", stored)));
    assert_pixel("Zeiss", &zeiss(30, 40), (12.33, 12.33));
    assert_pixel("Zeiss, turned", &zeiss(40, 30), (12.33, 12.33));
    assert_eq!(pixel(&zeiss(15, 20)), None);
}

#[test]
fn zeiss_pixels_come_from_the_image_and_never_from_the_monitor() {
    let image = |value: &str| format!("AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = {value}\r\n");
    let width = |value: &str| format!("AP_WIDTH\r\nWidth = {value}\r\n");
    struct Case {
        name: &'static str,
        width: u16,
        monitor_m: &'static str,
        keys: String,
        expected: Option<f64>,
    }
    let case = |name, width, monitor_m, keys, expected| Case { name, width, monitor_m, keys, expected };
    let cases = [
        // the monitor says 5.825 nm in all of them
        case("512 px, no key of the image", 512, "5.824988e-009", width("5.965 µm"), Some(5965.0 / 512.0)),
        case("2048 px", 2048, "2.465245e-008", image("12.33 nm"), Some(12.33)),
        case("3072 px, pm", 3072, "2.700000e-009", image("900.0 pm"), Some(0.9)),
        case("1024 px, the finest digits", 1024, "2.614514e-006", image("2.615 µm"), Some(2614.514)),
        case("640 px, mm", 640, "1.250000e-003", image("2.000 mm"), Some(2e6)),
        case("only the block of numbers", 512, "5.824988e-009", String::new(), Some(11.649_976)),
        case("number block contradicts", 2048, "9.000000e-008", image("12.33 nm"), None),
        case("no pixel size at all", 512, "0", String::new(), None),
        case("empty and unknown units", 512, "", image("12.33 parsec") + "AP_WIDTH\r\nWidth =\r\n", None),
    ];
    for Case { name, width, monitor_m, keys, expected } in cases {
        let facts = facts(page(3, width).text(ZEISS, &zeiss(monitor_m, &keys)));
        match expected {
            Some(nm) => assert_pixel(name, &facts, (nm, nm)),
            None => {
                assert_eq!(pixel(&facts), None, "{name}");
                assert!(!facts.warnings.is_empty(), "{name}");
            }
        }
        assert_eq!(facts.instrument.accelerating_voltage_kv, Some(5.0), "{name}: the actual, not the target");
        assert_eq!(facts.instrument.magnification, Some(50_000.0), "{name}");
        assert_eq!(facts.instrument.date.as_deref(), Some("25 Sep 2018 8:20:42"), "{name}");
    }
}

#[test]
fn an_sfeg_file_gives_settings_and_no_pixel_size() {
    let text = "\r\n[DatabarData]\r\nflAccV = 5000.000\r\nflMagn =     0.00783\r\nflWD = 4.878\r\n\
        [Vector]\r\nMagnification = 15000.001\r\n";
    let facts = facts(page(3, 5).text(FEI_SFEG, text.as_bytes()));
    assert_eq!((pixel(&facts), facts.specimen_rows), (None, None));
    assert_eq!(facts.instrument.magnification, Some(15_000.001));
    assert_eq!(facts.instrument.working_distance_mm, Some(4.878));
}

#[test]
fn nothing_else_is_a_calibration() {
    let imagej = |text: &'static str| page(3, 5).text(DESCRIPTION, text.as_bytes());
    for (name, page) in [
        ("dpi only", page(3, 5).short(296, &[2])),
        ("dots per centimetre", page(3, 5).short(296, &[3])),
        ("ImageJ without unit", imagej("ImageJ=1.53t\nimages=1\n")),
        ("ImageJ, pixel", imagej("ImageJ=1.53t\nunit=pixel\n")),
        ("ImageJ, inch from dpi", imagej("ImageJ=1.53t\nunit=inch\n")),
        ("ImageJ, cm from dpi", imagej("ImageJ=1.53t\nunit=cm\n")),
        ("another program's unit", imagej("Photoshop\nunit=nm\n")),
        ("ImageJ not at the start", imagej(" ImageJ=1.53t\nunit=nm\n")),
        ("a text about pixels", imagej("PixelWidth=5e-9 [Scan]")),
        ("OME without size", imagej("<OME><Image><Pixels SizeX='5' SizeY='3'/></Image></OME>")),
        ("OME, resized", imagej("<OME><Image><Pixels SizeX='9' SizeY='3' PhysicalSizeX='1'/></Image></OME>")),
        ("OME, negative", imagej("<OME><Image><Pixels PhysicalSizeX='-1'/></Image></OME>")),
        ("other XML", imagej("<x PhysicalSizeX='1'/>")),
    ] {
        let page = page.rational(X_RESOLUTION, (96, 1)).rational(Y_RESOLUTION, (96, 1));
        assert_eq!(pixel(&facts(page)), None, "{name}");
    }
    let zero = imagej("ImageJ=1.53t\nunit=nm\n");
    for resolution in [(0, 1), (1, 0), (0, 0)] {
        assert_eq!(pixel(&facts(zero.clone().rational(X_RESOLUTION, resolution))), None, "{resolution:?}");
    }
}

#[test]
fn a_typed_pixel_size_goes_first() {
    let bytes = file(&[page(36, 40).text(FEI_HELIOS, FEI.as_bytes())]);
    let typed = |nm| facts_with(&bytes, &ReadConfig { nm_per_px: Some(nm), ..ReadConfig::default() });
    let facts = typed(7.5).unwrap();
    assert_pixel("typed", &facts, (7.5, 7.5));
    assert!(facts.warnings[0].contains("7.5 nm (typed)"), "{:?}", facts.warnings);
    for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e-300, 1e-4, 2e7] {
        let error = typed(nonsense).unwrap_err().to_string();
        assert!(error.contains("expected a pixel size from 0.001 to 10000000 nm"), "{error}");
    }
}

#[test]
fn a_text_whose_tag_is_damaged_is_found_at_the_end_of_the_file() {
    // as if the number of the tag had lost its upper bits, with the text still there
    let mut bytes = file(&[page(36, 40)]);
    bytes.extend(FEI.as_bytes());
    let facts = facts_with(&bytes, &ReadConfig::default()).unwrap();
    assert_pixel("lost text", &facts, (5.0, 6.0));
    assert!(facts.warnings[0].contains("34682"), "{:?}", facts.warnings);
}

/// Small files of each vendor, and their true pixel size.
fn vendor_files() -> Vec<(&'static str, Vec<u8>, (f64, f64))> {
    let image = "AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 12.33 nm\r\n";
    let ramp: Vec<u16> = (0..768).map(|idx| 257 * (idx % 256)).collect();
    let zeiss = page(5, 64).short(262, &[3]).short(320, &ramp).text(ZEISS, &zeiss("7.706250e-010", image));
    let xml = "<Metadata><BinaryResult><PixelSize><X unit=\"nm\">97.6562</X><Y unit=\"nm\">97.6562</Y>\
        </PixelSize></BinaryResult></Metadata>";
    let imagej = page(5, 7).text(DESCRIPTION, b"ImageJ=1.53t\nunit=nm\n").rational(X_RESOLUTION, (1, 4));
    vec![
        ("FEI", file(&[page(36, 40).text(FEI_HELIOS, FEI.as_bytes())]), (5.0, 6.0)),
        ("FEI XML", file(&[page(5, 7).text(FEI_TITAN, xml.as_bytes())]), (97.6562, 97.6562)),
        ("Zeiss", file(&[zeiss]), (12.33, 12.33)),
        ("ImageJ", file(&[imagej]), (4.0, 4.0)),
    ]
}

#[test]
fn a_file_cut_anywhere_gives_the_right_pixel_size_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.tif");
    for (name, bytes, expected) in vendor_files() {
        assert_pixel(name, &facts_with(&bytes, &ReadConfig::default()).unwrap(), expected);
        for length in (0..bytes.len()).step_by(64).chain(bytes.len() - 64..bytes.len()) {
            std::fs::write(&path, &bytes[..length]).unwrap();
            if let Ok(facts) = read::facts(&path, &ReadConfig::default())
                && pixel(&facts).is_some()
            {
                assert_pixel(name, &facts, expected);
            }
            if let Err(error) = read::micrograph(&path, &ReadConfig::default()) {
                assert!(error.to_string().contains("cut.tif"), "{name}: {error}");
            }
        }
    }
}

#[test]
fn a_text_cut_anywhere_gives_the_right_pixel_size_or_none() {
    // the tag claims the whole text, which stands last in the file, and the file is cut in it
    for (name, tag, height, width, text, expected) in [
        ("FEI", FEI_HELIOS, 36, 40, FEI.as_bytes().to_vec(), (5.0, 6.0)),
        (
            "Zeiss",
            ZEISS,
            5,
            64,
            zeiss("7.706250e-010", "AP_WIDTH\r\nWidth = 789.1 nm\r\n"),
            (789.1 / 64.0, 789.1 / 64.0),
        ),
    ] {
        let whole = file(&[page(height, width).text(tag, &text)]);
        let at = whole.windows(text.len()).position(|window| window == text).unwrap();
        // points the tag to a copy at the end
        let mut moved = whole.clone();
        let pointer = (at as u32).to_le_bytes();
        let field = moved.windows(4).rposition(|window| window == pointer).unwrap();
        moved[field..field + 4].copy_from_slice(&(whole.len() as u32).to_le_bytes());
        moved[at..at + text.len()].fill(0);
        for length in 0..=text.len() {
            let bytes = [&moved[..], &text[..length]].concat();
            let facts = facts_with(&bytes, &ReadConfig::default()).unwrap();
            if length < text.len() {
                assert!(facts.warnings.iter().any(|warning| warning.contains("cut off")), "{name}: {length}");
            }
            if name == "FEI" && pixel(&facts).is_some_and(|(_, y)| (y - 5.0).abs() < 1e-9) {
                continue; // the height of a pixel was cut off: taken as square
            }
            if name == "Zeiss" && pixel(&facts).is_some_and(|(x, _)| (x / 12.33 - 1.0).abs() < 1e-9) {
                continue; // the field was cut off: the block of numbers tells 7.70625e-10 · 1024 / 64
            }
            if pixel(&facts).is_some() {
                assert_pixel(name, &facts, expected);
            }
        }
    }
}

#[test]
fn flipped_bits_and_swapped_lengths_do_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flipped.tif");
    let config = ReadConfig { most_bytes: 1 << 20, ..ReadConfig::default() };
    for (name, bytes, _) in vendor_files() {
        for round in 0..500 {
            let mut stream = Stream::new(round, name, 0);
            let mut damaged = bytes.clone();
            for _ in 0..1 + stream.below(8) {
                let at = stream.below(damaged.len());
                match stream.below(3) {
                    0 => damaged[at] ^= 1 << stream.below(8),
                    1 => damaged[at] = [0, 0xff, 0x7f, 0x80][stream.below(4)],
                    _ => {
                        let other = stream.below(damaged.len());
                        damaged.swap(at, other);
                    }
                }
            }
            std::fs::write(&path, &damaged).unwrap();
            for error in [read::facts(&path, &config).err(), read::micrograph(&path, &config).err()]
                .into_iter()
                .flatten()
            {
                assert!(error.to_string().contains("flipped.tif"), "{name}: {error}");
            }
        }
    }
}

#[test]
fn hostile_texts_end_in_an_answer() {
    let long = |piece: &str| piece.repeat(60_000 / piece.len());
    for tag in [FEI_HELIOS, FEI_SFEG, FEI_TITAN, ZEISS, DESCRIPTION] {
        for text in [
            String::new(),
            "\0\0\0".to_owned(),
            "=\r\n[\r\n]\r\n[]\r\n[=]\r\n".to_owned(),
            "[Scan]\nPixelWidth=1e308\nPixelHeight=1e-308\n[Image]\nResolutionX=18446744073709551615\nResolutionY=1\n"
                .to_owned(),
            "[Scan]\nPixelWidth=1e-308\n[Image]\nResolutionX=5\nResolutionY=18446744073709551615\n".to_owned(),
            "[Scan]\nPixelWidth=-5e-9\n[Image]\nResolutionX=-5\nResolutionY=0\n".to_owned(),
            "AP_WD\nAP_WD\nAP_WD\n= =\nAP_MAG\n = K X\nDP_IMAGE_STORE\nx = 0 * 0\n".to_owned(),
            "DP_IMAGE_STORE\nx = 18446744073709551615 * 18446744073709551615\n".to_owned(),
            "<FeiImage><databarHeight>99999999999999999999</databarHeight><pixelWidth unit=''>1</pixelWidth>".to_owned(),
            "<FeiImage><databarHeight>4000000000</databarHeight></FeiImage>".to_owned(),
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Metadata>&b;</Metadata>".to_owned(),
            "ImageJ=\nunit=\nimages=-1\nunit=nm\n".to_owned(),
            long("[Scan]\r\nPixelWidth="),
            long("AP_IMAGE_PIXEL_SIZE\r\n"),
            long("<Metadata>"),
            long("é°µ=\u{0}"),
        ] {
            let facts = facts(page(3, 5).text(tag, text.as_bytes()).rational(X_RESOLUTION, (1, 1)));
            if let Some((x, y)) = pixel(&facts) {
                assert!(x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite(), "{tag}: {text:.80}: {x} {y}");
            }
        }
    }
}
