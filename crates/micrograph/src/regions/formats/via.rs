//! VIA: the projects and annotations of the VGG Image Annotator (Dutta & Zisserman 2019), versions 1 and 2.
//!
//! Polygons, rectangles, circles and ellipses become regions; the file has no sizes of images and no confidences.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Named, Shapes, chosen, zipped};
use crate::regions::RegionsError;
use crate::regions::shape::Shape;

/// A project, which holds the annotations under a key of its own.
#[derive(Deserialize)]
struct Project {
    #[serde(rename = "_via_img_metadata")]
    images: BTreeMap<String, Image>,
}

#[derive(Deserialize)]
struct Image {
    filename: String,
    #[serde(default)]
    regions: Regions,
}

/// A list since version 2, before that a dictionary of numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Regions {
    List(Vec<Annotation>),
    Numbered(BTreeMap<String, Annotation>),
}

impl Default for Regions {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

#[derive(Deserialize)]
struct Annotation {
    shape_attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
enum Attributes {
    #[serde(alias = "polyline_closed")]
    Polygon {
        all_points_x: Vec<f64>,
        all_points_y: Vec<f64>,
    },
    Rect {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    },
    Circle {
        cx: f64,
        cy: f64,
        r: f64,
    },
    Ellipse {
        cx: f64,
        cy: f64,
        rx: f64,
        ry: f64,
        #[serde(default)]
        theta: f64,
    },
    Polyline {},
    Point {},
}

/// Whether a text of JSON may be of this format: its first image has what VIA writes for each.
pub(in crate::regions) fn is_via(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Project>(bytes).is_ok()
        || serde_json::from_slice::<BTreeMap<String, Image>>(bytes).is_ok()
}

/// The shapes of the image named `image_name`, or of the only one.
///
/// # Errors
/// If the file is damaged, the image is not in it, or one of its shapes has no inside.
pub(in crate::regions) fn read(
    file: Named<'_>,
    bytes: &[u8],
    image_name: Option<&str>,
) -> Result<Shapes, RegionsError> {
    let images = match serde_json::from_slice::<Project>(bytes) {
        Ok(project) => project.images,
        Err(error) => serde_json::from_slice(bytes).map_err(|_| file.damaged(error))?,
    };
    let images: Vec<Image> = images.into_values().collect();
    let index = chosen(file, images.iter().map(|image| image.filename.as_str()), image_name)?;
    let shape =
        |annotation: &Annotation| shape(file, &annotation.shape_attributes).map(|shape| (shape, None));
    let shapes: Result<Vec<_>, _> = match &images[index].regions {
        Regions::List(list) => list.iter().map(shape).collect(),
        Regions::Numbered(list) => list.values().map(shape).collect(),
    };
    Ok(Shapes::new(shapes?))
}

fn shape(file: Named<'_>, attributes: &Attributes) -> Result<Shape, RegionsError> {
    Ok(match attributes {
        Attributes::Polygon { all_points_x, all_points_y } => {
            Shape::Polygon(vec![zipped(file, all_points_x, all_points_y)?])
        }
        Attributes::Rect { x, y, width, height } => Shape::rectangle([*x, *y], *width, *height),
        Attributes::Circle { cx, cy, r } => Shape::circle([*cx, *cy], 2.0 * r),
        Attributes::Ellipse { cx, cy, rx, ry, theta } => {
            Shape::Ellipse { centre: [*cx, *cy], radii: [*rx, *ry], angle_rad: *theta }
        }
        Attributes::Polyline {} => return Err(file.unsupported("a polyline", INSIDE)),
        Attributes::Point {} => return Err(file.unsupported("a point", INSIDE)),
    })
}

const INSIDE: &str = "polygons, rectangles, circles or ellipses, which have an inside";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::regions::Labels;
    use crate::regions::labels::tests::labels;

    fn named() -> Named<'static> {
        Named { path: Path::new("via.json"), format: "VIA" }
    }

    fn image(regions: &str) -> String {
        format!(
            r#"{{"a.png12": {{"filename": "a.png", "size": 12, "regions": {regions}, "file_attributes": {{}}}}}}"#
        )
    }

    const SHAPES: [&str; 3] = [
        r#"{"shape_attributes": {"name": "polygon", "all_points_x": [0, 2, 2, 0], "all_points_y": [0, 0, 2, 2]}, "region_attributes": {"Label": "Powder"}}"#,
        r#"{"shape_attributes": {"name": "rect", "x": 3, "y": 1, "width": 2, "height": 1}, "region_attributes": {}}"#,
        r#"{"shape_attributes": {"name": "circle", "cx": 3.5, "cy": 3.5, "r": 0.6}, "region_attributes": {}}"#,
    ];

    #[test]
    fn projects_and_annotations_of_both_versions_are_read() {
        let list = format!("[{}]", SHAPES.join(","));
        let numbered = format!(r#"{{"0": {}, "1": {}, "2": {}}}"#, SHAPES[0], SHAPES[1], SHAPES[2]);
        let project = format!(r#"{{"_via_settings": {{}}, "_via_img_metadata": {}}}"#, image(&list));
        for text in [image(&list), image(&numbered), project] {
            assert!(is_via(text.as_bytes()));
            let found = read(named(), text.as_bytes(), Some("a.png")).unwrap();
            let found = Labels::of_shapes(4, 5, &found.shapes, None).unwrap();
            assert_eq!(found, labels(&["11...", "11.22", ".....", "...3."]));
        }
    }

    #[test]
    fn what_has_no_inside_is_named() {
        let point =
            image(r#"[{"shape_attributes": {"name": "point", "cx": 3, "cy": 4}, "region_attributes": {}}]"#);
        let text = read(named(), point.as_bytes(), None).unwrap_err().to_string();
        assert_eq!(text, format!("via.json: expected {INSIDE}, found a point"));
        let uneven = SHAPES[0].replace("[0, 2, 2, 0]", "[0, 2, 2]");
        let text = read(named(), image(&format!("[{uneven}]")).as_bytes(), None).unwrap_err().to_string();
        assert_eq!(text, "via.json: damaged VIA file: a polygon with 3 columns and 4 rows");
        assert!(read(named(), b"{\"a\": 3}", None).is_err());
    }
}
