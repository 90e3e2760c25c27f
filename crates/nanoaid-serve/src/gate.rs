//! Gate: what is computed next. What somebody waits for goes first, one at a time; long work waits at its next step.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is computed, and what waits.
#[derive(Default)]
struct State {
    is_running: bool,
    n_wanted: usize,
}

/// Lets one thing be computed at a time.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
    ended: AtomicBool,
}

/// The right to compute; given back when it is dropped.
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing else is computed that somebody waits for; `None` where `is_unwanted` says so meanwhile.
    pub(crate) fn enter(&self, is_unwanted: impl Fn() -> bool) -> Option<Pass<'_>> {
        let mut state = self.state();
        state.n_wanted += 1;
        loop {
            if is_unwanted() || self.ended.load(Ordering::Relaxed) {
                state.n_wanted -= 1;
                self.changed.notify_all();
                return None;
            }
            if !state.is_running {
                state.is_running = true;
                return Some(Pass(self));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// For long work, at each of its steps: waits while something is wanted at once.
    pub(crate) fn give_way(&self, is_unwanted: impl Fn() -> bool) -> ControlFlow<()> {
        let mut state = self.state();
        loop {
            if is_unwanted() || self.ended.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            if state.n_wanted == 0 {
                return ControlFlow::Continue(());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Something that waits is no longer wanted.
    pub(crate) fn look_again(&self) {
        drop(self.state());
        self.changed.notify_all();
    }

    /// Ends all work at its next step.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.look_again();
    }

    /// Whether all work is to end.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_running = false;
        state.n_wanted -= 1;
        drop(state);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn one_is_inside_and_long_work_waits_for_all() {
        let gate = Arc::new(Gate::default());
        let inside = Arc::new(Mutex::new((0, 0)));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
                thread::spawn(move || {
                    let pass = gate.enter(|| false).unwrap();
                    {
                        let mut inside = inside.lock().unwrap();
                        inside.0 += 1;
                        inside.1 = inside.1.max(inside.0);
                    }
                    thread::yield_now();
                    inside.lock().unwrap().0 -= 1;
                    drop(pass);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*inside.lock().unwrap(), (0, 1), "never two");
        assert!(gate.give_way(|| false).is_continue());
        let pass = gate.enter(|| false).unwrap();
        assert!(gate.enter(|| true).is_none(), "what nobody wants does not wait");
        assert!(gate.give_way(|| true).is_break());
        drop(pass);
        gate.end();
        assert!(gate.enter(|| false).is_none() && gate.give_way(|| false).is_break());
    }
}
