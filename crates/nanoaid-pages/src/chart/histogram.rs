//! Histograms: all micrographs, and below one row for each class over the same bins.

use super::axis::{Axis, AxisScale};
use super::svg::{COLORS, escaped, opened, put, shortened};

const WIDTH: f64 = 420.0;
const ROW: f64 = 30.0;
const LEFT: f64 = 152.0;
const RIGHT: f64 = 36.0;
const BOTTOM: f64 = 40.0;
const FONT_PX: f64 = 11.5;

/// Counts in the bins between `edges`, one row for each name; each row is scaled to its own largest
/// bin, its total is at its end.
pub fn histograms(edges: &[f32], rows: &[(String, &[u32])], x_label: &str) -> String {
    let n_rows = rows.len() as f64;
    let height = 8.0 + ROW * n_rows + BOTTOM;
    let low = f64::from(edges.first().copied().unwrap_or(0.0));
    let high = f64::from(edges.last().copied().unwrap_or(1.0));
    let drawn = (LEFT, WIDTH - RIGHT);
    let axis =
        if high > low { Axis::between(low, high, drawn) } else { Axis::of(AxisScale::Linear, [low], drawn) };
    let x_at = |value: f32| axis.place(f64::from(value)).unwrap_or(LEFT);
    let what = format!("micrographs over {x_label}, one row for each class");
    let mut svg = opened((WIDTH, height), FONT_PX, "Histogram", &what);
    for (idx, (name, counts)) in rows.iter().enumerate() {
        let bottom = 8.0 + ROW * (idx as f64 + 1.0) - 4.0;
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let total: u32 = counts.iter().sum();
        let class = if idx == 0 { "c-bar" } else { "c-bar-soft" };
        let color = if idx == 0 { COLORS[0] } else { "#7fb8d8" };
        let mut path = String::new();
        for (bin, count) in
            counts.iter().enumerate().filter(|(bin, count)| **count > 0 && bin + 1 < edges.len())
        {
            let (left, right) = (x_at(edges[bin]), x_at(edges[bin + 1]));
            let high = (ROW - 9.0) * f64::from(*count) / f64::from(most);
            put(&mut path, format_args!("M{left:.1} {bottom}V{:.1}H{right:.1}V{bottom}z", bottom - high));
        }
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-grid\" d=\"M{LEFT} {bottom}H{}\" stroke=\"#ddd\"/><path class=\"{class}\" d=\"{path}\" fill=\"{color}\" stroke=\"#fff\" stroke-width=\".5\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><text class=\"c-soft\" x=\"{}\" y=\"{}\" fill=\"#555\">{total}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                bottom - 5.0,
                escaped(&shortened(name)),
                WIDTH - RIGHT + 5.0,
                bottom - 5.0
            ),
        );
    }
    let bottom = 8.0 + ROW * n_rows - 4.0;
    for tick in axis.ticks(5) {
        let at = tick.at;
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{at:.1} {bottom}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                tick.text
            ),
        );
    }
    put(
        &mut svg,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            bottom + 34.0,
            escaped(x_label)
        ),
    );
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_is_drawn_from_edge_to_edge_and_the_total_stands_beside_it() {
        let svg = histograms(&[0.0, 1.0, 2.0], &[("all".to_owned(), &[0, 7])], "activation");
        // 152 to 384 across: the upper bin begins half way, at 268, and is as high as the row
        assert!(svg.contains("M268.0 34V13.0H384.0V34z"), "{svg}");
        assert!(svg.contains(">7</text>"), "{svg}");
        assert!(histograms(&[], &[], "activation").ends_with("</svg>"));
        assert!(histograms(&[2.0, 2.0], &[("all".to_owned(), &[3])], "x").contains(">3</text>"));
    }
}
