//! The map of pitches of an image: a picture, a table, and what the record says of it.

use micrograph::measure::outliers::Repaired;
use micrograph::measure::{GratingConfig, PitchMap, PitchMapSummary, Report, Unit, pitch_map};
use micrograph::paint::{
    Cell, ColorMap, ContactSheet, Picture, Scaling, Section, contact_sheet, number_text, robust_range,
};
use micrograph::{Plane, Rect};
use serde::{Deserialize, Serialize};

use crate::output::csv_text;

/// Columns of the table.
const HEAD: [&str; 6] = ["row", "column", "pitch [px]", "pitch [nm]", "axis [deg]", "window [px]"];
/// Most rows of the table.
const MOST_ROWS: f64 = 20_000.0;
/// Opacity of the colors over the image.
const OPACITY: f32 = 0.65;
/// Least distance of its places, in px.
const LEAST_STEP_PX: f64 = 4.0;

/// What the record says of a map of pitches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PitchMapResult {
    /// Numbers in px; absent where there is no map.
    pub summary: Option<PitchMapSummary>,
    /// Size of a pixel in nm, where it is known: the map's lengths in px times this are nm.
    pub nm_per_px: Option<f64>,
    /// Why there is no map.
    pub refused: Option<String>,
    /// The pitch of the whole image, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
}

impl PitchMapResult {
    /// In a line.
    pub fn text(&self) -> String {
        let Some(summary) = &self.summary else {
            return format!("no map of pitches: {}", self.refused.as_deref().unwrap_or("not asked"));
        };
        let PitchMapSummary {
            median_px,
            low_px,
            high_px,
            axis_spread_deg,
            covered,
            explained,
            window_px,
            ..
        } = summary;
        let (unit, scale) = self.nm_per_px.map_or(("px", 1.0), |nm| ("nm", nm));
        // as many digits as tell the ends apart, or a thousandth of the pitch
        let apart = ((high_px - low_px) * scale).max(1e-3 * median_px * scale);
        let digits = (1.0 - apart.log10().floor()).clamp(0.0, 6.0) as usize;
        let length = |px: &f64| format!("{:.digits$}", px * scale);
        let axis = match axis_spread_deg {
            small if *small < 0.05 => "less than 0.1".to_owned(),
            spread => format!("{spread:.1}"),
        };
        let whole = self.whole.as_ref().map_or(String::new(), |whole| {
            format!(
                "; the pitch of the whole image is another one, {whole}: compare the picture with the image"
            )
        });
        format!(
            "local pitch {} {unit}, 90 % of the places {} to {} {unit}, axis within {axis}°; lines on {:.0} % of the image, \
             {:.0} % of the contrast there, windows of {window_px:.0} px{whole}",
            length(median_px),
            length(low_px),
            length(high_px),
            100.0 * covered,
            100.0 * explained
        )
    }
}

/// Name of the picture of the map of image `name`.
pub fn pitch_picture_name(name: &str) -> String {
    format!("{name}.pitch.png")
}

/// The map of `plane`, which `report` is of: what the record says, and the files of image `name`.
pub(super) fn pitch_map_of(
    plane: &Plane,
    report: &Report,
    name: &str,
) -> (PitchMapResult, Vec<(String, Vec<u8>)>) {
    let config = GratingConfig { geometry: report.geometry, ..GratingConfig::default() };
    let nm_per_px = report.calibration.as_ref().map(|pixel| pixel.nm_per_px_x);
    // as for all that is measured, a hot pixel is not the specimen's
    match pitch_map(&Repaired::of(plane).plane, &config) {
        Err(refusal) => {
            let refused = Some(refusal.to_string());
            (PitchMapResult { summary: None, nm_per_px, refused, whole: None }, Vec::new())
        }
        Ok(map) => {
            let whole = other_pitch(report, &map.summary);
            let result = PitchMapResult { summary: Some(map.summary), nm_per_px, refused: None, whole };
            let picture = picture(plane, &map, &result);
            let files = vec![
                (pitch_picture_name(name), picture),
                (format!("{name}.pitch.csv"), table(&map, nm_per_px).into_bytes()),
            ];
            (result, files)
        }
    }
}

