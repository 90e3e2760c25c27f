//! A site that was written before, read again: what it says of a unit, and its files.
//!
//! Only files that its list names are read, so that no address leads out of its folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nanoaid::atlas::UnitSummary;
use nanoaid::interpret::differential::UnitDifference;
use nanoaid::interpret::exemplar::UnitExemplars;
use nanoaid::interpret::tuning::{LayerTuning, NetworkTuning};
use nanoaid::output::slugs;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::site::record::{FILES, KEPT};

/// The tuning of a network among them.
const TUNING: &str = "tuning.json";

/// A site in a folder.
#[derive(Clone, Debug)]
pub struct OpenedSite {
    root: PathBuf,
    files: BTreeSet<String>,
    networks: Vec<OpenedNetwork>,
    /// File and page of each micrograph.
    micrographs: Vec<(String, String)>,
}

/// A network of it.
#[derive(Clone, Debug)]
struct OpenedNetwork {
    id: String,
    sha256: String,
    /// Names of its layers, and of their folders.
    layers: Vec<(String, String)>,
}

/// What a site says of a unit.
#[derive(Clone, Debug)]
pub struct UnitOfSite {
    /// Address of its page in the site.
    pub page: String,
    /// Address of the picture of the first preset, if there is one.
    pub picture: Option<String>,
    /// In a line.
    pub summary: UnitSummary,
    /// Real patches; places of micrographs are those of [`OpenedSite::micrograph`].
    pub exemplars: UnitExemplars,
    /// How its synthetic pictures were made.
    pub pictures: Vec<PictureOfSite>,
    /// How it separates each class from the rest.
    pub classes: Vec<ClassOfUnit>,
    /// The tuning of its layer.
    pub tuning: Option<LayerTuning>,
    /// Concepts that have much of it.
    pub concepts: Vec<ConceptOfSite>,
}

/// A concept with much of a unit.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ConceptOfSite {
    /// Its place in the site.
    pub page: String,
    /// Its number.
    pub number: usize,
    /// Its name, where a user gave one.
    pub name: Option<String>,
    /// The unit's component of its direction, which has the length 1.
    pub weight: f32,
}

/// A synthetic picture of a unit.
#[derive(Clone, Debug, Deserialize)]
pub struct PictureOfSite {
    /// Name of the preset.
    pub preset: String,
    /// Its score, in units of the activation.
    pub score: f32,
    /// Why it shows nothing; absent where it shows something.
    pub blank: Option<String>,
}

/// A class and how a unit separates it from the rest.
#[derive(Clone, Debug, Deserialize)]
pub struct ClassOfUnit {
    /// The class.
    pub class: String,
    /// The difference.
    #[serde(flatten)]
    pub difference: UnitDifference,
}

/// Why a folder cannot be read as a site.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum OpenSiteError {
    /// A file cannot be read.
    #[error("{}: {source}; expected the folder of a finished site, which `nanoaid site … --out DIR` makes", path.display())]
    File { path: PathBuf, source: io::Error },
    /// A file holds something else.
    #[error("{}: {source}; make the site again with this version of `nanoaid site`", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
}

#[derive(Deserialize)]
struct Start {
    networks: Vec<(String, String)>,
    micrographs: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct NetworkFile {
    id: String,
    sha256: String,
    layers: Vec<LayerOfFile>,
}

#[derive(Deserialize)]
struct LayerOfFile {
    name: String,
}

#[derive(Deserialize)]
struct UnitFile {
    summary: UnitSummary,
    exemplars: UnitExemplars,
    pictures: Vec<PictureOfSite>,
    classes: Vec<ClassOfUnit>,
    #[serde(default)]
    concepts: Vec<ConceptOfSite>,
}

impl OpenedSite {
    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Opens the site in the folder `root`.
    ///
    /// # Errors
    /// If the folder holds no finished site.
    pub fn open(root: &Path) -> Result<Self, OpenSiteError> {
        let files: std::collections::BTreeMap<String, String> = json_of(root.join(FILES))?;
        let start: Start = json_of(root.join("index.json"))?;
        let network = |(id, _): &(String, String)| {
            let found: NetworkFile = json_of(root.join(format!("networks/{id}/index.json")))?;
            let names: Vec<&str> = found.layers.iter().map(|layer| layer.name.as_str()).collect();
            let folders = slugs(&names);
            let layers = names.into_iter().map(str::to_owned).zip(folders).collect();
            Ok(OpenedNetwork { id: found.id, sha256: found.sha256, layers })
        };
        let networks = start.networks.iter().map(network).collect::<Result<_, OpenSiteError>>()?;
        let files = files.into_keys().collect();
        Ok(Self { root: root.to_owned(), files, networks, micrographs: start.micrographs })
    }

    /// The bytes of the file called `name`, `/` between folders; `None` where the site has no such file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn file(&self, name: &str) -> Option<io::Result<Vec<u8>>> {
        self.files.contains(name).then(|| fs::read(self.root.join(name)))
    }

    /// Whether it has a network of this hash.
    pub fn has_network(&self, sha256: &str) -> bool {
        self.networks.iter().any(|network| network.sha256 == sha256)
    }

    /// Number of micrographs.
    pub fn n_micrographs(&self) -> usize {
        self.micrographs.len()
    }

    /// File of micrograph `number`, and the address of its picture in the site.
    pub fn micrograph(&self, number: usize) -> Option<(&str, String)> {
        let (file, page) = self.micrographs.get(number)?;
        Some((file, format!("{}.jpg", page.strip_suffix(".html")?)))
    }

    /// What it says of a unit of the network with this hash; `None` where it does not show it.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn unit(
        &self,
        sha256: &str,
        layer: &str,
        channel: usize,
    ) -> Result<Option<UnitOfSite>, OpenSiteError> {
        let network = self.networks.iter().find(|network| network.sha256 == sha256);
        let Some((network, folder)) = network.and_then(|network| {
            let (_, folder) = network.layers.iter().find(|(name, _)| name == layer)?;
            Some((network, folder))
        }) else {
            return Ok(None);
        };
        let address = |ending: &str| format!("networks/{}/{folder}/{channel}.{ending}", network.id);
        if !self.files.contains(&address("json")) {
            return Ok(None);
        }
        let UnitFile { summary, exemplars, pictures, classes, concepts } =
            json_of(self.root.join(address("json")))?;
        let path = self.root.join(KEPT).join(&network.id).join(TUNING);
        // a site without the parts it was made of still has its pages
        let tuning = if path.is_file() { Some(json_of::<NetworkTuning>(path)?) } else { None };
        Ok(Some(UnitOfSite {
            page: address("html"),
            picture: Some(address("png")).filter(|picture| self.files.contains(picture)),
            summary,
            exemplars,
            pictures,
            classes,
            concepts,
            tuning: tuning.and_then(|tuning| tuning.layers.into_iter().find(|found| found.layer == layer)),
        }))
    }
}

fn json_of<T: DeserializeOwned>(path: PathBuf) -> Result<T, OpenSiteError> {
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(OpenSiteError::File { path, source }),
    };
    serde_json::from_slice(&bytes).map_err(|source| OpenSiteError::Json { path, source })
}
