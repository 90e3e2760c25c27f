//! Tips: one needle or probe that ends in a point, as in scanning probes, field emitters and FIB work.
//!
//! A needle is a body of revolution seen from the side: half its width `w` at the distance `s` from the apex
//! is `√(2 r s + (s tan α)²)`, a hyperbola of apex radius `r` and half angle `α`, until, after a round
//! shoulder, the shank continues with constant width. A pyramid is on a cantilever and is seen from above.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::field;
use crate::synth::surface::{Facet, Surface, Texture, wall};

/// What kind of tip it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TipShape {
    /// A round needle, from the side.
    Needle,
    /// A pyramid near the end of a cantilever, from above.
    Pyramid,
}

/// Settings of a tip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TipConfig {
    /// What kind of tip it is.
    pub shape: TipShape,
    /// Row of the apex as a share of the height, −0.5 to 1.5.
    pub apex_y: f64,
    /// Column of the apex as a share of the width, −0.5 to 1.5.
    pub apex_x: f64,
    /// Direction from the apex into the shank or cantilever in degrees, −180 to 180, anticlockwise from x as
    /// seen on the screen.
    pub axis_deg: f64,
    /// Half of the angle at which a needle opens in degrees, 1 to 60.
    pub half_angle_deg: f64,
    /// Radius of the apex in px, 0.5 to 500.
    pub radius_px: f64,
    /// Largest half width of the shank, or half width of the cantilever, in px, 2 to 5000.
    pub shank_px: f64,
    /// Rings around the shank as of pulling and etching: rms change of its width, share of it, 0 to 0.3.
    pub rings: f64,
    /// Signal of the background relative to that of the tip, 0 to 1.5.
    pub background: f64,
    /// Side of a block that hangs on the apex in px, like a lifted-out lamella; 0 for no block, up to 2000.
    pub load_px: f64,
    /// Rms slope of the texture, 0 to 2.
    pub roughness: f64,
}

impl Default for TipConfig {
    fn default() -> Self {
        Self {
            shape: TipShape::Needle,
            apex_y: 0.5,
            apex_x: 0.5,
            axis_deg: -90.0,      // from below, as it is mounted
            half_angle_deg: 12.0, // etched tungsten
            radius_px: 6.0,
            shank_px: 120.0,
            rings: 0.02,
            background: 0.25, // far behind, nearly dark
            load_px: 0.0,
            roughness: 0.08,
        }
    }
}

/// What a tip is; lengths in px.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TipTruth {
    /// Apex `[y, x]`.
    pub apex: [f64; 2],
    /// Direction from the apex into the shank in degrees, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Half of the opening angle in degrees; `None` for a pyramid.
    pub half_angle_deg: Option<f64>,
    /// Radius of the apex of a needle, half the width of the base of a pyramid.
    pub radius_px: f64,
}

