//! Survey: what a layer gives for the micrographs of a data set: vectors to fit concepts to, and then the concepts of each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use micrograph::random::Stream;

use super::activations::{Activations, LayerReader, Position};
use super::bank::Bank;
use super::matrix::Matrix;
use crate::data::dataset::{Dataset, Entry, Fingerprint};
use crate::data::pass::pass;
use crate::data::prepare::PrepareConfig;
use crate::interpret::exemplar::IndexedMicrograph;

/// Micrographs of a group that count as much as one alone; of a larger group each gives fewer vectors.
const OF_GROUP: f64 = 8.0;
/// Vectors whose codes are held at a time.
const ROWS: usize = 8192;

/// A micrograph and vectors of it.
#[derive(Clone, Debug)]
pub(super) struct Sampled {
    pub seen: IndexedMicrograph,
    pub print: Fingerprint,
    /// Pixels of the micrograph along a side of one pixel that the network sees.
    pub zoom: f64,
    /// Where its vectors are.
    pub positions: Vec<Position>,
    /// Of each reader, `[n, C]`.
    pub vectors: Vec<Matrix>,
}

/// The concepts of one micrograph.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Coded {
    /// By concept: the largest code, and where.
    pub peaks: Vec<(f32, Position)>,
    /// By concept: the mean over all positions.
    pub means: Vec<f32>,
}

/// At most `most` micrographs, of class `class` if one is given: of all classes alike, and of all groups of a class before
/// a second of one.
pub(super) fn chosen(dataset: &Dataset, class: Option<&str>, most: usize, seed: u64) -> Vec<usize> {
    let mut stream = Stream::new(seed, "chosen micrographs", 0);
    let mut order: Vec<usize> = (0..dataset.entries.len()).collect();
    stream.shuffle(&mut order);
    let mut of_groups: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    let mut of_classes: BTreeMap<Option<&str>, Vec<(usize, usize)>> = BTreeMap::new();
    for index in order {
        let entry = &dataset.entries[index];
        let own = entry.category.as_deref();
        if class.is_some_and(|class| own != Some(class)) {
            continue;
        }
        let round = of_groups.entry((own, entry.group.as_deref().unwrap_or(&entry.file))).or_default();
        of_classes.entry(own).or_default().push((*round, index));
        *round += 1;
    }
    of_classes.values_mut().for_each(|own| own.sort_by_key(|(round, _)| *round));
    let longest = of_classes.values().map(Vec::len).max().unwrap_or(0);
    let all = (0..longest).flat_map(|n| of_classes.values().filter_map(move |own| own.get(n)));
    let mut chosen: Vec<usize> = all.take(most).map(|(_, index)| *index).collect();
    chosen.sort_unstable();
    chosen
}

/// Vectors of each of `entries`, with their contents' hashes, at most `per_micrograph` of one; of each of `readers`, which read
/// the same layer of like networks, at the same positions.
pub(super) fn sampled(
    readers: &[LayerReader],
    entries: &[(&Entry, String)],
    (prepare, per_micrograph, seed): (&PrepareConfig, usize, u64),
    done: &mut dyn FnMut() -> ControlFlow<()>,
) -> Option<Vec<Result<Sampled, String>>> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (entry, _) in entries {
        *sizes.entry(entry.group.as_deref().unwrap_or(&entry.file)).or_default() += 1;
    }
    let numbered: Vec<(usize, &(&Entry, String))> = entries.iter().enumerate().collect();
    let look = |&(number, &(entry, ref sha256)): &(usize, &(&Entry, String))| {
        let prepared = entry.prepared(prepare)?;
        let of_reader =
            |reader: &LayerReader| reader.activations(&prepared.plane).map_err(|error| error.to_string());
        let all: Vec<Activations> = readers.iter().map(of_reader).collect::<Result<_, _>>()?;
        let Some(activations) = all.first() else { return Err("no network".to_owned()) };
        let size = sizes[entry.group.as_deref().unwrap_or(&entry.file)];
        let n = (per_micrograph as f64 * (OF_GROUP / size as f64).min(1.0)).ceil() as usize;
        let mut stream = Stream::new(seed, "drawn positions", number as u64);
        let positions = activations.drawn(n, &mut stream);
        let rows: Vec<usize> = positions.iter().map(|&position| activations.index(position)).collect();
        let (height, width) = (prepared.plane.height(), prepared.plane.width());
        let seen = IndexedMicrograph {
            file: entry.file.clone(),
            sha256: sha256.clone(),
            category: entry.category.clone(),
            group: entry.group.clone().unwrap_or_else(|| entry.file.clone()),
            part: entry.split.to_string(),
            height,
            width,
            nm_per_px: prepared.facts.calibration.as_ref().map(|calibration| calibration.nm_per_px_x),
            data_bar_px: prepared.facts.height.saturating_sub(height),
        };
        Ok(Sampled {
            seen,
            print: Fingerprint::of(&prepared.plane),
            zoom: activations.views.zoom(),
            positions,
            vectors: all.iter().map(|activations| activations.vectors.select(&rows)).collect(),
        })
    };
    pass(&numbered, look, done)
}

/// A reader with a bank of its layer, and the concepts that are looked at, by their atoms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coder<'a> {
    pub reader: &'a LayerReader,
    pub bank: &'a Bank,
    pub shown: &'a [usize],
}

/// The concepts of each of `entries`, which could be read before, by each of `coders`.
pub(super) fn coded(
    coders: &[Coder<'_>],
    entries: &[&Entry],
    prepare: &PrepareConfig,
    done: &mut dyn FnMut() -> ControlFlow<()>,
) -> Option<Vec<Result<Vec<Coded>, String>>> {
    let look = |entry: &&Entry| {
        let plane = entry.plane(prepare)?;
        let of_coder = |coder: &Coder<'_>| {
            let activations = coder.reader.activations(&plane).map_err(|error| error.to_string())?;
            Ok(of_activations(&activations, coder.bank, coder.shown))
        };
        coders.iter().map(of_coder).collect()
    };
    pass(entries, look, done)
}

/// The concepts `shown` of a micrograph.
fn of_activations(activations: &Activations, bank: &Bank, shown: &[usize]) -> Coded {
    let first = Position { view: 0, y: 0, x: 0 };
    let mut peaks = vec![(f32::NEG_INFINITY, first); shown.len()];
    let mut sums = vec![0.0_f64; shown.len()];
    let positions = activations.positions();
    for few in positions.chunks(ROWS) {
        let rows: Vec<usize> = few.iter().map(|&position| activations.index(position)).collect();
        let codes = bank.codes(&activations.vectors.select(&rows));
        for (position, codes) in few.iter().zip(codes.rows()) {
            for ((peak, sum), &atom) in peaks.iter_mut().zip(&mut sums).zip(shown) {
                *sum += f64::from(codes[atom]);
                if codes[atom] > peak.0 {
                    *peak = (codes[atom], *position);
                }
            }
        }
    }
    let n = positions.len().max(1) as f64;
    Coded { peaks, means: sums.into_iter().map(|sum| (sum / n) as f32).collect() }
}
