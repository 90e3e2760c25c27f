//! Pixels of a TIFF page, decoded by the `tiff` crate strip by strip or tile by tile.
//!
//! The crate (0.11) refuses palettes and inverts only some kinds of samples. So two fields of the
//! file are changed before the crate reads them: the requested page becomes the first one, and its
//! samples become plain numbers; palette, inversion and colors are applied here.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use tiff::decoder::{Decoder, DecodingResult, Limits};

use crate::Plane;

use super::super::error::ReadError;
use super::super::image_file::{ImageFile, Stream};
use super::super::luma::luma;
use super::super::number::Size;
use super::Page;
use super::directory::{Directory, Fault, Tags};

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const INTERPRETATION: u16 = 262;
const SAMPLES: u16 = 277;
const STRIP_ROWS: u16 = 278;
const STRIP_BYTES: u16 = 279;
const PLANAR: u16 = 284;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const SAMPLE_FORMAT: u16 = 339;

const UNCOMPRESSED: u64 = 1;
const BLACK_IS_ZERO: u64 = 1;

/// What the samples of a pixel mean.
#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    Gray,
    /// Grey, the larger the darker.
    InvertedGray,
    /// An index into these grey levels.
    Palette(Vec<f32>),
    Rgb,
    /// Luma and two color differences.
    YCbCr,
}

/// How the pixels of a page are stored.
#[derive(Debug)]
pub(super) struct Layout {
    size: Size,
    bits: u64,
    /// Samples in a pixel, transparency included.
    samples: u64,
    /// 1 unsigned, 2 signed, 3 float.
    sample_format: u64,
    meaning: Meaning,
    planar: bool,
    compression: u64,
    /// Size of a strip or tile, not larger than the image for strips.
    chunk: Size,
    /// Bytes of each strip in the file; empty for tiles.
    strip_bytes: Vec<u64>,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (&self.meaning, self.sample_format) {
            (Meaning::Palette(_), _) => "palette",
            (Meaning::Rgb, _) if self.samples > 3 => "RGBA",
            (Meaning::Rgb, _) => "RGB",
            (Meaning::YCbCr, _) => "YCbCr",
            (_, 2) => "signed",
            (_, 3) => "float",
            (Meaning::Gray | Meaning::InvertedGray, _) => "grey",
        };
        write!(f, "{}-bit {kind}", self.bits)?;
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
        let bits = number(BITS)?.unwrap_or(1);
        let samples = number(SAMPLES)?.unwrap_or(1);
        let sample_format = number(SAMPLE_FORMAT)?.unwrap_or(1);
        let compression = number(COMPRESSION)?.unwrap_or(UNCOMPRESSED);
        let planar = number(PLANAR)?.unwrap_or(1) == 2 && samples > 1;
        let interpretation = number(INTERPRETATION)?;
        let tile = match (number(TILE_WIDTH)?, number(TILE_HEIGHT)?) {
            (Some(width), Some(height)) => Some((width, height)),
            _ => None,
        };
        let strip_rows = number(STRIP_ROWS)?.unwrap_or(u64::from(height)).min(u64::from(height));
        let chunk = match tile.map(|(width, height)| (whole(width), whole(height))) {
            Some((Some(width), Some(height))) => Size { height: height as usize, width: width as usize },
            Some(_) => return Err(Fault::Damaged("tiles without pixels".to_owned())),
            None => Size { height: strip_rows.max(1) as usize, width: size.width },
        };
        let strip_bytes = match directory.entry(STRIP_BYTES) {
            Some(entry) if tile.is_none() => tags.numbers(entry)?,
            _ => Vec::new(),
        };
        let meaning = match interpretation {
            Some(0) => Meaning::InvertedGray,
            Some(1) | None => Meaning::Gray,
            Some(2) if samples >= 3 => Meaning::Rgb,
            Some(3) => Meaning::Palette(palette(tags, directory, bits)?),
            Some(6) => Meaning::YCbCr,
            Some(other) => {
                return Err(Fault::Unsupported {
                    found: format!("{samples} samples a pixel of interpretation {other}"),
                    expected: "grey, palette, RGB or YCbCr pixels",
                });
            }
        };
        Ok(Self { size, bits, samples, sample_format, meaning, planar, compression, chunk, strip_bytes })
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Bytes of a row of a strip or tile.
    fn chunk_row_bytes(&self) -> u64 {
        let samples = if self.planar { 1 } else { self.samples };
        (self.chunk.width as u64).saturating_mul(self.bits).saturating_mul(samples).div_ceil(8)
    }

