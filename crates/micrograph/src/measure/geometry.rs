//! Geometry: from offsets in the image to offsets on the specimen.
//!
//! Pixels may be higher than wide, and a tilted specimen is foreshortened across the tilt axis by
//! cos(tilt). Both are one linear map; lengths on the specimen are in px as wide as the image's
//! columns, x to the right, y up, so that angles are anticlockwise as seen on the screen. Perspective
//! is not modelled: at the small fields of an SEM it is far below a percent.

use serde::{Deserialize, Serialize};

use crate::{Calibration, ConfigError};

/// Orientation of the specimen, and shape of the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Geometry {
    /// Height of a pixel over its width, 0.1 to 10.
    pub pixel_ratio: f64,
    /// Tilt of the specimen in degrees, 0 to 85; 0 for an instrument that corrected it.
    pub tilt_deg: f64,
    /// Direction of the tilt axis in the image, degrees anticlockwise from x, −180 to 180.
    pub tilt_axis_deg: f64,
}

impl Default for Geometry {
    fn default() -> Self {
        Self {
            pixel_ratio: 1.0,
            tilt_deg: 0.0,
            tilt_axis_deg: 0.0, // stages tilt about the horizontal axis of the image
        }
    }
}

impl Geometry {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("geometry.pixel_ratio", self.pixel_ratio, 0.1..=10.0)?;
        ConfigError::unless_within("geometry.tilt_deg", self.tilt_deg, 0.0..=85.0)?;
        ConfigError::unless_within("geometry.tilt_axis_deg", self.tilt_axis_deg, -180.0..=180.0)?;
        Ok(self)
    }

    /// No tilt, and the pixels of `calibration`.
    pub fn of_pixels(calibration: &Calibration) -> Self {
        Self { pixel_ratio: calibration.nm_per_px_y / calibration.nm_per_px_x, ..Self::default() }
    }

    /// The offset `[x, y]` on the specimen, y up, of `dx` columns to the right and `dy` rows down.
    pub fn offset(&self, dx: f64, dy: f64) -> [f64; 2] {
        self.stretched([dx, -dy * self.pixel_ratio], 1.0 / self.tilt_deg.to_radians().cos())
    }

    /// The wave vector, or gradient, on the specimen, y up, of one in the image (per column, per row
    /// downwards).
    pub fn wave(&self, per_column: f64, per_row: f64) -> [f64; 2] {
        self.stretched([per_column, -per_row / self.pixel_ratio], self.tilt_deg.to_radians().cos())
    }

    /// `vector` with its component across the tilt axis times `factor`.
    fn stretched(&self, [x, y]: [f64; 2], factor: f64) -> [f64; 2] {
        let (sin, cos) = self.tilt_axis_deg.to_radians().sin_cos();
        let along = x * cos + y * sin;
        let across = (y * cos - x * sin) * factor;
        [along * cos - across * sin, along * sin + across * cos]
    }
}

/// `degrees` as an axis, which has no arrow: in `[-90, 90]`. Both ends are upright, which is given as 90.
pub fn axis_deg(degrees: f64) -> f64 {
    // from the upright on clockwise, in `[0, 180]`: tiny negative numbers round up to 180
    let axis = 90.0 - (90.0 - degrees).rem_euclid(180.0);
    if axis <= -90.0 { 90.0 } else { axis }
}

/// The smaller angle from axis `b` to axis `a` in degrees, in `[-90, 90)`.
pub fn axis_difference_deg(a: f64, b: f64) -> f64 {
    (a - b + 90.0).rem_euclid(180.0) - 90.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_turns_by_as_much_on_the_specimen_as_in_the_image() {
        let geometry = Geometry { pixel_ratio: 1.3, tilt_deg: 40.0, tilt_axis_deg: 25.0 };
        let (wave, offset) = ([0.03, -0.07], [11.0, 4.0]);
        let [fx, fy] = geometry.wave(wave[0], wave[1]);
        let [x, y] = geometry.offset(offset[0], offset[1]);
        let turns = wave[0] * offset[0] + wave[1] * offset[1];
        assert!((fx * x + fy * y - turns).abs() < 1e-12);
    }

    #[test]
    fn tilt_about_the_horizontal_lengthens_what_is_upright() {
        let geometry = Geometry { tilt_deg: 60.0, ..Geometry::default() };
        let [x, y] = geometry.offset(3.0, -5.0);
        assert!((x - 3.0).abs() < 1e-12 && (y - 10.0).abs() < 1e-12);
    }

    #[test]
    fn axes_are_compared_across_the_seam() {
        for (a, b, difference) in
            [(179.0, 1.0, -2.0), (1.0, 179.0, 2.0), (30.0, 10.0, 20.0), (0.0, 90.0, -90.0)]
        {
            assert!((axis_difference_deg(a, b) - difference).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn an_axis_has_one_name_from_minus_to_plus_ninety() {
        for (degrees, axis) in [
            (0.0, 0.0),
            (-30.0, -30.0),
            (150.0, -30.0),
            (90.0, 90.0),
            (-90.0, 90.0),
            (270.0, 90.0),
            (89.0, 89.0),
            (91.0, -89.0),
            (-450.0, 90.0),
        ] {
            assert_eq!(axis_deg(degrees), axis, "{degrees}");
        }
        for degrees in
            [90.0_f64.next_up(), 90.0_f64.next_down(), (-90.0_f64).next_up(), (-90.0_f64).next_down()]
        {
            let axis = axis_deg(degrees);
            assert!((89.9..=90.0).contains(&axis.abs()), "{degrees}: {axis}");
        }
    }
}
