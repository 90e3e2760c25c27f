//! Measuring on the page: the record that `nanoaid measure` writes, its rows in words, and the files beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::Rect;
use micrograph::data_bar::DataBarChoice;
use micrograph::measure::count::Polarity;
use micrograph::measure::file::MeasureConfig;
use micrograph::measure::{Report, ReportConfig, Task};
use nanoaid::hash::sha256;
use nanoaid::measure::{
    MeasureNetworks, MeasureRecord, MeasureSettings, PatternNetwork, csv_header, csv_row,
    measure as measured, pitch_picture_name,
};
use nanoaid::network::builtin;
use nanoaid::record::{Input, NetworkUsed};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::files::{self, Made};
use crate::http::{Fault, json_of};

/// Name of the table.
const TABLE: &str = "measurements.csv";

/// What is to be measured.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wish {
    image: String,
    page: usize,
    nm_per_px: Option<f64>,
    data_bar: DataBarChoice,
    what: Vec<Task>,
    part: Option<Rect>,
    bar_nm: Option<f64>,
    bar_box: Option<Rect>,
    tilt_deg: f64,
    tilt_axis_deg: f64,
    polarity: Option<Polarity>,
    min_size_px: Option<f64>,
    max_size_px: Option<f64>,
    /// Least probability of a pixel of an object, for the segmenter.
    threshold: Option<f64>,
    /// Whether pitches are mapped place by place, too.
    pitch_map: bool,
    /// A network that looks, too.
    network: Option<String>,
    unit: Option<String>,
}

impl Default for Wish {
    fn default() -> Self {
        let ReportConfig { what, tilt_deg, tilt_axis_deg, .. } = ReportConfig::default();
        Self {
            image: String::new(),
            page: 0,
            nm_per_px: None,
            data_bar: DataBarChoice::default(),
            what,
            part: None,
            bar_nm: None,
            bar_box: None,
            tilt_deg,
            tilt_axis_deg,
            polarity: None,
            min_size_px: None,
            max_size_px: None,
            threshold: None,
            pitch_map: false,
            network: None,
            unit: None,
        }
    }
}

impl Wish {
    fn settings(&self) -> Result<MeasureSettings, Fault> {
        let mut what = self.what.clone();
        what.sort_unstable();
        what.dedup();
        let (tilt_deg, tilt_axis_deg) = (self.tilt_deg, self.tilt_axis_deg);
        let Self { polarity, min_size_px, max_size_px, .. } = *self;
        let report = ReportConfig { what, tilt_deg, tilt_axis_deg, polarity, min_size_px, max_size_px };
        let file = MeasureConfig {
            report: report.checked().map_err(Fault::refused)?,
            nm_per_px: self.nm_per_px,
            bar_nm: self.bar_nm,
            bar_box: self.bar_box,
            part: self.part,
            page: self.page,
            data_bar: self.data_bar,
        };
        let settings = MeasureSettings {
            file,
            unit: self.unit.clone(),
            threshold: self.threshold,
            pitch_map: self.pitch_map,
        };
        settings.segment().map_err(Fault::refused)?;
        Ok(settings)
    }
}

/// A row of the table on the page.
#[derive(Debug, PartialEq, Serialize)]
struct Row {
    what: &'static str,
    /// Name of the number; empty for what is said of all.
    name: String,
    value: Option<String>,
    expanded: Option<String>,
    unit: &'static str,
    /// How it was measured, or why there is no number.
    note: String,
}

/// What is answered.
#[derive(Serialize)]
struct Answered<'a> {
    id: &'a str,
    record: &'a MeasureRecord,
    rows: Vec<Row>,
    warnings: Vec<String>,
    /// The file with the marks over the image.
    overlay: &'a str,
    pitch_map: Option<Mapped>,
    files: Vec<&'a str>,
}

/// The map of pitches in words, and its picture among the files.
#[derive(Serialize)]
struct Mapped {
    text: String,
    picture: Option<String>,
}

