//! Transforms with their numbers drawn, to be applied to images and, backwards, to gradients.

use micrograph::random::Stream;
use micrograph::smooth::gaussian;

use super::super::image::Shape;
use super::Transform;

/// Transforms one after the other, for images of one shape.
pub(in crate::interpret::visualize) struct Drawn {
    steps: Vec<(Step, Shape, Shape)>,
    shape: Shape,
}

enum Step {
    /// `out(y, x) = in(y + dy, x + dx)`, around the other side where `wrapped`, else `fill` outside.
    Window { dy: isize, dx: isize, wrapped: bool, fill: f32 },
    /// `out(y, x)` is `in` between the pixels about `matrix · (x, y, 1)`.
    Warp { matrix: [[f64; 3]; 2] },
    /// Weights of a separable blur, of odd length.
    Blur { weights: Vec<f32> },
    /// What is added, `[H, W]`, to each channel.
    Noise { values: Vec<f32> },
    /// Left and right exchanged.
    Flip,
}

impl Drawn {
    /// Draws from `stream` for images of `shape`; `progress` is the share of the ascent that is done.
    /// `None` if nothing of the image would be left.
    pub(in crate::interpret::visualize) fn new(
        transforms: &[Transform],
        mut shape: Shape,
        mean_grey: f32,
        progress: f64,
        stream: &mut Stream,
    ) -> Option<Self> {
        let mut steps = Vec::new();
        for transform in transforms {
            let before = shape;
            let step = draw(transform, &mut shape, mean_grey, progress, stream)?;
            if let Some(step) = step {
                steps.push((step, before, shape));
            }
        }
        Some(Self { steps, shape })
    }

    /// Shape of what comes out.
    pub(in crate::interpret::visualize) fn shape(&self) -> Shape {
        self.shape
    }

    /// `image` as the network sees it.
    pub(in crate::interpret::visualize) fn apply(&self, image: &[f32]) -> Vec<f32> {
        let mut image = image.to_vec();
        for (step, before, after) in &self.steps {
            image = step.apply(&image, *before, *after);
        }
        image
    }

    /// The gradient for the image from that for what the network sees.
    pub(in crate::interpret::visualize) fn gradient(&self, gradient: Vec<f32>) -> Vec<f32> {
        let backwards = self.steps.iter().rev();
        backwards.fold(gradient, |gradient, (step, before, after)| step.gradient(gradient, *before, *after))
    }
}

