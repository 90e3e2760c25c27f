//! View: one micrograph through the lens, as files in a folder: contact sheets, false-color pictures,
//! reconstruction and error map, the maps themselves, the numbers, and a record.
//!
//! Pictures are small: maps as PNG with a palette, photographs as JPEG. The page is made by whoever
//! calls, from the [`View`] alone. Knows no data sets and no HTML.

mod class;
mod error;
mod files;
mod folder;
mod pictures;
mod result;
mod settings;

pub use error::ViewError;
pub use folder::{ViewFolder, Viewed, shared_colors};
pub use result::{LayerPictures, ReconstructionPictures, SCHEMA_VERSION, View, ViewPictures, field_text};
pub use settings::{BarCorner, MapFormat, ViewSettings};

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Source;
use micrograph::paint::{ContactSheet, Scaling, contact_sheet, contact_sheet_svg};

use crate::Network;
use crate::data::prepare::{self, Prepared};
use crate::interpret::lens::{Lens, LensConfig, LensImage, LensStep, look};
use crate::output::OutputFolder;
use crate::record::{Input, NetworkUsed, Record};
use files::{Files, PictureFile};

/// Name of the numbers.
const RESULT: &str = "result.json";
/// Name of the page.
pub const PAGE: &str = "report.html";
/// Name of the record.
pub const RECORD: &str = "record.json";

/// Where a view stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewProgress {
    /// Index of the layer that is looked at.
    pub layer: usize,
    /// Layers in all.
    pub n_layers: usize,
    /// What is done for it.
    pub step: LensStep,
    /// Tiles that are done in this step.
    pub done: usize,
    /// Tiles of this step.
    pub total: usize,
}

/// Makes the page of a view; a closure, so that nothing here knows HTML.
pub type ViewPage<'a> = &'a dyn Fn(&View) -> String;

/// Looks at the file that was read as `source` and writes everything about it into `folder`: pictures,
/// maps, `result.json`, the page, and `record.json` last.
///
/// `run` is the name under which `network` was opened. `progress` is called before the first and after
/// each tile; where it breaks, the view ends.
///
/// # Errors
/// See [`ViewError`].
pub fn view_file(
    source: &Source,
    (run, network): (&Path, &Network),
    settings: &ViewSettings,
    output: ViewOutput<'_>,
    progress: &mut dyn FnMut(ViewProgress) -> ControlFlow<()>,
) -> Result<View, ViewError> {
    let prepared = prepare::source(source, &settings.prepare())?;
    view(&prepared, Input::of(source), (run, network), settings, output, progress).map(|(view, _)| view)
}

/// Where a view is written, and who makes its page.
#[derive(Clone, Copy)]
pub struct ViewOutput<'a> {
    /// The folder.
    pub folder: &'a OutputFolder,
    /// Makes the page, which is written unless only sheets are.
    pub page: ViewPage<'a>,
}

