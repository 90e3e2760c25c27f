//! Removal: the score of a micrograph of which parts are removed; occlusion and RISE are made of it.

use micrograph::Plane;
use micrograph::paint::{Sampling, resampled};
use micrograph::random::Stream;
use rayon::prelude::*;

use super::cells::Cells;
use super::error::{ExplainError, Tick, go_on};
use super::fill::{Fill, Filler};
use super::gradient::mean;
use super::scored::Scored;
use super::target::logit_layer;
use crate::Network;
use crate::evaluate::classify::means_of_groups;
use crate::interpret::views::Views;

/// Planes that are held together.
const BATCH: usize = 16;
/// Windows of occlusion along the sides of a square image.
const WINDOWS: usize = 9;
/// Cells of RISE's masks along the shorter side, share that is kept, and masks between two checks.
const RISE_CELLS: usize = 7;
const RISE_KEPT: f64 = 0.5;
const RISE_CHECK: usize = 100;
/// Standard error of RISE's map at which it has converged, as a share of its range.
const RISE_ERROR: f64 = 0.05;

/// Scores of a plane of which parts are removed.
pub(super) struct Removal<'a> {
    pub scored: &'a Scored<'a>,
    pub views: &'a Views,
    pub plane: &'a Plane,
    pub fill: Fill,
}

impl Removal<'_> {
    /// The mean score over the views without the cells of each mask.
    pub(super) fn scores(
        &self,
        cells: &Cells,
        removed: &[Vec<bool>],
        tick: Tick<'_>,
    ) -> Result<Vec<f64>, ExplainError> {
        let filler = Filler::new(self.plane, cells, self.fill);
        self.scores_of(removed, |mask| filler.without(mask), tick)
    }

    /// The mean logits over the views without the cells of `mask`, which `filler` fills.
    pub(super) fn logits(
        &self,
        filler: &Filler<'_>,
        mask: &[bool],
        tick: Tick<'_>,
    ) -> Result<Vec<f64>, ExplainError> {
        go_on(tick)?;
        Ok(mean_logits(self.scored.network(), &self.views.cut(&filler.without(mask))))
    }

    fn scores_of<M: Sync>(
        &self,
        masks: &[M],
        plane: impl Fn(&M) -> Plane + Sync,
        tick: Tick<'_>,
    ) -> Result<Vec<f64>, ExplainError> {
        let mut scores = Vec::with_capacity(masks.len());
        for few in masks.chunks(BATCH) {
            let views: Vec<Plane> =
                few.par_iter().flat_map_iter(|mask| self.views.cut(&plane(mask))).collect();
            let of_views = self.scored.scores(&views, tick)?;
            scores.extend(of_views.chunks(self.views.len()).map(mean));
        }
        Ok(scores)
    }

    /// Fall of the score where each window is removed, shared among its pixels.
    pub(super) fn occlusion(&self, tick: Tick<'_>) -> Result<Plane, ExplainError> {
        let (height, width) = (self.plane.height(), self.plane.width());
        // as many in all for a long image as for a square one
        let (short, long) = (height.min(width) as f64, height.max(width) as f64);
        let per_side = (WINDOWS as f64 * (short / long).sqrt()).round().max(2.0) as usize;
        let windows = Cells::new((height, width), per_side);
        let one = |window: usize| (0..windows.len()).map(|other| other == window).collect();
        let mut masks: Vec<Vec<bool>> = (0..windows.len()).map(one).collect();
        masks.push(vec![false; windows.len()]);
        let mut scores = self.scores(&windows, &masks, tick)?;
        let whole = scores.pop().unwrap_or_default();
        let areas = windows.areas();
        Ok(Plane::from_fn(height, width, |y, x| {
            let window = windows.at(y, x);
            ((whole - scores[window]) / areas[window]) as f32
        }))
    }

    /// RISE: the covariance of the score with smooth random masks over their variance, after at most `most_masks`; with
    /// the number of masks.
    pub(super) fn rise(
        &self,
        (most_masks, seed): (usize, u64),
        tick: Tick<'_>,
    ) -> Result<(Plane, usize), ExplainError> {
        let (height, width) = (self.plane.height(), self.plane.width());
        let cells = Cells::new((height, width), RISE_CELLS);
        let filler =
            Filler::new(self.plane, &cells, if self.fill == Fill::Road { Fill::Blur } else { self.fill });
        let mask = |index: usize| -> Plane {
            let mut stream = Stream::new(seed, "rise", index as u64);
            // one cell more, shifted by a part of one
            let (rows, columns) = (height.div_ceil(cells.side) + 1, width.div_ceil(cells.side) + 1);
            let coarse = Plane::from_fn(rows, columns, |_, _| f32::from(stream.uniform() < RISE_KEPT));
            let large = resampled(&coarse, rows * cells.side, columns * cells.side, Sampling::Bilinear);
            let (y, x) = (stream.below(cells.side), stream.below(cells.side));
            large.crop(micrograph::Rect { y, x, height, width })
        };
        let reduced = Cells::new((height, width), 4 * RISE_CELLS);
        let (mut scores, mut masks): (Vec<f64>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        let mut map = vec![0.0; reduced.len()];
        while scores.len() < most_masks {
            let first = scores.len();
            let few: Vec<usize> = (first..most_masks.min(first + RISE_CHECK)).collect();
            // each mask is made twice, as a hundred of them may not fit into memory
            scores.extend(self.scores_of(&few, |&index| filler.kept(&mask(index)), tick)?);
            masks.par_extend(few.par_iter().map(|&index| reduced.means(&mask(index))));
            let (of_cells, error) = regressed(&scores, &masks);
            let low = of_cells.iter().copied().fold(f64::INFINITY, f64::min);
            let high = of_cells.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            map = of_cells;
            if error <= RISE_ERROR * (high - low) {
                break;
            }
        }
        // the effect of a cell, shared among its pixels
        let area = (cells.side * cells.side) as f64;
        Ok((Plane::from_fn(height, width, |y, x| (map[reduced.at(y, x)] / area) as f32), scores.len()))
    }
}

/// The mean logits over `views`; empty where the network has no classes.
pub(in crate::interpret) fn mean_logits(network: &Network, views: &[Plane]) -> Vec<f64> {
    match (network.n_classes(), logit_layer(network)) {
        (Some(_), Some(layer)) => means_of_groups(network, &layer, &[views.to_vec()]).remove(0),
        _ => Vec::new(),
    }
}

/// For each cell the slope of the scores over how much of it was kept, and the mean standard error of these.
fn regressed(scores: &[f64], masks: &[Vec<f64>]) -> (Vec<f64>, f64) {
    let (n, mean_score) = (scores.len() as f64, mean(scores));
    let n_cells = masks.first().map_or(0, Vec::len);
    let variance = scores.iter().map(|score| (score - mean_score).powi(2)).sum::<f64>() / n;
    let mut errors = 0.0;
    let slopes: Vec<f64> = (0..n_cells)
        .map(|cell| {
            let mean_mask = masks.iter().map(|mask| mask[cell]).sum::<f64>() / n;
            let (mut product, mut square) = (0.0, 0.0);
            for (mask, score) in masks.iter().zip(scores) {
                let off = mask[cell] - mean_mask;
                product += off * (score - mean_score);
                square += off * off;
            }
            errors += (variance / square.max(f64::MIN_POSITIVE)).sqrt();
            product / square.max(f64::MIN_POSITIVE)
        })
        .collect();
    (slopes, errors / n_cells.max(1) as f64)
}
