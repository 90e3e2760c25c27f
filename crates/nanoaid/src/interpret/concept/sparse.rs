//! Sparse: a sparse autoencoder of activations, whose codes keep the `active` largest of many (`TopK`; Gao et al. 2024).
//!
//! Encoder `z = TopK(ReLU(E x + b))`, decoder `Σ z_j D_j` with atoms of length 1, mean squared error, Adam with a rate that falls as
//! a cosine. The encoder begins as the decoder's transpose. An atom that no row of an epoch used begins again from a row that
//! is explained badly, as dead atoms are what such networks suffer from.

use micrograph::random::Stream;
use rayon::prelude::*;

use super::matrix::{Matrix, dot, squares};

/// Rows of a step.
const BATCH: usize = 512;
/// Passes over all rows, and steps at least.
const EPOCHS: usize = 20;
const LEAST_STEPS: usize = 2000;
/// Largest rate of Adam, and its moments' decays.
const RATE: f64 = 1e-3;
const DECAYS: [f64; 2] = [0.9, 0.999];
/// Share of the work after which dead atoms stay dead.
const REVIVED_UNTIL: f64 = 0.7;
/// Length of the encoder's row of an atom that begins again, as a share of the mean length.
const REVIVED_LENGTH: f32 = 0.2;

/// Encoder and atoms.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sparse {
    /// `[m, D]`
    pub encoder: Matrix,
    /// `[m]`
    pub biases: Vec<f32>,
    /// `[m, D]`, each of length 1.
    pub atoms: Matrix,
    /// Codes of a row that are not 0, at most.
    pub active: usize,
}

/// The codes of one row that are not 0.
type Active = Vec<(usize, f32)>;

