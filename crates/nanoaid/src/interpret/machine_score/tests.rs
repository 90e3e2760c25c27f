//! Machine scores of units whose answer is known.

use micrograph::random::Stream;

use super::*;

/// Patches of waves, dots and noise of random axes, periods and contrasts.
fn patches(n: usize, seed: u64) -> Vec<Plane> {
    (0..n)
        .map(|index| {
            let mut stream = Stream::new(seed, "test: patch", index as u64);
            let (sin, cos) = stream.between(0.0, std::f64::consts::PI).sin_cos();
            let (period, phase) = (stream.between(4.0, 16.0), stream.uniform());
            let (contrast, noise) = (stream.between(0.02, 0.25), stream.between(0.01, 0.15));
            let level = stream.between(0.3, 0.7);
            Plane::from_fn(32, 32, |y, x| {
                let across = (y as f64 * cos + x as f64 * sin) / period + phase;
                let wave = contrast * (std::f64::consts::TAU * across).cos();
                (level + wave + noise * stream.normal()) as f32
            })
        })
        .collect()
}

/// Energy of a grating of 8 px whose lines lie along the rows.
fn energy(plane: &Plane) -> f32 {
    let (mut re, mut im) = (0.0, 0.0);
    for y in 0..plane.height() {
        let turn = std::f64::consts::TAU * y as f64 / 8.0;
        for x in 0..plane.width() {
            re += f64::from(plane.at(y, x)) * turn.cos();
            im += f64::from(plane.at(y, x)) * turn.sin();
        }
    }
    (re * re + im * im) as f32
}

/// Each patch a group of its own.
fn names(n: usize) -> Vec<String> {
    (0..n).map(|index| format!("{index:05}")).collect()
}

fn with<'a>(planes: &'a [Plane], names: &'a [String], activations: &[f32]) -> Vec<Patch<'a>> {
    let all = planes.iter().zip(names).zip(activations);
    all.map(|((plane, group), &activation)| Patch { plane, activation, group }).collect()
}

fn real(patches: &[Patch<'_>]) -> MachineScore {
    Unit::new(patches, &MachineScoreConfig::default()).unwrap().real()
}

#[test]
fn a_planted_detector_scores_near_one() {
    let planes = patches(300, 1);
    let names = names(planes.len());
    let activations: Vec<f32> = planes.iter().map(energy).collect();
    let scored = real(&with(&planes, &names, &activations));
    let score = scored.score().unwrap();
    println!("planted detector: {:.3}, {:?}", score.value, score.interval);
    assert!(score.value > 0.95, "{score:?}");
    assert!(score.interval.unwrap().low > CHANCE, "{score:?}");
    assert_eq!((score.n_tasks, score.n_patches, score.n_groups), (100, 10, 20));
}

#[test]
fn random_units_score_at_chance_within_their_intervals() {
    let planes = patches(300, 2);
    let names = names(planes.len());
    let n_units = 200;
    let (mut inside, mut sum) = (0, 0.0);
    for unit in 0..n_units {
        let mut stream = Stream::new(9, "test: activations", unit);
        let activations: Vec<f32> = (0..planes.len()).map(|_| stream.normal() as f32).collect();
        let scored = real(&with(&planes, &names, &activations));
        let score = scored.score().unwrap();
        sum += score.value;
        inside += u32::from(score.interval.unwrap().holds(CHANCE));
    }
    let (mean, share) = (sum / n_units as f64, f64::from(inside) / n_units as f64);
    println!("random units: mean {mean:.3}, {:.1} % of the intervals hold 0.5", 100.0 * share);
    // the standard deviation of a unit's score is at most ½
    assert!((mean - CHANCE).abs() < 3.0 * 0.5 / (n_units as f64).sqrt(), "{mean}");
    // a percentile interval of a score over few patches holds somewhat less than it says
    assert!(share > 0.85, "{share}");
}

#[test]
fn the_order_of_patches_and_the_number_of_threads_make_no_difference() {
    let planes = patches(60, 3);
    let names: Vec<String> = (0..60).map(|index| format!("{}", index / 3)).collect();
    // ties among them
    let activations: Vec<f32> = planes.iter().map(|plane| (energy(plane) / 20.0).floor().min(30.0)).collect();
    let patches = with(&planes, &names, &activations);
    let text = |patches: &[Patch<'_>]| {
        let unit = Unit::new(patches, &MachineScoreConfig::default()).unwrap();
        let pictures: Vec<&Plane> = planes[..2].iter().collect();
        serde_json::to_string(&(unit.real(), unit.synthetic(&pictures, &[]).unwrap())).unwrap()
    };
    let expected = text(&patches);
    for seed in 0..3 {
        let mut shuffled = patches.clone();
        Stream::new(seed, "test: order", 0).shuffle(&mut shuffled);
        assert_eq!(text(&shuffled), expected, "{seed}");
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| text(&patches)), expected, "{threads} threads");
    }
}

