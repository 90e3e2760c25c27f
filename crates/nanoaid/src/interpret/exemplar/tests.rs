//! Exemplars on networks and images whose answers are known.

use std::path::Path;

use micrograph::random::Stream;
use micrograph::{Plane, Rect};

use super::reader::counted;
use super::*;
use crate::interpret::differential::{
    DifferentialConfig, Labelled, LabelledValues, Question, differential_analysis,
};
use crate::interpret::unit_values::UnitValues;
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation, Pool};
use crate::{Architecture, AutoencoderConfig, Device, Network};

/// A network of a convolution `conv` with these 3 × 3 kernels and ReLU, and a max-pool `pool`.
fn planted(kernels: &[[f32; 9]]) -> Network {
    let shape = ConvolutionShape { relu: true, ..ConvolutionShape::same([1, kernels.len()], 3) };
    let mut convolution = Convolution::new(shape, 2.0, Init::Zero, "conv", &Device::Cpu.burn());
    convolution.set(kernels.concat(), vec![0.0; kernels.len()]);
    let mut graph = Graph::new(1);
    graph.push("conv", Operation::Convolution(convolution));
    graph.push("pool", Operation::MaxPool(Pool::HALF));
    // a name for it; its graph is what is tested
    let architecture = Architecture::Autoencoder(AutoencoderConfig::default());
    Network::of_graph(architecture, graph, Device::Cpu)
}

/// Answers to lines along the rows, along the columns, and to nothing.
const ACROSS_ROWS: [f32; 9] = [-1.0, -1.0, -1.0, 2.0, 2.0, 2.0, -1.0, -1.0, -1.0];
const ACROSS_COLUMNS: [f32; 9] = [-1.0, 2.0, -1.0, -1.0, 2.0, -1.0, -1.0, 2.0, -1.0];
const NOTHING: [f32; 9] = [0.0; 9];

fn names(layers: &[&str]) -> Vec<String> {
    layers.iter().map(|&name| name.to_owned()).collect()
}

fn noise(seed: u64, height: usize, width: usize) -> Plane {
    let mut stream = Stream::new(0, "test of exemplars", seed);
    Plane::from_fn(height, width, |_, _| stream.uniform() as f32)
}

fn seen(index: usize, plane: &Plane, category: &str) -> IndexedMicrograph {
    IndexedMicrograph {
        file: format!("{index:03}.png"),
        sha256: crate::hash::sha256(index.to_le_bytes()),
        category: Some(category.to_owned()),
        group: format!("{index:03}.png"),
        part: "train".to_owned(),
        height: plane.height(),
        width: plane.width(),
        nm_per_px: None,
        data_bar_px: 0,
    }
}

#[test]
fn peaks_are_those_of_all_maps_searched_by_plain_loops() {
    let config = AutoencoderConfig { stages: vec![5, 7], latent: 3, ..AutoencoderConfig::default() };
    let network = Network::random(Architecture::Autoencoder(config), 4, Device::Cpu).unwrap();
    let layers = names(&["encoder.1", "encoder.2", "latent"]);
    let reader = ActivationReader::new(&network, &layers).unwrap();
    for (index, (height, width)) in [(61, 90), (24, 31), (8, 9)].into_iter().enumerate() {
        let image = noise(index as u64, height, width);
        let found = reader.peaks(&image).unwrap();
        for (name, peaks) in layers.iter().zip(found) {
            let layer = network.layer(name).unwrap();
            let maps = network.maps(&image, name).unwrap();
            assert_eq!(peaks.len(), maps.len());
            for (map, peak) in maps.iter().zip(peaks) {
                let mut best = (f32::NEG_INFINITY, 0, 0);
                let (mut sum, mut n) = (0.0, 0.0);
                for y in counted(layer, map.height()) {
                    for x in counted(layer, map.width()) {
                        sum += f64::from(map.at(y, x));
                        n += 1.0;
                        if map.at(y, x) > best.0 {
                            best = (map.at(y, x), y, x);
                        }
                    }
                }
                // wide convolutions are computed in another way here, so the last bits may differ
                assert!((peak.value - best.0).abs() <= 1e-5 * best.0.abs().max(1.0), "{name}");
                assert!((map.at(peak.y as usize, peak.x as usize) - best.0).abs() <= 1e-5, "{name}");
                assert!((f64::from(peak.mean) - sum / n).abs() < 1e-5, "{name}");
            }
        }
    }
}

