//! Corrections: what a person changes in labels. A list in a JSON file, which is applied in its order:
//!
//! ```json
//! {
//!   "version": 1,
//!   "corrections": [
//!     { "remove": [120.5, 88.0] },
//!     { "add": { "polygon": [[10, 10], [30, 12], [22, 31]] } },
//!     { "add": { "circle": { "x": 200, "y": 150, "diameter": 24 } } }
//!   ]
//! }
//! ```
//!
//! Points are `[x, y]` in px; the first pixel covers `[0, 1]²`. `remove` takes away the region at a point. `add` makes
//! the pixels whose centres a polygon or circle encloses a new region (of a polygon that crosses itself, by the even-odd
//! rule), except those of regions that are there: remove these first to replace
//! them. A correction that changes nothing is an error, since it belongs to another image or segmentation.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{ReadError, file, regular};

use super::correction::{Addition, Circle, Correction, Missed};
use super::point::Point;
use super::shape::Shape;
use super::{Labels, RegionsError};

/// The version of the file that is written and read.
const VERSION: u32 = 1;
/// Longest file that is read.
const MOST_BYTES: u64 = 64 << 20;
/// Least area of a polygon; points on one line have less, by rounding.
const LEAST_AREA_PX: f64 = 1e-6;
/// Confidence of a region that a person added.
const ADDED_CONFIDENCE: f32 = 1.0;

/// A list of corrections, applied in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrections {
    /// The version of the format, 1.
    pub version: u32,
    /// What is changed.
    pub corrections: Vec<Correction>,
}

impl Corrections {
    /// A list of the present version.
    pub fn new(corrections: Vec<Correction>) -> Self {
        Self { version: VERSION, corrections }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read, is not of this format, or of another version.
    pub fn read(path: &Path) -> Result<Self, RegionsError> {
        let bytes = regular::read(path, MOST_BYTES)
            .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
        let damaged =
            |reason: String| RegionsError::Damaged { path: path.to_owned(), format: "corrections", reason };
        let read: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if read.version != VERSION {
            return Err(damaged(format!("expected version {VERSION}, found {}", read.version)));
        }
        Ok(read)
    }

    /// Writes the file at `path`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RegionsError> {
        let text = serde_json::to_string_pretty(self).expect("numbers and lists have a JSON form");
        Ok(file::write_whole(path, (text + "\n").as_bytes())?)
    }

    /// `labels` with the corrections. A region that is added has the confidence 1 where the others have one.
    ///
    /// # Errors
    /// If corrections change nothing, all of which are named, or a shape has no area, is larger than the image, or lies
    /// farther outside than the image is large.
    ///
    /// # Examples
    /// ```
    /// use micrograph::regions::{Addition, Circle, Correction, Corrections, Labels};
    ///
    /// let labels = Labels::new(2, 4, vec![1, 1, 0, 2, 1, 1, 0, 2])?;
    /// let circle = Circle { x: 2.5, y: 0.5, diameter: 1.0 };
    /// let corrections = Corrections::new(vec![
    ///     Correction::Remove([3.5, 1.0]),
    ///     Correction::Add(Addition::Circle(circle)),
    /// ]);
    /// let corrected = corrections.apply(&labels)?;
    /// assert_eq!(corrected.values(), [1, 1, 2, 0, 1, 1, 0, 0]);
    /// # Ok::<(), micrograph::regions::RegionsError>(())
    /// ```
    pub fn apply(&self, labels: &Labels) -> Result<Labels, RegionsError> {
        let (height, width) = (labels.height(), labels.width());
        let mut values = labels.values().to_vec();
        let mut removed = vec![false; labels.n_regions() + 1];
        let mut n_names = labels.n_regions() as u32;
        let mut missed = Vec::new();
        for (index, correction) in self.corrections.iter().enumerate() {
            let hit = match correction {
                Correction::Remove(point) => {
                    let label = pixel(*point, height, width).map_or(0, |at| values[at]);
                    let there = label > 0 && !removed[label as usize];
                    removed[label as usize] = label > 0;
                    there
                }
                Correction::Add(addition) => {
                    check(index + 1, addition, height, width)?;
                    n_names += 1;
                    removed.push(false);
                    let mut n_added = 0;
                    shape(addition).for_each_run(height, width, |y, columns| {
                        for value in &mut values[y * width..][columns] {
                            if removed[*value as usize] || *value == 0 {
                                *value = n_names;
                                n_added += 1;
                            }
                        }
                    })?;
                    n_added > 0
                }
            };
            if !hit {
                missed.push(Missed { number: index + 1, correction: correction.clone() });
            }
        }
        if !missed.is_empty() {
            return Err(RegionsError::Missed { missed, n_corrections: self.corrections.len() });
        }
        values.iter_mut().filter(|value| removed[**value as usize]).for_each(|value| *value = 0);
        match labels.confidence() {
            None => Labels::new(height, width, values),
            Some(confidence) => {
                let added = std::iter::repeat_n(ADDED_CONFIDENCE, n_names as usize - confidence.len());
                let confidence: Vec<f32> = confidence.iter().copied().chain(added).collect();
                Labels::with_confidence(height, width, values, &confidence)
            }
        }
    }
}

