//! The networks of the workloads, with random weights.

use crate::Device;
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation, Pool};

/// Encoder of 32, 64, 128 channels with max-pools, mirrored decoder with nearest up-sampling, one
/// channel through a sigmoid at the end.
pub(super) fn autoencoder(device: Device) -> Graph {
    let mut stages = Stages::new(1, device);
    for channels in [32, 64, 128] {
        stages.convolution(channels, true);
        stages.operation(Operation::MaxPool(Pool::HALF));
    }
    for channels in [128, 64, 32] {
        stages.convolution(channels, true);
        stages.operation(Operation::UpSample);
    }
    stages.convolution(1, false);
    stages.operation(Operation::Sigmoid);
    stages.graph
}

/// The first `n_blocks` blocks of VGG16 (Simonyan and Zisserman 2015), without the pool of the last.
pub(super) fn vgg16(n_blocks: usize, device: Device) -> Graph {
    let blocks = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)];
    let mut stages = Stages::new(3, device);
    for (block, (channels, n_convolutions)) in blocks.into_iter().take(n_blocks).enumerate() {
        if block > 0 {
            stages.operation(Operation::MaxPool(Pool::HALF));
        }
        for _ in 0..n_convolutions {
            stages.convolution(channels, true);
        }
    }
    stages.graph
}

/// A graph that grows; layers are named by their number.
struct Stages {
    graph: Graph,
    channels: usize,
    device: Device,
}

impl Stages {
    fn new(channels: usize, device: Device) -> Self {
        Self { graph: Graph::new(channels), channels, device }
    }

    fn convolution(&mut self, channels_out: usize, relu: bool) {
        let shape = ConvolutionShape { relu, ..ConvolutionShape::same([self.channels, channels_out], 3) };
        let gain = if relu { 2.0 } else { 1.0 };
        let name = self.graph.end().to_string();
        let convolution = Convolution::new(shape, gain, Init::Random(0), &name, &self.device.burn());
        self.channels = channels_out;
        self.operation(Operation::Convolution(convolution));
    }

    fn operation(&mut self, operation: Operation) {
        let name = self.graph.end().to_string();
        self.graph.push(name, operation);
    }
}
