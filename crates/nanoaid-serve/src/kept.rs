//! Kept: results by name under a budget of memory, the longest unused dropped first; each computed once, however many
//! wait for it, and given up when nobody waits any more.

use std::any::Any;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::gate::Gate;
use crate::http::Fault;

type Value = Arc<dyn Any + Send + Sync>;
type Outcome = Option<Result<Value, Fault>>;

/// One computation.
struct Running {
    is_unwanted: Arc<AtomicBool>,
    n_waiting: usize,
    ended: watch::Receiver<Outcome>,
}

enum Slot {
    Ready { value: Value, bytes: usize, used: u64 },
    Running(Running),
}

#[derive(Default)]
struct State {
    slots: HashMap<String, Slot>,
    bytes: usize,
    clock: u64,
}

/// What was computed, and what is being computed.
pub(crate) struct Kept {
    state: Mutex<State>,
    budget_bytes: usize,
    gate: Arc<Gate>,
}

/// Whether anybody still waits; for callbacks of progress.
#[derive(Clone)]
pub(crate) struct Wanted {
    is_unwanted: Arc<AtomicBool>,
    gate: Arc<Gate>,
}

impl Wanted {
    /// Continue, or stop.
    pub(crate) fn flow(&self) -> ControlFlow<()> {
        if self.is_unwanted.load(Ordering::Relaxed) || self.gate.is_ended() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// One that waits; where it is dropped as the last one, the work ends.
struct Waiting<'a> {
    kept: &'a Kept,
    name: &'a str,
    is_unwanted: Arc<AtomicBool>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.kept.state();
        let is_last = match state.slots.get_mut(self.name) {
            Some(Slot::Running(running)) if Arc::ptr_eq(&running.is_unwanted, &self.is_unwanted) => {
                running.n_waiting -= 1;
                running.n_waiting == 0
            }
            _ => false,
        };
        if is_last {
            // one that asks from now on begins anew
            state.slots.remove(self.name);
            self.is_unwanted.store(true, Ordering::Relaxed);
            drop(state);
            self.kept.gate.look_again();
        }
    }
}

impl Kept {
    /// Keeps at most `budget_bytes`, but always the newest result.
    pub(crate) fn new(budget_bytes: usize, gate: Arc<Gate>) -> Self {
        Self { state: Mutex::default(), budget_bytes, gate }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result called `name`, if it is there.
    pub(crate) fn peek<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        let mut state = self.state();
        state.clock += 1;
        let now = state.clock;
        match state.slots.get_mut(name) {
            Some(Slot::Ready { value, used, .. }) => {
                *used = now;
                Arc::clone(value).downcast().ok()
            }
            _ => None,
        }
    }

    /// The result called `name`: kept, or by `work`, which is given whether anybody still waits, and returns the
    /// result and its bytes. `work` runs on a thread of its own, one at a time.
    pub(crate) async fn get<T, W>(self: &Arc<Self>, name: String, work: W) -> Result<Arc<T>, Fault>
    where
        T: Any + Send + Sync,
        W: FnOnce(&Wanted) -> Result<(T, usize), Fault> + Send + 'static,
    {
        let (mut ended, is_unwanted) = match self.begin(&name, work) {
            Ok(ready) => return ready.downcast().map_err(|_| Fault::own("a result has another type")),
            Err(running) => running,
        };
        let _waiting = Waiting { kept: self, name: &name, is_unwanted };
        let outcome =
            ended.wait_for(Option::is_some).await.map_err(|_| Fault::own("the computation has panicked"))?;
        match outcome.as_ref() {
            Some(Ok(value)) => {
                Arc::clone(value).downcast().map_err(|_| Fault::own("a result has another type"))
            }
            Some(Err(fault)) => Err(fault.clone()),
            None => Err(Fault::cancelled()),
        }
    }

    /// Keeps `value`, of so many bytes, as the result called `name`.
    pub(crate) fn put<T: Any + Send + Sync>(&self, name: String, value: T, bytes: usize) {
        let mut state = self.state();
        state.clock += 1;
        let used = state.clock;
        if let Some(Slot::Ready { bytes, .. }) =
            state.slots.insert(name.clone(), Slot::Ready { value: Arc::new(value), bytes, used })
        {
            state.bytes -= bytes;
        }
        state.bytes += bytes;
        self.within_budget(&mut state, &name);
    }

    /// Drops the longest unused until the rest is within the budget; `newest` stays.
    fn within_budget(&self, state: &mut State, newest: &str) {
        while state.bytes > self.budget_bytes {
            let oldest = state.slots.iter().filter_map(|(other, slot)| match slot {
                Slot::Ready { used, .. } if other != newest => Some((*used, other.clone())),
                _ => None,
            });
            let Some((_, oldest)) = oldest.min() else { return };
            if let Some(Slot::Ready { bytes, .. }) = state.slots.remove(&oldest) {
                state.bytes -= bytes;
            }
        }
    }

