//! Downloads: files on servers, fetched over connections that break, and checked.
//!
//! The only room of the project that opens a connection, which a test checks. What is fetched, and what becomes of
//! it, is known by the rooms that call: published weights ([`crate::network::known_weights`]) and data sets
//! ([`crate::data::dataset`]).

mod answer;
mod config;
mod error;
mod hash;
mod http;
mod part;
mod stream;
mod text;

pub use config::{DownloadConfig, DownloadEvent};
pub use error::DownloadError;

pub(crate) use answer::{Identity, ask};
pub(crate) use config::{Tell, part_path, with_ending};
pub(crate) use error::Trouble;
pub(crate) use hash::Checksum;
pub(crate) use http::{Uri, address, redirected};
pub(crate) use part::{Part, Patience, Wanted};
pub(crate) use stream::{Mark, RemoteFile};
pub(crate) use text::text;
