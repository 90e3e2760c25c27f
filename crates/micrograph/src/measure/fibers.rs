//! Fibres: diameters and axes of the fibres or wires of an image, along their centre lines.
//!
//! The foreground is thinned to centre lines; crossings and ends are left out; at each point of a line the
//! diameter is the distance between the two edges of the profile across it, with subpixel accuracy. Means are
//! weighted by length, so a long fibre counts more than a short one and a fibre's pieces count together.
//! Everything is in px and degrees. Fibres deep in a dense mat have no clear edges and are not measured, and
//! [`Fibers::measured`] gives the measured share of the centre lines.

mod lines;
mod profile;
mod skeleton;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::measure::count::background::{AboveBackground, BRIGHT_HOLE, FOREGROUND};
use crate::measure::count::distance::squared_distances;
use crate::measure::count::summary::{N_RESAMPLES, mean, median, resampled, size_bins};
use crate::measure::count::{NoBackground, Polarity, SizeBin, fill_holes};
use crate::measure::fibers::lines::{Line, fiber_of};
use crate::measure::fibers::profile::{Width, width};
use crate::measure::geometry::{axis_deg, axis_difference_deg};
use crate::measure::quantity::{Component, Quantity, Unit};
use crate::measure::rim::{Edge, Excess};
use crate::random::Stream;
use crate::{ConfigError, Plane};

/// Least height of fibres over the background's standard deviation.
const LEAST_CONTRAST: f64 = 5.0;
/// Least fall of a profile to both sides, as a share of the median height.
const LEAST_FALL: f64 = 0.3;
/// Farthest that a diameter may be from the median of its piece, as a share of it.
const FARTHEST: f64 = 0.25;
/// Least length of a fibre over its diameter, as a mean over the length.
const LEAST_ELONGATION: f64 = 4.0;
/// Bins of the distribution of axes, 10° each.
const N_AXIS_BINS: usize = 18;

/// Settings of a measurement of fibres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FibersConfig {
    /// Whether fibres are brighter or darker than the background; found if not given.
    pub polarity: Option<Polarity>,
    /// Length of centre line in px, in units of their diameter, below which no result is given, 1 to 1000.
    pub least_length: f64,
}

impl Default for FibersConfig {
    fn default() -> Self {
        Self {
            polarity: Some(Polarity::Bright), // thin bodies emit more electrons than the background
            least_length: 10.0,               // shorter is a rod or a particle
        }
    }
}

impl FibersConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("fibres.least_length", self.least_length, 1.0..=1000.0)?;
        Ok(self)
    }
}

/// Why fibres were not measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum FibersError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing differs from a background.
    #[error(transparent)]
    Background(#[from] NoBackground),
    /// Particles, grains, a texture, or a mat without free edges.
    #[error(
        "no fibres with free edges: {found:.0} px of centre line, at least {expected:.0} px are required"
    )]
    NoLines { found: f64, expected: f64 },
    /// Chains of particles, grains, short rods.
    #[error("no fibres: the free length is {found:.1} diameters, at least {expected:.0} are required")]
    NotLong { found: f64, expected: f64 },
}

/// A point at which a diameter was measured, in px.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FiberPoint {
    /// Row of the centre line.
    pub y: f64,
    /// Column of the centre line.
    pub x: f64,
    /// From edge to edge.
    pub diameter_px: f64,
    /// Axis of the centre line in degrees, in `[−90, 90]`, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Length of centre line that it represents.
    pub length_px: f64,
    /// Number of its fibre, from 0 on.
    pub fiber: usize,
}

/// The measured fibres of an image; lengths in px, all weighted by length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fibers {
    /// Whether fibres are brighter or darker than the background; `None` where they were outlined.
    pub polarity: Option<Polarity>,
    /// Fibres: pieces that continue in line across a crossing count as one.
    pub n_fibers: usize,
    /// Length of centre line on which the diameter was measured.
    pub length_px: f64,
    /// Its share of the length of all centre lines; the rest are crossings, ends, and hidden edges.
    pub measured: f64,
    /// Mean diameter.
    pub mean_diameter_px: Quantity,
    /// Median of the fibres' mean diameters.
    pub median_diameter_px: Quantity,
    /// Standard deviation of the fibres' mean diameters.
    pub spread_px: f64,
    /// Distribution of the fibres' mean diameters.
    pub diameters: Vec<SizeBin>,
    /// Share of the length in each of eighteen bins of 10°, from −90° on.
    pub axes: Vec<f64>,
    /// Mean axis in degrees, in `[-90, 90]`; not meaningful where the order is near 0.
    pub axis_deg: Quantity,
    /// Order parameter of the axes along the centre lines, in `[0, 1]`; of `n` random fibres it is about
    /// √(0.8 / n).
    pub order: Quantity,
    /// All points.
    pub points: Vec<FiberPoint>,
}

