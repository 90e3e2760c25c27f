//! Session: the micrographs that were dropped on the page, by the hash of their bytes, and how each is read.
//!
//! Files lie in a temporary folder, each in one of its own with the text files that came with it, so that sidecars are
//! found as beside any image. No name or path of a request opens a file: images are looked up by their hash.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use micrograph::calibration::{calibration_text, checked_nm_per_px, length_text};
use micrograph::data_bar::{DataBar, DataBarChoice};
use micrograph::{Calibration, FileFacts, Micrograph, Plane, ReadConfig, Source};
use nanoaid::data::prepare::{self, PrepareConfig, Prepared};
use serde::Serialize;
use tempfile::TempDir;

use crate::http::{Fault, Query};

/// Files up to this size stay in memory.
const KEPT_BYTES: usize = 256 << 20;
/// Longest name of a file.
const LONGEST_NAME: usize = 200;

/// A micrograph that was dropped.
pub(crate) struct Image {
    /// SHA-256 of its bytes, and something of the texts beside it.
    pub(crate) id: String,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// Its name, without any folder.
    pub(crate) name: String,
    /// Where its bytes lie.
    path: PathBuf,
    source: Option<Source>,
    // goes with the image
    _folder: TempDir,
}

/// How an image is read, as the page asks for it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) page: usize,
    pub(crate) nm_per_px: Option<f64>,
    pub(crate) data_bar: DataBarChoice,
}

impl Reading {
    /// From the values `page`, `nm` and `bar` of a query: `find`, `keep`, or a number of rows.
    pub(crate) fn of(query: &Query) -> Result<Self, Fault> {
        let data_bar = match query.text("bar") {
            None | Some("find") => DataBarChoice::Find,
            Some("keep") => DataBarChoice::Keep,
            Some(rows) => DataBarChoice::CropBottom(rows.parse().map_err(|_| {
                Fault::wrong(format!("bar: found `{rows}`, expected find, keep or a number of rows"))
            })?),
        };
        Self::new(query.number("page")?.unwrap_or(0), query.number("nm")?, data_bar)
    }

    /// Page `page` with this size of a pixel, where it is not to be that of the file.
    pub(crate) fn new(page: usize, nm_per_px: Option<f64>, data_bar: DataBarChoice) -> Result<Self, Fault> {
        let nm_per_px = nm_per_px.map(checked_nm_per_px).transpose().map_err(Fault::refused)?;
        Ok(Self { page, nm_per_px, data_bar })
    }

    /// As a part of a name.
    pub(crate) fn key(&self) -> String {
        format!("{}/{:?}/{:?}", self.page, self.nm_per_px.map(f64::to_bits), self.data_bar)
    }

    /// As settings of the library.
    pub(crate) fn config(&self) -> PrepareConfig {
        let read = ReadConfig { page: self.page, nm_per_px: self.nm_per_px, ..ReadConfig::default() };
        PrepareConfig { read, data_bar: self.data_bar, ..PrepareConfig::default() }
    }
}

/// A micrograph, decoded and prepared.
pub(crate) struct Decoded {
    /// The file's values, data bar included.
    pub(crate) plane: Plane,
    /// As a network sees it, or why it cannot.
    pub(crate) prepared: Result<Prepared, Fault>,
    /// What the file says, without its name.
    pub(crate) facts: FileFacts,
    /// The data bar that is cut off.
    pub(crate) data_bar: Option<DataBar>,
}

/// What the page shows of a file.
#[derive(Serialize)]
pub(crate) struct Info<'a> {
    id: &'a str,
    sha256: &'a str,
    name: &'a str,
    facts: FileFacts,
    data_bar: Option<DataBar>,
    calibration_text: String,
    field_text: Option<String>,
    conditions: Vec<String>,
    /// Values of the file that are black and white to a network.
    contrast: Option<[f32; 2]>,
    /// Rows and columns that a network sees.
    specimen: Option<[usize; 2]>,
    /// Why no network can see it.
    flat: Option<&'a str>,
}

