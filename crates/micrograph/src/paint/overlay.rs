//! Overlays: regions marked on a picture without hiding it.
//!
//! A pixel belongs to the marked region where the mask is *above* the threshold; NaN never is.

use super::{Color, Picture};
use crate::Plane;

/// Tints the pixels of `picture` where `mask` is above `threshold`, by `opacity` in `[0, 1]`.
///
/// # Panics
/// If mask and picture differ in shape.
pub fn overlay_mask(picture: &mut Picture, mask: &Plane, threshold: f32, color: Color, opacity: f32) {
    for (y, x) in marked(picture, mask, threshold, |_, _, _| true) {
        picture.mix(y, x, color, opacity);
    }
}

/// Draws the border of the regions where `mask` is above `threshold`: those of their pixels that
/// have a neighbour (of four) outside the region. The picture's edge is not a border.
///
/// # Panics
/// If mask and picture differ in shape.
pub fn outline_mask(picture: &mut Picture, mask: &Plane, threshold: f32, color: Color) {
    let (height, width) = (mask.height(), mask.width());
    let at_border = |mask: &Plane, y: usize, x: usize| {
        let outside = |y: usize, x: usize| {
            let above = mask.at(y, x) > threshold; // false for NaN
            !above
        };
        (y > 0 && outside(y - 1, x))
            || (y + 1 < height && outside(y + 1, x))
            || (x > 0 && outside(y, x - 1))
            || (x + 1 < width && outside(y, x + 1))
    };
    for (y, x) in marked(picture, mask, threshold, at_border) {
        picture.mix(y, x, color, 1.0);
    }
}

fn marked(
    picture: &Picture,
    mask: &Plane,
    threshold: f32,
    keep: impl Fn(&Plane, usize, usize) -> bool,
) -> Vec<(i64, i64)> {
    assert_eq!(
        (mask.height(), mask.width()),
        (picture.height(), picture.width()),
        "a mask has the shape of its picture"
    );
    let mut pixels = Vec::new();
    for y in 0..mask.height() {
        for x in 0..mask.width() {
            if mask.at(y, x) > threshold && keep(mask, y, x) {
                pixels.push((y as i64, x as i64));
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> Plane {
        let mut mask = Plane::from_fn(6, 9, |y, x| f32::from((1..5).contains(&y) && (2..6).contains(&x)));
        mask.values_mut()[0] = f32::NAN;
        mask
    }

    #[test]
    fn a_tint_marks_the_region_and_nothing_else() {
        let mut picture = Picture::new(6, 9, [100; 3]);
        overlay_mask(&mut picture, &square(), 0.5, [200, 100, 0], 0.5);
        let n_tinted = picture.rgb().chunks(3).filter(|c| *c == [150, 100, 50]).count();
        let n_untouched = picture.rgb().chunks(3).filter(|c| *c == [100; 3]).count();
        assert_eq!((n_tinted, n_untouched), (16, 6 * 9 - 16));
    }

    #[test]
    fn an_outline_is_one_pixel_wide_and_open_at_the_edge_of_the_picture() {
        let mut picture = Picture::new(6, 9, [100; 3]);
        outline_mask(&mut picture, &square(), 0.5, [9; 3]);
        assert_eq!(picture.rgb().chunks(3).filter(|c| *c == [9; 3]).count(), 16 - 4);
        let mut whole = Picture::new(6, 9, [100; 3]);
        outline_mask(&mut whole, &Plane::filled(6, 9, 1.0), 0.5, [9; 3]);
        assert_eq!(whole, Picture::new(6, 9, [100; 3]));
    }
}
