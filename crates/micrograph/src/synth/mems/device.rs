//! The plates of which each device is made, in a frame whose first axis lies along the fingers.

use serde::{Deserialize, Serialize};

use super::MemsConfig;
use crate::random::Stream;

/// Kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// Two combs whose fingers grip into each other.
    Comb,
    /// Contact pads with leads that meet at a gap.
    Electrodes,
    /// Beams that reach out from an anchor.
    Cantilevers,
    /// A gear with a hub.
    Gear,
    /// A plate held by folded springs, with holes for the etchant.
    Proof,
}

/// The outline of a plate, in px from the middle of the image: first along the fingers, then across.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outline {
    /// A rectangle.
    Box {
        /// Its middle.
        middle: [f64; 2],
        /// Half its lengths.
        half: [f64; 2],
    },
    /// A ring, or a disc if `inner_px` is 0.
    Ring {
        /// Its middle.
        middle: [f64; 2],
        /// Inner radius.
        inner_px: f64,
        /// Outer radius.
        outer_px: f64,
    },
    /// A toothed wheel.
    Wheel {
        /// Its middle.
        middle: [f64; 2],
        /// Radius in the middle of the teeth.
        radius_px: f64,
        /// Height of a tooth.
        tooth_px: f64,
        /// Number of teeth.
        n_teeth: usize,
        /// Share of the pitch that is tooth.
        duty_cycle: f64,
    },
}

/// One plate of a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plate {
    /// Its outline.
    pub outline: Outline,
    /// Height over the background, in reliefs.
    pub level: f64,
    /// Signal where it is flat.
    pub signal: f64,
    /// Distance of holes and half their side in px, if there are any.
    pub holes: Option<[f64; 2]>,
}

impl Plate {
    /// Distance in px from the edge at `at`, positive inside.
    pub fn depth(&self, at: [f64; 2]) -> f64 {
        let depth = match &self.outline {
            Outline::Box { middle, half } => {
                let out = [0, 1].map(|axis| (at[axis] - middle[axis]).abs() - half[axis]);
                let beyond = out[0].max(0.0).hypot(out[1].max(0.0));
                -(beyond + out[0].max(out[1]).min(0.0))
            }
            Outline::Ring { middle, inner_px, outer_px } => {
                let distance = (at[0] - middle[0]).hypot(at[1] - middle[1]);
                let inner = if *inner_px > 0.0 { distance - inner_px } else { f64::INFINITY };
                inner.min(outer_px - distance)
            }
            Outline::Wheel { middle, radius_px, tooth_px, n_teeth, duty_cycle } => {
                let (across, along) = (at[1] - middle[1], at[0] - middle[0]);
                let distance = across.hypot(along);
                let turn = across.atan2(along) / std::f64::consts::TAU * *n_teeth as f64;
                let from_middle = (turn - turn.round()).abs();
                let per_turn = std::f64::consts::TAU * distance / *n_teeth as f64;
                let tooth =
                    ((duty_cycle / 2.0 - from_middle) * per_turn).min(radius_px + tooth_px / 2.0 - distance);
                tooth.max(radius_px - tooth_px / 2.0 - distance)
            }
        };
        let Some([spacing, half]) = self.holes else { return depth };
        let hole = at.map(|place| (place / spacing - (place / spacing).round()).abs() * spacing - half);
        // only holes that are completely in the plate
        if depth < 0.6 * spacing { depth } else { depth.min(hole[0].max(hole[1])) }
    }

    /// Unit vector from `at` towards the inside.
    pub(super) fn inwards(&self, at: [f64; 2]) -> [f64; 2] {
        let step = 0.25;
        let along = self.depth([at[0] + step, at[1]]) - self.depth([at[0] - step, at[1]]);
        let across = self.depth([at[0], at[1] + step]) - self.depth([at[0], at[1] - step]);
        let length = along.hypot(across);
        if length == 0.0 { [0.0, 0.0] } else { [along / length, across / length] }
    }
}

