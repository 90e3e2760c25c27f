//! Tuning of planted networks, whose answer is known, and of whole ones.

mod scan;

use super::*;
use crate::interpret::visualize::tests::{gabor, planted};
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation};
use crate::{Architecture, AutoencoderConfig, Device};

fn tuned(network: &Network, layer: &str, config: &TuningConfig) -> LayerTuning {
    tune(network, &[layer], config, &mut |_| ControlFlow::Continue(())).unwrap().layers.remove(0)
}

/// A convolution with these weights, `[C_out][C_in · K · K]`, and biases.
fn convolution(name: &str, shape: ConvolutionShape, weights: Vec<f32>, biases: Vec<f32>) -> Operation {
    let mut convolution = Convolution::new(shape, 2.0, Init::Zero, name, &Device::Cpu.burn());
    convolution.set(weights, biases);
    Operation::Convolution(convolution)
}

fn of_graph(graph: Graph) -> Network {
    // a name for it; its graph is what is tested
    Network::of_graph(Architecture::Autoencoder(AutoencoderConfig::default()), graph, Device::Cpu)
}

/// As [`planted`], with a position at every eighth pixel only: large kernels are then quick.
fn sparse(kernels: &[Vec<f32>]) -> Network {
    let side = kernels[0].len().isqrt();
    let shape =
        ConvolutionShape { relu: true, stride: 8, ..ConvolutionShape::same([1, kernels.len()], side) };
    let mut graph = Graph::new(1);
    graph.push("unit", convolution("unit", shape, kernels.concat(), vec![0.0; kernels.len()]));
    of_graph(graph)
}

/// Degrees between two axes.
fn off(a: f64, b: f64) -> f64 {
    ((a - b + 90.0).rem_euclid(180.0) - 90.0).abs()
}

#[test]
fn a_planted_gabor_has_its_period_and_axis() {
    let axes = 12;
    for period in [5.0, 7.0, 10.0, 14.0] {
        // as wide as in the test of the preset `measure`
        let side = (4.0 * period) as usize / 2 * 2 + 1;
        let expected: Vec<f64> = (0..axes).map(|index| -75.0 + 15.0 * f64::from(index) + 3.0).collect();
        let kernels: Vec<Vec<f32>> = expected.iter().map(|&axis| gabor(side, period, axis)).collect();
        let network = sparse(&kernels);
        let layer = tuned(&network, "unit", &TuningConfig::default());
        assert!(layer.inside && layer.field_px == side, "{} in {}", layer.field_px, layer.side_px);
        let (mut worst_period, mut worst_axis): (f64, f64) = (0.0, 0.0);
        for (unit, axis) in layer.units.iter().zip(&expected) {
            let found = unit.grating.preferred().expect("it is tuned");
            let px = found.period_px().unwrap_or_else(|| panic!("{period} {axis}: {:?}", found.period));
            worst_period = worst_period.max((px / period - 1.0).abs());
            worst_axis = worst_axis.max(off(found.axis_deg.expect("it has an axis"), *axis));
            assert!(found.selectivity > 0.5, "{period} {axis}: {}", found.selectivity);
            assert_eq!(found.period_nm(2.5), Some(2.5 * px));
        }
        println!("period {period} px: off by at most {:.2} %, {worst_axis:.2}°", 100.0 * worst_period);
        assert!(worst_period <= 0.02 && worst_axis <= 1.0, "{period}: {worst_period} {worst_axis}");
    }
}

