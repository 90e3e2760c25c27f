//! Region: what is measured on each region of a label image, in px; and the same in nanometres.
//!
//! Lengths between tangents (Feret diameters) are those of the convex hull of the corners of the pixels, so that a row
//! of `n` pixels is `n` px long. The perimeter is Cauchy's and Crofton's: π times the mean number of crossings with
//! lines in four directions (Serra 1982; Legland, Kiêu & Devaux 2007). It has no bias for shapes without preferred
//! direction; along the rows it is 5 % too small, along the diagonals as well. Nothing here knows how labels were made.

use std::collections::HashSet;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

use serde::{Deserialize, Serialize};

use crate::measure::geometry::axis_deg;
use crate::{Calibration, Plane, Rect};

use super::hull::{GridPoint, convex_hull, feret, n_grid_points};
use super::{Labels, RegionsError};

/// Pixels whose height and width differ by less than this are square.
const SQUARE_WITHIN: f64 = 1e-3;

/// One region, lengths in px.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Its label in [`Labels`], from 1 on.
    pub label: u32,
    /// Pixels.
    pub area_px: usize,
    /// Equivalent diameter: of the disc of the same area.
    pub diameter_px: f64,
    /// The longest distance between parallel tangents.
    pub feret_max_px: f64,
    /// The shortest distance between parallel tangents.
    pub feret_min_px: f64,
    /// The axis of the longest distance, in degrees anticlockwise from the image's x as seen on the screen, in
    /// `(-90, 90]`.
    pub feret_max_deg: f64,
    /// Longest over shortest distance between parallel tangents, at least 1.
    pub aspect_ratio: f64,
    /// Perimeter, with that of its holes.
    pub perimeter_px: f64,
    /// 4π · area / perimeter², at most 1 (a disc).
    pub circularity: f64,
    /// Area over the number of pixels whose centres are in the convex hull of its own pixels' centres, at most 1.
    pub solidity: f64,
    /// Column of its centre: the mean of its pixels' centres. The centre of the first pixel is at 0.5.
    pub x: f64,
    /// Row of its centre.
    pub y: f64,
    /// The smallest rectangle around it.
    pub bounds: Rect,
    /// Mean grey level of its pixels; absent without an image.
    pub mean_grey: Option<f64>,
    /// How many other regions touch it, pixel to pixel or corner to corner.
    pub n_touching: usize,
    /// Whether it touches the first or last row or column: then it may be larger than what is seen.
    pub cut_by_border: bool,
    /// Confidence in `[0, 1]` of what made the labels; absent where nothing gave one.
    pub confidence: Option<f32>,
}

/// The lengths of a region in nanometres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionNm {
    /// Area in nm².
    pub area_nm2: f64,
    /// Equivalent diameter.
    pub diameter_nm: f64,
    /// Longest distance between parallel tangents; absent if pixels are not square, since it is measured in px.
    pub feret_max_nm: Option<f64>,
    /// Shortest distance between parallel tangents; absent if pixels are not square.
    pub feret_min_nm: Option<f64>,
    /// Perimeter; absent if pixels are not square.
    pub perimeter_nm: Option<f64>,
    /// Distance of its centre from the left side of the image.
    pub x_nm: f64,
    /// Distance of its centre from the upper side of the image.
    pub y_nm: f64,
}

impl Region {
    /// Its lengths in nanometres. The one place where this module converts.
    pub fn in_nm(&self, calibration: &Calibration) -> RegionNm {
        let (nm_x, nm_y) = (calibration.nm_per_px_x, calibration.nm_per_px_y);
        let nm = (nm_x * nm_y).sqrt();
        let square = (nm_x / nm_y - 1.0).abs() < SQUARE_WITHIN;
        let length = |px: f64| square.then_some(px * nm);
        RegionNm {
            area_nm2: self.area_px as f64 * nm_x * nm_y,
            diameter_nm: self.diameter_px * nm,
            feret_max_nm: length(self.feret_max_px),
            feret_min_nm: length(self.feret_min_px),
            perimeter_nm: length(self.perimeter_px),
            x_nm: self.x * nm_x,
            y_nm: self.y * nm_y,
        }
    }
}

