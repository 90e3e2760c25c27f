//! Caught: work whose panic becomes a sentence, without a word on standard error.
//!
//! For code of others that reports by panics what a user can meet: GPUs that are lost or full. Panics of other
//! threads are reported as ever.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    /// Inside [`caught`], the first panic of this thread; outside `None`.
    static FIRST: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Says once for the process that panics inside [`caught`] are kept, not printed.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let kept =
                FIRST.with_borrow_mut(|panics| panics.as_mut().map(|panics| panics.push(text_of(info))));
            if kept.is_none() {
                before(info);
            }
        }));
    });
}

fn text_of(info: &PanicHookInfo<'_>) -> String {
    let text = info.payload_as_str().unwrap_or("a fault without a message");
    match info.location() {
        Some(location) => format!("{text} ({}:{})", location.file(), location.line()),
        None => text.to_owned(),
    }
}

/// What `work` returns, or the message of its panic with its place in the source.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    keep_panics();
    let outer = FIRST.replace(Some(Vec::new()));
    let ended = panic::catch_unwind(AssertUnwindSafe(work));
    let panics = FIRST.replace(outer).unwrap_or_default();
    // panics that follow the first one, as values are dropped, say nothing of the cause
    ended.map_err(|payload| {
        // a panic of another thread that was passed on to this one
        let passed_on = payload.downcast_ref::<String>().cloned();
        let passed_on = passed_on.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let first = panics.into_iter().next().or(passed_on);
        first.unwrap_or_else(|| "a fault without a message".to_owned())
    })
}
