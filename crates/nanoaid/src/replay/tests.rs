use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use micrograph::Source;
use micrograph::random::Stream;
use micrograph::synth::{self, Kind, SynthConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::Device;
use crate::interpret::gallery::Sources;
use crate::interpret::view::view_file;
use crate::interpret::visualize::Preset;
use crate::measure::{MeasureNetworks, MeasureSettings, measure};
use crate::network::open;

/// Writes a micrograph of lines, 96 × 96 px, as `name` into `folder`.
fn micrograph(folder: &Path, name: &str) -> PathBuf {
    let config = SynthConfig { height: 96, width: 96, data_bar: false, ..synth::varied(Kind::Lines, 1, 3) };
    let plane = synth::micrograph(&config, 1).unwrap().plane;
    let bytes = plane.values().iter().map(|value| value.round().clamp(0.0, 255.0) as u8).collect();
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_raw(96, 96, bytes).unwrap().save(&path).unwrap();
    path
}

/// The record that `measure` leaves of `image` in `folder`.
fn measure_record(image: &Path, folder: &Path) -> PathBuf {
    let settings = MeasureSettings::default();
    let source = Source::read(image).unwrap();
    let measured = measure((&source, "lines"), &settings, &mut MeasureNetworks::default(), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in &measured.files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder.join("lines.json")
}

/// The record that `lens` leaves of `image` in `folder`.
fn lens_record(image: &Path, folder: &Path) -> PathBuf {
    let network = open(Path::new("autoencoder"), Device::Cpu).unwrap();
    let settings = ViewSettings {
        sheet_only: true,
        top: Some(2),
        layers: vec!["encoder.1".to_owned()],
        ..ViewSettings::every_depth(&network)
    };
    let folder = OutputFolder::create(folder, true).unwrap();
    let output = ViewOutput { folder: &folder, page: &|_| String::new() };
    let from = (Path::new("autoencoder"), &network);
    let source = Source::read(image).unwrap();
    view_file(&source, from, &settings, output, &mut |_| ControlFlow::Continue(())).unwrap();
    folder.file("record.json")
}

/// The record that `visualize` leaves of one unit in `folder`.
fn visualize_record(folder: &Path) -> PathBuf {
    let network = open(Path::new("autoencoder"), Device::Cpu).unwrap();
    let mut config = Preset::Fast.config();
    (config.height, config.width, config.steps) = (24, 24, 2);
    let gallery = Gallery::new(&network, Path::new("autoencoder"), config, &Sources::default()).unwrap();
    let folder = gallery.folder(folder, true).unwrap();
    let objective = "encoder.1:2".parse().unwrap();
    gallery.make(&[objective], &folder, &mut |_| ControlFlow::Continue(())).unwrap();
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let is_record = |path: &PathBuf| {
        let holds_objective = |text: String| text.contains("\"objective\"");
        fs::read_to_string(path).is_ok_and(holds_objective)
    };
    names.into_iter().find(is_record).unwrap()
}

fn replayed(record: &Path, images: Option<&Path>, out: &Path) -> Result<Replayed, ReplayError> {
    let output = ReplayOutput { path: out, force: true, page: &|_| String::new() };
    let mut n_calls = 0;
    replay(ReplayInput { record, images }, output, &mut |_| {
        n_calls += 1;
        if n_calls > 200 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

#[test]
fn an_image_is_found_beside_a_record_that_was_moved_and_in_a_folder_that_is_named() {
    let place = tempfile::tempdir().unwrap();
    let image = micrograph(&place.path().join("project"), "data/lines.png");
    let results = place.path().join("project/results");
    for record in [measure_record(&image, &results), lens_record(&image, &results.join("lens"))] {
        let moved = place.path().join("moved");
        fs::rename(place.path().join("project"), &moved).unwrap();
        let record = moved.join(record.strip_prefix(place.path().join("project")).unwrap());
        let out = place.path().join("out");
        // the whole project was moved: the end of the path leads there
        replayed(&record, None, &out).unwrap();

        // only the record is there
        let alone = tempfile::tempdir().unwrap();
        let copy = alone.path().join(record.file_name().unwrap());
        fs::copy(&record, &copy).unwrap();
        let error = replayed(&copy, None, &out).unwrap_err();
        assert!(matches!(error, ReplayError::NotThere { .. }), "{error}");
        assert!(error.to_string().contains("--images"), "{error}");
        // under another name, among others
        fs::create_dir(moved.join("data/more")).unwrap();
        fs::rename(moved.join("data/lines.png"), moved.join("data/more/renamed.png")).unwrap();
        fs::write(moved.join("data/lines.png"), "another").unwrap();
        replayed(&copy, Some(&moved), &out).unwrap();
        let empty = alone.path().join("empty");
        fs::create_dir(&empty).unwrap();
        let error = replayed(&copy, Some(&empty), &out).unwrap_err();
        assert!(matches!(error, ReplayError::NotIn { .. }), "{error}");

        fs::rename(moved.join("data/more/renamed.png"), moved.join("data/lines.png")).unwrap();
        fs::remove_dir_all(moved.join("data/more")).unwrap();
        fs::rename(&moved, place.path().join("project")).unwrap();
    }
}

/// Every value of a JSON text, by the way to it.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                pointers(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What a hostile record may hold at any place.
fn hostile(stream: &mut Stream) -> Value {
    let values = [
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(u64::MAX - 1),
        json!(1_u64 << 32),
        json!(1e308),
        json!(-1e-308),
        json!(0.5),
        json!(null),
        json!(true),
        json!(""),
        json!("../../outside"),
        json!(std::env::temp_dir().join("outside")),
        json!("a\u{0}b"),
        json!("é".repeat(3000)),
        json!([]),
        json!([0, 1, 2]),
        json!({}),
        json!({"y": u64::MAX, "x": 0, "height": 2, "width": 2}),
    ];
    values[stream.below(values.len())].clone()
}

/// One or two changes: a value replaced, removed, or put under the name of another file.
fn mutated(record: &Value, places: &[String], stream: &mut Stream) -> Value {
    let mut record = record.clone();
    for _ in 0..1 + stream.below(2) {
        let place = &places[1 + stream.below(places.len() - 1)];
        let (above, key) = place.rsplit_once('/').unwrap();
        let Some(above) = record.pointer_mut(above) else { continue };
        match (above, stream.below(6)) {
            (Value::Object(map), 0) => {
                map.remove(key);
            }
            (Value::Object(map), 1) => {
                let value = map.remove(key).unwrap_or_default();
                map.insert("../../outside.png".to_owned(), value);
            }
            (Value::Object(map), _) => {
                map.insert(key.to_owned(), hostile(stream));
            }
            (Value::Array(items), _) => items.push(hostile(stream)),
            _ => {}
        }
    }
    record
}

/// Names and contents of all files of a folder but those below `out`.
fn contents(folder: &Path, out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path == out {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn hostile_records_neither_panic_nor_write_outside_the_folder() {
    let place: TempDir = tempfile::tempdir().unwrap();
    let image = micrograph(place.path(), "lines.png");
    let results = place.path().join("results");
    let records = [
        measure_record(&image, &results),
        lens_record(&image, &results.join("lens")),
        visualize_record(&results.join("visual")),
    ];
    let deep = place.path().join("a/b/c");
    fs::create_dir_all(&deep).unwrap();
    let out = deep.join("out");
    for (number, record) in records.iter().enumerate() {
        assert!(replayed(record, None, &out).is_ok(), "{}", record.display());
        let whole: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
        // what the numbers were does not decide what is done
        let mut places = Vec::new();
        pointers(&whole, "", &mut places);
        places.retain(|place| !place.starts_with("/report/") && !place.starts_with("/outcome/"));
        let hostile_path = results.join("hostile.json");
        let before = contents(place.path(), &out);
        let mut n_refused = 0;
        for index in 0..120 {
            let mut stream = Stream::new(number as u64, "hostile", index);
            let record = mutated(&whole, &places, &mut stream);
            let text = serde_json::to_string(&record).unwrap();
            fs::write(&hostile_path, &text).unwrap();
            let ended = catch_unwind(AssertUnwindSafe(|| replayed(&hostile_path, None, &out)));
            let ended = ended.unwrap_or_else(|_| panic!("panic at {text}"));
            n_refused += usize::from(ended.is_err());
            fs::remove_file(&hostile_path).unwrap();
            let after = contents(place.path(), &out);
            assert!(after == before, "a file outside: {text}");
        }
        assert!(n_refused >= 30, "{}: {n_refused}", record.display());
    }
}

#[test]
fn the_reported_record_whose_bar_box_overflows_is_refused() {
    let Some(path) = test_support::shared("data/reported/records/measure-record-bar-box-overflow.json")
    else {
        return;
    };
    let out = tempfile::tempdir().unwrap();
    // of an older format, which is said first
    replayed(&path, None, &out.path().join("out")).unwrap_err();
    let image = micrograph(out.path(), "lines.png");
    let record = measure_record(&image, &out.path().join("results"));
    let mut value: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    value["settings"]["file"]["bar_nm"] = json!(100.0);
    value["settings"]["file"]["bar_box"] = json!({"y": u64::MAX, "x": 0, "height": 2, "width": 2});
    fs::write(&record, value.to_string()).unwrap();
    let error = replayed(&record, None, &out.path().join("out")).unwrap_err().to_string();
    assert!(error.contains("expected a box inside of 96 × 96 px"), "{error}");
}
