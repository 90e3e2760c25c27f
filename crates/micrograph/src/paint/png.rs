//! PNG files of pictures, with the pixel size if it is known and the format can hold it.

use std::path::Path;

use super::Picture;
use crate::file::{WriteError, write_whole};

const NM_PER_M: f64 = 1e9;

impl Picture {
    /// The picture as a PNG file.
    ///
    /// `nm_per_px` (height, width of a pixel *of this picture*) goes into the `pHYs` chunk as whole
    /// pixels per metre. Pixels below 0.24 nm do not fit into it and stay unstated; a pixel of 1 mm is
    /// exact to one part in a thousand, of 1 µm to one in a million. Software shows the chunk as dpi.
    ///
    /// # Panics
    /// If the picture is empty or wider or higher than 2³¹ − 1, which no PNG can be.
    pub fn png_bytes(&self, nm_per_px: Option<(f64, f64)>) -> Vec<u8> {
        self.described_png_bytes(nm_per_px, "")
    }

    /// As [`Self::png_bytes`], with `description` as its text chunk of that name, which viewers show
    /// among the properties of a file; an empty one is left out.
    ///
    /// # Panics
    /// As [`Self::png_bytes`].
    pub fn described_png_bytes(&self, nm_per_px: Option<(f64, f64)>, description: &str) -> Vec<u8> {
        let side = |n: usize| u32::try_from(n).expect("a picture's sides fit into a PNG");
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(self.width()), side(self.height()));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // five to fifteen times faster than the default level, and at most a sixth larger
        encoder.set_deflate_compression(png::DeflateCompression::Level(1));
        encoder.set_filter(png::Filter::Adaptive);
        encoder.set_pixel_dims(nm_per_px.and_then(pixels_per_metre));
        if !description.is_empty() {
            encoder
                .add_itxt_chunk("Description".to_owned(), description.to_owned())
                .expect("the keyword is a valid one");
        }
        encoder
            .write_header()
            .and_then(|mut writer| {
                writer.write_image_data(self.rgb())?;
                writer.finish()
            })
            .expect("a picture with pixels can be encoded into memory");
        bytes
    }

    /// The picture in a PNG file that [`Self::png_bytes`] made; `None` for other bytes.
    pub fn from_png_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().ok()?;
        if (reader.info().color_type, reader.info().bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight)
        {
            return None;
        }
        let mut rgb = vec![0; reader.output_buffer_size()?];
        let info = reader.next_frame(&mut rgb).ok()?;
        Self::from_rgb(info.height as usize, info.width as usize, rgb)
    }

    /// Writes the picture as a PNG file, whole or not at all; see [`Self::png_bytes`].
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_png(&self, path: &Path, nm_per_px: Option<(f64, f64)>) -> Result<(), WriteError> {
        write_whole(path, &self.png_bytes(nm_per_px))
    }
}

fn pixels_per_metre((height_nm, width_nm): (f64, f64)) -> Option<png::PixelDimensions> {
    let whole = |nm: f64| {
        let per_metre = (NM_PER_M / nm).round();
        (1.0..=f64::from(u32::MAX)).contains(&per_metre).then_some(per_metre as u32)
    };
    Some(png::PixelDimensions { xppu: whole(width_nm)?, yppu: whole(height_nm)?, unit: png::Unit::Meter })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<u8>, Option<png::PixelDimensions>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        (pixels, reader.info().pixel_dims)
    }

    #[test]
    fn pixels_and_their_size_come_back() {
        let mut picture = Picture::new(3, 5, [10, 20, 30]);
        picture.fill_rect(crate::Rect { y: 2, x: 1, height: 1, width: 1 }, [200, 0, 7], 1.0);
        let bytes = picture.png_bytes(Some((20.0, 12.5)));
        let (pixels, dims) = read(&bytes);
        assert_eq!(pixels, picture.rgb());
        assert_eq!(Picture::from_png_bytes(&bytes), Some(picture));
        assert_eq!(Picture::from_png_bytes(&bytes[..bytes.len() / 2]), None, "half a file is not a picture");
        let dims = dims.unwrap();
        assert_eq!((dims.yppu, dims.xppu, dims.unit), (50_000_000, 80_000_000, png::Unit::Meter));
    }

    #[test]
    fn a_size_the_format_cannot_hold_stays_unstated() {
        let picture = Picture::new(1, 1, [0; 3]);
        for nm_per_px in
            [None, Some((0.1, 0.1)), Some((f64::NAN, 1.0)), Some((-5.0, 5.0)), Some((1e12, 1e12))]
        {
            assert!(read(&picture.png_bytes(nm_per_px)).1.is_none(), "{nm_per_px:?}");
        }
    }
}
