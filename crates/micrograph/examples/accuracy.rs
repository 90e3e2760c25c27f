//! Accuracy of measurements against the truth of synthetic micrographs, as tables in Markdown.
//!
//! `cargo run --release -p micrograph --example accuracy -- [gratings|orientation|textures|lattices|speed]…`
//! prints the tables of docs/accuracy.md: all, or those named, or of a table the rows whose names contain a
//! word, such as `gratings/tilted`. Seeds are fixed: the same command gives the same tables except the times.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are what it is for")]

use std::error::Error;
use std::f64::consts::TAU;
use std::time::Instant;

use micrograph::data_bar::{self, DataBarChoice};
use micrograph::measure::geometry::axis_difference_deg;
use micrograph::measure::gradient::Gradient;
use micrograph::measure::{
    Geometry, Grating, GratingConfig, LatticeConfig, LatticeKind, NoPeriod, OrientationConfig, Quantity,
    grating, lattice, orientation,
};
use micrograph::random::Stream;
use micrograph::synth::{
    Category, DotLattice, DotRelief, DotSite, DotsConfig, Imaging, LineProfile, LinesConfig, ScanConfig,
    Specimen, SynthConfig, Synthetic, Truth, micrograph as synthetic, varied_of,
};
use micrograph::{Micrograph, Plane};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    // the word that rows of a table must contain, if the table is requested
    let rows = |table: &str| {
        let word = |name: &String| Some(name.strip_prefix(table)?.trim_start_matches('/').to_owned());
        if named.is_empty() { Some(String::new()) } else { named.iter().find_map(word) }
    };
    let requested = |table: &str| rows(table).is_some();
    if let Some(word) = rows("gratings") {
        gratings(&word)?;
    }
    if requested("orientation") {
        gradients();
    }
    if let Some(word) = rows("lattices") {
        lattices(&word)?;
    }
    if requested("textures") {
        textures()?;
    }
    if requested("speed") {
        speed()?;
    }
    Ok(())
}

/// Errors of one kind of quantity, each with the half width of its interval.
#[derive(Default)]
struct Errors(Vec<(f64, f64)>);

impl Errors {
    fn add(&mut self, quantity: &Quantity, error: f64, scale: f64) {
        self.0.push((error * scale, quantity.expanded_uncertainty * scale));
    }

    fn bias(&self) -> f64 {
        self.0.iter().map(|(error, _)| error).sum::<f64>() / self.0.len() as f64
    }

    fn rmse(&self) -> f64 {
        (self.0.iter().map(|(error, _)| error * error).sum::<f64>() / self.0.len() as f64).sqrt()
    }

    /// Quartiles of error over half width, and rms, to see where intervals are too wide.
    fn spread(&self) -> String {
        let mut shares: Vec<f64> =
            self.0.iter().map(|(error, expanded_uncertainty)| error / expanded_uncertainty).collect();
        shares.sort_by(f64::total_cmp);
        let rms = (shares.iter().map(|share| share * share).sum::<f64>() / shares.len() as f64).sqrt();
        let at = |share: f64| shares.get((share * shares.len() as f64) as usize).copied().unwrap_or(f64::NAN);
        format!(
            "error over half width: 5 % {:.2}, 25 % {:.2}, median {:.2}, 75 % {:.2}, 95 % {:.2}, rms {rms:.2}",
            at(0.05),
            at(0.25),
            at(0.5),
            at(0.75),
            at(0.95)
        )
    }

    /// Percent of the truths inside their intervals.
    fn coverage(&self) -> f64 {
        let inside = self
            .0
            .iter()
            .filter(|(error, expanded_uncertainty)| error.abs() <= *expanded_uncertainty)
            .count();
        100.0 * inside as f64 / self.0.len() as f64
    }
}

/// A grating with its truth.
struct Case {
    plane: Plane,
    geometry: Geometry,
    pitch_px: f64,
    axis_deg: f64,
    duty_cycle: Option<f64>,
    roughness_px: Option<f64>,
}

/// Common properties of the gratings of a row.
struct Row {
    name: &'static str,
    pitch: (f64, f64),
    /// Periods across, at least.
    cycles: f64,
    n: u64,
    scanned: Scanned,
}

/// Orientation and motion of the specimen.
#[derive(Clone, Copy, PartialEq)]
enum Scanned {
    Flat,
    /// By 10° to 60°, about any axis, which is given to the measurement.
    Tilted,
    /// At constant speed, by up to 1 % of the image's height along both directions.
    Drifting,
    /// By the same amount, fast at first and at rest at the end.
    Settling,
}

