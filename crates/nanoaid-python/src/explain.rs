//! Explain: why a network gives a micrograph its class, or why a unit fires, and the folder that the command line makes of it.

use nanoaid::interpret::explain::{
    ExplainConfig, ExplainRecord, ExplainSettings, Explainer, Method, Target, Thoroughness, explain_file,
    methods_csv,
};
use nanoaid::output::json_text;
use nanoaid::record::{Input, NetworkUsed};
use nanoaid_pages::unit_links::UnitLinks;
use pyo3::prelude::*;

use crate::fault::Fault;
use crate::image::Image;
use crate::network::{Network, parsed};
use crate::work::{How, run};
use crate::written::{Scratch, Written};

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

/// What is explained, or raised: a class, a difference of two, or a unit.
pub(crate) fn target(
    unit: Option<&str>,
    named: Option<&str>,
    against: Option<&str>,
) -> Result<Target, Fault> {
    Ok(match (unit, named, against) {
        (Some(unit), None, None) => Target::Unit(parsed("unit", unit)?),
        (Some(_), ..) => {
            return Err(Fault::of_text("unit", "found a class, too, expected either a unit or a class"));
        }
        (None, class, Some(rival)) => {
            Target::Difference { class: class.map(str::to_owned), rival: rival.to_owned() }
        }
        (None, Some(class), None) => Target::Class(class.to_owned()),
        (None, None, None) => Target::Answer,
    })
}

impl Explaining {
    fn settings(&self, image: &Image) -> Result<ExplainSettings, Fault> {
        let default = ExplainConfig::default();
        let wrong = |name: &str, reason: &dyn ToString| Fault::of_text(name, &reason.to_string());
        let target = target(self.unit.as_deref(), self.named.as_deref(), self.against.as_deref())?;
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

/// Explains a score of `network` for `image`.
#[pyfunction]
pub(crate) fn explain(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    explaining: Explaining,
    how: How,
) -> PyResult<Written> {
    let image = image.get();
    let settings = explaining.settings(image).map_err(|fault| fault.raised(py))?;
    let (source, name) = (image.source.clone(), image.name());
    let (from, network) = (network.get().run.clone(), network.get().gray());
    run(py, &how, move |watch| {
        settings.explain.check(&network)?;
        let scratch = Scratch::new()?;
        let input = (&source, Input::of(&source));
        let used = NetworkUsed::of(&from, &network);
        let by = Explainer { network: &network, used, references: None };
        let found = explain_file(input, &name, by, &settings, &scratch.folder, &mut || watch.flow());
        let found = found.map_err(|error| Fault::at(source.path(), error))?;
        let json = json_text(&found.record)?;
        scratch.write(
            &format!("{name}.html"),
            &nanoaid_pages::explain::report(&name, &found.record, &UnitLinks::default()),
        )?;
        let records: [(String, ExplainRecord); 1] = [(name.clone(), found.record)];
        scratch.write("methods.csv", &methods_csv(&records))?;
        Ok(Written { name, json, planes: found.maps, files: scratch.files()? })
    })
}
