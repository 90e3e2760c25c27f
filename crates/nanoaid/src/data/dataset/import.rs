//! Import: micrographs from archives, folders and indexes into one folder with an index.
//!
//! The folder holds each content once, its index says where it came from and its SHA-256; files that were not taken
//! are listed in the report. Importing again adds what is new and changes only that, so an import that was
//! interrupted is finished by repeating it. Nothing is downloaded here.

pub(super) mod archive;
pub(super) mod name;
mod store;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::file::write_whole;
use micrograph::read::{self, ReadConfig};
use micrograph::regular;
use rayon::prelude::*;
use serde::Serialize;

use super::category::{self, Notice};
use super::folder::{self, Files};
use super::{DatasetError, Only, Skipped, Split, index};
use crate::hash::sha256;
use archive::{ArchiveError, Content};
use store::Store;

/// How micrographs are imported.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportConfig {
    /// Rows of an index to take: those that all of these admit. Other sources have no rows to
    /// choose from and are refused then.
    pub only: Vec<Only>,
    /// Whether files are hard-linked instead of copied; what comes from archives is written.
    pub link: bool,
    /// Most bytes of one image file.
    pub most_file_bytes: u64,
    /// Most bytes that one archive may unpack to.
    pub most_archive_bytes: u64,
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            link: false,
            most_file_bytes: 256 << 20,   // 8192 × 8192 pixels of 32 bits
            most_archive_bytes: 64 << 30, // NFFA's ten archives together have 13 GiB
        }
    }
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Micrographs that were added.
    pub n_new: usize,
    /// Micrographs of the sources that were there already, whole.
    pub n_there: usize,
    /// Files that were damaged or missing and were written again, in the order of the sources.
    pub restored: Vec<String>,
    /// Files of the sources that hold what another one holds, in the order of the sources.
    pub same_content: Vec<SameContent>,
    /// What was not taken though it should be an image, and why, in the order of the sources.
    pub skipped: Vec<Skipped>,
    /// Files that are no images by their ending.
    pub n_other: usize,
    /// Micrographs of each category that the folder now has; `None`: not known.
    pub categories: Vec<(Option<String>, usize)>,
    /// What to know about how categories were spelled.
    pub notices: Vec<Notice>,
}

/// A file that was not added since its content is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SameContent {
    /// The file, by its source.
    pub source: String,
    /// The file of the data set that holds the same.
    pub file: String,
    /// The categories of both, where they differ: which one is right is not known here.
    pub categories: Option<[Option<String>; 2]>,
}

/// Imports `sources` into the folder `to`, which is made if it is not there. Sources are
/// * archives (`.tar`, `.tar.gz`, `.tgz`): NFFA's names give the category, `L3_….jpg`; other files
///   have that of their folder in the archive, or else of the archive's name;
/// * an index CSV, or a folder with an `index.csv`: category, group, split and licence as it says;
/// * folders: the first folder below is the category, NFFA's names give that of loose files;
///   archives in it are sources, too.
///
/// `progress` is given the number of files that were read. Where it breaks, the import ends after the
/// files at hand; the same import again adds the others.
///
/// # Errors
/// If a source is not one of these or cannot be listed, one gives splits and another does not, the
/// folder can't be written to, its index holds what an import would lose, or a file that was imported is no longer
/// there. Files that can't be taken are no errors but in the report. A damaged archive that is compressed gives nothing,
/// a plain one, which has no check sums, what comes before the damage.
pub fn import(
    sources: &[PathBuf],
    to: &Path,
    config: &ImportConfig,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<ImportReport, DatasetError> {
    for source in sources {
        check_apart(source, to)?;
    }
    let placing = if config.link { Placing::Link } else { Placing::Copy };
    let mut import = Import::into(to, config, placing, progress)?;
    for source in sources {
        import.source(source)?;
    }
    import.finish()
}

/// A file that was taken out of an archive and lies on the disk.
pub(super) struct Taken {
    pub(super) path: PathBuf,
    /// Its name in the archive, without folders.
    pub(super) name: String,
    /// The archive and its place in it.
    pub(super) source: String,
    pub(super) category: String,
}

/// Imports `files`, all under `licence`, into `to`; where the disk allows it, they are linked to and take no more space.
///
/// # Errors
/// As those of [`import`].
pub(super) fn import_taken(
    files: Vec<Taken>,
    licence: Option<&str>,
    to: &Path,
    config: &ImportConfig,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<ImportReport, DatasetError> {
    let mut import = Import::into(to, config, Placing::LinkOrCopy, progress)?;
    for Taken { path, name, source, category } in files {
        let licence = licence.map(str::to_owned);
        import.file(path, source, |source, _, bytes, path| Candidate {
            source,
            name,
            category: Some(category),
            group: None,
            split: None,
            licence,
            bytes,
            path: Some(path),
        })?;
    }
    import.finish()
}

/// How a file on the disk gets into the folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placing {
    Copy,
    Link,
    LinkOrCopy,
}

/// Files that are processed together, on all cores.
const BATCH_FILES: usize = 32;
/// Bytes of files that are held at one time, but for a file that is larger.
const BATCH_BYTES: usize = 64 << 20;

/// A file of a source that should be an image.
struct Candidate {
    /// Its source and its place in it.
    source: String,
    /// Its name without folders.
    name: String,
    category: Option<String>,
    group: Option<String>,
    split: Option<Split>,
    licence: Option<String>,
    bytes: Vec<u8>,
    /// Its place on the disk, unless it is in an archive.
    path: Option<PathBuf>,
}

struct Import<'a> {
    store: Store,
    config: &'a ImportConfig,
    placing: Placing,
    report: ImportReport,
    batch: Vec<Candidate>,
    n_seen: usize,
    progress: &'a mut dyn FnMut(usize) -> ControlFlow<()>,
}

