//! Pictures of a CPPN drawn larger than they were climbed.

use super::*;

#[test]
fn a_larger_picture_goes_through_the_values_of_the_one_that_was_climbed() {
    let config = VisualizeConfig {
        height: 20,
        width: 28,
        margin_px: 2,
        canvas: CanvasConfig::Cppn { layers: 3, channels: 6 },
        enlarge: 3,
        steps: 24,
        ..Preset::Fast.config()
    };
    let found = pictures(&autoencoder(), &[Objective::channel("encoder.2", 1)], &config).remove(0);
    let (small, large) = (&found.pictures[0][0], &found.large.expect("it was requested")[0][0]);
    assert_eq!((large.height(), large.width()), (60, 84));
    assert!(small.variance() > 1e-4, "an even field would prove nothing");
    for y in 0..20 {
        for x in 0..28 {
            // of three pixels along each side the middle one has the place of the small one
            let (found, expected) = (large.at(3 * y + 1, 3 * x + 1), small.at(y, x));
            assert!((found - expected).abs() < 1e-4, "{y}, {x}: {found} {expected}");
        }
    }
}

#[test]
fn only_what_is_a_function_of_the_place_is_drawn_larger() {
    let found = VisualizeConfig { enlarge: 2, ..Preset::Fast.config() }.checked();
    assert!(found.unwrap_err().to_string().contains("enlarge"));
}
