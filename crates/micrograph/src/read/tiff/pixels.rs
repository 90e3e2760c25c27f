//! Pixels of a TIFF page, read row by row from its strips or tiles, so that memory holds little beside
//! the plane.

use std::io::{self, Cursor, Read, SeekFrom};

use crate::{Plane, Rect};

use super::super::error::ReadError;
use super::super::image_file::{ImageFile, Stream, invalid};
use super::super::levels::{self, Levels};
use super::super::luma::luma;
use super::super::number::Size;
use super::Page;
use super::compression::{Compression, SAVE_AS, unpacked};
use super::jpeg_chunk::{self, ChunkFault};
use super::layout::Layout;
use super::meaning::Meaning;

/// Decodes the pixels of `page` that are `wanted`, or all: the plane as it is stored, and a warning. Strips and tiles
/// beside the wanted part are not decoded.
///
/// # Panics
/// If the wanted part is not inside the image.
pub(in super::super) fn plane(
    file: &ImageFile<'_>,
    reader: &mut dyn Stream,
    page: &Page,
    wanted: Option<Rect>,
) -> Result<(Plane, Option<String>), ReadError> {
    let layout = &page.layout;
    let Size { height, width } = layout.size;
    let wanted = wanted.unwrap_or(Rect { y: 0, x: 0, height, width });
    assert!(wanted.is_within(height, width), "a part lies inside its image");
    file.check_budget(wanted.height, wanted.width, working_bytes(layout))?;
    if let Some(fault) = layout.chunk_fault() {
        return Err(file.damaged(fault));
    }
    levels::plane(|levels| {
        let mut plane = file.plane(wanted.height, wanted.width)?;
        decode(file, reader, page, levels, (wanted, &mut plane))?;
        Ok(plane)
    })
}

/// Bytes beside the plane: a row as stored and as numbers, and a whole strip or tile of JPEG.
fn working_bytes(layout: &Layout) -> u64 {
    let Size { height, width } = layout.chunks.size;
    let numbers = (width * layout.samples.together) as u64 * size_of::<f32>() as u64;
    let jpeg = match layout.compression {
        // in the decoder, and as it returns them
        Compression::Jpeg => layout.row_bytes().saturating_mul(2 * height as u64),
        _ => 0,
    };
    layout.row_bytes().saturating_add(numbers).saturating_add(jpeg)
}

fn decode(
    file: &ImageFile<'_>,
    reader: &mut dyn Stream,
    page: &Page,
    levels: &mut Levels,
    (wanted, plane): (Rect, &mut Plane),
) -> Result<(), ReadError> {
    let layout = &page.layout;
    let chunk = layout.chunks.size;
    let (down, across) = layout.grid();
    let planes = if layout.planar { layout.used_planes() } else { 1 };
    for plane_idx in 0..planes {
        for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column))) {
            let target = Target {
                layout,
                wanted,
                plane_idx,
                y: row * chunk.height,
                x: column * chunk.width,
                height: chunk.height.min(layout.size.height - row * chunk.height),
                width: chunk.width.min(layout.size.width - column * chunk.width),
            };
            if target.is_beside() {
                continue;
            }
            let idx = (plane_idx * down + row) * across + column;
            let stored = stored(file, layout, idx, row)?;
            reader.seek(SeekFrom::Start(stored.at)).map_err(|error| file.io(error))?;
            let stream = (&mut *reader).take(stored.bytes);
            let rows = if layout.compression == Compression::Jpeg {
                jpeg_rows(file, page, stream)?
            } else {
                unpacked(stream, layout.compression, layout.reversed, chunk.width)
                    .map_err(|error| fault(file, error))?
            };
            target.take(rows, levels, plane).map_err(|error| fault(file, error))?;
        }
    }
    Ok(())
}

/// Where a strip or tile is in the file.
struct Stored {
    at: u64,
    bytes: u64,
}

