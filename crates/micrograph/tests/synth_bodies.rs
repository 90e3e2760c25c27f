//! Nanowires, tips, devices and organisms against their truth, by measurements written here without
//! any of the crate's own.

#![cfg(feature = "synth")]

use micrograph::Plane;
use micrograph::synth::{
    BiologicalConfig, BiologicalForm, Device, Imaging, MemsConfig, NanowiresConfig, Organism, Outline,
    Specimen, SynthConfig, Synthetic, TipConfig, TipShape, Truth, WireArrangement, micrograph,
};

/// Material contrast only: bright inside, dark outside; no noise.
fn flat_imaging() -> Imaging {
    Imaging {
        dose: 0.0,
        gradient: 0.0,
        jitter_px: 0.0,
        shading: 0.0,
        edge_brightening: 0.0,
        shadowing: 0.0,
        blur_px: 0.0,
        ..Imaging::default()
    }
}

fn seen(height: usize, width: usize, specimen: Specimen) -> Synthetic {
    let config = SynthConfig { height, width, specimen, imaging: flat_imaging(), ..SynthConfig::default() };
    micrograph(&config, 11).expect("the settings of the tests are in range")
}

/// Share of the pixels above `level`.
fn share_above(plane: &Plane, level: f32) -> f64 {
    plane.values().iter().filter(|value| **value > level).count() as f64 / plane.values().len() as f64
}

/// The level at `share` of the way from the darkest to the brightest pixel.
fn level_at(plane: &Plane, share: f32) -> f32 {
    let (low, high) = plane.range().expect("a plane with numbers");
    low + share * (high - low)
}

#[test]
fn wires_have_the_width_and_ends_of_the_truth() {
    let config = NanowiresConfig {
        diameter_px: 9.0,
        spread: 0.0,
        length_px: 90.0,
        length_spread: 0.0,
        taper: 1.0,
        bend_deg: 0.0,
        coverage: 0.08,
        roughness: 0.0,
        ..NanowiresConfig::default()
    };
    let made = seen(301, 353, Specimen::Nanowires(config));
    let Truth::Nanowires(truth) = &made.truth else { panic!("wires were asked for") };
    let level = level_at(&made.plane, 0.35);
    let at = |y: f64, x: f64| -> Option<f32> {
        let inside = (0.0..300.0).contains(&y) && (0.0..352.0).contains(&x);
        inside.then(|| made.plane.at(y.round() as usize, x.round() as usize))
    };
    let mut widths = Vec::new();
    for wire in &truth.wires {
        assert!((wire.length_px() - 90.0).abs() < 1e-6);
        let (base, tip) = (wire.centre_line[0], wire.centre_line[8]);
        let way = [(tip[0] - base[0]) / 90.0, (tip[1] - base[1]) / 90.0];
        for share in [0.0, 0.3, 0.7, 1.0] {
            let [y, x] = [base[0] + 90.0 * share * way[0], base[1] + 90.0 * share * way[1]];
            if let Some(value) = at(y, x) {
                assert!(value > level, "{wire:?} at {share}");
            }
            // across the wire, in steps of a tenth of a px
            let bright = |step: i32| {
                let off = f64::from(step) / 10.0;
                at(y - off * way[1], x + off * way[0]).map(|value| value > level)
            };
            let profile: Option<Vec<bool>> = (-120..=120).map(bright).collect();
            if let (Some(profile), true) = (profile, share > 0.1 && share < 0.9) {
                widths.push(profile.iter().filter(|bright| **bright).count() as f64 / 10.0);
            }
        }
    }
    // a wire that another crosses looks wider: the median is that of a lone one
    widths.sort_by(f64::total_cmp);
    assert!(widths.len() > 10, "{}", widths.len());
    assert!((widths[widths.len() / 2] - 9.0).abs() < 0.7, "{widths:?}");
}

