//! Assets: the page, its scripts and styles, compiled into the program. No address of a request names a file.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};

use crate::http::Fault;

/// Scripts are modules, each about one thing.
const ASSETS: [(&str, &str); 30] = [
    ("site.css", nanoaid_pages::site::STYLE),
    ("chart.css", nanoaid_pages::chart::STYLE),
    ("theme.js", nanoaid_pages::site::THEME_SCRIPT),
    ("app.css", include_str!("assets/app.css")),
    ("api.js", include_str!("assets/api.js")),
    ("app.js", include_str!("assets/app.js")),
    ("canvas.js", include_str!("assets/canvas.js")),
    ("change.js", include_str!("assets/change.js")),
    ("command.js", include_str!("assets/command.js")),
    ("data.js", include_str!("assets/data.js")),
    ("detail.js", include_str!("assets/detail.js")),
    ("dom.js", include_str!("assets/dom.js")),
    ("drop.js", include_str!("assets/drop.js")),
    ("figure.js", include_str!("assets/figure.js")),
    ("gl.js", include_str!("assets/gl.js")),
    ("help.js", include_str!("assets/help.js")),
    ("icon.svg", include_str!("assets/icon.svg")),
    ("image.js", include_str!("assets/image.js")),
    ("jobs.js", include_str!("assets/jobs.js")),
    ("known.js", include_str!("assets/known.js")),
    ("maps.js", include_str!("assets/maps.js")),
    ("measure.js", include_str!("assets/measure.js")),
    ("outline.js", include_str!("assets/outline.js")),
    ("place.js", include_str!("assets/place.js")),
    ("save.js", include_str!("assets/save.js")),
    ("scale.js", include_str!("assets/scale.js")),
    ("state.js", include_str!("assets/state.js")),
    ("unit.js", include_str!("assets/unit.js")),
    ("views.js", include_str!("assets/views.js")),
    ("why.js", include_str!("assets/why.js")),
];

/// The page.
pub(crate) async fn start() -> Html<&'static str> {
    Html(include_str!("assets/index.html"))
}

/// A script or a style.
pub(crate) async fn file(Path(name): Path<String>) -> Result<Response, Fault> {
    let Some((_, text)) = ASSETS.iter().find(|(known, _)| *known == name) else {
        return Err(Fault::missing(format!("there is no file `{name}`")));
    };
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}
