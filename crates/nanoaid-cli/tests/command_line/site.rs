//! `site`: a whole small site, made, gone on with, left alone.

use std::fs;

use crate::program::{Place, files};

const QUICK: [&str; 13] = [
    "site",
    "autoencoder",
    "--data",
    "data",
    "--layer",
    "encoder.1",
    "--presets",
    "fast",
    "--steps",
    "32",
    "--out",
    "atlas",
    "--seed",
];

fn run(place: &Place, seed: &str) -> crate::program::Said {
    place.run(&[&QUICK[..], &[seed]].concat())
}

#[test]
fn a_site_is_made_once_and_left_alone_while_nothing_changes() {
    let place = Place::new();
    place.data_set("data");
    let said = run(&place, "3").ended_with(0);
    assert!(said.out.contains("index.html"), "{}", said.out);
    let first = files(&place.path("atlas"));
    let pages: Vec<&String> = first.keys().filter(|name| name.ends_with(".html")).collect();
    assert!(pages.len() > 32 + 10, "a page for each unit and micrograph: {}", pages.len());
    for page in pages {
        assert!(first.contains_key(&page.replace(".html", ".json")), "{page} has its values beside it");
        let text = String::from_utf8_lossy(&first[page]);
        assert!(text.contains("Content-Security-Policy"), "{page}");
        for from_elsewhere in ["src=\"http", "href=\"http", "url(http", "<iframe"] {
            assert!(!text.contains(from_elsewhere), "{page}: {from_elsewhere}");
        }
    }
    let record = place.json("atlas/site.json");
    assert_eq!(record["done"], true);
    assert!(record["command"].as_str().unwrap().contains("--layer encoder.1"), "{record}");

    let said = run(&place, "3").ended_with(0);
    assert!(said.err.contains("nothing has changed"), "{}", said.err);
    assert!(files(&place.path("atlas")) == first, "not a byte is changed");

    // made anew beside it: the same bytes
    fs::rename(place.path("atlas"), place.path("kept")).unwrap();
    run(&place, "3").ended_with(0);
    let second = files(&place.path("atlas"));
    assert!(first.keys().eq(second.keys()));
    for (name, bytes) in &first {
        assert!(second[name] == *bytes, "{name}");
    }
}

#[test]
fn a_site_is_gone_on_with_and_never_written_into_another_folder_by_accident() {
    let place = Place::new();
    place.data_set("data");
    run(&place, "0").ended_with(0);
    let picture = "atlas/kept/autoencoder/pictures-fast/encoder.1_3.png";
    let before = fs::metadata(place.path(picture)).unwrap().modified().unwrap();
    place.micrograph("data/tips/more.png", (96, 128), 78);
    run(&place, "0").ended_with(0);
    assert_eq!(fs::metadata(place.path(picture)).unwrap().modified().unwrap(), before, "not made again");
    let micrographs = place.json("atlas/micrographs/index.json");
    assert_eq!(micrographs.as_array().unwrap().len(), 11);

    fs::create_dir_all(place.path("mine")).unwrap();
    fs::write(place.path("mine/notes.txt"), b"mine").unwrap();
    let refused = |arguments: &[&str], parts: &[&str]| {
        place.run(arguments).ended_with(1).told(parts);
    };
    refused(&["site", "autoencoder", "--data", "data", "--out", "mine"], &["mine", "--force"]);
    refused(
        &["site", "autoencoder", "--data", "data", "--layer", "nowhere", "--out", "x"],
        &["has none of the layers nowhere", "encoder.1"],
    );
    let [arguments @ .., _seed] = QUICK;
    let contrast = [&arguments[..], &["--contrast", "fibres:rust"]].concat();
    refused(&contrast, &["rust", "fibres, tips"]);
}

#[test]
fn an_estimate_names_the_parts_and_writes_nothing() {
    let place = Place::new();
    place.data_set("data");
    let arguments = [&QUICK[..], &["0", "--estimate"]].concat();
    let said = place.run(&arguments).ended_with(0);
    let lines: Vec<&str> = said.out.lines().collect();
    let begins = ["autoencoder: real micrographs (", "autoencoder: synthetic stimuli (1 layers)"];
    assert!(lines.iter().zip(begins).all(|(line, begin)| line.starts_with(begin)), "{lines:?}");
    // the first encoder stage has 32 channels, and one preset is made of them
    assert!(
        lines[2].starts_with("autoencoder: synthetic pictures by `fast` (32 units): about "),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("in all about ") && lines.len() == 4, "{lines:?}");
    assert!(!place.path("atlas").exists());
    let parts = place.run(&[&arguments[..], &["--json"]].concat()).ended_with(0).out;
    let parts: serde_json::Value = serde_json::from_str(&parts).unwrap();
    assert!(parts.as_array().unwrap().iter().all(|part| part["seconds"].as_f64().unwrap() > 0.0), "{parts}");
    fs::create_dir(place.path("damaged")).unwrap();
    fs::write(place.path("damaged/a.png"), "words").unwrap();
    let said = place.run(&["site", "autoencoder", "--data", "damaged", "--estimate"]);
    said.ended_with(1).told(&["no micrograph could be read"]);
}
