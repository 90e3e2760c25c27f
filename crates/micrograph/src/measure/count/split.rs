//! Touching regions are split where they are narrow: a watershed on the distance from the background.
//!
//! Pixels are taken from the highest to the lowest; each joins the basin of its highest neighbour or begins
//! a new one. Where two basins meet, the pass between them decides: if it is nearly as high as the lower of the
//! two peaks, both are one region; if it is much lower, it is the neck between two. For two equal discs of radius `R`
//! whose centres are `d` apart, pass over peak is √(1 − (d/2R)²).

/// When two basins are one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::measure) struct Merge {
    /// Least pass over the lower peak, in `[0, 1]`.
    pub(in crate::measure) pass_over_peak: f64,
    /// A peak with less prominence over the pass, in px, is pixel noise.
    pub(in crate::measure) rise_px: f64,
}

impl Merge {
    fn holds(&self, pass: u32, lower_peak: u32) -> bool {
        let (pass, peak) = (f64::from(pass).sqrt(), f64::from(lower_peak).sqrt());
        pass >= self.pass_over_peak * peak || peak - pass < self.rise_px
    }
}

/// Labels of the regions from 1 on, 0 for the background, and how many there are.
///
/// `heights` are squared distances, 0 in the background, `[H, W]`. Regions are connected through the eight
/// neighbours of a pixel. Labels follow the first pixel of each region in reading order.
pub(in crate::measure) fn watershed(heights: &[u32], width: usize, merge: Merge) -> (Vec<u32>, usize) {
    const NONE: u32 = u32::MAX;
    let mut order: Vec<u32> = (0..heights.len() as u32).filter(|at| heights[*at as usize] > 0).collect();
    order.sort_by_key(|at| std::cmp::Reverse(heights[*at as usize]));
    let mut basin_of = vec![NONE; heights.len()];
    // a basin's parent (itself if it is not merged), and the height of its peak
    let mut basins: Vec<(u32, u32)> = Vec::new();
    for at in order {
        let height = heights[at as usize];
        // the highest neighbour, whose basin the pixel joins, and its height
        let (mut upwards, mut top) = (NONE, 0);
        for next in neighbours(at as usize, heights.len(), width) {
            if basin_of[next] == NONE {
                continue;
            }
            let basin = root(&mut basins, basin_of[next]);
            if upwards == NONE {
                (upwards, top) = (basin, heights[next]);
                continue;
            }
            let joined = root(&mut basins, upwards);
            if basin != joined {
                let rises = basins[basin as usize].1 > basins[joined as usize].1;
                let (upper, lower) = if rises { (basin, joined) } else { (joined, basin) };
                if merge.holds(height, basins[lower as usize].1) {
                    basins[lower as usize].0 = upper;
                }
            }
            if heights[next] > top {
                (upwards, top) = (basin, heights[next]);
            }
        }
        if upwards == NONE {
            upwards = basins.len() as u32;
            basins.push((upwards, height));
        }
        basin_of[at as usize] = upwards;
    }
    let mut label_of = vec![0; basins.len()];
    let mut n_regions = 0;
    let mut labels = vec![0; heights.len()];
    for (label, basin) in labels.iter_mut().zip(&basin_of) {
        if *basin != NONE {
            let own = &mut label_of[root(&mut basins, *basin) as usize];
            if *own == 0 {
                n_regions += 1;
                *own = n_regions;
            }
            *label = *own;
        }
    }
    (labels, n_regions as usize)
}

/// The neighbours of pixel `at`, of eight, inside the image.
pub(in crate::measure) fn neighbours(
    at: usize,
    n_pixels: usize,
    width: usize,
) -> impl Iterator<Item = usize> {
    const STEPS: [(isize, isize); 8] = [(-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)];
    let (y, x, height) = (at / width, at % width, n_pixels / width);
    let within = y > 0 && x > 0 && y + 1 < height && x + 1 < width;
    STEPS.into_iter().filter_map(move |(dy, dx)| {
        // most pixels have all eight
        let inside = within || (y.wrapping_add_signed(dy) < height && x.wrapping_add_signed(dx) < width);
        inside.then(|| at.wrapping_add_signed(dy * width as isize + dx))
    })
}

