//! A site that `nanoaid site` made, under `/site/`: its pages, and patches of its micrographs.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Path as AddressPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;
use micrograph::{Micrograph, Plane, ReadConfig, Source};
use nanoaid_pages::site::OpenedSite;

use crate::app::App;
use crate::http::{Fault, Number, Query, not_stored, of_bytes};
use crate::patch::{Part, png_of};

/// What the site's pages may load: their own files, and what they draw themselves.
const POLICY: &str = "default-src 'none'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn site_of(app: &App) -> Result<&OpenedSite, Fault> {
    let missing = || Fault::missing("no site was named; start `nanoaid serve --site FOLDER`");
    app.site.as_ref().ok_or_else(missing)
}

/// The site's first page.
pub(crate) async fn start(State(app): State<Arc<App>>) -> Result<Response, Fault> {
    file(State(app), AddressPath("index.html".to_owned())).await
}

/// A file that the site lists.
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    AddressPath(name): AddressPath<String>,
) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("the site has no file `{name}`"));
    let bytes = site_of(&app)?.file(&name).ok_or_else(missing)?.map_err(Fault::own)?;
    let kind = match Path::new(&name).extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        _ => "application/octet-stream",
    };
    let mut response = of_bytes(kind, bytes);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

/// A part of micrograph `number` of the site, as PNG.
pub(crate) async fn patch(
    State(app): State<Arc<App>>,
    Number(number): Number<usize>,
    request: Request,
) -> Result<Response, Fault> {
    let part = Part::of(&Query::of(request.uri()))?;
    let asked = Arc::clone(&app);
    let plane: Arc<Plane> = app
        .kept
        .get(format!("site/{number}"), move |_| {
            let missing = || Fault::missing(format!("the site has no micrograph {number}"));
            let site = site_of(&asked)?;
            let (_, picture) = site.micrograph(number).ok_or_else(missing)?;
            let bytes = site.file(&picture).ok_or_else(missing)?.map_err(Fault::own)?;
            let source = Source::from_bytes(Path::new(&picture), bytes);
            let plane =
                Micrograph::from_source(&source, &ReadConfig::default()).map_err(Fault::refused)?.plane;
            let bytes = size_of_val(plane.values());
            Ok((plane, bytes))
        })
        .await?;
    Ok(not_stored(of_bytes("image/png", png_of(&plane, part, (0.0, 255.0))?)))
}
