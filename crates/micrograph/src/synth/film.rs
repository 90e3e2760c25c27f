//! Films and coated surfaces: grains or domes side by side, wrinkles, cracks, blisters, pinholes.
//!
//! One sheet without overhangs: heights add up, and slopes are taken from them. A film with all its features
//! at 0 is a smooth coating that shows little but its noise. The substrate under a crack is not drawn.

mod section;

use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::synth::cells::Cells;
use crate::synth::field;
use crate::synth::surface::{Surface, Texture};
use crate::{ConfigError, Plane};

/// What a film is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilmTexture {
    /// No grains.
    Smooth,
    /// Flat grains that differ in brightness, between grooves.
    Grains,
    /// Rounded tops of columns.
    Domes,
    /// Layers over a substrate, cut across along the axis, with pores and wavy borders.
    Section,
}

/// Settings of a film.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilmConfig {
    /// What it is made of.
    pub texture: FilmTexture,
    /// Distance from grain to grain in px, 3 to 1000.
    pub grain_px: f64,
    /// Height of domes, or depth of grooves, over the grain distance, 0 to 1.
    pub relief: f64,
    /// Standard deviation of the grains' signal, as channelling depends on the orientation of crystals, 0 to 0.5.
    pub shade: f64,
    /// Layers of a section above the substrate, 1 to 6; not used for other textures.
    pub n_layers: usize,
    /// Mean share of pores in a section's layers, 0 to 0.6.
    pub porosity: f64,
    /// Distance between wrinkles, or between waves of a section's borders, in px, 6 to 2000.
    pub wrinkle_px: f64,
    /// Height of wrinkles over their distance, 0 (none) to 0.5.
    pub wrinkle_relief: f64,
    /// Alignment of wrinkles, 0 (no axis) to 1 (all parallel).
    pub wrinkle_order: f64,
    /// Axis of the wrinkles, or of the layers of a section, in degrees, −90 to 90, anticlockwise from x as seen on
    /// the screen.
    pub axis_deg: f64,
    /// Distance between cracks in px, 10 to 4000.
    pub crack_spacing_px: f64,
    /// Width of cracks in px, 0 (none) to 50.
    pub crack_px: f64,
    /// Blisters or dust on the film, 0 to 10 000.
    pub n_blisters: usize,
    /// Pinholes in the film, 0 to 10 000.
    pub n_pinholes: usize,
    /// Median diameter of blisters and pinholes in px, 2 to 500.
    pub spot_px: f64,
    /// Rms slope of the fine texture, 0 to 2.
    pub roughness: f64,
}

impl Default for FilmConfig {
    fn default() -> Self {
        Self {
            texture: FilmTexture::Grains,
            grain_px: 28.0, // a hundred grains and more in the image
            relief: 0.1,    // thermally grooved
            shade: 0.12,    // channelling contrast of a polished metal
            n_layers: 1,
            porosity: 0.0,
            wrinkle_px: 60.0,
            wrinkle_relief: 0.0,
            wrinkle_order: 0.5,
            axis_deg: 0.0,
            crack_spacing_px: 150.0,
            crack_px: 0.0,
            n_blisters: 0,
            n_pinholes: 0,
            spot_px: 10.0,
            roughness: 0.05,
        }
    }
}

/// A blister or pinhole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// Row of the centre in px.
    pub y: f64,
    /// Column of the centre in px.
    pub x: f64,
    /// Diameter in px.
    pub diameter_px: f64,
    /// Whether it rises above the film (blister) or is a hole (pinhole).
    pub raised: bool,
}

/// What a film shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilmTruth {
    /// Sites `[y, x]` of the grains or domes inside the image; empty for a smooth film.
    pub grains: Vec<[f64; 2]>,
    /// Share of the pixels that lie in a crack.
    pub cracked: f64,
    /// Share of the pixels of a section that lie in a pore or in the air.
    pub open: f64,
    /// Distance between wrinkles in px, if there are any.
    pub wrinkle_px: Option<f64>,
    /// Blisters and pinholes.
    pub spots: Vec<Spot>,
}

