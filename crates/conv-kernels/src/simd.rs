//! The few vector operations from which every kernel is written, once for all instruction sets.
//!
//! A value of a type that implements [`Simd`] is a token: it exists only where its instruction
//! set was detected ([`crate::Isa`] hands it out). Loads and stores are checked against their
//! slice, so a kernel written with this trait needs no `unsafe`; the checks were measured to cost
//! nothing, because the multiplications are the bottleneck and not the comparisons.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// Numbers in the widest vector.
pub(crate) const LARGEST_LANES: usize = 16;

/// One instruction set.
pub(crate) trait Simd: Copy {
    /// [`Simd::LANES`] numbers in a register.
    type Vector: Copy;
    /// Numbers in a register.
    const LANES: usize;
    /// Whether there are 32 registers or more, so that 24 sums fit; else 12 do.
    const MANY_REGISTERS: bool;

    /// `value` in each lane.
    fn splat(self, value: f32) -> Self::Vector;

    /// `source[at .. at + LANES]`.
    ///
    /// # Panics
    /// If that reaches outside.
    fn load(self, source: &[f32], at: usize) -> Self::Vector;

    /// Writes `vector` to `target[at .. at + LANES]`.
    ///
    /// # Panics
    /// If that reaches outside.
    fn store(self, vector: Self::Vector, target: &mut [f32], at: usize);

    /// `a · b + sum`, rounded once where the instruction set can.
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, sum: Self::Vector) -> Self::Vector;

    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a − b`.
    fn subtract(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a · b`.
    fn multiply(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The numbers at even and at odd indices of `first` followed by `second`.
    fn deinterleave(self, first: Self::Vector, second: Self::Vector) -> [Self::Vector; 2];

    /// The inverse of [`Simd::deinterleave`]: alternating numbers of `even` and `odd`.
    fn interleave(self, even: Self::Vector, odd: Self::Vector) -> [Self::Vector; 2];

    /// 0 where a lane is below 0, else the lane; NaN stays NaN.
    fn relu(self, vector: Self::Vector) -> Self::Vector;

    /// `most` where a lane is above it, else the lane; NaN stays NaN.
    fn at_most(self, vector: Self::Vector, most: Self::Vector) -> Self::Vector;

    /// The sum of all lanes, in a fixed order.
    fn sum(self, vector: Self::Vector) -> f32;
}

/// Work that can be done with any instruction set.
pub(crate) trait Kernel {
    /// What the work gives.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, so that they are compiled anew
    /// inside the function that switches the instruction set on.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}
