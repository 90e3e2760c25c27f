//! Tests of a report as a whole: figures of scikit-learn, intervals that hold what they should,
//! warnings, files, and what is refused.

use micrograph::random::Stream;

use super::*;

fn names(n: usize) -> Vec<String> {
    ["fibres", "powder", "tips", "films"][..n].iter().map(ToString::to_string).collect()
}

/// Eleven micrographs of the first three of four classes, each its own group.
fn table() -> Vec<Scored> {
    let rows: [(usize, [f64; 4]); 11] = [
        (0, [2.0, 1.0, 0.0, -1.0]),
        (0, [0.0, 3.0, 1.0, -1.0]),
        (0, [4.0, 0.0, 0.0, -2.0]),
        (0, [1.0, 0.5, 0.0, 0.0]),
        (1, [0.0, 2.0, 1.0, 0.0]),
        (1, [0.0, 1.0, 2.5, 0.0]),
        (1, [-1.0, 2.0, 0.0, 0.0]),
        (2, [0.0, 1.0, 3.0, 0.0]),
        (2, [2.5, 0.0, 1.0, 0.0]),
        (2, [0.0, 0.0, 1.0, 2.0]),
        (2, [0.0, 0.0, 2.0, 0.0]),
    ];
    let scored = |(index, (category, logits)): (usize, &(usize, [f64; 4]))| {
        let file = format!("{index:02}.png");
        Scored { group: file.clone(), file, category: *category, logits: logits.to_vec() }
    };
    rows.iter().enumerate().map(scored).collect()
}

/// The same micrographs twice, under other names: validation micrographs of the same likelihood.
fn table_twice() -> Vec<Scored> {
    let copies = ["a", "b"].map(|name| {
        table().into_iter().map(move |image| {
            let file = format!("{name}/{}", image.file);
            Scored { group: file.clone(), file, ..image }
        })
    });
    copies.into_iter().flatten().collect()
}

/// `n_groups` groups of `size` like micrographs of two classes, each group classified correctly with
/// probability `accuracy`.
fn drawn(n_groups: usize, size: usize, accuracy: f64, seed: u64) -> Vec<Scored> {
    let mut stream = Stream::new(seed, "judge test", 0);
    let group = |group: usize| {
        let category = group % 2;
        let said = if stream.uniform() < accuracy { category } else { 1 - category };
        let logits = vec![f64::from(u8::from(said == 0)), f64::from(u8::from(said == 1))];
        (0..size).map(move |i| Scored {
            file: format!("{group}/{i}"),
            group: group.to_string(),
            category,
            logits: logits.clone(),
        })
    };
    (0..n_groups).flat_map(group).collect()
}

fn evaluated(test: &[Scored]) -> ClassifierReport {
    evaluate(&names(test[0].logits.len()), test, &[], &EvaluateConfig::default()).unwrap()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9
}

#[test]
fn figures_are_those_of_scikit_learn() {
    // scikit-learn 1.9.1 on the table above: accuracy_score, balanced_accuracy_score,
    // f1_score(labels=[0, 1, 2], average="macro"), confusion_matrix(labels=range(4)), log_loss,
    // brier_score_loss(scale_by_half=False); the expected calibration error by NumPy, the temperature by
    // scipy.optimize.minimize_scalar of log_loss
    let report = evaluate(&names(4), &table(), &table_twice(), &EvaluateConfig::default()).unwrap();
    assert_eq!(report.confusion, [[3, 1, 0, 0], [0, 2, 1, 0], [1, 0, 2, 1], [0, 0, 0, 0]]);
    let calibration = &report.calibration;
    let after = calibration.after.as_ref().unwrap();
    let temperature = calibration.temperature.unwrap();
    let figures = [
        ("accuracy", report.accuracy.value, 0.636_363_636_363_636),
        ("macro-F1", report.macro_f1.value, 0.662_698_412_698_413),
        ("balanced accuracy", report.balanced_accuracy.value, 0.638_888_888_888_889),
        ("NLL", calibration.before.nll, 0.998_812_460_119_408),
        ("Brier", calibration.before.brier, 0.560_874_973_276_086),
        ("ECE", calibration.before.ece, 0.252_954_436_555_815),
        ("NLL after", after.nll, 0.982_740_606_197_215),
        ("NLL of validation", temperature.nll_after, 0.982_740_606_197_215),
    ];
    for (name, found, expected) in figures {
        assert!(close(found, expected), "{name}: {found}, expected {expected}");
    }
    // the minimum is flat, so its place is less certain there than its depth
    assert!((temperature.value - 1.241_689).abs() < 1e-5, "{temperature:?}");
    assert!((after.brier - 0.546_249_8).abs() < 1e-5 && (after.ece - 0.299_000_5).abs() < 1e-5, "{after:?}");
    let [fibres, _, tips, films] = report.per_class.as_slice() else { panic!("four classes") };
    assert_eq!((fibres.recall, fibres.precision, fibres.f1), (Some(0.75), Some(0.75), Some(0.75)));
    assert!(close(tips.precision.unwrap(), 2.0 / 3.0) && close(tips.f1.unwrap(), 4.0 / 7.0), "{tips:?}");
    assert_eq!((films.n_images, films.n_predicted, films.recall, films.f1), (0, 1, None, None));
    assert_eq!(films.precision, Some(0.0));
}

