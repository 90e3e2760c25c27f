//! Reading one position: the activations that one position of each layer has for pictures.
//!
//! The position is the one in the middle whose receptive field lies inside the picture, so that the
//! zeros around it have no part in the answer; the origin of stimuli is the centre of that field. A
//! neighbouring position would see the same stimulus shifted, which is what phases and shifts of a
//! stimulus do, so one position is enough. Pictures are as small as that allows.

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;
use rayon::prelude::*;

use super::stimulus::Stimulus;
use crate::network::{Graph, Norms, ValueId};
use crate::{Layer, Network};

/// Pixels of the pictures that are run together.
const BATCH_PX: usize = 1 << 17;

/// Where a layer is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ReadPosition {
    /// Height and width of the pictures.
    pub side_px: usize,
    /// The position, along both axes.
    pub position: usize,
    /// Origin of stimuli, in px from the first pixel's centre, along both axes.
    pub origin_px: f64,
    /// Height and width of the receptive field; that of the picture if it is the whole of it.
    pub field_px: usize,
    /// Whether the receptive field lies inside the picture.
    pub inside: bool,
}

impl ReadPosition {
    /// Height and width of what the field sees of a picture.
    pub(super) fn seen_px(&self) -> usize {
        self.field_px.min(self.side_px)
    }

    /// For `layer`, in pictures of at most `largest_px`, `largest_px` where the field is the whole
    /// image; `coarsest` is the largest stride on the way.
    pub(super) fn of(layer: &Layer, coarsest: usize, largest_px: usize) -> Self {
        let middle = |side_px: usize| Self {
            side_px,
            position: layer.map_length(side_px) / 2,
            origin_px: (side_px as f64 - 1.0) / 2.0,
            field_px: layer.receptive_field_px.unwrap_or(side_px),
            inside: layer.receptive_field_px.is_none(),
        };
        // the field is the same part of the image wherever the side is a multiple of all strides
        let whole = largest_px / coarsest * coarsest;
        if layer.receptive_field_px.is_none() {
            return middle(whole);
        }
        let sides = (1..=largest_px / coarsest).map(|times| times * coarsest);
        for side_px in sides.filter(|&side| side >= layer.least_px()) {
            let inside = (0..layer.map_length(side_px))
                .map(|position| (position, layer.image_from_feature(position)))
                .filter(|(_, (first, end))| *first >= 0 && *end <= side_px as isize);
            let inside: Vec<_> = inside.collect();
            if let Some(&(position, (first, end))) = inside.get(inside.len() / 2) {
                let origin_px = (first + end - 1) as f64 / 2.0;
                return Self { position, origin_px, inside: true, ..middle(side_px) };
            }
        }
        middle(whole)
    }
}

/// Layers that are read at the same place of the same pictures.
pub(super) struct PositionReader {
    graph: Graph,
    ids: Vec<ValueId>,
    network: Network,
    pub(super) site: ReadPosition,
    contrast: f64,
}

/// Activations of one layer, `[picture][channel]`.
pub(super) type Activations = Vec<Vec<f32>>;

impl PositionReader {
    /// Of layers that exist and share a site.
    pub(super) fn new(network: &Network, layers: &[&str], site: ReadPosition, contrast: f64) -> Self {
        let mut graph = layers.iter().fold(network.graph().clone(), |graph, layer| graph.with_values(layer));
        graph.use_fastest_method();
        let id_of = |layer: &&str| graph.value_id(layer).expect("the layer was checked to exist");
        let ids: Vec<ValueId> = layers.iter().map(id_of).collect();
        let graph = graph.fused(&ids);
        Self { graph, ids, network: network.clone(), site, contrast }
    }

    /// The activations of each layer for each stimulus.
    pub(super) fn stimuli(&self, stimuli: &[Stimulus]) -> Vec<Activations> {
        self.pictures(stimuli.len(), |index| self.picture(&stimuli[index]))
    }

    /// `stimulus` as a picture.
    pub(super) fn picture(&self, stimulus: &Stimulus) -> Plane {
        stimulus.plane(self.site.side_px, self.site.origin_px, self.contrast)
    }

    /// Pictures that are run together.
    pub(super) fn n_together(&self) -> usize {
        (BATCH_PX / (self.site.side_px * self.site.side_px)).clamp(1, 256)
    }

    /// The activations of each layer for each of `n` pictures, `picture` gives them.
    pub(super) fn pictures(&self, n: usize, picture: impl Fn(usize) -> Plane + Sync) -> Vec<Activations> {
        let together = self.n_together();
        let starts: Vec<usize> = (0..n).step_by(together).collect();
        let batches: Vec<Vec<Activations>> = starts
            .into_par_iter()
            .map(|start| {
                let planes: Vec<Plane> = (start..n.min(start + together)).map(&picture).collect();
                self.batch(&planes)
            })
            .collect();
        let mut layers: Vec<Activations> = vec![Vec::with_capacity(n); self.ids.len()];
        for batch in batches {
            for (layer, found) in layers.iter_mut().zip(batch) {
                layer.extend(found);
            }
        }
        layers
    }

    fn batch(&self, planes: &[Plane]) -> Vec<Activations> {
        let (n, side, position) = (planes.len(), self.site.side_px, self.site.position);
        // a network for colors sees grey
        let channels_in = self.network.channels_in();
        let values: Vec<f32> = planes.iter().flat_map(|plane| plane.values().repeat(channels_in)).collect();
        let data = TensorData::new(values, [n, channels_in, side, side]);
        let images = Tensor::<4>::from_data(data, &self.network.device().burn());
        let images = self.network.normalized(images);
        let outputs = self.graph.outputs(images, &self.ids, Norms::Running, &mut Vec::new());
        let of_layer = |maps: Tensor<4>| -> Activations {
            let channels = maps.dims()[1];
            let at = position..position + 1;
            let maps = maps.slice([0..n, 0..channels, at.clone(), at]); // [N, C, 1, 1]
            let values: Vec<f32> = maps.into_data().try_to_vec().expect("activations are f32");
            values.chunks(channels).map(<[f32]>::to_vec).collect()
        };
        outputs.into_iter().map(of_layer).collect()
    }
}
