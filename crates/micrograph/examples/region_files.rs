//! Regions in the formats of other programs, for these to read.
//!
//! `cargo run --release -p micrograph --example region_files -- OUT` writes 2000 random regions of an image of
//! 3072 × 4096 px, some with holes, several parts or many corners, as `labels.tif`, `rois.zip`, `regions.geojson` and
//! `coco.json`, with what is measured in `regions.json`; and prints how long measuring took.
//! `scripts/regions_by_others.py` has ImageJ's formats read by roifile and tifffile, the others by pycocotools and shapely.

#![expect(clippy::print_stdout, reason = "times are what it is for")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use micrograph::random::Stream;
use micrograph::regions::{
    CocoImage, Labels, matching, outlines, regions, sizes, write_coco, write_geojson, write_label_tiff,
    write_roi_zip,
};
use micrograph::{Calibration, CalibrationSource, Plane};

const HEIGHT: usize = 3072;
const WIDTH: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).ok_or("expected OUT")?);
    fs::create_dir_all(&out)?;
    let labels = random_labels()?;
    let plane = Plane::from_fn(HEIGHT, WIDTH, |y, x| ((x * 7 + y * 13) % 251) as f32);
    let calibration = Calibration::square(2.5, CalibrationSource::Synthetic);

    let timed =
        |what: &str, since: Instant| println!("{what}: {:.0} ms", since.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let all = regions(&labels, Some(&plane))?;
    timed(&format!("properties of {} regions", all.len()), start);
    let start = Instant::now();
    let outlines = outlines(&labels);
    timed("outlines", start);
    let start = Instant::now();
    let sizes = sizes(&all, (HEIGHT, WIDTH), Some(&calibration), &Default::default())?;
    timed(&format!("sizes of {} whole regions", sizes.n_whole), start);
    let start = Instant::now();
    let same = matching(&labels, &labels, None)?;
    timed(&format!("matching of {} pairs", same.pairs.len()), start);

    let start = Instant::now();
    write_label_tiff(&out.join("labels.tif"), &labels, Some(&calibration))?;
    write_roi_zip(&out.join("rois.zip"), &outlines)?;
    write_geojson(&out.join("regions.geojson"), &outlines, &all, Some(&calibration))?;
    let image = CocoImage { file_name: "image.png", labels: &labels, regions: &all, outlines: &outlines };
    write_coco(&out.join("coco.json"), "particle", &[image])?;
    fs::write(out.join("regions.json"), serde_json::to_string(&all)?)?;
    timed("files", start);
    Ok(())
}

/// Discs with ragged edges; every third has a hole, every seventh a part beside it.
fn random_labels() -> Result<Labels, Box<dyn Error>> {
    let mut stream = Stream::new(3, "region files", 0);
    let mut values = vec![0; HEIGHT * WIDTH];
    for label in 1..=2000_u32 {
        let (y, x) = (stream.between(0.0, HEIGHT as f64), stream.between(0.0, WIDTH as f64));
        let radius = stream.between(6.0, 40.0);
        let ragged = stream.between(0.0, 3.0);
        let (hole, beside) = (if label % 3 == 0 { radius / 2.0 } else { 0.0 }, label % 7 == 0);
        let reach = 2.0 * radius + 4.0;
        let rows = (y - reach).max(0.0) as usize..((y + reach) as usize).min(HEIGHT);
        for row in rows {
            let columns = (x - reach).max(0.0) as usize..((x + reach) as usize).min(WIDTH);
            for column in columns {
                let far = (row as f64 + 0.5 - y).hypot(column as f64 + 0.5 - x) + ragged * stream.uniform();
                let part = beside && far > 1.4 * radius && far < 1.5 * radius && column as f64 > x;
                let value = &mut values[row * WIDTH + column];
                if *value == 0 && (part || (hole..radius).contains(&far)) {
                    *value = label;
                }
            }
        }
    }
    Ok(Labels::new(HEIGHT, WIDTH, values)?)
}
