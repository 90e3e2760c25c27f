//! Demo specimens: the three micrographs of the built-in demo, chosen for their looks.

use crate::synth::{
    Category, DotLattice, DotRelief, DotsConfig, FibersConfig, Imaging, Packing, ParticlesConfig, ScanConfig,
    Specimen, SynthConfig,
};

/// A named specimen of the demo.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoSpecimen {
    /// A name fit for a file, e.g. `particles`.
    pub name: &'static str,
    /// What it shows.
    pub category: Category,
    /// Its settings; they are in range.
    pub config: SynthConfig,
    /// Its seed.
    pub seed: u64,
}

/// Particles on a background, a dot lattice with missing sites, electrospun fibres: 384 × 512 px each.
pub fn demo_specimens() -> [DemoSpecimen; 3] {
    let particles = ParticlesConfig {
        touching: 0.0,
        diameter_px: 38.0,
        spread: 0.24,
        coverage: 0.3,
        packing: Packing::Separate,
        background_roughness: 0.45,
        background_grain_px: 9.0,
        particle_roughness: 0.14,
    };
    let dots = DotsConfig {
        lattice: DotLattice::Hexagonal,
        relief: DotRelief::Pillars,
        pitch_px: 40.0,
        diameter_px: 22.0,
        axis_deg: 12.0,
        missing: 0.04,
        ..DotsConfig::default()
    };
    let fibers = FibersConfig { diameter_px: 13.0, coverage: 1.5, bend_deg: 10.0, ..FibersConfig::default() };
    let specimen = |name, category, nm_per_px, specimen, seed| DemoSpecimen {
        name,
        category,
        config: SynthConfig {
            scan: ScanConfig::default(),
            height: 384,
            width: 512,
            nm_per_px,
            specimen,
            imaging: Imaging { dose: 250.0, shading: 0.4, ..Imaging::default() },
            data_bar: false,
        },
        seed,
    };
    [
        specimen("particles", Category::Particles, 2.0, Specimen::Particles(particles), 1),
        specimen("dots", Category::PatternedSurface, 5.0, Specimen::Dots(dots), 1),
        specimen("fibres", Category::Fibers, 40.0, Specimen::Fibers(fibers), 1),
    ]
}
