//! Tests of reports as a whole: what is chosen, what becomes nanometres, what is drawn.

use super::*;
use crate::measure::geometry::axis_difference_deg;
use crate::measure::quantity::{Quantity, Unit};
use crate::random::Stream;
use crate::{CalibrationSource, DataBar, FileFacts, Micrograph, Rect, data_bar::DataBarEvidence};

/// Lines with noise, 14 px apart.
fn lines() -> Plane {
    let mut stream = Stream::new(3, "test", 0);
    Plane::from_fn(180, 240, |y, x| {
        let across = (0.9 * x as f64 + 0.3 * y as f64) / 14.0;
        let beside = ((across - across.round()).abs() - 0.25) * 14.0;
        (100.0 - 50.0 * (beside / 1.5).tanh() + 8.0 * stream.normal()) as f32
    })
}

/// Bright discs around these places with noise.
fn discs(places: &[[f64; 2]], radius: f64) -> Plane {
    let mut stream = Stream::new(5, "test", 0);
    Plane::from_fn(240, 300, |y, x| {
        let nearest =
            places.iter().map(|at| (at[0] - y as f64).hypot(at[1] - x as f64)).fold(f64::MAX, f64::min);
        (80.0 + 50.0 * ((radius - nearest) / 1.2).tanh() + 4.0 * stream.normal()) as f32
    })
}

fn lattice_of_discs(missing: [usize; 2]) -> Plane {
    let places = (0..9).flat_map(|i| (0..11).map(move |j| [i, j])).filter(|index| *index != missing);
    let places: Vec<_> = places.map(|[i, j]| [14.0 + 27.0 * i as f64, 16.0 + 27.0 * j as f64]).collect();
    discs(&places, 8.0)
}

fn randomly_placed() -> Plane {
    let places = [
        [40.0, 50.0],
        [52.0, 130.0],
        [35.0, 210.0],
        [60.0, 265.0],
        [110.0, 33.0],
        [99.0, 88.0],
        [120.0, 171.0],
        [103.0, 232.0],
        [160.0, 60.0],
        [180.0, 121.0],
        [150.0, 199.0],
        [178.0, 262.0],
        [214.0, 39.0],
        [209.0, 166.0],
        [217.0, 222.0],
    ];
    discs(&places, 11.0)
}

fn wire() -> Plane {
    let mut stream = Stream::new(7, "test", 0);
    Plane::from_fn(200, 260, |y, x| {
        let (y, x) = (y as f64, x as f64);
        let one = (y - 50.0 - 0.2 * x).abs();
        let two = (y - 150.0 + 0.1 * x).abs();
        (60.0 + 50.0 * ((5.0 - one.min(two)) / 1.2).tanh() + 3.0 * stream.normal()) as f32
    })
}

fn found(plane: &Plane, calibration: Option<&Calibration>) -> Measured {
    measured(plane, calibration, &ReportConfig::default()).unwrap()
}

fn quantity(report: &Report, name: &str) -> Quantity {
    let all = report.answers.iter().flat_map(|answer| &answer.findings);
    let finding = all.clone().find(|finding| finding.name == name);
    finding.unwrap_or_else(|| panic!("{name} in {report:#?}")).quantity.clone()
}

#[test]
fn the_evidence_chooses_what_is_measured_and_every_number_has_its_kind() {
    for (plane, task) in [
        (lines(), Task::Pitch),
        (lattice_of_discs([4, 5]), Task::Lattice),
        (randomly_placed(), Task::Count),
        (wire(), Task::Fibers),
    ] {
        let Measured { report, .. } = found(&plane, None);
        let answered: Vec<Task> = report
            .answers
            .iter()
            .filter(|answer| !answer.findings.is_empty())
            .map(|answer| answer.task)
            .collect();
        assert_eq!(answered, [task, Task::Orientation], "{report:#?}");
        for answer in &report.answers {
            for finding in &answer.findings {
                let kind = KINDS.iter().find(|kind| kind.name == finding.name).expect("a kind");
                assert_eq!(kind.task, answer.task, "{}", finding.name);
                let unit = match kind.dimension {
                    Dimension::Length => Unit::Px,
                    Dimension::Density => Unit::PerPx2,
                    Dimension::Angle => Unit::Degrees,
                    Dimension::Number | Dimension::Share => Unit::One,
                };
                assert_eq!(finding.quantity.unit, unit, "{}", finding.name);
                assert!(
                    finding.quantity.expanded_uncertainty.is_finite() && !finding.quantity.method.is_empty()
                );
            }
            assert!(!answer.findings.is_empty() || !answer.refused.is_empty(), "{answer:?}");
        }
        assert!(report.warnings.iter().any(|warning| warning.text.contains("px")), "{:?}", report.warnings);
    }
}

