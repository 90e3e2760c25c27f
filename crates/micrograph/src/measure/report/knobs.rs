//! Knobs: the options that could turn a refusal into a number.
//!
//! A reason names them itself where it knows which one helps; else those of its task follow it.

use super::Task;

/// `reason` with the options that could change it, unless it names some.
pub(super) fn with_knob(task: Task, reason: String) -> String {
    if reason.contains("`--") {
        return reason;
    }
    let reason = reason.trim_end_matches('.');
    format!("{reason}. {}", knob(task))
}

/// What a user can try where `task` is refused.
fn knob(task: Task) -> &'static str {
    match task {
        Task::Pitch => "If you see lines, measure the part that they fill (`--box`)",
        Task::Lattice => {
            "If you see dots, measure the part that they fill (`--box`), or try `--expect particles`"
        }
        Task::Orientation => "If a part of the image shows a texture, measure that (`--box`)",
        Task::Count => {
            "If you see particles, try `--polarity`, `--min-size`, or `--threshold` of the segmenter"
        }
        Task::Fibers => "If you see fibres, try `--polarity`, or `--threshold` of the segmenter",
        Task::Pores => "If you see pores, try `--polarity`, `--min-size`, or `--threshold` of the segmenter",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_ends_with_an_option_to_try() {
        for task in [Task::Pitch, Task::Lattice, Task::Orientation, Task::Count, Task::Fibers, Task::Pores] {
            let text = with_knob(task, "nothing found".to_owned());
            assert!(text.starts_with("nothing found. ") && text.contains("`--"), "{text}");
            assert_eq!(with_knob(task, "try `--page`".to_owned()), "try `--page`");
        }
    }
}
