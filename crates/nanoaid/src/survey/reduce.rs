//! Reduce: what needs the rows of all micrographs.
//!
//! Sums run over the rows in the order of their contents and names, strongest micrographs stand under a total order,
//! histograms have fixed edges, and near-duplicates, false discoveries and all that is drawn at random are of the
//! whole. So nothing here depends on how the rows came together.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::SQRT_2;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::SurveyError;
use super::columns::Columns;
use super::header::{SurveyHeader, SurveyLayer};
use super::part::Part;
use super::row::{Key, StoredRow};
use super::store::Store;
use crate::data::dataset::{Comparable, Fingerprint, Skipped, near_pairs_in_blocks};
use crate::interpret::differential::{
    DifferentialAnalysis, DifferentialConfig, Labelled, LabelledValues, Question, differential_analysis,
};
use crate::interpret::exemplar::Peak;
use crate::interpret::unit_values::UnitValues;
use crate::output::{csv_text, text_cell};

/// Strongest micrographs of each unit.
const N_STRONGEST: usize = 9;
/// Rows whose thumbnails are in memory at a time, twice: 50 MB each.
const COMPARED: usize = 8192;
/// Half powers of 2 between which histograms have intervals: from 2⁻²⁰ to 2²⁰.
const HALF_POWERS: std::ops::RangeInclusive<i32> = -40..=40;

/// What a survey found; the tables beside it hold the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Survey {
    /// What all rows have in common.
    #[serde(flatten)]
    pub header: SurveyHeader,
    /// Instruction sets that rows were computed with.
    pub instruction_sets: BTreeSet<String>,
    /// Micrographs that were read.
    pub n_read: usize,
    /// Micrographs that could not be read.
    pub n_skipped: usize,
    /// Micrographs whose pixel size is known.
    pub n_calibrated: usize,
    /// Micrographs of each category.
    pub categories: BTreeMap<String, usize>,
    /// Pairs of micrographs that show the same place.
    pub n_near_duplicates: usize,
    /// Units of all layers.
    pub n_units: usize,
    /// Units with one largest activation for all micrographs.
    pub n_dead: usize,
    /// Comparisons of classes.
    pub comparisons: Vec<ComparedClasses>,
    /// The tables with their SHA-256.
    pub files: BTreeMap<String, String>,
    /// What to beware of.
    pub warnings: Vec<String>,
}

/// What distinguishes classes, in short; `comparisons.csv` has all units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedClasses {
    /// The question.
    #[serde(flatten)]
    pub question: Question,
    /// Micrographs of each side.
    pub n_micrographs: [usize; 2],
    /// Units that differ, at the share of false discoveries of the analysis.
    pub n_found: usize,
    /// What to beware of.
    pub warnings: Vec<String>,
}

/// Everything that was found.
pub(super) struct Reduced<'a> {
    layers: &'a [SurveyLayer],
    rows: Vec<(&'a Key, &'a StoredRow)>,
    /// Pairs of rows that show the same place.
    pairs: Vec<(usize, usize)>,
    /// By layer and channel.
    units: Vec<Unit>,
    comparisons: Vec<(Question, DifferentialAnalysis)>,
}

/// How the largest activations of a unit are spread.
struct Unit {
    mean: f64,
    sd: f64,
    /// Smallest, first decile, median, last decile, largest.
    quantiles: [f32; 5],
    /// Mean over the micrographs of the mean activation.
    mean_of_means: f64,
    /// Micrographs in each interval that has some, by its number.
    histogram: BTreeMap<i32, usize>,
    /// Rows of the strongest micrographs and what they have of the unit, no two of which show the same place.
    strongest: Vec<(usize, Peak)>,
}

impl Unit {
    fn is_dead(&self) -> bool {
        self.quantiles[0] == self.quantiles[4]
    }
}

