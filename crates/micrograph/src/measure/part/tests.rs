//! Tests of the search in a part of an image, on drawn lines and dots.

use std::f64::consts::TAU;

use super::*;
use crate::measure::{ReportConfig, Task, measured};
use crate::random::Stream;

/// Part of the image that holds lines.
const HELD: Rect = Rect { y: 60, x: 90, height: 150, width: 140 };

/// What `level` gives at each `[y, x]` inside of `held`, on noise.
fn noisy(size: (usize, usize), held: Rect, seed: u64, level: impl Fn(f64, f64) -> f64) -> Plane {
    let mut stream = Stream::new(seed, "test part", 0);
    Plane::from_fn(size.0, size.1, |y, x| {
        let inside =
            (held.y..held.y + held.height).contains(&y) && (held.x..held.x + held.width).contains(&x);
        let level = if inside { level(y as f64, x as f64) } else { 0.0 };
        (80.0 + level + 5.0 * stream.normal()) as f32
    })
}

/// A bright line 14 px wide where `across` is near one of `middles`.
fn line(across: f64, middles: &[f64]) -> f64 {
    let nearest = middles.iter().map(|at| (across - at).abs()).fold(f64::MAX, f64::min);
    30.0 * (1.0 - ((nearest - 7.0) / 1.5).tanh())
}

/// Middles of `n` lines `pitch` apart about 0.
fn middles(n: i32, pitch: f64) -> Vec<f64> {
    (0..n).map(|k| pitch * (f64::from(k) - f64::from(n - 1) / 2.0)).collect()
}

/// Lines with these middles across an axis, in the middle of an image.
fn lines_along(axis_deg: f64, middles: &[f64], seed: u64) -> Plane {
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    noisy((260, 300), Rect { y: 0, x: 0, height: 260, width: 300 }, seed, |y, x| {
        let (dy, dx) = (y - 130.0, x - 150.0);
        let (across, along) = (sin * dx + cos * dy, cos * dx - sin * dy);
        if along.abs() < 75.0 { line(across, middles) } else { 0.0 }
    })
}

/// Round dots at `places` `[y, x]`, on noise.
fn dots_at(size: (usize, usize), places: &[[f64; 2]], seed: u64) -> Plane {
    noisy(size, Rect { y: 0, x: 0, height: size.0, width: size.1 }, seed, |y, x| {
        let near = |at: &[f64; 2]| (-((at[0] - y).powi(2) + (at[1] - x).powi(2)) / 12.0).exp();
        100.0 * places.iter().map(near).fold(0.0, f64::max)
    })
}

fn grating_in(plane: &Plane) -> Grating {
    match in_part(plane, &Geometry::default()) {
        Some(InPart::Lines(found)) => found,
        Some(InPart::Dots(found)) => panic!("a lattice of {}, {}", found.first.text(), found.second.text()),
        None => panic!("nothing was found"),
    }
}

fn nothing_in(name: &str, plane: &Plane) {
    match in_part(plane, &Geometry::default()) {
        Some(InPart::Lines(found)) => panic!("{name}: {} lines, {}", found.n_lines, found.pitch.text()),
        Some(InPart::Dots(found)) => panic!("{name}: {}, {}", found.first.text(), found.second.text()),
        None => {}
    }
}

#[test]
fn five_lines_in_a_part_of_the_image_have_a_pitch_an_axis_and_a_box() {
    for (axis, pitch) in [(90.0, 27.0), (0.0, 30.5), (34.0, 24.3)] {
        let found = grating_in(&lines_along(axis, &middles(5, pitch), 1));
        let off = (found.pitch.value - pitch).abs();
        assert!(
            off < 0.004 * pitch && off < found.pitch.expanded_uncertainty,
            "{axis}: {}",
            found.pitch.text()
        );
        let turned = crate::measure::geometry::axis_difference_deg(found.axis.value, axis).abs();
        assert!(turned < 0.6, "{axis}: {}", found.axis.text());
        assert_eq!(found.n_lines, 5, "{axis}");
        let part = found.part.unwrap();
        let middle = [part.y as f64 + part.height as f64 / 2.0, part.x as f64 + part.width as f64 / 2.0];
        assert!((middle[0] - 130.0).abs() < 20.0 && (middle[1] - 150.0).abs() < 20.0, "{axis}: {part:?}");
        assert!(part.height < 240 && part.width < 260, "{axis}: {part:?}");
    }
}

#[test]
fn lines_of_a_large_image_are_placed_in_its_own_pixels() {
    let held = Rect { y: 300, x: 350, height: 400, width: 420 };
    let pitch = 61.3;
    let plane = noisy((900, 1100), held, 3, |_, x| line((x - 560.0) / 2.0, &middles(6, pitch / 2.0)));
    let found = grating_in(&plane);
    let off = (found.pitch.value - pitch).abs();
    assert!(off < found.pitch.expanded_uncertainty && off < 0.15, "{}", found.pitch.text());
    let part = found.part.unwrap();
    assert!(part.y.abs_diff(held.y) < 60 && part.height.abs_diff(held.height) < 100, "{part:?}");
    assert!(part.x.abs_diff(376) < 15 && part.width.abs_diff(368) < 20, "{part:?}");
}

