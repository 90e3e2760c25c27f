//! Synthetic micrographs: seeded images that look like SEM, with their truth.
//!
//! A [`Specimen`] is built as a surface of exact shapes, [`Imaging`] turns the surface into grey
//! levels, and [`Truth`] says what is there. Everything is in px; `nm_per_px` goes into the
//! calibration and nowhere else. The centre of pixel `(y, x)` is at the integers `(y, x)`, and rows
//! run downwards. The same settings and seed give the same bytes, whatever the thread count.
//!
//! A new specimen is one new file beside `synth/particles.rs`: its settings, its truth, its surface;
//! and one line in each `match` here.

mod biological;
mod category;
mod cells;
mod demo;
mod dots;
mod fibers;
mod field;
mod film;
mod imaging;
mod lines;
mod mems;
mod nanowires;
mod particles;
mod porous;
mod powder;
mod scan;
mod scene;
pub mod strip;
mod surface;
mod tip;
mod varied;

use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::synth::strip::{Strip, StripConfig};
use crate::{Calibration, CalibrationSource, ConfigError, FileFacts, InstrumentSettings, Micrograph, Plane};

pub use biological::{BiologicalConfig, BiologicalForm, BiologicalTruth, Organism};
pub use category::{Category, UnknownCategory};
pub use demo::{DemoSpecimen, demo_specimens};
pub use dots::{DotLattice, DotRelief, DotSite, DotsConfig, DotsTruth};
pub use fibers::{Fiber, FibersConfig, FibersTruth};
pub use film::{FilmConfig, FilmTexture, FilmTruth, Spot};
pub use imaging::{Exposure, Imaging};
pub use lines::{LineProfile, LinesConfig, LinesTruth};
pub use mems::{Device, MemsConfig, MemsTruth, Outline, Plate};
pub use nanowires::{Nanowire, NanowiresConfig, NanowiresTruth, WireArrangement};
pub use particles::{Packing, Particle, ParticlesConfig, ParticlesTruth};
pub use porous::{PorousConfig, PorousStructure, PorousTruth};
pub use powder::{Grain, PowderConfig, PowderTruth};
pub use scan::{Scan, ScanConfig};
pub use scene::{Scene, scene};
pub use tip::{TipConfig, TipShape, TipTruth};
pub use varied::{Kind, varied, varied_config_of, varied_of};

/// All settings of a synthetic micrograph except its seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SynthConfig {
    /// Rows of pixels, 8 to 16384.
    pub height: usize,
    /// Columns of pixels, 8 to 16384.
    pub width: usize,
    /// Size of a pixel in nanometres, above 0.
    pub nm_per_px: f64,
    /// The imaged specimen.
    pub specimen: Specimen,
    /// The scan over it.
    pub scan: ScanConfig,
    /// The imaging conditions.
    pub imaging: Imaging,
    /// Whether a random data bar covers rows at the bottom, as instruments write it; requires at least
    /// 96 rows and 64 columns. The truth continues below it.
    pub data_bar: bool,
}

impl Default for SynthConfig {
    fn default() -> Self {
        Self {
            height: 384, // three quarters of the width, as SEM frames are
            width: 512,
            nm_per_px: 5.0, // about 50 000 × on a usual screen
            specimen: Specimen::Particles(ParticlesConfig::default()),
            scan: ScanConfig::default(), // flat and at rest
            imaging: Imaging::default(),
            data_bar: false, // the specimen alone, as networks and measurements use it
        }
    }
}

impl SynthConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let (rows, columns) = if self.data_bar { (96.0, 64.0) } else { (8.0, 8.0) };
        ConfigError::unless_within("height", self.height as f64, rows..=16384.0)?;
        ConfigError::unless_within("width", self.width as f64, columns..=16384.0)?;
        let sized = self.nm_per_px.is_finite() && self.nm_per_px > 0.0;
        if !sized {
            return Err(ConfigError::new("nm_per_px", self.nm_per_px, "a number above 0"));
        }
        Ok(Self {
            specimen: self.specimen.checked()?,
            scan: self.scan.checked()?,
            imaging: self.imaging.checked()?,
            ..self
        })
    }
}

/// The physical thing imaged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Specimen {
    /// Spheres on a background, separate or piled up.
    Particles(ParticlesConfig),
    /// A grating of parallel lines.
    Lines(LinesConfig),
    /// A lattice of pillars or holes.
    Dots(DotsConfig),
    /// Curved fibres lying over each other.
    #[serde(rename = "fibres")]
    Fibers(FibersConfig),
    /// A sponge, a foam or a membrane.
    Porous(PorousConfig),
    /// Grains of uneven shape in a heap.
    Powder(PowderConfig),
    /// A film or coated surface.
    Film(FilmConfig),
    /// Straight wires, lying or standing.
    Nanowires(NanowiresConfig),
    /// A needle or probe.
    Tip(TipConfig),
    /// A micromachine or electrodes.
    Mems(MemsConfig),
    /// Cells, bacteria, pollen, diatoms or tissue.
    Biological(BiologicalConfig),
}

impl Specimen {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        Ok(match self {
            Self::Particles(config) => Self::Particles(config.checked()?),
            Self::Lines(config) => Self::Lines(config.checked()?),
            Self::Dots(config) => Self::Dots(config.checked()?),
            Self::Fibers(config) => Self::Fibers(config.checked()?),
            Self::Porous(config) => Self::Porous(config.checked()?),
            Self::Powder(config) => Self::Powder(config.checked()?),
            Self::Film(config) => Self::Film(config.checked()?),
            Self::Nanowires(config) => Self::Nanowires(config.checked()?),
            Self::Tip(config) => Self::Tip(config.checked()?),
            Self::Mems(config) => Self::Mems(config.checked()?),
            Self::Biological(config) => Self::Biological(config.checked()?),
        })
    }
}

