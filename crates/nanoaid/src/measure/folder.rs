//! The folder of measurements: a record and an overlay for each image, and one table of all.
//!
//! A record whose settings, program, network and image are the same is not made again, so that a run
//! which was cut off is resumed; one of other settings is never overwritten unless that is forced. The
//! table is made from the records, after each image.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use micrograph::{Source, regular};

use super::{COMMAND, MeasureError, MeasureRecord, MeasureSettings, MeasuredImage, csv_header, csv_row};
use crate::hash::sha256_of_file;
use crate::output::OutputFolder;
use crate::record::{Input, NetworkUsed};

/// Name of the table of all images.
pub const TABLE: &str = "measurements.csv";

/// The mark at the beginning of a text that is UTF-8.
const MARK: char = '\u{feff}';

/// A folder of measurements of the same settings.
pub struct MeasureFolder {
    folder: OutputFolder,
    force: bool,
    /// Whether the table begins with the mark of UTF-8.
    marked: bool,
    /// Rows of the table by the names of images.
    rows: BTreeMap<String, String>,
    /// The records of the same images.
    records: BTreeMap<String, MeasureRecord>,
}

impl MeasureFolder {
    /// Makes the folder, or resumes one of the same settings and networks (that for the pattern, and the
    /// segmenter); with `force` any folder is
    /// taken, and what it holds measured again.
    ///
    /// # Errors
    /// If it holds measurements of other settings, or cannot be made, read or written.
    pub fn open(
        path: &Path,
        force: bool,
        settings: &MeasureSettings,
        networks: (Option<&NetworkUsed>, Option<&NetworkUsed>),
    ) -> Result<Self, MeasureError> {
        let table = fs::read_to_string(path.join(TABLE)).unwrap_or_default();
        let begun = table.trim_start_matches(MARK).starts_with(&csv_header());
        let folder = OutputFolder::create(path, force || begun)?;
        let (mut rows, mut records) = (BTreeMap::new(), BTreeMap::new());
        let failed = |source| MeasureError::Folder { path: path.to_owned(), source };
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if file.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            match found(&file) {
                Found::Record(kept) if made_like(&kept, settings, networks) => {
                    rows.insert(name.clone(), csv_row(&name, &kept));
                    records.insert(name.clone(), *kept);
                }
                Found::Record(_) | Found::Older if !force => {
                    return Err(MeasureError::OtherSettings { record: file });
                }
                _ => {}
            }
        }
        let opened = Self { folder, force, marked: table.starts_with(MARK), rows, records };
        if begun || !opened.rows.is_empty() {
            opened.write_table()?;
        }
        Ok(opened)
    }

    /// Writes the table for Excel, which takes a CSV for UTF-8 only where a mark says so.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn mark_for_excel(&mut self) -> Result<(), MeasureError> {
        self.marked = true;
        self.write_table()
    }

    /// Checks that record and overlay of every row of the table are there.
    ///
    /// # Errors
    /// With the first file that is not.
    pub fn check(&self) -> Result<(), MeasureError> {
        let files = self.rows.keys().flat_map(|name| [format!("{name}.json"), format!("{name}.png")]);
        match files.map(|name| self.folder.file(&name)).find(|path| !path.is_file()) {
            Some(path) => Err(MeasureError::Lost { path }),
            None => Ok(()),
        }
    }

    /// Path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What is known of `source` already: the record `name` of the same bytes and page, its pictures beside it.
    ///
    /// # Errors
    /// If the record is of another image or page.
    pub fn kept(
        &self,
        name: &str,
        source: &Source,
        settings: &MeasureSettings,
    ) -> Result<Option<MeasureRecord>, MeasureError> {
        let path = self.folder.file(&format!("{name}.json"));
        let Found::Record(kept) = found(&path) else { return Ok(None) };
        if self.force {
            return Ok(None);
        }
        let Some(Input::File { path: image, sha256 }) = &kept.record.input else { return Ok(None) };
        if kept.record.settings.file.page != settings.file.page {
            return Err(MeasureError::OtherSettings { record: path });
        }
        let same = sha256 == source.sha256();
        if !same && image != source.path() {
            return Err(MeasureError::OtherImage { record: path, image: image.clone() });
        }
        let whole = kept.record.files.iter().all(|(name, sha256)| {
            sha256_of_file(&self.folder.file(name)).is_ok_and(|found| found == *sha256)
        });
        Ok((same && whole).then_some(*kept))
    }

    /// Writes pictures, record and table.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn keep(&mut self, name: &str, measured: &MeasuredImage) -> Result<(), MeasureError> {
        for (name, bytes) in &measured.files {
            self.folder.write(name, bytes)?;
        }
        self.rows.insert(name.to_owned(), csv_row(name, &measured.record));
        self.records.insert(name.to_owned(), measured.record.clone());
        self.write_table()
    }

    /// The records of all images of the folder, by their names.
    pub fn records(&self) -> impl Iterator<Item = (&str, &MeasureRecord)> {
        self.records.iter().map(|(name, record)| (name.as_str(), record))
    }

    /// The file called `name`, if it is there.
    pub fn beside(&self, name: &str) -> Option<Vec<u8>> {
        regular::read(&self.folder.file(name), regular::LARGEST).ok()
    }

    /// Writes what was made of the records.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, files: &[(String, Vec<u8>)]) -> Result<(), MeasureError> {
        for (name, bytes) in files {
            self.folder.write(name, bytes)?;
        }
        Ok(())
    }

    fn write_table(&self) -> Result<(), MeasureError> {
        let rows: Vec<&str> = self.rows.values().map(String::as_str).collect();
        let mark = if self.marked { String::from(MARK) } else { String::new() };
        Ok(self.folder.write(TABLE, (mark + &csv_header() + &rows.concat()).as_bytes())?)
    }
}

/// What a JSON file of the folder is.
enum Found {
    Record(Box<MeasureRecord>),
    /// A measurement of another format.
    Older,
    /// Something else.
    Other,
}

fn found(path: &Path) -> Found {
    let Ok(bytes) = regular::read(path, regular::LARGEST) else { return Found::Other };
    let command = serde_json::from_slice::<Command>(&bytes).map(|head| head.command);
    if !command.is_ok_and(|command| command == COMMAND) {
        return Found::Other;
    }
    crate::record::parsed(path, &bytes).map_or(Found::Older, |record| Found::Record(Box::new(record)))
}

#[derive(serde::Deserialize)]
struct Command {
    command: String,
}

fn made_like(
    kept: &MeasureRecord,
    settings: &MeasureSettings,
    (pattern, segmenter): (Option<&NetworkUsed>, Option<&NetworkUsed>),
) -> bool {
    let record = &kept.record;
    // the page is that of the name, and compared where it is measured
    let mut own = record.settings.clone();
    own.file.page = settings.file.page;
    let same = kept.segmenter.as_ref() == segmenter.filter(|_| settings.uses_segmenter());
    record.is_current() && own == *settings && record.network.as_ref() == pattern && same
}
