//! Fibres: curved cylinders over each other, as in electrospun mats.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::surface::{Facet, Surface, Texture};

/// Signal between the deepest fibres.
const BACKGROUND: f32 = 0.18;
/// Distance in px between points of a centre line.
const STEP_PX: f64 = 3.0;

/// Settings of a mat of fibres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FibersConfig {
    /// Median diameter in px, 2 to 500.
    pub diameter_px: f64,
    /// Standard deviation of the logarithm of the diameter, 0 (all alike) to 0.8.
    pub spread: f64,
    /// Sum of the fibres' areas inside the image over its area, 0 to 6; above 1 they hide the background.
    pub coverage: f64,
    /// Mean axis in degrees, −90 to 90, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Standard deviation of the axes in degrees, 0 (all parallel) to 90 (nearly random).
    pub axis_spread_deg: f64,
    /// How far a fibre turns from its mean axis, rms in degrees, 0 (straight) to 40.
    pub bend_deg: f64,
    /// Period of the bending in px, 20 to 5000.
    pub bend_length_px: f64,
    /// Rms slope of the fibres' texture, 0 to 2.
    pub roughness: f64,
}

impl Default for FibersConfig {
    fn default() -> Self {
        Self {
            diameter_px: 11.0, // wide enough to show its shading
            spread: 0.25,      // usual for electrospinning
            coverage: 1.6,     // a mat with gaps that show the background
            axis_deg: 0.0,
            axis_spread_deg: 90.0, // a resting collector gives no axis
            bend_deg: 8.0,         // nearly straight
            bend_length_px: 500.0, // longer than most free lengths
            roughness: 0.05,
        }
    }
}

/// One fibre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fiber {
    /// Points `[y, x]` of the centre line in px, 3 px apart; the ends lie outside the image.
    pub centre_line: Vec<[f64; 2]>,
    /// Diameter in px.
    pub diameter_px: f64,
}

/// What a mat of fibres contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FibersTruth {
    /// All fibres, the deepest first.
    pub fibers: Vec<Fiber>,
}

impl FibersConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("fibres.diameter_px", self.diameter_px, 2.0..=500.0)?;
        ConfigError::unless_within("fibres.spread", self.spread, 0.0..=0.8)?;
        ConfigError::unless_within("fibres.coverage", self.coverage, 0.0..=6.0)?;
        ConfigError::unless_within("fibres.axis_deg", self.axis_deg, -90.0..=90.0)?;
        ConfigError::unless_within("fibres.axis_spread_deg", self.axis_spread_deg, 0.0..=90.0)?;
        ConfigError::unless_within("fibres.bend_deg", self.bend_deg, 0.0..=40.0)?;
        ConfigError::unless_within("fibres.bend_length_px", self.bend_length_px, 20.0..=5000.0)?;
        ConfigError::unless_within("fibres.roughness", self.roughness, 0.0..=2.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, FibersTruth) {
        let (height, width) = size;
        let texture = Texture::new(size, 4.0, &mut Stream::new(seed, "synth ground", 0));
        let mut surface = Surface::background(size, BACKGROUND, &texture, self.roughness as f32);
        surface.reach_px = (self.diameter_px * 1.5).clamp(4.0, 60.0) as f32;
        let mut fibers = Vec::new();
        let mut covered = 0.0;
        while covered < self.coverage * (height * width) as f64 {
            let fiber = self.fiber(size, &mut Stream::new(seed, "synth fibre", fibers.len() as u64));
            let inside =
                |[y, x]: &&[f64; 2]| (0.0..height as f64).contains(y) && (0.0..width as f64).contains(x);
            covered += fiber.centre_line.iter().filter(inside).count() as f64 * STEP_PX * fiber.diameter_px;
            fibers.push(fiber);
        }
        let mut nearest = Nearest::new(size);
        let n_fibers = fibers.len() as f64;
        let mut shades = Stream::new(seed, "synth fibre shade", 0);
        for (index, fiber) in fibers.iter().enumerate() {
            // from the depth of the mat fewer electrons come out
            let lift = (index as f64 + 1.0) / n_fibers;
            let shade = (0.3 + 0.7 * lift) * (1.0 + 0.07 * shades.normal()).max(0.7);
            let layer = lift * self.coverage * 1.5 * self.diameter_px;
            nearest.draw(fiber, &mut surface, |y, x, across, radius| {
                // the steepest facet that still counts, at the silhouette
                let rise = (radius * radius - across.distance_square).max((0.18 * radius).powi(2)).sqrt();
                let facet = Facet {
                    z: (layer + rise) as f32,
                    slope_y: (-across.dy / rise) as f32,
                    slope_x: (-across.dx / rise) as f32,
                    material: shade as f32,
                };
                texture.laid_on(facet, (y + 31 * index, x + 17 * index), self.roughness as f32)
            });
        }
        (surface, FibersTruth { fibers })
    }

    /// A fibre through a random point of the image, long enough to leave it on both sides.
    fn fiber(&self, (height, width): (usize, usize), stream: &mut Stream) -> Fiber {
        let diameter_px = self.diameter_px * (self.spread * stream.normal().clamp(-3.0, 3.0)).exp();
        let start = [stream.uniform() * height as f64, stream.uniform() * width as f64];
        let axis = if self.axis_spread_deg >= 90.0 {
            stream.between(-90.0, 90.0)
        } else {
            self.axis_deg + self.axis_spread_deg * stream.normal()
        };
        // two waves of different lengths look random and keep the mean axis
        let waves = [1.0, 0.37].map(|length| {
            let length = length * self.bend_length_px * stream.between(0.7, 1.4);
            (std::f64::consts::TAU / length, stream.between(0.0, std::f64::consts::TAU))
        });
        // each wave has half the power, and a sine of amplitude 1 a power of a half
        let heading = |along: f64| {
            let bend: f64 = waves.iter().map(|(rate, phase)| (rate * along + phase).sin()).sum();
            (axis + self.bend_deg * bend).to_radians()
        };
        let margin = diameter_px + 2.0 * STEP_PX;
        let seen = |[y, x]: [f64; 2]| {
            y > -margin && y < height as f64 + margin && x > -margin && x < width as f64 + margin
        };
        let most = (6.0 * (height as f64).hypot(width as f64) / STEP_PX) as usize;
        let walk = |direction: f64| {
            let mut points = Vec::new();
            let mut at = start;
            while seen(at) && points.len() < most {
                let (sin, cos) = heading(direction * points.len() as f64 * STEP_PX).sin_cos();
                at = [at[0] - direction * sin * STEP_PX, at[1] + direction * cos * STEP_PX];
                points.push(at);
            }
            points
        };
        let mut centre_line: Vec<[f64; 2]> = walk(-1.0).into_iter().rev().collect();
        centre_line.push(start);
        centre_line.extend(walk(1.0));
        Fiber { centre_line, diameter_px }
    }
}

