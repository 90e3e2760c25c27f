//! Patterns: what a network adds to a pattern that was measured without it.
//!
//! A network, a prepared plane and what `micrograph::measure` found on it go in; out come the most
//! periodic unit with the period that it prefers beside the one measured, the sites that a chosen
//! unit fires at beside those counted without a network, and how far an autoencoder's error stands out
//! at the sites of a lattice. Lengths are in px; nanometres come by the report's calibration. It does
//! not measure a pattern itself, and knows nothing of training or files.

mod matching;
mod missing;
mod peaks;
mod periodic;
mod picture;
mod result;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::measure::count::{CountConfig, particles};
use micrograph::measure::{Lattice, Measured};

pub use matching::{Matched, matched};
pub use missing::{Side, SiteError, SiteErrors, cell_error, site_errors, squared_error};
pub use peaks::{PeakConfig, Peaks, UnitMap, peaks};
pub use periodic::clearest;
pub use picture::picture;
pub use result::{
    Classical, Clearest, Disagreement, Finding, ImagePeriod, LayerClarity, PatternResult, Periodic,
    PreferredPeriod, SCHEMA_VERSION, UnitCount, without_border,
};

use crate::interpret::exemplar::ActivationReader;
use crate::interpret::lens::{FeatureMaps, LensError, TileConfig};
use crate::interpret::tuning::{LayerTuning, TuningConfig, TuningError, tune};
use crate::{Address, ConfigError, Network};

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct PatternConfig {
    /// A channel whose peaks are counted, or a layer that is searched instead of the usual ones.
    pub unit: Option<Address>,
    /// From which height on a peak counts.
    pub peaks: PeakConfig,
    /// Which stimuli the layer of the most periodic unit is shown.
    pub tuning: TuningConfig,
    /// How large images are run.
    pub tiles: TileConfig,
}

/// Why a network adds nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum PatternError {
    /// There is no such layer, or the image can't be run.
    #[error(transparent)]
    Lens(#[from] LensError),
    /// The layer has fewer channels.
    #[error("no channel {channel} in `{layer}`, expected 0 to {last}")]
    NoSuchChannel { layer: String, channel: usize, last: usize },
    /// Neither a layer nor a channel.
    #[error("`{address}`: expected a layer or a channel of it, as in `encoder.2` or `encoder.2:17`")]
    NoChannel { address: String },
    /// Every position sees the whole image.
    #[error(
        "`{layer}`: its receptive field is the whole image, so its peaks have no position; choose an earlier layer"
    )]
    NoPlace { layer: String },
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl From<std::io::Error> for PatternError {
    fn from(error: std::io::Error) -> Self {
        Self::Lens(error.into())
    }
}

/// A network that looks at patterns; tunings of layers are kept from image to image.
pub struct Looker<'a> {
    network: &'a Network,
    config: PatternConfig,
    /// Layers that are searched for the most periodic unit.
    layers: Vec<String>,
    /// The channel whose peaks are counted.
    channel: Option<(String, usize)>,
    tunings: BTreeMap<String, Result<LayerTuning, TuningError>>,
}

/// What came out for one image: the numbers, and what its picture is drawn from.
#[derive(Debug)]
pub struct PatternView {
    /// The numbers.
    pub result: PatternResult,
    /// Map of the most periodic unit.
    pub periodic_map: Option<UnitMap>,
    /// Map of the unit whose peaks were counted.
    pub count_map: Option<UnitMap>,
}

impl<'a> Looker<'a> {
    /// Looks through `network`.
    ///
    /// # Errors
    /// If a setting is out of range, or the network has no such unit.
    pub fn new(network: &'a Network, config: PatternConfig) -> Result<Self, PatternError> {
        let config = PatternConfig { peaks: config.peaks.checked()?, ..config };
        let (layers, channel) = match &config.unit {
            None => (ActivationReader::usual_layers(network), None),
            Some(Address::Layer { layer, channel, position: None }) => {
                let found = network.known_layer(layer).map_err(LensError::from)?;
                if let Some(channel) = channel.filter(|&channel| channel >= found.n_channels) {
                    let last = found.n_channels - 1;
                    return Err(PatternError::NoSuchChannel { layer: layer.clone(), channel, last });
                }
                if channel.is_some() && found.receptive_field_px.is_none() {
                    return Err(PatternError::NoPlace { layer: layer.clone() });
                }
                (vec![layer.clone()], channel.map(|channel| (layer.clone(), channel)))
            }
            Some(address) => return Err(PatternError::NoChannel { address: address.to_string() }),
        };
        Ok(Self { network, config, layers, channel, tunings: BTreeMap::new() })
    }

