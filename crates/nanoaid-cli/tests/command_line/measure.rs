//! `measure`: what is measured on micrographs that are known, what is refused, kept and gone on with.

use std::fs;
use std::path::Path;

use crate::program::{Place, Said, assert_same_files, files};

/// Saves the grey level of each place `(y, x)` as a PNG, with a little noise.
fn save(path: &Path, (height, width): (u32, u32), level: impl Fn(f64, f64) -> f64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut state = 12345_u32;
    let image = image::GrayImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(state >> 16) / 65536.0 * 12.0 - 6.0;
        image::Luma([(level(f64::from(y), f64::from(x)) + noise).clamp(0.0, 255.0) as u8])
    });
    image.save(path).unwrap();
}

/// Lines 15 px apart whose axis is 70°, anticlockwise from the horizontal.
fn grating(path: &Path) {
    let (sin, cos) = 20_f64.to_radians().sin_cos();
    save(path, (200, 260), |y, x| {
        let across = (cos * x + sin * y) / 15.0;
        let beside = ((across - across.round()).abs() - 0.25) * 15.0;
        120.0 - 50.0 * (beside / 1.5).tanh()
    });
}

/// Dots on a square lattice of 26 px, one missing.
fn lattice(path: &Path) {
    save(path, (220, 280), |y, x| {
        let (row, column) = (((y - 15.0) / 26.0).round(), ((x - 12.0) / 26.0).round());
        let distance = (y - 15.0 - 26.0 * row).hypot(x - 12.0 - 26.0 * column);
        if (row, column) == (4.0, 5.0) { 70.0 } else { 120.0 + 50.0 * ((7.5 - distance) / 1.2).tanh() }
    });
}

/// Fourteen particles of 22 px, none on the border.
fn particles(path: &Path) {
    const PLACES: [[f64; 2]; 14] = [
        [40.0, 50.0],
        [52.0, 130.0],
        [35.0, 210.0],
        [60.0, 265.0],
        [110.0, 33.0],
        [99.0, 88.0],
        [120.0, 171.0],
        [103.0, 232.0],
        [160.0, 60.0],
        [180.0, 121.0],
        [150.0, 199.0],
        [178.0, 262.0],
        [214.0, 39.0],
        [209.0, 166.0],
    ];
    save(path, (240, 300), |y, x| {
        let nearest = PLACES.iter().map(|at| (at[0] - y).hypot(at[1] - x)).fold(f64::MAX, f64::min);
        100.0 + 60.0 * ((11.0 - nearest) / 1.2).tanh()
    });
}

fn noise(path: &Path) {
    save(path, (160, 180), |_, _| 100.0);
}

/// The lines of the CSV as cells; no cell that a test looks at holds a comma in quotes.
fn cell(place: &Place, csv: &str, image: &str, column: &str) -> String {
    let text = place.text(csv);
    let mut lines = text.lines();
    let at = lines.next().unwrap().split(',').position(|name| name == column);
    let at = at.unwrap_or_else(|| panic!("{column} in {text}"));
    let line = lines.find(|line| line.starts_with(&format!("{image},"))).unwrap_or_else(|| panic!("{image}"));
    // quotes are around cells with commas
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells[at].clone()
}

/// A path as the program prints it.
fn place_of(folder: &str, file: &str) -> String {
    Path::new(folder).join(file).display().to_string()
}

fn number(place: &Place, csv: &str, image: &str, column: &str) -> f64 {
    let cell = cell(place, csv, image, column);
    cell.parse().unwrap_or_else(|_| panic!("{image} {column}: `{cell}`"))
}

