//! Record: from what a picture was made, enough to make it again, and what came out.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::hash::sha256;
use crate::interpret::tuning::GratingScan;
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
    /// Whether the gratings that drive the units most are looked for.
    #[serde(default = "with_scans", skip_serializing_if = "is_usual")]
    pub scan: bool,
}

fn with_scans() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_usual(scan: &bool) -> bool {
    *scan
}

/// Micrographs of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataUsed {
    /// The folder or index.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
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
    /// What the scan with gratings found, as text; `None` where there was none.
    pub fn scan_text(&self, nm_per_px: Option<f64>) -> Option<String> {
        self.outcome.scan.as_ref().map(|scan| scan.text(nm_per_px))
    }

    /// What stands beside the picture on a sheet: the gratings that drive the unit most, and what to
    /// beware of.
    pub(super) fn note(&self, nm_per_px: Option<f64>) -> String {
        if self.outcome.dead {
            return "dead".to_owned();
        }
        let scan = self.scan_text(nm_per_px).into_iter();
        scan.chain(self.outcome.marks.iter().cloned()).collect::<Vec<_>>().join(" · ")
    }
}

/// What is known of a finished picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisualOutcome {
    /// Score of the picture itself, without transforms.
    pub score: f32,
    /// Step and score of each look on the way.
    pub scores: Vec<(usize, f32)>,
    /// The strongest wave of the first picture: of the picture, not of the unit.
    pub peak: Option<Peak>,
    /// The gratings that drive the unit most; none where they were not looked for, it compares with a micrograph, or is
    /// about several pictures.
    #[serde(default)]
    pub scan: Option<GratingScan>,
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
    /// Of a finished picture by `config`, and the `scan` of its unit.
    pub fn of(
        found: &Visualization,
        nearness: Vec<Nearness>,
        scan: Option<GratingScan>,
        config: &VisualizeConfig,
    ) -> Self {
        let peak = peak(&gray(&found.pictures[0]));
        let mut outcome = Self {
            score: found.score,
            scores: found.scores.clone(),
            peak,
            nearness,
            dead: found.warnings.iter().any(|warning| matches!(warning, Warning::Dead { .. })),
            marks: Vec::new(),
            warnings: Vec::new(),
            scan,
        };
        for warning in found.warnings.iter().cloned() {
            outcome.add(Some(warning));
        }
        if config.measures() {
            outcome.add(outcome.wave_warning(config.height.min(config.width)));
        }
        outcome
    }

    /// Notes a further warning.
    pub(super) fn add(&mut self, warning: Option<Warning>) {
        if let Some(warning) = warning {
            self.marks.push(warning.mark().to_owned());
            self.warnings.push(format!("{warning}; {}", warning.advice()));
        }
    }

    /// Whether the strongest wave of a picture of `side_px` is another than the scan found.
    fn wave_warning(&self, side_px: usize) -> Option<Warning> {
        let scan = self.scan.as_ref()?;
        let Some(Peak { period_px, axis_deg, .. }) = self.peak.filter(|peak| peak.is_clear(side_px)) else {
            return Some(Warning::NoWave);
        };
        let confirmed = scan.period_px().zip(scan.axis_deg()).is_some_and(|(period, axis)| {
            let turn = (axis_deg - axis + 90.0).rem_euclid(180.0) - 90.0;
            (period_px / period - 1.0).abs() <= SAME_PERIOD && turn.abs() <= SAME_AXIS_DEG
        });
        (!confirmed).then(|| Warning::OtherWave { period_px, axis_deg, scan: scan.text(None) })
    }
}

/// What may be said of period and axis of pictures by `settings`.
pub fn scan_caption(settings: &VisualSettings) -> &'static str {
    if !settings.scan {
        "the gratings that drive the unit most were not looked for"
    } else if settings.config.measures() {
        "period and axis: of the grating that drives the unit most, by a scan; the picture's own are the same \
         where it is not marked"
    } else {
        "period and axis: of the grating that drives the unit most, by a scan; the picture's own differ"
    }
}

/// A picture's period within this share of the scan's, and an axis within so many degrees, are the same.
const SAME_PERIOD: f64 = 0.05;
const SAME_AXIS_DEG: f64 = 5.0;

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