/// Grating number `index` of a row, with random values for everything that is not given.
fn case(row: &Row, index: u64) -> Result<Case, Box<dyn Error + Send + Sync>> {
    let draw = &mut Stream::new(21, "accuracy grating", index);
    let pitch = row.pitch;
    let pitch_px = pitch.0 * (pitch.1 / pitch.0).powf(draw.uniform());
    let axis_deg = draw.between(-90.0, 90.0);
    let duty_cycle = draw.between(0.3, 0.7);
    let dose = 20.0 * 25.0_f64.powf(draw.uniform());
    let side = (row.cycles * pitch_px).max(256.0) as usize;
    // too fine to draw walls: the waves that a wide beam leaves of them
    let wave = pitch_px < 8.0;
    // walls narrower than a pixel are means over it
    let fine = if wave || pitch_px > 40.0 { 1 } else { 2 };
    let of_specimen = fine as f64;
    let lines = LinesConfig {
        profile: if wave { LineProfile::Wave } else { LineProfile::Walls },
        pitch_px: of_specimen * pitch_px,
        axis_deg,
        duty_cycle,
        relief_px: of_specimen * pitch_px * draw.between(0.1, 0.8),
        wall_px: of_specimen * (pitch_px * draw.between(0.03, 0.1)).max(1.0),
        edge_roughness_px: of_specimen * (pitch_px * draw.between(0.005, 0.03)).min(3.0),
        edge_correlation_px: of_specimen * draw.between(4.0, 30.0),
        roughness: draw.between(0.0, 0.15),
    };
    let imaging = Imaging {
        dose,
        // a beam wider than a line removes it
        blur_px: draw.between(0.3, if wave { 0.2 * pitch_px } else { 1.5 }),
        gradient: draw.between(0.0, 0.3),
        jitter_px: draw.between(0.0, 0.3),
        inverted: draw.below(4) == 0,
        ..Imaging::default()
    };
    let most = 0.01 * side as f64;
    let moved = [draw.between(-most, most), draw.between(-most, most)];
    let (tilt_deg, tilt_axis_deg) = (draw.between(10.0, 60.0), draw.between(-90.0, 90.0));
    let still = ScanConfig {
        specimen_px: fine,
        margin_px: (pitch_px.ceil() as usize).min(60),
        ..ScanConfig::default()
    };
    let scan = match row.scanned {
        Scanned::Flat => still,
        Scanned::Tilted => ScanConfig { tilt_deg, tilt_axis_deg, ..still },
        Scanned::Drifting => ScanConfig { drift_px: moved, ..still },
        Scanned::Settling => ScanConfig { settling_px: moved, ..still },
    };
    let config = SynthConfig {
        height: side,
        width: side * 5 / 4,
        specimen: Specimen::Lines(lines),
        scan,
        imaging,
        data_bar: draw.below(5) == 0,
        ..SynthConfig::default()
    };
    let made = synthetic(&config, index)?;
    let Truth::Lines(truth) = made.truth.clone() else { unreachable!("lines were requested") };
    let geometry =
        Geometry { tilt_deg: scan.tilt_deg, tilt_axis_deg: scan.tilt_axis_deg, ..Geometry::default() };
    Ok(Case {
        plane: without_bar(made)?,
        geometry,
        pitch_px,
        axis_deg,
        duty_cycle: (!wave).then_some(truth.duty_cycle),
        roughness_px: (!wave).then_some(truth.edge_roughness_px / of_specimen),
    })
}

/// The image to measure: a data bar that is found is cut off.
fn without_bar(made: Synthetic) -> Result<Plane, Box<dyn Error + Send + Sync>> {
    let Micrograph { plane, facts } = made.into_micrograph("synthetic");
    Ok(data_bar::specimen(&plane, &facts, DataBarChoice::Find)?.0)
}

/// Grating measured, and by the structure tensor.
fn measured(case: &Case) -> (Result<Grating, NoPeriod>, Option<Quantity>) {
    let geometry = case.geometry;
    let config = OrientationConfig { geometry, ..OrientationConfig::default() };
    let axis = orientation(&case.plane, &config).ok().and_then(|found| found.axis);
    (grating(&case.plane, &GratingConfig { geometry, ..GratingConfig::default() }), axis)
}

