//! Lines: a grating of parallel lines with rough edges and bright side walls, or the wave that remains of
//! one finer than the beam.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::smooth::gaussian;
use crate::synth::surface::{Facet, Surface, Texture, wall};
use crate::{ConfigError, Plane};

/// Signal of the trench floor relative to the lines' tops.
const FLOOR: f32 = 0.6;

/// What a line looks like across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineProfile {
    /// Tops, walls and trenches.
    #[default]
    Walls,
    /// The first two waves of a rectangular profile of that duty cycle (the first alone below 5 px, where pixels
    /// do not hold the second), flat: the image of a grating under a wide beam. Relief, walls and
    /// roughness are ignored.
    Wave,
}

/// Settings of a grating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinesConfig {
    /// What a line looks like across.
    pub profile: LineProfile,
    /// Distance from line to line in px, 6 to 2000; from 3 for a wave.
    pub pitch_px: f64,
    /// Axis of the lines in degrees, −90 to 90, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Width of a line over the pitch; line and trench must each be wider than `wall_px` and six
    /// times the edge roughness; 0.05 to 0.95 for a wave.
    pub duty_cycle: f64,
    /// Height of the lines in px, 0 to 1000.
    pub relief_px: f64,
    /// Width of a side wall seen from above in px, 1 to 100.
    pub wall_px: f64,
    /// Line-edge roughness: rms deviation of an edge from its straight line in px, 0 to 50.
    pub edge_roughness_px: f64,
    /// Correlation length of the deviations along an edge in px, 1 to 500.
    pub edge_correlation_px: f64,
    /// Rms slope of the texture of tops and floors, 0 to 2.
    pub roughness: f64,
}

impl Default for LinesConfig {
    fn default() -> Self {
        Self {
            profile: LineProfile::Walls,
            pitch_px: 32.0, // a dozen lines in the image
            axis_deg: 90.0, // upright, as gratings are usually imaged
            duty_cycle: 0.5,
            relief_px: 20.0,           // higher than wide, as resist lines are
            wall_px: 2.5,              // steep walls
            edge_roughness_px: 0.6,    // visible, as in images of resist
            edge_correlation_px: 12.0, // a few line widths at most
            roughness: 0.06,           // smooth tops
        }
    }
}

/// What a grating is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinesTruth {
    /// Distance from line to line in px.
    pub pitch_px: f64,
    /// Axis of the lines in degrees, `[-90, 90]`, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Width of a line, at half its height, over the pitch.
    pub duty_cycle: f64,
    /// Rms deviation in px of the edges, as drawn, from their straight lines.
    pub edge_roughness_px: f64,
}

