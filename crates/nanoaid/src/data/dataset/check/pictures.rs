//! Pictures of a check: two micrographs beside each other, as they were compared.

use std::path::Path;

use micrograph::Plane;
use micrograph::paint::{Sampling, resampled};

use super::super::{DatasetConfig, patch};
use super::Pair;
use crate::data::prepare;

/// Rows and columns of each of the two.
const SIDE: usize = 256;
/// Columns between them.
const GAP: usize = 4;

/// The two of `pair`, `[256, 516]`, values in `[0, 1]`: their data bars cut off, squashed to squares
/// as for their fingerprints, the second one laid as the first. `root` is the folder of the data
/// set, which was checked with `config`.
///
/// # Errors
/// If one can't be read any more, with the reason.
pub fn side_by_side(root: &Path, pair: &Pair, config: &DatasetConfig) -> Result<Plane, String> {
    let square = |file: &String| {
        let prepared =
            prepare::file(&root.join(file), &config.prepare()).map_err(|error| error.to_string())?;
        Ok::<_, String>(resampled(&prepared.plane, SIDE, SIDE, Sampling::Area))
    };
    let (one, other) = (square(&pair.files[0])?, square(&pair.files[1])?);
    let other = Plane::new(SIDE, SIDE, patch::laid(&other, pair.position));
    Ok(Plane::from_fn(SIDE, 2 * SIDE + GAP, |y, x| match x {
        0..SIDE => one.at(y, x),
        _ => x.checked_sub(SIDE + GAP).map_or(1.0, |x| other.at(y, x)),
    }))
}
