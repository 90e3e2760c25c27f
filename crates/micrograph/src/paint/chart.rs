//! Line charts as SVG: training curves, latent sweeps, tuning curves.
//!
//! The picture stands alone and inside HTML: text is text, there are no scripts, no style sheets and
//! no ids that could meet others. It brings its own white background, so that it looks the same on
//! light and dark pages and on paper. Colors are those of Okabe & Ito, which readers with a color
//! vision deficiency can tell apart; dashes and markers do so without color.

use std::fmt::Write;

use super::nice_ticks;
use super::ticks::tick_texts;

/// How values are laid out along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisScale {
    /// Equal steps for equal differences.
    #[default]
    Linear,
    /// Equal steps for doubling; values that are not above 0 are left out.
    Log2,
    /// Equal steps for factors of ten; values that are not above 0 are left out.
    Log10,
}

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
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 58.0;
const FONT: &str = "font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\"";
// Okabe & Ito 2008, without yellow, which is faint on white
const COLORS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];

impl LineChart {
    /// The chart as a complete `<svg>` element, 720 × 420 in its own units.
    pub fn svg(&self) -> String {
        let x = Axis::of(self.x_scale, self.values(|point| point.0), (LEFT, WIDTH - RIGHT));
        let y = Axis::of(self.y_scale, self.values(|point| point.1), (HEIGHT - BOTTOM, TOP));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" role=\"img\" {FONT} font-size=\"13\" fill=\"#333\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"26\" font-size=\"16\" font-weight=\"600\" fill=\"#111\">{}</text>\n",
            escaped(&self.title),
            escaped(&self.description(&x, &y)),
            escaped(&self.title),
        );
        self.put_axes(&mut svg, &x, &y);
        self.put_markers(&mut svg, &x);
        for (idx, series) in self.series.iter().enumerate() {
            put_series(&mut svg, series, COLORS[idx % COLORS.len()], (&x, &y));
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
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for (value, text) in y.ticks(6) {
            let Some(at) = y.place(value) else { continue };
            put(
                svg,
                format_args!(
                    "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#e3e3e3\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>\n",
                    LEFT - 9.0,
                    at + 4.5
                ),
            );
        }
        for (value, text) in x.ticks(9) {
            let Some(at) = x.place(value) else { continue };
            put(
                svg,
                format_args!(
                    "<path d=\"M{at:.1} {bottom}v5\" stroke=\"#555\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>\n",
                    bottom + 20.0
                ),
            );
        }
        let middle = (TOP + bottom) / 2.0;
        put(
            svg,
            format_args!(
                "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" stroke=\"#555\" fill=\"none\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(20 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                (LEFT + right) / 2.0,
                HEIGHT - 14.0,
                escaped(&self.x_label),
                escaped(&self.y_label),
            ),
        );
    }

    fn put_markers(&self, svg: &mut String, x: &Axis) {
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
                    "<path d=\"M{at:.1} {TOP}V{}\" stroke=\"#777\" stroke-dasharray=\"2 3\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"12\" fill=\"#555\">{}</text>\n",
                    HEIGHT - BOTTOM,
                    at + shift,
                    TOP + 11.0,
                    escaped(word),
                ),
            );
        }
    }

    // One line under the title; entries that do not fit are cut at the right edge's width.
    fn put_legend(&self, svg: &mut String) {
        let named: Vec<(usize, &Series)> =
            self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()).collect();
        if named.is_empty() {
            return;
        }
        let room = (WIDTH - RIGHT - LEFT) / named.len() as f64;
        let mut at = LEFT;
        for (idx, series) in named {
            let color = COLORS[idx % COLORS.len()];
            // about 7 units a letter at this size, 38 for the sample of the line and the gap
            let n_letters = ((room - 38.0) / 7.0).max(3.0) as usize;
            let name = shortened(&series.name, n_letters.max(series_room(&self.series)));
            put(svg, format_args!("<g>{}", sample(series.style, color, at)));
            put(svg, format_args!("<text x=\"{:.1}\" y=\"48\">{}</text></g>\n", at + 28.0, escaped(&name)));
            at += 38.0 + 7.0 * name.chars().count() as f64 + 10.0;
        }
    }
}

// letters each name may have if all names are as long as the longest and fit into one line
fn series_room(series: &[Series]) -> usize {
    let n_letters: usize = series.iter().map(|series| series.name.chars().count()).sum();
    let room = (WIDTH - RIGHT - LEFT - 48.0 * series.len() as f64) / 7.0;
    if n_letters as f64 <= room { n_letters } else { 3 }
}

fn sample(style: LineStyle, color: &str, x: f64) -> String {
    let line =
        format!("<path d=\"M{x:.1} 43.5h22\" stroke=\"{color}\" stroke-width=\"2\"{}/>", dashes(style));
    let dot = format!("<circle cx=\"{:.1}\" cy=\"43.5\" r=\"3.2\" fill=\"{color}\"/>", x + 11.0);
    match style {
        LineStyle::Solid | LineStyle::Dashed => line,
        LineStyle::Marked => line + &dot,
        LineStyle::Dots => dot,
    }
}

