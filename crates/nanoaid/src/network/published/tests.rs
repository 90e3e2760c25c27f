//! Published networks: their layers and counts, and the reference of both verified ones.

mod reference;

use std::path::Path;

use burn::tensor::Tensor;
use micrograph::Plane;
use micrograph::random::Stream;
use serde_json::Value;

use super::*;
use crate::network::{Architecture, WeightsError};
use crate::{Device, Network};

fn empty(network: Published, n_classes: Option<usize>) -> Network {
    let config = PublishedConfig::new(network, n_classes);
    Network::initialized(Architecture::Published(config), Init::Zero, Device::Cpu).unwrap()
}

fn random(network: Published) -> Network {
    let config = PublishedConfig::new(network, Some(3));
    Network::random(Architecture::Published(config), 5, Device::Cpu).unwrap()
}

fn noise(channel: u64, height: usize, width: usize) -> Plane {
    let mut stream = Stream::new(2, "image", channel);
    Plane::from_fn(height, width, |_, _| stream.uniform() as f32)
}

fn bits(maps: &[Plane]) -> Vec<u32> {
    maps.iter().flat_map(|map| map.values()).map(|value| value.to_bits()).collect()
}

#[test]
fn each_network_has_the_number_of_weights_that_was_published() {
    // torchvision's documentation of its weights and timm's table (1000 classes); EfficientNet-Lite0: Google's
    // 4.7 million, counted in ../shared/weights without the running statistics
    let cases = [
        (Published::Vgg11, 132_863_336),
        (Published::Vgg11Bn, 132_868_840),
        (Published::Vgg13, 133_047_848),
        (Published::Vgg13Bn, 133_053_736),
        (Published::Vgg16, 138_357_544),
        (Published::Vgg16Bn, 138_365_992),
        (Published::Vgg19, 143_667_240),
        (Published::Vgg19Bn, 143_678_248),
        (Published::SqueezeNet1_0, 1_248_424),
        (Published::SqueezeNet1_1, 1_235_496),
        (Published::SqueezeNet1_0Authors, 1_248_424),
        (Published::ResNet18, 11_689_512),
        (Published::ResNet34, 21_797_672),
        (Published::ResNet50, 25_557_032),
        (Published::ResNet101, 44_549_160),
        (Published::WideResNet50, 68_883_240),
        (Published::DenseNet121, 7_978_856),
        (Published::MobileNetV2, 3_504_872),
        (Published::TimmMobileNetV2, 3_504_872),
        (Published::MobileNetV3Small, 2_542_856),
        (Published::MobileNetV3Large, 5_483_032),
        (Published::TimmMobileNetV3Small, 2_542_856),
        (Published::TimmMobileNetV3Large, 5_483_032),
        (Published::TfMobileNetV3Small, 2_542_856),
        (Published::TfMobileNetV3Large, 5_483_032),
        (Published::MobileNetV4ConvSmall, 3_774_024),
        (Published::EfficientNetB0, 5_288_548),
        (Published::TimmEfficientNetB0, 5_288_548),
        (Published::TfEfficientNetB0, 5_288_548),
        (Published::EfficientNetLite0, 4_652_008),
        (Published::TfEfficientNetLite0, 4_652_008),
        (Published::TimmEfficientNetLite0, 4_652_008),
        (Published::ConvNextTiny, 28_589_128),
        (Published::TimmConvNextTiny, 28_589_128),
        (Published::ConvNextNano, 15_593_560),
        (Published::ConvNextAtto, 3_695_520),
    ];
    assert_eq!(cases.map(|(network, _)| network), Published::ALL);
    for (network, n_weights) in cases {
        let layers = empty(network, Some(1000)).layers().to_vec();
        let sum: usize = layers.iter().map(|layer| layer.n_weights).sum();
        assert_eq!(sum, n_weights, "{}", network.name());
        assert_eq!(layers.last().unwrap().n_channels, 1000, "{}", network.name());
    }
}

