//! Values between 0 and 1 with their intervals, one a row, and the line of chance.

use micrograph::paint::number_text;

use super::axis::Axis;
use super::svg::{COLORS, escaped, opened, put, shortened};

const WIDTH: f64 = 420.0;
const ROW: f64 = 24.0;
const LEFT: f64 = 152.0;
const RIGHT: f64 = 48.0;
const BOTTOM: f64 = 40.0;
const FONT_PX: f64 = 11.5;

/// A value with its interval.
pub struct IntervalRow {
    /// What it is of.
    pub name: String,
    /// In `[0, 1]`.
    pub value: f64,
    /// Around it.
    pub interval: Option<(f64, f64)>,
}

/// Rows over an axis from 0 to 1 with a line at 0.5, where chance lies.
pub fn intervals(title: &str, rows: &[IntervalRow], x_label: &str) -> String {
    let bottom = 8.0 + ROW * rows.len() as f64;
    let axis = Axis::between(0.0, 1.0, (LEFT, WIDTH - RIGHT));
    let x_at = |value: f64| axis.place(value.clamp(0.0, 1.0)).unwrap_or(LEFT);
    let mut svg =
        opened((WIDTH, bottom + BOTTOM), FONT_PX, title, &format!("{x_label} with intervals; chance is 0.5"));
    for tick in axis.ticks(5) {
        let at = tick.at;
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-grid\" d=\"M{at:.1} 6V{bottom}\" stroke=\"#e3e3e3\"/><text class=\"c-tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 15.0,
                tick.text
            ),
        );
    }
    let chance = x_at(0.5);
    put(
        &mut svg,
        format_args!(
            "<path class=\"c-rule\" d=\"M{chance} 6V{bottom}\" stroke=\"#777\" stroke-dasharray=\"4 3\"/><path class=\"c-axis\" d=\"M{LEFT} {bottom}H{}\" stroke=\"#555\"/>",
            WIDTH - RIGHT
        ),
    );
    for (idx, row) in rows.iter().enumerate() {
        let y = 8.0 + ROW * (idx as f64 + 0.5);
        let at = x_at(row.value);
        if let Some((low, high)) = row.interval {
            let (low, high) = (x_at(low), x_at(high));
            put(
                &mut svg,
                format_args!(
                    "<path class=\"c-s0\" d=\"M{low:.1} {y}H{high:.1}M{low:.1} {}v8M{high:.1} {}v8\" stroke=\"{}\" stroke-width=\"1.4\"/>",
                    y - 4.0,
                    y - 4.0,
                    COLORS[0]
                ),
            );
        }
        put(
            &mut svg,
            format_args!(
                "<circle class=\"c-bar\" cx=\"{at:.1}\" cy=\"{y}\" r=\"4\" fill=\"{}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><text x=\"{}\" y=\"{}\">{}</text>",
                COLORS[0],
                LEFT - 8.0,
                y + 4.0,
                escaped(&shortened(&row.name)),
                WIDTH - RIGHT + 8.0,
                y + 4.0,
                number_text(row.value)
            ),
        );
    }
    put(
        &mut svg,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} (dashed: chance)</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            bottom + 32.0,
            escaped(x_label)
        ),
    );
    svg + "</svg>"
}
