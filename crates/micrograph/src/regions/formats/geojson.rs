//! GeoJSON (RFC 7946): a collection of polygons with the properties of each region, as QuPath and others read it.
//!
//! Coordinates are px, `[x, y]` with `y` downwards, the first pixel covers `[0, 1]²`; that is not a place on the Earth, as
//! the standard has it. Outer rings have a positive area in these coordinates, as it asks for.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Named, Shapes, coco::check_numbers};
use crate::regions::region::RegionNm;
use crate::regions::shape::Shape;
use crate::regions::{Outline, OutlinePart, Point, Region, RegionsError};
use crate::{Calibration, file};

#[derive(Serialize)]
struct Collection<'a> {
    r#type: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    id: u32,
    geometry: Geometry,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Properties<'a> {
    #[serde(flatten)]
    region: &'a Region,
    #[serde(flatten)]
    nm: Option<RegionNm>,
}

/// Rings repeat their first point at the end.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<Position>>),
    MultiPolygon(Vec<Vec<Vec<Position>>>),
}

/// A position may have a height after its two coordinates.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Position(Vec<f64>);

/// The text of a GeoJSON file with the `outlines` and properties of `regions`, in nm, too, with a calibration.
///
/// # Errors
/// If they differ in number.
pub fn geojson_text(
    outlines: &[Outline],
    regions: &[Region],
    calibration: Option<&Calibration>,
) -> Result<String, RegionsError> {
    check_numbers("GeoJSON", regions.len(), regions, outlines)?;
    let features = regions.iter().zip(outlines).map(|(region, outline)| Feature {
        r#type: "Feature",
        id: region.label,
        geometry: geometry(outline),
        properties: Properties { region, nm: calibration.map(|calibration| region.in_nm(calibration)) },
    });
    let collection = Collection { r#type: "FeatureCollection", features: features.collect() };
    Ok(serde_json::to_string(&collection).expect("numbers and texts have a JSON form") + "\n")
}

/// Writes [`geojson_text`] to `path`.
///
/// # Errors
/// As [`geojson_text`], and if the file cannot be written.
pub fn write_geojson(
    path: &Path,
    outlines: &[Outline],
    regions: &[Region],
    calibration: Option<&Calibration>,
) -> Result<(), RegionsError> {
    Ok(file::write_whole(path, geojson_text(outlines, regions, calibration)?.as_bytes())?)
}

fn geometry(outline: &Outline) -> Geometry {
    let ring = |ring: &Vec<Point>| ring.iter().chain(ring.first()).map(|p| Position(p.to_vec())).collect();
    let polygon = |part: &OutlinePart| {
        std::iter::once(&part.outer).chain(&part.holes).map(ring).collect::<Vec<Vec<Position>>>()
    };
    match outline.parts.as_slice() {
        [only] => Geometry::Polygon(polygon(only)),
        parts => Geometry::MultiPolygon(parts.iter().map(polygon).collect()),
    }
}

/// A collection or a single feature that is read.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Read {
    FeatureCollection { features: Vec<ReadFeature> },
    Feature(ReadFeature),
}

