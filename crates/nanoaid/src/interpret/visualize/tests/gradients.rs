//! Gradients of objectives and canvases against differences, and their directions.

use micrograph::random::Stream;

use super::super::image::Shape;
use super::super::scorer::Scorer;
use super::*;
use crate::CompactConfig;

const LAYER: &str = "encoder.2";

/// One of each kind; `members` is 3.
fn objectives() -> Vec<Objective> {
    [
        "encoder.2:3",
        "encoder.2:3@2,4",
        "center(encoder.2:5)",
        "energy(encoder.2:5)",
        "encoder.2",
        "encoder.1.relu.preactivation:2",
        "latent:1",
        "direction(encoder.2, 0:1, 4:-0.5)",
        "direction(encoder.2, 0:1, 4:-0.5, cosine 2)",
        "error",
        "error@5,7",
        "between(encoder.2:1, encoder.1:2)",
        "diversity(encoder.1)",
        "diverse(encoder.2:3 - 2 * encoder.2:1, encoder.1, 0.5)",
        "caricature(encoder.2)",
        "caricature(encoder.1, cosine 2)",
        "inversion(encoder.1)",
        "2 * encoder.2:1 - 0.5 * error + -1 * encoder.1",
    ]
    .map(|text| text.parse().unwrap())
    .into()
}

/// A small classifier of random weights.
pub(super) fn classifier() -> Network {
    let config = CompactConfig {
        stages: vec![4, 6],
        further: vec![8],
        view_px: 16,
        classes: ["fibres", "powder", "tips"].map(str::to_owned).into(),
        ..CompactConfig::default()
    };
    Network::random(Architecture::Compact(config), 3, Device::Cpu).unwrap()
}

fn image(shape: Shape, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, "image", 0);
    (0..shape.len()).map(|_| stream.uniform() as f32).collect()
}

#[test]
fn objectives_have_the_gradients_of_central_differences() {
    let network = autoencoder();
    let shape = Shape { channels: 1, height: 16, width: 24 };
    let micrograph = image(shape, 99);
    let images: Vec<Vec<f32>> = (0..3).map(|seed| image(shape, seed)).collect();
    let classifier = classifier();
    let of_class = ["class:fibres", "head:1", "2 * class:powder - 1 * class:fibres"];
    let cases = objectives().into_iter().map(|objective| (&network, objective));
    let cases = cases.chain(of_class.map(|text| (&classifier, text.parse().unwrap())));
    for (network, objective) in cases {
        let scorer = Scorer::new(network, std::slice::from_ref(&objective), 3);
        let (_, partials) = scorer.gradients(&images, shape, Some(&micrograph), false);
        let total = |images: &[Vec<f32>]| -> f64 {
            scorer.scores(images, shape, Some(&micrograph)).iter().map(|&score| f64::from(score)).sum()
        };
        // along the gradient of all pictures, where rounding is smallest
        let norm = partials.iter().flatten().map(|partial| partial * partial).sum::<f32>().sqrt();
        assert!(norm > 0.0, "{objective}");
        let moved = |step: f32| -> Vec<Vec<f32>> {
            let along = |image: &Vec<f32>, partials: &Vec<f32>| {
                image.iter().zip(partials).map(|(value, partial)| value + step * partial / norm).collect()
            };
            images.iter().zip(&partials).map(|(image, partials)| along(image, partials)).collect()
        };
        // a ReLU or pool that switches on the way makes the difference less exact
        let step = 0.01;
        let expected = (total(&moved(step)) - total(&moved(-step))) / f64::from(2.0 * step);
        let found = f64::from(norm);
        assert!((found - expected).abs() < 0.03 * found, "{objective}: {found}, difference {expected}");
    }
}

