//! What a name of an ONNX graph stands for while it is translated.

use super::tensor::Constant;
use crate::network::graph::ValueId;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Maps of the network.
    Maps(Maps),
    Constant(Constant),
    /// Lengths of axes that are computed in the graph; `None` where they depend on the image.
    Shape(Vec<Option<i64>>),
}

/// Maps of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Maps {
    pub id: ValueId,
    pub layout: Layout,
    /// Whether one position is left of the image.
    pub pooled: bool,
    /// Zeros that a Pad puts around them, before and after each axis.
    pub padding: [usize; 2],
}

/// In which order the axes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// `[N, C, H, W]`.
    ChannelsFirst,
    /// `[N, H, W, C]`.
    ChannelsLast,
    /// `[N, C · H · W]`.
    Vector,
}

impl Layout {
    /// The axis of the channels.
    pub(super) fn channel_axis(self) -> i64 {
        match self {
            Self::ChannelsFirst | Self::Vector => 1,
            Self::ChannelsLast => 3,
        }
    }

    pub(super) fn rank(self) -> i64 {
        if self == Self::Vector { 2 } else { 4 }
    }

    /// Whether `axis`, which may be counted from the end, is that of the channels.
    pub(super) fn is_channel(self, axis: i64) -> bool {
        (if axis < 0 { axis + self.rank() } else { axis }) == self.channel_axis()
    }

    /// Whether `axes` are those of the image.
    pub(super) fn are_image(self, axes: &[i64]) -> bool {
        let mut axes: Vec<i64> =
            axes.iter().map(|&axis| if axis < 0 { axis + self.rank() } else { axis }).collect();
        axes.sort_unstable();
        match self {
            Self::ChannelsFirst => axes == [2, 3],
            Self::ChannelsLast => axes == [1, 2],
            Self::Vector => false,
        }
    }
}

/// Per-channel numbers of a constant that is combined with maps of this layout and number of
/// channels: one number for all, or one for each.
pub(super) fn per_channel(constant: &Constant, layout: Layout, channels: usize) -> Option<Vec<f32>> {
    let values = constant.floats()?;
    if values.len() == 1 {
        return Some(values.to_vec());
    }
    let rank = layout.rank() as usize;
    if values.len() != channels || constant.shape.len() > rank {
        return None;
    }
    // broadcasting fills up with ones in front
    let missing = rank - constant.shape.len();
    let axis = layout.channel_axis() as usize;
    let length = |at: usize| if at < missing { 1 } else { constant.shape[at - missing] };
    (0..rank).all(|at| length(at) == if at == axis { channels } else { 1 }).then(|| values.to_vec())
}
