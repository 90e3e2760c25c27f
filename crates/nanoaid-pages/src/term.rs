//! Terms on pages: a word with its meaning where the pointer rests, and the same below as text.

use maud::{Markup, html};
use nanoaid::terms::meaning;

/// `shown`, which names `term`, with the meaning as a tooltip.
pub(crate) fn term(shown: &str, term: &str) -> Markup {
    html! { abbr.term title=(meaning(term)) tabindex="0" { (shown) } }
}

/// The meanings of some terms, for those without a pointer.
pub(crate) fn meanings(terms: &[&str]) -> Markup {
    html! {
        dl.terms { @for term in terms { dt { (term) } dd { (meaning(term)) } } }
    }
}
