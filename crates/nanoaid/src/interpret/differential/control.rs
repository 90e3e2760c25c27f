//! Negative controls: the same contrast where nothing should be found.
//!
//! Labels shuffled among groups show whether the stated share of false discoveries is kept for these
//! units, with their dependences, and these groups, with their sizes. Other tables (of a network of
//! random weights, or of the data bar alone) show what distinguishes classes without anything having
//! been learnt of the specimen: there units *may* be found, and a finding on the network proper is
//! worth only what it has beyond.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    DifferentialConfig, DifferentialError, LabelledValues, Question, Ranked, SCHEMA_VERSION, Side,
    UnitDifference, design, discovery, measured, p_values, shuffles,
};
use crate::evaluate::classifier::{Interval, wilson};

/// What is found where nothing should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// Version of this form.
    pub schema_version: u32,
    /// How they were made.
    pub config: DifferentialConfig,
    /// The same values with shuffled labels.
    pub shuffled: ShuffledControl,
    /// Other values, with the labels as they are.
    pub others: Vec<OtherControl>,
}

/// Contrasts with labels shuffled among groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShuffledControl {
    /// Runs, each with labels of its own.
    pub n_runs: usize,
    /// Runs in which any unit was found.
    pub n_reporting: usize,
    /// Their share; should be about `config.false_share` or less.
    pub share: f64,
    /// Wilson interval of that share.
    pub interval: Interval,
    /// Most units that were found in one run.
    pub most_found: usize,
}

/// The contrast on another table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherControl {
    /// What the table is of.
    pub name: String,
    /// Side A in it.
    pub a: Side,
    /// Side B in it.
    pub b: Side,
    /// Its units.
    pub n_units: usize,
    /// Units with one value for all micrographs.
    pub n_dead: usize,
    /// Units with `q` of at most `config.false_share`.
    pub n_found: usize,
    /// Largest distance of an AUC from 0.5, 0 to 0.5.
    pub largest_distance: f64,
}

/// Makes the contrast of `question` with shuffled labels, and on the `others`, each with its name.
///
/// The others have micrographs of their own, since not each has a data bar.
pub fn controls(
    labelled: &LabelledValues<'_>,
    question: &Question,
    others: &[(&str, LabelledValues<'_>)],
    config: &DifferentialConfig,
) -> Result<Controls, DifferentialError> {
    let config = config.clone().checked()?;
    let shuffled = shuffled(labelled, question, &config)?;
    let others = others.iter().map(|(name, table)| other_control(name, table, question, &config));
    let others = others.collect::<Result<_, _>>()?;
    Ok(Controls { schema_version: SCHEMA_VERSION, config, shuffled, others })
}

fn shuffled(
    labelled: &LabelledValues<'_>,
    question: &Question,
    config: &DifferentialConfig,
) -> Result<ShuffledControl, DifferentialError> {
    let (design, _) = design(labelled, question)?;
    let shuffles = shuffles(&design, config);
    let n_runs = config.n_control_runs;
    let labellings = design.shuffles(n_runs, config.seed, "contrast: labels of control runs");
    // [unit][run]
    let p: Vec<Vec<f64>> = (0..labelled.values.n_units())
        .into_par_iter()
        .map(|unit| {
            let ranked = Ranked::of(&design, &labelled.values, unit);
            if ranked.constant() {
                return vec![1.0; n_runs];
            }
            p_values(&design, &ranked, &shuffles, &labellings)
        })
        .collect();
    let n_found = |run: usize| {
        let p: Vec<f64> = p.iter().map(|of_unit| of_unit[run]).collect();
        discovery::q_values(&p).iter().filter(|q| **q <= config.false_share).count()
    };
    let found: Vec<usize> = (0..n_runs).into_par_iter().map(n_found).collect();
    let n_reporting = found.iter().filter(|n| **n > 0).count();
    Ok(ShuffledControl {
        n_runs,
        n_reporting,
        share: n_reporting as f64 / n_runs as f64,
        interval: wilson(n_reporting, n_runs, config.interval).expect("there is at least one run"),
        most_found: found.into_iter().max().unwrap_or(0),
    })
}

/// The contrast of `question` on another table, `name`: how many units differ there.
///
/// # Errors
/// If the table cannot answer the question.
pub fn other_control(
    name: &str,
    labelled: &LabelledValues<'_>,
    question: &Question,
    config: &DifferentialConfig,
) -> Result<OtherControl, DifferentialError> {
    let (design, [a, b]) = design(labelled, question)?;
    let units = measured(&design, &labelled.values, &[], config);
    let count = |due: &dyn Fn(&UnitDifference) -> bool| units.iter().filter(|unit| due(unit)).count();
    Ok(OtherControl {
        name: name.to_owned(),
        a,
        b,
        n_units: units.len(),
        n_dead: count(&|unit| unit.dead),
        n_found: count(&|unit| unit.q <= config.false_share),
        largest_distance: units.iter().map(|unit| (unit.auc.value - 0.5).abs()).fold(0.0, f64::max),
    })
}
