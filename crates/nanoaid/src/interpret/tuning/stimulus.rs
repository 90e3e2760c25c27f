//! Stimuli: gratings, lattices of dots and discs as functions of the place, sampled without aliasing.
//!
//! Everything is seen as through a Gaussian probe of [`PROBE_PX`]. A grating is its Fourier series
//! under that probe, without what is at or above half a wave a pixel: so sampling it adds nothing,
//! and no axis has an advantage. Dots and discs are radial functions whose edge is that of the
//! probe. Mean and rms contrast of gratings and complete lattices are set by their values over a
//! period, or a cell, so they depend neither on axis nor on period. Grey levels are those of prepared
//! micrographs, `[0, 1]`. Lengths are in px; axes are those of lines, in degrees anticlockwise from
//! the rows as seen on the screen.

use std::f64::consts::{PI, SQRT_2, TAU};

use micrograph::Plane;
use micrograph::random::Stream;
use micrograph::synth::DotLattice;
use serde::{Deserialize, Serialize};
use statrs::function::erf::erf;

/// Standard deviation of the probe in px: an edge rises from 10 % to 90 % over 1.5 px.
pub const PROBE_PX: f64 = 0.6;
/// Mean grey level.
pub const MEAN: f64 = 0.5;
/// Shortest period of which there is a wave below half a wave a pixel.
pub const LEAST_PERIOD_PX: f64 = 2.0;
/// Points along each vector of a cell at which a lattice is averaged.
const CELL_POINTS: usize = 24;

/// Whether lines, dots or discs are brighter or darker than what is around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Brighter.
    Bright,
    /// Darker.
    Dark,
}

impl Polarity {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Bright, Self::Dark];

    fn sign(self) -> f64 {
        match self {
            Self::Bright => 1.0,
            Self::Dark => -1.0,
        }
    }
}

/// How wide lines are, and whether they are bright.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Share of a period that the line takes, above 0 and below 1.
    pub duty: f64,
    /// Whether the line is the bright part.
    pub polarity: Polarity,
}

/// Parallel lines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grating {
    /// Axis of the lines.
    pub axis_deg: f64,
    /// From line to line, above [`LEAST_PERIOD_PX`].
    pub period_px: f64,
    /// The lines.
    pub profile: Profile,
    /// How far the lines lie from the origin, in periods.
    pub phase: f64,
}

/// Dots at the sites of a lattice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lattice {
    /// How the sites lie.
    pub kind: DotLattice,
    /// Distance of the nearest sites.
    pub pitch_px: f64,
    /// Diameter of a dot as a share of the pitch, above 0 and below 1.
    pub diameter: f64,
    /// Share of the sites without a dot, `[0, 1]`; they look like the background.
    pub missing: f64,
    /// Whether dots are bright.
    pub polarity: Polarity,
    /// Axis of the first vector.
    pub axis_deg: f64,
    /// How far the sites lie from the origin, in lattice vectors.
    pub shift: [f64; 2],
    /// Which sites are missing.
    pub seed: u64,
}

/// One disc on a uniform background of the mean grey level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disc {
    /// Its radius.
    pub radius_px: f64,
    /// Whether it is bright.
    pub polarity: Polarity,
    /// How far its centre lies from the origin, `[y, x]`.
    pub shift_px: [f64; 2],
}

/// A picture that is a function of the place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stimulus", rename_all = "snake_case")]
pub enum Stimulus {
    /// The mean grey level everywhere.
    Uniform,
    /// Parallel lines.
    Grating(Grating),
    /// Dots.
    Lattice(Lattice),
    /// One disc.
    Disc(Disc),
}

impl Stimulus {
    /// `side × side` pixels of it, its origin at `origin_px` (rows and columns alike) from the first
    /// pixel's centre. `contrast` is the rms contrast of gratings and complete lattices; a disc differs
    /// from its background by twice as much, as the lines and gaps of a grating of duty ½ do.
    pub fn plane(&self, side: usize, origin_px: f64, contrast: f64) -> Plane {
        let place = |index: usize| index as f64 - origin_px;
        let plane = |value: &dyn Fn(f64, f64) -> f64| {
            Plane::from_fn(side, side, |y, x| (MEAN + contrast * value(place(y), place(x))) as f32)
        };
        match self {
            Self::Uniform => plane(&|_, _| 0.0),
            Self::Grating(grating) => {
                let wave = Wave::of(grating);
                plane(&|y, x| wave.at(y, x))
            }
            Self::Lattice(lattice) => {
                let dots = Dots::of(lattice);
                plane(&|y, x| dots.at(y, x))
            }
            Self::Disc(Disc { radius_px, polarity, shift_px: [down, right] }) => {
                let height = 2.0 * polarity.sign();
                plane(&|y, x| height * covered((y - down).hypot(x - right), *radius_px))
            }
        }
    }
}

