//! `visualize`: pictures, records, resumption, replay, and what is refused.

use std::fs;

use serde_json::Value;

use crate::program::Place;
use test_support::shared;

/// Arguments for two quick pictures of the built-in autoencoder.
const QUICK: [&str; 10] = [
    "visualize",
    "autoencoder",
    "--unit",
    "encoder.1:3",
    "--unit",
    "encoder.2:5",
    "--size",
    "32",
    "--steps",
    "64",
];

fn quick(more: &[&str]) -> Vec<String> {
    QUICK.iter().chain(more).map(|&part| part.to_owned()).collect()
}

fn run(place: &Place, arguments: &[String]) -> crate::program::Said {
    place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn each_unit_gets_a_picture_and_a_record_that_replays_to_the_byte() {
    let place = Place::new();
    let said = run(&place, &quick(&["--out", "wants", "--nm-per-px", "2"])).ended_with(0);
    assert!(said.out.contains("encoder.2:5  score") && said.out.contains("sheet.png"), "{}", said.out);
    assert!(said.out.contains(" px = ") && said.out.contains(" nm"), "a period in nanometers: {}", said.out);
    for name in ["encoder.1_3.png", "encoder.2_5.png", "sheet.png", "settings.json"] {
        assert!(place.path("wants").join(name).is_file(), "{name}");
    }
    let text = fs::read_to_string(place.path("wants").join("encoder.2_5.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["objective"], "encoder.2:5");
    assert_eq!(record["settings"]["config"]["height"], 32);
    let scores = record["outcome"]["scores"].as_array().unwrap();
    assert!(record["outcome"]["score"].as_f64() >= scores[0][1].as_f64(), "{scores:?}");
    let said = place.run(&["replay", "wants/encoder.2_5.json", "--out", "again"]).ended_with(0);
    assert!(said.out.contains("the same bytes: 1 files"), "{}", said.out);
    // a record of another picture is found out
    let other = text.replace("\"seed\": 0", "\"seed\": 1");
    assert_ne!(other, text);
    fs::write(place.path("other.json"), other).unwrap();
    let said = place.run(&["replay", "other.json", "--out", "other"]).ended_with(1);
    assert!(said.err.contains("other bytes than recorded: encoder.2_5.png"), "{}", said.err);
}

#[test]
fn without_the_scan_nothing_is_said_of_gratings_and_the_picture_replays() {
    let place = Place::new();
    let said = run(&place, &quick(&["--out", "wants", "--no-scan"])).ended_with(0);
    assert!(said.out.contains("encoder.2:5  score") && !said.out.contains(" px"), "{}", said.out);
    let said = place.run(&["replay", "wants/encoder.2_5.json", "--out", "again"]).ended_with(0);
    assert!(said.out.contains("the same bytes: 1 files"), "{}", said.out);
    // with the scan it is another result, so the folder is not taken for a begun one
    let said = run(&place, &quick(&["--out", "wants"])).ended_with(1);
    assert!(said.err.contains("--force"), "{}", said.err);
}

#[test]
fn snapshots_come_as_a_strip_and_a_film_that_replay() {
    let place = Place::new();
    let said = run(&place, &quick(&["--out", "wants", "--snapshots", "0,5,64"])).ended_with(0);
    assert!(!said.err.contains("warning"), "{}", said.err);
    let record: Value =
        serde_json::from_slice(&fs::read(place.path("wants").join("encoder.2_5.json")).unwrap()).unwrap();
    let files: Vec<&String> = record["files"].as_object().unwrap().keys().collect();
    assert_eq!(files, ["encoder.2_5.png", "encoder.2_5_steps.gif", "encoder.2_5_steps.png"]);
    let film = fs::read(place.path("wants").join("encoder.2_5_steps.gif")).unwrap();
    assert!(film.starts_with(b"GIF89a"));
    let said = place.run(&["replay", "wants/encoder.2_5.json", "--out", "again"]).ended_with(0);
    assert!(said.out.contains("the same bytes: 3 files"), "{}", said.out);
    let said = run(&place, &quick(&["--out", "late", "--snapshots", "65"])).ended_with(1);
    assert!(said.err.contains("snapshots: expected at most the 64 steps"), "{}", said.err);
}

#[test]
fn a_penalty_is_charged_and_a_description_goes_with_the_picture() {
    let place = Place::new();
    let roughness = |out: &str, more: &[&str]| {
        run(&place, &quick(&[&["--out", out], more].concat())).ended_with(0);
        let bytes = fs::read(place.path(out).join("encoder.2_5.png")).unwrap();
        let told = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let texts = &told.info().utf8_text;
        let text = texts.iter().find(|text| text.keyword == "Description").unwrap().get_text().unwrap();
        assert!(text.starts_with("encoder.2:5; period and axis: of the grating"), "{text}");
        let picture = image::load_from_memory(&bytes).unwrap().into_luma8();
        let rows = picture.rows().map(|row| row.map(|pixel| i32::from(pixel.0[0])).collect::<Vec<_>>());
        rows.flat_map(|row| row.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect::<Vec<_>>())
            .sum::<u32>()
    };
    let free = roughness("free", &[]);
    let charged = roughness("charged", &["--penalty", "total-variation=50", "--penalty", "lp=1"]);
    assert!(2 * charged < free, "{charged} {free}");
    let settings = fs::read(place.path("charged").join("settings.json")).unwrap();
    let settings = serde_json::from_slice::<Value>(&settings).unwrap();
    assert_eq!(settings["settings"]["config"]["penalties"].as_array().unwrap().len(), 2);
    let said = run(&place, &quick(&["--out", "none", "--penalty", "l2=1"])).ended_with(2);
    assert!(said.err.contains("found `l2=1`, expected total-variation=WEIGHT"), "{}", said.err);
}

#[test]
fn a_picture_of_coordinates_is_drawn_larger_and_replays() {
    let place = Place::new();
    let more = ["--out", "wants", "--canvas", "cppn", "--enlarge", "4"];
    run(&place, &quick(&more)).ended_with(0);
    let large = image::open(place.path("wants").join("encoder.2_5_large.png")).unwrap();
    assert_eq!((large.height(), large.width()), (128, 128));
    let said = place.run(&["replay", "wants/encoder.2_5.json", "--out", "again"]).ended_with(0);
    assert!(said.out.contains("the same bytes: 2 files"), "{}", said.out);
    let said = run(&place, &quick(&["--out", "none", "--enlarge", "4"])).ended_with(1);
    assert!(said.err.contains("enlarge: expected 1 for a canvas other than `cppn`, found 4"), "{}", said.err);
}

#[test]
fn the_seed_of_a_preset_holds_until_one_is_given() {
    let place = Place::new();
    let seed = |out: &str, more: &[&str]| {
        let quick = ["visualize", "autoencoder", "--unit", "encoder.1:3", "--size", "32", "--steps", "1"];
        let preset = ["--preset", "borowski", "--members", "2", "--out", out];
        place.run(&[&quick[..], &preset, more].concat()).ended_with(0);
        let settings = fs::read(place.path(out).join("settings.json")).unwrap();
        serde_json::from_slice::<Value>(&settings).unwrap()["settings"]["config"]["seed"].as_u64()
    };
    assert_eq!(seed("own", &[]), Some(1234));
    assert_eq!(seed("zero", &["--seed", "0"]), Some(0));
}

#[test]
fn an_estimate_tells_a_time_and_writes_nothing() {
    let place = Place::new();
    let said = run(&place, &quick(&["--estimate", "--out", "wants"])).ended_with(0);
    assert!(said.out.starts_with("2 pictures of 64 steps: at most about "), "{}", said.out);
    assert!(!place.path("wants").exists());
}

#[test]
fn a_picture_that_can_not_be_written_ends_the_run() {
    let place = Place::new();
    // a folder stands where the picture is to be
    fs::create_dir_all(place.path("wants").join("encoder.2_5.png")).unwrap();
    let said = run(&place, &quick(&["--out", "wants", "--force"])).ended_with(1);
    assert!(said.err.contains("encoder.2_5.png"), "{}", said.err);
    assert!(!place.path("wants").join("encoder.2_5.json").exists(), "no record without its picture");
}

#[test]
fn pictures_in_colors_have_colors_on_their_sheet() {
    let Some(weights) = shared("weights/squeezenet_v1_0_deepcompressed.safetensors") else { return };
    let place = Place::new();
    let weights = weights.display().to_string();
    let arguments = ["visualize", &weights, "--unit", "fire2.expand3x3:1", "--size", "48", "--steps", "32"];
    for (more, colored) in [(&["--colors", "--out", "colors"][..], true), (&["--out", "grey"], false)] {
        place.run(&[&arguments[..], more].concat()).ended_with(0);
        let folder = place.path(more[more.len() - 1]);
        for name in ["fire2.expand3x3_1.png", "sheet.png"] {
            let image = image::open(folder.join(name)).unwrap().to_rgb8();
            let saturated =
                |pixel: &image::Rgb<u8>| pixel.0.iter().max().unwrap() - pixel.0.iter().min().unwrap() > 40;
            assert_eq!(image.pixels().any(saturated), colored, "{name} {more:?}");
        }
    }
}

#[test]
fn a_second_run_makes_what_is_missing_and_leaves_the_rest() {
    let place = Place::new();
    run(&place, &quick(&["--out", "wants"])).ended_with(0);
    let [kept, lost] = ["encoder.1_3.json", "encoder.2_5.json"].map(|name| place.path("wants").join(name));
    let lost_text = fs::read(&lost).unwrap();
    fs::remove_file(&lost).unwrap();
    let before = fs::metadata(&kept).unwrap().modified().unwrap();
    run(&place, &quick(&["--out", "wants"])).ended_with(0);
    assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), before, "it was not made again");
    assert_eq!(fs::read(&lost).unwrap(), lost_text, "the same picture as if nothing had happened");
    // other settings are another result
    let said = run(&place, &quick(&["--out", "wants", "--seed", "7"])).ended_with(1);
    assert!(said.err.contains("--force"), "{}", said.err);
}

#[test]
fn what_can_not_be_visualized_says_why() {
    let place = Place::new();
    for (arguments, code, expected) in [
        (&["visualize", "autoencoder"][..], 1, "nothing to visualize"),
        (&["visualize", "autoencoder", "--layer", "encoder.9"], 1, "no layer `encoder.9`, expected one of"),
        (&["visualize", "autoencoder", "--classes"], 1, "no named classes"),
        (&["visualize", "autoencoder", "--unit", "dream(encoder.2)"], 2, "found `dream`"),
        (
            &["visualize", "autoencoder", "--unit", "encoder.2:64"],
            1,
            "no channel 64 in `encoder.2`, which has 64",
        ),
        (&["visualize", "autoencoder", "--unit", "encoder.2:1", "--preset", "maco"], 1, "needs --data"),
        (&["visualize", "autoencoder", "--unit", "encoder.2:1", "--canvas", "oil"], 1, "found `oil`"),
        (&["visualize", "autoencoder", "--unit", "inversion(encoder.2)"], 1, "found none"),
        (&["visualize", "no-such-run", "--unit", "encoder.2:1"], 1, "no-such-run"),
    ] {
        let said = place.run(&[arguments, &["--out", "none", "--force"]].concat()).ended_with(code);
        assert!(said.err.contains(expected), "{arguments:?}: {}", said.err);
    }
}
