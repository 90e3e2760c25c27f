//! Particles: spheres of log-normal size on a textured background, separate, overlapping in the image, or
//! piled up.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::surface::{Facet, Surface, Texture};

/// Signal of the background relative to the particles.
const BACKGROUND: f32 = 0.5;
/// Trials to place a particle of the next size; if all fail, the background counts as full.
const MOST_TRIALS: usize = 2000;
/// Free px between separate particles.
const GAP_PX: f64 = 2.0;

/// Arrangement of particles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// On the background, at least 2 px apart unless they touch.
    Separate,
    /// Randomly placed on the background; their discs may overlap in the image.
    Overlapping,
    /// One on the other, as a powder is poured.
    Stacked,
}

/// Settings of a particle specimen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParticlesConfig {
    /// Median diameter in px, 3 to 1000.
    pub diameter_px: f64,
    /// Standard deviation of the logarithm of the diameter, 0 (all alike) to 0.8.
    pub spread: f64,
    /// Sum of the particles' disc areas over the image's area: 0 to 0.4 where separate, else to 6.
    pub coverage: f64,
    /// Arrangement of the particles.
    pub packing: Packing,
    /// Share of separate particles that touch one other, as spheres on a flat background do, 0 to 1; about.
    pub touching: f64,
    /// Rms slope of the background's texture, 0 to 2.
    pub background_roughness: f64,
    /// Size in px of the grains of the background, 1 to 200.
    pub background_grain_px: f64,
    /// Rms slope of the particles' own texture, 0 to 2.
    pub particle_roughness: f64,
}

impl Default for ParticlesConfig {
    fn default() -> Self {
        Self {
            diameter_px: 30.0, // large enough to be measured, small enough to be many
            spread: 0.2,       // a usual colloid
            coverage: 0.25,    // many, but random free positions are still found quickly
            packing: Packing::Separate,
            touching: 0.0,
            background_roughness: 0.25, // a polished or coated support
            background_grain_px: 6.0,   // grains of a sputtered film
            particle_roughness: 0.08,
        }
    }
}

/// One particle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Particle {
    /// Row of the centre in px.
    pub y: f64,
    /// Column of the centre in px.
    pub x: f64,
    /// Height of the centre over the background in px.
    pub z: f64,
    /// Radius in px.
    pub radius_px: f64,
    /// Share of its pixels inside the image that no other particle covers, in `[0, 1]`.
    pub visible: f64,
}

/// What a particle specimen contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParticlesTruth {
    /// All particles, centres inside the image, the lowest first.
    pub particles: Vec<Particle>,
}

