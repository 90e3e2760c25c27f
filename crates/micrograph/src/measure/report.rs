//! Report: the measurements of one micrograph, as one value for all tables and pictures.
//!
//! The measurements are requested, or chosen by the evidence. Only here are lengths converted to
//! nanometres: each is multiplied by the calibration, whose own uncertainty becomes one more component.
//! Without a calibration lengths stay in px and say so. Each refusal gives its reason.
//! Reads and writes no files.

mod answer;
mod calibrated;
mod knobs;
mod part;
mod varying;

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::count::{Count, CountConfig, CountWarning, Labels, Polarity, particles};
use super::drift::DRIFT;
use super::fibers::{Fibers, FibersConfig, fibers};
use super::geometry::Geometry;
use super::grating::{Grating, GratingConfig, NoPeriod, NoPeriodReason, grating};
use super::large::Working;
use super::lattice::{Lattice, LatticeConfig, NEIGHBOURS, TOGETHER, lattice};
use super::orientation::{Orientation, OrientationConfig, orientation};
use super::outliers::Repaired;
use super::pores::{Pores, PoresConfig, pores};
use super::quantity::Quantity;
use crate::contrast::Flat;
use crate::{Calibration, ConfigError, Plane, annotations};

pub use answer::{CALIBRATION, Dimension, KINDS, Kind, NOT_PLAIN};
pub use calibrated::{CalibrateError, Calibrated, TypedBar, calibration};

use answer::Lengths;

/// Periods over the field from which on the accuracy was checked.
const CHECKED_PERIODS: f64 = 8.0;
/// Share of missing sites from which on a lattice may not fill the image.
const MANY_MISSING: f64 = 0.2;
/// Share of positions off the sites from which on another lattice may be right.
const MANY_EXTRA: f64 = 0.05;
/// Order parameter below which a common axis is hardly meaningful.
const LITTLE_ORDER: f64 = 0.1;
/// Largest share of the image that drawings cover; more is specimen.
const MOST_DRAWN: f64 = 0.2;
/// Measured share of centre lines below which the diameters may not represent all fibres.
const FEW_LINES: f64 = 0.5;

/// Least period, diameter of particles, and diameter of fibres, in px of a reduced copy, that it resolves as well as
/// the image would.
const RESOLVED_PERIOD: f64 = 8.0;
const RESOLVED_PARTICLE: f64 = 12.0;
const RESOLVED_FIBER: f64 = 8.0;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Pitch of a grating.
    Pitch,
    /// A lattice and its sites.
    Lattice,
    /// Axes of the texture.
    Orientation,
    /// Number and sizes of particles.
    Count,
    /// Diameters and axes of fibres or wires.
    #[serde(rename = "fibres")]
    Fibers,
    /// Share and sizes of pores.
    Pores,
}

impl Task {
    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pitch => "pitch",
            Self::Lattice => "lattice",
            Self::Orientation => "orientation",
            Self::Count => "count",
            Self::Fibers => "fibres",
            Self::Pores => "pores",
        }
    }
}

/// The requested measurements, and the orientation of the specimen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportConfig {
    /// The requested measurements; if empty, the evidence decides.
    pub what: Vec<Task>,
    /// Tilt of the specimen in degrees, 0 to 85.
    pub tilt_deg: f64,
    /// Direction of the tilt axis in the image, degrees anticlockwise from x, −180 to 180.
    pub tilt_axis_deg: f64,
    /// Whether particles, fibres and pores are brighter or darker than what is around them; if not given, found for
    /// particles, brighter for fibres and darker for pores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarity: Option<Polarity>,
    /// Least equivalent diameter of a particle or pore in px of the image, 2 to 1000; 4 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_size_px: Option<f64>,
    /// Largest equivalent diameter of a particle or pore in px of the image, above the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size_px: Option<f64>,
}

