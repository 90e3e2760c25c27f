//! Varying: the pitch of lines that bend, fan out, or change their distance, by the map of local pitches.
//!
//! Where the phase of a grating is lost over the image, one wave cannot describe the lines, and lines that are placed one by
//! one can be taken for others that repeat less often. The map says whether they are there and how far their distance
//! changes. None of 464 real micrographs without a period has one (`cargo run --release -p micrograph --example
//! real_pitch_maps -- SHARED/data`).

use super::answer::Answered;
use super::{Answer, Task, Work};
use crate::measure::grating::{GratingConfig, NoPeriodReason};
use crate::measure::pitch_map::{PitchMapSummary, pitch_map};
use crate::measure::quantity::{Component, Quantity, Unit};

/// Share of the image from which on the map is of the image, and not of a part that has lines.
const FILLS: f64 = 0.5;
/// A part's pitch may lie outside of the middle 90 % of the local ones by this share: the map averages over three lines.
const NEAR: f64 = 0.05;
/// The middle 90 % of the local pitches, widened to hold them all if they change steadily.
const ALL: f64 = 1.0 / 0.9;
/// Least half width of the interval, as a share of the pitch: what the window of the map takes from a place beside it.
const LEAST_SHARE: f64 = 0.02;
/// The same for the axis, in degrees.
const LEAST_DEG: f64 = 0.5;

/// What a map says of the lines of an image, in px of the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Varying(PitchMapSummary);

impl Varying {
    /// Whether the lines fill the image.
    fn fills_image(self) -> bool {
        self.0.covered >= FILLS
    }

    /// Whether lines `pitch_px` apart can be those of the map.
    pub(super) fn agrees_with(self, pitch_px: f64) -> bool {
        let PitchMapSummary { low_px, high_px, .. } = self.0;
        (low_px * (1.0 - NEAR)..=high_px * (1.0 + NEAR)).contains(&pitch_px)
    }
}

impl Work<'_> {
    /// The map of local pitches, where one wave does not describe the lines, and each of them goes on.
    pub(super) fn varying(&self) -> Option<Varying> {
        if !matches!(self.no_pitch, Some(NoPeriodReason::NoFit | NoPeriodReason::NotCoherent { .. })) {
            return None;
        }
        let config = GratingConfig { geometry: self.lengths.geometry, ..GratingConfig::default() };
        self.working.iter().find_map(|working| {
            let summary = pitch_map(&working.plane, &config).ok()?.summary;
            let of_image = |px: f64| px / working.px();
            (summary.dislocations == 0).then(|| {
                Varying(PitchMapSummary {
                    median_px: of_image(summary.median_px),
                    low_px: of_image(summary.low_px),
                    high_px: of_image(summary.high_px),
                    window_px: of_image(summary.window_px),
                    ..summary
                })
            })
        })
    }

    /// Answers the refused pitch by `found`, for the reason `chosen`, if its lines fill the image, or `anyway`; whether it did.
    pub(super) fn pitch_of_varying(&mut self, found: Option<Varying>, chosen: &str, anyway: bool) -> bool {
        let Some(found) = found.filter(|found| anyway || found.fills_image()) else { return false };
        let (summary, findings, refused) = self.varying_answer(found.0);
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
        self.warn(
            "lines bend, fan out, or change their distance: the interval of the pitch holds the local ones"
                .to_owned(),
            "Map them (`--pitch-map`), or measure a part where they are straight (`--box`).",
        );
        true
    }

    fn varying_answer(&self, map: PitchMapSummary) -> Answered {
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
                "lines whose local pitch is {:.0} to {:.0} % of its median, on {:.0} % of the image",
                100.0 * map.low_px / map.median_px,
                100.0 * map.high_px / map.median_px,
                100.0 * map.covered
            ),
        )
    }
}
