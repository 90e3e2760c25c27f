//! Imaging: from a specimen's surface to grey levels, as in a scanning electron microscope.
//!
//! Secondary electrons: their yield rises with the tilt θ of the surface as 1/cos θ (Reimer 1998),
//! edges give more since electrons leave through both faces, and few come out of gaps. A detector on
//! one side sees facets that face it brighter. Then follow slow charging, the width of the beam, small
//! shifts of rows against each other, and shot noise. This is a sketch of the contrast, not a
//! Monte-Carlo simulation: energies, materials and detectors are not modelled.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::smooth::smooth;
use crate::synth::scan::Scan;
use crate::synth::surface::Surface;
use crate::{ConfigError, Plane};

/// Largest 1/cos θ in use: the escape depth of secondary electrons limits the rise at grazing tilt.
const GRAZING: f32 = 5.0;
/// Width in px over which an edge is brighter than the face beside it.
const RIM_PX: f64 = 1.6;

/// Reference of brightness, contrast and dose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// The darkest and the brightest of the noise-free image, rare extremes left out.
    #[default]
    Ends,
    /// Its mean and standard deviation σ, like an operator who adjusts the controls until all specimens
    /// look alike: brightness is the grey level of the mean, contrast is 4 σ, and specimens of little
    /// contrast are scanned longer, so that the noise at the mean is σ/√dose for every specimen. Values
    /// beyond black and white are clipped.
    Moments,
}

/// How the microscope images a specimen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Imaging {
    /// Detected electrons for a pixel of mean brightness, 1 to 1e6; 0 leaves the shot noise out.
    pub dose: f64,
    /// Width of the beam: standard deviation of its Gaussian in px, 0 to 20.
    pub blur_px: f64,
    /// How much brighter tilted surfaces and edges are, 0 (not at all) to 3.
    pub edge_brightening: f64,
    /// How much a facet towards the detector is brighter than one away from it, 0 to 1.
    pub shading: f64,
    /// Direction towards the detector in degrees anticlockwise from x as seen on the screen.
    pub detector_deg: f64,
    /// How dark gaps are, 0 (as bright as the rest) to 3.
    pub shadowing: f64,
    /// Slow change of brightness over the image as charging makes it, share of the mean, 0 to 1.
    pub gradient: f64,
    /// Shift of rows against each other, rms in px, 0 to 5.
    pub jitter_px: f64,
    /// Grey level of the middle between the darkest and the brightest of the image, 0 to 255.
    pub brightness: f64,
    /// Grey levels between the darkest and the brightest of the image, 1 to 255.
    pub contrast: f64,
    /// Bright becomes dark, as with an inverted detector signal.
    pub inverted: bool,
    /// Reference of `dose`, `brightness` and `contrast`; their descriptions here apply to `Ends`.
    pub exposure: Exposure,
}

impl Default for Imaging {
    fn default() -> Self {
        Self {
            dose: 150.0,           // noise of 8 %: a slow scan of everyday quality
            blur_px: 0.8,          // a well focused image at the magnification it is taken at
            edge_brightening: 1.0, // rims as bright as in everyday images at 5 kV
            shading: 0.25,         // a side detector mixed with an in-lens signal
            detector_deg: 110.0,   // from above, like the usual chamber detector
            shadowing: 0.8,        // gaps clearly darker, yet not black
            gradient: 0.06,        // hardly visible
            jitter_px: 0.1,        // faint: mains hum well below a pixel
            brightness: 122.0,     // the middle of the range, as auto-brightness aims for
            contrast: 200.0,       // nothing clipped, no range wasted
            inverted: false,
            exposure: Exposure::Ends,
        }
    }
}