impl ReportConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        self.geometry(None).checked()?;
        let least = self.min_size_px.unwrap_or(CountConfig::default().least_diameter_px);
        ConfigError::unless_within("min_size_px", least, 2.0..=1000.0)?;
        if let Some(most) = self.max_size_px
            && !(most > least && most.is_finite())
        {
            return Err(ConfigError::new("max_size_px", most, &format!("a finite number above {least}")));
        }
        Ok(self)
    }

    /// How particles are counted in a plane of `px` pixels for each one of the image along an axis.
    fn count(&self, px: f64) -> CountConfig {
        let default = CountConfig::default();
        // one that was not given is a limit of what has a shape in the plane itself
        let least = self.min_size_px.map_or(default.least_diameter_px, |size| (px * size).max(2.0));
        let most = self.max_size_px.map(|size| (px * size).max(least + 1.0));
        CountConfig { polarity: self.polarity, least_diameter_px: least, most_diameter_px: most, ..default }
    }

    /// How pores are measured in a plane of `px` pixels for each one of the image along an axis.
    fn pores(&self, px: f64) -> PoresConfig {
        let CountConfig { least_diameter_px, most_diameter_px, .. } = self.count(px);
        let polarity = self.polarity.filter(|polarity| *polarity != Polarity::Both).unwrap_or(Polarity::Dark);
        PoresConfig { least_diameter_px, most_diameter_px, polarity }
    }

    fn geometry(&self, calibration: Option<&Calibration>) -> Geometry {
        let pixels = calibration.map_or_else(Geometry::default, Geometry::of_pixels);
        Geometry { tilt_deg: self.tilt_deg, tilt_axis_deg: self.tilt_axis_deg, ..pixels }
    }
}

/// A measured number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name, one of [`KINDS`].
    pub name: String,
    /// The number, in nm where the image is calibrated.
    pub quantity: Quantity,
}

/// A number that is not given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its name, one of [`KINDS`]; absent where nothing of the task is given.
    pub name: Option<String>,
    /// Why.
    pub reason: String,
}

/// The result of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was measured.
    pub task: Task,
    /// Why it was measured.
    pub chosen: String,
    /// What was found, in words; absent where nothing was.
    pub summary: Option<String>,
    /// All numbers of it.
    pub findings: Vec<Finding>,
    /// All that is refused.
    pub refused: Vec<Refusal>,
    /// What another way gives for the same task, where it was tried, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondOpinion>,
}

/// What another way of measuring gives, beside an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// The way, such as `without a network`.
    pub way: String,
    /// What it found, in words.
    pub summary: Option<String>,
    /// Its numbers.
    pub findings: Vec<Finding>,
    /// What it refuses.
    pub refused: Vec<Refusal>,
    /// Names of the numbers that both give and that differ by more than both 95 % intervals.
    pub disagree: Vec<String>,
}

impl SecondOpinion {
    /// `other`, found by `way`, beside `findings`.
    pub fn new(way: &str, other: Answer, findings: &[Finding]) -> Self {
        let differs = |finding: &&Finding| {
            other.findings.iter().any(|own| {
                let (one, two) = (&finding.quantity, &own.quantity);
                let apart = (one.value - two.value).abs();
                own.name == finding.name && apart > one.expanded_uncertainty + two.expanded_uncertainty
            })
        };
        let disagree = findings.iter().filter(differs).map(|finding| finding.name.clone()).collect();
        Self {
            way: way.to_owned(),
            summary: other.summary,
            findings: other.findings,
            refused: other.refused,
            disagree,
        }
    }
}

impl Answer {
    /// Whether nothing of the task is given.
    pub fn is_refused(&self) -> bool {
        self.findings.is_empty()
    }

    /// An answer without numbers.
    fn refused(task: Task, chosen: &str, reason: String) -> Self {
        let refused = vec![Refusal { name: None, reason }];
        Self { task, chosen: chosen.to_owned(), summary: None, findings: Vec::new(), refused, second: None }
    }
}

/// A warning with advice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportWarning {
    /// What was found, with its numbers.
    pub text: String,
    /// What can be done, as a sentence; may be empty.
    pub advice: String,
}

