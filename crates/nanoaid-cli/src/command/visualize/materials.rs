//! What pictures are made from besides a network and settings: micrographs, and what follows from
//! them.

use std::collections::BTreeMap;
use std::path::Path;

use micrograph::Plane;
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::data::prepare::{self, PrepareConfig};
use nanoaid::interpret::natural_statistics::{Natural, NaturalPaths, unit_of};
use nanoaid::interpret::visualize::path::Nearness;
use nanoaid::interpret::visualize::{
    CanvasConfig, ColorDirections, Materials, Objective, Spectrum, VisualizeConfig, Warning, Whitening,
};
use nanoaid::{Device, Network, network::builtin};

use super::{VisualizeArguments, fitted};
use crate::outcome::{Failure, say};
use crate::record::Input;
use crate::visualization::{DataUsed, VisualSettings};

/// Micrographs and what was made of them.
pub(crate) struct Gathered {
    pub data: Option<DataUsed>,
    natural: Option<Natural>,
    spectrum: Option<Spectrum>,
    autoencoder: Option<Network>,
    colors: Option<ColorDirections>,
    start: Option<Plane>,
    pub start_input: Option<Input>,
    pub compare: Option<Plane>,
    pub compare_input: Option<Input>,
}

impl Gathered {
    /// As the arguments say.
    pub(super) fn new(
        arguments: &VisualizeArguments,
        network: &Network,
        config: &VisualizeConfig,
    ) -> Result<Self, Failure> {
        let data = arguments.data.as_deref().map(|path| (path, arguments.category.as_deref()));
        let [start, compare] = arguments.micrographs().map(|path| path.map(|path| path.as_path()));
        Self::from_files(data, start, compare, network, config)
    }

    /// No micrographs.
    pub(crate) fn nothing(network: &Network, config: &VisualizeConfig) -> Result<Self, Failure> {
        Self::from_files(None, None, None, network, config)
    }