#[test]
fn layers_have_the_names_sizes_and_fields_that_are_known() {
    // sizes at the size of training; fields by Araujo et al. 2019 (distill.pub/2019/computing-
    // receptive-fields): ResNet-18's last stage 435, VGG16's conv5_3 196 and last pool 212
    let cases = [
        (Published::Vgg16, "features.28", 512, 14, Some(196)),
        (Published::Vgg16, "features.30", 512, 7, Some(212)),
        (Published::Vgg16, "classifier.6", 1000, 1, None),
        (Published::Vgg11Bn, "features.28", 512, 7, None),
        (Published::SqueezeNet1_0, "features.2", 96, 54, Some(11)),
        (Published::SqueezeNet1_0, "features.12", 512, 13, None),
        (Published::SqueezeNet1_0, "features.5.expand3x3", 128, 54, None),
        (Published::SqueezeNet1_1, "features.12", 512, 13, None),
        (Published::SqueezeNet1_0Authors, "fire4.expand3x3_activation", 128, 55, None),
        (Published::ResNet18, "maxpool", 64, 56, Some(11)),
        (Published::ResNet18, "layer4.1", 512, 7, Some(435)),
        (Published::ResNet34, "layer3.5.sum", 256, 14, None),
        // with the stride in the 3 × 3 convolutions; by the sum of (kernel − 1) · stride before it
        (Published::ResNet50, "layer4.2", 2048, 7, Some(427)),
        (Published::ResNet101, "layer4.2", 2048, 7, Some(971)),
        (Published::DenseNet121, "features.denseblock3", 1024, 14, None),
        // a kernel of 4, then one of 7 at stride 4: 4 + 6 · 4, and 6 · 4 more for each block
        (Published::TimmConvNextTiny, "stages.0.blocks.0", 96, 56, Some(28)),
        (Published::TimmConvNextTiny, "stages.0.blocks.1", 96, 56, Some(52)),
        (Published::ConvNextTiny, "features.7", 768, 7, None),
        (Published::MobileNetV2, "features.17", 320, 7, Some(491)),
        (Published::MobileNetV3Large, "features.3", 24, 56, None),
        (Published::MobileNetV3Large, "features.4", 40, 28, None),
        (Published::MobileNetV4ConvSmall, "blocks.3.5", 128, 7, None),
        (Published::EfficientNetLite0, "_blocks.3._depthwise_conv", 144, 28, None),
        (Published::EfficientNetLite0, "_blocks.15", 320, 7, None),
        (Published::TimmEfficientNetLite0, "blocks.2.0.conv_dw", 144, 28, None),
        (Published::TfEfficientNetLite0, "blocks.6.0", 320, 7, None),
    ];
    for (network, name, channels, side, field) in cases {
        let what = format!("{} {name}", network.name());
        let of = empty(network, Some(1000));
        let layer = of.layer(name).expect(&what);
        let length = of.preprocess().unwrap().size_px;
        assert_eq!((layer.n_channels, layer.map_length(length)), (channels, side), "{what}");
        if field.is_some() || name == "classifier.6" {
            assert_eq!(layer.receptive_field_px, field, "{what}");
        }
    }
}

#[test]
fn a_network_cut_at_any_layer_has_the_bits_of_the_whole() {
    let colors = [0, 1, 2].map(|channel| noise(channel, 47, 38));
    let colors = [&colors[0], &colors[1], &colors[2]];
    for network in [
        Published::SqueezeNet1_1,
        Published::ResNet18,
        Published::EfficientNetLite0,
        Published::MobileNetV3Small,
        Published::ConvNextAtto,
    ] {
        let whole = random(network);
        for layer in whole.layers() {
            let what = format!("{} {}", network.name(), layer.name);
            let maps = whole.maps_of_colors(colors, &layer.name).unwrap();
            assert_eq!(maps.len(), layer.n_channels, "{what}");
            let (height, width) = (maps[0].height(), maps[0].width());
            assert_eq!([47, 38].map(|length| layer.map_length(length)), [height, width], "{what}");
            let cut = whole.cut(&layer.name).unwrap();
            assert_eq!(cut.layers().last().unwrap().n_channels, layer.n_channels, "{what}");
            assert_eq!(bits(&cut.maps_of_colors(colors, &layer.name).unwrap()), bits(&maps), "{what}");
        }
    }
}

#[test]
fn the_gradient_for_the_image_is_the_slope_along_it() {
    for network in [
        Published::Vgg11Bn,
        Published::SqueezeNet1_0,
        Published::ResNet18,
        Published::EfficientNetLite0,
        Published::EfficientNetB0,
        Published::MobileNetV3Large,
        Published::ConvNextAtto,
    ] {
        let config = PublishedConfig::new(network, None);
        let network = Network::random(Architecture::Published(config), 5, Device::Cpu).unwrap();
        let name = &network.layers().last().unwrap().name;
        let planes = [0, 1, 2].map(|channel| noise(channel, 61, 50).values().to_vec()).concat();
        let image = burn::tensor::TensorData::new(planes, [1, 3, 61, 50]);
        let image = Tensor::<4>::from_data(image, &Device::Cpu.burn().autodiff());
        // two channels only, which must not change what the gradient is
        let cut = network.cut_to_channels(name, &[1, 4]).unwrap();
        let score = |image: Tensor<4>| cut.graph().forward(cut.normalized(image)).square().mean() / 1e2;
        let leaf = image.clone().require_grad();
        let gradients = score(leaf.clone()).backward();
        let gradient = leaf.grad(&gradients).unwrap();
        let slope = f64::from(gradient.clone().square().sum().into_scalar::<f32>()).sqrt();
        let direction = gradient / slope as f32;
        // so short that ReLUs and pools hardly switch, so long that f32 can tell
        let step = 4e-4;
        let at = |by: f64| {
            let moved = image.clone().inner() + direction.clone() * by as f32;
            f64::from(score(moved).into_scalar::<f32>())
        };
        let found = (at(step) - at(-step)) / (2.0 * step);
        assert!(slope > 0.0 && (found / slope - 1.0).abs() < 0.02, "{name}: {found}, expected {slope}");
    }
}

