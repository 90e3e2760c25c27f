//! Varied settings: random but sensible ones of a kind of specimen, for training sets.

mod of_category;

use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::synth::{
    DotLattice, DotRelief, DotsConfig, Exposure, FibersConfig, Imaging, LineProfile, LinesConfig, Packing,
    ParticlesConfig, Specimen, SynthConfig,
};

pub use of_category::{varied_config_of, varied_of};

/// A kind of specimen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Specimen::Particles`].
    Particles,
    /// [`Specimen::Lines`].
    Lines,
    /// [`Specimen::Dots`].
    Dots,
    /// [`Specimen::Fibers`].
    #[serde(rename = "fibres")]
    Fibers,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Particles, Self::Lines, Self::Dots, Self::Fibers];
}

/// Settings number `index` of `kind` under `seed`: pitch, size, axis, noise, contrast and whether it
/// is inverted all vary. They suit images of 256 × 256 px and more; lengths are in px and do not scale
/// with the image. There is no data bar.
pub fn varied(kind: Kind, index: u64, seed: u64) -> SynthConfig {
    let (purpose, nm_per_px) = match kind {
        Kind::Particles => ("synth varied particles", 0.5..50.0),
        Kind::Lines => ("synth varied lines", 1.0..20.0),
        Kind::Dots => ("synth varied dots", 2.0..40.0),
        Kind::Fibers => ("synth varied fibres", 10.0..100.0),
    };
    let draw = &mut Stream::new(seed, purpose, index);
    let nm_per_px = log_between(draw, nm_per_px.start, nm_per_px.end);
    let specimen = match kind {
        Kind::Particles => Specimen::Particles(particles(draw)),
        Kind::Lines => Specimen::Lines(lines(draw)),
        Kind::Dots => Specimen::Dots(dots(draw)),
        Kind::Fibers => Specimen::Fibers(fibers(draw)),
    };
    SynthConfig { nm_per_px, specimen, imaging: imaging(draw), ..SynthConfig::default() }
}

fn particles(draw: &mut Stream) -> ParticlesConfig {
    let packing = [Packing::Separate, Packing::Overlapping, Packing::Stacked][draw.below(3)];
    let spread = draw.between(0.0, 0.45);
    ParticlesConfig {
        touching: 0.0,
        // the largest, three standard deviations up, still leaves room for others
        diameter_px: log_between(draw, 10.0, 100.0 / (3.0 * spread).exp()),
        spread,
        coverage: match packing {
            Packing::Separate => draw.between(0.04, 0.28),
            Packing::Overlapping => draw.between(0.1, 0.8),
            Packing::Stacked => draw.between(0.8, 3.5),
        },
        packing,
        background_roughness: draw.between(0.02, 0.7),
        background_grain_px: log_between(draw, 2.0, 30.0),
        particle_roughness: draw.between(0.0, 0.3),
    }
}

fn lines(draw: &mut Stream) -> LinesConfig {
    let pitch_px = log_between(draw, 12.0, 80.0);
    LinesConfig {
        profile: LineProfile::Walls,
        pitch_px,
        axis_deg: draw.between(-90.0, 90.0),
        duty_cycle: draw.between(0.3, 0.7),
        relief_px: pitch_px * draw.between(0.1, 1.0),
        wall_px: (pitch_px * draw.between(0.04, 0.15)).max(1.2),
        edge_roughness_px: pitch_px * draw.between(0.0, 0.04),
        edge_correlation_px: log_between(draw, 3.0, 40.0),
        roughness: draw.between(0.0, 0.3),
    }
}

fn dots(draw: &mut Stream) -> DotsConfig {
    let pitch_px = log_between(draw, 14.0, 80.0);
    DotsConfig {
        lattice: [DotLattice::Square, DotLattice::Hexagonal][draw.below(2)],
        relief: [DotRelief::Pillars, DotRelief::Holes][draw.below(2)],
        pitch_px,
        diameter_px: pitch_px * draw.between(0.35, 0.75),
        axis_deg: draw.between(-90.0, 90.0),
        relief_px: pitch_px * draw.between(0.1, 0.7),
        wall_px: (pitch_px * draw.between(0.04, 0.2)).max(1.2),
        missing: if draw.below(2) == 0 { 0.0 } else { draw.between(0.0, 0.25) },
        placement_px: pitch_px * draw.between(0.0, 0.03),
        roughness: draw.between(0.0, 0.3),
    }
}

fn fibers(draw: &mut Stream) -> FibersConfig {
    FibersConfig {
        diameter_px: log_between(draw, 5.0, 30.0),
        spread: draw.between(0.05, 0.45),
        coverage: draw.between(0.5, 2.2),
        axis_deg: draw.between(-90.0, 90.0),
        axis_spread_deg: if draw.below(2) == 0 { 90.0 } else { draw.between(3.0, 40.0) },
        bend_deg: draw.between(0.0, 22.0),
        bend_length_px: log_between(draw, 150.0, 1500.0),
        roughness: draw.between(0.0, 0.2),
    }
}

fn imaging(draw: &mut Stream) -> Imaging {
    Imaging {
        dose: log_between(draw, 20.0, 1500.0),
        blur_px: draw.between(0.5, 2.0),
        edge_brightening: draw.between(0.3, 1.6),
        shading: draw.between(0.0, 0.5),
        detector_deg: draw.between(0.0, 360.0),
        shadowing: draw.between(0.3, 1.5),
        gradient: draw.between(0.0, 0.25),
        jitter_px: draw.between(0.0, 0.2),
        brightness: draw.between(90.0, 150.0),
        contrast: draw.between(90.0, 230.0),
        // sometimes, as from a backscatter detector or an inverted export
        inverted: draw.below(8) == 0,
        exposure: Exposure::Ends,
    }
}

/// A number between `low` and `high`, log-uniformly distributed.
fn log_between(draw: &mut Stream, low: f64, high: f64) -> f64 {
    low * (high / low).powf(draw.uniform())
}