#[test]
fn mistakes_come_surest_first() {
    let report = evaluate(&names(4), &table(), &[], &EvaluateConfig::default()).unwrap();
    let files: Vec<&str> = report.worst_mistakes.iter().map(|mistake| mistake.file.as_str()).collect();
    // confidences 0.831, twice e^2.5/(e^2.5 + e + 2) = 0.721 (then by name), e²/(e² + e + 2) = 0.610
    assert_eq!(files, ["01.png", "05.png", "08.png", "09.png"]);
    let worst = &report.worst_mistakes[0];
    assert_eq!((worst.category, worst.predicted, worst.right()), (0, 1, false));
    let e = std::f64::consts::E;
    assert!(close(worst.confidence(), e.powi(3) / (e.powi(3) + e + 1.0 + 1.0 / e)), "{worst:?}");
}

#[test]
fn intervals_hold_the_true_accuracy_as_often_as_they_say() {
    // 200 sets of 80 micrographs classified correctly with probability 0.8; percentile intervals of shares
    // hold it a little less often than the 95 % they name: with 93 %, 175 or fewer of 200 have a
    // probability below 1 %
    let config = EvaluateConfig { n_bootstrap: 400, ..EvaluateConfig::default() };
    let holds = |seed: &u64| {
        let report = evaluate(&names(2), &drawn(80, 1, 0.8, *seed), &[], &config).unwrap();
        report.accuracy.interval.unwrap().holds(0.8)
    };
    let n_held = (0..200).filter(holds).count();
    assert!(n_held > 175, "{n_held} of 200");
}

#[test]
fn copies_within_groups_do_not_narrow_the_interval() {
    let interval = |test: &[Scored]| evaluated(test).accuracy.interval.unwrap();
    let grouped = drawn(60, 5, 0.7, 3);
    let single = drawn(60, 1, 0.7, 3);
    // the same outcomes, five times each: the same interval
    assert_eq!(interval(&grouped), interval(&single));
    // normal theory for a share p of G groups: 2 · 1.96 · √(p (1 − p) / G)
    let share = evaluated(&single).accuracy.value;
    let expected = 2.0 * 1.96 * (share * (1.0 - share) / 60.0).sqrt();
    assert!((interval(&single).width() / expected - 1.0).abs() < 0.1, "{:?}", interval(&single));
    let mut ungrouped = grouped;
    ungrouped.iter_mut().for_each(|image| image.group = image.file.clone());
    let narrowed = interval(&ungrouped).width() / expected;
    assert!((narrowed * 5f64.sqrt() - 1.0).abs() < 0.1, "{narrowed}");
}

#[test]
fn shuffled_labels_score_at_chance() {
    // p-values of a network that knows nothing are at most 0.05 in at most 5 % of the sets: 7 or
    // more of 40 have a probability of 0.3 %
    let chances: Vec<Chance> = (0..40)
        .map(|seed| {
            let mut scored = drawn(30, 2, 0.9, seed);
            let mut labels: Vec<usize> = scored.chunks(2).map(|group| group[0].category).collect();
            Stream::new(seed, "shuffled labels", 0).shuffle(&mut labels);
            scored.iter_mut().enumerate().for_each(|(index, image)| image.category = labels[index / 2]);
            evaluated(&scored).chance
        })
        .collect();
    let n_small = chances.iter().filter(|chance| chance.p_value <= 0.05).count();
    assert!(n_small <= 6, "{n_small} of 40: {chances:?}");
    assert!(chances.iter().all(|chance| (chance.shuffled_accuracy - 0.5).abs() < 0.05), "{chances:?}");
    let learnt = evaluated(&drawn(30, 2, 0.9, 0)).chance;
    assert!(learnt.p_value <= 0.002, "{learnt:?}");
}

