//! The commands and their arguments; one file each for what they do.

mod bench;
mod dataset;
mod demo;
mod exemplars;
mod find;
mod images;
mod info;
mod lens;
mod measure;
mod network;
mod replay;
mod site;
mod survey;
mod sweep;
mod train;
mod training;
mod visualize;
mod weights;

use clap::Subcommand;

pub(crate) use demo::{Answered, Answers};
pub(crate) use info::calibration_text;
pub(crate) use lens::failure_at;
pub(crate) use network::network;
pub(crate) use survey::{gray_network, not_empty, surveyed};
pub(crate) use visualize::{Gathered, finished, gray_unless, make};

use crate::outcome::{Failure, Outcome};

/// What `nanoaid` can be asked to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Look at three built-in specimens through the built-in networks: a report to open.
    Demo(demo::DemoArguments),
    /// Show what a micrograph's file tells (size, calibration, data bar, instrument), or list the
    /// layers of a run.
    Info(info::InfoArguments),
    /// Look at micrographs through the feature maps of a network, at a depth.
    Lens(lens::LensArguments),
    /// Measure pitch, lattice, orientation, particles or fibres of micrographs, with error bars.
    Measure(measure::MeasureArguments),
    /// Make images that units of a network want to see, by gradient ascent (feature visualization).
    Visualize(Box<visualize::VisualizeArguments>),
    /// Show the real patches that drive each unit most, least and in between.
    Exemplars(exemplars::ExemplarsArguments),
    /// Mark a part of a micrograph: which units fire there, and where else do they?
    Find(Box<find::FindArguments>),
    /// Make a site to browse: networks, layers, units, micrographs, classes; a folder that opens offline.
    Site(Box<site::SiteArguments>),
    /// Train a network on a folder of micrographs.
    #[command(subcommand)]
    Train(train::TrainCommand),
    /// Bring micrographs together, and check them before they are learnt from.
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// Train one autoencoder for each latent size and compare them.
    Sweep(Box<sweep::SweepArguments>),
    /// Tell how fast the program is on this machine.
    Bench(bench::BenchArguments),
    /// Repeat a result from its record and say whether it comes out the same.
    Replay(replay::ReplayArguments),
    /// List, check or fetch the weights of ImageNet networks.
    #[command(subcommand)]
    Weights(weights::WeightsCommand),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Demo(arguments) => demo::run(&arguments),
            Self::Info(arguments) => info::run(&arguments),
            Self::Lens(arguments) => lens::run(&arguments),
            Self::Measure(arguments) => measure::run(&arguments),
            Self::Visualize(arguments) => visualize::run(&arguments),
            Self::Exemplars(arguments) => exemplars::run(&arguments),
            Self::Find(arguments) => find::run(&arguments),
            Self::Site(arguments) => site::run(&arguments),
            Self::Train(command) => train::run(&command),
            Self::Dataset(command) => dataset::run(&command),
            Self::Sweep(arguments) => sweep::run(&arguments),
            Self::Bench(arguments) => bench::run(&arguments),
            Self::Replay(arguments) => replay::run(&arguments),
            Self::Weights(command) => weights::run(&command),
        }
    }
}
