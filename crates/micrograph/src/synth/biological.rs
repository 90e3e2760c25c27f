//! Biological specimens: cells, blood cells, bacteria, pollen, diatoms, and tissue cut across.
//!
//! All but tissue are bodies on a background, the later ones over the earlier; tissue is a sheet of walls
//! around darker insides. Bodies are seen from above; they do not shrink or deform each other.

mod bodies;
mod shells;
mod tissue;

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::surface::{Surface, Texture};

/// Kind of organism or tissue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BiologicalForm {
    /// Round cells, some of them dividing.
    Cells,
    /// Discs with a hollow on both sides, as red blood cells are.
    BloodCells,
    /// Rods with round ends, straight or curved.
    Bacteria,
    /// Balls with spines.
    SpinyPollen,
    /// Balls with a net of ridges.
    NettedPollen,
    /// Flat shells with rows of pores.
    Diatoms,
    /// Fibres of a nerve or a stem, cut across: a wall around each inside.
    Tissue,
}

/// Settings of a biological specimen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BiologicalConfig {
    /// Kind of organism or tissue.
    pub form: BiologicalForm,
    /// Median diameter of a body across its length, or distance from wall to wall, in px, 6 to 2000.
    pub diameter_px: f64,
    /// Standard deviation of the logarithm of the diameter, 0 to 0.6.
    pub spread: f64,
    /// Length over diameter of bacteria and diatoms, 1 to 8.
    pub elongation: f64,
    /// Sum of the bodies' areas over the image's area, 0 to 4; there is one body at least.
    pub coverage: f64,
    /// Distance between ornaments (spines, meshes, pores) or thickness of tissue walls, over the
    /// diameter, 0.02 to 0.6.
    pub ornament: f64,
    /// Height of ornaments over their distance, 0 to 2.
    pub ornament_relief: f64,
    /// Signal of the background, or of the inside of tissue walls, 0 to 1.5.
    pub background: f64,
    /// Rms slope of the background's texture, 0 to 2.
    pub background_roughness: f64,
    /// Rms slope of the bodies' texture, 0 to 2.
    pub roughness: f64,
    /// Size of the grains of both textures in px, 1 to 200.
    pub grain_px: f64,
}

impl Default for BiologicalConfig {
    fn default() -> Self {
        Self {
            form: BiologicalForm::Cells,
            diameter_px: 60.0, // some dozens of cells in the image
            spread: 0.12,      // one kind, of different ages
            elongation: 2.5,
            coverage: 0.4,
            ornament: 0.15,
            ornament_relief: 0.6,
            background: 0.4,
            background_roughness: 0.1,
            roughness: 0.1,
            grain_px: 4.0,
        }
    }
}

/// One cell, grain or shell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organism {
    /// Row of the centre in px.
    pub y: f64,
    /// Column of the centre in px.
    pub x: f64,
    /// Diameter across the length in px.
    pub diameter_px: f64,
    /// Length in px, ornaments not counted.
    pub length_px: f64,
    /// Spines, meshes or pores on it that point to the eye.
    pub n_ornaments: usize,
}

/// What a biological specimen contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BiologicalTruth {
    /// All bodies, or fibres of a tissue, centres inside the image.
    pub organisms: Vec<Organism>,
    /// Share of the pixels that show a body; for tissue, that are inside a wall.
    pub covered: f64,
}

