//! Ablation: units or concepts switched off or up, and what becomes of the network's answer, its reconstruction, and the units of
//! later layers.
//!
//! Channels are multiplied wherever they are read ([`Network::with_channels_times`]); of a concept its codes are, at each position of
//! its layer ([`ConceptBank`]). The micrograph is passed through as it is and with the change. Beside it stands the change by as many
//! other channels of the same layers, or other concepts, drawn at random: what they bring, too, says little about these.
//!
//! [`ablate`] computes, [`ablate_file`] writes.

mod file;
mod passing;
mod picture;
#[cfg(test)]
mod tests;

pub(crate) use file::COMMAND;
pub use file::{AblateRecord, AblateSettings, AblatedFiles, ConceptsUsed, ablate_file, ablated_csv};
pub use picture::DrawnAblation;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use crate::interpret::concept::ConceptBank;
use crate::interpret::exemplar::ActivationReader;
use crate::interpret::explain::{ExplainError, ScoredPlane, class_names, go_on, logit_layer};
use crate::interpret::reconstructed::reconstructed;
use crate::interpret::views::Views;
use crate::network::{Architecture, NetworkError, NoLayer};
use crate::train::regression::argmax;
use crate::{Address, ConfigError, Network};
use passing::{Passing, values};

/// Rows and columns of a micrograph that a network without views is shown at most: the middle of larger ones.
const MOST_PX: usize = 1024;
/// Units of later layers that are listed, and those with maps.
const N_CHANGED: usize = 12;
const N_MAPS: usize = 4;
/// Draws from which on a change is said not to be special.
const LEAST_CONTROLS: usize = 5;
/// Least standard deviation of a map that its changes are divided by.
const LEAST_DEVIATION: f64 = 1e-6;

/// What is switched off or up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AblateConfig {
    /// Channels, at most 256.
    pub units: Vec<Address>,
    /// Or concepts, by their numbers from 1.
    pub concepts: Vec<usize>,
    /// What their activations, or codes, are multiplied by: 0 switches them off, 2 doubles them. −100 to 100.
    pub times: f32,
    /// How often as many others are drawn, 0 to 1000.
    pub n_controls: usize,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Default for AblateConfig {
    fn default() -> Self {
        Self { units: Vec::new(), concepts: Vec::new(), times: 0.0, n_controls: 10, seed: 0 }
    }
}

impl AblateConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        match (self.units.len(), self.concepts.len()) {
            (0, 0) => return Err(ConfigError::new("units", "none", "a channel, or the number of a concept")),
            (0, _) => {}
            (n, 0) => ConfigError::unless_within("units", n as f64, 1.0..=256.0)?,
            _ => return Err(ConfigError::new("concepts", "units, too", "either units or concepts")),
        }
        if let Some(unit) = (1..self.units.len()).find(|&n| self.units[..n].contains(&self.units[n])) {
            return Err(ConfigError::new("units", &self.units[unit], "each unit once"));
        }
        if let Some(one) = (1..self.concepts.len()).find(|&n| self.concepts[..n].contains(&self.concepts[n]))
        {
            return Err(ConfigError::new("concepts", self.concepts[one], "each concept once"));
        }
        ConfigError::unless_within("times", f64::from(self.times), -100.0..=100.0)?;
        if self.times == 1.0 {
            return Err(ConfigError::new(
                "times",
                self.times,
                "a number other than 1, which changes nothing",
            ));
        }
        ConfigError::unless_within("n_controls", self.n_controls as f64, 0.0..=1000.0)?;
        Ok(self)
    }

    /// Refuses units that `network`, or concepts that `bank`, does not have, before a micrograph is read.
    ///
    /// # Errors
    /// What is missing, with what there is.
    pub fn check(&self, network: &Network, bank: Option<&ConceptBank>) -> Result<(), AblateError> {
        let config = self.clone().checked()?;
        Switched::new(network, bank, &config)?.passing(network, config.times).map(|_| ())
    }
}

