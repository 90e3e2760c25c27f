//! Exemplars: the real patches that drive each unit most, least and in between, and the folder that the command line
//! makes of them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nanoaid::Address;
use nanoaid::data::dataset::Dataset;
use nanoaid::interpret::activation_index::ActivationIndexError;
use nanoaid::interpret::exemplar::{ChooseConfig, ExemplarError};
use nanoaid::interpret::retrieval::{
    DataSetExemplars, ExemplarsConfig, RetrievalError, exemplar_files, holds_exemplars,
};
use nanoaid::output::{OutputFolder, json_text};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::data::{Data, LeftOut};
use crate::fault::{Fault, Kind, Kinded};
use crate::network::Network;
use crate::work::{How, run};

/// Exemplars of the units of a network.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Exemplars {
    own: Arc<Own>,
    /// The folder of the results.
    out: PathBuf,
    json: String,
    table: Vec<u8>,
    left_out: LeftOut,
}

/// What sheets are drawn of.
struct Own {
    found: DataSetExemplars,
    network: Arc<nanoaid::Network>,
    dataset: Dataset,
}

/// What is chosen, and where it is kept: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Choosing {
    layers: Vec<String>,
    units: Vec<String>,
    count: Option<usize>,
    out: PathBuf,
    force: bool,
}

impl Kinded for RetrievalError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) => Kind::Setting,
            Self::Dataset(error) => error.kind(),
            Self::Index(error) => error.kind(),
            Self::Exemplar(error) => error.kind(),
            Self::NoMicrograph { .. } | Self::Micrograph { .. } => Kind::Read,
            Self::NoUnit { .. } => Kind::Network,
            Self::Csv(_) | Self::Output(_) => Kind::Output,
            _ => Kind::Other,
        }
    }
}

impl Kinded for ActivationIndexError {
    fn kind(&self) -> Kind {
        match self {
            Self::Exemplar(error) => error.kind(),
            Self::Dataset(error) => error.kind(),
            Self::Cancelled => Kind::Other,
            _ => Kind::Output,
        }
    }
}

impl Kinded for ExemplarError {
    fn kind(&self) -> Kind {
        match self {
            Self::Lens(error) => error.kind(),
            Self::NotGray { .. } => Kind::Network,
            _ => Kind::Setting,
        }
    }
}

/// The unit that `text` names.
fn address(text: &str) -> Result<Address, Fault> {
    text.parse().map_err(|error| Fault::of_text("units", &format!("{error}")))
}

#[pymethods]
impl Exemplars {
    /// What `nanoaid exemplars --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Every exemplar as a row of CSV.
    #[getter]
    fn table<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.table)
    }

    /// Micrographs that were read now; the others were kept from an earlier call.
    #[getter]
    fn n_new(&self) -> usize {
        self.own.found.n_new
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

    /// The patches of a unit as a sheet, a PNG.
    fn sheet<'py>(&self, py: Python<'py>, unit: &str, how: How) -> PyResult<Bound<'py, PyBytes>> {
        let unit = address(unit).map_err(|fault| fault.raised(py))?;
        let own = Arc::clone(&self.own);
        let png = run(py, &how, move |_| {
            let (layer, channel) = own.network.channel_of(&unit)?;
            let sheet = own.found.sheet(&layer, channel, &own.dataset)?;
            let layers = || own.found.layers.iter().map(|layer| layer.layer.as_str()).collect::<Vec<_>>();
            let none = || {
                let text = format!("unit {unit}: expected one of the layers: {}", layers().join(", "));
                Fault::new(Kind::Setting, text)
            };
            Ok(sheet.ok_or_else(none)?.png_bytes(None))
        })?;
        Ok(PyBytes::new(py, &png))
    }

    /// Writes what `nanoaid exemplars` writes into the folder at `path`.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let saved = py.detach(|| copy(&self.out, &OutputFolder::create(&path, force)?));
        saved.map_err(|fault| fault.raised(py))
    }
}

/// Copies the files of the folder `from`, those of its folders too.
fn copy(from: &Path, to: &OutputFolder) -> Result<(), Fault> {
    let failed = |path: &Path, error: std::io::Error| {
        Fault::new(Kind::Output, format!("cannot read {}: {error}", path.display()))
    };
    for entry in fs::read_dir(from).map_err(|error| failed(from, error))? {
        let path = entry.map_err(|error| failed(from, error))?.path();
        // the lock of whoever writes there
        let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|name| !name.starts_with('.'))
        else {
            continue;
        };
        if path.is_dir() {
            copy(&path, &to.folder(name)?)?;
        } else {
            to.write(name, &fs::read(&path).map_err(|error| failed(&path, error))?)?;
        }
    }
    Ok(())
}

/// Chooses exemplars of the units of `network`.
#[pyfunction]
pub(crate) fn exemplars(
    py: Python<'_>,
    network: &Bound<'_, Network>,
    data: Data,
    choosing: Choosing,
    how: How,
) -> PyResult<Exemplars> {
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        let Choosing { layers, units, count, out, force } = choosing;
        let default = ChooseConfig::default();
        let choose = ChooseConfig { n: count.unwrap_or(default.n), ..default };
        let choose =
            choose.checked().map_err(|error| Fault::of_parameter(error, &[("exemplars.n", "count")]))?;
        let units = units.iter().map(|unit| address(unit)).collect::<Result<Vec<_>, _>>()?;
        // before what takes long
        for unit in &units {
            network.channel_of(unit)?;
        }
        let config = ExemplarsConfig { layers, units: units.clone(), choose };
        let dataset = data.open()?;
        let folder = OutputFolder::create(&out, force || holds_exemplars(&out))?;
        let mut progress = |done: usize, total: usize| watch.report(done, total);
        let found = nanoaid::interpret::retrieval::exemplars(
            &network,
            &dataset,
            &config,
            folder.path(),
            &mut progress,
        )?;
        let (run, of) = ((&*from, &*network), (&*data.path, &dataset));
        let json = json_text(&exemplar_files(&found, run, of, &units, &folder)?)?;
        let (table, left_out) = (found.csv()?, LeftOut::of(&dataset, &found.skipped));
        Ok(Exemplars { own: Arc::new(Own { found, network, dataset }), out, json, table, left_out })
    })
}