/// The pitch that `report` gives for the whole image, where its interval holds none of the map's middle 90 %.
fn other_pitch(report: &Report, map: &PitchMapSummary) -> Option<String> {
    let pitch =
        &report.answers.iter().flat_map(|own| &own.findings).find(|own| own.name == "pitch")?.quantity;
    let in_px = match (pitch.unit, report.calibration.as_ref()) {
        (Unit::Px, _) => 1.0,
        (_, Some(calibration)) => 1.0 / calibration.nm_per_px_x,
        (_, None) => return None,
    };
    let (low, high) = pitch.interval();
    let is_in_map = low * in_px <= map.high_px && high * in_px >= map.low_px;
    (!is_in_map).then(|| pitch.text())
}

/// The map in colors over the image, from its 5 % to its 95 % quantile.
fn picture(image: &Plane, map: &PitchMap, result: &PitchMapResult) -> Vec<u8> {
    let scale = result.nm_per_px.unwrap_or(1.0);
    let unit = if result.nm_per_px.is_some() { "nm" } else { "px" };
    let scaled = map.pitch_px.values().iter().map(|px| px * scale as f32).collect();
    let plane = Plane::new(map.pitch_px.height(), map.pitch_px.width(), scaled);
    let PitchMapSummary { low_px, high_px, median_px, .. } = map.summary;
    // a range of colors that is not of the noise alone
    let half = ((high_px - low_px) / 2.0).max(0.005 * median_px) * scale;
    let middle = (high_px + low_px) / 2.0 * scale;
    let (low, high) = robust_range(image).unwrap_or((0.0, 1.0));
    let mut over = Picture::from_plane(image, low, high, ColorMap::Gray);
    let width = plane.width();
    for (index, pitch) in plane.values().iter().enumerate().filter(|(_, pitch)| pitch.is_finite()) {
        let share = (f64::from(*pitch) - (middle - half)) / (2.0 * half);
        let place = Rect { y: index / width, x: index % width, height: 1, width: 1 };
        over.fill_rect(place, ColorMap::Viridis.rgb(share as f32), OPACITY);
    }
    let cell = Cell {
        plane: &plane,
        label: format!("pitch [{unit}]"),
        note: format!("{} to {} {unit}", number_text(middle - half), number_text(middle + half)),
        dead: false,
    };
    let sheet = contact_sheet(&ContactSheet {
        title: "Local pitch".to_owned(),
        subtitle: result.text(),
        sections: vec![Section { heading: String::new(), cells: vec![cell] }],
        scaling: Scaling::Given { low: (middle - half) as f32, high: (middle + half) as f32 },
        map: ColorMap::Viridis,
        pictures: &[over],
        pictures_by_map: true,
        nm_per_px: result.nm_per_px,
        max_width_px: plane.width().clamp(640, 1600),
        ..ContactSheet::default()
    });
    sheet.png_bytes(None)
}

/// Pitch and axis at places about a pitch apart.
fn table(map: &PitchMap, nm_per_px: Option<f64>) -> String {
    let (height, width) = (map.pitch_px.height(), map.pitch_px.width());
    let apart = ((height * width) as f64 / MOST_ROWS).sqrt();
    let step = map.summary.median_px.max(LEAST_STEP_PX).max(apart).ceil() as usize;
    let places =
        (step / 2..height).step_by(step).flat_map(|y| (step / 2..width).step_by(step).map(move |x| (y, x)));
    let window = format!("{:.1}", map.summary.window_px);
    let rows = places.filter(|&(y, x)| map.pitch_px.at(y, x).is_finite()).map(|(y, x)| {
        let px = f64::from(map.pitch_px.at(y, x));
        let nm = nm_per_px.map_or(String::new(), |nm| format!("{:.5}", px * nm));
        let axis = format!("{:.2}", map.axis_deg.at(y, x));
        vec![y.to_string(), x.to_string(), format!("{px:.4}"), nm, axis, window.clone()]
    });
    csv_text(&HEAD, rows)
}
