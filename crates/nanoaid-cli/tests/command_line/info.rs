//! `info`: what a file tells, and how inputs that cannot be read are named.

use std::fs;

use test_support::shared;

use crate::program::Place;

#[test]
fn a_micrograph_tells_its_size_and_that_it_is_uncalibrated() {
    let place = Place::new();
    place.micrograph("a.png", (90, 131), 0);
    let said = place.run(&["info", "a.png"]).ended_with(0);
    for part in ["a.png", "131 × 90 px", "PNG", "8-bit", "uncalibrated", "data bar    none"] {
        assert!(said.out.contains(part), "`{part}` is not in: {}", said.out);
    }
    let typed = place.run(&["info", "a.png", "--nm-per-px", "5", "--json"]).ended_with(0);
    let json: serde_json::Value = serde_json::from_str(&typed.out).unwrap();
    assert_eq!(json[0]["kind"], "micrograph");
    assert_eq!((&json[0]["height"], &json[0]["width"]), (&90.into(), &131.into()));
    assert_eq!(json[0]["calibration"]["nm_per_px_x"], 5.0);
}

#[test]
fn what_cannot_be_read_is_named_and_skipped() {
    let place = Place::new();
    place.micrograph("a.png", (64, 80), 1);
    fs::write(place.path("notes.png"), "these are words").unwrap();
    fs::write(place.path("empty.tif"), "").unwrap();
    place.run(&["info", "a.png", "notes.png"]).ended_with(3).told(&["skipped", "notes.png"]);
    place.run(&["info", "notes.png"]).ended_with(1).told(&["notes.png"]);
    fs::create_dir(place.path("bare")).unwrap();
    place.run(&["info", "notes.png", "empty.tif", "none.bmp", "bare"]).ended_with(1).told(&[
        "notes.png",
        "empty.tif",
        "none.bmp",
        "bare",
        "found a folder",
    ]);
    let json = place.run(&["info", "a.png", "notes.png", "--json"]).ended_with(3);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json.out).unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn the_built_in_classifier_lists_its_layers_and_classes() {
    let place = Place::new();
    let said = place.run(&["info", "classifier"]).ended_with(0);
    for part in ["_blocks.15", "head", "classes: biological, fibres", "mems_devices_and_electrodes"] {
        assert!(said.out.contains(part), "{}", said.out);
    }
    let json = place.run(&["info", "classifier", "autoencoder", "--json"]).ended_with(0);
    let all: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(all[0]["classes"].as_array().unwrap().len(), 10);
    assert!(all[1].get("classes").is_none(), "{}", json.out);
}

#[test]
fn the_built_in_network_lists_its_layers() {
    let place = Place::new();
    let said = place.run(&["info", "autoencoder"]).ended_with(0);
    for part in ["encoder.1", "encoder.2.relu", "latent", "decoder.1", "output"] {
        assert!(said.out.contains(part), "{}", said.out);
    }
}

#[test]
fn a_picture_is_written_only_into_a_folder_of_its_own() {
    let place = Place::new();
    place.micrograph("a.png", (64, 80), 2);
    place.run(&["info", "a.png", "--out", "seen"]).ended_with(0);
    assert!(image::open(place.path("seen/a.png")).is_ok());
    place.run(&["info", "a.png", "--out", "seen"]).ended_with(1).told(&["seen", "--force"]);
    place.run(&["info", "a.png", "--out", "seen", "--force"]).ended_with(0);
}

#[test]
fn a_file_of_weights_lists_its_layers_classes_and_preprocessing() {
    let Some(weights) = shared("weights/squeezenet_v1_0_deepcompressed.safetensors") else { return };
    let weights = weights.display().to_string();
    let place = Place::new();
    let said = place.run(&["info", &weights]).ended_with(0);
    for part in
        ["fire2.expand3x3", "weights in all", "preprocess: the central", "227 × 227 px", "blue, green, red"]
    {
        assert!(said.out.contains(part), "`{part}` is not in: {}", said.out);
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["info", &weights, "--json"]).ended_with(0).out).unwrap();
    assert_eq!(json[0]["preprocess"]["size_px"], 227);
}
