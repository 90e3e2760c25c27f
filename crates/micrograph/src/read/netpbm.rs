//! Netpbm: PBM, PGM and PPM files, binary or as text (the formats' manual pages, netpbm.sourceforge.net).
//!
//! They hold no calibration. A file of several images gives its first.

use std::io::{BufRead, Read};

use crate::Plane;

use super::error::ReadError;
use super::image_file::{ImageFile, Stream};
use super::luma::luma;
use super::number::Size;
use super::orientation::Stored;
use super::rows::Rows;
use super::samples::{Kind, Samples};
use super::simple;

/// Longest head that is read, comments included.
const MOST_HEAD_BYTES: u64 = 64 << 10;

/// What the head says.
pub(super) struct Page {
    size: Size,
    /// Samples in a pixel.
    samples: usize,
    /// The largest value of a sample.
    most: u32,
    as_text: bool,
    /// Position of the pixels.
    at: u64,
}

impl Page {
    fn bits(&self) -> usize {
        match self.most {
            1 => 1,
            2..=255 => 8,
            _ => 16,
        }
    }

    /// Whether 1 is black, and pixels are bits.
    fn is_bitmap(&self) -> bool {
        self.bits() == 1
    }
}

/// The facts from the head, and where the pixels are.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(Stored, Page), ReadError> {
    let page = head(file, reader)?;
    let (name, kind) = match (page.is_bitmap(), page.samples) {
        (true, _) => ("PBM", "grey"),
        (false, 1) => ("PGM", "grey"),
        _ => ("PPM", "RGB"),
    };
    let facts = simple::facts(file, name, page.size, format!("{}-bit {kind}", page.bits()))?;
    Ok((facts, page))
}

fn head(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Page, ReadError> {
    reader.rewind().map_err(|error| file.io(error))?;
    let mut head = (&mut *reader).take(MOST_HEAD_BYTES);
    let mut mark = [0; 2];
    head.read_exact(&mut mark).map_err(|error| file.io(error))?;
    let mut at = 2;
    let mut number = |what: &str| -> Result<u32, ReadError> {
        let (found, n_read) = number(&mut head).map_err(|error| file.io(error))?;
        at += n_read;
        let found = std::str::from_utf8(&found).ok().and_then(|digits| digits.parse().ok());
        found
            .filter(|found| *found > 0)
            .ok_or_else(|| file.damaged(format!("its head has no {what} above 0")))
    };
    let (width, height) = (number("width")?, number("height")?);
    let bitmap = matches!(mark[1], b'1' | b'4');
    let most = if bitmap { 1 } else { number("largest value")? };
    if most > 65535 || (most == 1 && !bitmap) {
        return Err(file.damaged(format!("expected a largest value from 2 to 65535, found {most}")));
    }
    Ok(Page {
        size: Size { height: height as usize, width: width as usize },
        samples: if matches!(mark[1], b'3' | b'6') { 3 } else { 1 },
        most,
        as_text: matches!(mark[1], b'1'..=b'3'),
        at,
    })
}

/// The digits of the next number, and the bytes up to and including the one after it; comments begin with `#`.
fn number(head: &mut impl BufRead) -> std::io::Result<(Vec<u8>, u64)> {
    let (mut digits, mut n_read, mut in_comment) = (Vec::new(), 0, false);
    let mut byte = [0];
    while head.read(&mut byte)? == 1 {
        n_read += 1;
        match byte[0] {
            b'\n' | b'\r' => in_comment = false,
            _ if in_comment => continue,
            b'#' => in_comment = true,
            digit @ b'0'..=b'9' if digits.len() < 10 => {
                digits.push(digit);
                continue;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => return Ok((Vec::new(), n_read)),
        }
        if !digits.is_empty() {
            break;
        }
    }
    Ok((digits, n_read))
}

/// Reads the pixels of `page`.
pub(super) fn plane(
    file: &ImageFile<'_>,
    reader: &mut dyn Stream,
    page: &Page,
) -> Result<(Plane, Option<String>), ReadError> {
    if page.as_text {
        return Ok((plane_of_text(file, reader, page)?, None));
    }
    let gray = if page.samples == 3 { of_colors } else { first };
    let mut samples = Samples::plain(Kind::Unsigned, page.bits(), page.samples, false);
    samples.inverted = page.is_bitmap();
    Rows { at: page.at, size: page.size, samples, gray }.plane(file, reader)
}

fn first(samples: &[f32]) -> f32 {
    samples[0]
}

fn of_colors(samples: &[f32]) -> f32 {
    luma([samples[0], samples[1], samples[2]])
}

fn plane_of_text(file: &ImageFile<'_>, reader: &mut dyn Stream, page: &Page) -> Result<Plane, ReadError> {
    let Size { height, width } = page.size;
    file.check_budget(height, width, 0)?;
    // a digit and a blank for each number; bits need none
    if (height as u64 * width as u64).saturating_mul(page.samples as u64) > file.length {
        return Err(file.damaged("it ends before its pixels do"));
    }
    reader.seek(std::io::SeekFrom::Start(page.at)).map_err(|error| file.io(error))?;
    let mut plane = file.plane(height, width)?;
    let mut bytes = reader.bytes();
    let mut next = || -> Result<f32, ReadError> {
        let mut value: Option<u32> = None;
        loop {
            let byte = bytes.next().transpose().map_err(|error| file.io(error))?;
            match (byte, value) {
                (Some(digit @ b'0'..=b'9'), _) => {
                    let digit = u32::from(digit - b'0');
                    let sum = value.unwrap_or(0).saturating_mul(10).saturating_add(digit);
                    if sum > page.most {
                        return Err(file.damaged(format!("a value above {}", page.most)));
                    }
                    if page.is_bitmap() {
                        return Ok(1.0 - sum as f32); // digits may follow each other without a blank
                    }
                    value = Some(sum);
                }
                (Some(b'#'), None) => {
                    while !matches!(bytes.next().transpose(), Ok(None | Some(b'\n' | b'\r')) | Err(_)) {}
                }
                (_, Some(value)) => return Ok(value as f32),
                (Some(byte), None) if byte.is_ascii_whitespace() => {}
                (Some(_), None) => return Err(file.damaged("a pixel that is no number")),
                (None, None) => return Err(file.damaged("it ends before its pixels do")),
            }
        }
    };
    for pixel in plane.values_mut() {
        *pixel = match page.samples {
            3 => luma([next()?, next()?, next()?]),
            _ => next()?,
        };
    }
    Ok(plane)
}
