//! The folder of measurements: a record and an overlay for each image, and one table of all.
//!
//! A record whose settings, program and image are the same is not made again, so that a run which was cut
//! off goes on where it was; one of other settings is never overwritten without being told to. The table
//! is made from the records, after each image.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use micrograph::DataBar;
use micrograph::measure::Report;
use micrograph::measure::report::Details;
use serde::{Deserialize, Serialize};

use super::network::NetworkKept;
use super::{Drawn, MeasureSettings, table};
use crate::outcome::Failure;
use crate::record::{Input, file_sha256};
use nanoaid::output::{OutputFolder, json_text};

/// Version of the record's format.
const SCHEMA_VERSION: u32 = 1;
/// The table of all images.
const TABLE: &str = "measurements.csv";

/// What a record keeps of an image; all but the details in px.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    schema_version: u32,
    /// Version of the program that made it.
    pub program_version: String,
    command: String,
    /// The image.
    pub input: Input,
    /// Everything else that decides.
    pub settings: MeasureSettings,
    data_bar: Option<DataBar>,
    /// SHA-256 of the overlay as a file.
    pub overlay_sha256: String,
    /// The numbers.
    pub report: Report,
    /// What a network says; absent where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkKept>,
}

impl Kept {
    /// What is to be kept of `input`.
    pub(crate) fn new(
        input: Input,
        settings: &MeasureSettings,
        data_bar: Option<DataBar>,
        overlay_sha256: String,
        report: Report,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: "measure".to_owned(),
            input,
            settings: settings.clone(),
            data_bar,
            overlay_sha256,
            report,
            network: None,
        }
    }

    /// The record at `path`, which has these bytes.
    pub(crate) fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let kept: Self = serde_json::from_slice(bytes).map_err(|error| Failure::at(path, error))?;
        if kept.schema_version == SCHEMA_VERSION {
            return Ok(kept);
        }
        let (path, found) = (path.display(), kept.schema_version);
        let text = format!("{path}: the schema version is {SCHEMA_VERSION}, the record says {found}");
        Err(Failure::new(text))
    }

    /// The record as a file, with what was `drawn`.
    pub(crate) fn text(&self, drawn: &Drawn) -> Result<String, Failure> {
        Ok(json_text(&Written { kept: self, details_px: &drawn.measured.details })?)
    }

    /// The record in a file; `None` where there is none that this program wrote.
    fn read(path: &Path) -> Option<Self> {
        let kept: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (kept.command == "measure").then_some(kept)
    }

    fn made_like(&self, settings: &MeasureSettings) -> bool {
        self.schema_version == SCHEMA_VERSION
            && self.program_version == env!("CARGO_PKG_VERSION")
            && self.settings == *settings
    }
}

/// Name of the picture of what a network says of image `name`.
pub(in super::super) fn picture_name(name: &str) -> String {
    format!("{name}.network.png")
}

/// A record as it is written.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    kept: &'a Kept,
    /// Everything that was found, in px of the image.
    details_px: &'a Details,
}

/// A folder of measurements of the same settings.
pub(crate) struct Folder {
    folder: OutputFolder,
    force: bool,
    /// Rows of the table by the names of images.
    rows: BTreeMap<String, String>,
}

impl Folder {
    /// Makes the folder, or goes on with one of the same settings; with `force` any folder is taken, and what
    /// it holds measured again.
    pub(crate) fn open(path: &Path, force: bool, settings: &MeasureSettings) -> Result<Self, Failure> {
        let begun =
            fs::read_to_string(path.join(TABLE)).is_ok_and(|text| text.starts_with(&table::csv_header()));
        let folder = OutputFolder::create(path, force || begun)?;
        let mut rows = BTreeMap::new();
        let failed = |error| Failure::new(format!("cannot read the folder {}: {error}", path.display()));
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if file.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            match Kept::read(&file) {
                Some(kept) if kept.made_like(settings) => {
                    rows.insert(name.clone(), table::csv_row(&name, &kept.report, kept.network.as_ref()));
                }
                Some(_) if !force => {
                    return Err(Failure::new(format!(
                        "{} was made with other settings or by another version; choose another --out, or --force to write over it",
                        file.display()
                    )));
                }
                _ => {}
            }
        }
        let opened = Self { folder, force, rows };
        opened.write_table()?;
        Ok(opened)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What is known of `input` already: the record `name` of the same bytes, its overlay beside it.
    pub(crate) fn kept(&self, name: &str, input: &Input) -> Result<Option<Kept>, Failure> {
        let record = self.folder.file(&format!("{name}.json"));
        let Some(kept) = Kept::read(&record).filter(|_| !self.force) else { return Ok(None) };
        let (Input::File { path, sha256 }, Input::File { path: old_path, sha256: old_sha256 }) =
            (input, &kept.input)
        else {
            return Ok(None);
        };
        if sha256 != old_sha256 && path != old_path {
            return Err(Failure::new(format!(
                "{} is of another image, {}; choose another --out, or --force to write over it",
                record.display(),
                old_path.display()
            )));
        }
        let overlay = file_sha256(&self.folder.file(&format!("{name}.png")));
        let drawn = kept.network.as_ref().is_none_or(|network| {
            file_sha256(&self.folder.file(&picture_name(name)))
                .is_ok_and(|found| found == network.picture_sha256)
        });
        let whole = drawn && overlay.is_ok_and(|overlay| overlay == kept.overlay_sha256);
        Ok((sha256 == old_sha256 && whole).then_some(kept))
    }

    /// Writes overlay, record and table.
    pub(crate) fn keep(&mut self, name: &str, kept: Kept, drawn: &Drawn) -> Result<Kept, Failure> {
        self.folder.write(&format!("{name}.png"), &drawn.overlay)?;
        if let Some(picture) = &drawn.network {
            self.folder.write(&picture_name(name), picture)?;
        }
        self.folder.write(&format!("{name}.json"), kept.text(drawn)?.as_bytes())?;
        self.rows.insert(name.to_owned(), table::csv_row(name, &kept.report, kept.network.as_ref()));
        self.write_table()?;
        Ok(kept)
    }

    fn write_table(&self) -> Result<(), Failure> {
        let rows: Vec<&str> = self.rows.values().map(String::as_str).collect();
        Ok(self.folder.write(TABLE, (table::csv_header() + &rows.concat()).as_bytes())?)
    }
}
