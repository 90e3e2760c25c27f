//! Tests of matchings as a whole.

use super::*;

/// Values `[n_images][n_units]` of units that depend on each other: mixtures of eight causes.
fn values(n_images: usize, n_units: usize, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, "test: values", 0);
    let weights: Vec<f64> = (0..8 * n_units).map(|_| stream.normal()).collect();
    let mut values = Vec::new();
    for _ in 0..n_images {
        let causes: Vec<f64> = (0..8).map(|_| stream.normal()).collect();
        for unit in 0..n_units {
            let mixed: f64 = causes.iter().zip(&weights[8 * unit..]).map(|(c, w)| c * w).sum();
            values.push((mixed + 0.5 * stream.normal()).max(-1.0) as f32);
        }
    }
    values
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|image| format!("{image:03}.png")).collect()
}

/// Matches two tables `[groups.len()][n_units]`.
fn matched(groups: &[String], [a, b]: [(&[f32], usize); 2]) -> Matching {
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let table = |(values, n_units)| UnitValues::new(values, groups.len(), n_units).unwrap();
    let layers = [NamedValues { name: "a", values: table(a) }, NamedValues { name: "b", values: table(b) }];
    match_layers(&layers, &groups, &MatchConfig::default()).unwrap().remove(0)
}

#[test]
fn a_layer_matches_itself_unit_by_unit() {
    let own = values(90, 24, 1);
    let matching = matched(&names(90), [(&own, 24), (&own, 24)]);
    for (number, unit) in matching.a.units.iter().chain(&matching.b.units).enumerate() {
        let first = unit.best[0];
        assert_eq!((first.unit, unit.unit, unit.mutual), (number % 24, number % 24, true));
        assert!((first.pearson - 1.0).abs() < 1e-12 && (first.spearman - 1.0).abs() < 1e-12, "{first:?}");
        assert!(unit.above_chance() && unit.p == Some(1.0 / 201.0), "{unit:?}");
        assert_eq!(unit.best.len(), 5);
        assert!(unit.best.windows(2).all(|pair| pair[0].pearson.abs() >= pair[1].pearson.abs()));
    }
    assert_eq!((matching.n_mutual, matching.a.n_above_chance), (24, 24));
    assert!((matching.a.mean_best.unwrap() - 1.0).abs() < 1e-12);
    assert!((matching.cka.unwrap() - 1.0).abs() < 1e-12, "{:?}", matching.cka);
    assert!((matching.cka_debiased.unwrap() - 1.0).abs() < 1e-12, "{:?}", matching.cka_debiased);
    assert!(matching.warnings.is_empty());
    let json = serde_json::to_string(&matching).unwrap();
    assert_eq!(serde_json::from_str::<Matching>(&json).unwrap(), matching);
}

#[test]
fn shuffled_channels_are_found_again() {
    let own = values(80, 20, 2);
    let mut order: Vec<usize> = (0..20).collect();
    Stream::new(3, "test: channels", 0).shuffle(&mut order);
    // channel k of b is channel order[k] of a: turned upside down, shifted and cubed where k is odd
    let other: Vec<f32> = own
        .chunks(20)
        .flat_map(|row| {
            order.iter().enumerate().map(|(k, &of)| if k % 2 == 1 { 5.0 - row[of].powi(3) } else { row[of] })
        })
        .collect();
    let matching = matched(&names(80), [(&own, 20), (&other, 20)]);
    for (k, unit) in matching.b.units.iter().enumerate() {
        let first = unit.best[0];
        assert!(unit.mutual && first.unit == order[k], "{k}: {unit:?}");
        // a cube is no straight line, but keeps the ranks
        let sign = if k % 2 == 1 { -1.0 } else { 1.0 };
        assert!((first.spearman - sign).abs() < 1e-12 && first.pearson * sign > 0.6, "{first:?}");
        assert!(k % 2 == 1 || (first.pearson - 1.0).abs() < 1e-12, "{first:?}");
    }
    assert_eq!(matching.n_mutual, 20);
}

#[test]
fn pearson_and_spearman_are_those_of_their_definitions() {
    let (a, b) = (values(15, 2, 4), values(15, 3, 5));
    let column = |values: &[f32], n_units: usize, unit: usize| -> Vec<f64> {
        values.chunks(n_units).map(|row| f64::from(row[unit])).collect()
    };
    let pearson = |x: &[f64], y: &[f64]| {
        let n = x.len() as f64;
        let mean = |z: &[f64]| z.iter().sum::<f64>() / n;
        let products = |v: &[f64], w: &[f64]| -> f64 {
            v.iter().zip(w).map(|(v_i, w_i)| (v_i - mean(v)) * (w_i - mean(w))).sum()
        };
        products(x, y) / (products(x, x) * products(y, y)).sqrt()
    };
    let ranks = |x: &[f64]| -> Vec<f64> {
        let rank = |own: &f64| {
            let below = x.iter().filter(|other| *other < own).count() as f64;
            let equal = x.iter().filter(|other| *other == own).count() as f64;
            below + (equal + 1.0) / 2.0
        };
        x.iter().map(rank).collect()
    };
    for unit in matched(&names(15), [(&a, 2), (&b, 3)]).a.units {
        assert_eq!(unit.best.len(), 3);
        for candidate in unit.best {
            let (x, y) = (column(&a, 2, unit.unit), column(&b, 3, candidate.unit));
            assert!((candidate.pearson - pearson(&x, &y)).abs() < 1e-12, "{candidate:?}");
            assert!((candidate.spearman - pearson(&ranks(&x), &ranks(&y))).abs() < 1e-12, "{candidate:?}");
        }
    }
}

