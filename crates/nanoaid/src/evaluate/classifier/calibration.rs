//! Calibration of probabilities: of all micrographs classified with confidence 0.8, are 80 % right?
//!
//! Expected calibration error, calibration bins and temperature scaling after Guo et al. 2017: the
//! logits are divided by one number, fitted on the validation micrographs by least negative
//! log-likelihood. That changes confidences, never the class. With few micrographs the error is
//! well above 0 even for perfectly calibrated probabilities, so its expected value for these is given beside it.

use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::{EvaluateConfig, Scored};

/// Fewest validation micrographs by which a temperature is fitted; one number needs few.
pub(super) const FEWEST_FOR_TEMPERATURE: usize = 20;
/// Temperatures are looked for between 1 / this and this.
const MOST_TEMPERATURE: f64 = 20.0;
/// Halvings of that range; far below what the data can resolve.
const N_HALVINGS: usize = 60;
/// Draws for [`CalibrationScores::ece_if_honest`].
const N_DRAWS: u64 = 400;

/// Calibration of the probabilities of the network without and, if it could be fitted, with a temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbabilityCalibration {
    /// The temperature; absent with fewer than 20 validation micrographs.
    pub temperature: Option<Temperature>,
    /// On the test micrographs, without temperature.
    pub before: CalibrationScores,
    /// On the test micrographs, with it.
    pub after: Option<CalibrationScores>,
}

/// The number by which logits are divided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// Above 1 if the network is overconfident; 0.05 to 20.
    pub value: f64,
    /// Whether the best one lies beyond that range: all validation micrographs were classified correctly, or hardly
    /// any.
    pub at_end: bool,
    /// Validation micrographs it was fitted on.
    pub n_validation: usize,
    /// Mean negative log-likelihood of these without it, in nats.
    pub nll_before: f64,
    /// The same with it.
    pub nll_after: f64,
}

/// How far probabilities are from what happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationScores {
    /// Expected calibration error: mean distance of confidence and accuracy over the bins, weighted
    /// by their micrographs; 0 to 1, lower is better.
    pub ece: f64,
    /// Expected value of `ece` for perfectly calibrated probabilities on as many micrographs: mean over random draws.
    pub ece_if_honest: f64,
    /// Mean negative log-likelihood of the true class, in nats; `ln n_classes` for uniform probabilities.
    pub nll: f64,
    /// Brier score: mean squared distance of the probabilities from 1 for the true class and 0 for
    /// the others, summed over the classes; 0 to 2, lower is better (Brier 1950).
    pub brier: f64,
    /// Bins of equal width that have micrographs, by confidence.
    pub bins: Vec<CalibrationBin>,
}

/// Micrographs whose confidence lies above `low` and at most at `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of micrographs.
    pub n_images: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// Share of them that was classified correctly.
    pub accuracy: f64,
}

impl ProbabilityCalibration {
    pub(super) fn of(test: &[Scored], validation: &[Scored], config: &EvaluateConfig) -> Self {
        let temperature = (validation.len() >= FEWEST_FOR_TEMPERATURE).then(|| fit(validation));
        Self {
            before: CalibrationScores::of(test, 1.0, config),
            after: temperature.map(|temperature| CalibrationScores::of(test, temperature.value, config)),
            temperature,
        }
    }
}

impl CalibrationScores {
    fn of(scored: &[Scored], temperature: f64, config: &EvaluateConfig) -> Self {
        let n = scored.len() as f64;
        let mut brier = 0.0;
        // by confidence, so that sums do not depend on the order of the micrographs
        let mut outcomes: Vec<(f64, bool)> = Vec::new();
        for image in scored {
            let probabilities: Vec<f64> =
                log_probabilities(&image.logits, temperature).into_iter().map(f64::exp).collect();
            let distance = |(class, probability): (usize, &f64)| {
                (probability - f64::from(u8::from(class == image.category))).powi(2)
            };
            brier += probabilities.iter().enumerate().map(distance).sum::<f64>();
            let predicted = image.predicted();
            outcomes.push((probabilities[predicted], predicted == image.category));
        }
        outcomes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let bins = bins(&outcomes, config.n_bins);
        Self {
            ece: ece(&bins, outcomes.len()),
            ece_if_honest: ece_if_honest(&outcomes, config),
            nll: nll(scored, temperature),
            brier: brier / n,
            bins,
        }
    }
}