/// A grating as a sum of cosines of mean 0 and rms 1.
struct Wave {
    /// Of the waves that go 1, 2, 3 … times into a period.
    amplitudes: Vec<f64>,
    /// Periods a pixel downwards and to the right.
    frequency: [f64; 2],
    phase: f64,
}

impl Wave {
    fn of(grating: &Grating) -> Self {
        let Grating { axis_deg, period_px, profile: Profile { duty, polarity }, phase } = *grating;
        let amplitudes: Vec<f64> = (1..)
            .map(|n| (f64::from(n), f64::from(n) / period_px))
            .take_while(|(_, frequency)| *frequency < 0.5)
            .map(|(n, frequency)| {
                let of_lines = 2.0 / (PI * n) * (PI * n * duty).sin();
                polarity.sign() * of_lines * (-2.0 * (PI * PROBE_PX * frequency).powi(2)).exp()
            })
            .collect();
        // a cosine of amplitude 1 has the mean square ½
        let rms = (amplitudes.iter().map(|amplitude| amplitude * amplitude).sum::<f64>() / 2.0).sqrt();
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        Self {
            amplitudes: amplitudes.into_iter().map(|amplitude| amplitude / rms).collect(),
            frequency: [cos / period_px, sin / period_px],
            phase,
        }
    }

    fn at(&self, y: f64, x: f64) -> f64 {
        let periods = y * self.frequency[0] + x * self.frequency[1] - self.phase;
        let cos = (TAU * periods).cos();
        // cos((n + 1)·a) = 2·cos(a)·cos(n·a) − cos((n − 1)·a)
        let (mut before, mut now, mut sum) = (1.0, cos, 0.0);
        for amplitude in &self.amplitudes {
            sum += amplitude * now;
            (before, now) = (now, 2.0 * cos * now - before);
        }
        sum
    }
}

/// A lattice whose complete form has mean 0 and rms 1.
struct Dots {
    radius_px: f64,
    /// Lattice vectors, `[y, x]`.
    vectors: [[f64; 2]; 2],
    shift: [f64; 2],
    missing: f64,
    seed: u64,
    mean: f64,
    scale: f64,
}

impl Dots {
    fn of(lattice: &Lattice) -> Self {
        let Lattice { kind, pitch_px, diameter, missing, polarity, axis_deg, shift, seed } = *lattice;
        let vector = |axis_deg: f64| {
            let (sin, cos) = axis_deg.to_radians().sin_cos();
            [-pitch_px * sin, pitch_px * cos]
        };
        let between_deg = match kind {
            DotLattice::Square => 90.0,
            DotLattice::Hexagonal => 60.0,
        };
        let mut dots = Self {
            radius_px: diameter * pitch_px / 2.0,
            vectors: [vector(axis_deg), vector(axis_deg + between_deg)],
            shift: [0.0, 0.0],
            missing: 0.0,
            seed,
            mean: 0.0,
            scale: 1.0,
        };
        let points = (0..CELL_POINTS * CELL_POINTS).map(|index| {
            let share = |index: usize| (index as f64 + 0.5) / CELL_POINTS as f64;
            dots.covered_at([share(index / CELL_POINTS), share(index % CELL_POINTS)])
        });
        let (sum, squares) =
            points.fold((0.0, 0.0), |(sum, squares), value: f64| (sum + value, squares + value * value));
        let n = (CELL_POINTS * CELL_POINTS) as f64;
        dots.mean = sum / n;
        dots.scale = polarity.sign() / (squares / n - dots.mean * dots.mean).sqrt();
        Self { shift, missing, ..dots }
    }

