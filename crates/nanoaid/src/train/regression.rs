//! Softmax regression: a linear classifier of given features, fitted until its gradient vanishes.
//!
//! The loss is convex, so there is one best answer; it is found by the quasi-Newton method of
//! limited memory (L-BFGS, Liu and Nocedal 1989). All in `f64`, sums over examples in one order on
//! any number of threads: the same input gives the same bits.

use std::collections::VecDeque;

use nalgebra::DMatrix;
use rayon::prelude::*;

/// Pairs `(s, y)` that are kept: the memory `m` of L-BFGS.
const MEMORY: usize = 10;
/// Largest component of the gradient at the end.
const TOLERANCE: f64 = 1e-6;
/// Most steps.
const MOST_STEPS: usize = 1000;
/// Examples that are summed up together.
const CHUNK: usize = 512;
/// Armijo's constant `c₁`: the share of the decrease that the directional derivative predicts which a
/// step has to reach.
const ARMIJO: f64 = 1e-4;

/// A fitted classifier of `D` features in `C` classes.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftmaxRegression {
    /// Weights, `C` rows of `D`.
    pub weights: Vec<Vec<f64>>,
    /// One bias a class.
    pub biases: Vec<f64>,
    /// Steps that the fit took.
    pub n_steps: usize,
    /// Whether the gradient vanished within the most steps.
    pub converged: bool,
}

/// What is fitted.
#[derive(Clone, Debug)]
pub struct Examples<'a> {
    /// `N` rows of `D` features.
    pub features: &'a [Vec<f64>],
    /// For each example its class, below `n_classes`.
    pub labels: &'a [usize],
    /// How much each example counts, at least 0; one of 0 is left out altogether. At least one is above 0.
    pub importance: &'a [f64],
    /// Number of classes `C`.
    pub n_classes: usize,
    /// Share of each target that is spread over all classes, in `[0, 1)`.
    pub label_smoothing: f64,
}

impl SoftmaxRegression {
    /// Minimizes the mean cross-entropy plus `ridge` / 2 times the sum of the squared weights
    /// (without the biases) of standardized features; the weights returned are for the features as
    /// they are. A constant feature gets weights of 0.
    ///
    /// # Panics
    /// If no example counts, or their lists differ in length.
    pub fn fit(examples: &Examples<'_>, ridge: f64) -> Self {
        Self::fit_from(None, examples, ridge)
    }

    /// The same, where a fit of nearly the same examples is known: the answer is the same within the
    /// precision of the fit, and found in fewer steps.
    ///
    /// # Panics
    /// As [`SoftmaxRegression::fit`], or if `near` is of other features or classes.
    pub fn fit_from(near: Option<&Self>, examples: &Examples<'_>, ridge: f64) -> Self {
        let Examples { features, labels, importance, n_classes, .. } = *examples;
        assert!(features.len() == labels.len() && labels.len() == importance.len(), "one of each an example");
        let counting: Vec<usize> = (0..features.len()).filter(|&example| importance[example] > 0.0).collect();
        assert!(!counting.is_empty(), "examples to fit");
        let rows: Vec<&[f64]> = counting.iter().map(|&example| features[example].as_slice()).collect();
        let scales = Scales::of(&rows);
        let n_features = rows[0].len();
        let problem = Problem {
            // features in rows, so that an example is a column and stands together in memory
            standardized: DMatrix::from_fn(n_features + 1, rows.len(), |row, example| {
                if row == n_features { 1.0 } else { scales.standardized(row, rows[example][row]) }
            }),
            targets: DMatrix::from_fn(n_classes, rows.len(), |class, example| {
                let is_own = labels[counting[example]] == class;
                let own = if is_own { 1.0 - examples.label_smoothing } else { 0.0 };
                own + examples.label_smoothing / n_classes as f64
            }),
            importance: counting.iter().map(|&example| importance[example]).collect(),
            ridge,
        };
        let start = match near {
            Some(near) => near.standardized(&scales),
            None => vec![0.0; n_classes * (n_features + 1)],
        };
        let (solution, n_steps, converged) = minimized(&problem, start);
        let solution = DMatrix::from_column_slice(n_classes, n_features + 1, &solution);
        let weights: Vec<Vec<f64>> = (0..n_classes)
            .map(|class| (0..n_features).map(|row| solution[(class, row)] * scales.inverse[row]).collect())
            .collect();
        let biases = weights.iter().enumerate().map(|(class, row)| {
            let shift: f64 = row.iter().zip(&scales.means).map(|(weight, mean)| weight * mean).sum();
            solution[(class, n_features)] - shift
        });
        Self { biases: biases.collect(), weights, n_steps, converged }
    }