/// Rows of gratings whose names contain `word`.
fn gratings(word: &str) -> Result<(), Box<dyn Error>> {
    println!("\n### Gratings\n");
    println!(
        "| pitch in px | periods | n | refused | SNR | pitch bias | RMSE | coverage | axis RMSE | coverage \
         | tensor axis RMSE | coverage | duty cycle RMSE | coverage | edge roughness bias | RMSE | coverage |"
    );
    println!("|{}", "---|".repeat(17));
    let usual = |name, pitch, n| Row { name, pitch, cycles: 8.0, n, scanned: Scanned::Flat };
    let rows = [
        usual("3 – 5", (3.0, 5.0), 200),
        usual("5 – 8", (5.0, 8.0), 200),
        usual("8 – 16", (8.0, 16.0), 200),
        usual("16 – 40", (16.0, 40.0), 200),
        usual("40 – 90", (40.0, 90.0), 100),
        usual("90 – 200", (90.0, 200.0), 60),
        Row { cycles: 4.0, ..usual("30 – 60", (30.0, 60.0), 100) },
        Row { scanned: Scanned::Tilted, ..usual("16 – 40, tilted", (16.0, 40.0), 200) },
        Row { scanned: Scanned::Drifting, ..usual("16 – 40, drifting", (16.0, 40.0), 200) },
        Row { scanned: Scanned::Settling, ..usual("16 – 40, settling", (16.0, 40.0), 200) },
    ];
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.name.contains(word)) {
        let found: Vec<_> = (0..row.n)
            .into_par_iter()
            .map(|index| {
                let case = case(row, 1000 * number as u64 + index)?;
                let found = measured(&case);
                Ok((case, found))
            })
            .collect::<Result<_, Box<dyn Error + Send + Sync>>>()
            .map_err(|error| error.to_string())?;
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
                    eprintln!("{}: pitch {:.1} axis {:.1}: {reason}", row.name, case.pitch_px, case.axis_deg);
                    continue;
                }
            };
            ratios.push(found.signal_to_noise);
            pitches.add(&found.pitch, found.pitch.value - case.pitch_px, 100.0 / case.pitch_px);
            axes.add(&found.axis, axis_difference_deg(found.axis.value, case.axis_deg), 1.0);
            if let (Some(duty_cycle), Some(truth)) = (&found.duty_cycle, case.duty_cycle) {
                // in an inverted image the spaces are the brighter part
                let error = [truth, 1.0 - truth].map(|truth| duty_cycle.value - truth);
                let error = if error[0].abs() < error[1].abs() { error[0] } else { error[1] };
                duties.add(duty_cycle, error, 1.0);
            }
            if let (Some(found), Some(truth)) = (&found.edge_roughness, case.roughness_px) {
                rough.add(found, found.value - 3.0 * truth, 100.0 / (3.0 * truth));
            }
        }
        ratios.sort_by(f64::total_cmp);
        let middle = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        for (name, errors) in [
            ("pitch", &pitches),
            ("axis", &axes),
            ("tensor", &tensors),
            ("duty cycle", &duties),
            ("rough", &rough),
        ] {
            eprintln!("{} {name}: {}", row.name, errors.spread());
        }
        let text = format!(
            "| {} | ≥ {} | {} | {refused} | {:.1} ({:.1} – {:.1}) | {:+.4} % | {:.4} % | {:.0} % | {:.4}° | {:.0} % \
             | {:.3}° | {:.0} % | {:.3} | {:.0} % | {:+.0} % | {:.0} % | {:.0} % |",
            row.name,
            row.cycles,
            row.n,
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
        // quantities that were not measured in this row
        println!("{}", text.replace("NaN %", "–").replace("NaN", "–").replace("+–", "–"));
    }
    Ok(())
}

/// A lattice of dots: its sites `[y, x]` in the image, and whether there is a dot.
struct Dots {
    plane: Plane,
    config: DotsConfig,
    geometry: Geometry,
    sites: Vec<([f64; 2], bool)>,
}

/// Common properties of the lattices of a row.
#[derive(Clone, Copy, PartialEq)]
enum Laid {
    Flat,
    /// By 10° to 50°, about any axis, which is given to the measurement.
    Tilted,
    /// In 4 × 3 fields, each displaced by up to 0.08 of the pitch along both directions.
    Stitched,
}

/// Lattice number `index` with random settings and some missing dots.
fn dots(index: u64, laid: Laid) -> Result<Dots, Box<dyn Error + Send + Sync>> {
    let draw = &mut Stream::new(23, "accuracy lattice", index);
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
    let imaging = Imaging {
        dose: 20.0 * 15.0_f64.powf(draw.uniform()),
        blur_px: draw.between(0.3, 1.5),
        gradient: draw.between(0.0, 0.3),
        jitter_px: draw.between(0.0, 0.3),
        inverted: draw.below(4) == 0,
        ..Imaging::default()
    };
    let (tilt_deg, tilt_axis_deg) =
        if laid == Laid::Tilted { (draw.between(10.0, 50.0), draw.between(-90.0, 90.0)) } else { (0.0, 0.0) };
    let whole = SynthConfig {
        height: 320,
        width: 420,
        specimen: Specimen::Dots(config.clone()),
        scan: ScanConfig { margin_px: pitch_px as usize, tilt_deg, tilt_axis_deg, ..ScanConfig::default() },
        imaging,
        data_bar: draw.below(5) == 0,
        ..SynthConfig::default()
    };
    let made = synthetic(&whole, index)?;
    let Truth::Dots(truth) = &made.truth else { unreachable!("dots were requested") };
    let place = |site: &DotSite| (made.scan.image_from_specimen([site.y, site.x]), site.present);
    let sites = truth.sites.iter().map(place).collect();
    let geometry = Geometry { tilt_deg, tilt_axis_deg, ..Geometry::default() };
    let plane = without_bar(made)?;
    let plane = if laid == Laid::Stitched { stitched(&plane, 0.08 * pitch_px, draw) } else { plane };
    Ok(Dots { plane, config, geometry, sites })
}