#[test]
fn calibrated_lengths_are_in_nanometres_and_as_uncertain_as_the_calibration() {
    let calibration =
        Calibration { relative_uncertainty: 0.02, ..Calibration::square(2.5, CalibrationSource::DrawnBar) };
    let (px, nm) = (found(&lines(), None).report, found(&lines(), Some(&calibration)).report);
    let (px, nm) = (quantity(&px, "pitch"), quantity(&nm, "pitch"));
    assert!(nm.unit == Unit::Nm && (nm.value - 2.5 * px.value).abs() < 1e-9);
    let standard_uncertainty = (2.5 * px.standard_uncertainty).hypot(0.02 * nm.value / 3.0_f64.sqrt());
    assert!((nm.standard_uncertainty - standard_uncertainty).abs() < 1e-9, "{nm:?}");
    assert_eq!(nm.components.last().unwrap().cause, "calibration");
    let (px, nm) =
        (found(&randomly_placed(), None).report, found(&randomly_placed(), Some(&calibration)).report);
    let (px, nm) = (quantity(&px, "particle density"), quantity(&nm, "particle density"));
    // 400 px make a µm
    assert!(nm.unit == Unit::PerUm2 && (nm.value / (px.value * 160_000.0) - 1.0).abs() < 1e-9, "{nm:?}");
}

#[test]
fn tilt_lengthens_what_is_undone_and_withholds_what_is_not() {
    let config = ReportConfig { tilt_deg: 60.0, tilt_axis_deg: 90.0, ..ReportConfig::default() };
    let [x, y] =
        Geometry { tilt_deg: 60.0, tilt_axis_deg: 90.0, ..Geometry::default() }.wave(0.9 / 14.0, 0.3 / 14.0);
    let pitch = quantity(&measured(&lines(), None, &config).unwrap().report, "pitch");
    assert!((pitch.value * x.hypot(y) - 1.0).abs() < 1e-3, "{pitch:?}");
    let report = measured(&randomly_placed(), None, &config).unwrap().report;
    let flat = found(&randomly_placed(), None).report;
    let ratio = quantity(&report, "particle density").value / quantity(&flat, "particle density").value;
    assert!((ratio - 0.5).abs() < 1e-9, "{ratio}");
    let names: Vec<_> = report.answers.iter().flat_map(|answer| &answer.refused).collect();
    let withheld = names.iter().any(|refusal| refusal.name.as_deref() == Some("mean particle diameter"));
    assert!(withheld, "{names:?}");
    let wrong = ReportConfig { tilt_deg: 90.0, ..ReportConfig::default() };
    assert!(measured(&randomly_placed(), None, &wrong).is_err());
}

#[test]
fn what_is_requested_is_given_or_refused() {
    let config =
        ReportConfig { what: vec![Task::Count, Task::Pitch, Task::Count], ..ReportConfig::default() };
    let report = measured(&lines(), None, &config).unwrap().report;
    let tasks: Vec<Task> = report.answers.iter().map(|answer| answer.task).collect();
    assert_eq!(tasks, [Task::Pitch, Task::Count]);
    let noise = {
        let mut stream = Stream::new(1, "test", 0);
        Plane::from_fn(128, 128, |_, _| stream.normal() as f32)
    };
    let report = measured(&noise, None, &config).unwrap().report;
    for answer in &report.answers {
        assert!(answer.findings.is_empty() && answer.summary.is_none(), "{answer:?}");
        assert!(answer.refused[0].name.is_none() && !answer.refused[0].reason.is_empty());
    }
}

