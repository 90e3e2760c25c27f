//! Makers: which tag of a TIFF page goes to which reader of metadata.
//!
//! For those whose tag holds one text of known size, see [`super::findings`]; here are the rest:
//! blocks, records with pointers into the file, notes inside the Exif directory.

use super::super::findings::Findings;
use super::super::number::Size;
use super::super::{diss, gatan, hitachi, jeol, orion, tem, tescan};
use super::directory::{Directory, Entry, Fault, Tags};
use super::{MOST_TEXT_BYTES, text};

const XMP: u16 = 700;
const SIS: u16 = 33560;
const EXIF: u16 = 34665;
const MAKER_NOTE: u16 = 37500;
const COMMENT: u16 = 40092;
const AUTHOR: u16 = 40093;
const TVIPS: u16 = 37706;
const TESCAN: u16 = 50431;
const FIBICS: u16 = 51023;
const ORION: u16 = 65000;

/// Most entries of an SIS record that are read.
const MOST_SIS_ENTRIES: u64 = 1000;

/// The findings from the tags of `directory` for an image of `size`, most trusted first.
pub(super) fn findings(
    tags: &mut Tags<'_>,
    directory: &Directory,
    size: Size,
) -> Result<Vec<Findings>, Fault> {
    let mut all = Vec::new();
    for tag in [TESCAN, ORION, FIBICS, XMP, MAKER_NOTE, COMMENT, TVIPS, SIS] {
        let Some(entry) = entry(tags, directory, tag) else { continue };
        let mut warnings = Vec::new();
        let found = match tag {
            TESCAN => tescan::tag_findings(&tags.bytes(&entry, MOST_TEXT_BYTES)?, size),
            MAKER_NOTE => jeol::tag_findings(&tags.bytes(&entry, MOST_TEXT_BYTES)?, size),
            COMMENT => {
                let author = directory.entry(AUTHOR).map(|author| tags.bytes(author, MOST_TEXT_BYTES));
                let author = author.transpose()?.unwrap_or_default();
                hitachi::tag_findings(&tags.bytes(&entry, MOST_TEXT_BYTES)?, &author, size)
            }
            TVIPS => {
                let at = record_at(tags, &entry);
                let little_endian = tags.little_endian();
                tem::tvips_findings(&tags.bytes_at(at, tem::TVIPS_BYTES)?, little_endian, size)
            }
            SIS => sis(tags, &entry, size)?,
            XMP => diss::findings(&text(tags, &entry, &mut warnings)?, size),
            _ => orion::findings(&text(tags, &entry, &mut warnings)?, size),
        };
        // a note, a comment or XMP may be any program's
        let others = matches!(tag, XMP | MAKER_NOTE | COMMENT | ORION);
        match found {
            Some(mut found) => {
                found.warnings.extend(warnings);
                all.push(found);
            }
            None if others => {}
            None => all.push(Findings {
                warnings: vec![format!("tag {tag} holds metadata that are not understood")],
                ..Findings::default()
            }),
        }
    }
    all.extend(gatan_findings(tags, directory, size)?);
    Ok(all)
}

/// The entry for `tag`; a maker's note may be in the Exif directory instead.
fn entry(tags: &mut Tags<'_>, directory: &Directory, tag: u16) -> Option<Entry> {
    if let Some(entry) = directory.entry(tag) {
        return Some(*entry);
    }
    if tag != MAKER_NOTE {
        return None;
    }
    let exif = tags.number(directory, EXIF).ok()??;
    tags.directory(exif).ok()?.entry(tag).copied()
}

/// Where the record of `entry` begins: some writers give its position as if it were the value.
fn record_at(tags: &mut Tags<'_>, entry: &Entry) -> u64 {
    let pointer = if entry.bytes() <= 8 { tags.numbers(entry).ok() } else { None };
    pointer.and_then(|numbers| numbers.first().copied()).unwrap_or(entry.value_at)
}

fn sis(tags: &mut Tags<'_>, entry: &Entry, size: Size) -> Result<Option<Findings>, Fault> {
    let at = record_at(tags, entry);
    let head = tags.bytes_at(at, tem::SIS_HEAD_BYTES)?;
    let Some(n_entries) = tem::sis_entries(&head) else { return Ok(None) };
    let entries_bytes = n_entries.min(MOST_SIS_ENTRIES) * tem::SIS_ENTRY_BYTES;
    let entries = tags.bytes_at(at.saturating_add(tem::SIS_HEAD_BYTES), entries_bytes)?;
    let record = match tem::sis_record_at(&entries) {
        Some(at) => tags.bytes_at(at, tem::SIS_RECORD_BYTES)?,
        None => Vec::new(),
    };
    Ok(Some(tem::sis_findings(&head, &record, size)))
}

/// What Gatan's `DigitalMicrograph` writes into TIFF files: for x and y a unit and a number.
fn gatan_findings(tags: &mut Tags<'_>, directory: &Directory, size: Size) -> Result<Option<Findings>, Fault> {
    let mut axis = |unit: u16, scale: u16| -> Result<Option<(String, f64)>, Fault> {
        let (Some(unit), Some(scale)) = (directory.entry(unit), directory.entry(scale)) else {
            return Ok(None);
        };
        let unit = tags.bytes(unit, 64)?;
        let scale = tags.double(scale)?;
        Ok(scale.map(|scale| (gatan::unit_text(&unit), scale)))
    };
    let (x, y) = (axis(65003, 65009)?, axis(65004, 65010)?);
    Ok(x.map(|x| gatan::scale_findings("TIFF tag 65009", x, y, size)))
}
