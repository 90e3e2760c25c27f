//! Changed networks: channels switched off or up, to see what depends on them.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};

use super::{Network, NetworkError};

/// What follows the name of a layer whose channels are multiplied, for what they were before.
const UNCHANGED: &str = ".unchanged";

impl Network {
    /// The same with channels of layers times numbers, wherever they are read: 0 switches one off, 2 doubles it. Each is
    /// given by its layer, its channel and its number; of a channel that is given twice the last counts.
    ///
    /// # Errors
    /// If there is no such layer or channel.
    ///
    /// ```
    /// use micrograph::Plane;
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    /// let without = network.with_channels_times(&[("encoder.1", 2, 0.0)])?;
    /// let plane = Plane::from_fn(16, 16, |y, x| ((y * 5 + x * 3) % 7) as f32 / 7.0);
    /// assert!(without.maps(&plane, "encoder.1")?[2].values().iter().all(|value| *value == 0.0));
    /// assert_eq!(without.maps(&plane, "encoder.1")?[1], network.maps(&plane, "encoder.1")?[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_channels_times(&self, changes: &[(&str, usize, f32)]) -> Result<Self, NetworkError> {
        let mut factors: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
        for &(layer, channel, factor) in changes {
            let n_channels = self.known_layer(layer)?.n_channels;
            if channel >= n_channels {
                return Err(NetworkError::NoChannel {
                    layer: layer.to_owned(),
                    channel,
                    last: n_channels - 1,
                });
            }
            factors.entry(layer).or_insert_with(|| vec![1.0; n_channels])[channel] = factor;
        }
        let mut graph = self.graph.clone();
        for (layer, factors) in factors {
            let id = graph.value_id(layer).expect("a known layer has an output");
            let n = factors.len();
            let factors = Tensor::from_data(TensorData::new(factors, [n]), &self.device.burn());
            graph = graph.with_scaled(id, &format!("{layer}{UNCHANGED}"), factors);
        }
        Ok(Self::of_graph(self.architecture.clone(), graph, self.device))
    }
}
