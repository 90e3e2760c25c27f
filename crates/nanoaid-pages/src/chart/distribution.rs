//! Distribution: a histogram of sizes with both axes, as SVG and as the same picture in pixels.

use micrograph::Rect;
use micrograph::paint::{Color, Ink, Picture};

use super::axis::Axis;
use super::svg::{COLORS, escaped, opened, put};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 206.0;
const FONT_PX: f64 = 12.0;
/// Pixels of the picture for each one of the SVG.
const ZOOM: f64 = 2.0;
const BAR: Color = [0, 114, 178];
const INK: Color = [34, 34, 34];
const GRID: Color = [221, 221, 221];

/// A histogram and its words.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Above it.
    pub title: String,
    /// Below the horizontal axis, with the unit.
    pub label: String,
    /// Beside the vertical one.
    pub share_of: String,
    /// Least value, largest value and share of each bin.
    pub bins: Vec<(f64, f64, f64)>,
}

/// Where everything is drawn.
struct Layout {
    across: Axis,
    up: Axis,
}

impl Distribution {
    fn layout(&self) -> Layout {
        let low = self.bins.first().map_or(0.0, |bin| bin.0);
        let high = self.bins.last().map_or(1.0, |bin| bin.1).max(low + f64::MIN_POSITIVE);
        let most = self.bins.iter().map(|bin| bin.2).fold(0.01, f64::max);
        Layout {
            across: Axis::between(low, high, (LEFT, WIDTH - RIGHT)),
            up: Axis::between(0.0, 100.0 * most, (BOTTOM, TOP)),
        }
    }

