//! The table of particles of an image: a row of CSV for each, in px and, where the image is calibrated, in nm.

use micrograph::measure::Report;
use micrograph::measure::count::{Count, Region, Sides};

use crate::output::csv_text;

/// Name of the table of the particles of image `name`.
pub fn particles_name(name: &str) -> String {
    format!("{name}.particles.csv")
}

/// A row for each particle of `count`, in the order of the image's rows; columns in nm are empty where
/// lengths of regions are not given in nm ([`Report::region_nm_per_px`]).
pub(super) fn particles_csv(report: &Report, count: &Count) -> String {
    let head = [
        "particle",
        "row [px]",
        "column [px]",
        "edge-corrected diameter [px]",
        "edge-corrected diameter [nm]",
        "area [px2]",
        "area [nm2]",
        "circularity",
        "nearest neighbour [px]",
        "nearest neighbour [nm]",
        "cut by the border",
    ];
    let nm_per_px = report.region_nm_per_px();
    csv_text(&head, count.regions.iter().map(|region| cells(region, nm_per_px)))
}

fn cells(region: &Region, nm_per_px: Option<f64>) -> Vec<String> {
    let Region { label, area_px, diameter_px, y, x, circularity, sides, nearest_px, .. } = region;
    let area_px = *area_px as f64;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let nm = |px: f64| nm_per_px.map(|nm_per_px| px * nm_per_px);
    vec![
        label.to_string(),
        y.to_string(),
        x.to_string(),
        diameter_px.to_string(),
        number(nm(*diameter_px)),
        area_px.to_string(),
        number(nm_per_px.map(|nm_per_px| area_px * nm_per_px * nm_per_px)),
        circularity.to_string(),
        number(*nearest_px),
        number(nearest_px.and_then(nm)),
        sides_text(*sides),
    ]
}

/// The sides of the image that cut a particle; empty for a whole one.
fn sides_text(sides: Sides) -> String {
    let Sides { top, bottom, left, right } = sides;
    let named = [(top, "top"), (bottom, "bottom"), (left, "left"), (right, "right")];
    named.into_iter().filter_map(|(cut, name)| cut.then_some(name)).collect::<Vec<_>>().join(" ")
}
