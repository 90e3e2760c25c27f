//! What the parts of the lens promise together, on untrained networks.

use std::collections::BTreeSet;

use micrograph::random::Stream;
use micrograph::{Calibration, CalibrationSource, Plane, Rect};

use super::*;
use crate::{Architecture, AutoencoderConfig, Device, SegmenterConfig};

fn architecture() -> Architecture {
    Architecture::Autoencoder(AutoencoderConfig {
        stages: vec![4, 6, 8],
        latent: 3,
        ..AutoencoderConfig::default()
    })
}

fn network(seed: u64) -> Network {
    Network::random(architecture(), seed, Device::Cpu).unwrap()
}

fn noise(height: usize, width: usize, seed: u64) -> Plane {
    let mut stream = Stream::new(seed, "noise", 0);
    Plane::from_fn(height, width, |_, _| stream.uniform() as f32)
}

fn tiles(tile_px: usize) -> TileConfig {
    TileConfig { tile_px, ..TileConfig::default() }
}

fn maps_of(network: &Network, layer: &str, image: &Plane, config: &TileConfig) -> FeatureMaps {
    FeatureMaps::of(network, layer, image, config, &mut |_, _| ControlFlow::Continue(())).unwrap()
}

fn planes(maps: &FeatureMaps) -> Vec<Plane> {
    (0..maps.n_channels()).map(|channel| maps.plane(channel).unwrap().into_owned()).collect()
}

/// A network in which `change` was applied to the weights of the random one.
fn changed(change: impl FnOnce(&mut crate::network::Weights)) -> Network {
    let mut weights = network(1).weights();
    change(&mut weights);
    Network::with_weights(architecture(), &weights, Device::Cpu).unwrap()
}

/// Sets kernel and bias of `channel` in `layer` to `factor` times those of `source`.
fn plant(weights: &mut crate::network::Weights, layer: &str, channel: usize, source: usize, factor: f32) {
    for part in ["weight", "bias"] {
        let tensor = weights.tensors.get_mut(&format!("{layer}.{part}")).unwrap();
        let size = tensor.values.len() / tensor.shape[0];
        for i in 0..size {
            tensor.values[channel * size + i] = factor * tensor.values[source * size + i];
        }
    }
}

#[test]
fn maps_of_the_cut_network_are_those_of_the_whole_to_the_bit() {
    let (network, image) = (network(3), noise(35, 50, 3));
    for layer in network.layers() {
        let cut = network.cut(&layer.name).unwrap();
        assert_eq!(cut.layers().last(), Some(layer));
        assert_eq!(
            cut.maps(&image, &layer.name).unwrap(),
            network.maps(&image, &layer.name).unwrap(),
            "{}",
            layer.name
        );
    }
}

#[test]
fn tiles_give_the_maps_of_the_whole_to_the_bit() {
    let plain = AutoencoderConfig {
        stages: vec![4, 6, 8],
        latent: 3,
        block_code: false,
        ..AutoencoderConfig::default()
    };
    let plain = Network::random(Architecture::Autoencoder(plain), 5, Device::Cpu).unwrap();
    let levels = SegmenterConfig { levels: vec![4, 6, 8] };
    let levels = Network::random(Architecture::Segmenter(levels), 5, Device::Cpu).unwrap();
    for network in [network(5), plain, levels] {
        for (height, width, tile_px) in [
            (40, 40, 16),
            (61, 83, 16),
            (83, 61, 24),
            (37, 130, 32),
            (129, 8, 16),
            (45, 47, 1),
            (23, 31, 512),
        ] {
            let image = noise(height, width, 7);
            for layer in network.layers() {
                let tiled = planes(&maps_of(&network, &layer.name, &image, &tiles(tile_px)));
                let whole = network.maps(&image, &layer.name).unwrap();
                assert!(tiled == whole, "{}, {height} × {width} px in tiles of {tile_px}", layer.name);
            }
        }
    }
}

