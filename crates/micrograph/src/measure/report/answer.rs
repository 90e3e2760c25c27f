//! Answer: the numbers of each measurement under their names, in nanometres if the image is calibrated.
//!
//! [`KINDS`] lists all quantities that a report can hold; tables take their columns from it.

use super::{Finding, Refusal, Task};
use crate::measure::count::{Count, Polarity};
use crate::measure::fibers::Fibers;
use crate::measure::geometry::Geometry;
use crate::measure::grating::Grating;
use crate::measure::lattice::{Lattice, LatticeKind};
use crate::measure::orientation::Orientation;
use crate::measure::pores::Pores;
use crate::measure::quantity::{Component, Quantity, Unit};
use crate::{Calibration, Rect};

/// What a number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A length: nm, or px without a calibration.
    Length,
    /// A number per area: 1/µm², or 1/px² without a calibration.
    Density,
    /// Degrees.
    Angle,
    /// A bare number.
    Number,
    /// A bare number from 0 to 1.
    Share,
}

/// A number that a report can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Where it comes from.
    pub task: Task,
    /// Its unique name.
    pub name: &'static str,
    /// What it is of.
    pub dimension: Dimension,
}

const fn kind(task: Task, name: &'static str, dimension: Dimension) -> Kind {
    Kind { task, name, dimension }
}

/// All numbers that a report can hold.
pub const KINDS: [Kind; 31] = [
    kind(Task::Pitch, "pitch", Dimension::Length),
    kind(Task::Pitch, "axis of lines", Dimension::Angle),
    kind(Task::Pitch, "lines", Dimension::Number),
    kind(Task::Pitch, "duty cycle", Dimension::Share),
    kind(Task::Pitch, "line-edge roughness 3σ", Dimension::Length),
    kind(Task::Pitch, "line-width roughness 3σ", Dimension::Length),
    kind(Task::Lattice, "first vector", Dimension::Length),
    kind(Task::Lattice, "second vector", Dimension::Length),
    kind(Task::Lattice, "axis of first vector", Dimension::Angle),
    kind(Task::Lattice, "angle between vectors", Dimension::Angle),
    kind(Task::Lattice, "sites taken", Dimension::Number),
    kind(Task::Lattice, "sites missing", Dimension::Number),
    kind(Task::Lattice, "placement error", Dimension::Length),
    kind(Task::Count, "particles seen", Dimension::Number),
    kind(Task::Count, "particles in frame", Dimension::Number),
    kind(Task::Count, "particle density", Dimension::Density),
    kind(Task::Count, "mean particle diameter", Dimension::Length),
    kind(Task::Count, "median particle diameter", Dimension::Length),
    kind(Task::Count, "nearest neighbour", Dimension::Length),
    kind(Task::Fibers, "mean fibre diameter", Dimension::Length),
    kind(Task::Fibers, "median fibre diameter", Dimension::Length),
    kind(Task::Fibers, "length of fibres", Dimension::Length),
    kind(Task::Fibers, "axis of fibres", Dimension::Angle),
    kind(Task::Fibers, "order of fibres", Dimension::Share),
    kind(Task::Pores, "share of pores", Dimension::Share),
    kind(Task::Pores, "pores seen", Dimension::Number),
    kind(Task::Pores, "mean pore diameter", Dimension::Length),
    kind(Task::Pores, "median pore diameter", Dimension::Length),
    kind(Task::Orientation, "axis of texture", Dimension::Angle),
    kind(Task::Orientation, "order", Dimension::Share),
    kind(Task::Orientation, "order of two axes", Dimension::Share),
];

/// The component of the uncertainty of a length that comes from the size of a pixel.
pub const CALIBRATION: &str = "calibration";
/// Why lengths and axes of regions are not given.
pub const NOT_PLAIN: &str = "regions are not corrected for tilt or for pixels that are not square; \
    only pitch, lattice and orientation are";
