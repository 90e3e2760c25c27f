//! Pyramid: the image at full, half, quarter … size.

use micrograph::Plane;

/// Smallest side of a scale in px: objects as large as the image are not counted.
const LEAST_SIDE_PX: usize = 96;

/// The image at one scale.
pub(super) struct Scale {
    /// Pixels of the image in one of the scale.
    pub px: usize,
    pub height: usize,
    pub width: usize,
    /// The image, mirrored below and on the right to sides that the network takes.
    pub padded: Plane,
}

/// All scales of `plane` for a network whose images have sides that are multiples of `stride`.
pub(super) fn scales(plane: &Plane, stride: usize) -> Vec<Scale> {
    let mut scales = vec![scale(plane.clone(), 1, stride)];
    let mut halved = plane.clone();
    let mut px = 1;
    while halved.height().min(halved.width()) >= 2 * LEAST_SIDE_PX {
        halved = half(&halved);
        px *= 2;
        scales.push(scale(halved.clone(), px, stride));
    }
    scales
}

fn scale(plane: Plane, px: usize, stride: usize) -> Scale {
    let (height, width) = (plane.height(), plane.width());
    let up = |length: usize| length.next_multiple_of(stride);
    let mirrored = |index: usize, length: usize| {
        let index = index % (2 * length);
        if index < length { index } else { 2 * length - 1 - index }
    };
    let padded =
        Plane::from_fn(up(height), up(width), |y, x| plane.at(mirrored(y, height), mirrored(x, width)));
    Scale { px, height, width, padded }
}

/// Means of 2 × 2 pixels; an odd last row or column is its own mean.
fn half(plane: &Plane) -> Plane {
    let (height, width) = (plane.height(), plane.width());
    Plane::from_fn(height.div_ceil(2), width.div_ceil(2), |y, x| {
        let (y1, x1) = ((2 * y + 1).min(height - 1), (2 * x + 1).min(width - 1));
        (plane.at(2 * y, 2 * x) + plane.at(2 * y, x1) + plane.at(y1, 2 * x) + plane.at(y1, x1)) / 4.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_halve_until_the_image_is_small_and_are_padded_by_mirrors() {
        let plane = Plane::from_fn(200, 391, |y, x| (y * 391 + x) as f32);
        let scales = scales(&plane, 16);
        let sizes: Vec<_> = scales.iter().map(|scale| (scale.px, scale.height, scale.width)).collect();
        assert_eq!(sizes, [(1, 200, 391), (2, 100, 196)]);
        let padded = &scales[0].padded;
        assert_eq!((padded.height(), padded.width()), (208, 400));
        assert_eq!(padded.at(200, 0), plane.at(199, 0));
        assert_eq!(padded.at(3, 391), plane.at(3, 390));
        let first = (0.0 + 1.0 + 391.0 + 392.0) / 4.0;
        assert_eq!(scales[1].padded.at(0, 0), first);
        assert_eq!(scales[1].padded.at(0, 195), (plane.at(0, 390) + plane.at(1, 390)) / 2.0);
    }
}
