//! Survey: a network over a data set that is too large for one machine, in shards that are merged.
//!
//! Each micrograph gives one row: what its file says, a thumbnail, and the largest and mean activation of every
//! channel of some layers. A row depends on the micrograph, the network and the instruction set alone, not on other
//! micrographs. [`survey_shard`] writes the rows of one [`Shard`], chosen by the content of the files; [`merge`] takes
//! the union of any parts in any order, and makes of it what needs all rows: statistics, exemplars, near-duplicates,
//! differences between classes. So the result of many machines has the bytes of that of one. Format of the folders:
//! `docs/survey.md`.

mod columns;
mod error;
mod header;
mod input;
mod map;
mod part;
mod reduce;
mod row;
mod shard;
mod store;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::Network;
use crate::data::dataset::Skipped;
use crate::interpret::differential::Question;
use crate::interpret::exemplar::ActivationReader;
use crate::output::OutputFolder;

pub use error::SurveyError;
pub use header::{SurveyHeader, SurveyLayer};
pub use input::SurveyInput;
pub use part::is_part;
pub use reduce::{ComparedClasses, Survey};
pub use shard::Shard;

use part::Part;
use row::Key;
use store::Store;

/// Micrographs that are written together: at most so many are lost when a machine is switched off.
const CHUNK: usize = 64;

/// What decides about a shard besides network and micrographs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurveyConfig {
    /// The layers; the usual ones if none is named.
    pub layers: Vec<String>,
    /// The shard.
    pub shard: Shard,
    /// Whether a shard that was begun with another instruction set is continued; the part then names both.
    pub mixed: bool,
}

/// How parts are merged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergeConfig {
    /// Classes to compare.
    pub questions: Vec<Question>,
    /// Whether shards may be missing; the result is then a part, without what needs all rows.
    pub partial: bool,
    /// Whether parts of different instruction sets are merged; the result then names all of them.
    pub mixed: bool,
}

/// What came of a shard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SurveyedShard {
    /// The shard.
    pub shard: Shard,
    /// Micrographs of the shard that were read.
    pub n_micrographs: usize,
    /// Those of them that were read now; the others were there.
    pub n_new: usize,
    /// Micrographs of the shard that could not be read.
    pub skipped: Vec<Skipped>,
}

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Merged {
    /// All micrographs are there.
    Whole(Box<Survey>),
    /// Some are missing.
    Part {
        /// The shards that are there.
        shards: BTreeSet<Shard>,
        /// Their micrographs, those that could not be read among them.
        n_micrographs: usize,
        /// Micrographs of the data set.
        n_expected: usize,
    },
}

