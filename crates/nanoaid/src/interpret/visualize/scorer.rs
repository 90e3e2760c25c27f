//! Scorer: scores of a batch of images, and the gradients of these
//! scores for the images.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;

use super::image::Shape;
use super::objective::Objective;
use super::score::{ScoreInput, scores};
use crate::network::{Graph, Norms, ReluGradient, ValueId};
use crate::{Address, Network};

/// A network and the objectives of a batch.
pub(super) struct Scorer<'a> {
    network: &'a Network,
    objectives: Vec<Objective>,
    /// Pictures that are made together for each objective.
    members: usize,
    graph: Graph,
    /// The graph with redirected gradients.
    redirected: Graph,
    /// Where the layers are that objectives name.
    ids: BTreeMap<String, ValueId>,
    needs_output: bool,
    /// Whether the graph's output is the one channel of each image that its objective names.
    own_channels: bool,
}

/// The score of each of `planes`, of one size, by itself; a network for colors sees grey. `objective`
/// fits the network and the size, and compares with no micrograph.
pub fn scores_of(network: &Network, objective: &Objective, planes: &[Plane]) -> Vec<f32> {
    let Some(first) = planes.first() else { return Vec::new() };
    let shape = Shape { channels: network.channels_in(), height: first.height(), width: first.width() };
    let images: Vec<Vec<f32>> = planes.iter().map(|plane| plane.values().repeat(shape.channels)).collect();
    Scorer::new(network, &vec![objective.clone(); images.len()], 1).scores(&images, shape, None)
}

impl<'a> Scorer<'a> {
    /// For objectives that were checked to fit; image `i` of a batch belongs to objective
    /// `i / members`.
    pub(super) fn new(network: &'a Network, objectives: &[Objective], members: usize) -> Self {
        let layers: BTreeSet<&str> = objectives.iter().flat_map(Objective::layers).collect();
        let graph = layers.iter().fold(network.graph().clone(), |graph, layer| graph.with_values(layer));
        let own = own_channels(objectives, members);
        let cut = own.and_then(|(layer, channels)| {
            let id = graph.value_id(layer).expect("the layer was checked to exist");
            graph.cut_to_own_channels(id, &channels)
        });
        let own_channels = cut.is_some();
        let mut graph = cut.unwrap_or(graph);
        graph.use_fastest_method();
        let end = graph.end();
        let id_of = |layer: &str| graph.value_id(layer).filter(|_| !own_channels).unwrap_or(end);
        let ids: BTreeMap<String, ValueId> =
            layers.iter().map(|&layer| (layer.to_owned(), id_of(layer))).collect();
        let mut needs_output = false;
        for objective in objectives {
            objective.visit(&mut |objective| {
                needs_output |=
                    matches!(objective, Objective::Error { .. } | Objective::Unit(Address::Class(_)));
            });
        }
        let mut redirected = graph.clone();
        redirected.set_relu_gradient(ReluGradient::Redirected);
        let read: Vec<ValueId> = ids.values().copied().chain(needs_output.then(|| graph.end())).collect();
        let graph = graph.fused(&read);
        let objectives = objectives.to_vec();
        Self { network, objectives, members, graph, redirected, ids, needs_output, own_channels }
    }

    /// The score of each of `images`, `[C, H, W]`.
    pub(super) fn scores(&self, images: &[Vec<f32>], shape: Shape, micrograph: Option<&[f32]>) -> Vec<f32> {
        let images = self.tensor(images, shape);
        self.score(images, micrograph.map(|values| (values, shape)), &self.graph)
            .into_data()
            .try_to_vec()
            .expect("scores are f32")
    }

    /// The score of each of `images`, `[C, H, W]`, and its gradient for that image. `micrograph` is
    /// the given one, as it went through the same transforms.
    pub(super) fn gradients(
        &self,
        images: &[Vec<f32>],
        shape: Shape,
        micrograph: Option<&[f32]>,
        redirected: bool,
    ) -> (Vec<f32>, Vec<Vec<f32>>) {
        let graph = if redirected { &self.redirected } else { &self.graph };
        let images = self.tensor(images, shape).autodiff().require_grad();
        let scores = self.score(images.clone(), micrograph.map(|values| (values, shape)), graph);
        let values = scores.clone().inner().into_data().try_to_vec().expect("scores are f32");
        let mut gradients = scores.sum().backward();
        let gradient = images.grad_remove(&mut gradients);
        let gradient: Vec<f32> = match gradient {
            Some(gradient) => gradient.into_data().try_to_vec().expect("gradients are f32"),
            None => vec![0.0; images.dims().iter().product()], // the score does not depend on the image
        };
        (values, gradient.chunks(shape.len()).map(<[f32]>::to_vec).collect())
    }

