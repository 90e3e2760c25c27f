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

/// Runs the program in an address space of so many KiB.
#[cfg(target_os = "linux")]
fn within(place: &Place, kib: u32, arguments: &str) -> crate::program::Said {
    let program = env!("CARGO_BIN_EXE_nanoaid");
    let script = format!("ulimit -v {kib}; exec {program} {arguments}");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(place.path(""))
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    crate::program::Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_runs_out_is_said_with_what_helps_and_is_no_signal() {
    let place = Place::new();
    place.micrograph("a.png", (1200, 1600), 0);
    let enough = within(&place, 16_000_000, "measure a.png --out enough");
    enough.ended_with(0);
    let too_little = within(&place, 180_000, "measure a.png --out little");
    too_little.ended_with(1).told(&["memory allocation of", "ulimit -v", "RAYON_NUM_THREADS"]);
    // what was left does not hinder the next
    place.run(&["measure", "a.png", "--out", "little"]).ended_with(0);
}
