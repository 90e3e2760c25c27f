use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use micrograph::random::Stream;
use micrograph::synth::Kind;
use micrograph::{Plane, Rect};

use super::super::tests::specimen;
use super::super::{Dataset, DatasetConfig};
use super::*;

fn prints(planes: &[Plane]) -> Vec<Option<Fingerprint>> {
    planes.par_iter().map(|plane| Some(Fingerprint::of(plane))).collect()
}

/// `plane` without these shares of its sides: top, bottom, left, right.
fn cut(plane: &Plane, [top, bottom, left, right]: [f64; 4]) -> Plane {
    let (height, width) = (plane.height() as f64, plane.width() as f64);
    plane.crop(Rect {
        y: (height * top) as usize,
        x: (width * left) as usize,
        height: (height * (1.0 - top - bottom)) as usize,
        width: (width * (1.0 - left - right)) as usize,
    })
}

/// As a JPEG of `quality` gives it back.
fn as_jpeg(plane: &Plane, quality: u8) -> Plane {
    let bytes: Vec<u8> = plane.values().iter().map(|value| (value * 255.0).round() as u8).collect();
    let (height, width) = (plane.height(), plane.width());
    let mut file = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality);
    image::GrayImage::from_raw(width as u32, height as u32, bytes)
        .unwrap()
        .write_with_encoder(encoder)
        .unwrap();
    let decoded = image::load_from_memory(&file).unwrap().into_luma8();
    Plane::new(height, width, decoded.into_raw().into_iter().map(|value| f32::from(value) / 255.0).collect())
}

type Change = fn(&Plane) -> Plane;

/// What is done to a micrograph to make a near-duplicate of it.
const CHANGES: [(&str, Change); 8] = [
    ("JPEG", |plane| as_jpeg(plane, 60)),
    ("darker, less contrast", |plane| plane.map(|value| 0.4 * value.powf(1.4) + 0.1)),
    ("mirrored", |plane| {
        Plane::from_fn(plane.height(), plane.width(), |y, x| plane.at(y, plane.width() - 1 - x))
    }),
    ("turned", |plane| {
        Plane::from_fn(plane.width(), plane.height(), |y, x| plane.at(plane.height() - 1 - x, y))
    }),
    ("noise", |plane| {
        let mut stream = Stream::new(3, "noise", 0);
        let mut noisy = plane.clone();
        noisy.values_mut().iter_mut().for_each(|value| *value += 0.1 * stream.normal() as f32);
        noisy
    }),
    ("half the size", |plane| {
        let sampling = micrograph::paint::Sampling::Area;
        micrograph::paint::resampled(plane, plane.height() / 2, plane.width() / 2, sampling)
    }),
    ("5 % cut off around", |plane| cut(plane, [0.025; 4])),
    ("5 % cut off below", |plane| cut(plane, [0.0, 0.05, 0.0, 0.0])),
];

#[test]
fn forty_specimens_of_each_generator_are_nobodys_near_duplicate() {
    for kind in Kind::ALL {
        let planes: Vec<Plane> = (0..40).into_par_iter().map(|index| specimen(kind, index)).collect();
        let pairs = near_pairs(&prints(&planes));
        assert!(pairs.is_empty(), "{kind:?}: {pairs:?}");
    }
}

#[test]
fn changed_copies_among_other_specimens_are_found_and_nothing_else() {
    let planes: Vec<Plane> = (0..12)
        .into_par_iter()
        .map(|index| specimen([Kind::Particles, Kind::Fibers][index as usize % 2], index))
        .collect();
    for (name, change) in CHANGES {
        let all: Vec<Plane> = planes.iter().cloned().chain(planes[..6].iter().map(change)).collect();
        let pairs = near_pairs(&prints(&all));
        let found: Vec<(usize, usize)> = pairs.iter().map(|pair| (pair.one, pair.other)).collect();
        let expected: Vec<(usize, usize)> = (0..6).map(|place| (place, 12 + place)).collect();
        assert_eq!(found, expected, "{name}: {pairs:?}");
        let position = match name {
            "mirrored" => 1,
            "turned" => 5,
            _ => 0,
        };
        assert!(pairs.iter().all(|pair| pair.position == position), "{name}: {pairs:?}");
    }
}

#[test]
fn links_make_groups_named_by_their_first() {
    let cases = [
        ("none", &[][..], [0, 1, 2, 3, 4, 5]),
        ("a chain", &[(4, 5), (3, 4), (1, 3)], [0, 1, 2, 1, 1, 1]),
        ("two groups that meet late", &[(0, 2), (1, 5), (2, 5)], [0, 0, 0, 3, 4, 0]),
        ("to itself", &[(2, 2)], [0, 1, 2, 3, 4, 5]),
    ];
    for (name, links, expected) in cases {
        assert_eq!(firsts(6, links.iter().copied()), expected, "{name}");
    }
}

/// The folder of real data, or `None` with a printed reason.
fn real_data() -> Option<PathBuf> {
    test_support::shared("data")
}

