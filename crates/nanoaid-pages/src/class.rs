//! The class that a classifier gives a micrograph, and what that is worth, in words.

use nanoaid::evaluate::classify::NamedClass;

/// The class that a classifier gives, with probabilities.
pub fn class_text(found: &NamedClass) -> String {
    let text = |class: &str, probability: f64| format!("{} {:.0}\u{a0}%", words(class), 100.0 * probability);
    let mut all = found.answer.probabilities.iter().map(|one| text(&one.class, one.probability));
    let first = all.next().unwrap_or_default();
    let further: Vec<String> = all.take(2).collect();
    let further = if further.is_empty() { String::new() } else { format!(" ({})", further.join(", ")) };
    match found.answer.said {
        Some(_) => format!("{first}{further}"),
        None => format!(
            "none: no class reaches {:.0}\u{a0}%; nearest {first}{further}",
            100.0 * found.answer.config.abstain_below
        ),
    }
}

/// What a class is worth.
pub fn class_caution(found: &NamedClass) -> String {
    let mut text = format!(
        "Class by the network “{}”, which knows only its own classes and cannot say “none of these”.",
        found.classifier
    );
    if let Some(reliability) = &found.reliability {
        text += " ";
        text += reliability;
    } else {
        text += " How often it is right on your micrographs is not known.";
    }
    if !found.calibrated {
        text += " Its probabilities are not calibrated.";
    }
    text
}

/// Whether a classifier names no class.
pub(crate) fn abstains(found: Option<&NamedClass>) -> bool {
    found.is_some_and(|found| found.answer.said.is_none())
}

/// The name of a class as it is read.
pub(crate) fn words(class: &str) -> String {
    class.replace('_', " ")
}