#[test]
fn a_large_image_has_the_peaks_of_one_piece() {
    let config = AutoencoderConfig { stages: vec![4, 32], latent: 3, ..AutoencoderConfig::default() };
    let network = Network::random(Architecture::Autoencoder(config), 1, Device::Cpu).unwrap();
    let reader = ActivationReader::new(&network, &names(&["encoder.2"])).unwrap();
    let image = noise(7, 1301, 1700); // beyond what is run in one piece
    let in_tiles = reader.peaks(&image).unwrap();
    let mut whole = network.clone();
    whole.graph_mut().run_in_tiles();
    let layer = network.layer("encoder.2").unwrap();
    for (map, peak) in whole.maps(&image, "encoder.2").unwrap().iter().zip(&in_tiles[0]) {
        let rows = counted(layer, map.height());
        let largest = rows
            .flat_map(|y| counted(layer, map.width()).map(move |x| (y, x)))
            .map(|(y, x)| map.at(y, x))
            .fold(f32::NEG_INFINITY, f32::max);
        assert_eq!(peak.value.to_bits(), largest.to_bits());
    }
}

#[test]
fn the_field_of_a_peak_holds_what_drives_it() {
    let network = planted(&[ACROSS_ROWS]);
    let reader = ActivationReader::new(&network, &names(&["pool"])).unwrap();
    // one short line along the rows, elsewhere grey
    let image = Plane::from_fn(60, 80, |y, x| if y == 33 && (50..56).contains(&x) { 1.0 } else { 0.2 });
    let peak = reader.peaks(&image).unwrap()[0][0];
    let field = ActivationReader::field(&reader.layers()[0], (peak.y as usize, peak.x as usize), (60, 80));
    assert!(field.y <= 33 && 33 < field.y + field.height, "{field:?}");
    assert!(field.x < 56 && 50 < field.x + field.width, "{field:?}");
    assert_eq!((field.height, field.width), (4, 4), "a pair of 3 × 3 fields");
}

#[test]
fn the_border_of_an_image_is_no_exemplar() {
    // a bright plain image: only the zeros around it are an edge
    let network = planted(&[ACROSS_ROWS]);
    let reader = ActivationReader::new(&network, &names(&["conv"])).unwrap();
    let peak = reader.peaks(&Plane::filled(40, 50, 0.9)).unwrap()[0][0];
    assert!(peak.value.abs() < 1e-6, "{peak:?}");
    assert!(network.maps(&Plane::filled(40, 50, 0.9), "conv").unwrap()[0].range().unwrap().1 > 1.0);
}

/// Images of four kinds: lines along the rows, along the columns, both, noise.
fn specimens() -> (Vec<Plane>, Vec<IndexedMicrograph>) {
    let kinds = ["rows", "columns", "both", "noise"];
    let mut planes = Vec::new();
    let mut all = Vec::new();
    for index in 0..200 {
        let strength = 0.3 + 0.7 * (index as f32 * 0.618).fract();
        let base = noise(index as u64, 48, 56);
        let kind = index % 4;
        let plane = Plane::from_fn(48, 56, |y, x| {
            let line = match kind {
                0 => y % 6 == 0,
                1 => x % 6 == 0,
                2 => y % 6 == 0 || x % 6 == 0,
                _ => false,
            };
            0.2 * base.at(y, x) + if line { 0.8 * strength } else { 0.0 }
        });
        all.push(seen(index, &plane, kinds[kind]));
        planes.push(plane);
    }
    (planes, all)
}

/// Those of some kinds.
fn specimens_of(kinds: &[&str]) -> (Vec<Plane>, Vec<IndexedMicrograph>) {
    let (planes, seen) = specimens();
    let wanted =
        |seen: &IndexedMicrograph| seen.category.as_deref().is_some_and(|kind| kinds.contains(&kind));
    planes.into_iter().zip(seen).filter(|(_, seen)| wanted(seen)).unzip()
}

