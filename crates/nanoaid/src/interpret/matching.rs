//! Matching: which units of two networks, or of two layers, answer to the same micrographs.
//!
//! Both have seen the same micrographs, one value for each unit and micrograph. Two units are alike
//! if their values are correlated (Li et al. 2016); the best of many is high by chance, so each unit's
//! best is held against the best that it finds when the micrographs are shuffled. Whole layers are
//! compared by linear centred kernel alignment (CKA, Kornblith et al. 2019) and its debiased form.
//!
//! Correlation says that two units answer alike to *these* micrographs, not that they compute the
//! same. Nothing here knows networks or files; shuffles come from the seed.

mod correlation;
mod similarity;
#[cfg(test)]
mod tests;
mod warning;

use micrograph::random::Stream;
use nalgebra::DMatrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use warning::MatchWarning;

use crate::ConfigError;
use crate::evaluate::classifier::{Groups, quantile};
use crate::interpret::unit_values::UnitValues;
use correlation::{Units, product};
use similarity::Alignment;

/// Version of the form of [`Matching`].
pub const SCHEMA_VERSION: u32 = 1;
/// Micrographs of which two always have a correlation of 1 or −1, and three nearly so.
const FEWEST_IMAGES: usize = 4;

/// Values of the units of one layer of one network, under a name.
#[derive(Clone, Copy, Debug)]
pub struct NamedValues<'a> {
    /// What they are of, e.g. `fine-tuned, stage.3`.
    pub name: &'a str,
    /// The values, `[N, U]`.
    pub values: UnitValues<'a>,
}

/// How units are matched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchConfig {
    /// Candidates that are listed for each unit, 1 to 100.
    pub n_best: usize,
    /// Shuffles of the micrographs, 20 to 10 000.
    pub n_shuffles: usize,
    /// Share of the shuffles whose best correlation lies below the chance level, 0.5 to 0.999.
    pub chance_share: f64,
    /// Seed of the shuffles.
    pub seed: u64,
}

impl Default for MatchConfig {
    fn default() -> Self {
        Self {
            n_best: 5,
            n_shuffles: 200, // ten lie beyond the level of 0.95
            chance_share: 0.95,
            seed: 0,
        }
    }
}

impl MatchConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("matching.n_best", self.n_best as f64, 1.0..=100.0)?;
        ConfigError::unless_within("matching.n_shuffles", self.n_shuffles as f64, 20.0..=10_000.0)?;
        ConfigError::unless_within("matching.chance_share", self.chance_share, 0.5..=0.999)?;
        Ok(self)
    }
}

/// Why units can't be matched.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum MatchError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nothing to compare with.
    #[error("expected at least 2 layers, found {found}")]
    TooFewLayers { found: usize },
    /// Correlations of so few mean nothing.
    #[error("expected at least {FEWEST_IMAGES} micrographs, found {found}")]
    TooFewImages { found: usize },
    /// A layer has seen other micrographs.
    #[error("{name}: expected values for {expected} micrographs, found {found}")]
    ImageCount { name: String, expected: usize, found: usize },
}

/// Units of layer A and layer B that answer alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matching {
    /// Version of this form, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How it was made.
    pub config: MatchConfig,
    /// Micrographs that both have seen.
    pub n_images: usize,
    /// Groups they are of.
    pub n_groups: usize,
    /// Layer A, its units matched with those of B.
    pub a: MatchedLayer,
    /// Layer B, its units matched with those of A.
    pub b: MatchedLayer,
    /// Pairs of units that are each other's best.
    pub n_mutual: usize,
    /// Linear CKA, 0 to 1; rises by chance with the number of units. Absent if a layer is dead.
    pub cka: Option<f64>,
    /// Its debiased form, about 0 for layers that have nothing in common, and so below 0 at times.
    /// Absent where `cka` is, and where chance leaves no positive denominator.
    pub cka_debiased: Option<f64>,
    /// What to beware of.
    pub warnings: Vec<MatchWarning>,
}

/// One of the two layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchedLayer {
    /// Its name.
    pub name: String,
    /// Its units, by number.
    pub units: Vec<UnitMatches>,
    /// Units with one value for all micrographs.
    pub n_dead: usize,
    /// Units whose best lies above the chance level.
    pub n_above_chance: usize,
    /// Mean over its live units of the best |r|; absent if either layer is dead.
    pub mean_best: Option<f64>,
    /// The same where micrographs are shuffled.
    pub mean_best_by_chance: Option<f64>,
}

