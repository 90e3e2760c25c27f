//! The pictures of a view: planes of the lens with labels, scale bars and color bars.

use std::borrow::Cow;
use std::io;

use micrograph::paint::{
    Cell, ColorBar, ColorMap, ContactSheet, Ink, LengthUnit, Picture, Sampling, ScaleBar, Scaling, Section,
    outline_mask, resampled, robust_range,
};
use micrograph::{Calibration, Plane, Rect};

use super::result::field_text;
use super::settings::{BarCorner, ViewSettings};
use crate::Address;
use crate::interpret::lens::{ChannelState, FalseColor, Lens, LensImage, Order, Reconstruction};
use crate::terms::meaning;

/// Longest side of a picture of the whole micrograph in pixels.
const MOST_PX: usize = 1280;
/// Widest that a sheet is drawn: what a page shows of it on most screens, with room to enlarge.
const SHEET_PX: usize = 1300;
/// The same for the sheet on one scale, which is there to compare maps, not to read them.
const SHARED_SHEET_PX: usize = 1000;
/// Width of a sheet in print: a full page's.
pub(super) const PRINT_MM: f64 = 200.0;
const MM_PER_INCH: f64 = 25.4;
/// Longest side of a map on a sheet before it is fitted into its cell.
const MOST_MAP_PX: usize = 768;
/// Weight of the colors over the micrograph in a false-color picture.
const COLOR_WEIGHT: f32 = 0.65;
/// Yellow of Okabe and Ito, seen on gray by all.
const MARK: [u8; 3] = [240, 228, 66];

/// The maps of a layer, reduced to what a sheet can show.
pub(super) struct Planes<'a> {
    planes: Vec<Cow<'a, Plane>>,
    /// Positions of the maps along one pixel of these planes.
    positions_per_px: f64,
}

impl<'a> Planes<'a> {
    /// Reads the maps one by one.
    pub(super) fn of(lens: &'a Lens) -> io::Result<Self> {
        let (height, width) = (lens.maps.height(), lens.maps.width());
        let zoom = (MOST_MAP_PX as f64 / height.max(width) as f64).min(1.0);
        let planes = (0..lens.maps.n_channels())
            .map(|channel| {
                let plane = lens.maps.plane(channel)?;
                Ok(if zoom < 1.0 { Cow::Owned(reduced(&plane, zoom)) } else { plane })
            })
            .collect::<io::Result<Vec<_>>>()?;
        Ok(Self { planes, positions_per_px: 1.0 / zoom })
    }
}

/// The micrograph as the network saw it, with a scale bar.
pub(super) fn micrograph(image: LensImage<'_>, corner: BarCorner) -> Picture {
    let (mut picture, zoom) = gray(image.plane);
    draw_scale_bar(&mut picture, image.calibration, zoom, corner);
    picture
}

