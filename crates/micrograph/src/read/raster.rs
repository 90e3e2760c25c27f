//! PNG, JPEG and BMP: decoded by the `image` crate.
//!
//! They hold no calibration except the XML that Phenom instruments put into a JPEG file; a sidecar
//! may have one. A resolution in dots per inch is not a calibration.

use std::io::{Read, SeekFrom};

use image::codecs::{bmp::BmpDecoder, jpeg::JpegDecoder, png::PngDecoder};
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, Limits};

use crate::{FileFacts, Plane};

use super::error::ReadError;
use super::findings::Findings;
use super::format::Format;
use super::image_file::{ImageFile, Stream};
use super::luma::luma;
use super::number::{Size, text_from_bytes};
use super::{fei, sidecar};

/// Bytes at either end of a JPEG file that are searched for its maker's XML.
const XML_REACH: u64 = 64 << 10;

/// The facts that the file gives without decoding its pixels.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<FileFacts, ReadError> {
    let mut findings = Findings::default();
    if file.config.page > 0 {
        let (path, page) = (file.path.to_owned(), file.config.page);
        return Err(ReadError::NoPage { path, page, n_pages: 1 });
    }
    let xml = if file.format == Format::Jpeg { phenom_xml(file, reader)? } else { None };
    let decoder = decoder(file, reader)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let mut sample = sample(decoder.original_color_type());
    drop(decoder);
    if let Some(bits) = palette_bits(file, reader)? {
        sample = format!("{bits}-bit palette");
    }
    if width == 0 || height == 0 {
        return Err(file.damaged(format!("{height} rows of {width} pixels")));
    }
    if let Some(more) = xml.and_then(|xml| fei::xml_findings(&xml, Size { height, width })) {
        findings.add(more);
    }
    findings.add(sidecar::findings(file.path, Size { height, width }));
    let calibration = findings.calibration(file.config.nm_per_px);
    Ok(FileFacts {
        path: file.path.to_owned(),
        format: file.format.name().to_owned(),
        height,
        width,
        sample,
        page: 0,
        n_pages: 1,
        calibration,
        instrument: findings.instrument,
        specimen_rows: findings.specimen_rows,
        warnings: findings.warnings,
    })
}

/// Decodes the pixels.
pub(super) fn plane(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Plane, ReadError> {
    if file.format == Format::Jpeg {
        check_jpeg_end(file, reader)?;
    }
    let decoder = decoder(file, reader)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let color = decoder.color_type();
    let bytes = (height as u64 * width as u64).saturating_mul(u64::from(color.bytes_per_pixel()));
    let working = match file.format {
        // progressive files keep a 16-bit coefficient for each value, and the file is in memory
        Format::Jpeg => bytes.saturating_mul(3).saturating_add(file.length),
        _ => bytes,
    };
    file.check_budget(height, width, working)?;
    let mut decoded = vec![0; bytes as usize];
    let result = decoder.read_image(&mut decoded);
    result.map_err(|error| file.decode(error))?;

    let mut plane = Plane::filled(height, width, 0.0);
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
    if file.format == Format::Jpeg {
        check_jpeg_end(file, reader)?;
    }
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
    if file.format == Format::Jpeg {
        // its decoder takes the whole file into memory
        file.check_bytes(file.length, || "the bytes of the file".to_owned())?;
    }
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

/// Refuses a JPEG file without end marker after its last scan: the decoder would fill up what is
/// missing with grey, and say nothing.
fn check_jpeg_end(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(), ReadError> {
    reader.rewind().map_err(|error| file.io(error))?;
    let (mut last, mut ended) = (0, false);
    loop {
        let bytes = reader.fill_buf().map_err(|error| file.io(error))?;
        if bytes.is_empty() {
            break;
        }
        for &byte in bytes {
            // inside a scan, 0xff is always followed by 0 or a restart marker
            match (last, byte) {
                (0xff, 0xda) => ended = false, // start of a scan
                (0xff, 0xd9) => ended = true,  // end of the image
                _ => {}
            }
            last = byte;
        }
        let n_read = bytes.len();
        reader.consume(n_read);
    }
    if ended { Ok(()) } else { Err(file.damaged("it ends before its pixels do")) }
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
