//! A unit: what is known of it beyond the micrograph that is open. From the site that was named, from a pass over the data
//! folder, or from stimuli that it was shown on the page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::Rect;
use nanoaid::interpret::exemplar::{Exemplar, UnitExemplars};
use nanoaid::interpret::tuning::{LayerTuning, TuningConfig, TuningError, TuningStep, tune_unit};
use nanoaid::{Address, Layer, Network};
use nanoaid_pages::site::{ClassOfUnit as ClassOfSite, ConceptOfSite, TuningView, tuning_view};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::folder::{ClassOfUnit, DataFolder, Passed};
use crate::http::{Fault, Query, json};
use crate::jobs::{Job, Lane, Wish};

/// Patches of a kind that are shown.
const PATCHES: usize = 9;
/// Bytes that the tuning of a unit is taken for.
const TUNING_BYTES: usize = 64 << 10;

/// A unit whose tuning is wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TuningWish {
    network: String,
    unit: String,
}

/// What is known of a unit.
#[derive(Serialize)]
struct Known {
    /// Addresses relative to the page.
    site: Option<OfSite>,
    patches: Option<Patches>,
    classes: Vec<ClassOfUnit>,
    tuning: Option<TuningView>,
}

/// What the site has.
#[derive(Serialize)]
struct OfSite {
    page: String,
    picture: Option<String>,
    preset: Option<String>,
    score: Option<f32>,
    blank: Option<String>,
    machine_score: Option<f64>,
    concepts: Vec<ConceptOfSite>,
}

/// Real patches.
#[derive(Default, Serialize)]
struct Patches {
    /// `data` or `site`.
    of: &'static str,
    /// Micrographs that were read.
    n: usize,
    dead: bool,
    strongest: Vec<Patch>,
    weakest: Vec<Patch>,
}

/// A part of a micrograph of the folder or the site.
#[derive(Serialize)]
pub(crate) struct Patch {
    address: String,
    file: String,
    category: Option<String>,
    value: f32,
    /// Number of its micrograph in the data folder.
    open: Option<usize>,
}

impl Patch {
    /// The part `part` of micrograph `number` of `of`, `data` or `site`.
    pub(crate) fn of(
        of: &str,
        number: usize,
        part: Rect,
        file: &str,
        category: Option<&str>,
        value: f32,
    ) -> Self {
        let Rect { y, x, height, width } = part;
        Self {
            address: format!("api/{of}/{number}/patch?y={y}&x={x}&height={height}&width={width}"),
            file: file.to_owned(),
            category: category.map(str::to_owned),
            value,
            open: (of == "data").then_some(number),
        }
    }
}

/// Layer and channel of `unit`, which has to be a channel of `network`.
pub(crate) fn channel_of<'a>(network: &'a Network, unit: &str) -> Result<(&'a Layer, usize), Fault> {
    let Ok(Address::Layer { layer, channel: Some(channel), position: None }) = unit.parse() else {
        let text = format!("unit: found `{unit}`, expected a channel such as `encoder.2:17`");
        return Err(Fault::wrong(text));
    };
    let layer = network.known_layer(&layer).map_err(Fault::refused)?;
    if channel >= layer.n_channels {
        let (name, last) = (&layer.name, layer.n_channels - 1);
        return Err(Fault::missing(format!("layer `{name}` has channels 0 to {last}, found {channel}")));
    }
    Ok((layer, channel))
}

fn tuning_name(sha256: &str, layer: &str, channel: usize) -> String {
    format!("tuning/{sha256}/{layer}:{channel}")
}

/// What is known of the unit `unit` of `network`.
pub(crate) async fn unit(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let query = Query::of(request.uri());
    let network = Arc::clone(&app.network(query.required("network")?)?.network);
    let (found_layer, channel) = channel_of(&network, query.required("unit")?)?;
    let layer = &found_layer.name;
    let sha256 = network.sha256();
    let asked = Arc::clone(&app);
    let (of_sha256, of_layer) = (sha256.to_owned(), layer.clone());
    let of_site = tokio::task::spawn_blocking(move || {
        let site = asked.site.as_ref();
        site.map_or(Ok(None), |site| site.unit(&of_sha256, &of_layer, channel))
    });
    let of_site = of_site.await.map_err(|_| Fault::own("reading the site has panicked"))?;
    let of_site = of_site.map_err(Fault::refused)?;

    let mut known = Known { site: None, patches: None, classes: Vec::new(), tuning: None };
    if let Some(found) = of_site {
        known.patches = Some(patches_of_site(&app, &found.exemplars));
        known.classes = found.classes.iter().map(class_of_site).collect();
        known.tuning = found.tuning.as_ref().and_then(|tuning| view(tuning, channel));
        let first = found.pictures.into_iter().next();
        known.site = Some(OfSite {
            page: format!("site/{}", found.page),
            picture: found.picture.map(|picture| format!("site/{picture}")),
            score: first.as_ref().map(|picture| picture.score),
            preset: first.as_ref().map(|picture| picture.preset.clone()),
            blank: first.and_then(|picture| picture.blank),
            machine_score: found.summary.machine_score,
            concepts: of_site_address(found.concepts),
        });
    }
    if let Some((folder, passed)) =
        app.folder.as_ref().and_then(|folder| Some((folder, folder.passed(sha256, layer)?)))
    {
        // a pass on this page is newer than the site
        if let Some(exemplars) = passed.exemplars(found_layer, channel) {
            known.patches = Some(patches_of_data(folder, &passed, &exemplars));
        }
        known.classes = passed.classes_of(layer, channel);
    }
    if let Some(tuning) = app.kept.peek::<LayerTuning>(&tuning_name(sha256, layer, channel)) {
        known.tuning = view(&tuning, channel);
    }
    json(&known)
}

