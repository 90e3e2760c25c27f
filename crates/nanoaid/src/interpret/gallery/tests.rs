//! What is said of pictures of planted units.

use std::ops::ControlFlow;

use super::*;
use crate::interpret::visualize::tests::{gabor, planted};
use crate::interpret::visualize::{Preset, gray, peak};
use crate::output::OutputFolder;

/// Records of pictures of all channels of `network`'s layer `unit`.
fn records(network: &Network, config: VisualizeConfig) -> Vec<VisualRecord> {
    let place = tempfile::tempdir().unwrap();
    let gallery = Gallery::new(network, Path::new("planted"), config, &Sources::default()).unwrap();
    let folder = OutputFolder::create(&place.path().join("out"), false).unwrap();
    let n = network.layer("unit").unwrap().n_channels;
    let units: Vec<Objective> = (0..n).map(|channel| Objective::channel("unit", channel)).collect();
    gallery.make(&units, &folder, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Lines, what lines of any axis drive alike, and what any wave drives less than none does: a unit
/// that counts flat places.
fn lines_rings_and_quiet() -> Network {
    let round: Vec<f32> = {
        let gabors: Vec<Vec<f32>> =
            (0..12).map(|index| gabor(25, 8.0, -75.0 + 15.0 * f64::from(index))).collect();
        (0..625).map(|index| gabors.iter().map(|gabor| gabor[index]).sum::<f32>() / 12.0).collect()
    };
    let lines = gabor(25, 8.0, 30.0);
    let quiet: Vec<f32> = lines.iter().map(|weight| -weight.abs()).collect();
    planted(&[lines, round, quiet], &[0.0, 0.0, 12.0], true)
}

#[test]
fn by_measure_a_wave_of_the_picture_that_the_scan_does_not_confirm_is_marked() {
    let records = records(&lines_rings_and_quiet(), Preset::Measure.config());
    for (record, expected) in records.iter().zip([false, true, true]) {
        let marks = &record.outcome.marks;
        let marked = marks.iter().any(|mark| mark == "no wave" || mark == "not its wave");
        assert_eq!(marked, expected, "{}: {marks:?}", record.objective);
    }
}

#[test]
fn below_a_picture_by_fast_stands_what_the_scan_found_and_not_what_the_picture_shows() {
    let two: Vec<f32> = gabor(25, 3.0, 20.0).iter().zip(gabor(25, 6.0, 20.0)).map(|(a, b)| a + b).collect();
    let kernels = [gabor(25, 4.0, 12.0), gabor(25, 5.0, -40.0), two];
    let network = planted(&kernels, &[0.0; 3], true);
    let config = VisualizeConfig { steps: 64, ..Preset::Fast.config() };
    let found: Vec<String> =
        records(&network, config).iter().map(|record| record.scan_text(Some(2.0)).unwrap()).collect();
    // periods to 1 %, as planted; the widths of these Gaussians shift them by less
    assert_eq!(found[0], "4.0 px = 8 nm, 12°");
    assert_eq!(found[1], "5.0 px = 10 nm, -40°");
    assert!(found[2].starts_with("two periods: ") && found[2].ends_with(", 20°"), "{}", found[2]);
    // only where period and axis are read off by the power method is it said that they are the picture's
    let settings = |config, scan| VisualSettings { config, data: None, start: None, compare: None, scan };
    assert!(scan_caption(&settings(Preset::Measure.config(), true)).contains("the same"));
    assert!(scan_caption(&settings(Preset::Measure.config(), false)).contains("not looked for"));
    for preset in Preset::ALL.into_iter().filter(|preset| *preset != Preset::Measure) {
        assert!(
            scan_caption(&settings(preset.config(), true)).contains("the picture's own differ"),
            "{preset}"
        );
    }
}

#[test]
fn the_picture_by_fast_has_another_period_than_its_unit() {
    // why its strongest wave is not printed
    let kernels = [gabor(17, 4.0, 12.0)];
    let network = planted(&kernels, &[0.0], true);
    let found = network.visualize(&Objective::channel("unit", 0), &Preset::Fast.config()).unwrap();
    let wave = peak(&gray(&found.pictures[0])).unwrap();
    assert!((wave.period_px / 4.0 - 1.0).abs() > 0.01 || (wave.axis_deg - 12.0).abs() > 1.0, "{wave:?}");
}
