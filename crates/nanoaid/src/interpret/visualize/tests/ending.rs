//! What is handed over on the way, and how a caller ends it.

use super::*;

/// So many steps that a test which is not ended does not end.
const ENDLESS: usize = 100_000;

fn endless() -> (Network, Vec<Objective>, VisualizeConfig) {
    let units = (0..8).map(|channel| Objective::channel("encoder.2", channel)).collect();
    // several batches
    let config = VisualizeConfig {
        height: 96,
        width: 96,
        steps: ENDLESS,
        check_every: 4,
        stop_gain: 0.0,
        restarts: 4,
        ..Preset::Fast.config()
    };
    (autoencoder(), units, config)
}

#[test]
fn a_caller_ends_the_ascents_at_once() {
    let (network, units, config) = endless();
    let mut n_steps = 0;
    let ended = visualize(&network, &units, &config, Materials::default(), None, &mut |event| {
        let Event::Step { .. } = event else { panic!("nothing is done") };
        n_steps += 1;
        if n_steps == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((ended, n_steps), (Err(VisualizeError::Cancelled), 3), "nothing is reported after the end");
}

#[test]
fn a_picture_that_can_not_be_made_ends_the_others() {
    let (network, mut units, mut config) = endless();
    // the score of one objective is beyond what a number can hold, the others would go on
    config.canvas = CanvasConfig::Pixels { bounded: false, spread: 100.0 };
    units.push(format!("3{} * error", "0".repeat(38)).parse().unwrap());
    let error =
        visualize(&network, &units, &config, Materials::default(), None, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(error, Err(VisualizeError::NotFinite { .. })), "{error:?}");
}

#[test]
fn shares_of_the_work_rise_to_the_end() {
    let (network, units, config) = endless();
    let config = VisualizeConfig { steps: 9, ..config };
    let (mut shares, mut n_done) = (vec![0.0], 0);
    visualize(&network, &units, &config, Materials::default(), None, &mut |event| {
        match event {
            Event::Step { share, .. } => shares.push(share),
            Event::Done { .. } => n_done += 1,
            Event::Snapshot { .. } => panic!("no snapshot was requested"),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(shares.windows(2).all(|pair| pair[0] < pair[1] && pair[1] < 1.0), "{shares:?}");
    // of each batch the last step comes with its pictures
    assert!(n_done == 8 && *shares.last().unwrap() >= 1.0 - 1.0 / 9.0 - 1e-9, "{shares:?}");
}

#[test]
fn snapshots_are_shown_on_the_way_as_they_are_kept() {
    let network = autoencoder();
    let units = ["encoder.2:1".parse().unwrap()];
    let config = VisualizeConfig { snapshots: vec![0, 3, 7], ..small(Preset::Fast.config()) };
    let (mut shown, mut kept) = (Vec::new(), Vec::new());
    visualize(&network, &units, &config, Materials::default(), None, &mut |event| {
        match event {
            Event::Snapshot { step, pictures, .. } => shown.push((step, pictures.to_vec())),
            Event::Done { visualization, .. } => kept.extend(visualization.snapshots.clone()),
            Event::Step { .. } => {}
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(shown.len(), 3);
    assert_eq!(shown, kept);
}

#[test]
fn snapshots_are_kept_after_any_step_and_change_nothing() {
    let network = autoencoder();
    let units = ["encoder.2:1".parse().unwrap(), "latent:0".parse().unwrap()];
    let config = VisualizeConfig { check_every: 5, ..small(Preset::Fast.config()) };
    let without = pictures(&network, &units, &config);
    let config = VisualizeConfig { snapshots: vec![0, 3, 7, 20], ..config };
    for (found, without) in pictures(&network, &units, &config).iter().zip(&without) {
        let steps: Vec<usize> = found.snapshots.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [0, 3, 7, 20]);
        assert_eq!(found.pictures, without.pictures);
        let apart = |a: usize, b: usize| found.snapshots[a].1 != found.snapshots[b].1;
        assert!(apart(0, 1) && apart(1, 2) && apart(2, 3), "the picture changed between them");
    }
    // the picture after 7 steps is that of an ascent whose schedule does not depend on its length
    let short = VisualizeConfig { steps: 7, check_every: 7, snapshots: vec![7], ..config.clone() };
    let [seven, of_seven] = [&config, &short].map(|config| {
        let found = &pictures(&network, &units, config)[0];
        found.snapshots.iter().find(|(step, _)| *step == 7).unwrap().1.clone()
    });
    assert_eq!(seven, of_seven);
}

#[test]
fn margins_far_out_of_range_are_refused() {
    for margin_px in [513, usize::MAX / 2 + 1, usize::MAX] {
        let config = VisualizeConfig { margin_px, ..Preset::Fast.config() };
        // computed before the check where a record is replayed
        assert!(config.canvas_px()[0] > 512);
        let error = config.checked().unwrap_err().to_string();
        assert!(error.contains("margin_px: expected 0 to 512"), "{error}");
    }
}
