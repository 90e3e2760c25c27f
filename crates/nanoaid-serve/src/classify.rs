//! Classifying on the page: classes with probabilities, or an abstention, as `nanoaid classify` gives them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use nanoaid::evaluate::classify::{NamedClass, TrainedClassifier};
use nanoaid_pages::class::{class_caution, class_text};
use serde::Serialize;

use crate::app::{App, Asked};
use crate::http::{Fault, Query, json};

/// What is answered.
#[derive(Serialize)]
struct Answered<'a> {
    #[serde(flatten)]
    found: &'a NamedClass,
    text: String,
    caution: String,
}

/// The class of a micrograph.
pub(crate) async fn classify(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let asked = Asked::of(&Query::of(request.uri()))?;
    let decoded = asked.decoded(&app).await?;
    let open = asked.network(&app)?;
    let (run, network) = (open.run.clone(), Arc::clone(&open.network));
    let name = format!("class/{}", asked.seen_key());
    let found: Arc<NamedClass> = app
        .kept
        .get(name, move |_| {
            let prepared = decoded.prepared.as_ref().map_err(Clone::clone)?;
            let classifier =
                TrainedClassifier::of_opened(&run, network.as_ref().clone()).map_err(Fault::refused)?;
            let named =
                classifier.named(&run.display().to_string(), &prepared.plane).map_err(Fault::refused)?;
            Ok((named, size_of::<NamedClass>()))
        })
        .await?;
    json(&Answered { found: &found, text: class_text(&found), caution: class_caution(&found) })
}
