//! Patch source: random patches of one split, in batches, epoch after epoch.
//!
//! Patch `index` of an epoch is drawn from a random stream of its own, micrograph first, so the
//! patches of an epoch depend on the seed alone: not on the threads, not on memory, not on earlier
//! epochs. Micrographs that don't fit into memory together are visited in *shelves*: runs of the
//! epoch's shuffled order that do fit. Then the patches are the same, and come shelf after shelf.
//!
//! A micrograph that turns out to be unreadable is skipped and reported, and another is drawn for
//! its patches. Synthetic micrographs are made when they are first drawn from, and are held or
//! dropped like those of files.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use micrograph::Plane;
use micrograph::random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Dataset, DatasetError, Entry, Skipped, Split, patch};
use crate::ConfigError;
use crate::data::prepare::PrepareConfig;

/// Batches that are made ahead.
const BATCHES_AHEAD: usize = 4;
/// Micrographs that are drawn for a patch before a flat one is taken.
const MOST_FLAT_MICROGRAPHS: usize = 8;

/// How patches are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PatchConfig {
    /// Rows and columns of a patch, at least 1.
    pub patch: usize,
    /// Patches in an epoch, at least 1, below 2³².
    pub patches_per_epoch: usize,
    /// Patches in a batch, at least 1; the last batch of an epoch may have fewer.
    pub batch: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Standard deviation below which a patch is drawn again, in `[0, 0.5]`; 0: never.
    pub flat_below: f64,
    /// Most bytes that prepared micrographs may take in memory; one is always held. Files being
    /// decoded and synthetic micrographs being made, one for each thread, come on top.
    pub cache_bytes: usize,
}

impl Default for PatchConfig {
    fn default() -> Self {
        Self {
            patch: 128,
            patches_per_epoch: 8192,
            batch: 32,
            seed: 0,
            flat_below: 0.02,     // five grey levels of 256: noise on a bare substrate
            cache_bytes: 1 << 30, // 340 micrographs of 1024 × 768 pixels
        }
    }
}

impl PatchConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let counts = [
            ("patches.patch", self.patch),
            ("patches.patches_per_epoch", self.patches_per_epoch),
            ("patches.batch", self.batch),
        ];
        for (name, count) in counts {
            if count == 0 || u32::try_from(count).is_err() {
                return Err(ConfigError::new(name, count, "at least 1, below 2³²"));
            }
        }
        if !(0.0..=0.5).contains(&self.flat_below) {
            return Err(ConfigError::new("patches.flat_below", self.flat_below, "from 0 to 0.5"));
        }
        Ok(self)
    }
}

/// Patches with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Values in `[0, 1]`, `[N, 1, P, P]`, the last index fastest.
    pub values: Vec<f32>,
    /// Number of patches `N`.
    pub n: usize,
    /// Rows and columns of a patch `P`.
    pub patch: usize,
    /// For each patch the place of its category in [`Dataset::categories`]; `None`: not known.
    pub labels: Vec<Option<usize>>,
    /// How many of the patches are flatter than requested, since several micrographs in a row had
    /// nothing better.
    pub n_flat: usize,
}

/// Random patches of the micrographs of one split.
#[derive(Clone, Debug)]
pub struct PatchSource {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: PatchConfig,
    prepare: PrepareConfig,
    /// Micrographs whose headers could be read and are large enough.
    shelved: Vec<Shelved>,
    /// Files that were skipped when the headers were read.
    skipped: Vec<Skipped>,
    /// Micrograph → why it was skipped when its pixels were read.
    unusable: Mutex<BTreeMap<usize, String>>,
    /// Planes that stay between epochs: all, if they fit.
    kept: Mutex<HashMap<usize, Plane>>,
}

#[derive(Debug)]
struct Shelved {
    entry: Entry,
    label: Option<usize>,
    /// Bytes of its plane; fewer once the data bar is cut off.
    bytes: usize,
}

impl PatchSource {
    /// The patches of `split` of `dataset`. Reads the header of each file, and pixels until one
    /// micrograph is found that can be used.
    ///
    /// # Errors
    /// If a setting is out of range, the split is empty, or no micrograph can be used.
    pub fn new(dataset: &Dataset, split: Split, config: PatchConfig) -> Result<Self, DatasetError> {
        let config = config.checked()?;
        let prepare = dataset.prepare_config();
        let categories = dataset.categories();
        let entries: Vec<&Entry> = dataset.of(split).collect();
        if entries.is_empty() {
            return Err(DatasetError::EmptySplit { split });
        }
        let headers: Vec<Result<usize, String>> = entries
            .par_iter()
            .map(|entry| {
                let (height, width) = entry.size(&prepare)?;
                check_size(height, width, config.patch)?;
                Ok(height.saturating_mul(width).saturating_mul(size_of::<f32>()))
            })
            .collect();
        let (mut shelved, mut skipped) = (Vec::new(), Vec::new());
        for (&entry, header) in entries.iter().zip(headers) {
            match header {
                Ok(bytes) => {
                    let label = Dataset::label(&categories, entry);
                    shelved.push(Shelved { entry: entry.clone(), label, bytes });
                }
                Err(reason) => skipped.push(Skipped { file: entry.file.clone(), reason }),
            }
        }
        let (unusable, kept) = Default::default();
        let source = Self { inner: Arc::new(Inner { config, prepare, shelved, skipped, unusable, kept }) };
        source.check_usable(entries.len())?;
        Ok(source)
    }

