//! The facts of a file that holds one image and no metadata: what the user or a sidecar says.

use crate::FileFacts;

use super::error::ReadError;
use super::findings::Findings;
use super::image_file::ImageFile;
use super::number::Size;
use super::orientation::Stored;
use super::sidecar;

/// The facts of `file` in `format`, whose only image has `size` and pixels of `sample`.
pub(super) fn facts(
    file: &ImageFile<'_>,
    format: &str,
    size: Size,
    sample: String,
) -> Result<Stored, ReadError> {
    with_findings(file, format, size, sample, Findings::default())
}

/// The same with the `findings` in the file, which go before those of a sidecar.
pub(super) fn with_findings(
    file: &ImageFile<'_>,
    format: &str,
    size: Size,
    sample: String,
    mut findings: Findings,
) -> Result<Stored, ReadError> {
    if file.config.page > 0 {
        let (path, page) = (file.path.to_owned(), file.config.page);
        return Err(ReadError::NoPage { path, page, n_pages: 1 });
    }
    let Size { height, width } = size;
    if width == 0 || height == 0 {
        return Err(file.damaged(format!("{height} rows of {width} pixels")));
    }
    findings.add(sidecar::findings(file.path, size));
    let calibration = findings.calibration(file.config.nm_per_px);
    let facts = FileFacts {
        path: file.path.to_owned(),
        format: format.to_owned(),
        height,
        width,
        sample,
        page: 0,
        n_pages: 1,
        calibration,
        instrument: findings.instrument,
        specimen_rows: findings.specimen_rows,
        warnings: findings.warnings,
    };
    Ok(Stored::plain(facts))
}