    /// Rows of the `row`th line of strips or tiles.
    fn rows_of(&self, row: usize) -> usize {
        self.chunk.height.min(self.size.height - row * self.chunk.height)
    }

    /// Why the strips can't hold the image, where their lengths show it.
    fn strip_fault(&self) -> Option<String> {
        if self.compression != UNCOMPRESSED {
            return None;
        }
        let per_plane = self.size.height.div_ceil(self.chunk.height);
        let short = |(idx, bytes): (usize, &u64)| {
            let expected = self.rows_of(idx % per_plane) as u64 * self.chunk_row_bytes();
            (*bytes < expected).then(|| format!("strip {idx}: expected {expected} bytes, found {bytes}"))
        };
        self.strip_bytes.iter().enumerate().find_map(short)
    }

    /// The largest value of a sample.
    fn most(&self) -> f32 {
        ((1u128 << self.bits.min(64)) - 1) as f32
    }
}

/// Grey levels of the color map, in the units of 8 bits for up to 8 bits, else of 16.
fn palette(tags: &mut Tags<'_>, directory: &Directory, bits: u64) -> Result<Vec<f32>, Fault> {
    let Some(entry) = directory.entry(COLOR_MAP) else {
        return Err(Fault::Damaged("a palette image without color map".to_owned()));
    };
    let map = tags.numbers(entry)?;
    let expected = 3usize << bits.min(16);
    if map.len() != expected {
        return Err(Fault::Damaged(format!("color map: expected {expected} values, found {}", map.len())));
    }
    // some writers put 8-bit values into the 16-bit fields
    let unit = if bits > 8 || map.iter().all(|value| *value < 256) { 1.0 } else { 257.0 };
    let n = map.len() / 3;
    let level = |value: u64| value as f32 / unit;
    Ok((0..n).map(|idx| luma([level(map[idx]), level(map[n + idx]), level(map[2 * n + idx])])).collect())
}

/// Decodes the pixels of `page`.
pub(in super::super) fn plane(
    file: &ImageFile<'_>,
    reader: &mut dyn Stream,
    page: &Page,
) -> Result<Plane, ReadError> {
    let layout = &page.layout;
    let Size { height, width } = layout.size;
    let chunk_bytes = layout.chunk_row_bytes().saturating_mul(layout.chunk.height as u64);
    // a JPEG strip is decoded in addition to the returned one
    let copies = if layout.compression == UNCOMPRESSED { 1 } else { 2 };
    file.check_budget(height, width, chunk_bytes.saturating_mul(copies))?;
    if let Some(fault) = layout.strip_fault() {
        return Err(file.damaged(fault));
    }
    let mut plane = Plane::filled(height, width, 0.0);
    let decoded = decode(file, reader, page, &mut plane);
    decoded.map_err(|fault| match fault {
        DecodeFault::Tiff(tiff::TiffError::IoError(error))
            if error.kind() == io::ErrorKind::UnexpectedEof =>
        {
            file.damaged("it ends before its pixels do")
        }
        DecodeFault::Tiff(error) => file.decode(error),
        DecodeFault::Damaged(reason) => file.damaged(reason),
    })?;
    Ok(plane)
}

