//! AI lens: looking at one micrograph through the feature maps of a layer.
//!
//! A network and a prepared plane (values in `[0, 1]`, data bar cut off) go in; feature maps, their
//! ranking, a false-color picture, the reconstruction, and one result with all numbers come out.
//! Images of any size are run in tiles, with the result of the whole. Knows nothing of training,
//! data sets or run folders. After module 1 of Rajagopal et al. 2022 (arXiv 2201.00966).

mod color_basis;
mod false_color;
mod likeness;
mod maps;
mod rank;
mod reconstruction;
mod reduce;
mod relative_error;
mod result;
mod tiles;

#[cfg(test)]
mod tests;

pub use color_basis::{ColorBasis, ColorBasisFit};
pub use false_color::{FalseColor, false_color};
pub use likeness::likeness;
pub use maps::{FeatureMaps, TileConfig};
pub(crate) use rank::COPY_CORRELATION;
pub use rank::{ChannelCounts, ChannelState, ChannelStatistics, Order, RankedChannel, Ranking, rank};
pub use reconstruction::{Reconstruction, ReconstructionMetrics, Threshold, reconstruction, reconstructs};
pub use result::{ChannelResult, LensResult, SCHEMA_VERSION, Size, SizeNm, Warning};

use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use micrograph::{Calibration, Plane};
use serde::{Deserialize, Serialize};

use crate::network::NoLayer;
use crate::{ConfigError, Network};
use result::LensParts;

/// How the lens looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LensConfig {
    /// Order of the channels.
    pub order: Order,
    /// Which relative errors of the reconstruction count as anomalies.
    pub threshold: Threshold,
    /// Whether the whole network is run too, where it is an autoencoder.
    pub reconstruct: bool,
    /// Whether the maps are made one picture in false colors too.
    pub false_color: bool,
    /// False colors that are shared with other micrographs; those of a layer that it does not look
    /// through are passed over.
    pub colors: Vec<ColorBasis>,
    /// How large images are run.
    pub tiles: TileConfig,
}

impl Default for LensConfig {
    fn default() -> Self {
        Self {
            order: Order::default(),
            threshold: Threshold::default(),
            reconstruct: true, // where the network failed belongs to what is seen
            false_color: true,
            colors: Vec::new(),
            tiles: TileConfig::default(),
        }
    }
}

/// An image and its calibration.
#[derive(Clone, Copy, Debug)]
pub struct LensImage<'a> {
    /// Prepared: values in `[0, 1]`, without data bar.
    pub plane: &'a Plane,
    /// The size of a pixel, where it is known.
    pub calibration: Option<&'a Calibration>,
}

impl<'a> From<&'a Plane> for LensImage<'a> {
    fn from(plane: &'a Plane) -> Self {
        Self { plane, calibration: None }
    }
}

/// Everything the lens shows of one micrograph at one layer.
#[derive(Debug)]
pub struct Lens {
    /// The numbers.
    pub result: LensResult,
    /// The feature maps.
    pub maps: FeatureMaps,
    /// The maps as one picture; `None` where it was not requested.
    pub false_color: Option<FalseColor>,
    /// The image as the network gives it back; `None` unless it is an autoencoder.
    pub reconstruction: Option<Reconstruction>,
}

/// What the lens is doing while it reports progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LensStep {
    /// Running the network as far as the layer.
    Maps,
    /// Running it to its end.
    Reconstruction,
}

