//! Pictures look as they did: overlays of measurements and a sheet of maps, compared with copies in `golden`.
//! `UPDATE_GOLDEN=1` writes the copies; look at them before they are committed.

#![cfg(all(feature = "measure", feature = "paint"))]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

use micrograph::calibration::CalibrationSource;
use micrograph::measure::draw::overlay;
use micrograph::measure::{ReportConfig, Task, measured};
use micrograph::paint::{Cell, ColorMap, ContactSheet, Picture, Sampling, Section, contact_sheet};
use micrograph::random::Stream;
use micrograph::{Calibration, Plane};

/// Largest mean difference of a pixel's colors in levels of 256: last digits of an interval may differ between
/// processors, and with them a few pixels of text.
const MOST_MEAN: f64 = 0.25;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Widest copy in px; wider pictures are compared after they are reduced.
const WIDEST: usize = 360;

/// Compares a picture with its copy, or writes the copy.
fn assert_as_before(name: &str, picture: &Picture) {
    let picture = &match picture.width() {
        0..=WIDEST => picture.clone(),
        width => picture.resized(picture.height() * WIDEST / width, WIDEST, Sampling::Area),
    };
    let path = golden(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, picture.png_bytes(None)).unwrap();
        return;
    }
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let copy = Picture::from_png_bytes(&bytes).unwrap();
    assert_eq!(
        (picture.height(), picture.width()),
        (copy.height(), copy.width()),
        "{name}: size; UPDATE_GOLDEN=1 writes it anew"
    );
    let difference: u64 = picture.rgb().iter().zip(copy.rgb()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    let mean = difference as f64 / copy.rgb().len() as f64;
    if mean > MOST_MEAN {
        let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&now, picture.png_bytes(None)).unwrap();
        panic!("{name}: differs by {mean:.2} levels on average; now: {}", now.display());
    }
}

/// A specimen on 180 × 240 px with noise of 2 levels.
fn specimen(level: impl Fn(f64, f64) -> f64) -> Plane {
    let mut stream = Stream::new(3, "golden", 0);
    Plane::from_fn(180, 240, |y, x| (level(y as f64, x as f64) + 2.0 * stream.normal()) as f32)
}

/// The overlay of what `what` finds, at 2 nm a pixel.
fn overlay_of(plane: &Plane, what: Task) -> Picture {
    let calibration = Calibration::square(2.0, CalibrationSource::Typed);
    let config = ReportConfig { what: vec![what], ..ReportConfig::default() };
    overlay(plane, &measured(plane, Some(&calibration), &config).unwrap())
}

#[test]
fn the_overlay_of_lines_is_as_before() {
    let plane = specimen(|y, x| {
        let phase = TAU * (0.94 * x + 0.34 * y) / 16.0;
        120.0 + 60.0 * (3.0 * phase.sin()).clamp(-1.0, 1.0)
    });
    assert_as_before("lines.png", &overlay_of(&plane, Task::Pitch));
}

#[test]
fn the_overlay_of_particles_is_as_before() {
    let plane = specimen(|y, x| {
        let inside = |at: f64, from: f64| (at - from).rem_euclid(60.0) - 30.0;
        let from_middle = inside(y, 5.0 * (x / 60.0).floor()).hypot(inside(x, 0.0));
        60.0 + 110.0 * (14.0 - from_middle).clamp(0.0, 1.0)
    });
    assert_as_before("particles.png", &overlay_of(&plane, Task::Count));
}

#[test]
fn a_sheet_of_maps_is_as_before() {
    let maps: Vec<Plane> = (0..6)
        .map(|channel| {
            let angle = f64::from(channel) * TAU / 12.0;
            Plane::from_fn(45, 60, |y, x| {
                let along = x as f64 * angle.cos() + y as f64 * angle.sin();
                if channel == 5 {
                    0.0
                } else {
                    (TAU * along / (4.0 + f64::from(channel))).sin().max(0.0) as f32
                }
            })
        })
        .collect();
    let cell = |channel: usize, dead: bool| Cell {
        plane: &maps[channel],
        label: format!("encoder.2:{channel}"),
        note: if dead { "dead".to_owned() } else { format!("energy 0.{channel}") },
        dead,
    };
    let sheet = ContactSheet {
        title: "wires.tif: encoder.2".to_owned(),
        subtitle: "6 channels, 5 of them live".to_owned(),
        sections: vec![
            Section {
                heading: "live".to_owned(),
                cells: (0..5).map(|channel| cell(channel, false)).collect(),
            },
            Section { heading: "dead".to_owned(), cells: vec![cell(5, true)] },
        ],
        map: ColorMap::Viridis,
        nm_per_px: Some(8.0),
        max_width_px: 480,
        ..ContactSheet::default()
    };
    assert_as_before("sheet.png", &contact_sheet(&sheet));
}