#[test]
fn pictures_of_what_a_unit_looks_for_tell_it_and_their_opposites_tell_the_opposite() {
    let planes = patches(300, 4);
    let names = names(planes.len());
    let activations: Vec<f32> = planes.iter().map(energy).collect();
    let unit = Unit::new(&with(&planes, &names, &activations), &MachineScoreConfig::default()).unwrap();
    // larger than the patches, as pictures are
    let wave = |across_rows: bool| {
        Plane::from_fn(80, 90, |y, x| {
            let at = if across_rows { y } else { x };
            (0.5 + 0.2 * (std::f64::consts::TAU * at as f64 / 8.0).cos()) as f32
        })
    };
    let (lines, others) = (wave(true), wave(false));
    let value = |maximal: &[&Plane], minimal: &[&Plane]| {
        unit.synthetic(maximal, minimal).unwrap().score().unwrap().value
    };
    let (right, both, wrong) =
        (value(&[&lines], &[]), value(&[&lines], &[&others]), value(&[&others], &[&lines]));
    println!("pictures: {right:.3}, with the opposite {both:.3}, exchanged {wrong:.3}");
    assert!(right > 0.9 && both > 0.9 && wrong < 0.1, "{right} {both} {wrong}");
    let scored = unit.synthetic(&[&lines], &[&others]).unwrap();
    assert_eq!(scored.score().unwrap().n_references, [5, 5], "the middle and four corners");
}

#[test]
fn a_picture_is_taken_apart_only_where_it_is_larger() {
    let picture = Plane::from_fn(5, 7, |y, x| (10 * y + x) as f32);
    assert_eq!(parts(&picture, [5, 7]), std::slice::from_ref(&picture));
    assert_eq!(parts(&picture, [9, 9]), std::slice::from_ref(&picture));
    let first: Vec<f32> = parts(&picture, [3, 3]).iter().map(|part| part.at(0, 0)).collect();
    assert_eq!(first, [12.0, 0.0, 4.0, 20.0, 24.0]);
}

#[test]
fn units_without_a_score_say_why() {
    let planes = patches(20, 5);
    let names = names(20);
    let reason = |patches: &[Patch<'_>]| match real(patches) {
        MachineScore::NotScored { reason } => reason,
        MachineScore::Scored(score) => panic!("{score:?}"),
    };
    let rising: Vec<f32> = (0..20).map(|index| index as f32).collect();
    let all = with(&planes, &names, &rising);
    assert_eq!(reason(&all[..7]), NoScore::TooFew { found: 7, expected: 8 });
    assert_eq!(reason(&with(&planes, &names, &[0.0; 20])), NoScore::NoDifference { activation: 0.0 });
    let one = vec!["the only one".to_owned(); 20];
    assert_eq!(reason(&with(&planes, &one, &rising)), NoScore::OneGroup);
    let unit = Unit::new(&all, &MachineScoreConfig::default()).unwrap();
    let none = MachineScore::NotScored { reason: NoScore::NoPictures };
    assert_eq!(unit.synthetic(&[], &[]).unwrap(), none);
}

#[test]
fn wrong_input_is_refused_by_name() {
    let planes = patches(20, 6);
    let names = names(20);
    let mut activations: Vec<f32> = (0..20).map(|index| index as f32).collect();
    let good = MachineScoreConfig::default();
    for (name, config) in [
        ("patches", MachineScoreConfig { patches: 1, ..good.clone() }),
        ("least_patches", MachineScoreConfig { least_patches: 0, ..good.clone() }),
        ("n_bootstrap", MachineScoreConfig { n_bootstrap: 1, ..good.clone() }),
        ("interval", MachineScoreConfig { interval: 1.0, ..good.clone() }),
    ] {
        let error = Unit::new(&[], &config).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let unit = Unit::new(&with(&planes, &names, &activations), &good).unwrap();
    let error = unit.synthetic(&[&planes[0], &Plane::filled(4, 4, f32::NAN)], &[]).unwrap_err();
    assert!(error.to_string().contains("maximal picture 1"), "{error}");
    activations[3] = f32::NAN;
    let error = Unit::new(&with(&planes, &names, &activations), &good).unwrap_err();
    assert!(error.to_string().contains("patch 3"), "{error}");
}
