//! Scoring: a classifier over a part of a data set, micrograph by micrograph, ready to be judged.

use micrograph::data_bar::DataBarChoice;
use micrograph::{Micrograph, Plane, ReadConfig, Rect, Source};
use rayon::prelude::*;

use crate::Network;
use crate::data::dataset::{Dataset, Entry, Origin, Skipped, Split};
use crate::data::prepare::{self, PrepareConfig};
use crate::evaluate::classifier::Scored;
use crate::evaluate::classify::{logits_of_groups, view_px, views};

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
    /// Micrographs of the part that have no data bar.
    pub n_without_bar: usize,
}

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
        scored
            .extend(labels.into_iter().zip(logits).map(|((entry, label), logits)| of(entry, label, logits)));
    }
    (scored, skipped)
}

/// Scores the micrographs of `split` that have a data bar in four ways.
///
/// # Panics
/// If `network` is no classifier.
pub fn audit_scores(network: &Network, dataset: &Dataset, split: Split) -> AuditScores {
    let side = view_px(network).expect("a classifier");
    let mut scores = AuditScores::default();
    for few in labelled(network, dataset, split).chunks(AT_ONCE) {
        let seen: Vec<Option<[Plane; 4]>> = few.par_iter().map(|(entry, _)| four_ways(entry)).collect();
        scores.n_without_bar += seen.iter().filter(|planes| planes.is_none()).count();
        let with_bar: Vec<(&(&Entry, usize), [Plane; 4])> =
            few.iter().zip(seen).filter_map(|(entry, planes)| Some((entry, planes?))).collect();
        let groups: Vec<Vec<Plane>> =
            with_bar.iter().flat_map(|(_, planes)| planes.iter().map(|plane| views(plane, side))).collect();
        let mut logits = logits_of_groups(network, &groups).into_iter();
        for (&(entry, label), _) in with_bar {
            for set in [&mut scores.full, &mut scores.strip, &mut scores.top, &mut scores.without] {
                set.push(of(entry, label, logits.next().expect("four answers a micrograph")));
            }
        }
    }
    scores
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
    let [_, strip, ..] = four_ways(entry)?;
    Some(strip)
}

/// The whole micrograph, its data bar, as many rows from the top, and what is above the data bar;
/// `None` if it has no data bar or cannot be read.
fn four_ways(entry: &Entry) -> Option<[Plane; 4]> {
    let Origin::File(path) = &entry.origin else { return None };
    let read = Micrograph::from_source(&Source::read(path).ok()?, &ReadConfig::default()).ok()?;
    let without = prepare::micrograph(read.clone(), &PrepareConfig::default()).ok()?;
    let first_row = without.data_bar?.first_row;
    let keep = PrepareConfig { data_bar: DataBarChoice::Keep, ..PrepareConfig::default() };
    let full = prepare::micrograph(read, &keep).ok()?.plane;
    let (height, width) = (full.height(), full.width());
    let n_rows = height.checked_sub(first_row).filter(|&n_rows| n_rows > 0 && n_rows <= first_row)?;
    let rows = |y: usize| full.crop(Rect { y, x: 0, height: n_rows, width });
    let (strip, top) = (rows(first_row), rows(0));
    Some([full, strip, top, without.plane])
}
