//! The page of a view, and the contents page over several.

use std::path::Path;

use maud::{Markup, html};
use micrograph::calibration::length_text;
use micrograph::paint::{Picture, Sampling};
use nanoaid::interpret::lens::LensResult;

use crate::command::calibration_text;
use crate::view::{MoreOfLayer, Seen, SeenLayer, Surprise, ViewSettings, field_text};
use nanoaid_pages::frame::{embedded, embedded_png, facts, figure, page};

/// Height of a picture on the contents page in pixels.
const THUMBNAIL_PX: usize = 240;

/// One image on the contents page.
pub(crate) struct Entry {
    name: String,
    image: String,
    thumbnail: Picture,
    false_color: Option<Picture>,
    summary: String,
}

impl Entry {
    /// The entry of an image whose page lies in the folder `name`.
    pub(crate) fn new(name: &str, image: &Path, seen: &Seen) -> Self {
        let small = |picture: &Picture| {
            let height = picture.height().min(THUMBNAIL_PX);
            let width = (picture.width() * height / picture.height()).max(1);
            picture.resized(height, width, Sampling::Area)
        };
        let counts: Vec<String> = seen
            .layers
            .iter()
            .map(|layer| format!("{}: {} live", layer.result.layer, layer.result.counts.n_live))
            .collect();
        Self {
            name: name.to_owned(),
            image: image.display().to_string(),
            thumbnail: small(&seen.micrograph().picture),
            false_color: seen
                .layers
                .last()
                .and_then(|layer| layer.more.as_ref())
                .map(|more| small(&more.false_color.picture)),
            summary: counts.join(", "),
        }
    }
}

/// A page that leads to the pages of several images.
pub(crate) fn contents(entries: &[Entry]) -> String {
    page("AI lens", &format!("{} micrographs", entries.len()), &grid(entries))
}

/// A picture of each image with the link to its page.
pub(crate) fn grid(entries: &[Entry]) -> Markup {
    html! {
        div.grid {
            @for entry in entries {
                figure {
                    a href={ (address(&entry.name)) "/report.html" } {
                        div.pair {
                            (embedded(&entry.thumbnail, &format!("micrograph {}", entry.image)))
                            @if let Some(picture) = &entry.false_color {
                                (embedded(picture, "false-color picture of its deepest feature maps"))
                            }
                        }
                    }
                    figcaption {
                        a href={ (address(&entry.name)) "/report.html" } { (entry.image) }
                        br; (entry.summary)
                    }
                }
            }
        }
    }
}

