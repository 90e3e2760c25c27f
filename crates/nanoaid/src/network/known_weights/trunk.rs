//! Some tensors of a safetensors file: those whose names have a common prefix, by one range request.
//!
//! The file's header is fetched first. It gives the position of each tensor, and so the smallest single range that
//! covers those required; others between them are fetched, too, and left out of the file that is written.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::ops::Range;

use safetensors::tensor::{Metadata, TensorInfo};

use super::error::FetchError;
use crate::download::{DownloadConfig, DownloadError, Identity, Part, Patience, Tell, Trouble, Uri, ask};

/// Bytes requested at first; headers of the known files have a few thousand.
const FIRST_BYTES: u64 = 1 << 16;
/// Most bytes of a header: 100 for each of as many tensors as no network here has.
const MOST_HEADER_BYTES: u64 = 8 << 20;
/// Bytes of the length before a header.
const LENGTH_BYTES: u64 = 8;

/// The header of a file on a server.
pub(super) struct Header {
    /// Its length and its text, as they stand at the beginning of the file.
    pub(super) bytes: Vec<u8>,
    pub(super) identity: Identity,
}

/// Where the wanted tensors lie.
pub(super) struct Plan {
    /// The bytes of the file that hold them.
    pub(super) range: Range<u64>,
    /// The tensors in their order, with places from the beginning of the range.
    tensors: Vec<(String, TensorInfo)>,
    texts: HashMap<String, String>,
}

/// Fetches the header of the file at `url`.
pub(super) fn fetch_header(
    url: &Uri,
    config: &DownloadConfig,
    tell: &mut Tell,
) -> Result<Header, FetchError> {
    let mut patience = Patience::new(config);
    let mut n_bytes = FIRST_BYTES;
    loop {
        match beginning(url, n_bytes, config) {
            Ok((bytes, identity)) => {
                let needed = header_bytes(url, &bytes)?;
                if let Some(total) = identity.total.filter(|total| *total < needed) {
                    let reason = format!("a header of {needed} bytes in a file of {total}");
                    return Err(FetchError::Format { url: url.to_string(), reason });
                }
                if needed <= bytes.len() as u64 {
                    return Ok(Header { bytes: bytes[..needed as usize].to_vec(), identity });
                }
                if needed <= n_bytes {
                    let reason = format!("the file ended after {} bytes", bytes.len());
                    patience.lose(url, reason, 0, tell)?;
                }
                n_bytes = needed;
            }
            Err(Trouble::Final(error)) => return Err(error.into()),
            Err(Trouble::PastTheEnd) => {
                return Err(FetchError::Format {
                    url: url.to_string(),
                    reason: "the file is empty".to_owned(),
                });
            }
            Err(Trouble::Passing(reason)) => patience.lose(url, reason, 0, tell)?,
        }
    }
}

/// The first bytes of the file, at most `n_bytes`.
fn beginning(url: &Uri, n_bytes: u64, config: &DownloadConfig) -> Result<(Vec<u8>, Identity), Trouble> {
    let answer = ask(url, 0, Some(n_bytes), config)?;
    let mut bytes = Vec::new();
    answer.body.take(n_bytes).read_to_end(&mut bytes).map_err(|error| Trouble::Passing(error.to_string()))?;
    Ok((bytes, answer.identity))
}

/// Bytes of the header and its length, as given by the first bytes of a file.
fn header_bytes(url: &Uri, bytes: &[u8]) -> Result<u64, FetchError> {
    let format = |reason: String| FetchError::Format { url: url.to_string(), reason };
    let length = bytes.first_chunk().ok_or_else(|| format(format!("a file of {} bytes", bytes.len())))?;
    match u64::from_le_bytes(*length) {
        length @ 2..=MOST_HEADER_BYTES => Ok(LENGTH_BYTES + length),
        length => Err(format(format!("a header of {length} bytes, expected 2 to {MOST_HEADER_BYTES}"))),
    }
}

impl Header {
    /// Where the tensors lie whose names begin with `prefix`.
    pub(super) fn plan(&self, url: &Uri, prefix: &str) -> Result<Plan, FetchError> {
        let format = |reason: String| FetchError::Format { url: url.to_string(), reason };
        let metadata: Metadata = serde_json::from_slice(&self.bytes[LENGTH_BYTES as usize..])
            .map_err(|error| format(error.to_string()))?;
        let data = self.bytes.len() as u64;
        let size = data + metadata.data_len() as u64;
        if let Some(found) = self.identity.total.filter(|total| *total != size) {
            return Err(format(format!("{found} bytes, expected {size} from its header")));
        }
        let mut tensors: Vec<(String, TensorInfo)> = metadata
            .tensors()
            .into_iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(name, tensor)| (name, tensor.clone()))
            .collect();
        // equal places are those of tensors without bytes
        tensors.sort_by(|(a, x), (b, y)| (x.data_offsets, a).cmp(&(y.data_offsets, b)));
        let ends = tensors.first().zip(tensors.last());
        let (start, end) = match ends.map(|(first, last)| (first.1.data_offsets.0, last.1.data_offsets.1)) {
            Some((start, end)) if start < end => (start, end),
            _ => return Err(format(format!("no tensor of it is called `{prefix}…`"))),
        };
        for (_, tensor) in &mut tensors {
            let (from, to) = tensor.data_offsets;
            tensor.data_offsets = (from - start, to - start);
        }
        let range = data + start as u64..data + end as u64;
        Ok(Plan { range, tensors, texts: metadata.metadata().clone().unwrap_or_default() })
    }
}

impl Plan {
    /// Writes the tensors, whose range `part` holds, as a safetensors file to `writer`. `origin` says
    /// in its header what it is a part of. The same tensors give the same bytes.
    pub(super) fn write(&self, part: &Part, origin: &str, writer: &mut dyn Write) -> io::Result<()> {
        let mut texts = self.texts.clone();
        texts.insert("nanoaid.part_of".to_owned(), origin.to_owned());
        let mut end = 0;
        let tensors = self.tensors.iter().map(|(name, tensor)| {
            let start = end;
            end += tensor.data_offsets.1 - tensor.data_offsets.0;
            (name.clone(), TensorInfo { data_offsets: (start, end), ..tensor.clone() })
        });
        let metadata = Metadata::new(Some(texts), tensors.collect())
            .expect("tensors of a valid file without gaps between them are a valid file");
        // by way of a value, whose keys are in order
        let header = serde_json::to_value(&metadata).expect("texts and numbers can be written as JSON");
        let mut header = header.to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' '); // as the format wants its data aligned
        writer.write_all(&(header.len() as u64).to_le_bytes())?;
        writer.write_all(&header)?;
        for (_, tensor) in &self.tensors {
            let (start, end) = tensor.data_offsets;
            part.copy(start as u64..end as u64, writer)?;
        }
        Ok(())
    }
}

/// Checks that `part` is a whole safetensors file, by its header and size.
pub(super) fn check_whole(url: &Uri, part: &Part, identity: &Identity) -> Result<(), FetchError> {
    let read = |n_bytes: u64| {
        let mut bytes = Vec::new();
        let copied = part.copy(0..n_bytes.min(part.length()), &mut bytes);
        copied.map_err(|source| DownloadError::file(part.path(), source)).map(|()| bytes)
    };
    let bytes = read(header_bytes(url, &read(LENGTH_BYTES)?)?)?;
    let identity = Identity { total: Some(part.length()), ..identity.clone() };
    Header { bytes, identity }.plan(url, "").map(|_| ())
}
