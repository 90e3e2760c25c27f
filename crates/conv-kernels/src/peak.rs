//! Multiply-adds without memory access: the machine's peak rate, for benchmarks to compare with.

use crate::isa::Isa;
use crate::simd::{Kernel, Simd};

/// Does `rounds` rounds of multiply-adds in registers on each thread of the pool, and returns the
/// number of floating-point operations that were done, two for each product.
pub fn multiply_add_burst(isa: Isa, rounds: usize) -> f64 {
    rayon::broadcast(|_| isa.run(Burst { rounds })).into_iter().sum()
}

/// As many sums as hide the latency of a multiply-add and fit into 16 registers.
const SUMS: usize = 10;

struct Burst {
    rounds: usize,
}

impl Kernel for Burst {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f64 {
        let mut sums = [simd.splat(0.0); SUMS];
        // opaque, so that nothing is computed ahead
        let factor = simd.splat(std::hint::black_box(0.5));
        let start = simd.splat(std::hint::black_box(1.0));
        for _ in 0..self.rounds {
            for s in 0..SUMS {
                sums[s] = simd.multiply_add(sums[s], factor, start);
            }
        }
        let mut total = 0.0;
        for sum in sums {
            total += simd.sum(sum);
        }
        std::hint::black_box(total);
        2.0 * (sums.len() * S::LANES * self.rounds) as f64
    }
}
