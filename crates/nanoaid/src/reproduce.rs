//! Reproduce: the figures of the paper that this program follows, made with the networks and micrographs at hand.
//!
//! Rajagopal et al. 2022 ("AI visualization in nanoscale microscopy", arXiv 2201.00966) show an autoencoder's feature
//! maps at several depths (figures 1, 3, 5), what a classifier's filters and classes look like and which of them
//! respond to micromachines and which to particles (2), a classifier trained from three starts (4), and name the
//! count and orientation of patterns as future work (6). Each is made here by the part of the library that does it
//! for any user, into a folder of its own with a record, beside a sentence on what agrees with the paper and what
//! differs. The paper's networks and micrographs are not public, so pictures are compared by kind, never pixel by
//! pixel. Knows no HTML.

mod classes;
mod data;
mod error;
mod lens;
mod patterned;
mod pictures;
mod starts;

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::data::dataset::{Dataset, DatasetConfig};
use crate::interpret::differential::Question;
use crate::interpret::gallery::GalleryProgress;
use crate::interpret::view::{ViewPage, ViewProgress};
use crate::output::OutputFolder;
use crate::record::NetworkUsed;
use crate::{Architecture, Network};

pub use classes::{ClassesFigure, UnitShown};
pub use data::{CategoryRow, DataFigure};
pub use error::ReproduceError;
pub use lens::{DepthShown, LensFigure};
pub use patterned::{Patterned, PatternedFigure};
pub use pictures::PictureShown;
pub use starts::{StartShown, StartsFigure};

/// Name of the result.
pub const RESULT: &str = "reproduce.json";
/// A figure of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureName {
    /// The data, by category.
    Table1,
    /// The lens on a first micrograph.
    Fig1,
    /// What classes and filters look like, and which respond to what.
    Fig2,
    /// The lens on a second micrograph.
    Fig3,
    /// A classifier from three starts.
    Fig4,
    /// The lens on a third micrograph.
    Fig5,
    /// Count and orientation on patterned surfaces.
    Fig6,
}

impl FigureName {
    /// Every figure, in the order of the paper.
    pub const ALL: [Self; 7] =
        [Self::Table1, Self::Fig1, Self::Fig2, Self::Fig3, Self::Fig4, Self::Fig5, Self::Fig6];

    /// Its name in commands and folders, e.g. `fig1`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table1 => "table1",
            Self::Fig1 => "fig1",
            Self::Fig2 => "fig2",
            Self::Fig3 => "fig3",
            Self::Fig4 => "fig4",
            Self::Fig5 => "fig5",
            Self::Fig6 => "fig6",
        }
    }

    /// As a heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Table1 => "Table 1: the micrographs",
            Self::Fig1 => "Fig. 1: the lens, first micrograph",
            Self::Fig2 => "Fig. 2: what classes and filters look like",
            Self::Fig3 => "Fig. 3: the lens, second micrograph",
            Self::Fig4 => "Fig. 4: three starts of a classifier",
            Self::Fig5 => "Fig. 5: the lens, third micrograph",
            Self::Fig6 => "Fig. 6: count and orientation of patterns",
        }
    }
}

impl fmt::Display for FigureName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for FigureName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|figure| figure.name() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("found `{text}`, expected one of {}", known.join(", "))
        })
    }
}

/// A network, and the run folder, file or built-in name that it was opened from.
pub type OpenedNetwork<'a> = (&'a Path, &'a Network);

/// A micrograph that comes with the program, for figures where no data set is given.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInMicrograph<'a> {
    /// Name of its file.
    pub file: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What it shows and who took it, in a sentence.
    pub about: &'a str,
}

/// What the figures are made of.
#[derive(Clone, Debug)]
pub struct ReproduceInput<'a> {
    /// Which ones; all if empty.
    pub figures: Vec<FigureName>,
    /// The micrographs, and where they are from; built-in and synthetic ones if absent.
    pub data: Option<(&'a Path, &'a Dataset)>,
    /// What stands in for a real micrograph where there is no data set.
    pub built_in: BuiltInMicrograph<'a>,
    /// The autoencoder of the lens.
    pub autoencoder: OpenedNetwork<'a>,
    /// The classifier of figure 2.
    pub classifier: OpenedNetwork<'a>,
    /// The segmenter that counts particles and pores beside figure 6's lattices, if there is one.
    pub segmenter: Option<OpenedNetwork<'a>>,
    /// Run folders of classifiers for figure 4.
    pub starts: &'a [PathBuf],
    /// Everything else that decides.
    pub config: ReproduceConfig,
}

impl ReproduceInput<'_> {
    /// What a figure would stumble over after minutes of work.
    fn checked(&self) -> Result<(), ReproduceError> {
        let (run, network) = self.autoencoder;
        if !matches!(network.architecture(), Architecture::Autoencoder(_)) {
            return Err(ReproduceError::NotAnAutoencoder { run: run.to_owned() });
        }
        if let (Some((path, dataset)), Some(question)) = (self.data, &self.config.question) {
            let known = dataset.categories();
            let mut named = question.a.iter().chain(question.b.iter().flatten());
            if let Some(class) = named.find(|class| !known.contains(class)) {
                let (data, class, known) = (path.to_owned(), class.clone(), known.join(", "));
                return Err(ReproduceError::NoClass { data, class, known });
            }
        }
        Ok(())
    }
}

/// What decides besides networks and micrographs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReproduceConfig {
    /// Synthetic micrographs of each category where no data set is given.
    pub synthetic_per_category: usize,
    /// Most steps of gradient ascent; those of the preset if absent.
    pub steps: Option<usize>,
    /// Classes that figure 2 compares; micromachines and patterned surfaces against particles if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Seed of resamples, shuffles and random weights.
    pub seed: u64,
}

