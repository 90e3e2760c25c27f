//! Convolutions: all geometries that our networks and published ones have, at odd sizes and with numbers of
//! channels that fill no vector.

use conv_kernels::{Method, Padding};

use super::case::{Case, Input};
use super::definition::{Definition, Products};
use crate::kernels::{self, Clip, Geometry};

/// A convolution.
#[derive(Clone, Copy)]
pub(super) struct Convolution {
    pub batch: usize,
    pub channels: [usize; 2],
    pub size: [usize; 2],
    pub kernel: usize,
    pub stride: usize,
    /// Top, bottom, left, right.
    pub padding: [usize; 4],
    pub groups: usize,
    pub clip: Clip,
    pub method: Method,
}

impl Convolution {
    /// Stride 1, as much padding as keeps the size, with ReLU.
    pub(super) fn same(kernel: usize, channels: [usize; 2], size: [usize; 2]) -> Self {
        let (padding, method) = ([kernel / 2; 4], Method::Direct);
        Self { batch: 2, channels, size, kernel, stride: 1, padding, groups: 1, clip: Clip::Relu, method }
    }

    fn depthwise(kernel: usize, channels: usize, size: [usize; 2]) -> Self {
        Self { groups: channels, clip: Clip::None, ..Self::same(kernel, [channels; 2], size) }
    }

    fn output(&self) -> [usize; 2] {
        let [top, bottom, left, right] = self.padding;
        let along = |length: usize, padding: usize| (length + padding - self.kernel) / self.stride + 1;
        [along(self.size[0], top + bottom), along(self.size[1], left + right)]
    }

    /// The products of maps and weights, by the definition of a convolution.
    fn products(self) -> Products {
        let Self { batch, channels: [c_in, c_out], size: [height, width], kernel, stride, .. } = self;
        let ([rows, columns], [top, _, left, _], groups) = (self.output(), self.padding, self.groups);
        let (group_in, group_out) = (c_in / groups, c_out / groups);
        Box::new(move |visit| {
            for image in 0..batch {
                for out in 0..c_out {
                    for (row, column) in
                        (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
                    {
                        let to = ((image * c_out + out) * rows + row) * columns + column;
                        for (inner, ky, kx) in positions(group_in, kernel) {
                            let (y, x) = (row * stride + ky, column * stride + kx);
                            if y < top || x < left || y >= top + height || x >= left + width {
                                continue;
                            }
                            let channel = out / group_out * group_in + inner;
                            let from = ((image * c_in + channel) * height + y - top) * width + x - left;
                            visit(to, from, ((out * group_in + inner) * kernel + ky) * kernel + kx);
                        }
                    }
                }
            }
        })
    }

    /// The case; on the maps no gradient is taken where `maps_learn` is false.
    pub(super) fn case(self, group: &'static str, name: &str, maps_learn: bool) -> Case {
        let Self { batch, channels: [c_in, c_out], size, kernel, .. } = self;
        let maps = Input::noise("maps", [batch, c_in, size[0], size[1]]);
        let maps = if maps_learn { maps } else { maps.fixed() };
        let weights = Input::noise("weights", [c_out, c_in / self.groups, kernel, kernel]);
        let [rows, columns] = self.output();
        let [top, bottom, left, right] = self.padding;
        let geometry = Geometry {
            stride: self.stride,
            padding: Padding { top, bottom, left, right },
            groups: self.groups,
            method: self.method,
        };
        let clip = self.clip;
        Case {
            group,
            name: name.to_owned(),
            inputs: vec![maps, weights, Input::noise("biases", [1, c_out, 1, 1])],
            run: Box::new(move |mut inputs| {
                let [bias, weights, maps] = [inputs.remove(2), inputs.remove(1), inputs.remove(0)];
                kernels::convolution(maps, weights, bias.reshape([c_out]), geometry, clip)
            }),
            definition: Definition::Products {
                products: self.products(),
                plane: rows * columns,
                channels: c_out,
                len: batch * c_out * rows * columns,
                clip,
            },
        }
    }
}

fn positions(channels: usize, kernel: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels * kernel * kernel).map(move |i| (i / kernel / kernel, i / kernel % kernel, i % kernel))
}

/// All of them.
pub(super) fn cases() -> Vec<Case> {
    let same = Convolution::same;
    let depthwise = Convolution::depthwise;
    let plain = |kernel, channels, size| Convolution { clip: Clip::None, ..same(kernel, channels, size) };
    let all: Vec<(&str, Convolution)> = vec![
        ("1×1, 5→3", plain(1, [5, 3], [7, 9])),
        ("1×1, one position", same(1, [13, 6], [1, 1])),
        ("1×1, stride 2", Convolution { stride: 2, padding: [0; 4], ..same(1, [6, 3], [9, 8]) }),
        ("3×3, 1→4, grey image", same(3, [1, 4], [13, 17])),
        ("3×3, 5→7, odd size", plain(3, [5, 7], [11, 9])),
        ("3×3, 17→9", same(3, [17, 9], [7, 13])),
        ("3×3, ReLU with a ceiling", Convolution { clip: Clip::ReluUpTo(1.0), ..same(3, [5, 6], [9, 11]) }),
        ("3×3, one row", same(3, [4, 8], [1, 33])),
        ("3×3, stride 2", Convolution { stride: 2, ..same(3, [3, 10], [15, 12]) }),
        (
            "3×3, padding below and right",
            Convolution { stride: 2, padding: [0, 1, 0, 1], ..same(3, [3, 5], [12, 10]) },
        ),
        ("3×3, no padding", Convolution { padding: [0; 4], ..same(3, [6, 5], [9, 7]) }),
        ("3×3, 2 groups", Convolution { groups: 2, ..same(3, [6, 10], [7, 6]) }),
        (
            "3×3, fast, 33→34",
            Convolution { batch: 1, method: Method::Fastest, ..same(3, [33, 34], [13, 10]) },
        ),
        (
            "3×3, in tiles, 32→32",
            Convolution { batch: 1, method: Method::Tiles, ..plain(3, [32, 32], [9, 14]) },
        ),
        (
            "5×5, 2→3, all paddings differ",
            Convolution { stride: 3, padding: [3, 1, 0, 2], ..same(5, [2, 3], [8, 11]) },
        ),
        ("5×5, 4→6", plain(5, [4, 6], [9, 10])),
        ("7×7, stride 2, colors", Convolution { stride: 2, ..same(7, [3, 5], [17, 14]) }),
        ("7×7, smaller image than kernel", same(7, [2, 3], [5, 4])),
        ("3×3, depthwise", depthwise(3, 6, [9, 11])),
        (
            "5×5, depthwise, stride 2",
            Convolution { stride: 2, padding: [1, 2, 1, 2], ..depthwise(5, 7, [12, 9]) },
        ),
        ("7×7, depthwise", depthwise(7, 5, [11, 9])),
        ("one group an image", Convolution { batch: 1, groups: 3, ..same(3, [12, 3], [8, 7]) }),
    ];
    all.into_iter().map(|(name, convolution)| convolution.case("convolution", name, true)).collect()
}
