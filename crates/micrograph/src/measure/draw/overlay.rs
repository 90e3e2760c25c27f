//! Overlay: the measurement drawn over the image, so that errors are visible at a glance.
//!
//! Lines of a grating, sites of a lattice, borders of particles, centre lines of fibres; a scale
//! bar; the meaning of the colors, the numbers and a rose of the axes below. Positions in px of the image
//! refer to the centres of pixels.

use super::rose;
use crate::measure::count::{Labels, Region};
use crate::measure::fibers::Fibers;
use crate::measure::grating::Grating;
use crate::measure::lattice::Lattice;
use crate::measure::report::Measured;
use crate::paint::{
    Color, ColorMap, Corner, Ink, LengthUnit, Picture, Sampling, ScaleBar, resampled, robust_range,
};
use crate::{Plane, Rect};

/// Widths in drawn px between which an image is drawn at its own size.
const WIDTHS: [f64; 2] = [900.0, 2400.0];
/// Largest enlargement of a small image.
const MOST_ZOOM: f64 = 4.0;
/// Least distance between drawn lines, in drawn px.
const LEAST_SPACING: f64 = 7.0;
const BACKGROUND: Color = [18, 20, 26];
const LETTERS: Color = [228, 230, 234];
const LINE: Color = [255, 208, 0];
const FOUND: Color = [60, 230, 120];
const MISSING: Color = [255, 64, 64];
const EXTRA: Color = [255, 90, 255];
const CUT: Color = [255, 150, 30];
const WHOLE: Color = [40, 210, 255];
const PART: Color = [255, 255, 255];

/// The measurements `measured` of `plane`, drawn over it.
///
/// # Panics
/// If `plane` is empty or not the one that was measured.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::{ReportConfig, draw, measured};
///
/// let plane = Plane::from_fn(120, 160, |_, x| (std::f64::consts::TAU * x as f64 / 12.0).sin() as f32);
/// let found = measured(&plane, None, &ReportConfig::default())?;
/// let picture = draw::overlay(&plane, &found);
/// assert!(picture.height() > picture.width() * 120 / 160, "the numbers are below the image");
/// # Ok::<(), micrograph::ConfigError>(())
/// ```
pub fn overlay(plane: &Plane, measured: &Measured) -> Picture {
    let Drawing { mut picture, zoom, legend, .. } = Drawing::with_marks(plane, measured);
    let nm_per_px = measured.report.calibration.as_ref().map(|calibration| calibration.nm_per_px_x);
    if let Some(bar) = ScaleBar::fit(picture.width() as f64, 0.25, LengthUnit::drawn(nm_per_px, zoom)) {
        // letters are sized relative to the picture of the bar; smaller ones hide less
        let (height, width) = (picture.height() / 2, picture.width() / 2);
        let quarter = Rect { y: picture.height() - height, x: picture.width() - width, height, width };
        bar.draw(&mut picture, quarter, Corner::BottomRight);
    }
    with_words(&picture, measured, &legend)
}

/// The marks of [`overlay`] on the image without its words, and drawn px for each px of the image.
///
/// # Panics
/// If `plane` is empty or not the one that was measured.
pub fn marked(plane: &Plane, measured: &Measured) -> (Picture, f64) {
    let drawing = Drawing::with_marks(plane, measured);
    (drawing.picture, drawing.zoom)
}

/// A picture in progress.
struct Drawing {
    picture: Picture,
    /// Drawn px for each px of the image.
    zoom: f64,
    /// Height and width of the image in its own px.
    image: (usize, usize),
    /// What colors mean.
    legend: Vec<(Color, String)>,
}

impl Drawing {
    fn with_marks(plane: &Plane, measured: &Measured) -> Self {
        let mut drawing = Self::of(plane);
        let details = &measured.details;
        if let Some(grating) = &details.grating {
            drawing.grating(grating);
        }
        if let Some(lattice) = &details.lattice {
            drawing.lattice(lattice);
        }
        if let (Some(count), Some(labels)) = (&details.count, &details.labels) {
            drawing.regions(&count.regions, labels, "particle");
        }
        if let (Some(pores), Some(labels)) = (&details.pores, &details.pore_labels) {
            drawing.regions(&pores.regions, labels, "pore");
        }
        if let Some(fibers) = &details.fibers {
            drawing.fibers(fibers);
        }
        drawing
    }

    fn of(plane: &Plane) -> Self {
        let width = plane.width() as f64;
        let zoom = if width < WIDTHS[0] {
            (WIDTHS[0] / width).ceil().min(MOST_ZOOM)
        } else {
            (WIDTHS[1] / width).min(1.0)
        };
        let drawn = |px: usize| ((px as f64 * zoom).round() as usize).max(1);
        let sampling = if zoom < 1.0 { Sampling::Area } else { Sampling::Bilinear };
        let sized = resampled(plane, drawn(plane.height()), drawn(plane.width()), sampling);
        let (low, high) = robust_range(&sized).unwrap_or((0.0, 1.0));
        let picture = Picture::from_plane(&sized, low, high, ColorMap::Gray);
        Self { picture, zoom, image: (plane.height(), plane.width()), legend: Vec::new() }
    }

