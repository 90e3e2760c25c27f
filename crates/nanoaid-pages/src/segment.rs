//! The page of a segmented folder: a row for each image, to be sorted, and its overlay to be enlarged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use micrograph::paint::{Picture, Sampling};
use micrograph::regions::Sizes;
use nanoaid::segment::SegmentRecord;

use crate::chart::size_histogram;
use crate::frame;

/// Longer side of a small picture in px.
const SMALL_PX: usize = 320;
/// Quality of small pictures as JPEG.
const QUALITY: u8 = 82;

/// What the page shows of an image.
#[derive(Clone, Debug)]
pub struct SegmentRow {
    name: String,
    what: &'static str,
    n_regions: usize,
    count_uncertainty: f64,
    covered: f64,
    mean_confidence: Option<f64>,
    sizes: Sizes,
    warnings: Vec<String>,
    small: Vec<u8>,
}

impl SegmentRow {
    /// Of the image called `name`, whose `overlay` is kept small.
    pub fn of(name: &str, record: &SegmentRecord, overlay: &Picture) -> Self {
        let longer = overlay.height().max(overlay.width());
        let scaled = |length: usize| (length * SMALL_PX).div_ceil(longer.max(SMALL_PX)).max(1);
        let (height, width) = (scaled(overlay.height()), scaled(overlay.width()));
        let small = overlay.resized(height, width, Sampling::Area);
        Self {
            name: name.to_owned(),
            what: record.record.settings.segment.what.plural(),
            n_regions: record.n_regions,
            count_uncertainty: record.count_uncertainty,
            covered: record.covered,
            mean_confidence: record.mean_confidence,
            sizes: record.sizes.clone(),
            warnings: record.warnings.clone(),
            small: small.jpeg_bytes(QUALITY).unwrap_or_default(),
        }
    }
}

/// The page; overlays, tables and label images lie beside it.
#[derive(Clone, Debug, Default)]
pub struct SegmentPage {
    /// The images, in their order.
    pub rows: Vec<SegmentRow>,
}

impl SegmentPage {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let n: usize = self.rows.iter().map(|row| row.n_regions).sum();
        let what = self.rows.first().map_or("objects", |row| row.what);
        let body = html! {
            div.wide { table.sortable {
                thead { tr {
                    th { "overlay" }
                    @for name in ["image", "number", "median diameter", "D10", "D90", "share of the image", "confidence"] {
                        th.number[name != "image"] { button type="button" { (name) } }
                    }
                    th { "sizes" } th { "files" }
                } }
                tbody { @for row in &self.rows { (row_of(row)) } }
            } }
            p.soft {
                "Click a heading to sort, an overlay to enlarge it. Number: with its 95 % interval, fitted to micrographs in which experts drew the particles. Sizes are equivalent diameters (of the disc of the same area) of objects that the border does not cut; each is weighted by the reciprocal of its chance to be whole (Miles–Lantuéjoul). D10 and D90: 10 and 90 % of the objects are smaller. Confidence: mean over the objects of how sure the network is; it is no probability."
            }
            script { (PreEscaped(include_str!("segment/sort.js"))) }
        };
        let images = if self.rows.len() == 1 { "image" } else { "images" };
        frame::page("Segmentation", &format!("{n} {what} in {} {images}", self.rows.len()), &body)
    }
}

fn row_of(row: &SegmentRow) -> Markup {
    let SegmentRow {
        name,
        n_regions,
        count_uncertainty,
        covered,
        mean_confidence,
        sizes,
        warnings,
        small,
        ..
    } = row;
    let by_number = sizes.summary.as_ref().map(|summary| &summary.by_number);
    let unit = sizes.unit.symbol();
    let length = |value: Option<f64>| {
        html! {
            td.number data-value=[value] {
                @match value { Some(value) => { (significant(value)) " " (unit) } None => "–" }
            }
        }
    };
    let file = |ending: &str| format!("{name}.{ending}");
    html! {
        tr {
            td { a.zoom href=(file("png")) {
                img loading="lazy" src={ "data:image/jpeg;base64," (STANDARD.encode(small)) } alt={ "outlines found in " (name) };
            } }
            th scope="row" data-value=(name) {
                (name)
                @for warning in warnings { p.soft { (warning) } }
            }
            td.number data-value=(n_regions) { (n_regions) " ± " (count_uncertainty.ceil()) }
            (length(by_number.map(|d| d.d50.value)))
            (length(by_number.map(|d| d.d10.value)))
            (length(by_number.map(|d| d.d90.value)))
            td.number data-value=(covered) { (format!("{:.1} %", 100.0 * covered)) }
            td.number data-value=[mean_confidence] {
                (mean_confidence.map_or("–".to_owned(), |mean| format!("{mean:.2}")))
            }
            td { @if !sizes.bins.is_empty() { (PreEscaped(size_histogram(sizes))) } }
            td {
                a href=(file("regions.csv")) { "table" } ", "
                a href=(file("labels.tif")) { "labels" } ", "
                @if *n_regions > 0 { a href=(file("rois.zip")) { "ImageJ" } ", " }
                a href=(file("geojson")) { "GeoJSON" } ", "
                a href=(file("coco.json")) { "COCO" } ", "
                a href=(file("json")) { "record" }
            }
        }
    }
}

/// A length with four significant digits.
fn significant(value: f64) -> String {
    let before = value.abs().max(f64::MIN_POSITIVE).log10().floor() as i32 + 1;
    format!("{:.*}", (4 - before).clamp(0, 6) as usize, value)
}