/// Concepts with addresses relative to the page.
fn of_site_address(concepts: Vec<ConceptOfSite>) -> Vec<ConceptOfSite> {
    let moved = |concept: ConceptOfSite| ConceptOfSite { page: format!("site/{}", concept.page), ..concept };
    concepts.into_iter().map(moved).collect()
}

fn view(tuning: &LayerTuning, channel: usize) -> Option<TuningView> {
    let unit = tuning.units.iter().find(|unit| unit.channel == channel)?;
    Some(tuning_view(tuning, unit))
}

fn class_of_site(found: &ClassOfSite) -> ClassOfUnit {
    let auc = &found.difference.auc;
    ClassOfUnit {
        class: found.class.clone(),
        auc: auc.value,
        low: auc.interval.map(|interval| interval.low),
        high: auc.interval.map(|interval| interval.high),
        q: found.difference.q,
    }
}

fn patches_of_site(app: &App, exemplars: &UnitExemplars) -> Patches {
    let Some(site) = &app.site else { return Patches::default() };
    let patch = |exemplar: &Exemplar| {
        let (file, _) = site.micrograph(exemplar.image)?;
        // a folder that holds the same file shows it with what its file says
        let open = app.folder.as_ref().and_then(|folder| folder.number_of(file));
        Some(Patch { open, ..Patch::of("site", exemplar.image, exemplar.field, file, None, exemplar.value) })
    };
    patches("site", site.n_micrographs(), exemplars, patch)
}

fn patches_of_data(folder: &DataFolder, passed: &Passed, exemplars: &UnitExemplars) -> Patches {
    let patch = |exemplar: &Exemplar| {
        let (file, category) = passed.micrograph(exemplar.image)?;
        let number = folder.number_of(file)?;
        Some(Patch::of("data", number, exemplar.field, file, category, exemplar.value))
    };
    patches("data", passed.n_micrographs(), exemplars, patch)
}

/// Those that drive a unit most, and the least that are not among them: of few micrographs, each would be both.
fn patches(
    of: &'static str,
    n: usize,
    exemplars: &UnitExemplars,
    patch: impl Fn(&Exemplar) -> Option<Patch>,
) -> Patches {
    let some = |all: &[Exemplar]| all.iter().take(PATCHES).filter_map(&patch).collect();
    let strongest: Vec<Patch> = some(&exemplars.strongest);
    let mut weakest: Vec<Patch> = some(&exemplars.weakest);
    weakest.retain(|one| strongest.iter().all(|other| other.address != one.address));
    Patches { of, n, dead: exemplars.dead, strongest, weakest }
}

/// Shows gratings, lattices, discs and noise to a unit.
pub(crate) fn begin(app: &Arc<App>, wish: TuningWish) -> Result<Job, Fault> {
    let network = Arc::clone(&app.network(&wish.network)?.network);
    let (layer, channel) = channel_of(&network, &wish.unit)?;
    let layer = layer.name.clone();
    let kept = Arc::clone(&app.kept);
    Ok(app.jobs.begin(Wish::Tuning(wish), 2, Lane::Short, move |reporter| {
        let config = TuningConfig::default();
        let found = tune_unit(&network, &layer, channel, &config, &mut |part| {
            reporter.tell(|job| {
                let is_own = matches!(part, TuningStep::Refine { .. });
                job.step = usize::from(is_own);
                job.share = if is_own { 0.9 } else { 0.05 };
                job.text =
                    if is_own { "gratings of its own" } else { "gratings, lattices, discs" }.to_owned();
            });
            reporter.flow()
        });
        let tuning = match found {
            Err(TuningError::Cancelled) => return Err(Fault::cancelled()),
            found => found.map_err(Fault::refused)?,
        };
        kept.put(tuning_name(network.sha256(), &layer, channel), tuning, TUNING_BYTES);
        Ok(())
    }))
}
