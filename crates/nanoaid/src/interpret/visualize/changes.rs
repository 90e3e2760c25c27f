//! Changes: settings that replace those of a preset, and objectives of whole layers.

use super::VisualizeError;
use super::canvas::CanvasConfig;
use super::config::VisualizeConfig;
use super::objective::Objective;
use super::penalty::Penalty;
use super::preset::Preset;
use super::tiling::frame_px;
use super::transform::{Transform, TransformSet};
use crate::Network;
use crate::network::NoLayer;

/// What replaces settings of a preset; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PresetChanges {
    /// Rows and columns of a picture; the preset's transforms follow.
    pub size: Option<usize>,
    /// Most steps.
    pub steps: Option<usize>,
    /// Size of a step.
    pub rate: Option<f32>,
    /// Starts of which the best is kept.
    pub restarts: Option<usize>,
    /// Pictures that are made together of one objective.
    pub members: Option<usize>,
    /// Seed of starts and transforms.
    pub seed: Option<u64>,
    /// What a picture is made of.
    pub canvas: Option<CanvasConfig>,
    /// Random changes on the way to the network.
    pub transforms: Option<TransformSet>,
    /// Whether pictures can be tiled, in place of any transforms.
    pub tileable: bool,
    /// Further penalties.
    pub penalties: Vec<Penalty>,
    /// How much pictures of one objective are to differ.
    pub diversity: Option<f32>,
    /// Draws of the transforms in each step.
    pub views: Option<usize>,
    /// First steps in which gradients pass ReLUs that would let nothing through.
    pub redirected_steps: Option<usize>,
    /// How many times as large pictures of a CPPN are drawn besides.
    pub enlarge: Option<usize>,
    /// Steps after which pictures are kept, too.
    pub snapshots: Vec<usize>,
}

impl PresetChanges {
    /// The settings of `preset` with these changes, for pictures of `objectives` of `network`.
    ///
    /// # Errors
    /// The first setting that is out of range, or if an objective's layer sees too far for a tile.
    pub fn of(
        &self,
        preset: Preset,
        network: &Network,
        objectives: &[Objective],
    ) -> Result<VisualizeConfig, VisualizeError> {
        let mut config = preset.config();
        if let Some(size) = self.size {
            (config.height, config.width) = (size, size);
            config.transforms = preset.transforms().transforms(size + 2 * config.margin_px);
        }
        if let Some(canvas) = &self.canvas {
            config.canvas = *canvas;
        }
        if let Some(set) = self.transforms {
            config.transforms = set.transforms(config.height.min(config.width));
        }
        if self.tileable {
            config.transforms = Transform::tileable(frame_px(network, objectives)?);
        }
        if let Some(rate) = self.rate {
            config.optimizer = config.optimizer.with_rate(rate);
        }
        config.steps = self.steps.unwrap_or(config.steps);
        config.restarts = self.restarts.unwrap_or(config.restarts);
        config.members = self.members.unwrap_or(config.members);
        config.seed = self.seed.unwrap_or(config.seed);
        config.snapshots.clone_from(&self.snapshots);
        config.penalties.extend(self.penalties.iter().cloned());
        config.diversity = self.diversity.unwrap_or(config.diversity);
        config.views = self.views.unwrap_or(config.views);
        config.redirected_steps = self.redirected_steps.unwrap_or(config.redirected_steps);
        config.enlarge = self.enlarge.unwrap_or(config.enlarge);
        Ok(config.checked()?)
    }
}

/// Every channel of `layer`.
///
/// # Errors
/// If `network` has no such layer.
pub fn channels_of(network: &Network, layer: &str) -> Result<Vec<Objective>, NoLayer> {
    let n = network.layer_of_values(layer)?.n_channels;
    Ok((0..n).map(|channel| Objective::channel(layer, channel)).collect())
}

/// Every class of `network`; `None` if it has no named classes.
pub fn classes_of(network: &Network) -> Option<Vec<Objective>> {
    Some(network.classes()?.iter().map(|class| Objective::class(class)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::builtin;

    #[test]
    fn what_is_not_given_stays_as_in_the_preset() {
        let network = builtin::named("autoencoder", crate::Device::Cpu).unwrap().unwrap();
        let objectives = [Objective::channel("encoder.1", 0)];
        let of = |changes: PresetChanges| changes.of(Preset::Borowski, &network, &objectives);
        let own = Preset::Borowski.config();
        assert_eq!(of(PresetChanges::default()).unwrap(), own);
        let changed = of(PresetChanges { seed: Some(0), steps: Some(3), ..PresetChanges::default() });
        assert_eq!(changed.unwrap(), VisualizeConfig { seed: 0, steps: 3, ..own });
        let refused = of(PresetChanges { steps: Some(0), ..PresetChanges::default() }).unwrap_err();
        assert!(refused.to_string().contains("steps"), "{refused}");
    }

    #[test]
    fn a_canvas_is_named_as_it_names_itself() {
        for name in ["pixels", "fourier", "phase", "decoder", "cppn"] {
            assert_eq!(name.parse::<CanvasConfig>().unwrap().name(), name);
        }
        let refused = "oil".parse::<CanvasConfig>().unwrap_err();
        assert_eq!(refused, "found `oil`, expected pixels, fourier, phase, decoder or cppn");
    }
}
