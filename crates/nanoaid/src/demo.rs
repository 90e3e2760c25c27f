//! Demo: one micrograph seen in every way at once: measured, looked at through an autoencoder, classified.
//!
//! A file and two networks go in; pictures in a folder and one result with all numbers come out, from which
//! a page can be made. Each step is the library's own; nothing is computed here that other programs could
//! not ask for one by one.

use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Plane;
use micrograph::data_bar::{self, DataBarChoice, DataBarError};
use micrograph::measure::report::{self, CalibrateError, ReportConfig};
use micrograph::measure::{Report, draw};
use micrograph::paint::{ColorMap, Picture, Sampling, robust_range};
use micrograph::read::{self, ReadError};
use serde::Serialize;

use crate::data::prepare::{self, PrepareConfig, PrepareError};
use crate::evaluate::classifier::{ClassifierReport, Estimate};
use crate::evaluate::classify::{Answer, AnswerConfig, answer, reliability};
use crate::interpret::lens::{ChannelState, Lens, LensConfig, LensError, LensImage, look};
use crate::output::{OutputError, OutputFolder};
use crate::{Address, ConfigError, Network};

/// Maps that are shown of a layer.
const N_MAPS: usize = 4;
/// Longest side of a false-color picture in pixels.
const FALSE_COLOR_PX: usize = 768;
/// Longest side of a map in pixels.
const MAP_PX: usize = 320;
/// Weight of the colors over the micrograph.
const COLOR_WEIGHT: f32 = 0.65;

/// Why the demo could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The micrograph could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its data bar could not be cut off.
    #[error(transparent)]
    DataBar(#[from] DataBarError),
    /// It could not be calibrated.
    #[error(transparent)]
    Calibrate(#[from] CalibrateError),
    /// It could not be prepared for a network.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It could not be looked at.
    #[error(transparent)]
    Lens(#[from] LensError),
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A map could not be read back.
    #[error(transparent)]
    Maps(#[from] std::io::Error),
    /// A picture could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The callback ended the work.
    #[error("cancelled")]
    Cancelled,
}

/// What was found of one micrograph; names of pictures are those of files in the folder.
#[derive(Clone, Debug, Serialize)]
pub struct Demo {
    /// What was measured.
    pub report: Report,
    /// The micrograph with what was measured drawn on it.
    pub measured_picture: String,
    /// Each stage of the autoencoder, the first one first.
    pub layers: Vec<LayerSeen>,
    /// What the classifier says.
    pub answer: Answer,
    /// How often it is right.
    pub tested: Tested,
}

/// A layer, and what it makes of the micrograph.
#[derive(Clone, Debug, Serialize)]
pub struct LayerSeen {
    /// Its name.
    pub layer: String,
    /// Its channels.
    pub n_channels: usize,
    /// Pixels of the image between two positions of a map.
    pub stride: usize,
    /// Height and width of the receptive field in pixels.
    pub receptive_field_px: usize,
    /// Picture of all maps together.
    pub false_color: String,
    /// Share of the maps' variance that it shows, in `[0, 1]`.
    pub explained: f64,
    /// The live maps of most energy.
    pub maps: Vec<MapSeen>,
}

/// A feature map.
#[derive(Clone, Debug, Serialize)]
pub struct MapSeen {
    /// Where it comes from.
    pub address: Address,
    /// Its picture.
    pub picture: String,
}

/// How a classifier did on micrographs that it had not learnt from.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    /// Test micrographs.
    pub n_images: usize,
    /// Those whose class it named.
    pub n_right: usize,
    /// The share with its interval.
    pub accuracy: Estimate,
    /// The same in a sentence.
    pub in_words: String,
}

impl Tested {
    /// What `report` says of its classifier.
    pub fn of(report: &ClassifierReport) -> Self {
        let n_right = report.confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
        let (n_images, accuracy) = (report.n_images, report.accuracy);
        Self { n_images, n_right, accuracy, in_words: reliability(report) }
    }
}

/// The networks that look, and the evaluation of the classifier.
pub struct DemoNetworks<'a> {
    /// Whose stages are shown.
    pub autoencoder: &'a Network,
    /// Who classifies.
    pub classifier: &'a Network,
    /// How well it does.
    pub report: &'a ClassifierReport,
}

/// Sees the micrograph at `path` in every way, and writes the pictures into `folder`. `progress` is given
/// what is done next.
///
/// # Errors
/// See [`DemoError`].
pub fn demo(
    path: &Path,
    networks: &DemoNetworks<'_>,
    folder: &OutputFolder,
    progress: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<Demo, DemoError> {
    let mut next = |what: &str| match progress(what) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DemoError::Cancelled),
    };
    next("measuring")?;
    let micrograph = read::micrograph(path, &PrepareConfig::default().read)?;
    let (specimen, bar) = data_bar::specimen(&micrograph.plane, &micrograph.facts, DataBarChoice::default())?;
    let calibrated = report::calibration(&micrograph, bar, None)?;
    let calibration = calibrated.calibration;
    let measured = report::measured(&specimen, calibration.as_ref(), &ReportConfig::default())?;
    let (marked, _) = draw::marked(&specimen, &measured);
    let measured_picture = "measured.png".to_owned();
    folder.write(&measured_picture, &marked.png_bytes(None))?;

    let prepared = prepare::micrograph(micrograph, &PrepareConfig::default())?;
    let mut layers = Vec::new();
    for depth in 1..=networks.autoencoder.n_stages() {
        let Some(layer) = networks.autoencoder.layer_at_depth(depth) else { continue };
        next(&format!("looking through {}", layer.name))?;
        let config = LensConfig { reconstruct: false, ..LensConfig::default() };
        let image = LensImage { plane: &prepared.plane, calibration: calibration.as_ref() };
        let lens =
            look(
                networks.autoencoder,
                &layer.name,
                image,
                &config,
                &mut |_, _, _| ControlFlow::Continue(()),
            )?;
        layers.push(layer_seen(&lens, &prepared.plane, folder)?);
    }
    next("classifying")?;
    let answer = answer(networks.classifier, &prepared.plane, AnswerConfig::of(networks.report))?;
    let tested = Tested::of(networks.report);
    Ok(Demo { report: measured.report, measured_picture, layers, answer, tested })
}