    /// Its parameters `[C, D + 1]` for features standardized by `scales`, column after column.
    fn standardized(&self, scales: &Scales) -> Vec<f64> {
        let (n_classes, n_features) = (self.weights.len(), scales.means.len());
        let weight = |class: usize, row: usize| {
            let inverse = scales.inverse[row];
            if inverse > 0.0 { self.weights[class][row] / inverse } else { 0.0 }
        };
        let bias = |class: usize| {
            let row = self.weights[class].iter().zip(&scales.means);
            self.biases[class] + row.map(|(weight, mean)| weight * mean).sum::<f64>()
        };
        (0..=n_features)
            .flat_map(|row| (0..n_classes).map(move |class| (row, class)))
            .map(|(row, class)| if row == n_features { bias(class) } else { weight(class, row) })
            .collect()
    }

    /// One score a class; the largest is the answer.
    pub fn logits(&self, features: &[f64]) -> Vec<f64> {
        let row = |(weights, bias): (&Vec<f64>, &f64)| {
            bias + weights.iter().zip(features).map(|(weight, value)| weight * value).sum::<f64>()
        };
        self.weights.iter().zip(&self.biases).map(row).collect()
    }
}

/// The first index of the largest value.
pub fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// Mean and one over the deviation of each feature; 0 for a constant one.
struct Scales {
    means: Vec<f64>,
    inverse: Vec<f64>,
}

impl Scales {
    fn of(features: &[&[f64]]) -> Self {
        let n = features.len() as f64;
        let (mut means, mut inverse) = (Vec::new(), Vec::new());
        for feature in 0..features[0].len() {
            let mean = features.iter().map(|row| row[feature]).sum::<f64>() / n;
            let variance = features.iter().map(|row| (row[feature] - mean).powi(2)).sum::<f64>() / n;
            means.push(mean);
            inverse.push(if variance > 0.0 { 1.0 / variance.sqrt() } else { 0.0 });
        }
        Self { means, inverse }
    }

    fn standardized(&self, feature: usize, value: f64) -> f64 {
        (value - self.means[feature]) * self.inverse[feature]
    }
}

/// The loss as a function of weights `[C, D + 1]`, column after column, the last the biases.
struct Problem {
    /// `[D + 1, N]`, the last row ones.
    standardized: DMatrix<f64>,
    /// `[C, N]`, columns sum to 1.
    targets: DMatrix<f64>,
    importance: Vec<f64>,
    ridge: f64,
}

impl Problem {
    /// Loss and gradient at `parameters`.
    fn at(&self, parameters: &[f64]) -> (f64, Vec<f64>) {
        let (n_classes, n_rows) = (self.targets.nrows(), self.standardized.nrows());
        let weights = DMatrix::from_column_slice(n_classes, n_rows, parameters);
        let starts: Vec<usize> = (0..self.targets.ncols()).step_by(CHUNK).collect();
        let parts: Vec<(f64, DMatrix<f64>)> =
            starts.into_par_iter().map(|start| self.of_chunk(start, &weights)).collect();
        let (mut loss, mut gradient) = (0.0, DMatrix::zeros(n_rows, n_classes));
        for (part, slope) in parts {
            loss += part;
            gradient += slope;
        }
        let mut gradient = gradient.transpose(); // [C, D + 1]
        let n_penalized = n_classes * (n_rows - 1);
        for (component, weight) in gradient.as_mut_slice().iter_mut().zip(parameters).take(n_penalized) {
            *component += self.ridge * weight;
        }
        let squares: f64 = parameters.iter().take(n_penalized).map(|weight| weight * weight).sum();
        (loss + 0.5 * self.ridge * squares, gradient.as_slice().to_vec())
    }

