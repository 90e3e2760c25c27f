//! `ImageJ` ROIs: one region of interest in a file `.roi`, by the description in `RoiDecoder.java` of `ImageJ` 1.
//!
//! Big-endian: a header of 64 bytes, coordinates, a second header with the name. Written: polygons with whole coordinates
//! (kind *traced*), and composite shapes for regions with holes or several parts. Read: rectangles, ovals, polygons,
//! freehand and traced ones, with whole or fractional coordinates, and composite shapes of straight lines. Others have no
//! inside, or are not read; the error names them.

use super::Named;
use crate::regions::shape::Shape;
use crate::regions::{Outline, Point, RegionsError};

const MARK: &[u8; 4] = b"Iout";
const VERSION: u16 = 227;
const HEADER_BYTES: usize = 64;
const RECTANGLE: u8 = 1;
const TRACED: u8 = 8;
/// Fractional coordinates follow the whole ones.
const FRACTIONAL: u16 = 128;
/// Coordinates are 16 bit, of which `ImageJ` takes the highest for a sign.
const MOST_COORDINATE: f64 = 32767.0;

/// Segments of a composite shape.
const MOVE: f32 = 0.0;
const LINE: f32 = 1.0;
const CLOSE: f32 = 4.0;

/// The bytes of a file for `outline`.
///
/// # Errors
/// If a coordinate is larger than the format allows.
pub(super) fn bytes(outline: &Outline, name: &str) -> Result<Vec<u8>, RegionsError> {
    let points = || outline.rings().flatten();
    if let Some(point) =
        points().find(|point| point.iter().any(|value| !(0.0..=MOST_COORDINATE).contains(value)))
    {
        let what = format!("ImageJ ROI of region {}", outline.label);
        return Err(RegionsError::given(what, "coordinates from 0 to 32767", format!("{point:?}")));
    }
    let ends = |axis: usize| {
        let low = points().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
        let high = points().map(|point| point[axis]).fold(0.0, f64::max);
        (low.min(high).floor() as u16, high.ceil() as u16)
    };
    let ((left, right), (top, bottom)) = (ends(0), ends(1));
    let rings: Vec<&[Point]> = outline.rings().collect();
    let mut file = vec![0; HEADER_BYTES];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, MARK);
    put(4, &VERSION.to_be_bytes());
    for (at, value) in [(8, top), (10, left), (12, bottom), (14, right)] {
        put(at, &value.to_be_bytes());
    }
    let mut data = Vec::new();
    if let [ring] = rings.as_slice() {
        put(6, &[TRACED]);
        match u16::try_from(ring.len()) {
            Ok(n) => put(16, &n.to_be_bytes()),
            Err(_) => put(18, &(ring.len() as u32).to_be_bytes()),
        }
        for (axis, low) in [(0, left), (1, top)] {
            data.extend(ring.iter().flat_map(|point| (point[axis].round() as u16 - low).to_be_bytes()));
        }
    } else {
        put(6, &[RECTANGLE]);
        let mut numbers: Vec<f32> = Vec::new();
        for ring in rings {
            for (index, [x, y]) in ring.iter().enumerate() {
                numbers.extend([if index == 0 { MOVE } else { LINE }, *x as f32, *y as f32]);
            }
            numbers.push(CLOSE);
        }
        put(36, &(numbers.len() as u32).to_be_bytes());
        data.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    }
    let second = HEADER_BYTES + data.len();
    put(60, &(second as u32).to_be_bytes());
    file.extend(data);
    // the second header, of 64 bytes too, in which only the name is set, and the name after it
    let text: Vec<u16> = name.encode_utf16().collect();
    let mut header = [0; HEADER_BYTES];
    header[16..20].copy_from_slice(&((second + HEADER_BYTES) as u32).to_be_bytes());
    header[20..24].copy_from_slice(&(text.len() as u32).to_be_bytes());
    file.extend(header);
    file.extend(text.iter().flat_map(|unit| unit.to_be_bytes()));
    Ok(file)
}