/// Why the lens shows nothing.
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LensError {
    /// The network has no layer of this name.
    #[error(transparent)]
    NoLayer(#[from] NoLayer),
    /// The image is smaller than one position of the coarsest layer on the way to `layer`.
    #[error("image of {width} × {height} px: layer `{layer}` needs at least {least} × {least} px")]
    TooSmall { height: usize, width: usize, layer: String, least: usize },
    /// The network was trained on colors.
    #[error(
        "the network's images have {channels} channels, a micrograph has 1: make it one for grey images (`Network::gray`)"
    )]
    NotGray { channels: usize },
    /// Only autoencoders give the image back.
    #[error("the network ends in `{last}`, expected an autoencoder's `output` of one channel")]
    NoReconstruction { last: String },
    /// Feature maps could not be kept in a temporary file in `folder`.
    #[error("cannot keep feature maps in {}: {source}", folder.display())]
    Spill { folder: PathBuf, source: io::Error },
    /// Feature maps could not be read back.
    #[error(transparent)]
    ReadBack(#[from] io::Error),
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
}

impl Network {
    /// Looks at `image`, values in `[0, 1]`, through the layer called `layer`, with default settings.
    ///
    /// # Errors
    /// If there is no such layer, or the image is too small for it.
    ///
    /// ```
    /// use micrograph::Plane;
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    /// let image = Plane::from_fn(24, 32, |y, x| if (y + x) % 8 < 4 { 0.9 } else { 0.1 });
    ///
    /// let lens = network.look(&image, "encoder.1")?;
    /// assert_eq!((lens.maps.n_channels(), lens.maps.height(), lens.maps.width()), (4, 12, 16));
    /// println!("{} channels are dead", lens.result.counts.n_dead);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn look(&self, image: &Plane, layer: &str) -> Result<Lens, LensError> {
        look(self, layer, image.into(), &LensConfig::default(), &mut |_, _, _| ControlFlow::Continue(()))
    }
}

/// Looks at `image` through `layer` of `network`. `progress` is given the step, the tiles done in it,
/// and their number, before the first and after each tile; where it breaks, the lens stops.
///
/// # Errors
/// See [`LensError`]; [`LensError::Cancelled`] where `progress` broke.
///
/// ```
/// use std::ops::ControlFlow;
/// use micrograph::Plane;
/// use nanoaid::interpret::lens::{LensConfig, LensError, look};
/// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
///
/// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
/// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
/// let image = Plane::filled(24, 32, 0.5);
///
/// let ended = look(&network, "encoder.1", (&image).into(), &LensConfig::default(), &mut |step, done, total| {
///     println!("{step:?}: {done} of {total} tiles");
///     ControlFlow::Break(())
/// });
/// assert!(matches!(ended, Err(LensError::Cancelled)));
/// # Ok::<(), nanoaid::ConfigError>(())
/// ```
pub fn look(
    network: &Network,
    layer: &str,
    image: LensImage<'_>,
    config: &LensConfig,
    progress: &mut dyn FnMut(LensStep, usize, usize) -> ControlFlow<()>,
) -> Result<Lens, LensError> {
    let LensImage { plane: image, calibration } = image;
    let tiles = &config.tiles;
    let maps = FeatureMaps::of(network, layer, image, tiles, &mut |done, total| {
        progress(LensStep::Maps, done, total)
    })?;
    // the result names the network by its hash, which leaves the other threads free
    let (ranking, _) = rayon::join(|| rank(&maps, config.order), || network.sha256());
    let ranking = ranking?;
    let basis = config.colors.iter().find(|basis| basis.fits(layer, maps.n_channels()));
    let false_color = config.false_color.then(|| false_color(&maps, &ranking, basis)).transpose()?;
    let reconstruction = if config.reconstruct && reconstructs(network) {
        let mut progress = |done, total| progress(LensStep::Reconstruction, done, total);
        Some(reconstruction(network, image, tiles, config.threshold, &mut progress)?)
    } else {
        None
    };
    let result = LensParts {
        network,
        image: Size { height: image.height(), width: image.width() },
        calibration,
        maps: &maps,
        ranking: &ranking,
        false_color: false_color.as_ref(),
        reconstruction: reconstruction.as_ref().map(|found| found.metrics.clone()),
    }
    .result();
    Ok(Lens { result, maps, false_color, reconstruction })
}
