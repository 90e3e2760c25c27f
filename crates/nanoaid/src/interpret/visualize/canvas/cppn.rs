//! CPPN canvas: a small network that gives each pixel its grey level from its coordinates
//! (Mordvintsev et al. 2018, Lucid's `param/cppn`). What it has learnt can be drawn at any size.
//!
//! Coordinates run from −√3 to √3 along the longer side. Each hidden layer is a product with
//! weights, a bias, `a = atan(x)`, and both `a / 0.67` and `a² / 0.6` go on; the last one starts
//! with weights 0.

use micrograph::random::Stream;
use rayon::prelude::*;

use super::super::image::Shape;
use super::Canvas;
use super::tone::Tone;

/// Weights `[out, in]` and biases `[out]` of each layer, one after the other.
pub(super) struct Cppn {
    shape: Shape,
    tone: Tone,
    /// Inputs and outputs of each layer.
    sizes: Vec<[usize; 2]>,
    /// Inputs of the first layer, `[pixel, 2]`.
    coordinates: Vec<f32>,
}

/// Pixels whose values are worked out together where only the image is wanted: few enough for what
/// hidden layers hold of them to stay small at any size.
const TOGETHER: usize = 4096;

const OF_LINEAR: f32 = 1.0 / 0.67;
const OF_SQUARE: f32 = 1.0 / 0.6;

impl Cppn {
    pub(super) fn new(shape: Shape, tone: Tone, [layers, channels]: [usize; 2]) -> Self {
        let mut sizes = vec![[2, channels]];
        sizes.extend((1..layers).map(|_| [2 * channels, channels]));
        sizes.push([2 * channels, shape.channels]);
        let half = 3_f64.sqrt() / (shape.height.max(shape.width) as f64 / 2.0);
        let place = |index: usize, length: usize| (index as f64 + 0.5 - length as f64 / 2.0) * half;
        let coordinates = (0..shape.plane())
            .flat_map(|pixel| {
                let (y, x) = (pixel / shape.width, pixel % shape.width);
                [place(y, shape.height) as f32, place(x, shape.width) as f32]
            })
            .collect();
        Self { shape, tone, sizes, coordinates }
    }

    /// Inputs of each layer, `[pixel, in]`, and its sums, `[pixel, out]`, at `coordinates`.
    fn run(&self, coefficients: &[f32], coordinates: &[f32]) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        let mut inputs = vec![coordinates.to_vec()];
        let mut sums = Vec::new();
        let mut rest = coefficients;
        for (layer, &[n_in, n_out]) in self.sizes.iter().enumerate() {
            let (weights, after) = rest.split_at(n_in * n_out);
            let (biases, after) = after.split_at(n_out);
            rest = after;
            let mut sum = Vec::with_capacity(coordinates.len() / 2 * n_out);
            for input in inputs[layer].chunks(n_in) {
                for (weights, bias) in weights.chunks(n_in).zip(biases) {
                    sum.push(
                        bias + weights.iter().zip(input).map(|(weight, value)| weight * value).sum::<f32>(),
                    );
                }
            }
            if layer + 1 < self.sizes.len() {
                let active = sum.chunks(n_out).flat_map(|sums| {
                    let angles = sums.iter().map(|sum| sum.atan());
                    let squares = angles.clone().map(|angle| angle * angle * OF_SQUARE);
                    angles.map(|angle| angle * OF_LINEAR).chain(squares).collect::<Vec<_>>()
                });
                inputs.push(active.collect());
            }
            sums.push(sum);
        }
        (inputs, sums)
    }
}

impl Canvas for Cppn {
    fn start(&self, stream: &mut Stream) -> Vec<f32> {
        let last = self.sizes.len() - 1;
        let mut coefficients = Vec::new();
        for (layer, &[n_in, n_out]) in self.sizes.iter().enumerate() {
            let deviation = if layer == last { 0.0 } else { (1.0 / n_in as f64).sqrt() };
            coefficients.extend((0..n_in * n_out).map(|_| (deviation * stream.normal()) as f32));
            let deviation = if layer == last { 0.0 } else { 0.1 };
            coefficients.extend((0..n_out).map(|_| (deviation * stream.normal()) as f32));
        }
        coefficients
    }

    fn image(&self, coefficients: &[f32]) -> Vec<f32> {
        let last = |coordinates: &[f32]| -> Vec<f32> {
            let (_, mut sums) = self.run(coefficients, coordinates);
            sums.pop().expect("there is a last layer")
        };
        let values: Vec<f32> = self.coordinates.par_chunks(2 * TOGETHER).flat_map_iter(last).collect();
        self.tone.image(transposed(&values, self.shape.plane(), self.shape.channels))
    }

    fn gradient(&self, coefficients: &[f32], image: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (inputs, sums) = self.run(coefficients, &self.coordinates);
        let partials = self.tone.gradient(image, gradient);
        let mut partials = transposed(&partials, self.shape.channels, self.shape.plane()); // [pixel, C]
        let mut found = vec![0.0; coefficients.len()];
        let mut end = coefficients.len();
        for (layer, &[n_in, n_out]) in self.sizes.iter().enumerate().rev() {
            let start = end - (n_in + 1) * n_out;
            let weights = &coefficients[start..start + n_in * n_out];
            let (of_weights, of_biases) = found[start..end].split_at_mut(n_in * n_out);
            let mut of_inputs = vec![0.0; if layer > 0 { inputs[layer].len() } else { 0 }];
            for (pixel, (partials, input)) in
                partials.chunks(n_out).zip(inputs[layer].chunks(n_in)).enumerate()
            {
                for (output, partial) in partials.iter().enumerate() {
                    of_biases[output] += partial;
                    let row = output * n_in..(output + 1) * n_in;
                    for (of_weight, value) in of_weights[row.clone()].iter_mut().zip(input) {
                        *of_weight += partial * value;
                    }
                    if layer > 0 {
                        let of_input = &mut of_inputs[pixel * n_in..(pixel + 1) * n_in];
                        for (of_input, weight) in of_input.iter_mut().zip(&weights[row]) {
                            *of_input += partial * weight;
                        }
                    }
                }
            }
            if layer > 0 {
                let channels = n_in / 2;
                let pairs = sums[layer - 1].chunks(channels).zip(of_inputs.chunks(n_in));
                partials = pairs
                    .flat_map(|(sums, of_inputs)| {
                        let partial = |channel: usize| {
                            let (sum, angle) = (sums[channel], sums[channel].atan());
                            let of_angle = OF_LINEAR * of_inputs[channel]
                                + 2.0 * angle * OF_SQUARE * of_inputs[channels + channel];
                            of_angle / (1.0 + sum * sum)
                        };
                        (0..channels).map(partial).collect::<Vec<_>>()
                    })
                    .collect();
            }
            end = start;
        }
        found
    }
}

/// `[rows, columns]` → `[columns, rows]`.
fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}
