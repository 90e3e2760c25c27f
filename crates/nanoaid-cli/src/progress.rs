//! Progress bars on standard error, where it is a terminal; where it is not, a line now and then.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt;
use crate::outcome::{Failure, Verbosity, note as write_note, print, say};

/// Time between two lines where there is no terminal to draw a bar on.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// An estimate is printed once for work that takes longer than this, in seconds.
const LONG: f64 = 20.0;
/// Time that is measured before it is printed, in seconds.
const MEASURED: f64 = 2.0;

/// How fast work proceeds, from the shares of it that are done.
#[derive(Default)]
pub(crate) struct Pace {
    /// When the first share was done, and how much it was: the time before is preparation.
    first: Option<(Instant, f64)>,
    /// Seconds since then, and the share that is done.
    last: Option<(f64, f64)>,
}

impl Pace {
    /// `share` of the work is done, in `[0, 1]`.
    pub(crate) fn note(&mut self, share: f64) {
        let (begun, _) = *self.first.get_or_insert_with(|| (Instant::now(), share));
        self.last = Some((begun.elapsed().as_secs_f64(), share));
    }

    /// Seconds that all of it takes at this pace; `None` before enough of it was measured.
    pub(crate) fn whole(&self) -> Option<f64> {
        let ((_, first), (seconds, share)) = (self.first?, self.last?);
        (seconds >= MEASURED && share > first).then(|| seconds / (share - first))
    }

    /// Seconds that are left of it.
    pub(crate) fn left(&self) -> Option<f64> {
        let (_, share) = self.last?;
        self.whole().map(|whole| whole * (1.0 - share))
    }
}

/// Seconds in the largest unit that leaves a number from 2 on, as `40 s`, `5 min`, `3 h`.
pub(crate) fn time_text(seconds: f64) -> String {
    let units = [(3600.0, "h"), (60.0, "min"), (1.0, "s")];
    let (length, unit) = units.into_iter().find(|(length, _)| seconds >= 2.0 * length).unwrap_or(units[2]);
    format!("{:.0} {unit}", (seconds / length).max(1.0))
}

/// A count of things done out of things to do.
pub(crate) struct Progress {
    bar: ProgressBar,
    unit: String,
    terminal: bool,
    begun: Instant,
    last_line: Instant,
    pace: Pace,
    /// Whether an estimate was printed.
    told: bool,
}

impl Progress {
    /// A bar for `n` of `unit`.
    pub(crate) fn new(n: u64, unit: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar =
            if terminal && Verbosity::Normal.is_on() { ProgressBar::new(n) } else { ProgressBar::hidden() };
        bar.set_length(n);
        let template = format!("{{bar:32}} {{pos}}/{{len}} {unit} · {{msg}} · {{eta}} left");
        bar.set_style(ProgressStyle::with_template(&template).expect("the template is valid"));
        let (unit, pace, told) = (unit.to_owned(), Pace::default(), false);
        Self { bar, unit, terminal, begun: Instant::now(), last_line: Instant::now(), pace, told }
    }

    /// The same for things that are done side by side, of which shares are known: [`Self::set_share`].
    pub(crate) fn of_shares(n: u64, unit: &str) -> Self {
        let progress = Self::new(n, unit);
        let template = format!("{{bar:32}} {{pos}}/{{len}} {unit} · {{msg}}");
        progress.bar.set_style(ProgressStyle::with_template(&template).expect("the template is valid"));
        progress
    }

    /// `done` things are finished, and `share` of all work, in `[0, 1]`. Long work is
    /// announced once, as soon as its pace is known, by `announced` of the time that it takes.
    pub(crate) fn set_share(
        &mut self,
        done: u64,
        share: f64,
        note: &str,
        announced: &dyn Fn(&str) -> String,
    ) {
        self.announce(share, announced);
        let left = self.pace.left().map(|left| format!(" · {} left", time_text(left))).unwrap_or_default();
        self.bar.set_position(done);
        self.bar.set_message(format!("{note}{left}"));
        if !self.terminal && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let n = self.bar.length().unwrap_or(done);
            write_note(&format!("{done}/{n} · {note}{left}"));
        }
    }

    /// Announces once how long all of the work takes, if that is long.
    fn announce(&mut self, share: f64, announced: &dyn Fn(&str) -> String) {
        self.pace.note(share);
        if let (Some(whole), false) = (self.pace.whole(), self.told) {
            self.told = true;
            if whole >= LONG {
                self.line(&announced(&time_text(whole)));
            }
        }
    }

    /// `done` things are done; `note` is shown beside it. Long work is announced once.
    pub(crate) fn set(&mut self, done: u64, note: &str) {
        if let Some(n) = self.bar.length().filter(|n| *n > 0) {
            let what = format!("{n} {}", self.unit);
            let share = done as f64 / n as f64;
            self.announce(share, &|time| format!("{what}: about {time}, by the first ones"));
        }
        self.bar.set_position(done);
        self.bar.set_message(note.to_owned());
        if !self.terminal && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let n = self.bar.length().unwrap_or(done);
            let left =
                self.begun.elapsed().as_secs_f64() * (n.saturating_sub(done)) as f64 / done.max(1) as f64;
            write_note(&format!("{done}/{n} · {note} · {left:.0} s left"));
        }
    }

    /// What a library call reports to: things done, and their number; ends the work on Ctrl-C.
    pub(crate) fn of_total(&mut self, note: &'static str) -> impl FnMut(usize, usize) -> ControlFlow<()> {
        move |done, total| {
            self.set_length(total as u64);
            self.set(done as u64, note);
            interrupt::flow()
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
        self.bar.suspend(|| write_note(text));
    }

    /// Prints a result to standard output above the bar.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.bar.suspend(|| print(text))
    }

    /// Writes what the user has to know above the bar.
    pub(crate) fn say(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_a_unit_that_leaves_a_number_from_two_on() {
        let texts = [0.2, 1.0, 59.0, 119.0, 121.0, 7199.0, 7201.0].map(time_text);
        assert_eq!(texts, ["1 s", "1 s", "59 s", "119 s", "2 min", "120 min", "2 h"]);
    }

    #[test]
    fn a_pace_leaves_out_what_comes_before_the_first_share() {
        // 10 s for 20 % after a start at which 10 % were done
        let pace = Pace { first: Some((Instant::now(), 0.1)), last: Some((10.0, 0.3)) };
        let (whole, left) = (pace.whole().unwrap(), pace.left().unwrap());
        assert!((whole - 50.0).abs() < 1e-9 && (left - 35.0).abs() < 1e-9, "{whole} {left}");
        let early = Pace { last: Some((1.0, 0.3)), ..pace };
        assert_eq!(early.whole(), None, "too little was measured");
        assert_eq!(Pace::default().left(), None);
    }
}
