//! Convex hulls of points with whole coordinates, and what is measured on them: the longest and shortest distance
//! between parallel tangents (Feret diameters), and how many points of the grid they hold.
//!
//! Hulls are those of Andrew's monotone chain (1979); the tangents are followed around them by rotating calipers
//! (Shamos 1978, Toussaint 1983). Coordinates are below 2³¹, so that all products are exact.

/// A point with whole coordinates, `[x, y]`.
pub(super) type GridPoint = [i64; 2];

/// Feret diameters of a hull.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Feret {
    /// The longest distance between parallel tangents; also the longest between two points.
    pub(super) max: f64,
    /// From one of the farthest points to the other, `[dx, dy]`.
    pub(super) max_offset: GridPoint,
    /// The shortest distance between parallel tangents.
    pub(super) min: f64,
}

/// The corners of the convex hull of `points`, in turn, none of them on a line between others. Fewer than 3 if all
/// points lie on a line.
pub(super) fn convex_hull(mut points: Vec<GridPoint>) -> Vec<GridPoint> {
    points.sort_unstable();
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let mut hull: Vec<GridPoint> = Vec::new();
    let mut half = |points: &mut dyn Iterator<Item = GridPoint>| {
        let start = hull.len();
        for point in points {
            while hull.len() >= start + 2 && turn(hull[hull.len() - 2], hull[hull.len() - 1], point) <= 0 {
                hull.pop();
            }
            hull.push(point);
        }
        hull.pop(); // the first of the other half
    };
    half(&mut points.iter().copied());
    half(&mut points.iter().rev().copied());
    hull
}

/// Twice the area of the triangle `a`, `b`, `c`; above 0 if they turn like x to y.
fn turn(a: GridPoint, b: GridPoint, c: GridPoint) -> i64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Feret diameters of a `hull` with an area.
///
/// # Panics
/// If `hull` has fewer than 3 corners.
pub(super) fn feret(hull: &[GridPoint]) -> Feret {
    assert!(hull.len() >= 3, "a hull of pixels has an area");
    let n = hull.len();
    let offset = |a: usize, b: usize| [hull[b][0] - hull[a][0], hull[b][1] - hull[a][1]];
    let square = |[dx, dy]: GridPoint| dx * dx + dy * dy;
    let mut farthest = [0, 0];
    let mut min = f64::INFINITY;
    let mut opposite = 1;
    for edge in 0..n {
        let end = (edge + 1) % n;
        let height = |corner: usize| turn(hull[edge], hull[end], hull[corner]);
        while height((opposite + 1) % n) > height(opposite) {
            opposite = (opposite + 1) % n;
        }
        min = min.min(height(opposite) as f64 / (square(offset(edge, end)) as f64).sqrt());
        // the next one, too: the opposite edge may be parallel
        for corner in [opposite, (opposite + 1) % n] {
            for own in [edge, end] {
                let offset = offset(own, corner);
                if square(offset) > square(farthest) {
                    farthest = offset;
                }
            }
        }
    }
    Feret { max: (square(farthest) as f64).sqrt(), max_offset: farthest, min }
}

/// How many points with whole coordinates a convex `hull` holds, its border included, by Pick's theorem (1899).
pub(super) fn n_grid_points(hull: &[GridPoint]) -> u64 {
    if hull.len() < 2 {
        return hull.len() as u64;
    }
    let edges = || hull.iter().zip(hull.iter().cycle().skip(1));
    let twice_area: i64 = edges().map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum();
    let on_border: u64 = edges().map(|(a, b)| gcd(a[0].abs_diff(b[0]), a[1].abs_diff(b[1]))).sum();
    // of a line, both directions are counted as border: A + B/2 + 1 holds for it, too
    (twice_area.unsigned_abs() + on_border) / 2 + 1
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn random_points(stream: &mut Stream, n: usize, most: usize) -> Vec<GridPoint> {
        (0..n).map(|_| [stream.below(most) as i64, stream.below(most) as i64]).collect()
    }

    #[test]
    fn calipers_find_what_all_pairs_and_all_edges_give() {
        let mut stream = Stream::new(1, "hull", 0);
        for case in 0..300 {
            let n = 3 + stream.below(30);
            let most = 3 + stream.below(40);
            let points = random_points(&mut stream, n, most);
            let hull = convex_hull(points.clone());
            if hull.len() < 3 {
                continue;
            }
            let found = feret(&hull);
            let distance = |a: &GridPoint, b: &GridPoint| ((a[0] - b[0]) as f64).hypot((a[1] - b[1]) as f64);
            let max =
                points.iter().flat_map(|a| points.iter().map(move |b| distance(a, b))).fold(0.0, f64::max);
            // the shortest distance has a tangent along an edge of the hull
            let width = |(a, b): (&GridPoint, &GridPoint)| {
                points.iter().map(|c| turn(*a, *b, *c).abs() as f64 / distance(a, b)).fold(0.0, f64::max)
            };
            let min = hull.iter().zip(hull.iter().cycle().skip(1)).map(width).fold(f64::INFINITY, f64::min);
            assert!((found.max - max).abs() < 1e-9, "{case}: {found:?} {max}");
            assert!((found.min - min).abs() < 1e-9, "{case}: {found:?} {min}");
        }
    }

    #[test]
    fn grid_points_are_counted_as_by_looking_at_each() {
        let mut stream = Stream::new(2, "hull", 0);
        for case in 0..300 {
            let n = 1 + stream.below(6);
            let points = random_points(&mut stream, n, 12);
            let hull = convex_hull(points);
            let inside = |point: GridPoint| match hull.as_slice() {
                [only] => point == *only,
                [a, b] => {
                    let between = |i: usize| (a[i].min(b[i])..=a[i].max(b[i])).contains(&point[i]);
                    turn(*a, *b, point) == 0 && between(0) && between(1)
                }
                _ => hull.iter().zip(hull.iter().cycle().skip(1)).all(|(a, b)| turn(*a, *b, point) >= 0),
            };
            let expected = (0..144).filter(|at| inside([at % 12, at / 12])).count() as u64;
            assert_eq!(n_grid_points(&hull), expected, "{case}: {hull:?}");
        }
    }
}
