//! No circle of imports: files of a crate stand on floors, and each imports only from below its own.
//!
//! Reads the source as text. What a path names is followed through modules, imports and re-exports to the
//! file that defines it. That a file declares a module or re-exports what its children define is no import;
//! what its own code uses is. A module and the files below it are one thing with one front: that a file
//! takes a type from the front of the module it is a part of (`super::Config`) does not count. Nor does
//! code of tests. Methods and trait implementations are not followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the crates.
const CRATES: [&str; 6] =
    ["micrograph", "conv-kernels", "nanoaid", "nanoaid-pages", "nanoaid-cli", "nanoaid-python"];

/// Longest way of re-exports that is followed.
const MOST_HOPS: usize = 32;

/// A module: a file, or a block in one.
#[derive(Debug, Default)]
struct Module {
    /// Which of the files it stands in.
    file: String,
    /// Modules it declares, by name.
    children: BTreeMap<String, Vec<String>>,
    /// Other things it defines.
    items: BTreeSet<String>,
    /// What a name it imports stands for.
    imports: BTreeMap<String, Vec<String>>,
    /// Names that the code says, path by path.
    paths: BTreeSet<Vec<String>>,
}

/// Modules of a crate by their path.
type Modules = BTreeMap<Vec<String>, Module>;
/// From each file to those it imports, and the names it takes from them.
type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Words, `::`, and single signs of Rust code, without comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let next = chars.get(at + 1).copied();
        match chars[at] {
            '/' if next == Some('/') => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if next == Some('*') => {
                at += 2;
                while at + 1 < chars.len() && (chars[at], chars[at + 1]) != ('*', '/') {
                    at += 1;
                }
                at += 2;
            }
            'r' if matches!(next, Some('"' | '#')) && raw_text_end(&chars, at).is_some() => {
                at = raw_text_end(&chars, at).expect("just seen");
            }
            '"' => {
                at += 1;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
            }
            '\'' => {
                let escaped = next == Some('\\');
                let closed = chars.get(at + 2) == Some(&'\'');
                if escaped {
                    at += 3;
                    while at < chars.len() && chars[at] != '\'' {
                        at += 1;
                    }
                    at += 1;
                } else if closed {
                    at += 3;
                } else {
                    // a lifetime
                    at += 1;
                    while at < chars.len() && is_word(chars[at]) {
                        at += 1;
                    }
                }
            }
            ':' if next == Some(':') => {
                found.push("::".to_owned());
                at += 2;
            }
            c if is_word(c) => {
                let start = at;
                while at < chars.len() && is_word(chars[at]) {
                    at += 1;
                }
                found.push(chars[start..at].iter().collect());
            }
            c if c.is_whitespace() => at += 1,
            c => {
                found.push(c.to_string());
                at += 1;
            }
        }
    }
    found
}

/// Where a raw text that begins at `at` ends.
fn raw_text_end(chars: &[char], at: usize) -> Option<usize> {
    let n_signs = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let start = at + 1 + n_signs;
    if chars.get(start) != Some(&'"') {
        return None;
    }
    let ends = |&place: &usize| {
        chars[place] == '"' && chars[place + 1..].iter().take_while(|&&c| c == '#').count() >= n_signs
    };
    (start + 1..chars.len()).find(ends).map(|place| place + 1 + n_signs)
}

/// The place behind the bracket that closes the one at `at`.
fn closing(tokens: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => {
                depth -= 1;
                if depth == 0 {
                    return place + 1;
                }
            }
            _ => (),
        }
    }
    tokens.len()
}

/// The names that a tree of `use` brings in, each with its path, and where the tree ends.
fn used(tokens: &[String], mut at: usize, prefix: &[String], into: &mut Vec<(String, Vec<String>)>) -> usize {
    let mut path = prefix.to_vec();
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens[at] != "}" {
                    at = used(tokens, at, &path, into);
                    if tokens[at] == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "as" => {
                into.push((tokens[at + 1].clone(), path));
                return at + 2;
            }
            "," | ";" | "}" => break,
            word => {
                path.push(word.to_owned());
                at += 1;
            }
        }
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last().cloned() {
        into.push((last, path));
    }
    at
}

