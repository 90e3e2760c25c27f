//! Part: the answer where neither a grating nor a lattice fills the image, but a part of it shows one.

use super::answer::place;
use super::varying::{self, Varying};
use super::{Answer, Task, Work, Working};
use crate::measure::grating::{Grating, GratingConfig, NoPeriodReason, grating};
use crate::measure::lattice::{Lattice, LatticeConfig, lattice};
use crate::measure::part::{InPart, in_part};

impl Work<'_> {
    /// Looks for lines or dots in a part of the image where no grating and no lattice is known, and answers the refused
    /// one of `tasks` by them, for the reason `chosen`; whether anything was found.
    ///
    /// Lines have to be those of the map of `varying` ones, where there is one.
    pub(super) fn in_part(&mut self, tasks: &[Task], chosen: &str, varying: Option<Varying>) -> bool {
        let [lines, dots] = [Task::Pitch, Task::Lattice].map(|task| tasks.contains(&task));
        let is_known = self.details.grating.is_some() || self.details.lattice.is_some();
        let two_patterns = matches!(self.no_pitch, Some(NoPeriodReason::TwoPatterns { .. }));
        if !(lines || dots) || is_known || two_patterns || self.fills_image(!lines, !dots) {
            return false;
        }
        let geometry = self.lengths.geometry;
        let look = |working: &Working| {
            in_part(&working.plane, &geometry).ok_or("nothing repeats itself in a part of the image")
        };
        let are_mapped = |found: &Grating, working: &Working| {
            varying.is_none_or(|varying| varying.agrees_with(found.pitch.value / working.px()))
        };
        let n_warnings = self.warnings.len();
        let found = self.in_working((Task::Pitch, self.working), look, |_| true);
        let (task, answered) = match found {
            Ok((InPart::Lines(found), working)) if lines && are_mapped(&found, working) => {
                (Task::Pitch, self.lines_in_part(found, working))
            }
            Ok((InPart::Dots(found), working)) if dots => {
                (Task::Lattice, self.dots_in_part(working.lattice(found)))
            }
            _ => {
                self.warnings.truncate(n_warnings);
                return false;
            }
        };
        let (summary, findings, refused) = answered;
        let answer = Answer {
            task,
            chosen: chosen.to_owned(),
            summary: Some(summary),
            findings,
            refused,
            second: None,
        };
        for refused in self.answers.iter_mut().filter(|answer| answer.task == task) {
            *refused = answer.clone();
        }
        true
    }

    /// Whether a grating or a lattice that was not requested fills the image all the same.
    fn fills_image(&self, with_grating: bool, with_lattice: bool) -> bool {
        let geometry = self.lengths.geometry;
        let of_lines = GratingConfig { geometry, ..GratingConfig::default() };
        let of_dots = LatticeConfig { geometry, ..LatticeConfig::default() };
        self.working.iter().any(|working| {
            with_grating && grating(&working.plane, &of_lines).is_ok()
                || with_lattice && lattice(&working.plane, &of_dots).is_ok()
        })
    }

    fn lines_in_part(&mut self, found: Grating, working: &Working) -> super::answer::Answered {
        if let Some(part) = found.part {
            let plane = working.plane.crop(part);
            if let Some(map) = varying::changing(&plane, found.wave, &self.lengths.geometry) {
                let part = working.grating(found).part;
                return self.varying_answer(varying::in_image(map, working), part);
            }
        }
        let found = working.grating(found);
        let text = format!("{} lines{}, placed one by one", found.n_lines, place(found.part));
        self.warn(
            text,
            "Check in the overlay that these are the lines you mean, else measure a part (`--box`).",
        );
        let answered = self.lengths.of_grating(&found);
        self.details.grating = Some(found);
        answered
    }

    fn dots_in_part(&mut self, found: Lattice) -> super::answer::Answered {
        let text = format!("{} dots{}, found one by one", found.n_found, place(found.part));
        self.warn(
            text,
            "Check in the overlay that these are the dots you mean, else measure a part (`--box`).",
        );
        self.warn_of_neighbours(&found);
        let answered = self.lengths.of_lattice(&found);
        self.details.lattice = Some(found);
        answered
    }
}
