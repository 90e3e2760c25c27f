//! Frame of a page: head with styles and scripts, path back to the first page, and a foot with how it was made.
//!
//! Styles and scripts are files of the site, so that the policy of the page can forbid everything
//! else. Under `file://` browsers give every file an origin of its own, which `'self'` does not match; the scheme
//! `file:` is therefore listed too.

use maud::{DOCTYPE, Markup, html};

use crate::site::address::{From, MICROGRAPHS, START};
use crate::site::model::Site;

/// What a page may load: only files of the site and images inside the page.
const POLICY: &str = "default-src 'none'; img-src 'self' file: data: blob:; style-src 'self' file: 'unsafe-inline'; \
                      script-src 'self' file:; base-uri 'none'; form-action 'none'";

/// What differs between the frames of pages.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Where the page is.
    pub address: String,
    /// Its heading.
    pub title: String,
    /// A line below it.
    pub below: String,
    /// Pages above it, from the top, with their addresses.
    pub above: Vec<(String, String)>,
    /// The page before it in its row, and the page after it.
    pub row: (Option<String>, Option<String>),
    /// Scripts besides that of all pages, files of `assets/`.
    pub scripts: &'static [&'static str],
    /// The page's own part of the command line's words, e.g. `encoder.2:17`.
    pub cited_as: String,
    /// Names and values of the record that only this page has, e.g. the network's hash.
    pub made: Vec<(String, String)>,
}

/// The page.
pub(super) fn page(site: &Site<'_>, frame: &Frame, body: &Markup) -> String {
    let from = From::page(&frame.address);
    let (before, after) = &frame.row;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="referrer" content="no-referrer";
                title { (frame.title) " · " (site.title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(from.to("assets/site.css"));
                link rel="stylesheet" href=(from.to("assets/chart.css"));
                @if let Some(before) = before { link rel="prev" href=(from.to(before)); }
                @if let Some(after) = after { link rel="next" href=(from.to(after)); }
                script src=(from.to("assets/theme.js")) {}
                script src=(from.to("assets/site.js")) defer {}
                @for script in frame.scripts { script src=(from.to(&format!("assets/{script}"))) defer {} }
            }
            body data-root=(from.root()) data-page=(frame.address.trim_end_matches(".html")) {
                a.skip href="#main" { "Skip to the content" }
                header {
                    div.top {
                        (way(frame, from))
                        div.top-tools {
                            a href=(from.to(MICROGRAPHS)) { "Micrographs" }
                            button.theme type="button" hidden { "Theme" }
                        }
                    }
                    h1 { (frame.title) }
                    @if !frame.below.is_empty() { p.below { (frame.below) } }
                }
                main id="main" tabindex="-1" { (body) }
                (foot(site, frame))
            }
        }
    }
    .into_string()
}

/// The way from the first page to this one.
fn way(frame: &Frame, from: From) -> Markup {
    html! {
        nav.way aria-label="Way back" {
            ol {
                @if frame.address == START {
                    li { span aria-current="page" { "Atlas" } }
                } @else {
                    li { a href=(from.to(START)) { "Atlas" } }
                    @for (name, address) in &frame.above { li { a href=(from.to(address)) { (name) } } }
                    li { span aria-current="page" { (frame.title) } }
                }
            }
        }
    }
}

fn foot(site: &Site<'_>, frame: &Frame) -> Markup {
    let made = site.made;
    let file = frame.address.rsplit('/').next().unwrap_or_default();
    let json = file.replace(".html", ".json");
    html! {
        footer {
            h2 { "How this was made" }
            table.facts {
                tbody {
                    tr { th scope="row" { "program" } td { "NanoAID " (made.program_version) ", record version " (made.schema_version) } }
                    tr { th scope="row" { "command" } td { code { (made.command) } } }
                    tr { th scope="row" { "micrographs" } td {
                        (site.atlas.micrographs.len()) " of " (made.data) ", SHA-256 of names and contents " code { (made.data_digest) }
                    } }
                    tr { th scope="row" { "device" } td { (made.device) } }
                    @for (name, value) in &frame.made {
                        tr { th scope="row" { (name) } td { (value) } }
                    }
                }
            }
            details {
                summary { "Settings" }
                pre tabindex="0" { (serde_json::to_string_pretty(&made.settings).unwrap_or_default()) }
            }
            p {
                "To cite: " (frame.cited_as) " of the atlas made by NanoAID " (made.program_version)
                " from the data set with digest " (short(&made.data_digest))
                ", after Rajagopal et al., AI visualization in nanoscale microscopy, arXiv 2201.00966 (2022)."
            }
            p { a href=(json) { "This page as JSON" } ". The page sends no data and needs no network." }
        }
    }
}

/// The first digits of a hash, enough to recognize it.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
