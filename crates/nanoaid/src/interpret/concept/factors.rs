//! Factors: activations as sums of a few atoms with codes that are not negative, `A ≈ Z · D`.
//!
//! Non-negative matrix factorization (Lee and Seung 1999), and its form with atoms of any sign (Semi-NMF; Ding, Li and Jordan
//! 2010), both by coordinate descent (HALS; Cichocki and Phan 2009): codes and atoms in turn are set to what is best while
//! all others stay, so that the error never rises. A price on the codes (non-negative sparse coding; Hoyer 2002) keeps them few: without it
//! factors of any sign are as good when they are turned, and come out otherwise from every start.

use micrograph::random::Stream;
use rayon::prelude::*;

use super::matrix::{Matrix, squares};

/// Fall of the error, as a share of it, over [`CHECK`] rounds below which the work is done.
const LEAST_FALL: f64 = 1e-4;
/// Rounds between two looks at the error.
const CHECK: usize = 10;
/// Rows that one atom is the mean of at the start.
const START_ROWS: usize = 8;
/// Sweeps over the codes of a row in one round.
const SWEEPS: usize = 2;
/// Most sweeps where atoms are given, and the change of a code, as a share of the largest, that ends them.
const MOST_SWEEPS: usize = 200;
const LEAST_CHANGE: f32 = 1e-4;

/// Factors that are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    pub n_atoms: usize,
    /// Whether atoms may be negative.
    pub signed: bool,
    /// Price of a code, in units of the length of a typical row.
    pub sparsity: f32,
}

impl Factors {
    /// The price for rows whose numbers have a mean square of 1.
    fn price(self, rows: &Matrix) -> f32 {
        self.sparsity * (rows.n_columns as f32).sqrt()
    }
}

/// Atoms `[k, D]`, each of length 1, for rows `[N, D]`, from a start that `seed` draws, after at most `n_rounds`.
///
/// # Panics
/// If there is no row, or `k` is 0.
pub(super) fn atoms(rows: &Matrix, factors: Factors, n_rounds: usize, seed: u64) -> Matrix {
    let (k, price) = (factors.n_atoms, factors.price(rows));
    let mut stream = Stream::new(seed, "factors", 0);
    let start = |stream: &mut Stream| {
        let mut atom = vec![0.0; rows.n_columns];
        for _ in 0..START_ROWS {
            let row = rows.row(stream.below(rows.n_rows()));
            atom.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        atom
    };
    let values = (0..k).flat_map(|_| start(&mut stream)).collect();
    let mut atoms = Matrix::new(rows.n_columns, values).normalized();
    let mut codes = Matrix::zeros(rows.n_rows(), k);
    let all = rows.squares();
    let mut last = f64::INFINITY;
    for round in 1..=n_rounds {
        descend(&mut codes, (&rows.times_rows(&atoms), price), &atoms.times_rows(&atoms), (SWEEPS, 0.0));
        let (gram, sums) = (codes.transposed_times(&codes), codes.transposed_times(rows));
        move_atoms(&mut atoms, &gram, &sums, factors.signed);
        if round % CHECK == 0 {
            // ‖A − ZD‖² from what is there already
            let products = atoms.times_rows(&atoms);
            let error = all - 2.0 * dot(&sums, &atoms) + dot(&gram, &products);
            if last - error <= LEAST_FALL * error.max(1e-12 * all) {
                break;
            }
            last = error;
        }
        for atom in 0..k {
            let length = squares(atoms.row(atom)).sqrt() as f32;
            if length > 0.0 {
                atoms.row_mut(atom).iter_mut().for_each(|value| *value /= length);
                codes.values.iter_mut().skip(atom).step_by(k).for_each(|code| *code *= length);
            } else if round < n_rounds / 2 {
                // no row has it: another start
                let again = start(&mut stream);
                atoms.row_mut(atom).copy_from_slice(&again);
            }
        }
    }
    atoms.normalized()
}

/// The codes of `rows` by `atoms` of `factors`, `[N, k]`: of all that are not negative those with the least squared error and price.
pub(super) fn codes(rows: &Matrix, atoms: &Matrix, factors: Factors) -> Matrix {
    let mut codes = Matrix::zeros(rows.n_rows(), atoms.n_rows());
    let products = rows.times_rows(atoms);
    let gram = atoms.times_rows(atoms);
    descend(&mut codes, (&products, factors.price(rows)), &gram, (MOST_SWEEPS, LEAST_CHANGE));
    codes
}

/// Sets one code after another to its best value; `products` are those of rows and atoms, `gram` of atoms with each
/// other.
fn descend(
    codes: &mut Matrix,
    (products, price): (&Matrix, f32),
    gram: &Matrix,
    (n_sweeps, least_change): (usize, f32),
) {
    let k = gram.n_columns;
    if k == 0 {
        return;
    }
    codes.values.par_chunks_mut(k).zip(products.values.par_chunks(k)).for_each(|(codes, products)| {
        for _ in 0..n_sweeps {
            let (mut change, mut largest) = (0.0_f32, 0.0_f32);
            for atom in 0..k {
                let own = gram.row(atom)[atom];
                if own <= 0.0 {
                    continue;
                }
                let explained: f32 = gram.row(atom).iter().zip(codes.iter()).map(|(g, code)| g * code).sum();
                let code = (codes[atom] + (products[atom] - explained - price) / own).max(0.0);
                change = change.max((code - codes[atom]).abs());
                largest = largest.max(code);
                codes[atom] = code;
            }
            if change <= least_change * largest {
                break;
            }
        }
    });
}

/// Sets one atom after another to its best value; `gram` are the products of codes with each other, `sums` those with the rows.
fn move_atoms(atoms: &mut Matrix, gram: &Matrix, sums: &Matrix, signed: bool) {
    for atom in 0..atoms.n_rows() {
        let own = gram.row(atom)[atom];
        if own <= 0.0 {
            atoms.row_mut(atom).fill(0.0);
            continue;
        }
        let mut explained = vec![0.0_f32; atoms.n_columns];
        for (other, weight) in gram.row(atom).iter().enumerate() {
            explained.iter_mut().zip(atoms.row(other)).for_each(|(sum, value)| *sum += weight * value);
        }
        for ((value, sum), explained) in atoms.row_mut(atom).iter_mut().zip(sums.row(atom)).zip(explained) {
            let best = *value + (sum - explained) / own;
            *value = if signed { best } else { best.max(0.0) };
        }
    }
}

fn dot(a: &Matrix, b: &Matrix) -> f64 {
    super::matrix::dot(&a.values, &b.values)
}
