//! Objective: what a feature visualization climbs, as data. Higher is better.
//!
//! An objective names units of a network and what is made of their activations; it knows neither
//! weights nor images. Its text form ([`std::fmt::Display`], [`std::str::FromStr`]) is used on the
//! command line and in records. Terms as in Olah et al. (2017) and Lucid's `objectives`.

mod text;

pub use text::ObjectiveError;

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Address;

/// What is maximized. Activations of a layer are `[C, H, W]`.
///
/// ```
/// use nanoaid::interpret::visualize::Objective;
///
/// let objective: Objective = "encoder.2:5".parse()?;
/// assert_eq!(objective, Objective::channel("encoder.2", 5));
/// assert_eq!(objective.to_string(), "encoder.2:5");
/// # Ok::<(), nanoaid::interpret::visualize::ObjectiveError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Objective {
    /// Of a layer: mean of the squared activations (deep dream). Of a channel: mean over its map.
    /// Of a neuron: its activation. Of a class: its logit, never its probability, which is raised
    /// by lowering the others, too.
    Unit(Address),
    /// The neuron of a channel in the middle of its map, the lower right one of four.
    Center {
        /// The layer.
        layer: String,
        /// The channel.
        channel: usize,
    },
    /// Mean over a channel's map of the squares of activations above 0: strong places count more than
    /// many weak ones.
    Energy {
        /// The layer.
        layer: String,
        /// The channel.
        channel: usize,
    },
    /// Mean over positions of `⟨a, v⟩ · max(0.1, cos)^p`, where `a` is the activation vector of a
    /// position and `cos` that of its angle with `v`.
    Direction {
        /// The layer.
        layer: String,
        /// Channels and components of `v`; the others are 0.
        components: Vec<(usize, f32)>,
        /// `p`, at least 0; with 0 the score is linear.
        cosine_power: f32,
        /// Whether `v` is multiplied by the inverse of the activations' second moments over a data
        /// set first, so that directions that are strong everywhere count less; see
        /// [`crate::interpret::visualize::Whitening`].
        whitened: bool,
    },
    /// Squared difference between the output of an autoencoder and the image: its mean, or that
    /// of one pixel.
    Error {
        /// Row and column of the pixel; all of them if `None`.
        position: Option<(usize, usize)>,
    },
    /// For pictures that are made together: the first climbs `from`, the last `to`, those between a
    /// mixture of both in equal steps.
    Between {
        /// Of the first.
        from: Box<Objective>,
        /// Of the last.
        to: Box<Objective>,
    },
    /// For pictures that are made together: how unlike they are. The negative mean over pairs of
    /// the products of their Gram matrices `a aᵀ`, each scaled to norm 1 (Olah et al. 2017).
    Diversity {
        /// The layer.
        layer: String,
    },
    /// For pictures that are made together: the score `s` of another objective less what they have in
    /// common at a layer, `s − share · |s| · alike`, with the mean over the others of the products that
    /// [`Self::Diversity`] is made of, in `[0, 1]` after a ReLU, as `alike`. The share means the same
    /// whatever the size of a network's activations.
    Diverse {
        /// What is climbed besides.
        of: Box<Objective>,
        /// The layer.
        layer: String,
        /// 0 to 1.
        share: f32,
    },
    /// `⟨a, b⟩ / n · max(0.1, cos)^p` with the `n` activations `b` of a given micrograph and the cosine
    /// of both: what the layer sees in it, enhanced (Lucid's caricature, whose cosine lacks `‖b‖`).
    Caricature {
        /// The layer.
        layer: String,
        /// `p`, at least 0.
        cosine_power: f32,
    },
    /// `1 − ‖a − b‖² / ‖b‖²` with the activations `b` of a given micrograph: what the layer has kept
    /// of it (Mahendran and Vedaldi 2015).
    Inversion {
        /// The layer.
        layer: String,
    },
    /// Sum with weights, in any sign.
    Sum(Vec<(f32, Objective)>),
}

impl Objective {
    /// Channel `channel` of `layer`.
    pub fn channel(layer: &str, channel: usize) -> Self {
        Self::Unit(Address::channel(layer, channel))
    }

    /// The logit of class `label`.
    pub fn class(label: &str) -> Self {
        Self::Unit(Address::Class(label.to_owned()))
    }

    /// The same with the energy of channels in place of their mean.
    pub fn squared(&self) -> Self {
        match self {
            Self::Unit(Address::Layer { layer, channel: Some(channel), position: None }) => {
                Self::Energy { layer: layer.clone(), channel: *channel }
            }
            Self::Sum(terms) => {
                Self::Sum(terms.iter().map(|(weight, term)| (*weight, term.squared())).collect())
            }
            Self::Diverse { of, layer, share } => of.squared().diverse(layer, *share),
            _ => self.clone(),
        }
    }

    /// The same, to be made as small as can be.
    pub fn minimum(self) -> Self {
        Self::Sum(vec![(-1.0, self)])
    }

    /// The same for pictures that are to differ at `layer`.
    pub fn diverse(self, layer: &str, share: f32) -> Self {
        Self::Diverse { of: Box::new(self), layer: layer.to_owned(), share }
    }

    /// All layers it needs the activations of; classes are left out.
    pub fn layers(&self) -> BTreeSet<&str> {
        let mut layers = BTreeSet::new();
        self.visit(&mut |objective| match objective {
            Self::Unit(Address::Layer { layer, .. })
            | Self::Center { layer, .. }
            | Self::Energy { layer, .. }
            | Self::Direction { layer, .. }
            | Self::Diversity { layer }
            | Self::Diverse { layer, .. }
            | Self::Caricature { layer, .. }
            | Self::Inversion { layer } => {
                layers.insert(layer.as_str());
            }
            _ => {}
        });
        layers
    }

    /// The layers of its directions that are to be whitened.
    pub fn whitened_layers(&self) -> BTreeSet<String> {
        let mut layers = BTreeSet::new();
        self.visit(&mut |objective| {
            if let Self::Direction { layer, whitened: true, .. } = objective {
                layers.insert(layer.clone());
            }
        });
        layers
    }

    /// Whether it compares with a given micrograph.
    pub fn needs_micrograph(&self) -> bool {
        let mut needed = false;
        self.visit(&mut |objective| {
            needed |= matches!(objective, Self::Caricature { .. } | Self::Inversion { .. });
        });
        needed
    }

    /// The least number of pictures that it has to be climbed by together.
    pub fn least_members(&self) -> usize {
        let mut members = 1;
        self.visit(&mut |objective| {
            let together =
                matches!(objective, Self::Between { .. } | Self::Diversity { .. } | Self::Diverse { .. });
            if together {
                members = 2;
            }
        });
        members
    }

    /// Calls `see` for it and every objective that it is made of.
    pub(super) fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        match self {
            Self::Between { from, to } => {
                from.visit(see);
                to.visit(see);
            }
            Self::Sum(terms) => terms.iter().for_each(|(_, term)| term.visit(see)),
            Self::Diverse { of, .. } => of.visit(see),
            _ => {}
        }
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
