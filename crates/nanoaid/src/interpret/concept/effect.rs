//! Effects: what a network's output loses without a concept, and what the concept gives alone.
//!
//! A concept is taken off the activations of its layer at every position, and the rest of the network is run again. For a classifier
//! the logit of its answer counts, for an autoencoder the squared error. Where the rest is linear (a mean and a dense layer) the
//! effects of all concepts sum up to that of all together; else they need not, and [`Effects::sum_share`] says how far they do.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::ConceptProgress;
use super::activations::{Activations, LayerReader, by_channel};
use super::bank::Bank;
use super::error::{ConceptError, OnProgress, go_on};
use super::matrix::Matrix;
use crate::data::dataset::Entry;
use crate::data::prepare::PrepareConfig;
use crate::evaluate::classify::tensor_of;
use crate::interpret::explain::{class_names, logit_layer};
use crate::interpret::reconstructed::reconstructed;
use crate::network::{Architecture, Norms, ValueId};
use crate::train::regression::argmax;

/// What of an output counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Output {
    /// Logits of these classes, at this layer.
    Classes(Vec<String>, ValueId),
    /// An image.
    Image(ValueId),
}

/// What a concept does, mean over the micrographs for which the network gives one class, or over all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Fall of the output without it.
    pub deletion: f64,
    /// Rise of the output by it alone, from where all concepts are taken off.
    pub insertion: f64,
    /// Micrographs.
    pub n: usize,
}

/// What concepts do together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// What counts, in words.
    pub of: String,
    /// Micrographs that were looked at.
    pub n: usize,
    /// Mean of the output, and of the output without all concepts.
    pub whole: f64,
    /// See `whole`.
    pub without: f64,
    /// Mean of the output where only what the concepts explain is left.
    pub explained: f64,
    /// Sum of all deletions as a share of what taking off all together does; 1 where the rest of the network is linear.
    pub sum_share: Option<f64>,
    /// Share of the micrographs whose class stays where only what the concepts explain is left; `None` without classes.
    pub same_class: Option<f64>,
    /// By concept, then class; the class is empty for an autoencoder.
    pub concepts: Vec<BTreeMap<String, Effect>>,
}

/// The effects of the concepts `shown` over `entries`; `None` where the network gives neither classes nor an image.
pub(super) fn effects(
    reader: &LayerReader,
    entries: &[&Entry],
    (bank, shown): (&Bank, &[usize]),
    prepare: &PrepareConfig,
    on: OnProgress<'_>,
) -> Result<Option<Effects>, ConceptError> {
    let Some(output) = output(reader) else { return Ok(None) };
    let mut sums: Vec<BTreeMap<String, Effect>> = vec![BTreeMap::new(); shown.len()];
    let (mut n, mut n_same) = (0, 0);
    let [mut whole, mut without, mut explained, mut all_deletions] = [0.0; 4];
    for (n_done, entry) in entries.iter().enumerate() {
        go_on(on, ConceptProgress::Effects { n_done, n: entries.len() })?;
        let Ok(plane) = entry.plane(prepare) else { continue };
        let activations = reader.activations(&plane)?;
        let found = of_one(reader, &activations, (bank, shown), &output);
        n += 1;
        n_same += usize::from(found.same_class);
        whole += found.whole;
        without += found.without;
        explained += found.explained;
        all_deletions += found.effects.iter().map(|(deletion, _)| deletion).sum::<f64>();
        for (sum, (deletion, insertion)) in sums.iter_mut().zip(found.effects) {
            let own =
                sum.entry(found.class.clone()).or_insert(Effect { deletion: 0.0, insertion: 0.0, n: 0 });
            own.deletion += deletion;
            own.insertion += insertion;
            own.n += 1;
        }
    }
    if n == 0 {
        return Ok(None);
    }
    for effect in sums.iter_mut().flat_map(BTreeMap::values_mut) {
        effect.deletion /= effect.n as f64;
        effect.insertion /= effect.n as f64;
    }
    let fall = whole - without;
    let has_classes = matches!(output, Output::Classes(..));
    Ok(Some(Effects {
        of: if has_classes {
            "logit of the network's answer"
        } else {
            "share of the micrograph's variance that the reconstruction has"
        }
        .to_owned(),
        n,
        whole: whole / n as f64,
        without: without / n as f64,
        explained: explained / n as f64,
        sum_share: (fall.abs() > 1e-9).then(|| all_deletions / fall),
        same_class: has_classes.then(|| n_same as f64 / n as f64),
        concepts: sums,
    }))
}

fn output(reader: &LayerReader) -> Option<Output> {
    let network = &reader.network;
    let classes = class_names(network);
    if !classes.is_empty() {
        let id = network.graph().value_id(&logit_layer(network)?)?;
        return (id > reader.id).then_some(Output::Classes(classes, id));
    }
    let is_image = matches!(network.architecture(), Architecture::Autoencoder(_));
    let end = network.graph().end();
    (is_image && end > reader.id).then_some(Output::Image(end))
}

