//! The local web app: drop a micrograph on a page, and look at it through the layers of a network.
//!
//! A server on this machine, for one user: files that are dropped stay in its memory and in a temporary folder, and
//! no request leaves. Every number on the page comes from the call that the command line makes, and is shown from the
//! same result. [`Server::bind`] takes a port, [`Server::run`] answers until it is told to stop.
//!
//! | file | is about |
//! |---|---|
//! | `guard` | who may ask: Host, Origin, Sec-Fetch-Site, token |
//! | `http` | questions and replies: queries, errors, planes as bytes |
//! | `upload`, `session` | files that were dropped, and how they are read |
//! | `gate`, `kept` | what is computed next, what is kept of it, and what nobody waits for any more |
//! | `lens`, `measure`, `segment`, `classify`, `explain`, `find` | one result of the library each |
//! | `folder`, `site`, `unit` | micrographs and a site that were named at the start, and what they say of a unit |
//! | `jobs`, `events` | long work, and the one stream on which it reports |
//! | `ascent`, `training` | long work of one kind each |
//! | `files`, `export` | files to take home |
//! | `assets` | the page: scripts, styles |
//!
//! Knows no terminal: what has to be said is returned.

mod alike;
mod app;
mod ascent;
mod assets;
mod caricature;
mod change;
mod classify;
mod connection;
mod events;
mod explain;
mod export;
mod files;
mod find;
mod folder;
mod gate;
mod guard;
mod http;
mod jobs;
mod kept;
mod lens;
mod measure;
mod options;
mod patch;
mod planes;
mod report;
mod sample;
mod segment;
mod session;
mod shown;
mod site;
mod training;
mod unit;
mod upload;

pub use options::{BaseUrl, DEFAULT_PORT, MIN_PASSWORD, ServeError, ServeOptions};

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use app::App;

/// A server that has its port, and does not answer yet.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    app: Arc<App>,
    address: SocketAddr,
    wanted_port: u16,
}

impl Server {
    /// Opens the networks and takes the port: the one that is named, else [`DEFAULT_PORT`] or the next free one.
    ///
    /// # Errors
    /// If a network cannot be opened, the port is in use, or the options contradict each other.
    pub fn bind(options: ServeOptions) -> Result<Self, ServeError> {
        let options = options.checked()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // computing is done by other threads
            .worker_threads(2)
            .thread_name("serve")
            .enable_all()
            .build()
            .map_err(ServeError::Runtime)?;
        let wanted_port = options.port.unwrap_or(DEFAULT_PORT);
        let listener = runtime.block_on(connection::listen(&options))?;
        let address = listener.local_addr().map_err(ServeError::Runtime)?;
        let app = Arc::new(App::new(options, address)?);
        Ok(Self { runtime, listener, app, address, wanted_port })
    }

    /// The port that answers.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The port that was wanted and is in use by another program; `None` where the wanted one answers.
    pub fn port_in_use(&self) -> Option<u16> {
        (self.wanted_port != 0 && self.wanted_port != self.port()).then_some(self.wanted_port)
    }

    /// The address to open, with the token that lets a browser in; without it where there is a password.
    pub fn address(&self) -> String {
        self.app.guard.address()
    }

    /// Answers until `stop` returns true, which is asked several times a second; then ends all work.
    ///
    /// # Errors
    /// If the temporary folder with what was dropped cannot be removed; the error names it.
    pub fn run(self, stop: impl Fn() -> bool + Send + 'static) -> Result<(), ServeError> {
        let Self { runtime, listener, app, .. } = self;
        let router = app::router(Arc::clone(&app));
        runtime.block_on(connection::serve(listener, router, stop));
        app.end();
        let folder = app.session.folder().to_owned();
        runtime.shutdown_timeout(connection::PATIENCE);
        drop(app);
        // an upload that did not end in time still holds it
        match std::fs::remove_dir_all(&folder) {
            Err(source) if folder.exists() => Err(ServeError::Folder { path: folder, source }),
            _ => Ok(()),
        }
    }
}
