//! Clip: what is cut off sums before they are written.

use crate::simd::Simd;

/// What is cut off sums before they are written; NaN stays NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clip {
    /// Nothing.
    #[default]
    None,
    /// Sums below 0 become 0 (`ReLU`).
    Relu,
    /// Sums below 0 become 0, those above this become it (`ReLU6` for 6).
    ReluUpTo(f32),
}

impl Clip {
    /// `ReLU` where `relu`.
    pub fn relu_if(relu: bool) -> Self {
        if relu { Self::Relu } else { Self::None }
    }

    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, simd: S, sum: S::Vector) -> S::Vector {
        match self {
            Self::None => sum,
            Self::Relu => simd.relu(sum),
            Self::ReluUpTo(most) => simd.at_most(simd.relu(sum), simd.splat(most)),
        }
    }
}