impl Device {
    /// The plates of a device that extends over an image of `(height, width)`.
    pub(super) fn plates(
        self,
        config: &MemsConfig,
        (height, width): (usize, usize),
        stream: &mut Stream,
    ) -> Vec<Plate> {
        let reach = (height as f64).hypot(width as f64);
        match self {
            Self::Comb => comb(config, reach, stream),
            Self::Electrodes => electrodes(config, reach, stream),
            Self::Cantilevers => cantilevers(config, reach, stream),
            Self::Gear => gear(config, stream),
            Self::Proof => proof(config, stream),
        }
    }
}

fn plate(outline: Outline) -> Plate {
    Plate { outline, level: 1.0, signal: 1.0, holes: None }
}

fn rectangle(middle: [f64; 2], half: [f64; 2]) -> Plate {
    plate(Outline::Box { middle, half })
}

/// Holes at a distance of two sides, if the settings require any.
fn holes(config: &MemsConfig) -> Option<[f64; 2]> {
    (config.hole_px > 0.0).then_some([3.0 * config.hole_px, config.hole_px / 2.0])
}

fn comb(config: &MemsConfig, reach: f64, stream: &mut Stream) -> Vec<Plate> {
    let length = config.length * config.pitch_px;
    let overlap = length * stream.between(0.3, 0.9);
    let shift = stream.between(-0.2, 0.2) * length;
    let bone = config.pitch_px * stream.between(0.8, 3.0);
    let side = (length - overlap / 2.0 + bone).min(2.0 * reach);
    // how many fingers: the whole image over, or few
    let most = (reach / config.pitch_px).ceil() as i64;
    let count = if stream.below(2) == 0 { most } else { most.min(3 + stream.below(8) as i64) };
    let span = (count as f64 + 0.5) * config.pitch_px;
    let mut plates = Vec::new();
    for sign in [-1.0, 1.0] {
        let middle = [shift + sign * side, 0.0];
        plates.push(Plate { holes: holes(config), ..rectangle(middle, [bone, span]) });
    }
    for finger in -count..=count {
        let sign = if finger % 2 == 0 { 1.0 } else { -1.0 };
        let middle = [shift + sign * (length / 2.0 - overlap / 2.0), finger as f64 * config.pitch_px];
        let half = [length / 2.0, config.duty_cycle * config.pitch_px / 2.0];
        plates.push(rectangle(middle, half));
    }
    plates
}

fn electrodes(config: &MemsConfig, reach: f64, stream: &mut Stream) -> Vec<Plate> {
    let gap = config.pitch_px * (1.0 - config.duty_cycle);
    let half_width = config.duty_cycle * config.pitch_px / 2.0;
    let length = config.length * config.pitch_px;
    let mut plates = Vec::new();
    let n_leads = 1 + stream.below(5) as i64;
    let step = config.pitch_px * stream.between(1.0, 2.5);
    let pad = step * stream.between(0.3, 0.48);
    let both = stream.below(4) > 0;
    let row = if stream.below(2) == 0 { 0.0 } else { reach * stream.between(0.3, 1.0) };
    for sign in if both { vec![-1.0, 1.0] } else { vec![1.0] } {
        for lead in 0..n_leads {
            let across = (lead as f64 - (n_leads - 1) as f64 / 2.0) * step;
            plates.push(rectangle([sign * (gap / 2.0 + length / 2.0), across], [length / 2.0, half_width]));
            let middle = [sign * (gap / 2.0 + length + pad), across];
            plates.push(rectangle(middle, [pad, pad.max(half_width)]));
        }
        if row > 0.0 {
            let middle = [sign * (gap / 2.0 + length + 2.0 * pad + row), 0.0];
            plates.push(Plate { holes: holes(config), ..rectangle(middle, [row, reach]) });
        }
    }
    if stream.below(2) == 0 {
        // the measured object is over the gap
        let half = [gap / 2.0 + half_width, half_width * stream.between(0.1, 0.5)];
        let across = (stream.below(n_leads as usize) as f64 - (n_leads - 1) as f64 / 2.0) * step;
        plates.push(Plate { level: 1.4, signal: 1.2, ..rectangle([0.0, across], half) });
    }
    plates
}

