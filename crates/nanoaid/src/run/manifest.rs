//! Manifest: what a run folder holds, with the hash of each file and a checksum of its own.
//!
//! What it says is taken only as it was written: every name is that of a file in the folder itself, and a value that
//! was changed since is found by the checksum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DataSummary, RunSettings};
use crate::Device;
use crate::hash::{is_sha256, sha256};
use crate::json;

/// Version of the folder's format.
pub const SCHEMA_VERSION: u32 = 1;
/// Beginning of the line that holds the SHA-256 of all other lines. Runs of versions before 0.2 have none.
const CHECKSUM: &str = "  \"manifest_sha256\": \"";

/// Whether a run has ended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Begun; it may have been cut off and can be resumed.
    Begun,
    /// All epochs done.
    Done,
    /// Stopped because the validation loss fell no more.
    StoppedEarly,
}

/// What a run folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the folder's format.
    pub schema_version: u32,
    /// Version of the program that wrote it.
    pub program_version: String,
    /// Whether it has ended.
    pub status: Status,
    /// Device it was trained on.
    pub device: String,
    /// Settings of the training, complete.
    pub settings: RunSettings,
    /// What it was trained on: digest, number of micrographs, settings of the split.
    pub data: DataSummary,
    /// Each time a training was given more epochs, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengthened: Vec<Lengthened>,
    /// Files and their SHA-256.
    pub files: BTreeMap<String, String>,
    /// Checkpoints, oldest first, and their SHA-256.
    pub checkpoints: Vec<CheckpointFile>,
}

/// A training that was given more epochs than it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengthened {
    /// Epochs that were complete; their learning rate fell as if all ended after `planned_epochs`.
    pub after_epoch: usize,
    /// Epochs that were planned until then.
    pub planned_epochs: usize,
}

/// A checkpoint that the manifest vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointFile {
    /// Epochs that were complete.
    pub epoch: usize,
    /// Steps of the next epoch that were made, of a training that was cut off in it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub step: usize,
    /// File name inside the folder of checkpoints.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl Manifest {
    /// Of a run that begins now.
    pub fn begun(settings: RunSettings, data: DataSummary, device: Device) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            status: Status::Begun,
            device: device.to_string(),
            settings,
            data,
            lengthened: Vec::new(),
            files: BTreeMap::new(),
            checkpoints: Vec::new(),
        }
    }

    /// As JSON, with its checksum in the second line.
    pub(super) fn text(&self) -> String {
        let bare = serde_json::to_string_pretty(self).expect("a manifest is plain data") + "\n";
        let rest = bare.strip_prefix("{\n").expect("a manifest is an object with fields");
        format!("{{\n{CHECKSUM}{}\",\n{rest}", sha256(&bare))
    }

    /// The manifest in `bytes`.
    ///
    /// # Errors
    /// With the reason, if it is not one, is of another version, was changed since it was written, or names what is
    /// not in the folder.
    pub(super) fn parsed(bytes: &[u8]) -> Result<Self, String> {
        // before anything else is believed; JSON first, so that what is no manifest is named as such
        let value: serde_json::Value = json::unique(bytes).map_err(|error| error.to_string())?;
        let version = value.get("schema_version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(SCHEMA_VERSION)) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            return Err(format!("schema version {found}, expected {SCHEMA_VERSION}"));
        }
        let (bare, expected) = without_checksum(bytes)?;
        if let Some(expected) = expected
            && sha256(&bare) != expected
        {
            return Err("its content does not match its checksum (`manifest_sha256`): it is damaged or was edited; restore it from a copy, or train again".to_owned());
        }
        let manifest: Self = serde_json::from_str(&bare).map_err(|error| error.to_string())?;
        manifest.check_names()?;
        Ok(manifest)
    }

    /// Checks that it names only what a run writes into its folder.
    fn check_names(&self) -> Result<(), String> {
        for (name, sha256) in &self.files {
            let plain = !name.starts_with('.') && !name.is_empty() && !name.contains(['/', '\\', ':', '\0']);
            if !plain {
                return Err(format!("`files` names `{name}`, expected the name of a file in the run folder"));
            }
            check_hash(name, sha256)?;
        }
        let mut last = None;
        for CheckpointFile { epoch, step, file, sha256 } in &self.checkpoints {
            let expected = checkpoint_name(*epoch, *step);
            if *file != expected {
                return Err(format!("checkpoint of epoch {epoch} is `{file}`, expected `{expected}`"));
            }
            if last.is_some_and(|last| last >= (*epoch, *step)) {
                return Err(format!("the checkpoint of epoch {epoch} comes after a later one"));
            }
            last = Some((*epoch, *step));
            check_hash(file, sha256)?;
        }
        Ok(())
    }
}

