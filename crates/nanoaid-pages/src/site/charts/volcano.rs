//! Volcano plot: how large a difference is across, how sure it is upwards.

use micrograph::paint::{nice_ticks, number_text};

use super::axis::opened;
use super::{escaped, put};
use crate::site::model::ContrastView;

const WIDTH: f64 = 640.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 46.0;
const HEIGHT: f64 = 330.0;
/// A q of 0 (below what was resolved) is drawn at half the smallest other one.
const BELOW_RESOLUTION: f64 = 0.5;

/// AUC − 0.5 across, −log₁₀ q upwards; each dot names its row in [`ContrastView::units`].
pub(in super::super) fn volcano(contrast: &ContrastView) -> String {
    let smallest = contrast.units.iter().map(|unit| unit.q).filter(|q| *q > 0.0).fold(1.0, f64::min);
    let sure = |q: f64| -(if q > 0.0 { q } else { smallest * BELOW_RESOLUTION }).log10();
    let highest = contrast.units.iter().map(|unit| sure(unit.q)).fold(sure(contrast.fdr), f64::max) * 1.06;
    let widest = contrast.units.iter().map(|unit| (unit.auc - 0.5).abs()).fold(0.1, f64::max).min(0.5) * 1.04;
    let bottom = TOP + HEIGHT;
    let x_at = |effect: f64| LEFT + (WIDTH - LEFT - RIGHT) * (effect / widest + 1.0) / 2.0;
    let y_at = |sure: f64| bottom - HEIGHT * sure / highest;
    let n_found = contrast.units.iter().filter(|unit| unit.found).count();
    let what = format!("effect of each of {} units against its q; {n_found} found", contrast.units.len());
    let mut svg = opened(WIDTH, bottom + BOTTOM, "Volcano plot", &what);
    for tick in nice_ticks(0.0, highest, 6) {
        let at = y_at(tick);
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-grid\" d=\"M{LEFT} {at:.1}H{}\" stroke=\"#e3e3e3\"/><text class=\"c-tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                number_text(tick)
            ),
        );
    }
    for tick in nice_ticks(-widest, widest, 9) {
        let at = x_at(tick);
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{at:.1} {bottom}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                number_text(tick)
            ),
        );
    }
    let (zero, line) = (x_at(0.0), y_at(sure(contrast.fdr)));
    put(
        &mut svg,
        format_args!(
            "<path class=\"c-axis\" d=\"M{LEFT} {TOP}V{bottom}H{}\" stroke=\"#555\" fill=\"none\"/><path class=\"c-rule\" d=\"M{zero:.1} {TOP}V{bottom}\" stroke=\"#999\" stroke-dasharray=\"2 3\"/><path class=\"c-rule\" d=\"M{LEFT} {line:.1}H{}\" stroke=\"#777\" stroke-dasharray=\"5 3\"/><text class=\"c-soft\" x=\"{}\" y=\"{:.1}\" fill=\"#555\">q = {}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            LEFT + 5.0,
            line - 4.0,
            number_text(contrast.fdr)
        ),
    );
    for (found, class, color, opacity) in
        [(false, "c-none", "#999", 0.55), (true, "c-found", "#d55e00", 0.85)]
    {
        put(&mut svg, format_args!("<g class=\"{class}\" fill=\"{color}\" fill-opacity=\"{opacity}\">"));
        for (idx, unit) in contrast.units.iter().enumerate().filter(|(_, unit)| unit.found == found) {
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
            escaped(&contrast.b.name),
            WIDTH - RIGHT,
            escaped(&contrast.a.name),
            (LEFT + WIDTH - RIGHT) / 2.0,
            bottom + 36.0,
            TOP + HEIGHT / 2.0
        ),
    );
    svg + "</svg>"
}