/// Natural logarithms of softmax(`logits` / `temperature`), `[n_classes]`.
pub(crate) fn log_probabilities(logits: &[f64], temperature: f64) -> Vec<f64> {
    let highest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scaled: Vec<f64> = logits.iter().map(|logit| (logit - highest) / temperature).collect();
    let log_sum = scaled.iter().map(|value| value.exp()).sum::<f64>().ln();
    scaled.into_iter().map(|value| value - log_sum).collect()
}

/// Mean negative log-likelihood of the true classes in nats.
fn nll(scored: &[Scored], temperature: f64) -> f64 {
    let of = |image: &Scored| -log_probabilities(&image.logits, temperature)[image.category];
    scored.iter().map(of).sum::<f64>() / scored.len() as f64
}

/// The temperature of least negative log-likelihood.
///
/// In `1 / temperature` the negative log-likelihood is convex and its derivative is the mean of (expected logit −
/// logit of the true class), so the zero of the derivative is found by bisection.
fn fit(scored: &[Scored]) -> Temperature {
    let derivative = |inverse: f64| -> f64 {
        let of = |image: &Scored| {
            let log_probabilities = log_probabilities(&image.logits, 1.0 / inverse);
            let expected: f64 =
                log_probabilities.iter().zip(&image.logits).map(|(log, logit)| log.exp() * logit).sum();
            expected - image.logits[image.category]
        };
        scored.iter().map(of).sum()
    };
    let (lowest, highest) = (-MOST_TEMPERATURE.ln(), MOST_TEMPERATURE.ln());
    let (mut low, mut high) = (lowest, highest);
    for _ in 0..N_HALVINGS {
        let middle: f64 = (low + high) / 2.0;
        if derivative(middle.exp()) < 0.0 { low = middle } else { high = middle }
    }
    // one end has moved from where it was, unless the sign never changed
    let at_end = low == lowest || high == highest;
    let value = if low == lowest { MOST_TEMPERATURE } else { (-high).exp() };
    Temperature {
        value,
        at_end,
        n_validation: scored.len(),
        nll_before: nll(scored, 1.0),
        nll_after: nll(scored, value),
    }
}

/// Bins of equal width that are not empty, of `(confidence, right)`.
fn bins(outcomes: &[(f64, bool)], n_bins: usize) -> Vec<CalibrationBin> {
    let bin_of = |confidence: f64| ((confidence * n_bins as f64).ceil() as usize).clamp(1, n_bins) - 1;
    let bin = |idx: usize| {
        let inside: Vec<&(f64, bool)> = outcomes.iter().filter(|outcome| bin_of(outcome.0) == idx).collect();
        let n = inside.len() as f64;
        (!inside.is_empty()).then(|| CalibrationBin {
            low: idx as f64 / n_bins as f64,
            high: (idx + 1) as f64 / n_bins as f64,
            n_images: inside.len(),
            confidence: inside.iter().map(|outcome| outcome.0).sum::<f64>() / n,
            accuracy: inside.iter().filter(|outcome| outcome.1).count() as f64 / n,
        })
    };
    (0..n_bins).filter_map(bin).collect()
}

fn ece(bins: &[CalibrationBin], n_images: usize) -> f64 {
    let part = |bin: &CalibrationBin| bin.n_images as f64 * (bin.accuracy - bin.confidence).abs();
    bins.iter().map(part).sum::<f64>() / n_images as f64
}

