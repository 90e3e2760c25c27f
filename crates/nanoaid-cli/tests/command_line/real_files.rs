//! Files from instruments, where they are at hand.

use crate::program::Place;
use test_support::shared;

#[test]
fn the_zeiss_micrograph_keeps_its_calibration_at_every_depth() {
    let Some(image) = shared("data/instrument/zeiss_ultra55_512.tif") else { return };
    let place = Place::new();
    place.run(&["lens", image.to_str().unwrap(), "--all-depths", "--out", "out"]).ended_with(0);
    let result = place.json("out/result.json");
    for (index, stride) in [2.0, 4.0, 8.0].into_iter().enumerate() {
        let layer = &result["layers"][index];
        let found = layer["map_calibration"]["nm_per_px_x"].as_f64().unwrap();
        assert!((found / (11.65 * stride) - 1.0).abs() < 1e-3, "{}: {found} nm", layer["layer"]);
    }
}

#[test]
fn of_the_instrument_files_exactly_the_truncated_one_is_not_read() {
    let Some(folder) = shared("data/instrument") else { return };
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .filter(|path| path.ends_with(".tif"))
        .collect();
    files.sort();
    let arguments: Vec<&str> = std::iter::once("info").chain(files.iter().map(String::as_str)).collect();
    let said = Place::new().run(&arguments).ended_with(3);
    let named: Vec<&String> = files.iter().filter(|file| said.err.contains(*file)).collect();
    assert_eq!(named.len(), 1, "{}", said.err);
    assert!(named[0].ends_with("nist_quad_no_beam_section_truncated.tif"));
    // its metadata are told all the same
    assert!(files.iter().all(|file| said.out.contains(file)), "{}", said.out);
}