impl std::fmt::Display for ReportWarning {
    /// What was found, a full stop, and the advice, where there is one.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.advice.as_str() {
            "" => formatter.write_str(&self.text),
            advice => write!(formatter, "{}. {advice}", self.text),
        }
    }
}

impl ReportWarning {
    /// A warning with its advice.
    pub fn new(text: impl Into<String>, advice: &str) -> Self {
        Self { text: text.into(), advice: advice.to_owned() }
    }
}

/// The measurements of one micrograph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Rows that were measured, without the data bar.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Size of a pixel; without one lengths are in px.
    pub calibration: Option<Calibration>,
    /// Orientation of the specimen.
    pub geometry: Geometry,
    /// One for each task, in the order in which they were done.
    pub answers: Vec<Answer>,
    /// Warnings.
    pub warnings: Vec<ReportWarning>,
}

impl Report {
    /// Nanometres of a pixel where lengths of regions can be given in nm: the image is calibrated, its pixels are
    /// square, and the specimen is not tilted.
    pub fn region_nm_per_px(&self) -> Option<f64> {
        self.calibration.as_ref().filter(|_| self.shows_regions_plainly()).map(|pixel| pixel.nm_per_px_x)
    }

    /// The numbers of `fibers`, in nm where the image is calibrated; a reason for each that is not given.
    pub fn of_fibers(&self, fibers: &Fibers) -> (String, Vec<Finding>, Vec<Refusal>) {
        self.lengths().of_fibers(fibers)
    }

    /// A quantity in px as the report gives it: in nm where the image is calibrated.
    pub fn calibrated(&self, quantity: &Quantity) -> Quantity {
        self.lengths().calibrated(quantity)
    }

    fn lengths(&self) -> Lengths<'_> {
        Lengths { calibration: self.calibration.as_ref(), geometry: self.geometry }
    }

    /// Whether regions have their shape in the image: pixels are square, and the specimen is not tilted.
    pub fn shows_regions_plainly(&self) -> bool {
        self.lengths().plain()
    }
}

/// Everything that was found, in px of the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the types say it")]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grating: Option<Grating>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lattice: Option<Lattice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<Orientation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<Count>,
    /// Which pixel belongs to which particle.
    #[serde(skip)]
    pub labels: Option<Labels>,
    /// Thousands of points are for the overlay.
    #[serde(skip)]
    pub fibers: Option<Fibers>,
    /// Those that were found without a network; hundreds of regions are for tables.
    #[serde(skip)]
    pub pores: Option<Pores>,
    /// Which pixel belongs to which pore.
    #[serde(skip)]
    pub pore_labels: Option<Labels>,
}

/// A report, and the details for its picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The numbers.
    pub report: Report,
    /// The measurements they come from.
    pub details: Details,
}

