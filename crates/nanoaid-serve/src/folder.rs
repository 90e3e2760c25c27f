//! The folder of micrographs that was named at the start: its list, passes of networks over it, and what its micrographs
//! say of a unit. No name of a request opens a file: micrographs are numbers of the list.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::Plane;
use nanoaid::atlas::classes_against_rest;
use nanoaid::data::dataset::{Dataset, DatasetConfig, Entry, Origin};
use nanoaid::hash::sha256;
use nanoaid::interpret::activation_index::{ActivationIndex, ActivationIndexError, ImageArea};
use nanoaid::interpret::differential::{DifferentialAnalysis, DifferentialConfig};
use nanoaid::interpret::exemplar::{ActivationReader, ChooseConfig, UnitExemplars, choose};
use nanoaid::{Layer, Network};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::http::{Fault, Number, Query, json, not_stored, of_bytes};
use crate::jobs::{Job, Lane, Reporter, Wish};
use crate::options::ServeError;
use crate::patch::{Part, png_of};
use crate::upload::Taken;

/// The folder.
pub(crate) struct DataFolder {
    pub(crate) root: PathBuf,
    pub(crate) dataset: Dataset,
    passes: Mutex<Vec<Arc<Passed>>>,
    /// Why micrographs cannot be read, by their number, as far as it is known.
    problems: Mutex<BTreeMap<usize, String>>,
}

/// What a network gave for all micrographs of the folder.
pub(crate) struct Passed {
    /// Hash of the network.
    network_sha256: String,
    index: ActivationIndex,
    /// Each class against all others; units are numbered over all layers.
    classes: Vec<DifferentialAnalysis>,
}

/// A pass that is wanted: over the usual layers, and the one that is named.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassWish {
    pub(crate) network: String,
    #[serde(default)]
    layer: Option<String>,
}

/// A micrograph of the folder, as the page lists it.
#[derive(Serialize)]
struct Listed<'a> {
    file: &'a str,
    category: Option<&'a str>,
    /// Why it cannot be read.
    problem: Option<&'a str>,
}

/// A class, and how a unit separates it from the rest.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ClassOfUnit {
    pub(crate) class: String,
    pub(crate) auc: f64,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) q: f64,
}

impl DataFolder {
    /// Lists the folder, or the rows of an index file.
    pub(crate) fn open(root: PathBuf) -> Result<Self, ServeError> {
        match Dataset::open(&root, &DatasetConfig::default()) {
            Ok(dataset) => {
                let is_lost = |entry: &Entry| matches!(&entry.origin, Origin::File(path) if !path.exists());
                let lost = (0..).zip(&dataset.entries).filter(|(_, entry)| is_lost(entry));
                let problems = lost.map(|(number, _)| (number, "there is no such file".to_owned())).collect();
                Ok(Self { root, dataset, passes: Mutex::default(), problems: Mutex::new(problems) })
            }
            Err(source) => Err(ServeError::Data { source: Box::new(source) }),
        }
    }

    /// Micrograph `number`.
    fn entry(&self, number: usize) -> Result<&Entry, Fault> {
        let n = self.dataset.entries.len();
        let missing =
            || Fault::missing(format!("the folder has {n} micrographs, there is no number {number}"));
        self.dataset.entries.get(number).ok_or_else(missing)
    }

    /// The pass of the network with this hash that has the layer.
    pub(crate) fn passed(&self, sha256: &str, layer: &str) -> Option<Arc<Passed>> {
        let passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        let has =
            |passed: &&Arc<Passed>| passed.network_sha256 == sha256 && passed.index.layer(layer).is_some();
        passes.iter().rev().find(has).map(Arc::clone)
    }

    /// What the user has to know of the list.
    pub(crate) fn notes(&self) -> Vec<String> {
        let left_out = self.dataset.skipped.iter().map(|one| format!("{}: {}", one.file, one.reason));
        self.dataset.notices.iter().map(ToString::to_string).chain(left_out).collect()
    }

    fn problems(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of micrograph `file` in the list.
    pub(crate) fn number_of(&self, file: &str) -> Option<usize> {
        self.dataset.entries.iter().position(|entry| entry.file == file)
    }
}

impl Passed {
    /// Number of micrographs that were read.
    pub(crate) fn n_micrographs(&self) -> usize {
        self.index.seen.len()
    }

    /// Name of the file of micrograph `image` of the pass, and its class.
    pub(crate) fn micrograph(&self, image: usize) -> Option<(&str, Option<&str>)> {
        self.index.seen.get(image).map(|seen| (seen.file.as_str(), seen.category.as_deref()))
    }

    /// Micrographs that drive a channel of `layer` most and least.
    pub(crate) fn exemplars(&self, layer: &Layer, channel: usize) -> Option<UnitExemplars> {
        let answers = self.index.layer(&layer.name)?;
        let micrographs = (self.index.seen.as_slice(), &self.index.alike);
        Some(choose(micrographs, (layer, answers), channel, &ChooseConfig::default()))
    }