impl Sparse {
    /// Learns `m` atoms from `rows`, whose means are 0, from a start that `seed` draws.
    pub(super) fn learned(rows: &Matrix, (m, active): (usize, usize), seed: u64) -> Self {
        let n = rows.n_rows();
        let mut stream = Stream::new(seed, "sparse", 0);
        let drawn: Vec<f32> = (0..m * rows.n_columns).map(|_| stream.normal() as f32).collect();
        let atoms = Matrix::new(rows.n_columns, drawn).normalized();
        let mut found = Self { encoder: atoms.clone(), biases: vec![0.0; m], atoms, active };
        let mut moments = [0; 3].map(|_| Moments::default());
        let n_batches = n.div_ceil(BATCH);
        let n_epochs = EPOCHS.max(LEAST_STEPS.div_ceil(n_batches.max(1)));
        let n_steps = n_epochs * n_batches;
        let mut order: Vec<usize> = (0..n).collect();
        let mut step = 0;
        for _ in 0..n_epochs {
            stream.shuffle(&mut order);
            let mut fired = vec![false; m];
            let mut worst: Vec<(f64, usize)> = Vec::new();
            for batch in order.chunks(BATCH) {
                let rate = RATE * 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / n_steps as f64).cos());
                step += 1;
                let batch_rows = rows.select(batch);
                let (codes, errors) = found.coded(&batch_rows);
                for (place, code) in codes.iter().enumerate() {
                    code.iter().for_each(|&(atom, _)| fired[atom] = true);
                    worst.push((squares(errors.row(place)), batch[place]));
                }
                found.step(&batch_rows, &codes, &errors, &mut moments, (rate, step));
            }
            if (step as f64) < REVIVED_UNTIL * n_steps as f64 {
                worst.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                found.revive(rows, &fired, &worst, &mut moments);
            }
        }
        found
    }

    /// The codes of `rows`, `[N, m]`.
    pub(super) fn codes(&self, rows: &Matrix) -> Matrix {
        let mut codes = Matrix::zeros(rows.n_rows(), self.atoms.n_rows());
        for (place, active) in self.active_codes(rows).into_iter().enumerate() {
            let row = codes.row_mut(place);
            active.into_iter().for_each(|(atom, code)| row[atom] = code);
        }
        codes
    }

    fn active_codes(&self, rows: &Matrix) -> Vec<Active> {
        let before = rows.times_rows(&self.encoder);
        let k = self.active;
        let of_row = |values: &[f32]| {
            let mut codes: Active = values
                .iter()
                .zip(&self.biases)
                .enumerate()
                .filter_map(|(atom, (value, bias))| (value + bias > 0.0).then_some((atom, value + bias)))
                .collect();
            if codes.len() > k {
                codes.select_nth_unstable_by(k, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                codes.truncate(k);
            }
            codes.sort_by_key(|code| code.0);
            codes
        };
        before.values.par_chunks(self.atoms.n_rows()).map(of_row).collect()
    }

    /// The codes of each row, and what they leave, `x̂ − x`.
    fn coded(&self, rows: &Matrix) -> (Vec<Active>, Matrix) {
        let codes = self.active_codes(rows);
        let mut errors = Matrix::zeros(rows.n_rows(), rows.n_columns);
        errors.values.par_chunks_mut(rows.n_columns).zip(&codes).enumerate().for_each(
            |(place, (error, code))| {
                error.iter_mut().zip(rows.row(place)).for_each(|(error, value)| *error = -value);
                for &(atom, code) in code {
                    let atom = self.atoms.row(atom);
                    error.iter_mut().zip(atom).for_each(|(error, value)| *error += code * value);
                }
            },
        );
        (codes, errors)
    }

    /// One step of Adam.
    fn step(
        &mut self,
        rows: &Matrix,
        codes: &[Active],
        errors: &Matrix,
        moments: &mut [Moments; 3],
        (rate, step): (f64, usize),
    ) {
        let (m, d) = (self.atoms.n_rows(), self.atoms.n_columns);
        // which rows use an atom
        let mut users: Vec<Vec<(usize, f32)>> = vec![Vec::new(); m];
        for (place, code) in codes.iter().enumerate() {
            code.iter().for_each(|&(atom, code)| users[atom].push((place, code)));
        }
        let scale = 2.0 / rows.n_rows() as f32;
        let of_atom = |atom: usize| {
            let mut of = Gradient { encoder: vec![0.0; d], bias: 0.0, atom: vec![0.0; d] };
            for &(place, code) in &users[atom] {
                let (row, error) = (rows.row(place), errors.row(place));
                let back = scale * dot(error, self.atoms.row(atom)) as f32;
                of.encoder.iter_mut().zip(row).for_each(|(sum, value)| *sum += back * value);
                of.bias += back;
                of.atom.iter_mut().zip(error).for_each(|(sum, error)| *sum += scale * code * error);
            }
            of
        };
        let gradients: Vec<Gradient> = (0..m).into_par_iter().map(of_atom).collect();
        let [of_encoder, of_biases, of_atoms] = moments;
        let encoder: Vec<f32> = gradients.iter().flat_map(|of| of.encoder.iter().copied()).collect();
        let biases: Vec<f32> = gradients.iter().map(|of| of.bias).collect();
        let atoms: Vec<f32> = gradients.iter().flat_map(|of| of.atom.iter().copied()).collect();
        of_encoder.descend(&mut self.encoder.values, &encoder, (rate, step));
        of_biases.descend(&mut self.biases, &biases, (rate, step));
        of_atoms.descend(&mut self.atoms.values, &atoms, (rate, step));
        self.atoms = std::mem::take(&mut self.atoms).normalized();
    }

    /// Lets atoms that did not fire begin again from the rows that are explained worst.
    fn revive(&mut self, rows: &Matrix, fired: &[bool], worst: &[(f64, usize)], moments: &mut [Moments; 3]) {
        let dead: Vec<usize> = (0..fired.len()).filter(|&atom| !fired[atom]).take(worst.len()).collect();
        if dead.is_empty() {
            return;
        }
        let chosen: Vec<usize> = worst.iter().take(dead.len()).map(|(_, row)| *row).collect();
        let (_, left) = self.coded(&rows.select(&chosen));
        let lengths = self.encoder.rows().map(|row| squares(row).sqrt()).sum::<f64>();
        let length = REVIVED_LENGTH * (lengths / self.encoder.n_rows() as f64) as f32;
        let towards = Matrix::new(left.n_columns, left.values.iter().map(|value| -value).collect());
        let towards = towards.normalized();
        let d = rows.n_columns;
        for (&atom, direction) in dead.iter().zip(towards.rows()) {
            self.atoms.row_mut(atom).copy_from_slice(direction);
            let encoder = self.encoder.row_mut(atom);
            encoder.iter_mut().zip(direction).for_each(|(own, value)| *own = length * value);
            self.biases[atom] = 0.0;
            moments[0].forget(atom * d..(atom + 1) * d);
            moments[1].forget(atom..atom + 1);
            moments[2].forget(atom * d..(atom + 1) * d);
        }
    }
}

/// The gradient of the error for what belongs to one atom.
struct Gradient {
    encoder: Vec<f32>,
    bias: f32,
    atom: Vec<f32>,
}

/// Adam's running means of gradients and of their squares.
#[derive(Clone, Debug, Default)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    fn descend(&mut self, values: &mut [f32], gradient: &[f32], (rate, step): (f64, usize)) {
        self.first.resize(values.len(), 0.0);
        self.second.resize(values.len(), 0.0);
        let [one, two] = DECAYS.map(|decay| decay as f32);
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let rate = rate * (1.0 - DECAYS[1].powi(power)).sqrt() / (1.0 - DECAYS[0].powi(power));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, gradient), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            *first = one * *first + (1.0 - one) * gradient;
            *second = two * *second + (1.0 - two) * gradient * gradient;
            *value -= rate as f32 * *first / (second.sqrt() + 1e-8);
        }
    }

    fn forget(&mut self, range: std::ops::Range<usize>) {
        for moments in [&mut self.first, &mut self.second] {
            if let Some(own) = moments.get_mut(range.clone()) {
                own.fill(0.0);
            }
        }
    }
}
