//! Columns: the largest activations of one unit over all rows, from rows that each hold all units.
//!
//! Rows are read once, in their order, and turned block by block into a [`Store`]; then units are read some at a time,
//! so that memory holds the values of few units for all rows, not of all units. Statistics are not known here.

use std::ops::Range;
use std::path::Path;

use super::SurveyError;
use super::row::{Key, StoredRow};
use super::store::Store;

/// Rows that are turned together.
const BLOCK: usize = 1024;
/// Bytes of values in memory.
const BYTES_AT_ONCE: usize = 64 << 20;

/// The largest activations, unit by unit.
pub(super) struct Columns {
    store: Store,
    n_rows: usize,
    n_units: usize,
    /// By unit: the mean over the rows of the mean activation.
    pub(super) means_of_means: Vec<f64>,
}

impl Columns {
    /// Of `rows`, which are in `from`; the turned values are kept in the folder `out`.
    pub(super) fn of(
        rows: &[(&Key, &StoredRow)],
        n_units: usize,
        from: &Store,
        out: &Path,
    ) -> Result<Self, SurveyError> {
        let store = Store::new(out)?;
        // what a sum of nothing is
        let mut sums = vec![std::iter::empty::<f64>().sum::<f64>(); n_units];
        for block in rows.chunks(BLOCK) {
            let mut turned = vec![0; 4 * n_units * block.len()];
            for (place, (_, row)) in block.iter().enumerate() {
                for (unit, (peak, sum)) in row.peaks(from, n_units)?.iter().zip(&mut sums).enumerate() {
                    *sum += f64::from(peak.mean);
                    turned[4 * (unit * block.len() + place)..][..4]
                        .copy_from_slice(&peak.value.to_le_bytes());
                }
            }
            store.add(&turned)?;
        }
        let means_of_means = sums.into_iter().map(|sum| sum / rows.len() as f64).collect();
        Ok(Self { store, n_rows: rows.len(), n_units, means_of_means })
    }

    /// Units that memory should hold at a time.
    pub(super) fn at_once(&self) -> usize {
        (BYTES_AT_ONCE / (4 * self.n_rows.max(1))).max(1)
    }

    /// The values of `units` for all rows, unit after unit.
    pub(super) fn read(&self, units: Range<usize>) -> Result<Vec<f32>, SurveyError> {
        let mut values = vec![0.0; units.len() * self.n_rows];
        for start in (0..self.n_rows).step_by(BLOCK) {
            let n = BLOCK.min(self.n_rows - start);
            // blocks before this one are full
            let place = 4 * (start * self.n_units + units.start * n);
            let bytes = self.store.read(place as u64, 4 * units.len() * n)?;
            for (unit, bytes) in bytes.chunks_exact(4 * n).enumerate() {
                let to = &mut values[unit * self.n_rows + start..][..n];
                for (value, bytes) in to.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f32::from_le_bytes(*bytes);
                }
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::dataset::Fingerprint;
    use crate::interpret::exemplar::Peak;
    use crate::survey::row::{Facts, Row};

    #[test]
    fn units_have_the_values_of_the_rows_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path()).unwrap();
        let (n_rows, n_units) = (2 * BLOCK + 5, 3);
        let value = |row: usize, unit: usize| (row * 10 + unit) as f32;
        let facts = Facts {
            category: None,
            group: String::new(),
            height: 1,
            width: 1,
            nm_per_px: None,
            data_bar_px: 0,
            from: Arc::from(folder.path()),
        };
        let row = |row: usize| {
            let peak = |unit| Peak { value: value(row, unit), y: 7, x: unit as u32, mean: unit as f32 };
            let row = Row {
                facts: facts.clone(),
                thumbnail: vec![0; Fingerprint::N_BYTES],
                peaks: (0..n_units).map(peak).collect(),
            };
            row.stored(&store).unwrap()
        };
        let rows: Vec<StoredRow> = (0..n_rows).map(row).collect();
        let key = Key { sha256: String::new(), file: String::new() };
        let rows: Vec<(&Key, &StoredRow)> = rows.iter().map(|row| (&key, row)).collect();
        let columns = Columns::of(&rows, n_units, &store, folder.path()).unwrap();
        for units in [0..3, 1..2, 2..3] {
            let expected: Vec<f32> =
                units.clone().flat_map(|unit| (0..n_rows).map(move |row| value(row, unit))).collect();
            assert_eq!(columns.read(units.clone()).unwrap(), expected, "{units:?}");
        }
        assert_eq!(columns.means_of_means, [0.0, 1.0, 2.0]);
        let peak = rows[9].1.peak(&store, 2).unwrap();
        assert_eq!((peak.value, peak.y, peak.x, peak.mean), (92.0, 7, 2, 2.0));
    }
}
