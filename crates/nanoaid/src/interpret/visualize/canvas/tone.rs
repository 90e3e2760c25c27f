//! Tone: from what a canvas holds to grey levels or colors in `[0, 1]`, by a fixed scaling.
//!
//! Nothing is scaled by the image's own extremes, so contrast can be learned, and a constant image
//! is as good as any.

use micrograph::Plane;

use crate::eigen::eigenpairs;

/// Principal directions of the colors of images, by which they are decorrelated: a step of a canvas
/// then changes colors as they change in these images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColorDirections {
    /// `[color][component]`: eigenvectors of the covariance of red, green and blue, each times the
    /// root of its eigenvalue; the longest has length 1.
    pub matrix: [[f32; 3]; 3],
}

/// Those of ImageNet (Lucid, `param/color`).
const OF_IMAGENET: [[f32; 3]; 3] = [[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]];

impl ColorDirections {
    /// Those of ImageNet's images.
    pub fn of_imagenet() -> Self {
        Self::scaled(OF_IMAGENET.map(|row| row.map(f64::from)))
    }

    /// Those of `images`, red, green and blue, each image counting the same; `None` without an image
    /// that is not constant. Of grey images only the first is not 0, and so are pictures made by them.
    pub fn of<'a>(images: impl IntoIterator<Item = [&'a Plane; 3]>) -> Option<Self> {
        let mut covariance = vec![vec![0.0; 3]; 3];
        for image in images {
            let means = image.map(Plane::mean);
            let n = image[0].values().len().max(1) as f64;
            for (row, values) in covariance.iter_mut().enumerate() {
                for (column, sum) in values.iter_mut().enumerate() {
                    let pairs = image[row].values().iter().zip(image[column].values());
                    let product =
                        |(a, b): (&f32, &f32)| (f64::from(*a) - means[row]) * (f64::from(*b) - means[column]);
                    *sum += pairs.map(product).sum::<f64>() / n;
                }
            }
        }
        let pairs = eigenpairs(&covariance);
        if pairs[0].value <= 0.0 {
            return None;
        }
        let mut matrix = [[0.0; 3]; 3];
        for (component, pair) in pairs.iter().enumerate() {
            // what is left by rounding is no color
            let root = if pair.value > 1e-6 * pairs[0].value { pair.value.sqrt() } else { 0.0 };
            // an eigenvector has no sign: its largest part is made positive
            let largest = pair.vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
            let sign = largest.map_or(1.0, f64::signum);
            for (row, value) in matrix.iter_mut().zip(&pair.vector) {
                row[component] = sign * root * value;
            }
        }
        Some(Self::scaled(matrix))
    }

    fn scaled(matrix: [[f64; 3]; 3]) -> Self {
        let length = |column: usize| matrix.iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt();
        let longest = (0..3).map(length).fold(0.0, f64::max);
        Self { matrix: matrix.map(|row| row.map(|value| (value / longest) as f32)) }
    }
}

/// Sigmoid about a mean grey; three channels are decorrelated colors.
#[derive(Clone, Debug)]
pub(super) struct Tone {
    offset: f32,
    /// `[color][component]`; none for one channel.
    colors: Option<[[f32; 3]; 3]>,
}

impl Tone {
    /// For `channels` of 1 or 3, these with `directions` or else ImageNet's; 0 everywhere gives
    /// `mean_grey`, in `(0, 1)`.
    pub(super) fn new(channels: usize, mean_grey: f32, directions: Option<&ColorDirections>) -> Self {
        let directions = directions.copied().unwrap_or_else(ColorDirections::of_imagenet);
        Self { offset: logit(mean_grey), colors: (channels == 3).then_some(directions.matrix) }
    }

    /// `values`, `[C, H, W]` in logits, as the image.
    pub(super) fn image(&self, mut values: Vec<f32>) -> Vec<f32> {
        if let Some(colors) = &self.colors {
            mix(&mut values, |component| {
                colors.map(|row| row.iter().zip(component).map(|(weight, value)| weight * value).sum())
            });
        }
        for value in &mut values {
            *value = sigmoid(*value + self.offset);
        }
        values
    }

    /// The gradient for the values, from their image and the gradient for it.
    pub(super) fn gradient(&self, image: &[f32], gradient: &[f32]) -> Vec<f32> {
        let mut partials: Vec<f32> =
            image.iter().zip(gradient).map(|(value, partial)| partial * value * (1.0 - value)).collect();
        if let Some(colors) = &self.colors {
            mix(&mut partials, |partial| {
                [0, 1, 2].map(|component| (0..3).map(|color| colors[color][component] * partial[color]).sum())
            });
        }
        partials
    }

    /// The values whose image is grey levels `image`, as far as they are inside of `(0, 1)`.
    pub(super) fn values(&self, image: &[f32]) -> Vec<f32> {
        image.iter().map(|&value| logit(value.clamp(0.01, 0.99)) - self.offset).collect()
    }
}

/// Replaces the three values of each pixel.
fn mix(values: &mut [f32], of_pixel: impl Fn([f32; 3]) -> [f32; 3]) {
    let n = values.len() / 3;
    for pixel in 0..n {
        let mixed = of_pixel([values[pixel], values[n + pixel], values[2 * n + pixel]]);
        for (channel, value) in mixed.into_iter().enumerate() {
            values[channel * n + pixel] = value;
        }
    }
}

pub(super) fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

pub(super) fn logit(level: f32) -> f32 {
    (level / (1.0 - level)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    #[test]
    fn directions_are_those_that_colors_were_mixed_by() {
        // three independent parts, of falling strength, along known directions at right angles
        let (axes, strengths) = ([[2.0, 1.0, 2.0], [1.0, 2.0, -2.0], [2.0, -2.0, -1.0]], [0.4, 0.2, 0.1]);
        let mut stream = Stream::new(0, "colors", 0);
        let parts: Vec<[f64; 3]> =
            (0..40_000).map(|_| strengths.map(|strength| strength * stream.normal())).collect();
        let plane = |color: usize| {
            let mixed =
                |part: &[f64; 3]| (0..3).map(|axis| part[axis] * axes[axis][color] / 3.0).sum::<f64>();
            Plane::new(200, 200, parts.iter().map(|part| (0.5 + mixed(part)) as f32).collect())
        };
        let planes = [plane(0), plane(1), plane(2)];
        let found = ColorDirections::of([planes.each_ref()]).expect("they have colors").matrix;
        for (component, axis) in axes.iter().enumerate() {
            let strength = strengths[component] / strengths[0];
            let same: f64 =
                axis.iter().zip(found).map(|(part, row)| part / 3.0 * f64::from(row[component])).sum();
            // of 40 000 draws a deviation is known to 0.4 %, and axes to about as much
            assert!((same.abs() / strength - 1.0).abs() < 0.02, "{component}: {found:?}");
        }
    }

    #[test]
    fn grey_images_have_one_direction_and_constant_ones_none() {
        let grey = Plane::from_fn(9, 7, |y, x| (y * 7 + x) as f32 / 63.0);
        let found = ColorDirections::of([[&grey; 3]]).expect("it has contrast").matrix;
        for row in found {
            assert!(
                (row[0] - 1.0 / 3_f32.sqrt()).abs() < 1e-6 && row[1] == 0.0 && row[2] == 0.0,
                "{found:?}"
            );
        }
        assert_eq!(ColorDirections::of([[&Plane::filled(4, 5, 0.5); 3]]), None);
        assert_eq!(ColorDirections::of([]), None);
    }
}