/// Why units could not be switched off or up.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum AblateError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such layer or channel.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A unit is a channel.
    #[error("`{unit}` is no channel of a layer: expected one, as in `{example}`")]
    NoChannel { unit: String, example: String },
    /// There is no such concept.
    #[error("no concept {number}, expected 1 to {last}")]
    NoConcept { number: usize, last: usize },
    /// The concepts are those of another network.
    #[error(
        "the concepts are of layer `{layer}` of a network with the SHA-256 {expected}, found one with {found}: name the network of the concepts with --run"
    )]
    OtherNetwork { layer: String, expected: String, found: String },
    /// Numbers of concepts were given without concepts.
    #[error("numbers of concepts without the concepts: name the folder that `nanoaid concepts` wrote")]
    NoConcepts,
    /// The file of the concepts cannot be used.
    #[error("{}: {reason}", path.display())]
    Bank { path: std::path::PathBuf, reason: String },
    /// The micrograph could not be read, or is too small; the error says so.
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

impl AblateError {
    /// Whether the callback ended the work.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Explain(ExplainError::Cancelled))
    }
}

impl From<NoLayer> for AblateError {
    fn from(error: NoLayer) -> Self {
        NetworkError::from(error).into()
    }
}

/// What becomes of a micrograph where units are switched off or up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ablation {
    /// The units, or the concepts, each as it is named.
    pub switched: Vec<String>,
    /// What they are multiplied by.
    pub times: f32,
    /// Logits of all classes; empty without classes.
    pub classes: Vec<ClassChange>,
    /// The class with the highest logit before and after; `None` without classes.
    pub answers: Option<(String, String)>,
    /// Share of the micrograph's variance that the reconstruction has, before and after; `None` for other networks.
    pub reconstruction: Option<(f64, f64)>,
    /// Change of the answer's logit, or of the share of the variance; `None` where the network gives neither.
    pub change: Option<f64>,
    /// That change for each of them alone, where there are several.
    pub alone: Vec<f64>,
    /// That change for as many other channels of the same layers, or concepts, drawn at random.
    pub controls: Vec<f64>,
    /// Units of later layers, those that change most first.
    pub later: Vec<LaterChange>,
    /// What to know about it.
    pub warnings: Vec<String>,
}

/// The logit of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassChange {
    /// The class.
    pub class: String,
    /// Its logit as it is.
    pub before: f64,
    /// Its logit with the units switched off or up.
    pub after: f64,
}

/// A unit of a later layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaterChange {
    /// The unit.
    pub unit: Address,
    /// Its mean activation as it is.
    pub before: f64,
    /// Its mean activation with the units switched off or up.
    pub after: f64,
    /// The difference over the standard deviation of its activations as they are.
    pub change: f64,
}

/// Maps of a unit of a later layer.
#[derive(Clone, Debug)]
pub struct LaterMap {
    /// The unit.
    pub unit: Address,
    /// Its map as it is, `[H, W]`.
    pub before: Plane,
    /// Its map with the units switched off or up.
    pub after: Plane,
}

/// An ablation with what can be shown of it.
#[derive(Clone, Debug)]
pub struct Ablated {
    /// All numbers.
    pub ablation: Ablation,
    /// What the network was shown, `[H, W]`.
    pub plane: Plane,
    /// Of an autoencoder its output before and after, `[H, W]`.
    pub reconstructions: Option<(Plane, Plane)>,
    /// Maps of the units of later layers that change most, before and after, at the size of `plane`.
    pub maps: Vec<LaterMap>,
}

