//! The operations as an extension of Burn's backends. The bodies here are made of Burn's own
//! operations; a backend that has better ones overrides them.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata, backend_extension};
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use burn::backend::{
    Cube,
    ops::{FloatTensorOps, ModuleOps},
};
use burn::tensor::Shape;
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions};

use super::{Clip, Geometry, PoolWindow, ReluGradient};

/// Forward passes.
#[backend_extension(Autodiff, Flex, Cube: cfg(any(feature = "wgpu", feature = "cuda")))]
pub(crate) trait Kernels: Backend {
    /// See [`super::convolution`].
    fn convolution(
        maps: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        clip: Clip,
    ) -> FloatTensor<Self> {
        convolution::<Self>(maps, weight, bias, geometry, clip)
    }

    /// See [`super::max_pool`].
    fn max_pool(maps: FloatTensor<Self>, window: PoolWindow) -> FloatTensor<Self> {
        let PoolWindow { kernel, stride, padding, ceil } = window;
        Self::max_pool2d(maps, [kernel; 2], [stride; 2], [padding; 2], [1, 1], ceil)
    }

    /// See [`super::up_sample`].
    fn up_sample(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        let size = doubled(&maps.shape());
        Self::interpolate(maps, size, nearest(size))
    }

    /// See [`super::relu_with`].
    fn relu_with(maps: FloatTensor<Self>, ceiling: Option<f32>, gradient: ReluGradient) -> FloatTensor<Self> {
        let _ = gradient; // the values do not depend on it
        match ceiling {
            None => Self::relu(maps),
            Some(ceiling) => Self::float_clamp(maps, 0.0.into(), ceiling.into()),
        }
    }
}

/// Gradients of a convolution.
pub(crate) struct ConvolutionGradients<B: Backend> {
    /// `[N, C_in, H, W]`, where it was requested.
    pub maps: Option<FloatTensor<B>>,
    /// `[C_out, C_in, K, K]`, where it was requested.
    pub weight: Option<FloatTensor<B>>,
    /// `[C_out]`, where it was requested.
    pub bias: Option<FloatTensor<B>>,
}

/// What a convolution's gradients are computed from.
#[derive(Clone, Debug)]
pub(crate) struct ConvolutionState<B: Backend> {
    pub maps: FloatTensor<B>,
    pub weight: FloatTensor<B>,
    pub geometry: Geometry,
    /// The output, if a ReLU was applied: the gradient counts only where it is above 0.
    pub relu_output: Option<FloatTensor<B>>,
    /// What the output was cut off at: the gradient counts only below it.
    pub ceiling: Option<f32>,
}

impl<B: Backend> ConvolutionState<B> {
    /// `gradient` where the output is below its ceiling.
    pub(super) fn below_ceiling(&self, gradient: FloatTensor<B>) -> FloatTensor<B> {
        match (&self.relu_output, self.ceiling) {
            (Some(output), Some(ceiling)) => {
                // a ReLU's gradient is the way to keep values where others are above 0
                let room = B::float_add_scalar(B::float_neg(output.clone()), ceiling.into());
                B::relu_backward(room, gradient)
            }
            _ => gradient,
        }
    }
}

/// Which of the gradients of maps, weight and bias are needed.
pub(crate) type Needed = [bool; 3];

/// Backward passes; not dispatched, since automatic differentiation knows its backend.
pub(crate) trait Gradients: Backend {
    /// What [`Gradients::max_pool_gradient`] needs besides the gradient of the output.
    type PoolState: Clone + Send + std::fmt::Debug + 'static;

    /// The gradients of [`Kernels::convolution`].
    fn convolution_gradients(
        state: ConvolutionState<Self>,
        gradient: FloatTensor<Self>,
        needed: Needed,
    ) -> ConvolutionGradients<Self>;

    /// [`Kernels::max_pool`] with what its gradient needs.
    fn max_pool_with_state(
        maps: FloatTensor<Self>,
        window: PoolWindow,
    ) -> (FloatTensor<Self>, Self::PoolState);

