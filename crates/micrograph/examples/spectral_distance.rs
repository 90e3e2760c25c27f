//! Distance between folders of pictures, by their spectra.
//!
//! Usage: `cargo run --release -p micrograph --example spectral_distance -- FOLDER FOLDER…`
//!
//! Each picture gives its power in rings of one wave per picture, from 2 to 40 waves, as shares of
//! their sum; a folder gives the mean of their logarithms. The distance of two folders is the root mean
//! square of the difference, in natural logarithms.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::{Path, PathBuf};

use micrograph::fourier::log_ring_shares;
use micrograph::read::{self, ReadConfig};

const RINGS: std::ops::RangeInclusive<usize> = 2..=40;

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let spectra = folders.iter().map(|folder| mean_spectrum(folder)).collect::<Result<Vec<_>, _>>()?;
    for (index, (folder, spectrum)) in folders.iter().zip(&spectra).enumerate() {
        for (other, other_spectrum) in folders.iter().zip(&spectra).skip(index + 1) {
            let squares: f64 = spectrum.iter().zip(other_spectrum).map(|(a, b)| (a - b).powi(2)).sum();
            let distance = (squares / spectrum.len() as f64).sqrt();
            println!("{distance:.3}  {}  {}", name(folder), name(other));
        }
    }
    Ok(())
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn mean_spectrum(folder: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut sums = vec![0.0; RINGS.count()];
    let mut n = 0.0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let sheet = path.file_stem().is_some_and(|stem| stem == "sheet");
        if sheet || path.extension().is_none_or(|ending| ending != "png") {
            continue;
        }
        for (sum, share) in sums.iter_mut().zip(spectrum(&path)?) {
            *sum += share;
        }
        n += 1.0;
    }
    if n == 0.0 {
        return Err(format!("{}: found no PNG files", folder.display()).into());
    }
    Ok(sums.iter().map(|sum| sum / n).collect())
}

/// Logarithms of the shares of each ring.
fn spectrum(path: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let plane = read::micrograph(path, &ReadConfig::default())?.plane;
    Ok(log_ring_shares(&plane, RINGS))
}
