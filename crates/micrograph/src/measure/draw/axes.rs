//! Axes: local orientation as one picture: hue the axis, saturation the coherency, brightness the image.

use crate::Plane;
use crate::measure::orientation::LocalTensors;
use crate::paint::{Color, Picture};

/// The picture of `plane` with the axes of `tensors`: red 0°, green 60°, blue −60°, yellow 30°, cyan 90°.
/// Black and white are the 0.2 % quantiles of the plane.
///
/// # Panics
/// If the two are not of one size.
pub fn axes(plane: &Plane, tensors: &LocalTensors) -> Picture {
    let (height, width) = (plane.height(), plane.width());
    assert_eq!((height, width), (tensors.xx.height(), tensors.xx.width()), "tensors of this plane");
    let ends = plane.quantiles(&[0.002, 0.998]);
    let (low, high) = if ends.len() == 2 { (ends[0], ends[1]) } else { (0.0, 1.0) };
    let span = f64::from(high - low).max(f64::MIN_POSITIVE);
    let mut rgb = [(); 3].map(|()| Vec::with_capacity(height * width));
    for y in 0..height {
        for x in 0..width {
            let brightness = ((f64::from(plane.at(y, x)) - f64::from(low)) / span).clamp(0.0, 1.0);
            let color = color(tensors.axis_deg(y, x), tensors.coherency(y, x), brightness);
            rgb.iter_mut().zip(color).for_each(|(values, value)| values.push(f32::from(value) / 255.0));
        }
    }
    let [red, green, blue] = rgb.map(|values| Plane::new(height, width, values));
    Picture::from_rgb_planes([&red, &green, &blue])
}

/// The color of an axis: hue, saturation and value of the HSV cone, where 180° are one turn.
fn color(axis_deg: f64, saturation: f64, value: f64) -> Color {
    let sixth = axis_deg.rem_euclid(180.0) / 30.0;
    // red, green and blue are the same tent, a third of a turn apart
    [5.0, 3.0, 1.0].map(|start| {
        let place = (start + sixth).rem_euclid(6.0);
        let tent = place.min(4.0 - place).clamp(0.0, 1.0);
        (255.0 * value * (1.0 - saturation * tent)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_the_colors_of_the_legend() {
        for (axis, expected) in [
            (0.0, [255, 0, 0]),
            (30.0, [255, 255, 0]),
            (60.0, [0, 255, 0]),
            (90.0, [0, 255, 255]),
            (120.0, [0, 0, 255]),
            (150.0, [255, 0, 255]),
            (180.0, [255, 0, 0]),
        ] {
            assert_eq!(color(axis, 1.0, 1.0), expected, "{axis}");
        }
        assert_eq!(color(77.0, 0.0, 0.5), [128, 128, 128]);
    }
}
