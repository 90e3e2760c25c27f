//! `nanoaid visualize`: images that units of a network respond to.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use micrograph::calibration::checked_nm_per_px;
use nanoaid::Network;
use nanoaid::interpret::gallery::{Gallery, GalleryProgress, Sources, VisualRecord, sheet, sheet_title};
use nanoaid::interpret::visualize::{
    CanvasConfig, Objective, Penalty, Preset, PresetChanges, TransformSet, VisualizeConfig, channels_of,
    classes_of,
};
use nanoaid::output::json_text;

use super::network::OpenArguments;
use super::output::OutputArguments;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::{Pace, Progress, time_text};

/// Name of the contact sheet.
const SHEET: &str = "sheet.png";

/// Arguments of `visualize`.
#[derive(Args)]
pub(crate) struct VisualizeArguments {
    /// Run folder, file of a network (.safetensors, .onnx), or a built-in network: `autoencoder`,
    /// `classifier`
    run: PathBuf,
    /// What to climb: `encoder.2:17`, `encoder.2:17@5,8`, `class:fibres`, `center(encoder.3:4)`,
    /// `direction(latent, 3:1, 7:-0.5)`, `encoder.2:1 - 0.5 * encoder.2:4`, `minimum(encoder.2:17)`,
    /// `caricature(encoder.3)`, …; can be given several times
    #[arg(long, value_name = "OBJECTIVE")]
    unit: Vec<Objective>,
    /// Every channel of this layer, e.g. `encoder.2` or `encoder.2.preactivation`; can be given
    /// several times
    #[arg(long)]
    layer: Vec<String>,
    /// Every class of a classifier
    #[arg(long)]
    classes: bool,
    /// Settings that go together: chollet, fast, measure, robust, maco, borowski
    #[arg(long, default_value = "fast")]
    preset: Preset,
    /// Rows and columns of a picture
    #[arg(long, value_name = "PX")]
    size: Option<usize>,
    /// Most steps of gradient ascent
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Size of a step
    #[arg(long)]
    rate: Option<f32>,
    /// Starts of which the best is kept
    #[arg(long, value_name = "N")]
    restarts: Option<usize>,
    /// Pictures that are made together of one objective
    #[arg(long, value_name = "N")]
    members: Option<usize>,
    /// Seed of starts and transforms [default: that of the preset]
    #[arg(long)]
    seed: Option<u64>,
    /// What a picture is made of: pixels, fourier, phase (needs --data), decoder, cppn
    #[arg(long)]
    canvas: Option<String>,
    /// Random changes on the way to the network: none, jitter (shifts only), lucid,
    /// lucid-tutorial, maco, borowski, robust
    #[arg(long)]
    transforms: Option<TransformSet>,
    /// What pictures are charged for: total-variation=WEIGHT, lp=WEIGHT (of the 6th power) or
    /// lp:P=WEIGHT, blur=WEIGHT, boundary=WEIGHT (8 px wide) or boundary:PX=WEIGHT; can be given
    /// several times
    #[arg(long, value_name = "KIND=WEIGHT")]
    penalty: Vec<Penalty>,
    /// How much pictures of one objective are to differ, 0 to 1: the share of the score that they lose
    /// by what they have in common; with --members of at least 2
    #[arg(long, value_name = "SHARE")]
    diversity: Option<f32>,
    /// Draws of the transforms in each step, whose gradients are averaged
    #[arg(long, value_name = "N")]
    views: Option<usize>,
    /// First steps in which gradients pass ReLUs that would let nothing through
    #[arg(long, value_name = "N")]
    redirected_steps: Option<usize>,
    /// Draw pictures of `--canvas cppn` also this many times larger
    #[arg(long, value_name = "N")]
    enlarge: Option<usize>,
    /// Make pictures that can be tiled, in a frame of themselves as wide as the layer sees
    #[arg(long, conflicts_with = "transforms")]
    tileable: bool,
    /// Micrographs: their mean spectrum for `phase`, whether a picture takes their way through the
    /// network, and with --colors how their colors go together; a folder or an index
    #[arg(long)]
    data: Option<PathBuf>,
    /// Only those of this category
    #[arg(long, requires = "data")]
    category: Option<String>,
    /// Start from this micrograph instead of noise
    #[arg(long, value_name = "IMAGE")]
    start_from: Option<PathBuf>,
    /// The micrograph that `caricature` and `inversion` compare with
    #[arg(long, value_name = "IMAGE")]
    compare_with: Option<PathBuf>,
    /// Give a network for colors colors instead of grey
    #[arg(long)]
    colors: bool,
    /// Keep the pictures after these steps, too: side by side, and one after the other as GIF
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    snapshots: Vec<usize>,
    /// Do not look for the gratings that drive the units most: saves a minute or two for each deep layer
    #[arg(long)]
    no_scan: bool,
    /// Size of a pixel in nanometres, to give periods in nanometres
    #[arg(long, value_name = "NM", allow_negative_numbers = true)]
    nm_per_px: Option<f64>,
    #[command(flatten)]
    open: OpenArguments,
    /// Measure the first steps, print how long all pictures will take, and write nothing
    #[arg(long)]
    estimate: bool,
    #[command(flatten)]
    output: OutputArguments,
}

