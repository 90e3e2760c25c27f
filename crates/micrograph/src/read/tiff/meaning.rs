//! Meaning: what the samples of a TIFF page's pixels are, from its tags.

use super::super::luma::luma;
use super::super::samples::{Kind, Samples};
use super::compression::Compression;
use super::directory::{Directory, Fault, Tags};

const INTERPRETATION: u16 = 262;
const COLOR_MAP: u16 = 320;
const INK_SET: u16 = 332;
const SUBSAMPLING: u16 = 530;

/// What the samples of a pixel mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Gray,
    /// Grey, the larger the darker.
    InvertedGray,
    /// An index into these grey levels.
    Palette(Vec<f32>),
    Rgb,
    /// Luma and two color differences, which exist once for so many columns and rows.
    YCbCr {
        columns: usize,
        rows: usize,
    },
    /// Shares of ink; 0 is white paper.
    Cmyk,
    /// Lightness and two color differences; the sample that means a lightness of 100.
    Lab {
        white: f32,
    },
}

/// The meaning of the `n_samples` samples of a pixel, which are stored as `samples`.
pub(super) fn meaning(
    tags: &mut Tags<'_>,
    directory: &Directory,
    samples: &Samples,
    n_samples: usize,
    compression: Compression,
) -> Result<Meaning, Fault> {
    // where the tag is missing, as libtiff takes it: fax is black on white, three samples are colors
    let by_default = match n_samples {
        _ if compression.is_fax() => 0,
        3 => 2,
        _ => 1,
    };
    let interpretation = tags.number(directory, INTERPRETATION)?.unwrap_or(by_default);
    let levels = (samples.kind, samples.bits);
    let colors = matches!(levels, (Kind::Unsigned, 8 | 16));
    Ok(match interpretation {
        0 => Meaning::InvertedGray,
        1 => Meaning::Gray,
        2 if n_samples >= 3 => Meaning::Rgb,
        3 => Meaning::Palette(palette(tags, directory, samples.bits as u64)?),
        5 if colors && n_samples >= 4 && tags.number(directory, INK_SET)?.unwrap_or(1) == 1 => Meaning::Cmyk,
        6 if n_samples >= 3 && levels == (Kind::Unsigned, 8) => {
            let (columns, rows) = subsampling(tags, directory, compression)?;
            Meaning::YCbCr { columns, rows }
        }
        8 if colors => Meaning::Lab { white: if samples.bits == 8 { 255.0 } else { 65535.0 } },
        9 if colors => Meaning::Lab { white: if samples.bits == 8 { 255.0 } else { 65280.0 } },
        other => {
            return Err(Fault::Unsupported {
                found: format!(
                    "{} ({n_samples} samples of {} bits)",
                    interpretation_name(other),
                    samples.bits
                ),
                expected: "grey, palette, RGB, YCbCr, CMYK or CIELab pixels; save it as grey or RGB",
            });
        }
    })
}

/// Columns and rows for which there is one pair of color differences.
fn subsampling(
    tags: &mut Tags<'_>,
    directory: &Directory,
    compression: Compression,
) -> Result<(usize, usize), Fault> {
    if compression == Compression::Jpeg {
        return Ok((1, 1)); // it is the JPEG file's own
    }
    let found = match directory.entry(SUBSAMPLING) {
        Some(entry) => tags.numbers(entry)?,
        None => vec![2, 2],
    };
    match found.as_slice() {
        &[columns @ (1 | 2 | 4), rows @ (1 | 2 | 4)] => Ok((columns as usize, rows as usize)),
        other => Err(Fault::Damaged(format!("color differences for {other:?} columns and rows"))),
    }
}

/// The name of a photometric interpretation.
fn interpretation_name(number: u64) -> String {
    let name = match number {
        2 => "RGB with fewer than 3 samples",
        4 => "a transparency mask",
        5 => "CMYK or other inks",
        6 => "YCbCr",
        8..=10 => "CIELab",
        32803 => "the raw data of a color filter array (Bayer)",
        32844 | 32845 => "LogLuv",
        34892 => "linear raw data",
        51177 => "a depth map",
        _ => return format!("the unknown photometric interpretation {number}"),
    };
    name.to_owned()
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
