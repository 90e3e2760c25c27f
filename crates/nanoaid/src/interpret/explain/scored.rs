//! Scored: a network with the number that is explained: scores of images, and their gradients for pixels or for
//! the maps of a layer.

use burn::tensor::Tensor;
use micrograph::Plane;

use super::Method;
use super::error::{ExplainError, Tick, go_on};
use super::target::Score;
use crate::Network;
use crate::evaluate::classify::tensor_of;
use crate::network::{Graph, IMAGE, Norms, Operation, ReluGradient, ValueId, names_text};

/// Pixels of images that are run together; the maps of a backward pass take some hundred times as many bytes.
const BATCH_PX: usize = 8 * 224 * 224;

/// A network and a score.
#[derive(Clone, Debug)]
pub(in crate::interpret) struct Scored<'a> {
    network: &'a Network,
    /// As far as the score's layer, with batch norms merged into the convolutions before them.
    graph: Graph,
    /// The same without merging: every layer has its own values.
    plain: Graph,
    score: Score,
}

/// The activations of one image at one layer, and the gradient of the score for them, `[C, H, W]` each.
#[derive(Clone, Debug)]
pub(in crate::interpret) struct LayerGradient {
    pub n_channels: usize,
    pub height: usize,
    pub width: usize,
    activations: Vec<f32>,
    gradients: Vec<f32>,
}

impl LayerGradient {
    /// Activations and gradients of `channel`.
    pub(in crate::interpret) fn channel(&self, channel: usize) -> (&[f32], &[f32]) {
        let of = channel * self.height * self.width..(channel + 1) * self.height * self.width;
        (&self.activations[of.clone()], &self.gradients[of])
    }
}

impl<'a> Scored<'a> {
    /// `network`, of grey images, with `score`, which fits it.
    pub(in crate::interpret) fn new(network: &'a Network, score: Score) -> Self {
        let id = network.graph().value_id(&score.layer).expect("the score's layer was found before");
        let mut plain = network.graph().cut(id);
        plain.use_fastest_method();
        // a pass over the maps less for each norm
        let graph = plain.with_merged_norms();
        Self { network, graph, plain, score }
    }

    /// The score.
    pub(in crate::interpret) fn score(&self) -> &Score {
        &self.score
    }

