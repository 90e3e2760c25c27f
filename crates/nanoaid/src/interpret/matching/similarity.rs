//! How alike two layers are as wholes: linear centred kernel alignment (CKA).
//!
//! With `K = X Xᵀ` and `L = Y Yᵀ`, the products of micrographs over the units of each layer, CKA is
//! `⟨K, L⟩ / √(⟨K, K⟩ ⟨L, L⟩)` (Kornblith et al. 2019). The plain form centres `K` and `L` and is high
//! by chance where there are more units than micrographs. The debiased form takes the unbiased
//! estimate of Song et al. 2012, which leaves out the products of a micrograph with itself (Nguyen
//! et al. 2021). Both are computed from products of units, never from `[N, N]` matrices.

use nalgebra::{DMatrix, DVector};

use super::correlation::product;

/// CKA of two layers; absent where a layer is dead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Alignment {
    pub(super) plain: Option<f64>,
    pub(super) debiased: Option<f64>,
}

impl Alignment {
    /// Of centred values `[U_a, N]` and `[U_b, N]`, `N ≥ 4`.
    pub(super) fn of(a: &DMatrix<f64>, b: &DMatrix<f64>) -> Self {
        let [aa, ab, bb] = [(a, a), (a, b), (b, b)].map(|(x, y)| Dependence::of(x, y));
        let ratio = |part: fn(&Dependence) -> f64| {
            let square = part(&aa) * part(&bb);
            (part(&aa) > 0.0 && square > 0.0).then(|| part(&ab) / square.sqrt())
        };
        Self { plain: ratio(|sum| sum.plain), debiased: ratio(|sum| sum.unbiased) }
    }
}

/// Hilbert–Schmidt independence criterion of two layers, times a constant that cancels.
struct Dependence {
    plain: f64,
    unbiased: f64,
}

impl Dependence {
    /// For centred values every row of `K` sums to 0, so that without its diagonal `k` it sums to
    /// `−k`; the sums in the estimate of Song et al. 2012 follow from that.
    fn of(x: &DMatrix<f64>, y: &DMatrix<f64>) -> Self {
        let n = x.ncols() as f64;
        let plain = product(x, y).norm_squared();
        let diagonal = |z: &DMatrix<f64>| {
            DVector::from_iterator(z.ncols(), z.column_iter().map(|column| column.norm_squared()))
        };
        let (k, l) = (diagonal(x), diagonal(y));
        let both = k.dot(&l);
        let apart = k.sum() * l.sum();
        let unbiased = plain - both + apart / ((n - 1.0) * (n - 2.0)) - 2.0 * both / (n - 2.0);
        Self { plain, unbiased }
    }
}

#[cfg(test)]
mod tests {
    use micrograph::random::Stream;

    use super::*;

    /// Centred random values `[n_units, n_images]`.
    fn noise(n_units: usize, n_images: usize, purpose: &str) -> DMatrix<f64> {
        let mut stream = Stream::new(0, purpose, 0);
        let values = DMatrix::from_fn(n_units, n_images, |_, _| stream.normal() + 0.5);
        let means = values.column_mean();
        DMatrix::from_fn(n_units, n_images, |u, n| values[(u, n)] - means[u])
    }

    /// Both forms from `[N, N]` matrices, by the definitions.
    fn from_kernels(a: &DMatrix<f64>, b: &DMatrix<f64>) -> [f64; 2] {
        let n = a.ncols();
        let centring = DMatrix::identity(n, n) - DMatrix::from_element(n, n, 1.0 / n as f64);
        let plain = |x: &DMatrix<f64>, y: &DMatrix<f64>| {
            (x.transpose() * x * &centring * y.transpose() * y * &centring).trace()
        };
        let unbiased = |x: &DMatrix<f64>, y: &DMatrix<f64>| {
            let (mut k, mut l) = (x.transpose() * x, y.transpose() * y);
            k.fill_diagonal(0.0);
            l.fill_diagonal(0.0);
            let (n, kl) = (n as f64, &k * &l);
            (kl.trace() + k.sum() * l.sum() / ((n - 1.0) * (n - 2.0)) - 2.0 / (n - 2.0) * kl.sum())
                / (n * (n - 3.0))
        };
        let ratio = |hsic: &dyn Fn(&DMatrix<f64>, &DMatrix<f64>) -> f64| {
            hsic(a, b) / (hsic(a, a) * hsic(b, b)).sqrt()
        };
        [ratio(&plain), ratio(&unbiased)]
    }

    #[test]
    fn both_forms_are_those_of_the_definitions() {
        for (n_a, n_b, n_images) in [(3, 5, 11), (9, 2, 6), (1, 1, 4)] {
            let (a, b) = (noise(n_a, n_images, "a"), noise(n_b, n_images, "b"));
            let found = Alignment::of(&a, &b);
            let [plain, unbiased] = from_kernels(&a, &b);
            assert!((found.plain.unwrap() - plain).abs() < 1e-10, "{found:?}, {plain}");
            assert!(
                (found.debiased.unwrap_or(f64::NAN) - unbiased).abs() < 1e-10
                    || (found.debiased.is_none() && unbiased.is_nan()),
                "{found:?}, {unbiased}"
            );
        }
    }

    #[test]
    fn a_layer_is_like_itself_turned_and_enlarged() {
        let a = noise(4, 30, "a");
        // a rotation in the plane of units 0 and 2, and all three times as large
        let mut turn = DMatrix::identity(4, 4) * 3.0;
        let (sin, cos) = 0.7_f64.sin_cos();
        (turn[(0, 0)], turn[(0, 2)], turn[(2, 0)], turn[(2, 2)]) =
            (3.0 * cos, -3.0 * sin, 3.0 * sin, 3.0 * cos);
        let found = Alignment::of(&a, &(turn * &a));
        assert!((found.plain.unwrap() - 1.0).abs() < 1e-12, "{found:?}");
        assert!((found.debiased.unwrap() - 1.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn only_the_debiased_form_is_near_0_for_noise_of_many_units() {
        // for independent noise the plain form tends to about N⁻¹ / N⁻¹ as units outnumber micrographs
        let found = Alignment::of(&noise(400, 40, "a"), &noise(400, 40, "b"));
        assert!(found.plain.unwrap() > 0.8, "{found:?}");
        assert!(found.debiased.unwrap().abs() < 0.1, "{found:?}");
    }

    #[test]
    fn a_dead_layer_is_like_nothing() {
        let found = Alignment::of(&noise(3, 9, "a"), &DMatrix::zeros(2, 9));
        assert_eq!(found, Alignment { plain: None, debiased: None });
    }
}
