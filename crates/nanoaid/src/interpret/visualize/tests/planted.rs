//! Networks with a planted feature: the picture shows it.

use super::*;

#[test]
fn a_dead_unit_is_revived_or_named() {
    // a bias that keeps the unit below 0 for every image in [0, 1], just so or far
    let kernel = gabor(9, 5.0, 30.0);
    let reach: f32 = kernel.iter().map(|weight| weight.max(0.0)).sum();
    let config = VisualizeConfig { steps: 96, stop_gain: 0.0, ..Preset::Fast.config() };
    let unit = [Objective::channel("unit", 0)];
    // within reach of a good image, though not of the start
    let asleep = planted(std::slice::from_ref(&kernel), &[-0.3 * reach], true);
    let found = &pictures(&asleep, &unit, &config)[0];
    assert!(found.scores[0].1 == 0.0 && found.score > 0.0, "revived: {:?}", found.scores);
    let without = VisualizeConfig { redirected_steps: 0, ..config.clone() };
    let found = &pictures(&asleep, &unit, &without)[0];
    assert_eq!(found.warnings, [Warning::Dead { score: 0.0 }], "without redirected gradients it is not");
    // out of reach
    let dead = planted(&[kernel], &[-1.1 * reach], true);
    let found = &pictures(&dead, &unit, &config)[0];
    assert!(found.score == 0.0 && !found.warnings.is_empty(), "{:?}", found.warnings);
}

#[test]
fn a_network_all_of_whose_units_sleep_is_revived() {
    // two layers that answer with 0 everywhere to the start
    let kernels = [gabor(9, 5.0, 30.0), gabor(9, 5.0, -60.0)];
    let reach: f32 = kernels[0].iter().map(|weight| weight.max(0.0)).sum();
    let network = planted_layers(
        &[("parts", &kernels, &[-0.3 * reach; 2]), ("unit", &[vec![1.0, 1.0]], &[-0.05 * reach])],
        true,
    );
    let config = VisualizeConfig { steps: 96, stop_gain: 0.0, ..Preset::Fast.config() };
    let unit = [Objective::channel("unit", 0)];
    let found = &pictures(&network, &unit, &config)[0];
    assert!(found.scores[0].1 == 0.0 && found.score > 0.0, "revived: {:?}", found.scores);
    let without = VisualizeConfig { redirected_steps: 0, ..config };
    assert_eq!(pictures(&network, &unit, &without)[0].warnings, [Warning::Dead { score: 0.0 }]);
}

/// Degrees between two axes.
fn off(a: f64, b: f64) -> f64 {
    ((a - b + 90.0).rem_euclid(180.0) - 90.0).abs()
}

#[test]
fn the_picture_of_a_gabor_has_its_period_and_axis() {
    let (periods, axes) = ([5.0, 7.0, 10.0, 14.0], 12);
    for period in periods {
        // wide enough for the kernel's own strongest wave to have that period
        let side = (4.0 * period) as usize / 2 * 2 + 1;
        let expected: Vec<f64> = (0..axes).map(|index| -75.0 + 15.0 * f64::from(index) + 3.0).collect();
        let kernels: Vec<Vec<f32>> = expected.iter().map(|&axis| gabor(side, period, axis)).collect();
        let network = planted(&kernels, &vec![0.0; kernels.len()], true);
        let units: Vec<Objective> =
            (0..kernels.len()).map(|channel| Objective::channel("unit", channel)).collect();
        for (preset, period_share, degrees) in [(Preset::Measure, 0.02, 1.0), (Preset::Robust, 1.0, 90.0)] {
            let config = VisualizeConfig { height: 96, width: 96, restarts: 1, ..preset.config() };
            let (mut worst_period, mut worst_axis): (f64, f64) = (0.0, 0.0);
            for (found, axis) in pictures(&network, &units, &config).iter().zip(&expected) {
                let peak = peak(&found.pictures[0][0]).expect("there is a wave");
                // the wave that the kernel itself answers to most, which a narrow Gaussian shifts a little
                worst_period = worst_period.max((peak.period_px / period - 1.0).abs());
                worst_axis = worst_axis.max(off(peak.axis_deg, *axis));
            }
            println!(
                "period {period} px, {preset}: off by at most {:.2} %, {worst_axis:.2}°",
                100.0 * worst_period
            );
            assert!(
                worst_period <= period_share && worst_axis <= degrees,
                "{preset}, {period} px: {worst_period} {worst_axis}"
            );
        }
    }
}