    /// How a channel of the layer called `layer` separates each class from the rest.
    pub(crate) fn classes_of(&self, layer: &str, channel: usize) -> Vec<ClassOfUnit> {
        let before = self.index.layers.iter().take_while(|answers| answers.layer != layer);
        let number = before.map(|answers| answers.n_channels).sum::<usize>() + channel;
        let of = |found: &DifferentialAnalysis| {
            let unit = found.units.get(number)?;
            Some(ClassOfUnit {
                class: found.a.classes.first()?.clone(),
                auc: unit.auc.value,
                low: unit.auc.interval.map(|interval| interval.low),
                high: unit.auc.interval.map(|interval| interval.high),
                q: unit.q,
            })
        };
        self.classes.iter().filter_map(of).collect()
    }
}

/// The folder, or what to do without one.
pub(crate) fn folder_of(app: &App) -> Result<&DataFolder, Fault> {
    let missing =
        || Fault::missing("no folder of micrographs was named; start `nanoaid serve --data FOLDER`");
    app.folder.as_ref().ok_or_else(missing)
}

/// All micrographs, by number.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, Fault> {
    let folder = folder_of(&app)?;
    let problems = folder.problems().clone();
    let entries = folder.dataset.entries.iter().enumerate();
    let listed: Vec<Listed<'_>> = entries
        .map(|(number, entry)| Listed {
            file: &entry.file,
            category: entry.category.as_deref(),
            problem: problems.get(&number).map(String::as_str),
        })
        .collect();
    json(&listed)
}

/// Opens micrograph `number`, as if it were dropped.
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Number(number): Number<usize>,
) -> Result<Response, Fault> {
    let entry = folder_of(&app)?.entry(number)?;
    let Origin::File(path) = &entry.origin else {
        return Err(Fault::missing(format!("{} is no file", entry.file)));
    };
    let (path, taken) = (path.clone(), Arc::clone(&app));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let image = tokio::task::spawn_blocking(move || {
        let folder = taken.session.fresh_folder()?;
        taken.session.take(folder, path, name)
    });
    let image = image.await.map_err(|_| Fault::own("reading the image has panicked"))?;
    let image = image.inspect_err(|fault| {
        if let Some(folder) = &app.folder {
            folder.problems().insert(number, fault.text.clone());
        }
    })?;
    json(&Taken { id: &image.id, name: &image.name })
}

/// A part of micrograph `number` as the networks see it, as PNG.
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    Number(number): Number<usize>,
    request: Request,
) -> Result<Response, Fault> {
    let part = Part::of(&Query::of(request.uri()))?;
    let entry = folder_of(&app)?.entry(number)?.clone();
    let prepare = folder_of(&app)?.dataset.prepare_config();
    let plane: Arc<Plane> = app
        .kept
        .get(format!("data/{number}"), move |_| {
            let plane = entry.prepared(&prepare).map_err(Fault::refused)?.plane;
            let bytes = size_of_val(plane.values());
            Ok((plane, bytes))
        })
        .await?;
    Ok(not_stored(of_bytes("image/png", png_of(&plane, part, (0.0, 1.0))?)))
}

/// Begins a pass over all micrographs.
pub(crate) fn begin(app: &Arc<App>, wish: PassWish) -> Result<Job, Fault> {
    let n = folder_of(app)?.dataset.entries.len();
    let network = Arc::clone(&app.network(&wish.network)?.network);
    let mut layers = ActivationReader::usual_layers(&network);
    if let Some(layer) = wish.layer.as_ref().filter(|layer| !layers.contains(layer)) {
        network.known_layer(layer).map_err(Fault::refused)?;
        layers.push(layer.clone());
    }
    let passing = Arc::clone(app);
    Ok(app.jobs.begin(Wish::Pass(wish), n, Lane::Long, move |reporter| {
        let folder = folder_of(&passing)?;
        let passed = pass(folder, &network, &layers, passing.session.folder(), reporter)?;
        folder.passes.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(passed));
        Ok(())
    }))
}

/// Passes the folder through `layers` of `network`; what is found is kept below `kept`.
fn pass(
    folder: &DataFolder,
    network: &Network,
    layers: &[String],
    kept: &Path,
    reporter: &Reporter,
) -> Result<Passed, Fault> {
    let name = sha256(format!("{}/{layers:?}", network.sha256()));
    let path = kept.join(format!("pass-{}", &name[..16]));
    let looked = ActivationIndex::build(
        network,
        layers,
        (&folder.dataset, ImageArea::Specimen),
        &path,
        &mut |done, n| {
            reporter.tell(|job| {
                (job.step, job.steps) = (done, n);
                job.share = done as f64 / n.max(1) as f64;
                job.text = format!("{done} of {n} micrographs");
            });
            reporter.flow()
        },
    );
    let index = match looked {
        Err(ActivationIndexError::Cancelled) => return Err(Fault::cancelled()),
        looked => looked.map_err(Fault::refused)?,
    };
    let unread =
        index.skipped.iter().filter_map(|one| Some((folder.number_of(&one.file)?, one.reason.clone())));
    folder.problems().extend(unread);
    if index.seen.is_empty() {
        let first = index.skipped.first();
        let reason = first.map_or(String::new(), |one| format!(": {}: {}", one.file, one.reason));
        return Err(Fault::refused(format!("none of the micrographs can be read{reason}")));
    }
    reporter.tell(|job| {
        let skipped = index.skipped.iter().map(|one| format!("{}: {}", one.file, one.reason));
        job.warnings = skipped.take(3).collect();
        if index.skipped.len() > 3 {
            job.warnings.push(format!(
                "{} files could not be read: the list of the data folder marks them",
                index.skipped.len()
            ));
        }
        "classes against each other".clone_into(&mut job.text);
    });
    let classes = classes_against_rest(&index, &DifferentialConfig::default()).map_err(Fault::refused)?;
    Ok(Passed { network_sha256: network.sha256().to_owned(), index, classes })
}
