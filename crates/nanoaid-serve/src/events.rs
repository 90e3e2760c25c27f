//! Events: the one stream on which everything is reported that happens by itself. Numbers and names only; pictures are
//! fetched. A page that connects again is told what it missed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;
use serde::Serialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::app::App;

/// Events that a page may have missed.
const RECENT: usize = 512;
/// Events that a slow page may be behind; then it is cut off and connects again.
const BEHIND: usize = 1024;
/// How often a quiet stream says that it is there.
const ALIVE: Duration = Duration::from_secs(15);

/// Number and JSON of an event.
type Said = (u64, Arc<str>);

#[derive(Default)]
struct State_ {
    last: u64,
    recent: VecDeque<Said>,
    pages: Vec<Sender<Said>>,
    is_ended: bool,
}

/// All pages that listen.
#[derive(Default)]
pub(crate) struct Events {
    state: Mutex<State_>,
}

impl Events {
    fn state(&self) -> MutexGuard<'_, State_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all pages.
    pub(crate) fn say(&self, value: &impl Serialize) {
        let Ok(text) = serde_json::to_string(value) else { return };
        let mut state = self.state();
        state.last += 1;
        let said: Said = (state.last, text.into());
        state.recent.push_back(said.clone());
        if state.recent.len() > RECENT {
            state.recent.pop_front();
        }
        state.pages.retain(|page| page.try_send(said.clone()).is_ok());
    }

    /// Events after number `after`, and all that follow.
    fn listen(&self, after: Option<u64>) -> Receiver<Said> {
        let (sender, receiver) = channel(BEHIND);
        let mut state = self.state();
        let after = after.unwrap_or(state.last);
        for said in state.recent.iter().filter(|(number, _)| *number > after) {
            let _ = sender.try_send(said.clone());
        }
        if !state.is_ended {
            state.pages.push(sender);
        }
        receiver
    }

    /// Ends all streams.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.is_ended = true;
        state.pages.clear();
    }
}

/// What one page is told.
pub(crate) struct Told(Receiver<Said>);

impl Stream for Told {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .poll_recv(context)
            .map(|said| said.map(|(number, text)| Ok(Event::default().id(number.to_string()).data(&*text))))
    }
}

/// The stream of one page.
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last =
        headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    Sse::new(Told(app.events.listen(last))).keep_alive(KeepAlive::new().interval(ALIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_comes_back_is_told_what_it_missed_and_a_new_one_is_not() {
        let events = Events::default();
        for n in 1..=3 {
            events.say(&n);
        }
        let mut back = events.listen(Some(1));
        let mut new = events.listen(None);
        events.say(&4);
        let all = |page: &mut Receiver<Said>| {
            std::iter::from_fn(|| page.try_recv().ok()).map(|(_, text)| text.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(all(&mut back), ["2", "3", "4"]);
        assert_eq!(all(&mut new), ["4"]);
    }

    #[test]
    fn a_page_that_does_not_read_is_cut_off_and_the_others_are_not() {
        let events = Events::default();
        let slow = events.listen(None);
        for n in 0..BEHIND + 10 {
            events.say(&n);
        }
        assert!(events.state().pages.is_empty(), "cut off");
        assert_eq!(slow.len(), BEHIND);
        assert!(events.state().recent.len() <= RECENT);
    }
}
