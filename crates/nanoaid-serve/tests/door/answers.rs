//! What the page is given: the library's results, as the command line prints them.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use micrograph::Source;
use nanoaid::Device;
use nanoaid::data::prepare::{self, PrepareConfig};
use nanoaid::evaluate::classify::TrainedClassifier;
use nanoaid::interpret::lens::{LensConfig, LensImage, look};
use nanoaid::measure::{MeasureNetworks, MeasureSettings, measure};
use nanoaid::network::builtin;
use nanoaid::record::NetworkUsed;
use serde_json::Value;

use crate::client::{Running, png};

/// A micrograph of the built-in kind as a file, and its hash on the server.
fn dropped(server: &Running) -> (Source, String) {
    let bytes = png(96, 128);
    let id = server.drop_files(&[("lines.png", &bytes)]).json()["id"].as_str().unwrap().to_owned();
    (Source::from_bytes(Path::new("lines.png"), bytes), id)
}

/// `value` as a reader of its JSON has it.
fn through_text(value: &impl serde::Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn a_layer_is_the_result_of_the_lens_to_the_last_digit() {
    let server = Running::default();
    let (source, id) = dropped(&server);
    let prepared = prepare::source(&source, &PrepareConfig::default()).unwrap();
    let network = builtin::autoencoder(Device::Cpu).unwrap();
    let image = LensImage { plane: &prepared.plane, calibration: None };
    let config = LensConfig { reconstruct: false, ..LensConfig::default() };
    let lens = look(&network, "encoder.2", image, &config, &mut |_, _, _| ControlFlow::Continue(())).unwrap();

    let query = format!("image={id}&network=autoencoder&layer=encoder.2");
    let found = server.get(&format!("/api/layer?{query}"));
    assert_eq!(found.status, 200, "{}", found.text());
    let length = u32::from_le_bytes(found.body[..4].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&found.body[4..4 + length]).unwrap();
    assert!(header["result"] == through_text(&lens.result), "the numbers differ");
    let small = header["small_height"].as_u64().unwrap() * header["small_width"].as_u64().unwrap();
    assert_eq!(found.body.len() - 4 - length, lens.maps.n_channels() * small as usize);

    let plane = server.get(&format!("/api/plane?what=map&channel=3&{query}"));
    let values: Vec<f32> =
        plane.body.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    assert_eq!(values, lens.maps.plane(3).unwrap().values());
    let said = plane.header("x-plane").unwrap();
    assert!(said.starts_with(&format!("f32;{};{};", lens.maps.height(), lens.maps.width())), "{said}");

    let json = server.get(&format!("/api/export?what=layer.json&{query}"));
    assert_eq!(json.json(), header["result"]);
    let csv = server.get(&format!("/api/export?what=channels.csv&{query}")).text();
    assert_eq!(csv.lines().count(), 1 + lens.maps.n_channels());
    let tiff = server.get(&format!("/api/export?what=maps.tif&{query}")).body;
    let config = micrograph::ReadConfig { page: 3, ..micrograph::ReadConfig::default() };
    let read = micrograph::Micrograph::from_source(&Source::from_bytes(Path::new("maps.tif"), tiff), &config)
        .unwrap();
    assert_eq!(read.plane.values(), lens.maps.plane(3).unwrap().values());
}

#[test]
fn a_measurement_is_the_record_of_the_command_line() {
    let server = Running::default();
    let (source, id) = dropped(&server);
    let segmenter = builtin::segmenter(Device::Cpu).unwrap();
    let used = NetworkUsed::of(Path::new(builtin::SEGMENTER), &segmenter);
    let own = measure(
        (&source, "lines"),
        &MeasureSettings::default(),
        &mut MeasureNetworks { segmenter: Some((&segmenter, used)), ..MeasureNetworks::default() },
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    let body = serde_json::json!({ "image": id });
    let found = server.ask("POST", "/api/measure", body.to_string().as_bytes());
    assert_eq!(found.status, 200, "{}", found.text());
    let json = found.json();
    assert_eq!(json["record"], through_text(&own.record));
    for (name, bytes) in &own.files {
        let file = server.get(&format!("/api/made/{}/{name}", json["id"].as_str().unwrap()));
        assert_eq!(&file.body, bytes, "{name}");
    }
    let n_numbers: usize = own.record.report.answers.iter().map(|answer| answer.findings.len()).sum();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| !row["value"].is_null()).count(), n_numbers);

    let part = serde_json::json!({ "image": id, "part": { "y": 0, "x": 0, "height": 500, "width": 10 } });
    let refused = server.ask("POST", "/api/measure", part.to_string().as_bytes());
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("128 × 96 px"), "{}", refused.text());
}

