//! Quality of a bank: what it explains, how sparse it is, and whether it comes out again.

use serde::{Deserialize, Serialize};

use super::assignment::assignment;
use super::bank::{Bank, BankSize, ConceptMethod};
use super::matrix::{Matrix, dot};
use micrograph::random::Stream;

/// Cosine from which on two atoms count as the same.
pub const SAME: f64 = 0.9;

/// How well a method does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodQuality {
    /// The method.
    pub method: ConceptMethod,
    /// Its atoms.
    pub n_atoms: usize,
    /// Share of the variance of vectors that it was fitted to which it explains, each channel about its mean.
    pub r2_fitted: Option<f64>,
    /// The same for groups that it was not fitted to; `None` where there are too few groups.
    pub r2: Option<f64>,
    /// Codes of a vector that are not 0, on average.
    pub n_active: f64,
    /// Share of the atoms that no vector uses.
    pub dead_share: f64,
    /// Share of the atoms that more than half of the vectors use.
    pub common_share: f64,
    /// Atoms against those from other starts; `None` where there is no start.
    pub starts: Option<Matched>,
    /// Atoms of one half of the groups against those of the other; `None` where there are too few groups.
    pub halves: Option<Matched>,
    /// Atoms against as many activation vectors that were drawn at random: what two dictionaries have in common by chance.
    pub random: Matched,
}

/// Cosines of atoms and those they belong to in another bank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matched {
    /// Their mean.
    pub mean: f64,
    /// The lowest decile, the median, and the highest decile.
    pub deciles: [f64; 3],
    /// Share that is at least [`SAME`].
    pub same_share: f64,
}

impl Matched {
    pub(super) fn of(cosines: &[f64]) -> Self {
        let mut sorted = cosines.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len().max(1) as f64;
        Self {
            mean: sorted.iter().sum::<f64>() / n,
            deciles: [0.1, 0.5, 0.9].map(|share| crate::evaluate::classifier::quantile(&sorted, share)),
            same_share: sorted.iter().filter(|cosine| **cosine >= SAME).count() as f64 / n,
        }
    }
}

/// For each atom of `bank` its cosine with the atom of `other` that belongs to it.
pub(super) fn cosines(bank: &Bank, other: &Matrix) -> Vec<f64> {
    // components have no sign
    let signed = bank.method != ConceptMethod::Pca;
    let cosine = |a: &[f32], b: &[f32]| if signed { dot(a, b) } else { dot(a, b).abs() };
    let of = |atom: &[f32]| other.rows().map(|other| cosine(atom, other)).collect::<Vec<f64>>();
    let table: Vec<Vec<f64>> = bank.atoms.rows().map(of).collect();
    if table.first().is_none_or(|row| row.len() < table.len()) {
        return Vec::new();
    }
    let columns = assignment(&table);
    table.iter().zip(columns).map(|(row, column)| row[column]).collect()
}

/// Vectors to fit to, those of the two halves of their groups, and those of other groups, `[N, C]`.
pub(super) struct Vectors<'a> {
    pub fitted: &'a Matrix,
    /// Places among `fitted`; empty where there are too few groups.
    pub halves: [Vec<usize>; 2],
    /// Empty where there are too few groups.
    pub held_out: &'a Matrix,
}

/// Fits `method`, and again from other starts and to both halves. With, for each atom, its mean cosine over the starts.
pub(super) fn fit(
    vectors: &Vectors<'_>,
    method: ConceptMethod,
    size: BankSize,
    (n_starts, seed): (usize, u64),
    go_on: &mut dyn FnMut() -> bool,
) -> Option<(Bank, MethodQuality, Vec<f64>)> {
    // never the start of another bank
    let start = |n: usize| seed.wrapping_mul(1000).wrapping_add(n as u64);
    let bank = Bank::fitted(vectors.fitted, method, size, start(0));
    let mut of_starts: Vec<Vec<f64>> = Vec::new();
    if !method.has_no_start() {
        for n in 1..n_starts {
            if !go_on() {
                return None;
            }
            let other = Bank::fitted(vectors.fitted, method, size, start(n));
            of_starts.push(cosines(&bank, &other.atoms));
        }
    }
    let halves = if vectors.halves.iter().all(|half| half.len() > size.n_concepts) {
        if !go_on() {
            return None;
        }
        let [one, other] = [0, 1].map(|half| {
            let own = vectors.fitted.select(&vectors.halves[half]);
            Bank::fitted(&own, method, size, start(n_starts + half))
        });
        Some(Matched::of(&cosines(&one, &other.atoms)))
    } else {
        None
    };
    let mut stream = Stream::new(seed, "random dictionary", 0);
    let drawn: Vec<usize> = (0..bank.n_atoms()).map(|_| stream.below(vectors.fitted.n_rows())).collect();
    let drawn = vectors.fitted.select(&drawn).less(&bank.means).normalized();
    let looked_at = if vectors.held_out.n_rows() > 0 { vectors.held_out } else { vectors.fitted };
    let codes = bank.codes(looked_at);
    let n = codes.n_rows().max(1) as f64;
    let uses: Vec<usize> =
        (0..bank.n_atoms()).map(|atom| codes.rows().filter(|codes| codes[atom] != 0.0).count()).collect();
    let share = |of: &dyn Fn(usize) -> bool| {
        uses.iter().filter(|&&uses| of(uses)).count() as f64 / uses.len().max(1) as f64
    };
    let per_atom: Vec<f64> = (0..bank.n_atoms())
        .map(|atom| {
            of_starts.iter().map(|cosines| cosines[atom]).sum::<f64>() / of_starts.len().max(1) as f64
        })
        .collect();
    let quality = MethodQuality {
        method,
        n_atoms: bank.n_atoms(),
        r2_fitted: bank.r2(vectors.fitted),
        r2: if vectors.held_out.n_rows() > 0 { bank.r2(vectors.held_out) } else { None },
        n_active: uses.iter().sum::<usize>() as f64 / n,
        dead_share: share(&|uses| uses == 0),
        common_share: share(&|uses| uses as f64 > n / 2.0),
        starts: (!of_starts.is_empty()).then(|| Matched::of(&of_starts.concat())),
        halves,
        random: Matched::of(&cosines(&bank, &drawn)),
    };
    Some((bank, quality, per_atom))
}
