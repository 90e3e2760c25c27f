use std::path::{Path, PathBuf};

use micrograph::random::Stream;
use micrograph::synth::{self, Kind};
use micrograph::{Plane, Rect};

use super::super::{Dataset, DatasetConfig};
use super::*;

/// A synthetic micrograph of 384 × 512 pixels without a data bar, values in `[0, 1]`.
pub(in super::super) fn specimen(kind: Kind, index: u64) -> Plane {
    let config = synth::SynthConfig { height: 384, width: 512, data_bar: false, ..synth::varied(kind, index, 7) };
    synth::micrograph(&config, index).unwrap().plane.map(|value| value / 255.0)
}

fn prints(planes: &[Plane]) -> Vec<Option<Fingerprint>> {
    planes.par_iter().map(|plane| Some(Fingerprint::of(plane))).collect()
}

/// `plane` without these shares of its sides: top, bottom, left, right.
fn cut(plane: &Plane, [top, bottom, left, right]: [f64; 4]) -> Plane {
    let (height, width) = (plane.height() as f64, plane.width() as f64);
    plane.crop(Rect {
        y: (height * top).round() as usize,
        x: (width * left).round() as usize,
        height: (height * (1.0 - top - bottom)).round() as usize,
        width: (width * (1.0 - left - right)).round() as usize,
    })
}

/// As a JPEG of `quality` gives it back.
fn as_jpeg(plane: &Plane, quality: u8) -> Plane {
    let bytes: Vec<u8> = plane.values().iter().map(|value| (value * 255.0).round() as u8).collect();
    let (height, width) = (plane.height(), plane.width());
    let mut file = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality);
    image::GrayImage::from_raw(width as u32, height as u32, bytes).unwrap().write_with_encoder(encoder).unwrap();
    let decoded = image::load_from_memory(&file).unwrap().into_luma8();
    Plane::new(height, width, decoded.into_raw().into_iter().map(|value| f32::from(value) / 255.0).collect())
}

type Change = fn(&Plane) -> Plane;

/// What is done to a micrograph to make a near-duplicate of it.
const CHANGES: [(&str, Change); 8] = [
    ("JPEG", |plane| as_jpeg(plane, 60)),
    ("darker, less contrast", |plane| plane.map(|value| 0.4 * value.powf(1.4) + 0.1)),
    ("mirrored", |plane| Plane::from_fn(plane.height(), plane.width(), |y, x| plane.at(y, plane.width() - 1 - x))),
    ("turned", |plane| Plane::from_fn(plane.width(), plane.height(), |y, x| plane.at(plane.height() - 1 - x, y))),
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
    let planes: Vec<Plane> =
        (0..12).into_par_iter().map(|index| specimen([Kind::Particles, Kind::Fibres][index as usize % 2], index)).collect();
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
    let cases: [(&str, &[(usize, usize)], [usize; 6]); 4] = [
        ("none", &[], [0, 1, 2, 3, 4, 5]),
        ("a chain", &[(4, 5), (3, 4), (1, 3)], [0, 1, 2, 1, 1, 1]),
        ("two groups that meet late", &[(0, 2), (1, 5), (2, 5)], [0, 0, 0, 3, 4, 0]),
        ("to itself", &[(2, 2)], [0, 1, 2, 3, 4, 5]),
    ];
    for (name, links, expected) in cases {
        assert_eq!(firsts(6, links.iter().copied()), expected, "{name}");
    }
}

/// Measures on real micrographs; the numbers stand in `docs/method.md`.
#[test]
fn of_real_micrographs_changed_copies_are_found_and_others_stay_apart() {
    let shared = std::env::var_os("NANOAID_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let root = shared.join("data/sem");
    if !root.is_dir() {
        println!("skipped: {} is absent", root.display());
        return;
    }
    let dataset = Dataset::open(&root, &DatasetConfig::default()).unwrap();
    let prepare = dataset.prepare_config();
    let planes: Vec<Plane> =
        dataset.entries.par_iter().filter_map(|entry| entry.plane(&prepare).ok()).collect();
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
        assert!(n_found as f64 >= 0.9 * planes.len() as f64, "{name}: {n_found} of {}", planes.len());
    }
    let pairs = near_pairs(&originals);
    println!("{} pairs of {} micrographs: {pairs:?}", pairs.len(), planes.len());
    // looked at one by one: see the section on near-duplicates in docs/method.md
    assert!(pairs.len() <= 2, "{pairs:?}");
}