enum DecodeFault {
    Tiff(tiff::TiffError),
    Damaged(String),
}

impl From<tiff::TiffError> for DecodeFault {
    fn from(error: tiff::TiffError) -> Self {
        Self::Tiff(error)
    }
}

fn decode(
    file: &ImageFile<'_>,
    reader: &mut dyn Stream,
    page: &Page,
    plane: &mut Plane,
) -> Result<(), DecodeFault> {
    let layout = &page.layout;
    let most_bytes = file.config.most_bytes;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most_bytes;
    limits.intermediate_buffer_size = most_bytes.min(usize::try_from(file.length).unwrap_or(usize::MAX));
    let patched = Patched::new(reader, page).map_err(tiff::TiffError::IoError)?;
    let mut decoder = Decoder::new(patched)?.with_limits(limits);

    let chunk = layout.chunk;
    let across = layout.size.width.div_ceil(chunk.width);
    let down = layout.size.height.div_ceil(chunk.height);
    let planes = match layout.meaning {
        _ if !layout.planar => 1,
        Meaning::Rgb => 3,
        _ => 1, // further planes hold transparency and the like
    };
    for plane_idx in 0..planes {
        for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column))) {
            let idx = (plane_idx * down + row) * across + column;
            let idx = u32::try_from(idx)
                .map_err(|_| DecodeFault::Damaged("more than 2³² strips or tiles".to_owned()))?;
            let samples = decoder.read_chunk(idx)?;
            let target = Target {
                layout,
                plane_idx,
                y: row * chunk.height,
                x: column * chunk.width,
                height: layout.rows_of(row),
                width: chunk.width.min(layout.size.width - column * chunk.width),
            };
            target.take(samples, plane)?;
        }
    }
    Ok(())
}

/// Where the samples of a strip or tile go.
struct Target<'a> {
    layout: &'a Layout,
    /// Which sample of the pixels, where samples are stored separately.
    plane_idx: usize,
    y: usize,
    x: usize,
    height: usize,
    width: usize,
}