#[test]
fn standing_wires_taper_point_along_their_axis_and_bear_their_catalyst() {
    let config = NanowiresConfig {
        arrangement: WireArrangement::Standing,
        axis_deg: 70.0,
        axis_spread_deg: 2.0,
        taper: 0.5,
        catalyst: 1.5,
        ..NanowiresConfig::default()
    };
    let made = seen(240, 320, Specimen::Nanowires(config));
    let Truth::Nanowires(truth) = &made.truth else { panic!("wires were asked for") };
    assert!(truth.wires.len() > 20, "{}", truth.wires.len());
    let mut sum = 0.0;
    for wire in &truth.wires {
        let (base, tip) = (wire.centre_line[0], wire.centre_line[8]);
        sum += (base[0] - tip[0]).atan2(tip[1] - base[1]).to_degrees();
        assert!((wire.tip_diameter_px / wire.base_diameter_px - 0.5).abs() < 1e-9);
        assert!((wire.catalyst_diameter_px.unwrap() / wire.tip_diameter_px - 1.5).abs() < 1e-9);
    }
    let mean = sum / truth.wires.len() as f64;
    assert!((mean - 70.0).abs() < 1.5, "{mean}");
}

#[test]
fn a_needle_opens_at_its_angle_from_its_apex() {
    for axis_deg in [-90.0, 0.0, 90.0, 180.0_f64] {
        let config = TipConfig {
            axis_deg,
            half_angle_deg: 15.0,
            radius_px: 0.5,
            shank_px: 3000.0,
            rings: 0.0,
            background: 0.2,
            roughness: 0.0,
            ..TipConfig::default()
        };
        let made = seen(301, 301, Specimen::Tip(config));
        let Truth::Tip(truth) = &made.truth else { panic!("a tip was asked for") };
        assert_eq!(truth.apex, [150.0, 150.0]);
        let level = level_at(&made.plane, 0.6);
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let (dy, dx) = (-sin.round(), cos.round());
        let width = |along: f64| {
            let (y, x) = (150.0 + along * dy, 150.0 + along * dx);
            let bright = |off: i32| {
                made.plane.at((y + f64::from(off) * dx) as usize, (x + f64::from(off) * dy) as usize)
            };
            (-150..=150).filter(|off| bright(*off) > level).count() as f64
        };
        assert_eq!(width(-3.0), 0.0, "{axis_deg}: nothing lies before the apex");
        let opening = (width(140.0) - width(60.0)) / 80.0 / 2.0;
        // far from so sharp an apex the sides are those of the cone
        assert!((opening - 15.0_f64.to_radians().tan()).abs() < 0.012, "{axis_deg}: {opening}");
    }
}

#[test]
fn a_pyramid_stands_on_the_cantilever_where_its_truth_says() {
    let config = TipConfig { shape: TipShape::Pyramid, shank_px: 40.0, ..TipConfig::default() };
    let specimen = Specimen::Tip(config);
    // seen by the height alone: the tilted faces are bright, the flat cantilever is not
    let imaging = Imaging { edge_brightening: 2.0, ..flat_imaging() };
    let config = SynthConfig { height: 201, width: 201, specimen, imaging, ..SynthConfig::default() };
    let made = micrograph(&config, 3).unwrap();
    let Truth::Tip(truth) = &made.truth else { panic!("a tip was asked for") };
    let half = truth.radius_px;
    let face = made.plane.at((truth.apex[0] + 0.5 * half) as usize, truth.apex[1] as usize);
    let flat = made.plane.at((truth.apex[0] + 2.0 * half) as usize, truth.apex[1] as usize);
    assert!(face > flat + 10.0, "{face} {flat}");
}

#[test]
fn devices_cover_what_their_plates_say_and_combs_repeat_at_their_pitch() {
    for device in [Device::Comb, Device::Electrodes, Device::Cantilevers, Device::Gear, Device::Proof] {
        let config =
            MemsConfig { device, roughness: 0.0, background: 0.3, axis_deg: 20.0, ..MemsConfig::default() };
        let made = seen(231, 285, Specimen::Mems(config));
        let Truth::Mems(truth) = &made.truth else { panic!("a device was asked for") };
        // plates give 0.9 to 1.2, the background 0.3
        let bright = share_above(&made.plane, level_at(&made.plane, 0.4));
        assert!((bright - truth.covered).abs() < 0.012, "{device:?}: {bright} {}", truth.covered);
        let (sin, cos) = 20.0_f64.to_radians().sin_cos();
        let inside = |y: usize, x: usize| {
            let (dy, dx) = (y as f64 - 231.0 / 2.0, x as f64 - 285.0 / 2.0);
            let at = [dx * cos - dy * sin, dx * sin + dy * cos];
            truth.plates.iter().map(|plate| plate.depth(at)).fold(f64::NEG_INFINITY, f64::max)
        };
        let level = level_at(&made.plane, 0.4);
        for (y, x) in (0..231).step_by(7).flat_map(|y| (0..285).step_by(9).map(move |x| (y, x))) {
            let depth = inside(y, x);
            if depth.abs() > 1.5 {
                assert_eq!(made.plane.at(y, x) > level, depth > 0.0, "{device:?}: {y} {x} {depth}");
            }
        }
    }
    // across the fingers the profile of the middle repeats at twice half the pitch
    let config = MemsConfig { pitch_px: 20.0, length: 10.0, roughness: 0.0, ..MemsConfig::default() };
    let made = seen(200, 200, Specimen::Mems(config));
    let Truth::Mems(truth) = &made.truth else { panic!("a comb was asked for") };
    let mut middles: Vec<f64> = truth.plates[2..]
        .iter()
        .filter_map(|plate| match &plate.outline {
            Outline::Box { middle, .. } => Some(middle[1]),
            _ => None,
        })
        .collect();
    middles.sort_by(f64::total_cmp);
    assert!(middles.windows(2).all(|pair| (pair[1] - pair[0] - 20.0).abs() < 1e-9), "{middles:?}");
}

