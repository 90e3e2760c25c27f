//! Varied micrographs of a category, for training a classifier.
//!
//! Within a category structure, size, contrast and polarity are drawn widely, lengths as shares of the
//! smaller side of the image. The imaging conditions of all categories are drawn with the same
//! random numbers ([`Exposure::Moments`]), so that grey level, contrast and noise do not reveal the category.

use super::log_between;
use crate::ConfigError;
use crate::random::Stream;
use crate::synth::{
    BiologicalConfig, BiologicalForm, Category, Device, DotLattice, DotRelief, DotsConfig, Exposure,
    FibersConfig, FilmConfig, FilmTexture, Imaging, LineProfile, LinesConfig, MemsConfig, NanowiresConfig,
    Packing, ParticlesConfig, PorousConfig, PorousStructure, PowderConfig, ScanConfig, Specimen, SynthConfig,
    Synthetic, TipConfig, TipShape, WireArrangement, micrograph,
};

/// The micrograph number `index` of `category` under `seed`, of `height` × `width` px, without data bar.
///
/// # Errors
/// If the size is out of range: both sides must be 64 to 16384.
pub fn varied_of(
    category: Category,
    seed: u64,
    index: u64,
    height: usize,
    width: usize,
) -> Result<Synthetic, ConfigError> {
    let config = varied_config_of(category, seed, index, height, width)?;
    // a seed of its own, else all categories of an index would share their noise
    let own_seed = Stream::new(seed, category.name(), index).bits();
    micrograph(&config, own_seed)
}

/// Settings number `index` of `category` under `seed`, for an image of `height` × `width` px.
///
/// # Errors
/// If the size is out of range: both sides must be 64 to 16384.
pub fn varied_config_of(
    category: Category,
    seed: u64,
    index: u64,
    height: usize,
    width: usize,
) -> Result<SynthConfig, ConfigError> {
    ConfigError::unless_within("height", height as f64, 64.0..=16384.0)?;
    ConfigError::unless_within("width", width as f64, 64.0..=16384.0)?;
    let side = height.min(width) as f64;
    // one stream for the specimen and one for the imaging: the same draw for every category
    let draw = &mut Stream::new(seed, category.name(), index);
    let specimen = match category {
        Category::PorousSponge => Specimen::Porous(porous(side, draw)),
        Category::PatternedSurface if draw.below(2) == 0 => Specimen::Lines(lines(side, draw)),
        Category::PatternedSurface => Specimen::Dots(dots(side, draw)),
        // not all particles are spheres
        Category::Particles if draw.below(3) == 0 => Specimen::Powder(shards(side, draw)),
        Category::Particles => Specimen::Particles(particles(side, draw)),
        Category::FilmsCoatedSurface => Specimen::Film(film(side, draw)),
        Category::Powder => Specimen::Powder(powder(side, draw)),
        Category::Tips => Specimen::Tip(tip(side, draw)),
        Category::Nanowires => Specimen::Nanowires(nanowires(side, draw)),
        Category::Biological => Specimen::Biological(biological(side, draw)),
        Category::MemsDevicesAndElectrodes => Specimen::Mems(mems(side, draw)),
        Category::Fibers => Specimen::Fibers(fibers(side, draw)),
    };
    let look =
        &mut Stream::new(seed, "synth varied look", index * Category::ALL.len() as u64 + category as u64);
    Ok(SynthConfig {
        scan: ScanConfig::default(),
        height,
        width,
        nm_per_px: log_between(look, 0.5, 500.0),
        specimen,
        imaging: imaging(look),
        data_bar: false,
    })
}

fn imaging(draw: &mut Stream) -> Imaging {
    Imaging {
        dose: log_between(draw, 8.0, 1000.0),
        blur_px: draw.between(0.4, 1.8),
        edge_brightening: draw.between(0.2, 2.0),
        shading: draw.between(0.0, 0.7),
        detector_deg: draw.between(0.0, 360.0),
        shadowing: draw.between(0.2, 1.8),
        gradient: draw.between(0.0, 0.35),
        jitter_px: draw.between(0.0, 0.25),
        brightness: draw.between(70.0, 175.0),
        contrast: log_between(draw, 60.0, 240.0),
        // sometimes, as from a backscatter detector or an inverted export
        inverted: draw.below(8) == 0,
        exposure: Exposure::Moments,
    }
}

/// A number that is 0 with probability ½, else between `low` and `high`.
fn at_times(draw: &mut Stream, low: f64, high: f64) -> f64 {
    if draw.below(2) == 0 { 0.0 } else { draw.between(low, high) }
}