impl TipConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("tip.apex_y", self.apex_y, -0.5..=1.5)?;
        ConfigError::unless_within("tip.apex_x", self.apex_x, -0.5..=1.5)?;
        ConfigError::unless_within("tip.axis_deg", self.axis_deg, -180.0..=180.0)?;
        ConfigError::unless_within("tip.half_angle_deg", self.half_angle_deg, 1.0..=60.0)?;
        ConfigError::unless_within("tip.radius_px", self.radius_px, 0.5..=500.0)?;
        ConfigError::unless_within("tip.shank_px", self.shank_px, 2.0..=5000.0)?;
        ConfigError::unless_within("tip.rings", self.rings, 0.0..=0.3)?;
        ConfigError::unless_within("tip.background", self.background, 0.0..=1.5)?;
        ConfigError::unless_within("tip.load_px", self.load_px, 0.0..=2000.0)?;
        ConfigError::unless_within("tip.roughness", self.roughness, 0.0..=2.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, TipTruth) {
        let (height, width) = size;
        let texture = Texture::new(size, 6.0, &mut Stream::new(seed, "synth ground", 0));
        let mut surface = self.behind(size, seed);
        surface.reach_px = (self.shank_px * 0.3).clamp(4.0, 60.0) as f32;
        let apex = [self.apex_y * (height as f64 - 1.0), self.apex_x * (width as f64 - 1.0)];
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let rings = self.profile_rings(size, seed);
        for y in 0..height {
            for x in 0..width {
                let (dy, dx) = (y as f64 - apex[0], x as f64 - apex[1]);
                // on the screen y runs downwards
                let (along, across) = (dx * cos - dy * sin, dx * sin + dy * cos);
                let piece = match self.shape {
                    TipShape::Needle => self.needle(along, across, &rings),
                    TipShape::Pyramid => self.probe(along, across),
                };
                if let Some((share, [z, slope_along, slope_across])) = piece {
                    let facet = Facet {
                        z: z as f32,
                        slope_y: (slope_across * cos - slope_along * sin) as f32,
                        slope_x: (slope_across * sin + slope_along * cos) as f32,
                        material: 1.0,
                    };
                    surface.cover(y, x, share as f32, texture.laid_on(facet, (y, x), self.roughness as f32));
                }
                if self.load_px > 0.0 {
                    let half = self.load_px / 2.0;
                    let depth = (half - (along + 0.6 * half).abs()).min(0.6 * half - across.abs());
                    let (share, slope) = wall(depth as f32, 2.0);
                    if share > 0.0 {
                        let z = self.load_px as f32 * share;
                        let facet = Facet { z, slope_y: 0.0, slope_x: slope, material: 0.85 };
                        let laid = texture.laid_on(facet, (y, x + 7), self.roughness as f32);
                        surface.cover(y, x, share, laid);
                    }
                }
            }
        }
        let (half_angle_deg, radius_px) = match self.shape {
            TipShape::Needle => (Some(self.half_angle_deg), self.radius_px),
            TipShape::Pyramid => (None, 0.6 * self.shank_px),
        };
        (surface, TipTruth { apex, axis_deg: self.axis_deg, half_angle_deg, radius_px })
    }

    /// The background next to the tip, far behind it and out of focus.
    fn behind(&self, size: (usize, usize), seed: u64) -> Surface {
        let mut stream = Stream::new(seed, "synth behind", 0);
        let sigma = stream.between(0.02, 0.25) * size.0.min(size.1) as f64;
        let uneven = stream.between(0.0, 0.25);
        let blurred = field::noise(size, sigma, &mut stream);
        let level = self.background;
        let facet = |blurred: &f32| Facet {
            z: 0.0,
            slope_y: 0.0,
            slope_x: 0.0,
            material: (level * (1.0 + uneven * f64::from(blurred.clamp(-2.5, 2.5)))) as f32,
        };
        let facets = blurred.values().iter().map(facet).collect();
        Surface { height: size.0, width: size.1, facets, reach_px: 8.0 }
    }

    /// Share of the width that rings add, for each px along the shank.
    fn profile_rings(&self, (height, width): (usize, usize), seed: u64) -> Vec<f64> {
        let n = 2 * (height + width);
        let mut stream = Stream::new(seed, "synth rings", 0);
        let period = (self.shank_px * 0.5).max(4.0);
        let waves: Vec<[f64; 2]> = (0..6)
            .map(|_| {
                let rate = std::f64::consts::TAU / (period * stream.between(0.5, 3.0));
                [rate, stream.between(0.0, std::f64::consts::TAU)]
            })
            .collect();
        // each of six sines has a power of a half
        let sum = |s: f64| waves.iter().map(|[rate, phase]| (rate * s + phase).sin()).sum::<f64>();
        (0..n).map(|s| self.rings * sum(s as f64) / 3.0_f64.sqrt()).collect()
    }

    /// Half the width of the needle at `along` px from its apex.
    fn half_width(&self, along: f64) -> f64 {
        let tan = self.half_angle_deg.to_radians().tan();
        let square = 2.0 * self.radius_px * along + (along * tan).powi(2);
        // the shoulder is rounded: the smaller of the two widths, less where they are similar
        (square.max(1e-12).powi(-2) + self.shank_px.powi(-4)).powf(-0.25)
    }

    /// How much of the pixel the needle covers; its height and slopes along and across the axis.
    fn needle(&self, along: f64, across: f64, rings: &[f64]) -> Option<(f64, [f64; 3])> {
        if along <= 0.0 {
            return None;
        }
        let ring = rings[(along as usize).min(rings.len() - 1)];
        // the apex itself is smooth
        let fade = (along / (4.0 * self.radius_px)).min(1.0);
        let half = self.half_width(along) * (1.0 + ring * fade);
        let share = (half - across.abs() + 0.5).clamp(0.0, 1.0);
        if share == 0.0 {
            return None;
        }
        let rise = (half * half - across * across).max((0.15 * half).powi(2)).sqrt().max(1e-3);
        let opening = self.half_width(along + 0.5) - self.half_width((along - 0.5).max(0.0));
        Some((share, [rise, opening * half / rise, -across / rise]))
    }

    /// The same of a pyramid on a cantilever that ends a little beyond the apex.
    fn probe(&self, along: f64, across: f64) -> Option<(f64, [f64; 3])> {
        let half = self.shank_px;
        // the cantilever ends in a blunt point
        let end = along + 1.4 * half - 0.45 * across.abs();
        let depth = (half - across.abs()).min(end * 0.9);
        let (share, slope) = wall(depth as f32, 3.0);
        if share == 0.0 {
            return None;
        }
        let base = 0.6 * half;
        let (flat, steep) = (0.3 * half, 1.2);
        let from = along.abs().max(across.abs());
        if from < base {
            // four faces; the apex is as blunt as the radius says
            let rise = steep * (base - from.max(self.radius_px.min(base)));
            let [slope_along, slope_across] = if from <= self.radius_px {
                [0.0, 0.0]
            } else if along.abs() > across.abs() {
                [-steep * along.signum(), 0.0]
            } else {
                [0.0, -steep * across.signum()]
            };
            return Some((f64::from(share), [flat + rise, slope_along, slope_across]));
        }
        let slope = f64::from(slope) * flat;
        Some((f64::from(share.sqrt()), [f64::from(share) * flat, 0.0, -slope * across.signum()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_has_the_given_radius_and_angle() {
        let config =
            TipConfig { radius_px: 5.0, half_angle_deg: 20.0, shank_px: 5000.0, ..Default::default() };
        // near the apex w² = 2 r s; far away w / s = tan α
        let near = 1e-3;
        assert!((config.half_width(near).powi(2) / (2.0 * near) - 5.0).abs() < 0.01);
        let far = 1e3;
        let opening = config.half_width(far + 1.0) - config.half_width(far);
        assert!((opening - 20.0_f64.to_radians().tan()).abs() < 0.01, "{opening}");
    }
}
