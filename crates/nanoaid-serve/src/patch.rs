//! A part of a micrograph as a small picture: the receptive field of an activation, with a little around a small one.

use micrograph::paint::gray_png;
use micrograph::{Plane, Rect};

use crate::http::{Fault, Query};

/// Side below which more is shown than the part itself, in px.
const LEAST_PX: usize = 48;

/// A part that a request names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part(Rect);

impl Part {
    /// From the values `y`, `x`, `height` and `width`.
    pub(crate) fn of(query: &Query) -> Result<Self, Fault> {
        let number = |name: &str| {
            query.number::<usize>(name)?.ok_or_else(|| Fault::wrong(format!("the query has no `{name}`")))
        };
        Ok(Self(Rect {
            y: number("y")?,
            x: number("x")?,
            height: number("height")?,
            width: number("width")?,
        }))
    }
}

/// The part of `plane` as grey PNG, from black at `low` to white at `high`.
pub(crate) fn png_of(plane: &Plane, Part(part): Part, (low, high): (f32, f32)) -> Result<Vec<u8>, Fault> {
    let is_inside = |start: usize, length: usize, all: usize| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= all)
    };
    if !is_inside(part.y, part.height, plane.height()) || !is_inside(part.x, part.width, plane.width()) {
        let (height, width) = (plane.height(), plane.width());
        return Err(Fault::wrong(format!("expected a part inside {width} × {height} px")));
    }
    let side = part.height.max(part.width).max(LEAST_PX);
    let (y, height) = around(part.y, part.height, side, plane.height());
    let (x, width) = around(part.x, part.width, side, plane.width());
    Ok(gray_png(&plane.crop(Rect { y, x, height, width }), low, high))
}

/// First and number of `side` places around the middle of a part, inside `all`.
fn around(start: usize, length: usize, side: usize, all: usize) -> (usize, usize) {
    let side = side.min(all);
    ((2 * start + length).saturating_sub(side).div_euclid(2).min(all - side), side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_part_is_shown_with_what_is_around_it_and_stays_inside() {
        assert_eq!(around(50, 4, 48, 100), (28, 48));
        assert_eq!(around(0, 3, 48, 100), (0, 48));
        assert_eq!(around(97, 3, 48, 100), (52, 48));
        assert_eq!(around(10, 60, 60, 100), (10, 60));
        assert_eq!(around(0, 30, 48, 30), (0, 30));
    }

    #[test]
    fn a_part_outside_is_refused() {
        let plane = Plane::new(10, 10, vec![0.0; 100]);
        for (y, height) in [(0, 11), (10, 1), (usize::MAX, 2), (0, 0)] {
            let part = Part(Rect { y, x: 0, height, width: 5 });
            assert!(png_of(&plane, part, (0.0, 1.0)).is_err(), "{y} {height}");
        }
    }
}
