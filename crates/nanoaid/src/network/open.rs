//! Opening networks by what a user gives: a run folder, a file of weights or an index of several, an
//! ONNX file, or the name of a built-in one.
//!
//! What lies under that name on the disk comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use micrograph::regular;
use serde::Deserialize;

use super::{Published, Weights, WeightsError, builtin, onnx};
use crate::run::{RunError, RunFolder};
use crate::{Device, Network};

/// How names of files of weights end, whether they can be read or only converted.
const ENDINGS: [&str; 9] =
    [".safetensors", ".onnx", ".index.json", ".pt", ".pth", ".pth.tar", ".ckpt", ".h5", ".keras"];
/// Most files of one network.
const MOST_SHARDS: usize = 1000;

/// Why a network could not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum OpenError {
    /// The run folder is damaged, or there is none; the error names it.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Nothing lies at `path`.
    #[error(
        "no network `{}`: there is no such file or folder, and the built-in networks are {}; expected one of these, a run \
         folder, or a file of weights (.safetensors, .onnx)",
        path.display(), builtin::NAMES.join(", ")
    )]
    Missing { path: PathBuf },
    /// The file at `path` could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file at `path` does not hold the weights of a network.
    #[error("{}: {source}", path.display())]
    Weights { path: PathBuf, source: WeightsError },
    /// The index at `path` is damaged, or does not fit its files.
    #[error("{}: an index of several files of weights: {reason}", path.display())]
    Index { path: PathBuf, reason: String },
}

/// The network of `run`: a run folder, a file of weights, `autoencoder` or `classifier`.
///
/// # Errors
/// If there is none, or it is damaged.
pub fn open(run: &Path, device: Device) -> Result<Network, OpenError> {
    open_as(run, None, device)
}

/// The same, where a file of weights is that of `network`, if that is given.
///
/// # Errors
/// As [`open`], or if it is another network.
pub fn open_as(run: &Path, network: Option<Published>, device: Device) -> Result<Network, OpenError> {
    let weights = |source| OpenError::Weights { path: run.to_owned(), source };
    if !run.exists() {
        let network = run.to_str().and_then(|name| builtin::named(name, device));
        return network.ok_or_else(|| OpenError::Missing { path: run.to_owned() })?.map_err(weights);
    }
    if !run.is_file() {
        return Ok(RunFolder::open(run)?.network(device)?);
    }
    let bytes = read(run)?;
    if onnx::is_onnx(&bytes) || run.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) {
        return Network::from_onnx(&bytes, run.parent(), device).map_err(weights);
    }
    match Network::import(&bytes, network, device) {
        Err(WeightsError::Shards) => {
            Network::of_foreign(joined(run, &bytes)?, network, device).map_err(weights)
        }
        opened => opened.map_err(weights),
    }
}

/// Whether `input` is a run folder or the name of a built-in network, not a file. A folder is a run
/// only where it holds a manifest.
pub fn is_network(input: &Path) -> bool {
    RunFolder::is_begun(input)
        || (!input.exists() && builtin::NAMES.iter().any(|name| input.as_os_str() == *name))
}

/// Whether `input` is a file that is called as files of weights are.
pub fn is_weights(input: &Path) -> bool {
    let name = input.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    input.is_file() && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    regular::read(path, regular::LARGEST).map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

/// The weights of all files that the index at `path` names.
fn joined(path: &Path, bytes: &[u8]) -> Result<Weights, OpenError> {
    /// The part of an index that says where tensors are.
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let wrong = |reason: String| OpenError::Index { path: path.to_owned(), reason };
    let Index { weight_map } = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
    let files: BTreeSet<&String> = weight_map.values().collect();
    if files.len() > MOST_SHARDS {
        return Err(wrong(format!("{} files, expected at most {MOST_SHARDS}", files.len())));
    }
    let mut joined = Weights::default();
    for file in files {
        // never a file of another folder
        if Path::new(file).file_name().is_none_or(|name| name != Path::new(file).as_os_str()) {
            return Err(wrong(format!("weights in {file:?}, expected the name of a file beside it")));
        }
        let shard = path.with_file_name(file);
        let bytes = regular::read(&shard, regular::LARGEST)
            .map_err(|error| wrong(format!("{} cannot be read: {error}", shard.display())))?;
        let (weights, _) = Weights::from_bytes(&bytes)
            .map_err(|source| OpenError::Weights { path: shard.clone(), source })?;
        for (name, weight) in weights.tensors {
            if joined.tensors.insert(name.clone(), weight).is_some() {
                return Err(wrong(format!("weight `{name}` is in several files")));
            }
        }
    }
    let missing =
        weight_map.keys().find(|name| !joined.tensors.contains_key(*name) && !Weights::is_passed_over(name));
    match missing {
        Some(name) => Err(wrong(format!("weight `{name}` is in none of its files"))),
        None => Ok(joined),
    }
}
