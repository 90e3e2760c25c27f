//! Large line charts: training curves, latent sweeps, calibration of probabilities.

use micrograph::paint::{Ink, Weight};

use super::axis::{Axis, AxisScale};
use super::svg::{COLORS, escaped, opened, put};

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineStyle {
    /// A line.
    #[default]
    Solid,
    /// A dashed line.
    Dashed,
    /// A line with a dot at each point.
    Marked,
    /// Dots alone.
    Dots,
}

/// One named curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Points `(x, y)` in drawing order; one that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: LineStyle,
}

/// Curves over a common axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// Over the chart.
    pub title: String,
    /// Under the horizontal axis, with its unit.
    pub x_label: String,
    /// Beside the vertical axis, with its unit.
    pub y_label: String,
    /// The curves; colors repeat after seven.
    pub series: Vec<Series>,
    /// Layout of x.
    pub x_scale: AxisScale,
    /// Layout of y.
    pub y_scale: AxisScale,
    /// Vertical lines at x with a word each, e.g. the best epoch.
    pub markers: Vec<(f64, String)>,
}

const WIDTH: f64 = 720.0;
const AXES_HEIGHT: f64 = 298.0;
// room for ticks of seven digits beside the label
const LEFT: f64 = 92.0;
const RIGHT: f64 = 24.0;
const LEGEND_Y: f64 = 43.5;
const LEGEND_LINE: f64 = 20.5;
// what names are measured with; a little large, since the reader's font may be wider
const LEGEND_INK: Ink = Ink { size_px: 14.0, color: [0; 3], weight: Weight::Regular };
const BOTTOM: f64 = 58.0;

impl LineChart {
    /// The chart as a complete `<svg>` element, 720 wide in its own units and 420 high, or more
    /// where the names of the series take several lines.
    pub fn svg(&self) -> String {
        let x = Axis::of(self.x_scale, self.values(|point| point.0), (LEFT, WIDTH - RIGHT));
        let y = Axis::of(self.y_scale, self.values(|point| point.1), (self.height() - BOTTOM, self.top()));
        let size = (WIDTH, self.height());
        let mut svg = opened(size, 13.0, &self.title, &self.description(&x, &y));
        put(
            &mut svg,
            format_args!(
                "<text x=\"{LEFT}\" y=\"26\" font-size=\"16\" font-weight=\"600\">{}</text>\n",
                escaped(&self.title)
            ),
        );
        self.put_axes(&mut svg, &x, &y);
        self.put_markers(&mut svg, &x, &y);
        for (idx, series) in self.series.iter().enumerate() {
            put_series(&mut svg, series, idx % COLORS.len(), (&x, &y));
        }
        self.put_legend(&mut svg);
        svg += "</svg>\n";
        svg
    }

    fn values(&self, of: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
        self.series.iter().flat_map(|series| &series.points).map(of).collect()
    }

    fn description(&self, x: &Axis, y: &Axis) -> String {
        let names: Vec<&str> = self.series.iter().map(|series| series.name.as_str()).collect();
        let n_points: usize = self.series.iter().map(|series| series.points.len()).sum();
        let n_drawn =
            self.series.iter().flat_map(|series| &series.points).filter(|point| place(point, x, y).is_some());
        let mut text = format!("{} over {}: {}.", self.y_label, self.x_label, names.join(", "));
        let n_left_out = n_points - n_drawn.count();
        if n_left_out > 0 {
            text += &format!(" {n_left_out} of {n_points} points cannot be drawn and are left out.");
        }
        text
    }

    fn put_axes(&self, svg: &mut String, x: &Axis, y: &Axis) {
        let ((bottom, top), right) = (y.drawn, WIDTH - RIGHT);
        for tick in y.ticks(6) {
            put(
                svg,
                format_args!(
                    "<path class=\"c-grid\" d=\"M{LEFT} {:.1}H{right}\" stroke=\"#e3e3e3\"/>\
                 <text class=\"c-tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                    tick.at,
                    LEFT - 9.0,
                    tick.at + 4.5,
                    tick.text
                ),
            );
        }
        for tick in x.ticks(9) {
            let at = tick.at;
            put(
                svg,
                format_args!(
                    "<path class=\"c-axis\" d=\"M{at:.1} {bottom}v5\" stroke=\"#555\"/>\
                 <text class=\"c-tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                    bottom + 20.0,
                    tick.text
                ),
            );
        }
        let middle = (top + bottom) / 2.0;
        put(
            svg,
            format_args!(
                "<path class=\"c-axis\" d=\"M{LEFT} {top}V{bottom}H{right}\" stroke=\"#555\" fill=\"none\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(20 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                (LEFT + right) / 2.0,
                bottom + BOTTOM - 14.0,
                escaped(&self.x_label),
                escaped(&self.y_label),
            ),
        );
    }

