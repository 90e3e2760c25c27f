//! Accuracy of counting particles and measuring fibres: bias, scatter and coverage as Markdown tables.
//!
//! `cargo run --release -p micrograph --example count_accuracy` prints the tables of `docs/accuracy.md`.
//! `… --example count_accuracy -- rows WORD` prints only the rows whose names contain the word.
//! `… --example count_accuracy -- OUT IMAGE…` writes instead for each micrograph `OUT/NAME.png` with the
//! outlines of its particles and their number, the measured points of its fibres, or the reason for a refusal.

#![expect(clippy::print_stdout, reason = "the tables are what it is run for")]

use std::error::Error;
use std::path::{Path, PathBuf};

use micrograph::data_bar::{self, DataBarChoice};
use micrograph::measure::count::{CountConfig, particles};
use micrograph::measure::fibers::{self, fibers};
use micrograph::measure::quantity::Quantity;
use micrograph::paint::{ColorMap, Ink, Picture, robust_range};
use micrograph::random::Stream;
use micrograph::synth::{
    FibersConfig, Imaging, NanowiresConfig, Packing, Particle, ParticlesConfig, ScanConfig, Specimen,
    SynthConfig, Truth, micrograph,
};
use micrograph::{Plane, ReadConfig, Rect, read};

/// Seeds of each row.
const N_SEEDS: u64 = 48;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let Some(out) = arguments.next() else { return tables("") };
    if out.as_os_str() == "rows" {
        let word = arguments.next().unwrap_or_default();
        return tables(&word.to_string_lossy());
    }
    std::fs::create_dir_all(&out)?;
    for image in arguments {
        overlay(&image, &out)?;
    }
    Ok(())
}

