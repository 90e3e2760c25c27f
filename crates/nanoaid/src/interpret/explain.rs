//! Explain: which parts of a micrograph, and which units, make a network give a class, or make a unit fire.
//!
//! An *attribution* is a plane of the micrograph's size: what each pixel adds to a score. There is no one right way to make
//! it, so several [`Method`]s are shown side by side, each with the number that says how well it explains: what it sums
//! up to, and how the score falls where its highest parts are removed. Beside them stand [`Control`]s, maps that know
//! nothing of the network. A classifier sees a micrograph as square views; attributions are brought back to the
//! micrograph's own pixels by the transpose of the resampling, and keep their sums.
//!
//! Nothing here knows files; [`explain_file`] does.

mod area;
mod attribution;
mod cam;
mod cells;
mod check;
mod control;
mod counterfactual;
mod error;
mod faithfulness;
mod file;
mod fill;
mod gradient;
mod method;
mod nearest;
mod picture;
mod relevance;
mod removal;
mod result;
mod scored;
mod summary;
mod target;
#[cfg(test)]
mod tests;
mod unit;

pub use area::AreaShare;
pub use control::Control;
pub use counterfactual::Counterfactual;
pub use error::ExplainError;
pub use faithfulness::Faithfulness;
pub(crate) use file::COMMAND;
pub use file::{
    BarShare, ExplainFiles, ExplainPictures, ExplainRecord, ExplainSettings, Explainer, explain_file,
    methods_csv,
};
pub use fill::Fill;
pub use gradient::Baseline;
pub use method::{Method, NoMethod};
pub use nearest::{Nearest, Neighbour, References};
pub use result::{Checks, Completeness, ControlResult, Explanation, MethodResult, Randomized};
pub use summary::{MethodSummary, groups_in, summary, summary_csv};
pub use target::Target;
pub use unit::UnitShare;

pub(super) use area::areas;
pub(super) use control::randomized;
pub(super) use error::go_on;
pub(super) use gradient::mean;
pub(super) use picture::Canvas;
pub(super) use removal::mean_logits;
pub(super) use scored::Scored;
pub(super) use target::{class_names, logit_layer};

use std::ops::ControlFlow;

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::interpret::views::Views;
use crate::network::{Layer, ValueId};
use crate::train::regression::argmax;
use crate::{ConfigError, Network};
use attribution::{Attribution, Subject};
use cells::Cells;
use error::Tick;
use faithfulness::{CELLS, faithfulness, rank_correlation};
use removal::Removal;
use target::Score;

/// Largest image in Mpx that a network sees as a whole, for its gradients.
const MOST_MPX: usize = 4;
/// Relative gap above which an attribution is reported as incomplete.
const LARGE_GAP: f64 = 0.05;
/// Mean rank correlation of the methods below which they disagree.
const AGREEMENT: f64 = 0.3;
/// Density of an attribution on letters or border, relative to the whole, from which on they may be a shortcut.
const SHORTCUT: f64 = 3.0;
/// Least share of an attribution there.
const SHORTCUT_SHARE: f64 = 0.1;

/// How a score is explained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExplainConfig {
    /// What is explained.
    pub target: Target,
    /// Methods, the first of which decides about the counterfactual; empty: [`Method::USUAL`] or [`Method::QUICK`], as far as they
    /// fit the network.
    pub methods: Vec<Method>,
    /// Layer of class activation maps; `None`: those that are pooled for the score, else the last one with a map.
    pub layer: Option<String>,
    /// From where gradients are integrated.
    pub baseline: Baseline,
    /// Most steps of integrated gradients, 1 to 1024.
    pub most_steps: usize,
    /// What stands where parts are removed.
    pub fill: Fill,
    /// Most masks of RISE, 100 to 10 000.
    pub most_masks: usize,
    /// Whether the built-in segmenter finds particles, fibres and pores, to see what attributions lie on.
    pub structures: bool,
    /// How much is found out beside the maps.
    pub thoroughness: Thoroughness,
    /// Seed of all random numbers.
    pub seed: u64,
}

