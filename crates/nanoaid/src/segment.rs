//! Segment: the particles, fibres or pores of a micrograph, each with its outline and a confidence, by a
//! network that was trained for it.
//!
//! The network looks at the image at several scales, as it was trained on objects of about 6 to 130 px. At each
//! scale, objects are the basins of its map of depth; of those that different scales find in one place,
//! the most credible is kept. Everything is in px; results are [`Labels`].

mod basins;
mod count;
mod depth;
mod file;
mod merge;
mod pyramid;
mod table;

use std::ops::ControlFlow;

use micrograph::regions::{Labels, RegionsError};
use micrograph::{ObjectKind, Plane, annotations};
use serde::{Deserialize, Serialize};

use crate::data::prepare::PrepareError;
use crate::interpret::lens::{FeatureMaps, LensError, TileConfig};
use crate::network::{DEPTH, N_OUTPUTS, SEGMENTED, channel_of};
use crate::output::OutputError;
use crate::{Architecture, ConfigError, Network};

pub use count::{count_uncertainty, fiber_evidence, is_evident, mean_confidence};
pub use file::{SegmentRecord, SegmentSettings, SegmentedImage, segment_file};
pub use table::segments_csv;

pub(crate) use depth::relative_depth;
pub(crate) use file::{COMMAND, outlined};

/// Side of a tile in px; larger ones need more memory, smaller ones repeat more around them.
const TILE_PX: usize = 1024;

/// How objects are looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentConfig {
    /// What is looked for.
    pub what: ObjectKind,
    /// Least probability of a pixel of an object, in `(0, 1)`. Lower: larger and more objects.
    pub threshold: f64,
    /// Least fall of the depth between two objects that touch, in shares of the depth of the flatter
    /// one, in `(0, 1)`. Lower: more objects are separated.
    pub separation: f64,
    /// Least confidence of an object, in `[0, 1]`.
    pub least_confidence: f64,
    /// Least share of the kind that is looked for in the probability of an object, in `[0, 1]`; with 0 the user knows
    /// better than the network whether dark spots are particles or pores.
    pub least_own_share: f64,
    /// Least equivalent diameter in px, at least 0.
    pub min_size_px: f64,
    /// Largest equivalent diameter in px, if any.
    pub max_size_px: Option<f64>,
}

impl Default for SegmentConfig {
    fn default() -> Self {
        Self {
            what: ObjectKind::Particle,
            // the three by which count and F1 were best on the half of EMPS that is for tuning
            threshold: 0.35,
            separation: 0.2,
            least_confidence: 0.7,
            least_own_share: 0.0,
            min_size_px: 4.0,
            max_size_px: None,
        }
    }
}

impl SegmentConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        for (name, value) in [("threshold", self.threshold), ("separation", self.separation)] {
            if !(value > 0.0 && value < 1.0) {
                return Err(ConfigError::new(name, value, "above 0 and below 1"));
            }
        }
        ConfigError::unless_within("least_confidence", self.least_confidence, 0.0..=1.0)?;
        ConfigError::unless_within("least_own_share", self.least_own_share, 0.0..=1.0)?;
        if !(self.min_size_px >= 0.0 && self.min_size_px.is_finite()) {
            return Err(ConfigError::new("min_size_px", self.min_size_px, "a finite number, at least 0"));
        }
        if let Some(most) = self.max_size_px
            && !(most > self.min_size_px && most.is_finite())
        {
            return Err(ConfigError::new("max_size_px", most, "a finite number above min_size_px"));
        }
        Ok(self)
    }
}

