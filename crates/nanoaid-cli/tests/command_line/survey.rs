//! `survey`: shards, their merge, one machine, lists; what is refused, killed and repeated.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Instant;

use crate::program::{Place, files};

const PASS: [&str; 5] = ["survey", "autoencoder", "data", "--layer", "encoder.1"];

/// The files of a result; not the lock, which a kill leaves.
fn result(place: &Place, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut found = files(&place.path(folder));
    found.remove(".nanoaid.lock");
    found
}

#[test]
fn shards_of_many_processes_merge_to_the_bytes_of_one() {
    let place = Place::new();
    place.data_set("data");
    let whole = [&PASS[..], &["--contrast", "fibres:tips", "--out", "whole"]].concat();
    let said = place.run(&whole).ended_with(0);
    assert!(said.out.contains("10 micrographs, 0 skipped"), "{}", said.out);
    assert!(said.out.contains("fibres (5) against tips (5)"), "{}", said.out);
    for index in ["3", "1", "2"] {
        let (shard, out) = (format!("{index}/3"), format!("parts/{index}"));
        place.run(&[&PASS[..], &["--shard", &shard, "--out", &out]].concat()).ended_with(0);
    }
    let merge = ["survey", "merge", "parts", "--contrast", "fibres:tips", "--out"];
    place.run(&[&merge[..], &["merged"]].concat()).ended_with(0);
    assert!(result(&place, "merged") == result(&place, "whole"), "the same bytes");

    // a file that is no image is named, and everything else is done
    fs::write(place.path("data/tips/poisoned.png"), b"no image").unwrap();
    let said = place.run(&whole).ended_with(3).told(&["skipped tips/poisoned.png"]);
    assert!(said.out.contains("10 micrographs, 1 skipped"), "{}", said.out);
    // parts of before and after do not mix
    let again = ["--shard", "1/3", "--out", "parts/1"];
    let code = place.run(&[&PASS[..], &again].concat()).code;
    assert!(code == Some(0) || code == Some(3), "{code:?}");
    place
        .run(&[&merge[..], &["other"]].concat())
        .ended_with(1)
        .told(&["11 micrographs", "run all shards again"]);
}

#[test]
fn other_instruction_sets_are_refused_unless_they_are_to_be_marked() {
    let place = Place::new();
    place.data_set("data");
    let shard = |index: &str, kernels: Option<&str>| {
        let (shard, out) = (format!("{index}/2"), format!("parts/{index}"));
        let arguments = [&PASS[..], &["--shard", &shard, "--out", &out]].concat();
        let mut command = place.command(&arguments);
        command.env_remove("NANOAID_KERNELS");
        if let Some(kernels) = kernels {
            command.env("NANOAID_KERNELS", kernels);
        }
        assert!(command.output().unwrap().status.success());
    };
    shard("1", None);
    shard("2", Some("portable"));
    let merge = ["survey", "merge", "parts", "--out", "merged"];
    let json = place.json("parts/1/part.json");
    let best = json["instruction_sets"][0].as_str().unwrap();
    if best == "portable" {
        println!("skipped: this machine has no other instruction set");
        return;
    }
    place.run(&merge).ended_with(1).told(&[
        "portable",
        &format!("expected {best}"),
        "NANOAID_KERNELS",
        "--mixed",
    ]);
    place.run(&[&merge[..], &["--mixed"]].concat()).ended_with(0).told(&["several instruction sets"]);
    assert_eq!(place.json("merged/survey.json")["instruction_sets"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let place = Place::new();
    place.data_set("data");
    place.run(&[&PASS[..], &["--shard", "2/3", "--out", "parts/2"]].concat()).ended_with(0);
    let merge = ["survey", "merge", "parts", "--out", "merged"];
    place.run(&merge).ended_with(1).told(&["shards 1/3, 3/3 are missing", "of 10 micrographs"]);
    assert!(!place.path("merged/survey.json").exists());
    place.run(&[&merge[..], &["--partial"]].concat()).ended_with(0);
    place.run(&["survey", "merge", "data", "--out", "x"]).ended_with(1).told(&["data", "no part.json"]);
    place.run(&[&PASS[..], &["--shard", "4/3"]].concat()).ended_with(2).told(&["4/3", "3/16"]);
    place.run(&[&PASS[..], &["--shard", "0/3"]].concat()).ended_with(2).told(&["0/3"]);
    place.run(&["survey", "autoencoder"]).ended_with(2);
    let other = ["survey", "classifier", "data", "--shard", "2/3", "--out", "parts/2"];
    place.run(&other).ended_with(1).told(&["network", "expected", "choose another folder"]);
}

#[test]
fn a_list_is_written_once_and_spares_reading_all_files() {
    let place = Place::new();
    place.data_set("data");
    place.run(&["survey", "list", "data", "--out", "list.csv"]).ended_with(0);
    place
        .run(&["survey", "list", "data", "--out", "list.csv"])
        .ended_with(1)
        .told(&["list.csv exists already"]);
    place.run(&[&PASS[..], &["--out", "whole"]].concat()).ended_with(0);
    // with the list, a shard does not even open the files of others
    let text = place.text("list.csv");
    let mut parts = Vec::new();
    for index in 1..=2 {
        let shard = format!("{index}/2");
        let out = format!("part-{index}");
        let arguments = ["survey", "autoencoder", "list.csv", "--root", "data", "--layer", "encoder.1"];
        let said = place.run(&[&arguments[..], &["--shard", &shard, "--out", &out]].concat()).ended_with(0);
        assert!(said.out.contains(&format!("shard {index}/2")), "{}", said.out);
        parts.push(out);
        if index == 1 {
            // what shard 1 holds is not needed any more: by the definition of shards, first 64 bits modulo 2
            for line in text.lines().skip(1) {
                let cells: Vec<&str> = line.split(',').collect();
                if u64::from_str_radix(&cells[1][..16], 16).unwrap().is_multiple_of(2) {
                    fs::remove_file(place.path("data").join(cells[0])).unwrap();
                }
            }
        }
    }
    place.run(&["survey", "merge", &parts[1], &parts[0], "--out", "merged"]).ended_with(0);
    assert!(result(&place, "merged") == result(&place, "whole"), "the same bytes");
}

#[test]
fn a_shard_killed_at_any_moment_and_repeated_has_the_same_bytes() {
    let place = Place::new();
    place.data_set("data");
    let shard = |out: &str| {
        let mut command = place.command(&[&PASS[..], &["--shard", "1/2", "--out", out]].concat());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begun = Instant::now();
    assert!(shard("whole").status().unwrap().success());
    let duration = begun.elapsed();
    for share in [0.2, 0.5, 0.7, 0.9] {
        let mut child = shard("killed").spawn().unwrap();
        sleep(duration.mul_f64(share));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
    }
    assert!(shard("killed").status().unwrap().success());
    assert!(result(&place, "killed") == result(&place, "whole"), "the same bytes");
}