/// Switches units of `network`, of grey images, or concepts of `bank`, off or up for `plane`, values in `[0, 1]`. `tick` is called
/// between steps; where it breaks, the work ends.
///
/// # Errors
/// If a setting is out of range, there is no such unit or concept, or the image is too small.
///
/// ```
/// use std::ops::ControlFlow;
/// use micrograph::Plane;
/// use nanoaid::interpret::ablate::{AblateConfig, ablate};
/// use nanoaid::{Address, Architecture, AutoencoderConfig, Device, Network};
///
/// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
/// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
/// let plane = Plane::from_fn(24, 32, |y, x| ((3 * y + x) % 7) as f32 / 6.0);
///
/// let config = AblateConfig { units: vec![Address::channel("encoder.1", 2)], ..Default::default() };
/// let found = ablate((&network, None), &plane, &config, &mut || ControlFlow::Continue(()))?;
/// let (before, after) = found.ablation.reconstruction.unwrap();
/// assert_eq!(found.ablation.change, Some(after - before));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ablate(
    (network, bank): (&Network, Option<&ConceptBank>),
    plane: &Plane,
    config: &AblateConfig,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Ablated, AblateError> {
    let config = config.clone().checked()?;
    let switched = Switched::new(network, bank, &config)?;
    let seen = Seen::new(network, plane)?;
    let as_it_is = Passing::AsItIs(network);
    let changed = switched.passing(network, config.times)?;
    let before = seen.output(&as_it_is, tick)?;
    let after = seen.output(&changed, tick)?;
    let answer = before.answer();
    let change_of = |output: &Output| Some(output.value(answer)? - before.value(answer)?);
    let mut change_by = |switched: &Switched<'_>| -> Result<Option<f64>, AblateError> {
        Ok(change_of(&seen.output(&switched.passing(network, config.times)?, tick)?))
    };
    let mut alone = Vec::new();
    let parts = switched.parts();
    if parts.len() > 1 {
        for part in &parts {
            alone.extend(change_by(part)?);
        }
    }
    let mut warnings = Vec::new();
    let mut controls = Vec::new();
    let draws = switched.draws(network, config.n_controls, config.seed);
    if draws.is_empty() && config.n_controls > 0 {
        warnings.push("there are no controls, as none of the same kind are left".to_owned());
    }
    for others in &draws {
        controls.extend(change_by(others)?);
    }
    let (later, maps) = seen.later((&as_it_is, &changed), &switched, tick)?;
    if (plane.height(), plane.width()) != (seen.plane.height(), seen.plane.width()) {
        let (height, width) = (seen.plane.height(), seen.plane.width());
        warnings.push(format!("the network was shown the middle {width} × {height} px"));
    }
    let change = change_of(&after);
    if let Some(change) = change.filter(|_| controls.len() >= LEAST_CONTROLS) {
        let as_large = controls.iter().filter(|control| control.abs() >= change.abs()).count();
        if 10 * as_large > controls.len() {
            warnings.push(format!(
                "in {as_large} of {} draws others change the output as much: what was switched is not special for the answer",
                controls.len()
            ));
        }
    }
    let names = class_names(network);
    if after.is_tied() {
        warnings
            .push("afterwards two classes share the highest logit: the first of them is named".to_owned());
    }
    let classes = before
        .logits
        .iter()
        .zip(&after.logits)
        .zip(&names)
        .map(|((before, after), class)| ClassChange { class: class.clone(), before: *before, after: *after });
    let ablation = Ablation {
        switched: parts.iter().map(Switched::text).collect(),
        times: config.times,
        classes: classes.collect(),
        answers: answer.map(|answer| (names[answer].clone(), names[argmax(&after.logits)].clone())),
        reconstruction: before.explained().zip(after.explained()),
        change,
        alone,
        controls,
        later,
        warnings,
    };
    let reconstructions = before.image.zip(after.image).map(|((before, _), (after, _))| (before, after));
    Ok(Ablated { ablation, plane: seen.plane, reconstructions, maps })
}

