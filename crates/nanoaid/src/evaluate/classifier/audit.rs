//! The shortcut audit: does the network read the data bar instead of the specimen?
//!
//! Magnification, detector and instrument are written in the data bar and correlate with the class, so a network may
//! learn to read them. The same network is scored on the same micrographs four times: whole, the data bar alone, an
//! equal strip from the top (the control: how well a narrow strip of specimen is classified), and without the bar. All
//! differences are of pairs, over the same resampled groups.
//!
//! What the audit cannot detect: a class of which more micrographs *have* a bar than of others, marks
//! inside the specimen, and habits of an operator (contrast, magnification) that are in the pixels.

use serde::{Deserialize, Serialize};

use super::chance::Chance;
use super::groups::{Estimate, Groups};
use super::scores::Confusion;
use super::{EvaluateConfig, EvaluateError, SCHEMA_VERSION, Scored, check};

/// Groups with a data bar below which there is no verdict: intervals over fewer are too narrow.
const FEWEST_GROUPS: usize = 20;

/// The same micrographs, scored by one network in four ways.
#[derive(Clone, Copy, Debug)]
pub struct AuditSets<'a> {
    /// Whole micrographs, those of the test split that have a data bar.
    pub full: &'a [Scored],
    /// The data bar alone.
    pub strip: &'a [Scored],
    /// A strip of the same height from the top.
    pub top: &'a [Scored],
    /// Without the data bar.
    pub without: &'a [Scored],
    /// Test micrographs that have no data bar, so are not in the sets.
    pub n_without_bar: usize,
}

/// Figures of the four ways, and what follows from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Version of this form, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How it was evaluated.
    pub config: EvaluateConfig,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Test micrographs with a data bar.
    pub n_images: usize,
    /// Groups among them.
    pub n_groups: usize,
    /// Test micrographs without one, which the audit does not cover.
    pub n_without_bar: usize,
    /// Scored whole.
    pub full: Look,
    /// Scored on the data bar alone.
    pub strip: Look,
    /// Scored on an equal strip from the top.
    pub top: Look,
    /// Scored without the data bar.
    pub without: Look,
    /// How much better the bar is classified than a strip of specimen.
    pub strip_minus_top: Difference,
    /// What is lost without the bar.
    pub full_minus_without: Difference,
    /// What follows.
    pub verdict: Verdict,
}

/// How well the micrographs are classified in one of the four ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Share classified correctly.
    pub accuracy: Estimate,
    /// Mean F1 of the classes that have micrographs.
    pub macro_f1: Estimate,
    /// Recall of each class, `[n_classes]`; absent without micrographs.
    pub recall: Vec<Option<f64>>,
    /// How often shuffled labels reach the same accuracy.
    pub chance: Chance,
}

/// A difference of two looks at the same micrographs; its interval is that of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Of the accuracies, −1 to 1.
    pub accuracy: Estimate,
    /// Of the macro-F1, −1 to 1.
    pub macro_f1: Estimate,
}

/// What follows from an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Verdict {
    /// The network reads the data bar.
    Shortcut {
        /// The evidence; at least one item.
        evidence: Vec<Evidence>,
    },
    /// No sign of it. The upper ends of the two differences' intervals say how large a shortcut
    /// could still be.
    Clean,
    /// No verdict is possible.
    Undecided {
        /// Why.
        reason: Undecided,
    },
}

/// A sign that the network reads the data bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The bar alone is classified better than the strip from the top (the interval of the difference lies above 0)
    /// and better than chance.
    StripTellsClasses,
    /// Without the bar the network is worse (the interval of the difference lies above 0).
    WorseWithoutStrip,
}

/// Why an audit has no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Undecided {
    /// Too few groups have a data bar.
    TooFewGroups {
        /// How many have one.
        n_groups: usize,
        /// How many are needed.
        needed: usize,
    },
    /// All micrographs with a data bar are of one class.
    OneClass,
    /// Whole micrographs are classified no better than chance, so there is no accuracy that a shortcut could explain.
    AtChance {
        /// How often shuffled labels reach the same accuracy.
        p_value: f64,
    },
}

