//! Reading: PNG, JPEG, BMP, TIFF, DM3 and DM4 files → [`Micrograph`], with calibration and instrument
//! settings from the metadata of the instrument's maker.
//!
//! A file is data from outside: one budget limits the decoded pixels, and every fault is an error
//! that names the file and the reason. The format is told by the content, never by the name.
//! Colors become one channel by the luma of ITU-R BT.601; transparency is left out.
//!
//! A pixel size is taken, in this order, from the user, the maker's metadata, an `ImageJ` or OME
//! description, the maker's text file beside the image. Sources that contradict each other leave the file uncalibrated, with a warning.
//! Resolution tags in dpi are never a calibration.

mod diss;
mod fei;
mod findings;
mod format;
mod gatan;
mod hitachi;
mod imagej;
mod ini;
mod jeol;
mod number;
mod ome;
mod orion;
mod raster;
mod sidecar;
mod tem;
mod tescan;
mod tiff;
mod xml;
mod zeiss;

use std::fs::File;
use std::io::{self, BufReader, Seek};
use std::path::{Path, PathBuf};

use crate::{FileFacts, Micrograph, Plane};
use format::Format;

/// How files are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadConfig {
    /// Page of a file of several pages, from 0.
    pub page: usize,
    /// Most bytes that the decoded pixels of one file may take, working copies included.
    pub most_bytes: usize,
    /// Size of a pixel as typed by the user, above 0; goes before anything that the file says.
    pub nm_per_px: Option<f64>,
}

impl Default for ReadConfig {
    fn default() -> Self {
        Self {
            page: 0,
            most_bytes: 512 << 20, // 8192 × 8192 pixels as f32 and as 16 bit, with room
            nm_per_px: None,
        }
    }
}

/// Why a file could not be read as a micrograph.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ReadError {
    /// The system could not give the bytes of `path`.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// `path` is not an image of a format that is read.
    #[error("{}: expected PNG, JPEG, BMP, TIFF or Gatan DM, found {found}", path.display())]
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
        "{}: {what} need {} MiB of memory to decode, allowed are {} MiB",
        path.display(), bytes.div_ceil(1 << 20), most_bytes >> 20
    )]
    TooLarge { path: PathBuf, what: String, bytes: u64, most_bytes: usize },
    /// `path` has no page `page`.
    #[error("{}: expected a page from 0 to {}, found {page}", path.display(), n_pages - 1)]
    NoPage { path: PathBuf, page: usize, n_pages: usize },
    /// Some values of `path` are not numbers, or too large for `f32`.
    #[error("{}: expected finite values, found {count} of {total} pixels that are not", path.display())]
    NotFinite { path: PathBuf, count: usize, total: usize },
    /// The user's pixel size for `path` is none.
    #[error("{}: expected a pixel size above 0 nm, found {nm_per_px}", path.display())]
    PixelSize { path: PathBuf, nm_per_px: f64 },
}

/// Reads `path`: its pixels and what it tells about them.
///
/// # Errors
/// If `path` is no readable image, is damaged, needs more than `config.most_bytes`, has no page
/// `config.page`, or holds values that are not finite.
pub fn micrograph(path: &Path, config: &ReadConfig) -> Result<Micrograph, ReadError> {
    let (source, mut reader) = Source::open(path, config)?;
    let (facts, plane) = match source.format {
        Format::Tiff => {
            let (facts, page) = tiff::facts(&source, &mut reader)?;
            (facts, tiff::plane(&source, &mut reader, &page)?)
        }
        Format::Gatan => {
            let (facts, page) = gatan::facts(&source, &mut reader)?;
            (facts, gatan::plane(&source, &mut reader, &page)?)
        }
        _ => (raster::facts(&source, &mut reader)?, raster::plane(&source, &mut reader)?),
    };
    let total = plane.values().len();
    let count = plane.values().iter().filter(|value| !value.is_finite()).count();
    if count > 0 {
        return Err(ReadError::NotFinite { path: path.to_owned(), count, total });
    }
    Ok(Micrograph { plane, facts })
}

