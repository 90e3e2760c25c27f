//! Charts as SVG: lines, tuning curves, histograms, intervals, volcano plots.
//!
//! Numbers go in, a complete `<svg>` element comes out; no scripts, no style sheets, no ids that could clash with
//! others. Every mark has the colors of a printed figure as attributes, and a class; the style of a page ([`STYLE`])
//! overrides the attributes, so that a chart follows the page's theme there and is black on white where it is saved
//! or stands alone. Colors are those of Okabe & Ito, which readers with a color vision deficiency can distinguish;
//! dashes and markers do so without color.

mod axis;
mod curve;
mod distribution;
mod histogram;
mod interval;
mod line;
mod size;
mod svg;
mod volcano;

pub use axis::AxisScale;
pub use curve::{CurveChart, XUnit};
pub use distribution::Distribution;
pub use histogram::histograms;
pub use interval::{IntervalRow, intervals};
pub use line::{LineChart, LineStyle, Series};
pub use size::size_histogram;
pub use volcano::{VolcanoPoint, volcano};

/// Style of charts for a page with the variables `--ink`, `--soft`, `--ground`, `--grid`, `--pale` and
/// `--s0` to `--s6`.
pub const STYLE: &str = include_str!("chart/chart.css");