/// Audits a classifier of `classes` by its logits for the same micrographs seen in four ways.
///
/// The four sets hold the same files, in any order, with the same classes and groups. Empty sets are
/// an error ([`EvaluateError::Empty`]): without a data bar on any micrograph an audit is not possible.
pub fn audit(
    classes: &[String],
    sets: AuditSets<'_>,
    config: &EvaluateConfig,
) -> Result<Audit, EvaluateError> {
    let config = config.clone().checked()?;
    let order = sorted("full", classes, sets.full)?;
    let paired = |part, scored| -> Result<Vec<Scored>, EvaluateError> {
        let sorted = sorted(part, classes, scored)?;
        same_micrographs(part, &order, &sorted)?;
        Ok(sorted)
    };
    let looks = [paired("strip", sets.strip)?, paired("top", sets.top)?, paired("without", sets.without)?];
    let [strip, top, without] = looks;
    let groups = Groups::of(&order);
    let resamples: Vec<Vec<usize>> = groups.resamples(&config).collect();
    let look = |scored: &[Scored]| Resampled::of(classes, scored, &groups, &resamples, &config);
    let [full, strip, top, without] = [look(&order), look(&strip), look(&top), look(&without)];
    let difference = |a: &Resampled, b: &Resampled| {
        let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let estimate = |a: Estimate, b: Estimate, all| groups.estimate(a.value - b.value, all, &config);
        Difference {
            accuracy: estimate(a.look.accuracy, b.look.accuracy, minus(&a.accuracies, &b.accuracies)),
            macro_f1: estimate(a.look.macro_f1, b.look.macro_f1, minus(&a.macro_f1s, &b.macro_f1s)),
        }
    };
    let mut audit = Audit {
        schema_version: SCHEMA_VERSION,
        classes: classes.to_vec(),
        n_images: order.len(),
        n_groups: groups.len(),
        n_without_bar: sets.n_without_bar,
        strip_minus_top: difference(&strip, &top),
        full_minus_without: difference(&full, &without),
        full: full.look,
        strip: strip.look,
        top: top.look,
        without: without.look,
        config,
        verdict: Verdict::Clean,
    };
    audit.verdict = verdict(&audit);
    Ok(audit)
}

