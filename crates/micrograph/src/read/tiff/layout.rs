//! Layout: how the pixels of a TIFF page are stored, from its tags (TIFF 6.0, 1992, and its supplements).

use std::fmt;

use super::super::number::Size;
use super::super::samples::{Kind, Samples};
use super::compression::Compression;
use super::directory::{Directory, Fault, Tags};
use super::meaning::{Meaning, meaning};

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES: u16 = 277;
const STRIP_ROWS: u16 = 278;
const STRIP_BYTES: u16 = 279;
const PLANAR: u16 = 284;
const FAX3_OPTIONS: u16 = 292;
const PREDICTOR: u16 = 317;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTES: u16 = 325;
const SAMPLE_FORMAT: u16 = 339;

/// Strips or tiles of a page.
#[derive(Debug)]
pub(super) struct Chunks {
    /// Columns and rows of each; of strips not more than the image has.
    pub(super) size: Size,
    /// Where each begins in the file.
    pub(super) offsets: Vec<u64>,
    /// Bytes of each in the file; 0, or none at all, where the file does not say.
    pub(super) bytes: Vec<u64>,
    pub(super) tiled: bool,
}

/// How the pixels of a page are stored.
#[derive(Debug)]
pub(in super::super) struct Layout {
    pub(super) size: Size,
    pub(super) samples: Samples,
    /// Samples in a pixel, transparency included.
    n_samples: usize,
    pub(super) meaning: Meaning,
    /// Whether each sample of the pixels has strips or tiles of its own.
    pub(super) planar: bool,
    pub(super) compression: Compression,
    /// Whether the bits of each byte are stored in reverse.
    pub(super) reversed: bool,
    pub(super) chunks: Chunks,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (&self.meaning, self.samples.kind) {
            (Meaning::Palette(_), _) => "palette",
            (Meaning::Rgb, _) if self.n_samples > 3 => "RGBA",
            (Meaning::Rgb, _) => "RGB",
            (Meaning::YCbCr { .. }, _) => "YCbCr",
            (Meaning::Cmyk, _) => "CMYK",
            (Meaning::Lab { .. }, _) => "CIELab",
            (_, Kind::Signed) => "signed",
            (_, Kind::Float) => "float",
            (Meaning::Gray | Meaning::InvertedGray, Kind::Unsigned) => "grey",
        };
        write!(f, "{}-bit {kind}", self.samples.bits)?;
        if self.meaning == Meaning::InvertedGray { write!(f, ", white is zero") } else { Ok(()) }
    }
}

impl Layout {
    pub(super) fn read(tags: &mut Tags<'_>, directory: &Directory) -> Result<Self, Fault> {
        let mut number = |tag: u16| tags.number(directory, tag);
        let (Some(width), Some(height)) = (number(WIDTH)?, number(HEIGHT)?) else {
            return Err(Fault::Damaged("a page without width or height".to_owned()));
        };
        // the standard has 32 bits for them
        let whole = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
        let (Some(width), Some(height)) = (whole(width), whole(height)) else {
            return Err(Fault::Damaged(format!("{height} rows of {width} pixels")));
        };
        let size = Size { height: height as usize, width: width as usize };
        let n_samples = number(SAMPLES)?.unwrap_or(1);
        if !(1..=1024).contains(&n_samples) {
            return Err(Fault::Damaged(format!("{n_samples} samples a pixel")));
        }
        let n_samples = n_samples as usize;
        let options = number(FAX3_OPTIONS)?.unwrap_or(0);
        let compression = Compression::of(number(COMPRESSION)?.unwrap_or(1), options)?;
        let planar = number(PLANAR)?.unwrap_or(1) == 2 && n_samples > 1;
        let reversed = number(FILL_ORDER)? == Some(2) && compression != Compression::Jpeg;
        let predictor = if compression.predicts() { number(PREDICTOR)?.unwrap_or(1) } else { 1 };
        let chunks = chunks(tags, directory, size)?;
        let mut samples = Samples {
            kind: kind(tags, directory)?,
            bits: bits(tags, directory, n_samples)?,
            together: if planar { 1 } else { n_samples },
            little_endian: tags.little_endian(),
            predictor,
            unpacked: false,
            inverted: false,
        };
        let meaning = meaning(tags, directory, &samples, n_samples, compression)?;
        samples.inverted = meaning == Meaning::InvertedGray;
        samples.check().map_err(|found| Fault::Unsupported {
            found,
            expected: "whole numbers of at most 64 bits, or floats of 16, 32 or 64",
        })?;
        let mut layout = Self { size, samples, n_samples, meaning, planar, compression, reversed, chunks };
        layout.samples.unpacked = layout.fits_in_words();
        Ok(layout)
    }

    /// The layout with grey levels, or indices into its palette, as they are stored.
    #[cfg(feature = "regions")]
    pub(super) fn into_stored(mut self) -> Self {
        if matches!(self.meaning, Meaning::Palette(_) | Meaning::InvertedGray) {
            self.meaning = Meaning::Gray;
            self.samples.inverted = false;
        }
        self
    }

    pub(in super::super) fn size(&self) -> Size {
        self.size
    }

    /// Lines of strips or tiles, and how many are in each.
    pub(super) fn grid(&self) -> (usize, usize) {
        let Size { height, width } = self.chunks.size;
        (self.size.height.div_ceil(height), self.size.width.div_ceil(width))
    }

    /// Rows of the `row`th line of strips or tiles that are stored.
    pub(super) fn rows_of(&self, row: usize) -> usize {
        let here = self.chunks.size.height;
        if self.chunks.tiled { here } else { here.min(self.size.height - row * here) }
    }