impl Image {
    /// Its bytes.
    pub(crate) fn source(&self) -> Result<Source, Fault> {
        match &self.source {
            Some(source) => Ok(source.clone()),
            None => Source::read(&self.path).map_err(|error| self.said(error)),
        }
    }

    /// What an error says, with the image's name in place of the path of its temporary file.
    pub(crate) fn said(&self, error: impl std::fmt::Display) -> Fault {
        Fault::refused(error.to_string().replace(&self.path.display().to_string(), &self.name))
    }

    /// Reads it as the command line does.
    pub(crate) fn decoded(&self, reading: &Reading) -> Result<(Decoded, usize), Fault> {
        let config = reading.config();
        let source = self.source()?;
        let mut micrograph =
            Micrograph::from_source(&source, &config.read).map_err(|error| self.said(error))?;
        // the same bytes may have several names
        micrograph.facts.path = PathBuf::new();
        let (plane, facts) = (micrograph.plane.clone(), micrograph.facts.clone());
        let (_, data_bar) = micrograph::data_bar::specimen(&plane, &facts, config.data_bar)
            .map_err(|error| self.said(error))?;
        let prepared = prepare::micrograph(micrograph, &config).map_err(|error| {
            // without the name that is left out
            let fault = self.said(error);
            Fault { text: fault.text.trim_start_matches(": ").to_owned(), ..fault }
        });
        let bytes = 2 * plane.values().len() * size_of::<f32>();
        Ok((Decoded { plane, prepared, facts, data_bar }, bytes))
    }

    /// What is shown of it.
    pub(crate) fn info<'a>(&'a self, decoded: &'a Decoded) -> Info<'a> {
        let Decoded { prepared, facts, data_bar, .. } = decoded;
        let rows = data_bar.map_or(facts.height, |bar| bar.first_row);
        let field = |calibration: &Calibration| {
            let width = length_text(facts.width as f64 * calibration.nm_per_px_x);
            format!("{width} × {}", length_text(rows as f64 * calibration.nm_per_px_y))
        };
        let ready = prepared.as_ref().ok();
        Info {
            id: &self.id,
            sha256: &self.sha256,
            name: &self.name,
            facts: FileFacts { path: PathBuf::from(&self.name), ..facts.clone() },
            data_bar: *data_bar,
            calibration_text: calibration_text(facts.calibration.as_ref()),
            field_text: facts.calibration.as_ref().map(field),
            conditions: facts.instrument.conditions(),
            contrast: ready.map(|prepared| [prepared.low, prepared.high]),
            specimen: ready.map(|prepared| [prepared.plane.height(), prepared.plane.width()]),
            flat: prepared.as_ref().err().map(|fault| fault.text.as_str()),
        }
    }
}

/// The images of this server.
pub(crate) struct Session {
    folder: TempDir,
    images: Mutex<HashMap<String, Arc<Image>>>,
}

impl Session {
    /// Without images, with a temporary folder.
    pub(crate) fn new() -> Result<Self, std::io::Error> {
        let folder = tempfile::Builder::new().prefix("nanoaid-serve-").tempdir()?;
        Ok(Self { folder, images: Mutex::default() })
    }

    /// The temporary folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn images(&self) -> MutexGuard<'_, HashMap<String, Arc<Image>>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh folder inside that of the session.
    pub(crate) fn fresh_folder(&self) -> Result<TempDir, Fault> {
        let made = tempfile::Builder::new().prefix("image-").tempdir_in(self.folder.path());
        made.map_err(|error| Fault::own(format!("cannot make a temporary folder: {error}")))
    }

    /// Takes the file at `path` in `folder`, which was dropped as `name`. The same bytes with the same texts beside
    /// them are one image.
    pub(crate) fn take(&self, folder: TempDir, path: PathBuf, name: String) -> Result<Arc<Image>, Fault> {
        let source = Source::read(&path).map_err(|error| Fault::refused(error).of(&path, &name))?;
        // the page of a file that is no image is not opened at all
        FileFacts::from_source(&source, &ReadConfig::default())
            .map_err(|error| Fault::refused(error).of(&path, &name))?;
        let sha256 = source.sha256().to_owned();
        let beside = if path.starts_with(folder.path()) {
            texts_beside(folder.path(), &path).map_err(Fault::own)?
        } else {
            // in a folder of the user, where texts beside it may change: known by its place
            Some(nanoaid::hash::sha256(path.as_os_str().as_encoded_bytes())[..8].to_owned())
        };
        let id = match beside {
            Some(beside) => format!("{sha256}-{beside}"),
            None => sha256.clone(),
        };
        let keeps = source.bytes().len() <= KEPT_BYTES;
        let source = keeps.then_some(source);
        let image = Image { id: id.clone(), sha256, name, path, source, _folder: folder };
        let image = Arc::new(image);
        self.images().insert(id, Arc::clone(&image));
        Ok(image)
    }

