//! Encoder: stages of an encoder with batch norms, which an autoencoder and a classifier may share.
//!
//! Stage 1 is a convolution of 7 × 7, ReLU and max-pool (`encoder.1.relu`, `encoder.1`); later ones have 3 × 3, a batch
//! norm, ReLU and max-pool (`encoder.S.conv`, `encoder.S.norm`, `encoder.S.relu`, `encoder.S`). After the pool of the
//! last (`encoder.S.pool`) comes a further convolution (`encoder.S.deep.conv` and so on), whose maps are `encoder.S`.

use burn::tensor::Device;

use super::convolution::{Convolution, ConvolutionShape};
use super::graph::Graph;
use super::init::Init;
use super::norm::BatchNorm;
use super::operation::{Operation, Pool};

/// Bias with which the channels of the stages start: so much below the contrast of a usual
/// micrograph that it decides nothing there, but channels answer to weak contrast too.
pub(super) const START_BIAS: f32 = 0.05;

/// Height and width of the first stage's kernels.
const FIRST_KERNEL: usize = 7;

/// What is added to the variance in a batch norm.
const NORM_EPSILON: f64 = 1e-5;

/// Adds stages of so many channels to an image of one channel; returns the channels of the last.
pub(super) fn normed_stages(graph: &mut Graph, stages: &[usize], init: Init, device: &Device) -> usize {
    let mut channels = 1;
    for (index, &next) in stages.iter().enumerate() {
        let name = format!("encoder.{}", index + 1);
        if index == 0 {
            let relu = format!("{name}.relu");
            let shape = ConvolutionShape::same([1, next], FIRST_KERNEL);
            let layer = Convolution::new(ConvolutionShape { relu: true, ..shape }, 2.0, init, &relu, device);
            // without the level of the image, which would be in all channels
            graph.push(relu, Operation::Convolution(layer.alive(START_BIAS, true)));
        } else {
            normed(graph, &name, [channels, next], init, device);
        }
        channels = next;
        if index + 1 < stages.len() {
            graph.push(name, Operation::MaxPool(Pool::HALF));
        } else {
            graph.push(format!("{name}.pool"), Operation::MaxPool(Pool::HALF));
            normed(graph, &format!("{name}.deep"), [channels, channels], init, device);
            graph.push(name, Operation::Identity);
        }
    }
    channels
}

/// Adds a convolution from so many channels to so many, a batch norm and a ReLU.
fn normed(graph: &mut Graph, name: &str, channels: [usize; 2], init: Init, device: &Device) {
    let shape = ConvolutionShape { biased: false, ..ConvolutionShape::same(channels, 3) };
    let convolution = format!("{name}.conv");
    let layer = Convolution::new(shape, 2.0, init, &convolution, device);
    graph.push(convolution, Operation::Convolution(layer));
    graph.push(format!("{name}.norm"), Operation::Norm(BatchNorm::new(channels[1], NORM_EPSILON, device)));
    graph.push(format!("{name}.relu"), Operation::Relu);
}
