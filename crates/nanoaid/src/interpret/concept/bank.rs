//! Bank: a set of concepts for the activations of a layer, fitted by one of several methods: atoms, and the code of any
//! activation vector by them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::factors::Factors;
use super::matrix::{Matrix, squares};
use super::sparse::Sparse;
use super::{clusters, factors};
use crate::eigen::eigenpairs;

/// How concepts are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConceptMethod {
    /// Non-negative matrix factorization: sums of atoms, for activations that are not negative.
    Nmf,
    /// The same with atoms of any sign, for activations of any sign.
    SemiNmf,
    /// Sparse autoencoder that keeps a few of many codes.
    Topk,
    /// k-means: one concept a position, a baseline.
    KMeans,
    /// Principal components, a baseline.
    Pca,
}

impl ConceptMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nmf, Self::SemiNmf, Self::Topk, Self::KMeans, Self::Pca];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nmf => "nmf",
            Self::SemiNmf => "semi-nmf",
            Self::Topk => "topk",
            Self::KMeans => "k-means",
            Self::Pca => "pca",
        }
    }

    /// Whether it finds the same from every start.
    pub fn has_no_start(self) -> bool {
        self == Self::Pca
    }
}

impl fmt::Display for ConceptMethod {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A name that no method has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no method `{name}`, expected one of: {}", ConceptMethod::ALL.map(ConceptMethod::name).join(", "))]
pub struct NoConceptMethod {
    name: String,
}

impl FromStr for ConceptMethod {
    type Err = NoConceptMethod;

    fn from_str(text: &str) -> Result<Self, NoConceptMethod> {
        let found = Self::ALL.into_iter().find(|method| method.name() == text);
        found.ok_or_else(|| NoConceptMethod { name: text.to_owned() })
    }
}

/// How large a bank is, and how long it is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BankSize {
    /// Atoms of all methods but `topk`.
    pub n_concepts: usize,
    /// Atoms of `topk`, and how many of them a vector has at most.
    pub n_sparse: usize,
    pub n_active: usize,
    /// Rounds of a factorization at most, and its price of a code.
    pub n_rounds: usize,
    pub sparsity: f32,
}

/// Atoms, and how codes are made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bank {
    pub method: ConceptMethod,
    /// Taken off every activation; 0 for factors.
    pub means: Vec<f32>,
    /// What activations are divided by, so that their squares have a mean of 1.
    pub scale: f32,
    /// `[k, C]`, each of length 1, of centred (but for factors) and divided activations.
    pub atoms: Matrix,
    /// How factors are coded.
    pub factors: Factors,
    /// The encoder of `topk`.
    pub sparse: Option<Sparse>,
    /// The centres of `k-means`.
    pub centres: Option<Matrix>,
}

impl Bank {
    /// Fits a bank to activation vectors, `[N, C]`, from a start that `seed` draws.
    pub(super) fn fitted(vectors: &Matrix, method: ConceptMethod, size: BankSize, seed: u64) -> Self {
        let means = match method {
            // codes that are not negative need the origin where they are 0
            ConceptMethod::Nmf | ConceptMethod::SemiNmf => vec![0.0; vectors.n_columns],
            _ => vectors.means(),
        };
        let centred = vectors.less(&means);
        let scale = (centred.squares() / centred.values.len().max(1) as f64).sqrt() as f32;
        let scale = if scale > 0.0 { scale } else { 1.0 };
        let rows = divided(centred, scale);
        let k = size.n_concepts.min(rows.n_rows());
        let empty = Matrix::zeros(0, rows.n_columns);
        let factors = Factors { n_atoms: k, signed: method != ConceptMethod::Nmf, sparsity: size.sparsity };
        let bank = Self { method, means, scale, atoms: empty, factors, sparse: None, centres: None };
        match method {
            ConceptMethod::Nmf | ConceptMethod::SemiNmf => {
                Self { atoms: factors::atoms(&rows, factors, size.n_rounds, seed), ..bank }
            }
            ConceptMethod::Topk => {
                let sparse = Sparse::learned(&rows, (size.n_sparse, size.n_active), seed);
                Self { atoms: sparse.atoms.clone(), sparse: Some(sparse), ..bank }
            }
            ConceptMethod::KMeans => {
                let centres = clusters::centres(&rows, k, seed);
                Self { atoms: centres.clone().normalized(), centres: Some(centres), ..bank }
            }
            ConceptMethod::Pca => Self { atoms: components(&rows, k), ..bank },
        }
    }

