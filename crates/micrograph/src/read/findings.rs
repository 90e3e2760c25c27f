//! Findings: the facts from one block of metadata, and how several are combined into one answer.

use crate::calibration::{POSSIBLE_NM_PER_PX, number_text};
use crate::{Calibration, CalibrationSource, InstrumentSettings};

use super::number::{Size, Written};

/// Most that two pixel sizes of one file may differ, beyond their rounding, and still agree:
/// fields of view are written with three digits.
const MOST_DISAGREEMENT: f64 = 0.01;

/// Largest ratio of the sides of a pixel; a larger one comes from a wrong unit on one axis.
const MOST_ASPECT: f64 = 100.0;

/// The facts from a block of metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Findings {
    /// Pixel sizes, most trusted first.
    pub(super) calibrations: Vec<Calibration>,
    pub(super) instrument: InstrumentSettings,
    pub(super) specimen_rows: Option<usize>,
    pub(super) warnings: Vec<String>,
    /// Reasons why a block of metadata gives no pixel size: warnings, unless another source gives one.
    pub(super) missing: Vec<String>,
}

impl Findings {
    /// Adds the facts of `other`; where both give a setting, this one's stays.
    pub(super) fn add(&mut self, other: Self) {
        self.calibrations.extend(other.calibrations);
        self.warnings.extend(other.warnings);
        self.missing.extend(other.missing);
        self.specimen_rows = self.specimen_rows.or(other.specimen_rows);
        let (mine, theirs) = (&mut self.instrument, other.instrument);
        mine.vendor = mine.vendor.take().or(theirs.vendor);
        mine.instrument = mine.instrument.take().or(theirs.instrument);
        mine.accelerating_voltage_kv = mine.accelerating_voltage_kv.or(theirs.accelerating_voltage_kv);
        mine.working_distance_mm = mine.working_distance_mm.or(theirs.working_distance_mm);
        mine.magnification = mine.magnification.or(theirs.magnification);
        mine.detector = mine.detector.take().or(theirs.detector);
        mine.date = mine.date.take().or(theirs.date);
    }

    /// Takes `calibrations` of an image that was `stored` so, as far as it still is.
    pub(super) fn set_calibrations(
        &mut self,
        mut calibrations: Vec<Calibration>,
        size: Size,
        stored: Option<Size>,
    ) {
        match stored.map(|stored| (fit(size, stored), stored)) {
            Some((Fit::Changed, stored)) => {
                let nm_per_px = calibrations.first().map(|calibration| calibration.nm_per_px_x);
                self.warnings.push(changed_warning(size, stored, nm_per_px));
                return;
            }
            Some((Fit::Turned, _)) => {
                for calibration in &mut calibrations {
                    std::mem::swap(&mut calibration.nm_per_px_x, &mut calibration.nm_per_px_y);
                }
            }
            Some((Fit::AsStored, _)) | None => {}
        }
        self.calibrations = calibrations;
    }

    /// Like [`Findings::set_calibrations`], with a warning where `maker`'s metadata hold no pixel size, and
    /// the specimen in the `stored` rows where more were appended below them.
    pub(super) fn set_scan(
        &mut self,
        maker: &str,
        calibrations: Vec<Calibration>,
        size: Size,
        stored: Option<Size>,
    ) {
        if calibrations.is_empty() {
            self.missing.push(format!("the {maker} metadata hold no pixel size"));
        } else {
            self.set_calibrations(calibrations, size, stored);
        }
        self.specimen_rows = stored
            .filter(|stored| fit(size, *stored) == Fit::AsStored && stored.height < size.height)
            .map(|stored| stored.height);
    }

    /// The calibration to use: the typed one, else the most trusted one if all others agree with
    /// it. Disagreement becomes a warning, and so does the reason why there is none.
    pub(super) fn calibration(&mut self, typed: Option<f64>) -> Option<Calibration> {
        let chosen = self.chosen(typed);
        if chosen.is_none() {
            self.warnings.append(&mut self.missing);
        }
        chosen
    }

    fn chosen(&mut self, typed: Option<f64>) -> Option<Calibration> {
        let (possible, impossible): (Vec<_>, Vec<_>) = self.calibrations.drain(..).partition(|calibration| {
            let (x, y) = (calibration.nm_per_px_x, calibration.nm_per_px_y);
            let aspect = (1.0 / MOST_ASPECT..=MOST_ASPECT).contains(&(x / y));
            POSSIBLE_NM_PER_PX.contains(&x) && POSSIBLE_NM_PER_PX.contains(&y) && aspect
        });
        self.calibrations = possible;
        for calibration in impossible {
            self.warnings.push(format!(
                "a pixel of {:e} × {:e} nm ({}) is not possible, and is not used; expected sides from {} to {} nm, \
                 neither more than {MOST_ASPECT} times the other",
                calibration.nm_per_px_x,
                calibration.nm_per_px_y,
                key(&calibration.source),
                POSSIBLE_NM_PER_PX.start(),
                POSSIBLE_NM_PER_PX.end(),
            ));
        }
        let typed = typed.map(|nm_per_px| Calibration::square(nm_per_px, CalibrationSource::Typed));
        let best = typed.as_ref().or(self.calibrations.first())?.clone();
        let Some(other) = self.calibrations.iter().find(|other| !agree(&best, other)) else {
            return Some(best);
        };
        let advice =
            if typed.is_some() { "the typed one is used" } else { "type the right one to calibrate" };
        self.warnings.push(format!(
            "two pixel sizes contradict each other: {} nm ({}) and {} nm ({}); {advice}",
            short(best.nm_per_px_x),
            key(&best.source),
            short(other.nm_per_px_x),
            key(&other.source),
        ));
        typed
    }
}