    fn put_markers(&self, svg: &mut String, x: &Axis, y: &Axis) {
        let (bottom, top) = y.drawn;
        for (value, word) in &self.markers {
            let Some(at) = x.place(*value).filter(|at| (LEFT - 0.5..=WIDTH - RIGHT + 0.5).contains(at))
            else {
                continue;
            };
            let left_half = at < (LEFT + WIDTH - RIGHT) / 2.0;
            let (anchor, shift) = if left_half { ("start", 5.0) } else { ("end", -5.0) };
            put(
                svg,
                format_args!(
                    "<path class=\"c-rule\" d=\"M{at:.1} {top}V{}\" stroke=\"#777\" stroke-dasharray=\"2 3\"/>\
                 <text class=\"c-soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"12\" fill=\"#555\">{}</text>\n",
                    bottom,
                    at + shift,
                    top + 11.0,
                    escaped(word),
                ),
            );
        }
    }

    // Names under the title, in as many lines as they need.
    fn put_legend(&self, svg: &mut String) {
        for ((line, at), (idx, series)) in self.legend_places().into_iter().zip(self.named()) {
            put(
                svg,
                format_args!(
                    "<g transform=\"translate({at:.1} {:.1})\">{}<text x=\"28\" y=\"4.5\">{}</text></g>\n",
                    LEGEND_Y + LEGEND_LINE * line as f64,
                    sample(series.style, idx % COLORS.len()),
                    escaped(&legend_name(series)),
                ),
            );
        }
    }

    fn named(&self) -> impl Iterator<Item = (usize, &Series)> {
        self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty())
    }

    // line and left end of each named series
    fn legend_places(&self) -> Vec<(usize, f64)> {
        let (mut line, mut at) = (0, LEFT);
        let mut places = Vec::new();
        for (_, series) in self.named() {
            let width = 28.0 + f64::from(LEGEND_INK.width(&legend_name(series)));
            if at > LEFT && at + width > WIDTH - RIGHT {
                (line, at) = (line + 1, LEFT);
            }
            places.push((line, at));
            at += width + 20.0;
        }
        places
    }

    // top of the axes: below the last line of names
    fn top(&self) -> f64 {
        let last = self.legend_places().last().map_or(0, |place| place.0);
        LEGEND_Y + LEGEND_LINE * (last + 1) as f64
    }

    fn height(&self) -> f64 {
        self.top() + AXES_HEIGHT + BOTTOM
    }
}

fn legend_name(series: &Series) -> String {
    LEGEND_INK.shortened(&series.name, (WIDTH - RIGHT - LEFT - 28.0) as f32)
}

fn sample(style: LineStyle, number: usize) -> String {
    let color = COLORS[number];
    let line = format!(
        "<path class=\"c-s{number}\" d=\"M0 0h22\" stroke=\"{color}\" stroke-width=\"2\"{}/>",
        dashes(style)
    );
    let dot = format!("<circle class=\"c-d{number}\" cx=\"11\" r=\"3.2\" fill=\"{color}\"/>");
    match style {
        LineStyle::Solid | LineStyle::Dashed => line,
        LineStyle::Marked => line + &dot,
        LineStyle::Dots => dot,
    }
}

fn dashes(style: LineStyle) -> &'static str {
    if style == LineStyle::Dashed { " stroke-dasharray=\"6 4\"" } else { "" }
}

