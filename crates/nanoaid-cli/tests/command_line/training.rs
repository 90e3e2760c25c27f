//! `train autoencoder`: a run folder that the other commands read, and what is refused.

use crate::page::assert_self_contained;
use crate::program::{Place, assert_same_files, files};

/// Settings that train in a second.
pub(crate) const SMALL: [&str; 12] = [
    "--stages",
    "4,6",
    "--latent",
    "3",
    "--patch",
    "32",
    "--batch",
    "2",
    "--patches-per-epoch",
    "48",
    "--epochs",
    "3",
];

fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["train", "autoencoder", "data"], &SMALL[..], more].concat()
}

#[test]
fn a_trained_run_is_listed_and_looked_through() {
    let place = Place::new();
    place.data_set("data");
    let said = place.run(&train(&["--out", "run"])).ended_with(0).told(&["10 micrographs", "epoch   3"]);
    for part in
        ["best network: epoch", "mean image", "PCA of 4 × 4 blocks, 3 components", "this network on tips"]
    {
        assert!(said.out.contains(part), "`{part}` is not in: {}", said.out);
    }
    assert_self_contained(&place.text("run/report.html"));
    assert_eq!(place.json("run/manifest.json")["status"], "done");
    // every file but the manifest and the checkpoints has its hash there
    for name in files(&place.path("run")).into_keys() {
        let named = name == "manifest.json"
            || name.starts_with("checkpoints/")
            || place.json("run/manifest.json")["files"][&name].is_string();
        assert!(named, "{name}");
    }

    let said = place.run(&["info", "run"]).ended_with(0);
    assert!(said.out.contains("encoder.2") && !said.out.contains("encoder.3"), "{}", said.out);
    place.micrograph("a.png", (72, 104), 0);
    place.run(&["lens", "a.png", "--run", "run", "--depth", "2", "--out", "out"]).ended_with(0);
    let result = place.json("out/result.json");
    assert_eq!(result["layers"][0]["channels"].as_array().unwrap().len(), 6);
    place.run(&["replay", "out/record.json", "--out", "again"]).ended_with(0);

    // once more with the same settings, on one thread
    let status = place.command(&train(&["--out", "second"])).env("RAYON_NUM_THREADS", "1").output().unwrap();
    assert!(status.status.success());
    assert_same_files("trained again", &place.path("second"), &place.path("run"));
    // resuming what is done changes nothing
    place.run(&train(&["--out", "second", "--resume"])).ended_with(0);
    assert_same_files("resumed", &place.path("second"), &place.path("run"));
}

#[test]
fn a_run_is_not_replaced_or_resumed_by_accident() {
    let place = Place::new();
    place.data_set("data");
    place.run(&train(&["--out", "run"])).ended_with(0);
    let before = files(&place.path("run"));
    place.run(&train(&["--out", "run"])).ended_with(1).told(&["run", "--resume", "--force"]);
    place
        .run(&train(&["--out", "run", "--resume", "--seed", "4"]))
        .ended_with(1)
        .told(&["cannot resume", "`seed` was 0, now it is 4"]);
    place.run(&train(&["--out", "data", "--force"])).ended_with(1).told(&["not a run folder"]);
    assert_eq!(files(&place.path("run")), before);
    place.run(&train(&["--out", "run", "--seed", "4", "--force"])).ended_with(0);
    assert_ne!(files(&place.path("run")), before);
}

#[test]
fn a_training_resumed_with_more_epochs_is_lengthened_and_says_what_differs() {
    let place = Place::new();
    place.data_set("data");
    place.run(&train(&["--out", "run"])).ended_with(0);
    let before = place.text("run/curves.csv");
    let longer = |epochs: &'static str| {
        let arguments = ["--epochs", epochs, "--out", "run", "--resume"];
        place.run(&[&["train", "autoencoder", "data"], &SMALL[..10], &arguments].concat())
    };
    longer("5").ended_with(0).told(&[
        "resumed after epoch 3, with 5 epochs instead of 3",
        "differ",
        "epoch   5",
    ]);
    let after = place.text("run/curves.csv");
    assert!(after.starts_with(&before) && after.lines().count() == 6, "{after}");
    let manifest = place.json("run/manifest.json");
    assert_eq!(manifest["lengthened"], serde_json::json!([{ "after_epoch": 3, "planned_epochs": 3 }]));
    assert_eq!((&manifest["settings"]["epochs"], &manifest["status"]), (&5.into(), &"done".into()));
    assert!(place.text("run/settings.toml").contains("epochs = 5"));
    let whole = files(&place.path("run"));
    longer("4").ended_with(1).told(&["cannot resume with 4 epochs: 5 of 5 are done"]);
    assert_eq!(files(&place.path("run")), whole);
    // with the same number there is nothing to do, and nothing changes
    longer("5").ended_with(0).told(&["resumed after epoch 5"]);
    assert_eq!(files(&place.path("run")), whole);
}

#[test]
fn a_resumed_training_takes_its_settings_from_the_run() {
    let place = Place::new();
    place.data_set("data");
    let synthetic = ["--out", "run", "--synthetic", "2", "--test-share", "0.3"];
    place.run(&train(&synthetic)).ended_with(0);
    let before = place.json("run/manifest.json");
    let resumed = ["train", "autoencoder", "data", "--out", "run", "--resume", "--epochs", "4"];
    place.run(&resumed).ended_with(0).told(&["resumed after epoch 3, with 4 epochs instead of 3"]);
    let mut after = place.json("run/manifest.json");
    assert_eq!(after["data"], before["data"]);
    after["settings"]["epochs"] = before["settings"]["epochs"].clone();
    assert_eq!(after["settings"], before["settings"]);
    place
        .run(&["train", "classifier", "data", "--out", "run", "--resume"])
        .ended_with(1)
        .told(&["run: a run of `train autoencoder`, expected one of `train classifier`", "--out"]);
}

#[test]
fn bad_settings_and_data_are_named() {
    let place = Place::new();
    place.data_set("data");
    std::fs::create_dir(place.path("empty")).unwrap();
    std::fs::write(place.path("wrong.toml"), "stages = [4]\nattention = 3\n").unwrap();
    let cases: [(&[&str], &[&str]); 6] = [
        (&["train", "autoencoder", "nowhere"], &["nowhere"]),
        (&["train", "autoencoder", "empty"], &["empty"]),
        (&["train", "autoencoder", "data", "--patch", "33"], &["patch", "33"]),
        (&["train", "autoencoder", "data", "--stages", "4,0"], &["stages", "0"]),
        (&["train", "autoencoder", "data", "--learning-rate", "nan"], &["learning_rate", "NaN"]),
        (&["train", "autoencoder", "data", "--settings", "wrong.toml"], &["wrong.toml", "attention"]),
    ];
    for (arguments, parts) in cases {
        place.run(arguments).ended_with(1).told(parts);
        assert!(!place.path("run-autoencoder").exists(), "{arguments:?}");
    }
}
