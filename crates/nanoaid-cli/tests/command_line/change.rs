//! `accentuate`, `ablate` and `circuit`: pages and numbers, the same again from the record, and clear errors.

use crate::page::assert_self_contained;
use crate::program::{Place, assert_same_files};

/// Runs `replay` on the record, and compares the files that `command` left.
fn assert_replays(place: &Place, record: &str) {
    let _ = std::fs::remove_dir_all(place.path("again"));
    place.run(&["replay", record, "--out", "again"]).ended_with(0);
    let name = std::path::Path::new(record).file_name().unwrap();
    let [found, expected] =
        [place.path("again").join(name), place.path(record)].map(|path| std::fs::read(path).unwrap());
    assert!(found == expected, "{record}");
}

#[test]
fn a_micrograph_is_accentuated_and_the_record_replays() {
    let place = Place::new();
    place.micrograph("a.png", (96, 128), 0);
    let accentuate = ["accentuate", "a.png", "--strengths", "0.1,0.3", "--steps", "4", "--controls", "2"];
    let said = place.run(&[&accentuate[..], &["--out", "out"]].concat()).ended_with(0);
    assert!(said.out.contains("of the contrast") && said.out.contains("at random"), "{}", said.out);
    let record = place.json("out/a.json");
    let levels = record["accentuation"]["levels"].as_array().unwrap();
    let score = |of: &serde_json::Value| of["score"].as_f64().unwrap();
    assert!(score(&levels[1]) > score(&record["accentuation"]), "{record}");
    let page = place.text("out/a.html");
    assert_self_contained(&page);
    assert!(page.contains("towards class ") && page.contains("a.accentuated-2.jpg"), "{page}");
    for file in record["record"]["files"].as_object().or(record["files"].as_object()).unwrap().keys() {
        assert!(place.path("out").join(file).exists(), "{file}");
    }
    assert_eq!(place.text("out/accentuated.csv").lines().count(), 1 + 2);
    assert_replays(&place, "out/a.json");
    assert!(!place.path("out/report.html").exists(), "one micrograph has one page");
    place.micrograph("b.png", (96, 96), 1);
    let both = ["accentuate", "a.png", "b.png", "--strengths", "0.1", "--steps", "2", "--out", "both"];
    place.run(&both).ended_with(0);
    let contents = place.text("both/report.html");
    assert_self_contained(&contents);
    assert!(contents.contains("a.html") && contents.contains("b.html"), "{contents}");
    // the same from one thread
    let mut one = place.command(&[&accentuate[..], &["--out", "one"]].concat());
    assert!(one.env("RAYON_NUM_THREADS", "1").output().unwrap().status.success());
    assert_same_files("threads", &place.path("one"), &place.path("out"));
}

#[test]
fn units_are_switched_off_and_the_record_replays() {
    let place = Place::new();
    place.micrograph("images/a.png", (96, 128), 0);
    place.micrograph("images/b.png", (96, 96), 1);
    std::fs::write(place.path("images/broken.png"), "these are words").unwrap();
    let units = ["--unit", "encoder.1:0", "--unit", "encoder.1:3", "--controls", "3"];
    let ablate = [&["ablate", "images", "--run", "autoencoder", "--out", "out"][..], &units].concat();
    let said = place.run(&ablate).ended_with(3);
    assert!(said.err.contains("skipped") && said.err.contains("broken.png"), "{}", said.err);
    assert!(said.out.contains("encoder.1:0 alone") && said.out.contains("3 draws"), "{}", said.out);
    let page = place.text("out/b.html");
    assert_self_contained(&page);
    assert!(page.contains("Reconstruction") && page.contains("b.later-1.jpg"), "{page}");
    assert!(place.text("out/ablated.csv").contains("share of variance"));
    assert_replays(&place, "out/a.json");
    let contents = place.text("out/report.html");
    assert_self_contained(&contents);
    assert!(contents.contains("a.html") && contents.contains("b.html"), "{contents}");

    let said =
        place.run(&["ablate", "images/a.png", "--unit", "_blocks.14:3", "--out", "classes"]).ended_with(0);
    assert!(said.out.contains("logit"), "{}", said.out);
    assert!(place.text("classes/a.html").contains("What becomes of the classes?"));
    assert_replays(&place, "classes/a.json");
}

#[test]
fn a_unit_is_taken_apart_and_the_record_replays() {
    let place = Place::new();
    let circuit = ["circuit", "autoencoder", "--unit", "encoder.2:5", "--count", "3", "--out", "out"];
    let said = place.run(&circuit).ended_with(0);
    assert!(said.out.starts_with("encoder.2:5 from encoder.1: kernels of"), "{}", said.out);
    let page = place.text("out/report.html");
    assert_self_contained(&page);
    assert!(page.contains("lower-3.png") && page.contains("weights-3.png"), "{page}");
    let record = place.json("out/circuit.json");
    let shares: Vec<f64> = record["circuit"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["share"].as_f64().unwrap())
        .collect();
    assert!(shares.len() == 3 && shares.is_sorted_by(|a, b| a >= b) && shares[0] <= 1.0, "{shares:?}");
    assert_replays(&place, "out/circuit.json");
    let image = ["circuit", "classifier", "--unit", "_conv_stem:1", "--no-pictures", "--out", "image"];
    assert!(place.run(&image).ended_with(0).out.contains(" from image: kernels of 3 × 3; 1 of 1 units"));
}

#[test]
fn what_cannot_be_changed_is_named() {
    let place = Place::new();
    place.micrograph("a.png", (96, 128), 0);
    let autoencoder = ["--run", "autoencoder"];
    std::fs::create_dir(place.path("empty")).unwrap();
    let cases: [(&[&str], i32, &[&str]); 12] = [
        (&["accentuate", "a.png", "--strengths", "0.3,0.1"], 1, &["--strengths", "rising"]),
        (&["accentuate", "a.png", "--strengths", "-1"], 1, &["--strengths", "above 0 to 2"]),
        (&["accentuate", "a.png", "--class", "fibers"], 1, &["no class `fibers`"]),
        (
            &[&["accentuate", "a.png"], &autoencoder[..]].concat(),
            1,
            &["the network has no classes", "--unit"],
        ),
        (&["ablate", "a.png"], 2, &["--unit"]),
        (&["accentuate", "empty"], 1, &["empty: found no image", ".tif"]),
        (
            &["ablate", "a.png", "a.png", "--unit", "_blocks.99:1"],
            1,
            &["no layer `_blocks.99`", "_blocks.9,", "in all"],
        ),
        (&["explain", "a.png", "a.png", "--layer", "nothing"], 1, &["no layer `nothing`", "`nanoaid info`"]),
        (&["ablate", "a.png", "--unit", "head:99"], 1, &["no channel 99 in `head`"]),
        (&["ablate", "a.png", "--unit", "class:fibres"], 1, &["is no channel of a layer"]),
        (&["ablate", "a.png", "--unit", "head:1", "--times", "1"], 1, &["--times", "changes nothing"]),
        (
            &["circuit", "autoencoder", "--unit", "encoder.1:3", "--from", "encoder.2"],
            1,
            &["does not depend on layer `encoder.2`"],
        ),
    ];
    for (arguments, code, parts) in cases {
        place.run(&[arguments, &["--out", "none"]].concat()).ended_with(code).told(parts);
        assert!(!place.path("none").exists(), "said before anything is written: {arguments:?}");
    }
}
