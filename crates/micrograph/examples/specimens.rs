//! Contact sheets of synthetic micrographs next to real ones of the same category, for visual comparison.
//!
//! `cargo run --release -p micrograph --example specimens -- OUT [REAL]` writes `OUT/CATEGORY.png`
//! with 16 synthetic micrographs and up to 16 real ones from the folder `REAL/CATEGORY`. The data bar of
//! the real ones is cut off, and they are cropped to the same shape; they are otherwise unchanged.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use micrograph::data_bar::{self, DataBarChoice};
use micrograph::paint::{Cell, ColorMap, ContactSheet, Sampling, Scaling, Section, contact_sheet, resampled};
use micrograph::synth::{Category, varied_of};
use micrograph::{Plane, ReadConfig, Rect, read};

const HEIGHT: usize = 256;
const WIDTH: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let mut folders = std::env::args().skip(1).map(PathBuf::from);
    let out = folders.next().ok_or("expected OUT [REAL] [CATEGORY…]")?;
    let real = folders.next();
    let only: Vec<Category> = folders.map(|name| name.to_string_lossy().parse()).collect::<Result<_, _>>()?;
    fs::create_dir_all(&out)?;
    for category in Category::ALL {
        if !only.is_empty() && !only.contains(&category) {
            continue;
        }
        let drawn = (0..16)
            .map(|index| Ok(varied_of(category, 1, index, HEIGHT, WIDTH)?.plane))
            .collect::<Result<Vec<_>, micrograph::ConfigError>>()?;
        let taken = match &real {
            Some(folder) => real_planes(&folder.join(category.name()))?,
            None => Vec::new(),
        };
        let section = |heading: &str, planes| Section { heading: heading.to_owned(), cells: cells(planes) };
        let sheet = ContactSheet {
            title: category.to_string(),
            sections: vec![section("synthetic", &drawn), section("real", &taken)],
            scaling: Scaling::Given { low: 0.0, high: 255.0 },
            map: ColorMap::Gray,
            max_width_px: 2200,
            ..ContactSheet::default()
        };
        contact_sheet(&sheet).write_png(&out.join(format!("{category}.png")), None)?;
    }
    Ok(())
}

fn cells(planes: &[Plane]) -> Vec<Cell<'_>> {
    let cell = |(index, plane)| Cell { plane, label: format!("{index}"), note: String::new(), dead: false };
    planes.iter().enumerate().map(cell).collect()
}

/// At most 16 micrographs at equal distances among the files of `folder`, cropped to the shape of the synthetic
/// ones.
fn real_planes(folder: &Path) -> Result<Vec<Plane>, Box<dyn Error>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    let step = paths.len().div_ceil(16).max(1);
    let mut planes = Vec::new();
    for path in paths.iter().step_by(step) {
        let micrograph = read::micrograph(path, &ReadConfig::default())?;
        let (plane, _) = data_bar::specimen(&micrograph.plane, &micrograph.facts, DataBarChoice::Find)?;
        let side = plane.height().min(plane.width());
        let (y, x) = ((plane.height() - side) / 2, (plane.width() - side) / 2);
        let square = plane.crop(Rect { y, x, height: side, width: side });
        planes.push(resampled(&square, HEIGHT, WIDTH, Sampling::Area));
    }
    Ok(planes)
}
