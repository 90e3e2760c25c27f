//! Scan: from positions in the raster of the beam to positions on the specimen.
//!
//! The specimen may be tilted, it may move while it is scanned, and it continues beyond the border of the
//! image. Perspective, lenses and the beam's own distortions are not modelled, nor does the tilt increase
//! the yield here. Drift acts row by row: rows are scanned one after the other, from the first to the
//! last.

use serde::{Deserialize, Serialize};

use crate::{ConfigError, Plane};

/// Time constants of settling within one image: motion has stopped by the last row.
const SETTLING_RATE: f64 = 3.0;

/// How a specimen is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanConfig {
    /// Pixels of the specimen along each side of one of the image, 1 to 8. Settings and truth of the specimen
    /// are in pixels of the specimen. Above 1 a pixel is the mean over its area, as in a detector; at 1 it is
    /// the signal at its centre, and edges narrower than a pixel look like stairs.
    pub specimen_px: usize,
    /// Rows and columns around the image that are imaged and cut off, 0 to 1024: blur, shadows and shifted
    /// rows at the border then include the surroundings.
    pub margin_px: usize,
    /// Drift at constant speed from the first to the last row, `[y, x]` in px, −100 to 100.
    pub drift_px: [f64; 2],
    /// Additional drift, fast at first and stopped by the last row, `[y, x]` in px, −100 to 100.
    pub settling_px: [f64; 2],
    /// Tilt of the specimen in degrees, 0 to 75.
    pub tilt_deg: f64,
    /// Direction of the tilt axis in the image, degrees anticlockwise from x, −180 to 180.
    pub tilt_axis_deg: f64,
}

impl Default for ScanConfig {
    fn default() -> Self {
        Self {
            specimen_px: 1, // shapes know how much of a pixel they cover, walls do not
            margin_px: 0,
            drift_px: [0.0; 2],
            settling_px: [0.0; 2],
            tilt_deg: 0.0, // flat and at rest
            tilt_axis_deg: 0.0,
        }
    }
}

impl ScanConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("scan.specimen_px", self.specimen_px as f64, 1.0..=8.0)?;
        ConfigError::unless_within("scan.margin_px", self.margin_px as f64, 0.0..=1024.0)?;
        for component in self.drift_px {
            ConfigError::unless_within("scan.drift_px", component, -100.0..=100.0)?;
        }
        for component in self.settling_px {
            ConfigError::unless_within("scan.settling_px", component, -100.0..=100.0)?;
        }
        ConfigError::unless_within("scan.tilt_deg", self.tilt_deg, 0.0..=75.0)?;
        ConfigError::unless_within("scan.tilt_axis_deg", self.tilt_axis_deg, -180.0..=180.0)?;
        Ok(self)
    }

    /// Whether positions in the raster differ from those on the surface.
    fn maps(&self) -> bool {
        let moves = self.drift_px != [0.0; 2] || self.settling_px != [0.0; 2];
        moves || self.tilt_deg > 0.0 || self.specimen_px > 1
    }
}

/// Maps positions in the image to positions on the specimen, and back.
///
/// Both are `[y, x]` in px, rows downwards. A [`super::Truth`] is given in positions on the specimen; both
/// are the same for the default [`ScanConfig`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scan {
    config: ScanConfig,
    image: (usize, usize),
    specimen: (usize, usize),
}

impl Scan {
    /// Of an image of this size.
    pub(super) fn new(config: ScanConfig, image: (usize, usize)) -> Self {
        let mut scan = Self { config, image, specimen: image };
        let (height, width) = scan.raster();
        scan.specimen = (height, width);
        if config.maps() {
            // the largest distance of a pixel of the raster from the middle, with a pixel for interpolation
            let mut most = [0.0_f64; 2];
            for row in 0..height {
                for column in [0, width - 1] {
                    let offset = scan.offset_on_specimen(scan.in_raster(row as f64, column as f64));
                    most = [0, 1].map(|axis| most[axis].max(offset[axis].abs()));
                }
            }
            let [rows, columns] = most.map(|most| 2 * most.ceil() as usize + 3);
            scan.specimen = (rows, columns);
        }
        scan
    }

