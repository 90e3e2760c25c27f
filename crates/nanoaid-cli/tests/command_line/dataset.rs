//! `dataset`: what is imported, and what a check ends with.

use std::fs;

use crate::program::{Place, assert_same_files};
use test_support::shared;

#[test]
fn a_folder_is_imported_once_and_checked() {
    let place = Place::new();
    place.data_set("from");
    let said = place.run(&["dataset", "import", "from", "--to", "set"]).ended_with(0);
    assert!(said.out.contains("10 new, 0 there already") && said.out.contains("set has 10"), "{}", said.out);
    place.run(&["dataset", "import", "from", "--to", "again"]).ended_with(0);
    let said = place.run(&["dataset", "import", "from", "--to", "again"]).ended_with(0);
    assert!(said.out.contains("0 new, 10 there already"), "{}", said.out);
    assert_same_files("the second import", &place.path("again"), &place.path("set"));

    let said =
        place.run(&["dataset", "check", "set", "--sheet", "pairs.png"]).ended_with(0).told(&["no pairs"]);
    assert!(said.out.contains("no problems") && said.out.contains("too few: fibres has 5"), "{}", said.out);
    assert!(!place.path("pairs.png").exists());
}

#[test]
fn what_cannot_be_imported_is_named_and_the_rest_is_there() {
    let place = Place::new();
    place.data_set("from");
    fs::write(place.path("from/tips/notes.png"), "these are words").unwrap();
    fs::copy(place.path("from/tips/5.png"), place.path("from/fibres/5.png")).unwrap();
    let told =
        ["skipped from/tips/notes.png", "two categories", "from/tips/5.png (tips)", "fibres/5.png (fibres)"];
    let said = place.run(&["dataset", "import", "from", "--to", "set", "--json"]).ended_with(3);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&json["n_new"], &json["skipped"][0]["file"]), (&10.into(), &"from/tips/notes.png".into()));
    place.run(&["dataset", "import", "from", "--to", "other"]).ended_with(3).told(&told);
    place.run(&["dataset", "import", "from", "--to", "from"]).ended_with(1).told(&["one lies in the other"]);
    place.run(&["dataset", "import", "--to", "set"]).ended_with(2);
}

#[test]
fn a_planted_leak_ends_with_four_and_is_drawn() {
    let place = Place::new();
    place.data_set("set");
    let original = image::open(place.path("set/tips/7.png")).unwrap();
    original.fliph().save(place.path("set/tips/mirrored.png")).unwrap();
    let mut index = "file,category,split\ntips/mirrored.png,tips,test\n".to_owned();
    for number in 0..10 {
        let category = ["fibres", "tips"][number / 5];
        index += &format!(
            "{category}/{number}.png,{category},{}\n",
            if number % 5 < 4 { "train" } else { "test" }
        );
    }
    fs::write(place.path("set/index.csv"), index).unwrap();
    let said = place.run(&["dataset", "check", "set", "--sheet", "pairs.png"]).ended_with(4);
    let leak = "leak: tips/7.png (train) and tips/mirrored.png (test) are near-duplicates";
    assert!(said.out.contains(leak) && said.out.contains("mirrored left to right"), "{}", said.out);
    assert!(image::open(place.path("pairs.png")).unwrap().width() > 300);

    let said = place.run(&["dataset", "check", "set", "--json"]).ended_with(4);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["near_duplicates"].as_array().unwrap().len(), 1);
    assert_eq!(json["problems"][0]["common"], "near_duplicate");
    place.run(&["dataset", "check", "nothing"]).ended_with(1).told(&["nothing"]);
}

#[test]
fn the_real_micrographs_pass_with_warnings_and_import_whole() {
    let Some(root) = shared("data/sem") else { return };
    let place = Place::new();
    let root = root.to_str().unwrap();
    let said = place.run(&["dataset", "check", root]).ended_with(0);
    for part in
        ["284 micrographs, split given by the index", "0 pairs of near-duplicates", "too few: tips has 4"]
    {
        assert!(said.out.contains(part), "{}", said.out);
    }
    let only = ["--only", "licence=MIT|Apache|GPL|CC-BY-4.0"];
    place.run(&[&["dataset", "import", root, "--to", "open"][..], &only].concat()).ended_with(0);
    assert!(place.text("open/index.csv").lines().all(|line| !line.contains("NC-ND")));
    place.run(&["dataset", "check", "open"]).ended_with(0);
}
