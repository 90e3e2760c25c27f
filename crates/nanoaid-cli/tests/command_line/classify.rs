//! `classify`: class, probabilities and abstention of files and folders, with the built-in network and
//! with one that was trained here.

use crate::page::assert_self_contained;
use crate::program::Place;

#[test]
fn files_and_folders_are_classified_in_text_json_and_csv() {
    let place = Place::new();
    place.micrograph("a.png", (96, 128), 0);
    place.micrograph("more/b.png", (96, 128), 1);
    place.micrograph("more/c, d.png", (96, 128), 2);
    std::fs::write(place.path("more/broken.png"), "these are words").unwrap();
    let said = place.run(&["classify", "a.png", "more", "--csv", "table.csv"]).ended_with(3);
    assert_eq!(said.out.lines().count(), 3, "{}", said.out);
    assert!(said.err.contains("skipped") && said.err.contains("broken.png"), "{}", said.err);
    let table = place.text("table.csv");
    assert!(table.starts_with("file,class,probability,p_biological,p_fibres,"), "{table}");
    assert!(table.contains("\"more/c, d.png\"") && table.lines().count() == 4, "{table}");

    let said = place.run(&["classify", "a.png", "--json", "--abstain-below", "1"]).ended_with(0);
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let probabilities = all[0]["probabilities"].as_array().unwrap();
    let sum: f64 = probabilities.iter().map(|one| one["probability"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9 && probabilities.len() == 10, "{}", said.out);
    assert!(all[0]["said"].is_null(), "no class is certain: {}", said.out);
    let said = place.run(&["classify", "a.png", "--abstain-below", "1"]).ended_with(0);
    assert!(said.out.contains("abstains"), "{}", said.out);

    for (arguments, part) in [
        (&["--abstain-below", "2"][..], "abstain_below"),
        (&["--run", "autoencoder"], "found a network without classes, expected a classifier"),
        (&["--run", "nowhere"], "nowhere"),
    ] {
        place.run(&[&["classify", "a.png"], arguments].concat()).ended_with(1).told(&[part]);
    }
}

#[test]
fn folders_of_categories_are_classified_and_no_file_is_written_over() {
    let place = Place::new();
    place.micrograph("data/fibres/a.png", (96, 128), 0);
    place.micrograph("data/tips/b.png", (96, 128), 1);
    let said = place.run(&["classify", "data"]).ended_with(0);
    assert_eq!(said.out.lines().count(), 2, "{}", said.out);

    let image = std::fs::read(place.path("data/tips/b.png")).unwrap();
    let over = ["classify", "data", "--csv", "data/tips/b.png"];
    place.run(&over).ended_with(1).told(&["--csv", "b.png", "exists already"]);
    assert_eq!(std::fs::read(place.path("data/tips/b.png")).unwrap(), image);
}

#[test]
fn a_trained_classifier_classifies_and_its_run_can_be_lengthened() {
    let place = Place::new();
    place.data_set("data");
    let train = |more: &[&str]| {
        let shares = ["--validation-share", "0.3", "--test-share", "0.3"];
        let small = ["train", "classifier", "data", "--view", "32", "--batch", "4", "--out", "run"];
        place.run(&[&small, &shares[..], more].concat())
    };
    let said = train(&["--epochs", "1"]).ended_with(0).told(&["epoch   1"]);
    assert!(said.out.contains("accuracy"), "{}", said.out);
    let page = place.text("run/report.html");
    assert_self_contained(&page);
    assert!(page.contains("our own,") && page.contains("for training"), "the page says how it was made");
    let manifest = place.json("run/manifest.json");
    assert_eq!(manifest["settings"]["start"], "random");
    assert_eq!(manifest["settings"]["architecture"]["view_px"], 32);
    assert!(manifest["settings"]["base"].is_null() && manifest["data"]["n_train"].is_u64());

    let said = place.run(&["classify", "data/fibres", "--run", "run", "--json"]).ended_with(0);
    assert!(said.err.contains("not calibrated"), "too few micrographs for a temperature: {}", said.err);
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 5);

    train(&["--epochs", "2", "--resume"])
        .ended_with(0)
        .told(&["resumed after epoch 1, with 2 epochs instead of 1"]);
    assert_eq!(place.json("run/manifest.json")["lengthened"][0]["after_epoch"], 1);
    place
        .run(&["train", "classifier", "data", "--out", "run", "--resume", "--epochs", "3"])
        .ended_with(0)
        .told(&["resumed after epoch 2, with 3 epochs instead of 2"]);
}

#[test]
fn the_built_in_networks_are_bases_of_classifiers_of_ones_own() {
    let place = Place::new();
    place.data_set("data");
    let train = |base: &str, start: &str, out: &str| {
        let shares = ["--validation-share", "0.3", "--test-share", "0.3", "--epochs", "1", "--view", "32"];
        let own =
            ["train", "classifier", "data", "--batch", "4", "--base", base, "--start", start, "--out", out];
        place.run(&[&own[..], &shares].concat())
    };
    for (base, start, key, architecture) in [
        ("classifier", "frozen", "classifier", "headed"),
        ("autoencoder", "frozen", "encoder_of", "compact"),
        ("autoencoder", "fine-tuned", "encoder_of", "compact"),
    ] {
        let out = format!("{base}-{start}");
        train(base, start, &out).ended_with(0);
        let settings = &place.json(&format!("{out}/manifest.json"))["settings"];
        assert_eq!(settings["base"][key], base, "{settings}");
        assert!(settings["architecture"].to_string().contains(architecture), "{settings}");
        let said = place.run(&["classify", "data/fibres", "--run", &out, "--json"]).ended_with(0);
        let all: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 5);
    }
    // a run is a base, too, and is resumed without naming it again
    train("classifier-frozen", "frozen", "second").ended_with(0);
    place.run(&["train", "classifier", "data", "--out", "second", "--resume"]).ended_with(0);
    train("segmenter", "frozen", "third").ended_with(1).told(&["base", "a segmenter", "a classifier"]);
    assert!(!place.path("third").exists(), "nothing is left of what did not begin");
}