#[test]
fn a_spot_detector_has_its_polarity_and_no_axis() {
    let side = 13;
    let spot = |sign: f32| -> Vec<f32> {
        let value = |index: usize| {
            let (y, x) = ((index / side) as f32 - 6.0, (index % side) as f32 - 6.0);
            let square = y * y + x * x;
            sign * ((-square / 4.5).exp() - 0.25 * (-square / 18.0).exp())
        };
        let mut values: Vec<f32> = (0..side * side).map(value).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter_mut().for_each(|value| *value -= mean);
        values
    };
    let network = planted(&[spot(1.0), spot(-1.0)], &[0.0, 0.0], true);
    let layer = tuned(&network, "unit", &TuningConfig::default());
    for (unit, bright) in layer.units.iter().zip([true, false]) {
        let found = unit.grating.preferred().expect("gratings drive it");
        assert_eq!(found.axis_deg, None, "{}", found.selectivity);
        let polarity = unit.polarity.expect("discs drive it");
        assert!(if bright { polarity > 0.3 } else { polarity < -0.3 }, "{polarity}");
        let disc = layer.discs[unit.best_disc.expect("discs drive it")];
        assert_eq!(disc.polarity == Polarity::Bright, bright, "{disc:?}");
        // of a difference of Gaussians the middle is positive out to where they are equal
        let zero = (4.0_f64.ln() / (1.0 / 4.5 - 1.0 / 18.0)).sqrt();
        assert!((disc.radius_px / zero).log2().abs() <= 0.5, "{disc:?}, zero at {zero}");
        let lines = found.line_polarity.expect("its period is told");
        assert!(if bright { lines > 0.0 } else { lines < 0.0 }, "{lines}");
        let lattice = layer.lattices[unit.best_lattice.expect("lattices drive it")];
        assert_eq!(lattice.polarity == Polarity::Bright, bright, "{lattice:?}");
    }
}

#[test]
fn units_without_tuning_say_why() {
    let kernel = gabor(9, 5.0, 30.0);
    let reach: f32 = kernel.iter().map(|weight| weight.max(0.0)).sum();
    let weak: Vec<f32> = kernel.iter().map(|weight| weight * 1e-4).collect();
    let kernels = [kernel.clone(), kernel, vec![0.0; 81], weak];
    let network = planted(&kernels, &[0.0, -2.0 * reach, 0.7, 0.0], true);
    let layer = tuned(&network, "unit", &TuningConfig::default());
    let reason = |channel: usize| match &layer.units[channel].grating {
        GratingTuning::Untuned { reason } => Some(reason.clone()),
        GratingTuning::Tuned(_) => None,
    };
    assert_eq!(reason(0), None);
    assert_eq!(reason(1), Some(Untuned::Constant { activation: 0.0 }), "asleep");
    assert_eq!(reason(2), Some(Untuned::Constant { activation: 0.7 }));
    assert_eq!(reason(3), Some(Untuned::Weak { least_share: 1e-3 }));
    for channel in 1..4 {
        let unit = &layer.units[channel];
        assert_eq!((unit.best_disc, unit.best_lattice, unit.polarity), (None, None, None), "{channel}");
    }
    let text = serde_json::to_string(&layer).unwrap();
    assert_eq!(serde_json::from_str::<LayerTuning>(&text).unwrap(), layer, "as JSON and back");
}

/// `unit` is what is left of a bias when the squares, in effect, of two opposite Gabors are taken off.
fn network_that_prefers_uniform_grey() -> Network {
    let kernel = gabor(9, 5.0, 30.0);
    let opposite: Vec<f32> = kernel.iter().map(|weight| -weight).collect();
    let mut graph = Graph::new(1);
    let shape = ConvolutionShape { relu: true, ..ConvolutionShape::same([1, 2], 9) };
    graph.push("pair", convolution("pair", shape, [kernel, opposite].concat(), vec![0.0; 2]));
    let shape = ConvolutionShape::same([2, 1], 1);
    graph.push("unit", convolution("unit", shape, vec![-1.0, -1.0], vec![1.0]));
    of_graph(graph)
}

#[test]
fn a_unit_that_gratings_only_silence_prefers_uniform_grey() {
    let layer = tuned(&network_that_prefers_uniform_grey(), "unit", &TuningConfig::default());
    let expected = GratingTuning::Untuned { reason: Untuned::PrefersUniform };
    assert_eq!(layer.units[0].grating, expected);
}

#[test]
fn noise_wears_a_unit_down_and_its_own_answer_grows() {
    // a threshold that only a good grating reaches: noise alone does not at first
    let kernel = gabor(15, 6.0, 40.0);
    let network = planted(std::slice::from_ref(&kernel), &[-0.1], true);
    let layer = tuned(&network, "unit", &TuningConfig::default());
    let curves = &layer.units[0].grating.preferred().expect("it is tuned").curves;
    assert_eq!(layer.noise_sd.len(), curves.noise.grating.len());
    assert_eq!(curves.noise.alone[0], layer.units[0].uniform);
    // without noise it is the preferred grating
    let gain = layer.units[0].grating.preferred().unwrap().gain;
    assert!((curves.noise.grating[0] / gain - 1.0).abs() < 0.02, "{:?} {gain}", curves.noise);
}

