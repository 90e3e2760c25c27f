//! Compression: the bytes of a strip or tile in a TIFF file → the bytes of its rows, as a stream.

use std::io::{self, BufRead, BufReader, Read};

use super::super::image_file::invalid;
use super::directory::Fault;
use super::fax::{Fax, FaxKind};

/// What to do with a file whose pixels are stored in a way that is not read.
pub(super) const SAVE_AS: &str = "save it as grey or RGB, uncompressed or with LZW or Deflate";
/// Bytes that are read from the file at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// A compression that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Fax(FaxKind),
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstandard,
}

impl Compression {
    /// The compression of tag 259's `number`; `fax3_options` are those of tag 292.
    pub(super) fn of(number: u64, fax3_options: u64) -> Result<Self, Fault> {
        let two_dimensional = fax3_options & 1 == 1;
        Ok(match number {
            1 => Self::None,
            2 | 32771 => Self::Fax(FaxKind::Lines),
            3 => Self::Fax(FaxKind::Group3 { two_dimensional }),
            4 => Self::Fax(FaxKind::Group4),
            5 => Self::Lzw,
            7 => Self::Jpeg,
            8 | 32946 => Self::Deflate,
            32773 => Self::PackBits,
            50000 => Self::Zstandard,
            other => {
                let found = match name(other) {
                    Some(name) => format!("{name} compression"),
                    None => format!("the unknown compression {other}"),
                };
                return Err(Fault::Unsupported { found, expected: SAVE_AS });
            }
        })
    }

    /// Whether numbers may be stored as differences before they are compressed.
    pub(super) fn predicts(self) -> bool {
        matches!(self, Self::Lzw | Self::Deflate | Self::Zstandard)
    }

    pub(super) fn is_fax(self) -> bool {
        matches!(self, Self::Fax(_))
    }
}

/// The name of a compression that is not read.
fn name(number: u64) -> Option<&'static str> {
    Some(match number {
        6 => "old-style JPEG",
        9 | 10 | 34661 => "JBIG",
        32766 => "NeXT",
        32809 => "ThunderScan",
        32895..=32898 => "a prepress (IT8)",
        32908 | 32909 => "Pixar",
        33003..=33005 | 34712 => "JPEG 2000",
        34676 | 34677 => "SGI LogLuv",
        34887 => "LERC",
        34892 => "lossy JPEG (DNG)",
        34925 => "LZMA",
        22610 | 34934 => "JPEG XR",
        50001 | 34927 => "WebP",
        50002 | 52546 => "JPEG XL",
        65000 => "Leica or Kodak raw",
        _ => return None,
    })
}

/// The bytes of rows of `width` pixels that are stored as `stored`; bits of each byte in reverse if `reversed`.
///
/// # Panics
/// For JPEG, whose strips and tiles are images of their own.
pub(super) fn unpacked<'a>(
    stored: impl Read + 'a,
    compression: Compression,
    reversed: bool,
    width: usize,
) -> io::Result<Box<dyn Read + 'a>> {
    let mut stored = BufReader::with_capacity(BUFFER_BYTES, Reversed { inner: stored, reversed });
    Ok(match compression {
        Compression::None => Box::new(stored),
        Compression::Fax(kind) => Box::new(Fax::new(stored, kind, width)),
        Compression::Lzw => {
            if matches!(stored.fill_buf()?, [0, second, ..] if second & 1 == 1) {
                return Err(invalid("old-style LZW compression, as before 1990, is not read"));
            }
            Box::new(Lzw::new(stored))
        }
        Compression::Deflate => Box::new(flate2::bufread::ZlibDecoder::new(stored)),
        Compression::PackBits => Box::new(PackBits { stored, run: Run::Repeated(0), left: 0 }),
        Compression::Zstandard => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(stored).map_err(io::Error::other)?;
            Box::new(decoder)
        }
        Compression::Jpeg => unreachable!("strips of JPEG are decoded as images"),
    })
}

/// Reverses the bits of each byte, if so desired.
struct Reversed<R> {
    inner: R,
    reversed: bool,
}

impl<R: Read> Read for Reversed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buffer)?;
        if self.reversed {
            buffer[..n_read].iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        Ok(n_read)
    }
}

struct Lzw<R> {
    stored: R,
    decoder: weezl::decode::Decoder,
    ended: bool,
}

impl<R: BufRead> Lzw<R> {
    fn new(stored: R) -> Self {
        let configuration = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
            .with_yield_on_full_buffer(true);
        Self { stored, decoder: configuration.build(), ended: false }
    }
}

impl<R: BufRead> Read for Lzw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let result = self.decoder.decode_bytes(self.stored.fill_buf()?, buffer);
            self.stored.consume(result.consumed_in);
            match result.status {
                Ok(weezl::LzwStatus::Ok) => {}
                Ok(weezl::LzwStatus::Done | weezl::LzwStatus::NoProgress) => self.ended = true,
                Err(error) => return Err(invalid(format!("LZW: {error}"))),
            }
            if result.consumed_out > 0 {
                return Ok(result.consumed_out);
            }
        }
        Ok(0)
    }
}

enum Run {
    Literal,
    Repeated(u8),
}

struct PackBits<R> {
    stored: R,
    run: Run,
    /// Bytes of the run that are still to come.
    left: usize,
}

impl<R: BufRead> PackBits<R> {
    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.stored.fill_buf()?.first().copied();
        self.stored.consume(usize::from(byte.is_some()));
        Ok(byte)
    }
}

impl<R: BufRead> Read for PackBits<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let Some(head) = self.byte()? else { return Ok(0) };
            match head.cast_signed() {
                -128 => {} // without meaning
                head @ 0.. => (self.run, self.left) = (Run::Literal, head as usize + 1),
                head => {
                    let Some(byte) = self.byte()? else { return Ok(0) };
                    (self.run, self.left) = (Run::Repeated(byte), 1 + usize::from(head.unsigned_abs()));
                }
            }
        }
        let most = self.left.min(buffer.len());
        let n = match self.run {
            Run::Literal => self.stored.read(&mut buffer[..most])?,
            Run::Repeated(byte) => {
                buffer[..most].fill(byte);
                most
            }
        };
        self.left -= n;
        Ok(n)
    }
}
