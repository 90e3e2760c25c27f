//! How well measurements meet the truth of synthetic micrographs, as tables in Markdown.
//!
//! `cargo run --release -p micrograph --example accuracy -- [gratings|orientation|textures|lattices|speed]…`
//! prints the tables of docs/accuracy.md: all, or those named. Seeds are fixed, the same command
//! gives the same tables but for the times.

use std::error::Error;
use std::f64::consts::TAU;
use std::time::Instant;

use micrograph::measure::geometry::axis_difference_deg;
use micrograph::measure::gradient::Gradient;
use micrograph::measure::{
    Grating, GratingConfig, LatticeConfig, LatticeKind, NoPeriod, OrientationConfig, Quantity, grating,
    lattice, orientation,
};
use micrograph::random::Stream;
use micrograph::synth::{
    Category, DotLattice, DotRelief, DotsConfig, Imaging, LinesConfig, Specimen, SynthConfig, Truth,
    micrograph as synthetic, varied_of,
};
use micrograph::{Plane, Rect};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| named.is_empty() || named.iter().any(|other| other == name);
    if asked("gratings") {
        gratings()?;
    }
    if asked("orientation") {
        gradients();
    }
    if asked("lattices") {
        lattices()?;
    }
    if asked("textures") {
        textures()?;
    }
    if asked("speed") {
        speed()?;
    }
    Ok(())
}

/// Errors of one kind of quantity, each with the half width of its interval.
#[derive(Default)]
struct Errors(Vec<(f64, f64)>);

impl Errors {
    fn add(&mut self, quantity: &Quantity, error: f64, scale: f64) {
        self.0.push((error * scale, quantity.expanded * scale));
    }

    fn bias(&self) -> f64 {
        self.0.iter().map(|(error, _)| error).sum::<f64>() / self.0.len() as f64
    }

    fn rmse(&self) -> f64 {
        (self.0.iter().map(|(error, _)| error * error).sum::<f64>() / self.0.len() as f64).sqrt()
    }

    /// Percent of the truths inside their intervals.
    fn coverage(&self) -> f64 {
        let inside = self.0.iter().filter(|(error, expanded)| error.abs() <= *expanded).count();
        100.0 * inside as f64 / self.0.len() as f64
    }
}

/// A grating with its truth.
struct Case {
    plane: Plane,
    pitch_px: f64,
    axis_deg: f64,
    duty: f64,
    roughness_px: Option<f64>,
}

/// A grating number `index` with a pitch in this range, everything else at random, of at least
/// `cycles` periods across.
fn case(pitch: (f64, f64), cycles: f64, index: u64) -> Result<Case, micrograph::ConfigError> {
    let draw = &mut Stream::new(11, "accuracy grating", index);
    let pitch_px = pitch.0 * (pitch.1 / pitch.0).powf(draw.uniform());
    let axis_deg = draw.between(-90.0, 90.0);
    let duty = draw.between(0.3, 0.7);
    let noise = 20.0 * 25.0_f64.powf(draw.uniform());
    let side = (cycles * pitch_px).max(256.0) as usize;
    if pitch_px < 8.0 {
        // finer than the specimens go: a wave and its second harmonic
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let sigma = 30.0 * draw.between(0.3, 2.0);
        let plane = Plane::from_fn(side, side, |y, x| {
            let phase = TAU * (sin * x as f64 + cos * y as f64) / pitch_px;
            let value = 110.0 + 40.0 * phase.sin() + 10.0 * (2.0 * phase).cos() + sigma * draw.normal();
            value.round().clamp(0.0, 255.0) as f32
        });
        return Ok(Case { plane, pitch_px, axis_deg, duty: f64::NAN, roughness_px: None });
    }
    // the imaging of synthetic micrographs knows nothing beyond their border, which bends what is there
    let margin = (pitch_px.ceil() as usize).min(60);
    let wall_px = (pitch_px * draw.between(0.03, 0.1)).max(1.0);
    let config = SynthConfig {
        height: side + 2 * margin,
        width: side * 5 / 4 + 2 * margin,
        specimen: Specimen::Lines(LinesConfig {
            pitch_px,
            axis_deg,
            duty,
            relief_px: pitch_px * draw.between(0.1, 0.8),
            wall_px,
            edge_roughness_px: (pitch_px * draw.between(0.005, 0.03)).min(3.0),
            edge_correlation_px: draw.between(4.0, 30.0),
            roughness: draw.between(0.0, 0.15),
        }),
        imaging: Imaging {
            dose: noise,
            blur_px: draw.between(0.3, 1.5),
            gradient: draw.between(0.0, 0.3),
            jitter_px: draw.between(0.0, 0.3),
            inverted: draw.below(4) == 0,
            ..Imaging::default()
        },
        ..SynthConfig::default()
    };
    let made = synthetic(&config, index)?;
    let Truth::Lines(truth) = made.truth else { unreachable!("lines were asked for") };
    Ok(Case {
        plane: made.plane.crop(Rect { y: margin, x: margin, height: side, width: side * 5 / 4 }),
        pitch_px,
        axis_deg,
        duty: truth.duty,
        roughness_px: Some(truth.edge_roughness_px),
    })
}

