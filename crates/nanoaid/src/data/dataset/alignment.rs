//! Alignment: whether two thumbnails show the same place, one of them perhaps cut a little smaller.
//!
//! One is stretched and shifted along its rows and columns, and its contrast changed, until it
//! differs least from the other (Lucas and Kanade 1981, Gauss–Newton steps, coarse to fine). Then
//! the two are compared block by block: a letter, a bright edge or shading that both have in one
//! place does not make them agree in the others. Hashes and files are not known here.

use micrograph::Plane;
use micrograph::paint::{Sampling, resampled};
use nalgebra::{SMatrix, SVector};

/// Sides at which thumbnails are aligned, one after the other.
const LEVELS: [usize; 3] = [FIRST_SIDE, 32, LARGEST];
/// The first of them.
pub(super) const FIRST_SIDE: usize = 16;
/// The last and largest of them.
const LARGEST: usize = 64;
/// Steps at a level; they end earlier when nothing moves any more.
const MOST_STEPS: usize = 12;
/// Largest stretch of one thumbnail against the other, and its inverse the smallest.
const MOST_STRETCH: f64 = 1.25;
/// Share of each side that both have to show.
const LEAST_OVERLAP: f64 = 0.75;
/// Correlation of the whole overlap below which finer levels are not tried. Copies have above 0.9;
/// most others end here, at the coarsest level and a tenth of the cost.
const LEAST_ON_THE_WAY: f64 = 0.6;
/// Standard deviation in grey levels below which a block has no contrast: the rounding of the
/// thumbnails.
const CONTRAST_FLOOR: f64 = 1.0;
/// Blocks along each side of the overlap.
const BLOCKS: usize = 4;

/// The first of the planes that [`agreement`] compares, `[16, 16]`, of a square thumbnail of at least 64 × 64: made
/// once of each, since most pairs end with it.
pub(super) fn first_level(thumbnail: &Plane) -> Plane {
    level(&smooth(thumbnail), LEVELS[0])
}

/// How well two square planes of at least 64 × 64 agree where they overlap best, in `[-1, 1]`: the
/// median over 16 blocks of the correlation in a block, mean and trend removed. A block without
/// contrast has correlation 0. `firsts` are their [`first_level`]s; the planes are made where those agree.
///
/// `None` where no stretch up to a quarter and no shift brings three quarters of their sides
/// together.
pub(super) fn agreement(firsts: [&Plane; 2], planes: impl FnOnce() -> [Plane; 2]) -> Option<f64> {
    let mut map = Map { stretch: [1.0; 2], shift: [0.0; 2] };
    map = fitted_well(firsts[0], firsts[1], map)?;
    let [one, other] = planes().map(|plane| smooth(&plane));
    for side in LEVELS.into_iter().skip(1) {
        map = fitted_well(&level(&one, side), &level(&other, side), map)?;
    }
    let mut blocks = block_correlations(&one, &other, &map);
    blocks.sort_unstable_by(f64::total_cmp);
    let middle = blocks.len() / 2;
    Some((blocks[middle - 1] + blocks[middle]) / 2.0)
}

fn level(smoothed: &Plane, side: usize) -> Plane {
    resampled(smoothed, side, side, Sampling::Area)
}

/// As [`fitted`]; `None` too where the two do not correlate then.
fn fitted_well(one: &Plane, other: &Plane, map: Map) -> Option<Map> {
    let map = fitted(one, other, map)?;
    (correlation(&overlapping(one, other, &map, None)) >= LEAST_ON_THE_WAY).then_some(map)
}

/// Where in the other plane a place of the one lies; sides go from 0 to 1; y first, then x.
#[derive(Clone, Copy, Debug)]
struct Map {
    stretch: [f64; 2],
    shift: [f64; 2],
}

impl Map {
    fn of(&self, axis: usize, place: f64) -> f64 {
        0.5 + (place - 0.5) * self.stretch[axis] + self.shift[axis]
    }

    /// First and last place along `axis` of the one that the other shows too.
    fn overlap(&self, axis: usize) -> (f64, f64) {
        let back = |place: f64| 0.5 + (place - 0.5 - self.shift[axis]) / self.stretch[axis];
        (back(0.0).max(0.0), back(1.0).min(1.0))
    }

