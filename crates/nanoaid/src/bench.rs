//! Workloads whose speed shows how fast the program is on a machine; the same as those of other
//! frameworks that it is compared with (`docs/performance.md`).
//!
//! A workload is prepared once and stepped as often as the caller likes. Nothing here reads the
//! clock.

mod concepts;
mod convolution;
mod exemplars;
mod explanation;
mod networks;
mod visualization;

pub use concepts::concept_bank;
pub use convolution::{ConvolutionCase, Pass, convolutions};
pub use exemplars::exemplar_pass;
pub use explanation::ExplanationKind;
pub use visualization::VisualizationKind;

use burn::tensor::{Tensor, TensorData};
use micrograph::random::Stream;

use crate::network::{Graph, SEGMENTED, SegmenterConfig};
use crate::train::{self, TrainConfig};
use crate::{Architecture, AutoencoderConfig, Device, Network, kernels};

/// What is done over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// A batch of patches through an autoencoder, without gradients.
    AutoencoderForward,
    /// A step of its training: forward, mean squared error to the input, backward, Adam.
    AutoencoderTrain,
    /// A step of gradient ascent on an image through VGG16 as far as `block3_conv3`.
    AscentBlock3,
    /// The same as far as `block5_conv3`.
    AscentBlock5,
    /// A micrograph of 768 × 1024 px once through a segmenter like the built-in one.
    SegmenterForward,
}

impl WorkloadKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AutoencoderForward,
        Self::AutoencoderTrain,
        Self::AscentBlock3,
        Self::AscentBlock5,
        Self::SegmenterForward,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AutoencoderForward => "cae-forward",
            Self::AutoencoderTrain => "cae-train",
            Self::AscentBlock3 => "ascent-vgg16-block3",
            Self::AscentBlock5 => "ascent-vgg16-block5",
            Self::SegmenterForward => "segmenter-forward",
        }
    }
}

/// A prepared workload.
pub struct Workload {
    /// Images that one step takes; where it is 1, the time of a step is what is reported.
    pub n_images: usize,
    step: Box<dyn FnMut()>,
}

impl Workload {
    /// Prepares `kind` on `device`.
    pub fn new(kind: WorkloadKind, device: Device) -> Self {
        match kind {
            WorkloadKind::AutoencoderForward => autoencoder_forward(device),
            WorkloadKind::AutoencoderTrain => autoencoder_train(device),
            WorkloadKind::AscentBlock3 => ascent(3, 150, device),
            WorkloadKind::AscentBlock5 => ascent(5, 224, device),
            WorkloadKind::SegmenterForward => segmenter_forward(device),
        }
    }

    /// Does it once.
    pub fn step(&mut self) {
        (self.step)();
    }
}

/// Images of a batch.
const BATCH: usize = 32;
/// Height and width of a patch in pixels.
const PATCH_PX: usize = 128;
/// Height and width of a micrograph in pixels.
const MICROGRAPH_PX: (usize, usize) = (768, 1024);
/// The channel that is ascended.
const CHANNEL: usize = 3;
/// Positions at the border of a map that do not count.
const BORDER: usize = 2;
/// Length of a step of ascent.
const ASCENT_STEP: f32 = 10.0;

/// Floating-point operations that `rounds` rounds of multiply-adds in registers took on all
/// threads: nothing is faster on this machine.
pub fn multiply_add_burst(rounds: usize) -> f64 {
    kernels::multiply_add_burst(rounds)
}

/// Name of the instruction set that convolutions use.
pub fn instruction_set() -> String {
    format!("{:?}", kernels::isa())
}

fn autoencoder_forward(device: Device) -> Workload {
    let mut graph = networks::autoencoder(device);
    graph.use_fastest_method();
    let images = random_images([BATCH, 1, PATCH_PX, PATCH_PX], device);
    let step = move || finish(graph.forward(images.clone()));
    Workload { n_images: BATCH, step: Box::new(step) }
}

fn segmenter_forward(device: Device) -> Workload {
    let architecture = Architecture::Segmenter(SegmenterConfig::default());
    let network = Network::random(architecture, 0, device).expect("the default settings are in range");
    let mut network = network.fused_for(SEGMENTED).expect("segmenters have this layer");
    network.graph_mut().use_fastest_method();
    let image = random_images([1, 1, MICROGRAPH_PX.0, MICROGRAPH_PX.1], device);
    let step = move || finish(network.graph().forward(image.clone()));
    Workload { n_images: 1, step: Box::new(step) }
}

fn autoencoder_train(device: Device) -> Workload {
    let graph = networks::autoencoder(device);
    // a name for it; its graph is that of the comparison
    let architecture = Architecture::Autoencoder(AutoencoderConfig::default());
    let mut network = Network::of_graph(architecture, graph, device);
    network.graph_mut().use_fastest_method();
    let images = random_images([BATCH, 1, PATCH_PX, PATCH_PX], device).autodiff();
    let mut learn =
        train::stepper(&TrainConfig::default(), &network).expect("a new training needs no checkpoint");
    let step = move || {
        learn(&mut network, images.clone()).expect("a small step on noise stays finite");
    };
    Workload { n_images: BATCH, step: Box::new(step) }
}

fn ascent(n_blocks: usize, side: usize, device: Device) -> Workload {
    let graph = networks::vgg16(n_blocks, device);
    let mut graph = graph.cut_to_channels(graph.end(), &[CHANNEL]);
    graph.use_fastest_method();
    let mut image = random_images([1, 3, side, side], device);
    let step = move || image = ascended(&graph, image.clone());
    Workload { n_images: 1, step: Box::new(step) }
}

/// `image` one step uphill: the score is the mean of the output, of one channel, without its
/// border.
fn ascended(graph: &Graph, image: Tensor<4>) -> Tensor<4> {
    let image = image.autodiff().require_grad();
    let map = graph.forward(image.clone()); // [1, 1, H, W]
    let [_, _, height, width] = map.dims();
    let inside = map.slice([0..1, 0..1, BORDER..height - BORDER, BORDER..width - BORDER]);
    let mut gradients = inside.mean().backward();
    let gradient = image.grad_remove(&mut gradients).expect("the score depends on the image");
    let norm = gradient.clone().square().sum().into_scalar::<f32>().sqrt();
    image.inner() + gradient.mul_scalar(ASCENT_STEP / (norm + 1e-12))
}

fn random_images(shape: [usize; 4], device: Device) -> Tensor<4> {
    let mut stream = Stream::new(0, "bench", 0);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| stream.uniform() as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device.burn())
}

/// Waits until `tensor` is computed, which GPUs do later.
fn finish(tensor: Tensor<4>) {
    tensor.device().sync().expect("the device answers");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_ascent_raises_the_score() {
        let graph = networks::vgg16(3, Device::Cpu);
        let graph = graph.cut_to_channels(graph.end(), &[CHANNEL]);
        let score = |image: Tensor<4>| -> f32 {
            let map = graph.forward(image);
            let [_, _, height, width] = map.dims();
            map.slice([0..1, 0..1, BORDER..height - BORDER, BORDER..width - BORDER]).mean().into_scalar()
        };
        let image = random_images([1, 3, 48, 48], Device::Cpu);
        let before = score(image.clone());
        let after = score(ascended(&graph, image));
        assert!(after > before, "{before} → {after}");
    }
}