/// Reads red, green and blue of a PNG, JPEG or BMP file, each in `[0, 1]`; those of a grey one are
/// alike. For networks that see colors; what is measured is read by [`micrograph()`].
///
/// # Errors
/// As [`micrograph()`], and for files of other formats.
pub fn colors(path: &Path, config: &ReadConfig) -> Result<[Plane; 3], ReadError> {
    let (source, mut reader) = Source::open(path, config)?;
    match source.format {
        Format::Tiff | Format::Gatan => Err(ReadError::Unsupported {
            path: path.to_owned(),
            found: source.format.name().to_owned(),
            expected: "PNG, JPEG or BMP, for their colors",
        }),
        _ => raster::colors(&source, &mut reader),
    }
}

/// Reads what `path` tells without decoding its pixels.
///
/// # Errors
/// If `path` is no readable image, its header is damaged, or it has no page `config.page`.
pub fn facts(path: &Path, config: &ReadConfig) -> Result<FileFacts, ReadError> {
    let (source, mut reader) = Source::open(path, config)?;
    match source.format {
        Format::Tiff => tiff::facts(&source, &mut reader).map(|(facts, _)| facts),
        Format::Gatan => gatan::facts(&source, &mut reader).map(|(facts, _)| facts),
        _ => raster::facts(&source, &mut reader),
    }
}

/// A file's name and format, and how it is to be read.
struct Source<'a> {
    path: &'a Path,
    config: &'a ReadConfig,
    format: Format,
    /// Bytes in the file.
    length: u64,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path, config: &'a ReadConfig) -> Result<(Self, BufReader<File>), ReadError> {
        if let Some(nm_per_px) = config.nm_per_px
            && !(nm_per_px.is_finite() && nm_per_px > 0.0)
        {
            return Err(ReadError::PixelSize { path: path.to_owned(), nm_per_px });
        }
        let io = |source| ReadError::Io { path: path.to_owned(), source };
        // asked before opening: opening a pipe would wait for its other end
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            let found = if metadata.is_dir() { "a folder" } else { "neither file nor folder" };
            return Err(ReadError::Format { path: path.to_owned(), found: found.to_owned() });
        }
        let mut reader = BufReader::new(File::open(path).map_err(io)?);
        let head = format::head(&mut reader).map_err(io)?;
        reader.rewind().map_err(io)?;
        let format = format::of(&head).map_err(|found| ReadError::Format { path: path.to_owned(), found })?;
        Ok((Self { path, config, format, length: metadata.len() }, reader))
    }

    fn io(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.to_owned(), source }
    }

    fn damaged(&self, reason: impl Into<String>) -> ReadError {
        ReadError::Damaged { path: self.path.to_owned(), format: self.format.name(), reason: reason.into() }
    }

    fn decode(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ReadError {
        ReadError::Decode { path: self.path.to_owned(), format: self.format.name(), source: source.into() }
    }

    /// Refuses pixels whose plane and `working` copies need more bytes than the budget.
    fn check_budget(&self, height: usize, width: usize, working: u64) -> Result<(), ReadError> {
        let plane = (height as u64).saturating_mul(width as u64).saturating_mul(size_of::<f32>() as u64);
        self.check_bytes(plane.saturating_add(working), || format!("{height} rows of {width} pixels"))
    }

    fn check_bytes(&self, bytes: u64, what: impl Fn() -> String) -> Result<(), ReadError> {
        let most_bytes = self.config.most_bytes;
        if bytes <= most_bytes as u64 {
            return Ok(());
        }
        Err(ReadError::TooLarge { path: self.path.to_owned(), what: what(), bytes, most_bytes })
    }
}

/// Luma by ITU-R BT.601 of a color; exactly the grey level where the three are equal.
fn luma([red, green, blue]: [f32; 3]) -> f32 {
    // 0.587 is the rest of the weights of red and blue
    green + 0.299 * (red - green) + 0.114 * (blue - green)
}
