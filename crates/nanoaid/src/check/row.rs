//! Row: how far one thing is off, and whether that is within its bound.

use serde::Serialize;

/// How one thing that is compared came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckPart {
    /// What is compared, e.g. `output`, `gradient of the weights`, a layer.
    pub of: String,
    /// Largest difference in shares of the largest expected value; `None` if a value is not finite.
    pub deviation: Option<f64>,
}

impl CheckPart {
    /// `found` against `expected`.
    pub(super) fn of(what: impl Into<String>, found: &[f32], expected: &[f64]) -> Self {
        Self { of: what.into(), deviation: deviation(found, expected) }
    }
}

/// Largest difference between `found` and `expected` in shares of the largest expected value; `None` if a value
/// is not finite, or their numbers differ.
pub(super) fn deviation(found: &[f32], expected: &[f64]) -> Option<f64> {
    let finite =
        found.iter().all(|value| value.is_finite()) && expected.iter().all(|value| value.is_finite());
    if !finite || found.len() != expected.len() {
        return None;
    }
    let scale = expected.iter().fold(0.0, |scale: f64, value| scale.max(value.abs()));
    let pairs = found.iter().zip(expected);
    let largest = pairs.map(|(found, expected)| (f64::from(*found) - expected).abs()).fold(0.0, f64::max);
    Some(if scale > 0.0 { largest / scale } else { largest })
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Every deviation is within the bound.
    Within,
    /// One is not.
    Beyond,
    /// A value is infinite or no number.
    NotFinite,
    /// The device gave up; what it said.
    Failed(String),
    /// Not computed here; why.
    NotRun(String),
}

impl CheckOutcome {
    /// Whether it is a fault of the device.
    pub fn is_problem(&self) -> bool {
        !matches!(self, Self::Within | Self::NotRun(_))
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckRow {
    /// Which kind of thing.
    pub group: String,
    /// The thing.
    pub name: String,
    /// Largest deviation of its parts, in shares of the largest expected value.
    pub deviation: Option<f64>,
    /// The part that deviates most.
    pub largest_in: Option<String>,
    /// Largest deviation that passes.
    pub bound: f64,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// All that was compared.
    pub parts: Vec<CheckPart>,
}

impl CheckRow {
    /// A row of what was found: `Ok(Err(_))` says why it was not computed, `Err(_)` with what it failed.
    pub(super) fn new(
        group: &str,
        name: String,
        bound: f64,
        found: Result<Result<Vec<CheckPart>, String>, String>,
    ) -> Self {
        let (parts, outcome) = match found {
            Err(message) => (Vec::new(), Some(CheckOutcome::Failed(message))),
            Ok(Err(reason)) => (Vec::new(), Some(CheckOutcome::NotRun(reason))),
            Ok(Ok(parts)) => (parts, None),
        };
        let worst = parts.iter().max_by(|a, b| {
            let [a, b] = [a, b].map(|part| part.deviation.unwrap_or(f64::INFINITY));
            a.total_cmp(&b)
        });
        let deviation = worst.and_then(|part| part.deviation);
        let outcome = outcome.unwrap_or(match deviation {
            None => CheckOutcome::NotFinite,
            Some(deviation) if deviation <= bound => CheckOutcome::Within,
            Some(_) => CheckOutcome::Beyond,
        });
        let largest_in = worst.map(|part| part.of.clone());
        Self { group: group.to_owned(), name, deviation, largest_in, bound, outcome, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(parts: Vec<CheckPart>) -> CheckRow {
        CheckRow::new("group", "name".to_owned(), 0.1, Ok(Ok(parts)))
    }

    #[test]
    fn a_deviation_is_a_share_of_the_largest_value() {
        assert_eq!(deviation(&[1.0, -4.5], &[1.0, -4.0]), Some(0.125));
        assert_eq!(deviation(&[0.0], &[0.0]), Some(0.0));
        assert_eq!(deviation(&[0.5], &[0.0]), Some(0.5));
        for wrong in [f32::NAN, f32::INFINITY] {
            assert_eq!(deviation(&[wrong, 1.0], &[1.0, 1.0]), None);
        }
        assert_eq!(deviation(&[1.0], &[1.0, 1.0]), None);
    }

    #[test]
    fn a_row_is_as_bad_as_its_worst_part() {
        let part = |of: &str, found: f32| CheckPart::of(of, &[found], &[1.0]);
        assert_eq!(row(vec![part("a", 1.0)]).outcome, CheckOutcome::Within);
        let beyond = row(vec![part("a", 1.0), part("b", 1.5), part("c", 1.2)]);
        assert_eq!((beyond.outcome, beyond.largest_in.as_deref()), (CheckOutcome::Beyond, Some("b")));
        let not_finite = row(vec![part("a", 1.5), part("b", f32::NAN)]);
        assert_eq!((not_finite.outcome.clone(), not_finite.deviation), (CheckOutcome::NotFinite, None));
        assert!(not_finite.outcome.is_problem());
        let failed = CheckRow::new("group", "name".to_owned(), 0.1, Err("lost".to_owned()));
        assert!(failed.outcome.is_problem());
        let not_run = CheckRow::new("group", "name".to_owned(), 0.1, Ok(Err("off".to_owned())));
        assert!(!not_run.outcome.is_problem());
    }
}
