//! Lens quality: how much the maps of a layer show that the micrograph itself does not.
//!
//! Only positions whose receptive field lies inside the micrograph count, so that a channel that answers
//! to the border alone is not taken for a live one.

use std::f64::consts::PI;

use micrograph::{Plane, Rect};
use rayon::prelude::*;
use serde::Serialize;

use super::rank::{covariance, rank_by_variance};
use crate::eigen::eigenpairs;
use crate::interpret::lens::COPY_CORRELATION;
use crate::network::NetworkError;
use crate::{Layer, Network};

/// Orientations of the simple filters.
const N_ORIENTATIONS: usize = 4;
/// Share of the largest variance below which a direction of the simple filters is left out of the fit.
const LEAST_VARIANCE: f64 = 1e-9;

/// What the maps of a layer show over some micrographs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LensQuality {
    /// The layer.
    pub layer: String,
    /// Its channels.
    pub n_channels: usize,
    /// Channels that vary inside the micrographs.
    pub n_live: usize,
    /// Channels that vary at the border only.
    pub n_border_only: usize,
    /// Channels that are not 0 at more than 1 % of the positions inside.
    pub n_active: usize,
    /// Live channels whose |Pearson r| with an earlier live one is at least 0.98.
    pub n_near_copies: usize,
    /// Effective rank of the activation vectors, each live channel in units of its standard deviation: the
    /// exponential of the entropy of the shares of the variances along the principal axes.
    pub effective_rank: f64,
    /// Mean over live channels of the share of their variance that 16 rectified oriented filters (Gabor,
    /// 4 orientations, even and odd, both signs; one period is two strides of the layer) explain
    /// linearly. `None` where no channel is live.
    pub simple_share: Option<f64>,
}

impl LensQuality {
    /// The maps of `layer` over `images`; those without a position inside are left out.
    ///
    /// # Errors
    /// If `network` has no such layer, or an image is too small for it.
    pub fn of(network: &Network, layer: &str, images: &[&Plane]) -> Result<Self, NetworkError> {
        let described = network.known_layer(layer)?;
        let n_channels = described.n_channels;
        let (mut inside, mut beside) = (Vec::new(), Vec::new());
        let (mut live, mut varies) = (vec![None; n_channels], vec![None; n_channels]);
        let mut n_active = vec![0usize; n_channels];
        let mut n_positions = 0;
        for image in images {
            let maps = network.maps(image, layer)?;
            let Some(rect) = positions_inside(described, image) else { continue };
            let cropped: Vec<Plane> = maps.iter().map(|map| map.crop(rect)).collect();
            for (channel, (whole, cropped)) in maps.iter().zip(&cropped).enumerate() {
                widen(&mut varies[channel], whole);
                widen(&mut live[channel], cropped);
                n_active[channel] += cropped.values().iter().filter(|value| **value != 0.0).count();
            }
            n_positions += cropped[0].values().len();
            beside.push(simple_responses(image, described.stride, rect));
            inside.push(cropped);
        }
        let spreads = |range: &Option<(f32, f32)>| range.is_some_and(|(low, high)| low < high);
        let n_varies = varies.iter().filter(|range| spreads(range)).count();
        let kept: Vec<usize> = (0..n_channels).filter(|&channel| spreads(&live[channel])).collect();
        let joined: Vec<Vec<Plane>> = inside
            .into_iter()
            .zip(beside)
            .map(|(maps, mut simple)| {
                simple.extend(kept.iter().map(|&channel| maps[channel].clone()));
                simple
            })
            .collect();
        let correlation = correlations(&covariance(&joined));
        let n_simple = correlation.len().saturating_sub(kept.len());
        let among: Vec<Vec<f64>> =
            correlation.iter().skip(n_simple).map(|row| row[n_simple..].to_vec()).collect();
        Ok(Self {
            layer: layer.to_owned(),
            n_channels,
            n_live: kept.len(),
            n_border_only: n_varies - kept.len(),
            n_active: n_active.iter().filter(|&&n| n * 100 > n_positions).count(),
            n_near_copies: near_copies(&among),
            effective_rank: rank_by_variance(&among),
            simple_share: mean_explained(&correlation, n_simple),
        })
    }
}

/// The positions of `layer` over `image` that do not depend on what is around it.
fn positions_inside(layer: &Layer, image: &Plane) -> Option<Rect> {
    let margin = layer.receptive_field_px?.div_ceil(2).div_ceil(layer.stride);
    let [height, width] = [image.height(), image.width()].map(|length| layer.map_length(length));
    let length = |length: usize| length.checked_sub(2 * margin).filter(|length| *length > 0);
    Some(Rect { y: margin, x: margin, height: length(height)?, width: length(width)? })
}

