//! What a fetch will read and write, known before anything is written.

use std::path::Path;

use serde::Serialize;

use super::super::import::{archive, name};
use super::config::FetchConfig;
use super::error::FetchError;
use super::manifest::Manifest;
use super::record::Record;

use super::set::LICENCE;
use crate::download::{Checksum, Uri};
use crate::output::free_bytes;

/// Bytes of a micrograph, for an estimate: the largest mean of a category of the 100 % set is 0.69 MB.
const MICROGRAPH_BYTES: u64 = 800_000;
/// Space that is left on the disk: indexes, and what is replaced in the sample before it is removed.
const SPARE_BYTES: u64 = 64 << 20;

/// What a fetch will read and write.
#[derive(Clone, Debug, Serialize)]
pub struct FetchPlan {
    /// Name of the set, or `record` for another one.
    pub set: String,
    /// Digital object identifier of the record.
    pub doi: Option<String>,
    /// Where the record was read.
    pub url: String,
    /// Title of the record.
    pub title: Option<String>,
    /// Licence of the micrographs, if known.
    pub licence: Option<String>,
    /// Micrographs of each category; `None` for all.
    pub sample: Option<usize>,
    /// The archives, in the order of their names.
    pub files: Vec<PlannedFile>,
    /// Other files of the record, which are not fetched.
    pub others: Vec<String>,
    /// Bytes that will be read from the server.
    pub bytes: u64,
    /// Bytes that the disk needs, at most.
    pub needed_bytes: u64,
    /// Bytes that are free there; `None` where the system does not say.
    pub free_bytes: Option<u64>,
}

/// An archive of the record.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedFile {
    /// Its name.
    pub name: String,
    /// The category of its micrographs.
    pub category: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum by the record, as `md5:…` or `sha256:…`.
    pub checksum: Option<String>,
    /// Whether its micrographs are in the folder.
    pub is_there: bool,
    #[serde(skip)]
    pub(super) url: Uri,
    #[serde(skip)]
    pub(super) known: Option<Checksum>,
}

impl FetchPlan {
    /// An error if the disk of `to` is too full.
    pub(super) fn check_space(&self, to: &Path) -> Result<(), FetchError> {
        match self.free_bytes {
            Some(free) if free < self.needed_bytes => {
                Err(FetchError::NoSpace { path: to.to_owned(), needed: self.needed_bytes, free })
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn of(
    record: Record,
    to: &Path,
    config: &FetchConfig,
    manifest: &Manifest,
) -> Result<FetchPlan, FetchError> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for file in record.files {
        // positions in a compressed archive are no places to go on from
        if !file.name.to_ascii_lowercase().ends_with(".tar") {
            others.push(file.name);
            continue;
        }
        let category = name::plain(&name::category_of_folder(&archive::stem(Path::new(&file.name))));
        let checksum = file.checksum.as_ref().map(|sum| format!("{}:{}", sum.kind, sum.digits));
        let is_there = manifest.has(to, &file.name, file.bytes, checksum.as_deref())?;
        files.push(PlannedFile {
            name: file.name,
            category,
            bytes: file.bytes,
            checksum,
            is_there,
            url: file.url,
            known: file.checksum,
        });
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].category.eq_ignore_ascii_case(&pair[1].category))
    {
        return Err(FetchError::Answer {
            url: record.url,
            found: format!("{} and {}, both of one category", pair[0].name, pair[1].name),
            expected: "one archive for each category",
        });
    }
    if files.is_empty() {
        let found = if others.is_empty() { "no files".to_owned() } else { others.join(", ") };
        return Err(FetchError::NoArchives { url: record.url, found });
    }
    let chosen: Vec<String> = config.categories.iter().map(|text| name::category_of_folder(text)).collect();
    let is = |file: &PlannedFile, category: &String| file.category.eq_ignore_ascii_case(category);
    if let Some(found) = chosen.iter().find(|&category| !files.iter().any(|file| is(file, category))) {
        let known: Vec<&str> = files.iter().map(|file| file.category.as_str()).collect();
        return Err(FetchError::Category { found: found.clone(), known: known.join(", ") });
    }
    if !chosen.is_empty() {
        files.retain(|file| chosen.iter().any(|category| is(file, category)));
    }
    let missing = || files.iter().filter(|file| !file.is_there);
    let kept = |file: &PlannedFile| {
        let sample = config.sample.map(|n| (n as u64).saturating_mul(MICROGRAPH_BYTES));
        sample.map_or(file.bytes, |bytes| bytes.min(file.bytes))
    };
    let bytes = missing().map(|file| file.bytes).fold(0, u64::saturating_add);
    let needed_bytes = match missing().map(kept).fold(0, u64::saturating_add) {
        0 => 0,
        needed => needed.saturating_add(SPARE_BYTES),
    };
    Ok(FetchPlan {
        set: config.record.as_ref().map_or_else(|| config.set.to_string(), |_| "record".to_owned()),
        doi: config.doi(),
        url: record.url,
        title: record.title,
        licence: config.record.is_none().then(|| LICENCE.to_owned()),
        sample: config.sample,
        files,
        others,
        bytes,
        needed_bytes,
        free_bytes: free_bytes(to),
    })
}