#[test]
fn rough_lines_and_lines_in_a_slight_fan_are_kept() {
    let mut stream = Stream::new(11, "test part", 1);
    // an offset of all edges that wanders along the lines
    let mut wander = vec![0.0];
    (1..300).for_each(|at| wander.push(0.97 * wander[at - 1] + 0.35 * stream.normal()));
    let rough = noisy((260, 300), HELD, 5, |y, x| line(x - 160.0 - wander[y as usize], &middles(5, 27.0)));
    let found = grating_in(&rough);
    assert!((found.pitch.value - 27.0).abs() < found.pitch.expanded_uncertainty, "{}", found.pitch.text());
    // 4 % wider at one end than in the middle, as in perspective
    let fan = noisy((260, 300), HELD, 6, |y, x| {
        line((x - 160.0) / (1.0 + 0.04 * (y - 135.0) / 75.0), &middles(5, 27.0))
    });
    let found = grating_in(&fan);
    assert!((found.pitch.value - 27.0).abs() < found.pitch.expanded_uncertainty, "{}", found.pitch.text());
    assert!(found.pitch.expanded_uncertainty > 0.4, "the change is in the interval: {}", found.pitch.text());
}

#[test]
fn lines_that_fill_half_of_an_image_have_their_pitch_and_no_multiple_of_it() {
    let left = Rect { y: 0, x: 0, height: 300, width: 320 };
    for pitch in [7.0, 9.3, 12.0, 14.0, 15.5, 17.0, 18.0, 19.0, 20.0, 21.0, 25.0] {
        let noise = 3.0; // of 5 grey levels each
        let plane = noisy((300, 640), left, 12, |_, x| 80.0 / noise * (TAU * x / pitch).sin());
        let found = grating_in(&plane);
        let off = (found.pitch.value - pitch).abs();
        assert!(
            off < found.pitch.expanded_uncertainty && off < 0.01 * pitch,
            "{pitch}: {}",
            found.pitch.text()
        );
    }
    // beside others, either of them
    for pitches in [[12.0, 17.0], [14.0, 20.0], [17.0, 23.0]] {
        let plane = noisy((300, 640), Rect { width: 640, ..left }, 13, |_, x| {
            27.0 * (TAU * x / pitches[usize::from(x > 320.0)]).sin()
        });
        let found = grating_in(&plane).pitch;
        let near = |pitch: f64| (found.value - pitch).abs() < found.expanded_uncertainty.min(0.01 * pitch);
        assert!(pitches.into_iter().any(near), "{pitches:?}: {}", found.text());
    }
}

#[test]
fn intervals_of_lines_in_a_part_hold_the_pitch() {
    let mut stream = Stream::new(6, "test part", 4);
    let (mut n_found, mut n_outside, mut low) = (0, 0, 0);
    for seed in 0..40 {
        let pitch = stream.between(12.0, 45.0);
        let phase = stream.uniform();
        let width = stream.between(4.5 * pitch, 280.0) as usize;
        let held = Rect { y: 20, x: 60, height: 220, width };
        let plane = noisy((300, 384), held, seed, |_, x| 28.0 * (TAU * (x / pitch + phase)).sin());
        let Some(InPart::Lines(found)) = in_part(&plane, &Geometry::default()) else { continue };
        let off = found.pitch.value - pitch;
        n_found += 1;
        n_outside += usize::from(off.abs() > found.pitch.expanded_uncertainty);
        low += usize::from(off < 0.0);
        assert!(off.abs() < 0.02 * pitch, "{pitch}: {}", found.pitch.text());
    }
    assert!(n_found >= 25, "{n_found}");
    assert!(10 * n_outside <= n_found, "{n_outside} of {n_found} outside, {low} low");
    assert!((n_found / 4..=3 * n_found / 4).contains(&low), "{low} of {n_found} are low");
}

#[test]
fn lines_that_alternate_repeat_with_each_pair() {
    // every other line is half as bright
    let pair = |x: f64| line(x, &[-40.0, 0.0, 40.0, 80.0]) + 0.5 * line(x, &[-60.0, -20.0, 20.0, 60.0]);
    let found = grating_in(&noisy((260, 300), HELD, 14, |_, x| pair((x - 160.0) * 1.5)));
    assert!((found.pitch.value - 40.0 / 1.5).abs() < 0.3, "{}", found.pitch.text());
}

#[test]
fn lines_at_irregular_distances_have_no_pitch() {
    for (seed, middles) in [
        (1, vec![-80.0, -50.0, -29.0, 10.0, 31.0, 66.0]),
        (2, vec![-70.0, -40.0, 5.0, 28.0, 75.0]),
        (3, vec![-90.0, -66.0, -34.0, 4.0, 26.0, 44.0, 85.0]),
    ] {
        nothing_in(&format!("{middles:?}"), &lines_along(90.0, &middles, seed));
    }
}