    /// Looks at `image`, values in `[0, 1]`, on which `measured` was found.
    ///
    /// # Errors
    /// If the maps of a large image cannot be kept in a file.
    pub fn look(&mut self, image: &Plane, measured: &Measured) -> Result<PatternView, PatternError> {
        let (periodic, periodic_map) = match waves(measured) {
            waves if waves.is_empty() => {
                let reason = "no period was measured in the image".to_owned();
                (Finding::NotMeasured(reason), None)
            }
            waves => self.periodic(image, measured, &waves)?,
        };
        let (count, count_map) = match self.channel.clone() {
            None => (None, None),
            Some((layer, channel)) => {
                let map = self.map(image, &layer, channel);
                match map {
                    Ok(map) => {
                        let address = Address::channel(&layer, channel).to_string();
                        (Some(Finding::Measured(self.count(image, measured, &map, address))), Some(map))
                    }
                    Err(PatternError::Lens(error @ LensError::TooSmall { .. })) => {
                        (Some(Finding::NotMeasured(error.to_string())), None)
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let result = PatternResult { schema_version: SCHEMA_VERSION, periodic, count };
        Ok(PatternView { result, periodic_map, count_map })
    }

    /// The most periodic unit of all layers.
    fn periodic(
        &mut self,
        image: &Plane,
        measured: &Measured,
        waves: &[[f64; 2]],
    ) -> Result<(Finding<Periodic>, Option<UnitMap>), PatternError> {
        let mut layers = Vec::new();
        let mut best: Option<(Clearest, UnitMap)> = None;
        for layer in &self.layers {
            let maps = match FeatureMaps::of(self.network, layer, image, &self.config.tiles, &mut |_, _| {
                ControlFlow::Continue(())
            }) {
                Ok(maps) => maps,
                Err(error @ LensError::TooSmall { .. }) => {
                    layers.push(LayerClarity {
                        layer: layer.clone(),
                        clearest: Finding::NotMeasured(error.to_string()),
                    });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let found = clearest(&maps, (image.height(), image.width()), waves)?;
            if let Finding::Measured(clear) = &found
                && best.as_ref().is_none_or(|(before, _)| clear.clarity > before.clarity)
            {
                best = Some((clear.clone(), UnitMap::of(&maps, clear.channel)?));
            }
            layers.push(LayerClarity { layer: layer.clone(), clearest: found });
        }
        let Some((clear, map)) = best else {
            let reasons: Vec<String> = layers
                .into_iter()
                .filter_map(|layer| match layer.clearest {
                    Finding::NotMeasured(reason) => Some(format!("{}: {reason}", layer.layer)),
                    Finding::Measured(_) => None,
                })
                .collect();
            return Ok((Finding::NotMeasured(reasons.join("; ")), None));
        };
        let period = ImagePeriod::of(waves[clear.wave_index], &measured.report);
        let (preferred, curve, uniform) = self.preferred(&clear, &period);
        let address = Address::channel(&clear.layer, clear.channel).to_string();
        let (period_px, axis_deg) = (clear.period_px, clear.axis_deg);
        let clarity = clear.clarity;
        let period_nm = period.nm_of(period_px);
        let found = Periodic {
            address,
            clarity,
            period_px,
            period_nm,
            axis_deg,
            image: period,
            preferred,
            curve,
            uniform,
            layers,
        };
        Ok((Finding::Measured(found), Some(map)))
    }

    /// The tuning of `clear`'s unit: preferred period, curve over periods, and
    /// activation for uniform grey.
    fn preferred(
        &mut self,
        clear: &Clearest,
        period: &ImagePeriod,
    ) -> (Finding<PreferredPeriod>, Vec<[f64; 2]>, Option<f64>) {
        let (network, config) = (self.network, &self.config.tuning);
        let tuning = self.tunings.entry(clear.layer.clone()).or_insert_with(|| {
            let mut tuning = tune(network, &[&clear.layer], config, &mut |_| ControlFlow::Continue(()))?;
            Ok(tuning.layers.remove(0))
        });
        match tuning {
            Ok(layer) => PreferredPeriod::of(layer, clear.channel, period),
            Err(error) => (Finding::NotMeasured(error.to_string()), Vec::new(), None),
        }
    }

    fn map(&self, image: &Plane, layer: &str, channel: usize) -> Result<UnitMap, PatternError> {
        let maps = FeatureMaps::of(self.network, layer, image, &self.config.tiles, &mut |_, _| {
            ControlFlow::Continue(())
        })?;
        Ok(UnitMap::of(&maps, channel)?)
    }

    /// Peaks of `map` beside what is counted without a network.
    fn count(&self, image: &Plane, measured: &Measured, map: &UnitMap, address: String) -> UnitCount {
        let (mut classical, spacing_px) = classical(image, measured);
        if let Finding::Measured(classical) = &mut classical {
            classical.places.retain(|&place| map.counts(place));
        }
        let [rows, columns] = &map.counted;
        let distance_px = spacing_px.unwrap_or(0.0).max(2.0 * map.stride as f64);
        let found = peaks(map, distance_px, &self.config.peaks);
        let disagreement = match &classical {
            Finding::Measured(classical) => {
                Some(Disagreement::of(&found.places, &classical.places, distance_px))
            }
            Finding::NotMeasured(_) => None,
        };
        UnitCount {
            address,
            level: found.level,
            level_share: self.config.peaks.level,
            distance_px,
            border_px: [rows.start, columns.start].map(|positions| positions as f64 * map.stride as f64),
            places: found.places,
            classical,
            disagreement,
        }
    }
}

/// The waves of what was measured, in cycles per column and per row: of a grating one; of a lattice the
/// three shortest, one across each set of its densest rows. None where neither was found.
pub fn waves(measured: &Measured) -> Vec<[f64; 2]> {
    match (&measured.details.grating, &measured.details.lattice) {
        (Some(grating), _) => vec![grating.wave],
        (None, Some(lattice)) => lattice_waves(lattice),
        (None, None) => Vec::new(),
    }
}

fn lattice_waves(lattice: &Lattice) -> Vec<[f64; 2]> {
    let [[ay, ax], [by, bx]] = lattice.vectors;
    let area = ax * by - ay * bx;
    // one turn along one vector, none along the other
    let (first, second) = ([by / area, -bx / area], [-ay / area, ax / area]);
    let sum = [first[0] + second[0], first[1] + second[1]];
    let difference = [first[0] - second[0], first[1] - second[1]];
    let length = |wave: [f64; 2]| wave[0].hypot(wave[1]);
    let third = if length(sum) < length(difference) { sum } else { difference };
    vec![first, second, third]
}

/// What was counted without a network, and half of the usual distance or diameter in px: sites of a
/// lattice, else particles, else particles looked for here.
fn classical(image: &Plane, measured: &Measured) -> (Finding<Classical>, Option<f64>) {
    let details = &measured.details;
    if let Some(lattice) = &details.lattice {
        let places: Vec<[f64; 2]> = lattice.sites.iter().filter_map(|site| site.found).collect();
        let shortest = lattice.vectors.map(|[y, x]| y.hypot(x)).into_iter().fold(f64::MAX, f64::min);
        let places = places.into_iter().chain(lattice.extra.iter().copied()).collect();
        return (
            Finding::Measured(Classical { what: "sites of the lattice".to_owned(), places }),
            Some(shortest / 2.0),
        );
    }
    let looked_for = match &details.count {
        Some(_) => None,
        None => match particles(image, &CountConfig::default()) {
            Ok((count, _)) => Some(count),
            Err(refused) => return (Finding::NotMeasured(refused.to_string()), None),
        },
    };
    let count = details.count.as_ref().or(looked_for.as_ref());
    let Some(count) = count else {
        return (Finding::NotMeasured("nothing was counted".to_owned()), None);
    };
    let places = count.regions.iter().map(|region| [region.y, region.x]).collect();
    let radius = count.median_diameter_px.as_ref().map(|diameter| diameter.value / 2.0);
    (Finding::Measured(Classical { what: "particles".to_owned(), places }), radius)
}
