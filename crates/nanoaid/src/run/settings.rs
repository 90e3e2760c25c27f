//! What a run was made from: settings of the training, and the data that it learnt from.
//!
//! As JSON both are flat tables of names and values, as version 1 of the format has them. Keys that
//! are not known are errors; those of settings that came later may be absent and have their default.

use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::Architecture;
use crate::data::dataset::{Dataset, DatasetConfig, DatasetError, Split};
use crate::train::{ClassifierConfig, SegmenterTraining, TrainConfig};

/// Settings of a training, complete.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RunSettings {
    /// Of a classifier: they hold the key `architecture`.
    Classifier(Box<ClassifierSettings>),
    /// Of a segmenter: they hold the key `scenes_per_epoch`.
    Segmenter(Box<SegmenterSettings>),
    /// Of an autoencoder.
    Autoencoder(Box<TrainConfig>),
}

/// Settings of a classifier's training, with the network that it starts from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassifierSettings {
    /// How it is trained.
    #[serde(flatten)]
    pub config: ClassifierConfig,
    /// The file or run of the network that it starts from; `None`: there is none.
    pub base: Option<BaseUsed>,
    /// What the network is made of.
    pub architecture: Architecture,
}

/// Settings of a segmenter's training, with the network that it starts from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SegmenterSettings {
    /// How it is trained.
    #[serde(flatten)]
    pub config: SegmenterTraining,
    /// The network that it starts from; `None`: random weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseUsed>,
}

/// Where the weights or the architecture of a classifier or a segmenter come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum BaseUsed {
    /// The encoder of a run's autoencoder.
    Encoder {
        /// The run folder, or the name of a built-in network.
        #[serde(serialize_with = "micrograph::file::lossy_path")]
        encoder_of: PathBuf,
        /// SHA-256 of the network as a file.
        sha256: String,
    },
    /// All layers but the head of a run's classifier.
    Classifier {
        /// The run folder, or the name of a built-in network.
        #[serde(serialize_with = "micrograph::file::lossy_path")]
        classifier: PathBuf,
        /// SHA-256 of the network as a file.
        sha256: String,
    },
    /// A file of published weights.
    File {
        /// Its name.
        file: String,
        /// SHA-256 of its bytes.
        sha256: String,
    },
}

impl BaseUsed {
    /// The run folder or built-in network.
    ///
    /// # Errors
    /// The name of a file of published weights, whose folder is not kept.
    pub fn run(&self) -> Result<&Path, &str> {
        match self {
            Self::Encoder { encoder_of: run, .. } | Self::Classifier { classifier: run, .. } => Ok(run),
            Self::File { file, .. } => Err(file),
        }
    }
}

impl RunSettings {
    /// Epochs after which the training is done.
    pub fn epochs(&self) -> usize {
        match self {
            Self::Classifier(settings) => settings.config.epochs,
            Self::Segmenter(settings) => settings.config.epochs,
            Self::Autoencoder(config) => config.epochs,
        }
    }

    /// Epochs without a better network after which the training stops; 0: never.
    pub fn patience(&self) -> usize {
        match self {
            Self::Classifier(settings) => settings.config.patience,
            Self::Segmenter(settings) => settings.config.patience,
            Self::Autoencoder(config) => config.patience,
        }
    }

    /// The settings of a classifier's training, if they are such.
    pub fn classifier(&self) -> Option<&ClassifierSettings> {
        match self {
            Self::Classifier(settings) => Some(settings),
            Self::Segmenter(_) | Self::Autoencoder(_) => None,
        }
    }

    /// What is trained: `autoencoder`, `classifier` or `segmenter`, as the commands are called.
    pub fn network_name(&self) -> &'static str {
        match self {
            Self::Classifier(_) => "classifier",
            Self::Segmenter(_) => "segmenter",
            Self::Autoencoder(_) => "autoencoder",
        }
    }

    /// The same with what may change when a training is lengthened set to one value.
    pub(crate) fn without_length(&self) -> Self {
        let mut settings = self.clone();
        match &mut settings {
            Self::Classifier(settings) => (settings.config.epochs, settings.config.patience) = (1, 0),
            Self::Segmenter(settings) => (settings.config.epochs, settings.config.patience) = (1, 0),
            Self::Autoencoder(config) => (config.epochs, config.patience) = (1, 0),
        }
        settings
    }
}

