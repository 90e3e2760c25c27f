//! `nanoaid reproduce`: the figures of the paper, with the networks and micrographs at hand.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use nanoaid::interpret::differential::Question;
use nanoaid::network::builtin;
use nanoaid::output::json_text;
use nanoaid::reproduce::{
    FigureName, ReproduceConfig, ReproduceInput, ReproduceStep, Reproduction, Shown, reproduce,
};
use nanoaid_pages::reproduce::PAGE;

use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::OutputArguments;
use super::specimen::NANOWIRES;
use super::visualize::show;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, note, print, say};
use crate::progress::Progress;

/// Folder of the figures where none is named.
const FOLDER: &str = "paper";

/// Arguments of `reproduce`.
#[derive(Args)]
pub(crate) struct ReproduceArguments {
    /// Figures to make: table1, fig1 to fig6, or all
    #[arg(default_value = "all", value_name = "FIGURE")]
    figures: Vec<FigureArgument>,
    /// Micrographs: folder of category folders, or index CSV; without it, built-in and synthetic ones
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Autoencoder of figures 1, 3 and 5: run folder, file of a network, or the built-in one
    #[arg(long, value_name = "RUN", default_value = builtin::AUTOENCODER)]
    autoencoder: PathBuf,
    /// Classifier of figure 2: run folder, file of a network, or the built-in one
    #[arg(long, value_name = "RUN", default_value = builtin::CLASSIFIER)]
    classifier: PathBuf,
    /// Run folder of `train classifier` for figure 4; give one for each start: frozen, fine-tuned, random
    #[arg(long = "start", value_name = "RUN")]
    starts: Vec<PathBuf>,
    /// Classes that figure 2 compares; by default micromachines and patterned surfaces against particles
    #[arg(long, value_name = "A,…:B,…")]
    contrast: Option<Question>,
    /// Most steps of gradient ascent of a picture; by default those of the preset `fast`
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Seed of resamples, shuffles, random weights and synthetic micrographs
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    data_set: DataArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// A figure as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FigureArgument {
    All,
    One(FigureName),
}

impl std::str::FromStr for FigureArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

/// Makes the figures and their page.
pub(crate) fn run(arguments: &ReproduceArguments) -> Result<Outcome, Failure> {
    let dataset = arguments.data.as_deref().map(|path| arguments.data_set.open(path)).transpose()?;
    let autoencoder = arguments.open.open_gray(&arguments.autoencoder)?;
    let classifier = arguments.open.open_gray(&arguments.classifier)?;
    let segmenter =
        builtin::has(builtin::SEGMENTER).then(|| builtin::segmenter(arguments.open.device)).transpose()?;
    let figures: Vec<FigureName> = arguments
        .figures
        .iter()
        .flat_map(|figure| match figure {
            FigureArgument::All => FigureName::ALL.to_vec(),
            FigureArgument::One(name) => vec![*name],
        })
        .collect();
    let input = ReproduceInput {
        figures,
        data: arguments.data.as_deref().zip(dataset.as_ref()),
        built_in: NANOWIRES,
        autoencoder: (&arguments.autoencoder, &autoencoder),
        classifier: (&arguments.classifier, &classifier),
        segmenter: segmenter.as_ref().map(|network| (Path::new(builtin::SEGMENTER), network)),
        starts: &arguments.starts,
        config: ReproduceConfig {
            steps: arguments.steps,
            question: arguments.contrast.clone(),
            seed: arguments.seed,
            ..ReproduceConfig::default()
        },
    };
    if !arguments.starts.is_empty() && !input.figures.contains(&FigureName::Fig4) {
        return Err(Failure::new("--start has no effect without figure 4; add fig4"));
    }
    let folder = arguments.output.folder(|| PathBuf::from(FOLDER))?;
    let mut shown = Steps::default();
    let made = reproduce(&input, &nanoaid_pages::lens::report, &folder, &mut |step| shown.report(step))?;
    shown.finish();
    folder.write(PAGE, nanoaid_pages::reproduce::page(&made).as_bytes())?;
    say_missing(&made);
    if arguments.output.json {
        print(&json_text(&made)?)?;
    } else {
        let start = folder.file(PAGE);
        let start = std::path::absolute(&start).unwrap_or(start);
        print(&format!("open {}\n", start.display()))?;
    }
    Ok(Outcome::Done)
}

/// Says which figures could not be made, and what to do.
fn say_missing(made: &Reproduction) {
    for figure in &made.figures {
        if let Shown::Missing { reason, advice } = &figure.shown {
            say(&format!("{} was not made: {reason}. {advice}", figure.name));
        }
    }
}

/// Says what is done, with a bar where there is something to count.
#[derive(Default)]
struct Steps {
    bar: Option<Progress>,
    counted: String,
}

impl Steps {
    fn report(&mut self, step: ReproduceStep<'_>) -> ControlFlow<()> {
        match step {
            ReproduceStep::Figure(name) => {
                self.finish();
                note(name.heading());
            }
            ReproduceStep::View(at) => self.count("layers", "lens", at.layer, at.n_layers),
            ReproduceStep::Micrographs { what, done, total } => self.count("micrographs", what, done, total),
            ReproduceStep::Pictures(at) => {
                self.begin("pictures", || Progress::of_shares(at.n_pictures as u64, "pictures"));
                if let Some(bar) = &mut self.bar {
                    return show(bar, at);
                }
            }
            ReproduceStep::Measuring(what) => self.count("micrographs", what, 0, 1),
        }
        interrupt::flow()
    }

    /// Ends the bar of what was counted before, if that was something else.
    fn begin(&mut self, unit: &str, new: impl FnOnce() -> Progress) {
        if self.counted != unit {
            self.finish();
            unit.clone_into(&mut self.counted);
        }
        self.bar.get_or_insert_with(new);
    }

    fn count(&mut self, unit: &str, note: &str, done: usize, total: usize) {
        self.begin(unit, || Progress::new(total as u64, unit));
        if let Some(bar) = &mut self.bar {
            bar.set_length(total as u64);
            bar.set(done as u64, note);
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
    }
}
