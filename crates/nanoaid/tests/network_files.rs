//! Networks as files: what is saved opens as it was, and what is damaged is told, without a panic.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::HashMap;

use micrograph::Plane;
use micrograph::random::Stream;
use nanoaid::network::{Weight, Weights, WeightsError};
use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
use safetensors::tensor::{Dtype, TensorView};

/// Key of the architecture in the header.
const KEY: &str = "nanoaid.architecture";

fn network(block_code: bool) -> Network {
    let config =
        AutoencoderConfig { stages: vec![4, 6], latent: 3, block_code, ..AutoencoderConfig::default() };
    Network::random(Architecture::Autoencoder(config), 7, Device::Cpu).unwrap()
}

fn image() -> Plane {
    let mut stream = Stream::new(1, "image", 0);
    Plane::from_fn(13, 22, |_, _| stream.uniform() as f32)
}

fn architecture(network: &Network) -> String {
    serde_json::to_string(network.architecture()).unwrap()
}

/// The error of a network's file after `change` was made to its weights.
fn error_after(change: impl FnOnce(&mut Weights)) -> WeightsError {
    let network = network(true);
    let mut weights = network.weights();
    change(&mut weights);
    Network::from_bytes(&weights.to_bytes(KEY, &architecture(&network)), Device::Cpu).unwrap_err()
}

fn bits(maps: &[Plane]) -> Vec<Vec<u32>> {
    maps.iter().map(|map| map.values().iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn a_network_that_is_opened_gives_the_same_bits_at_every_layer() {
    for block_code in [false, true] {
        let saved = network(block_code);
        let bytes = saved.to_bytes();
        let opened = Network::from_bytes(&bytes, Device::Cpu).unwrap();
        assert_eq!(opened.to_bytes(), bytes);
        assert_eq!(opened.layers(), saved.layers());
        for layer in saved.layers() {
            let (then, now) =
                (saved.maps(&image(), &layer.name).unwrap(), opened.maps(&image(), &layer.name).unwrap());
            assert_eq!(bits(&then), bits(&now), "{}", layer.name);
        }
    }
}

#[test]
fn a_network_cut_at_a_depth_gives_the_bits_of_the_whole() {
    let whole = network(true);
    for depth in 1..=whole.n_stages() {
        let layer = whole.layer_at_depth(depth).unwrap().name.clone();
        let cut = whole.cut(&layer).unwrap();
        assert_eq!(cut.layers().last().unwrap().name, layer);
        assert_eq!(
            bits(&cut.maps(&image(), &layer).unwrap()),
            bits(&whole.maps(&image(), &layer).unwrap()),
            "{layer}"
        );
    }
}

#[test]
fn values_before_a_relu_have_an_address() {
    let network = network(true);
    let after = network.maps(&image(), "encoder.2.relu").unwrap();
    let before = network.maps(&image(), "encoder.2.relu.preactivation").unwrap();
    assert!(before.iter().flat_map(Plane::values).any(|&value| value < 0.0));
    for (before, after) in before.iter().zip(&after) {
        let rectified: Vec<f32> = before.values().iter().map(|value| value.max(0.0)).collect();
        assert_eq!(rectified, after.values());
    }
}

#[test]
fn weights_that_do_not_fit_are_told_by_name() {
    let name = "encoder.2.relu.weight".to_owned();
    let missing = error_after(|weights| drop(weights.tensors.remove("encoder.2.relu.weight")));
    assert_eq!(missing, WeightsError::Missing { name: name.clone() });

    let left_over = error_after(|weights| {
        weights.tensors.insert("encoder.9.weight".into(), Weight { shape: vec![1], values: vec![0.0] });
    });
    assert_eq!(left_over, WeightsError::LeftOver { name: "encoder.9.weight".into() });

    let shape = error_after(|weights| weights.tensors.get_mut(&name).unwrap().shape = vec![4, 6, 3, 3]);
    let expected =
        WeightsError::Shape { name: name.clone(), found: vec![4, 6, 3, 3], expected: vec![6, 4, 3, 3] };
    assert_eq!(shape, expected);

    for (value, text) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let found = error_after(|weights| weights.tensors.get_mut(&name).unwrap().values[5] = value);
        let expected = WeightsError::NotFinite { name: name.clone(), index: 5, value: text.into() };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_weight_of_other_numbers_than_floats_of_32_or_16_bits_is_refused() {
    for (dtype, bytes) in [(Dtype::F64, 8), (Dtype::I16, 2), (Dtype::I32, 4), (Dtype::U8, 1)] {
        let data = vec![0; bytes];
        let view = TensorView::new(dtype, vec![1], &data).unwrap();
        let header = HashMap::from([(KEY.to_owned(), architecture(&network(true)))]);
        let file = safetensors::serialize([("latent.bias", view)], Some(header)).unwrap();
        let error = Network::from_bytes(&file, Device::Cpu).unwrap_err();
        assert!(matches!(&error, WeightsError::NotF32 { name, .. } if name == "latent.bias"), "{error}");
    }
}

#[test]
fn a_header_without_a_known_architecture_is_refused() {
    let weights = network(true).weights();
    let error = Network::from_bytes(&weights.to_bytes("other", "text"), Device::Cpu).unwrap_err();
    assert_eq!(error, WeightsError::NoArchitecture);
    let good = architecture(&network(true));
    for text in [
        String::new(),
        "{}".to_owned(),
        good.replace("autoencoder", "transformer"),
        good.replace("[4,6]", "[4,0]"),
        good.replace("[4,6]", "[4,6,8,8,8,8,8]"),
        good.replace("\"latent\":3", "\"latent\":99999999999"),
        good.replace("\"latent\":3", "\"latent\":-3"),
        good.replace("\"latent\":3", "\"latent\":3,\"attention\":1"),
    ] {
        let error = Network::from_bytes(&weights.to_bytes(KEY, &text), Device::Cpu).unwrap_err();
        assert!(matches!(error, WeightsError::Architecture { .. }), "{text}: {error}");
    }
}

#[test]
fn a_damaged_file_is_an_error_never_a_panic() {
    let whole = network(true).to_bytes();
    for length in (0..whole.len()).step_by(97) {
        let error = Network::from_bytes(&whole[..length], Device::Cpu).expect_err("it is cut off");
        assert!(matches!(error, WeightsError::Format { .. }), "{length} bytes: {error}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(Network::from_bytes(&longer, Device::Cpu).is_err());

    // a header that says it is longer than the file, and than any memory
    for length in [whole.len() as u64, u64::from(u32::MAX), u64::MAX, u64::MAX / 2, 100_000_001] {
        let mut huge = whole.clone();
        huge[..8].copy_from_slice(&length.to_le_bytes());
        assert!(
            matches!(Network::from_bytes(&huge, Device::Cpu), Err(WeightsError::Format { .. })),
            "{length}"
        );
    }

    for index in 0..200 {
        let mut stream = Stream::new(3, "random bytes", index);
        let random: Vec<u8> = (0..stream.below(4000)).map(|_| stream.below(256) as u8).collect();
        assert!(Network::from_bytes(&random, Device::Cpu).is_err());
        // one changed byte: an error, or a network that is whole
        let mut changed = whole.clone();
        let place = stream.below(changed.len());
        changed[place] ^= 1 << stream.below(8);
        if let Ok(network) = Network::from_bytes(&changed, Device::Cpu) {
            assert!(network.maps(&image(), "encoder.1").unwrap().len() <= 4);
        }
    }
}
