//! Round: where particles are round, what is no disc is two that lie far over each other.
//!
//! A region's largest inscribed disc has nearly all of its area if the region is a disc. Two equal discs
//! whose centres lie a third of a diameter apart have a neck of 0.94, which borders of one particle may show
//! too, but 1.4 times the area of the disc. So where most regions are discs, one with much more area than its
//! disc is parted at a shallower neck. Where particles are not round, nothing is done.

use super::split::{Merge, watershed};

/// Area over that of the inscribed disc up to which half of the regions are, where particles are round.
const ROUND: f64 = 1.25;
/// The same from which a region is no single disc: discs a fifth of a diameter apart have 1.25, and pixels and
/// blur add a little.
const NO_DISC: f64 = 1.35;
/// How much of the way from the neck asked for to no neck at all a shallower one lies: 0.9 becomes 0.97.
const SHALLOWER: f64 = 0.7;
/// A peak of the distance that rises less over its pass, in px, is a whim of the pixels.
const LEAST_RISE_PX: f64 = 0.3;
/// Least share of a region's area for each of its parts.
const LEAST_PART: f64 = 0.15;

/// One region as it is looked at here.
#[derive(Clone)]
struct Shape {
    area: usize,
    /// Largest squared distance from the background.
    peak: u32,
    /// Rows and columns from the first to behind the last.
    rows: (usize, usize),
    columns: (usize, usize),
}

/// Parts the regions of `labels` that are no discs; returns how many regions there are now.
///
/// `distances` are squared, as [`super::distance::squared_distances`] gives them.
pub(super) fn parted(
    labels: &mut [u32],
    distances: &[u32],
    (height, width): (usize, usize),
    n_regions: usize,
    neck: f64,
) -> usize {
    let empty = Shape { area: 0, peak: 0, rows: (height, 0), columns: (width, 0) };
    let mut shapes = vec![empty; n_regions];
    for (at, label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        let shape = &mut shapes[*label as usize - 1];
        let (y, x) = (at / width, at % width);
        shape.area += 1;
        shape.peak = shape.peak.max(distances[at]);
        shape.rows = (shape.rows.0.min(y), shape.rows.1.max(y + 1));
        shape.columns = (shape.columns.0.min(x), shape.columns.1.max(x + 1));
    }
    let whole = |shape: &&Shape| {
        shape.rows.0 > 0 && shape.columns.0 > 0 && shape.rows.1 < height && shape.columns.1 < width
    };
    let mut ratios: Vec<f64> = shapes.iter().filter(whole).map(Shape::over_disc).collect();
    ratios.sort_by(f64::total_cmp);
    if !ratios.get(ratios.len() / 2).is_some_and(|median| *median <= ROUND) {
        return n_regions;
    }
    let merge = Merge { pass_over_peak: 1.0 - (1.0 - neck) * (1.0 - SHALLOWER), rise_px: LEAST_RISE_PX };
    let mut n = n_regions;
    for (index, shape) in
        shapes.iter().enumerate().filter(|(_, shape)| whole(shape) && shape.over_disc() > NO_DISC)
    {
        let own = index as u32 + 1;
        let columns = shape.columns.1 - shape.columns.0;
        let places: Vec<usize> = (shape.rows.0..shape.rows.1)
            .flat_map(|y| (shape.columns.0..shape.columns.1).map(move |x| y * width + x))
            .collect();
        let inside: Vec<u32> =
            places.iter().map(|&at| if labels[at] == own { distances[at] } else { 0 }).collect();
        let (parts, n_parts) = watershed(&inside, columns, merge);
        let area = |part: usize| parts.iter().filter(|label| **label as usize == part).count();
        let large = (1..=n_parts).all(|part| area(part) as f64 >= LEAST_PART * shape.area as f64);
        if n_parts < 2 || !large {
            continue;
        }
        for (&at, part) in places.iter().zip(&parts).filter(|(_, part)| **part > 1) {
            labels[at] = (n + *part as usize - 1) as u32;
        }
        n += n_parts - 1;
    }
    n
}

impl Shape {
    /// Area over that of the largest disc inside.
    fn over_disc(&self) -> f64 {
        // the background begins half a pixel before the middle of its first
        let radius = (f64::from(self.peak).sqrt() - 0.5).max(0.5);
        self.area as f64 / (std::f64::consts::PI * radius * radius)
    }
}

#[cfg(test)]
mod tests {
    use super::super::distance::squared_distances;
    use super::*;

    /// Regions of discs `[y, x, radius]`, first with the usual necks, then parted.
    fn counted(discs: &[[f64; 3]]) -> (usize, usize) {
        let size = (200, 260);
        let inside = |y: usize, x: usize| {
            discs.iter().any(|[cy, cx, radius]| (y as f64 - cy).hypot(x as f64 - cx) <= *radius)
        };
        let mask: Vec<bool> = (0..size.0 * size.1).map(|at| inside(at / size.1, at % size.1)).collect();
        let distances = squared_distances(&mask, size);
        let merge = Merge { pass_over_peak: 0.9, rise_px: 0.75 };
        let (mut labels, n) = watershed(&distances, size.1, merge);
        let parted = parted(&mut labels, &distances, size, n, 0.9);
        let mut seen: Vec<u32> = labels.into_iter().filter(|label| *label > 0).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), parted, "labels without gaps");
        (n, parted)
    }

    #[test]
    fn discs_far_over_each_other_are_two_among_discs() {
        let mut discs =
            vec![[40.0, 40.0, 15.0], [100.0, 60.0, 16.5], [150.0, 200.0, 13.2], [40.0, 220.0, 15.3]];
        assert_eq!(counted(&discs), (4, 4));
        // 0.36 diameters apart
        discs.push([100.0, 160.0, 15.0]);
        discs.push([105.0, 169.6, 15.0]);
        assert_eq!(counted(&discs), (5, 6));
    }

    #[test]
    fn among_long_ones_a_long_one_is_one() {
        // each four discs in a row
        let rods: Vec<[f64; 3]> = (0..3)
            .flat_map(|rod| {
                (0..4).map(move |i| [40.0 + 55.0 * f64::from(rod), 60.0 + 8.0 * f64::from(i), 12.0])
            })
            .collect();
        assert_eq!(counted(&rods), (3, 3));
    }
}