/// Where the strip or tile `idx` of the line `row` is; its length follows from its rows, or is that of the rest of
/// the file, where the file does not say.
fn stored(file: &ImageFile<'_>, layout: &Layout, idx: usize, row: usize) -> Result<Stored, ReadError> {
    let name = if layout.chunks.tiled { "tile" } else { "strip" };
    let at = layout.chunks.offsets.get(idx).copied().unwrap_or(0);
    let rest = file.length.saturating_sub(at);
    if at == 0 || rest == 0 {
        return Err(file.damaged(format!("{name} {idx} begins at byte {at} of {}", file.length)));
    }
    let bytes = match layout.chunks.bytes.get(idx) {
        None | Some(0) if layout.compression == Compression::None => layout.chunk_bytes(row),
        None | Some(0) => rest,
        Some(bytes) => *bytes,
    };
    Ok(Stored { at, bytes: bytes.min(rest) })
}

fn jpeg_rows<'a>(
    file: &ImageFile<'_>,
    page: &Page,
    mut stream: impl Read,
) -> Result<Box<dyn Read + 'a>, ReadError> {
    let layout = &page.layout;
    let mut stored = Vec::new();
    stream.read_to_end(&mut stored).map_err(|error| file.io(error))?;
    let rows = jpeg_chunk::rows(&page.jpeg_tables, &stored, layout.chunks.size, layout.samples.together);
    rows.map(|rows| Box::new(Cursor::new(rows)) as _).map_err(|fault| match fault {
        ChunkFault::Damaged(reason) => file.damaged(reason),
        ChunkFault::Unsupported(found) => ReadError::Unsupported {
            path: file.path.to_owned(),
            found: format!("{found} compression"),
            expected: SAVE_AS,
        },
    })
}

fn fault(file: &ImageFile<'_>, error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => file.damaged("it ends before its pixels do"),
        io::ErrorKind::InvalidData if error.get_ref().is_some() => file.damaged(error.to_string()),
        _ => file.decode(error),
    }
}

/// Where the samples of a strip or tile go.
struct Target<'a> {
    layout: &'a Layout,
    /// The part of the image that the plane shows.
    wanted: Rect,
    /// Which sample of the pixels, where samples are stored separately.
    plane_idx: usize,
    y: usize,
    x: usize,
    height: usize,
    width: usize,
}

