//! The app: what all routes share, and the routes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{delete, get, post};
use micrograph::paint::{ColorMap, TiffStack};
use micrograph::synth::{self, demo_specimens};
use nanoaid::evaluate::classify::reliability;
use nanoaid::network::builtin;
use nanoaid::{Device, Network, terms};
use nanoaid_pages::site::OpenedSite;
use serde::Serialize;

use crate::events::Events;
use crate::folder::DataFolder;
use crate::gate::Gate;
use crate::guard::{Guard, guarded};
use crate::http::{Fault, Query, json, not_stored, of_bytes};
use crate::jobs::Jobs;
use crate::kept::Kept;
use crate::lens::NetworkInfo;
use crate::options::{ServeError, ServeOptions};
use crate::session::{Decoded, Reading, Session};
use crate::{
    assets, classify, events, explain, export, files, find, folder, jobs, lens, measure, report, segment,
    site, unit, upload,
};

/// A network that can be looked through.
pub(crate) struct OpenNetwork {
    /// What the page calls it.
    pub(crate) id: String,
    /// What it was opened from, as on the command line.
    pub(crate) run: PathBuf,
    /// One for colors is made one for grey images.
    pub(crate) network: Arc<Network>,
}

/// All that routes share.
pub(crate) struct App {
    pub(crate) guard: Guard,
    pub(crate) session: Session,
    networks: RwLock<Vec<Arc<OpenNetwork>>>,
    /// The micrographs that were named at the start.
    pub(crate) folder: Option<DataFolder>,
    /// The site that was named at the start.
    pub(crate) site: Option<OpenedSite>,
    /// Folder of networks that are trained here.
    pub(crate) trained: PathBuf,
    /// Where networks run.
    pub(crate) device: Device,
    pub(crate) gate: Arc<Gate>,
    pub(crate) kept: Arc<Kept>,
    pub(crate) jobs: Jobs,
    pub(crate) events: Arc<Events>,
    pub(crate) most_upload_bytes: u64,
    /// How often the built-in classifier is right.
    limits: String,
    example: Option<(String, Vec<u8>)>,
}

impl App {
    /// Opens the networks.
    pub(crate) fn new(options: ServeOptions, address: SocketAddr) -> Result<Self, ServeError> {
        let guard = Guard::new(&options, address)?;
        if options.trained.exists() && !options.trained.is_dir() {
            return Err(ServeError::Out { path: options.trained });
        }
        let built_in = builtin::NAMES.into_iter().filter(|name| builtin::has(name)).map(PathBuf::from);
        let folder = options.data.map(DataFolder::open).transpose()?;
        let site = options.site.map(|site| OpenedSite::open(&site)).transpose();
        let site = site.map_err(|source| ServeError::Site { source: Box::new(source) })?;
        let report = builtin::classifier_report().map_err(|error| ServeError::Runtime(error.into()))?;
        let gate = Arc::new(Gate::default());
        let kept = Arc::new(Kept::new(options.memory_budget_bytes, Arc::clone(&gate)));
        let events = Arc::new(Events::default());
        let app = Self {
            guard,
            session: Session::new().map_err(ServeError::Runtime)?,
            networks: RwLock::default(),
            folder,
            site,
            trained: options.trained,
            device: options.device,
            jobs: Jobs::new(Arc::clone(&gate), Arc::clone(&events)),
            gate,
            kept,
            events,
            most_upload_bytes: options.most_upload_bytes,
            limits: reliability(&report),
            example: options.example,
        };
        for run in built_in.chain(options.networks) {
            app.add(&run)?;
        }
        Ok(app)
    }

    /// Opens the network `run`, so that it can be looked through.
    pub(crate) fn add(&self, run: &Path) -> Result<(), ServeError> {
        let network = nanoaid::network::open(run, self.device)
            .map_err(|source| ServeError::Network { run: run.to_owned(), source: Box::new(source) })?;
        let name = run.file_stem().unwrap_or(run.as_os_str()).to_string_lossy().into_owned();
        let mut networks = self.networks.write().unwrap_or_else(PoisonError::into_inner);
        // a training that went on replaces what was open
        networks.retain(|open| open.run != run);
        let is_same = |open: &&Arc<OpenNetwork>| open.id == name || open.id.starts_with(&format!("{name}~"));
        let n_same = networks.iter().filter(is_same).count();
        let id = if n_same == 0 { name } else { format!("{name}~{}", n_same + 1) };
        networks.push(Arc::new(OpenNetwork { id, run: run.to_owned(), network: Arc::new(network.gray()) }));
        Ok(())
    }