#[test]
fn each_warning_comes_with_its_numbers_and_only_when_it_is_due() {
    let good = drawn(200, 1, 0.9, 0);
    let renamed = |images: &[Scored]| -> Vec<Scored> {
        images.iter().map(|image| Scored { group: format!("v{}", image.group), ..image.clone() }).collect()
    };
    let validation = renamed(&good);
    let report = |test: &[Scored], validation: &[Scored]| {
        evaluate(&names(test[0].logits.len()), test, validation, &EvaluateConfig::default()).unwrap()
    };
    assert_eq!(report(&good, &validation).warnings, []);
    let one = |test: &[Scored], validation: &[Scored]| match report(test, validation).warnings.as_slice() {
        [warning] => warning.clone(),
        all => panic!("expected one warning, found {all:?}"),
    };
    assert_eq!(one(&good, &good), Warning::SharedGroups { n_groups: 200 });
    assert_eq!(one(&good, &validation[..19]), Warning::FewValidation { n_images: 19, needed: 20 });
    let mut perfect = drawn(200, 1, 1.0, 0);
    assert_eq!(report(&perfect, &validation).warnings, []);
    perfect.truncate(30);
    let at_end = report(&good, &renamed(&perfect)).warnings;
    assert!(matches!(at_end.as_slice(), [Warning::TemperatureAtEnd { temperature }] if *temperature < 0.051));
    let mut one_source = good.clone();
    one_source.iter_mut().filter(|image| image.category == 1).for_each(|image| image.group = "x".to_owned());
    let expected = Warning::OneGroup { classes: vec!["powder".to_owned()] };
    assert!(report(&one_source, &validation).warnings.contains(&expected));
    let mut untested = good.clone();
    untested.iter_mut().for_each(|image| image.logits.push(-9.0));
    assert_eq!(
        one(&untested, &{
            let mut validation = validation.clone();
            validation.iter_mut().for_each(|image| image.logits.push(-9.0));
            validation
        }),
        Warning::NotTested { classes: vec!["tips".to_owned()] }
    );
    let guessing = report(&drawn(200, 1, 0.5, 1), &validation).warnings;
    assert!(matches!(guessing[0], Warning::NotAboveChance { p_value } if p_value > 0.05), "{guessing:?}");
    assert!(matches!(guessing[1], Warning::NotAboveMajority { .. }), "{guessing:?}");
    let small = report(&drawn(16, 1, 0.8, 0), &validation).warnings;
    assert!(small.contains(&Warning::FewGroups { n_groups: 16 }), "{small:?}");
    let few = vec![("fibres".to_owned(), 8), ("powder".to_owned(), 8)];
    assert!(small.contains(&Warning::FewImages { classes: few }), "{small:?}");
    assert!(small.iter().any(|warning| matches!(warning, Warning::WideInterval { .. })), "{small:?}");
}

#[test]
fn all_groups_right_or_wrong_are_no_certainty() {
    // Wilson's score interval of n of n is from n / (n + z²) to 1, and z = 1.96
    for (n_groups, low) in [(2, 2.0 / 5.841_459), (8, 8.0 / 11.841_459)] {
        for right in [true, false] {
            let test = drawn(n_groups, 3, if right { 1.0 } else { 0.0 }, 0);
            let estimate = evaluated(&test).accuracy;
            let expected = if right { (low, 1.0) } else { (0.0, 1.0 - low) };
            let found = estimate.interval.unwrap();
            assert_eq!(estimate.value, if right { 1.0 } else { 0.0 });
            assert!(
                (found.low - expected.0).abs() < 1e-4 && (found.high - expected.1).abs() < 1e-4,
                "{found:?}"
            );
        }
    }
}

#[test]
fn one_group_has_no_interval() {
    let mut test = table();
    test.iter_mut().for_each(|image| image.group = "one".to_owned());
    let report = evaluated(&test);
    assert_eq!((report.n_groups, report.accuracy.interval), (1, None));
    assert_eq!(report.chance.p_value, 1.0, "one group can't be shuffled");
    let text = "all test micrographs are of one group, so there are no intervals";
    assert!(report.warnings.iter().any(|warning| warning.to_string() == text));
}

