//! `nanoaid measure`: pitch, lattice, orientation, count, fibers of micrographs, with error bars.
//!
//! Each image is measured, drawn and recorded before the next is read; what a record already holds is not
//! measured again.

mod network;
mod segmenter;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::measure::count::Polarity;
use micrograph::measure::file::MeasureConfig;
use micrograph::measure::{ReportConfig, Task};
use micrograph::{Rect, ScaleBar, Source};
use nanoaid::measure::{
    MeasureFolder, MeasureNetworks, MeasureRecord, MeasureSettings, PatternNetwork, measure, picture_name,
};
use nanoaid::output::{folder_names, json_text};
use nanoaid::record::NetworkUsed;

use super::images::{ReadArguments, TypedRect, images_of};
use super::output::{OutputArguments, default_folder};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;

/// Arguments of `measure`.
#[derive(Args)]
pub(crate) struct MeasureArguments {
    /// Micrographs, or folders that hold them: PNG, JPEG, BMP, TIFF, DM3 or DM4
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Measure this; the default is chosen for each image by its evidence, and the reason is given
    #[arg(long, visible_alias = "expect", value_enum, value_delimiter = ',')]
    what: Vec<WhatArgument>,
    /// Count particles and measure fibres that are brighter or darker than the background [default: found for
    /// particles, brighter for fibres]
    #[arg(long, value_enum)]
    polarity: Option<PolarityArgument>,
    /// Least equivalent diameter of a particle [default: 4]
    #[arg(long, value_name = "PX", allow_negative_numbers = true)]
    min_size: Option<f64>,
    /// Largest equivalent diameter of a particle
    #[arg(long, value_name = "PX", allow_negative_numbers = true)]
    max_size: Option<f64>,
    /// Least probability of a pixel of a particle by the segmenter; lower: larger and more particles [default: 0.35]
    #[arg(long, value_name = "PROBABILITY")]
    threshold: Option<f64>,
    #[command(flatten)]
    segmenter: segmenter::SegmenterArguments,
    #[command(flatten)]
    network: network::PatternArguments,
    #[command(flatten)]
    read: ReadArguments,
    /// Measure only this part of the specimen, in pixels: row, column, height, width; positions in the
    /// results count from its corner
    #[arg(long = "box", value_name = "ROW,COLUMN,HEIGHT,WIDTH")]
    part: Option<TypedRect>,
    /// Length of the scale bar that is drawn in the data bar, or in --bar-box; calibrates files without
    /// calibration, and checks the others
    #[arg(long, value_name = "NM", conflicts_with = "nm_per_px", allow_negative_numbers = true)]
    bar_nm: Option<f64>,
    /// Where the scale bar is drawn, if not in a data bar: a box around it, with room on both sides, in
    /// pixels of the image
    #[arg(long, value_name = "ROW,COLUMN,HEIGHT,WIDTH", requires = "bar_nm")]
    bar_box: Option<TypedRect>,
    /// Correct for this tilt of the specimen; 0 for images that the instrument corrected
    #[arg(long, value_name = "DEG", default_value_t = 0.0, allow_negative_numbers = true)]
    tilt: f64,
    /// Direction of the tilt axis in the image, anticlockwise from the horizontal
    #[arg(long, value_name = "DEG", default_value_t = 0.0, allow_negative_numbers = true)]
    tilt_axis: f64,
    /// For whom measurements.csv is written: `excel` begins it with the mark by which Excel knows UTF-8
    #[arg(long, value_enum, value_name = "FOR", default_value_t = CsvArgument::All)]
    csv: CsvArgument,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CsvArgument {
    /// Programs that take UTF-8 as it is
    All,
    /// Excel
    Excel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PolarityArgument {
    /// Brighter than the background
    Bright,
    /// Darker than the background
    Dark,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhatArgument {
    /// Pitch, axis, duty cycle and roughness of parallel lines
    #[value(alias = "lines")]
    Pitch,
    /// Vectors, kind, missing sites of a lattice
    #[value(alias = "dots")]
    Lattice,
    /// Axis and order of a texture
    Orientation,
    /// Number, sizes and distances of particles
    #[value(alias = "particles")]
    Count,
    /// Diameters and axes of fibres or wires
    Fibres,
}

/// Measures each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &MeasureArguments) -> Result<Outcome, Failure> {
    let settings = arguments.settings()?;
    let network = arguments.network.network()?;
    let run = arguments.network.run.clone().unwrap_or_default();
    let pattern = network
        .as_ref()
        .map(|network| PatternNetwork::new(&run, network, settings.unit.as_deref()))
        .transpose()?;
    let segmenter = arguments.segmenter.network()?;
    let segmenter = segmenter.as_ref().map(|(run, network)| (network, NetworkUsed::of(run, network)));
    let mut networks = MeasureNetworks { pattern, segmenter };
    let images = images_of(&arguments.images)?;
    let names = folder_names(&images);
    let used = networks.pattern.as_ref().map(|network| network.used().clone());
    let by = networks.segmenter.as_ref().map(|(_, used)| used.clone());
    let path = arguments.output.path(|| default_folder("measure", &arguments.images));
    let mut folder =
        MeasureFolder::open(&path, arguments.output.force, &settings, (used.as_ref(), by.as_ref()))?;
    if arguments.csv == CsvArgument::Excel {
        folder.mark_for_excel()?;
    }
    let mut table = table::Table::new(&names);
    let mut shown = Vec::new();
    let mut bar = Progress::new(images.len() as u64, "images");
    let mut warned: BTreeMap<String, usize> = BTreeMap::new();
    let (mut n_done, mut n_before, mut n_skipped) = (0, 0, 0);
    for (n, (image, name)) in images.iter().zip(&names).enumerate() {
        bar.set(n as u64, name);
        let kept = (|| -> Result<MeasureRecord, Failure> {
            if networks.pattern.is_some()
                && names.iter().any(|other| picture_name(other) == format!("{name}.png"))
            {
                let text = "its overlay would have the name of another image's picture through the network; rename it";
                return Err(Failure::new(text));
            }
            let source = Source::read(image)?;
            if let Some(kept) = folder.kept(name, &source)? {
                n_before += 1;
                return Ok(kept);
            }
            let measured = measure((&source, name), &settings, &mut networks, &mut |_| interrupt::flow())?;
            if let Some(found) = &measured.bar {
                bar.say(&bar_text(image, found));
            }
            folder.keep(name, &measured)?;
            Ok(measured.record)
        })();
        match kept {
            Ok(kept) => {
                n_done += 1;
                if arguments.output.json {
                    shown.push(kept);
                } else {
                    bar.print(&table.rows(name, &kept.report))?;
                    bar.print(&table.network_rows(name, kept.pattern.as_ref()))?;
                    for warning in &kept.report.warnings {
                        let text = warning.to_string();
                        let n = warned.entry(text).or_default();
                        *n += 1;
                        if *n == 1 {
                            bar.say(&format!("{name}: {warning}"));
                        }
                    }
                }
            }
            Err(failure) if interrupt::is_raised() => return Err(failure),
            Err(failure) => {
                n_skipped += 1;
                bar.say(&format!("skipped {}", failure.in_file(image)));
            }
        }
    }
    bar.finish();
    for (warning, n) in warned.iter().filter(|(_, n)| **n > 1) {
        say(&format!("{} more images: {warning}", n - 1));
    }
    if arguments.output.json {
        print(&json_text(&shown)?)?;
    }
    if n_before > 0 {
        say(&format!("{n_before} of {n_done} were measured before with the same settings"));
    }
    folder.check()?;
    if n_done == 0 {
        return Err(Failure::new("no image could be measured"));
    }
    say(&format!("overlays, records and measurements.csv are in {}", folder.path().display()));
    Ok(Outcome::of_skipped(n_skipped))
}

/// Where the drawn scale bar was found.
fn bar_text(image: &Path, bar: &ScaleBar) -> String {
    let ScaleBar { rect: Rect { y, x, height, width }, length_px, .. } = bar;
    let (image, row, column) = (image.display(), y + height / 2, x + width.saturating_sub(1));
    format!("{image}: scale bar of {length_px} px in row {row}, columns {x} to {column}")
}

impl MeasureArguments {
    fn settings(&self) -> Result<MeasureSettings, Failure> {
        let task = |what: &WhatArgument| match what {
            WhatArgument::Pitch => Task::Pitch,
            WhatArgument::Lattice => Task::Lattice,
            WhatArgument::Orientation => Task::Orientation,
            WhatArgument::Count => Task::Count,
            WhatArgument::Fibres => Task::Fibers,
        };
        let mut what: Vec<Task> = self.what.iter().map(task).collect();
        what.sort_unstable();
        what.dedup();
        let polarity = self.polarity.map(|polarity| match polarity {
            PolarityArgument::Bright => Polarity::Bright,
            PolarityArgument::Dark => Polarity::Dark,
        });
        let report = ReportConfig {
            what,
            tilt_deg: self.tilt,
            tilt_axis_deg: self.tilt_axis,
            polarity,
            min_size_px: self.min_size,
            max_size_px: self.max_size,
        };
        let options = [
            ("geometry.tilt_deg", "--tilt"),
            ("geometry.tilt_axis_deg", "--tilt-axis"),
            ("min_size_px", "--min-size"),
            ("max_size_px", "--max-size"),
            ("threshold", "--threshold"),
        ];
        let report = report.checked().map_err(|error| Failure::of_option(error, &options))?;
        let file = MeasureConfig {
            report,
            nm_per_px: self.read.nm_per_px,
            bar_nm: self.bar_nm,
            bar_box: self.bar_box.map(|TypedRect(rect)| rect),
            part: self.part.map(|TypedRect(rect)| rect),
            page: self.read.page,
            data_bar: self.read.config().data_bar,
        };
        let settings = MeasureSettings { file, unit: self.network.unit.clone(), threshold: self.threshold };
        settings.segment().map_err(|error| Failure::of_option(error, &options))?;
        Ok(settings)
    }
}