    fn is_allowed(&self) -> bool {
        [0, 1].into_iter().all(|axis| {
            let (first, last) = self.overlap(axis);
            // the share of either plane, since either may be the part
            (last - first).min((last - first) * self.stretch[axis]) >= LEAST_OVERLAP
                && (1.0 / MOST_STRETCH..=MOST_STRETCH).contains(&self.stretch[axis])
        })
    }
}

/// The map that makes `gain · other + offset` nearest to `one` where both are, starting at `map`.
fn fitted(one: &Plane, other: &Plane, mut map: Map) -> Option<Map> {
    let side = one.height();
    let variance = other.variance();
    if variance == 0.0 {
        return None;
    }
    let gradients = gradient(other);
    let mut gain = (one.variance() / variance).sqrt();
    let mut offset = one.mean() - gain * other.mean();
    for _ in 0..MOST_STEPS {
        let (mut normal, right) = equations(one, other, &gradients, &map, [gain, offset]);
        // a little of the diagonal more, so that a direction without gradient stays where it is
        for place in 0..6 {
            normal[(place, place)] *= 1.0 + 1e-3;
            normal[(place, place)] += 1e-9;
        }
        let change = normal.cholesky()?.solve(&right);
        map.stretch[0] += change[0];
        map.shift[0] += change[1];
        map.stretch[1] += change[2];
        map.shift[1] += change[3];
        gain += change[4];
        offset += change[5];
        if !map.is_allowed() {
            return None;
        }
        if change.fixed_rows::<4>(0).amax() < 0.01 / side as f64 {
            break;
        }
    }
    Some(map)
}

/// Least squares for a change of stretch and shift of rows, of columns, of gain and offset. The map does not mix rows
/// and columns, so a row of `other` and of its gradients is interpolated once, and what a row adds follows from sums.
fn equations(
    one: &Plane,
    other: &Plane,
    (gradient_y, gradient_x): &(Plane, Plane),
    map: &Map,
    [gain, offset]: [f64; 2],
) -> (SMatrix<f64, 6, 6>, SVector<f64, 6>) {
    let side = one.height();
    let (rows, columns) = (samples(map, 0, side), samples(map, 1, side));
    let mut normal = SMatrix::<f64, 6, 6>::zeros();
    let mut right = SVector::<f64, 6>::zeros();
    for (y, row) in rows.iter().enumerate() {
        let Some(row) = row else { continue };
        let blended = |plane: &Plane| -> [f64; LARGEST] {
            let line = |y: usize| &plane.values()[y * side..][..side];
            let mut blended = [0.0; LARGEST];
            for ((to, before), after) in blended.iter_mut().zip(line(row.before)).zip(line(row.after)) {
                *to = f64::from(*before) * (1.0 - row.share) + f64::from(*after) * row.share;
            }
            blended
        };
        let (values, down, across) = (blended(other), blended(gradient_y), blended(gradient_x));
        let mut sums = Sums::default();
        for (x, column) in columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let value = column.of(&values);
            let dy = column.of(&down) * gain * side as f64;
            let dx = column.of(&across) * gain * side as f64;
            let stretched = dx * ((x as f64 + 0.5) / side as f64 - 0.5);
            let error = f64::from(one.values()[y * side + x]) - gain * value - offset;
            sums.add([dy, stretched, dx, value, 1.0], error);
        }
        sums.enter((y as f64 + 0.5) / side as f64 - 0.5, &mut normal, &mut right);
    }
    normal.fill_lower_triangle_with_upper_triangle();
    (normal, right)
}

/// Where a row or column of the one lies between two of the other.
#[derive(Clone, Copy)]
struct Sample {
    before: usize,
    after: usize,
    /// Weight of `after`; that of `before` is the rest.
    share: f64,
}

impl Sample {
    fn of(&self, line: &[f64; LARGEST]) -> f64 {
        line[self.before] * (1.0 - self.share) + line[self.after] * self.share
    }
}

/// A sample for each row or column; `None` outside, as in [`between`].
fn samples(map: &Map, axis: usize, side: usize) -> Vec<Option<Sample>> {
    let sample = |place: usize| {
        let at = map.of(axis, (place as f64 + 0.5) / side as f64) * side as f64 - 0.5;
        (0.0..=(side - 1) as f64).contains(&at).then(|| {
            let before = at as usize;
            Sample { before, after: (before + 1).min(side - 1), share: at - before as f64 }
        })
    };
    (0..side).map(sample).collect()
}

