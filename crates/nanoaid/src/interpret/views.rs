//! Views: the parts of a micrograph that a network sees, and the way back from them to its pixels.
//!
//! A classifier sees squares, resampled to its size, and the mean of their scores counts; any other network sees the
//! whole. Resampling is linear, so what belongs to the pixels of a view goes back by its transpose, and sums are kept.

use micrograph::paint::{resampled, resampled_transpose};
use micrograph::{Plane, Rect};

use crate::evaluate::classify::{scaled, view_px, view_sampling, view_squares};
use crate::network::{Architecture, Network};

/// The views of planes of one size.
#[derive(Clone, Debug)]
pub(in crate::interpret) struct Views {
    height: usize,
    width: usize,
    squares: Vec<Rect>,
    /// Height and width of each view; `None`: one view, the whole plane as it is.
    side: Option<usize>,
}

impl Views {
    /// Those by which `network` sees a plane of `height × width`.
    pub(in crate::interpret) fn of(network: &Network, (height, width): (usize, usize)) -> Self {
        let of_photos = || match network.architecture() {
            Architecture::Published(config) if config.n_classes.is_some() => Some(config.preprocess.size_px),
            Architecture::Imported(_) if network.n_classes().is_some() => {
                network.preprocess().map(|preprocess| preprocess.size_px)
            }
            _ => None,
        };
        let side = view_px(network).or_else(of_photos);
        let whole = Rect { y: 0, x: 0, height, width };
        let squares = if side.is_some() { view_squares(height, width) } else { vec![whole] };
        Self { height, width, squares, side }
    }

    /// How many there are.
    pub(in crate::interpret) fn len(&self) -> usize {
        self.squares.len()
    }

    /// Whether they have the same size for every plane: that of a classifier.
    pub(in crate::interpret) fn has_one_size(&self) -> bool {
        self.side.is_some()
    }

    /// Height and width of each.
    pub(in crate::interpret) fn size(&self) -> (usize, usize) {
        self.side.map_or((self.height, self.width), |side| (side, side))
    }

    /// How many views each pixel is in.
    pub(in crate::interpret) fn coverage(&self) -> Plane {
        let ones = |_: &Plane, square: &Rect| Plane::filled(square.height, square.width, self.len() as f32);
        let none = Plane::filled(0, 0, 0.0);
        self.pasted(&vec![none; self.len()], ones).map(|sum| sum.round().max(1.0))
    }

    /// The views of `plane`.
    pub(in crate::interpret) fn cut(&self, plane: &Plane) -> Vec<Plane> {
        let Some(side) = self.side else { return vec![plane.clone()] };
        self.squares.iter().map(|square| scaled(&plane.crop(*square), side)).collect()
    }

    /// Pixels of the plane along a side of one pixel of a view.
    pub(in crate::interpret) fn zoom(&self) -> f64 {
        match (self.side, self.squares.first()) {
            (Some(side), Some(square)) => square.height as f64 / side as f64,
            _ => 1.0,
        }
    }

    /// Row and column in view number `view` of a point of the plane.
    pub(in crate::interpret) fn point_in_view(&self, view: usize, (y, x): (f64, f64)) -> (f64, f64) {
        let square = self.squares[view];
        ((y - square.y as f64) / self.zoom(), (x - square.x as f64) / self.zoom())
    }

    /// The part of the plane that `part` of view number `view` shows, as far as it reaches.
    pub(in crate::interpret) fn part_of_plane(&self, view: usize, part: Rect) -> Rect {
        let (square, zoom) = (self.squares[view], self.zoom());
        let along = |first: usize, length: usize, begin: usize, end: usize| {
            let low = begin + (first as f64 * zoom).floor() as usize;
            let high = begin + ((first + length) as f64 * zoom).ceil() as usize;
            let low = low.min(end.saturating_sub(1));
            (low, high.clamp(low + 1, end.max(low + 1)) - low)
        };
        let (y, height) = along(part.y, part.height, square.y, self.height);
        let (x, width) = along(part.x, part.width, square.x, self.width);
        Rect { y, x, height, width }
    }

    /// Gradients for the pixels of the plane from those for the pixels of each view: the transpose of [`Views::cut`], over
    /// the number of views, as the mean of their scores counts.
    pub(in crate::interpret) fn gathered(&self, maps: &[Plane]) -> Plane {
        self.pasted(maps, |map, square| {
            resampled_transpose(map, square.height, square.width, view_sampling(square.height, map.height()))
        })
    }

    /// A map of a few positions of each view as one of the plane, smooth, with the mean of their sums.
    pub(in crate::interpret) fn enlarged(&self, maps: &[Plane]) -> Plane {
        self.pasted(maps, |map, square| {
            let (height, width) = (map.height(), map.width());
            let ones = Plane::filled(square.height, square.width, 1.0);
            // smooth where it grows; averaged where it shrinks, so that no position is passed over
            let sampling = view_sampling(height.max(width), square.height.min(square.width));
            // what all pixels together take of each position
            let weights = resampled_transpose(&ones, height, width, sampling);
            let shares = map.values().iter().zip(weights.values()).map(|(value, weight)| value / weight);
            let density = Plane::new(height, width, shares.collect());
            resampled(&density, square.height, square.width, sampling)
        })
    }

    fn pasted(&self, maps: &[Plane], own: impl Fn(&Plane, &Rect) -> Plane) -> Plane {
        let mut all = Plane::filled(self.height, self.width, 0.0);
        let share = 1.0 / self.squares.len() as f32;
        for (map, square) in maps.iter().zip(&self.squares) {
            let part = own(map, square);
            for y in 0..square.height {
                let start = (square.y + y) * self.width + square.x;
                let row = &mut all.values_mut()[start..start + square.width];
                for (sum, value) in row.iter_mut().zip(part.row(y)) {
                    *sum += share * value;
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompactConfig, Device};

    fn sum(plane: &Plane) -> f64 {
        plane.values().iter().map(|&value| f64::from(value)).sum()
    }

    #[test]
    fn what_belongs_to_views_keeps_its_sum_on_the_way_to_the_pixels() {
        let config = CompactConfig { view_px: 32, ..CompactConfig::default() };
        let network = Network::random(Architecture::Compact(config), 1, Device::Cpu).unwrap();
        for size in [(48, 75), (20, 31), (90, 33), (5, 7)] {
            let views = Views::of(&network, size);
            let plane = Plane::from_fn(size.0, size.1, |y, x| ((y * 5 + x * 3) % 7) as f32);
            let cut = views.cut(&plane);
            assert_eq!((views.len(), views.size()), (cut.len(), (32, 32)));
            // gradients of the mean over the views of Σ value²/2 are the views themselves: their product with the plane
            // is the mean of Σ value²
            let dot = |a: &Plane, b: &Plane| -> f64 {
                a.values().iter().zip(b.values()).map(|(a, b)| f64::from(a * b)).sum()
            };
            let expected = cut.iter().map(|view| dot(view, view)).sum::<f64>() / cut.len() as f64;
            let found = dot(&views.gathered(&cut), &plane);
            assert!((found - expected).abs() < 1e-4 * expected, "{size:?} {found} {expected}");

            let coarse: Vec<Plane> =
                (0..cut.len()).map(|v| Plane::from_fn(16, 16, |y, x| (v + y * x) as f32 - 3.0)).collect();
            let expected = coarse.iter().map(sum).sum::<f64>() / coarse.len() as f64;
            let found = sum(&views.enlarged(&coarse));
            assert!((found - expected).abs() < 1e-4 * expected, "{size:?} {found} {expected}");
        }
    }
}
