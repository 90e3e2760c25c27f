//! Whole feature visualizations: all channels of a layer, from the start to the finished pictures.

use std::ops::ControlFlow;

use super::networks;
use crate::interpret::visualize::{Materials, Objective, Preset, VisualizeConfig, visualize};
use crate::network::Graph;
use crate::{Architecture, AutoencoderConfig, Device, Network};

/// What is visualized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisualizationKind {
    /// All 64 channels of depth 2 of an autoencoder, before their ReLU, at 96 × 96, preset `fast`.
    Layer,
    /// 16 channels of VGG16's `block3_conv3`, before their ReLU, at 128 × 128, preset `robust` from
    /// one start.
    Vgg16,
}

/// Steps of each ascent; none ends early.
const STEPS: usize = 256;

impl VisualizationKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Layer, Self::Vgg16];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Layer => "layer-visualized",
            Self::Vgg16 => "vgg16-visualized",
        }
    }

    /// Does it once.
    ///
    /// # Panics
    /// If a picture does not stay finite.
    pub fn run(self, device: Device) {
        let (graph, n_channels, preset, size) = match self {
            Self::Layer => (networks::autoencoder(device), 64, Preset::Fast, 96),
            Self::Vgg16 => (networks::vgg16(3, device), 16, Preset::Robust, 128),
        };
        // the second convolution of the autoencoder, the last of VGG16's third block
        let place = match self {
            Self::Layer => 3,
            Self::Vgg16 => graph.end(),
        };
        let objectives: Vec<Objective> = (0..n_channels)
            .map(|channel| Objective::channel(&format!("{}.preactivation", name(&graph, place)), channel))
            .collect();
        // a name for it; its graph is that of the comparison
        let architecture = Architecture::Autoencoder(AutoencoderConfig::default());
        let network = Network::of_graph(architecture, graph, device);
        let config = VisualizeConfig {
            height: size,
            width: size,
            steps: STEPS,
            stop_gain: 0.0,
            redirected_steps: 0,
            restarts: 1,
            ..preset.config()
        };
        visualize(&network, &objectives, &config, Materials::default(), None, &mut |_| {
            ControlFlow::Continue(())
        })
        .expect("the pictures stay finite");
    }
}

fn name(graph: &Graph, place: usize) -> &str {
    &graph.steps()[place - 1].name
}
