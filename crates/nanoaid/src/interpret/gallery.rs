//! Gallery: feature visualizations of many units as files in a folder, each with the record that
//! makes it again.
//!
//! [`Gallery::complete`] makes what a folder lacks: pictures that are there with the same settings
//! and whole files are kept. Micrographs of a data set give the mean spectrum, the paths through the
//! network and the colors ([`Sources`]). How a picture is found is [`super::visualize`]'s.

mod error;
mod materials;
mod picture;
mod record;
mod scans;
#[cfg(test)]
mod tests;

pub use error::GalleryError;
pub use materials::{SourceWarning, Sources};
pub use picture::{first_picture, first_picture_name, sheet, sheet_title};
pub use record::{DataUsed, VisualOutcome, VisualRecord, VisualSettings, scan_caption};

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use crate::Network;
use crate::hash::sha256_of_file;
use crate::interpret::visualize::{Event, Objective, Visualization, VisualizeConfig, visualize};
use crate::output::{OutputError, OutputFolder};
use crate::record::{NetworkUsed, Record};
use materials::Gathered;
use record::record_name;
use scans::ScansOfLayers;

/// Name of the file that says with which settings a folder was filled.
const SETTINGS: &str = "settings.json";

/// How far the pictures are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GalleryProgress {
    /// Pictures that are finished.
    pub n_done: usize,
    /// Pictures that are to be made; those that were there are not counted.
    pub n_pictures: usize,
    /// The last step that was done, from 1.
    pub step: usize,
    /// Most steps of a picture.
    pub steps: usize,
    /// Share of all steps of all pictures that is done, in `[0, 1]`.
    pub share: f64,
}

/// What hears of progress; where it breaks, the work ends at the next step.
pub type OnProgress<'a> = dyn FnMut(GalleryProgress) -> ControlFlow<()> + 'a;

/// A network and everything else that decides about pictures of its units, but the objectives.
pub struct Gallery<'a> {
    network: &'a Network,
    /// What the records of all pictures have in common.
    common: Record<VisualSettings>,
    gathered: Gathered,
}

impl<'a> Gallery<'a> {
    /// Pictures of units of `network`, which was opened as `run`, by `config` and with the
    /// micrographs of `sources`.
    ///
    /// # Errors
    /// If a micrograph cannot be read or is too small, or `config` needs some and there are none.
    pub fn new(
        network: &'a Network,
        run: &Path,
        config: VisualizeConfig,
        sources: &Sources,
    ) -> Result<Self, GalleryError> {
        let gathered = Gathered::read(sources, network, &config)?;
        let settings = VisualSettings {
            config,
            data: gathered.data.clone(),
            start: gathered.start_input(),
            compare: gathered.compare_input(),
            scan: true,
        };
        let used = NetworkUsed::of(run, network);
        Ok(Self { network, common: Record::new("visualize", None, Some(used), settings), gathered })
    }

    /// The same without looking for the gratings that drive the units most, which takes minutes for deep layers.
    pub fn without_scans(mut self) -> Self {
        self.common.settings.scan = false;
        self
    }

    /// The same pictures again, as `common` says, by `network`, which [`NetworkUsed::open`] opened; all
    /// files have to be those that it names.
    ///
    /// # Errors
    /// If something has changed since, or cannot be read.
    pub fn again(network: &'a Network, common: &Record<VisualSettings>) -> Result<Self, GalleryError> {
        let gathered = Gathered::again(&common.settings, network)?;
        let Record { command, input, network: used, settings, .. } = common.clone();
        Ok(Self { network, common: Record::new(&command, input, used, settings), gathered })
    }

    /// Everything besides the objective that decides about a picture.
    pub fn settings(&self) -> &VisualSettings {
        &self.common.settings
    }

    /// What to know about the micrographs that were read.
    pub fn warnings(&self) -> &[SourceWarning] {
        &self.gathered.warnings
    }

    /// The folder `path` for these pictures. One that was begun with the same settings is resumed,
    /// another with files in it is used only with `force`.
    ///
    /// # Errors
    /// If it holds other files, or the system refuses.
    pub fn folder(&self, path: &Path, force: bool) -> Result<OutputFolder, OutputError> {
        let same = fs::read(path.join(SETTINGS))
            .ok()
            .and_then(|text| serde_json::from_slice::<Record<VisualSettings>>(&text).ok())
            .is_some_and(|found| self.is_alike(&found));
        let folder = OutputFolder::create(path, force || same)?;
        folder.write_json(SETTINGS, &self.common)?;
        Ok(folder)
    }

    /// Makes the pictures of `objectives` that `folder` lacks; returns the records of all, in their
    /// order.
    ///
    /// # Errors
    /// If a picture cannot be made or written, or `on` breaks; what was written stays.
    pub fn complete(
        &self,
        objectives: &[Objective],
        folder: &OutputFolder,
        on: &mut OnProgress<'_>,
    ) -> Result<Vec<VisualRecord>, GalleryError> {
        let mut records: Vec<Option<VisualRecord>> =
            objectives.iter().map(|objective| self.finished(objective, folder)).collect();
        let missing: Vec<usize> = (0..records.len()).filter(|&index| records[index].is_none()).collect();
        let wanted: Vec<Objective> = missing.iter().map(|&index| objectives[index].clone()).collect();
        for (index, record) in missing.into_iter().zip(self.make(&wanted, folder, on)?) {
            records[index] = Some(record);
        }
        Ok(records.into_iter().flatten().collect())
    }