    /// The position on the specimen of position `[y, x]` in the image.
    pub fn specimen_from_image(&self, place: [f64; 2]) -> [f64; 2] {
        let middle = middle(self.image);
        let offset = self.offset_on_specimen([place[0] - middle[0], place[1] - middle[1]]);
        let middle = self.middle_of_specimen();
        [middle[0] + offset[0], middle[1] + offset[1]]
    }

    /// The position in the image of position `[y, x]` on the specimen.
    pub fn image_from_specimen(&self, place: [f64; 2]) -> [f64; 2] {
        let middle_here = self.middle_of_specimen();
        let flat = [place[0] - middle_here[0], place[1] - middle_here[1]];
        let seen = self.stretched(flat, self.config.tilt_deg.to_radians().cos());
        let seen = seen.map(|offset| offset / self.config.specimen_px as f64);
        // the row gives the drift, which changes the row: this converges because drift is slower than the scan
        let mut row = seen[0];
        for _ in 0..50 {
            row = seen[0] + self.moved(row)[0];
        }
        let middle = middle(self.image);
        [middle[0] + row, middle[1] + seen[1] + self.moved(row)[1]]
    }

    /// Rows and columns of the surface that is needed.
    pub(super) fn specimen_size(&self) -> (usize, usize) {
        self.specimen
    }

    /// The signal at the pixels of the raster, margins included.
    pub(super) fn scanned(&self, signal: Plane) -> Plane {
        let (height, width) = self.raster();
        if !self.config.maps() {
            return signal;
        }
        let middle = self.middle_of_specimen();
        // pixels larger than those of the specimen take the mean of several positions
        let n = (self.config.specimen_px as f64 / self.config.tilt_deg.to_radians().cos()).ceil();
        let parts: Vec<f64> = (0..n as usize).map(|part| (part as f64 + 0.5) / n - 0.5).collect();
        Plane::from_fn(height, width, |y, x| {
            let mut sum = 0.0;
            for v in &parts {
                for u in &parts {
                    let offset = self.offset_on_specimen(self.in_raster(y as f64 + v, x as f64 + u));
                    sum += between(&signal, middle[0] + offset[0], middle[1] + offset[1]);
                }
            }
            (sum / (n * n)) as f32
        })
    }

    /// Cuts the margins off.
    pub(super) fn without_margin(&self, plane: Plane) -> Plane {
        if self.config.margin_px == 0 {
            return plane;
        }
        let (y, x) = (self.config.margin_px, self.config.margin_px);
        plane.crop(crate::Rect { y, x, height: self.image.0, width: self.image.1 })
    }

    fn raster(&self) -> (usize, usize) {
        let margin = 2 * self.config.margin_px;
        (self.image.0 + margin, self.image.1 + margin)
    }

    /// Offset from the middle of the image of a position in the raster.
    fn in_raster(&self, y: f64, x: f64) -> [f64; 2] {
        let middle = middle(self.raster());
        [y - middle[0], x - middle[1]]
    }

    /// With default settings the surface begins where the image does.
    fn middle_of_specimen(&self) -> [f64; 2] {
        middle(self.specimen)
    }

    /// Offset on the specimen of an offset `[y, x]` in the image, both from the middles.
    fn offset_on_specimen(&self, [dy, dx]: [f64; 2]) -> [f64; 2] {
        let [down, across] = self.moved(dy);
        let offset = [dy - down, dx - across].map(|offset| offset * self.config.specimen_px as f64);
        self.stretched(offset, 1.0 / self.config.tilt_deg.to_radians().cos())
    }

    /// How far the specimen has moved since the middle row when the row `dy` below it is written.
    fn moved(&self, dy: f64) -> [f64; 2] {
        let rows = self.image.0 as f64;
        // of the image's own time; margins are before and after it
        let time = dy / rows + 0.5;
        let settled = |time: f64| (1.0 - (-SETTLING_RATE * time).exp()) / (1.0 - (-SETTLING_RATE).exp());
        let settling = settled(time) - settled(0.5);
        [0, 1].map(|axis| self.config.drift_px[axis] * dy / rows + self.config.settling_px[axis] * settling)
    }