/// How much is found out beside the maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thoroughness {
    /// What maps lie on, and units; of methods that are not named the quick ones: at once.
    Quick,
    /// Deletion and insertion beside controls, and the counterfactual, too: seconds.
    #[default]
    Usual,
    /// Other fills, random weights, noise and another class, too: minutes.
    Checks,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self {
            target: Target::Answer,
            methods: Vec::new(),
            layer: None,
            baseline: Baseline::default(),
            most_steps: 256,
            fill: Fill::default(),
            most_masks: 2000, // its error is mostly small enough before
            structures: true,
            thoroughness: Thoroughness::default(),
            seed: 0,
        }
    }
}

impl ExplainConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if !(1..=1024).contains(&self.most_steps) {
            return Err(ConfigError::new("most_steps", self.most_steps, "1 to 1024"));
        }
        if !(100..=10_000).contains(&self.most_masks) {
            return Err(ConfigError::new("most_masks", self.most_masks, "100 to 10000"));
        }
        let mut seen = self.methods.clone();
        while let Some(method) = seen.pop() {
            if seen.contains(&method) {
                return Err(ConfigError::new("methods", method, "each method once"));
            }
        }
        Ok(self)
    }

    /// Refuses a class, a unit or a layer that `network` does not have, before a micrograph is read.
    ///
    /// # Errors
    /// What is missing, with what there is.
    pub fn check(&self, network: &Network) -> Result<(), ExplainError> {
        if let Some(layer) = &self.layer {
            network.known_layer(layer)?;
        }
        self.target.check(network)
    }
}

/// An explained score with its maps.
#[derive(Clone, Debug)]
pub struct Explained {
    /// All numbers.
    pub explanation: Explanation,
    /// What each pixel adds to the score, by each method, `[H, W]`.
    pub maps: Vec<Plane>,
    /// What each pixel adds by way of each unit.
    pub of_units: Vec<Plane>,
    /// How many views each pixel is in: where they overlap, maps are sums over several.
    pub coverage: Plane,
    /// 1 where the counterfactual removes, else 0.
    pub removed: Option<Plane>,
}

