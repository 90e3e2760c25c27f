//! Wave: whether the strongest wave of a picture is what its unit answers to.
//!
//! A picture of a deep unit may have a strongest wave by chance, or one that is only a part of what
//! drives the unit. So the unit is shown plain gratings: of the wave's own period and axis, and of
//! periods and axes beside these. Only where its own drives it most may the numbers be read off.

use std::f64::consts::TAU;

use micrograph::Plane;

use super::image::Shape;
use super::objective::Objective;
use super::peak::Peak;
use super::scorer::Scorer;
use crate::Network;

/// Scores of gratings, each the highest of [`N_PHASES`] phases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WaveAnswers {
    /// Of the wave's own period and axis.
    pub own: f32,
    /// The highest of those beside it.
    pub beside: f32,
    /// Without any wave.
    pub without: f32,
}

const N_PHASES: usize = 4;
/// Periods beside, as factors: about a third of an octave, which the half width of a cell or kernel
/// tuned to a pitch hardly exceeds.
const FACTORS: [f64; 2] = [1.0 / 1.3, 1.3];
/// Axes beside, in degrees from the own one.
const TURNS_DEG: [f64; 3] = [-25.0, 25.0, 90.0];

impl WaveAnswers {
    /// Whether the own wave drives the unit more than those beside it, and than none.
    pub(super) fn confirmed(&self) -> bool {
        self.own > self.beside && self.own > self.without
    }
}

/// What `objective` answers to gratings with the mean, the contrast and the size of `picture`, about
/// its strongest wave; `None` where it compares with a micrograph or is about several pictures.
pub(super) fn answers(
    network: &Network,
    objective: &Objective,
    picture: &Plane,
    peak: &Peak,
) -> Option<WaveAnswers> {
    if objective.needs_micrograph() || objective.least_members() > 1 {
        return None;
    }
    let (height, width) = (picture.height(), picture.width());
    let shape = Shape { channels: network.channels_in(), height, width };
    let (mean, amplitude) = (picture.mean(), (2.0 * picture.variance()).sqrt());
    let grating = |period_px: f64, axis_deg: f64, phase: usize| -> Vec<f32> {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let shift = TAU * phase as f64 / N_PHASES as f64;
        let plane = Plane::from_fn(height, width, |y, x| {
            // across the lines; rows run downwards
            let across = x as f64 * sin + y as f64 * cos;
            let level = mean + amplitude * (TAU * across / period_px + shift).cos();
            level.clamp(0.0, 1.0) as f32
        });
        plane.values().repeat(shape.channels)
    };
    let scorer = Scorer::new(network, std::slice::from_ref(objective), 1);
    let score = |image: Vec<f32>| scorer.scores(&[image], shape, None)[0];
    let highest = |period_px: f64, axis_deg: f64| {
        (0..N_PHASES)
            .map(|phase| score(grating(period_px, axis_deg, phase)))
            .fold(f32::NEG_INFINITY, f32::max)
    };
    let Peak { period_px, axis_deg, .. } = *peak;
    // two pixels are the shortest period that there is
    let periods = FACTORS.iter().map(|factor| (period_px * factor).max(2.0)).map(|period| (period, axis_deg));
    let axes = TURNS_DEG.iter().map(|turn| (period_px, axis_deg + turn));
    let beside = periods.filter(|(period, _)| *period != period_px).chain(axes);
    Some(WaveAnswers {
        own: highest(period_px, axis_deg),
        beside: beside.map(|(period, axis)| highest(period, axis)).fold(f32::NEG_INFINITY, f32::max),
        without: score(vec![mean as f32; shape.len()]),
    })
}
