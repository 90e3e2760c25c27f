//! Figure 6: count and orientation of patterns on patterned surfaces.

use std::path::PathBuf;

use micrograph::Source;
use micrograph::measure::Report;
use micrograph::measure::file::MeasureConfig;
use micrograph::paint::gray_png;
use micrograph::synth::{self, Specimen, demo_specimens};
use serde::Serialize;

use super::{Figure, FigureName, ReproduceError, ReproduceStep, Shown, Work};
use crate::data::dataset::{Entry, Origin};
use crate::measure::{MeasureError, MeasureNetworks, MeasureSettings, measure};
use crate::record::NetworkUsed;

/// Micrographs that are measured at most.
const MOST: usize = 12;
/// Beginnings of the categories that have patterns.
const PATTERNED: [&str; 2] = ["patterned", "lines"];

/// Measured patterns.
#[derive(Clone, Debug, Serialize)]
pub struct PatternedFigure {
    /// Each micrograph.
    pub micrographs: Vec<Patterned>,
    /// Micrographs of these categories in the data set.
    pub n_all: usize,
}

/// The pattern of a micrograph.
#[derive(Clone, Debug, Serialize)]
pub struct Patterned {
    /// Its file, or what it is where it comes with the program.
    pub micrograph: String,
    /// What is known of it without measuring, in words.
    pub known: Option<String>,
    /// What was measured; absent where it could not be read.
    pub report: Option<Report>,
    /// What was measured, drawn over the micrograph.
    pub overlay: Option<String>,
    /// Why it could not be read.
    pub failed: Option<String>,
}

/// A micrograph to measure.
struct Item {
    source: Result<Source, MeasureError>,
    shown: String,
    known: Option<String>,
    nm_per_px: Option<f64>,
}

pub(super) fn figure(work: &mut Work<'_, '_>) -> Result<Figure, ReproduceError> {
    let name = FigureName::Fig6;
    let (items, n_all) = match work.input.data {
        None => {
            let items = built_in(work)?;
            let n = items.len();
            (items, n)
        }
        Some(_) => of_data(&work.dataset.entries),
    };
    let agrees =
        "Patterns on patterned surfaces are counted and their orientation is given, which the paper names as future work."
            .to_owned();
    if items.is_empty() {
        let reason =
            "no category of the data set begins with \u{201c}patterned\u{201d} or \u{201c}lines\u{201d}"
                .to_owned();
        let advice =
            "Put micrographs of patterned surfaces into a folder patterned_surface, or measure any image: nanoaid \
                      measure IMAGE."
                .to_owned();
        let shown = Shown::Missing { reason, advice };
        return Ok(Figure { name, agrees, differs: String::new(), shown });
    }
    let mut micrographs = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        work.step(ReproduceStep::Measuring(&item.shown))?;
        micrographs.push(measured(work, number, item)?);
    }
    let n_with = micrographs.iter().filter(|one| one.report.as_ref().is_some_and(has_pattern)).count();
    let differs = format!(
        "There is no figure to compare with. Each number has a 95 % interval and a method, and what cannot be measured is \
         refused with a reason: {n_with} of {} micrographs have a pitch or a lattice.",
        micrographs.len()
    );
    Ok(Figure { name, agrees, differs, shown: Shown::Patterned(PatternedFigure { micrographs, n_all }) })
}

fn has_pattern(report: &Report) -> bool {
    let is_pattern = |name: &str| name == "pitch" || name == "first vector";
    report.answers.iter().flat_map(|answer| &answer.findings).any(|finding| is_pattern(&finding.name))
}

/// The real micrograph that comes with the program, and a synthetic lattice whose parameters are known.
fn built_in(work: &Work<'_, '_>) -> Result<Vec<Item>, ReproduceError> {
    let folder = work.folder.folder(FigureName::Fig6.name())?;
    // read back from its file, so that its record can be replayed
    let written = |file: &str, bytes: &[u8]| -> Result<Result<Source, MeasureError>, ReproduceError> {
        folder.write(file, bytes)?;
        Ok(Source::read(&folder.file(file)).map_err(MeasureError::from))
    };
    let real = work.input.built_in;
    let source = written(real.file, real.bytes)?;
    let mut items = vec![Item { source, shown: real.about.to_owned(), known: None, nm_per_px: None }];
    for demo in demo_specimens() {
        let Specimen::Dots(lattice) = &demo.config.specimen else { continue };
        let drawn = synth::micrograph(&demo.config, demo.seed).expect("built-in settings are in range");
        items.push(Item {
            source: written("lattice.png", &gray_png(&drawn.plane, 0.0, 255.0))?,
            shown: "a synthetic lattice of pillars".to_owned(),
            known: Some(format!(
                "drawn with a pitch of {} nm along {}° and every 60° from there, {:.0} % of its sites left out",
                lattice.pitch_px * demo.config.nm_per_px,
                lattice.axis_deg,
                100.0 * lattice.missing
            )),
            nm_per_px: Some(demo.config.nm_per_px),
        });
    }
    Ok(items)
}

/// The first files of patterned surfaces, and how many there are.
fn of_data(entries: &[Entry]) -> (Vec<Item>, usize) {
    let is_patterned = |entry: &&Entry| {
        let category = entry.category.as_deref().unwrap_or_default();
        PATTERNED.iter().any(|beginning| category.starts_with(beginning))
    };
    let files: Vec<_> = entries
        .iter()
        .filter(is_patterned)
        .filter_map(|entry| match &entry.origin {
            Origin::File(path) => Some((entry, path)),
            Origin::Synthetic { .. } => None,
        })
        .collect();
    let item = |(entry, path): &(&Entry, &PathBuf)| Item {
        source: Source::read(path).map_err(MeasureError::from),
        shown: entry.file.clone(),
        known: None,
        nm_per_px: None,
    };
    (files.iter().take(MOST).map(item).collect(), files.len())
}

fn measured(work: &mut Work<'_, '_>, number: usize, item: Item) -> Result<Patterned, ReproduceError> {
    let Item { source, shown, known, nm_per_px } = item;
    let file = MeasureConfig { nm_per_px, ..MeasureConfig::default() };
    let settings = MeasureSettings { file, ..MeasureSettings::default() };
    let mut networks = MeasureNetworks::default();
    if let Some((run, network)) = work.input.segmenter {
        networks.segmenter = Some((network, NetworkUsed::of(run, network)));
    }
    let name = format!("{:02}", number + 1);
    let on = &mut *work.on;
    let found = source.and_then(|source| {
        measure((&source, &name), &settings, &mut networks, &mut |_| on(ReproduceStep::Measuring(&shown)))
    });
    let one = Patterned { micrograph: shown.clone(), known, report: None, overlay: None, failed: None };
    match found {
        Ok(found) => {
            let folder = work.folder.folder(FigureName::Fig6.name())?;
            for (file, bytes) in &found.files {
                folder.write(file, bytes)?;
            }
            let overlay = Some(format!("{}/{name}.png", FigureName::Fig6));
            Ok(Patterned { report: Some(found.record.report), overlay, ..one })
        }
        Err(MeasureError::Cancelled) => Err(ReproduceError::Cancelled),
        Err(error) => Ok(Patterned { failed: Some(error.to_string()), ..one }),
    }
}