#[test]
fn independent_noise_stays_below_the_chance_level() {
    // 5 % of 64 units, 3.2, are expected above it; they share the other layer, so their number
    // spreads more than a binomial one: over 10 seeds together 32 are expected, 64 is twice that
    let mut n_above = 0;
    for seed in 0..10 {
        let (a, b) = (values(60, 64, 10 + seed), values(60, 64, 30 + seed));
        let matching = matched(&names(60), [(&a, 64), (&b, 64)]);
        n_above += matching.a.n_above_chance;
        let (best, by_chance) = (matching.a.mean_best.unwrap(), matching.a.mean_best_by_chance.unwrap());
        assert!((best - by_chance).abs() < 0.05, "{best}, by chance {by_chance}");
        // the best of 64 is far from 0 although nothing is there
        assert!(
            best > 0.2 && matching.cka_debiased.unwrap().abs() < 0.1,
            "{best} {:?}",
            matching.cka_debiased
        );
    }
    println!("{n_above} of 640 units above the chance level");
    assert!(n_above <= 64, "{n_above} of 640");
}

#[test]
fn copies_of_one_specimen_raise_the_chance_level() {
    // 6 groups of 10 equal micrographs: correlations over 6, not over 60
    let six =
        |seed: u64| -> Vec<f32> { values(6, 16, seed).chunks(16).flat_map(|row| row.repeat(10)).collect() };
    let groups: Vec<String> = (0..60).map(|image| format!("specimen {}", image / 10)).collect();
    let (a, b) = (six(1), six(2));
    let (grouped, alone) =
        (matched(&groups, [(&a, 16), (&b, 16)]), matched(&names(60), [(&a, 16), (&b, 16)]));
    let level = |matching: &Matching| matching.a.units[0].chance_level.unwrap();
    assert!(level(&grouped) > 0.75 && level(&alone) < 0.6, "{} {}", level(&grouped), level(&alone));
    assert!(grouped.a.n_above_chance <= 4 && alone.a.n_above_chance >= 12);
    assert_eq!(grouped.n_groups, 6);
}

#[test]
fn dead_units_match_nothing_and_say_so() {
    let mut own = values(30, 4, 6);
    own.chunks_mut(4).for_each(|row| row[2] = 0.1);
    let other = values(30, 3, 7);
    let matching = matched(&names(30), [(&own, 4), (&other, 3)]);
    let dead = &matching.a.units[2];
    assert!(dead.dead && dead.best.is_empty() && !dead.mutual && !dead.above_chance());
    assert_eq!((dead.chance_level, dead.p, matching.a.n_dead), (None, None, 1));
    assert!(matching.b.units.iter().all(|unit| unit.best.iter().all(|best| best.unit != 2)));
    assert_eq!(matching.warnings, [MatchWarning::DeadUnits { layer: "a".into(), n_dead: 1, n_units: 4 }]);
    let all_dead = matched(&names(30), [(&own, 4), (&[1.0; 30], 1)]);
    assert!(all_dead.a.units.iter().all(|unit| unit.best.is_empty() && unit.p.is_none()));
    assert_eq!((all_dead.cka, all_dead.a.mean_best, all_dead.n_mutual), (None, None, 0));
}

#[test]
fn every_two_of_several_layers_are_matched_with_any_threads() {
    let tables: Vec<Vec<f32>> = (0..3).map(|seed| values(25, 5, seed)).collect();
    let layers: Vec<NamedValues<'_>> = ["x", "y", "z"]
        .into_iter()
        .zip(&tables)
        .map(|(name, table)| NamedValues { name, values: UnitValues::new(table, 25, 5).unwrap() })
        .collect();
    let groups = names(25);
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let with = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| match_layers(&layers, &groups, &MatchConfig::default())).unwrap()
    };
    let matchings = with(1);
    let pairs: Vec<(&str, &str)> = matchings.iter().map(|m| (m.a.name.as_str(), m.b.name.as_str())).collect();
    assert_eq!(pairs, [("x", "y"), ("x", "z"), ("y", "z")]);
    assert_eq!(matchings, with(3));
}

#[test]
fn what_can_not_be_matched_is_refused() {
    let table = values(5, 2, 1);
    let named = |name, n_images| NamedValues {
        name,
        values: UnitValues::new(&table[..2 * n_images], n_images, 2).unwrap(),
    };
    let config = MatchConfig::default();
    let groups = ["0", "1", "2", "3", "4"];
    let cases = [
        (vec![named("a", 5)], 5, config.clone(), "expected at least 2 layers, found 1"),
        (vec![named("a", 3), named("b", 3)], 3, config.clone(), "expected at least 4 micrographs, found 3"),
        (
            vec![named("a", 5), named("b", 4)],
            5,
            config.clone(),
            "b: expected values for 5 micrographs, found 4",
        ),
        (
            vec![named("a", 5), named("b", 5)],
            5,
            MatchConfig { n_best: 0, ..config },
            "matching.n_best: expected 1 to 100, found 0",
        ),
    ];
    for (layers, n_images, config, expected) in cases {
        let error = match_layers(&layers, &groups[..n_images], &config).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
