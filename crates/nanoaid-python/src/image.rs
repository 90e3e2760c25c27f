//! Image: a micrograph as its file holds it, with the settings by which every call reads it.

use std::path::PathBuf;

use micrograph::data_bar::{self, DataBarChoice};
use micrograph::paint::{Picture, Sampling, gray_png, resampled, robust_range};
use micrograph::{Micrograph, ReadConfig, ReadError, Source};
use nanoaid::data::prepare::{PrepareConfig, PrepareError};
use nanoaid::info::Info;
use nanoaid::output::{folder_names, json_text};
use nanoaid_cli::Failure;
use numpy::{PyArray2, PyArray3};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::array;
use crate::fault::{Fault, Kind};
use crate::work::{How, run};

/// How a file is read.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Reading {
    page: usize,
    nm_per_px: Option<f64>,
    data_bar: Bar,
}

/// What is done about a data bar: `find`, `keep`, or so many rows are cut off.
#[derive(Clone, FromPyObject)]
enum Bar {
    Rows(usize),
    Word(String),
}

impl Reading {
    fn config(&self) -> Result<PrepareConfig, Fault> {
        let data_bar = match &self.data_bar {
            Bar::Rows(rows) => DataBarChoice::CropBottom(*rows),
            Bar::Word(word) if word == "find" => DataBarChoice::Find,
            Bar::Word(word) if word == "keep" => DataBarChoice::Keep,
            Bar::Word(word) => {
                let reason = format!("found `{word}`, expected find, keep or a number of rows");
                return Err(Fault::of_text("data_bar", &reason));
            }
        };
        let read = ReadConfig { page: self.page, nm_per_px: self.nm_per_px, ..ReadConfig::default() };
        Ok(PrepareConfig { read, data_bar, ..PrepareConfig::default() })
    }
}

/// A micrograph.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Image {
    pub(crate) source: Source,
    pub(crate) config: PrepareConfig,
    micrograph: Micrograph,
    json: String,
}

impl Image {
    fn of(source: Source, config: PrepareConfig) -> Result<Self, Fault> {
        let micrograph = match Micrograph::from_source(&source, &config.read) {
            // an array may hold what is not a number: what can be done about it, each call decides
            Err(error @ ReadError::NotFinite { .. }) => {
                let all = ReadConfig { most_not_finite: 1.0, ..config.read.clone() };
                let micrograph = Micrograph::from_source(&source, &all)?;
                let info = Info::Micrograph {
                    facts: Box::new(micrograph.facts.clone()),
                    data_bar: None,
                    pixels_error: Some(Failure::from(error).to_string()),
                };
                return Ok(Self { source, config, micrograph, json: json_text(&info)? });
            }
            read => read?,
        };
        let (_, data_bar) = data_bar::specimen(&micrograph.plane, &micrograph.facts, config.data_bar)
            .map_err(|error| PrepareError::DataBar { path: source.path().to_owned(), source: error })?;
        let json = json_text(&Info::of_micrograph(micrograph.facts.clone(), data_bar))?;
        Ok(Self { source, config, micrograph, json })
    }

    /// The name of its files among results.
    pub(crate) fn name(&self) -> String {
        folder_names(&[self.source.path().to_owned()]).concat()
    }
}

#[pymethods]
impl Image {
    /// Reads the file at `path`.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf, reading: Reading, how: How) -> PyResult<Self> {
        run(py, &how, move |_| Self::of(Source::read(&path)?, reading.config()?))
    }

    /// Decodes `content`, the bytes of a file called `path`.
    #[staticmethod]
    fn decode(
        py: Python<'_>,
        path: PathBuf,
        content: PyBackedBytes,
        reading: Reading,
        how: How,
    ) -> PyResult<Self> {
        run(py, &how, move |_| Self::of(Source::from_bytes(&path, content.to_vec()), reading.config()?))
    }

    /// What `nanoaid info --json` says of it.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// The bytes of its file.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.source.bytes())
    }

    /// SHA-256 of the bytes of its file.
    #[getter]
    fn sha256(&self) -> &str {
        self.source.sha256()
    }

    /// The grey values of the file, data bar included, `float32`, `[H, W]`.
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        array::of_plane(py, self.micrograph.plane.clone())
    }

    /// A picture of it as PNG, no side longer than `most_px`.
    fn png<'py>(&self, py: Python<'py>, most_px: usize) -> Bound<'py, PyBytes> {
        let plane = &self.micrograph.plane;
        let bytes = py.detach(|| {
            let (low, high) = robust_range(plane).unwrap_or((0.0, 1.0));
            let zoom = (most_px as f64 / plane.height().max(plane.width()) as f64).min(1.0);
            let scaled = |px: usize| ((px as f64 * zoom).round() as usize).max(1);
            let small = resampled(plane, scaled(plane.height()), scaled(plane.width()), Sampling::Area);
            gray_png(&small, low, high)
        });
        PyBytes::new(py, &bytes)
    }
}

/// The pixels of a PNG that this package made, `uint8`, `[H, W, 3]`.
#[pyfunction]
pub(crate) fn pixels_of_png<'py>(py: Python<'py>, content: &[u8]) -> PyResult<Bound<'py, PyArray3<u8>>> {
    let picture = Picture::from_png_bytes(content);
    let fault = || Fault::new(Kind::Read, "not a picture that this program wrote".to_owned()).raised(py);
    array::of_picture(py, &picture.ok_or_else(fault)?)
}
