//! Inputs like those of public bug reports (`data/reported`): indexes, archives, weights, and folders that a
//! program before left or that somebody else uses.

use std::fs;
use std::process::Stdio;

use test_support::shared;

use crate::program::{Place, files};

#[test]
fn reported_indexes_are_read_as_they_are_meant() {
    let Some(cases) = shared("data/reported/index-cases") else { return };
    let place = Place::new();
    for (index, n_lines, told) in [
        ("semicolons.csv", 4, None),
        ("trailing-spaces.csv", 4, Some("count as one category, `lines`")),
        ("backslashes.csv", 4, None),
        ("composed-name.csv", 4, None),
    ] {
        let path = cases.join(index);
        let said = place.run(&["dataset", "check", path.to_str().unwrap(), "--json"]);
        let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        let categories: Vec<(&str, u64)> = report["categories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| (found["category"].as_str().unwrap(), found["n_readable"].as_u64().unwrap()))
            .collect();
        assert_eq!(categories, [("dots", 4), ("lines", n_lines)], "{index}: {}", said.err);
        assert_eq!(report["problems"].as_array().unwrap().len(), 0, "{index}: {report}");
        if let Some(told) = told {
            let said = place.run(&["dataset", "check", path.to_str().unwrap()]);
            assert!(said.out.contains(told), "{index}: {}", said.out);
        }
    }
}

#[test]
fn nothing_is_taken_of_the_reported_archive_whose_check_sum_is_wrong() {
    let Some(archive) = shared("data/reported/archives/gzip-crc-wrong.tar.gz") else { return };
    let place = Place::new();
    let said = place.run(&["dataset", "import", archive.to_str().unwrap(), "--to", "set"]).ended_with(3);
    assert!(said.err.contains("damaged, so nothing of it was taken"), "{}", said.err);
    assert!(!place.path("set").exists(), "an empty folder is left behind");
}

#[test]
fn reported_weights_are_read_or_named() {
    let Some(weights) = shared("data/reported/weights") else { return };
    let place = Place::new();
    let of = |name: &str| weights.join(name).to_str().unwrap().to_owned();
    let said = place.run(&["info", &of("prefix-module.safetensors")]).ended_with(0);
    assert!(said.out.contains("fire2.squeeze"), "{}", said.out);
    place.micrograph("a.png", (64, 64), 1);
    let index = of("model.safetensors.index.json");
    place.run(&["lens", "a.png", "--run", &index]).ended_with(1).told(&["an index of several files"]);
}

#[test]
fn a_network_for_colors_shows_its_maps_of_a_grey_micrograph() {
    let Some(weights) = shared("weights/squeezenet_v1_0_deepcompressed.safetensors") else { return };
    let place = Place::new();
    place.micrograph("a.png", (96, 96), 1);
    let run = weights.to_str().unwrap();
    let arguments = ["lens", "a.png", "--run", run, "--layer", "conv1", "--out", "x"];
    place.run(&arguments).ended_with(0);
    assert!(place.path("x/report.html").exists());
    // what is refused leaves nothing behind
    let arguments = ["lens", "a.png", "--run", run, "--layer", "conv99", "--out", "y/z"];
    place.run(&arguments).ended_with(1).told(&["conv99"]);
    fs::write(place.path("words.png"), "words").unwrap();
    place.run(&["lens", "words.png", "--out", "y/z"]).ended_with(1);
    assert!(!place.path("y").exists());
}

#[test]
fn a_training_whose_checkpoints_are_a_link_touches_nothing_behind_it() {
    let place = Place::new();
    place.data_set("data");
    let arguments = [&["train", "autoencoder", "data", "--out", "run"], &crate::training::SMALL[..]].concat();
    place.run(&arguments).ended_with(0);
    let foreign = place.path("foreign");
    fs::rename(place.path("run/checkpoints"), &foreign).unwrap();
    fs::write(foreign.join("thesis.txt"), "mine").unwrap();
    fs::write(foreign.join("00099.safetensors"), "mine").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&foreign, place.path("run/checkpoints")).unwrap();
        let before = files(&foreign);
        let resumed = [&arguments[..], &["--resume"]].concat();
        place.run(&resumed).ended_with(1).told(&["checkpoints", "no link"]);
        assert!(files(&foreign) == before);
        let forced = [&arguments[..], &["--force"]].concat();
        place.run(&forced).ended_with(1).told(&["holds what no training wrote", "checkpoints"]);
        assert!(files(&foreign) == before);
        fs::remove_file(place.path("run/checkpoints")).unwrap();
    }
    // files of others in the run folder itself are not lost to --force either
    fs::create_dir(place.path("run/checkpoints")).unwrap();
    fs::write(place.path("run/notes.txt"), "mine").unwrap();
    let forced = [&arguments[..], &["--force"]].concat();
    place.run(&forced).ended_with(1).told(&["holds what no training wrote", "notes.txt"]);
    assert_eq!(place.text("run/notes.txt"), "mine");
    fs::remove_file(place.path("run/notes.txt")).unwrap();
    place.run(&forced).ended_with(0);
}

