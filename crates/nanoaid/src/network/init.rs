//! Init: which values the weights of a new network have.

/// The values of new weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Init {
    /// Random ones from this seed; see [`super::Network::random`].
    Random(u64),
    /// 0, since others take their place at once.
    Zero,
}
