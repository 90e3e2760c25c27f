//! The demo: a page that shows what was found, with pictures and an atlas beside it.

use std::fs;
use std::path::Path;

use crate::page::assert_self_contained;
use crate::program::Place;

/// Addresses of files in `page`, without the part after `#`.
fn addresses(page: &str) -> Vec<&str> {
    ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|after| after.split(['"', '#']).next())
        .filter(|address| !address.is_empty() && !address.starts_with("data:"))
        .collect()
}

#[test]
fn the_demo_shows_what_it_found_and_needs_no_network() {
    let place = Place::new();
    let said = place.run(&["demo"]).ended_with(0);
    let start = said.out.trim().strip_prefix("open ").unwrap();
    let page = fs::read_to_string(start).unwrap();
    assert_self_contained(&page);
    let folder = Path::new(start).parent().unwrap();
    let addresses = addresses(&page);
    for address in &addresses {
        assert!(folder.join(address).is_file(), "{address}");
    }
    // the measurement, the false colors and four maps of three layers, ten classes, the atlas
    assert!(addresses.len() > 3 * 5 + 10 + 1, "{addresses:?}");

    let found = place.json("nanoaid-demo/demo.json");
    let answer = &found["answer"];
    let class = answer["said"].as_str().unwrap();
    assert_eq!(class, "nanowires", "the micrograph shows nanowires: {answer}");
    assert!(page.contains("The classifier says: <strong>nanowires</strong>"));
    let (n_right, n_tested) = (&found["tested"]["n_right"], &found["tested"]["n_images"]);
    assert!(page.contains(&format!("Right in {n_right} of {n_tested}")));
    // lines stand about 33.8 px apart: 1024 px hold 30 of them and some
    let answers = found["report"]["answers"].as_array().unwrap();
    let findings = answers.iter().flat_map(|answer| answer["findings"].as_array().unwrap());
    let pitch = findings.clone().find(|finding| finding["name"] == "pitch").unwrap();
    let pitch = pitch["quantity"]["value"].as_f64().unwrap();
    assert!((pitch - 33.8).abs() < 0.1, "{pitch}");
    for finding in findings {
        assert!(page.contains(finding["name"].as_str().unwrap()), "{finding}");
    }
}

#[test]
fn the_demo_is_made_again_in_its_own_folder_and_in_no_other() {
    let place = Place::new();
    fs::create_dir(place.path("mine")).unwrap();
    fs::write(place.path("mine/notes.txt"), "mine").unwrap();
    place.run(&["demo", "--out", "mine"]).ended_with(1).told(&["mine", "--force"]);
    assert_eq!(fs::read_dir(place.path("mine")).unwrap().count(), 1);
    let said = place.run(&["demo", "--json"]).ended_with(0);
    let found: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(found, place.json("nanoaid-demo/demo.json"));
    place.run(&["demo"]).ended_with(0);
}
