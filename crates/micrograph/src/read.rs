//! Reading: PNG, JPEG, BMP, TIFF, PGM, NPY, DM3 and DM4 files → [`Micrograph`], with calibration and instrument
//! settings from the metadata of the instrument's maker.
//!
//! A file is data from outside: one budget limits the decoded pixels, and every fault is an error
//! that names the file and the reason. The format is identified by the content, never by the name.
//! Colors become one channel by the luma of ITU-R BT.601; transparency is left out.
//!
//! A pixel size is taken, in this order, from the user, the maker's metadata, an `ImageJ` or OME
//! description, the maker's text file beside the image. Sources that contradict each other leave the file
//! uncalibrated, with a warning.
//! Resolution tags in dpi are never a calibration.

mod config;
mod diss;
pub(crate) mod error;
mod exif;
mod extensions;
mod fei;
mod findings;
mod format;
mod gatan;
mod hitachi;
mod image_file;
mod imagej;
mod ini;
mod jeol;
mod jeol_station;
mod jeol_tem;
mod jpeg;
mod levels;
mod luma;
mod memento;
mod netpbm;
mod npy;
mod number;
mod ome;
mod orientation;
mod orion;
mod raster;
mod rows;
mod samples;
mod sidecar;
mod simple;
mod tem;
mod tescan;
mod tiff;
mod unit;
mod xml;
mod zeiss;

use std::io::{BufReader, Cursor};
use std::path::Path;

use crate::{FileFacts, Micrograph, Plane, Rect, Source, regular};
use format::Format;
use image_file::{ImageFile, Stream};
use orientation::{Orientation, Stored};

pub use config::ReadConfig;
pub use error::ReadError;
pub use extensions::{EXTENSIONS, is_image};

impl Micrograph {
    /// Reads the first page of the file at `path`, with its metadata.
    ///
    /// # Errors
    /// As [`Self::from_source`], and if the file cannot be read.
    ///
    /// # Examples
    /// ```
    /// # use micrograph::{CalibrationSource, Micrograph};
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/makers/fei_quanta3d.tif");
    /// let micrograph = Micrograph::open(path)?;
    /// let calibration = micrograph.facts.calibration.expect("this file has a pixel size");
    /// assert_eq!(calibration.nm_per_px_x.round(), 583.0);
    /// assert!(matches!(calibration.source, CalibrationSource::Vendor(_)));
    /// assert_eq!(micrograph.facts.instrument.accelerating_voltage_kv, Some(20.0));
    /// # Ok::<(), micrograph::ReadError>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Self::from_source(&Source::read(path.as_ref())?, &ReadConfig::default())
    }

    /// Decodes `source`: its pixels and the facts about them.
    ///
    /// # Errors
    /// If it is not a readable image, is damaged, needs more than `config.most_bytes`, has no page
    /// `config.page`, or holds values that are not finite.
    pub fn from_source(source: &Source, config: &ReadConfig) -> Result<Self, ReadError> {
        let (file, mut stream) = of_source(source, config)?;
        let stream = &mut stream;
        let (stored, (plane, warning)) = match file.format {
            Format::Tiff => {
                let (stored, page) = tiff::facts(&file, stream)?;
                stored.check(&file)?;
                (stored, tiff::plane(&file, stream, &page, None)?)
            }
            Format::Gatan => {
                let (stored, rows) = gatan::facts(&file, stream)?;
                (stored, rows.plane(&file, stream)?)
            }
            Format::JeolStation => {
                let (facts, page) = jeol_station::facts(&file, stream)?;
                (Stored::plain(facts), (jeol_station::plane(&file, stream, &page)?, None))
            }
            Format::Netpbm => {
                let (stored, page) = netpbm::facts(&file, stream)?;
                (stored, netpbm::plane(&file, stream, &page)?)
            }
            Format::Npy => {
                let (stored, page) = npy::facts(&file, stream)?;
                (stored, npy::plane(&file, stream, &page)?)
            }
            Format::Png | Format::Jpeg | Format::Bmp => {
                let stored = raster::facts(&file, stream)?;
                stored.check(&file)?;
                (stored, (raster::plane(&file, stream)?, None))
            }
        };
        check_finite(&file, &plane)?;
        let plane = stored.orientation.turn(plane);
        let mut facts = stored.shown();
        facts.warnings.extend(warning);
        Ok(Self { plane, facts })
    }

    /// Decodes `part` of `source`, for images that are too large as a whole: of a TIFF file that is not turned only
    /// the strips or tiles that hold it, of others all. The facts are those of the part.
    ///
    /// # Errors
    /// As [`Self::from_source`], and [`ReadError::Part`] if the part is not inside the image.
    pub fn part_of_source(source: &Source, config: &ReadConfig, part: Rect) -> Result<Self, ReadError> {
        let (file, mut stream) = of_source(source, config)?;
        if file.format == Format::Tiff {
            let (stored, page) = tiff::facts(&file, &mut stream)?;
            if stored.orientation == Orientation::default() {
                check_part(&stored.facts, part)?;
                let (plane, warning) = tiff::plane(&file, &mut stream, &page, Some(part))?;
                check_finite(&file, &plane)?;
                let mut facts = of_part(stored.shown(), part);
                facts.warnings.extend(warning);
                return Ok(Self { plane, facts });
            }
        }
        let Self { plane, facts } = Self::from_source(source, config)?;
        check_part(&facts, part)?;
        Ok(Self { plane: plane.crop(part), facts: of_part(facts, part) })
    }
}

