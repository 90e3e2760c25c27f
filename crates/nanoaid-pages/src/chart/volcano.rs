//! Volcano plot: effect size across, significance upwards.

use micrograph::paint::number_text;

use super::axis::Axis;
use super::svg::{COLORS, escaped, opened, put};

const WIDTH: f64 = 640.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 46.0;
const HEIGHT: f64 = 330.0;
const FONT_PX: f64 = 11.5;
/// A q of 0 (below what was resolved) is drawn at half the smallest other one.
const BELOW_RESOLUTION: f64 = 0.5;

/// A unit in a volcano plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolcanoPoint {
    /// Probability that a micrograph of the first side drives it more than one of the second.
    pub auc: f64,
    /// After control of the share of false discoveries.
    pub q: f64,
    /// Whether it counts as found.
    pub found: bool,
}

/// AUC − 0.5 across, −log₁₀ q upwards, with a line at `q`; each dot names its place in `points` by
/// `data-row`. `sides` are the names of the two sides.
pub fn volcano(points: &[VolcanoPoint], sides: &[String; 2], q: f64) -> String {
    let smallest = points.iter().map(|point| point.q).filter(|q| *q > 0.0).fold(1.0, f64::min);
    let sure = |q: f64| -(if q > 0.0 { q } else { smallest * BELOW_RESOLUTION }).log10();
    let highest = points.iter().map(|point| sure(point.q)).fold(sure(q), f64::max) * 1.06;
    let widest = points.iter().map(|point| (point.auc - 0.5).abs()).fold(0.1, f64::max).min(0.5) * 1.04;
    let bottom = TOP + HEIGHT;
    let (x, y) =
        (Axis::between(-widest, widest, (LEFT, WIDTH - RIGHT)), Axis::between(0.0, highest, (bottom, TOP)));
    let x_at = |effect: f64| x.place(effect).unwrap_or(LEFT);
    let y_at = |sure: f64| y.place(sure).unwrap_or(bottom);
    let n_found = points.iter().filter(|point| point.found).count();
    let what = format!("effect of each of {} units against its q; {n_found} found", points.len());
    let mut svg = opened((WIDTH, bottom + BOTTOM), FONT_PX, "Volcano plot", &what);
    for tick in y.ticks(6) {
        let at = tick.at;
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-grid\" d=\"M{LEFT} {at:.1}H{}\" stroke=\"#e3e3e3\"/><text class=\"c-tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                tick.text
            ),
        );
    }
    for tick in x.ticks(9) {
        let at = tick.at;
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{at:.1} {bottom}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                tick.text
            ),
        );
    }
    let (zero, line) = (x_at(0.0), y_at(sure(q)));
    put(
        &mut svg,
        format_args!(
            "<path class=\"c-axis\" d=\"M{LEFT} {TOP}V{bottom}H{}\" stroke=\"#555\" fill=\"none\"/><path class=\"c-rule\" d=\"M{zero:.1} {TOP}V{bottom}\" stroke=\"#999\" stroke-dasharray=\"2 3\"/><path class=\"c-rule\" d=\"M{LEFT} {line:.1}H{}\" stroke=\"#777\" stroke-dasharray=\"5 3\"/><text class=\"c-soft\" x=\"{}\" y=\"{:.1}\" fill=\"#555\">q = {}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            LEFT + 5.0,
            line - 4.0,
            number_text(q)
        ),
    );
    for (found, class, color, opacity) in
        [(false, "c-none", "#999", 0.55), (true, "c-found", COLORS[1], 0.85)]
    {
        put(&mut svg, format_args!("<g class=\"{class}\" fill=\"{color}\" fill-opacity=\"{opacity}\">"));
        for (idx, unit) in points.iter().enumerate().filter(|(_, unit)| unit.found == found) {
            put(
                &mut svg,
                format_args!(
                    "<circle data-row=\"{idx}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.2\"/>",
                    x_at(unit.auc - 0.5),
                    y_at(sure(unit.q))
                ),
            );
        }
        svg += "</g>";
    }
    put(
        &mut svg,
        format_args!(
            "<text x=\"{:.1}\" y=\"16\" text-anchor=\"start\" font-weight=\"600\">← {}</text><text x=\"{}\" y=\"16\" text-anchor=\"end\" font-weight=\"600\">{} →</text><text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">AUC − 0.5</text><text transform=\"translate(13 {:.1}) rotate(-90)\" text-anchor=\"middle\">−log₁₀ q</text>",
            LEFT,
            escaped(&sides[1]),
            WIDTH - RIGHT,
            escaped(&sides[0]),
            (LEFT + WIDTH - RIGHT) / 2.0,
            bottom + 36.0,
            TOP + HEIGHT / 2.0
        ),
    );
    svg + "</svg>"
}
