//! Peaks of a unit: the places in the image at which its feature map has local maxima.
//!
//! A peak is higher than its eight neighbours, reaches a level, and no higher one lies within a
//! distance. Its place is the middle of the receptive field there, moved between positions by a
//! parabola. Positions near the border, which the zeros around the image have a large part in, do not
//! count, as with [exemplars](crate::interpret::exemplar).

use std::io;

use std::ops::Range;

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::interpret::exemplar::counted;
use crate::interpret::lens::FeatureMaps;

/// From which height on a peak counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeakConfig {
    /// Share of the way from the map's median to its usual peak, above 0 to 1. The usual peak is the
    /// median of those that reach half of the highest.
    pub level: f64,
}

impl Default for PeakConfig {
    fn default() -> Self {
        Self { level: 0.5 } // half way up, where edges are laid elsewhere, too
    }
}

impl PeakConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("peaks.level", self.level, f64::MIN_POSITIVE..=1.0)?;
        Ok(self)
    }
}

/// The feature map of one channel, and where its positions lie in the image.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitMap {
    /// Activations, `[H, W]`.
    pub plane: Plane,
    /// Middle of the first position's receptive field, `[y, x]` in px of the image; alike on both axes.
    pub first_px: f64,
    /// Pixels between neighbouring positions.
    pub stride: usize,
    /// Rows and columns whose peaks count.
    pub counted: [Range<usize>; 2],
}

impl UnitMap {
    /// Channel `channel` of `maps`. Where every position sees the whole image, the first lies in the
    /// middle of the first stride.
    ///
    /// # Errors
    /// If spilled maps cannot be read back.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn of(maps: &FeatureMaps, channel: usize) -> io::Result<Self> {
        let layer = maps.layer();
        let first_px = match layer.receptive_field_px {
            Some(_) => {
                let (first, end) = layer.image_from_feature(0);
                (first + end - 1) as f64 / 2.0
            }
            None => (layer.stride as f64 - 1.0) / 2.0,
        };
        let plane = maps.plane(channel)?.into_owned();
        let counted = [plane.height(), plane.width()].map(|length| counted(layer, length));
        Ok(Self { plane, first_px, stride: layer.stride, counted })
    }

    /// The place in the image of a row or column of the map.
    pub fn px(&self, position: f64) -> f64 {
        self.first_px + position * self.stride as f64
    }

    /// Whether a place in the image belongs to positions that count.
    pub fn counts(&self, place: [f64; 2]) -> bool {
        place.iter().zip(&self.counted).all(|(&px, counted)| {
            let position = self.position(px);
            position >= counted.start as f64 - 0.5 && position < counted.end as f64 - 0.5
        })
    }

    /// The row or column of the map at a place in the image, between positions where it lies there.
    pub fn position(&self, px: f64) -> f64 {
        (px - self.first_px) / self.stride as f64
    }
}

/// The peaks of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Peaks {
    /// Activation from which on they count.
    pub level: f64,
    /// Their places, `[y, x]` in px of the image, the highest first.
    pub places: Vec<[f64; 2]>,
}

/// The peaks of `map` of which no higher one lies within `distance_px` of the image.
///
/// A map without any height over its median has none.
pub fn peaks(map: &UnitMap, distance_px: f64, config: &PeakConfig) -> Peaks {
    let plane = &map.plane;
    let median = f64::from(plane.quantiles(&[0.5]).first().copied().unwrap_or(0.0));
    let [rows, columns] = &map.counted;
    let mut tops = tops(plane, distance_px / map.stride as f64, median);
    tops.retain(|(y, x)| rows.contains(y) && columns.contains(x));
    let height = |&(y, x): &(usize, usize)| f64::from(plane.at(y, x)) - median;
    let highest = tops.first().map_or(0.0, height);
    // from the highest down
    let high: Vec<f64> = tops.iter().map(height).take_while(|&own| own >= highest / 2.0).collect();
    let usual = high.get(high.len() / 2).copied().unwrap_or(0.0);
    let over = config.level * usual;
    let places = tops
        .into_iter()
        .filter(|top| height(top) > 0.0 && height(top) >= over)
        .map(|top| between(plane, top).map(|position| map.px(position)))
        .filter(|&place| map.counts(place))
        .collect();
    Peaks { level: median + over, places }
}

