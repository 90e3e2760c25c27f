//! Written: a result with planes, and the files that the command line makes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use micrograph::Plane;
use nanoaid::output::{OutputError, OutputFolder};
use numpy::PyArray3;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tempfile::TempDir;

use crate::array;
use crate::fault::{Fault, Kind};
use crate::measure::files;

/// A result.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) json: String,
    pub(crate) planes: Vec<Plane>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

#[pymethods]
impl Written {
    /// One element of what the command prints with `--json`.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Its name among results.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Its planes, all of one size, `float32`, `[N, H, W]`.
    fn planes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let (height, width) = self.planes.first().map_or((0, 0), |plane| (plane.height(), plane.width()));
        let values = self.planes.iter().flat_map(|plane| plane.values().iter().copied()).collect();
        array::of_channels(py, values, [self.planes.len(), height, width])
    }

    /// Name and content of each file that the command writes.
    fn files<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyBytes>)> {
        files(py, &self.files)
    }

    /// Writes them into the folder at `path`.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let saved = py.detach(|| {
            let folder = OutputFolder::create(&path, force)?;
            self.files.iter().try_for_each(|(name, bytes)| folder.write(name, bytes))
        });
        saved.map_err(|error| Fault::from(error).raised(py))
    }
}

/// A folder for files that are read again.
pub(crate) struct Scratch {
    place: TempDir,
    /// The folder.
    pub(crate) folder: OutputFolder,
}

impl Scratch {
    /// An empty one.
    pub(crate) fn new() -> Result<Self, Fault> {
        let place = tempfile::tempdir().map_err(fault)?;
        let folder = OutputFolder::create(place.path(), true)?;
        Ok(Self { place, folder })
    }

    /// Name and content of all its files.
    pub(crate) fn files(&self) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let mut all = BTreeMap::new();
        for entry in std::fs::read_dir(self.place.path()).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // a lock is the folder's own
            if entry.path().is_file() && !name.starts_with('.') {
                all.insert(name, std::fs::read(entry.path()).map_err(fault)?);
            }
        }
        Ok(all.into_iter().collect())
    }

    /// Writes a file more.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), OutputError> {
        self.folder.write(name, text.as_bytes())
    }
}

fn fault(error: std::io::Error) -> Fault {
    Fault::new(Kind::Output, format!("temporary folder: {error}"))
}
