//! Porous bodies, powders and films against their truth, by measurements written here without any of
//! the crate's own.

#![cfg(feature = "synth")]

use micrograph::Plane;
use micrograph::synth::{
    FilmConfig, FilmTexture, Imaging, PorousConfig, PorousStructure, PowderConfig, Specimen, SynthConfig,
    Synthetic, Truth, micrograph,
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
fn the_open_share_of_a_porous_layer_is_its_porosity() {
    for structure in [PorousStructure::Sponge, PorousStructure::Foam, PorousStructure::Membrane] {
        for porosity in [0.2, 0.55] {
            let config = PorousConfig {
                structure,
                porosity,
                period_px: 25.0,
                n_layers: 1,
                roughness: 0.0,
                ..PorousConfig::default()
            };
            let made = seen(203, 251, Specimen::Porous(config));
            let Truth::Porous(truth) = &made.truth else { panic!("a sponge was asked for") };
            let level = level_at(&made.plane, 0.5);
            let open = 1.0 - share_above(&made.plane, level);
            assert!((open - porosity).abs() < 0.005, "{structure:?}: {open} for {porosity}");
            assert!((truth.porosity - porosity).abs() < 0.002, "{structure:?}: {truth:?}");
            // mean length of the dark runs along rows
            let runs: usize = (0..203)
                .map(|y| {
                    let row = made.plane.row(y);
                    (0..251).filter(|x| row[*x] <= level && (*x == 0 || row[x - 1] > level)).count()
                })
                .sum();
            let chord = open * 203.0 * 251.0 / runs as f64;
            assert!((chord / truth.chord_px - 1.0).abs() < 0.03, "{structure:?}: {chord} {truth:?}");
        }
    }
}

#[test]
fn pores_have_the_given_distance_and_are_longer_along_the_axis_of_the_stretch() {
    // lag along rows and along columns at which the image is least like itself: half a period
    let least_lag = |plane: &Plane, dy: usize, dx: usize| {
        let mean = plane.mean();
        let likeness = |lag: usize| {
            let (sy, sx) = (dy * lag, dx * lag);
            let mut sum = 0.0;
            for y in 0..plane.height() - sy {
                for x in 0..plane.width() - sx {
                    let a = f64::from(plane.at(y, x)) - mean;
                    sum += a * (f64::from(plane.at(y + sy, x + sx)) - mean);
                }
            }
            sum / ((plane.height() - sy) * (plane.width() - sx)) as f64
        };
        let values: Vec<f64> = (0..80).map(likeness).collect();
        (1..79).find(|lag| values[*lag] < values[lag - 1] && values[*lag] <= values[lag + 1]).unwrap()
    };
    for period_px in [16.0, 30.0] {
        let config = PorousConfig { period_px, n_layers: 1, roughness: 0.0, ..PorousConfig::default() };
        let even = seen(401, 433, Specimen::Porous(config.clone()));
        let long = seen(401, 433, Specimen::Porous(PorousConfig { stretch: 2.0, ..config }));
        let (across, along) = (least_lag(&even.plane, 1, 0), least_lag(&even.plane, 0, 1));
        // in the plane the first minimum of a ring of waves lies at 0.61 of their length (J₀); a band
        // of some breadth brings it to about a half
        for lag in [across, along] {
            let share = lag as f64 / period_px;
            assert!((0.4..0.66).contains(&share), "{period_px}: {lag}");
        }
        let stretched = least_lag(&long.plane, 0, 1) as f64 / least_lag(&long.plane, 1, 0) as f64;
        assert!((1.6..2.5).contains(&stretched), "{period_px}: {stretched}");
    }
}

#[test]
fn a_powder_covers_what_its_truth_says_and_every_grain_is_counted() {
    for angularity in [0.0, 0.8] {
        let config = PowderConfig { angularity, coverage: 0.4, roughness: 0.0, ..PowderConfig::default() };
        let made = seen(211, 257, Specimen::Powder(config));
        let Truth::Powder(truth) = &made.truth else { panic!("a powder was asked for") };
        // the background gives three tenths of what the grains give
        let bright = share_above(&made.plane, level_at(&made.plane, 0.3));
        assert!((bright - truth.covered).abs() < 0.002, "{bright} {}", truth.covered);
        let visible: usize = truth.grains.iter().map(|grain| grain.visible_px).sum();
        assert_eq!(visible as f64 / (211.0 * 257.0), truth.covered);
        assert!(truth.grains.len() > 10, "{}", truth.grains.len());
        // a round grain that nothing cuts or covers shows at least a disc of its mean diameter
        if angularity == 0.0 {
            let largest = truth.grains.iter().max_by_key(|grain| grain.visible_px).unwrap();
            let disc = std::f64::consts::PI / 4.0 * largest.diameter_px.powi(2);
            assert!(largest.visible_px as f64 <= 2.0 * disc, "{largest:?}");
        }
    }
}

#[test]
fn a_film_cracks_and_bears_spots_where_its_truth_says() {
    let config = FilmConfig {
        texture: FilmTexture::Smooth,
        crack_px: 6.0,
        crack_spacing_px: 70.0,
        roughness: 0.0,
        ..FilmConfig::default()
    };
    let made = seen(223, 301, Specimen::Film(config.clone()));
    let Truth::Film(truth) = &made.truth else { panic!("a film was asked for") };
    let dark = 1.0 - share_above(&made.plane, level_at(&made.plane, 0.5));
    assert!((dark - truth.cracked).abs() < 0.01, "{dark} {}", truth.cracked);
    // hexagons 70 px apart have borders of 2 / 70 for each px², times 6 px of width
    assert!((truth.cracked / (2.0 * 6.0 / 70.0) - 1.0).abs() < 0.35, "{}", truth.cracked);

    let config = FilmConfig { crack_px: 0.0, n_pinholes: 9, spot_px: 14.0, ..config };
    let made = seen(223, 301, Specimen::Film(config));
    let Truth::Film(truth) = &made.truth else { panic!("a film was asked for") };
    let level = level_at(&made.plane, 0.5);
    assert_eq!(truth.spots.len(), 9);
    for spot in &truth.spots {
        let (y, x) = (spot.y.round() as usize, spot.x.round() as usize);
        assert!(made.plane.at(y.min(222), x.min(300)) < level, "{spot:?}");
    }
    let discs: f64 =
        truth.spots.iter().map(|spot| std::f64::consts::PI / 4.0 * spot.diameter_px.powi(2)).sum();
    let dark = (1.0 - share_above(&made.plane, level)) * 223.0 * 301.0;
    // some lie over each other or over the border
    assert!(dark < 1.02 * discs && dark > 0.6 * discs, "{dark} of {discs}");
}

#[test]
fn a_film_has_as_many_grains_as_its_area_holds() {
    for texture in [FilmTexture::Grains, FilmTexture::Domes] {
        let config = FilmConfig { texture, grain_px: 20.0, ..FilmConfig::default() };
        let made = seen(240, 320, Specimen::Film(config));
        let Truth::Film(truth) = &made.truth else { panic!("a film was asked for") };
        // one site in each square of 20 px: 192, but for those that the border takes or gives
        assert!((truth.grains.len() as f64 - 192.0).abs() < 20.0, "{}", truth.grains.len());
    }
}

#[test]
fn a_section_shows_its_layers_along_its_axis_and_its_pores() {
    let even = FilmConfig {
        texture: FilmTexture::Section,
        n_layers: 2,
        porosity: 0.0,
        wrinkle_relief: 0.0,
        roughness: 0.0,
        relief: 0.0,
        ..FilmConfig::default()
    };
    let made = seen(240, 320, Specimen::Film(even.clone()));
    let Truth::Film(truth) = &made.truth else { panic!("a film was asked for") };
    let column: Vec<f32> = (0..240).map(|y| made.plane.at(y, 7)).collect();
    for (y, value) in column.iter().enumerate() {
        assert!(made.plane.row(y).iter().all(|other| other == value), "row {y}");
    }
    // two layers, the substrate, and the air where it is seen
    let begins =
        |y: &usize| column[y - 1] != column[*y] && column[*y..y + 3].windows(2).all(|two| two[0] == two[1]);
    let n_levels = 1 + (1..237).filter(begins).count();
    assert_eq!(n_levels, if truth.open > 0.0 { 4 } else { 3 }, "{column:?}");
    let porous = seen(240, 320, Specimen::Film(FilmConfig { porosity: 0.3, ..even }));
    let Truth::Film(porous) = &porous.truth else { panic!("a film was asked for") };
    let more = (porous.open - truth.open) / (1.0 - truth.open);
    // layers have 0.5 to 1.5 of the mean
    assert!((0.12..0.48).contains(&more), "{more}");
}
