//! Builder: writes the steps of a published network down, with the channels that each has.

use burn::tensor::Tensor;

use super::activation::Activation;
use super::convolution::{Border, Convolution, ConvolutionShape};
use super::dense::Dense;
use super::graph::{Graph, ValueId};
use super::init::Init;
use super::layer_norm::LayerNorm;
use super::norm::BatchNorm;
use super::operation::{Operation, Pool};
use crate::kernels::Padding;

/// Gain of random kernels: a ReLU follows nearly all of them.
const GAIN: f64 = 2.0;

/// A graph on its way.
pub(super) struct Builder<'a> {
    graph: Graph,
    /// Channels of each id.
    channels: Vec<usize>,
    init: Init,
    device: &'a burn::tensor::Device,
}

/// A convolution but for its input.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    pub channels: usize,
    pub kernel: usize,
    pub stride: usize,
    pub border: Border,
    pub biased: bool,
}

impl Kernels {
    /// With biases, stride 1, and the size kept.
    pub(super) fn new(channels: usize, kernel: usize) -> Self {
        Self { channels, kernel, stride: 1, border: Border::same(kernel), biased: true }
    }

    pub(super) fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// `padding` zeros on each side.
    pub(super) fn padding(self, padding: usize) -> Self {
        let sides = Padding { top: padding, bottom: padding, left: padding, right: padding };
        Self { border: Border::Sides(sides), ..self }
    }

    pub(super) fn border(self, border: Border) -> Self {
        Self { border, ..self }
    }

    pub(super) fn without_bias(self) -> Self {
        Self { biased: false, ..self }
    }
}

impl<'a> Builder<'a> {
    /// For images of `channels_in` channels.
    pub(super) fn new(channels_in: usize, init: Init, device: &'a burn::tensor::Device) -> Self {
        Self { graph: Graph::new(channels_in), channels: vec![channels_in], init, device }
    }

    /// The graph with all steps so far.
    pub(super) fn finish(self) -> Graph {
        self.graph
    }

    /// Channels of the value `id`.
    pub(super) fn channels(&self, id: ValueId) -> usize {
        self.channels[id]
    }

    /// A step with one input, of `channels` channels.
    pub(super) fn step(
        &mut self,
        name: &str,
        from: ValueId,
        operation: Operation,
        channels: usize,
    ) -> ValueId {
        self.channels.push(channels);
        self.graph.push_from(name, &[from], operation)
    }

    /// A step that keeps the number of channels.
    pub(super) fn keep(&mut self, name: &str, from: ValueId, operation: Operation) -> ValueId {
        self.step(name, from, operation, self.channels[from])
    }

    pub(super) fn convolution(&mut self, name: &str, from: ValueId, kernels: Kernels) -> ValueId {
        self.grouped(name, from, kernels, 1)
    }

    /// A kernel for each channel.
    pub(super) fn depthwise(&mut self, name: &str, from: ValueId, kernels: Kernels) -> ValueId {
        self.grouped(name, from, Kernels { channels: self.channels[from], ..kernels }, self.channels[from])
    }

    fn grouped(&mut self, name: &str, from: ValueId, kernels: Kernels, groups: usize) -> ValueId {
        let Kernels { channels, kernel, stride, border, biased } = kernels;
        let channels_in = self.channels[from];
        let (channels_out, relu) = (channels, false);
        let shape =
            ConvolutionShape { channels_in, channels_out, kernel, stride, border, groups, biased, relu };
        let layer = Convolution::new(shape, GAIN, self.init, name, self.device);
        self.step(name, from, Operation::Convolution(layer), channels)
    }

    pub(super) fn norm(&mut self, name: &str, from: ValueId, epsilon: f64) -> ValueId {
        let norm = BatchNorm::new(self.channels[from], epsilon, self.device);
        self.keep(name, from, Operation::Norm(norm))
    }

    pub(super) fn relu(&mut self, name: &str, from: ValueId) -> ValueId {
        self.keep(name, from, Operation::Relu)
    }

    pub(super) fn activation(&mut self, name: &str, from: ValueId, activation: Activation) -> ValueId {
        self.keep(name, from, Operation::Activation(activation))
    }

    pub(super) fn layer_norm(&mut self, name: &str, from: ValueId, epsilon: f64) -> ValueId {
        let norm = LayerNorm::new(self.channels[from], epsilon, self.device);
        self.keep(name, from, Operation::LayerNorm(norm))
    }

    /// Each channel times a number, which starts as `value`.
    pub(super) fn scale(&mut self, name: &str, from: ValueId, value: f32) -> ValueId {
        let scale = Tensor::full([self.channels[from]], value, self.device);
        self.keep(name, from, Operation::Scale(scale))
    }

    pub(super) fn max_pool(&mut self, name: &str, from: ValueId, pool: Pool) -> ValueId {
        self.keep(name, from, Operation::MaxPool(pool))
    }

    /// A dense layer over maps of `positions` positions.
    pub(super) fn dense(&mut self, name: &str, from: ValueId, positions: usize, outputs: usize) -> ValueId {
        let inputs = self.channels[from] * positions;
        let layer = Dense::new([inputs, outputs], GAIN, self.init, name, self.device);
        self.step(name, from, Operation::Dense(layer), outputs)
    }

    pub(super) fn concatenate(&mut self, name: &str, from: &[ValueId]) -> ValueId {
        self.channels.push(from.iter().map(|&id| self.channels[id]).sum());
        self.graph.push_from(name, from, Operation::Concatenate)
    }

    /// `maps` times `gate`, which may have one position for all of theirs.
    pub(super) fn multiply(&mut self, name: &str, [maps, gate]: [ValueId; 2]) -> ValueId {
        self.channels.push(self.channels[maps]);
        self.graph.push_from(name, &[maps, gate], Operation::Multiply)
    }

    pub(super) fn add(&mut self, name: &str, from: [ValueId; 2]) -> ValueId {
        self.channels.push(self.channels[from[0]]);
        self.graph.push_from(name, &from, Operation::Add)
    }
}