/// Sums over a row of the products of dy, stretched dx, dx, value, 1, and of each with the error.
#[derive(Default)]
struct Sums {
    products: [[f64; 5]; 5],
    errors: [f64; 5],
}

impl Sums {
    fn add(&mut self, terms: [f64; 5], error: f64) {
        for (one, (products, sum)) in self.products.iter_mut().zip(&mut self.errors).enumerate() {
            for (other, product) in products.iter_mut().enumerate().skip(one) {
                *product += terms[one] * terms[other];
            }
            *sum += terms[one] * error;
        }
    }

    /// Adds the row at `v` to the equations, whose first unknown, the stretch of rows, has `v · dy`; in the upper
    /// triangle.
    fn enter(&self, v: f64, normal: &mut SMatrix<f64, 6, 6>, right: &mut SVector<f64, 6>) {
        let Self { products, errors } = self;
        normal[(0, 0)] += v * v * products[0][0];
        right[0] += v * errors[0];
        for one in 0..5 {
            normal[(0, one + 1)] += v * products[0][one];
            right[one + 1] += errors[one];
            for other in one..5 {
                normal[(one + 1, other + 1)] += products[one][other];
            }
        }
    }
}

/// The correlation in each of the blocks of the overlap.
fn block_correlations(one: &Plane, other: &Plane, map: &Map) -> Vec<f64> {
    let blocks = (0..BLOCKS * BLOCKS).map(|block| [block / BLOCKS, block % BLOCKS]);
    blocks.map(|block| correlation(&overlapping(one, other, map, Some(block)))).collect()
}

/// A place `y, x` of the one plane, its value there, and that of the other.
type Pair = ([f64; 2], f64, f64);

/// The values of both planes in the overlap, or in one of its blocks.
fn overlapping(one: &Plane, other: &Plane, map: &Map, block: Option<[usize; 2]>) -> Vec<Pair> {
    let side = one.height() as f64;
    let [rows, columns] = [0, 1].map(|axis| {
        let (first, last) = map.overlap(axis);
        let (first, last) = ((first * side).ceil() as usize, (last * side).floor() as usize);
        let cut = |block: usize| first + (last - first) * block / BLOCKS;
        block.map_or(first..last, |block| cut(block[axis])..cut(block[axis] + 1))
    });
    let at = |axis, place| map.of(axis, (place as f64 + 0.5) / side) * side - 0.5;
    let mut pairs = Vec::with_capacity(rows.len() * columns.len());
    for y in rows {
        for x in columns.clone() {
            if let Some(value) = between(other, at(0, y), at(1, x)) {
                pairs.push(([y as f64, x as f64], f64::from(one.at(y, x)), value));
            }
        }
    }
    pairs
}

/// Correlation of the two values at places `y, x`, after the plane nearest to each was taken off.
fn correlation(pairs: &[Pair]) -> f64 {
    let n = pairs.len() as f64;
    let Some(([y, x], _, _)) = pairs.get(pairs.len() / 2) else { return 0.0 };
    let mut normal = SMatrix::<f64, 3, 3>::zeros();
    let mut right = SMatrix::<f64, 3, 2>::zeros();
    for (place, one, other) in pairs {
        let row = SVector::from([1.0, place[0] - y, place[1] - x]);
        normal += row * row.transpose();
        right += row * SMatrix::<f64, 1, 2>::new(*one, *other);
    }
    let Some(normal) = normal.cholesky() else { return 0.0 };
    let planes = normal.solve(&right);
    let mut sums = [0.0; 3];
    for (place, one, other) in pairs {
        let row = SMatrix::<f64, 1, 3>::new(1.0, place[0] - y, place[1] - x);
        let level = row * planes;
        let (one, other) = (one - level[0], other - level[1]);
        sums = [sums[0] + one * other, sums[1] + one * one, sums[2] + other * other];
    }
    let [product, one, other] = sums;
    if one.min(other) < n * CONTRAST_FLOOR * CONTRAST_FLOOR { 0.0 } else { product / (one * other).sqrt() }
}