#[test]
fn a_grating_a_lattice_and_particles_are_told_from_each_other_and_measured() {
    let place = Place::new();
    grating(&place.path("in/grating.png"));
    lattice(&place.path("in/lattice.png"));
    particles(&place.path("in/particles.png"));
    noise(&place.path("in/noise.png"));
    fs::write(place.path("in/notes.txt"), "no image").unwrap();
    let said = place.run(&["measure", "in", "--nm-per-px", "2", "--out", "out"]).ended_with(0);
    let csv = "out/measurements.csv";
    let pitch = number(&place, csv, "grating", "pitch [nm]");
    assert!((pitch - 30.0).abs() < 0.05, "{pitch}");
    assert!(number(&place, csv, "grating", "pitch U95 [nm]") < 0.1);
    assert!((2.0 * number(&place, csv, "grating", "pitch [px]") / pitch - 1.0).abs() < 1e-12, "in px, too");
    let axis = number(&place, csv, "grating", "axis of lines [deg]");
    assert!((axis - 70.0).abs() < 0.1, "{axis}");
    assert!((number(&place, csv, "lattice", "first vector [nm]") - 52.0).abs() < 0.2);
    assert_eq!(number(&place, csv, "lattice", "sites missing"), 1.0);
    assert_eq!(number(&place, csv, "particles", "particles seen"), 14.0);
    let diameter = number(&place, csv, "particles", "mean particle diameter [nm]");
    let half = number(&place, csv, "particles", "mean particle diameter U95 [nm]");
    assert!((diameter - 44.0).abs() <= half && half < 8.0, "{diameter} ± {half}");
    assert_eq!(cell(&place, csv, "particles", "file"), place_of("in", "particles.png"));
    // a row for each of the 14 discs of 22 px; those that the border cuts are smaller
    let table = "out/particles.particles.csv";
    assert_eq!(place.text(table).lines().count(), 15);
    for particle in 1..=14 {
        let particle = particle.to_string();
        let value = |column: &str| number(&place, table, &particle, column);
        let (px, nm) = (value("edge-corrected diameter [px]"), value("edge-corrected diameter [nm]"));
        assert_eq!(nm, 2.0 * px);
        assert_eq!(value("area [nm2]"), 4.0 * value("area [px2]"));
        let is_whole = cell(&place, table, &particle, "cut by the border").is_empty();
        assert!(!is_whole || (px - 22.0).abs() < 1.0, "{particle}: {px} px");
    }
    assert!(!place.path("out/grating.particles.csv").exists(), "lines are no particles");
    for image in ["grating", "lattice", "particles"] {
        assert!(image::open(place.path(&format!("out/{image}.png"))).is_ok());
        let record = place.json(&format!("out/{image}.json"));
        assert_eq!(record["report"]["calibration"]["nm_per_px_x"], 2.0);
        assert_eq!(record["input"]["sha256"].as_str().unwrap().len(), 64);
    }
    // nothing but a reason
    for kind in ["pitch [nm]", "first vector [nm]", "particles seen", "mean fibre diameter [nm]"] {
        assert_eq!(cell(&place, csv, "noise", kind), "", "{kind}");
    }
    assert!(cell(&place, csv, "noise", "refused").contains("pitch: no periodic pattern found"));
    for part in [
        "± (95 %)",
        "square lattice",
        "2 nm/px typed",
        "nothing is brighter or darker",
        "one period is prominent",
    ] {
        assert!(said.out.contains(part), "`{part}` is not in: {}", said.out);
    }
}

#[test]
fn shards_put_together_have_the_bytes_of_one_machine() {
    let place = Place::new();
    for n in 0..5 {
        // of the same name in two folders, which files of results have to tell apart
        save(&place.path(&format!("in/{}/{n}.png", n % 2)), (120, 140), |y, x| {
            100.0 + 40.0 * ((x + f64::from(n) * y) / 9.0).sin()
        });
    }
    fs::copy(place.path("in/0/2.png"), place.path("in/1/2.png")).unwrap();
    let measure =
        |more: &[&str]| place.run(&[&["measure", "in", "--what", "pitch,orientation"], more].concat());
    measure(&["--out", "one"]).ended_with(0);
    let mut n_measured = 0;
    for shard in ["1/3", "2/3", "3/3"] {
        let out = format!("parts/{}", &shard[..1]);
        measure(&["--shard", shard, "--out", &out]).ended_with(0).told(&["of 6 images"]);
        for (name, bytes) in files(&place.path(&out)) {
            n_measured += usize::from(name.ends_with(".json"));
            fs::create_dir_all(place.path("all").join(&name).parent().unwrap()).unwrap();
            fs::write(place.path("all").join(&name), bytes).unwrap();
        }
    }
    assert_eq!(n_measured, 6, "each image is in one shard");
    measure(&["--out", "all"]).ended_with(0).told(&["measured before"]);
    assert_same_files("shards", &place.path("all"), &place.path("one"));
    measure(&["--shard", "4/3", "--out", "x"]).ended_with(2).told(&["4/3", "e.g. 3/16"]);
    // an image for each of many shards: those without end at once
    let said = measure(&["--shard", "77/100000", "--out", "none"]);
    assert!(said.ended_with(0).err.contains("0 of 6 images") && !place.path("none").exists());
}

