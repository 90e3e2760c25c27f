//! The networks that come with the program; how they were trained stands in `assets/README.md`.

use crate::network::WeightsError;
use crate::{Device, Network};

/// Name of the built-in autoencoder, wherever a run is asked for.
pub const AUTOENCODER: &str = "autoencoder";

/// The built-in autoencoder.
///
/// # Errors
/// If the program was built with a damaged file.
pub fn autoencoder(device: Device) -> Result<Network, WeightsError> {
    Network::from_bytes(include_bytes!("../assets/autoencoder.safetensors"), device)
}
