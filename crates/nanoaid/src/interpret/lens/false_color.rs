//! False color: the maps of all live channels as one picture of three components.
//!
//! Principal components (Pearson 1901) over channels: each position is a vector of activations,
//! and the three directions in which these vary most become red, green and blue. They are taken
//! from the covariance, not the correlation: a channel counts by how much it varies, so that one
//! which hardly fires does not weigh as much as one that draws the picture.

use std::io;

use micrograph::Plane;
use rayon::prelude::*;

use super::FeatureMaps;
use super::color_basis::{ColorBasis, components};
use super::rank::{ChannelState, Ranking};
use super::reduce::reduced;

/// Longest side of the picture; more is not seen on a screen.
const LONGEST_PX: usize = 2048;
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

/// The maps in the colors of `basis`, which fits their layer; by default the first three principal
/// components of the live channels of `maps`, which `ranking` ranks.
///
/// # Errors
/// If spilled maps cannot be read back.
pub fn false_color(
    maps: &FeatureMaps,
    ranking: &Ranking,
    basis: Option<&ColorBasis>,
) -> io::Result<FalseColor> {
    match basis {
        Some(basis) => in_basis(maps, basis),
        None => of_its_own(maps, ranking),
    }
}

/// The maps in the colors of several micrographs.
fn in_basis(maps: &FeatureMaps, basis: &ColorBasis) -> io::Result<FalseColor> {
    let channels: Vec<(usize, f64)> = basis.means.iter().copied().enumerate().collect();
    let vectors: Vec<&[f64]> = basis.loadings.iter().map(Vec::as_slice).collect();
    let (projections, positions_per_px) = projected(maps, &channels, &vectors)?;
    let stretched =
        projections.iter().enumerate().map(|(component, values)| basis.stretched(component, values));
    Ok(FalseColor {
        planes: three(stretched, maps, positions_per_px),
        explained: basis.explained.clone(),
        loadings: basis.loadings.clone(),
        positions_per_px,
    })
}

fn of_its_own(maps: &FeatureMaps, ranking: &Ranking) -> io::Result<FalseColor> {
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
    let pairs = components(&covariance, total);
    let vectors: Vec<&[f64]> = pairs.iter().map(|pair| pair.vector.as_slice()).collect();
    let (projections, positions_per_px) = projected(maps, &live, &vectors)?;
    let planes = three(projections.iter().map(stretched), maps, positions_per_px);
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

/// The sum over `channels` (number and mean) of what is above the mean times the channel's weight, for
/// each of `vectors`, and the positions along a side of one of its pixels.
fn projected(
    maps: &FeatureMaps,
    channels: &[(usize, f64)],
    vectors: &[&[f64]],
) -> io::Result<(Vec<Plane>, usize)> {
    let positions_per_px = maps.height().max(maps.width()).div_ceil(LONGEST_PX).max(1);
    let [height, width] = size(maps, positions_per_px);
    let mut projections = vec![Plane::filled(height, width, 0.0); vectors.len()];
    let places: Vec<usize> = (0..channels.len()).collect();
    for few in places.chunks(maps.channels_at_once()) {
        let small: io::Result<Vec<Plane>> = few
            .par_iter()
            .map(|&place| maps.plane(channels[place].0).map(|plane| reduced(&plane, positions_per_px)))
            .collect();
        let small = small?;
        projections.par_iter_mut().zip(vectors).for_each(|(projection, vector)| {
            for (&place, plane) in few.iter().zip(&small) {
                let (loading, mean) = (vector[place] as f32, channels[place].1 as f32);
                let values = projection.values_mut().iter_mut().zip(plane.values());
                values.for_each(|(sum, value)| *sum += loading * (value - mean));
            }
        });
    }
    Ok((projections, positions_per_px))
}

fn size(maps: &FeatureMaps, positions_per_px: usize) -> [usize; 2] {
    [maps.height(), maps.width()].map(|length| length.div_ceil(positions_per_px))
}

/// Red, green and blue of `components`, halfway where there are fewer.
fn three(
    mut components: impl Iterator<Item = Plane>,
    maps: &FeatureMaps,
    positions_per_px: usize,
) -> [Plane; 3] {
    let [height, width] = size(maps, positions_per_px);
    std::array::from_fn(|_| components.next().unwrap_or_else(|| Plane::filled(height, width, NO_COMPONENT)))
}

/// `plane` from its 1 % to its 99 % quantile as 0 to 1; a constant one is halfway.
fn stretched(plane: &Plane) -> Plane {
    match plane.quantiles(&[0.01, 0.99])[..] {
        [low, high] if high > low => plane.map(|value| ((value - low) / (high - low)).clamp(0.0, 1.0)),
        _ => plane.map(|_| NO_COMPONENT),
    }
}
