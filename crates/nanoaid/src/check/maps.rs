//! Maps: everything but convolutions that layers, losses and scores do with feature maps.

use burn::tensor::{Tensor, activation};

use super::case::{Case, Input, Run};
use super::definition::{Definition, Function};
use crate::kernels::{self, Clip, PoolWindow, ReluGradient};
use crate::network::{Activation, BatchNorm, Dense, LayerNorm, Norms, Operation};

/// Number of images, channels, rows and columns of the maps here.
type Shape = [usize; 4];
const SHAPE: Shape = [2, 5, 7, 9];

/// All of them.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = pools();
    cases.extend(activations());
    cases.extend(norms());
    cases.extend(sums());
    cases
}

fn case(group: &'static str, name: &str, inputs: Vec<Input>, run: Run, function: Function) -> Case {
    Case { group, name: name.to_owned(), inputs, run, definition: Definition::Function(function) }
}

/// `operation` on its inputs.
fn of_operation(operation: Operation) -> Run {
    Box::new(move |inputs| operation.forward("checked", inputs, Norms::Running, &mut Vec::new()))
}

/// For each output of a `[N, C, rows, columns]`, its plane, row and column.
fn outputs(planes: usize, [rows, columns]: [usize; 2]) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..planes * rows * columns).map(move |i| (i / rows / columns, i / columns % rows, i % columns))
}

/// The values of `maps` under each window, with the number of positions that a mean over the border counts.
fn windows(maps: &[f64], [n, channels, height, width]: Shape, window: PoolWindow) -> Vec<(Vec<f64>, usize)> {
    let PoolWindow { kernel, stride, padding, .. } = window;
    let size = [window.output(height), window.output(width)];
    outputs(n * channels, size)
        .map(|(plane, row, column)| {
            let along = |index: usize, length: usize| {
                let (first, end) = (index * stride, index * stride + kernel);
                // positions are counted from the padding's first; a mean counts no further than its last
                let counted = end.min(length + 2 * padding) - first;
                (first.max(padding) - padding..end.min(length + padding) - padding, counted)
            };
            let ((rows, counted_rows), (columns, counted_columns)) =
                (along(row, height), along(column, width));
            let seen = rows
                .flat_map(|y| columns.clone().map(move |x| maps[(plane * height + y) * width + x]))
                .collect();
            (seen, counted_rows * counted_columns)
        })
        .collect()
}

fn pools() -> Vec<Case> {
    const GROUP: &str = "pooling and resizing";
    let maps = |shape| vec![Input::noise("maps", shape)];
    let mut cases = Vec::new();
    for (name, shape, window) in [
        ("largest of 2×2, odd size", SHAPE, PoolWindow::HALF),
        (
            "largest of 3×3, stride 2, to the end",
            [1, 3, 8, 11],
            PoolWindow { kernel: 3, stride: 2, padding: 0, ceil: true },
        ),
        (
            "largest of 3×3, stride 2, padding 1",
            SHAPE,
            PoolWindow { kernel: 3, stride: 2, padding: 1, ceil: false },
        ),
        (
            "largest of 3×3, stride 1",
            [1, 2, 5, 9],
            PoolWindow { kernel: 3, stride: 1, padding: 1, ceil: false },
        ),
    ] {
        let largest: Function = Box::new(move |inputs| {
            let of = |(seen, _): (Vec<f64>, usize)| seen.into_iter().fold(f64::NEG_INFINITY, f64::max);
            windows(&inputs[0], shape, window).into_iter().map(of).collect()
        });
        cases.push(case(GROUP, name, maps(shape), of_operation(Operation::MaxPool(window)), largest));
    }
    for (name, window, counts_border) in [
        ("mean of 2×2", PoolWindow::HALF, false),
        ("mean of 3×3 with its border", PoolWindow { kernel: 3, stride: 2, padding: 1, ceil: false }, true),
        (
            "mean of 3×3 without its border",
            PoolWindow { kernel: 3, stride: 1, padding: 1, ceil: false },
            false,
        ),
    ] {
        let mean: Function = Box::new(move |inputs| {
            let of = |(seen, counted): (Vec<f64>, usize)| {
                seen.iter().sum::<f64>() / if counts_border { counted } else { seen.len() } as f64
            };
            windows(&inputs[0], SHAPE, window).into_iter().map(of).collect()
        });
        cases.push(case(
            GROUP,
            name,
            maps(SHAPE),
            of_operation(Operation::WindowMean { window, counts_border }),
            mean,
        ));
    }
    for (name, side) in [("mean over the image", 1), ("means over 3×3 parts", 3)] {
        let mean: Function = Box::new(move |inputs| {
            let [n, channels, height, width] = SHAPE;
            // part i of n begins at ⌊i·length/n⌋ and ends before ⌈(i+1)·length/n⌉
            let part =
                |index: usize, length: usize| index * length / side..((index + 1) * length).div_ceil(side);
            outputs(n * channels, [side; 2])
                .map(|(plane, row, column)| {
                    let (rows, columns) = (part(row, height), part(column, width));
                    let count = rows.len() * columns.len();
                    let at = |y: usize, x: usize| inputs[0][(plane * height + y) * width + x];
                    rows.flat_map(|y| columns.clone().map(move |x| at(y, x))).sum::<f64>() / count as f64
                })
                .collect()
        });
        cases.push(case(GROUP, name, maps(SHAPE), of_operation(Operation::AveragePool { side }), mean));
    }
    let doubled: Function = Box::new(|inputs| {
        let [n, channels, height, width] = SHAPE;
        let at = |(plane, y, x): (usize, usize, usize)| inputs[0][(plane * height + y / 2) * width + x / 2];
        outputs(n * channels, [2 * height, 2 * width]).map(at).collect()
    });
    cases.push(case(
        GROUP,
        "each position 2×2 times",
        maps(SHAPE),
        of_operation(Operation::UpSample),
        doubled,
    ));
    let shuffled: Function = Box::new(|inputs| {
        let [height, width] = [5, 7];
        let at = |(plane, y, x): (usize, usize, usize)| {
            inputs[0][((4 * plane + 2 * (y % 2) + x % 2) * height + y / 2) * width + x / 2]
        };
        outputs(2 * 3, [2 * height, 2 * width]).map(at).collect()
    });
    let four = maps([2, 12, 5, 7]);
    cases.push(case(
        GROUP,
        "four channels to 2×2 positions",
        four,
        of_operation(Operation::PixelShuffle),
        shuffled,
    ));
    cases
}

