//! Powder: grains of uneven shape and size in a heap, from round droplets to crystals and flakes.
//!
//! A grain is an ellipsoid cut by random planes; where several overlap the highest is visible.
//! Grains are placed where a few trials find the heap lowest, and sink into it by a fraction of their
//! size, so that no grain floats; they may intersect where it is not visible.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::surface::{Facet, Surface, Texture};

/// Signal of the background relative to that of the grains.
const BACKGROUND: f32 = 0.3;
/// Trials among which the lowest position is taken.
const TRIALS: usize = 5;

/// Settings of a powder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PowderConfig {
    /// Median of the mean diameters in px, 3 to 1000.
    pub diameter_px: f64,
    /// Standard deviation of the logarithm of the diameter, 0 to 1.
    pub spread: f64,
    /// Sum of the grains' areas over the image's area, 0 to 8.
    pub coverage: f64,
    /// How deep planes cut into the grains, 0 (round) to 1 (crystals and shards).
    pub angularity: f64,
    /// Longest over middle diameter, 1 to 4.
    pub elongation: f64,
    /// Thickness over middle diameter, 0.05 (flakes) to 1.
    pub flatness: f64,
    /// How uneven the heap is: share of grains that gather in clumps, 0 to 1.
    pub clumping: f64,
    /// Rms slope of the grains' skin, 0 to 2.
    pub roughness: f64,
    /// Size of the grains of that skin over the diameter, 0.02 to 1.
    pub skin: f64,
}

impl Default for PowderConfig {
    fn default() -> Self {
        Self {
            diameter_px: 30.0, // a hundred grains and more in the image
            spread: 0.5,       // as after milling
            coverage: 2.0,     // with gaps that show the background
            angularity: 0.6,   // broken faces
            elongation: 1.4,
            flatness: 0.8,
            clumping: 0.3,
            roughness: 0.15,
            skin: 0.2,
        }
    }
}

/// One grain of a powder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grain {
    /// Row of the centre in px.
    pub y: f64,
    /// Column of the centre in px.
    pub x: f64,
    /// Mean diameter in px before planes cut it: cube root of the product of the three.
    pub diameter_px: f64,
    /// Pixels of the image that show the grain.
    pub visible_px: usize,
}

/// What a powder contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowderTruth {
    /// All grains, centres inside the image, in the order in which they were laid.
    pub grains: Vec<Grain>,
    /// Share of the pixels that show a grain.
    pub covered: f64,
}

impl PowderConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("powder.diameter_px", self.diameter_px, 3.0..=1000.0)?;
        ConfigError::unless_within("powder.spread", self.spread, 0.0..=1.0)?;
        ConfigError::unless_within("powder.coverage", self.coverage, 0.0..=8.0)?;
        ConfigError::unless_within("powder.angularity", self.angularity, 0.0..=1.0)?;
        ConfigError::unless_within("powder.elongation", self.elongation, 1.0..=4.0)?;
        ConfigError::unless_within("powder.flatness", self.flatness, 0.05..=1.0)?;
        ConfigError::unless_within("powder.clumping", self.clumping, 0.0..=1.0)?;
        ConfigError::unless_within("powder.roughness", self.roughness, 0.0..=2.0)?;
        ConfigError::unless_within("powder.skin", self.skin, 0.02..=1.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, PowderTruth) {
        let grain_px = (self.skin * self.diameter_px).max(1.5);
        let skin = Texture::new(size, grain_px, &mut Stream::new(seed, "synth skin", 0));
        let mut surface = Surface::background(size, BACKGROUND, &skin, self.roughness as f32 * 0.5);
        surface.reach_px = (self.diameter_px * 0.5).clamp(2.0, 60.0) as f32;
        let mut owner = vec![usize::MAX; size.0 * size.1];
        let mut grains = Vec::new();
        let mut covered = 0.0;
        let mut stream = Stream::new(seed, "synth powder", 0);
        let clumps: Vec<[f64; 2]> = (0..3 + stream.below(5)).map(|_| place(size, &mut stream)).collect();
        while covered < self.coverage * (size.0 * size.1) as f64 {
            // beyond a few standard deviations a single giant would fill the image
            let diameter = self.diameter_px * (self.spread * stream.normal().clamp(-2.5, 2.5)).exp();
            let body = Body::new(self, diameter, &mut stream);
            let trials = (0..TRIALS).map(|_| self.place(size, &clumps, &mut stream));
            let height_at = |at: &[f64; 2]| surface.facets[at[0] as usize * surface.width + at[1] as usize].z;
            let at = trials.min_by(|a, b| height_at(a).total_cmp(&height_at(b)));
            let at = at.expect("there is a trial");
            // resting on the surface below its centre, sunk by a fifth
            let z = f64::from(height_at(&at)) + 0.6 * body.half[2];
            covered += std::f64::consts::PI * body.half[0] * body.half[1];
            let shade = (1.0 + 0.08 * stream.normal()).clamp(0.7, 1.3) as f32;
            let offset = (stream.below(size.0), stream.below(size.1));
            let reach = body.half[0].max(body.half[1]);
            let (rows, columns) = surface.around((at[0], at[1]), reach);
            for y in rows {
                for x in columns.clone() {
                    let Some([rise, slope_y, slope_x]) = body.top(y as f64 - at[0], x as f64 - at[1]) else {
                        continue;
                    };
                    let facet = Facet {
                        z: (z + rise) as f32,
                        slope_y: slope_y as f32,
                        slope_x: slope_x as f32,
                        material: shade,
                    };
                    let index = y * size.1 + x;
                    if facet.z > surface.facets[index].z {
                        let on = (y + offset.0, x + offset.1);
                        surface.cover(y, x, 1.0, skin.laid_on(facet, on, self.roughness as f32));
                        owner[index] = grains.len();
                    }
                }
            }
            grains.push(Grain { y: at[0], x: at[1], diameter_px: diameter, visible_px: 0 });
        }
        owner.iter().filter(|grain| **grain != usize::MAX).for_each(|grain| grains[*grain].visible_px += 1);
        let seen: usize = grains.iter().map(|grain| grain.visible_px).sum();
        (surface, PowderTruth { grains, covered: seen as f64 / owner.len() as f64 })
    }

    /// A position in the image, in a clump or anywhere.
    fn place(&self, size: (usize, usize), clumps: &[[f64; 2]], stream: &mut Stream) -> [f64; 2] {
        let anywhere = place(size, stream);
        let [cy, cx] = clumps[stream.below(clumps.len())];
        let width = 0.12 * (size.0 as f64).hypot(size.1 as f64);
        let near = [cy + width * stream.normal(), cx + width * stream.normal()];
        let inside = (0.0..size.0 as f64).contains(&near[0]) && (0.0..size.1 as f64).contains(&near[1]);
        if stream.uniform() < self.clumping && inside { near } else { anywhere }
    }
}