/// Which units of the other layer answer as this one does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitMatches {
    /// Its number.
    pub unit: usize,
    /// Whether it has one value for all micrographs; it then matches nothing.
    pub dead: bool,
    /// The best, highest |r| first, of equal ones the lower number; empty for a dead unit, and where
    /// the other layer is dead.
    pub best: Vec<Candidate>,
    /// Whether the first of these has this unit as its own best.
    pub mutual: bool,
    /// The |r| that the best of all candidates stays below in `config.chance_share` of the shuffles.
    pub chance_level: Option<f64>,
    /// Share of the shuffles, the true order counted as one, whose best is at least as good.
    pub p: Option<f64>,
}

impl UnitMatches {
    /// Whether the best is better than chance.
    pub fn above_chance(&self) -> bool {
        let best = self.best.first().map(|candidate| candidate.pearson.abs());
        best.zip(self.chance_level).is_some_and(|(best, level)| best > level)
    }
}

/// A unit of the other layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its number.
    pub unit: usize,
    /// Pearson's r, −1 to 1; below 0 where one is high when the other is low.
    pub pearson: f64,
    /// Spearman's r, of the ranks, ties at their mean rank.
    pub spearman: f64,
}

/// Matches every two of `layers`, the first with the second, the first with the third, and so on.
///
/// `groups[n]` is the group of micrograph `n` (its file name if it is alone): near-duplicates stay
/// together where micrographs are shuffled, else the chance level would be too low.
///
/// ```
/// use nanoaid::interpret::matching::{MatchConfig, NamedValues, match_layers};
/// use nanoaid::interpret::unit_values::UnitValues;
///
/// // unit 1 of `b` is twice unit 0 of `a`
/// let a: Vec<f32> = (0..8).flat_map(|n| [(n * n % 7) as f32, n as f32]).collect();
/// let b: Vec<f32> = (0..8).flat_map(|n| [(n % 2) as f32, 2.0 * (n * n % 7) as f32]).collect();
/// let layers = [
///     NamedValues { name: "a", values: UnitValues::new(&a, 8, 2)? },
///     NamedValues { name: "b", values: UnitValues::new(&b, 8, 2)? },
/// ];
/// let names: Vec<String> = (0..8).map(|n| format!("image {n}")).collect();
/// let groups: Vec<&str> = names.iter().map(String::as_str).collect();
///
/// let found = match_layers(&layers, &groups, &MatchConfig::default())?;
/// assert_eq!(found.len(), 1, "one pair of layers");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn match_layers(
    layers: &[NamedValues<'_>],
    groups: &[&str],
    config: &MatchConfig,
) -> Result<Vec<Matching>, MatchError> {
    let config = config.clone().checked()?;
    if layers.len() < 2 {
        return Err(MatchError::TooFewLayers { found: layers.len() });
    }
    if groups.len() < FEWEST_IMAGES {
        return Err(MatchError::TooFewImages { found: groups.len() });
    }
    for NamedValues { name, values } in layers {
        let (expected, found) = (groups.len(), values.n_images());
        if found != expected {
            return Err(MatchError::ImageCount { name: (*name).to_owned(), expected, found });
        }
    }
    let groups = Groups::named(groups.iter().copied());
    let units: Vec<Units> = layers.iter().map(|layer| Units::of(&layer.values)).collect();
    let pairs = (0..layers.len()).flat_map(|a| (a + 1..layers.len()).map(move |b| (a, b)));
    let matched = pairs.map(|(a, b)| {
        let names = [layers[a].name, layers[b].name];
        matching(names, [&units[a], &units[b]], &groups, &config)
    });
    Ok(matched.collect())
}

fn matching(names: [&str; 2], [a, b]: [&Units; 2], groups: &Groups, config: &MatchConfig) -> Matching {
    let r = product(&a.standard, &b.standard);
    let [by_chance_a, by_chance_b] = best_by_chance([a, b], groups, config);
    let from_a = Direction { own: a, other: b, r: &r, by_chance: by_chance_a };
    let r = r.transpose();
    let from_b = Direction { own: b, other: a, r: &r, by_chance: by_chance_b };
    let layers = [from_a.layer(names[0], &from_b, config), from_b.layer(names[1], &from_a, config)];
    let warnings = warning::warnings(&layers, groups.len());
    let alignment = Alignment::of(&a.centred, &b.centred);
    let [a, b] = layers;
    Matching {
        schema_version: SCHEMA_VERSION,
        config: config.clone(),
        n_images: groups.order().count(),
        n_groups: groups.len(),
        n_mutual: a.units.iter().filter(|unit| unit.mutual).count(),
        a,
        b,
        cka: alignment.plain,
        cka_debiased: alignment.debiased,
        warnings,
    }
}

