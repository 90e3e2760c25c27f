//! The commands and their arguments; one file each for what they do.

mod ablate;
mod accentuate;
mod bench;
mod check;
mod circuit;
mod classify;
mod completions;
mod concepts;
mod dataset;
mod demo;
mod devices;
mod download;
mod exemplars;
mod explain;
mod find;
mod images;
mod info;
mod lens;
mod man;
mod measure;
pub(crate) mod memory;
mod micrographs;
mod network;
mod output;
mod replay;
mod reproduce;
mod segment;
mod serve;
mod site;
mod specimen;
mod survey;
mod sweep;
mod target;
mod train;
mod training;
mod visualize;
mod weights;

use clap::{CommandFactory, Parser, Subcommand};

use crate::outcome::{Failure, Outcome};

/// See the nano-world through neural networks: SEM micrographs through the layers of a network,
/// offline, in nanometres.
#[derive(Parser)]
#[command(name = "nanoaid", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Write only results, warnings and errors: no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Write details of the machine and the time that was taken, too
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Most memory that the pixels of one file may take, e.g. `8G` or `900M`; default: half of what is free
    #[arg(long, global = true, value_name = "SIZE")]
    pub(crate) memory: Option<memory::Memory>,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were skipped (each is named),
4 a check found problems, 130 interrupted (a line says how to continue).
Start with `nanoaid demo`: it needs no files and shows what the program does.";

/// How an interrupted command continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WayOn {
    /// The same command continues where it stopped.
    Same,
    /// The same command continues with `--resume`.
    Resume,
    /// The same command starts again: nothing was written.
    Again,
    /// The same command starts again; it needs `--force` where its folder holds files.
    Anew,
}

impl WayOn {
    /// As a sentence.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Same => "run the same command again to continue where it stopped",
            Self::Resume => "run the same command with --resume to continue",
            Self::Again => "nothing was written; run the same command again",
            Self::Anew => {
                "files that were written are whole; to begin anew, run the same command again, with --force where there are some"
            }
        }
    }
}

/// What `nanoaid` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show everything on one real micrograph: a page to open, and an atlas to browse.
    Demo(demo::DemoArguments),
    /// Show what a micrograph's file says (size, calibration, data bar, instrument), or list the
    /// layers of a run.
    Info(info::InfoArguments),
    /// Look at micrographs through the feature maps of a network, at a depth.
    Lens(lens::LensArguments),
    /// Measure pitch, lattice, orientation, particles or fibres of micrographs, with error bars.
    ///
    /// A folder with results of the same settings is continued: what was measured is not measured again.
    Measure(measure::MeasureArguments),
    /// Find particles, fibres or pores: outlines, sizes, label images.
    ///
    /// By a network that was trained for it; for images in which the background is not flat and objects touch.
    Segment(Box<segment::SegmentArguments>),
    /// Name the class of micrographs, with probabilities, or abstain.
    Classify(classify::ClassifyArguments),
    /// Show why a network gives a micrograph its class, or why a unit fires: which parts, which units, how sure.
    ///
    /// By several methods, each with numbers that say how well it explains, and controls beside it.
    Explain(Box<explain::ExplainArguments>),
    /// Change a micrograph towards what a class or a unit responds to, by as much as you allow (feature accentuation).
    ///
    /// Beside each strength: what random changes of the same size do.
    Accentuate(Box<accentuate::AccentuateArguments>),
    /// Switch units off or up: what becomes of the answer, the reconstruction and later layers.
    ///
    /// Beside it: what becomes of them where other units of the same layers are switched.
    Ablate(Box<ablate::AblateArguments>),
    /// Show of which units of a lower layer a unit is made: the weights between them, over any number of layers.
    Circuit(circuit::CircuitArguments),
    /// Make images that units of a network look for, by gradient ascent (feature visualization).
    ///
    /// A folder with pictures of the same settings is continued.
    Visualize(Box<visualize::VisualizeArguments>),
    /// Show the real patches that drive each unit most, least and in between.
    Exemplars(exemplars::ExemplarsArguments),
    /// Find the concepts that a layer works with: where they lie, what they measure, what the output loses without them.
    ///
    /// Activations of many micrographs are taken apart into a few directions; each is checked by other starts, held-out
    /// groups and a network with random weights.
    Concepts(Box<concepts::ConceptsArguments>),
    /// Mark a part of a micrograph: which units fire there, and where else do they?
    Find(Box<find::FindArguments>),
    /// Open the local web app: drop a micrograph on a page, look at it through a network, measure it.
    ///
    /// Nothing leaves this computer. Ctrl-C ends it.
    Serve(Box<serve::ServeArguments>),
    /// Make a site to browse: networks, layers, units, micrographs, classes; a folder that opens offline.
    ///
    /// An unfinished site is continued; where nothing has changed, nothing is made again.
    Site(Box<site::SiteArguments>),
    /// Pass a data set of any size through a network, in shards on many machines, and merge what they found.
    ///
    /// An unfinished survey is continued; micrographs that were read are not read again.
    Survey(Box<survey::SurveyArguments>),
    /// Train a network on a folder of micrographs.
    #[command(subcommand)]
    Train(train::TrainCommand),
    /// Fetch or import micrographs into one folder, and check them before training.
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// Train one autoencoder for each latent size and compare them.
    Sweep(Box<sweep::SweepArguments>),
    /// Measure how fast the program is on this machine.
    Bench(bench::BenchArguments),
    /// List what networks can run on: the processor and GPUs, each with its driver.
    Devices(devices::DevicesArguments),
    /// Check that a device computes correctly: every operation and gradient of the networks, a training, an ascent.
    ///
    /// Prints the largest deviation of each beside its bound. Exit code 4 if one is out of bounds.
    Check(check::CheckArguments),
    /// Make the figures of the paper with built-in networks and micrographs, or with your own.
    ///
    /// Each with its record, and what agrees with the paper and what differs. A folder with figures is continued with
    /// --force: pictures that are there are kept.
    Reproduce(Box<reproduce::ReproduceArguments>),
    /// Repeat a result from its record and say whether it comes out the same.
    Replay(replay::ReplayArguments),
    /// List, check or fetch the weights of ImageNet networks.
    #[command(subcommand)]
    Weights(weights::WeightsCommand),
    /// Print the completions of a shell: commands, options and their values by the Tab key.
    Completions(completions::CompletionsArguments),
    /// Write a manual page for each command.
    Man(man::ManArguments),
}