/// Measures `plane`, the specimen without its data bar, `[H, W]`. Outliers of the detector and letters and bars that were
/// drawn on the specimen are replaced before, with a warning; of a flat plane every measurement is refused.
///
/// # Errors
/// If a setting is out of range. What cannot be measured is a refusal in the report.
///
/// # Examples
/// ```
/// use micrograph::measure::{ReportConfig, Task, measured};
/// use micrograph::{Calibration, CalibrationSource, Plane};
///
/// let plane = Plane::from_fn(120, 160, |_, x| (std::f64::consts::TAU * x as f64 / 12.0).sin() as f32);
/// let calibration = Calibration::square(5.0, CalibrationSource::Typed);
/// let report = measured(&plane, Some(&calibration), &ReportConfig::default())?.report;
/// let pitch = &report.answers[0].findings[0];
/// assert_eq!((report.answers[0].task, pitch.name.as_str()), (Task::Pitch, "pitch"));
/// assert!((pitch.quantity.value - 60.0).abs() < 0.1, "in nm");
/// # Ok::<(), micrograph::ConfigError>(())
/// ```
pub fn measured(
    plane: &Plane,
    calibration: Option<&Calibration>,
    config: &ReportConfig,
) -> Result<Measured, ConfigError> {
    let config = config.clone().checked()?;
    let geometry = config.geometry(calibration).checked()?;
    let repaired = Repaired::of(plane);
    let drawn = annotations::mask(&repaired.plane);
    let has_drawings = !drawn.boxes.is_empty() && drawn.share() <= MOST_DRAWN;
    let undrawn = has_drawings.then(|| drawn.filled(&repaired.plane));
    let working = Working::all(undrawn.as_ref().unwrap_or(&repaired.plane));
    let mut work = Work {
        working: &working,
        config: &config,
        lengths: Lengths { calibration, geometry },
        answers: Vec::new(),
        warnings: Vec::new(),
        details: Details::default(),
        weakness: None,
        no_pitch: None,
    };
    if let Some(text) = repaired.text() {
        let text = format!(
            "{text} far from all around, as of the detector, replaced from the neighbours for measuring"
        );
        work.warn(text, "What is narrower than the beam is not measured.");
    }
    if has_drawings {
        let text = format!(
            "{} letters, bars or boxes drawn on the specimen, {:.1} % of the image, are left out",
            drawn.boxes.len(),
            100.0 * drawn.share()
        );
        work.warn(text, "");
    }
    let mut what = config.what.clone();
    what.sort_unstable();
    what.dedup();
    if let Some(flat) = Flat::of(&repaired.plane) {
        work.refuse_flat(&what, flat);
    } else if what.is_empty() {
        work.by_evidence();
    } else {
        for &task in &what {
            work.done(task, "requested", "requested");
        }
        work.where_one_wave_is_not_enough(&what, ["requested"; 2]);
    }
    let Work { answers, mut warnings, details, .. } = work;
    if calibration.is_none() {
        let text = "no calibration: lengths are in px";
        warnings.push(ReportWarning::new(
            text,
            "Give the pixel size (`--nm-per-px`), or the length of the scale bar (`--bar-nm`).",
        ));
    }
    let report = Report {
        height: plane.height(),
        width: plane.width(),
        calibration: calibration.cloned(),
        geometry,
        answers,
        warnings,
    };
    Ok(Measured { report, details })
}

/// What has been done so far.
struct Work<'a> {
    /// The image, or what is measured in its place.
    working: &'a [Working],
    config: &'a ReportConfig,
    lengths: Lengths<'a>,
    answers: Vec<Answer>,
    warnings: Vec<ReportWarning>,
    details: Details,
    /// Why the last result should be given only on request.
    weakness: Option<String>,
    /// Why there is no grating.
    no_pitch: Option<NoPeriodReason>,
}

impl<'a> Work<'a> {
    /// Refuses `what`, or everything if it is empty: there is nothing to measure.
    fn refuse_flat(&mut self, what: &[Task], flat: Flat) {
        let all = [Task::Pitch, Task::Lattice, Task::Count, Task::Fibers, Task::Orientation];
        let (tasks, chosen) = if what.is_empty() { (&all[..], "tried") } else { (what, "requested") };
        for task in tasks {
            self.answers.push(Answer::refused(*task, chosen, format!("the image is flat: {flat}")));
        }
    }

    /// From the strongest evidence to the weakest, until something is found whose accuracy was checked.
    fn by_evidence(&mut self) {
        let periods = [
            (Task::Pitch, "one period is prominent, and its phase is constant over the image"),
            (Task::Lattice, "two periods have constant phases, and their sites are occupied"),
        ];
        let regions = [
            (Task::Count, "no period; compact regions stand out from the background"),
            (Task::Fibers, "no period; long regions stand out from the background"),
        ];
        let in_part = "no period over the image; a pattern in a part of it repeats itself";
        let varying = "one period is prominent, and changes over the image";
        if !self.first_of(&periods)
            && !self.where_one_wave_is_not_enough(&[Task::Pitch, Task::Lattice], [in_part, varying])
        {
            self.first_of(&regions);
        }
        self.done(Task::Orientation, "always", "always");
    }