impl<'a> Import<'a> {
    fn into(
        to: &Path,
        config: &'a ImportConfig,
        placing: Placing,
        progress: &'a mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Self, DatasetError> {
        let (store, report, batch) = (Store::open(to)?, ImportReport::default(), Vec::new());
        Ok(Self { store, config, placing, report, batch, n_seen: 0, progress })
    }

    fn finish(mut self) -> Result<ImportReport, DatasetError> {
        self.flush()?;
        let Import { store, mut report, .. } = self;
        report.categories = store.categories();
        store.finish()?;
        Ok(report)
    }

    fn source(&mut self, source: &Path) -> Result<(), DatasetError> {
        let metadata =
            source.metadata().map_err(|error| DatasetError::Io { path: source.to_owned(), source: error })?;
        let index = source.join("index.csv");
        let is_csv = source.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        if metadata.is_file() && is_csv {
            self.index(source)
        } else if metadata.is_dir() && index.is_file() {
            self.index(&index)
        } else if let Some(only) = self.config.only.first() {
            Err(DatasetError::NoIndex { path: source.to_owned(), column: only.column.clone() })
        } else if metadata.is_dir() {
            self.folder(source)
        } else if archive::is_archive(source) {
            self.archive(source)
        } else {
            Err(DatasetError::NotASource { path: source.to_owned() })
        }
    }

