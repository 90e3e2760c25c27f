//! Networks and how they are read: training, feature maps, latent sweeps.
//!
//! The only crate that names Burn, and nothing of Burn leaves it: results hold planes, numbers
//! and strings. Nothing here prints, reads the clock, or draws unseeded random numbers.

pub mod address;
pub mod bench;
pub mod data;
pub mod device;
mod eigen;
pub mod evaluate;
pub mod hash;
pub mod interpret;
mod kernels;
pub mod network;
pub mod output;
pub mod record;
pub mod run;
pub mod train;

pub use address::Address;
pub use device::Device;
pub use micrograph::ConfigError;
pub use network::{Architecture, AutoencoderConfig, CompactConfig, Layer, Network, PublishedConfig};