/// Why the axis of a texture or of fibres is not given.
const NO_AXIS: &str = "no common axis: its 95 % interval is wider than ± 30°";
/// Half width in degrees of a 95 % interval from which on an axis is meaningless.
const WORTHLESS_DEG: f64 = 30.0;
/// Scores between which it is uncertain whether a site is occupied.
const DOUBTFUL: std::ops::Range<f64> = 0.35..0.65;
/// Most a pixel's height may differ from its width to count as square.
const SQUARE: f64 = 0.005;

/// A summary, numbers, and refusals.
pub(super) type Answered = (String, Vec<Finding>, Vec<Refusal>);

/// Numbers as they are given, or refused.
#[derive(Default)]
struct Numbers {
    findings: Vec<Finding>,
    refused: Vec<Refusal>,
}

impl Numbers {
    /// Gives a number; a length or a density that may as well be nothing is refused, and a share that may be anything.
    fn give(&mut self, name: &str, quantity: Quantity) {
        let positive = matches!(quantity.unit, Unit::Px | Unit::PerPx2 | Unit::Nm | Unit::PerUm2);
        let is_share = KINDS.iter().any(|kind| kind.name == name && kind.dimension == Dimension::Share);
        let (low, high) = quantity.interval();
        if positive && low <= 0.0 {
            self.refuse(name, &format!("its 95 % interval includes 0: {}", quantity.text()));
        } else if is_share && low <= 0.0 && high >= 1.0 {
            self.refuse(name, &format!("its 95 % interval is all from 0 to 1: {}", quantity.text()));
        } else {
            self.findings.push(Finding { name: name.to_owned(), quantity });
        }
    }

    fn refuse(&mut self, name: &str, reason: &str) {
        self.refused.push(Refusal { name: Some(name.to_owned()), reason: reason.to_owned() });
    }

    fn answered(self, summary: String) -> Answered {
        (summary, self.findings, self.refused)
    }
}

/// From px of a measurement to the units of a report.
#[derive(Clone, Copy)]
pub(super) struct Lengths<'a> {
    pub(super) calibration: Option<&'a Calibration>,
    pub(super) geometry: Geometry,
}

