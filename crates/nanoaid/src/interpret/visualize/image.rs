//! Image: what a network sees of a canvas, as plain numbers.

use micrograph::Plane;

/// Shape of an image: channels (1 or 3), height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Shape {
    /// Number of pixels of a channel.
    pub(crate) fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.channels * self.plane()
    }
}

/// One plane a channel of `values`, `[C, H, W]`.
pub(super) fn planes(values: &[f32], shape: Shape) -> Vec<Plane> {
    let planes = values.chunks(shape.plane());
    planes.map(|plane| Plane::new(shape.height, shape.width, plane.to_vec())).collect()
}