    /// As an SVG that stands alone.
    pub fn svg(&self) -> String {
        let Layout { across, up } = self.layout();
        let at = |axis: &Axis, value: f64| axis.place(value).unwrap_or(LEFT);
        let mut svg =
            opened((WIDTH, HEIGHT), FONT_PX, &self.title, &format!("{} over {}", self.share_of, self.label));
        put(
            &mut svg,
            format_args!("<text x=\"{LEFT}\" y=\"18\" font-weight=\"600\">{}</text>", escaped(&self.title)),
        );
        for tick in up.ticks(5) {
            put(
                &mut svg,
                format_args!(
                    "<path class=\"c-grid\" d=\"M{LEFT} {:.1}H{}\" stroke=\"#ddd\"/><text class=\"c-tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    tick.at,
                    WIDTH - RIGHT,
                    LEFT - 6.0,
                    tick.at + 4.0,
                    tick.text
                ),
            );
        }
        let mut path = String::new();
        for (from, to, share) in self.bins.iter().filter(|bin| bin.2 > 0.0) {
            let (left, right, top) = (at(&across, *from), at(&across, *to), at(&up, 100.0 * share));
            put(&mut path, format_args!("M{left:.1} {BOTTOM}V{top:.1}H{right:.1}V{BOTTOM}z"));
        }
        put(
            &mut svg,
            format_args!(
                "<path class=\"c-bar\" d=\"{path}\" fill=\"{}\" stroke=\"#fff\" stroke-width=\".5\"/><path class=\"c-axis\" d=\"M{LEFT} {BOTTOM}H{}\" stroke=\"#555\" fill=\"none\"/>",
                COLORS[0],
                WIDTH - RIGHT
            ),
        );
        for tick in across.ticks(7) {
            put(
                &mut svg,
                format_args!(
                    "<path class=\"c-axis\" d=\"M{:.1} {BOTTOM}v4\" stroke=\"#555\"/><text class=\"c-tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                    tick.at,
                    tick.at,
                    BOTTOM + 18.0,
                    tick.text
                ),
            );
        }
        put(
            &mut svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text x=\"14\" y=\"{:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {:.1})\">{}</text>",
                (LEFT + WIDTH - RIGHT) / 2.0,
                BOTTOM + 40.0,
                escaped(&self.label),
                (TOP + BOTTOM) / 2.0,
                (TOP + BOTTOM) / 2.0,
                escaped(&self.share_of)
            ),
        );
        svg + "</svg>"
    }

    /// The same in pixels, twice as large; the words beside the vertical axis stand above it.
    pub fn picture(&self) -> Picture {
        let Layout { across, up } = self.layout();
        let at = |axis: &Axis, value: f64| ZOOM * axis.place(value).unwrap_or(LEFT);
        let px = |value: f64| (ZOOM * value).round() as usize;
        let mut picture = Picture::new(px(HEIGHT), px(WIDTH), [255, 255, 255]);
        let (bold, ink) =
            (Ink::bold((ZOOM * FONT_PX) as f32, INK), Ink::regular((ZOOM * FONT_PX) as f32, INK));
        let line = ink.line_height() as f64;
        let title = bold.shortened(&self.title, (ZOOM * (WIDTH - LEFT - RIGHT)) as f32);
        picture.text(ZOOM as f32 * 3.0, (ZOOM * LEFT) as f32, &title, bold);
        for tick in up.ticks(5) {
            let y = ZOOM * tick.at;
            let rect = Rect { y: y as usize, x: px(LEFT), height: 1, width: px(WIDTH - RIGHT - LEFT) };
            picture.fill_rect(rect, GRID, 1.0);
            picture.text_right((y - line / 2.0) as f32, (ZOOM * (LEFT - 6.0)) as f32, &tick.text, ink);
        }
        for (from, to, share) in self.bins.iter().filter(|bin| bin.2 > 0.0) {
            let (left, right, top) = (at(&across, *from), at(&across, *to), at(&up, 100.0 * share));
            let (x, y) = (left.round() as usize, top.round() as usize);
            // a line of the background between neighbours
            let width = (right.round() as usize).saturating_sub(x + 1).max(1);
            picture.fill_rect(Rect { y, x, height: px(BOTTOM).saturating_sub(y), width }, BAR, 1.0);
        }
        let axis = Rect { y: px(BOTTOM), x: px(LEFT), height: 2, width: px(WIDTH - RIGHT - LEFT) };
        picture.fill_rect(axis, INK, 1.0);
        for tick in across.ticks(7) {
            let x = (ZOOM * tick.at) as usize;
            picture.fill_rect(Rect { y: px(BOTTOM), x, height: 8, width: 2 }, INK, 1.0);
            picture.text_centered((ZOOM * (BOTTOM + 6.0)) as f32, x as f32, &tick.text, ink);
        }
        let middle = (ZOOM * (LEFT + WIDTH - RIGHT) / 2.0) as f32;
        let words = format!("{} over {}", self.share_of, self.label);
        picture.text_centered((ZOOM * (BOTTOM + 26.0)) as f32, middle, &words, ink);
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_shares_in_both_pictures() {
        let chart = Distribution {
            title: "a < b".to_owned(),
            label: "diameter / nm".to_owned(),
            share_of: "share of particles / %".to_owned(),
            bins: vec![(0.0, 10.0, 0.25), (10.0, 20.0, 0.0), (20.0, 30.0, 0.75)],
        };
        let svg = chart.svg();
        // the largest fills the height, the other a third of it; the empty bin has no bar
        let third = BOTTOM - (BOTTOM - TOP) / 3.0;
        assert!(svg.contains(&format!("M56.0 206V{third:.1}H")) && svg.contains("V34.0H466.0V206z"), "{svg}");
        assert_eq!(svg.matches("V206z").count(), 2);
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>"));
        let picture = chart.picture();
        let column = |x: f64| {
            let x = (ZOOM * x) as usize;
            (0..picture.height()).filter(|y| picture.at(*y, x) == BAR).count() as f64
        };
        let bin = (WIDTH - RIGHT - LEFT) / 3.0;
        let [small, none, large] = [0.5, 1.5, 2.5].map(|at| column(LEFT + at * bin));
        assert!(none == 0.0 && (large / small - 3.0).abs() < 0.05, "{small} {none} {large}");
    }
}
