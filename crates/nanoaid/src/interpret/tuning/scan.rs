//! Scan: which sinusoidal gratings drive a unit most, over period, axis and phase.
//!
//! A grid of periods and axes is shown; tops of the map of largest activations are refined by crosses
//! of gratings, and counted where the map falls between them. So a unit with two periods, or with no
//! axis, is named as such. What is scanned is anything that gives a number for pictures: the channels
//! of a layer, read at one position ([`LayerScan`]), or any score ([`scan_score`]).

use micrograph::Plane;

use super::TuningError;
use super::reader::{PositionReader, ReadPosition};
use super::refine::offset;
use super::result::{LEAST_SELECTIVITY, Period, Untuned};
use super::scan_result::{GratingScan, ScanPeak};
use super::wave::{Wave, largest_over_phases};
use super::{CONSTANT_SHARE, LEAST_SHARE, coarsest_stride, wrapped};
use crate::Network;

/// Shortest period: a hundredth above what pixels can show along rows and columns.
const SHORTEST_PX: f64 = 2.02;
const PERIODS_PER_OCTAVE: f64 = 3.0;
/// The longest period in widths of the receptive field, and at least in px.
const FIELDS: f64 = 2.0;
const LEAST_LONGEST_PX: f64 = 12.0;
/// 10° apart.
const AXES: usize = 18;
/// Phases in the grid; the highest of them has its neighbours above a ReLU at the mean.
const GRID_PHASES: usize = 6;
/// Phases in crosses and between tops.
const PHASES: usize = 8;
/// Largest side of pictures in px; that of pictures where the receptive field is the whole image.
const LARGEST_PX: usize = 256;
const WHOLE_PX: usize = 96;
/// Tops of the grid's map from this share of the highest on are refined, at most so many.
const CANDIDATE_SHARE: f64 = 0.4;
const MOST_TOPS: usize = 6;
/// Tops from this share on are reported: a truncated Gabor or box has side lobes below a quarter.
const TOLD_SHARE: f64 = 0.5;
/// Tops of one period from this share on are its axes.
const AXIS_SHARE: f64 = 0.7;
/// Two tops are one if the map between them stays above this share of the lower one.
const SAME_SHARE: f64 = 0.8;
/// Periods within this are one.
const SAME_OCTAVES: f64 = 0.3;
/// Where the activation never falls below this share over all periods, none is preferred.
const FLAT_SHARE: f64 = 0.7;
/// Arms of the crosses: degrees and octaves, halved each round.
const ARMS: (f64, f64) = (5.0, 0.16);
const ROUNDS: usize = 4;
/// Moves of a cross at most in a round.
const MOVES: usize = 4;

/// Periods and axes of the grid.
struct Grid {
    axes_deg: Vec<f64>,
    periods_px: Vec<f64>,
}

impl Grid {
    fn of(field_px: usize) -> Self {
        let longest = (FIELDS * field_px as f64).max(LEAST_LONGEST_PX);
        let period = |index: u32| SHORTEST_PX * (f64::from(index) / PERIODS_PER_OCTAVE).exp2();
        let mut periods_px: Vec<f64> = (0..).map(period).take_while(|px| *px < longest).collect();
        periods_px.push(longest);
        let axes_deg = (0..AXES).map(|index| -90.0 + 180.0 * (index + 1) as f64 / AXES as f64).collect();
        Self { axes_deg, periods_px }
    }

    /// All gratings, `[axis][period]`, in one row.
    fn waves(&self) -> Vec<Wave> {
        let of = |&axis_deg: &f64| {
            let wave = move |&period_px: &f64| Wave { period_px, axis_deg, phase: 0.0 };
            self.periods_px.iter().map(wave)
        };
        self.axes_deg.iter().flat_map(of).collect()
    }

    fn wave(&self, (axis, period): (usize, usize)) -> Wave {
        Wave { period_px: self.periods_px[period], axis_deg: self.axes_deg[axis], phase: 0.0 }
    }

    fn at(&self, gains: &[f64], (axis, period): (usize, usize)) -> f64 {
        gains[axis * self.periods_px.len() + period]
    }