/// Local maxima above `background`, the highest first, none within `distance` positions of a higher one.
fn tops(plane: &Plane, distance: f64, background: f64) -> Vec<(usize, usize)> {
    let (height, width) = (plane.height(), plane.width());
    let mut candidates = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let own = plane.at(y, x);
            let rows = y.saturating_sub(1)..(y + 2).min(height);
            let columns = x.saturating_sub(1)..(x + 2).min(width);
            let top = f64::from(own) > background
                && rows
                    .flat_map(|y| columns.clone().map(move |x| (y, x)))
                    .all(|(y, x)| plane.at(y, x) <= own);
            if top {
                candidates.push((y, x));
            }
        }
    }
    // stable: of equal ones the first in reading order
    candidates.sort_by(|&a, &b| plane.at(b.0, b.1).total_cmp(&plane.at(a.0, a.1)));
    let reach = distance.max(1.5); // neighbours of equal height are one peak
    let mut taken = vec![false; height * width];
    candidates.retain(|&(y, x)| {
        if taken[y * width + x] {
            return false;
        }
        let span = |at: usize, length: usize| {
            at.saturating_sub(reach as usize)..(at + reach as usize + 1).min(length)
        };
        for other_y in span(y, height) {
            for other_x in span(x, width) {
                let apart = (other_y as f64 - y as f64).hypot(other_x as f64 - x as f64);
                if apart <= reach {
                    taken[other_y * width + other_x] = true;
                }
            }
        }
        true
    });
    candidates
}

/// Row and column of the top of a parabola through a maximum and its neighbours on each axis; the
/// maximum itself at the border.
fn between(plane: &Plane, (y, x): (usize, usize)) -> [f64; 2] {
    let vertex = |before: f32, own: f32, after: f32| {
        let bend = f64::from(before) - 2.0 * f64::from(own) + f64::from(after);
        let difference = f64::from(before) - f64::from(after);
        if bend < 0.0 { (difference / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let own = plane.at(y, x);
    let inside = |at: usize, length: usize| at > 0 && at + 1 < length;
    let down =
        if inside(y, plane.height()) { vertex(plane.at(y - 1, x), own, plane.at(y + 1, x)) } else { 0.0 };
    let right =
        if inside(x, plane.width()) { vertex(plane.at(y, x - 1), own, plane.at(y, x + 1)) } else { 0.0 };
    [y as f64 + down, x as f64 + right]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(plane: Plane) -> UnitMap {
        let counted = [0..plane.height(), 0..plane.width()];
        UnitMap { plane, first_px: 1.5, stride: 4, counted }
    }

    #[test]
    fn peaks_lie_between_positions_where_the_parabola_has_its_top() {
        let top = [6.3, 11.8];
        let plane = Plane::from_fn(15, 21, |y, x| {
            let square = (y as f64 - top[0]).powi(2) + (x as f64 - top[1]).powi(2);
            (10.0 - square).max(0.0) as f32
        });
        let found = peaks(&map(plane), 8.0, &PeakConfig::default());
        assert_eq!(found.places.len(), 1);
        let [y, x] = found.places[0];
        assert!((y - (1.5 + 4.0 * 6.3)).abs() < 1e-3 && (x - (1.5 + 4.0 * 11.8)).abs() < 1e-3, "{y} {x}");
    }

    #[test]
    fn low_near_and_flat_places_are_no_peaks() {
        let at = |marks: &[(usize, usize, f32)]| {
            let plane = Plane::from_fn(15, 21, |y, x| {
                marks.iter().find(|mark| (mark.0, mark.1) == (y, x)).map_or(1.0, |mark| mark.2)
            });
            peaks(&map(plane), 12.0, &PeakConfig::default()).places.len()
        };
        for (name, marks, n) in [
            ("nothing", &[][..], 0),
            ("two apart", &[(3, 3, 9.0), (3, 8, 8.0)][..], 2),
            ("two at three positions", &[(3, 3, 9.0), (3, 6, 8.0)][..], 1),
            ("a low one", &[(3, 3, 9.0), (10, 15, 4.9)][..], 1),
            ("one half way up", &[(3, 3, 9.0), (10, 15, 5.1)][..], 2),
            ("two of equal height side by side", &[(3, 3, 9.0), (3, 4, 9.0)][..], 1),
            ("in the corner", &[(0, 0, 9.0), (14, 20, 9.0)][..], 2),
        ] {
            assert_eq!(at(marks), n, "{name}");
        }
    }
}