/// Reads the modules of a crate whose front file is `file`, of the source that `read` gives; a module in
/// a file of its own lies where Rust looks for it.
fn read_module(
    (path, file): (Vec<String>, String),
    tokens: &[String],
    read: &dyn Fn(&str) -> Option<String>,
    modules: &mut Modules,
) {
    let mut module = Module { file: file.clone(), ..Module::default() };
    let mut at = 0;
    let mut of_tests = false;
    // attributes of what comes next
    while at < tokens.len() {
        let token = tokens[at].as_str();
        let next = tokens.get(at + 1).map_or("", String::as_str);
        match token {
            "#" => {
                let start = if next == "!" { at + 2 } else { at + 1 };
                let end = closing(tokens, start);
                let words = &tokens[start..end];
                of_tests |= words.iter().any(|word| word == "cfg") && words.iter().any(|word| word == "test")
                    || words == ["[", "test", "]"];
                // what attributes name is used, too
                paths_in(words, &mut module.paths);
                at = end;
                continue;
            }
            "pub" => {
                at = if next == "(" { closing(tokens, at + 1) } else { at + 1 };
                continue;
            }
            "use" => {
                let mut names = Vec::new();
                let end = used(tokens, at + 1, &[], &mut names);
                if !of_tests {
                    module.imports.extend(names);
                }
                at = end + 1;
            }
            "mod" => {
                let child = [path.clone(), vec![next.to_owned()]].concat();
                let block = tokens[at + 2] == "{";
                let end = if block { closing(tokens, at + 2) } else { at + 3 };
                if !of_tests {
                    module.children.insert(next.to_owned(), child.clone());
                    if block {
                        read_module((child, file.clone()), &tokens[at + 3..end - 1], read, modules);
                    } else {
                        let (file, text) = file_of(&file, &path, next, read);
                        read_module((child, file), &self::tokens(&text), read, modules);
                    }
                }
                at = end;
            }
            _ => {
                let end = item_end(tokens, at);
                if !of_tests {
                    if let Some(name) = defined(&tokens[at..end]) {
                        module.items.insert(name);
                    }
                    paths_in(&tokens[at..end], &mut module.paths);
                }
                at = end;
            }
        }
        of_tests = false;
    }
    modules.insert(path, module);
}

/// The file of the module `name` that `file`, of the module `path`, declares, and its text.
fn file_of(
    file: &str,
    path: &[String],
    name: &str,
    read: &dyn Fn(&str) -> Option<String>,
) -> (String, String) {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let folder = match stem.rsplit_once('/') {
        Some((folder, _)) if path.is_empty() => format!("{folder}/"),
        None if path.is_empty() => String::new(),
        _ => format!("{stem}/"),
    };
    let file = format!("{folder}{name}.rs");
    let text = read(&file).unwrap_or_else(|| panic!("{file}: a module is declared, expected its file"));
    (file, text)
}

/// Where the item that begins at `at` ends: behind its block, or its semicolon.
fn item_end(tokens: &[String], at: usize) -> usize {
    let mut place = at;
    while place < tokens.len() {
        match tokens[place].as_str() {
            ";" => return place + 1,
            "{" => return closing(tokens, place),
            "(" | "[" => place = closing(tokens, place),
            // `= { … };` and the like
            "=" => {
                while place < tokens.len() && tokens[place] != ";" {
                    place = if ["{", "(", "["].contains(&tokens[place].as_str()) {
                        closing(tokens, place)
                    } else {
                        place + 1
                    };
                }
            }
            _ => place += 1,
        }
    }
    place
}

/// The name of the item that these tokens are.
fn defined(item: &[String]) -> Option<String> {
    let kinds = ["fn", "struct", "enum", "trait", "type", "static", "union", "const"];
    let at = item.iter().position(|token| kinds.contains(&token.as_str()) || token == "impl")?;
    let is_macro = item.first().is_some_and(|token| token == "macro_rules");
    let name = item.get(if is_macro { 2 } else { at + 1 })?;
    match (item[at].as_str(), name.as_str()) {
        ("impl", _) => None,
        // `const fn name`
        ("const", "fn" | "unsafe") => defined(&item[at + 1..]),
        ("static", "mut") => item.get(at + 2).cloned(),
        _ => Some(name.clone()),
    }
}