fn any_axis(draw: &mut Stream) -> f64 {
    draw.between(-90.0, 90.0)
}

/// With probability ½ the stage was turned until the structure is nearly upright.
fn stage_axis(draw: &mut Stream) -> f64 {
    match draw.below(4) {
        0 => draw.between(-2.0, 2.0),
        1 => 90.0 - draw.between(0.0, 2.0),
        _ => any_axis(draw),
    }
}

fn porous(side: f64, draw: &mut Stream) -> PorousConfig {
    let structures = [PorousStructure::Sponge, PorousStructure::Foam, PorousStructure::Membrane];
    let structure = structures[draw.below(3)];
    let membrane = structure == PorousStructure::Membrane;
    PorousConfig {
        structure,
        period_px: (side * log_between(draw, 0.03, 0.3)).max(5.0),
        porosity: if membrane { draw.between(0.1, 0.55) } else { draw.between(0.25, 0.62) },
        n_layers: if membrane { 1 + draw.below(2) } else { 2 + draw.below(4) },
        rounding: if membrane { log_between(draw, 0.02, 0.2) } else { log_between(draw, 0.08, 0.4) },
        stretch: 1.0 + at_times(draw, 0.1, 1.2),
        axis_deg: any_axis(draw),
        // smooth as after coarsening, or ragged
        roughness: if draw.below(2) == 0 { log_between(draw, 0.02, 0.3) } else { draw.between(0.3, 1.6) },
        grain_px: log_between(draw, 2.0, 16.0),
    }
}

fn lines(side: f64, draw: &mut Stream) -> LinesConfig {
    let pitch_px = (side * log_between(draw, 0.04, 0.35)).max(7.0);
    LinesConfig {
        profile: LineProfile::Walls,
        pitch_px,
        axis_deg: stage_axis(draw),
        duty_cycle: draw.between(0.3, 0.7),
        relief_px: pitch_px * draw.between(0.1, 1.0),
        wall_px: (pitch_px * draw.between(0.04, 0.15)).max(1.2),
        // six times that still fits into the narrowest line
        edge_roughness_px: pitch_px * draw.between(0.0, 0.049),
        edge_correlation_px: log_between(draw, 3.0, 40.0),
        roughness: log_between(draw, 0.02, 0.5),
    }
}

fn dots(side: f64, draw: &mut Stream) -> DotsConfig {
    let pitch_px = (side * log_between(draw, 0.04, 0.35)).max(8.0);
    DotsConfig {
        lattice: [DotLattice::Square, DotLattice::Hexagonal][draw.below(2)],
        relief: [DotRelief::Pillars, DotRelief::Holes][draw.below(2)],
        pitch_px,
        diameter_px: pitch_px * draw.between(0.4, 0.75),
        axis_deg: stage_axis(draw),
        relief_px: pitch_px * draw.between(0.1, 0.7),
        wall_px: (pitch_px * draw.between(0.04, 0.2)).max(1.2),
        missing: at_times(draw, 0.0, 0.25),
        placement_px: pitch_px * draw.between(0.0, 0.03),
        roughness: log_between(draw, 0.02, 0.5),
    }
}

fn particles(side: f64, draw: &mut Stream) -> ParticlesConfig {
    let packing = [Packing::Separate, Packing::Overlapping, Packing::Stacked][draw.below(3)];
    ParticlesConfig {
        touching: 0.0,
        diameter_px: (side * log_between(draw, 0.02, 0.2)).max(4.0),
        spread: draw.between(0.0, 0.3),
        coverage: match packing {
            // with few pixels from disc to disc the gap of 2 px weighs most
            Packing::Separate => draw.between(0.02, 0.16),
            Packing::Overlapping => draw.between(0.1, 0.8),
            Packing::Stacked => draw.between(0.8, 3.5),
        },
        packing,
        background_roughness: log_between(draw, 0.02, 0.7),
        background_grain_px: log_between(draw, 2.0, 30.0),
        particle_roughness: log_between(draw, 0.02, 0.5),
    }
}

/// Cut particles on a background: in contrast to a powder few, and of one size.
fn shards(side: f64, draw: &mut Stream) -> PowderConfig {
    PowderConfig {
        diameter_px: (side * log_between(draw, 0.03, 0.15)).max(4.0),
        spread: draw.between(0.05, 0.3),
        coverage: log_between(draw, 0.03, 0.6),
        angularity: draw.between(0.2, 0.9),
        elongation: draw.between(1.0, 1.8),
        flatness: draw.between(0.5, 1.0),
        clumping: draw.uniform(),
        roughness: log_between(draw, 0.02, 0.5),
        skin: log_between(draw, 0.08, 0.6),
    }
}