    /// As a record says; the files have to be the same.
    pub(crate) fn again(settings: &VisualSettings, network: &Network) -> Result<Self, Failure> {
        let data = settings.data.as_ref().map(|data| (data.path.as_path(), data.category.as_deref()));
        let path = |input: &'_ Option<Input>| match input {
            Some(Input::File { path, .. }) => Some(path.clone()),
            _ => None,
        };
        let (start, compare) = (path(&settings.start), path(&settings.compare));
        let found = Self::from_files(data, start.as_deref(), compare.as_deref(), network, &settings.config)?;
        for (what, found, expected) in [
            ("the data set", serde_json::to_value(&found.data)?, serde_json::to_value(&settings.data)?),
            (
                "the micrograph to start from",
                serde_json::to_value(&found.start_input)?,
                serde_json::to_value(&settings.start)?,
            ),
            (
                "the micrograph to compare with",
                serde_json::to_value(&found.compare_input)?,
                serde_json::to_value(&settings.compare)?,
            ),
        ] {
            if found != expected {
                return Err(Failure::new(format!("{what} is {found}, the record says {expected}")));
            }
        }
        Ok(found)
    }

    fn from_files(
        data: Option<(&Path, Option<&str>)>,
        start: Option<&Path>,
        compare: Option<&Path>,
        network: &Network,
        config: &VisualizeConfig,
    ) -> Result<Self, Failure> {
        let size = config.canvas_px();
        let (mut used, mut natural, mut colors) = (None, None, None);
        if let Some((path, category)) = data {
            let dataset = Dataset::open(path, &DatasetConfig::default())?;
            if let Some(category) = category
                && !dataset.categories().iter().any(|known| known == category)
            {
                let known = dataset.categories().join(", ");
                return Err(Failure::new(format!("no category `{category}`, expected one of: {known}")));
            }
            let digest = dataset.digest()?;
            let category = category.map(str::to_owned);
            let found = Natural::of(&dataset, category.as_deref());
            if network.channels_in() == 3 {
                let (found, left_out) = Natural::colors(&dataset, category.as_deref());
                if let Some((file, reason)) = left_out.first() {
                    let n = left_out.len();
                    say(&format!("colors: {n} micrographs left out, the first of them {file}: {reason}"));
                }
                if found.is_none() {
                    say("colors: no micrograph of --data has any, so they go together as in ImageNet");
                }
                colors = found;
            }
            for (file, reason) in &found.skipped {
                say(&format!("skipped {file}: {reason}"));
            }
            used = Some(DataUsed { path: path.to_owned(), digest, category });
            natural = Some(found);
        }
        let spectrum = match (&config.canvas, &natural) {
            (CanvasConfig::Phase, Some(natural)) => {
                let [height, width] = size;
                let none = || {
                    Failure::new(format!(
                        "--data: no micrograph has {height}×{width} px; choose a smaller --size"
                    ))
                };
                Some(natural.spectrum(size).ok_or_else(none)?)
            }
            (CanvasConfig::Phase, None) => {
                return Err(Failure::new(
                    "canvas `phase` needs --data, micrographs whose mean spectrum it keeps",
                ));
            }
            _ => None,
        };
        let autoencoder = match config.canvas {
            CanvasConfig::Decoder { .. } if network.layer("latent").is_some() => Some(network.clone()),
            CanvasConfig::Decoder { .. } => Some(builtin::autoencoder(Device::Cpu)?),
            _ => None,
        };
        let micrograph = |path: Option<&Path>| -> Result<(Option<Plane>, Option<Input>), Failure> {
            let Some(path) = path else { return Ok((None, None)) };
            let prepared = prepare::file(path, &PrepareConfig::default())?;
            let plane = fitted(&prepared.plane, size)
                .map_err(|failure| Failure::new(format!("{}: {failure}", path.display())))?;
            Ok((Some(plane), Some(Input::of_file(path)?)))
        };
        let (start, start_input) = micrograph(start)?;
        let (compare, compare_input) = micrograph(compare)?;
        let data = used;
        Ok(Self { data, natural, spectrum, autoencoder, colors, start, start_input, compare, compare_input })
    }

    /// What a canvas may be made from.
    pub(super) fn materials(&self) -> Materials<'_> {
        Materials {
            spectrum: self.spectrum.as_ref(),
            autoencoder: self.autoencoder.as_ref(),
            colors: self.colors.as_ref(),
            start: self.start.as_ref(),
        }
    }

    /// The objectives with their whitened directions as plain ones.
    pub(super) fn resolved(
        &self,
        network: &Network,
        objectives: &[Objective],
    ) -> Result<Vec<Objective>, Failure> {
        let mut resolved = objectives.to_vec();
        for objective in &mut resolved {
            for layer in objective.whitened_layers() {
                let Some(natural) = &self.natural else {
                    return Err(Failure::new(format!(
                        "objective `{objective}` needs --data, micrographs to whiten with"
                    )));
                };
                if network.layer(&layer).is_none() || network.channels_in() != 1 {
                    return Err(Failure::new(format!(
                        "objective `{objective}`: no layer `{layer}` to whiten"
                    )));
                }
                let whitening = Whitening::of(network, &layer, natural.planes(), 0)?.ok_or_else(|| {
                    Failure::new(format!("`{layer}` is not active on any micrograph of --data"))
                })?;
                *objective = whitening.resolved(objective);
            }
        }
        Ok(resolved)
    }

    /// The ways of the micrographs through `network`.
    pub(super) fn paths<'a>(&'a self, network: &'a Network, config: &VisualizeConfig) -> PathsOfLayers<'a> {
        PathsOfLayers {
            network,
            natural: self.natural.as_ref(),
            size: [config.height, config.width],
            of: BTreeMap::new(),
        }
    }
}

/// The ways of micrographs as far as each layer that was asked for.
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