/// Reduces the rows of `part`; what takes space on the way is in the folder `out`.
pub(super) fn reduce<'a>(
    part: &'a Part,
    questions: &[Question],
    out: &Path,
) -> Result<Reduced<'a>, SurveyError> {
    let (header, store) = (part.header(), part.store());
    let (layers, n_units) = (&header.layers, header.n_units());
    let rows: Vec<(&Key, &StoredRow)> = part.rows().iter().collect();
    let pairs = near_pairs(&rows, store, out)?;
    let mut alike: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for &(one, other) in &pairs {
        alike.entry(one).or_default().insert(other);
        alike.entry(other).or_default().insert(one);
    }
    let columns = Columns::of(&rows, n_units, store, out)?;
    let borders = magnitudes();
    let mut units = Vec::with_capacity(n_units);
    for start in (0..n_units).step_by(columns.at_once()) {
        let some = start..n_units.min(start + columns.at_once());
        let values = columns.read(some.clone())?;
        let of_unit = |(unit, values): (usize, &[f32])| {
            let (mut found, strongest) = unit_of(values, &alike, &borders);
            found.mean_of_means = columns.means_of_means[unit];
            for row in strongest {
                found.strongest.push((row, rows[row].1.peak(store, unit)?));
            }
            Ok::<Unit, SurveyError>(found)
        };
        let found = some.into_par_iter().zip(values.par_chunks_exact(rows.len())).map(of_unit);
        units.append(&mut found.collect::<Result<Vec<Unit>, SurveyError>>()?);
    }
    let mut comparisons = Vec::new();
    if !questions.is_empty() {
        let labels = labelled(&rows, &pairs);
        let mut values: Vec<f32> = Vec::with_capacity(rows.len() * n_units);
        for (_, row) in &rows {
            values.extend(row.peaks(store, n_units)?.iter().map(|peak| peak.value));
        }
        let values = UnitValues::new(&values, rows.len(), n_units)?;
        for question in questions {
            let labelled = LabelledValues { images: &labels, values };
            let found = differential_analysis(&labelled, question, &DifferentialConfig::default())?;
            comparisons.push((question.clone(), found));
        }
    }
    Ok(Reduced { layers, rows, pairs, units, comparisons })
}

/// Pairs of rows that show the same place. What is compared is made of each thumbnail once, and kept in the folder
/// `out`.
fn near_pairs(
    rows: &[(&Key, &StoredRow)],
    store: &Store,
    out: &Path,
) -> Result<Vec<(usize, usize)>, SurveyError> {
    let kept = Store::new(out)?;
    for block in rows.chunks(COMPARED) {
        let made = block.par_iter().map(|(_, row)| {
            let thumbnail = row.thumbnail(store)?;
            let print = Fingerprint::from_bytes(&thumbnail).expect("a row has a whole thumbnail");
            Ok(Comparable::of(print).to_bytes())
        });
        kept.add(&made.collect::<Result<Vec<_>, SurveyError>>()?.concat())?;
    }
    let read = |block: Range<usize>| -> Result<Vec<Comparable<'static>>, SurveyError> {
        let (place, n) = (block.start * Comparable::N_BYTES, block.len() * Comparable::N_BYTES);
        let bytes = kept.read(place as u64, n)?;
        Ok(bytes.par_chunks_exact(Comparable::N_BYTES).map(Comparable::from_bytes).collect())
    };
    let pairs = near_pairs_in_blocks(rows.len(), COMPARED, &read)?;
    Ok(pairs.into_iter().map(|pair| (pair.one, pair.other)).collect())
}

/// What is known of a unit by its largest activations, and the rows of the strongest.
fn unit_of(values: &[f32], alike: &BTreeMap<usize, BTreeSet<usize>>, borders: &[f64]) -> (Unit, Vec<usize>) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
    let squares = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>();
    let mut histogram = BTreeMap::new();
    for &value in values {
        *histogram.entry(interval(value, borders)).or_insert(0) += 1;
    }
    // strongest first; rows are in the order of contents and names, which decides between equal ones
    let mut order: Vec<u64> =
        values.iter().enumerate().map(|(row, &value)| (u64::from(!rank(value)) << 32) | row as u64).collect();
    order.sort_unstable();
    let row_at = |place: usize| (order[place] & u64::from(u32::MAX)) as usize;
    let mut strongest: Vec<usize> = Vec::new();
    for row in (0..order.len()).map(row_at) {
        let is_new = alike.get(&row).is_none_or(|alike| !strongest.iter().any(|other| alike.contains(other)));
        if is_new {
            strongest.push(row);
        }
        if strongest.len() == N_STRONGEST {
            break;
        }
    }
    // the value below which the share lies, without interpolation
    let quantile = |share: usize| values[row_at((values.len() - 1) * (10 - share) / 10)];
    let unit = Unit {
        mean,
        sd: if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 },
        quantiles: [0, 1, 5, 9, 10].map(quantile),
        mean_of_means: 0.0,
        histogram,
        strongest: Vec::new(),
    };
    (unit, strongest)
}

