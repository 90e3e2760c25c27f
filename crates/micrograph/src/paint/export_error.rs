//! Why planes or labels could not be written to a file.

use crate::file::WriteError;

/// Why planes could not be written to a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum ExportError {
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A plane has another shape than the first one of the file.
    #[error(
        "{name}: expected a plane of {} × {} (height × width), found {} × {}",
        expected.0, expected.1, found.0, found.1
    )]
    Shape { name: String, expected: (usize, usize), found: (usize, usize) },
    /// More or fewer planes or values came than were announced.
    #[error("{name}: expected {expected}, found {found}")]
    Count { name: String, expected: usize, found: usize },
    /// The file would exceed the size that the format can address.
    #[error("{n_bytes} bytes do not fit into a TIFF file, which ends at 4 GiB; write fewer planes, or NPZ")]
    TooLarge { n_bytes: u64 },
    /// The pixel size is not a number above 0, or exceeds the range of a TIFF.
    #[error("a pixel of {nm_per_px} nm cannot be stored in a TIFF file")]
    PixelSize { nm_per_px: f64 },
    /// Two arrays of one name.
    #[error("an array named `{name}` is already in the file")]
    Twice { name: String },
}
