//! Unchanged planes in a file in which other programs can measure: a TIFF stack of 32-bit floats.
//!
//! The file follows ImageJ's convention: pixels per unit as a rational number, the unit in the
//! description, all planes one after the other after the header, then the directories, slice
//! labels in ImageJ's own tags. Any other TIFF reader sees a plain multi-page file. Little-endian.

use std::io::{self, Write};
use std::path::Path;

use crate::file::{WholeFile, WriteError};
use crate::{Calibration, Plane};

/// Why planes could not be written to a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum ExportError {
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A plane has another shape than the first one of the file.
    #[error(
        "{name}: expected a plane of {} × {} (height × width), found {} × {}",
        expected.0, expected.1, found.0, found.1
    )]
    Shape { name: String, expected: (usize, usize), found: (usize, usize) },
    /// More or fewer planes or values came than were announced.
    #[error("{name}: expected {expected}, found {found}")]
    Count { name: String, expected: usize, found: usize },
    /// The file would exceed the size that the format can address.
    #[error("{n_bytes} bytes do not fit into a TIFF file, which ends at 4 GiB; write fewer planes, or NPZ")]
    TooLarge { n_bytes: u64 },
    /// The pixel size is not a number above 0, or exceeds the range of a TIFF.
    #[error("a pixel of {nm_per_px} nm cannot be stored in a TIFF file")]
    PixelSize { nm_per_px: f64 },
    /// Two arrays of one name.
    #[error("an array named `{name}` is already in the file")]
    Twice { name: String },
}

/// A TIFF file of planes of one shape, written one by one.
#[derive(Debug)]
pub struct TiffStack {
    file: WholeFile,
    height: usize,
    width: usize,
    labels: Vec<String>,
    // pixels per nm, x and y
    resolution: Option<[(u32, u32); 2]>,
    n_written: usize,
    range: Option<(f32, f32)>,
}

// a header and the pixels of all planes come first, each at an address that is known beforehand
const HEADER_BYTES: u64 = 8;
// an upper bound for the size of a page's directory, without its label
const DIRECTORY_BYTES: u64 = 512;

impl TiffStack {
    /// Begins a file of one plane per label, each `height × width`; labels appear over the slices
    /// in ImageJ.
    ///
    /// # Errors
    /// If the file would pass 4 GiB, the calibration cannot be stored, or the file cannot be made.
    pub fn create(
        path: &Path,
        (height, width): (usize, usize),
        labels: &[String],
        calibration: Option<&Calibration>,
    ) -> Result<Self, ExportError> {
        if labels.is_empty() || height * width == 0 {
            let name = format!("{}: planes with pixels", path.display());
            return Err(ExportError::Count { name, expected: 1, found: 0 });
        }
        let n_bytes = HEADER_BYTES
            + 4 * (height * width * labels.len()) as u64
            + labels.iter().map(|label| DIRECTORY_BYTES + 8 * label.len() as u64).sum::<u64>();
        if n_bytes > u64::from(u32::MAX) {
            return Err(ExportError::TooLarge { n_bytes });
        }
        let resolution = match calibration {
            None => None,
            Some(calibration) => Some([per_nm(calibration.nm_per_px_x)?, per_nm(calibration.nm_per_px_y)?]),
        };
        let mut stack = Self {
            file: WholeFile::create(path)?,
            height,
            width,
            labels: labels.to_vec(),
            resolution,
            n_written: 0,
            range: None,
        };
        let directories = HEADER_BYTES + stack.plane_bytes() * labels.len() as u64;
        let mut header = b"II\x2a\x00".to_vec();
        header.extend(word(directories));
        stack.put(&header)?;
        Ok(stack)
    }

