//! A training that is killed at any moment and resumed leaves the bytes of one that was not.
//!
//! `NANOAID_KILLS` sets the number of kills, 5 by default.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use micrograph::random::Stream;

use crate::program::{Place, assert_same_files};
use crate::training::SMALL;

#[test]
fn a_training_killed_again_and_again_ends_with_the_same_bytes() {
    let n_kills: u64 = std::env::var("NANOAID_KILLS").map_or(5, |text| text.parse().unwrap());
    let place = Place::new();
    place.data_set("data");
    let train = |out: &'static str, resume: &[&'static str]| {
        let arguments = [&["train", "autoencoder", "data", "--out", out], &SMALL[..], resume].concat();
        let mut command = place.command(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begun = Instant::now();
    assert!(train("whole", &[]).status().unwrap().success());
    let duration = begun.elapsed();

    // each kill comes to its own run at its own moment, the moments spread over the whole training
    let mut stages = Vec::new();
    for kill in 0..n_kills {
        let mut stream = Stream::new(8, "kill", kill);
        let share = (kill as f64 + stream.uniform()) / n_kills as f64;
        let mut child = train("killed", &[]).spawn().unwrap();
        sleep(duration.mul_f64(share));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let count = |folder: &str| fs::read_dir(place.path(folder)).map_or(0, |entries| entries.count());
        stages.push((count("killed"), count("killed/checkpoints")));
        assert!(train("killed", &["--resume"]).status().unwrap().success(), "kill {kill}, {stages:?}");
        assert_same_files(&format!("kill {kill} at {share:.3}"), &place.path("killed"), &place.path("whole"));
        fs::remove_dir_all(place.path("killed")).unwrap();
    }

    // and one run that is killed on and on until it ends by itself
    let mut stream = Stream::new(8, "kills", 0);
    let mut n_survived = 0;
    loop {
        let mut child = train("worn", &["--resume"]).spawn().unwrap();
        sleep(Duration::from_secs_f64(duration.as_secs_f64() * stream.between(0.1, 0.7)));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        n_survived += 1;
        if n_survived == n_kills {
            assert!(train("worn", &["--resume"]).status().unwrap().success());
            break;
        }
    }
    assert_same_files("killed on and on", &place.path("worn"), &place.path("whole"));
    println!(
        "{n_kills} kills; files and checkpoints at each: {stages:?}; then {n_survived} kills of one run"
    );
}
