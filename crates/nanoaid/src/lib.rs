//! Networks and how they are read: training, feature maps, latent sweeps.
//!
//! The only crate that names Burn, and nothing of Burn leaves it: results hold planes, numbers
//! and strings. Nothing here prints, reads the clock, or draws unseeded random numbers.

pub mod address;
pub mod baseline;
pub mod bench;
pub mod builtin;
pub mod classify;
pub mod contrast;
pub mod dataset;
pub mod device;
mod eigen;
pub mod exemplar;
pub mod hash;
pub mod judge;
mod kernels;
pub mod known_weights;
pub mod lens;
pub mod machine_score;
pub mod matching;
pub mod natural;
pub mod network;
pub mod pattern;
pub mod prepare;
pub mod quality;
pub mod regression;
pub mod run;
pub mod score;
pub mod survey;
pub mod sweep;
pub mod train;
pub mod tuning;
pub mod unit_values;
pub mod visualize;

pub use address::Address;
pub use device::Device;
pub use micrograph::ConfigError;
pub use network::{Architecture, AutoencoderConfig, CompactConfig, Layer, Network, PublishedConfig};
