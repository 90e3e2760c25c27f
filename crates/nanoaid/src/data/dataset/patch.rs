//! Patch: a square cut from a plane, turned, and accepted by its contrast.

use micrograph::random::Stream;
use micrograph::{Plane, Rect};

/// Draws of a place in one micrograph before another micrograph is drawn.
const MOST_DRAWS: usize = 20;

/// A square of `size × size` pixels at a random place of `plane`, in one of the eight positions a
/// square can be laid in, row after row; and whether its standard deviation reaches `flat_below`.
///
/// A flat square is drawn again up to [`MOST_DRAWS`] times; the last one is returned then.
///
/// # Panics
/// If `plane` is smaller than the square.
pub(super) fn drawn(plane: &Plane, size: usize, flat_below: f64, stream: &mut Stream) -> (Vec<f32>, bool) {
    let mut draws_left = MOST_DRAWS;
    loop {
        let y = stream.below(plane.height() - size + 1);
        let x = stream.below(plane.width() - size + 1);
        let position = stream.below(8);
        let patch = plane.crop(Rect { y, x, height: size, width: size });
        let contrasted = !is_flat(&patch, flat_below);
        draws_left -= 1;
        if contrasted || draws_left == 0 {
            return (laid(&patch, position), contrasted);
        }
    }
}

/// Whether the standard deviation of `patch` is below `flat_below`.
pub(super) fn is_flat(patch: &Plane, flat_below: f64) -> bool {
    patch.variance() < flat_below * flat_below
}

/// A square patch in `position` 0 … 7 of the eight that flips and quarter turns give, row after
/// row: bit 0 flips left and right, bit 1 flips up and down, bit 2 swaps rows and columns.
pub(super) fn laid(patch: &Plane, position: usize) -> Vec<f32> {
    let size = patch.height();
    let flipped = |flip: bool, i: usize| if flip { size - 1 - i } else { i };
    let mut values = Vec::with_capacity(size * size);
    for i in 0..size {
        for j in 0..size {
            let (y, x) = if position & 4 == 0 { (i, j) } else { (j, i) };
            values.push(patch.at(flipped(position & 2 != 0, y), flipped(position & 1 != 0, x)));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_positions_are_the_eight_of_a_square() {
        // written by hand: 1 2 / 3 4 turned by quarters, then its mirror image turned by quarters
        let expected: [[f32; 4]; 8] = [
            [1.0, 2.0, 3.0, 4.0],
            [3.0, 1.0, 4.0, 2.0],
            [4.0, 3.0, 2.0, 1.0],
            [2.0, 4.0, 1.0, 3.0],
            [2.0, 1.0, 4.0, 3.0],
            [4.0, 2.0, 3.0, 1.0],
            [3.0, 4.0, 1.0, 2.0],
            [1.0, 3.0, 2.0, 4.0],
        ];
        let patch = Plane::new(2, 2, vec![1.0, 2.0, 3.0, 4.0]);
        let found: Vec<Vec<f32>> = (0..8).map(|position| laid(&patch, position)).collect();
        for position in expected {
            assert_eq!(found.iter().filter(|values| values[..] == position).count(), 1, "{position:?}");
        }
    }

    #[test]
    fn every_place_and_position_is_drawn_and_none_outside() {
        // each pixel has its own value, so a patch shows where it came from and how it lies
        let plane = Plane::from_fn(5, 4, |y, x| (y * 4 + x) as f32);
        let mut stream = Stream::new(1, "test", 0);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2000 {
            let (values, contrasted) = drawn(&plane, 3, 0.1, &mut stream);
            assert!(contrasted);
            seen.insert(values.iter().map(|&value| value as usize).collect::<Vec<_>>());
        }
        assert_eq!(seen.len(), 3 * 2 * 8);
    }

    #[test]
    fn flat_places_are_drawn_again_and_a_flat_plane_is_told() {
        // contrast only in the left quarter
        let plane = Plane::from_fn(8, 32, |y, x| if x < 8 { ((x + y) % 2) as f32 } else { 0.5 });
        for index in 0..50 {
            let (values, contrasted) = drawn(&plane, 4, 0.02, &mut Stream::new(2, "test", index));
            assert!(contrasted && values.iter().any(|&value| value != 0.5), "{index}");
        }
        assert!(!drawn(&Plane::filled(8, 9, 0.5), 4, 0.02, &mut Stream::new(2, "test", 0)).1);
    }
}
