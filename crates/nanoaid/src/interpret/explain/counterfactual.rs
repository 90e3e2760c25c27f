//! Counterfactual: a small part without which the answer is another one.
//!
//! Found by bisection along the order of a map, which assumes that the answer changes once, and by bringing back what is not
//! needed; there may be smaller parts.

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::error::{ExplainError, Tick};
use super::faithfulness::CELLS;
use super::fill::Filler;
use super::removal::Removal;
use crate::train::regression::argmax;

/// Largest share of the micrograph that is removed.
const MOST: f64 = 0.9;
/// Cells that are tried whether they can be brought back.
const TRIED: usize = 16;

/// A part without which the answer is another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// Share of the micrograph that is removed, in `(0, 1]`.
    pub share: f64,
    /// The class that the network then finds most probable.
    pub class: String,
}

/// Removes cells as `map` ranks them until the network's class, number `class` of `classes`, is no longer the most probable,
/// then brings back those that are not needed; with the mask of what is removed. `None` if the answer stays.
pub(super) fn counterfactual(
    (removal, classes): (&Removal<'_>, &[String]),
    (map, class): (&Plane, usize),
    seed: u64,
    tick: Tick<'_>,
) -> Result<Option<(Counterfactual, Plane)>, ExplainError> {
    let cells = Cells::new((removal.plane.height(), removal.plane.width()), CELLS);
    let order = cells.ranked(&cells.means(map), seed);
    let most = ((MOST * cells.len() as f64) as usize).min(cells.len());
    let first = |n: usize| -> Vec<bool> {
        let mut mask = vec![false; cells.len()];
        order[..n].iter().for_each(|&cell| mask[cell] = true);
        mask
    };
    let filler = Filler::new(removal.plane, &cells, removal.fill);
    let mut answer =
        |mask: &[bool]| -> Result<usize, ExplainError> { Ok(argmax(&removal.logits(&filler, mask, tick)?)) };
    if answer(&first(most))? == class {
        return Ok(None);
    }
    // the answer is another one for `above`, and was the same for `below`
    let (mut below, mut above) = (0, most);
    while above - below > 1 {
        let middle = (below + above) / 2;
        if answer(&first(middle))? == class { below = middle } else { above = middle }
    }
    let mut mask = first(above);
    // those that matter least first
    for &cell in order[..above].iter().rev().take(TRIED) {
        mask[cell] = false;
        mask[cell] = answer(&mask)? == class;
    }
    let found = answer(&mask)?;
    let areas = cells.areas();
    let removed: f64 = areas.iter().zip(&mask).filter(|(_, removed)| **removed).map(|(area, _)| area).sum();
    let (height, width) = (removal.plane.height(), removal.plane.width());
    let shown = Plane::from_fn(height, width, |y, x| f32::from(u8::from(mask[cells.at(y, x)])));
    let share = removed / (height * width) as f64;
    Ok(Some((Counterfactual { share, class: classes[found].clone() }, shown)))
}
