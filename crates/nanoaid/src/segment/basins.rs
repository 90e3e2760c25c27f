//! Basins: objects are where the map of depth rises to a peak, up to the places where it falls to the next
//! (a watershed). Peaks whose fall to a higher neighbour is small belong to it: separation by persistence
//! (Edelsbrunner, Letscher and Zomorodian 2002).

use super::depth::relative_depth;
use super::{Maps, SegmentConfig};

/// Least pixels of an object at a scale: fewer have no outline.
const LEAST_PX: usize = 9;

/// Peaks below this fall by noise alone.
const LEAST_PEAK: f64 = 0.05;
/// How much a misfit of the depth takes from the confidence.
const MISFIT: f64 = 1.5;

/// The objects at one scale.
pub(super) struct Basins {
    pub height: usize,
    pub width: usize,
    /// The object of each pixel, from 1; 0: none.
    pub labels: Vec<u32>,
    /// How credible each object is, in `[0, 1]`.
    pub confidence: Vec<f32>,
}

/// The objects of a scale of height and width `size`.
pub(super) fn basins(maps: &Maps, size: (usize, usize), config: &SegmentConfig) -> Basins {
    let (labels, n) = separated(&maps.alike, &maps.depth, size, config);
    let confidence = confidence(&labels, n, maps, size, config.least_own_share);
    Basins { height: size.0, width: size.1, labels, confidence }
}

/// Pixels of all objects, from the deepest on, each joined to the basins it touches.
fn separated(
    scores: &[f32],
    depth: &[f32],
    (height, width): (usize, usize),
    config: &SegmentConfig,
) -> (Vec<u32>, usize) {
    let mut order: Vec<u32> = (0..scores.len() as u32)
        .filter(|&index| f64::from(scores[index as usize]) >= config.threshold)
        .collect();
    order.sort_by(|&one, &other| depth[other as usize].total_cmp(&depth[one as usize]));
    let mut forest = Forest { parents: vec![u32::MAX; scores.len()] };
    for index in order {
        let own = depth[index as usize];
        let (y, x) = (index as usize / width, index as usize % width);
        let rows = y.saturating_sub(1)..(y + 2).min(height);
        let mut steepest: Option<(f32, u32)> = None;
        let mut roots: [u32; 8] = [u32::MAX; 8];
        let mut n_roots = 0;
        for row in rows {
            for column in x.saturating_sub(1)..(x + 2).min(width) {
                let other = (row * width + column) as u32;
                if forest.parents[other as usize] == u32::MAX {
                    continue;
                }
                let root = forest.root(other);
                if !roots[..n_roots].contains(&root) {
                    roots[n_roots] = root;
                    n_roots += 1;
                }
                let there = depth[other as usize];
                if steepest.is_none_or(|(most, _)| there > most) {
                    steepest = Some((there, root));
                }
            }
        }
        let Some((_, root)) = steepest else {
            forest.parents[index as usize] = index; // a new peak: a root is its own parent
            continue;
        };
        forest.parents[index as usize] = root;
        let peak = |root: u32| depth[root as usize];
        let highest = roots[..n_roots].iter().copied().max_by(|&a, &b| peak(a).total_cmp(&peak(b)));
        let highest = highest.unwrap_or(root);
        for &other in &roots[..n_roots] {
            let fall = f64::from(peak(other) - own);
            if other != highest && fall < config.separation * f64::from(peak(other)).max(LEAST_PEAK) {
                forest.parents[other as usize] = highest;
            }
        }
    }
    forest.numbered()
}

/// Pixels with a pixel of the same basin that stands for them, up to the peak.
struct Forest {
    /// `u32::MAX`: not in a basin.
    parents: Vec<u32>,
}

impl Forest {
    fn root(&mut self, index: u32) -> u32 {
        let mut root = index;
        while self.parents[root as usize] != root {
            root = self.parents[root as usize];
        }
        let mut index = index;
        while self.parents[index as usize] != root {
            index = std::mem::replace(&mut self.parents[index as usize], root);
        }
        root
    }