/// One fibre of [`Fibers`]: its pieces between crossings together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fiber {
    /// Number, from 0 on, as in [`FiberPoint::fiber`].
    pub fiber: usize,
    /// Row of the middle of its points.
    pub y: f64,
    /// Column of the middle of its points.
    pub x: f64,
    /// Median diameter along it.
    pub diameter_px: f64,
    /// Length on which the diameter was measured.
    pub length_px: f64,
    /// Mean axis in degrees, in `[-90, 90]`, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
}

impl Fibers {
    /// Each fibre, in the order of their numbers.
    pub fn each(&self) -> Vec<Fiber> {
        let n = self.points.iter().map(|point| point.fiber + 1).max().unwrap_or(0);
        let mut own: Vec<Vec<&FiberPoint>> = vec![Vec::new(); n];
        self.points.iter().for_each(|point| own[point.fiber].push(point));
        let summed = own.into_iter().enumerate().filter(|(_, points)| !points.is_empty());
        summed
            .map(|(fiber, points)| {
                let of = |part: &dyn Fn(&FiberPoint) -> f64| {
                    mean(&points.iter().map(|point| (part(point), point.length_px)).collect::<Vec<_>>())
                };
                let doubled = |point: &FiberPoint| 2.0 * point.axis_deg.to_radians();
                let (sin, cos) = (of(&|point| doubled(point).sin()), of(&|point| doubled(point).cos()));
                let diameters: Vec<(f64, f64)> =
                    points.iter().map(|point| (point.diameter_px, point.length_px)).collect();
                Fiber {
                    fiber,
                    y: of(&|point| point.y),
                    x: of(&|point| point.x),
                    diameter_px: median(&diameters),
                    length_px: points.iter().map(|point| point.length_px).sum(),
                    axis_deg: axis_deg(sin.atan2(cos).to_degrees() / 2.0),
                }
            })
            .collect()
    }
}

/// Measures the fibres of `plane`.
///
/// # Errors
/// If no fibre can be measured; the error gives the reason.
pub fn fibers(plane: &Plane, config: &FibersConfig) -> Result<Fibers, FibersError> {
    let config = config.clone().checked()?;
    let size = (plane.height(), plane.width());
    let flat = AboveBackground::of(plane, config.polarity, LEAST_CONTRAST)?;
    let threshold = (FOREGROUND * flat.level) as f32;
    let mut mask: Vec<bool> = flat.plane.values().iter().map(|value| *value > threshold).collect();
    // meshes of a mat may be round, and are not holes in a fibre
    fill_holes(&mut mask, &flat.plane, BRIGHT_HOLE * flat.level, f64::INFINITY);
    let least = LEAST_FALL * flat.level;
    let edges = Edges { plane: &flat.sharp, least, drawn: None };
    of_mask(&mask, size, &edges, Some(flat.polarity), &config)
}

/// Measures the fibres whose pixels are known: `mask`, row by row, of an image of height and width `size`, as a network or
/// a person outlines them. Diameters are the distances between the outlines, which are uncertain by the share `doubt` of the
/// diameter.
///
/// # Errors
/// If what is outlined is not long and thin; the error gives the reason.
///
/// # Panics
/// If `mask` has another size.
///
/// # Examples
/// ```
/// use micrograph::measure::fibers::{FibersConfig, outlined};
///
/// // a wire of 8 px from side to side
/// let mask: Vec<bool> = (0..60 * 200).map(|at| (26..34).contains(&(at / 200))).collect();
/// let found = outlined(&mask, (60, 200), 0.05, &FibersConfig::default())?;
/// assert!((found.median_diameter_px.value - 8.0).abs() < 0.2);
/// # Ok::<(), micrograph::measure::fibers::FibersError>(())
/// ```
pub fn outlined(
    mask: &[bool],
    size: (usize, usize),
    doubt: f64,
    config: &FibersConfig,
) -> Result<Fibers, FibersError> {
    let config = config.clone().checked()?;
    assert_eq!(mask.len(), size.0 * size.1, "a mask of this size");
    let plane = Plane::new(size.0, size.1, mask.iter().map(|inside| f32::from(u8::from(*inside))).collect());
    of_mask(mask, size, &Edges { plane: &plane, least: 0.5, drawn: Some(doubt) }, None, &config)
}

