//! Lens: one micrograph through one layer of a network, and the folder that the command line makes of it.

use std::path::PathBuf;
use std::sync::Arc;

use micrograph::Plane;
use micrograph::paint::{ColorMap, Picture};
use nanoaid::data::prepare;
use nanoaid::interpret::lens::{LensConfig, LensImage, Order, look};
use nanoaid::interpret::view::{MapFormat, ViewFolder, ViewPage, ViewSettings};
use nanoaid::output::json_text;
use nanoaid_pages::lens::report;
use numpy::{PyArray2, PyArray3};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::array;
use crate::fault::{Fault, Kind};
use crate::image::Image;
use crate::network::Network;
use crate::work::{How, run};

/// What the lens shows.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Lens {
    lens: nanoaid::interpret::lens::Lens,
    image: Plane,
    json: String,
}

#[pymethods]
impl Lens {
    /// One element of `layers` of `nanoaid lens --json`.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// The feature maps, `float32`, `[C, H, W]`.
    fn maps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let maps = &self.lens.maps;
        let size = [maps.n_channels(), maps.height(), maps.width()];
        let values = py.detach(|| -> std::io::Result<Vec<f32>> {
            let mut values = Vec::with_capacity(size.iter().product());
            for channel in 0..size[0] {
                values.extend_from_slice(maps.plane(channel)?.values());
            }
            Ok(values)
        });
        let values = values.map_err(|error| Fault::new(Kind::Output, error.to_string()).raised(py))?;
        array::of_channels(py, values, size)
    }

    /// The specimen as the network saw it, in `[0, 1]`, `float32`, `[H, W]`.
    fn image<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        array::of_plane(py, self.image.clone())
    }

    /// The maps as one picture, in `[0, 1]`, `float32`, `[3, H, W]`; `None` if it was not requested.
    fn false_color<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray3<f32>>>> {
        let Some(colors) = &self.lens.false_color else { return Ok(None) };
        let [first, ..] = &colors.planes;
        let size = [3, first.height(), first.width()];
        let values = colors.planes.iter().flat_map(|plane| plane.values().iter().copied()).collect();
        array::of_channels(py, values, size).map(Some)
    }

    /// What the whole network makes of the image, in `[0, 1]`, `float32`, `[H, W]`; `None` unless it is an autoencoder.
    fn reconstruction<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<f32>>>> {
        let output = self.lens.reconstruction.as_ref().map(|found| found.output.clone());
        output.map(|plane| array::of_plane(py, plane)).transpose()
    }

    /// Where it is more wrong than usual where the image has as much contrast, `float32`, one value a cell.
    fn relative_errors<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<f32>>>> {
        let errors = self.lens.reconstruction.as_ref().map(|found| found.relative_errors.clone());
        errors.map(|plane| array::of_plane(py, plane)).transpose()
    }

    /// The map of `channel` as PNG, between `low` and `high`.
    fn map_png<'py>(
        &self,
        py: Python<'py>,
        channel: usize,
        range: (f32, f32),
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (low, high) = range;
        if channel >= self.lens.maps.n_channels() {
            let text = format!("channel {channel}: the layer has {}", self.lens.maps.n_channels());
            return Err(Fault::new(Kind::Setting, text).raised(py));
        }
        let bytes = py.detach(|| {
            let plane = self.lens.maps.plane(channel)?;
            Ok(Picture::from_plane(&plane, low, high, ColorMap::Viridis).png_bytes(None))
        });
        let failed = |error: std::io::Error| Fault::new(Kind::Output, error.to_string()).raised(py);
        bytes.map(|bytes| PyBytes::new(py, &bytes)).map_err(failed)
    }
}

/// The value that settings call `name`, for the parameter `parameter`.
fn named<T: DeserializeOwned>(parameter: &str, name: &str) -> Result<T, Fault> {
    serde_json::from_value(Value::String(name.to_owned()))
        .map_err(|error| Fault::of_text(parameter, &error.to_string()))
}

/// Looks at `image` through `layer` of `network`.
#[pyfunction]
pub(crate) fn lens(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    layer: String,
    order: String,
    extras: bool,
    how: How,
) -> PyResult<Lens> {
    let Image { source, config, .. } = image.get();
    let (source, config) = (source.clone(), config.clone());
    let network = network.get().gray();
    run(py, &how, move |watch| {
        let order: Order = named("order", &order)?;
        network.known_layer(&layer)?;
        let prepared = prepare::source(&source, &config)?;
        let calibration = prepared.facts.calibration.as_ref();
        let seen = LensImage { plane: &prepared.plane, calibration };
        let config = LensConfig { order, reconstruct: extras, false_color: extras, ..LensConfig::default() };
        let lens = look(&network, &layer, seen, &config, &mut |_, done, total| watch.report(done, total));
        let lens = lens.map_err(|error| Fault::at(source.path(), error))?;
        let json = json_text(&lens.result)?;
        Ok(Lens { lens, image: prepared.plane, json })
    })
}

/// Looks again, and writes all that `nanoaid lens` writes into the folder at `path`.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "those of the Python method, which are named there")]
pub(crate) fn save_lens(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    layer: String,
    order: String,
    maps: Vec<String>,
    path: PathBuf,
    force: bool,
    how: How,
) -> PyResult<()> {
    let Image { source, config, .. } = image.get();
    let (source, config) = (source.clone(), config.clone());
    let (run_of, network): (PathBuf, Arc<nanoaid::Network>) =
        (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        let formats = maps.iter().map(|name| named("maps", name)).collect::<Result<Vec<MapFormat>, _>>()?;
        let settings = ViewSettings {
            layers: vec![layer],
            order: named("order", &order)?,
            maps: formats,
            nm_per_px: config.read.nm_per_px,
            page: config.read.page,
            data_bar: config.data_bar,
            ..ViewSettings::every_depth(&network)
        };
        let folder = ViewFolder::open(&path, force, (run_of.as_path(), &*network), &settings)?;
        let page: ViewPage<'_> = &report;
        let shown = folder.view(
            &source,
            settings.page,
            None,
            (page, &mut |progress| watch.report(progress.done, progress.total)),
        );
        shown.map(|_| ()).map_err(|error| Fault::at(source.path(), error))
    })
}
