//! Visualize: pictures of what units of a network respond to, and folders of files.

use std::path::PathBuf;

use nanoaid::interpret::gallery::{Gallery, Sources, sheet};
use nanoaid::interpret::visualize::{Objective, Preset};
use nanoaid::output::{OutputError, OutputFolder, json_text};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::fault::Fault;
use crate::network::Network;
use crate::work::{How, run};

/// Name of the contact sheet.
const SHEET: &str = "sheet.png";
/// Shares of the work in which progress is reported.
const SHARES: usize = 1000;

/// How pictures are made: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Visualizing {
    preset: String,
    size: Option<usize>,
    steps: Option<usize>,
    rate: Option<f32>,
    restarts: Option<usize>,
    members: Option<usize>,
    seed: Option<u64>,
    nm_per_px: Option<f64>,
}

/// Makes pictures of `units` of `network` in the folder at `path`; returns what `nanoaid visualize --json` prints.
#[pyfunction]
pub(crate) fn visualize(
    py: Python<'_>,
    network: &Bound<'_, Network>,
    units: Vec<String>,
    visualizing: Visualizing,
    path: PathBuf,
    how: How,
) -> PyResult<String> {
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        let objectives = units.iter().map(|unit| unit.parse()).collect::<Result<Vec<Objective>, _>>()?;
        let Visualizing { preset, size, steps, rate, restarts, members, seed, nm_per_px } = visualizing;
        let preset: Preset = preset.parse().map_err(|reason: String| Fault::of_text("preset", &reason))?;
        let mut config = preset.config();
        if let Some(size) = size {
            (config.height, config.width) = (size, size);
            config.transforms = preset.transforms().transforms(size + 2 * config.margin_px);
        }
        if let Some(rate) = rate {
            config.optimizer = config.optimizer.with_rate(rate);
        }
        config.steps = steps.unwrap_or(config.steps);
        config.restarts = restarts.unwrap_or(config.restarts);
        config.members = members.unwrap_or(config.members);
        config.seed = seed.unwrap_or(config.seed);
        let gallery = Gallery::new(&network, &from, config.checked()?, &Sources::default())?;
        let folder = gallery.folder(&path, false)?;
        let records = gallery.complete(&objectives, &folder, &mut |progress| {
            watch.report((progress.share * SHARES as f64) as usize, SHARES)
        })?;
        let title = format!("{}: {}", from.display(), units.join(", "));
        let picture = sheet(&title, &records, &folder, nm_per_px)?;
        folder.write(SHEET, &picture.png_bytes(None))?;
        Ok(json_text(&records)?)
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
