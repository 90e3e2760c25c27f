//! `SqueezeNet` (Iandola et al. 2016): fire modules, which squeeze maps into few channels and
//! expand them by kernels of two sizes.
//!
//! Torchvision's networks have torchvision's names (`features.3.squeeze`, the module `features.3`);
//! the authors' has those of their description (`conv1`, `fire2.squeeze`, `fire2`, `conv_final`),
//! zeros around the last layer, and ends as theirs.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::{Operation, Pool};

/// Which of the published ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// Torchvision's 1.0.
    V1_0,
    /// Torchvision's 1.1: smaller first kernels, earlier pools.
    V1_1,
    /// The authors' 1.0.
    Authors,
}

/// What follows in the first part, in order.
#[derive(Clone, Copy)]
enum Block {
    Pool,
    /// Channels squeezed to; expanded to, for each of the two sizes.
    Fire(usize, usize),
}

const POOL: Pool = Pool { kernel: 3, stride: 2, padding: 0, ceil: true };

const BLOCKS_1_0: [Block; 11] = [
    Block::Pool,
    Block::Fire(16, 64),
    Block::Fire(16, 64),
    Block::Fire(32, 128),
    Block::Pool,
    Block::Fire(32, 128),
    Block::Fire(48, 192),
    Block::Fire(48, 192),
    Block::Fire(64, 256),
    Block::Pool,
    Block::Fire(64, 256),
];

const BLOCKS_1_1: [Block; 11] = [
    Block::Pool,
    Block::Fire(16, 64),
    Block::Fire(16, 64),
    Block::Pool,
    Block::Fire(32, 128),
    Block::Fire(32, 128),
    Block::Pool,
    Block::Fire(48, 192),
    Block::Fire(48, 192),
    Block::Fire(64, 256),
    Block::Fire(64, 256),
];

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, variant: Variant, n_classes: Option<usize>) {
    let (stem, parts) = match variant {
        Variant::V1_0 | Variant::Authors => (Kernels::new(96, 7), BLOCKS_1_0),
        Variant::V1_1 => (Kernels::new(64, 3), BLOCKS_1_1),
    };
    let authors = variant == Variant::Authors;
    let [first, first_relu] = if authors { ["conv1", "conv1.relu"] } else { ["features.0", "features.1"] };
    let mut at = builder.convolution(first, image, stem.stride(2).padding(0));
    at = builder.relu(first_relu, at);
    let mut n_fires = 1;
    for (index, part) in (2..).zip(parts) {
        // the authors count the first convolution and the fire modules, and name a pool by what
        // stands before it
        let name = |kind: &str, number: usize| {
            if authors { format!("{kind}{number}") } else { format!("features.{index}") }
        };
        at = match part {
            Block::Pool => builder.max_pool(&name("pool", n_fires), at, POOL),
            Block::Fire(squeeze, expand) => {
                n_fires += 1;
                fire(builder, &name("fire", n_fires), at, [squeeze, expand])
            }
        };
    }
    let Some(n_classes) = n_classes else { return };
    let head = Kernels::new(n_classes, 1).padding(usize::from(authors));
    let names = if authors {
        ["drop9", "conv_final", "conv_final.relu", "pool_final"]
    } else {
        ["classifier.0", "classifier.1", "classifier.2", "classifier.3"]
    };
    at = builder.keep(names[0], at, Operation::Identity);
    at = builder.convolution(names[1], at, head);
    at = builder.relu(names[2], at);
    builder.keep(names[3], at, Operation::AveragePool { side: 1 });
}

fn fire(builder: &mut Builder<'_>, name: &str, from: ValueId, [squeeze, expand]: [usize; 2]) -> ValueId {
    let mut layer = |part: &str, from, kernels| {
        let at = builder.convolution(&format!("{name}.{part}"), from, kernels);
        builder.relu(&format!("{name}.{part}_activation"), at)
    };
    let squeezed = layer("squeeze", from, Kernels::new(squeeze, 1));
    let small = layer("expand1x1", squeezed, Kernels::new(expand, 1));
    let large = layer("expand3x3", squeezed, Kernels::new(expand, 3));
    builder.concatenate(name, &[small, large])
}
