//! Measuring micrographs into records: one call a file, through a network too if asked, and a folder of
//! them that can be resumed.
//!
//! The numbers come from `micrograph::measure` and [`crate::interpret::pattern`]; here they become a
//! record, pictures and a table. Knows no HTML and prints nothing.

mod folder;
mod object_table;
mod objects;
mod particles;
mod pitch_map;
mod table;

pub use folder::{MeasureFolder, TABLE};
pub use object_table::{ALL_OBJECTS, HistogramBin, SizeHistogram, all_objects_csv, objects_table_name};
pub use particles::particles_name;
pub use pitch_map::{PitchMapResult, pitch_picture_name};
pub use table::{csv_header, csv_row};

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::measure::file::{
    FileMeasurement, MeasureConfig, MeasureFileError, MeasureStep, measure_file,
};
use micrograph::measure::{Measured, Report, Task};
use micrograph::regions::RegionsError;
use micrograph::{
    ConfigError, DataBar, Micrograph, ObjectKind, Plane, ReadConfig, ReadError, ScaleBar, Source,
};
use serde::{Deserialize, Serialize};

use crate::address::AddressError;
use crate::data::prepare::{self, PrepareConfig, PrepareError};
use crate::hash::sha256;
use crate::interpret::pattern::{Looker, PatternConfig, PatternError, PatternResult, picture};
use crate::output::{OutputError, json_text};
use crate::record::{Input, NetworkUsed, Record, RecordError};
use crate::segment::{SegmentConfig, SegmentError};
use crate::{Address, Network};
use object_table::Objects;
use pitch_map::pitch_map_of;

/// The command of these records.
const COMMAND: &str = "measure";

/// Everything but image and network that decides what comes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureSettings {
    /// What is measured.
    pub file: MeasureConfig,
    /// The unit or layer of the network, as typed.
    pub unit: Option<String>,
    /// Least probability of a pixel of an object of the segmenter, where it is not to be the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether a map of pitches is made, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pitch_map: bool,
}

impl MeasureSettings {
    /// Whether `task` was requested.
    fn requests(&self, task: Task) -> bool {
        self.file.report.what.contains(&task)
    }

    /// How a segmenter looks for particles.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn segment(&self) -> Result<SegmentConfig, ConfigError> {
        self.segment_of(ObjectKind::Particle)
    }

    /// How a segmenter looks for `what`; unless these were requested, pores are no particles and particles no pores.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn segment_of(&self, what: ObjectKind) -> Result<SegmentConfig, ConfigError> {
        let default = SegmentConfig::default();
        let report = &self.file.report;
        let requested = self.requests(objects::task_of(what));
        let least_confidence =
            if what == ObjectKind::Fiber { objects::FIBER_CONFIDENCE } else { default.least_confidence };
        let config = SegmentConfig {
            what,
            threshold: self.threshold.unwrap_or(default.threshold),
            least_own_share: if requested { 0.0 } else { objects::LEAST_OWN_SHARE },
            least_confidence,
            min_size_px: report.min_size_px.unwrap_or(default.min_size_px),
            max_size_px: report.max_size_px.filter(|_| what != ObjectKind::Fiber),
            ..default
        };
        config.checked()
    }

    /// What a segmenter is to outline: the kinds that were requested, or particles and fibres where nothing was.
    pub fn outlined(&self) -> Vec<ObjectKind> {
        let unasked = self.file.report.what.is_empty();
        let wanted = |what: &ObjectKind| {
            unasked && *what != ObjectKind::Pore || self.requests(objects::task_of(*what))
        };
        ObjectKind::ALL.into_iter().filter(wanted).collect()
    }

    /// Whether a segmenter has something to outline.
    fn uses_segmenter(&self) -> bool {
        !self.outlined().is_empty()
    }
}

/// The record of a measured image; lengths outside of the report are in px.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MeasureRecord {
    /// Input, network, settings and files.
    #[serde(flatten)]
    pub record: Record<MeasureSettings>,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// The numbers.
    pub report: Report,
    /// The distributions of the sizes of its objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<SizeHistogram>,
    /// The segmenter that outlined objects; absent where none was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segmenter: Option<NetworkUsed>,
    /// What a network adds; absent where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PatternResult>,
    /// The map of pitches; absent where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pitch_map: Option<PitchMapResult>,
}

