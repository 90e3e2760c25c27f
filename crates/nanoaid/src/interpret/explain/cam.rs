//! Class activation maps: the score by what each position of the maps of a layer adds to it.

use micrograph::Plane;

use super::Method;
use super::scored::LayerGradient;
use crate::interpret::views::Views;

/// The map of `method` on the plane, from the gradients of each view at some layers; each layer's positions are
/// enlarged to what they lie over.
pub(super) fn activation_map(method: Method, of_views: &[Vec<LayerGradient>], views: &Views) -> Plane {
    let n_layers = of_views.first().map_or(0, Vec::len);
    let each = (0..n_layers).map(|layer| {
        let maps: Vec<Plane> = of_views.iter().map(|layers| of_view(method, &layers[layer])).collect();
        views.enlarged(&maps)
    });
    each.reduce(|mut sum, other| {
        for (sum, value) in sum.values_mut().iter_mut().zip(other.values()) {
            *sum += value;
        }
        sum
    })
    .expect("at least one layer has maps")
}

/// One value a position, `[H, W]`. HiRes-CAM keeps its sign, so that it sums up to the score.
pub(super) fn of_view(method: Method, layer: &LayerGradient) -> Plane {
    let n_positions = layer.height * layer.width;
    let mut sums = vec![0.0; n_positions];
    for channel in 0..layer.n_channels {
        let (activations, gradients) = layer.channel(channel);
        let mean = gradients.iter().sum::<f32>() / n_positions as f32;
        for ((sum, activation), gradient) in sums.iter_mut().zip(activations).zip(gradients) {
            let weight = match method {
                Method::GradCam => mean,
                Method::LayerCam => gradient.max(0.0),
                _ => *gradient,
            };
            *sum += weight * activation;
        }
    }
    if method != Method::HiresCam {
        sums.iter_mut().for_each(|sum| *sum = sum.max(0.0));
    }
    Plane::new(layer.height, layer.width, sums)
}