/// Grating measured, and by the structure tensor.
fn measured(case: &Case) -> (Result<Grating, NoPeriod>, Option<Quantity>) {
    let axis = orientation(&case.plane, &OrientationConfig::default()).ok().and_then(|found| found.axis);
    (grating(&case.plane, &GratingConfig::default()), axis)
}

fn gratings() -> Result<(), Box<dyn Error>> {
    println!("\n### Gratings\n");
    println!(
        "| pitch in px | periods | n | refused | SNR | pitch bias | RMSE | coverage | axis RMSE | coverage \
         | tensor axis RMSE | coverage | duty RMSE | coverage | edge roughness bias | RMSE | coverage |"
    );
    println!("|{}", "---|".repeat(17));
    let rows = [
        ((3.0, 5.0), 8.0, 60),
        ((5.0, 8.0), 8.0, 60),
        ((8.0, 16.0), 8.0, 100),
        ((16.0, 40.0), 8.0, 100),
        ((40.0, 90.0), 8.0, 40),
        ((90.0, 200.0), 8.0, 12),
        ((30.0, 60.0), 4.0, 60),
    ];
    for (row, (pitch, cycles, n)) in rows.into_iter().enumerate() {
        let found: Vec<_> = (0..n)
            .into_par_iter()
            .map(|index| {
                let case = case(pitch, cycles, 1000 * row as u64 + index)?;
                let found = measured(&case);
                Ok((case, found))
            })
            .collect::<Result<_, micrograph::ConfigError>>()?;
        let [mut pitches, mut axes, mut tensors, mut duties, mut rough] = [(); 5].map(|()| Errors::default());
        let (mut refused, mut ratios) = (0, Vec::new());
        for (case, (found, tensor)) in &found {
            if let Some(axis) = tensor {
                tensors.add(axis, axis_difference_deg(axis.value, case.axis_deg), 1.0);
            }
            let found = match found {
                Ok(found) => found,
                Err(reason) => {
                    refused += 1;
                    eprintln!("{pitch:?}: pitch {:.1} axis {:.1}: {reason}", case.pitch_px, case.axis_deg);
                    continue;
                }
            };
            ratios.push(found.signal_to_noise);
            pitches.add(&found.pitch, found.pitch.value - case.pitch_px, 100.0 / case.pitch_px);
            axes.add(&found.axis, axis_difference_deg(found.axis.value, case.axis_deg), 1.0);
            if let Some(duty) = &found.duty
                && case.duty.is_finite()
            {
                // of an inverted image the spaces are the brighter part
                let error = [case.duty, 1.0 - case.duty].map(|truth| duty.value - truth);
                let error = if error[0].abs() < error[1].abs() { error[0] } else { error[1] };
                duties.add(duty, error, 1.0);
            }
            if let (Some(found), Some(truth)) = (&found.edge_roughness, case.roughness_px) {
                rough.add(found, found.value - 3.0 * truth, 100.0 / (3.0 * truth));
            }
        }
        ratios.sort_by(f64::total_cmp);
        let middle = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "| {} – {} | ≥ {cycles} | {n} | {refused} | {:.1} ({:.1} – {:.1}) | {:+.4} % | {:.4} % | {:.0} % | {:.4}° | {:.0} % \
             | {:.3}° | {:.0} % | {:.3} | {:.0} % | {:+.0} % | {:.0} % | {:.0} % |",
            pitch.0,
            pitch.1,
            middle,
            ratios.first().unwrap_or(&f64::NAN),
            ratios.last().unwrap_or(&f64::NAN),
            pitches.bias(),
            pitches.rmse(),
            pitches.coverage(),
            axes.rmse(),
            axes.coverage(),
            tensors.rmse(),
            tensors.coverage(),
            duties.rmse(),
            duties.coverage(),
            rough.bias(),
            rough.rmse(),
            rough.coverage(),
        );
    }
    Ok(())
}

