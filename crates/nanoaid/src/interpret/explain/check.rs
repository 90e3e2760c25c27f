//! Checks of maps that take long: `MuFidelity`, noise, random weights, another class.

use micrograph::Plane;
use micrograph::random::Stream;

use super::attribution::Subject;
use super::cells::Cells;
use super::control::randomized;
use super::error::{ExplainError, Tick};
use super::faithfulness::{CELLS, mu_fidelity, rank_correlation};
use super::gradient::mean;
use super::method::Method;
use super::result::{Checks, Randomized};
use super::scored::Scored;
use super::target::Score;

/// Shares of the tensors, from the image on, that get random weights.
const SHARES: [f64; 3] = [0.25, 0.5, 1.0];
/// Far from the seeds that networks are trained with: a network is not to be compared with its own start.
const RANDOM_SEED: u64 = 0x6578_706c_6169_6e00;
/// Seeds of random weights.
const N_SEEDS: u64 = 2;
/// Standard deviation of the noise whose effect on a map is taken, and how often.
const NOISE: f64 = 0.02;
const N_NOISY: u64 = 2;
/// Bins of the histogram whose entropy is taken.
const BINS: usize = 100;

/// The checks of the maps of `methods`; `second` is the score of the second class.
pub(super) fn checks(
    subject: &Subject<'_>,
    scored: &Scored<'_>,
    (methods, maps): (&[Method], &[&Plane]),
    second: Option<Score>,
    tick: Tick<'_>,
) -> Result<Vec<Checks>, ExplainError> {
    let seed = subject.config.seed;
    let fidelities = mu_fidelity(&subject.removal(scored), maps, seed, tick)?;
    let second = second.map(|score| Scored::new(scored.network(), score));
    let mut networks = Vec::new();
    for share in SHARES {
        for seed in 0..N_SEEDS {
            networks.push((share, randomized(scored.network(), share, RANDOM_SEED + seed)));
        }
    }
    let mut all = Vec::with_capacity(methods.len());
    for ((&method, &map), mu_fidelity) in methods.iter().zip(maps).zip(fidelities) {
        let mut of_networks = Vec::with_capacity(networks.len());
        for (share, network) in &networks {
            let other = Scored::new(network, scored.score().clone());
            let other = subject.attribution(&other, method, tick)?.map;
            let own = entropy(map);
            let rise = (own > 0.0).then(|| (entropy(&other) - own) / own);
            of_networks.push((*share, similarity(map, &other), rise));
        }
        let randomized = SHARES.iter().map(|&share| {
            let own: Vec<_> = of_networks.iter().filter(|(of, ..)| *of == share).collect();
            Randomized {
                share,
                similarity: mean_of_known(own.iter().map(|(_, similarity, _)| *similarity)),
                entropy_rise: mean_of_known(own.iter().map(|(.., rise)| *rise)),
            }
        });
        let second_class = match &second {
            Some(second) => similarity(map, &subject.attribution(second, method, tick)?.map),
            None => None,
        };
        all.push(Checks {
            mu_fidelity,
            sensitivity: sensitivity(subject, scored, (method, map), tick)?,
            randomized: randomized.collect(),
            second_class,
        });
    }
    Ok(all)
}

/// The mean of the values that are known; `None` where none is.
fn mean_of_known(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| mean(&known))
}

/// Rank correlation over cells; `None` where one map is constant.
fn similarity(a: &Plane, b: &Plane) -> Option<f64> {
    let cells = Cells::new((a.height(), a.width()), CELLS);
    rank_correlation(&cells.means(a), &cells.means(b))
}

/// Largest change of a map under noise, relative to its size; `None` of a map of zeros.
fn sensitivity(
    subject: &Subject<'_>,
    scored: &Scored<'_>,
    (method, map): (Method, &Plane),
    tick: Tick<'_>,
) -> Result<Option<f64>, ExplainError> {
    let size = map.values().iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if size == 0.0 {
        return Ok(None);
    }
    let mut largest: f64 = 0.0;
    for index in 0..N_NOISY {
        let mut stream = Stream::new(subject.config.seed, "sensitivity", index);
        let noisy = subject
            .plane
            .values()
            .iter()
            .map(|value| (value + (NOISE * stream.normal()) as f32).clamp(0.0, 1.0));
        let plane = Plane::new(subject.plane.height(), subject.plane.width(), noisy.collect());
        let other = Subject { plane: &plane, ..*subject }.attribution(scored, method, tick)?.map;
        let off = map.values().iter().zip(other.values()).map(|(a, b)| f64::from(a - b).powi(2));
        largest = largest.max(off.sum::<f64>().sqrt() / size);
    }
    Ok(Some(largest))
}

/// Entropy of the histogram of a map between its extremes, in bit.
fn entropy(map: &Plane) -> f64 {
    let Some((low, high)) = map.range().filter(|(low, high)| high > low) else { return 0.0 };
    let mut counts = [0_usize; BINS];
    for value in map.values() {
        let bin = (value - low) / (high - low) * BINS as f32;
        counts[(bin as usize).min(BINS - 1)] += 1;
    }
    let n = map.values().len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|&count| count as f64 / n);
    shares.map(|share| -share * share.log2()).sum()
}