/// A number in the order of [`f32::total_cmp`].
fn rank(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | (1 << 31) }
}

/// Lower borders of the intervals of magnitudes.
fn magnitudes() -> Vec<f64> {
    HALF_POWERS.map(half_power).collect()
}

/// Lower border of the interval of magnitudes with this number: `2^(number / 2)`.
fn half_power(number: i32) -> f64 {
    let whole = 2f64.powi(number.div_euclid(2));
    if number.rem_euclid(2) == 1 { whole * SQRT_2 } else { whole }
}

/// Number of the interval that holds `value`, rising with it: 0 for 0 and below the first border in magnitude,
/// negative for negative values. `borders` are the [`magnitudes`].
fn interval(value: f32, borders: &[f64]) -> i32 {
    let magnitude = f64::from(value.abs());
    let below = borders.partition_point(|&border| border <= magnitude) as i32;
    if value < 0.0 { -below } else { below }
}

/// Borders of the interval with this number, `[from, to)`; of negative ones `(from, to]`.
fn borders(number: i32) -> [f64; 2] {
    let border = |place: i32| match place {
        0 => 0.0,
        place if place > HALF_POWERS.count() as i32 => f64::INFINITY,
        place => half_power(HALF_POWERS.start() + place - 1),
    };
    match number {
        0 => [-border(1), border(1)],
        number if number > 0 => [border(number), border(number + 1)],
        number => [-border(1 - number), -border(-number)],
    }
}

/// What the rows are for comparisons: near-duplicates share a group, as what has one group does.
fn labelled(rows: &[(&Key, &StoredRow)], pairs: &[(usize, usize)]) -> Vec<Labelled> {
    let mut towards: Vec<usize> = (0..rows.len()).collect();
    fn end(towards: &mut [usize], mut place: usize) -> usize {
        while towards[place] != place {
            towards[place] = towards[towards[place]];
            place = towards[place];
        }
        place
    }
    let mut first_of_group = BTreeMap::new();
    let mut links = pairs.to_vec();
    for (place, (_, row)) in rows.iter().enumerate() {
        links.push((*first_of_group.entry(&row.facts.group).or_insert(place), place));
    }
    for (one, other) in links {
        let (one, other) = (end(&mut towards, one), end(&mut towards, other));
        towards[one.max(other)] = one.min(other);
    }
    let label = |place: usize| Labelled {
        group: rows[end(&mut towards, place)].1.facts.group.clone(),
        category: rows[place].1.facts.category.clone(),
    };
    (0..rows.len()).map(label).collect()
}

impl<'a> Reduced<'a> {
    /// Layer and channel of each unit.
    fn named(&self) -> Vec<(&'a SurveyLayer, usize)> {
        let channels = |layer: &'a SurveyLayer| (0..layer.n_channels).map(move |channel| (layer, channel));
        self.layers.iter().flat_map(channels).collect()
    }