/// The units of one layer looked for in the other.
struct Direction<'a> {
    own: &'a Units,
    other: &'a Units,
    /// Pearson's r, `[own, other]`.
    r: &'a DMatrix<f64>,
    /// The best |r| of each own unit in each shuffle, `[own][n_shuffles]`.
    by_chance: Vec<Vec<f64>>,
}

impl Direction<'_> {
    /// Live units of the other layer, highest |r| first; none for a dead unit.
    fn candidates(&self, unit: usize) -> Vec<usize> {
        if self.own.dead[unit] {
            return Vec::new();
        }
        let mut candidates: Vec<usize> =
            (0..self.other.dead.len()).filter(|&candidate| !self.other.dead[candidate]).collect();
        let r = |candidate: usize| self.r[(unit, candidate)].abs();
        candidates.sort_by(|&one, &two| r(two).total_cmp(&r(one)).then(one.cmp(&two)));
        candidates
    }

    /// The first of them.
    fn first(&self, unit: usize) -> Option<usize> {
        self.candidates(unit).first().copied()
    }

    fn matches(&self, unit: usize, back: &Self, config: &MatchConfig) -> UnitMatches {
        let candidates = self.candidates(unit);
        let candidate = |&candidate: &usize| Candidate {
            unit: candidate,
            pearson: self.r[(unit, candidate)].clamp(-1.0, 1.0),
            spearman: self.own.rank_correlation(unit, self.other, candidate),
        };
        let best: Vec<Candidate> = candidates.iter().take(config.n_best).map(candidate).collect();
        let by_chance = &self.by_chance[unit];
        let share = |highest: &Candidate| {
            // rounding of a sum over micrographs must not distinguish equal ones
            let n = by_chance.iter().filter(|chance| **chance >= highest.pearson.abs() - 1e-12).count();
            (n + 1) as f64 / (by_chance.len() + 1) as f64
        };
        let level = |_: &Candidate| {
            let mut sorted = by_chance.clone();
            sorted.sort_by(f64::total_cmp);
            quantile(&sorted, config.chance_share)
        };
        UnitMatches {
            unit,
            dead: self.own.dead[unit],
            mutual: candidates.first().is_some_and(|&first| back.first(first) == Some(unit)),
            chance_level: best.first().map(level),
            p: best.first().map(share),
            best,
        }
    }

    fn layer(&self, name: &str, back: &Self, config: &MatchConfig) -> MatchedLayer {
        let units: Vec<UnitMatches> =
            (0..self.own.dead.len()).into_par_iter().map(|unit| self.matches(unit, back, config)).collect();
        let bests: Vec<f64> =
            units.iter().filter_map(|unit| unit.best.first()).map(|best| best.pearson.abs()).collect();
        let matched = units.iter().filter(|unit| !unit.best.is_empty());
        let by_chance: Vec<f64> = matched.flat_map(|unit| &self.by_chance[unit.unit]).copied().collect();
        let mean =
            |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        MatchedLayer {
            name: name.to_owned(),
            n_dead: units.iter().filter(|unit| unit.dead).count(),
            n_above_chance: units.iter().filter(|unit| unit.above_chance()).count(),
            mean_best: mean(&bests),
            mean_best_by_chance: mean(&by_chance),
            units,
        }
    }
}

/// For both layers the best |r| of each unit in each shuffle, `[unit][n_shuffles]`.
///
/// Micrographs of B are laid in a row, its groups in random order, and held against those of A in
/// their own order; for groups of one size this is a permutation of groups.
fn best_by_chance([a, b]: [&Units; 2], groups: &Groups, config: &MatchConfig) -> [Vec<Vec<f64>>; 2] {
    let order: Vec<usize> = groups.order().collect();
    let of_a = a.standard.select_columns(&order);
    // [shuffle][unit], of A and of B
    let shuffles: Vec<[Vec<f64>; 2]> = (0..config.n_shuffles as u64)
        .into_par_iter()
        .map(|index| {
            let mut stream = Stream::new(config.seed, "matching: shuffled micrographs", index);
            let order: Vec<usize> = groups.shuffled(&mut stream).collect();
            let r = product(&of_a, &b.standard.select_columns(&order));
            let highest = |values: &mut dyn Iterator<Item = &f64>| values.fold(0.0, |m, r| r.abs().max(m));
            let of_a = r.row_iter().map(|row| highest(&mut row.iter())).collect();
            let of_b = r.column_iter().map(|column| highest(&mut column.iter())).collect();
            [of_a, of_b]
        })
        .collect();
    [(0, a), (1, b)].map(|(side, units)| {
        let of_unit = |unit: usize| shuffles.iter().map(|shuffle| shuffle[side][unit]).collect();
        (0..units.dead.len()).map(of_unit).collect()
    })
}
