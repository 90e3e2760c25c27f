//! Scanning electron micrographs: reading them with their calibration, measuring on them, drawing the
//! results, and making synthetic ones whose truth is known.
//!
//! Knows no network and no HTML. A [`Plane`] is one channel of `f32`, `[H, W]`, row-major, indices `y, x`.
//!
//! # Read
//!
//! [`Micrograph::open`] reads PNG, JPEG, BMP, TIFF, PGM, NPY, DM3 and DM4, and the metadata of FEI, Thermo Fisher, Zeiss, TESCAN,
//! Hitachi, JEOL, Gatan and other instruments. [`Specimen::of`] cuts the data bar off; [`scale_bar`] measures the
//! drawn scale bar. A file without a reliable pixel size has no [`Calibration`], and lengths are then in px.
//!
//! ```
//! use micrograph::data_bar::DataBarChoice;
//! use micrograph::{Micrograph, Specimen};
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/makers/thermo_pfib.tif");
//! let micrograph = Micrograph::open(path)?;
//! let nm_per_px = micrograph.facts.calibration.as_ref().map(|calibration| calibration.nm_per_px_x);
//! assert_eq!(nm_per_px.map(f64::round), Some(98.0));
//! let specimen = Specimen::of(micrograph, DataBarChoice::Find)?;
//! assert_eq!(specimen.plane.width(), 1536);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Measure
//!
//! [`measure::measured`] gives pitch, lattice, particles, fibres and axes as numbers with their uncertainty, or the
//! reason why a number is not given. Each measurement can be called by itself: [`measure::grating()`],
//! [`measure::lattice()`], [`measure::orientation()`], [`measure::count::particles`], [`measure::fibers::fibers`].
//!
//! ```
//! use micrograph::measure::{ReportConfig, draw, measured};
//! use micrograph::synth::{self, LinesConfig, Specimen, SynthConfig};
//!
//! // a synthetic grating, whose pitch is known
//! let lines = LinesConfig { pitch_px: 20.0, ..LinesConfig::default() };
//! let config = SynthConfig { specimen: Specimen::Lines(lines), ..SynthConfig::default() };
//! let made = synth::micrograph(&config, 1)?;
//!
//! let measured = measured(&made.plane, Some(&made.calibration), &ReportConfig::default())?;
//! let pitch = &measured.report.answers[0].findings[0].quantity;
//! let (low, high) = pitch.interval();
//! assert!((low..=high).contains(&(20.0 * config.nm_per_px)), "{}", pitch.text());
//!
//! // the same, drawn over the image
//! let png = draw::overlay(&made.plane, &measured).png_bytes(None);
//! assert!(png.starts_with(b"\x89PNG"));
//! # Ok::<(), micrograph::ConfigError>(())
//! ```
//!
//! # Features
//!
//! | feature | gives | default |
//! |---|---|---|
//! | none | reading, calibration, data bar and scale bar; no fonts, no GIF, no Fourier transform | |
//! | `measure` | `measure`, `fourier` | yes |
//! | `synth` | `synth`: seeded images with their truth | yes |
//! | `paint` | `paint`: pictures, contact sheets, GIF, NPZ, TIFF stacks; with `measure`, `measure::draw` | yes |
//! | `regions` | `regions`: label images, measured, corrected, compared, read and written; needs `measure` and `paint` | yes |
//! | `image` | [`Plane`] from and to `image::GrayImage`, `image::ImageBuffer` | no |
//! | `ndarray` | [`Plane`] from and to arrays of `ndarray` | no |
//!
//! The same input gives the same bytes, whatever the number of threads; random numbers are seeded by the caller.

#![warn(missing_docs)]

pub mod annotations;
pub mod calibration;
pub mod config_error;
pub mod contrast;
#[cfg(any(feature = "image", feature = "ndarray"))]
mod convert;
pub mod data_bar;
pub mod file;
#[cfg(feature = "measure")]
pub mod fourier;
#[cfg(feature = "measure")]
pub mod measure;
pub mod memory;
pub mod micrograph;
mod object_kind;
#[cfg(feature = "paint")]
pub mod paint;
pub mod plane;
pub mod random;
pub mod read;
#[cfg(feature = "regions")]
pub mod regions;
pub mod regular;
pub mod scale_bar;
#[cfg(any(feature = "measure", feature = "synth"))]
pub mod smooth;
pub mod source;
pub mod specimen;
#[cfg(feature = "synth")]
pub mod synth;

pub use calibration::{Calibration, CalibrationSource};
pub use config_error::ConfigError;
pub use data_bar::DataBar;
pub use micrograph::{FileFacts, InstrumentSettings, Micrograph};
pub use object_kind::ObjectKind;
pub use plane::{Plane, Rect};
pub use read::{ReadConfig, ReadError};
pub use scale_bar::ScaleBar;
pub use source::Source;
pub use specimen::Specimen;
