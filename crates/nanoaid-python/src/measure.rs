//! Measure: pitch, lattice, orientation, particles or fibres of a micrograph, and the folder of its record.

use std::path::PathBuf;

use micrograph::Rect;
use micrograph::measure::count::Polarity;
use micrograph::measure::{MeasureConfig, ReportConfig, Task};
use nanoaid::measure::{
    MeasureFolder, MeasureNetworks, MeasureSettings, MeasuredImage, PatternNetwork, measure as measured,
};
use nanoaid::output::json_text;
use nanoaid::record::NetworkUsed;
use nanoaid_pages::measure::measure_summary;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::fault::{Fault, Kind};
use crate::image::Image;
use crate::network::Network;
use crate::work::{How, run};

/// A micrograph that was measured.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Measurement {
    name: String,
    measured: MeasuredImage,
    settings: MeasureSettings,
    segmenter: Option<NetworkUsed>,
    json: String,
}

/// What is measured, and how: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Measuring {
    what: Vec<String>,
    unit: Option<String>,
    tilt_deg: f64,
    tilt_axis_deg: f64,
    part: Option<[usize; 4]>,
    bar_nm: Option<f64>,
    bar_box: Option<[usize; 4]>,
    polarity: Option<String>,
    min_size_px: Option<f64>,
    max_size_px: Option<f64>,
    threshold: Option<f64>,
    pitch_map: bool,
}

impl Measuring {
    fn settings(&self, image: &Image) -> Result<MeasureSettings, Fault> {
        let mut what = self.what.iter().map(|name| task(name)).collect::<Result<Vec<Task>, Fault>>()?;
        what.sort_unstable();
        what.dedup();
        let report = ReportConfig {
            what,
            tilt_deg: self.tilt_deg,
            tilt_axis_deg: self.tilt_axis_deg,
            polarity: self.polarity.as_deref().map(polarity).transpose()?,
            min_size_px: self.min_size_px,
            max_size_px: self.max_size_px,
        };
        let parameters = [("geometry.tilt_deg", "tilt_deg"), ("geometry.tilt_axis_deg", "tilt_axis_deg")];
        let report = report.checked().map_err(|error| Fault::of_parameter(error, &parameters))?;
        let rect = |[y, x, height, width]: [usize; 4]| Rect { y, x, height, width };
        let file = MeasureConfig {
            report,
            nm_per_px: image.config.read.nm_per_px,
            bar_nm: self.bar_nm,
            bar_box: self.bar_box.map(rect),
            part: self.part.map(rect),
            page: image.config.read.page,
            data_bar: image.config.data_bar,
        };
        let settings = MeasureSettings {
            file,
            unit: self.unit.clone(),
            threshold: self.threshold,
            pitch_map: self.pitch_map,
        };
        settings.segment()?;
        Ok(settings)
    }
}

/// What the command line calls `name`.
fn polarity(name: &str) -> Result<Polarity, Fault> {
    match name {
        "bright" => Ok(Polarity::Bright),
        "dark" => Ok(Polarity::Dark),
        "both" => Ok(Polarity::Both),
        _ => Err(Fault::of_text("polarity", &format!("found `{name}`, expected bright, dark or both"))),
    }
}

/// The measurement that the command line calls `name`.
fn task(name: &str) -> Result<Task, Fault> {
    match name {
        "pitch" => Ok(Task::Pitch),
        "lattice" => Ok(Task::Lattice),
        "orientation" => Ok(Task::Orientation),
        "count" => Ok(Task::Count),
        "fibres" => Ok(Task::Fibers),
        "pores" => Ok(Task::Pores),
        _ => {
            let reason =
                format!("found `{name}`, expected pitch, lattice, orientation, count, fibres or pores");
            Err(Fault::of_text("what", &reason))
        }
    }
}

#[pymethods]
impl Measurement {
    /// One element of what `nanoaid measure --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Name and content of each file that `nanoaid measure` writes for an image.
    fn files<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyBytes>)> {
        files(py, &self.measured.files)
    }

    /// Writes them, and the table, into the folder at `path`; one with measurements of the same settings is continued.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let used = self.measured.record.record.network.as_ref();
        let saved = py.detach(|| {
            let networks = (used, self.segmenter.as_ref());
            let mut folder = MeasureFolder::open(&path, force, &self.settings, networks)?;
            folder.keep(&self.name, &self.measured)?;
            let files = measure_summary(folder.records(), &mut |name| folder.beside(name));
            folder.write(&files)
        });
        saved.map_err(|error| Fault::from(error).raised(py))
    }
}

/// Name and content of each of `files`.
pub(crate) fn files<'py>(py: Python<'py>, files: &[(String, Vec<u8>)]) -> Vec<(String, Bound<'py, PyBytes>)> {
    files.iter().map(|(name, bytes)| (name.clone(), PyBytes::new(py, bytes))).collect()
}

/// Measures `image`; particles are counted by `segmenter` too, and `network` looks at the pattern.
#[pyfunction]
pub(crate) fn measure(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    measuring: Measuring,
    segmenter: Option<&Bound<'_, Network>>,
    network: Option<&Bound<'_, Network>>,
    how: How,
) -> PyResult<Measurement> {
    let image = image.get();
    let settings = measuring.settings(image).map_err(|fault| fault.raised(py))?;
    if settings.unit.is_some() && network.is_none() {
        return Err(Fault::new(Kind::Setting, "unit: expected a network, too".to_owned()).raised(py));
    }
    let (source, name) = (image.source.clone(), image.name());
    let segmenter = segmenter.map(|by| (by.get().run.clone(), by.get().own.clone()));
    let network = network.map(|by| (by.get().run.clone(), by.get().gray()));
    run(py, &how, move |watch| {
        let pattern = network
            .as_ref()
            .map(|(run, network)| PatternNetwork::new(run, network, settings.unit.as_deref()));
        let segmenter = segmenter.as_ref().map(|(run, network)| (&**network, NetworkUsed::of(run, network)));
        let used = segmenter.as_ref().map(|(_, used)| used.clone());
        let mut networks = MeasureNetworks { pattern: pattern.transpose()?, segmenter };
        let measured = measured((&source, name.as_str()), &settings, &mut networks, &mut |_| watch.flow());
        let measured = measured.map_err(|error| Fault::at(source.path(), error))?;
        drop(networks);
        let json = json_text(&measured.record)?;
        Ok(Measurement { name, measured, settings, segmenter: used, json })
    })
}
