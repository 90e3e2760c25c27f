//! Tests of the page of a classifier, with micrographs that are only names and logits.

use micrograph::paint::Picture;
use micrograph::random::Stream;
use nanoaid::Architecture;
use nanoaid::evaluate::classifier::{AbstentionPoint, AuditSets, EvaluateConfig, Scored, audit, evaluate};
use nanoaid::run::ClassifierSettings;
use nanoaid::train::{ClassifierConfig, TrainingCurve};

use super::*;

const CLASSES: [&str; 5] = ["fibres", "nanowires", "patterned_surface", "porous <sponge>", "powder"];
const SHARES: [f64; 5] = [0.9, 0.7, 0.95, 0.6, 0.75];

fn classes() -> Vec<String> {
    CLASSES.map(String::from).to_vec()
}

/// Micrographs of four classes, unequally many, and logits that classify them correctly `skill` times as often as
/// [`SHARES`] says; overconfident.
fn scored(n: usize, skill: f64, part: &str) -> Vec<Scored> {
    let mut stream = Stream::new(4, part, 0);
    (0..n)
        .map(|index| {
            let category = [0, 0, 0, 1, 1, 2, 2, 3, 4][index % 9];
            let sees = stream.uniform() < skill * SHARES[category];
            let said = if sees { category } else { stream.below(5) };
            let size = if sees { 6.0 } else { 4.0 };
            let logit = |class: usize, noise: f64| f64::from(u8::from(class == said)) * size + 1.5 * noise;
            let logits = (0..5).map(|class| logit(class, stream.normal())).collect();
            let file = format!("{}/image & {index:03}.png", CLASSES[category]);
            Scored { file, group: format!("{}", index / 2), category, logits }
        })
        .collect()
}

fn evaluated(test: &[Scored]) -> ClassifierReport {
    let mut validation = scored(60, 1.0, "validation");
    validation.iter_mut().for_each(|image| image.group += " of validation");
    evaluate(&classes(), test, &validation, &EvaluateConfig::default()).unwrap()
}

fn audited(strip: f64, without: f64) -> Audit {
    let [full, strip, top, without] = [(1.0, "test"), (strip, "strip"), (0.1, "top"), (without, "without")]
        .map(|(skill, part)| scored(90, skill, part));
    let sets = AuditSets { full: &full, strip: &strip, top: &top, without: &without, n_without_bar: 12 };
    audit(&classes(), sets, &EvaluateConfig::default()).unwrap()
}

/// A page of `report` and `audit`.
fn page_of(report: &ClassifierReport, audit: Option<&Audit>, mistakes: &BTreeMap<String, Vec<u8>>) -> String {
    let curve = TrainingCurve { rows: Vec::new(), best_epoch: 0 };
    let fits = Vec::new();
    let result =
        ClassifierResult { report: report.clone(), audit: audit.cloned(), curve, fits, left_out: None };
    let network = NetworkSummary { name: "our own".to_owned(), n_weights: 1234 };
    let architecture = Architecture::Compact(Default::default());
    let settings = ClassifierSettings { config: ClassifierConfig::default(), base: None, architecture };
    let settings = RunSettings::Classifier(Box::new(settings));
    let data = DataSummary { digest_sha256: "<b>0</b>".to_owned(), n_test: 90, ..DataSummary::default() };
    super::report(&ClassifierPage {
        result: &result,
        network: &network,
        settings: &settings,
        data: &data,
        mistakes,
    })
    .unwrap()
}

fn pictures(report: &ClassifierReport) -> BTreeMap<String, Vec<u8>> {
    let picture = |(index, mistake): (usize, &Prediction)| {
        let shade = 40 + 12 * (index as u8 % 16);
        (mistake.file.clone(), Picture::new(120, 160, [shade; 3]).png_bytes(None))
    };
    // one is missing
    report.worst_mistakes.iter().enumerate().skip(1).map(picture).collect()
}

fn html(strip: f64, without: f64) -> String {
    let found = evaluated(&scored(90, 1.0, "test"));
    page_of(&found, Some(&audited(strip, without)), &pictures(&found))
}

#[test]
fn the_page_shows_what_the_report_holds() {
    let found = evaluated(&scored(90, 1.0, "test"));
    let html = html(0.0, 1.0);
    for text in [
        "porous &lt;sponge&gt;",
        "image &amp; ",
        "&lt;b&gt;0&lt;/b&gt;",
        "random",
        "1234 weights",
        "90 for testing",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<sponge>") && !html.contains("src=\"http") && !html.contains(">NaN"));
    assert!(html.contains(&percent(found.accuracy.value)));
    assert!(found.warnings.iter().all(|warning| html.contains(&warning.to_string())), "{found:?}");
    let n_pictures = html.matches("data:image/png;base64,").count();
    assert_eq!(n_pictures, found.worst_mistakes.len() - 1, "one thumbnail is missing");
    let n_counts: usize = found.confusion.iter().flatten().filter(|count| **count > 0).count();
    let table = html.split("table class=\"matrix\"").nth(1).unwrap().split("</table>").next().unwrap();
    let filled = table.matches("%\">").count() - table.matches("%\"></td>").count();
    assert_eq!(filled, n_counts);
}

