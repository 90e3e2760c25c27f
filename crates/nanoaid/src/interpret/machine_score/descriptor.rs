//! Descriptor: a patch as a few numbers that no network has a part in.
//!
//! The patch is resampled to a fixed size. From its power spectrum under a Hann window come the
//! energies of a bank of Gabor filters (log-normal over frequencies, normal over axes; four scales an
//! octave apart, six axes) and the shares of rings of frequencies; then the mean grey level, its
//! standard deviation and its skewness, of which a spectrum knows nothing. Energies and shares are of
//! the patch's whole variance, and their square roots are taken, so that distances between them are
//! Hellinger's: no single one decides, and contrast counts once, as the standard deviation.

use std::f64::consts::PI;
use std::sync::LazyLock;

use micrograph::Plane;
use micrograph::fourier::PlaneFourier;
use micrograph::paint::{Sampling, resampled};

/// Height and width of a resampled patch.
const SIDE: usize = 64;
/// Periods of the filters in resampled px.
const PERIODS: [f64; 4] = [4.0, 8.0, 16.0, 32.0];
/// Axes of the filters, evenly over 180°.
const AXES: usize = 6;
/// Standard deviation of a filter over frequencies, in octaves: neighbours meet at 0.6 of their top.
const OCTAVES: f64 = 0.5;
/// Standard deviation of a filter over axes in degrees: as above.
const AXES_DEG: f64 = 15.0;
/// Rings of frequencies, each half an octave wide, up to half a wave a pixel.
const RINGS: usize = 10;
/// Weight of the grey levels: the extremes of mean, standard deviation and skewness are as far apart
/// as two patches whose variance lies in different places.
const GREY: f64 = 1.0;
/// Standard deviation below which a patch is uniform: a step of an 8-bit image is twice as much.
const LEAST_SD: f64 = 0.002;

/// The numbers of one patch; distances between them are Euclid's.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor(Vec<f64>);

/// What is the same for all patches.
struct Bank {
    fourier: PlaneFourier<f64>,
    window: Vec<f64>,
    /// Of each filter, the weight of each frequency; then of each ring. `[AXES · scales + RINGS][frequency]`
    weights: Vec<Vec<f64>>,
}

static BANK: LazyLock<Bank> = LazyLock::new(Bank::new);

impl Bank {
    fn new() -> Self {
        let fourier = PlaneFourier::new(SIDE, SIDE);
        let hann = |index: usize| (PI * (index as f64 + 0.5) / SIDE as f64).sin().powi(2);
        let window = (0..SIDE * SIDE).map(|index| hann(index / SIDE) * hann(index % SIDE)).collect();
        let columns = fourier.n_columns();
        let frequency = |index: usize| {
            let row = fourier.frequency_of_row(index / columns);
            let column = fourier.frequency_of_column(index % columns);
            // a column stands for its opposite, too, but for the first and the last
            let twice =
                if index.is_multiple_of(columns) || index % columns == columns - 1 { 1.0 } else { 2.0 };
            (row.hypot(column), (-row).atan2(column).to_degrees(), twice)
        };
        let frequencies: Vec<(f64, f64, f64)> = (0..fourier.n_values()).map(frequency).collect();
        let filter = |period: f64, axis: usize| -> Vec<f64> {
            let centre = axis as f64 * 180.0 / AXES as f64;
            let weight = |&(frequency, across_deg, twice): &(f64, f64, f64)| {
                if frequency == 0.0 {
                    return 0.0;
                }
                let octaves = (frequency * period).log2() / OCTAVES;
                let turned = ((across_deg - centre + 90.0).rem_euclid(180.0) - 90.0) / AXES_DEG;
                // of the power, so twice the exponent of the amplitude
                twice * (-(octaves * octaves + turned * turned)).exp()
            };
            frequencies.iter().map(weight).collect()
        };
        let ring = |ring: usize| -> Vec<f64> {
            let inside = |frequency: f64| {
                frequency > 0.0
                    && ((-2.0 * (2.0 * frequency).log2()).floor().max(0.0) as usize).min(RINGS - 1) == ring
            };
            frequencies
                .iter()
                .map(|&(frequency, _, twice)| if inside(frequency) { twice } else { 0.0 })
                .collect()
        };
        let filters = PERIODS.iter().flat_map(|&period| (0..AXES).map(move |axis| (period, axis)));
        let mut weights: Vec<Vec<f64>> = filters.map(|(period, axis)| filter(period, axis)).collect();
        weights.extend((0..RINGS).map(ring));
        Self { fourier, window, weights }
    }
}