impl Labels {
    /// The labels without the regions at `points`, `[x, y]` in px.
    ///
    /// # Errors
    /// If there is no region at a point.
    pub fn remove(&self, points: &[Point]) -> Result<Self, RegionsError> {
        Corrections::new(points.iter().copied().map(Correction::Remove).collect()).apply(self)
    }

    /// The labels with a region more: the free pixels of `addition`.
    ///
    /// # Errors
    /// If the shape holds no free pixel, or is none.
    pub fn add(&self, addition: Addition) -> Result<Self, RegionsError> {
        Corrections::new(vec![Correction::Add(addition)]).apply(self)
    }
}

fn shape(addition: &Addition) -> Shape {
    match addition {
        Addition::Polygon(points) => Shape::Polygon(vec![points.clone()]),
        Addition::Circle(Circle { x, y, diameter }) => Shape::circle([*x, *y], *diameter),
    }
}

/// That the addition with this number has an area, and is of this image: not larger, and not far outside.
fn check(number: usize, addition: &Addition, height: usize, width: usize) -> Result<(), RegionsError> {
    let wrong = |expected: String, found: String| {
        let what = match addition {
            Addition::Polygon(_) => "polygon",
            Addition::Circle(_) => "circle",
        };
        RegionsError::given(format!("correction number {number}, a {what}"), expected, found)
    };
    let size = [width as f64, height as f64];
    match addition {
        Addition::Polygon(points) => {
            let far =
                |point: &&Point| point.iter().zip(size).any(|(at, side)| !(-side..=2.0 * side).contains(at));
            if let Some([x, y]) = points.iter().find(far) {
                let expected = format!("points in the image of {width} × {height} px or beside it");
                return Err(wrong(expected, format!("({x:?}, {y:?})")));
            }
            let Some(first) = points.first() else { return Ok(()) };
            let next = points.iter().skip(1).chain(points.first());
            let from = |point: &Point| [point[0] - first[0], point[1] - first[1]];
            let twice: f64 = points.iter().zip(next).map(|(a, b)| cross(from(a), from(b))).sum();
            if points.len() >= 3 && twice.abs() < LEAST_AREA_PX {
                let found = "none: its points lie on one line, or it crosses itself".to_owned();
                return Err(wrong("a polygon with an area".into(), found));
            }
        }
        Addition::Circle(Circle { diameter, .. }) => {
            let most = size[0].hypot(size[1]);
            if *diameter > most {
                let expected = format!("a diameter up to the image's diagonal, {most:.0} px");
                return Err(wrong(expected, format!("{diameter} px")));
            }
        }
    }
    Ok(())
}

fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// The pixel that holds a point; `None` outside the image.
fn pixel([x, y]: Point, height: usize, width: usize) -> Option<usize> {
    let inside = (0.0..width as f64).contains(&x) && (0.0..height as f64).contains(&y);
    inside.then(|| y as usize * width + x as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::labels::tests::labels;

    fn corrections(json: &str) -> Corrections {
        serde_json::from_str(&format!(r#"{{"version": 1, "corrections": {json}}}"#)).unwrap()
    }

    #[test]
    fn the_list_is_applied_in_its_order() {
        let before = labels(&["11..", "11.2", "...2"]);
        let list = corrections(
            r#"[{"remove": [0.2, 1.9]}, {"add": {"polygon": [[0, 0], [4, 0], [4, 3], [0, 3]]}}, {"remove": [3.5, 2]}]"#,
        );
        assert_eq!(list.apply(&before).unwrap(), labels(&["1111", "111.", "111."]));
    }

    #[test]
    fn what_is_added_leaves_others_alone_and_is_certain() {
        let before = Labels::with_confidence(1, 4, vec![0, 1, 0, 0], &[0.5]).unwrap();
        let whole = Addition::Polygon(vec![[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [0.0, 1.0]]);
        let after = before.add(whole).unwrap();
        assert_eq!((after.values(), after.confidence()), (&[1, 2, 1, 1][..], Some(&[1.0, 0.5][..])));
        assert_eq!(after.remove(&[[1.0, 0.0]]).unwrap().values(), [1, 0, 1, 1]);
    }

    #[test]
    fn corrections_that_change_nothing_are_named() {
        let before = labels(&["1.", ".."]);
        let list = corrections(
            r#"[{"remove": [0, 0]}, {"remove": [0.5, 0.5]}, {"remove": [-1, 7]},
                {"add": {"circle": {"x": 50, "y": 1, "diameter": 2}}}]"#,
        );
        assert_eq!(
            list.apply(&before).unwrap_err().to_string(),
            "3 of 4 corrections change nothing: number 2 removes at (0.5, 0.5), where no region is; number 3 removes at \
             (-1, 7), where no region is; number 4 adds a circle of 2 px at (50, 1), which holds no free pixel"
        );
        let flat = Addition::Polygon(vec![[0.0, 0.0], [1.0, 1.0]]);
        assert!(before.add(flat).is_err());
        assert!(before.remove(&[[f64::NAN, 0.0]]).is_err());
    }

    #[test]
    fn shapes_without_area_and_those_of_another_image_are_refused() {
        let before = labels(&["1...", "....", "...."]);
        for (json, expected) in [
            (
                r#"{"polygon": [[0, 0], [2, 1], [4, 2]]}"#,
                "number 1, a polygon: expected a polygon with an area, found none: its points lie on one line",
            ),
            (
                r#"{"polygon": [[0, 0], [1e18, 1], [4, 2]]}"#,
                "expected points in the image of 4 × 3 px or beside it",
            ),
            (
                r#"{"circle": {"x": 1, "y": 1, "diameter": 5.1}}"#,
                "a diameter up to the image's diagonal, 5 px",
            ),
        ] {
            let list = corrections(&format!(r#"[{{"add": {json}}}]"#));
            let text = list.apply(&before).unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn files_come_back_and_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corrections.json");
        let list =
            corrections(r#"[{"remove": [0.1, 1]}, {"add": {"circle": {"x": 5, "y": 1, "diameter": 4.5}}}]"#);
        list.write(&path).unwrap();
        assert_eq!(Corrections::read(&path).unwrap(), list);
        for bad in [
            "",
            "[]",
            r#"{"version": 2, "corrections": []}"#,
            r#"{"version": 1, "corrections": [{"move": [1, 2]}]}"#,
            r#"{"version": 1, "corrections": [{"remove": [1]}]}"#,
            r#"{"version": 1, "corrections": [{"remove": [1, 2]}], "more": 1}"#,
        ] {
            std::fs::write(&path, bad).unwrap();
            let text = Corrections::read(&path).unwrap_err().to_string();
            assert!(text.contains("corrections.json"), "{text}");
        }
    }
}