    /// All networks.
    fn networks(&self) -> Vec<Arc<OpenNetwork>> {
        self.networks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends all work.
    pub(crate) fn end(&self) {
        self.jobs.end();
        self.gate.end();
        self.events.end();
    }

    /// The network called `id`.
    pub(crate) fn network(&self, id: &str) -> Result<Arc<OpenNetwork>, Fault> {
        let networks = self.networks();
        networks.iter().find(|network| network.id == id).map(Arc::clone).ok_or_else(|| {
            let known: Vec<&str> = networks.iter().map(|network| network.id.as_str()).collect();
            Fault::missing(format!("no network `{id}`, expected one of: {}", known.join(", ")))
        })
    }

    /// The image `id`, decoded as `reading` says.
    pub(crate) async fn decoded(&self, id: &str, reading: &Reading) -> Result<Arc<Decoded>, Fault> {
        let image = self.session.image(id)?;
        let reading = reading.clone();
        let name = format!("image/{id}/{}", reading.key());
        self.kept.get(name, move |_| image.decoded(&reading)).await
    }

    /// The real micrograph to begin with, if `name` is its.
    pub(crate) fn example_file(&self, name: &str) -> Option<&(String, Vec<u8>)> {
        self.example.as_ref().filter(|(file, _)| file == name)
    }

    /// The built-in micrograph `name`: the name of its file, and its bytes, unless they were written into `folder`.
    pub(crate) fn example(&self, name: &str, folder: &Path) -> Result<(String, Option<Vec<u8>>), Fault> {
        if let Some((file, bytes)) = self.example_file(name) {
            return Ok((file.clone(), Some(bytes.clone())));
        }
        let all = demo_specimens();
        let Some(specimen) = all.iter().find(|specimen| specimen.name == name) else {
            return Err(Fault::missing(format!("there is no built-in micrograph `{name}`")));
        };
        let file = format!("synthetic-{name}.tif");
        let made = synth::micrograph(&specimen.config, specimen.seed).map_err(Fault::own)?;
        let made = made.into_micrograph(&file);
        let size = (made.plane.height(), made.plane.width());
        let labels = [name.to_owned()];
        let mut stack =
            TiffStack::create(&folder.join(&file), size, &labels, made.facts.calibration.as_ref())
                .map_err(Fault::own)?;
        stack.push(&made.plane).map_err(Fault::own)?;
        stack.finish().map_err(Fault::own)?;
        Ok((file, None))
    }
}

/// What most questions name: an image, how it is read, a network, a layer.
pub(crate) struct Asked {
    pub(crate) image: String,
    pub(crate) reading: Reading,
    network: Option<String>,
    layer: Option<String>,
}

impl Asked {
    /// From the values `image`, `network`, `layer` and those of [`Reading::of`].
    pub(crate) fn of(query: &Query) -> Result<Self, Fault> {
        Ok(Self {
            image: query.required("image")?.to_owned(),
            reading: Reading::of(query)?,
            network: query.text("network").map(str::to_owned),
            layer: query.text("layer").map(str::to_owned),
        })
    }

    /// The network.
    pub(crate) fn network(&self, app: &App) -> Result<Arc<OpenNetwork>, Fault> {
        let id = self.network.as_deref().ok_or_else(|| Fault::wrong("the query has no `network`"))?;
        app.network(id)
    }

    /// The layer.
    pub(crate) fn layer(&self) -> Result<&str, Fault> {
        self.layer.as_deref().ok_or_else(|| Fault::wrong("the query has no `layer`"))
    }

    /// Image, reading and network as a part of a name.
    pub(crate) fn seen_key(&self) -> String {
        format!("{}/{}/{}", self.image, self.reading.key(), self.network.as_deref().unwrap_or_default())
    }

    /// The image, decoded.
    pub(crate) async fn decoded(&self, app: &Arc<App>) -> Result<Arc<Decoded>, Fault> {
        app.decoded(&self.image, &self.reading).await
    }
}

/// What the page has to know at its start.
#[derive(Serialize)]
struct Start<'a> {
    version: &'static str,
    networks: Vec<NetworkInfo<'a>>,
    examples: Vec<(String, String)>,
    images: Vec<(String, String)>,
    color_maps: Vec<&'static str>,
    terms: &'static [(&'static str, &'static str)],
    most_upload_bytes: u64,
    limits: &'a str,
    data: Option<NamedData>,
    /// Networks that the site shows.
    site: Option<Vec<&'a str>>,
}