/// Value at a place between pixels, linear; `None` outside.
fn between(plane: &Plane, y: f64, x: f64) -> Option<f64> {
    let inside = |place: f64, n: usize| (0.0..=(n - 1) as f64).contains(&place);
    if !inside(y, plane.height()) || !inside(x, plane.width()) {
        return None;
    }
    let (top, left) = (y as usize, x as usize);
    let (bottom, right) = ((top + 1).min(plane.height() - 1), (left + 1).min(plane.width() - 1));
    let (down, across) = (y - top as f64, x - left as f64);
    let row = |y| f64::from(plane.at(y, left)) * (1.0 - across) + f64::from(plane.at(y, right)) * across;
    Some(row(top) * (1.0 - down) + row(bottom) * down)
}

/// Half the difference of the neighbours below and above, right and left.
fn gradient(plane: &Plane) -> (Plane, Plane) {
    let (height, width) = (plane.height(), plane.width());
    let half = |after: f32, before: f32| (after - before) / 2.0;
    let down =
        |y: usize, x: usize| half(plane.at((y + 1).min(height - 1), x), plane.at(y.saturating_sub(1), x));
    let across =
        |y: usize, x: usize| half(plane.at(y, (x + 1).min(width - 1)), plane.at(y, x.saturating_sub(1)));
    (Plane::from_fn(height, width, down), Plane::from_fn(height, width, across))
}

/// Weighted with 1 4 6 4 1 along rows and columns: what is finer than the alignment can place goes.
fn smooth(plane: &Plane) -> Plane {
    let along = |plane: &Plane, dy: usize, dx: usize| {
        let (height, width) = (plane.height(), plane.width());
        Plane::from_fn(height, width, |y, x| {
            let at = |step: usize| {
                // step 0 … 4 is 2 before … 2 after, the border repeated
                let place = |i: usize, d: usize, n: usize| (i + step * d).saturating_sub(2 * d).min(n - 1);
                plane.at(place(y, dy, height), place(x, dx, width))
            };
            (at(0) + 4.0 * at(1) + 6.0 * at(2) + 4.0 * at(3) + at(4)) / 16.0
        })
    };
    along(&along(plane, 1, 0), 0, 1)
}

#[cfg(test)]
mod tests {
    use micrograph::Rect;

    use super::*;

    /// A smooth irregular surface; `scene` distinguishes them. Places are in pixels.
    fn surface(scene: usize, y: f64, x: f64) -> f32 {
        let wave = |k: usize| {
            let angle = (k * k + 3 * k * (scene + 1)) as f64;
            let pitch = 7.0 + 3.0 * k as f64;
            ((y * angle.sin() + x * angle.cos()) / pitch * std::f64::consts::TAU + angle).sin()
        };
        (127.0 + 25.0 * (0..6).map(wave).sum::<f64>()) as f32
    }

    fn scene(scene: usize) -> Plane {
        Plane::from_fn(64, 64, |y, x| surface(scene, y as f64, x as f64))
    }

    /// As `fitted`, as it is written in a book: every pixel by itself. The map that makes `gain · other + offset` nearest to `one` where both are, starting at `map`.
    fn fitted_pixel_by_pixel(one: &Plane, other: &Plane, mut map: Map) -> Option<Map> {
        let side = one.height();
        let (gradient_y, gradient_x) = gradient(other);
        if other.variance() == 0.0 {
            return None;
        }
        let mut gain = (one.variance() / other.variance()).sqrt();
        let mut offset = one.mean() - gain * other.mean();
        for _ in 0..MOST_STEPS {
            let mut normal = SMatrix::<f64, 6, 6>::zeros();
            let mut right = SVector::<f64, 6>::zeros();
            for y in 0..side {
                let v = (y as f64 + 0.5) / side as f64;
                let at_y = map.of(0, v) * side as f64 - 0.5;
                for x in 0..side {
                    let u = (x as f64 + 0.5) / side as f64;
                    let at_x = map.of(1, u) * side as f64 - 0.5;
                    let Some(value) = between(other, at_y, at_x) else { continue };
                    let derivative = |plane| between(plane, at_y, at_x).unwrap_or(0.0) * gain * side as f64;
                    let (dy, dx) = (derivative(&gradient_y), derivative(&gradient_x));
                    let row = SVector::from([dy * (v - 0.5), dy, dx * (u - 0.5), dx, value, 1.0]);
                    right += row * (f64::from(one.at(y, x)) - gain * value - offset);
                    normal += row * row.transpose();
                }
            }
            // a little of the diagonal more, so that a direction without gradient stays where it is
            for place in 0..6 {
                normal[(place, place)] *= 1.0 + 1e-3;
                normal[(place, place)] += 1e-9;
            }
            let change = normal.cholesky()?.solve(&right);
            map.stretch[0] += change[0];
            map.shift[0] += change[1];
            map.stretch[1] += change[2];
            map.shift[1] += change[3];
            gain += change[4];
            offset += change[5];
            if !map.is_allowed() {
                return None;
            }
            if change.fixed_rows::<4>(0).amax() < 0.01 / side as f64 {
                break;
            }
        }
        Some(map)
    }

