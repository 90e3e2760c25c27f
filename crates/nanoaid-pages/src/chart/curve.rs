//! Small charts of curves, two to a row: responses over a property of a stimulus.

use std::fmt::Write;

use super::axis::{Axis, AxisScale};
use super::svg::{COLORS, DASHES, escaped, opened, put};

const WIDTH: f64 = 420.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 42.0;
const AXES_HEIGHT: f64 = 190.0;
const LEGEND_LINE: f64 = 16.0;
const FONT_PX: f64 = 11.5;

/// What x is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XUnit {
    /// Pixels; ticks are marked, so that the page can show nanometres in their place.
    Px,
    /// Degrees.
    Degrees,
    /// A plain number.
    Number,
}

/// Curves over one property of a stimulus.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveChart {
    /// What it shows, e.g. `Period of gratings`.
    pub title: String,
    /// Under the axis, without its unit.
    pub x_label: String,
    /// What x is measured in.
    pub x_unit: XUnit,
    /// Layout of x.
    pub x_scale: AxisScale,
    /// Named curves of `(x, activation)`.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
    /// The activation for a plain grey image, drawn as a dashed line.
    pub plain: Option<f64>,
    /// Where the largest activation lies.
    pub preferred: Option<f64>,
}

impl CurveChart {
    /// The chart as a complete `<svg>` element.
    pub fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|(_, points)| points);
        let legend = self.series.len() > 1;
        let top = TOP + LEGEND_LINE * (usize::from(legend) * self.series.len().div_ceil(2)) as f64;
        let (right, bottom) = (WIDTH - RIGHT, top + AXES_HEIGHT);
        let x = Axis::of(self.x_scale, points().map(|point| point.0), (LEFT, right));
        let values = points().map(|point| point.1).chain(self.plain).chain([0.0]);
        let y = Axis::of(AxisScale::Linear, values, (bottom, top));
        let what = format!("activation over {}{}", self.x_label, self.unit_text());
        let mut svg = opened((WIDTH, bottom + BOTTOM), FONT_PX, &self.title, &what);
        self.put_axes(&mut svg, &x, &y);
        if let Some(at) = self.plain.and_then(|plain| y.place(plain)) {
            put(
                &mut svg,
                format_args!(
                    "<path class=\"c-rule\" d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#777\" stroke-dasharray=\"2 3\"/><text class=\"c-soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">plain grey</text>",
                    right - 2.0,
                    at - 4.0
                ),
            );
        }
        if let Some(at) = self.preferred.and_then(|preferred| x.place_inside(preferred)) {
            put(
                &mut svg,
                format_args!(
                    "<path class=\"c-rule\" d=\"M{at:.1} {top}V{bottom}\" stroke=\"#777\" stroke-dasharray=\"5 3\"/>"
                ),
            );
        }
        for (idx, (name, points)) in self.series.iter().enumerate() {
            let (number, dash) = (idx % COLORS.len(), DASHES[idx % DASHES.len()]);
            let style = format!(
                "stroke=\"{}\" stroke-width=\"1.8\" fill=\"none\" stroke-dasharray=\"{dash}\"",
                COLORS[number]
            );
            let path = path(points, &x, &y);
            put(&mut svg, format_args!("<path class=\"c-s{number}\" d=\"{path}\" {style}/>"));
            if legend {
                let (at, line) = (60.0 + 170.0 * (idx % 2) as f64, 14.0 + 16.0 * (idx / 2) as f64);
                put(
                    &mut svg,
                    format_args!(
                        "<path class=\"c-s{number}\" d=\"M{at} {line}h20\" {style}/><text x=\"{}\" y=\"{}\">{}</text>",
                        at + 25.0,
                        line + 4.0,
                        escaped(name)
                    ),
                );
            }
        }
        svg + "</svg>"
    }

    fn unit_text(&self) -> &'static str {
        match self.x_unit {
            XUnit::Px => " / px",
            XUnit::Degrees => " / °",
            XUnit::Number => "",
        }
    }

    /// Axes with ticks; of lengths, ticks and unit are marked as px, for which the page can put
    /// nanometres.
    fn put_axes(&self, svg: &mut String, x: &Axis, y: &Axis) {
        let ((left, right), (bottom, top)) = (x.drawn, y.drawn);
        for tick in y.ticks(5) {
            put(
                svg,
                format_args!(
                    "<path class=\"c-grid\" d=\"M{left} {:.1}H{right}\" stroke=\"#e3e3e3\"/><text class=\"c-tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    tick.at,
                    left - 6.0,
                    tick.at + 4.0,
                    tick.text
                ),
            );
        }
        let lengths = self.x_unit == XUnit::Px;
        for tick in x.ticks(7) {
            let at = tick.at;
            let data = if lengths { format!(" data-px=\"{}\"", tick.value) } else { String::new() };
            put(
                svg,
                format_args!(
                    "<path class=\"c-axis\" d=\"M{at:.1} {bottom}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\"{data}>{}</text>",
                    bottom + 17.0,
                    tick.text
                ),
            );
        }
        let unit = self.unit_text();
        let unit = if lengths { format!("<tspan data-unit=\"\">{unit}</tspan>") } else { escaped(unit) };
        let middle = (top + bottom) / 2.0;
        put(
            svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{left} {top}V{bottom}H{right}\" stroke=\"#555\" fill=\"none\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}{unit}</text><text transform=\"translate(12 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">activation</text>",
                (left + right) / 2.0,
                bottom + 34.0,
                escaped(&self.x_label),
            ),
        );
    }
}

/// A line through `points`; one without a place interrupts it.
fn path(points: &[(f64, f64)], x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for &(across, up) in points {
        let place = x.place_inside(across).zip(y.place(up));
        if let Some((across, up)) = place {
            let letter = if pen_down { 'L' } else { 'M' };
            write!(path, "{letter}{across:.1} {up:.1}").expect("a string takes all that is written to it");
        }
        pen_down = place.is_some();
    }
    path
}