impl Imaging {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if self.dose != 0.0 {
            ConfigError::unless_within("imaging.dose", self.dose, 1.0..=1e6)?;
        }
        ConfigError::unless_within("imaging.blur_px", self.blur_px, 0.0..=20.0)?;
        ConfigError::unless_within("imaging.edge_brightening", self.edge_brightening, 0.0..=3.0)?;
        ConfigError::unless_within("imaging.shading", self.shading, 0.0..=1.0)?;
        ConfigError::unless_within("imaging.detector_deg", self.detector_deg, -360.0..=360.0)?;
        ConfigError::unless_within("imaging.shadowing", self.shadowing, 0.0..=3.0)?;
        ConfigError::unless_within("imaging.gradient", self.gradient, 0.0..=1.0)?;
        ConfigError::unless_within("imaging.jitter_px", self.jitter_px, 0.0..=5.0)?;
        ConfigError::unless_within("imaging.brightness", self.brightness, 0.0..=255.0)?;
        ConfigError::unless_within("imaging.contrast", self.contrast, 1.0..=255.0)?;
        Ok(self)
    }
}

/// The image of `surface`: whole grey levels in `0..=255`, `[H, W]`.
pub(super) fn image(surface: &Surface, scan: &Scan, imaging: &Imaging, seed: u64) -> Plane {
    let mut signal = scan.scanned(emitted(surface, imaging));
    charge(&mut signal, imaging, seed);
    let signal = smooth(&signal, imaging.blur_px);
    let signal = scan.without_margin(jittered(signal, imaging, seed));
    detected(signal, imaging, seed)
}

/// Electrons that leave each pixel, relative, at least 0.
fn emitted(surface: &Surface, imaging: &Imaging) -> Plane {
    let (height, width) = (surface.height, surface.width);
    let relief = Plane::new(height, width, surface.facets.iter().map(|facet| facet.z).collect());
    let near = smooth(&relief, RIM_PX);
    let wide = smooth(&relief, f64::from(surface.reach_px));
    let edges = imaging.edge_brightening as f32;
    let (shading, shadowing) = (imaging.shading as f32, imaging.shadowing as f32);
    let (sin, cos) = imaging.detector_deg.to_radians().sin_cos();
    // on the screen y runs downwards
    let (towards_y, towards_x) = (-sin as f32, cos as f32);
    let values = surface.facets.par_iter().zip(near.values().par_iter().zip(wide.values()));
    let values = values.with_min_len(1 << 14).map(|(facet, (near, wide))| {
        let (sy, sx) = (facet.slope_y, facet.slope_x);
        let secant = (1.0 + sy * sy + sx * sx).sqrt();
        let tilt = 0.35 * edges * (secant.min(GRAZING) - 1.0);
        let facing = -(sy * towards_y + sx * towards_x) / secant;
        // height over the near neighbourhood: a rim above, a foot below
        let rim = (facet.z - near) / RIM_PX as f32;
        let rim = edges * if rim > 0.0 { 0.6 * rim / (1.0 + rim) } else { 0.25 * rim / (1.0 - rim) };
        let gap = ((wide - facet.z) / surface.reach_px).max(0.0);
        let light = (1.0 + tilt + rim).max(0.0) * (1.0 + shading * facing);
        facet.material * light * (-shadowing * gap).exp()
    });
    Plane::new(height, width, values.collect())
}

/// Multiplies `signal` by a slow random change of the brightness.
fn charge(signal: &mut Plane, imaging: &Imaging, seed: u64) {
    let mut stream = Stream::new(seed, "synth charging", 0);
    let (height, width) = (signal.height(), signal.width());
    let angle = stream.between(0.0, std::f64::consts::TAU);
    let bow = stream.between(-1.0, 1.0);
    for (y, row) in signal.values_mut().chunks_exact_mut(width).enumerate() {
        let v = (y as f64 + 0.5) / height as f64 - 0.5;
        for (x, value) in row.iter_mut().enumerate() {
            let u = (x as f64 + 0.5) / width as f64 - 0.5;
            let change = u * angle.cos() + v * angle.sin() + bow * (2.0 * (u * u + v * v) - 1.0 / 3.0);
            *value *= (1.0 + imaging.gradient * change) as f32;
        }
    }
}

