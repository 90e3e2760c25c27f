//! Regions: connected sets of foreground pixels, and the measures of each.

use serde::{Deserialize, Serialize};

use crate::measure::count::split::{Merge, neighbours, watershed};
use crate::{Plane, Rect};

/// One region, lengths in px.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Its label in [`Labels`], from 1 on.
    pub label: u32,
    /// Pixels.
    pub area_px: usize,
    /// Equivalent diameter: of the disc of the same area, or that of its circle where the region is one of several
    /// discs over each other. Too small where the border cuts the region.
    pub diameter_px: f64,
    /// Row of the centroid.
    pub y: f64,
    /// Column of the centroid.
    pub x: f64,
    /// 4π · area / perimeter², at most 1 (a disc); the perimeter by Cauchy's and Crofton's formula in four
    /// directions.
    pub circularity: f64,
    /// The smallest rectangle around it.
    pub bounds: Rect,
    /// The sides of the image it touches.
    pub sides: Sides,
    /// Distance from its centroid to that of the nearest other region; `None` if it is the only one.
    pub nearest_px: Option<f64>,
}

/// Sides of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "an image has four sides")]
pub struct Sides {
    /// The first row.
    pub top: bool,
    /// The last row.
    pub bottom: bool,
    /// The first column.
    pub left: bool,
    /// The last column.
    pub right: bool,
}

impl Sides {
    /// Whether no side is touched: the region is whole.
    pub fn none(self) -> bool {
        self == Self::default()
    }

    /// Share with which a region counts for the number in the image's area: by the counting frame
    /// (Gundersen 1977) regions on two sides that meet in a corner are left out, all others counted; this
    /// is the mean over the four corners.
    pub fn frame_share(self) -> f64 {
        let open = |a: bool, b: bool| f64::from(!(a || b)) / 4.0;
        open(self.top, self.left)
            + open(self.top, self.right)
            + open(self.bottom, self.left)
            + open(self.bottom, self.right)
    }
}

/// The region that each pixel belongs to, `[H, W]`, in the image or in the part or reduced copy that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Labels from 1 on, 0 for no region, row after row.
    pub of: Vec<u32>,
    /// Pixels of the image along each side of one of these.
    pub factor: usize,
    /// Row and column of the image where these begin.
    pub first: [usize; 2],
}

impl Labels {
    /// Of the image itself.
    pub fn new(height: usize, width: usize, of: Vec<u32>) -> Self {
        Self { height, width, of, factor: 1, first: [0; 2] }
    }

    /// The label at row `y`, column `x` of the image; 0 outside of what was measured.
    pub fn at(&self, y: usize, x: usize) -> u32 {
        let place = |at: usize, first: usize| at.checked_sub(first).map(|at| at / self.factor);
        match (place(y, self.first[0]), place(x, self.first[1])) {
            (Some(y), Some(x)) if y < self.height && x < self.width => self.of[y * self.width + x],
            _ => 0,
        }
    }
}

/// Connected components of `mask`, and how many.
pub(in crate::measure) fn components(mask: &[bool], width: usize) -> (Vec<u32>, usize) {
    let level: Vec<u32> = mask.iter().map(|inside| u32::from(*inside)).collect();
    watershed(&level, width, Merge { pass_over_peak: 0.0, rise_px: 0.0 })
}

/// Fills the holes of `mask` that belong to the region around them: a mean height of at least `least`, or
/// a circularity above `round` as no gap between touching particles has, or of a few pixels.
pub(in crate::measure) fn fill_holes(mask: &mut [bool], heights: &Plane, least: f64, round: f64) {
    let width = heights.width();
    let outside: Vec<bool> = mask.iter().map(|inside| !inside).collect();
    let (of, n_holes) = components(&outside, width);
    let labels = Labels::new(heights.height(), width, of);
    let mut sums = vec![0.0; n_holes];
    for (label, height) in labels.of.iter().zip(heights.values()) {
        if *label > 0 {
            sums[*label as usize - 1] += f64::from(*height);
        }
    }
    let filled: Vec<bool> = measured(&labels, n_holes)
        .iter()
        .zip(sums)
        .map(|(hole, sum)| {
            let belongs = hole.area_px <= 4 || hole.circularity > round;
            hole.sides.none() && (belongs || sum / hole.area_px as f64 >= least)
        })
        .collect();
    for (inside, label) in mask.iter_mut().zip(&labels.of) {
        *inside |= *label > 0 && filled[*label as usize - 1];
    }
}