/// A folder's name inside a link; names are letters, digits, `-`, `_` and `.` already, and what
/// is not ASCII is written in per cents.
fn address(name: &str) -> String {
    name.bytes()
        .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The page of one image.
pub(crate) fn report(seen: &Seen, settings: &ViewSettings) -> String {
    let name = seen.facts.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let body = html! {
        (warnings(seen))
        (about(seen))
        @if seen.layers.len() > 1 {
            nav aria-label="layers" { ul {
                @for layer in &seen.layers {
                    li { a href={ "#" (layer.result.layer) } { (layer.result.layer) } }
                }
                @if seen.surprise.is_some() { li { a href="#surprise" { "reconstruction" } } }
            } }
        }
        @for layer in &seen.layers { (layer_section(layer, seen, settings)) }
        @if let Some(surprise) = &seen.surprise { (surprise_section(surprise, seen)) }
        (made(seen, settings))
    };
    let layers: Vec<&str> = settings.layers.iter().map(String::as_str).collect();
    page(&name, &format!("seen through {}", layers.join(", ")), &body)
}

fn warnings(seen: &Seen) -> Markup {
    let mut all: Vec<String> = seen.facts.warnings.clone();
    for layer in &seen.layers {
        for warning in &layer.result.warnings {
            let text = format!("{warning} ({})", warning.advice());
            let general = matches!(warning, nanoaid::interpret::lens::Warning::Uncalibrated);
            let text = if general { text } else { format!("{}: {text}", layer.result.layer) };
            if !all.contains(&text) {
                all.push(text);
            }
        }
    }
    html! {
        @if !all.is_empty() {
            ul.warnings aria-label="warnings" { @for warning in &all { li { (warning) } } }
        }
    }
}

fn about(seen: &Seen) -> Markup {
    let file = &seen.facts;
    let (low, high) = seen.contrast;
    let mut rows = vec![
        ("file", file.path.display().to_string()),
        ("image", format!("{} × {} px, {}, {}", file.width, file.height, file.format, file.sample)),
        ("calibration", calibration_text(file.calibration.as_ref())),
        ("data bar", seen.cut_text()),
        ("contrast", format!("values {low} to {high} of the file are black to white")),
    ];
    if let Some(calibration) = &file.calibration {
        let rows_kept = seen.data_bar.map_or(file.height, |bar| bar.first_row);
        let field = format!(
            "{} × {}",
            length_text(file.width as f64 * calibration.nm_per_px_x),
            length_text(rows_kept as f64 * calibration.nm_per_px_y)
        );
        rows.push(("field", field));
    }
    let settings = &file.instrument;
    let mut instrument: Vec<String> =
        [&settings.vendor, &settings.instrument].into_iter().flatten().cloned().collect();
    instrument.extend(settings.accelerating_voltage_kv.map(|kv| format!("{kv} kV")));
    instrument.extend(settings.working_distance_mm.map(|mm| format!("working distance {mm} mm")));
    instrument.extend(settings.magnification.map(|times| format!("magnification {times}×")));
    instrument.extend(settings.detector.as_ref().map(|detector| format!("detector {detector}")));
    if !instrument.is_empty() {
        rows.push(("instrument", instrument.join(", ")));
    }
    html! {
        section.about {
            (figure(&embedded_png(&seen.micrograph().png, "the micrograph as the network saw it"), &html! { "As the network saw it." }))
            (facts(&rows))
        }
    }
}

fn layer_section(layer: &SeenLayer, seen: &Seen, settings: &ViewSettings) -> Markup {
    let result = &layer.result;
    let counts = result.counts;
    let variance: Vec<String> =
        result.explained_variance.iter().map(|share| format!("{:.1} %", 100.0 * share)).collect();
    html! {
        section id=(result.layer) {
            h2 { (result.layer) }
            p {
                (result.channels.len()) " feature maps of " (result.maps.height) " × " (result.maps.width)
                " positions; " (field_text(result)) ". "
                (counts.n_live) " live, " (counts.n_near_copies) " near-copies, " (counts.n_dead) " dead."
            }
            h3 { "Feature maps, each on its own scale" }
            (figure(&embedded_png(&layer.sheet.png, &format!("contact sheet of the feature maps of {}", result.layer)), &html! {
                "The two numbers at a map are the values of its lowest and highest color ("
                (settings.color_map.name()) ")."
            }))
            @if let Some(more) = &layer.more { (more_of_layer(more, seen, &variance.join(", "))) }
            details {
                summary { "Numbers of every channel" }
                div.wide { (channel_table(result)) }
            }
        }
    }
}

fn more_of_layer(more: &MoreOfLayer, seen: &Seen, variance: &str) -> Markup {
    html! {
        details {
            summary { "The same on one scale for all maps" }
            (figure(&embedded_png(&more.shared_sheet.png, "contact sheet on one scale"), &html! {
                "Weak maps look empty here: that is how weak they are."
            }))
        }
        h3 { "False color" }
        (figure(&html! {
            div.fade {
                (embedded_png(&seen.micrograph().png, "the micrograph"))
                (embedded_png(&more.false_color.png, "false-color picture over the micrograph"))
            }
            label.fader { "micrograph" input type="range" min="0" max="100" value="100"
                aria-label="weight of the false colors"; "false color" }
        }, &html! {
            "Red, green and blue are the first three principal components of the live maps, each from its 1 % to its 99 % quantile; they explain "
            (variance) " of the variance. Like colors mean like feature maps."
        }))
    }
}

fn channel_table(result: &LensResult) -> Markup {
    html! {
        table {
            thead { tr {
                th { "channel" } th { "state" } th.number { "energy" } th.number { "entropy" }
                th.number { "mean" } th.number { "deviation" } th.number { "min" } th.number { "max" }
            } }
            tbody {
                @for channel in &result.channels {
                    @let statistics = &channel.statistics;
                    tr {
                        th scope="row" { (channel.address) }
                        td { (state_text(channel.state)) }
                        td.number { (format!("{:.4}", statistics.energy)) }
                        td.number { (format!("{:.2} bit", statistics.entropy_bits)) }
                        td.number { (format!("{:.4}", statistics.mean)) }
                        td.number { (format!("{:.4}", statistics.standard_deviation)) }
                        td.number { (format!("{:.4}", statistics.min)) }
                        td.number { (format!("{:.4}", statistics.max)) }
                    }
                }
            }
        }
    }
}

fn state_text(state: nanoaid::interpret::lens::ChannelState) -> String {
    use nanoaid::interpret::lens::ChannelState::{Dead, Live, NearCopy};
    match state {
        Live => "live".to_owned(),
        NearCopy { of, correlation } => format!("near-copy of {of}, r = {correlation:.3}"),
        Dead => "dead".to_owned(),
    }
}

fn surprise_section(surprise: &Surprise, seen: &Seen) -> Markup {
    let metrics = seen.layers.iter().find_map(|layer| layer.result.reconstruction.as_ref());
    html! {
        section id="surprise" {
            h2 { "Reconstruction and error map" }
            div.grid {
                (figure(&embedded_png(&surprise.reconstruction.png, "the network's output"), &html! {
                    "The network's output."
                    @if let Some(metrics) = metrics {
                        " MSE " (format!("{:.5}", metrics.mean_squared_error))
                        @if let Some(psnr) = metrics.psnr_db { ", PSNR " (format!("{psnr:.2}")) " dB" }
                        ", for values from 0 to 1."
                    }
                }))
                (figure(&embedded_png(&surprise.error_map.png, "error map"), &html! {
                    "Where the network was surprised: root of the mean squared error"
                    @if let Some(metrics) = metrics { " of each " (metrics.cell_px) " × " (metrics.cell_px) " px cell" }
                    "."
                }))
                (figure(&embedded_png(&surprise.overlay.png, "micrograph with surprising cells outlined"), &html! {
                    "Outlined: cells whose error is above the threshold."
                    @if let Some(metrics) = metrics {
                        " Threshold (mean squared error) " (format!("{:.5}", metrics.threshold)) ": "
                        (format!("{:.2} %", 100.0 * metrics.anomaly_share)) " of the cells, in "
                        (metrics.n_anomaly_regions) " regions."
                    }
                }))
            }
        }
    }
}

fn made(seen: &Seen, settings: &ViewSettings) -> Markup {
    let network = seen.layers.first().map_or("", |layer| layer.result.network_sha256.as_str());
    html! {
        h2 { "How this was made" }
        p {
            "NanoAID " (env!("CARGO_PKG_VERSION")) "; network SHA-256 " code { (network) }
            ". Settings, hashes of input and results are in " code { "record.json" } ", all numbers in "
            code { "result.json" } "; " code { "nanoaid replay record.json" } " makes it again."
        }
        details { summary { "Settings" } pre { (serde_json::to_string_pretty(settings).unwrap_or_default()) } }
        p {
            "To cite: the AI lens after Rajagopal et al., AI visualization in nanoscale microscopy, arXiv 2201.00966 (2022), as made by NanoAID "
            (env!("CARGO_PKG_VERSION")) "."
        }
    }
}
