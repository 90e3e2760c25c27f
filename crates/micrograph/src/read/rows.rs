//! Rows: pixels that are stored row after row, uncompressed, as in DM, PGM and NPY files.

use std::io::SeekFrom;

use crate::Plane;

use super::error::ReadError;
use super::image_file::{ImageFile, Stream};
use super::levels;
use super::number::Size;
use super::samples::Samples;

/// Rows of pixels in a file.
pub(super) struct Rows {
    /// Position of the first.
    pub(super) at: u64,
    pub(super) size: Size,
    pub(super) samples: Samples,
    /// The grey level of a pixel's samples.
    pub(super) gray: fn(&[f32]) -> f32,
}

impl Rows {
    /// Reads the plane, and the warning that its levels were shifted.
    pub(super) fn plane(
        &self,
        file: &ImageFile<'_>,
        reader: &mut dyn Stream,
    ) -> Result<(Plane, Option<String>), ReadError> {
        let Size { height, width } = self.size;
        let row_bytes = self.samples.row_bytes(width as u64);
        let numbers_bytes = (width as u64).saturating_mul(4 * self.samples.together as u64);
        file.check_budget(height, width, row_bytes.saturating_add(numbers_bytes))?;
        let needed = self.at.saturating_add(row_bytes.saturating_mul(height as u64));
        if needed > file.length {
            return Err(file.damaged(format!(
                "{height} rows of {width} pixels end at byte {needed}, the file at byte {}",
                file.length
            )));
        }
        let mut row = vec![0; row_bytes as usize];
        let mut numbers = vec![0.0; width * self.samples.together];
        levels::plane(|levels| {
            let mut plane = file.plane(height, width)?;
            reader.seek(SeekFrom::Start(self.at)).map_err(|error| file.io(error))?;
            for pixels in plane.values_mut().chunks_exact_mut(width) {
                reader.read_exact(&mut row).map_err(|error| file.io(error))?;
                self.samples.numbers(&mut row, levels, &mut numbers);
                for (pixel, samples) in pixels.iter_mut().zip(numbers.chunks_exact(self.samples.together)) {
                    *pixel = (self.gray)(samples);
                }
            }
            Ok(plane)
        })
    }
}
