//! Axes: where values lie, ticks, labels.

use micrograph::paint::{nice_ticks, number_text};

use super::{escaped, put};

const WIDTH: f64 = 420.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 42.0;
const AXES_HEIGHT: f64 = 190.0;
const LEGEND_LINE: f64 = 16.0;
/// Share of the range of values that is left free at both ends.
const MARGIN: f64 = 0.04;
/// How a chart begins: letters and colors where no page styles it.
pub(super) const STYLE: &str =
    "font-family=\"system-ui,'Helvetica Neue',Arial,sans-serif\" font-size=\"11.5\" fill=\"#222\"";

/// Where values lie along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log2: bool,
}

impl Axis {
    /// Holds all finite `values`; for doublings, those above 0.
    pub(super) fn of(values: impl Iterator<Item = f64>, log2: bool) -> Self {
        let placed = values.filter(|value| value.is_finite() && (!log2 || *value > 0.0));
        let placed = placed.map(|value| if log2 { value.log2() } else { value });
        let (low, high) =
            placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return Self { low: 0.0, high: 1.0, log2 };
        }
        let margin = if high > low { MARGIN * (high - low) } else { 0.5 };
        Self { low: low - margin, high: high + margin, log2 }
    }

    /// From `low` to `high`, without margins.
    pub(super) fn between(low: f64, high: f64) -> Self {
        Self { low, high, log2: false }
    }

    /// Whether `value` has a place on it.
    pub(super) fn holds(self, value: f64) -> bool {
        let value = if self.log2 { value.log2() } else { value };
        value.is_finite() && (self.low..=self.high).contains(&value)
    }

    fn share(self, value: f64) -> f64 {
        let value = if self.log2 { value.log2() } else { value };
        (value - self.low) / (self.high - self.low)
    }

    fn ticks(self, most: usize) -> Vec<f64> {
        if !self.log2 {
            return nice_ticks(self.low, self.high, most);
        }
        let whole: Vec<i32> = (self.low.ceil() as i32..=self.high.floor() as i32).collect();
        let step = whole.len().div_ceil(most.max(1)).max(1);
        whole.into_iter().step_by(step).map(|power| 2f64.powi(power)).collect()
    }
}

/// Two axes with room for a legend over them.
pub(super) struct Plot {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) legend_lines: usize,
}

impl Plot {
    /// First and last x of the axes' area.
    pub(super) fn sides(&self) -> (f64, f64) {
        (LEFT, WIDTH - RIGHT)
    }

    /// Bottom and top of the axes' area.
    pub(super) fn ends(&self) -> (f64, f64) {
        let top = TOP + LEGEND_LINE * self.legend_lines as f64;
        (top + AXES_HEIGHT, top)
    }

    /// Where `value` lies across.
    pub(super) fn x_at(&self, value: f64) -> f64 {
        let (left, right) = self.sides();
        left + (right - left) * self.x.share(value)
    }

    /// Where `value` lies down.
    pub(super) fn y_at(&self, value: f64) -> f64 {
        let (bottom, top) = self.ends();
        bottom + (top - bottom) * self.y.share(value)
    }

    /// The beginning of the SVG, with what is told to those who do not see it.
    pub(super) fn opened(&self, title: &str, what: &str) -> String {
        opened(WIDTH, self.ends().0 + BOTTOM, title, what)
    }

    /// Axes with ticks; `lengths` marks the ticks and the unit across as px, for which the page can
    /// put nanometres.
    pub(super) fn put_axes(
        &self,
        svg: &mut String,
        x_label: &str,
        x_unit: &str,
        y_label: &str,
        lengths: bool,
    ) {
        let ((left, right), (bottom, top)) = (self.sides(), self.ends());
        for tick in self.y.ticks(5) {
            let at = self.y_at(tick);
            put(
                svg,
                format_args!(
                    "<path class=\"c-grid\" d=\"M{left} {at:.1}H{right}\" stroke=\"#e3e3e3\"/><text class=\"c-tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    left - 6.0,
                    at + 4.0,
                    number_text(tick)
                ),
            );
        }
        for tick in self.x.ticks(7) {
            let at = self.x_at(tick);
            let data = if lengths { format!(" data-px=\"{tick}\"") } else { String::new() };
            put(
                svg,
                format_args!(
                    "<path class=\"c-axis\" d=\"M{at:.1} {bottom}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\"{data}>{}</text>",
                    bottom + 17.0,
                    number_text(tick)
                ),
            );
        }
        let unit = if lengths { format!("<tspan data-unit=\"\">{x_unit}</tspan>") } else { escaped(x_unit) };
        let middle = (top + bottom) / 2.0;
        put(
            svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{left} {top}V{bottom}H{right}\" stroke=\"#555\" fill=\"none\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}{unit}</text><text transform=\"translate(12 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                (left + right) / 2.0,
                bottom + 34.0,
                escaped(x_label),
                escaped(y_label)
            ),
        );
    }
}

/// The beginning of an SVG of `width` × `height`.
pub(super) fn opened(width: f64, height: f64, title: &str, what: &str) -> String {
    format!(
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}: {}\" {STYLE}><rect class=\"c-ground\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>",
        escaped(title),
        escaped(what)
    )
}
