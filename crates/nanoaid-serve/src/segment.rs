//! Outlining on the page: particles, fibres or pores by the segmenter, and what a person adds and removes, as
//! `nanoaid segment` writes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::ObjectKind;
use micrograph::data_bar::DataBarChoice;
use micrograph::regions::{Correction, Corrections};
use nanoaid::hash::sha256;
use nanoaid::network::builtin;
use nanoaid::record::{Input, NetworkUsed};
use nanoaid::segment::{SegmentConfig, SegmentRecord, SegmentSettings, segment_file};
use nanoaid_pages::chart::size_histogram;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::files::{self, Made};
use crate::http::{Fault, json_of};

/// Name of the file with what was added and removed.
const CORRECTIONS: &str = "corrections.json";

/// What is to be outlined.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    image: String,
    #[serde(default)]
    page: usize,
    #[serde(default)]
    nm_per_px: Option<f64>,
    #[serde(default)]
    data_bar: DataBarChoice,
    #[serde(default)]
    what: ObjectKind,
    #[serde(default)]
    threshold: Option<f64>,
    #[serde(default)]
    min_size_px: Option<f64>,
    #[serde(default)]
    max_size_px: Option<f64>,
    /// What a person adds and removes.
    #[serde(default)]
    corrections: Vec<Correction>,
}

/// What is answered.
#[derive(Serialize)]
struct Answered<'a> {
    id: &'a str,
    record: &'a SegmentRecord,
    /// Histogram of sizes as SVG; absent without whole objects.
    histogram: Option<String>,
    /// Median equivalent diameter in px, for circles that are added by a click.
    median_px: Option<f64>,
    overlay: &'a str,
    files: Vec<&'a str>,
}

impl Wish {
    fn settings(&self) -> Result<SegmentSettings, Fault> {
        let default = SegmentConfig::default();
        let segment = SegmentConfig {
            what: self.what,
            threshold: self.threshold.unwrap_or(default.threshold),
            min_size_px: self.min_size_px.unwrap_or(default.min_size_px),
            max_size_px: self.max_size_px,
            ..default
        };
        let nm_per_px = self.nm_per_px.map(micrograph::calibration::checked_nm_per_px).transpose();
        Ok(SegmentSettings {
            segment: segment.checked().map_err(Fault::refused)?,
            nm_per_px: nm_per_px.map_err(Fault::refused)?,
            page: self.page,
            data_bar: self.data_bar,
            corrections: (!self.corrections.is_empty()).then(|| Corrections::new(self.corrections.clone())),
        })
    }
}

/// Outlines, or gives what was outlined before with the same settings.
pub(crate) async fn segment(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let wish: Wish = json_of(request.into_body()).await?;
    let image = app.session.image(&wish.image)?;
    let settings = wish.settings()?;
    let network = Arc::clone(&app.network(builtin::SEGMENTER)?.network);
    let text = serde_json::to_string(&settings).map_err(Fault::own)?;
    let id = sha256(format!("segment/{}/{}/{text}", image.id, image.name));
    let made: Arc<Made> = app
        .kept
        .get(files::name(&id), move |wanted| {
            let source = image.source()?;
            let stem = Path::new(&image.name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let input = Input::File { path: PathBuf::from(&image.name), sha256: image.sha256.clone() };
            let used = NetworkUsed::of(builtin::SEGMENTER.as_ref(), &network);
            let found =
                segment_file((&source, input), &stem, (&network, used), &settings, &mut |_, _| wanted.flow())
                    .map_err(|error| image.said(error))?;
            let mut diameters: Vec<f64> = found.regions.iter().map(|region| region.diameter_px).collect();
            diameters.sort_by(f64::total_cmp);
            let mut all: BTreeMap<String, Vec<u8>> = found.files.into_iter().collect();
            if let Some(corrections) = &settings.corrections {
                let text = serde_json::to_vec_pretty(corrections).map_err(Fault::own)?;
                all.insert(CORRECTIONS.to_owned(), text);
            }
            let sizes = &found.record.sizes;
            let answer = Answered {
                id: &id,
                record: &found.record,
                histogram: sizes.summary.is_some().then(|| size_histogram(sizes)),
                median_px: diameters.get(diameters.len() / 2).copied(),
                overlay: &format!("{stem}.png"),
                files: all.keys().map(String::as_str).collect(),
            };
            let answer = serde_json::to_value(answer).map_err(Fault::own)?;
            Made::new(&answer, all)
        })
        .await?;
    Ok(made.response())
}
