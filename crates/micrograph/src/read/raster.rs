//! PNG, JPEG and BMP: decoded by the `image` crate.
//!
//! They hold no calibration except the XML that Phenom instruments put into a JPEG file; a sidecar
//! may have one. A resolution in dots per inch is not a calibration.

use std::io::{Cursor, Read, SeekFrom};

use image::codecs::{bmp::BmpDecoder, jpeg::JpegDecoder, png::PngDecoder};
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, Limits};

use crate::Plane;

use super::error::ReadError;
use super::findings::Findings;
use super::format::Format;
use super::image_file::{ImageFile, Stream};
use super::jpeg::{self, Outline};
use super::luma::luma;
use super::number::{Size, text_from_bytes};
use super::orientation::{Orientation, Stored};
use super::{exif, fei, simple};

/// Bytes at either end of a JPEG file that are searched for its maker's XML.
const XML_REACH: u64 = 64 << 10;

/// The facts that the file gives without decoding its pixels.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Stored, ReadError> {
    let mut findings = Findings::default();
    let (mut xml, mut orientation) = (None, Orientation::default());
    match file.format {
        Format::Jpeg => {
            xml = phenom_xml(file, reader)?;
            let jpeg = Jpeg::read(file, reader)?;
            orientation = jpeg.orientation();
            if jpeg.outline.end.is_none() {
                findings.warnings.push(
                    "the file has no end marker; its last bytes are missing, but no pixel if it can be read"
                        .to_owned(),
                );
            }
        }
        Format::Png => orientation = exif::orientation_of_png(reader),
        _ => {}
    }
    let decoder = decoder(file, reader)?;
    let (width, height) = decoder.dimensions();
    let size = Size { height: height as usize, width: width as usize };
    let mut sample = sample(decoder.original_color_type());
    drop(decoder);
    if let Some(bits) = palette_bits(file, reader)? {
        sample = format!("{bits}-bit palette");
    }
    if let Some(more) = xml.and_then(|xml| fei::xml_findings(&xml, size)) {
        findings.add(more);
    }
    let facts = simple::with_findings(file, file.format.name(), size, sample, findings)?;
    Ok(Stored { orientation, ..facts })
}

/// Decodes the pixels.
pub(super) fn plane(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Plane, ReadError> {
    if file.format == Format::Jpeg {
        return Jpeg::read(file, reader)?.decoded(file, |bytes| plane_of(file, &mut Cursor::new(bytes)));
    }
    plane_of(file, reader)
}

fn plane_of(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Plane, ReadError> {
    let decoder = decoder(file, reader)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let color = decoder.color_type();
    let bytes = (height as u64 * width as u64).saturating_mul(u64::from(color.bytes_per_pixel()));
    let working = match file.format {
        // progressive files keep a 16-bit coefficient for each value; the file is in memory, and in its decoder
        Format::Jpeg => bytes.saturating_mul(3).saturating_add(file.length.saturating_mul(2)),
        _ => bytes,
    };
    file.check_budget(height, width, working)?;
    let mut decoded = vec![0; bytes as usize];
    let result = decoder.read_image(&mut decoded);
    result.map_err(|error| file.decode(error))?;

    let mut plane = file.plane(height, width)?;
    let channels = usize::from(color.channel_count());
    let values = plane.values_mut();
    match color {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {
            for (value, pixel) in values.iter_mut().zip(decoded.chunks_exact(channels)) {
                *value = gray(pixel.len(), |channel| f32::from(pixel[channel]));
            }
        }
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            for (value, pixel) in values.iter_mut().zip(decoded.chunks_exact(2 * channels)) {
                let sample =
                    |channel: usize| u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]]);
                *value = gray(channels, |channel| f32::from(sample(channel)));
            }
        }
        other => {
            return Err(ReadError::Unsupported {
                path: file.path.to_owned(),
                found: format!("{other:?}"),
                expected: "grey or RGB of 8 or 16 bits",
            });
        }
    }
    Ok(plane)
}

