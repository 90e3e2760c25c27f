//! Varying: the pitch of lines that bend, fan out, or change their distance, by the map of local pitches.
//!
//! Where the phase of a grating is lost over the image, one wave cannot describe the lines, and lines that are placed one by
//! one can be taken for others that repeat less often. The map says whether they are there and how far their distance
//! changes. None of 464 real micrographs without a period has one (`cargo run --release -p micrograph --example
//! real_pitch_maps -- SHARED/data`).

use super::answer::{Answered, place};
use super::{Answer, Task, Work, Working};
use crate::measure::flatten::{FlattenConfig, flattened};
use crate::measure::geometry::Geometry;
use crate::measure::grating::{NoPeriodReason, side_by_side, wave_of};
use crate::measure::pitch_map::{PitchMapSummary, mapped};
use crate::measure::quantity::{Component, Quantity, Unit};
use crate::{Plane, Rect};

/// Share of the image from which on the map is of the image, and not of a part that has lines.
const FILLS: f64 = 0.5;
/// A part's pitch may lie outside of the middle 90 % of the local ones by this share: the map averages over three lines.
const NEAR: f64 = 0.05;
/// The middle 90 % of the local pitches, widened to hold them all if they change steadily.
const ALL: f64 = 1.0 / 0.9;
/// Ranges of the medians of blocks from which on lines change: of the pitch, as a share, and of the axis, in degrees.
const MOST_CHANGE: f64 = 0.04;
const MOST_TURN_DEG: f64 = 4.0;
/// Least half width of the interval, as a share of the pitch: what the window of the map takes from a place beside it.
const LEAST_SHARE: f64 = 0.02;
/// The same for the axis, in degrees.
const LEAST_DEG: f64 = 0.5;

/// `map`, made in `working`, in px of the image.
pub(super) fn in_image(map: PitchMapSummary, working: &Working) -> PitchMapSummary {
    let of_image = |px: f64| px / working.px();
    PitchMapSummary {
        median_px: of_image(map.median_px),
        low_px: of_image(map.low_px),
        high_px: of_image(map.high_px),
        window_px: of_image(map.window_px),
        ..map
    }
}

/// What is known of lines that one wave does not describe, in px of the image.
#[derive(Clone, Copy, Debug)]
pub(super) enum Varying {
    /// The map of their pitches.
    Mapped(PitchMapSummary),
    /// Two patterns side by side repeat together after so much.
    Together { px: f64 },
}

impl Varying {
    /// The map, if the lines fill the image, or `anyway`.
    fn map(self, anyway: bool) -> Option<PitchMapSummary> {
        match self {
            Self::Mapped(map) => (anyway || map.covered >= FILLS).then_some(map),
            Self::Together { .. } => None,
        }
    }

    /// Whether lines `pitch_px` apart can be those that are known.
    pub(super) fn agrees_with(self, pitch_px: f64) -> bool {
        match self {
            Self::Mapped(PitchMapSummary { low_px, high_px, .. }) => {
                (low_px * (1.0 - NEAR)..=high_px * (1.0 + NEAR)).contains(&pitch_px)
            }
            Self::Together { px } => (pitch_px / px - 1.0).abs() > NEAR,
        }
    }
}

/// What a map of `plane` around `wave`, whose lines a single wave was found to describe, says where they change all the same.
pub(super) fn changing(plane: &Plane, wave: [f64; 2], geometry: &Geometry) -> Option<PitchMapSummary> {
    let flat = flattened(plane, FlattenConfig::default()).plane;
    let map = mapped(&flat, (wave, 1), geometry).ok()?;
    let (pitch, turn_deg) = map.change()?;
    (map.summary.dislocations == 0 && (pitch > MOST_CHANGE || turn_deg > MOST_TURN_DEG))
        .then_some(map.summary)
}

impl Work<'_> {
    /// What is known of the lines where one wave does not describe them; of a map, only if each of them goes on.
    pub(super) fn varying(&self) -> Option<Varying> {
        if !matches!(self.no_pitch, Some(NoPeriodReason::NoFit | NoPeriodReason::NotCoherent { .. })) {
            return None;
        }
        self.working.iter().find_map(|working| {
            let flat = flattened(&working.plane, FlattenConfig::default()).plane;
            let (wave, order) = wave_of(&flat).ok()?;
            if order > 1 && side_by_side(&flat, wave) {
                return Some(Varying::Together { px: 1.0 / (wave[0].hypot(wave[1]) * working.px()) });
            }
            let map = mapped(&flat, (wave, order), &self.lengths.geometry).ok()?.summary;
            (map.dislocations == 0).then(|| Varying::Mapped(in_image(map, working)))
        })
    }

    /// Answers the refused pitch by `found`, for the reason `chosen`, if its lines fill the image, or `anyway`; whether it did.
    pub(super) fn pitch_of_varying(&mut self, found: Option<Varying>, chosen: &str, anyway: bool) -> bool {
        let Some(map) = found.and_then(|found| found.map(anyway)) else { return false };
        let (summary, findings, refused) = self.varying_answer(map, None);
        let answer = Answer {
            task: Task::Pitch,
            chosen: chosen.to_owned(),
            summary: Some(summary),
            findings,
            refused,
            second: None,
        };
        let Some(own) = self.answers.iter_mut().find(|answer| answer.task == Task::Pitch) else {
            return false;
        };
        *own = answer;
        true
    }

    /// The numbers of lines that change over the image, or the `part` of it; with a warning.
    pub(super) fn varying_answer(&mut self, map: PitchMapSummary, part: Option<Rect>) -> Answered {
        let text = format!(
            "lines bend, fan out, or change their distance: the interval of the pitch holds 90 % of the local ones on the \
             {:.0} % of the {} where they were mapped",
            100.0 * map.covered,
            if part.is_some() { "part" } else { "image" }
        );
        self.warn(text, "Map them (`--pitch-map`), or measure a part where they are straight (`--box`).");
        let method = "median of a map of local pitches";
        let change = |half_width: f64| vec![Component::bounded("change over the image", half_width)];
        let half = ALL * (map.high_px - map.median_px).max(map.median_px - map.low_px);
        let pitch =
            Quantity::new(map.median_px, Unit::Px, method, change(half.max(LEAST_SHARE * map.median_px)));
        let half = ALL * map.axis_spread_deg / 2.0;
        let axis = Quantity::new(map.axis_deg, Unit::Degrees, method, change(half.max(LEAST_DEG)));
        let reason = "lines bend, fan out, or change their distance";
        let others = ["lines", "duty cycle", "line-edge roughness 3σ", "line-width roughness 3σ"];
        self.lengths.of_varying(
            (pitch, axis),
            (&others, reason),
            format!(
                "lines{} whose local pitch is {:.0} to {:.0} % of its median, on {:.0} % of it",
                place(part),
                100.0 * map.low_px / map.median_px,
                100.0 * map.high_px / map.median_px,
                100.0 * map.covered
            ),
        )
    }
}