fn film(side: f64, draw: &mut Stream) -> FilmConfig {
    let texture =
        [FilmTexture::Smooth, FilmTexture::Grains, FilmTexture::Domes, FilmTexture::Section][draw.below(4)];
    let spots = |draw: &mut Stream| if draw.below(3) == 0 { 1 + draw.below(40) } else { 0 };
    let mut film = FilmConfig {
        texture,
        grain_px: (side * log_between(draw, 0.015, 0.25)).max(4.0),
        relief: log_between(draw, 0.02, 0.5),
        shade: draw.between(0.0, 0.3),
        n_layers: 1 + draw.below(4),
        porosity: at_times(draw, 0.0, 0.35),
        wrinkle_px: (side * log_between(draw, 0.05, 0.5)).max(6.0),
        wrinkle_relief: at_times(draw, 0.03, 0.45),
        wrinkle_order: draw.uniform().powi(2),
        axis_deg: any_axis(draw),
        crack_spacing_px: (side * log_between(draw, 0.12, 0.8)).max(10.0),
        crack_px: if draw.below(3) == 0 {
            (side * log_between(draw, 0.004, 0.025)).clamp(1.0, 50.0)
        } else {
            0.0
        },
        n_blisters: spots(draw),
        n_pinholes: spots(draw),
        spot_px: (side * log_between(draw, 0.01, 0.08)).clamp(2.0, 500.0),
        roughness: log_between(draw, 0.02, 0.5),
    };
    let even = texture == FilmTexture::Smooth && film.wrinkle_relief == 0.0 && film.crack_px == 0.0;
    if texture == FilmTexture::Section {
        film.grain_px = (side * log_between(draw, 0.015, 0.08)).max(4.0);
        film.wrinkle_relief = log_between(draw, 0.01, 0.25);
        if draw.below(3) > 0 {
            film.axis_deg = draw.between(-8.0, 8.0); // the stage was turned to it
        }
    }
    if even {
        film.roughness = log_between(draw, 0.1, 1.0);
    }
    film
}

fn powder(side: f64, draw: &mut Stream) -> PowderConfig {
    let round = draw.below(3) == 0;
    PowderConfig {
        diameter_px: (side * log_between(draw, 0.025, 0.2)).max(4.0),
        spread: draw.between(0.35, 0.8),
        coverage: log_between(draw, 0.9, 5.0),
        angularity: if round { 0.0 } else { draw.between(0.4, 1.0) },
        elongation: draw.between(1.0, if round { 1.3 } else { 2.5 }),
        flatness: if draw.below(4) == 0 { draw.between(0.08, 0.3) } else { draw.between(0.5, 1.0) },
        clumping: draw.uniform(),
        roughness: log_between(draw, 0.05, 0.8),
        skin: log_between(draw, 0.08, 0.6),
    }
}

fn tip(side: f64, draw: &mut Stream) -> TipConfig {
    let shape = if draw.below(4) == 0 { TipShape::Pyramid } else { TipShape::Needle };
    let axis_deg = draw.between(-180.0, 180.0);
    // the apex is on the side opposite to the shank, so that the shank is in the image
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    let off = draw.between(-0.1, 0.32);
    let pyramid = shape == TipShape::Pyramid;
    TipConfig {
        shape,
        apex_y: (0.5 + off * sin + draw.between(-0.1, 0.1)).clamp(0.05, 0.95),
        apex_x: (0.5 - off * cos + draw.between(-0.1, 0.1)).clamp(0.05, 0.95),
        axis_deg,
        half_angle_deg: log_between(draw, 3.0, 35.0),
        radius_px: (side * log_between(draw, 0.003, 0.05)).max(0.5),
        shank_px: (side * if pyramid { log_between(draw, 0.06, 0.25) } else { log_between(draw, 0.08, 0.5) })
            .max(2.0),
        rings: at_times(draw, 0.0, 0.025),
        background: draw.between(0.05, 0.8),
        load_px: if draw.below(4) == 0 && !pyramid { side * draw.between(0.1, 0.3) } else { 0.0 },
        roughness: log_between(draw, 0.02, 0.5),
    }
}