/// Why an image was not segmented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network is no segmenter.
    #[error(
        "the network is no segmenter, expected one of `nanoaid train segmenter`, or `segmenter` for the built-in one"
    )]
    NoSegmenter,
    /// The network could not be run.
    #[error(transparent)]
    Network(#[from] LensError),
    /// The file could not be read or prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The record could not be written as JSON.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The regions cannot be labels.
    #[error(transparent)]
    Regions(#[from] RegionsError),
}

/// The objects of `plane`, which is prepared: values in `[0, 1]`, without data bar. `progress` is given the
/// scales done and their number; where it breaks, the result is [`LensError::Cancelled`].
///
/// # Errors
/// If a setting is out of range, `network` is no segmenter, or `progress` broke.
pub fn segment(
    network: &Network,
    plane: &Plane,
    config: &SegmentConfig,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Labels, SegmentError> {
    let mut each = segment_each(network, plane, std::slice::from_ref(config), progress)?;
    Ok(each.remove(0))
}

/// As [`segment`], once for each of `configs`: the network, which takes the time, runs once.
///
/// # Errors
/// As [`segment`].
pub fn segment_each(
    network: &Network,
    plane: &Plane,
    configs: &[SegmentConfig],
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Labels>, SegmentError> {
    let configs =
        configs.iter().map(|config| config.clone().checked()).collect::<Result<Vec<_>, ConfigError>>()?;
    let Architecture::Segmenter(architecture) = network.architecture() else {
        return Err(SegmentError::NoSegmenter);
    };
    // letters and scale bars are no objects
    let drawn = annotations::mask(plane);
    let cleaned = (!drawn.boxes.is_empty()).then(|| drawn.filled(plane));
    let scales = pyramid::scales(cleaned.as_ref().unwrap_or(plane), architecture.stride());
    let network = &network.fused_for(SEGMENTED).map_err(LensError::from)?;
    let size = (plane.height(), plane.width());
    let mut found: Vec<_> = configs.iter().map(|_| merge::Candidates::new(size)).collect();
    for (index, scale) in scales.iter().enumerate() {
        if progress(index, scales.len()).is_break() {
            return Err(LensError::Cancelled.into());
        }
        let outputs = Outputs::of(network, scale)?;
        for (config, found) in configs.iter().zip(&mut found) {
            let basins = basins::basins(&outputs.maps(config.what)?, (scale.height, scale.width), config);
            found.add(&basins, scale.px);
        }
    }
    let labels = found.into_iter().zip(&configs).map(|(found, config)| found.labels(config));
    Ok(labels.collect::<Result<_, _>>()?)
}

/// What the network says of each pixel of a scale, without its padding.
struct Maps {
    /// Probability of an object of the kind that is looked for.
    own: Vec<f32>,
    /// Probability of an object that looks alike: a dark particle can be a pore, and the reverse.
    alike: Vec<f32>,
    /// See [`DEPTH`].
    depth: Vec<f32>,
}

/// What the network gives at a scale, with its padding.
struct Outputs<'a> {
    maps: FeatureMaps,
    scale: &'a pyramid::Scale,
}

impl<'a> Outputs<'a> {
    fn of(network: &Network, scale: &'a pyramid::Scale) -> Result<Self, SegmentError> {
        let tiles = TileConfig { tile_px: TILE_PX, ..TileConfig::default() };
        let maps =
            FeatureMaps::of(
                network,
                SEGMENTED,
                &scale.padded,
                &tiles,
                &mut |_, _| ControlFlow::Continue(()),
            )?;
        debug_assert_eq!(maps.n_channels(), N_OUTPUTS);
        Ok(Self { maps, scale })
    }

    fn plane(&self, channel: usize) -> Result<Vec<f32>, SegmentError> {
        let map = self.maps.plane(channel).map_err(LensError::from)?;
        Ok((0..self.scale.height).flat_map(|y| map.row(y)[..self.scale.width].to_vec()).collect())
    }

    fn probability(&self, what: ObjectKind) -> Result<Vec<f32>, SegmentError> {
        Ok(self.plane(channel_of(what))?.into_iter().map(|score| 1.0 / (1.0 + (-score).exp())).collect())
    }

    fn maps(&self, what: ObjectKind) -> Result<Maps, SegmentError> {
        let own = self.probability(what)?;
        let mut alike = own.clone();
        let other = match what {
            ObjectKind::Particle => Some(ObjectKind::Pore),
            ObjectKind::Pore => Some(ObjectKind::Particle),
            ObjectKind::Fiber => None,
        };
        if let Some(other) = other {
            let other = self.probability(other)?;
            alike.iter_mut().zip(other).for_each(|(sum, other)| *sum = (*sum + other).min(1.0));
        }
        Ok(Maps { own, alike, depth: self.plane(DEPTH)? })
    }
}