fn tables(word: &str) -> Result<(), Box<dyn Error>> {
    let usual = ParticlesConfig { coverage: 0.15, ..ParticlesConfig::default() };
    let overlapping = ParticlesConfig { packing: Packing::Overlapping, ..usual.clone() };
    let imaging = Imaging::default();
    let particle_row = |name: &str, specimen: &ParticlesConfig, imaging: &Imaging| {
        if name.contains(word) { particle_row(name, specimen, imaging) } else { Ok(()) }
    };
    let fiber_row = |name: &str, specimen: Specimen, imaging: &Imaging| {
        if name.contains(word) { fiber_row(name, specimen, imaging) } else { Ok(()) }
    };
    println!("### Particles\n");
    println!(
        "| specimen | touching | n | count: bias | RMSE | cover | density: cover \
         | mean diameter: bias px | RMSE px | cover |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    particle_row("separate, 30 px", &usual, &imaging)?;
    particle_row(
        "… 10 px",
        &ParticlesConfig { diameter_px: 10.0, coverage: 0.1, ..usual.clone() },
        &imaging,
    )?;
    particle_row("… 6 px", &ParticlesConfig { diameter_px: 6.0, coverage: 0.05, ..usual.clone() }, &imaging)?;
    particle_row(
        "… sizes spread by 0.5",
        &ParticlesConfig { spread: 0.5, coverage: 0.1, ..usual.clone() },
        &imaging,
    )?;
    particle_row("… noisy, 20 electrons", &usual, &Imaging { dose: 20.0, ..imaging.clone() })?;
    particle_row("… noisy, 8 electrons", &usual, &Imaging { dose: 8.0, ..imaging.clone() })?;
    particle_row("… blurred by 2.5 px", &usual, &Imaging { blur_px: 2.5, ..imaging.clone() })?;
    particle_row("… charging by 40 %", &usual, &Imaging { gradient: 0.4, ..imaging.clone() })?;
    particle_row("… dark", &usual, &Imaging { inverted: true, ..imaging.clone() })?;
    for touching in [0.1, 0.2, 0.4] {
        let name = format!("spheres of which {touching} touch one other");
        particle_row(&name, &ParticlesConfig { touching, ..usual.clone() }, &imaging)?;
    }
    for coverage in [0.02, 0.05, 0.1, 0.2, 0.3] {
        let name = format!("overlapping at random, {coverage} covered");
        particle_row(&name, &ParticlesConfig { coverage, ..overlapping.clone() }, &imaging)?;
    }
    println!("\n### Fibres\n");
    println!(
        "| specimen | n | counted | refused | mean diameter: bias px | RMSE px | cover | order: bias | cover |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let thin = FibersConfig { coverage: 0.25, ..FibersConfig::default() };
    fiber_row("randomly placed, 11 px", Specimen::Fibers(thin.clone()), &imaging)?;
    fiber_row("… 6 px", Specimen::Fibers(FibersConfig { diameter_px: 6.0, ..thin.clone() }), &imaging)?;
    fiber_row("… 25 px", Specimen::Fibers(FibersConfig { diameter_px: 25.0, ..thin.clone() }), &imaging)?;
    let axis = FibersConfig { axis_spread_deg: 15.0, axis_deg: 30.0, ..thin.clone() };
    fiber_row("… axes spread by 15°", Specimen::Fibers(axis), &imaging)?;
    fiber_row(
        "… noisy, 20 electrons",
        Specimen::Fibers(thin.clone()),
        &Imaging { dose: 20.0, ..imaging.clone() },
    )?;
    fiber_row(
        "a mat, 0.6 covered",
        Specimen::Fibers(FibersConfig { coverage: 0.6, ..thin.clone() }),
        &imaging,
    )?;
    fiber_row("… 1.6", Specimen::Fibers(FibersConfig { coverage: 1.6, ..thin }), &imaging)?;
    let wires = NanowiresConfig { coverage: 0.15, taper: 1.0, ..NanowiresConfig::default() };
    fiber_row("nanowires, 6 px", Specimen::Nanowires(wires), &imaging)?;
    Ok(())
}

/// Errors of one quantity over the seeds.
#[derive(Default)]
struct Errors {
    errors: Vec<f64>,
    n_covered: usize,
}

impl Errors {
    fn add(&mut self, found: &Quantity, truth: f64) {
        self.errors.push(found.value - truth);
        let (low, high) = found.interval();
        // for integers an interval of width 0 contains the number itself
        self.n_covered += usize::from(low - 1e-9 <= truth && truth <= high + 1e-9);
    }

    fn bias(&self) -> f64 {
        self.errors.iter().sum::<f64>() / self.errors.len() as f64
    }

    fn rmse(&self) -> f64 {
        (self.errors.iter().map(|error| error * error).sum::<f64>() / self.errors.len() as f64).sqrt()
    }

    fn cover(&self) -> String {
        format!("{:.0} %", 100.0 * self.n_covered as f64 / self.errors.len() as f64)
    }
}

/// The middle of a larger image, so that the border cuts particles as in a real image.
fn particle_row(name: &str, specimen: &ParticlesConfig, imaging: &Imaging) -> Result<(), Box<dyn Error>> {
    const MARGIN: usize = 60;
    let (height, width) = (384, 512);
    let (mut counts, mut densities, mut diameters) =
        (Errors::default(), Errors::default(), Errors::default());
    let (mut touching, mut number, mut shares) = (0.0, 0.0, (Errors::default(), 0));
    let median_px = specimen.diameter_px;
    // the mean of a disc's area over that of the median one, and of its diameter
    let (of_area, of_diameter) =
        ((2.0 * specimen.spread.powi(2)).exp(), (specimen.spread.powi(2) / 2.0).exp());
    let area = ((height + 2 * MARGIN) * (width + 2 * MARGIN)) as f64;
    let disc = std::f64::consts::PI * specimen.diameter_px.powi(2) / 4.0 * of_area;
    let mean_density = specimen.coverage / disc;
    for seed in 0..N_SEEDS {
        let mut specimen = specimen.clone();
        if specimen.packing == Packing::Overlapping {
            // independent positions: their number is random
            let mean = mean_density * area;
            let deviation = Stream::new(seed, "count accuracy number", 0).normal();
            specimen.coverage = (mean + mean.sqrt() * deviation).max(1.0) * disc / area;
        }
        let config = SynthConfig {
            height,
            width,
            specimen: Specimen::Particles(specimen),
            scan: ScanConfig { margin_px: MARGIN, ..ScanConfig::default() },
            imaging: imaging.clone(),
            ..SynthConfig::default()
        };
        let made = micrograph(&config, seed)?;
        let Truth::Particles(truth) = made.truth else { return Err("particles were requested".into()) };
        let plane = made.plane;
        let Ok((count, _)) = particles(&plane, &CountConfig::default()) else {
            shares.1 += 1;
            continue;
        };
        let all = &truth.particles;
        // visible are discs with a region of at least the least diameter inside that others do not hide
        let inside = |particle: &&Particle| {
            let reach = particle.radius_px.ceil() as i64;
            let (y0, x0) = (particle.y.round() as i64, particle.x.round() as i64);
            let n_inside = (y0 - reach..=y0 + reach)
                .flat_map(|y| (x0 - reach..=x0 + reach).map(move |x| (y, x)))
                .filter(|(y, x)| (*y as f64 - particle.y).hypot(*x as f64 - particle.x) <= particle.radius_px)
                .map(|(y, x)| (y - MARGIN as i64, x - MARGIN as i64))
                .filter(|(y, x)| (0..height as i64).contains(y) && (0..width as i64).contains(x))
                .count();
            n_inside as f64 >= 4.0 * std::f64::consts::PI && particle.visible > 0.25
        };
        let seen = all.iter().filter(inside).count() as f64;
        counts.add(&count.n_regions, seen);
        shares.0.errors.push((count.n_regions.value - seen) / seen);
        densities.add(&count.in_frame, mean_density * (height * width) as f64);
        let mean = median_px * of_diameter;
        if let Some(found) = &count.mean_diameter_px {
            diameters.add(found, mean);
        }
        touching += share_touching(all);
        number += seen;
    }
    if shares.1 == N_SEEDS {
        println!("| {name}, all refused | | | | | | | | | |");
        return Ok(());
    }
    let n_found = (N_SEEDS - shares.1) as f64;
    let (touching, number) = (touching / n_found, number / n_found);
    println!(
        "| {name}{} | {touching:.2} | {number:.0} | {:+.1} % | {:.1} % | {} | {} | {:+.2} | {:.2} | {} |",
        if shares.1 > 0 { format!(" ({} refused)", shares.1) } else { String::new() },
        100.0 * shares.0.bias(),
        100.0 * shares.0.rmse(),
        counts.cover(),
        densities.cover(),
        diameters.bias(),
        diameters.rmse(),
        diameters.cover(),
    );
    Ok(())
}

/// Share of particles whose disc touches another's in the image.
fn share_touching(all: &[Particle]) -> f64 {
    let touches = |one: &Particle| {
        let near = |other: &&Particle| {
            (other.y - one.y).hypot(other.x - one.x) < one.radius_px + other.radius_px && *other != one
        };
        all.iter().any(|other| near(&other))
    };
    all.iter().filter(|particle| touches(particle)).count() as f64 / all.len() as f64
}

fn fiber_row(name: &str, specimen: Specimen, imaging: &Imaging) -> Result<(), Box<dyn Error>> {
    // intervals are for the specimen, of which an image shows a part
    let (median, spread) = match &specimen {
        Specimen::Fibers(fibers) => (fibers.diameter_px, fibers.spread),
        Specimen::Nanowires(wires) => (wires.diameter_px, wires.spread),
        _ => return Err("fibres were requested".into()),
    };
    let mean = median * (spread * spread / 2.0).exp();
    let (mut diameters, mut orders) = (Errors::default(), Errors::default());
    let (mut number, mut n_seen, mut n_refused) = (0.0, 0, 0);
    for seed in 0..N_SEEDS {
        let config = SynthConfig {
            height: 768,
            width: 1024,
            specimen: specimen.clone(),
            imaging: imaging.clone(),
            ..SynthConfig::default()
        };
        let made = micrograph(&config, seed)?;
        let Ok(found) = fibers(&made.plane, &fibers::FibersConfig::default()) else {
            n_refused += 1;
            continue;
        };
        let lines: Vec<Vec<[f64; 2]>> = match made.truth {
            Truth::Fibers(truth) => truth.fibers.into_iter().map(|f| f.centre_line).collect(),
            Truth::Nanowires(truth) => truth.wires.into_iter().map(|w| w.centre_line).collect(),
            _ => return Err("fibres were requested".into()),
        };
        let (mut length, mut cos, mut sin) = (0.0, 0.0, 0.0);
        let inside = |[y, x]: [f64; 2]| (0.0..768.0).contains(&y) && (0.0..1024.0).contains(&x);
        n_seen += lines.iter().filter(|line| line.iter().any(|point| inside(*point))).count();
        for line in &lines {
            for ends in line.windows(2) {
                let [y, x] = ends[0];
                if inside([y, x]) {
                    let (dy, dx) = (ends[1][0] - y, ends[1][1] - x);
                    let axis = 2.0 * (-dy).atan2(dx);
                    length += dy.hypot(dx);
                    cos += axis.cos() * dy.hypot(dx);
                    sin += axis.sin() * dy.hypot(dx);
                }
            }
        }
        diameters.add(&found.mean_diameter_px, mean);
        orders.add(&found.order, f64::hypot(cos, sin) / length);
        number += found.n_fibers as f64;
    }
    let n_found = N_SEEDS - n_refused;
    if n_found == 0 {
        println!("| {name}, all refused | | | | | | | | |");
        return Ok(());
    }
    println!(
        "| {name} | {:.0} | {:.0} | {n_refused} of {N_SEEDS} | {:+.2} | {:.2} | {} | {:+.3} | {} |",
        n_seen as f64 / n_found as f64,
        number / n_found as f64,
        diameters.bias(),
        diameters.rmse(),
        diameters.cover(),
        orders.bias(),
        orders.cover(),
    );
    Ok(())
}

fn overlay(image: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let found = read::micrograph(image, &ReadConfig::default())?;
    let (plane, _) = data_bar::specimen(&found.plane, &found.facts, DataBarChoice::Find)?;
    let mut counted = gray(&plane);
    let count = particles(&plane, &CountConfig::default());
    let said = match &count {
        Ok((count, labels)) => {
            for (index, label) in labels.of.iter().enumerate().filter(|(_, label)| **label > 0) {
                let (y, x) = (index / labels.width, index % labels.width);
                let differs = |y: usize, x: usize| labels.of.get(y * labels.width + x) != Some(label);
                if differs(y + 1, x)
                    || differs(y, x + 1)
                    || y == 0
                    || x == 0
                    || differs(y - 1, x)
                    || differs(y, x - 1)
                {
                    let whole = count.regions[*label as usize - 1].sides.none();
                    counted.fill_rect(
                        Rect { y, x, height: 1, width: 1 },
                        if whole { [60, 220, 90] } else { [250, 170, 40] },
                        1.0,
                    );
                }
            }
            let diameter = count.mean_diameter_px.as_ref().map_or(0.0, |mean| mean.value);
            format!(
                "{} ± {:.1}, touching {:.2}, covered {:.2}, {diameter:.1} px",
                count.n_regions.value, count.n_regions.expanded_uncertainty, count.touching, count.covered
            )
        }
        Err(error) => error.to_string(),
    };
    let mut lined = gray(&plane);
    let measured = match fibers(&plane, &fibers::FibersConfig::default()) {
        Ok(found) => {
            for point in &found.points {
                let (sin, cos) = point.axis_deg.to_radians().sin_cos();
                let half = point.diameter_px / 2.0;
                for (off, color) in [(-half, [60, 220, 90]), (half, [60, 220, 90]), (0.0, [250, 80, 60])] {
                    let (y, x) = (point.y + off * cos, point.x + off * sin);
                    if y >= 0.0 && x >= 0.0 {
                        lined.fill_rect(
                            Rect { y: y.round() as usize, x: x.round() as usize, height: 1, width: 1 },
                            color,
                            1.0,
                        );
                    }
                }
            }
            format!(
                "{} fibres, {:.2} ± {:.2} px, measured {:.2}, S {:.2}",
                found.n_fibers,
                found.mean_diameter_px.value,
                found.mean_diameter_px.expanded_uncertainty,
                found.measured,
                found.order.value
            )
        }
        Err(error) => error.to_string(),
    };
    let mut both = Picture::new(plane.height() + 24, 2 * plane.width() + 8, [255; 3]);
    both.blit(24, 0, &counted);
    both.blit(24, plane.width() + 8, &lined);
    for (x, line) in [(4.0, &said), (plane.width() as f32 + 12.0, &measured)] {
        both.text(3.0, x, line, Ink::regular(15.0, [0; 3]));
    }
    let name = image.file_stem().map_or("image".into(), |name| name.to_string_lossy().into_owned());
    println!("{name}: {said} | {measured}");
    both.write_png(&out.join(format!("{name}.png")), None)?;
    Ok(())
}

fn gray(plane: &Plane) -> Picture {
    let (low, high) = robust_range(plane).unwrap_or((0.0, 1.0));
    Picture::from_plane(plane, low, high, ColorMap::Gray)
}
