//! Visualize: pictures of what units of a network respond to, and folders of files.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use micrograph::calibration::checked_nm_per_px;
use nanoaid::Network;
use nanoaid::interpret::gallery::{Gallery, Sources, sheet, sheet_title};
use nanoaid::interpret::visualize::{
    Objective, Penalty, Preset, PresetChanges, VisualizeConfig, channels_of, classes_of,
};
use nanoaid::output::{OutputError, OutputFolder, json_text};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::fault::{Fault, Kind};
use crate::work::{How, run};

/// Name of the contact sheet.
const SHEET: &str = "sheet.png";

/// What is pictured, and how: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Visualizing {
    units: Vec<String>,
    layers: Vec<String>,
    classes: bool,
    preset: String,
    size: Option<usize>,
    steps: Option<usize>,
    rate: Option<f32>,
    restarts: Option<usize>,
    members: Option<usize>,
    seed: Option<u64>,
    canvas: Option<String>,
    transforms: Option<String>,
    tileable: bool,
    penalties: Vec<String>,
    diversity: Option<f32>,
    views: Option<usize>,
    redirected_steps: Option<usize>,
    enlarge: Option<usize>,
    snapshots: Vec<usize>,
    data: Option<PathBuf>,
    category: Option<String>,
    start_from: Option<PathBuf>,
    compare_with: Option<PathBuf>,
    colors: bool,
    nm_per_px: Option<f64>,
}

/// What `text` says; the parameter is called `name`.
fn parsed<T: FromStr<Err = String>>(name: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|reason: String| Fault::of_text(name, &reason))
}

impl Visualizing {
    /// What is climbed: those of `units`, and all of the layers and the classes.
    fn objectives(&self, network: &Network, units: &[Objective]) -> Result<Vec<Objective>, Fault> {
        let mut objectives = units.to_vec();
        for layer in &self.layers {
            objectives.extend(channels_of(network, layer)?);
        }
        if self.classes {
            let none = || Fault::new(Kind::Network, "classes: the network has no named classes".to_owned());
            objectives.extend(classes_of(network).ok_or_else(none)?);
        }
        if objectives.is_empty() {
            let text = "nothing to visualize; name units, layers or classes".to_owned();
            return Err(Fault::new(Kind::Setting, text));
        }
        Ok(objectives)
    }

    fn config(&self, network: &Network, objectives: &[Objective]) -> Result<VisualizeConfig, Fault> {
        let preset: Preset = parsed("preset", &self.preset)?;
        let penalties = self.penalties.iter().map(|text| parsed::<Penalty>("penalties", text));
        let changes = PresetChanges {
            size: self.size,
            steps: self.steps,
            rate: self.rate,
            restarts: self.restarts,
            members: self.members,
            seed: self.seed,
            canvas: self.canvas.as_ref().map(|text| parsed("canvas", text)).transpose()?,
            transforms: self.transforms.as_ref().map(|text| parsed("transforms", text)).transpose()?,
            tileable: self.tileable,
            penalties: penalties.collect::<Result<_, _>>()?,
            diversity: self.diversity,
            views: self.views,
            redirected_steps: self.redirected_steps,
            enlarge: self.enlarge,
            snapshots: self.snapshots.clone(),
        };
        Ok(changes.of(preset, network, objectives)?)
    }

    /// The micrographs that are named.
    fn sources(&self) -> Sources {
        Sources {
            data: self.data.clone(),
            category: self.category.clone(),
            start: self.start_from.clone(),
            compare: self.compare_with.clone(),
        }
    }
}

/// Makes pictures of units of `network` in the folder at `path`; returns what `nanoaid visualize --json` prints, and what to
/// know about the micrographs that were read.
#[pyfunction]
pub(crate) fn visualize(
    py: Python<'_>,
    network: &Bound<'_, crate::network::Network>,
    visualizing: Visualizing,
    path: PathBuf,
    how: How,
) -> PyResult<(String, Vec<String>)> {
    let from = network.get().run.clone();
    let network = if visualizing.colors { Arc::clone(&network.get().own) } else { network.get().gray() };
    run(py, &how, move |watch| {
        let nm_per_px = visualizing.nm_per_px.map(checked_nm_per_px).transpose()?;
        let units =
            visualizing.units.iter().map(|unit| unit.parse()).collect::<Result<Vec<Objective>, _>>()?;
        let objectives = visualizing.objectives(&network, &units)?;
        let config = visualizing.config(&network, &objectives)?;
        let gallery = Gallery::new(&network, &from, config, &visualizing.sources())?;
        let folder = gallery.folder(&path, false)?;
        let records = gallery.complete(&objectives, &folder, &mut |progress| watch.share(progress.share))?;
        let title = sheet_title(&from, &units, &visualizing.layers, visualizing.classes);
        let picture = sheet(&title, &records, &folder, nm_per_px)?;
        folder.write(SHEET, &picture.png_bytes(None))?;
        let warnings = gallery.warnings().iter().map(ToString::to_string).collect();
        Ok((json_text(&records)?, warnings))
    })
}

/// Writes `files`, names and contents, into the folder at `path`; one that holds files only with `force`.
#[pyfunction]
pub(crate) fn save_files(
    py: Python<'_>,
    files: Vec<(String, PyBackedBytes)>,
    path: PathBuf,
    force: bool,
) -> PyResult<()> {
    let saved = py.detach(|| -> Result<(), OutputError> {
        let folder = OutputFolder::create(&path, force)?;
        files.iter().try_for_each(|(name, bytes)| folder.write(name, bytes))
    });
    saved.map_err(|error| Fault::from(error).raised(py))
}
