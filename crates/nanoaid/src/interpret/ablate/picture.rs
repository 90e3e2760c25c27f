//! Pictures of an ablation: before and after, side by side on one scale.

use super::Ablated;
use micrograph::paint::{ColorMap, Corner, LengthUnit, Picture, Sampling, ScaleBar, resampled};
use micrograph::{Calibration, Plane};

/// Longest side of each of the two.
const SIDE_PX: usize = 480;
/// Pixels between them, and their color.
const GAP_PX: usize = 6;
const GAP: [u8; 3] = [255, 255, 255];
/// Quantiles of the values of both that get the first and the last color.
const RANGE: [f64; 2] = [0.005, 0.995];

/// Pictures of an ablation, each as it is on the left, and switched on the right.
#[derive(Clone, Debug)]
pub struct DrawnAblation {
    /// Of an autoencoder its output.
    pub reconstruction: Option<Picture>,
    /// Maps of the units of later layers that change most.
    pub maps: Vec<Picture>,
}

impl Ablated {
    /// Its pictures, with scale bars where `calibration` is known.
    pub fn pictures(&self, calibration: Option<&Calibration>) -> DrawnAblation {
        let reconstruction = self
            .reconstructions
            .as_ref()
            .map(|(before, after)| side_by_side((before, after), Scale::Grey, calibration));
        let maps = self.maps.iter();
        let maps = maps.map(|map| side_by_side((&map.before, &map.after), Scale::Colors, calibration));
        DrawnAblation { reconstruction, maps: maps.collect() }
    }
}

/// How values become colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// 0 is black, 1 white.
    Grey,
    /// From low to high values of both.
    Colors,
}

/// Two planes of one size, the first on the left, with a scale bar on it.
fn side_by_side(
    (before, after): (&Plane, &Plane),
    scale: Scale,
    calibration: Option<&Calibration>,
) -> Picture {
    let (height, width) = (before.height(), before.width());
    let zoom = (SIDE_PX as f64 / height.max(width) as f64).min(1.0);
    let size = |length: usize| ((length as f64 * zoom).round() as usize).max(1);
    let (height, width) = (size(height), size(width));
    let [before, after] = [before, after].map(|plane| resampled(plane, height, width, Sampling::Area));
    let (low, high, colors) = match scale {
        Scale::Grey => (0.0, 1.0, ColorMap::Gray),
        Scale::Colors => {
            let values = [before.values(), after.values()].concat();
            let range = Plane::new(2 * height, width, values).quantiles(&RANGE);
            // a map that is constant has no range
            (range[0], range[1].max(range[0] + f32::MIN_POSITIVE), ColorMap::Viridis)
        }
    };
    let mut picture = Picture::new(height, 2 * width + GAP_PX, GAP);
    for (place, plane) in [before, after].into_iter().enumerate() {
        let mut own = Picture::from_plane(&plane, low, high, colors);
        let unit = LengthUnit::drawn(calibration.map(|pixel| pixel.nm_per_px_x), zoom);
        if let Some(bar) = ScaleBar::fit(width as f64, 0.4, unit).filter(|_| place == 0) {
            let rect = own.rect();
            bar.draw(&mut own, rect, Corner::BottomRight);
        }
        picture.blit(0, place * (width + GAP_PX), &own);
    }
    picture
}