/// Position of a pixel relative to the nearest point of a centre line, in px.
#[derive(Clone, Copy)]
struct Across {
    distance_square: f64,
    dy: f64,
    dx: f64,
}

/// Finds, fibre after fibre, the pixels near a centre line.
struct Nearest {
    across: Vec<Across>,
    touched: Vec<(usize, usize)>,
}

impl Nearest {
    const FAR: Across = Across { distance_square: f64::INFINITY, dy: 0.0, dx: 0.0 };

    fn new((height, width): (usize, usize)) -> Self {
        Self { across: vec![Self::FAR; height * width], touched: Vec::new() }
    }

    /// Lays `facet(y, x, across, radius)` over every pixel of `fibre`.
    fn draw(
        &mut self,
        fiber: &Fiber,
        surface: &mut Surface,
        facet: impl Fn(usize, usize, Across, f64) -> Facet,
    ) {
        let radius = fiber.diameter_px / 2.0;
        for ends in fiber.centre_line.windows(2) {
            self.visit([ends[0], ends[1]], radius + 0.5, surface);
        }
        for (y, x) in self.touched.drain(..) {
            let across = std::mem::replace(&mut self.across[y * surface.width + x], Self::FAR);
            let share = (radius - across.distance_square.sqrt() + 0.5).clamp(0.0, 1.0);
            surface.cover(y, x, share as f32, facet(y, x, across, radius));
        }
    }

    /// Notes the pixels within `reach` of the segment between two points of the centre line.
    fn visit(&mut self, [from, to]: [[f64; 2]; 2], reach: f64, surface: &Surface) {
        let middle = ((from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0);
        let step = [to[0] - from[0], to[1] - from[1]];
        let square = step[0] * step[0] + step[1] * step[1];
        let per_square = square.recip();
        let (rows, columns) = surface.around(middle, reach + square.sqrt() / 2.0);
        for y in rows {
            for x in columns.clone() {
                let (py, px) = (y as f64 - from[0], x as f64 - from[1]);
                let share = ((py * step[0] + px * step[1]) * per_square).clamp(0.0, 1.0);
                let (dy, dx) = (py - share * step[0], px - share * step[1]);
                let distance_square = dy * dy + dx * dx;
                if distance_square > reach * reach {
                    continue;
                }
                let known = &mut self.across[y * surface.width + x];
                if known.distance_square == f64::INFINITY {
                    self.touched.push((y, x));
                }
                if distance_square < known.distance_square {
                    *known = Across { distance_square, dy, dx };
                }
            }
        }
    }
}