/// As [`view_file`], for a micrograph that was prepared before and came from `input`; also returns the
/// names of all files but the record, with their hashes.
///
/// # Errors
/// See [`ViewError`].
pub fn view(
    prepared: &Prepared,
    input: Input,
    (run, network): (&Path, &Network),
    settings: &ViewSettings,
    output: ViewOutput<'_>,
    progress: &mut dyn FnMut(ViewProgress) -> ControlFlow<()>,
) -> Result<(View, BTreeMap<String, String>), ViewError> {
    let mut files = Files::new(output.folder);
    let image = LensImage { plane: &prepared.plane, calibration: prepared.facts.calibration.as_ref() };
    let n_layers = settings.layers.len();
    let mut layers = Vec::with_capacity(n_layers);
    let mut names = ViewPictures::default();
    for (index, layer) in settings.layers.iter().enumerate() {
        let config = LensConfig {
            order: settings.order,
            threshold: settings.threshold,
            // once is enough, and the pictures of the layers come first
            reconstruct: index + 1 == n_layers && !settings.sheet_only,
            false_color: !settings.sheet_only,
            colors: settings.colors.clone(),
            ..LensConfig::default()
        };
        let lens = look(network, layer, image, &config, &mut |step, done, total| {
            progress(ViewProgress { layer: index, n_layers, step, done, total })
        })?;
        names.layers.push(write_layer(&lens, prepared, settings, &mut files)?);
        files.maps(&lens, &settings.maps, settings.color_map)?;
        if let Some(found) = &lens.reconstruction {
            let drawn = pictures::reconstruction(image, found, settings.scale_bar);
            let ((output, overlay), (error_map, relative_map)) = rayon::join(
                || {
                    let output = PictureFile::photograph("reconstruction", &drawn.output);
                    (output, PictureFile::photograph("error-overlay", &drawn.overlay))
                },
                || {
                    let error_map = PictureFile::drawing("error-map", &drawn.error_map);
                    (error_map, PictureFile::drawing("relative-error-map", &drawn.relative_map))
                },
            );
            names.reconstruction = Some(ReconstructionPictures {
                output: files.put(output)?,
                error_map: files.put(error_map)?,
                relative_map: Some(files.put(relative_map)?),
                overlay: files.put(overlay)?,
            });
        }
        layers.push(lens.result);
    }
    if !settings.sheet_only {
        names.micrograph =
            Some(files.put(PictureFile::photograph(
                "micrograph",
                &pictures::micrograph(image, settings.scale_bar),
            ))?);
    }
    let view = View {
        schema_version: SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: settings.clone(),
        facts: prepared.facts.clone(),
        data_bar: prepared.data_bar,
        contrast: [prepared.low, prepared.high],
        class: if settings.classify { class::of(&prepared.plane, run, network)? } else { None },
        layers,
        pictures: names,
    };
    files.json(RESULT, &view)?;
    if !settings.sheet_only {
        files.write(PAGE, (output.page)(&view).as_bytes())?;
    }
    let network = NetworkUsed::of(run, network);
    let mut record = Record::new("lens", Some(input), Some(network), settings.clone());
    record.files = files.hashes;
    // last: a record says that its files are there
    output.folder.write_json(RECORD, &record)?;
    Ok((view, record.files))
}

fn write_layer(
    lens: &Lens,
    prepared: &Prepared,
    settings: &ViewSettings,
    files: &mut Files<'_>,
) -> Result<LayerPictures, ViewError> {
    let image = LensImage { plane: &prepared.plane, calibration: prepared.facts.calibration.as_ref() };
    let title = prepared.facts.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let planes = pictures::Planes::of(lens)?;
    let of = (title.as_str(), image.calibration);
    let sheet = |scaling| pictures::sheet((lens, &planes), of, settings, scaling, contact_sheet);
    let layer = &lens.result.layer;
    let file = |part: &str, picture| PictureFile::sheet(&format!("{layer}.{part}"), &picture, settings.dpi);
    let (own, more) = rayon::join(
        || file("sheet", sheet(Scaling::PerMap)),
        || {
            let colors = lens.false_color.as_ref()?;
            let colors = pictures::false_color(lens, colors, image, settings.scale_bar);
            let colors = PictureFile::photograph(&format!("{layer}.false-color"), &colors);
            Some((file("sheet-shared-scale", sheet(Scaling::Shared)), colors))
        },
    );
    let (shared_sheet, false_color) = match more {
        Some((shared, colors)) => (Some(files.put(shared)?), Some(files.put(colors)?)),
        None => (None, None),
    };
    let mut svg = Vec::new();
    let sheets = [("sheet", Scaling::PerMap), ("sheet-shared-scale", Scaling::Shared)];
    for (part, scaling) in sheets.into_iter().filter(|_| settings.svg) {
        let drawn = |sheet: &ContactSheet<'_>| contact_sheet_svg(sheet, pictures::PRINT_MM);
        let text = pictures::sheet((lens, &planes), of, settings, scaling, drawn);
        let name = format!("{layer}.{part}.svg");
        files.write(&name, text.as_bytes())?;
        svg.push(name);
    }
    Ok(LayerPictures { sheet: files.put(own)?, shared_sheet, false_color, svg })
}
