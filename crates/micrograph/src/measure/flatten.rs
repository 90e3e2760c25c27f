//! Flatten: removes slow changes of brightness and steps between rows from a plane, and estimates its noise.
//!
//! Charging and detectors make one side brighter, line-wise charging lifts whole rows. The background
//! is a polynomial of degree 2, fitted to means of blocks with Tukey's weights so that bright debris
//! does not bend it. A pattern along the rows looks like row offsets, so these are removed only on request.
//! What remains of an image that is nothing but its background is rounding, and becomes 0.

use serde::{Deserialize, Serialize};

use super::solve::Normal;
use crate::Plane;

/// Blocks along the longer side for the fit of the background.
const BLOCKS: usize = 48;
/// Largest remainder of a background in `f32`, over the largest value: rounding of values and of the fit.
const ROUNDED: f64 = 1.0 / (1 << 20) as f64;
/// Largest remainder of a background in whole grey levels, and its largest rms; that of lines one level high is a
/// half.
const ROUNDED_LEVEL: f64 = 0.55;
const ROUNDED_RMS: f64 = 0.4;
/// Half width in rows of the running median against which the offset of a row is measured.
const ROWS_AROUND: usize = 7;

/// What is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlattenConfig {
    /// Whether the polynomial of degree 2 is.
    pub background: bool,
    /// Whether offsets of rows against those around them are.
    pub rows: bool,
}

impl Default for FlattenConfig {
    fn default() -> Self {
        Self { background: true, rows: false } // lines along the rows must survive
    }
}

/// A plane without its background.
#[derive(Clone, Debug, PartialEq)]
pub struct Flattened {
    /// The residual, about 0, `[H, W]`.
    pub plane: Plane,
    /// Largest less smallest value of the background.
    pub background_range: f64,
    /// Rms removed offset of a row; 0 if rows were not changed.
    pub row_offset: f64,
}

/// `plane` without the background that `config` names.
pub fn flattened(plane: &Plane, config: FlattenConfig) -> Flattened {
    without(plane, config.background.then(|| background(plane)).flatten(), config)
}

/// The same where `pattern` is known, which is no part of the background: of few periods, a polynomial takes some away.
pub(super) fn flattened_beside(plane: &Plane, pattern: &Plane, config: FlattenConfig) -> Flattened {
    let values = plane.values().iter().zip(pattern.values()).map(|(value, own)| value - own).collect();
    let rest = Plane::new(plane.height(), plane.width(), values);
    without(plane, config.background.then(|| background(&rest)).flatten(), config)
}

/// `plane` without the background of these coefficients.
fn without(plane: &Plane, coefficients: Option<[f64; 6]>, config: FlattenConfig) -> Flattened {
    let (height, width) = (plane.height(), plane.width());
    let coefficients = coefficients.unwrap_or([plane.mean(), 0.0, 0.0, 0.0, 0.0, 0.0]);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut values = Vec::with_capacity(height * width);
    for y in 0..height {
        for (x, &value) in plane.row(y).iter().enumerate() {
            let terms = terms(y as f64 + 0.5, x as f64 + 0.5, height, width);
            let background: f64 = terms.iter().zip(coefficients).map(|(term, weight)| term * weight).sum();
            (low, high) = (low.min(background), high.max(background));
            values.push((f64::from(value) - background) as f32);
        }
    }
    let mut rest = Plane::new(height, width, values);
    if is_rounding(plane, &rest, high - low) {
        rest = Plane::filled(height, width, 0.0);
    }
    let mut plane = rest;
    let row_offset = if config.rows { level_rows(&mut plane) } else { 0.0 };
    Flattened { plane, background_range: (high - low).max(0.0), row_offset }
}

