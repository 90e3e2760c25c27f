//! Color basis: one set of false colors for several micrographs, so that a color means the same in all.
//!
//! Each image counts alike: the covariance of the channels is the mean over images of that within each,
//! plus that of their means. Its first three principal components are red, green and blue, each from
//! −2.33 to 2.33 of its standard deviations, which is where 98 % of a normal distribution lies.

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::rank::{ChannelState, Ranking};
use crate::eigen::{Eigenpair, eigenpairs};

/// Standard deviations from the middle to the ends of a color.
const ENDS: f64 = 2.33;
/// Components of a picture.
const N_COMPONENTS: usize = 3;

/// The strongest components of a covariance of this trace, largest first; the largest loading of each is positive.
pub(super) fn components(covariance: &[Vec<f64>], trace: f64) -> Vec<Eigenpair> {
    let mut pairs = eigenpairs(covariance);
    pairs.truncate(N_COMPONENTS);
    // what is left by rounding where channels depend on each other is no component
    pairs.retain(|pair| pair.value > 1e-9 * trace);
    for pair in &mut pairs {
        let largest = pair.vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|largest| largest < 0.0) {
            pair.vector.iter_mut().for_each(|loading| *loading = -*loading);
        }
    }
    pairs
}

/// What red, green and blue are for one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColorBasis {
    /// The layer.
    pub layer: String,
    /// Micrographs it was fitted on.
    pub n_images: usize,
    /// Mean of each channel over these.
    pub means: Vec<f64>,
    /// Weight of each channel in each component, of length 1; at most three.
    pub loadings: Vec<Vec<f64>>,
    /// Standard deviation of each component over all these micrographs.
    pub deviations: Vec<f64>,
    /// Share of the variance over all these micrographs that each component explains.
    pub explained: Vec<f64>,
}

/// Sums over the micrographs of which a basis is made.
#[derive(Clone, Debug, Default)]
pub struct ColorBasisFit {
    n_images: usize,
    means: Vec<f64>,
    /// `[C, C]`, of the products of channels.
    products: Vec<Vec<f64>>,
}

impl ColorBasisFit {
    /// Adds the channels of one micrograph.
    pub fn add(&mut self, ranking: &Ranking) {
        let n = ranking.channels.len();
        if self.means.is_empty() {
            (self.means, self.products) = (vec![0.0; n], vec![vec![0.0; n]; n]);
        }
        let mut means = vec![0.0; n];
        for channel in &ranking.channels {
            means[channel.channel] = channel.statistics.mean;
        }
        // constant here, though perhaps not elsewhere: its mean counts, its covariances are rounding
        let mut constant = vec![false; n];
        for channel in ranking.channels.iter().filter(|channel| channel.state == ChannelState::Dead) {
            constant[channel.channel] = true;
        }
        self.n_images += 1;
        for a in 0..n {
            self.means[a] += means[a];
            for b in 0..n {
                let within = if constant[a] || constant[b] { 0.0 } else { ranking.covariance[a][b] };
                self.products[a][b] += within + means[a] * means[b];
            }
        }
    }

    /// The basis of `layer`; `None` of no micrographs.
    pub fn basis(&self, layer: &str) -> Option<ColorBasis> {
        let n = (self.n_images > 0).then_some(self.n_images as f64)?;
        let means: Vec<f64> = self.means.iter().map(|sum| sum / n).collect();
        let covariance: Vec<Vec<f64>> = self
            .products
            .iter()
            .zip(&means)
            .map(|(row, a)| row.iter().zip(&means).map(|(sum, b)| sum / n - a * b).collect())
            .collect();
        let total: f64 = (0..means.len()).map(|channel| covariance[channel][channel]).sum();
        let pairs = components(&covariance, total);
        Some(ColorBasis {
            layer: layer.to_owned(),
            n_images: self.n_images,
            means,
            deviations: pairs.iter().map(|pair| pair.value.sqrt()).collect(),
            explained: pairs.iter().map(|pair| pair.value / total).collect(),
            loadings: pairs.into_iter().map(|pair| pair.vector).collect(),
        })
    }
}

impl ColorBasis {
    /// Whether it is of a layer of so many channels, with numbers that can be used.
    pub fn fits(&self, layer: &str, n_channels: usize) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        self.layer == layer
            && self.means.len() == n_channels
            && self.loadings.len() <= N_COMPONENTS
            && self.deviations.len() == self.loadings.len()
            && self.loadings.iter().all(|loadings| loadings.len() == n_channels && finite(loadings))
            && finite(&self.means)
            && self.deviations.iter().all(|deviation| *deviation > 0.0 && deviation.is_finite())
    }

    /// A component's values as 0 to 1.
    pub(super) fn stretched(&self, component: usize, values: &Plane) -> Plane {
        let end = (ENDS * self.deviations[component]) as f32;
        values.map(|value| (0.5 + value / (2.0 * end)).clamp(0.0, 1.0))
    }
}
