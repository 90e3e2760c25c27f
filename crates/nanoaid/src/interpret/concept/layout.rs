//! Layout: points in many dimensions as points of a plane, near ones near (t-SNE; van der Maaten and Hinton 2008), exact, from the first
//! two principal components, so that it is the same every time.

use rayon::prelude::*;

use super::matrix::Matrix;

/// Effective number of neighbours.
const PERPLEXITY: f64 = 30.0;
/// Rounds, those in which neighbours attract more, and how much more.
const ROUNDS: usize = 500;
const EARLY: usize = 120;
const EXAGGERATION: f64 = 12.0;
/// Momentum early and later.
const MOMENTUM: [f64; 2] = [0.5, 0.8];
/// Deviation of the start.
const START: f64 = 1e-4;

/// A point of the plane for each row; `first_two` are its first principal components, `[N, 2]`. `None` if `go_on` ended the work.
pub(super) fn layout(
    rows: &Matrix,
    first_two: &Matrix,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Vec<[f64; 2]>> {
    let n = rows.n_rows();
    let affinities = affinities(rows);
    let spread =
        (first_two.rows().map(|row| f64::from(row[0]).powi(2)).sum::<f64>() / n.max(1) as f64).sqrt();
    let scale = if spread > 0.0 { START / spread } else { 0.0 };
    let mut points: Vec<[f64; 2]> =
        first_two.rows().map(|row| [scale * f64::from(row[0]), scale * f64::from(row[1])]).collect();
    let mut moves = vec![[0.0; 2]; n];
    let mut gains = vec![[1.0; 2]; n];
    let rate = (n as f64 / EXAGGERATION / 4.0).max(50.0);
    for round in 0..ROUNDS {
        if !go_on() {
            return None;
        }
        let (attraction, momentum) =
            if round < EARLY { (EXAGGERATION, MOMENTUM[0]) } else { (1.0, MOMENTUM[1]) };
        let gradients = gradients(&points, &affinities, attraction);
        for ((point, gradient), (last, gain)) in
            points.iter_mut().zip(&gradients).zip(moves.iter_mut().zip(&mut gains))
        {
            for axis in 0..2 {
                // faster where the direction stays (Jacobs 1988)
                let turned = (gradient[axis] > 0.0) != (last[axis] > 0.0);
                gain[axis] = if turned { gain[axis] + 0.2 } else { (gain[axis] * 0.8_f64).max(0.01) };
                last[axis] = momentum * last[axis] - rate * gain[axis] * gradient[axis];
                point[axis] += last[axis];
            }
        }
    }
    Some(points)
}

/// Probabilities that two rows are neighbours, `[N, N]`, sum 1.
fn affinities(rows: &Matrix) -> Vec<Vec<f64>> {
    let n = rows.n_rows();
    let own: Vec<Vec<f64>> = (0..n)
        .into_par_iter()
        .map(|one| {
            let distance = |other: usize| {
                let pairs = rows.row(one).iter().zip(rows.row(other));
                pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
            };
            let distances: Vec<f64> = (0..n).map(distance).collect();
            conditional(&distances, one)
        })
        .collect();
    let sum = 2.0 * n as f64;
    (0..n).map(|i| (0..n).map(|j| ((own[i][j] + own[j][i]) / sum).max(1e-12)).collect()).collect()
}

/// Probabilities of neighbours of `one`, as wide as makes the perplexity.
fn conditional(distances: &[f64], one: usize) -> Vec<f64> {
    let nearest = distances.iter().enumerate().filter(|(other, _)| *other != one).map(|(_, d)| *d);
    let least = nearest.fold(f64::INFINITY, f64::min);
    let target = PERPLEXITY.min((distances.len() as f64 - 1.0) / 3.0).max(1.0).ln();
    let (mut low, mut high, mut beta) = (0.0, f64::INFINITY, 1.0);
    let mut shares = Vec::new();
    for _ in 0..60 {
        // less the nearest distance, so that nothing underflows
        shares = distances.iter().map(|distance| (-beta * (distance - least)).exp()).collect();
        shares[one] = 0.0;
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        let entropy: f64 = shares.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).sum();
        if (entropy - target).abs() < 1e-5 {
            break;
        }
        if entropy > target {
            low = beta;
            beta = if high.is_finite() { f64::midpoint(beta, high) } else { 2.0 * beta };
        } else {
            high = beta;
            beta = f64::midpoint(beta, low);
        }
    }
    shares
}

fn gradients(points: &[[f64; 2]], affinities: &[Vec<f64>], attraction: f64) -> Vec<[f64; 2]> {
    let kernel = |a: &[f64; 2], b: &[f64; 2]| 1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
    let sums: Vec<f64> =
        points.par_iter().map(|a| points.iter().map(|b| kernel(a, b)).sum::<f64>() - 1.0).collect();
    let sum: f64 = sums.iter().sum();
    points
        .par_iter()
        .zip(affinities)
        .map(|(a, near)| {
            let mut gradient = [0.0; 2];
            for (b, p) in points.iter().zip(near) {
                let weight = kernel(a, b);
                let force = 4.0 * (attraction * p - weight / sum) * weight;
                gradient[0] += force * (a[0] - b[0]);
                gradient[1] += force * (a[1] - b[1]);
            }
            gradient
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    #[test]
    fn groups_of_points_stay_apart_and_the_layout_is_the_same_every_time() {
        let mut stream = Stream::new(0, "layout", 0);
        // three groups in ten dimensions
        let n = 120;
        let values = (0..n * 10).map(|at| {
            let (row, column) = (at / 10, at % 10);
            (0.3 * stream.normal()) as f32 + if column == row % 3 { 4.0 } else { 0.0 }
        });
        let rows = Matrix::new(10, values.collect());
        let first = Matrix::new(2, rows.rows().flat_map(|row| [row[0] - row[1], row[1] - row[2]]).collect());
        let points = layout(&rows, &first, &mut || true).unwrap();
        assert_eq!(Some(&points), layout(&rows, &first, &mut || true).as_ref());
        let distance = |a: usize, b: usize| (points[a][0] - points[b][0]).hypot(points[a][1] - points[b][1]);
        let nearest_is_own = (0..n).filter(|&one| {
            let others = (0..n).filter(|other| *other != one);
            let nearest = others.min_by(|a, b| distance(one, *a).total_cmp(&distance(one, *b))).unwrap();
            nearest % 3 == one % 3
        });
        assert!(nearest_is_own.count() > n * 95 / 100);
        assert_eq!(layout(&rows, &first, &mut || false), None);
    }
}