#[test]
fn lines_that_fan_out_have_a_map_of_pitches_and_noise_has_the_reason_for_none() {
    let place = Place::new();
    // 50 lines a radian from a point 700 px above the image
    let pitch = |y: f64, x: f64| (y + 700.0).hypot(x - 150.0) / 50.0;
    save(&place.path("fan.png"), (320, 300), |y, x| {
        110.0 + 50.0 * (50.0 * std::f64::consts::TAU * (x - 150.0).atan2(y + 700.0)).sin()
    });
    noise(&place.path("noise.png"));
    let said =
        place.run(&["measure", "fan.png", "noise.png", "--nm-per-px", "2", "--pitch-map", "--out", "out"]);
    let said = said.ended_with(0).out;
    for part in ["fan: local pitch", " nm, ", "noise: no map of pitches"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(place.path("out/fan.pitch.png").is_file() && !place.path("out/noise.pitch.png").exists());
    let csv = place.text("out/fan.pitch.csv");
    let rows: Vec<Vec<f64>> =
        csv.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    assert!(rows.len() > 50, "{} places", rows.len());
    for row in &rows {
        let expected = pitch(row[0], row[1]);
        assert!(
            (row[2] / expected - 1.0).abs() < 0.03 && (row[3] - 2.0 * row[2]).abs() < 1e-3,
            "{row:?}, {expected}"
        );
    }
    let map = &place.json("out/fan.json")["pitch_map"]["summary"];
    let number = |name: &str| map[name].as_f64().unwrap();
    let table = place.text("out/measurements.csv");
    assert!(table.contains(",local pitch median [px],") && table.contains(&number("median_px").to_string()));
    let page = place.text("out/index.html");
    assert!(page.contains("fan.pitch.png") && page.contains("local pitch"), "the page shows the map");
    assert!(number("low_px") < 15.2 && number("high_px") > 18.0, "{map}");
    assert!(place.json("out/noise.json")["pitch_map"]["refused"].is_string());
    // without the option nothing is said of it
    place.run(&["measure", "fan.png", "--out", "plain"]).ended_with(0);
    assert!(
        place.json("out/fan.json")["pitch_map"].is_object()
            && place.json("plain/fan.json")["pitch_map"].is_null()
    );
}

#[test]
fn json_table_and_records_tell_the_same() {
    let place = Place::new();
    grating(&place.path("a.png"));
    let json = place.run(&["measure", "a.png", "--what", "pitch", "--json"]).ended_with(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let record = place.json("measure-a/a.json");
    assert_eq!(json[0]["report"], record["report"]);
    assert_eq!(json[0]["report"]["answers"].as_array().unwrap().len(), 1);
    let finding = &json[0]["report"]["answers"][0]["findings"][0];
    assert_eq!((&finding["name"], &finding["quantity"]["unit"]), (&"pitch".into(), &"px".into()));
    let value = number(&place, "measure-a/measurements.csv", "a", "pitch [px]");
    assert_eq!(finding["quantity"]["value"].as_f64(), Some(value));
    let expanded = number(&place, "measure-a/measurements.csv", "a", "pitch U95 [px]");
    assert_eq!(finding["quantity"]["expanded_uncertainty"].as_f64(), Some(expanded));
    assert!(cell(&place, "measure-a/measurements.csv", "a", "warnings").contains("no calibration"));
}

#[test]
fn what_cannot_be_read_is_named_and_the_others_are_measured() {
    let place = Place::new();
    grating(&place.path("a.png"));
    fs::write(place.path("bad.png"), "these are words").unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    place
        .run(&["measure", "a.png", "bad.png", "empty", "--out", "out"])
        .ended_with(3)
        .told(&["skipped", "bad.png", "empty"]);
    assert!(place.path("out/a.png").is_file() && !place.path("out/bad.png").exists());
    place.run(&["measure", "bad.png", "--out", "none"]).ended_with(1).told(&["bad.png", "no image"]);
    place.run(&["measure", "a.png", "--tilt", "90"]).ended_with(1).told(&["--tilt", "0 to 85", "90"]);
    place.run(&["measure", "a.png", "--bar-nm", "500", "--out", "bar"]).ended_with(1).told(&["scale bar"]);
}

#[test]
fn an_image_named_like_the_picture_of_another_is_skipped() {
    let place = Place::new();
    grating(&place.path("a.png"));
    grating(&place.path("a.network.png"));
    let names = ["measure", "a.png", "a.network.png", "--what", "pitch", "--out", "out"];
    let said = place.run(&[&names[..], &["--run", "autoencoder"]].concat()).ended_with(3);
    said.told(&["skipped", "a.network.png", "rename it"]);
    place.run(&[&names[..], &["--force"]].concat()).ended_with(0);
}

#[test]
fn a_bar_on_the_specimen_calibrates_from_its_box_and_a_part_leaves_it_out() {
    let place = Place::new();
    grating(&place.path("a.png"));
    let mut figure = image::open(place.path("a.png")).unwrap().into_luma8();
    for (x, y, pixel) in figure.enumerate_pixels_mut() {
        match (y, x) {
            (176..=182, 190..=239) => pixel.0 = [255],
            (165..=195, 175..=255) => pixel.0 = [40],
            _ => {}
        }
    }
    figure.save(place.path("figure.png")).unwrap();
    let arguments = ["measure", "figure.png", "--bar-nm", "500", "--bar-box", "168,180,24,70"];
    let said = place.run(&[&arguments[..], &["--box", "0,0,160,260", "--out", "out"]].concat()).ended_with(0);
    said.told(&["scale bar of 50 px in row 179, columns 190 to 239"]);
    let pitch = number(&place, "out/measurements.csv", "figure", "pitch [nm]");
    assert!((pitch / 150.0 - 1.0).abs() < 0.005, "{pitch}");
    assert!(
        place
            .run(&["replay", "out/figure.json", "--out", "again"])
            .ended_with(0)
            .out
            .starts_with("the same bytes")
    );
    let refused = |more: &[&str], words: &[&str]| {
        place.run(&[&["measure", "figure.png", "--out", "none"], more].concat()).ended_with(1).told(words);
    };
    refused(&["--box", "0,0,201,260"], &["--box", "260 × 200 px", "260 × 201 px at row 0, column 0"]);
    refused(
        &["--bar-nm", "500", "--bar-box", "190,180,24,70"],
        &["scale bar", "260 × 200 px", "rows 190 to 213"],
    );
    refused(&["--bar-nm", "500", "--bar-box", "2,2,20,40"], &["scale bar", "not found in rows 2 to 21"]);
}

#[test]
fn a_measurement_is_replayed_to_the_byte_until_something_is_changed() {
    let place = Place::new();
    grating(&place.path("a.png"));
    place.run(&["measure", "a.png", "--nm-per-px", "2", "--tilt", "10", "--out", "out"]).ended_with(0);
    let said = place.run(&["replay", "out/a.json", "--out", "again"]).ended_with(0);
    assert!(said.out.starts_with("the same bytes: 2 files"), "{}", said.out);
    let mut first = files(&place.path("out"));
    first.remove("measurements.csv");
    first.remove("index.html");
    assert_eq!(files(&place.path("again")), first);

    let record = place.text("out/a.json");
    let hash = place.json("out/a.json")["files"]["a.png"].as_str().unwrap().to_owned();
    let changed = [
        // the tilt stands in what decides and in what is told
        (record.replacen("\"tilt_deg\": 10.0", "\"tilt_deg\": 20.0", 1), "changed.json"),
        (record.replace(&hash, &hash.replace(['0', '1'], "2")), "a.png"),
        (record.replace("\"schema_version\": 2", "\"schema_version\": 9"), "schema version"),
        (record[..record.len() / 2].to_owned(), "changed.json"),
    ];
    for (i, (text, told)) in changed.into_iter().enumerate() {
        assert_ne!(text, record);
        fs::write(place.path("changed.json"), text).unwrap();
        place.run(&["replay", "changed.json", "--out", &format!("changed {i}")]).ended_with(1).told(&[told]);
    }
    lattice(&place.path("a.png"));
    let told = ["SHA-256 of", "a.png", "the record says"];
    place.run(&["replay", "out/a.json", "--out", "other"]).ended_with(1).told(&told);
}

#[test]
fn a_run_that_was_cut_off_goes_on_and_other_settings_are_not_mixed_in() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        grating(&place.path(&format!("in/{name}.png")));
    }
    let run = |out: &str, more: &[&str]| -> Said {
        place.run(&[&["measure", "in", "--what", "pitch", "--out", out], more].concat())
    };
    run("whole", &[]).ended_with(0);
    run("cut", &[]).ended_with(0);
    // as after a kill between two files
    fs::remove_file(place.path("cut/b.json")).unwrap();
    fs::remove_file(place.path("cut/c.png")).unwrap();
    let kept = fs::metadata(place.path("cut/a.png")).unwrap().modified().unwrap();
    run("cut", &[]).ended_with(0).told(&["1 of 3 were measured before"]);
    assert_eq!(fs::metadata(place.path("cut/a.png")).unwrap().modified().unwrap(), kept);
    assert_same_files("gone on with", &place.path("cut"), &place.path("whole"));

    run("whole", &["--nm-per-px", "3"]).ended_with(1).told(&["a.json", "other settings", "--force"]);
    assert_same_files("refused", &place.path("cut"), &place.path("whole"));
    run("whole", &["--nm-per-px", "3", "--force"]).ended_with(0);
    assert!((number(&place, "whole/measurements.csv", "b", "pitch [nm]") - 45.0).abs() < 0.1);

    // another image under a name that is taken; and a folder of something else
    lattice(&place.path("other/a.png"));
    let other = ["measure", "other/a.png", "--what", "pitch", "--out", "cut"];
    place.run(&other).ended_with(1).told(&["other/a.png", "another image"]);
    let mine = ["measure", "in/a.png", "--out", "in"];
    place.run(&mine).ended_with(1).told(&["not empty", "--force"]);
    assert_eq!(files(&place.path("in")).len(), 3);
}