    /// The drawn point of a position in the image.
    fn point(&self, [y, x]: [f64; 2]) -> (f32, f32) {
        (((y + 0.5) * self.zoom) as f32, ((x + 0.5) * self.zoom) as f32)
    }

    /// Width of a thin line.
    fn thin(&self) -> f32 {
        (self.picture.width() as f32 / 900.0).clamp(1.0, 2.0)
    }

    fn explain(&mut self, color: Color, text: impl Into<String>) {
        self.legend.push((color, text.into()));
    }

    /// Draws the lines in `part` on which `turns` of a position `[y, x]` is an integer; they are `spacing_px`
    /// apart. Returns `n` if every `n`-th line is drawn, to keep them distinguishable.
    fn lines(
        &mut self,
        turns: impl Fn([f64; 2]) -> f64,
        spacing_px: f64,
        part: Option<Rect>,
        color: Color,
    ) -> usize {
        let every = (LEAST_SPACING / (spacing_px * self.zoom)).ceil().max(1.0);
        let reach = f64::from(self.thin()) / 2.0 + 0.5;
        let inside = |[y, x]: [f64; 2]| {
            part.is_none_or(|part| {
                let within = |at: f64, first: usize, n: usize| at >= first as f64 && at < (first + n) as f64;
                within(y + 0.5, part.y, part.height) && within(x + 0.5, part.x, part.width)
            })
        };
        let weights = Plane::from_fn(self.picture.height(), self.picture.width(), |y, x| {
            let place = [y, x].map(|drawn| (drawn as f64 + 0.5) / self.zoom - 0.5);
            if !inside(place) {
                return 0.0;
            }
            let turns = turns(place) / every;
            let distance = (turns - turns.round()).abs() * every * spacing_px * self.zoom;
            0.8 * (reach - distance).clamp(0.0, 1.0) as f32
        });
        let colored = Picture::new(self.picture.height(), self.picture.width(), color);
        self.picture.blend_masked(&colored, &weights);
        every as usize
    }

    /// Draws the box of the part of the image that a pattern fills.
    fn part(&mut self, part: Option<Rect>) {
        let Some(Rect { y, x, height, width }) = part else { return };
        let drawn = |at: usize| (at as f64 * self.zoom) as f32;
        let ((top, bottom), (left, right)) = ((drawn(y), drawn(y + height)), (drawn(x), drawn(x + width)));
        let corners = [(top, left), (top, right), (bottom, right), (bottom, left), (top, left)];
        let thin = self.thin();
        for ends in corners.windows(2) {
            self.picture.line(ends[0], ends[1], thin, PART);
        }
        self.explain(PART, "part of the image that was measured");
    }

    fn ring(&mut self, place: [f64; 2], radius: f64, thickness: f32, color: Color) {
        const SIDES: usize = 20;
        let (y, x) = self.point(place);
        let radius = (radius * self.zoom).max(3.0) as f32;
        let corner = |side: usize| {
            let (sin, cos) = (std::f32::consts::TAU * side as f32 / SIDES as f32).sin_cos();
            (y + radius * sin, x + radius * cos)
        };
        for side in 0..SIDES {
            self.picture.line(corner(side), corner(side + 1), thickness, color);
        }
    }

    fn grating(&mut self, grating: &Grating) {
        let (height, width) = (self.image.0 as f64, self.image.1 as f64);
        let [across, down] = grating.wave;
        let turns = move |[y, x]: [f64; 2]| {
            across * (x - (width - 1.0) / 2.0) + down * (y - (height - 1.0) / 2.0) - grating.phase
        };
        let every = self.lines(turns, 1.0 / across.hypot(down), grating.part, LINE);
        let place = if grating.duty_cycle.is_some() { "middle" } else { "brightest place" };
        let text = match every {
            1 => format!("{place} of each line"),
            _ => format!("{place} of one line in {every}"),
        };
        self.explain(LINE, text);
        self.part(grating.part);
    }

    fn lattice(&mut self, lattice: &Lattice) {
        let [a, b] = lattice.vectors;
        let area = a[0] * b[1] - a[1] * b[0];
        let origin = lattice.origin;
        // a line along one vector is where the multiple of the other is whole
        for (along, area) in [(a, area), (b, -area)] {
            let multiple =
                move |[y, x]: [f64; 2]| (along[0] * (x - origin[1]) - along[1] * (y - origin[0])) / area;
            self.lines(multiple, area.abs() / along[0].hypot(along[1]), lattice.part, LINE);
        }
        self.explain(LINE, "lattice");
        let radius = 0.3 * a[0].hypot(a[1]).min(b[0].hypot(b[1]));
        let thin = self.thin();
        let taken = lattice.sites.iter().filter_map(|site| site.found);
        for place in taken {
            let ((y, x), half) = (self.point(place), thin + 0.5);
            self.picture.line((y - half, x), (y + half, x), thin, FOUND);
            self.picture.line((y, x - half), (y, x + half), thin, FOUND);
        }
        self.explain(FOUND, "found at a site");
        for site in lattice.sites.iter().filter(|site| site.found.is_none()) {
            self.ring(site.expected, radius, 1.5 * thin, MISSING);
        }
        if lattice.n_missing > 0 {
            self.explain(MISSING, "missing");
        }
        for place in &lattice.extra {
            self.ring(*place, radius, 1.5 * thin, EXTRA);
        }
        if !lattice.extra.is_empty() {
            self.explain(EXTRA, "off the sites");
        }
        self.part(lattice.part);
    }

