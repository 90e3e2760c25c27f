//! Tests of concepts: planted atoms come out, noise is not stable, effects of a linear rest are exact, random networks claim nothing.

use std::ops::ControlFlow;

use micrograph::random::Stream;

use super::bank::{Bank, BankSize};
use super::matrix::{Matrix, dot};
use super::quality::{self, Vectors, cosines};
use super::*;
use crate::data::dataset::DatasetConfig;
use crate::{Architecture, CompactConfig, Device};

fn size(n_concepts: usize, n_sparse: usize, n_active: usize) -> BankSize {
    BankSize { n_concepts, n_sparse, n_active, n_rounds: 500, sparsity: 0.05 }
}

/// Atoms of length 1 whose cosines are below 0.5.
fn atoms(k: usize, d: usize, signed: bool, stream: &mut Stream) -> Matrix {
    let mut all = Matrix::new(d, Vec::new());
    while all.n_rows() < k {
        // each has a few channels of its own
        let drawn = (0..d).map(|_| {
            let value = stream.normal() as f32;
            let value = if signed { value } else { value.abs() };
            if stream.uniform() < 0.25 { value } else { 0.0 }
        });
        let atom = Matrix::new(d, drawn.collect()).normalized();
        let is_apart = all.rows().all(|other| dot(other, atom.row(0)).abs() < 0.5);
        if is_apart && dot(atom.row(0), atom.row(0)) > 0.5 {
            all.values.extend(atom.values);
        }
    }
    all
}

/// `n` sums of three atoms each, with noise of one per cent.
fn mixtures(n: usize, atoms: &Matrix, stream: &mut Stream) -> Matrix {
    let mut rows = Matrix::zeros(n, atoms.n_columns);
    for row in 0..n {
        let mut order: Vec<usize> = (0..atoms.n_rows()).collect();
        stream.shuffle(&mut order);
        for &atom in order.iter().take(3) {
            let code = (0.3 + stream.uniform()) as f32;
            let own = rows.row_mut(row).iter_mut().zip(atoms.row(atom));
            own.for_each(|(value, atom)| *value += code * atom);
        }
        rows.row_mut(row)
            .iter_mut()
            .for_each(|value| *value = (*value + 0.01 * stream.normal() as f32).max(-1.0));
    }
    rows
}

/// How many of the `planted` atoms a bank has with a cosine above 0.95.
fn n_found(bank: &Bank, planted: &Matrix) -> usize {
    let best = |atom: &[f32]| bank.atoms.rows().map(|own| dot(own, atom).abs()).fold(0.0, f64::max);
    planted.rows().filter(|atom| best(atom) > 0.95).count()
}

#[test]
fn planted_atoms_come_out_but_not_as_components() {
    let mut stream = Stream::new(5, "planted atoms", 0);
    for (method, signed) in
        [(ConceptMethod::Nmf, false), (ConceptMethod::SemiNmf, false), (ConceptMethod::Topk, true)]
    {
        let planted = atoms(12, 48, signed, &mut stream);
        let mut rows = mixtures(4000, &planted, &mut stream);
        if !signed {
            rows.values.iter_mut().for_each(|value| *value = value.max(0.0));
        }
        let bank = Bank::fitted(&rows, method, size(12, 16, 3), 1);
        let n = n_found(&bank, &planted);
        assert!(n >= 11, "{method}: {n} of 12");
        let components = Bank::fitted(&rows, ConceptMethod::Pca, size(12, 16, 3), 1);
        let n = n_found(&components, &planted);
        assert!(n < 6, "components: {n} of 12");
    }
}

