//! Grating: pitch, axis, duty cycle and roughness of parallel lines, or the reason for a refusal.
//!
//! The strongest prominent peak of the spectrum gives a start; the autocorrelation must agree; then the
//! wave vector is fitted with its harmonics to all pixels. The evidence is reported in either case. *Line*
//! means the brighter part of a period. The pitch is that across the lines on the specimen (see
//! [`Geometry`]), in px as wide as the image's columns. Curved or broken gratings are refused: their
//! phase does not hold over the plane.

mod edges;
mod evidence;

use serde::{Deserialize, Serialize};

use super::drift::Bend;
use super::flatten::{FlattenConfig, flattened, flattened_beside};
use super::geometry::{Geometry, axis_deg};
use super::harmonics::Harmonics;
use super::quantity::{Component, Quantity, Unit};
use crate::{ConfigError, Plane, Rect};

pub(super) use edges::n_lines;
pub use evidence::{Evidence, NoPeriod, NoPeriodReason};
pub(in crate::measure) use evidence::{check, side_by_side, wave_of};

/// Most harmonics that are fitted; more add little to a pitch and noise to the profile.
const MOST_HARMONICS: f64 = 6.0;
/// Highest frequency of a harmonic, in cycles per px: above it, pixels hardly distinguish it from others.
const FINEST_HARMONIC: f64 = 0.42;
/// Periods below which a polynomial background takes enough of a pattern away to shift its pitch: it is fitted again
/// without the pattern, so often, or until the wave moves by less than this share of its standard deviation by noise.
const FEW_CYCLES: f64 = 30.0;
const MOST_ROUNDS: usize = 16;
const RESTING: f64 = 0.1;
/// Largest relative error of the pitch times the square of the number of periods, where a fit goes on over the end of
/// lines: over all phases of a wave that ends, in the test below.
const ENDS: f64 = 0.2;

/// How a grating is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GratingConfig {
    /// Orientation of the specimen.
    pub geometry: Geometry,
    /// What is removed first.
    pub flatten: FlattenConfig,
}

impl GratingConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        Ok(Self { geometry: self.geometry.checked()?, ..self })
    }
}

/// A measured grating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grating {
    /// Distance from line to line, across them.
    pub pitch: Quantity,
    /// Axis of the lines in degrees, in `[-90, 90]`, anticlockwise from x with y up.
    pub axis: Quantity,
    /// Share of a period that is bright; absent if the profile is not a single line.
    pub duty_cycle: Option<Quantity>,
    /// Lines whose middle passes through the field.
    pub n_lines: usize,
    /// Line-edge roughness: three standard deviations of an edge about its straight line, noise taken
    /// out; absent where edges are too close or too faint.
    pub edge_roughness: Option<Quantity>,
    /// Line-width roughness: three standard deviations of a line's width, noise taken out.
    pub width_roughness: Option<Quantity>,
    /// Standard deviation of the pattern over that of the pixel noise.
    pub signal_to_noise: f64,
    /// Wave vector in the image, in cycles per column and per row (downwards).
    pub wave: [f64; 2],
    /// Phase in turns at the middle of the image of the middle of a line, in `[0, 1)`.
    pub phase: f64,
    /// The evidence for the numbers.
    pub evidence: Evidence,
    /// The part of the image that the lines fill, where they were placed one by one; absent if they fill all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Rect>,
}

