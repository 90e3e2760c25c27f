//! Progress bars on standard error, where it is a terminal; where it is not, a line now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::outcome::say;

/// Time between two lines where there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// A count of things done out of things to do.
pub(crate) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    begun: Instant,
    last_line: Instant,
}

impl Progress {
    /// A bar for `n` of `unit`.
    pub(crate) fn new(n: u64, unit: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::new(n) } else { ProgressBar::hidden() };
        bar.set_length(n);
        let template = format!("{{bar:32}} {{pos}}/{{len}} {unit} · {{msg}} · {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&template).expect("the template is valid"));
        Self { bar, terminal, begun: Instant::now(), last_line: Instant::now() }
    }

    /// `done` things are done; `note` says how it goes.
    pub(crate) fn set(&mut self, done: u64, note: &str) {
        self.bar.set_position(done);
        self.bar.set_message(note.to_owned());
        if !self.terminal && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let n = self.bar.length().unwrap_or(done);
            let left =
                self.begun.elapsed().as_secs_f64() * (n.saturating_sub(done)) as f64 / done.max(1) as f64;
            say(&format!("{done}/{n} · {note} · {left:.0} s left"));
        }
    }

    /// There are `n` things to do.
    pub(crate) fn set_length(&self, n: u64) {
        self.bar.set_length(n);
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Writes a line above the bar.
    pub(crate) fn line(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
