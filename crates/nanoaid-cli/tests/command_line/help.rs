//! The help of every command is what it was; `UPDATE_GOLDEN=1` rewrites the copies.

use std::fs;
use std::path::Path;

use crate::program::Place;

#[test]
fn the_help_of_every_command_is_the_golden_one() {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command_line/golden");
    let commands: [&[&str]; 40] = [
        &[],
        &["demo"],
        &["info"],
        &["lens"],
        &["measure"],
        &["segment"],
        &["classify"],
        &["explain"],
        &["accentuate"],
        &["ablate"],
        &["circuit"],
        &["visualize"],
        &["exemplars"],
        &["concepts"],
        &["find"],
        &["serve"],
        &["site"],
        &["survey"],
        &["survey", "merge"],
        &["survey", "list"],
        &["train"],
        &["train", "autoencoder"],
        &["train", "classifier"],
        &["train", "segmenter"],
        &["dataset"],
        &["dataset", "fetch"],
        &["dataset", "import"],
        &["dataset", "check"],
        &["sweep"],
        &["bench"],
        &["devices"],
        &["check"],
        &["reproduce"],
        &["replay"],
        &["weights"],
        &["weights", "list"],
        &["weights", "verify"],
        &["weights", "fetch"],
        &["completions"],
        &["man"],
    ];
    let mut different = Vec::new();
    for command in commands {
        let name = ["help"].iter().chain(command.iter()).copied().collect::<Vec<_>>().join("-") + ".txt";
        let said = place.run(&[command, &["--help"]].concat()).ended_with(0);
        assert!(said.err.is_empty(), "{}", said.err);
        let golden = folder.join(&name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &said.out).unwrap();
        }
        if fs::read_to_string(&golden).ok().as_ref() != Some(&said.out) {
            different.push(name);
        }
    }
    assert!(different.is_empty(), "{different:?} differ; UPDATE_GOLDEN=1 rewrites them");
}

#[test]
fn every_command_of_the_help_has_a_golden_help() {
    let said = Place::new().run(&["--help"]).ended_with(0);
    let commands = said.out.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let named = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for command in named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let golden = format!("tests/command_line/golden/help-{command}.txt");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&golden).is_file(), "{golden}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let place = Place::new();
    let cases: [&[&str]; 11] = [
        &[],
        &["look"],
        &["lens"],
        &["info"],
        &["lens", "a.png", "--depth", "two"],
        &["lens", "a.png", "--depth", "1", "--all-depths"],
        &["lens", "a.png", "--colormap", "rainbow"],
        &["lens", "a.png", "--maps", "mat"],
        &["measure", "a.png", "--what", "weight"],
        &["measure", "a.png", "--bar-nm", "500", "--nm-per-px", "2"],
        &["train", "autoencoder", "data", "--resume", "--force"],
    ];
    for case in cases {
        let said = place.run(case).ended_with(2);
        assert!(said.out.is_empty() && !said.err.is_empty(), "{case:?}: {said:?}");
    }
}

#[test]
fn an_instruction_set_that_is_unknown_is_refused_at_the_door() {
    let output = Place::new().command(&["demo"]).env("NANOAID_KERNELS", "sse9").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("sse9") && told.contains("avx2") && told.contains("portable"), "{told}");
}
