//! Tuning: what the channels of a network answer to gratings, lattices, discs and noise that are
//! drawn for the purpose.
//!
//! A network of one grey channel and names of layers go in; for each channel the axis, period and
//! polarity that drive it most come out, how much others do, and the curves, or why there is nothing
//! to tell. Lengths are in px; nanometres come by [`Preferred::period_nm`] from a stated pixel size.
//!
//! What is read is the activation that the layer gives on, behind its ReLU if it has one: that is what
//! later layers see and exemplars are ranked by. Where the unit fires, its value before the ReLU would
//! give the same largest answer; where it does not, nothing is passed on. (A layer before its ReLU
//! that has a name, such as a batch norm, can be asked for by it.)
//!
//! After Lucid's synthetic tuning and the custom of visual physiology (Ringach et al. 2002 on the
//! circular variance). It knows nothing of micrographs, training or files.

mod reader;
mod refine;
mod result;
mod scan;
mod scan_result;
mod stimulus;
mod stimulus_set;
#[cfg(test)]
mod tests;
mod wave;

use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

pub use micrograph::synth::DotLattice;
pub use result::{
    Curves, GratingTuning, LEAST_SELECTIVITY, LEAST_TOLD_PX, LayerTuning, NetworkTuning, NoiseCurve, Period,
    Preferred, SCHEMA_VERSION, UnitTuning, Untuned,
};
pub use scan::{LayerScan, scan_score};
pub use scan_result::{GratingScan, ScanPeak};
pub use stimulus::{Disc, Grating, LEAST_PERIOD_PX, Lattice, MEAN, PROBE_PX, Polarity, Profile, Stimulus};
pub use stimulus_set::{DiscKind, LatticeKind, StimulusActivation};

use crate::network::NoLayer;
use crate::{ConfigError, Layer, Network};
use reader::{Activations, PositionReader, ReadPosition};
use refine::Search;
use result::{balance, half_width, selectivity};
use stimulus_set::{PROFILES, StimulusSet, discs, lattices, phases};

/// Share of the layer's largest gain below which rounding may decide.
const LEAST_SHARE: f64 = 1e-3;
/// Share of the layer's largest difference of activations that counts as none, being of rounding.
const CONSTANT_SHARE: f64 = 1e-5;

/// Which stimuli are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuningConfig {
    /// Axes of the stimuli, evenly over 180°; 4 to 90.
    pub axes: usize,
    /// Periods of the stimuli an octave, 1 to 12; they end at twice the receptive field, or twice the picture where that
    /// is smaller.
    pub periods_per_octave: usize,
    /// Shortest period in px, 2.2 to 64.
    pub shortest_px: f64,
    /// Phases of a grating, 4 to 64.
    pub phases: usize,
    /// Shifts and axes of a lattice, 1 to 256.
    pub lattice_views: usize,
    /// Rms contrast of gratings and lattices in grey levels, 0.001 to 0.2.
    pub contrast: f64,
    /// Most rounds in which axis and period are refined, 0 to 16; none where the receptive field does not fit into the
    /// pictures.
    pub rounds: usize,
    /// Standard deviations of the noise in grey levels, rising, above 0 to 2.
    pub noise_sd: Vec<f64>,
    /// Draws of the noise, 1 to 256.
    pub noise_draws: usize,
    /// Height and width that pictures have at most, in px, 32 to 1024; they are smaller where the
    /// receptive field is.
    pub largest_px: usize,
    /// Height and width of pictures where the receptive field is the whole image, in px, 32 to 1024.
    pub whole_px: usize,
    /// Seed of noise and missing sites.
    pub seed: u64,
}

impl Default for TuningConfig {
    fn default() -> Self {
        Self {
            axes: 12,              // 15° apart: closer than what 3 × 3 kernels tell apart
            periods_per_octave: 2, // neighbours overlap for bandwidths from half an octave on
            shortest_px: 2.5,
            phases: 8, // the largest between them is then found to 1 %
            lattice_views: 12,
            contrast: 0.2, // the most at which sparse dots stay in [0, 1]
            rounds: 3,
            noise_sd: vec![0.05, 0.1, 0.2, 0.4],
            noise_draws: 4,
            largest_px: 256,
            whole_px: 128, // a view of the built-in classifier
            seed: 0,
        }
    }
}