    /// Labels of all pixels, those of basins that are too small left out, and how many there are.
    fn numbered(mut self) -> (Vec<u32>, usize) {
        let n = self.parents.len();
        let mut areas = vec![0_usize; n];
        let roots: Vec<u32> = (0..n as u32)
            .map(|index| if self.parents[index as usize] == u32::MAX { u32::MAX } else { self.root(index) })
            .collect();
        roots.iter().filter(|root| **root != u32::MAX).for_each(|&root| areas[root as usize] += 1);
        let mut names = vec![0_u32; n];
        let mut n_basins = 0;
        let labels = roots
            .into_iter()
            .map(|root| {
                if root == u32::MAX || areas[root as usize] < LEAST_PX {
                    return 0;
                }
                if names[root as usize] == 0 {
                    n_basins += 1;
                    names[root as usize] = n_basins;
                }
                names[root as usize]
            })
            .collect();
        (labels, n_basins as usize)
    }
}

/// How credible each object is: how sure the network is of its pixels, times how well its map of depth fits
/// the object that was cut out of it; nothing, where it is of another kind.
fn confidence(labels: &[u32], n: usize, maps: &Maps, size: (usize, usize), least_own: f64) -> Vec<f32> {
    let expected = relative_depth(labels, n, size);
    let mut sums = vec![[0.0_f64; 4]; n];
    for (index, &label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        let [area, alike, own, misfit] = &mut sums[label as usize - 1];
        *area += 1.0;
        *alike += f64::from(maps.alike[index]);
        *own += f64::from(maps.own[index]);
        *misfit += f64::from((maps.depth[index].clamp(0.0, 1.0) - expected[index]).abs());
    }
    let credible = |[area, alike, own, misfit]: [f64; 4]| {
        if own < least_own * alike { 0.0 } else { (alike / area) * (1.0 - MISFIT * misfit / area).max(0.0) }
    };
    sums.into_iter().map(|sums| credible(sums) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Discs of the given centres and radii: scores 1 inside, and their depth.
    fn discs(discs: &[(f64, f64, f64)], (height, width): (usize, usize)) -> [Vec<f32>; 2] {
        let (mut scores, mut depth) = (vec![0.0; height * width], vec![0.0_f32; height * width]);
        for (index, (score, depth)) in scores.iter_mut().zip(&mut depth).enumerate() {
            for &(y, x, radius) in discs {
                let distance = ((index / width) as f64 - y).hypot((index % width) as f64 - x);
                if distance < radius {
                    *score = 1.0;
                    *depth = depth.max((1.0 - distance / radius) as f32);
                }
            }
        }
        [scores, depth]
    }

    fn of(scores: Vec<f32>, depth: Vec<f32>) -> Maps {
        Maps { own: scores.clone(), alike: scores, depth }
    }

    #[test]
    fn discs_that_touch_are_separated_and_small_falls_are_not() {
        let size = (50, 90);
        let [scores, depth] = discs(&[(25.0, 25.0, 16.0), (25.0, 55.0, 16.0)], size);
        let found = basins(&of(scores, depth), size, &SegmentConfig::default());
        assert_eq!(found.confidence.len(), 2);
        assert!(found.labels[25 * 90 + 25] != found.labels[25 * 90 + 55]);
        assert!(found.confidence.iter().all(|&confidence| confidence > 0.85), "{:?}", found.confidence);
        // two peaks of one: 4 px apart, the depth falls by an eighth between them
        let [scores, depth] = discs(&[(25.0, 25.0, 16.0), (25.0, 28.0, 16.0)], size);
        assert_eq!(basins(&of(scores, depth), size, &SegmentConfig::default()).confidence.len(), 1);
    }

    #[test]
    fn a_depth_that_does_not_fit_the_object_is_not_credible() {
        let size = (50, 50);
        let [scores, _] = discs(&[(25.0, 25.0, 16.0)], size);
        let config = SegmentConfig::default();
        let found = basins(&of(scores, vec![0.1; 2500]), size, &config);
        // it would be left out
        assert!(f64::from(found.confidence[0]) < config.least_confidence, "{:?}", found.confidence);
    }

    #[test]
    fn an_object_of_another_kind_is_not_credible() {
        let size = (50, 50);
        let [scores, depth] = discs(&[(25.0, 25.0, 16.0)], size);
        let maps = Maps { own: vec![0.0; 2500], ..of(scores, depth) };
        let strict = SegmentConfig { least_own_share: 0.5, ..SegmentConfig::default() };
        assert_eq!(basins(&maps, size, &strict).confidence, [0.0]);
        assert!(basins(&maps, size, &SegmentConfig::default()).confidence[0] > 0.85, "looked for, it counts");
    }
}