#[test]
fn a_temperature_that_does_not_hold_for_the_test_part_is_said_not_to() {
    let mut found = evaluated(&scored(90, 1.0, "test"));
    let words = "It does not hold for the test micrographs";
    let before = found.calibration.before.nll;
    for (nll, shown) in [(before - 0.1, false), (before + 0.1, true)] {
        found.calibration.after.as_mut().unwrap().nll = nll;
        let html = page_of(&found, None, &BTreeMap::new());
        assert_eq!(html.contains(words), shown, "{before} {nll}");
    }
}

#[test]
fn each_verdict_has_its_words() {
    let cases = [
        (1.0, 1.0, "Shortcut: the network reads the data bar."),
        (0.0, 1.0, "No sign of a shortcut through the data bar."),
    ];
    for (strip, without, words) in cases {
        assert!(html(strip, without).contains(words), "{words}");
    }
    let found = evaluated(&scored(90, 1.0, "test"));
    let mut undecided = audited(0.0, 1.0);
    for (reason, words) in [
        (Undecided::TooFewGroups { n_groups: 3, needed: 20 }, "3 groups of test micrographs have"),
        (Undecided::OneClass, "are of one class"),
        (Undecided::AtChance { p_value: 0.4 }, "with probability 0.40"),
    ] {
        undecided.verdict = Verdict::Undecided { reason };
        let html = page_of(&found, Some(&undecided), &BTreeMap::new());
        assert!(html.contains(words) && html.contains("Undecided."), "{words}");
    }
}

#[test]
fn a_report_without_audit_mistakes_or_intervals_is_a_page_too() {
    let mut test = scored(18, 1.0, "test");
    test.iter_mut().for_each(|image| {
        image.group = "one".to_owned();
        let right = image.category;
        image.logits.iter_mut().enumerate().for_each(|(class, logit)| {
            *logit = f64::from(u8::from(class == right));
        });
    });
    let found = evaluate(&classes(), &test, &[], &EvaluateConfig::default()).unwrap();
    let html = page_of(&found, None, &BTreeMap::new());
    assert!(html.contains("one group, so no interval") && html.contains("None."));
    assert!(!html.contains("Shortcut audit") && !html.contains("Where to abstain"));
}

#[test]
fn measured_shares_have_a_digit_and_chosen_ones_where_it_says_something() {
    let plain = |text: String| text.replace('\u{a0}', " ");
    for (share, text) in [(0.702, "70.2 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (0.999_99, "100.0 %")] {
        assert_eq!(plain(percent(share)), text);
    }
    for (share, text) in [(0.95, "95 %"), (0.999, "99.9 %")] {
        assert_eq!(plain(level(share)), text);
    }
    assert_eq!((p_text(0.000_999), p_text(1e-4)), ("0.001".to_owned(), "below 0.001".to_owned()));
}

#[test]
fn where_to_abstain_says_what_was_reached() {
    let point = |right: usize, kept: usize, interval: (f64, f64)| OperatingPoint {
        target: 0.9,
        validation: AbstentionPoint { min_confidence: 0.7, n_kept: 20, kept_share: 0.5, accuracy: 0.95 },
        n_kept: kept,
        kept_share: 0.1,
        accuracy: (kept > 0).then(|| right as f64 / kept as f64),
        interval: (kept > 0).then_some(Interval { low: interval.0, high: interval.1 }),
    };
    // Wilson's intervals of 95 %
    let cases = [
        (point(1, 2, (0.09, 0.91)), "50.0\u{a0}% (1 of 2)", "below what was wanted"),
        (point(10, 30, (0.19, 0.51)), "33.3\u{a0}% (10 of 30)", "not reached"),
        (point(3, 3, (0.44, 1.0)), "100.0\u{a0}% (3 of 3)", "reached, though so few leave room for less"),
        (point(100, 100, (0.96, 1.0)), "100.0\u{a0}% (100 of 100)", "reached"),
        (point(0, 0, (0.0, 1.0)), "none kept", "unknown"),
    ];
    for (point, reached, verdict) in cases {
        assert_eq!((reached_text(&point).as_str(), verdict_text(&point)), (reached, verdict));
    }
}
