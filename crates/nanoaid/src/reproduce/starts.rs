//! Figure 4: a classifier from three starts, side by side.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::pictures::{PictureShown, pictures};
use super::{Figure, FigureName, ReproduceError, Shown, Work};
use crate::evaluate::classifier::{ClassifierReport, Estimate};
use crate::evaluate::classify::report_of;
use crate::interpret::exemplar::ActivationReader;
use crate::interpret::visualize::{Objective, classes_of};
use crate::run::RunFolder;
use crate::train::StartFrom;
use crate::{Device, Network};

/// Channels that are shown of each network: the first ones, without selection.
const CHANNELS: usize = 8;

/// Classifiers of several starts.
#[derive(Clone, Debug, Serialize)]
pub struct StartsFigure {
    /// The classifiers: frozen, fine-tuned, random.
    pub starts: Vec<StartShown>,
    /// Starts of the paper of which no run was given.
    pub absent: Vec<StartFrom>,
    /// Whether all were trained and tested on the same micrographs.
    pub same_data: bool,
}

/// A classifier of one start.
#[derive(Clone, Debug, Serialize)]
pub struct StartShown {
    /// Its run folder.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    pub run: PathBuf,
    /// What it started from.
    pub start: StartFrom,
    /// Test micrographs.
    pub n_test: usize,
    /// Share of them that was classified correctly.
    pub accuracy: Estimate,
    /// Mean recall of the classes.
    pub balanced_accuracy: Estimate,
    /// The layer whose channels are shown.
    pub layer: String,
    /// Its first channels.
    pub channels: Vec<PictureShown>,
    /// Its classes.
    pub classes: Vec<PictureShown>,
}

pub(super) fn figure(work: &mut Work<'_, '_>) -> Result<Figure, ReproduceError> {
    let name = FigureName::Fig4;
    let agrees = "One classifier is trained three ways: frozen features with a new head, the same weights fine-tuned, and a \
                  random start; their filters and classes are shown side by side."
        .to_owned();
    if work.input.starts.is_empty() {
        let advice = "Train them and name each by --start: nanoaid train classifier FOLDER --start frozen --base \
                      autoencoder --out frozen; the same with --start fine-tuned --out fine-tuned; and nanoaid train \
                      classifier FOLDER --out random."
            .to_owned();
        let shown = Shown::Missing { reason: "no trained classifiers were given".to_owned(), advice };
        return Ok(Figure { name, agrees, differs: String::new(), shown });
    }
    let mut runs = work
        .input
        .starts
        .iter()
        .map(|run| opened(run, work.input.classifier.1.device()))
        .collect::<Result<Vec<_>, _>>()?;
    runs.sort_by_key(|run| order(run.start));
    let same_data = runs.windows(2).all(|pair| pair[0].data_sha256 == pair[1].data_sha256);
    let mut starts = Vec::new();
    for (number, run) in runs.into_iter().enumerate() {
        starts.push(shown(work, number, run)?);
    }
    let all = [StartFrom::Frozen, StartFrom::FineTuned, StartFrom::Random];
    let absent = all.into_iter().filter(|start| starts.iter().all(|one| one.start != *start)).collect();
    let figure = StartsFigure { starts, absent, same_data };
    Ok(Figure { name, agrees, differs: in_words(&figure), shown: Shown::Starts(figure) })
}

/// A run that was opened.
struct OpenedRun {
    path: PathBuf,
    start: StartFrom,
    data_sha256: String,
    network: Network,
    report: ClassifierReport,
}

fn opened(path: &Path, device: Device) -> Result<OpenedRun, ReproduceError> {
    let run = RunFolder::open(path)?;
    let manifest = run.manifest();
    let Some(settings) = manifest.settings.classifier() else {
        let found = manifest.settings.network_name();
        return Err(ReproduceError::NotAClassifier { run: path.to_owned(), found });
    };
    let (start, data_sha256) = (settings.config.start, manifest.data.digest_sha256.clone());
    let report = report_of(&run)?.ok_or_else(|| ReproduceError::NotEvaluated { run: path.to_owned() })?;
    let network = run.network(device)?.gray();
    Ok(OpenedRun { path: path.to_owned(), start, data_sha256, network, report })
}

/// Frozen, fine-tuned, random: A1, A2 and A3 of the paper.
fn order(start: StartFrom) -> usize {
    match start {
        StartFrom::Frozen => 0,
        StartFrom::FineTuned => 1,
        StartFrom::Random => 2,
    }
}

fn shown(work: &mut Work<'_, '_>, number: usize, run: OpenedRun) -> Result<StartShown, ReproduceError> {
    let network = (run.path.as_path(), &run.network);
    let layer = ActivationReader::usual_layers_with_positions(&run.network).pop().unwrap_or_default();
    let n_channels = run.network.layer(&layer).map_or(0, |layer| layer.n_channels.min(CHANNELS));
    let objectives: Vec<Objective> =
        (0..n_channels).map(|channel| Objective::channel(&layer, channel)).collect();
    let part = |what: &str| format!("{}-{}-{what}", number + 1, run.start.name());
    let name = FigureName::Fig4;
    let channels = pictures(work, network, &objectives, (name, &part("channels")))?;
    let objectives = classes_of(&run.network).unwrap_or_default();
    let classes = pictures(work, network, &objectives, (name, &part("classes")))?;
    let ClassifierReport { n_images, accuracy, balanced_accuracy, .. } = run.report;
    let (path, start) = (run.path, run.start);
    Ok(StartShown {
        run: path,
        start,
        n_test: n_images,
        accuracy,
        balanced_accuracy,
        layer,
        channels,
        classes,
    })
}

/// Which start is better, as far as the tests can tell.
fn in_words(figure: &StartsFigure) -> String {
    let mut text = String::new();
    if !figure.absent.is_empty() {
        let names: Vec<&str> = figure.absent.iter().map(|start| start.name()).collect();
        text += &format!("No run of the start {} was given. ", names.join(" or "));
    }
    if figure.starts.len() < 2 {
        return text;
    }
    if !figure.same_data {
        return text
            + "The runs were trained on different micrographs, so their accuracies do not compare the starts.";
    }
    let best = figure.starts.iter().max_by(|a, b| a.accuracy.value.total_cmp(&b.accuracy.value));
    if let Some(best) = best {
        let apart = figure.starts.iter().filter(|other| other.start != best.start).all(|other| {
            let (own, other) = (best.accuracy.interval, other.accuracy.interval);
            own.zip(other).is_some_and(|(own, other)| own.low > other.high)
        });
        let sure = if apart {
            "its interval is above those of the others"
        } else {
            "but the intervals overlap, so these test micrographs do not show which start is better"
        };
        text += &format!("Accuracies have intervals: the start {} is highest, {sure}.", best.start.name());
    }
    text
}
