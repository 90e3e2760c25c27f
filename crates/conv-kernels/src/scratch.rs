//! Reused memory: each thread keeps its buffers between calls.
//!
//! Fresh memory costs a page fault every 4 KiB at its first touch, which can take as long as the
//! convolution itself. A buffer is taken out of its thread's store while it is in use, so that work
//! stolen meanwhile gets another one.

use std::cell::RefCell;

thread_local! {
    static STORE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Bytes of a cache line: a vector that begins at a multiple of it is loaded at once.
const LINE: usize = 64;

/// Calls `work` with `len` numbers of any value, the first of which begins a cache line.
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let lines = LINE / size_of::<f32>();
    let mut buffer = STORE.with_borrow_mut(|store| take(store, len + lines)).unwrap_or_default();
    if buffer.len() < len + lines {
        // not enlarged: that would copy unused values
        drop(std::mem::take(&mut buffer));
        buffer = vec![0.0; len + lines];
    }
    let skip = buffer.as_ptr().align_offset(LINE).min(lines);
    let result = work(&mut buffer[skip..skip + len]);
    STORE.with_borrow_mut(|store| store.push(buffer));
    result
}

/// The smallest buffer of at least `len` numbers, or the largest.
fn take(store: &mut Vec<Vec<f32>>, len: usize) -> Option<Vec<f32>> {
    let rank = |buffer: &Vec<f32>| match buffer.len() {
        enough if enough >= len => enough - len,
        less => usize::MAX - less,
    };
    let best = (0..store.len()).min_by_key(|&index| rank(&store[index]))?;
    Some(store.swap_remove(best))
}

/// Frees the buffers that the calling thread keeps.
pub fn release_scratch() {
    STORE.with_borrow_mut(Vec::clear);
}
