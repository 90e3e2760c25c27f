//! Formats: files in which other programs keep regions, one module each.

pub(super) mod coco;
pub(super) mod geojson;
pub(super) mod label_image;
pub(super) mod rle;
pub(super) mod roi;
pub(super) mod roi_zip;
pub(super) mod via;

use std::path::Path;

use crate::regions::RegionsError;
use crate::regions::shape::Shape;

/// What a file that lists shapes holds: the shapes, and the confidence of each if all have one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shapes {
    pub(super) shapes: Vec<Shape>,
    pub(super) confidence: Option<Vec<f32>>,
}

impl Shapes {
    /// Shapes with what is known of the confidence of each.
    fn new(found: Vec<(Shape, Option<f32>)>) -> Self {
        let confidence: Option<Vec<f32>> = found.iter().map(|(_, confidence)| *confidence).collect();
        let shapes: Vec<Shape> = found.into_iter().map(|(shape, _)| shape).collect();
        Self { confidence: confidence.filter(|of| !of.is_empty()), shapes }
    }
}

/// A file that is being read: its name for errors.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) path: &'a Path,
    pub(super) format: &'static str,
}

impl Named<'_> {
    fn damaged(&self, reason: impl ToString) -> RegionsError {
        RegionsError::Damaged { path: self.path.to_owned(), format: self.format, reason: reason.to_string() }
    }

    fn unsupported(&self, found: impl Into<String>, expected: &'static str) -> RegionsError {
        RegionsError::Unsupported { path: self.path.to_owned(), found: found.into(), expected }
    }
}

/// Which of the images that a file describes is meant: the only one, if none is named, else the one whose file has this
/// name, with or without folders, or failing that this name without its ending.
fn chosen<'n>(
    file: Named<'_>,
    names: impl Iterator<Item = &'n str>,
    wanted: Option<&str>,
) -> Result<usize, RegionsError> {
    let names: Vec<&str> = names.collect();
    let base = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
    let stem = |name: &str| {
        let base = base(name);
        base.rsplit_once('.').map_or(base.clone(), |(stem, _)| stem.to_owned())
    };
    let only = |matches: &dyn Fn(&str) -> bool| {
        let mut found = names.iter().enumerate().filter(|(_, name)| matches(name)).map(|(index, _)| index);
        found.next().filter(|_| found.next().is_none())
    };
    let index = match wanted {
        None => only(&|_| true),
        Some(wanted) => only(&|name| name == wanted)
            .or_else(|| only(&|name| base(name) == base(wanted)))
            .or_else(|| only(&|name| stem(name) == stem(wanted))),
    };
    index.ok_or_else(|| RegionsError::NoImage {
        path: file.path.to_owned(),
        wanted: wanted.map(str::to_owned),
        n_images: names.len(),
        names: names.iter().take(5).map(|name| (*name).to_owned()).collect(),
    })
}

/// The points of two lists of coordinates.
fn zipped(file: Named<'_>, x: &[f64], y: &[f64]) -> Result<Vec<[f64; 2]>, RegionsError> {
    if x.len() != y.len() {
        return Err(file.damaged(format!("a polygon with {} columns and {} rows", x.len(), y.len())));
    }
    Ok(x.iter().zip(y).map(|(x, y)| [*x, *y]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_by_their_name_with_or_without_folder_and_ending() {
        let file = Named { path: Path::new("a.json"), format: "COCO" };
        let names = ["train/a.png", "b.tif", "C:\\data\\c.png", "c.tif"];
        let find = |wanted| chosen(file, names.into_iter(), wanted).ok();
        assert_eq!(find(Some("a.png")), Some(0));
        assert_eq!(find(Some("other/b.png")), Some(1));
        assert_eq!((find(Some("c.png")), find(Some("c.tif")), find(Some("c.jpg"))), (Some(2), Some(3), None));
        assert_eq!((find(None), chosen(file, ["x"].into_iter(), None).ok()), (None, Some(0)));
        let text = chosen(file, names.into_iter(), Some("d.png")).unwrap_err().to_string();
        assert!(
            text.starts_with("a.json: expected an image named d.png, found 4 images: train/a.png, b.tif"),
            "{text}"
        );
    }
}
