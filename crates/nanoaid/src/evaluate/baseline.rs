//! Baselines: what an autoencoder has to beat to be useful.
//!
//! The mean image, down-sampled copies, principal components of blocks (Karhunen–Loève), and the lowest
//! frequencies of a cosine transform, with as many values as the latent code. They do not use a network.

use micrograph::Plane;
use micrograph::random::Stream;

use crate::eigen::eigenpairs;

/// Most blocks from which principal components are computed.
const MOST_BLOCKS: usize = 40_000;

/// The mean of `patches`, all of one shape; `None` without patches.
pub fn mean_image(patches: &[&Plane]) -> Option<Plane> {
    let first = patches.first()?;
    let mut sums = vec![0.0f64; first.values().len()];
    for patch in patches {
        for (sum, &value) in sums.iter_mut().zip(patch.values()) {
            *sum += f64::from(value);
        }
    }
    let values = sums.iter().map(|sum| (sum / patches.len() as f64) as f32).collect();
    Some(Plane::new(first.height(), first.width(), values))
}

/// `patch` averaged over `factor × factor` blocks and enlarged again by linear interpolation.
///
/// # Panics
/// If `factor` does not divide height and width.
pub fn down_sampled(patch: &Plane, factor: usize) -> Plane {
    let (height, width) = (patch.height() / factor, patch.width() / factor);
    assert!(height * factor == patch.height() && width * factor == patch.width(), "whole blocks");
    let small = Plane::from_fn(height, width, |y, x| {
        let mut sum = 0.0;
        for dy in 0..factor {
            for dx in 0..factor {
                sum += f64::from(patch.at(y * factor + dy, x * factor + dx));
            }
        }
        (sum / (factor * factor) as f64) as f32
    });
    // position of a pixel between the centres of blocks: lower one, upper one, share of the upper
    let between = |i: usize, n: usize| {
        let place = ((i as f32 + 0.5) / factor as f32 - 0.5).clamp(0.0, (n - 1) as f32);
        let low = place.floor() as usize;
        (low, (low + 1).min(n - 1), place - low as f32)
    };
    Plane::from_fn(patch.height(), patch.width(), |y, x| {
        let (top, bottom, down) = between(y, height);
        let (left, right, along) = between(x, width);
        let row = |y| small.at(y, left) * (1.0 - along) + small.at(y, right) * along;
        row(top) * (1.0 - down) + row(bottom) * down
    })
}

/// `patch` with every block of `side × side` pixels replaced by its `n` lowest frequencies of the discrete
/// cosine transform (DCT-II), by the length of the frequency vector; rows first where two are
/// equal. Clamped to `[0, 1]`.
///
/// # Panics
/// If `side` does not divide height and width.
pub fn lowest_frequencies(patch: &Plane, side: usize, n: usize) -> Plane {
    let (height, width) = (patch.height(), patch.width());
    assert!(height.is_multiple_of(side) && width.is_multiple_of(side), "whole blocks");
    let mut frequencies: Vec<(usize, usize)> =
        (0..side).flat_map(|v| (0..side).map(move |u| (v, u))).collect();
    frequencies.sort_by_key(|&(v, u)| v * v + u * u);
    let mut kept = vec![false; side * side];
    frequencies.iter().take(n).for_each(|&(v, u)| kept[v * side + u] = true);
    // orthonormal: row `frequency`, column `pixel`
    let basis: Vec<f64> = (0..side * side)
        .map(|index| {
            let (frequency, pixel) = ((index / side) as f64, (index % side) as f64);
            let scale = if index < side { 1.0 } else { 2.0 } / side as f64;
            scale.sqrt() * (std::f64::consts::PI * frequency * (pixel + 0.5) / side as f64).cos()
        })
        .collect();
    // `matrix` · `right`, or `matrix`ᵀ · `right`, of side × side numbers each
    let product = |matrix: &[f64], transposed: bool, right: &[f64]| {
        let mut product = vec![0.0; side * side];
        for i in 0..side {
            for k in 0..side {
                let factor = if transposed { matrix[k * side + i] } else { matrix[i * side + k] };
                for j in 0..side {
                    product[i * side + j] += factor * right[k * side + j];
                }
            }
        }
        product
    };
    let transposed = |matrix: &[f64]| -> Vec<f64> {
        (0..side * side).map(|index| matrix[index % side * side + index / side]).collect()
    };
    let mut output = patch.clone();
    for top in (0..height).step_by(side) {
        for left in (0..width).step_by(side) {
            let block = block(patch, top, left, side);
            let columns = product(&basis, false, &block);
            let mut found = product(&basis, false, &transposed(&columns)); // transposed spectrum
            for (index, value) in found.iter_mut().enumerate() {
                if !kept[index % side * side + index / side] {
                    *value = 0.0;
                }
            }
            let rows = product(&basis, true, &found);
            let pixels = product(&basis, true, &transposed(&rows));
            for (index, value) in pixels.iter().enumerate() {
                let place = (top + index / side) * width + left + index % side;
                output.values_mut()[place] = value.clamp(0.0, 1.0) as f32;
            }
        }
    }
    output
}