    /// Writes the next plane.
    ///
    /// # Errors
    /// If the plane has another shape, the announced number is already written, or the disk is full.
    pub fn push(&mut self, plane: &Plane) -> Result<(), ExportError> {
        let Some(label) = self.labels.get(self.n_written) else {
            return Err(self.miscounted(self.n_written + 1));
        };
        let (expected, found) = ((self.height, self.width), (plane.height(), plane.width()));
        if expected != found {
            return Err(ExportError::Shape { name: label.clone(), expected, found });
        }
        for &value in plane.values().iter().filter(|value| value.is_finite()) {
            let (low, high) = self.range.unwrap_or((value, value));
            self.range = Some((low.min(value), high.max(value)));
        }
        for row in 0..self.height {
            let bytes: Vec<u8> = plane.row(row).iter().flat_map(|value| value.to_le_bytes()).collect();
            self.put(&bytes)?;
        }
        self.n_written += 1;
        Ok(())
    }

    /// Writes the directories and renames the file to its path.
    ///
    /// # Errors
    /// If planes are missing or the disk is full; the file is then not there.
    pub fn finish(mut self) -> Result<(), ExportError> {
        if self.n_written != self.labels.len() {
            return Err(self.miscounted(self.n_written));
        }
        let mut at = HEADER_BYTES + self.plane_bytes() * self.labels.len() as u64;
        for page in 0..self.labels.len() {
            let directory = self.directory(page, at);
            at += directory.len() as u64;
            self.put(&directory)?;
        }
        Ok(self.file.finish()?)
    }

    fn directory(&self, page: usize, at: u64) -> Vec<u8> {
        let last = page + 1 == self.labels.len();
        let mut fields = vec![
            Field::long(256, self.width as u64),
            Field::long(257, self.height as u64),
            Field::short(258, 32), // bits per sample
            Field::short(259, 1),  // not compressed
            Field::short(262, 1),  // black is zero
            Field::long(273, HEADER_BYTES + page as u64 * self.plane_bytes()),
            Field::short(277, 1), // samples per pixel
            Field::long(278, self.height as u64),
            Field::long(279, self.plane_bytes()),
            Field::short(339, 3), // IEEE floating point
        ];
        if let Some([x, y]) = self.resolution {
            fields.extend([Field::rational(282, x), Field::rational(283, y), Field::short(296, 1)]);
        }
        if page == 0 {
            let mut description = self.description().into_bytes();
            description.push(0);
            fields.push(Field { tag: 270, kind: 2, count: description.len(), bytes: description });
            fields.extend(label_fields(&self.labels));
        }
        fields.sort_by_key(|field| field.tag);
        encoded(&fields, at, last)
    }

    fn description(&self) -> String {
        let n = self.labels.len();
        // the version is that of the ImageJ whose reading of these lines was tried
        let mut text = "ImageJ=1.53t\n".to_owned();
        if n > 1 {
            text += &format!("images={n}\nslices={n}\n");
        }
        if self.resolution.is_some() {
            text += "unit=nm\n";
        }
        text += "loop=false\n";
        if let Some((low, high)) = self.range {
            text += &format!("min={low}\nmax={high}\n");
        }
        text
    }

    fn plane_bytes(&self) -> u64 {
        4 * (self.height * self.width) as u64
    }

    fn miscounted(&self, found: usize) -> ExportError {
        ExportError::Count { name: "planes of a TIFF stack".to_owned(), expected: self.labels.len(), found }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let put: io::Result<()> = self.file.write_all(bytes);
        put.map_err(|source| self.file.error(source).into())
    }
}

// one entry of a directory; kinds are TIFF's: 1 byte, 2 text, 3 u16, 4 u32, 5 two u32
struct Field {
    tag: u16,
    kind: u16,
    count: usize,
    bytes: Vec<u8>,
}

impl Field {
    fn short(tag: u16, value: u16) -> Self {
        Self { tag, kind: 3, count: 1, bytes: value.to_le_bytes().to_vec() }
    }

    fn long(tag: u16, value: u64) -> Self {
        Self { tag, kind: 4, count: 1, bytes: word(value).to_vec() }
    }

    fn rational(tag: u16, (above, below): (u32, u32)) -> Self {
        let bytes = [above.to_le_bytes(), below.to_le_bytes()].concat();
        Self { tag, kind: 5, count: 1, bytes }
    }
}