/// Runs the layers of `network` over the micrographs of `input` that belong to `config.shard`, and keeps their rows
/// in the folder `out`. What `out` holds already is not read again. `progress` is given the number of micrographs that
/// are done and of all of the shard; on [`ControlFlow::Break`] the work ends, and finished micrographs are kept.
///
/// # Errors
/// If there is no such layer, the network's images are not grey, `out` holds the part of another network, other
/// settings or, unless `config.mixed`, another instruction set, is damaged or cannot be written, or `progress` ended
/// the work.
pub fn survey_shard(
    network: &Network,
    input: &SurveyInput,
    config: &SurveyConfig,
    out: &OutputFolder,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<SurveyedShard, SurveyError> {
    let usual = || ActivationReader::usual_layers(network);
    let layers = if config.layers.is_empty() { usual() } else { config.layers.clone() };
    let reader = ActivationReader::new(network, &layers)?;
    let work = input.of_shard(config.shard)?;
    let header = SurveyHeader::new(network, reader.layers(), input)?;
    let mut part = Part::begin(out, header, config)?;
    let new = part.keep_only(&work);
    // at once, so that a folder whose first rows a kill interrupted is known for one that may be continued
    part.add(out, Vec::new())?;
    let (n_all, mut n_done) = (work.len(), work.len() - new.len());
    let n_before = n_done;
    if progress(n_done, n_all).is_break() {
        return Err(SurveyError::Cancelled);
    }
    let mut skipped: Vec<(Key, String)> = Vec::new();
    for few in new.chunks(CHUNK) {
        let read = map::read(&reader, few, input.prepare(), &mut || {
            n_done += 1;
            progress(n_done, n_all)
        })
        .ok_or(SurveyError::Cancelled)?;
        let mut rows = Vec::new();
        for (read, member) in read.into_iter().zip(few) {
            match read {
                Ok(row) => rows.push(row),
                Err(reason) => {
                    let (sha256, file) = (member.sha256.clone(), member.file().to_owned());
                    skipped.push((Key { sha256, file }, reason));
                }
            }
        }
        part.add(out, rows)?;
    }
    let n_new = new.len() - skipped.len();
    part.finish(out, skipped.clone())?;
    let mut skipped: Vec<Skipped> =
        skipped.into_iter().map(|(Key { file, .. }, reason)| Skipped { file, reason }).collect();
    skipped.sort_unstable();
    Ok(SurveyedShard { shard: config.shard, n_micrographs: n_before + n_new, n_new, skipped })
}

/// Merges `parts` into the folder `out`: the union of their rows, in an order of its own, and what needs all of them.
/// A folder of `parts` may hold parts in its folders. Parts may overlap, and come in any order.
///
/// # Errors
/// If a folder holds no part, a part is damaged, unfinished or of another network, version, data set or, unless
/// `config.mixed`, instruction set than the first; two parts differ in what they say of a micrograph; micrographs are
/// missing, unless `config.partial`; a class to compare does not occur; or `out` cannot be written.
pub fn merge(parts: &[PathBuf], config: &MergeConfig, out: &OutputFolder) -> Result<Merged, SurveyError> {
    let mut all: Option<Part> = None;
    let store = Arc::new(Store::new(out.path())?);
    for path in part::folders(parts, out.path())? {
        let part = Part::read(&path, &store)?;
        all = Some(match all {
            None => part,
            Some(all) => all.union(part, config.mixed)?,
        });
    }
    let Some(part) = all else { return Err(SurveyError::NoParts) };
    part.check_mixed(config.mixed)?;
    let missing = part.n_missing();
    if missing == 0 || config.partial {
        part.announce(out)?;
    }
    if missing > 0 && !config.partial {
        return Err(part.incomplete());
    }
    if missing > 0 {
        let merged = Merged::Part {
            shards: part.shards().clone(),
            n_micrographs: part.n_members(),
            n_expected: part.header().n_micrographs,
        };
        part.write(out)?;
        return Ok(merged);
    }
    finish_whole(part, &config.questions, out).map(|survey| Merged::Whole(Box::new(survey)))
}

/// Makes of the finished shard `1/1` in `out` the whole result, as [`merge`] does.
///
/// # Errors
/// As [`merge`].
pub fn finish(questions: &[Question], out: &OutputFolder) -> Result<Survey, SurveyError> {
    let part = Part::read(out.path(), &Arc::new(Store::new(out.path())?))?;
    if part.n_missing() > 0 {
        return Err(part.incomplete());
    }
    finish_whole(part, questions, out)
}

fn finish_whole(part: Part, questions: &[Question], out: &OutputFolder) -> Result<Survey, SurveyError> {
    let part = part.whole();
    if part.rows().is_empty() {
        let skipped = part.skipped();
        let first = skipped.first().map(|first| format!("{}: {}", first.file, first.reason));
        return Err(SurveyError::NoMicrograph { n_skipped: skipped.len(), first: first.unwrap_or_default() });
    }
    let reduced = reduce::reduce(&part, questions, out.path())?;
    let mut files = BTreeMap::new();
    for (name, text) in reduced.tables(part.skipped()) {
        out.write(name, text.as_bytes())?;
        files.insert(name.to_owned(), crate::hash::sha256(text));
    }
    let survey = reduced.survey(&part, files);
    out.write_json("survey.json", &survey)?;
    // last: what a kill left unfinished is made again
    part.write(out)?;
    Ok(survey)
}

/// The folder of a shard inside `parent`, e.g. `shard-03-of-16`.
pub fn shard_folder(parent: &Path, shard: Shard) -> PathBuf {
    parent.join(shard.folder_name())
}
