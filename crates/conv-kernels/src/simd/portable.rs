//! Plain Rust: arrays of 4 numbers, which compilers put into the registers every target has
//! (SSE on `x86_64`, NEON on aarch64). No `unsafe`.

use super::{Kernel, Simd};

/// The token of plain Rust, which every machine has.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Portable {
    /// Runs `kernel`.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
}

/// Whether the compiler may assume an instruction for `f32::mul_add`; without one it would call a
/// library function for every product, and a rounded product is taken instead.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

impl Simd for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;
    const MANY_REGISTERS: bool = cfg!(target_arch = "aarch64");

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(self, source: &[f32], at: usize) -> [f32; 4] {
        let lanes = &source[at..at + Self::LANES];
        [lanes[0], lanes[1], lanes[2], lanes[3]]
    }

    #[inline(always)]
    fn store(self, vector: [f32; 4], target: &mut [f32], at: usize) {
        target[at..at + Self::LANES].copy_from_slice(&vector);
    }

    #[inline(always)]
    fn multiply_add(self, a: [f32; 4], b: [f32; 4], sum: [f32; 4]) -> [f32; 4] {
        let mut result = sum;
        for lane in 0..Self::LANES {
            result[lane] =
                if FUSED { a[lane].mul_add(b[lane], sum[lane]) } else { a[lane] * b[lane] + sum[lane] };
        }
        result
    }

    #[inline(always)]
    fn add(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    }

    #[inline(always)]
    fn subtract(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]
    }

    #[inline(always)]
    fn multiply(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]
    }

    #[inline(always)]
    fn deinterleave(self, first: [f32; 4], second: [f32; 4]) -> [[f32; 4]; 2] {
        [[first[0], first[2], second[0], second[2]], [first[1], first[3], second[1], second[3]]]
    }

    #[inline(always)]
    fn interleave(self, even: [f32; 4], odd: [f32; 4]) -> [[f32; 4]; 2] {
        [[even[0], odd[0], even[1], odd[1]], [even[2], odd[2], even[3], odd[3]]]
    }

    #[inline(always)]
    fn relu(self, vector: [f32; 4]) -> [f32; 4] {
        let mut result = vector;
        for lane in &mut result {
            *lane = if *lane < 0.0 { 0.0 } else { *lane };
        }
        result
    }

    #[inline(always)]
    fn at_most(self, vector: [f32; 4], most: [f32; 4]) -> [f32; 4] {
        let mut result = vector;
        for (lane, most) in result.iter_mut().zip(most) {
            *lane = if *lane > most { most } else { *lane };
        }
        result
    }

    #[inline(always)]
    fn sum(self, vector: [f32; 4]) -> f32 {
        (vector[0] + vector[2]) + (vector[1] + vector[3])
    }
}
