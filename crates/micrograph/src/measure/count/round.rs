//! Round: where particles are round, the outline of a region shows how many discs overlap in it.
//!
//! A watershed finds two discs only where there is a neck between them, which a smaller disc below a larger one,
//! or one cut by the border of the image, often does not leave. But the outline of overlapping discs
//! consists of one arc per disc. So where most outlines are circles, each other outline is fitted with two or
//! more circles, and the region is separated if these explain the outline as well as one circle explains that
//! of a single particle. Where particles are not round, regions are left unchanged.

use std::ops::Range;

use rayon::prelude::*;

use crate::measure::solve::Normal;

/// Rms distance of an outline from its circle over the radius, up to which the median region is round.
const ROUND: f64 = 0.07;
/// Rms distance of an outline from its circle, in units of the median one and in px, above which it is not a
/// single disc: outlines of synthetic single spheres have 0.2 to 0.3 px, due to the corners of pixels, and nearly
/// all outlines of pairs more than 1 px.
const NO_DISC: f64 = 2.0;
const NO_DISC_PX: f64 = 0.55;
/// Neck to which these values apply.
const USUAL_NECK: f64 = 0.9;
/// Least share of them, for any neck.
const LEAST_STRICT: f64 = 0.7;
/// Largest rms distance with more circles, as a share of that with one.
const LEFT: f64 = 0.6;
/// Most circles of one region.
const MOST_CIRCLES: usize = 4;
/// Positions at which an outline is cut initially.
const N_CUTS: usize = 24;
/// Least arc of each circle, as a share of it.
const LEAST_ARC: f64 = 0.15;
/// Least share of a disc that no other one covers: a smaller share is only a pixel or two of the outline.
const LEAST_ALONE: f64 = 0.2;
/// Least share of a disc that regions cover, counting only its part inside the image.
const LEAST_COVERED: f64 = 0.9;
/// Fewest points of a circle.
const FEWEST_OF_CIRCLE: usize = 5;
/// Fewest points of an outline that is fitted.
const FEWEST_POINTS: usize = 16;

/// A circle in px.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Circle {
    y: f64,
    x: f64,
    radius: f64,
}

impl Circle {
    /// The circle with the least squares of the distances squared (Kåsa 1976).
    fn through(points: &[[f64; 2]]) -> Option<Self> {
        let n = points.len() as f64;
        let (my, mx) = points.iter().fold((0.0, 0.0), |sum, [y, x]| (sum.0 + y / n, sum.1 + x / n));
        let mut normal = Normal::new(3);
        for [y, x] in points {
            let (v, u) = (y - my, x - mx);
            normal.add(&[2.0 * v, 2.0 * u, 1.0], v * v + u * u, 1.0);
        }
        let [v, u, rest] = <[f64; 3]>::try_from(normal.solution()?).ok()?;
        let square = rest + v * v + u * u;
        (square > 0.0).then(|| Self { y: my + v, x: mx + u, radius: square.sqrt() })
    }

    /// One step towards the least squares of the distances themselves (Gauss and Newton).
    fn nearer(self, points: &[[f64; 2]]) -> Option<Self> {
        let mut normal = Normal::new(3);
        for [y, x] in points {
            let (v, u) = (y - self.y, x - self.x);
            let distance = v.hypot(u).max(1e-9);
            normal.add(&[v / distance, u / distance, 1.0], distance - self.radius, 1.0);
        }
        let [v, u, rest] = <[f64; 3]>::try_from(normal.solution()?).ok()?;
        let radius = self.radius + rest;
        (radius > 1.0 && v.hypot(u) < self.radius).then_some(Self { y: self.y + v, x: self.x + u, radius })
    }

    /// Distance of a point inside the circle from its outline, in px; below 0 outside.
    fn depth(&self, [y, x]: [f64; 2]) -> f64 {
        self.radius - (y - self.y).hypot(x - self.x)
    }
}

/// The circle in which a point is deepest.
fn deepest(circles: &[Circle], point: [f64; 2]) -> usize {
    let depths = circles.iter().map(|circle| circle.depth(point)).enumerate();
    depths.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(index, _)| index)
}

/// Root mean square of the distances of `points` from the outline of all `circles` together.
fn rms(points: &[[f64; 2]], circles: &[Circle]) -> f64 {
    let square = |point: &[f64; 2]| circles[deepest(circles, *point)].depth(*point).powi(2);
    (points.iter().map(square).sum::<f64>() / points.len().max(1) as f64).sqrt()
}

/// The border of one region with the background.
#[derive(Clone, Default)]
struct Outline {
    /// Middles `[y, x]` between a pixel of the region and one of the background.
    points: Vec<[f64; 2]>,
    /// Rows and columns of the region.
    rows: Range<usize>,
    columns: Range<usize>,
}

