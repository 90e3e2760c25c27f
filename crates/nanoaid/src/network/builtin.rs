//! The networks that come with the program; how they were trained stands in `assets/README.md`.
//!
//! Without the feature `builtin-weights` their weights are left out of the build, and opening them is
//! an error.

use serde::Deserialize;

use crate::evaluate::classifier::ClassifierReport;
use crate::network::WeightsError;
use crate::{Device, Network};

/// Name of the built-in autoencoder, wherever a run is named.
pub const AUTOENCODER: &str = "autoencoder";
/// Name of the built-in classifier, wherever a run is named.
pub const CLASSIFIER: &str = "classifier";

/// Name of the built-in segmenter, wherever a run is named.
pub const SEGMENTER: &str = "segmenter";

/// Their names.
pub const NAMES: [&str; 3] = [AUTOENCODER, CLASSIFIER, SEGMENTER];

/// The built-in autoencoder.
///
/// # Errors
/// If the program was built without it, or with a damaged file.
///
/// ```
/// # #[cfg(feature = "builtin-weights")]
/// # fn main() -> Result<(), nanoaid::network::WeightsError> {
/// use nanoaid::{Device, network::builtin};
///
/// let network = builtin::autoencoder(Device::Cpu)?;
/// assert!(network.n_stages() > 0 && network.classes().is_none());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "builtin-weights"))]
/// # fn main() {}
/// ```
pub fn autoencoder(device: Device) -> Result<Network, WeightsError> {
    opened(AUTOENCODER, device)
}

/// The built-in classifier of the ten categories.
///
/// # Errors
/// If the program was built without it, or with a damaged file.
pub fn classifier(device: Device) -> Result<Network, WeightsError> {
    opened(CLASSIFIER, device)
}

/// The built-in segmenter of particles, fibres and pores.
///
/// # Errors
/// If the program was built without it, or with a damaged file.
pub fn segmenter(device: Device) -> Result<Network, WeightsError> {
    opened(SEGMENTER, device)
}

/// The weights of the network called `name`, where the program was built with them.
#[cfg(feature = "builtin-weights")]
fn weights(name: &str) -> Option<&'static [u8]> {
    match name {
        AUTOENCODER => Some(include_bytes!("../../assets/autoencoder.safetensors")),
        CLASSIFIER => Some(include_bytes!("../../assets/classifier.safetensors")),
        SEGMENTER => Some(include_bytes!("../../assets/segmenter.safetensors")),
        _ => None,
    }
}

#[cfg(not(feature = "builtin-weights"))]
fn weights(_name: &str) -> Option<&'static [u8]> {
    None
}

fn opened(name: &'static str, device: Device) -> Result<Network, WeightsError> {
    Network::from_bytes(weights(name).ok_or(WeightsError::NotBuiltIn { name })?, device)
}

/// Whether the program was built with the network called `name`.
pub fn has(name: &str) -> bool {
    weights(name).is_some()
}

/// How the built-in classifier did on held-out real micrographs, as its training reported it.
///
/// # Errors
/// If the program was built without it, or with a damaged file.
pub fn classifier_report() -> Result<ClassifierReport, serde_json::Error> {
    #[derive(Deserialize)]
    struct Result {
        report: ClassifierReport,
    }
    serde_json::from_str::<Result>(include_str!("../../assets/classifier-result.json")).map(|all| all.report)
}

/// The built-in network called `name`; `None` if none is.
///
/// # Errors
/// If the program was built without it, or with a damaged file.
pub fn named(name: &str, device: Device) -> Option<Result<Network, WeightsError>> {
    match name {
        AUTOENCODER => Some(autoencoder(device)),
        CLASSIFIER => Some(classifier(device)),
        SEGMENTER => Some(segmenter(device)),
        _ => None,
    }
}

#[cfg(all(test, feature = "builtin-weights"))]
mod tests {
    use micrograph::synth::Category;
    use serde_json::Value;

    use super::*;
    use crate::hash::sha256;

    #[test]
    fn each_network_is_the_one_that_its_manifest_tells_of() {
        for (name, manifest) in [
            (AUTOENCODER, include_str!("../../assets/autoencoder-manifest.json")),
            (CLASSIFIER, include_str!("../../assets/classifier-manifest.json")),
            (SEGMENTER, include_str!("../../assets/segmenter-manifest.json")),
        ] {
            let network = named(name, Device::Cpu).unwrap().unwrap();
            let manifest: Value = serde_json::from_str(manifest).unwrap();
            assert_eq!(manifest["files"]["network.safetensors"], sha256(network.to_bytes()), "{name}");
        }
        assert!(named("decoder", Device::Cpu).is_none());
    }

    #[test]
    fn the_classifier_tells_the_ten_categories_and_its_report_is_of_them() {
        let classifier = classifier(Device::Cpu).unwrap();
        let mut names = Category::ALL.map(Category::name);
        names.sort_unstable();
        assert_eq!(classifier.classes().unwrap(), names);
        let report = classifier_report().unwrap();
        assert_eq!(report.classes, names);
        assert!(report.calibration.temperature.is_some());
    }
}
