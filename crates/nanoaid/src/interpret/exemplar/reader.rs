//! Reader of activations: what every channel of some layers gives for one image, from one forward pass.
//!
//! Positions near the border of a map see the zeros that stand around the image, which many
//! channels take for an edge. Those within half a receptive field of it, at most a quarter of the
//! map on each side, do not count.

use std::ops::ControlFlow;
use std::ops::Range;

use micrograph::{Plane, Rect};

use super::ExemplarError;
use crate::interpret::lens::{FeatureMaps, LensError, TileConfig};
use crate::network::Norms;
use crate::{Layer, Network};

/// Pixels of an image that is run in one piece; larger ones are run in tiles, with the same maps.
const WHOLE_PX: usize = 1 << 21;

/// What one channel answered to one micrograph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The largest activation of the positions that count.
    pub value: f32,
    /// Row of its position in the feature map, the first of several.
    pub y: u32,
    /// Column of its position.
    pub x: u32,
    /// Mean activation of the positions that count.
    pub mean: f32,
}

/// The largest activations of each channel in the cells of a coarse grid over the image.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Rows of the grid.
    pub rows: usize,
    /// Columns of the grid.
    pub columns: usize,
    /// By channel, row and column.
    pub values: Vec<f32>,
}

/// One channel's feature map of one layer.
pub(super) struct Map<'a> {
    /// Index into [`ActivationReader::layers`].
    pub(super) layer: usize,
    pub(super) channel: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// Row after row.
    pub(super) values: &'a [f32],
}

/// A network and the layers of it that are read.
pub struct ActivationReader {
    /// Its convolutions computed as they may be in tiles, so that large images have the same bits.
    network: Network,
    layers: Vec<Layer>,
}

impl ActivationReader {
    /// Reads `layers` of `network`, in this order.
    ///
    /// # Errors
    /// If there is no such layer, or the network's images are not grey.
    pub fn new(network: &Network, layers: &[String]) -> Result<Self, ExemplarError> {
        if network.channels_in() != 1 {
            return Err(ExemplarError::NotGray { channels: network.channels_in() });
        }
        let find = |name: &String| network.known_layer(name).cloned();
        let layers = layers.iter().map(find).collect::<Result<Vec<Layer>, _>>().map_err(LensError::from)?;
        let mut network = network.clone();
        let graph = network.graph_mut();
        graph.run_in_tiles();
        let ids: Vec<_> = layers.iter().filter_map(|layer| graph.value_id(&layer.name)).collect();
        *graph = graph.fused(&ids);
        Ok(Self { network, layers })
    }

    /// The layers that say most of a network in few: the end of each stage, the code and the classes; of others the end
    /// of the last block at each stride, or the last layer where there are no blocks.
    pub fn usual_layers(network: &Network) -> Vec<String> {
        let layers = network.layers();
        let names =
            |layers: &[Layer]| -> Vec<String> { layers.iter().map(|layer| layer.name.clone()).collect() };
        if network.n_stages() > 0 {
            let is_usual = |name: &String| {
                let stage = name.strip_prefix("encoder.").and_then(|stage| stage.parse::<usize>().ok());
                stage.is_some() || name == "latent" || name == "head"
            };
            return names(layers).into_iter().filter(is_usual).collect();
        }
        let of_stride = |layers: &[Layer]| {
            // the end of a block is named by what the names of the layers in it begin with
            let is_block_end = |index: &usize| {
                let inside = format!("{}.", layers[*index].name);
                layers[..*index].iter().any(|other| other.name.starts_with(&inside))
            };
            let last = (0..layers.len()).rev().find(is_block_end).unwrap_or(layers.len() - 1);
            Some(&layers[last]).filter(|layer| layer.n_channels > 3).map(|layer| layer.name.clone())
        };
        // means of whole maps say no more than the maps
        let (classes, before) = layers.split_last().map_or((None, layers), |(last, rest)| (Some(last), rest));
        let n_maps = before.iter().take_while(|layer| layer.receptive_field_px.is_some()).count();
        let of_maps = before[..n_maps].chunk_by(|one, next| one.stride == next.stride).filter_map(of_stride);
        of_maps.chain(classes.map(|layer| layer.name.clone())).collect()
    }

    /// Those of the usual layers that have positions: without codes, classes and means of whole maps.
    pub fn usual_layers_with_positions(network: &Network) -> Vec<String> {
        let mut layers = Self::usual_layers(network);
        layers.retain(|name| network.layer(name).is_some_and(|layer| layer.receptive_field_px.is_some()));
        layers
    }