impl FilmConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("film.grain_px", self.grain_px, 3.0..=1000.0)?;
        ConfigError::unless_within("film.relief", self.relief, 0.0..=1.0)?;
        ConfigError::unless_within("film.shade", self.shade, 0.0..=0.5)?;
        ConfigError::unless_within("film.n_layers", self.n_layers as f64, 1.0..=6.0)?;
        ConfigError::unless_within("film.porosity", self.porosity, 0.0..=0.6)?;
        ConfigError::unless_within("film.wrinkle_px", self.wrinkle_px, 6.0..=2000.0)?;
        ConfigError::unless_within("film.wrinkle_relief", self.wrinkle_relief, 0.0..=0.5)?;
        ConfigError::unless_within("film.wrinkle_order", self.wrinkle_order, 0.0..=1.0)?;
        ConfigError::unless_within("film.axis_deg", self.axis_deg, -90.0..=90.0)?;
        ConfigError::unless_within("film.crack_spacing_px", self.crack_spacing_px, 10.0..=4000.0)?;
        ConfigError::unless_within("film.crack_px", self.crack_px, 0.0..=50.0)?;
        ConfigError::unless_within("film.n_blisters", self.n_blisters as f64, 0.0..=10_000.0)?;
        ConfigError::unless_within("film.n_pinholes", self.n_pinholes as f64, 0.0..=10_000.0)?;
        ConfigError::unless_within("film.spot_px", self.spot_px, 2.0..=500.0)?;
        ConfigError::unless_within("film.roughness", self.roughness, 0.0..=2.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, FilmTruth) {
        if self.texture == FilmTexture::Section {
            return section::surface(self, size, seed);
        }
        let mut sheet = Sheet {
            relief: Plane::filled(size.0, size.1, 0.0),
            material: Plane::filled(size.0, size.1, 1.0),
        };
        let grains = self.add_grains(&mut sheet, size, seed);
        if self.wrinkle_relief > 0.0 {
            self.add_wrinkles(&mut sheet, size, seed);
        }
        let spots = self.add_spots(&mut sheet, size, seed);
        let cracked = if self.crack_px > 0.0 { self.add_cracks(&mut sheet, size, seed) } else { 0.0 };
        let mut surface = Surface::of_relief(&sheet.relief, &sheet.material);
        surface.reach_px = (self.grain_px * 0.5).clamp(3.0, 40.0) as f32;
        let texture = Texture::new(size, 4.0, &mut Stream::new(seed, "synth ground", 0));
        surface.roughen(&texture, self.roughness as f32);
        let wrinkle_px = (self.wrinkle_relief > 0.0).then_some(self.wrinkle_px);
        (surface, FilmTruth { grains, cracked, open: 0.0, wrinkle_px, spots })
    }

    fn add_grains(&self, sheet: &mut Sheet, size: (usize, usize), seed: u64) -> Vec<[f64; 2]> {
        if self.texture == FilmTexture::Smooth {
            return Vec::new();
        }
        let mut stream = Stream::new(seed, "synth film grains", 0);
        let cells = Cells::new(size, self.grain_px, 0.9, &mut stream);
        let own: Vec<[f64; 4]> = cells
            .sites()
            .iter()
            .map(|_| [stream.normal(), stream.normal(), stream.normal(), stream.uniform()])
            .collect();
        // a bend of the borders, so that they are not straight
        let wobble = [0, 1].map(|_| field::noise(size, (self.grain_px * 0.2).max(1.0), &mut stream));
        let height = self.relief * self.grain_px;
        for y in 0..size.0 {
            for x in 0..size.1 {
                let [dy, dx] = [0, 1].map(|axis| f64::from(wobble[axis].at(y, x)) * self.grain_px * 0.04);
                let (wy, wx) = (y as f64 + dy, x as f64 + dx);
                let cell = cells.at(wy, wx);
                let [shade, tilt_y, tilt_x, lift] = own[cell.index];
                let depth = cells.border_distance(cell) / self.grain_px;
                let rise = if self.texture == FilmTexture::Domes {
                    // a paraboloid over the cell, higher for some
                    (depth / 0.5).min(1.0).sqrt() * (0.5 + lift)
                } else {
                    let [sy, sx] = cells.sites()[cell.index];
                    let tilt = (tilt_y * (wy - sy) + tilt_x * (wx - sx)) / self.grain_px;
                    (depth / 0.12).min(1.0) + 0.3 * tilt
                };
                sheet.add(y, x, (height * rise) as f32);
                sheet.shade(y, x, (1.0 + self.shade * shade.clamp(-2.0, 2.0)).max(0.1) as f32);
            }
        }
        let inside = |site: &&[f64; 2]| {
            (0.0..size.0 as f64).contains(&site[0]) && (0.0..size.1 as f64).contains(&site[1])
        };
        cells.sites().iter().filter(inside).copied().collect()
    }

    fn add_wrinkles(&self, sheet: &mut Sheet, size: (usize, usize), seed: u64) {
        let mut stream = Stream::new(seed, "synth wrinkles", 0);
        let free = field::band(size, self.wrinkle_px, &mut stream);
        let bend = field::noise(size, self.wrinkle_px * 1.5, &mut stream);
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let rate = std::f64::consts::TAU / self.wrinkle_px;
        let height = self.wrinkle_relief * self.wrinkle_px;
        for y in 0..size.0 {
            for x in 0..size.1 {
                // on the screen y runs downwards
                let across = x as f64 * sin + y as f64 * cos;
                let phase = rate * across + 2.0 * (1.0 - self.wrinkle_order) * f64::from(bend.at(y, x));
                let comb = phase.sin();
                let wild = f64::from(free.at(y, x)) * std::f64::consts::FRAC_1_SQRT_2;
                let fold = self.wrinkle_order * comb + (1.0 - self.wrinkle_order) * wild;
                // crests are sharper than troughs
                sheet.add(y, x, (height * 0.5 * (fold - 0.6 * fold.abs())) as f32);
            }
        }
    }

    fn add_spots(&self, sheet: &mut Sheet, (height, width): (usize, usize), seed: u64) -> Vec<Spot> {
        let mut stream = Stream::new(seed, "synth film spots", 0);
        let mut spots = Vec::new();
        for index in 0..self.n_blisters + self.n_pinholes {
            let spot = Spot {
                y: stream.uniform() * height as f64,
                x: stream.uniform() * width as f64,
                diameter_px: self.spot_px * (0.4 * stream.normal().clamp(-2.0, 2.0)).exp(),
                raised: index < self.n_blisters,
            };
            let radius = spot.diameter_px / 2.0;
            let rows = (spot.y - radius).max(0.0) as usize..((spot.y + radius + 2.0) as usize).min(height);
            for y in rows {
                let first = (spot.x - radius).max(0.0) as usize;
                for x in first..((spot.x + radius + 2.0) as usize).min(width) {
                    let part = (y as f64 - spot.y).hypot(x as f64 - spot.x) / radius;
                    if part >= 1.0 {
                        continue;
                    }
                    let round = (1.0 - part * part) * radius;
                    if spot.raised {
                        sheet.add(y, x, (0.7 * round) as f32);
                    } else {
                        let share = (radius * (1.0 - part) + 0.5).min(1.0) as f32;
                        sheet.add(y, x, -(0.8 * round) as f32);
                        sheet.shade(y, x, 1.0 - 0.7 * share);
                    }
                }
            }
            spots.push(spot);
        }
        spots
    }

    /// Returns the share of the pixels in a crack.
    fn add_cracks(&self, sheet: &mut Sheet, size: (usize, usize), seed: u64) -> f64 {
        let mut stream = Stream::new(seed, "synth cracks", 0);
        let cells = Cells::new(size, self.crack_spacing_px, 1.0, &mut stream);
        let wobble = [0, 1].map(|_| field::noise(size, self.crack_spacing_px * 0.12, &mut stream));
        let mut n_cracked = 0;
        for y in 0..size.0 {
            for x in 0..size.1 {
                let [dy, dx] = [0, 1].map(|axis| f64::from(wobble[axis].at(y, x)));
                let amount = 0.05 * self.crack_spacing_px;
                let last = [(size.0 - 1) as f64, (size.1 - 1) as f64];
                let at = [
                    (y as f64 + amount * dy).clamp(0.0, last[0]),
                    (x as f64 + amount * dx).clamp(0.0, last[1]),
                ];
                let depth = cells.border_distance(cells.at(at[0], at[1])) - self.crack_px / 2.0;
                let share = (0.5 - depth).clamp(0.0, 1.0) as f32;
                n_cracked += usize::from(share >= 0.5);
                sheet.add(y, x, -share * (self.crack_px * 1.5) as f32);
                sheet.shade(y, x, 1.0 - 0.8 * share);
            }
        }
        n_cracked as f64 / (size.0 * size.1) as f64
    }
}

/// Heights in px and signals of the film.
struct Sheet {
    relief: Plane,
    material: Plane,
}

impl Sheet {
    fn add(&mut self, y: usize, x: usize, rise: f32) {
        let index = y * self.relief.width() + x;
        self.relief.values_mut()[index] += rise;
    }

    fn shade(&mut self, y: usize, x: usize, factor: f32) {
        let index = y * self.material.width() + x;
        self.material.values_mut()[index] *= factor;
    }
}