/// The regions of `labels` in the order of their labels; with their mean grey levels in `plane`.
///
/// # Errors
/// If `plane` has another size.
///
/// # Examples
/// ```
/// use micrograph::regions::{Labels, regions};
///
/// let labels = Labels::new(3, 5, vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])?;
/// let bar = &regions(&labels, None)?[0];
/// assert_eq!((bar.area_px, bar.feret_min_px, bar.x, bar.y), (3, 1.0, 2.5, 1.5));
/// assert!(!bar.cut_by_border);
/// # Ok::<(), micrograph::regions::RegionsError>(())
/// ```
pub fn regions(labels: &Labels, plane: Option<&Plane>) -> Result<Vec<Region>, RegionsError> {
    let size = (labels.height(), labels.width());
    if let Some(plane) = plane
        && (plane.height(), plane.width()) != size
    {
        let what = "image to measure grey levels of regions".to_owned();
        return Err(RegionsError::Size { what, expected: size, found: (plane.height(), plane.width()) });
    }
    let mut sums = vec![Sums::default(); labels.n_regions()];
    for (y, row) in labels.values().chunks_exact(labels.width()).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if let Some(sum) = (run[0] as usize).checked_sub(1).map(|at| &mut sums[at]) {
                let grey = plane.map(|plane| &plane.row(y)[x..x + run.len()]);
                sum.take(y, x, run.len(), grey.unwrap_or_default());
            }
            x += run.len();
        }
    }
    count_crossings(labels, &mut sums);
    let confidence = |index: usize| labels.confidence().map(|of| of[index]);
    let region = |(index, sum): (usize, &Sums)| Region {
        label: index as u32 + 1,
        confidence: confidence(index),
        mean_grey: plane.map(|_| sum.grey / sum.area as f64),
        ..sum.region(size)
    };
    Ok(sums.iter().enumerate().map(region).collect())
}

/// What is added up over the pixels of a region.
#[derive(Clone, Default)]
struct Sums {
    area: usize,
    x: f64,
    y: f64,
    grey: f64,
    /// Row, first and last column of each row with pixels.
    rows: Vec<[u32; 3]>,
    /// Pairs of neighbours in a row or column, and on a diagonal, of which one is outside.
    crossings: [usize; 2],
    n_touching: usize,
}

impl Sums {
    /// Adds the pixels of row `y` from column `x` on.
    fn take(&mut self, y: usize, x: usize, n: usize, grey: &[f32]) {
        self.area += n;
        self.y += y as f64 * n as f64;
        self.x += (x as f64 + (n as f64 - 1.0) / 2.0) * n as f64;
        self.grey += grey.iter().map(|value| f64::from(*value)).sum::<f64>();
        let (y, first, last) = (y as u32, x as u32, (x + n - 1) as u32);
        match self.rows.last_mut() {
            Some(row) if row[0] == y => row[2] = last,
            _ => self.rows.push([y, first, last]),
        }
    }

    fn region(&self, (height, width): (usize, usize)) -> Region {
        let area = self.area as f64;
        let whole = |number: u32| i64::from(number);
        let corners = self.rows.iter().flat_map(|&[y, first, last]| {
            let (y, first, last) = (whole(y), whole(first), whole(last) + 1);
            [[first, y], [last, y], [first, y + 1], [last, y + 1]]
        });
        let centres = self
            .rows
            .iter()
            .flat_map(|&[y, first, last]| [[whole(first), whole(y)], [whole(last), whole(y)]]);
        let feret = feret(&convex_hull(corners.collect()));
        let convex = n_grid_points(&convex_hull(centres.collect::<Vec<GridPoint>>()));
        let [dx, dy] = feret.max_offset;
        // rows and columns are 1 px apart, diagonals 1/√2 px
        let perimeter = PI / 8.0 * (self.crossings[0] as f64 + self.crossings[1] as f64 * FRAC_1_SQRT_2);
        let end = |of: fn(&[u32; 3]) -> u32| self.rows.iter().map(of);
        let (top, bottom) = (end(|row| row[0]).min().unwrap_or(0), end(|row| row[0]).max().unwrap_or(0));
        let (left, right) = (end(|row| row[1]).min().unwrap_or(0), end(|row| row[2]).max().unwrap_or(0));
        let [top, bottom, left, right] = [top, bottom, left, right].map(|number| number as usize);
        Region {
            label: 0,
            area_px: self.area,
            diameter_px: (4.0 * area / PI).sqrt(),
            feret_max_px: feret.max,
            feret_min_px: feret.min,
            feret_max_deg: axis_deg((-dy as f64).atan2(dx as f64).to_degrees()),
            aspect_ratio: feret.max / feret.min,
            perimeter_px: perimeter,
            circularity: (4.0 * PI * area / (perimeter * perimeter)).min(1.0),
            solidity: area / convex as f64,
            x: self.x / area + 0.5,
            y: self.y / area + 0.5,
            bounds: Rect { y: top, x: left, height: bottom - top + 1, width: right - left + 1 },
            mean_grey: None,
            n_touching: self.n_touching,
            cut_by_border: top == 0 || left == 0 || bottom + 1 == height || right + 1 == width,
            confidence: None,
        }
    }
}