/// Adds the names of `tokens`, with what follows them by `::`.
fn paths_in(tokens: &[String], paths: &mut BTreeSet<Vec<String>>) {
    let is_name = |token: &String| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut at = 0;
    while at < tokens.len() {
        // `pub(in crate::a)` imports nothing
        if tokens[at] == "pub" && tokens.get(at + 1).is_some_and(|next| next == "(") {
            at = closing(tokens, at + 1);
            continue;
        }
        let follows = at > 0 && (tokens[at - 1] == "." || tokens[at - 1] == "::");
        if !is_name(&tokens[at]) || follows {
            at += 1;
            continue;
        }
        let mut path = vec![tokens[at].clone()];
        at += 1;
        while at + 1 < tokens.len() && tokens[at] == "::" && is_name(&tokens[at + 1]) {
            path.push(tokens[at + 1].clone());
            at += 2;
        }
        paths.insert(path);
    }
}

/// The file that defines what `path`, said in the module `from`, names; `None` if it is not of this crate.
fn defining<'a>(modules: &'a Modules, from: &[String], path: &[String], hops: usize) -> Option<&'a str> {
    if hops > MOST_HOPS {
        return None;
    }
    let (first, rest) = path.split_first()?;
    let mut at = from.to_vec();
    match first.as_str() {
        "crate" => at.clear(),
        "self" => (),
        "super" => {
            at.pop()?;
        }
        _ => return named(modules, &at, first, rest, hops),
    }
    match rest.split_first() {
        None => None,
        Some((next, _)) if next == "super" || next == "self" => defining(modules, &at, rest, hops + 1),
        Some((next, behind)) => named(modules, &at, next, behind, hops),
    }
}

/// The file that defines `name`, and `rest` in it, where it is said in or of the module `at`.
fn named<'a>(
    modules: &'a Modules,
    at: &[String],
    name: &str,
    rest: &[String],
    hops: usize,
) -> Option<&'a str> {
    let module = modules.get(at)?;
    let is_child = module.children.contains_key(name);
    // a child and a function may share a name
    if let Some(child) = module.children.get(name)
        && (!rest.is_empty() || !(module.items.contains(name) || module.imports.contains_key(name)))
    {
        return match rest.split_first() {
            None => Some(&modules.get(child)?.file),
            Some((next, behind)) => named(modules, child, next, behind, hops + 1),
        };
    }
    if module.items.contains(name) {
        return Some(&module.file);
    }
    if let Some(import) = module.imports.get(name) {
        let whole = [import, rest].concat();
        // `use lens::lens` in the module that declares `lens`
        let again = is_child && import.len() == 1 && import[0] == name;
        return if again { None } else { defining(modules, at, &whole, hops + 1) };
    }
    None
}

/// What the files of a crate import from one another.
fn imports(modules: &Modules) -> Imports {
    let mut found = Imports::new();
    for (path, module) in modules {
        let fronts: BTreeSet<&str> = (0..=path.len()).map(|n| modules[&path[..n]].file.as_str()).collect();
        let mut take = |name: &[String]| {
            if let Some(file) = defining(modules, path, name, 0)
                && !fronts.contains(file)
            {
                let from = found.entry(module.file.clone()).or_default();
                from.entry(file.to_owned()).or_default().insert(name.join("::"));
            }
        };
        module.paths.iter().for_each(|name| take(name));
    }
    found
}