#[test]
fn json_comes_back_as_it_was() {
    let report = evaluate(&names(4), &table(), &table_twice(), &EvaluateConfig::default()).unwrap();
    assert_eq!(serde_json::from_str::<ClassifierReport>(&report.json()).unwrap(), report);
    let images = drawn(30, 2, 0.9, 0);
    let sets = AuditSets { full: &images, strip: &images, top: &images, without: &images, n_without_bar: 3 };
    let audit = audit(&names(2), sets, &EvaluateConfig::default()).unwrap();
    assert_eq!(serde_json::from_str::<Audit>(&audit.json()).unwrap(), audit);
}

#[test]
fn csv_has_a_row_for_each_micrograph_and_each_class() {
    let mut test = table();
    test[0].file = "a, \"b\"\n.png".to_owned();
    let report = evaluated(&test);
    let text = report.csv();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = ["file", "group", "true", "predicted", "p_fibres", "p_powder", "p_tips", "p_films"];
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), head);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 11);
    assert_eq!(&rows[0][0], "a, \"b\"\n.png");
    assert_eq!([&rows[1][2], &rows[1][3]], ["fibres", "powder"]);
    for row in &rows {
        let sum: f64 = row.iter().skip(4).map(|cell| cell.parse::<f64>().unwrap()).sum();
        assert!(close(sum, 1.0), "{row:?}");
    }
    let classes = report.class_csv();
    assert_eq!(classes.lines().count(), 5);
    assert_eq!(classes.lines().last(), Some("films,0,0,1,,,,0,"));
}

#[test]
fn the_order_of_the_micrographs_changes_no_figure() {
    let there = drawn(20, 3, 0.7, 2);
    let mut back = there.clone();
    back.reverse();
    let (there, back) = (evaluated(&there), evaluated(&back));
    assert_eq!((there.accuracy, there.macro_f1), (back.accuracy, back.macro_f1));
    assert_eq!((&there.chance, &there.abstention), (&back.chance, &back.abstention));
    assert_eq!(there.calibration.before.ece_if_honest, back.calibration.before.ece_if_honest);
}

#[test]
fn bad_input_is_named() {
    type Change = fn(&mut Vec<Scored>);
    let cases: [(Change, &str); 6] = [
        (|set| set.clear(), "test: expected at least 1 micrograph, found none"),
        (|set| set[1].category = 4, "test: 01.png: expected a class below 4, found 4"),
        (|set| set[2].logits.truncate(3), "test: 02.png: expected 4 logits, found 3"),
        (
            |set| set[2].logits[3] = f64::NAN,
            "test: 02.png: expected logits within ±1e9, found NaN for class films",
        ),
        (
            |set| set[0].logits[0] = f64::INFINITY,
            "test: 00.png: expected logits within ±1e9, found inf for class fibres",
        ),
        (|set| set[5].file = "04.png".to_owned(), "test: 04.png: expected once, found twice"),
    ];
    for (change, expected) in cases {
        let mut test = table();
        change(&mut test);
        let error = evaluate(&names(4), &test, &[], &EvaluateConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let mut validation = table();
    validation[0].category = 9;
    let error = evaluate(&names(4), &table(), &validation, &EvaluateConfig::default()).unwrap_err();
    assert_eq!(error.to_string(), "validation: 00.png: expected a class below 4, found 9");
    let error = evaluate(&names(1), &table(), &[], &EvaluateConfig::default()).unwrap_err();
    assert_eq!(error.to_string(), "expected at least 2 classes, found 1");
    let settings = [
        (
            EvaluateConfig { n_bootstrap: 99, ..Default::default() },
            "evaluate.n_bootstrap: expected 100 to 100000, found 99",
        ),
        (
            EvaluateConfig { interval: f64::NAN, ..Default::default() },
            "evaluate.interval: expected 0.5 to 0.999, found NaN",
        ),
        (EvaluateConfig { n_bins: 1, ..Default::default() }, "evaluate.n_bins: expected 2 to 100, found 1"),
    ];
    for (config, expected) in settings {
        assert_eq!(evaluate(&names(4), &table(), &[], &config).unwrap_err().to_string(), expected);
    }
}