#[test]
fn weak_results_are_given_only_on_request() {
    // pairs of discs that touch
    let places: Vec<_> = [[40, 50], [60, 190], [120, 80], [130, 230], [195, 60], [200, 170]]
        .iter()
        .flat_map(|[y, x]| [[*y as f64, *x as f64], [*y as f64 + 7.0, *x as f64 + 20.0]])
        .collect();
    let plane = discs(&places, 11.0);
    let unasked = found(&plane, None);
    let answer = unasked.report.answers.iter().find(|answer| answer.task == Task::Count).unwrap();
    assert!(
        answer.findings.is_empty() && answer.refused[0].reason.contains("request this measurement"),
        "{answer:?}"
    );
    assert!(unasked.details.count.is_none() && unasked.details.labels.is_none());
    let touch = |report: &Report| report.warnings.iter().any(|warning| warning.text.contains("touch"));
    assert!(!touch(&unasked.report));
    let config = ReportConfig { what: vec![Task::Count], ..ReportConfig::default() };
    let requested = measured(&plane, None, &config).unwrap().report;
    assert!(quantity(&requested, "particles seen").value == 12.0 && touch(&requested), "{requested:?}");
}

#[test]
fn sites_that_are_off_together_are_warned_of() {
    let warned = |gap_px: f64| {
        // columns in groups of four, as in a scan that is stitched from fields
        let place = |i: usize, j: usize| {
            [14.0 + 27.0 * i as f64, 16.0 + 27.0 * j as f64 + gap_px * ((j / 4) as f64 - j as f64 / 4.0)]
        };
        let places: Vec<_> = (0..9).flat_map(|i| (0..11).map(move |j| place(i, j))).collect();
        let report = found(&discs(&places, 8.0), None).report;
        let _ = quantity(&report, "first vector");
        report.warnings.iter().any(|warning| warning.text.contains("displaced together"))
    };
    assert!(warned(4.0));
    assert!(!warned(0.0));
}

#[cfg(feature = "paint")]
#[test]
fn an_overlay_rings_what_is_missing_and_leaves_the_image_where_it_is() {
    use crate::measure::draw::overlay;

    let plane = lattice_of_discs([4, 5]);
    let picture = overlay(&plane, &found(&plane, None));
    let zoom = 3; // 300 px are drawn as 900
    assert_eq!(picture.width(), 900);
    assert!(picture.height() > 720, "the text is below");
    let red = |[y, x]: [usize; 2], radius: usize| {
        let rows = zoom * (y - radius)..zoom * (y + radius);
        rows.flat_map(|y| (zoom * (x - radius)..zoom * (x + radius)).map(move |x| (y, x)))
            .filter(|(y, x)| picture.at(*y, *x) == [255, 64, 64])
            .count()
    };
    assert!(red([14 + 27 * 4, 16 + 27 * 5], 13) > 50, "the missing site");
    assert_eq!(red([14 + 27 * 5, 16 + 27 * 5], 13), 0, "its neighbour");
    for plane in [lines(), randomly_placed(), wire()] {
        let mut measured = found(&plane, None);
        let drawn = overlay(&plane, &measured);
        measured.details = Details::default();
        let plain = overlay(&plane, &measured);
        let n = plane.height() * plane.width();
        // the image without the words, at the picture's size
        let top = 3 * n * (plain.width() / plane.width()).pow(2);
        let changed = drawn.rgb()[..top].iter().zip(&plain.rgb()[..top]).filter(|(a, b)| a != b).count();
        assert!(changed > n / 100, "something is drawn");
    }
}

