//! `nanoaid lens`: micrographs through the feature maps of a network.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::Source;
use micrograph::paint::ColorMap;
use nanoaid::Network;
use nanoaid::interpret::lens::{LensResult, Order, Threshold};
use nanoaid::interpret::view::{MapFormat, PAGE, View, ViewOutput, ViewSettings, view_file};
use nanoaid_pages::lens::{Entry, report};
use serde::Serialize;

use super::images::{NetworkArguments, ReadArguments, images_of};
use super::output::{OutputArguments, default_folder};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use nanoaid::output::{folder_names, json_text};

/// Arguments of `lens`.
#[derive(Args)]
pub(crate) struct LensArguments {
    /// Micrographs, or folders of them: PNG, JPEG, BMP, TIFF, DM3 or DM4
    #[arg(required = true)]
    images: Vec<PathBuf>,
    #[command(flatten)]
    network: NetworkArguments,
    /// Encoder stage whose maps are shown, from 1
    #[arg(long, conflicts_with_all = ["all_depths", "layer"])]
    depth: Option<usize>,
    /// Show the maps of every encoder stage; the default where neither depth nor layer is given
    #[arg(long, conflicts_with = "layer")]
    all_depths: bool,
    /// Layer whose maps are shown, e.g. `encoder.2.relu`; `nanoaid info RUN` lists them
    #[arg(long)]
    layer: Option<String>,
    #[command(flatten)]
    read: ReadArguments,
    /// Order of the channels
    #[arg(long, value_enum, default_value_t = OrderArgument::Energy)]
    order: OrderArgument,
    /// Show only the first N channels of that order on the sheets
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Color map: gray, viridis, magma, inferno, cividis, turbo, blue_white_red
    #[arg(long, default_value = "viridis")]
    colormap: ColorMap,
    /// Write the feature maps themselves too: 32-bit float TIFF that ImageJ reads, NPZ
    #[arg(long, value_enum, value_delimiter = ',')]
    maps: Vec<MapArgument>,
    /// Write only one contact sheet a layer: no page, no false colors, no reconstruction
    #[arg(long)]
    sheet_only: bool,
    /// Mark reconstruction errors above this quantile of the image as anomalies, e.g. 0.99; the default
    /// adapts to the image: median + 6 deviations
    #[arg(long, alias = "surprise", value_name = "QUANTILE")]
    anomaly: Option<f64>,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderArgument {
    /// Most energy first
    Energy,
    /// Most concentrated first
    Entropy,
    /// By number
    Channel,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MapArgument {
    /// 32-bit float TIFF stack, calibrated
    Tiff,
    /// NumPy archive, one array a channel
    Npz,
}

impl MapArgument {
    fn format(self) -> MapFormat {
        match self {
            Self::Tiff => MapFormat::Tiff,
            Self::Npz => MapFormat::Npz,
        }
    }
}

/// What is printed of one image with `--json`.
#[derive(Serialize)]
struct Shown {
    image: PathBuf,
    folder: PathBuf,
    layers: Vec<LensResult>,
}

/// Looks at each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &LensArguments) -> Result<Outcome, Failure> {
    let network = arguments.network.network()?;
    let settings = arguments.settings(&network)?;
    let images = images_of(&arguments.images)?;
    let folder = arguments.output.folder(|| default_folder("lens", &arguments.images))?;
    let names = folder_names(&images);
    let several = images.len() > 1;
    let mut shown = Vec::new();
    let mut contents = Vec::new();
    let mut n_skipped = 0;
    for (image, name) in images.iter().zip(&names) {
        let viewed = (|| {
            let folder = if several { folder.folder(name)? } else { folder.clone() };
            let network = (arguments.network.run.as_path(), &network);
            let output = ViewOutput { folder: &folder, page: &report };
            let view =
                view_file(&Source::read(image)?, network, &settings, output, &mut |_| interrupt::flow())?;
            Ok::<_, Failure>((folder, view))
        })();
        match viewed {
            Ok((folder, view)) => {
                if !arguments.output.json {
                    let to_open = if arguments.sheet_only { "" } else { PAGE };
                    print(&text_of(image, &view, &folder.file(to_open)))?;
                }
                if !arguments.sheet_only {
                    contents.push(Entry::new(name, &view));
                }
                shown.push(Shown {
                    image: image.clone(),
                    folder: folder.path().to_owned(),
                    layers: view.layers,
                });
            }
            Err(failure) if interrupt::is_raised() => return Err(failure),
            Err(failure) => {
                n_skipped += 1;
                say(&format!("skipped {}", failure.in_file(image)));
            }
        }
    }
    if several && !contents.is_empty() {
        folder.write("index.html", nanoaid_pages::lens::contents(&contents).as_bytes())?;
    }
    if arguments.output.json {
        print(&json_text(&shown)?)?;
    }
    if shown.is_empty() {
        return Err(Failure::new("no image could be processed"));
    }
    Ok(Outcome::of_skipped(n_skipped))
}

impl LensArguments {
    fn settings(&self, network: &Network) -> Result<ViewSettings, Failure> {
        let layers = match (&self.layer, self.depth) {
            (Some(layer), _) => vec![network.known_layer(layer)?.name.clone()],
            (None, Some(depth)) => vec![layer_at_depth(network, depth)?],
            (None, None) if network.n_stages() == 0 => {
                let text = "the network has no encoder stages; name a layer with --layer (`nanoaid info RUN` lists them)";
                return Err(Failure::new(text));
            }
            (None, None) => (1..=network.n_stages())
                .map(|depth| layer_at_depth(network, depth))
                .collect::<Result<_, _>>()?,
        };
        let order = match self.order {
            OrderArgument::Energy => Order::Energy,
            OrderArgument::Entropy => Order::Entropy,
            OrderArgument::Channel => Order::Channel,
        };
        let threshold = self.anomaly.map_or_else(Threshold::default, Threshold::Quantile).checked();
        let threshold =
            threshold.map_err(|error| Failure::of_option(error, &[("threshold.quantile", "--anomaly")]))?;
        let config = self.read.config();
        Ok(ViewSettings {
            layers,
            order,
            top: self.top,
            color_map: self.colormap,
            maps: self.maps.iter().map(|format| format.format()).collect(),
            sheet_only: self.sheet_only,
            threshold,
            nm_per_px: self.read.nm_per_px,
            page: self.read.page,
            data_bar: config.data_bar,
        })
    }
}

fn layer_at_depth(network: &Network, depth: usize) -> Result<String, Failure> {
    match network.layer_at_depth(depth) {
        Some(layer) => Ok(layer.name.clone()),
        None => {
            let found = match network.n_stages() {
                0 => "no encoder stages; name a layer with --layer".to_owned(),
                n_stages => format!("depths 1 to {n_stages}"),
            };
            Err(Failure::new(format!("depth {depth}: the network has {found}")))
        }
    }
}

fn text_of(image: &Path, view: &View, report: &Path) -> String {
    let layers: Vec<String> = view
        .layers
        .iter()
        .map(|layer| {
            let counts = layer.counts;
            format!(
                "{}: {} live, {} near-copies, {} dead",
                layer.layer, counts.n_live, counts.n_near_copies, counts.n_dead
            )
        })
        .collect();
    format!("{}\n  {}\n  {}\n  {}\n", image.display(), view.cut_text(), layers.join("; "), report.display())
}
