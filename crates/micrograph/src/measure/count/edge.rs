//! Edges: the border of a mask laid where the image is half way between its brightest and its darkest
//! nearby (Bernsen 1986), so that bright rims do not push it outwards and dim particles lose nothing.

use crate::Plane;

/// Range in px of the search for a pixel's brightest and darkest neighbours: blurred edges are
/// narrower, most particles wider.
const REACH_PX: usize = 3;

/// Brightest and darkest of the square of 7 px around each pixel, `[H, W]`.
pub(super) struct Nearby {
    high: Plane,
    low: Plane,
}

impl Nearby {
    pub(super) fn of(plane: &Plane) -> Self {
        Self { high: extreme(plane, larger), low: extreme(plane, smaller) }
    }

    /// Reassigns the pixels of `mask` near its border, where brightest and darkest differ by at least `least`.
    pub(super) fn lay_edges(&self, mask: &mut [bool], plane: &Plane, least: f32) {
        let inside =
            Plane::new(plane.height(), plane.width(), mask.iter().map(|inside| f32::from(*inside)).collect());
        let (any, all) = (extreme(&inside, larger), extreme(&inside, smaller));
        for (at, inside) in mask.iter_mut().enumerate() {
            let (high, low) = (self.high.values()[at], self.low.values()[at]);
            if any.values()[at] != all.values()[at] && high - low >= least {
                *inside = plane.values()[at] > f32::midpoint(high, low);
            }
        }
    }
}

// without handling of NaN, which does not occur, these are one instruction each
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The extreme of the square around each pixel; positions outside the image are ignored.
fn extreme(plane: &Plane, of: impl Fn(f32, f32) -> f32) -> Plane {
    let (height, width) = (plane.height(), plane.width());
    let mut along = plane.clone();
    for (y, row) in along.values_mut().chunks_exact_mut(width).enumerate() {
        let source = plane.row(y);
        for step in 1..=REACH_PX.min(width - 1) {
            row[step..].iter_mut().zip(source).for_each(|(own, other)| *own = of(*own, *other));
            row.iter_mut().zip(&source[step..]).for_each(|(own, other)| *own = of(*own, *other));
        }
    }
    let mut whole = along.clone();
    for (y, row) in whole.values_mut().chunks_exact_mut(width).enumerate() {
        for other in y.saturating_sub(REACH_PX)..(y + REACH_PX + 1).min(height) {
            row.iter_mut().zip(along.row(other)).for_each(|(own, other)| *own = of(*own, *other));
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn extremes_are_those_of_the_definition() {
        let mut stream = Stream::new(4, "test", 0);
        for (height, width) in [(1, 1), (2, 9), (11, 4), (13, 17)] {
            let plane = Plane::from_fn(height, width, |_, _| stream.uniform() as f32);
            let found = Nearby::of(&plane);
            for y in 0..height {
                for x in 0..width {
                    let rows = y.saturating_sub(3)..(y + 4).min(height);
                    let near =
                        rows.flat_map(|y| plane.row(y)[x.saturating_sub(3)..(x + 4).min(width)].to_vec());
                    let ends = near.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
                    assert_eq!((found.low.at(y, x), found.high.at(y, x)), ends, "{height}×{width}: {y} {x}");
                }
            }
        }
    }

    #[test]
    fn a_dim_and_a_bright_region_get_their_own_edges() {
        // edges that rise over 5 px, of heights 20 and 100; both have half their height at column 10
        let plane = Plane::from_fn(20, 30, |y, x| {
            let height = if y < 10 { 20.0 } else { 100.0 };
            height * ((x as f32 - 7.5) / 5.0).clamp(0.0, 1.0)
        });
        let mut mask: Vec<bool> = plane.values().iter().map(|value| *value > 15.0).collect();
        Nearby::of(&plane).lay_edges(&mut mask, &plane, 5.0);
        // the neighbourhoods of rows 4 to 6 and 13 to 15 hold only one kind
        for y in [4, 5, 6, 13, 14, 15] {
            let first = (0..30).find(|x| mask[y * 30 + x]);
            assert!(first == Some(10) || first == Some(11), "row {y}: {first:?}");
        }
    }
}
