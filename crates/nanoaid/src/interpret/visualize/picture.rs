//! Pictures: what is shown of an image.

use micrograph::{Plane, Rect};

use super::image::{Shape, planes};

/// Spread that pictures without bounds are shown with, about mid-grey: Chollet's 0.1 of a range of 1.
const SHOWN_DEVIATION: f32 = 0.1;
/// Added to the deviation of a picture, so that a constant one is shown as mid-grey.
const LEAST_DEVIATION: f32 = 1e-5;

/// The planes of an image without `margin` pixels on each side.
pub(super) fn cut(image: &[f32], shape: Shape, margin: usize) -> Vec<Plane> {
    let rect =
        Rect { y: margin, x: margin, height: shape.height - 2 * margin, width: shape.width - 2 * margin };
    planes(image, shape).iter().map(|plane| plane.crop(rect)).collect()
}

/// Planes in `[0, 1]` to be painted. Those of a canvas without bounds are shown by their mean and
/// deviation, all of a picture alike.
pub fn shown(planes: &[Plane], unbounded: bool) -> Vec<Plane> {
    let n: usize = planes.iter().map(|plane| plane.values().len()).sum();
    let all = || planes.iter().flat_map(Plane::values).map(|&value| f64::from(value));
    let mean = all().sum::<f64>() / n as f64;
    let variance = all().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64;
    let (mean, scale) = (mean as f32, SHOWN_DEVIATION / (variance.sqrt() as f32 + LEAST_DEVIATION));
    let level = |value: f32| if unbounded { (value - mean) * scale + 0.5 } else { value };
    planes
        .iter()
        .map(|plane| {
            let values = plane.values().iter().map(|&value| level(value).clamp(0.0, 1.0));
            Plane::new(plane.height(), plane.width(), values.collect())
        })
        .collect()
}

/// The mean of a picture's planes: its grey levels.
pub fn gray(planes: &[Plane]) -> Plane {
    let (height, width) = (planes[0].height(), planes[0].width());
    let mean = |y, x| planes.iter().map(|plane| plane.at(y, x)).sum::<f32>() / planes.len() as f32;
    Plane::from_fn(height, width, mean)
}