impl Target<'_> {
    fn take(&self, samples: DecodingResult, plane: &mut Plane) -> Result<(), DecodeFault> {
        match samples {
            DecodingResult::U8(packed) if self.layout.bits < 8 => {
                let bits = self.layout.bits as usize;
                if self.samples() != 1 || !matches!(bits, 1 | 2 | 4) {
                    return Err(DecodeFault::Damaged(format!(
                        "pixels of {bits} bits and {} samples",
                        self.samples()
                    )));
                }
                let row_bytes = (self.width * bits).div_ceil(8);
                self.check(packed.len(), row_bytes)?;
                let mask = (1u8 << bits) - 1;
                let value = |row: usize, x: usize| {
                    let byte = packed[row * row_bytes + x * bits / 8];
                    f32::from(byte >> (8 - bits - x * bits % 8) & mask)
                };
                self.place(plane, |row, x, _| value(row, x));
                Ok(())
            }
            DecodingResult::U8(samples) => self.put(plane, &samples, f32::from),
            DecodingResult::U16(samples) => self.put(plane, &samples, f32::from),
            DecodingResult::U32(samples) => self.put(plane, &samples, |value| value as f32),
            DecodingResult::U64(samples) => self.put(plane, &samples, |value| value as f32),
            DecodingResult::I8(samples) => self.put(plane, &samples, f32::from),
            DecodingResult::I16(samples) => self.put(plane, &samples, f32::from),
            DecodingResult::I32(samples) => self.put(plane, &samples, |value| value as f32),
            DecodingResult::I64(samples) => self.put(plane, &samples, |value| value as f32),
            DecodingResult::F16(samples) => self.put(plane, &samples, |value| value.to_f32()),
            DecodingResult::F32(samples) => self.put(plane, &samples, |value| value),
            DecodingResult::F64(samples) => self.put(plane, &samples, |value| value as f32),
        }
    }

    /// Samples of a pixel that are stored together.
    fn samples(&self) -> usize {
        if self.layout.planar { 1 } else { self.layout.samples as usize }
    }

    fn check(&self, found: usize, row: usize) -> Result<(), DecodeFault> {
        let expected = row * self.height;
        if found < expected {
            let reason = format!("a strip or tile: expected {expected} values, found {found}");
            return Err(DecodeFault::Damaged(reason));
        }
        Ok(())
    }

    fn put<T: Copy>(
        &self,
        plane: &mut Plane,
        samples: &[T],
        number: impl Fn(T) -> f32,
    ) -> Result<(), DecodeFault> {
        let n = self.samples();
        let row_values = self.width * n;
        self.check(samples.len(), row_values)?;
        self.place(plane, |row, x, sample| number(samples[row * row_values + x * n + sample]));
        Ok(())
    }

    /// Writes pixels whose numbers are `value(row, x, sample)`.
    fn place(&self, plane: &mut Plane, value: impl Fn(usize, usize, usize) -> f32) {
        let (plane_width, layout) = (plane.width(), self.layout);
        let values = plane.values_mut();
        for row in 0..self.height {
            let start = (self.y + row) * plane_width + self.x;
            for (x, pixel) in values[start..start + self.width].iter_mut().enumerate() {
                *pixel = match &layout.meaning {
                    Meaning::Gray | Meaning::YCbCr => value(row, x, 0),
                    // mirrored in the range of the samples; about zero where that has no upper end
                    Meaning::InvertedGray if layout.sample_format == 1 => layout.most() - value(row, x, 0),
                    Meaning::InvertedGray => -value(row, x, 0),
                    // an index has at most 16 bits, and the palette an entry for each index
                    Meaning::Palette(levels) => {
                        levels.get(value(row, x, 0) as usize).copied().unwrap_or(f32::NAN)
                    }
                    Meaning::Rgb if layout.planar => {
                        let mut part = [0.0; 3];
                        part[self.plane_idx] = value(row, x, 0);
                        *pixel + luma(part)
                    }
                    Meaning::Rgb => luma([value(row, x, 0), value(row, x, 1), value(row, x, 2)]),
                };
            }
        }
    }
}

/// A file of which some fields read as something else.
struct Patched<R> {
    inner: R,
    position: u64,
    patches: Vec<(u64, Vec<u8>)>,
}

impl<R: Read + Seek> Patched<R> {
    /// `page` becomes the first one, and its samples plain numbers.
    fn new(mut inner: R, page: &Page) -> io::Result<Self> {
        inner.rewind()?;
        let bytes = |number: u64, bytes: usize| {
            if page.little_endian {
                number.to_le_bytes()[..bytes].to_vec()
            } else {
                number.to_be_bytes()[8 - bytes..].to_vec()
            }
        };
        let first_page =
            if page.big { (8, bytes(page.directory.at, 8)) } else { (4, bytes(page.directory.at, 4)) };
        let mut patches = vec![first_page];
        if let Some(entry) = page.directory.entry(INTERPRETATION)
            && page.layout.meaning != Meaning::YCbCr
        {
            let value_bytes = match entry.kind {
                1 => 1,
                4 => 4,
                16 => 8,
                _ => 2,
            };
            patches.push((entry.value_at, bytes(BLACK_IS_ZERO, value_bytes)));
        }
        Ok(Self { inner, position: 0, patches })
    }
}

impl<R: Read> Read for Patched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        for (at, bytes) in &self.patches {
            for (offset, byte) in bytes.iter().enumerate() {
                let position = at.saturating_add(offset as u64);
                if let Some(idx) = position.checked_sub(self.position)
                    && idx < n_read as u64
                {
                    buffer[idx as usize] = *byte;
                }
            }
        }
        self.position += n_read as u64;
        Ok(n_read)
    }
}

impl<R: Seek> Seek for Patched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}