    fn index(&mut self, index: &Path) -> Result<(), DatasetError> {
        let root = index.parent().unwrap_or(Path::new(""));
        let label = name_of(root);
        let mut rows = index::rows(index, &self.config.only)?;
        self.report.notices.extend(category::unify(rows.iter_mut().map(|row| &mut row.category)));
        for row in rows {
            let source = row.source.unwrap_or_else(|| format!("{label}/{}", row.file));
            self.file(root.join(&row.file), source, |source, name, bytes, path| Candidate {
                source,
                name,
                category: row.category,
                group: row.group,
                split: row.split,
                licence: row.licence,
                bytes,
                path: Some(path),
            })?;
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> Result<(), DatasetError> {
        let label = name_of(folder);
        let Files { files, skipped, empty } = folder::files(folder)?;
        self.report.notices.extend(empty.into_iter().map(|folder| Notice::EmptyFolder { folder }));
        self.report.skipped.extend(
            skipped
                .into_iter()
                .map(|skipped| Skipped { file: format!("{label}/{}", skipped.file), reason: skipped.reason }),
        );
        let archives = archives_in(folder)?;
        if files.is_empty() && archives.is_empty() {
            return self.skip(label, "no image files are in it".to_owned());
        }
        for file in files {
            let category = match file.split_once('/') {
                Some((folder, _)) => Some(name::category_of_folder(folder)),
                None => name::nffa_category(&file).map(str::to_owned),
            };
            self.file(folder.join(&file), format!("{label}/{file}"), |source, name, bytes, path| {
                Candidate {
                    source,
                    name,
                    category,
                    group: None,
                    split: None,
                    licence: None,
                    bytes,
                    path: Some(path),
                }
            })?;
        }
        archives.iter().try_for_each(|path| self.archive(path))
    }

    /// Reads a file on the disk and takes what `candidate` makes of source, name, bytes and path.
    fn file(
        &mut self,
        path: PathBuf,
        source: String,
        candidate: impl FnOnce(String, String, Vec<u8>, PathBuf) -> Candidate,
    ) -> Result<(), DatasetError> {
        let most = self.config.most_file_bytes;
        let read = || {
            let n_bytes = fs::metadata(&path).map_err(|error| error.to_string())?.len();
            if n_bytes > most {
                return Err(format!("it has {n_bytes} bytes, allowed are {most}"));
            }
            regular::read(&path, most).map_err(|error| error.to_string())
        };
        match read() {
            Ok(bytes) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.take(candidate(source, name, bytes, path))
            }
            Err(reason) => self.skip(source, reason),
        }
    }

    fn archive(&mut self, path: &Path) -> Result<(), DatasetError> {
        let label = name_of(path);
        let stem = name::category_of_folder(&archive::stem(path));
        let mut n_images = 0;
        let config = self.config;
        if let Err(error) = archive::check_sums(path, config.most_archive_bytes) {
            return self.skip(label, format!("damaged, so nothing of it was taken: {error}; fetch it again"));
        }
        let read = archive::entries(path, config, &mut |name, content| {
            let source = format!("{label}/{}", name.trim_start_matches("./"));
            let mut parts = name.rsplit('/');
            let file_name = parts.next().unwrap_or(name).to_owned();
            if file_name.starts_with('.') && !matches!(content, Content::Refused(_)) {
                return Ok(()); // the system's, as in folders
            }
            match content {
                Content::Other if name.ends_with('/') => Ok(()),
                Content::Other => {
                    self.report.n_other += 1;
                    Ok(())
                }
                Content::Refused(reason) => self.skip(source, reason).map_err(Stop::Failed),
                Content::Image(bytes) => {
                    n_images += 1;
                    let folder = parts.next().filter(|folder| !matches!(*folder, "" | "."));
                    let category = name::nffa_category(&file_name).map_or_else(
                        || folder.map_or_else(|| stem.clone(), name::category_of_folder),
                        str::to_owned,
                    );
                    let candidate = Candidate {
                        source,
                        name: file_name,
                        category: Some(category),
                        group: None,
                        split: None,
                        licence: None,
                        bytes,
                        path: None,
                    };
                    self.take(candidate).map_err(Stop::Failed)
                }
            }
        });
        match read {
            Ok(()) if n_images == 0 => self.skip(label, "no image files are in it".to_owned()),
            Ok(()) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Archive(ArchiveError { n_entries, error })) => {
                self.skip(label, format!("damaged after {n_entries} entries, which were read: {error}"))
            }
        }
    }

    fn skip(&mut self, file: String, reason: String) -> Result<(), DatasetError> {
        // in the order of the sources, so those before go first
        self.flush()?;
        self.report.skipped.push(Skipped { file, reason });
        Ok(())
    }