#[test]
fn two_writers_of_one_folder_are_refused_with_the_process() {
    let place = Place::new();
    place.data_set("data");
    let long = ["train", "autoencoder", "data", "--out", "run", "--epochs", "1000", "--patience", "0"];
    let long = [&long[..], &crate::training::SMALL[..10]].concat();
    let mut command = place.command(&long);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !place.path("run/manifest.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "the training ended");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let process = format!("process {}", child.id());
    place.run(&[&long[..], &["--resume"]].concat()).ended_with(1).told(&["another nanoaid", &process]);
    place.run(&[&long[..], &["--force"]].concat()).ended_with(1).told(&["another nanoaid"]);
    child.kill().unwrap();
    child.wait().unwrap();
    // no lock outlives its process
    let short = [&long[..5], &["--epochs", "1"], &crate::training::SMALL[..10], &["--force"]].concat();
    place.run(&short).ended_with(0);
    assert!(!place.path("run/.nanoaid.lock").exists());
}

#[test]
fn what_a_kill_left_is_no_result_and_is_removed() {
    let place = Place::new();
    place.data_set("data");
    place.micrograph("a.png", (96, 96), 1);
    let commands: [(&str, Vec<&str>); 5] = [
        ("measure", vec!["measure", "a.png"]),
        ("lens", vec!["lens", "a.png", "--depth", "1", "--sheet-only"]),
        (
            "visualize",
            vec!["visualize", "autoencoder", "--unit", "encoder.1:1", "--steps", "2", "--size", "24"],
        ),
        ("exemplars", vec!["exemplars", "autoencoder", "data", "--layer", "encoder.1"]),
        (
            "find",
            vec![
                "find",
                "autoencoder",
                "a.png",
                "--data",
                "data",
                "--layer",
                "encoder.1",
                "--box",
                "8,8,32,32",
            ],
        ),
    ];
    for (out, arguments) in commands {
        fs::create_dir_all(place.path(out)).unwrap();
        for name in [".first.json.4000000-0.part", ".nanoaid.lock"] {
            fs::write(place.path(out).join(name), "ha").unwrap();
        }
        if out == "exemplars" {
            fs::create_dir_all(place.path(out).join("activations")).unwrap();
            let part = "activations/.part-00000.parquet.4000000-1.part";
            fs::write(place.path(out).join(part), "ha").unwrap();
        }
        let said = place.run(&[&arguments[..], &["--out", out]].concat());
        assert_eq!(said.code, Some(0), "{out}: {}", said.err);
        let left: Vec<String> = files(&place.path(out))
            .into_keys()
            .filter(|name| name.ends_with(".part") || name.ends_with(".lock"))
            .collect();
        assert!(left.is_empty(), "{out}: {left:?}");
    }
}

#[test]
fn a_damaged_page_of_a_finished_site_is_written_again() {
    let place = Place::new();
    place.data_set("data");
    let make = || {
        let arguments =
            ["site", "autoencoder", "--data", "data", "--layer", "encoder.1", "--presets", "fast"];
        place.run(&[&arguments[..], &["--steps", "2"]].concat()).ended_with(0)
    };
    make();
    let whole = files(&place.path("atlas"));
    fs::write(place.path("atlas/index.html"), "damaged").unwrap();
    fs::remove_file(place.path("atlas/micrographs/index.html")).unwrap();
    let said = make();
    assert!(said.err.contains("2 files of the site are damaged or missing"), "{}", said.err);
    assert!(files(&place.path("atlas")) == whole);
    assert!(make().err.contains("nothing has changed"));
}

#[test]
fn names_of_any_kind_lose_no_result() {
    let place = Place::new();
    place.micrograph("a.png", (96, 96), 1);
    let long = format!("{}.png", "n".repeat(250));
    fs::copy(place.path("a.png"), place.path(&long)).unwrap();
    place.run(&["measure", &long, "--out", "long"]).ended_with(0);
    assert!(files(&place.path("long")).keys().any(|name| name.ends_with(".json")));
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"esc\x1b[2J\xff.png");
        fs::create_dir(place.path("odd")).unwrap();
        fs::copy(place.path("a.png"), place.path("odd").join(name)).unwrap();
        fs::copy(place.path("a.png"), place.path("odd/plain.png")).unwrap();
        let said = place.run(&["measure", "odd", "--json", "--out", "odd-out"]).ended_with(0);
        let shown: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(shown.as_array().unwrap().len(), 2);
        assert!(!said.err.contains('\u{1b}'), "{:?}", said.err);
    }
}

#[test]
fn a_table_for_excel_begins_with_the_mark_and_runs_nothing() {
    let place = Place::new();
    place.micrograph("images/=1+1.png", (96, 96), 1);
    let arguments = ["measure", "images", "--csv", "excel", "--out", "out"];
    place.run(&arguments).ended_with(0);
    let table = place.text("out/measurements.csv");
    assert!(table.starts_with("\u{feff}image,"), "{table}");
    // continued, it stays one
    place.run(&arguments).ended_with(0).told(&["1 of 1 were measured before"]);
    assert_eq!(place.text("out/measurements.csv"), table);
    let cells: Vec<&str> = table.lines().nth(1).unwrap().split(',').collect();
    assert!(cells.iter().all(|cell| !cell.starts_with(['=', '@', '\t'])), "{cells:?}");
}

#[test]
fn views_that_no_memory_holds_are_refused_before_anything_is_written() {
    let place = Place::new();
    place.data_set("data");
    let arguments = ["train", "classifier", "data", "--views-per-epoch", "100000000000"];
    place.run(&arguments).ended_with(1).told(&["views_per_epoch", "at most 10000000"]);
    assert!(!place.path("run-classifier").exists());
}