#[test]
fn the_picture_of_a_spot_detector_is_full_of_spots_of_its_polarity() {
    let side = 11;
    let spot = |sign: f32| -> Vec<f32> {
        let middle = (side as f32 - 1.0) / 2.0;
        let mut values: Vec<f32> = (0..side * side)
            .map(|index| {
                let (y, x) = ((index / side) as f32 - middle, (index % side) as f32 - middle);
                let square = y * y + x * x;
                sign * ((-square / 4.5).exp() - 0.25 * (-square / 18.0).exp())
            })
            .collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter_mut().for_each(|value| *value -= mean);
        values
    };
    let network = planted(&[spot(1.0), spot(-1.0)], &[0.0, 0.0], true);
    // shifts would smear it
    let config =
        VisualizeConfig { height: 64, width: 64, transforms: Vec::new(), ..Preset::Measure.config() };
    // one neuron in the middle of the picture
    let units = ["unit:0@32,32", "unit:1@32,32"].map(|text| text.parse().unwrap());
    let found = pictures(&network, &units, &config);
    for (index, brighter) in [(0, true), (1, false)] {
        let plane = &found[index].pictures[0][0];
        let around: f32 =
            [(32, 36), (36, 32), (28, 32), (32, 28)].iter().map(|&(y, x)| plane.at(y, x)).sum::<f32>() / 4.0;
        let middle = plane.at(32, 32);
        assert_eq!(middle > around, brighter, "{middle} {around}");
        assert!((middle - around).abs() > 0.2, "{middle} {around}");
    }
}

#[test]
fn the_picture_of_two_units_added_drives_both() {
    let network = planted(&[gabor(15, 6.0, 0.0), gabor(15, 6.0, 90.0)], &[0.0, 0.0], true);
    let config = Preset::Measure.config();
    let [both, first] = ["direction(unit, 0:1, 1:1)", "unit:0"].map(|text| {
        let found = &pictures(&network, &[text.parse().unwrap()], &config)[0];
        let maps = network.maps(&found.pictures[0][0], "unit").unwrap();
        maps.iter()
            .map(|map| map.values().iter().sum::<f32>() / map.values().len() as f32)
            .collect::<Vec<_>>()
    });
    assert!(
        both[0] > 0.25 * first[0] && both[1] > 0.25 * first[0],
        "both are driven: {both:?}, one alone {first:?}"
    );
    // the picture's border drives it, too
    assert!(first[1] < 0.5 * both[1], "the other is not part of one alone: {first:?}, of both {both:?}");
}

/// What was tried for the preset `measure`: the table of `docs/method.md`.
#[test]
#[ignore = "prints a table, takes minutes"]
fn settings_tried_for_measure() {
    for period in [5.0, 7.0, 10.0] {
        let side = (4.0 * period) as usize / 2 * 2 + 1;
        let expected: Vec<f64> = (0..12).map(|index| -75.0 + 15.0 * f64::from(index) + 3.0).collect();
        let kernels: Vec<Vec<f32>> = expected.iter().map(|&axis| gabor(side, period, axis)).collect();
        let network = planted(&kernels, &vec![0.0; kernels.len()], true);
        let units: Vec<Objective> =
            (0..kernels.len()).map(|channel| Objective::channel("unit", channel)).collect();
        let base = Preset::Measure.config();
        let with = |rate: f32, kept: f32| VisualizeConfig {
            optimizer: OptimizerConfig::Power { rate, kept },
            ..base.clone()
        };
        let adam = VisualizeConfig { squared: false, steps: 512, stop_gain: 0.0, ..Preset::Fast.config() };
        let mean = VisualizeConfig { squared: false, ..base.clone() };
        for (name, config) in [
            ("Adam on Fourier coefficients, mean", adam),
            ("power method on pixels, mean", mean),
            ("power method on pixels, energy (chosen)", base.clone()),
            ("… contrast 0.2", with(0.2, 0.0)),
            ("… contrast 1", with(1.0, 0.0)),
            ("… half kept", with(0.5, 0.5)),
            ("… without shifts", VisualizeConfig { transforms: Vec::new(), ..base.clone() }),
        ] {
            let (mut worst_period, mut worst_axis): (f64, f64) = (0.0, 0.0);
            let mut sum = 0.0;
            for (found, axis) in pictures(&network, &units, &config).iter().zip(&expected) {
                let peak = peak(&found.pictures[0][0]).expect("there is a wave");
                worst_period = worst_period.max((peak.period_px / period - 1.0).abs());
                worst_axis = worst_axis.max(off(peak.axis_deg, *axis));
                sum += (peak.period_px / period - 1.0).abs();
            }
            println!(
                "| {name} | {period} | {:.2} % | {:.2} % | {worst_axis:.2}° |",
                100.0 * sum / 12.0,
                100.0 * worst_period
            );
        }
    }
}