/// Writes the pictures of a layer.
fn layer_seen(lens: &Lens, image: &Plane, folder: &OutputFolder) -> Result<LayerSeen, DemoError> {
    let result = &lens.result;
    let false_color = format!("{}.false-color.png", result.layer);
    if let Some(colors) = &lens.false_color {
        let (height, width) = fitted((image.height(), image.width()), FALSE_COLOR_PX);
        let [red, green, blue] = &colors.planes;
        let colors = Picture::from_rgb_planes([red, green, blue]);
        let gray = Picture::from_plane(image, 0.0, 1.0, ColorMap::Gray);
        let mut picture = gray.resized(height, width, Sampling::Area);
        picture.blend(&colors.resized(height, width, Sampling::Bilinear), COLOR_WEIGHT);
        folder.write(&false_color, &picture.png_bytes(None))?;
    }
    let live = result.channels.iter().filter(|channel| channel.state == ChannelState::Live).take(N_MAPS);
    let mut maps = Vec::new();
    for channel in live {
        let Address::Layer { channel: Some(index), .. } = channel.address else { continue };
        let plane = lens.maps.plane(index)?;
        let (low, high) = robust_range(&plane).unwrap_or((0.0, 1.0));
        let picture = Picture::from_plane(&plane, low, high, ColorMap::Viridis);
        let (height, width) = fitted((plane.height(), plane.width()), MAP_PX);
        let sampling = if width < plane.width() { Sampling::Area } else { Sampling::Nearest };
        let name = format!("{}.{index}.png", result.layer);
        folder.write(&name, &picture.resized(height, width, sampling).png_bytes(None))?;
        maps.push(MapSeen { address: channel.address.clone(), picture: name });
    }
    Ok(LayerSeen {
        layer: result.layer.clone(),
        n_channels: result.channels.len(),
        stride: result.stride,
        receptive_field_px: result.receptive_field_px,
        false_color,
        explained: result.explained_variance.iter().sum(),
        maps,
    })
}

/// `height × width` made to fit `longest`, both at least 1.
fn fitted((height, width): (usize, usize), longest: usize) -> (usize, usize) {
    let zoom = longest as f64 / height.max(width) as f64;
    let side = |px: usize| ((px as f64 * zoom).round() as usize).max(1);
    (side(height), side(width))
}