#[test]
fn a_saved_network_opens_as_it_was() {
    for input in [Input::Colors, Input::GrayAsColors, Input::GrayFolded] {
        let colors = random(Published::SqueezeNet1_0Authors);
        let saved = if input == Input::Colors { colors } else { colors.for_gray(input).unwrap() };
        let opened = Network::from_bytes(&saved.to_bytes(), Device::Cpu).unwrap();
        assert_eq!(opened.architecture(), saved.architecture());
        assert_eq!(opened.layers(), saved.layers());
        assert_eq!(opened.to_bytes(), saved.to_bytes());
    }
}

#[test]
fn grey_gives_what_three_equal_colors_give_at_the_border_too() {
    let gray = noise(0, 45, 52);
    for network in Published::ALL
        .iter()
        .copied()
        .filter(|network| !network.name().starts_with("vgg1"))
        .chain([Published::Vgg11])
    {
        let config = PublishedConfig::new(network, None);
        let colors = Network::random(Architecture::Published(config), 3, Device::Cpu).unwrap();
        let layer = &colors.layers()[3].name;
        let expected = colors.maps_of_colors([&gray; 3], layer).unwrap();
        let largest = expected.iter().flat_map(|map| map.values()).fold(0.0_f32, |a, b| a.max(b.abs()));
        for input in [Input::GrayAsColors, Input::GrayFolded] {
            let of_gray = colors.for_gray(input).unwrap();
            assert_eq!(of_gray.channels_in(), 1);
            for (found, expected) in of_gray.maps(&gray, layer).unwrap().iter().zip(&expected) {
                for (found, expected) in found.values().iter().zip(expected.values()) {
                    let difference = (found - expected).abs();
                    assert!(difference <= 1e-5 * largest, "{} {input:?}: {found} {expected}", network.name());
                }
            }
        }
        assert!(colors.for_gray(Input::GrayFolded).unwrap().for_gray(Input::GrayFolded).is_none());
    }
}

#[test]
fn a_file_of_weights_is_recognized_with_and_without_head() {
    // those that differ in what a file does not say
    let pairs = [
        [Published::TfEfficientNetLite0, Published::TimmEfficientNetLite0],
        [Published::TimmEfficientNetB0, Published::TfEfficientNetB0],
        [Published::TimmMobileNetV3Large, Published::TfMobileNetV3Large],
        [Published::TimmMobileNetV3Small, Published::TfMobileNetV3Small],
    ];
    for &network in Published::ALL {
        for n_classes in [None, Some(3)] {
            let large = network.name().starts_with("vgg") && n_classes.is_some();
            if large {
                continue; // half a gigabyte of zeros
            }
            let bytes = empty(network, n_classes).weights().to_bytes("format", "pt");
            let pair = pairs.iter().find(|pair| pair.contains(&network));
            let said = pair.map(|_| network);
            if let Some(pair) = pair {
                let error = Network::import(&bytes, None, Device::Cpu).unwrap_err();
                let candidates = pair.map(|network| network.name().to_owned()).to_vec();
                assert_eq!(error, WeightsError::SeveralNetworks { candidates });
            }
            let opened = Network::import(&bytes, said, Device::Cpu).unwrap();
            let config = PublishedConfig::new(network, n_classes);
            assert_eq!(opened.architecture(), &Architecture::Published(config), "{}", network.name());
        }
    }
    let bytes = empty(Published::ResNet18, None).weights().to_bytes("format", "pt");
    let error = Network::import(&bytes, Some(Published::ResNet34), Device::Cpu).unwrap_err();
    let expected = WeightsError::OtherNetwork { expected: "resnet34".into(), found: vec!["resnet18".into()] };
    assert_eq!(error, expected);
}

