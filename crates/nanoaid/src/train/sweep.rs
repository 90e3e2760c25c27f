//! Latent sweep: what each size of the latent code costs and gives.
//!
//! Besides the quality of the reconstruction: how many channels are dead, how many directions of
//! the code are in use, and how well a linear classifier predicts the categories from the frozen
//! code. Trains nothing but that classifier; the networks come from [`crate::train`].

mod probe;

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::Network;
use crate::evaluate::classifier::Interval;
use crate::evaluate::rank::{covariance, effective_rank};
use crate::output::csv_text;
use crate::train::{HeldOut, QualityReport, TrainConfig};
use probe::Probe;

/// One size of the latent code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRow {
    /// Channels of the code.
    pub latent: usize,
    /// Values of the image for each value of the code.
    pub compression: f64,
    /// Mean squared error on the held-out patches.
    pub mse: f64,
    /// Peak signal-to-noise ratio of that error in dB.
    pub psnr_db: f64,
    /// Mean structural similarity.
    pub ssim: f64,
    /// Peak signal-to-noise ratio of principal components of blocks with as many values, in dB.
    pub pca_psnr_db: Option<f64>,
    /// Channels of the encoder's stages that are constant on all held-out patches.
    pub n_dead_stage_channels: usize,
    /// Channels of the code that are constant on all held-out patches.
    pub n_dead_latent_channels: usize,
    /// Effective rank of the code, 1 to `latent`: the exponential of the entropy of its normalized
    /// singular values (Roy and Vetterli 2007).
    pub effective_rank: f64,
    /// Share of the held-out patches whose category a linear classifier predicts correctly from the code; `None`
    /// without at least two categories in both splits.
    pub probe_accuracy: Option<f64>,
    /// Share of the most frequent category among those patches: what guessing reaches.
    pub probe_chance: Option<f64>,
    /// Micrographs that those patches come from.
    pub probe_images: Option<usize>,
    /// 95 % interval of the probe's accuracy, for so many micrographs.
    pub probe_interval: Option<Interval>,
    /// Weights and biases of the network.
    pub n_weights: usize,
}

impl SweepRow {
    /// Measures the code of `network`, trained as `config` says, on the patches of `parts`, whose
    /// reconstruction has `quality`.
    ///
    /// # Panics
    /// If the network is no autoencoder.
    pub fn of(network: &Network, parts: &HeldOut, config: &TrainConfig, quality: &QualityReport) -> Self {
        let held_out: Vec<&Plane> = parts.held_out.iter().map(|patch| &patch.plane).collect();
        let codes = codes(network, &held_out);
        let training: Vec<&Plane> = parts.training.iter().map(|patch| &patch.plane).collect();
        let categories = |patches: &[crate::data::dataset::LabelledPatch]| -> Vec<Option<String>> {
            patches.iter().map(|patch| patch.category.clone()).collect()
        };
        let probe = Probe {
            training: features(&self::codes(network, &training)),
            training_categories: categories(&parts.training),
            held_out: features(&codes),
            held_out_categories: categories(&parts.held_out),
            held_out_files: parts.held_out.iter().map(|patch| patch.file.clone()).collect(),
        }
        .run();
        let stages = (1..=network.n_stages()).filter_map(|depth| network.layer_at_depth(depth));
        let n_dead_stage_channels = stages.map(|layer| n_dead(network, &layer.name, &held_out)).sum();
        Self {
            latent: config.latent,
            compression: quality.compression,
            mse: quality.all.mse,
            psnr_db: quality.all.psnr_db,
            ssim: quality.all.ssim,
            pca_psnr_db: quality.baseline("PCA").map(|baseline| baseline.quality.psnr_db),
            n_dead_stage_channels,
            n_dead_latent_channels: n_dead(network, LATENT, &held_out),
            effective_rank: effective_rank(&covariance(&codes)),
            probe_accuracy: probe.map(|probe| probe.accuracy),
            probe_chance: probe.map(|probe| probe.chance),
            probe_images: probe.map(|probe| probe.n_images),
            probe_interval: probe.map(|probe| probe.interval),
            n_weights: network.layers().iter().map(|layer| layer.n_weights).sum(),
        }
    }
}

/// Rows as CSV.
pub fn to_csv(rows: &[SweepRow]) -> String {
    let head = [
        "latent",
        "compression",
        "mse",
        "psnr_db",
        "ssim",
        "pca_psnr_db",
        "dead_stage_channels",
        "dead_latent_channels",
        "effective_rank",
        "probe_accuracy",
        "probe_chance",
        "probe_micrographs",
        "probe_low",
        "probe_high",
        "weights",
    ];
    let optional = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let row = |row: &SweepRow| {
        vec![
            row.latent.to_string(),
            row.compression.to_string(),
            row.mse.to_string(),
            row.psnr_db.to_string(),
            row.ssim.to_string(),
            optional(row.pca_psnr_db),
            row.n_dead_stage_channels.to_string(),
            row.n_dead_latent_channels.to_string(),
            row.effective_rank.to_string(),
            optional(row.probe_accuracy),
            optional(row.probe_chance),
            row.probe_images.map_or(String::new(), |n| n.to_string()),
            optional(row.probe_interval.map(|interval| interval.low)),
            optional(row.probe_interval.map(|interval| interval.high)),
            row.n_weights.to_string(),
        ]
    };
    csv_text(&head, rows.iter().map(row))
}

/// Name of the layer of the code.
const LATENT: &str = "latent";
/// Why it can be cut there and run on patches.
const HAS_LATENT: &str = "an autoencoder that was trained on such patches has a latent code";

/// The code of each patch, one plane a channel.
fn codes(network: &Network, patches: &[&Plane]) -> Vec<Vec<Plane>> {
    let encoder = network.cut(LATENT).expect(HAS_LATENT);
    patches.iter().map(|patch| encoder.maps(patch, LATENT).expect(HAS_LATENT)).collect()
}

/// Mean and standard deviation of each channel of each code.
fn features(codes: &[Vec<Plane>]) -> Vec<Vec<f64>> {
    let of_code = |code: &Vec<Plane>| {
        code.iter().flat_map(|channel| [channel.mean(), channel.variance().sqrt()]).collect()
    };
    codes.iter().map(of_code).collect()
}

/// Channels of `layer` that are constant over all patches together.
fn n_dead(network: &Network, layer: &str, patches: &[&Plane]) -> usize {
    let encoder = network.cut(layer).expect(HAS_LATENT);
    let n_channels = encoder.layers().last().map_or(0, |layer| layer.n_channels);
    let mut ranges: Vec<Option<(f32, f32)>> = vec![None; n_channels];
    for patch in patches {
        for (range, map) in ranges.iter_mut().zip(encoder.maps(patch, layer).expect(HAS_LATENT)) {
            *range = match (*range, map.range()) {
                (Some((low, high)), Some((more_low, more_high))) => {
                    Some((low.min(more_low), high.max(more_high)))
                }
                (known, new) => known.or(new),
            };
        }
    }
    ranges.iter().filter(|range| range.is_none_or(|(low, high)| low == high)).count()
}
