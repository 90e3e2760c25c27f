//! Begin: the run folder of an experiment, made, replaced, resumed, or resumed with more epochs.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::ExperimentError;
use crate::Device;
use crate::data::dataset::Dataset;
use crate::run::{DataSummary, Lengthened, Manifest, RunFolder, RunSettings, Status};

/// Where an experiment goes, and where it runs.
#[derive(Clone, Copy, Debug)]
pub struct RunPlan<'a> {
    /// The run folder.
    pub path: &'a Path,
    /// What is done with one that is there already.
    pub existing: Existing,
    /// Where networks run.
    pub device: Device,
}

/// What is done with a run folder that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Replace it.
    Replace,
    /// Continue the training that it holds. Only the number of epochs and the patience may differ
    /// from what the run began with.
    Resume,
}

/// What the run at `path` began with, if `existing` says to resume it and it was begun: the values of all settings
/// that are not given anew.
///
/// # Errors
/// If its manifest cannot be read.
pub fn begun(path: &Path, existing: Existing) -> Result<Option<Manifest>, ExperimentError> {
    if existing != Existing::Resume || !RunFolder::is_begun(path) {
        return Ok(None);
    }
    Ok(Some(RunFolder::open(path)?.manifest().clone()))
}

/// The run folder of a training of `dataset` with `settings`, `text` being those that a settings file can hold; and
/// how it was lengthened, if it was.
pub(super) fn begin(
    dataset: &Dataset,
    settings: RunSettings,
    text: &str,
    plan: &RunPlan<'_>,
) -> Result<(RunFolder, Option<Lengthened>), ExperimentError> {
    let (mut run, lengthened) = begin_with(&DataSummary::of(dataset)?, settings, text, plan)?;
    run.write("split.csv", dataset.split_csv().as_bytes())?;
    Ok((run, lengthened))
}

/// The same for data of any kind, which `data` sums up.
pub(super) fn begin_with(
    data: &DataSummary,
    settings: RunSettings,
    text: &str,
    plan: &RunPlan<'_>,
) -> Result<(RunFolder, Option<Lengthened>), ExperimentError> {
    // a run that was cut off before its first file starts again
    let (mut run, lengthened) = if plan.existing == Existing::Resume && RunFolder::is_begun(plan.path) {
        resumed(settings, data, plan)?
    } else {
        let manifest = Manifest::begun(settings, data.clone(), plan.device);
        (RunFolder::create(plan.path, manifest, plan.existing == Existing::Replace)?, None)
    };
    run.write("settings.toml", text.as_bytes())?;
    Ok((run, lengthened))
}

fn resumed(
    settings: RunSettings,
    data: &DataSummary,
    plan: &RunPlan<'_>,
) -> Result<(RunFolder, Option<Lengthened>), ExperimentError> {
    let mut run = RunFolder::resume(plan.path)?;
    let manifest = run.manifest();
    let (holds, expected) = (manifest.settings.network_name(), settings.network_name());
    if holds != expected {
        return Err(ExperimentError::OtherNetwork { path: plan.path.to_owned(), holds, expected });
    }
    same("settings", &manifest.settings.without_length(), &settings.without_length())?;
    same("data", &manifest.data, data)?;
    same("device", &manifest.device, &plan.device.to_string())?;
    if manifest.settings == settings {
        return Ok((run, None));
    }
    let (planned, epochs) = (manifest.settings.epochs(), settings.epochs());
    let done = manifest.checkpoints.last().map_or(0, |checkpoint| checkpoint.epoch);
    if epochs < planned {
        return Err(ExperimentError::Shorter { epochs, planned, done });
    }
    let patience = settings.patience();
    if manifest.status == Status::StoppedEarly && patience == manifest.settings.patience() {
        return Err(ExperimentError::StoppedEarly { done, patience });
    }
    let lengthened = run.lengthen(settings)?;
    Ok((run, Some(lengthened).filter(|_| done > 0 && epochs > planned)))
}

/// An error that names the first difference.
fn same<T: PartialEq + Serialize>(what: &'static str, then: &T, now: &T) -> Result<(), ExperimentError> {
    if then == now {
        return Ok(());
    }
    let value = |of: &T| serde_json::to_value(of).unwrap_or_default();
    let (then, now) = (value(then), value(now));
    let keys = now.as_object().into_iter().flatten().map(|(key, _)| key);
    let mut changed = keys.filter(|key| then.get(key) != now.get(key));
    let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), ToString::to_string);
    let detail = match changed.next() {
        Some(key) => format!("`{key}` was {}, now it is {}", text(then.get(key)), text(now.get(key))),
        None => format!("it was {then}, now it is {now}"),
    };
    Err(ExperimentError::Changed { what, detail })
}
