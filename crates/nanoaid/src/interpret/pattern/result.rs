//! What a network adds to a measured pattern, in numbers.

use micrograph::measure::Report;
use micrograph::measure::geometry::axis_deg;
use serde::{Deserialize, Serialize};

use super::matching::matched;
use crate::interpret::tuning::{GratingTuning, LayerTuning, Period};

/// Version of the form of [`PatternResult`].
pub const SCHEMA_VERSION: u32 = 1;

/// What was measured, or why nothing was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding<T> {
    /// What was measured.
    #[serde(rename = "found")]
    Measured(T),
    /// Why nothing was measured.
    #[serde(rename = "refused")]
    NotMeasured(String),
}

impl<T> Finding<T> {
    /// The answer, if there is one.
    pub fn measured(&self) -> Option<&T> {
        match self {
            Self::Measured(found) => Some(found),
            Self::NotMeasured(_) => None,
        }
    }

    /// Why there is none.
    pub fn not_measured(&self) -> Option<&str> {
        match self {
            Self::Measured(_) => None,
            Self::NotMeasured(reason) => Some(reason),
        }
    }
}

/// What a network adds to the measurement of one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatternResult {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The most periodic unit.
    pub periodic: Finding<Periodic>,
    /// What the peaks of a chosen unit count; absent where none was chosen.
    pub count: Option<Finding<UnitCount>>,
}

/// The most periodic unit, the period it prefers, and that of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Periodic {
    /// The unit, as in `encoder.2:17`.
    pub address: String,
    /// Share of its map's variance at the pattern's wave, in `[0, 1]`.
    pub clarity: f64,
    /// Period of its map, in px of the image.
    pub period_px: f64,
    /// The same in nm.
    pub period_nm: Option<f64>,
    /// Axis of the lines in its map in degrees.
    pub axis_deg: f64,
    /// The wave of the measured pattern that its map has.
    pub image: ImagePeriod,
    /// What it prefers among gratings that are drawn for the purpose.
    pub preferred: Finding<PreferredPeriod>,
    /// Its largest activation for gratings of each period, `[period in px, activation]`, at the axis and
    /// profile it prefers; empty without tuning.
    pub curve: Vec<[f64; 2]>,
    /// Its activation for uniform grey.
    pub uniform: Option<f64>,
    /// The most periodic unit of each layer that was read.
    pub layers: Vec<LayerClarity>,
}

/// The most periodic unit of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clearest {
    /// The layer.
    pub layer: String,
    /// The channel.
    pub channel: usize,
    /// Share of its map's variance in the peak, in `[0, 1]`.
    pub clarity: f64,
    /// Which of the pattern's waves it has.
    pub wave_index: usize,
    /// Period of its map, in px of the image.
    pub period_px: f64,
    /// Axis of the lines in its map in degrees, anticlockwise from the rows as seen.
    pub axis_deg: f64,
}

/// The most periodic unit of one of the layers that were read, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerClarity {
    /// The layer.
    pub layer: String,
    /// Its most periodic unit.
    pub clearest: Finding<Clearest>,
}

/// A wave of the measured pattern.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagePeriod {
    /// Its period in px of the image.
    pub px: f64,
    /// Its period on the specimen in nm: pitch of a grating, distance of a lattice's rows.
    pub nm: Option<f64>,
    /// Axis of its lines in the image, in degrees.
    pub axis_deg: f64,
}

impl ImagePeriod {
    /// Of `wave`, in cycles per column and per row of the image of `report`.
    pub(super) fn of([across, down]: [f64; 2], report: &Report) -> Self {
        let [x, y] = report.geometry.wave(across, down);
        let nm = report.calibration.as_ref().map(|pixel| pixel.nm_per_px_x / x.hypot(y));
        let axis_deg = axis_deg((-down).atan2(across).to_degrees() + 90.0);
        Self { px: 1.0 / across.hypot(down), nm, axis_deg }
    }