    fn tensor(&self, images: &[Vec<f32>], shape: Shape) -> Tensor<4> {
        let data =
            TensorData::new(images.concat(), [images.len(), shape.channels, shape.height, shape.width]);
        Tensor::from_data(data, &self.network.device().burn())
    }

    /// `[N]`.
    fn score(&self, images: Tensor<4>, micrograph: Option<(&[f32], Shape)>, graph: &Graph) -> Tensor<1> {
        let run = |images: Tensor<4>| -> (BTreeMap<&str, Tensor<4>>, Option<Tensor<4>>) {
            let mut ids: Vec<ValueId> = self.ids.values().copied().collect();
            if self.needs_output {
                ids.push(graph.end());
            }
            let normalized = self.network.normalized(images);
            let mut outputs = graph.outputs(normalized, &ids, Norms::Running, &mut Vec::new());
            let output = if self.needs_output { outputs.pop() } else { None };
            (self.ids.keys().map(String::as_str).zip(outputs).collect(), output)
        };
        let of_micrograph =
            match micrograph.filter(|_| self.objectives.iter().any(Objective::needs_micrograph)) {
                Some((values, shape)) => run(self.tensor(&[values.to_vec()], shape)).0,
                None => BTreeMap::new(),
            };
        let [n, channels, height, width] = images.dims();
        let (maps, output) = run(images.clone());
        if self.own_channels {
            let map = maps.into_values().next().expect("there is one layer");
            return score_of_own_channels(&self.objectives, map);
        }
        let rows = |tensor: &Tensor<4>, first: usize| tensor.clone().narrow(0, first, self.members);
        let each = (0..n).step_by(self.members).zip(&self.objectives).map(|(first, objective)| {
            let seen = ScoreInput {
                maps: maps.iter().map(|(&layer, maps)| (layer, rows(maps, first))).collect(),
                of_micrograph: of_micrograph.clone(),
                images: images.clone().slice([first..first + self.members, 0..channels, 0..height, 0..width]),
                output: output.as_ref().map(|output| rows(output, first)),
                classes: self.network.classes().unwrap_or_default(),
            };
            scores(objective, &seen)
        });
        Tensor::cat(each.collect(), 0)
    }
}

/// The layer and the channel that an objective is about, if one channel is all that it needs.
pub(super) fn own_channel(objective: &Objective) -> Option<(&str, usize)> {
    match objective {
        Objective::Unit(Address::Layer { layer, channel: Some(channel), .. })
        | Objective::Center { layer, channel }
        | Objective::Energy { layer, channel } => Some((layer, *channel)),
        _ => None,
    }
}

/// The layer that all objectives name one channel of, and these channels, image by image.
fn own_channels(objectives: &[Objective], members: usize) -> Option<(&str, Vec<usize>)> {
    let mut layers = BTreeSet::new();
    let mut channels = Vec::new();
    for objective in objectives {
        let (layer, channel) = own_channel(objective)?;
        layers.insert(layer);
        channels.extend(std::iter::repeat_n(channel, members));
    }
    if layers.len() == 1 { Some((layers.pop_first()?, channels)) } else { None }
}

/// [`scores`] where the map of each image has the one channel that its objective names.
fn score_of_own_channels(objectives: &[Objective], map: Tensor<4>) -> Tensor<1> {
    let [n, _, height, width] = map.dims();
    let members = n / objectives.len();
    let alike = objectives
        .iter()
        .all(|objective| matches!(objective, Objective::Unit(Address::Layer { position: None, .. })));
    if alike {
        return map.reshape([n, height * width]).mean_dim(1).reshape([n]);
    }
    let each = objectives.iter().enumerate().map(|(index, objective)| {
        let rows = index * members..(index + 1) * members;
        let map = map.clone().slice([rows, 0..1, 0..height, 0..width]);
        let own = match objective {
            Objective::Center { layer, .. } => Objective::Center { layer: layer.clone(), channel: 0 },
            Objective::Energy { layer, .. } => Objective::Energy { layer: layer.clone(), channel: 0 },
            Objective::Unit(Address::Layer { layer, position, .. }) => {
                let layer = layer.clone();
                Objective::Unit(Address::Layer { layer, channel: Some(0), position: *position })
            }
            _ => unreachable!("each objective names a channel"),
        };
        let layer = own.layers().into_iter().next().expect("it names a layer");
        let seen = ScoreInput {
            maps: BTreeMap::from([(layer, map.clone())]),
            of_micrograph: BTreeMap::new(),
            images: map.clone(),
            output: None,
            classes: &[],
        };
        scores(&own, &seen)
    });
    Tensor::cat(each.collect(), 0)
}