    fn at(&self, y: f64, x: f64) -> f64 {
        let [[ay, ax], [by, bx]] = self.vectors;
        let determinant = ay * bx - by * ax;
        let first = (y * bx - x * by) / determinant - self.shift[0];
        let second = (x * ay - y * ax) / determinant - self.shift[1];
        self.scale * (self.covered_at([first, second]) - self.mean)
    }

    /// How much of a dot is at this place, given in lattice vectors; in `[0, 1]`.
    fn covered_at(&self, [first, second]: [f64; 2]) -> f64 {
        let (row, column) = (first.floor(), second.floor());
        let [[ay, ax], [by, bx]] = self.vectors;
        let mut sum = 0.0;
        // of a cell's corners, which the dots are smaller than, none further away reaches in
        for (i, j) in [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] {
            let (a, b) = (first - row - i, second - column - j);
            if self.is_there(row + i, column + j) {
                sum += covered((a * ay + b * by).hypot(a * ax + b * bx), self.radius_px);
            }
        }
        sum
    }

    fn is_there(&self, row: f64, column: f64) -> bool {
        // rows and columns of sites stay within a few hundred of the origin
        let site = ((row as i64 + (1 << 20)) << 32) | (column as i64 + (1 << 20));
        self.missing == 0.0
            || Stream::new(self.seed, "tuning: missing sites", site.cast_unsigned()).uniform() >= self.missing
    }
}