    /// The batches of epoch `epoch`, made ahead on a thread of their own, which ends when they
    /// are dropped.
    ///
    /// An epoch has `patches_per_epoch` patches, unless every micrograph becomes unreadable on
    /// the way.
    ///
    /// # Panics
    /// If the system can't start a thread.
    pub fn epoch(&self, epoch: u64) -> Epoch {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        let inner = Arc::clone(&self.inner);
        let worker = std::thread::spawn(move || inner.send_epoch(epoch, &sender));
        Epoch { receiver: Some(receiver), worker: Some(worker) }
    }

    /// The micrographs skipped so far, in the order of their files. Damage that only shows in the
    /// pixels is found when a micrograph is first drawn.
    pub fn skipped(&self) -> Vec<Skipped> {
        let unusable = self.inner.unusable();
        let late = unusable.iter().map(|(&idx, reason)| Skipped {
            file: self.inner.shelved[idx].entry.file.clone(),
            reason: reason.clone(),
        });
        let mut skipped: Vec<Skipped> = self.inner.skipped.iter().cloned().chain(late).collect();
        skipped.sort_unstable();
        skipped
    }

    /// Number of micrographs that patches are drawn from, as far as is known.
    pub fn n_micrographs(&self) -> usize {
        self.inner.shelved.len() - self.inner.unusable().len()
    }

    fn check_usable(&self, n: usize) -> Result<(), DatasetError> {
        if (0..self.inner.shelved.len()).any(|idx| self.inner.load(idx).is_some()) {
            return Ok(());
        }
        let first = self.skipped().into_iter().next();
        let Skipped { file, reason } = first.expect("an entry is usable or skipped, and there is one");
        Err(DatasetError::NoneUsable { n, file, reason })
    }
}

/// The batches of one epoch.
#[derive(Debug)]
pub struct Epoch {
    receiver: Option<Receiver<Batch>>,
    worker: Option<JoinHandle<()>>,
}

impl Iterator for Epoch {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.receiver.as_ref().and_then(|receiver| receiver.recv().ok());
        if batch.is_none() {
            self.finish();
        }
        batch
    }
}

