//! Feature maps of one layer: in memory where they fit, else in a temporary file.
//!
//! The file holds tile after tile, each with all its channels, so that a tile is written and a
//! channel's part of a tile is read in one piece. It has no name and is gone with the maps.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;

use micrograph::{Plane, Rect};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::LensError;
use super::tiles::TilePlan;
use crate::{ConfigError, Layer, Network};

/// How large images are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TileConfig {
    /// Height and width of a tile in pixels of the image, without what is cut around it, at least 1.
    pub tile_px: usize,
    /// Bytes of feature maps that are kept in memory, at least 1; larger ones go to a file.
    pub memory_budget_bytes: usize,
    /// Folder of that file; `None` is the system's folder for temporary files.
    pub spill_folder: Option<PathBuf>,
}

impl Default for TileConfig {
    fn default() -> Self {
        Self {
            tile_px: 384, // larger ones wait for fresh memory, smaller ones repeat more around them
            memory_budget_bytes: 512 << 20, // leaves an image of 8192 × 8192 well below 2 GB in all
            spill_folder: None,
        }
    }
}

impl TileConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if self.tile_px == 0 {
            return Err(ConfigError::new("tile_px", self.tile_px, "at least 1"));
        }
        if self.memory_budget_bytes == 0 {
            return Err(ConfigError::new("memory_budget_bytes", self.memory_budget_bytes, "at least 1"));
        }
        Ok(self)
    }

    fn folder(&self) -> PathBuf {
        self.spill_folder.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// The feature maps of one image at one layer.
#[derive(Debug)]
pub struct FeatureMaps {
    layer: Layer,
    height: usize,
    width: usize,
    memory_budget_bytes: usize,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Memory(Vec<Plane>),
    File { file: Mutex<File>, folder: PathBuf, tiles: Vec<StoredTile> },
}

/// Where a tile lies in the maps, and where its first channel begins in the file.
#[derive(Debug)]
struct StoredTile {
    rect: Rect,
    offset: u64,
}

impl FeatureMaps {
    /// The feature maps of `image` at `layer`, as those of the whole image in one piece.
    /// `progress` is given the tiles done and their number; where it breaks, nothing more is run.
    ///
    /// # Errors
    /// If there is no such layer, the image is smaller than the coarsest stride on the way to it,
    /// a setting is out of range, the maps cannot be written to the folder, or `progress` broke.
    pub fn of(
        network: &Network,
        layer: &str,
        image: &Plane,
        config: &TileConfig,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self, LensError> {
        let config = config.clone().checked()?;
        let layer = network.known_layer(layer)?;
        if network.channels_in() != 1 {
            return Err(LensError::NotGray { channels: network.channels_in() });
        }
        let least = layer.least_px();
        if image.height().min(image.width()) < least {
            return Err(LensError::TooSmall {
                height: image.height(),
                width: image.width(),
                layer: layer.name.clone(),
                least,
            });
        }
        let plan = TilePlan::new(network, &layer.name, (image.height(), image.width()), config.tile_px);
        let (height, width) = plan.map_size();
        let spill_error = |source| LensError::Spill { folder: config.folder(), source };
        let store = if layer.n_channels * height * width * size_of::<f32>() <= config.memory_budget_bytes {
            // not copies of one, which would be written before they are filled
            let mut planes: Vec<Plane> =
                (0..layer.n_channels).map(|_| Plane::filled(height, width, 0.0)).collect();
            plan.run(image, progress, |tile| {
                planes.par_iter_mut().enumerate().for_each(|(channel, plane)| tile.paste(channel, plane));
                Ok(())
            })?;
            Store::Memory(planes)
        } else {
            let mut file = tempfile::tempfile_in(config.folder()).map_err(spill_error)?;
            let (mut tiles, mut offset) = (Vec::with_capacity(plan.n_tiles()), 0);
            plan.run(image, progress, |tile| {
                let rows = (0..layer.n_channels).flat_map(|channel| tile.rows(channel));
                let bytes: Vec<u8> = rows.flatten().flat_map(|value| value.to_le_bytes()).collect();
                file.write_all(&bytes).map_err(spill_error)?;
                tiles.push(StoredTile { rect: tile.rect, offset });
                offset += bytes.len() as u64;
                Ok(())
            })?;
            Store::File { file: Mutex::new(file), folder: config.folder(), tiles }
        };
        let memory_budget_bytes = config.memory_budget_bytes;
        Ok(Self { layer: layer.clone(), height, width, memory_budget_bytes, store })
    }

    /// The layer they are of.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Number of channels.
    pub fn n_channels(&self) -> usize {
        self.layer.n_channels
    }

    /// Number of rows of each map.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns of each map.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether they lie in a temporary file.
    pub fn spilled(&self) -> bool {
        matches!(self.store, Store::File { .. })
    }

    /// The map of `channel`.
    ///
    /// # Errors
    /// If the temporary file cannot be read; its folder is named.
    ///
    /// # Panics
    /// If there is no such channel.
    pub fn plane(&self, channel: usize) -> io::Result<Cow<'_, Plane>> {
        assert!(channel < self.n_channels(), "the channel is one of the layer's");
        match &self.store {
            Store::Memory(planes) => Ok(Cow::Borrowed(&planes[channel])),
            Store::File { file, folder, tiles } => {
                self.read(channel, file, tiles).map(Cow::Owned).map_err(|error| {
                    let text = format!("feature maps spilled to {}: {error}", folder.display());
                    io::Error::new(error.kind(), text)
                })
            }
        }
    }

    /// Channels whose planes, with a copy and a half of each to work on, stay within the budget.
    pub(super) fn channels_at_once(&self) -> usize {
        let bytes = self.height * self.width * size_of::<f32>();
        (2 * self.memory_budget_bytes / (5 * bytes)).max(1)
    }

    fn read(&self, channel: usize, file: &Mutex<File>, tiles: &[StoredTile]) -> io::Result<Plane> {
        let mut file = file.lock().map_err(|_| io::Error::other("a reader of the file has panicked"))?;
        let mut plane = Plane::filled(self.height, self.width, 0.0);
        for StoredTile { rect, offset } in tiles {
            let mut bytes = vec![0; rect.height * rect.width * size_of::<f32>()];
            file.seek(SeekFrom::Start(offset + (channel * bytes.len()) as u64))?;
            file.read_exact(&mut bytes)?;
            let (fours, _) = bytes.as_chunks::<4>();
            let values = fours.iter().map(|four| f32::from_le_bytes(*four)).collect();
            paste(&mut plane, &Plane::new(rect.height, rect.width, values), *rect);
        }
        Ok(plane)
    }
}

/// Puts `part` into `plane` at `rect`.
fn paste(plane: &mut Plane, part: &Plane, rect: Rect) {
    let width = plane.width();
    for y in 0..rect.height {
        let first = (rect.y + y) * width + rect.x;
        plane.values_mut()[first..first + rect.width].copy_from_slice(part.row(y));
    }
}
