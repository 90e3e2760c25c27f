//! `nanoaid measure`: pitch, lattice, orientation, count, fibres of micrographs, with error bars.
//!
//! Each image is measured, drawn and recorded before the next is read; what a record already tells is not
//! measured again. What is measured and how stands in the library.

mod folder;
mod network;
mod table;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::data_bar::{self, DataBarChoice};
use micrograph::measure::report::{self, Calibrated, ReportConfig, ReportWarning, TypedBar};
use micrograph::measure::{Measured, Task, draw};
use micrograph::read::{self, ReadConfig};
use micrograph::{Plane, Rect, ScaleBar, Source};
use nanoaid::Network;
use nanoaid::hash::sha256;
use serde::{Deserialize, Serialize};

use super::images::{ReadArguments, TypedRect, with_folders, without_companions};
use crate::outcome::{Failure, Outcome, print, say};
use crate::record::Input;
use nanoaid::output::{folder_names, json_text};

use folder::Folder;
pub(super) use folder::{Kept, picture_name};

/// Arguments of `measure`.
#[derive(Args)]
pub(crate) struct MeasureArguments {
    /// Micrographs, or folders that hold them: PNG, JPEG, BMP, TIFF, DM3 or DM4
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// What is measured; the default is chosen for each image by its evidence, and the reason told
    #[arg(long, value_enum, value_delimiter = ',')]
    what: Vec<WhatArgument>,
    #[command(flatten)]
    network: network::PatternArguments,
    #[command(flatten)]
    read: ReadArguments,
    /// The part of the specimen that is measured, in pixels: row, column, height, width; places in the
    /// results count from its corner
    #[arg(long = "box", value_name = "ROW,COLUMN,HEIGHT,WIDTH")]
    part: Option<TypedRect>,
    /// Length of the scale bar that is drawn in the data bar, or in --bar-box; calibrates files that tell
    /// nothing, and checks the others
    #[arg(long, value_name = "NM", conflicts_with = "nm_per_px", allow_negative_numbers = true)]
    bar_nm: Option<f64>,
    /// Where the scale bar is drawn, if not in a data bar: a box around it, with room on both sides, in
    /// pixels of the image
    #[arg(long, value_name = "ROW,COLUMN,HEIGHT,WIDTH", requires = "bar_nm")]
    bar_box: Option<TypedRect>,
    /// Tilt of the specimen, to be undone; 0 for images that the instrument corrected
    #[arg(long, value_name = "DEG", default_value_t = 0.0, allow_negative_numbers = true)]
    tilt: f64,
    /// Direction of the tilt axis in the image, anticlockwise from the horizontal
    #[arg(long, value_name = "DEG", default_value_t = 0.0, allow_negative_numbers = true)]
    tilt_axis: f64,
    /// Folder for overlays, records and `measurements.csv`; one that holds such of the same settings is
    /// gone on with. The default is named after the image
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that is there already, and measure again what was measured
    #[arg(long)]
    force: bool,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhatArgument {
    /// Pitch, axis, duty cycle and roughness of parallel lines
    Pitch,
    /// Vectors, kind, missing sites of a lattice
    Lattice,
    /// Axis and order of a texture
    Orientation,
    /// Number, sizes and distances of particles
    Count,
    /// Diameters and axes of fibres or wires
    Fibres,
}

/// Everything but the image that decides what comes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeasureSettings {
    /// What is measured, and how the specimen lies.
    pub report: ReportConfig,
    /// Size of a pixel as typed.
    pub nm_per_px: Option<f64>,
    /// Length of the drawn scale bar as typed.
    pub bar_nm: Option<f64>,
    /// Box that it is drawn in, in px of the image; the data bar if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bar_box: Option<Rect>,
    /// The part of the specimen that is measured, in px; all of it if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Rect>,
    /// Page of the file.
    pub page: usize,
    /// What is done about the data bar.
    pub data_bar: DataBarChoice,
    /// The network that looks at it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<network::NetworkSettings>,
}

impl MeasureSettings {
    /// The part of a specimen that is measured.
    fn part_of(&self, specimen: Plane) -> Result<Plane, Failure> {
        let Some(part) = self.part else { return Ok(specimen) };
        let (height, width) = (specimen.height(), specimen.width());
        if part.is_within(height, width) {
            return Ok(specimen.crop(part));
        }
        let Rect { y, x, height: rows, width: columns } = part;
        Err(Failure::new(format!(
            "--box: expected a part of the specimen's {height}×{width} px, found {rows}×{columns} px at row {y}, column {x}"
        )))
    }
}

