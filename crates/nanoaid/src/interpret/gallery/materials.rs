//! Materials: what pictures are made from besides a network and settings, namely micrographs and
//! what follows from them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use micrograph::{Plane, Source};
use serde::Serialize;

use super::error::GalleryError;
use super::record::{DataUsed, VisualSettings};
use crate::data::dataset::{Dataset, DatasetConfig};
use crate::data::prepare::{self, PrepareConfig, PrepareError};
use crate::interpret::natural_statistics::{Natural, NaturalPaths, unit_of};
use crate::interpret::visualize::path::Nearness;
use crate::interpret::visualize::{
    CanvasConfig, ColorDirections, Materials, Objective, Spectrum, VisualizeConfig, Warning, Whitening,
};
use crate::record::Input;
use crate::{Device, Network, network::builtin};

/// Where the micrographs are that pictures are made with; none by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// A data set: its mean spectrum, the paths of its micrographs through the network, its colors.
    pub data: Option<PathBuf>,
    /// Only micrographs of this category.
    pub category: Option<String>,
    /// A micrograph to start from instead of noise.
    pub start: Option<PathBuf>,
    /// A micrograph that objectives compare with.
    pub compare: Option<PathBuf>,
}

/// What to know about micrographs that were read for pictures.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum SourceWarning {
    /// The micrograph `file` was skipped.
    Skipped { file: String, reason: String },
    /// `n` micrographs, the first of them `file`, say nothing about colors.
    ColorsLeftOut { n: usize, file: String, reason: String },
    /// No micrograph has colors.
    NoColors,
}

impl fmt::Display for SourceWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped { file, reason } => write!(formatter, "skipped {file}: {reason}"),
            Self::ColorsLeftOut { n, file, reason } => {
                write!(formatter, "colors: {n} micrographs left out, the first of them {file}: {reason}")
            }
            Self::NoColors => formatter
                .write_str("colors: no micrograph of --data has any, so they go together as in ImageNet"),
        }
    }
}

/// A micrograph of the canvas' size, and the file that it comes from.
struct Chosen {
    plane: Plane,
    input: Input,
}

/// Micrographs and what was made of them.
pub(super) struct Gathered {
    pub(super) data: Option<DataUsed>,
    natural: Option<Natural>,
    spectrum: Option<Spectrum>,
    autoencoder: Option<Network>,
    colors: Option<ColorDirections>,
    start: Option<Chosen>,
    compare: Option<Chosen>,
    pub(super) warnings: Vec<SourceWarning>,
}

impl Gathered {
    /// Reads what `sources` name and makes of it what pictures of `network` by `config` need.
    pub(super) fn read(
        sources: &Sources,
        network: &Network,
        config: &VisualizeConfig,
    ) -> Result<Self, GalleryError> {
        let size = config.canvas_px();
        let chosen = |path: &Option<PathBuf>| path.as_ref().map(|path| chosen(path, size)).transpose();
        let mut gathered = Self {
            data: None,
            natural: None,
            spectrum: None,
            autoencoder: autoencoder(network, config)?,
            colors: None,
            start: None,
            compare: None,
            warnings: Vec::new(),
        };
        if let Some(path) = &sources.data {
            gathered.read_data(path, sources.category.as_deref(), network)?;
        }
        if config.canvas == CanvasConfig::Phase {
            let natural = gathered.natural.as_ref().ok_or(GalleryError::NoSpectrum)?;
            let [height, width] = size;
            let spectrum = natural.spectrum(size).ok_or(GalleryError::Spectrum { height, width })?;
            gathered.spectrum = Some(spectrum);
        }
        gathered.start = chosen(&sources.start)?;
        gathered.compare = chosen(&sources.compare)?;
        Ok(gathered)
    }

    fn read_data(
        &mut self,
        path: &Path,
        category: Option<&str>,
        network: &Network,
    ) -> Result<(), GalleryError> {
        let dataset = Dataset::open(path, &DatasetConfig::default())?;
        let categories = dataset.categories();
        if let Some(category) = category.filter(|category| !categories.iter().any(|known| known == category))
        {
            return Err(GalleryError::Category {
                category: category.to_owned(),
                known: categories.join(", "),
            });
        }
        let natural = Natural::of(&dataset, category);
        if network.channels_in() == 3 {
            let (found, left_out) = Natural::colors(&dataset, category);
            if let Some((file, reason)) = left_out.first() {
                let (n, file, reason) = (left_out.len(), file.clone(), reason.clone());
                self.warnings.push(SourceWarning::ColorsLeftOut { n, file, reason });
            }
            if found.is_none() {
                self.warnings.push(SourceWarning::NoColors);
            }
            self.colors = found;
        }
        for (file, reason) in &natural.skipped {
            self.warnings.push(SourceWarning::Skipped { file: file.clone(), reason: reason.clone() });
        }
        let (path, category) = (path.to_owned(), category.map(str::to_owned));
        self.data = Some(DataUsed { path, digest: dataset.digest()?, category });
        self.natural = Some(natural);
        Ok(())
    }

