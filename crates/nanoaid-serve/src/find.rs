//! A place on the micrograph: which units fire there more than elsewhere, as `nanoaid find` ranks them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::Rect;
use nanoaid::Address;
use nanoaid::interpret::exemplar::{ActivationReader, FindConfig, find as found_in};
use serde::Serialize;

use crate::app::{App, Asked};
use crate::http::{Fault, Query, json};

/// Units of one layer that are ranked at most.
const MOST_UNITS: usize = 4096;

/// A unit and how much it fires.
#[derive(Clone, Debug, Serialize)]
struct Unit {
    unit: Address,
    inside: f32,
    outside: f32,
    /// The difference in standard deviations outside.
    contrast: f32,
}

/// The units that fire in the part `y`, `x`, `height`, `width`: of one layer, or of all usual ones where no layer is
/// named.
pub(crate) async fn find(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let query = Query::of(request.uri());
    let asked = Asked::of(&query)?;
    let number = |name: &str| {
        query.number::<usize>(name)?.ok_or_else(|| Fault::wrong(format!("the query has no `{name}`")))
    };
    let part = Rect { y: number("y")?, x: number("x")?, height: number("height")?, width: number("width")? };
    let n_units = query.number("units")?.unwrap_or(FindConfig::default().n_units).min(MOST_UNITS);
    let decoded = asked.decoded(&app).await?;
    let network = Arc::clone(&asked.network(&app)?.network);
    let layers = match asked.layer() {
        Ok(layer) => vec![layer.to_owned()],
        Err(_) => ActivationReader::usual_layers(&network),
    };
    let name = format!("find/{}/{layers:?}/{part:?}/{n_units}", asked.seen_key());
    let units: Arc<Vec<Unit>> = app
        .kept
        .get(name, move |_| {
            let prepared = decoded.prepared.as_ref().map_err(Clone::clone)?;
            let reader = ActivationReader::new(&network, &layers).map_err(Fault::refused)?;
            let found =
                found_in(&reader, &prepared.plane, part, &FindConfig { n_units }).map_err(Fault::refused)?;
            let unit = |fires: &nanoaid::interpret::exemplar::Fires| Unit {
                unit: Address::Layer {
                    layer: reader.layers()[fires.layer].name.clone(),
                    channel: Some(fires.channel),
                    position: None,
                },
                inside: fires.inside,
                outside: fires.outside,
                contrast: fires.contrast,
            };
            let units: Vec<Unit> = found.units.iter().map(unit).collect();
            let bytes = units.len() * size_of::<Unit>();
            Ok((units, bytes))
        })
        .await?;
    json(&*units)
}
