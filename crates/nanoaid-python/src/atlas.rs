//! Atlas: networks and micrographs as a folder of pages, as the command line makes it.

use std::ops::ControlFlow;
use std::path::PathBuf;

use nanoaid::atlas::{Atlas, AtlasConfig, AtlasError, AtlasInput, AtlasStep, NetworkOfRun};
use nanoaid::interpret::visualize::Preset;
use nanoaid_pages::site::{OpenSite, SiteError, record_text};
use pyo3::prelude::*;

use crate::data::{Data, LeftOut};
use crate::fault::{Fault, Kind, Kinded};
use crate::network::Network;
use crate::survey::questions;
use crate::work::{How, Watch, run};

/// What an atlas shows: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Showing {
    presets: Vec<String>,
    layers: Vec<String>,
    steps: Option<usize>,
    contrast: Vec<String>,
    seed: u64,
    out: PathBuf,
    force: bool,
}

impl Kinded for AtlasError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::NoNetwork | Self::DifferentialAnalysis(_) => Kind::Setting,
            Self::NoLayer { .. } => Kind::Network,
            Self::NoMicrograph { .. } | Self::Micrograph { .. } | Self::Jpeg { .. } => Kind::Read,
            Self::Classify(error) => error.kind(),
            Self::Dataset(error) => error.kind(),
            Self::Index(error) => error.kind(),
            Self::Exemplar(error) => error.kind(),
            Self::Gallery(error) => error.kind(),
            Self::Output(_) => Kind::Output,
            _ => Kind::Other,
        }
    }
}

impl Kinded for SiteError {
    fn kind(&self) -> Kind {
        match self {
            Self::Atlas(error) => error.kind(),
            Self::Cancelled => Kind::Other,
            _ => Kind::Output,
        }
    }
}

/// What was written, and what was left out.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Site {
    json: String,
    left_out: LeftOut,
}

#[pymethods]
impl Site {
    /// What `nanoaid site --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Name of each micrograph that was left out, and the reason.
    #[getter]
    fn skipped(&self) -> Vec<(String, String)> {
        self.left_out.skipped.clone()
    }

    /// What to know about how the micrographs were listed.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.left_out.warnings.clone()
    }
}

/// Makes the site of `networks` and micrographs, or continues it; one that is whole and made from the same stays as it is.
#[pyfunction]
pub(crate) fn atlas(
    py: Python<'_>,
    networks: Vec<Bound<'_, Network>>,
    data: Data,
    showing: Showing,
    how: How,
) -> PyResult<Site> {
    let of_run = |network: &Bound<'_, Network>| {
        let network = network.get();
        NetworkOfRun { run: network.run.clone(), network: nanoaid::Network::clone(&network.gray()) }
    };
    let networks: Vec<NetworkOfRun> = networks.iter().map(of_run).collect();
    run(py, &how, move |watch| {
        let Showing { presets, layers, steps, contrast, seed, out, force } = showing;
        let presets = presets.iter().map(|preset| preset.parse()).collect::<Result<Vec<Preset>, _>>();
        let presets = presets.map_err(|reason: String| Fault::of_text("presets", &reason))?;
        let dataset = data.open()?;
        let config = AtlasConfig { layers, steps, ..AtlasConfig::new(seed, &presets) };
        let input = AtlasInput { networks, dataset: &dataset, questions: questions(&contrast)?, config };
        let mut left_out = LeftOut::of(&dataset, &[]);
        if let Some(site) = OpenSite::begin(&input, (&data.path, Vec::new()), &out, force)? {
            let atlas = Atlas::build(input, &site.kept()?, &mut |step| report(watch, step))?;
            left_out = LeftOut::of(&dataset, &atlas.skipped);
            let n = atlas.micrographs.len();
            site.write(&atlas, atlas.micrographs(&dataset)?, &mut |done| watch.report(done, n))?;
        }
        Ok(Site { json: record_text(&out)?, left_out })
    })
}

/// Reports how far a part of the work is, where that is known.
fn report(watch: &Watch, step: AtlasStep<'_>) -> ControlFlow<()> {
    match step {
        AtlasStep::Micrographs { done, total } | AtlasStep::Pictures { done, total, .. } => {
            watch.report(done, total)
        }
        AtlasStep::Part { .. } | AtlasStep::Tuning(_) => watch.flow(),
    }
}
