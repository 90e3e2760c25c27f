//! How a command ends, and the only place where text goes to the terminal.
//!
//! Results go to standard output by [`print`]. Everything else goes to standard error: [`say`] for what the
//! user has to know (a skipped file, a warning), [`note`] for progress, [`detail`] for `--verbose`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use micrograph::ConfigError;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was done.
    Done,
    /// Some inputs were skipped; each was named.
    SomeSkipped,
    /// A check was done and found problems; each was named.
    ProblemsFound,
}

impl Outcome {
    /// [`Outcome::Done`] if nothing was skipped.
    pub(crate) fn of_skipped(n_skipped: usize) -> Self {
        if n_skipped == 0 { Self::Done } else { Self::SomeSkipped }
    }
}

/// Why a command failed: what went wrong, with which file, and the error that caused it.
///
/// It is shown as `path: what: cause`, each part once: where the rest names the file, the path is not put in front.
#[derive(Debug)]
pub struct Failure {
    what: Option<String>,
    path: Option<PathBuf>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure with its own sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self { what: Some(text.into()), path: None, source: None }
    }

    /// `error`, which names a setting, under the name of the option that gives it; `options` holds both.
    pub fn of_option(error: ConfigError, options: &[(&str, &str)]) -> Self {
        let option = options.iter().find(|(setting, _)| *setting == &*error.setting);
        Self::from(match option {
            Some((_, option)) => ConfigError { setting: (*option).into(), ..error },
            None => error,
        })
    }

    /// `error`, which happened with the file or folder at `path`.
    pub fn at(path: &Path, error: impl Error + Send + Sync + 'static) -> Self {
        Self::from(error).in_file(path)
    }

    /// The same failure; it happened with the file at `path`, unless it names a file already.
    pub fn in_file(mut self, path: &Path) -> Self {
        self.path.get_or_insert_with(|| path.to_owned());
        self
    }
}

/// Whether `text` names the file at `path`, as a name of its own.
fn names(text: &str, path: &Path) -> bool {
    let name = path.display().to_string();
    let is_border = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "`:,;()".contains(c));
    text.match_indices(&name).any(|(at, _)| {
        is_border(text[..at].chars().next_back()) && is_border(text[at + name.len()..].chars().next())
    })
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.iter().map(|error| chain_text(&**error));
        let text = self.what.iter().cloned().chain(source).collect::<Vec<_>>().join(": ");
        match &self.path {
            Some(path) if text.is_empty() => write!(formatter, "{}", path.display()),
            Some(path) if !names(&text, path) => write!(formatter, "{}: {text}", path.display()),
            _ => formatter.write_str(&text),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { what: None, path: None, source: Some(Box::new(error)) }
    }
}

/// `error` and its causes, unless they say the same again.
pub(crate) fn chain_text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

/// How much is written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Failures, skipped inputs and warnings only.
    Quiet,
    /// Progress, too.
    #[default]
    Normal,
    /// Details of the machine and the time that was taken, too.
    Verbose,
}

/// [`Verbosity`] of this process as a number; set once by `main`.
static VERBOSITY: AtomicU8 = AtomicU8::new(Verbosity::Normal as u8);

impl Verbosity {
    /// From now on.
    pub(crate) fn set(self) {
        VERBOSITY.store(self as u8, Ordering::Relaxed);
    }

    /// Whether at least this much is written.
    pub(crate) fn is_on(self) -> bool {
        VERBOSITY.load(Ordering::Relaxed) >= self as u8
    }
}

/// Writes what the user has to know to standard error.
pub(crate) fn say(text: &str) {
    // if standard error is closed, there is no reader
    let _ = writeln!(io::stderr(), "{}", shown(text));
}

/// Writes progress to standard error, unless `--quiet` is given.
pub(crate) fn note(text: &str) {
    if Verbosity::Normal.is_on() {
        say(text);
    }
}

/// Writes a detail to standard error if `--verbose` is given.
pub(crate) fn detail(text: &str) {
    if Verbosity::Verbose.is_on() {
        say(text);
    }
}

/// Writes a result to standard output; a reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(shown(text).as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure { what: Some("cannot write to standard output".to_owned()), ..error.into() })
        }
        _ => Ok(()),
    }
}

/// `text` with control characters but tabs and ends of lines as `\u{1b}`: names of files and what files say of
/// themselves may hold what a terminal obeys. In JSON they are escaped already.
fn shown(text: &str) -> Cow<'_, str> {
    let is_obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let escaped =
        text.chars().map(|c| if is_obeyed(c) { c.escape_unicode().to_string() } else { c.to_string() });
    Cow::Owned(escaped.collect())
}

#[cfg(test)]
mod tests {
    use micrograph::read::ReadError;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_and_all_else_stays() {
        assert_eq!(shown("a\u{1b}[2Jb\u{7}\u{9b}c\u{7f}"), "a\\u{1b}[2Jb\\u{7}\\u{9b}c\\u{7f}");
        let plain = "µm, 中\n\tpage 1\r\n";
        assert!(matches!(shown(plain), Cow::Borrowed(text) if text == plain));
    }

    #[test]
    fn a_failure_names_its_file_once() {
        let image = Path::new("a.png");
        let missing = || io::Error::new(io::ErrorKind::NotFound, "no such file");
        let read = ReadError::Io { path: image.to_owned(), source: missing() };
        let cases = [
            ("a sentence", Failure::new("no layer"), "no layer"),
            ("a sentence about a file", Failure::new("no layer").in_file(image), "a.png: no layer"),
            ("an error that does not name it", Failure::at(image, missing()), "a.png: no such file"),
            ("an error that names it", Failure::at(image, read), "a.png: cannot be read: no such file"),
            (
                "another file whose name holds it",
                Failure::new("data.png.txt: no such file").in_file(image),
                "a.png: data.png.txt: no such file",
            ),
            (
                "the first file stays",
                Failure::at(image, missing()).in_file(Path::new("b.png")),
                "a.png: no such file",
            ),
        ];
        for (name, failure, expected) in cases {
            assert_eq!(failure.to_string(), expected, "{name}");
        }
    }

    #[test]
    fn quiet_is_less_than_normal_and_normal_less_than_verbose() {
        assert!(Verbosity::Quiet < Verbosity::Normal && Verbosity::Normal < Verbosity::Verbose);
        assert_eq!(Verbosity::default(), Verbosity::Normal);
    }
}
