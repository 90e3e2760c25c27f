//! Synthetic micrographs: seeds, sizes, settings and their errors.

#![cfg(feature = "synth")]

use micrograph::CalibrationSource;
use micrograph::synth::{
    DotsConfig, FibersConfig, Imaging, Kind, LinesConfig, Packing, ParticlesConfig, Specimen, SynthConfig,
    demo_specimens, micrograph, varied,
};

fn of_kind(kind: Kind) -> SynthConfig {
    let specimen = match kind {
        Kind::Particles => Specimen::Particles(ParticlesConfig::default()),
        Kind::Lines => Specimen::Lines(LinesConfig::default()),
        Kind::Dots => Specimen::Dots(DotsConfig::default()),
        Kind::Fibers => Specimen::Fibers(FibersConfig::default()),
    };
    SynthConfig { specimen, ..SynthConfig::default() }
}

#[test]
fn the_same_seed_gives_the_same_image_and_truth_and_another_seed_does_not() {
    for kind in Kind::ALL {
        let config = SynthConfig { height: 97, width: 131, ..of_kind(kind) };
        let first = micrograph(&config, 5).unwrap();
        assert_eq!(first, micrograph(&config, 5).unwrap(), "{kind:?}");
        assert_ne!(first.plane, micrograph(&config, 6).unwrap().plane, "{kind:?}");
    }
}

#[test]
fn planes_have_the_requested_size_and_hold_whole_gray_levels() {
    for kind in Kind::ALL {
        for (height, width) in [(8, 8), (61, 143), (200, 33)] {
            let config = SynthConfig { height, width, nm_per_px: 2.5, ..of_kind(kind) };
            let made = micrograph(&config, 1).unwrap();
            assert_eq!((made.plane.height(), made.plane.width()), (height, width), "{kind:?}");
            let whole = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
            assert!(made.plane.values().iter().all(whole), "{kind:?}");
            assert_eq!(made.calibration.nm_per_px_x, 2.5);
            assert_eq!(made.calibration.source, CalibrationSource::Synthetic);
        }
    }
}

#[test]
fn every_setting_out_of_range_is_named() {
    let particles = |config| SynthConfig { specimen: Specimen::Particles(config), ..SynthConfig::default() };
    let lines = |config| SynthConfig { specimen: Specimen::Lines(config), ..SynthConfig::default() };
    let dots = |config| SynthConfig { specimen: Specimen::Dots(config), ..SynthConfig::default() };
    let fibers = |config| SynthConfig { specimen: Specimen::Fibers(config), ..SynthConfig::default() };
    let imaging = |imaging| SynthConfig { imaging, ..SynthConfig::default() };
    let cases = [
        ("height", SynthConfig { height: 0, ..SynthConfig::default() }),
        ("width", SynthConfig { width: 1 << 20, ..SynthConfig::default() }),
        ("height", SynthConfig { height: 95, data_bar: true, ..SynthConfig::default() }),
        ("width", SynthConfig { width: 63, data_bar: true, ..SynthConfig::default() }),
        ("nm_per_px", SynthConfig { nm_per_px: f64::NAN, ..SynthConfig::default() }),
        ("imaging.dose", imaging(Imaging { dose: -1.0, ..Imaging::default() })),
        ("imaging.blur_px", imaging(Imaging { blur_px: f64::NAN, ..Imaging::default() })),
        ("imaging.edge_brightening", imaging(Imaging { edge_brightening: 9.0, ..Imaging::default() })),
        ("imaging.contrast", imaging(Imaging { contrast: 0.0, ..Imaging::default() })),
        ("particles.diameter_px", particles(ParticlesConfig { diameter_px: 0.0, ..Default::default() })),
        ("particles.coverage", particles(ParticlesConfig { coverage: 0.9, ..Default::default() })),
        ("lines.axis_deg", lines(LinesConfig { axis_deg: 91.0, ..Default::default() })),
        ("lines.duty cycle", lines(LinesConfig { duty_cycle: 0.99, ..Default::default() })),
        ("lines.duty cycle", lines(LinesConfig { pitch_px: 6.0, wall_px: 20.0, ..Default::default() })),
        ("dots.diameter_px", dots(DotsConfig { diameter_px: 36.0, ..Default::default() })),
        ("dots.diameter_px", dots(DotsConfig { pitch_px: 6.0, wall_px: 50.0, ..Default::default() })),
        ("dots.missing", dots(DotsConfig { missing: 1.5, ..Default::default() })),
        ("fibres.bend_deg", fibers(FibersConfig { bend_deg: 80.0, ..Default::default() })),
    ];
    for (setting, config) in cases {
        let error = micrograph(&config, 0).unwrap_err();
        assert_eq!(&*error.setting, setting, "{error}");
    }
}

