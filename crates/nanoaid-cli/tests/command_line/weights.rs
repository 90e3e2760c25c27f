//! Known weights through the door: listed, verified, fetched from a server on loopback, killed.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[path = "../../../nanoaid/tests/known_weights/server.rs"]
mod server;

use crate::program::Place;
use server::{Server, cut, with_ranges, without_ranges};
use test_support::shared;

/// Weights of which the table knows no hash.
const NAME: &str = "tf_efficientnet_lite0.in1k";
const PATH: &str = "/timm/tf_efficientnet_lite0.in1k/resolve/main/model.safetensors";

/// A safetensors file of one tensor.
fn weights() -> Vec<u8> {
    let header = r#"{"a":{"dtype":"F32","shape":[50000],"data_offsets":[0,200000]}}"#;
    let data: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

#[test]
fn the_list_says_what_is_known_and_what_is_there() {
    let place = Place::new();
    let list =
        |json: &[&str]| place.run(&[&["weights", "list", "--dir", "w"], json].concat()).ended_with(0).out;
    let names: Vec<String> = serde_json::from_str::<Vec<serde_json::Value>>(&list(&["--json"]))
        .unwrap()
        .iter()
        .map(|known| known["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.contains(&NAME.to_owned()) && names.contains(&"vgg16.tv_in1k.features".to_owned()),
        "{names:?}"
    );
    let text = list(&[]);
    assert!(names.iter().all(|name| text.contains(&format!("  {name}: "))), "{text}");
    assert!(!text.contains(", there"), "{text}");
    fs::create_dir(place.path("w")).unwrap();
    fs::write(place.path(&format!("w/{NAME}.safetensors")), b"x").unwrap();
    assert_eq!(list(&[]).matches(", there").count(), 1);
}

#[test]
fn a_fetched_file_is_found_by_name_and_in_the_folder_of_the_environment() {
    let place = Place::new();
    let server = Server::new(|request, _| with_ranges(request, &weights(), "v1"));
    let run = |arguments: &[&str]| {
        place.command(arguments).env("NANOAID_DATA", place.path("data")).output().unwrap()
    };
    let output = run(&["weights", "fetch", NAME, "--mirror", &server.url("/"), "--json"]);
    assert!(output.status.success(), "{output:?}");
    let fetched: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(fetched[0]["check"], "size_only");
    assert_eq!(server.seen()[0].path, PATH);
    let file = place.path(&format!("data/weights/{NAME}.safetensors"));
    assert_eq!(fs::read(&file).unwrap(), weights());
    for arguments in [&["weights", "verify"][..], &["weights", "verify", NAME]] {
        let output = run(arguments);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("size only"));
    }
    // the second time nobody is asked
    let output = run(&["weights", "fetch", NAME, "--mirror", &server.url("")]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("was there already"), "{output:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_file_that_is_not_what_the_table_says_fails_and_the_others_are_done() {
    let place = Place::new();
    let server = Server::new(|request, _| with_ranges(request, &weights(), "v1"));
    let arguments = ["weights", "fetch", "resnet18.tv_in1k", NAME, "--dir", "w", "--mirror", &server.url("")];
    place.run(&arguments).ended_with(3).told(&["resnet18.tv_in1k", "200", "46807446"]);
    assert!(place.path(&format!("w/{NAME}.safetensors")).is_file());
    assert!(!place.path("w/resnet18.tv_in1k.safetensors").exists());
    fs::write(place.path("w/resnet18.tv_in1k.safetensors"), b"x").unwrap();
    let said = place.run(&["weights", "verify", "resnet18.tv_in1k", NAME, "--dir", "w"]).ended_with(3);
    said.told(&["resnet18.tv_in1k.safetensors: wrong", "694f673df6520a31"]);
    place.run(&["weights", "verify", "resnet18.tv_in1k", "--dir", "w"]).ended_with(1);
    place
        .run(&["weights", "verify", "--dir", "empty"])
        .ended_with(1)
        .told(&["at least one of the known files"]);
    place
        .run(&["weights", "fetch", "resnet1", "--dir", "w"])
        .ended_with(1)
        .told(&["resnet1", "resnet18.tv_in1k"]);
    place
        .run(&["weights", "fetch", "efficientnet_lite0", "--dir", "w"])
        .ended_with(1)
        .told(&["converted from"]);
    place.run(&["weights", "fetch"]).ended_with(2);
    if let Some(file) = shared("weights/efficientnet_lite0.safetensors") {
        let said = place.run(&["weights", "verify", file.to_str().unwrap()]).ended_with(0);
        assert!(said.out.contains("right: efficientnet_lite0"), "{}", said.out);
    }
}

#[test]
fn a_killed_fetch_is_continued_by_the_next() {
    let place = Place::new();
    let is_killed = Arc::new(AtomicBool::new(false));
    let continues = Arc::clone(&is_killed);
    let server = Server::new(move |request, n| {
        let whole = with_ranges(request, &weights(), "v1");
        if n == 0 {
            return cut(whole, 100_000);
        }
        // the first program gets no further
        while !continues.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        whole
    });
    let part = place.path(&format!("w/{NAME}.safetensors.part"));
    let url = server.url("");
    let arguments = ["weights", "fetch", NAME, "--dir", "w", "--mirror", &url];
    let mut first = place.command(&arguments).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while fs::metadata(&part).map_or(0, |data| data.len()) < 100_000 {
        assert!(begun.elapsed() < Duration::from_secs(20), "no part after 20 s");
        std::thread::sleep(Duration::from_millis(5));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    is_killed.store(true, Ordering::Relaxed);
    assert!(!place.path(&format!("w/{NAME}.safetensors")).exists());
    let list = place.run(&["weights", "list", "--dir", "w"]).ended_with(0).out;
    assert!(list.contains("part, 0.1 MB"), "{list}");
    place.run(&arguments).ended_with(0).told(&["continues after 100000 bytes"]);
    assert_eq!(server.ranges().last(), Some(&Some((100_000, None))));
    assert_eq!(fs::read(place.path(&format!("w/{NAME}.safetensors"))).unwrap(), weights());
    assert!(!part.exists());
}

#[test]
fn starting_over_is_said() {
    let server = Server::new(|_, n| {
        let whole = without_ranges(&weights(), "v1");
        if n == 0 { cut(whole, 1000) } else { whole }
    });
    let said = Place::new().run(&["weights", "fetch", NAME, "--dir", "w", "--mirror", &server.url("")]);
    said.ended_with(0)
        .told(&["disconnected; tries again in 1 s", "starts over: the server does not continue"]);
}

#[test]
fn servers_elsewhere_are_asked_by_the_proxy_of_the_environment() {
    let place = Place::new();
    let proxy = Server::new(|request, _| with_ranges(request, &weights(), "v1"));
    let arguments = ["weights", "fetch", NAME, "--dir", "w", "--mirror", "http://weights.example"];
    let mut command = place.command(&arguments);
    let output =
        command.env("ALL_PROXY", proxy.url("")).env_remove("NO_PROXY").env_remove("no_proxy").output();
    assert!(output.as_ref().unwrap().status.success(), "{output:?}");
    let paths: Vec<String> = proxy.seen().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["CONNECT weights.example:80", PATH]);
}