/// The outlines of regions 1 to `n_regions`, each in order of the angle around its middle.
fn outlines(labels: &[u32], (height, width): (usize, usize), n_regions: usize) -> Vec<Outline> {
    let empty = Outline { rows: height..0, columns: width..0, ..Outline::default() };
    let mut outlines = vec![empty; n_regions];
    for (at, label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        let outline = &mut outlines[*label as usize - 1];
        let (y, x) = (at / width, at % width);
        outline.rows = outline.rows.start.min(y)..outline.rows.end.max(y + 1);
        outline.columns = outline.columns.start.min(x)..outline.columns.end.max(x + 1);
        let mut look = |is_inside: bool, next: usize, dy: f64, dx: f64| {
            if is_inside && labels[next] == 0 {
                outline.points.push([y as f64 + dy / 2.0, x as f64 + dx / 2.0]);
            }
        };
        look(y > 0, at.wrapping_sub(width), -1.0, 0.0);
        look(x > 0, at.wrapping_sub(1), 0.0, -1.0);
        look(x + 1 < width, at + 1, 0.0, 1.0);
        look(y + 1 < height, at + width, 1.0, 0.0);
    }
    for outline in &mut outlines {
        let n = outline.points.len() as f64;
        let (my, mx) = outline.points.iter().fold((0.0, 0.0), |sum, [y, x]| (sum.0 + y / n, sum.1 + x / n));
        let angle = |point: &[f64; 2]| (point[0] - my).atan2(point[1] - mx);
        outline.points.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
    }
    outlines
}

/// `circles` moved until they fit `points` best, each to those that are deepest in it; `None` if one of them
/// loses its points.
fn settled(points: &[[f64; 2]], mut circles: Vec<Circle>) -> Option<Vec<Circle>> {
    // twenty rounds: points no longer change their circle
    for _ in 0..20 {
        let mut own: Vec<Vec<[f64; 2]>> = vec![Vec::new(); circles.len()];
        points.iter().for_each(|point| own[deepest(&circles, *point)].push(*point));
        for (circle, own) in circles.iter_mut().zip(&own) {
            *circle = if own.len() < FEWEST_OF_CIRCLE { None } else { circle.nearer(own) }?;
        }
    }
    Some(circles)
}

/// The best fit with one more circle: any one is replaced by two, its points cut in two runs at any two of
/// [`N_CUTS`] positions.
fn with_one_more(points: &[[f64; 2]], circles: &[Circle]) -> Option<Vec<Circle>> {
    let fits = (0..circles.len()).filter_map(|separated| {
        let own: Vec<[f64; 2]> =
            points.iter().copied().filter(|point| deepest(circles, *point) == separated).collect();
        let [one, other] = in_two(&own)?;
        let mut more = circles.to_vec();
        more[separated] = one;
        more.push(other);
        // a fit that does not converge may do so with more circles
        let more = settled(points, more.clone()).unwrap_or(more);
        Some((rms(points, &more), more))
    });
    fits.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, circles)| circles)
}

/// The two circles that fit two runs of `points` best.
fn in_two(points: &[[f64; 2]]) -> Option<[Circle; 2]> {
    let place = |cut: usize| cut * points.len() / N_CUTS;
    let cuts = (0..N_CUTS).flat_map(|from| (from + 1..N_CUTS).map(move |to| (from, to)));
    let fits = cuts.filter_map(|(from, to)| {
        let inner = &points[place(from)..place(to)];
        let outer = [&points[place(to)..], &points[..place(from)]].concat();
        if inner.len().min(outer.len()) < FEWEST_OF_CIRCLE {
            return None;
        }
        let both = [Circle::through(inner)?, Circle::through(&outer)?];
        // the outline of both together: a circle in the notch between two discs fits its run, but not that
        Some((rms(points, &both), both))
    });
    fits.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, both)| both)
}

