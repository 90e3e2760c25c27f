//! Concepts of many activation vectors.

use micrograph::random::Stream;

use crate::interpret::concept::{ConceptConfig, ConceptMethod, fitted_r2};

/// Vectors and channels.
const N_VECTORS: usize = 128 * 1024;
const N_CHANNELS: usize = 256;
/// Planted directions, how many of them a vector has, and the standard deviation of the noise.
const N_PLANTED: usize = 24;
const N_ACTIVE: usize = 3;
const NOISE: f64 = 0.05;

/// Fits the usual number of concepts to 131 072 vectors of 256 channels, sums of three of 24 planted directions with noise, once;
/// the share of their variance that the concepts explain.
pub fn concept_bank(method: ConceptMethod) -> f64 {
    let mut stream = Stream::new(0, "bench", 0);
    let planted: Vec<f32> = (0..N_PLANTED * N_CHANNELS)
        .map(|_| if stream.uniform() < 0.1 { stream.uniform() as f32 } else { 0.0 })
        .collect();
    let mut values = vec![0.0; N_VECTORS * N_CHANNELS];
    for vector in values.chunks_exact_mut(N_CHANNELS) {
        vector.iter_mut().for_each(|value| *value = (NOISE * stream.uniform()) as f32);
        for _ in 0..N_ACTIVE {
            let direction = &planted[stream.below(N_PLANTED) * N_CHANNELS..][..N_CHANNELS];
            let code = stream.uniform() as f32;
            vector.iter_mut().zip(direction).for_each(|(value, part)| *value += code * part);
        }
    }
    fitted_r2(N_CHANNELS, values, method, &ConceptConfig::default())
}
