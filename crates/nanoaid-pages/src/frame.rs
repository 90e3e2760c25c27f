//! Frame: what all reports share: head, styles, figures, tables of names and values.
//!
//! Everything that comes from a file (names, metadata) is escaped by `maud`. What is shown is
//! what the result structs hold; values are not computed here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use micrograph::paint::Picture;
use nanoaid::record::Record;

/// A page with a title, a line below it, and its body.
pub fn page(title: &str, below: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
                title { (title) " · NanoAID" }
                style { (PreEscaped(include_str!("frame/style.css"))) (PreEscaped(crate::chart::STYLE)) }
            }
            body {
                header { h1 { (title) } p.below { (below) } }
                main { (body) }
                footer { "Made by NanoAID " (env!("CARGO_PKG_VERSION")) ". This page needs no network." }
                script { (PreEscaped(include_str!("frame/fade.js"))) (PreEscaped(include_str!("frame/zoom.js"))) }
            }
        }
    }
    .into_string()
}

/// A picture inside the page.
pub fn embedded(picture: &Picture, alt: &str) -> Markup {
    embedded_png(&picture.png_bytes(None), alt)
}

/// A PNG inside the page.
pub fn embedded_png(png: &[u8], alt: &str) -> Markup {
    html! { img src={ "data:image/png;base64," (STANDARD.encode(png)) } alt=(alt); }
}

/// A name inside a link; names are letters, digits, `-`, `_` and `.` already, and what is not ASCII is
/// written in per cents.
pub(crate) fn address(name: &str) -> String {
    name.bytes()
        .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A picture beside the page, that opens alone at its full size.
pub(crate) fn zoomed(name: &str, alt: &str) -> Markup {
    html! { a.zoom href=(address(name)) { img src=(address(name)) alt=(alt) loading="lazy"; } }
}

/// A picture with a caption.
pub fn figure(content: &Markup, caption: &Markup) -> Markup {
    html! { figure { (content) figcaption { (caption) } } }
}

/// What to know before a result is believed; nothing where there is none.
pub(crate) fn warnings<'a>(all: impl Iterator<Item = &'a String>) -> Markup {
    let all: Vec<&String> = all.collect();
    html! {
        @if !all.is_empty() {
            ul.warnings aria-label="warnings" { @for warning in &all { li { (warning) } } }
        }
    }
}

/// How a result was made, from its record, and how the file `name` of that makes it again.
pub(crate) fn made<S: serde::Serialize>(record: &Record<S>, name: &str) -> Markup {
    let network = record.network.as_ref().map_or("", |used| used.sha256.as_str());
    html! {
        h2 { "How this was made" }
        p {
            "NanoAID " (record.program_version) "; network SHA-256 " code { (network) } ". Numbers, settings and hashes are in "
            code { (name) } "; " code { "nanoaid replay " (name) } " makes it again."
        }
        details { summary { "Settings" } pre { (serde_json::to_string_pretty(&record.settings).unwrap_or_default()) } }
    }
}

/// A table of names and values.
pub fn facts(rows: &[(&str, String)]) -> Markup {
    html! {
        table.facts {
            @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } }
        }
    }
}
