//! Files whose pixels mislead sums of squares: one hot pixel, one grey level, noise of the last digit.

#![cfg(feature = "measure")]
#![expect(clippy::unwrap_used, reason = "a failed expectation is the test's answer")]

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};
use micrograph::measure::{MeasureConfig, Quantity, Report, Task, measure_file};
use micrograph::random::Stream;
use micrograph::{Plane, Source};

fn report(source: &Source) -> Report {
    let found = measure_file(source, &MeasureConfig::default(), &mut |_| ControlFlow::Continue(()));
    found.unwrap().measured.report
}

/// The number called `name`.
fn quantity(report: &Report, name: &str) -> Quantity {
    let mut all = report.answers.iter().flat_map(|answer| &answer.findings);
    all.find(|finding| finding.name == name)
        .unwrap_or_else(|| panic!("{name} in {report:#?}"))
        .quantity
        .clone()
}

fn source(name: &str, image: &DynamicImage) -> Source {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::from_path(name).unwrap()).unwrap();
    Source::from_bytes(Path::new(name), bytes.into_inner())
}

/// A plane in a file of 8 or 16 bits, or of floating-point numbers.
fn file(plane: &Plane, bits: u32) -> Source {
    let (height, width) = (plane.height() as u32, plane.width() as u32);
    let at = |x: u32, y: u32| plane.at(y as usize, x as usize);
    match bits {
        8 => source("made.png", &ImageBuffer::from_fn(width, height, |x, y| Luma([at(x, y) as u8])).into()),
        16 => source("made.png", &ImageBuffer::from_fn(width, height, |x, y| Luma([at(x, y) as u16])).into()),
        _ => {
            let mut bytes = Cursor::new(Vec::new());
            let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
            encoder
                .write_image::<tiff::encoder::colortype::Gray32Float>(width, height, plane.values())
                .unwrap();
            Source::from_bytes(Path::new("made.tif"), bytes.into_inner())
        }
    }
}

/// Upright lines 12 px apart, 12 000 to 18 000 with noise of 500.
fn lines() -> Plane {
    let mut stream = Stream::new(1, "test", 0);
    Plane::from_fn(160, 192, |_, x| {
        let wave = (std::f64::consts::TAU * x as f64 / 12.0).sin();
        (15_000.0 + 3000.0 * wave + 500.0 * stream.normal()).round() as f32
    })
}

fn is_told(report: &Report, word: &str) -> bool {
    report.warnings.iter().any(|warning| warning.text.contains(word))
}

#[test]
fn a_reported_hot_pixel_changes_no_number_and_is_told() {
    let files = ["hot-pixel", "hot-pixel-without"];
    let paths = files.map(|name| test_support::shared(format!("data/reported/{name}.tif")));
    let [Some(hot), Some(without)] = paths else { return };
    let [hot, without] = [hot, without].map(|path| report(&Source::read(&path).unwrap()));
    for report in [&hot, &without] {
        assert!((quantity(report, "pitch").value - 12.0).abs() < 0.005);
        assert!((quantity(report, "order").value - 0.99).abs() < 0.006);
    }
    // the first two pixels of both are lower and higher than any others
    let (n_hot, n_without) = ("3 pixels", "2 pixels");
    assert!(
        is_told(&hot, n_hot) && is_told(&without, n_without),
        "{:?} {:?}",
        hot.warnings,
        without.warnings
    );
}

#[test]
fn far_values_of_floating_point_files_change_no_number_and_are_told() {
    let plain = lines();
    for value in [1e30, -3e38, f32::INFINITY, f32::NAN] {
        let mut plane = plain.clone();
        plane.values_mut()[80 * 192 + 96] = value;
        let report = report(&file(&plane, 32));
        assert!((quantity(&report, "pitch").value - 12.0).abs() < 0.005, "{value}");
        assert!(quantity(&report, "order").value > 0.98, "{value}");
        assert!(is_told(&report, "1 pixel"), "{value}: {:?}", report.warnings);
    }
}

#[test]
fn a_flat_image_of_any_depth_is_flat_and_nothing_else() {
    let mut stream = Stream::new(4, "test", 0);
    let cases = [(8, 0.0), (8, 117.0), (8, 255.0), (16, 12_345.0), (16, 65_535.0), (32, -7.25), (32, 3.1e9)];
    for (bits, level) in cases {
        let constant = Plane::filled(160, 192, level);
        let mut planes = vec![constant.clone()];
        if bits < 32 {
            let lower = f32::from(u8::from(level > 250.0));
            planes.push(Plane::from_fn(160, 192, |_, _| level - lower + stream.below(2) as f32));
        }
        for plane in planes {
            let report = report(&file(&plane, bits));
            for answer in &report.answers {
                assert!(answer.findings.is_empty(), "{bits} bits, {level}: {answer:?}");
                let reason = &answer.refused[0].reason;
                assert!(reason.starts_with("the image is flat: "), "{bits} bits, {level}: {reason}");
            }
            let tasks: Vec<Task> = report.answers.iter().map(|answer| answer.task).collect();
            assert_eq!(tasks, [Task::Pitch, Task::Lattice, Task::Count, Task::Fibers, Task::Orientation]);
        }
    }
    let Some(path) = test_support::shared("data/reported/constant-12345.tif") else { return };
    let report = report(&Source::read(&path).unwrap());
    assert!(
        report
            .answers
            .iter()
            .all(|answer| answer.refused[0].reason == "the image is flat: every pixel is 12345")
    );
}

#[cfg(feature = "synth")]
#[test]
fn a_flat_specimen_above_a_data_bar_is_flat() {
    use micrograph::synth::{SynthConfig, micrograph};
    let made = micrograph(&SynthConfig { data_bar: true, ..SynthConfig::default() }, 1).unwrap();
    let first = made.data_bar.as_ref().unwrap().first_row;
    for level in [40.0, 117.0] {
        let (height, width) = (made.plane.height(), made.plane.width());
        let plane = Plane::from_fn(height, width, |y, x| if y < first { level } else { made.plane.at(y, x) });
        let report = report(&file(&plane, 8));
        assert!(report.height <= first, "the bar is cut off: {} of {first}", report.height);
        let reasons =
            report.answers.iter().map(|answer| answer.refused.first().map(|refused| refused.reason.as_str()));
        assert!(reasons.flatten().all(|reason| reason.contains("flat")), "{report:#?}");
        assert!(report.answers.iter().all(|answer| answer.findings.is_empty()), "{report:#?}");
    }
}
