//! Rings with fewer points: the algorithm of Douglas and Peucker (1973), on a ring cut at two points far from each other.

use super::point::{Point, ring_area};

/// The points of `ring` without those that are at most `tolerance_px` from the lines between those that remain. The ring
/// itself, if it would lose its area or turn over, or if the tolerance is not above 0.
pub(super) fn ring(ring: &[Point], tolerance_px: f64) -> Vec<Point> {
    let above_zero = tolerance_px > 0.0; // false for NaN, too
    if ring.len() < 4 || !above_zero {
        return ring.to_vec();
    }
    let distance = |at: usize| (ring[at][0] - ring[0][0]).hypot(ring[at][1] - ring[0][1]);
    let far = (1..ring.len()).max_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(1);
    let mut kept = vec![false; ring.len()];
    (kept[0], kept[far]) = (true, true);
    // pieces between kept points, both ends included; the end of the ring is its first point
    let mut open = vec![(0, far), (far, ring.len())];
    while let Some((from, to)) = open.pop() {
        let (a, b) = (ring[from], ring[to % ring.len()]);
        let farthest = (from + 1..to)
            .map(|at| (distance_to_line(ring[at], a, b), at))
            .max_by(|x, y| x.0.total_cmp(&y.0));
        if let Some((distance, at)) = farthest
            && distance > tolerance_px
        {
            kept[at] = true;
            open.extend([(from, at), (at, to)]);
        }
    }
    let simple: Vec<Point> =
        ring.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(point, _)| *point).collect();
    let same_sense = ring_area(&simple) * ring_area(ring) > 0.0;
    if simple.len() < 3 || !same_sense { ring.to_vec() } else { simple }
}

/// Distance of `p` from the line between the points `a` and `b`.
fn distance_to_line(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let square = dx * dx + dy * dy;
    let share =
        if square > 0.0 { (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    (p[0] - a[0] - share * dx).hypot(p[1] - a[1] - share * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::{Labels, outlines, shape::Shape};

    #[test]
    fn a_disc_keeps_its_area_with_half_of_its_points() {
        let disc = Labels::of_shapes(80, 90, &[Shape::circle([44.2, 39.7], 60.0)], None).unwrap();
        let outline = &outlines(&disc)[0];
        let simple = outline.simplified(0.75);
        let (before, after) = (&outline.parts[0].outer, &simple.parts[0].outer);
        assert!(after.len() * 2 < before.len(), "{} {}", before.len(), after.len());
        assert!((simple.area() / outline.area() - 1.0).abs() < 0.02, "{}", simple.area());
        for point in before {
            let edges = after.iter().zip(after.iter().cycle().skip(1));
            let near = edges.map(|(a, b)| distance_to_line(*point, *a, *b)).fold(f64::INFINITY, f64::min);
            assert!(near <= 0.75, "{point:?} {near}");
        }
    }

    #[test]
    fn what_would_vanish_stays() {
        let pixel = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        assert_eq!(ring(&pixel, 5.0), pixel);
        assert_eq!(ring(&pixel, f64::NAN), pixel);
        assert_eq!(ring(&pixel, 0.1), pixel);
    }
}
