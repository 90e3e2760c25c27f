//! Pictures of a result as files: each written whole, with its hash for the record.

use std::collections::BTreeMap;

use micrograph::paint::Picture;

use crate::hash::sha256;
use crate::output::{OutputError, OutputFolder};

/// Quality of pictures as JPEG.
const QUALITY: u8 = 88;

/// Files of a result.
pub(in crate::interpret) struct PictureFiles<'a> {
    pub folder: &'a OutputFolder,
    /// What was written, with its SHA-256.
    pub hashes: BTreeMap<String, String>,
}

impl<'a> PictureFiles<'a> {
    /// None yet.
    pub(in crate::interpret) fn new(folder: &'a OutputFolder) -> Self {
        Self { folder, hashes: BTreeMap::new() }
    }

    /// Writes a picture whose name begins with `stem`, as JPEG where that is possible; returns its name.
    pub(in crate::interpret) fn picture(
        &mut self,
        stem: &str,
        picture: &Picture,
    ) -> Result<String, OutputError> {
        match picture.jpeg_bytes(QUALITY) {
            Some(bytes) => self.write(format!("{stem}.jpg"), &bytes),
            None => self.exact(stem, picture),
        }
    }

    /// The same as PNG, without loss.
    pub(in crate::interpret) fn exact(
        &mut self,
        stem: &str,
        picture: &Picture,
    ) -> Result<String, OutputError> {
        self.write(format!("{stem}.png"), &picture.png_bytes(None))
    }

    fn write(&mut self, name: String, bytes: &[u8]) -> Result<String, OutputError> {
        self.folder.write(&name, bytes)?;
        self.hashes.insert(name.clone(), sha256(bytes));
        Ok(name)
    }
}