/// Whether the `rest` of `plane` without its background, which changes by `range`, is nothing but rounding.
fn is_rounding(plane: &Plane, rest: &Plane, range: f64) -> bool {
    let ends = |plane: &Plane| plane.range().map_or([0.0; 2], |(low, high)| [low, high].map(f64::from));
    // the fit to means of blocks may be off by a constant
    let [low, high] = ends(rest);
    let (left, largest) = ((high - low) / 2.0, ends(plane).into_iter().map(f64::abs).fold(0.0, f64::max));
    let whole = || range >= 2.0 && plane.values().iter().all(|value| value.fract() == 0.0);
    left <= ROUNDED * largest || left <= ROUNDED_LEVEL && rest.variance().sqrt() <= ROUNDED_RMS && whole()
}

/// Standard deviation of the noise from pixel to pixel, from a Laplacian that passes neither planes
/// nor slow patterns (Immerkær 1996), by its median so that edges count little. Patterns as fine as
/// 3 px count as noise.
pub fn noise(plane: &Plane) -> f64 {
    let (height, width) = (plane.height(), plane.width());
    if height < 3 || width < 3 {
        return 0.0;
    }
    let mut sizes = Vec::with_capacity((height - 2) * (width - 2));
    for y in 1..height - 1 {
        let (above, here, below) = (plane.row(y - 1), plane.row(y), plane.row(y + 1));
        for x in 1..width - 1 {
            let corners = above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1];
            let sides = above[x] + below[x] + here[x - 1] + here[x + 1];
            sizes.push((corners - 2.0 * sides + 4.0 * here[x]).abs());
        }
    }
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
    // the weights' squares sum to 36; 1.4826 makes a median a standard deviation
    f64::from(*median) * 1.4826 / 6.0
}

/// 1, u, v, u², uv, v² with u and v in `[-1, 1]` over the image.
fn terms(y: f64, x: f64, height: usize, width: usize) -> [f64; 6] {
    let (v, u) = (2.0 * y / height as f64 - 1.0, 2.0 * x / width as f64 - 1.0);
    [1.0, u, v, u * u, u * v, v * v]
}