/// Whether a file is of this format.
pub(in crate::regions) fn is_roi(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

/// The shape in a file; `name` is for errors.
///
/// # Errors
/// If the file is damaged, or of a kind that has no inside or is not read.
pub(in crate::regions) fn read(file: Named<'_>, name: &str, bytes: &[u8]) -> Result<Shape, RegionsError> {
    let roi = Bytes { file, name, bytes };
    if !is_roi(bytes) {
        return Err(roi.damaged("it does not begin with Iout"));
    }
    let (kind, options) = (roi.array::<1>(6)?[0], roi.u16(50)?);
    let [top, left, bottom, right] = [roi.i16(8)?, roi.i16(10)?, roi.i16(12)?, roi.i16(14)?];
    let fractional = options & FRACTIONAL != 0 && roi.u16(4)? >= 222;
    let n_numbers = roi.u32(36)? as usize;
    if n_numbers > 0 && kind == RECTANGLE {
        return composite(&roi, n_numbers);
    }
    let bounds = || -> Result<[f64; 4], RegionsError> {
        if fractional {
            return Ok([roi.f32(18)?, roi.f32(22)?, roi.f32(26)?, roi.f32(30)?]);
        }
        Ok([left, top, right - left, bottom - top])
    };
    match kind {
        RECTANGLE if roi.u16(54)? > 0 => Err(roi.unsupported("a rectangle with round corners")),
        RECTANGLE => bounds().map(|[x, y, width, height]| Shape::rectangle([x, y], width, height)),
        2 => bounds().map(|[x, y, width, height]| Shape::Ellipse {
            centre: [x + width / 2.0, y + height / 2.0],
            radii: [width / 2.0, height / 2.0],
            angle_rad: 0.0,
        }),
        0 | 7 | TRACED => polygon(&roi, [left, top], fractional),
        _ => Err(roi.unsupported(match kind {
            3 | 4 => "a line",
            5 => "a polyline",
            6 => "no selection",
            9 => "an angle",
            10 => "points",
            _ => "an unknown kind",
        })),
    }
}

fn polygon(roi: &Bytes<'_>, [left, top]: [f64; 2], fractional: bool) -> Result<Shape, RegionsError> {
    let n = match roi.u16(16)? {
        0 => roi.u32(18)? as usize,
        n => usize::from(n),
    };
    // two whole numbers of 2 bytes for a point, then two fractional ones of 4
    let whole = HEADER_BYTES;
    let floats = n.checked_mul(4).and_then(|bytes| bytes.checked_add(whole));
    let end = n.checked_mul(if fractional { 12 } else { 4 }).and_then(|bytes| bytes.checked_add(whole));
    let (Some(floats), Some(true)) = (floats, end.map(|end| end <= roi.bytes.len())) else {
        return Err(roi.damaged(format!("{n} points do not fit into its {} bytes", roi.bytes.len())));
    };
    let point = |at: usize| -> Result<Point, RegionsError> {
        if fractional {
            return Ok([roi.f32(floats + 4 * at)?, roi.f32(floats + 4 * (n + at))?]);
        }
        Ok([left + f64::from(roi.u16(whole + 2 * at)?), top + f64::from(roi.u16(whole + 2 * (n + at))?)])
    };
    Ok(Shape::Polygon(vec![(0..n).map(point).collect::<Result<_, _>>()?]))
}

fn composite(roi: &Bytes<'_>, n: usize) -> Result<Shape, RegionsError> {
    if n.checked_mul(4)
        .and_then(|bytes| bytes.checked_add(HEADER_BYTES))
        .is_none_or(|end| end > roi.bytes.len())
    {
        return Err(roi.damaged(format!("{n} numbers do not fit into its {} bytes", roi.bytes.len())));
    }
    let number = |at: usize| {
        if at < n { roi.f32(HEADER_BYTES + 4 * at) } else { Err(roi.damaged("a segment is cut off")) }
    };
    let mut rings: Vec<Vec<Point>> = Vec::new();
    let mut at = 0;
    while at < n {
        let kind = number(at)? as f32;
        if kind == CLOSE {
            at += 1;
            continue;
        }
        if kind != MOVE && kind != LINE {
            return Err(roi.unsupported("a composite shape with curves"));
        }
        let point = [number(at + 1)?, number(at + 2)?];
        if kind == MOVE {
            rings.push(Vec::new());
        }
        rings.last_mut().ok_or_else(|| roi.damaged("a composite shape without a start"))?.push(point);
        at += 3;
    }
    // a path may end where it began, and leave a last point alone
    rings.retain(|ring| ring.len() > 2);
    Ok(Shape::Polygon(rings))
}

/// The bytes of a ROI and its name.
struct Bytes<'a> {
    file: Named<'a>,
    name: &'a str,
    bytes: &'a [u8],
}