#[test]
fn arcs_of_rings_noise_and_a_lone_edge_have_no_pitch() {
    for (middle, pitch) in [([150.0, -10.0], 24.0), ([130.0, 150.0], 20.0), ([300.0, 40.0], 27.0)] {
        let all = Rect { y: 0, x: 0, height: 260, width: 300 };
        let rings = noisy((260, 300), all, 7, |y, x| {
            let radius = (y - middle[0]).hypot(x - middle[1]);
            if (4.0 * pitch..9.6 * pitch).contains(&radius) {
                30.0 * (1.0 + (TAU * radius / pitch).cos())
            } else {
                0.0
            }
        });
        nothing_in(&format!("rings about {middle:?}"), &rings);
    }
    nothing_in("noise", &noisy((260, 300), HELD, 8, |_, _| 0.0));
    nothing_in("edge", &noisy((260, 300), HELD, 9, |_, _| 60.0));
}

#[test]
fn an_array_in_a_part_of_the_image_is_found_among_other_dots() {
    let mut stream = Stream::new(3, "test part", 2);
    let mut places: Vec<[f64; 2]> = (0..30)
        .map(|at| {
            let (i, j) = (f64::from(at % 6), f64::from(at / 6));
            [60.0 + 19.0 * j + 3.0 * i, 90.0 + 24.0 * i - 2.0 * j]
        })
        .collect();
    places.extend((0..12).map(|_| [stream.between(10.0, 230.0), stream.between(10.0, 310.0)]));
    let Some(InPart::Dots(found)) = in_part(&dots_at((240, 320), &places, 10), &Geometry::default()) else {
        panic!("no lattice was found")
    };
    let (first, second) = (19.0_f64.hypot(2.0), 24.0_f64.hypot(3.0));
    for (vector, truth) in [(&found.first, first), (&found.second, second)] {
        let off = (vector.value - truth).abs();
        assert!(off < vector.expanded_uncertainty.max(0.1) && off < 0.2, "{} for {truth}", vector.text());
    }
    assert!((30..=31).contains(&found.n_found), "{}: one of the others may be at a site", found.n_found);
    // the array, with a cell more where one of the others is at a site
    let part = found.part.unwrap();
    assert!((20..=60).contains(&part.y) && (46..=82).contains(&part.x), "{part:?}");
    assert!((92..=140).contains(&part.height) && (128..=180).contains(&part.width), "{part:?}");
}

#[test]
fn dots_at_random_and_packed_discs_are_no_lattice() {
    for seed in 0..6 {
        let mut stream = Stream::new(seed, "test part", 3);
        let mut places: Vec<[f64; 2]> = Vec::new();
        // as close as they come without overlap, or anywhere
        let least = if seed % 2 == 0 { 0.0 } else { 15.0 };
        for _ in 0..4000 {
            let place = [stream.between(0.0, 240.0), stream.between(0.0, 320.0)];
            let free = places.iter().all(|at| (at[0] - place[0]).hypot(at[1] - place[1]) >= least);
            if free && (least > 0.0 || places.len() < 150) {
                places.push(place);
            }
        }
        nothing_in(&format!("dots of seed {seed}"), &dots_at((240, 320), &places, seed));
    }
}

#[test]
fn a_report_says_in_which_part_lines_are_and_on_how_many_it_rests() {
    let plane = lines_along(90.0, &middles(5, 27.0), 1);
    let report = measured(&plane, None, &ReportConfig::default()).unwrap().report;
    let answer = &report.answers[0];
    let summary = answer.summary.as_deref().unwrap_or_default();
    assert!(answer.task == Task::Pitch && summary.contains("in a part of the image ("), "{answer:?}");
    let lines = answer.findings.iter().find(|finding| finding.name == "lines").unwrap();
    assert!((lines.quantity.value - 5.0).abs() < 1e-9);
    assert!(
        report.warnings.iter().any(|warning| warning.text.starts_with("5 lines in a part")),
        "{report:?}"
    );
}

#[test]
fn where_lines_fill_the_image_nothing_is_looked_for_in_a_part() {
    let plane = noisy((200, 260), Rect { y: 0, x: 0, height: 200, width: 260 }, 2, |y, x| {
        40.0 * (TAU * (x + 0.2 * y) / 13.0).sin()
    });
    let expected = crate::measure::grating(&plane, &crate::measure::GratingConfig::default()).unwrap();
    let found = measured(&plane, None, &ReportConfig::default()).unwrap();
    assert_eq!(found.details.grating, Some(expected));
    // what was not requested is not reported, and no part of it stands for what was
    let config = ReportConfig { what: vec![Task::Lattice], ..ReportConfig::default() };
    let found = measured(&plane, None, &config).unwrap();
    assert!(found.details.lattice.is_none() && found.details.grating.is_none());
}