#[test]
fn a_sum_has_the_sum_of_the_gradients() {
    let network = autoencoder();
    let shape = Shape { channels: 1, height: 16, width: 16 };
    let images = [image(shape, 1)];
    let partials = |text: &str| {
        let objectives = [text.parse().unwrap()];
        let (scores, partials) = Scorer::new(&network, &objectives, 1).gradients(&images, shape, None, false);
        (scores[0], partials.concat())
    };
    let (first, second, both) =
        (partials("encoder.2:1"), partials("error"), partials("3 * encoder.2:1 - 0.25 * error"));
    let close = |found: f32, expected: f32| (found - expected).abs() < 1e-5 * (1.0 + expected.abs());
    assert!(close(both.0, 3.0 * first.0 - 0.25 * second.0));
    for ((both, first), second) in both.1.iter().zip(&first.1).zip(&second.1) {
        assert!(close(*both, 3.0 * first - 0.25 * second));
    }
}

#[test]
fn one_channel_by_itself_has_the_scores_and_gradients_of_the_whole_layer() {
    let network = autoencoder();
    let shape = Shape { channels: 1, height: 16, width: 24 };
    let images: Vec<Vec<f32>> = (0..4).map(|seed| image(shape, seed)).collect();
    for position in ["", "@1,2"] {
        let units: Vec<Objective> =
            [1, 7, 1, 0].map(|channel| format!("{LAYER}:{channel}{position}").parse().unwrap()).into();
        // a second term keeps the whole layer
        let whole: Vec<Objective> =
            units.iter().map(|unit| format!("{unit} + 0 * error").parse().unwrap()).collect();
        for redirected in [false, true] {
            let (own, own_slopes) =
                Scorer::new(&network, &units, 1).gradients(&images, shape, None, redirected);
            let (all, all_slopes) =
                Scorer::new(&network, &whole, 1).gradients(&images, shape, None, redirected);
            for (own, all) in own.iter().zip(&all) {
                assert!((own - all).abs() < 1e-5 * (1.0 + all.abs()), "{own} {all}");
            }
            for (own, all) in own_slopes.iter().flatten().zip(all_slopes.iter().flatten()) {
                assert!((own - all).abs() < 1e-5, "{own} {all}");
            }
        }
    }
}