#[test]
fn organisms_cover_what_the_truth_says() {
    let forms = [
        BiologicalForm::Cells,
        BiologicalForm::BloodCells,
        BiologicalForm::Bacteria,
        BiologicalForm::SpinyPollen,
        BiologicalForm::NettedPollen,
    ];
    for form in forms {
        let config = BiologicalConfig {
            form,
            background: 0.1,
            background_roughness: 0.0,
            roughness: 0.0,
            ornament: 0.2,
            ..BiologicalConfig::default()
        };
        let made = seen(241, 293, Specimen::Biological(config));
        let Truth::Biological(truth) = &made.truth else { panic!("organisms were asked for") };
        let bright = share_above(&made.plane, level_at(&made.plane, 0.16));
        assert!((bright - truth.covered).abs() < 0.015, "{form:?}: {bright} {}", truth.covered);
        let ornamented = matches!(form, BiologicalForm::SpinyPollen | BiologicalForm::NettedPollen);
        for organism in &truth.organisms {
            assert_eq!(organism.n_ornaments > 0, ornamented, "{form:?}");
            assert!(organism.length_px >= organism.diameter_px, "{form:?}: {organism:?}");
        }
    }
}

#[test]
fn tissue_is_walls_around_insides() {
    let config = BiologicalConfig {
        form: BiologicalForm::Tissue,
        diameter_px: 40.0,
        ornament: 0.4,
        background: 0.1,
        roughness: 0.0,
        ..BiologicalConfig::default()
    };
    let made = seen(240, 320, Specimen::Biological(config));
    let Truth::Biological(truth) = &made.truth else { panic!("a tissue was asked for") };
    // one fibre for each square of 40 px
    assert!((truth.organisms.len() as f64 - 48.0).abs() < 10.0, "{}", truth.organisms.len());
    let level = level_at(&made.plane, 0.7);
    let dark = |organism: &&Organism| made.plane.at(organism.y as usize, organism.x as usize) < level;
    let hollow = truth.organisms.iter().filter(dark).count();
    // some are filled, and some sites lie near the border of their cell
    assert!(hollow as f64 > 0.7 * truth.organisms.len() as f64, "{hollow}");
}

#[test]
fn diatoms_have_pores_in_rows_at_the_given_distance() {
    let config = BiologicalConfig {
        form: BiologicalForm::Diatoms,
        diameter_px: 120.0,
        spread: 0.0,
        elongation: 3.0,
        coverage: 0.0,
        ornament: 0.1,
        roughness: 0.0,
        ..BiologicalConfig::default()
    };
    let made = seen(400, 400, Specimen::Biological(config));
    let Truth::Biological(truth) = &made.truth else { panic!("a diatom was asked for") };
    let [shell] = &truth.organisms[..] else { panic!("one shell for a coverage of 0") };
    assert_eq!((shell.diameter_px, shell.length_px), (120.0, 360.0));
    // a shell of this outline fills about two thirds of the ellipse, each pore 12 × 9.6 px of it
    let expected = 0.7 * std::f64::consts::PI / 4.0 * 120.0 * 360.0 / (12.0 * 12.0);
    assert!((shell.n_ornaments as f64 / expected - 1.0).abs() < 0.05, "{shell:?}");
}