impl TuningConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let whole = |name: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
            ConfigError::unless_within(name, value as f64, *range.start() as f64..=*range.end() as f64)
        };
        whole("tuning.axes", self.axes, 4..=90)?;
        whole("tuning.periods_per_octave", self.periods_per_octave, 1..=12)?;
        ConfigError::unless_within("tuning.shortest_px", self.shortest_px, 2.2..=64.0)?;
        whole("tuning.phases", self.phases, 4..=64)?;
        whole("tuning.lattice_views", self.lattice_views, 1..=256)?;
        ConfigError::unless_within("tuning.contrast", self.contrast, 0.001..=0.2)?;
        whole("tuning.rounds", self.rounds, 0..=16)?;
        for &sd in &self.noise_sd {
            ConfigError::unless_within("tuning.noise_sd", sd, f64::MIN_POSITIVE..=2.0)?;
        }
        if self.noise_sd.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(ConfigError::new("tuning.noise_sd", format!("{:?}", self.noise_sd), "rising values"));
        }
        whole("tuning.noise_draws", self.noise_draws, 1..=256)?;
        whole("tuning.largest_px", self.largest_px, 32..=1024)?;
        whole("tuning.whole_px", self.whole_px, 32..=1024)?;
        Ok(self)
    }
}

/// Why there is no tuning.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum TuningError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Stimuli are grey.
    #[error("the network takes images of {channels} channels, expected 1 (gray)")]
    NotGray { channels: usize },
    /// The network has no layer of that name.
    #[error(transparent)]
    NoLayer(#[from] NoLayer),
    /// The largest picture allowed has no position at the layer.
    #[error("layer `{layer}` needs larger pictures than {largest_px} px: raise `largest_px`")]
    TooSmall { layer: String, largest_px: usize },
    /// The layer has fewer channels.
    #[error("layer `{layer}` has channels 0 to {last}, found {channel}")]
    NoChannel { layer: String, channel: usize, last: usize },
    /// The work was ended from outside.
    #[error("cancelled")]
    Cancelled,
}

/// What is done next, reported before each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TuningStep<'a> {
    /// All units of the layer are shown the same stimuli.
    AllStimuli {
        /// The layer.
        layer: &'a str,
    },
    /// Each of its units is shown gratings of its own.
    Refine {
        /// The layer.
        layer: &'a str,
    },
}