/// A function of each value.
fn each(name: &str, operation: Operation, function: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Case {
    // wide enough to pass every bend
    let maps = Input::noise("maps", SHAPE).map(|value| 3.0 * value);
    let of_all: Function = Box::new(move |inputs| inputs[0].iter().map(|&value| function(value)).collect());
    case("activation", name, vec![maps], of_operation(operation), of_all)
}

fn activations() -> Vec<Case> {
    let of = Operation::Activation;
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let hard = |x: f64| (x / 6.0 + 0.5).clamp(0.0, 1.0);
    let mut cases = vec![
        each("ReLU", Operation::Relu, |x| x.max(0.0)),
        each("ReLU6", Operation::Relu6, |x| x.clamp(0.0, 6.0)),
        each("clamp to 0…1", Operation::Clamp, |x| x.clamp(0.0, 1.0)),
        each("logistic", Operation::Sigmoid, logistic),
        each("GELU", of(Activation::Gelu), |x| x * (1.0 + statrs::function::erf::erf(x / 2f64.sqrt())) / 2.0),
        each("GELU (tanh)", of(Activation::GeluTanh), |x| {
            x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()) / 2.0
        }),
        each("SiLU", of(Activation::Silu), move |x| x * logistic(x)),
        each("hard-swish", of(Activation::HardSwish), move |x| x * hard(x)),
        each("hard sigmoid", of(Activation::HARD_SIGMOID), hard),
        each(
            "leaky ReLU",
            of(Activation::LeakyRelu { slope: 0.125 }),
            |x| if x < 0.0 { 0.125 * x } else { x },
        ),
        each("ELU", of(Activation::Elu { scale: 1.5 }), |x| if x < 0.0 { 1.5 * x.exp_m1() } else { x }),
        each("tanh", of(Activation::Tanh), f64::tanh),
        each("error function", of(Activation::Erf), statrs::function::erf::erf),
    ];
    let softmax: Function = Box::new(|inputs| {
        let [n, channels, height, width] = SHAPE;
        let exponential = |image: usize, channel: usize, place: usize| {
            inputs[0][(image * channels + channel) * height * width + place].exp()
        };
        outputs(n * channels, [1, height * width])
            .map(|(plane, _, place)| {
                let (image, channel) = (plane / channels, plane % channels);
                let sum: f64 = (0..channels).map(|channel| exponential(image, channel, place)).sum();
                exponential(image, channel, place) / sum
            })
            .collect()
    });
    cases.push(case(
        "activation",
        "softmax",
        vec![Input::noise("maps", SHAPE)],
        of_operation(Operation::Softmax),
        softmax,
    ));
    // the gradient that ascents pass through a ReLU in place of its own; where something gets through it is the same
    let redirected: Run =
        Box::new(|mut inputs| kernels::relu_with(inputs.remove(0), Some(6.0), ReluGradient::Redirected));
    let clamped: Function = Box::new(|inputs| inputs[0].iter().map(|x| x.clamp(0.0, 6.0)).collect());
    let maps = vec![Input::noise("maps", SHAPE)];
    cases.push(case("activation", "ReLU of ascents", maps, redirected, clamped));
    cases
}

