//! Ranking: which channels of a layer are informative on a micrograph, the strongest first.
//!
//! Dead channels are constant; near-copies are correlated with a stronger channel. Both are
//! named as such and come last, so that a constant map is never stretched into texture.
//! Statistics are summed in `f64` over all positions, channel by channel.

use std::collections::BTreeMap;
use std::io;

use micrograph::Plane;
use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::FeatureMaps;

/// A channel whose standard deviation is at most this share of the layer's largest is dead: below
/// the rounding of `f32` sums there is nothing to see.
const DEAD_SHARE: f64 = 1e-6;
/// A channel whose |Pearson r| with a stronger one is at least this is a near-copy: 96 % of its
/// variance is the other's.
pub(crate) const COPY_CORRELATION: f64 = 0.98;
/// Most positions from which covariances are taken; their error is then about 1 / 256.
const MOST_POSITIONS: usize = 65_536;
/// Most sampled values of all channels together, 128 MiB.
const MOST_SAMPLES: usize = 1 << 25;
/// Channels whose covariances with others are summed together, and positions of which they are
/// taken at once: what the second-level cache holds with 128 channels.
const CHANNELS_AT_ONCE: usize = 32;
const POSITIONS_AT_ONCE: usize = 512;
/// Cells along each side of the grid on which the spatial entropy is taken.
const ENTROPY_CELLS: usize = 16;

/// What a channel does over the whole image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelStatistics {
    /// Mean activation.
    pub mean: f64,
    /// Standard deviation over the positions.
    pub standard_deviation: f64,
    /// Smallest activation.
    pub min: f32,
    /// Largest activation.
    pub max: f32,
    /// The 0.5 % quantile: where a display may begin.
    pub low: f32,
    /// The 99.5 % quantile: where a display may end.
    pub high: f32,
    /// Mean of the squared activations.
    pub energy: f64,
    /// Spatial entropy in bits: the Shannon entropy of the shares that the cells of a 16 × 16
    /// grid (fewer on smaller maps) have of the energy, each cell by its mean. 0 where all energy
    /// lies in one cell or there is none, log₂ of the number of cells (8) where it lies everywhere.
    pub entropy_bits: f64,
}

/// Whether a channel is informative on this image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ChannelState {
    /// It does.
    Live,
    /// It is correlated with a stronger live channel.
    NearCopy {
        /// The stronger channel.
        of: usize,
        /// Pearson's r between the two; negative where one is the other's negative.
        correlation: f64,
    },
    /// It is constant, most often 0.
    Dead,
}

/// In which order channels are shown; near-copies come after the live ones, dead ones last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Most energy first.
    #[default]
    Energy,
    /// Lowest spatial entropy first: what stands in few places before what is everywhere.
    Entropy,
    /// By number.
    Channel,
}

/// A channel in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedChannel {
    /// Its number.
    pub channel: usize,
    /// Whether it is informative on this image.
    pub state: ChannelState,
    /// What it does.
    pub statistics: ChannelStatistics,
}

/// How many channels are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelCounts {
    /// Channels with something of their own.
    pub n_live: usize,
    /// Near-copies of stronger ones.
    pub n_near_copies: usize,
    /// Constant channels.
    pub n_dead: usize,
}

/// All channels of a layer in order.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// The order they are in.
    pub order: Order,
    /// The channels, first to be shown first.
    pub channels: Vec<RankedChannel>,
    /// How many are in each state.
    pub counts: ChannelCounts,
    /// Covariances between all channels over sampled positions, `[C, C]`.
    pub(super) covariance: Vec<Vec<f64>>,
}

/// Ranks the channels of `maps`.
///
/// # Errors
/// If spilled maps cannot be read back.
pub fn rank(maps: &FeatureMaps, order: Order) -> io::Result<Ranking> {
    let most = MOST_POSITIONS.min(MOST_SAMPLES / maps.n_channels());
    let step = sample_step(maps.height(), maps.width(), most);
    let channels: Vec<usize> = (0..maps.n_channels()).collect();
    let (mut statistics, mut samples) = (Vec::new(), Vec::new());
    for few in channels.chunks(maps.channels_at_once()) {
        let surveyed: io::Result<Vec<_>> = few
            .par_iter()
            .map(|&channel| maps.plane(channel).map(|plane| (statistics_of(&plane), sampled(&plane, step))))
            .collect();
        for (channel, sample) in surveyed? {
            statistics.push(channel);
            samples.push(sample);
        }
    }
    let covariance = covariance_of(&samples);
    let states = states_of(&statistics, &covariance);
    let mut channels: Vec<RankedChannel> = (0..)
        .zip(states.into_iter().zip(statistics))
        .map(|(channel, (state, statistics))| RankedChannel { channel, state, statistics })
        .collect();
    channels.sort_by(|a, b| {
        let place = |channel: &RankedChannel| match channel.state {
            ChannelState::Live => 0,
            ChannelState::NearCopy { .. } => 1,
            ChannelState::Dead => 2,
        };
        place(a).cmp(&place(b)).then_with(|| match order {
            Order::Energy => b.statistics.energy.total_cmp(&a.statistics.energy),
            Order::Entropy => a.statistics.entropy_bits.total_cmp(&b.statistics.entropy_bits),
            Order::Channel => a.channel.cmp(&b.channel),
        })
    });
    let counts = channels.iter().fold(ChannelCounts::default(), |mut counts, channel| {
        match channel.state {
            ChannelState::Live => counts.n_live += 1,
            ChannelState::NearCopy { .. } => counts.n_near_copies += 1,
            ChannelState::Dead => counts.n_dead += 1,
        }
        counts
    });
    Ok(Ranking { order, channels, counts, covariance })
}

