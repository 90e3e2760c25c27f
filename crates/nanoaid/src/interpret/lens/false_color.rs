//! False color: the maps of all live channels as one picture of three components.
//!
//! Principal components (Pearson 1901) over channels: each position is a vector of activations,
//! and the three directions in which these vary most become red, green and blue. They are taken
//! from the covariance, not the correlation: a channel counts by how much it varies, so that one
//! which hardly fires does not weigh as much as one that draws the picture.

use std::io;

use micrograph::Plane;
use rayon::prelude::*;

use crate::eigen::eigenpairs;

use super::FeatureMaps;
use super::rank::{ChannelState, Ranking};
use super::reduce::reduced;

/// Longest side of the picture; more is not seen on a screen.
const LONGEST_PX: usize = 2048;
/// Components of a picture.
const N_COMPONENTS: usize = 3;
/// Value of a component that does not exist: halfway.
const NO_COMPONENT: f32 = 0.5;

/// Feature maps as a picture.
#[derive(Clone, Debug)]
pub struct FalseColor {
    /// Red, green and blue, each in `[0, 1]` between its 1 % and 99 % quantile; a component that
    /// does not exist is 0.5 everywhere.
    pub planes: [Plane; 3],
    /// Share of the live channels' variance that each component explains, falling, one for each
    /// component that exists, at most three.
    pub explained: Vec<f64>,
    /// Weight of each channel in each component; the largest by magnitude is positive, those of
    /// channels that are not live are 0. Each has length 1.
    pub loadings: Vec<Vec<f64>>,
    /// Positions of the maps along each side of one pixel of the picture.
    pub positions_per_px: usize,
}

/// The first three principal components of the live channels of `maps`, which `ranking` ranks.
///
/// # Errors
/// If spilled maps cannot be read back.
pub fn false_color(maps: &FeatureMaps, ranking: &Ranking) -> io::Result<FalseColor> {
    let mut live: Vec<(usize, f64)> = ranking
        .channels
        .iter()
        .filter(|channel| channel.state == ChannelState::Live)
        .map(|channel| (channel.channel, channel.statistics.mean))
        .collect();
    live.sort_unstable_by_key(|&(channel, _)| channel);
    let row = |a: usize| live.iter().map(|&(b, _)| ranking.covariance[a][b]).collect();
    let covariance: Vec<Vec<f64>> = live.iter().map(|&(a, _)| row(a)).collect();
    let total: f64 = (0..live.len()).map(|index| covariance[index][index]).sum();
    let mut pairs = eigenpairs(&covariance);
    pairs.truncate(N_COMPONENTS);
    // what is left by rounding where channels depend on each other is no component
    pairs.retain(|pair| pair.value > 1e-9 * total);
    for pair in &mut pairs {
        let largest = pair.vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|largest| largest < 0.0) {
            pair.vector.iter_mut().for_each(|loading| *loading = -*loading);
        }
    }

    let positions_per_px = maps.height().max(maps.width()).div_ceil(LONGEST_PX).max(1);
    let (height, width) = (maps.height().div_ceil(positions_per_px), maps.width().div_ceil(positions_per_px));
    let mut projections = vec![Plane::filled(height, width, 0.0); pairs.len()];
    let places: Vec<usize> = (0..live.len()).collect();
    for few in places.chunks(maps.channels_at_once()) {
        let small: io::Result<Vec<Plane>> = few
            .par_iter()
            .map(|&place| maps.plane(live[place].0).map(|plane| reduced(&plane, positions_per_px)))
            .collect();
        let small = small?;
        projections.par_iter_mut().zip(&pairs).for_each(|(projection, pair)| {
            for (&place, plane) in few.iter().zip(&small) {
                let (loading, mean) = (pair.vector[place] as f32, live[place].1 as f32);
                let values = projection.values_mut().iter_mut().zip(plane.values());
                values.for_each(|(sum, value)| *sum += loading * (value - mean));
            }
        });
    }
    let mut projections = projections.into_iter().map(|projection| stretched(&projection));
    let planes = std::array::from_fn(|_| {
        projections.next().unwrap_or_else(|| Plane::filled(height, width, NO_COMPONENT))
    });
    let loadings = pairs.iter().map(|pair| {
        let mut loadings = vec![0.0; maps.n_channels()];
        live.iter().zip(&pair.vector).for_each(|(&(channel, _), &loading)| loadings[channel] = loading);
        loadings
    });
    Ok(FalseColor {
        planes,
        explained: pairs.iter().map(|pair| pair.value / total).collect(),
        loadings: loadings.collect(),
        positions_per_px,
    })
}

/// `plane` from its 1 % to its 99 % quantile as 0 to 1; a constant one is halfway.
fn stretched(plane: &Plane) -> Plane {
    match plane.quantiles(&[0.01, 0.99])[..] {
        [low, high] if high > low => plane.map(|value| ((value - low) / (high - low)).clamp(0.0, 1.0)),
        _ => plane.map(|_| NO_COMPONENT),
    }
}