#[test]
fn tiles_of_published_networks_give_the_bits_of_the_whole() {
    use crate::network::{Input, Published, PublishedConfig};

    let image = noise(181, 230, 3);
    for (network, layers) in [
        (Published::ConvNextAtto, ["stem.1", "stages.0.blocks.1.mlp.act", "stages.0", "stages.1.blocks.0"]),
        (Published::MobileNetV4ConvSmall, ["conv_stem", "blocks.1.0", "blocks.2.0", "blocks.2.1"]),
        (
            Published::DenseNet121,
            ["features.pool0", "features.denseblock1", "features.transition1.pool", "relu"],
        ),
        // gates need the whole image, which is then run in one piece
        (Published::TimmMobileNetV3Small, ["conv_stem", "blocks.0.0", "blocks.1.1", "blocks.2.1"]),
    ] {
        let config = PublishedConfig { input: Input::GrayFolded, ..PublishedConfig::new(network, None) };
        let network = Network::random(Architecture::Published(config), 5, Device::Cpu).unwrap();
        for layer in layers {
            let tiled = planes(&maps_of(&network, layer, &image, &tiles(64)));
            let whole = planes(&maps_of(&network, layer, &image, &tiles(usize::MAX)));
            assert!(tiled == whole, "{layer}");
        }
    }
}

#[test]
fn tiles_of_wide_networks_give_the_bits_of_the_whole_too() {
    // from 32 channels on either side on, outputs are computed in squares of 4 × 4
    let wide = |block_code, seed| {
        let config = AutoencoderConfig {
            stages: vec![32, 40, 33],
            latent: 34,
            block_code,
            ..AutoencoderConfig::default()
        };
        Network::random(Architecture::Autoencoder(config), seed, Device::Cpu).unwrap()
    };
    let levels = SegmenterConfig { levels: vec![12, 32, 40] };
    let levels = Network::random(Architecture::Segmenter(levels), 7, Device::Cpu).unwrap();
    for network in [wide(true, 5), wide(false, 6), levels] {
        for (height, width, tile_px) in
            [(61, 183, 32), (150, 45, 24), (77, 130, 8), (97, 64, 40), (33, 70, 1000)]
        {
            let image = noise(height, width, 7);
            for layer in network.layers() {
                let name = format!("{}, {height} × {width} px in tiles of {tile_px}", layer.name);
                let tiled = planes(&maps_of(&network, &layer.name, &image, &tiles(tile_px)));
                let whole = planes(&maps_of(&network, &layer.name, &image, &tiles(usize::MAX)));
                assert!(tiled == whole, "{name}");
                // with one sum for each output, maps are the same but for rounding
                let direct = network.maps(&image, &layer.name).unwrap();
                let (direct, tiled) =
                    (direct.iter().flat_map(Plane::values), whole.iter().flat_map(Plane::values));
                let off = direct.clone().zip(tiled).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                let largest = direct.fold(0.0_f32, |largest, value| largest.max(value.abs()));
                assert!(off <= 1e-5 * largest, "{name}: {off} of {largest}");
            }
        }
    }
}

#[test]
fn a_shift_by_the_stride_shifts_the_maps_by_one() {
    let network = network(11);
    let large = noise(140, 132, 13);
    for depth in 1..=network.n_stages() {
        let layer = network.layer_at_depth(depth).unwrap();
        let stride = 1 << depth;
        assert_eq!(layer.stride, stride);
        let cut = |y, x| large.crop(Rect { y, x, height: 120, width: 112 });
        let here = network.maps(&cut(0, 0), &layer.name).unwrap();
        let there = network.maps(&cut(stride, stride), &layer.name).unwrap();
        let inner = |index: usize, length: usize| {
            let (first, end) = layer.image_from_feature(index);
            first >= 0 && end <= length as isize
        };
        let mut n_compared = 0;
        for (here, there) in here.iter().zip(&there) {
            for y in (0..there.height() - 1).filter(|&y| inner(y, 120) && inner(y + 1, 120)) {
                for x in (0..there.width() - 1).filter(|&x| inner(x, 112) && inner(x + 1, 112)) {
                    let (a, b) = (here.at(y + 1, x + 1), there.at(y, x));
                    assert!(
                        (a - b).abs() <= 1e-5 * a.abs().max(1.0),
                        "depth {depth} at {y}, {x}: {a} is not {b}"
                    );
                    n_compared += 1;
                }
            }
        }
        assert!(n_compared > 100, "depth {depth}: {n_compared}");
    }
}