    /// `[y, x]` with its component across the tilt axis times `factor`.
    fn stretched(&self, [y, x]: [f64; 2], factor: f64) -> [f64; 2] {
        let (sin, cos) = self.config.tilt_axis_deg.to_radians().sin_cos();
        // y is downwards: the axis is (−sin, cos) in (y, x), across it is (cos, sin)
        let along = x * cos - y * sin;
        let across = (y * cos + x * sin) * factor;
        [across * cos - along * sin, along * cos + across * sin]
    }
}

fn middle((height, width): (usize, usize)) -> [f64; 2] {
    [(height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0]
}

/// The value between four pixels, by its share of each.
fn between(plane: &Plane, y: f64, x: f64) -> f64 {
    let (y, x) = (y.clamp(0.0, plane.height() as f64 - 1.001), x.clamp(0.0, plane.width() as f64 - 1.001));
    let (top, left) = (y as usize, x as usize);
    let row = |row: usize| {
        let share = x.fract();
        f64::from(plane.at(row, left)) * (1.0 - share) + f64::from(plane.at(row, left + 1)) * share
    };
    row(top) * (1.0 - y.fract()) + row(top + 1) * y.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ScanConfig {
        ScanConfig {
            specimen_px: 2,
            margin_px: 12,
            drift_px: [9.0, -14.0],
            settling_px: [-4.0, 6.0],
            tilt_deg: 35.0,
            tilt_axis_deg: 20.0,
        }
    }

    #[test]
    fn a_place_goes_to_the_specimen_and_back() {
        for config in [ScanConfig::default(), set(), ScanConfig { margin_px: 7, ..ScanConfig::default() }] {
            let scan = Scan::new(config, (90, 131));
            for place in [[0.0, 0.0], [44.5, 65.0], [89.0, 3.0], [12.0, 130.0]] {
                let back = scan.image_from_specimen(scan.specimen_from_image(place));
                assert!(
                    (back[0] - place[0]).hypot(back[1] - place[1]) < 1e-9,
                    "{config:?}: {place:?} {back:?}"
                );
            }
        }
        let plain = Scan::new(ScanConfig::default(), (90, 131));
        assert_eq!(plain.specimen_from_image([3.0, 7.5]), [3.0, 7.5]);
    }

    #[test]
    fn tilt_about_the_horizontal_shortens_what_is_upright() {
        let scan = Scan::new(ScanConfig { tilt_deg: 60.0, ..ScanConfig::default() }, (90, 130));
        let (a, b) = (scan.specimen_from_image([20.0, 30.0]), scan.specimen_from_image([25.0, 33.0]));
        assert!((b[0] - a[0] - 10.0).abs() < 1e-9 && (b[1] - a[1] - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_downward_drift_is_scanned_later_and_ends_as_given() {
        let scan = Scan::new(ScanConfig { drift_px: [10.0, 0.0], ..ScanConfig::default() }, (100, 130));
        let [first, last] = [0.0, 99.0].map(|row| scan.specimen_from_image([row, 5.0]));
        // 99 rows span 99 rows of the specimen, less its motion towards the beam
        assert!((last[0] - first[0] - 99.0 + 9.9).abs() < 1e-9);
        let scan = Scan::new(ScanConfig { settling_px: [0.0, 10.0], ..ScanConfig::default() }, (100, 130));
        let at = |row: f64| scan.specimen_from_image([row, 50.0])[1];
        assert!((at(-0.5) - at(99.5) - 10.0).abs() < 1e-9, "{} {}", at(-0.5), at(99.5));
        assert!(at(0.0) - at(33.0) > 2.0 * (at(66.0) - at(99.0)), "fast at first");
    }

    #[test]
    fn the_signal_is_that_of_the_places_it_is_taken_from() {
        let scan = Scan::new(set(), (60, 81));
        let (height, width) = scan.specimen_size();
        // the mean of a linear function over a pixel is its value at the centre
        let signal = Plane::from_fn(height, width, |y, x| (3 * y + 2 * x) as f32);
        let seen = scan.without_margin(scan.scanned(signal));
        assert_eq!((seen.height(), seen.width()), (60, 81));
        for (y, x) in [(0, 0), (30, 40), (59, 80), (10, 70)] {
            let place = scan.specimen_from_image([y as f64, x as f64]);
            // the mean over a pixel that settling bends differs a little
            assert!((f64::from(seen.at(y, x)) - 3.0 * place[0] - 2.0 * place[1]).abs() < 0.02, "{y} {x}");
        }
    }
}
