//! Shapes: polygons, ellipses and runs, and the pixels that belong to them.
//!
//! A pixel belongs to a shape if its centre does; a centre exactly on an edge belongs to what is to its right. Rings of
//! a polygon are filled by the even–odd rule, so that holes are rings like others. What lies outside the image is left
//! out; a point that is not a finite number is an error.

use std::ops::Range;

use super::RegionsError;
use super::point::Point;

/// A shape that can become a region.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Closed rings, filled by the even–odd rule.
    Polygon(Vec<Vec<Point>>),
    /// Polygons of one ring each, all of which belong to the shape, overlapping or not.
    Union(Vec<Vec<Point>>),
    /// The points `|((p − centre) turned by −angle_rad) / radii| ≤ 1`.
    Ellipse { centre: Point, radii: [f64; 2], angle_rad: f64 },
    /// Runs of pixels off and on in turn, down one column after the other (as in COCO), of an image of this height.
    Columns { height: usize, counts: Vec<u32> },
}

impl Shape {
    /// A circle.
    pub(super) fn circle(centre: Point, diameter: f64) -> Self {
        Self::Ellipse { centre, radii: [diameter / 2.0; 2], angle_rad: 0.0 }
    }

    /// The rectangle with these sides.
    pub(super) fn rectangle([x, y]: Point, width: f64, height: f64) -> Self {
        Self::Polygon(vec![vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]]])
    }

    /// Steps that finding its pixels takes, beside the pixels themselves.
    pub(super) fn work(&self, height: usize) -> usize {
        match self {
            Self::Polygon(rings) | Self::Union(rings) => rings
                .iter()
                .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
                .map(|(a, b)| 1 + (rows_between(a[1], b[1], height)).len())
                .sum(),
            Self::Ellipse { .. } => height,
            Self::Columns { counts, .. } => counts.len(),
        }
    }

    /// Calls `visit` with a row and its columns for all pixels of the shape in an image of `height × width`, none twice
    /// except in overlaps of a union.
    ///
    /// # Errors
    /// If a number of the shape is not finite, or an ellipse has no extent.
    pub(super) fn for_each_run(
        &self,
        height: usize,
        width: usize,
        mut visit: impl FnMut(usize, Range<usize>),
    ) -> Result<(), RegionsError> {
        match self {
            Self::Polygon(rings) => {
                rings.iter().try_for_each(|ring| check_ring(ring))?;
                fill(rings, height, width, &mut visit);
            }
            Self::Union(rings) => {
                for ring in rings {
                    check_ring(ring)?;
                    fill(std::slice::from_ref(ring), height, width, &mut visit);
                }
            }
            Self::Ellipse { centre, radii, angle_rad } => {
                let numbers = [centre[0], centre[1], *angle_rad, radii[0], radii[1]];
                if !numbers.iter().all(|number| number.is_finite())
                    || radii.iter().any(|radius| *radius <= 0.0)
                {
                    let found = format!("centre {centre:?}, radii {radii:?} px");
                    return Err(RegionsError::given(
                        "circle or ellipse",
                        "a centre, and radii above 0",
                        found,
                    ));
                }
                ellipse(*centre, *radii, *angle_rad, (height, width), &mut visit);
            }
            Self::Columns { height: stored, counts } => {
                let mut at = 0_usize;
                for (index, count) in counts.iter().enumerate() {
                    let end = at.saturating_add(*count as usize).min(height * width);
                    if index % 2 == 1 {
                        (at..end).for_each(|at| visit(at % stored, at / stored..at / stored + 1));
                    }
                    at = end;
                }
            }
        }
        Ok(())
    }
}

fn check_ring(ring: &[Point]) -> Result<(), RegionsError> {
    if ring.len() < 3 {
        return Err(RegionsError::given("polygon", "at least 3 points", ring.len()));
    }
    match ring.iter().find(|[x, y]| !(x.is_finite() && y.is_finite())) {
        Some(point) => {
            Err(RegionsError::given("point of a polygon", "two finite numbers", format!("{point:?}")))
        }
        None => Ok(()),
    }
}

