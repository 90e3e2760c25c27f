//! The units of several layers of one network as one row of numbers, and back.

use nanoaid::interpret::activation_index::ActivationIndex;
use nanoaid::interpret::differential::Labelled;
use nanoaid::interpret::exemplar::IndexedMicrograph;

/// Where each layer's units begin among those of all layers.
#[derive(Clone, Debug)]
pub(crate) struct Units {
    firsts: Vec<usize>,
    n: usize,
}

impl Units {
    /// Of the layers of `survey`.
    pub(crate) fn of(survey: &ActivationIndex) -> Self {
        let mut firsts = Vec::new();
        let mut n = 0;
        for layer in &survey.layers {
            firsts.push(n);
            n += layer.n_channels;
        }
        Self { firsts, n }
    }

    /// Number of units.
    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// Number of a unit.
    pub(crate) fn number(&self, layer: usize, channel: usize) -> usize {
        self.firsts[layer] + channel
    }

    /// Layer and channel of the unit of this number.
    pub(crate) fn place(&self, number: usize) -> (usize, usize) {
        let layer = self.firsts.partition_point(|&first| first <= number) - 1;
        (layer, number - self.firsts[layer])
    }
}

/// The largest activation of every unit of all layers, `[image][unit]`.
pub(crate) fn largest(survey: &ActivationIndex) -> Vec<f32> {
    let of_image = |image: usize| survey.layers.iter().flat_map(move |layer| layer.of_image(image));
    (0..survey.seen.len()).flat_map(of_image).map(|peak| peak.value).collect()
}

/// What the micrographs are.
pub(crate) fn labelled(seen: &[IndexedMicrograph]) -> Vec<Labelled> {
    let of =
        |seen: &IndexedMicrograph| Labelled { group: seen.group.clone(), category: seen.category.clone() };
    seen.iter().map(of).collect()
}
