//! Tiling: how wide a frame a picture needs so that it can be laid side by side with itself.
//!
//! A network fills what lies outside of an image with zeros. Inside of a frame that continues the
//! picture periodically, as wide as a neuron sees to each side, every neuron sees what it would see
//! in the plane that is tiled with the picture, and no border.

use super::VisualizeError;
use super::objective::Objective;
use super::transform::MOST_PX;
use crate::{Address, Layer, Network};

/// Why pictures of a layer cannot be tiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a picture of `{layer}` that can be tiled needs a frame of {needed} px, which is how far its neurons see; expected \
     at most {MOST_PX}: choose an earlier layer"
)]
pub struct FrameError {
    /// The layer.
    pub layer: String,
    /// The frame that it needs.
    pub needed: usize,
}

/// Pixels on each side that pictures of `objectives` need around them: half of the receptive field of
/// their layers, in whole strides, so that positions stay where they are. Behind a mean over the
/// image the layers before it count.
///
/// # Errors
/// If a layer is not there, or sees farther than a frame can be wide.
pub fn frame_px(network: &Network, objectives: &[Objective]) -> Result<usize, VisualizeError> {
    let mut widest = 0;
    for objective in objectives {
        let mut layers: Vec<&Layer> = Vec::new();
        for name in objective.layers() {
            let refuse = |error: crate::network::NoLayer| VisualizeError::Objective {
                objective: objective.to_string(),
                reason: error.to_string(),
            };
            layers.push(network.layer_of_values(name).map_err(refuse)?);
        }
        let mut of_output = false;
        objective.visit(&mut |part| {
            of_output |= matches!(part, Objective::Error { .. } | Objective::Unit(Address::Class(_)));
        });
        layers.extend(network.layers().last().filter(|_| of_output));
        for layer in layers {
            let needed = seen_beyond(network, layer);
            if needed > MOST_PX {
                return Err(FrameError { layer: layer.name.clone(), needed }.into());
            }
            widest = widest.max(needed);
        }
    }
    Ok(widest)
}

/// How far the neurons of `layer` at the border of an image see beyond it, in whole strides of the
/// coarsest layer before it; after a mean over the image, those of the layers that it is the mean of.
fn seen_beyond(network: &Network, layer: &Layer) -> usize {
    let needed = network.graph().needed(network.index_of(&layer.name) + 1);
    let before: Vec<&Layer> = network
        .layers()
        .iter()
        .zip(&needed[1..])
        .filter(|(_, needed)| **needed)
        .map(|(one, _)| one)
        .collect();
    let coarsest = before.iter().map(|layer| layer.stride).max().unwrap_or(1);
    let beyond = |layer: &Layer| {
        // up-sampling makes neighbours within the coarsest stride differ
        let positions = (0..(coarsest / layer.stride).max(1)).map(|index| {
            let (first, end) = layer.image_from_feature(index);
            let (start, stop) = (index * layer.stride, (index + 1) * layer.stride);
            (start as isize - first).max(end - stop as isize)
        });
        positions.max().unwrap_or(0).max(0) as usize
    };
    let limited = |layer: &&&Layer| layer.receptive_field_px.is_some();
    let widest = if limited(&&layer) {
        beyond(layer)
    } else {
        before.iter().filter(limited).map(|layer| beyond(layer)).max().unwrap_or(0)
    };
    widest.next_multiple_of(coarsest)
}
