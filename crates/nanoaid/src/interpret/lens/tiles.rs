//! Tiles: a large image run piece by piece, with the result of running it in one.
//!
//! Every tile is cut with the whole receptive field of what is kept of it, so the zeros that
//! stand around a cut reach only positions that are thrown away; at the true borders the cut ends
//! where the image does and the network's own padding stays. Cuts begin at multiples of the
//! coarsest stride on the way, so that pools pair the same rows and columns as in the whole.
//!
//! Wide convolutions compute 4 × 4 outputs together (Winograd's way), which share the rounding of
//! all they read. So the field is widened to whole such squares, and cuts begin where squares do.

use std::ops::ControlFlow;

use micrograph::{Plane, Rect};

use super::LensError;
use crate::network::Maps;
use crate::{Network, kernels};

/// What is kept of a tile.
pub(super) struct Tile {
    /// Where it lies in the maps.
    pub rect: Rect,
    maps: Maps,
    /// Where the first value that is kept lies in them.
    y: usize,
    x: usize,
}

impl Tile {
    /// Its rows of `channel`, from the top.
    pub(super) fn rows(&self, channel: usize) -> impl Iterator<Item = &[f32]> {
        let rows = self.maps.channel(channel).chunks_exact(self.maps.width);
        rows.skip(self.y).take(self.rect.height).map(|row| &row[self.x..self.x + self.rect.width])
    }

    /// Puts as many rows and columns of `channel` as `rect` has into `plane` at `rect`.
    pub(super) fn paste(&self, channel: usize, plane: &mut Plane) {
        let (Rect { y, x, .. }, width) = (self.rect, plane.width());
        let targets = plane.values_mut().chunks_exact_mut(width).skip(y);
        for (target, row) in targets.zip(self.rows(channel)) {
            let end = (x + row.len()).min(width);
            target[x..end].copy_from_slice(&row[..end - x]);
        }
    }
}

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
    /// The network, its convolutions computed as they may be in tiles.
    network: Network,
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
        let mut in_tiles = network.clone();
        in_tiles.graph_mut().run_in_tiles();
        Self {
            network: in_tiles,
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

    /// Runs each tile in turn and gives it to `keep`; ends where `progress` breaks.
    /// Where the plan is for a larger image, `image`'s last row and column are repeated.
    pub(super) fn run(
        &self,
        image: &Plane,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
        mut keep: impl FnMut(&Tile) -> Result<(), LensError>,
    ) -> Result<(), LensError> {
        let mut report = |n_done| match progress(n_done, self.n_tiles()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(LensError::Cancelled),
        };
        let tiles = self.rows.iter().flat_map(|row| self.columns.iter().map(move |column| (row, column)));
        report(0)?;
        for (index, (row, column)) in tiles.enumerate() {
            let cut = Rect {
                y: row.image_first,
                x: column.image_first,
                height: row.image_end - row.image_first,
                width: column.image_end - column.image_first,
            };
            let (height, width) = (row.end - row.first, column.end - column.first);
            let (y, x) = (row.first - cut.y / self.stride, column.first - cut.x / self.stride);
            let maps = self.network.maps_in_one(&[&extended_crop(image, cut)], &self.layer);
            let rect = Rect { y: row.first, x: column.first, height, width };
            keep(&Tile { rect, maps, y, x })?;
            report(index + 1)?;
        }
        if self.n_tiles() > 1 {
            // memory of the size of tiles fits nothing else
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

/// Cuts an axis of `length` pixels, where parts give what the whole has; else it stays whole. Parts
/// are about equal, so that the memory of one serves the next.
fn spans(network: &Network, layer: &str, length: usize, tile_px: usize) -> Vec<Span> {
    let coarsest = coarsest_stride(network, layer);
    let on_the_way = &network.layers()[..=network.index_of(layer)];
    let alignment = on_the_way.iter().map(|layer| layer.stride * layer.tile()).max().unwrap_or(1);
    let layer = &network.layers()[network.index_of(layer)];
    let n_positions = layer.map_length(length);
    if !layer.can_be_tiled() {
        return vec![Span { first: 0, end: n_positions, image_first: 0, image_end: length }];
    }
    let step_px = length.div_ceil(length.div_ceil(tile_px)).next_multiple_of(coarsest);
    let step = step_px / layer.stride;
    let mut spans: Vec<Span> = (0..n_positions)
        .step_by(step)
        .map(|first| {
            let end = (first + step).min(n_positions);
            let (image_first, image_end) = layer.image_from_tiles(first, end);
            let image_first = image_first.max(0) as usize;
            Span {
                first,
                end,
                image_first: image_first - image_first % alignment,
                image_end: (image_end.max(0) as usize).next_multiple_of(coarsest).min(length),
            }
        })
        .collect();
    let longest = spans.iter().map(|span| span.image_end - span.image_first).max().unwrap_or(0);
    for span in &mut spans {
        span.image_end = (span.image_first + longest).next_multiple_of(coarsest).min(length);
    }
    spans
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
