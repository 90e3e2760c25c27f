//! Scans: which gratings drive the units whose pictures are made, layer by layer.

use std::collections::BTreeMap;

use crate::interpret::tuning::{GratingScan, LayerScan, scan_score};
use crate::interpret::visualize::{Objective, scores_of};
use crate::{Address, Network};

/// The scans of a network's layers, each made when it is first needed.
pub(super) struct ScansOfLayers<'a> {
    network: &'a Network,
    /// Height and width of the pictures.
    size: [usize; 2],
    of: BTreeMap<String, Option<LayerScan>>,
}

impl<'a> ScansOfLayers<'a> {
    pub(super) fn new(network: &'a Network, size: [usize; 2]) -> Self {
        Self { network, size, of: BTreeMap::new() }
    }

    /// The gratings that drive `objective` most; nothing for one that compares with a micrograph or
    /// is about several pictures.
    pub(super) fn of(&mut self, objective: &Objective) -> Option<GratingScan> {
        if let Some((layer, channel)) = scanned(objective, self.network) {
            let network = self.network;
            let scan = self.of.entry(layer).or_insert_with_key(|layer| LayerScan::of(network, layer).ok());
            if let Some(found) = scan.as_ref().and_then(|scan| scan.unit(channel)) {
                return Some(found);
            }
        }
        if objective.needs_micrograph() || objective.least_members() > 1 {
            return None;
        }
        let score = |planes: &[micrograph::Plane]| scores_of(self.network, objective, planes);
        Some(scan_score(self.size, &score))
    }
}

/// The layer and the channel that `objective` is about, if it is one.
fn scanned(objective: &Objective, network: &Network) -> Option<(String, usize)> {
    match objective {
        Objective::Unit(Address::Layer { layer, channel: Some(channel), .. })
        | Objective::Center { layer, channel }
        | Objective::Energy { layer, channel } => Some((layer.clone(), *channel)),
        Objective::Unit(Address::Class(label)) => {
            let class = network.classes()?.iter().position(|class| class == label)?;
            Some((network.layers().last()?.name.clone(), class))
        }
        _ => None,
    }
}
