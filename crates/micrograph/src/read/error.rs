//! Why a file could not be read; every error names the file.

use std::io;
use std::path::PathBuf;

use crate::Rect;
use crate::calibration::POSSIBLE_NM_PER_PX;

/// Why a file could not be read as a micrograph.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ReadError {
    /// The system could not read `path`.
    #[error("{}: cannot be read: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// `path` is not an image of a format that is read.
    #[error("{}: expected PNG, JPEG, BMP, TIFF, PGM, NPY or Gatan DM, found {found}", path.display())]
    Format { path: PathBuf, found: String },
    /// `path` is of a kind of image that is not read.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Unsupported { path: PathBuf, found: String, expected: &'static str },
    /// `path` breaks the rules of its format.
    #[error("{}: damaged {format} file: {reason}", path.display())]
    Damaged { path: PathBuf, format: &'static str, reason: String },
    /// The decoder of `format` gave up on `path`.
    #[error("{}: cannot decode {format}: {source}", path.display())]
    Decode { path: PathBuf, format: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    /// `what` in `path` needs more memory than allowed.
    #[error(
        "{}: {what} need {} MiB of memory to decode, at most {} MiB are allowed; --memory sets how many",
        path.display(), bytes.div_ceil(1 << 20), most_bytes >> 20
    )]
    TooLarge { path: PathBuf, what: String, bytes: u64, most_bytes: usize },
    /// The system has no memory for `what` in `path`.
    #[error("{}: {what} do not fit into the free memory", path.display())]
    NoMemory { path: PathBuf, what: String },
    /// `path` has no page `page`.
    #[error("{}: expected a page from 0 to {}, found {page}", path.display(), n_pages - 1)]
    NoPage { path: PathBuf, page: usize, n_pages: usize },
    /// `part` is not inside the image of `path`.
    #[error(
        "{}: expected a part of the image's {width} × {height} px, found {} × {} px at row {}, column {}",
        path.display(), part.width, part.height, part.y, part.x
    )]
    Part { path: PathBuf, part: Rect, height: usize, width: usize },
    /// Some values of `path` are not numbers, or too large for `f32`.
    #[error("{}: expected finite values, found {count} of {total} pixels that are not", path.display())]
    NotFinite { path: PathBuf, count: usize, total: usize },
    /// The user's pixel size for `path` is not a number in [`POSSIBLE_NM_PER_PX`].
    #[error(
        "{}: expected a pixel size from {} to {} nm, found {nm_per_px}",
        path.display(), POSSIBLE_NM_PER_PX.start(), POSSIBLE_NM_PER_PX.end()
    )]
    PixelSize { path: PathBuf, nm_per_px: f64 },
}
