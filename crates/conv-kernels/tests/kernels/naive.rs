//! The same operations written as their definitions, in `f64`: what every kernel is compared with.

use conv_kernels::ConvShape;

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
                                        ((n * shape.channels_in + c_in) * shape.height + iy) * shape.width + ix,
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

pub fn forward(
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    relu: bool,
) -> Vec<f64> {
    let mut output = vec![0.0; shape.output_len()];
    let [height, width] = shape.output();
    if let Some(bias) = bias {
        for (plane_idx, plane) in output.chunks_mut((height * width).max(1)).enumerate() {
            plane.fill(f64::from(bias[plane_idx % shape.channels_out]));
        }
    }
    for_each_product(shape, |o, i, w| output[o] += f64::from(input[i]) * f64::from(weights[w]));
    if relu {
        output.iter_mut().for_each(|value| *value = value.max(0.0));
    }
    output
}

pub fn input_gradient(shape: &ConvShape, weights: &[f32], grad_output: &[f32]) -> Vec<f64> {
    let mut gradient = vec![0.0; shape.input_len()];
    for_each_product(shape, |o, i, w| gradient[i] += f64::from(grad_output[o]) * f64::from(weights[w]));
    gradient
}

pub fn weight_gradient(shape: &ConvShape, input: &[f32], grad_output: &[f32]) -> (Vec<f64>, Vec<f64>) {
    let mut weights = vec![0.0; shape.weights_len()];
    for_each_product(shape, |o, i, w| weights[w] += f64::from(grad_output[o]) * f64::from(input[i]));
    let [height, width] = shape.output();
    let mut bias = vec![0.0; shape.channels_out];
    for (plane_idx, plane) in grad_output.chunks((height * width).max(1)).enumerate() {
        bias[plane_idx % shape.channels_out] += plane.iter().map(|&value| f64::from(value)).sum::<f64>();
    }
    (weights, bias)
}
