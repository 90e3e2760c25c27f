//! Report of a training: how well the held-out micrographs are reconstructed, per category, and
//! beside what has to be beaten.

use std::collections::BTreeMap;

use micrograph::Plane;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::TrainingCurve;
use super::{TrainConfig, TrainError, Trained, reconstruct};
use crate::Network;
use crate::data::dataset::{Dataset, FixedConfig, LabelledPatch, Split, fixed_patches};
use crate::evaluate::baseline::{BlockComponents, down_sampled, lowest_frequencies, mean_image};
use crate::evaluate::image_quality::Quality;

/// Most held-out patches from one micrograph.
const MOST_PATCHES_PER_MICROGRAPH: usize = 12;
/// Most training patches that the baselines learn from.
const MOST_BASELINE_PATCHES: usize = 1500;
/// Largest block whose principal components are computed: their covariance has as many rows as it pixels.
const LARGEST_PCA_BLOCK: usize = 32;
/// Patches shown as samples.
const N_SAMPLES: usize = 8;

/// How well a network reconstructs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// Split that was measured: `test`, or `validation` where there is no test split.
    pub part: String,
    /// Micrographs with at least one patch that is not flat.
    pub n_micrographs: usize,
    /// Height and width of the patches.
    pub patch_px: usize,
    /// Values of the image for each value of the code.
    pub compression: f64,
    /// Over all patches.
    pub all: Quality,
    /// For each category, where there are any.
    pub categories: BTreeMap<String, Quality>,
    /// The same patches through what has to be beaten.
    pub baselines: Vec<BaselineQuality>,
}

/// A baseline and its quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineQuality {
    /// What it is.
    pub name: String,
    /// Over all patches.
    pub quality: Quality,
}

/// A held-out patch and its reconstruction.
#[derive(Clone, Debug)]
pub struct Sample {
    /// File and category.
    pub label: String,
    /// The patch.
    pub original: Plane,
    /// The network's output.
    pub reconstruction: Plane,
}

impl QualityReport {
    /// The baseline whose name begins with `name`.
    pub fn baseline(&self, name: &str) -> Option<&BaselineQuality> {
        self.baselines.iter().find(|baseline| baseline.name.starts_with(name))
    }
}

/// The patches on which a network is measured, and those that what is compared with it learns from.
#[derive(Clone, Debug)]
pub struct HeldOut {
    /// `test`, or `validation` where there is no test split.
    pub part: &'static str,
    /// Patches of that split.
    pub held_out: Vec<LabelledPatch>,
    /// Patches of the training split.
    pub training: Vec<LabelledPatch>,
}

impl HeldOut {
    /// The patches of `dataset`, of the size that `config` says.
    ///
    /// # Errors
    /// If no micrograph of one of the splits can be used.
    pub fn of(dataset: &Dataset, config: &TrainConfig) -> Result<Self, TrainError> {
        let (part, held_out) = held_out_patches(dataset, config.patch)?;
        let training = patches_of(dataset, Split::Train, config.patch, MOST_BASELINE_PATCHES)?;
        Ok(Self { part, held_out, training })
    }
}

/// A report with the planes that are shown in it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The figures.
    pub quality: QualityReport,
    /// Some patches, of different micrographs.
    pub samples: Vec<Sample>,
}

/// Everything that the run's page shows, without planes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainResult {
    /// The figures.
    pub quality: QualityReport,
    /// All epochs.
    pub curve: TrainingCurve,
}

impl Report {
    /// Measures `network`, trained as `config` says, on patches that it was not trained on.
    pub fn of(network: &Network, patches: &HeldOut, config: &TrainConfig) -> Self {
        let HeldOut { part, held_out, training } = patches;
        let originals: Vec<&Plane> = held_out.iter().map(|patch| &patch.plane).collect();
        let outputs = reconstruct(network, &originals, 16);
        let all = pair(&originals, &outputs);
        let mut by_category: BTreeMap<String, Vec<(&Plane, &Plane)>> = BTreeMap::new();
        for (patch, pair) in held_out.iter().zip(&all) {
            if let Some(category) = &patch.category {
                by_category.entry(category.clone()).or_default().push(*pair);
            }
        }
        let categories = by_category
            .into_iter()
            .filter_map(|(category, pairs)| Some((category, Quality::of(&pairs)?)))
            .collect();
        let mut files: Vec<&String> = held_out.iter().map(|patch| &patch.file).collect();
        files.dedup();
        let network_config = config.network();
        let stride = network_config.latent_stride();
        let quality = QualityReport {
            part: (*part).to_owned(),
            n_micrographs: files.len(),
            patch_px: config.patch,
            compression: (stride * stride) as f64 / network_config.latent as f64,
            all: Quality::of(&all).expect("there are held-out patches"),
            categories,
            baselines: baselines(training, config, &originals),
        };
        Self { quality, samples: samples(held_out, &outputs) }
    }
}

impl TrainResult {
    /// The figures and the curve of `trained`.
    pub fn new(quality: QualityReport, trained: &Trained) -> Self {
        let curve = TrainingCurve { rows: trained.curve.clone(), best_epoch: trained.best_epoch };
        Self { quality, curve }
    }
}

