//! The page of a run: how good the network is, its learning curve, its reconstructions of held-out patches.

use maud::{Markup, html};
use micrograph::Plane;
use micrograph::paint::{Cell, ColorMap, ContactSheet, Picture, Scaling, Section, contact_sheet};
use nanoaid::evaluate::image_quality::Quality;
use nanoaid::run::{DataSummary, RunSettings};
use nanoaid::train::experiment::AutoencoderExperiment;
use nanoaid::train::{EpochRow, QualityReport, Sample, TrainResult, TrainingCurve};

use crate::PageError;
use crate::chart::{AxisScale, LineChart, LineStyle, Series};
use crate::frame::{self, embedded, figure};

/// The page of a training, with its chart and its picture as files of their own.
#[derive(Clone, Debug)]
pub struct TrainingPage {
    /// The page.
    pub html: String,
    /// The learning curve, an SVG.
    pub curve_svg: String,
    /// Held-out patches beside their reconstructions, a PNG.
    pub samples_png: Vec<u8>,
}

impl TrainingPage {
    /// The files of the run folder, by name.
    pub fn files(&self) -> [(&str, &[u8]); 3] {
        [
            ("curves.svg", self.curve_svg.as_bytes()),
            ("reconstructions.png", &self.samples_png),
            ("report.html", self.html.as_bytes()),
        ]
    }
}

/// Ends the run folder of an autoencoder with its page.
///
/// # Errors
/// If the page cannot be made, or the run folder cannot be written.
pub fn finish(experiment: &mut AutoencoderExperiment) -> Result<(), PageError> {
    let AutoencoderExperiment { run, trained, result, samples } = experiment;
    let page = page(&run.manifest().settings, &run.manifest().data, result, samples)?;
    Ok(run.finish(trained.status, &page.files())?)
}

/// The page of the autoencoder that was trained with `settings` on `data`.
///
/// # Errors
/// If a setting cannot be shown as JSON.
pub fn page(
    settings: &RunSettings,
    data: &DataSummary,
    result: &TrainResult,
    samples: &[Sample],
) -> Result<TrainingPage, PageError> {
    let sheet = samples_sheet(samples);
    let chart = curve_chart(&result.curve);
    let body = html! {
        h2 { "Quality on held-out micrographs" }
        (quality_table(&result.quality))
        h2 { "Held-out patches and their reconstructions" }
        (figure(&embedded(&sheet, "pairs of original and reconstructed patches"), &html! {
            "Left of each pair: a patch of a micrograph that was not trained on. Right: the network's output."
        }))
        h2 { "Learning curve" }
        (figure(&html! { (maud::PreEscaped(&chart)) }, &html! {
            "Mean squared error after each epoch; the network of epoch " (result.curve.best_epoch) " was kept."
        }))
        h2 { "How this was made" }
        details { summary { "Settings" } pre { (serde_json::to_string_pretty(settings)?) } }
        details { summary { "Data" } pre { (serde_json::to_string_pretty(data)?) } }
    };
    let title = "Autoencoder training";
    let below = format!(
        "{} epochs, best {}; {:.1} values of the image for each value of the code",
        result.curve.rows.len(),
        result.curve.best_epoch,
        result.quality.compression
    );
    let samples_png = sheet.png_bytes(None);
    Ok(TrainingPage { html: frame::page(title, &below, &body), curve_svg: chart, samples_png })
}

fn quality_table(report: &QualityReport) -> Markup {
    let row = |name: &str, quality: &Quality, best: bool| {
        html! {
            tr.best[best] {
                th scope="row" { (name) }
                td.number { (quality.n_patches) }
                td.number { (format!("{:.5}", quality.mse)) }
                td.number { (format!("{:.2} dB", quality.psnr_db)) }
                td.number { (format!("{:.4}", quality.ssim)) }
            }
        }
    };
    html! {
        div.wide { table {
            thead { tr {
                th { (report.part) " split, " (report.n_micrographs) " micrographs" }
                th.number { "patches" } th.number { "MSE" } th.number { "PSNR" } th.number { "SSIM" }
            } }
            tbody {
                (row("this network", &report.all, true))
                @for baseline in &report.baselines { (row(&baseline.name, &baseline.quality, false)) }
                @for (category, quality) in &report.categories {
                    (row(&format!("this network on {category}"), quality, false))
                }
            }
        } }
        p.soft {
            "Patches of " (report.patch_px) " px. PSNR is that of the mean error, for a peak of 1; SSIM after Wang et al. 2004."
        }
    }
}

fn curve_chart(curve: &TrainingCurve) -> String {
    let row = |row: &EpochRow| (row.epoch, row.training_loss, row.validation_loss);
    let rows: Vec<(usize, f64, f64)> = curve.rows.iter().map(row).collect();
    loss_chart(&rows, "mean squared error", Some(curve.best_epoch))
}

/// A learning curve as a complete `<svg>` element: epochs with their training and validation loss, and the epoch that
/// was kept.
pub fn loss_chart(rows: &[(usize, f64, f64)], loss: &str, kept: Option<usize>) -> String {
    let series = |name: &str, loss: fn(&(usize, f64, f64)) -> f64, style| Series {
        name: name.to_owned(),
        points: rows.iter().map(|row| (row.0 as f64, loss(row))).collect(),
        style,
    };
    LineChart {
        title: "Learning curve".to_owned(),
        x_label: "epoch".to_owned(),
        y_label: loss.to_owned(),
        series: vec![
            series("training", |row| row.1, LineStyle::Dashed),
            series("validation", |row| row.2, LineStyle::Solid),
        ],
        x_scale: AxisScale::Whole,
        y_scale: AxisScale::Log10,
        markers: kept.map(|epoch| (epoch as f64, "kept".to_owned())).into_iter().collect(),
    }
    .svg()
}

/// Pairs of a patch and its reconstruction, all in one range of grey.
fn samples_sheet(samples: &[Sample]) -> Picture {
    let pairs: Vec<Plane> = samples.iter().map(pair).collect();
    let cell = |(plane, sample): (_, &Sample)| Cell {
        plane,
        label: sample.label.clone(),
        note: "original | network".to_owned(),
        dead: false,
    };
    let cells: Vec<Cell<'_>> = pairs.iter().zip(samples).map(cell).collect();
    contact_sheet(&ContactSheet {
        title: "Held-out patches".to_owned(),
        subtitle: "original, then the network's output".to_owned(),
        sections: vec![Section { heading: String::new(), cells }],
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        max_width_px: 1400,
        ..ContactSheet::default()
    })
}

/// A patch and its reconstruction, side by side.
fn pair(sample: &Sample) -> Plane {
    const GAP_PX: usize = 4;
    let Sample { original, reconstruction, .. } = sample;
    let right = original.width() + GAP_PX;
    Plane::from_fn(original.height(), right + reconstruction.width(), |y, x| match x {
        _ if x < original.width() => original.at(y, x),
        _ if x < right => 1.0,
        _ => reconstruction.at(y, x - right),
    })
}
