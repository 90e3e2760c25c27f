//! COCO: the JSON format of Common Objects in Context (Lin et al. 2014) for instances.
//!
//! Written: polygons along the edges of pixels; a region with holes as run lengths, since COCO adds up all polygons of a
//! region. Read: polygons, run lengths as numbers and compressed; each annotation is a region, whatever its category.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Named, Shapes, chosen, rle};
use crate::file;
use crate::regions::shape::Shape;
use crate::regions::{Labels, Outline, Point, Region, RegionsError};

/// The one category that is written.
const CATEGORY_ID: u32 = 1;

/// An image and its regions, as they are written.
#[derive(Clone, Copy, Debug)]
pub struct CocoImage<'a> {
    /// The name of the image's file.
    pub file_name: &'a str,
    /// Its labels.
    pub labels: &'a Labels,
    /// What is measured on them.
    pub regions: &'a [Region],
    /// Their outlines, simplified or not.
    pub outlines: &'a [Outline],
}

#[derive(Serialize, Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Serialize, Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    height: usize,
    width: usize,
}

#[derive(Serialize, Deserialize)]
struct Annotation {
    #[serde(default)]
    id: u64,
    image_id: u64,
    #[serde(default)]
    category_id: u64,
    segmentation: Segmentation,
    #[serde(default)]
    bbox: Vec<f64>,
    #[serde(default)]
    area: f64,
    #[serde(default)]
    iscrowd: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Segmentation {
    /// x and y in turn, for each polygon.
    Polygons(Vec<Vec<f64>>),
    Runs {
        size: [usize; 2],
        counts: Counts,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Counts {
    Numbers(Vec<u32>),
    Text(String),
}

#[derive(Serialize, Deserialize)]
struct Category {
    id: u32,
    name: String,
}

/// The text of a COCO file with `images`, all regions of one `category`.
///
/// # Errors
/// If labels, regions and outlines of an image differ in number.
pub fn coco_text(category: &str, images: &[CocoImage<'_>]) -> Result<String, RegionsError> {
    let mut file = File {
        images: Vec::new(),
        annotations: Vec::new(),
        categories: vec![Category { id: CATEGORY_ID, name: category.to_owned() }],
    };
    for (image, id) in images.iter().zip(1..) {
        let (height, width) = (image.labels.height(), image.labels.width());
        check_numbers(image.file_name, image.labels.n_regions(), image.regions, image.outlines)?;
        file.images.push(Image { id, file_name: image.file_name.to_owned(), height, width });
        for (region, outline) in image.regions.iter().zip(image.outlines) {
            let bounds = region.bounds;
            file.annotations.push(Annotation {
                id: file.annotations.len() as u64 + 1,
                image_id: id,
                category_id: u64::from(CATEGORY_ID),
                segmentation: segmentation(image.labels, outline),
                bbox: [bounds.x, bounds.y, bounds.width, bounds.height].map(|px| px as f64).to_vec(),
                area: region.area_px as f64,
                iscrowd: 0,
                score: region.confidence,
            });
        }
    }
    Ok(serde_json::to_string(&file).expect("numbers and texts have a JSON form") + "\n")
}

/// Writes [`coco_text`] to `path`.
///
/// # Errors
/// As [`coco_text`], and if the file cannot be written.
pub fn write_coco(path: &Path, category: &str, images: &[CocoImage<'_>]) -> Result<(), RegionsError> {
    Ok(file::write_whole(path, coco_text(category, images)?.as_bytes())?)
}

/// An error unless there is one of `regions` and of `outlines` for each of `n_regions` labels.
pub(super) fn check_numbers(
    name: &str,
    n_regions: usize,
    regions: &[Region],
    outlines: &[Outline],
) -> Result<(), RegionsError> {
    let found = (regions.len(), outlines.len());
    if found == (n_regions, n_regions) {
        return Ok(());
    }
    let expected = format!("{n_regions} regions and outlines, as there are labels");
    Err(RegionsError::given(name, expected, format!("{} and {}", found.0, found.1)))
}

fn segmentation(labels: &Labels, outline: &Outline) -> Segmentation {
    if outline.parts.iter().any(|part| !part.holes.is_empty()) {
        let counts = rle::counts(labels.values(), labels.width(), outline.label);
        return Segmentation::Runs {
            size: [labels.height(), labels.width()],
            counts: Counts::Numbers(counts),
        };
    }
    let flat = |ring: &[Point]| ring.iter().flatten().copied().collect();
    Segmentation::Polygons(outline.rings().map(flat).collect())
}

/// The shapes of the image named `image_name`, or of the only one, which must have this size, and `(height, width)`.
///
/// # Errors
/// If the file is damaged, the image is not in it or has another size, or an annotation has no shape.
pub(in crate::regions) fn read(
    file: Named<'_>,
    bytes: &[u8],
    size: (usize, usize),
    image_name: Option<&str>,
) -> Result<Shapes, RegionsError> {
    let read: File = serde_json::from_slice(bytes).map_err(|error| file.damaged(error))?;
    let image =
        &read.images[chosen(file, read.images.iter().map(|image| image.file_name.as_str()), image_name)?];
    let found = (image.height, image.width);
    if found != size {
        let what = format!("{}: {}", file.path.display(), image.file_name);
        return Err(RegionsError::Size { what, expected: size, found });
    }
    let own = read.annotations.into_iter().filter(|annotation| annotation.image_id == image.id);
    let shape = |annotation: Annotation| {
        let (id, confidence) = (annotation.id, annotation.score.filter(|score| (0.0..=1.0).contains(score)));
        let shape = shape(annotation.segmentation, size);
        shape
            .map(|shape| (shape, confidence))
            .map_err(|reason| file.damaged(format!("annotation {id}: {reason}")))
    };
    Ok(Shapes::new(own.map(shape).collect::<Result<_, _>>()?))
}

fn shape(segmentation: Segmentation, (height, width): (usize, usize)) -> Result<Shape, String> {
    match segmentation {
        Segmentation::Polygons(polygons) => {
            if polygons.is_empty() {
                return Err("it has no polygon".to_owned());
            }
            let ring = |flat: &Vec<f64>| match flat.as_chunks::<2>() {
                (points, []) if points.len() >= 3 => Ok(points.to_vec()),
                _ => Err(format!("expected x and y of at least 3 points, found {} numbers", flat.len())),
            };
            Ok(Shape::Union(polygons.iter().map(ring).collect::<Result<_, _>>()?))
        }
        Segmentation::Runs { size, counts } => {
            if size != [height, width] {
                return Err(format!("run lengths of {} × {} px (height × width)", size[0], size[1]));
            }
            let counts = match counts {
                Counts::Numbers(counts) => counts,
                Counts::Text(text) => {
                    rle::decompressed(&text).map_err(|_| "its run lengths are damaged".to_owned())?
                }
            };
            let n = counts.iter().map(|count| u64::from(*count)).sum::<u64>();
            if n != (height * width) as u64 {
                return Err(format!("run lengths of {} pixels, found {n}", height * width));
            }
            Ok(Shape::Columns { height, counts })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::labels::tests::labels;
    use crate::regions::{outlines, regions};

    fn named() -> Named<'static> {
        Named { path: Path::new("coco.json"), format: "COCO" }
    }

    fn written(labels: &Labels) -> String {
        let (regions, outlines) = (regions(labels, None).unwrap(), outlines(labels));
        let image = CocoImage { file_name: "a.png", labels, regions: &regions, outlines: &outlines };
        coco_text("particle", &[image]).unwrap()
    }

    fn again(text: &str, size: (usize, usize)) -> Result<Labels, RegionsError> {
        let Shapes { shapes, confidence } = read(named(), text.as_bytes(), size, Some("a.png"))?;
        Labels::of_shapes(size.0, size.1, &shapes, confidence.as_deref())
    }

    #[test]
    fn what_is_written_comes_back() {
        let values = labels(&["111.2", "1.1..", "11133", "...44"]).values().to_vec();
        let before = Labels::with_confidence(4, 5, values, &[0.5, 0.25, 1.0, 0.0]).unwrap();
        let text = written(&before);
        assert!(text.contains(
            r#""segmentation":[[4.0,0.0,5.0,0.0,5.0,1.0,4.0,1.0]],"bbox":[4.0,0.0,1.0,1.0],"area":1.0"#
        ));
        // the region with a hole
        assert!(text.contains(r#"{"size":[4,5],"counts":[0,3,1,1,1,1,1,3,9]}"#), "{text}");
        assert_eq!(again(&text, (4, 5)).unwrap(), before);
    }

    #[test]
    fn compressed_runs_are_read() {
        // pycocotools: counts 0, 2, 5, 2, 2, 1 of 3 × 4 px
        let text = r#"{"images": [{"id": 7, "file_name": "x/a.png", "height": 3, "width": 4}], "annotations":
            [{"id": 1, "image_id": 7, "segmentation": {"size": [3, 4], "counts": "0250MO"}, "iscrowd": 1}, {"id": 2,
            "image_id": 8, "segmentation": []}]}"#;
        assert_eq!(again(text, (3, 4)).unwrap(), labels(&["1...", "1.1.", "..11"]));
    }

    #[test]
    fn damage_is_named() {
        let text = |segmentation: &str| {
            let file = format!(
                r#"{{"images": [{{"id": 1, "file_name": "a.png", "height": 3, "width": 4}}], "annotations":
                [{{"id": 5, "image_id": 1, "segmentation": {segmentation}}}]}}"#
            );
            again(&file, (3, 4)).unwrap_err().to_string()
        };
        let start = "coco.json: damaged COCO file: annotation 5: ";
        assert_eq!(text("[]"), format!("{start}it has no polygon"));
        assert_eq!(
            text("[[1, 2, 3, 4]]"),
            format!("{start}expected x and y of at least 3 points, found 4 numbers")
        );
        let runs = |size: &str, counts: &str| text(&format!(r#"{{"size": {size}, "counts": {counts}}}"#));
        assert_eq!(runs("[4, 3]", "[12]"), format!("{start}run lengths of 4 × 3 px (height × width)"));
        assert_eq!(
            runs("[3, 4]", "[4294967295, 4294967295]"),
            format!("{start}run lengths of 12 pixels, found 8589934590")
        );
        assert_eq!(runs("[3, 4]", "\"~\""), format!("{start}its run lengths are damaged"));
        assert!(text("3").contains("damaged COCO file"));
        let other = written(&labels(&["1."]));
        assert!(
            again(&other, (3, 4)).unwrap_err().to_string().contains("coco.json: a.png: expected 3 × 4 px")
        );
    }
}
