//! Figures 1, 3 and 5: a micrograph through the autoencoder at three depths.

use std::path::PathBuf;

use micrograph::Source;
use serde::Serialize;

use super::{Figure, FigureName, ReproduceError, ReproduceStep, Shown, Work};
use crate::data::dataset::{Entry, Origin, Split};
use crate::data::prepare;
use crate::interpret::lens::ChannelCounts;
use crate::interpret::view::{PAGE, View, ViewOutput, ViewSettings, view};
use crate::record::Input;

/// Depths that are shown.
const DEPTHS: usize = 3;
/// Beginnings of the categories that the three figures show, where the data set has them.
const PREFERRED: [&[&str]; 3] = [&["mems", "tips"], &["particles", "powder"], &["nanowires", "fibres"]];

/// A micrograph at three depths.
#[derive(Clone, Debug, Serialize)]
pub struct LensFigure {
    /// Its file, or what it is where it comes with the program.
    pub micrograph: String,
    /// What it shows, where that is known.
    pub category: Option<String>,
    /// The micrograph as the network got it.
    pub picture: String,
    /// The depths, the shallowest first.
    pub depths: Vec<DepthShown>,
    /// The page of the lens.
    pub page: String,
    /// Nanometres of a pixel, where known.
    pub nm_per_px: Option<f64>,
}

/// The feature maps of a depth.
#[derive(Clone, Debug, Serialize)]
pub struct DepthShown {
    /// The depth, from 1.
    pub depth: usize,
    /// The layer there.
    pub layer: String,
    /// How many channels have something of their own, copy others, are constant.
    pub counts: ChannelCounts,
    /// Height and width of a receptive field in px.
    pub receptive_field_px: usize,
    /// Width of the same in nm, where the micrograph is calibrated.
    pub receptive_field_nm: Option<f64>,
    /// Contact sheet of the maps.
    pub sheet: String,
    /// All maps as one picture.
    pub false_color: Option<String>,
}

impl DepthShown {
    /// Channels of the layer.
    pub fn n_channels(&self) -> usize {
        self.counts.n_live + self.counts.n_near_copies + self.counts.n_dead
    }
}

/// What is looked at.
enum Specimen {
    File { path: PathBuf, name: String, category: Option<String> },
    Synthetic { name: &'static str },
}

pub(super) fn figure(
    work: &mut Work<'_, '_>,
    name: FigureName,
    place: usize,
) -> Result<Figure, ReproduceError> {
    let shown = match specimen(work, name, place)? {
        Some(specimen) => Shown::Lens(looked(work, name, &specimen)?),
        None => Shown::Missing {
            reason: format!("it shows micrograph {} of the data set, which has fewer files", place + 1),
            advice: "Give a folder of at least three micrographs by --data.".to_owned(),
        },
    };
    let (run, network) = work.input.autoencoder;
    Ok(Figure {
        name,
        agrees: "An autoencoder trained by mean squared error on micrographs is cut after its first stages; what is shown \
                 are the feature maps there."
            .to_owned(),
        differs: format!(
            "The network is {} ({} stages), and the micrograph another one than in the paper, kept at its own resolution; \
             channels that are constant or copies are set apart, and all maps are shown as one picture, too.",
            run.display(),
            network.n_stages()
        ),
        shown,
    })
}

/// The micrograph of a lens figure.
fn specimen(work: &Work<'_, '_>, name: FigureName, place: usize) -> Result<Option<Specimen>, ReproduceError> {
    if work.input.data.is_some() {
        return Ok(chosen(&work.dataset.entries).into_iter().nth(place));
    }
    Ok(Some(match place {
        0 => {
            let built_in = work.input.built_in;
            let folder = work.folder.folder(name.name())?;
            folder.write(built_in.file, built_in.bytes)?;
            Specimen::File {
                path: folder.file(built_in.file),
                name: built_in.about.to_owned(),
                category: None,
            }
        }
        1 => Specimen::Synthetic { name: "particles" },
        _ => Specimen::Synthetic { name: "fibres" },
    }))
}

/// Three files of the data set, one of each preferred category where there are some, those of the test split first.
fn chosen(entries: &[Entry]) -> Vec<Specimen> {
    let mut left: Vec<(&Entry, &PathBuf)> = entries
        .iter()
        .filter_map(|entry| match &entry.origin {
            Origin::File(path) => Some((entry, path)),
            Origin::Synthetic { .. } => None,
        })
        .collect();
    left.sort_by_key(|(entry, _)| (entry.split != Split::Test, entry.file.clone()));
    let mut chosen = Vec::new();
    for beginnings in PREFERRED {
        let is_of = |entry: &Entry, beginning: &str| {
            entry.category.as_deref().is_some_and(|category| category.starts_with(beginning))
        };
        let found = beginnings
            .iter()
            .find_map(|beginning| left.iter().position(|(entry, _)| is_of(entry, beginning)))
            .or((!left.is_empty()).then_some(0));
        if let Some(place) = found {
            let (entry, path) = left.remove(place);
            let (name, category) = (entry.file.clone(), entry.category.clone());
            chosen.push(Specimen::File { path: path.clone(), name, category });
        }
    }
    chosen
}

fn looked(
    work: &mut Work<'_, '_>,
    name: FigureName,
    specimen: &Specimen,
) -> Result<LensFigure, ReproduceError> {
    let (run, network) = work.input.autoencoder;
    let mut settings = ViewSettings { classify: false, ..ViewSettings::every_depth(network) };
    settings.layers.truncate(DEPTHS);
    let (prepared, input, shown, category) = match specimen {
        Specimen::File { path, name, category } => {
            let source = Source::read(path).map_err(prepare::PrepareError::from)?;
            let prepared = prepare::source(&source, &settings.prepare())?;
            (prepared, Input::of(&source), name.clone(), category.clone())
        }
        Specimen::Synthetic { name } => {
            let input = Input::Specimen { name: (*name).to_owned() };
            (prepare::built_in(name)?, input, format!("synthetic {name}"), Some((*name).to_owned()))
        }
    };
    let folder = work.folder.folder(name.name())?;
    let output = ViewOutput { folder: &folder, page: work.page };
    let on = &mut *work.on;
    let (view, _) =
        view(&prepared, input, (run, network), &settings, output, &mut |at| on(ReproduceStep::View(at)))?;
    Ok(figure_of(&view, name, shown, category))
}

fn figure_of(view: &View, name: FigureName, micrograph: String, category: Option<String>) -> LensFigure {
    let inside = |file: &str| format!("{name}/{file}");
    let depths = view.layers.iter().zip(&view.pictures.layers).enumerate();
    let depths = depths.map(|(index, (result, pictures))| DepthShown {
        depth: result.depth.unwrap_or(index + 1),
        layer: result.layer.clone(),
        counts: result.counts,
        receptive_field_px: result.receptive_field_px,
        receptive_field_nm: result.receptive_field_nm.map(|field| field.width_nm),
        sheet: inside(&pictures.sheet),
        false_color: pictures.false_color.as_deref().map(inside),
    });
    LensFigure {
        micrograph,
        category,
        picture: view.pictures.micrograph.as_deref().map(inside).unwrap_or_default(),
        depths: depths.collect(),
        page: inside(PAGE),
        nm_per_px: view.facts.calibration.as_ref().map(|calibration| calibration.nm_per_px_x),
    }
}
