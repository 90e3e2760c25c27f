//! Folder: views of several micrographs, each in a folder of its own, made where they are missing.
//!
//! `settings.json`, written with the first view, says for which network and settings the folder is: one
//! that was begun with the same is resumed, and views whose files are whole are not made again.

use std::cell::Cell;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::Source;
use serde::{Deserialize, Serialize};

use super::error::ViewError;
use super::result::View;
use super::settings::ViewSettings;
use super::{RECORD, RESULT, ViewOutput, ViewPage, ViewProgress, view};
use crate::Network;
use crate::data::prepare;
use crate::hash::sha256_of_file;
use crate::interpret::lens::{ColorBasis, ColorBasisFit, FeatureMaps, LensStep, TileConfig, rank};
use crate::output::{OutputError, OutputFolder};
use crate::record::{Input, NetworkUsed, Record};

/// Name of the file that says what a folder is for.
const SETTINGS: &str = "settings.json";

/// What a folder is for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Purpose {
    network: NetworkUsed,
    settings: ViewSettings,
}

/// A folder for views through one network by the same settings.
pub struct ViewFolder<'a> {
    folder: OutputFolder,
    run: &'a Path,
    network: &'a Network,
    purpose: Purpose,
    marked: Cell<bool>,
}

/// A view, and where it is.
#[derive(Debug)]
pub struct Viewed {
    /// Its folder.
    pub folder: OutputFolder,
    /// What was found.
    pub view: View,
    /// Whether it was there, whole, with the same image, network and settings.
    pub was_there: bool,
}

impl<'a> ViewFolder<'a> {
    /// The folder at `path` for views by `settings` through `network`, which was opened as `run`. One that
    /// was begun with the same is resumed, another with files in it is used only with `force`.
    ///
    /// # Errors
    /// If it holds other files, or the system refuses.
    pub fn open(
        path: &Path,
        force: bool,
        (run, network): (&'a Path, &'a Network),
        settings: &ViewSettings,
    ) -> Result<Self, OutputError> {
        let purpose = Purpose { network: NetworkUsed::of(run, network), settings: settings.clone() };
        let found = fs::read(path.join(SETTINGS)).ok();
        let found = found.and_then(|text| serde_json::from_slice::<Purpose>(&text).ok());
        let same = found.is_some_and(|found| found == purpose);
        let folder = OutputFolder::create(path, force || same)?;
        Ok(Self { folder, run, network, purpose, marked: Cell::new(same) })
    }

    /// The folder itself.
    pub fn folder(&self) -> &OutputFolder {
        &self.folder
    }

    /// The view of page `page` of the file that was read as `source`, in the folder `name` inside this one,
    /// or in this one itself. It is made unless it is there.
    ///
    /// # Errors
    /// See [`ViewError`].
    pub fn view(
        &self,
        source: &Source,
        page: usize,
        name: Option<&str>,
        (draw, progress): (ViewPage<'_>, &mut dyn FnMut(ViewProgress) -> ControlFlow<()>),
    ) -> Result<Viewed, ViewError> {
        let settings = ViewSettings { page, ..self.purpose.settings.clone() };
        let path = name.map_or(self.folder.path().to_owned(), |name| self.folder.file(name));
        if let Some(view) = self.finished(source, &settings, &path) {
            return Ok(Viewed { folder: OutputFolder::create(&path, true)?, view, was_there: true });
        }
        let prepared = prepare::source(source, &settings.prepare())?;
        if !self.marked.replace(true) {
            self.folder.write_json(SETTINGS, &self.purpose)?;
        }
        let folder = name.map_or(Ok(self.folder.clone()), |name| self.folder.folder(name))?;
        let output = ViewOutput { folder: &folder, page: draw };
        let from = (self.run, self.network);
        let (view, _) = view(&prepared, Input::of(source), from, &settings, output, progress)?;
        Ok(Viewed { folder, view, was_there: false })
    }

    /// The view in the folder at `path`, if it is of these bytes by this program, and whole.
    fn finished(&self, source: &Source, settings: &ViewSettings, path: &Path) -> Option<View> {
        let record: Record<ViewSettings> = serde_json::from_slice(&fs::read(path.join(RECORD)).ok()?).ok()?;
        let Some(Input::File { sha256, .. }) = &record.input else { return None };
        let same = record.program_version == env!("CARGO_PKG_VERSION")
            && record.settings == *settings
            && record.network.as_ref() == Some(&self.purpose.network)
            && sha256 == source.sha256();
        let whole = |(name, sha256): (&String, &String)| {
            sha256_of_file(&path.join(name)).is_ok_and(|found| found == *sha256)
        };
        if !same || !record.files.iter().all(whole) {
            return None;
        }
        serde_json::from_slice(&fs::read(path.join(RESULT)).ok()?).ok()
    }
}

/// One set of false colors for all micrographs of `images`, each a file and a page: for each layer of
/// `settings` a basis. Files that cannot be read or are too small are left out, since the view names them.
///
/// # Errors
/// If maps cannot be kept, or `progress` broke.
pub fn shared_colors(
    images: &[(PathBuf, usize)],
    network: &Network,
    settings: &ViewSettings,
    progress: &mut dyn FnMut(ViewProgress) -> ControlFlow<()>,
) -> Result<Vec<ColorBasis>, ViewError> {
    let n_layers = settings.layers.len();
    let mut fits = vec![ColorBasisFit::default(); n_layers];
    for (path, page) in images {
        let config = ViewSettings { page: *page, ..settings.clone() }.prepare();
        let Ok(prepared) = prepare::file(path, &config) else { continue };
        for (index, (layer, fit)) in settings.layers.iter().zip(&mut fits).enumerate() {
            let tiles = TileConfig::default();
            let mut report = |done, total| {
                progress(ViewProgress { layer: index, n_layers, step: LensStep::Maps, done, total })
            };
            let Some(least) = network.layer(layer).map(crate::Layer::least_px) else { continue };
            if prepared.plane.height().min(prepared.plane.width()) < least {
                continue;
            }
            let maps = FeatureMaps::of(network, layer, &prepared.plane, &tiles, &mut report)?;
            fit.add(&rank(&maps, settings.order)?);
        }
    }
    Ok(settings.layers.iter().zip(&fits).filter_map(|(layer, fit)| fit.basis(layer)).collect())
}
