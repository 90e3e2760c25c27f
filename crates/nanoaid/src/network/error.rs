//! Why a network cannot be cut or run as requested.

use super::NoLayer;

/// Why a network gives no maps of an image, or cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum NetworkError {
    /// The network has no layer of this name.
    #[error(transparent)]
    NoLayer(#[from] NoLayer),
    /// The layer has fewer channels.
    #[error("no channel {channel} in `{layer}`, expected 0 to {last}")]
    NoChannel { layer: String, channel: usize, last: usize },
    /// The network was trained on images of another number of channels.
    #[error("image of {found} channels: the network expects {expected}")]
    Channels { found: usize, expected: usize },
    /// The planes of an image differ in size.
    #[error("planes of {} × {} and {} × {} px, expected the same size", first.0, first.1, other.0, other.1)]
    Sizes { first: (usize, usize), other: (usize, usize) },
    /// The image is smaller than one position of the coarsest layer on the way to `layer`.
    #[error("image of {width} × {height} px: layer `{layer}` needs at least {least} × {least} px")]
    TooSmall { height: usize, width: usize, layer: String, least: usize },
}
