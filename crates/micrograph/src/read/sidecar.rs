//! Sidecars: text files that TESCAN, Hitachi and JEOL instruments write beside an image.
//!
//! They are found by the image's own name and in its folder only: `image-tif.hdr` or `image.hdr`
//! (TESCAN), `image.txt` (Hitachi, JEOL) for `image.tif`. File names in metadata are never
//! opened. The content identifies the maker of a text; other texts are ignored.

use std::io;
use std::path::{Path, PathBuf};

use crate::{CalibrationSource, regular};

use super::findings::Findings;
use super::number::{Size, text_of_any_width};
use super::{hitachi, jeol, tescan};

/// Longest sidecar that is read; those of instruments have about 10 KiB.
const MOST_BYTES: u64 = 1 << 20;

/// All findings from the sidecars of `image`, of `size`; keys and warnings name their file.
pub(super) fn findings(image: &Path, size: Size) -> Findings {
    let mut findings = Findings::default();
    for names in names(image) {
        let Some(path) = names.into_iter().find(|path| path.is_file()) else { continue };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = match text(&path) {
            Ok(text) => text,
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
        more.warnings
            .iter_mut()
            .chain(&mut more.missing)
            .for_each(|warning| *warning = format!("{name}: {warning}"));
        findings.add(more);
    }
    findings
}

/// Names that sidecars of `image` may have, the most particular first; each as instruments write it
/// and with its extension in capitals.
fn names(image: &Path) -> Vec<[PathBuf; 2]> {
    let Some(stem) = image.file_stem() else { return Vec::new() };
    let kind = image.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut tails = vec![(format!("-{kind}"), "hdr")];
    if kind == "tiff" {
        tails.push(("-tif".to_owned(), "hdr")); // as the instrument called it
    }
    tails.extend([(String::new(), "hdr"), (String::new(), "txt")]);
    // an image may have such a name itself
    tails.retain(|(tail, extension)| !(tail.is_empty() && kind == *extension));
    let name = |tail: &str, extension: &str| {
        let mut name = stem.to_owned();
        name.push(format!("{tail}.{extension}"));
        image.with_file_name(name)
    };
    tails.iter().map(|(tail, kind)| [name(tail, kind), name(tail, &kind.to_uppercase())]).collect()
}

/// The text of the file `path`.
fn text(path: &Path) -> io::Result<String> {
    let bytes = regular::read(path, MOST_BYTES)?;
    Ok(text_of_any_width(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_are_looked_for_beside_the_image_and_nowhere_else() {
        let found = |image: &str| -> Vec<String> {
            let names = names(Path::new(image)).into_iter().flatten();
            names.map(|name| name.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(
            found("in/a.b.tif"),
            ["-tif.hdr", "-tif.HDR", ".hdr", ".HDR", ".txt", ".TXT"].map(|tail| format!("in/a.b{tail}"))
        );
        assert!(found("x.TIFF").contains(&"x-tif.hdr".to_owned()));
        assert!(found("x.png").contains(&"x-png.hdr".to_owned()));
        assert_eq!(found("x.TXT"), ["x-txt.hdr", "x-txt.HDR", "x.hdr", "x.HDR"]);
        assert!(found("..").is_empty());
    }
}