/// What a synthetic micrograph is known to contain; lengths in px of the specimen seen from above.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Of [`Specimen::Particles`].
    Particles(ParticlesTruth),
    /// Of [`Specimen::Lines`].
    Lines(LinesTruth),
    /// Of [`Specimen::Dots`].
    Dots(DotsTruth),
    /// Of [`Specimen::Fibers`].
    #[serde(rename = "fibres")]
    Fibers(FibersTruth),
    /// Of [`Specimen::Porous`].
    Porous(PorousTruth),
    /// Of [`Specimen::Powder`].
    Powder(PowderTruth),
    /// Of [`Specimen::Film`].
    Film(FilmTruth),
    /// Of [`Specimen::Nanowires`].
    Nanowires(NanowiresTruth),
    /// Of [`Specimen::Tip`].
    Tip(TipTruth),
    /// Of [`Specimen::Mems`].
    Mems(MemsTruth),
    /// Of [`Specimen::Biological`].
    Biological(BiologicalTruth),
}

/// A synthetic micrograph.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// Whole grey levels in `0..=255` as of an 8-bit detector, `[H, W]`.
    pub plane: Plane,
    /// What it shows, in positions on the specimen.
    pub truth: Truth,
    /// The corresponding positions in the image: the same, unless the scan has a margin, a drift or a tilt.
    pub scan: Scan,
    /// Size of a pixel.
    pub calibration: Calibration,
    /// The rows of the data bar, if one was requested.
    pub data_bar: Option<Strip>,
}

impl Synthetic {
    /// As if it had been read from a file called `name`, which gives its calibration but not its data
    /// bar.
    pub fn into_micrograph(self, name: &str) -> Micrograph {
        let facts = FileFacts {
            path: name.into(),
            format: "synthetic".to_owned(),
            height: self.plane.height(),
            width: self.plane.width(),
            sample: "8-bit grey".to_owned(),
            page: 0,
            n_pages: 1,
            calibration: Some(self.calibration),
            instrument: InstrumentSettings::default(),
            specimen_rows: None,
            warnings: Vec::new(),
        };
        Micrograph { plane: self.plane, facts }
    }
}

/// The micrograph of `config` under `seed`.
///
/// # Errors
/// If a setting is out of range, or if there is no room for the particles.
///
/// # Examples
/// ```
/// use micrograph::synth::{LinesConfig, Specimen, SynthConfig, Truth, micrograph};
///
/// let lines = LinesConfig { pitch_px: 24.0, ..LinesConfig::default() };
/// let config = SynthConfig { specimen: Specimen::Lines(lines), ..SynthConfig::default() };
/// let made = micrograph(&config, 7)?;
/// assert!(matches!(made.truth, Truth::Lines(_)));
/// assert_eq!(made.plane, micrograph(&config, 7)?.plane, "the same seed gives the same image");
/// # Ok::<(), micrograph::ConfigError>(())
/// ```
pub fn micrograph(config: &SynthConfig, seed: u64) -> Result<Synthetic, ConfigError> {
    let config = config.clone().checked()?;
    let scan = Scan::new(config.scan, (config.height, config.width));
    let size = scan.specimen_size();
    let (surface, truth) = match &config.specimen {
        Specimen::Particles(particles) => {
            let (surface, truth) = particles.surface(size, seed)?;
            (surface, Truth::Particles(truth))
        }
        Specimen::Lines(lines) => {
            let (surface, truth) = lines.surface(size, seed);
            (surface, Truth::Lines(truth))
        }
        Specimen::Dots(dots) => {
            let (surface, truth) = dots.surface(size, seed);
            (surface, Truth::Dots(truth))
        }
        Specimen::Fibers(fibers) => {
            let (surface, truth) = fibers.surface(size, seed);
            (surface, Truth::Fibers(truth))
        }
        Specimen::Porous(porous) => {
            let (surface, truth) = porous.surface(size, seed);
            (surface, Truth::Porous(truth))
        }
        Specimen::Powder(powder) => {
            let (surface, truth) = powder.surface(size, seed);
            (surface, Truth::Powder(truth))
        }
        Specimen::Film(film) => {
            let (surface, truth) = film.surface(size, seed);
            (surface, Truth::Film(truth))
        }
        Specimen::Nanowires(nanowires) => {
            let (surface, truth) = nanowires.surface(size, seed);
            (surface, Truth::Nanowires(truth))
        }
        Specimen::Tip(tip) => {
            let (surface, truth) = tip.surface(size, seed);
            (surface, Truth::Tip(truth))
        }
        Specimen::Mems(mems) => {
            let (surface, truth) = mems.surface(size, seed);
            (surface, Truth::Mems(truth))
        }
        Specimen::Biological(biological) => {
            let (surface, truth) = biological.surface(size, seed);
            (surface, Truth::Biological(truth))
        }
    };
    let mut plane = imaging::image(&surface, &scan, &config.imaging, seed);
    let data_bar = config.data_bar.then(|| {
        let stream = &mut Stream::new(seed, "synth data bar", 0);
        let bar = strip::draw(&mut plane, &StripConfig::random(stream), stream);
        // the compression noise of the bar leaves fractions; an 8-bit file has none
        plane.values_mut().iter_mut().for_each(|value| *value = value.round().clamp(0.0, 255.0));
        bar
    });
    Ok(Synthetic {
        plane,
        truth,
        scan,
        data_bar,
        calibration: Calibration::square(config.nm_per_px, CalibrationSource::Synthetic),
    })
}