/// A lattice of dots with missing ones, and its places in the cropped plane.
fn dots(index: u64) -> Result<(Plane, DotsConfig, Vec<([f64; 2], bool)>), micrograph::ConfigError> {
    let draw = &mut Stream::new(13, "accuracy lattice", index);
    let pitch_px = 12.0 * 4.0_f64.powf(draw.uniform());
    let config = DotsConfig {
        lattice: [DotLattice::Square, DotLattice::Hexagonal][draw.below(2)],
        relief: [DotRelief::Pillars, DotRelief::Holes][draw.below(2)],
        pitch_px,
        diameter_px: pitch_px * draw.between(0.4, 0.65),
        axis_deg: draw.between(-90.0, 90.0),
        relief_px: pitch_px * draw.between(0.2, 0.6),
        wall_px: (pitch_px * draw.between(0.05, 0.12)).max(1.0),
        missing: draw.between(0.0, 0.12),
        placement_px: pitch_px * draw.between(0.002, 0.02),
        roughness: draw.between(0.0, 0.1),
    };
    let margin = pitch_px as usize;
    let (height, width) = (320, 420);
    let whole = SynthConfig {
        height: height + 2 * margin,
        width: width + 2 * margin,
        specimen: Specimen::Dots(config.clone()),
        imaging: Imaging {
            dose: 20.0 * 15.0_f64.powf(draw.uniform()),
            blur_px: draw.between(0.3, 1.5),
            gradient: draw.between(0.0, 0.3),
            jitter_px: draw.between(0.0, 0.3),
            inverted: draw.below(4) == 0,
            ..Imaging::default()
        },
        ..SynthConfig::default()
    };
    let made = synthetic(&whole, index)?;
    let Truth::Dots(truth) = made.truth else { unreachable!("dots were asked for") };
    let plane = made.plane.crop(Rect { y: margin, x: margin, height, width });
    let sites =
        truth.sites.iter().map(|site| ([site.y - margin as f64, site.x - margin as f64], site.present));
    Ok((plane, config, sites.collect()))
}

fn lattices() -> Result<(), Box<dyn Error>> {
    println!("\n### Lattices of dots\n");
    println!(
        "| n | refused | kind right | pitch bias | RMSE | coverage | axis RMSE | coverage | missing sites | precision | recall | extras claimed |"
    );
    println!("|{}", "---|".repeat(12));
    let n = 80;
    let found: Vec<_> = (0..n)
        .into_par_iter()
        .map(|index| {
            let (plane, config, sites) = dots(index)?;
            Ok((config, sites, lattice(&plane, &LatticeConfig::default())))
        })
        .collect::<Result<_, micrograph::ConfigError>>()?;
    let (mut pitches, mut axes) = (Errors::default(), Errors::default());
    let (mut refused, mut right, mut extras) = (0, 0, 0);
    let (mut missing, mut named, mut hits) = (0, 0, 0);
    for (config, sites, found) in &found {
        let found = match found {
            Ok(found) => found,
            Err(reason) => {
                refused += 1;
                eprintln!("{config:?}: {reason}");
                continue;
            }
        };
        let (kind, turn) = match config.lattice {
            DotLattice::Square => (LatticeKind::Square, 90.0),
            DotLattice::Hexagonal => (LatticeKind::Hexagonal, 60.0),
        };
        right += usize::from(found.kind == kind);
        extras += found.extra.len();
        pitches.add(&found.first, found.first.value - config.pitch_px, 100.0 / config.pitch_px);
        // any of the equal vectors may be the first
        let off = (found.axis.value - config.axis_deg + turn / 2.0).rem_euclid(turn) - turn / 2.0;
        axes.add(&found.axis, off, 1.0);
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 0.4 * config.pitch_px;
        let empty: Vec<[f64; 2]> =
            found.sites.iter().filter(|site| site.found.is_none()).map(|site| site.expected).collect();
        let inside = |at: [f64; 2]| (0.0..=319.0).contains(&at[0]) && (0.0..=419.0).contains(&at[1]);
        let truth: Vec<[f64; 2]> = sites.iter().filter(|(_, present)| !present).map(|(at, _)| *at).collect();
        named += empty.len();
        let hit = empty.iter().filter(|&&at| truth.iter().any(|&other| near(at, other))).count();
        hits += hit;
        let lost = |at: &&[f64; 2]| inside(**at) && !empty.iter().any(|&other| near(**at, other));
        missing += hit + truth.iter().filter(lost).count();
        if hit < empty.len() || truth.iter().any(|at| lost(&at)) || found.kind != kind {
            eprintln!("{config:?}: {:?} {} named {} hit {}", found.kind, truth.len(), empty.len(), hit);
        }
    }
    println!(
        "| {n} | {refused} | {right} | {:+.4} % | {:.4} % | {:.0} % | {:.4}° | {:.0} % | {missing} | {:.4} | {:.4} | {extras} |",
        pitches.bias(),
        pitches.rmse(),
        pitches.coverage(),
        axes.rmse(),
        axes.coverage(),
        hits as f64 / named.max(1) as f64,
        hits as f64 / missing.max(1) as f64,
    );
    Ok(())
}

