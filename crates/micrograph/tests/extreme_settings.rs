//! Settings and records with numbers of any size: every one ends in a measurement or an error that names what was
//! found, none in a panic.

#![cfg(feature = "measure")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::ops::ControlFlow;
use std::path::Path;

use micrograph::data_bar::DataBarChoice;
use micrograph::measure::file::{MeasureConfig, MeasureFileError, measure_file};
use micrograph::random::Stream;
use micrograph::{Rect, Source};

const HEIGHT: usize = 24;
const WIDTH: usize = 36;

/// A PNG of a bar on noise.
fn image() -> Source {
    let mut stream = Stream::new(1, "image", 0);
    let image = image::GrayImage::from_fn(WIDTH as u32, HEIGHT as u32, |x, y| {
        let noise = stream.between(60.0, 120.0) as u8;
        image::Luma([if (8..28).contains(&x) && (15..18).contains(&y) { 255 } else { noise }])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    Source::from_bytes(Path::new("small.png"), bytes.into_inner())
}

const COUNTS: [usize; 9] = [0, 1, 5, 23, 24, 25, 1 << 32, usize::MAX - 1, usize::MAX];
const NUMBERS: [f64; 14] = [
    0.0,
    -0.0,
    -1.0,
    1e-4,
    1e-3,
    2.5,
    1e7,
    1.1e7,
    1e300,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

fn count(stream: &mut Stream) -> usize {
    if stream.below(2) == 0 { stream.below(30) } else { COUNTS[stream.below(COUNTS.len())] }
}

fn number(stream: &mut Stream) -> Option<f64> {
    (stream.below(3) > 0).then(|| NUMBERS[stream.below(NUMBERS.len())])
}

fn rect(stream: &mut Stream) -> Option<Rect> {
    (stream.below(2) == 0).then(|| Rect {
        y: count(stream),
        x: count(stream),
        height: count(stream),
        width: count(stream),
    })
}

#[test]
fn settings_of_any_size_end_in_a_measurement_or_an_error() {
    let source = image();
    let (mut n_measured, mut n_refused) = (0, 0);
    for round in 0..1500 {
        let mut stream = Stream::new(round, "settings", 0);
        let config = MeasureConfig {
            nm_per_px: number(&mut stream),
            bar_nm: number(&mut stream),
            bar_box: rect(&mut stream),
            part: rect(&mut stream),
            page: if stream.below(8) == 0 { count(&mut stream) } else { 0 },
            data_bar: match stream.below(4) {
                0 => DataBarChoice::CropBottom(count(&mut stream)),
                1 => DataBarChoice::Keep,
                _ => DataBarChoice::Find,
            },
            ..MeasureConfig::default()
        };
        match measure_file(&source, &config, &mut |_| ControlFlow::Continue(())) {
            Ok(found) => {
                n_measured += 1;
                if let Some(calibration) = &found.measured.report.calibration {
                    assert!((1e-3..=1e7).contains(&calibration.nm_per_px_x), "{config:?}: {calibration:?}");
                }
            }
            Err(error) => {
                n_refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    eprintln!("{n_measured} measured, {n_refused} refused");
    assert!(n_measured > 50 && n_refused > 50, "{n_measured} measured, {n_refused} refused");
}

#[test]
fn each_number_that_is_out_of_range_is_named_with_its_range() {
    let source = image();
    let error = |config: MeasureConfig| -> MeasureFileError {
        measure_file(&source, &config, &mut |_| ControlFlow::Continue(())).unwrap_err()
    };
    let default = MeasureConfig::default;
    let all = Rect { y: 0, x: 0, height: HEIGHT, width: WIDTH };
    let most = usize::MAX;
    for (name, config, words) in [
        (
            "no size",
            MeasureConfig { nm_per_px: Some(0.0), ..default() },
            &["0.001 to 10000000 nm", "found 0"][..],
        ),
        (
            "negative",
            MeasureConfig { nm_per_px: Some(-2.0), ..default() },
            &["0.001 to 10000000 nm", "found -2"],
        ),
        ("NaN", MeasureConfig { nm_per_px: Some(f64::NAN), ..default() }, &["0.001 to 10000000 nm", "NaN"]),
        ("absurd", MeasureConfig { nm_per_px: Some(1e300), ..default() }, &["0.001 to 10000000 nm"]),
        (
            "bar of no length",
            MeasureConfig { bar_nm: Some(0.0), bar_box: Some(all), ..default() },
            &["length above 0 nm", "found 0 nm for 20 px"],
        ),
        (
            "absurd bar",
            MeasureConfig { bar_nm: Some(1e300), bar_box: Some(all), ..default() },
            &["0.001 to 10000000 nm", "20 px"],
        ),
        (
            "box beyond any image",
            MeasureConfig { bar_nm: Some(5.0), bar_box: Some(Rect { y: most, ..all }), ..default() },
            &["inside of 36 × 24 px", "18446744073709551615"],
        ),
        (
            "empty box",
            MeasureConfig { bar_nm: Some(5.0), bar_box: Some(Rect { height: 0, ..all }), ..default() },
            &["inside of 36 × 24 px", "0 rows"],
        ),
        (
            "part",
            MeasureConfig { part: Some(Rect { x: most, ..all }), ..default() },
            &["36 × 24 px", "18446744073709551615"],
        ),
        (
            "all rows cut",
            MeasureConfig { data_bar: DataBarChoice::CropBottom(most), ..default() },
            &["18446744073709551615 rows", "24 rows"],
        ),
        ("page", MeasureConfig { page: most, ..default() }, &["a page from 0 to 0", "18446744073709551615"]),
    ] {
        let text = error(config).to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{name}: {text}");
        assert!(text.contains("small.png") || text.contains("--box"), "{name}: {text}");
    }
}