/// Statistics of one map of at least one position.
fn statistics_of(map: &Plane) -> ChannelStatistics {
    let (min, max) = map.range().unwrap_or((f32::NAN, f32::NAN));
    let quantiles = map.quantiles(&[0.005, 0.995]);
    let cells = mean_squares(map);
    let squares: f64 = cells.iter().map(|cell| cell.mean * cell.n_positions as f64).sum();
    ChannelStatistics {
        mean: map.mean(),
        standard_deviation: map.variance().sqrt(),
        min,
        max,
        low: quantiles.first().copied().unwrap_or(f32::NAN),
        high: quantiles.last().copied().unwrap_or(f32::NAN),
        energy: squares / map.values().len() as f64,
        entropy_bits: spatial_entropy(&cells),
    }
}

/// A cell of the grid on which the spatial entropy is taken.
struct Cell {
    /// Mean of the squared activations.
    mean: f64,
    n_positions: usize,
}

/// The cells of `map`, which are about alike.
fn mean_squares(map: &Plane) -> Vec<Cell> {
    let ends = |length: usize| {
        let n_cells = length.min(ENTROPY_CELLS);
        (0..=n_cells).map(|cell| (cell * length).div_ceil(n_cells)).collect::<Vec<_>>()
    };
    let (rows, columns) = (ends(map.height()), ends(map.width()));
    let mut cells = Vec::with_capacity(rows.len() * columns.len());
    for rows in rows.windows(2) {
        let mut sums = vec![0.0; columns.len() - 1];
        for y in rows[0]..rows[1] {
            for (sum, columns) in sums.iter_mut().zip(columns.windows(2)) {
                let values = &map.row(y)[columns[0]..columns[1]];
                *sum += values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
            }
        }
        cells.extend(sums.iter().zip(columns.windows(2)).map(|(sum, columns)| {
            let n_positions = (rows[1] - rows[0]) * (columns[1] - columns[0]);
            Cell { mean: sum / n_positions as f64, n_positions }
        }));
    }
    cells
}

/// See [`ChannelStatistics::entropy_bits`].
fn spatial_entropy(cells: &[Cell]) -> f64 {
    let total: f64 = cells.iter().map(|cell| cell.mean).sum();
    let bits = |cell: &Cell| {
        let share = cell.mean / total;
        if share > 0.0 { -share * share.log2() } else { 0.0 }
    };
    cells.iter().map(bits).sum()
}

/// The smallest step at which a grid over `height × width` has at most `most` positions.
fn sample_step(height: usize, width: usize, most: usize) -> usize {
    let positions = |step: usize| height.div_ceil(step) * width.div_ceil(step);
    (1..).find(|&step| positions(step) <= most.max(1)).unwrap_or(1)
}

fn sampled(map: &Plane, step: usize) -> Vec<f32> {
    if step == 1 {
        return map.values().to_vec();
    }
    let rows = (0..map.height()).step_by(step);
    rows.flat_map(|y| map.row(y).iter().step_by(step).copied()).collect()
}