/// Waves of known axis, with each gradient: largest error without noise, RMSE beside it.
fn gradients() {
    println!("\n### Axis of waves by each gradient\n");
    println!(
        "| gradient | 3 – 4 px | 4 – 8 px | 8 – 32 px | 4 – 8 px, noise as strong | 8 – 32 px, noise as strong |"
    );
    println!("|{}", "---|".repeat(6));
    let ways = [
        Gradient::Central,
        Gradient::Spline,
        Gradient::SmoothSpline(1.0),
        Gradient::Gaussian(0.8),
        Gradient::Gaussian(1.0),
        Gradient::Gaussian(1.2),
        Gradient::Gaussian(1.5),
        Gradient::Gaussian(2.0),
        Gradient::Gaussian(3.0),
    ];
    for gradient in ways {
        let rmse = |low: f64, high: f64, noise: f64| {
            let squares: f64 = (0..60_u64)
                .into_par_iter()
                .map(|index| {
                    let draw = &mut Stream::new(12, "accuracy gradient", index);
                    let (period, axis) = (draw.between(low, high), draw.between(0.0, 180.0));
                    let (sin, cos) = axis.to_radians().sin_cos();
                    let plane = Plane::from_fn(200, 240, |y, x| {
                        let phase = TAU * (sin * x as f64 + cos * y as f64) / period;
                        (phase.sin() + noise * draw.normal()) as f32
                    });
                    let config = OrientationConfig { gradient, ..OrientationConfig::default() };
                    let found = orientation(&plane, &config).ok().and_then(|found| found.axis);
                    found.map_or(90.0_f64.powi(2), |found| axis_difference_deg(found.value, axis).powi(2))
                })
                .sum();
            (squares / 60.0).sqrt()
        };
        // a sine of amplitude 1 has the rms 0.71
        let noisy = std::f64::consts::FRAC_1_SQRT_2;
        println!(
            "| {gradient:?} | {:.3}° | {:.3}° | {:.3}° | {:.3}° | {:.3}° |",
            rmse(3.0, 4.0, 0.0),
            rmse(4.0, 8.0, 0.0),
            rmse(8.0, 32.0, 0.0),
            rmse(4.0, 8.0, noisy),
            rmse(8.0, 32.0, noisy)
        );
    }
}

const WITHOUT_PERIOD: [Category; 5] = [
    Category::PorousSponge,
    Category::Powder,
    Category::FilmsCoatedSurface,
    Category::Fibres,
    Category::Particles,
];

fn textures() -> Result<(), Box<dyn Error>> {
    println!("\n### Textures without a period\n");
    println!("| texture | n | gratings claimed | lattices claimed |");
    println!("|---|---|---|---|");
    for category in WITHOUT_PERIOD {
        let found: Vec<_> = (0..60)
            .into_par_iter()
            .map(|index| {
                let plane = varied_of(category, 5, index, 384, 512)?.plane;
                let one = grating(&plane, &GratingConfig::default()).is_ok();
                Ok((one, lattice(&plane, &LatticeConfig::default()).is_ok()))
            })
            .collect::<Result<_, micrograph::ConfigError>>()?;
        let claimed = found.iter().filter(|(one, _)| *one).count();
        let lattices = found.iter().filter(|(_, two)| *two).count();
        println!("| {category} | {} | {claimed} | {lattices} |", found.len());
    }
    Ok(())
}

fn speed() -> Result<(), Box<dyn Error>> {
    println!("\n### Time for 1024 × 768 px\n");
    let config = SynthConfig {
        height: 768,
        width: 1024,
        specimen: Specimen::Lines(LinesConfig { axis_deg: 70.0, ..LinesConfig::default() }),
        ..SynthConfig::default()
    };
    let plane = synthetic(&config, 1)?.plane;
    let start = Instant::now();
    grating(&plane, &GratingConfig::default())?;
    println!("- grating: {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    orientation(&plane, &OrientationConfig::default())?;
    println!("- orientation: {:.2} s", start.elapsed().as_secs_f64());
    let config = SynthConfig { specimen: Specimen::Dots(DotsConfig::default()), ..config };
    let plane = synthetic(&config, 1)?.plane;
    let start = Instant::now();
    lattice(&plane, &LatticeConfig::default())?;
    println!("- lattice: {:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}
