//! The files of `scripts/onnx_files.py` give what onnxruntime gives; bad files give errors.

use burn::tensor::{Tensor, TensorData};
use prost::Message;
use serde_json::Value as Json;

use super::proto;
use crate::network::{Input, WeightsError};
use crate::{Architecture, Device, Network};

const FILES: [(&str, &[u8]); 11] = [
    ("plain-exported", include_bytes!("files/plain-exported.onnx")),
    ("plain-traced", include_bytes!("files/plain-traced.onnx")),
    ("residual-exported", include_bytes!("files/residual-exported.onnx")),
    ("residual-traced", include_bytes!("files/residual-traced.onnx")),
    ("channels_last-exported", include_bytes!("files/channels_last-exported.onnx")),
    ("channels_last-traced", include_bytes!("files/channels_last-traced.onnx")),
    ("unet-exported", include_bytes!("files/unet-exported.onnx")),
    ("unet-traced", include_bytes!("files/unet-traced.onnx")),
    ("doubled-exported", include_bytes!("files/doubled-exported.onnx")),
    ("doubled-traced", include_bytes!("files/doubled-traced.onnx")),
    ("helper", include_bytes!("files/helper.onnx")),
];

fn file(name: &str) -> &'static [u8] {
    FILES.iter().find(|file| file.0 == name).unwrap().1
}

fn opened(name: &str) -> Network {
    Network::from_onnx(file(name), None, Device::Cpu).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The input of the script, in what the network's first step takes.
fn image(network: &Network, shape: &[usize]) -> Tensor<4> {
    let preprocess = network.preprocess().unwrap();
    let gray = shape[1] == 1;
    let values = (0..shape.iter().product::<usize>()).map(|index| {
        let value = ((index * 37 + index / 7 * 11) % 101) as f32 / 100.0;
        if gray { value * preprocess.std[0] + preprocess.mean[0] } else { value }
    });
    let shape: [usize; 4] = shape.try_into().unwrap();
    Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), &Device::Cpu.burn())
}