/// Covariances between `samples`, one a channel, over the same positions: products of blocks of
/// channels, each by one thread, so that their bits do not depend on the number of threads.
fn covariance_of(samples: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let mean = |sample: &Vec<f32>| {
        sample.iter().map(|&value| f64::from(value)).sum::<f64>() / sample.len().max(1) as f64
    };
    let means: Vec<f64> = samples.par_iter().map(mean).collect();
    let n_positions = samples.first().map_or(0, Vec::len);
    let firsts: Vec<usize> = (0..samples.len()).step_by(CHANNELS_AT_ONCE).collect();
    let blocks = firsts.par_iter().map(|&first| {
        let mut products = DMatrix::zeros(CHANNELS_AT_ONCE.min(samples.len() - first), samples.len());
        for position in (0..n_positions).step_by(POSITIONS_AT_ONCE) {
            let n_positions = POSITIONS_AT_ONCE.min(n_positions - position);
            let centered =
                |position: usize, channel: usize| f64::from(samples[channel][position]) - means[channel];
            let block = DMatrix::from_fn(products.nrows(), n_positions, |row, place| {
                centered(position + place, first + row)
            });
            // those after the block are their products with it
            let all = DMatrix::from_fn(n_positions, first + products.nrows(), |place, channel| {
                centered(position + place, channel)
            });
            products.columns_mut(0, all.ncols()).gemm(1.0, &block, &all, 1.0);
        }
        products / n_positions.max(1) as f64
    });
    let blocks: Vec<DMatrix<f64>> = blocks.collect();
    let above = |a: usize, b: usize| blocks[a / CHANNELS_AT_ONCE][(a % CHANNELS_AT_ONCE, b)];
    let row = |a: usize| (0..samples.len()).map(|b| above(a.max(b), a.min(b))).collect();
    (0..samples.len()).map(row).collect()
}

/// The state of each channel; a near-copy is of the live channel it is most alike.
fn states_of(statistics: &[ChannelStatistics], covariance: &[Vec<f64>]) -> Vec<ChannelState> {
    let largest = statistics.iter().map(|channel| channel.standard_deviation).fold(0.0, f64::max);
    let dead = |channel: usize| statistics[channel].standard_deviation <= DEAD_SHARE * largest;
    let mut by_energy: Vec<usize> = (0..statistics.len()).filter(|&channel| !dead(channel)).collect();
    by_energy.sort_by(|&a, &b| statistics[b].energy.total_cmp(&statistics[a].energy));
    let correlation = |a: usize, b: usize| {
        let product = (covariance[a][a] * covariance[b][b]).sqrt();
        if product > 0.0 { covariance[a][b] / product } else { 0.0 }
    };
    let (mut live, mut copies) = (Vec::new(), BTreeMap::new());
    for channel in by_energy {
        let alike = |other: usize| correlation(channel, other);
        let most = live.iter().copied().max_by(|&a, &b| alike(a).abs().total_cmp(&alike(b).abs()));
        match most {
            Some(of) if alike(of).abs() >= COPY_CORRELATION => {
                copies.insert(channel, ChannelState::NearCopy { of, correlation: alike(of) });
            }
            _ => live.push(channel),
        }
    }
    (0..statistics.len())
        .map(|channel| match copies.get(&channel) {
            Some(copy) => *copy,
            None if dead(channel) => ChannelState::Dead,
            None => ChannelState::Live,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spatial_entropy_is_0_for_a_spot_and_largest_where_energy_is_everywhere() {
        let spot = |y, x| if (y, x) == (7, 30) { 3.0 } else { 0.0 };
        for (name, map, bits) in [
            ("constant", Plane::filled(64, 48, -2.0), 8.0),
            ("constant, no multiple of the grid", Plane::filled(37, 53, 0.1), 8.0),
            ("constant, smaller than the grid", Plane::filled(4, 8, 1.0), 5.0),
            ("one spot", Plane::from_fn(40, 64, spot), 0.0),
            ("nothing", Plane::filled(40, 64, 0.0), 0.0),
            ("left half", Plane::from_fn(32, 64, |_, x| if x < 32 { 1.0 } else { 0.0 }), 7.0),
        ] {
            let found = spatial_entropy(&mean_squares(&map));
            assert!((found - bits).abs() < 1e-9, "{name}: {found}");
        }
    }

    #[test]
    fn sample_grids_hold_no_more_than_they_may() {
        for (height, width, most, step) in
            [(256, 256, 65_536, 1), (257, 256, 65_536, 2), (4096, 4096, 65_536, 16), (3, 5, 1, 5)]
        {
            assert_eq!(sample_step(height, width, most), step, "{height} × {width}");
            let map = Plane::filled(height, width, 0.0);
            assert!(sampled(&map, step).len() <= most);
        }
    }

    #[test]
    fn statistics_are_those_of_the_numbers() {
        let map = Plane::new(1, 5, vec![-1.0, 0.0, 1.0, 2.0, 3.0]);
        let statistics = statistics_of(&map);
        assert_eq!((statistics.mean, statistics.energy), (1.0, 3.0));
        assert!((statistics.standard_deviation - 2.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!((statistics.min, statistics.max), (-1.0, 3.0));
        assert!((statistics.low + 0.98).abs() < 1e-6 && (statistics.high - 2.98).abs() < 1e-6);
    }
}
