//! Scoring: a classifier over a split of a data set, micrograph by micrograph, ready to be evaluated.
//!
//! Each file is read and decoded once: the scores, the four ways of the audit and the picture of a
//! mistake come from the same pixels.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use micrograph::data_bar::DataBarChoice;
use micrograph::paint::{Sampling, gray_png, resampled};
use micrograph::{Micrograph, Plane, Rect, read};
use rayon::prelude::*;

use crate::Network;
use crate::data::dataset::{Dataset, Entry, Origin, Skipped, Split};
use crate::data::prepare::{self, PrepareConfig};
use crate::evaluate::classifier::{AuditSets, Scored};
use crate::evaluate::classify::{logits_of_groups, view_px, views};
use crate::train::regression::argmax;

/// Longest side of the picture of a mistake in pixels.
const PICTURE_PX: usize = 320;
/// Micrographs that are held in memory together.
const AT_ONCE: usize = 16;

/// The same micrographs in four ways: those that have a data bar.
#[derive(Clone, Debug, Default)]
pub struct AuditScores {
    /// As they are.
    pub full: Vec<Scored>,
    /// The data bar alone.
    pub strip: Vec<Scored>,
    /// As many rows from the top.
    pub top: Vec<Scored>,
    /// Without the data bar.
    pub without: Vec<Scored>,
    /// Micrographs of the split that have no data bar.
    pub n_without_bar: usize,
}

impl AuditScores {
    /// The four ways as the audit takes them.
    pub fn sets(&self) -> AuditSets<'_> {
        AuditSets {
            full: &self.full,
            strip: &self.strip,
            top: &self.top,
            without: &self.without,
            n_without_bar: self.n_without_bar,
        }
    }
}

/// All that an evaluation needs of a split of a data set, each file read once.
#[derive(Clone, Debug, Default)]
pub struct TestScores {
    /// Every micrograph, as it is trained on.
    pub scored: Vec<Scored>,
    /// The same micrographs in four ways, for the shortcut audit.
    pub audit: AuditScores,
    /// Small pictures of the micrographs that were classified wrongly, as the network saw them: PNG
    /// by file.
    pub mistakes: BTreeMap<String, Vec<u8>>,
    /// Files that could not be read.
    pub skipped: Vec<Skipped>,
}

/// What hears how many micrographs of how many are done; where it breaks, the scoring ends.
pub type OnScored<'a> = dyn FnMut(usize, usize) -> ControlFlow<()> + 'a;

/// Scores the micrographs of `split` that have one of the network's classes for a category, as they
/// are trained on; also returns the files that could not be read.
///
/// # Panics
/// If `network` is no classifier.
pub fn score(network: &Network, dataset: &Dataset, split: Split) -> (Vec<Scored>, Vec<Skipped>) {
    let side = view_px(network).expect("a classifier");
    let prepare = dataset.prepare_config();
    let (mut scored, mut skipped) = (Vec::new(), Vec::new());
    for few in labelled(network, dataset, split).chunks(AT_ONCE) {
        let seen: Vec<Result<Vec<Plane>, String>> =
            few.par_iter().map(|(entry, _)| entry.plane(&prepare).map(|plane| views(&plane, side))).collect();
        scored.extend(scores_of(network, few, seen, &mut skipped));
    }
    (scored, skipped)
}

/// Scores the micrographs of `split` as [`score`] does, and those that have a data bar in four ways.
/// `None` if `on` broke.
///
/// # Panics
/// If `network` is no classifier.
pub fn test_scores(
    network: &Network,
    dataset: &Dataset,
    split: Split,
    on: &mut OnScored<'_>,
) -> Option<TestScores> {
    let side = view_px(network).expect("a classifier");
    let prepare = dataset.prepare_config();
    let mut scores = TestScores::default();
    let all = labelled(network, dataset, split);
    let mut n_done = 0;
    for few in all.chunks(AT_ONCE) {
        let readings: Vec<Reading> =
            few.par_iter().map(|(entry, _)| Reading::of(entry, &prepare, side)).collect();
        let (mut seen, mut pictures, mut with_bar) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (&(entry, label), reading) in few.iter().zip(readings) {
            if let Some(picture) = reading.picture {
                pictures.insert(entry.file.clone(), picture);
            }
            seen.push(reading.views);
            match reading.four_ways {
                Some(ways) => with_bar.push((entry, label, ways)),
                None => scores.audit.n_without_bar += 1,
            }
        }
        let scored = scores_of(network, few, seen, &mut scores.skipped);
        for wrong in scored.iter().filter(|scored| argmax(&scored.logits) != scored.category) {
            let picture = pictures.remove(&wrong.file).map(|plane| gray_png(&plane, 0.0, 1.0));
            scores.mistakes.extend(picture.map(|png| (wrong.file.clone(), png)));
        }
        scores.scored.extend(scored);
        let groups: Vec<Vec<Plane>> = with_bar.iter().flat_map(|(_, _, ways)| ways.clone()).collect();
        let mut logits = logits_of_groups(network, &groups).into_iter();
        let AuditScores { full, strip, top, without, .. } = &mut scores.audit;
        for (entry, label, _) in with_bar {
            for set in [&mut *full, &mut *strip, &mut *top, &mut *without] {
                set.push(of(entry, label, logits.next().expect("four scores a micrograph")));
            }
        }
        n_done += few.len();
        if on(n_done, all.len()).is_break() {
            return None;
        }
    }
    Some(scores)
}

