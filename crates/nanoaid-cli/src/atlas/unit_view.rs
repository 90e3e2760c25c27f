//! The page of one unit, from all that was found out about it.

use nanoaid::interpret::exemplar::Exemplar;
use nanoaid::interpret::gallery::VisualOutcome;
use nanoaid::interpret::machine_score::MachineScore;
use nanoaid::interpret::matching::Matching;

use super::Atlas;
use super::tuning_view::tuning_view;
use nanoaid_pages::site::model::{
    AlikeView, ClassAnswer, ExemplarView, HistogramView, ScoreView, UnitPicture, UnitRef, UnitView,
};

/// Exemplars of a kind on a page.
const SHOWN: usize = 9;
/// Units that answer alike on a page.
const ALIKE: usize = 8;

impl Atlas {
    /// The page of `unit`.
    pub(crate) fn unit_view(&self, unit: UnitRef) -> UnitView {
        let UnitRef { network, layer, channel } = unit;
        let findings = &self.findings[network];
        let exemplars = &findings.exemplars[layer][channel];
        let histogram = &exemplars.histogram;
        let classes = |name: &String| self.class(Some(name));
        UnitView {
            unit,
            pictures: self.pictures(unit),
            strongest: views(&exemplars.strongest),
            middle: views(&exemplars.middle),
            weakest: views(&exemplars.weakest),
            of_class: exemplars
                .of_class
                .iter()
                .filter_map(|(name, found)| Some((classes(name)?, views(found))))
                .collect(),
            histogram: HistogramView {
                edges: histogram.edges.clone(),
                all: histogram.all.clone(),
                of_class: histogram
                    .of_class
                    .iter()
                    .filter_map(|(name, counts)| Some((classes(name)?, counts.clone())))
                    .collect(),
            },
            tuning: findings
                .tuning
                .layers
                .get(layer)
                .and_then(|tuned| Some(tuning_view(tuned, tuned.units.get(channel)?))),
            machine_scores: self.scores(unit),
            alike_here: self.alike_here(unit),
            alike_elsewhere: self.alike_elsewhere(unit),
            classes: self.class_answers(unit),
            warnings: self.unit_warnings(unit),
        }
    }

    fn pictures(&self, UnitRef { network, layer, channel }: UnitRef) -> Vec<UnitPicture> {
        let findings = &self.findings[network];
        let of_preset = findings.presets.iter().zip(&findings.pictures);
        of_preset
            .filter_map(|(preset, layers)| {
                let picture = layers[layer].get(channel)?;
                let config = &picture.record.settings.config;
                let VisualOutcome { score, warnings, peak, .. } = &picture.record.outcome;
                let side = config.height.min(config.width);
                let wave = peak.filter(|peak| peak.is_clear(side));
                let kept = if config.keeps_orientation_and_pitch() {
                    "period and axis are the unit's"
                } else {
                    "turned and scaled at random on the way: period and axis are blurred"
                };
                Some(UnitPicture {
                    preset: preset.to_string(),
                    how: format!(
                        "canvas {}, at most {} steps, seed {}; {kept}",
                        config.canvas.name(),
                        config.steps,
                        config.seed
                    ),
                    score: *score,
                    period_px: wave.map(|peak| peak.period_px),
                    warnings: warnings.clone(),
                    size_px: (config.width, config.height),
                    png: picture.png.clone(),
                })
            })
            .collect()
    }

    fn scores(&self, UnitRef { network, layer, channel }: UnitRef) -> Vec<ScoreView> {
        let findings = &self.findings[network];
        let scores = &findings.scores[layer][channel];
        let named = std::iter::once(("real exemplars".to_owned(), &scores.real)).chain(
            findings
                .presets
                .iter()
                .zip(&scores.synthetic)
                .map(|(preset, score)| (format!("synthetic picture, {preset}"), score)),
        );
        let view = |(shown, score): (String, &MachineScore)| {
            let score = score.score()?;
            Some(ScoreView {
                shown,
                share: score.value,
                interval: score.interval.map(|interval| (interval.low, interval.high)),
                n_questions: score.n_tasks,
            })
        };
        named.filter_map(view).collect()
    }

    fn alike_here(&self, unit: UnitRef) -> Vec<AlikeView> {
        let findings = &self.findings[unit.network];
        let own = findings.units.number(unit.layer, unit.channel);
        let candidates = findings.alike.a.units[own].best.iter().filter(|candidate| candidate.unit != own);
        let view = |candidate: &nanoaid::interpret::matching::Candidate| AlikeView {
            unit: self.unit_ref(unit.network, candidate.unit),
            correlation: candidate.pearson,
        };
        candidates.map(view).take(ALIKE).collect()
    }

    fn alike_elsewhere(&self, unit: UnitRef) -> Vec<AlikeView> {
        let own = self.findings[unit.network].units.number(unit.layer, unit.channel);
        let others = (0..self.findings.len()).filter(|&other| other != unit.network);
        let best = |other: usize| {
            let matched = self.matched(unit.network, other)?;
            let candidate = matched[own].best.first()?;
            let found = self.unit_ref(other, candidate.unit);
            Some(AlikeView { unit: found, correlation: candidate.pearson })
        };
        others.filter_map(best).collect()
    }

    /// The matches of the units of network `one` among those of `other`.
    fn matched(&self, one: usize, other: usize) -> Option<&[nanoaid::interpret::matching::UnitMatches]> {
        let (first, second) = (one.min(other), one.max(other));
        let found: &Matching = self.matchings.get(&(first, second))?;
        Some(if one < other { &found.a.units } else { &found.b.units })
    }

    /// How the unit tells each class from the rest.
    pub(super) fn class_answers(&self, unit: UnitRef) -> Vec<ClassAnswer> {
        let findings = &self.findings[unit.network];
        let number = findings.units.number(unit.layer, unit.channel);
        let answer = |contrast: &nanoaid::interpret::differential::DifferentialAnalysis| {
            let class = self.class(contrast.a.classes.first())?;
            let unit = &contrast.units[number];
            Some(ClassAnswer {
                class,
                auc: unit.auc.value,
                interval: unit.auc.interval.map(|interval| (interval.low, interval.high)),
                q: Some(unit.q),
            })
        };
        findings.rest.iter().filter_map(answer).collect()
    }

    fn unit_warnings(&self, UnitRef { network, layer, channel }: UnitRef) -> Vec<String> {
        let exemplars = &self.findings[network].exemplars[layer][channel];
        let mut warnings = Vec::new();
        if exemplars.dead {
            warnings.push(
                "Nothing drives this unit: it gave the same largest activation in every micrograph."
                    .to_owned(),
            );
        }
        warnings
    }
}

/// At most nine exemplars.
pub(super) fn views(exemplars: &[Exemplar]) -> Vec<ExemplarView> {
    exemplars.iter().take(SHOWN).map(view).collect()
}

pub(super) fn view(exemplar: &Exemplar) -> ExemplarView {
    ExemplarView { micrograph: exemplar.image, value: exemplar.value, field: exemplar.field }
}