#[test]
fn the_receptive_field_is_what_changes_a_neuron_when_pixels_change() {
    let (height, width) = (64, 76);
    let image = Plane::filled(height, width, 0.5);
    // all weights positive: nothing is cut off by a ReLU, and every path counts
    let network = changed(|weights| {
        weights
            .tensors
            .values_mut()
            .flat_map(|tensor| &mut tensor.values)
            .for_each(|value| *value = value.abs().max(0.01));
    });
    for name in
        ["encoder.1", "encoder.2.relu", "encoder.2", "encoder.3", "latent", "decoder.3", "decoder.2.relu"]
    {
        let layer = network.layer(name).unwrap();
        let (y, x) = (height / 2 / layer.stride + 1, width / 2 / layer.stride);
        let before = network.maps(&image, name).unwrap();
        let mut image = image.clone();
        let mut changing = BTreeSet::new();
        for pixel in 0..height * width {
            image.values_mut()[pixel] = 60.0; // brighter than what is pooled with it
            let after = network.maps(&image, name).unwrap();
            image.values_mut()[pixel] = 0.5;
            if before.iter().zip(&after).any(|(before, after)| before.at(y, x) != after.at(y, x)) {
                changing.insert((pixel / width, pixel % width));
            }
        }
        let inside = |index: usize, length: usize| {
            let (first, end) = layer.image_from_feature(index);
            first.max(0) as usize..(end as usize).min(length)
        };
        let (rows, columns) = (inside(y, height), inside(x, width));
        let expected: BTreeSet<_> =
            rows.flat_map(|row| columns.clone().map(move |column| (row, column))).collect();
        assert!(!expected.is_empty() && expected.len() < height * width, "{name}: the image is larger");
        assert_eq!(changing, expected, "{name}");
    }
}