#[test]
fn canvases_have_the_gradients_of_central_differences() {
    let network = autoencoder();
    let start = noise_plane(12, 16, 3);
    let spectrum = Spectrum::of([&noise_plane(64, 64, 4)], [12, 16]).unwrap();
    let gray = Shape { channels: 1, height: 12, width: 16 };
    let colors = Shape { channels: 3, ..gray };
    let own = ColorDirections { matrix: [[0.5, 0.2, 0.1], [0.6, -0.1, 0.3], [0.2, 0.4, -0.2]] };
    let cases = [
        (CanvasConfig::Pixels { bounded: true, spread: 1.0 }, vec![gray, colors]),
        (CanvasConfig::Pixels { bounded: false, spread: 0.3 }, vec![gray, colors]),
        (CanvasConfig::Fourier { decay: 1.0, deviation: 0.1 }, vec![gray, colors]),
        (CanvasConfig::Phase, vec![gray, colors]),
        (CanvasConfig::Decoder { deviation: 0.5 }, vec![gray]),
        (CanvasConfig::Cppn { layers: 2, channels: 5 }, vec![gray, colors]),
    ];
    for (config, shapes) in cases {
        for shape in shapes {
            for (start, colors) in [(None, None), (Some(&start), None), (None, Some(&own))] {
                let started = start.is_some();
                let materials =
                    Materials { spectrum: Some(&spectrum), autoencoder: Some(&network), start, colors };
                let canvas = match config.build(shape, 0.45, materials) {
                    Ok(canvas) => canvas,
                    Err(CanvasError::NoStart { .. } | CanvasError::Start { .. }) => continue,
                    Err(error) => panic!("{config:?}: {error}"),
                };
                let mut coefficients = canvas.start(&mut Stream::new(1, "canvas", 0));
                let mut stream = Stream::new(2, "moved", 0);
                // away from the last layer's zeros of a CPPN
                coefficients.iter_mut().for_each(|value| *value += 0.05 * stream.normal() as f32);
                let weights: Vec<f32> = (0..shape.len()).map(|_| stream.normal() as f32).collect();
                let score = |coefficients: &[f32]| -> f64 {
                    let pixels = canvas.image(coefficients);
                    pixels
                        .iter()
                        .zip(&weights)
                        .map(|(pixel, weight)| f64::from(*pixel) * f64::from(*weight))
                        .sum()
                };
                let image = canvas.image(&coefficients);
                assert_eq!(image.len(), shape.len());
                let partials = canvas.gradient(&coefficients, &image, &weights);
                assert_eq!(partials.len(), coefficients.len());
                let norm = partials.iter().map(|partial| partial * partial).sum::<f32>().sqrt();
                let scale = coefficients.iter().map(|value| value * value).sum::<f32>().sqrt();
                let step = 2e-3 * scale;
                let moved = |step: f32| -> Vec<f32> {
                    coefficients
                        .iter()
                        .zip(&partials)
                        .map(|(value, partial)| value + step * partial / norm)
                        .collect()
                };
                let expected = (score(&moved(step)) - score(&moved(-step))) / f64::from(2.0 * step);
                let found = f64::from(norm);
                assert!(
                    norm > 0.0 && (found - expected).abs() < 0.02 * found,
                    "{config:?} {shape:?} started {started}: {found}, difference {expected}"
                );
                // and along another direction
                let along: Vec<f32> = coefficients.iter().map(|_| stream.normal() as f32).collect();
                let length = along.iter().map(|value| value * value).sum::<f32>().sqrt();
                let moved = |step: f32| -> Vec<f32> {
                    coefficients
                        .iter()
                        .zip(&along)
                        .map(|(value, along)| value + step * along / length)
                        .collect()
                };
                let expected = (score(&moved(step)) - score(&moved(-step))) / f64::from(2.0 * step);
                let found: f64 = partials
                    .iter()
                    .zip(&along)
                    .map(|(partial, along)| f64::from(partial * along / length))
                    .sum();
                assert!(
                    (found - expected).abs() < 0.02 * (found.abs() + f64::from(norm) * 0.1),
                    "{config:?} {shape:?} started {started}, random direction: {found}, difference {expected}"
                );
            }
        }
    }
}

#[test]
fn scores_rise_and_minima_fall() {
    let network = autoencoder();
    let micrograph = noise_plane(24, 32, 8);
    for objective in objectives() {
        for seed in 0..3 {
            let members = objective.least_members();
            let ends = |objective: &Objective, rate: f32| {
                let optimizer = OptimizerConfig::Adam { rate };
                let config = VisualizeConfig {
                    members,
                    seed,
                    optimizer,
                    check_every: 5,
                    transforms: Vec::new(),
                    ..small(Preset::Fast.config())
                };
                let mut ends = None;
                let mut keep = |event: Event<'_>| {
                    if let Event::Done { visualization, .. } = event {
                        let looks: Vec<f32> = visualization.scores.iter().map(|(_, score)| *score).collect();
                        ends = Some((looks[0], looks[1..].iter().copied().fold(f32::MIN, f32::max)));
                    }
                    ControlFlow::Continue(())
                };
                let objectives = std::slice::from_ref(objective);
                visualize(&network, objectives, &config, Materials::default(), Some(&micrograph), &mut keep)
                    .unwrap();
                ends.unwrap()
            };
            let (start, end) = ends(&objective, 0.05);
            assert!(end > start, "{objective} seed {seed}: {start} → {end}");
            // near the start, since minima of ReLUs are flat; what is as low as it can be, as the unlikeness of
            // pictures that start alike, stays so to its last digits
            let (start, end) = ends(&objective.clone().minimum(), 0.005);
            assert!(
                end >= start - 4.0 * f32::EPSILON * start.abs(),
                "minimum({objective}) seed {seed}: {start} → {end}"
            );
        }
    }
}
