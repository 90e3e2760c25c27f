//! Linear probe: how well a linear classifier tells categories from frozen features.
//!
//! Softmax regression on standardized features with a small ridge, by accelerated gradient
//! descent with the step that the curvature's bound allows (Nesterov 1983), to convergence or a
//! fixed number of steps; the same data give the same answer.

use std::collections::BTreeSet;

/// Weight of the squared coefficients, per sample.
const RIDGE: f64 = 1e-3;
/// Steps of the descent.
const N_STEPS: usize = 600;

/// Features of the patches that are learnt from and judged on.
pub(super) struct Probe {
    pub training: Vec<Vec<f64>>,
    pub training_categories: Vec<Option<String>>,
    pub held_out: Vec<Vec<f64>>,
    pub held_out_categories: Vec<Option<String>>,
}

/// How well the probe does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ProbeResult {
    /// Share of the held-out patches that are told rightly.
    pub accuracy: f64,
    /// Share of the most frequent category among them.
    pub chance: f64,
}

impl Probe {
    /// Trains and judges; `None` unless at least two categories are in both parts. Patches of
    /// categories that are not in both are left out.
    pub(super) fn run(&self) -> Option<ProbeResult> {
        let known: BTreeSet<&String> = self.training_categories.iter().flatten().collect();
        let asked: BTreeSet<&String> = self.held_out_categories.iter().flatten().collect();
        let classes: Vec<&String> = known.intersection(&asked).copied().collect();
        if classes.len() < 2 {
            return None;
        }
        let label =
            |category: &Option<String>| classes.iter().position(|class| Some(*class) == category.as_ref());
        let labelled = |features: &[Vec<f64>], categories: &[Option<String>]| -> Vec<(Vec<f64>, usize)> {
            features
                .iter()
                .zip(categories)
                .filter_map(|(features, category)| Some((features.clone(), label(category)?)))
                .collect()
        };
        let mut training = labelled(&self.training, &self.training_categories);
        let mut held_out = labelled(&self.held_out, &self.held_out_categories);
        standardize(&mut training, &mut held_out);
        let weights = fit(&training, classes.len());
        let right = held_out.iter().filter(|(x, label)| argmax(&scores(&weights, x)) == *label).count();
        let mut counts = vec![0; classes.len()];
        held_out.iter().for_each(|(_, label)| counts[*label] += 1);
        let n = held_out.len() as f64;
        let most = counts.into_iter().max().unwrap_or(0);
        Some(ProbeResult { accuracy: right as f64 / n, chance: most as f64 / n })
    }
}

/// Brings every feature to mean 0 and variance 1 over `training`, and adds a constant 1.
fn standardize(training: &mut [(Vec<f64>, usize)], held_out: &mut [(Vec<f64>, usize)]) {
    let n = training.len() as f64;
    for feature in 0..training[0].0.len() {
        let mean = training.iter().map(|(x, _)| x[feature]).sum::<f64>() / n;
        let variance = training.iter().map(|(x, _)| (x[feature] - mean).powi(2)).sum::<f64>() / n;
        let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
        for (x, _) in training.iter_mut().chain(held_out.iter_mut()) {
            x[feature] = (x[feature] - mean) / deviation;
        }
    }
    for (x, _) in training.iter_mut().chain(held_out) {
        x.push(1.0);
    }
}

/// Weights `[class][feature]` of softmax regression.
fn fit(training: &[(Vec<f64>, usize)], n_classes: usize) -> Vec<Vec<f64>> {
    let n_features = training[0].0.len();
    // the largest curvature is at most half the largest eigenvalue of the features' second
    // moments, and that at most their trace: one for each standardized feature
    let step = 1.0 / (0.5 * n_features as f64 + RIDGE);
    let mut weights = vec![vec![0.0; n_features]; n_classes];
    let mut ahead = weights.clone();
    for iteration in 0..N_STEPS {
        let gradient = gradient(training, &ahead);
        let momentum = iteration as f64 / (iteration as f64 + 3.0);
        for class in 0..n_classes {
            for feature in 0..n_features {
                let next = ahead[class][feature] - step * gradient[class][feature];
                ahead[class][feature] = next + momentum * (next - weights[class][feature]);
                weights[class][feature] = next;
            }
        }
    }
    weights
}

/// Gradient of the mean cross-entropy plus the ridge.
fn gradient(training: &[(Vec<f64>, usize)], weights: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = training.len() as f64;
    let mut gradient: Vec<Vec<f64>> =
        weights.iter().map(|row| row.iter().map(|weight| RIDGE * weight).collect()).collect();
    for (x, label) in training {
        let scores = scores(weights, x);
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exponentials: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
        let total: f64 = exponentials.iter().sum();
        for (class, row) in gradient.iter_mut().enumerate() {
            let excess = exponentials[class] / total - f64::from(u8::from(class == *label));
            row.iter_mut().zip(x).for_each(|(slope, value)| *slope += excess * value / n);
        }
    }
    gradient
}

fn scores(weights: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    weights.iter().map(|row| row.iter().zip(x).map(|(weight, value)| weight * value).sum()).collect()
}

/// The first index of the largest value.
fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    /// `n` points around each of three corners, `spread` wide.
    fn clusters(n: usize, spread: f64, index: u64) -> (Vec<Vec<f64>>, Vec<Option<String>>) {
        let mut stream = Stream::new(0, "probe", index);
        let corners = [("a", [0.0, 0.0]), ("b", [1.0, 0.0]), ("c", [0.0, 1.0])];
        let points = corners.iter().flat_map(|corner| vec![*corner; n]);
        points
            .map(|(name, corner)| {
                let x = corner.map(|value| value + spread * stream.normal()).to_vec();
                (x, Some(name.to_owned()))
            })
            .unzip()
    }

    fn probe(spread: f64) -> Option<ProbeResult> {
        let (training, training_categories) = clusters(40, spread, 0);
        let (held_out, held_out_categories) = clusters(40, spread, 1);
        Probe { training, training_categories, held_out, held_out_categories }.run()
    }

    #[test]
    fn separate_clusters_are_told_apart_and_noise_is_not() {
        let separate = probe(0.05).unwrap();
        assert_eq!(separate.accuracy, 1.0);
        assert!((separate.chance - 1.0 / 3.0).abs() < 1e-12);
        let noise = probe(100.0).unwrap();
        assert!(noise.accuracy < 0.5, "{noise:?}");
    }

    #[test]
    fn the_gradient_vanishes_where_the_descent_ends() {
        let (features, categories) = clusters(30, 0.5, 2);
        let mut data: Vec<(Vec<f64>, usize)> = features
            .into_iter()
            .zip(categories)
            .map(|(x, category)| (x, usize::from(category.unwrap().as_bytes()[0] - b'a')))
            .collect();
        standardize(&mut data, &mut []);
        let slopes = gradient(&data, &fit(&data, 3));
        assert!(slopes.iter().flatten().all(|slope| slope.abs() < 1e-4), "{slopes:?}");
    }

    #[test]
    fn one_category_alone_is_no_question() {
        let (training, _) = clusters(3, 0.1, 0);
        let one = vec![Some("a".to_owned()); training.len()];
        let probe = Probe {
            held_out: training.clone(),
            training,
            training_categories: one.clone(),
            held_out_categories: one,
        };
        assert_eq!(probe.run(), None);
    }
}