fn answers(reader: &ActivationReader, planes: &[Plane]) -> LayerAnswers {
    let peaks: Vec<Vec<Peak>> = planes.iter().map(|plane| reader.peaks(plane).unwrap().remove(0)).collect();
    let layer = &reader.layers()[0];
    LayerAnswers::new(&layer.name, layer.n_channels, peaks.iter().map(Vec::as_slice))
}

#[test]
fn chosen_are_the_first_and_last_of_a_full_sort_of_200_micrographs() {
    let (planes, seen) = specimens();
    let network = planted(&[ACROSS_ROWS, ACROSS_COLUMNS, NOTHING]);
    let reader = ActivationReader::new(&network, &names(&["pool"])).unwrap();
    let answers = answers(&reader, &planes);
    let layer = &reader.layers()[0];
    for channel in 0..2 {
        let alike = NearDuplicates::default();
        let found = choose((&seen, &alike), (layer, &answers), channel, &ChooseConfig::default());
        // by hand: every map anew, every position, every micrograph
        let mut all: Vec<(f32, &str, usize)> = planes
            .iter()
            .enumerate()
            .map(|(image, plane)| {
                let map = &network.maps(plane, "pool").unwrap()[channel];
                let mut largest = f32::NEG_INFINITY;
                for y in counted(layer, map.height()) {
                    for x in counted(layer, map.width()) {
                        largest = largest.max(map.at(y, x));
                    }
                }
                (largest, seen[image].sha256.as_str(), image)
            })
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let images = |exemplars: &[Exemplar]| exemplars.iter().map(|one| one.image).collect::<Vec<_>>();
        let first: Vec<usize> = all.iter().take(9).map(|one| one.2).collect();
        let last: Vec<usize> = all.iter().rev().take(9).map(|one| one.2).collect();
        assert_eq!(images(&found.strongest), first);
        assert_eq!(images(&found.weakest), last);
        let of_columns: Vec<usize> =
            all.iter().filter(|one| one.2 % 4 == 1).take(6).map(|one| one.2).collect();
        assert_eq!(images(&found.of_class["columns"]), of_columns);
        let middle: Vec<usize> = (1..=9).rev().map(|step| all[step * 200 / 10].2).collect();
        assert_eq!(images(&found.middle), middle);
    }
}

#[test]
fn exemplars_of_a_planted_channel_come_from_its_class() {
    let (planes, seen) = specimens();
    let reader =
        ActivationReader::new(&planted(&[ACROSS_ROWS, ACROSS_COLUMNS, NOTHING]), &names(&["conv"])).unwrap();
    let answers = answers(&reader, &planes);
    for (channel, class) in [(0, "rows"), (1, "columns")] {
        let found = choose(
            (&seen, &NearDuplicates::default()),
            (&reader.layers()[0], &answers),
            channel,
            &ChooseConfig::default(),
        );
        let has = |one: &Exemplar| [Some(class), Some("both")].contains(&seen[one.image].category.as_deref());
        assert!(found.strongest.iter().all(has), "{class}");
        assert!(!found.weakest.iter().any(has), "{class}");
        assert_eq!(found.histogram.all.iter().sum::<u32>(), 200);
        assert!(found.histogram.of_class.values().all(|counts| counts.iter().sum::<u32>() == 50));
    }
}

#[test]
fn the_channel_that_tells_a_class_best_has_its_exemplars_from_that_class() {
    // without those that show both, each channel belongs to one class
    let (planes, seen): (Vec<Plane>, Vec<IndexedMicrograph>) = specimens_of(&["rows", "columns", "noise"]);
    let kernels = [ACROSS_ROWS, ACROSS_COLUMNS, NOTHING];
    let reader = ActivationReader::new(&planted(&kernels), &names(&["conv"])).unwrap();
    let answers = answers(&reader, &planes);
    let labels: Vec<Labelled> = seen
        .iter()
        .map(|seen| Labelled { group: seen.group.clone(), category: seen.category.clone() })
        .collect();
    let values = answers.largest();
    let values = UnitValues::new(&values, seen.len(), kernels.len()).unwrap();
    let labelled = LabelledValues { images: &labels, values };
    for class in ["rows", "columns"] {
        let question = Question::against_rest(&[class]);
        let found = differential_analysis(&labelled, &question, &DifferentialConfig::default()).unwrap();
        let auc = |unit: usize| found.units[unit].auc.value;
        let best = (0..kernels.len()).max_by(|&a, &b| auc(a).total_cmp(&auc(b))).unwrap();
        assert!(found.found.contains(&best) && auc(best) > 0.95, "{class}: {}", auc(best));
        let layer = (&reader.layers()[0], &answers);
        let chosen = choose((&seen, &NearDuplicates::default()), layer, best, &ChooseConfig::default());
        for exemplar in &chosen.strongest {
            assert_eq!(seen[exemplar.image].category.as_deref(), Some(class));
        }
    }
}