/// The grating that `plane` shows.
///
/// # Errors
/// If a setting is out of range, or if the evidence for a period is not enough.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::{GratingConfig, grating};
///
/// // upright lines, 12 px apart
/// let plane = Plane::from_fn(120, 160, |_, x| (std::f64::consts::TAU * x as f64 / 12.0).sin() as f32);
/// let found = grating(&plane, &GratingConfig::default())?;
/// assert!((found.pitch.value - 12.0).abs() < 0.01);
///
/// let uniform = grating(&Plane::filled(120, 160, 1.0), &GratingConfig::default());
/// assert!(uniform.is_err(), "a refusal, not a number");
/// # Ok::<(), micrograph::measure::NoPeriod>(())
/// ```
pub fn grating(plane: &Plane, config: &GratingConfig) -> Result<Grating, NoPeriod> {
    let config = config.checked().map_err(NoPeriodReason::from)?;
    check(plane)?;
    let flat = flattened(plane, config.flatten).plane;
    if flat.range() == Some((0.0, 0.0)) {
        return Err(NoPeriodReason::Flat.into());
    }
    let start = evidence::start(&flat)?;
    let mut evidence = start.evidence;
    let orders = |most: i32| (1..=most).map(|order| [order, 0]).collect::<Vec<_>>();
    let frequency = start.wave[0].hypot(start.wave[1]);
    let most = (FINEST_HARMONIC / frequency).min(MOST_HARMONICS).max(f64::from(start.strongest)) as i32;
    // from the strongest term on, then with all the harmonics the pixels can carry
    let fitted = Harmonics::fitted(&flat, &[start.wave], &orders(start.strongest))
        .and_then(|rough| Harmonics::fitted(&flat, &rough.waves, &orders(most)));
    let Some(mut pattern) = fitted else {
        return Err(NoPeriod { reason: NoPeriodReason::NoFit, evidence: Some(evidence) });
    };
    let mut flat = flat;
    if evidence.cycles < FEW_CYCLES {
        for _ in 0..MOST_ROUNDS {
            let beside = flattened_beside(plane, &pattern.drawn(), config.flatten).plane;
            let Some(next) = Harmonics::fitted(&beside, &pattern.waves, &orders(most)) else { break };
            let moved = |axis: usize| (next.waves[0][axis] - pattern.waves[0][axis]).abs();
            let rests = (0..2).all(|axis| moved(axis) <= RESTING * next.white[3 * axis].sqrt());
            (flat, pattern) = (beside, next);
            if rests {
                break;
            }
        }
    }
    evidence.judge(&pattern, &flat, start.strongest, start.wave)?;

    let bend = Bend::of(&pattern.shifts(&flat));
    let ends = ends(pattern.amplitudes(&flat, [start.strongest, 0]), evidence.cycles);
    let (pitch, axis) = pitch_and_axis(&pattern, &config.geometry, bend, ends);
    let noise = super::flatten::noise(&flat);
    let edges = edges::measured(&flat, &pattern, &pitch);
    Ok(Grating {
        duty_cycle: edges.duty_cycle,
        n_lines: edges.n_lines,
        edge_roughness: edges.edge_roughness,
        width_roughness: edges.width_roughness,
        signal_to_noise: pattern.rms() / noise.max(1e-6),
        wave: pattern.waves[0],
        phase: edges.line_phase,
        evidence,
        part: None,
        pitch,
        axis,
    })
}

/// Largest relative error of the pitch, because lines end inside the plane and the fitted ones do not.
fn ends(amplitudes: Vec<f64>, cycles: f64) -> f64 {
    let most = amplitudes.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let least = amplitudes.iter().copied().fold(most, f64::min);
    let share = amplitudes.iter().sum::<f64>() / amplitudes.len() as f64 / most;
    // lines that are half as bright somewhere do not end there
    ENDS * (1.0 - 2.0 * least / most).max(0.0) / (share * cycles).powi(2)
}