/// A network that looks at what is measured.
pub struct PatternNetwork<'a> {
    looker: Looker<'a>,
    used: NetworkUsed,
}

impl<'a> PatternNetwork<'a> {
    /// `network`, opened from `run`, with `unit` as typed.
    ///
    /// # Errors
    /// If the unit is not in the network.
    pub fn new(run: &Path, network: &'a Network, unit: Option<&str>) -> Result<Self, MeasureError> {
        let unit = unit.map(str::parse::<Address>).transpose()?;
        let looker = Looker::new(network, PatternConfig { unit, ..PatternConfig::default() })?;
        Ok(Self { looker, used: NetworkUsed::of(run, network) })
    }

    /// The network, as records name it.
    pub fn used(&self) -> &NetworkUsed {
        &self.used
    }
}

/// An image that was measured, before anything is written.
#[derive(Debug)]
pub struct MeasuredImage {
    /// What is kept of it.
    pub record: MeasureRecord,
    /// The drawn scale bar that was found, if its length was given.
    pub bar: Option<ScaleBar>,
    /// Its record, overlay, pictures of outlines, tables of objects, and picture through the network: names and bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Networks that look at what is measured.
#[derive(Default)]
pub struct MeasureNetworks<'a> {
    /// What a user named, to look at the pattern.
    pub pattern: Option<PatternNetwork<'a>>,
    /// A segmenter that outlines particles, fibres and pores, and where it was opened from.
    pub segmenter: Option<(&'a Network, NetworkUsed)>,
}

/// Why an image could not be measured or its record not be kept.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum MeasureError {
    /// The file could not be read; the error names it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file could not be measured.
    #[error(transparent)]
    File(MeasureFileError),
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The specimen could not be prepared for the network; the error names the file.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The unit is not an address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The network could not look.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The segmenter could not count.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// What the segmenter found cannot be measured.
    #[error(transparent)]
    Regions(#[from] RegionsError),
    /// A record cannot be used; the error names it.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The folder could not be read.
    #[error("cannot read the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    /// The folder holds other measurements.
    #[error(
        "{} was made with other settings or by another version; choose another --out, or --force to write over it",
        record.display()
    )]
    OtherSettings { record: PathBuf },
    /// The record of that name is of another image.
    #[error(
        "{} is of another image, {}; choose another --out, or --force to write over it",
        record.display(), image.display()
    )]
    OtherImage { record: PathBuf, image: PathBuf },
    /// A file that was written is gone.
    #[error(
        "{} was removed while images were measured; run the same command again to make what is missing",
        path.display()
    )]
    Lost { path: PathBuf },
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
}

impl From<MeasureFileError> for MeasureError {
    fn from(error: MeasureFileError) -> Self {
        match error {
            MeasureFileError::Read(error) => Self::Read(error),
            MeasureFileError::Cancelled => Self::Cancelled,
            error => Self::File(error),
        }
    }
}

/// Name of the picture of what a network adds to image `name`.
pub fn picture_name(name: &str) -> String {
    format!("{name}.network.png")
}

/// Name of the picture of what a segmenter found in image `name`.
pub fn outlined_name(name: &str, what: ObjectKind) -> String {
    format!("{name}.{}.png", what.plural())
}

/// Measures the file that was read as `source`, through `networks` too if there are some; `name` is that of
/// its files. The file is decoded and its data bar found once.
///
/// # Errors
/// See [`MeasureError`]. What can not be measured is a refusal in the report.
pub fn measure(
    (source, name): (&Source, &str),
    settings: &MeasureSettings,
    networks: &mut MeasureNetworks<'_>,
    progress: &mut dyn FnMut(MeasureStep) -> ControlFlow<()>,
) -> Result<MeasuredImage, MeasureError> {
    measure_as((source, Input::of(source)), name, settings, networks, progress)
}

