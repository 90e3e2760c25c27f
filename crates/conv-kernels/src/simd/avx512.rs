//! AVX-512: 32 registers of 16 numbers.

use super::{Kernel, Simd};
use std::arch::x86_64::{
    __m512, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_reduce_add_ps, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_storeu_ps,
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
        // SAFETY: `lanes` holds the 16 numbers that are read, `loadu` asks for no alignment, and
        // `self` exists, so the machine has avx512f.
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512, target: &mut [f32], at: usize) {
        let lanes = &mut target[at..at + Self::LANES];
        // SAFETY: `lanes` holds the 16 numbers that are written and is borrowed mutably, `storeu`
        // asks for no alignment, and `self` exists, so the machine has avx512f.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    fn relu(self, vector: __m512) -> __m512 {
        // the instruction gives its second operand where either is NaN
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), vector) }
    }

    #[inline(always)]
    fn sum(self, vector: __m512) -> f32 {
        // SAFETY: `self` exists, so the machine has avx512f.
        unsafe { _mm512_reduce_add_ps(vector) }
    }
}