fn nanowires(side: f64, draw: &mut Stream) -> NanowiresConfig {
    let arrangement = [WireArrangement::Lying, WireArrangement::Standing][draw.below(2)];
    let standing = arrangement == WireArrangement::Standing;
    let diameter_px = (side * log_between(draw, 0.005, 0.07)).max(1.6);
    let slender = if standing { log_between(draw, 5.0, 25.0) } else { log_between(draw, 8.0, 60.0) };
    NanowiresConfig {
        arrangement,
        diameter_px,
        spread: draw.between(0.0, 0.35),
        length_px: (diameter_px * slender).clamp(6.0, 1.5 * side),
        length_spread: draw.between(0.0, 0.5),
        taper: draw.between(0.3, 1.0),
        axis_deg: if standing { 90.0 + draw.between(-25.0, 25.0) } else { draw.between(-180.0, 180.0) },
        axis_spread_deg: if standing {
            log_between(draw, 0.5, 25.0)
        } else if draw.below(2) == 0 {
            90.0
        } else {
            draw.between(3.0, 40.0)
        },
        bend_deg: log_between(draw, 0.5, 15.0),
        coverage: if standing { log_between(draw, 0.2, 2.0) } else { log_between(draw, 0.01, 1.2) },
        disorder: draw.uniform(),
        catalyst: at_times(draw, 1.0, 1.8),
        roughness: log_between(draw, 0.02, 0.5),
    }
}

fn biological(side: f64, draw: &mut Stream) -> BiologicalConfig {
    let forms = [
        BiologicalForm::Cells,
        BiologicalForm::BloodCells,
        BiologicalForm::Bacteria,
        BiologicalForm::SpinyPollen,
        BiologicalForm::NettedPollen,
        BiologicalForm::Diatoms,
        BiologicalForm::Tissue,
        BiologicalForm::Tissue, // the most frequent in the sets at hand
    ];
    let form = forms[draw.below(forms.len())];
    let (least, most) = match form {
        BiologicalForm::Cells | BiologicalForm::BloodCells => (0.08, 0.4),
        BiologicalForm::Bacteria => (0.04, 0.2),
        BiologicalForm::SpinyPollen | BiologicalForm::NettedPollen => (0.3, 1.1),
        BiologicalForm::Diatoms => (0.2, 0.7),
        BiologicalForm::Tissue => (0.05, 0.25),
    };
    let large = least >= 0.2;
    BiologicalConfig {
        form,
        diameter_px: (side * log_between(draw, least, most)).max(6.0),
        spread: draw.between(0.02, 0.25),
        elongation: if draw.below(3) == 0 { 1.0 } else { draw.between(1.5, 5.0) },
        coverage: if large { draw.between(0.0, 0.6) } else { log_between(draw, 0.15, 1.8) },
        ornament: match form {
            BiologicalForm::Tissue => draw.between(0.2, 0.58),
            BiologicalForm::Diatoms => draw.between(0.05, 0.12),
            _ => log_between(draw, 0.08, 0.28),
        },
        ornament_relief: draw.between(0.3, 1.3),
        background: draw.between(0.1, 0.8),
        background_roughness: log_between(draw, 0.02, 0.7),
        roughness: log_between(draw, 0.02, 0.5),
        grain_px: log_between(draw, 2.0, 20.0),
    }
}

fn mems(side: f64, draw: &mut Stream) -> MemsConfig {
    let devices = [Device::Comb, Device::Electrodes, Device::Cantilevers, Device::Gear, Device::Proof];
    let device = devices[draw.below(devices.len())];
    let pitch_px = (side * log_between(draw, 0.04, 0.25)).max(6.0);
    MemsConfig {
        device,
        pitch_px,
        duty_cycle: draw.between(0.25, 0.75),
        length: draw.between(2.0, 10.0),
        axis_deg: stage_axis(draw),
        relief_px: (pitch_px * log_between(draw, 0.08, 0.6)).max(0.5),
        wall_px: (pitch_px * draw.between(0.03, 0.15)).clamp(1.2, 100.0),
        background: log_between(draw, 0.25, 1.5),
        hole_px: if draw.below(2) == 0 { (pitch_px * draw.between(0.15, 0.5)).min(200.0) } else { 0.0 },
        roughness: log_between(draw, 0.02, 0.5),
    }
}

fn fibers(side: f64, draw: &mut Stream) -> FibersConfig {
    FibersConfig {
        diameter_px: (side * log_between(draw, 0.012, 0.12)).max(2.0),
        spread: draw.between(0.05, 0.5),
        coverage: log_between(draw, 0.4, 2.4),
        axis_deg: any_axis(draw),
        axis_spread_deg: if draw.below(2) == 0 { 90.0 } else { draw.between(3.0, 40.0) },
        bend_deg: log_between(draw, 1.0, 22.0),
        bend_length_px: (side * log_between(draw, 0.7, 6.0)).clamp(20.0, 5000.0),
        roughness: log_between(draw, 0.02, 0.5),
    }
}
