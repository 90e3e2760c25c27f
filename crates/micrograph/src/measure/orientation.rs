//! Orientation: the axis of a texture or pattern, and how strongly it is aligned.
//!
//! From the structure tensor (Bigün and Granlund 1987). Axes are those of the lines, not of the
//! gradients; in degrees, in `[-90, 90]`, anticlockwise from x with y up, on the specimen (pixel ratio
//! and tilt undone by [`Geometry`]). The dominant axis is that of the mean tensor, not a mean of
//! angles. Single fibres are not measured: a bundle counts by the energy of its edges.

mod foreshortening;
mod rows;
mod tensor;

use serde::{Deserialize, Serialize};

use super::drift::Bend;
use super::flatten::{FlattenConfig, flattened};
use super::geometry::{Geometry, axis_deg, axis_difference_deg};
use super::gradient::Gradient;
use super::quantity::{Component, Quantity, Unit};
use crate::contrast::Flat;
use crate::random::Stream;
use crate::{ConfigError, Plane};

use foreshortening::{Slopes, Smoothing};
pub use tensor::{LocalTensors, local_tensors};

/// Bins of the histogram, one for each degree.
pub const BINS: usize = 180;
/// Resamples of the bootstrap.
const RESAMPLES: u64 = 400;
/// Half width of a 95 % interval in degrees above which no axis is given.
const WORTHLESS_DEG: f64 = 30.0;
/// Largest share of noise in the smaller energy of both gradients: the rest has an axis.
const MOST_NOISE: f64 = 0.95;
/// Least share of the line-like energy that smoothing may leave: finer patterns are measured without it.
const LEAST_KEPT: f64 = 0.1;
/// Share by which the energy of noise is uncertain: fine texture counts as noise, smooth noise does not.
const NOISE_DOUBT: f64 = 0.3;
/// Largest drift of a specimen, in px per row: a larger turn from the first row to the last is not drift.
const MOST_DRIFT: f64 = 0.1;
/// Bands of rows in which a bend is measured.
const BANDS: usize = 15;
/// Standard deviation in degrees of the smoothing of the histogram before its peaks are found.
const PEAK_SIGMA_DEG: f64 = 5.0;
/// Least share of a peak of the highest one.
const LEAST_PEAK: f64 = 0.25;

/// How orientation is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrientationConfig {
    /// How gradients are computed.
    pub gradient: Gradient,
    /// Standard deviation in px of the neighbourhood of a local axis, 0.5 to 50.
    pub window_px: f64,
    /// Tiles along each side that the bootstrap draws from, 3 to 32.
    pub tiles: usize,
    /// Orientation of the specimen.
    pub geometry: Geometry,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Default for OrientationConfig {
    fn default() -> Self {
        Self {
            gradient: Gradient::Gaussian(1.2), // right from 3 px on, and steady in noise: docs/accuracy.md
            window_px: 2.0,                    // the customary value since OrientationJ
            tiles: 6,                          // a tile should be longer than the correlation length of edges
            geometry: Geometry::default(),
            seed: 0,
        }
    }
}

impl OrientationConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        match self.gradient {
            Gradient::Gaussian(px) => ConfigError::unless_within("orientation.gradient", px, 0.7..=20.0)?,
            Gradient::SmoothSpline(px) => ConfigError::unless_within("orientation.gradient", px, 0.3..=20.0)?,
            Gradient::Central | Gradient::Spline => {}
        }
        ConfigError::unless_within("orientation.window_px", self.window_px, 0.5..=50.0)?;
        ConfigError::unless_within("orientation.tiles", self.tiles as f64, 3.0..=32.0)?;
        Ok(Self { geometry: self.geometry.checked()?, ..self })
    }
}

/// Why the orientation was not measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoOrientation {
    /// A setting is out of range.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Too few pixels for the tiles.
    #[error("expected at least {least} px along each side, found {width} × {height}")]
    #[expect(missing_docs, reason = "fields are named in the sentence")]
    TooSmall { least: usize, height: usize, width: usize },
    /// Some pixels are not numbers.
    #[error("{0} pixels are NaN or infinite; expected finite grey levels")]
    NotNumbers(usize),
    /// All pixels are equal, but for slow changes of brightness and noise of the last digit.
    #[error(
        "the image is flat: apart from slow changes of brightness it holds at most noise of the last digit"
    )]
    Flat,
}

