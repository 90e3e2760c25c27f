//! Sidecars: text files that TESCAN, Hitachi and JEOL instruments write beside an image.
//!
//! They are found by the image's own name and in its folder only: `image-tif.hdr` or `image.hdr`
//! (TESCAN), `image.txt` (Hitachi, JEOL) for `image.tif`. Names of files that stand in metadata are
//! never opened. Whose a text is, its content tells; others' texts are passed over.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::CalibrationSource;

use super::findings::{Findings, Size};
use super::number::text_of_any_width;
use super::{hitachi, jeol, tescan};

/// Longest sidecar that is looked at; those of instruments have some 10 KiB.
const MOST_BYTES: u64 = 1 << 20;

/// All that the sidecars of `image`, of `size`, tell; keys and warnings name the file they are from.
pub(super) fn findings(image: &Path, size: Size) -> Findings {
    let mut findings = Findings::default();
    for path in names(image) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = match text(&path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(error) => {
                findings.warnings.push(format!("cannot read {name} beside the image: {error}"));
                continue;
            }
        };
        let found = tescan::text_findings(&text, size)
            .or_else(|| hitachi::findings(&text, size))
            .or_else(|| jeol::findings(&text, size));
        let Some(mut more) = found else { continue };
        for calibration in &mut more.calibrations {
            if let CalibrationSource::Vendor(key) = &mut calibration.source {
                key.push_str(&format!(" in {name}"));
            }
        }
        more.warnings.iter_mut().for_each(|warning| *warning = format!("{name}: {warning}"));
        findings.add(more);
    }
    findings
}

/// Names that a sidecar of `image` may have, the most particular first.
fn names(image: &Path) -> Vec<PathBuf> {
    let (Some(stem), extension) = (image.file_stem(), image.extension().unwrap_or_default()) else {
        return Vec::new();
    };
    let kind = extension.to_ascii_lowercase();
    // instruments write `.tif`, users may have made it `.tiff`
    let kinds = if kind == "tiff" { vec![kind, OsString::from("tif")] } else { vec![kind] };
    let mut names = Vec::new();
    for (tail, extensions) in [("-", ["hdr", "HDR"]), ("", ["hdr", "HDR"]), ("", ["txt", "TXT"])] {
        for kind in kinds.iter().take(if tail.is_empty() { 1 } else { kinds.len() }) {
            for extension in extensions {
                let mut name = stem.to_owned();
                if !tail.is_empty() {
                    name.push(tail);
                    name.push(kind);
                }
                name.push(".");
                name.push(extension);
                names.push(image.with_file_name(name));
            }
        }
    }
    names
}

/// The text of the file `path`; `None` where there is no such file.
fn text(path: &Path) -> io::Result<Option<String>> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Ok(None);
    }
    if metadata.len() > MOST_BYTES {
        let reason = format!("it has {} bytes, at most {MOST_BYTES} are read", metadata.len());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(text_of_any_width(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_are_looked_for_beside_the_image_and_nowhere_else() {
        let found = |image: &str| names(Path::new(image));
        assert_eq!(
            found("in/a.b.tif"),
            ["in/a.b-tif.hdr", "in/a.b-tif.HDR", "in/a.b.hdr", "in/a.b.HDR", "in/a.b.txt", "in/a.b.TXT"]
                .map(PathBuf::from)
        );
        assert!(found("x.TIFF").contains(&PathBuf::from("x-tif.hdr")));
        assert!(found("x.png").contains(&PathBuf::from("x-png.hdr")));
        assert!(found("..").is_empty());
    }
}
