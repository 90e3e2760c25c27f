//! Reading PNG, JPEG and BMP files: values, kinds of pixels, no calibration from dots per inch.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use micrograph::read::{self, ReadConfig, ReadError};
use micrograph::{Micrograph, Source};

fn read_with(bytes: &[u8], config: &ReadConfig) -> Result<Micrograph, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.tif"); // the content counts, not the name
    std::fs::write(&path, bytes).unwrap();
    let read = read::micrograph(&path, config);
    if let Ok(micrograph) = &read {
        assert_eq!(read::facts(&path, config).unwrap(), micrograph.facts);
    }
    read
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn every_kind_of_pixel_keeps_its_value() {
    let grays = [0u8, 1, 2, 100, 254, 255];
    let expected = grays.map(f32::from);
    // rows of three pixels
    let gray = GrayImage::from_raw(3, 2, grays.to_vec()).unwrap();
    let rgb = RgbImage::from_fn(3, 2, |x, y| Rgb([grays[(3 * y + x) as usize]; 3]));
    let rgba = ImageBuffer::from_fn(3, 2, |x, y| {
        let gray = grays[(3 * y + x) as usize];
        Rgba([gray, gray, gray, 7])
    });
    let alpha = ImageBuffer::from_fn(3, 2, |x, y| LumaA([grays[(3 * y + x) as usize], 7]));
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> =
        ImageBuffer::from_fn(3, 2, |x, y| Luma([u16::from(grays[(3 * y + x) as usize])]));
    let png = ImageFormat::Png;
    for (name, bytes, format, sample) in [
        ("grey", encoded(gray.clone(), png), "PNG", "8-bit grey"),
        ("RGB", encoded(rgb.clone(), png), "PNG", "8-bit RGB"),
        ("RGBA", encoded(rgba, png), "PNG", "8-bit RGBA"),
        ("alpha", encoded(alpha, png), "PNG", "8-bit grey with alpha"),
        ("16 bit", encoded(deep, png), "PNG", "16-bit grey"),
        ("grey bitmap", encoded(gray, ImageFormat::Bmp), "BMP", "8-bit palette"),
        ("bitmap", encoded(rgb, ImageFormat::Bmp), "BMP", "8-bit RGB"),
    ] {
        let micrograph = read_with(&bytes, &ReadConfig::default()).unwrap();
        assert_eq!((micrograph.plane.height(), micrograph.plane.width()), (2, 3), "{name}");
        assert_eq!(micrograph.plane.values(), expected, "{name}");
        assert_eq!((micrograph.facts.format.as_str(), micrograph.facts.sample.as_str()), (format, sample));
        assert_eq!(micrograph.facts.calibration, None, "{name}");
    }
}

#[test]
fn colors_become_luma() {
    let image = RgbImage::from_raw(3, 1, vec![255, 0, 0, 0, 255, 0, 0, 0, 255]).unwrap();
    let micrograph = read_with(&encoded(image, ImageFormat::Png), &ReadConfig::default()).unwrap();
    // weights of ITU-R BT.601
    for (found, weight) in micrograph.plane.values().iter().zip([0.299, 0.587, 0.114]) {
        assert!((found - 255.0 * weight).abs() < 1e-3, "{found}");
    }
}

#[test]
fn colors_are_read_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let rgb = RgbImage::from_raw(2, 1, vec![255, 0, 51, 0, 102, 204]).unwrap();
    let transparent = ImageBuffer::from_raw(2, 1, vec![255, 0, 51, 0, 0, 102, 204, 9]).unwrap();
    let transparent: ImageBuffer<Rgba<u8>, Vec<u8>> = transparent;
    let deep = ImageBuffer::from_raw(2, 1, vec![65535, 0, 13107, 0, 26214, 52428]).unwrap();
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = deep;
    let (png, bmp) = (ImageFormat::Png, ImageFormat::Bmp);
    for bytes in [encoded(rgb.clone(), png), encoded(rgb, bmp), encoded(transparent, png), encoded(deep, png)]
    {
        std::fs::write(&path, bytes).unwrap();
        let [red, green, blue] = read::colors(&Source::read(&path).unwrap(), &ReadConfig::default()).unwrap();
        let found = [red.values(), green.values(), blue.values()].concat();
        for (found, expected) in found.iter().zip([1.0, 0.0, 0.0, 0.4, 0.2, 0.8]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
    // of a grey one all are alike
    std::fs::write(&path, encoded(GrayImage::from_pixel(3, 2, Luma([51])), png)).unwrap();
    for plane in read::colors(&Source::read(&path).unwrap(), &ReadConfig::default()).unwrap() {
        assert_eq!((plane.height(), plane.width()), (2, 3));
        assert!(plane.values().iter().all(|value| (value - 0.2).abs() < 1e-6));
    }
    // what micrographs are kept in besides is refused by name
    std::fs::write(&path, b"II*\0\x08\0\0\0").unwrap();
    let error = read::colors(&Source::read(&path).unwrap(), &ReadConfig::default()).unwrap_err();
    assert!(matches!(error, ReadError::Unsupported { .. }), "{error}");
    let most = ReadConfig { most_bytes: 80_000, ..ReadConfig::default() };
    std::fs::write(&path, encoded(GrayImage::new(64, 64), png)).unwrap();
    let error = read::colors(&Source::read(&path).unwrap(), &most).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error:?}");
}