#[test]
fn a_network_adds_its_unit_its_period_and_its_count_beside_the_measured_ones() {
    let place = Place::new();
    grating(&place.path("in/grating.png"));
    lattice(&place.path("in/lattice.png"));
    noise(&place.path("in/noise.png"));
    let with = ["measure", "in", "--nm-per-px", "2", "--run", "autoencoder", "--unit", "encoder.1:0"];
    let said = place.run(&[&with[..], &["--out", "out"]].concat()).ended_with(0);
    let csv = "out/measurements.csv";
    // the wave of the lattice lies across rows of sites, or across their diagonals
    for (image, periods) in [("grating", &[30.0][..]), ("lattice", &[52.0, 52.0 / 2_f64.sqrt()][..])] {
        let address = cell(&place, csv, image, "most periodic unit");
        assert!(address.starts_with("encoder.1:"), "{address}");
        let clarity = number(&place, csv, image, "clarity");
        assert!(clarity > 0.0 && clarity <= 1.0, "{clarity}");
        let period = number(&place, csv, image, "period in the image [nm]");
        assert!(periods.iter().any(|expected| (period - expected).abs() < 0.3), "{image}: {period}");
        let picture = fs::read(place.path(&format!("out/{image}.network.png"))).unwrap();
        assert!(image::load_from_memory(&picture).unwrap().width() > 1000);
        let record = place.json(&format!("out/{image}.json"));
        let periodic = &record["pattern"]["periodic"]["found"];
        assert_eq!(periodic["address"], address.as_str());
        assert_eq!(periodic["image"]["nm"].as_f64(), Some(period));
        assert_eq!(record["network"]["run"], "autoencoder");
    }
    // both counts, and what they do not share, add up
    let count = |column: &str| number(&place, csv, "lattice", column);
    assert_eq!(count("in both counts") + count("only the unit's"), count("peaks of the unit"));
    assert_eq!(count("in both counts") + count("only without network"), count("count without network"));
    assert_eq!(cell(&place, csv, "noise", "most periodic unit"), "");
    assert!(cell(&place, csv, "noise", "refused by network").contains("no period was measured"));
    for part in ["most periodic unit", "encoder.1:0", "as measured", "only the unit's"] {
        assert!(said.out.contains(part), "`{part}` is not in: {}", said.out);
    }
    // a picture that is gone is made again, the others stay
    fs::copy(place.path("out/lattice.network.png"), place.path("kept.png")).unwrap();
    fs::remove_file(place.path("out/lattice.network.png")).unwrap();
    place.run(&[&with[..], &["--out", "out"]].concat()).ended_with(0).told(&["2 of 3 were measured before"]);
    assert!(
        fs::read(place.path("kept.png")).unwrap() == fs::read(place.path("out/lattice.network.png")).unwrap()
    );
    // without the network these are other settings
    place.run(&["measure", "in", "--nm-per-px", "2", "--out", "out"]).ended_with(1).told(&["other settings"]);
}