    /// A length across these lines in nm.
    pub fn nm_of(&self, px: f64) -> Option<f64> {
        self.nm.map(|nm| px * nm / self.px)
    }
}

/// The period that a unit prefers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreferredPeriod {
    /// In px.
    pub px: f64,
    /// In nm, for lines that lie as those of the image.
    pub nm: Option<f64>,
    /// Over that of the image.
    pub ratio: f64,
}

impl PreferredPeriod {
    /// What the tuning of `layer` gives for `channel`: its period, its curve over periods, and its activation for uniform
    /// grey.
    pub(super) fn of(
        layer: &LayerTuning,
        channel: usize,
        image: &ImagePeriod,
    ) -> (Finding<Self>, Vec<[f64; 2]>, Option<f64>) {
        let unit = &layer.units[channel];
        let uniform = Some(f64::from(unit.uniform));
        let preferred = match &unit.grating {
            GratingTuning::Untuned { reason } => {
                return (Finding::NotMeasured(reason.to_string()), Vec::new(), uniform);
            }
            GratingTuning::Tuned(preferred) => preferred,
        };
        let answers = layer.periods_px.iter().zip(&preferred.curves.periods);
        let curve = answers.map(|(&px, answer)| [px, f64::from(answer.max)]).collect();
        let beyond = |end: &str, px: f64, more: &str| {
            Finding::NotMeasured(format!(
                "the {end} period shown, {px:.1} px, drives it most: it may prefer a {more} one"
            ))
        };
        let preferred = match preferred.period {
            Period::Shown { px } => Finding::Measured(Self { px, nm: image.nm_of(px), ratio: px / image.px }),
            Period::ShortestShown { px } => beyond("shortest", px, "shorter"),
            Period::LongestShown { px } => beyond("longest", px, "longer"),
        };
        (preferred, curve, uniform)
    }
}

/// The peaks of a unit as a count, beside one made without a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitCount {
    /// The unit.
    pub address: String,
    /// Activation from which on a peak counts.
    pub level: f64,
    /// Share of the way from the map's median to its usual peak at which that lies.
    pub level_share: f64,
    /// Nearest that two peaks may be, in px.
    pub distance_px: f64,
    /// What does not count at the border, in either count: px above and below, and on the left and
    /// right.
    pub border_px: [f64; 2],
    /// Where it peaks, `[y, x]` in px, the highest first.
    pub places: Vec<[f64; 2]>,
    /// What is counted without a network.
    pub classical: Finding<Classical>,
    /// Where both differ; absent where nothing was counted without a network.
    pub disagreement: Option<Disagreement>,
}

/// What is counted without a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classical {
    /// What they are.
    pub what: String,
    /// Where they lie, `[y, x]` in px.
    pub places: Vec<[f64; 2]>,
}

/// Where two counts differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// Farthest that the places of one thing may be apart, in px.
    pub reach_px: f64,
    /// Things that both have.
    pub n_both: usize,
    /// Places at which only the unit peaks, `[y, x]` in px.
    pub only_unit: Vec<[f64; 2]>,
    /// Places that only the count without a network has.
    pub only_classical: Vec<[f64; 2]>,
}

impl Disagreement {
    /// Between the places of a unit's peaks and others.
    pub fn of(unit: &[[f64; 2]], classical: &[[f64; 2]], reach_px: f64) -> Self {
        let found = matched(unit, classical, reach_px);
        let places = |all: &[[f64; 2]], which: &[usize]| which.iter().map(|&index| all[index]).collect();
        Self {
            reach_px,
            n_both: found.both.len(),
            only_unit: places(unit, &found.only_first),
            only_classical: places(classical, &found.only_second),
        }
    }
}

/// Which part of the image both counts leave out.
pub fn without_border(count: &UnitCount) -> String {
    let [down, right] = count.border_px;
    if down == right {
        format!("without {down:.0} px at the border")
    } else {
        format!("without {down:.0} px at the border above and below, {right:.0} px on the left and right")
    }
}
