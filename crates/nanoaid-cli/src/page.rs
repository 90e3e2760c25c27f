//! Pages: self-contained HTML, images and charts embedded, no request leaves; dark and light.
//!
//! Everything that comes from a file (names, metadata) is escaped by `maud`. What is shown is
//! what the result structs hold; nothing is computed here.

pub(crate) mod classifier;
pub(crate) mod demo;
pub(crate) mod lens;
pub(crate) mod sweep;
pub(crate) mod training;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use micrograph::paint::Picture;

/// A page with a title, a line below it, and its body.
pub(crate) fn page(title: &str, below: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
                title { (title) " · NanoAID" }
                style { (PreEscaped(include_str!("page/style.css"))) }
            }
            body {
                header { h1 { (title) } p.below { (below) } }
                main { (body) }
                footer { "Made by NanoAID " (env!("CARGO_PKG_VERSION")) ". This page needs no network." }
                script { (PreEscaped(include_str!("page/fade.js"))) }
            }
        }
    }
    .into_string()
}

/// A picture inside the page.
pub(crate) fn embedded(picture: &Picture, alt: &str) -> Markup {
    embedded_png(&picture.png_bytes(None), alt)
}

/// A PNG inside the page.
pub(crate) fn embedded_png(png: &[u8], alt: &str) -> Markup {
    html! { img src={ "data:image/png;base64," (STANDARD.encode(png)) } alt=(alt); }
}

/// A picture with a caption.
pub(crate) fn figure(content: &Markup, caption: &Markup) -> Markup {
    html! { figure { (content) figcaption { (caption) } } }
}

/// A table of names and values.
pub(crate) fn facts(rows: &[(&str, String)]) -> Markup {
    html! {
        table.facts {
            @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } }
        }
    }
}