#[test]
fn units_that_a_network_does_not_have_are_named_before_anything_is_measured() {
    let place = Place::new();
    grating(&place.path("a.png"));
    for (unit, words) in [
        ("encoder.99:1", &["encoder.99", "encoder.1"][..]),
        ("encoder.1:9999", &["channel 9999", "encoder.1"][..]),
        ("class:fibres", &["class:fibres", "a channel of it"][..]),
        ("encoder.1:x", &["encoder.1:x", "number of a channel"][..]),
    ] {
        let said = place.run(&["measure", "a.png", "--run", "autoencoder", "--unit", unit]).ended_with(1);
        said.told(words);
        assert!(!place.path("measure-a").exists(), "{unit}");
    }
    place.run(&["measure", "a.png", "--unit", "encoder.1:0"]).ended_with(2).told(&["--run"]);
}

#[test]
fn what_is_out_of_range_is_named_as_the_option_that_gives_it() {
    let place = Place::new();
    place.micrograph("a.png", (72, 104), 0);
    for (command, option, value, expected) in [
        ("measure", "--tilt", "99", "--tilt: expected 0 to 85, found 99"),
        ("measure", "--tilt-axis", "999", "--tilt-axis: expected -180 to 180, found 999"),
        ("lens", "--anomaly", "1.5", "--anomaly: expected 0 to 1, found 1.5"),
    ] {
        place.run(&[command, "a.png", option, value, "--out", "out"]).ended_with(1).told(&[expected]);
    }
}