#[test]
fn a_drawn_bar_calibrates_or_checks_and_a_contradiction_leaves_px() {
    // a bar of 100 px in ink on a dark strip
    let plane = Plane::from_fn(200, 300, |y, x| match (y, x) {
        (180..=184, 60..=159) => 255.0,
        (160.., _) => 0.0,
        _ => 90.0 + ((7 * x + 13 * y) % 31) as f32,
    });
    let bar = DataBar { first_row: 160, end_row: 200, evidence: DataBarEvidence::Typed };
    let typed = |nm| TypedBar { nm, within: None };
    let micrograph = |nm_per_px: Option<f64>| Micrograph {
        plane: plane.clone(),
        facts: FileFacts {
            path: "a.png".into(),
            format: "PNG".to_owned(),
            height: 200,
            width: 300,
            sample: "8-bit grey".to_owned(),
            page: 0,
            n_pages: 1,
            calibration: nm_per_px.map(|nm| Calibration::square(nm, CalibrationSource::Typed)),
            instrument: Default::default(),
            specimen_rows: None,
            warnings: Vec::new(),
        },
    };
    for (file, bar_nm, used, warned) in [
        (None, None, None, false),
        (Some(5.0), None, Some(5.0), false),
        (None, Some(500.0), Some(5.0), false),
        (Some(5.05), Some(500.0), Some(5.05), false),
        (Some(10.0), Some(500.0), None, true),
    ] {
        let Calibrated { calibration, bar, warnings } =
            super::calibration(&micrograph(file), Some(bar), bar_nm.map(typed)).unwrap();
        assert_eq!(bar.map(|bar| bar.length_px), bar_nm.map(|_| 100.0));
        let nm = calibration.map(|found| found.nm_per_px_x);
        let near = match (nm, used) {
            (Some(nm), Some(used)) => (nm / used - 1.0_f64).abs() < 0.02,
            (nm, used) => nm == used,
        };
        assert!(near && warnings.is_empty() != warned, "{file:?} {bar_nm:?}: {nm:?} {warnings:?}");
    }
    assert!(calibration(&micrograph(Some(5.0)), Some(bar), Some(typed(-1.0))).is_err());
    let empty = DataBar { first_row: 190, ..bar };
    assert!(calibration(&micrograph(None), Some(empty), Some(typed(500.0))).is_err());
    let kept = calibration(&micrograph(Some(5.0)), Some(empty), Some(typed(500.0))).unwrap();
    assert!(kept.calibration.is_some() && kept.warnings.len() == 1, "{kept:?}");
    // in a box of its own, whatever is taken for the data bar
    let within = Some(Rect { y: 165, x: 40, height: 30, width: 140 });
    let found = calibration(&micrograph(None), Some(empty), Some(TypedBar { nm: 500.0, within })).unwrap();
    assert!((found.calibration.unwrap().nm_per_px_x / 5.0 - 1.0).abs() < 0.02);
}

/// Lines of random pitch, axis and noise.
fn random_lines(seed: u64) -> Plane {
    let mut stream = Stream::new(seed, "test", 0);
    let pitch = stream.between(9.0, 19.0);
    let (sin, cos) = stream.between(-80.0, 80.0).to_radians().sin_cos();
    let duty_cycle = stream.between(0.35, 0.65);
    Plane::from_fn(180, 240, |y, x| {
        let across = (sin * x as f64 + cos * y as f64) / pitch;
        let beside = ((across - across.round()).abs() - duty_cycle / 2.0) * pitch;
        (100.0 - 50.0 * (beside / 1.5).tanh() + 6.0 * stream.normal()) as f32
    })
}

