//! Reading: PNG, JPEG, BMP, TIFF, DM3 and DM4 files → [`Micrograph`], with calibration and instrument
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
mod luma;
mod memento;
mod number;
mod ome;
mod orion;
mod raster;
mod sidecar;
mod tem;
mod tescan;
mod tiff;
mod unit;
mod xml;
mod zeiss;

use std::io::{BufReader, Cursor};
use std::path::Path;

use crate::source::open;
use crate::{FileFacts, Micrograph, Plane, Source};
use format::Format;
use image_file::{ImageFile, Stream};

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
    /// `config.page`, or holds more values that are not finite than `config` allows.
    pub fn from_source(source: &Source, config: &ReadConfig) -> Result<Self, ReadError> {
        let (file, mut stream) = of_source(source, config)?;
        let (facts, plane) = match file.format {
            Format::Tiff => {
                let (facts, page) = tiff::facts(&file, &mut stream)?;
                (facts, tiff::plane(&file, &mut stream, &page)?)
            }
            Format::Gatan => {
                let (facts, page) = gatan::facts(&file, &mut stream)?;
                (facts, gatan::plane(&file, &mut stream, &page)?)
            }
            Format::JeolStation => {
                let (facts, page) = jeol_station::facts(&file, &mut stream)?;
                (facts, jeol_station::plane(&file, &mut stream, &page)?)
            }
            _ => (raster::facts(&file, &mut stream)?, raster::plane(&file, &mut stream)?),
        };
        let total = plane.values().len();
        let count = plane.values().iter().filter(|value| !value.is_finite()).count();
        if count as f64 > config.most_not_finite * total as f64 {
            return Err(ReadError::NotFinite { path: source.path().to_owned(), count, total });
        }
        Ok(Self { plane, facts })
    }
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
    Micrograph::from_source(&Source::read(path)?, config)
}

/// Red, green and blue of a PNG, JPEG or BMP file, each in `[0, 1]`; those of a grey file are
/// equal. For networks with color input; measurements read by [`micrograph()`].
///
/// # Errors
/// As [`micrograph()`], and for files of other formats.
pub fn colors(source: &Source, config: &ReadConfig) -> Result<[Plane; 3], ReadError> {
    let (file, mut stream) = of_source(source, config)?;
    match file.format {
        Format::Tiff | Format::Gatan | Format::JeolStation => Err(ReadError::Unsupported {
            path: source.path().to_owned(),
            found: file.format.name().to_owned(),
            expected: "PNG, JPEG or BMP, for their colors",
        }),
        _ => raster::colors(&file, &mut stream),
    }
}

/// Reads the facts of `path` without decoding its pixels; of a large file only the necessary parts.
///
/// # Errors
/// If `path` is not a readable image, its header is damaged, or it has no page `config.page`.
pub fn facts(path: &Path, config: &ReadConfig) -> Result<FileFacts, ReadError> {
    ImageFile::check(path, config)?;
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let file = open(path)?;
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
    match file.format {
        Format::Tiff => tiff::facts(file, stream).map(|(facts, _)| facts),
        Format::Gatan => gatan::facts(file, stream).map(|(facts, _)| facts),
        Format::JeolStation => jeol_station::facts(file, stream).map(|(facts, _)| facts),
        _ => raster::facts(file, stream),
    }
}
