//! View: one micrograph through the lens, as files in a folder: contact sheets, false-color
//! pictures, reconstruction and error map, the maps themselves, a page, and the numbers.

mod pictures;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use clap::ValueEnum;
use micrograph::data_bar::{DataBar, DataBarChoice, DataBarEvidence};
use micrograph::paint::{ColorMap, NpzWriter, Picture, Scaling, TiffStack};
use micrograph::read::ReadConfig;
use micrograph::{Calibration, FileFacts};
use nanoaid::Network;
use nanoaid::data::prepare::{PrepareConfig, Prepared};
use nanoaid::hash::sha256;
use nanoaid::interpret::lens::{Lens, LensConfig, LensImage, LensResult, Order, Threshold, look};
use serde::{Deserialize, Serialize};

use crate::outcome::Failure;
use crate::page;
use nanoaid::output::OutputFolder;

/// Everything that decides what a view looks like, besides image and network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ViewSettings {
    /// Layers that are shown.
    pub layers: Vec<String>,
    /// Order of the channels.
    pub order: Order,
    /// Most channels on a sheet.
    pub top: Option<usize>,
    /// Colors of the maps.
    pub color_map: ColorMap,
    /// Formats in which the maps themselves are written.
    pub maps: Vec<MapFormat>,
    /// Whether nothing but one contact sheet a layer, the maps, and the numbers is written.
    #[serde(default)]
    pub sheet_only: bool,
    /// Which reconstruction errors are marked.
    pub threshold: Threshold,
    /// Size of a pixel as typed.
    pub nm_per_px: Option<f64>,
    /// Page of the file.
    pub page: usize,
    /// What is done about a data bar.
    pub data_bar: DataBarChoice,
}

/// A format for feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MapFormat {
    /// 32-bit float TIFF stack, calibrated
    Tiff,
    /// NumPy archive, one array a channel
    Npz,
}

/// A picture with its PNG, which the file and the page share.
pub(crate) struct Drawn {
    /// The picture.
    pub picture: Picture,
    /// The same as a file.
    pub png: Vec<u8>,
}

impl Drawn {
    /// Encodes `picture`.
    pub(crate) fn new(picture: Picture) -> Self {
        Self { png: picture.png_bytes(None), picture }
    }
}

/// What was seen of one image.
pub(crate) struct Seen {
    /// What its file tells.
    pub facts: FileFacts,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// Values of the file that became black and white.
    pub contrast: (f32, f32),
    /// The micrograph as the network saw it, with a scale bar; `None` where there is no page to show
    /// it on.
    picture: Option<Drawn>,
    /// Each layer that was asked for.
    pub layers: Vec<SeenLayer>,
    /// Reconstruction and error map, where the network is an autoencoder.
    pub surprise: Option<Surprise>,
}

/// What was seen at one layer.
pub(crate) struct SeenLayer {
    /// The numbers.
    pub result: LensResult,
    /// Contact sheet, each map on its own scale.
    pub sheet: Drawn,
    /// Contact sheet, all maps on one scale, and the maps as one picture; `None` where the first
    /// sheet alone was asked for.
    pub more: Option<MoreOfLayer>,
}

/// What else is shown of a layer.
pub(crate) struct MoreOfLayer {
    /// Contact sheet, all maps on one scale.
    pub shared_sheet: Drawn,
    /// The maps as one picture.
    pub false_color: Drawn,
}

/// What the whole network makes of the image.
pub(crate) struct Surprise {
    /// Its output.
    pub reconstruction: Drawn,
    /// Where it is wrong.
    pub error_map: Drawn,
    /// The micrograph with what is above the threshold outlined.
    pub overlay: Drawn,
}

impl ViewSettings {
    /// How the micrograph is read.
    pub(crate) fn prepare(&self) -> PrepareConfig {
        let read = ReadConfig { page: self.page, nm_per_px: self.nm_per_px, ..ReadConfig::default() };
        PrepareConfig { read, data_bar: self.data_bar, refuses_flat: false, ..PrepareConfig::default() }
    }
}

impl Seen {
    /// The micrograph as the network saw it, with a scale bar.
    ///
    /// # Panics
    /// If sheets alone were asked for, which leaves no page to show it on.
    pub(crate) fn micrograph(&self) -> &Drawn {
        self.picture.as_ref().expect("a view with a page has the micrograph's picture")
    }

    /// What was cut off, in words.
    pub(crate) fn cut_text(&self) -> String {
        let Some(bar) = self.data_bar else { return "no data bar was cut off".to_owned() };
        let evidence = match bar.evidence {
            DataBarEvidence::Metadata => "told by the metadata",
            DataBarEvidence::Pixels => "found in the pixels",
            DataBarEvidence::Typed => "as typed",
        };
        let below = match self.facts.height.saturating_sub(bar.end_row) {
            0 => String::new(),
            1 => ", with 1 row of specimen below it".to_owned(),
            n_rows => format!(", with {n_rows} rows of specimen below it"),
        };
        format!("data bar cut off: rows {} to {}{below}, {evidence}", bar.first_row, bar.end_row - 1)
    }
}

/// Stride and receptive field in words, in nm too where the image is calibrated.
pub(crate) fn field_text(result: &LensResult) -> String {
    let nm = result.receptive_field_nm.map_or(String::new(), |field| {
        format!(" ({})", micrograph::calibration::length_text(field.width_nm))
    });
    format!("stride {} px, receptive field {} px{nm}", result.stride, result.receptive_field_px)
}

