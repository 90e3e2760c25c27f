//! Micromachines and electrodes: flat shapes with sharp walls on a background, as lithography makes them.
//!
//! Combs that grip into each other, pads with leads, cantilevers over a trench, gears. A device is a list
//! of plates, each a signed distance to its outline, laid over each other; all are rotated to one axis. Films
//! do not bend, and they hide everything under them.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::surface::{Facet, Surface, Texture, wall};

mod device;

pub use device::{Device, Outline, Plate};

/// Settings of a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemsConfig {
    /// Kind of device.
    pub device: Device,
    /// Distance from finger to finger, beam to beam, tooth to tooth in px, 6 to 2000.
    pub pitch_px: f64,
    /// Width of fingers, beams, leads, teeth over the pitch, 0.15 to 0.85.
    pub duty_cycle: f64,
    /// Length of fingers, beams, leads over the pitch, 1 to 40.
    pub length: f64,
    /// Axis of the fingers in degrees, −90 to 90, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Height of the plates over the background in px, 0.5 to 1000.
    pub relief_px: f64,
    /// Width of a side wall seen from above in px, 1 to 100.
    pub wall_px: f64,
    /// Signal of the background relative to that of the plates, 0.05 to 2.
    pub background: f64,
    /// Side of the square holes etched through wide plates in px, 0 (none) to 200.
    pub hole_px: f64,
    /// Rms slope of the texture, 0 to 2.
    pub roughness: f64,
}

impl Default for MemsConfig {
    fn default() -> Self {
        Self {
            device: Device::Comb,
            pitch_px: 32.0,  // a dozen fingers in the image
            duty_cycle: 0.5, // fingers as wide as gaps
            length: 6.0,
            axis_deg: 0.0,
            relief_px: 8.0,
            wall_px: 2.0, // steep walls
            background: 0.5,
            hole_px: 0.0,
            roughness: 0.05, // evaporated metal
        }
    }
}

/// What a device is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemsTruth {
    /// The plates, the lowest first.
    pub plates: Vec<Plate>,
    /// Share of the pixels on plates, to the middle of their walls.
    pub covered: f64,
}

impl MemsConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("mems.pitch_px", self.pitch_px, 6.0..=2000.0)?;
        ConfigError::unless_within("mems.duty cycle", self.duty_cycle, 0.15..=0.85)?;
        ConfigError::unless_within("mems.length", self.length, 1.0..=40.0)?;
        ConfigError::unless_within("mems.axis_deg", self.axis_deg, -90.0..=90.0)?;
        ConfigError::unless_within("mems.relief_px", self.relief_px, 0.5..=1000.0)?;
        ConfigError::unless_within("mems.wall_px", self.wall_px, 1.0..=100.0)?;
        ConfigError::unless_within("mems.background", self.background, 0.05..=2.0)?;
        ConfigError::unless_within("mems.hole_px", self.hole_px, 0.0..=200.0)?;
        ConfigError::unless_within("mems.roughness", self.roughness, 0.0..=2.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, MemsTruth) {
        let (height, width) = size;
        let texture = Texture::new(size, 4.0, &mut Stream::new(seed, "synth ground", 0));
        let roughness = self.roughness as f32;
        let mut surface = Surface::background(size, self.background as f32, &texture, roughness);
        surface.reach_px = (self.pitch_px * 0.4).clamp(2.0, 40.0) as f32;
        let plates = self.device.plates(self, size, &mut Stream::new(seed, "synth device", 0));
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let relief = self.relief_px as f32;
        let mut n_covered = 0;
        for y in 0..height {
            for x in 0..width {
                let (dy, dx) = (y as f64 - height as f64 / 2.0, x as f64 - width as f64 / 2.0);
                // on the screen y runs downwards
                let at = [dx * cos - dy * sin, dx * sin + dy * cos];
                let mut covered = false;
                for plate in &plates {
                    let depth = plate.depth(at);
                    let (share, slope) = wall(depth as f32, self.wall_px as f32);
                    if share == 0.0 {
                        continue;
                    }
                    covered |= depth > 0.0;
                    let inwards = if slope == 0.0 { [0.0, 0.0] } else { plate.inwards(at) };
                    let slope = slope * relief * plate.level as f32;
                    let (along, across) = (slope * inwards[0] as f32, slope * inwards[1] as f32);
                    let below = surface.facets[y * width + x];
                    let facet = Facet {
                        z: below.z.max(share * relief * plate.level as f32),
                        slope_y: across * cos as f32 - along * sin as f32,
                        slope_x: across * sin as f32 + along * cos as f32,
                        material: below.material + (plate.signal as f32 - below.material) * share,
                    };
                    surface.cover(y, x, 1.0, texture.laid_on(facet, (y, x), roughness));
                }
                n_covered += usize::from(covered);
            }
        }
        (surface, MemsTruth { plates, covered: n_covered as f64 / (height * width) as f64 })
    }
}