/// A direction that many edges have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisPeak {
    /// Axis in degrees, in `[-90, 90]`.
    pub axis_deg: f64,
    /// Share of all weight within 15° of it.
    pub share: f64,
}

/// How a plane is oriented.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orientation {
    /// Axis of the mean tensor; absent where the interval is wider than ± 30°.
    pub axis: Option<Quantity>,
    /// Order parameter `S = |⟨exp 2iθ⟩|` of local axes, each weighted by the energy of its line-like
    /// part: 0 no common axis, 1 all parallel.
    pub order: Quantity,
    /// `|⟨exp 4iθ⟩|`, with the same weights: 1 for two axes at right angles too.
    pub order_of_two: Quantity,
    /// Coherency of the mean tensor: 0 to 1.
    pub coherency: f64,
    /// Weight of the axes in each degree, from `[-90°, -89°)` on, of sum 1.
    pub histogram: Vec<f64>,
    /// The prominent directions, the strongest first; two for a grid.
    pub peaks: Vec<AxisPeak>,
}

/// Sums over a tile; sums of tiles are those of the plane.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Of the gradients' squares and products `[xx, xy, yy]`.
    fine: [f64; 3],
    /// The same at the coarser gradient.
    coarse: [f64; 3],
    n_pixels: f64,
    /// Of local weights, and of them times cos 2θ, sin 2θ, cos 4θ, sin 4θ.
    weight: f64,
    two: [f64; 2],
    four: [f64; 2],
}

impl Sums {
    fn joined(tiles: impl Iterator<Item = Self>) -> Self {
        tiles.fold(Self::default(), |a, b| Self {
            fine: added(a.fine, b.fine),
            coarse: added(a.coarse, b.coarse),
            n_pixels: a.n_pixels + b.n_pixels,
            weight: a.weight + b.weight,
            two: [a.two[0] + b.two[0], a.two[1] + b.two[1]],
            four: [a.four[0] + b.four[0], a.four[1] + b.four[1]],
        })
    }

    fn axis(&self) -> f64 {
        axis_of(self.fine)
    }

    /// Share of the line-like energy that the coarser gradient still measures: it cannot contradict the rest.
    fn coarse_share(&self) -> f64 {
        (line_like(self.coarse) / line_like(self.fine)).min(1.0)
    }

    /// On the specimen, without the contribution of noise to the squares and products of gradients at each pixel,
    /// fine and coarse: noise has no axis in the image, but would have one on a tilted specimen.
    fn on_specimen(mut self, geometry: &Geometry, noise: [[f64; 3]; 2]) -> Self {
        for (tensor, noise) in [&mut self.fine, &mut self.coarse].into_iter().zip(noise) {
            *tensor = on_specimen(*tensor, noise.map(|of_pixel| of_pixel * self.n_pixels), geometry);
        }
        self
    }

    /// How much the axis of `all` turns in degrees with this part of its sums, to first order.
    fn turn(&self, all: &Self) -> f64 {
        let ([cos, sin], [own_cos, own_sin]) = (doubled(all.fine), doubled(self.fine));
        ((cos * own_sin - sin * own_cos) / (cos * cos + sin * sin) / 2.0).to_degrees()
    }

    fn order(&self) -> f64 {
        self.two[0].hypot(self.two[1]) / self.weight
    }

    fn order_of_two(&self) -> f64 {
        self.four[0].hypot(self.four[1]) / self.weight
    }
}

