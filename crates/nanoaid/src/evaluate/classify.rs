//! Classifying: the classes of a micrograph by a classifier.
//!
//! A classifier sees squares of one size. A micrograph is shown to it as *views*: squares as high as
//! its shorter side, side by side along the longer one, the logits of which are averaged; the whole specimen is
//! covered, and not distorted. Training and data sets are not known here.

mod answer;
mod trained;

pub use answer::{Answer, AnswerConfig, ClassProbability, answer};
pub(crate) use trained::report_of;
pub use trained::{
    ClassifyError, FileAnswer, NamedClass, TrainedClassifier, answer_of, answers_csv, reliability,
};

use burn::tensor::{Tensor, TensorData};
use micrograph::paint::{Sampling, resampled};
use micrograph::{Plane, Rect};

use crate::network::Architecture;
use crate::train::regression::argmax;
use crate::{Device, Network, evaluate::classifier};

/// Most views of one micrograph; of a very long one some areas are left out.
const MOST_VIEWS: usize = 16;
/// Views that are run together.
const BATCH: usize = 16;

/// Height and width of the views that `network` takes, in pixels; `None` if it is not a classifier.
pub fn view_px(network: &Network) -> Option<usize> {
    match network.architecture() {
        Architecture::Compact(config) => Some(config.view_px),
        Architecture::Transfer(config) => Some(config.trunk.preprocess.size_px),
        Architecture::Autoencoder(_)
        | Architecture::Published(_)
        | Architecture::Segmenter(_)
        | Architecture::Imported(_) => None,
    }
}

/// The views of `plane`, `side × side` each: overlapping as little as covers it.
///
/// # Panics
/// If `plane` is empty.
pub fn views(plane: &Plane, side: usize) -> Vec<Plane> {
    let squares = view_squares(plane.height(), plane.width());
    squares.into_iter().map(|square| scaled(&plane.crop(square), side)).collect()
}

/// The squares of a plane of `height × width` that its views show.
pub(crate) fn view_squares(height: usize, width: usize) -> Vec<Rect> {
    let (short, long) = (height.min(width), height.max(width));
    let count = long.div_ceil(short).min(MOST_VIEWS);
    (0..count)
        .map(|index| {
            let first = if count == 1 { 0 } else { index * (long - short) / (count - 1) };
            let (y, x) = if width >= height { (0, first) } else { (first, 0) };
            Rect { y, x, height: short, width: short }
        })
        .collect()
}

/// `plane`, a square, at `side × side`: averaged where it shrinks, smooth where it grows.
pub(crate) fn scaled(plane: &Plane, side: usize) -> Plane {
    resampled(plane, side, side, view_sampling(plane.height(), side))
}

/// How a square of `height` pixels becomes a view of `side`.
pub(crate) fn view_sampling(height: usize, side: usize) -> Sampling {
    if height > side { Sampling::Area } else { Sampling::Bilinear }
}

/// The output of the classifier's last layer, before any softmax, one value a class: the mean over
/// the views of `plane`, values in `[0, 1]`.
///
/// # Panics
/// If `network` is not a classifier, or `plane` is empty.
pub fn logits(network: &Network, plane: &Plane) -> Vec<f64> {
    let side = view_px(network).expect("a classifier");
    logits_of_groups(network, &[views(plane, side)]).remove(0)
}

/// The mean logits of each group of views, all of one size.
pub(crate) fn logits_of_groups(network: &Network, groups: &[Vec<Plane>]) -> Vec<Vec<f64>> {
    let head = network.layers().last().map_or("", |layer| &layer.name);
    means_of_groups(network, head, groups)
}

/// The mean output of `layer`, one value a channel and view, over each group of views.
pub(crate) fn means_of_groups(network: &Network, layer: &str, groups: &[Vec<Plane>]) -> Vec<Vec<f64>> {
    let views: Vec<&Plane> = groups.iter().flatten().collect();
    let mut values: Vec<Vec<f64>> = Vec::with_capacity(views.len());
    for few in views.chunks(BATCH) {
        let maps = network.forward_to(tensor_of(few, network.device()), layer); // [N, C, 1, 1]
        let n_channels = maps.dims()[1];
        let flat: Vec<f32> = maps.into_data().try_to_vec().expect("logits are f32");
        values.extend(flat.chunks(n_channels).map(|row| row.iter().map(|&value| f64::from(value)).collect()));
    }
    let mut values = values.into_iter();
    let mean = |group: &Vec<Plane>| -> Vec<f64> {
        let own: Vec<Vec<f64>> = values.by_ref().take(group.len()).collect();
        let n_channels = own.first().map_or(0, Vec::len);
        let of = |channel: usize| own.iter().map(|row| row[channel]).sum::<f64>() / group.len() as f64;
        (0..n_channels).map(of).collect()
    };
    groups.iter().map(mean).collect()
}