#[test]
fn gabors_and_a_spot_come_out_and_come_out_again() {
    const SIDE: usize = 9;
    let plane = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f32> {
        let at = |index: usize| {
            let (y, x) = ((index / SIDE) as f64 - 4.0, (index % SIDE) as f64 - 4.0);
            (of(y, x) * (-(y * y + x * x) / 8.0).exp()) as f32
        };
        (0..SIDE * SIDE).map(at).collect()
    };
    let wave = |angle: f64, y: f64, x: f64| {
        (std::f64::consts::TAU * (x * angle.cos() + y * angle.sin()) / 4.0).cos()
    };
    let planted =
        [plane(&|y, x| wave(0.3, y, x)), plane(&|y, x| wave(1.7, y, x)), plane(&|_, _| 1.0)].concat();
    let planted = Matrix::new(SIDE * SIDE, planted).normalized();
    let mut stream = Stream::new(2, "gabors", 0);
    let mut rows = Matrix::zeros(2000, SIDE * SIDE);
    for row in 0..rows.n_rows() {
        for atom in planted.rows() {
            // each is there on some patches only
            let code = if stream.uniform() < 0.4 { stream.uniform() as f32 } else { 0.0 };
            rows.row_mut(row).iter_mut().zip(atom).for_each(|(value, atom)| *value += code * atom);
        }
        rows.row_mut(row).iter_mut().for_each(|value| *value += 0.005 * stream.normal() as f32);
    }
    let none = Matrix::zeros(0, rows.n_columns);
    let vectors = Vectors { fitted: &rows, halves: [Vec::new(), Vec::new()], held_out: &none };
    let (bank, quality, stability) =
        quality::fit(&vectors, ConceptMethod::SemiNmf, size(3, 16, 3), (5, 0), &mut || true).unwrap();
    for (atom, own) in planted.rows().zip(0..) {
        let best = bank.atoms.rows().map(|found| dot(found, atom)).fold(0.0, f64::max);
        assert!(best >= 0.95, "{own}: {best}");
    }
    assert!(stability.iter().all(|cosine| *cosine >= 0.9), "{stability:?}");
    assert_eq!(quality.starts.unwrap().same_share, 1.0);
}

#[test]
fn noise_has_no_stable_atoms() {
    let mut stream = Stream::new(1, "noise", 0);
    let rows = Matrix::new(24, (0..24 * 1500).map(|_| stream.normal() as f32).collect());
    let none = Matrix::zeros(0, 24);
    let vectors = Vectors { fitted: &rows, halves: [Vec::new(), Vec::new()], held_out: &none };
    let (_, quality, _) =
        quality::fit(&vectors, ConceptMethod::SemiNmf, size(8, 16, 3), (3, 0), &mut || true).unwrap();
    assert!(quality.starts.unwrap().same_share < 0.2);
}

#[test]
fn the_error_never_rises_and_rank_is_enough() {
    let mut stream = Stream::new(8, "ranks", 0);
    let planted = atoms(4, 20, true, &mut stream);
    let codes = Matrix::new(4, (0..4 * 600).map(|_| stream.uniform() as f32).collect());
    let rows = codes.times(&planted);
    let mut last = f64::NEG_INFINITY;
    for n_rounds in [1, 3, 10, 40, 200] {
        let bank = Bank::fitted(
            &rows,
            ConceptMethod::SemiNmf,
            BankSize { n_rounds, sparsity: 0.0, ..size(3, 16, 3) },
            3,
        );
        let r2 = bank.r2(&rows).unwrap();
        assert!(r2 >= last - 1e-4, "{n_rounds} rounds: {r2} after {last}");
        last = r2;
    }
    let free = BankSize { sparsity: 0.0, ..size(4, 16, 3) };
    let whole = Bank::fitted(&rows, ConceptMethod::SemiNmf, free, 3).r2(&rows).unwrap();
    assert!(whole > 0.999, "{whole}");
    let components = Bank::fitted(&rows, ConceptMethod::Pca, size(4, 16, 3), 3).r2(&rows).unwrap();
    assert!(components > 0.9999, "{components}");
}

#[test]
fn sparse_codes_are_few_and_an_offset_kills_no_atom() {
    let mut stream = Stream::new(4, "offset", 0);
    let planted = atoms(12, 48, true, &mut stream);
    let mut rows = mixtures(3000, &planted, &mut stream);
    let deviation = (rows.less(&rows.means()).squares() / rows.values.len() as f64).sqrt() as f32;
    rows.values.iter_mut().for_each(|value| *value += 10.0 * deviation);
    let bank = Bank::fitted(&rows, ConceptMethod::Topk, size(12, 24, 3), 0);
    let codes = bank.codes(&rows);
    assert!(codes.rows().all(|codes| codes.iter().filter(|code| **code != 0.0).count() <= 3));
    let dead = (0..24).filter(|&atom| codes.rows().all(|codes| codes[atom] == 0.0)).count();
    assert!(dead == 0, "{dead} of 24 atoms are dead");
    assert!(bank.r2(&rows).unwrap() > 0.9);
}