#[test]
fn a_dead_channel_has_no_exemplars() {
    let (planes, seen) = specimens();
    let reader = ActivationReader::new(&planted(&[ACROSS_ROWS, NOTHING]), &names(&["conv"])).unwrap();
    let answers = answers(&reader, &planes);
    let layer = &reader.layers()[0];
    let found = choose((&seen, &NearDuplicates::default()), (layer, &answers), 1, &ChooseConfig::default());
    assert!(found.dead && found.strongest.is_empty() && found.weakest.is_empty());
    assert_eq!(found.histogram.all, [200]);
    // one micrograph alone tells the two apart as well
    let of_one = self::answers(&reader, &planes[..1]);
    assert_eq!([0, 1].map(|channel| of_one.is_dead(channel)), [false, true]);
}

#[test]
fn neither_order_nor_near_duplicates_change_what_is_chosen() {
    let (planes, all) = specimens();
    let reader = ActivationReader::new(&planted(&[ACROSS_ROWS]), &names(&["conv"])).unwrap();
    let layer = &reader.layers()[0];
    let files = |order: &[usize], alike: &NearDuplicates| -> Vec<String> {
        let seen: Vec<IndexedMicrograph> = order.iter().map(|&index| all[index].clone()).collect();
        let planes: Vec<Plane> = order.iter().map(|&index| planes[index].clone()).collect();
        let answers = answers(&reader, &planes);
        let found = choose((&seen, alike), (layer, &answers), 0, &ChooseConfig::default());
        found.strongest.iter().map(|one| seen[one.image].file.clone()).collect()
    };
    let there: Vec<usize> = (0..all.len()).collect();
    let back: Vec<usize> = there.iter().rev().copied().collect();
    let first = files(&there, &NearDuplicates::default());
    assert_eq!(first, files(&back, &NearDuplicates::default()));
    // the second shows the place of the first, so the others move up
    let place = |file: &String| all.iter().position(|seen| seen.file == *file).unwrap();
    let alike = NearDuplicates::of([(place(&first[0]), place(&first[1]))]);
    let without = files(&there, &alike);
    assert_eq!(without[0], first[0]);
    assert_eq!(without[1..8], first[2..9]);
}

#[test]
fn ties_go_by_content_whatever_the_name() {
    let plane = noise(1, 20, 20);
    let mut all: Vec<IndexedMicrograph> = (0..12).map(|index| seen(index, &plane, "same")).collect();
    let peak = Peak { value: 1.0, y: 3, x: 3, mean: 0.1 };
    let other = Peak { value: 0.5, ..peak };
    let network = planted(&[ACROSS_ROWS]);
    let layer = network.layer("conv").unwrap();
    let peaks: Vec<Vec<Peak>> = (0..12).map(|index| vec![if index < 11 { peak } else { other }]).collect();
    let answers = LayerAnswers::new("conv", 1, peaks.iter().map(Vec::as_slice));
    let chosen = |seen: &[IndexedMicrograph]| -> Vec<String> {
        let found =
            choose((seen, &NearDuplicates::default()), (layer, &answers), 0, &ChooseConfig::default());
        found.strongest.iter().map(|one| seen[one.image].sha256.clone()).collect()
    };
    let first = chosen(&all);
    let mut sorted: Vec<String> = all[..11].iter().map(|seen| seen.sha256.clone()).collect();
    sorted.sort();
    assert_eq!(first, sorted[..9]);
    for (index, seen) in all.iter_mut().enumerate() {
        seen.file = format!("renamed {}", 99 - index);
    }
    assert_eq!(first, chosen(&all));
}