#[test]
fn exported_networks_give_what_onnxruntime_gives() {
    let expected: Json = serde_json::from_str(include_str!("files/expected.json")).unwrap();
    for (name, _) in FILES {
        let network = opened(name);
        let expected = &expected[name];
        let list = |key: &str| expected[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
        let shape: Vec<usize> = list("input").map(|length| length as usize).collect();
        let found = network.graph().forward(image(&network, &shape));
        let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
        assert_eq!(found.len(), list("values").count(), "{name}");
        let largest = list("values").map(f64::abs).fold(0.0, f64::max);
        let difference =
            found.iter().zip(list("values")).map(|(&a, b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
        assert!(difference < 1e-5 * largest, "{name}: differs by {difference:.1e} of {largest:.1e}");
        println!("{name}: {:.1e}", difference / largest);
        // saved, it opens without ONNX
        let again = Network::from_bytes(&network.to_bytes(), Device::Cpu).unwrap();
        assert_eq!(again.sha256(), network.sha256(), "{name}");
        assert_eq!(again.layers(), network.layers(), "{name}");
    }
}

#[test]
fn layers_are_called_as_the_weights_and_know_their_fields() {
    // a 3 × 3 convolution, a pool of 2, a 3 × 3 convolution at stride 2, an average pool of 2
    let network = opened("plain-exported");
    for (name, channels, stride, field) in [
        ("features.0", 4, 1, Some(3)),
        ("features.4", 6, 2, Some(8)),
        ("avg_pool2d", 6, 4, Some(10)),
        ("fc1", 8, 4, None),
    ] {
        let layer = network.known_layer(name).unwrap();
        assert_eq!(
            (layer.n_channels, layer.stride, layer.receptive_field_px),
            (channels, stride, field),
            "{name}"
        );
    }
    // of the older export, paths without repetitions
    let traced = opened("plain-traced");
    assert!(traced.layer("features.4.Conv").is_some(), "{:?}", traced.known_layer(""));
    let notes = network.notes().join("\n");
    assert!(notes.contains("`fc1` was trained on maps of 4×4") && notes.contains("normalized"), "{notes}");
    // larger images are brought to the vector that it was trained for
    let large = micrograph::Plane::from_fn(40, 31, |y, x| (y * x % 7) as f32 / 6.0);
    assert_eq!(network.maps(&large, "fc2").unwrap().len(), 3);
    // a gate sees the whole image, what comes before it does not
    let gated = opened("residual-exported");
    let field = |name: &str| gated.known_layer(name).unwrap().receptive_field_px;
    // 3 at stride 2, then kernels of 1×7 and 7×1, which count as 7×7, and one of 3 with gaps
    assert_eq!((field("dilated"), field("last")), (Some(3 + 2 * (6 + 6) + 2 * 4), None));
    assert!(
        gated.notes().iter().any(|note| note.contains("`wide.0` has kernels of 1×7")),
        "{:?}",
        gated.notes()
    );
}

#[test]
fn metadata_name_classes_and_normalization() {
    let network = opened("helper");
    assert_eq!(network.classes().unwrap(), ["fibres", "tips", "powder"]);
    let preprocess = network.preprocess().unwrap();
    assert_eq!((preprocess.mean, preprocess.std), ([0.4; 3], [0.2; 3]));
    assert!(network.notes().is_empty(), "{:?}", network.notes());
    let mut model = proto::Model::decode(file("helper")).unwrap();
    model
        .metadata_props
        .iter_mut()
        .filter(|entry| entry.key == "classes")
        .for_each(|entry| entry.value += ", more");
    let error = Network::from_onnx(&model.encode_to_vec(), None, Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("4 names of classes, expected 3"), "{error}");
    // the deviation and mean of ImageNet where the file has none
    let colors = opened("residual-traced");
    assert_eq!((colors.channels_in(), colors.preprocess().unwrap().mean[1]), (3, 0.456));
}

#[test]
fn grey_gives_what_three_equal_colors_give() {
    let gray = micrograph::Plane::from_fn(24, 20, |y, x| ((3 * y + 5 * x) % 11) as f32 / 10.0);
    let colors = opened("residual-exported");
    let of_gray = colors.clone().gray();
    assert_eq!(of_gray.channels_in(), 1);
    assert_eq!(of_gray.maps(&gray, "last").unwrap(), colors.maps_of_colors([&gray; 3], "last").unwrap());
    let again = Network::from_bytes(&of_gray.to_bytes(), Device::Cpu).unwrap();
    let Architecture::Imported(config) = again.architecture() else { panic!("it is an imported one") };
    assert_eq!(config.input, Input::GrayAsColors);
}

fn changed(name: &str, change: impl FnOnce(&mut proto::Graph)) -> WeightsError {
    let mut model = proto::Model::decode(file(name)).unwrap();
    change(model.graph.as_mut().unwrap());
    Network::from_onnx(&model.encode_to_vec(), None, Device::Cpu).unwrap_err()
}

#[test]
fn what_is_not_supported_is_named() {
    let node = |graph: &mut proto::Graph, kind: &str| {
        graph.node.iter().position(|node| node.op_type == kind).unwrap()
    };
    let lstm = changed("plain-exported", |graph| {
        let place = node(graph, "Relu");
        graph.node[place].op_type = "LSTM".to_owned();
    });
    let text = lstm.to_string();
    assert!(text.contains("LSTM") && text.contains("supported are Add"), "{text}");
    let strides = changed("plain-exported", |graph| {
        let place = node(graph, "Conv");
        graph.node[place].attribute.retain(|attribute| attribute.name != "strides");
        let strides = proto::Attribute { name: "strides".into(), ints: vec![1, 2], ..Default::default() };
        graph.node[place].attribute.push(strides);
    });
    assert!(strides.to_string().contains("strides [1, 2]"), "{strides}");
    let input = changed("plain-exported", |graph| {
        let kind = graph.input[0].kind.as_mut().unwrap().tensor.as_mut().unwrap();
        kind.shape.as_mut().unwrap().dim[1].value = 4;
    });
    assert!(input.to_string().contains("[1, 4, 16, 16], expected an image"), "{input}");
    let two = changed("plain-exported", |graph| {
        graph.input.push(proto::ValueInfo { name: "mask".into(), kind: None });
    });
    assert!(two.to_string().contains("2 inputs") && two.to_string().contains("mask"), "{two}");
    let short = changed("plain-exported", |graph| graph.initializer[0].dims[0] = 5);
    assert!(short.to_string().contains("by its shape"), "{short}");
    let elsewhere = changed("plain-exported", |graph| {
        let tensor = &mut graph.initializer[0];
        tensor.data_location = 1;
        tensor.external_data =
            vec![proto::Entry { key: "location".into(), value: "../../weights.bin".into() }];
    });
    assert!(elsewhere.to_string().contains("a file beside the ONNX file"), "{elsewhere}");
}

#[test]
fn a_damaged_file_is_an_error_never_a_panic() {
    for name in ["plain-exported", "residual-traced", "channels_last-exported", "unet-traced", "helper"] {
        let whole = file(name);
        for length in (0..whole.len()).step_by(23) {
            let opened = Network::from_onnx(&whole[..length], None, Device::Cpu);
            if let Err(error) = opened {
                assert!(!error.to_string().is_empty());
            }
        }
        for index in 0..1500 {
            let mut stream = micrograph::random::Stream::new(7, "damage", index);
            let mut damaged = whole.to_vec();
            for _ in 0..1 + stream.below(3) {
                let place = stream.below(damaged.len());
                damaged[place] ^= 1 << stream.below(8);
            }
            if let Ok(network) = Network::from_onnx(&damaged, None, Device::Cpu) {
                assert!(!network.layers().is_empty());
            }
        }
    }
}