/// Planes of one size as images. `N × [H, W]` → `[N, 1, H, W]`.
pub(crate) fn tensor_of(planes: &[&Plane], device: Device) -> Tensor<4> {
    let (height, width) = planes.first().map_or((0, 0), |plane| (plane.height(), plane.width()));
    let values: Vec<f32> = planes.iter().flat_map(|plane| plane.values().iter().copied()).collect();
    Tensor::from_data(TensorData::new(values, [planes.len(), 1, height, width]), &device.burn())
}

/// Mean F1 over the classes that occur among `expected`, for the classes of the highest `logits`.
pub fn macro_f1(logits: &[Vec<f64>], expected: &[usize], n_classes: usize) -> f64 {
    classifier::macro_f1(n_classes, expected.iter().copied().zip(logits.iter().map(|logits| argmax(logits))))
}

/// Mean cross-entropy of the softmax of `logits` in nats; 0 without logits.
pub fn cross_entropy(logits: &[Vec<f64>], expected: &[usize]) -> f64 {
    let one = |(logits, &expected): (&Vec<f64>, &usize)| {
        let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = highest + logits.iter().map(|logit| (logit - highest).exp()).sum::<f64>().ln();
        log_sum - logits[expected]
    };
    logits.iter().zip(expected).map(one).sum::<f64>() / logits.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::CompactConfig;

    #[test]
    fn views_cover_the_micrograph_with_squares() {
        let ramp = |height: usize, width: usize| Plane::from_fn(height, width, |y, x| (y + x) as f32);
        for (height, width, corners) in [
            (8, 8, vec![(0, 0)]),
            (8, 11, vec![(0, 0), (0, 3)]),
            (8, 17, vec![(0, 0), (0, 4), (0, 9)]),
            (12, 8, vec![(0, 0), (4, 0)]),
        ] {
            let plane = ramp(height, width);
            let found = views(&plane, 8);
            let expected: Vec<Plane> =
                corners.iter().map(|&(y, x)| plane.crop(Rect { y, x, height: 8, width: 8 })).collect();
            assert_eq!(found, expected, "{height} × {width}");
        }
        assert_eq!(views(&ramp(3, 400), 8).len(), MOST_VIEWS);
    }

    #[test]
    fn logits_are_the_mean_over_the_views() {
        let config = CompactConfig { view_px: 32, ..CompactConfig::default() };
        let network = Network::random(Architecture::Compact(config), 1, Device::Cpu).unwrap();
        let plane = Plane::from_fn(64, 96, |y, x| ((y * 7 + x * 3) % 11) as f32 / 10.0);
        let found = logits(&network, &plane);
        let alone: Vec<Vec<Plane>> =
            views(&plane, 32).iter().map(|view| network.maps(view, "head").unwrap()).collect();
        for (class, found) in found.iter().enumerate() {
            let mean = alone.iter().map(|maps| f64::from(maps[class].at(0, 0))).sum::<f64>() / 2.0;
            assert!((found - mean).abs() < 1e-6, "class {class}: {found} {mean}");
        }
    }

    #[test]
    fn macro_f1_and_cross_entropy_are_those_of_their_definitions() {
        // answers 0, 0, 1, 1 for 0, 1, 1, 1: F1 of class 0 is 2/3, of class 1 is 4/5
        let logits = [[2.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 3.0, 0.0]].map(Vec::from);
        let f1 = macro_f1(&logits, &[0, 1, 1, 1], 3);
        assert!((f1 - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-12, "{f1}");
        let even = cross_entropy(&[vec![5.0; 4]], &[2]);
        assert!((even - 4.0_f64.ln()).abs() < 1e-12, "{even}");
    }
}