/// The rows of a report, as the command line prints them.
fn rows(report: &Report) -> Vec<Row> {
    let mut rows = Vec::new();
    for answer in &report.answers {
        let what = answer.task.name();
        let said = |name: &str, note: String| Row {
            what,
            name: name.to_owned(),
            value: None,
            expanded: None,
            unit: "",
            note,
        };
        if let Some(summary) = &answer.summary {
            rows.push(said("", format!("{summary} ({})", answer.chosen)));
        }
        rows.extend(answer.findings.iter().map(|finding| {
            let (value, expanded) = finding.quantity.texts();
            Row {
                what,
                name: finding.name.clone(),
                value: Some(value),
                expanded: Some(expanded),
                unit: finding.quantity.unit.symbol(),
                note: finding.quantity.method.clone(),
            }
        }));
        rows.extend(
            answer
                .refused
                .iter()
                .map(|refusal| said(refusal.name.as_deref().unwrap_or("refused"), refusal.reason.clone())),
        );
    }
    rows
}

/// Measures, or gives what was measured before with the same settings.
pub(crate) async fn measure(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let wish: Wish = json_of(request.into_body()).await?;
    let image = app.session.image(&wish.image)?;
    let settings = wish.settings()?;
    if let Some(nm) = wish.nm_per_px {
        micrograph::calibration::checked_nm_per_px(nm).map_err(Fault::refused)?;
    }
    let network = wish.network.as_deref().map(|id| app.network(id)).transpose()?;
    let network = network.map(|open| (open.run.clone(), Arc::clone(&open.network)));
    let segmenter = app.network(builtin::SEGMENTER).ok().map(|open| Arc::clone(&open.network));
    let text = serde_json::to_string(&settings).map_err(Fault::own)?;
    let id = sha256(format!("{}/{}/{text}/{:?}", image.id, image.name, wish.network));
    let made: Arc<Made> = app
        .kept
        .get(files::name(&id), move |wanted| {
            let source = image.source()?;
            let pattern = match &network {
                Some((run, network)) => Some(
                    PatternNetwork::new(run, network, settings.unit.as_deref())
                        .map_err(|error| image.said(error))?,
                ),
                None => None,
            };
            let segmenter = segmenter.as_deref();
            let used = segmenter.map(|network| NetworkUsed::of(builtin::SEGMENTER.as_ref(), network));
            let mut networks = MeasureNetworks { pattern, segmenter: segmenter.zip(used) };
            let stem = Path::new(&image.name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let temporary = source.path().display().to_string();
            let found = measured((&source, &stem), &settings, &mut networks, &mut |_| wanted.flow());
            let mut found = found.map_err(|error| image.said(error))?;
            let own = Input::File { path: PathBuf::from(&image.name), sha256: image.sha256.clone() };
            found.record.record.input = Some(own);
            let overlay = format!("{stem}.png");
            let mut files: BTreeMap<String, Vec<u8>> = found.files.into_iter().collect();
            let json = files.get_mut(&format!("{stem}.json"));
            if let Some((bytes, text)) = json.and_then(|bytes| {
                let text = String::from_utf8(bytes.clone()).ok()?;
                Some((bytes, text))
            }) {
                let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
                *bytes = text.replace(&quoted(&temporary), &quoted(&image.name)).into_bytes();
            }
            let table = format!("{}{}", line(csv_header()), line(csv_row(&stem, &found.record)));
            files.insert(TABLE.to_owned(), table.into_bytes());
            let report = &found.record.report;
            let answer = Answered {
                id: &id,
                record: &found.record,
                rows: rows(report),
                warnings: report.warnings.iter().map(ToString::to_string).collect(),
                overlay: &overlay,
                pitch_map: found.record.pitch_map.as_ref().map(|map| Mapped {
                    text: map.text(),
                    picture: Some(pitch_picture_name(&stem)).filter(|picture| files.contains_key(picture)),
                }),
                files: files.keys().map(String::as_str).collect(),
            };
            let answer = serde_json::to_value(answer).map_err(Fault::own)?;
            Made::new(&answer, files)
        })
        .await?;
    Ok(made.response())
}

fn line(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