#[test]
fn spilled_maps_are_those_in_memory() {
    let (network, image, folder) = (network(17), noise(61, 83, 17), tempfile::tempdir().unwrap());
    for layer in ["encoder.2", "decoder.2"] {
        let in_memory = maps_of(&network, layer, &image, &tiles(16));
        let small = TileConfig {
            memory_budget_bytes: 4000,
            spill_folder: Some(folder.path().to_owned()),
            ..tiles(16)
        };
        let spilled = maps_of(&network, layer, &image, &small);
        assert!(spilled.spilled() && !in_memory.spilled());
        assert_eq!(planes(&spilled), planes(&in_memory));
        let (a, b) = (rank(&spilled, Order::Energy).unwrap(), rank(&in_memory, Order::Energy).unwrap());
        assert_eq!(a.channels, b.channels);
        assert_eq!(
            false_color(&spilled, &a, None).unwrap().planes,
            false_color(&in_memory, &b, None).unwrap().planes
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file is gone");
}

#[test]
fn what_cannot_be_looked_at_says_why() {
    let (network, image) = (network(19), noise(7, 40, 19));
    let error = |layer: &str, config: &TileConfig| {
        FeatureMaps::of(&network, layer, &image, config, &mut |_, _| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string()
    };
    let config = TileConfig::default();
    assert!(
        error("encoder.9", &config).starts_with("no layer `encoder.9`, expected one of: encoder.1.relu, enc")
    );
    // the output has stride 1, but the latent on the way to it has 8
    for layer in ["encoder.3", "latent", "output"] {
        let text = format!("image of 40 × 7 px: layer `{layer}` needs at least 8 × 8 px");
        assert_eq!(error(layer, &config), text);
    }
    assert_eq!(error("encoder.1", &tiles(0)), "tile_px: expected at least 1, found 0");
    let folder = tempfile::tempdir().unwrap().path().join("gone");
    let lost = TileConfig { memory_budget_bytes: 1, spill_folder: Some(folder.clone()), ..config };
    let text = error("encoder.1", &lost);
    assert!(text.starts_with(&format!("cannot keep feature maps in {}: ", folder.display())), "{text}");
    let encoder = network.cut("encoder.2").unwrap();
    let error = reconstruction(&encoder, &image, &tiles(64), Threshold::default(), &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert!(matches!(error, Err(LensError::NoReconstruction { last }) if last == "encoder.2"));
}

#[test]
fn planted_dead_channels_and_near_copies_are_found_and_come_last() {
    let network = changed(|weights| {
        plant(weights, "encoder.1.relu", 0, 0, 0.0); // always 0
        plant(weights, "encoder.1.relu", 3, 2, 0.5); // half of channel 2
        // constant at 0.7
        plant(weights, "encoder.1.relu", 1, 1, 0.0);
        weights.tensors.get_mut("encoder.1.relu.bias").unwrap().values[1] = 0.7;
    });
    let maps = maps_of(&network, "encoder.1", &noise(50, 71, 23), &tiles(64));
    for order in [Order::Energy, Order::Entropy, Order::Channel] {
        let ranking = rank(&maps, order).unwrap();
        let order: Vec<usize> = ranking.channels.iter().map(|channel| channel.channel).collect();
        assert_eq!(order[..2], [2, 3], "{order:?}");
        assert_eq!(ranking.channels[0].state, ChannelState::Live);
        let ChannelState::NearCopy { of: 2, correlation } = ranking.channels[1].state else {
            panic!("{:?}", ranking.channels[1])
        };
        assert!((correlation - 1.0).abs() < 1e-6, "{correlation}");
        assert_eq!(ranking.channels[2].state, ChannelState::Dead);
        assert_eq!(ranking.channels[3].state, ChannelState::Dead);
        assert_eq!(ranking.counts, ChannelCounts { n_live: 1, n_near_copies: 1, n_dead: 2 });
    }
    let ranking = rank(&maps, Order::Energy).unwrap();
    let colors = false_color(&maps, &ranking, None).unwrap();
    assert_eq!(colors.loadings, [[0.0, 0.0, 1.0, 0.0]], "the one live channel is the one component");
    assert!((colors.explained[0] - 1.0).abs() < 1e-12);
    assert!(colors.planes[0].range().is_some_and(|range| range == (0.0, 1.0)));
    for missing in &colors.planes[1..] {
        assert_eq!(missing.range(), Some((0.5, 0.5)));
    }
}

#[test]
fn live_channels_stand_in_the_order_that_was_asked_for() {
    let maps = maps_of(&network(1), "encoder.3", &noise(160, 168, 29), &tiles(64));
    let key = |order: Order, channel: &RankedChannel| match order {
        Order::Energy => -channel.statistics.energy,
        Order::Entropy => channel.statistics.entropy_bits,
        Order::Channel => channel.channel as f64,
    };
    for order in [Order::Energy, Order::Entropy, Order::Channel] {
        let ranking = rank(&maps, order).unwrap();
        let live = &ranking.channels[..ranking.counts.n_live];
        assert!(live.len() > 3 && live.iter().all(|channel| channel.state == ChannelState::Live));
        assert!(live.is_sorted_by_key(|channel| key(order, channel)), "{order:?}");
    }
}

#[test]
fn components_agree_with_a_naive_power_iteration_over_all_positions() {
    let maps = maps_of(&network(1), "encoder.2", &noise(90, 130, 31), &tiles(64));
    let ranking = rank(&maps, Order::Energy).unwrap();
    assert_eq!(ranking.counts.n_live, 6, "all channels take part");
    let colors = false_color(&maps, &ranking, None).unwrap();
    let centred: Vec<Vec<f64>> = planes(&maps)
        .iter()
        .map(|plane| plane.values().iter().map(|&value| f64::from(value) - plane.mean()).collect())
        .collect();
    let n_positions = centred[0].len() as f64;
    let variance: f64 = centred.iter().flatten().map(|value| value * value).sum::<f64>() / n_positions;
    let mut rest = centred.clone();
    for component in 0..3 {
        let mut vector = vec![1.0, 0.9, 0.8, 0.7, 0.6, 0.5];
        let mut length = 0.0;
        for _ in 0..3000 {
            let scores: Vec<f64> = (0..rest[0].len())
                .map(|i| vector.iter().zip(&rest).map(|(part, channel)| part * channel[i]).sum())
                .collect();
            vector =
                rest.iter().map(|channel| channel.iter().zip(&scores).map(|(a, b)| a * b).sum()).collect();
            length = vector.iter().map(|part| part * part).sum::<f64>().sqrt();
            vector.iter_mut().for_each(|part| *part /= length);
        }
        let alike: f64 = vector.iter().zip(&colors.loadings[component]).map(|(a, b)| a * b).sum();
        assert!((alike.abs() - 1.0).abs() < 1e-4, "component {component}: {alike}");
        let share = length / n_positions / variance;
        assert!((colors.explained[component] - share).abs() < 1e-6, "component {component}: {share}");
        let largest = colors.loadings[component].iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        assert!(largest.unwrap() > 0.0, "component {component}");
        // take the component away before the next is looked for
        for i in 0..rest[0].len() {
            let score: f64 = vector.iter().zip(&rest).map(|(part, channel)| part * channel[i]).sum();
            rest.iter_mut().zip(&vector).for_each(|(channel, part)| channel[i] -= score * part);
        }
    }
}

#[test]
fn reconstructions_are_those_of_the_image_extended_by_hand() {
    let network = network(37);
    for (height, width) in [(40, 64), (43, 61), (5, 3)] {
        let image = noise(height, width, 37);
        let (tall, wide) = (height.next_multiple_of(8), width.next_multiple_of(8));
        let extended = Plane::from_fn(tall, wide, |y, x| image.at(y.min(height - 1), x.min(width - 1)));
        let whole = network.maps(&extended, "output").unwrap()[0].crop(Rect { y: 0, x: 0, height, width });
        let found = reconstruction(&network, &image, &tiles(16), Threshold::default(), &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(found.output == whole, "{height} × {width}");
        let errors = image.values().iter().zip(whole.values());
        let mse = errors.map(|(a, b)| f64::from((a - b) * (a - b))).sum::<f64>() / (height * width) as f64;
        assert!((found.metrics.mean_squared_error / mse - 1.0).abs() < 1e-4);
        assert!((found.metrics.psnr_db.unwrap() - 10.0 * (1.0 / mse).log10()).abs() < 1e-3);
        assert_eq!((found.error_map.height(), found.error_map.width()), (tall / 8, wide / 8));
        assert_eq!(found.metrics.cell_px, 8);
    }
}

#[test]
fn the_result_names_layer_sizes_and_nanometres() {
    let network = network(41);
    let calibration = Calibration { nm_per_px_y: 3.0, ..Calibration::square(2.0, CalibrationSource::Typed) };
    let image = noise(61, 83, 41);
    let seen = LensImage { plane: &image, calibration: Some(&calibration) };
    let mut steps = Vec::new();
    let config = LensConfig { tiles: tiles(16), ..LensConfig::default() };
    let lens = look(&network, "encoder.2", seen, &config, &mut |step, done, total| {
        steps.push((step, done == total));
        ControlFlow::Continue(())
    })
    .unwrap();
    let result = &lens.result;
    assert_eq!((result.layer.as_str(), result.depth, result.stride), ("encoder.2", Some(2), 4));
    assert_eq!(result.maps, Size { height: 15, width: 20 });
    assert_eq!(result.receptive_field_px, 10);
    assert_eq!(result.receptive_field_nm, Some(SizeNm { height_nm: 30.0, width_nm: 20.0 }));
    let map_calibration = result.map_calibration.as_ref().unwrap();
    assert_eq!((map_calibration.nm_per_px_y, map_calibration.nm_per_px_x), (12.0, 8.0));
    assert_eq!(result.channels.len(), 6);
    for (index, channel) in result.channels.iter().enumerate() {
        let address = channel.address.to_string();
        assert!(channel.rank == index + 1 && address.starts_with("encoder.2:"), "{address}");
    }
    let last = result.explained_variance_cumulative.last().unwrap();
    assert!((last - result.explained_variance.iter().sum::<f64>()).abs() < 1e-12 && *last <= 1.0 + 1e-9);
    assert_eq!(result.network_sha256.len(), 64);
    assert!(
        steps.contains(&(LensStep::Maps, true)) && steps.last() == Some(&(LensStep::Reconstruction, true))
    );
    let json = serde_json::to_value(result).unwrap();
    assert_eq!(json["channels"][0]["rank"], 1);
    assert_eq!(json["schema_version"], SCHEMA_VERSION);
    let other =
        look(&network, "latent", (&image).into(), &config, &mut |_, _, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(other.result.depth, None);
    assert!(other.result.warnings.contains(&Warning::Uncalibrated));
}

#[test]
fn a_lens_stops_at_the_tile_at_which_its_caller_breaks() {
    let (network, image) = (network(5), noise(40, 64, 5));
    let config = LensConfig { tiles: tiles(16), ..LensConfig::default() };
    let n_tiles = 12; // 3 × 4
    for (name, step, at) in [
        ("before the first tile", LensStep::Maps, 0),
        ("between tiles", LensStep::Maps, 5),
        ("in the reconstruction", LensStep::Reconstruction, 2),
    ] {
        let mut calls = Vec::new();
        let ended = look(&network, "encoder.1", (&image).into(), &config, &mut |now, done, total| {
            calls.push((now, done, total));
            if (now, done) == (step, at) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(ended, Err(LensError::Cancelled)), "{name}");
        assert_eq!(calls.last(), Some(&(step, at, n_tiles)), "{name}: nothing is run after it");
    }
}

#[test]
fn places_of_one_texture_are_alike_whatever_the_size_of_a_channels_values() {
    let mut stream = Stream::new(4, "noise", 0);
    // stripes along columns on the left, along rows on the right
    let image = Plane::from_fn(64, 128, |y, x| {
        let along = if x < 64 { x } else { y };
        (0.5 + 0.3 * (along as f64).sin() + 0.05 * stream.normal()) as f32
    });
    let maps = maps_of(&network(1), "encoder.2", &image, &tiles(128));
    let found = likeness(&maps, [8, 6]).unwrap();
    assert!((found.at(8, 6) - 1.0).abs() < 1e-5 && found.range().unwrap().0 >= -1.0);
    let mean = |columns: std::ops::Range<usize>| {
        let values: Vec<f32> =
            columns.flat_map(|x| (2..14).map(move |y| (y, x))).map(|(y, x)| found.at(y, x)).collect();
        values.iter().sum::<f32>() / values.len() as f32
    };
    assert!(mean(2..14) > 0.2 && mean(18..30) < 0.0, "{} {}", mean(2..14), mean(18..30));

    let layer = "encoder.1.relu";
    let louder = changed(|weights| plant(weights, layer, 1, 1, 8.0));
    let [soft, loud] = [&network(1), &louder]
        .map(|network| likeness(&maps_of(network, layer, &image, &tiles(128)), [20, 20]).unwrap());
    let off = soft.values().iter().zip(loud.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < 1e-4, "{off}");
    let flat = maps_of(&network(1), "encoder.2", &Plane::filled(32, 32, 0.5), &tiles(128));
    assert!(likeness(&flat, [4, 4]).unwrap().values().iter().all(|value| (-1.0..=1.0).contains(value)));
}