/// A maker's pixel size: `width` and `height` of a pixel in nanometres, and its key.
pub(super) fn vendor_calibration(key: impl Into<String>, width: Written, height: Written) -> Calibration {
    Calibration {
        nm_per_px_x: width.value,
        nm_per_px_y: height.value,
        relative_uncertainty: width.relative_uncertainty().max(height.relative_uncertainty()),
        source: CalibrationSource::Vendor(key.into()),
    }
}

fn agree(a: &Calibration, b: &Calibration) -> bool {
    let most = MOST_DISAGREEMENT + a.relative_uncertainty + b.relative_uncertainty;
    let near = |a: f64, b: f64| (a / b - 1.0).abs() <= most;
    near(a.nm_per_px_x, b.nm_per_px_x) && near(a.nm_per_px_y, b.nm_per_px_y)
}

fn key(source: &CalibrationSource) -> &str {
    match source {
        CalibrationSource::Typed => "typed",
        CalibrationSource::Vendor(key) | CalibrationSource::Software(key) => key,
        CalibrationSource::DrawnBar => "drawn scale bar",
        CalibrationSource::Synthetic => "synthetic",
    }
}

/// `value` with six digits at most.
pub(super) fn short(value: f64) -> String {
    number_text(value, 6)
}

/// Orientation of an image in the file, compared with how the instrument stored it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Its width is the stored width.
    AsStored,
    /// It was rotated by 90°.
    Turned,
    /// It was resized or cropped.
    Changed,
}

/// Compares `size` with the `stored` one; rows may have been added (data bar) or cut off.
pub(super) fn fit(size: Size, stored: Size) -> Fit {
    // a data bar adds less than a quarter to the rows
    let most_height = stored.height.saturating_add(stored.height / 4);
    if size.width == stored.width {
        Fit::AsStored
    } else if size.height == stored.width && size.width < size.height && size.width <= most_height {
        Fit::Turned
    } else {
        Fit::Changed
    }
}

/// The warning for an image that was resized or cropped after the instrument stored it with
/// pixels of `nm_per_px`.
pub(super) fn changed_warning(size: Size, stored: Size, nm_per_px: Option<f64>) -> String {
    let advice = match nm_per_px {
        Some(nm) => format!(
            "type {} nm if it was cropped, {} nm if it was resized",
            short(nm),
            short(nm * stored.width as f64 / size.width as f64)
        ),
        None => "type the pixel size to calibrate".to_owned(),
    };
    format!(
        "the image is {} pixels wide, its metadata say {}: it was resized or cropped, and the pixel size is not \
         taken from the metadata; {advice}",
        size.width, stored.width
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calibration(nm: f64, relative_uncertainty: f64, key: &str) -> Calibration {
        Calibration {
            relative_uncertainty,
            ..Calibration::square(nm, CalibrationSource::Vendor(key.to_owned()))
        }
    }

    #[test]
    fn sources_that_contradict_each_other_leave_the_file_uncalibrated() {
        let two = vec![calibration(10.0, 0.0, "A"), calibration(10.2, 0.0, "B")];
        let mut findings = Findings { calibrations: two, ..Findings::default() };
        assert_eq!(findings.calibration(None), None);
        let [warning] = findings.warnings.as_slice() else { panic!("{:?}", findings.warnings) };
        assert!(warning.contains("10 nm (A)") && warning.contains("10.2 nm (B)"), "{warning}");
    }

    #[test]
    fn coarse_digits_do_not_contradict_fine_ones() {
        let two = vec![calibration(10.0, 0.0, "A"), calibration(10.2, 0.05, "B")];
        let mut findings = Findings { calibrations: two, ..Findings::default() };
        assert_eq!(findings.calibration(None).unwrap().nm_per_px_x, 10.0);
        assert!(findings.warnings.is_empty());
    }

    #[test]
    fn a_typed_size_goes_first_and_says_so() {
        let mut findings =
            Findings { calibrations: vec![calibration(10.0, 0.0, "A")], ..Findings::default() };
        assert_eq!(findings.calibration(Some(5.0)).unwrap().source, CalibrationSource::Typed);
        assert!(findings.warnings[0].contains("the typed one is used"), "{:?}", findings.warnings);
    }

    #[test]
    fn only_a_quarter_turn_is_taken_for_one() {
        let stored = Size { height: 768, width: 1024 };
        for (height, width, expected) in [
            (768, 1024, Fit::AsStored),
            (700, 1024, Fit::AsStored), // data bar cut off
            (1024, 768, Fit::Turned),
            (1024, 1365, Fit::Changed), // enlarged by 4/3
            (384, 512, Fit::Changed),
            (1024, 1000, Fit::Changed), // cropped from an enlarged one
        ] {
            assert_eq!(fit(Size { height, width }, stored), expected, "{height} × {width}");
        }
    }
}