    pub(super) fn n_atoms(&self) -> usize {
        self.atoms.n_rows()
    }

    /// The codes of activation vectors, `[N, k]`.
    pub(super) fn codes(&self, vectors: &Matrix) -> Matrix {
        let rows = divided(vectors.less(&self.means), self.scale);
        match (&self.sparse, &self.centres) {
            (Some(sparse), _) => sparse.codes(&rows),
            (_, Some(centres)) => {
                let mut codes = Matrix::zeros(rows.n_rows(), self.n_atoms());
                for (row, centre) in clusters::nearest(&rows, centres).into_iter().enumerate() {
                    codes.row_mut(row)[centre] = squares(centres.row(centre)).sqrt() as f32;
                }
                codes
            }
            _ if self.method == ConceptMethod::Pca => rows.times_rows(&self.atoms),
            _ => factors::codes(&rows, &self.atoms, self.factors),
        }
    }

    /// What `codes` say of activation vectors, in their units, without [`Bank::means`].
    pub(super) fn explained(&self, codes: &Matrix) -> Matrix {
        divided(codes.times(&self.atoms), 1.0 / self.scale)
    }

    /// What a code of 1 of atom `atom` adds to an activation vector.
    pub(super) fn added(&self, atom: usize) -> Vec<f32> {
        self.atoms.row(atom).iter().map(|value| value * self.scale).collect()
    }

    /// Share of the variance of `vectors` that their codes explain, each channel about its own mean.
    pub(super) fn r2(&self, vectors: &Matrix) -> Option<f64> {
        let all = vectors.less(&vectors.means()).squares();
        let left = vectors.less(&self.means).minus(&self.explained(&self.codes(vectors))).squares();
        (all > 0.0).then(|| 1.0 - left / all)
    }

    /// Weights and biases of a linear reading of the codes, `[k, C]` and `[k]`: that of `topk`'s encoder, else the least-squares
    /// one with a small ridge.
    pub(super) fn linear(&self) -> (Matrix, Vec<f32>) {
        let (weights, mut biases) = match &self.sparse {
            Some(sparse) => (sparse.encoder.clone(), sparse.biases.clone()),
            None => (dual(&self.atoms), vec![0.0; self.n_atoms()]),
        };
        let weights = divided(weights, self.scale);
        for (bias, row) in biases.iter_mut().zip(weights.rows()) {
            *bias -= super::matrix::dot(row, &self.means) as f32;
        }
        (weights, biases)
    }
}

impl Matrix {
    fn minus(mut self, other: &Self) -> Self {
        self.values.iter_mut().zip(&other.values).for_each(|(value, other)| *value -= other);
        self
    }
}

fn divided(mut rows: Matrix, by: f32) -> Matrix {
    rows.values.iter_mut().for_each(|value| *value /= by);
    rows
}

/// The first `k` principal components of `rows`, whose means are 0.
fn components(rows: &Matrix, k: usize) -> Matrix {
    let covariance = rows.transposed_times(rows);
    let table: Vec<Vec<f64>> =
        covariance.rows().map(|row| row.iter().map(|&value| f64::from(value)).collect()).collect();
    let pairs = eigenpairs(&table);
    let values = pairs.iter().take(k).flat_map(|pair| pair.vector.iter().map(|&value| value as f32));
    Matrix::new(rows.n_columns, values.collect())
}

/// `(D Dᵀ + ridge)⁻¹ D`: what reads one atom and is blind to the others.
fn dual(atoms: &Matrix) -> Matrix {
    const RIDGE: f64 = 0.05;
    let k = atoms.n_rows();
    let gram = atoms.times_rows(atoms);
    let gram =
        nalgebra::DMatrix::from_fn(k, k, |i, j| f64::from(gram.row(i)[j]) + if i == j { RIDGE } else { 0.0 });
    let inverse = gram.cholesky().expect("a Gram matrix with a ridge is positive").inverse();
    let inverse = Matrix::new(k, inverse.iter().map(|&value| value as f32).collect());
    inverse.times(atoms)
}
