//! TIFF files of random pixel sizes, for other programs to read.
//!
//! `cargo run --release -p micrograph --example calibrated_tiffs -- OUT` writes 100 small files and
//! `OUT/sizes.csv` with the width and height of a pixel in each, in nm, from 0.01 nm to 0.1 mm.
//! `scripts/calibration-by-others.sh` has ImageJ and tifffile read them.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use micrograph::paint::TiffStack;
use micrograph::random::Stream;
use micrograph::{Calibration, CalibrationSource, Plane};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).ok_or("expected OUT")?);
    fs::create_dir_all(&out)?;
    let mut table = String::from("file,nm_per_px_x,nm_per_px_y\n");
    for index in 0..100 {
        let mut stream = Stream::new(7, "calibrated tiffs", index);
        let width = 0.01 * 1e7_f64.powf(stream.uniform());
        // most pixels are square
        let height = if index % 3 == 0 { width * stream.between(0.5, 2.0) } else { width };
        let calibration = Calibration {
            nm_per_px_x: width,
            nm_per_px_y: height,
            ..Calibration::square(width, CalibrationSource::Typed)
        };
        let name = format!("{index:03}.tif");
        let plane = Plane::from_fn(5, 7, |y, x| (y * 7 + x) as f32);
        let labels = ["plane".to_owned()];
        let mut stack = TiffStack::create(&out.join(&name), (5, 7), &labels, Some(&calibration))?;
        stack.push(&plane)?;
        stack.finish()?;
        writeln!(table, "{name},{width:?},{height:?}")?;
    }
    fs::write(out.join("sizes.csv"), table)?;
    Ok(())
}
