//! Nanowires: straight or slightly bent tapered wires with both ends, scattered or standing as grown.
//!
//! Unlike fibres they end, and often carry the catalyst they grew from on their tip. Standing wires are
//! seen from the side and above: their bases are on the background, tips point along the axis, and the nearer
//! wires, whose bases are further back along the axis, hide the others.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::random::Stream;
use crate::synth::cells::Cells;
use crate::synth::surface::{Facet, Surface, Texture};

/// Signal of the background relative to that of the wires.
const BACKGROUND: f32 = 0.35;
/// Straight pieces of a bent wire.
const N_PIECES: usize = 8;

/// Arrangement of wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireArrangement {
    /// Randomly placed on the background, over each other.
    Lying,
    /// Grown from the background, side by side.
    Standing,
}

/// Settings of nanowires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NanowiresConfig {
    /// Arrangement of the wires.
    pub arrangement: WireArrangement,
    /// Median diameter at the base in px, 1.5 to 200.
    pub diameter_px: f64,
    /// Standard deviation of the logarithm of the diameter, 0 to 0.8.
    pub spread: f64,
    /// Median length as seen in px, 4 to 5000, at least twice the diameter.
    pub length_px: f64,
    /// Standard deviation of the logarithm of the length, 0 to 0.8.
    pub length_spread: f64,
    /// Tip diameter over base diameter, 0.05 (needles) to 1 (no taper).
    pub taper: f64,
    /// Mean direction from base to tip in degrees, −180 to 180, anticlockwise from x as seen on the screen.
    pub axis_deg: f64,
    /// Standard deviation of the directions in degrees, 0 to 90; 90 is any direction.
    pub axis_spread_deg: f64,
    /// Turn of a wire from base to tip, rms in degrees, 0 to 60.
    pub bend_deg: f64,
    /// Sum of the wires' areas over the image's area, 0 to 4.
    pub coverage: f64,
    /// How far standing wires are from a regular net, 0 to 1.
    pub disorder: f64,
    /// Diameter of the catalyst over that of the tip, 1 to 4; 0 for no catalyst.
    pub catalyst: f64,
    /// Rms slope of the background's texture, 0 to 2.
    pub roughness: f64,
}

impl Default for NanowiresConfig {
    fn default() -> Self {
        Self {
            arrangement: WireArrangement::Lying,
            diameter_px: 6.0, // thin, but its shading is visible
            spread: 0.2,
            length_px: 150.0, // both wires and their ends are visible
            length_spread: 0.3,
            taper: 0.8,
            axis_deg: 90.0,        // upright, as a forest is imaged
            axis_spread_deg: 90.0, // randomly placed
            bend_deg: 3.0,         // stiff
            coverage: 0.3,
            disorder: 0.7,
            catalyst: 0.0,
            roughness: 0.05,
        }
    }
}

/// One nanowire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nanowire {
    /// Points `[y, x]` of the centre line in px, from the base to the tip.
    pub centre_line: Vec<[f64; 2]>,
    /// Diameter at the base in px.
    pub base_diameter_px: f64,
    /// Diameter at the tip in px.
    pub tip_diameter_px: f64,
    /// Diameter of the catalyst in px, if there is one.
    pub catalyst_diameter_px: Option<f64>,
}

/// What a specimen of nanowires contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NanowiresTruth {
    /// All wires, the farthest or deepest first.
    pub wires: Vec<Nanowire>,
}

