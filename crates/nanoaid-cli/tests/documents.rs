//! What the documents promise about the source: paths that exist, walls between the
//! crates, and a source that knows nothing of the machine it was written on.
//!
//! Reads the files of the project as text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Documents whose paths have to exist.
const DOCUMENTS: [&str; 26] = [
    "README.md",
    "docs/guide/README.md",
    "docs/guide/atlas.md",
    "docs/guide/command-line.md",
    "docs/guide/data-sets.md",
    "docs/guide/files.md",
    "docs/guide/gpu.md",
    "docs/guide/install.md",
    "docs/guide/lens.md",
    "docs/guide/many-machines.md",
    "docs/guide/measure.md",
    "docs/guide/networks.md",
    "docs/guide/python.md",
    "docs/guide/segment.md",
    "docs/guide/train.md",
    "docs/guide/visualize.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "NOTICE",
    "docs/run-folder.md",
    "docs/glossary.md",
    "docs/method.md",
    "docs/serve.md",
    "docs/site.md",
    "docs/survey.md",
    "docs/weights.md",
];
/// What a path in a document begins with.
const PLACES: [&str; 4] = ["crates/", "docs/", "scripts/", ".ci/"];
/// Lines from which on a file holds two ideas.
const MOST_LINES: usize = 800;
/// Crates below the command line.
const LIBRARIES: [&str; 5] = [
    "crates/micrograph/src",
    "crates/conv-kernels/src",
    "crates/nanoaid/src",
    "crates/nanoaid-pages/src",
    "crates/nanoaid-serve/src",
];

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the crate lies two folders below the root")
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below `folder` whose names end with one of `endings`, relative to the root.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries {
        let entry = entry.expect("an entry can be read");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("an entry has a type").is_dir() {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| path.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The paths that `text` names: words of path characters that begin with one of [`PLACES`].
fn paths_in(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-/*".contains(c)))
        .map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/']))
        .filter(|word| PLACES.iter().any(|place| word.starts_with(place)))
        .filter(|word| !word.contains('*'))
        .map(str::to_owned)
        .collect()
}

/// Code of a Rust file with its line numbers: comments, texts in quotes, and everything from the
/// first `#[cfg(test)] mod … {` on are left out.
fn code(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'));
    let numbered = lines[..tests.unwrap_or(lines.len())].iter().enumerate();
    numbered
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| {
            let line = line.split(" // ").next().unwrap_or_default();
            // every other part stands between quotes
            (index + 1, line.split('"').step_by(2).collect::<Vec<_>>().join("\"\""))
        })
        .collect()
}

/// Whether `word` stands in `line` by itself, not as a part of a longer name.
fn names(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

/// Places in the code of `files` that `forbidden` finds, as `path:line: text`.
fn places(files: &[String], forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for path in files {
        let text = text_of(path);
        let lines = code(&text).into_iter().filter(|(_, line)| forbidden(line));
        found.extend(lines.map(|(number, line)| format!("{path}:{number}: {}", line.trim())));
    }
    found
}

fn assert_none(places: &[String]) {
    assert!(places.is_empty(), "found {places:#?}");
}

/// Rust files below `folder` that are part of the program, not of its tests.
fn program(folder: &str) -> Vec<String> {
    let mut found = files(folder, &[".rs"]);
    found.retain(|path| !path.ends_with("/tests.rs") && !path.contains("/tests/"));
    found
}

#[test]
fn every_path_that_a_document_names_exists() {
    for document in DOCUMENTS {
        let paths = paths_in(&text_of(document));
        let missing: Vec<&String> = paths.iter().filter(|path| !root().join(path).exists()).collect();
        assert!(missing.is_empty(), "{document} names what is not there: {missing:#?}");
    }
}

#[test]
fn every_link_of_the_readme_and_the_guide_leads_to_a_file() {
    let mut pages = files("docs/guide", &[".md"]);
    pages.push("README.md".to_owned());
    for page in pages {
        let folder = Path::new(&page).parent().unwrap_or(Path::new("")).to_owned();
        for after in text_of(&page).split("](").skip(1) {
            let address = after.split(')').next().unwrap_or_default();
            if address.starts_with("https://") {
                continue;
            }
            let file = address.split('#').next().unwrap_or_default();
            assert!(root().join(&folder).join(file).is_file(), "{page} links to {address}");
        }
    }
}

#[test]
fn only_one_crate_names_burn() {
    let mut sources = Vec::new();
    for folder in [
        "crates/micrograph",
        "crates/conv-kernels",
        "crates/nanoaid-serve",
        "crates/nanoaid-cli",
        "crates/nanoaid-python",
    ] {
        sources.extend(program(folder));
    }
    assert_none(&places(&sources, |line| names(line, "burn")));
}

#[test]
fn reading_does_not_know_learning() {
    let mut sources = Vec::new();
    for room in ["lens", "exemplar", "pattern"] {
        let found = program(&format!("crates/nanoaid/src/interpret/{room}"));
        assert!(!found.is_empty(), "{room} has files");
        sources.extend(found);
        sources.push(format!("crates/nanoaid/src/interpret/{room}.rs"));
    }
    let learning = |line: &str| {
        ["train", "dataset", "RunFolder"].iter().any(|word| names(line, word))
            || ["crate::run", "run::"].iter().any(|path| line.contains(path))
    };
    assert_none(&places(&sources, learning));
}

#[test]
fn nothing_below_the_command_line_prints_or_reads_the_clock() {
    let sources: Vec<String> = LIBRARIES.iter().flat_map(|folder| program(folder)).collect();
    let forbidden = ["println!", "print!", "eprintln!", "eprint!", "SystemTime", "Instant::now"];
    let found = places(&sources, |line| forbidden.iter().any(|word| line.contains(word)));
    assert_none(&found);
}

#[test]
fn only_one_room_uses_the_network() {
    let mut sources = program("crates/nanoaid-cli/src");
    sources.extend(LIBRARIES.iter().flat_map(|folder| program(folder)));
    sources.retain(|path| !path.starts_with("crates/nanoaid/src/download/"));
    let words = ["ureq", "TcpStream", "UdpSocket", "ToSocketAddrs"];
    assert_none(&places(&sources, |line| words.iter().any(|word| names(line, word))));
}

#[test]
fn only_the_web_app_listens() {
    let mut sources = program("crates/nanoaid-cli/src");
    sources.extend(LIBRARIES.iter().flat_map(|folder| program(folder)));
    let listens = |line: &str| names(line, "TcpListener") || names(line, "UnixListener");
    let found = places(&sources, listens);
    assert!(!found.is_empty(), "the web app listens");
    let elsewhere: Vec<String> =
        found.into_iter().filter(|place| !place.starts_with("crates/nanoaid-serve/src/")).collect();
    assert_none(&elsewhere);
}

#[test]
fn the_page_on_weights_names_all_that_are_known() {
    let page = text_of("docs/weights.md");
    let table = text_of("crates/nanoaid/src/network/known_weights/table.rs");
    let quoted = |line: &str| Some(line.trim().strip_prefix("name: \"")?.strip_suffix("\",")?.to_owned());
    let listed: Vec<String> = table.lines().filter_map(quoted).collect();
    assert!(listed.len() > 5, "{listed:?}");
    for name in listed {
        assert!(page.contains(&format!("`{name}`")), "docs/weights.md does not name {name}");
    }
}

#[test]
fn no_file_holds_two_ideas() {
    for path in files("crates", &[".rs", ".css", ".js", ".py"]) {
        let n_lines = text_of(&path).lines().count();
        assert!(n_lines <= MOST_LINES, "{path} has {n_lines} lines, at most {MOST_LINES} are wanted");
    }
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let mut texts = files("crates", &[".rs", ".toml", ".md", ".css", ".js", ".py", ".pyi"]);
    texts.extend(files("docs", &[".md", ".bib"]));
    texts.extend(
        ["Cargo.toml", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(String::from),
    );
    texts.extend(["NOTICE", ".ci/run"].map(String::from));
    let folders = ["home", "root", "tmp", "work"].map(|name| format!("/{name}/"));
    for path in texts {
        for (index, line) in text_of(&path).lines().enumerate() {
            for folder in &folders {
                // `../work/` is relative, `a/work/` a part of a longer path
                let absolute = line.match_indices(folder.as_str()).any(|(start, _)| {
                    let before = line[..start].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || "._-}".contains(c))
                });
                assert!(!absolute, "{path}:{}: names {folder}: {line}", index + 1);
            }
        }
    }
}

#[test]
fn the_readers_of_text_see_what_they_look_for() {
    let paths = paths_in("see `crates/a/src/b.rs`, (docs/c.md). Not xdocs/d, not crates/*/e; ./docs/f/");
    assert_eq!(paths.into_iter().collect::<Vec<_>>(), ["crates/a/src/b.rs", "docs/c.md", "docs/f"]);
    let lines =
        code("//! burn\nuse burn::x;\nlet a = \"burn\"; // burn\n#[cfg(test)]\nmod tests {\n    burn\n}");
    let expected = [(2, "use burn::x;"), (3, "let a = \"\";")];
    assert_eq!(lines, expected.map(|(number, line)| (number, line.to_owned())));
    assert!(names(&lines[0].1, "burn") && !names(&lines[1].1, "burn"));
    assert!(!names("burned, unburn, burn_in", "burn"));
}

#[test]
fn the_terms_that_pages_explain_are_those_of_the_glossary() {
    let glossary = text_of("docs/glossary.md");
    for (term, meaning) in nanoaid::terms::TERMS {
        let row = format!("| **{term}** | {meaning} |");
        assert!(glossary.contains(&row), "docs/glossary.md lacks: {row}");
    }
}
