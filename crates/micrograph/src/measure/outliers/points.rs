//! Single pixels, and pairs of them, that differ from all around them.

use rayon::prelude::*;

use super::{LEAST_OF_CONTRAST, MOST_SHARE, quantile, stride};
use crate::Plane;

/// Distance beyond the neighbours, in units of that which 99 % of the pixels stay below: of white noise that is 1.4
/// standard deviations, of few electrons more.
const FAR: f32 = 6.0;
/// Share of an outlier's height that its neighbours may have, beside what noise gives them: a point that a beam of 0.5 px
/// standard deviation spreads over pixels leaves 0.23 of its height beside it.
const LEAST_SPREAD: f32 = 0.12;
/// What noise gives the highest neighbour, in the same unit as [`FAR`].
const NOISE_BESIDE: f32 = 1.5;
/// Fewest finite neighbours, of 24, that a value in place of one that is not a number comes from.
const LEAST_FINITE: usize = 6;

/// `plane` with finite values, and how many were not; `None` where they are too many, or too close to each other, to
/// be replaced.
pub(super) fn with_numbers(plane: &Plane) -> Option<(Plane, usize)> {
    let n_odd = plane.values().par_iter().filter(|value| !value.is_finite()).count();
    if n_odd == 0 {
        return Some((plane.clone(), 0));
    }
    if n_odd as f64 > MOST_SHARE * plane.values().len() as f64 {
        return None;
    }
    let width = plane.width();
    let odd = (0..plane.values().len()).filter(|at| !plane.values()[*at].is_finite());
    let instead: Vec<(usize, f32)> = odd
        .map(|at| {
            let mut near: Vec<f32> =
                around(plane, at / width, at % width, 2).filter(|value| value.is_finite()).collect();
            (near.len() >= LEAST_FINITE).then(|| (at, quantile(&mut near, 0.5)))
        })
        .collect::<Option<_>>()?;
    let mut plane = plane.clone();
    let values = plane.values_mut();
    instead.into_iter().for_each(|(at, value)| values[at] = value);
    Some((plane, n_odd))
}

/// Replaces single pixels of `plane`, whose contrast is `contrast`; returns how many.
pub(super) fn replace(plane: &mut Plane, contrast: f32) -> usize {
    let (height, width) = (plane.height(), plane.width());
    if height < 3 || width < 3 {
        return 0;
    }
    let mut sizes: Vec<f32> = (0..height)
        .step_by(stride(plane))
        .flat_map(|y| (0..width).map(move |x| (y, x)))
        .map(|(y, x)| beyond(plane, y, x).abs())
        .collect();
    let usual = quantile(&mut sizes, 0.99);
    let least = (FAR * usual).max(LEAST_OF_CONTRAST * contrast);
    let far: Vec<(usize, bool)> = (0..height)
        .into_par_iter()
        .flat_map_iter(|y| {
            let plane = &*plane;
            (0..width).filter_map(move |x| {
                let beyond = beyond(plane, y, x);
                (beyond.abs() > least).then_some((y * width + x, beyond > 0.0))
            })
        })
        .collect();
    if far.len() as f64 > MOST_SHARE * plane.values().len() as f64 {
        return 0;
    }
    let is_far = |at: usize| far.binary_search_by_key(&at, |far| far.0).is_ok();
    let instead: Vec<(usize, f32)> = far
        .iter()
        .filter_map(|&(at, is_high)| {
            let (y, x) = (at / width, at % width);
            let sign = if is_high { 1.0 } else { -1.0 };
            // of a pair the other one says nothing
            let near: Vec<f32> = places(y, x, 1, (height, width))
                .filter(|&near| !is_far(near))
                .map(|near| plane.values()[near])
                .collect();
            let mut ring: Vec<f32> = places(y, x, 2, (height, width))
                .filter(|&near| !is_far(near))
                .map(|near| plane.values()[near])
                .collect();
            let base = quantile(&mut ring, 0.5);
            let highest = near.iter().map(|value| sign * (value - base)).fold(0.0, f32::max);
            let own = sign * (plane.values()[at] - base);
            let alone =
                near.len() >= 2 && own > least && highest <= LEAST_SPREAD * own + NOISE_BESIDE * usual;
            alone.then(|| (at, quantile(&mut near.clone(), 0.5)))
        })
        .collect();
    if instead.is_empty() {
        return 0;
    }
    let values = plane.values_mut();
    instead.iter().for_each(|&(at, value)| values[at] = value);
    instead.len()
}

/// How far a pixel is above its second highest neighbour of eight, or (negative) below its second lowest: one neighbour
/// may be an outlier, too.
fn beyond(plane: &Plane, y: usize, x: usize) -> f32 {
    let (values, width, own) = (plane.values(), plane.width(), plane.at(y, x));
    if y == 0 || x == 0 || y + 1 == plane.height() || x + 1 == width {
        return beyond_second(own, around(plane, y, x, 1));
    }
    let [above, here, below] = [y - 1, y, y + 1].map(|y| &values[y * width + x - 1..y * width + x + 2]);
    let beside = [here[0], here[2]];
    beyond_second(own, above.iter().chain(&beside).chain(below).copied())
}

/// The same from all neighbours.
fn beyond_second(own: f32, neighbours: impl Iterator<Item = f32>) -> f32 {
    let (mut high, mut low) = ([f32::NEG_INFINITY; 2], [f32::INFINITY; 2]);
    for value in neighbours {
        if value > high[0] {
            high = [value, high[0]];
        } else if value > high[1] {
            high[1] = value;
        }
        if value < low[0] {
            low = [value, low[0]];
        } else if value < low[1] {
            low[1] = value;
        }
    }
    if own > high[1] {
        own - high[1]
    } else if own < low[1] {
        own - low[1]
    } else {
        0.0
    }
}

/// Values of the pixels up to `reach` rows and columns away, without the pixel itself.
fn around(plane: &Plane, y: usize, x: usize, reach: usize) -> impl Iterator<Item = f32> + '_ {
    places(y, x, reach, (plane.height(), plane.width())).map(|at| plane.values()[at])
}

/// The places of these pixels in reading order.
fn places(y: usize, x: usize, reach: usize, (height, width): (usize, usize)) -> impl Iterator<Item = usize> {
    let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
    let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
    rows.flat_map(move |row| columns.clone().map(move |column| (row, column)))
        .filter(move |&place| place != (y, x))
        .map(move |(row, column)| row * width + column)
}