    /// The gradient of [`Kernels::max_pool`] for its input.
    fn max_pool_gradient(state: Self::PoolState, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of [`Kernels::up_sample`] for its input.
    fn up_sample_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
impl Kernels for Cube {}

#[cfg(any(feature = "wgpu", feature = "cuda"))]
impl Gradients for Cube {
    /// The input, the windows, and the places of the largest values.
    type PoolState = (FloatTensor<Self>, PoolWindow, burn::backend::tensor::IntTensor<Self>);

    fn convolution_gradients(
        state: ConvolutionState<Self>,
        gradient: FloatTensor<Self>,
        needed: Needed,
    ) -> ConvolutionGradients<Self> {
        convolution_gradients(state, gradient, needed)
    }

    fn max_pool_with_state(
        maps: FloatTensor<Self>,
        window: PoolWindow,
    ) -> (FloatTensor<Self>, Self::PoolState) {
        let PoolWindow { kernel, stride, padding, ceil } = window;
        let indices = burn::tensor::IntDType::I32;
        let pooled = Self::max_pool2d_with_indices(
            maps.clone(),
            [kernel; 2],
            [stride; 2],
            [padding; 2],
            [1, 1],
            ceil,
            indices,
        );
        (pooled.output, (maps, window, pooled.indices))
    }

    fn max_pool_gradient(
        (maps, window, indices): Self::PoolState,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let PoolWindow { kernel, stride, padding, ceil } = window;
        Self::max_pool2d_with_indices_backward(
            maps,
            [kernel; 2],
            [stride; 2],
            [padding; 2],
            [1, 1],
            ceil,
            gradient,
            indices,
        )
        .x_grad
    }

    fn up_sample_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        // the sum over each 2 × 2 is four times its mean
        let mean = Self::avg_pool2d(gradient, [2, 2], [2, 2], [0, 0], true, false);
        Self::float_mul_scalar(mean, 4.0.into())
    }
}

/// What passes backwards through [`Kernels::relu_with`] for `maps`.
pub(super) fn gradient_through_relu<B: Backend>(
    (maps, ceiling, rule): (FloatTensor<B>, Option<f32>, ReluGradient),
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    match rule {
        ReluGradient::Redirected => redirected_gradient::<B>(maps, ceiling, gradient),
        ReluGradient::Guided => passed_gradient::<B>(maps, ceiling, B::relu(gradient)),
        ReluGradient::Deconvolution => B::relu(gradient),
    }
}

/// `gradient` where a value is not cut off.
fn passed_gradient<B: Backend>(
    maps: FloatTensor<B>,
    ceiling: Option<f32>,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    // a ReLU's gradient is the way to keep values where others are above 0
    let passed = B::relu_backward(B::relu(maps.clone()), gradient.clone());
    let Some(ceiling) = ceiling else { return passed };
    let above = B::relu(B::float_sub_scalar(maps, ceiling.into()));
    B::float_sub(passed, B::relu_backward(above, gradient))
}

fn redirected_gradient<B: Backend>(
    maps: FloatTensor<B>,
    ceiling: Option<f32>,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let below = B::relu(B::float_neg(maps.clone()));
    let rising = B::relu(gradient.clone());
    let falling = B::float_sub(gradient.clone(), rising.clone());
    let passed = passed_gradient::<B>(maps.clone(), ceiling, gradient.clone());
    let mut redirected = B::float_sub(gradient, B::relu_backward(below, falling));
    if let Some(ceiling) = ceiling {
        let above = B::relu(B::float_sub_scalar(maps, ceiling.into()));
        redirected = B::float_sub(redirected, B::relu_backward(above, rising));
    }
    let total = [1, 2, 3].into_iter().fold(B::float_abs(passed.clone()), B::float_sum_dim);
    let nothing = B::float_add_scalar(B::float_neg(B::float_sign(total)), 1.0.into()); // [N, 1, 1, 1]
    B::float_add(passed, B::float_mul(redirected, nothing))
}

/// [`Kernels::convolution`] by the backend's own.
pub(super) fn convolution<B: Backend>(
    maps: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    geometry: Geometry,
    clip: Clip,
) -> FloatTensor<B> {
    let maps = B::conv2d(maps, weight, Some(bias), options(geometry));
    match clip {
        Clip::None => maps,
        Clip::Relu => B::relu(maps),
        Clip::ReluUpTo(most) => B::float_clamp(maps, 0.0.into(), most.into()),
    }
}

/// [`Gradients::convolution_gradients`] by the backend's own.
pub(super) fn convolution_gradients<B: Backend>(
    state: ConvolutionState<B>,
    gradient: FloatTensor<B>,
    [maps, weight, bias]: Needed,
) -> ConvolutionGradients<B> {
    let gradient = match state.relu_output {
        Some(output) => B::relu_backward(output, gradient),
        None => gradient,
    };
    let options = options(state.geometry);
    ConvolutionGradients {
        maps: maps.then(|| {
            let (maps, weight) = (state.maps.clone(), state.weight.clone());
            B::conv2d_x_backward(maps, weight, gradient.clone(), options.clone())
        }),
        weight: weight
            .then(|| B::conv2d_weight_backward(state.maps.clone(), state.weight, gradient.clone(), options)),
        // over images, rows, columns
        bias: bias.then(|| {
            let sums = [0, 2, 3].into_iter().fold(gradient, B::float_sum_dim);
            let channels = sums.shape()[1];
            B::float_reshape(sums, Shape::new([channels]))
        }),
    }
}

fn options(Geometry { stride, padding, groups, .. }: Geometry) -> ConvOptions<2> {
    let sides = [(padding.top, padding.bottom), (padding.left, padding.right)];
    ConvOptions::new_with_padding([stride; 2], sides, [1, 1], groups)
}

fn doubled(maps: &Shape) -> [usize; 2] {
    [2 * maps[2], 2 * maps[3]]
}

fn nearest(size: [usize; 2]) -> InterpolateOptions {
    InterpolateOptions::new(InterpolateMode::Nearest).with_output_size(size)
}
