//! The page of a view, and the contents page over several: from the serialisable [`View`] alone. Pictures
//! are files beside the page; they are not embedded.

use maud::{Markup, html};
use micrograph::calibration::{calibration_text, length_text};
use nanoaid::interpret::lens::{ChannelState, LensResult, Warning};
use nanoaid::interpret::view::{LayerPictures, PAGE, ReconstructionPictures, View, field_text};

use crate::class::{class_caution, class_text};
use crate::frame::{address, facts, figure, page, zoomed};
use crate::term::{meanings, term};

/// One image on the contents page.
pub struct Entry {
    name: String,
    image: String,
    micrograph: Option<String>,
    false_color: Option<String>,
    summary: String,
}

impl Entry {
    /// The entry of an image whose page lies in the folder `name`.
    pub fn new(name: &str, view: &View) -> Self {
        let counts: Vec<String> = view
            .layers
            .iter()
            .map(|layer| format!("{}: {} live", layer.layer, layer.counts.n_live))
            .collect();
        Self {
            name: name.to_owned(),
            image: match (view.facts.page, view.facts.n_pages) {
                (_, 0 | 1) => view.facts.path.display().to_string(),
                (page, n) => format!("{}, page {page} of {n}, counted from 0", view.facts.path.display()),
            },
            micrograph: view.pictures.micrograph.clone(),
            false_color: view.pictures.layers.last().and_then(|layer| layer.false_color.clone()),
            summary: counts.join(", ")
                + &view.class.as_ref().map(|found| format!("; {}", class_text(found))).unwrap_or_default(),
        }
    }
}

/// A page that leads to the pages of several images.
pub fn contents(entries: &[Entry]) -> String {
    page("AI lens", &format!("{} micrographs", entries.len()), &grid(entries))
}

/// A picture of each image with the link to its page.
pub fn grid(entries: &[Entry]) -> Markup {
    html! {
        div.grid {
            @for entry in entries {
                @let folder = address(&entry.name);
                figure {
                    a href={ (folder) "/" (PAGE) } {
                        div.pair {
                            @if let Some(picture) = &entry.micrograph {
                                img src={ (folder) "/" (address(picture)) } alt={ "micrograph " (entry.image) } loading="lazy";
                            }
                            @if let Some(picture) = &entry.false_color {
                                img src={ (folder) "/" (address(picture)) } loading="lazy"
                                    alt="false-color picture of its deepest feature maps";
                            }
                        }
                    }
                    figcaption {
                        a href={ (folder) "/" (PAGE) } { (entry.image) }
                        br; (entry.summary)
                    }
                }
            }
        }
    }
}

/// The page of one image.
pub fn report(view: &View) -> String {
    let name = view.facts.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let body = html! {
        (warnings(view))
        (about(view))
        @if view.layers.len() > 1 {
            nav aria-label="layers" { ul {
                @for layer in &view.layers {
                    li { a href={ "#" (layer.layer) } { (layer.layer) } }
                }
                @if view.pictures.reconstruction.is_some() { li { a href="#reconstruction" { "reconstruction" } } }
            } }
        }
        @for (layer, pictures) in view.layers.iter().zip(&view.pictures.layers) {
            (layer_section(layer, pictures, view))
        }
        @if let Some(pictures) = &view.pictures.reconstruction { (reconstruction_section(pictures, view)) }
        (made(view))
    };
    let layers: Vec<&str> = view.settings.layers.iter().map(String::as_str).collect();
    page(&name, &format!("seen through {}", layers.join(", ")), &body)
}