    /// Makes the pictures of all `objectives`, writes each into `folder` as it is finished, and
    /// returns their records in the order of `objectives`.
    ///
    /// # Errors
    /// As [`Self::complete`].
    pub fn make(
        &self,
        objectives: &[Objective],
        folder: &OutputFolder,
        on: &mut OnProgress<'_>,
    ) -> Result<Vec<VisualRecord>, GalleryError> {
        let mut paths = self.gathered.paths(self.network, &self.common.settings.config);
        let VisualizeConfig { height, width, .. } = self.common.settings.config;
        let mut scans = ScansOfLayers::new(self.network, [height, width]);
        let mut records: Vec<Option<VisualRecord>> = vec![None; objectives.len()];
        self.climb(objectives, on, &mut |index, visualization| {
            let (nearness, warning) = paths.compare(&objectives[index], &visualization.pictures[0]);
            let scan = if self.common.settings.scan { scans.of(&visualization.objective) } else { None };
            let mut outcome = VisualOutcome::of(visualization, nearness, scan, &self.common.settings.config);
            outcome.add(warning);
            records[index] = Some(self.written(&objectives[index], visualization, outcome, folder)?);
            Ok(())
        })?;
        Ok(records.into_iter().flatten().collect())
    }

    /// Takes the first steps of the pictures of `objectives` and writes nothing, until `on` breaks
    /// or all pictures are finished: to learn how long they take.
    ///
    /// # Errors
    /// If a picture cannot be made.
    pub fn try_out(&self, objectives: &[Objective], on: &mut OnProgress<'_>) -> Result<(), GalleryError> {
        match self.climb(objectives, on, &mut |_, _| Ok(())) {
            Err(GalleryError::Cancelled) => Ok(()),
            ended => ended,
        }
    }

    /// The record of `objective`, if it was made with these settings and its files are whole.
    fn finished(&self, objective: &Objective, folder: &OutputFolder) -> Option<VisualRecord> {
        let text = fs::read(folder.file(&record_name(objective))).ok()?;
        let record: VisualRecord = serde_json::from_slice(&text).ok()?;
        let whole = |(name, sha256): (&String, &String)| {
            sha256_of_file(&folder.file(name)).is_ok_and(|found| found == *sha256)
        };
        let same = record.objective == *objective && self.is_alike(&record.record);
        (same && record.record.files.iter().all(whole)).then_some(record)
    }

    /// Whether pictures of `record` were made with this network and these settings.
    fn is_alike(&self, record: &Record<VisualSettings>) -> bool {
        record.network == self.common.network && record.settings == self.common.settings
    }

    /// Climbs `objectives`; each picture goes to `keep` as it is finished. An error of `keep`, and
    /// `on` where it breaks, end all ascents.
    fn climb(
        &self,
        objectives: &[Objective],
        on: &mut OnProgress<'_>,
        keep: &mut dyn FnMut(usize, &Visualization) -> Result<(), GalleryError>,
    ) -> Result<(), GalleryError> {
        let resolved = self.gathered.resolved(self.network, objectives)?;
        let (mut n_done, n_pictures) = (0, objectives.len());
        let mut ended = Ok(());
        let climbed = visualize(
            self.network,
            &resolved,
            &self.common.settings.config,
            self.gathered.materials(),
            self.gathered.compare(),
            &mut |event| {
                let goes_on = match event {
                    Event::Step { step, steps, share } => {
                        let progress = GalleryProgress { n_done, n_pictures, step, steps, share };
                        if on(progress).is_break() { Err(GalleryError::Cancelled) } else { Ok(()) }
                    }
                    Event::Snapshot { .. } => Ok(()), // the finished picture has them all
                    Event::Done { index, visualization } => {
                        n_done += 1;
                        keep(index, visualization)
                    }
                };
                match goes_on {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        ended = Err(error);
                        ControlFlow::Break(())
                    }
                }
            },
        );
        // why it was cancelled comes before that it was
        ended?;
        Ok(climbed?)
    }

    /// Writes a picture and its record.
    fn written(
        &self,
        objective: &Objective,
        found: &Visualization,
        outcome: VisualOutcome,
        folder: &OutputFolder,
    ) -> Result<VisualRecord, GalleryError> {
        let files = picture::write(found, objective, &outcome, &self.common.settings, folder)?;
        let record = Record { files, ..self.common.clone() };
        let record = VisualRecord { record, objective: objective.clone(), outcome };
        // last: a record says that its pictures are there
        folder.write_json(&record_name(objective), &record)?;
        Ok(record)
    }
}
