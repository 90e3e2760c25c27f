//! Whether objectives fit a network and a size, before anything is computed.

use super::VisualizeError;
use super::config::VisualizeConfig;
use super::image::Shape;
use super::objective::Objective;
use crate::{Address, Layer, Network};

/// Checks `objective` for `network` with images of `shape`, the smallest that transforms leave.
pub(super) fn objective(
    objective: &Objective,
    network: &Network,
    shape: Shape,
    config: &VisualizeConfig,
) -> Result<(), VisualizeError> {
    let refuse = |reason: String| Err(VisualizeError::Objective { objective: objective.to_string(), reason });
    let mut found = Ok(());
    objective.visit(&mut |part| {
        if found.is_ok()
            && let Err(reason) = part_fits(part, network, shape)
        {
            found = refuse(reason);
        }
    });
    found?;
    if config.members < objective.least_members() {
        let (members, least) = (config.members, objective.least_members());
        return refuse(format!(
            "needs at least {least} pictures that are made together (`members`), found {members}"
        ));
    }
    Ok(())
}

fn part_fits(part: &Objective, network: &Network, shape: Shape) -> Result<(), String> {
    match part {
        Objective::Unit(Address::Class(label)) => {
            let classes = network.classes().ok_or("the network has no named classes")?;
            if !classes.contains(label) {
                return Err(format!("no class `{label}`, expected one of: {}", classes.join(", ")));
            }
            let last = network.layers().last().ok_or("the network has no layers")?;
            large_enough(last, shape)
        }
        Objective::Unit(Address::Layer { layer, channel, position }) => {
            let layer = known(layer, network)?;
            large_enough(layer, shape)?;
            channels(layer, channel.iter().copied())?;
            let map = [shape.height, shape.width].map(|length| layer.map_length(length));
            match *position {
                Some((y, x)) if y >= map[0] || x >= map[1] => {
                    let [height, width] = map;
                    Err(format!("no position {y},{x} in a map of {width} × {height}"))
                }
                _ => Ok(()),
            }
        }
        Objective::Center { layer, channel } | Objective::Energy { layer, channel } => {
            let layer = known(layer, network)?;
            large_enough(layer, shape)?;
            channels(layer, [*channel])
        }
        Objective::Direction { layer, components, .. } => {
            let layer = known(layer, network)?;
            large_enough(layer, shape)?;
            channels(layer, components.iter().map(|(channel, _)| *channel))
        }
        Objective::Error { position } => {
            let last = network.layers().last().filter(|last| last.n_channels == network.channels_in());
            let (Some(last), true) = (last, network.layer("latent").is_some()) else {
                return Err("the network is no autoencoder".to_owned());
            };
            large_enough(last, shape)?;
            let [height, width] = [shape.height, shape.width].map(|length| last.map_length(length));
            match *position {
                Some((y, x)) if y >= height || x >= width => {
                    Err(format!("no pixel {y},{x} in an image of {width} × {height}"))
                }
                _ => Ok(()),
            }
        }
        Objective::Diversity { layer }
        | Objective::Diverse { layer, .. }
        | Objective::Caricature { layer, .. }
        | Objective::Inversion { layer } => large_enough(known(layer, network)?, shape),
        Objective::Between { .. } | Objective::Sum(_) => Ok(()),
    }
}

fn known<'a>(name: &str, network: &'a Network) -> Result<&'a Layer, String> {
    network.layer_of_values(name).map_err(|error| error.to_string())
}

fn large_enough(layer: &Layer, shape: Shape) -> Result<(), String> {
    if layer.map_length(shape.height) > 0 && layer.map_length(shape.width) > 0 {
        return Ok(());
    }
    let (Shape { height, width, .. }, least) = (shape, layer.least_px());
    Err(format!("`{}` needs at least {least} px, found {width} × {height}", layer.name))
}

fn channels(layer: &Layer, channels: impl IntoIterator<Item = usize>) -> Result<(), String> {
    match channels.into_iter().find(|channel| *channel >= layer.n_channels) {
        Some(channel) => {
            Err(format!("no channel {channel} in `{}`, which has {}", layer.name, layer.n_channels))
        }
        None => Ok(()),
    }
}
