//! Classify: the class of a micrograph by a classifier, with probabilities, or an abstention.

use std::path::PathBuf;

use micrograph::file::write_whole;
use nanoaid::evaluate::classify::{FileAnswer, TrainedClassifier, answers_csv};
use nanoaid::output::json_text;
use pyo3::prelude::*;

use crate::fault::{Fault, Kind};
use crate::image::Image;
use crate::network::Network;
use crate::work::{How, run};

/// The answer of a classifier.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Classification {
    answer: FileAnswer,
    classes: Vec<String>,
    json: String,
    #[pyo3(get)]
    calibrated: bool,
    #[pyo3(get)]
    reliability: Option<String>,
}

#[pymethods]
impl Classification {
    /// One element of what `nanoaid classify --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// Writes the table that `nanoaid classify --csv` writes.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        if path.exists() {
            let text = format!("{} exists already; name a file that does not exist", path.display());
            return Err(Fault::new(Kind::Output, text).raised(py));
        }
        let table = answers_csv(&self.classes, std::slice::from_ref(&self.answer));
        write_whole(&path, table.as_bytes()).map_err(|error| Fault::from(error).raised(py))
    }
}

/// Classifies `image` by `network`.
#[pyfunction]
pub(crate) fn classify(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    abstain_below: Option<f64>,
    how: How,
) -> PyResult<Classification> {
    let Image { source, config, .. } = image.get();
    let (source, config) = (source.clone(), config.clone());
    let (name, network) = (network.get().run.clone(), network.get().own.clone());
    run(py, &how, move |_| {
        let classifier = TrainedClassifier::of_opened(&name, nanoaid::Network::clone(&network));
        let classifier = classifier.map_err(|error| Fault::at(&name, error))?;
        let classifier = match abstain_below {
            Some(least) => classifier.abstaining_below(least)?,
            None => classifier,
        };
        let answer = classifier.source(&source, &config)?;
        let json = json_text(&answer)?;
        Ok(Classification {
            answer,
            classes: classifier.classes().to_vec(),
            json,
            calibrated: classifier.calibrated(),
            reliability: classifier.reliability().map(str::to_owned),
        })
    })
}
