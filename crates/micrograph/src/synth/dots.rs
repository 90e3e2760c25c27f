//! Dots: a square or hexagonal lattice of pillars or holes, some of them missing.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::surface::{Facet, Surface, Texture, wall};

/// Signal of the background around pillars, and of the floor of holes, relative to the tops.
const FLOOR: f32 = 0.55;

/// Arrangement of the sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DotLattice {
    /// Four nearest neighbours.
    Square,
    /// Six nearest neighbours.
    Hexagonal,
}

/// The feature at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DotRelief {
    /// A pillar on the background.
    Pillars,
    /// A hole in the film.
    Holes,
}

/// Settings of a dot lattice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DotsConfig {
    /// Arrangement of the sites.
    pub lattice: DotLattice,
    /// The feature at each site.
    pub relief: DotRelief,
    /// Distance to the nearest site in px, 6 to 2000.
    pub pitch_px: f64,
    /// Diameter of a dot at half its height in px: at least 3, and at most the pitch less the wall.
    pub diameter_px: f64,
    /// Axis of the first lattice vector in degrees, −90 to 90, anticlockwise from x as seen on the
    /// screen.
    pub axis_deg: f64,
    /// Height of pillars or depth of holes in px, 0 to 1000.
    pub relief_px: f64,
    /// Width of a side wall seen from above in px, 1 to 100, at most the diameter.
    pub wall_px: f64,
    /// Share of the sites with nothing on them, 0 to 1.
    pub missing: f64,
    /// Rms error of placement along y and along x in px, 0 to a tenth of the pitch.
    pub placement_px: f64,
    /// Rms slope of the texture of tops and floors, 0 to 2.
    pub roughness: f64,
}

impl Default for DotsConfig {
    fn default() -> Self {
        Self {
            lattice: DotLattice::Hexagonal,
            relief: DotRelief::Pillars,
            pitch_px: 36.0,    // a hundred dots and more in the image
            diameter_px: 20.0, // about equal widths of dot and gap
            axis_deg: 0.0,
            relief_px: 16.0, // about as high as wide
            wall_px: 3.0,    // steep walls
            missing: 0.0,
            placement_px: 0.3, // as with a good mask and resist
            roughness: 0.06,   // smooth tops
        }
    }
}

/// A site of the lattice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DotSite {
    /// Row of the centre in px, placement error included.
    pub y: f64,
    /// Column of the centre in px, placement error included.
    pub x: f64,
    /// Whether there is a dot.
    pub present: bool,
}

/// What a dot lattice is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DotsTruth {
    /// First lattice vector `[y, x]` in px.
    pub first: [f64; 2],
    /// Second lattice vector `[y, x]` in px, 90° (square) or 60° (hexagonal) anticlockwise from the
    /// first as seen on the screen.
    pub second: [f64; 2],
    /// Diameter at half the height in px.
    pub diameter_px: f64,
    /// All sites whose dot is, or would be, partly inside the image.
    pub sites: Vec<DotSite>,
}

impl DotsConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("dots.pitch_px", self.pitch_px, 6.0..=2000.0)?;
        ConfigError::unless_within("dots.axis_deg", self.axis_deg, -90.0..=90.0)?;
        ConfigError::unless_within("dots.relief_px", self.relief_px, 0.0..=1000.0)?;
        ConfigError::unless_within("dots.wall_px", self.wall_px, 1.0..=100.0)?;
        let least = self.wall_px.max(3.0);
        ConfigError::unless_within(
            "dots.diameter_px",
            self.diameter_px,
            least..=self.pitch_px - self.wall_px,
        )?;
        ConfigError::unless_within("dots.missing", self.missing, 0.0..=1.0)?;
        ConfigError::unless_within("dots.placement_px", self.placement_px, 0.0..=self.pitch_px / 10.0)?;
        ConfigError::unless_within("dots.roughness", self.roughness, 0.0..=2.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, DotsTruth) {
        let texture = Texture::new(size, 5.0, &mut Stream::new(seed, "synth ground", 0));
        let roughness = self.roughness as f32;
        // away from the dots: the background of pillars, the film around holes
        let (around, inside, relief) = match self.relief {
            DotRelief::Pillars => (FLOOR, 1.0, self.relief_px as f32),
            DotRelief::Holes => (1.0, FLOOR, -self.relief_px as f32),
        };
        let mut surface = Surface::background(size, around, &texture, roughness);
        surface.reach_px = (self.pitch_px * 0.4).clamp(2.0, 40.0) as f32;
        let truth = self.truth(size, seed);
        let (radius, wall_px) = (self.diameter_px / 2.0, self.wall_px as f32);
        let mut shades = Stream::new(seed, "synth dot shade", 0);
        for site in truth.sites.iter().filter(|site| site.present) {
            let shade = (1.0 + 0.03 * shades.normal()) as f32;
            let (rows, columns) = surface.around((site.y, site.x), radius + self.wall_px);
            for y in rows {
                for x in columns.clone() {
                    let (dy, dx) = (y as f64 - site.y, x as f64 - site.x);
                    let distance = dy.hypot(dx);
                    let (share, slope) = wall((radius - distance) as f32, wall_px);
                    if share == 0.0 {
                        continue;
                    }
                    // inwards is towards the centre
                    let slope = slope * relief / distance.max(1e-6) as f32;
                    let facet = Facet {
                        z: share * relief,
                        slope_y: -slope * dy as f32,
                        slope_x: -slope * dx as f32,
                        material: around + (inside * shade - around) * share,
                    };
                    surface.cover(y, x, 1.0, texture.laid_on(facet, (y, x), roughness));
                }
            }
        }
        (surface, truth)
    }

    fn truth(&self, (height, width): (usize, usize), seed: u64) -> DotsTruth {
        let vector = |angle_deg: f64| {
            let (sin, cos) = angle_deg.to_radians().sin_cos();
            // on the screen y runs downwards
            [-sin * self.pitch_px, cos * self.pitch_px]
        };
        let opening = match self.lattice {
            DotLattice::Square => 90.0,
            DotLattice::Hexagonal => 60.0,
        };
        let (first, second) = (vector(self.axis_deg), vector(self.axis_deg + opening));
        let mut stream = Stream::new(seed, "synth dot site", 0);
        let (phase_a, phase_b) = (stream.uniform(), stream.uniform());
        // rows of a hexagonal lattice are nearer than the pitch, by sin 60°
        let reach = (height as f64).hypot(width as f64) / 2.0 + self.diameter_px;
        let most = (reach / (self.pitch_px * 0.5)).ceil() as i64 + 1;
        let margin = (self.diameter_px + self.wall_px) / 2.0;
        let mut sites = Vec::new();
        for a in -most..=most {
            for b in -most..=most {
                let (a, b) = (a as f64 + phase_a, b as f64 + phase_b);
                // drawn for every site, so that the pattern does not depend on the image's border
                let errors = [stream.normal() * self.placement_px, stream.normal() * self.placement_px];
                let present = stream.uniform() >= self.missing;
                let y = height as f64 / 2.0 + a * first[0] + b * second[0] + errors[0];
                let x = width as f64 / 2.0 + a * first[1] + b * second[1] + errors[1];
                let seen = |at: f64, length: usize| at > -margin && at < length as f64 - 1.0 + margin;
                if seen(y, height) && seen(x, width) {
                    sites.push(DotSite { y, x, present });
                }
            }
        }
        DotsTruth { first, second, diameter_px: self.diameter_px, sites }
    }
}
