//! Change: a micrograph changed towards a class or a unit, units switched off or up, a unit taken apart, and the folder that the command
//! line makes of each.

use std::path::PathBuf;

use micrograph::Plane;
use nanoaid::Address;
use nanoaid::data::prepare::ReadSettings;
use nanoaid::interpret::ablate::{
    AblateConfig, AblateError, AblateSettings, ConceptsUsed, ablate_file, ablated_csv,
};
use nanoaid::interpret::accentuate::{
    AccentuateConfig, AccentuateSettings, accentuate_file, accentuated_csv,
};
use nanoaid::interpret::circuit::{CircuitConfig, CircuitError, CircuitSettings, circuit_files};
use nanoaid::output::json_text;
use nanoaid::record::{Input, NetworkUsed};
use pyo3::prelude::*;

use crate::explain::target;
use crate::fault::{Fault, Kind, Kinded};
use crate::image::Image;
use crate::network::{Network, parsed};
use crate::work::{How, run};
use crate::written::{Scratch, Written};

/// How a micrograph is changed: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Accentuating {
    named: Option<String>,
    against: Option<String>,
    unit: Option<String>,
    strengths: Option<Vec<f64>>,
    away: bool,
    steps: Option<usize>,
    controls: Option<usize>,
    seed: u64,
}

/// What is switched off or up: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Ablating {
    units: Vec<String>,
    concepts: Option<PathBuf>,
    numbers: Vec<usize>,
    times: f32,
    controls: Option<usize>,
    seed: u64,
}

/// What is taken apart: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct TakingApart {
    unit: String,
    from_layer: Option<String>,
    count: Option<usize>,
    pictures: bool,
    seed: u64,
}

fn reading(image: &Image) -> ReadSettings {
    let read = &image.config.read;
    ReadSettings { nm_per_px: read.nm_per_px, page: read.page, data_bar: image.config.data_bar }
}

impl Accentuating {
    fn settings(&self, image: &Image) -> Result<AccentuateSettings, Fault> {
        let default = AccentuateConfig::default();
        let config = AccentuateConfig {
            target: target(self.unit.as_deref(), self.named.as_deref(), self.against.as_deref())?,
            strengths: self.strengths.clone().unwrap_or(default.strengths),
            away: self.away,
            steps: self.steps.unwrap_or(default.steps),
            n_controls: self.controls.unwrap_or(default.n_controls),
            seed: self.seed,
        };
        let checked = config.checked();
        let accentuate =
            checked.map_err(|error| Fault::of_parameter(error, &[("n_controls", "controls")]))?;
        Ok(AccentuateSettings { accentuate, read: reading(image) })
    }
}

impl Ablating {
    fn settings(&self, image: &Image) -> Result<AblateSettings, Fault> {
        if self.concepts.is_some() && self.numbers.is_empty() {
            let reason = "found none, expected those of the concepts that are switched";
            return Err(Fault::of_text("numbers", reason));
        }
        let default = AblateConfig::default();
        let units = self.units.iter().map(|unit| parsed::<Address>("units", unit));
        let config = AblateConfig {
            units: units.collect::<Result<_, _>>()?,
            concepts: self.numbers.clone(),
            times: self.times,
            n_controls: self.controls.unwrap_or(default.n_controls),
            seed: self.seed,
        };
        let parameters = [("n_controls", "controls"), ("concepts", "numbers")];
        let ablate = config.checked().map_err(|error| Fault::of_parameter(error, &parameters))?;
        Ok(AblateSettings { ablate, read: reading(image), concepts: None })
    }
}

impl Kinded for AblateError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::NoConcept { .. } | Self::NoConcepts => Kind::Setting,
            Self::Bank { path, .. } if !path.exists() => Kind::Missing,
            Self::Bank { .. } => Kind::Read,
            Self::Explain(error) => error.kind(),
            _ => Kind::Network,
        }
    }
}