#[test]
fn particles_that_find_no_room_are_an_error_and_not_fewer() {
    let config = ParticlesConfig {
        diameter_px: 100.0,
        coverage: 0.4,
        spread: 0.0,
        packing: Packing::Separate,
        ..Default::default()
    };
    let config = SynthConfig {
        height: 40,
        width: 700,
        specimen: Specimen::Particles(config),
        ..SynthConfig::default()
    };
    // centres in a strip of 40 px: about seven discs of 100 px fit, and the first two cover enough
    assert!(micrograph(&config, 0).is_ok());
    let tight = ParticlesConfig { diameter_px: 12.0, coverage: 0.4, spread: 0.0, ..Default::default() };
    let tight = SynthConfig {
        height: 300,
        width: 301,
        specimen: Specimen::Particles(tight),
        ..SynthConfig::default()
    };
    // with the gap of 2 px the discs ask for 0.4 · (14 / 12)² = 0.54: past what random places can hold
    let error = micrograph(&tight, 0).unwrap_err();
    assert_eq!(&*error.setting, "particles.coverage");
    assert!(error.expected.contains("finds room"), "{error}");
}

#[test]
fn shot_noise_is_that_of_the_dose() {
    // a bare background is uniform: what is left to vary is the noise
    let bare = ParticlesConfig { coverage: 0.0, background_roughness: 0.0, ..Default::default() };
    let with_dose = |dose, contrast| {
        let imaging = Imaging { dose, gradient: 0.1, contrast, ..Imaging::default() };
        let specimen = Specimen::Particles(bare.clone());
        micrograph(&SynthConfig { height: 150, width: 211, specimen, imaging, ..SynthConfig::default() }, 3)
            .unwrap()
    };
    // the slow gradient sets the grey scale, the same for both; half the electrons, twice the variance
    let few = with_dose(2e4, 60.0).plane.variance();
    let many = with_dose(1e6, 60.0).plane.variance();
    let most = with_dose(0.0, 60.0).plane.variance();
    let half = with_dose(1e4, 60.0).plane.variance();
    assert!(many > most, "{many} {most}");
    assert!(((half - most) / (few - most) - 2.0).abs() < 0.1, "{half} {few} {most}");
}

#[test]
fn inversion_mirrors_the_gray_levels_about_the_brightness() {
    let imaging = Imaging { dose: 0.0, brightness: 127.0, contrast: 150.0, ..Imaging::default() };
    let upright = SynthConfig { height: 60, width: 77, imaging: imaging.clone(), ..SynthConfig::default() };
    let inverted = SynthConfig { imaging: Imaging { inverted: true, ..imaging }, ..upright.clone() };
    let (a, b) = (micrograph(&upright, 2).unwrap().plane, micrograph(&inverted, 2).unwrap().plane);
    for (a, b) in a.values().iter().zip(b.values()) {
        assert!((a + b - 254.0).abs() <= 1.0, "{a} {b}");
    }
}

#[test]
fn a_data_bar_changes_its_own_rows_and_no_others() {
    for seed in 0..40 {
        let bare = SynthConfig { height: 96, width: 64, ..SynthConfig::default() };
        let barred = SynthConfig { data_bar: true, ..bare.clone() };
        let (bare, barred) = (micrograph(&bare, seed).unwrap(), micrograph(&barred, seed).unwrap());
        let bar = barred.data_bar.unwrap();
        assert_eq!((bare.data_bar, bare.truth), (None, barred.truth));
        for y in 0..96 {
            let inside = (bar.first_row..bar.end_row).contains(&y);
            assert_eq!(bare.plane.row(y) != barred.plane.row(y), inside, "seed {seed}, row {y}, {bar:?}");
        }
        let whole = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
        assert!(barred.plane.values().iter().all(whole));
    }
}

#[test]
fn settings_survive_json_and_unknown_keys_are_errors() {
    for kind in Kind::ALL {
        let config = varied(kind, 3, 9);
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<SynthConfig>(&text).unwrap(), config);
    }
    let few = r#"{"specimen": {"lines": {"pitch_px": 20.0}}, "imaging": {"dose": 40.0}}"#;
    let few: SynthConfig = serde_json::from_str(few).unwrap();
    assert_eq!(few.specimen, Specimen::Lines(LinesConfig { pitch_px: 20.0, ..Default::default() }));
    for bad in [r#"{"sped": 1}"#, r#"{"imaging": {"dosis": 1}}"#, r#"{"specimen": {"lines": {"pitsch": 1}}}"#]
    {
        assert!(serde_json::from_str::<SynthConfig>(bad).is_err(), "{bad}");
    }
}

#[test]
fn varied_settings_are_in_range_and_vary() {
    for kind in Kind::ALL {
        let configs: Vec<SynthConfig> = (0..300).map(|index| varied(kind, index, 4)).collect();
        for config in &configs {
            config.clone().checked().unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        }
        assert!(configs.iter().any(|config| config.imaging.inverted), "{kind:?}");
        assert_ne!(configs[0], configs[1]);
        assert_ne!(configs[0], varied(kind, 0, 5));
        for (seed, config) in configs.into_iter().take(25).enumerate() {
            micrograph(&SynthConfig { height: 256, width: 256, ..config }, seed as u64).unwrap();
        }
    }
}

#[test]
fn demo_specimens_are_made_without_error() {
    for demo in demo_specimens() {
        let made = micrograph(&demo.config, demo.seed).unwrap();
        assert_eq!((made.plane.height(), made.plane.width()), (384, 512), "{}", demo.name);
        let ends = made.plane.quantiles(&[0.02, 0.98]);
        assert!(ends[1] - ends[0] > 80.0, "{}: {ends:?}", demo.name);
    }
}
