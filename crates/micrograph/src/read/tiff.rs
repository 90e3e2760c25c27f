//! TIFF: the facts of one page, from its tags.
//!
//! The tags are read by [`directory`] and not by the `tiff` crate, which refuses a text that is
//! not ASCII (every Zeiss file) and every tag of a file whose pixels it can't decode.

mod compression;
mod descriptions;
mod directory;
mod fax;
mod jpeg_chunk;
mod layout;
mod makers;
mod meaning;
mod pixels;

use crate::FileFacts;

use super::error::ReadError;
use super::findings::Findings;
use super::image_file::{ImageFile, Stream};
use super::number::{Size, text_from_bytes};
use super::orientation::{Orientation, Stored};
use super::{fei, sidecar, zeiss};
use directory::{Directory, Entry, Tags};
use layout::Layout;

pub(super) use pixels::plane;

const SUBFILE: u16 = 254;
const ORIENTATION: u16 = 274;
const JPEG_TABLES: u16 = 347;
const ZEISS: u16 = 34118;
const FEI_SFEG: u16 = 34680;
const FEI_HELIOS: u16 = 34682;
const FEI_TITAN: u16 = 34683;

/// Longest text of a tag that is read; the longest of instruments have about 100 KiB.
const MOST_TEXT_BYTES: u64 = 8 << 20;
/// Longest tables of JPEG that are read: at most eight, of some hundred bytes each.
const MOST_TABLES_BYTES: u64 = 64 << 10;
/// Bytes at the end of a damaged file that are searched for its metadata.
const LOST_TEXT_REACH: u64 = 64 << 10;

/// A page, as [`plane`] needs it.
pub(super) struct Page {
    layout: Layout,
    /// The tables that strips or tiles of JPEG share.
    jpeg_tables: Vec<u8>,
}

#[cfg(feature = "regions")]
impl Page {
    /// The page with its grey levels, or indices into its palette, as they are stored.
    pub(super) fn into_stored(self) -> Self {
        Self { layout: self.layout.into_stored(), ..self }
    }
}

/// The facts that the file gives without decoding its pixels, and the position of the pixels.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(Stored, Page), ReadError> {
    let mut page = file.config.page;
    let mut tags = Tags::open(reader, file.length).map_err(|fault| fault.of(file))?;
    let (pages, chain_fault) = tags.pages();
    let n_pages = pages.len();
    if page == 0 && is_reduced(&mut tags, pages.first()) {
        // where there is no other, the reduced one is shown
        page = (1..n_pages).find(|&page| !is_reduced(&mut tags, pages.get(page))).unwrap_or(0);
    }
    let Some(&at) = pages.get(page) else {
        if n_pages == 0 {
            return Err(file.damaged(chain_fault.unwrap_or_else(|| "no page".to_owned())));
        }
        return Err(ReadError::NoPage { path: file.path.to_owned(), page, n_pages });
    };
    let read = tags.directory(at).and_then(|directory| {
        let layout = Layout::read(&mut tags, &directory)?;
        let findings = descriptions::findings(&mut tags, &pages, page, &directory, layout.size())?;
        let jpeg_tables = match directory.entry(JPEG_TABLES) {
            Some(entry) => tags.bytes(entry, MOST_TABLES_BYTES)?,
            None => Vec::new(),
        };
        let orientation =
            tags.number(&directory, ORIENTATION)?.map_or_else(Orientation::default, Orientation::of);
        Ok((Page { layout, jpeg_tables }, findings, orientation))
    });
    let (read_page, mut findings, orientation) = read.map_err(|fault| fault.of(file))?;
    let layout = &read_page.layout;
    let reduced = is_reduced(&mut tags, Some(&at));

    if n_pages > 1 {
        findings
            .warnings
            .push(format!("the file has {n_pages} pages, page {page} was read (counted from 0)"));
    }
    if page != file.config.page {
        findings.warnings.push("page 0 is a reduced copy of the image, and is passed over".to_owned());
    } else if reduced {
        findings.warnings.push(format!("page {page} is a reduced copy of an image, as its tags say"));
    }
    if let Some(fault) = chain_fault {
        findings.warnings.push(format!("the list of pages is damaged: {fault}"));
    }
    findings.add(sidecar::findings(file.path, layout.size()));
    let calibration = findings.calibration(file.config.nm_per_px);
    let facts = FileFacts {
        path: file.path.to_owned(),
        format: "TIFF".to_owned(),
        height: layout.size().height,
        width: layout.size().width,
        sample: layout.to_string(),
        page,
        n_pages,
        calibration,
        instrument: findings.instrument,
        specimen_rows: findings.specimen_rows,
        warnings: findings.warnings,
    };
    Ok((Stored { facts, orientation }, read_page))
}