/// Whether enough of circle `index` of `circles` is visible to identify it; `is_covered` says whether any
/// region covers a pixel, `None` outside the image.
fn shows(
    index: usize,
    circles: &[Circle],
    points: &[[f64; 2]],
    is_covered: impl Fn(i64, i64) -> Option<bool>,
) -> bool {
    let circle = circles[index];
    let own = points.iter().filter(|point| deepest(circles, **point) == index).count();
    // the outline of a whole circle has 8 r middles between pixels
    if (own as f64) < LEAST_ARC * 8.0 * circle.radius {
        return false;
    }
    let (mut n, mut n_alone, mut n_covered) = (0, 0, 0);
    let reach = circle.radius.ceil() as i64;
    let (middle_y, middle_x) = (circle.y.round() as i64, circle.x.round() as i64);
    for y in middle_y - reach..=middle_y + reach {
        for x in middle_x - reach..=middle_x + reach {
            let point = [y as f64, x as f64];
            let covered = if circle.depth(point) < 0.0 { None } else { is_covered(y, x) };
            if let Some(covered) = covered {
                let within = circles.iter().filter(|circle| circle.depth(point) >= 0.0).count();
                n += 1;
                n_alone += u64::from(within == 1);
                n_covered += u64::from(covered);
            }
        }
    }
    n_alone as f64 >= LEAST_ALONE * n as f64 && n_covered as f64 >= LEAST_COVERED * n as f64
}

/// The circles that explain an outline which `single` explains only to `alone` px, each to at least `most` px
/// rms; empty if there are no such circles.
fn explained(points: &[[f64; 2]], single: Circle, alone: f64, most: f64) -> Vec<Circle> {
    let mut circles = vec![single];
    while circles.len() < MOST_CIRCLES {
        let Some(more) = with_one_more(points, &circles) else { break };
        circles = more;
        if rms(points, &circles) <= most.min(LEFT * alone) {
            return circles;
        }
    }
    Vec::new()
}

/// The result of [`separated`].
pub(super) struct Separated {
    /// How many regions there are now.
    pub(super) n_regions: usize,
    /// Whether most outlines are circles; else regions are unchanged.
    pub(super) round: bool,
    /// Labels of the parts in order, and the diameters in px of their discs, of which others cover some.
    pub(super) discs: Vec<(u32, f64)>,
}

