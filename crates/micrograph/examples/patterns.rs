//! Measurements of real files, and pictures of them.
//!
//! `cargo run --release -p micrograph --example patterns -- OUT IMAGE…` prints what is found on each
//! micrograph, its data bar cut off, and writes `OUT/NAME.png`: the map of axes, the lines of a
//! grating (yellow), the sites of a lattice (green found, red missing, blue extra).

#![expect(clippy::print_stdout, reason = "numbers for the eye are what it is for")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use micrograph::data_bar::{self, DataBarChoice};
use micrograph::measure::draw;
use micrograph::measure::orientation::local_tensors;
use micrograph::measure::{
    GratingConfig, LatticeConfig, OrientationConfig, Quantity, grating, lattice, orientation,
};
use micrograph::paint::{Color, ColorMap, Picture};
use micrograph::{ReadConfig, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args().skip(1).map(PathBuf::from);
    let out = paths.next().ok_or("expected OUT IMAGE…")?;
    fs::create_dir_all(&out)?;
    for path in paths {
        if let Err(error) = shown(&out, &path) {
            println!("{}: {error}", path.display());
        }
    }
    Ok(())
}

fn shown(out: &Path, path: &Path) -> Result<(), Box<dyn Error>> {
    let micrograph = read::micrograph(path, &ReadConfig::default())?;
    let (plane, _) = data_bar::specimen(&micrograph.plane, &micrograph.facts, DataBarChoice::Find)?;
    let (height, width) = (plane.height(), plane.width());
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = |quantity: &Quantity| format!("{:.3} ± {:.3}", quantity.value, quantity.expanded_uncertainty);
    let start = Instant::now();
    println!("{name}: {height} × {width}");

    let config = OrientationConfig::default();
    match orientation(&plane, &config) {
        Ok(found) => println!(
            "  axis {} S {} peaks {:?}",
            found.axis.as_ref().map_or("none".to_owned(), text),
            text(&found.order),
            found.peaks.iter().map(|peak| peak.axis_deg.round()).collect::<Vec<_>>()
        ),
        Err(reason) => println!("  no axis: {reason}"),
    }
    let ends = plane.quantiles(&[0.002, 0.998]);
    let mut picture = Picture::from_plane(&plane, ends[0], ends[1], ColorMap::Gray);
    match grating(&plane, &GratingConfig::default()) {
        Ok(found) => {
            println!(
                "  pitch {} axis {} duty cycle {} lines {} LER {} LWR {} SNR {:.1} {:?}",
                text(&found.pitch),
                text(&found.axis),
                found.duty_cycle.as_ref().map_or("none".to_owned(), text),
                found.n_lines,
                found.edge_roughness.as_ref().map_or("none".to_owned(), text),
                found.width_roughness.as_ref().map_or("none".to_owned(), text),
                found.signal_to_noise,
                found.evidence
            );
            let yellow = [255, 220, 0];
            for y in 0..height {
                for x in 0..width {
                    let (dy, dx) =
                        (y as f64 - (height as f64 - 1.0) / 2.0, x as f64 - (width as f64 - 1.0) / 2.0);
                    let turns = found.wave[0] * dx + found.wave[1] * dy - found.phase;
                    let off_px = (turns - turns.round()).abs() / found.wave[0].hypot(found.wave[1]);
                    if off_px < 0.7 {
                        dot(&mut picture, [y as f64, x as f64], 0.0, yellow);
                    }
                }
            }
        }
        Err(reason) => println!("  no grating: {reason}"),
    }
    match lattice(&plane, &LatticeConfig::default()) {
        Ok(found) => {
            println!(
                "  {:?} {} and {} at {}, axis {}, found {} missing {} extra {}, placement {}",
                found.kind,
                text(&found.first),
                text(&found.second),
                text(&found.angle),
                text(&found.axis),
                found.n_found,
                found.n_missing,
                found.extra.len(),
                text(&found.placement)
            );
            let reach = (found.first.value / 12.0).clamp(0.0, 3.0);
            for site in &found.sites {
                let (at, color) = site.found.map_or((site.expected, [255, 60, 60]), |at| (at, [60, 230, 60]));
                dot(&mut picture, at, reach, color);
            }
            found.extra.iter().for_each(|&at| dot(&mut picture, at, reach, [80, 120, 255]));
        }
        Err(reason) => println!("  no lattice: {reason}"),
    }
    println!("  {:.2} s", start.elapsed().as_secs_f64());
    let tensors = local_tensors(&plane, config.gradient, config.window_px, &config.geometry);
    let colors = draw::axes(&plane, &tensors);
    let mut both = Picture::new(height, 2 * width, [0, 0, 0]);
    both.blit(0, 0, &picture);
    both.blit(0, width, &colors);
    both.write_png(&out.join(format!("{name}.png")), None)?;
    Ok(())
}

/// A mark around a position.
fn dot(picture: &mut Picture, [y, x]: [f64; 2], reach: f64, color: Color) {
    // pixel centres of pictures are at integers plus ½
    let (y, x, reach) = (y as f32 + 0.5, x as f32 + 0.5, reach as f32);
    picture.line((y, x - reach), (y, x + reach), 1.0 + 2.0 * reach, color);
}
