//! Unchanged planes in a file in which other programs can measure: a TIFF stack of 32-bit floats.
//!
//! The file follows ImageJ's convention: pixels per unit as a rational number, the unit in the
//! description, all planes one after the other after the header, then the directories, slice
//! labels in ImageJ's own tags. Any other TIFF reader sees a plain multi-page file. Little-endian.

use std::io::{self, Write};
use std::path::Path;

use super::ExportError;
use super::tiff_directory::{Field, encoded, resolution, resolution_fields, word};
use crate::file::WholeFile;
use crate::{Calibration, Plane};

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
        let resolution = calibration.map(resolution).transpose()?;
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
        fields.extend(self.resolution.into_iter().flat_map(resolution_fields));
        if page == 0 {
            fields.push(Field::text(270, &self.description()));
            fields.extend(label_fields(&self.labels));
        }
        encoded(fields, at, last)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CalibrationSource;

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
