//! Segment: the particles, fibres or pores of a micrograph as labels, a table, and the folder of its record.

use std::path::PathBuf;

use micrograph::ObjectKind;
use micrograph::regions::Corrections;
use nanoaid::output::{OutputError, OutputFolder, json_text};
use nanoaid::record::{Input, NetworkUsed};
use nanoaid::segment::{SegmentConfig, SegmentSettings, SegmentedImage, segment_file, segments_csv};
use nanoaid_pages::segment::{SegmentPage, SegmentRow};
use numpy::{PyArray2, PyArray3};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::array;
use crate::fault::Fault;
use crate::image::Image;
use crate::measure::files;
use crate::network::Network;
use crate::work::{How, run};

/// A micrograph that was segmented.
#[pyclass(frozen, module = "nanoaid._nanoaid")]
pub(crate) struct Segmentation {
    name: String,
    segmented: SegmentedImage,
    json: String,
}

/// How objects are looked for: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Segmenting {
    what: String,
    threshold: Option<f64>,
    separation: Option<f64>,
    least_confidence: Option<f64>,
    min_size_px: Option<f64>,
    max_size_px: Option<f64>,
    corrections: Option<PathBuf>,
}

impl Segmenting {
    fn settings(&self, image: &Image) -> Result<SegmentSettings, Fault> {
        let default = SegmentConfig::default();
        let what: ObjectKind = self.what.parse().map_err(|reason: String| Fault::of_text("what", &reason))?;
        let segment = SegmentConfig {
            what,
            threshold: self.threshold.unwrap_or(default.threshold),
            separation: self.separation.unwrap_or(default.separation),
            least_confidence: self.least_confidence.unwrap_or(default.least_confidence),
            min_size_px: self.min_size_px.unwrap_or(default.min_size_px),
            max_size_px: self.max_size_px,
            ..default
        };
        Ok(SegmentSettings {
            segment: segment.checked()?,
            nm_per_px: image.config.read.nm_per_px,
            page: image.config.read.page,
            data_bar: image.config.data_bar,
            corrections: self.corrections.as_ref().map(|path| Corrections::read(path)).transpose()?,
        })
    }
}

#[pymethods]
impl Segmentation {
    /// One element of what `nanoaid segment --json` prints.
    #[getter]
    fn json(&self) -> &str {
        &self.json
    }

    /// The region of each pixel of the specimen, 0 for the background, `int32`, `[H, W]`.
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<i32>>> {
        let labels = &self.segmented.labels;
        let number = |label: &u32| i32::try_from(*label).expect("an image has fewer regions than 2³¹");
        let size = [labels.height(), labels.width()];
        array::of_rows(py, labels.values().iter().map(number).collect(), size)
    }

    /// The specimen with all outlines, `uint8`, `[H, W, 3]`.
    fn overlay<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray3<u8>>> {
        array::of_picture(py, &self.segmented.overlay)
    }

    /// Name of the image among results.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Name and content of each file that `nanoaid segment` writes for an image.
    fn files<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyBytes>)> {
        files(py, &self.segmented.files)
    }

    /// Writes them, the page and the table into the folder at `path`.
    fn save(&self, py: Python<'_>, path: PathBuf, force: bool) -> PyResult<()> {
        let SegmentedImage { record, overlay, files, .. } = &self.segmented;
        let saved = py.detach(|| -> Result<(), OutputError> {
            let folder = OutputFolder::create(&path, force)?;
            for (name, bytes) in files {
                folder.write(name, bytes)?;
            }
            folder.write("segments.csv", segments_csv(&[(self.name.clone(), record.clone())]).as_bytes())?;
            let page = SegmentPage { rows: vec![SegmentRow::of(&self.name, record, overlay)] };
            folder.write("report.html", page.html().as_bytes())
        });
        saved.map_err(|error| Fault::from(error).raised(py))
    }
}

/// Segments `image` by `network`.
#[pyfunction]
pub(crate) fn segment(
    py: Python<'_>,
    image: &Bound<'_, Image>,
    network: &Bound<'_, Network>,
    segmenting: Segmenting,
    how: How,
) -> PyResult<Segmentation> {
    let image = image.get();
    let settings = segmenting.settings(image).map_err(|fault| fault.raised(py))?;
    let (source, name) = (image.source.clone(), image.name());
    let (from, network) = (network.get().run.clone(), network.get().own.clone());
    run(py, &how, move |watch| {
        let input = (&source, Input::of(&source));
        let by = (&*network, NetworkUsed::of(&from, &network));
        let segmented =
            segment_file(input, &name, by, &settings, &mut |done, total| watch.report(done, total));
        let segmented = segmented.map_err(|error| Fault::at(source.path(), error))?;
        let json = json_text(&segmented.record)?;
        Ok(Segmentation { name, segmented, json })
    })
}