/// The effects for one micrograph.
struct OfOne {
    /// The network's answer; empty without classes.
    class: String,
    whole: f64,
    without: f64,
    explained: f64,
    same_class: bool,
    /// Deletion and insertion of each concept.
    effects: Vec<(f64, f64)>,
}

fn of_one(
    reader: &LayerReader,
    activations: &Activations,
    (bank, shown): (&Bank, &[usize]),
    output: &Output,
) -> OfOne {
    let codes = bank.codes(&activations.vectors);
    let rest = Rest::new(reader, activations, output);
    let own = &activations.vectors;
    let add = |to: &Matrix, atom: usize, sign: f32| {
        let added = bank.added(atom);
        let mut vectors = to.clone();
        for (row, codes) in codes.rows().enumerate().filter(|(_, codes)| codes[atom] != 0.0) {
            let code = sign * codes[atom];
            vectors.row_mut(row).iter_mut().zip(&added).for_each(|(value, added)| *value += code * added);
        }
        vectors
    };
    let bare = shown.iter().fold(own.clone(), |vectors, &atom| add(&vectors, atom, -1.0));
    // what concepts explain, where the rest is at its mean
    let mut explained = Matrix::zeros(own.n_rows(), own.n_columns);
    for row in explained.values.chunks_exact_mut(own.n_columns) {
        row.copy_from_slice(&bank.means);
    }
    let explained = shown.iter().fold(explained, |vectors, &atom| add(&vectors, atom, 1.0));
    let of_whole = rest.outputs(own);
    let answer = argmax(&of_whole);
    let value = |outputs: &[f64]| outputs[answer];
    let (whole, of_explained) = (value(&of_whole), rest.outputs(&explained));
    let without = value(&rest.outputs(&bare));
    let effects = shown.iter().map(|&atom| {
        let deleted = value(&rest.outputs(&add(own, atom, -1.0)));
        let inserted = value(&rest.outputs(&add(&bare, atom, 1.0)));
        (whole - deleted, inserted - without)
    });
    let effects = effects.collect();
    let class = match output {
        Output::Classes(classes, _) => classes[answer].clone(),
        Output::Image(_) => String::new(),
    };
    let same_class = argmax(&of_explained) == answer;
    OfOne { class, whole, without, explained: value(&of_explained), same_class, effects }
}

/// The steps after the layer, for one micrograph.
struct Rest<'a> {
    reader: &'a LayerReader,
    activations: &'a Activations,
    output: &'a Output,
    /// What the network sees.
    views: Vec<Plane>,
    /// For each view what these steps need besides the layer, by id.
    beside: Vec<Vec<(ValueId, Tensor<4>)>>,
}

impl<'a> Rest<'a> {
    fn new(reader: &'a LayerReader, activations: &'a Activations, output: &'a Output) -> Self {
        let network = &reader.network;
        let views = activations.views.cut(&activations.plane);
        let ids = network.graph().beside(reader.id, output.id());
        let of_view = |view: &Plane| {
            let images = network.normalized(tensor_of(&[view], network.device()));
            let values = network.graph().outputs(images, &ids, Norms::Running, &mut Vec::new());
            ids.iter().copied().zip(values).collect()
        };
        let beside = views.iter().map(of_view).collect();
        Self { reader, activations, output, views, beside }
    }

    /// The mean logits over the views, or the share of the variance, where the layer has `vectors`.
    fn outputs(&self, vectors: &Matrix) -> Vec<f64> {
        let network = &self.reader.network;
        let (height, width) = self.activations.map;
        let (n, n_channels) = (height * width, vectors.n_columns);
        let mut outputs: Vec<f64> = Vec::new();
        let parts = vectors.values.chunks_exact(n * n_channels);
        for ((view, beside), part) in self.views.iter().zip(&self.beside).zip(parts) {
            let maps = TensorData::new(by_channel(part, n_channels), [1, n_channels, height, width]);
            let mut given = beside.clone();
            given.push((self.reader.id, Tensor::from_data(maps, &network.device().burn())));
            let end = [self.output.id()];
            let found = network.graph().outputs_from(given, &end, Norms::Running, &mut Vec::new()).remove(0);
            let found: Vec<f64> = match self.output {
                Output::Classes(..) => {
                    let logits: Vec<f32> = found.into_data().try_to_vec().expect("outputs are f32");
                    logits.into_iter().map(f64::from).collect()
                }
                Output::Image(_) => vec![reconstructed(found, view).1],
            };
            outputs.resize(found.len(), 0.0);
            let share = 1.0 / self.views.len() as f64;
            outputs.iter_mut().zip(found).for_each(|(sum, value)| *sum += share * value);
        }
        outputs
    }
}

impl Output {
    fn id(&self) -> ValueId {
        match self {
            Self::Classes(_, id) | Self::Image(id) => *id,
        }
    }
}
