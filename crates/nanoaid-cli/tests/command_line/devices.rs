//! Devices: what there is, whether it computes right, and what is said where there is none.

use serde_json::Value;

use crate::program::Place;

#[test]
fn the_processor_is_listed_with_its_kernels() {
    let place = Place::new();
    let said = place.run(&["devices"]).ended_with(0);
    let first = said.out.lines().next().unwrap();
    assert!(first.starts_with("cpu") && first.contains("core") && first.contains("kernels: "), "{first}");
    let said = place.run(&["devices", "--json"]).ended_with(0);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(found["devices"][0]["device"], "cpu");
    assert_eq!(found["devices"][0]["kind"], "processor");
    assert!(found["devices"][0]["cores"].as_u64().unwrap() > 0);
    assert!(found["notes"].is_array());
}

#[test]
fn portable_kernels_are_checked_on_the_processor_against_definitions() {
    let place = Place::new();
    let mut command = place.command(&["check", "--json", "-q"]);
    let output = command.env("NANOAID_KERNELS", "portable").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["device"]["kernels"], "portable");
    assert_eq!(report["n_problems"], 0);
    let rows = report["rows"].as_array().unwrap();
    let named = |part: &str| rows.iter().find(|row| row["name"].as_str().unwrap().contains(part)).unwrap();
    let depthwise = named("7×7, depthwise");
    let parts: Vec<&str> =
        depthwise["parts"].as_array().unwrap().iter().map(|part| part["of"].as_str().unwrap()).collect();
    assert_eq!(
        parts,
        ["output", "gradient of the maps", "gradient of the weights", "gradient of the biases"]
    );
    for row in rows {
        let within = row["deviation"].as_f64().map(|deviation| deviation <= row["bound"].as_f64().unwrap());
        let not_run = row["outcome"].get("not_run").is_some();
        assert!(within.unwrap_or(not_run), "{row}");
    }
    // every layer of every built-in network
    assert!(named("classifier, every layer")["parts"].as_array().unwrap().len() > 10);
    assert!(rows.iter().filter(|row| row["group"] == "known fault").count() >= 12);
}

#[test]
fn a_device_that_is_not_there_is_refused_with_advice() {
    let place = Place::new();
    if place.run(&["devices"]).ended_with(0).err.contains("built without GPUs") {
        let said = place.run(&["check", "--device", "wgpu"]).ended_with(2);
        assert!(said.err.contains("--features nanoaid/wgpu"), "{}", said.err);
    } else {
        // before the image is looked for
        let said = place.run(&["lens", "none.png", "--depth", "1", "--device", "wgpu:999"]).ended_with(1);
        assert!(said.err.contains("wgpu:999") && said.err.contains("nanoaid devices"), "{}", said.err);
    }
}