#[test]
fn outlines_are_those_of_the_command_line_with_what_a_person_changed() {
    let server = Running::default();
    let id = server.specimen("particles");
    let ask = |corrections: Value| {
        let wish = serde_json::json!({ "image": id, "what": "particles", "corrections": corrections });
        server.ask("POST", "/api/segment", wish.to_string().as_bytes())
    };
    let found = ask(serde_json::json!([])).json();
    let name = |ending: &str| format!("synthetic-particles.{ending}");
    let file = |answer: &Value, name: &str| {
        server.get(&format!("/api/made/{}/{name}", answer["id"].as_str().unwrap())).body
    };
    // what is shown is the record of the file that is taken home
    let record: Value = serde_json::from_slice(&file(&found, &name("json"))).unwrap();
    assert_eq!(record, found["record"]);
    let source = Source::from_bytes(Path::new("labels.tif"), file(&found, &name("labels.tif")));
    let size = |key: &str| record[key].as_u64().unwrap() as usize;
    let labels = micrograph::regions::labels_of(&source, (size("height"), size("width")), None).unwrap();
    assert_eq!(labels.n_regions(), size("n_regions"));
    let n = labels.n_regions();
    let (y, x) = (0..labels.height())
        .flat_map(|y| (0..labels.width()).map(move |x| (y, x)))
        .find(|&(y, x)| labels.at(y, x) > 0)
        .unwrap();
    let removed = ask(serde_json::json!([{ "remove": [x as f64 + 0.5, y as f64 + 0.5] }])).json();
    assert_eq!(removed["record"]["n_regions"], n - 1);
    assert!(file(&removed, "corrections.json").starts_with(b"{"));
    let missed = ask(serde_json::json!([{ "remove": [-5.0, 0.0] }]));
    assert_eq!(missed.status, 422);
    assert!(missed.text().contains("no region is"), "{}", missed.text());
}

#[test]
fn a_class_is_that_of_the_classifier() {
    let server = Running::default();
    let (source, id) = dropped(&server);
    let prepared = prepare::source(&source, &PrepareConfig::default()).unwrap();
    let named =
        TrainedClassifier::builtin(Device::Cpu).unwrap().named("classifier", &prepared.plane).unwrap();
    let found = server.get(&format!("/api/classify?image={id}&network=classifier")).json();
    for (key, value) in through_text(&named).as_object().unwrap() {
        assert_eq!(&found[key], value, "{key}");
    }
    let wrong = server.get(&format!("/api/classify?image={id}&network=autoencoder"));
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("without classes"), "{}", wrong.text());
}

#[test]
fn wrong_questions_are_answered_with_what_is_right() {
    let server = Running::default();
    let (_, id) = dropped(&server);
    for (path, status, word) in [
        ("/api/layer?network=autoencoder&layer=encoder.2".to_owned(), 400, "`image`"),
        (format!("/api/layer?image={id}&layer=encoder.2"), 400, "`network`"),
        (format!("/api/layer?image={id}&network=none&layer=encoder.2"), 404, "autoencoder, classifier"),
        (format!("/api/layer?image={id}&network=autoencoder&layer=none"), 422, "expected one of"),
        (
            format!("/api/plane?what=map&channel=999&image={id}&network=autoencoder&layer=encoder.2"),
            404,
            "channels 0 to",
        ),
        (format!("/api/plane?what=none&image={id}&network=autoencoder"), 404, "no plane"),
        (format!("/api/plane?what=image&y=90&x=0&height=20&width=20&image={id}"), 400, "not inside"),
        (format!("/api/info?image={id}&page=7"), 422, "page"),
        (format!("/api/info?image={id}&nm=-1"), 422, "nm_per_px"),
        (format!("/api/find?image={id}&network=autoencoder&y=0&x=0&height=96&width=128"), 422, ""),
    ] {
        let found = server.get(&path);
        assert_eq!(found.status, status, "{path}: {}", found.text());
        assert!(found.json()["error"].as_str().unwrap().contains(word), "{path}: {}", found.text());
    }
}

#[test]
fn an_ascent_is_seen_on_the_way_and_can_be_stopped() {
    let server = Running::default();
    let wish = |steps: usize| {
        let body = serde_json::json!({ "kind": "ascent", "network": "autoencoder", "unit": "encoder.1:2", "steps": steps, "size": 32 });
        let found = server.ask("POST", "/api/jobs", body.to_string().as_bytes());
        assert_eq!(found.status, 200, "{}", found.text());
        found.json()["id"].as_u64().unwrap()
    };
    let job = |id: u64| {
        let jobs = server.get("/api/jobs").json();
        jobs.as_array().unwrap().iter().find(|job| job["id"] == id).unwrap().clone()
    };
    let until = |id: u64, is: &dyn Fn(&Value) -> bool| {
        let begun = Instant::now();
        loop {
            let found = job(id);
            if is(&found) {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{found}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let short = wish(8);
    let done = until(short, &|job| job["phase"] == "done");
    assert!(done["score"].is_number() && done["share"] == 1.0, "{done}");
    let picture = server.get(&format!("/api/jobs/{short}/picture"));
    assert!(picture.body.starts_with(b"\x89PNG"));
    let first = server.get(&format!("/api/jobs/{short}/picture?step=1"));
    assert!(first.body.starts_with(b"\x89PNG") && first.body != picture.body, "it changes on the way");

    let (long, waiting) = (wish(4000), wish(4000));
    until(long, &|job| job["phase"] == "running" && job["step"].as_u64().unwrap() > 0);
    for id in [waiting, long] {
        assert_eq!(server.ask("DELETE", &format!("/api/jobs/{id}"), b"").status, 200);
    }
    let stopped = until(long, &|job| job["phase"] == "cancelled");
    assert!(stopped["step"].as_u64().unwrap() < 4000);
    until(waiting, &|job| job["phase"] == "cancelled");
    assert_eq!(server.ask("DELETE", "/api/jobs/999", b"").status, 404);
}