/// `plane` as 4 × 3 fields that are each displaced by up to `most_px`.
fn stitched(plane: &Plane, most_px: f64, draw: &mut Stream) -> Plane {
    let fields: Vec<[f64; 2]> =
        (0..12).map(|_| [draw.between(-most_px, most_px), draw.between(-most_px, most_px)]).collect();
    let (height, width) = (plane.height(), plane.width());
    Plane::from_fn(height, width, |y, x| {
        let [down, right] = fields[y * 3 / height * 4 + x * 4 / width];
        let split = |at: f64, side: usize| {
            let at = at.clamp(0.0, side as f64 - 1.001);
            (at as usize, at.fract() as f32)
        };
        let ((top, below), (left, beside)) = (split(y as f64 + down, height), split(x as f64 + right, width));
        let row = |y: usize| plane.at(y, left) * (1.0 - beside) + plane.at(y, left + 1) * beside;
        row(top) * (1.0 - below) + row(top + 1) * below
    })
}

/// Rows of lattices whose names contain `word`.
fn lattices(word: &str) -> Result<(), Box<dyn Error>> {
    println!("\n### Lattices of dots\n");
    println!(
        "| lattices | n | refused | kind right | pitch bias | RMSE | coverage | axis RMSE | coverage \
         | missing sites | precision | recall | extras claimed |"
    );
    println!("|{}", "---|".repeat(13));
    for (name, laid) in
        [("flat", Laid::Flat), ("tilted by 10° to 50°", Laid::Tilted), ("stitched", Laid::Stitched)]
    {
        if name.contains(word) {
            lattice_row(name, 100, laid)?;
        }
    }
    Ok(())
}

fn lattice_row(name: &str, n: u64, laid: Laid) -> Result<(), Box<dyn Error>> {
    let found: Vec<_> = (0..n)
        .into_par_iter()
        .map(|index| {
            let Dots { plane, config, geometry, sites } = dots(index + 1000 * laid as u64, laid)?;
            let found = lattice(&plane, &LatticeConfig { geometry, ..LatticeConfig::default() });
            Ok((config, (plane.height(), plane.width()), sites, found))
        })
        .collect::<Result<_, Box<dyn Error + Send + Sync>>>()
        .map_err(|error| error.to_string())?;
    let (mut pitches, mut axes) = (Errors::default(), Errors::default());
    let (mut refused, mut right, mut extras) = (0, 0, 0);
    let (mut missing, mut named, mut hits) = (0, 0, 0);
    for (config, size, sites, found) in &found {
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
        let shortest = found.vectors.map(|[y, x]| y.hypot(x)).into_iter().fold(f64::MAX, f64::min);
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 0.4 * shortest;
        let empty: Vec<[f64; 2]> =
            found.sites.iter().filter(|site| site.found.is_none()).map(|site| site.expected).collect();
        let inside = |at: [f64; 2]| {
            (0.0..=size.0 as f64 - 1.0).contains(&at[0]) && (0.0..=size.1 as f64 - 1.0).contains(&at[1])
        };
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
    eprintln!("{name} pitch: {}", pitches.spread());
    eprintln!("{name} axis: {}", axes.spread());
    println!(
        "| {name} | {n} | {refused} | {right} | {:+.4} % | {:.4} % | {:.0} % | {:.4}° \
             | {:.0} % | {missing} | {:.4} | {:.4} | {extras} |",
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

/// Waves of known axis, with each gradient: largest error without noise, and RMSE with noise.
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
    Category::Fibers,
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
                let plane = varied_of(category, 6, index, 384, 512)?.plane;
                let one = grating(&plane, &GratingConfig::default());
                if let Ok(found) = &one {
                    let axis = found.axis.text();
                    eprintln!("{category} {index}: {}, {axis}, {:?}", found.pitch.text(), found.evidence);
                }
                let one = one.is_ok();
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
