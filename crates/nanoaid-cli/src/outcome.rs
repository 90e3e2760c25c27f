//! How a command ends, and the only places where text goes to the terminal.

use std::fmt::Display;
use std::io::{self, Write};

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

/// Why a command failed: an error with the errors behind it, in one line.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure with its own sentence.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(chain_text(&error))
    }
}

/// `error` and the errors behind it, unless they say the same again.
pub(crate) fn chain_text(error: &dyn std::error::Error) -> String {
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

/// Writes a line for the user to standard error.
pub(crate) fn say(text: &str) {
    // nobody is left to be told if standard error is closed
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes a result to standard output; a reader that has gone away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