/// Noise with a patch of lines along the rows or columns at `(y, x)`.
fn with_patch(seed: u64, rows: bool, (y, x): (usize, usize)) -> Plane {
    let base = noise(seed, 96, 120);
    Plane::from_fn(96, 120, |v, u| {
        let inside = (y..y + 32).contains(&v) && (x..x + 32).contains(&u);
        let line = if rows { v % 5 == 0 } else { u % 5 == 0 };
        0.3 * base.at(v, u) + if inside && line { 0.7 } else { 0.0 }
    })
}

#[test]
fn a_marked_texture_finds_its_own_kind_first_and_where_it_lies() {
    let network = planted(&[ACROSS_ROWS, ACROSS_COLUMNS, NOTHING]);
    let reader = ActivationReader::new(&network, &names(&["conv", "pool"])).unwrap();
    let image = with_patch(1, true, (40, 60));
    let part = Rect { y: 40, x: 60, height: 32, width: 32 };
    let marked = find(&reader, &image, part, &FindConfig { n_units: 4 }).unwrap();
    assert_eq!(marked.units[0].channel, 0, "{marked:?}");
    assert!(marked.units.iter().all(|unit| unit.inside > unit.outside && unit.channel != 2));

    let mut found: Vec<(bool, Like)> = Vec::new();
    for seed in 10..20 {
        let rows = seed % 2 == 0;
        found.push((rows, like(&reader, &with_patch(seed, rows, (16, 24)), &marked).unwrap()));
    }
    found.sort_by(|a, b| b.1.likeness.total_cmp(&a.1.likeness));
    assert!(found[..5].iter().all(|(rows, _)| *rows), "{found:?}");
    for (_, like) in &found[..5] {
        assert!(like.part.y.abs_diff(16) <= 4 && like.part.x.abs_diff(24) <= 4, "{like:?}");
    }
}

#[test]
fn boxes_that_hold_nothing_are_refused() {
    let reader = ActivationReader::new(&planted(&[ACROSS_ROWS]), &names(&["pool"])).unwrap();
    let image = noise(0, 40, 50);
    let cases = [
        ("outside", Rect { y: 30, x: 10, height: 11, width: 5 }),
        ("empty", Rect { y: 3, x: 3, height: 0, width: 5 }),
        ("below a step", Rect { y: 3, x: 3, height: 1, width: 5 }),
        ("everything", Rect { y: 0, x: 0, height: 40, width: 50 }),
        ("overflow", Rect { y: usize::MAX, x: 0, height: 4, width: 5 }),
    ];
    for (name, part) in cases {
        let error = find(&reader, &image, part, &FindConfig::default()).expect_err(name).to_string();
        assert!(error.contains("inside an image of 50 × 40 px"), "{name}: {error}");
    }
}

#[test]
fn what_can_not_be_read_is_named() {
    let network = planted(&[ACROSS_ROWS]);
    let error = ActivationReader::new(&network, &names(&["encoder.9"])).err().unwrap().to_string();
    assert!(error.contains("`encoder.9`") && error.contains("conv, pool"), "{error}");
    let reader = ActivationReader::new(&network, &names(&["pool"])).unwrap();
    let error = reader.peaks(&Plane::filled(1, 30, 0.5)).unwrap_err().to_string();
    assert!(error.contains("30 × 1 px") && error.contains("2 × 2"), "{error}");
}

#[test]
fn usual_layers_are_ends_of_blocks_before_the_stride_grows_and_the_classes() {
    let classifier = crate::network::open(Path::new("classifier"), Device::Cpu).unwrap();
    let usual = ActivationReader::usual_layers(&classifier);
    let blocks: Vec<&String> = usual.iter().filter(|name| name.starts_with("_blocks.")).collect();
    // EfficientNet-Lite0: the stride grows after blocks 0, 2, 4 and 10
    assert_eq!(blocks[..4], ["_blocks.0", "_blocks.2", "_blocks.4", "_blocks.10"], "{usual:?}");
    let last = &classifier.layers().last().unwrap().name;
    assert_eq!(usual.last(), Some(last));
    assert_eq!(usual.len(), 6, "{usual:?}");
    let strides = usual[..5].iter().map(|name| classifier.layer(name).unwrap().stride);
    assert_eq!(strides.collect::<Vec<_>>(), [2, 4, 8, 16, 32]);
}
