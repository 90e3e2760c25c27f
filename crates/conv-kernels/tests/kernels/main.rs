//! Every kernel against its definition, for every instruction set of this machine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod convolution;
mod differences;
#[cfg(unix)]
mod guard_pages;
mod naive;
mod planes;
mod same_bits;
mod winograd;

use conv_kernels::Clip;
use proptest::prelude::*;

/// What is cut off sums, with a ceiling that many are above.
pub(crate) fn clips() -> impl Strategy<Value = Clip> {
    prop_oneof![Just(Clip::None), Just(Clip::Relu), Just(Clip::ReluUpTo(0.5))]
}

/// Numbers between −1 and 1 without a pattern (a linear congruential generator).
pub(crate) fn numbers(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Asserts that each value is its expected one but for the rounding of a sum of `terms` products
/// of numbers below 1 in size.
#[track_caller]
pub(crate) fn assert_near(name: &str, found: &[f32], expected: &[f64], terms: usize) {
    assert_near_within(1.0, name, found, expected, terms);
}

/// [`assert_near`], where products are `amplified` times as large.
#[track_caller]
pub(crate) fn assert_near_within(amplified: f64, name: &str, found: &[f32], expected: &[f64], terms: usize) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let tolerance = amplified * 4.0 * f64::from(f32::EPSILON) * (terms as f64 + 4.0);
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(*found) - expected).abs();
        assert!(error <= tolerance, "{name}: [{i}] is {found}, expected {expected}");
    }
}