    /// Bytes of a row of a strip or tile; of a line of units where colors are subsampled.
    pub(super) fn row_bytes(&self) -> u64 {
        let width = self.chunks.size.width as u64;
        match self.meaning {
            Meaning::YCbCr { columns, rows }
                if columns * rows > 1 && self.compression != Compression::Jpeg =>
            {
                width.div_ceil(columns as u64).saturating_mul((columns * rows) as u64 + 2)
            }
            _ => self.samples.row_bytes(width),
        }
    }

    /// Bytes of the `row`th line's strips or tiles when they are not compressed.
    pub(super) fn chunk_bytes(&self, row: usize) -> u64 {
        let lines = match self.meaning {
            Meaning::YCbCr { rows, .. } if self.compression != Compression::Jpeg => {
                self.rows_of(row).div_ceil(rows)
            }
            _ => self.rows_of(row),
        };
        self.row_bytes().saturating_mul(lines as u64)
    }

    /// Why the strips or tiles can't hold the image, where their lengths show it.
    pub(super) fn chunk_fault(&self) -> Option<String> {
        let name = if self.chunks.tiled { "tile" } else { "strip" };
        let (down, across) = self.grid();
        let planes = if self.planar { self.used_planes() } else { 1 };
        let expected = down.saturating_mul(across).saturating_mul(planes);
        let found = self.chunks.offsets.len();
        if found < expected {
            return Some(format!("expected {expected} {name}s, found {found}"));
        }
        if self.compression != Compression::None {
            return None;
        }
        let short = |(idx, bytes): (usize, &u64)| {
            let expected = self.chunk_bytes(idx / across % down);
            let short = *bytes > 0 && *bytes < expected;
            short.then(|| format!("{name} {idx}: expected {expected} bytes, found {bytes}"))
        };
        self.chunks.bytes.iter().take(expected).enumerate().find_map(short)
    }

    /// How many of the samples' planes make up the grey level.
    pub(super) fn used_planes(&self) -> usize {
        match self.meaning {
            Meaning::Rgb => 3,
            Meaning::Cmyk => 4,
            _ => 1, // further planes hold transparency and the like
        }
    }

    /// Whether numbers of 9 to 15 bits fill 16 each, as some cameras write them: the length of the strips
    /// shows it.
    fn fits_in_words(&self) -> bool {
        let bits = self.samples.bits;
        if self.compression != Compression::None || !(9..16).contains(&bits) || self.chunks.bytes.is_empty() {
            return false;
        }
        let row = 2 * (self.chunks.size.width * self.samples.together) as u64;
        if row == self.row_bytes() {
            return false; // a row of few pixels may have the same length either way
        }
        let (down, across) = self.grid();
        let whole = |(idx, bytes): (usize, &u64)| *bytes == row * self.rows_of(idx / across % down) as u64;
        self.chunks.bytes.iter().enumerate().all(whole)
    }
}

fn chunks(tags: &mut Tags<'_>, directory: &Directory, size: Size) -> Result<Chunks, Fault> {
    let tile = match (tags.number(directory, TILE_WIDTH)?, tags.number(directory, TILE_HEIGHT)?) {
        (Some(width), Some(height)) => Some((width, height)),
        _ => None,
    };
    let chunk = match tile {
        Some((width, height)) => match (u32::try_from(width), u32::try_from(height)) {
            (Ok(width @ 1..), Ok(height @ 1..)) => Size { height: height as usize, width: width as usize },
            _ => return Err(Fault::Damaged("tiles without pixels".to_owned())),
        },
        None => {
            let height = size.height as u64;
            let rows = tags.number(directory, STRIP_ROWS)?.unwrap_or(height).clamp(1, height);
            Size { height: rows as usize, width: size.width }
        }
    };
    let mut numbers = |tag: u16, other: u16| match directory.entry(tag).or(directory.entry(other)) {
        Some(entry) => tags.numbers(entry),
        None => Ok(Vec::new()),
    };
    // some writers use the tags of strips for tiles
    let (offsets, bytes) = match tile {
        Some(_) => (numbers(TILE_OFFSETS, STRIP_OFFSETS)?, numbers(TILE_BYTES, STRIP_BYTES)?),
        None => (numbers(STRIP_OFFSETS, STRIP_OFFSETS)?, numbers(STRIP_BYTES, STRIP_BYTES)?),
    };
    Ok(Chunks { size: chunk, offsets, bytes, tiled: tile.is_some() })
}

/// Bits of a sample, the same for all of a pixel.
fn bits(tags: &mut Tags<'_>, directory: &Directory, n_samples: usize) -> Result<usize, Fault> {
    let Some(entry) = directory.entry(BITS) else { return Ok(1) };
    let all = tags.numbers(entry)?;
    let Some(&first) = all.first() else { return Ok(1) };
    if all.iter().take(n_samples).any(|bits| *bits != first) {
        return Err(Fault::Unsupported {
            found: format!("samples of {all:?} bits"),
            expected: "the same number of bits for all samples of a pixel",
        });
    }
    // what is too large for a sample is refused later, with its kind
    Ok(first.min(1 << 16) as usize)
}

fn kind(tags: &mut Tags<'_>, directory: &Directory) -> Result<Kind, Fault> {
    match tags.number(directory, SAMPLE_FORMAT)?.unwrap_or(1) {
        // 4 is "undefined": the standard has readers take it as unsigned
        1 | 4 => Ok(Kind::Unsigned),
        2 => Ok(Kind::Signed),
        3 => Ok(Kind::Float),
        other => Err(Fault::Unsupported {
            found: match other {
                5 | 6 => "complex numbers".to_owned(),
                _ => format!("numbers of the unknown kind {other}"),
            },
            expected: "whole numbers or floats; export magnitude and phase, or real and imaginary part, as images",
        }),
    }
}