/// How much of a disc of `radius` the probe sees at `distance` from its centre, as at a straight edge.
fn covered(distance: f64, radius: f64) -> f64 {
    0.5 - 0.5 * erf((distance - radius) / (SQRT_2 * PROBE_PX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::visualize::peak;

    const CONTRAST: f64 = 0.2;

    fn grating(axis_deg: f64, period_px: f64, duty: f64) -> Grating {
        Grating { axis_deg, period_px, profile: Profile { duty, polarity: Polarity::Bright }, phase: 0.3 }
    }

    fn lattice(kind: DotLattice, axis_deg: f64, pitch_px: f64) -> Lattice {
        Lattice {
            kind,
            pitch_px,
            diameter: 0.5,
            missing: 0.0,
            polarity: Polarity::Dark,
            axis_deg,
            shift: [0.2, 0.7],
            seed: 3,
        }
    }

    fn rms(plane: &Plane) -> f64 {
        plane.variance().sqrt()
    }

    #[test]
    fn turning_the_parameter_turns_the_picture() {
        // by a right angle, to the pixel: (y, x) comes from (x, side − 1 − y) anticlockwise
        let side = 31;
        let turned = |plane: &Plane| Plane::from_fn(side, side, |y, x| plane.at(x, side - 1 - y));
        let pictures = |axis: f64| {
            let mut hexagonal = lattice(DotLattice::Hexagonal, axis, 9.0);
            hexagonal.missing = 0.3;
            [
                Stimulus::Grating(grating(axis, 7.3, 0.25)),
                Stimulus::Lattice(lattice(DotLattice::Square, axis, 8.2)),
                Stimulus::Lattice(hexagonal),
            ]
            .map(|stimulus| stimulus.plane(side, 15.0, CONTRAST))
        };
        for axis in [-77.0, -30.0, 0.0, 12.5, 45.0] {
            for (before, after) in pictures(axis).iter().zip(&pictures(axis + 90.0)) {
                let worst = turned(before)
                    .values()
                    .iter()
                    .zip(after.values())
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f32::max);
                assert!(worst < 1e-5, "{axis}: {worst}");
            }
        }
    }

    #[test]
    fn turning_by_any_angle_gives_the_value_of_the_turned_place() {
        let functions = |axis: f64| -> [Box<dyn Fn(f64, f64) -> f64>; 2] {
            let wave = Wave::of(&grating(axis, 6.1, 0.25));
            let dots = Dots::of(&lattice(DotLattice::Hexagonal, axis, 7.7));
            [Box::new(move |y, x| wave.at(y, x)), Box::new(move |y, x| dots.at(y, x))]
        };
        for by in [1.0, 17.0, 61.0, 123.4] {
            let (sin, cos) = f64::to_radians(by).sin_cos();
            for (before, after) in functions(10.0).iter().zip(&functions(10.0 + by)) {
                for (y, x) in [(0.0, 0.0), (3.3, -8.1), (-11.2, 0.4), (5.0, 14.0)] {
                    // anticlockwise on the screen, rows downwards
                    let (turned_y, turned_x) = (y * cos - x * sin, y * sin + x * cos);
                    assert!((before(y, x) - after(turned_y, turned_x)).abs() < 1e-9, "{by} {y} {x}");
                }
            }
        }
    }

    #[test]
    fn mean_and_contrast_do_not_depend_on_axis_period_and_duty() {
        // over many periods, of which the last is not whole
        let side = 480;
        for period in [2.5, 3.5, 5.0, 7.1, 14.1, 28.3] {
            for axis in [0.0, 15.0, 45.0, 77.0, 90.0] {
                for duty in [0.25, 0.5] {
                    let plane = Stimulus::Grating(grating(axis, period, duty)).plane(side, 0.0, CONTRAST);
                    let (mean, rms) = (plane.mean(), rms(&plane));
                    assert!((mean - MEAN).abs() < 0.01, "{period} {axis} {duty}: mean {mean}");
                    assert!((rms / CONTRAST - 1.0).abs() < 0.03, "{period} {axis} {duty}: rms {rms}");
                }
                if period < 5.0 {
                    continue;
                }
                for kind in [DotLattice::Square, DotLattice::Hexagonal] {
                    let plane = Stimulus::Lattice(lattice(kind, axis, period)).plane(side, 0.0, CONTRAST);
                    let (mean, rms) = (plane.mean(), rms(&plane));
                    assert!((mean - MEAN).abs() < 0.01, "{kind:?} {period} {axis}: mean {mean}");
                    assert!((rms / CONTRAST - 1.0).abs() < 0.03, "{kind:?} {period} {axis}: rms {rms}");
                }
            }
        }
    }

    #[test]
    fn the_spectrum_of_a_grating_has_its_period_and_axis_and_nothing_else() {
        for period in [2.5, 3.5, 5.0, 7.1] {
            for axis in [-80.0, -45.0, -10.0, 0.0, 7.0, 30.0, 60.0, 90.0] {
                let plane = Stimulus::Grating(grating(axis, period, 0.5)).plane(96, 0.0, CONTRAST);
                let found = peak(&plane).expect("it is no constant");
                let off = (found.axis_deg - axis + 90.0).rem_euclid(180.0) - 90.0;
                assert!((found.period_px / period - 1.0).abs() < 0.005, "{period} {axis}: {found:?}");
                assert!(off.abs() < 0.3, "{period} {axis}: {found:?}");
                // the third wave of a square profile has a ninth of the first's power before the probe
                assert!(found.share > 0.89, "{period} {axis}: {found:?}");
            }
        }
    }

    #[test]
    fn polarity_turns_grey_levels_around_and_a_disc_has_its_area() {
        let side = 65;
        let disc = |polarity, radius_px| {
            Stimulus::Disc(Disc { radius_px, polarity, shift_px: [1.3, -2.6] }).plane(side, 32.0, CONTRAST)
        };
        for radius in [3.0, 6.5, 12.0] {
            let [bright, dark] = Polarity::BOTH.map(|polarity| disc(polarity, radius));
            let opposite = |(a, b): (&f32, &f32)| (a + b - 1.0).abs() < 1e-6;
            assert!(bright.values().iter().zip(dark.values()).all(opposite), "{radius}");
            // the probe's edge on a curve adds its variance to the mean square radius
            let area = PI * (radius * radius + PROBE_PX * PROBE_PX);
            let found = (bright.mean() - MEAN) * (side * side) as f64 / (2.0 * CONTRAST);
            assert!((found / area - 1.0).abs() < 0.01, "{radius}: {found} {area}");
        }
    }

    #[test]
    fn the_stated_share_of_sites_is_missing() {
        let complete = Dots::of(&lattice(DotLattice::Square, 20.0, 6.0));
        let thinned = Dots { missing: 0.3, ..complete };
        let sites = (0..40).flat_map(|row| (0..40).map(move |column| (f64::from(row), f64::from(column))));
        let missing = sites.filter(|&(row, column)| !thinned.is_there(row, column)).count();
        // four standard deviations of a binomial of 1600 sites
        assert!((missing as f64 / 1600.0 - 0.3).abs() < 4.0 * (0.3 * 0.7 / 1600.0_f64).sqrt(), "{missing}");
    }
}