/// Makes a picture of each unit that the folder lacks.
pub(crate) fn run(arguments: &VisualizeArguments) -> Result<Outcome, Failure> {
    let nm_per_px = arguments.nm_per_px.map(checked_nm_per_px).transpose()?;
    let network = arguments.open.open(&arguments.run)?;
    let network = if arguments.colors { network } else { network.gray() };
    let objectives = arguments.objectives(&network)?;
    let config = arguments.config(&network, &objectives)?;
    let gallery = Gallery::new(&network, &arguments.run, config, &arguments.sources())?;
    let gallery = if arguments.no_scan { gallery.without_scans() } else { gallery };
    for warning in gallery.warnings() {
        say(&warning.to_string());
    }
    if arguments.estimate {
        return estimate(&gallery, &objectives);
    }
    let run = arguments.run.file_stem().unwrap_or_default().to_string_lossy();
    let out = arguments.output.path(|| PathBuf::from(format!("visualize-{run}")));
    let folder = gallery.folder(&out, arguments.output.force)?;
    let mut bar = Progress::of_shares(objectives.len() as u64, "pictures");
    let records = gallery.complete(&objectives, &folder, &mut |progress| show(&mut bar, progress))?;
    bar.finish();
    let title = sheet_title(&arguments.run, &arguments.unit, &arguments.layer, arguments.classes);
    let picture = sheet(&title, &records, &folder, nm_per_px)?;
    folder.write(SHEET, &picture.png_bytes(None))?;
    if arguments.output.json {
        print(&json_text(&records)?)?;
    } else {
        for record in &records {
            print(&line_of(record, nm_per_px))?;
        }
        print(&format!("{}\n", folder.file(SHEET).display()))?;
    }
    Ok(Outcome::Done)
}

/// Shows how far the pictures are.
pub(crate) fn show(bar: &mut Progress, progress: GalleryProgress) -> ControlFlow<()> {
    let GalleryProgress { n_done, n_pictures, step, steps, share } = progress;
    bar.set_length(n_pictures as u64);
    let announced = |time: &str| expected(time, n_pictures, steps);
    bar.set_share(n_done as u64, share, &format!("step {step} of {steps}"), &announced);
    interrupt::flow()
}

/// What is said of a run that takes `time`.
fn expected(time: &str, n_pictures: usize, steps: usize) -> String {
    let pictures = if n_pictures == 1 { "1 picture".to_owned() } else { format!("{n_pictures} pictures") };
    format!("{pictures} of {steps} steps: at most about {time}, by the first steps")
}

/// Takes steps until the pace is known, and prints how long all of them take.
fn estimate(gallery: &Gallery<'_>, objectives: &[Objective]) -> Result<Outcome, Failure> {
    let (begun, mut pace) = (Instant::now(), Pace::default());
    gallery.try_out(objectives, &mut |progress| {
        pace.note(progress.share);
        if pace.whole().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    // without a pace, all was done before one was known
    let seconds = pace.whole().unwrap_or_else(|| begun.elapsed().as_secs_f64());
    let steps = gallery.settings().config.steps;
    print(&(expected(&time_text(seconds), objectives.len(), steps) + "\n"))?;
    Ok(Outcome::Done)
}

fn line_of(record: &VisualRecord, nm_per_px: Option<f64>) -> String {
    let outcome = &record.outcome;
    let scan = record.scan_text(nm_per_px).map(|scan| format!("  {scan}")).unwrap_or_default();
    let mut line = format!("{}  score {:.4}{scan}\n", record.objective, outcome.score);
    for warning in &outcome.warnings {
        line += &format!("  warning: {warning}\n");
    }
    line
}

impl VisualizeArguments {
    fn objectives(&self, network: &Network) -> Result<Vec<Objective>, Failure> {
        let mut objectives = self.unit.clone();
        for name in &self.layer {
            objectives.extend(channels_of(network, name)?);
        }
        if self.classes {
            let Some(classes) = classes_of(network) else {
                let run = self.run.display();
                return Err(Failure::new(format!("--classes: {run} has no named classes")));
            };
            objectives.extend(classes);
        }
        if objectives.is_empty() {
            let text =
                "nothing to visualize; name a --unit, a --layer (`nanoaid info RUN` lists them) or --classes";
            return Err(Failure::new(text));
        }
        Ok(objectives)
    }

    fn config(&self, network: &Network, objectives: &[Objective]) -> Result<VisualizeConfig, Failure> {
        let canvas = self.canvas.as_ref().map(|name| name.parse::<CanvasConfig>()).transpose();
        let changes = PresetChanges {
            size: self.size,
            steps: self.steps,
            rate: self.rate,
            restarts: self.restarts,
            members: self.members,
            seed: self.seed,
            canvas: canvas.map_err(|reason| Failure::new(format!("--canvas: {reason}")))?,
            transforms: self.transforms,
            tileable: self.tileable,
            penalties: self.penalty.clone(),
            diversity: self.diversity,
            views: self.views,
            redirected_steps: self.redirected_steps,
            enlarge: self.enlarge,
            snapshots: self.snapshots.clone(),
        };
        Ok(changes.of(self.preset, network, objectives)?)
    }

    /// The micrographs that are named.
    fn sources(&self) -> Sources {
        Sources {
            data: self.data.clone(),
            category: self.category.clone(),
            start: self.start_from.clone(),
            compare: self.compare_with.clone(),
        }
    }
}