/// The regions of `labels` from 1 to `n_regions`, without their neighbours' distances.
pub(in crate::measure) fn measured(labels: &Labels, n_regions: usize) -> Vec<Region> {
    #[derive(Clone, Default)]
    struct Sums {
        area: usize,
        y: usize,
        x: usize,
        crossings: [usize; 2],
        ends: Option<[usize; 4]>,
    }
    let (height, width) = (labels.height, labels.width);
    let mut sums = vec![Sums::default(); n_regions];
    for y in 0..height {
        for x in 0..width {
            let label = labels.of[y * width + x];
            if label == 0 {
                continue;
            }
            let sum = &mut sums[label as usize - 1];
            sum.area += 1;
            sum.y += y;
            sum.x += x;
            let [top, bottom, left, right] = sum.ends.unwrap_or([y, y, x, x]);
            sum.ends = Some([top.min(y), bottom.max(y), left.min(x), right.max(x)]);
            for dy in [-1, 0, 1] {
                for dx in [-1, 0, 1_isize] {
                    let (ny, nx) = (y.wrapping_add_signed(dy), x.wrapping_add_signed(dx));
                    let other = if ny < height && nx < width { labels.of[ny * width + nx] } else { 0 };
                    if other != label {
                        sum.crossings[usize::from(dy != 0 && dx != 0)] += 1;
                    }
                }
            }
        }
    }
    let region = |(index, sum): (usize, Sums)| {
        let [top, bottom, left, right] = sum.ends?;
        let area = sum.area as f64;
        // π times the mean width; rows and columns are 1 px apart, diagonals 1/√2 px
        let crossings = sum.crossings[0] as f64 + sum.crossings[1] as f64 * std::f64::consts::FRAC_1_SQRT_2;
        let perimeter = std::f64::consts::PI / 8.0 * crossings;
        Some(Region {
            label: index as u32 + 1,
            area_px: sum.area,
            diameter_px: (4.0 * area / std::f64::consts::PI).sqrt(),
            y: sum.y as f64 / area,
            x: sum.x as f64 / area,
            circularity: (4.0 * std::f64::consts::PI * area / (perimeter * perimeter)).min(1.0),
            bounds: Rect { y: top, x: left, height: bottom - top + 1, width: right - left + 1 },
            sides: Sides {
                top: top == 0,
                bottom: bottom + 1 == height,
                left: left == 0,
                right: right + 1 == width,
            },
            nearest_px: None,
        })
    };
    sums.into_iter().enumerate().filter_map(region).collect()
}

/// Keeps the regions for which `keep` is true, and relabels them from 1 on.
pub(in crate::measure) fn retain(
    labels: &mut Labels,
    regions: &mut Vec<Region>,
    keep: impl Fn(&Region) -> bool,
) {
    let n_labels = regions.iter().map(|region| region.label).max().unwrap_or(0);
    let mut renamed = vec![0; n_labels as usize + 1];
    regions.retain(&keep);
    for (index, region) in regions.iter_mut().enumerate() {
        renamed[region.label as usize] = index as u32 + 1;
        region.label = index as u32 + 1;
    }
    labels.of.iter_mut().for_each(|label| *label = renamed[*label as usize]);
}

/// Regions that touch another one, pixel to pixel: whether each does.
pub(in crate::measure) fn touching(labels: &Labels, n_regions: usize) -> Vec<bool> {
    let mut touch = vec![false; n_regions];
    for (at, label) in labels.of.iter().enumerate().filter(|(_, label)| **label > 0) {
        let meets = |next: usize| labels.of[next] > 0 && labels.of[next] != *label;
        touch[*label as usize - 1] |= neighbours(at, labels.of.len(), labels.width).any(meets);
    }
    touch
}