/// Decodes red, green and blue, in shares of the largest value that a sample can have; grey is three
/// times the same.
pub(super) fn colors(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<[Plane; 3], ReadError> {
    let (planes, orientation) = match file.format {
        Format::Jpeg => {
            let jpeg = Jpeg::read(file, reader)?;
            let planes = jpeg.decoded(file, |bytes| colors_of(file, &mut Cursor::new(bytes)))?;
            (planes, jpeg.orientation())
        }
        Format::Png => (colors_of(file, reader)?, exif::orientation_of_png(reader)),
        _ => (colors_of(file, reader)?, Orientation::default()),
    };
    Ok(planes.map(|plane| orientation.turn(plane)))
}

fn colors_of(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<[Plane; 3], ReadError> {
    let decoder = decoder(file, reader)?;
    let (width, height) = decoder.dimensions();
    // memory for the decoded image, and for four floats per pixel in between
    let working = decoder.total_bytes().saturating_add(16 * u64::from(width) * u64::from(height));
    file.check_budget(3 * height as usize, width as usize, working)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(|error| file.decode(error))?;
    let pixels = decoded.into_rgb32f();
    Ok([0, 1, 2].map(|color| {
        let values = pixels.pixels().map(|pixel| pixel.0[color]).collect();
        Plane::new(height as usize, width as usize, values)
    }))
}

/// One value of a pixel of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) channels.
fn gray(channels: usize, sample: impl Fn(usize) -> f32) -> f32 {
    if channels < 3 { sample(0) } else { luma([sample(0), sample(1), sample(2)]) }
}

fn decoder<'a>(
    file: &ImageFile<'_>,
    reader: &'a mut dyn Stream,
) -> Result<Box<dyn ImageDecoder + 'a>, ReadError> {
    reader.rewind().map_err(|error| file.io(error))?;
    let most_bytes = file.config.most_bytes as u64;
    let mut limits = Limits::default();
    limits.max_alloc = Some(most_bytes);
    let decoder: Result<Box<dyn ImageDecoder>, _> = match file.format {
        Format::Png => PngDecoder::with_limits(reader, limits).map(|decoder| Box::new(decoder) as _),
        Format::Jpeg => JpegDecoder::new(reader).map(|decoder| Box::new(decoder) as _),
        _ => BmpDecoder::new(reader).map(|decoder| Box::new(decoder) as _),
    };
    decoder.map_err(|error| file.decode(error))
}

/// How a pixel is stored, in words.
fn sample(color: ExtendedColorType) -> String {
    let name = match color.channel_count() {
        1 => "grey",
        2 => "grey with alpha",
        3 => "RGB",
        _ => "RGBA",
    };
    format!("{}-bit {name}", color.bits_per_pixel() / u16::from(color.channel_count().max(1)))
}

/// Bits of the index into the palette, where there is one; the decoders give its colors only.
fn palette_bits(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Option<u8>, ReadError> {
    reader.rewind().map_err(|error| file.io(error))?;
    let head = super::format::head(reader).map_err(|error| file.io(error))?;
    Ok(match file.format {
        // depth and color type in the header chunk; 3 is a palette
        Format::Png if head.get(25) == Some(&3) => head.get(24).copied(),
        // bits a pixel in the header of Windows bitmaps
        Format::Bmp => head.get(28).copied().filter(|bits| matches!(bits, 1 | 2 | 4 | 8)),
        _ => None,
    })
}

/// A JPEG file in memory, and what its markers say.
struct Jpeg {
    bytes: Vec<u8>,
    outline: Outline,
}

impl Jpeg {
    /// Reads the file, or an error for a kind of JPEG that is not read.
    fn read(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Self, ReadError> {
        file.check_bytes(file.length, || "the bytes of the file".to_owned())?;
        reader.rewind().map_err(|error| file.io(error))?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| file.io(error))?;
        let outline = Outline::of(&bytes);
        match outline.refused {
            Some(name) => Err(ReadError::Unsupported {
                path: file.path.to_owned(),
                found: name.to_owned(),
                expected: "baseline or progressive JPEG of 8 bits; save it as TIFF or PNG",
            }),
            None => Ok(Self { bytes, outline }),
        }
    }

    fn orientation(&self) -> Orientation {
        let exif = self.outline.exif.clone().and_then(|exif| self.bytes.get(exif));
        exif.map_or_else(Orientation::default, exif::orientation)
    }

    /// What `decode` makes of the image without what follows it; an error where pixels are missing.
    fn decoded<T: PartialEq>(
        &self,
        file: &ImageFile<'_>,
        decode: impl Fn(&[u8]) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let decoded = jpeg::decoded(&self.bytes, &self.outline, decode)?;
        decoded.ok_or_else(|| file.damaged("it ends before its pixels do"))
    }
}

/// The `<FeiImage>` XML near the start or the end of a JPEG file.
fn phenom_xml(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Option<String>, ReadError> {
    for start in [0, file.length.saturating_sub(XML_REACH)] {
        reader.seek(SeekFrom::Start(start)).map_err(|error| file.io(error))?;
        let mut bytes = Vec::new();
        let read = (&mut *reader).take(XML_REACH).read_to_end(&mut bytes);
        read.map_err(|error| file.io(error))?;
        let find = |text: &[u8], from: usize| {
            bytes[from..].windows(text.len()).position(|window| window == text).map(|at| at + from)
        };
        let end = b"</FeiImage>";
        if let Some(first) = find(b"<FeiImage", 0)
            && let Some(last) = find(end, first)
        {
            return Ok(Some(text_from_bytes(&bytes[first..last + end.len()])));
        }
    }
    Ok(None)
}