#[derive(Deserialize)]
struct ReadFeature {
    geometry: ReadGeometry,
    #[serde(default)]
    properties: Option<ReadProperties>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReadGeometry {
    Inside(Geometry),
    Other { r#type: String },
}

#[derive(Default, Deserialize)]
struct ReadProperties {
    #[serde(default)]
    confidence: Option<f32>,
}

/// The shapes of all features.
///
/// # Errors
/// If the file is damaged, or a feature is no polygon.
pub(in crate::regions) fn read(file: Named<'_>, bytes: &[u8]) -> Result<Shapes, RegionsError> {
    let read: Read = serde_json::from_slice(bytes).map_err(|error| file.damaged(error))?;
    let features = match read {
        Read::FeatureCollection { features } => features,
        Read::Feature(feature) => vec![feature],
    };
    let shape = |feature: ReadFeature| {
        let polygons = match feature.geometry {
            ReadGeometry::Inside(Geometry::Polygon(rings)) => vec![rings],
            ReadGeometry::Inside(Geometry::MultiPolygon(polygons)) => polygons,
            ReadGeometry::Other { r#type } if ["Polygon", "MultiPolygon"].contains(&r#type.as_str()) => {
                return Err(file.damaged(format!("the coordinates of a {}", r#type)));
            }
            ReadGeometry::Other { r#type } => return Err(file.unsupported(r#type, "Polygon or MultiPolygon")),
        };
        let rings: Result<Vec<Vec<Point>>, _> =
            polygons.iter().flatten().map(|positions| ring(file, positions)).collect();
        let confidence = feature.properties.unwrap_or_default().confidence;
        Ok((Shape::Polygon(rings?), confidence.filter(|of| (0.0..=1.0).contains(of))))
    };
    Ok(Shapes::new(features.into_iter().map(shape).collect::<Result<_, _>>()?))
}

/// A ring without the repetition of its first point.
fn ring(file: Named<'_>, positions: &[Position]) -> Result<Vec<Point>, RegionsError> {
    let point = |Position(position): &Position| match position.as_slice() {
        [x, y, ..] => Ok([*x, *y]),
        _ => Err(file.damaged("a position without two coordinates")),
    };
    let mut points: Vec<Point> = positions.iter().map(point).collect::<Result<_, _>>()?;
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CalibrationSource;
    use crate::regions::labels::tests::labels;
    use crate::regions::{Labels, outlines, regions};

    fn named() -> Named<'static> {
        Named { path: Path::new("regions.geojson"), format: "GeoJSON" }
    }

    #[test]
    fn what_is_written_comes_back() {
        // a hole, two parts, a part that touches at a corner
        let values = labels(&["111.2.2", "1.1....", "11133.4", "...3.4."]).values().to_vec();
        let before = Labels::with_confidence(4, 7, values, &[0.5, 0.25, 1.0, 0.0]).unwrap();
        let all = regions(&before, None).unwrap();
        let calibration = Calibration::square(2.0, CalibrationSource::Typed);
        let text = geojson_text(&outlines(&before), &all, Some(&calibration)).unwrap();
        assert!(text.contains(
            r#""type":"Polygon","coordinates":[[[0.0,0.0],[3.0,0.0],[3.0,3.0],[0.0,3.0],[0.0,0.0]],[["#
        ));
        assert!(text.contains(r#""label":1,"area_px":8,"#) && text.contains(r#""area_nm2":32.0"#), "{text}");
        let Shapes { shapes, confidence } = read(named(), text.as_bytes()).unwrap();
        assert_eq!(Labels::of_shapes(4, 7, &shapes, confidence.as_deref()).unwrap(), before);
        assert!(geojson_text(&outlines(&before)[1..], &all, None).is_err());
    }

    #[test]
    fn what_is_no_polygon_is_named() {
        let feature =
            |geometry: &str| format!(r#"{{"type": "Feature", "geometry": {geometry}, "properties": null}}"#);
        let text = |geometry: &str| read(named(), feature(geometry).as_bytes()).unwrap_err().to_string();
        assert!(
            text(r#"{"type": "Point", "coordinates": [1, 2]}"#)
                .ends_with("expected Polygon or MultiPolygon, found Point")
        );
        let short = text(r#"{"type": "Polygon", "coordinates": [[[1], [2, 3], [4, 5]]]}"#);
        assert_eq!(short, "regions.geojson: damaged GeoJSON file: a position without two coordinates");
        let high =
            feature(r#"{"type": "Polygon", "coordinates": [[[1, 1, 9], [3, 1, 9], [3, 3, 9], [1, 1, 9]]]}"#);
        let found = read(named(), high.as_bytes()).unwrap();
        assert_eq!(found.shapes, [Shape::Polygon(vec![vec![[1.0, 1.0], [3.0, 1.0], [3.0, 3.0]]])]);
    }
}