#[test]
fn jpeg_is_read_and_its_density_is_no_calibration() {
    let mut bytes = encoded(GrayImage::from_pixel(24, 16, Luma([140])), ImageFormat::Jpeg);
    // the JFIF header: unit 1 is dots per inch, then the density along x and y
    let jfif = bytes.windows(5).position(|window| window == b"JFIF\0").unwrap();
    bytes[jfif + 7..jfif + 12].copy_from_slice(&[1, 0, 96, 0, 96]);
    let micrograph = read_with(&bytes, &ReadConfig::default()).unwrap();
    assert_eq!((micrograph.plane.height(), micrograph.plane.width()), (16, 24));
    assert!(micrograph.plane.values().iter().all(|value| (value - 140.0).abs() <= 1.0));
    assert_eq!(micrograph.facts.calibration, None);
    assert_eq!(micrograph.facts.sample, "8-bit grey");
}

#[test]
fn phenom_xml_inside_a_jpeg_calibrates_it() {
    let bytes = encoded(GrayImage::from_pixel(24, 16, Luma([140])), ImageFormat::Jpeg);
    let xml = "<?xml version=\"1.0\"?><FeiImage><databarHeight>4</databarHeight>\
        <pixelHeight unit=\"um\">0.06</pixelHeight><pixelWidth unit=\"um\">0.05</pixelWidth>\
        <instrument><type>Phenom</type></instrument></FeiImage>";
    let facts = read_with(&[&bytes[..], xml.as_bytes()].concat(), &ReadConfig::default()).unwrap().facts;
    let calibration = facts.calibration.unwrap();
    assert!((calibration.nm_per_px_x - 50.0).abs() < 1e-9 && (calibration.nm_per_px_y - 60.0).abs() < 1e-9);
    assert_eq!((facts.specimen_rows, facts.instrument.vendor.as_deref()), (Some(12), Some("Phenom")));
    // cut in the middle, it tells nothing
    let cut = [&bytes[..], &xml.as_bytes()[..xml.len() - 5]].concat();
    assert_eq!(read_with(&cut, &ReadConfig::default()).unwrap().facts.calibration, None);
}

#[test]
fn cut_files_pages_and_budgets_are_errors() {
    let image = GrayImage::from_fn(40, 30, |x, y| Luma([(x * y) as u8]));
    for format in [ImageFormat::Png, ImageFormat::Bmp] {
        let bytes = encoded(image.clone(), format);
        let cut = read_with(&bytes[..bytes.len() / 2], &ReadConfig::default());
        assert!(matches!(cut, Err(ReadError::Decode { .. })), "{format:?}");
    }
    let bytes = encoded(image.clone(), ImageFormat::Jpeg);
    for length in [bytes.len() / 2, bytes.len() - 12] {
        let cut = read_with(&bytes[..length], &ReadConfig::default());
        assert!(matches!(cut, Err(ReadError::Damaged { .. })), "{length} of {}", bytes.len());
    }
    // nothing but the end marker, or half of it, is missing
    let whole = read_with(&bytes, &ReadConfig::default()).unwrap();
    assert!(whole.facts.warnings.is_empty());
    for missing in [1, 2] {
        let cut = read_with(&bytes[..bytes.len() - missing], &ReadConfig::default()).unwrap();
        assert_eq!(cut.plane, whole.plane);
        assert!(cut.facts.warnings[0].contains("no end marker"), "{:?}", cut.facts.warnings);
    }
    let bytes = encoded(image, ImageFormat::Png);
    let page = read_with(&bytes, &ReadConfig { page: 1, ..ReadConfig::default() });
    assert!(matches!(page, Err(ReadError::NoPage { page: 1, n_pages: 1, .. })));
    // 1200 pixels as f32 and as 8 bit
    let budget = |most_bytes| read_with(&bytes, &ReadConfig { most_bytes, ..ReadConfig::default() });
    assert!(matches!(budget(5999), Err(ReadError::TooLarge { bytes: 6000, .. })));
}