impl NanowiresConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("nanowires.diameter_px", self.diameter_px, 1.5..=200.0)?;
        ConfigError::unless_within("nanowires.spread", self.spread, 0.0..=0.8)?;
        let least = (2.0 * self.diameter_px).max(4.0);
        ConfigError::unless_within("nanowires.length_px", self.length_px, least..=5000.0)?;
        ConfigError::unless_within("nanowires.length_spread", self.length_spread, 0.0..=0.8)?;
        ConfigError::unless_within("nanowires.taper", self.taper, 0.05..=1.0)?;
        ConfigError::unless_within("nanowires.axis_deg", self.axis_deg, -180.0..=180.0)?;
        ConfigError::unless_within("nanowires.axis_spread_deg", self.axis_spread_deg, 0.0..=90.0)?;
        ConfigError::unless_within("nanowires.bend_deg", self.bend_deg, 0.0..=60.0)?;
        ConfigError::unless_within("nanowires.coverage", self.coverage, 0.0..=4.0)?;
        ConfigError::unless_within("nanowires.disorder", self.disorder, 0.0..=1.0)?;
        if self.catalyst != 0.0 {
            ConfigError::unless_within("nanowires.catalyst", self.catalyst, 1.0..=4.0)?;
        }
        ConfigError::unless_within("nanowires.roughness", self.roughness, 0.0..=2.0)?;
        Ok(self)
    }

    pub(super) fn surface(&self, size: (usize, usize), seed: u64) -> (Surface, NanowiresTruth) {
        let texture = Texture::new(size, 5.0, &mut Stream::new(seed, "synth ground", 0));
        let mut surface = Surface::background(size, BACKGROUND, &texture, self.roughness as f32);
        surface.reach_px = (self.diameter_px * 1.5).clamp(3.0, 40.0) as f32;
        let wires = match self.arrangement {
            WireArrangement::Lying => self.randomly_placed(size, seed),
            WireArrangement::Standing => self.grown(size, seed),
        };
        let mut shades = Stream::new(seed, "synth wire shade", 0);
        let n_wires = wires.len() as f64;
        for (index, wire) in wires.iter().enumerate() {
            let shade = (1.0 + 0.08 * shades.normal()).clamp(0.7, 1.3);
            let layer = match self.arrangement {
                // a wire over others touches them
                WireArrangement::Lying => {
                    self.coverage.min(1.5) * self.diameter_px * (index as f64 + 1.0) / n_wires
                }
                WireArrangement::Standing => 0.0,
            };
            self.draw(wire, layer, shade, &mut surface);
        }
        (surface, NanowiresTruth { wires })
    }

    fn randomly_placed(&self, (height, width): (usize, usize), seed: u64) -> Vec<Nanowire> {
        let mut stream = Stream::new(seed, "synth wires", 0);
        let mut wires = Vec::new();
        let mut covered = 0.0;
        // centres are also outside the border, else wires would be rarer near it
        let margin = self.length_px / 2.0;
        let area = (height as f64 + 2.0 * margin) * (width as f64 + 2.0 * margin);
        while covered < self.coverage * area {
            let middle = [
                stream.between(-margin, height as f64 + margin),
                stream.between(-margin, width as f64 + margin),
            ];
            let mut wire = self.wire(middle, &mut stream);
            let end = wire.centre_line[N_PIECES];
            // `middle` was its base so far
            let [dy, dx] = [(end[0] - middle[0]) / 2.0, (end[1] - middle[1]) / 2.0];
            wire.centre_line.iter_mut().for_each(|point| *point = [point[0] - dy, point[1] - dx]);
            covered += wire.length_px() * (wire.base_diameter_px + wire.tip_diameter_px) / 2.0;
            wires.push(wire);
        }
        wires
    }

    fn grown(&self, (height, width): (usize, usize), seed: u64) -> Vec<Nanowire> {
        if self.coverage == 0.0 {
            return Vec::new();
        }
        let mut stream = Stream::new(seed, "synth wires", 0);
        // bases are also outside, up to the length of a wire
        let reach = self.length_px * (2.0 * self.length_spread).exp();
        let area = self.length_px * self.diameter_px * (1.0 + self.taper) / 2.0;
        let spacing = (area / self.coverage).sqrt().max(self.diameter_px);
        let around = ((height as f64 + 2.0 * reach) as usize, (width as f64 + 2.0 * reach) as usize);
        let net = Cells::new(around, spacing, self.disorder, &mut stream);
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        let mut wires: Vec<Nanowire> = Vec::with_capacity(net.sites().len());
        for [y, x] in net.sites() {
            wires.push(self.wire([y - reach, x - reach], &mut stream));
        }
        let seen = |wire: &Nanowire| {
            let margin = wire.base_diameter_px * 2.0;
            let within = |at: f64, length: usize| at > -margin && at < length as f64 + margin;
            wire.centre_line.iter().any(|[y, x]| within(*y, height) && within(*x, width))
        };
        wires.retain(seen);
        // the farthest first: those whose base lies farthest along the axis; y runs downwards
        let along = |wire: &Nanowire| wire.centre_line[0][1] * cos - wire.centre_line[0][0] * sin;
        wires.sort_by(|a, b| along(b).total_cmp(&along(a)));
        wires
    }

    /// A wire that begins at `base`.
    fn wire(&self, base: [f64; 2], stream: &mut Stream) -> Nanowire {
        let deviation = |stream: &mut Stream| stream.normal().clamp(-2.0, 2.0);
        let base_diameter_px = self.diameter_px * (self.spread * deviation(stream)).exp();
        let length = self.length_px * (self.length_spread * deviation(stream)).exp();
        let axis = if self.axis_spread_deg >= 90.0 {
            stream.between(-180.0, 180.0)
        } else {
            self.axis_deg + self.axis_spread_deg * stream.normal()
        };
        let turn = self.bend_deg * deviation(stream);
        let mut centre_line = vec![base];
        for piece in 0..N_PIECES {
            let share = (piece as f64 + 0.5) / N_PIECES as f64 - 0.5;
            let (sin, cos) = (axis + turn * share).to_radians().sin_cos();
            let [y, x] = centre_line[piece];
            let step = length / N_PIECES as f64;
            centre_line.push([y - sin * step, x + cos * step]);
        }
        let tip_diameter_px = base_diameter_px * self.taper;
        let catalyst_diameter_px = (self.catalyst > 0.0).then_some(tip_diameter_px * self.catalyst);
        Nanowire { centre_line, base_diameter_px, tip_diameter_px, catalyst_diameter_px }
    }

    fn draw(&self, wire: &Nanowire, layer: f64, shade: f64, surface: &mut Surface) {
        let (height, width) = (surface.height, surface.width);
        let standing = self.arrangement == WireArrangement::Standing;
        let reach = wire.base_diameter_px / 2.0 + 1.0;
        let range = |axis: usize, length: usize| {
            let ends = wire.centre_line.iter().map(|point| point[axis]);
            let (low, high) =
                ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
            let first = (low - reach).clamp(0.0, length as f64) as usize;
            first..((high + reach + 1.0).clamp(first as f64, length as f64) as usize)
        };
        for y in range(0, height) {
            for x in range(1, width) {
                let Some((along, [dy, dx])) = wire.nearest([y as f64, x as f64], reach) else { continue };
                let radius =
                    (wire.base_diameter_px + (wire.tip_diameter_px - wire.base_diameter_px) * along) / 2.0;
                let distance = dy.hypot(dx);
                let share = (radius - distance + 0.5).clamp(0.0, 1.0);
                if share == 0.0 {
                    continue;
                }
                let rise = (radius * radius - distance * distance).max((0.2 * radius).powi(2)).sqrt();
                // towards its tip a standing wire is higher, and out of the shadow
                let (lift, light) =
                    if standing { (along * 2.0 * self.diameter_px, 0.55 + 0.45 * along) } else { (0.0, 1.0) };
                let facet = Facet {
                    z: (layer + lift + rise) as f32,
                    slope_y: (-dy / rise) as f32,
                    slope_x: (-dx / rise) as f32,
                    material: (shade * light) as f32,
                };
                surface.cover(y, x, share as f32, facet);
            }
        }
        let Some(diameter) = wire.catalyst_diameter_px else { return };
        let radius = diameter / 2.0;
        let [cy, cx] = wire.centre_line[N_PIECES];
        let (rows, columns) = surface.around((cy, cx), radius + 1.0);
        for y in rows {
            for x in columns.clone() {
                let (dy, dx) = (y as f64 - cy, x as f64 - cx);
                let share = (radius - dy.hypot(dx) + 0.5).clamp(0.0, 1.0);
                let rise = (radius * radius - dy * dy - dx * dx).max((0.2 * radius).powi(2)).sqrt();
                let facet = Facet {
                    z: (layer + if standing { 2.0 * self.diameter_px } else { 0.0 } + rise) as f32,
                    slope_y: (-dy / rise) as f32,
                    slope_x: (-dx / rise) as f32,
                    material: (1.35 * shade) as f32, // a metal gives more
                };
                surface.cover(y, x, share as f32, facet);
            }
        }
    }
}

impl Nanowire {
    /// Length along the centre line in px.
    pub fn length_px(&self) -> f64 {
        self.centre_line.windows(2).map(|ends| (ends[1][0] - ends[0][0]).hypot(ends[1][1] - ends[0][1])).sum()
    }

    /// Relative position along the wire, 0 to 1, of its point nearest to `at`, and the offset `[dy, dx]` from there;
    /// `None` beyond `reach` px.
    fn nearest(&self, at: [f64; 2], reach: f64) -> Option<(f64, [f64; 2])> {
        let mut found = None;
        let mut least = reach * reach;
        for (piece, ends) in self.centre_line.windows(2).enumerate() {
            let step = [ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]];
            let from = [at[0] - ends[0][0], at[1] - ends[0][1]];
            let square = step[0] * step[0] + step[1] * step[1];
            let share = ((from[0] * step[0] + from[1] * step[1]) / square.max(1e-12)).clamp(0.0, 1.0);
            let way = [from[0] - share * step[0], from[1] - share * step[1]];
            let distance = way[0] * way[0] + way[1] * way[1];
            if distance < least {
                least = distance;
                found = Some(((piece as f64 + share) / (self.centre_line.len() - 1) as f64, way));
            }
        }
        found
    }
}