fn place((height, width): (usize, usize), stream: &mut Stream) -> [f64; 2] {
    [stream.uniform() * height as f64, stream.uniform() * width as f64]
}

/// An ellipsoid with one axis upright, cut by planes.
struct Body {
    /// Half diameters in px: two in the plane, then the thickness.
    half: [f64; 3],
    /// Cosine and sine of the first axis.
    turn: [f64; 2],
    /// Unit normals `[u, v, z]` in the ellipsoid's own measure, and the planes' distances.
    planes: Vec<([f64; 3], f64)>,
}

impl Body {
    fn new(config: &PowderConfig, diameter: f64, stream: &mut Stream) -> Self {
        let elongation = config.elongation.powf(stream.between(0.5, 1.0));
        let flatness = config.flatness.powf(stream.between(0.5, 1.0));
        // the product of the three is the cube of the mean
        let middle = diameter / 2.0 / (elongation * flatness).cbrt();
        let (sin, cos) = stream.between(0.0, std::f64::consts::TAU).sin_cos();
        let n_planes = if config.angularity == 0.0 { 0 } else { 9 + stream.below(7) };
        let planes = (0..n_planes).map(|_| {
            let normal = [stream.normal(), stream.normal(), stream.normal()];
            let length = normal.iter().map(|part| part * part).sum::<f64>().sqrt().max(1e-9);
            let distance = 1.0 - config.angularity * stream.between(0.05, 0.5);
            (normal.map(|part| part / length), distance)
        });
        Self {
            planes: planes.collect(),
            half: [elongation * middle, middle, flatness * middle],
            turn: [cos, sin],
        }
    }

    /// Height over the centre and slopes along y and x, in px, of the upper side at `(dy, dx)`.
    fn top(&self, dy: f64, dx: f64) -> Option<[f64; 3]> {
        let [cos, sin] = self.turn;
        let (u, v) = ((dx * cos + dy * sin) / self.half[0], (dy * cos - dx * sin) / self.half[1]);
        let round = 1.0 - u * u - v * v;
        if round <= 0.0 {
            return None;
        }
        // the steepest facet that still counts, at the silhouette
        let rise = round.sqrt().max(0.15);
        let (mut top, mut bottom) = (rise, -rise);
        let mut slope = [-u / rise, -v / rise];
        for ([nu, nv, nz], distance) in &self.planes {
            let left = distance - nu * u - nv * v;
            if nz.abs() < 0.08 {
                if left < 0.0 {
                    return None;
                }
            } else if *nz > 0.0 {
                if left / nz < top {
                    top = left / nz;
                    slope = [-nu / nz, -nv / nz];
                }
            } else {
                bottom = bottom.max(left / nz);
            }
        }
        if top <= bottom {
            return None;
        }
        let [su, sv] = [slope[0] * self.half[2] / self.half[0], slope[1] * self.half[2] / self.half[1]];
        Some([top * self.half[2], su * sin + sv * cos, su * cos - sv * sin])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grain_slopes_as_its_heights_say() {
        let config = PowderConfig { angularity: 0.8, elongation: 2.0, flatness: 0.4, ..Default::default() };
        for index in 0..20 {
            let body = Body::new(&config, 40.0, &mut Stream::new(3, "grain", index));
            let (dy, dx, step) = (2.3, -1.1, 1e-4);
            let at = |dy, dx| body.top(dy, dx).expect("near the middle");
            let [z, slope_y, slope_x] = at(dy, dx);
            assert!(((at(dy + step, dx)[0] - z) / step - slope_y).abs() < 1e-2, "{index}");
            assert!(((at(dy, dx + step)[0] - z) / step - slope_x).abs() < 1e-2, "{index}");
        }
    }
}
