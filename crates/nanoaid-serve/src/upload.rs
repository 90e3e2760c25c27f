//! Uploads: an image and the text files beside it, as one body that is written to the disk piece by piece.
//!
//! The body begins with the length of a list in 4 bytes (little-endian), then the list in JSON, then the files one
//! after the other. The first is the image. Nothing is given back as it came.

use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_core::Stream;
use micrograph::paint::{Sampling, gray_png, resampled};
use nanoaid::data::prepare;
use serde::Deserialize;

use crate::app::App;
use crate::http::{Fault, json, not_stored, of_bytes};
use crate::session::plain_name;

/// Most bytes of the list of files.
const MOST_LIST: usize = 64 << 10;
/// Most files of one upload: the image and its texts.
const MOST_FILES: usize = 16;
/// Most bytes of a text beside the image.
const MOST_TEXT: u64 = 1 << 20;
/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(30);

/// A file of an upload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Announced {
    name: String,
    size: u64,
}

/// The body of a request, read in pieces of the wanted sizes.
struct Pieces {
    body: axum::body::BodyDataStream,
    rest: Bytes,
}

impl Pieces {
    fn new(body: Body) -> Self {
        Self { body: body.into_data_stream(), rest: Bytes::new() }
    }

    /// At most `most` bytes; an error where the body ends or nothing comes.
    async fn next(&mut self, most: u64) -> Result<Bytes, Fault> {
        while self.rest.is_empty() {
            let body = &mut self.body;
            let piece = std::future::poll_fn(|context| Pin::new(&mut *body).poll_next(context));
            self.rest = match tokio::time::timeout(SILENCE, piece).await {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(Some(Err(error))) => return Err(Fault::wrong(format!("the upload was cut off: {error}"))),
                Ok(None) => {
                    return Err(Fault::wrong(
                        "the upload ends before all its files have come; drop them again",
                    ));
                }
                Err(_) => {
                    let text = format!("no byte came for {} s; drop the files again", SILENCE.as_secs());
                    return Err(Fault { status: StatusCode::REQUEST_TIMEOUT, text });
                }
            };
        }
        let n = usize::try_from(most).unwrap_or(usize::MAX).min(self.rest.len());
        Ok(self.rest.split_to(n))
    }

    /// Exactly `n` bytes.
    async fn exactly(&mut self, n: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::with_capacity(n);
        while bytes.len() < n {
            bytes.extend_from_slice(&self.next((n - bytes.len()) as u64).await?);
        }
        Ok(bytes)
    }
}

/// Takes an image and what lies beside it.
pub(crate) async fn take(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let mut pieces = Pieces::new(request.into_body());
    let length = pieces.exactly(4).await?;
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if length > MOST_LIST {
        return Err(Fault::wrong(format!(
            "the list of files has {length} bytes, at most {MOST_LIST} are read"
        )));
    }
    let list = pieces.exactly(length).await?;
    let files: Vec<Announced> = serde_json::from_slice(&list)
        .map_err(|error| Fault::wrong(format!("the list of files is not as expected: {error}")))?;
    checked(&files, app.most_upload_bytes)?;
    let folder = app.session.fresh_folder()?;
    let mut image = None;
    for (index, file) in files.iter().enumerate() {
        let mut name = plain_name(&file.name);
        if index > 0 && image.as_ref().is_some_and(|(_, of_image)| *of_image == name) {
            name.push_str(".beside");
        }
        let path = folder.path().join(&name);
        let failed = |error: std::io::Error| Fault::own(format!("{name} cannot be kept: {error}"));
        let mut out = std::fs::File::create(&path).map_err(failed)?;
        let mut missing = file.size;
        while missing > 0 {
            let bytes = pieces.next(missing).await?;
            missing -= bytes.len() as u64;
            // a disk that is full is an error; a slow one delays this upload only
            tokio::task::block_in_place(|| out.write_all(&bytes)).map_err(failed)?;
        }
        if index == 0 {
            image = Some((path, name));
        }
    }
    let Some((path, name)) = image else { return Err(Fault::wrong("the upload holds no file")) };
    let taken = Arc::clone(&app);
    let image = tokio::task::spawn_blocking(move || taken.session.take(folder, path, name)).await;
    let image = image.map_err(|_| Fault::own("reading the image has panicked"))??;
    json(&Taken { id: &image.id, name: &image.name })
}

/// What is said of an image that was taken.
#[derive(serde::Serialize)]
pub(crate) struct Taken<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
}

fn checked(files: &[Announced], most_bytes: u64) -> Result<(), Fault> {
    let Some((image, texts)) = files.split_first() else {
        return Err(Fault::wrong("the list of files is empty"));
    };
    if files.len() > MOST_FILES {
        return Err(Fault::wrong(format!(
            "{} files in one upload, at most {MOST_FILES} are read",
            files.len()
        )));
    }
    if image.size > most_bytes {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        return Err(Fault {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            text: format!(
                "{}: {} MiB, uploads of up to {} MiB are read; start with `--upload-limit` for more",
                plain_name(&image.name),
                mib(image.size),
                mib(most_bytes)
            ),
        });
    }
    if let Some(large) = texts.iter().find(|text| text.size > MOST_TEXT) {
        let name = plain_name(&large.name);
        return Err(Fault::wrong(format!(
            "{name}: {} bytes, texts beside images have at most 1 MiB",
            large.size
        )));
    }
    Ok(())
}

/// Longest side of the picture of a built-in micrograph.
const EXAMPLE_PX: usize = 256;

/// A small picture of a built-in micrograph.
pub(crate) async fn example_picture(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let drawn = tokio::task::spawn_blocking(move || {
        let prepared = match app.example_file(&name) {
            Some((file, bytes)) => {
                let source = micrograph::Source::from_bytes(std::path::Path::new(file), bytes.clone());
                prepare::source(&source, &prepare::PrepareConfig::default())
            }
            None => prepare::built_in(&name),
        };
        let plane = prepared.map_err(|error| Fault::missing(error.to_string()))?.plane;
        let longest = plane.height().max(plane.width()).max(EXAMPLE_PX);
        let scaled = |px: usize| (px * EXAMPLE_PX / longest).max(1);
        let small = resampled(&plane, scaled(plane.height()), scaled(plane.width()), Sampling::Area);
        Ok::<_, Fault>(gray_png(&small, 0.0, 1.0))
    });
    let png = drawn.await.map_err(|_| Fault::own("drawing the specimen has panicked"))??;
    Ok(not_stored(of_bytes("image/png", png)))
}

/// Opens a built-in micrograph.
pub(crate) async fn example(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let taken = Arc::clone(&app);
    let image = tokio::task::spawn_blocking(move || {
        let folder = taken.session.fresh_folder()?;
        let (file, bytes) = taken.example(&name, folder.path())?;
        let path = folder.path().join(&file);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).map_err(Fault::own)?;
        }
        taken.session.take(folder, path, file)
    });
    let image = image.await.map_err(|_| Fault::own("making the specimen has panicked"))??;
    json(&Taken { id: &image.id, name: &image.name })
}