    /// Answers the refused ones of `tasks` by lines that vary over the image, or by lines or dots in a part of it, for the
    /// reasons that `chosen` has for a part and for lines that vary; whether anything was found.
    fn where_one_wave_is_not_enough(&mut self, tasks: &[Task], chosen: [&str; 2]) -> bool {
        let [in_part, vary] = chosen;
        let is_known = self.details.grating.is_some() || self.details.lattice.is_some();
        let varying = if is_known || !tasks.contains(&Task::Pitch) { None } else { self.varying() };
        self.pitch_of_varying(varying, vary, false)
            || self.in_part(tasks, in_part, varying)
            || self.pitch_of_varying(varying, vary, true)
    }

    /// Does `tasks` until something is found whose accuracy was checked; whether it was.
    fn first_of(&mut self, tasks: &[(Task, &str)]) -> bool {
        for &(task, found) in tasks {
            let n_warnings = self.warnings.len();
            self.weakness = None;
            if self.done(task, found, "tried") {
                let Some(weakness) = self.weakness.take() else { return true };
                self.warnings.truncate(n_warnings);
                self.withdraw(&weakness);
            }
        }
        false
    }

    /// Withdraws the last answer: weak results are given only on request.
    fn withdraw(&mut self, weakness: &str) {
        let Some(Answer { task, .. }) = self.answers.pop() else { return };
        match task {
            Task::Pitch => self.details.grating = None,
            Task::Lattice => self.details.lattice = None,
            Task::Orientation => self.details.orientation = None,
            Task::Count => (self.details.count, self.details.labels) = (None, None),
            Task::Fibers => self.details.fibers = None,
            Task::Pores => (self.details.pores, self.details.pore_labels) = (None, None),
        }
        let reason = format!("{weakness}; request this measurement (`--expect`) to see its numbers");
        self.answers.push(Answer::refused(task, "tried", reason));
    }

    /// Does `task`; whether anything was found.
    fn done(&mut self, task: Task, if_found: &str, if_refused: &str) -> bool {
        let answer = match task {
            Task::Pitch => self.pitch(),
            Task::Lattice => self.lattice(),
            Task::Orientation => self.orientation(),
            Task::Count => self.count(),
            Task::Fibers => self.fibers(),
            Task::Pores => self.pores(),
        };
        let found = answer.is_ok();
        let chosen = if found { if_found } else { if_refused }.to_owned();
        self.answers.push(match answer {
            Ok((summary, findings, refused)) => {
                Answer { task, chosen, summary: Some(summary), findings, refused, second: None }
            }
            Err(reason) => Answer::refused(task, &chosen, knobs::with_knob(task, reason)),
        });
        found
    }

    /// Warns of a weak result, which is given only on request.
    fn weak(&mut self, text: String, advice: &str) {
        self.weakness = Some(text.clone());
        self.warn(text, advice);
    }

    fn warn(&mut self, text: String, advice: &str) {
        self.warnings.push(ReportWarning::new(text, advice));
    }

    /// Warns if a changing drift is the largest uncertainty.
    fn warn_of_drift(&mut self, pitch: &Quantity, axis: &Quantity) {
        let drift = |quantity: &Quantity| {
            let component = quantity.components.iter().find(|component| component.cause == DRIFT)?;
            (component.standard_uncertainty > 0.5 * quantity.standard_uncertainty)
                .then_some(component.standard_uncertainty * 3.0_f64.sqrt())
        };
        let (of_pitch, of_axis) = (drift(pitch), drift(axis));
        if of_pitch.is_none() && of_axis.is_none() {
            return;
        }
        let share = 100.0 * of_pitch.unwrap_or(0.0) / pitch.value;
        let text = format!(
            "the pattern bends from the first row to the last, as under a changing drift: \
             ± {share:.2} % of the pitch, ± {:.2}° of the axis",
            of_axis.unwrap_or(0.0)
        );
        self.warn(text, "Let the stage settle, or scan faster.");
    }