impl Default for ReproduceConfig {
    fn default() -> Self {
        // 16 are enough for q-values below 0.05 over hundreds of units, and drawn in seconds
        Self { synthetic_per_category: 16, steps: None, question: None, seed: 0 }
    }
}

/// What is done next, or how far it is.
#[derive(Clone, Copy, Debug)]
pub enum ReproduceStep<'a> {
    /// A figure begins.
    Figure(FigureName),
    /// A view through the lens.
    View(ViewProgress),
    /// Of a pass over the data set, so many micrographs are done of so many.
    Micrographs {
        /// What the pass is for.
        what: &'a str,
        /// Finished micrographs.
        done: usize,
        /// Number of micrographs.
        total: usize,
    },
    /// Pictures by gradient ascent.
    Pictures(GalleryProgress),
    /// A micrograph is measured.
    Measuring(&'a str),
}

/// What hears of progress; where it breaks, the work ends.
pub type OnStep<'a> = dyn FnMut(ReproduceStep<'_>) -> ControlFlow<()> + 'a;

/// All figures that were made; written as [`RESULT`].
#[derive(Clone, Debug, Serialize)]
pub struct Reproduction {
    /// Version of the program.
    pub program_version: String,
    /// Everything besides networks and micrographs that decides.
    pub config: ReproduceConfig,
    /// The data set as given; absent where built-in and synthetic micrographs were used.
    #[serde(serialize_with = "lossy_option")]
    pub data: Option<PathBuf>,
    /// SHA-256 of the names and contents of all micrographs.
    pub data_sha256: String,
    /// The autoencoder.
    pub autoencoder: NetworkUsed,
    /// The classifier.
    pub classifier: NetworkUsed,
    /// The figures, in the order of the paper.
    pub figures: Vec<Figure>,
}

/// A figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Which one.
    pub name: FigureName,
    /// What agrees with the paper.
    pub agrees: String,
    /// What differs.
    pub differs: String,
    /// What is shown.
    pub shown: Shown,
}

/// What a figure shows; names of files are relative to the folder of the result.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Shown {
    /// The micrographs by category.
    Data(DataFigure),
    /// A micrograph at three depths.
    Lens(LensFigure),
    /// Classes, filters, and how they differ between classes.
    Classes(Box<ClassesFigure>),
    /// Classifiers of several starts.
    Starts(StartsFigure),
    /// Measured patterns.
    Patterned(PatternedFigure),
    /// Nothing, as something is needed that is not there.
    Missing {
        /// What is missing.
        reason: String,
        /// What to do.
        advice: String,
    },
}

/// What the making of each figure is given.
struct Work<'a, 'b> {
    input: &'a ReproduceInput<'a>,
    /// The micrographs: those that were given, or synthetic ones.
    dataset: &'a Dataset,
    page: ViewPage<'a>,
    folder: &'a OutputFolder,
    on: &'a mut OnStep<'b>,
}

impl Work<'_, '_> {
    fn step(&mut self, step: ReproduceStep<'_>) -> Result<(), ReproduceError> {
        if (self.on)(step).is_break() { Err(ReproduceError::Cancelled) } else { Ok(()) }
    }
}

/// Makes the figures of `input` into `folder`, and [`RESULT`] last; `page` makes the page of a view. Pictures by gradient
/// ascent and passes over the data set that the folder holds already are kept.
///
/// # Errors
/// See [`ReproduceError`]. A figure that lacks something is [`Shown::Missing`].
pub fn reproduce(
    input: &ReproduceInput<'_>,
    page: ViewPage<'_>,
    folder: &OutputFolder,
    on: &mut OnStep<'_>,
) -> Result<Reproduction, ReproduceError> {
    input.checked()?;
    let own;
    let dataset = match input.data {
        Some((_, dataset)) => dataset,
        None => {
            let config = DatasetConfig {
                synthetic_per_category: input.config.synthetic_per_category,
                seed: input.config.seed,
                ..DatasetConfig::default()
            };
            own = Dataset::synthetic(&config)?;
            &own
        }
    };
    let mut wanted = input.figures.clone();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        wanted = FigureName::ALL.to_vec();
    }
    let mut work = Work { input, dataset, page, folder, on };
    let mut figures = Vec::new();
    for name in wanted {
        work.step(ReproduceStep::Figure(name))?;
        figures.push(match name {
            FigureName::Table1 => data::figure(&work),
            FigureName::Fig1 => lens::figure(&mut work, name, 0)?,
            FigureName::Fig3 => lens::figure(&mut work, name, 1)?,
            FigureName::Fig5 => lens::figure(&mut work, name, 2)?,
            FigureName::Fig2 => classes::figure(&mut work)?,
            FigureName::Fig4 => starts::figure(&mut work)?,
            FigureName::Fig6 => patterned::figure(&mut work)?,
        });
    }
    let used = |(run, network): OpenedNetwork<'_>| NetworkUsed::of(run, network);
    let made = Reproduction {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        config: input.config.clone(),
        data: input.data.map(|(path, _)| path.to_owned()),
        data_sha256: dataset.digest()?,
        autoencoder: used(input.autoencoder),
        classifier: used(input.classifier),
        figures,
    };
    folder.write_json(RESULT, &made)?;
    Ok(made)
}

/// A path as text, whatever it holds.
fn lossy_option<S: serde::Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(serializer)
}

#[cfg(test)]
mod tests;
