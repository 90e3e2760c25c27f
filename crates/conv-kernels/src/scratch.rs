//! Memory that is used again: each thread keeps its buffers between calls.
//!
//! Fresh memory costs a page fault every 4 KiB at its first touch, which can take as long as the
//! convolution itself. A buffer is taken out of its thread's store while it is used, so that work
//! that is stolen meanwhile finds another one.

use std::cell::RefCell;

thread_local! {
    static STORE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `work` with `len` numbers of any value.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = STORE.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let result = work(&mut buffer[..len]);
    STORE.with_borrow_mut(|store| store.push(buffer));
    result
}

/// Frees the buffers that the calling thread keeps.
pub fn release_scratch() {
    STORE.with_borrow_mut(Vec::clear);
}
