//! Masked: micrographs in which someone drew the objects, listed with the file of their masks.
//!
//! A folder holds pairs: `NAME.png` (or any image) with `NAME.labels.tif` beside it (or any file that
//! [`labels_of`] reads: `NAME.labels.png`, `.json`, `.zip`). Or the index of a data set names them: with a column
//! `labels` beside `file`, and the columns `category` (`particles`, `fibres`, `pores`; particles where there is
//! none), `split` and `group` where they are. Without splits, each fifth group, or image where there are no
//! groups, is for validation; those for testing are left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use micrograph::read::is_image;
use micrograph::regions::{RegionsError, labels_of};
use micrograph::{ObjectKind, Plane, ReadError, Source};

use super::dataset::{DatasetError, Split, index_rows};
use super::prepare::{self, PrepareConfig, PrepareError};
use crate::hash::sha256;

/// How the name of a file of masks goes on after that of its image.
const LABELS: &str = ".labels.";
/// Of so many groups one is for validation.
const VALIDATION_OF: usize = 5;

/// A micrograph and the objects in it.
#[derive(Clone, Debug)]
pub struct MaskedImage {
    /// Its file, for messages.
    pub name: String,
    /// Prepared as for any network, `[H, W]`, in `[0, 1]`.
    pub plane: Plane,
    /// The object of each pixel, from 1; 0: none. `[H, W]`.
    pub labels: Vec<u32>,
    /// What the objects are.
    pub what: ObjectKind,
}

/// Masked micrographs, split.
#[derive(Clone, Debug, Default)]
pub struct MaskedImages {
    /// To learn from.
    pub train: Vec<MaskedImage>,
    /// To compare epochs by.
    pub validation: Vec<MaskedImage>,
    /// SHA-256 of the lines that `sha256sum` prints for images and masks, in the order of the list.
    pub digest_sha256: String,
}

/// Why masked micrographs could not be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum MaskedError {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// The index is damaged; the error names it.
    #[error(transparent)]
    Index(#[from] DatasetError),
    /// A row of the index names no masks, or an unknown kind of objects.
    #[error("{}: {file}: {reason}", path.display())]
    Row { path: PathBuf, file: String, reason: String },
    /// There are no pairs.
    #[error(
        "{}: no masked micrographs, expected pairs such as `a.png` and `a.labels.tif`, or an index CSV with the columns `file` and `labels`",
        path.display()
    )]
    Empty { path: PathBuf },
    /// A file could not be read; the error names it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A micrograph could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// Masks could not be read.
    #[error(transparent)]
    Regions(#[from] RegionsError),
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    image: PathBuf,
    labels: PathBuf,
    what: ObjectKind,
    validation: Option<bool>,
    group: String,
}

impl MaskedImages {
    /// Reads all pairs of `path`, a folder or an index CSV.
    ///
    /// # Errors
    /// If there are none, or one cannot be read; it is named.
    pub fn open(path: &Path) -> Result<Self, MaskedError> {
        let rows = if path.is_dir() {
            let index = path.join("index.csv");
            if index.is_file() { indexed(&index)? } else { pairs(path)? }
        } else {
            indexed(path)?
        };
        if rows.is_empty() {
            return Err(MaskedError::Empty { path: path.to_owned() });
        }
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &rows {
            let next = groups.len();
            groups.entry(&row.group).or_insert(next);
        }
        let mut images = Self::default();
        let mut lines = String::new();
        for row in &rows {
            let [image, labels] = [Source::read(&row.image)?, Source::read(&row.labels)?];
            for source in [&image, &labels] {
                let name = source.path().file_name().unwrap_or_default().to_string_lossy();
                lines += &format!("{}  {name}\n", source.sha256());
            }
            let image = masked(&image, &labels, row.what)?;
            let drawn = groups[row.group.as_str()] % VALIDATION_OF == VALIDATION_OF - 1;
            let part =
                if row.validation.unwrap_or(drawn) { &mut images.validation } else { &mut images.train };
            part.push(image);
        }
        images.digest_sha256 = sha256(&lines);
        Ok(images)
    }
}