#[test]
fn phase_matters_to_a_linear_unit_and_not_to_a_sum_of_squares() {
    let kernel = gabor(15, 6.0, 40.0);
    let linear = planted(std::slice::from_ref(&kernel), &[0.0], false);
    let invariance = |network: &Network, layer: &str| {
        let layer = tuned(network, layer, &TuningConfig::default());
        layer.units[0].grating.preferred().expect("it is tuned").phase_invariance
    };
    assert!(invariance(&linear, "unit").abs() < 0.02);
    let rectified = planted(&[kernel], &[0.0], true);
    let found = invariance(&rectified, "unit");
    assert!((found * std::f64::consts::PI - 1.0).abs() < 0.1, "{found}");
}

/// Two stages and a batch of settings that is quick.
fn small() -> (Network, TuningConfig) {
    let config = AutoencoderConfig { stages: vec![6, 8], latent: 3, ..AutoencoderConfig::default() };
    let network = Network::random(Architecture::Autoencoder(config), 5, Device::Cpu).unwrap();
    let config = TuningConfig { axes: 6, lattice_views: 3, noise_draws: 2, ..TuningConfig::default() };
    (network, config)
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_whatever_else_is_asked_for() {
    let (network, config) = small();
    let of = |layers: &[&str]| tune(&network, layers, &config, &mut |_| ControlFlow::Continue(())).unwrap();
    let all = of(&["encoder.2.relu", "encoder.2", "latent", "linear"]);
    let text = serde_json::to_string(&all).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let again = pool.install(|| of(&["encoder.2.relu", "encoder.2", "latent", "linear"]));
        assert_eq!(serde_json::to_string(&again).unwrap(), text, "{threads} threads");
    }
    for (index, name) in ["encoder.2.relu", "encoder.2", "latent", "linear"].iter().enumerate() {
        assert_eq!(of(&[name]).layers[0], all.layers[index], "{name}");
    }
}

#[test]
fn a_unit_by_itself_is_tuned_as_among_all() {
    let (network, config) = small();
    let layer = network.layers()[0].name.clone();
    let all = tuned(&network, &layer, &config);
    for channel in [0, all.units.len() - 1] {
        let alone =
            tune_unit(&network, &layer, channel, &config, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(alone, LayerTuning { units: vec![all.units[channel].clone()], ..all.clone() });
    }
    let n = all.units.len();
    let beyond = tune_unit(&network, &layer, n, &config, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(beyond, Err(TuningError::NoChannel { channel, .. }) if channel == n));
}

#[test]
fn wrong_input_is_refused_by_name() {
    let (network, config) = small();
    let error = |layers: &[&str], config: &TuningConfig| {
        tune(&network, layers, config, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string()
    };
    let unknown = error(&["encoder.9"], &config);
    assert!(unknown.contains("`encoder.9`") && unknown.contains("latent"), "{unknown}");
    let good = &config;
    for (name, config) in [
        ("axes", TuningConfig { axes: 3, ..good.clone() }),
        ("periods_per_octave", TuningConfig { periods_per_octave: 0, ..good.clone() }),
        ("shortest_px", TuningConfig { shortest_px: f64::NAN, ..good.clone() }),
        ("phases", TuningConfig { phases: 2, ..good.clone() }),
        ("lattice_views", TuningConfig { lattice_views: 0, ..good.clone() }),
        ("contrast", TuningConfig { contrast: 0.3, ..good.clone() }),
        ("rounds", TuningConfig { rounds: 17, ..good.clone() }),
        ("noise_sd", TuningConfig { noise_sd: vec![0.2, 0.1], ..good.clone() }),
        ("noise_sd", TuningConfig { noise_sd: vec![0.0], ..good.clone() }),
        ("noise_draws", TuningConfig { noise_draws: 0, ..good.clone() }),
        ("largest_px", TuningConfig { largest_px: 8, ..good.clone() }),
        ("whole_px", TuningConfig { whole_px: 5000, ..good.clone() }),
    ] {
        assert!(error(&["latent"], &config).contains(name), "{name}");
    }
}