impl Descriptor {
    /// Of `patch`, grey levels in `[0, 1]`; `None` if it has no pixels or a value is not finite.
    pub fn of(patch: &Plane) -> Option<Self> {
        if patch.values().is_empty() || !patch.values().iter().all(|value| value.is_finite()) {
            return None;
        }
        let larger = patch.height().min(patch.width()) >= SIDE;
        let sampling = if larger { Sampling::Area } else { Sampling::Bilinear };
        let bank = &*BANK;
        let grey = [patch.mean(), patch.variance().sqrt()];
        let skewness = skewness(patch, grey);
        let small = resampled(patch, SIDE, SIDE, sampling);
        let total: f64 = bank.window.iter().sum();
        let windowed = |value: (&f32, &f64)| f64::from(*value.0) * value.1;
        let mean = small.values().iter().zip(&bank.window).map(windowed).sum::<f64>() / total;
        let values: Vec<f64> = small
            .values()
            .iter()
            .zip(&bank.window)
            .map(|(value, weight)| (f64::from(*value) - mean) * weight)
            .collect();
        let power: Vec<f64> = bank.fourier.forward(&values).iter().map(|value| value.norm_sqr()).collect();
        let energy = |weights: &Vec<f64>| weights.iter().zip(&power).map(|(a, b)| a * b).sum::<f64>();
        let energies: Vec<f64> = bank.weights.iter().map(energy).collect();
        // the rings hold every frequency but 0
        let all: f64 = energies[energies.len() - RINGS..].iter().sum();
        let share = |energy: &f64| if grey[1] > LEAST_SD { (energy / all).sqrt() } else { 0.0 };
        let mut numbers: Vec<f64> = energies.iter().map(share).collect();
        // from 0 to 1; from 0 to ½, doubled; skewness is bounded by an inverse tangent
        numbers.extend([grey[0], 2.0 * grey[1], skewness.atan() / PI].map(|value| GREY * value));
        Some(Self(numbers))
    }

    /// Euclid's distance.
    pub fn distance(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }
}

/// Third moment about the mean, in standard deviations; 0 for a uniform patch.
fn skewness(patch: &Plane, [mean, sd]: [f64; 2]) -> f64 {
    if sd <= LEAST_SD {
        return 0.0;
    }
    let cubes = patch.values().iter().map(|&value| ((f64::from(value) - mean) / sd).powi(3));
    cubes.sum::<f64>() / patch.values().len() as f64
}

#[cfg(test)]
mod tests {
    use micrograph::random::Stream;

    use super::*;

    fn wave(axis_deg: f64, period: f64, contrast: f64, phase: f64) -> Plane {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        Plane::from_fn(40, 40, |y, x| {
            let across = (y as f64 * cos + x as f64 * sin) / period + phase;
            (0.5 + contrast * (std::f64::consts::TAU * across).cos()) as f32
        })
    }

    fn distance(a: &Plane, b: &Plane) -> f64 {
        Descriptor::of(a).unwrap().distance(&Descriptor::of(b).unwrap())
    }

    #[test]
    fn phase_counts_for_less_than_axis_and_period() {
        let wave_of = |axis, period, phase| wave(axis, period, 0.2, phase);
        let same = distance(&wave_of(20.0, 8.0, 0.0), &wave_of(20.0, 8.0, 0.4));
        let turned = distance(&wave_of(20.0, 8.0, 0.0), &wave_of(50.0, 8.0, 0.0));
        let longer = distance(&wave_of(20.0, 8.0, 0.0), &wave_of(20.0, 14.0, 0.0));
        assert!(5.0 * same < turned && 5.0 * same < longer, "{same} {turned} {longer}");
    }

    #[test]
    fn grey_level_contrast_and_polarity_count() {
        let spots = |sign: f32| {
            Plane::from_fn(40, 40, |y, x| 0.5 + if y % 8 < 2 && x % 8 < 2 { 0.3 * sign } else { 0.0 })
        };
        let level = |plane: &Plane, to: f32| {
            let by = to - plane.mean() as f32;
            plane.map(|value| value + by)
        };
        let [bright, dark] = [1.0, -1.0].map(|sign| level(&spots(sign), 0.5));
        assert!(distance(&bright, &dark) > 0.3, "{}", distance(&bright, &dark));
        assert!(distance(&wave(0.0, 8.0, 0.05, 0.0), &wave(0.0, 8.0, 0.3, 0.0)) > 0.3);
        assert!(distance(&Plane::filled(9, 9, 0.2), &Plane::filled(9, 9, 0.7)) > 0.3);
        assert_eq!(distance(&Plane::filled(9, 9, 0.2), &Plane::filled(30, 9, 0.2)), 0.0);
    }

    #[test]
    fn the_rings_hold_all_frequencies_once_and_any_size_is_described() {
        let bank = &*BANK;
        let columns = bank.fourier.n_columns();
        for index in 1..bank.fourier.n_values() {
            let rings = bank.weights[bank.weights.len() - RINGS..].iter();
            let twice = if index % columns == 0 || index % columns == columns - 1 { 1.0 } else { 2.0 };
            assert_eq!(rings.map(|ring| ring[index]).sum::<f64>(), twice, "{index}");
        }
        let mut stream = Stream::new(0, "patch", 0);
        for (height, width) in [(1, 1), (4, 4), (22, 31), (94, 94), (200, 70)] {
            let plane = Plane::from_fn(height, width, |_, _| stream.uniform() as f32);
            let found = Descriptor::of(&plane).unwrap();
            assert!(found.0.iter().all(|value| value.is_finite()), "{height}×{width}");
        }
        assert_eq!(Descriptor::of(&Plane::filled(3, 3, f32::NAN)), None);
        assert_eq!(Descriptor::of(&Plane::filled(0, 3, 0.0)), None);
    }
}
