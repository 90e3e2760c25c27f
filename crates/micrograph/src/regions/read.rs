//! Reading labels from the files of other programs, recognized by their content.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Source;

use super::formats::{Named, Shapes, coco, geojson, label_image, roi, roi_zip, via};
use super::{Labels, RegionsError};

/// Longest JSON text that is read: its numbers take several times as much in memory.
const MOST_JSON_BYTES: usize = 256 << 20;

/// The labels in the file at `path` for an image of `(height, width)` px. The content says which format it is:
///
/// - a label image, a mask, or an image with a color for each region: TIFF, PNG, BMP, NPY, PGM; a mask in JPEG
/// - COCO (polygons, run lengths), a VIA project or its annotations, GeoJSON
/// - `ImageJ` ROIs: `.roi`, or a `.zip` of them
///
/// Files that describe several images need `image_name`, the name of the image's file, with or without folder and ending.
/// Where shapes overlap, the smaller one is on top; one that is covered completely is left out. Pixels outside the image
/// are, too. Lengths are px of the whole image: if a data bar was cut off, leave it in `height` and cut the labels.
///
/// # Errors
/// If the file cannot be read, is of no such format, damaged, of another size, or holds what has no inside.
pub fn read_labels(
    path: &Path,
    (height, width): (usize, usize),
    image_name: Option<&str>,
) -> Result<Labels, RegionsError> {
    labels_of(&Source::read(path)?, (height, width), image_name)
}

/// As [`read_labels`], from bytes that are in memory.
///
/// # Errors
/// As [`read_labels`].
pub fn labels_of(
    source: &Source,
    (height, width): (usize, usize),
    image_name: Option<&str>,
) -> Result<Labels, RegionsError> {
    let bytes = source.bytes();
    let file = |format| Named { path: source.path(), format };
    let Shapes { shapes, confidence } = if roi_zip::is_zip(bytes) {
        roi_zip::read(file("ROI set"), bytes)?
    } else if roi::is_roi(bytes) {
        let shape = roi::read(file("ImageJ ROI"), "the ROI", bytes)?;
        Shapes { shapes: vec![shape], confidence: None }
    } else if let Some(text) = json(bytes) {
        if text.len() > MOST_JSON_BYTES {
            return Err(RegionsError::Unsupported {
                path: source.path().to_owned(),
                found: format!("{} MiB of JSON", text.len() >> 20),
                expected: "at most 256 MiB",
            });
        }
        of_json(source.path(), text, (height, width), image_name)?
    } else {
        return label_image::read(source, (height, width));
    };
    Labels::of_shapes(height, width, &shapes, confidence.as_deref()).map_err(|error| match error {
        RegionsError::Given { what, expected, found } => {
            RegionsError::Given { what: format!("{}: {what}", source.path().display()), expected, found }
        }
        other => other,
    })
}

/// The text of a file that may be JSON, without a byte order mark.
fn json(bytes: &[u8]) -> Option<&[u8]> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    (text.starts_with(b"{") || text.starts_with(b"[")).then_some(text)
}

/// The keys by which formats in JSON are distinguished.
#[derive(Deserialize)]
struct Keys {
    images: Option<IgnoredAny>,
    annotations: Option<IgnoredAny>,
    #[serde(rename = "_via_img_metadata")]
    via: Option<IgnoredAny>,
    features: Option<IgnoredAny>,
    geometry: Option<IgnoredAny>,
}

fn of_json(
    path: &Path,
    text: &[u8],
    size: (usize, usize),
    image_name: Option<&str>,
) -> Result<Shapes, RegionsError> {
    let file = |format| Named { path, format };
    let damaged = |reason: serde_json::Error| RegionsError::Damaged {
        path: path.to_owned(),
        format: "JSON",
        reason: reason.to_string(),
    };
    let unknown = |found: &str| RegionsError::Format { path: path.to_owned(), found: found.to_owned() };
    if text.starts_with(b"[") {
        serde_json::from_slice::<IgnoredAny>(text).map_err(damaged)?;
        return Err(unknown("a list in JSON; results of COCO need their images and annotations"));
    }
    let keys: Keys = serde_json::from_slice(text).map_err(damaged)?;
    if keys.images.is_some() && keys.annotations.is_some() {
        return coco::read(file("COCO"), text, size, image_name);
    }
    if keys.features.is_some() || keys.geometry.is_some() {
        return geojson::read(file("GeoJSON"), text);
    }
    if keys.via.is_some() || via::is_via(text) {
        return via::read(file("VIA"), text, image_name);
    }
    Err(unknown("JSON of another kind"))
}

#[cfg(test)]
mod tests;