impl Lengths<'_> {
    /// Whether the image shows the specimen as it is, but for its size.
    pub(super) fn plain(&self) -> bool {
        self.geometry.tilt_deg == 0.0 && (self.geometry.pixel_ratio - 1.0).abs() < SQUARE
    }

    /// `quantity` in nm where px are calibrated, with the calibration's component.
    pub(super) fn calibrated(&self, quantity: &Quantity) -> Quantity {
        let Some(calibration) = self.calibration else { return quantity.clone() };
        let nm = calibration.nm_per_px_x;
        let (factor, unit, power) = match quantity.unit {
            Unit::Px => (nm, Unit::Nm, 1.0),
            Unit::PerPx2 => (1e6 / (nm * nm), Unit::PerUm2, 2.0),
            _ => return quantity.clone(),
        };
        let scaled = quantity.scaled(factor, unit);
        let doubt = power * calibration.relative_uncertainty * scaled.value;
        if doubt > 0.0 { scaled.with_component(Component::bounded(CALIBRATION, doubt)) } else { scaled }
    }

    pub(super) fn of_grating(&self, grating: &Grating) -> Answered {
        // a line whose middle passes through a corner may be in or out
        let n_lines = Quantity::new(
            grating.n_lines as f64,
            Unit::One,
            "lines whose middle crosses the field",
            vec![Component::of_whole_numbers("corners", 1)],
        );
        let no_line = match grating.part {
            Some(_) => "edges are measured only where lines fill the image",
            None => "a period has no single line",
        };
        let no_edge = match grating.part {
            Some(_) => no_line,
            None => "edges are too close together or too faint",
        };
        let mut numbers = Numbers::default();
        numbers.give("pitch", self.calibrated(&grating.pitch));
        numbers.give("axis of lines", grating.axis.clone());
        numbers.give("lines", n_lines);
        for (name, quantity, reason) in [
            ("duty cycle", &grating.duty_cycle, no_line),
            ("line-edge roughness 3σ", &grating.edge_roughness, no_edge),
            ("line-width roughness 3σ", &grating.width_roughness, no_edge),
        ] {
            match quantity {
                Some(quantity) => numbers.give(name, self.calibrated(quantity)),
                None => numbers.refuse(name, reason),
            }
        }
        numbers.answered(format!(
            "grating{}, {:.1} periods, signal-to-noise ratio {:.1}, phase coherence {:.2}",
            place(grating.part),
            grating.evidence.cycles,
            grating.signal_to_noise,
            grating.evidence.coherence
        ))
    }

    /// `pitch` and `axis` of lines that one wave does not describe; the `others` are refused for a reason.
    pub(super) fn of_varying(
        &self,
        (pitch, axis): (Quantity, Quantity),
        (others, reason): (&[&str], &str),
        summary: String,
    ) -> Answered {
        let mut numbers = Numbers::default();
        numbers.give("pitch", self.calibrated(&pitch));
        numbers.give("axis of lines", axis);
        for name in others {
            numbers.refuse(name, reason);
        }
        numbers.answered(summary)
    }

    pub(super) fn of_lattice(&self, lattice: &Lattice) -> Answered {
        let doubtful = lattice.sites.iter().filter(|site| DOUBTFUL.contains(&site.score)).count();
        let number = |n: usize| {
            let components = vec![Component::of_whole_numbers("doubtful sites", doubtful)];
            Quantity::new(n as f64, Unit::One, "mean cell compared at each site", components)
        };
        let mut numbers = Numbers::default();
        numbers.give("first vector", self.calibrated(&lattice.first));
        numbers.give("second vector", self.calibrated(&lattice.second));
        numbers.give("axis of first vector", lattice.axis.clone());
        numbers.give("angle between vectors", lattice.angle.clone());
        numbers.give("sites taken", number(lattice.n_found));
        numbers.give("sites missing", number(lattice.n_missing));
        if self.plain() {
            numbers.give("placement error", self.calibrated(&lattice.placement));
        } else {
            numbers.refuse("placement error", NOT_PLAIN);
        }
        let kind = match lattice.kind {
            LatticeKind::Square => "square",
            LatticeKind::Hexagonal => "hexagonal",
            LatticeKind::Rectangular => "rectangular",
            LatticeKind::Oblique => "oblique",
        };
        numbers.answered(format!(
            "{kind} lattice{}, {} sites, {} more off the sites",
            place(lattice.part),
            lattice.sites.len(),
            lattice.extra.len()
        ))
    }

    pub(super) fn of_count(&self, count: &Count) -> Answered {
        let Geometry { pixel_ratio, tilt_deg, .. } = self.geometry;
        let area_px = count.area_px * pixel_ratio / tilt_deg.to_radians().cos();
        let density = count.in_frame.scaled(1.0 / area_px, Unit::PerPx2);
        let mut numbers = Numbers::default();
        numbers.give("particles seen", count.n_regions.clone());
        numbers.give("particles in frame", count.in_frame.clone());
        numbers.give("particle density", self.calibrated(&density));
        for (name, quantity, reason) in [
            ("mean particle diameter", &count.mean_diameter_px, "no particle is whole"),
            ("median particle diameter", &count.median_diameter_px, "no particle is whole"),
            ("nearest neighbour", &count.nearest_px, "fewer than two particles are away from the border"),
        ] {
            match quantity {
                Some(_) if !self.plain() => numbers.refuse(name, NOT_PLAIN),
                Some(quantity) => numbers.give(name, self.calibrated(quantity)),
                None => numbers.refuse(name, reason),
            }
        }
        numbers.answered(format!(
            "{} particles, {} of {} whole, {:.0} % of the image covered, {:.0} % touch others",
            polarity(count.polarity),
            count.n_whole,
            count.regions.len(),
            100.0 * count.covered,
            100.0 * count.touching
        ))
    }

    pub(super) fn of_fibers(&self, fibers: &Fibers) -> Answered {
        let axis = fibers.axis_deg.clone();
        let mut numbers = Numbers::default();
        // beyond crossings, where fibres are hidden, and at their ends there is more than was measured
        let all_px = fibers.length_px / fibers.measured.max(f64::MIN_POSITIVE);
        let doubt = vec![Component::bounded("crossings and hidden parts", all_px - fibers.length_px)];
        let length = Quantity::new(all_px, Unit::Px, "centre lines, those at crossings too", doubt);
        numbers.give("mean fibre diameter", self.calibrated(&fibers.mean_diameter_px));
        numbers.give("median fibre diameter", self.calibrated(&fibers.median_diameter_px));
        numbers.give("length of fibres", self.calibrated(&length));
        if axis.expanded_uncertainty <= WORTHLESS_DEG {
            numbers.give("axis of fibres", axis);
        } else {
            numbers.refuse("axis of fibres", NO_AXIS);
        }
        numbers.give("order of fibres", fibers.order.clone());
        let mean = fibers.mean_diameter_px.value.max(f64::MIN_POSITIVE);
        numbers.answered(format!(
            "{} fibres, {} pieces in line, {:.0} diameters of length, {:.0} % of the centre lines measured, \
             diameters spread by {:.0} %",
            fibers.polarity.map_or("outlined", polarity),
            fibers.n_fibers,
            fibers.length_px / mean,
            100.0 * fibers.measured,
            100.0 * fibers.spread_px / mean
        ))
    }
}