/// Looks at `prepared` and writes all files but the record into `folder`; also returns their
/// names and hashes.
pub(crate) fn view(
    prepared: &Prepared,
    network: &Network,
    settings: &ViewSettings,
    folder: &OutputFolder,
) -> Result<(Seen, BTreeMap<String, String>), Failure> {
    let mut files = Files { folder, hashes: BTreeMap::new() };
    let calibration = prepared.facts.calibration.as_ref();
    let micrograph = || Drawn::new(pictures::micrograph(&prepared.plane, calibration));
    let mut layers = Vec::new();
    let mut surprise = None;
    for (index, layer) in settings.layers.iter().enumerate() {
        let last = index + 1 == settings.layers.len();
        let config = LensConfig {
            order: settings.order,
            threshold: settings.threshold,
            reconstruct: last && !settings.sheet_only,
            false_color: !settings.sheet_only,
            ..LensConfig::default()
        };
        let lens = look(
            network,
            layer,
            LensImage { plane: &prepared.plane, calibration },
            &config,
            &mut |_, _, _| ControlFlow::Continue(()),
        )?;
        let seen = seen_layer(&lens, prepared, settings)?;
        files.picture(&format!("{layer}.sheet.png"), &seen.sheet)?;
        if let Some(more) = &seen.more {
            files.picture(&format!("{layer}.sheet-shared-scale.png"), &more.shared_sheet)?;
            files.picture(&format!("{layer}.false-color.png"), &more.false_color)?;
        }
        write_maps(&lens, settings, &mut files)?;
        if let Some(reconstruction) = &lens.reconstruction {
            let found = pictures::surprise(&prepared.plane, reconstruction, calibration);
            files.picture("reconstruction.png", &found.reconstruction)?;
            files.picture("error-map.png", &found.error_map)?;
            files.picture("error-overlay.png", &found.overlay)?;
            surprise = Some(found);
        }
        layers.push(seen);
    }
    let seen = Seen {
        facts: prepared.facts.clone(),
        data_bar: prepared.data_bar,
        contrast: (prepared.low, prepared.high),
        picture: (!settings.sheet_only).then(micrograph),
        layers,
        surprise,
    };
    let results: Vec<&LensResult> = seen.layers.iter().map(|layer| &layer.result).collect();
    files.write("result.json", nanoaid::output::json_text(&results)?.as_bytes())?;
    if !settings.sheet_only {
        files.write("report.html", page::lens::report(&seen, settings).as_bytes())?;
    }
    Ok((seen, files.hashes))
}

fn seen_layer(lens: &Lens, prepared: &Prepared, settings: &ViewSettings) -> Result<SeenLayer, Failure> {
    let calibration = prepared.facts.calibration.as_ref();
    let image = prepared.facts.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let planes = pictures::Planes::of(lens)?;
    let sheet = |scaling| Drawn::new(pictures::sheet(lens, &planes, &image, calibration, settings, scaling));
    let (sheet, more) = rayon::join(
        || sheet(Scaling::PerMap),
        || {
            let colors = lens.false_color.as_ref()?;
            let false_color = pictures::false_color(lens, colors, &prepared.plane, calibration);
            Some(MoreOfLayer { false_color: Drawn::new(false_color), shared_sheet: sheet(Scaling::Shared) })
        },
    );
    Ok(SeenLayer { sheet, more, result: lens.result.clone() })
}

fn write_maps(lens: &Lens, settings: &ViewSettings, files: &mut Files<'_>) -> Result<(), Failure> {
    let maps = &lens.maps;
    let layer = &lens.result.layer;
    let calibration: Option<&Calibration> = lens.result.map_calibration.as_ref();
    let channels = 0..maps.n_channels();
    for format in &settings.maps {
        match format {
            MapFormat::Tiff => {
                let name = format!("{layer}.maps.tif");
                let labels: Vec<String> =
                    channels.clone().map(|channel| format!("{layer}:{channel}")).collect();
                let size = (maps.height(), maps.width());
                let mut stack = TiffStack::create(&files.folder.file(&name), size, &labels, calibration)?;
                for channel in channels.clone() {
                    let plane = maps.plane(channel)?;
                    stack.push(&plane)?;
                }
                stack.finish()?;
                files.note(&name)?;
            }
            MapFormat::Npz => {
                let name = format!("{layer}.maps.npz");
                let mut archive = NpzWriter::create(&files.folder.file(&name))?;
                archive.begin("maps", &[maps.n_channels(), maps.height(), maps.width()])?;
                for channel in channels.clone() {
                    archive.append(maps.plane(channel)?.values())?;
                }
                if let Some(calibration) = calibration {
                    archive.begin("nm_per_px_y_x", &[2])?;
                    archive.append(&[calibration.nm_per_px_y as f32, calibration.nm_per_px_x as f32])?;
                }
                archive.finish()?;
                files.note(&name)?;
            }
        }
    }
    Ok(())
}

/// The files of a folder and their hashes.
struct Files<'a> {
    folder: &'a OutputFolder,
    hashes: BTreeMap<String, String>,
}

impl Files<'_> {
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.folder.write(name, bytes)?;
        self.hashes.insert(name.to_owned(), sha256(bytes));
        Ok(())
    }

    fn picture(&mut self, name: &str, drawn: &Drawn) -> Result<(), Failure> {
        self.write(name, &drawn.png)
    }

    /// Enters a file that was written in pieces.
    fn note(&mut self, name: &str) -> Result<(), Failure> {
        let hash = crate::record::file_sha256(&self.folder.file(name))?;
        self.hashes.insert(name.to_owned(), hash);
        Ok(())
    }
}