impl<'de> Deserialize<'de> for RunSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut keys = Map::<String, Value>::deserialize(deserializer)?;
        let Some(architecture) = keys.remove("architecture") else {
            if keys.contains_key("scenes_per_epoch") {
                let base = keys.remove("base").unwrap_or(Value::Null);
                return Ok(Self::Segmenter(Box::new(SegmenterSettings {
                    base: serde_json::from_value(base).map_err(D::Error::custom)?,
                    config: serde_json::from_value(Value::Object(keys)).map_err(D::Error::custom)?,
                })));
            }
            let config = serde_json::from_value(Value::Object(keys)).map_err(D::Error::custom)?;
            return Ok(Self::Autoencoder(Box::new(config)));
        };
        let base = keys.remove("base").unwrap_or(Value::Null);
        Ok(Self::Classifier(Box::new(ClassifierSettings {
            architecture: serde_json::from_value(architecture).map_err(D::Error::custom)?,
            base: serde_json::from_value(base).map_err(D::Error::custom)?,
            config: serde_json::from_value(Value::Object(keys)).map_err(D::Error::custom)?,
        })))
    }
}

/// What a training learnt from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSummary {
    /// SHA-256 of the names and contents of all micrographs ([`Dataset::digest`]).
    pub digest_sha256: String,
    /// Micrographs for training.
    pub n_train: usize,
    /// Micrographs that networks are compared by during the training.
    pub n_validation: usize,
    /// Micrographs that only the evaluation sees.
    pub n_test: usize,
    /// Which micrographs were used, and how they were split.
    pub settings: DatasetConfig,
}

impl DataSummary {
    /// Of `dataset`; every file is read.
    ///
    /// # Errors
    /// If a file is there but cannot be read.
    pub fn of(dataset: &Dataset) -> Result<Self, DatasetError> {
        Ok(Self {
            digest_sha256: dataset.digest()?,
            n_train: dataset.of(Split::Train).count(),
            n_validation: dataset.of(Split::Validation).count(),
            n_test: dataset.of(Split::Test).count(),
            settings: dataset.config.clone(),
        })
    }

    /// The sizes of the splits in words.
    pub fn parts_text(&self) -> String {
        let Self { n_train, n_validation, n_test, .. } = self;
        format!("{n_train} micrographs for training, {n_validation} for validation, {n_test} for testing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Manifest;

    #[test]
    fn manifests_of_the_built_in_networks_open_and_keep_every_key() {
        for (text, is_classifier) in [
            (include_str!("../../assets/autoencoder-manifest.json"), false),
            (include_str!("../../assets/classifier-manifest.json"), true),
            (include_str!("../../assets/segmenter-manifest.json"), false),
        ] {
            let manifest = Manifest::parsed(text.as_bytes()).unwrap();
            assert_eq!(matches!(manifest.settings, RunSettings::Classifier(_)), is_classifier);
            let (written, read): (Value, Value) =
                (serde_json::to_value(&manifest).unwrap(), serde_json::from_str(text).unwrap());
            for part in ["settings", "data"] {
                for (key, value) in read[part].as_object().unwrap() {
                    let nested = value.as_object().filter(|_| part == "data");
                    for (key, value) in nested.into_iter().flatten() {
                        assert_eq!(&written[part]["settings"][key], value, "{part}.settings.{key}");
                    }
                    if nested.is_none() {
                        assert_eq!(&written[part][key], value, "{part}.{key}");
                    }
                }
            }
        }
    }

    #[test]
    fn settings_that_are_not_known_are_errors_and_absent_ones_have_their_default() {
        let read = |text: &str| serde_json::from_str::<RunSettings>(text);
        let RunSettings::Autoencoder(config) = read(r#"{"epochs": 3}"#).unwrap() else { panic!("one") };
        assert_eq!(*config, TrainConfig { epochs: 3, ..TrainConfig::default() });
        let error = read(r#"{"attention": 3}"#).unwrap_err().to_string();
        assert!(error.contains("attention"), "{error}");
        let classifier = |base: &str| {
            let architecture = serde_json::to_string(&Architecture::Compact(Default::default())).unwrap();
            read(&format!(r#"{{"start": "frozen", "base": {base}, "architecture": {architecture}}}"#))
        };
        let RunSettings::Classifier(settings) =
            classifier(r#"{"file": "a.safetensors", "sha256": "0"}"#).unwrap()
        else {
            panic!("another")
        };
        assert_eq!(settings.config.start.name(), "frozen");
        let base = BaseUsed::File { file: "a.safetensors".into(), sha256: "0".into() };
        assert_eq!(settings.base, Some(base));
        assert!(classifier(r#"{"folder": "a"}"#).is_err());
    }
}