impl Lengths<'_> {
    pub(super) fn of_pores(&self, pores: &Pores) -> Answered {
        let mut numbers = Numbers::default();
        numbers.give("share of pores", pores.share.clone());
        // a threshold separates no pores that touch, and joins others
        numbers.refuse(
            "pores seen",
            "a threshold does not separate pores that are connected; `nanoaid segment --what pores` outlines them",
        );
        for (name, quantity) in [
            ("mean pore diameter", &pores.mean_diameter_px),
            ("median pore diameter", &pores.median_diameter_px),
        ] {
            match quantity {
                Some(_) if !self.plain() => numbers.refuse(name, NOT_PLAIN),
                Some(quantity) => numbers.give(name, self.calibrated(quantity)),
                None => numbers.refuse(name, "no pore is whole"),
            }
        }
        numbers.answered(format!(
            "{} dark places, {} whole; {:.0} % of the variance of grey levels is between them and the solid",
            pores.regions.len(),
            pores.n_whole,
            100.0 * pores.between
        ))
    }
}

/// Where a pattern is, as it follows its name; nothing if it fills the image.
pub(super) fn place(part: Option<Rect>) -> String {
    part.map_or_else(String::new, |Rect { y, x, height, width }| {
        format!(" in a part of the image ({width} × {height} px, `--box {y},{x},{height},{width}`)")
    })
}

pub(super) fn of_orientation(orientation: &Orientation) -> Answered {
    let mut numbers = Numbers::default();
    match &orientation.axis {
        Some(axis) => numbers.give("axis of texture", axis.clone()),
        None => numbers.refuse("axis of texture", NO_AXIS),
    }
    numbers.give("order", orientation.order.clone());
    numbers.give("order of two axes", orientation.order_of_two.clone());
    let peaks: Vec<String> = orientation
        .peaks
        .iter()
        .map(|peak| format!("{:.0}° ({:.0} %)", peak.axis_deg, 100.0 * peak.share))
        .collect();
    numbers.answered(match peaks.len() {
        0 => "no preferred direction".to_owned(),
        _ => format!("edges along {}", peaks.join(", ")),
    })
}

fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Bright => "bright",
        Polarity::Dark => "dark",
        Polarity::Both => "bright and dark",
    }
}