    /// Where the map `gains` has tops, the highest first.
    fn tops(&self, gains: &[f64]) -> Vec<(usize, usize)> {
        let (n_axes, n_periods) = (AXES, self.periods_px.len());
        let highest = gains.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_top = |&(axis, period): &(usize, usize)| {
            let own = self.at(gains, (axis, period));
            let axes = [axis + n_axes - 1, axis, axis + 1].map(|axis| axis % n_axes);
            let periods = period.saturating_sub(1)..(period + 2).min(n_periods);
            own >= CANDIDATE_SHARE * highest
                && axes
                    .iter()
                    .all(|&axis| periods.clone().all(|period| own >= self.at(gains, (axis, period))))
        };
        let places = (0..n_axes).flat_map(|axis| (0..n_periods).map(move |period| (axis, period)));
        let mut tops: Vec<(usize, usize)> = places.filter(is_top).collect();
        tops.sort_by(|&a, &b| self.at(gains, b).total_cmp(&self.at(gains, a)));
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for top in tops {
            let apart = |&other: &(usize, usize)| {
                self.lowest_between(gains, top, other) < SAME_SHARE * self.at(gains, top)
            };
            if kept.len() < MOST_TOPS && kept.iter().all(apart) {
                kept.push(top);
            }
        }
        kept
    }

    /// The lowest of the map on the grid's way from one place to another.
    fn lowest_between(&self, gains: &[f64], from: (usize, usize), to: (usize, usize)) -> f64 {
        let mut turn = to.0 as f64 - from.0 as f64;
        turn -= AXES as f64 * (turn / AXES as f64).round();
        let scaling = to.1 as f64 - from.1 as f64;
        let steps = turn.abs().max(scaling.abs()).max(1.0) as usize;
        (0..=steps)
            .map(|step| {
                let share = step as f64 / steps as f64;
                let axis = (from.0 as f64 + share * turn).round().rem_euclid(AXES as f64) as usize;
                let period = (from.1 as f64 + share * scaling).round() as usize;
                self.at(gains, (axis % AXES, period))
            })
            .fold(f64::INFINITY, f64::min)
    }
}

/// One unit that answers to pictures of waves.
struct Unit<'a> {
    /// Its activations for waves.
    show: &'a dyn Fn(&[Wave]) -> Vec<f32>,
    /// That for uniform grey.
    uniform: f64,
}

