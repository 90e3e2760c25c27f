//! Reconstruction: what an autoencoder makes of a micrograph, and where that fails.
//!
//! The image is extended to whole cells of the latent by repeating its last row and column, run
//! in tiles, and cut back. The squared error is averaged over each cell: the latent has one
//! vector a cell, so that is the grain in which the network can fail. Anomalies are the cells
//! whose error is large for their contrast.

use std::ops::ControlFlow;

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::tiles::{TilePlan, coarsest_stride};
use super::{LensError, TileConfig};
use crate::{ConfigError, Network};

/// Name of the layer that gives the image back.
const OUTPUT: &str = "output";
/// Deviation of the logarithm of the relative error at least: where the code gives nearly all cells back alike,
/// half as much error again is no anomaly at the default threshold.
const LEAST_DEVIATION: f64 = 0.1;
/// Standard deviations of a normal distribution in its median absolute deviation.
const DEVIATIONS_PER_MAD: f64 = 1.4826;

/// From which relative error on a cell counts as an anomaly: its error over the usual one of cells with
/// as strong gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// So many robust standard deviations (1.4826 · MAD) of its logarithm above the median, at least 0.
    /// It adapts: an image that is alike everywhere has no anomalies, one with a large defect shows all
    /// of it.
    Deviations(f64),
    /// The quantile of the relative errors, in `[0, 1]`: always the same share of the area.
    Quantile(f64),
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Deviations(5.0) // see `docs/method.md` for what was tried on micrographs
    }
}

impl Threshold {
    /// Returns the setting if it is in range.
    ///
    /// # Errors
    /// If it is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        match self {
            Self::Deviations(count) if !(count.is_finite() && count >= 0.0) => {
                Err(ConfigError::new("threshold.deviations", count, "at least 0"))
            }
            Self::Quantile(share) if !(0.0..=1.0).contains(&share) => {
                Err(ConfigError::new("threshold.quantile", share, "0 to 1"))
            }
            checked => Ok(checked),
        }
    }

    /// The relative error above which a cell is an anomaly.
    fn of(self, relative_errors: &Plane) -> f64 {
        let quantile = |plane: &Plane, share| plane.quantiles(&[share]).first().copied().unwrap_or(0.0);
        match self {
            Self::Quantile(share) => f64::from(quantile(relative_errors, share)),
            Self::Deviations(count) => {
                let logs = relative_errors.map(f32::ln);
                let median = quantile(&logs, 0.5);
                let mad = f64::from(quantile(&logs.map(|log| (log - median).abs()), 0.5));
                let deviation = (DEVIATIONS_PER_MAD * mad).max(LEAST_DEVIATION);
                (f64::from(median) + count * deviation).exp()
            }
        }
    }
}

/// How well an image is given back, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReconstructionMetrics {
    /// Mean squared error over all pixels, for values in `[0, 1]`.
    pub mean_squared_error: f64,
    /// 10 · log₁₀(1 / MSE) in dB; `None` where there is no error at all.
    pub psnr_db: Option<f64>,
    /// Pixels along each side of a cell of the error map.
    pub cell_px: usize,
    /// How the threshold was chosen.
    pub threshold_rule: Threshold,
    /// Cells with a larger relative error than this are anomalies: so many times the root mean square error
    /// that is usual where gradients are as strong.
    pub threshold: f64,
    /// Share of the cells that are anomalies.
    pub anomaly_share: f64,
    /// Connected regions of anomalies (neighbours share a side).
    pub n_anomaly_regions: usize,
}

/// What an autoencoder makes of an image.
#[derive(Clone, Debug)]
pub struct Reconstruction {
    /// The image as given back, of the image's size.
    pub output: Plane,
    /// Mean squared error of each cell, `[⌈H / cell⌉, ⌈W / cell⌉]`; cells at the lower and right
    /// border count the image's own pixels only.
    pub error_map: Plane,
    /// Root mean square error of each cell over the one that is usual in the image where gradients are
    /// as strong; of the error map's size.
    pub relative_errors: Plane,
    /// 1 where the relative error is above the threshold, else 0; of the error map's size.
    pub mask: Plane,
    /// The numbers.
    pub metrics: ReconstructionMetrics,
}

/// Whether `network` gives an image back.
pub fn reconstructs(network: &Network) -> bool {
    network.layer(OUTPUT).is_some_and(|layer| layer.n_channels == 1 && layer.stride == 1)
}