/// The data folder, as the page has to know it.
#[derive(Serialize)]
struct NamedData {
    name: String,
    n: usize,
    categories: Vec<String>,
    /// What is to be known of the list.
    notes: Vec<String>,
    trained: String,
}

async fn start(State(app): State<Arc<App>>) -> Result<Response, Fault> {
    let open = app.networks();
    let networks =
        open.iter().map(|open| NetworkInfo::new(&open.id, open.run.display().to_string(), &open.network));
    let mut examples: Vec<(String, String)> = app
        .example
        .iter()
        .map(|(file, _)| (file.clone(), "a real micrograph of nanowires".to_owned()))
        .collect();
    examples.extend(
        demo_specimens()
            .iter()
            .map(|specimen| (specimen.name.to_owned(), format!("synthetic {}", specimen.name))),
    );
    json(&Start {
        version: env!("CARGO_PKG_VERSION"),
        networks: networks.collect(),
        examples,
        images: app.session.list(),
        color_maps: ColorMap::ALL.iter().map(|map| map.name()).collect(),
        terms: &terms::TERMS,
        most_upload_bytes: app.most_upload_bytes,
        limits: &app.limits,
        data: app.folder.as_ref().map(|folder| NamedData {
            name: folder.root.display().to_string(),
            n: folder.dataset.entries.len(),
            categories: folder.dataset.categories(),
            notes: folder.notes(),
            trained: app.trained.display().to_string(),
        }),
        site: app.site.as_ref().map(|site| {
            let shown = open.iter().filter(|network| site.has_network(network.network.sha256()));
            shown.map(|network| network.id.as_str()).collect()
        }),
    })
}

async fn info(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let asked = Asked::of(&Query::of(request.uri()))?;
    let image = app.session.image(&asked.image)?;
    let decoded = asked.decoded(&app).await?;
    json(&image.info(&decoded))
}

async fn forget(
    State(app): State<Arc<App>>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Result<Response, Fault> {
    app.session.remove(&id);
    json(&app.session.list())
}

/// All color maps: 256 colors of 3 bytes each, in the order of [`ColorMap::ALL`].
async fn color_maps() -> Response {
    let bytes = ColorMap::ALL.iter().flat_map(|map| map.table()).flatten().collect();
    not_stored(of_bytes("application/octet-stream", bytes))
}

/// Everything that is answered.
pub(crate) fn router(app: Arc<App>) -> Router {
    let prefix = app.guard.prefix().to_owned();
    let inside = Router::new()
        .route("/", get(assets::start))
        .route("/assets/{name}", get(assets::file))
        .route("/api/start", get(start))
        .route("/api/color-maps", get(color_maps))
        .route("/api/images", post(upload::take))
        .route("/api/images/{id}", delete(forget))
        .route("/api/examples/{name}", get(upload::example_picture).post(upload::example))
        .route("/api/info", get(info))
        .route("/api/layer", get(lens::layer))
        .route("/api/plane", get(lens::plane))
        .route("/api/reconstruction", get(lens::metrics))
        .route("/api/measure", post(measure::measure))
        .route("/api/segment", post(segment::segment))
        .route("/api/made/{id}/{file}", get(files::file))
        .route("/api/classify", get(classify::classify))
        .route("/api/explain", get(explain::explain))
        .route("/api/explained/{id}", get(explain::picture))
        .route("/api/find", get(find::find))
        .route("/api/export", get(export::export))
        .route("/api/jobs", get(jobs::list).post(jobs::begin))
        .route("/api/jobs/{id}", delete(jobs::cancel))
        .route("/api/jobs/{id}/picture", get(jobs::picture))
        .route("/api/jobs/{id}/curve", get(jobs::curve))
        .route("/api/jobs/{id}/result", get(jobs::result))
        .route("/api/jobs/{id}/file", get(report::file))
        .route("/api/events", get(events::stream))
        .route("/api/unit", get(unit::unit))
        .route("/api/data", get(folder::list))
        .route("/api/data/{number}", post(folder::open))
        .route("/api/data/{number}/patch", get(folder::patch))
        .route("/api/site/{number}/patch", get(site::patch))
        .route("/site/", get(site::start))
        .route("/site/{*name}", get(site::file))
        .fallback(async || Fault::missing("there is nothing at this address"));
    let router = if prefix.is_empty() {
        inside
    } else {
        // whether the proxy strips the path or not
        let start = Router::new().route(&format!("{prefix}/"), get(assets::start));
        inside.clone().merge(start).nest(&prefix, inside)
    };
    router
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&app), guarded))
        .with_state(app)
}
