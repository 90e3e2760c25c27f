//! What makes the program comfortable in a shell: completions, manual pages, quiet and verbose runs, Ctrl-C.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::program::Place;

#[test]
fn each_shell_gets_completions_that_know_the_commands() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = place.run(&["completions", shell]).ended_with(0);
        for word in ["measure", "autoencoder", "nm-per-px"] {
            assert!(said.out.contains(word), "{shell}: {word}");
        }
    }
    place.run(&["completions", "cmd"]).ended_with(2);
}

#[test]
fn every_command_gets_a_manual_page() {
    let place = Place::new();
    place.run(&["man", "--out", "man"]).ended_with(0);
    let mut names: Vec<String> = fs::read_dir(place.path("man"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in ["nanoaid.1", "nanoaid-measure.1", "nanoaid-train-classifier.1", "nanoaid-weights-fetch.1"] {
        assert!(names.contains(&name.to_owned()), "{name} is not among {names:?}");
    }
    assert!(place.text("man/nanoaid-measure.1").contains("nm\\-per\\-px"));
    // a folder with files is not written into unasked
    place.run(&["man", "--out", "man"]).ended_with(1).told(&["--force"]);
}

#[test]
fn quiet_leaves_results_and_warnings_and_verbose_adds_the_machine() {
    let place = Place::new();
    place.micrograph("a.png", (64, 96), 0);
    fs::write(place.path("b.png"), "no image").unwrap();
    let arguments = ["measure", "a.png", "b.png", "--what", "orientation", "--force", "--out", "m"];
    let normal = place.run(&arguments).ended_with(3).told(&["skipped b.png"]);
    let quiet = place.run(&[&arguments[..], &["--quiet"]].concat()).ended_with(3).told(&["skipped b.png"]);
    assert_eq!(quiet.out, normal.out);
    let verbose = place.run(&[&arguments[..], &["-v"]].concat()).ended_with(3).told(&["threads", " s\n"]);
    assert_eq!(verbose.out, normal.out);
    place.run(&["info", "a.png", "-q", "-v"]).ended_with(2);
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn one_signal_ends_a_command_at_its_next_step_and_two_end_it_at_once() {
    let place = Place::new();
    for (signals, name) in [(1, "INT"), (1, "TERM"), (2, "INT")] {
        let mut command = place.command(&["bench"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        // its first line comes after it listens for signals
        let mut told = String::new();
        errors.read_line(&mut told).unwrap();
        let begun = Instant::now();
        for _ in 0..signals {
            signal(&child, name);
            sleep(Duration::from_millis(200));
        }
        errors.read_to_string(&mut told).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130), "{signals} {name}: {told}");
        assert!(told.contains("stopping after this step"), "{told}");
        // a whole bench takes minutes
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        if signals == 1 && name == "INT" {
            assert!(told.contains("interrupted; nothing was written; run the same command again"), "{told}");
        }
    }
}
