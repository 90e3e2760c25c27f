//! The same operations written as their definitions, in `f64`: what every kernel is compared with.

use conv_kernels::{Clip, ConvShape, PlanesShape};

/// Calls `product(output index, input index, weight index)` for every product of a convolution.
fn for_each_product(shape: &ConvShape, mut product: impl FnMut(usize, usize, usize)) {
    let [height_out, width_out] = shape.output();
    let (in_group, out_group) = (shape.channels_in / shape.groups, shape.channels_out / shape.groups);
    for n in 0..shape.batch {
        for c_out in 0..shape.channels_out {
            for y in 0..height_out {
                for x in 0..width_out {
                    for c in 0..in_group {
                        for ky in 0..shape.kernel {
                            for kx in 0..shape.kernel {
                                let iy = (y * shape.stride + ky).wrapping_sub(shape.padding.top);
                                let ix = (x * shape.stride + kx).wrapping_sub(shape.padding.left);
                                if iy < shape.height && ix < shape.width {
                                    let c_in = c_out / out_group * in_group + c;
                                    product(
                                        ((n * shape.channels_out + c_out) * height_out + y) * width_out + x,
                                        ((n * shape.channels_in + c_in) * shape.height + iy) * shape.width
                                            + ix,
                                        ((c_out * in_group + c) * shape.kernel + ky) * shape.kernel + kx,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(crate) fn forward(
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    clip: Clip,
) -> Vec<f64> {
    let mut output = vec![0.0; shape.output_len()];
    let [height, width] = shape.output();
    if let Some(bias) = bias {
        for (plane_idx, plane) in output.chunks_mut((height * width).max(1)).enumerate() {
            plane.fill(f64::from(bias[plane_idx % shape.channels_out]));
        }
    }
    for_each_product(shape, |o, i, w| output[o] += f64::from(input[i]) * f64::from(weights[w]));
    for value in &mut output {
        *value = match clip {
            Clip::None => *value,
            Clip::Relu => value.max(0.0),
            Clip::ReluUpTo(most) => value.clamp(0.0, f64::from(most)),
        };
    }
    output
}

pub(crate) fn input_gradient(shape: &ConvShape, weights: &[f32], grad_output: &[f32]) -> Vec<f64> {
    let mut gradient = vec![0.0; shape.input_len()];
    for_each_product(shape, |o, i, w| gradient[i] += f64::from(grad_output[o]) * f64::from(weights[w]));
    gradient
}

pub(crate) fn weight_gradient(shape: &ConvShape, input: &[f32], grad_output: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let mut weights = vec![0.0; shape.weights_len()];
    for_each_product(shape, |o, i, w| weights[w] += f64::from(grad_output[o]) * f64::from(input[i]));
    let [height, width] = shape.output();
    let mut bias = vec![0.0; shape.channels_out];
    for (plane_idx, plane) in grad_output.chunks((height * width).max(1)).enumerate() {
        bias[plane_idx % shape.channels_out] += plane.iter().map(|&value| f64::from(value)).sum::<f64>();
    }
    (weights, bias)
}

pub(crate) fn max_pool(planes: PlanesShape, input: &[f32]) -> (Vec<f32>, Vec<u8>) {
    let (mut output, mut choice) = (Vec::new(), Vec::new());
    for plane in 0..planes.planes {
        for y in 0..planes.height / 2 {
            for x in 0..planes.width / 2 {
                let values = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .map(|(dy, dx)| input[(plane * planes.height + 2 * y + dy) * planes.width + 2 * x + dx]);
                let mut best = 0;
                for i in 1..4 {
                    if !values[best].is_nan() && (values[i].is_nan() || values[i] > values[best]) {
                        best = i;
                    }
                }
                output.push(values[best]);
                choice.push(best as u8);
            }
        }
    }
    (output, choice)
}

pub(crate) fn max_pool_gradient(planes: PlanesShape, choice: &[u8], grad_output: &[f32]) -> Vec<f32> {
    let mut gradient = vec![0.0; planes.planes * planes.height * planes.width];
    let (height, width) = (planes.height / 2, planes.width / 2);
    for (i, (choice, slope)) in choice.iter().zip(grad_output).enumerate() {
        let (plane, y, x) = (i / width / height, i / width % height, i % width);
        let (dy, dx) = (usize::from(*choice) / 2, usize::from(*choice) % 2);
        gradient[(plane * planes.height + 2 * y + dy) * planes.width + 2 * x + dx] = *slope;
    }
    gradient
}

pub(crate) fn upsample(planes: PlanesShape, input: &[f32]) -> Vec<f32> {
    let (height, width) = (2 * planes.height, 2 * planes.width);
    (0..planes.planes * height * width)
        .map(|i| {
            let (plane, y, x) = (i / width / height, i / width % height, i % width);
            input[(plane * planes.height + y / 2) * planes.width + x / 2]
        })
        .collect()
}
