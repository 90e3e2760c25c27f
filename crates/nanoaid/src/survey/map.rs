//! Map: from a micrograph to its row, which depends on nothing else.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use micrograph::Source;

use super::input::Member;
use super::row::{Facts, Key, Row};
use crate::data::dataset::{Fingerprint, Origin};
use crate::data::prepare::{self, PrepareConfig};
use crate::interpret::exemplar::ActivationReader;

/// Most micrographs that are processed at a time; each takes a few hundred megabytes.
const MOST_AT_ONCE: usize = 8;

/// Rows of `members`, in their order: several are read at a time, unless there is one thread. `None` if `done` ended
/// the work.
pub(super) fn read(
    reader: &ActivationReader,
    members: &[Member],
    prepare: &PrepareConfig,
    done: &mut dyn FnMut() -> ControlFlow<()>,
) -> Option<Vec<Result<(Key, Row), String>>> {
    let n_threads = rayon::current_num_threads();
    if n_threads == 1 {
        let mut found = Vec::new();
        for member in members {
            found.push(row(reader, member, prepare));
            if done().is_break() {
                return None;
            }
        }
        return Some(found);
    }
    let n_workers = n_threads.clamp(2, MOST_AT_ONCE).min(members.len().max(1));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        // threads of their own, not the pool's: one that waits for a convolution must not begin with a further
        // micrograph meanwhile
        for _ in 0..n_workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some(place) = Some(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(member) = members.get(place) else { break };
                    sender
                        .send((place, row(reader, member, prepare)))
                        .expect("the receiver waits for all senders");
                }
            });
        }
        drop(sender);
        let mut found: Vec<_> = members.iter().map(|_| None).collect();
        let mut cancelled = false;
        for (place, row) in receiver {
            found[place] = Some(row);
            if !cancelled && done().is_break() {
                // no thread begins with a further one
                next.store(members.len(), Ordering::Relaxed);
                cancelled = true;
            }
        }
        if cancelled { None } else { found.into_iter().collect() }
    })
}

/// The row of one micrograph, or why there is none; the reason names no folder, so that it is the same everywhere.
fn row(reader: &ActivationReader, member: &Member, prepare: &PrepareConfig) -> Result<(Key, Row), String> {
    let entry = &member.entry;
    let prepared = match &entry.origin {
        Origin::File(path) => {
            let without_folder = |error: &dyn std::fmt::Display| {
                error.to_string().replace(&path.display().to_string(), &entry.file)
            };
            let source = Source::read(path).map_err(|error| without_folder(&error))?;
            if source.sha256() != member.sha256 {
                let (found, expected) = (&source.sha256()[..16], &member.sha256[..16]);
                return Err(format!(
                    "SHA-256 is {found}…, the list of files has {expected}…: the file was changed, make the list again"
                ));
            }
            prepare::source(&source, prepare).map_err(|error| without_folder(&error))?
        }
        Origin::Synthetic { .. } => entry.prepared(prepare)?,
    };
    let plane = &prepared.plane;
    let peaks = reader.peaks(plane).map_err(|error| error.to_string())?;
    let facts = Facts {
        category: entry.category.clone(),
        group: member.group(),
        height: plane.height(),
        width: plane.width(),
        nm_per_px: prepared.facts.calibration.as_ref().map(|calibration| calibration.nm_per_px_x),
        data_bar_px: prepared.facts.height.saturating_sub(plane.height()),
        from: Arc::from(Path::new("")),
    };
    let row = Row { facts, thumbnail: Fingerprint::of(plane).bytes().to_vec(), peaks: peaks.concat() };
    Ok((Key { sha256: member.sha256.clone(), file: entry.file.clone() }, row))
}
