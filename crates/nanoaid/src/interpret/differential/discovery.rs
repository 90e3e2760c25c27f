//! False-discovery control: which of many units to believe.
//!
//! Benjamini & Hochberg (1995): among the units with `q ≤ s` at most the share `s` is expected to be
//! there by chance. Where no unit distinguishes the classes this is the probability that any is
//! reported. Proven for independent units and for ones that depend on each other positively; shuffled
//! labels show whether it holds for the units at hand.

/// The q-value of each p-value: the least share of false discoveries at which it is reported.
pub(super) fn q_values(p: &[f64]) -> Vec<f64> {
    let n = p.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let mut q = vec![1.0; n];
    let mut least = 1.0_f64;
    for (n_above, &unit) in order.iter().enumerate() {
        least = least.min(p[unit] * n as f64 / (n - n_above) as f64);
        q[unit] = least;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_are_those_of_the_definition() {
        // the smallest s = p_j · m / j over all ranks j at or above the own one
        let p = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04, 1.0];
        let definition = |own: f64| {
            let shares = p.iter().filter(|other| **other >= own).map(|other| {
                let rank = p.iter().filter(|third| *third <= other).count();
                other * p.len() as f64 / rank as f64
            });
            shares.fold(f64::INFINITY, f64::min)
        };
        for (own, q) in p.iter().zip(q_values(&p)) {
            assert!((q - definition(*own)).abs() < 1e-15, "{own}: {q}");
        }
        assert!(q_values(&[]).is_empty());
    }

    #[test]
    fn the_example_of_the_paper_gives_four_discoveries() {
        // Benjamini & Hochberg 1995, section 4.1: 15 endpoints, 4 rejected at 0.05
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        assert_eq!(q_values(&p).iter().filter(|q| **q <= 0.05).count(), 4);
    }
}