/// The step, `None` inside if it changes nothing; outer `None` if nothing would be left.
fn draw(
    transform: &Transform,
    shape: &mut Shape,
    fill: f32,
    progress: f64,
    stream: &mut Stream,
) -> Option<Option<Step>> {
    let Shape { height, width, .. } = *shape;
    let window = |dy, dx, wrapped| Some(Some(Step::Window { dy, dx, wrapped, fill }));
    match transform {
        Transform::Pad { px } | Transform::Wrap { px } => {
            (shape.height, shape.width) = (height + 2 * px, width + 2 * px);
            let before = 0_isize.wrapping_sub_unsigned(*px);
            window(before, before, matches!(transform, Transform::Wrap { .. }))
        }
        Transform::Jitter { px } => {
            let left = |length: usize| length.checked_sub(*px).filter(|&left| left > 0);
            (shape.height, shape.width) = (left(height)?, left(width)?);
            window(stream.below(px + 1) as isize, stream.below(px + 1) as isize, false)
        }
        Transform::Roll { px } => {
            let mut shift = || stream.below(2 * px + 1) as isize - *px as isize;
            window(shift(), shift(), true)
        }
        Transform::Scale { factors } => {
            let factor = factors[stream.below(factors.len())];
            let scaled = |length: usize| ((length as f64 * factor).round() as usize).max(1);
            (shape.height, shape.width) = (scaled(height), scaled(width));
            let [rows, columns] = [(height, shape.height), (width, shape.width)]
                .map(|(before, after)| before as f64 / after as f64);
            let matrix = [[columns, 0.0, (columns - 1.0) / 2.0], [0.0, rows, (rows - 1.0) / 2.0]];
            Some((factor != 1.0).then_some(Step::Warp { matrix }))
        }
        Transform::Rotate { degrees } => {
            let angle = degrees[stream.below(degrees.len())];
            let (sin, cos) = angle.to_radians().sin_cos();
            let (x, y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
            // rows run downwards: what comes to (x, y) turned anticlockwise was turned clockwise
            let matrix = [[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]];
            Some((angle != 0.0).then_some(Step::Warp { matrix }))
        }
        Transform::Blur { from_px, to_px } => {
            let weights = gaussian(stream.between(*from_px, *to_px));
            Some((weights.len() > 1).then_some(Step::Blur { weights }))
        }
        Transform::Crop { share: (from, to), share_deviation, middle_deviation, px } => {
            let share = from + (to - from) * progress + share_deviation * stream.normal();
            let share = share.clamp(0.05, 1.0);
            let mut middle = || 0.5 + middle_deviation * stream.normal();
            let (y, x) = (middle(), middle());
            (shape.height, shape.width) = (*px, *px);
            let side = share * height.min(width) as f64;
            let zoom = side / *px as f64;
            let first = |middle: f64, length: usize| middle * length as f64 - side / 2.0 + zoom / 2.0 - 0.5;
            Some(Some(Step::Warp { matrix: [[zoom, 0.0, first(x, width)], [0.0, zoom, first(y, height)]] }))
        }
        Transform::Noise { normal, uniform } => {
            let value = |_| normal * stream.normal() + uniform * (stream.uniform() - 0.5);
            Some(Some(Step::Noise {
                values: (0..shape.plane()).map(value).map(|value| value as f32).collect(),
            }))
        }
        Transform::Flip => Some((stream.below(2) == 1).then_some(Step::Flip)),
    }
}

impl Step {
    fn apply(&self, image: &[f32], before: Shape, after: Shape) -> Vec<f32> {
        match self {
            Self::Noise { values } => {
                image.iter().zip(values.iter().cycle()).map(|(value, noise)| value + noise).collect()
            }
            Self::Window { fill, .. } => {
                let mut out = vec![*fill; after.len()];
                self.each_pair(before, after, |from, to, weight| out[to] = weight * image[from]);
                out
            }
            _ => {
                let mut out = vec![0.0; after.len()];
                self.each_pair(before, after, |from, to, weight| out[to] += weight * image[from]);
                out
            }
        }
    }

    fn gradient(&self, gradient: Vec<f32>, before: Shape, after: Shape) -> Vec<f32> {
        if let Self::Noise { .. } = self {
            return gradient;
        }
        let mut out = vec![0.0; before.len()];
        self.each_pair(before, after, |from, to, weight| out[from] += weight * gradient[to]);
        out
    }

    /// Calls `pair(from, to, weight)` for each value of the input that has a part in one of the
    /// output.
    fn each_pair(&self, before: Shape, after: Shape, mut pair: impl FnMut(usize, usize, f32)) {
        let (height, width) = (before.height, before.width);
        if let Self::Window { dy, dx, wrapped, .. } = self {
            let sources = |shift: isize, length: usize, n: usize| -> Vec<Option<usize>> {
                let source = |index: usize| {
                    let place = index as isize + shift;
                    let inside = (0..length as isize).contains(&place);
                    (inside || *wrapped).then(|| place.rem_euclid(length as isize) as usize)
                };
                (0..n).map(source).collect()
            };
            let (rows, columns) = (sources(*dy, height, after.height), sources(*dx, width, after.width));
            for channel in 0..after.channels {
                for (y, row) in rows.iter().enumerate() {
                    let Some(row) = row else { continue };
                    let from = (channel * height + row) * width;
                    let to = (channel * after.height + y) * after.width;
                    for (x, column) in columns.iter().enumerate() {
                        if let Some(column) = column {
                            pair(from + column, to + x, 1.0);
                        }
                    }
                }
            }
            return;
        }
        for channel in 0..after.channels {
            let from = |y: usize, x: usize| (channel * height + y) * width + x;
            let to = |y: usize, x: usize| (channel * after.height + y) * after.width + x;
            for y in 0..after.height {
                for x in 0..after.width {
                    match self {
                        Self::Flip => pair(from(y, width - 1 - x), to(y, x), 1.0),
                        Self::Warp { matrix } => {
                            let along = |row: [f64; 3]| row[0] * x as f64 + row[1] * y as f64 + row[2];
                            let (columns, rows) =
                                (between(along(matrix[0]), width), between(along(matrix[1]), height));
                            for (row, of_row) in rows {
                                for (column, of_column) in columns {
                                    pair(from(row, column), to(y, x), of_row * of_column);
                                }
                            }
                        }
                        Self::Blur { weights } => {
                            let radius = weights.len() as isize / 2;
                            let place = |index: usize, tap: usize, length: usize| {
                                (index as isize + tap as isize - radius).clamp(0, length as isize - 1)
                                    as usize
                            };
                            for (row_tap, of_row) in weights.iter().enumerate() {
                                for (column_tap, of_column) in weights.iter().enumerate() {
                                    let (row, column) =
                                        (place(y, row_tap, height), place(x, column_tap, width));
                                    pair(from(row, column), to(y, x), of_row * of_column);
                                }
                            }
                        }
                        Self::Window { .. } | Self::Noise { .. } => {}
                    }
                }
            }
        }
    }
}

/// The two indices about `place` and their weights, at the border those of the last one.
fn between(place: f64, length: usize) -> [(usize, f32); 2] {
    let place = place.clamp(0.0, length as f64 - 1.0);
    let first = (place as usize).min(length - 1);
    let share = (place - first as f64) as f32;
    [(first, 1.0 - share), ((first + 1).min(length - 1), share)]
}

#[cfg(test)]
mod tests {
    use super::super::TransformSet;
    use super::*;

    fn shape(channels: usize, height: usize, width: usize) -> Shape {
        Shape { channels, height, width }
    }

    fn noise(n: usize, seed: u64) -> Vec<f32> {
        let mut stream = Stream::new(seed, "transform", 0);
        (0..n).map(|_| stream.normal() as f32).collect()
    }

    fn each() -> Vec<Transform> {
        let mut all: Vec<Transform> = TransformSet::ALL.iter().flat_map(|set| set.transforms(40)).collect();
        all.push(Transform::Wrap { px: 50 });
        all.push(Transform::Blur { from_px: 1.0, to_px: 1.1 });
        all.push(Transform::Flip);
        all
    }

    #[test]
    fn gradients_are_those_of_a_linear_map() {
        // for an affine map, ⟨A(u) − A(0), v⟩ = ⟨u, gradient(v)⟩
        for transform in each() {
            for seed in 0..6 {
                let before = shape(1 + seed as usize % 2 * 2, 40, 33);
                let mut stream = Stream::new(seed, "draw", 0);
                let drawn =
                    Drawn::new(std::slice::from_ref(&transform), before, 0.5, 0.3, &mut stream).unwrap();
                let (u, v) = (noise(before.len(), seed), noise(drawn.shape().len(), seed + 100));
                let (of_u, of_zero) = (drawn.apply(&u), drawn.apply(&vec![0.0; before.len()]));
                assert_eq!(of_u.len(), drawn.shape().len(), "{transform:?}");
                let dot = |a: &mut dyn Iterator<Item = (f32, f32)>| -> f64 {
                    a.map(|(a, b)| f64::from(a) * f64::from(b)).sum()
                };
                let left = dot(&mut of_u.iter().zip(&of_zero).map(|(a, b)| a - b).zip(v.iter().copied()));
                let right = dot(&mut u.iter().copied().zip(drawn.gradient(v.clone())));
                assert!((left - right).abs() < 1e-3 * (1.0 + left.abs()), "{transform:?}: {left} {right}");
            }
        }
    }

    #[test]
    fn a_constant_image_stays_constant_but_for_noise_and_frames() {
        for transform in each() {
            if matches!(transform, Transform::Noise { .. } | Transform::Pad { .. }) {
                continue;
            }
            let before = shape(1, 30, 41);
            let drawn = Drawn::new(
                std::slice::from_ref(&transform),
                before,
                0.5,
                1.0,
                &mut Stream::new(3, "draw", 0),
            )
            .unwrap();
            let image = drawn.apply(&vec![0.7; before.len()]);
            assert!(image.iter().all(|value| (value - 0.7).abs() < 1e-5), "{transform:?}");
        }
    }

    #[test]
    fn a_turn_is_anticlockwise_on_the_screen() {
        let before = shape(1, 21, 21);
        let mut image = vec![0.0; before.len()];
        image[10 * 21 + 18] = 1.0; // right of the middle
        let turn = [Transform::Rotate { degrees: vec![90.0] }];
        let drawn = Drawn::new(&turn, before, 0.5, 0.0, &mut Stream::new(0, "draw", 0)).unwrap();
        let turned = drawn.apply(&image);
        assert!((turned[2 * 21 + 10] - 1.0).abs() < 1e-5, "it is above the middle now");
    }

    #[test]
    fn nothing_is_left_of_a_small_image() {
        let jitter = [Transform::Jitter { px: 3 }];
        assert!(Drawn::new(&jitter, shape(1, 3, 9), 0.5, 0.0, &mut Stream::new(0, "draw", 0)).is_none());
        assert!(Drawn::new(&jitter, shape(1, 4, 9), 0.5, 0.0, &mut Stream::new(0, "draw", 0)).is_some());
    }
}