/// `signal` with each row shifted by its own fraction of a px.
fn jittered(signal: Plane, imaging: &Imaging, seed: u64) -> Plane {
    if imaging.jitter_px == 0.0 {
        return signal;
    }
    let mut stream = Stream::new(seed, "synth jitter", 0);
    let (height, width) = (signal.height(), signal.width());
    let mut values = Vec::with_capacity(height * width);
    for y in 0..height {
        let row = signal.row(y);
        let shift = stream.normal() * imaging.jitter_px;
        let (whole, share) = (shift.floor() as i64, (shift - shift.floor()) as f32);
        let last = width as i64 - 1;
        let at = |x: i64| row[x.clamp(0, last) as usize];
        values.extend((0..width as i64).map(|x| {
            let (left, right) = (at(x + whole), at(x + whole + 1));
            left + (right - left) * share
        }));
    }
    Plane::new(height, width, values)
}

/// Counts the electrons and writes them as grey levels.
fn detected(signal: Plane, imaging: &Imaging, seed: u64) -> Plane {
    let width = signal.width();
    let mean = signal.mean();
    // brightness and contrast are set on the noise-free signal
    let (middle, span, electrons) = match imaging.exposure {
        Exposure::Ends => {
            let ends = signal.quantiles(&[0.002, 0.998]);
            let span = f64::from((ends[1] - ends[0]).max(1e-6));
            (f64::from(ends[0]) + span / 2.0, span, imaging.dose / mean)
        }
        Exposure::Moments => {
            // a signal without any contrast stays grey
            let variance = signal.variance().max(1e-12);
            (mean, 4.0 * variance.sqrt(), imaging.dose * mean / variance)
        }
    };
    let electrons = if mean > 0.0 { electrons } else { 0.0 };
    let mut plane = signal;
    plane.values_mut().par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        let mut stream = Stream::new(seed, "synth shot noise", y as u64);
        for value in row {
            if electrons > 0.0 {
                *value = (poisson(f64::from(*value) * electrons, &mut stream) / electrons) as f32;
            }
            let share = (f64::from(*value) - middle) / span;
            let share = if imaging.inverted { -share } else { share };
            let gray = imaging.brightness + imaging.contrast * share;
            *value = gray.round().clamp(0.0, 255.0) as f32;
        }
    });
    plane
}

/// A number from the Poisson distribution of mean `mean`.
///
/// From a mean of 50 on, the rounded normal distribution of equal mean and variance replaces it; its
/// skewness of at most 0.14 is lost.
fn poisson(mean: f64, stream: &mut Stream) -> f64 {
    if mean >= 50.0 {
        return (mean + mean.sqrt() * stream.normal()).round().max(0.0);
    }
    let mut share = (-mean).exp();
    let mut left = stream.uniform() - share;
    let mut count = 0.0;
    // the end: far beyond the mean the probabilities vanish, but rounding may keep `left` above 0
    while left > 0.0 && count < 400.0 {
        count += 1.0;
        share *= mean / count;
        left -= share;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn electron_counts_have_the_mean_and_variance_of_poisson() {
        for mean in [0.0, 0.7, 12.0, 49.0, 51.0, 900.0] {
            let mut stream = Stream::new(3, "test", 0);
            let n = 40_000;
            let counts: Vec<f64> = (0..n).map(|_| poisson(mean, &mut stream)).collect();
            let found = counts.iter().sum::<f64>() / f64::from(n);
            let variance = counts.iter().map(|count| (count - found).powi(2)).sum::<f64>() / f64::from(n);
            let error = 4.0 * (mean / f64::from(n)).sqrt();
            assert!((found - mean).abs() <= error, "{mean}: mean {found}");
            assert!(
                (variance - mean).abs() <= 0.04 * mean + 0.1 * f64::from(u8::from(mean > 50.0)),
                "{mean}: {variance}"
            );
        }
    }
}