    /// Of the planes alone.
    fn agreement(one: &Plane, other: &Plane) -> Option<f64> {
        let firsts = [first_level(one), first_level(other)];
        super::agreement([&firsts[0], &firsts[1]], || [one.clone(), other.clone()])
    }

    #[test]
    fn sums_of_rows_give_the_map_of_a_fit_pixel_by_pixel() {
        let start = Map { stretch: [1.0; 2], shift: [0.0; 2] };
        let mut n_fitted = 0;
        for (one, other) in (0..8).flat_map(|one| (0..8).map(move |other| (one, other))) {
            let part = Plane::from_fn(64, 64, |y, x| surface(other, y as f64 * 0.97 + 1.0, x as f64 * 0.95));
            for side in LEVELS {
                let [one, other] = [&scene(one), &part].map(|plane| level(&smooth(plane), side));
                let (found, expected) =
                    (fitted(&one, &other, start), fitted_pixel_by_pixel(&one, &other, start));
                assert_eq!(found.is_some(), expected.is_some());
                let (Some(found), Some(expected)) = (found, expected) else { continue };
                for axis in 0..2 {
                    assert!((found.stretch[axis] - expected.stretch[axis]).abs() < 1e-9, "{found:?}");
                    assert!((found.shift[axis] - expected.shift[axis]).abs() < 1e-9, "{found:?}");
                }
                n_fitted += 1;
            }
        }
        assert!(n_fitted >= 24, "{n_fitted}");
    }

    #[test]
    fn a_place_agrees_with_itself_stretched_shifted_and_in_other_contrast() {
        let one = scene(1);
        // (stretch and shift of rows and of columns)
        let cases = [
            ("the same", [1.0, 0.0], [1.0, 0.0]),
            ("a twentieth cut off at the top", [0.95, 0.05], [1.0, 0.0]),
            ("a fortieth cut off all around", [0.95, 0.025], [0.95, 0.025]),
            ("a corner cut off", [0.95, 0.0], [0.95, 0.05]),
        ];
        for (name, [sy, ty], [sx, tx]) in cases {
            let part = Plane::from_fn(64, 64, |y, x| {
                0.5 * surface(1, y as f64 * sy + 64.0 * ty, x as f64 * sx + 64.0 * tx) + 40.0
            });
            let found = agreement(&one, &part);
            assert!(found.is_some_and(|found| found > 0.97), "{name}: {found:?}");
            let found = agreement(&part, &one);
            assert!(found.is_some_and(|found| found > 0.97), "{name}, the other way: {found:?}");
        }
    }

    #[test]
    fn other_places_do_not_agree_even_with_shading_and_a_mark_in_common() {
        let common = |y: usize, x: usize| {
            let mark = if (50..60).contains(&y) && (6..30).contains(&x) { 200.0 } else { 0.0 };
            mark + 4.0 * y as f32
        };
        let marked = |scene| Plane::from_fn(64, 64, |y, x| surface(scene, y as f64, x as f64) + common(y, x));
        for (one, other) in [(1, 2), (2, 3), (5, 9)] {
            let found = agreement(&marked(one), &marked(other));
            assert!(found.is_none_or(|found| found < 0.5), "{one} {other}: {found:?}");
        }
    }

    #[test]
    fn what_is_flat_or_the_negative_agrees_with_nothing() {
        let one = scene(1);
        assert_eq!(agreement(&one, &Plane::filled(64, 64, 9.0)), None);
        assert_eq!(agreement(&one, &one.map(|value| 255.0 - value)), None);
        let top = one.crop(Rect { y: 0, x: 0, height: 12, width: 64 });
        let strip = Plane::from_fn(64, 64, |y, x| if y < 12 { top.at(y, x) } else { 90.0 });
        assert_eq!(agreement(&strip, &strip), Some(0.0), "most blocks have no contrast");
    }
}
