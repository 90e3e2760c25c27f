//! The transforms of Winograd's minimal filtering along one axis, for vectors of tiles.
//!
//! `m` outputs of a kernel of 3 taps are products of polynomials, found from their values at
//! `m + 2` points: `Aᵀ [(G g) ⊙ (Bᵀ d)]` for a kernel `g` and `m + 2` inputs `d`. In two dimensions
//! each transform is applied to rows and then to columns. With points `0, ±a, ±b, ∞` the rows of `Bᵀ` are the
//! coefficients of `x(x² − a²)(x² − b²)` without the factor of their own point, `Aᵀ` and `G` hold
//! powers of the points, and `G` is divided by the product of the distances to the other points.
//! `a = 1/√2, b = √2` instead of the customary 1 and 2 keeps the numbers similar in size, and so
//! the rounding error small. After Lavin and Gray (2016) and Winograd (1980).

use crate::simd::Simd;

/// A transform of `W` inputs to their values at `A` points.
pub(crate) trait Lift<const W: usize, const A: usize>: Copy + Sync {
    /// The values for each lane.
    fn lift<S: Simd>(simd: S, input: [S::Vector; W]) -> [S::Vector; A];
}

/// Outputs of a tile along an axis, `M`, and the transforms for it; `A = M + 2`. Its inputs are
/// transformed by `Bᵀ d`.
pub(crate) trait Tile<const M: usize, const A: usize>: Lift<A, A> {
    /// `G g`.
    fn kernel<S: Simd>(simd: S, kernel: [S::Vector; 3]) -> [S::Vector; A];
    /// `Aᵀ m`.
    fn output<S: Simd>(simd: S, products: [S::Vector; A]) -> [S::Vector; M];
}

/// F(2×2, 3×3): points 0, ±1, ∞.
#[derive(Clone, Copy)]
pub(crate) struct Two;

impl Lift<4, 4> for Two {
    #[inline(always)]
    fn lift<S: Simd>(simd: S, [d0, d1, d2, d3]: [S::Vector; 4]) -> [S::Vector; 4] {
        [simd.subtract(d0, d2), simd.add(d1, d2), simd.subtract(d2, d1), simd.subtract(d3, d1)]
    }
}

impl Tile<2, 4> for Two {
    #[inline(always)]
    fn kernel<S: Simd>(simd: S, [g0, g1, g2]: [S::Vector; 3]) -> [S::Vector; 4] {
        let half = simd.splat(0.5);
        let ends = simd.multiply(half, simd.add(g0, g2));
        let middle = simd.multiply(half, g1);
        [g0, simd.add(ends, middle), simd.subtract(ends, middle), g2]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, [m0, m1, m2, m3]: [S::Vector; 4]) -> [S::Vector; 2] {
        [simd.add(m0, simd.add(m1, m2)), simd.add(simd.subtract(m1, m2), m3)]
    }
}

/// F(4×4, 3×3): points 0, ±1/√2, ±√2, ∞.
#[derive(Clone, Copy)]
pub(crate) struct Four;

const A: f32 = std::f32::consts::FRAC_1_SQRT_2;
const B: f32 = std::f32::consts::SQRT_2;

impl Lift<6, 6> for Four {
    #[inline(always)]
    fn lift<S: Simd>(simd: S, input @ [d0, d1, d2, d3, d4, d5]: [S::Vector; 6]) -> [S::Vector; 6] {
        let both = simd.splat(-2.5); // −(a² + b²); a²b² is 1
        let [at_a, at_minus_a] = input_at(simd, A, B * B, input);
        let [at_b, at_minus_b] = input_at(simd, B, A * A, input);
        [
            simd.multiply_add(both, d2, simd.add(d0, d4)),
            at_a,
            at_minus_a,
            at_b,
            at_minus_b,
            simd.multiply_add(both, d3, simd.add(d1, d5)),
        ]
    }
}

/// The gradient of a tile's outputs, as a kernel of 4 taps: `G` for F(3, 4), with the same points.
impl Lift<4, 6> for Four {
    #[inline(always)]
    fn lift<S: Simd>(simd: S, slopes @ [g0, _, _, g3]: [S::Vector; 4]) -> [S::Vector; 6] {
        let [at_a, at_minus_a] = slopes_at(simd, A, -2.0 / 3.0, slopes);
        let [at_b, at_minus_b] = slopes_at(simd, B, 1.0 / 6.0, slopes);
        [g0, at_a, at_minus_a, at_b, at_minus_b, g3]
    }
}