/// What is switched.
#[derive(Clone, Debug)]
enum Switched<'a> {
    /// Layers and channels.
    Units(Vec<(&'a str, usize)>),
    /// Numbers of concepts.
    Concepts(&'a ConceptBank, Vec<usize>),
}

impl<'a> Switched<'a> {
    fn new(
        network: &Network,
        bank: Option<&'a ConceptBank>,
        config: &'a AblateConfig,
    ) -> Result<Self, AblateError> {
        if !config.concepts.is_empty() {
            let bank = bank.ok_or(AblateError::NoConcepts)?;
            if bank.network != network.sha256() {
                let (expected, found) = (bank.network.clone(), network.sha256().to_owned());
                return Err(AblateError::OtherNetwork { layer: bank.layer.clone(), expected, found });
            }
            let last = bank.n_concepts();
            return match config.concepts.iter().find(|number| !(1..=last).contains(*number)) {
                Some(&number) => Err(AblateError::NoConcept { number, last }),
                None => Ok(Self::Concepts(bank, config.concepts.clone())),
            };
        }
        let of = |unit: &'a Address| match unit {
            Address::Layer { layer, channel: Some(channel), position: None } => {
                Ok((layer.as_str(), *channel))
            }
            _ => {
                let layer = network.layers().first().map_or("", |layer| &layer.name);
                Err(AblateError::NoChannel { unit: unit.to_string(), example: format!("{layer}:0") })
            }
        };
        Ok(Self::Units(config.units.iter().map(of).collect::<Result<_, _>>()?))
    }

    /// Each by itself.
    fn parts(&self) -> Vec<Self> {
        match self {
            Self::Units(units) => units.iter().map(|unit| Self::Units(vec![*unit])).collect(),
            Self::Concepts(bank, all) => all.iter().map(|one| Self::Concepts(bank, vec![*one])).collect(),
        }
    }

    /// What is switched, in words.
    fn text(&self) -> String {
        match self {
            Self::Units(units) => {
                let names =
                    units.iter().map(|(layer, channel)| Address::channel(layer, *channel).to_string());
                names.collect::<Vec<_>>().join(", ")
            }
            Self::Concepts(bank, all) => {
                let names = all.iter().map(|number| format!("concept {number} of {}", bank.layer));
                names.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// How the network passes images with these times `times`.
    fn passing<'b>(&'b self, network: &'b Network, times: f32) -> Result<Passing<'b>, AblateError> {
        Ok(match self {
            Self::Units(units) => {
                let changes: Vec<_> = units.iter().map(|&(layer, channel)| (layer, channel, times)).collect();
                Passing::Changed(network.with_channels_times(&changes)?)
            }
            Self::Concepts(bank, all) => {
                Passing::Concepts { network, bank, changes: all.iter().map(|&one| (one, times)).collect() }
            }
        })
    }

    /// At most `n` times as many others of the same layers, none of them among these; of one each other one at most once.
    fn draws(&self, network: &Network, n: usize, seed: u64) -> Vec<Self> {
        let mut stream = Stream::new(seed, "ablate/control", 0);
        let parts = self.parts();
        let [one] = &parts[..] else {
            return (0..n).filter_map(|_| self.others(network, &mut stream)).collect();
        };
        let mut all: Vec<Self> = match one {
            Self::Units(units) => {
                let (layer, own) = units[0];
                let n_channels = network.layer(layer).map_or(0, |layer| layer.n_channels);
                let others = (0..n_channels).filter(|&channel| channel != own);
                others.map(|channel| Self::Units(vec![(layer, channel)])).collect()
            }
            Self::Concepts(bank, own) => {
                let others = (1..=bank.n_concepts()).filter(|number| !own.contains(number));
                others.map(|number| Self::Concepts(bank, vec![number])).collect()
            }
        };
        stream.shuffle(&mut all);
        all.truncate(n);
        all
    }

    /// As many others of the same layers, none of them among these; `None` if there are too few.
    fn others(&self, network: &Network, stream: &mut Stream) -> Option<Self> {
        match self {
            Self::Units(units) => {
                let mut taken: BTreeSet<(&str, usize)> = units.iter().copied().collect();
                let mut drawn = Vec::with_capacity(units.len());
                for &(layer, _) in units {
                    let left = (0..network.layer(layer)?.n_channels)
                        .filter(|channel| !taken.contains(&(layer, *channel)))
                        .collect::<Vec<usize>>();
                    let channel = *left.get(stream.below(left.len().max(1)))?;
                    taken.insert((layer, channel));
                    drawn.push((layer, channel));
                }
                Some(Self::Units(drawn))
            }
            Self::Concepts(bank, all) => {
                let mut left: Vec<usize> =
                    (1..=bank.n_concepts()).filter(|number| !all.contains(number)).collect();
                stream.shuffle(&mut left);
                left.truncate(all.len());
                (left.len() == all.len()).then_some(Self::Concepts(bank, left))
            }
        }
    }

    /// Whether it is this channel.
    fn holds(&self, unit: (&str, usize)) -> bool {
        matches!(self, Self::Units(units) if units.contains(&unit))
    }

    /// The place of the first of its layers.
    fn first_layer(&self, network: &Network) -> usize {
        match self {
            Self::Units(units) => units.iter().map(|(layer, _)| network.index_of(layer)).min().unwrap_or(0),
            Self::Concepts(bank, _) => network.index_of(&bank.layer),
        }
    }
}

/// What a network is shown.
struct Seen {
    plane: Plane,
    views: Views,
    cut: Vec<Plane>,
}

/// What a network gives.
struct Output {
    /// The mean over the views; empty without classes.
    logits: Vec<f64>,
    /// Of an autoencoder its image, and the share of the variance that it has.
    image: Option<(Plane, f64)>,
}

impl Output {
    /// The class with the highest logit.
    fn answer(&self) -> Option<usize> {
        (!self.logits.is_empty()).then(|| argmax(&self.logits))
    }

    /// Whether a second class has the highest logit.
    fn is_tied(&self) -> bool {
        let most = self.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.logits.iter().filter(|&&logit| logit == most).count() > 1
    }

    fn explained(&self) -> Option<f64> {
        self.image.as_ref().map(|(_, share)| *share)
    }

    /// What counts: the logit of class `answer`, or the share of the variance.
    fn value(&self, answer: Option<usize>) -> Option<f64> {
        answer.map(|answer| self.logits[answer]).or_else(|| self.explained())
    }
}

impl Seen {
    fn new(network: &Network, plane: &Plane) -> Result<Self, AblateError> {
        let whole = (plane.height(), plane.width());
        let plane = if Views::of(network, whole).has_one_size() {
            plane.clone()
        } else {
            plane.middle(whole.0.min(MOST_PX), whole.1.min(MOST_PX))
        };
        let views = Views::of(network, (plane.height(), plane.width()));
        ScoredPlane::fits(network, views.size())?;
        let cut = views.cut(&plane);
        Ok(Self { plane, views, cut })
    }

    fn output(
        &self,
        passing: &Passing<'_>,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Output, AblateError> {
        go_on(tick)?;
        let network = passing.network();
        let image = matches!(network.architecture(), Architecture::Autoencoder(_)).then(|| {
            let last = network.layers().last().map_or("", |layer| &layer.name);
            reconstructed(passing.outputs(&self.plane, &[last]).remove(0), &self.plane)
        });
        let mut logits = Vec::new();
        if let (Some(n_classes), Some(layer)) = (network.n_classes(), logit_layer(network)) {
            logits.resize(n_classes, 0.0);
            for view in &self.cut {
                go_on(tick)?;
                let found = values(passing.outputs(view, &[&layer]).remove(0));
                let share = 1.0 / self.cut.len() as f64;
                logits.iter_mut().zip(found).for_each(|(sum, value)| *sum += share * f64::from(value));
            }
        }
        Ok(Output { logits, image })
    }

    /// The units of layers after those of `switched` that change most, with maps of the first.
    fn later(
        &self,
        (as_it_is, changed): (&Passing<'_>, &Passing<'_>),
        switched: &Switched<'_>,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<(Vec<LaterChange>, Vec<LaterMap>), AblateError> {
        let network = as_it_is.network();
        let first = switched.first_layer(network);
        let mut layers = ActivationReader::usual_layers(network);
        layers.retain(|layer| network.index_of(layer) > first);
        let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
        let (before, after) = (self.maps(as_it_is, &layers, tick)?, self.maps(changed, &layers, tick)?);
        let mut all: Vec<(LaterChange, (usize, usize))> = Vec::new();
        // of one position nothing is known of how far its values spread
        for (place, layer) in layers.iter().enumerate().filter(|(place, _)| before[*place].n_positions() > 1)
        {
            for channel in (0..before[place].n_channels).filter(|&channel| !switched.holds((layer, channel)))
            {
                let (mean, deviation) = before[place].moments(channel);
                let (new, _) = after[place].moments(channel);
                let change = (new - mean) / deviation.max(LEAST_DEVIATION);
                let unit = Address::channel(layer, channel);
                if deviation > 0.0 && change != 0.0 {
                    all.push((LaterChange { unit, before: mean, after: new, change }, (place, channel)));
                }
            }
        }
        all.sort_by(|a, b| b.0.change.abs().total_cmp(&a.0.change.abs()));
        all.truncate(N_CHANGED);
        // where views overlap, a map is a sum over several
        let coverage = self.views.coverage();
        let maps = all.iter().take(N_MAPS).map(|(one, (place, channel))| {
            let of = |maps: &LayerMaps| {
                let sums = self.views.enlarged(&maps.of_views(*channel));
                let means = sums.values().iter().zip(coverage.values()).map(|(sum, n)| sum / n);
                Plane::new(sums.height(), sums.width(), means.collect())
            };
            LaterMap { unit: one.unit.clone(), before: of(&before[*place]), after: of(&after[*place]) }
        });
        let maps = maps.collect();
        Ok((all.into_iter().map(|(one, _)| one).collect(), maps))
    }

    /// The maps of all `layers`, by layer.
    fn maps(
        &self,
        passing: &Passing<'_>,
        layers: &[&str],
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Vec<LayerMaps>, AblateError> {
        let mut all: Vec<LayerMaps> = Vec::new();
        for view in &self.cut {
            go_on(tick)?;
            for (place, maps) in passing.outputs(view, layers).into_iter().enumerate() {
                let [_, n_channels, height, width] = maps.dims();
                if all.len() <= place {
                    all.push(LayerMaps { n_channels, height, width, views: Vec::new() });
                }
                all[place].views.push(values(maps));
            }
        }
        Ok(all)
    }
}

/// Maps of a layer for all views, `[C, H, W]` each.
struct LayerMaps {
    n_channels: usize,
    height: usize,
    width: usize,
    views: Vec<Vec<f32>>,
}

impl LayerMaps {
    fn n_positions(&self) -> usize {
        self.height * self.width
    }

    fn channel<'a>(&self, view: &'a [f32], channel: usize) -> &'a [f32] {
        &view[channel * self.n_positions()..(channel + 1) * self.n_positions()]
    }

    /// Mean and standard deviation of a channel over all views and positions.
    fn moments(&self, channel: usize) -> (f64, f64) {
        let n = (self.views.len() * self.n_positions()).max(1) as f64;
        let all =
            || self.views.iter().flat_map(|view| self.channel(view, channel)).map(|&value| f64::from(value));
        let mean = all().sum::<f64>() / n;
        let variance = all().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt())
    }

    fn of_views(&self, channel: usize) -> Vec<Plane> {
        let plane =
            |view: &Vec<f32>| Plane::new(self.height, self.width, self.channel(view, channel).to_vec());
        self.views.iter().map(plane).collect()
    }
}