/// The micrographs of a folder with an index that can be prepared, in the order of their files.
fn real_planes(root: &Path) -> (Vec<String>, Vec<Plane>) {
    let dataset = Dataset::open(root, &DatasetConfig::default()).unwrap();
    let prepare = dataset.prepare_config();
    let prepared = dataset.entries.par_iter();
    prepared.filter_map(|entry| Some((entry.file.clone(), entry.plane(&prepare).ok()?))).unzip()
}

/// Measures on real micrographs; the numbers stand in `docs/method.md`.
#[test]
fn of_real_micrographs_changed_copies_are_found_and_others_stay_apart() {
    let Some(data) = real_data() else { return };
    let (_, planes) = real_planes(&data.join("sem"));
    let originals = prints(&planes);
    for (name, change) in CHANGES {
        let n_found = planes
            .par_iter()
            .zip(&originals)
            .filter(|(plane, print)| {
                let pair = [(*print).clone(), Some(Fingerprint::of(&change(plane)))];
                !near_pairs(&pair).is_empty()
            })
            .count();
        println!("{name}: {n_found} of {} found", planes.len());
        assert!(n_found as f64 >= 0.95 * planes.len() as f64, "{name}: {n_found} of {}", planes.len());
    }
    // who collected them took the near-duplicates out, see SOURCES.md
    assert_eq!(near_pairs(&originals), []);
}

/// Originals of instruments, and what a collector made of some of them: grey, 8 bits, at most 1024
/// pixels, JPEG. The path in the source says which belong together, not the pixels.
#[test]
fn originals_and_their_reduced_copies_are_found_and_nothing_else() {
    let Some(data) = real_data() else { return };
    let by_source = |folder: &str| -> BTreeMap<(String, String), String> {
        let mut reader = csv::Reader::from_path(data.join(folder).join("index.csv")).unwrap();
        let rows = reader.deserialize::<BTreeMap<String, String>>().map(Result::unwrap);
        rows.map(|row| ((row["source_repo"].clone(), row["source_path"].clone()), row["file"].clone()))
            .collect()
    };
    let copies = by_source("sem");
    let truth: BTreeSet<(String, String)> = by_source("instrument")
        .into_iter()
        .filter_map(|(source, original)| Some((original, copies.get(&source)?.clone())))
        .collect();
    assert_eq!(truth.len(), 10);
    let (mut files, mut planes) = real_planes(&data.join("instrument"));
    let (more_files, more_planes) = real_planes(&data.join("sem"));
    files.extend(more_files);
    planes.extend(more_planes);
    let pairs = near_pairs(&prints(&planes));
    let found: BTreeSet<(String, String)> =
        pairs.iter().map(|pair| (files[pair.one].clone(), files[pair.other].clone())).collect();
    assert_eq!(found, truth);
}

/// A random smooth picture as a thumbnail, one of `n_scenes` seen with noise, shifted a little, and laid anyhow.
fn random_print(stream: &mut Stream, n_scenes: usize) -> Fingerprint {
    let mut scene = Stream::new(5, "scene", stream.below(n_scenes) as u64);
    let waves: Vec<[f64; 4]> = (0..10)
        .map(|_| {
            let [y, x] = [0; 2].map(|_| scene.between(-4.0, 4.0));
            [y, x, scene.between(0.0, 6.3), scene.between(0.3, 1.0)]
        })
        .collect();
    let (stretch, shift) = (stream.between(0.95, 1.0), stream.between(0.0, 0.05));
    let noise = stream.between(0.0, 0.6) as f32;
    let plane = Plane::from_fn(64, 64, |y, x| {
        let [v, u] = [y, x].map(|place| std::f64::consts::TAU * (place as f64 / 64.0 * stretch + shift));
        let values = waves.iter().map(|[fy, fx, phase, height]| height * (fy * v + fx * u + phase).sin());
        values.sum::<f64>() as f32 + noise * stream.normal() as f32
    });
    let position = stream.below(POSITIONS);
    Fingerprint::of(&Plane::new(64, 64, patch::laid(&plane, position)))
}

/// All pairs, each by itself and as it is defined: hash, coarse thumbnails, alignment of the thumbnails as laid.
fn pairs_one_by_one(prints: &[Option<Fingerprint>], least: f64) -> Vec<NearPair> {
    let mut found = Vec::new();
    for (one, print) in prints.iter().enumerate() {
        for (other, candidate) in prints.iter().enumerate().skip(one + 1) {
            let (Some(print), Some(candidate)) = (print, candidate) else { continue };
            let mut best: Option<NearPair> = None;
            for position in 0..POSITIONS {
                let bits = print.distances(candidate)[position];
                if bits > MOST_BITS || print.turned().correlation(candidate, position) < LEAST_COARSE {
                    continue;
                }
                let planes = [print.thumbnail(0), candidate.thumbnail(position)];
                let firsts = [0, 1].map(|place: usize| first_level(&planes[place]));
                let agreement = agreement([&firsts[0], &firsts[1]], || planes.clone());
                let Some(agreement) = agreement else { continue };
                if best.is_none_or(|best| agreement > best.agreement) {
                    best = Some(NearPair { one, other, bits, agreement, position });
                }
            }
            found.extend(best.filter(|pair| pair.agreement >= least));
        }
    }
    found
}