impl Unit<'_> {
    /// What each wave adds to the activation, at its best phase.
    fn gains(&self, waves: &[Wave]) -> Vec<f64> {
        let phases: Vec<Wave> = waves.iter().flat_map(|wave| wave.phases(PHASES)).collect();
        let activations = (self.show)(&phases);
        activations.chunks(PHASES).map(|phases| largest_over_phases(phases) - self.uniform).collect()
    }

    /// The top near `start`, and its gain.
    fn refined(&self, start: Wave, longest_px: f64) -> (Wave, f64) {
        let mut top = start;
        let mut gain = f64::NEG_INFINITY;
        for round in 0..ROUNDS {
            let shrink = (-(round as f64)).exp2();
            let (turn, octaves) = (ARMS.0 * shrink, ARMS.1 * shrink);
            for _ in 0..MOVES {
                let turned = |by: f64| Wave { axis_deg: top.axis_deg + by, ..top };
                let scaled = |by: f64| Wave {
                    period_px: (top.period_px * by.exp2()).clamp(SHORTEST_PX, longest_px),
                    ..top
                };
                let cross = [top, turned(-turn), turned(turn), scaled(-octaves), scaled(octaves)];
                let gains = self.gains(&cross);
                gain = gains[0];
                let mut settled = true;
                let mut along = |before: usize, after: usize| {
                    if gains[before].max(gains[after]) > gains[0] {
                        settled = false;
                        return if gains[after] > gains[before] { 1.0 } else { -1.0 };
                    }
                    offset([gains[before], gains[0], gains[after]])
                };
                let axis_deg = top.axis_deg + along(1, 2) * turn;
                // at an end of the periods the cross has no arm
                let ends = cross[3].period_px == top.period_px || cross[4].period_px == top.period_px;
                let by = if ends && gains[3].max(gains[4]) <= gains[0] { 0.0 } else { along(3, 4) };
                let period_px = (top.period_px * (by * octaves).exp2()).clamp(SHORTEST_PX, longest_px);
                top = Wave { period_px, axis_deg, phase: 0.0 };
                if settled {
                    break;
                }
            }
        }
        (top, gain)
    }

    /// Whether the activation falls on the way between two tops.
    fn falls_between(&self, a: (Wave, f64), b: (Wave, f64)) -> bool {
        const STEPS: usize = 10;
        let turn = wrapped(b.0.axis_deg - a.0.axis_deg);
        let octaves = (b.0.period_px / a.0.period_px).log2();
        let way: Vec<Wave> = (1..STEPS)
            .map(|step| {
                let share = step as f64 / STEPS as f64;
                let period_px = a.0.period_px * (share * octaves).exp2();
                Wave { period_px, axis_deg: a.0.axis_deg + share * turn, phase: 0.0 }
            })
            .collect();
        let lowest = self.gains(&way).into_iter().fold(f64::INFINITY, f64::min);
        lowest < SAME_SHARE * a.1.min(b.1)
    }

    /// What the unit prefers, by the map `gains` of `grid`.
    fn scan(&self, grid: &Grid, gains: &[f64]) -> GratingScan {
        let longest_px = grid.periods_px.last().copied().unwrap_or(LEAST_LONGEST_PX);
        let mut tops: Vec<(Wave, f64)> = Vec::new();
        let found = grid.tops(gains);
        let mut refined: Vec<(Wave, f64)> =
            found.iter().map(|&place| self.refined(grid.wave(place), longest_px)).collect();
        refined.sort_by(|a, b| b.1.total_cmp(&a.1));
        for top in refined {
            let told = tops.first().is_none_or(|first| top.1 >= TOLD_SHARE * first.1);
            if told && tops.iter().all(|other| self.falls_between(*other, top)) {
                tops.push(top);
            }
        }
        let mut peaks: Vec<ScanPeak> = Vec::new();
        let first_gain = tops.first().map_or(0.0, |first| first.1);
        for (wave, gain) in tops {
            let same = |peak: &&mut ScanPeak| (peak.period.px() / wave.period_px).log2().abs() < SAME_OCTAVES;
            match peaks.iter_mut().find(same) {
                Some(peak) if gain >= AXIS_SHARE * peak.share * first_gain => {
                    peak.axes_deg.push(wrapped(wave.axis_deg));
                }
                Some(_) => {}
                None => peaks.push(self.peak(wave, gain / first_gain, gain, longest_px)),
            }
        }
        for peak in &mut peaks {
            // of several axes the selectivity may be 0, too: at a right angle they cancel
            if peak.axes_deg.len() == 1 && peak.selectivity < LEAST_SELECTIVITY {
                peak.axes_deg.clear();
            }
        }
        GratingScan { shortest_px: SHORTEST_PX, longest_px, peaks, none: None }
    }

    fn peak(&self, wave: Wave, share: f64, gain: f64, longest_px: f64) -> ScanPeak {
        let Wave { period_px: px, axis_deg, .. } = wave;
        let around: Vec<Wave> = (0..AXES)
            .map(|index| Wave { axis_deg: axis_deg + 180.0 * index as f64 / AXES as f64, ..wave })
            .collect();
        let of_axes = self.gains(&around);
        let axes: Vec<f64> = around.iter().map(|wave| wave.axis_deg).collect();
        let selectivity = super::result::selectivity(&axes, &of_axes);
        let octaves = (longest_px / SHORTEST_PX).log2();
        let n = (octaves * PERIODS_PER_OCTAVE).ceil() as usize;
        let periods: Vec<Wave> = (0..=n)
            .map(|index| {
                let period_px = SHORTEST_PX * (octaves * index as f64 / n as f64).exp2();
                Wave { period_px, ..wave }
            })
            .collect();
        let lowest = self.gains(&periods).into_iter().fold(f64::INFINITY, f64::min);
        let period = if lowest >= FLAT_SHARE * gain || px >= 0.97 * longest_px {
            Period::LongestShown { px }
        } else if px <= 1.01 * SHORTEST_PX {
            Period::ShortestShown { px }
        } else {
            Period::Shown { px }
        };
        ScanPeak { period, axes_deg: vec![wrapped(axis_deg)], selectivity, share, gain: gain as f32 }
    }
}

/// The scan of the channels of one layer, which are shown the same grid.
pub struct LayerScan {
    reader: PositionReader,
    grid: Grid,
    uniform: Vec<f32>,
    /// Gains, `[channel]`, `[axis][period]`.
    gains: Vec<Vec<f64>>,
    /// Largest less smallest activation of each channel.
    spreads: Vec<f64>,
}

impl LayerScan {
    /// Shows the grid to all channels of `layer`, also of its values before the ReLU
    /// (`encoder.2.preactivation`). A network for colors sees grey.
    ///
    /// # Errors
    /// If the network has no such layer, or the layer needs larger pictures than 256 px.
    pub fn of(network: &Network, layer: &str) -> Result<Self, TuningError> {
        let found = network.layer_of_values(layer)?;
        let largest_px = if found.receptive_field_px.is_some() { LARGEST_PX } else { WHOLE_PX };
        let site = ReadPosition::of(found, coarsest_stride(network, found), largest_px);
        if site.side_px == 0 || found.map_length(site.side_px) == 0 {
            return Err(TuningError::TooSmall { layer: layer.to_owned(), largest_px });
        }
        let reader = PositionReader::new(network, &[layer], site, 0.0);
        let grid = Grid::of(site.seen_px());
        let waves: Vec<Wave> = grid.waves().into_iter().flat_map(|wave| wave.phases(GRID_PHASES)).collect();
        let activations = shown(&reader, &waves);
        let uniform = reader.pictures(1, |_| uniform([site.side_px; 2])).remove(0).remove(0);
        let channels = 0..uniform.len();
        let of_channel = |channel: usize| activations.iter().map(move |picture| picture[channel]);
        let gains = channels.clone().map(|channel| {
            let values: Vec<f32> = of_channel(channel).collect();
            map_of(&values, uniform[channel])
        });
        let gains = gains.collect();
        let spreads = channels.map(|channel| spread(of_channel(channel), uniform[channel])).collect();
        Ok(Self { reader, grid, gains, spreads, uniform })
    }

