//! Planes as bytes: rows of little-endian numbers, as small as they can be without loss that is seen, whole or a part,
//! at full size or reduced. The page's shader does the rest.

use axum::http::HeaderValue;
use axum::response::Response;
use micrograph::paint::{Sampling, resampled};
use micrograph::{Plane, Rect};

use crate::http::{Fault, Query, not_stored, of_bytes};

/// Longest side that is sent where none is asked for.
const MOST_PX: usize = 4096;

/// The part of a plane that is wanted, and its longest side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    part: Option<Rect>,
    most_px: usize,
}

impl Wish {
    /// From the values `y`, `x`, `height`, `width` and `px` of a query.
    pub(crate) fn of(query: &Query) -> Result<Self, Fault> {
        let part =
            match [query.number("y")?, query.number("x")?, query.number("height")?, query.number("width")?] {
                [Some(y), Some(x), Some(height), Some(width)] => Some(Rect { y, x, height, width }),
                _ => None,
            };
        Ok(Self { part, most_px: query.number("px")?.unwrap_or(MOST_PX).clamp(1, MOST_PX) })
    }

    /// That part of `plane`, reduced if it is larger, and where it lies.
    pub(crate) fn of_plane(&self, plane: &Plane) -> Result<(Plane, Rect), Fault> {
        let (height, width) = (plane.height(), plane.width());
        let whole = Rect { y: 0, x: 0, height, width };
        let part = self.part.unwrap_or(whole);
        if !part.is_within(height, width) {
            return Err(Fault::wrong(format!("the part is not inside the plane of {width} × {height}")));
        }
        let cut = if part == whole { plane.clone() } else { plane.crop(part) };
        let longest = part.height.max(part.width);
        if longest <= self.most_px {
            return Ok((cut, part));
        }
        let reduced = |px: usize| (px * self.most_px).div_ceil(longest).max(1);
        Ok((resampled(&cut, reduced(part.height), reduced(part.width), Sampling::Area), part))
    }
}

/// The numbers of `plane` as 32-bit floats.
pub(crate) fn floats(plane: &Plane, part: Rect) -> Response {
    let bytes = plane.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    described(bytes, plane, part, "f32", (0.0, 1.0))
}

/// The numbers of `plane` as whole ones of 8 bits, if they are such, else of 16 between its ends.
pub(crate) fn levels(plane: &Plane, part: Rect) -> Response {
    let is_byte = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
    if plane.values().iter().all(is_byte) {
        let bytes = plane.values().iter().map(|&value| value as u8).collect();
        return described(bytes, plane, part, "u8", (0.0, 255.0));
    }
    let (low, high) = plane.range().unwrap_or((0.0, 1.0));
    let step = 65_535.0 / (high - low).max(f32::MIN_POSITIVE);
    let level = |value: &f32| ((value - low) * step).round() as u16;
    let bytes = plane.values().iter().flat_map(|value| level(value).to_le_bytes()).collect();
    described(bytes, plane, part, "u16", (low, high))
}

/// Three planes of `[0, 1]` as red, green and blue.
pub(crate) fn colors(planes: &[Plane; 3], part: Rect) -> Response {
    let [red, green, blue] = planes.each_ref().map(Plane::values);
    let level = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let pixels = red.iter().zip(green).zip(blue);
    let bytes =
        pixels.flat_map(|((&red, &green), &blue)| [level(red), level(green), level(blue), 255]).collect();
    described(bytes, &planes[0], part, "rgba", (0.0, 1.0))
}

fn described(bytes: Vec<u8>, plane: &Plane, part: Rect, kind: &str, (low, high): (f32, f32)) -> Response {
    let mut response = not_stored(of_bytes("application/octet-stream", bytes));
    let text = format!(
        "{kind};{};{};{low};{high};{};{};{};{}",
        plane.height(),
        plane.width(),
        part.y,
        part.x,
        part.height,
        part.width
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert("x-plane", value);
    }
    response
}
