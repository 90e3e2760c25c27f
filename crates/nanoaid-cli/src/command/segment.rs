//! `nanoaid segment`: particles, fibres or pores of micrographs, each with its outline and size.

use std::path::PathBuf;

use clap::Args;
use micrograph::regions::Corrections;
use micrograph::{ObjectKind, Source};
use nanoaid::Device;
use nanoaid::network::{builtin, open};
use nanoaid::output::{folder_names, json_text};
use nanoaid::record::{Input, NetworkUsed};
use nanoaid::segment::{
    SegmentConfig, SegmentRecord, SegmentSettings, SegmentedImage, segment_file, segments_csv,
};
use nanoaid_pages::segment::{SegmentPage, SegmentRow};

use super::images::{ReadArguments, ShardArguments, images_of};
use super::output::{OutputArguments, default_folder};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;

/// Arguments of `segment`.
#[derive(Args)]
pub(crate) struct SegmentArguments {
    /// Micrographs, or folders that hold them
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// What is looked for: `particles` (or grains), `fibres` (or wires), `pores`
    #[arg(long, default_value = "particles", value_name = "KIND")]
    what: ObjectKind,
    /// Least probability of a pixel of an object; lower: larger and more objects [default: 0.35]
    #[arg(long, value_name = "PROBABILITY")]
    threshold: Option<f64>,
    /// Least fall of the depth between objects that touch, as a share; lower: more objects are separated
    /// [default: 0.2]
    #[arg(long, value_name = "SHARE")]
    separation: Option<f64>,
    /// Least confidence of an object; lower: more objects [default: 0.7]
    #[arg(long, value_name = "CONFIDENCE")]
    least_confidence: Option<f64>,
    /// Least equivalent diameter [default: 4]
    #[arg(long, value_name = "PX")]
    min_size: Option<f64>,
    /// Largest equivalent diameter
    #[arg(long, value_name = "PX")]
    max_size: Option<f64>,
    /// What a person adds and removes, as JSON: `{"version": 1, "corrections": [{"remove": [X, Y]}, {"add":
    /// {"circle": {"x": X, "y": Y, "diameter": D}}}, {"add": {"polygon": [[X, Y], …]}}]}`; for one image
    #[arg(long, value_name = "FILE")]
    corrections: Option<PathBuf>,
    /// Run folder of `train segmenter`; `segmenter` is the built-in network
    #[arg(long, default_value = builtin::SEGMENTER)]
    run: PathBuf,
    #[command(flatten)]
    read: ReadArguments,
    /// Where the network runs
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    #[command(flatten)]
    shard: ShardArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Segments each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &SegmentArguments) -> Result<Outcome, Failure> {
    let settings = arguments.settings()?;
    let network = open(&arguments.run, arguments.device)?;
    let used = NetworkUsed::of(&arguments.run, &network);
    let images = images_of(&arguments.images)?;
    if settings.corrections.is_some() && images.len() != 1 {
        let text = format!("--corrections is for one image, found {}", images.len());
        return Err(Failure::new(text));
    }
    let named = images.iter().zip(folder_names(&images)).collect();
    let named: Vec<(&PathBuf, String)> = arguments.shard.of(named, |(image, _)| image.as_path());
    if named.is_empty() && arguments.shard.is_given() {
        return Ok(Outcome::Done);
    }
    let folder = arguments.output.folder(|| default_folder("segment", &arguments.images))?;
    let mut bar = Progress::new(named.len() as u64, "images");
    let (mut records, mut page, mut n_skipped) = (Vec::new(), SegmentPage::default(), 0);
    for (n, (image, name)) in named.iter().enumerate() {
        bar.set(n as u64, name);
        let found = (|| -> Result<SegmentedImage, Failure> {
            let source = Source::read(image)?;
            let input = (&source, Input::of(&source));
            let by = (&network, used.clone());
            let found = segment_file(input, name, by, &settings, &mut |_, _| interrupt::flow())?;
            for (name, bytes) in &found.files {
                folder.write(name, bytes)?;
            }
            Ok(found)
        })();
        match found {
            Ok(SegmentedImage { record, overlay, .. }) => {
                if !arguments.output.json {
                    bar.print(&line_of(name, &record))?;
                }
                for warning in &record.warnings {
                    bar.say(&format!("{name}: {warning}"));
                }
                page.rows.push(SegmentRow::of(name, &record, &overlay));
                records.push((name.clone(), record));
            }
            Err(failure) if interrupt::is_raised() => return Err(failure),
            Err(failure) => {
                n_skipped += 1;
                bar.say(&format!("skipped {}", failure.in_file(image)));
            }
        }
    }
    bar.finish();
    if records.is_empty() {
        return Err(Failure::new("no image could be segmented"));
    }
    folder.write("segments.csv", segments_csv(&records).as_bytes())?;
    folder.write("report.html", page.html().as_bytes())?;
    if arguments.output.json {
        let records: Vec<&SegmentRecord> = records.iter().map(|(_, record)| record).collect();
        print(&json_text(&records)?)?;
    }
    say(&format!("overlays, label images, outlines and tables: {}", folder.file("report.html").display()));
    Ok(Outcome::of_skipped(n_skipped))
}

/// Number, sizes and cover of an image.
fn line_of(name: &str, record: &SegmentRecord) -> String {
    let SegmentRecord { n_regions, sizes, covered, record: of, .. } = record;
    let what = of.settings.segment.what.plural();
    let mut text = format!("{name}: {n_regions} {what}");
    if let Some(summary) = &sizes.summary {
        let unit = sizes.unit.symbol();
        let d = &summary.by_number;
        text += &format!(
            ", equivalent diameter {:.4} {unit} (D10 {:.4}, D90 {:.4}; {} whole)",
            Rounded(d.d50.value),
            Rounded(d.d10.value),
            Rounded(d.d90.value),
            sizes.n_whole
        );
    }
    text + &format!(", {:.1} % of the image\n", 100.0 * covered)
}

/// A number with as many significant digits as the precision says.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = f.precision().unwrap_or(4) as i32;
        let before = self.0.abs().max(f64::MIN_POSITIVE).log10().floor() as i32 + 1;
        write!(f, "{:.*}", (digits - before).clamp(0, 6) as usize, self.0)
    }
}

impl SegmentArguments {
    fn settings(&self) -> Result<SegmentSettings, Failure> {
        let default = SegmentConfig::default();
        let segment = SegmentConfig {
            what: self.what,
            threshold: self.threshold.unwrap_or(default.threshold),
            separation: self.separation.unwrap_or(default.separation),
            least_confidence: self.least_confidence.unwrap_or(default.least_confidence),
            min_size_px: self.min_size.unwrap_or(default.min_size_px),
            max_size_px: self.max_size,
            ..default
        };
        let options = [
            ("threshold", "--threshold"),
            ("separation", "--separation"),
            ("least_confidence", "--least-confidence"),
            ("min_size_px", "--min-size"),
            ("max_size_px", "--max-size"),
        ];
        let segment = segment.checked().map_err(|error| Failure::of_option(error, &options))?;
        let prepare = self.read.config();
        Ok(SegmentSettings {
            segment,
            nm_per_px: prepare.read.nm_per_px,
            page: prepare.read.page,
            data_bar: prepare.data_bar,
            corrections: self.corrections.as_ref().map(|path| Corrections::read(path)).transpose()?,
        })
    }
}