fn put_series(svg: &mut String, series: &Series, number: usize, (x, y): (&Axis, &Axis)) {
    let color = COLORS[number];
    let mut path = String::new();
    let mut dots = String::new();
    let mut pen_down = false;
    for point in &series.points {
        let Some((px, py)) = place(point, x, y) else {
            pen_down = false;
            continue;
        };
        put(&mut path, format_args!("{}{px:.1} {py:.1}", if pen_down { 'L' } else { 'M' }));
        pen_down = true;
        put(&mut dots, format_args!("<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"3.2\"/>"));
    }
    // a line of one point shows only its dot
    let n_drawn = dots.matches("<circle").count();
    let dotted = matches!(series.style, LineStyle::Marked | LineStyle::Dots) || n_drawn == 1;
    if series.style != LineStyle::Dots && n_drawn > 1 {
        put(
            svg,
            format_args!(
                "<path class=\"c-s{number}\" d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-linejoin=\"round\"{}/>\n",
                dashes(series.style)
            ),
        );
    }
    if dotted && n_drawn > 0 {
        put(svg, format_args!("<g class=\"c-d{number}\" fill=\"{color}\">{dots}</g>\n"));
    }
}

fn place(point: &(f64, f64), x: &Axis, y: &Axis) -> Option<(f64, f64)> {
    Some((x.place(point.0)?, y.place(point.1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> LineChart {
        LineChart {
            title: "Reconstruction <error> & \"co\"".to_owned(),
            x_label: "latent size".to_owned(),
            y_label: "mean squared error".to_owned(),
            series: vec![Series { name: "validation".to_owned(), points, style: LineStyle::Marked }],
            ..LineChart::default()
        }
    }

    fn assert_well_formed(svg: &str) {
        let mut reader = quick_xml::Reader::from_str(svg);
        loop {
            match reader.read_event() {
                Ok(quick_xml::events::Event::Eof) => break,
                Ok(_) => {}
                Err(error) => panic!("{error} in {svg}"),
            }
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn any_points_give_a_well_formed_chart() {
        let nan = f64::NAN;
        for points in [
            vec![],
            vec![(1.0, 2.0)],
            vec![(0.0, 0.0)],
            vec![(1.0, 5.0), (2.0, 5.0), (3.0, 5.0)],
            vec![(1.0, nan), (nan, 2.0), (3.0, f64::INFINITY)],
            vec![(0.0, -1.0), (1.0, 0.0), (2.0, 1e-300), (3.0, 1e300)],
            vec![(-f64::MAX, -f64::MAX), (f64::MAX, f64::MAX)],
        ] {
            for scale in [AxisScale::Linear, AxisScale::Log2, AxisScale::Log10] {
                let chart = LineChart {
                    x_scale: scale,
                    y_scale: scale,
                    markers: vec![(2.0, "best".to_owned()), (nan, "none".to_owned())],
                    ..chart(points.clone())
                };
                assert_well_formed(&chart.svg());
            }
        }
    }

    #[test]
    fn text_is_escaped() {
        let svg = chart(vec![(1.0, 1.0)]).svg();
        assert!(svg.contains("aria-label=\"Reconstruction &lt;error&gt; &amp; &quot;co&quot;: "), "{svg}");
    }

    #[test]
    fn long_names_take_more_lines_and_the_axes_move_down() {
        let named = |n: usize| LineChart {
            series: vec![Series { name: "coated surfaces".to_owned(), ..Series::default() }; n],
            ..chart(vec![])
        };
        assert_eq!(named(1).height(), 420.0);
        assert!(named(12).height() > named(6).height() && named(6).height() > named(1).height());
        assert!(named(40).legend_places().iter().all(|place| place.1 < WIDTH - 100.0));
    }

    #[test]
    fn what_cannot_be_drawn_is_counted() {
        let chart =
            LineChart { y_scale: AxisScale::Log10, ..chart(vec![(1.0, 0.0), (2.0, 1.0), (3.0, 2.0)]) };
        assert!(chart.svg().contains("1 of 3 points cannot be drawn"));
    }

    #[test]
    fn a_missing_point_interrupts_the_line() {
        let svg = chart(vec![(1.0, 1.0), (2.0, 2.0), (3.0, f64::NAN), (4.0, 2.0), (5.0, 1.0)]).svg();
        let path = svg
            .split("<path class=\"c-s0\" d=\"")
            .find(|part| part.contains("fill=\"none\" stroke=\"#0072b2\""))
            .unwrap();
        assert_eq!(path.matches('M').count(), 2);
    }
}
