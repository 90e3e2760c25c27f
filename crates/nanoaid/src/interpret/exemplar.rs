//! Exemplars: real patches that drive a unit most and least, and patches like a marked one.
//!
//! A network and planes go in. [`ActivationReader`] gives the activations of every channel of some layers for one
//! image; [`choose`] picks from the answers to many; [`find`] goes from a part of an image to the
//! channels that answer there more than elsewhere, and from these to parts of other images. Knows
//! nothing of files, data sets, training or run folders. After Yosinski et al. 2015 (strongest
//! patches, cropped to the receptive field) and Borowski et al. 2021 (weakest ones beside them).

mod choose;
mod find;
mod histogram;
mod reader;

#[cfg(test)]
mod tests;

pub use choose::{ChooseConfig, Exemplar, UnitExemplars, choose};
pub use find::{FindConfig, Fires, Like, Marked, find, like};
pub use histogram::Histogram;
pub(crate) use reader::counted;
pub use reader::{ActivationReader, Grid, Peak};

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::interpret::lens::LensError;

/// A micrograph that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedMicrograph {
    /// Its name in the data set.
    pub file: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// What it shows, where that is known.
    pub category: Option<String>,
    /// Micrographs of one group belong together; its own file where nothing is known.
    pub group: String,
    /// The part of the data set it belongs to: `train`, `validation` or `test`.
    pub part: String,
    /// Rows of the specimen, data bar cut off.
    pub height: usize,
    /// Its columns.
    pub width: usize,
    /// Width of a pixel in nanometres, where the file gives it.
    pub nm_per_px: Option<f64>,
    /// Rows that were cut off below.
    pub data_bar_px: usize,
}

/// What all channels of one layer answered to many micrographs.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerAnswers {
    /// The layer.
    pub layer: String,
    /// Its channels.
    pub n_channels: usize,
    /// By micrograph, then by channel.
    peaks: Vec<Peak>,
}

impl LayerAnswers {
    /// Of the answers to one micrograph after another, each with as many peaks as the layer has
    /// channels.
    ///
    /// # Panics
    /// If a micrograph has another number of peaks.
    pub fn new<'a>(
        layer: &str,
        n_channels: usize,
        micrographs: impl IntoIterator<Item = &'a [Peak]>,
    ) -> Self {
        let mut peaks = Vec::new();
        for answers in micrographs {
            assert_eq!(answers.len(), n_channels, "channels of `{layer}`");
            peaks.extend_from_slice(answers);
        }
        Self { layer: layer.to_owned(), n_channels, peaks }
    }

    /// What `channel` answered to micrograph `image`.
    pub fn peak(&self, image: usize, channel: usize) -> Peak {
        self.peaks[image * self.n_channels + channel]
    }

    /// What all channels answered to micrograph `image`.
    pub fn of_image(&self, image: usize) -> &[Peak] {
        &self.peaks[image * self.n_channels..][..self.n_channels]
    }

    /// Number of micrographs.
    pub fn n_images(&self) -> usize {
        self.peaks.len() / self.n_channels.max(1)
    }

    /// The largest activations, `[image][channel]`.
    pub fn largest(&self) -> Vec<f32> {
        self.peaks.iter().map(|peak| peak.value).collect()
    }

    /// Whether `channel` gave the same largest activation for every micrograph, of a single one everywhere: nothing
    /// drives it.
    pub fn is_dead(&self, channel: usize) -> bool {
        if self.n_images() == 1 {
            let Peak { value, mean, .. } = self.peak(0, channel);
            return value == mean;
        }
        (1..self.n_images()).all(|image| self.peak(image, channel).value == self.peak(0, channel).value)
    }
}

/// Which micrographs show the same place, so that one of them is enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NearDuplicates(Vec<(usize, usize)>);

impl NearDuplicates {
    /// Of pairs of indices, in any order.
    pub fn of(pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Self(pairs)
    }

    /// Whether `a` and `b` show the same place.
    pub fn holds(&self, a: usize, b: usize) -> bool {
        self.0.binary_search(&(a.min(b), a.max(b))).is_ok()
    }

    /// The same of those that are `kept`, in rising order, by their places there.
    pub fn among(&self, kept: &[usize]) -> Self {
        let place = |image: usize| kept.binary_search(&image).ok();
        Self::of(self.0.iter().filter_map(|&(a, b)| Some((place(a)?, place(b)?))))
    }

    /// Number of pairs.
    pub fn n_pairs(&self) -> usize {
        self.0.len()
    }
}

/// Why there are no answers.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ExemplarError {
    /// There is no such layer, or the image is too small for it.
    #[error(transparent)]
    Lens(#[from] LensError),
    /// The network wants colors.
    #[error("the network takes images of {channels} channels, expected 1 (grey)")]
    NotGray { channels: usize },
    /// The marked part is not inside the image, or holds no position of the layer.
    #[error(
        "box of {box_width} × {box_height} px at row {y}, column {x}: expected at least {least} × {least} px \
         inside an image of {width} × {height} px"
    )]
    Outside {
        y: usize,
        x: usize,
        box_height: usize,
        box_width: usize,
        least: usize,
        height: usize,
        width: usize,
    },
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
