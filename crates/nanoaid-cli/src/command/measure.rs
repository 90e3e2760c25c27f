//! `nanoaid measure`: pitch, lattice, orientation, count, fibers of micrographs, with error bars.
//!
//! Each image is measured, drawn and recorded before the next is read; what a record already holds is not
//! measured again.

mod network;
mod pages;
mod segmenter;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::measure::count::Polarity;
use micrograph::measure::file::MeasureConfig;
use micrograph::measure::{ReportConfig, Task};
use micrograph::{ObjectKind, Rect, ScaleBar, Source};
use nanoaid::measure::{
    MeasureFolder, MeasureNetworks, MeasureRecord, MeasureSettings, PatternNetwork, measure, outlined_name,
    picture_name, pitch_picture_name,
};
use nanoaid::output::json_text;
use nanoaid::record::NetworkUsed;
use nanoaid_pages::measure::{PAGE, measure_summary};

use super::images::{ReadArguments, ShardArguments, TypedRect, images_of};
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
    /// Measure particles, fibres and pores that are brighter or darker than what is around them [default: found for
    /// particles, brighter for fibres, darker for pores; the segmenter takes all]
    #[arg(long, value_enum)]
    polarity: Option<PolarityArgument>,
    /// Least equivalent diameter of a particle or pore [default: 4]
    #[arg(long, value_name = "PX", allow_negative_numbers = true)]
    min_size: Option<f64>,
    /// Largest equivalent diameter of a particle or pore
    #[arg(long, value_name = "PX", allow_negative_numbers = true)]
    max_size: Option<f64>,
    /// Least probability of a pixel of a particle, fibre or pore by the segmenter; lower: larger and more of them [default:
    /// 0.35]
    #[arg(long, value_name = "PROBABILITY", conflicts_with = "no_segmenter")]
    threshold: Option<f64>,
    /// Map the pitch and the axis of lines place by place, too: for lines that bend, fan out, or change their distance
    #[arg(long)]
    pitch_map: bool,
    #[command(flatten)]
    segmenter: segmenter::SegmenterArguments,
    #[command(flatten)]
    network: network::PatternArguments,
    #[command(flatten)]
    read: ReadArguments,
    /// Measure these pages of each file of several pages: `all`, or numbers from 0 on as in `0,2,5-9`
    #[arg(long, value_name = "PAGES", conflicts_with = "page")]
    pages: Option<pages::Pages>,
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
    shard: ShardArguments,
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
    /// Brighter and darker ones together
    Both,
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
    /// Diameters, length and axes of fibres or wires
    Fibres,
    /// Share of the area, number and sizes of pores
    Pores,
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
    let segmenter = arguments.segmenter.network(arguments.network.device())?;
    let segmenter = segmenter.as_ref().map(|(run, network)| (network, NetworkUsed::of(run, network)));
    let mut networks = MeasureNetworks { pattern, segmenter };
    let images = images_of(&arguments.images)?;
    let items = pages::items(&images, arguments.pages.as_ref(), &settings)?;
    // of all shards, so that no two have files of one name
    let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
    let items = arguments.shard.of(items, |item| item.image.as_path());
    if items.is_empty() && arguments.shard.is_given() {
        return Ok(Outcome::Done);
    }
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
    let mut bar = Progress::new(items.len() as u64, "images");
    let mut warned: BTreeMap<String, usize> = BTreeMap::new();
    let (mut n_done, mut n_before, mut n_skipped) = (0, 0, 0);
    for (n, pages::Item { image, name, page }) in items.iter().enumerate() {
        let mut settings = settings.clone();
        settings.file.page = *page;
        bar.set(n as u64, name);
        let kept = (|| -> Result<MeasureRecord, Failure> {
            let own = format!("{name}.png");
            let (looks, outlines) = (networks.pattern.is_some(), networks.segmenter.is_some());
            let is_taken = |other: &String| {
                looks && picture_name(other) == own
                    || arguments.pitch_map && pitch_picture_name(other) == own
                    || outlines && ObjectKind::ALL.iter().any(|what| outlined_name(other, *what) == own)
            };
            if names.iter().any(is_taken) {
                let text =
                    "its overlay would have the name of another image's picture through a network; rename it";
                return Err(Failure::new(text));
            }
            let source = Source::read(image)?;
            if let Some(kept) = folder.kept(name, &source, &settings)? {
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
                    if let Some(map) = &kept.pitch_map {
                        bar.print(&format!("{name}: {}\n", map.text()))?;
                    }
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
    let files = measure_summary(folder.records(), &mut |name| folder.beside(name));
    folder.write(&files)?;
    let page = folder.path().join(PAGE);
    say(&format!("overlays, tables, histograms and records, summed up in {}", page.display()));
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
            WhatArgument::Pores => Task::Pores,
        };
        let mut what: Vec<Task> = self.what.iter().map(task).collect();
        what.sort_unstable();
        what.dedup();
        let polarity = self.polarity.map(|polarity| match polarity {
            PolarityArgument::Bright => Polarity::Bright,
            PolarityArgument::Dark => Polarity::Dark,
            PolarityArgument::Both => Polarity::Both,
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
        let settings = MeasureSettings {
            file,
            unit: self.network.unit.clone(),
            threshold: self.threshold,
            pitch_map: self.pitch_map,
        };
        settings.segment().map_err(|error| Failure::of_option(error, &options))?;
        self.has_effect(&settings)?;
        Ok(settings)
    }

    /// Refuses options that would change nothing.
    fn has_effect(&self, settings: &MeasureSettings) -> Result<(), Failure> {
        let outlined = settings.outlined();
        let sized = outlined.iter().any(|what| *what != ObjectKind::Fiber);
        let (objects, sizes) = ("particles, fibres or pores", "particles or pores");
        for (option, given, has, needed) in [
            ("--threshold", self.threshold.is_some(), !outlined.is_empty(), objects),
            ("--polarity", self.polarity.is_some(), !outlined.is_empty(), objects),
            ("--segmenter", self.segmenter.is_named(), !outlined.is_empty(), objects),
            ("--min-size", self.min_size.is_some(), sized, sizes),
            ("--max-size", self.max_size.is_some(), sized, sizes),
        ] {
            if given && !has {
                let text =
                    format!("{option} has no effect, as no {needed} are measured; add some by --expect");
                return Err(Failure::new(text));
            }
        }
        if self.tilt_axis != 0.0 && self.tilt == 0.0 {
            return Err(Failure::new("--tilt-axis has no effect without --tilt"));
        }
        if self.threshold.is_some() && !self.segmenter.is_there() {
            let text = "--threshold has no effect, as the program was built without a segmenter; name one by --segmenter";
            return Err(Failure::new(text));
        }
        Ok(())
    }
}