/// All maps of a layer, as `drawn` draws a sheet.
pub(super) fn sheet<T>(
    (lens, planes): (&Lens, &Planes<'_>),
    (image, calibration): (&str, Option<&Calibration>),
    settings: &ViewSettings,
    scaling: Scaling,
    drawn: impl FnOnce(&ContactSheet<'_>) -> T,
) -> T {
    let result = &lens.result;
    let top = settings.top.unwrap_or(usize::MAX);
    let mut sections: Vec<Section<'_>> =
        [("live", "live channels"), ("near-copy", "near-copies"), ("dead", "dead channels")]
            .map(|(term, name)| Section {
                heading: format!("{name}: each {}", meaning(term)),
                cells: Vec::new(),
            })
            .into();
    for channel in result.channels.iter().take(top) {
        let statistics = &channel.statistics;
        let (section, note) = match channel.state {
            ChannelState::Live => (0, format!("energy {}", short(statistics.energy))),
            ChannelState::NearCopy { of, correlation } => (1, format!("of {of}, r = {correlation:.3}")),
            ChannelState::Dead => (2, String::new()),
        };
        let Address::Layer { channel: Some(index), .. } = channel.address else { continue };
        sections[section].cells.push(Cell {
            plane: &planes.planes[index],
            label: channel.address.to_string(),
            note,
            dead: channel.state == ChannelState::Dead,
        });
    }
    sections.retain(|section| !section.cells.is_empty());
    if sections.len() == 1 {
        sections[0].heading.clear();
    }
    let order = match settings.order {
        Order::Energy => "most energy (mean squared activation) first",
        Order::Entropy => "lowest spatial entropy first",
        Order::Channel => "by number",
    };
    let counts = result.counts;
    let shown = if top < result.channels.len() { format!("first {top} shown, ") } else { String::new() };
    let stride = result.stride as f64 * planes.positions_per_px;
    let for_screen = if scaling == Scaling::PerMap { SHEET_PX } else { SHARED_SHEET_PX };
    drawn(&ContactSheet {
        title: format!("{image}: {}", result.layer),
        subtitle: format!(
            "{} channels: {} live, {} near-copies, {} dead; {shown}{order}; {}",
            result.channels.len(),
            counts.n_live,
            counts.n_near_copies,
            counts.n_dead,
            field_text(result)
        ),
        sections,
        scaling,
        map: settings.color_map,
        nm_per_px: calibration.map(|calibration| calibration.nm_per_px_x * stride),
        max_width_px: settings
            .dpi
            .map_or(for_screen, |dpi| (PRINT_MM / MM_PER_INCH * f64::from(dpi)) as usize),
        ..ContactSheet::default()
    })
}

/// The three strongest components of the maps over the micrograph.
pub(super) fn false_color(
    lens: &Lens,
    colors: &FalseColor,
    image: LensImage<'_>,
    corner: BarCorner,
) -> Picture {
    let (mut picture, zoom) = gray(image.plane);
    let [red, green, blue] = &colors.planes;
    let colors = Picture::from_rgb_planes([red, green, blue]);
    // the maps end where the last whole position does
    let covered = |positions: usize, limit: usize| {
        (((positions * lens.result.stride) as f64 * zoom).round() as usize).clamp(1, limit)
    };
    let height = covered(lens.maps.height(), picture.height());
    let width = covered(lens.maps.width(), picture.width());
    let sampling = if colors.width() > width { Sampling::Area } else { Sampling::Bilinear };
    let mut over = picture.clone();
    over.blit(0, 0, &colors.resized(height, width, sampling));
    picture.blend(&over, COLOR_WEIGHT);
    draw_scale_bar(&mut picture, image.calibration, zoom, corner);
    picture
}

/// What the whole network makes of the image.
pub(super) struct ReconstructionDrawn {
    /// Its output.
    pub(super) output: Picture,
    /// Where it is wrong.
    pub(super) error_map: Picture,
    /// Where it is more wrong than usual where the image has as much contrast.
    pub(super) relative_map: Picture,
    /// The micrograph with the anomalies outlined.
    pub(super) overlay: Picture,
}

/// Draws what the whole network makes of the image.
pub(super) fn reconstruction(
    LensImage { plane, calibration }: LensImage<'_>,
    reconstruction: &Reconstruction,
    corner: BarCorner,
) -> ReconstructionDrawn {
    let (gray_picture, zoom) = gray(plane);
    let (height, width) = (gray_picture.height(), gray_picture.width());
    let metrics = &reconstruction.metrics;

    let mut output = gray(&reconstruction.output).0;
    draw_scale_bar(&mut output, calibration, zoom, corner);

    let errors = &reconstruction.error_map;
    let cell = metrics.cell_px as f64 * zoom;
    let cells_height = (errors.height() as f64 * cell).round().max(1.0) as usize;
    let cells_width = (errors.width() as f64 * cell).round().max(1.0) as usize;
    let map_of = |cells: &Plane, high: f32, title: &str| {
        let colors = Picture::from_plane(cells, 0.0, high, ColorMap::Magma);
        let colors = colors.resized(cells_height, cells_width, Sampling::Nearest);
        let mut maps = Picture::new(height, width, [0; 3]);
        maps.blit(0, 0, &colors);
        let bar = ColorBar { map: ColorMap::Magma, low: 0.0, high, title: title.to_owned() };
        let ink = Ink::regular((width as f32 / 55.0).clamp(12.0, 22.0), [27, 31, 36]);
        let margin = ink.line_height();
        let mut drawn = Picture::new(height, width + bar.width(ink) + 3 * margin, [255; 3]);
        drawn.blit(0, 0, &maps);
        bar.draw(&mut drawn, (margin, width + margin), height.saturating_sub(2 * margin), ink);
        let within = Rect { y: 0, x: 0, height, width };
        if let (Some(bar), Some(corner)) = (scale_bar(width, calibration, zoom), corner.corner()) {
            bar.draw(&mut drawn, within, corner);
        }
        drawn
    };
    // root of the mean square: in the units of the image
    let errors = errors.map(f32::sqrt);
    let high = robust_range(&errors).map_or(1.0, |(_, high)| high).max(f32::MIN_POSITIVE);
    let error_map = map_of(&errors, high, "RMS error");
    // what is an anomaly has the brightest color
    let threshold = (metrics.threshold as f32).max(1.0);
    let relative_map = map_of(&reconstruction.relative_errors, threshold, "times the usual");

    let mut overlay = gray_picture;
    let mask = resampled(&reconstruction.mask, cells_height, cells_width, Sampling::Nearest);
    let mask = Plane::from_fn(height, width, |y, x| {
        if y < mask.height() && x < mask.width() { mask.at(y, x) } else { 0.0 }
    });
    outline_mask(&mut overlay, &mask, 0.5, MARK);
    draw_scale_bar(&mut overlay, calibration, zoom, corner);
    ReconstructionDrawn { output, error_map, relative_map, overlay }
}

/// `plane` in grey from 0 to 1, at most [`MOST_PX`] long, and its zoom.
fn gray(plane: &Plane) -> (Picture, f64) {
    let zoom = (MOST_PX as f64 / plane.height().max(plane.width()) as f64).min(1.0);
    let drawn = if zoom < 1.0 { reduced(plane, zoom) } else { plane.clone() };
    (Picture::from_plane(&drawn, 0.0, 1.0, ColorMap::Gray), zoom)
}

fn reduced(plane: &Plane, zoom: f64) -> Plane {
    let scaled = |px: usize| ((px as f64 * zoom).round() as usize).max(1);
    resampled(plane, scaled(plane.height()), scaled(plane.width()), Sampling::Area)
}

fn scale_bar(width: usize, calibration: Option<&Calibration>, zoom: f64) -> Option<ScaleBar> {
    let unit = LengthUnit::drawn(calibration.map(|calibration| calibration.nm_per_px_x), zoom);
    ScaleBar::fit(width as f64, 0.25, unit)
}

fn draw_scale_bar(picture: &mut Picture, calibration: Option<&Calibration>, zoom: f64, corner: BarCorner) {
    if let (Some(bar), Some(corner)) = (scale_bar(picture.width(), calibration, zoom), corner.corner()) {
        let within = picture.rect();
        bar.draw(picture, within, corner);
    }
}

/// Three significant digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 3) as usize;
    if value.abs() < 0.01 { format!("{value:.1e}") } else { format!("{value:.digits$}") }
}