/// The circles: groups of files each of which leads to every other.
fn circles(imports: &Imports) -> Vec<BTreeSet<String>> {
    let reached = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(file) = open.pop() {
            for next in imports.get(&file).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> =
        imports.keys().map(|file| (file, reached(file))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for (file, to) in &reach {
        if to.contains(*file) && !found.iter().any(|circle| circle.contains(*file)) {
            let back = |other: &&String| reach.get(other).is_some_and(|theirs| theirs.contains(*file));
            found.push(to.iter().filter(back).cloned().collect());
        }
    }
    found
}

/// The circles as text: who takes what from whom.
fn described(circle: &BTreeSet<String>, imports: &Imports) -> String {
    let mut lines = Vec::new();
    for from in circle {
        for (to, names) in imports.get(from).into_iter().flatten().filter(|(to, _)| circle.contains(*to)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines.push(format!("  {from} → {to}: {}", names.join(", ")));
        }
    }
    lines.join("\n")
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the crate lies two folders below the root")
}

fn imports_of_crate(name: &str) -> Imports {
    let root = root();
    let read = |file: &str| fs::read_to_string(root.join(file)).ok();
    let fronts = ["lib.rs", "main.rs"].map(|front| format!("crates/{name}/src/{front}"));
    let mut found = Imports::new();
    for front in fronts {
        let Some(text) = read(&front) else { continue };
        let mut modules = Modules::new();
        read_module((Vec::new(), front), &tokens(&text), &read, &mut modules);
        found.extend(imports(&modules));
    }
    assert!(!found.is_empty(), "{name}: no imports found, expected some");
    found
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for name in CRATES {
        let imports = imports_of_crate(name);
        for circle in circles(&imports) {
            found.push(format!("{} files\n{}", circle.len(), described(&circle, &imports)));
        }
    }
    assert!(found.is_empty(), "found circles of imports, expected none:\n{}", found.join("\n"));
}

/// The circles of a crate of these files, the first of which is its front.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let read = |file: &str| files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned());
    let mut modules = Modules::new();
    let (front, text) = files[0];
    read_module((Vec::new(), front.to_owned()), &tokens(text), &read, &mut modules);
    circles(&imports(&modules)).into_iter().map(|circle| circle.into_iter().collect()).collect()
}

#[test]
fn circles_are_found_through_groups_re_exports_and_bare_paths() {
    struct Case {
        name: &'static str,
        files: &'static [(&'static str, &'static str)],
        circle: &'static [&'static str],
    }
    let cases = [
        Case {
            name: "two files by grouped uses",
            files: &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use super::{b::{B, self}}; pub struct A(B);"),
                ("b.rs", "use crate::a::A as Other; pub struct B; fn f(_: Other) {}"),
            ],
            circle: &["a.rs", "b.rs"],
        },
        Case {
            name: "a re-export leads to the file that defines the name",
            files: &[
                ("lib.rs", "mod a; mod b; pub use a::A;"),
                ("a.rs", "use crate::b; pub struct A; fn f() { b::g() }"),
                ("b.rs", "use crate::A; pub fn g() { let _ = A; }"),
            ],
            circle: &["a.rs", "b.rs"],
        },
        Case {
            name: "bare paths without a use",
            files: &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "pub fn f() { super::b::g() }"),
                ("b.rs", "pub fn g() { crate::a::f() }"),
            ],
            circle: &["a.rs", "b.rs"],
        },
        Case {
            name: "a file outside that takes from a child whose front takes from it",
            files: &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "mod child; pub use child::g; pub fn f() { crate::b::h() }"),
                ("a/child.rs", "pub fn g() { crate::b::h() }"),
                ("b.rs", "pub fn h() { crate::a::g() }"),
            ],
            circle: &["a/child.rs", "b.rs"],
        },
        Case {
            name: "a child may take from the front of its module",
            files: &[
                ("lib.rs", "mod a;"),
                ("a.rs", "mod child; pub const N: usize = 1; pub fn f() { child::g() }"),
                ("a/child.rs", "use super::N; pub fn g() { let _ = N; }"),
            ],
            circle: &[],
        },
        Case {
            name: "a front that only re-exports is no circle",
            files: &[
                ("lib.rs", "mod a;"),
                ("a.rs", "mod child; mod other; pub use child::g; pub const N: usize = 1;"),
                ("a/child.rs", "use super::N; use super::other::h; pub fn g() { let _ = N; h() }"),
                ("a/other.rs", "pub fn h() {}"),
            ],
            circle: &[],
        },
        Case {
            name: "tests, comments and texts do not count",
            files: &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use super::b::g; pub fn f() { g() }"),
                (
                    "b.rs",
                    "// crate::a::f()\n/* crate::a::f() */ pub fn g() { let _ = (\"crate::a::f()\", r#\"crate::a::f()\"#, '\"'); }
                     #[cfg(test)] mod tests { use crate::a::f; fn t() { f() } } #[cfg(test)] fn u() { crate::a::f() }",
                ),
            ],
            circle: &[],
        },
    ];
    for Case { name, files, circle } in cases {
        let found = circles_of(files);
        if circle.is_empty() {
            assert!(found.is_empty(), "{name}: {found:?}");
        } else {
            assert_eq!(found, [circle], "{name}");
        }
    }
}