fn masked(image: &Source, labels: &Source, what: ObjectKind) -> Result<MaskedImage, MaskedError> {
    let prepared = prepare::source(image, &PrepareConfig::default())?;
    let (height, width) = (prepared.plane.height(), prepared.plane.width());
    let name = image.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    // masks are as high as the image with its data bar, which is below, or as the specimen
    let whole = prepared.facts.height.max(height);
    let found = match labels_of(labels, (whole, width), Some(&name)) {
        Err(_) if whole > height => labels_of(labels, (height, width), Some(&name))?,
        found => found?,
    };
    let values = found.values()[..height * width].to_vec();
    Ok(MaskedImage { name, plane: prepared.plane, labels: values, what })
}

/// The pairs of images and masks in a folder, in the order of their names.
fn pairs(folder: &Path) -> Result<Vec<Row>, MaskedError> {
    let failed = |source| MaskedError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.sort_unstable();
    let name_of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let masks: BTreeMap<String, &PathBuf> = files
        .iter()
        .filter_map(|path| Some((name_of(path).split_once(LABELS)?.0.to_owned(), path)))
        .collect();
    let images = files.iter().filter(|path| is_image(path) && !name_of(path).contains(LABELS));
    let rows = images.filter_map(|image| {
        let stem = image.file_stem()?.to_string_lossy().into_owned();
        let labels = (*masks.get(&stem)?).clone();
        Some(Row { image: image.clone(), labels, what: ObjectKind::default(), validation: None, group: stem })
    });
    Ok(rows.collect())
}

fn indexed(index: &Path) -> Result<Vec<Row>, MaskedError> {
    let folder = index.parent().unwrap_or(Path::new(""));
    let row = |row: crate::data::dataset::IndexRow| {
        let wrong =
            |reason: String| MaskedError::Row { path: index.to_owned(), file: row.file.clone(), reason };
        let labels =
            row.labels.as_ref().ok_or_else(|| wrong("no file of masks in the column `labels`".to_owned()))?;
        let what = row.category.as_deref().map_or(Ok(ObjectKind::default()), str::parse);
        Ok(Row {
            image: folder.join(&row.file),
            labels: folder.join(labels),
            what: what.map_err(|reason| wrong(format!("column `category`: {reason}")))?,
            validation: row.split.map(|split| split == Split::Validation),
            group: row.group.clone().unwrap_or_else(|| row.file.clone()),
        })
    };
    let rows = index_rows(index, &[])?;
    rows.into_iter().filter(|row| row.split != Some(Split::Test)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_indexes_are_read_and_what_is_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(matches!(MaskedImages::open(folder.path()), Err(MaskedError::Empty { .. })));
        let plane =
            Plane::from_fn(
                20,
                30,
                |y, x| if (5..9).contains(&y) && x < 9 { 1.0 } else { 0.1 + 0.01 * x as f32 },
            );
        for name in ["a.png", "a.labels.png", "b.png", "b.labels.png", "c.png"] {
            let mask = plane.map(|value| if value == 1.0 { 1.0 } else { 0.0 });
            let shown = if name.contains("labels") { &mask } else { &plane };
            std::fs::write(at(name), micrograph::paint::gray_png(shown, 0.0, 1.0)).unwrap();
        }
        let found = MaskedImages::open(folder.path()).unwrap();
        assert_eq!((found.train.len(), found.validation.len()), (2, 0));
        assert_eq!(found.train[0].labels.iter().filter(|&&label| label == 1).count(), 4 * 9);
        let index =
            "file,labels,category,split\na.png,a.labels.png,fibres,train\nb.png,b.labels.png,,validation\n";
        std::fs::write(at("index.csv"), index).unwrap();
        let found = MaskedImages::open(folder.path()).unwrap();
        assert_eq!(
            (found.train[0].what, found.validation[0].what),
            (ObjectKind::Fiber, ObjectKind::Particle)
        );
        for (text, expected) in [
            ("file\na.png\n", "labels"),
            ("file,labels,category\na.png,a.labels.png,worms\n", "worms"),
            ("file,labels\na.png,gone.png\n", "gone.png"),
            ("file,labels\na.png,../a.labels.png\n", "../a.labels.png"),
        ] {
            std::fs::write(at("index.csv"), text).unwrap();
            let error = MaskedImages::open(folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