    /// The borders of `regions`, each called `name`.
    fn regions(&mut self, regions: &[Region], labels: &Labels, name: &str) {
        let mut whole = vec![true; regions.iter().map(|region| region.label).max().unwrap_or(0) as usize + 1];
        for region in regions {
            whole[region.label as usize] = region.sides.none();
        }
        let (height, width) = (self.picture.height(), self.picture.width());
        let label = |y: usize, x: usize| {
            let place = |drawn: usize, length: usize| ((drawn as f64 / self.zoom) as usize).min(length - 1);
            labels.at(place(y, self.image.0), place(x, self.image.1))
        };
        let reach = self.thin().round() as usize;
        let mut border = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let own = label(y, x);
                let other = |y: usize, x: usize| label(y.min(height - 1), x.min(width - 1)) != own;
                if own > 0
                    && (other(y + reach, x)
                        || other(y, x + reach)
                        || other(y.saturating_sub(reach), x)
                        || other(y, x.saturating_sub(reach)))
                {
                    border.push((y, x, if whole[own as usize] { WHOLE } else { CUT }));
                }
            }
        }
        for (y, x, color) in border {
            self.picture.fill_rect(Rect { y, x, height: 1, width: 1 }, color, 1.0);
        }
        self.explain(WHOLE, format!("whole {name}"));
        if whole.iter().any(|whole| !whole) {
            self.explain(CUT, "cut by the border");
        }
    }

    fn fibers(&mut self, fibers: &Fibers) {
        let thickness = 1.5 * self.thin();
        for pair in fibers.points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let step = (from.y - to.y).hypot(from.x - to.x);
            if from.fiber == to.fiber && step < 2.0 * (from.length_px + to.length_px) {
                let (from, to) = (self.point([from.y, from.x]), self.point([to.y, to.x]));
                self.picture.line(from, to, thickness, LINE);
            }
        }
        self.explain(LINE, "centre line where measured");
        let mut since = f64::INFINITY;
        for point in &fibers.points {
            since += point.length_px;
            if since < 3.0 * point.diameter_px {
                continue;
            }
            since = 0.0;
            // y runs downwards: across the axis is (cos, sin) in (y, x)
            let (sin, cos) = point.axis_deg.to_radians().sin_cos();
            let half = point.diameter_px / 2.0;
            let end = |side: f64| self.point([point.y + side * half * cos, point.x + side * half * sin]);
            let (from, to) = (end(-1.0), end(1.0));
            self.picture.line(from, to, self.thin(), WHOLE);
        }
        self.explain(WHOLE, "diameter, from edge to edge");
    }
}

/// `picture` over a panel with the meaning of the colors, the numbers, and the refusals; the rose is to the
/// right of them.
fn with_words(picture: &Picture, measured: &Measured, legend: &[(Color, String)]) -> Picture {
    let width = picture.width();
    let ink = Ink::regular((width as f32 / 62.0).clamp(11.0, 26.0), LETTERS);
    let pad = ink.size_px.round();
    let orientation = measured.details.orientation.as_ref();
    let side = if orientation.is_some() { width / 5 } else { 0 };
    let room = (width as f32 - 2.0 * pad - side as f32).max(1.0);
    let mut lines = Vec::new();
    for answer in &measured.report.answers {
        let summary = answer.summary.as_deref().unwrap_or("no number");
        let mut text = format!("{}: {summary}", answer.task.name());
        for finding in &answer.findings {
            text += &format!(" · {} {}", finding.name, finding.quantity.text());
        }
        for refusal in answer.refused.iter().filter(|refusal| refusal.name.is_none()) {
            text += &format!(" · {}", refusal.reason);
        }
        lines.extend(ink.wrapped(&text, room));
    }
    let line_height = ink.line_height();
    let legend_height = if legend.is_empty() { 0 } else { line_height };
    let words = lines.len() * line_height + legend_height + pad as usize;
    let panel = words.max(side + side / 8);
    let mut whole = Picture::new(picture.height() + panel, width, BACKGROUND);
    whole.blit(0, 0, picture);
    let mut y = (picture.height() + pad as usize / 2) as f32;
    let mut x = pad;
    for (color, text) in legend {
        let ink = Ink::bold(ink.size_px, *color);
        whole.text(y, x, text, ink);
        x += ink.width(text) + 2.0 * pad;
    }
    y += legend_height as f32;
    for line in &lines {
        whole.text(y, pad, line, ink);
        y += line_height as f32;
    }
    if let Some(orientation) = orientation {
        let square = Rect { y: picture.height(), x: width - side, height: side, width: side };
        rose::draw(&mut whole, square, orientation);
    }
    whole
}
