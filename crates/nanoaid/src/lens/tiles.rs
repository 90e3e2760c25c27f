//! Tiles: a large image run piece by piece, with the result of running it in one.
//!
//! Every tile is cut with the whole receptive field of what is kept of it, so the zeros that
//! stand around a cut reach only positions that are thrown away; at the true borders the cut ends
//! where the image does and the network's own padding stays. Cuts begin at multiples of the
//! coarsest stride on the way, so that pools pair the same rows and columns as in the whole.

use micrograph::{Plane, Rect};

use crate::{Network, kernels};

/// A part of an image along one axis and the positions of the maps that are kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Positions `first .. end` are kept.
    first: usize,
    end: usize,
    /// Pixels `image_first .. image_end` are run.
    image_first: usize,
    image_end: usize,
}

/// How images of one size are cut for one layer.
#[derive(Clone, Debug)]
pub(super) struct TilePlan {
    layer: String,
    stride: usize,
    rows: Vec<Span>,
    columns: Vec<Span>,
}

impl TilePlan {
    /// Tiles of about `tile_px` pixels of side, for an image of `height × width` pixels, both at
    /// least [`crate::Layer::least_px`].
    pub(super) fn new(
        network: &Network,
        layer: &str,
        (height, width): (usize, usize),
        tile_px: usize,
    ) -> Self {
        Self {
            layer: layer.to_owned(),
            stride: network.layers()[network.index_of(layer)].stride,
            rows: spans(network, layer, height, tile_px),
            columns: spans(network, layer, width, tile_px),
        }
    }

    /// Height and width of the maps.
    pub(super) fn map_size(&self) -> (usize, usize) {
        let end = |spans: &[Span]| spans.last().map_or(0, |span| span.end);
        (end(&self.rows), end(&self.columns))
    }

    /// Number of tiles.
    pub(super) fn n_tiles(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Runs each tile in turn and gives `keep` where it lies in the maps, and its maps there.
    /// Where the plan is for a larger image, `image`'s last row and column are repeated.
    pub(super) fn run<E>(
        &self,
        network: &Network,
        image: &Plane,
        progress: &mut dyn FnMut(usize, usize),
        mut keep: impl FnMut(Rect, Vec<Plane>) -> Result<(), E>,
    ) -> Result<(), E> {
        let tiles = self.rows.iter().flat_map(|row| self.columns.iter().map(move |column| (row, column)));
        progress(0, self.n_tiles());
        for (index, (row, column)) in tiles.enumerate() {
            let cut = Rect {
                y: row.image_first,
                x: column.image_first,
                height: row.image_end - row.image_first,
                width: column.image_end - column.image_first,
            };
            let (height, width) = (row.end - row.first, column.end - column.first);
            let (y, x) = (row.first - cut.y / self.stride, column.first - cut.x / self.stride);
            let maps = network.maps(&extended_crop(image, cut), &self.layer);
            let maps = maps.iter().map(|map| map.crop(Rect { y, x, height, width })).collect();
            keep(Rect { y: row.first, x: column.first, height, width }, maps)?;
            progress(index + 1, self.n_tiles());
        }
        if self.n_tiles() > 1 {
            // what tiles leave behind is no size that others need
            kernels::release_memory();
        }
        Ok(())
    }
}

/// Largest stride among `layer` and those before it.
pub(super) fn coarsest_stride(network: &Network, layer: &str) -> usize {
    let layers = &network.layers()[..=network.index_of(layer)];
    layers.iter().map(|layer| layer.stride).max().unwrap_or(1)
}

/// Cuts an axis of `length` pixels, where parts give what the whole has; else it stays whole.
fn spans(network: &Network, layer: &str, length: usize, tile_px: usize) -> Vec<Span> {
    let coarsest = coarsest_stride(network, layer);
    let layer = &network.layers()[network.index_of(layer)];
    let n_positions = layer.map_length(length);
    if !layer.can_be_tiled() {
        return vec![Span { first: 0, end: n_positions, image_first: 0, image_end: length }];
    }
    let step = (tile_px / coarsest).max(1) * coarsest / layer.stride;
    (0..n_positions)
        .step_by(step)
        .map(|first| {
            let end = (first + step).min(n_positions);
            let image_first = layer.image_from_feature(first).0.max(0) as usize;
            let image_end = layer.image_from_feature(end - 1).1.max(0) as usize;
            Span {
                first,
                end,
                image_first: image_first / coarsest * coarsest,
                image_end: image_end.next_multiple_of(coarsest).min(length),
            }
        })
        .collect()
}

/// The pixels inside `rect`, whose rows and columns past the last of `image` repeat it.
fn extended_crop(image: &Plane, rect: Rect) -> Plane {
    if rect.y + rect.height <= image.height() && rect.x + rect.width <= image.width() {
        return image.crop(rect);
    }
    let (last_y, last_x) = (image.height() - 1, image.width() - 1);
    Plane::from_fn(rect.height, rect.width, |y, x| {
        image.at((rect.y + y).min(last_y), (rect.x + x).min(last_x))
    })
}
