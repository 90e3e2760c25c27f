//! Patches: what the segmenter learns from, made ahead on a thread of their own. Each follows from the
//! seed, the epoch and its number alone.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use micrograph::random::Stream;
use micrograph::synth::scene;

use super::config::SegmenterTraining;
use super::masked;
use super::target::{Patch, target};
use crate::data::masked::MaskedImage;

/// Batches that are ready before they are needed.
const BATCHES_AHEAD: usize = 3;
/// Seed of the scenes that epochs are compared by, which no training has.
pub(super) const VALIDATION_SEED: u64 = u64::MAX;

/// Patches of a gradient step.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub n: usize,
    /// Height and width.
    pub patch: usize,
    /// `[N, H, W]`
    pub values: Vec<f32>,
    /// `[N, 4, H, W]`
    pub targets: Vec<f32>,
}

impl Batch {
    pub(super) fn of(patches: &[Patch], patch: usize) -> Self {
        Self {
            n: patches.len(),
            patch,
            values: patches.iter().flat_map(|patch| patch.values.iter().copied()).collect(),
            targets: patches.iter().flat_map(|patch| patch.target.iter().copied()).collect(),
        }
    }
}

/// Where patches come from.
pub(super) struct Patches {
    inner: Arc<Inner>,
}

struct Inner {
    images: Vec<MaskedImage>,
    config: SegmenterTraining,
}

impl Patches {
    pub(super) fn new(images: Vec<MaskedImage>, config: &SegmenterTraining) -> Self {
        Self { inner: Arc::new(Inner { images, config: config.clone() }) }
    }

    /// The batches of `epoch`.
    pub(super) fn epoch(&self, epoch: usize) -> impl Iterator<Item = Batch> + use<> {
        let (sender, receiver): (_, Receiver<Batch>) = sync_channel(BATCHES_AHEAD);
        let inner = Arc::clone(&self.inner);
        // ends when no one takes its batches any more
        std::thread::spawn(move || {
            let SegmenterTraining { batch, patch, scenes_per_epoch, .. } = inner.config;
            let steps = scenes_per_epoch.div_ceil(batch) as u64;
            for step in 0..steps {
                let first = (epoch as u64 * steps + step) * batch as u64;
                let patches: Vec<Patch> =
                    (first..first + batch as u64).map(|index| inner.patch(index)).collect();
                if sender.send(Batch::of(&patches, patch)).is_err() {
                    return;
                }
            }
        });
        receiver.into_iter()
    }
}

impl Inner {
    /// Patch number `index` of the training.
    fn patch(&self, index: u64) -> Patch {
        let SegmenterTraining { patch, seed, masked_share, .. } = self.config;
        let mut random = Stream::new(seed, "segmenter/source", index);
        if !self.images.is_empty() && random.uniform() < masked_share {
            let image = &self.images[random.below(self.images.len())];
            return masked::patch(image, patch, seed, index);
        }
        of_scene(patch, seed, index)
    }
}

/// A synthetic scene.
pub(super) fn of_scene(patch: usize, seed: u64, index: u64) -> Patch {
    let found = scene((patch, patch), seed, index);
    let target = target(&found.labels, &found.kinds, (patch, patch));
    Patch { values: found.plane.into_values(), target }
}
