//! A folder of micrographs and a site that were named at the start: what can be asked of them, and what cannot.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nanoaid_serve::{ServeError, ServeOptions, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Running, png};

/// A folder of two categories with a micrograph each, and one that cannot be read.
fn micrographs(folder: &Path) {
    for (category, size) in [("lines", (64, 96)), ("dots", (80, 64))] {
        fs::create_dir_all(folder.join(category)).unwrap();
        fs::write(folder.join(category).join("one.png"), png(size.0, size.1)).unwrap();
    }
    fs::write(folder.join("dots/damaged.png"), &png(64, 64)[..200]).unwrap();
}

fn with_data(folder: &TempDir) -> Running {
    let data = folder.path().join("data");
    micrographs(&data);
    let trained = folder.path().join("trained");
    Running::start(ServeOptions { data: Some(data), trained, ..ServeOptions::default() })
}

/// The end of a job.
fn ended(server: &Running, id: &Value) -> Value {
    let begun = Instant::now();
    loop {
        let jobs = server.get("/api/jobs").json();
        let job = jobs.as_array().unwrap().iter().find(|job| job["id"] == *id).unwrap().clone();
        if !matches!(job["phase"].as_str(), Some("waiting" | "running")) {
            return job;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{job}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_pass_over_the_folder_tells_what_drives_a_unit() {
    let folder = TempDir::new().unwrap();
    let server = with_data(&folder);
    let listed = server.get("/api/data").json();
    let files: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    let place = |file: &str| files.iter().position(|found| *found == file).unwrap();
    let unit = "/api/unit?network=autoencoder&unit=encoder.2:35";
    let before = server.get(unit).json();
    assert!(before["patches"].is_null() && before["classes"].as_array().unwrap().is_empty());

    let wish = json!({ "kind": "pass", "network": "autoencoder", "layer": "encoder.2" });
    let begun = server.ask("POST", "/api/jobs", wish.to_string().as_bytes());
    assert_eq!(begun.status, 200, "{}", begun.text());
    let job = ended(&server, &begun.json()["id"]);
    assert_eq!(job["phase"], "done", "{job}");
    assert!(job["warnings"].to_string().contains("damaged.png"), "{job}");
    assert_eq!(job["step"], job["steps"]);
    let listed = server.get("/api/data").json();
    let problem = |file: &str| listed[place(file)]["problem"].clone();
    assert!(problem("lines/one.png").is_null() && problem("dots/damaged.png").is_string(), "{listed}");

    let known = server.get(unit).json();
    let strongest = known["patches"]["strongest"].as_array().unwrap();
    assert_eq!((strongest.len(), &known["patches"]["n"]), (2, &json!(2)));
    let first = &strongest[0];
    assert_eq!(first["open"], place(first["file"].as_str().unwrap()));
    assert!(first["value"].as_f64().unwrap() >= strongest[1]["value"].as_f64().unwrap());
    let patch = server.get(&format!("/{}", first["address"].as_str().unwrap()));
    assert_eq!((patch.status, patch.header("content-type").as_deref()), (200, Some("image/png")));
    let classes = known["classes"].as_array().unwrap();
    assert_eq!(classes.len(), 2);
    // with two classes, one's AUC is one less the other's
    let auc = |class: usize| classes[class]["auc"].as_f64().unwrap();
    assert!((auc(0) + auc(1) - 1.0).abs() < 1e-12);

    let opened = server.ask("POST", &format!("/api/data/{}", place("lines/one.png")), b"{}");
    assert_eq!(opened.json()["name"], "one.png");
    let id = opened.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/api/info?image={id}")).json()["facts"]["width"], 96);
    let damaged = server.ask("POST", &format!("/api/data/{}", place("dots/damaged.png")), b"{}");
    assert!(damaged.status < 500, "{}", damaged.text());
}

#[test]
fn wrong_questions_about_the_folder_say_what_is_right() {
    let folder = TempDir::new().unwrap();
    let server = with_data(&folder);
    let job = |wish: Value| ("POST", "/api/jobs".to_owned(), wish.to_string());
    let get = |path: &str| ("GET", path.to_owned(), String::new());
    for ((method, path, body), status, word) in [
        (get("/api/data/9/patch?y=0&x=0&height=8&width=8"), 404, "no number 9"),
        (get("/api/data/0/patch?y=0&x=0&height=8"), 400, "width"),
        (get("/api/data/1/patch?y=0&x=0&height=8&width=8000"), 400, "inside"),
        (get("/api/data/..%2f..%2fetc%2fpasswd/patch?y=0&x=0&height=8&width=8"), 400, "whole number"),
        (get("/api/data/-1/patch?y=0&x=0&height=8&width=8"), 400, "\"error\":\"the address has `-1`"),
        (get("/api/jobs/x/picture"), 400, "whole number"),
        (get("/api/unit?network=nothing&unit=encoder.2:3"), 404, "autoencoder"),
        (get("/api/unit?network=autoencoder&unit=encoder.2"), 400, "expected a channel"),
        (get("/api/unit?network=autoencoder&unit=encoder.2:999"), 404, "channels 0 to 63"),
        (get("/api/unit?network=autoencoder&unit=nowhere:1"), 422, "nowhere"),
        (job(json!({ "kind": "pass", "network": "autoencoder", "layer": "nowhere" })), 422, "nowhere"),
        (
            job(json!({ "kind": "tuning", "network": "autoencoder", "unit": "encoder.2" })),
            400,
            "expected a channel",
        ),
        (
            job(json!({ "kind": "tuning", "network": "autoencoder", "unit": "encoder.2:999" })),
            404,
            "channels 0 to 63",
        ),
        (job(json!({ "kind": "ascent", "network": "autoencoder", "unit": "encoder.2:999" })), 422, "999"),
        (job(json!({ "kind": "ascent", "network": "autoencoder", "unit": "nowhere:1" })), 422, "nowhere"),
        (job(json!({ "kind": "training", "what": "autoencoder", "name": "../out" })), 400, "name: found"),
        (job(json!({ "kind": "training", "what": "autoencoder", "name": "" })), 400, "name: found"),
        (job(json!({ "kind": "training", "what": "autoencoder", "name": "-rf" })), 400, "name: found"),
        (job(json!({ "kind": "training", "what": "autoencoder", "name": "CON" })), 400, "name: found"),
        (
            job(json!({ "kind": "training", "what": "classifier", "name": "a", "start": "frozen" })),
            400,
            "needs a network",
        ),
        (
            job(json!({ "kind": "training", "what": "autoencoder", "name": "a", "base": "classifier" })),
            400,
            "random weights",
        ),
        (
            job(
                json!({ "kind": "training", "what": "classifier", "name": "a", "base": "x", "start": "frozen" }),
            ),
            404,
            "no network `x`",
        ),
        (job(json!({ "kind": "training", "what": "autoencoder", "name": "a", "epochs": 0 })), 400, "1 to"),
        (job(json!({ "kind": "training", "what": "autoencoder", "name": "a", "bas": "x" })), 400, "bas"),
        (
            job(json!({
                "kind": "training", "what": "classifier", "name": "a", "base": "segmenter", "start": "frozen"
            })),
            422,
            "expected an autoencoder or a classifier",
        ),
        (job(json!({ "kind": "training", "what": "transformer", "name": "a" })), 400, "not as expected"),
        (
            job(json!({ "kind": "training", "what": "autoencoder", "name": "nothing", "resume": true })),
            404,
            "to resume",
        ),
        (get("/site/index.html"), 404, "--site"),
    ] {
        let found = server.ask(method, &path, body.as_bytes());
        assert_eq!(found.status, status, "{path} {body}: {}", found.text());
        assert!(found.text().contains(word), "{path} {body}: {}", found.text());
    }
    assert!(!folder.path().join("out").exists() && !folder.path().join("trained").exists());
}

#[test]
fn a_classifier_is_trained_and_can_be_looked_through() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    for (category, step) in [("wide", 12), ("narrow", 5)] {
        fs::create_dir_all(data.join(category)).unwrap();
        for n in 0..10 {
            let plane = micrograph::Plane::from_fn(140, 150, |y, x| {
                ((x / step + n * y / 40) % 2) as f32 * 0.5 + 0.02 * ((x * y + 7 * n) % 9) as f32
            });
            let bytes = micrograph::paint::gray_png(&plane, 0.0, 1.0);
            fs::write(data.join(category).join(format!("{n}.png")), bytes).unwrap();
        }
    }
    let trained = folder.path().join("trained");
    let server = Running::start(ServeOptions { data: Some(data), trained, ..ServeOptions::default() });
    let wish = json!({ "kind": "training", "what": "classifier", "name": "mine", "epochs": 1 });
    let begun = server.ask("POST", "/api/jobs", wish.to_string().as_bytes());
    let again = server.ask("POST", "/api/jobs", wish.to_string().as_bytes());
    assert_eq!(again.status, 422, "{}", again.text());
    let job = ended(&server, &begun.json()["id"]);
    assert_eq!((&job["phase"], job["curve"].as_array().unwrap().len()), (&json!("done"), 1), "{job}");
    let networks = server.get("/api/start").json()["networks"].clone();
    let mine = networks.as_array().unwrap().iter().find(|network| network["id"] == "mine").unwrap().clone();
    assert_eq!(mine["classes"], json!(["narrow", "wide"]));
    // from what was trained, and from a built-in network
    for (base, name) in [("mine", "from-mine"), ("autoencoder", "from-autoencoder")] {
        let wish = json!({
            "kind": "training", "what": "classifier", "name": name, "start": "frozen", "base": base
        });
        let begun = server.ask("POST", "/api/jobs", wish.to_string().as_bytes());
        let job = ended(&server, &begun.json()["id"]);
        assert_eq!(job["phase"], "done", "{job}");
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_of_trained_networks_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let trained = folder.path().join("trained");
    fs::write(&trained, "a file").unwrap();
    let refused = Server::bind(ServeOptions { trained, ..ServeOptions::default() }).map(|_| ()).unwrap_err();
    assert!(matches!(refused, ServeError::Out { .. }) && refused.to_string().contains("--out"), "{refused}");
}

#[test]
fn without_a_folder_it_is_said_how_to_name_one() {
    let server = Running::default();
    for path in ["/api/data", "/api/data/0/patch?y=0&x=0&height=8&width=8"] {
        let found = server.get(path);
        assert_eq!(found.status, 404);
        assert!(found.text().contains("--data FOLDER"), "{}", found.text());
    }
    assert!(server.get("/api/start").json()["data"].is_null());
}

#[test]
fn a_site_gives_the_files_that_it_lists_and_no_other() {
    let folder = TempDir::new().unwrap();
    let site = folder.path().join("site");
    fs::create_dir_all(site.join("kept")).unwrap();
    fs::write(folder.path().join("secret.html"), "secret").unwrap();
    fs::write(site.join("kept/secret.html"), "secret").unwrap();
    fs::write(site.join("index.html"), "<!DOCTYPE html><title>Atlas</title>").unwrap();
    fs::write(site.join("index.json"), r#"{ "networks": [], "micrographs": [] }"#).unwrap();
    fs::write(site.join("files.json"), r#"{ "index.html": "x", "index.json": "x" }"#).unwrap();
    let server = Running::start(ServeOptions { site: Some(site), ..ServeOptions::default() });
    let start = server.get("/site/index.html");
    assert_eq!((start.status, start.header("content-type").unwrap().contains("text/html")), (200, true));
    // scripts of a site reach nothing but its files
    let policy = start.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("connect-src"), "{policy}");
    for path in [
        "/site/kept/secret.html",
        "/site/../secret.html",
        "/site/%2e%2e/secret.html",
        "/site/..%2fsecret.html",
        "/site//etc/passwd",
        "/site/files.json",
    ] {
        let found = server.get(path);
        assert_eq!(found.status, 404, "{path}");
        assert!(!found.text().contains("secret<") && found.text() != "secret", "{path}");
    }
    assert_eq!(server.get("/site/").text(), start.text(), "its first page");
    assert_eq!(server.get("/api/site/0/patch?y=0&x=0&height=8&width=8").status, 404);
}

#[test]
fn what_is_no_folder_and_no_site_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let refused = |options: ServeOptions| match Server::bind(ServeOptions { port: Some(0), ..options }) {
        Err(error) => error,
        Ok(_) => panic!("the server has started"),
    };
    let missing = folder.path().join("missing");
    let error = refused(ServeOptions { data: Some(missing.clone()), ..ServeOptions::default() });
    assert!(matches!(error, ServeError::Data { .. }), "{error}");
    let error = refused(ServeOptions { site: Some(missing), ..ServeOptions::default() });
    assert!(error.to_string().contains("nanoaid site"), "{error}");
}