impl BiologicalConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("biological.diameter_px", self.diameter_px, 6.0..=2000.0)?;
        ConfigError::unless_within("biological.spread", self.spread, 0.0..=0.6)?;
        ConfigError::unless_within("biological.elongation", self.elongation, 1.0..=8.0)?;
        ConfigError::unless_within("biological.coverage", self.coverage, 0.0..=4.0)?;
        ConfigError::unless_within("biological.ornament", self.ornament, 0.02..=0.6)?;
        ConfigError::unless_within("biological.ornament_relief", self.ornament_relief, 0.0..=2.0)?;
        ConfigError::unless_within("biological.background", self.background, 0.0..=1.5)?;
        ConfigError::unless_within("biological.background_roughness", self.background_roughness, 0.0..=2.0)?;
        ConfigError::unless_within("biological.roughness", self.roughness, 0.0..=2.0)?;
        ConfigError::unless_within("biological.grain_px", self.grain_px, 1.0..=200.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, BiologicalTruth) {
        if self.form == BiologicalForm::Tissue {
            return tissue::surface(self, size, seed);
        }
        let (height, width) = size;
        let texture = Texture::new(size, self.grain_px, &mut Stream::new(seed, "synth ground", 0));
        let mut surface =
            Surface::background(size, self.background as f32, &texture, self.background_roughness as f32);
        surface.reach_px = (self.diameter_px * 0.3).clamp(3.0, 60.0) as f32;
        let mut scene = Scene { surface, texture, seen: vec![false; height * width] };
        let mut stream = Stream::new(seed, "synth organism", 0);
        let mut organisms = Vec::new();
        let mut covered = 0.0;
        while organisms.is_empty() || covered < self.coverage * (height * width) as f64 {
            let diameter_px = self.diameter_px * (self.spread * stream.normal().clamp(-2.5, 2.5)).exp();
            let y = stream.uniform() * (height - 1) as f64;
            let x = stream.uniform() * (width - 1) as f64;
            let mut organism = Organism { y, x, diameter_px, length_px: diameter_px, n_ornaments: 0 };
            match self.form {
                BiologicalForm::Cells => bodies::cell(&mut organism, self, &mut scene, &mut stream),
                BiologicalForm::BloodCells => bodies::blood_cell(&organism, self, &mut scene, &mut stream),
                BiologicalForm::Bacteria => {
                    bodies::bacterium(&mut organism, self, &mut scene, &mut stream);
                }
                BiologicalForm::SpinyPollen => {
                    shells::spiny(&mut organism, self, &mut scene, &mut stream);
                }
                BiologicalForm::NettedPollen => {
                    shells::netted(&mut organism, self, &mut scene, &mut stream);
                }
                // tissue has been drawn above
                BiologicalForm::Diatoms | BiologicalForm::Tissue => {
                    shells::diatom(&mut organism, self, &mut scene, &mut stream);
                }
            }
            covered += std::f64::consts::PI / 4.0 * organism.length_px * organism.diameter_px;
            organisms.push(organism);
        }
        let n_seen = scene.seen.iter().filter(|seen| **seen).count();
        let covered = n_seen as f64 / scene.seen.len() as f64;
        (scene.surface, BiologicalTruth { organisms, covered })
    }
}

/// What is drawn on.
struct Scene {
    surface: Surface,
    texture: Texture,
    /// Pixels covered by a body, `[H, W]`.
    seen: Vec<bool>,
}

/// A body at one pixel.
struct Bit {
    /// How much of the pixel it covers, in `[0, 1]`.
    share: f64,
    /// Height over the body's foot, and slopes along y and x.
    relief: [f64; 3],
    /// Signal where it is flat.
    signal: f64,
}

impl Scene {
    /// Height of the surface at `(y, x)`; outside the image, that of the nearest pixel.
    fn height_at(&self, y: f64, x: f64) -> f64 {
        let within = |at: f64, length: usize| at.clamp(0.0, (length - 1) as f64) as usize;
        let (row, column) = (within(y, self.surface.height), within(x, self.surface.width));
        f64::from(self.surface.facets[row * self.surface.width + column].z)
    }

    /// Draws a body with foot at height `z`: `bit` gives the surface at each offset `(dy, dx)` from `(y, x)`; a
    /// pixel shows the highest body.
    fn draw(
        &mut self,
        (y, x, z): (f64, f64, f64),
        reach: f64,
        roughness: f64,
        bit: impl Fn(f64, f64) -> Option<Bit>,
    ) {
        let (rows, columns) = self.surface.around((y, x), reach + 1.0);
        let width = self.surface.width;
        for row in rows {
            for column in columns.clone() {
                let Some(Bit { share, relief, signal }) = bit(row as f64 - y, column as f64 - x) else {
                    continue;
                };
                let facet = crate::synth::surface::Facet {
                    z: (z + relief[0]) as f32,
                    slope_y: relief[1] as f32,
                    slope_x: relief[2] as f32,
                    material: signal as f32,
                };
                let index = row * width + column;
                if share <= 0.0 || facet.z < self.surface.facets[index].z {
                    continue;
                }
                // each body has its own part of the texture
                let at = (row + (y * 7.0).abs() as usize, column + (x * 5.0).abs() as usize);
                let facet = self.texture.laid_on(facet, at, roughness as f32);
                self.surface.cover(row, column, share as f32, facet);
                self.seen[index] |= share >= 0.5;
            }
        }
    }
}
