//! Orientation: how an image is turned or mirrored to be shown, as TIFF and Exif number it; applied to
//! pixels and facts, as viewers do.

use crate::{FileFacts, Plane};

use super::image_file::ImageFile;
use super::number::Size;

/// Where the first row and the first column of the stored image are shown: 1 to 8, as TIFF 6.0 numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orientation(u8);

impl Default for Orientation {
    fn default() -> Self {
        Self(1)
    }
}

impl Orientation {
    /// The orientation of the tag's `number`; as stored where there is no such orientation.
    pub(super) fn of(number: u64) -> Self {
        match number {
            1..=8 => Self(number as u8),
            _ => Self::default(),
        }
    }

    /// Whether rows become columns.
    pub(super) fn exchanges(self) -> bool {
        self.0 >= 5
    }

    /// Bytes beside the plane of `size` while it is turned.
    pub(super) fn working_bytes(self, size: Size) -> u64 {
        if self.exchanges() { (size.height as u64 * size.width as u64).saturating_mul(4) } else { 0 }
    }

    /// Changes the `facts` of the stored image to those of the shown one.
    pub(super) fn turn_facts(self, facts: &mut FileFacts) {
        let how = match self.0 {
            2 => "mirrored left to right",
            3 => "turned by 180°",
            4 => "mirrored top to bottom",
            5 => "turned by 90° clockwise and mirrored left to right",
            6 => "turned by 90° clockwise",
            7 => "turned by 90° clockwise and mirrored top to bottom",
            8 => "turned by 90° counterclockwise",
            _ => return,
        };
        facts.warnings.push(format!(
            "the file asks viewers to show it {how} (orientation {}): rows and columns are those of the image as shown",
            self.0
        ));
        if self.exchanges() {
            std::mem::swap(&mut facts.height, &mut facts.width);
            if let Some(calibration) = &mut facts.calibration {
                std::mem::swap(&mut calibration.nm_per_px_x, &mut calibration.nm_per_px_y);
            }
        }
        // the metadata place a data bar below the stored rows
        if self.0 > 2 && facts.specimen_rows.take().is_some() {
            facts.warnings.push(
                "the metadata place a data bar below the image as stored, which is not its lower edge as shown; \
                 crop it before"
                    .to_owned(),
            );
        }
    }

    /// The stored `plane` as it is shown.
    pub(super) fn turn(self, mut plane: Plane) -> Plane {
        let (height, width) = (plane.height(), plane.width());
        match self.0 {
            2 => plane.values_mut().chunks_exact_mut(width).for_each(<[f32]>::reverse),
            3 => plane.values_mut().reverse(),
            4 => {
                for y in 0..height / 2 {
                    let (upper, lower) = plane.values_mut().split_at_mut((height - 1 - y) * width);
                    upper[y * width..(y + 1) * width].swap_with_slice(&mut lower[..width]);
                }
            }
            5 => return Plane::from_fn(width, height, |y, x| plane.at(x, y)),
            6 => return Plane::from_fn(width, height, |y, x| plane.at(height - 1 - x, y)),
            7 => return Plane::from_fn(width, height, |y, x| plane.at(height - 1 - x, width - 1 - y)),
            8 => return Plane::from_fn(width, height, |y, x| plane.at(x, width - 1 - y)),
            _ => {}
        }
        plane
    }
}

/// A file as it is stored, before it is turned.
pub(super) struct Stored {
    pub(super) facts: FileFacts,
    pub(super) orientation: Orientation,
}

impl Stored {
    /// A file that is shown as it is stored.
    pub(super) fn plain(facts: FileFacts) -> Self {
        Self { facts, orientation: Orientation::default() }
    }

    /// The facts of the image as shown.
    pub(super) fn shown(self) -> FileFacts {
        let Self { mut facts, orientation } = self;
        orientation.turn_facts(&mut facts);
        facts
    }

    /// An error where turning the plane needs more memory than allowed.
    pub(super) fn check(&self, file: &ImageFile<'_>) -> Result<(), super::ReadError> {
        let (height, width) = (self.facts.height, self.facts.width);
        file.check_budget(height, width, self.orientation.working_bytes(Size { height, width }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_eight_orientations_put_the_stored_rows_where_the_standard_says() {
        // stored: 0 1 2 / 3 4 5; TIFF 6.0 names the sides of the shown image at which row 0 and column 0 are
        let stored = Plane::from_fn(2, 3, |y, x| (3 * y + x) as f32);
        let shown: [(u64, &[&[f32]]); 9] = [
            (1, &[&[0.0, 1.0, 2.0], &[3.0, 4.0, 5.0]]),
            (2, &[&[2.0, 1.0, 0.0], &[5.0, 4.0, 3.0]]), // row 0 top, column 0 right
            (3, &[&[5.0, 4.0, 3.0], &[2.0, 1.0, 0.0]]), // bottom, right
            (4, &[&[3.0, 4.0, 5.0], &[0.0, 1.0, 2.0]]), // bottom, left
            (5, &[&[0.0, 3.0], &[1.0, 4.0], &[2.0, 5.0]]), // left, top
            (6, &[&[3.0, 0.0], &[4.0, 1.0], &[5.0, 2.0]]), // right, top
            (7, &[&[5.0, 2.0], &[4.0, 1.0], &[3.0, 0.0]]), // right, bottom
            (8, &[&[2.0, 5.0], &[1.0, 4.0], &[0.0, 3.0]]), // left, bottom
            (9, &[&[0.0, 1.0, 2.0], &[3.0, 4.0, 5.0]]), // no such orientation
        ];
        for (number, rows) in shown {
            let turned = Orientation::of(number).turn(stored.clone());
            assert_eq!((turned.height(), turned.width()), (rows.len(), rows[0].len()), "{number}");
            assert_eq!(turned.values(), rows.concat(), "{number}");
        }
    }
}