#[test]
fn banks_of_one_start_are_the_same_and_of_others_not() {
    let mut stream = Stream::new(9, "starts", 0);
    let rows = Matrix::new(16, (0..16 * 800).map(|_| stream.normal().abs() as f32).collect());
    for method in [ConceptMethod::Nmf, ConceptMethod::Topk, ConceptMethod::KMeans] {
        let of = |seed: u64| Bank::fitted(&rows, method, size(6, 16, 3), seed);
        let (one, again, other) = (of(1), of(1), of(2));
        assert_eq!(one, again, "{method}");
        assert_ne!(one, other, "{method}");
        assert!(cosines(&one, &again.atoms).iter().all(|cosine| *cosine > 0.9999));
    }
}

/// A small classifier, whose last stage goes into a mean and a dense layer, and synthetic micrographs of the ten categories.
fn toy(per_category: usize) -> (Network, Dataset) {
    let config =
        CompactConfig { stages: vec![6, 8], further: vec![], view_px: 48, ..CompactConfig::default() };
    let network = Network::random(Architecture::Compact(config), 3, Device::Cpu).unwrap();
    let data = DatasetConfig { synthetic_per_category: per_category, ..DatasetConfig::default() };
    (network, Dataset::synthetic(&data).unwrap())
}

fn quick() -> ConceptConfig {
    ConceptConfig {
        layer: Some("encoder.2".to_owned()),
        n_concepts: 4,
        per_micrograph: 16,
        n_starts: 2,
        n_effects: 6,
        n_structures: 0,
        n_exemplars: 3,
        tuning: false,
        pictures: false,
        ..ConceptConfig::default()
    }
}

fn go_on(_: ConceptProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn effects_of_concepts_before_a_mean_and_a_dense_layer_are_exact() {
    let (network, dataset) = toy(3);
    let found = concepts(&network, &dataset, &quick(), &mut go_on).unwrap().found;
    let effects = found.effects.unwrap();
    let sum = effects.sum_share.unwrap();
    assert!((sum - 1.0).abs() < 1e-3, "the effects sum up to {sum} of that of all");
    for effect in effects.concepts.iter().flat_map(|own| own.values()) {
        let scale = effects.whole.abs().max(1e-3);
        assert!((effect.deletion - effect.insertion).abs() < 1e-3 * scale, "{effect:?}");
    }
    assert!(found.concepts.iter().all(|concept| !concept.exemplars.is_empty()));
}

#[test]
fn a_network_with_random_weights_claims_nothing() {
    let (network, dataset) = toy(6);
    let found = concepts(&network, &dataset, &quick(), &mut go_on).unwrap().found;
    let claims: Vec<&ClassUse> =
        found.concepts.iter().flat_map(|concept| &concept.classes).filter(|class| class.claimed).collect();
    assert!(claims.is_empty(), "{claims:?}");
    // without the other random networks it would
    let differs = found.concepts.iter().flat_map(|concept| &concept.classes).any(|class| class.q <= 0.05);
    assert!(differs, "the test has something to refuse");
}

#[test]
fn what_cannot_be_done_is_refused() {
    let (network, dataset) = toy(3);
    let cases: [(ConceptConfig, &str); 6] = [
        (ConceptConfig { layer: Some("head".to_owned()), ..quick() }, "one position"),
        (ConceptConfig { layer: Some("encoder.9".to_owned()), ..quick() }, "no layer `encoder.9`"),
        (ConceptConfig { class: Some("Fibers".to_owned()), ..quick() }, "no micrograph of class `Fibers`"),
        (ConceptConfig { n_concepts: 1, ..quick() }, "n_concepts"),
        (ConceptConfig { n_concepts: 64, per_micrograph: 4, ..quick() }, "too few for 64 concepts"),
        (ConceptConfig { n_active: 20, n_sparse: 16, ..quick() }, "n_active"),
    ];
    for (config, expected) in cases {
        let error = concepts(&network, &dataset, &config, &mut go_on).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let cancelled = concepts(&network, &dataset, &quick(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(ConceptError::Cancelled)));
}
