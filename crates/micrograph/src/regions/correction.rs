//! Correction: one change that a person makes in labels, and what is said of one that changes nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::point::Point;

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Removes the region at this point, `[x, y]` in px.
    Remove(Point),
    /// Adds a region.
    Add(Addition),
}

/// The shape of a region to add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addition {
    /// The points of a polygon, `[x, y]` in px; at least 3. The last is joined to the first.
    Polygon(Vec<Point>),
    /// A circle.
    Circle(Circle),
}

/// A circle in px.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// Column of its centre.
    pub x: f64,
    /// Row of its centre.
    pub y: f64,
    /// Its diameter, above 0.
    pub diameter: f64,
}

/// A correction that changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// Its number in the list, from 1 on.
    pub number: usize,
    /// The correction.
    pub correction: Correction,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match &self.correction {
            Correction::Remove([x, y]) => {
                write!(f, "number {number} removes at ({x}, {y}), where no region is")
            }
            Correction::Add(Addition::Polygon(points)) => {
                let [x, y] = points.first().copied().unwrap_or_default();
                write!(f, "number {number} adds a polygon from ({x}, {y}) on, which holds no free pixel")
            }
            Correction::Add(Addition::Circle(Circle { x, y, diameter })) => {
                write!(
                    f,
                    "number {number} adds a circle of {diameter} px at ({x}, {y}), which holds no free pixel"
                )
            }
        }
    }
}
