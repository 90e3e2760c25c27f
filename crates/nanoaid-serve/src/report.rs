//! Report: the folder that `nanoaid lens` writes of a micrograph, as a ZIP archive to take home.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use nanoaid::data::prepare;
use nanoaid::interpret::view::{ViewOutput, ViewSettings, view};
use nanoaid::output::OutputFolder;
use nanoaid::record::Input;
use serde::{Deserialize, Serialize};
use zip::write::FileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::app::App;
use crate::http::{Fault, Number, attachment};
use crate::jobs::{Job, Lane, Wish};
use crate::shown::Shown;

/// What is wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportWish {
    shown: Shown,
    network: String,
}

/// Writes it.
pub(crate) fn begin(app: &Arc<App>, wish: ReportWish) -> Result<Job, Fault> {
    let open = app.network(&wish.network)?;
    let reading = wish.shown.reading()?;
    let image = app.session.image(wish.shown.id())?;
    let every = ViewSettings::every_depth(&open.network);
    // of a network without depths the layer that is looked at by itself
    let layers = if every.layers.is_empty() {
        open.network.layers().last().map(|layer| layer.name.clone()).into_iter().collect()
    } else {
        every.layers.clone()
    };
    let settings = ViewSettings {
        layers,
        nm_per_px: reading.nm_per_px,
        page: reading.page,
        data_bar: reading.data_bar,
        ..every
    };
    let place = app.session.fresh_folder()?;
    Ok(app.jobs.begin(Wish::Report(wish), settings.layers.len(), Lane::Short, move |reporter| {
        let mut prepared =
            prepare::source(&image.source()?, &settings.prepare()).map_err(|error| image.said(error))?;
        let name = PathBuf::from(&image.name);
        prepared.facts.path.clone_from(&name);
        let folder = OutputFolder::create(place.path(), true).map_err(Fault::own)?;
        let page = |view: &nanoaid::interpret::view::View| nanoaid_pages::lens::report(view);
        let input = Input::File { path: name.clone(), sha256: image.sha256.clone() };
        let from = (open.run.as_path(), open.network.as_ref());
        let output = ViewOutput { folder: &folder, page: &page };
        view(&prepared, input, from, &settings, output, &mut |progress| {
            let done = progress.done as f64 / progress.total.max(1) as f64;
            reporter.tell(|job| job.share = (progress.layer as f64 + done) / progress.n_layers as f64);
            reporter.flow()
        })
        .map_err(|error| image.said(error))?;
        let stem = name.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = zipped(&format!("lens-{stem}"), &files_in(place.path())?)?;
        reporter.tell(|job| job.file = Some((format!("lens-{stem}.zip"), Arc::new(bytes))));
        Ok(())
    }))
}

/// The files of a folder by name.
fn files_in(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(Fault::own)? {
        let entry = entry.map_err(Fault::own)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && !name.starts_with('.') {
            files.insert(name, std::fs::read(entry.path()).map_err(Fault::own)?);
        }
    }
    Ok(files)
}

/// `files` in the folder `folder` of an archive. Not compressed, as pictures are.
pub(crate) fn zipped(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Fault> {
    let options = FileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(format!("{folder}/{name}"), options).map_err(Fault::own)?;
        archive.write_all(bytes).map_err(Fault::own)?;
    }
    Ok(archive.finish().map_err(Fault::own)?.into_inner())
}

/// The file of a job.
pub(crate) async fn file(State(app): State<Arc<App>>, Number(id): Number<u64>) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("job {id} has no file"));
    let (name, bytes) = app.jobs.file(id).ok_or_else(missing)?;
    Ok(attachment("application/zip", &name, bytes.as_ref().clone()))
}