fn verdict(audit: &Audit) -> Verdict {
    let n_groups = audit.n_groups;
    if n_groups < FEWEST_GROUPS {
        let reason = Undecided::TooFewGroups { n_groups, needed: FEWEST_GROUPS };
        return Verdict::Undecided { reason };
    }
    if audit.full.recall.iter().flatten().count() == 1 {
        return Verdict::Undecided { reason: Undecided::OneClass };
    }
    let chance = 1.0 - audit.config.interval;
    let strip_tells = audit.strip_minus_top.accuracy.above(0.0) && audit.strip.chance.p_value < chance;
    let worse_without = audit.full_minus_without.accuracy.above(0.0);
    let evidence: Vec<Evidence> = [
        strip_tells.then_some(Evidence::StripTellsClasses),
        worse_without.then_some(Evidence::WorseWithoutStrip),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !evidence.is_empty() {
        return Verdict::Shortcut { evidence };
    }
    let p_value = audit.full.chance.p_value;
    if p_value < chance {
        Verdict::Clean
    } else {
        Verdict::Undecided { reason: Undecided::AtChance { p_value } }
    }
}

/// A look, with its figures for each resample.
struct Resampled {
    look: Look,
    accuracies: Vec<f64>,
    macro_f1s: Vec<f64>,
}

impl Resampled {
    fn of(
        classes: &[String],
        scored: &[Scored],
        groups: &Groups,
        resamples: &[Vec<usize>],
        config: &EvaluateConfig,
    ) -> Self {
        let n_classes = classes.len();
        let all = Confusion::of(n_classes, scored, groups.order());
        let (accuracies, macro_f1s): (Vec<f64>, Vec<f64>) = resamples
            .iter()
            .map(|images| Confusion::of(n_classes, scored, images.iter().copied()))
            .map(|confusion| (confusion.accuracy(), confusion.macro_f1()))
            .unzip();
        let look = Look {
            accuracy: groups.estimate_share(all.accuracy(), accuracies.clone(), config),
            macro_f1: groups.estimate_share(all.macro_f1(), macro_f1s.clone(), config),
            recall: (0..n_classes).map(|class| all.recall(class)).collect(),
            chance: Chance::of(classes, scored, groups, config),
        };
        Self { look, accuracies, macro_f1s }
    }
}

/// The micrographs of a set in the order of their files.
fn sorted(part: &str, classes: &[String], scored: &[Scored]) -> Result<Vec<Scored>, EvaluateError> {
    check(classes, part, scored)?;
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(sorted)
}

/// An error unless both, in the order of their files, hold the same ones.
fn same_micrographs(part: &str, full: &[Scored], other: &[Scored]) -> Result<(), EvaluateError> {
    let key = |scored: &Scored| (scored.file.clone(), scored.group.clone(), scored.category);
    let differs = (0..full.len().max(other.len())).find(|&i| full.get(i).map(key) != other.get(i).map(key));
    let Some(index) = differs else { return Ok(()) };
    let file = other.get(index).or(full.get(index)).map_or(String::new(), |scored| scored.file.clone());
    Err(EvaluateError::NotTheSame { part: part.to_owned(), file })
}

#[cfg(test)]
mod tests {
    use micrograph::random::Stream;

    use super::*;

    /// What the network of a test can see in an area of a micrograph.
    #[derive(Clone, Copy)]
    enum Tells {
        /// The right class, with this probability; else any class.
        Class(f64),
        /// Whether it is class 0; of the others it says class 1.
        OnlyFirst,
        /// Always a wrong class.
        Wrong,
    }

    fn classes() -> Vec<String> {
        ["fibres", "powder", "tips", "films"].map(String::from).to_vec()
    }

    /// Scores of 60 micrographs of four classes, in pairs of one group.
    fn scored(tells: Tells, seed: u64, purpose: &str) -> Vec<Scored> {
        let mut stream = Stream::new(seed, purpose, 0);
        let one = |index: usize| {
            let category = index / 2 % 4;
            let said = match tells {
                Tells::Class(share) if stream.uniform() < share => category,
                Tells::Class(_) => stream.below(4),
                Tells::OnlyFirst => usize::from(category != 0),
                Tells::Wrong => (category + 1) % 4,
            };
            let logits = (0..4).map(|class| f64::from(u8::from(class == said))).collect();
            Scored { file: format!("{index:02}.png"), group: format!("{}", index / 2), category, logits }
        };
        (0..60).map(one).collect()
    }

    /// An audit of a network that sees this in the full micrograph, strip, top and the rest.
    fn audited(tells: [Tells; 4], seed: u64) -> Audit {
        let purposes = ["full", "strip", "top", "without"];
        let [full, strip, top, without] = std::array::from_fn(|i| scored(tells[i], seed, purposes[i]));
        let sets = AuditSets { full: &full, strip: &strip, top: &top, without: &without, n_without_bar: 7 };
        audit(&classes(), sets, &EvaluateConfig::default()).unwrap()
    }

    #[test]
    fn a_planted_shortcut_is_caught() {
        use Evidence::{StripTellsClasses, WorseWithoutStrip};
        use Tells::{Class, OnlyFirst};
        let nothing = Class(0.0);
        let cases = [
            (
                "all from the bar",
                [Class(1.0), Class(1.0), nothing, nothing],
                vec![StripTellsClasses, WorseWithoutStrip],
            ),
            ("also from the bar", [Class(0.9), Class(0.6), nothing, Class(0.9)], vec![StripTellsClasses]),
            ("the bar helps", [Class(1.0), nothing, nothing, Class(0.6)], vec![WorseWithoutStrip]),
            ("a mark on one class", [Class(1.0), OnlyFirst, nothing, Class(1.0)], vec![StripTellsClasses]),
        ];
        for (name, tells, evidence) in cases {
            let audit = audited(tells, 0);
            assert_eq!(audit.verdict, Verdict::Shortcut { evidence }, "{name}: {audit:#?}");
            assert_eq!((audit.n_images, audit.n_groups, audit.n_without_bar), (60, 30, 7));
        }
    }

    #[test]
    fn a_clean_set_passes() {
        // a network that sees the specimen: whole or without the bar alike, a strip of specimen says
        // a little, the bar nothing. False alarms: the difference full − without lies above 0 by
        // chance in 2.5 %, the other sign is rarer; 5 or more of 40 have a probability below 1 %
        let tells = [Tells::Class(0.85), Tells::Class(0.0), Tells::Class(0.3), Tells::Class(0.85)];
        let n_caught = (0..40).filter(|&seed| audited(tells, seed).verdict != Verdict::Clean).count();
        assert!(n_caught < 5, "{n_caught} of 40 clean sets did not pass");
    }

    #[test]
    fn a_bar_that_only_beats_a_misleading_strip_is_no_shortcut() {
        let audit = audited([Tells::Class(1.0), Tells::Class(0.0), Tells::Wrong, Tells::Class(1.0)], 0);
        assert!(audit.strip_minus_top.accuracy.above(0.0) && audit.strip.chance.p_value > 0.05);
        assert_eq!(audit.verdict, Verdict::Clean);
    }

    #[test]
    fn nothing_is_decided_without_a_basis() {
        let [full, strip, top, without] =
            [Tells::Class(1.0), Tells::Class(1.0), Tells::Class(0.0), Tells::Class(0.0)]
                .map(|tells| scored(tells, 0, "basis"));
        let reason = |keep: &dyn Fn(&Scored) -> bool| {
            let kept = [&full, &strip, &top, &without]
                .map(|set| set.iter().filter(|image| keep(image)).cloned().collect::<Vec<_>>());
            let [full, strip, top, without] = &kept;
            let sets = AuditSets { full, strip, top, without, n_without_bar: 0 };
            audit(&classes(), sets, &EvaluateConfig::default()).unwrap().verdict
        };
        assert!(matches!(reason(&|_| true), Verdict::Shortcut { .. }));
        // 38 micrographs of 19 groups
        let too_few = Undecided::TooFewGroups { n_groups: 19, needed: FEWEST_GROUPS };
        assert_eq!(reason(&|image| image.file.as_str() < "38"), Verdict::Undecided { reason: too_few });
        let blind = audited([Tells::Class(0.0); 4], 2).verdict;
        assert!(matches!(blind, Verdict::Undecided { reason: Undecided::AtChance { .. } }), "{blind:?}");
    }

    #[test]
    fn micrographs_of_one_class_decide_nothing() {
        let mut full = scored(Tells::Class(1.0), 0, "one class");
        full.iter_mut().for_each(|image| image.category = 2);
        let sets = AuditSets { full: &full, strip: &full, top: &full, without: &full, n_without_bar: 0 };
        let verdict = audit(&classes(), sets, &EvaluateConfig::default()).unwrap().verdict;
        assert_eq!(verdict, Verdict::Undecided { reason: Undecided::OneClass });
    }

    #[test]
    fn differences_are_of_pairs() {
        // equal mistakes in both: the difference is certainly 0, however bad both are
        let same = scored(Tells::Class(0.4), 5, "pairs");
        let sets = AuditSets { full: &same, strip: &same, top: &same, without: &same, n_without_bar: 0 };
        let audit = audit(&classes(), sets, &EvaluateConfig::default()).unwrap();
        let certain = audit.full_minus_without.accuracy;
        assert_eq!((certain.value, certain.interval.unwrap().width()), (0.0, 0.0));
        assert!(audit.full.accuracy.interval.unwrap().width() > 0.1);
    }

    #[test]
    fn sets_of_different_micrographs_are_refused() {
        let full = scored(Tells::Class(1.0), 0, "full");
        let refused = |strip: &[Scored]| {
            let sets = AuditSets { full: &full, strip, top: &full, without: &full, n_without_bar: 0 };
            audit(&classes(), sets, &EvaluateConfig::default()).unwrap_err().to_string()
        };
        let changed = |change: &dyn Fn(&mut Vec<Scored>)| {
            let mut strip = full.clone();
            change(&mut strip);
            refused(&strip)
        };
        let expected = "expected the same file, class and group as among the full micrographs";
        let cases: [(String, &str); 4] = [
            (changed(&|set| drop(set.pop())), "strip: 59.png"),
            (changed(&|set| set[3].category = 0), "strip: 03.png"),
            (changed(&|set| set[3].group = "other".to_owned()), "strip: 03.png"),
            (changed(&|set| set[0].file = "00.tif".to_owned()), "strip: 00.tif"),
        ];
        for (found, file) in cases {
            assert_eq!(found, format!("{file}: {expected}"));
        }
        assert_eq!(refused(&[]), "strip: expected at least 1 micrograph, found none");
        let reversed: Vec<Scored> = full.iter().rev().cloned().collect();
        let sets = AuditSets { full: &full, strip: &reversed, top: &full, without: &full, n_without_bar: 0 };
        assert!(audit(&classes(), sets, &EvaluateConfig::default()).is_ok(), "any order is the same set");
    }
}
