//! Diagnosis: what an ascent shows about its picture, so that noise is not taken for a feature.

use std::fmt;

use serde::Serialize;

/// Something to know before a picture is believed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// No gradient ever came through but where it was redirected: the unit answers to no image of
    /// this kind, or is dead.
    Dead {
        /// The score, which did not change.
        score: f32,
    },
    /// No gradient came through in many of the steps.
    Stuck {
        /// Share of the steps.
        share: f32,
    },
    /// Many pixels are at the ends of the grey levels.
    Saturated {
        /// Share of the pixels.
        share: f32,
    },
    /// The score still rose at the end.
    StillRising {
        /// Share of the whole gain that came between the last two looks.
        share: f32,
    },
    /// No picture scored higher than the start.
    NoGain {
        /// Score of the start.
        start: f32,
    },
    /// The picture should show a period and an axis, but has no clear wave.
    NoWave,
    /// The picture should show a period and an axis, but the scan with gratings found others, or none.
    OtherWave {
        /// Period of the picture's strongest wave.
        period_px: f64,
        /// Its axis.
        axis_deg: f64,
        /// What the scan found.
        scan: String,
    },
    /// On its way through the network the picture is no nearer to micrographs that drive the unit
    /// than to others (Geirhos et al. 2024).
    OtherPath {
        /// Layers before the unit where it is nearer to those that drive the unit.
        nearer: usize,
        /// Layers that were compared.
        layers: usize,
    },
}

/// Steps without gradient above this share are reported.
const STUCK_SHARE: f32 = 0.5;
/// Pixels within 0.02 of black or white above this share are reported.
const SATURATED_SHARE: f32 = 0.5;
const SATURATED_WITHIN: f32 = 0.02;
/// A last gain above this share of the whole is reported.
const RISING_SHARE: f32 = 0.1;

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: &f32| (share * 100.0).round();
        match self {
            Self::Dead { score } => write!(
                out,
                "no gradient came through, the score stayed {score}: the unit is dead, or these pictures can not \
                 reach it"
            ),
            Self::Stuck { share } => {
                write!(out, "the gradient was zero in {} % of the steps", percent(share))
            }
            Self::Saturated { share } => {
                write!(out, "{} % of the pixels are black or white", percent(share))
            }
            Self::StillRising { share } => {
                write!(
                    out,
                    "not converged: {} % of the gain came between the last two checks",
                    percent(share)
                )
            }
            Self::NoGain { start } => write!(out, "no picture scored higher than the start, {start}"),
            Self::NoWave => write!(out, "the picture has no clear wave, so no period can be measured"),
            Self::OtherWave { period_px, axis_deg, scan } => write!(
                out,
                "the picture's strongest wave, {period_px:.1} px at {axis_deg:.0}°, is not what the scan with \
                 gratings found: {scan}"
            ),
            Self::OtherPath { nearer, layers } => write!(
                out,
                "takes another way through the network than micrographs that drive the unit: nearer to them in \
                 {nearer} of {layers} layers"
            ),
        }
    }
}

impl Warning {
    /// A word or two, for beside a picture.
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Dead { .. } => "dead",
            Self::Stuck { .. } => "stuck",
            Self::Saturated { .. } => "saturated",
            Self::StillRising { .. } => "still rising",
            Self::NoGain { .. } => "no gain",
            Self::NoWave => "no wave",
            Self::OtherWave { .. } => "not its wave",
            Self::OtherPath { .. } => "other path",
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Dead { .. } => "try the layer's `.preactivation`, more redirected steps, or another start",
            Self::Stuck { .. } => "try the layer's `.preactivation` or more redirected steps",
            Self::Saturated { .. } => "lower the rate, take fewer steps, or add a penalty `lp`",
            Self::StillRising { .. } => "take more steps",
            Self::NoGain { .. } => "lower the rate, or use fewer transforms",
            Self::NoWave | Self::OtherWave { .. } => {
                "use the period and axis of the scan, not those of the picture"
            }
            Self::OtherPath { .. } => "believe the real exemplars rather than this picture, or try `maco`",
        }
    }
}

