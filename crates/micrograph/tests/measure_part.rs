//! Measuring a part of an image that is too large to be read as a whole. Alone in its program: it sets the memory
//! for all.

#![cfg(feature = "measure")]

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::measure::file::{MeasureConfig, MeasureFileError, measure_file};
use micrograph::{ReadError, Rect, Source, memory};
use tiff::encoder::{TiffEncoder, colortype};

#[test]
fn the_box_of_an_image_beyond_the_memory_is_measured_by_itself() {
    memory::set_budget(1 << 20);
    // 4 MiB as f32: lines 15 px apart in the part, 40 px elsewhere
    let part = Rect { y: 500, x: 300, height: 200, width: 300 };
    let level = |y: usize, x: usize| {
        let inside = (500..700).contains(&y) && (300..600).contains(&x);
        let bright = x % if inside { 15 } else { 40 } < 7;
        (if bright { 170 } else { 70 }) + ((x * 7 + y * 13 + x * y % 11) % 9) as u8
    };
    let pixels: Vec<u8> = (0..1024).flat_map(|y| (0..1024).map(move |x| level(y, x))).collect();
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<colortype::Gray8>(1024, 1024).unwrap();
    image.rows_per_strip(16).unwrap();
    image.write_data(&pixels).unwrap();
    let source = Source::from_bytes(Path::new("large.tif"), bytes.into_inner());
    let measured = |config: MeasureConfig| measure_file(&source, &config, &mut |_| ControlFlow::Continue(()));

    let whole = measured(MeasureConfig::default());
    let error = whole.unwrap_err();
    assert!(matches!(&error, MeasureFileError::Read(ReadError::TooLarge { .. })), "{error}");
    assert!(error.to_string().contains("--memory"), "{error}");

    let found = measured(MeasureConfig { part: Some(part), ..MeasureConfig::default() }).unwrap();
    let report = &found.measured.report;
    let pitch = report.answers.iter().flat_map(|answer| &answer.findings).find(|one| one.name == "pitch");
    assert!((pitch.unwrap().quantity.value - 15.0).abs() < 0.1, "{pitch:?}");
    let warned =
        report.warnings.iter().any(|warning| format!("{warning:?}").contains("only the box was read"));
    assert!(warned, "{:?}", report.warnings);
    let outside = Rect { y: 900, ..part };
    assert!(measured(MeasureConfig { part: Some(outside), ..MeasureConfig::default() }).is_err());
}
