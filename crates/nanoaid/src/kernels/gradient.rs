//! Automatic differentiation of the operations: the same for every backend, each with its own
//! backward passes.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients as Register;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

use super::backend::{ConvolutionState, Gradients, Kernels, gradient_through_relu};
use super::{Clip, Geometry, PoolWindow, ReluGradient};

impl<B: Backend + Kernels + Gradients, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn convolution(
        maps: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        clip: Clip,
    ) -> FloatTensor<Self> {
        let nodes = [maps.node(), weight.node(), bias.node()];
        let [maps, weight, bias] = [maps, weight, bias].map(|tensor| tensor.into_primitive());
        match ConvolutionBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let output = B::convolution(maps.clone(), weight.clone(), bias, geometry, clip);
                let relu_output = (clip != Clip::None).then(|| output.clone());
                let ceiling = if let Clip::ReluUpTo(most) = clip { Some(most) } else { None };
                prepared.finish(ConvolutionState { maps, weight, geometry, relu_output, ceiling }, output)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::convolution(maps, weight, bias, geometry, clip))
            }
        }
    }

    fn max_pool(maps: FloatTensor<Self>, window: PoolWindow) -> FloatTensor<Self> {
        let node = maps.node();
        let maps = maps.into_primitive();
        match MaxPoolBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (output, state) = B::max_pool_with_state(maps, window);
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::max_pool(maps, window)),
        }
    }

    fn up_sample(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = maps.node();
        let maps = maps.into_primitive();
        match UpSampleBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((), B::up_sample(maps)),
            OpsKind::UnTracked(prepared) => prepared.finish(B::up_sample(maps)),
        }
    }

    fn relu_with(maps: FloatTensor<Self>, ceiling: Option<f32>, gradient: ReluGradient) -> FloatTensor<Self> {
        let node = maps.node();
        let maps = maps.into_primitive();
        match ReluBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish((maps.clone(), ceiling, gradient), B::relu_with(maps, ceiling, gradient))
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::relu_with(maps, ceiling, gradient)),
        }
    }
}

#[derive(Debug)]
struct ConvolutionBackward;

impl<B: Backend + Gradients> Backward<B, 3> for ConvolutionBackward {
    type State = ConvolutionState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, register: &mut Register, _: &mut Checkpointer) {
        let gradient = register.consume::<B>(&ops.node);
        let [maps, weight, bias] = ops.parents;
        let needed = [&maps, &weight, &bias].map(Option::is_some);
        let gradient = ops.state.below_ceiling(gradient);
        let gradients = B::convolution_gradients(ops.state, gradient, needed);
        let pairs = [(maps, gradients.maps), (weight, gradients.weight), (bias, gradients.bias)];
        for (node, gradient) in pairs {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                register.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct MaxPoolBackward;

impl<B: Backend + Gradients> Backward<B, 1> for MaxPoolBackward {
    type State = B::PoolState;

    fn backward(self, ops: Ops<Self::State, 1>, register: &mut Register, _: &mut Checkpointer) {
        let gradient = register.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            register.register::<B>(node.id, B::max_pool_gradient(ops.state, gradient));
        }
    }
}

#[derive(Debug)]
struct UpSampleBackward;

impl<B: Backend + Gradients> Backward<B, 1> for UpSampleBackward {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 1>, register: &mut Register, _: &mut Checkpointer) {
        let gradient = register.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            register.register::<B>(node.id, B::up_sample_gradient(gradient));
        }
    }
}

#[derive(Debug)]
struct ReluBackward;

impl<B: Backend + Kernels> Backward<B, 1> for ReluBackward {
    /// The input, the ceiling, and the rule.
    type State = (FloatTensor<B>, Option<f32>, ReluGradient);

    fn backward(self, ops: Ops<Self::State, 1>, register: &mut Register, _: &mut Checkpointer) {
        let gradient = register.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            register.register::<B>(node.id, gradient_through_relu::<B>(ops.state, gradient));
        }
    }
}