/// What is noted on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Journey {
    n_steps: usize,
    n_without_gradient: usize,
    scores: Vec<(usize, f32)>,
}

impl Journey {
    /// After the gradients for the images of a step; those with redirected gradients do not count.
    pub(super) fn step(&mut self, gradients: &[Vec<f32>], redirected: bool) {
        if redirected {
            return;
        }
        self.n_steps += 1;
        let nothing = gradients.iter().flatten().all(|partial| *partial == 0.0);
        self.n_without_gradient += usize::from(nothing);
    }

    /// After a look at the pictures themselves.
    pub(super) fn look(&mut self, step: usize, score: f32) {
        self.scores.push((step, score));
    }

    /// Steps and scores of the looks.
    pub(super) fn into_scores(self) -> Vec<(usize, f32)> {
        self.scores
    }

    /// Warnings about the pictures that were kept.
    pub(super) fn warnings(&self, images: &[Vec<f32>], unbounded: bool) -> Vec<Warning> {
        let (Some(&(_, start)), Some(&(_, last))) = (self.scores.first(), self.scores.last()) else {
            return Vec::new();
        };
        let best = self.scores.iter().map(|(_, score)| *score).fold(f32::NEG_INFINITY, f32::max);
        if self.n_steps > 0 && self.n_without_gradient == self.n_steps && best <= start {
            return vec![Warning::Dead { score: last }];
        }
        let mut warnings = Vec::new();
        let share = self.n_without_gradient as f32 / self.n_steps.max(1) as f32;
        if share > STUCK_SHARE {
            warnings.push(Warning::Stuck { share });
        }
        if best <= start {
            warnings.push(Warning::NoGain { start });
        }
        if let [.., (_, before), (_, last)] = self.scores[..]
            && self.scores.len() > 2
            && best > start
        {
            let share = (last - before) / (best - start);
            if last >= best && share > RISING_SHARE {
                warnings.push(Warning::StillRising { share });
            }
        }
        let pixels = || images.iter().flatten();
        let extreme = |level: &&f32| !(SATURATED_WITHIN..=1.0 - SATURATED_WITHIN).contains(*level);
        let share = pixels().filter(extreme).count() as f32 / pixels().count().max(1) as f32;
        if !unbounded && share > SATURATED_SHARE {
            warnings.push(Warning::Saturated { share });
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journey(scores: &[f32], n_steps: usize, n_without_gradient: usize) -> Journey {
        Journey { n_steps, n_without_gradient, scores: scores.iter().copied().enumerate().collect() }
    }

    #[test]
    fn each_ailment_is_told() {
        let grey = vec![vec![0.5; 8]];
        let black = vec![vec![0.0, 0.001, 0.0, 0.0, 1.0, 0.99, 0.5, 0.5]];
        type Case<'a> = (&'a str, Journey, &'a [Vec<f32>], Vec<Warning>);
        let cases: [Case<'_>; 6] = [
            ("well", journey(&[0.0, 8.0, 10.0, 10.1], 64, 0), &grey, vec![]),
            ("dead", journey(&[0.0, 0.0], 64, 64), &grey, vec![Warning::Dead { score: 0.0 }]),
            ("stuck", journey(&[0.0, 1.0, 1.0], 64, 48), &grey, vec![Warning::Stuck { share: 0.75 }]),
            ("no gain", journey(&[5.0, 4.0, 3.0], 64, 0), &grey, vec![Warning::NoGain { start: 5.0 }]),
            ("rising", journey(&[0.0, 2.0, 4.0], 64, 0), &grey, vec![Warning::StillRising { share: 0.5 }]),
            ("saturated", journey(&[0.0, 4.0, 4.0], 64, 0), &black, vec![Warning::Saturated { share: 0.75 }]),
        ];
        for (name, journey, images, expected) in cases {
            assert_eq!(journey.warnings(images, false), expected, "{name}");
        }
    }
}
