//! JPEG inside TIFF (TIFF Technical Note 2, 1995): each strip or tile is an image, whose tables may stand in
//! a tag. Its samples are given as stored: what they mean, the tags of the page say.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::super::jpeg::{self, Outline};
use super::super::number::Size;

/// Why a strip or tile cannot be read.
pub(super) enum ChunkFault {
    Unsupported(&'static str),
    Damaged(String),
}

/// Rows of `samples` samples a pixel of the strip or tile `stored` with `tables`, which has the columns of
/// `size`, and not more rows.
pub(super) fn rows(tables: &[u8], stored: &[u8], size: Size, samples: usize) -> Result<Vec<u8>, ChunkFault> {
    let file = match tables.strip_suffix(&[0xff, 0xd9]) {
        Some(tables) => [tables, stored.strip_prefix(&[0xff, 0xd8]).unwrap_or(stored)].concat(),
        None => stored.to_vec(),
    };
    let outline = Outline::of(&file);
    if let Some(name) = outline.refused {
        return Err(ChunkFault::Unsupported(name));
    }
    let rows =
        jpeg::decoded(&file, &outline, |file| image(file, size, samples)).map_err(ChunkFault::Damaged)?;
    rows.ok_or_else(|| ChunkFault::Damaged("it ends before its pixels do".to_owned()))
}

fn image(file: &[u8], size: Size, samples: usize) -> Result<Vec<u8>, String> {
    let options = DecoderOptions::default().set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    let fault = |error| format!("JPEG: {error}");
    decoder.decode_headers().map_err(fault)?;
    let stored = decoder.input_colorspace().ok_or("JPEG: no frame")?;
    let (width, height) = decoder.dimensions().ok_or("JPEG: no frame")?;
    let found = stored.num_components();
    if width != size.width || height > size.height || found != samples {
        return Err(format!(
            "JPEG: expected at most {} rows of {} pixels of {samples} samples, found {height} of {width} of {found}",
            size.height, size.width
        ));
    }
    decoder.set_options(options.jpeg_set_out_colorspace(stored));
    decoder.decode().map_err(fault)
}
