//! What a scan with gratings found, and its text.

use micrograph::calibration::length_text;
use serde::{Deserialize, Serialize};

use super::result::{Period, Untuned};

/// The gratings that drive a unit most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GratingScan {
    /// Shortest period that was shown, in px.
    pub shortest_px: f64,
    /// Longest period that was shown, in px.
    pub longest_px: f64,
    /// The periods that drive it, the strongest first; the others by at least half as much.
    pub peaks: Vec<ScanPeak>,
    /// Why there are none.
    pub none: Option<Untuned>,
}

/// A period that drives a unit more than shorter and longer ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanPeak {
    /// The period.
    pub period: Period,
    /// Axes of the lines in degrees, in `(-90, 90]`, anticlockwise from the rows, that drive it more
    /// than those between; none where lines of any axis drive it about alike.
    pub axes_deg: Vec<f64>,
    /// Orientation selectivity at this period, in `[0, 1]`.
    pub selectivity: f64,
    /// Its gain as a share of the strongest one's.
    pub share: f64,
    /// What it adds to the activation for uniform grey.
    pub gain: f32,
}

impl GratingScan {
    pub(super) fn none(reason: Untuned, shortest_px: f64, periods_px: &[f64]) -> Self {
        let longest_px = periods_px.last().copied().unwrap_or(shortest_px);
        Self { shortest_px, longest_px, peaks: Vec::new(), none: Some(reason) }
    }

    /// The period, where there is one and only one.
    pub fn period_px(&self) -> Option<f64> {
        match &self.peaks[..] {
            [ScanPeak { period: Period::Shown { px }, .. }] => Some(*px),
            _ => None,
        }
    }

    /// The axis, where all periods have one and the same, within 5°.
    pub fn axis_deg(&self) -> Option<f64> {
        let first = self.peaks.first()?.axis_deg()?;
        let same =
            |peak: &ScanPeak| peak.axis_deg().is_some_and(|axis| super::wrapped(axis - first).abs() <= 5.0);
        self.peaks.iter().all(same).then_some(first)
    }

    /// What was found in a few words, in nanometres too where a pixel has a size.
    pub fn text(&self, nm_per_px: Option<f64>) -> String {
        if self.none.is_some() {
            return "no grating drives it".to_owned();
        }
        let each = self.peaks.iter().map(|peak| (peak.period_text(nm_per_px), peak.axis_text()));
        let each: Vec<(String, String)> = each.collect();
        match &each[..] {
            [] => "no grating drives it".to_owned(),
            [(period, axis)] => format!("{period}, {axis}"),
            several => {
                let number = if several.len() == 2 { "two" } else { "several" };
                let alike = several.iter().all(|(_, axis)| *axis == several[0].1);
                let no_axis = self.peaks.iter().all(|peak| peak.axis_deg().is_none());
                let listed: Vec<String> = several
                    .iter()
                    .map(
                        |(period, axis)| {
                            if alike || no_axis { period.clone() } else { format!("{period} ({axis})") }
                        },
                    )
                    .collect();
                let axis = match (no_axis, alike) {
                    (true, _) => ", no axis".to_owned(),
                    (false, true) => format!(", {}", several[0].1),
                    (false, false) => String::new(),
                };
                let (last, others) = listed.split_last().expect("there are several");
                format!("{number} periods: {} and {last}{axis}", others.join(", "))
            }
        }
    }
}

impl ScanPeak {
    /// The axis, where there is one and only one.
    pub fn axis_deg(&self) -> Option<f64> {
        if let [axis] = self.axes_deg[..] { Some(axis) } else { None }
    }

    fn period_text(&self, nm_per_px: Option<f64>) -> String {
        let length = |px: f64| {
            let nm = nm_per_px.map(|nm_per_px| format!(" = {}", length_text(px * nm_per_px)));
            format!("{px:.1} px{}", nm.unwrap_or_default())
        };
        match self.period {
            Period::Shown { px } => length(px),
            Period::ShortestShown { px } => format!("at most {}", length(px)),
            Period::LongestShown { .. } => "no period".to_owned(),
        }
    }

    /// The axis in a few words.
    pub fn axis_text(&self) -> String {
        match &self.axes_deg[..] {
            [] => "no axis".to_owned(),
            [axis] => format!("{}°", whole(*axis)),
            axes => {
                let mut axes: Vec<i32> = axes.iter().map(|axis| whole(*axis)).collect();
                axes.sort_unstable();
                let axes: Vec<String> = axes.iter().map(|axis| format!("{axis}°")).collect();
                format!("no single axis ({})", axes.join(", "))
            }
        }
    }
}

/// An axis in whole degrees, in `(-90, 90]`.
fn whole(axis_deg: f64) -> i32 {
    let degrees = axis_deg.round() as i32;
    if degrees <= -90 { degrees + 180 } else { degrees }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(period: Period, axes_deg: &[f64]) -> ScanPeak {
        ScanPeak { period, axes_deg: axes_deg.to_vec(), selectivity: 0.5, share: 1.0, gain: 1.0 }
    }

    #[test]
    fn what_was_found_is_said_in_a_few_words() {
        let shown = |px: f64| Period::Shown { px };
        let cases: [(&str, Vec<ScanPeak>); 9] = [
            ("5.0 px = 10 nm, 30°", vec![peak(shown(5.0), &[30.0])]),
            ("5.9 px = 11.8 nm, no axis", vec![peak(shown(5.9), &[])]),
            ("6.0 px = 12 nm, no single axis (0°, 90°)", vec![peak(shown(6.0), &[-90.0, -0.1])]),
            (
                "two periods: 6.0 px = 12 nm and 3.0 px = 6 nm, 30°",
                vec![peak(shown(6.0), &[30.0]), peak(shown(3.0), &[30.2])],
            ),
            (
                "two periods: 6.0 px = 12 nm (30°) and 3.0 px = 6 nm (no axis)",
                vec![peak(shown(6.0), &[30.0]), peak(shown(3.0), &[])],
            ),
            (
                "several periods: 10.0 px = 20 nm, 5.5 px = 11 nm and 3.0 px = 6 nm, no axis",
                vec![
                    peak(shown(10.0), &[-45.0, 45.0]),
                    peak(shown(5.5), &[]),
                    peak(shown(3.0), &[0.0, 90.0]),
                ],
            ),
            ("5.0 px = 10 nm, 90°", vec![peak(shown(5.0), &[-89.9])]),
            ("no period, no axis", vec![peak(Period::LongestShown { px: 40.0 }, &[])]),
            ("at most 2.0 px = 4 nm, 0°", vec![peak(Period::ShortestShown { px: 2.0 }, &[0.0])]),
        ];
        for (expected, peaks) in cases {
            let scan = GratingScan { shortest_px: 2.0, longest_px: 40.0, peaks, none: None };
            assert_eq!(scan.text(Some(2.0)), expected);
        }
        let none = GratingScan::none(Untuned::PrefersUniform, 2.0, &[2.0, 4.0]);
        assert_eq!(none.text(None), "no grating drives it");
        assert_eq!((none.period_px(), none.axis_deg(), none.longest_px), (None, None, 4.0));
    }
}