/// The rows, of those in the image, whose centres lie between `a` (included) and `b`.
fn rows_between(a: f64, b: f64, height: usize) -> Range<usize> {
    let (low, high) = (a.min(b), a.max(b));
    // numbers below 0 become 0, and those beyond the image its height
    let first = ((low - 0.5).ceil().max(0.0) as usize).min(height);
    let end = ((high - 0.5).ceil().max(0.0) as usize).min(height);
    first..end
}

/// The columns, of those in the image, whose centres are at least `from` and below `to`.
fn columns_between(from: f64, to: f64, width: usize) -> Range<usize> {
    let columns = rows_between(from, to, width);
    if from < to { columns } else { 0..0 }
}

fn fill(rings: &[Vec<Point>], height: usize, width: usize, visit: &mut impl FnMut(usize, Range<usize>)) {
    let edges = || rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
    let mut begins: Vec<(usize, usize, Point, Point)> = edges()
        .filter_map(|(a, b)| {
            let rows = rows_between(a[1], b[1], height);
            (!rows.is_empty()).then_some((rows.start, rows.end, *a, *b))
        })
        .collect();
    begins.sort_unstable_by_key(|(start, ..)| *start);
    let mut next = 0;
    let mut active: Vec<(usize, Point, Point)> = Vec::new();
    let mut crossings = Vec::new();
    let mut y = begins.first().map_or(height, |(start, ..)| *start);
    while y < height && (next < begins.len() || !active.is_empty()) {
        while let Some((start, end, a, b)) = begins.get(next).copied()
            && start <= y
        {
            active.push((end, a, b));
            next += 1;
        }
        active.retain(|(end, ..)| *end > y);
        let centre = y as f64 + 0.5;
        crossings.clear();
        crossings.extend(active.iter().map(|(_, a, b)| {
            // from the upper end, so that an edge that two polygons share has the same crossings in both
            let (upper, lower) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            upper[0] + (centre - upper[1]) / (lower[1] - upper[1]) * (lower[0] - upper[0])
        }));
        crossings.sort_unstable_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let columns = columns_between(pair[0], pair[1], width);
            if !columns.is_empty() {
                visit(y, columns);
            }
        }
        y += 1;
    }
}

