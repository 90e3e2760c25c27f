//! Rose: the axes of a texture as a small diagram.
//!
//! The area of each sector is proportional to its share of the edges; an axis has no arrow, so both halves of
//! the rose are equal. The common axis, if there is one, is a line through it.

use crate::Rect;
use crate::measure::geometry::axis_deg;
use crate::measure::orientation::Orientation;
use crate::paint::{Color, Ink, Picture};

/// Degrees of a sector; 180 is a multiple of it.
const SECTOR_DEG: usize = 5;
const SECTOR: Color = [120, 190, 255];
const AXIS: Color = [255, 80, 80];
const LETTERS: Color = [240, 240, 240];

/// Draws the rose of `orientation` into `square`, with its common axis in words below it.
pub(super) fn draw(picture: &mut Picture, square: Rect, orientation: &Orientation) {
    let shares: Vec<f64> =
        orientation.histogram.chunks(SECTOR_DEG).map(|sector| sector.iter().sum()).collect();
    let most = shares.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let side = square.width as f32;
    let radius = 0.42 * side;
    let ink = Ink::bold((side / 13.0).max(9.0), LETTERS);
    let (middle_y, middle_x) = (square.y as f32 + side / 2.0, square.x as f32 + side / 2.0);
    let reach = radius.ceil() as i64;
    for y in -reach..=reach {
        for x in -reach..=reach {
            let distance = (y as f32).hypot(x as f32);
            // y up
            let axis = axis_deg(f64::from((-y as f32).atan2(x as f32)).to_degrees());
            // both ends of the range are upright, which belongs to the first sector
            let sector = (axis + 90.0) as usize / SECTOR_DEG % shares.len();
            let inside = f64::from(distance / radius).powi(2) <= shares[sector] / most;
            let (py, px) = (middle_y + y as f32, middle_x + x as f32);
            if inside && py >= 0.0 && px >= 0.0 {
                picture.fill_rect(Rect { y: py as usize, x: px as usize, height: 1, width: 1 }, SECTOR, 0.9);
            }
        }
    }
    let text = match &orientation.axis {
        Some(axis) => {
            let (sin, cos) = axis.value.to_radians().sin_cos();
            let (dy, dx) = (-(sin as f32) * radius, cos as f32 * radius);
            picture.line((middle_y - dy, middle_x - dx), (middle_y + dy, middle_x + dx), 2.0, AXIS);
            format!("{:.1}°, S {:.2}", axis.value, orientation.order.value)
        }
        None => format!("no axis, S {:.2}", orientation.order.value),
    };
    picture.text_centered(square.y as f32 + 0.95 * side, middle_x, &ink.shortened(&text, side), ink);
}