/// Explains a score of `network`, of grey images, for `plane`, values in `[0, 1]`. `tick` is called between steps; where it
/// breaks, the work ends.
///
/// # Errors
/// If a setting is out of range, there is no such class or unit, a method that was named does not fit the network, or the image is too
/// small or too large.
///
/// # Panics
/// If `plane` is empty, or the network is for colors.
///
/// ```
/// use std::ops::ControlFlow;
/// use micrograph::Plane;
/// use nanoaid::interpret::explain::{ExplainConfig, Method, explain};
/// use nanoaid::{Architecture, CompactConfig, Device, Network};
///
/// let config = CompactConfig { stages: vec![4, 6], further: vec![], view_px: 16, ..Default::default() };
/// let network = Network::random(Architecture::Compact(config), 0, Device::Cpu)?;
/// let plane = Plane::from_fn(20, 28, |y, x| ((3 * y + x) % 7) as f32 / 6.0);
///
/// let config = ExplainConfig { methods: vec![Method::HiresCam], structures: false, ..Default::default() };
/// let found = explain(&network, &plane, &config, &mut || ControlFlow::Continue(()))?;
/// let complete = found.explanation.methods[0].completeness.as_ref().unwrap();
/// assert!(complete.gap() < 1e-3, "the map sums up to the score");
/// assert_eq!((found.maps[0].height(), found.maps[0].width()), (20, 28));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(
    network: &Network,
    plane: &Plane,
    config: &ExplainConfig,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Explained, ExplainError> {
    let config = config.clone().checked()?;
    let size = (plane.height(), plane.width());
    let task = Task::new(network, plane, &config)?;
    let Task { of: ScoredPlane { views, logits, scored }, layers } = &task;
    let (subject, score) = (task.subject(plane, &config), scored.score());
    let mut warnings = Vec::new();
    let attributions = attributions(&subject, scored, &mut warnings, tick)?;
    let (methods, found): (Vec<Method>, Vec<Attribution>) = attributions.into_iter().unzip();

    let controls: Vec<Plane> = Control::ALL.iter().map(|control| control.map(plane, config.seed)).collect();
    let maps: Vec<&Plane> = found.iter().map(|one| &one.map).chain(&controls).collect();
    let mut faithful: Vec<Vec<Faithfulness>> = vec![Vec::new(); maps.len()];
    let fills = match config.thoroughness {
        Thoroughness::Quick => Vec::new(),
        Thoroughness::Usual => vec![config.fill],
        Thoroughness::Checks => {
            let others = Fill::CHECKED.into_iter().filter(|fill| *fill != config.fill);
            std::iter::once(config.fill).chain(others).collect()
        }
    };
    for fill in fills {
        let removal = Removal { fill, ..subject.removal(scored) };
        match faithfulness(&removal, &maps, config.seed, tick)? {
            Some(of_maps) => faithful.iter_mut().zip(of_maps).for_each(|(all, one)| all.push(one)),
            None => warnings.push(format!(
                "removing the whole micrograph (fill: {}) changes the score by less than 5 %: deletion and insertion are not given",
                fill.name()
            )),
        }
    }
    let second = second_class(network, logits, score);
    let checks = match config.thoroughness {
        Thoroughness::Checks => {
            check::checks(&subject, scored, (&methods, &maps[..methods.len()]), second, tick)?
                .into_iter()
                .map(Some)
                .collect()
        }
        _ => vec![None; methods.len()],
    };
    let cells = Cells::new(size, CELLS);
    let means: Vec<Vec<f64>> = maps.iter().map(|map| cells.means(map)).collect();
    let agreement = means.iter().map(|a| means.iter().map(|b| rank_correlation(a, b)).collect()).collect();

    let of_layers = subject.layer_gradients(scored, layers, tick)?;
    let names: Vec<&str> = layers.iter().map(|&id| scored.name(id)).collect();
    let (units, of_units) = unit::units(&names, &of_layers, views).into_iter().unzip();
    // of another class than the answer there is nothing to change
    let class = score.class.filter(|class| *class == argmax(logits));
    let class = class.filter(|_| config.thoroughness != Thoroughness::Quick);
    let classes = class_names(network);
    let counterfactual = match class {
        Some(class) => {
            let removal = subject.removal(scored);
            counterfactual::counterfactual((&removal, &classes), (&found[0].map, class), config.seed, tick)?
        }
        None => None,
    };
    let (counterfactual, removed) = counterfactual.unzip();
    let controls_with = faithful.split_off(methods.len());
    let of_areas = areas(plane, config.structures, &mut warnings, tick)?;
    let of_areas = of_areas.iter().map(|area| area.share(&maps[..methods.len()])).collect();
    let value = mean(&scored.scores(&views.cut(plane), tick)?);
    let mut own_maps = Vec::with_capacity(methods.len());
    let results = methods.into_iter().zip(found).zip(faithful).zip(checks);
    let results = results.map(|(((method, one), faithfulness), checks)| {
        own_maps.push(one.map);
        MethodResult { method, completeness: one.completeness, n_steps: one.n_steps, faithfulness, checks }
    });
    let mut explanation = Explanation {
        target: score.text.clone(),
        class: score.class.map(|class| classes[class].clone()),
        score: value,
        n_views: views.len(),
        view_px: views.size(),
        layers: names.into_iter().map(str::to_owned).collect(),
        baseline: config.baseline,
        methods: results.collect(),
        controls: Control::ALL
            .into_iter()
            .zip(controls_with)
            .map(|(control, faithfulness)| ControlResult { control, faithfulness })
            .collect(),
        agreement,
        areas: of_areas,
        units,
        counterfactual,
        warnings,
    };
    let more = doubts(&explanation);
    explanation.warnings.extend(more);
    Ok(Explained { explanation, maps: own_maps, of_units, coverage: views.coverage(), removed })
}