#[test]
fn turning_enlarging_inverting_and_a_gradient_change_no_nanometre() {
    const LENGTHS: [(&str, f64); 6] = [
        ("pitch", 1e-3),
        ("first vector", 2e-3),
        ("second vector", 2e-3),
        // borders are whole pixels, which are halved
        ("mean particle diameter", 0.04),
        ("nearest neighbour", 0.01),
        ("mean fibre diameter", 0.08),
    ];
    const NUMBERS: [&str; 3] = ["sites taken", "sites missing", "particles seen"];
    let calibration = |nm: f64| Calibration::square(nm, CalibrationSource::Typed);
    let value_of = |report: &Report, name: &str| {
        let all = report.answers.iter().flat_map(|answer| &answer.findings);
        all.clone().find(|finding| finding.name == name).map(|finding| finding.quantity.clone())
    };
    let mut planes: Vec<(Task, Plane)> = (0..4).map(|seed| (Task::Pitch, random_lines(seed))).collect();
    planes.push((Task::Lattice, lattice_of_discs([4, 5])));
    planes.push((Task::Count, randomly_placed()));
    planes.push((Task::Fibers, wire()));
    for (case, (task, plane)) in planes.into_iter().enumerate() {
        let config = ReportConfig { what: vec![task], ..ReportConfig::default() };
        let report =
            |plane: &Plane, nm: f64| measured(plane, Some(&calibration(nm)), &config).unwrap().report;
        let (height, width) = (plane.height(), plane.width());
        let plain = report(&plane, 4.0);
        // anticlockwise: what was to the right is above
        let turned = Plane::from_fn(width, height, |y, x| plane.at(x, width - 1 - y));
        let enlarged = Plane::from_fn(2 * height, 2 * width, |y, x| plane.at(y / 2, x / 2));
        let sloped = Plane::from_fn(height, width, |y, x| plane.at(y, x) + 0.1 * x as f32 - 0.07 * y as f32);
        let mut others = vec![
            ("turned", 90.0, report(&turned, 4.0)),
            ("enlarged", 0.0, report(&enlarged, 2.0)),
            ("sloped", 0.0, report(&sloped, 4.0)),
        ];
        // fibres are searched on the bright side
        if task != Task::Fibers {
            others.push(("inverted", 0.0, report(&plane.map(|value| 255.0 - value), 4.0)));
        }
        let mut n_compared = 0;
        for (name, turn, other) in others {
            for (length, allowed) in LENGTHS {
                let Some(before) = value_of(&plain, length) else { continue };
                let after = value_of(&other, length).unwrap_or_else(|| panic!("{case} {name}: no {length}"));
                assert_eq!(after.unit, Unit::Nm);
                let change = (after.value / before.value - 1.0).abs();
                assert!(change < allowed, "{case} {name}: {length} {before:?} {after:?}");
                n_compared += 1;
            }
            for number in NUMBERS {
                let (before, after) = (value_of(&plain, number), value_of(&other, number));
                assert_eq!(before.map(|n| n.value), after.map(|n| n.value), "{case} {name}: {number}");
            }
            if let (Some(before), Some(after)) =
                (value_of(&plain, "axis of lines"), value_of(&other, "axis of lines"))
            {
                let off = axis_difference_deg(after.value, before.value + turn);
                assert!(off.abs() < 0.1, "{case} {name}: {before:?} {after:?}");
            }
        }
        assert!(n_compared >= 3, "{case}: {plain:?}");
    }
}

#[test]
fn sizes_and_polarity_choose_what_is_counted() {
    // 3 × 4 discs of 24 px, 3 × 3 of 10 px between them, brighter than the background
    let mut stream = Stream::new(3, "discs", 0);
    let plane = Plane::from_fn(240, 320, |y, x| {
        let inside =
            |y0: usize, x0: usize, radius: f64| (y as f64 - y0 as f64).hypot(x as f64 - x0 as f64) <= radius;
        let large = (0..3).any(|row| (0..4).any(|column| inside(40 + 80 * row, 40 + 80 * column, 12.0)));
        let small = (0..3).any(|row| (0..3).any(|column| inside(40 + 80 * row, 80 + 80 * column, 5.0)));
        let level = if large || small { 0.7 } else { 0.3 };
        level + 0.01 * stream.normal() as f32
    });
    let n_seen = |change: fn(&mut ReportConfig)| {
        let mut config = ReportConfig { what: vec![Task::Count], ..ReportConfig::default() };
        change(&mut config);
        let answer = measured(&plane, None, &config).unwrap().report.answers.remove(0);
        let seen = answer.findings.iter().find(|finding| finding.name == "particles seen");
        seen.map(|finding| finding.quantity.value)
    };
    assert_eq!(n_seen(|_| ()), Some(21.0));
    assert_eq!(n_seen(|config| config.min_size_px = Some(16.0)), Some(12.0));
    assert_eq!(n_seen(|config| config.max_size_px = Some(16.0)), Some(9.0));
    assert_eq!(n_seen(|config| config.polarity = Some(Polarity::Bright)), Some(21.0));
    assert_ne!(n_seen(|config| config.polarity = Some(Polarity::Dark)), Some(21.0));
    let wrong = ReportConfig { min_size_px: Some(20.0), max_size_px: Some(10.0), ..ReportConfig::default() };
    assert!(wrong.checked().unwrap_err().to_string().contains("max_size_px"));
}