/// Separates the regions of `labels`, from 1 to `n_regions`, whose outlines are those of several discs.
///
/// The fewer regions `neck` lets a watershed split, the farther an outline must be from a circle.
pub(super) fn separated(
    labels: &mut [u32],
    (height, width): (usize, usize),
    n_regions: usize,
    neck: f64,
) -> Separated {
    let outlines = outlines(labels, (height, width), n_regions);
    let single = |outline: &Outline| {
        let points = &outline.points;
        let circle = (points.len() >= FEWEST_POINTS).then(|| Circle::through(points))??;
        let circle = *settled(points, vec![circle])?.first()?;
        Some((circle, rms(points, &[circle])))
    };
    let singles: Vec<Option<(Circle, f64)>> = outlines.par_iter().map(single).collect();
    let whole = |outline: &Outline| {
        let (rows, columns) = (&outline.rows, &outline.columns);
        rows.start > 0 && columns.start > 0 && rows.end < height && columns.end < width
    };
    let middle = |of: fn(&(Circle, f64)) -> f64| {
        let whole = outlines.iter().zip(&singles).filter(|(outline, _)| whole(outline));
        let mut values: Vec<f64> = whole.filter_map(|(_, single)| single.as_ref().map(of)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let round = middle(|(circle, rms)| rms / circle.radius).is_some_and(|ratio| ratio <= ROUND);
    let Some(usual) = middle(|(_, rms)| *rms).filter(|_| round) else {
        return Separated { n_regions, round: false, discs: Vec::new() };
    };
    let strictness = ((1.0 - neck) / (1.0 - USUAL_NECK)).max(LEAST_STRICT);
    let most = strictness * (NO_DISC * usual).max(NO_DISC_PX);
    let found: Vec<Vec<Circle>> = outlines
        .par_iter()
        .zip(&singles)
        .map(|(outline, single)| match single {
            Some((circle, alone)) if *alone > most => explained(&outline.points, *circle, *alone, most),
            _ => Vec::new(),
        })
        .collect();
    let (mut n, mut discs) = (n_regions, Vec::new());
    let covered: Vec<bool> = labels.iter().map(|label| *label > 0).collect();
    let is_covered = |y: i64, x: i64| {
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        (y < height && x < width).then(|| covered[y * width + x])
    };
    for (index, (outline, circles)) in outlines.iter().zip(&found).enumerate() {
        let shown = (0..circles.len()).filter(|own| shows(*own, circles, &outline.points, is_covered));
        let shown: Vec<Circle> = shown.map(|own| circles[own]).collect();
        if shown.len() < 2 {
            continue;
        }
        for y in outline.rows.clone() {
            for x in outline.columns.clone() {
                let label = &mut labels[y * width + x];
                if *label as usize == index + 1 {
                    match deepest(&shown, [y as f64, x as f64]) {
                        0 => {}
                        part => *label = (n + part) as u32,
                    }
                }
            }
        }
        let parts = shown.iter().enumerate();
        discs.extend(parts.map(|(part, circle)| {
            (if part == 0 { index + 1 } else { n + part } as u32, 2.0 * circle.radius)
        }));
        n += shown.len() - 1;
    }
    discs.sort_by_key(|disc| disc.0);
    Separated { n_regions: n, round: true, discs }
}

#[cfg(test)]
mod tests {
    use super::super::distance::squared_distances;
    use super::super::split::{Merge, watershed};
    use super::*;

    const MERGE: Merge = Merge { pass_over_peak: 0.9, rise_px: 0.75 };

    /// Squared distances from the area that no disc `[y, x, radius]` covers.
    fn distances(discs: &[[f64; 3]], size: (usize, usize)) -> Vec<u32> {
        let inside = |y: usize, x: usize| {
            discs.iter().any(|[cy, cx, radius]| (y as f64 - cy).hypot(x as f64 - cx) <= *radius)
        };
        let mask: Vec<bool> = (0..size.0 * size.1).map(|at| inside(at / size.1, at % size.1)).collect();
        squared_distances(&mask, size)
    }

    /// Regions of discs, first with the usual necks, then separated.
    fn counted(discs: &[[f64; 3]]) -> (usize, usize) {
        let size = (200, 260);
        let (mut labels, n) = watershed(&distances(discs, size), size.1, MERGE);
        let separated = separated(&mut labels, size, n, 0.9).n_regions;
        let mut seen: Vec<u32> = labels.into_iter().filter(|label| *label > 0).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), separated, "labels without gaps");
        (n, separated)
    }

    /// Single discs, some of them cut by the border.
    const SINGLE: [[f64; 3]; 6] = [
        [40.0, 40.0, 15.0],
        [100.0, 60.0, 16.5],
        [150.0, 200.0, 13.2],
        [40.0, 220.0, 15.3],
        [-4.0, 120.0, 14.0],
        [194.0, 255.0, 17.0],
    ];

    #[test]
    fn single_discs_stay_whole() {
        assert_eq!(counted(&SINGLE), (6, 6));
    }

    #[test]
    fn discs_far_over_each_other_are_two_among_discs() {
        // equal discs 0.3 diameters apart; a small one of which a third is visible; two cut by the border
        for pair in [
            [[100.0, 150.0, 15.0], [105.0, 157.5, 15.0]],
            [[100.0, 150.0, 20.0], [100.0, 164.3, 13.0]],
            [[110.0, 262.0, 15.0], [122.0, 266.0, 15.0]],
        ] {
            let discs = [&SINGLE[..], &pair[..]].concat();
            assert_eq!(counted(&discs), (7, 8), "{pair:?}");
        }
    }

    #[test]
    fn parts_have_the_diameters_of_their_discs() {
        let pair = [[100.0, 150.0, 20.0], [100.0, 164.3, 13.0]];
        let size = (200, 260);
        let discs = [&SINGLE[..], &pair[..]].concat();
        let (mut labels, n) = watershed(&distances(&discs, size), size.1, MERGE);
        let mut found: Vec<f64> =
            separated(&mut labels, size, n, 0.9).discs.iter().map(|(_, diameter)| *diameter).collect();
        found.sort_by(f64::total_cmp);
        assert!(
            found.len() == 2 && (found[0] - 26.0).abs() < 1.0 && (found[1] - 40.0).abs() < 0.5,
            "{found:?}"
        );
    }

    #[test]
    fn three_discs_in_a_heap_are_three() {
        let heap = [[100.0, 150.0, 17.0], [113.0, 160.0, 14.0], [88.0, 161.0, 13.0]];
        assert_eq!(counted(&[&SINGLE[..], &heap[..]].concat()).1, 9);
    }

    #[test]
    fn a_disc_of_which_hardly_anything_shows_is_left_out() {
        let hidden = [[100.0, 150.0, 20.0], [100.0, 158.0, 13.5]];
        assert_eq!(counted(&[&SINGLE[..], &hidden[..]].concat()).1, 7);
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

    #[test]
    fn a_circle_is_found_from_a_part_of_it() {
        let points: Vec<[f64; 2]> = (0..40)
            .map(|i| f64::from(i) * 0.04)
            .map(|a| [3.0 + 9.0 * a.sin(), -2.0 + 9.0 * a.cos()])
            .collect();
        let found = Circle::through(&points).unwrap();
        assert!(
            (found.y - 3.0).hypot(found.x + 2.0) < 1e-6 && (found.radius - 9.0).abs() < 1e-6,
            "{found:?}"
        );
        assert!(found.nearer(&points).unwrap().depth([3.0, -2.0]) - 9.0 < 1e-6);
    }
}