/// Mean and variance of some values.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

fn norms() -> Vec<Case> {
    const EPSILON: f64 = 1e-3;
    let [n, channels, height, width] = SHAPE;
    let plane = height * width;
    let one = |what| Input::noise(what, [1, channels, 1, 1]);
    let flat = move |tensor: &Tensor<4>| tensor.clone().reshape([channels]);
    let maps = || Input::noise("maps", SHAPE).map(|value| 2.0 * value + 0.5);
    let with_statistics = move |norms: Norms| -> Run {
        Box::new(move |inputs| {
            let (zeros, ones) = (
                Tensor::zeros([channels], &inputs[0].device()),
                Tensor::ones([channels], &inputs[0].device()),
            );
            let norm = BatchNorm {
                weight: flat(&inputs[1]),
                bias: flat(&inputs[2]),
                running_mean: inputs.get(3).map_or(zeros, flat),
                running_var: inputs.get(4).map_or(ones, flat),
                epsilon: EPSILON,
            };
            Operation::Norm(norm).forward("checked", vec![inputs[0].clone()], norms, &mut Vec::new())
        })
    };
    let channel_of = move |index: usize| index / plane % channels;
    let running: Function = Box::new(move |inputs| {
        let normal = |(index, value): (usize, &f64)| {
            let channel = channel_of(index);
            let scale = inputs[1][channel] / (inputs[4][channel] + EPSILON).sqrt();
            (value - inputs[3][channel]) * scale + inputs[2][channel]
        };
        inputs[0].iter().enumerate().map(normal).collect()
    });
    let of_batch: Function = Box::new(move |inputs| {
        let moments: Vec<(f64, f64)> = (0..channels)
            .map(|channel| {
                let of_channel =
                    inputs[0].iter().enumerate().filter(|(index, _)| channel_of(*index) == channel);
                moments(&of_channel.map(|(_, value)| *value).collect::<Vec<_>>())
            })
            .collect();
        let normal = |(index, value): (usize, &f64)| {
            let channel = channel_of(index);
            let (mean, variance) = moments[channel];
            (value - mean) / (variance + EPSILON).sqrt() * inputs[1][channel] + inputs[2][channel]
        };
        inputs[0].iter().enumerate().map(normal).collect()
    });
    let of_layer: Function = Box::new(move |inputs| {
        let at = |image: usize, channel: usize, place: usize| {
            inputs[0][(image * channels + channel) * plane + place]
        };
        let places = (0..n).flat_map(|image| (0..plane).map(move |place| (image, place)));
        let mut output = vec![0.0; inputs[0].len()];
        for (image, place) in places {
            let all: Vec<f64> = (0..channels).map(|channel| at(image, channel, place)).collect();
            let (mean, variance) = moments(&all);
            for (channel, value) in all.iter().enumerate() {
                output[(image * channels + channel) * plane + place] =
                    (value - mean) / (variance + EPSILON).sqrt() * inputs[1][channel] + inputs[2][channel];
            }
        }
        output
    });
    let layer: Run = Box::new(move |inputs| {
        let norm = LayerNorm { weight: flat(&inputs[1]), bias: flat(&inputs[2]), epsilon: EPSILON };
        Operation::LayerNorm(norm).forward(
            "checked",
            vec![inputs[0].clone()],
            Norms::Running,
            &mut Vec::new(),
        )
    });
    let means = one("means").fixed();
    let variances = one("variances").map(|value| value * value + 0.5).fixed();
    vec![
        case(
            "norm",
            "batch norm, running",
            vec![maps(), one("scales"), one("shifts"), means, variances],
            with_statistics(Norms::Running),
            running,
        ),
        case(
            "norm",
            "batch norm, of the batch",
            vec![maps(), one("scales"), one("shifts")],
            with_statistics(Norms::Batch),
            of_batch,
        ),
        case("norm", "layer norm", vec![maps(), one("scales"), one("shifts")], layer, of_layer),
    ]
}

/// `[1, 1, rows, inner] · [1, 1, inner, columns]`.
pub(super) fn matmul(group: &'static str, name: &str, [rows, inner, columns]: [usize; 3]) -> Case {
    let run: Run = Box::new(|mut inputs| {
        let second = inputs.remove(1);
        inputs.remove(0).matmul(second)
    });
    Case {
        group,
        name: name.to_owned(),
        inputs: vec![
            Input::noise("first", [1, 1, rows, inner]),
            Input::noise("second", [1, 1, inner, columns]),
        ],
        run,
        definition: Definition::Products {
            products: Box::new(move |visit| {
                for (row, column, inside) in outputs(rows, [columns, inner]) {
                    visit(row * columns + column, row * inner + inside, inside * columns + column);
                }
            }),
            plane: rows * columns,
            channels: 1,
            len: rows * columns,
            clip: Clip::None,
        },
    }
}