/// Principal components of `side × side` blocks.
#[derive(Clone, Debug)]
pub struct BlockComponents {
    side: usize,
    mean: Vec<f64>,
    /// Unit vectors of `side²` numbers, the strongest first.
    components: Vec<Vec<f64>>,
}

impl BlockComponents {
    /// The `n` strongest components (at most `side²`) of the blocks that tile `patches`; where
    /// there are very many, of a random choice drawn from `seed`. `None` without blocks.
    pub fn of(patches: &[&Plane], side: usize, n: usize, seed: u64) -> Option<Self> {
        let mut places: Vec<(usize, usize, usize)> = Vec::new();
        for (index, patch) in patches.iter().enumerate() {
            for y in 0..patch.height() / side {
                places.extend((0..patch.width() / side).map(|x| (index, y * side, x * side)));
            }
        }
        if places.is_empty() {
            return None;
        }
        Stream::new(seed, "baseline/blocks", 0).shuffle(&mut places);
        places.truncate(MOST_BLOCKS);
        let size = side * side;
        let mut mean = vec![0.0; size];
        // sums of products, the lower triangle
        let mut products: Vec<Vec<f64>> = (0..size).map(|i| vec![0.0; i + 1]).collect();
        for &(index, y, x) in &places {
            let block = block(patches[index], y, x, side);
            for (i, &value) in block.iter().enumerate() {
                mean[i] += value;
                for (sum, &other) in products[i].iter_mut().zip(&block) {
                    *sum += value * other;
                }
            }
        }
        let n_blocks = places.len() as f64;
        mean.iter_mut().for_each(|sum| *sum /= n_blocks);
        let covariance: Vec<Vec<f64>> = products
            .iter()
            .enumerate()
            .map(|(i, row)| {
                row.iter().zip(&mean).map(|(sum, other)| sum / n_blocks - mean[i] * other).collect()
            })
            .collect();
        let components = eigenpairs(&covariance).into_iter().take(n).map(|pair| pair.vector).collect();
        Some(Self { side, mean, components })
    }

    /// The mean block, row after row.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Unit vectors of `side²` numbers, the strongest first.
    pub fn components(&self) -> &[Vec<f64>] {
        &self.components
    }

    /// `patch` with every block replaced by its projection on the components, clamped to
    /// `[0, 1]`; rows and columns beyond the last whole block are kept as they are.
    pub fn reconstruct(&self, patch: &Plane) -> Plane {
        let mut output = patch.clone();
        let width = patch.width();
        for top in (0..patch.height() + 1 - self.side).step_by(self.side) {
            for left in (0..width + 1 - self.side).step_by(self.side) {
                let mut block = block(patch, top, left, self.side);
                block.iter_mut().zip(&self.mean).for_each(|(value, mean)| *value -= mean);
                let mut projected = self.mean.clone();
                for component in &self.components {
                    let share: f64 = component.iter().zip(&block).map(|(a, b)| a * b).sum();
                    projected.iter_mut().zip(component).for_each(|(value, weight)| *value += share * weight);
                }
                for (i, value) in projected.iter().enumerate() {
                    let place = (top + i / self.side) * width + left + i % self.side;
                    output.values_mut()[place] = value.clamp(0.0, 1.0) as f32;
                }
            }
        }
        output
    }
}