/// Pitch and axis of the only wave, with the uncertainty due to noise, the specimen, a bend of `bend` turns, and a
/// largest relative error `ends` of the pitch by lines that end.
fn pitch_and_axis(pattern: &Harmonics, geometry: &Geometry, bend: Bend, ends: f64) -> (Quantity, Quantity) {
    let [fx, fy] = geometry.wave(pattern.waves[0][0], pattern.waves[0][1]);
    let frequency = fx.hypot(fy);
    let (ux, uy) = (fx / frequency, fy / frequency);
    let (right, down) = (geometry.wave(1.0, 0.0), geometry.wave(0.0, 1.0));
    let n = 2 * pattern.waves.len();
    // standard deviation of the wave on the specimen along a direction
    let along = |covariance: &[f64], ux: f64, uy: f64| {
        let lever = [right[0] * ux + right[1] * uy, down[0] * ux + down[1] * uy];
        let terms = (0..2).flat_map(|i| (0..2).map(move |j| (i, j)));
        terms.map(|(i, j)| lever[i] * lever[j] * covariance[i * n + j]).sum::<f64>().max(0.0).sqrt()
    };
    // tiles at the border have more influence than those in the middle, so the effective number is smaller
    let degrees_of_freedom = (pattern.n_tiles as f64 - 1.0) / 3.0;
    let components = |scale: f64, ux: f64, uy: f64| {
        let [white, robust, banded] =
            [&pattern.white, &pattern.robust, &pattern.banded].map(|part| along(part, ux, uy) * scale);
        // rough edges are correlated within a tile, shifted rows over the whole width: the larger covers both
        let robust = robust.max(banded);
        // their difference in excess of that due to white noise
        let beyond = (robust * robust - white * white).max(0.0).sqrt();
        let mut components = vec![
            Component::known("fit", white),
            Component::estimated("sampling", beyond, degrees_of_freedom),
        ];
        // turns that are added with the rows change the wave along them
        let change = (down[0] * ux + down[1] * uy) * scale;
        components.extend(Bend::component(bend.evident, bend.per_row(pattern.height()) * change));
        components
    };
    let method = "wave vector and harmonics fitted to all pixels";
    let mut of_pitch = components(1.0 / (frequency * frequency), ux, uy);
    of_pitch.push(Component::bounded("lines that end", ends / frequency));
    let pitch = Quantity::new(1.0 / frequency, Unit::Px, method, of_pitch);
    let turn = (1.0 / frequency).to_degrees();
    let axis = axis_deg(fy.atan2(fx).to_degrees() + 90.0);
    (pitch, Quantity::new(axis, Unit::Degrees, method, components(turn, -uy, ux)))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::measure::geometry::axis_difference_deg;
    use crate::random::Stream;

    /// Lines with smooth edges: `pitch_px` apart, of this axis and duty cycle, with white noise.
    fn lines(size: (usize, usize), pitch_px: f64, axis_deg: f64, duty_cycle: f64, noise: f64) -> Plane {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let mut stream = Stream::new(4, "test", 0);
        Plane::from_fn(size.0, size.1, |y, x| {
            let across = (sin * x as f64 + cos * y as f64) / pitch_px;
            let beside = ((across - across.round()).abs() - duty_cycle / 2.0) * pitch_px;
            (100.0 - 50.0 * (beside / 1.5).tanh() + noise * stream.normal()) as f32
        })
    }

    #[test]
    fn pitch_axis_and_duty_cycle_of_plain_lines_are_found() {
        for (pitch, axis, duty_cycle) in
            [(3.3, 12.0, 0.5), (8.0, 90.0, 0.4), (21.3, 0.0, 0.6), (40.0, 133.0, 0.3)]
        {
            let plane = lines((240, 310), pitch, axis, duty_cycle, 10.0);
            let found = grating(&plane, &GratingConfig::default()).unwrap();
            assert!((found.pitch.value / pitch - 1.0).abs() < 5e-4, "{pitch} {axis}: {:?}", found.pitch);
            assert!(
                axis_difference_deg(found.axis.value, axis).abs() < 0.05,
                "{pitch} {axis}: {:?}",
                found.axis
            );
            if pitch > 6.0 {
                let found = found.duty_cycle.unwrap();
                // edges as wide as the line leave no plateau, which the interval must cover
                let allowed = found.expanded_uncertainty.max(0.02);
                assert!((found.value - duty_cycle).abs() < allowed, "{pitch} {axis}: {found:?}");
            }
        }
    }

    #[test]
    fn turning_enlarging_inverting_and_charging_change_the_pitch_as_they_must() {
        let plane = lines((220, 260), 17.0, 70.0, 0.4, 5.0);
        let plain = grating(&plane, &GratingConfig::default()).unwrap();
        let turned = Plane::from_fn(260, 220, |y, x| plane.at(x, 259 - y));
        let larger = Plane::from_fn(440, 520, |y, x| plane.at(y / 2, x / 2));
        let inverted = plane.map(|value| 255.0 - value);
        let charged =
            Plane::from_fn(220, 260, |y, x| plane.at(y, x) + 0.5 * x as f32 - 0.002 * (y * y) as f32);
        for (name, other, pitch, axis) in [
            ("turned", turned, 17.0, 160.0),
            ("larger", larger, 34.0, 70.0),
            ("inverted", inverted, 17.0, 70.0),
            ("charged", charged, 17.0, 70.0),
        ] {
            let found = grating(&other, &GratingConfig::default()).unwrap();
            assert!((found.pitch.value / pitch - 1.0).abs() < 5e-4, "{name}: {:?}", found.pitch);
            assert!(axis_difference_deg(found.axis.value, axis).abs() < 0.05, "{name}: {:?}", found.axis);
            let same_lines = found.n_lines.abs_diff(plain.n_lines) <= 1;
            assert!(same_lines, "{name}: {} {}", found.n_lines, plain.n_lines);
        }
    }

    #[test]
    fn a_first_harmonic_that_is_lost_is_found_by_what_the_plane_resembles() {
        // the second and the third wave alone: they repeat together after one period
        let mut stream = Stream::new(8, "test", 0);
        let plane = Plane::from_fn(256, 320, |y, x| {
            let turns = (0.95 * y as f64 + 0.312 * x as f64) / 31.0;
            let waves = 40.0 * (2.0 * TAU * turns).cos() + 34.0 * (3.0 * TAU * turns + 0.4).cos();
            (120.0 + waves + 10.0 * stream.normal()) as f32
        });
        let found = grating(&plane, &GratingConfig::default()).unwrap();
        let pitch = 31.0 / 0.95_f64.hypot(0.312);
        assert!((found.pitch.value / pitch - 1.0).abs() < 1e-3, "{:?}", found.pitch);
    }

    #[test]
    fn few_periods_and_lines_that_end_inside_keep_the_pitch_in_its_interval() {
        // of each that is found: how far off, in half widths of the interval
        let mut off = Vec::new();
        let mut take = |plane: &Plane, pitch: f64, most: f64, name: &str| {
            let Ok(found) = grating(plane, &GratingConfig::default()) else { return };
            let size = found.pitch.expanded_uncertainty;
            assert!(size < most * pitch, "{name}, {pitch} px: {}", found.pitch.text());
            off.push((found.pitch.value - pitch).abs() / size);
        };
        let mut stream = Stream::new(5, "test", 0);
        for step in 0..24 {
            let phase = f64::from(step) / 24.0;
            // hardly any noise, rounded to whole grey levels
            let mut level = |x: usize, pitch: f64, height: f64| {
                let wave = height * (TAU * (x as f64 / pitch + phase)).sin();
                (128.0 + wave + 0.5 * stream.normal()).round() as f32
            };
            for pitch in [7.0, 8.3, 11.7, 13.1] {
                take(&Plane::from_fn(64, 64, |_, x| level(x, pitch, 60.0)), pitch, 0.02, "few");
            }
            for pitch in [9.7, 14.0, 18.0] {
                let height = |x: usize| if x < 256 { 60.0 } else { 0.0 };
                let half = Plane::from_fn(64, 512, |_, x| level(x, pitch, height(x)));
                take(&half, pitch, 0.005, "half");
            }
        }
        let n_outside = off.iter().filter(|&&off| off > 1.0).count();
        assert!(
            off.len() > 60 && 20 * n_outside <= off.len(),
            "{n_outside} of {} outside: {off:.2?}",
            off.len()
        );
    }

    #[test]
    fn of_two_gratings_over_each_other_no_common_multiple_is_given() {
        let mut stream = Stream::new(3, "test", 0);
        let wave = |y: usize, x: usize, pitch: f64, degrees: f64| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            40.0 * (TAU * (sin * x as f64 + cos * y as f64) / pitch).sin()
        };
        for (long, short, turn) in [(30.303, 9.145, 12.0), (24.7, 8.0, 8.0), (33.0, 16.2, 5.0)] {
            // nearly a multiple of each other along one axis are taken for one
            let plane = Plane::from_fn(384, 384, |y, x| {
                let waves = wave(y, x, long, 20.0 + turn) + wave(y, x, short, 20.0);
                (128.0 + waves + 8.0 * stream.normal()) as f32
            });
            let Ok(found) = grating(&plane, &GratingConfig::default()) else { continue };
            let near = |pitch: f64| (found.pitch.value / pitch - 1.0).abs() < 0.01;
            assert!(near(long) || near(short), "{long}, {short}: {}", found.pitch.text());
        }
    }

    #[test]
    fn two_gratings_side_by_side_are_not_one_and_lines_that_end_are() {
        let mut stream = Stream::new(4, "test", 0);
        let mut halves = |left: f64, right: f64| {
            let plane = Plane::from_fn(300, 600, |_, x| {
                let wave = |pitch: f64| {
                    if pitch > 0.0 {
                        (TAU * x as f64 / pitch).cos() + 0.5 * (2.0 * TAU * x as f64 / pitch).cos()
                    } else {
                        0.0
                    }
                };
                (128.0 + 40.0 * wave(if x < 300 { left } else { right }) + 8.0 * stream.normal()) as f32
            });
            grating(&plane, &GratingConfig::default())
        };
        for (left, right) in [(8.0, 24.0), (10.0, 20.0), (24.0, 8.0)] {
            let found = halves(left, right).map(|found| found.pitch.text());
            assert!(found.is_err(), "{left}, {right}: {found:?}");
        }
        for (left, right) in [(24.0, 24.0), (24.0, 0.0), (0.0, 20.0)] {
            // where lines fill a half, a fit may not converge, but they are not two patterns
            match halves(left, right) {
                Ok(found) => {
                    let pitch = found.pitch.value;
                    assert!((pitch / left.max(right) - 1.0).abs() < 0.002, "{left}, {right}: {pitch}");
                }
                Err(no) => {
                    let is_other = matches!(no.reason, NoPeriodReason::TwoPatterns { .. });
                    assert!(left != right && !is_other, "{left}, {right}: {no}");
                }
            }
        }
    }

    #[test]
    fn tilt_is_undone() {
        let plane = lines((240, 240), 12.0, 0.0, 0.5, 5.0);
        let geometry = Geometry { tilt_deg: 60.0, ..Geometry::default() };
        let config = GratingConfig { geometry, ..GratingConfig::default() };
        let found = grating(&plane, &config).unwrap().pitch;
        assert!((found.value - 24.0).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn rings_spirals_noise_edges_and_lattices_have_no_pitch() {
        let mut stream = Stream::new(9, "test", 0);
        let around = |y: usize, x: usize| (y as f64 - 120.0, x as f64 - 130.0);
        let rings = Plane::from_fn(240, 260, |y, x| {
            let (dy, dx) = around(y, x);
            (TAU * dy.hypot(dx) / 14.0).cos() as f32
        });
        let spiral = Plane::from_fn(240, 260, |y, x| {
            let (dy, dx) = around(y, x);
            (TAU * dy.hypot(dx) / 14.0 + dy.atan2(dx)).cos() as f32
        });
        let noise = Plane::from_fn(240, 260, |_, _| stream.normal() as f32);
        let edge = Plane::from_fn(240, 260, |y, x| if 2 * x + y > 300 { 1.0 } else { 0.0 });
        let bar = Plane::from_fn(240, 260, |_, x| if (100..130).contains(&x) { 1.0 } else { 0.0 });
        let lattice = Plane::from_fn(240, 260, |y, x| {
            ((TAU * x as f64 / 20.0).cos() + (TAU * y as f64 / 20.0).cos()) as f32
        });
        let flat = Plane::filled(240, 260, 7.0);
        for (name, plane) in [
            ("rings", rings),
            ("spiral", spiral),
            ("noise", noise),
            ("edge", edge),
            ("bar", bar),
            ("lattice", lattice),
            ("flat", flat),
        ] {
            let found = grating(&plane, &GratingConfig::default());
            assert!(found.is_err(), "{name}: {found:?}");
        }
    }
}