fn sums() -> Vec<Case> {
    const GROUP: &str = "matrices and sums";
    let [n, channels, height, width] = SHAPE;
    let plane = height * width;
    let dense: Run = Box::new(move |inputs| {
        let (outputs, inner) = (inputs[1].dims()[2], inputs[1].dims()[3]);
        let layer = Dense {
            weight: inputs[1].clone().reshape([outputs, inner]),
            bias: inputs[2].clone().reshape([outputs]),
        };
        Operation::Dense(layer).forward("checked", vec![inputs[0].clone()], Norms::Running, &mut Vec::new())
    });
    let inner = channels * plane;
    let linear: Function = Box::new(move |inputs| {
        outputs(n, [1, 3])
            .map(|(image, _, to)| {
                let products = (0..inner).map(|i| inputs[0][image * inner + i] * inputs[1][to * inner + i]);
                products.sum::<f64>() + inputs[2][to]
            })
            .collect()
    });
    let linear_inputs = vec![
        Input::noise("maps", SHAPE),
        Input::noise("weights", [1, 1, 3, inner]),
        Input::noise("biases", [1, 3, 1, 1]),
    ];
    let two = |second: Shape| vec![Input::noise("first", SHAPE), Input::noise("second", second)];
    // what losses and scores are made of: squares, roots, absolute values, powers, sums along an axis
    let score: Run = Box::new(|inputs| {
        let maps = inputs[0].clone();
        let norms = (maps.clone().square().sum_dim(1) + 0.1).sqrt();
        let powers = (maps.clone().abs() + 0.1).powf_scalar(1.5).mean_dim(2).mean_dim(3);
        (maps / norms) * powers
    });
    let scored: Function = Box::new(move |inputs| {
        let of_plane = |p: usize| &inputs[0][p * plane..][..plane];
        let power: Vec<f64> = (0..n * channels)
            .map(|p| of_plane(p).iter().map(|x| (x.abs() + 0.1).powf(1.5)).sum::<f64>() / plane as f64)
            .collect();
        outputs(n * channels, [1, plane])
            .map(|(p, _, place)| {
                let image = p / channels;
                let squares =
                    (0..channels).map(|c| of_plane(image * channels + c)[place].powi(2)).sum::<f64>();
                of_plane(p)[place] / (squares + 0.1).sqrt() * power[p]
            })
            .collect()
    });
    let log_softmax: Run = Box::new(|inputs| activation::log_softmax(inputs[0].clone(), 1));
    let logarithms: Function = Box::new(move |inputs| {
        let at = |image: usize, channel: usize, place: usize| {
            inputs[0][(image * channels + channel) * plane + place]
        };
        outputs(n * channels, [1, plane])
            .map(|(p, _, place)| {
                let (image, channel) = (p / channels, p % channels);
                at(image, channel, place) - (0..channels).map(|c| at(image, c, place).exp()).sum::<f64>().ln()
            })
            .collect()
    });
    let joined: Function = Box::new(move |inputs| {
        let [rows, columns] = [height - 2, width - 1];
        outputs(n * (channels + 3), [rows, columns])
            .map(|(p, y, x)| {
                let (image, channel) = (p / (channels + 3), p % (channels + 3));
                match channel.checked_sub(channels) {
                    None => inputs[0][((image * channels + channel) * height + y) * width + x],
                    Some(channel) => inputs[1][((image * 3 + channel) * rows + y) * columns + x],
                }
            })
            .collect()
    });
    let add: Function = Box::new(|inputs| inputs[0].iter().zip(&inputs[1]).map(|(a, b)| a + b).collect());
    let gated: Function = Box::new(move |inputs| {
        inputs[0].iter().enumerate().map(|(i, value)| value * inputs[1][i / plane]).collect()
    });
    vec![
        matmul(GROUP, "matrix product, 13×7 · 7×11", [13, 7, 11]),
        matmul(GROUP, "matrix product, 33×65 · 65×17", [33, 65, 17]),
        case(GROUP, "dense layer", linear_inputs, dense, linear),
        case(GROUP, "sum of two", two(SHAPE), of_operation(Operation::Add), add),
        case(
            GROUP,
            "gate of each channel",
            two([n, channels, 1, 1]),
            of_operation(Operation::Multiply),
            gated,
        ),
        case(
            GROUP,
            "channels side by side, cut alike",
            two([n, 3, height - 2, width - 1]),
            of_operation(Operation::Join),
            joined,
        ),
        case(
            GROUP,
            "scores: squares, roots, powers, means",
            vec![Input::noise("maps", SHAPE)],
            score,
            scored,
        ),
        case(GROUP, "logarithm of softmax", vec![Input::noise("maps", SHAPE)], log_softmax, logarithms),
    ]
}