    /// The image whose hash is `id`.
    pub(crate) fn image(&self, id: &str) -> Result<Arc<Image>, Fault> {
        let found = self.images().get(id).map(Arc::clone);
        found.ok_or_else(|| Fault::missing("this micrograph is no longer open here; drop it again"))
    }

    /// Forgets an image.
    pub(crate) fn remove(&self, id: &str) {
        self.images().remove(id);
    }

    /// Hash and name of each image, by name.
    pub(crate) fn list(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> =
            self.images().values().map(|image| (image.name.clone(), image.id.clone())).collect();
        all.sort_unstable();
        all.into_iter().map(|(name, id)| (id, name)).collect()
    }
}

impl Fault {
    /// The same with `name` in place of the path of a temporary file.
    fn of(self, path: &Path, name: &str) -> Self {
        Self { text: self.text.replace(&path.display().to_string(), name), ..self }
    }
}

/// Eight digits of the hash of all other files in `folder` than `image`; `None` where there are none.
fn texts_beside(folder: &Path, image: &Path) -> Result<Option<String>, std::io::Error> {
    let entries: Result<Vec<_>, _> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut texts: Vec<PathBuf> = entries?.into_iter().filter(|path| path != image).collect();
    texts.sort_unstable();
    let mut all = Vec::new();
    for text in &texts {
        // names count, since a file is read as what it is called
        all.extend(text.file_name().unwrap_or_default().as_encoded_bytes());
        all.push(0);
        all.extend(std::fs::read(text)?);
        all.push(0);
    }
    Ok((!texts.is_empty()).then(|| nanoaid::hash::sha256(&all)[..8].to_owned()))
}

/// A name without folders, control characters and what else a file system may take for something; `image` if nothing
/// is left.
pub(crate) fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut plain = String::new();
    for c in last.chars().filter(|c| !c.is_control() && *c != ':') {
        if plain.len() + c.len_utf8() > LONGEST_NAME {
            break;
        }
        plain.push(c);
    }
    let plain = plain.trim_matches([' ', '.']);
    if plain.is_empty() { "image".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_other_folder() {
        for (name, plain) in [
            ("a.tif", "a.tif"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\x.tif", "x.tif"),
            ("C:\\a\\b.tif", "b.tif"),
            ("c:x", "cx"),
            ("..", "image"),
            ("", "image"),
            ("a/..", "image"),
            ("a\0\n\u{1b}[2Jb.png", "a[2Jb.png"),
            ("<script>alert(1)</script>", "script>"),
            ("µm 中.tif", "µm 中.tif"),
        ] {
            assert_eq!(plain_name(name), plain, "{name:?}");
        }
        let long = plain_name(&"é".repeat(500));
        assert!(long.len() <= LONGEST_NAME && long.chars().all(|c| c == 'é'));
    }

    #[test]
    fn a_reading_names_all_that_changes_the_pixels() {
        let of = |query: &str| {
            let uri: axum::http::Uri = format!("/?{query}").parse().unwrap();
            Reading::of(&Query::of(&uri)).map(|reading| reading.key())
        };
        let all =
            ["", "page=1", "nm=2", "nm=2.5", "bar=keep", "bar=10", "bar=11"].map(|query| of(query).unwrap());
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{one}");
        }
        assert_eq!(of("").unwrap(), of("bar=find&page=0").unwrap());
        for wrong in ["nm=0", "nm=-1", "nm=NaN", "nm=x", "bar=-1", "page=-1", "bar=all"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
