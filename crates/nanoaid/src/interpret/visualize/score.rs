//! Score: the value of an objective for images, from the activations that it names.
//!
//! Everything is a tensor here, so that gradients come by automatic differentiation; what is
//! returned has one value an image, and no image's value depends on another, but where an
//! objective is about pictures that are made together.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};

use super::objective::Objective;
use crate::Address;

/// What the objectives of pictures that are made together look at.
pub(super) struct ScoreInput<'a> {
    /// Activations of layers, `[N, C, H, W]`, by name.
    pub maps: BTreeMap<&'a str, Tensor<4>>,
    /// Those of the given micrograph, `[1, C, H, W]`, where there is one.
    pub of_micrograph: BTreeMap<&'a str, Tensor<4>>,
    /// The images, `[N, C, H, W]`.
    pub images: Tensor<4>,
    /// Output of the last layer, `[N, C, H, W]`, where an objective needs it.
    pub output: Option<Tensor<4>>,
    /// Names of the classes, in the order of the channels of `output`.
    pub classes: &'a [String],
}

/// Below this a cosine does not fall, so that a picture that is far away still moves (Lucid).
const LEAST_COSINE: f32 = 0.1;
/// Added to norms in Lucid's direction objective.
const LEAST_NORM: f32 = 1e-4;

/// The score of each image, `[N]`. `objective` was checked to fit.
pub(super) fn scores(objective: &Objective, seen: &ScoreInput<'_>) -> Tensor<1> {
    let maps = |layer: &str| seen.maps[layer].clone();
    match objective {
        Objective::Unit(Address::Layer { layer, channel: None, .. }) => means(maps(layer).square()),
        Objective::Unit(Address::Layer { layer, channel: Some(channel), position }) => {
            let map = channel_of(maps(layer), *channel);
            match *position {
                None => means(map),
                Some((y, x)) => at(map, y, x),
            }
        }
        Objective::Unit(Address::Class(label)) => {
            let class = seen.classes.iter().position(|class| class == label).expect("the class was checked");
            means(channel_of(output(seen), class))
        }
        Objective::Center { layer, channel } => {
            let map = channel_of(maps(layer), *channel);
            let [_, _, height, width] = map.dims();
            at(map, height / 2, width / 2)
        }
        Objective::Energy { layer, channel } => {
            means(channel_of(maps(layer), *channel).clamp_min(0.0).square())
        }
        Objective::Direction { layer, components, cosine_power, .. } => {
            let maps = maps(layer);
            let [_, channels, ..] = maps.dims();
            let mut values = vec![0.0; channels];
            for (channel, component) in components {
                values[*channel] += component;
            }
            let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
            let direction = TensorData::new(values, [1, channels, 1, 1]);
            let direction = Tensor::<4>::from_data(direction, &maps.device());
            let dot = (maps.clone() * direction).sum_dim(1); // [N, 1, H, W]
            if *cosine_power == 0.0 {
                return means(dot);
            }
            let norms = (maps.square().sum_dim(1) + 1e-12).sqrt();
            let cosine = dot.clone() / (norms + LEAST_NORM) / (norm + LEAST_NORM);
            means(dot * cosine.clamp_min(LEAST_COSINE).powf_scalar(*cosine_power))
        }
        Objective::Error { position } => {
            // an autoencoder leaves out what is no whole position of its code
            let output = output(seen);
            let error = (seen.images.clone().slice(output.dims().map(|length| 0..length)) - output).square();
            match *position {
                None => means(error),
                Some((y, x)) => at(error, y, x),
            }
        }
        Objective::Between { from, to } => {
            let (from, to) = (scores(from, seen), scores(to, seen));
            let n = from.dims()[0];
            let shares: Vec<f32> = (0..n).map(|index| index as f32 / (n - 1).max(1) as f32).collect();
            let shares = Tensor::<1>::from_data(TensorData::new(shares, [n]), &from.device());
            from.clone() + (to - from) * shares
        }
        Objective::Diversity { layer } => diversity(maps(layer)),
        Objective::Diverse { of, layer, share } => {
            let score = scores(of, seen);
            let unlike = diversity(maps(layer)); // the negative of what they have in common
            score.clone() + score.abs() * unlike * *share
        }
        Objective::Caricature { layer, cosine_power } => {
            let (maps, given) = (maps(layer), seen.of_micrograph[layer.as_str()].clone());
            let dot = sums(maps.clone() * given.clone()) / maps.dims()[1..].iter().product::<usize>() as f32;
            if *cosine_power == 0.0 {
                return dot;
            }
            let cosine = cosines(maps, given);
            dot * cosine.clamp_min(LEAST_COSINE).powf_scalar(*cosine_power)
        }
        Objective::Inversion { layer } => {
            let (maps, given) = (maps(layer), seen.of_micrograph[layer.as_str()].clone());
            let missed = sums((maps - given.clone()).square());
            let all = sums(given.square()) + 1e-12;
            missed.ones_like() - missed / all
        }
        Objective::Sum(terms) => {
            let weighted = terms.iter().map(|(weight, term)| scores(term, seen) * *weight);
            weighted.reduce(|sum, term| sum + term).expect("a sum has terms")
        }
    }
}

fn output(seen: &ScoreInput<'_>) -> Tensor<4> {
    seen.output.clone().expect("the output was requested")
}

/// `[N, C, H, W]` → `[N, 1, H, W]`.
fn channel_of(maps: Tensor<4>, channel: usize) -> Tensor<4> {
    let [n, _, height, width] = maps.dims();
    maps.slice([0..n, channel..channel + 1, 0..height, 0..width])
}

/// `[N, C, H, W]` → `[N]`.
fn means(maps: Tensor<4>) -> Tensor<1> {
    let [n, channels, height, width] = maps.dims();
    maps.reshape([n, channels * height * width]).mean_dim(1).reshape([n])
}

/// `[N, C, H, W]` → `[N]`.
fn sums(maps: Tensor<4>) -> Tensor<1> {
    let [n, channels, height, width] = maps.dims();
    maps.reshape([n, channels * height * width]).sum_dim(1).reshape([n])
}

/// `[N, C, H, W]` → `[N]`, summed over channels.
fn at(maps: Tensor<4>, y: usize, x: usize) -> Tensor<1> {
    let [n, channels, ..] = maps.dims();
    sums(maps.slice([0..n, 0..channels, y..y + 1, x..x + 1]))
}

/// `[N, C, H, W]`, `[1, C, H, W]` → `[N]`.
fn cosines(maps: Tensor<4>, given: Tensor<4>) -> Tensor<1> {
    let norm = |maps: Tensor<4>| (sums(maps.square()) + 1e-12).sqrt();
    sums(maps.clone() * given.clone()) / (norm(maps) * norm(given))
}

/// For each image the negative mean, over the others, of the product of their Gram matrices.
fn diversity(maps: Tensor<4>) -> Tensor<1> {
    let [n, channels, height, width] = maps.dims();
    let flat: Tensor<3> = maps.reshape([n, channels, height * width]);
    let grams = flat.clone().matmul(flat.transpose()).reshape([n, channels * channels]); // [N, C²]
    let norms = (grams.clone().square().sum_dim(1) + 1e-12).sqrt();
    let grams = grams / norms;
    let products = grams.clone().matmul(grams.transpose()); // [N, N]
    let others = Tensor::<2>::ones([n, n], &products.device()) - Tensor::<2>::eye(n, &products.device());
    let sums = (products * others).sum_dim(1).reshape([n]);
    sums * (-1.0 / (n.max(2) - 1) as f32)
}