fn root(basins: &mut [(u32, u32)], mut basin: u32) -> u32 {
    while basins[basin as usize].0 != basin {
        let parent = basins[basin as usize].0;
        // halves the way for the next time
        basins[basin as usize].0 = basins[parent as usize].0;
        basin = parent;
    }
    basin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    const NEVER: Merge = Merge { pass_over_peak: f64::INFINITY, rise_px: 0.0 };
    const ALWAYS: Merge = Merge { pass_over_peak: 0.0, rise_px: 0.0 };

    /// Heights without ties on a random mask.
    fn heights(seed: u64, (height, width): (usize, usize)) -> Vec<u32> {
        let mut stream = Stream::new(seed, "test", 0);
        let mut levels: Vec<u32> = (1..=(height * width) as u32).collect();
        stream.shuffle(&mut levels);
        levels.iter().map(|level| if stream.uniform() < 0.7 { *level } else { 0 }).collect()
    }

    /// Pixels connected with `start` where `inside` is true, by flood fill.
    fn spread(start: usize, inside: &[bool], width: usize) -> Vec<usize> {
        let mut found = vec![start];
        let mut next = 0;
        while next < found.len() {
            for other in neighbours(found[next], inside.len(), width) {
                if inside[other] && !found.contains(&other) {
                    found.push(other);
                }
            }
            next += 1;
        }
        found
    }

    #[test]
    fn without_necks_regions_are_connected_components() {
        for seed in 0..20 {
            let (height, width) = (9, 14);
            let heights = heights(seed, (height, width));
            let inside: Vec<bool> = heights.iter().map(|height| *height > 0).collect();
            let (labels, n_regions) = watershed(&heights, width, ALWAYS);
            let mut n_expected = 0;
            for at in 0..labels.len() {
                if !inside[at] {
                    assert_eq!(labels[at], 0);
                } else {
                    let whole = spread(at, &inside, width);
                    n_expected += usize::from(whole.iter().min() == Some(&at));
                    let same = (0..labels.len()).filter(|other| labels[*other] == labels[at]).count();
                    assert_eq!(same, whole.len());
                    assert!(whole.iter().all(|other| labels[*other] == labels[at]));
                }
            }
            assert_eq!(n_regions, n_expected);
        }
    }

    #[test]
    fn without_merging_each_peak_has_its_basin_and_pixels_go_where_it_rises_most() {
        for seed in 0..20 {
            let (height, width) = (8, 13);
            let heights = heights(seed, (height, width));
            let (labels, n_regions) = watershed(&heights, width, NEVER);
            // the peak of a pixel, by its definition: that of its highest neighbour, if one is higher
            let mut peak_of = vec![usize::MAX; heights.len()];
            for level in (1..=heights.len() as u32).rev() {
                let Some(at) = heights.iter().position(|height| *height == level) else { continue };
                let higher = neighbours(at, heights.len(), width).filter(|next| heights[*next] > level);
                peak_of[at] = higher.max_by_key(|next| heights[*next]).map_or(at, |next| peak_of[next]);
            }
            let peaks = (0..heights.len()).filter(|at| peak_of[*at] == *at);
            assert_eq!(n_regions, peaks.count());
            for a in 0..heights.len() {
                for b in 0..a {
                    let both = heights[a] > 0 && heights[b] > 0;
                    assert_eq!(both && labels[a] == labels[b], both && peak_of[a] == peak_of[b], "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn two_peaks_are_one_where_the_pass_between_them_is_high_enough() {
        // peaks of 10 px and 8 px, a pass of 6 px: three quarters of the lower one
        let heights = [100, 81, 36, 49, 64];
        for (pass_over_peak, rise_px, expected) in
            [(0.74, 0.0, 1), (0.76, 0.0, 2), (0.76, 2.1, 1), (0.76, 1.9, 2)]
        {
            let (labels, n_regions) = watershed(&heights, 5, Merge { pass_over_peak, rise_px });
            assert_eq!(n_regions, expected, "{pass_over_peak} {rise_px}: {labels:?}");
        }
    }
}