fn added(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// A tensor of the image less that of noise, on the specimen.
fn on_specimen([xx, xy, yy]: [f64; 3], noise: [f64; 3], geometry: &Geometry) -> [f64; 3] {
    let (right, down) = (geometry.wave(1.0, 0.0), geometry.wave(0.0, 1.0));
    // noise that is overestimated would leave nothing, or less
    let most = MOST_NOISE * (xx / noise[0]).min(yy / noise[2]);
    let share = if most < 1.0 { most } else { 1.0 };
    let (xx, xy, yy) = (xx - share * noise[0], xy - share * noise[1], yy - share * noise[2]);
    let of = |i: usize, j: usize| {
        xx * right[i] * right[j] + xy * (right[i] * down[j] + down[i] * right[j]) + yy * down[i] * down[j]
    };
    [of(0, 0), of(0, 1), of(1, 1)]
}

/// Energy of the line-like part.
fn line_like(tensor: [f64; 3]) -> f64 {
    let [cos, sin] = doubled(tensor);
    cos.hypot(sin)
}

/// Cosine and sine of the gradients' doubled angle, times the energy of the line-like part.
fn doubled([xx, xy, yy]: [f64; 3]) -> [f64; 2] {
    [xx - yy, 2.0 * xy]
}

fn axis_of(tensor: [f64; 3]) -> f64 {
    let [cos, sin] = doubled(tensor);
    line_axis_deg(cos, sin)
}

/// Axis of the lines in degrees, across the gradients whose doubled angle has this cosine and sine.
fn line_axis_deg(cos: f64, sin: f64) -> f64 {
    axis_deg(sin.atan2(cos).to_degrees() / 2.0 + 90.0)
}

/// How `plane` is oriented.
///
/// # Errors
/// If a setting is out of range, or if the plane cannot be measured.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::{OrientationConfig, orientation};
///
/// // level lines: their axis is 0°
/// let plane = Plane::from_fn(160, 200, |y, _| (0.5 * y as f32).sin());
/// let found = orientation(&plane, &OrientationConfig::default())?;
/// assert!(found.order.value > 0.95);
/// assert!(found.axis.expect("a common axis").value.abs() < 0.5);
/// # Ok::<(), micrograph::measure::NoOrientation>(())
/// ```
pub fn orientation(plane: &Plane, config: &OrientationConfig) -> Result<Orientation, NoOrientation> {
    let config = config.checked()?;
    let (height, width) = (plane.height(), plane.width());
    let smoothings = [config.gradient, coarser(config.gradient)]
        .map(|gradient| (gradient, Smoothing::of(&config.geometry, gradient)));
    let margin_of = |(gradient, smoothing): &(Gradient, Option<Smoothing>)| {
        gradient.margin() + smoothing.map_or(0, |smoothing| smoothing.margin())
    };
    let margin = smoothings.iter().map(margin_of).fold(0, usize::max);
    let least = 2 * margin + 8 * config.tiles;
    if height < least || width < least {
        return Err(NoOrientation::TooSmall { least, height, width });
    }
    let odd = plane.values().iter().filter(|value| !value.is_finite()).count();
    if odd > 0 {
        return Err(NoOrientation::NotNumbers(odd));
    }
    if Flat::of(plane).is_some() {
        return Err(NoOrientation::Flat);
    }
    let flat = flattened(plane, FlattenConfig::default()).plane;
    let variance = super::flatten::noise(&flat).powi(2);
    let [slopes, coarse] = smoothings.map(|(gradient, smoothing)| {
        let slopes = Slopes::of(&flat, gradient, smoothing);
        if smoothing.is_none() {
            return slopes;
        }
        let plain = Slopes::of(&flat, gradient, None);
        let [kept, whole] = [&slopes, &plain].map(|slopes| {
            let n = ((height - 2 * slopes.margin) * (width - 2 * slopes.margin)) as f64;
            let noise = slopes.noise.map(|noise| noise * variance);
            line_like(on_specimen(slopes.products().map(|sum| sum / n), noise, &config.geometry))
        });
        if kept < LEAST_KEPT * whole { plain } else { slopes }
    });
    let local = tensor::tensors_of(&slopes.planes, config.window_px, &config.geometry);
    let mut histogram = vec![0.0; BINS];
    let mut tiles = vec![Sums::default(); config.tiles * config.tiles];
    let n_columns = (width - 2 * margin) as f64;
    let mut rows = vec![[0.0; 3]; height - 2 * margin];
    for y in margin..height - margin {
        let row = (y - margin) * config.tiles / (height - 2 * margin);
        for x in margin..width - margin {
            let tile = &mut tiles[row * config.tiles + (x - margin) * config.tiles / (width - 2 * margin)];
            // per column and per row downwards, as in the image
            let products = |slopes: &[Plane; 2]| {
                let (gx, gy) = (f64::from(slopes[0].at(y, x)), f64::from(slopes[1].at(y, x)));
                [gx * gx, gx * gy, gy * gy]
            };
            tile.n_pixels += 1.0;
            let fine = products(&slopes.planes);
            rows[y - margin] = added(rows[y - margin], fine);
            tile.fine = added(tile.fine, fine);
            tile.coarse = added(tile.coarse, products(&coarse.planes));
            let (difference, product) = local.doubled(y, x);
            let weight = difference.hypot(product);
            if weight > 0.0 {
                tile.weight += weight;
                tile.two[0] += difference;
                tile.two[1] += product;
                tile.four[0] += (difference * difference - product * product) / weight;
                tile.four[1] += 2.0 * difference * product / weight;
                // both ends of the range are upright, which belongs to the first bin
                let bin = (line_axis_deg(difference, product) + 90.0) as usize;
                histogram[bin % BINS] += weight;
            }
        }
    }
    let seen = Sums::joined(tiles.iter().copied());
    let noise = [slopes.noise, coarse.noise].map(|noise| noise.map(|of_one| of_one * variance));
    tiles.iter_mut().for_each(|tile| *tile = tile.on_specimen(&config.geometry, noise));
    let all = Sums::joined(tiles.iter().copied());
    let [xx, _, yy] = all.fine;
    let energy = xx + yy;
    if all.weight <= 0.0 || energy <= 1e-12 {
        return Err(NoOrientation::Flat);
    }
    histogram.iter_mut().for_each(|weight| *weight /= all.weight);
    let spread = Spread::of(&tiles, &all, config.seed);
    let degrees_of_freedom = (tiles.len() - 1) as f64;
    let method = "structure tensor, spread over tiles";
    // the cause of a difference between the two gradients is not known; a common error does not show here
    let disagreement = all.coarse_share() * axis_difference_deg(all.axis(), axis_of(all.coarse));
    let mut shifted = seen;
    shifted.fine[2] -= rows::added_slope(&flat, &slopes, config.gradient) * seen.fine[0];
    let shifted = axis_difference_deg(shifted.on_specimen(&config.geometry, noise).axis(), all.axis());
    let noisy = axis_difference_deg(seen.on_specimen(&config.geometry, [[0.0; 3]; 2]).axis(), all.axis());
    let mut components = vec![
        Component::estimated("sampling", spread.axis, degrees_of_freedom),
        Component::bounded("gradient", disagreement),
        Component::bounded("shifted rows", shifted),
        Component::bounded("noise", NOISE_DOUBT * noisy),
    ];
    let rows: Vec<[f64; 3]> = rows
        .iter()
        .map(|&row| {
            on_specimen(row, slopes.noise.map(|noise| noise * variance * n_columns), &config.geometry)
        })
        .collect();
    let bend = bend_of_rows(&rows, &all);
    // rough edges deviate from row to row as bends do: bends are never significant
    let turned = bend.per_row(rows.len()).clamp(-MOST_DRIFT, MOST_DRIFT);
    components.extend(Bend::component(false, turned.to_degrees()));
    let axis = Quantity::new(all.axis(), Unit::Degrees, method, components);
    let share = |value, standard_uncertainty| {
        Quantity::new(
            value,
            Unit::One,
            method,
            vec![Component::estimated("sampling", standard_uncertainty, degrees_of_freedom)],
        )
    };
    Ok(Orientation {
        axis: (axis.expanded_uncertainty <= WORTHLESS_DEG).then_some(axis),
        order: share(all.order(), spread.order),
        order_of_two: share(all.order_of_two(), spread.order_of_two),
        coherency: {
            let [cos, sin] = doubled(all.fine);
            cos.hypot(sin) / energy
        },
        peaks: peaks(&histogram),
        histogram,
    })
}

/// A gradient 1.5 times as wide: where both agree, the width has no influence.
fn coarser(gradient: Gradient) -> Gradient {
    match gradient {
        Gradient::Central | Gradient::Spline => Gradient::Gaussian(1.0),
        Gradient::Gaussian(px) | Gradient::SmoothSpline(px) => Gradient::Gaussian(1.5 * px),
    }
}

/// Standard deviation of the axis in degrees, from how far each tile turns it, with the correlation of
/// neighbouring tiles (Conley 1999): where a rough edge leaves a tile to one side it enters the next, so
/// that their turns cancel, and with independent tiles the spread would be too wide.
fn axis_spread(tiles: &[Sums], all: &Sums) -> f64 {
    /// Least share of the variance for independent tiles: the covariance of neighbours is itself uncertain.
    const LEAST_SHARE: f64 = 0.25;
    let turns: Vec<f64> = tiles.iter().map(|tile| tile.turn(all)).collect();
    let side = (tiles.len() as f64).sqrt().round() as usize;
    let (mut alone, mut joined) = (0.0, 0.0);
    for y in 0..side {
        for x in 0..side {
            let own = turns[y * side + x];
            alone += own * own;
            let near = |at: usize| at.saturating_sub(1)..(at + 2).min(side);
            joined += near(y)
                .flat_map(|y| near(x).map(move |x| (y, x)))
                .map(|(y, x)| own * turns[y * side + x])
                .sum::<f64>();
        }
    }
    let n = tiles.len() as f64;
    (joined.max(LEAST_SHARE * alone) * n / (n - 1.0)).sqrt()
}

/// Bend of a structure with these tensors, one for each row, from the first row to the last; per px across it.
///
/// Turns of rows are summed to positions: shifted rows turn alternately to both sides, which cancels in the
/// sums.
fn bend_of_rows(rows: &[[f64; 3]], all: &Sums) -> Bend {
    let ([cos, sin], n) = (doubled(all.fine), rows.len() as f64);
    let bands = BANDS.min(rows.len());
    let mut places = vec![(0.0, 0.0, 0.0); bands];
    let mut place = 0.0;
    for (row, &tensor) in rows.iter().enumerate() {
        let [own_cos, own_sin] = doubled(tensor);
        let turn = n * (cos * own_sin - sin * own_cos) / (cos * cos + sin * sin) / 2.0;
        let v = (2 * row + 1) as f64 / n - 1.0;
        let band = &mut places[row * bands / rows.len()];
        *band = (band.0 + v, band.1 + place + turn / 2.0, band.2 + 1.0);
        place += turn;
    }
    let means = places.into_iter().map(|(v, place, n)| (v / n, place / n, 1.0));
    Bend::of(&means.collect::<Vec<_>>())
}

/// Standard deviations over tiles.
struct Spread {
    axis: f64,
    order: f64,
    order_of_two: f64,
}

impl Spread {
    fn of(tiles: &[Sums], all: &Sums, seed: u64) -> Self {
        let mut squares = [0.0; 2];
        for resample in 0..RESAMPLES {
            let mut stream = Stream::new(seed, "orientation bootstrap", resample);
            let drawn = Sums::joined((0..tiles.len()).map(|_| tiles[stream.below(tiles.len())]));
            if drawn.weight <= 0.0 {
                continue;
            }
            let errors = [drawn.order() - all.order(), drawn.order_of_two() - all.order_of_two()];
            squares.iter_mut().zip(errors).for_each(|(sum, error)| *sum += error * error);
        }
        // a resample of n has the variance of n − 1
        let scale = tiles.len() as f64 / (tiles.len() - 1) as f64 / RESAMPLES as f64;
        let [order, order_of_two] = squares.map(|sum| (sum * scale).sqrt());
        Self { axis: axis_spread(tiles, all), order, order_of_two }
    }
}

/// Local maxima of the smoothed histogram, at least a quarter of the highest and above chance.
fn peaks(histogram: &[f64]) -> Vec<AxisPeak> {
    let n = BINS as i64;
    let at = |values: &[f64], bin: i64| values[bin.rem_euclid(n) as usize];
    let reach = (3.0 * PEAK_SIGMA_DEG) as i64;
    let bell = |offset: i64| (-0.5 * (offset as f64 / PEAK_SIGMA_DEG).powi(2)).exp();
    let norm: f64 = (-reach..=reach).map(bell).sum();
    let smooth: Vec<f64> = (0..n)
        .map(|bin| (-reach..=reach).map(|by| bell(by) * at(histogram, bin + by)).sum::<f64>() / norm)
        .collect();
    let highest = smooth.iter().copied().fold(0.0, f64::max);
    let mut found: Vec<(f64, AxisPeak)> = (0..n)
        .filter(|&bin| {
            let here = at(&smooth, bin);
            let top = (1..=10).all(|by| here >= at(&smooth, bin - by) && here > at(&smooth, bin + by));
            // 1.5 times the value of uniformly distributed axes
            top && here >= LEAST_PEAK * highest && here > 1.5 / BINS as f64
        })
        .map(|bin| {
            let (before, here, after) = (at(&smooth, bin - 1), at(&smooth, bin), at(&smooth, bin + 1));
            let bend = before - 2.0 * here + after;
            let shift = if bend < 0.0 { (before - after) / (2.0 * bend) } else { 0.0 };
            let share = (-15..=15).map(|by| at(histogram, bin + by)).sum();
            (here, AxisPeak { axis_deg: axis_deg(bin as f64 - 89.5 + shift), share })
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, peak)| peak).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sine waves whose lines have this axis, plus `level`.
    fn waves(axis_deg: f64, period_px: f64, level: impl Fn(usize, usize) -> f64) -> Plane {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        Plane::from_fn(150, 190, |y, x| {
            // across the lines, y up
            let across = -sin * x as f64 - cos * y as f64;
            (50.0 * (std::f64::consts::TAU * across / period_px).sin() + level(y, x)) as f32
        })
    }

    fn measured(plane: &Plane, geometry: Geometry) -> Orientation {
        orientation(plane, &OrientationConfig { geometry, ..OrientationConfig::default() }).unwrap()
    }

    #[test]
    fn the_axis_is_that_of_the_lines_anticlockwise_with_y_up() {
        for truth in [0.0, 17.0, 45.0, 90.0, -47.0, -0.5] {
            let found = measured(&waves(truth, 9.0, |_, _| 0.0), Geometry::default());
            let axis = found.axis.clone().unwrap();
            assert!(axis_difference_deg(axis.value, truth).abs() < 0.1, "{truth}: {axis:?}");
            assert!((-90.0..=90.0).contains(&axis.value), "{truth}: {axis:?}");
            let most = (0..BINS).max_by(|&a, &b| found.histogram[a].total_cmp(&found.histogram[b])).unwrap();
            let middle = most as f64 - 89.5;
            assert!(axis_difference_deg(middle, truth).abs() <= 1.0, "{truth}: bin of {middle}");
            assert!(found.order.value > 0.99 && found.peaks.len() == 1, "{truth}: {found:?}");
            assert!(axis_difference_deg(found.peaks[0].axis_deg, truth).abs() < 1.0, "{truth}");
        }
    }

    #[test]
    fn inversion_and_a_brighter_side_change_nothing() {
        let plain = measured(&waves(28.0, 11.0, |_, _| 0.0), Geometry::default()).axis.unwrap().value;
        let sloping = waves(28.0, 11.0, |y, x| 0.6 * y as f64 + 0.001 * (x * x) as f64);
        for other in [waves(28.0, 11.0, |_, _| 0.0).map(|value| 255.0 - value), sloping] {
            let found = measured(&other, Geometry::default()).axis.unwrap().value;
            assert!((found - plain).abs() < 0.05, "{found} {plain}");
        }
    }

    #[test]
    fn high_pixels_and_tilt_are_undone() {
        // lines at 45° on the specimen, seen with rows that hold twice as much, then tilted by 60°
        for geometry in [
            Geometry { pixel_ratio: 2.0, ..Geometry::default() },
            Geometry { tilt_deg: 60.0, ..Geometry::default() },
        ] {
            let seen = 0.5_f64.atan().to_degrees();
            let axis = measured(&waves(seen, 9.0, |_, _| 0.0), geometry).axis.unwrap();
            assert!((axis.value - 45.0).abs() < 0.1, "{geometry:?}: {axis:?}");
        }
    }

    #[cfg(feature = "synth")]
    #[test]
    fn rough_edges_of_tilted_lines_do_not_turn_the_axis() {
        use crate::synth::{LinesConfig, ScanConfig, Specimen, SynthConfig, micrograph};
        let (mut sum, mut held) = (0.0, 0);
        const SEEDS: u64 = 10;
        for seed in 0..SEEDS {
            let lines = LinesConfig {
                pitch_px: 56.0,
                axis_deg: -85.0,
                wall_px: 4.0,
                edge_roughness_px: 2.0,
                edge_correlation_px: 12.0,
                ..LinesConfig::default()
            };
            let geometry = Geometry { tilt_deg: 55.0, tilt_axis_deg: -15.0, ..Geometry::default() };
            let scan = ScanConfig {
                specimen_px: 2,
                margin_px: 20,
                tilt_deg: geometry.tilt_deg,
                tilt_axis_deg: geometry.tilt_axis_deg,
                ..ScanConfig::default()
            };
            let config = SynthConfig {
                height: 256,
                width: 320,
                specimen: Specimen::Lines(lines),
                scan,
                ..SynthConfig::default()
            };
            let axis = measured(&micrograph(&config, seed).unwrap().plane, geometry).axis.unwrap();
            let error = axis_difference_deg(axis.value, -85.0);
            sum += error;
            held += usize::from(error.abs() < axis.expanded_uncertainty);
        }
        // without smoothing along the tilt axis: −1.6° on the average
        assert!((sum / SEEDS as f64).abs() < 0.15, "{}", sum / SEEDS as f64);
        assert!(held >= 8, "{held}");
    }

    #[test]
    fn what_shifted_rows_turn_is_in_the_interval() {
        let mut stream = Stream::new(11, "test", 0);
        let shifts: Vec<f64> = (0..240).map(|_| 0.3 * stream.normal()).collect();
        for truth in [50.0_f64, -65.0, 80.0] {
            let (sin, cos) = truth.to_radians().sin_cos();
            let plane = Plane::from_fn(240, 300, |y, x| {
                let across = sin * (x as f64 + shifts[y]) + cos * y as f64;
                (50.0 * (std::f64::consts::TAU * across / 7.0).sin() + 5.0 * stream.normal()) as f32
            });
            let axis = measured(&plane, Geometry::default()).axis.unwrap();
            let error = axis_difference_deg(axis.value, truth);
            assert!(
                error.abs() < axis.expanded_uncertainty && axis.expanded_uncertainty < 1.5,
                "{truth}: {axis:?}"
            );
            let component =
                axis.components.iter().find(|component| component.cause == "shifted rows").unwrap();
            assert!(component.standard_uncertainty > 0.0, "{truth}: {axis:?}");
        }
        let still = measured(&waves(50.0, 7.0, |_, _| 0.0), Geometry::default()).axis.unwrap();
        assert_eq!(
            still
                .components
                .iter()
                .find(|component| component.cause == "shifted rows")
                .unwrap()
                .standard_uncertainty,
            0.0
        );
    }

    #[test]
    fn a_grid_has_two_peaks_and_no_order_of_one() {
        let (one, other) = (waves(20.0, 10.0, |_, _| 0.0), waves(110.0, 10.0, |_, _| 0.0));
        let sum = Plane::from_fn(150, 190, |y, x| {
            // patches of either, as on a woven cloth
            if (y / 25 + x / 25) % 2 == 0 { one.at(y, x) } else { other.at(y, x) }
        });
        let found = measured(&sum, Geometry::default());
        assert!(found.order.value < 0.2 && found.order_of_two.value > 0.8, "{found:?}");
        let mut axes: Vec<f64> = found.peaks.iter().map(|peak| peak.axis_deg).collect();
        axes.sort_by(f64::total_cmp);
        assert!(axes.len() == 2 && (axes[0] + 70.0).abs() < 2.0 && (axes[1] - 20.0).abs() < 2.0, "{axes:?}");
    }

    #[test]
    fn noise_has_no_axis_and_flat_planes_are_refused() {
        let mut stream = Stream::new(5, "test", 0);
        let noise = Plane::from_fn(160, 160, |_, _| stream.normal() as f32);
        let found = measured(&noise, Geometry::default());
        assert!(found.order.value < 0.1, "{found:?}");
        let config = OrientationConfig::default();
        assert_eq!(orientation(&Plane::filled(160, 160, 3.0), &config), Err(NoOrientation::Flat));
        let small = orientation(&Plane::filled(20, 160, 3.0), &config);
        assert!(matches!(small, Err(NoOrientation::TooSmall { height: 20, .. })));
        let mut odd = noise;
        odd.values_mut()[7] = f32::NAN;
        assert_eq!(orientation(&odd, &config), Err(NoOrientation::NotNumbers(1)));
    }
}
