//! Choosing: which micrographs stand for a channel, and where in each.
//!
//! The nine that drive it most say what it is for, the nine that drive it least what it is not
//! for; nine at the deciles in between show what the extremes leave out. Of micrographs that show
//! the same place only the first is taken, and ties are broken by the hash of the content: what is
//! chosen does not depend on the order in which micrographs were read.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use micrograph::Rect;
use serde::{Deserialize, Serialize};

use super::{ActivationReader, Histogram, IndexedMicrograph, LayerAnswers, NearDuplicates};
use crate::{ConfigError, Layer};

/// How many are chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChooseConfig {
    /// Strongest, weakest and middle ones each, 1 to 99.
    pub n: usize,
    /// Strongest ones of each class, 0 to 99.
    pub n_of_class: usize,
}

impl Default for ChooseConfig {
    fn default() -> Self {
        Self {
            n: 9, // a square of three, as DVT and Borowski show
            n_of_class: 6,
        }
    }
}

impl ChooseConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if !(1..100).contains(&self.n) {
            return Err(ConfigError::new("exemplars.n", self.n, "1 to 99"));
        }
        if self.n_of_class >= 100 {
            return Err(ConfigError::new("exemplars.n_of_class", self.n_of_class, "0 to 99"));
        }
        Ok(self)
    }
}

/// A real patch and how much it drives a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemplar {
    /// The micrograph, by its place among those that were read.
    pub image: usize,
    /// Largest activation in that micrograph.
    pub value: f32,
    /// Row and column of its position in the feature map.
    pub position: (usize, usize),
    /// Pixels of the specimen that this position depends on.
    pub field: Rect,
}

/// What real micrographs say of one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitExemplars {
    /// The channel.
    pub channel: usize,
    /// Whether nothing drives it: the same largest activation in every micrograph. Then there are
    /// no exemplars.
    pub dead: bool,
    /// Those that drive it most, strongest first.
    pub strongest: Vec<Exemplar>,
    /// Those that drive it least, weakest first.
    pub weakest: Vec<Exemplar>,
    /// Those at even steps between the weakest and the strongest, weakest first.
    pub middle: Vec<Exemplar>,
    /// The strongest of each class.
    pub of_class: BTreeMap<String, Vec<Exemplar>>,
    /// How the largest activations are spread.
    pub histogram: Histogram,
}

impl UnitExemplars {
    /// The strongest exemplars, then the weakest, no micrograph twice.
    pub fn ends(&self) -> impl Iterator<Item = &Exemplar> {
        let strong = |image: usize| self.strongest.iter().any(|exemplar| exemplar.image == image);
        self.strongest.iter().chain(self.weakest.iter().filter(move |exemplar| !strong(exemplar.image)))
    }
}

/// Chooses exemplars of `channel` of `layer` among the micrographs `seen`, which gave `answers`.
///
/// # Panics
/// If there are not as many answers as micrographs.
pub fn choose(
    (seen, alike): (&[IndexedMicrograph], &NearDuplicates),
    (layer, answers): (&Layer, &LayerAnswers),
    channel: usize,
    config: &ChooseConfig,
) -> UnitExemplars {
    assert_eq!(seen.len(), answers.n_images(), "one answer a micrograph");
    let histogram = Histogram::of(seen, answers, channel);
    let dead = answers.is_dead(channel);
    let mut order: Vec<usize> = if dead { Vec::new() } else { (0..seen.len()).collect() };
    // strongest first
    order.sort_by(|&a, &b| {
        let values = answers.peak(b, channel).value.total_cmp(&answers.peak(a, channel).value);
        values.then_with(|| by_content(&seen[a], &seen[b]))
    });
    let exemplar = |image: usize| {
        let peak = answers.peak(image, channel);
        let position = (peak.y as usize, peak.x as usize);
        let size = (seen[image].height, seen[image].width);
        Exemplar { image, value: peak.value, position, field: ActivationReader::field(layer, position, size) }
    };
    let pick = |candidates: &mut dyn Iterator<Item = usize>, n: usize| -> Vec<Exemplar> {
        distinct(candidates, alike, n).into_iter().map(exemplar).collect()
    };
    let classes: BTreeSet<&String> = seen.iter().filter_map(|seen| seen.category.as_ref()).collect();
    let of_class = classes.into_iter().map(|class| {
        let mut members = order.iter().copied().filter(|&image| seen[image].category.as_ref() == Some(class));
        (class.clone(), pick(&mut members, config.n_of_class))
    });
    UnitExemplars {
        channel,
        dead,
        strongest: pick(&mut order.iter().copied(), config.n),
        weakest: pick(&mut order.iter().rev().copied(), config.n),
        middle: pick(&mut steps(&order, config.n).into_iter(), config.n),
        of_class: of_class.collect(),
        histogram,
    }
}

/// Names of files decide only between equal contents.
fn by_content(a: &IndexedMicrograph, b: &IndexedMicrograph) -> Ordering {
    (&a.sha256, &a.file).cmp(&(&b.sha256, &b.file))
}

/// The first `n` candidates of which no two show the same place.
fn distinct(candidates: &mut dyn Iterator<Item = usize>, alike: &NearDuplicates, n: usize) -> Vec<usize> {
    let mut taken: Vec<usize> = Vec::with_capacity(n);
    for image in candidates {
        if taken.len() == n {
            break;
        }
        if !taken.iter().any(|&other| alike.holds(image, other)) {
            taken.push(image);
        }
    }
    taken
}

/// `n` of `order`, strongest first, at even steps inside; weakest first.
fn steps(order: &[usize], n: usize) -> Vec<usize> {
    let places: BTreeSet<usize> = (1..=n).map(|step| step * order.len() / (n + 1)).collect();
    places.into_iter().rev().filter_map(|place| order.get(place).copied()).collect()
}
