//! Sizes: a small histogram of equivalent diameters with the log-normal distribution fitted to them.

use micrograph::regions::{SizeBin, Sizes};

use super::axis::Axis;
use super::svg::{COLORS, escaped, opened, put};

const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 78.0;
const FONT_PX: f64 = 11.0;
/// Points of the curve.
const N_POINTS: usize = 80;

/// The histogram of `sizes` over its bins, and the log-normal distribution with the same median and
/// spread as a line; both as shares in each bin.
pub fn size_histogram(sizes: &Sizes) -> String {
    let bins = &sizes.bins;
    let (low, high) = bins.first().zip(bins.last()).map_or((0.0, 1.0), |(first, last)| (first.from, last.to));
    let axis = Axis::between(low, high.max(low + f64::MIN_POSITIVE), (LEFT, WIDTH - RIGHT));
    let x_at = |value: f64| axis.place(value).unwrap_or(LEFT);
    let curve = curve(sizes, (low, high));
    let most = bins.iter().map(|bin| bin.share).chain(curve.iter().map(|point| point.1)).fold(1e-9, f64::max);
    let y_at = |share: f64| BOTTOM - (BOTTOM - TOP) * share / most;
    let label = format!("equivalent diameter / {}", sizes.unit.symbol());
    let what = format!("{} of {} objects over {label}", sizes.n_whole, sizes.n_regions);
    let mut svg = opened((WIDTH, HEIGHT), FONT_PX, "Histogram of sizes", &what);
    let mut path = String::new();
    for SizeBin { from, to, share, .. } in bins.iter().filter(|bin| bin.n > 0) {
        put(
            &mut path,
            format_args!("M{:.1} {BOTTOM}V{:.1}H{:.1}V{BOTTOM}z", x_at(*from), y_at(*share), x_at(*to)),
        );
    }
    put(
        &mut svg,
        format_args!(
            "<path class=\"c-bar\" d=\"{path}\" fill=\"{}\" stroke=\"#fff\" stroke-width=\".5\"/><path class=\"c-grid\" d=\"M{LEFT} {BOTTOM}H{}\" stroke=\"#ddd\"/>",
            COLORS[0],
            WIDTH - RIGHT
        ),
    );
    if !curve.is_empty() {
        let points: Vec<String> =
            curve.iter().map(|(at, share)| format!("{:.1},{:.1}", x_at(*at), y_at(*share))).collect();
        put(
            &mut svg,
            format_args!(
                "<polyline class=\"c-1\" points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>",
                points.join(" "),
                COLORS[1]
            ),
        );
    }
    for tick in axis.ticks(4) {
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{:.1} {BOTTOM}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                tick.at,
                tick.at,
                BOTTOM + 15.0,
                tick.text
            ),
        );
    }
    put(
        &mut svg,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            WIDTH / 2.0,
            BOTTOM + 29.0,
            escaped(&label)
        ),
    );
    svg + "</svg>"
}

/// Diameters, and the share that the log-normal distribution has in a bin about each.
fn curve(sizes: &Sizes, (low, high): (f64, f64)) -> Vec<(f64, f64)> {
    let fit = sizes.summary.as_ref().and_then(|summary| summary.log_normal);
    let Some((fit, bin)) = fit.zip(sizes.bins.first()) else { return Vec::new() };
    let (median, deviation) = (fit.geometric_mean.value, fit.geometric_sd.value.ln());
    if deviation <= 0.0 {
        return Vec::new();
    }
    let density = |at: f64| {
        let z = (at / median).ln() / deviation;
        (-0.5 * z * z).exp() / (at * deviation * std::f64::consts::TAU.sqrt())
    };
    let at = |index: usize| low + (high - low) * (index as f64 + 0.5) / N_POINTS as f64;
    (0..N_POINTS).map(at).filter(|at| *at > 0.0).map(|at| (at, density(at) * (bin.to - bin.from))).collect()
}

#[cfg(test)]
mod tests {
    use micrograph::regions::{Labels, SizesConfig, regions, sizes};

    use super::*;

    #[test]
    fn bars_stand_for_bins_and_no_sizes_give_an_empty_chart() {
        // squares of 2, 3, 4 … px, apart from each other and the border
        let mut values = vec![0; 60 * 400];
        for (index, side) in (2..20).enumerate() {
            for y in 5..5 + side {
                values[y * 400 + 10 + 21 * index..][..side].fill(index as u32 + 1);
            }
        }
        let labels = Labels::new(60, 400, values).unwrap();
        let found =
            sizes(&regions(&labels, None).unwrap(), (60, 400), None, &SizesConfig::default()).unwrap();
        let svg = size_histogram(&found);
        assert_eq!(svg.matches("V78z").count(), found.bins.iter().filter(|bin| bin.n > 0).count(), "{svg}");
        assert!(svg.contains("polyline") && svg.contains("equivalent diameter / px"), "{svg}");
        let none = sizes(&[], (60, 400), None, &SizesConfig::default()).unwrap();
        assert!(size_histogram(&none).ends_with("</svg>"));
    }
}
