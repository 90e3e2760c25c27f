//! `nanoaid lens`: micrographs through the feature maps of a network.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::Source;
use micrograph::paint::ColorMap;
use nanoaid::Network;
use nanoaid::data::prepare;
use nanoaid::interpret::lens::{LensResult, Order, Threshold};
use serde::Serialize;

use super::images::{NetworkArguments, ReadArguments, without_companions};
use crate::outcome::{Failure, Outcome, print, say};
use crate::page;
use crate::record::{Input, Record};
use crate::view::{MapFormat, Seen, ViewSettings, view};
use nanoaid::output::{OutputFolder, folder_names, json_text};

/// Arguments of `lens`.
#[derive(Args)]
pub(crate) struct LensArguments {
    /// Micrographs: PNG, JPEG, BMP or TIFF
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
    maps: Vec<MapFormat>,
    /// Write one contact sheet a layer alone: no page, no false colors, no reconstruction
    #[arg(long)]
    sheet_only: bool,
    /// Share of the error map that counts as surprising, as a quantile, e.g. 0.99; the default adapts
    /// to the image: median + 6 deviations
    #[arg(long, value_name = "QUANTILE")]
    surprise: Option<f64>,
    /// Folder for the results; the default is named after the image
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
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
    let folder = OutputFolder::create(&arguments.folder(), arguments.force)?;
    let images = without_companions(&arguments.images);
    let names = folder_names(&images);
    let several = images.len() > 1;
    let mut shown = Vec::new();
    let mut contents = Vec::new();
    let mut n_skipped = 0;
    for (image, name) in images.iter().zip(&names) {
        let seen = (|| {
            let folder = if several { folder.folder(name)? } else { folder.clone() };
            let seen = look_at_file(image, &network, &arguments.network.run, &settings, &folder)?;
            Ok::<_, Failure>((folder, seen))
        })();
        match seen {
            Ok((folder, seen)) => {
                if !arguments.json {
                    let to_open = if arguments.sheet_only { "" } else { "report.html" };
                    print(&line_of(image, &seen, &folder.file(to_open)))?;
                }
                if !arguments.sheet_only {
                    contents.push(page::lens::Entry::new(name, image, &seen));
                }
                let layers = seen.layers.into_iter().map(|layer| layer.result).collect();
                shown.push(Shown { image: image.clone(), folder: folder.path().to_owned(), layers });
            }
            Err(failure) => {
                n_skipped += 1;
                say(&format!("skipped {}", failure.in_file(image)));
            }
        }
    }
    if several && !contents.is_empty() {
        folder.write("index.html", page::lens::contents(&contents).as_bytes())?;
    }
    if arguments.json {
        print(&json_text(&shown)?)?;
    }
    if shown.is_empty() {
        return Err(Failure::new("no image could be looked at"));
    }
    Ok(Outcome::of_skipped(n_skipped))
}

/// Looks at one file and writes everything about it, record included, into `folder`.
pub(crate) fn look_at_file(
    image: &Path,
    network: &Network,
    run: &Path,
    settings: &ViewSettings,
    folder: &OutputFolder,
) -> Result<Seen, Failure> {
    let source = Source::read(image)?;
    let prepared = prepare::source(&source, &settings.prepare())?;
    let input = Input::of(&source);
    let (seen, files) = view(&prepared, network, settings, folder)?;
    let record = Record::new(input, run, network, settings, files)?;
    folder.write_json("record.json", &record)?;
    Ok(seen)
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
        let config = self.read.config();
        Ok(ViewSettings {
            layers,
            order,
            top: self.top,
            color_map: self.colormap,
            maps: self.maps.clone(),
            sheet_only: self.sheet_only,
            threshold: self.surprise.map_or_else(Threshold::default, Threshold::Quantile),
            nm_per_px: self.read.nm_per_px,
            page: self.read.page,
            data_bar: config.data_bar,
        })
    }

    fn folder(&self) -> PathBuf {
        match (&self.out, self.images.as_slice()) {
            (Some(out), _) => out.clone(),
            (None, [image]) => {
                let stem = image.file_stem().unwrap_or_default().to_string_lossy();
                PathBuf::from(format!("lens-{stem}"))
            }
            (None, images) => PathBuf::from(format!("lens-{}-images", images.len())),
        }
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

fn line_of(image: &Path, seen: &Seen, report: &Path) -> String {
    let layers: Vec<String> = seen
        .layers
        .iter()
        .map(|layer| {
            let counts = layer.result.counts;
            format!(
                "{}: {} live, {} near-copies, {} dead",
                layer.result.layer, counts.n_live, counts.n_near_copies, counts.n_dead
            )
        })
        .collect();
    format!("{}\n  {}\n  {}\n  {}\n", image.display(), seen.cut_text(), layers.join("; "), report.display())
}