/// The tuning of all channels of `layers`. The same bytes for any number of threads on the CPU, and
/// for a layer whatever others are requested. On [`ControlFlow::Break`] the work ends at the next part.
///
/// # Errors
/// If a setting is out of range, the network's images are not grey, it has no such layer, or
/// `progress` ended the work.
pub fn tune(
    network: &Network,
    layers: &[&str],
    config: &TuningConfig,
    progress: &mut dyn FnMut(TuningStep<'_>) -> ControlFlow<()>,
) -> Result<NetworkTuning, TuningError> {
    let config = config.clone().checked()?;
    if network.channels_in() != 1 {
        return Err(TuningError::NotGray { channels: network.channels_in() });
    }
    let sites: Vec<ReadPosition> =
        layers.iter().map(|layer| site_of(network, layer, &config)).collect::<Result<_, _>>()?;
    let mut done: Vec<Option<LayerTuning>> = vec![None; layers.len()];
    for first in 0..layers.len() {
        if done[first].is_some() {
            continue;
        }
        // layers that are read at the same place share their pictures
        let together: Vec<usize> =
            (first..layers.len()).filter(|&other| sites[other] == sites[first]).collect();
        let names: Vec<&str> = together.iter().map(|&index| layers[index]).collect();
        unless_cancelled(progress(TuningStep::AllStimuli { layer: names[0] }))?;
        let reader = PositionReader::new(network, &names, sites[first], config.contrast);
        let stimulus_set = StimulusSet::of(&sites[first], &config);
        let surveyed = Surveyed::of(&reader, &stimulus_set, &config);
        for ((name, surveyed), index) in names.iter().zip(surveyed).zip(together) {
            unless_cancelled(progress(TuningStep::Refine { layer: name }))?;
            let reader = PositionReader::new(network, &[name], sites[first], config.contrast);
            let channels: Vec<usize> = (0..surveyed.uniform.len()).collect();
            done[index] = Some(surveyed.layer(name, &channels, &reader, &stimulus_set, &config));
        }
    }
    Ok(NetworkTuning {
        schema_version: SCHEMA_VERSION,
        network_sha256: network.sha256().to_owned(),
        config,
        layers: done.into_iter().flatten().collect(),
    })
}

/// The tuning of one `channel` of `layer`, as [`tune`] gives it: [`LayerTuning::units`] holds that one alone. Its
/// stimuli are those of the layer, without those of the other channels.
///
/// # Errors
/// As [`tune`], or if the layer has no such channel.
pub fn tune_unit(
    network: &Network,
    layer: &str,
    channel: usize,
    config: &TuningConfig,
    progress: &mut dyn FnMut(TuningStep<'_>) -> ControlFlow<()>,
) -> Result<LayerTuning, TuningError> {
    let config = config.clone().checked()?;
    if network.channels_in() != 1 {
        return Err(TuningError::NotGray { channels: network.channels_in() });
    }
    let n_channels = network.known_layer(layer)?.n_channels;
    if channel >= n_channels {
        return Err(TuningError::NoChannel { layer: layer.to_owned(), channel, last: n_channels - 1 });
    }
    let site = site_of(network, layer, &config)?;
    unless_cancelled(progress(TuningStep::AllStimuli { layer }))?;
    let reader = PositionReader::new(network, &[layer], site, config.contrast);
    let stimulus_set = StimulusSet::of(&site, &config);
    let surveyed = Surveyed::of(&reader, &stimulus_set, &config).remove(0);
    unless_cancelled(progress(TuningStep::Refine { layer }))?;
    Ok(surveyed.layer(layer, &[channel], &reader, &stimulus_set, &config))
}

/// Where `layer` is read.
fn site_of(network: &Network, layer: &str, config: &TuningConfig) -> Result<ReadPosition, TuningError> {
    let found = network.known_layer(layer)?;
    let largest_px = if found.receptive_field_px.is_some() { config.largest_px } else { config.whole_px };
    let site = ReadPosition::of(found, coarsest_stride(network, found), largest_px);
    if site.side_px == 0 || found.map_length(site.side_px) == 0 {
        return Err(TuningError::TooSmall { layer: layer.to_owned(), largest_px });
    }
    Ok(site)
}

/// A few stimuli of the tuning of a layer, to learn how long all of them take.
pub(crate) struct TriedStimuli {
    reader: PositionReader,
    stimuli: Vec<Stimulus>,
    n_in_all: usize,
}

impl TriedStimuli {
    /// Of `layer`.
    ///
    /// # Errors
    /// If there is no such layer, or it is too small.
    pub(crate) fn new(network: &Network, layer: &str, config: &TuningConfig) -> Result<Self, TuningError> {
        let site = site_of(network, layer, config)?;
        let reader = PositionReader::new(network, &[layer], site, config.contrast);
        let set = StimulusSet::of(&site, config);
        let of_all = set.gratings().len() * config.phases
            + set.lattices.len() * config.lattice_views
            + set.discs.iter().map(|kind| discs(kind, site.seen_px()).count()).sum::<usize>();
        let of_unit = rounds_of(&site, config) * refine::MOST_IN_CROSS * config.phases
            + config.noise_sd.len() * config.noise_draws;
        let n_tried = reader.n_together() * rayon::current_num_threads();
        Ok(Self {
            stimuli: phases(set.gratings()[0], n_tried).collect(),
            reader,
            n_in_all: of_all + network.known_layer(layer)?.n_channels * of_unit,
        })
    }

    /// Shows them.
    pub(crate) fn run(&self) {
        self.reader.stimuli(&self.stimuli);
    }

    /// Their number.
    pub(crate) fn n(&self) -> usize {
        self.stimuli.len()
    }

    /// The number of stimuli that the tuning shows at most.
    pub(crate) fn n_in_all(&self) -> usize {
        self.n_in_all
    }
}

fn unless_cancelled(flow: ControlFlow<()>) -> Result<(), TuningError> {
    if flow.is_break() { Err(TuningError::Cancelled) } else { Ok(()) }
}

/// Rounds of refinement at `site`: none where the receptive field does not fit into the pictures. The zeros around them
/// have a part in all answers there, so that finer steps would refine what is not the unit's own.
fn rounds_of(site: &ReadPosition, config: &TuningConfig) -> usize {
    if site.inside { config.rounds } else { 0 }
}

/// Largest stride on the way from the image to `layer`.
fn coarsest_stride(network: &Network, layer: &Layer) -> usize {
    let last = network.index_of(&layer.name);
    let needed = network.graph().needed(last + 1);
    let on_the_way = network.layers()[..=last].iter().enumerate().filter(|(index, _)| needed[index + 1]);
    on_the_way.map(|(_, layer)| layer.stride).max().unwrap_or(1)
}

/// What the units of one layer answered to the stimuli, `[stimulus][channel]`.
struct Surveyed {
    uniform: Vec<f32>,
    gratings: Vec<Vec<StimulusActivation>>,
    /// Phases of the gratings' largest activations.
    phases: Vec<Vec<f64>>,
    lattices: Vec<Vec<StimulusActivation>>,
    discs: Vec<Vec<StimulusActivation>>,
}

impl Surveyed {
    /// Of each layer of `reader`.
    fn of(reader: &PositionReader, stimulus_set: &StimulusSet, config: &TuningConfig) -> Vec<Self> {
        let gratings: Vec<Vec<Stimulus>> = stimulus_set
            .gratings()
            .into_iter()
            .map(|grating| phases(grating, config.phases).collect())
            .collect();
        let of_lattice = |kind| lattices(kind, config.lattice_views, config.seed).collect();
        let all_lattices: Vec<Vec<Stimulus>> = stimulus_set.lattices.iter().map(of_lattice).collect();
        let of_disc = |kind| discs(kind, reader.site.seen_px()).collect();
        let all_discs: Vec<Vec<Stimulus>> = stimulus_set.discs.iter().map(of_disc).collect();
        let uniform = reader.stimuli(&[Stimulus::Uniform]);
        let gratings = answers(reader, &gratings, StimulusActivation::of_phases);
        let lattices = answers(reader, &all_lattices, StimulusActivation::of);
        let discs = answers(reader, &all_discs, StimulusActivation::of);
        let layers = uniform.into_iter().zip(gratings).zip(lattices).zip(discs);
        layers
            .map(|(((mut uniform, gratings), lattices), discs)| {
                let (gratings, phases) = gratings.into_iter().map(|all| all.into_iter().unzip()).unzip();
                Self { uniform: uniform.remove(0), gratings, phases, lattices, discs }
            })
            .collect()
    }

    fn gain(&self, answer: &StimulusActivation, channel: usize) -> f64 {
        f64::from(answer.max) - f64::from(self.uniform[channel])
    }

    /// The stimulus with the largest gain for `channel`, the first of equal ones, and that gain.
    fn best(&self, answers: &[Vec<StimulusActivation>], channel: usize) -> (usize, f64) {
        let gains = answers.iter().map(|answers| self.gain(&answers[channel], channel)).enumerate();
        gains.fold((0, f64::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
    }

    /// Difference of the largest and the smallest activation of `channel`.
    fn spread(&self, channel: usize) -> f64 {
        let all = self.gratings.iter().chain(&self.lattices).chain(&self.discs);
        let values = all.flat_map(|answers| [answers[channel].max, answers[channel].mean]);
        let uniform = self.uniform[channel];
        let (low, high) =
            values.fold((uniform, uniform), |(low, high), value| (low.min(value), high.max(value)));
        f64::from(high) - f64::from(low)
    }

    /// The tuning of `channels`, after refinement with `reader`, which reads the layer alone.
    fn layer(
        &self,
        name: &str,
        channels: &[usize],
        reader: &PositionReader,
        stimulus_set: &StimulusSet,
        config: &TuningConfig,
    ) -> LayerTuning {
        let n_channels = self.uniform.len();
        let bests: Vec<(usize, f64)> =
            (0..n_channels).map(|channel| self.best(&self.gratings, channel)).collect();
        let strongest = bests.iter().map(|best| best.1).fold(0.0, f64::max);
        let widest = (0..n_channels).map(|channel| self.spread(channel)).fold(0.0, f64::max);
        let untuned: Vec<Option<Untuned>> = (0..n_channels)
            .map(|channel| {
                let gain = bests[channel].1;
                if self.spread(channel) <= CONSTANT_SHARE * widest {
                    Some(Untuned::Constant { activation: self.uniform[channel] })
                } else if gain <= CONSTANT_SHARE * widest {
                    Some(Untuned::PrefersUniform)
                } else if gain <= LEAST_SHARE * strongest {
                    Some(Untuned::Weak { least_share: LEAST_SHARE })
                } else {
                    None
                }
            })
            .collect();
        let tuned: Vec<usize> =
            channels.iter().copied().filter(|&channel| untuned[channel].is_none()).collect();
        let starts: Vec<Search> =
            tuned.iter().map(|&channel| self.start(channel, bests[channel].0, stimulus_set)).collect();
        let mut searches = starts.clone();
        refine::refine(&mut searches, reader, config.phases, rounds_of(&reader.site, config));
        for ((search, start), &channel) in searches.iter_mut().zip(&starts).zip(&tuned) {
            // worse than what the stimuli found: the curve has several tops
            if f64::from(search.answer.max) < f64::from(start.answer.max) {
                let grating = stimulus_set.gratings()[bests[channel].0];
                *search = Search { grating: Grating { phase: start.grating.phase, ..grating }, ..*start };
            }
        }
        let noise = noise_curves(reader, &searches, config);
        let mut of_tuned = searches.iter().zip(noise).zip(&tuned);
        let units = channels.iter().map(|&channel| {
            let grating = match untuned[channel].clone() {
                Some(reason) => GratingTuning::Untuned { reason },
                None => {
                    let ((search, noise), _) = of_tuned.next().expect("one search for each tuned unit");
                    GratingTuning::Tuned(self.preferred(search, bests[channel].0, noise, stimulus_set))
                }
            };
            self.unit(channel, grating, LEAST_SHARE * strongest, stimulus_set)
        });
        LayerTuning {
            layer: name.to_owned(),
            side_px: reader.site.side_px,
            field_px: reader.site.field_px,
            inside: reader.site.inside,
            axes_deg: stimulus_set.axes_deg.clone(),
            periods_px: stimulus_set.periods_px.clone(),
            profiles: PROFILES.to_vec(),
            lattices: stimulus_set.lattices.clone(),
            discs: stimulus_set.discs.clone(),
            noise_sd: std::iter::once(0.0).chain(config.noise_sd.iter().copied()).collect(),
            units: units.collect(),
        }
    }

    /// Where the search of a unit begins: between the grating that drives it most and its
    /// neighbours.
    fn start(&self, channel: usize, best: usize, stimulus_set: &StimulusSet) -> Search {
        let [profile, axis, period] = parts(best, stimulus_set);
        let (n_axes, n_periods) = (stimulus_set.axes_deg.len(), stimulus_set.periods_px.len());
        let gain = |axis: usize, period: usize| {
            self.gain(&self.gratings[stimulus_set.index(profile, axis % n_axes, period)][channel], channel)
        };
        let over_axes = [axis + n_axes - 1, axis, axis + 1].map(|axis| gain(axis, period));
        let step_deg = 180.0 / n_axes as f64;
        let axis_deg = stimulus_set.axes_deg[axis] + refine::offset(over_axes) * step_deg;
        let over_periods = (1..n_periods - 1).contains(&period);
        let period_px = if over_periods {
            let gains = [period - 1, period, period + 1].map(|period| gain(axis, period));
            let octaves = (stimulus_set.periods_px[1] / stimulus_set.periods_px[0]).log2();
            stimulus_set.periods_px[period] * (refine::offset(gains) * octaves).exp2()
        } else {
            stimulus_set.periods_px[period]
        };
        let phase = self.phases[best][channel];
        let grating = Grating { axis_deg, period_px, profile: PROFILES[profile], phase };
        let uniform = f64::from(self.uniform[channel]);
        Search { channel, uniform, grating, answer: self.gratings[best][channel], over_periods, shown: false }
    }

    fn preferred(
        &self,
        search: &Search,
        best: usize,
        noise: NoiseCurve,
        stimulus_set: &StimulusSet,
    ) -> Preferred {
        let channel = search.channel;
        let [profile, axis, period] = parts(best, stimulus_set);
        let answer = |profile: usize, axis: usize, period: usize| {
            self.gratings[stimulus_set.index(profile, axis, period)][channel]
        };
        let gains = |answers: &[StimulusActivation]| -> Vec<f64> {
            answers.iter().map(|answer| self.gain(answer, channel)).collect()
        };
        let (n_axes, n_periods) = (stimulus_set.axes_deg.len(), stimulus_set.periods_px.len());
        let axes: Vec<StimulusActivation> = (0..n_axes).map(|axis| answer(profile, axis, period)).collect();
        let periods: Vec<StimulusActivation> =
            (0..n_periods).map(|period| answer(profile, axis, period)).collect();
        let profiles: Vec<StimulusActivation> =
            (0..PROFILES.len()).map(|profile| answer(profile, axis, period)).collect();
        let map = (0..n_axes)
            .map(|axis| (0..n_periods).map(|period| answer(profile, axis, period).max).collect())
            .collect();
        let selectivity = selectivity(&stimulus_set.axes_deg, &gains(&axes));
        let octaves: Vec<f64> = stimulus_set.periods_px.iter().map(|period| period.log2()).collect();
        let px = search.grating.period_px;
        let told = px >= LEAST_TOLD_PX;
        let [_, bright, dark] = [0, 1, 2].map(|profile: usize| self.gain(&profiles[profile], channel));
        let gain = self.gain(&search.answer, channel);
        Preferred {
            axis_deg: (selectivity >= LEAST_SELECTIVITY).then(|| wrapped(search.grating.axis_deg)),
            selectivity,
            period: match period {
                0 => Period::ShortestShown { px },
                _ if period + 1 == n_periods => Period::LongestShown { px },
                _ => Period::Shown { px },
            },
            half_width_octaves: half_width(&octaves, &gains(&periods), period),
            profile: told.then_some(search.grating.profile),
            line_polarity: balance(bright, dark, 0.0).filter(|_| told),
            gain: gain as f32,
            phase_invariance: (f64::from(search.answer.mean) - f64::from(self.uniform[channel])) / gain,
            refined: search.shown,
            curves: Curves { through: [profile, axis, period], axes, periods, profiles, map, noise },
        }
    }

    fn unit(
        &self,
        channel: usize,
        grating: GratingTuning,
        least: f64,
        stimulus_set: &StimulusSet,
    ) -> UnitTuning {
        let of_channel =
            |answers: &[Vec<StimulusActivation>]| answers.iter().map(|answers| answers[channel]).collect();
        let best = |answers: &[Vec<StimulusActivation>]| {
            Some(self.best(answers, channel)).filter(|best| best.1 > least).map(|best| best.0)
        };
        let of_polarity = |polarity: Polarity| {
            let discs =
                stimulus_set.discs.iter().zip(&self.discs).filter(|(kind, _)| kind.polarity == polarity);
            discs.map(|(_, answers)| self.gain(&answers[channel], channel)).fold(0.0, f64::max)
        };
        UnitTuning {
            channel,
            uniform: self.uniform[channel],
            grating,
            lattices: of_channel(&self.lattices),
            best_lattice: best(&self.lattices),
            discs: of_channel(&self.discs),
            best_disc: best(&self.discs),
            polarity: balance(of_polarity(Polarity::Bright), of_polarity(Polarity::Dark), least),
        }
    }
}

/// Profile, axis and period of a grating of the stimuli.
fn parts(index: usize, stimulus_set: &StimulusSet) -> [usize; 3] {
    let (n_axes, n_periods) = (stimulus_set.axes_deg.len(), stimulus_set.periods_px.len());
    [index / n_periods / n_axes, index / n_periods % n_axes, index % n_periods]
}

/// The same axis in `(-90, 90]`.
fn wrapped(axis_deg: f64) -> f64 {
    axis_deg - 180.0 * ((axis_deg - 90.0) / 180.0).ceil()
}

/// What `answer` makes of the activations for the views of each stimulus, `[layer][stimulus][channel]`.
fn answers<T>(
    reader: &PositionReader,
    stimuli: &[Vec<Stimulus>],
    answer: impl Fn(&[f32]) -> T,
) -> Vec<Vec<Vec<T>>> {
    let of_layer = |activations: Activations| {
        let mut rest = &activations[..];
        let mut answers = Vec::with_capacity(stimuli.len());
        for views in stimuli {
            let (these, others) = rest.split_at(views.len());
            rest = others;
            let of_channel =
                |channel: usize| answer(&these.iter().map(|picture| picture[channel]).collect::<Vec<f32>>());
            answers.push((0..these[0].len()).map(of_channel).collect());
        }
        answers
    };
    reader.stimuli(&stimuli.concat()).into_iter().map(of_layer).collect()
}

/// Activations under growing noise, of each search.
fn noise_curves(reader: &PositionReader, searches: &[Search], config: &TuningConfig) -> Vec<NoiseCurve> {
    let side = reader.site.side_px;
    let draws: Vec<Plane> = (0..config.noise_draws as u64)
        .map(|index| {
            let mut stream = Stream::new(config.seed, "tuning: noise", index);
            Plane::from_fn(side, side, |_, _| stream.normal() as f32)
        })
        .collect();
    // without noise, then each draw at each level
    let n_noisy = config.noise_sd.len() * draws.len();
    let noisy = |picture: &Plane, index: usize| {
        let Some(index) = index.checked_sub(1) else { return picture.clone() };
        let (sd, draw) = (config.noise_sd[index / draws.len()] as f32, &draws[index % draws.len()]);
        let values = picture.values().iter().zip(draw.values()).map(|(value, noise)| value + sd * noise);
        Plane::new(side, side, values.collect())
    };
    let levels = |activations: &[Vec<f32>], channel: usize| -> Vec<f32> {
        let mean = |part: &[Vec<f32>]| {
            part.iter().map(|picture| f64::from(picture[channel])).sum::<f64>() / part.len() as f64
        };
        let noisy = activations[1..].chunks(draws.len()).map(mean);
        std::iter::once(f64::from(activations[0][channel])).chain(noisy).map(|value| value as f32).collect()
    };
    let uniform = reader.picture(&Stimulus::Uniform);
    let alone = reader.pictures(n_noisy + 1, |index| noisy(&uniform, index)).remove(0);
    let pictures = reader
        .pictures(searches.len() * (n_noisy + 1), |index| {
            let grating = searches[index / (n_noisy + 1)].grating;
            noisy(&reader.picture(&Stimulus::Grating(grating)), index % (n_noisy + 1))
        })
        .remove(0);
    let noise_sd: Vec<f64> = std::iter::once(0.0).chain(config.noise_sd.iter().copied()).collect();
    searches
        .iter()
        .zip(pictures.chunks(n_noisy + 1))
        .map(|(Search { channel, .. }, activations)| {
            NoiseCurve::new(&noise_sd, levels(activations, *channel), levels(&alone, *channel))
        })
        .collect()
}