#[test]
fn letters_and_bars_drawn_on_the_specimen_are_no_particles() {
    let plane = randomly_placed();
    let drawn = Plane::from_fn(plane.height(), plane.width(), |y, x| {
        // an L, an I and a bar below them, white and sharp
        let l = (128..142).contains(&y) && ((10..13).contains(&x) || (y >= 139 && (10..19).contains(&x)));
        let i = (128..142).contains(&y) && (24..27).contains(&x);
        let bar = (147..151).contains(&y) && (6..46).contains(&x);
        if l || i || bar { 250.0 } else { plane.at(y, x) }
    });
    let config = ReportConfig { what: vec![Task::Count], ..ReportConfig::default() };
    let report = |plane: &Plane| measured(plane, None, &config).unwrap().report;
    let (without, with) = (report(&plane), report(&drawn));
    assert_eq!(quantity(&without, "particles seen").value, 15.0);
    assert_eq!(quantity(&with, "particles seen").value, 15.0);
    let told = |report: &Report| {
        report.warnings.iter().any(|warning| warning.text.contains("drawn on the specimen"))
    };
    assert!(told(&with) && !told(&without));
}

#[test]
fn every_refused_task_names_an_option_to_try() {
    let mut stream = Stream::new(11, "test", 0);
    let noise = Plane::from_fn(160, 180, |_, _| 100.0 + 5.0 * stream.normal() as f32);
    let all = vec![Task::Pitch, Task::Lattice, Task::Count, Task::Fibers, Task::Pores];
    for plane in [noise, lines(), lattice_of_discs([4, 5])] {
        let config = ReportConfig { what: all.clone(), ..ReportConfig::default() };
        let report = measured(&plane, None, &config).unwrap().report;
        let refused = report.answers.iter().flat_map(|answer| &answer.refused);
        for refusal in refused.filter(|refusal| refusal.name.is_none()) {
            assert!(refusal.reason.contains("`--"), "{}", refusal.reason);
        }
    }
}

#[test]
fn pores_are_measured_where_they_are_requested_only() {
    let holes: Vec<[f64; 2]> = (0..20)
        .map(|at| [30.0 + 55.0 * (at / 5) as f64, 30.0 + 57.0 * (at % 5) as f64 + at as f64 % 3.0])
        .collect();
    let bright = discs(&holes, 14.0);
    let plane = Plane::from_fn(bright.height(), bright.width(), |y, x| 255.0 - bright.at(y, x));
    let calibration = Calibration::square(2.0, CalibrationSource::Typed);
    let config = ReportConfig { what: vec![Task::Pores], ..ReportConfig::default() };
    let report = measured(&plane, Some(&calibration), &config).unwrap().report;
    let share = 20.0 * std::f64::consts::PI * 14.0 * 14.0 / (240.0 * 300.0);
    let found = quantity(&report, "share of pores");
    assert!((found.value - share).abs() < 0.05 * share && found.unit == Unit::One, "{found:?}");
    let diameter = quantity(&report, "median pore diameter");
    assert!((diameter.value - 56.0).abs() < 2.0 && diameter.unit == Unit::Nm, "{diameter:?}");
    let unasked = measured(&plane, None, &ReportConfig::default()).unwrap().report;
    assert!(unasked.answers.iter().all(|answer| answer.task != Task::Pores));
}

