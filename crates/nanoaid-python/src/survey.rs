//! Survey: lists, shards and their merge, as the command line makes them.

use std::path::PathBuf;

use micrograph::file::write_whole;
use nanoaid::data::dataset::DatasetConfig;
use nanoaid::interpret::differential::{Question, QuestionError};
use nanoaid::output::{OutputFolder, json_text};
use nanoaid::survey::{MergeConfig, SurveyConfig, SurveyError, SurveyInput, is_part};
use pyo3::prelude::*;

use crate::data::Data;
use crate::fault::{Fault, Kind, Kinded};
use crate::network::Network;
use crate::work::{How, run};

impl Kinded for SurveyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::Differential(_) => Kind::Setting,
            Self::Exemplar(error) => error.kind(),
            Self::Dataset(error) => error.kind(),
            Self::List { .. } | Self::NoMicrograph { .. } => Kind::Read,
            Self::Values(_) | Self::Cancelled => Kind::Other,
            _ => Kind::Output,
        }
    }
}

/// The folder at `path`; one that holds a part is continued.
fn folder(path: &std::path::Path, force: bool) -> Result<OutputFolder, Fault> {
    OutputFolder::create(path, force || is_part(path)).map_err(Fault::from)
}

/// Writes the list that `nanoaid survey list` writes: of the data set `data`, or of `files` below `root`. An older list
/// at `path` is replaced. Returns the number of micrographs.
#[pyfunction]
pub(crate) fn survey_list(
    py: Python<'_>,
    data: PathBuf,
    files: Option<Vec<PathBuf>>,
    path: PathBuf,
    how: How,
) -> PyResult<usize> {
    run(py, &how, move |_| {
        let config = DatasetConfig::default();
        let input = match &files {
            Some(files) => SurveyInput::of_files(files, &data, &config)?,
            None => SurveyInput::open(&data, None, &config)?,
        };
        write_whole(&path, input.list_csv().as_bytes())?;
        Ok(input.n_micrographs())
    })
}

/// Passes micrographs through `network` into the folder `out`, or continues; returns what `nanoaid survey --json` prints.
/// With `files`, which are below the folder that `data` names, those alone.
#[pyfunction]
pub(crate) fn survey(
    py: Python<'_>,
    network: &Bound<'_, Network>,
    data: (Data, Option<Vec<PathBuf>>),
    of: (Vec<String>, Vec<String>),
    out: (PathBuf, bool),
    mixed: bool,
    how: How,
) -> PyResult<String> {
    let network = network.get().gray();
    run(py, &how, move |watch| {
        let (layers, contrast) = of;
        let (data, files) = data;
        let questions = questions(&contrast)?;
        let input = match &files {
            Some(files) => SurveyInput::of_files(files, &data.path, &data.config()?)?,
            None => SurveyInput::open(&data.path, None, &data.config()?)?,
        };
        let (out, force) = out;
        let folder = folder(&out, force)?;
        let config = SurveyConfig { layers, mixed, ..SurveyConfig::default() };
        let mut progress = |done: usize, total: usize| watch.report(done, total);
        nanoaid::survey::survey_shard(&network, &input, &config, &folder, &mut progress)?;
        Ok(json_text(&nanoaid::survey::finish(&questions, &folder)?)?)
    })
}

/// The classes to compare that `contrast` names.
pub(crate) fn questions(contrast: &[String]) -> Result<Vec<Question>, Fault> {
    let question = |text: &String| {
        text.parse().map_err(|error: QuestionError| Fault::of_text("contrast", &error.to_string()))
    };
    contrast.iter().map(question).collect()
}

/// Makes a shard in the folder `out`, or continues it; returns what `nanoaid survey --shard … --json` prints.
#[pyfunction]
pub(crate) fn survey_shard(
    py: Python<'_>,
    network: &Bound<'_, Network>,
    data: (PathBuf, Option<PathBuf>),
    of: (String, Vec<String>),
    out: PathBuf,
    mixed: bool,
    how: How,
) -> PyResult<String> {
    let network = network.get().gray();
    run(py, &how, move |watch| {
        let (shard, layers) = of;
        let shard = shard.parse().map_err(|error| Fault::of_parameter(error, &[]))?;
        let (data, root) = data;
        let input = SurveyInput::open(&data, root.as_deref(), &DatasetConfig::default())?;
        let folder = folder(&out, false)?;
        let config = SurveyConfig { layers, shard, mixed };
        let mut progress = |done: usize, total: usize| watch.report(done, total);
        let found = nanoaid::survey::survey_shard(&network, &input, &config, &folder, &mut progress)?;
        Ok(json_text(&found)?)
    })
}

/// Merges `parts` into the folder `out`; returns what `nanoaid survey merge --json` prints.
#[pyfunction]
pub(crate) fn survey_merge(
    py: Python<'_>,
    parts: Vec<PathBuf>,
    contrast: Vec<String>,
    out: (PathBuf, bool),
    partial: bool,
    mixed: bool,
    how: How,
) -> PyResult<String> {
    run(py, &how, move |_| {
        let questions = questions(&contrast)?;
        let (out, force) = out;
        let folder = folder(&out, force)?;
        let config = MergeConfig { questions, partial, mixed };
        Ok(json_text(&nanoaid::survey::merge(&parts, &config, &folder)?)?)
    })
}