impl LinesConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let finest = if self.profile == LineProfile::Wave { 3.0 } else { 6.0 };
        ConfigError::unless_within("lines.pitch_px", self.pitch_px, finest..=2000.0)?;
        ConfigError::unless_within("lines.axis_deg", self.axis_deg, -90.0..=90.0)?;
        ConfigError::unless_within("lines.relief_px", self.relief_px, 0.0..=1000.0)?;
        ConfigError::unless_within("lines.wall_px", self.wall_px, 1.0..=100.0)?;
        ConfigError::unless_within("lines.edge_roughness_px", self.edge_roughness_px, 0.0..=50.0)?;
        ConfigError::unless_within("lines.edge_correlation_px", self.edge_correlation_px, 1.0..=500.0)?;
        ConfigError::unless_within("lines.roughness", self.roughness, 0.0..=2.0)?;
        let least = match self.profile {
            LineProfile::Walls => self.wall_px.max(6.0 * self.edge_roughness_px) / self.pitch_px,
            LineProfile::Wave => 0.05,
        };
        ConfigError::unless_within("lines.duty cycle", self.duty_cycle, least..=1.0 - least)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, LinesTruth) {
        if self.profile == LineProfile::Wave {
            return self.wave(size, seed);
        }
        let (height, width) = size;
        let texture = Texture::new(size, 5.0, &mut Stream::new(seed, "synth ground", 0));
        let roughness = self.roughness as f32;
        let mut surface = Surface::background(size, FLOOR, &texture, roughness);
        surface.reach_px = (self.pitch_px * 0.4).clamp(2.0, 40.0) as f32;
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        // `u` runs across the lines, `v` along them; both from the centre of the image
        let (across_y, across_x) = (cos, sin);
        let (along_y, along_x) = (-sin, cos);
        let reach = (height as f64).hypot(width as f64) / 2.0 + 1.0;
        let phase = Stream::new(seed, "synth line phase", 0).uniform();
        let first = (-reach / self.pitch_px - phase).floor() as i64 - 1;
        let last = (reach / self.pitch_px - phase).ceil() as i64 + 1;
        let n_edges = 2 * (last - first + 1) as usize;
        let length = 2 * reach.ceil() as usize + 2;
        let edges: Vec<Vec<f32>> = (0..n_edges)
            .map(|edge| self.edge(length, &mut Stream::new(seed, "synth line edge", edge as u64)))
            .collect();
        let (wall_px, relief) = (self.wall_px as f32, self.relief_px as f32);
        for y in 0..height {
            for x in 0..width {
                let (dy, dx) = (y as f64 - height as f64 / 2.0, x as f64 - width as f64 / 2.0);
                let u = dy * across_y + dx * across_x;
                let v = dy * along_y + dx * along_x;
                let line = (u / self.pitch_px - phase).round();
                let beside = u - (line + phase) * self.pitch_px;
                let half = self.duty_cycle * self.pitch_px / 2.0;
                let edge = 2 * (line as i64 - first) as usize;
                let from_low = beside + half + along(&edges[edge], v + reach);
                let from_high = half - beside + along(&edges[edge + 1], v + reach);
                // the lower edge rises with `u`, the upper one falls
                let (depth, sign) = if from_low < from_high { (from_low, 1.0) } else { (from_high, -1.0) };
                let (share, slope) = wall(depth as f32, wall_px);
                let slope = sign * slope * relief;
                let facet = Facet {
                    z: share * relief,
                    slope_y: slope * across_y as f32,
                    slope_x: slope * across_x as f32,
                    material: FLOOR + (1.0 - FLOOR) * share,
                };
                surface.cover(y, x, 1.0, texture.laid_on(facet, (y, x), roughness));
            }
        }
        let n = (n_edges * length) as f64;
        let square: f64 = edges.iter().flatten().map(|shift| f64::from(*shift).powi(2)).sum();
        let truth = LinesTruth {
            pitch_px: self.pitch_px,
            axis_deg: self.axis_deg,
            duty_cycle: self.duty_cycle,
            edge_roughness_px: (square / n).sqrt(),
        };
        (surface, truth)
    }

    /// A flat surface whose signal goes as a wave.
    fn wave(&self, (height, width): (usize, usize), seed: u64) -> (Surface, LinesTruth) {
        /// Finest frequency that pixels hold, in cycles per px.
        const FINEST: f64 = 0.4;
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let phase = Stream::new(seed, "synth line phase", 0).uniform();
        // of the Fourier series of a rectangle of height 1 around a line
        let terms = [1.0, 2.0].map(|order: f64| {
            let held = order / self.pitch_px <= FINEST || order < 2.0;
            let amplitude = 2.0 * (PI * order * self.duty_cycle).sin() / (PI * order);
            if held { amplitude } else { 0.0 }
        });
        let relief = Plane::filled(height, width, 0.0);
        let material = Plane::from_fn(height, width, |y, x| {
            let (dy, dx) = (y as f64 - height as f64 / 2.0, x as f64 - width as f64 / 2.0);
            let turns = (dy * cos + dx * sin) / self.pitch_px - phase;
            let share =
                self.duty_cycle + terms[0] * (TAU * turns).cos() + terms[1] * (2.0 * TAU * turns).cos();
            FLOOR + (1.0 - FLOOR) * share as f32
        });
        let truth = LinesTruth {
            pitch_px: self.pitch_px,
            axis_deg: self.axis_deg,
            duty_cycle: self.duty_cycle,
            edge_roughness_px: 0.0,
        };
        (Surface::of_relief(&relief, &material), truth)
    }

    /// Deviations of an edge at whole px along it: noise smoothed over the correlation length.
    fn edge(&self, length: usize, stream: &mut Stream) -> Vec<f32> {
        if self.edge_roughness_px == 0.0 {
            return vec![0.0; length];
        }
        // a Gaussian of σ gives a correlation of 1/e at 2σ
        let kernel = gaussian(self.edge_correlation_px / 2.0);
        let noise: Vec<f32> = (0..length + kernel.len()).map(|_| stream.normal() as f32).collect();
        let power: f32 = kernel.iter().map(|weight| weight * weight).sum();
        let scale = self.edge_roughness_px as f32 / power.sqrt();
        (0..length)
            .map(|start| {
                let sum: f32 = kernel.iter().zip(&noise[start..]).map(|(weight, value)| weight * value).sum();
                sum * scale
            })
            .collect()
    }
}

/// The deviation at `position` between whole px.
fn along(edge: &[f32], position: f64) -> f64 {
    let before = (position.max(0.0) as usize).min(edge.len() - 2);
    let share = position - before as f64;
    f64::from(edge[before]) * (1.0 - share) + f64::from(edge[before + 1]) * share
}
