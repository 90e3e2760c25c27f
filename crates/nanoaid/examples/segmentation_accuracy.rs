//! How well regions agree with those that people drew, as a table: a line for each set.
//!
//! ```sh
//! scripts/truth_labels.py SHARED TRUTH   # the truth sets in one form
//! cargo run --release -p nanoaid --example segmentation_accuracy -- SEGMENTER TRUTH [PART|SET=…] [PICTURES]
//! ```
//! SEGMENTER is a run folder, a file of weights, or `segmenter`; or a folder of label images that another
//! program made, `SET/NAME.labels.tif`. PART is `train`, `tune` or `judge`; `SET=emps` takes one set. With
//! PICTURES, an overlay of each image is written there: truth green, found red. Rows of an image that the index says to
//! ignore are. Two environment variables: `SETTINGS` holds other settings to try, as JSON, such as
//! `{"least_confidence": 0.6}`; with `DETAILS` there is a line for each image.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::paint::{ColorMap, Picture};
use micrograph::regions::{Evaluation, Labels, matching, read_labels};
use micrograph::{ObjectKind, Plane, Rect};
use nanoaid::data::prepare::{self, PrepareConfig};
use nanoaid::segment::{SegmentConfig, segment};
use nanoaid::{Architecture, Device, Network, network};

/// An image of a truth set.
struct Row {
    set: String,
    name: String,
    what: ObjectKind,
    height: usize,
    width: usize,
    /// Rows that do not count.
    ignored: std::ops::Range<usize>,
}

/// What makes the regions.
enum Source {
    Network(Box<Network>),
    Folder(PathBuf),
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, truth, rest @ ..] = &arguments[..] else {
        return Err("expected SEGMENTER TRUTH [PART|SET=…] [PICTURES]".into());
    };
    let (truth, chosen) = (PathBuf::from(truth), rest.first().map_or("", String::as_str));
    let pictures = rest.get(1).map(PathBuf::from);
    let source = match network::open(Path::new(source), Device::Cpu) {
        Ok(network) if matches!(network.architecture(), Architecture::Segmenter(_)) => {
            Source::Network(Box::new(network))
        }
        _ => Source::Folder(PathBuf::from(source)),
    };
    // settings to try, as JSON
    let config: SegmentConfig = match std::env::var("SETTINGS") {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => SegmentConfig::default(),
    };
    let mut sets: BTreeMap<String, Vec<Evaluation>> = BTreeMap::new();
    let details = std::env::var_os("DETAILS").is_some();
    for row in rows(&truth, chosen)? {
        let image = truth.join(&row.set).join(format!("{}.image.png", row.name));
        let prepared = prepare::file(&image, &PrepareConfig::default())?;
        let labels_in = |folder: &Path| {
            let path = folder.join(&row.set).join(format!("{}.labels.tif", row.name));
            read_labels(&path, (row.height, row.width), None)
        };
        let expected = labels_in(&truth)?;
        let found = match &source {
            Source::Network(network) => {
                let config = SegmentConfig { what: row.what, ..config.clone() };
                let found =
                    segment(network, &prepared.plane, &config, &mut |_, _| ControlFlow::Continue(()))?;
                as_large_as(&found, &expected)?
            }
            Source::Folder(folder) => labels_in(folder)?,
        };
        let ignored: Vec<bool> =
            (0..row.height * row.width).map(|at| row.ignored.contains(&(at / row.width))).collect();
        let evaluation = matching(&found, &expected, Some(&ignored))?;
        if details {
            let f1 = evaluation.at_50.f1.unwrap_or(0.0);
            println!(
                "{}/{}: {} of {}, F1 {f1:.2}",
                row.set, row.name, evaluation.n_predicted, evaluation.n_truth
            );
        }
        if let Some(folder) = &pictures {
            std::fs::create_dir_all(folder)?;
            let path = folder.join(format!("{}-{}.png", row.set, row.name));
            overlay(&prepared.plane, &expected, &found).write_png(&path, None)?;
        }
        sets.entry(row.set).or_default().push(evaluation);
    }
    println!(
        "| set | images | answered | count error, median | 90th percentile | bias | F1 at IoU 0.5 | precision | recall | mean IoU | diameter bias | diameter RMSE |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (set, evaluations) in &sets {
        println!("{}", line(set, evaluations));
    }
    Ok(())
}

