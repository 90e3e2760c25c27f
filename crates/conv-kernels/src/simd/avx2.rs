//! AVX2 with FMA: 16 registers of 8 numbers.

use super::{Kernel, Simd};
use std::arch::x86_64::{
    __m256, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_ps,
    _mm256_castpd_ps, _mm256_castps_pd, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_permute2f128_ps,
    _mm256_permute4x64_pd, _mm256_set1_ps, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
    _mm256_sub_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

/// The token of AVX2 with FMA; the private field keeps others from making one.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The token, where this machine has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Runs `kernel` with AVX2 and FMA switched on.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists, so `detect` found avx2 and fma on this machine.
        unsafe { run(kernel, self) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn run<K: Kernel>(kernel: K, simd: Avx2) -> K::Output {
    kernel.run(simd)
}

impl Simd for Avx2 {
    type Vector = __m256;
    const LANES: usize = 8;
    const MANY_REGISTERS: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` exists, so the machine has avx.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, source: &[f32], at: usize) -> __m256 {
        let lanes = &source[at..at + Self::LANES];
        // SAFETY: `lanes` holds the 8 numbers that are read, `loadu` requires no alignment, and
        // `self` exists, so the machine has avx.
        unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m256, target: &mut [f32], at: usize) {
        let lanes = &mut target[at..at + Self::LANES];
        // SAFETY: `lanes` holds the 8 numbers that are written and is borrowed mutably, `storeu`
        // requires no alignment, and `self` exists, so the machine has avx.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m256, b: __m256, sum: __m256) -> __m256 {
        // SAFETY: `self` exists, so the machine has fma.
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` exists, so the machine has avx.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn subtract(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` exists, so the machine has avx.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` exists, so the machine has avx.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn deinterleave(self, first: __m256, second: __m256) -> [__m256; 2] {
        // pairs of each half of the register, then the pairs in their order
        // SAFETY: `self` exists, so the machine has avx2.
        unsafe {
            let even = _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(first, second));
            let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0b11_01_11_01>(first, second));
            [even, odd].map(|pairs| _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(pairs)))
        }
    }

    #[inline(always)]
    fn interleave(self, even: __m256, odd: __m256) -> [__m256; 2] {
        // SAFETY: `self` exists, so the machine has avx.
        unsafe {
            let (lower, upper) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
            [_mm256_permute2f128_ps::<0x20>(lower, upper), _mm256_permute2f128_ps::<0x31>(lower, upper)]
        }
    }

    #[inline(always)]
    fn relu(self, vector: __m256) -> __m256 {
        // the instruction gives its second operand where either is NaN
        // SAFETY: `self` exists, so the machine has avx.
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), vector) }
    }

    #[inline(always)]
    fn at_most(self, vector: __m256, most: __m256) -> __m256 {
        // the instruction gives its second operand where either is NaN
        // SAFETY: `self` exists, so the machine has avx.
        unsafe { _mm256_min_ps(most, vector) }
    }

    #[inline(always)]
    fn sum(self, vector: __m256) -> f32 {
        // SAFETY: `self` exists, so the machine has avx, and with it sse.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
}
