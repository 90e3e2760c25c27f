//! Summary: how well each method explains over several micrographs, beside the controls.

use std::collections::BTreeMap;

use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::control::Control;
use super::faithfulness::Faithfulness;
use super::file::ExplainRecord;
use super::fill::Fill;
use super::gradient::mean;
use crate::data::dataset::{Dataset, Origin};
use crate::output::csv_text;
use crate::record::Input;

/// Groups from which on an interval is given.
const LEAST_GROUPS: usize = 5;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// A method or control over several micrographs, for one fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodSummary {
    /// Its name.
    pub name: String,
    /// Whether it knows nothing of the network.
    pub is_control: bool,
    /// What stands where parts are removed.
    pub fill: Fill,
    /// Micrographs.
    pub n: usize,
    /// Groups that they are of.
    pub n_groups: usize,
    /// Mean area under the deletion curve.
    pub deletion: f64,
    /// Mean area under the insertion curve.
    pub insertion: f64,
    /// Mean of insertion less deletion, 0 for a random order where every part counts by itself.
    pub gain: f64,
    /// Its 95 % interval, by a bootstrap over groups; `None` of fewer than 5, over which it would mean nothing.
    pub interval: Option<(f64, f64)>,
    /// Micrographs on which it gains more than each control, in the order of [`Control::ALL`].
    pub better_than: Vec<usize>,
}

/// The group of each of `records` in `dataset`, as of a laboratory or a paper; `None` where it does not list the micrograph, or gives it
/// no group.
pub fn groups_in(dataset: &Dataset, records: &[(String, ExplainRecord)]) -> Vec<Option<String>> {
    let mut groups = BTreeMap::new();
    for entry in &dataset.entries {
        if let (Origin::File(path), Some(group)) = (&entry.origin, &entry.group)
            && let Ok(path) = path.canonicalize()
        {
            groups.insert(path, group);
        }
    }
    let of = |(_, record): &(String, ExplainRecord)| match &record.record.input {
        Some(Input::File { path, .. }) => {
            path.canonicalize().ok().and_then(|path| groups.get(&path)).map(|group| (*group).clone())
        }
        _ => None,
    };
    records.iter().map(of).collect()
}

/// Each method and control of `records`, which have the same methods and fills; `groups` are those of the records, as from
/// [`groups_in`]; one without is a group of its own, and so is each where `groups` is `None`.
///
/// # Panics
/// If there is not one group a record.
pub fn summary(records: &[ExplainRecord], groups: Option<&[Option<String>]>) -> Vec<MethodSummary> {
    // of those that have one the name, of others the place
    let group_of = |at: usize| groups.and_then(|groups| groups[at].clone()).ok_or(at);
    let Some(first) = records.first() else { return Vec::new() };
    let found = &first.explanation;
    let n_methods = found.methods.len();
    let mut fills: Vec<Fill> = Vec::new();
    for one in records.iter().filter_map(|record| record.explanation.methods.first()) {
        for fill in one.faithfulness.iter().map(|of| of.fill) {
            if !fills.contains(&fill) {
                fills.push(fill);
            }
        }
    }
    let mut all = Vec::new();
    for &fill in &fills {
        // [micrograph][methods, then controls]
        let of = records.iter().enumerate().filter_map(|(at, record)| Some((at, of_fill(record, fill)?)));
        let (places, of): (Vec<usize>, Vec<Vec<&Faithfulness>>) =
            of.filter(|(_, row)| row.len() == n_methods + found.controls.len()).unzip();
        if of.is_empty() {
            continue;
        }
        let names = found.methods.iter().map(|one| one.method.to_string());
        let names = names.chain(found.controls.iter().map(|one| one.control.to_string()));
        for (index, name) in names.enumerate() {
            let gains: Vec<f64> = of.iter().map(|row| row[index].insertion - row[index].deletion).collect();
            let mut by_group: BTreeMap<Result<String, usize>, Vec<f64>> = BTreeMap::new();
            for (&at, &gain) in places.iter().zip(&gains) {
                by_group.entry(group_of(at)).or_default().push(gain);
            }
            let by_group: Vec<Vec<f64>> = by_group.into_values().collect();
            let better = (n_methods..n_methods + found.controls.len()).map(|control| {
                let rival = of.iter().map(|row| row[control].insertion - row[control].deletion);
                gains.iter().zip(rival).filter(|(own, rival)| *own > rival).count()
            });
            let of_each = |value: fn(&Faithfulness) -> f64| -> f64 {
                mean(&of.iter().map(|row| value(row[index])).collect::<Vec<_>>())
            };
            all.push(MethodSummary {
                name,
                is_control: index >= n_methods,
                fill,
                n: of.len(),
                n_groups: by_group.len(),
                deletion: of_each(|one| one.deletion),
                insertion: of_each(|one| one.insertion),
                gain: mean(&gains),
                interval: (by_group.len() >= LEAST_GROUPS).then(|| bootstrapped(&by_group)),
                better_than: better.collect(),
            });
        }
    }
    all
}

