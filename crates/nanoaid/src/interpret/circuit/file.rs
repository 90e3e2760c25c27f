//! A circuit in a folder: pictures of the units and of the weights, a table, a record.

use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::paint::{ColorMap, Picture, Sampling};
use serde::{Deserialize, Serialize};

use super::{Circuit, CircuitConfig, CircuitError, IMAGE_LAYER, circuit};
use crate::interpret::picture_files::PictureFiles;
use crate::interpret::visualize::{
    Event, Materials, Objective, Preset, VisualizeConfig, VisualizeError, gray, shown, visualize,
};
use crate::output::{OutputFolder, csv_text, json_text};
use crate::record::{NetworkUsed, Record};
use crate::{Address, Network};

/// The command of these records.
pub(crate) const COMMAND: &str = "circuit";
/// Longest side of a picture of weights.
const WEIGHTS_PX: usize = 144;
/// The record.
const RECORD: &str = "circuit.json";

/// What decides about a circuit besides the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitSettings {
    /// What is looked at.
    pub circuit: CircuitConfig,
}

/// The record of a circuit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitRecord {
    /// Network, settings and files.
    #[serde(flatten)]
    pub record: Record<CircuitSettings>,
    /// All numbers.
    pub circuit: Circuit,
    /// Picture of what the unit looks for; `None` without pictures.
    pub unit: Option<String>,
    /// Pictures of what each lower unit looks for; empty without pictures, and where the lower layer is the image.
    pub parts: Vec<String>,
    /// Pictures of the weights of each lower unit.
    pub weights: Vec<String>,
}

/// Takes a unit of `network`, which was opened as `used`, apart, and writes pictures, table and record into `folder`. `on` hears
/// which share of the pictures is done; where it breaks, the work ends.
///
/// # Errors
/// See [`CircuitError`].
pub fn circuit_files(
    (network, used): (&Network, NetworkUsed),
    settings: &CircuitSettings,
    folder: &OutputFolder,
    on: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<CircuitRecord, CircuitError> {
    let config = &settings.circuit;
    let found = circuit(network, config)?;
    let mut files = PictureFiles::new(folder);
    let mut shown_units = vec![&found.unit];
    if found.from != IMAGE_LAYER {
        shown_units.extend(found.parts.iter().map(|part| &part.unit));
    }
    let pictures =
        if config.pictures { pictures(network, &shown_units, config.seed, on)? } else { Vec::new() };
    let mut names = Vec::with_capacity(pictures.len());
    for (place, plane) in pictures.iter().enumerate() {
        let stem = if place == 0 { "unit".to_owned() } else { format!("lower-{place}") };
        names.push(files.exact(&stem, &Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray))?);
    }
    let unit = (!names.is_empty()).then(|| names.remove(0));
    let mut drawn = Vec::new();
    for (number, picture) in (1..).zip(found.weight_pictures()) {
        drawn.push(files.exact(&format!("weights-{number}"), &picture)?);
    }
    folder.write("circuit.csv", circuit_csv(&found).as_bytes())?;
    let mut record = Record::new(COMMAND, None, Some(used), settings.clone());
    record.files = files.hashes;
    let record = CircuitRecord { record, circuit: found, unit, parts: names, weights: drawn };
    // last: a record says that its files are there
    folder.write(RECORD, json_text(&record)?.as_bytes())?;
    Ok(record)
}

impl Circuit {
    /// The weights of each lower unit, on one scale, so that strong and weak ones can be told apart.
    pub fn weight_pictures(&self) -> Vec<Picture> {
        let all = self.parts.iter().flat_map(|part| part.weights.iter().flatten());
        let most = all.fold(0.0_f32, |most, weight| most.max(weight.abs()));
        let plane = |part: &super::CircuitPart| Plane::new(self.height, self.width, part.weights.concat());
        self.parts.iter().map(|part| drawn_weights(&plane(part), most)).collect()
    }
}

/// Weights, `[H, W]`, as squares: blue below 0, white at 0, red above, up to a magnitude of `most`.
pub fn drawn_weights(weights: &Plane, most: f32) -> Picture {
    let most = most.max(f32::MIN_POSITIVE);
    let picture = Picture::from_plane(weights, -most, most, ColorMap::BlueWhiteRed);
    let zoom = (WEIGHTS_PX / weights.height().max(weights.width()).max(1)).max(1);
    picture.resized(zoom * weights.height(), zoom * weights.width(), Sampling::Nearest)
}

/// What each of `units` looks for.
fn pictures(
    network: &Network,
    units: &[&Address],
    seed: u64,
    on: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Vec<Plane>, VisualizeError> {
    let objectives: Vec<Objective> = units.iter().map(|&unit| Objective::Unit(unit.clone())).collect();
    let config = VisualizeConfig { seed, ..Preset::Fast.config() };
    let mut pictures = vec![Plane::filled(1, 1, 0.5); units.len()];
    visualize(network, &objectives, &config, Materials::default(), None, &mut |event| match event {
        Event::Done { index, visualization } => {
            pictures[index] = gray(&shown(&visualization.pictures[0], false));
            ControlFlow::Continue(())
        }
        Event::Step { share, .. } => on(share),
        Event::Snapshot { .. } => ControlFlow::Continue(()),
    })?;
    Ok(pictures)
}

/// A row for each shown lower unit, as CSV.
fn circuit_csv(found: &Circuit) -> String {
    let head = ["unit", "lower", "share", "sum"].map(str::to_owned);
    let row = |part: &super::CircuitPart| {
        vec![found.unit.to_string(), part.unit.to_string(), part.share.to_string(), part.sum.to_string()]
    };
    csv_text(&head, found.parts.iter().map(row))
}
