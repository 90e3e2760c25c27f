//! Info: what is known of an input before anything is computed, a micrograph or a network; one value for every door.
//!
//! Reads nothing: it is made from what was read.

use std::path::{Path, PathBuf};

use micrograph::{DataBar, FileFacts};
use serde::Serialize;

use crate::network::Preprocess;
use crate::{Layer, Network};

/// What is known of one input.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Info {
    /// A micrograph.
    Micrograph {
        /// What its file says.
        #[serde(flatten)]
        facts: Box<FileFacts>,
        /// The data bar that is cut off.
        data_bar: Option<DataBar>,
        /// Why the pixels could not be read, where only the metadata could.
        pixels_error: Option<String>,
    },
    /// A network.
    Run {
        /// The run folder, file, or name of a built-in network, as given.
        path: PathBuf,
        /// Its layers in the order in which they are computed.
        layers: Vec<Layer>,
        /// The classes of a classifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        classes: Option<Vec<String>>,
        /// How many classes a network of others has.
        #[serde(skip_serializing_if = "Option::is_none")]
        n_classes: Option<usize>,
        /// What was done to the file, or assumed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
        /// How images are brought to a published network.
        #[serde(skip_serializing_if = "Option::is_none")]
        preprocess: Option<Preprocess>,
        /// Size of a pixel for which receptive fields are given in nanometres, too.
        nm_per_px: Option<f64>,
    },
}

impl Info {
    /// A micrograph whose pixels were read.
    pub fn of_micrograph(facts: FileFacts, data_bar: Option<DataBar>) -> Self {
        Self::Micrograph { facts: Box::new(facts), data_bar, pixels_error: None }
    }

    /// `network`, opened from `path`. Its classes are called `classes`, where it does not name them itself.
    pub fn of_network(
        path: &Path,
        network: &Network,
        classes: Option<Vec<String>>,
        nm_per_px: Option<f64>,
    ) -> Self {
        let classes = classes.or_else(|| network.classes().map(<[String]>::to_vec));
        Self::Run {
            path: path.to_owned(),
            layers: network.layers().to_vec(),
            n_classes: network.n_classes().filter(|_| classes.is_none()),
            classes,
            notes: network.notes().to_vec(),
            preprocess: network.preprocess().cloned(),
            nm_per_px,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Architecture, AutoencoderConfig, Device};

    #[test]
    fn names_that_are_given_are_the_classes_and_absent_things_have_no_key() {
        let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
        let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu).unwrap();
        let json = |classes| {
            serde_json::to_value(Info::of_network(Path::new("a"), &network, classes, Some(2.5))).unwrap()
        };
        let plain = json(None);
        assert_eq!(
            (&plain["kind"], &plain["path"], &plain["nm_per_px"]),
            (&"run".into(), &"a".into(), &2.5.into())
        );
        assert_eq!(plain["layers"].as_array().unwrap().len(), network.layers().len());
        assert!(plain.get("classes").is_none() && plain.get("n_classes").is_none());
        assert_eq!(json(Some(vec!["x".to_owned()]))["classes"][0], "x");
    }
}