/// A score of a network for a micrograph, and how the network sees it.
pub(super) struct ScoredPlane<'a> {
    pub views: Views,
    /// The mean over the views; empty where the network has no classes.
    pub logits: Vec<f64>,
    pub scored: Scored<'a>,
}

impl<'a> ScoredPlane<'a> {
    /// The score that `target` means of `plane`.
    pub(super) fn new(network: &'a Network, plane: &Plane, target: &Target) -> Result<Self, ExplainError> {
        let size = (plane.height(), plane.width());
        let views = Views::of(network, size);
        if views.size() == size && size.0 * size.1 > MOST_MPX * 1_000_000 {
            return Err(ExplainError::TooLarge { height: size.0, width: size.1, most: MOST_MPX });
        }
        Self::fits(network, views.size())?;
        let logits = mean_logits(network, &views.cut(plane));
        let score = target.score(network, &logits)?;
        let described = network.known_layer(&score.layer)?;
        if let Some((y, x)) = score.position {
            let (height, width) =
                (described.map_length(views.size().0), described.map_length(views.size().1));
            if y >= height || x >= width {
                return Err(ExplainError::NoPosition { unit: score.text, height, width });
            }
        }
        Ok(Self { views, logits, scored: Scored::new(network, score) })
    }

    /// Refuses views that are too small for a layer.
    pub(super) fn fits(network: &Network, (height, width): (usize, usize)) -> Result<(), ExplainError> {
        let too_small = |layer: &&Layer| layer.map_length(height) == 0 || layer.map_length(width) == 0;
        match network.layers().iter().find(too_small) {
            None => Ok(()),
            Some(layer) => {
                let (layer, least) = (layer.name.clone(), layer.least_px());
                Err(ExplainError::TooSmall { height, width, layer, least })
            }
        }
    }
}

/// What is explained of a micrograph.
struct Task<'a> {
    of: ScoredPlane<'a>,
    /// Layers of class activation maps, at least one.
    layers: Vec<ValueId>,
}

impl<'a> Task<'a> {
    fn new(network: &'a Network, plane: &Plane, config: &ExplainConfig) -> Result<Self, ExplainError> {
        let of = ScoredPlane::new(network, plane, &config.target)?;
        let (height, width) = of.views.size();
        let layers = match &config.layer {
            Some(name) => vec![of.scored.map_layer(name, (height, width))?],
            None => of.scored.map_layers((height, width)),
        };
        if layers.is_empty() {
            return Err(ExplainError::NoMap { height, width });
        }
        Ok(Self { of, layers })
    }

    fn subject<'b>(&'b self, plane: &'b Plane, config: &'b ExplainConfig) -> Subject<'b> {
        Subject { plane, views: &self.of.views, config, layers: &self.layers }
    }
}

/// The map of `method`, over and over, for benchmarks.
///
/// # Errors
/// See [`explain`].
pub(crate) fn repeated<'a>(
    network: &'a Network,
    plane: &'a Plane,
    config: &'a ExplainConfig,
    method: Method,
) -> Result<impl FnMut() -> Result<Plane, ExplainError> + use<'a>, ExplainError> {
    let task = Task::new(network, plane, config)?;
    Ok(move || {
        let subject = task.subject(plane, config);
        let found = subject.attribution(&task.of.scored, method, &mut || ControlFlow::Continue(()))?;
        Ok(found.map)
    })
}

/// A forward and a backward pass to the pixels, over and over, for benchmarks.
///
/// # Errors
/// See [`explain`].
pub(crate) fn passes<'a>(
    network: &'a Network,
    plane: &'a Plane,
) -> Result<impl FnMut() -> Result<Vec<Plane>, ExplainError> + use<'a>, ExplainError> {
    let of = ScoredPlane::new(network, plane, &Target::Answer)?;
    Ok(move || {
        let (_, gradients) = of.scored.gradients(&of.views.cut(plane), &mut || ControlFlow::Continue(()))?;
        Ok(gradients)
    })
}

