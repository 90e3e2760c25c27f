//! `nanoaid lens`: micrographs through the feature maps of a network.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::Source;
use micrograph::paint::ColorMap;
use nanoaid::Network;
use nanoaid::interpret::lens::{LensResult, Order, Threshold};
use nanoaid::interpret::view::{
    BarCorner, MapFormat, PAGE, View, ViewFolder, ViewPage, ViewSettings, Viewed, shared_colors,
};
use nanoaid_pages::class::class_text;
use nanoaid_pages::lens::{Entry, report};
use serde::Serialize;

use super::images::{NetworkArguments, ReadArguments, ShardArguments, images_of};
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
    /// Write the feature maps themselves too: 32-bit float TIFF that ImageJ reads, NPZ, a PNG for each
    #[arg(long, value_enum, value_delimiter = ',')]
    maps: Vec<MapArgument>,
    /// Write only one contact sheet a layer: no page, no false colors, no reconstruction
    #[arg(long)]
    sheet_only: bool,
    /// Mark relative reconstruction errors above this quantile of the image as anomalies, e.g. 0.99; the
    /// default adapts to the image. A relative error is compared with places of as much contrast
    #[arg(long, alias = "surprise", value_name = "QUANTILE")]
    anomaly: Option<f64>,
    /// Use one set of false colors for all images, so that a color means the same in each
    #[arg(long, conflicts_with = "sheet_only")]
    shared_colors: bool,
    /// Look at every page of files of several pages
    #[arg(long, value_enum, value_name = "WHICH", conflicts_with = "page")]
    pages: Option<PagesArgument>,
    /// Do not name a class by a classifier
    #[arg(long)]
    no_class: bool,
    /// Where scale bars are drawn
    #[arg(long, value_enum, value_name = "CORNER", default_value_t = BarArgument::BottomRight)]
    scale_bar: BarArgument,
    /// Draw the contact sheets for print, at most 200 mm wide at this resolution, 50 to 1200, e.g. 300
    #[arg(long, value_name = "DPI")]
    dpi: Option<u32>,
    /// Write each contact sheet as SVG, too: letters and scale bar stay sharp and can be edited
    #[arg(long)]
    svg: bool,
    #[command(flatten)]
    shard: ShardArguments,
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
    /// One picture for each channel, one pixel a position
    Png,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PagesArgument {
    /// Every page
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BarArgument {
    /// At the lower right
    BottomRight,
    /// At the lower left
    BottomLeft,
    /// Nowhere
    None,
}

impl BarArgument {
    fn corner(self) -> BarCorner {
        match self {
            Self::BottomRight => BarCorner::BottomRight,
            Self::BottomLeft => BarCorner::BottomLeft,
            Self::None => BarCorner::None,
        }
    }
}

impl MapArgument {
    fn format(self) -> MapFormat {
        match self {
            Self::Tiff => MapFormat::Tiff,
            Self::Npz => MapFormat::Npz,
            Self::Png => MapFormat::Png,
        }
    }
}

/// What is printed of one image with `--json`.
#[derive(Serialize)]
struct Shown {
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    image: PathBuf,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    folder: PathBuf,
    layers: Vec<LensResult>,
}

/// Looks at each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &LensArguments) -> Result<Outcome, Failure> {
    let network = arguments.network.network()?;
    let mut settings = arguments.settings(&network)?;
    let images = arguments.pages_of(images_of(&arguments.images)?);
    let several = images.len() > 1;
    let names = names_of(&images);
    let named = images.iter().zip(&names).collect();
    let named: Vec<(&(PathBuf, usize), &String)> =
        arguments.shard.of(named, |((image, _), _)| image.as_path());
    if named.is_empty() && arguments.shard.is_given() {
        return Ok(Outcome::Done);
    }
    if arguments.shared_colors {
        settings.colors = shared_colors(&images, &network, &settings, &mut |_| interrupt::flow())?;
    }
    let out = arguments.output.path(|| default_folder("lens", &arguments.images));
    let from = (arguments.network.run.as_path(), &network);
    let folder = ViewFolder::open(&out, arguments.output.force, from, &settings)?;
    let mut shown = Vec::new();
    let mut contents = Vec::new();
    let (mut n_skipped, mut n_there) = (0, 0);
    for ((image, page), name) in named {
        let name_inside = several.then_some(name.as_str());
        let viewed = Source::read(image).map_err(Failure::from).and_then(|source| {
            let page_of: ViewPage<'_> = &report;
            Ok(folder.view(&source, *page, name_inside, (page_of, &mut |_| interrupt::flow()))?)
        });
        match viewed {
            Ok(Viewed { folder, view, was_there }) => {
                n_there += usize::from(was_there);
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
    if n_there > 0 {
        say(&format!(
            "{n_there} of {} were there already, with the same image, network and settings",
            images.len()
        ));
    }
    if several && !contents.is_empty() {
        folder.folder().write("index.html", nanoaid_pages::lens::contents(&contents).as_bytes())?;
    }
    if arguments.output.json {
        print(&json_text(&shown)?)?;
    }
    if shown.is_empty() {
        return Err(Failure::new("no image could be processed"));
    }
    Ok(Outcome::of_skipped(n_skipped))
}

/// Names of folders for images and pages; pages count from 1, as viewers do.
fn names_of(images: &[(PathBuf, usize)]) -> Vec<String> {
    let mut files: Vec<PathBuf> = images.iter().map(|(path, _)| path.clone()).collect();
    files.dedup();
    let names = folder_names(&files);
    let of = |(path, page): &(PathBuf, usize)| {
        let place = files.iter().position(|file| file == path).unwrap_or_default();
        let one = images.iter().filter(|(other, _)| other == path).count() == 1;
        if one { names[place].clone() } else { format!("{}-page-{page}", names[place]) }
    };
    images.iter().map(of).collect()
}

impl LensArguments {
    /// The images with the pages that are looked at; a file that cannot be read has its first.
    fn pages_of(&self, images: Vec<PathBuf>) -> Vec<(PathBuf, usize)> {
        let config = self.read.config().read;
        let pages = |path: &Path| match self.pages {
            Some(PagesArgument::All) => {
                let n = micrograph::read::facts(path, &config).map_or(1, |facts| facts.n_pages);
                (0..n.max(1)).collect()
            }
            None => vec![self.read.page],
        };
        let with_pages = |path: PathBuf| {
            let pages: Vec<usize> = pages(&path);
            pages.into_iter().map(move |page| (path.clone(), page))
        };
        images.into_iter().flat_map(with_pages).collect()
    }

    fn settings(&self, network: &Network) -> Result<ViewSettings, Failure> {
        let layers = match (&self.layer, self.depth) {
            (Some(layer), _) => vec![network.known_layer(layer)?.name.clone()],
            (None, Some(depth)) => vec![network.known_depth(depth)?.name.clone()],
            (None, None) if network.n_stages() == 0 => {
                let text = "the network has no encoder stages; name a layer with --layer (`nanoaid info RUN` lists them)";
                return Err(Failure::new(text));
            }
            (None, None) => (1..=network.n_stages())
                .map(|depth| Ok(network.known_depth(depth)?.name.clone()))
                .collect::<Result<_, Failure>>()?,
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
        let settings = ViewSettings {
            layers,
            order,
            top: self.top,
            color_map: self.colormap,
            maps: self.maps.iter().map(|format| format.format()).collect(),
            sheet_only: self.sheet_only,
            threshold,
            classify: !self.no_class && !self.sheet_only,
            scale_bar: self.scale_bar.corner(),
            dpi: self.dpi,
            svg: self.svg,
            colors: Vec::new(),
            nm_per_px: self.read.nm_per_px,
            page: self.read.page,
            data_bar: config.data_bar,
        };
        settings.checked().map_err(|error| Failure::of_option(error, &[("dpi", "--dpi")]))
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
    let class = view.class.as_ref().map(|found| format!("  {}\n", class_text(found))).unwrap_or_default();
    let page = match (view.facts.page, view.facts.n_pages) {
        (_, 1) => String::new(),
        (page, n) => format!(", page {page} of {n}, counted from 0"),
    };
    let (cut, layers) = (view.cut_text(), layers.join("; "));
    format!("{}{page}\n  {cut}\n  {layers}\n{class}  {}\n", image.display(), report.display())
}