impl ParticlesConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("particles.diameter_px", self.diameter_px, 3.0..=1000.0)?;
        ConfigError::unless_within("particles.spread", self.spread, 0.0..=0.8)?;
        let most = if self.packing == Packing::Separate { 0.4 } else { 6.0 };
        ConfigError::unless_within("particles.coverage", self.coverage, 0.0..=most)?;
        ConfigError::unless_within("particles.touching", self.touching, 0.0..=1.0)?;
        ConfigError::unless_within("particles.background_roughness", self.background_roughness, 0.0..=2.0)?;
        ConfigError::unless_within("particles.background_grain_px", self.background_grain_px, 1.0..=200.0)?;
        ConfigError::unless_within("particles.particle_roughness", self.particle_roughness, 0.0..=2.0)?;
        Ok(self)
    }

    /// The surface and its particles; an error if there is no room for separate particles.
    pub(super) fn surface(
        &self,
        size: (usize, usize),
        seed: u64,
    ) -> Result<(Surface, ParticlesTruth), ConfigError> {
        let mut particles = self.placed(size, seed)?;
        // higher particles hide lower ones
        particles.sort_by(|a, b| (a.z + a.radius_px).total_cmp(&(b.z + b.radius_px)));
        let background =
            Texture::new(size, self.background_grain_px, &mut Stream::new(seed, "synth ground", 0));
        let mut surface =
            Surface::background(size, BACKGROUND, &background, self.background_roughness as f32);
        surface.reach_px = (self.diameter_px * 0.35) as f32;
        let grain = (self.diameter_px / 8.0).max(2.0);
        let skin = Texture::new(size, grain, &mut Stream::new(seed, "synth skin", 0));
        let mut shades = Stream::new(seed, "synth particle shade", 0);
        let mut topmost = vec![usize::MAX; size.0 * size.1];
        let mut n_pixels = vec![0_usize; particles.len()];
        for (index, particle) in particles.iter().enumerate() {
            // particles of one batch still differ a little in charge and coating
            let material = (1.0 + 0.06 * shades.normal()).max(0.7) as f32;
            let offset = (shades.below(size.0), shades.below(size.1));
            let radius = particle.radius_px;
            let (rows, columns) = surface.around((particle.y, particle.x), radius + 1.0);
            for y in rows {
                for x in columns.clone() {
                    let (dy, dx) = (y as f64 - particle.y, x as f64 - particle.x);
                    let distance = dy.hypot(dx);
                    let share = (radius - distance + 0.5).clamp(0.0, 1.0);
                    if share == 0.0 {
                        continue;
                    }
                    if share >= 0.5 {
                        topmost[y * size.1 + x] = index;
                        n_pixels[index] += 1;
                    }
                    // the steepest facet that still counts, at the silhouette
                    let rise = (radius * radius - distance * distance).max((0.15 * radius).powi(2)).sqrt();
                    let facet = Facet {
                        z: (particle.z + rise) as f32,
                        slope_y: (-dy / rise) as f32,
                        slope_x: (-dx / rise) as f32,
                        material,
                    };
                    let at = (y + offset.0, x + offset.1);
                    surface.cover(
                        y,
                        x,
                        share as f32,
                        skin.laid_on(facet, at, self.particle_roughness as f32),
                    );
                }
            }
        }
        let mut n_visible = vec![0_usize; particles.len()];
        topmost.iter().filter(|index| **index != usize::MAX).for_each(|index| n_visible[*index] += 1);
        for (particle, (seen, all)) in particles.iter_mut().zip(n_visible.into_iter().zip(n_pixels)) {
            particle.visible = if all == 0 { 0.0 } else { seen as f64 / all as f64 };
        }
        Ok((surface, ParticlesTruth { particles }))
    }

    /// Placed particles, in the order of their placement.
    fn placed(&self, (height, width): (usize, usize), seed: u64) -> Result<Vec<Particle>, ConfigError> {
        let mut sizes = Stream::new(seed, "synth particle size", 0);
        let area = self.coverage * (height * width) as f64;
        let mut radii = Vec::new();
        let mut covered = 0.0;
        while covered < area {
            // beyond three standard deviations a single giant would fill the image
            let deviation = sizes.normal().clamp(-3.0, 3.0);
            let radius: f64 = self.diameter_px / 2.0 * (self.spread * deviation).exp();
            covered += std::f64::consts::PI * radius * radius;
            radii.push(radius);
        }
        if self.packing == Packing::Separate {
            // the large ones are placed first
            radii.sort_by(|a, b| b.total_cmp(a));
        }
        let mut places = Stream::new(seed, "synth particle place", 0);
        let mut place =
            || (places.between(0.0, height as f64 - 1.0), places.between(0.0, width as f64 - 1.0));
        let mut laid: Vec<Particle> = Vec::with_capacity(radii.len());
        let mut pairs = Stream::new(seed, "synth particle pair", 0);
        let mut alone: Vec<usize> = Vec::new();
        for radius in radii {
            if self.packing == Packing::Separate && self.touching > 0.0 {
                // half of those that touch are added to a placed one
                let comes = pairs.uniform() < self.touching / 2.0;
                let met = comes.then(|| beside(&laid, &mut alone, radius, (height, width), &mut pairs));
                if let Some(particle) = met.flatten() {
                    laid.push(particle);
                    continue;
                }
            }
            let found = match self.packing {
                Packing::Overlapping => Some((place(), radius)),
                Packing::Separate => (0..MOST_TRIALS).map(|_| place()).find_map(|(y, x)| {
                    let free = laid
                        .iter()
                        .all(|other| (y - other.y).hypot(x - other.x) >= radius + other.radius_px + GAP_PX);
                    free.then_some(((y, x), radius))
                }),
                // the lowest of a few positions, because a grain rolls downhill
                Packing::Stacked => (0..6)
                    .map(|_| place())
                    .map(|at| (at, rest_height(&laid, at, radius)))
                    .min_by(|a, b| a.1.total_cmp(&b.1)),
            };
            let Some(((y, x), z)) = found else {
                let expected = format!("a share that finds room; only {} particles did", laid.len());
                return Err(ConfigError::new("particles.coverage", self.coverage, &expected));
            };
            alone.push(laid.len());
            laid.push(Particle { y, x, z, radius_px: radius, visible: 1.0 });
        }
        Ok(laid)
    }
}

/// A sphere of `radius` that touches one of those that are `alone`, which is then removed from them, and no
/// other; `None` if there is no such position.
fn beside(
    laid: &[Particle],
    alone: &mut Vec<usize>,
    radius: f64,
    (height, width): (usize, usize),
    stream: &mut Stream,
) -> Option<Particle> {
    for _ in 0..MOST_TRIALS {
        let chosen = (!alone.is_empty()).then(|| stream.below(alone.len()))?;
        let other = &laid[alone[chosen]];
        // both are on the background: centres are at the heights of the radii
        let apart = 2.0 * (radius * other.radius_px).sqrt();
        let (sin, cos) = stream.between(0.0, std::f64::consts::TAU).sin_cos();
        let (y, x) = (other.y + apart * sin, other.x + apart * cos);
        let inside = (0.0..height as f64 - 1.0).contains(&y) && (0.0..width as f64 - 1.0).contains(&x);
        let free = laid.iter().enumerate().all(|(index, third)| {
            let far = (y - third.y).hypot(x - third.x) >= radius + third.radius_px + GAP_PX;
            far || index == alone[chosen]
        });
        if inside && free {
            alone.swap_remove(chosen);
            return Some(Particle { y, x, z: radius, radius_px: radius, visible: 1.0 });
        }
    }
    None
}

/// Height of the centre of a sphere of `radius` that is let down at `(y, x)` until it touches.
fn rest_height(laid: &[Particle], (y, x): (f64, f64), radius: f64) -> f64 {
    laid.iter().fold(radius, |height, other| {
        let reach = radius + other.radius_px;
        let beside = (y - other.y).powi(2) + (x - other.x).powi(2);
        if beside >= reach * reach { height } else { height.max(other.z + (reach * reach - beside).sqrt()) }
    })
}
