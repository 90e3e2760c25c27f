//! Networks of others: ONNX files, weights in several files, and what is said of those that are not known.

use std::collections::BTreeMap;
use std::fs;

use nanoaid::network::{Published, Weight, Weights};
use nanoaid::{Architecture, Device, Network, PublishedConfig};

use crate::program::Place;

/// Networks of a few layers for grey images and for colors, see `scripts/onnx_files.py`.
const GRAY: &[u8] = include_bytes!("../../../nanoaid/src/network/onnx/files/plain-traced.onnx");
const COLORS: &[u8] = include_bytes!("../../../nanoaid/src/network/onnx/files/residual-exported.onnx");

fn weights(names: &[(&str, &[usize])]) -> Vec<u8> {
    let weight =
        |shape: &[usize]| Weight { shape: shape.to_vec(), values: vec![0.5; shape.iter().product()] };
    let tensors = names.iter().map(|(name, shape)| ((*name).to_owned(), weight(shape)));
    Weights { tensors: tensors.collect() }.to_bytes("format", "pt")
}

#[test]
fn an_onnx_file_works_wherever_a_run_does() {
    let place = Place::new();
    place.micrograph("images/a.png", (90, 131), 0);
    place.micrograph("images/b.png", (90, 131), 1);
    fs::write(place.path("gray.onnx"), GRAY).unwrap();
    fs::write(place.path("colors.onnx"), COLORS).unwrap();
    fs::write(place.path("names.txt"), "fibres\ntips\npowder\n").unwrap();
    let said = place.run(&["info", "gray.onnx", "--classes", "names.txt"]).ended_with(0).out;
    for part in ["features.4", "average pool 2×2", "classes: fibres, tips, powder", "note: `fc1` was trained"]
    {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    let counted = place.run(&["info", "colors.onnx"]).ended_with(0).out;
    assert!(counted.contains("classes: 2, without names"), "{counted}");
    place
        .run(&["info", "colors.onnx", "--classes", "names.txt"])
        .ended_with(1)
        .told(&["names.txt", "3 names of classes, expected 2"]);
    for (run, layer) in [("gray.onnx", "features.7.AveragePool"), ("colors.onnx", "last")] {
        place
            .run(&[
                "lens",
                "images/a.png",
                "--run",
                run,
                "--layer",
                layer,
                "--out",
                run.trim_end_matches(".onnx"),
            ])
            .ended_with(0);
        let unit = format!("{layer}:1");
        place
            .run(&[
                "visualize",
                run,
                "--unit",
                &unit,
                "--steps",
                "2",
                "--size",
                "32",
                "--out",
                "seen",
                "--force",
            ])
            .ended_with(0);
        let out = format!("exemplars-{layer}");
        place.run(&["exemplars", run, "images", "--layer", layer, "--out", &out]).ended_with(0);
    }
}

#[test]
fn what_cannot_be_opened_says_what_can() {
    let place = Place::new();
    fs::write(place.path("unknown.safetensors"), weights(&[("left.weight", &[2]), ("right.weight", &[3])]))
        .unwrap();
    place.run(&["info", "unknown.safetensors"]).ended_with(1).told(&[
        "no known network has weights like left.weight, right.weight",
        "convnext_tiny",
        "torch.onnx.export",
    ]);
    fs::write(place.path("cut.onnx"), &GRAY[..GRAY.len() / 2]).unwrap();
    place.run(&["info", "cut.onnx"]).ended_with(1).told(&["cut.onnx", "ONNX file"]);
    fs::write(place.path("model.pth"), b"PK\x03\x04\0\0\0\0archive/data.pkl").unwrap();
    place.run(&["info", "model.pth"]).ended_with(1).told(&["model.pth", "to convert it", "torch.load"]);
}

#[test]
fn weights_in_several_files_open_by_their_index_and_prefixes_are_noted() {
    let place = Place::new();
    let config = PublishedConfig::new(Published::SqueezeNet1_1, Some(3));
    let network = Network::random(Architecture::Published(config), 0, Device::Cpu).unwrap();
    let mut shards = [Weights::default(), Weights::default()];
    let mut map = BTreeMap::new();
    for (index, (name, weight)) in network.weights().tensors.into_iter().enumerate() {
        let name = format!("module.{name}");
        map.insert(name.clone(), format!("part-{}.safetensors", index % 2));
        shards[index % 2].tensors.insert(name, weight);
    }
    for (index, shard) in shards.iter().enumerate() {
        fs::write(place.path(&format!("part-{index}.safetensors")), shard.to_bytes("format", "pt")).unwrap();
    }
    let write = |map: &BTreeMap<String, String>| {
        let index = serde_json::json!({ "metadata": {}, "weight_map": map });
        fs::write(place.path("model.safetensors.index.json"), index.to_string()).unwrap();
    };
    write(&map);
    let said = place.run(&["info", "model.safetensors.index.json"]).ended_with(0).out;
    assert!(said.contains("features.12") && said.contains("`module.` before the name"), "{said}");
    place.run(&["info", "part-0.safetensors"]).ended_with(1).told(&["part-0.safetensors"]);
    map.insert("module.more.weight".to_owned(), "../part-1.safetensors".to_owned());
    write(&map);
    place
        .run(&["info", "model.safetensors.index.json"])
        .ended_with(1)
        .told(&["expected the name of a file beside it"]);
}

#[test]
fn where_weights_fit_several_networks_one_is_named() {
    let place = Place::new();
    place.micrograph("a.png", (70, 81), 0);
    let config = PublishedConfig::new(Published::TfMobileNetV3Small, None);
    let network = Network::random(Architecture::Published(config), 0, Device::Cpu).unwrap();
    fs::write(place.path("v3.safetensors"), network.weights().to_bytes("format", "pt")).unwrap();
    let several = "--network mobilenetv3_small_100";
    place.run(&["info", "v3.safetensors"]).ended_with(1).told(&["tf_mobilenetv3_small_100", several]);
    let name = "tf_mobilenetv3_small_100";
    place.run(&["info", "v3.safetensors", "--network", name]).ended_with(0);
    place
        .run(&[
            "lens",
            "a.png",
            "--run",
            "v3.safetensors",
            "--network",
            name,
            "--layer",
            "blocks.1.0",
            "--out",
            "seen",
        ])
        .ended_with(0);
    // the record knows which one by its hash
    place.run(&["replay", "seen/record.json"]).ended_with(0);
}
