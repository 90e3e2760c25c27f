//! Arguments that every command has which reads micrographs.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use micrograph::Rect;
use micrograph::data_bar::DataBarChoice;
use micrograph::read::{EXTENSIONS, is_image};
use nanoaid::Network;
use nanoaid::data::prepare::{PrepareConfig, ReadSettings};
use nanoaid::evaluate::classify::NamedClass;
use nanoaid::hash::sha256_of_file;
use nanoaid::network::{builtin, is_network, is_weights};
use nanoaid::survey::Shard;

use super::network::OpenArguments;
use crate::interrupt;
use crate::outcome::{Failure, note, say};
use crate::progress::Progress;

/// How micrographs are read.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadArguments {
    /// Size of a pixel in nanometres; overrides what the file says
    #[arg(long, value_name = "NM", allow_negative_numbers = true)]
    pub nm_per_px: Option<f64>,
    /// Page of a file of several pages, from 0
    #[arg(long, default_value_t = 0)]
    pub page: usize,
    /// Keep the data bar as if it were specimen
    #[arg(long, conflicts_with = "crop_bottom")]
    pub keep_data_bar: bool,
    /// Cut this many rows off at the bottom instead of looking for a data bar
    #[arg(long, value_name = "ROWS")]
    pub crop_bottom: Option<usize>,
}

impl ReadArguments {
    /// The arguments as settings.
    pub(crate) fn config(&self) -> PrepareConfig {
        self.settings().prepare()
    }

    /// The arguments as they are kept in records.
    pub(crate) fn settings(&self) -> ReadSettings {
        let data_bar = match (self.keep_data_bar, self.crop_bottom) {
            (true, _) => DataBarChoice::Keep,
            (false, Some(rows)) => DataBarChoice::CropBottom(rows),
            (false, None) => DataBarChoice::Find,
        };
        ReadSettings { nm_per_px: self.nm_per_px, page: self.page, data_bar }
    }
}

/// A rectangle as it is typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TypedRect(pub Rect);

impl FromStr for TypedRect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<usize>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[y, x, height, width]) => Ok(Self(Rect { y, x, height, width })),
            _ => Err(format!("found `{text}`, expected four whole numbers: row,column,height,width")),
        }
    }
}

/// Endings of files that lie beside images and describe them: tables, notes, instrument sidecars.
const COMPANIONS: [&str; 8] = ["csv", "txt", "hdr", "json", "md", "toml", "xml", "html"];

/// Leaves out files that are no images but go with them, as a folder's `*` brings them along, and
/// says so.
fn without_companions(inputs: &[PathBuf]) -> Vec<PathBuf> {
    let (companions, images): (Vec<&PathBuf>, Vec<&PathBuf>) = inputs.iter().partition(|path| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let is_companion = ending.is_some_and(|ending| COMPANIONS.contains(&ending.as_str()));
        path.is_file() && is_companion && !is_weights(path)
    });
    for path in companions {
        say(&format!("skipped {}: not an image", path.display()));
    }
    images.into_iter().cloned().collect()
}

/// The image files and the folders in `folder`, each in the order of their names.
fn images_in(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
    let failed = |error| Failure::at(folder, error);
    let (mut images, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            folders.push(path);
        } else if is_image(&path) {
            // what is no file is named where it is read
            images.push(path);
        }
    }
    images.sort_unstable();
    folders.sort_unstable();
    Ok((images, folders))
}

/// The images that `inputs` stand for: each folder replaced by the image files in it, or, where it holds none
/// but folders of categories, by those in its folders; in the order of their names, companions of images left
/// out. Runs stay, and of several inputs a folder without images, to be named where it is read.
///
/// # Errors
/// If a folder cannot be read, or the only one holds no image, nor do its folders.
pub(crate) fn images_of(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut images = Vec::new();
    for input in inputs {
        if !input.is_dir() || is_network(input) {
            images.push(input.clone());
            continue;
        }
        let (mut found, folders) = images_in(input)?;
        if found.is_empty() {
            for folder in folders {
                found.append(&mut images_in(&folder)?.0);
            }
        }
        if found.is_empty() && inputs.len() == 1 {
            return Err(Failure::new(format!(
                "{}: found no image in this folder or the folders in it, expected files ending in .{}",
                input.display(),
                EXTENSIONS.join(", .")
            )));
        }
        if found.is_empty() { images.push(input.clone()) } else { images.append(&mut found) }
    }
    let images = without_companions(&images);
    for path in images.iter().filter(|path| path.to_str().is_none()) {
        let path = path.display();
        say(&format!("{path}: the name is not UTF-8; results have � for each byte that they cannot write"));
    }
    Ok(images)
}

/// Does `work` with each of `named`, an image and the name of its results, and shows how far it is; an image with which it fails
/// is named and skipped. What came out, with the names, and how many were skipped.
pub(crate) fn each_image<T>(
    named: &[(&PathBuf, String)],
    mut work: impl FnMut(&Path, &str, &mut Progress) -> Result<T, Failure>,
) -> Result<(Vec<(String, T)>, usize), Failure> {
    let mut bar = Progress::new(named.len() as u64, "images");
    let (mut done, mut n_skipped) = (Vec::new(), 0);
    for (n, (image, name)) in named.iter().enumerate() {
        bar.set(n as u64, name);
        match work(image, name, &mut bar) {
            Ok(one) => done.push((name.clone(), one)),
            Err(failure) if interrupt::is_raised() => return Err(failure),
            Err(failure) => {
                n_skipped += 1;
                bar.say(&format!("skipped {}", failure.in_file(image)));
            }
        }
    }
    bar.finish();
    Ok((done, n_skipped))
}

/// That a classifier abstains, behind the class that it names first.
pub(crate) fn abstention(answer: Option<&NamedClass>) -> &'static str {
    match answer {
        Some(named) if named.answer.said.is_none() => " (the classifier abstains)",
        _ => "",
    }
}

/// A share of the images, for many machines.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ShardArguments {
    /// Only the images of this shard, e.g. `3/16`: by the hash of their bytes, so that further images move none. Files are
    /// named as without it, so that the folders of all shards can be put together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
}

impl ShardArguments {
    /// Those of `items` that belong to the shard; `file` is that of one. A file that cannot be read belongs to the first.
    pub(crate) fn of<T>(self, mut items: Vec<T>, file: impl Fn(&T) -> &Path) -> Vec<T> {
        let Some(shard) = self.shard else { return items };
        let n = items.len();
        items.retain(|item| match sha256_of_file(file(item)) {
            Ok(sha256) => shard.holds(&sha256),
            Err(_) => shard.index() == 1,
        });
        note(&format!("shard {shard}: {} of {n} images", items.len()));
        items
    }

    /// Whether there may be none.
    pub(crate) fn is_given(self) -> bool {
        self.shard.is_some()
    }
}

/// Which network, and where it runs.
#[derive(Args, Clone, Debug)]
pub(crate) struct NetworkArguments {
    /// Run folder of a training, or file of a network (.safetensors, .onnx); `autoencoder` and `classifier`
    /// are the built-in networks
    #[arg(long, default_value = builtin::AUTOENCODER)]
    pub run: PathBuf,
    #[command(flatten)]
    pub open: OpenArguments,
}

impl NetworkArguments {
    /// Reads the network; one for colors is made one for grey images.
    pub(crate) fn network(&self) -> Result<Network, Failure> {
        self.open.open_gray(&self.run)
    }
}