fn dashes(style: LineStyle) -> &'static str {
    if style == LineStyle::Dashed { " stroke-dasharray=\"6 4\"" } else { "" }
}

fn put_series(svg: &mut String, series: &Series, color: &str, (x, y): (&Axis, &Axis)) {
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
    // a line of one point shows nothing but its dot
    let n_drawn = dots.matches("<circle").count();
    let dotted = matches!(series.style, LineStyle::Marked | LineStyle::Dots) || n_drawn == 1;
    if series.style != LineStyle::Dots && n_drawn > 1 {
        put(
            svg,
            format_args!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-linejoin=\"round\"{}/>\n",
                dashes(series.style)
            ),
        );
    }
    if dotted && n_drawn > 0 {
        put(svg, format_args!("<g fill=\"{color}\">{dots}</g>\n"));
    }
}

fn place(point: &(f64, f64), x: &Axis, y: &Axis) -> Option<(f64, f64)> {
    Some((x.place(point.0)?, y.place(point.1)?))
}

// An axis in its own scale (values, or their logarithms) and where its ends are drawn.
struct Axis {
    scale: AxisScale,
    low: f64,
    high: f64,
    drawn: (f64, f64),
}

impl Axis {
    fn of(scale: AxisScale, values: Vec<f64>, drawn: (f64, f64)) -> Self {
        let inner = values.into_iter().map(|value| scale.inner(value)).filter(|value| value.is_finite());
        let (low, high) = inner
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low > high {
            (0.0, 1.0)
        } else if low == high {
            let around = if scale == AxisScale::Linear { (low.abs() * 0.1).max(1e-9) } else { 1.0 };
            if low == 0.0 { (-1.0, 1.0) } else { (low - around, high + around) }
        } else {
            // a little air, so that curves do not run along the frame
            let air = (high - low) * 0.04;
            (low - air, high + air)
        };
        Self { scale, low, high, drawn }
    }

    fn place(&self, value: f64) -> Option<f64> {
        let inner = self.scale.inner(value);
        let share = (inner - self.low) / (self.high - self.low);
        share.is_finite().then(|| self.drawn.0 + share * (self.drawn.1 - self.drawn.0))
    }

    fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let base = match self.scale {
            AxisScale::Linear => None,
            AxisScale::Log2 => Some(2.0f64),
            AxisScale::Log10 => Some(10.0f64),
        };
        if let Some(base) = base {
            let (first, last) = (self.low.ceil() as i64, self.high.floor() as i64);
            if last > first {
                let stride = ((last - first) as usize / most + 1).max(1);
                let powers: Vec<f64> =
                    (first..=last).step_by(stride).map(|power| base.powf(power as f64)).collect();
                return powers.into_iter().map(|value| (value, super::number_text(value))).collect();
            }
            // less than two powers in view: round numbers say more
            let ticks = nice_ticks(base.powf(self.low), base.powf(self.high), most);
            return ticks.iter().copied().zip(tick_texts(&ticks)).collect();
        }
        let ticks = nice_ticks(self.low, self.high, most);
        ticks.iter().copied().zip(tick_texts(&ticks)).collect()
    }
}

impl AxisScale {
    fn inner(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            // −∞ and NaN, which are not drawn, for what has no logarithm
            Self::Log2 => value.log2(),
            Self::Log10 => value.log10(),
        }
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).collect::<String>() + "…"
}

// Text for XML 1.0, which has no way to write most control characters.
fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).fold(
        String::new(),
        |mut out, c| {
            match c {
                '&' => out += "&amp;",
                '<' => out += "&lt;",
                '>' => out += "&gt;",
                '"' => out += "&quot;",
                '\'' => out += "&#39;",
                _ => out.push(c),
            }
            out
        },
    )
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("a string takes all that is written to it");
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
        assert!(svg.contains("<title>Reconstruction &lt;error&gt; &amp; &quot;co&quot;</title>"), "{svg}");
        assert_eq!(escaped("a\u{0}\u{1b}<script>"), "a&lt;script&gt;");
    }

    #[test]
    fn doublings_are_equal_steps_on_a_log2_axis() {
        let points = [4.0, 8.0, 16.0, 32.0, 64.0].map(|x| (x, 1.0 / x)).to_vec();
        let axis = Axis::of(AxisScale::Log2, points.iter().map(|p| p.0).collect(), (0.0, 100.0));
        let places: Vec<f64> = points.iter().map(|p| axis.place(p.0).unwrap()).collect();
        let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-9 && *step > 0.0), "{steps:?}");
        let texts: Vec<String> = axis.ticks(9).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["4", "8", "16", "32", "64"]);
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
        let path =
            svg.split("<path d=\"").find(|part| part.contains("fill=\"none\" stroke=\"#0072b2\"")).unwrap();
        assert_eq!(path.matches('M').count(), 2);
    }
}
