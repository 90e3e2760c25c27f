//! Networks for micrographs, and what they respond to.
//!
//! NanoAID trains small networks on scanning-electron micrographs, opens published ones, and shows
//! what their layers and units respond to. Images are [`micrograph::Plane`]s of values in `[0, 1]`;
//! results are plain structs of numbers, strings and planes that serialize.
//!
//! # Four verbs
//!
//! | verb | in one line |
//! |---|---|
//! | open | `let network = network::open(Path::new("classifier"), Device::Cpu)?;` ([`network::open`]: a run folder, a file of weights, or a built-in name) |
//! | measure | in the crate [`micrograph`]: pitch, axis, particles, with uncertainties |
//! | look | `let lens = network.look(&image, "encoder.2")?;` ([`interpret::lens`]) |
//! | visualize | `let found = network.visualize(&"encoder.2:5".parse()?, &Preset::Fast.config())?;` ([`interpret::visualize`]) |
//!
//! ```
//! use micrograph::Plane;
//! use nanoaid::interpret::visualize::{Preset, VisualizeConfig};
//! use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
//!
//! // a small network of random weights; `builtin`, `known_weights` and `run` have trained ones
//! let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
//! let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
//!
//! // look: the feature maps of a layer, ranked
//! let image = Plane::from_fn(32, 48, |y, x| if (y / 4 + x / 4) % 2 == 0 { 0.8 } else { 0.2 });
//! let lens = network.look(&image, "encoder.2")?;
//! assert_eq!(lens.result.channels.len(), 6);
//!
//! // visualize: the image that maximizes a channel
//! let config = VisualizeConfig { height: 16, width: 16, steps: 4, ..Preset::Fast.config() };
//! let found = network.visualize(&"encoder.2:5".parse()?, &config)?;
//! assert_eq!((found.pictures[0][0].height(), found.pictures[0][0].width()), (16, 16));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From a file to an input
//!
//! [`data::prepare`] reads a micrograph, cuts the data bar off and stretches the contrast: training and
//! looking use this one function.
//!
//! # Names
//!
//! A layer has a name such as `encoder.2`; `encoder.2:17` is a channel of it, `encoder.2:17@5,8` a
//! neuron, `class:fibers` a class: an [`Address`]. A wrong name is an error that lists the right ones:
//!
//! ```
//! # use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
//! # let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
//! # let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
//! let error = network.known_layer("encoder.7").unwrap_err();
//! assert!(error.to_string().starts_with("no layer `encoder.7`, expected one of: "));
//! # Ok::<(), nanoaid::ConfigError>(())
//! ```
//!
//! # Long calls
//!
//! Calls that take long report progress to a callback that returns [`std::ops::ControlFlow`]: where it
//! breaks, the call stops at the next tile, step, batch or file and returns its error `Cancelled`. Files
//! that were written whole stay.
//!
//! # Modules
//!
//! | module | holds |
//! |---|---|
//! | [`data`] | data sets, splits by group, patches, preparation |
//! | [`network`] | architectures, weights, layers, built-in and published networks |
//! | [`train`] | autoencoders, classifiers, sweeps |
//! | [`evaluate`] | reports on classifiers and reconstructions |
//! | [`interpret`] | lens, visualization, exemplars, tuning, differential analysis |
//! | [`device`], [`check`] | what networks run on, and whether it computes right |
//! | [`run`] | run folders: a training and all that it left |
//! | [`reproduce`] | the figures of the paper, with the networks and micrographs at hand |
//! | [`survey`] | a network over a data set in shards, merged |
//!
//! # Guarantees
//!
//! - Nothing prints, reads the clock, opens a connection (but [`download`]) or draws
//!   unseeded random numbers: the same call on the CPU gives the same bytes.
//! - A network that is cut at a layer, or run in tiles, has the bits of the whole.
//! - No name, file or setting that a user gives leads to a panic; functions that panic say when.
//! - Nothing of the tensor library Burn is public.
//!
//! # Features
//!
//! | feature | default | what for |
//! |---|---|---|
//! | `builtin-weights` | yes | the two trained networks, 4 MB |
//! | `wgpu`, `cuda` | no | networks on a GPU |

pub mod address;
pub mod atlas;
pub mod bench;
pub mod check;
pub mod data;
pub mod demo;
pub mod device;
pub mod download;
mod eigen;
pub mod evaluate;
pub mod hash;
pub mod info;
pub mod interpret;
mod json;
mod kernels;
pub mod measure;
pub mod network;
pub mod output;
pub mod record;
pub mod replay;
pub mod reproduce;
pub mod run;
pub mod segment;
pub mod survey;
pub mod terms;
pub mod train;

pub use address::{Address, UnitId};
pub use device::Device;
pub use micrograph::ConfigError;
pub use network::{
    Architecture, AutoencoderConfig, CompactConfig, Layer, Network, PublishedConfig, SegmenterConfig,
};