impl Four {
    /// `Aᵀ m` for F(3, 4): the gradient of a kernel.
    #[inline(always)]
    pub(super) fn weights<S: Simd>(simd: S, [m0, m1, m2, m3, m4, m5]: [S::Vector; 6]) -> [S::Vector; 3] {
        let (even_a, odd_a) = (simd.add(m1, m2), simd.subtract(m1, m2));
        let (even_b, odd_b) = (simd.add(m3, m4), simd.subtract(m3, m4));
        [
            simd.add(m0, simd.add(even_a, even_b)),
            weighted(simd, [A, B], [odd_a, odd_b]),
            simd.add(m5, weighted(simd, [A * A, B * B], [even_a, even_b])),
        ]
    }
}

impl Tile<4, 6> for Four {
    #[inline(always)]
    fn kernel<S: Simd>(simd: S, kernel @ [g0, _, g2]: [S::Vector; 3]) -> [S::Vector; 6] {
        // distances of ±a to the other points: 2a²(a² − b²) = −3/2; of ±b: 2b²(b² − a²) = 6
        let [at_a, at_minus_a] = kernel_at(simd, A, -2.0 / 3.0, kernel);
        let [at_b, at_minus_b] = kernel_at(simd, B, 1.0 / 6.0, kernel);
        [g0, at_a, at_minus_a, at_b, at_minus_b, g2]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, [m0, m1, m2, m3, m4, m5]: [S::Vector; 6]) -> [S::Vector; 4] {
        let (even_a, odd_a) = (simd.add(m1, m2), simd.subtract(m1, m2));
        let (even_b, odd_b) = (simd.add(m3, m4), simd.subtract(m3, m4));
        [
            simd.add(m0, simd.add(even_a, even_b)),
            weighted(simd, [A, B], [odd_a, odd_b]),
            weighted(simd, [A * A, B * B], [even_a, even_b]),
            simd.add(m5, weighted(simd, [A * A * A, B * B * B], [odd_a, odd_b])),
        ]
    }
}

/// `scale · (g0 ± point · g1 + point² · g2)`.
#[inline(always)]
fn kernel_at<S: Simd>(simd: S, point: f32, scale: f32, [g0, g1, g2]: [S::Vector; 3]) -> [S::Vector; 2] {
    let odd = simd.multiply(simd.splat(scale * point), g1);
    let even = simd.multiply(simd.splat(scale), g0);
    let even = simd.multiply_add(simd.splat(scale * point * point), g2, even);
    [simd.add(even, odd), simd.subtract(even, odd)]
}

/// `scale · (g0 ± point · g1 + point² · g2 ± point³ · g3)`.
#[inline(always)]
fn slopes_at<S: Simd>(simd: S, point: f32, scale: f32, [g0, g1, g2, g3]: [S::Vector; 4]) -> [S::Vector; 2] {
    let square = simd.splat(point * point);
    let even = simd.multiply(simd.splat(scale), simd.multiply_add(square, g2, g0));
    let odd = simd.multiply(simd.splat(scale * point), simd.multiply_add(square, g3, g1));
    [simd.add(even, odd), simd.subtract(even, odd)]
}

/// The coefficients of `x(x ± point)(x² − other²)`.
#[inline(always)]
fn input_at<S: Simd>(
    simd: S,
    point: f32,
    other_squared: f32,
    [_, d1, d2, d3, d4, _]: [S::Vector; 6],
) -> [S::Vector; 2] {
    let other = simd.splat(-other_squared);
    let even = simd.multiply_add(other, d2, d4);
    let odd = simd.multiply_add(other, d1, d3);
    [simd.multiply_add(simd.splat(point), odd, even), simd.multiply_add(simd.splat(-point), odd, even)]
}

/// `f₀ · v₀ + f₁ · v₁`.
#[inline(always)]
fn weighted<S: Simd>(simd: S, factors: [f32; 2], values: [S::Vector; 2]) -> S::Vector {
    let second = simd.multiply(simd.splat(factors[1]), values[1]);
    simd.multiply_add(simd.splat(factors[0]), values[0], second)
}