    /// What the examples from `start` on add to the loss, and to its gradient, `[D + 1, C]`.
    fn of_chunk(&self, start: usize, weights: &DMatrix<f64>) -> (f64, DMatrix<f64>) {
        let n = CHUNK.min(self.targets.ncols() - start);
        let total: f64 = self.importance.iter().sum();
        let examples = self.standardized.columns(start, n);
        let mut scores = weights * examples; // [C, n]
        let mut loss = 0.0;
        for ((mut column, target), importance) in scores
            .column_iter_mut()
            .zip(self.targets.columns(start, n).column_iter())
            .zip(&self.importance[start..])
        {
            let highest = column.max();
            let log_sum = highest + column.iter().map(|score| (score - highest).exp()).sum::<f64>().ln();
            for (score, target) in column.iter_mut().zip(target.iter()) {
                let log_probability = *score - log_sum;
                loss -= importance / total * target * log_probability;
                *score = importance / total * (log_probability.exp() - target);
            }
        }
        (loss, examples * scores.transpose())
    }
}

/// The parameters of least loss, searched from `parameters` on, the steps to them, and whether the
/// gradient vanished there.
fn minimized(problem: &Problem, mut parameters: Vec<f64>) -> (Vec<f64>, usize, bool) {
    let (mut loss, mut gradient) = problem.at(&parameters);
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    for n_steps in 0..MOST_STEPS {
        if gradient.iter().all(|component| component.abs() <= TOLERANCE) {
            return (parameters, n_steps, true);
        }
        let direction = descent_direction(&gradient, &pairs);
        let derivative = dot(&direction, &gradient); // along the direction, below 0
        // the first step is at most as long as the gradient is in the sum of its components
        let mut step_size =
            if pairs.is_empty() { 1.0 / gradient.iter().map(|g| g.abs()).sum::<f64>() } else { 1.0 };
        let (next, next_loss, next_gradient) = loop {
            let next: Vec<f64> =
                parameters.iter().zip(&direction).map(|(at, step)| at + step_size * step).collect();
            let (next_loss, next_gradient) = problem.at(&next);
            if next_loss <= loss + ARMIJO * step_size * derivative {
                break (next, next_loss, next_gradient);
            }
            step_size *= 0.5;
            if step_size < 1e-12 {
                // nothing is lower within the precision of the loss
                return (parameters, n_steps, false);
            }
        };
        let s: Vec<f64> = next.iter().zip(&parameters).map(|(after, before)| after - before).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(after, before)| after - before).collect();
        let curvature = dot(&s, &y);
        if curvature > 0.0 {
            pairs.push_back(Pair { s, y, curvature });
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        (parameters, loss, gradient) = (next, next_loss, next_gradient);
    }
    (parameters, MOST_STEPS, false)
}

/// A correction pair of L-BFGS.
struct Pair {
    /// Change of the parameters.
    s: Vec<f64>,
    /// Change of the gradient.
    y: Vec<f64>,
    /// Their inner product, `1 / ρ`.
    curvature: f64,
}

