//! Replay: makes a result again from its record and compares what comes out, byte by byte.
//!
//! One way for all commands that leave a record. Nothing is written unless record, input and network are
//! the same as they were. Pages come from whoever calls.

mod find;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::measure::file::MeasureStep;
use micrograph::regular;
use micrograph::{ReadError, Source};
use serde::Serialize;

use crate::Network;
use crate::data::dataset::{Dataset, DatasetError};
use crate::data::prepare::{self, PrepareError, Prepared};
use crate::hash::sha256;
use crate::interpret::ablate::{self, AblateError, AblateRecord, ConceptsUsed, ablate_file};
use crate::interpret::accentuate::{self, AccentuateRecord, accentuate_file};
use crate::interpret::circuit::{self, CircuitError, CircuitRecord, circuit_files};
use crate::interpret::concept::{self, ConceptError, ConceptNames, ConceptRecord, concept_files, concepts};
use crate::interpret::explain::{self, ExplainError, ExplainRecord, Explainer, explain_file};
use crate::interpret::gallery::{Gallery, GalleryError, GalleryProgress, VisualRecord};
use crate::interpret::view::{ViewError, ViewOutput, ViewPage, ViewProgress, ViewSettings, view};
use crate::measure::{MeasureError, MeasureNetworks, MeasureRecord, PatternNetwork, measure_as};
use crate::output::{OutputError, OutputFolder, json_text};
use crate::record::{self, Input, NetworkUsed, Record, RecordError};
use crate::segment::{self, SegmentError, SegmentRecord, segment_file};

/// What is made again.
#[derive(Clone, Copy, Debug)]
pub struct ReplayInput<'a> {
    /// The record.
    pub record: &'a Path,
    /// A folder in which the image is looked for by its content, where it is not where it was.
    pub images: Option<&'a Path>,
}

/// Where a replay writes, and who makes its pages.
#[derive(Clone, Copy)]
pub struct ReplayOutput<'a> {
    /// The folder.
    pub path: &'a Path,
    /// Whether it may hold files already.
    pub force: bool,
    /// Makes the page of a view.
    pub page: ViewPage<'a>,
}

/// Where a replay stands.
#[derive(Clone, Copy, Debug)]
pub enum ReplayProgress {
    /// A view.
    View(ViewProgress),
    /// A measurement.
    Measure(MeasureStep),
    /// A segmentation: scales that are done, and how many there are.
    Segment(usize, usize),
    /// An explanation, or a network or a micrograph that is changed.
    Explain,
    /// Pictures of a unit.
    Gallery(GalleryProgress),
}