impl Epoch {
    /// Stops the worker and waits for it; a panic of the worker is resumed here.
    fn finish(&mut self) {
        self.receiver = None; // the worker's next batch finds no taker
        if let Some(Err(panic)) = self.worker.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Epoch {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A patch on its way: its stream, and the micrograph it is to be cut from.
struct Job {
    index: usize,
    stream: Stream,
    micrograph_idx: usize,
    /// Micrographs that had only flat places for it.
    n_flat: usize,
}

/// What became of a job.
enum Cut {
    Patch {
        values: Vec<f32>,
        micrograph_idx: usize,
        flat: bool,
    },
    /// Another micrograph was drawn.
    Redrawn(Job),
}

impl Inner {
    fn send_epoch(&self, epoch: u64, sender: &SyncSender<Batch>) {
        let shelves = self.shelves(epoch);
        let mut shelf_of = vec![0; self.shelved.len()];
        for (shelf_idx, shelf) in shelves.iter().enumerate() {
            for &micrograph_idx in shelf {
                shelf_of[micrograph_idx] = shelf_idx;
            }
        }
        let mut queues: Vec<Vec<Job>> = shelves.iter().map(|_| Vec::new()).collect();
        for index in 0..self.config.patches_per_epoch {
            let mut stream = Stream::new(self.config.seed, "patch", epoch << 32 | index as u64);
            let micrograph_idx = stream.below(self.shelved.len());
            queues[shelf_of[micrograph_idx]].push(Job { index, stream, micrograph_idx, n_flat: 0 });
        }

        let keep = shelves.len() == 1;
        let mut planes = if keep { std::mem::take(&mut *self.kept()) } else { HashMap::new() };
        let mut batch = self.empty_batch();
        // jobs may move to a shelf that was visited before, so shelves are visited until none is left
        'epoch: while queues.iter().any(|queue| !queue.is_empty()) {
            for shelf_idx in 0..shelves.len() {
                let mut queue = std::mem::take(&mut queues[shelf_idx]);
                queue.sort_unstable_by_key(|job| job.index);
                let mut queue = queue.into_iter().peekable();
                while queue.peek().is_some() {
                    let mut jobs: Vec<Job> = queue.by_ref().take(self.config.batch).collect();
                    let mut patches = BTreeMap::new();
                    while !jobs.is_empty() {
                        self.load_for(&jobs, &mut planes);
                        if self.n_usable() == 0 {
                            break 'epoch;
                        }
                        let indices: Vec<usize> = jobs.iter().map(|job| job.index).collect();
                        let cuts: Vec<Cut> = jobs.into_par_iter().map(|job| self.cut(job, &planes)).collect();
                        jobs = Vec::new();
                        for (index, cut) in indices.into_iter().zip(cuts) {
                            match cut {
                                Cut::Patch { .. } => drop(patches.insert(index, cut)),
                                Cut::Redrawn(job) if shelf_of[job.micrograph_idx] == shelf_idx => {
                                    jobs.push(job)
                                }
                                Cut::Redrawn(job) => queues[shelf_of[job.micrograph_idx]].push(job),
                            }
                        }
                    }
                    for cut in patches.into_values() {
                        self.put(&mut batch, cut);
                        if batch.n == self.config.batch {
                            let full = std::mem::replace(&mut batch, self.empty_batch());
                            if sender.send(full).is_err() {
                                break 'epoch; // nobody listens any more
                            }
                        }
                    }
                }
                if !keep {
                    planes.clear();
                }
            }
        }
        if keep {
            *self.kept() = planes;
        }
        if batch.n > 0 {
            let _ = sender.send(batch); // whether or not somebody listens: this was the last
        }
    }

    /// The epoch's shuffled micrographs, cut into runs whose planes fit into `cache_bytes`.
    fn shelves(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.shelved.len()).collect();
        Stream::new(self.config.seed, "shelf", epoch).shuffle(&mut order);
        let (mut shelves, mut shelf, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        for micrograph_idx in order {
            let more = self.shelved[micrograph_idx].bytes;
            if !shelf.is_empty() && bytes.saturating_add(more) > self.config.cache_bytes {
                shelves.push(std::mem::take(&mut shelf));
                bytes = 0;
            }
            bytes = bytes.saturating_add(more);
            shelf.push(micrograph_idx);
        }
        shelves.push(shelf);
        shelves
    }

    /// Loads the micrographs of `jobs` that are neither in `planes` nor known to be unusable.
    fn load_for(&self, jobs: &[Job], planes: &mut HashMap<usize, Plane>) {
        let mut needed: Vec<usize> = jobs.iter().map(|job| job.micrograph_idx).collect();
        needed.sort_unstable();
        needed.dedup();
        needed.retain(|idx| !planes.contains_key(idx) && !self.unusable().contains_key(idx));
        planes.par_extend(needed.into_par_iter().filter_map(|idx| Some((idx, self.load(idx)?))));
    }

    /// The prepared plane of a micrograph; `None`, and noted, if it can't be used.
    fn load(&self, micrograph_idx: usize) -> Option<Plane> {
        let plane = self.shelved[micrograph_idx].entry.plane(&self.prepare).and_then(|plane| {
            check_size(plane.height(), plane.width(), self.config.patch)?;
            Ok(plane)
        });
        plane.map_err(|reason| self.unusable().insert(micrograph_idx, reason)).ok()
    }

    /// Cuts the patch of `job`, or draws another micrograph for it.
    fn cut(&self, mut job: Job, planes: &HashMap<usize, Plane>) -> Cut {
        if let Some(plane) = planes.get(&job.micrograph_idx) {
            let (size, flat_below) = (self.config.patch, self.config.flat_below);
            let (values, contrasted) = patch::drawn(plane, size, flat_below, &mut job.stream);
            job.n_flat += usize::from(!contrasted);
            if contrasted || job.n_flat == MOST_FLAT_MICROGRAPHS {
                return Cut::Patch { values, micrograph_idx: job.micrograph_idx, flat: !contrasted };
            }
        }
        job.micrograph_idx = job.stream.below(self.shelved.len());
        Cut::Redrawn(job)
    }

    fn put(&self, batch: &mut Batch, cut: Cut) {
        if let Cut::Patch { values, micrograph_idx, flat } = cut {
            batch.values.extend(values);
            batch.labels.push(self.shelved[micrograph_idx].label);
            batch.n += 1;
            batch.n_flat += usize::from(flat);
        }
    }

    fn empty_batch(&self) -> Batch {
        let PatchConfig { patch, batch, .. } = self.config;
        let values = Vec::with_capacity(batch * patch * patch);
        Batch { values, n: 0, patch, labels: Vec::with_capacity(batch), n_flat: 0 }
    }

    fn n_usable(&self) -> usize {
        self.shelved.len() - self.unusable().len()
    }

    fn unusable(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.unusable.lock().expect("no thread panics while it notes a file")
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<usize, Plane>> {
        self.kept.lock().expect("no thread panics while it moves planes")
    }
}

fn check_size(height: usize, width: usize, patch: usize) -> Result<(), String> {
    if height < patch || width < patch {
        return Err(format!(
            "{height} rows of {width} pixels of specimen, expected at least {patch} of {patch}, the size of a patch"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
