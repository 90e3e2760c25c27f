//! Fetching known weights: into a temporary file, checked, and only then under the final name.

use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::file::WholeFile;
use sha2::{Digest, Sha256};

use super::config::{Check, FetchConfig, Fetched};
use super::error::FetchError;
use super::trunk::{check_whole, fetch_header};
use super::verify::{Standing, verify};
use super::{KnownWeights, SERVER};
use crate::download::{DownloadError, DownloadEvent, Part, Uri, Wanted, address, part_path};
use crate::hash::hexadecimal;

/// Fetches `known` into `folder`, which is made if it is not there, and continues an interrupted download. A correct
/// file that exists is kept.
///
/// # Errors
/// If it cannot be fetched or is not what it should be; there is no file then under its name, or
/// the one that was there before.
pub fn fetch(
    known: &KnownWeights,
    folder: &Path,
    config: &FetchConfig,
    tell: &mut dyn FnMut(DownloadEvent) -> ControlFlow<()>,
) -> Result<Fetched, FetchError> {
    let url = known.url.ok_or(FetchError::NowhereToFetch { name: known.name, origin: known.origin })?;
    let path = known.path(folder);
    fs::create_dir_all(folder).map_err(|source| DownloadError::file(folder, source))?;
    if path.exists() && !config.force {
        return there(known, url, path);
    }
    let config = &config.download;
    let text = config.mirrored(url, SERVER);
    let place = address(&text).map_err(|reason| DownloadError::Address { url: text.clone(), reason })?;
    let mut part = Part::open(part_path(&path))?;
    let fetched = |check, sha256, bytes| Fetched {
        name: known.name.to_owned(),
        file: path.clone(),
        url: text.clone(),
        bytes,
        sha256,
        check,
        was_there: false,
    };
    let Some(prefix) = known.prefix else {
        let wanted = Wanted { url: &place, start: 0, end: None, bytes: known.bytes, version: None };
        let identity = part.complete(&wanted, config, tell)?;
        let (check, sha256) = check_bytes(known, &place, &[], identity.sha256(), &mut part)?;
        if check != Check::Table
            && let Err(error) = check_whole(&place, &part, &identity)
        {
            part.clear()?;
            return Err(error);
        }
        let fetched = fetched(check, sha256, part.length());
        fetched.write_beside()?;
        part.place(&path)?;
        return Ok(fetched);
    };
    let header = fetch_header(&place, config, tell)?;
    let plan = header.plan(&place, prefix)?;
    let before = header.bytes.len() as u64;
    let found = before + (plan.range.end - plan.range.start);
    if let Some(expected) = known.bytes.filter(|bytes| *bytes != found) {
        return Err(DownloadError::Size { url: place.to_string(), found, expected }.into());
    }
    let wanted = Wanted {
        url: &place,
        start: plan.range.start,
        end: Some(plan.range.end),
        bytes: None,
        version: Some(&header.identity),
    };
    part.complete(&wanted, config, tell)?;
    // the hash that a server reports is that of the whole file
    let (check, _) = check_bytes(known, &place, &header.bytes, None, &mut part)?;
    let fail = |source| DownloadError::file(&path, source);
    let mut file = Hashing { inner: WholeFile::create(&path)?, hash: Sha256::new(), bytes: 0 };
    plan.write(&part, &format!("{url}, {prefix}*"), &mut file).map_err(fail)?;
    let fetched = fetched(check, hexadecimal(&file.hash.finalize()), file.bytes);
    fetched.write_beside()?;
    file.inner.finish()?;
    part.clear()?;
    Ok(fetched)
}

/// The file at `path` if it is right.
fn there(known: &KnownWeights, url: &str, path: PathBuf) -> Result<Fetched, FetchError> {
    let verdict = verify(&path).map_err(|source| DownloadError::file(&path, source))?;
    let check = match verdict.standing {
        Standing::Known => Check::Table,
        Standing::AsFetched { check } => check,
        Standing::Different { .. } | Standing::Unknown => {
            return Err(FetchError::OtherFile { path, reason: verdict.text() });
        }
    };
    Ok(Fetched {
        name: known.name.to_owned(),
        file: path,
        url: url.to_owned(),
        bytes: verdict.bytes,
        sha256: verdict.sha256,
        check,
        was_there: true,
    })
}

/// Compares the SHA-256 of `before` and the part with the one in the table, else with that of the
/// server; returns by what it was checked, and the hash. A part that is wrong is removed.
fn check_bytes(
    known: &KnownWeights,
    url: &Uri,
    before: &[u8],
    server: Option<&str>,
    part: &mut Part,
) -> Result<(Check, String), FetchError> {
    let mut hashing = Hashing { inner: io::sink(), hash: Sha256::new_with_prefix(before), bytes: 0 };
    let copied = part.copy(0..part.length(), &mut hashing);
    copied.map_err(|source| DownloadError::file(part.path(), source))?;
    let found = hexadecimal(&hashing.hash.finalize());
    let (expected, check) = match (known.sha256, server) {
        (Some(expected), _) => (expected, Check::Table),
        (None, Some(expected)) => (expected, Check::Server),
        (None, None) => return Ok((Check::SizeOnly, found)),
    };
    if found.eq_ignore_ascii_case(expected) {
        return Ok((check, found));
    }
    part.clear()?;
    let (url, expected) = (url.to_string(), expected.to_owned());
    Err(DownloadError::Hash { url, kind: "sha256", found, expected }.into())
}

/// Bytes that are written go into a hash, too.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_bytes = self.inner.write(bytes)?;
        self.hash.update(&bytes[..n_bytes]);
        self.bytes += n_bytes as u64;
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