impl Kinded for CircuitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) => Kind::Setting,
            Self::Visualize(error) => error.kind(),
            Self::Prepare(error) => error.kind(),
            Self::Output(_) => Kind::Output,
            _ => Kind::Network,
        }
    }
}

/// Changes `image` towards what `network` looks for.
#[pyfunction]
pub(crate) fn accentuate(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    accentuating: Accentuating,
    how: How,
) -> PyResult<Written> {
    let image = image.get();
    let settings = accentuating.settings(image).map_err(|fault| fault.raised(py))?;
    let (source, name) = (image.source.clone(), image.name());
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        settings.accentuate.target.check(&network)?;
        let scratch = Scratch::new()?;
        let by = (&*network, NetworkUsed::of(&from, &network));
        let input = (&source, Input::of(&source));
        let found = accentuate_file(input, &name, by, &settings, &scratch.folder, &mut || watch.flow());
        let found = found.map_err(|error| Fault::at(source.path(), error))?;
        let json = json_text(&found.record)?;
        scratch.write(&format!("{name}.html"), &nanoaid_pages::accentuate::report(&name, &found.record))?;
        scratch.write("accentuated.csv", &accentuated_csv(&[(name.clone(), found.record)]))?;
        Ok(Written { name, json, planes: found.planes, files: scratch.files()? })
    })
}

/// Switches units of `network`, or concepts, off or up for `image`.
#[pyfunction]
pub(crate) fn ablate(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    ablating: Ablating,
    how: How,
) -> PyResult<Written> {
    let image = image.get();
    let mut settings = ablating.settings(image).map_err(|fault| fault.raised(py))?;
    let (source, name) = (image.source.clone(), image.name());
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        let mut bank = None;
        if let Some(path) = &ablating.concepts {
            let (used, read) = ConceptsUsed::read(path)?;
            settings.concepts = Some(used);
            bank = Some(read);
        }
        settings.ablate.check(&network, bank.as_ref())?;
        let scratch = Scratch::new()?;
        let by = (&*network, NetworkUsed::of(&from, &network), bank.as_ref());
        let input = (&source, Input::of(&source));
        let found = ablate_file(input, &name, by, &settings, &scratch.folder, &mut || watch.flow());
        let found = found.map_err(|error| Fault::at(source.path(), error))?;
        let json = json_text(&found.record)?;
        scratch.write(&format!("{name}.html"), &nanoaid_pages::ablate::report(&name, &found.record))?;
        scratch.write("ablated.csv", &ablated_csv(&[(name.clone(), found.record)]))?;
        Ok(Written { name, json, planes: Vec::new(), files: scratch.files()? })
    })
}

/// Takes a unit of `network` apart.
#[pyfunction]
pub(crate) fn circuit(
    py: Python<'_>,
    network: &Bound<'_, Network>,
    taking_apart: TakingApart,
    how: How,
) -> PyResult<Written> {
    let settings = || -> Result<CircuitSettings, Fault> {
        let default = CircuitConfig::of(parsed("unit", &taking_apart.unit)?);
        let config = CircuitConfig {
            from: taking_apart.from_layer.clone(),
            count: taking_apart.count.unwrap_or(default.count),
            pictures: taking_apart.pictures,
            seed: taking_apart.seed,
            ..default
        };
        Ok(CircuitSettings { circuit: config.checked()? })
    };
    let settings = settings().map_err(|fault| fault.raised(py))?;
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        let scratch = Scratch::new()?;
        let by = (&*network, NetworkUsed::of(&from, &network));
        let record = circuit_files(by, &settings, &scratch.folder, &mut |share| watch.share(share))?;
        scratch.write("report.html", &nanoaid_pages::circuit::report(&record))?;
        let found = &record.circuit;
        let plane = |weights: &Vec<Vec<f32>>| Plane::new(found.height, found.width, weights.concat());
        let planes = found.parts.iter().map(|part| plane(&part.weights)).collect();
        let (name, json) = (found.unit.to_string(), json_text(&record)?);
        Ok(Written { name, json, planes, files: scratch.files()? })
    })
}