fn ellipse(
    [x, y]: Point,
    [a, b]: [f64; 2],
    angle_rad: f64,
    (height, width): (usize, usize),
    visit: &mut impl FnMut(usize, Range<usize>),
) {
    let (sin, cos) = angle_rad.sin_cos();
    // |(p − centre) turned / radii|² = A dx² + 2 B dx dy + C dy²
    let (aa, bb) = (1.0 / (a * a), 1.0 / (b * b));
    let (qa, qb, qc) =
        (cos * cos * aa + sin * sin * bb, sin * cos * (aa - bb), sin * sin * aa + cos * cos * bb);
    let reach = (qa / (qa * qc - qb * qb)).sqrt();
    for row in rows_between(y - reach, y + reach.next_up(), height) {
        let dy = row as f64 + 0.5 - y;
        let root = (qb * qb * dy * dy - qa * (qc * dy * dy - 1.0)).sqrt();
        let (from, to) = (x + (-qb * dy - root) / qa, x + (-qb * dy + root) / qa);
        // a root of a negative number is NaN, and then no column is between
        let columns = columns_between(from, to, width);
        if !columns.is_empty() {
            visit(row, columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::regions::Labels;

    fn painted(shape: Shape, height: usize, width: usize) -> Vec<u32> {
        Labels::of_shapes(height, width, &[shape], None).unwrap().values().to_vec()
    }

    #[test]
    fn a_rectangle_along_the_edges_of_pixels_holds_exactly_those() {
        let expected = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0];
        assert_eq!(painted(Shape::rectangle([1.0, 1.0], 3.0, 2.0), 3, 5)[..5], expected[..5]);
        let found = painted(Shape::rectangle([1.0, 1.0], 3.0, 2.0), 3, 5);
        assert_eq!(found, [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0]);
        // also where it reaches beyond the image
        assert_eq!(
            painted(Shape::rectangle([-7.0, 1.0], 9.0, 1e300), 3, 4),
            [0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]
        );
    }

    #[test]
    fn holes_are_rings_of_the_even_odd_rule() {
        let square = |from: f64, to: f64| vec![[from, from], [to, from], [to, to], [from, to]];
        let found = painted(Shape::Polygon(vec![square(0.0, 3.0), square(1.0, 2.0)]), 3, 3);
        assert_eq!(found, [1, 1, 1, 1, 0, 1, 1, 1, 1]);
        let both = painted(Shape::Union(vec![square(0.0, 2.0), square(1.0, 3.0)]), 3, 3);
        assert_eq!(both, [1, 1, 0, 1, 1, 1, 0, 1, 1]);
    }

    #[test]
    fn runs_go_down_the_columns() {
        // 2 rows × 3 columns: off, 2 on (end of the first column, start of the second), off 2, on
        let shape = Shape::Columns { height: 2, counts: vec![1, 2, 2, 1] };
        assert_eq!(painted(shape, 2, 3), [0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let bad = [
            Shape::Polygon(vec![vec![[0.0, 0.0], [f64::NAN, 1.0], [1.0, 1.0]]]),
            Shape::Polygon(vec![vec![[0.0, 0.0], [1.0, f64::INFINITY], [1.0, 1.0]]]),
            Shape::Polygon(vec![vec![[0.0, 0.0], [1.0, 1.0]]]),
            Shape::circle([1.0, 1.0], f64::NAN),
            Shape::circle([1.0, 1.0], 0.0),
            Shape::circle([1.0, 1.0], -3.0),
        ];
        for shape in bad {
            assert!(Labels::of_shapes(4, 4, std::slice::from_ref(&shape), None).is_err(), "{shape:?}");
        }
    }

    fn winding_is_odd(ring: &[Point], [x, y]: Point) -> bool {
        let mut inside = false;
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (a[1] <= y) != (b[1] <= y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
                inside = !inside;
            }
        }
        inside
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn polygons_hold_the_pixels_whose_centres_they_hold(
            ring in prop::collection::vec((-3.0..12.0_f64, -3.0..12.0_f64).prop_map(|(x, y)| [x, y]), 3..9),
        ) {
            let found = painted(Shape::Polygon(vec![ring.clone()]), 7, 9);
            for (at, value) in found.iter().enumerate() {
                let centre = [(at % 9) as f64 + 0.5, (at / 9) as f64 + 0.5];
                prop_assert_eq!(*value == 1, winding_is_odd(&ring, centre));
            }
        }

        #[test]
        fn ellipses_hold_the_pixels_whose_centres_they_hold(
            centre in (-3.0..12.0_f64, -3.0..12.0_f64), a in 0.1..9.0_f64, b in 0.1..9.0_f64, angle in -4.0..4.0_f64,
        ) {
            let shape = Shape::Ellipse { centre: [centre.0, centre.1], radii: [a, b], angle_rad: angle };
            let found = painted(shape, 7, 9);
            for (at, value) in found.iter().enumerate() {
                let (dx, dy) = ((at % 9) as f64 + 0.5 - centre.0, (at / 9) as f64 + 0.5 - centre.1);
                let along = (dx * angle.cos() + dy * angle.sin()) / a;
                let across = (dy * angle.cos() - dx * angle.sin()) / b;
                let square = along * along + across * across;
                if (square - 1.0).abs() > 1e-9 {
                    prop_assert_eq!(*value == 1, square < 1.0);
                }
            }
        }
    }
}
