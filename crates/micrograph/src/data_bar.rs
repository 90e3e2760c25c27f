//! Data bar: finds the strip of text that the instrument writes below or into the image, so that
//! it can be cut before anything is normalised: its black and white would set the contrast, and
//! its letters would be counted as particles.
//!
//! Metadata is used first where it gives the number of specimen rows; otherwise the pixels are examined
//! row by row. A white margin, a drawn scale bar or a panel letter is not a data bar. The text of the
//! bar is not read here.

use serde::{Deserialize, Serialize};

use crate::{FileFacts, Plane, Rect};

mod bounds;
mod rows;

/// How a data bar was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataBarEvidence {
    /// The instrument's metadata gives the number of specimen rows.
    Metadata,
    /// The pixels look like a data bar.
    Pixels,
    /// The user gave the number of rows to leave out.
    Typed,
}

/// A data bar: rows `first_row .. end_row` of the file.
///
/// The specimen above `first_row` is kept; rows of specimen below a floating bar are left out too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataBar {
    /// First row of the bar, its frame included.
    pub first_row: usize,
    /// Row after its last one, frame included.
    pub end_row: usize,
    /// How it was found.
    pub evidence: DataBarEvidence,
}

/// What to do about a data bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataBarChoice {
    /// Look for one and cut it off.
    #[default]
    Find,
    /// Keep every row of the file.
    Keep,
    /// Cut this many rows off at the bottom, regardless of their content.
    CropBottom(usize),
}

/// Why the specimen could not be cut out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataBarError {
    /// No row would be left.
    #[error("cannot crop {rows} rows at the bottom: the image has {height} rows, expected fewer to crop")]
    CropsEverything {
        /// Rows to crop.
        rows: usize,
        /// Rows of the image.
        height: usize,
    },
}

/// Finds the data bar of `plane`, `[H, W]`, with the `facts` from its file.
///
/// Metadata is used if it leaves 2 to 25 % of the rows to a bar; otherwise it belongs to another size
/// of the image (cropped, resized) or contains no bar, and the pixels decide: a bar has rows of one
/// flat background level with a sharp first and last row, and holds a line of text with blank rows
/// around it. The bar may float inside the image and leave a fifth of the width.
///
/// Returns `None` if neither shows a bar.
///
/// # Examples
/// ```
/// use micrograph::data_bar;
/// use micrograph::synth::{SynthConfig, micrograph};
///
/// let made = micrograph(&SynthConfig { data_bar: true, ..SynthConfig::default() }, 1)?;
/// let truth = made.data_bar.as_ref().expect("one was requested").first_row;
/// let read = made.into_micrograph("image.tif");
/// let bar = data_bar::find(&read.plane, &read.facts).expect("a data bar");
/// assert!(bar.first_row.abs_diff(truth) <= 2);
/// # Ok::<(), micrograph::ConfigError>(())
/// ```
pub fn find(plane: &Plane, facts: &FileFacts) -> Option<DataBar> {
    let height = plane.height();
    if let Some(first_row) = facts.specimen_rows.filter(|&rows| leaves_a_bar(rows, height)) {
        return Some(DataBar { first_row, end_row: height, evidence: DataBarEvidence::Metadata });
    }
    let (first_row, end_row) = bounds::of_rows(height, |first| rows::Rows::new(plane, first))?;
    Some(DataBar { first_row, end_row, evidence: DataBarEvidence::Pixels })
}

fn leaves_a_bar(specimen_rows: usize, height: usize) -> bool {
    let share = height.saturating_sub(specimen_rows) as f64 / height as f64;
    (bounds::LEAST_HEIGHT..=bounds::MOST_HEIGHT).contains(&share)
}

/// The rows of `plane`, `[H, W]`, that show specimen, and the data bar that was cut off below
/// them.
///
/// # Errors
/// If `choice` crops as many rows as there are, or more.
pub fn specimen(
    plane: &Plane,
    facts: &FileFacts,
    choice: DataBarChoice,
) -> Result<(Plane, Option<DataBar>), DataBarError> {
    let height = plane.height();
    let bar = match choice {
        DataBarChoice::Find => find(plane, facts),
        DataBarChoice::Keep | DataBarChoice::CropBottom(0) => None,
        DataBarChoice::CropBottom(rows) if rows >= height => {
            return Err(DataBarError::CropsEverything { rows, height });
        }
        DataBarChoice::CropBottom(rows) => {
            Some(DataBar { first_row: height - rows, end_row: height, evidence: DataBarEvidence::Typed })
        }
    };
    let rows = bar.map_or(height, |bar| bar.first_row);
    Ok((plane.crop(Rect { y: 0, x: 0, height: rows, width: plane.width() }), bar))
}
