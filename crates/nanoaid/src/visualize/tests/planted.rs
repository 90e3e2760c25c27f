//! Networks with a planted feature: the picture shows it.

use super::*;

#[test]
fn a_dead_unit_is_revived_or_named() {
    // a bias that keeps the unit below 0 for every image in [0, 1], just so or far
    let kernel = gabor(9, 5.0, 30.0);
    let reach: f32 = kernel.iter().map(|weight| weight.max(0.0)).sum();
    let config = VisualizeConfig { steps: 96, stop_gain: 0.0, ..Preset::Fast.config() };
    let unit = [Objective::channel("unit", 0)];
    // within reach of a good image, though not of the start
    let asleep = planted(&[kernel.clone()], &[-0.3 * reach], true);
    let found = &pictures(&asleep, &unit, &config)[0];
    assert!(found.scores[0].1 == 0.0 && found.score > 0.0, "revived: {:?}", found.scores);
    let without = VisualizeConfig { redirected_steps: 0, ..config.clone() };
    let found = &pictures(&asleep, &unit, &without)[0];
    assert_eq!(found.warnings, [Warning::Dead { score: 0.0 }], "without redirected gradients it is not");
    // out of reach
    let dead = planted(&[kernel], &[-1.1 * reach], true);
    let found = &pictures(&dead, &unit, &config)[0];
    assert!(found.score == 0.0 && !found.warnings.is_empty(), "{:?}", found.warnings);
}