/// A row for each method, control and fill.
pub fn summary_csv(all: &[MethodSummary]) -> String {
    let mut head: Vec<String> =
        ["map", "fill", "n", "groups", "deletion", "insertion", "gain", "gain_low", "gain_high"]
            .map(str::to_owned)
            .into();
    head.extend(Control::ALL.iter().map(|control| format!("better than {control}")));
    let rows = all.iter().map(|one| {
        let mut row =
            vec![one.name.clone(), one.fill.name().to_owned(), one.n.to_string(), one.n_groups.to_string()];
        row.extend([one.deletion, one.insertion, one.gain].map(|number| format!("{number:.4}")));
        let ends = one.interval.map(|(low, high)| [low, high].map(|end| format!("{end:.4}")));
        row.extend(ends.unwrap_or_default());
        row.extend(one.better_than.iter().map(ToString::to_string));
        row
    });
    csv_text(&head, rows)
}

/// Of all methods, then of all controls of a micrograph; `None` where removing everything did not change its score.
fn of_fill(record: &ExplainRecord, fill: Fill) -> Option<Vec<&Faithfulness>> {
    let found = &record.explanation;
    let all = found.methods.iter().map(|one| &one.faithfulness);
    let all = all.chain(found.controls.iter().map(|one| &one.faithfulness));
    all.map(|of| of.iter().find(|one| one.fill == fill)).collect()
}

/// 95 % interval of the mean over all values, whose groups are drawn.
fn bootstrapped(groups: &[Vec<f64>]) -> (f64, f64) {
    let mut stream = Stream::new(0, "summary-of-explanations", 0);
    let mut resampled = || {
        let drawn: Vec<&Vec<f64>> = (0..groups.len()).map(|_| &groups[stream.below(groups.len())]).collect();
        let n: usize = drawn.iter().map(|group| group.len()).sum();
        drawn.iter().copied().flatten().sum::<f64>() / n as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resampled()).collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_near_that_of_its_standard_error() {
        let alone: Vec<Vec<f64>> = (0..100).map(|at| vec![f64::from(at % 10)]).collect();
        // standard deviation 2.87, of the mean of 100 0.287
        assert_near(bootstrapped(&alone), 0.287);
        // ten groups of alike values say no more than ten values
        let groups: Vec<Vec<f64>> = (0..10).map(|at| vec![f64::from(at); 10]).collect();
        assert_near(bootstrapped(&groups), 0.908);
    }

    /// Ends at 4.5 ± 1.96 `error`, within a tenth of that, which 2000 resamples leave uncertain.
    fn assert_near((low, high): (f64, f64), error: f64) {
        let half = 1.96 * error;
        assert!((low - (4.5 - half)).abs() < 0.1 * half.max(0.8), "{low}");
        assert!((high - (4.5 + half)).abs() < 0.1 * half.max(0.8), "{high}");
    }
}