#[test]
fn the_pairs_are_those_that_are_found_one_by_one() {
    let mut n_pairs = 0;
    for seed in 0..4 {
        let mut stream = Stream::new(seed, "prints", 0);
        let prints: Vec<Option<Fingerprint>> =
            (0..80).map(|_| (stream.uniform() > 0.1).then(|| random_print(&mut stream, 30))).collect();
        let (found, expected) = (pairs(&prints, ALIKE), pairs_one_by_one(&prints, ALIKE));
        let ends = |pairs: &[NearPair]| -> Vec<_> {
            pairs.iter().map(|pair| (pair.one, pair.other, pair.bits, pair.position)).collect()
        };
        assert_eq!(ends(&found), ends(&expected), "seed {seed}");
        for (found, expected) in found.iter().zip(&expected) {
            // smoothed before or after it is laid: other roundings
            assert!((found.agreement - expected.agreement).abs() < 1e-3, "{found:?}, {expected:?}");
        }
        n_pairs += found.len();
    }
    assert!(n_pairs > 100, "{n_pairs}");
}

/// Views of 30 scenes under noise that takes their agreement from 1 across the bound.
fn clustered(n: u64) -> Vec<Fingerprint> {
    let view = |index: u64| {
        let mut scene = Stream::new(6, "clustered scene", index % 30);
        let waves: Vec<[f64; 4]> = (0..10)
            .map(|_| {
                let [y, x] = [0; 2].map(|_| scene.between(-4.0, 4.0));
                [y, x, scene.between(0.0, 6.3), scene.between(0.3, 1.0)]
            })
            .collect();
        let mut stream = Stream::new(6, "clustered view", index);
        let noise = stream.between(0.0, 3.0);
        let plane = Plane::from_fn(64, 64, |y, x| {
            let [v, u] = [y, x].map(|place| std::f64::consts::TAU * place as f64 / 64.0);
            let values = waves.iter().map(|[fy, fx, phase, height]| height * (fy * v + fx * u + phase).sin());
            (values.sum::<f64>() + noise * stream.normal()) as f32
        });
        let position = stream.below(POSITIONS);
        Fingerprint::of(&Plane::new(64, 64, patch::laid(&plane, position)))
    };
    (0..n).into_par_iter().map(view).collect()
}

#[test]
fn blocks_give_the_pairs_of_all_at_once_and_of_each_by_itself() {
    let prints = clustered(300);
    let all: Vec<Option<Fingerprint>> = prints.iter().cloned().map(Some).collect();
    let expected = pairs_one_by_one(&all, 0.0);
    // pairs on both sides of each bound, and near it
    let n_with = |least: f64, most: f64| {
        expected.iter().filter(|pair| (least..most).contains(&pair.agreement)).count()
    };
    assert!(n_with(LEAST_AGREEMENT, LEAST_AGREEMENT + 0.02) >= 3, "{}", expected.len());
    assert!(n_with(LEAST_AGREEMENT - 0.02, LEAST_AGREEMENT) >= 3, "{}", expected.len());
    assert!(expected.iter().filter(|pair| pair.bits + 4 >= MOST_BITS).count() >= 3, "{}", expected.len());
    let ends = |pairs: &[NearPair]| -> Vec<_> {
        pairs.iter().map(|pair| (pair.one, pair.other, pair.bits, pair.position)).collect()
    };
    let mut within = expected;
    within.retain(|pair| pair.agreement >= LEAST_AGREEMENT);
    let at_once = near_pairs(&all);
    assert_eq!(ends(&at_once), ends(&within));
    assert!(at_once.len() > 100, "{}", at_once.len());
    let kept: Vec<Vec<u8>> = prints.into_iter().map(|print| Comparable::of(print).to_bytes()).collect();
    let read = |places: Range<usize>| -> Result<Vec<Comparable<'static>>, ()> {
        Ok(kept[places].iter().map(|bytes| Comparable::from_bytes(bytes)).collect())
    };
    for block in [1, 7, 64, 299, 300, 1000] {
        // the agreement, too, to the last bit
        assert_eq!(near_pairs_in_blocks(kept.len(), block, &read).unwrap(), at_once, "blocks of {block}");
    }
}

#[test]
#[ignore = "measures the time of pairing 20 000 files: cargo test --release -- --ignored --nocapture pairing"]
fn pairing_20_000_files() {
    let prints: Vec<Option<Fingerprint>> = (0..20_000_u64)
        .into_par_iter()
        .map(|index| Some(random_print(&mut Stream::new(9, "many", index), 19_000)))
        .collect();
    let begun = std::time::Instant::now();
    let found = pairs(&prints, ALIKE);
    println!("{} pairs in {:?}", found.len(), begun.elapsed());
    // of 20 000 views of 19 000 scenes, about 20 000² / 2 / 19 000 pairs show the same one
    assert!(found.len() > 9_000, "{}", found.len());
}