/// Writes into each region how far its nearest neighbour is.
pub(in crate::measure) fn find_nearest(regions: &mut [Region]) {
    let mut rows: Vec<(f64, f64, usize)> =
        regions.iter().enumerate().map(|(index, region)| (region.y, region.x, index)).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (place, (y, x, index)) in rows.iter().enumerate() {
        let mut least = f64::INFINITY;
        // rows are sorted: once a row is farther than the least distance, all that follow are too
        let mut look = |(other_y, other_x, _): &(f64, f64, usize)| {
            least = least.min((other_y - y).hypot(other_x - x));
            (other_y - y).abs() < least
        };
        let _ = rows[place + 1..].iter().all(&mut look);
        let _ = rows[..place].iter().rev().all(&mut look);
        regions[*index].nearest_px = least.is_finite().then_some(least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn labels(rows: &[&str]) -> Labels {
        let of = rows.iter().flat_map(|row| row.bytes().map(|byte| u32::from(byte - b'0'))).collect();
        Labels::new(rows.len(), rows[0].len(), of)
    }

    #[test]
    fn a_region_knows_its_area_place_and_sides() {
        let regions = measured(&labels(&["110000", "110002", "000002", "003330"]), 3);
        let facts: Vec<_> = regions.iter().map(|r| (r.area_px, r.y, r.x, r.sides.frame_share())).collect();
        assert_eq!(facts, [(4, 0.5, 0.5, 0.25), (2, 1.5, 5.0, 0.5), (3, 3.0, 3.0, 0.5)]);
        assert_eq!(regions[1].bounds, Rect { y: 1, x: 5, height: 2, width: 1 });
        let across = Sides { top: true, bottom: true, ..Sides::default() };
        assert_eq!(across.frame_share(), 0.0);
        assert_eq!(Sides::default().frame_share(), 1.0);
    }

    #[test]
    fn labels_of_a_reduced_part_are_those_of_the_image() {
        let part = Labels { factor: 3, first: [10, 20], ..labels(&["12", "03"]) };
        let at = |places: [(usize, usize); 6]| places.map(|(y, x)| part.at(y, x));
        assert_eq!(at([(10, 20), (12, 22), (12, 23), (13, 25), (9, 20), (16, 20)]), [1, 1, 2, 3, 0, 0]);
    }

    #[test]
    fn discs_are_round_and_bars_are_not() {
        for radius in [4.0, 9.3, 25.0_f64] {
            let side = 2 * radius as usize + 9;
            let middle = side as f64 / 2.0 - 0.3;
            let inside =
                |at: usize| ((at / side) as f64 - middle).hypot((at % side) as f64 - middle) <= radius;
            let of = (0..side * side).map(|at| u32::from(inside(at))).collect();
            let disc = &measured(&Labels::new(side, side, of), 1)[0];
            assert!(disc.circularity > 0.95, "{radius}: {}", disc.circularity);
            assert!((disc.diameter_px - 2.0 * radius).abs() < 0.3, "{radius}: {}", disc.diameter_px);
            assert!((disc.y - middle).abs() < 0.1 && (disc.x - middle).abs() < 0.1);
        }
        // a bar of 40 × 4 has 4π · 160 / 88² = 0.26; four directions miss 6 % of the perimeter of a bar along the rows
        let of =
            (0..10 * 50).map(|at| u32::from((3..7).contains(&(at / 50)) && (5..45).contains(&(at % 50))));
        let bar = &measured(&Labels::new(10, 50, of.collect()), 1)[0];
        assert!((bar.circularity - 0.26).abs() < 0.04, "{}", bar.circularity);
    }

    #[test]
    fn holes_are_filled_where_they_belong_to_the_region() {
        // a frame around 2 × 9 px, which are not round: the height of its middle decides
        let middle = |y: usize, x: usize| (3..5).contains(&y) && (3..12).contains(&x);
        let frame = |y: usize, x: usize| (2..6).contains(&y) && (2..13).contains(&x) && !middle(y, x);
        for (height, filled) in [(0.0, 26), (6.0, 44)] {
            let mut mask: Vec<bool> = (0..8 * 15).map(|at| frame(at / 15, at % 15)).collect();
            let heights = Plane::from_fn(8, 15, |y, x| if middle(y, x) { height } else { 0.0 });
            fill_holes(&mut mask, &heights, 5.0, 0.85);
            assert_eq!(mask.iter().filter(|inside| **inside).count(), filled);
        }
    }

    #[test]
    fn the_nearest_neighbour_is_that_of_all_pairs() {
        let mut stream = Stream::new(2, "test", 0);
        let mut regions = measured(&labels(&["123456789"]), 9);
        regions
            .iter_mut()
            .for_each(|region| (region.y, region.x) = (stream.uniform(), 3.0 * stream.uniform()));
        find_nearest(&mut regions);
        for (index, region) in regions.iter().enumerate() {
            let others = regions.iter().enumerate().filter(|(other, _)| *other != index);
            let least =
                others.map(|(_, o)| (o.y - region.y).hypot(o.x - region.x)).fold(f64::INFINITY, f64::min);
            assert_eq!(region.nearest_px, Some(least));
        }
        let mut lonely = measured(&labels(&["01"]), 1);
        find_nearest(&mut lonely);
        assert_eq!(lonely[0].nearest_px, None);
    }

    #[test]
    fn what_is_left_out_leaves_no_gap_among_the_labels() {
        let mut labels = labels(&["11002", "00033"]);
        let mut regions = measured(&labels, 3);
        assert_eq!(touching(&labels, 3), [false, true, true]);
        retain(&mut labels, &mut regions, |region| region.area_px > 1);
        assert_eq!(labels.of, [1, 1, 0, 0, 0, 0, 0, 0, 2, 2]);
        assert_eq!(regions.iter().map(|region| region.label).collect::<Vec<_>>(), [1, 2]);
    }
}
