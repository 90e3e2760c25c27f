//! Record: from what a picture was made, enough to make it again, and what came out.

use std::path::PathBuf;

use micrograph::calibration::length_text;
use serde::{Deserialize, Serialize};

use crate::hash::sha256;
use crate::interpret::visualize::path::Nearness;
use crate::interpret::visualize::{Objective, Peak, Visualization, VisualizeConfig, Warning, gray, peak};
use crate::record::{Input, Record};

/// Everything besides the network and the objective that decides about a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisualSettings {
    /// How pictures are made.
    pub config: VisualizeConfig,
    /// Micrographs that gave the spectrum and the paths.
    pub data: Option<DataUsed>,
    /// A micrograph to start from.
    pub start: Option<Input>,
    /// A micrograph to compare with.
    pub compare: Option<Input>,
}

/// Micrographs of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataUsed {
    /// The folder or index.
    pub path: PathBuf,
    /// SHA-256 of its names and contents.
    pub digest: String,
    /// Only those of this category.
    pub category: Option<String>,
}

/// From what a picture was made, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisualRecord {
    /// The network, the settings and the files.
    #[serde(flatten)]
    pub record: Record<VisualSettings>,
    /// What was climbed.
    pub objective: Objective,
    /// What came out.
    pub outcome: VisualOutcome,
}

impl VisualRecord {
    /// The strongest wave of the picture as text.
    pub fn peak_text(&self, nm_per_px: Option<f64>) -> String {
        let config = &self.record.settings.config;
        self.outcome.peak_text(config.height.min(config.width), nm_per_px)
    }

    /// What stands beside the picture on a sheet: its strongest wave, and what to beware of.
    pub(super) fn note(&self, nm_per_px: Option<f64>) -> String {
        if self.outcome.dead {
            return "dead".to_owned();
        }
        let wave = std::iter::once(self.peak_text(nm_per_px));
        wave.chain(self.outcome.marks.iter().cloned()).collect::<Vec<_>>().join(" · ")
    }
}

/// What is known of a finished picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisualOutcome {
    /// Score of the picture itself, without transforms.
    pub score: f32,
    /// Step and score of each look on the way.
    pub scores: Vec<(usize, f32)>,
    /// Whether angles and distances in the picture are those that the network responds to.
    pub keeps_orientation_and_pitch: bool,
    /// The strongest wave of the first picture.
    pub peak: Option<Peak>,
    /// Likeness to micrographs, layer by layer.
    pub nearness: Vec<Nearness>,
    /// What to know before the picture is believed, with advice.
    pub warnings: Vec<String>,
    /// The warnings in a word or two each.
    pub marks: Vec<String>,
    /// Whether no gradient ever came through.
    pub dead: bool,
}

impl VisualOutcome {
    /// Of a finished picture; `further` is a warning that it does not know of itself.
    pub fn of(found: &Visualization, nearness: Vec<Nearness>, further: Option<Warning>) -> Self {
        let warnings: Vec<&Warning> = found.warnings.iter().chain(&further).collect();
        Self {
            score: found.score,
            scores: found.scores.clone(),
            keeps_orientation_and_pitch: found.keeps_orientation_and_pitch,
            peak: peak(&gray(&found.pictures[0])),
            nearness,
            dead: warnings.iter().any(|warning| matches!(warning, Warning::Dead { .. })),
            marks: warnings.iter().map(|warning| warning.mark().to_owned()).collect(),
            warnings: warnings.iter().map(|warning| format!("{warning}; {}", warning.advice())).collect(),
        }
    }

    /// What angles and distances in the picture are worth.
    pub fn orientation_text(&self) -> &'static str {
        if self.keeps_orientation_and_pitch {
            "shifts only: orientation and pitch are the unit's"
        } else {
            "turned and scaled at random: orientation and pitch are blurred"
        }
    }

    /// The strongest wave of a picture of `side_px` as text, in nanometres too where a pixel has a
    /// size.
    pub fn peak_text(&self, side_px: usize, nm_per_px: Option<f64>) -> String {
        let Some(peak) = self.peak.filter(|peak| peak.is_clear(side_px)) else {
            return "no clear wave".to_owned();
        };
        let length = nm_per_px.map(|nm_per_px| format!(" = {}", length_text(peak.period_px * nm_per_px)));
        let blurred = if self.keeps_orientation_and_pitch { "" } else { "≈ " };
        format!("{blurred}{:.1} px{}, {:.0}°", peak.period_px, length.unwrap_or_default(), peak.axis_deg)
    }
}

/// The name of an objective's files: its text where that is a plain one, else with a hash.
pub(super) fn file_stem(objective: &Objective) -> String {
    let text = objective.to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let stem: String = text.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
    let simple = matches!(objective, Objective::Unit(_)) && stem.len() < 80;
    if simple { stem } else { format!("{}-{}", &stem[..stem.len().min(40)], &sha256(text.as_bytes())[..8]) }
}

/// Name of the record of an objective.
pub(super) fn record_name(objective: &Objective) -> String {
    file_stem(objective) + ".json"
}