/// The maps of all methods; of the usual ones those that do not fit the network are left out, with a warning.
fn attributions(
    subject: &Subject<'_>,
    scored: &Scored<'_>,
    warnings: &mut Vec<String>,
    tick: Tick<'_>,
) -> Result<Vec<(Method, Attribution)>, ExplainError> {
    // of all, too, those are left out that do not fit
    let named = !subject.config.methods.is_empty() && subject.config.methods != Method::ALL;
    let methods = match &subject.config.methods[..] {
        [] if subject.config.thoroughness == Thoroughness::Quick => Method::QUICK.to_vec(),
        [] => Method::USUAL.to_vec(),
        methods => methods.to_vec(),
    };
    if methods.contains(&Method::Rise) && subject.config.fill == Fill::Road {
        warnings.push("rise fills by blur, as its masks are not of cells that road could fill".to_owned());
    }
    let changes_relus = [Method::GuidedBackprop, Method::Deconvnet].iter().any(|of| methods.contains(of));
    if changes_relus && scored.has_other_activations() {
        let text = "guided-backprop and deconvnet change ReLUs only; this network has other functions, too";
        warnings.push(text.to_owned());
    }
    let mut all = Vec::with_capacity(methods.len());
    for method in methods {
        match subject.attribution(scored, method, tick) {
            Ok(found) => all.push((method, found)),
            Err(error @ (ExplainError::NoRule { .. } | ExplainError::NoRelu { .. })) if !named => {
                warnings.push(format!("{method} is left out: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// The score of the class with the second highest logit, where a class is explained.
fn second_class(network: &Network, logits: &[f64], score: &Score) -> Option<Score> {
    let class = score.class?;
    let others = (0..logits.len()).filter(|other| *other != class);
    let second = others.max_by(|&a, &b| logits[a].total_cmp(&logits[b]))?;
    let name = class_names(network).into_iter().nth(second)?;
    Target::Class(name).score(network, logits).ok()
}

/// What speaks against believing an explanation.
fn doubts(found: &Explanation) -> Vec<String> {
    let mut doubts = Vec::new();
    let Some(first) = found.methods.first() else { return doubts };
    for one in &found.methods {
        if let Some(complete) = one.completeness.as_ref().filter(|complete| complete.gap() > LARGE_GAP) {
            // gradient × input is not expected to
            if one.method != Method::GradientXInput {
                doubts.push(format!(
                    "{} sums up to {:.3}, expected {:.3}: read it with caution",
                    one.method, complete.sum, complete.expected
                ));
            }
        }
    }
    let n = found.methods.len();
    let pairs: Vec<f64> =
        (0..n).flat_map(|a| (0..a).map(move |b| (a, b))).filter_map(|(a, b)| found.agreement[a][b]).collect();
    if !pairs.is_empty() && mean(&pairs) < AGREEMENT {
        doubts.push(format!(
            "the methods disagree (mean rank correlation {:.2}): none of them is the explanation",
            mean(&pairs)
        ));
    }
    let insertion = |of: &[Faithfulness]| of.first().map(|one| one.insertion - one.deletion);
    if let Some(own) = insertion(&first.faithfulness) {
        for rival in &found.controls {
            if insertion(&rival.faithfulness).is_some_and(|rival| rival >= own) {
                doubts.push(format!(
                    "{} explains no better than the control “{}”, which knows nothing of the network",
                    first.method, rival.control
                ));
            }
        }
    }
    let is_outside = |name: &str| ["border", "letters and bars"].contains(&name);
    for area in found.areas.iter().filter(|area| is_outside(&area.name)) {
        let shares = found.methods.iter().zip(&area.shares);
        let Some((one, share)) = shares.max_by(|a, b| a.1.total_cmp(b.1)) else { continue };
        if *share >= SHORTCUT_SHARE && *share >= SHORTCUT * area.area {
            doubts.push(format!(
                "{:.0} % of {} lies on {} ({:.1} % of the micrograph): perhaps a shortcut",
                100.0 * share,
                one.method,
                if area.name == "border" { "the border" } else { "letters and bars" },
                100.0 * area.area
            ));
        }
    }
    doubts
}
