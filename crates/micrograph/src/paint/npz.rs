//! Unchanged arrays for Python: an NPZ file, written one plane after the other.
//!
//! NPZ is a ZIP archive of NPY files. Nothing is compressed: feature maps hardly shrink, and numpy
//! reads stored arrays faster. Files and arrays may exceed 4 GiB. The same arrays give the same bytes.

use std::io::Write;
use std::path::Path;

use zip::write::FileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::ExportError;
use crate::Plane;
use crate::file::WholeFile;

/// An NPZ file of 32-bit floats that `numpy.load` reads.
pub struct NpzWriter {
    path: std::path::PathBuf,
    zip: ZipWriter<WholeFile>,
    names: Vec<String>,
    // values the array in work still waits for, and how many it has in all
    missing: usize,
    announced: usize,
}

impl NpzWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, ExportError> {
        let zip = ZipWriter::new(WholeFile::create(path)?);
        Ok(Self { path: path.to_owned(), zip, names: Vec::new(), missing: 0, announced: 0 })
    }

    /// Writes one plane as an array `[H, W]`.
    ///
    /// # Errors
    /// As [`Self::begin`] and [`Self::append`].
    pub fn push(&mut self, name: &str, plane: &Plane) -> Result<(), ExportError> {
        self.begin(name, &[plane.height(), plane.width()])?;
        self.append(plane.values())
    }

    /// Begins an array of `shape`, whose values follow by [`Self::append`].
    ///
    /// # Errors
    /// If the array before is not complete, the name was used before, or the disk is full.
    pub fn begin(&mut self, name: &str, shape: &[usize]) -> Result<(), ExportError> {
        self.check_complete()?;
        if self.names.iter().any(|known| known == name) {
            return Err(ExportError::Twice { name: name.to_owned() });
        }
        let options = FileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .large_file(true);
        self.zip.start_file(format!("{name}.npy"), options).map_err(|error| self.failed(error.into()))?;
        self.names.push(name.to_owned());
        self.announced = shape.iter().product();
        self.missing = self.announced;
        let header = npy_header(shape);
        self.zip.write_all(&header).map_err(|error| self.failed(error))
    }

    /// Writes the next values of the array in work, row-major: e.g. those of one plane of `[C, H, W]`.
    ///
    /// # Errors
    /// If they are more than the array still waits for, or the disk is full.
    pub fn append(&mut self, values: &[f32]) -> Result<(), ExportError> {
        let Some(missing) = self.missing.checked_sub(values.len()) else {
            return Err(self.miscounted(self.announced - self.missing + values.len()));
        };
        self.missing = missing;
        // pieces of 64 KiB: few calls, little memory
        for piece in values.chunks(1 << 14) {
            let bytes: Vec<u8> = piece.iter().flat_map(|value| value.to_le_bytes()).collect();
            self.zip.write_all(&bytes).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    /// Writes the table of contents and renames the file to its path.
    ///
    /// # Errors
    /// If the last array is not complete or the disk is full; the file is then not there.
    pub fn finish(mut self) -> Result<(), ExportError> {
        self.check_complete()?;
        let file = self.zip.finish().map_err(|error| self.failed(error.into()))?;
        Ok(file.finish()?)
    }

    fn check_complete(&self) -> Result<(), ExportError> {
        if self.missing > 0 { Err(self.miscounted(self.announced - self.missing)) } else { Ok(()) }
    }

    fn miscounted(&self, found: usize) -> ExportError {
        let array = self.names.last().map_or("(no array started)", String::as_str);
        ExportError::Count { name: format!("values of `{array}`"), expected: self.announced, found }
    }

    fn failed(&self, source: std::io::Error) -> ExportError {
        crate::file::WriteError { path: self.path.clone(), source }.into()
    }
}

// NPY version 1.0: magic, length, a Python literal padded so that the values begin at a multiple of 64
fn npy_header(shape: &[usize]) -> Vec<u8> {
    let sides: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sides.trim_end());
    let before_text = 10;
    let total = (before_text + text.len() + 1).next_multiple_of(64);
    text += &" ".repeat(total - before_text - text.len() - 1);
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path, name: &str) -> (Vec<u64>, Vec<f32>) {
        let mut archive = npyz::npz::NpzArchive::open(path).unwrap();
        let array = archive.by_name(name).unwrap().expect(name);
        (array.shape().to_vec(), array.into_vec().unwrap())
    }

    #[test]
    fn arrays_come_back_through_an_independent_reader() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("maps.npz");
        let plane = Plane::from_fn(3, 5, |y, x| (10 * y + x) as f32 - 0.25);
        let mut npz = NpzWriter::create(&path).unwrap();
        npz.push("image", &plane).unwrap();
        npz.begin("encoder.2", &[2, 3, 5]).unwrap();
        npz.append(plane.values()).unwrap();
        npz.append(plane.map(|v| -v).values()).unwrap();
        npz.begin("latent", &[1]).unwrap();
        npz.append(&[f32::NAN]).unwrap();
        npz.begin("none", &[0, 4]).unwrap();
        npz.finish().unwrap();

        assert_eq!(read(&path, "image"), (vec![3, 5], plane.values().to_vec()));
        let (shape, values) = read(&path, "encoder.2");
        assert_eq!((shape, values[15]), (vec![2, 3, 5], 0.25));
        assert!(read(&path, "latent").1[0].is_nan());
        assert_eq!(read(&path, "none"), (vec![0, 4], vec![]));
    }

    #[test]
    fn a_file_with_missing_or_extra_values_is_refused_and_not_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("maps.npz");
        let mut npz = NpzWriter::create(&path).unwrap();
        assert!(npz.append(&[1.0]).is_err());
        npz.begin("a", &[2, 2]).unwrap();
        npz.append(&[1.0, 2.0]).unwrap();
        let error = npz.append(&[3.0; 3]).unwrap_err().to_string();
        assert_eq!(error, "values of `a`: expected 4, found 5");
        assert!(npz.begin("b", &[1]).is_err());
        npz.append(&[3.0, 4.0]).unwrap();
        assert!(matches!(npz.begin("a", &[1]), Err(ExportError::Twice { .. })));
        npz.begin("b", &[1]).unwrap();
        assert!(npz.finish().is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn headers_follow_the_format() {
        for shape in [&[][..], &[3], &[3, 5], &[123_456, 7, 8, 9]] {
            let header = npy_header(shape);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(usize::from(header[8]) + 256 * usize::from(header[9]), header.len() - 10);
        }
        assert!(String::from_utf8_lossy(&npy_header(&[3])).contains("'shape': (3,), }"));
    }
}
