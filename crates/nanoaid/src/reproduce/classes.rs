//! Figure 2: what classes and filters look like, and which filters respond to micromachines, which to particles.

use serde::Serialize;

use super::pictures::{PictureShown, pictures};
use super::{Figure, FigureName, ReproduceError, ReproduceStep, Shown, Work};
use crate::atlas::{Comparison, DATA_BARS, RANDOM_WEIGHTS, UnitNumbers, compared, usual_question};
use crate::data::dataset::Dataset;
use crate::evaluate::classifier::{Estimate, Interval};
use crate::interpret::activation_index::{ActivationIndex, ImageArea};
use crate::interpret::differential::{DifferentialAnalysis, DifferentialConfig};
use crate::interpret::exemplar::ActivationReader;
use crate::interpret::visualize::{Objective, classes_of};
use crate::output::OutputFolder;
use crate::{Address, Network};

/// Filters of each side that are shown.
const SHOWN: usize = 6;

/// Classes, filters, and how they differ between classes.
#[derive(Clone, Debug, Serialize)]
pub struct ClassesFigure {
    /// A picture of each class.
    pub classes: Vec<PictureShown>,
    /// The differential analysis with its controls; absent where the micrographs are of fewer than two classes.
    pub comparison: Option<Comparison>,
    /// The layers that its units are of, in order, with their channels.
    pub layers: Vec<(String, usize)>,
    /// The filters that the first side drives more, clearest first.
    pub more_in_a: Vec<UnitShown>,
    /// Those that the second side drives more.
    pub more_in_b: Vec<UnitShown>,
}

/// A filter that responds to one side more than to the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitShown {
    /// What it looks for.
    pub picture: PictureShown,
    /// Probability that a micrograph of the side that it responds to drives it more than one of the other; above 0.5.
    pub auc: Estimate,
    /// After control of the share of false discoveries.
    pub q: f64,
}

pub(super) fn figure(work: &mut Work<'_, '_>) -> Result<Figure, ReproduceError> {
    let name = FigureName::Fig2;
    let (run, network) = work.input.classifier;
    let agrees = "Each class and each filter is shown by gradient ascent in input space, for a classifier of the NFFA-EUROPE \
                  categories."
        .to_owned();
    let Some(objectives) = classes_of(network) else {
        let reason = format!("{} has no named classes", run.display());
        let advice = "Name a classifier by --classifier.".to_owned();
        let shown = Shown::Missing { reason, advice };
        return Ok(Figure { name, agrees, differs: String::new(), shown });
    };
    let classes = pictures(work, (run, network), &objectives, (name, "classes"))?;
    let folder = work.folder.folder(name.name())?;
    let layers = ActivationReader::usual_layers_with_positions(network);
    let index = index(work, network, &layers, ImageArea::Specimen, (&folder, "activations"))?;
    let comparison = comparison(work, &layers, &index, &folder)?;
    let n_channels: Vec<usize> = index.layers.iter().map(|layer| layer.n_channels).collect();
    let numbers = UnitNumbers::of(n_channels.iter().copied());
    let mut of_side = |a: bool| -> Result<Vec<UnitShown>, ReproduceError> {
        let Some(comparison) = &comparison else { return Ok(Vec::new()) };
        let part = if a { "more-in-a" } else { "more-in-b" };
        strongest(work, &comparison.contrast, &layers, &numbers, (a, part))
    };
    let (more_in_a, more_in_b) = (of_side(true)?, of_side(false)?);
    let differs = match &comparison {
        None => "The micrographs are of fewer than two classes, so no filter could be compared: give a folder with a folder \
                 for each class by --data."
            .to_owned(),
        Some(comparison) => in_words(comparison, work.input.data.is_none()),
    };
    let layers = layers.into_iter().zip(n_channels).collect();
    let shown = ClassesFigure { classes, comparison, layers, more_in_a, more_in_b };
    Ok(Figure { name, agrees, differs, shown: Shown::Classes(Box::new(shown)) })
}