    /// What `channel` prefers; `None` if the layer has no such channel.
    pub fn unit(&self, channel: usize) -> Option<GratingScan> {
        let gains = self.gains.get(channel)?;
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let gain = most(&mut gains.iter().copied());
        let strongest = most(&mut self.gains.iter().flatten().copied());
        let widest = most(&mut self.spreads.iter().copied());
        let none = untuned(gain, self.spreads[channel], widest, self.uniform[channel])
            .or((gain <= LEAST_SHARE * strongest).then_some(Untuned::Weak { least_share: LEAST_SHARE }));
        if let Some(reason) = none {
            return Some(GratingScan::none(reason, SHORTEST_PX, &self.grid.periods_px));
        }
        let show = |waves: &[Wave]| -> Vec<f32> {
            shown(&self.reader, waves).iter().map(|picture| picture[channel]).collect()
        };
        let unit = Unit { show: &show, uniform: f64::from(self.uniform[channel]) };
        Some(unit.scan(&self.grid, gains))
    }
}

/// What gives a high `score`, of pictures of `height × width`.
pub fn scan_score(size: [usize; 2], score: &dyn Fn(&[Plane]) -> Vec<f32>) -> GratingScan {
    /// Pixels of the pictures that are scored together.
    const TOGETHER_PX: usize = 1 << 18;
    let origin = size.map(|length| (length as f64 - 1.0) / 2.0);
    let together = (TOGETHER_PX / (size[0] * size[1])).max(1);
    let show = |waves: &[Wave]| -> Vec<f32> {
        let chunk = |waves: &[Wave]| {
            let planes: Vec<Plane> = waves.iter().map(|wave| wave.plane(size, origin)).collect();
            score(&planes)
        };
        waves.chunks(together).flat_map(chunk).collect()
    };
    // half of the picture, so that no grating is longer than it
    let grid = Grid::of(size[0].min(size[1]) / 2);
    let uniform = score(&[uniform(size)])[0];
    let waves: Vec<Wave> = grid.waves().into_iter().flat_map(|wave| wave.phases(GRID_PHASES)).collect();
    let values = show(&waves);
    let gains = map_of(&values, uniform);
    let highest = gains.iter().copied().fold(0.0, f64::max);
    let spread = spread(values.into_iter(), uniform);
    // rounding, by the size of the numbers
    let scale = f64::from(uniform.abs()).max(spread);
    match untuned(highest, spread, scale, uniform) {
        Some(reason) => GratingScan::none(reason, SHORTEST_PX, &grid.periods_px),
        None => Unit { show: &show, uniform: f64::from(uniform) }.scan(&grid, &gains),
    }
}

/// Why nothing is preferred, where the largest differences of the layer are `widest`.
fn untuned(gain: f64, spread: f64, widest: f64, uniform: f32) -> Option<Untuned> {
    if spread <= CONSTANT_SHARE * widest {
        Some(Untuned::Constant { activation: uniform })
    } else if gain <= CONSTANT_SHARE * widest {
        Some(Untuned::PrefersUniform)
    } else {
        None
    }
}

fn uniform([height, width]: [usize; 2]) -> Plane {
    Plane::from_fn(height, width, |_, _| super::stimulus::MEAN as f32)
}

/// Gains from activations for the phases of each grating.
fn map_of(activations: &[f32], uniform: f32) -> Vec<f64> {
    let gain = |phases: &[f32]| largest_over_phases(phases) - f64::from(uniform);
    activations.chunks(GRID_PHASES).map(gain).collect()
}

fn spread(values: impl Iterator<Item = f32>, uniform: f32) -> f64 {
    let (low, high) = values.fold((uniform, uniform), |(low, high), value| (low.min(value), high.max(value)));
    f64::from(high) - f64::from(low)
}

/// Activations for waves, `[wave][channel]`.
fn shown(reader: &PositionReader, waves: &[Wave]) -> Vec<Vec<f32>> {
    let (side, origin) = ([reader.site.side_px; 2], [reader.site.origin_px; 2]);
    reader.pictures(waves.len(), |index| waves[index].plane(side, origin)).remove(0)
}
