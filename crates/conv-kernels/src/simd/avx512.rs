//! AVX-512: 32 registers of 16 numbers.

use super::{Kernel, Simd};
use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_permutex2var_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setr_epi32, _mm512_setzero_ps,
    _mm512_storeu_ps, _mm512_sub_ps,
};

/// The token of AVX-512; the private field keeps others from making one.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The token, where this machine has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    /// Runs `kernel` with AVX-512 switched on.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists, so `detect` found avx512f on this machine.
        unsafe { run(kernel, self) }
    }
}

#[target_feature(enable = "avx512f")]
fn run<K: Kernel>(kernel: K, simd: Avx512) -> K::Output {
    kernel.run(simd)
}

impl Simd for Avx512 {
    type Vector = __m512;
    const LANES: usize = 16;
    const MANY_REGISTERS: bool = true;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, source: &[f32], at: usize) -> __m512 {
        let lanes = &source[at..at + Self::LANES];
        // SAFETY: `lanes` holds the 16 numbers that are read, `loadu` requires no alignment, and
        // `self` exists, so the machine has avx512f.
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512, target: &mut [f32], at: usize) {
        let lanes = &mut target[at..at + Self::LANES];
        // SAFETY: `lanes` holds the 16 numbers that are written and is borrowed mutably, `storeu`
        // requires no alignment, and `self` exists, so the machine has avx512f.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn subtract(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn multiply(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn deinterleave(self, first: __m512, second: __m512) -> [__m512; 2] {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            [_mm512_permutex2var_ps(first, even, second), _mm512_permutex2var_ps(first, odd, second)]
        }
    }

    #[inline(always)]
    fn interleave(self, even: __m512, odd: __m512) -> [__m512; 2] {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe {
            let lower = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let upper = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            [_mm512_permutex2var_ps(even, lower, odd), _mm512_permutex2var_ps(even, upper, odd)]
        }
    }

    #[inline(always)]
    fn relu(self, vector: __m512) -> __m512 {
        // the instruction gives its second operand where either is NaN
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), vector) }
    }

    #[inline(always)]
    fn at_most(self, vector: __m512, most: __m512) -> __m512 {
        // the instruction gives its second operand where either is NaN
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_min_ps(most, vector) }
    }

    #[inline(always)]
    fn sum(self, vector: __m512) -> f32 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_reduce_add_ps(vector) }
    }
}
