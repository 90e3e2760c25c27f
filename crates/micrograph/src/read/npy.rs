//! NPY: an array of NumPy (NEP 1, 2007), if it is an image: two dimensions, rows first.

use crate::Plane;

use super::error::ReadError;
use super::image_file::{ImageFile, Stream};
use super::number::Size;
use super::orientation::Stored;
use super::rows::Rows;
use super::samples::{Kind, Samples};
use super::simple;

/// Longest head that is read; those of images have about 100 bytes.
const MOST_HEAD_BYTES: u32 = 64 << 10;

/// Where the pixels are.
pub(super) struct Page {
    rows: Rows,
    /// Whether columns are stored one after another.
    by_columns: bool,
}

/// The facts from the head, and where the pixels are.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(Stored, Page), ReadError> {
    let (head, at) = head(file, reader)?;
    let kind = value(&head, "descr").unwrap_or_default().trim_matches(['\'', '"']);
    let Some((samples, name)) = samples(kind) else {
        return Err(ReadError::Unsupported {
            path: file.path.to_owned(),
            found: format!("numbers of the kind {kind}"),
            expected: "whole numbers or floats: `array.astype(\"float32\")` before `numpy.save`",
        });
    };
    let shape = value(&head, "shape").unwrap_or_default();
    let axes: Option<Vec<usize>> = shape
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        .map(|axis| axis.parse().ok().filter(|length| *length > 0 && u32::try_from(*length).is_ok()))
        .collect();
    let axes = axes.ok_or_else(|| file.damaged(format!("the shape ({shape})")))?;
    // axes of length 1 are left out, as far as two remain
    let mut long = axes.clone();
    while let Some(at) = long.iter().position(|length| *length == 1)
        && long.len() > 2
    {
        long.remove(at);
    }
    let &[height, width] = long.as_slice() else {
        return Err(ReadError::Unsupported {
            path: file.path.to_owned(),
            found: format!("an array of shape ({shape})"),
            expected: "one image, rows and columns: save `array[0]` or the mean over its channels",
        });
    };
    let by_columns = value(&head, "fortran_order") == Some("True");
    let facts = simple::facts(file, "NPY", Size { height, width }, name.to_owned())?;
    let size = if by_columns { Size { height: width, width: height } } else { Size { height, width } };
    let rows = Rows { at, size, samples, gray: |samples| samples[0] };
    Ok((facts, Page { rows, by_columns }))
}

/// The text of the head, and the position after it.
fn head(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(String, u64), ReadError> {
    let short = |_| file.damaged("it ends before its head does");
    reader.rewind().map_err(|error| file.io(error))?;
    let mut mark = [0; 8];
    reader.read_exact(&mut mark).map_err(short)?;
    let n_bytes = if mark[6] == 1 { 2 } else { 4 };
    let mut length = [0; 4];
    reader.read_exact(&mut length[..n_bytes]).map_err(short)?;
    let length = u32::from_le_bytes(length);
    if length > MOST_HEAD_BYTES {
        return Err(file.damaged(format!("a head of {length} bytes")));
    }
    let mut text = vec![0; length as usize];
    reader.read_exact(&mut text).map_err(short)?;
    Ok((String::from_utf8_lossy(&text).into_owned(), 8 + n_bytes as u64 + u64::from(length)))
}

/// The value of `key` in a Python dictionary: what is between parentheses, or up to a comma.
fn value<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    let after = ['\'', '"'].iter().find_map(|quote| head.split_once(&format!("{quote}{key}{quote}")))?.1;
    let after = after.trim_start().strip_prefix(':')?.trim_start();
    match after.strip_prefix('(') {
        Some(inside) => inside.split_once(')').map(|(inside, _)| inside),
        None => after.split([',', '}']).next().map(str::trim),
    }
}

/// How numbers of a `kind` as NumPy names it are stored, and the name for it.
fn samples(kind: &str) -> Option<(Samples, &'static str)> {
    let (order, kind) = kind.split_at_checked(1)?;
    let (kind, bits, name) = match kind {
        "b1" => (Kind::Unsigned, 8, "boolean"),
        "u1" => (Kind::Unsigned, 8, "8-bit grey"),
        "u2" => (Kind::Unsigned, 16, "16-bit grey"),
        "u4" => (Kind::Unsigned, 32, "32-bit grey"),
        "u8" => (Kind::Unsigned, 64, "64-bit grey"),
        "i1" => (Kind::Signed, 8, "8-bit signed"),
        "i2" => (Kind::Signed, 16, "16-bit signed"),
        "i4" => (Kind::Signed, 32, "32-bit signed"),
        "i8" => (Kind::Signed, 64, "64-bit signed"),
        "f2" => (Kind::Float, 16, "16-bit float"),
        "f4" => (Kind::Float, 32, "32-bit float"),
        "f8" => (Kind::Float, 64, "64-bit float"),
        _ => return None,
    };
    matches!(order, "<" | ">" | "|" | "=").then(|| (Samples::plain(kind, bits, 1, order != ">"), name))
}

/// Reads the pixels of `page`.
pub(super) fn plane(
    file: &ImageFile<'_>,
    reader: &mut dyn Stream,
    page: &Page,
) -> Result<(Plane, Option<String>), ReadError> {
    let (plane, warning) = page.rows.plane(file, reader)?;
    if !page.by_columns {
        return Ok((plane, warning));
    }
    let (height, width) = (plane.width(), plane.height());
    let bytes = plane.values().len() as u64 * size_of::<f32>() as u64;
    file.check_budget(height, width, bytes)?;
    Ok((Plane::from_fn(height, width, |y, x| plane.at(x, y)), warning))
}
