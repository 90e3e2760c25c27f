//! Changes: units switched off or up, the micrograph changed towards a class or a unit, and a unit taken apart, as `nanoaid ablate`,
//! `nanoaid accentuate` and `nanoaid circuit` compute them. Each is a job with a result and pictures.

use std::sync::Arc;

use micrograph::paint::gray_png;
use nanoaid::Address;
use nanoaid::interpret::ablate::{AblateConfig, ablate};
use nanoaid::interpret::accentuate::{AccentuateConfig, accentuate};
use nanoaid::interpret::circuit::{CircuitConfig, circuit};
use nanoaid::interpret::explain::Target;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::http::Fault;
use crate::jobs::{Job, Lane, Wish};
use crate::shown::{Shown, prepared};
use crate::unit::channel_of;

/// Units to switch off or up.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AblateWish {
    shown: Shown,
    network: String,
    units: Vec<String>,
    #[serde(default)]
    times: f32,
}

/// A class or a unit to change the micrograph towards.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccentuateWish {
    shown: Shown,
    network: String,
    #[serde(default)]
    class: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    away: bool,
}

/// A unit to take apart.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CircuitWish {
    network: String,
    unit: String,
    #[serde(default)]
    from: Option<String>,
}

fn unit(text: &str) -> Result<Address, Fault> {
    text.parse().map_err(|error| Fault::wrong(format!("unit: {error}")))
}

/// Switches units off or up.
pub(crate) async fn begin_ablation(app: &Arc<App>, wish: AblateWish) -> Result<Job, Fault> {
    let open = app.network(&wish.network)?;
    let units = wish.units.iter().map(|text| unit(text)).collect::<Result<_, _>>()?;
    let config = AblateConfig { units, times: wish.times, ..AblateConfig::default() };
    config.check(&open.network, None).map_err(Fault::refused)?;
    let decoded = wish.shown.decoded(app).await?;
    Ok(app.jobs.begin(Wish::Ablate(wish), 1, Lane::Short, move |reporter| {
        let prepared = prepared(&decoded)?;
        let found = ablate((&open.network, None), &prepared.plane, &config, &mut || reporter.flow())
            .map_err(Fault::refused)?;
        let drawn = found.pictures(prepared.facts.calibration.as_ref());
        let pictures = drawn.reconstruction.iter().chain(&drawn.maps);
        let pictures = pictures.map(|picture| picture.png_bytes(None)).collect();
        reporter.done(&found.ablation, pictures, Some(&prepared.plane))
    }))
}

/// Changes the micrograph.
pub(crate) async fn begin_accentuation(app: &Arc<App>, wish: AccentuateWish) -> Result<Job, Fault> {
    let open = app.network(&wish.network)?;
    let target = match (&wish.unit, &wish.class) {
        (Some(_), Some(_)) => return Err(Fault::wrong("unit, class: expected one of them")),
        (Some(text), None) => Target::Unit(unit(text)?),
        (None, Some(class)) => Target::Class(class.clone()),
        (None, None) => Target::Answer,
    };
    target.check(&open.network).map_err(Fault::refused)?;
    let config = AccentuateConfig { target, away: wish.away, ..AccentuateConfig::default() };
    let decoded = wish.shown.decoded(app).await?;
    Ok(app.jobs.begin(Wish::Accentuate(wish), config.strengths.len(), Lane::Short, move |reporter| {
        let prepared = prepared(&decoded)?;
        let plane = &prepared.plane;
        let found =
            accentuate(&open.network, plane, &config, &mut || reporter.flow()).map_err(Fault::refused)?;
        // without a scale bar: the page has one that follows the zoom
        let pictures = found.planes.iter().map(|plane| gray_png(plane, 0.0, 1.0)).collect();
        reporter.done(&found.accentuation, pictures, Some(plane))
    }))
}

/// Takes a unit apart.
pub(crate) fn begin_circuit(app: &App, wish: CircuitWish) -> Result<Job, Fault> {
    let open = app.network(&wish.network)?;
    let config =
        CircuitConfig { from: wish.from.clone(), pictures: false, ..CircuitConfig::of(unit(&wish.unit)?) };
    channel_of(&open.network, &wish.unit)?;
    Ok(app.jobs.begin(Wish::Circuit(wish), 1, Lane::Short, move |reporter| {
        let found = circuit(&open.network, &config).map_err(Fault::refused)?;
        let pictures = found.weight_pictures().iter().map(|picture| picture.png_bytes(None)).collect();
        reporter.done(&found, pictures, None)
    }))
}
