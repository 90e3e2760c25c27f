//! Clusters: k-means (Lloyd 1982) from centres that are drawn far apart (Arthur and Vassilvitskii 2007).

use micrograph::random::Stream;

use super::matrix::{Matrix, squares};

/// Rounds at most.
const ROUNDS: usize = 100;

/// `k` centres of `rows`, `[k, D]`, from a start that `seed` draws.
///
/// # Panics
/// If there is no row.
pub(super) fn centres(rows: &Matrix, k: usize, seed: u64) -> Matrix {
    let mut stream = Stream::new(seed, "clusters", 0);
    let mut centres = far_apart(rows, k, &mut stream);
    let mut last: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let nearest = nearest(rows, &centres);
        if nearest == last {
            break;
        }
        let mut sums = vec![0.0_f64; k * rows.n_columns];
        let mut counts = vec![0_usize; k];
        for (row, &centre) in rows.rows().zip(&nearest) {
            counts[centre] += 1;
            let sum = &mut sums[centre * rows.n_columns..][..rows.n_columns];
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        // a centre that has lost all its rows stays where it is
        for (centre, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let sum = &sums[centre * rows.n_columns..][..rows.n_columns];
            let own = centres.row_mut(centre).iter_mut().zip(sum);
            own.for_each(|(value, sum)| *value = (sum / count as f64) as f32);
        }
        last = nearest;
    }
    centres
}

/// For each row its nearest centre, the first of equal ones.
pub(super) fn nearest(rows: &Matrix, centres: &Matrix) -> Vec<usize> {
    let halves: Vec<f32> = centres.rows().map(|centre| (squares(centre) / 2.0) as f32).collect();
    let of_row = |products: &[f32]| {
        let scores = products.iter().zip(&halves).map(|(product, half)| product - half).enumerate();
        scores.fold((0, f32::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best }).0
    };
    rows.times_rows(centres).rows().map(of_row).collect()
}

/// Rows as centres, each drawn with a probability as its squared distance to those before.
fn far_apart(rows: &Matrix, k: usize, stream: &mut Stream) -> Matrix {
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    let mut chosen = vec![stream.below(rows.n_rows())];
    let mut distances: Vec<f64> = rows.rows().map(|row| distance(row, rows.row(chosen[0]))).collect();
    while chosen.len() < k {
        let mut left = stream.uniform() * distances.iter().sum::<f64>();
        let found = distances.iter().position(|&distance| {
            left -= distance;
            left < 0.0
        });
        let next = found.unwrap_or_else(|| stream.below(rows.n_rows()));
        chosen.push(next);
        for (own, row) in distances.iter_mut().zip(rows.rows()) {
            *own = own.min(distance(row, rows.row(next)));
        }
    }
    rows.select(&chosen)
}