/// Dark holes of 30 px in a bright plate, 20 of them, none on the border.
fn holes(path: &Path) {
    save(path, (260, 320), |y, x| {
        let nearest = (0..20).map(|at| {
            let (row, column) = (f64::from(at / 5), f64::from(at % 5));
            // not on a lattice
            let (dy, dx) = (f64::from(at * 7 % 5) - 2.0, f64::from(at * 3 % 7) - 3.0);
            (32.0 + 64.0 * row + 3.0 * dy - y).hypot(34.0 + 62.0 * column + 2.0 * dx - x)
        });
        130.0 - 60.0 * ((15.0 - nearest.fold(f64::MAX, f64::min)) / 1.2).tanh()
    });
}

/// Four bright wires of 12 px that cross.
fn wires(path: &Path) {
    save(path, (360, 480), |y, x| {
        let wires = [(60.0, 0.25), (250.0, -0.2), (330.0, -0.75), (170.0, 0.05)];
        let off = |(at, rise): (f64, f64)| (y - at - rise * x).abs() / f64::hypot(1.0, rise);
        let nearest = wires.into_iter().map(off).fold(f64::MAX, f64::min);
        90.0 + 60.0 * ((6.0 - nearest) / 1.2).tanh()
    });
}

#[test]
fn fibres_and_pores_are_measured_in_two_ways_and_summed_up_in_one_page_and_tables() {
    let place = Place::new();
    wires(&place.path("in/wires.png"));
    holes(&place.path("in/holes.png"));
    let said = place.run(&["measure", "in", "--expect", "fibres,pores", "--nm-per-px", "2", "--out", "out"]);
    let said = said.ended_with(0);
    let csv = "out/measurements.csv";
    let within = |image: &str, name: &str, truth: f64| {
        let value = number(&place, csv, image, name);
        let (kind, unit) = name.split_once(" [").map_or((name, ""), |(kind, unit)| (kind, unit));
        let column = if unit.is_empty() { format!("{kind} U95") } else { format!("{kind} U95 [{unit}") };
        let half = number(&place, csv, image, &column);
        assert!((value - truth).abs() <= half && half < 0.6 * truth, "{image} {name}: {value} ± {half}");
    };
    within("wires", "median fibre diameter [nm]", 24.0);
    within("wires", "median fibre diameter [px]", 12.0);
    within("holes", "share of pores", 20.0 * std::f64::consts::PI * 225.0 / (260.0 * 320.0));
    within("holes", "median pore diameter [nm]", 60.0);
    assert!(cell(&place, csv, "wires", "second opinion").contains("without a network: mean fibre diameter"));
    assert!(said.out.contains("without a network"), "{}", said.out);
    // each object is a row, and the table of the folder holds those of the images
    let n_rows = |file: &str| place.text(file).lines().count() - 1;
    assert_eq!(
        n_rows("out/objects.csv"),
        n_rows("out/wires.objects.csv") + n_rows("out/holes.objects.csv"),
        "all objects"
    );
    assert_eq!(place.text("out/holes.objects.csv").matches(",pore,without a network,").count(), 20);
    within("holes", "pores seen", 20.0);
    let page = place.text("out/index.html");
    assert!(page.contains("wires.fibres.png") && page.contains("holes.pores-sizes.png"), "{page}");
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "it needs no network");
    assert!(page.len() < 2 * 300_000, "{} bytes", page.len());
    let drawn = image::open(place.path("out/holes.pores-sizes.png")).unwrap();
    assert!(drawn.width() > drawn.height());
    assert!(place.text("out/wires.fibres-sizes.svg").contains("share of length / %"));
    place.run(&["replay", "out/holes.json", "--out", "again"]).ended_with(0);
}

