//! VGG (Simonyan & Zisserman 2015), with torchvision's names: `features.N` for every convolution,
//! batch norm, ReLU and pool, `avgpool`, and `classifier.N`.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::{Operation, Pool};

const WIDTHS: [usize; 5] = [64, 128, 256, 512, 512];
/// PyTorch's default.
const EPSILON: f64 = 1e-5;
/// Positions along each side that the dense layers see.
const SIDE: usize = 7;
const HIDDEN: usize = 4096;

/// Adds a VGG with `counts` convolutions in each of its five stages; without head if `n_classes` is
/// `None`.
pub(super) fn build(
    builder: &mut Builder<'_>,
    image: ValueId,
    convolutions: [usize; 5],
    batch_norm: bool,
    n_classes: Option<usize>,
) {
    let mut at = image;
    let mut index = 0;
    let mut next = || {
        index += 1;
        format!("features.{}", index - 1)
    };
    for (count, width) in convolutions.into_iter().zip(WIDTHS) {
        for _ in 0..count {
            at = builder.convolution(&next(), at, Kernels::new(width, 3));
            if batch_norm {
                at = builder.norm(&next(), at, EPSILON);
            }
            at = builder.relu(&next(), at);
        }
        at = builder.max_pool(&next(), at, Pool::HALF);
    }
    let Some(n_classes) = n_classes else { return };
    at = builder.keep("avgpool", at, Operation::AveragePool { side: SIDE });
    at = builder.dense("classifier.0", at, SIDE * SIDE, HIDDEN);
    at = builder.relu("classifier.1", at);
    at = builder.keep("classifier.2", at, Operation::Identity);
    at = builder.dense("classifier.3", at, 1, HIDDEN);
    at = builder.relu("classifier.4", at);
    at = builder.keep("classifier.5", at, Operation::Identity);
    builder.dense("classifier.6", at, 1, n_classes);
}