fn cantilevers(config: &MemsConfig, reach: f64, stream: &mut Stream) -> Vec<Plate> {
    let length = config.length * config.pitch_px;
    let shift = stream.between(-0.3, 0.3) * length;
    let anchor = rectangle([shift - length / 2.0 - reach, 0.0], [reach, 2.0 * reach]);
    // a trench under the beams, and the background's own level beyond it
    let beyond = rectangle([shift + length * 0.7 + reach, 0.0], [reach, 2.0 * reach]);
    let mut plates = vec![Plate { holes: holes(config), ..anchor }, Plate { signal: 0.9, ..beyond }];
    let most = (reach / config.pitch_px).ceil() as i64;
    let count = most.min(stream.below(9) as i64);
    let step = stream.between(0.0, 0.6);
    let ended = stream.below(3) == 0;
    for beam in -count..=count {
        // a row of beams of one length, or of lengths that grow
        let part = 1.0 - step * (beam + count) as f64 / (2 * count + 1) as f64;
        let across = beam as f64 * config.pitch_px;
        let tip = shift - length / 2.0 + length * part;
        let middle = [shift - length / 2.0 + length * part / 2.0, across];
        plates.push(rectangle(middle, [length * part / 2.0, config.duty_cycle * config.pitch_px / 2.0]));
        if ended {
            let half = 0.45 * config.pitch_px;
            plates.push(rectangle([tip, across], [half, half]));
        }
    }
    plates
}

fn gear(config: &MemsConfig, stream: &mut Stream) -> Vec<Plate> {
    let n_teeth = 8 + stream.below(40);
    let radius_px = config.pitch_px * n_teeth as f64 / std::f64::consts::TAU;
    let tooth_px = config.pitch_px * stream.between(0.5, 1.0);
    let middle = [0, 1].map(|_| stream.between(-0.6, 0.6) * radius_px);
    let wheel =
        |middle| Outline::Wheel { middle, radius_px, tooth_px, n_teeth, duty_cycle: config.duty_cycle };
    let mut plates = vec![plate(wheel(middle))];
    let hub = radius_px * stream.between(0.1, 0.35);
    let rim = radius_px * stream.between(0.55, 0.8);
    let ring = |inner_px, outer_px| plate(Outline::Ring { middle, inner_px, outer_px });
    plates.push(Plate { level: 1.5, signal: 1.1, ..ring(hub * 0.5, hub) });
    plates.push(Plate { level: 1.3, ..ring(rim, rim + tooth_px * 0.4) });
    if stream.below(2) == 0 {
        // a second wheel that grips into the first
        let (sin, cos) = stream.between(0.0, std::f64::consts::TAU).sin_cos();
        let way = 2.0 * radius_px + tooth_px * 0.2;
        plates.insert(0, plate(wheel([middle[0] + way * cos, middle[1] + way * sin])));
    }
    plates
}

fn proof(config: &MemsConfig, stream: &mut Stream) -> Vec<Plate> {
    let half = config.pitch_px * config.length * 0.35;
    let side = half * stream.between(0.5, 1.2);
    let mut plates = vec![Plate { holes: holes(config), ..rectangle([0.0, 0.0], [half, side]) }];
    let thick = (config.duty_cycle * config.pitch_px / 4.0).max(1.5);
    let n_folds = 2 + stream.below(4);
    for sign in [-1.0, 1.0] {
        for fold in 0..n_folds {
            let out = half + (fold as f64 + 0.5) * config.pitch_px;
            plates.push(rectangle([sign * out, 0.0], [thick, side * 0.9]));
            let end = if fold % 2 == 0 { 1.0 } else { -1.0 };
            let joint = [sign * (out + config.pitch_px / 2.0), end * (side * 0.9 - thick)];
            plates.push(rectangle(joint, [config.pitch_px / 2.0 + thick, thick]));
        }
        let anchor = half + (n_folds as f64 + 1.0) * config.pitch_px;
        plates.push(Plate { level: 1.2, ..rectangle([sign * anchor, 0.0], [config.pitch_px, side]) });
        // the plate itself is joined to the first spring
        let joint = rectangle([sign * (half + config.pitch_px * 0.25), 0.0], [config.pitch_px * 0.3, thick]);
        plates.push(joint);
    }
    plates
}
