//! Segmenting a file: its record, label image, outlines, table of regions, and overlay.

use std::ops::ControlFlow;

use micrograph::data_bar::DataBarChoice;
use micrograph::paint::{ColorMap, Corner, LengthUnit, Picture, ScaleBar};
use micrograph::regions::{
    CocoImage, Corrections, Labels, Region, Sizes, SizesConfig, coco_text, geojson_text, label_tiff_bytes,
    outlines, regions, roi_zip_bytes, sizes, table,
};
use micrograph::{Calibration, DataBar, Plane, ReadConfig, Rect, Source};
use serde::{Deserialize, Serialize};

use super::{SegmentConfig, SegmentError, count_uncertainty, mean_confidence, segment};
use crate::Network;
use crate::data::prepare::{self, PrepareConfig};
use crate::hash::sha256;
use crate::output::{csv_text, json_text};
use crate::record::{Input, NetworkUsed, Record};

/// The command of these records.
pub(crate) const COMMAND: &str = "segment";
/// Tolerance in px to which outlines in files are simplified.
const OUTLINE_TOLERANCE_PX: f64 = 0.5;
/// Mean confidence below which a result is doubtful.
const DOUBTFUL: f64 = 0.76;
/// Images with a longer side have outlines of 2 px in the overlay.
const LARGE_PX: usize = 1600;
/// Colors of outlines, neighbours in the list far apart.
const COLORS: [[u8; 3]; 8] = [
    [255, 92, 92],
    [84, 160, 255],
    [255, 193, 60],
    [72, 219, 160],
    [200, 120, 255],
    [255, 140, 40],
    [60, 220, 230],
    [190, 230, 60],
];

/// Everything but image and network that decides what comes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentSettings {
    /// How objects are looked for.
    pub segment: SegmentConfig,
    /// Size of a pixel in nanometres, where it is not to be that of the file.
    pub nm_per_px: Option<f64>,
    /// Page of the file, from 0.
    pub page: usize,
    /// What is done about the data bar.
    pub data_bar: DataBarChoice,
    /// What a person changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrections: Option<Corrections>,
}

/// The record of a segmented image.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// Input, network, settings and files.
    #[serde(flatten)]
    pub record: Record<SegmentSettings>,
    /// Rows and columns of the specimen, without data bar.
    pub height: usize,
    /// See `height`.
    pub width: usize,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// The size of a pixel, where it is known.
    pub calibration: Option<Calibration>,
    /// Objects, with those that the border cuts.
    pub n_regions: usize,
    /// Half the width of the 95 % interval of their number.
    pub count_uncertainty: f64,
    /// Share of the image that they cover, in `[0, 1]`.
    pub covered: f64,
    /// Their mean confidence, in `[0, 1]`; `None` without objects.
    pub mean_confidence: Option<f64>,
    /// Sizes of those that are whole.
    pub sizes: Sizes,
    /// What to know about the result.
    pub warnings: Vec<String>,
}

