//! Porous bodies: sponges of winding ligaments, foams of cells, membranes with round pores.
//!
//! Each of a few layers is a random field cut at the level that gives the required porosity; the
//! openings of one layer show the next one, lower and darker. Only the topmost layer has a truth.

use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::synth::cells::Cells;
use crate::synth::field;
use crate::synth::surface::{Facet, Surface, Texture, slopes};
use crate::{ConfigError, Plane};

/// Signal of the floor under the last layer.
const FLOOR: f32 = 0.12;

/// Morphology of solid and pores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PorousStructure {
    /// Winding ligaments and channels, as in dealloyed gold.
    Sponge,
    /// Cells between struts.
    Foam,
    /// A plate with round pores of different sizes.
    Membrane,
}

/// Settings of a porous body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PorousConfig {
    /// Morphology of solid and pores.
    pub structure: PorousStructure,
    /// Distance from pore to pore in px, 4 to 1000.
    pub period_px: f64,
    /// Share of the topmost layer that is open, 0.02 to 0.95.
    pub porosity: f64,
    /// Layers seen through each other, 1 to 6.
    pub n_layers: usize,
    /// How far in from an edge the solid is rounded, share of the period, 0.02 (a plate) to 0.5.
    pub rounding: f64,
    /// How much longer pores are along the axis than across it, 1 to 6.
    pub stretch: f64,
    /// Axis of the stretch in degrees, −90 to 90, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Rms slope of the texture of the solid, 0 to 2.
    pub roughness: f64,
    /// Size of the grains of that texture in px, 1 to 200.
    pub grain_px: f64,
}

impl Default for PorousConfig {
    fn default() -> Self {
        Self {
            structure: PorousStructure::Sponge,
            period_px: 36.0, // a hundred pores and more in the image
            porosity: 0.5,   // ligaments as wide as channels
            n_layers: 3,     // deeper ones are lost in the dark
            rounding: 0.25,  // round ligaments
            stretch: 1.0,
            axis_deg: 0.0,
            roughness: 0.1, // smooth, as after coarsening
            grain_px: 4.0,
        }
    }
}

/// The topmost layer of a porous body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PorousTruth {
    /// Share of the pixels that are open.
    pub porosity: f64,
    /// Mean length in px of the runs of open pixels along rows; 0 without open pixels.
    pub chord_px: f64,
}

