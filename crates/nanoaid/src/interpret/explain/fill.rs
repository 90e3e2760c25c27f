//! Fill: what stands where a part of a micrograph is removed. The fill decides what removing means: grey has edges
//! of its own, a blur keeps the level and loses the texture.

use std::str::FromStr;

use micrograph::Plane;
use micrograph::paint::{Sampling, resampled};
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::gradient::blurred;
use crate::ConfigError;

/// Pixels along a cell at which a hole is filled from its neighbours.
const PX_PER_CELL: usize = 4;
/// Sweeps over a hole, and their over-relaxation.
const SWEEPS: usize = 200;
const RELAXATION: f32 = 1.8;
/// Weights of neighbours beside and across (Rong et al. 2022).
const BESIDE: f32 = 1.0 / 6.0;
const ACROSS: f32 = 1.0 / 12.0;

/// What stands where a part is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// The micrograph, blurred until no structure is left.
    #[default]
    Blur,
    /// Its mean grey.
    Mean,
    /// Each pixel the mean of its neighbours, from what is left around (ROAD, Rong et al. 2022, without noise).
    Road,
    /// Black, as other programs do; what is dark in the micrograph then is never removed.
    Black,
}

impl Fill {
    /// Those that checks compare: each keeps the level of the micrograph.
    pub const CHECKED: [Self; 3] = [Self::Blur, Self::Mean, Self::Road];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blur => "blur",
            Self::Mean => "mean",
            Self::Road => "road",
            Self::Black => "black",
        }
    }
}

impl FromStr for Fill {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let all = [Self::Blur, Self::Mean, Self::Road, Self::Black];
        let found = all.into_iter().find(|fill| fill.name() == text);
        found.ok_or_else(|| ConfigError::new("fill", text, &all.map(Self::name).join(", ")))
    }
}

/// Planes of which cells are removed.
#[derive(Clone, Debug)]
pub(super) struct Filler<'a> {
    plane: &'a Plane,
    cells: &'a Cells,
    fill: Fill,
    /// The fill of the whole; reduced for [`Fill::Road`].
    whole: Plane,
}

impl<'a> Filler<'a> {
    pub(super) fn new(plane: &'a Plane, cells: &'a Cells, fill: Fill) -> Self {
        let (height, width) = (plane.height(), plane.width());
        let reduced = |length: usize| (length * PX_PER_CELL).div_ceil(cells.side).min(length);
        let whole = match fill {
            Fill::Blur => blurred(plane),
            Fill::Mean => Plane::filled(height, width, plane.mean() as f32),
            Fill::Black => Plane::filled(height, width, 0.0),
            Fill::Road => resampled(plane, reduced(height), reduced(width), Sampling::Area),
        };
        Self { plane, cells, fill, whole }
    }

    /// The plane without the cells of `removed`.
    pub(super) fn without(&self, removed: &[bool]) -> Plane {
        let (height, width) = (self.plane.height(), self.plane.width());
        let filled;
        let fill = if self.fill == Fill::Road {
            filled = resampled(&self.with_holes_filled(removed), height, width, Sampling::Bilinear);
            &filled
        } else {
            &self.whole
        };
        Plane::from_fn(height, width, |y, x| {
            if removed[self.cells.at(y, x)] { fill.at(y, x) } else { self.plane.at(y, x) }
        })
    }

    /// The plane with `keep` of each pixel, in `[0, 1]`, and the fill for the rest.
    pub(super) fn kept(&self, keep: &Plane) -> Plane {
        let values = self.plane.values().iter().zip(self.whole.values()).zip(keep.values());
        let values = values.map(|((own, fill), keep)| fill + keep * (own - fill));
        Plane::new(self.plane.height(), self.plane.width(), values.collect())
    }

    /// The reduced plane with the holes filled.
    fn with_holes_filled(&self, removed: &[bool]) -> Plane {
        let (height, width) = (self.whole.height(), self.whole.width());
        let place = |index: usize, reduced: usize, length: usize| {
            (((index as f64 + 0.5) * length as f64 / reduced as f64) as usize).min(length - 1)
        };
        let hole: Vec<bool> = (0..height * width)
            .map(|at| {
                let y = place(at / width, height, self.plane.height());
                let x = place(at % width, width, self.plane.width());
                removed[self.cells.at(y, x)]
            })
            .collect();
        solved(&self.whole, &hole)
    }
}

/// `plane` with each value of the `hole` the weighted mean of its neighbours; as its mean where nothing is left.
fn solved(plane: &Plane, hole: &[bool]) -> Plane {
    let (height, width) = (plane.height(), plane.width());
    let mut filled = plane.clone();
    let left: Vec<f32> =
        plane.values().iter().zip(hole).filter(|(_, hole)| !**hole).map(|(value, _)| *value).collect();
    let start =
        if left.is_empty() { plane.mean() as f32 } else { left.iter().sum::<f32>() / left.len() as f32 };
    for (value, _) in filled.values_mut().iter_mut().zip(hole).filter(|(_, hole)| **hole) {
        *value = start;
    }
    if left.is_empty() {
        return filled;
    }
    for _ in 0..SWEEPS {
        for y in 0..height {
            for x in 0..width {
                if !hole[y * width + x] {
                    continue;
                }
                let (mut sum, mut weights) = (0.0, 0.0);
                for (dy, dx) in [(-1_i64, -1_i64), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
                {
                    let (v, u) = (y as i64 + dy, x as i64 + dx);
                    if v >= 0 && u >= 0 && v < height as i64 && u < width as i64 {
                        let weight = if dy == 0 || dx == 0 { BESIDE } else { ACROSS };
                        sum += weight * filled.at(v as usize, u as usize);
                        weights += weight;
                    }
                }
                let old = filled.at(y, x);
                filled.values_mut()[y * width + x] = old + RELAXATION * (sum / weights - old);
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_a_plane_of_constant_gradient_is_filled_by_it() {
        // the planted case of the reference: 2 i + 3 j with a hole of 3 × 3 inside
        let plane = Plane::from_fn(9, 9, |y, x| (2 * y + 3 * x) as f32);
        let hole: Vec<bool> =
            (0..81).map(|at| (3..6).contains(&(at / 9)) && (3..6).contains(&(at % 9))).collect();
        let filled = solved(&plane, &hole);
        for (found, expected) in filled.values().iter().zip(plane.values()) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        let nothing = solved(&plane, &[true; 81]);
        assert!(nothing.values().iter().all(|value| (value - 20.0).abs() < 1e-4));
    }

    #[test]
    fn what_is_not_removed_stays() {
        let plane = Plane::from_fn(24, 30, |y, x| ((y * 3 + x) % 5) as f32);
        let cells = Cells::new((24, 30), 6);
        let removed: Vec<bool> = (0..cells.len()).map(|cell| cell % 3 == 0).collect();
        for fill in Fill::CHECKED {
            let found = Filler::new(&plane, &cells, fill).without(&removed);
            for y in 0..24 {
                for x in 0..30 {
                    if !removed[cells.at(y, x)] {
                        assert_eq!(found.at(y, x), plane.at(y, x), "{fill:?} {y} {x}");
                    }
                }
            }
            assert_ne!(found, plane, "{fill:?}");
        }
    }
}
