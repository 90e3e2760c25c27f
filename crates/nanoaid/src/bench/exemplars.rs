//! The strongest real patches of every channel: a whole pass over a folder of micrographs.

use std::ops::ControlFlow;
use std::path::Path;

use super::networks;
use crate::data::dataset::{Dataset, DatasetConfig};
use crate::interpret::activation_index::{ActivationIndex, ActivationIndexError, ImageArea};
use crate::interpret::exemplar::{ChooseConfig, choose};
use crate::{Architecture, AutoencoderConfig, Device, Network};

/// Looks at every micrograph of `data` through depth 3 of an autoencoder of random weights, at full
/// size, keeps all answers in a new folder `out`, and chooses nine patches of each channel; returns
/// the number of micrographs.
///
/// # Errors
/// If `data` or `out` cannot be used.
pub fn exemplar_pass(data: &Path, out: &Path, device: Device) -> Result<usize, ActivationIndexError> {
    let dataset = Dataset::open(data, &DatasetConfig::default())?;
    // a name for it; its graph is that of the comparison
    let architecture = Architecture::Autoencoder(AutoencoderConfig::default());
    let network = Network::of_graph(architecture, networks::autoencoder(device), device);
    // three convolutions, three pools
    let layer = network.layers()[5].clone();
    let layers = [layer.name.clone()];
    let found =
        ActivationIndex::build(&network, &layers, (&dataset, ImageArea::Specimen), out, &mut |_, _| {
            ControlFlow::Continue(())
        })?;
    for channel in 0..layer.n_channels {
        choose((&found.seen, &found.alike), (&layer, &found.layers[0]), channel, &ChooseConfig::default());
    }
    Ok(found.seen.len())
}