impl PorousConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("porous.period_px", self.period_px, 4.0..=1000.0)?;
        ConfigError::unless_within("porous.porosity", self.porosity, 0.02..=0.95)?;
        ConfigError::unless_within("porous.n_layers", self.n_layers as f64, 1.0..=6.0)?;
        ConfigError::unless_within("porous.rounding", self.rounding, 0.02..=0.5)?;
        ConfigError::unless_within("porous.stretch", self.stretch, 1.0..=6.0)?;
        ConfigError::unless_within("porous.axis_deg", self.axis_deg, -90.0..=90.0)?;
        ConfigError::unless_within("porous.roughness", self.roughness, 0.0..=2.0)?;
        ConfigError::unless_within("porous.grain_px", self.grain_px, 1.0..=200.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, PorousTruth) {
        let texture = Texture::new(size, self.grain_px, &mut Stream::new(seed, "synth ground", 0));
        let roughness = self.roughness as f32;
        let mut surface = Surface::background(size, FLOOR, &texture, roughness);
        surface.reach_px = (self.period_px * 0.4).clamp(2.0, 60.0) as f32;
        let step = 0.6 * self.period_px;
        for facet in &mut surface.facets {
            facet.z -= (self.n_layers as f64 * step) as f32;
        }
        let mut truth = PorousTruth { porosity: 0.0, chord_px: 0.0 };
        for layer in (0..self.n_layers).rev() {
            let depths = self.depths(size, seed, layer as u64);
            let base = -(layer as f64 * step) as f32;
            let material = 0.5_f32.powi(layer as i32);
            let reliefs = depths.map(|depth| self.rise(depth));
            for y in 0..size.0 {
                for x in 0..size.1 {
                    let share = (depths.at(y, x) + 0.5).clamp(0.0, 1.0);
                    if share == 0.0 {
                        continue;
                    }
                    let [slope_y, slope_x] = slopes(&reliefs, y, x);
                    let facet = Facet { z: base + reliefs.at(y, x), slope_y, slope_x, material };
                    // each layer has its own part of the texture
                    let at = (y + 37 * layer, x + 53 * layer);
                    surface.cover(y, x, share, texture.laid_on(facet, at, roughness));
                }
            }
            if layer == 0 {
                truth = truth_of(&depths);
            }
        }
        (surface, truth)
    }

    /// Approximate depth in px of each pixel of `layer` in the solid; negative in openings.
    fn depths(&self, size: (usize, usize), seed: u64, layer: u64) -> Plane {
        // the field is made on a square that contains the image at any rotation
        let side = (size.0 as f64).hypot(size.1 as f64).ceil() as usize + 2;
        let stream = &mut Stream::new(seed, "synth pores", layer);
        let mut square = self.field((side, side), stream);
        // a solid with rough faces has rough edges too
        let ragged = field::noise((side, side), self.grain_px, stream);
        let amount = (0.25 * self.roughness * square.variance().sqrt()) as f32;
        square
            .values_mut()
            .iter_mut()
            .zip(ragged.values())
            .for_each(|(value, rough)| *value += amount * rough);
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let plane = Plane::from_fn(size.0, size.1, |y, x| {
            let (dy, dx) = (y as f64 - size.0 as f64 / 2.0, x as f64 - size.1 as f64 / 2.0);
            // on the screen y runs downwards
            let (along, across) = ((dx * cos - dy * sin) / self.stretch, dx * sin + dy * cos);
            let middle = side as f64 / 2.0;
            field::sampled(&square, middle + across, middle + along)
        });
        let level = plane.quantiles(&[self.porosity])[0];
        let steepness = steepness(&plane).max(1e-6);
        plane.map(|value| (value - level) / steepness)
    }

    /// A field that is high in the solid.
    fn field(&self, size: (usize, usize), stream: &mut Stream) -> Plane {
        if self.structure == PorousStructure::Sponge {
            return field::band(size, self.period_px, stream);
        }
        let cells = Cells::new(size, self.period_px, 0.85, stream);
        let sizes: Vec<f64> =
            cells.sites().iter().map(|_| (0.3 * stream.normal().clamp(-2.5, 2.5)).exp()).collect();
        let wobble = field::noise(size, self.period_px * 0.15, stream);
        Plane::from_fn(size.0, size.1, |y, x| {
            let cell = cells.at(y as f64, x as f64);
            let wobble = f64::from(wobble.at(y, x)) * self.period_px * 0.03;
            let value = match self.structure {
                // a large pore extends over the border of its cell
                PorousStructure::Membrane => {
                    (cell.nearest / sizes[cell.index]).min(cell.second / sizes[cell.neighbour])
                }
                PorousStructure::Foam | PorousStructure::Sponge => -cells.border_distance(cell),
            };
            (value + wobble) as f32
        })
    }

    /// Height of the solid `depth` px in from its edge: a quarter circle, then level.
    fn rise(&self, depth: f32) -> f32 {
        let radius = (self.rounding * self.period_px).max(1.0) as f32;
        let left = 1.0 - (depth / radius).clamp(0.02, 1.0);
        radius * (1.0 - left * left).sqrt()
    }
}

/// Mean steepness of `plane` for each px.
fn steepness(plane: &Plane) -> f32 {
    let mut sum = 0.0;
    for y in 0..plane.height() {
        for x in 0..plane.width() {
            let [slope_y, slope_x] = slopes(plane, y, x);
            sum += f64::from(slope_y.hypot(slope_x));
        }
    }
    (sum / plane.values().len() as f64) as f32
}

fn truth_of(depths: &Plane) -> PorousTruth {
    let solid: Vec<bool> = depths.values().iter().map(|depth| *depth > 0.0).collect();
    let n_open = solid.iter().filter(|solid| !**solid).count();
    let n_runs: usize = solid
        .chunks_exact(depths.width())
        .map(|row| usize::from(!row[0]) + row.windows(2).filter(|pair| pair[0] && !pair[1]).count())
        .sum();
    let chord_px = if n_runs == 0 { 0.0 } else { n_open as f64 / n_runs as f64 };
    PorousTruth { porosity: n_open as f64 / solid.len() as f64, chord_px }
}
