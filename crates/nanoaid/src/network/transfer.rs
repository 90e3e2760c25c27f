//! Transfer learning: the trunk of a published network with a head for classes of one's own.
//!
//! The layers of the trunk keep their names; `pool` is the mean over the image of the last one, or
//! of each of some layers (`….mean`), `head` a dense layer with an output for each class. For grey
//! images; colors are left to the published network.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::dense::Dense;
use super::graph::Graph;
use super::init::Init;
use super::operation::Operation;
use super::published::{self, Input, Published, PublishedConfig};
use crate::ConfigError;

/// A trunk and the classes of its head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    /// The trunk: a published network without head, for grey images.
    pub trunk: PublishedConfig,
    /// Names of the classes, 2 to 10 000, all different.
    pub classes: Vec<String>,
    /// Layers of the trunk whose means over the image the head takes; empty: the last one. Layers
    /// that none of them needs are left out of the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pooled: Vec<String>,
}

impl TransferConfig {
    /// The trunk of `network`, for grey images, with a head for `classes` on the means of its last layer.
    pub fn new(network: Published, classes: Vec<String>) -> Self {
        let trunk = PublishedConfig { input: Input::GrayFolded, ..PublishedConfig::new(network, None) };
        Self { trunk, classes, pooled: Vec::new() }
    }

    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if let Some(n) = self.trunk.n_classes {
            return Err(ConfigError::new("trunk.n_classes", n, "no head of its own"));
        }
        if self.trunk.input == Input::Colors {
            return Err(ConfigError::new("trunk.input", "colors", "grey images"));
        }
        checked_classes(&self.classes)?;
        Ok(Self { trunk: self.trunk.checked()?, ..self })
    }
}

/// Refuses names of classes that are too few, too many, or not all different.
pub(super) fn checked_classes(classes: &[String]) -> Result<(), ConfigError> {
    if !(2..=10_000).contains(&classes.len()) {
        return Err(ConfigError::new("classes", classes.len(), "2 to 10000 classes"));
    }
    let mut seen = BTreeSet::new();
    match classes.iter().find(|class| class.trim().is_empty() || !seen.insert(*class)) {
        Some(class) => Err(ConfigError::new("classes", class, "names that are all different")),
        None => Ok(()),
    }
}

/// The layers of the network that `config` describes.
///
/// # Errors
/// If a layer that is to be pooled is none of the trunk's, or is named twice.
pub(super) fn graph(
    config: &TransferConfig,
    init: Init,
    device: &burn::tensor::Device,
) -> Result<Graph, ConfigError> {
    let mut graph = published::graph(&config.trunk, init, device);
    let channels = graph.channels();
    let n_features = if config.pooled.is_empty() {
        let last = graph.end();
        graph.push("pool", Operation::AveragePool { side: 1 });
        channels[last]
    } else {
        let mut means = Vec::new();
        let mut seen = BTreeSet::new();
        for name in &config.pooled {
            let layer = graph.value_id(name).filter(|_| seen.insert(name)).ok_or_else(|| {
                let names: Vec<&str> = graph.steps().iter().map(|step| step.name.as_str()).collect();
                ConfigError::new("pooled", name, &format!("each once, of: {}", names.join(", ")))
            })?;
            means.push((layer, name));
        }
        let n_features = means.iter().map(|&(layer, _)| channels[layer]).sum();
        let means: Vec<_> = means
            .into_iter()
            .map(|(layer, name)| {
                graph.push_from(format!("{name}.mean"), &[layer], Operation::AveragePool { side: 1 })
            })
            .collect();
        graph.push_from("pool", &means, Operation::Concatenate);
        n_features
    };
    let head = Dense::new([n_features, config.classes.len()], 1.0, init, "head", device);
    graph.push("head", Operation::Dense(head));
    Ok(graph.cut(graph.end()))
}

#[cfg(test)]
mod tests {
    use micrograph::Plane;
    use micrograph::random::Stream;

    use super::*;
    use crate::{Architecture, Device, Network};

    #[test]
    fn the_trunk_is_that_of_the_published_network() {
        let trunk = PublishedConfig::new(Published::SqueezeNet1_1, None);
        let trunk = Network::random(Architecture::Published(trunk), 3, Device::Cpu).unwrap();
        let classes = vec!["this".to_owned(), "that".to_owned()];
        let network = Network::transfer(&trunk, classes.clone(), Vec::new(), 5).unwrap();
        assert_eq!(network.classes(), Some(classes.as_slice()));
        let mut stream = Stream::new(0, "image", 0);
        let image = Plane::from_fn(40, 47, |_, _| stream.uniform() as f32);
        let gray = trunk.for_gray(Input::GrayFolded).unwrap();
        assert_eq!(network.maps(&image, "features.12").unwrap(), gray.maps(&image, "features.12").unwrap());
        let opened = Network::from_bytes(&network.to_bytes(), Device::Cpu).unwrap();
        assert_eq!(opened.maps(&image, "head").unwrap(), network.maps(&image, "head").unwrap());
    }

    #[test]
    fn a_head_on_means_of_several_layers_takes_their_channels_one_after_the_other() {
        let trunk = PublishedConfig::new(Published::SqueezeNet1_1, None);
        let trunk = Network::random(Architecture::Published(trunk), 3, Device::Cpu).unwrap();
        let classes = vec!["this".to_owned(), "that".to_owned()];
        let pooled = vec!["features.5".to_owned(), "features.1".to_owned()];
        let network = Network::transfer(&trunk, classes.clone(), pooled, 5).unwrap();
        let mut stream = Stream::new(0, "image", 0);
        let image = Plane::from_fn(40, 47, |_, _| stream.uniform() as f32);
        let mean = |plane: &Plane| plane.values().iter().sum::<f32>() / plane.values().len() as f32;
        let mut expected: Vec<f32> = network.maps(&image, "features.5").unwrap().iter().map(mean).collect();
        expected.extend(network.maps(&image, "features.1").unwrap().iter().map(mean));
        let found: Vec<f32> =
            network.maps(&image, "pool").unwrap().iter().map(|plane| plane.at(0, 0)).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5 * expected.abs().max(1.0), "{found} {expected}");
        }
        assert!(network.layers().iter().all(|layer| layer.name != "features.12"), "nothing needs it");
        let opened = Network::from_bytes(&network.to_bytes(), Device::Cpu).unwrap();
        assert_eq!(opened.maps(&image, "head").unwrap(), network.maps(&image, "head").unwrap());
        for pooled in [vec!["features.99".to_owned()], vec!["features.1".to_owned(); 2]] {
            let error = Network::transfer(&trunk, classes.clone(), pooled, 5).unwrap_err().to_string();
            assert!(error.contains("pooled: expected each once, of: gray, features.0, "), "{error}");
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let good = TransferConfig::new(Published::Vgg11, vec!["a".to_owned(), "b".to_owned()]);
        let colors = PublishedConfig::new(Published::Vgg11, None);
        let headed = PublishedConfig { n_classes: Some(5), ..good.trunk.clone() };
        let cases = [
            ("trunk.input", TransferConfig { trunk: colors, ..good.clone() }),
            ("trunk.n_classes", TransferConfig { trunk: headed, ..good.clone() }),
            ("classes", TransferConfig { classes: vec!["a".to_owned(), "a".to_owned()], ..good.clone() }),
        ];
        for (name, config) in cases {
            let error = config.checked().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(good.checked().is_ok());
    }
}