fn block(plane: &Plane, top: usize, left: usize, side: usize) -> Vec<f64> {
    (top..top + side)
        .flat_map(|y| plane.row(y)[left..left + side].iter().map(|&value| f64::from(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::image_quality::mse;

    fn noise(height: usize, width: usize, index: u64) -> Plane {
        let mut stream = Stream::new(5, "baseline", index);
        Plane::from_fn(height, width, |_, _| stream.uniform() as f32)
    }

    #[test]
    fn all_components_together_give_the_patch_back() {
        let patch = noise(12, 20, 0);
        let pca = BlockComponents::of(&[&patch], 4, 16, 0).unwrap();
        assert!(mse(&patch, &pca.reconstruct(&patch)) < 1e-12);
    }

    #[test]
    fn one_component_is_enough_for_blocks_that_differ_in_one_direction() {
        // each block is 0.5 plus a multiple of one pattern
        let patch = Plane::from_fn(16, 24, |y, x| {
            let share = ((y / 4 * 6 + x / 4) as f32 / 24.0) - 0.5;
            0.5 + 0.8 * share * if (y % 4 + x % 4) % 2 == 0 { 1.0 } else { -1.0 }
        });
        let pca = BlockComponents::of(&[&patch], 4, 1, 0).unwrap();
        assert!(mse(&patch, &pca.reconstruct(&patch)) < 1e-12);
    }

    #[test]
    fn the_error_is_the_variance_of_the_components_left_out() {
        // 4 × 4 blocks of independent noise: every component holds a sixteenth of the variance
        let patches: Vec<Plane> = (0..40).map(|index| noise(64, 64, index)).collect();
        let patches: Vec<&Plane> = patches.iter().collect();
        let pca = BlockComponents::of(&patches, 4, 8, 0).unwrap();
        let error = patches.iter().map(|patch| mse(patch, &pca.reconstruct(patch))).sum::<f64>() / 40.0;
        let variance = 1.0 / 12.0;
        assert!((error / (variance / 2.0) - 1.0).abs() < 0.05, "{error}");
    }

    #[test]
    fn low_frequencies_stay_and_high_ones_go() {
        let patch = noise(16, 24, 0);
        assert!(mse(&patch, &lowest_frequencies(&patch, 8, 64)) < 1e-12, "all of them");
        // the cosine of one frequency, 2 down and 1 along a block of 8 pixels: the 6th to 9th by length
        let wave = |f: f32, i: usize| (std::f32::consts::PI * f * ((i % 8) as f32 + 0.5) / 8.0).cos();
        let one = Plane::from_fn(16, 24, |y, x| 0.5 + 0.3 * wave(2.0, y) * wave(1.0, x));
        assert!(mse(&one, &lowest_frequencies(&one, 8, 9)) < 1e-12);
        let without = lowest_frequencies(&one, 8, 5);
        assert!(mse(&Plane::filled(16, 24, 0.5), &without) < 1e-12);
    }

    #[test]
    fn down_sampling_keeps_a_slope_inside_and_a_constant_everywhere() {
        let slope = Plane::from_fn(12, 16, |y, x| y as f32 / 32.0 + x as f32 / 40.0);
        let copy = down_sampled(&slope, 4);
        for y in 2..10 {
            for x in 2..14 {
                assert!((copy.at(y, x) - slope.at(y, x)).abs() < 1e-5);
            }
        }
        assert_eq!(down_sampled(&Plane::filled(8, 4, 0.25), 2), Plane::filled(8, 4, 0.25));
    }

    #[test]
    fn the_mean_image_is_the_mean_of_each_pixel() {
        let (a, b) = (Plane::new(1, 2, vec![0.0, 1.0]), Plane::new(1, 2, vec![0.5, 0.0]));
        assert_eq!(mean_image(&[&a, &b]).unwrap().values(), [0.25, 0.5]);
        assert!(mean_image(&[]).is_none());
    }
}