/// A pass over the micrographs, kept in `folder`.
fn index(
    work: &mut Work<'_, '_>,
    network: &Network,
    layers: &[String],
    area: ImageArea,
    (folder, name): (&OutputFolder, &str),
) -> Result<ActivationIndex, ReproduceError> {
    let dataset: &Dataset = work.dataset;
    let on = &mut *work.on;
    Ok(ActivationIndex::build(network, layers, (dataset, area), &folder.file(name), &mut |done, total| {
        on(ReproduceStep::Micrographs { what: name, done, total })
    })?)
}

/// Micromachines against particles, with the same network of random weights and data bars alone beside it.
fn comparison(
    work: &mut Work<'_, '_>,
    layers: &[String],
    found: &ActivationIndex,
    folder: &OutputFolder,
) -> Result<Option<Comparison>, ReproduceError> {
    let config = work.input.config.clone();
    let Some(question) = config.question.or_else(|| usual_question(&found.seen)) else { return Ok(None) };
    let (_, network) = work.input.classifier;
    let random = Network::random(network.architecture().clone(), config.seed, network.device())?;
    let random = index(work, &random, layers, ImageArea::Specimen, (folder, "activations-random-weights"))?;
    let bars = index(work, network, layers, ImageArea::DataBar, (folder, "activations-data-bars"))?;
    let settings = DifferentialConfig { seed: config.seed, ..DifferentialConfig::default() };
    let comparison = compared(found, &[(RANDOM_WEIGHTS, &random), (DATA_BARS, &bars)], &question, &settings)?;
    folder.write_json("comparison.json", &comparison)?;
    Ok(Some(comparison))
}

/// The filters that differ most on a side, with their pictures.
fn strongest(
    work: &mut Work<'_, '_>,
    contrast: &DifferentialAnalysis,
    layers: &[String],
    numbers: &UnitNumbers,
    (a, part): (bool, &str),
) -> Result<Vec<UnitShown>, ReproduceError> {
    let of_side = contrast.found.iter().filter(|&&unit| (contrast.units[unit].auc.value > 0.5) == a);
    let units: Vec<usize> = of_side.copied().take(SHOWN).collect();
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let objectives: Vec<Objective> = units
        .iter()
        .map(|&unit| {
            let (layer, channel) = numbers.place(unit);
            Objective::Unit(Address::channel(&layers[layer], channel))
        })
        .collect();
    let network = work.input.classifier;
    let pictures = pictures(work, network, &objectives, (FigureName::Fig2, part))?;
    let shown = |(picture, unit): (PictureShown, usize)| {
        let found = &contrast.units[unit];
        UnitShown { picture, auc: if a { found.auc } else { of_other_side(found.auc) }, q: found.q }
    };
    Ok(pictures.into_iter().zip(units).map(shown).collect())
}

/// The same probability, with the sides exchanged.
fn of_other_side(auc: Estimate) -> Estimate {
    let interval = auc.interval.map(|Interval { low, high }| Interval { low: 1.0 - high, high: 1.0 - low });
    Estimate { value: 1.0 - auc.value, interval }
}

/// What was found, beside what the controls find.
fn in_words(comparison: &Comparison, synthetic: bool) -> String {
    let Comparison { contrast, controls, .. } = comparison;
    let others: Vec<String> = controls
        .others
        .iter()
        .map(|other| format!("{} of {} by {}", other.n_found, other.n_units, other.name))
        .collect();
    let names = |classes: &[String]| classes.join(" and ").replace('_', " ");
    let kind = if synthetic { "synthetic " } else { "" };
    format!(
        "Which filters respond to {} and which to {} is a test instead of a look: over {} {kind}micrographs, {} of {} filters \
         differ at a false discovery rate of {:.0} %. Controls: {:.0} % of the repetitions with shuffled labels find any; {}.",
        names(&contrast.a.classes),
        names(&contrast.b.classes),
        contrast.a.n_images + contrast.b.n_images,
        contrast.n_found,
        contrast.n_units,
        100.0 * contrast.config.false_share,
        100.0 * controls.shuffled.share,
        others.join(", ")
    )
}
