//! Masked: micrographs in which someone drew the objects, listed with the file of their masks.
//!
//! A folder holds pairs: `NAME.png` (or any image) with `NAME.labels.tif` beside it (or any file that
//! [`read_labels`] reads: `NAME.labels.png`, `.json`, `.zip`). Or an index CSV names them, with the columns
//! `file` and `labels`, relative to it, and `what` (`particles`, `fibres`, `pores`; else particles), `split`
//! (`train` or `validation`) and `group` where they are. Without splits, each fifth group, or image where
//! there are no groups, is for validation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use micrograph::read::is_image;
use micrograph::regions::{RegionsError, read_labels};
use micrograph::{ObjectKind, Plane};

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
    /// The index is damaged.
    #[error("{}: {reason}", path.display())]
    Index { path: PathBuf, reason: String },
    /// There are no pairs.
    #[error(
        "{}: no masked micrographs, expected pairs such as `a.png` and `a.labels.tif`, or an index CSV with the columns file and labels",
        path.display()
    )]
    Empty { path: PathBuf },
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
            let image = image(row)?;
            for path in [&row.image, &row.labels] {
                let bytes =
                    std::fs::read(path).map_err(|source| MaskedError::Io { path: path.clone(), source })?;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                lines += &format!("{}  {name}\n", sha256(&bytes));
            }
            let drawn = groups[row.group.as_str()] % VALIDATION_OF == VALIDATION_OF - 1;
            let part =
                if row.validation.unwrap_or(drawn) { &mut images.validation } else { &mut images.train };
            part.push(image);
        }
        images.digest_sha256 = sha256(&lines);
        Ok(images)
    }
}

fn image(row: &Row) -> Result<MaskedImage, MaskedError> {
    let prepared = prepare::file(&row.image, &PrepareConfig::default())?;
    let (height, width) = (prepared.plane.height(), prepared.plane.width());
    // masks may be as high as the image with its data bar, which is below
    let whole = prepared.data_bar.as_ref().map_or(height, |bar| height.max(bar.end_row));
    let name = row.image.file_name().map(|name| name.to_string_lossy().into_owned());
    let labels = read_labels(&row.labels, (whole, width), name.as_deref()).or_else(|error| {
        if whole == height { Err(error) } else { read_labels(&row.labels, (height, width), name.as_deref()) }
    })?;
    Ok(MaskedImage {
        name: name.unwrap_or_default(),
        plane: prepared.plane,
        labels: labels.values()[..height * width].to_vec(),
        what: row.what,
    })
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
    let wrong = |reason: String| MaskedError::Index { path: index.to_owned(), reason };
    let mut reader = csv::ReaderBuilder::new().from_path(index).map_err(|error| wrong(error.to_string()))?;
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|other| other.trim() == name);
    let needed = |name: &str| {
        column(name).ok_or_else(|| {
            let found = header.iter().collect::<Vec<_>>().join(", ");
            wrong(format!("no column `{name}` among {found}; expected at least file and labels"))
        })
    };
    let (file, labels) = (needed("file")?, needed("labels")?);
    let (what, split, group) = (column("what"), column("split"), column("group"));
    let folder = index.parent().unwrap_or(Path::new(""));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let field = |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or("").trim();
        let what = match field(what) {
            "" => ObjectKind::default(),
            text => text.parse().map_err(|error| wrong(format!("column `what`: {error}")))?,
        };
        let validation = match field(split) {
            "" => None,
            "train" => Some(false),
            "validation" | "val" => Some(true),
            other => return Err(wrong(format!("split is `{other}`, expected train or validation"))),
        };
        let file = field(Some(file));
        let group = if field(group).is_empty() { file } else { field(group) }.to_owned();
        rows.push(Row {
            image: folder.join(file),
            labels: folder.join(field(Some(labels))),
            what,
            validation,
            group,
        });
    }
    Ok(rows)
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
            "file,labels,what,split\na.png,a.labels.png,fibres,train\nb.png,b.labels.png,,validation\n";
        std::fs::write(at("index.csv"), index).unwrap();
        let found = MaskedImages::open(folder.path()).unwrap();
        assert_eq!(
            (found.train[0].what, found.validation[0].what),
            (ObjectKind::Fiber, ObjectKind::Particle)
        );
        for (text, expected) in [
            ("file\na.png\n", "labels"),
            ("file,labels,what\na.png,a.labels.png,worms\n", "worms"),
            ("file,labels\na.png,gone.png\n", "gone.png"),
        ] {
            std::fs::write(at("index.csv"), text).unwrap();
            let error = MaskedImages::open(folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
