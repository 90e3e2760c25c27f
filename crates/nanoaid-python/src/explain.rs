//! Explain: why a network gives a micrograph its class, or why a unit fires, and the folder that the command line makes of it.

use std::path::PathBuf;

use micrograph::Plane;
use nanoaid::interpret::explain::{
    ExplainConfig, ExplainRecord, ExplainSettings, Explainer, Method, Target, Thoroughness, explain_file,
    methods_csv,
};
use nanoaid::output::{OutputFolder, json_text};
use nanoaid::record::{Input, NetworkUsed};
use numpy::PyArray3;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::array;
use crate::fault::{Fault, Kind};
use crate::image::Image;
use crate::measure::files;
use crate::network::Network;
use crate::work::{How, run};

/// A score that was explained.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Explanation {
    name: String,
    json: String,
    maps: Vec<Plane>,
    /// What the command line writes for one image.
    files: Vec<(String, Vec<u8>)>,
}

/// How a score is explained: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Explaining {
    named: Option<String>,
    against: Option<String>,
    unit: Option<String>,
    methods: Vec<String>,
    layer: Option<String>,
    baseline: Option<String>,
    fill: Option<String>,
    most_steps: Option<usize>,
    most_masks: Option<usize>,
    structures: bool,
    thoroughness: String,
    seed: u64,
}

impl Explaining {
    fn settings(&self, image: &Image) -> Result<ExplainSettings, Fault> {
        let default = ExplainConfig::default();
        let wrong = |name: &str, reason: &dyn ToString| Fault::of_text(name, &reason.to_string());
        let target = match (&self.unit, &self.named, &self.against) {
            (Some(unit), ..) => Target::Unit(unit.parse().map_err(|error| wrong("unit", &error))?),
            (None, class, Some(rival)) => Target::Difference { class: class.clone(), rival: rival.clone() },
            (None, Some(class), None) => Target::Class(class.clone()),
            (None, None, None) => Target::Answer,
        };
        let methods = self.methods.iter().map(|name| name.parse::<Method>()).collect::<Result<_, _>>();
        let baseline = self.baseline.as_ref().map(|name| name.parse()).transpose();
        let fill = self.fill.as_ref().map(|name| name.parse()).transpose();
        let thoroughness = match self.thoroughness.as_str() {
            "quick" => Thoroughness::Quick,
            "usual" => Thoroughness::Usual,
            "checks" => Thoroughness::Checks,
            other => {
                return Err(Fault::of_text(
                    "thoroughness",
                    &format!("found `{other}`, expected quick, usual or checks"),
                ));
            }
        };
        let explain = ExplainConfig {
            target,
            methods: methods.map_err(|error| wrong("methods", &error))?,
            layer: self.layer.clone(),
            baseline: baseline.map_err(|error| wrong("baseline", &error))?.unwrap_or(default.baseline),
            fill: fill.map_err(|error| wrong("fill", &error))?.unwrap_or(default.fill),
            most_steps: self.most_steps.unwrap_or(default.most_steps),
            most_masks: self.most_masks.unwrap_or(default.most_masks),
            structures: self.structures,
            thoroughness,
            seed: self.seed,
        };
        Ok(ExplainSettings {
            explain: explain.checked()?,
            nm_per_px: image.config.read.nm_per_px,
            page: image.config.read.page,
            data_bar: image.config.data_bar,
            maps: false,
        })
    }
}

#[pymethods]
impl Explanation {
    /// One element of what `nanoaid explain --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Name of the image among results.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// What each pixel of the specimen adds to the score, by method, `float32`, `[M, H, W]`.
    fn maps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let (height, width) = self.maps.first().map_or((0, 0), |map| (map.height(), map.width()));
        let values = self.maps.iter().flat_map(|map| map.values().iter().copied()).collect();
        array::of_channels(py, values, [self.maps.len(), height, width])
    }

    /// Name and content of each file that `nanoaid explain` writes for an image.
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

/// Explains a score of `network` for `image`.
#[pyfunction]
pub(crate) fn explain(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    explaining: Explaining,
    how: How,
) -> PyResult<Explanation> {
    let image = image.get();
    let settings = explaining.settings(image).map_err(|fault| fault.raised(py))?;
    let (source, name) = (image.source.clone(), image.name());
    let (from, network) = (network.get().run.clone(), network.get().own.clone());
    run(py, &how, move |watch| {
        let scratch = |error: std::io::Error| Fault::new(Kind::Output, format!("temporary folder: {error}"));
        let place = tempfile::tempdir().map_err(scratch)?;
        let folder = OutputFolder::create(place.path(), true)?;
        let input = (&source, Input::of(&source));
        let used = NetworkUsed::of(&from, &network);
        let by = Explainer { network: &network, used, references: None };
        let found = explain_file(input, &name, by, &settings, &folder, &mut || watch.flow());
        let found = found.map_err(|error| Fault::at(source.path(), error))?;
        let json = json_text(&found.record)?;
        let mut files = Vec::new();
        let record = format!("{name}.json");
        for file in found.hashes.keys().chain([&record]) {
            files.push((file.clone(), std::fs::read(folder.file(file)).map_err(scratch)?));
        }
        let page = nanoaid_pages::explain::report(&name, &found.record);
        files.push((format!("{name}.html"), page.into_bytes()));
        let records: [(String, ExplainRecord); 1] = [(name.clone(), found.record)];
        files.push(("methods.csv".to_owned(), methods_csv(&records).into_bytes()));
        Ok(Explanation { name, json, maps: found.maps, files })
    })
}