/// Why a replay failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ReplayError {
    /// The record cannot be used; the error names it.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is of a command whose results are not made again.
    #[error(
        "{}: expected a record of lens, visualize, measure, segment, explain, concepts, accentuate, ablate or circuit, found one of `{command}`",
        path.display()
    )]
    Command { path: PathBuf, command: String },
    /// A folder instead of a record.
    #[error(
        "{}: a folder, expected a record in it: record.json of lens, concepts.json of concepts, circuit.json of circuit, or the JSON file beside a picture of measure, segment, explain, accentuate, ablate or visualize",
        path.display()
    )]
    Folder { path: PathBuf },
    /// The record lacks what its command needs.
    #[error("{}: the record names no {what}", path.display())]
    Lacks { path: PathBuf, what: &'static str },
    /// The input could not be read; the error names it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The input is not where it was; the error names it.
    #[error("{}: {source}; nor is a file of the same content beside the record: name the folder of the images with --images", record.display())]
    NotThere { record: PathBuf, source: ReadError },
    /// The folder of images does not hold the input.
    #[error("{}: no image in {} has the SHA-256 {sha256} of the record", record.display(), folder.display())]
    NotIn { record: PathBuf, folder: PathBuf, sha256: String },
    /// The folder of images cannot be listed; the error names it.
    #[error(transparent)]
    Images(#[from] DatasetError),
    /// The input is not what it was.
    #[error("{}: the SHA-256 of {} is {found}, the record says {expected}", record.display(), image.display())]
    Input { record: PathBuf, image: PathBuf, found: String, expected: String },
    /// The input could not be prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The record names a file that is none in a folder of results.
    #[error("{}: `{name}` is no name of a result", record.display())]
    Name { record: PathBuf, name: String },
    /// The view could not be made.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The image could not be measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The image could not be segmented.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The image could not be explained.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The concepts could not be found.
    #[error(transparent)]
    Concepts(#[from] ConceptError),
    /// The data set is not what it was.
    #[error("{}: the SHA-256 of the micrographs of {} is {found}, the record says {expected}", record.display(), data.display())]
    Data { record: PathBuf, data: PathBuf, found: String, expected: String },
    /// Units could not be switched off or up.
    #[error(transparent)]
    Ablate(#[from] AblateError),
    /// A unit could not be taken apart.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The pictures could not be made.
    #[error("{}: {source}", record.display())]
    Gallery { record: PathBuf, source: GalleryError },
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The result came out with other bytes.
    #[error("{}: other bytes than recorded{}: {}", record.display(), by_other(version), files.join(", "))]
    Differs { record: PathBuf, version: String, files: Vec<String> },
}

/// A result that came out the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Files that have the bytes of the record.
    pub n_files: usize,
}

/// Makes the result of a record again, into the folder of `output`.
///
/// # Errors
/// If the record, its input or its network changed, or a file comes out with other bytes.
pub fn replay(
    from: ReplayInput<'_>,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let path = from.record;
    if path.is_dir() {
        return Err(ReplayError::Folder { path: path.to_owned() });
    }
    let bytes = regular::read(path, regular::LARGEST)
        .map_err(|source| RecordError::Io { path: path.to_owned(), source })?;
    match record::head(path, &bytes)?.command.as_str() {
        "lens" => lens(from, record::parsed(path, &bytes)?, output, progress),
        "measure" => measurement((from, &bytes), &record::parsed(path, &bytes)?, output, progress),
        segment::COMMAND => segmentation((from, &bytes), &record::parsed(path, &bytes)?, output, progress),
        explain::COMMAND => explanation((from, &bytes), &record::parsed(path, &bytes)?, output, progress),
        concept::COMMAND => concepts_again((path, &bytes), &record::parsed(path, &bytes)?, output, progress),
        accentuate::COMMAND => accentuation((from, &bytes), &record::parsed(path, &bytes)?, output, progress),
        ablate::COMMAND => ablation((from, &bytes), &record::parsed(path, &bytes)?, output, progress),
        circuit::COMMAND => parts_of_a_unit((path, &bytes), &record::parsed(path, &bytes)?, output, progress),
        "visualize" => pictures(path, &record::parsed(path, &bytes)?, output, progress),
        command => Err(ReplayError::Command { path: path.to_owned(), command: command.to_owned() }),
    }
}

fn lens(
    from: ReplayInput<'_>,
    record: Record<ViewSettings>,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let path = from.record;
    let lacks = |what| ReplayError::Lacks { path: path.to_owned(), what };
    let used = record.network.as_ref().ok_or_else(|| lacks("network"))?;
    let input = record.input.as_ref().ok_or_else(|| lacks("input"))?;
    let network = opened(path, used)?;
    let prepared: Prepared = match input {
        Input::File { path: image, sha256 } => {
            let source = find::input(path, image, sha256, from.images)?;
            let mut prepared = prepare::source(&source, &record.settings.prepare())?;
            // wherever it was found
            prepared.facts.path.clone_from(image);
            prepared
        }
        Input::Specimen { name } => prepare::built_in(name)?,
    };
    let folder = OutputFolder::create(output.path, output.force)?;
    let to = ViewOutput { folder: &folder, page: output.page };
    let from = (used.run.as_path(), &network);
    let (_, files) = view(&prepared, input.clone(), from, &record.settings, to, &mut |at| {
        progress(ReplayProgress::View(at))
    })?;
    compared(path, &record.program_version, &record.files, &files)
}

fn measurement(
    (from, bytes): (ReplayInput<'_>, &[u8]),
    kept: &MeasureRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let (path, record) = (from.record, &kept.record);
    let (source, input) = file_of(from, record)?;
    let network = record.network.as_ref().map(|used| opened(path, used)).transpose()?;
    let pattern = record
        .network
        .as_ref()
        .zip(network.as_ref())
        .map(|(used, network)| PatternNetwork::new(&used.run, network, record.settings.unit.as_deref()))
        .transpose()?;
    let segmenter = kept.segmenter.as_ref().map(|used| opened(path, used)).transpose()?;
    let segmenter = segmenter.as_ref().zip(kept.segmenter.clone());
    let mut networks = MeasureNetworks { pattern, segmenter };
    let name = name_of_overlay(path, &record.files)?;
    let again = measure_as((&source, input.clone()), &name, &record.settings, &mut networks, &mut |step| {
        progress(ReplayProgress::Measure(step))
    })?;
    written_again((from, bytes), (&record.files, &record.program_version), (&name, &again.files), output)
}

fn segmentation(
    (from, bytes): (ReplayInput<'_>, &[u8]),
    kept: &SegmentRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let (path, record) = (from.record, &kept.record);
    let (source, input) = file_of(from, record)?;
    let (network, used) = network_of(path, record)?;
    let name = name_of_overlay(path, &record.files)?;
    let by = (&network, used.clone());
    let again = segment_file((&source, input.clone()), &name, by, &record.settings, &mut |n_done, n| {
        progress(ReplayProgress::Segment(n_done, n))
    })?;
    written_again((from, bytes), (&record.files, &record.program_version), (&name, &again.files), output)
}

fn explanation(
    (from, bytes): (ReplayInput<'_>, &[u8]),
    kept: &ExplainRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let (path, record) = (from.record, &kept.record);
    let (source, input) = file_of(from, record)?;
    let (network, used) = network_of(path, record)?;
    let name = name_before(path, &record.files, ".micrograph.jpg")?;
    let folder = OutputFolder::create(output.path, output.force)?;
    let by = Explainer { network: &network, used: used.clone(), references: None };
    let mut tick = || progress(ReplayProgress::Explain);
    let again = explain_file((&source, input.clone()), &name, by, &record.settings, &folder, &mut tick)?;
    let files = with_record(again.hashes, &name, &json_text(&again.record)?);
    compared(path, &record.program_version, &with_record(record.files.clone(), &name, bytes), &files)
}

fn accentuation(
    (from, bytes): (ReplayInput<'_>, &[u8]),
    kept: &AccentuateRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let (path, record) = (from.record, &kept.record);
    let (source, input) = file_of(from, record)?;
    let (network, used) = network_of(path, record)?;
    let name = name_before(path, &record.files, ".micrograph.jpg")?;
    let folder = OutputFolder::create(output.path, output.force)?;
    let (image, by) = ((&source, input.clone()), (&network, used.clone()));
    let mut tick = || progress(ReplayProgress::Explain);
    let again = accentuate_file(image, &name, by, &record.settings, &folder, &mut tick)?;
    let files = with_record(again.hashes, &name, &json_text(&again.record)?);
    compared(path, &record.program_version, &with_record(record.files.clone(), &name, bytes), &files)
}

fn ablation(
    (from, bytes): (ReplayInput<'_>, &[u8]),
    kept: &AblateRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let (path, record) = (from.record, &kept.record);
    let (source, input) = file_of(from, record)?;
    let (network, used) = network_of(path, record)?;
    let name = name_before(path, &record.files, ".micrograph.jpg")?;
    let folder = OutputFolder::create(output.path, output.force)?;
    let bank = record.settings.concepts.as_ref().map(ConceptsUsed::again).transpose()?;
    let (image, by) = ((&source, input.clone()), (&network, used.clone(), bank.as_ref()));
    let mut tick = || progress(ReplayProgress::Explain);
    let again = ablate_file(image, &name, by, &record.settings, &folder, &mut tick)?;
    let files = with_record(again.hashes, &name, &json_text(&again.record)?);
    compared(path, &record.program_version, &with_record(record.files.clone(), &name, bytes), &files)
}

fn parts_of_a_unit(
    (path, bytes): (&Path, &[u8]),
    kept: &CircuitRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let record = &kept.record;
    let (network, used) = network_of(path, record)?;
    let folder = OutputFolder::create(output.path, output.force)?;
    let by = (&network, used.clone());
    let again = circuit_files(by, &record.settings, &folder, &mut |_| progress(ReplayProgress::Explain))?;
    let files = with_record(again.record.files.clone(), circuit::COMMAND, &json_text(&again)?);
    let recorded = with_record(record.files.clone(), circuit::COMMAND, bytes);
    compared(path, &record.program_version, &recorded, &files)
}

fn concepts_again(
    (path, bytes): (&Path, &[u8]),
    kept: &ConceptRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let (record, settings) = (&kept.record, &kept.record.settings);
    let (network, used) = network_of(path, record)?;
    let dataset = Dataset::open(&settings.data, &settings.dataset)?;
    let (found, expected) = (dataset.digest()?, settings.data_digest.clone());
    if found != expected {
        let (record, data) = (path.to_owned(), settings.data.clone());
        return Err(ReplayError::Data { record, data, found, expected });
    }
    let folder = OutputFolder::create(output.path, output.force)?;
    let mut on = |_| progress(ReplayProgress::Explain);
    let again = concepts(&network, &dataset, &settings.concepts, &mut on)?;
    let names = ConceptNames::of_found(&kept.found);
    let again = concept_files(&again, used.clone(), settings.clone(), Some(&names), &folder)?;
    let files = with_record(again.record.files.clone(), concept::COMMAND, &json_text(&again)?);
    let recorded = with_record(record.files.clone(), concept::COMMAND, bytes);
    compared(path, &record.program_version, &recorded, &files)
}

/// Hashes of files, and that of the record called `name`, as it holds the numbers.
fn with_record(
    mut files: BTreeMap<String, String>,
    name: &str,
    record: impl AsRef<[u8]>,
) -> BTreeMap<String, String> {
    files.insert(format!("{name}.json"), sha256(record));
    files
}

/// What stands before `end` in the name of one of `files`, with which the names of all files of an image begin.
fn name_before(path: &Path, files: &BTreeMap<String, String>, end: &str) -> Result<String, ReplayError> {
    let lacks = || ReplayError::Lacks { path: path.to_owned(), what: "micrograph" };
    plain(path, files.keys().find_map(|file| file.strip_suffix(end)).ok_or_else(lacks)?)
}

/// The file that a result of the record was made from, read again.
fn file_of<'a, S>(from: ReplayInput<'_>, record: &'a Record<S>) -> Result<(Source, &'a Input), ReplayError> {
    match &record.input {
        Some(input @ Input::File { path: image, sha256: content }) => {
            Ok((find::input(from.record, image, content, from.images)?, input))
        }
        _ => Err(ReplayError::Lacks { path: from.record.to_owned(), what: "file" }),
    }
}

/// The network that a result of the record at `path` was made with, opened again.
fn network_of<'a, S>(path: &Path, record: &'a Record<S>) -> Result<(Network, &'a NetworkUsed), ReplayError> {
    let used = record.network.as_ref();
    let used = used.ok_or_else(|| ReplayError::Lacks { path: path.to_owned(), what: "network" })?;
    Ok((opened(path, used)?, used))
}

/// Writes the `files` that came out again for the image `name`, and compares them with the `recorded` ones and the record's
/// own `bytes`, as it holds the numbers.
fn written_again(
    (from, bytes): (ReplayInput<'_>, &[u8]),
    (recorded, version): (&BTreeMap<String, String>, &str),
    (name, files): (&str, &[(String, Vec<u8>)]),
    output: ReplayOutput<'_>,
) -> Result<Replayed, ReplayError> {
    let folder = OutputFolder::create(output.path, output.force)?;
    for (name, bytes) in files {
        folder.write(name, bytes)?;
    }
    let recorded = with_record(recorded.clone(), name, bytes);
    let found = files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
    compared(from.record, version, &recorded, &found)
}

/// The name that all `files` of an image begin with, whatever the record is called by now: the overlay's is the
/// shortest.
fn name_of_overlay(path: &Path, files: &BTreeMap<String, String>) -> Result<String, ReplayError> {
    let name = files.keys().filter_map(|file| file.strip_suffix(".png")).min_by_key(|name| name.len());
    let lacks = || ReplayError::Lacks { path: path.to_owned(), what: "overlay" };
    plain(path, name.ok_or_else(lacks)?)
}

/// `name`, which comes from outside: of files in the folder, and of no others.
fn plain(path: &Path, name: &str) -> Result<String, ReplayError> {
    let name = name.to_owned();
    if name.starts_with('.') || name.contains(['/', '\\', ':', '\0']) {
        return Err(ReplayError::Name { record: path.to_owned(), name });
    }
    Ok(name)
}

fn pictures(
    path: &Path,
    kept: &VisualRecord,
    output: ReplayOutput<'_>,
    progress: &mut dyn FnMut(ReplayProgress) -> ControlFlow<()>,
) -> Result<Replayed, ReplayError> {
    let failed = |source| ReplayError::Gallery { record: path.to_owned(), source };
    let record = &kept.record;
    let used = record.network.as_ref();
    let used = used.ok_or_else(|| ReplayError::Lacks { path: path.to_owned(), what: "network" })?;
    let network = opened(path, used)?;
    let gallery = Gallery::again(&network, record).map_err(failed)?;
    let folder = OutputFolder::create(output.path, output.force)?;
    let objectives = [kept.objective.clone()];
    let made = gallery
        .make(&objectives, &folder, &mut |at| progress(ReplayProgress::Gallery(at)))
        .map_err(failed)?;
    let files = made.into_iter().next().map(|made| made.record.files).unwrap_or_default();
    compared(path, &record.program_version, &record.files, &files)
}

/// The network of the record at `path`, from where it was or from beside the record.
fn opened(path: &Path, used: &NetworkUsed) -> Result<Network, ReplayError> {
    let places = find::places_of_run(path, &used.run);
    let mut first = None;
    for run in places {
        match (NetworkUsed { run, ..used.clone() }).open() {
            Ok(network) => return Ok(network),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.expect("the recorded place is one").into())
}

/// An error that names the files which came out with other bytes.
fn compared(
    path: &Path,
    version: &str,
    recorded: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Result<Replayed, ReplayError> {
    let differ = recorded.iter().filter(|(name, hash)| found.get(*name) != Some(hash));
    let files: Vec<String> = differ.map(|(name, _)| name.clone()).collect();
    if files.is_empty() {
        return Ok(Replayed { n_files: recorded.len() });
    }
    Err(ReplayError::Differs { record: path.to_owned(), version: version.to_owned(), files })
}

/// Which version made a record, where it is not this one.
fn by_other(version: &str) -> String {
    if version == env!("CARGO_PKG_VERSION") { String::new() } else { format!(" (made by version {version})") }
}
