//! Pass: one piece of work for each of many micrographs, several at a time: while one is decoded, another is convolved.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Most micrographs that are processed at a time; each takes a few hundred megabytes.
const MOST_AT_ONCE: usize = 8;

/// What `each` gives for all of `work`, in its order. `done` is called after each; `None` if it ended the work.
pub(crate) fn pass<W: Sync, T: Send>(
    work: &[W],
    each: impl Fn(&W) -> T + Sync,
    done: &mut dyn FnMut() -> ControlFlow<()>,
) -> Option<Vec<T>> {
    if rayon::current_num_threads() == 1 {
        return one_by_one(work, each, done);
    }
    let n_workers = rayon::current_num_threads().min(MOST_AT_ONCE).min(work.len().max(1));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        // threads of their own, not the pool's: one that waits for a convolution must not begin
        // with a further micrograph meanwhile
        for _ in 0..n_workers {
            let (sender, next, each) = (sender.clone(), &next, &each);
            scope.spawn(move || {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = work.get(place) else { break };
                    sender.send((place, each(one))).expect("the receiver waits for all senders");
                }
            });
        }
        drop(sender);
        let mut found: Vec<Option<T>> = work.iter().map(|_| None).collect();
        let mut cancelled = false;
        for (place, one) in receiver {
            found[place] = Some(one);
            if !cancelled && done().is_break() {
                // no thread begins with a further one
                next.store(work.len(), Ordering::Relaxed);
                cancelled = true;
            }
        }
        if cancelled { None } else { Some(found.into_iter().flatten().collect()) }
    })
}

/// The same on this thread alone.
fn one_by_one<W, T>(
    work: &[W],
    each: impl Fn(&W) -> T,
    done: &mut dyn FnMut() -> ControlFlow<()>,
) -> Option<Vec<T>> {
    let mut found = Vec::with_capacity(work.len());
    for one in work {
        found.push(each(one));
        if done().is_break() {
            return None;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_work_and_a_break_ends_it() {
        let work: Vec<usize> = (0..100).collect();
        let found = pass(&work, |n| n * n, &mut || ControlFlow::Continue(()));
        assert_eq!(found, Some(work.iter().map(|n| n * n).collect()));

        let mut n_done = 0;
        let ended = pass(&work, |n| *n, &mut || {
            n_done += 1;
            ControlFlow::Break(())
        });
        assert_eq!((ended, n_done), (None, 1), "`done` is not asked again");
        assert_eq!(pass(&[], |n: &usize| *n, &mut || ControlFlow::Break(())), Some(vec![]));
    }

    #[test]
    fn a_pool_of_one_thread_does_all_itself() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.install(|| {
            let own = std::thread::current().id();
            let found =
                pass(&[1, 2, 3], |n| (std::thread::current().id(), 2 * n), &mut || ControlFlow::Continue(()));
            assert_eq!(found, Some(vec![(own, 2), (own, 4), (own, 6)]));
            assert_eq!(pass(&[1, 2], |n| *n, &mut || ControlFlow::Break(())), None);
        });
    }
}
