//! Directories of TIFF files that are written: entries, little-endian, with the size of a pixel as `ImageJ` reads it.

use super::ExportError;
use crate::Calibration;

/// An entry of a directory; kinds are TIFF's: 1 byte, 2 text, 3 u16, 4 u32, 5 two u32.
pub(crate) struct Field {
    pub(crate) tag: u16,
    pub(crate) kind: u16,
    pub(crate) count: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Field {
    pub(crate) fn short(tag: u16, value: u16) -> Self {
        Self { tag, kind: 3, count: 1, bytes: value.to_le_bytes().to_vec() }
    }

    pub(crate) fn long(tag: u16, value: u64) -> Self {
        Self { tag, kind: 4, count: 1, bytes: word(value).to_vec() }
    }

    pub(crate) fn rational(tag: u16, (above, below): (u32, u32)) -> Self {
        let bytes = [above.to_le_bytes(), below.to_le_bytes()].concat();
        Self { tag, kind: 5, count: 1, bytes }
    }

    pub(crate) fn text(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().chain([0]).collect();
        Self { tag, kind: 2, count: bytes.len(), bytes }
    }
}

/// Pixels per nm, x and y, as fractions.
///
/// # Errors
/// If the size of a pixel has no fraction near it.
pub(crate) fn resolution(calibration: &Calibration) -> Result<[(u32, u32); 2], ExportError> {
    Ok([per_nm(calibration.nm_per_px_x)?, per_nm(calibration.nm_per_px_y)?])
}

/// The fields for pixels per unit; the unit is in `ImageJ`'s description.
pub(crate) fn resolution_fields([x, y]: [(u32, u32); 2]) -> [Field; 3] {
    [Field::rational(282, x), Field::rational(283, y), Field::short(296, 1)]
}

/// The directory at address `at`: entries, the address of the next, then the values that do not fit into an entry.
pub(crate) fn encoded(mut fields: Vec<Field>, at: u64, last: bool) -> Vec<u8> {
    fields.sort_by_key(|field| field.tag);
    let entries_end = at + 2 + 12 * fields.len() as u64 + 4;
    let mut entries = (fields.len() as u16).to_le_bytes().to_vec();
    let mut values = Vec::new();
    for Field { tag, kind, count, bytes } in &fields {
        entries.extend(tag.to_le_bytes());
        entries.extend(kind.to_le_bytes());
        entries.extend(word(*count as u64));
        if bytes.len() <= 4 {
            let mut inline = bytes.clone();
            inline.resize(4, 0);
            entries.extend(inline);
        } else {
            entries.extend(word(entries_end + values.len() as u64));
            values.extend(bytes);
            // values begin at even addresses
            values.resize(values.len().next_multiple_of(2), 0);
        }
    }
    let next = if last { 0 } else { entries_end + values.len() as u64 };
    entries.extend(word(next));
    entries.extend(values);
    entries
}

pub(crate) fn word(value: u64) -> [u8; 4] {
    u32::try_from(value).expect("the size of the file was checked when it was created").to_le_bytes()
}

fn per_nm(nm_per_px: f64) -> Result<(u32, u32), ExportError> {
    best_rational(1.0 / nm_per_px).ok_or(ExportError::PixelSize { nm_per_px })
}

/// The fraction with numerator and denominator below 2³² nearest to `value` among its continued
/// fraction's convergents; `None` unless a fraction above 0 comes within a millionth of it.
fn best_rational(value: f64) -> Option<(u32, u32)> {
    if !(value.is_finite() && value > 0.0) {
        return None;
    }
    let (mut before, mut now) = ((0u64, 1u64), (1u64, 0u64));
    let mut rest = value;
    loop {
        let whole = rest.floor();
        if whole > f64::from(u32::MAX) {
            break;
        }
        let term = whole as u64;
        let next = (term * now.0 + before.0, term * now.1 + before.1);
        if next.0.max(next.1) > u64::from(u32::MAX) {
            break;
        }
        (before, now) = (now, next);
        let exact = now.0 as f64 / now.1 as f64 == value;
        if exact || rest == whole {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    let near = now.0 > 0 && now.1 > 0 && (now.0 as f64 / now.1 as f64 / value - 1.0).abs() < 1e-6;
    near.then_some((now.0 as u32, now.1 as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn pixel_sizes_survive_as_fractions() {
        let mut random = Stream::new(7, "pixel sizes", 0);
        for _ in 0..100 {
            let nm_per_px = 0.01 * 500_000f64.powf(random.uniform());
            let (above, below) = best_rational(1.0 / nm_per_px).unwrap();
            let back = f64::from(below) / f64::from(above);
            assert!((back / nm_per_px - 1.0).abs() < 1e-9, "{nm_per_px}: {back}");
        }
        assert_eq!(best_rational(1.0 / 12.5), Some((2, 25)));
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-12, 1e11] {
            assert_eq!(best_rational(value), None, "{value}");
        }
    }
}