    /// The layers that are read.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// What each channel answers to `image`, values in `[0, 1]`, by layer and channel.
    ///
    /// # Errors
    /// If the image is too small for a layer, or maps of a large one cannot be kept in a file.
    ///
    /// ```
    /// use micrograph::Plane;
    /// use nanoaid::interpret::exemplar::ActivationReader;
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    ///
    /// let reader = ActivationReader::new(&network, &["encoder.1".to_owned()])?;
    /// let peaks = reader.peaks(&Plane::from_fn(24, 32, |y, x| (y * x % 5) as f32 / 4.0))?;
    /// assert_eq!((peaks.len(), peaks[0].len()), (1, 4), "one layer of four channels");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn peaks(&self, image: &Plane) -> Result<Vec<Vec<Peak>>, ExemplarError> {
        let mut peaks: Vec<Vec<Peak>> = vec![Vec::new(); self.layers.len()];
        self.visit(image, &mut |map| peaks[map.layer].push(self.peak(&map)))?;
        Ok(peaks)
    }

    /// The same, and for each layer a grid of `rows × columns` cells.
    ///
    /// # Errors
    /// As [`ActivationReader::peaks`].
    pub fn peaks_and_grids(
        &self,
        image: &Plane,
        (rows, columns): (usize, usize),
    ) -> Result<(Vec<Vec<Peak>>, Vec<Grid>), ExemplarError> {
        let mut peaks: Vec<Vec<Peak>> = vec![Vec::new(); self.layers.len()];
        let mut grids: Vec<Grid> =
            self.layers.iter().map(|_| Grid { rows, columns, values: Vec::new() }).collect();
        self.visit(image, &mut |map| {
            peaks[map.layer].push(self.peak(&map));
            add_cells(&map, &mut grids[map.layer]);
        })?;
        Ok((peaks, grids))
    }

    /// The pixels that the position `(y, x)` of layer `layer` depends on, inside an image of this
    /// size.
    pub fn field(layer: &Layer, (y, x): (usize, usize), (height, width): (usize, usize)) -> Rect {
        let inside = |index: usize, length: usize| {
            let (first, end) = layer.image_from_feature(index);
            let first = first.clamp(0, length as isize - 1) as usize;
            let end = end.clamp(first as isize + 1, length as isize) as usize;
            (first, end - first)
        };
        let ((y, height), (x, width)) = (inside(y, height), inside(x, width));
        Rect { y, x, height, width }
    }

    /// Gives every feature map to `each`: layers in turn, channels in turn.
    pub(super) fn visit(&self, image: &Plane, each: &mut dyn FnMut(Map<'_>)) -> Result<(), ExemplarError> {
        let (height, width) = (image.height(), image.width());
        for layer in &self.layers {
            let least = layer.least_px();
            if height.min(width) < least {
                let layer = layer.name.clone();
                return Err(LensError::TooSmall { height, width, layer, least }.into());
            }
        }
        if height * width > WHOLE_PX {
            return self.visit_in_tiles(image, each);
        }
        let graph = self.network.graph();
        let places: Vec<_> = self.layers.iter().filter_map(|layer| graph.value_id(&layer.name)).collect();
        let images = self.network.normalized(self.network.tensor(&[image]));
        let outputs = graph.outputs(images, &places, Norms::Running, &mut Vec::new());
        for (layer, maps) in outputs.into_iter().enumerate() {
            let [_, _, height, width] = maps.dims();
            let values = maps.into_data();
            let values = values.as_slice::<f32>().expect("feature maps are f32");
            for (channel, values) in values.chunks_exact(height * width).enumerate() {
                each(Map { layer, channel, height, width, values });
            }
        }
        Ok(())
    }

    fn visit_in_tiles(&self, image: &Plane, each: &mut dyn FnMut(Map<'_>)) -> Result<(), ExemplarError> {
        for (index, layer) in self.layers.iter().enumerate() {
            let maps =
                FeatureMaps::of(&self.network, &layer.name, image, &TileConfig::default(), &mut |_, _| {
                    ControlFlow::Continue(())
                })?;
            for channel in 0..layer.n_channels {
                let plane = maps.plane(channel).map_err(LensError::from)?;
                let (height, width, values) = (plane.height(), plane.width(), plane.values());
                each(Map { layer: index, channel, height, width, values });
            }
        }
        Ok(())
    }

    fn peak(&self, map: &Map<'_>) -> Peak {
        let layer = &self.layers[map.layer];
        let (rows, columns) = (counted(layer, map.height), counted(layer, map.width));
        let mut peak = Peak { value: f32::NEG_INFINITY, y: 0, x: 0, mean: 0.0 };
        let mut sum = 0.0;
        for y in rows.clone() {
            let row = &map.values[y * map.width..][columns.clone()];
            sum += row.iter().map(|&value| f64::from(value)).sum::<f64>();
            // two passes over a row, of which the compiler makes vectors
            let largest = row.iter().fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
            if largest > peak.value {
                let x = row.iter().position(|&value| value == largest).unwrap_or(0);
                peak = Peak { value: largest, y: y as u32, x: (columns.start + x) as u32, mean: 0.0 };
            }
        }
        peak.mean = (sum / (rows.len() * columns.len()) as f64) as f32;
        peak
    }
}

/// The positions along an axis of a map of `length` that count.
pub(crate) fn counted(layer: &Layer, length: usize) -> Range<usize> {
    let half_field = layer.receptive_field_px.map_or(0, |field| (field / 2).div_ceil(layer.stride));
    let margin = half_field.min(length / 4);
    margin..length - margin
}

/// Adds the cells of one channel: the positions that lie in each, or the nearest one.
fn add_cells(map: &Map<'_>, grid: &mut Grid) {
    let span = |cell: usize, cells: usize, length: usize| {
        cell * length / cells..((cell + 1) * length).div_ceil(cells)
    };
    for row in 0..grid.rows {
        for column in 0..grid.columns {
            let columns = span(column, grid.columns, map.width);
            let rows = span(row, grid.rows, map.height);
            let values = rows.flat_map(|y| &map.values[y * map.width..][columns.clone()]);
            grid.values.push(values.fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a }));
        }
    }
}