    /// The result if it is there, else where it will be: of a computation that is running, or one that begins.
    fn begin<T, W>(
        self: &Arc<Self>,
        name: &str,
        work: W,
    ) -> Result<Value, (watch::Receiver<Outcome>, Arc<AtomicBool>)>
    where
        T: Any + Send + Sync,
        W: FnOnce(&Wanted) -> Result<(T, usize), Fault> + Send + 'static,
    {
        let mut state = self.state();
        state.clock += 1;
        let now = state.clock;
        match state.slots.get_mut(name) {
            Some(Slot::Ready { value, used, .. }) => {
                *used = now;
                return Ok(Arc::clone(value));
            }
            Some(Slot::Running(running)) => {
                running.n_waiting += 1;
                return Err((running.ended.clone(), Arc::clone(&running.is_unwanted)));
            }
            None => {}
        }
        let (sender, ended) = watch::channel(None);
        let is_unwanted = Arc::new(AtomicBool::new(false));
        let running = Running { is_unwanted: Arc::clone(&is_unwanted), n_waiting: 1, ended: ended.clone() };
        state.slots.insert(name.to_owned(), Slot::Running(running));
        drop(state);
        let wanted = Wanted { is_unwanted: Arc::clone(&is_unwanted), gate: Arc::clone(&self.gate) };
        let (kept, name) = (Arc::clone(self), name.to_owned());
        tokio::task::spawn_blocking(move || {
            let worked = {
                let pass = kept.gate.enter(|| wanted.flow().is_break());
                match pass {
                    Some(_pass) => work(&wanted),
                    None => Err(Fault::cancelled()),
                }
            };
            let outcome = worked.map(|(value, bytes)| {
                let value: Value = Arc::new(value);
                kept.keep(&name, &wanted.is_unwanted, &value, bytes);
                value
            });
            if outcome.is_err() {
                kept.forget(&name, &wanted.is_unwanted);
            }
            // where nobody waits, nobody is told
            let _ = sender.send(Some(outcome));
        });
        Err((ended, is_unwanted))
    }

    fn is_own(state: &State, name: &str, is_unwanted: &Arc<AtomicBool>) -> bool {
        matches!(state.slots.get(name), Some(Slot::Running(running)) if Arc::ptr_eq(&running.is_unwanted, is_unwanted))
    }

    fn keep(&self, name: &str, is_unwanted: &Arc<AtomicBool>, value: &Value, bytes: usize) {
        let mut state = self.state();
        if !Self::is_own(&state, name, is_unwanted) {
            return;
        }
        state.clock += 1;
        let used = state.clock;
        state.slots.insert(name.to_owned(), Slot::Ready { value: Arc::clone(value), bytes, used });
        state.bytes += bytes;
        self.within_budget(&mut state, name);
    }

    fn forget(&self, name: &str, is_unwanted: &Arc<AtomicBool>) {
        let mut state = self.state();
        if Self::is_own(&state, name, is_unwanted) {
            state.slots.remove(name);
        }
    }

    /// Bytes that are kept.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.state().bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    }

    fn kept(budget_bytes: usize) -> Arc<Kept> {
        Arc::new(Kept::new(budget_bytes, Arc::default()))
    }

    #[test]
    fn what_many_wait_for_is_computed_once() {
        let (kept, n) = (kept(100), Arc::new(AtomicUsize::new(0)));
        runtime().block_on(async {
            let tasks: Vec<_> = (0..5)
                .map(|_| {
                    let (kept, n) = (Arc::clone(&kept), Arc::clone(&n));
                    tokio::spawn(async move {
                        kept.get("a".to_owned(), move |_| {
                            std::thread::sleep(Duration::from_millis(30));
                            Ok((n.fetch_add(1, Ordering::Relaxed) + 1, 1))
                        })
                        .await
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(*task.await.unwrap().unwrap(), 1);
            }
        });
        assert_eq!(*kept.peek::<usize>("a").unwrap(), 1);
        assert!(kept.peek::<String>("a").is_none(), "of another type");
    }

    #[test]
    fn the_longest_unused_is_dropped_and_the_newest_stays() {
        let kept = kept(100);
        runtime().block_on(async {
            for (name, bytes) in [("a", 40), ("b", 40)] {
                kept.get(name.to_owned(), move |_| Ok((0_u8, bytes))).await.unwrap();
            }
            assert!(kept.peek::<u8>("a").is_some());
            kept.get("c".to_owned(), |_| Ok((0_u8, 40))).await.unwrap();
            assert!(kept.peek::<u8>("b").is_none() && kept.peek::<u8>("a").is_some());
            kept.get("d".to_owned(), |_| Ok((0_u8, 1000))).await.unwrap();
            assert!(kept.peek::<u8>("d").is_some() && kept.peek::<u8>("a").is_none());
        });
        assert_eq!(kept.bytes(), 1000);
    }

    #[test]
    fn what_nobody_waits_for_ends_and_is_begun_anew() {
        let kept = kept(100);
        let (told, heard) = std::sync::mpsc::channel();
        runtime().block_on(async {
            let first = kept.get("a".to_owned(), move |wanted: &Wanted| -> Result<(u8, usize), Fault> {
                let mut n_looks = 0;
                while wanted.flow().is_continue() && n_looks < 2000 {
                    n_looks += 1;
                    std::thread::sleep(Duration::from_millis(1));
                }
                told.send(n_looks < 2000).unwrap();
                Err(Fault::cancelled())
            });
            assert!(tokio::time::timeout(Duration::from_millis(50), first).await.is_err());
            assert_eq!(*kept.get("a".to_owned(), |_| Ok((7_u8, 1))).await.unwrap(), 7);
        });
        assert!(heard.recv().unwrap(), "the first was told that nobody waits");
    }

    #[test]
    fn errors_are_not_kept_and_a_panic_is_one() {
        let kept = kept(100);
        runtime().block_on(async {
            let failed = kept.get::<u8, _>("a".to_owned(), |_| Err(Fault::refused("too small"))).await;
            assert_eq!(failed.unwrap_err().text, "too small");
            let panicked = kept.get::<u8, _>("a".to_owned(), |_| panic!("a fault of ours")).await;
            assert!(panicked.unwrap_err().text.contains("panicked"));
            assert!(kept.get("a".to_owned(), |_| Ok((1_u8, 1))).await.is_ok());
        });
    }
}