    /// The tables as CSV, by their names; `skipped` is what could not be read.
    pub(super) fn tables(&self, skipped: Vec<Skipped>) -> [(&'static str, String); 7] {
        let skipped =
            skipped.into_iter().map(|skipped| vec![text_cell(&skipped.file), text_cell(&skipped.reason)]);
        [
            ("micrographs.csv", self.micrographs()),
            ("units.csv", self.units()),
            ("histograms.csv", self.histograms()),
            ("exemplars.csv", self.exemplars()),
            ("near-duplicates.csv", self.near_duplicates()),
            ("comparisons.csv", self.comparisons()),
            ("skipped.csv", csv_text(&["file", "reason"], skipped)),
        ]
    }

    fn micrographs(&self) -> String {
        let mut first_alike = BTreeMap::new();
        for &(one, other) in &self.pairs {
            first_alike.entry(other).or_insert(one);
        }
        let row = |(place, (key, row)): (usize, &(&Key, &StoredRow))| {
            let alike = first_alike.get(&place).map(|&first| text_cell(&self.rows[first].0.file));
            vec![
                text_cell(&key.file),
                key.sha256.clone(),
                text_cell(row.facts.category.as_deref().unwrap_or_default()),
                text_cell(&row.facts.group),
                row.facts.height.to_string(),
                row.facts.width.to_string(),
                row.facts.nm_per_px.map_or(String::new(), |nm| nm.to_string()),
                row.facts.data_bar_px.to_string(),
                alike.unwrap_or_default(),
            ]
        };
        let head = [
            "file",
            "sha256",
            "category",
            "group",
            "height [px]",
            "width [px]",
            "pixel [nm]",
            "data bar [px]",
            "same place as",
        ];
        csv_text(&head, self.rows.iter().enumerate().map(row))
    }

    fn units(&self) -> String {
        let row = |(index, ((layer, channel), unit)): (usize, ((&SurveyLayer, usize), &Unit))| {
            let mut row = vec![
                index.to_string(),
                text_cell(&layer.name),
                channel.to_string(),
                text_cell(layer.classes.get(channel).map_or("", String::as_str)),
                unit.mean.to_string(),
                unit.sd.to_string(),
            ];
            row.extend(unit.quantiles.map(|value| value.to_string()));
            row.extend([unit.mean_of_means.to_string(), unit.is_dead().to_string()]);
            row
        };
        let head = [
            "unit",
            "layer",
            "channel",
            "class",
            "mean of largest",
            "standard deviation of largest",
            "smallest",
            "first decile",
            "median",
            "last decile",
            "largest",
            "mean of means",
            "dead",
        ];
        csv_text(&head, self.named().into_iter().zip(&self.units).enumerate().map(row))
    }

    fn histograms(&self) -> String {
        let named = self.named();
        let rows = named.into_iter().zip(&self.units).flat_map(|((layer, channel), unit)| {
            unit.histogram.iter().map(move |(&number, n)| {
                let [from, to] = borders(number).map(|border| border.to_string());
                vec![text_cell(&layer.name), channel.to_string(), from, to, n.to_string()]
            })
        });
        csv_text(&["layer", "channel", "from", "to", "micrographs"], rows)
    }

    fn exemplars(&self) -> String {
        let named = self.named();
        let rows = named.into_iter().zip(&self.units).flat_map(|((layer, channel), unit)| {
            // nothing drives a dead unit
            let strongest = if unit.is_dead() { &[] } else { &unit.strongest[..] };
            strongest.iter().enumerate().map(move |(rank, &(place, peak))| {
                let (key, row) = self.rows[place];
                let (top, bottom) = layer.field(peak.y, row.facts.height);
                let (left, right) = layer.field(peak.x, row.facts.width);
                vec![
                    text_cell(&layer.name),
                    channel.to_string(),
                    (rank + 1).to_string(),
                    peak.value.to_string(),
                    text_cell(&key.file),
                    text_cell(row.facts.category.as_deref().unwrap_or_default()),
                    top.to_string(),
                    left.to_string(),
                    (bottom - top).to_string(),
                    (right - left).to_string(),
                ]
            })
        });
        let head = [
            "layer",
            "channel",
            "rank",
            "activation",
            "file",
            "category",
            "field row [px]",
            "field column [px]",
            "field height [px]",
            "field width [px]",
        ];
        csv_text(&head, rows)
    }

    fn near_duplicates(&self) -> String {
        let file = |place: usize| text_cell(&self.rows[place].0.file);
        csv_text(
            &["file", "same place as"],
            self.pairs.iter().map(|&(one, other)| vec![file(other), file(one)]),
        )
    }

    fn comparisons(&self) -> String {
        let named = self.named();
        let named = &named;
        let rows = self.comparisons.iter().flat_map(|(_, found)| {
            let [a, b] = [&found.a, &found.b].map(|side| text_cell(&side.classes.join("+")));
            found.units.iter().map(move |unit| {
                let (layer, channel) = named[unit.unit];
                let ends = unit.auc.interval.map(|ends| [ends.low, ends.high].map(|end| end.to_string()));
                let [low, high] = ends.unwrap_or_default();
                vec![
                    a.clone(),
                    b.clone(),
                    text_cell(&layer.name),
                    channel.to_string(),
                    unit.auc.value.to_string(),
                    low,
                    high,
                    unit.p.to_string(),
                    unit.q.to_string(),
                ]
            })
        });
        let head = [
            "a",
            "b",
            "layer",
            "channel",
            "AUC",
            "AUC from (95 %)",
            "AUC to (95 %)",
            "p",
            "q (false discoveries)",
        ];
        csv_text(&head, rows)
    }

    /// The numbers that fit on a page.
    pub(super) fn survey(&self, part: &Part, files: BTreeMap<String, String>) -> Survey {
        let mut categories = BTreeMap::new();
        for category in self.rows.iter().filter_map(|(_, row)| row.facts.category.as_ref()) {
            *categories.entry(category.clone()).or_insert(0) += 1;
        }
        let compared = |(question, found): &(Question, DifferentialAnalysis)| ComparedClasses {
            question: question.clone(),
            n_micrographs: [found.a.n_images, found.b.n_images],
            n_found: found.n_found,
            warnings: found.warnings.iter().map(ToString::to_string).collect(),
        };
        let sets = part.instruction_sets();
        let mut warnings = Vec::new();
        if sets.len() > 1 {
            let sets = sets.iter().cloned().collect::<Vec<_>>().join(", ");
            warnings.push(format!(
                "rows were computed with several instruction sets ({sets}), whose last digits differ"
            ));
        }
        Survey {
            header: part.header().clone(),
            instruction_sets: sets.clone(),
            n_read: self.rows.len(),
            n_skipped: part.header().n_micrographs - self.rows.len(),
            n_calibrated: self.rows.iter().filter(|(_, row)| row.facts.nm_per_px.is_some()).count(),
            categories,
            n_near_duplicates: self.pairs.len(),
            n_units: self.units.len(),
            n_dead: self.units.iter().filter(|unit| unit.is_dead()).count(),
            comparisons: self.comparisons.iter().map(compared).collect(),
            files,
            warnings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_between_the_borders_of_its_interval() {
        let values = [0.0, 1e-9, -1e-9, 1e-6, 0.3, 1.0, 1.414, 1.415, 2.0, -2.0, -3.7, 1e5, 1e30, -1e30];
        for value in values {
            let [from, to] = borders(interval(value, &magnitudes()));
            let value = f64::from(value);
            assert!(from < to && from <= value && value <= to, "{value}: {from} to {to}");
        }
        // borders are those of the half powers of 2
        assert_eq!(borders(interval(1.0, &magnitudes())), [1.0, SQRT_2]);
        assert_eq!(borders(interval(4.0, &magnitudes())), [4.0, 4.0 * SQRT_2]);
        assert_eq!(borders(interval(-1.0, &magnitudes())), [-SQRT_2, -1.0]);
    }
    #[test]
    fn the_interval_is_the_number_of_borders_that_are_not_above() {
        for exponent in -600..600 {
            let value = 2f32.powf(exponent as f32 / 10.0);
            let expected = HALF_POWERS.filter(|&number| half_power(number) <= f64::from(value)).count();
            assert_eq!(interval(value, &magnitudes()), expected as i32, "{value}");
        }
    }

    #[test]
    fn ranks_are_in_the_total_order() {
        let values = [f32::NEG_INFINITY, -3.0, -1e-40, -0.0, 0.0, 1e-40, 1.0, 3.0, f32::INFINITY, f32::NAN];
        for (one, other) in values.iter().flat_map(|one| values.iter().map(move |other| (one, other))) {
            assert_eq!(rank(*one).cmp(&rank(*other)), one.total_cmp(other), "{one} {other}");
        }
    }
}