impl Bytes<'_> {
    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], RegionsError> {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes.copied().ok_or_else(|| self.damaged(format!("it ends after {} bytes", self.bytes.len())))
    }

    fn u16(&self, at: usize) -> Result<u16, RegionsError> {
        self.array(at).map(u16::from_be_bytes)
    }

    fn i16(&self, at: usize) -> Result<f64, RegionsError> {
        self.array(at).map(|bytes| f64::from(i16::from_be_bytes(bytes)))
    }

    fn u32(&self, at: usize) -> Result<u32, RegionsError> {
        self.array(at).map(u32::from_be_bytes)
    }

    fn f32(&self, at: usize) -> Result<f64, RegionsError> {
        self.array(at).map(|bytes| f64::from(f32::from_be_bytes(bytes)))
    }

    fn damaged(&self, reason: impl std::fmt::Display) -> RegionsError {
        self.file.damaged(format!("{}: {reason}", self.name))
    }

    fn unsupported(&self, found: &str) -> RegionsError {
        let expected = "ROIs that are rectangles, ovals, polygons, freehand, traced or composite";
        self.file.unsupported(format!("{found} ({})", self.name), expected)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::regions::labels::tests::labels;
    use crate::regions::{Labels, outlines};

    fn named() -> Named<'static> {
        Named { path: Path::new("a.roi"), format: "ImageJ ROI" }
    }

    fn pixels(shape: Shape, height: usize, width: usize) -> Labels {
        Labels::of_shapes(height, width, &[shape], None).unwrap()
    }

    /// A file of a kind, with its bounds (top, left, bottom, right), and what follows the header.
    fn file(kind: u8, bounds: [i16; 4], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = b"Iout\x00\xe3".to_vec();
        bytes.extend([kind, 0]);
        bytes.extend(bounds.iter().flat_map(|side| side.to_be_bytes()));
        bytes.resize(64, 0);
        change(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_written_comes_back() {
        let before = labels(&["..111.2", "..1.1..", "4.11133", "444.3.4"]);
        for outline in outlines(&before) {
            let bytes = bytes(&outline, "region µ").unwrap();
            let found = pixels(read(named(), "a", &bytes).unwrap(), 4, 7);
            let expected = before.values().iter().map(|value| u32::from(*value == outline.label)).collect();
            assert_eq!(found, Labels::new(4, 7, expected).unwrap(), "{outline:?}");
        }
    }

    #[test]
    fn bytes_stand_where_the_format_has_them() {
        let outline = &outlines(&labels(&["...", ".11"]))[0];
        let bytes = bytes(outline, "ab").unwrap();
        let expected = [
            &b"Iout\x00\xe3\x08\x00"[..],
            &[0, 1, 0, 1, 0, 2, 0, 3, 0, 4], // top, left, bottom, right, number of points
            &[0; 42],
            &[0, 0, 0, 80],            // where the second header is
            &[0, 0, 0, 2, 0, 2, 0, 0], // x from the left side
            &[0, 0, 0, 0, 0, 1, 0, 1],
            &[0; 16],
            &[0, 0, 0, 144, 0, 0, 0, 2],
            &[0; 40],
            &[0, b'a', 0, b'b'],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn other_kinds_are_read_or_named() {
        let rectangle = file(1, [1, 2, 3, 5], |_| {});
        assert_eq!(
            pixels(read(named(), "a", &rectangle).unwrap(), 4, 6),
            labels(&["......", "..111.", "..111.", "......"])
        );
        let oval = file(2, [0, 0, 3, 4], |_| {});
        assert_eq!(pixels(read(named(), "a", &oval).unwrap(), 3, 4), labels(&[".11.", "1111", ".11."]));
        let fractional = file(7, [0, 0, 3, 4], |bytes| {
            bytes[17] = 3;
            bytes[51] = 128;
            bytes.extend([0; 12]);
            bytes.extend([0.4_f32, 3.6, 0.4, 0.4, 0.4, 2.7].iter().flat_map(|v| v.to_be_bytes()));
        });
        let corners = vec![[0.4_f32, 0.4], [3.6, 0.4], [0.4, 2.7]];
        let corners = corners.into_iter().map(|point| point.map(f64::from)).collect();
        assert_eq!(read(named(), "a", &fractional).unwrap(), Shape::Polygon(vec![corners]));
        for (kind, name) in [(3, "a line"), (5, "a polyline"), (10, "points"), (77, "an unknown kind")] {
            let text = read(named(), "0001.roi", &file(kind, [0; 4], |_| {})).unwrap_err().to_string();
            assert!(text.ends_with(&format!("found {name} (0001.roi)")), "{text}");
        }
        let round = file(1, [0, 0, 3, 4], |bytes| bytes[55] = 9);
        assert!(read(named(), "a", &round).unwrap_err().to_string().contains("round corners"));
    }

    #[test]
    fn damage_is_named() {
        let many = file(0, [0; 4], |bytes| bytes[16..22].copy_from_slice(&[0, 0, 0xff, 0xff, 0xff, 0xff]));
        let text = read(named(), "a", &many).unwrap_err().to_string();
        assert_eq!(text, "a.roi: damaged ImageJ ROI file: a: 4294967295 points do not fit into its 64 bytes");
        let composite = file(1, [0; 4], |bytes| bytes[36..40].fill(0xff));
        assert!(read(named(), "a", &composite).is_err());
        let curved = file(1, [0; 4], |bytes| {
            bytes[39] = 1;
            bytes.extend(3.0_f32.to_be_bytes());
        });
        assert!(read(named(), "a", &curved).unwrap_err().to_string().contains("curves"));
        assert!(read(named(), "a", b"Iout").unwrap_err().to_string().contains("it ends after 4 bytes"));
        let far = &outlines(
            &Labels::new(1, 40_000, (0..40_000).map(|x| u32::from(x == 39_000)).collect()).unwrap(),
        )[0];
        let text = bytes(far, "").unwrap_err().to_string();
        assert!(text.ends_with("expected coordinates from 0 to 32767, found [39000.0, 0.0]"), "{text}");
    }
}