/// Counts for each region the pairs of neighbours of which one is outside, and the regions it touches.
fn count_crossings(labels: &Labels, sums: &mut [Sums]) {
    let (height, width) = (labels.height(), labels.width());
    let mut touching: HashSet<(u32, u32)> = HashSet::new();
    let mut last = (0, 0);
    let mut note = |a: u32, b: u32, kind: usize| {
        if a == b {
            return;
        }
        if a > 0 {
            sums[a as usize - 1].crossings[kind] += 1;
        }
        if b > 0 {
            sums[b as usize - 1].crossings[kind] += 1;
        }
        let pair = (a.min(b), a.max(b));
        if pair.0 > 0 && pair != last {
            touching.insert(pair);
            last = pair;
        }
    };
    // rows with a column of background on both sides, and above and below
    let mut upper = vec![0; width + 2];
    let mut lower = vec![0; width + 2];
    for y in 0..=height {
        match labels.values().get(y * width..(y + 1) * width) {
            Some(row) => lower[1..=width].copy_from_slice(row),
            None => lower.fill(0),
        }
        for (up, low) in upper.windows(2).zip(lower.windows(2)) {
            let [a, b, c, d] = [up[0], up[1], low[0], low[1]];
            if a == b && a == c && a == d {
                continue;
            }
            note(c, d, 0);
            note(b, d, 0);
            note(a, d, 1);
            note(b, c, 1);
        }
        std::mem::swap(&mut upper, &mut lower);
    }
    for (a, b) in touching {
        sums[a as usize - 1].n_touching += 1;
        sums[b as usize - 1].n_touching += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CalibrationSource;
    use crate::regions::labels::tests::labels;
    use crate::regions::shape::Shape;

    fn of_shape(height: usize, width: usize, shape: Shape) -> Region {
        let labels = Labels::of_shapes(height, width, &[shape], None).unwrap();
        regions(&labels, None).unwrap().remove(0)
    }

    #[test]
    fn discs_have_the_measures_of_discs() {
        for radius in [3.0, 5.5, 10.0, 24.7, 60.0_f64] {
            let side = 2 * radius as usize + 9;
            let centre = [side as f64 / 2.0 + 0.2, side as f64 / 2.0 - 0.3];
            let disc = of_shape(side, side + 3, Shape::circle(centre, 2.0 * radius));
            let name = format!("{radius}: {disc:?}");
            // the edge of a pixel image is known to a fraction of a pixel, that of its corners to about one
            assert!((disc.diameter_px - 2.0 * radius).abs() < 0.25, "{name}");
            assert!((disc.x - centre[0]).abs() < 0.15 && (disc.y - centre[1]).abs() < 0.15, "{name}");
            assert!((disc.feret_max_px - 2.0 * radius - 0.6).abs() < 0.8, "{name}");
            assert!((disc.feret_min_px - 2.0 * radius).abs() < 1.0, "{name}");
            let perimeter = 2.0 * PI * radius;
            assert!((disc.perimeter_px / perimeter - 1.0).abs() < 0.01, "{name}");
            assert!(disc.circularity > 0.95 && disc.circularity <= 1.0, "{name}");
            assert_eq!(disc.solidity, 1.0, "{name}");
            assert!(disc.aspect_ratio >= 1.0 && disc.aspect_ratio < 1.0 + 2.0 / radius, "{name}");
        }
    }

    #[test]
    fn rectangles_have_the_measures_of_rectangles() {
        for (width, height) in [(1.0, 1.0), (7.0, 1.0), (3.0, 4.0), (40.0, 9.0), (12.0, 35.0_f64)] {
            let bar = of_shape(50, 60, Shape::rectangle([5.0, 6.0], width, height));
            let name = format!("{width} × {height}: {bar:?}");
            assert_eq!(bar.area_px as f64, width * height, "{name}");
            assert!((bar.feret_max_px - width.hypot(height)).abs() < 1e-9, "{name}");
            assert!((bar.feret_min_px - width.min(height)).abs() < 1e-9, "{name}");
            // one of both diagonals
            assert!((bar.feret_max_deg.abs() - height.atan2(width).to_degrees()).abs() < 1e-9, "{name}");
            assert_eq!((bar.x, bar.y), (5.0 + width / 2.0, 6.0 + height / 2.0), "{name}");
            assert_eq!(bar.bounds, Rect { y: 6, x: 5, height: height as usize, width: width as usize });
            assert_eq!(bar.solidity, 1.0, "{name}");
            // four directions see π/8 (1 + √2) of sides along the rows, and one diagonal less at each corner
            let expected = PI / 8.0 * (2.0 * (width + height) + 4.0 * (width + height - 1.0) * FRAC_1_SQRT_2);
            assert!((bar.perimeter_px - expected).abs() < 1e-9, "{name}");
        }
    }

    #[test]
    fn ellipses_lie_as_they_were_turned() {
        for degrees in [0.0, 17.0, 45.0, 80.0, -35.0, 90.0_f64] {
            let (a, b) = (30.0, 12.0);
            // anticlockwise on the screen is clockwise where y runs downwards
            let shape =
                Shape::Ellipse { centre: [45.3, 40.8], radii: [a, b], angle_rad: -degrees.to_radians() };
            let found = of_shape(85, 92, shape);
            let name = format!("{degrees}: {found:?}");
            assert!((found.area_px as f64 / (PI * a * b) - 1.0).abs() < 0.01, "{name}");
            let difference = crate::measure::geometry::axis_difference_deg(found.feret_max_deg, degrees);
            // pixels at the blunt end move the longest distance: √(2a) · b/a px of them are within 1 px of it
            assert!(difference.abs() < 5.0, "{name}");
            assert!((found.feret_max_px - 2.0 * a).abs() < 1.2, "{name}");
            assert!((found.feret_min_px - 2.0 * b).abs() < 1.25, "{name}");
            // Ramanujan's second approximation, exact to 1e-5 here
            let h = ((a - b) / (a + b)).powi(2);
            let perimeter = PI * (a + b) * (1.0 + 3.0 * h / (10.0 + (4.0 - 3.0 * h).sqrt()));
            assert!((found.perimeter_px / perimeter - 1.0).abs() < 0.01, "{name} {perimeter}");
        }
    }

    #[test]
    fn neighbours_borders_holes_and_levels_are_seen() {
        let found = labels(&["11...3", "1.222.", "..2.24", "..222.", "......", ".5...."]);
        let plane = Plane::from_fn(6, 6, |y, x| (10 * y + x) as f32);
        let all = regions(&found, Some(&plane)).unwrap();
        let facts: Vec<_> = all.iter().map(|r| (r.n_touching, r.cut_by_border)).collect();
        // in reading order: 1, 3, 2, 4, 5; two of them touch the ring at a corner
        assert_eq!(facts, [(1, true), (1, true), (3, false), (1, true), (0, true)]);
        assert_eq!(all[0].mean_grey, Some(11.0 / 3.0));
        let ring = &all[2];
        assert_eq!((ring.area_px, ring.solidity, ring.mean_grey), (8, 8.0 / 9.0, Some(23.0)));
        assert!(regions(&found, Some(&Plane::filled(6, 5, 0.0))).is_err());
        let text = regions(&found, Some(&Plane::filled(6, 5, 0.0))).unwrap_err().to_string();
        assert!(text.contains("expected 6 × 6 px (height × width), found 6 × 5"), "{text}");
    }

    #[test]
    fn nanometres_come_from_the_calibration() {
        let bar = of_shape(9, 9, Shape::rectangle([2.0, 3.0], 4.0, 2.0));
        let square = bar.in_nm(&Calibration::square(2.5, CalibrationSource::Typed));
        assert_eq!((square.area_nm2, square.feret_min_nm), (50.0, Some(5.0)));
        assert_eq!((square.x_nm, square.y_nm), (10.0, 10.0));
        let high = Calibration { nm_per_px_y: 5.0, ..Calibration::square(2.5, CalibrationSource::Typed) };
        let found = bar.in_nm(&high);
        assert_eq!((found.area_nm2, found.feret_max_nm, found.y_nm), (100.0, None, 20.0));
        assert!((found.diameter_nm - (4.0 * 100.0 / PI).sqrt()).abs() < 1e-9);
    }
}
