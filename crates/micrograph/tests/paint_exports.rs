//! Files as other programs open them: leaves a calibrated stack, an NPZ and a PNG in cargo's folder
//! for temporary files of tests, and reads them back with crates that did not write them.

#![cfg(feature = "paint")]

use std::path::{Path, PathBuf};

use micrograph::paint::{ColorMap, NpzWriter, Picture, TiffStack};
use micrograph::{Calibration, CalibrationSource, Plane};

fn out(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn plane(channel: usize) -> Plane {
    Plane::from_fn(48, 70, |y, x| channel as f32 + (y as f32 * 0.2).sin() * (x as f32 * 0.1).cos())
}

#[test]
fn a_stack_keeps_numbers_and_pixel_size() {
    let path = out("stack.tif");
    let calibration = Calibration {
        nm_per_px_y: 15.41666,
        ..Calibration::square(7.70833, CalibrationSource::Vendor("FEI [Scan] PixelWidth".to_owned()))
    };
    let labels: Vec<String> = (0..3).map(|channel| format!("encoder.2:{channel} (µ)")).collect();
    let mut stack = TiffStack::create(&path, (48, 70), &labels, Some(&calibration)).unwrap();
    (0..3).for_each(|channel| stack.push(&plane(channel)).unwrap());
    stack.finish().unwrap();

    let mut single = TiffStack::create(&out("single.tif"), (48, 70), &labels[..1], None).unwrap();
    single.push(&plane(0)).unwrap();
    single.finish().unwrap();

    let mut decoder = tiff::decoder::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
    let mut per_nm = |tag| match decoder.get_tag(tag).unwrap() {
        tiff::decoder::ifd::Value::Rational(above, below) => f64::from(below) / f64::from(above),
        other => panic!("{other:?}"),
    };
    assert!((per_nm(tiff::tags::Tag::XResolution) / 7.70833 - 1.0).abs() < 1e-12);
    assert!((per_nm(tiff::tags::Tag::YResolution) / 15.41666 - 1.0).abs() < 1e-12);
    for channel in 0..3 {
        let tiff::decoder::DecodingResult::F32(values) = decoder.read_image().unwrap() else {
            panic!("not 32-bit floats")
        };
        assert_eq!(values, plane(channel).values());
        if channel < 2 {
            decoder.next_image().unwrap();
        }
    }
}

#[test]
fn arrays_and_pictures_come_back() {
    let mut npz = NpzWriter::create(&out("maps.npz")).unwrap();
    npz.push("image", &plane(0)).unwrap();
    npz.begin("encoder.2", &[3, 48, 70]).unwrap();
    (0..3).for_each(|channel| npz.append(plane(channel).values()).unwrap());
    npz.finish().unwrap();
    let mut archive = npyz::npz::NpzArchive::open(out("maps.npz")).unwrap();
    let maps = archive.by_name("encoder.2").unwrap().unwrap();
    assert_eq!(maps.shape(), [3, 48, 70]);
    let values: Vec<f32> = maps.into_vec().unwrap();
    assert_eq!(values[2 * 48 * 70..], *plane(2).values());

    let picture = Picture::from_plane(&plane(0), -1.0, 1.0, ColorMap::Cividis);
    picture.write_png(&out("picture.png"), Some((20.0, 10.0))).unwrap();
    let back = image::open(out("picture.png")).unwrap().to_rgb8();
    assert_eq!((back.height(), back.width()), (48, 70));
    assert_eq!(back.into_raw(), picture.rgb());
}