/// What is kept of a micrograph that was read.
struct Reading {
    /// Its views as used in training, or the reason why it has no views.
    views: Result<Vec<Plane>, String>,
    /// The same, small, to be shown.
    picture: Option<Plane>,
    /// The views of the four ways.
    four_ways: Option<[Vec<Plane>; 4]>,
}

impl Reading {
    /// Reads and decodes the file of `entry` once.
    fn of(entry: &Entry, prepare: &PrepareConfig, side: usize) -> Self {
        let (plane, four) = match &entry.origin {
            Origin::File(path) => match read::micrograph(path, &prepare.read) {
                Ok(raw) => {
                    let four = four_ways(&raw);
                    let prepared = prepare::micrograph(raw, prepare);
                    (prepared.map(|prepared| prepared.plane).map_err(|error| error.to_string()), four)
                }
                Err(error) => (Err(error.to_string()), None),
            },
            Origin::Synthetic { .. } => (entry.plane(prepare), None),
        };
        Self {
            picture: plane.as_ref().ok().map(small),
            views: plane.map(|plane| views(&plane, side)),
            four_ways: four.map(|planes| planes.map(|plane| views(&plane, side))),
        }
    }
}

/// `plane` with its longer side at [`PICTURE_PX`].
fn small(plane: &Plane) -> Plane {
    let zoom = PICTURE_PX as f64 / plane.height().max(plane.width()) as f64;
    let scaled = |length: usize| ((length as f64 * zoom).round() as usize).max(1);
    let sampling = if zoom < 1.0 { Sampling::Area } else { Sampling::Nearest };
    resampled(plane, scaled(plane.height()), scaled(plane.width()), sampling)
}

/// The scores of `few` micrographs by their views; those without views go to `skipped`.
fn scores_of(
    network: &Network,
    few: &[(&Entry, usize)],
    seen: Vec<Result<Vec<Plane>, String>>,
    skipped: &mut Vec<Skipped>,
) -> Vec<Scored> {
    let (mut labels, mut groups) = (Vec::new(), Vec::new());
    for (&(entry, label), views) in few.iter().zip(seen) {
        match views {
            Ok(views) => {
                labels.push((entry, label));
                groups.push(views);
            }
            Err(reason) => skipped.push(Skipped { file: entry.file.clone(), reason }),
        }
    }
    let logits = logits_of_groups(network, &groups);
    labels.into_iter().zip(logits).map(|((entry, label), logits)| of(entry, label, logits)).collect()
}

/// The micrographs of `split` with their label among the network's classes.
fn labelled<'a>(network: &Network, dataset: &'a Dataset, split: Split) -> Vec<(&'a Entry, usize)> {
    let classes = network.classes().unwrap_or_default();
    dataset
        .of(split)
        .filter_map(|entry| {
            let category = entry.category.as_ref()?;
            Some((entry, classes.iter().position(|class| class == category)?))
        })
        .collect()
}

fn of(entry: &Entry, category: usize, logits: Vec<f64>) -> Scored {
    let group = entry.group.clone().unwrap_or_else(|| entry.file.clone());
    Scored { file: entry.file.clone(), group, category, logits }
}

/// The data bar of `entry` alone, prepared as a micrograph; `None` if it has none or cannot be read.
pub(crate) fn data_bar_of(entry: &Entry) -> Option<Plane> {
    let Origin::File(path) = &entry.origin else { return None };
    let raw = read::micrograph(path, &PrepareConfig::default().read).ok()?;
    let [_, strip, ..] = four_ways(&raw)?;
    Some(strip)
}

/// The whole micrograph, its data bar, as many rows from the top, and what is above the data bar;
/// `None` if it has no data bar or cannot be prepared.
fn four_ways(raw: &Micrograph) -> Option<[Plane; 4]> {
    let without = prepare::micrograph(raw.clone(), &PrepareConfig::default()).ok()?;
    let first_row = without.data_bar?.first_row;
    let keep = PrepareConfig { data_bar: DataBarChoice::Keep, ..PrepareConfig::default() };
    let full = prepare::micrograph(raw.clone(), &keep).ok()?.plane;
    let (height, width) = (full.height(), full.width());
    let n_rows = height.checked_sub(first_row).filter(|&n_rows| n_rows > 0 && n_rows <= first_row)?;
    let rows = |y: usize| full.crop(Rect { y, x: 0, height: n_rows, width });
    let (strip, top) = (rows(first_row), rows(0));
    Some([full, strip, top, without.plane])
}