#[test]
fn the_authors_names_are_those_of_their_file() {
    let Some(bytes) = shared("squeezenet_v1_0_deepcompressed.safetensors") else { return };
    let (weights, _) = crate::network::Weights::from_bytes(&bytes).unwrap();
    let changed = |change: &dyn Fn(&mut crate::network::Weights)| {
        let mut weights = weights.clone();
        change(&mut weights);
        Network::import(&weights.to_bytes("format", "pt"), None, Device::Cpu).unwrap_err()
    };
    let name = "fire3/conv3x3_2.bias".to_owned();
    let missing = changed(&|weights| drop(weights.tensors.remove(&name)));
    assert_eq!(missing, WeightsError::Missing { name: name.clone() });
    let found = changed(&|weights| weights.tensors.get_mut(&name).unwrap().values[3] = f32::NAN);
    assert_eq!(found, WeightsError::NotFinite { name: name.clone(), index: 3, value: "NaN".into() });
    let unknown = changed(&|weights| weights.tensors.retain(|name, _| name.starts_with("conv1")));
    assert!(matches!(unknown, WeightsError::UnknownNetwork { .. }), "{unknown}");
}

/// A file of the verified weights; says so where it is not there.
fn shared(file: &str) -> Option<Vec<u8>> {
    let path = test_support::shared(Path::new("weights").join(file))?;
    Some(std::fs::read(path).unwrap())
}

/// The image of the reference, as its `input` says.
fn reference_image(n: usize) -> [Plane; 3] {
    [0, 1, 2].map(|color| {
        Plane::from_fn(n, n, |y, x| ((3 * x + 5 * y + 71 * color + (x * y) % 97) % 256) as f32 / 255.0)
    })
}

fn reproduces(name: &str, layers: &dyn Fn(&str) -> String, last: &str) {
    let (Some(bytes), Some(reference)) = (shared(&format!("{name}.safetensors")), shared("reference.json"))
    else {
        return;
    };
    let reference: Value = serde_json::from_slice(&reference).unwrap();
    let reference = &reference[name];
    let network = Network::import(&bytes, None, Device::Cpu).unwrap();
    let planes = reference_image(reference["n"].as_u64().unwrap() as usize);
    let colors = [&planes[0], &planes[1], &planes[2]];
    let number = |value: &Value| value.as_f64().unwrap();
    for (place, expected) in reference["activations"].as_object().unwrap() {
        let maps = if place == "input" {
            let planes = planes.each_ref().map(|plane| plane.values().to_vec()).concat();
            let data = burn::tensor::TensorData::new(planes, [1, 3, colors[0].height(), colors[0].width()]);
            let input = network.normalized(Tensor::from_data(data, &Device::Cpu.burn()));
            input.into_data().try_to_vec::<f32>().unwrap()
        } else {
            let maps = network.maps_of_colors(colors, &layers(place)).unwrap();
            let shape = expected["shape"].as_array().unwrap();
            assert_eq!(maps.len() as u64, shape[0].as_u64().unwrap(), "{place}");
            maps.iter().flat_map(|map| map.values().to_vec()).collect()
        };
        let count = maps.len() as f64;
        let mean = maps.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        let variance = maps.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
        let extremes = maps.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], &value| {
            [least.min(f64::from(value)), most.max(f64::from(value))]
        });
        let scale = number(&expected["std"]);
        for (what, found) in
            [("mean", mean), ("std", variance.sqrt()), ("min", extremes[0]), ("max", extremes[1])]
        {
            let expected = number(&expected[what]);
            assert!((found - expected).abs() < 1e-4 * scale, "{place} {what}: {found}, expected {expected}");
        }
    }
    let logits: Vec<f64> =
        network.maps_of_colors(colors, last).unwrap().iter().map(|map| f64::from(map.at(0, 0))).collect();
    let first = reference["logits_first8"].as_array().unwrap().iter().map(number);
    let top = reference["top5"].as_array().unwrap();
    let top = top.iter().map(|pair| (pair[0].as_u64().unwrap() as usize, number(&pair[1])));
    for (class, expected) in first.enumerate().chain(top) {
        assert!((logits[class] - expected).abs() < 1e-3, "{class}: {}, expected {expected}", logits[class]);
    }
    let sum: f64 = logits.iter().sum();
    assert!((sum - number(&reference["logits_sum"])).abs() < 1e-1, "{sum}");
}

#[test]
fn squeezenet_gives_the_activations_of_its_reference() {
    let layer = |place: &str| match place {
        "conv1 (relu)" => "conv1.relu".to_owned(),
        "conv_final (pad 1, relu)" => "conv_final.relu".to_owned(),
        same => same.to_owned(),
    };
    reproduces("squeezenet_v1_0_deepcompressed", &layer, "pool_final");
}

#[test]
fn efficientnet_gives_the_activations_of_its_reference() {
    let layer = |place: &str| match place {
        "stem (conv+bn+relu6)" => "_bn0.relu6".to_owned(),
        "head (conv+bn+relu6)" => "_bn1.relu6".to_owned(),
        "global average pool" => "_avg_pooling".to_owned(),
        same => same.to_owned(),
    };
    reproduces("efficientnet_lite0", &layer, "_fc");
}
