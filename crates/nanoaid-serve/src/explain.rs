//! Explaining on the page: where the score of a class lies on the micrograph, as the quick way of `nanoaid explain` gives it.

use std::sync::Arc;

use axum::extract::{Path as AddressPath, Request, State};
use axum::response::Response;
use nanoaid::hash::sha256;
use nanoaid::interpret::explain::{
    ExplainConfig, Explanation, Method, Target, Thoroughness, explain as explained,
};
use serde::Serialize;

use crate::app::{App, Asked};
use crate::http::{Fault, Query, json, not_stored, of_bytes};

/// Units that are named.
const UNITS: usize = 4;

/// An explanation that is kept.
struct Kept {
    explanation: Explanation,
    /// The map over the micrograph, as PNG.
    picture: Vec<u8>,
    size: (usize, usize),
}

/// What is answered.
#[derive(Serialize)]
struct Answered<'a> {
    id: &'a str,
    target: &'a str,
    score: f64,
    method: &'static str,
    meaning: &'static str,
    size: (usize, usize),
    units: Vec<(String, f64)>,
    warnings: &'a [String],
}

/// Why a network gives the class `class`, or else its answer.
pub(crate) async fn explain(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let query = Query::of(request.uri());
    let asked = Asked::of(&query)?;
    let decoded = asked.decoded(&app).await?;
    let network = Arc::clone(&asked.network(&app)?.network);
    let class = query.text("class").map(str::to_owned);
    let id = sha256(format!("{}/{class:?}", asked.seen_key()));
    let method = Method::HiresCam;
    let found: Arc<Kept> = app
        .kept
        .get(name(&id), move |wanted| {
            let prepared = decoded.prepared.as_ref().map_err(Clone::clone)?;
            let config = ExplainConfig {
                target: class.map_or(Target::Answer, Target::Class),
                methods: vec![method],
                structures: false,
                thoroughness: Thoroughness::Quick,
                ..ExplainConfig::default()
            };
            let plane = &prepared.plane;
            let found = explained(&network, plane, &config, &mut || wanted.flow()).map_err(Fault::refused)?;
            let calibration = prepared.facts.calibration.as_ref();
            let picture = found.painted(0, plane, calibration).png_bytes(None);
            let bytes = picture.len();
            let size = (plane.height(), plane.width());
            Ok((Kept { explanation: found.explanation, picture, size }, bytes))
        })
        .await?;
    let explanation = &found.explanation;
    let units = explanation.units.iter().take(UNITS);
    json(&Answered {
        id: &id,
        target: &explanation.target,
        score: explanation.score,
        method: method.name(),
        meaning: method.meaning(),
        size: found.size,
        units: units.map(|unit| (unit.unit.to_string(), unit.contribution)).collect(),
        warnings: &explanation.warnings,
    })
}

/// The map of an explanation over its micrograph.
pub(crate) async fn picture(
    State(app): State<Arc<App>>,
    AddressPath(id): AddressPath<String>,
) -> Result<Response, Fault> {
    let found = app.kept.peek::<Kept>(&name(&id));
    let found = found.ok_or_else(|| Fault::missing("this explanation is no longer kept; explain again"))?;
    Ok(not_stored(of_bytes("image/png", found.picture.clone())))
}

fn name(id: &str) -> String {
    format!("why/{id}")
}
