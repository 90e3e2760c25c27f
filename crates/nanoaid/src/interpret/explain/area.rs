//! Areas: how much of an attribution lies on the border, on what was drawn, and on measured structures.

use micrograph::{ObjectKind, Plane, annotations};
use serde::{Deserialize, Serialize};

use super::error::{ExplainError, Tick};
use crate::network::builtin;
use crate::segment::{SegmentConfig, segment};
use crate::{Device, Network};

/// Width of the border as a share of the shorter side.
const BORDER: f64 = 0.02;
/// Least share of its own kind in the probability of an object.
const OWN_SHARE: f64 = 0.5;
/// Least share of the micrograph that an area covers to be listed.
const LEAST_AREA: f64 = 0.001;

/// A part of a micrograph and what it has of attributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AreaShare {
    /// What it is.
    pub name: String,
    /// Its share of the micrograph, in `[0, 1]`.
    pub area: f64,
    /// For each method, its share of the sum of the magnitudes, in `[0, 1]`.
    pub shares: Vec<f64>,
}

/// A part of a micrograph.
#[derive(Clone, Debug)]
pub(in crate::interpret) struct Area {
    name: String,
    /// For each pixel whether it belongs to it, `[H, W]`.
    mask: Vec<bool>,
}

impl Area {
    pub(super) fn new(name: &str, mask: Vec<bool>) -> Self {
        Self { name: name.to_owned(), mask }
    }

    /// What it has of each map.
    pub(super) fn share(&self, maps: &[&Plane]) -> AreaShare {
        let n_inside = self.mask.iter().filter(|inside| **inside).count();
        let share = |map: &&Plane| {
            let (mut inside, mut all) = (0.0, 0.0);
            for (value, &is_inside) in map.values().iter().zip(&self.mask) {
                let magnitude = f64::from(value.abs());
                all += magnitude;
                inside += if is_inside { magnitude } else { 0.0 };
            }
            if all > 0.0 { inside / all } else { 0.0 }
        };
        AreaShare {
            name: self.name.clone(),
            area: n_inside as f64 / self.mask.len().max(1) as f64,
            shares: maps.iter().map(share).collect(),
        }
    }

    /// What it is.
    pub(in crate::interpret) fn name(&self) -> &str {
        &self.name
    }

    /// For each pixel whether it belongs to it, `[H, W]`.
    pub(in crate::interpret) fn mask(&self) -> &[bool] {
        &self.mask
    }

    fn is_listed(&self) -> bool {
        let n_inside = self.mask.iter().filter(|inside| **inside).count();
        n_inside as f64 >= LEAST_AREA * self.mask.len() as f64
    }
}

/// The border, what was drawn on the plane, and, with `structures`, the particles, fibres and pores that the built-in
/// segmenter finds.
pub(in crate::interpret) fn areas(
    plane: &Plane,
    structures: bool,
    warnings: &mut Vec<String>,
    tick: Tick<'_>,
) -> Result<Vec<Area>, ExplainError> {
    let (height, width) = (plane.height(), plane.width());
    let rim = ((BORDER * height.min(width) as f64).round() as usize).max(1);
    let is_border = |at: usize| {
        let (y, x) = (at / width, at % width);
        y < rim || x < rim || y + rim >= height || x + rim >= width
    };
    let mut areas = vec![
        Area::new("border", (0..height * width).map(is_border).collect()),
        Area::new("letters and bars", annotations::mask(plane).mask),
    ];
    if structures {
        match builtin::segmenter(Device::Cpu) {
            Ok(network) => {
                for kind in [ObjectKind::Particle, ObjectKind::Fiber, ObjectKind::Pore] {
                    areas.push(objects(&network, plane, kind, tick)?);
                }
            }
            Err(error) => warnings.push(format!("particles, fibres and pores are left out: {error}")),
        }
    }
    areas.retain(Area::is_listed);
    Ok(areas)
}

fn objects(
    segmenter: &Network,
    plane: &Plane,
    what: ObjectKind,
    tick: Tick<'_>,
) -> Result<Area, ExplainError> {
    // what is more probably of another kind counts there
    let config = SegmentConfig { what, least_own_share: OWN_SHARE, ..SegmentConfig::default() };
    let labels = segment(segmenter, plane, &config, &mut |_, _| tick())?;
    let width = plane.width();
    let is_object = |at: usize| labels.at(at / width, at % width) > 0;
    Ok(Area::new(what.plural(), (0..plane.values().len()).map(is_object).collect()))
}