fn warnings(view: &View) -> Markup {
    let mut all: Vec<String> = view.facts.warnings.clone();
    for layer in &view.layers {
        for warning in &layer.warnings {
            let text = format!("{warning} ({})", warning.advice());
            let general = matches!(warning, Warning::Uncalibrated);
            let text = if general { text } else { format!("{}: {text}", layer.layer) };
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

fn about(view: &View) -> Markup {
    let file = &view.facts;
    let [low, high] = view.contrast;
    let mut rows = vec![
        ("file", file.path.display().to_string()),
        ("image", format!("{} × {} px, {}, {}", file.width, file.height, file.format, file.sample)),
        ("calibration", calibration_text(file.calibration.as_ref())),
        ("data bar", view.cut_text()),
        ("contrast", format!("values {low} to {high} of the file are black to white")),
    ];
    if let Some(found) = &view.class {
        rows.push(("class", class_text(found)));
    }
    if let Some(calibration) = &file.calibration {
        let rows_kept = view.data_bar.map_or(file.height, |bar| bar.first_row);
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
    instrument.extend(settings.conditions());
    if !instrument.is_empty() {
        rows.push(("instrument", instrument.join(", ")));
    }
    html! {
        section.about {
            @if let Some(name) = &view.pictures.micrograph {
                (figure(&zoomed(name, "the micrograph as input of the network"), &html! { "The input of the network." }))
            }
            div {
                (facts(&rows))
                @if let Some(found) = &view.class { p.soft { (class_caution(found)) } }
            }
        }
    }
}

fn layer_section(result: &LensResult, pictures: &LayerPictures, view: &View) -> Markup {
    let counts = result.counts;
    let variance: Vec<String> =
        result.explained_variance.iter().map(|share| format!("{:.1} %", 100.0 * share)).collect();
    html! {
        section id=(result.layer) {
            h2 { (result.layer) }
            p {
                (result.channels.len()) " feature maps of " (result.maps.width) " × " (result.maps.height)
                " positions; " (field_text(result)) ". "
                (counts.n_live) " " (term("live", "live")) ", " (counts.n_near_copies) " "
                (term("near-copies", "near-copy")) ", " (counts.n_dead) " " (term("dead", "dead")) "."
            }
            details.meanings { summary { "What these words mean" } (meanings(&["live", "near-copy", "dead", "energy", "spatial entropy"])) }
            h3 { "Feature maps, each on its own scale" }
            (figure(&zoomed(&pictures.sheet, &format!("contact sheet of the feature maps of {}", result.layer)), &html! {
                "The two numbers at a map are the values of its lowest and highest color ("
                (view.settings.color_map.name()) ")."
                @if let [own, shared] = &pictures.svg[..] {
                    " For print: " a href=(address(own)) { "the same as SVG" } ", " a href=(address(shared)) { "on one scale" } "."
                }
            }))
            @if let Some(name) = &pictures.shared_sheet { (shared_scale(name)) }
            @if let (Some(name), Some(below)) = (&pictures.false_color, &view.pictures.micrograph) {
                @let shared = view.settings.colors.iter().find(|basis| basis.layer == result.layer);
                (false_color(name, below, &variance.join(", "), shared.map(|basis| basis.n_images)))
            }
            details {
                summary { "Numbers of every channel" }
                div.wide { (channel_table(result)) }
            }
        }
    }
}

fn shared_scale(name: &str) -> Markup {
    html! {
        details {
            summary { "The same on one scale for all maps" }
            (figure(&zoomed(name, "contact sheet on one scale"), &html! {
                "Weak maps look empty here, since all maps share one scale."
            }))
        }
    }
}

/// The false colors `name` over the micrograph `below`, by a slider.
fn false_color(name: &str, below: &str, variance: &str, shared: Option<usize>) -> Markup {
    html! {
        h3 { "False color" }
        (figure(&html! {
            div.fade {
                img src=(address(below)) alt="the micrograph";
                img src=(address(name)) alt="false-color picture over the micrograph";
            }
            label.fader { "micrograph" input type="range" min="0" max="100" value="100"
                aria-label="weight of the false colors"; "false color" }
        }, &html! {
            @match shared {
                Some(n_images) => {
                    "Red, green and blue are the first three principal components of the maps of all " (n_images)
                    " micrographs of this call, each from −2.33 to 2.33 of its standard deviations; they explain "
                    (variance) " of the variance over these. A color means the same on all their pages."
                }
                None => {
                    "Red, green and blue are the first three principal components of the live maps, each from its 1 % to its 99 % quantile; they explain "
                    (variance) " of the variance. Similar colors mean similar activations in this micrograph; between micrographs they cannot be compared (--shared-colors makes them so)."
                }
            }
        }))
    }
}

fn channel_table(result: &LensResult) -> Markup {
    html! {
        table {
            thead { tr {
                th { "channel" } th { "state" } th.number { (term("energy", "energy")) } th.number { (term("entropy", "spatial entropy")) }
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

fn state_text(state: ChannelState) -> String {
    match state {
        ChannelState::Live => "live".to_owned(),
        ChannelState::NearCopy { of, correlation } => format!("near-copy of {of}, r = {correlation:.3}"),
        ChannelState::Dead => "dead".to_owned(),
    }
}

fn reconstruction_section(pictures: &ReconstructionPictures, view: &View) -> Markup {
    let metrics = view.layers.iter().find_map(|layer| layer.reconstruction.as_ref());
    html! {
        section id="reconstruction" {
            h2 { "Reconstruction and error map" }
            div.grid {
                (figure(&zoomed(&pictures.output, "the network's output"), &html! {
                    "The network's output."
                    @if let Some(metrics) = metrics {
                        " MSE " (format!("{:.5}", metrics.mean_squared_error))
                        @if let Some(psnr) = metrics.psnr_db { ", PSNR " (format!("{psnr:.2}")) " dB" }
                        ", for values from 0 to 1."
                    }
                }))
                (figure(&zoomed(&pictures.error_map, "error map"), &html! {
                    "Reconstruction error: root of the mean squared error"
                    @if let Some(metrics) = metrics { " of each " (metrics.cell_px) " × " (metrics.cell_px) " px cell" }
                    "."
                }))
                @if let Some(name) = &pictures.relative_map {
                    (figure(&zoomed(name, "map of relative errors"), &html! {
                        (term("Relative error", "relative error")) ": the error over the one that is usual in this micrograph where gradients are as strong. Edges are always reconstructed worse than flat places; here they stand out only where they are worse than other edges. The brightest color is the threshold."
                    }))
                }
                (figure(&zoomed(&pictures.overlay, "micrograph with anomalies outlined"), &html! {
                    "Outlined: " (term("anomalies", "anomaly")) ", cells whose relative error is above the threshold."
                    @if let Some(metrics) = metrics {
                        " Threshold: " (format!("{:.2}", metrics.threshold)) " times the usual error; "
                        (format!("{:.2} %", 100.0 * metrics.anomaly_share)) " of the cells, in "
                        (metrics.n_anomaly_regions) " regions."
                    }
                }))
            }
        }
    }
}

fn made(view: &View) -> Markup {
    let network = view.layers.first().map_or("", |layer| layer.network_sha256.as_str());
    html! {
        h2 { "How this was made" }
        p {
            "NanoAID " (view.program_version) "; network SHA-256 " code { (network) }
            ". Settings, hashes of input and results are in " code { "record.json" } ", all numbers in "
            code { "result.json" } "; " code { "nanoaid replay record.json" } " makes it again."
        }
        details { summary { "Settings" } pre { (serde_json::to_string_pretty(&view.settings).unwrap_or_default()) } }
        p {
            "To cite: the AI lens after Rajagopal et al., AI visualization in nanoscale microscopy, arXiv 2201.00966 (2022), as made by NanoAID "
            (view.program_version) "."
        }
    }
}