    /// The network.
    pub(super) fn network(&self) -> &'a Network {
        self.network
    }

    /// The layers as far as that of the score.
    pub(super) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The same with `gradient` in place of that of the ReLUs, for `method`.
    pub(super) fn with_relu_gradient(
        &self,
        gradient: ReluGradient,
        method: Method,
    ) -> Result<Self, ExplainError> {
        let mut changed = self.clone();
        match changed.graph.set_relu_gradient(gradient) {
            0 => Err(ExplainError::NoRelu { method }),
            _ => Ok(changed),
        }
    }

    /// Whether it has functions of single values that are no ReLUs.
    pub(super) fn has_other_activations(&self) -> bool {
        let is_other = |operation: &Operation| matches!(operation, Operation::Activation(_));
        self.graph.steps().iter().any(|step| is_other(&step.operation))
    }

    /// The score of each image.
    pub(in crate::interpret) fn scores(
        &self,
        images: &[Plane],
        tick: Tick<'_>,
    ) -> Result<Vec<f64>, ExplainError> {
        let mut scores = Vec::with_capacity(images.len());
        for few in images.chunks(batch(images)) {
            go_on(tick)?;
            let maps = self.graph.forward(self.tensor(few));
            scores.extend(host(self.score.of(maps)));
        }
        Ok(scores)
    }

    /// The score of each image, and its gradient for the pixels.
    pub(in crate::interpret) fn gradients(
        &self,
        images: &[Plane],
        tick: Tick<'_>,
    ) -> Result<(Vec<f64>, Vec<Plane>), ExplainError> {
        let (mut scores, mut gradients) = (Vec::new(), Vec::new());
        for few in images.chunks(batch(images)) {
            go_on(tick)?;
            let tensor = self.tensor(few).autodiff().require_grad();
            let score = self.score.of(self.graph.forward(tensor.clone()));
            scores.extend(host(score.clone().inner()));
            let found = tensor.grad_remove(&mut score.sum().backward());
            match found {
                Some(found) => gradients.extend(planes_of(found)),
                // the score does not depend on the image
                None => gradients.extend(few.iter().map(|image| image.map(|_| 0.0))),
            }
        }
        Ok((scores, gradients))
    }

    /// For each image, at each layer of `layers`: its activations, and the gradient of the score for them where
    /// all of them are free, so that the influence of one on another does not count.
    pub(in crate::interpret) fn at(
        &self,
        images: &[Plane],
        layers: &[ValueId],
        tick: Tick<'_>,
    ) -> Result<Vec<Vec<LayerGradient>>, ExplainError> {
        let mut all = Vec::with_capacity(images.len());
        for few in images.chunks(batch(images)) {
            go_on(tick)?;
            let tensor = self.tensor(few);
            let values = self.plain.outputs(tensor.clone(), layers, Norms::Running, &mut Vec::new());
            let leaves: Vec<Tensor<4>> =
                values.iter().map(|value| value.clone().autodiff().require_grad()).collect();
            let score = self.score.of(self.output_of_maps(tensor.autodiff(), layers, &leaves));
            let mut gradients = score.sum().backward();
            let of_layers: Vec<Vec<LayerGradient>> = values
                .into_iter()
                .zip(&leaves)
                .map(|(value, leaf)| {
                    let gradient = leaf.grad_remove(&mut gradients).unwrap_or_else(|| value.zeros_like());
                    split(value, gradient)
                })
                .collect();
            for image in 0..few.len() {
                all.push(of_layers.iter().map(|layer| layer[image].clone()).collect());
            }
        }
        Ok(all)
    }

    /// The score of each image where the maps of all `layers` are 0.
    pub(super) fn scores_without(
        &self,
        images: &[Plane],
        layers: &[ValueId],
        tick: Tick<'_>,
    ) -> Result<Vec<f64>, ExplainError> {
        let mut scores = Vec::with_capacity(images.len());
        for few in images.chunks(batch(images)) {
            go_on(tick)?;
            let tensor = self.tensor(few);
            let values = self.plain.outputs(tensor.clone(), layers, Norms::Running, &mut Vec::new());
            let zeros: Vec<Tensor<4>> = values.iter().map(Tensor::zeros_like).collect();
            scores.extend(host(self.score.of(self.output_of_maps(tensor, layers, &zeros))));
        }
        Ok(scores)
    }

    fn output_of_maps(&self, images: Tensor<4>, layers: &[ValueId], maps: &[Tensor<4>]) -> Tensor<4> {
        let mut given = vec![(IMAGE, images)];
        given.extend(layers.iter().copied().zip(maps.iter().cloned()));
        let end = [self.plain.end()];
        self.plain.outputs_from(given, &end, Norms::Running, &mut Vec::new()).remove(0)
    }

    /// Images as input of the network. `[N, 1, H, W]`
    pub(super) fn tensor(&self, images: &[Plane]) -> Tensor<4> {
        let images: Vec<&Plane> = images.iter().collect();
        tensor_of(&images, self.network.device())
    }

    /// The layers whose maps class activation maps are made of, for images of `size`: those whose mean over the image is
    /// all that the score sees of them; else the last one of more than one position.
    pub(super) fn map_layers(&self, size: (usize, usize)) -> Vec<ValueId> {
        let steps = self.graph.steps();
        let is_map = |id: ValueId| id != IMAGE && self.n_positions(id, size) > 1;
        // whether a map comes after each value
        let mut before_map = vec![false; steps.len() + 1];
        for (index, step) in steps.iter().enumerate().rev() {
            if before_map[index + 1] || is_map(index + 1) {
                for &input in &step.inputs {
                    before_map[input] = true;
                }
            }
        }
        let pooled = steps.iter().enumerate().filter(|(index, step)| {
            matches!(step.operation, Operation::AveragePool { side: 1 }) && !before_map[index + 1]
        });
        let mut found: Vec<ValueId> =
            pooled.map(|(_, step)| step.inputs[0]).filter(|&id| is_map(id)).collect();
        if found.is_empty() {
            let end = self.graph.end();
            let mut maps = (1..=end).rev().filter(|&id| is_map(id));
            let last = maps.next();
            // a layer does not explain itself
            found.extend(if last == Some(end) { maps.next().or(last) } else { last });
        }
        found
    }

    /// The layer called `name`, where it has a map of images of `size` on the way to the score.
    pub(in crate::interpret) fn map_layer(
        &self,
        name: &str,
        size: (usize, usize),
    ) -> Result<ValueId, ExplainError> {
        self.network.known_layer(name)?;
        let is_map = |id: &ValueId| self.n_positions(*id, size) > 1;
        self.graph.value_id(name).filter(is_map).ok_or_else(|| {
            let known = (1..=self.graph.end()).filter(is_map).map(|id| self.name(id).to_owned());
            let known = names_text(name, &known.collect::<Vec<_>>());
            ExplainError::NoMaps { layer: name.to_owned(), known }
        })
    }

    /// Name of the layer at `id`.
    pub(super) fn name(&self, id: ValueId) -> &str {
        &self.graph.steps()[id - 1].name
    }

    fn n_positions(&self, id: ValueId, (height, width): (usize, usize)) -> usize {
        let layer = self.network.layer(self.name(id)).expect("steps of a network are its layers");
        layer.map_length(height) * layer.map_length(width)
    }
}

/// How many images of this size are run together.
fn batch(images: &[Plane]) -> usize {
    let n_pixels = images.first().map_or(1, |image| image.values().len());
    (BATCH_PX / n_pixels.max(1)).max(1)
}

fn host(values: Tensor<1>) -> Vec<f64> {
    let values: Vec<f32> = values.into_data().try_to_vec().expect("scores are f32");
    values.into_iter().map(f64::from).collect()
}

/// `[N, 1, H, W]` → `N × [H, W]`.
pub(super) fn planes_of(tensor: Tensor<4>) -> Vec<Plane> {
    let [_, _, height, width] = tensor.dims();
    let values: Vec<f32> = tensor.into_data().try_to_vec().expect("planes are f32");
    values.chunks(height * width).map(|values| Plane::new(height, width, values.to_vec())).collect()
}

/// `[N, C, H, W]` → one for each image.
fn split(activations: Tensor<4>, gradients: Tensor<4>) -> Vec<LayerGradient> {
    let [_, n_channels, height, width] = activations.dims();
    let [activations, gradients] = [activations, gradients]
        .map(|tensor| tensor.into_data().try_to_vec::<f32>().expect("activations are f32"));
    let len = n_channels * height * width;
    let each = activations.chunks(len).zip(gradients.chunks(len));
    each.map(|(activations, gradients)| LayerGradient {
        n_channels,
        height,
        width,
        activations: activations.to_vec(),
        gradients: gradients.to_vec(),
    })
    .collect()
}
