//! Pixels as coefficients: no two of them move together.

use micrograph::Plane;
use micrograph::random::Stream;

use super::super::image::Shape;
use super::Canvas;
use super::tone::Tone;

/// The pixels themselves, or after a sigmoid.
pub(super) struct Pixels {
    shape: Shape,
    mean_grey: f32,
    tone: Option<Tone>,
    spread: f64,
    start: Option<Vec<f32>>,
}

impl Pixels {
    pub(super) fn new(
        shape: Shape,
        mean_grey: f32,
        tone: Option<Tone>,
        spread: f64,
        start: Option<&Plane>,
    ) -> Self {
        let start = start.map(|plane| match &tone {
            Some(tone) => tone.values(plane.values()),
            None => plane.values().to_vec(),
        });
        Self { shape, mean_grey, tone, spread, start }
    }
}

impl Canvas for Pixels {
    fn start(&self, stream: &mut Stream) -> Vec<f32> {
        let middle = if self.tone.is_some() { 0.0 } else { self.mean_grey };
        self.start.clone().unwrap_or_else(|| {
            let pixel = |_| middle + stream.between(-self.spread, self.spread) as f32;
            (0..self.shape.len()).map(pixel).collect()
        })
    }

    fn image(&self, coefficients: &[f32]) -> Vec<f32> {
        match &self.tone {
            Some(tone) => tone.image(coefficients.to_vec()),
            None => coefficients.to_vec(),
        }
    }

    fn gradient(&self, _: &[f32], image: &[f32], gradient: &[f32]) -> Vec<f32> {
        match &self.tone {
            Some(tone) => tone.gradient(image, gradient),
            None => gradient.to_vec(),
        }
    }
}