/// The reconstruction of `image`, values in `[0, 1]`, by an autoencoder. `progress` is given
/// the tiles done and their number; where it breaks, nothing more is run.
///
/// # Errors
/// If the network is not an autoencoder, the image is empty, a setting is out of range, or
/// `progress` broke.
///
/// ```
/// use std::ops::ControlFlow;
/// use micrograph::Plane;
/// use nanoaid::interpret::lens::{Threshold, TileConfig, reconstruction};
/// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
///
/// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
/// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
///
/// let image = Plane::filled(30, 42, 0.5);
/// let tiles = TileConfig::default();
/// let found =
///     reconstruction(&network, &image, &tiles, Threshold::default(), &mut |_, _| ControlFlow::Continue(()))?;
/// assert_eq!((found.output.height(), found.output.width()), (30, 42));
/// println!("{:.1} % of the cells are anomalies", 100.0 * found.metrics.anomaly_share);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reconstruction(
    network: &Network,
    image: &Plane,
    config: &TileConfig,
    threshold: Threshold,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Reconstruction, LensError> {
    let config = config.clone().checked()?;
    let rule = threshold.checked()?;
    if !reconstructs(network) {
        return Err(LensError::NoReconstruction {
            last: network.layers().last().map(|layer| layer.name.clone()).unwrap_or_default(),
        });
    }
    let (height, width) = (image.height(), image.width());
    if height.min(width) == 0 {
        return Err(LensError::TooSmall { height, width, layer: OUTPUT.to_owned(), least: 1 });
    }
    let cell_px = coarsest_stride(network, OUTPUT);
    let extended = (height.next_multiple_of(cell_px), width.next_multiple_of(cell_px));
    let plan = TilePlan::new(network, OUTPUT, extended, config.tile_px);
    let mut output = Plane::filled(height, width, 0.0);
    plan.run(image, progress, |tile| {
        tile.paste(0, &mut output);
        Ok(())
    })?;

    let (error_map, mean_squared_error) = cell_errors(image, &output, cell_px);
    let relative_errors = super::relative_error::relative_errors(image, &error_map, cell_px);
    let threshold = rule.of(&relative_errors);
    let mask = relative_errors.map(|value| if f64::from(value) > threshold { 1.0 } else { 0.0 });
    let metrics = ReconstructionMetrics {
        mean_squared_error,
        psnr_db: (mean_squared_error > 0.0).then(|| -10.0 * mean_squared_error.log10()),
        cell_px,
        threshold_rule: rule,
        threshold,
        anomaly_share: mask.mean(),
        n_anomaly_regions: n_regions(&mask),
    };
    Ok(Reconstruction { output, error_map, relative_errors, mask, metrics })
}

/// Mean squared difference in each cell and over all pixels, summed in `f64`.
fn cell_errors(image: &Plane, output: &Plane, cell_px: usize) -> (Plane, f64) {
    let (height, width) = (image.height(), image.width());
    let mut total = 0.0;
    let cells = Plane::from_fn(height.div_ceil(cell_px), width.div_ceil(cell_px), |y, x| {
        let rows = y * cell_px..((y + 1) * cell_px).min(height);
        let columns = x * cell_px..((x + 1) * cell_px).min(width);
        let count = rows.len() * columns.len();
        let mut sum = 0.0;
        for row in rows {
            let pixels = image.row(row)[columns.clone()].iter().zip(&output.row(row)[columns.clone()]);
            sum += pixels.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>();
        }
        total += sum;
        (sum / count as f64) as f32
    });
    (cells, total / (height * width) as f64)
}

/// Number of regions of `mask` above 0 whose pixels share sides, by flood fill.
fn n_regions(mask: &Plane) -> usize {
    let (height, width) = (mask.height(), mask.width());
    let mut left: Vec<bool> = mask.values().iter().map(|&value| value > 0.0).collect();
    let mut count = 0;
    for start in 0..left.len() {
        if !left[start] {
            continue;
        }
        count += 1;
        left[start] = false;
        let mut open = vec![start];
        while let Some(place) = open.pop() {
            let (y, x) = (place / width, place % width);
            let sides = [
                (y > 0).then(|| place - width),
                (y + 1 < height).then(|| place + width),
                (x > 0).then(|| place - 1),
                (x + 1 < width).then(|| place + 1),
            ];
            for side in sides.into_iter().flatten() {
                if std::mem::take(&mut left[side]) {
                    open.push(side);
                }
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_join_over_sides_and_not_over_corners() {
        for (name, rows, count) in [
            ("none", ["....", "....", "...."], 0),
            ("corners", ["#.#.", ".#.#", "#.#."], 6),
            ("a ring", ["####", "#..#", "####"], 1),
            ("row ends are no neighbours", ["...#", "#...", "...."], 2),
        ] {
            let mask = Plane::from_fn(3, 4, |y, x| if rows[y].as_bytes()[x] == b'#' { 1.0 } else { 0.0 });
            assert_eq!(n_regions(&mask), count, "{name}");
        }
    }

    #[test]
    fn errors_are_means_over_the_pixels_a_cell_has() {
        let image = Plane::filled(3, 5, 0.0);
        let output = Plane::from_fn(3, 5, |y, x| if (y, x) == (2, 4) { 0.5 } else { 0.0 });
        let (cells, mean) = cell_errors(&image, &output, 2);
        assert_eq!(cells.values(), [0.0, 0.0, 0.0, 0.0, 0.0, 0.25]);
        assert!((mean - 0.25 / 15.0).abs() < 1e-15);
    }

    #[test]
    fn the_adaptive_threshold_passes_over_an_even_image_and_finds_a_large_defect() {
        let noise = |y: usize, x: usize| 0.8 + 0.1 * ((7 * y + 3 * x) % 5) as f32; // 0.8 to 1.2
        let even = Plane::from_fn(20, 30, noise);
        let defect = Plane::from_fn(20, 30, |y, x| if x < 6 { 9.0 } else { noise(y, x) });
        let above = |plane: &Plane, rule: Threshold| {
            let threshold = rule.of(plane);
            plane.values().iter().filter(|&&error| f64::from(error) > threshold).count()
        };
        assert_eq!(above(&even, Threshold::default()), 0);
        assert_eq!(above(&defect, Threshold::default()), 120);
        assert!(above(&defect, Threshold::Quantile(0.99)) < 7);
        // all alike but for rounding
        let alike = Plane::from_fn(20, 30, |y, x| 1.0 + 0.001 * ((y + x) % 7) as f32);
        assert_eq!(above(&alike, Threshold::default()), 0);
    }
}