/// The descent direction `−H·gradient` by the two-loop recursion over the pairs.
fn descent_direction(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|component| -component).collect();
    let mut alphas = Vec::with_capacity(pairs.len());
    for Pair { s, y, curvature } in pairs.iter().rev() {
        let alpha = dot(s, &direction) / curvature;
        direction.iter_mut().zip(y).for_each(|(value, change)| *value -= alpha * change);
        alphas.push(alpha);
    }
    if let Some(last) = pairs.back() {
        let scale = last.curvature / dot(&last.y, &last.y);
        direction.iter_mut().for_each(|value| *value *= scale);
    }
    for (Pair { s, y, curvature }, alpha) in pairs.iter().zip(alphas.iter().rev()) {
        let correction = alpha - dot(y, &direction) / curvature;
        direction.iter_mut().zip(s).for_each(|(value, step)| *value += correction * step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    /// 60 points of two features, three classes around three corners, and their importance.
    fn points() -> (Vec<Vec<f64>>, Vec<usize>, Vec<f64>) {
        let mut stream = Stream::new(3, "points", 0);
        let labels: Vec<usize> = (0..60).map(|place| place % 3).collect();
        let corners = [[0.0, 0.0], [40.0, 1.0], [10.0, -3.0]];
        let features = labels.iter().map(|&label| {
            vec![corners[label][0] + 12.0 * stream.normal(), corners[label][1] + stream.normal()]
        });
        let features = features.collect();
        let importance = labels.iter().map(|&label| 1.0 + label as f64).collect();
        (features, labels, importance)
    }

    #[test]
    fn the_gradient_at_the_fit_vanishes_along_every_weight() {
        let (features, labels, importance) = points();
        let examples = Examples {
            features: &features,
            labels: &labels,
            importance: &importance,
            n_classes: 3,
            label_smoothing: 0.1,
        };
        let ridge = 0.01;
        let fit = SoftmaxRegression::fit(&examples, ridge);
        assert!(fit.converged);
        // the loss written out for features as they are, its slope by central differences
        let deviation = |feature: usize| {
            let mean = features.iter().map(|row| row[feature]).sum::<f64>() / 60.0;
            (features.iter().map(|row| (row[feature] - mean).powi(2)).sum::<f64>() / 60.0).sqrt()
        };
        let loss = |fit: &SoftmaxRegression| {
            let total: f64 = importance.iter().sum();
            let mut loss = 0.0;
            for ((row, &label), importance) in features.iter().zip(&labels).zip(&importance) {
                let logits = fit.logits(row);
                let log_sum = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
                for (class, logit) in logits.iter().enumerate() {
                    let target = if class == label { 0.9 } else { 0.0 } + 0.1 / 3.0;
                    loss -= importance / total * target * (logit - log_sum);
                }
            }
            let squares = fit.weights.iter().flat_map(|row| row.iter().enumerate());
            loss + 0.5 * ridge * squares.map(|(feature, w)| (w * deviation(feature)).powi(2)).sum::<f64>()
        };
        for class in 0..3 {
            for feature in 0..2 {
                let moved = |by: f64| {
                    let mut fit = fit.clone();
                    fit.weights[class][feature] += by / deviation(feature);
                    loss(&fit)
                };
                let slope = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                assert!(slope.abs() < 1e-5, "class {class}, feature {feature}: {slope}");
            }
        }
    }

    #[test]
    fn an_example_that_does_not_count_is_as_if_it_were_not_there_and_a_near_fit_saves_steps() {
        let (features, labels, mut importance) = points();
        let all = Examples {
            features: &features,
            labels: &labels,
            importance: &importance.clone(),
            n_classes: 3,
            label_smoothing: 0.1,
        };
        let near = SoftmaxRegression::fit(&all, 0.01);
        importance[50..].fill(0.0);
        let without = Examples { importance: &importance, ..all.clone() };
        let fewer = Examples {
            features: &features[..50],
            labels: &labels[..50],
            importance: &importance[..50],
            ..all.clone()
        };
        let (a, b) = (SoftmaxRegression::fit(&without, 0.01), SoftmaxRegression::fit(&fewer, 0.01));
        assert_eq!(a, b);
        let quick = SoftmaxRegression::fit_from(Some(&near), &without, 0.01);
        assert!(quick.converged && quick.n_steps < a.n_steps, "{} of {} steps", quick.n_steps, a.n_steps);
        for (one, other) in quick.logits(&[5.0, 0.5]).iter().zip(a.logits(&[5.0, 0.5])) {
            assert!((one - other).abs() < 1e-3, "{one} {other}");
        }
    }

    #[test]
    fn a_feature_that_is_constant_changes_nothing() {
        let (mut features, labels, importance) = points();
        let fit = |features: &[Vec<f64>]| {
            let importance = &importance;
            let examples =
                Examples { features, labels: &labels, importance, n_classes: 3, label_smoothing: 0.0 };
            SoftmaxRegression::fit(&examples, 0.1)
        };
        let before = fit(&features).logits(&[5.0, 0.5]);
        features.iter_mut().for_each(|row| row.push(7.0));
        let after = fit(&features);
        assert!(after.weights.iter().all(|row| row[2] == 0.0));
        for (before, after) in before.iter().zip(after.logits(&[5.0, 0.5, 7.0])) {
            assert!((before - after).abs() < 1e-6, "{before} {after}");
        }
    }
}