/// Name of the checkpoint after `epoch` epochs, and `step` steps of the next one.
pub(super) fn checkpoint_name(epoch: usize, step: usize) -> String {
    if step == 0 { format!("{epoch:05}.safetensors") } else { format!("{epoch:05}-{step:05}.safetensors") }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(step: &usize) -> bool {
    *step == 0
}

fn check_hash(name: &str, sha256: &str) -> Result<(), String> {
    if is_sha256(sha256) {
        return Ok(());
    }
    Err(format!("the SHA-256 of `{name}` is `{sha256}`, expected 64 hexadecimal digits"))
}

/// The text without the line of the checksum, as it was when the checksum was computed, and the checksum.
fn without_checksum(bytes: &[u8]) -> Result<(String, Option<String>), String> {
    // as some version control systems store it on Windows
    let text = String::from_utf8(bytes.to_vec()).map_err(|error| error.to_string())?.replace("\r\n", "\n");
    let Some(at) = text.find(CHECKSUM) else { return Ok((text, None)) };
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length + 1);
    let line = text[at + CHECKSUM.len()..end].trim_end();
    let expected = line.trim_end_matches(',').trim_end_matches('"').to_owned();
    Ok((format!("{}{}", &text[..at], &text[end..]), Some(expected)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::TrainConfig;

    fn manifest() -> Manifest {
        let settings = RunSettings::Autoencoder(Box::default());
        let mut manifest = Manifest::begun(settings, DataSummary::default(), Device::Cpu);
        let sha256 = sha256("a");
        manifest.files.insert("curves.csv".to_owned(), sha256.clone());
        manifest.checkpoints.push(CheckpointFile { epoch: 3, step: 0, file: checkpoint_name(3, 0), sha256 });
        manifest
    }

    #[test]
    fn a_manifest_comes_back_with_its_checksum_and_without_one() {
        let text = manifest().text();
        assert_eq!(Manifest::parsed(text.as_bytes()).unwrap(), manifest());
        assert_eq!(Manifest::parsed(text.replace('\n', "\r\n").as_bytes()).unwrap(), manifest());
        let older = serde_json::to_string_pretty(&manifest()).unwrap();
        assert_eq!(Manifest::parsed(older.as_bytes()).unwrap(), manifest());
    }

    #[test]
    fn a_change_of_any_byte_of_a_value_is_found() {
        let text = manifest().text();
        let mut n_changed = 0;
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            // another digit or letter, so that it stays JSON where it was
            match bytes[at] {
                b'9' | b'z' => bytes[at] -= 1,
                b'0'..=b'8' | b'a'..=b'y' => bytes[at] += 1,
                _ => continue,
            }
            n_changed += 1;
            assert!(Manifest::parsed(&bytes).is_err(), "byte {at} of {text}");
        }
        assert!(n_changed > 500, "{n_changed}");
        let changed = TrainConfig { epochs: 77, ..TrainConfig::default() };
        assert_ne!(manifest().settings, RunSettings::Autoencoder(Box::new(changed)));
    }

    #[test]
    fn names_outside_the_folder_and_of_other_files_are_refused() {
        let hash = sha256("a");
        let files = ["../../x", "/etc/passwd", "a/b", "..", ".", "", "C:x", "a\\b"];
        for name in files {
            let mut wrong = manifest();
            wrong.files.insert(name.to_owned(), hash.clone());
            let reason = Manifest::parsed(wrong.text().as_bytes()).expect_err(name);
            assert!(reason.contains(&format!("`{name}`")), "{reason}");
        }
        for name in ["../../x", "00004.safetensors", "3.safetensors", "network.safetensors"] {
            let mut wrong = manifest();
            wrong.checkpoints[0].file = name.to_owned();
            let reason = Manifest::parsed(wrong.text().as_bytes()).expect_err(name);
            assert!(reason.contains("expected `00003.safetensors`"), "{reason}");
        }
        let mut wrong = manifest();
        wrong.files.insert("a.csv".to_owned(), "12".to_owned());
        assert!(Manifest::parsed(wrong.text().as_bytes()).unwrap_err().contains("64 hexadecimal"));
        let twice = manifest().text().replacen("\"files\": {", "\"files\": {\n    \"curves.csv\": \"b\",", 1);
        let reason = Manifest::parsed(twice.as_bytes()).unwrap_err();
        assert!(reason.contains("`curves.csv` is there twice"), "{reason}");
    }
}