/// Measures each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &MeasureArguments) -> Result<Outcome, Failure> {
    let seer = arguments.network.network()?;
    let settings = arguments.settings(seer.as_ref())?;
    let mut looker = settings.network.as_ref().zip(seer.as_ref()).map(network::looker).transpose()?;
    let images = without_companions(&with_folders(&arguments.images)?);
    let names = folder_names(&images);
    let mut folder = Folder::open(&arguments.folder(), arguments.force, &settings)?;
    let mut table = table::Table::new(&names);
    let mut shown = Vec::new();
    let (mut n_done, mut n_before, mut n_skipped) = (0, 0, 0);
    for (image, name) in images.iter().zip(&names) {
        let kept = (|| -> Result<Kept, Failure> {
            if looker.is_some() && names.iter().any(|other| picture_name(other) == format!("{name}.png")) {
                let text = "its overlay would have the name of another image's picture through the network; rename it";
                return Err(Failure::new(text));
            }
            let input = Input::of(&Source::read(image)?);
            if let Some(kept) = folder.kept(name, &input)? {
                n_before += 1;
                return Ok(kept);
            }
            let (mut kept, mut drawn) = measure(image, input, &settings)?;
            if let Some(looker) = &mut looker {
                network::look(looker, image, &mut kept, &mut drawn)?;
            }
            folder.keep(name, kept, &drawn)
        })();
        match kept {
            Ok(kept) => {
                n_done += 1;
                if arguments.json {
                    shown.push(kept);
                } else {
                    print(&table.rows(name, &kept.report))?;
                    print(&table.network_rows(name, kept.network.as_ref()))?;
                    for warning in &kept.report.warnings {
                        say(&format!("{name}: {}", table::warning_text(warning)));
                    }
                }
            }
            Err(failure) => {
                n_skipped += 1;
                say(&format!("skipped {}", failure.in_file(image)));
            }
        }
    }
    if arguments.json {
        print(&json_text(&shown)?)?;
    }
    if n_before > 0 {
        say(&format!("{n_before} of {n_done} were measured before with the same settings"));
    }
    if n_done == 0 {
        return Err(Failure::new("no image could be measured"));
    }
    say(&format!("overlays, records and measurements.csv are in {}", folder.path().display()));
    Ok(Outcome::of_skipped(n_skipped))
}

/// Measures one file again as its record says, through the same network if there was one.
pub(super) fn measure_again(
    image: &Path,
    input: Input,
    settings: &MeasureSettings,
) -> Result<(Kept, Drawn), Failure> {
    let (mut kept, mut drawn) = measure(image, input, settings)?;
    if let Some(asked) = &settings.network {
        let network = asked.network()?;
        network::look(&mut network::looker((asked, &network))?, image, &mut kept, &mut drawn)?;
    }
    Ok((kept, drawn))
}

/// Measures one file, without a network.
fn measure(image: &Path, input: Input, settings: &MeasureSettings) -> Result<(Kept, Drawn), Failure> {
    let reading = ReadConfig { page: settings.page, nm_per_px: settings.nm_per_px, ..ReadConfig::default() };
    let micrograph = read::micrograph(image, &reading)?;
    let (plane, data_bar) = data_bar::specimen(&micrograph.plane, &micrograph.facts, settings.data_bar)
        .map_err(|error| Failure::at(image, error))?;
    let plane = settings.part_of(plane)?;
    let typed = settings.bar_nm.map(|nm| TypedBar { nm, within: settings.bar_box });
    let Calibrated { calibration, bar, warnings: doubts } =
        report::calibration(&micrograph, data_bar, typed).map_err(|error| Failure::at(image, error))?;
    if let Some(ScaleBar { rect: Rect { y, x, height, width }, length_px, .. }) = bar {
        let image = image.display();
        let (row, column) = (y + height / 2, x + width);
        say(&format!("{image}: scale bar of {length_px} px in row {row}, columns {x} to {column}"));
    }
    let mut measured = report::measured(&plane, calibration.as_ref(), &settings.report)?;
    let told = micrograph.facts.warnings.iter().map(|text| ReportWarning::new(text, ""));
    measured.report.warnings.extend(doubts.into_iter().chain(told));
    let picture = draw::overlay(&plane, &measured);
    // pixels of the picture, which may be enlarged or reduced
    let zoom = picture.width() as f64 / plane.width() as f64;
    let nm_per_px = calibration.map(|pixel| (pixel.nm_per_px_y / zoom, pixel.nm_per_px_x / zoom));
    let overlay = picture.png_bytes(nm_per_px);
    let kept = Kept::new(input, settings, data_bar, sha256(&overlay), measured.report.clone());
    Ok((kept, Drawn { overlay, network: None, measured }))
}

/// What is written of an image beside its record.
pub(crate) struct Drawn {
    /// The overlay as a PNG file.
    pub overlay: Vec<u8>,
    /// The picture of what a network says, as a PNG file.
    pub network: Option<Vec<u8>>,
    measured: Measured,
}

impl MeasureArguments {
    fn settings(&self, network: Option<&Network>) -> Result<MeasureSettings, Failure> {
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
        let report = ReportConfig { what, tilt_deg: self.tilt, tilt_axis_deg: self.tilt_axis }.checked()?;
        Ok(MeasureSettings {
            report,
            nm_per_px: self.read.nm_per_px,
            bar_nm: self.bar_nm,
            bar_box: self.bar_box.map(|TypedRect(rect)| rect),
            part: self.part.map(|TypedRect(rect)| rect),
            page: self.read.page,
            data_bar: self.read.config().data_bar,
            network: network.map(|network| self.network.settings(network)),
        })
    }

    fn folder(&self) -> PathBuf {
        match (&self.out, self.images.as_slice()) {
            (Some(out), _) => out.clone(),
            (None, [image]) => {
                let stem = image.file_stem().unwrap_or_default().to_string_lossy();
                PathBuf::from(format!("measure-{stem}"))
            }
            (None, images) => PathBuf::from(format!("measure-{}-images", images.len())),
        }
    }
}
