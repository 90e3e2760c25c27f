//! Overlap: where concepts lie on micrographs, against particles, fibres, pores, letters and border (network dissection; Bau et al.
//! 2017, with masks that are measured, not drawn).

use std::collections::{BTreeMap, BTreeSet};

use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::ConceptProgress;
use super::activations::LayerReader;
use super::bank::Bank;
use super::error::{ConceptError, OnProgress, go_on};
use crate::data::dataset::Entry;
use crate::data::prepare::PrepareConfig;
use crate::evaluate::classifier::{Interval, quantile};
use crate::interpret::explain::areas;

/// A concept is at a position whose code is more than this share of its upper codes.
const SHARE: f32 = 0.5;
/// Quantile of the codes of sampled vectors that stands for the upper ones.
const UPPER: f64 = 0.995;
/// Resamples of the groups for an interval.
const RESAMPLES: usize = 500;

/// How a concept lies on one kind of structure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// The kind.
    pub structure: String,
    /// Intersection over union of the positions, all micrographs together, in `[0, 1]`.
    pub iou: f64,
    /// Its 95 % interval over resampled groups; `None` below five groups.
    pub interval: Option<Interval>,
    /// The same with masks that are shifted by half of the micrograph: what is left by chance.
    pub shifted: f64,
    /// Share of the concept's positions that lie on the structure, in `[0, 1]`.
    pub inside: f64,
    /// Share of all positions that lie on the structure, in `[0, 1]`.
    pub area: f64,
}

/// Positions on a structure, of a concept, on both, on both where the mask is shifted, and all of them.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    structure: usize,
    concept: usize,
    both: usize,
    both_shifted: usize,
    all: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.structure += other.structure;
        self.concept += other.concept;
        self.both += other.both;
        self.both_shifted += other.both_shifted;
        self.all += other.all;
    }

    fn iou(&self, both: usize) -> f64 {
        let union = self.structure + self.concept - both;
        if union == 0 { 0.0 } else { both as f64 / union as f64 }
    }
}

/// The codes from which on each of the concepts `shown` counts as there, from sampled codes `[N, k]`.
pub(super) fn thresholds(codes: &super::matrix::Matrix, shown: &[usize]) -> Vec<f32> {
    let of = |&atom: &usize| {
        let mut own: Vec<f64> = codes.rows().map(|codes| f64::from(codes[atom])).collect();
        own.sort_by(f64::total_cmp);
        let (upper, most) = (quantile(&own, UPPER) as f32, own.last().copied().unwrap_or(0.0) as f32);
        SHARE * if upper > 0.0 { upper } else { most }
    };
    shown.iter().map(of).collect()
}

/// The overlaps of the concepts `shown` with all structures, over `entries`, each with its group.
pub(super) fn overlaps(
    reader: &LayerReader,
    entries: &[(&Entry, &str)],
    (bank, shown, thresholds): (&Bank, &[usize], &[f32]),
    (prepare, seed): (&PrepareConfig, u64),
    warnings: &mut Vec<String>,
    on: OnProgress<'_>,
) -> Result<Vec<Vec<Overlap>>, ConceptError> {
    // by structure and concept, then group
    let mut counts: BTreeMap<String, Vec<BTreeMap<&str, Counts>>> = BTreeMap::new();
    let mut groups = BTreeSet::new();
    // positions of a concept on micrographs that lack a structure count, too
    let mut of_images: Vec<(&str, Vec<usize>, usize, BTreeSet<String>)> = Vec::new();
    for (n, (entry, group)) in entries.iter().enumerate() {
        let at = ConceptProgress::Structures { n_done: n, n: entries.len() };
        go_on(on, at)?;
        let Ok(plane) = entry.plane(prepare) else { continue };
        let activations = reader.activations(&plane)?;
        let positions = activations.positions();
        let rows: Vec<usize> = positions.iter().map(|&position| activations.index(position)).collect();
        let codes = bank.codes(&activations.vectors.select(&rows));
        let pixels: Vec<(usize, usize)> =
            positions.iter().map(|&position| activations.pixel(position)).collect();
        let found = areas(&activations.plane, true, warnings, &mut || on(at))?;
        let is_there = |row: &[f32], concept: usize| row[shown[concept]] > thresholds[concept];
        let n_there: Vec<usize> = (0..shown.len())
            .map(|concept| codes.rows().filter(|row| is_there(row, concept)).count())
            .collect();
        let (height, width) = (activations.plane.height(), activations.plane.width());
        for area in &found {
            let on_it = |(y, x): (usize, usize)| area.mask()[y * width + x];
            let shifted =
                |(y, x): (usize, usize)| on_it(((y + height / 2) % height, (x + width / 2) % width));
            let own =
                counts.entry(area.name().to_owned()).or_insert_with(|| vec![BTreeMap::new(); shown.len()]);
            for (concept, own) in own.iter_mut().enumerate() {
                let mut count = Counts { all: pixels.len(), concept: n_there[concept], ..Counts::default() };
                for (&pixel, row) in pixels.iter().zip(codes.rows()) {
                    let there = is_there(row, concept);
                    count.structure += usize::from(on_it(pixel));
                    count.both += usize::from(there && on_it(pixel));
                    count.both_shifted += usize::from(there && shifted(pixel));
                }
                own.entry(*group).or_default().add(&count);
            }
        }
        groups.insert(*group);
        let names = found.iter().map(|area| area.name().to_owned()).collect();
        of_images.push((*group, n_there, pixels.len(), names));
    }
    for (name, own) in &mut counts {
        for (group, n_there, all, names) in of_images.iter().filter(|(.., names)| !names.contains(name)) {
            debug_assert!(!names.contains(name));
            for (concept, own) in own.iter_mut().enumerate() {
                let count = Counts { all: *all, concept: n_there[concept], ..Counts::default() };
                own.entry(*group).or_default().add(&count);
            }
        }
    }
    let groups: Vec<&str> = groups.into_iter().collect();
    let of = |concept: usize| {
        counts
            .iter()
            .map(move |(name, own)| (name, &own[concept]))
            .map(|(name, own)| overlap(name, own, &groups, seed))
    };
    Ok((0..shown.len())
        .map(|concept| {
            let mut all: Vec<Overlap> = of(concept).collect();
            all.sort_by(|a, b| b.iou.total_cmp(&a.iou).then(a.structure.cmp(&b.structure)));
            all
        })
        .collect())
}

fn overlap(name: &str, own: &BTreeMap<&str, Counts>, groups: &[&str], seed: u64) -> Overlap {
    let total = |groups: &mut dyn Iterator<Item = &str>| {
        let mut sum = Counts::default();
        groups.filter_map(|group| own.get(group)).for_each(|count| sum.add(count));
        sum
    };
    let all = total(&mut groups.iter().copied());
    let interval = (groups.len() >= 5).then(|| {
        let mut stream = Stream::new(seed, "overlap", 0);
        let mut values: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let drawn: Vec<&str> = groups.iter().map(|_| groups[stream.below(groups.len())]).collect();
                let sum = total(&mut drawn.into_iter());
                sum.iou(sum.both)
            })
            .collect();
        values.sort_by(f64::total_cmp);
        Interval { low: quantile(&values, 0.025), high: quantile(&values, 0.975) }
    });
    Overlap {
        structure: name.to_owned(),
        iou: all.iou(all.both),
        interval,
        shifted: all.iou(all.both_shifted),
        inside: all.both as f64 / all.concept.max(1) as f64,
        area: all.structure as f64 / all.all.max(1) as f64,
    }
}
