//! A place where the binary runs: a temporary folder, its files, and what the program said.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use micrograph::synth::{self, Kind};
use tempfile::TempDir;

/// What a run of the program ended with.
#[derive(Debug)]
pub(crate) struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Panics with everything that was said unless the exit code is `code`.
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Panics unless standard error holds all of `parts`.
    pub(crate) fn told(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not told in: {}", self.err);
        }
        self
    }
}

/// A temporary folder in which the program runs.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with `arguments`, ready to run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nanoaid"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        command.env("COLUMNS", "100").env_remove("RUST_BACKTRACE");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    /// Writes a synthetic micrograph, 8-bit grey, without a data bar.
    pub(crate) fn micrograph(&self, name: &str, (height, width): (usize, usize), index: u64) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let kind = Kind::ALL[index as usize % 4];
        let config = synth::SynthConfig { height, width, ..synth::varied(kind, index, 11) };
        let plane = synth::micrograph(&config, index).unwrap().plane;
        let (low, high) = plane
            .values()
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), &value| (low.min(value), high.max(value)));
        let pixels =
            plane.values().iter().map(|value| ((value - low) / (high - low) * 255.0) as u8).collect();
        image::GrayImage::from_raw(width as u32, height as u32, pixels).unwrap().save(path).unwrap();
    }

    /// A data set of ten small micrographs in two categories.
    pub(crate) fn data_set(&self, name: &str) {
        for index in 0..10 {
            let category = ["fibres", "tips"][index as usize / 5];
            self.micrograph(&format!("{name}/{category}/{index}.png"), (96, 128), index);
        }
    }
}

/// Every file below `folder`: its path and its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inside, bytes)| (format!("{name}/{inside}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

/// Panics unless both folders hold the same files with the same bytes.
pub(crate) fn assert_same_files(what: &str, found: &Path, expected: &Path) {
    let (found, expected) = (files(found), files(expected));
    assert!(found.keys().eq(expected.keys()), "{what}: {:?}, {:?}", found.keys(), expected.keys());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{what}: {name} has other bytes");
    }
}
