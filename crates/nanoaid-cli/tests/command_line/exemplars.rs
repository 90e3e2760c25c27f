//! `exemplars` and `find`: what is written, gone on with, refused.

use std::fs;

use crate::program::Place;

#[test]
fn exemplars_are_listed_drawn_and_gone_on_with() {
    let place = Place::new();
    place.data_set("data");
    let arguments = ["exemplars", "autoencoder", "data", "--layer", "encoder.1", "--unit", "encoder.1:3"];
    let run = |more: &[&str]| place.run(&[&arguments[..], &["--out", "found"], more].concat());
    let said = run(&[]).ended_with(0);
    assert!(said.out.contains("10 micrographs, 10 of them new"), "{}", said.out);
    let result = place.json("found/exemplars.json");
    let units = result["layers"][0]["units"].as_array().unwrap();
    assert_eq!(units.len(), 32);
    let values: Vec<f64> = units[3]["strongest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exemplar| exemplar["value"].as_f64().unwrap())
        .collect();
    assert!(values.len() == 9 && values.is_sorted_by(|a, b| a >= b), "{values:?}");
    let csv = place.text("found/exemplars.csv");
    assert!(csv.starts_with("layer,channel,kind,rank,activation,file,category,"), "{csv}");
    assert!(csv.lines().skip(1).all(|line| line.starts_with("encoder.1,")));
    assert!(fs::metadata(place.path("found/encoder.1_3.png")).unwrap().len() > 1000);

    let before = fs::read(place.path("found/exemplars.json")).unwrap();
    let said = run(&[]).ended_with(0);
    assert!(said.out.contains("10 micrographs, 0 of them new"), "{}", said.out);
    assert!(fs::read(place.path("found/exemplars.json")).unwrap() == before, "the same bytes");
    place.micrograph("data/tips/more.png", (96, 128), 77);
    let said = run(&[]).ended_with(0);
    assert!(said.out.contains("11 micrographs, 1 of them new"), "{}", said.out);
}

#[test]
fn what_has_no_exemplars_is_refused_by_name() {
    let place = Place::new();
    place.data_set("data");
    let refused = |arguments: &[&str], parts: &[&str]| {
        place.run(&[&["exemplars", "autoencoder", "data"][..], arguments].concat()).ended_with(1).told(parts);
    };
    refused(&["--layer", "encoder.9"], &["`encoder.9`", "encoder.1, "]);
    refused(&["--unit", "encoder.1:32"], &["encoder.1:32", "from 0 to 31"]);
    refused(&["--unit", "encoder.1"], &["encoder.1", "a channel"]);
    refused(&["--unit", "class:fibres"], &["class:fibres", "one of the classes"]);
    refused(&["--count", "0"], &["exemplars.n", "1 to 99"]);
    // a folder that holds the survey of another network
    place.run(&["exemplars", "autoencoder", "data", "--layer", "encoder.1", "--out", "x"]).ended_with(0);
    let other = ["exemplars", "classifier", "data", "--layer", "_blocks.4", "--out", "x"];
    place.run(&other).ended_with(1).told(&["network", "expected"]);
}

#[test]
fn a_box_leads_to_units_and_to_parts_of_other_micrographs() {
    let place = Place::new();
    place.data_set("data");
    let find = |part: &str| {
        let image = "data/fibres/0.png";
        place.run(&[
            "find",
            "autoencoder",
            image,
            "--box",
            part,
            "--data",
            "data",
            "--layer",
            "encoder.2",
            "--units",
            "5",
            "--out",
            "like",
            "--force",
        ])
    };
    find("16,24,40,40").ended_with(0);
    let result = place.json("like/find.json");
    let units = result["units"].as_array().unwrap();
    assert!(!units.is_empty() && units.len() <= 5);
    assert!(units.iter().all(|unit| unit["inside"].as_f64() > unit["outside"].as_f64()), "{units:?}");
    let parts = result["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 9, "all micrographs but itself");
    let likeness: Vec<f64> = parts.iter().map(|part| part["likeness"].as_f64().unwrap()).collect();
    assert!(likeness.is_sorted_by(|a, b| a >= b) && likeness.iter().all(|l| (0.0..=1.0).contains(l)));
    assert!(place.path("like/find.png").is_file());
    find("90,0,40,40").ended_with(1).told(&["row 90", "128 × 96 px"]);
    find("1,2,3").ended_with(2).told(&["row,column,height,width"]);
}