/// Mean error `ece` if each micrograph were right with the probability that its confidence
/// says.
fn ece_if_honest(outcomes: &[(f64, bool)], config: &EvaluateConfig) -> f64 {
    let draw = |index| {
        let mut stream = Stream::new(config.seed, "judge: honest outcomes", index);
        let drawn: Vec<(f64, bool)> =
            outcomes.iter().map(|&(confidence, _)| (confidence, stream.uniform() < confidence)).collect();
        ece(&bins(&drawn, config.n_bins), drawn.len())
    };
    (0..N_DRAWS).map(draw).sum::<f64>() / N_DRAWS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(category: usize, logits: [f64; 3]) -> Scored {
        Scored { file: String::new(), group: String::new(), category, logits: logits.to_vec() }
    }

    /// Micrographs whose classes are drawn from softmax(`logits` / `temperature`).
    fn drawn(n: u64, temperature: f64) -> Vec<Scored> {
        let mut stream = Stream::new(1, "reliability test", 0);
        let one = |_| {
            let logits = [0.0; 3].map(|_: f64| 4.0 * stream.normal());
            let place = stream.uniform();
            let mut sum = 0.0;
            let reached = |log: f64| {
                sum += log.exp();
                sum > place
            };
            let category = log_probabilities(&logits, temperature).into_iter().position(reached).unwrap_or(2);
            scored(category, logits)
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn the_temperature_that_drew_the_classes_is_found_again() {
        for temperature in [0.5, 1.0, 3.0] {
            let images = drawn(6000, temperature);
            let fitted = fit(&images);
            assert!((fitted.value / temperature).ln().abs() < 0.06, "{temperature}: {fitted:?}");
            assert!(!fitted.at_end && fitted.nll_after <= fitted.nll_before, "{fitted:?}");
            let config = EvaluateConfig::default();
            let [before, after] = [1.0, fitted.value].map(|t| CalibrationScores::of(&images, t, &config));
            assert!(after.ece < 0.02 && after.ece < 2.0 * after.ece_if_honest, "{after:?}");
            assert!(temperature == 1.0 || before.ece > 5.0 * after.ece, "{before:?} {after:?}");
        }
    }

    #[test]
    fn few_honest_probabilities_show_the_error_that_is_foretold() {
        // mean over 200 sets of 40 micrographs, each set evaluated by itself
        let all = drawn(200 * 40, 1.0);
        let scores: Vec<CalibrationScores> = all
            .chunks(40)
            .map(|images| CalibrationScores::of(images, 1.0, &EvaluateConfig::default()))
            .collect();
        let mean =
            |of: fn(&CalibrationScores) -> f64| scores.iter().map(of).sum::<f64>() / scores.len() as f64;
        let (shown, foretold) = (mean(|scores| scores.ece), mean(|scores| scores.ece_if_honest));
        assert!(shown > 0.05, "{shown}");
        assert!((shown / foretold).ln().abs() < 0.05, "{shown} {foretold}");
    }

    #[test]
    fn a_temperature_without_a_best_value_ends_at_the_end_of_the_range() {
        let always_right = fit(&[scored(0, [3.0, 1.0, 0.0]), scored(1, [0.0, 1.0, 0.5])]);
        assert!(always_right.at_end && always_right.value < 0.051, "{always_right:?}");
        let always_wrong = fit(&[scored(2, [3.0, 1.0, 0.0]), scored(0, [0.0, 1.0, 0.5])]);
        assert!(always_wrong.at_end && always_wrong.value == MOST_TEMPERATURE, "{always_wrong:?}");
    }

    #[test]
    fn bins_hold_their_upper_end() {
        let outcomes = [(0.5, true), (0.5001, false), (1.0, true), (0.0, false)];
        let bins = bins(&outcomes, 4);
        let found: Vec<(f64, usize)> = bins.iter().map(|bin| (bin.high, bin.n_images)).collect();
        assert_eq!(found, [(0.25, 1), (0.5, 1), (0.75, 1), (1.0, 1)]);
    }

    #[test]
    fn the_largest_logits_give_finite_figures() {
        let images = [scored(1, [1e9, -1e9, 0.0]), scored(0, [1e9, -1e9, 0.0])];
        let scores = CalibrationScores::of(&images, 0.05, &EvaluateConfig::default());
        assert!(scores.nll.is_finite() && scores.brier == 1.0 && scores.ece == 0.5, "{scores:?}");
        assert!(fit(&images).nll_after.is_finite());
    }
}