#[test]
fn numbers_of_objects_are_not_given_where_there_are_none() {
    let place = Place::new();
    noise(&place.path("noise.png"));
    let said = place
        .run(&["measure", "noise.png", "--expect", "fibres,pores,particles", "--out", "out"])
        .ended_with(0);
    for column in ["median fibre diameter [px]", "share of pores", "particles seen"] {
        assert_eq!(cell(&place, "out/measurements.csv", "noise", column), "", "{column}");
    }
    let refused = cell(&place, "out/measurements.csv", "noise", "refused");
    assert!(refused.contains("`--threshold`") && refused.contains("`--polarity`"), "{refused}");
    assert!(!place.path("out/objects.csv").exists() && said.out.contains('–'));
}

#[test]
fn options_that_would_change_nothing_are_errors() {
    let place = Place::new();
    grating(&place.path("a.png"));
    let refused = |arguments: &[&str], code: i32, words: &[&str]| {
        place.run(&[&["measure", "a.png", "--out", "out"], arguments].concat()).ended_with(code).told(words);
    };
    refused(&["--no-segmenter", "--threshold", "0.5"], 2, &["--threshold", "--no-segmenter"]);
    refused(&["--expect", "lines", "--threshold", "0.5"], 1, &["--threshold has no effect", "--expect"]);
    refused(
        &["--expect", "fibres", "--min-size", "9"],
        1,
        &["--min-size has no effect", "particles or pores"],
    );
    refused(&["--tilt-axis", "20"], 1, &["--tilt-axis has no effect without --tilt"]);
    refused(&["--pages", "all", "--page", "1"], 2, &["--pages", "--page"]);
    refused(&["--pages", "4-2"], 2, &["expected `all`"]);
    refused(&["--pages", "3"], 1, &["no file has one of --pages"]);
    place
        .run(&["measure", "a.png", "--expect", "fibres", "--polarity", "both", "--out", "both"])
        .ended_with(0);
}

#[test]
fn each_page_of_a_stack_is_measured_under_a_name_of_its_own() {
    let place = Place::new();
    let mut stack =
        tiff::encoder::TiffEncoder::new(fs::File::create(place.path("stack.tif")).unwrap()).unwrap();
    let pitches = [12.0, 15.0, 18.0];
    for pitch in pitches {
        let level = |at: usize| 120.0 + 50.0 * (std::f64::consts::TAU * (at % 200) as f64 / pitch).sin();
        let pixels: Vec<u8> = (0..160 * 200).map(|at| level(at) as u8).collect();
        stack.write_image::<tiff::encoder::colortype::Gray8>(200, 160, &pixels).unwrap();
    }
    drop(stack);
    let all = ["measure", "stack.tif", "--expect", "lines", "--pages", "all", "--out", "out"];
    place.run(&all).ended_with(0);
    let csv = "out/measurements.csv";
    for (page, pitch) in pitches.into_iter().enumerate() {
        let name = format!("stack.page-{page}");
        assert!((number(&place, csv, &name, "pitch [px]") / pitch - 1.0).abs() < 0.01, "{name}");
        assert_eq!(cell(&place, csv, &name, "page"), page.to_string());
    }
    place.run(&all).ended_with(0).told(&["3 of 3 were measured before"]);
    place.run(&["replay", "out/stack.page-2.json", "--out", "again"]).ended_with(0);
    let two = ["measure", "stack.tif", "--expect", "lines", "--pages", "0,2", "--out", "two"];
    place.run(&two).ended_with(0);
    assert!(!place.path("two/stack.page-1.json").exists() && place.path("two/stack.page-2.json").exists());
}