    /// Warns if sites displaced together with their neighbours are the largest uncertainty of the vectors.
    fn warn_of_neighbours(&mut self, found: &Lattice) {
        let rules = |quantity: &Quantity| {
            let component = quantity.components.iter().find(|component| component.cause == NEIGHBOURS);
            component
                .is_some_and(|component| component.standard_uncertainty > 0.5 * quantity.standard_uncertainty)
        };
        if found.neighbours < TOGETHER || !(rules(&found.first) || rules(&found.second)) {
            return;
        }
        let share = |quantity: &Quantity| 100.0 * quantity.expanded_uncertainty / quantity.value;
        let text = format!(
            "neighbouring sites are displaced together (correlation {:.2}), as in a stitched or distorted scan: \
             vectors are means over the image, ± {:.2} % and ± {:.2} %",
            found.neighbours,
            share(&found.first),
            share(&found.second)
        );
        self.warn(text, "Measure within one field of the scan, or compare with a grid of known pitch.");
    }

    /// What `measure` finds in the first of `working` that resolves it, else in the last, with a warning if that is not
    /// the image; the reason of the first if nothing is found.
    fn in_working<T, E: ToString>(
        &mut self,
        (task, all): (Task, &'a [Working]),
        measure: impl Fn(&Working) -> Result<T, E>,
        is_resolved: impl Fn(&T) -> bool,
    ) -> Result<(T, &'a Working), String> {
        let mut refused = None;
        let mut best: Option<(T, &Working)> = None;
        for working in all {
            match measure(working) {
                Ok(found) => {
                    let resolved = is_resolved(&found);
                    best = Some((found, working));
                    if resolved {
                        break;
                    }
                }
                Err(error) => refused = refused.or_else(|| Some(error.to_string())),
            }
        }
        let Some((found, working)) = best else { return Err(refused.unwrap_or_default()) };
        if let Some(text) = working.text() {
            let text = format!("the image is large: {} was measured {text}", task.name());
            self.warn(text, "Measure a part of it in full (`--box`).");
        }
        Ok((found, working))
    }

    fn pitch(&mut self) -> Result<answer::Answered, String> {
        let config = GratingConfig { geometry: self.lengths.geometry, ..GratingConfig::default() };
        let resolved = |found: &Grating| found.wave[0].hypot(found.wave[1]) * RESOLVED_PERIOD <= 1.0;
        let reason = RefCell::new(None);
        let look = |working: &Working| {
            let refused = |no: &NoPeriod| drop(reason.replace(Some(no.reason.clone())));
            grating(&working.plane, &config).inspect_err(refused)
        };
        let found = self.in_working((Task::Pitch, self.working), look, resolved);
        self.no_pitch = reason.into_inner();
        let (found, working) = found?;
        // a sideband of lines that undulate is a perfect wave, too
        if let Some(map) = varying::changing(&working.plane, found.wave, &self.lengths.geometry) {
            return Ok(self.varying_answer(varying::in_image(map, working), None));
        }
        let found = working.grating(found);
        if found.evidence.cycles < CHECKED_PERIODS {
            let text = format!(
                "few periods: {:.1} over the image; the accuracy was checked for {CHECKED_PERIODS} and more",
                found.evidence.cycles
            );
            self.warn(text, "Take the image at a lower magnification.");
        }
        self.warn_of_drift(&found.pitch, &found.axis);
        let answered = self.lengths.of_grating(&found);
        self.details.grating = Some(found);
        Ok(answered)
    }

    fn lattice(&mut self) -> Result<answer::Answered, String> {
        let config = LatticeConfig { geometry: self.lengths.geometry, ..LatticeConfig::default() };
        let resolved = |found: &Lattice| found.vectors.iter().all(|[y, x]| y.hypot(*x) >= RESOLVED_PERIOD);
        let (found, working) = self.in_working(
            (Task::Lattice, self.working),
            |working| lattice(&working.plane, &config),
            resolved,
        )?;
        let found = working.lattice(found);
        let missing = found.n_missing as f64 / found.sites.len().max(1) as f64;
        if missing > MANY_MISSING {
            let text = format!("{:.0} % of the sites are missing", 100.0 * missing);
            self.warn(text, "If the lattice fills only a part of the image, measure that part (`--box`).");
        }
        let extra = found.extra.len() as f64 / found.n_found.max(1) as f64;
        if extra > MANY_EXTRA {
            let text = format!("{} positions off the sites look like occupied sites", found.extra.len());
            self.weak(text, "Check in the overlay whether the lattice is right.");
        }
        self.warn_of_drift(&found.first, &found.axis);
        self.warn_of_neighbours(&found);
        let answered = self.lengths.of_lattice(&found);
        self.details.lattice = Some(found);
        Ok(answered)
    }

    fn orientation(&mut self) -> Result<answer::Answered, String> {
        let config = OrientationConfig { geometry: self.lengths.geometry, ..OrientationConfig::default() };
        // means of squares would turn the axis of a texture that is finer than they are
        let finest = &self.working[self.working.len() - 1..];
        let (found, _) = self.in_working(
            (Task::Orientation, finest),
            |working| orientation(&working.plane, &config),
            |_| true,
        )?;
        if found.axis.is_some() && found.order.value < LITTLE_ORDER {
            let text = format!("hardly any common axis: the order parameter is {:.2}", found.order.value);
            self.warn(text, "Do not rely on the axis of the texture.");
        }
        let answered = answer::of_orientation(&found);
        self.details.orientation = Some(found);
        Ok(answered)
    }

    fn count(&mut self) -> Result<answer::Answered, String> {
        let resolved = |(found, _): &(Count, Labels)| {
            found.median_diameter_px.as_ref().is_some_and(|median| median.value >= RESOLVED_PARTICLE)
        };
        let config = self.config;
        let measure = |working: &Working| particles(&working.plane, &config.count(working.px()));
        let ((found, labels), working) = self.in_working((Task::Count, self.working), measure, resolved)?;
        let (found, labels) = (working.count(found), working.labels(labels));
        for warning in found.warnings.clone() {
            match warning {
                CountWarning::Touching(share) => {
                    let text = format!(
                        "{:.0} % of the particles touch others; the accuracy was checked up to 30 %",
                        100.0 * share
                    );
                    self.weak(text, "Check in the overlay whether they are split correctly.");
                }
                CountWarning::FewWhole(n) => {
                    let text =
                        format!("only {n} particles are completely inside the image: sizes are uncertain");
                    self.warn(text, "Take the image at a lower magnification, or take several.");
                }
            }
        }
        let answered = self.lengths.of_count(&found);
        self.details.count = Some(found);
        self.details.labels = Some(labels);
        Ok(answered)
    }

    fn fibers(&mut self) -> Result<answer::Answered, String> {
        if !self.lengths.plain() {
            return Err(answer::NOT_PLAIN.to_owned());
        }
        let resolved = |found: &Fibers| found.median_diameter_px.value >= RESOLVED_FIBER;
        let default = FibersConfig::default();
        let config = FibersConfig { polarity: self.config.polarity.or(default.polarity), ..default };
        let measure = |working: &Working| fibers(&working.plane, &config);
        let (found, working) = self.in_working((Task::Fibers, self.working), measure, resolved)?;
        let found = working.fibers(found);
        if found.measured < FEW_LINES {
            let text =
                format!("diameters come from only {:.0} % of the centre lines", 100.0 * found.measured);
            self.weak(text, "Check in the overlay whether these represent all.");
        }
        let answered = self.lengths.of_fibers(&found);
        self.details.fibers = Some(found);
        Ok(answered)
    }

    fn pores(&mut self) -> Result<answer::Answered, String> {
        let config = self.config;
        let measure = |working: &Working| pores(&working.plane, &config.pores(working.px()));
        let resolved = |(found, _): &(Pores, Labels)| {
            found.median_diameter_px.as_ref().is_some_and(|median| median.value >= RESOLVED_PARTICLE)
        };
        let ((found, labels), working) = self.in_working((Task::Pores, self.working), measure, resolved)?;
        let (found, labels) = (working.pores(found), working.labels(labels));
        let answered = self.lengths.of_pores(&found);
        self.details.pores = Some(found);
        self.details.pore_labels = Some(labels);
        Ok(answered)
    }
}

#[cfg(test)]
mod tests;