// ImageJ's metadata: a head with the kinds of entries, here `labl` alone, then the entries in
// UTF-16; another tag gives the length of each
fn label_fields(labels: &[String]) -> [Field; 2] {
    let mut bytes = word(0x494a_494a).to_vec(); // "IJIJ" as a number
    bytes.extend(word(0x6c61_626c)); // "labl" as a number
    bytes.extend(word(labels.len() as u64));
    let mut counts = word(bytes.len() as u64).to_vec();
    for label in labels {
        let text: Vec<u8> = label.encode_utf16().flat_map(u16::to_le_bytes).collect();
        counts.extend(word(text.len() as u64));
        bytes.extend(text);
    }
    [
        Field { tag: 50838, kind: 4, count: labels.len() + 1, bytes: counts },
        Field { tag: 50839, kind: 1, count: bytes.len(), bytes },
    ]
}

// The directory at address `at`: entries, the address of the next, then the values that do not fit
// into an entry.
fn encoded(fields: &[Field], at: u64, last: bool) -> Vec<u8> {
    let entries_end = at + 2 + 12 * fields.len() as u64 + 4;
    let mut entries = (fields.len() as u16).to_le_bytes().to_vec();
    let mut values = Vec::new();
    for Field { tag, kind, count, bytes } in fields {
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

fn word(value: u64) -> [u8; 4] {
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
    use crate::CalibrationSource;
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

    fn plane(idx: usize) -> Plane {
        Plane::from_fn(3, 5, |y, x| (100 * idx + 10 * y + x) as f32 - 0.5)
    }

    #[test]
    fn every_page_comes_back_through_an_independent_reader() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack.tif");
        let calibration =
            Calibration { nm_per_px_y: 12.5, ..Calibration::square(7.70833, CalibrationSource::Synthetic) };
        let labels: Vec<String> = (0..4).map(|idx| format!("encoder.2:{idx} µ")).collect();
        let mut stack = TiffStack::create(&path, (3, 5), &labels, Some(&calibration)).unwrap();
        (0..4).for_each(|idx| stack.push(&plane(idx)).unwrap());
        stack.finish().unwrap();

        let mut decoder = tiff::decoder::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        for idx in 0..4 {
            assert_eq!(decoder.dimensions().unwrap(), (5, 3));
            let tiff::decoder::DecodingResult::F32(values) = decoder.read_image().unwrap() else {
                panic!("page {idx} is not of 32-bit floats")
            };
            assert_eq!(values, plane(idx).values());
            assert_eq!(decoder.more_images(), idx < 3);
            if idx == 0 {
                let text = decoder.get_tag_ascii_string(tiff::tags::Tag::ImageDescription).unwrap();
                assert!(text.starts_with("ImageJ=") && text.contains("\nimages=4\n"), "{text}");
                assert!(text.contains("\nunit=nm\n") && text.contains("\nmin=-0.5\nmax=323.5\n"), "{text}");
            }
            if idx < 3 {
                decoder.next_image().unwrap();
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack.tif");
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let begin = || TiffStack::create(&path, (3, 5), &labels, None).unwrap();

        let mut stack = begin();
        let error = stack.push(&Plane::filled(5, 3, 0.0)).unwrap_err().to_string();
        assert_eq!(error, "a: expected a plane of 3 × 5 (height × width), found 5 × 3");
        stack.push(&plane(0)).unwrap();
        assert!(matches!(stack.finish(), Err(ExportError::Count { expected: 2, found: 1, .. })));

        let mut stack = begin();
        stack.push(&plane(0)).unwrap();
        stack.push(&plane(1)).unwrap();
        assert!(matches!(stack.push(&plane(2)), Err(ExportError::Count { expected: 2, found: 3, .. })));
        drop(stack);

        let large = TiffStack::create(&path, (40_000, 20_000), &labels, None);
        assert!(matches!(large, Err(ExportError::TooLarge { n_bytes }) if n_bytes > 6_400_000_000));
        let zero = Calibration::square(0.0, CalibrationSource::Typed);
        let refused = TiffStack::create(&path, (3, 5), &labels, Some(&zero));
        assert!(matches!(refused, Err(ExportError::PixelSize { .. })));
        assert!(TiffStack::create(&path, (3, 5), &[], None).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