#[test]
fn a_second_opinion_disagrees_only_beyond_both_intervals() {
    let answer = |value: f64, name: &str| {
        let components = vec![crate::measure::Component::known("scatter", 1.0)];
        let quantity = Quantity::new(value, Unit::One, "counted", components);
        let findings = vec![Finding { name: name.to_owned(), quantity }];
        Answer { findings, ..Answer::refused(Task::Count, "requested", String::new()) }
    };
    // half widths of 1.96 each
    for (value, name, disagree) in
        [(13.9, "number", 0), (14.0, "number", 1), (6.0, "number", 1), (99.0, "other", 0)]
    {
        let second = SecondOpinion::new("by hand", answer(value, name), &answer(10.0, "number").findings);
        assert_eq!(second.disagree.len(), disagree, "{value} {name}");
    }
}

#[test]
fn lines_that_bend_fan_out_or_change_their_distance_have_their_local_pitches_in_the_interval() {
    use std::f64::consts::TAU;

    use crate::random::Stream;

    const PITCH: f64 = 14.0;
    let (height, width) = (384.0, 512.0);
    let mut stream = Stream::new(11, "test", 0);
    let mut answered = 0;
    for kind in ["fan", "arc", "chirp"] {
        for strength in [0.002, 0.01, 0.03, 0.1, 0.3] {
            if kind == "arc" && strength > 0.1 {
                continue; // turned by more than 30°, lines are no longer followed by the map
            }
            let turns = |y: f64, x: f64| {
                let (u, v) = (2.0 * x / width - 1.0, 2.0 * y / height - 1.0);
                let across = x - width / 2.0;
                match kind {
                    "fan" => across * (1.0 + strength * v) / PITCH,
                    "arc" => (across + strength * height * v * v / 2.0) / PITCH,
                    _ => (across + strength * width * u * u / 4.0) / PITCH,
                }
            };
            let plane = Plane::from_fn(384, 512, |y, x| {
                (128.0 + 40.0 * (TAU * turns(y as f64, x as f64)).cos() + 10.0 * stream.normal()) as f32
            });
            let config = ReportConfig { what: vec![Task::Pitch], ..ReportConfig::default() };
            let found = measured(&plane, None, &config).unwrap();
            let answer = &found.report.answers[0];
            let Some(pitch) = answer.findings.iter().find(|found| found.name == "pitch") else { continue };
            // the local pitches where the lines were measured, by differences of the phase
            let part = answer.summary.as_ref().and_then(|text| part_of(text));
            let Rect { y: top, x: left, height, width } =
                part.unwrap_or(Rect { y: 0, x: 0, height: 384, width: 512 });
            let local: Vec<f64> = (0..30 * 40)
                .map(|at| {
                    let y = top as f64 + height as f64 * (f64::from(at / 40) + 0.5) / 30.0;
                    let x = left as f64 + width as f64 * (f64::from(at % 40) + 0.5) / 40.0;
                    let across = turns(y, x + 0.5) - turns(y, x - 0.5);
                    across.hypot(turns(y + 0.5, x) - turns(y - 0.5, x)).recip()
                })
                .collect();
            let mean = local.iter().sum::<f64>() / local.len() as f64;
            let range =
                local.iter().fold((f64::MAX, 0.0_f64), |(low, high), px| (low.min(*px), high.max(*px)));
            answered += 1;
            let (low, high) = pitch.quantity.interval();
            let text = pitch.quantity.text();
            assert!((low..=high).contains(&mean), "{kind} {strength}: {text}, mean {mean:.3} of {range:.3?}");
            let wide = 1.6 * (range.1 - range.0) + 0.05 * PITCH;
            assert!(high - low < wide, "{kind} {strength}: {text}, local {range:.3?}");
        }
    }
    assert!(answered >= 13, "{answered} of 14");
}

/// The part of an image that a summary names as an option.
fn part_of(summary: &str) -> Option<Rect> {
    let (_, after) = summary.split_once("--box ")?;
    let sides: Vec<usize> = after.split_once('`')?.0.split(',').map(|side| side.parse().unwrap()).collect();
    Some(Rect { y: sides[0], x: sides[1], height: sides[2], width: sides[3] })
}

