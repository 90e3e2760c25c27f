//! Network: one that was opened, and what the command line says of it.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use nanoaid::Device;
use nanoaid::info::Info;
use nanoaid::network::{builtin, open_as};
use nanoaid::output::json_text;
use pyo3::prelude::*;

use crate::fault::{Fault, Kind};
use crate::work::{How, run};

/// A network.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Network {
    /// The run folder, file, or name of a built-in network, as given.
    pub(crate) run: PathBuf,
    pub(crate) own: Arc<nanoaid::Network>,
    gray: OnceLock<Arc<nanoaid::Network>>,
}

impl Network {
    fn of(run: PathBuf, network: nanoaid::Network) -> Self {
        Self { run, own: Arc::new(network), gray: OnceLock::new() }
    }

    /// The network for grey images.
    pub(crate) fn gray(&self) -> Arc<nanoaid::Network> {
        Arc::clone(self.gray.get_or_init(|| match self.own.channels_in() {
            1 => Arc::clone(&self.own),
            _ => Arc::new(nanoaid::Network::clone(&self.own).gray()),
        }))
    }
}

/// What `text` says; the parameter is called `name`.
pub(crate) fn parsed<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|reason: T::Err| Fault::of_text(name, &reason.to_string()))
}

/// Refuses an instruction set that the machine lacks, with which networks would panic.
fn check_kernels() -> Result<(), Fault> {
    nanoaid::device::check_kernels().map_err(|error| Fault::new(Kind::Setting, error.to_string()))
}

#[pymethods]
impl Network {
    /// Opens a run folder, a file of weights, or a built-in network.
    #[staticmethod]
    fn open(
        py: Python<'_>,
        run: PathBuf,
        network: Option<String>,
        device: String,
        how: How,
    ) -> PyResult<Self> {
        crate::work::run(py, &how, move |_| {
            check_kernels()?;
            let network = network.map(|name| parsed("network", &name)).transpose()?;
            let opened = open_as(&run, network, parsed("device", &device)?)?;
            Ok(Self::of(run, opened))
        })
    }

    /// Opens the built-in network called `name`.
    #[staticmethod]
    fn builtin(py: Python<'_>, name: String, device: String, how: How) -> PyResult<Self> {
        run(py, &how, move |_| {
            check_kernels()?;
            let device: Device = parsed("device", &device)?;
            let Some(opened) = builtin::named(&name, device) else {
                let names = builtin::NAMES.join(", ");
                let text = format!("no built-in network `{name}`, expected one of: {names}");
                return Err(Fault::new(Kind::Network, text));
            };
            Ok(Self::of(PathBuf::from(&name), opened.map_err(|error| Fault::at(Path::new(&name), error))?))
        })
    }

    /// What `nanoaid info --json` says of it.
    fn json(&self, py: Python<'_>, nm_per_px: Option<f64>) -> PyResult<String> {
        let info = Info::of_network(&self.run, &self.own, None, nm_per_px);
        json_text(&info).map_err(|error| Fault::from(error).raised(py))
    }

    /// SHA-256 of the network as a file.
    #[getter]
    fn sha256(&self, py: Python<'_>) -> String {
        py.detach(|| self.own.sha256().to_owned())
    }

    /// Number of encoder stages.
    #[getter]
    fn n_stages(&self) -> usize {
        self.own.n_stages()
    }

    /// Where it runs.
    #[getter]
    fn device(&self) -> String {
        self.own.device().to_string()
    }

    /// Refuses a layer that it does not have.
    fn check_layer(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        let found = self.own.known_layer(name).map(|_| ());
        found.map_err(|error| Fault::from(error).raised(py))
    }

    /// Name of the layer at an encoder stage, from 1.
    fn layer_at_depth(&self, py: Python<'_>, depth: usize) -> PyResult<String> {
        let found = self.own.known_depth(depth).map(|layer| layer.name.clone());
        found.map_err(|error| Fault::from(error).raised(py))
    }
}