/// As [`measure`], of an image that the record names as `input`, wherever it was read from.
///
/// # Errors
/// As [`measure`].
pub(crate) fn measure_as(
    (source, input): (&Source, Input),
    name: &str,
    settings: &MeasureSettings,
    networks: &mut MeasureNetworks<'_>,
    progress: &mut dyn FnMut(MeasureStep) -> ControlFlow<()>,
) -> Result<MeasuredImage, MeasureError> {
    let mut found = measure_file(source, &settings.file, progress)?;
    let used = networks.pattern.as_ref().map(|network| network.used.clone());
    let mut files = Vec::new();
    let (mut pattern, mut segmenter, mut outlined) = (None, None, Vec::new());
    if let Some((network, used)) = networks.segmenter.as_ref().filter(|_| settings.uses_segmenter()) {
        let plane = prepared(&found, &settings.file)?;
        let report = &mut found.measured.report;
        outlined = objects::add(report, &plane, network, settings, &mut || progress(MeasureStep::Measure))?;
        for one in &outlined {
            files.push((outlined_name(name, one.what), one.picture_png(&plane, report)));
        }
        segmenter = Some(used.clone());
        if found.measured.report.answers.iter().all(|own| own.task != Task::Fibers || own.is_refused()) {
            found.measured.details.fibers = None;
        }
    }
    // after the segmenter, as its numbers stand below the image
    files.insert(0, (format!("{name}.png"), found.overlay_png()));
    if let Some(network) = &mut networks.pattern {
        let (result, bytes) = looked(network, &found, &settings.file)?;
        files.push((picture_name(name), bytes));
        pattern = Some(result);
    }
    let mut mapped = None;
    if settings.pitch_map {
        let (result, of_map) = pitch_map_of(&found.plane, &found.measured.report, name);
        files.extend(of_map);
        mapped = Some(result);
    }
    let Objects { csv, histograms } = Objects::of(&found.measured, &outlined);
    let Measured { report, details } = &found.measured;
    if let Some(csv) = csv {
        files.push((objects_table_name(name), csv.into_bytes()));
    }
    if let Some(count) = &details.count {
        files.push((particles_name(name), particles::particles_csv(report, count).into_bytes()));
    }
    let mut record = Record::new(COMMAND, Some(input), used, settings.clone());
    record.files = files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
    let record = MeasureRecord {
        record,
        data_bar: found.specimen.data_bar,
        report: report.clone(),
        sizes: histograms,
        segmenter,
        pattern,
        pitch_map: mapped,
    };
    let text = json_text(&Written { record: &record, details_px: details })?;
    // last: a record says that its files are there
    files.push((format!("{name}.json"), text.into_bytes()));
    Ok(MeasuredImage { record, bar: found.bar, files })
}

/// How many pages the file that was read as `source` has.
///
/// # Errors
/// If it cannot be decoded.
pub fn n_pages(source: &Source, config: &MeasureConfig) -> Result<usize, ReadError> {
    let first = ReadConfig { page: 0, ..config.read() };
    Ok(Micrograph::from_source(source, &first)?.facts.n_pages)
}

/// The part that was measured, prepared for networks.
fn prepared(found: &FileMeasurement, config: &MeasureConfig) -> Result<Plane, MeasureError> {
    // a flat specimen is looked at all the same, and has no period
    let prepare = PrepareConfig { refuses_flat: false, ..PrepareConfig::default() };
    Ok(config.part_of(&prepare::specimen(&found.specimen, &prepare)?.plane)?)
}

/// What a network adds to a measurement: numbers and their picture.
fn looked(
    network: &mut PatternNetwork<'_>,
    found: &FileMeasurement,
    config: &MeasureConfig,
) -> Result<(PatternResult, Vec<u8>), MeasureError> {
    let plane = prepared(found, config)?;
    let view = network.looker.look(&plane, &found.measured)?;
    let picture = picture(&plane, &found.measured, &view);
    Ok((view.result, picture.png_bytes(None)))
}

/// A record as it is written.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    record: &'a MeasureRecord,
    /// Everything that was found, in px of the image.
    details_px: &'a micrograph::measure::report::Details,
}