/// Where the edges of fibres are looked for.
struct Edges<'a> {
    plane: &'a Plane,
    /// Least fall of a profile to both sides.
    least: f64,
    /// Doubt about outlines as a share of the diameter, where these are drawn and not seen in an image.
    drawn: Option<f64>,
}

/// The fibres of a `mask`, between `edges`.
fn of_mask(
    mask: &[bool],
    size: (usize, usize),
    edges: &Edges<'_>,
    polarity: Option<Polarity>,
    config: &FibersConfig,
) -> Result<Fibers, FibersError> {
    let squares = squared_distances(mask, size);
    let skeleton = skeleton::thinned(mask, size);
    let n_skeleton = skeleton.iter().filter(|inside| **inside).count();
    let branches = skeleton::branches(&skeleton, size);
    let pieces: Vec<(Line, Vec<Option<Width>>, f64)> = branches
        .par_iter()
        .filter_map(|branch| {
            let line = Line::of_branch(branch, &squares, size.1)?;
            let across = line.points.iter().zip(&line.along).zip(&line.radii);
            let widths: Vec<Option<Width>> = across
                .map(|((point, along), radius)| width(edges.plane, *point, *along, *radius, edges.least))
                .collect();
            let diameters: Vec<(f64, f64)> =
                widths.iter().flatten().map(|width| (width.diameter_px, 1.0)).collect();
            let diameter = median(&diameters);
            // a piece of which less than half has edges is a gap, a bundle or a fold
            (2 * diameters.len() >= widths.len() && diameters.len() as f64 >= diameter)
                .then_some((line, widths, diameter))
        })
        .collect();
    let sized: Vec<(&Line, f64)> = pieces.iter().map(|(line, _, diameter)| (line, *diameter)).collect();
    let covered = |[y, x]: [f64; 2]| {
        // a path between two points of the image stays in it
        mask[y.round() as usize * size.1 + x.round() as usize]
    };
    let fiber = fiber_of(&sized, covered);
    let (mut points, mut seen) = (Vec::new(), Vec::new());
    for ((line, widths, diameter), fiber) in pieces.iter().zip(fiber) {
        let along = line.points.iter().zip(&line.along).zip(line.lengths());
        for ((([y, x], [dy, dx]), length_px), width) in along.zip(widths) {
            let near = |width: &&Width| (width.diameter_px - diameter).abs() <= FARTHEST * diameter;
            let Some(width) = width.as_ref().filter(near) else { continue };
            seen.push((width.edge, length_px));
            points.push(FiberPoint {
                y: y - width.off_px * dx,
                x: x + width.off_px * dy,
                diameter_px: width.diameter_px,
                axis_deg: axis_deg((-dy).atan2(*dx).to_degrees()),
                length_px,
                fiber,
            });
        }
    }
    let of_edges = |part: fn(&Edge) -> f64| {
        mean(&seen.iter().map(|(edge, length)| (part(edge), *length)).collect::<Vec<_>>())
    };
    let edge = Edge {
        width_px: of_edges(|edge| edge.width_px),
        rim: of_edges(|edge| edge.rim),
        radius_px: of_edges(|edge| edge.radius_px),
    };
    let excess = match edges.drawn {
        None => edge.excess(),
        Some(doubt) => Excess { px: 0.0, doubt_px: 2.0 * doubt * edge.radius_px },
    };
    points.iter_mut().for_each(|point| point.diameter_px -= excess.px);
    // from 0 on: the sum of nothing would be −0
    let length_px = points.iter().fold(0.0, |sum, point| sum + point.length_px);
    let weighted: Vec<(f64, f64)> = points.iter().map(|point| (point.diameter_px, point.length_px)).collect();
    let expected = config.least_length * mean(&weighted).max(1.0);
    if length_px < expected {
        return Err(FibersError::NoLines { found: length_px, expected });
    }
    let mut lengths = vec![0.0; points.iter().map(|point| point.fiber + 1).max().unwrap_or(0)];
    points.iter().for_each(|point| lengths[point.fiber] += point.length_px);
    let elongations: Vec<(f64, f64)> =
        points.iter().map(|point| (lengths[point.fiber] / point.diameter_px, point.length_px)).collect();
    let found = mean(&elongations);
    if found < LEAST_ELONGATION {
        return Err(FibersError::NotLong { found, expected: LEAST_ELONGATION });
    }
    Ok(summed_up(polarity, points, n_skeleton, excess.doubt_px))
}

