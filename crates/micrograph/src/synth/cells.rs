//! Cells: the plane divided among sites, each point belonging to its nearest site (Voronoi cells).
//!
//! Each square of a net holds one site, moved at random within it, so that the nearest two are found
//! among a few. Grains, foams, domes, mud cracks and reticulate shells are all drawn from these cells.

use crate::random::Stream;

/// Sites one in each square of a net.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    spacing: f64,
    columns: usize,
    rows: usize,
    /// `[y, x]` in px.
    sites: Vec<[f64; 2]>,
}

/// Position of a point in its cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct InCell {
    /// The cell.
    pub(super) index: usize,
    /// Distance to its site in px.
    pub(super) nearest: f64,
    /// Distance to the next site in px, at least `nearest`.
    pub(super) second: f64,
    /// The next site's cell.
    pub(super) neighbour: usize,
}

impl Cells {
    /// Sites about `spacing` px apart that extend beyond all sides of the plane; `disorder` 0 is a square
    /// net, 1 moves each site anywhere in its square.
    pub(super) fn new(
        (height, width): (usize, usize),
        spacing: f64,
        disorder: f64,
        stream: &mut Stream,
    ) -> Self {
        let count = |length: usize| (length as f64 / spacing).ceil() as usize + 6;
        let (rows, columns) = (count(height), count(width));
        let shift = [stream.uniform(), stream.uniform()];
        let mut sites = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                let mut place = |index: usize, shift: f64| {
                    (index as f64 - 3.0 + shift + disorder * stream.between(-0.5, 0.5)) * spacing
                };
                // every second row is shifted by half a square: six neighbours, as grains have
                let brick = if row % 2 == 0 { 0.0 } else { 0.5 };
                sites.push([place(row, shift[0]), place(column, shift[1] + brick)]);
            }
        }
        Self { spacing, columns, rows, sites }
    }

    /// All sites `[y, x]` in px, those outside the plane included.
    pub(super) fn sites(&self) -> &[[f64; 2]] {
        &self.sites
    }

    /// The cell of `(y, x)`, a point in the plane.
    pub(super) fn at(&self, y: f64, x: f64) -> InCell {
        let near = |at: f64, count: usize| {
            let middle = (at / self.spacing).floor() as i64 + 3;
            (middle - 2).clamp(0, count as i64) as usize..(middle + 3).clamp(0, count as i64) as usize
        };
        let mut found = InCell { index: 0, nearest: f64::INFINITY, second: f64::INFINITY, neighbour: 0 };
        for row in near(y, self.rows) {
            for column in near(x, self.columns) {
                let index = row * self.columns + column;
                let [sy, sx] = self.sites[index];
                let distance = (y - sy).hypot(x - sx);
                if distance < found.nearest {
                    found =
                        InCell { index, nearest: distance, second: found.nearest, neighbour: found.index };
                } else if distance < found.second {
                    found = InCell { second: distance, neighbour: index, ..found };
                }
            }
        }
        found
    }

    /// Distance in px from `(y, x)`, a point of `cell`, to the border with the neighbour.
    pub(super) fn border_distance(&self, cell: InCell) -> f64 {
        let ([ay, ax], [by, bx]) = (self.sites[cell.index], self.sites[cell.neighbour]);
        let apart = (ay - by).hypot(ax - bx).max(1e-9);
        (cell.second * cell.second - cell.nearest * cell.nearest) / (2.0 * apart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_nearest_sites_are_those_found_by_trying_all() {
        let cells = Cells::new((60, 91), 9.0, 1.0, &mut Stream::new(1, "cells", 0));
        for (y, x) in [(0.0, 0.0), (59.0, 90.0), (31.3, 44.0), (12.0, 77.5)] {
            let mut distances: Vec<f64> =
                cells.sites().iter().map(|[sy, sx]| (y - sy).hypot(x - sx)).collect();
            distances.sort_by(f64::total_cmp);
            let found = cells.at(y, x);
            assert_eq!([found.nearest, found.second], distances[..2], "{y} {x}");
            assert!(cells.border_distance(found) >= 0.0);
        }
    }
}