    fn take(&mut self, candidate: Candidate) -> Result<(), DatasetError> {
        self.batch.push(candidate);
        let n_bytes: usize = self.batch.iter().map(|candidate| candidate.bytes.len()).sum();
        if self.batch.len() >= BATCH_FILES || n_bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Looks at the files of the batch on all cores, then puts them into their places in order.
    fn flush(&mut self) -> Result<(), DatasetError> {
        let batch = std::mem::take(&mut self.batch);
        let store = &self.store;
        let looked: Vec<(String, Result<(), String>)> = batch
            .par_iter()
            .map(|candidate| {
                let sha256 = sha256(&candidate.bytes);
                let is_known = store.with_content(&sha256).is_some();
                let readable = if is_known { Ok(()) } else { readable(candidate) };
                (sha256, readable)
            })
            .collect();
        for (candidate, (sha256, readable)) in batch.into_iter().zip(looked) {
            self.n_seen += 1;
            self.put(candidate, sha256, readable)?;
        }
        if (self.progress)(self.n_seen).is_break() {
            return Err(DatasetError::Cancelled);
        }
        Ok(())
    }

    fn put(
        &mut self,
        candidate: Candidate,
        sha256: String,
        readable: Result<(), String>,
    ) -> Result<(), DatasetError> {
        if let Some(known) = self.store.with_content(&sha256).cloned() {
            if !self.store.is_whole(&known) {
                self.write(&known.file, &candidate)?;
                self.report.restored.push(known.file.clone());
            }
            if known.source.as_deref() == Some(candidate.source.as_str()) {
                self.report.n_there += 1;
            } else {
                let categories = (known.category != candidate.category)
                    .then(|| [candidate.category.clone(), known.category.clone()]);
                let (source, file) = (candidate.source, known.file.clone());
                self.report.same_content.push(SameContent { source, file, categories });
            }
            return Ok(());
        }
        if let Err(reason) = readable {
            self.report.skipped.push(Skipped { file: candidate.source, reason });
            return Ok(());
        }
        let has_split = candidate.split.is_some();
        if self.store.gives_split().is_some_and(|others| others != has_split) {
            return Err(DatasetError::MixedSplits { source_name: candidate.source, has_split });
        }
        let (file, is_there) = self.store.place(candidate.category.as_deref(), &candidate.name, &sha256)?;
        if !is_there {
            self.write(&file, &candidate)?;
        }
        let Candidate { source, category, group, split, licence, .. } = candidate;
        let (sha256, source) = (Some(sha256), Some(source));
        self.store.add(index::Row { file, category, group, split, sha256, source, licence, labels: None });
        self.report.n_new += 1;
        Ok(())
    }
}

impl Import<'_> {
    /// Writes the file of `candidate` to its place `file`, or links to it.
    fn write(&mut self, file: &str, candidate: &Candidate) -> Result<(), DatasetError> {
        let path = self.store.path(file)?;
        let from = candidate.path.as_ref().filter(|_| self.placing != Placing::Copy && !path.exists());
        match from.map(|from| (from, fs::hard_link(from, &path))) {
            Some((_, Ok(()))) => Ok(()),
            Some((from, Err(source))) if self.placing == Placing::Link => {
                Err(DatasetError::Link { from: from.clone(), path, source })
            }
            _ => write_whole(&path, &candidate.bytes)
                .map_err(|error| DatasetError::Write { path: error.path, source: error.source }),
        }
    }
}

/// Why an archive is read no further.
enum Stop {
    Archive(ArchiveError),
    Failed(DatasetError),
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// Whether the bytes are an image that can be read, or else why not.
fn readable(candidate: &Candidate) -> Result<(), String> {
    let decode = |path: &Path| {
        let read = read::micrograph(path, &ReadConfig::default());
        // the report names the source; the temporary path of the bytes does not matter
        read.map(|_| ()).map_err(|error| error.to_string().replace(&format!("{}: ", path.display()), ""))
    };
    match &candidate.path {
        Some(path) => decode(path),
        None => {
            let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
            fs::write(file.path(), &candidate.bytes).map_err(|error| error.to_string())?;
            decode(file.path())
        }
    }
}

/// The archives that lie directly in a folder, in order.
fn archives_in(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let io = |source| DatasetError::Io { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_file() && archive::is_archive(&path) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The last part of a path, whichever way it is written.
fn name_of(path: &Path) -> String {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real.file_name().map_or_else(|| "root".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Refuses a source that holds the folder `to`, or lies in it.
fn check_apart(source: &Path, to: &Path) -> Result<(), DatasetError> {
    let Ok(from) = source.canonicalize() else { return Ok(()) }; // reported when it is read
    // of a folder that is not there yet, the first one above that is
    let absolute = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
    let real = absolute.ancestors().find_map(|folder| folder.canonicalize().ok()).unwrap_or_default();
    if real.starts_with(&from) || (to.exists() && from.starts_with(&real)) {
        return Err(DatasetError::IntoItself { from: source.to_owned(), to: to.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