    /// Reads what `settings` name; everything has to be as it was then.
    pub(super) fn again(settings: &VisualSettings, network: &Network) -> Result<Self, GalleryError> {
        let path = |input: &Option<Input>| match input {
            Some(Input::File { path, .. }) => Some(path.clone()),
            _ => None,
        };
        let data = settings.data.as_ref();
        let sources = Sources {
            data: data.map(|data| data.path.clone()),
            category: data.and_then(|data| data.category.clone()),
            start: path(&settings.start),
            compare: path(&settings.compare),
        };
        let found = Self::read(&sources, network, &settings.config)?;
        unless_changed("the data set", &found.data, &settings.data)?;
        unless_changed("the micrograph to start from", &found.start_input(), &settings.start)?;
        unless_changed("the micrograph to compare with", &found.compare_input(), &settings.compare)?;
        Ok(found)
    }

    /// The file of the micrograph to start from.
    pub(super) fn start_input(&self) -> Option<Input> {
        self.start.as_ref().map(|chosen| chosen.input.clone())
    }

    /// The file of the micrograph to compare with.
    pub(super) fn compare_input(&self) -> Option<Input> {
        self.compare.as_ref().map(|chosen| chosen.input.clone())
    }

    /// The micrograph to compare with.
    pub(super) fn compare(&self) -> Option<&Plane> {
        self.compare.as_ref().map(|chosen| &chosen.plane)
    }

    /// What a canvas may be made from.
    pub(super) fn materials(&self) -> Materials<'_> {
        Materials {
            spectrum: self.spectrum.as_ref(),
            autoencoder: self.autoencoder.as_ref(),
            colors: self.colors.as_ref(),
            start: self.start.as_ref().map(|chosen| &chosen.plane),
        }
    }

    /// The objectives with their whitened directions as plain ones.
    pub(super) fn resolved(
        &self,
        network: &Network,
        objectives: &[Objective],
    ) -> Result<Vec<Objective>, GalleryError> {
        let mut resolved = objectives.to_vec();
        for objective in &mut resolved {
            for layer in objective.whitened_layers() {
                let Some(natural) = &self.natural else {
                    return Err(GalleryError::NoWhitening { objective: objective.to_string() });
                };
                if network.layer(&layer).is_none() || network.channels_in() != 1 {
                    return Err(GalleryError::WhitenedLayer { objective: objective.to_string(), layer });
                }
                let whitening = Whitening::of(network, &layer, natural.planes(), 0)?
                    .ok_or(GalleryError::Inactive { layer })?;
                *objective = whitening.resolved(objective);
            }
        }
        Ok(resolved)
    }

    /// The paths of the micrographs through `network`.
    pub(super) fn paths<'a>(&'a self, network: &'a Network, config: &VisualizeConfig) -> PathsOfLayers<'a> {
        PathsOfLayers {
            network,
            natural: self.natural.as_ref(),
            size: [config.height, config.width],
            of: BTreeMap::new(),
        }
    }
}

/// The network whose decoder makes the picture, where the canvas is one: `network` itself if it has
/// a latent code, else the built-in autoencoder.
fn autoencoder(network: &Network, config: &VisualizeConfig) -> Result<Option<Network>, GalleryError> {
    Ok(match config.canvas {
        CanvasConfig::Decoder { .. } if network.layer("latent").is_some() => Some(network.clone()),
        CanvasConfig::Decoder { .. } => Some(builtin::autoencoder(Device::Cpu)?),
        _ => None,
    })
}

/// The middle of the micrograph at `path`, of this size.
fn chosen(path: &Path, [height, width]: [usize; 2]) -> Result<Chosen, GalleryError> {
    let source = Source::read(path).map_err(PrepareError::from)?;
    let input = Input::of(&source);
    let plane = prepare::source(&source, &PrepareConfig::default())?.plane;
    let (found_height, found_width) = (plane.height(), plane.width());
    if found_height < height || found_width < width {
        let path = path.to_owned();
        return Err(GalleryError::Small { path, found_height, found_width, height, width });
    }
    Ok(Chosen { plane: plane.middle(height, width), input })
}

/// An error if `found` is not what the record says.
fn unless_changed<T: PartialEq + Serialize>(
    what: &'static str,
    found: &T,
    expected: &T,
) -> Result<(), GalleryError> {
    if found == expected {
        return Ok(());
    }
    let text = |value: &T| serde_json::to_string(value).unwrap_or_default();
    Err(GalleryError::Changed { what, found: text(found), expected: text(expected) })
}

/// The paths of micrographs as far as each requested layer.
pub(super) struct PathsOfLayers<'a> {
    network: &'a Network,
    natural: Option<&'a Natural>,
    size: [usize; 2],
    of: BTreeMap<String, Option<NaturalPaths<'a>>>,
}

impl PathsOfLayers<'_> {
    /// How near a picture of `objective` is to the micrographs; nothing without micrographs, for
    /// colors, and for objectives that are not about one unit.
    pub(super) fn compare(
        &mut self,
        objective: &Objective,
        picture: &[Plane],
    ) -> (Vec<Nearness>, Option<Warning>) {
        let (Some(natural), Some((layer, channel)), 1) =
            (self.natural, unit_of(objective, self.network), self.network.channels_in())
        else {
            return (Vec::new(), None);
        };
        let of_layer = || natural.paths(self.network, &layer, self.size);
        match self.of.entry(layer.clone()).or_insert_with(of_layer) {
            Some(paths) => paths.compare(picture, channel),
            None => (Vec::new(), None),
        }
    }
}