fn held_out_patches(
    dataset: &Dataset,
    patch: usize,
) -> Result<(&'static str, Vec<LabelledPatch>), TrainError> {
    for (part, split) in [("test", Split::Test), ("validation", Split::Validation)] {
        let patches = patches_of(dataset, split, patch, usize::MAX)?;
        if !patches.is_empty() {
            return Ok((part, patches));
        }
    }
    Err(TrainError::NoPatches { part: "held-out", reason: "no held-out micrograph could be used".into() })
}

fn patches_of(
    dataset: &Dataset,
    split: Split,
    patch: usize,
    most_total: usize,
) -> Result<Vec<LabelledPatch>, TrainError> {
    let most_per_micrograph = MOST_PATCHES_PER_MICROGRAPH;
    let config = FixedConfig { patch, most_per_micrograph, most_total, ..FixedConfig::default() };
    Ok(fixed_patches(dataset, split, &config)?.patches)
}

/// The principal components of the training split's blocks with as many values as the latent code.
pub(super) fn block_components(
    dataset: &Dataset,
    config: &TrainConfig,
) -> Result<Option<BlockComponents>, TrainError> {
    let training = patches_of(dataset, Split::Train, config.patch, MOST_BASELINE_PATCHES)?;
    Ok(components_of(&training, config))
}

fn components_of(training: &[LabelledPatch], config: &TrainConfig) -> Option<BlockComponents> {
    let patches: Vec<&Plane> = training.iter().map(|patch| &patch.plane).collect();
    let network = config.network();
    BlockComponents::of(&patches, network.latent_stride(), network.latent, config.seed)
}

fn baselines(training: &[LabelledPatch], config: &TrainConfig, originals: &[&Plane]) -> Vec<BaselineQuality> {
    let patches: Vec<&Plane> = training.iter().map(|patch| &patch.plane).collect();
    let network = config.network();
    let (stride, latent) = (network.latent_stride(), network.latent);
    let mut baselines = Vec::new();
    let mut add = |name: String, outputs: Vec<Plane>| {
        let quality = Quality::of(&pair(originals, &outputs)).expect("there are held-out patches");
        baselines.push(BaselineQuality { name, quality });
    };
    if let Some(mean) = mean_image(&patches) {
        add("mean image".into(), vec![mean; originals.len()]);
    }
    // the largest enlargement that still has as many values as the latent code, then 4 × 4 → 1
    let as_many = (1..=stride).rev().filter(|factor| stride.is_multiple_of(*factor));
    let as_many =
        as_many.into_iter().find(|factor| stride * stride >= latent * factor * factor || *factor == 1);
    let mut factors: Vec<usize> = as_many.into_iter().chain([4]).collect();
    factors.retain(|factor| *factor > 1 && config.patch.is_multiple_of(*factor));
    factors.dedup();
    for factor in factors {
        let values = factor * factor;
        add(
            format!("down-sampled copy, {factor} × {factor} → 1 ({values}× fewer values)"),
            originals.iter().map(|patch| down_sampled(patch, factor)).collect(),
        );
    }
    for side in [stride, 2 * stride] {
        let n = (latent * side * side / (stride * stride)).min(side * side);
        if side > LARGEST_PCA_BLOCK || !config.patch.is_multiple_of(side) {
            continue;
        }
        if let Some(pca) = BlockComponents::of(&patches, side, n, config.seed) {
            add(
                format!("PCA of {side} × {side} blocks, {n} components"),
                originals.par_iter().map(|patch| pca.reconstruct(patch)).collect(),
            );
        }
    }
    for side in [4 * stride, 8 * stride] {
        let n = (latent * side * side / (stride * stride)).min(side * side);
        if config.patch.is_multiple_of(side) {
            add(
                format!("DCT of {side} × {side} blocks, {n} lowest frequencies"),
                originals.par_iter().map(|patch| lowest_frequencies(patch, side, n)).collect(),
            );
        }
    }
    baselines
}

fn pair<'a>(originals: &[&'a Plane], outputs: &'a [Plane]) -> Vec<(&'a Plane, &'a Plane)> {
    originals.iter().copied().zip(outputs).collect()
}

/// One patch each of micrographs spread evenly over the held-out ones.
fn samples(held_out: &[LabelledPatch], outputs: &[Plane]) -> Vec<Sample> {
    let mut firsts: Vec<usize> = (0..held_out.len())
        .filter(|&index| index == 0 || held_out[index].file != held_out[index - 1].file)
        .collect();
    if firsts.len() > N_SAMPLES {
        firsts = (0..N_SAMPLES).map(|i| firsts[i * firsts.len() / N_SAMPLES]).collect();
    }
    firsts
        .into_iter()
        .map(|index| Sample {
            label: held_out[index].category.clone().unwrap_or_else(|| held_out[index].file.clone()),
            original: held_out[index].plane.clone(),
            reconstruction: outputs[index].clone(),
        })
        .collect()
}
