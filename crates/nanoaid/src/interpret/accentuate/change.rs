//! Change of a micrograph: its size, its spectrum, and what keeps it small.

use std::f64::consts::TAU;

use micrograph::Plane;
use micrograph::fourier::{Complex, PlaneFourier};
use micrograph::random::Stream;

/// A micrograph that is changed.
pub(super) struct Changer<'a> {
    plane: &'a Plane,
    fourier: PlaneFourier<f32>,
    /// Frequency of each value of a spectrum in cycles per px.
    frequencies: Vec<f64>,
}

impl<'a> Changer<'a> {
    pub(super) fn new(plane: &'a Plane) -> Self {
        let (height, width) = (plane.height(), plane.width());
        let fourier = PlaneFourier::new(height, width);
        let mut frequencies = Vec::with_capacity(fourier.n_values());
        for row in 0..height {
            for column in 0..fourier.n_columns() {
                frequencies.push(fourier.frequency_of_row(row).hypot(fourier.frequency_of_column(column)));
            }
        }
        Self { plane, fourier, frequencies }
    }

    /// The micrograph with `change`.
    pub(super) fn changed(&self, change: &Plane) -> Plane {
        let pairs = self.plane.values().iter().zip(change.values());
        Plane::new(change.height(), change.width(), pairs.map(|(own, change)| own + change).collect())
    }

    /// `change`, made so small that grey levels stay in `[0, 1]` and its root mean square is at most `allowed`.
    pub(super) fn limited(&self, change: Plane, allowed: f64) -> Plane {
        let pairs = self.plane.values().iter().zip(change.values());
        let values = pairs.map(|(own, change)| (own + change).clamp(0.0, 1.0) - own).collect();
        let change = Plane::new(change.height(), change.width(), values);
        let size = root_mean_square(&change);
        // a smaller share of what stays in the range does, too
        if size > allowed { self.of_size(change, allowed) } else { change }
    }

    /// `change` with this root mean square; one of 0 stays.
    pub(super) fn of_size(&self, change: Plane, size: f64) -> Plane {
        let own = root_mean_square(&change);
        if own > 0.0 { change.map(|value| value * (size / own) as f32) } else { change }
    }

    pub(super) fn spectrum(&self, change: &Plane) -> Vec<Complex<f32>> {
        self.fourier.forward(change.values())
    }

    /// `gradient` with each frequency divided by itself, as amplitudes of micrographs fall, and without its mean.
    pub(super) fn smooth_direction(&self, gradient: &Plane) -> Plane {
        let mut spectrum = self.spectrum(gradient);
        for (value, frequency) in spectrum.iter_mut().zip(&self.frequencies) {
            *value = if *frequency > 0.0 { *value / *frequency as f32 } else { Complex::default() };
        }
        Plane::new(gradient.height(), gradient.width(), self.fourier.back(spectrum))
    }

    /// A plane of the same magnitudes and other phases.
    pub(super) fn with_random_phases(&self, spectrum: &[Complex<f32>], stream: &mut Stream) -> Plane {
        let turned =
            spectrum.iter().map(|value| Complex::from_polar(value.norm(), (TAU * stream.uniform()) as f32));
        Plane::new(self.plane.height(), self.plane.width(), self.fourier.back(turned.collect()))
    }

    /// The period that halves the energy of a spectrum, in px; `None` if it has none.
    pub(super) fn median_period_px(&self, spectrum: &[Complex<f32>]) -> Option<f64> {
        let width = self.plane.width();
        let n_columns = self.fourier.n_columns();
        // all columns but the first, and the last of an even width, stand for their mirror images, too
        let weight = |place: usize| {
            let column = place % n_columns;
            if column == 0 || 2 * column == width { 1.0 } else { 2.0 }
        };
        let mut energies: Vec<(f64, f64)> = (0..spectrum.len())
            .filter(|place| self.frequencies[*place] > 0.0)
            .map(|place| (self.frequencies[place], weight(place) * f64::from(spectrum[place].norm_sqr())))
            .collect();
        energies.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = energies.iter().map(|(_, energy)| energy).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        let median = energies.iter().find(|(_, energy)| {
            sum += energy;
            sum >= half && half > 0.0
        });
        median.map(|(frequency, _)| 1.0 / frequency)
    }
}

/// The root of the mean square of `plane`.
pub(super) fn root_mean_square(plane: &Plane) -> f64 {
    let squares: f64 = plane.values().iter().map(|&value| f64::from(value).powi(2)).sum();
    (squares / plane.values().len().max(1) as f64).sqrt()
}

/// `plane` shifted by rows and columns; its border goes on beyond it.
pub(super) fn moved(plane: &Plane, shift: (isize, isize)) -> Plane {
    Plane::from_fn(plane.height(), plane.width(), |y, x| {
        let (y, x) = from(plane, (y, x), shift);
        plane.at(y, x)
    })
}

/// The gradient for a plane from that for the [`moved`] one.
pub(super) fn moved_back(gradient: &Plane, shift: (isize, isize)) -> Plane {
    let mut found = gradient.map(|_| 0.0);
    let width = gradient.width();
    for y in 0..gradient.height() {
        for x in 0..width {
            let (to_y, to_x) = from(gradient, (y, x), shift);
            found.values_mut()[to_y * width + to_x] += gradient.at(y, x);
        }
    }
    found
}

/// Where a pixel of the moved plane comes from.
fn from(plane: &Plane, (y, x): (usize, usize), (rows, columns): (isize, isize)) -> (usize, usize) {
    let along = |place: usize, by: isize, length: usize| place.saturating_add_signed(by).min(length - 1);
    (along(y, rows, plane.height()), along(x, columns, plane.width()))
}