/// Coefficients of [`terms`]; `None` where there are too few blocks to fit them.
fn background(plane: &Plane) -> Option<[f64; 6]> {
    let (height, width) = (plane.height(), plane.width());
    let side = height.max(width).div_ceil(BLOCKS).max(2);
    let mut blocks = Vec::new();
    for top in (0..height).step_by(side) {
        for left in (0..width).step_by(side) {
            let (bottom, right) = ((top + side).min(height), (left + side).min(width));
            let sum: f64 =
                (top..bottom).flat_map(|y| &plane.row(y)[left..right]).map(|&value| f64::from(value)).sum();
            let area = ((bottom - top) * (right - left)) as f64;
            let at = ((top + bottom) as f64 / 2.0, (left + right) as f64 / 2.0);
            blocks.push((terms(at.0, at.1, height, width), sum / area, area));
        }
    }
    let mut weights = vec![1.0; blocks.len()];
    let mut fitted = [0.0; 6];
    for _ in 0..4 {
        let mut normal = Normal::new(6);
        for ((terms, mean, area), weight) in blocks.iter().zip(&weights) {
            normal.add(terms, *mean, area * weight);
        }
        fitted.copy_from_slice(&normal.solution()?);
        let left: Vec<f64> = blocks
            .iter()
            .map(|(terms, mean, _)| mean - terms.iter().zip(fitted).map(|(a, b)| a * b).sum::<f64>())
            .collect();
        let mut sizes: Vec<f64> = left.iter().map(|left| left.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        // Tukey's biweight with its customary 4.685 standard deviations
        let reach = 4.685 * 1.4826 * sizes[sizes.len() / 2];
        if reach <= 0.0 {
            break;
        }
        for (weight, left) in weights.iter_mut().zip(&left) {
            let share = (left / reach).abs();
            *weight = if share < 1.0 { (1.0 - share * share).powi(2) } else { 0.0 };
        }
    }
    Some(fitted)
}

/// Subtracts from each row the difference of its median from those around; returns the rms difference.
fn level_rows(plane: &mut Plane) -> f64 {
    let (height, width) = (plane.height(), plane.width());
    let median = |values: &mut [f32]| {
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    };
    let medians: Vec<f32> = (0..height).map(|y| median(&mut plane.row(y).to_vec())).collect();
    let mut squares = 0.0;
    for (y, row) in plane.values_mut().chunks_exact_mut(width).enumerate() {
        let around = y.saturating_sub(ROWS_AROUND)..(y + ROWS_AROUND + 1).min(height);
        let offset = medians[y] - median(&mut medians[around].to_vec());
        row.iter_mut().for_each(|value| *value -= offset);
        squares += f64::from(offset).powi(2);
    }
    (squares / height as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_bowl_is_taken_out_beside_bright_debris() {
        let plane = Plane::from_fn(90, 120, |y, x| {
            let (v, u) = (y as f32 / 90.0, x as f32 / 120.0);
            let debris = if (20..35).contains(&y) && (50..70).contains(&x) { 150.0 } else { 0.0 };
            80.0 + 30.0 * u - 20.0 * v + 40.0 * u * v - 25.0 * u * u + debris
        });
        let found = flattened(&plane, FlattenConfig::default());
        for (y, x) in [(0, 0), (89, 119), (89, 0), (0, 119), (70, 60)] {
            assert!(found.plane.at(y, x).abs() < 0.5, "{y} {x}: {}", found.plane.at(y, x));
        }
        assert!((found.plane.at(27, 60) - 150.0).abs() < 1.0);
    }

    #[test]
    fn nothing_is_left_of_what_is_only_background() {
        let bowl = |y: usize, x: usize| 7.0 + 0.11 * x as f32 - 0.07 * y as f32 + 0.0013 * (x * x) as f32;
        for (name, plane) in [
            ("constant", Plane::filled(90, 120, 12345.0)),
            ("large", Plane::filled(90, 120, 3.1e9)),
            ("bowl", Plane::from_fn(90, 120, bowl)),
            ("bowl in whole levels", Plane::from_fn(90, 120, |y, x| bowl(y, x).round())),
        ] {
            let left = flattened(&plane, FlattenConfig::default()).plane;
            assert_eq!(left, Plane::filled(90, 120, 0.0), "{name}");
        }
        let faint = Plane::from_fn(90, 120, |_, x| 100.0 + f32::from(u8::from(x % 8 < 4)));
        let left = flattened(&faint, FlattenConfig::default()).plane;
        assert!((left.variance() - 0.25).abs() < 0.01, "lines of one level are no rounding");
    }

    #[test]
    fn noise_is_separated_from_a_grating_and_a_gradient() {
        let mut stream = Stream::new(1, "test", 0);
        let plane = Plane::from_fn(120, 140, |y, x| {
            let wave = 60.0 * (x as f64 * 0.25 + y as f64 * 0.1).sin();
            (wave + y as f64 + 5.0 * stream.normal()) as f32
        });
        let found = noise(&plane);
        assert!((found / 5.0 - 1.0).abs() < 0.05, "{found}");
    }

    #[test]
    fn rows_are_levelled_only_on_request() {
        let mut stream = Stream::new(2, "test", 0);
        let offsets: Vec<f32> = (0..100).map(|_| 8.0 * stream.normal() as f32).collect();
        let plane = Plane::from_fn(100, 90, |y, x| offsets[y] + 20.0 * (x as f32 * 0.3).sin());
        let kept = flattened(&plane, FlattenConfig::default());
        let levelled = flattened(&plane, FlattenConfig { background: true, rows: true });
        assert!(kept.plane.variance() > 240.0, "{}", kept.plane.variance());
        // a row's median is that of its own noise-free grating, so hardly more than that remains
        assert!(levelled.plane.variance() < 215.0 && levelled.row_offset > 6.0, "{levelled:?}");
    }
}
