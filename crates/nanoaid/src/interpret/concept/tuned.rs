//! Tuned: what drawn patterns drive a concept, and what picture does.
//!
//! For the patterns a network is made that ends in the concepts: the layer's activations, read by a linear reading of each code, and a
//! ReLU. So all that is known of channels is known of concepts.

use std::ops::ControlFlow;

use micrograph::Plane;

use super::ConceptProgress;
use super::activations::LayerReader;
use super::bank::Bank;
use super::error::{ConceptError, OnProgress};
use super::matrix::Matrix;
use super::result::ConceptTuning;
use crate::Network;
use crate::interpret::tuning::{GratingTuning, LayerTuning, Polarity, TuningConfig, UnitTuning, tune};
use crate::interpret::visualize::{
    Event, Materials, Objective, Preset, VisualizeConfig, gray, shown, visualize,
};
use crate::network::{Convolution, ConvolutionShape, Init, Operation};

/// Name of the layer of concepts.
const CONCEPTS: &str = "concepts";
/// Power of the cosine in the score of a direction: pictures are to be of the direction, not of what is strong in general.
const COSINE_POWER: f32 = 2.0;

/// A network that ends in the concepts `shown`.
fn network_of_concepts(reader: &LayerReader, (bank, shown): (&Bank, &[usize])) -> Network {
    let (weights, biases) = bank.linear();
    let mut graph = reader.network.graph().cut(reader.id);
    let device = reader.network.device();
    let shape =
        ConvolutionShape { relu: true, ..ConvolutionShape::same([reader.layer.n_channels, shown.len()], 1) };
    let mut convolution = Convolution::new(shape, 1.0, Init::Zero, CONCEPTS, &device.burn());
    convolution.set(weights.select(shown).values, shown.iter().map(|&atom| biases[atom]).collect());
    graph.push(CONCEPTS, Operation::Convolution(convolution));
    Network::of_graph(reader.network.architecture().clone(), graph, device)
}

/// What gratings and discs drive each of the concepts `shown`; with the nanometres of a pixel that the network sees on the micrographs
/// of its exemplars.
pub(super) fn tuned(
    reader: &LayerReader,
    by: (&Bank, &[usize]),
    nm_of_view_px: &[Vec<f64>],
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Vec<Option<ConceptTuning>>, ConceptError> {
    let network = network_of_concepts(reader, by);
    // fewer and smaller stimuli than usual: a concept is read roughly
    let config = TuningConfig {
        axes: 8,
        phases: 4,
        lattice_views: 1,
        rounds: 2,
        largest_px: 128,
        ..TuningConfig::default()
    };
    let found = tune(&network, &[CONCEPTS], &config, &mut |_| tick())?;
    let layer = &found.layers[0];
    Ok(layer.units.iter().zip(nm_of_view_px).map(|(unit, nm)| Some(of_unit(layer, unit, nm))).collect())
}

fn of_unit(layer: &LayerTuning, unit: &UnitTuning, nm_of_view_px: &[f64]) -> ConceptTuning {
    let preferred = match &unit.grating {
        GratingTuning::Tuned(preferred) => Some(preferred),
        GratingTuning::Untuned { .. } => None,
    };
    // what drives it more the larger it is, is no disc
    let largest = layer.discs.iter().map(|disc| disc.radius_px).fold(0.0, f64::max);
    let disc = unit.best_disc.map(|best| layer.discs[best]).filter(|disc| disc.radius_px < largest);
    let range = |px: Option<f64>| {
        let px = px?;
        let all = nm_of_view_px.iter().map(|nm| nm * px);
        let (low, high) = all.fold((f64::INFINITY, 0.0_f64), |(low, high), nm| (low.min(nm), high.max(nm)));
        (high > 0.0).then_some((low, high))
    };
    let period_px = preferred.and_then(|preferred| preferred.period_px());
    let disc_px = disc.map(|disc| 2.0 * disc.radius_px);
    ConceptTuning {
        period_px,
        axis_deg: preferred.and_then(|preferred| preferred.axis_deg),
        selectivity: preferred.map(|preferred| preferred.selectivity),
        disc_px,
        disc_is_bright: disc.map(|disc| disc.polarity == Polarity::Bright),
        period_nm: range(period_px),
        disc_nm: range(disc_px),
    }
}

/// What each of the concepts `shown` wants to see.
pub(super) fn pictures(
    reader: &LayerReader,
    (bank, shown_atoms): (&Bank, &[usize]),
    seed: u64,
    on: OnProgress<'_>,
) -> Result<Vec<Plane>, ConceptError> {
    climbed(reader, &bank.atoms.select(shown_atoms), seed, on)
}

/// What each of `directions` of the layer's activations wants to see.
pub(super) fn climbed(
    reader: &LayerReader,
    directions: &Matrix,
    seed: u64,
    on: OnProgress<'_>,
) -> Result<Vec<Plane>, ConceptError> {
    let objective = |direction: &[f32]| Objective::Direction {
        layer: reader.layer.name.clone(),
        components: direction.iter().copied().enumerate().filter(|(_, value)| *value != 0.0).collect(),
        cosine_power: COSINE_POWER,
        whitened: false,
    };
    let objectives: Vec<Objective> = directions.rows().map(objective).collect();
    let config = VisualizeConfig { seed, ..Preset::Fast.config() };
    let (mut n_done, n) = (0, objectives.len());
    let mut pictures = vec![Plane::filled(1, 1, 0.5); n];
    visualize(&reader.network, &objectives, &config, Materials::default(), None, &mut |event| {
        match event {
            Event::Done { index, visualization } => {
                let planes = shown(&visualization.pictures[0], false);
                pictures[index] = gray(&planes);
            }
            // pictures are climbed side by side, so that none is done for long
            Event::Step { share, .. } => n_done = (share * n as f64) as usize,
            Event::Snapshot { .. } => {}
        }
        on(ConceptProgress::Visualize { n_done, n })
    })?;
    Ok(pictures)
}
