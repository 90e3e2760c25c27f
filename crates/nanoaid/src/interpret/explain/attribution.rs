//! Attribution: the map of one method, with what it sums up to.

use micrograph::Plane;

use super::ExplainConfig;
use super::cam::activation_map;
use super::error::{ExplainError, Tick};
use super::gradient::{integrated, mean, smooth_gradient, sum, through_relus, times_input};
use super::method::Method;
use super::relevance::relevance;
use super::removal::Removal;
use super::result::Completeness;
use super::scored::{LayerGradient, Scored};
use crate::interpret::views::Views;
use crate::network::ValueId;

/// A map over the micrograph.
#[derive(Clone, Debug)]
pub(super) struct Attribution {
    pub map: Plane,
    pub completeness: Option<Completeness>,
    pub n_steps: Option<usize>,
}

/// A micrograph and how it is looked at.
pub(super) struct Subject<'a> {
    pub plane: &'a Plane,
    pub views: &'a Views,
    pub config: &'a ExplainConfig,
    /// Layers whose maps class activation maps are made of, in the order of the network.
    pub layers: &'a [ValueId],
}

impl Subject<'_> {
    /// The gradients of each view at the layers that `method` looks at.
    pub(super) fn layer_gradients(
        &self,
        scored: &Scored<'_>,
        layers: &[ValueId],
        tick: Tick<'_>,
    ) -> Result<Vec<Vec<LayerGradient>>, ExplainError> {
        scored.at(&self.views.cut(self.plane), layers, tick)
    }

    /// The map of `method` for the score of `scored`.
    pub(super) fn attribution(
        &self,
        scored: &Scored<'_>,
        method: Method,
        tick: Tick<'_>,
    ) -> Result<Attribution, ExplainError> {
        let Self { plane, views, config, layers } = *self;
        let alone = |map| Attribution { map, completeness: None, n_steps: None };
        Ok(match method {
            Method::HiresCam => {
                let map = activation_map(method, &self.layer_gradients(scored, layers, tick)?, views);
                let cut = views.cut(plane);
                let whole = mean(&scored.scores(&cut, tick)?);
                let expected = whole - mean(&scored.scores_without(&cut, layers, tick)?);
                complete(map, expected, "the score less the score of empty maps".to_owned(), None)
            }
            Method::GradCam | Method::LayerCam => {
                let deepest = &layers[layers.len() - 1..];
                alone(activation_map(method, &self.layer_gradients(scored, deepest, tick)?, views))
            }
            Method::GradientXInput => {
                let black = plane.map(|_| 0.0);
                let of = |plane: &Plane, tick: Tick<'_>| scored.scores(&views.cut(plane), tick);
                let expected = mean(&of(plane, tick)?) - mean(&of(&black, tick)?);
                let map = times_input(scored, views, plane, tick)?;
                complete(map, expected, "the score less that of a black image".to_owned(), None)
            }
            Method::IntegratedGradients => {
                let baseline = config.baseline.of(plane);
                let found = integrated(scored, views, (plane, &baseline), config.most_steps, tick)?;
                let of = format!("the score less that of the {} baseline", config.baseline.name());
                complete(found.map, found.expected, of, Some(found.n_steps))
            }
            Method::SmoothGrad => alone(smooth_gradient(scored, views, (plane, config.seed), tick)?),
            Method::GuidedBackprop | Method::Deconvnet => {
                alone(through_relus((scored, method), views, plane, tick)?)
            }
            Method::Lrp => {
                let found = relevance(scored, &views.cut(plane), tick)?;
                let mut map = views.gathered(&found.ratios);
                for (value, pixel) in map.values_mut().iter_mut().zip(plane.values()) {
                    *value *= pixel;
                }
                let expected = found.expected / views.len() as f64;
                complete(
                    map,
                    expected,
                    "the score less what biases and the normalization of the image keep".to_owned(),
                    None,
                )
            }
            Method::Occlusion => alone(self.removal(scored).occlusion(tick)?),
            Method::Rise => {
                let (map, n_masks) = self.removal(scored).rise((config.most_masks, config.seed), tick)?;
                Attribution { n_steps: Some(n_masks), ..alone(map) }
            }
        })
    }

    /// The score where parts are removed.
    pub(super) fn removal<'b>(&'b self, scored: &'b Scored<'b>) -> Removal<'b> {
        Removal { scored, views: self.views, plane: self.plane, fill: self.config.fill }
    }
}

fn complete(map: Plane, expected: f64, of: String, n_steps: Option<usize>) -> Attribution {
    let completeness = Some(Completeness { sum: sum(&map), expected, of });
    Attribution { map, completeness, n_steps }
}
