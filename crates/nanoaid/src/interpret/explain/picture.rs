//! Pictures of an explanation: attributions as colors over the micrograph.

use micrograph::paint::{ColorMap, Corner, LengthUnit, Picture, Sampling, ScaleBar, resampled};
use micrograph::smooth::smooth;
use micrograph::{Calibration, Plane};

use super::{Explained, Method};

/// Longest side of a picture of the whole micrograph, and of one of a unit, in px.
const MOST_PX: usize = 1280;
const UNIT_PX: usize = 480;
/// Colors of what speaks for the score, and against it (Okabe and Ito).
const FOR: [u8; 3] = [230, 110, 0];
const AGAINST: [u8; 3] = [0, 114, 178];
/// Largest weight of a color over the micrograph.
const MOST_COLOR: f32 = 0.8;
/// Quantile of the magnitudes that has the full color.
const FULL: f64 = 0.995;
/// Standard deviation of the smoothing of maps of single pixels, as a share of the shorter side: their grain hides what they
/// show.
const SMOOTHING: f64 = 0.008;

impl Explained {
    /// The map of method number `n` as colors over `plane`, the micrograph that was explained, with a scale bar.
    ///
    /// # Panics
    /// If there is no such method, or `plane` has another size.
    pub fn painted(&self, n: usize, plane: &Plane, calibration: Option<&Calibration>) -> Picture {
        let method = self.explanation.methods[n].method;
        Canvas::new((plane, &self.coverage), calibration).attribution(method, &self.maps[n])
    }
}

/// A micrograph to draw on.
#[derive(Clone, Debug)]
pub(in crate::interpret) struct Canvas<'a> {
    plane: &'a Plane,
    /// How many views each pixel is in: where views overlap, an attribution is the sum over several, which would be drawn as a band.
    coverage: &'a Plane,
    calibration: Option<&'a Calibration>,
}

impl<'a> Canvas<'a> {
    pub(in crate::interpret) fn new(
        (plane, coverage): (&'a Plane, &'a Plane),
        calibration: Option<&'a Calibration>,
    ) -> Self {
        Self { plane, coverage, calibration }
    }

    /// The micrograph alone.
    pub(in crate::interpret) fn micrograph(&self) -> Picture {
        self.drawn(MOST_PX, |_, _| ())
    }

    /// The map of `method`, smoothed where it is one of single pixels.
    pub(super) fn attribution(&self, method: Method, map: &Plane) -> Picture {
        let fine = matches!(
            method,
            Method::GradientXInput
                | Method::IntegratedGradients
                | Method::SmoothGrad
                | Method::GuidedBackprop
                | Method::Deconvnet
                | Method::Lrp
        );
        let sigma = if fine { SMOOTHING * map.height().min(map.width()) as f64 } else { 0.0 };
        self.colored(&smooth(map, sigma), MOST_PX)
    }

    /// A map of single pixels with a sign, as it is.
    pub(in crate::interpret) fn signed(&self, map: &Plane) -> Picture {
        self.colored(map, MOST_PX)
    }

    /// The map of a unit.
    pub(super) fn unit(&self, map: &Plane) -> Picture {
        self.colored(map, UNIT_PX)
    }

    /// What is removed, in grey with a border.
    pub(super) fn removed(&self, mask: &Plane) -> Picture {
        self.drawn(MOST_PX, |picture, zoom| {
            let mask = self.reduced(mask, zoom);
            micrograph::paint::overlay_mask(picture, &mask, 0.5, [60, 60, 60], 0.75);
            micrograph::paint::outline_mask(picture, &mask, 0.5, FOR);
        })
    }

    fn colored(&self, map: &Plane, most_px: usize) -> Picture {
        let values = map.values().iter().zip(self.coverage.values()).map(|(value, n)| value / n);
        let map = &Plane::new(map.height(), map.width(), values.collect());
        let magnitudes = map.map(f32::abs);
        let full = magnitudes.quantiles(&[FULL]).first().copied().unwrap_or(0.0);
        // a map of a few positions may be 0 almost everywhere
        let full = if full > 0.0 { full } else { magnitudes.range().map_or(0.0, |(_, high)| high) };
        self.drawn(most_px, |picture, zoom| {
            if full <= 0.0 {
                return;
            }
            let map = self.reduced(map, zoom);
            for (sign, color) in [(1.0, FOR), (-1.0, AGAINST)] {
                let weights = map.map(|value| MOST_COLOR * (sign * value / full).clamp(0.0, 1.0));
                let colors = Picture::new(picture.height(), picture.width(), color);
                picture.blend_masked(&colors, &weights);
            }
        })
    }

    fn reduced(&self, map: &Plane, zoom: f64) -> Plane {
        let (height, width) = scaled((map.height(), map.width()), zoom);
        resampled(map, height, width, Sampling::Area)
    }

    fn drawn(&self, most_px: usize, draw: impl FnOnce(&mut Picture, f64)) -> Picture {
        let (height, width) = (self.plane.height(), self.plane.width());
        let zoom = (most_px as f64 / height.max(width) as f64).min(1.0);
        let plane = self.reduced(self.plane, zoom);
        let mut picture = Picture::from_plane(&plane, 0.0, 1.0, ColorMap::Gray);
        draw(&mut picture, zoom);
        let unit = LengthUnit::drawn(self.calibration.map(|pixel| pixel.nm_per_px_x), zoom);
        if let Some(bar) = ScaleBar::fit(picture.width() as f64, 0.25, unit) {
            let rect = picture.rect();
            bar.draw(&mut picture, rect, Corner::BottomRight);
        }
        picture
    }
}

fn scaled((height, width): (usize, usize), zoom: f64) -> (usize, usize) {
    let of = |length: usize| ((length as f64 * zoom).round() as usize).max(1);
    (of(height), of(width))
}
