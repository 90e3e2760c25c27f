//! Units: which channels carry a score.

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::scored::LayerGradient;
use crate::Address;
use crate::interpret::views::Views;

/// Channels that are listed for the score, and against it.
const N_FOR: usize = 6;
const N_AGAINST: usize = 3;

/// What a channel adds to the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitShare {
    /// The channel.
    pub unit: Address,
    /// What it adds, below 0 where it speaks against; mean over the views.
    pub contribution: f64,
}

/// The channels of the layers called `names` that add most to the score and take most from it, the strongest first, each with
/// its map on the plane. Exact where the score is linear in the maps, else its first-order part.
pub(super) fn units(
    names: &[&str],
    of_views: &[Vec<LayerGradient>],
    views: &Views,
) -> Vec<(UnitShare, Plane)> {
    let mut all: Vec<(usize, usize, f64)> = Vec::new();
    for layer in 0..names.len() {
        let n_channels = of_views.first().map_or(0, |layers| layers[layer].n_channels);
        for channel in 0..n_channels {
            let of_view = |layers: &Vec<LayerGradient>| {
                let (activations, gradients) = layers[layer].channel(channel);
                let products = activations.iter().zip(gradients).map(|(a, g)| f64::from(a * g));
                products.sum::<f64>()
            };
            let sum: f64 = of_views.iter().map(of_view).sum();
            all.push((layer, channel, sum / of_views.len() as f64));
        }
    }
    all.sort_by(|a, b| b.2.total_cmp(&a.2));
    let n_for = all.iter().take(N_FOR).filter(|(.., sum)| *sum > 0.0).count();
    let n_against = all.iter().rev().take(N_AGAINST).filter(|(.., sum)| *sum < 0.0).count();
    let against = all.iter().rev().take(n_against);
    let listed = all.iter().take(n_for).chain(against);
    listed
        .map(|&(layer, channel, contribution)| {
            let maps: Vec<Plane> = of_views
                .iter()
                .map(|layers| {
                    let own = &layers[layer];
                    let (activations, gradients) = own.channel(channel);
                    let values = activations.iter().zip(gradients).map(|(a, g)| a * g).collect();
                    Plane::new(own.height, own.width, values)
                })
                .collect();
            let unit = Address::channel(names[layer], channel);
            (UnitShare { unit, contribution }, views.enlarged(&maps))
        })
        .collect()
}