/// The pitch and the axis that are given for an image of phase `turns`, in turns, with noise; `None` where they are refused.
fn given(size: (usize, usize), turns: impl Fn(f64, f64) -> f64) -> Option<[Quantity; 2]> {
    let mut stream = Stream::new(1, "test", 0);
    let plane = Plane::from_fn(size.0, size.1, |y, x| {
        let wave = (std::f64::consts::TAU * turns(y as f64, x as f64)).cos();
        (128.0 + 60.0 * wave + 8.0 * stream.normal()) as f32
    });
    let config = ReportConfig { what: vec![Task::Pitch], ..ReportConfig::default() };
    let findings = measured(&plane, None, &config).unwrap().report.answers.remove(0).findings;
    let of =
        |name: &str| findings.iter().find(|found| found.name == name).map(|found| found.quantity.clone());
    Some([of("pitch")?, of("axis of lines")?])
}

#[test]
fn patterns_side_by_side_have_no_common_multiple() {
    // each half has its own distance; what is given is one of them, or nothing
    let halves = [
        ((500, 400), [12.0, 18.0], false),
        ((300, 600), [8.0, 24.0], true),
        ((300, 500), [10.0, 20.0], true),
        ((300, 500), [12.0, 24.0], true),
    ];
    for (size, pitches, left) in halves {
        let found = given(size, |y, x| {
            let first = if left { 2.0 * x < size.1 as f64 } else { 2.0 * y < size.0 as f64 };
            x / pitches[usize::from(!first)]
        });
        let Some([pitch, _]) = found else { continue };
        let (low, high) = pitch.interval();
        assert!(pitches.iter().any(|own| (low..=high).contains(own)), "{pitches:?}: {}", pitch.text());
    }
}

#[test]
fn lines_that_undulate_or_are_arcs_have_an_interval_that_holds_what_is_there() {
    use std::f64::consts::TAU;

    let wave = |depth: f64, period: f64| move |y: f64, x: f64| (x + depth * (TAU * y / 200.0).sin()) / period;
    let arc =
        |from_y: f64, from_x: f64, period: f64| move |y: f64, x: f64| (x - from_x).hypot(y + from_y) / period;
    for (name, found, pitch_px, axis) in [
        ("small waves", given((400, 400), wave(4.0, 12.0)), 11.96, Some(90.0)),
        ("arcs", given((500, 500), arc(100.0, 250.0, 18.0)), 18.0, None),
        ("flat arcs", given((400, 400), arc(300.0, 200.0, 12.0)), 12.0, Some(0.0)),
    ] {
        let Some([pitch, of_axis]) = found else { continue };
        let (low, high) = pitch.interval();
        assert!((low..=high).contains(&pitch_px), "{name}: {}", pitch.text());
        if let Some(axis) = axis {
            let off = axis_difference_deg(of_axis.value, axis).abs();
            assert!(off <= of_axis.expanded_uncertainty, "{name}: {}", of_axis.text());
        }
    }
}

#[test]
fn noise_does_not_make_straight_lines_change() {
    for noise in [20.0, 40.0, 80.0] {
        let mut stream = Stream::new(noise as u64, "test", 0);
        let plane = Plane::from_fn(384, 512, |y, x| {
            let turns = (0.9 * x as f64 + 0.3 * y as f64) / 14.0;
            (128.0 + 40.0 * (std::f64::consts::TAU * turns).cos() + noise * stream.normal()) as f32
        });
        let config = ReportConfig { what: vec![Task::Pitch], ..ReportConfig::default() };
        let found = measured(&plane, None, &config).unwrap();
        let grating = found.details.grating.unwrap_or_else(|| panic!("{noise}: {:?}", found.report.answers));
        let size = grating.pitch.expanded_uncertainty / grating.pitch.value;
        assert!(size < 0.01, "{noise}: {}", grating.pitch.text());
    }
}
