//! The page of a sweep: a table, a chart, and one specimen at every size.

use maud::{PreEscaped, html};
use micrograph::paint::{Cell, ColorMap, ContactSheet, Picture, Scaling, Section, contact_sheet};
use nanoaid::train::Sample;
use nanoaid::train::sweep::SweepRow;

use crate::chart::{AxisScale, LineChart, LineStyle, Series};
use crate::frame::{self, embedded, figure};

/// The page of a sweep, with its chart and its picture as files of their own.
#[derive(Clone, Debug)]
pub struct SweepPage {
    /// The page.
    pub html: String,
    /// Quality against latent size, an SVG.
    pub quality_svg: String,
    /// One patch at every size, a PNG.
    pub specimen_png: Vec<u8>,
}

impl SweepPage {
    /// The files of the sweep's folder, by name.
    pub fn files(&self) -> [(&str, &[u8]); 3] {
        [
            ("sweep.svg", self.quality_svg.as_bytes()),
            ("specimen.png", &self.specimen_png),
            ("report.html", self.html.as_bytes()),
        ]
    }
}

/// The page that compares `rows`; `specimens` are the same patch through the network of each row.
pub fn page(rows: &[SweepRow], specimens: &[Sample]) -> SweepPage {
    let quality = quality_chart(rows);
    let probe = probe_chart(rows);
    let specimen = specimen_sheet(rows, specimens);
    let body = html! {
        h2 { "Comparison" }
        div.wide { (table(rows)) }
        p.soft {
            "Compression: values of the image for each value of the code. PCA: principal components of blocks with as many values. Dead: channels of stages and code that are constant on all held-out patches. Effective rank after Roy and Vetterli 2007. Probe: share of held-out patches whose category a linear classifier predicts correctly from the frozen code, beside the share reached by guessing the most frequent category; its 95 % interval takes the patches of a micrograph as one, since they are alike."
        }
        h2 { "Quality" }
        (figure(&html! { (PreEscaped(&quality)) }, &html! { "On held-out micrographs; dashed: the baseline, PCA with as many values." }))
        @if let Some(probe) = &probe {
            h2 { "Category from the code: linear probe" }
            (figure(&html! { (PreEscaped(probe)) }, &html! {
                "Accuracy of the linear probe, and of guessing"
                @if let Some(n) = rows.iter().find_map(|row| row.probe_images) { ", on patches of " (n) " micrographs; intervals stand in the table" }
                "."
            }))
        }
        h2 { "One specimen at every size" }
        (figure(&embedded(&specimen, "one patch reconstructed at every latent size"), &html! {
            "The same held-out patch through every network."
        }))
    };
    let html = frame::page("Latent sweep", &format!("{} sizes", rows.len()), &body);
    SweepPage { html, quality_svg: quality, specimen_png: specimen.png_bytes(None) }
}

fn table(rows: &[SweepRow]) -> maud::Markup {
    let optional = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    html! {
        table {
            thead { tr {
                @for name in ["latent", "compression", "MSE", "PSNR / dB", "SSIM", "PCA / dB", "dead stage", "dead code", "effective rank", "probe", "interval", "micrographs", "guessing", "weights"] {
                    th.number { (name) }
                }
            } }
            tbody {
                @for row in rows {
                    tr {
                        th.number scope="row" { (row.latent) }
                        td.number { (format!("{:.1}×", row.compression)) }
                        td.number { (format!("{:.5}", row.mse)) }
                        td.number { (format!("{:.2}", row.psnr_db)) }
                        td.number { (format!("{:.4}", row.ssim)) }
                        td.number { (optional(row.pca_psnr_db, 2)) }
                        td.number { (row.n_dead_stage_channels) }
                        td.number { (row.n_dead_latent_channels) }
                        td.number { (format!("{:.2}", row.effective_rank)) }
                        td.number { (optional(row.probe_accuracy, 2)) }
                        td.number { (row.probe_interval.map_or("–".to_owned(), |interval| format!("{:.2} to {:.2}", interval.low, interval.high))) }
                        td.number { (row.probe_images.map_or("–".to_owned(), |n| n.to_string())) }
                        td.number { (optional(row.probe_chance, 2)) }
                        td.number { (row.n_weights) }
                    }
                }
            }
        }
    }
}

fn series(rows: &[SweepRow], name: &str, value: fn(&SweepRow) -> Option<f64>, style: LineStyle) -> Series {
    let points = rows.iter().filter_map(|row| Some((row.latent as f64, value(row)?))).collect();
    Series { name: name.to_owned(), points, style }
}

fn quality_chart(rows: &[SweepRow]) -> String {
    LineChart {
        title: "Reconstruction against latent size".to_owned(),
        x_label: "latent channels".to_owned(),
        y_label: "PSNR / dB".to_owned(),
        series: vec![
            series(rows, "network", |row| Some(row.psnr_db), LineStyle::Marked),
            series(rows, "PCA with as many values", |row| row.pca_psnr_db, LineStyle::Dashed),
        ],
        x_scale: AxisScale::Log2,
        ..LineChart::default()
    }
    .svg()
}

fn probe_chart(rows: &[SweepRow]) -> Option<String> {
    rows.iter().any(|row| row.probe_accuracy.is_some()).then(|| {
        LineChart {
            title: "Linear probe against latent size".to_owned(),
            x_label: "latent channels".to_owned(),
            y_label: "accuracy".to_owned(),
            series: vec![
                series(rows, "linear probe", |row| row.probe_accuracy, LineStyle::Marked),
                series(
                    rows,
                    "guessing the most frequent category",
                    |row| row.probe_chance,
                    LineStyle::Dashed,
                ),
            ],
            x_scale: AxisScale::Log2,
            ..LineChart::default()
        }
        .svg()
    })
}

fn specimen_sheet(rows: &[SweepRow], specimens: &[Sample]) -> Picture {
    let cell = |plane, label: String, note: String| Cell { plane, label, note, dead: false };
    let original =
        specimens.first().map(|sample| cell(&sample.original, "original".to_owned(), sample.label.clone()));
    let reconstructions = specimens.iter().zip(rows).map(|(sample, row)| {
        let quality = format!("{:.1} dB on all patches", row.psnr_db);
        cell(&sample.reconstruction, format!("latent {}", row.latent), quality)
    });
    contact_sheet(&ContactSheet {
        title: "One held-out patch at every latent size".to_owned(),
        sections: vec![Section {
            heading: String::new(),
            cells: original.into_iter().chain(reconstructions).collect(),
        }],
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        max_width_px: 1400,
        ..ContactSheet::default()
    })
}
