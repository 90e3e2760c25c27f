//! Experiment with a segmenter.

use super::begin::{RunPlan, begin_with};
use super::{Event, ExperimentError, OnEvent, unless_ended};
use crate::Network;
use crate::data::masked::MaskedImages;
use crate::output::json_text;
use crate::run::{BaseUsed, DataSummary, RunFolder, RunSettings, SegmenterSettings};
use crate::train::{self, SegmenterTraining, Trained, TrainingCurve};

/// A trained segmenter.
#[derive(Clone, Debug)]
pub struct SegmenterExperiment {
    /// The run folder; [`RunFolder::finish`] ends it.
    pub run: RunFolder,
    /// The network and its training.
    pub trained: Trained,
}

/// Trains a segmenter on scenes and `images`, of which there may be none, from `base` if there is one.
///
/// # Errors
/// If the settings, the base or the run folder cannot be used, the training fails, or `on` breaks.
pub fn segmenter(
    images: MaskedImages,
    config: &SegmenterTraining,
    base: Option<(&Network, BaseUsed)>,
    plan: &RunPlan<'_>,
    on: &mut OnEvent<'_>,
) -> Result<SegmenterExperiment, ExperimentError> {
    let (base, used) = base.unzip();
    let settings = RunSettings::Segmenter(Box::new(SegmenterSettings { config: config.clone(), base: used }));
    let data = DataSummary {
        digest_sha256: images.digest_sha256.clone(),
        n_train: images.train.len(),
        n_validation: images.validation.len(),
        ..DataSummary::default()
    };
    let (mut run, lengthened) = begin_with(&data, settings, &toml::to_string(config)?, plan)?;
    if let Some(from) = lengthened {
        unless_ended(on(Event::Lengthened { from, epochs: config.epochs }))?;
    }
    let trained = train::segmenter(images, config, base, plan.device, &mut run, &mut |progress| {
        on(Event::Training(progress))
    })?;
    let curve = TrainingCurve { rows: trained.curve.clone(), best_epoch: trained.best_epoch };
    run.write("curves.csv", curve.to_csv().as_bytes())?;
    run.write("result.json", json_text(&curve)?.as_bytes())?;
    Ok(SegmenterExperiment { run, trained })
}