fn summed_up(
    polarity: Option<Polarity>,
    points: Vec<FiberPoint>,
    n_skeleton: usize,
    edge_doubt_px: f64,
) -> Fibers {
    /// Sums over a fibre's points, weighted by length.
    #[derive(Clone, Default)]
    struct Sums {
        length: f64,
        diameters: Vec<(f64, f64)>,
        cos: f64,
        sin: f64,
    }
    let length_px: f64 = points.iter().map(|point| point.length_px).sum();
    let n_lines = points.iter().map(|point| point.fiber + 1).max().unwrap_or(0);
    let mut sums = vec![Sums::default(); n_lines];
    let mut axes = vec![0.0; N_AXIS_BINS];
    for point in &points {
        let sum = &mut sums[point.fiber];
        let (sin, cos) = (2.0 * point.axis_deg.to_radians()).sin_cos();
        sum.length += point.length_px;
        sum.diameters.push((point.diameter_px, point.length_px));
        sum.cos += point.length_px * cos;
        sum.sin += point.length_px * sin;
        let bin = ((point.axis_deg + 90.0) / 180.0 * N_AXIS_BINS as f64) as usize;
        // both ends of the range are upright, which belongs to the first bin
        axes[bin % N_AXIS_BINS] += point.length_px / length_px;
    }
    sums.retain(|sum| sum.length > 0.0);
    // where another is next to it, a fibre looks thicker for a part of its length; a median is robust to that
    let fibers: Vec<(f64, f64)> = sums.iter().map(|sum| (median(&sum.diameters), sum.length)).collect();
    let mean_px = mean(&fibers);
    let squares: Vec<(f64, f64)> =
        fibers.iter().map(|(own, length)| ((own - mean_px).powi(2), *length)).collect();
    let order_of = |sums: &mut dyn Iterator<Item = &Sums>| {
        let all = sums.fold(Sums::default(), |all, sum| Sums {
            length: all.length + sum.length,
            diameters: Vec::new(),
            cos: all.cos + sum.cos,
            sin: all.sin + sum.sin,
        });
        (all.cos.hypot(all.sin) / all.length, axis_deg(all.sin.atan2(all.cos).to_degrees() / 2.0))
    };
    let (order, axis) = order_of(&mut sums.iter());
    let (mut order_squares, mut axis_squares) = (0.0, 0.0);
    for index in 0..N_RESAMPLES {
        let mut stream = Stream::new(0, "fibres resample", index);
        let drawn: Vec<&Sums> = (0..sums.len()).map(|_| &sums[stream.below(sums.len())]).collect();
        let (own_order, own_axis) = order_of(&mut drawn.into_iter());
        order_squares += (own_order - order).powi(2) / N_RESAMPLES as f64;
        axis_squares += axis_difference_deg(own_axis, axis).powi(2) / N_RESAMPLES as f64;
    }
    let whole: f64 = fibers.iter().map(|(_, length)| length).sum();
    let degrees_of_freedom =
        whole * whole / fibers.iter().map(|(_, length)| length * length).sum::<f64>() - 1.0;
    let sampled = |value, unit, variance: f64, method: &str| {
        Quantity::new(
            value,
            unit,
            method,
            vec![Component::estimated("sampling", variance.sqrt(), degrees_of_freedom)],
        )
    };
    let of_diameters = |statistic: fn(&[(f64, f64)]) -> f64, method: &str| {
        resampled(&fibers, statistic, edge_doubt_px, method)
    };
    Fibers {
        polarity,
        n_fibers: fibers.len(),
        length_px,
        measured: (length_px / n_skeleton.max(1) as f64).min(1.0),
        mean_diameter_px: of_diameters(mean, "mean over the length, fibres drawn again"),
        median_diameter_px: of_diameters(median, "median over the length, fibres drawn again"),
        spread_px: mean(&squares).sqrt(),
        diameters: size_bins(&fibers),
        axes,
        axis_deg: sampled(axis, Unit::Degrees, axis_squares, "mean of doubled angles over the length"),
        order: sampled(order, Unit::One, order_squares, "length of the mean of doubled angles"),
        points,
    }
}