fn widen(range: &mut Option<(f32, f32)>, map: &Plane) {
    if let Some((low, high)) = map.range() {
        *range = Some(range.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
    }
}

/// Responses of the simple filters, the largest in each cell of `stride × stride` pixels, at the cells of
/// `rect`.
fn simple_responses(image: &Plane, stride: usize, rect: Rect) -> Vec<Plane> {
    let period = (2 * stride).max(4) as f64;
    let deviation = 0.5 * period;
    let reach = (2.0 * deviation).ceil() as isize;
    (0..2 * N_ORIENTATIONS)
        .into_par_iter()
        .flat_map(|index| {
            let angle = PI * (index / 2) as f64 / N_ORIENTATIONS as f64;
            let phase = if index % 2 == 0 { 0.0 } else { PI / 2.0 };
            let mut kernel: Vec<(isize, isize, f64)> = Vec::new();
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    let (y, x) = (dy as f64, dx as f64);
                    let along = x * angle.cos() + y * angle.sin();
                    let window = (-(x * x + y * y) / (2.0 * deviation * deviation)).exp();
                    kernel.push((dy, dx, window * (2.0 * PI * along / period + phase).cos()));
                }
            }
            let mean = kernel.iter().map(|entry| entry.2).sum::<f64>() / kernel.len() as f64;
            let response = |y: isize, x: isize| -> f64 {
                let at = |dy: isize, dx: isize| {
                    let row = (y + dy).clamp(0, image.height() as isize - 1) as usize;
                    let column = (x + dx).clamp(0, image.width() as isize - 1) as usize;
                    f64::from(image.at(row, column))
                };
                kernel.iter().map(|&(dy, dx, weight)| (weight - mean) * at(dy, dx)).sum()
            };
            // every second pixel of a coarse cell is enough for the largest of a smooth response
            let step = (stride / 4).max(1);
            let cell = |sign: f64| {
                Plane::from_fn(rect.height, rect.width, |y, x| {
                    let (top, left) = ((rect.y + y) * stride, (rect.x + x) * stride);
                    let mut largest = 0.0f64;
                    for dy in (0..stride).step_by(step) {
                        for dx in (0..stride).step_by(step) {
                            largest = largest.max(sign * response((top + dy) as isize, (left + dx) as isize));
                        }
                    }
                    largest as f32
                })
            };
            vec![cell(1.0), cell(-1.0)]
        })
        .collect()
}

/// Correlations from covariances; 0 with what does not vary.
fn correlations(covariance: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let deviations: Vec<f64> = (0..covariance.len()).map(|i| covariance[i][i].max(0.0).sqrt()).collect();
    let of = |i: usize, j: usize| {
        let product = deviations[i] * deviations[j];
        if product > 0.0 { covariance[i][j] / product } else { 0.0 }
    };
    (0..covariance.len()).map(|i| (0..covariance.len()).map(|j| of(i, j)).collect()).collect()
}

fn near_copies(correlation: &[Vec<f64>]) -> usize {
    let mut originals: Vec<usize> = Vec::new();
    for (channel, row) in correlation.iter().enumerate() {
        if originals.iter().all(|&other| row[other].abs() < COPY_CORRELATION) {
            originals.push(channel);
        }
    }
    correlation.len() - originals.len()
}

/// Mean share of the variance of each channel after the first `n` that the first `n` explain linearly.
fn mean_explained(correlation: &[Vec<f64>], n: usize) -> Option<f64> {
    let channels = n..correlation.len();
    if channels.is_empty() {
        return None;
    }
    let among: Vec<Vec<f64>> = correlation.iter().take(n).map(|row| row[..n].to_vec()).collect();
    let axes = eigenpairs(&among);
    let most = axes.first().map_or(0.0, |axis| axis.value);
    let explained = channels.clone().map(|channel| -> f64 {
        axes.iter()
            .filter(|axis| axis.value > LEAST_VARIANCE * most)
            .map(|axis| {
                let along: f64 = (0..n).map(|i| axis.vector[i] * correlation[channel][i]).sum();
                along * along / axis.value
            })
            .sum()
    });
    Some(explained.sum::<f64>() / channels.len() as f64)
}

#[cfg(test)]
mod tests {
    use micrograph::random::Stream;

    use super::*;
    use crate::{Architecture, AutoencoderConfig, Device};

    #[test]
    fn copies_are_counted_once_and_explained_wholly() {
        let mut stream = Stream::new(2, "test", 0);
        let mut noise = || Plane::from_fn(40, 40, |_, _| stream.uniform() as f32);
        let (a, b, c) = (noise(), noise(), noise());
        let copy = a.map(|value| 3.0 - 2.0 * value);
        let correlation = correlations(&covariance(&[vec![a.clone(), b.clone(), a, copy, c]]));
        let among: Vec<Vec<f64>> = correlation.iter().skip(2).map(|row| row[2..].to_vec()).collect();
        assert_eq!(near_copies(&among), 1);
        // the filters a and b explain two of three channels wholly, and noise hardly
        let share = mean_explained(&correlation, 2).unwrap();
        assert!((share - 2.0 / 3.0).abs() < 0.01, "{share}");
    }

    #[test]
    fn a_constant_micrograph_has_no_live_channel() {
        let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..AutoencoderConfig::default() };
        let network = Network::random(Architecture::Autoencoder(config), 3, Device::Cpu).unwrap();
        let flat = Plane::filled(64, 64, 0.4);
        let found = LensQuality::of(&network, "encoder.2", &[&flat]).unwrap();
        assert_eq!((found.n_channels, found.n_live, found.simple_share), (6, 0, None));
        assert!(found.n_border_only > 0, "zeros around the image are an edge");
        let mut stream = Stream::new(2, "test", 0);
        let noise = Plane::from_fn(64, 64, |_, _| stream.uniform() as f32);
        let found = LensQuality::of(&network, "encoder.2", &[&noise]).unwrap();
        assert!(found.n_live > 0 && found.effective_rank > 1.0, "{found:?}");
    }
}
