//! The files of a view: written whole, each with its hash.

use std::collections::BTreeMap;

use micrograph::paint::{ColorMap, NpzWriter, Picture, TiffStack};
use serde::Serialize;

use super::error::ViewError;
use super::settings::MapFormat;
use crate::Address;
use crate::hash::{sha256, sha256_of_file};
use crate::interpret::lens::Lens;
use crate::output::{OutputFolder, json_text};

const NM_PER_INCH: f64 = 25.4e6;

/// Quality of JPEG files: the grain of a micrograph stays, its noise costs little.
const QUALITY: u8 = 85;

/// A picture as a file to be written.
pub(super) struct PictureFile {
    name: String,
    bytes: Vec<u8>,
}

impl PictureFile {
    /// Maps, text and lines: PNG, with a palette where that shows no difference.
    pub(super) fn drawing(stem: &str, picture: &Picture) -> Self {
        let bytes = picture.indexed_png_bytes().unwrap_or_else(|| picture.png_bytes(None));
        Self { name: format!("{stem}.png"), bytes }
    }

    /// A contact sheet, one for print with its resolution.
    pub(super) fn sheet(stem: &str, picture: &Picture, dpi: Option<u32>) -> Self {
        let Some(dpi) = dpi else { return Self::drawing(stem, picture) };
        let nm_per_px = NM_PER_INCH / f64::from(dpi);
        Self { name: format!("{stem}.png"), bytes: picture.png_bytes(Some((nm_per_px, nm_per_px))) }
    }

    /// A picture with the grain of a micrograph: JPEG.
    pub(super) fn photograph(stem: &str, picture: &Picture) -> Self {
        match picture.jpeg_bytes(QUALITY) {
            Some(bytes) => Self { name: format!("{stem}.jpg"), bytes },
            None => Self::drawing(stem, picture),
        }
    }
}

/// The files of a folder and their hashes.
pub(super) struct Files<'a> {
    folder: &'a OutputFolder,
    pub(super) hashes: BTreeMap<String, String>,
}

impl<'a> Files<'a> {
    pub(super) fn new(folder: &'a OutputFolder) -> Self {
        Self { folder, hashes: BTreeMap::new() }
    }

    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), ViewError> {
        self.folder.write(name, bytes)?;
        self.hashes.insert(name.to_owned(), sha256(bytes));
        Ok(())
    }

    pub(super) fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), ViewError> {
        self.write(name, json_text(value)?.as_bytes())
    }

    /// Writes `file`; returns its name.
    pub(super) fn put(&mut self, file: PictureFile) -> Result<String, ViewError> {
        self.write(&file.name, &file.bytes)?;
        Ok(file.name)
    }

    /// Writes the maps of a layer in `formats`.
    pub(super) fn maps(
        &mut self,
        lens: &Lens,
        formats: &[MapFormat],
        colors: ColorMap,
    ) -> Result<(), ViewError> {
        for format in formats {
            let name = match format {
                MapFormat::Tiff => self.tiff(lens)?,
                MapFormat::Npz => self.npz(lens)?,
                MapFormat::Png => {
                    self.map_pictures(lens, colors)?;
                    continue;
                }
            };
            // written in pieces
            let hash = sha256_of_file(&self.folder.file(&name))?;
            self.hashes.insert(name, hash);
        }
        Ok(())
    }

    /// Writes each map as a picture of one pixel a position, from its 0.5 % to its 99.5 % quantile.
    fn map_pictures(&mut self, lens: &Lens, colors: ColorMap) -> Result<(), ViewError> {
        for channel in &lens.result.channels {
            let Address::Layer { layer, channel: Some(index), .. } = &channel.address else { continue };
            let statistics = &channel.statistics;
            let plane = lens.maps.plane(*index)?;
            let picture = Picture::from_plane(plane.as_ref(), statistics.low, statistics.high, colors);
            self.put(PictureFile::drawing(&format!("{layer}.{index}"), &picture))?;
        }
        Ok(())
    }

    fn tiff(&self, lens: &Lens) -> Result<String, ViewError> {
        let (maps, layer) = (&lens.maps, &lens.result.layer);
        let name = format!("{layer}.maps.tif");
        let labels: Vec<String> =
            (0..maps.n_channels()).map(|channel| format!("{layer}:{channel}")).collect();
        let size = (maps.height(), maps.width());
        let calibration = lens.result.map_calibration.as_ref();
        let mut stack = TiffStack::create(&self.folder.file(&name), size, &labels, calibration)?;
        for channel in 0..maps.n_channels() {
            let plane = maps.plane(channel)?;
            stack.push(&plane)?;
        }
        stack.finish()?;
        Ok(name)
    }

    fn npz(&self, lens: &Lens) -> Result<String, ViewError> {
        let maps = &lens.maps;
        let name = format!("{}.maps.npz", lens.result.layer);
        let mut archive = NpzWriter::create(&self.folder.file(&name))?;
        archive.begin("maps", &[maps.n_channels(), maps.height(), maps.width()])?;
        for channel in 0..maps.n_channels() {
            archive.append(maps.plane(channel)?.values())?;
        }
        if let Some(calibration) = &lens.result.map_calibration {
            archive.begin("nm_per_px_y_x", &[2])?;
            archive.append(&[calibration.nm_per_px_y as f32, calibration.nm_per_px_x as f32])?;
        }
        archive.finish()?;
        Ok(name)
    }
}