/// The `facts` of an image, for a `part` of it; the data bar belongs to the whole.
fn of_part(facts: FileFacts, part: Rect) -> FileFacts {
    FileFacts { height: part.height, width: part.width, specimen_rows: None, ..facts }
}

fn check_part(facts: &FileFacts, part: Rect) -> Result<(), ReadError> {
    let FileFacts { height, width, .. } = *facts;
    if part.is_within(height, width) {
        return Ok(());
    }
    Err(ReadError::Part { path: facts.path.clone(), part, height, width })
}

fn check_finite(file: &ImageFile<'_>, plane: &Plane) -> Result<(), ReadError> {
    let total = plane.values().len();
    let count = plane.values().iter().filter(|value| !value.is_finite()).count();
    if count as f64 > file.config.most_not_finite * total as f64 {
        return Err(ReadError::NotFinite { path: file.path.to_owned(), count, total });
    }
    Ok(())
}

impl FileFacts {
    /// The facts that `source` gives without decoding its pixels.
    ///
    /// # Errors
    /// If it is not a readable image, its header is damaged, or it has no page `config.page`.
    pub fn from_source(source: &Source, config: &ReadConfig) -> Result<Self, ReadError> {
        let (file, mut stream) = of_source(source, config)?;
        of_stream(&file, &mut stream)
    }
}

/// Reads `path`: its pixels and the facts about them.
///
/// # Errors
/// As [`Micrograph::from_source`], and if the file cannot be read.
pub fn micrograph(path: &Path, config: &ReadConfig) -> Result<Micrograph, ReadError> {
    ImageFile::check(path, config)?;
    Micrograph::from_source(&Source::read_within(path, config.most_bytes)?, config)
}

/// Red, green and blue of a PNG, JPEG or BMP file, each in `[0, 1]`; those of a grey file are
/// equal. For networks with color input; measurements read by [`micrograph()`].
///
/// # Errors
/// As [`micrograph()`], and for files of other formats.
pub fn colors(source: &Source, config: &ReadConfig) -> Result<[Plane; 3], ReadError> {
    let (file, mut stream) = of_source(source, config)?;
    match file.format {
        Format::Png | Format::Jpeg | Format::Bmp => raster::colors(&file, &mut stream),
        _ => Err(ReadError::Unsupported {
            path: source.path().to_owned(),
            found: file.format.name().to_owned(),
            expected: "PNG, JPEG or BMP, for their colors",
        }),
    }
}

/// The numbers of `source` as they are stored: of a TIFF file the indices into its palette, and levels of which white is
/// zero as they are. For label images; with a warning where numbers have more digits than an `f32`.
///
/// # Errors
/// As [`Micrograph::from_source`].
#[cfg(feature = "regions")]
pub(crate) fn stored_numbers(
    source: &Source,
    config: &ReadConfig,
) -> Result<(Plane, Option<String>), ReadError> {
    let (file, mut stream) = of_source(source, config)?;
    let (stored, (plane, warning)) = match file.format {
        Format::Tiff => {
            let (stored, page) = tiff::facts(&file, &mut stream)?;
            stored.check(&file)?;
            (stored, tiff::plane(&file, &mut stream, &page.into_stored(), None)?)
        }
        Format::Npy => {
            let (stored, page) = npy::facts(&file, &mut stream)?;
            (stored, npy::plane(&file, &mut stream, &page)?)
        }
        _ => return Micrograph::from_source(source, config).map(|read| (read.plane, None)),
    };
    check_finite(&file, &plane)?;
    Ok((stored.orientation.turn(plane), warning))
}

/// Reads the facts of `path` without decoding its pixels; of a large file only the necessary parts.
///
/// # Errors
/// If `path` is not a readable image, its header is damaged, or it has no page `config.page`.
pub fn facts(path: &Path, config: &ReadConfig) -> Result<FileFacts, ReadError> {
    ImageFile::check(path, config)?;
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let file = regular::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut stream = BufReader::new(file);
    let file = ImageFile::new(path, config, &mut stream, length)?;
    of_stream(&file, &mut stream)
}

fn of_source<'a>(
    source: &'a Source,
    config: &'a ReadConfig,
) -> Result<(ImageFile<'a>, Cursor<&'a [u8]>), ReadError> {
    ImageFile::check(source.path(), config)?;
    let mut stream = Cursor::new(source.bytes());
    let file = ImageFile::new(source.path(), config, &mut stream, source.bytes().len() as u64)?;
    Ok((file, stream))
}

fn of_stream(file: &ImageFile<'_>, stream: &mut dyn Stream) -> Result<FileFacts, ReadError> {
    let stored = match file.format {
        Format::Tiff => tiff::facts(file, stream)?.0,
        Format::Gatan => gatan::facts(file, stream)?.0,
        Format::JeolStation => Stored::plain(jeol_station::facts(file, stream)?.0),
        Format::Netpbm => netpbm::facts(file, stream)?.0,
        Format::Npy => npy::facts(file, stream)?.0,
        Format::Png | Format::Jpeg | Format::Bmp => raster::facts(file, stream)?,
    };
    Ok(stored.shown())
}
