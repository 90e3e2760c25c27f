//! Border: the mean edge of all particles of an image, from the pixels around their borders, without smoothing.
//!
//! Regions are found on a smoothed plane, whose edges a rim displaces more than those of the image itself. The mean of all
//! pixels at one distance from the borders has hardly any noise left, so the edge is placed on it: half way from the
//! lowest outside to the highest inside, less what a rim of its height may add.

use crate::Plane;
use crate::measure::count::distance::squared_distances;
use crate::measure::rim::{Edge, Excess};

/// Width of a bin of distances in px.
const BIN_PX: f64 = 0.5;
/// Farthest distances from a border that are looked at, inside and outside, in px.
const REACH: [f64; 2] = [12.0, 6.0];
/// Fewest pixels at a distance.
const FEWEST: f64 = 12.0;
/// Farthest that an edge of the image is from the border of a region in px, both sides together.
const FARTHEST_PX: f64 = 2.0;

/// How much a diameter between the borders of regions is too large, for regions whose median radius is `radius_px`;
/// `None` where the profile has no edge.
pub(super) fn excess(mask: &[bool], sharp: &Plane, radius_px: f64) -> Option<Excess> {
    let profile = profile(mask, sharp);
    // maxima of the third around the middle and of the rest: the difference is the height of the rim
    let split = -(0.67 * radius_px).clamp(BIN_PX, REACH[0] / 2.0);
    let highest = |within: &dyn Fn(f64) -> bool| {
        profile.iter().filter(|(d, _)| within(*d)).map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max)
    };
    let (middle, outer) = (highest(&|d| d < split), highest(&|d| (split..=1.0).contains(&d)));
    let inside = middle.max(outer);
    let (lowest, outside) = profile
        .iter()
        .filter(|(d, _)| *d > 0.0)
        .fold((0.0, f64::INFINITY), |low, (d, value)| if *value < low.1 { (*d, *value) } else { low });
    if !(inside > outside && inside.is_finite()) {
        return None;
    }
    // inwards from the lowest, the first step over this share of the height
    let rises_over = |share: f64| {
        let level = outside + share * (inside - outside);
        let steps = profile.windows(2).rev().filter(|two| two[1].0 <= lowest);
        steps.map(|two| (two[0], two[1])).find(|(inner, _)| inner.1 >= level).map(|(inner, outer)| {
            let share = (inner.1 - level) / (inner.1 - outer.1).max(f64::MIN_POSITIVE);
            inner.0 + share.clamp(0.0, 1.0) * (outer.0 - inner.0)
        })
    };
    let (half, width_px) = (rises_over(0.5)?, rises_over(0.25)? - rises_over(0.75)?);
    // without enough pixels in the middle, a rim is hidden as in a thin body
    let (rim, radius_px) =
        if middle.is_finite() { ((outer - middle) / (inside - outside), radius_px) } else { (0.0, 0.0) };
    let Excess { px, doubt_px } = Edge { width_px, rim, radius_px }.excess();
    let px = px - 2.0 * half;
    (px.abs() <= FARTHEST_PX + 2.0 * width_px).then_some(Excess { px, doubt_px })
}

/// Mean distance outwards from the borders, and mean of `sharp`, of the pixels in each bin of distances, from the inside
/// outwards.
fn profile(mask: &[bool], sharp: &Plane) -> Vec<(f64, f64)> {
    let size = (sharp.height(), sharp.width());
    let n_bins = ((REACH[0] + REACH[1]) / BIN_PX) as usize;
    let mut bins = vec![[0.0; 3]; n_bins];
    for outside in [false, true] {
        let side: Vec<bool> = mask.iter().map(|inside| *inside != outside).collect();
        for (square, value) in squared_distances(&side, size).into_iter().zip(sharp.values()) {
            if square == 0 || square == u32::MAX {
                continue;
            }
            // the border is half way to the nearest pixel of the other side
            let distance = f64::from(square).sqrt() - 0.5;
            let distance = if outside { distance } else { -distance };
            let place = (distance + REACH[0]) / BIN_PX;
            if let Some(bin) = bins.get_mut(place.max(0.0) as usize).filter(|_| place >= 0.0) {
                let terms = [1.0, distance, f64::from(*value)];
                bin.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
        }
    }
    bins.retain(|bin| bin[0] >= FEWEST);
    bins.into_iter().map(|[n, distance, value]| (distance / n, value / n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smooth::smooth;

    /// A disc of `radius` px around (40.3, 39.8) and its rim, blurred, and the mask of its smoothed image.
    fn disc(radius: f64, rim: f64, blur_px: f64) -> (Vec<bool>, Plane) {
        // eight times as fine, then the mean over each pixel
        let fine = Plane::from_fn(640, 640, |y, x| {
            let distance = (y as f64 / 8.0 - 40.3).hypot(x as f64 / 8.0 - 39.8);
            let rim = if distance < radius && distance > radius - 1.0 { rim } else { 0.0 };
            (if distance < radius { 100.0 + 100.0 * rim } else { 20.0 }) as f32
        });
        let blurred = smooth(&fine, 8.0 * blur_px);
        let sharp = crate::smooth::averaged(&blurred, 8);
        let seen = smooth(&sharp, 1.0);
        let highest = seen.range().map_or(0.0, |(_, high)| high);
        let mask = (0..80 * 80).map(|at| {
            let (y, x) = (at / 80, at % 80);
            // the middle of a rimmed disc may be lower than half of its rim
            let is_middle = (y as f64 - 39.8).hypot(x as f64 - 39.3) < radius - 2.0;
            is_middle || seen.at(y, x) > f32::midpoint(20.0, highest)
        });
        (mask.collect(), sharp)
    }

    #[test]
    fn diameters_of_discs_with_and_without_rims_are_within_their_doubt() {
        for (radius, rim, blur_px) in [
            (9.0, 0.0, 0.8),
            (9.0, 0.5, 0.8),
            (9.0, 1.5, 0.8),
            (17.0, 0.0, 1.5),
            (17.0, 1.0, 1.5),
            (17.0, 3.0, 0.8),
            (5.0, 0.5, 0.8),
        ] {
            let (mask, sharp) = disc(radius, rim, blur_px);
            let area = mask.iter().filter(|inside| **inside).count() as f64;
            let diameter = (4.0 * area / std::f64::consts::PI).sqrt();
            let found = excess(&mask, &sharp, radius).unwrap();
            let error = diameter - found.px - 2.0 * radius;
            assert!(error.abs() <= found.doubt_px, "{radius} {rim} {blur_px}: {error} {found:?}");
            assert!(found.doubt_px < 2.5, "{radius} {rim} {blur_px}: {found:?}");
        }
    }

    #[test]
    fn without_an_edge_there_is_no_excess() {
        let plane = Plane::filled(40, 40, 3.0);
        let mask: Vec<bool> = (0..1600).map(|at| at % 40 < 20).collect();
        assert_eq!(excess(&mask, &plane, 5.0), None);
        assert_eq!(excess(&vec![false; 1600], &plane, 5.0), None);
    }
}
