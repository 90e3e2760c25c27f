//! Charts of the site as SVG inside the page: curves, histograms, volcano plots, intervals.
//!
//! Smaller than `micrograph::paint::LineChart`, two to a row. Every mark carries the colors of a
//! printed figure as attributes and a class; the page's style goes over the attributes, so that a
//! chart follows the page's theme there and is black on white where it is saved. The numbers of
//! each chart stand in a table beside it.

mod axis;
mod histogram;
mod intervals;
mod volcano;

use std::fmt::Write;

use micrograph::paint::number_text;

use crate::site::model::{CurvePanel, XUnit};
use crate::site::parts::Cell;
use axis::{Axis, Plot};

pub(super) use histogram::histograms;
pub(super) use intervals::{IntervalRow, intervals};
pub(super) use volcano::volcano;

// Okabe & Ito 2008, without yellow, which is faint on white
const COLORS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];
const DASHES: [&str; 4] = ["", "6 3", "2 2.5", "8 3 2 3"];

/// Answers over a property of a stimulus.
pub(super) fn curves(panel: &CurvePanel) -> String {
    let points = || panel.series.iter().flat_map(|(_, points)| points);
    let x = Axis::of(points().map(|point| point.0), panel.log2);
    let y = Axis::of(points().map(|point| point.1).chain(panel.plain).chain([0.0]), false);
    let legend = panel.series.len() > 1;
    let plot = Plot { x, y, legend_lines: usize::from(legend) * panel.series.len().div_ceil(2) };
    let unit = match panel.x_unit {
        XUnit::Px => " / px",
        XUnit::Degrees => " / °",
        XUnit::Number => "",
    };
    let lengths = panel.x_unit == XUnit::Px;
    let mut svg = plot.opened(&panel.title, &format!("activation over {}{unit}", panel.x_label));
    plot.put_axes(&mut svg, &panel.x_label, unit, "activation", lengths);
    if let Some(plain) = panel.plain {
        let at = plot.y_at(plain);
        let (left, right) = plot.sides();
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-rule\" d=\"M{left} {at:.1}H{right}\" stroke=\"#777\" stroke-dasharray=\"2 3\"/><text class=\"c-soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">plain grey</text>",
                right - 2.0,
                at - 4.0
            ),
        );
    }
    if let Some(preferred) = panel.preferred.filter(|at| plot.x.holds(*at)) {
        let at = plot.x_at(preferred);
        let (bottom, top) = plot.ends();
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-rule\" d=\"M{at:.1} {top}V{bottom}\" stroke=\"#777\" stroke-dasharray=\"5 3\"/>"
            ),
        );
    }
    for (idx, (name, points)) in panel.series.iter().enumerate() {
        let (color, dash) = (COLORS[idx % COLORS.len()], DASHES[idx % DASHES.len()]);
        let mut path = String::new();
        let mut pen_down = false;
        for &(x, y) in points {
            let drawn = x.is_finite() && y.is_finite() && plot.x.holds(x);
            if drawn {
                let letter = if pen_down { 'L' } else { 'M' };
                // writing into a string cannot fail
                let _ = write!(path, "{letter}{:.1} {:.1}", plot.x_at(x), plot.y_at(y));
            }
            pen_down = drawn;
        }
        let style =
            format!("stroke=\"{color}\" stroke-width=\"1.8\" fill=\"none\" stroke-dasharray=\"{dash}\"");
        put(&mut svg, format_args!("<path class=\"c-s{}\" d=\"{path}\" {style}/>", idx % COLORS.len()));
        if legend {
            let (x, y) = (60.0 + 170.0 * (idx % 2) as f64, 14.0 + 16.0 * (idx / 2) as f64);
            put(
                &mut svg,
                format_args!(
                    "<path class=\"c-s{}\" d=\"M{x} {y}h20\" {style}/><text x=\"{}\" y=\"{}\">{}</text>",
                    idx % COLORS.len(),
                    x + 25.0,
                    y + 4.0,
                    escaped(name)
                ),
            );
        }
    }
    svg + "</svg>"
}

/// The table below a chart of curves: names of columns, and a row for each x in order.
pub(super) fn curve_rows(panel: &CurvePanel) -> (Vec<String>, Vec<(String, Vec<Cell>)>) {
    let unit = match panel.x_unit {
        XUnit::Px => " (px)",
        XUnit::Degrees => " (°)",
        XUnit::Number => "",
    };
    let mut names = vec![format!("{}{unit}", panel.x_label)];
    names.extend(panel.series.iter().map(|(name, _)| name.clone()));
    let mut xs: Vec<f64> = panel.series.iter().flat_map(|(_, points)| points).map(|point| point.0).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let at = |points: &[(f64, f64)], x: f64| {
        Cell::optional(points.iter().find(|point| point.0 == x).map(|point| point.1))
    };
    let rows =
        xs.iter().map(|x| (number_text(*x), panel.series.iter().map(|(_, points)| at(points, *x)).collect()));
    (names, rows.collect())
}

fn put(svg: &mut String, text: std::fmt::Arguments) {
    // writing into a string cannot fail
    let _ = svg.write_fmt(text);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A name that fits beside a row; the table of the chart has the whole.
fn shortened(name: &str) -> String {
    const MOST: usize = 20;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).collect::<String>() + "…"
}