impl Target<'_> {
    /// Whether none of its pixels is wanted.
    fn is_beside(&self) -> bool {
        let Rect { y, x, height, width } = self.wanted;
        self.y >= y + height || self.x >= x + width || self.y + self.height <= y || self.x + self.width <= x
    }

    /// Takes the `rows` of the strip or tile, which may have more columns than are used.
    fn take(&self, mut rows: impl Read, levels: &mut Levels, plane: &mut Plane) -> io::Result<()> {
        let layout = self.layout;
        let mut bytes = Vec::new();
        let n_bytes = usize::try_from(layout.row_bytes()).map_err(|_| invalid("a row without end"))?;
        bytes.resize(n_bytes, 0);
        if let Meaning::YCbCr { columns, rows: lines } = layout.meaning
            && columns * lines > 1
        {
            return self.take_units(rows, &mut bytes, (columns, lines), plane);
        }
        let mut numbers = vec![0.0; layout.chunks.size.width * layout.samples.together];
        for row in 0..self.height {
            rows.read_exact(&mut bytes)?;
            layout.samples.numbers(&mut bytes, levels, &mut numbers);
            self.place(plane, row, &numbers, layout.samples.together);
        }
        Ok(())
    }

    /// Takes the luma of units of some columns and lines, each followed by two color differences.
    fn take_units(
        &self,
        mut rows: impl Read,
        bytes: &mut [u8],
        (columns, lines): (usize, usize),
        plane: &mut Plane,
    ) -> io::Result<()> {
        let mut lumas = Vec::new();
        for first in (0..self.height).step_by(lines) {
            rows.read_exact(bytes)?;
            for line in 0..lines.min(self.height - first) {
                lumas.clear();
                let units = bytes.chunks_exact(columns * lines + 2);
                lumas.extend(
                    units.flat_map(|unit| &unit[line * columns..][..columns]).map(|luma| f32::from(*luma)),
                );
                self.place(plane, first + line, &lumas, 1);
            }
        }
        Ok(())
    }

    /// Writes the grey levels of the wanted pixels of a row of `numbers`, of which `together` make up a pixel.
    fn place(&self, plane: &mut Plane, row: usize, numbers: &[f32], together: usize) {
        let Rect { y, x, width, .. } = self.wanted;
        let Some(y) = (self.y + row).checked_sub(y).filter(|y| *y < plane.height()) else { return };
        let columns = self.x.max(x)..(self.x + self.width).min(x + width);
        let start = y * plane.width();
        let pixels = &mut plane.values_mut()[start + columns.start - x..start + columns.end - x];
        let samples = numbers.chunks_exact(together).skip(columns.start - self.x);
        let pixels = pixels.iter_mut().zip(samples);

        let most = (1u64 << self.layout.samples.bits.min(63)) as f32 - 1.0;
        let (planar, plane_idx) = (self.layout.planar, self.plane_idx);
        match &self.layout.meaning {
            Meaning::Gray | Meaning::InvertedGray | Meaning::YCbCr { .. } => {
                pixels.for_each(|(pixel, samples)| *pixel = samples[0]);
            }
            // an index has at most 16 bits, and the palette an entry for each index
            Meaning::Palette(levels) => pixels.for_each(|(pixel, samples)| {
                *pixel = levels.get(samples[0] as usize).copied().unwrap_or(f32::NAN);
            }),
            Meaning::Rgb if planar => {
                pixels.for_each(|(pixel, samples)| *pixel += part_of_luma(plane_idx, samples[0]));
            }
            Meaning::Rgb => {
                pixels.for_each(|(pixel, samples)| *pixel = luma([samples[0], samples[1], samples[2]]));
            }
            Meaning::Cmyk if planar && plane_idx < 3 => {
                pixels.for_each(|(pixel, samples)| *pixel += part_of_luma(plane_idx, most - samples[0]));
            }
            Meaning::Cmyk if planar => {
                pixels.for_each(|(pixel, samples)| *pixel *= (most - samples[0]) / most);
            }
            Meaning::Cmyk => pixels.for_each(|(pixel, samples)| {
                let paper = [samples[0], samples[1], samples[2]].map(|ink| most - ink);
                *pixel = luma(paper) * (most - samples[3]) / most;
            }),
            Meaning::Lab { white } => {
                pixels.for_each(|(pixel, samples)| {
                    *pixel = most * gray_of_lightness(100.0 * samples[0] / white)
                });
            }
        }
    }
}

/// What the `idx`th of red, green and blue adds to the luma.
fn part_of_luma(idx: usize, value: f32) -> f32 {
    let mut colors = [0.0; 3];
    colors[idx] = value;
    luma(colors)
}

/// The grey level in sRGB, in `[0, 1]`, that has the lightness `lightness` of CIE 1976, in `[0, 100]`.
fn gray_of_lightness(lightness: f32) -> f32 {
    let luminance =
        if lightness > 8.0 { ((lightness + 16.0) / 116.0).powi(3) } else { lightness * 27.0 / 24389.0 };
    // the transfer function of IEC 61966-2-1
    if luminance <= 0.003_130_8 { 12.92 * luminance } else { 1.055 * luminance.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_becomes_the_grey_level_that_looks_like_it() {
        // L* of sRGB greys, by the definitions of CIE 15 and IEC 61966-2-1: 119 of 255 is 50.03
        for (lightness, level) in [(0.0, 0.0), (50.034, 119.0 / 255.0), (100.0, 1.0)] {
            assert!((gray_of_lightness(lightness) - level).abs() < 1e-4, "{lightness}");
        }
    }
}