impl Command {
    /// How it continues after an interruption.
    pub(crate) fn way_on(&self) -> WayOn {
        match self {
            Self::Train(_) | Self::Sweep(_) => WayOn::Resume,
            Self::Measure(_)
            | Self::Visualize(_)
            | Self::Exemplars(_)
            | Self::Find(_)
            | Self::Site(_)
            | Self::Survey(_)
            | Self::Dataset(dataset::DatasetCommand::Fetch(_) | dataset::DatasetCommand::Import(_))
            | Self::Weights(_) => WayOn::Same,
            Self::Dataset(dataset::DatasetCommand::Check(_))
            | Self::Bench(_)
            | Self::Check(_)
            | Self::Devices(_)
            | Self::Info(_)
            | Self::Classify(_)
            | Self::Concepts(_)
            | Self::Serve(_)
            | Self::Completions(_) => WayOn::Again,
            Self::Demo(_)
            | Self::Lens(_)
            | Self::Segment(_)
            | Self::Explain(_)
            | Self::Accentuate(_)
            | Self::Ablate(_)
            | Self::Circuit(_)
            | Self::Replay(_)
            | Self::Reproduce(_)
            | Self::Man(_) => WayOn::Anew,
        }
    }

    /// Does it.
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Demo(arguments) => demo::run(&arguments),
            Self::Info(arguments) => info::run(&arguments),
            Self::Lens(arguments) => lens::run(&arguments),
            Self::Measure(arguments) => measure::run(&arguments),
            Self::Segment(arguments) => segment::run(&arguments),
            Self::Classify(arguments) => classify::run(&arguments),
            Self::Explain(arguments) => explain::run(&arguments),
            Self::Accentuate(arguments) => accentuate::run(&arguments),
            Self::Ablate(arguments) => ablate::run(&arguments),
            Self::Circuit(arguments) => circuit::run(&arguments),
            Self::Visualize(arguments) => visualize::run(&arguments),
            Self::Exemplars(arguments) => exemplars::run(&arguments),
            Self::Concepts(arguments) => concepts::run(&arguments),
            Self::Find(arguments) => find::run(&arguments),
            Self::Serve(arguments) => serve::run(&arguments),
            Self::Site(arguments) => site::run(&arguments),
            Self::Survey(arguments) => survey::run(&arguments),
            Self::Train(command) => train::run(&command),
            Self::Dataset(command) => dataset::run(&command),
            Self::Sweep(arguments) => sweep::run(&arguments),
            Self::Bench(arguments) => bench::run(&arguments),
            Self::Devices(arguments) => devices::run(&arguments),
            Self::Check(arguments) => check::run(&arguments),
            Self::Replay(arguments) => replay::run(&arguments),
            Self::Reproduce(arguments) => reproduce::run(&arguments),
            Self::Weights(command) => weights::run(&command),
            Self::Completions(arguments) => completions::run(&arguments, &mut Arguments::command()),
            Self::Man(arguments) => man::run(&arguments, Arguments::command()),
        }
    }
}