/// Whether the page at `at` says that it is a reduced copy of another.
fn is_reduced(tags: &mut Tags<'_>, at: Option<&u64>) -> bool {
    let Some(directory) = at.and_then(|at| tags.directory(*at).ok()) else { return false };
    // the lowest bit; the older tag 255 is left out, since writers use it loosely
    tags.number(&directory, SUBFILE).ok().flatten().is_some_and(|kind| kind & 1 == 1)
}

/// The number of the orientation in the first page of a TIFF file, or of an Exif block, which is one.
pub(super) fn orientation_of(reader: &mut dyn Stream, length: u64) -> Option<u64> {
    let mut tags = Tags::open(reader, length).ok()?;
    let at = tags.first_page();
    let directory = tags.directory(at).ok()?;
    tags.number(&directory, ORIENTATION).ok()?
}

/// The findings from makers' tags of `directory`, most trusted first, and whether there are such tags.
fn makers_findings(
    tags: &mut Tags<'_>,
    directory: &Directory,
    size: Size,
) -> Result<(Findings, bool), directory::Fault> {
    let mut findings = Findings::default();
    let mut found = false;
    for tag in [FEI_HELIOS, FEI_SFEG, FEI_TITAN, ZEISS] {
        let Some(entry) = directory.entry(tag) else { continue };
        let text = text(tags, entry, &mut findings.warnings)?;
        let more = match tag {
            ZEISS => Some(zeiss::findings(&text, size)),
            _ => fei::findings(&text, size),
        };
        match more {
            Some(more) => {
                found = true;
                findings.add(more);
            }
            None if text.trim().is_empty() => {}
            None => findings.warnings.push(format!("tag {tag} holds a text that is not understood")),
        }
    }
    for more in makers::findings(tags, directory, size)? {
        found = true;
        findings.add(more);
    }
    if !found && let Some(more) = lost_findings(tags, size)? {
        findings.add(more);
    }
    Ok((findings, found))
}

/// The text of `entry`. Where it is cut off, its last line is left out: a number in it may have
/// lost digits or its exponent.
fn text(tags: &mut Tags<'_>, entry: &Entry, warnings: &mut Vec<String>) -> Result<String, directory::Fault> {
    let bytes = tags.bytes(entry, MOST_TEXT_BYTES)?;
    let expected = entry.bytes();
    if bytes.len() as u64 == expected {
        return Ok(text_from_bytes(&bytes));
    }
    warnings.push(format!(
        "the text of tag {} is cut off: expected {expected} bytes, found {}",
        entry.tag,
        bytes.len()
    ));
    Ok(text_from_bytes(whole_lines(&bytes)))
}

/// `bytes` up to the last line break.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    &bytes[..end]
}

/// FEI's text at the end of a file whose tag for it is damaged or missing.
fn lost_findings(tags: &mut Tags<'_>, size: Size) -> Result<Option<Findings>, directory::Fault> {
    let tail = tags.tail(LOST_TEXT_REACH)?;
    let Some(start) = [b"[User]\r", b"[User]\n"]
        .iter()
        .find_map(|mark| tail.windows(mark.len()).position(|window| window == *mark))
    else {
        return Ok(None);
    };
    Ok(fei::ini_findings(&text_from_bytes(whole_lines(&tail[start..])), size).map(|mut findings| {
        findings.warnings.insert(
            0,
            format!(
                "FEI's tag {FEI_HELIOS} is damaged or missing; its text was found at the end of the file"
            ),
        );
        findings
    }))
}
