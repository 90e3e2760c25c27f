//! Penalty: what a picture is charged for, from its pixels alone; at least 0, subtracted from the
//! score. Terms as in Lucid, keras-vis and tf-keras-vis.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::image::Shape;
use crate::ConfigError;

/// A penalty and its weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Penalty {
    /// What it is subtracted with, at least 0.
    pub weight: f32,
    /// What is charged.
    pub kind: PenaltyKind,
}

/// What a picture is charged for. All are means over its values, so that a weight serves any size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PenaltyKind {
    /// Total variation: absolute differences of neighbours.
    TotalVariation,
    /// `|x − mean grey|^p`.
    Lp {
        /// 1 to 8.
        p: f32,
    },
    /// Half the square of what a blur over 3 × 3 takes away; the blur is taken as given.
    Blur,
    /// In a frame of this width, squares of what a blur takes away, and of the distance from the
    /// mean grey.
    Boundary {
        /// At least 1.
        px: usize,
    },
}

impl Penalty {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |field, found: f32, expected| Err(ConfigError::new(field, found, expected));
        match self.kind {
            _ if !(self.weight >= 0.0 && self.weight.is_finite()) => {
                refuse("penalties.weight", self.weight, "at least 0")
            }
            PenaltyKind::Lp { p } if !(1.0..=8.0).contains(&p) => refuse("penalties.p", p, "1 to 8"),
            PenaltyKind::Boundary { px: 0 } => refuse("penalties.px", 0.0, "at least 1"),
            _ => Ok(()),
        }
    }

    /// What `image` is charged, and the gradient of that for it.
    pub(super) fn charge(&self, image: &[f32], shape: Shape, mean_grey: f32) -> (f64, Vec<f32>) {
        let scale = self.weight / image.len() as f32;
        let (mut total, mut gradient) = (0.0, vec![0.0; image.len()]);
        let mut charge = |index: usize, value: f32, partial: f32| {
            total += f64::from(scale * value);
            gradient[index] += scale * partial;
        };
        match self.kind {
            PenaltyKind::TotalVariation => {
                for index in 0..image.len() {
                    let (y, x) = place(index, shape);
                    for (inside, next) in
                        [(x + 1 < shape.width, index + 1), (y + 1 < shape.height, index + shape.width)]
                    {
                        if inside {
                            let step = image[next] - image[index];
                            let partial = if step == 0.0 { 0.0 } else { step.signum() };
                            charge(next, step.abs(), partial);
                            charge(index, 0.0, -partial);
                        }
                    }
                }
            }
            PenaltyKind::Lp { p } => {
                for (index, value) in image.iter().enumerate() {
                    let off = value - mean_grey;
                    let partial = if off == 0.0 { 0.0 } else { p * off.abs().powf(p - 1.0) * off.signum() };
                    charge(index, off.abs().powf(p), partial);
                }
            }
            PenaltyKind::Blur => {
                for (index, (value, blurred)) in image.iter().zip(blurred(image, shape)).enumerate() {
                    charge(index, 0.5 * (value - blurred).powi(2), value - blurred);
                }
            }
            PenaltyKind::Boundary { px } => {
                for (index, (value, blurred)) in image.iter().zip(blurred(image, shape)).enumerate() {
                    let (y, x) = place(index, shape);
                    if y.min(x).min(shape.height - 1 - y).min(shape.width - 1 - x) < px {
                        let (detail, off) = (value - blurred, value - mean_grey);
                        charge(
                            index,
                            detail.powi(2) + OF_LEVEL * off.powi(2),
                            2.0 * (detail + OF_LEVEL * off),
                        );
                    }
                }
            }
        }
        (total, gradient)
    }
}

/// Power of `lp` and width of `boundary` where a text gives none.
const USUAL_P: f32 = 6.0;
const USUAL_PX: usize = 8;

impl FromStr for Penalty {
    type Err = String;

    /// `total-variation=WEIGHT`, `lp[:P]=WEIGHT`, `blur=WEIGHT` or `boundary[:PX]=WEIGHT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "found `{text}`, expected total-variation=WEIGHT, lp=WEIGHT, lp:P=WEIGHT, blur=WEIGHT, \
                 boundary=WEIGHT or boundary:PX=WEIGHT"
            )
        };
        let (kind, weight) = text.split_once('=').ok_or_else(refuse)?;
        let weight = weight.parse().map_err(|_| refuse())?;
        let (name, number) = match kind.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (kind, None),
        };
        let kind = match (name, number) {
            ("total-variation", None) => PenaltyKind::TotalVariation,
            ("blur", None) => PenaltyKind::Blur,
            ("lp", None) => PenaltyKind::Lp { p: USUAL_P },
            ("lp", Some(p)) => PenaltyKind::Lp { p: p.parse().map_err(|_| refuse())? },
            ("boundary", None) => PenaltyKind::Boundary { px: USUAL_PX },
            ("boundary", Some(px)) => PenaltyKind::Boundary { px: px.parse().map_err(|_| refuse())? },
            _ => return Err(refuse()),
        };
        let penalty = Self { weight, kind };
        penalty.check().map_err(|error| error.to_string())?;
        Ok(penalty)
    }
}

