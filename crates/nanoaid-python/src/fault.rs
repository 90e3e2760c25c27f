//! Fault: why a call failed, as one of the exceptions of `nanoaid._errors`, in the words of the command line.

use std::error::Error;
use std::io;
use std::path::Path;

use micrograph::file::WriteError;
use micrograph::measure::MeasureFileError;
use micrograph::regions::RegionsError;
use micrograph::{ConfigError, ReadError};
use nanoaid::data::prepare::PrepareError;
use nanoaid::evaluate::classify::ClassifyError;
use nanoaid::interpret::explain::ExplainError;
use nanoaid::interpret::gallery::GalleryError;
use nanoaid::interpret::lens::LensError;
use nanoaid::interpret::view::ViewError;
use nanoaid::interpret::visualize::{ObjectiveError, VisualizeError};
use nanoaid::measure::MeasureError;
use nanoaid::network::{NoDepth, NoLayer, OpenError, WeightsError};
use nanoaid::output::OutputError;
use nanoaid::segment::SegmentError;
use nanoaid_cli::Failure;
use pyo3::prelude::*;

/// What went wrong, as far as a caller may want to tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is no such file.
    Missing,
    /// A file could not be read, or not be prepared.
    Read,
    /// A network could not be opened, or does not have what is asked of it.
    Network,
    /// A setting is out of range.
    Setting,
    /// Results could not be written.
    Output,
    /// Anything else about the input.
    Other,
    /// A fault of this program.
    Internal,
}

impl Kind {
    /// Name of its exception.
    fn name(self) -> &'static str {
        match self {
            Self::Missing => "MissingFileError",
            Self::Read => "ReadError",
            Self::Network => "NetworkError",
            Self::Setting => "SettingError",
            Self::Output => "OutputError",
            Self::Other => "NanoaidError",
            Self::Internal => "InternalError",
        }
    }
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    kind: Kind,
    text: String,
}

impl Fault {
    /// A fault with its own sentence.
    pub(crate) fn new(kind: Kind, text: String) -> Self {
        Self { kind, text }
    }

    /// A fault of this program.
    pub(crate) fn internal(text: String) -> Self {
        Self::new(Kind::Internal, text)
    }

    /// `error`, which happened with the file at `path`, unless it names a file already.
    pub(crate) fn at(path: &Path, error: impl Kinded) -> Self {
        Self { kind: error.kind(), text: Failure::from(error).in_file(path).to_string() }
    }

    /// `error`, which names a setting, under the name of the parameter that gives it; `parameters` holds both.
    pub(crate) fn of_parameter(error: ConfigError, parameters: &[(&str, &str)]) -> Self {
        Self::new(Kind::Setting, Failure::of_option(error, parameters).to_string())
    }

    /// A setting that could not be read from text, for the parameter `name`.
    pub(crate) fn of_text(name: &str, reason: &str) -> Self {
        Self::new(Kind::Setting, format!("{name}: {reason}"))
    }

    /// As exception.
    pub(crate) fn raised(self, py: Python<'_>) -> PyErr {
        let exception = || -> PyResult<PyErr> {
            let class = py.import("nanoaid._errors")?.getattr(self.kind.name())?;
            Ok(PyErr::from_value(class.call1((self.text,))?))
        };
        exception().unwrap_or_else(|error| error)
    }
}

/// An error of the libraries, which has a kind.
pub(crate) trait Kinded: Error + Send + Sync + 'static {
    /// Its kind.
    fn kind(&self) -> Kind;
}

impl<E: Kinded> From<E> for Fault {
    fn from(error: E) -> Self {
        Self { kind: error.kind(), text: Failure::from(error).to_string() }
    }
}

impl Kinded for ReadError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Kind::Missing,
            Self::PixelSize { .. } | Self::NoPage { .. } => Kind::Setting,
            _ => Kind::Read,
        }
    }
}

impl Kinded for PrepareError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read(error) => error.kind(),
            Self::DataBar { .. } | Self::NoSpecimen { .. } => Kind::Setting,
            _ => Kind::Read,
        }
    }
}

impl Kinded for MeasureFileError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read(error) => error.kind(),
            Self::Config(_) | Self::Part { .. } | Self::DataBar { .. } => Kind::Setting,
            _ => Kind::Other,
        }
    }
}

impl Kinded for MeasureError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Prepare(error) => error.kind(),
            Self::Segment(error) => error.kind(),
            Self::Config(_) | Self::Address(_) => Kind::Setting,
            Self::Pattern(_) => Kind::Network,
            Self::Record(_)
            | Self::Folder { .. }
            | Self::OtherSettings { .. }
            | Self::OtherImage { .. }
            | Self::Lost { .. }
            | Self::Output(_) => Kind::Output,
            _ => Kind::Other,
        }
    }
}

impl Kinded for SegmentError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) => Kind::Setting,
            Self::NoSegmenter => Kind::Network,
            Self::Network(error) => error.kind(),
            Self::Prepare(error) => error.kind(),
            Self::Output(_) => Kind::Output,
            _ => Kind::Other,
        }
    }
}

impl Kinded for LensError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) => Kind::Setting,
            Self::NoLayer(_) | Self::NotGray { .. } | Self::NoReconstruction { .. } => Kind::Network,
            Self::Spill { .. } => Kind::Output,
            _ => Kind::Other,
        }
    }
}

impl Kinded for ViewError {
    fn kind(&self) -> Kind {
        match self {
            Self::Prepare(error) => error.kind(),
            Self::Lens(error) => error.kind(),
            Self::Classify(error) => error.kind(),
            Self::Config(_) => Kind::Setting,
            Self::Maps(_) | Self::Export(_) | Self::Output(_) => Kind::Output,
            _ => Kind::Other,
        }
    }
}

impl Kinded for ClassifyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) => Kind::Setting,
            Self::Prepare(error) => error.kind(),
            _ => Kind::Network,
        }
    }
}

impl Kinded for ExplainError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) => Kind::Setting,
            Self::Prepare(error) => error.kind(),
            Self::Classify(error) => error.kind(),
            Self::Output(_) | Self::Export(_) => Kind::Output,
            Self::TooSmall { .. } | Self::TooLarge { .. } | Self::Segment(_) => Kind::Other,
            _ => Kind::Network,
        }
    }
}

impl Kinded for GalleryError {
    fn kind(&self) -> Kind {
        match self {
            Self::Prepare(error) => error.kind(),
            Self::Dataset(_) | Self::Read { .. } | Self::NotAPicture { .. } => Kind::Read,
            Self::Weights(_) | Self::Network(_) => Kind::Network,
            Self::Visualize(error) => error.kind(),
            Self::Output(_) => Kind::Output,
            _ => Kind::Setting,
        }
    }
}

impl Kinded for VisualizeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Objective { .. } => Kind::Network,
            Self::NotFinite { .. } => Kind::Other,
            _ => Kind::Setting,
        }
    }
}

/// Errors all of which are of one kind.
macro_rules! of_one_kind {
    ($($error:ty => $kind:ident),* $(,)?) => {
        $(impl Kinded for $error {
            fn kind(&self) -> Kind {
                Kind::$kind
            }
        })*
    };
}

of_one_kind! {
    ConfigError => Setting,
    ObjectiveError => Setting,
    NoDepth => Network,
    NoLayer => Network,
    OpenError => Network,
    WeightsError => Network,
    OutputError => Output,
    WriteError => Output,
    RegionsError => Other,
}