/// The rows of the index that are `chosen`.
fn rows(truth: &Path, chosen: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let text = std::fs::read_to_string(truth.join("index.csv"))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column =
        |name: &str| header.iter().position(|other| *other == name).ok_or(format!("no column {name}"));
    let (set, name, task, part) = (column("set")?, column("name")?, column("task")?, column("part")?);
    let (height, width, ignore) = (column("height")?, column("width")?, column("ignore")?);
    let mut rows = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let wanted = match chosen.strip_prefix("SET=") {
            Some(wanted) => fields[set] == wanted,
            None => chosen.is_empty() || fields[part] == chosen,
        };
        if wanted {
            let what = fields[task].parse()?;
            rows.push(Row {
                set: fields[set].to_owned(),
                name: fields[name].to_owned(),
                what,
                height: fields[height].parse()?,
                width: fields[width].parse()?,
                ignored: rows_text(fields[ignore]),
            });
        }
    }
    Ok(rows)
}

/// The rows of `604:768`; none of other texts.
fn rows_text(text: &str) -> std::ops::Range<usize> {
    let ends = text.split_once(':').and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    ends.unwrap_or(0..0)
}

/// Regions of a specimen on the image with its data bar.
fn as_large_as(found: &Labels, image: &Labels) -> Result<Labels, Box<dyn Error>> {
    let (height, width) = (image.height(), image.width());
    let values = (0..height * width).map(|index| found.at(index / width, index % width)).collect();
    Ok(Labels::new(height, width, values)?)
}

fn line(set: &str, evaluations: &[Evaluation]) -> String {
    let quantile = |values: &[f64], share: f64| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(((sorted.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(f64::NAN)
    };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let all =
        |of: fn(&Evaluation) -> Option<f64>| -> Vec<f64> { evaluations.iter().filter_map(of).collect() };
    let answered = evaluations.iter().filter(|one| one.n_predicted > 0).count();
    let errors = all(|one| one.count_error);
    let sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    format!(
        "| {set} | {} | {answered} | {:.1} % | {:.0} % | {:+.1} % | {:.3} | {:.3} | {:.3} | {:.3} | {:+.1} % | {:.1} % |",
        evaluations.len(),
        100.0 * quantile(&sizes, 0.5),
        100.0 * quantile(&sizes, 0.9),
        100.0 * quantile(&errors, 0.5),
        mean(all(|one| one.at_50.f1)),
        mean(all(|one| one.at_50.precision)),
        mean(all(|one| one.at_50.recall)),
        mean(all(|one| one.at_50.mean_iou)),
        100.0 * mean(all(|one| one.diameter_bias)),
        100.0 * mean(all(|one| one.diameter_rmse)),
    )
}

/// The image with the outlines of both.
fn overlay(plane: &Plane, truth: &Labels, found: &Labels) -> Picture {
    let mut picture = Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray);
    for (labels, color) in [(truth, [40, 220, 60]), (found, [255, 50, 50])] {
        for y in 0..plane.height() {
            for x in 0..plane.width() {
                let here = labels.at(y, x);
                let edge = here != labels.at(y, x + 1) || here != labels.at(y + 1, x);
                if edge && (here > 0 || labels.at(y, x + 1) > 0 || labels.at(y + 1, x) > 0) {
                    picture.fill_rect(Rect { y, x, height: 1, width: 1 }, color, 1.0);
                }
            }
        }
    }
    picture
}