/// Weight of the distance from the mean grey beside that of details, as in Lucid's atlas.
const OF_LEVEL: f32 = 0.8;

fn place(index: usize, shape: Shape) -> (usize, usize) {
    let pixel = index % shape.plane();
    (pixel / shape.width, pixel % shape.width)
}

/// Weighted mean of each pixel (1) and its eight neighbours (½ each), those outside left out.
fn blurred(image: &[f32], shape: Shape) -> Vec<f32> {
    let one = |index: usize| {
        let (y, x) = place(index, shape);
        let first = index - y * shape.width - x;
        let (mut sum, mut weights) = (0.0, 0.0);
        for row in y.saturating_sub(1)..(y + 2).min(shape.height) {
            for column in x.saturating_sub(1)..(x + 2).min(shape.width) {
                let weight = if (row, column) == (y, x) { 1.0 } else { 0.5 };
                sum += weight * image[first + row * shape.width + column];
                weights += weight;
            }
        }
        sum / weights
    };
    (0..image.len()).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    const KINDS: [PenaltyKind; 5] = [
        PenaltyKind::TotalVariation,
        PenaltyKind::Lp { p: 1.0 },
        PenaltyKind::Lp { p: 6.0 },
        PenaltyKind::Blur,
        PenaltyKind::Boundary { px: 2 },
    ];

    #[test]
    fn gradients_are_those_of_central_differences() {
        let shape = Shape { channels: 3, height: 7, width: 9 };
        let mut stream = Stream::new(0, "penalty", 0);
        let image: Vec<f32> = (0..shape.len()).map(|_| stream.uniform() as f32).collect();
        let blur = blurred(&image, shape);
        for kind in KINDS {
            let penalty = Penalty { weight: 100.0, kind };
            let (_, gradient) = penalty.charge(&image, shape, 0.45);
            for index in [0, 8, 31, 62, 63, 100, 188] {
                let moved = |step: f32| {
                    let mut image = image.clone();
                    image[index] += step;
                    match kind {
                        // the blur is taken as given
                        PenaltyKind::Blur => {
                            let value = f64::from(image[index] - blur[index]);
                            100.0 / shape.len() as f64 * 0.5 * value * value
                        }
                        PenaltyKind::Boundary { px } => {
                            let (y, x) = place(index, shape);
                            let edge = y.min(x).min(6 - y).min(8 - x);
                            let (detail, off) = (image[index] - blur[index], image[index] - 0.45);
                            let charged = if edge < px { detail * detail + 0.8 * off * off } else { 0.0 };
                            100.0 / shape.len() as f64 * f64::from(charged)
                        }
                        _ => penalty.charge(&image, shape, 0.45).0,
                    }
                };
                let expected = (moved(1e-3) - moved(-1e-3)) / 2e-3;
                let found = f64::from(gradient[index]);
                assert!(
                    (found - expected).abs() < 2e-3 * (1.0 + expected.abs()),
                    "{kind:?} {index}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_text_says_what_is_charged() {
        let cases = [
            ("total-variation=0.5", 0.5, PenaltyKind::TotalVariation),
            ("lp=1", 1.0, PenaltyKind::Lp { p: 6.0 }),
            ("lp:2=3", 3.0, PenaltyKind::Lp { p: 2.0 }),
            ("blur=0", 0.0, PenaltyKind::Blur),
            ("boundary=1e-2", 0.01, PenaltyKind::Boundary { px: 8 }),
            ("boundary:3=2", 2.0, PenaltyKind::Boundary { px: 3 }),
        ];
        for (text, weight, kind) in cases {
            assert_eq!(text.parse(), Ok(Penalty { weight, kind }), "{text}");
        }
        for text in
            ["", "lp", "lp=", "lp:=1", "lp:0.5=1", "blur:2=1", "boundary:0=1", "lp=-1", "lp=nan", "l2=1"]
        {
            let error = text.parse::<Penalty>().expect_err(text);
            assert!(error.contains("expected"), "{text}: {error}");
        }
    }

    #[test]
    fn a_constant_image_of_the_mean_grey_is_charged_nothing() {
        for shape in [[1, 1], [3, 3], [1, 8]].map(|[height, width]| Shape { channels: 1, height, width }) {
            for kind in KINDS {
                let (charged, gradient) =
                    Penalty { weight: 1.0, kind }.charge(&vec![0.5; shape.len()], shape, 0.5);
                assert_eq!(charged, 0.0, "{kind:?}");
                assert!(gradient.iter().all(|partial| *partial == 0.0), "{kind:?}");
            }
        }
    }
}