/// A segmented image, before anything is written.
#[derive(Debug)]
pub struct SegmentedImage {
    /// What is kept of it.
    pub record: SegmentRecord,
    /// The region of each pixel.
    pub labels: Labels,
    /// What is measured on each.
    pub regions: Vec<Region>,
    /// The image with all outlines.
    pub overlay: Picture,
    /// Files by name: overlay, label image, outlines, table, and last the record.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Segments the file that was read as `source` by `network`, opened from where `used` says; `name` is that of
/// its files, and `input` what the record calls it.
///
/// # Errors
/// If the file cannot be read or segmented, a correction hits nothing, or `progress` broke.
pub fn segment_file(
    (source, input): (&Source, Input),
    name: &str,
    (network, used): (&Network, NetworkUsed),
    settings: &SegmentSettings,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<SegmentedImage, SegmentError> {
    let read = ReadConfig { page: settings.page, nm_per_px: settings.nm_per_px, ..ReadConfig::default() };
    let prepare = PrepareConfig {
        read,
        data_bar: settings.data_bar,
        refuses_flat: false, // a flat specimen has no objects
        ..PrepareConfig::default()
    };
    let prepared = prepare::source(source, &prepare)?;
    let plane = &prepared.plane;
    let mut labels = segment(network, plane, &settings.segment, progress)?;
    if let Some(corrections) = &settings.corrections {
        labels = corrections.apply(&labels)?;
    }
    let regions = regions(&labels, Some(plane))?;
    let calibration = prepared.facts.calibration.clone();
    let (height, width) = (plane.height(), plane.width());
    let sizes = sizes(&regions, (height, width), calibration.as_ref(), &SizesConfig::default())?;
    let overlay = outlined(plane, &labels, calibration.as_ref());

    let what = settings.segment.what;
    let all = outlines(&labels);
    let simple: Vec<_> = all.iter().map(|outline| outline.simplified(OUTLINE_TOLERANCE_PX)).collect();
    let file_name = source.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let image = CocoImage { file_name: &file_name, labels: &labels, regions: &regions, outlines: &simple };
    let table = table(&regions, calibration.as_ref());
    let square = calibration.as_ref().map(|pixel| (pixel.nm_per_px_y, pixel.nm_per_px_x));
    let mut files = vec![
        (format!("{name}.png"), overlay.png_bytes(square)),
        (format!("{name}.labels.tif"), label_tiff_bytes(&labels, calibration.as_ref())?),
        (format!("{name}.rois.zip"), roi_zip_bytes(&simple)?),
        (format!("{name}.geojson"), geojson_text(&simple, &regions, calibration.as_ref())?.into_bytes()),
        (format!("{name}.coco.json"), coco_text(what.singular(), &[image])?.into_bytes()),
        (format!("{name}.regions.csv"), csv_text(&table.head, table.rows.into_iter()).into_bytes()),
    ];
    if regions.is_empty() {
        // a set of no outlines is no file that ImageJ opens
        files.retain(|(name, _)| !name.ends_with(".rois.zip"));
    }
    let mut record = Record::new(COMMAND, Some(input), Some(used), settings.clone());
    record.files = files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
    let n_pixels = regions.iter().map(|region| region.area_px).sum::<usize>();
    let mut record = SegmentRecord {
        record,
        height,
        width,
        data_bar: prepared.data_bar,
        calibration,
        n_regions: regions.len(),
        covered: n_pixels as f64 / (height * width) as f64,
        count_uncertainty: count_uncertainty(&labels),
        mean_confidence: mean_confidence(&labels),
        sizes,
        warnings: Vec::new(),
    };
    record.warnings = warnings(&record);
    // last: a record says that its files are there
    files.push((format!("{name}.json"), json_text(&record)?.into_bytes()));
    Ok(SegmentedImage { record, labels, regions, overlay, files })
}

/// What to know about a result.
fn warnings(record: &SegmentRecord) -> Vec<String> {
    let SegmentRecord { n_regions, mean_confidence, sizes, record: Record { settings, .. }, .. } = record;
    let SegmentConfig { what, threshold, least_confidence, .. } = &settings.segment;
    let mut warnings = Vec::new();
    if *n_regions == 0 {
        warnings.push(format!(
            "no {} found with a probability of at least {threshold} and a confidence of at least {least_confidence}; if you see some, try `--threshold {:.2}` or `--least-confidence {:.2}`, or --what",
            what.plural(),
            threshold / 2.0,
            least_confidence / 2.0
        ));
    }
    if mean_confidence.is_some_and(|mean| mean < DOUBTFUL) {
        warnings.push(format!("the mean confidence is below {DOUBTFUL}: compare the overlay with the image"));
    }
    if sizes.n_cut > sizes.n_whole && *n_regions > 0 {
        warnings.push(format!(
            "the border cuts {} of {n_regions} {}: sizes are those of the other {}",
            sizes.n_cut,
            what.plural(),
            sizes.n_whole
        ));
    }
    warnings
}

/// The image with the outline of each region, and a scale bar.
pub(crate) fn outlined(plane: &Plane, labels: &Labels, calibration: Option<&Calibration>) -> Picture {
    let mut picture = Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray);
    let (height, width) = (plane.height(), plane.width());
    let reach = if height.max(width) > LARGE_PX { 2 } else { 1 };
    for y in 0..height {
        for x in 0..width {
            let here = labels.at(y, x);
            // the border of the image is no outline
            let differs = |v: usize, u: usize| v < height && u < width && labels.at(v, u) != here;
            let edge = here > 0
                && (1..=reach).any(|step| {
                    differs(y + step, x)
                        || differs(y, x + step)
                        || differs(y.wrapping_sub(step), x)
                        || differs(y, x.wrapping_sub(step))
                });
            if edge {
                let color = COLORS[here as usize % COLORS.len()];
                picture.fill_rect(Rect { y, x, height: 1, width: 1 }, color, 1.0);
            }
        }
    }
    let unit = LengthUnit::drawn(calibration.map(|pixel| pixel.nm_per_px_x), 1.0);
    if let Some(mark) = ScaleBar::fit(width as f64, 0.25, unit) {
        let rect = picture.rect();
        mark.draw(&mut picture, rect, Corner::BottomRight);
    }
    picture
}
