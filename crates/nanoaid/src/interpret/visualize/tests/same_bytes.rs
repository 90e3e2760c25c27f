//! The same picture whatever is made beside it, by however many threads; and images of any size.

use super::*;

#[test]
fn a_picture_does_not_depend_on_its_batch_or_on_threads() {
    let network = autoencoder();
    let mut units: Vec<Objective> = (0..7).map(|channel| Objective::channel("encoder.2", channel)).collect();
    units.extend(
        ["latent:0", "encoder.1:2", "encoder.1", "error + latent:1"].map(|text| text.parse().unwrap()),
    );
    let fast = Preset::Fast.config();
    let together = VisualizeConfig { members: 2, diversity: 0.5, ..fast.clone() };
    let presets = [Preset::Chollet, Preset::Measure, Preset::Robust]
        .map(|preset| (preset.to_string(), preset.config()));
    let cases = [("fast".to_owned(), fast), ("two together".to_owned(), together)].into_iter().chain(presets);
    for (preset, config) in cases {
        let config = VisualizeConfig { check_every: 5, stop_gain: 0.01, ..small(config) };
        let all = pictures(&network, &units, &config);
        for (unit, of_all) in units.iter().zip(&all) {
            assert_eq!(
                &pictures(&network, std::slice::from_ref(unit), &config)[0],
                of_all,
                "{preset} {unit}"
            );
        }
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(
                pool.install(|| pictures(&network, &units, &config)),
                all,
                "{preset}, {threads} threads"
            );
        }
    }
}

#[test]
fn a_small_image_and_a_layer_of_one_channel_give_finite_pictures() {
    let network = planted(&[gabor(3, 3.0, 0.0)], &[0.0], true);
    for preset in [Preset::Fast, Preset::Chollet, Preset::Measure] {
        for text in ["unit:0", "unit", "unit.preactivation:0", "direction(unit, 0:1, cosine 2)"] {
            let config = VisualizeConfig { height: 3, width: 3, steps: 20, ..preset.config() };
            let found = &pictures(&network, &[text.parse().unwrap()], &config)[0];
            let finite = |plane: &Plane| plane.values().iter().all(|value| value.is_finite());
            assert!(found.pictures[0].iter().all(finite) && found.score.is_finite(), "{preset} {text}");
            assert!(shown(&found.pictures[0], true).iter().all(finite));
        }
    }
    // nor does a canvas that starts constant, or a spectrum without any contrast
    let flat = Spectrum::of([&Plane::filled(24, 32, 0.5)], [24, 32]).unwrap();
    let materials = Materials { spectrum: Some(&flat), ..Materials::default() };
    for canvas in [CanvasConfig::Pixels { bounded: true, spread: 0.0 }, CanvasConfig::Phase] {
        let config = VisualizeConfig { canvas, ..small(Preset::Fast.config()) };
        let units = ["unit:0".parse().unwrap()];
        let mut n_finite = 0;
        visualize(&network, &units, &config, materials, None, &mut |event| {
            if let Event::Done { visualization, .. } = event {
                n_finite += visualization.pictures[0][0].values().iter().filter(|v| v.is_finite()).count();
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(n_finite, 24 * 32, "{canvas:?}");
    }
    assert!(shown(&[Plane::filled(4, 4, 0.3)], true)[0].values().iter().all(|value| *value == 0.5));
}

#[test]
fn what_does_not_fit_is_refused_with_what_was_expected() {
    let network = autoencoder();
    let refused = |text: &str, change: fn(&mut VisualizeConfig)| {
        let mut config = small(Preset::Fast.config());
        change(&mut config);
        let objectives = [text.parse().unwrap()];
        visualize(&network, &objectives, &config, Materials::default(), None, &mut |_| {
            ControlFlow::Continue(())
        })
        .expect_err(text)
        .to_string()
    };
    let same: fn(&mut VisualizeConfig) = |_| ();
    for (text, change, expected) in [
        ("encoder.9:1", same, "no layer `encoder.9`, expected one of: encoder.1"),
        ("encoder.2:8", same, "no channel 8 in `encoder.2`, which has 8"),
        ("encoder.2:1@6,0", same, "no position 6,0 in a map of 8 × 6"),
        ("class:fibres", same, "the network has no named classes"),
        ("error@24,0", same, "no pixel 24,0"),
        ("diversity(encoder.1)", same, "at least 2 pictures"),
        ("inversion(encoder.1)", same, "compares with a micrograph of 32 × 24 pixels: found none"),
        ("latent.preactivation:0", same, "no layer `latent.preactivation`"),
        (
            "encoder.2:1@4,0",
            |config| config.transforms = vec![Transform::Jitter { px: 8 }],
            "no position 4,0 in a map of 6 × 4",
        ),
        ("encoder.2:1", |config| config.height = 2, "at least"),
        (
            "encoder.2:1",
            |config| config.snapshots = vec![3, 21],
            "snapshots: expected at most the 20 steps that are taken, found 21",
        ),
        ("encoder.2:1", |config| config.steps = 0, "steps: expected 1 to 100000, found 0"),
        ("encoder.2:1", |config| config.canvas = CanvasConfig::Phase, "needs the mean spectrum"),
        (
            "encoder.2:1",
            |config| config.transforms = vec![Transform::Jitter { px: 30 }],
            "too small for the transforms",
        ),
    ] {
        let error = refused(text, change);
        assert!(error.contains(expected), "{text}: {error}");
    }
}
