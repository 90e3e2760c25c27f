//! Pictures that are made together and are to differ.

use super::super::image::Shape;
use super::super::scorer::Scorer;
use super::gradients::classifier;
use super::*;

const SIDE: usize = 32;

/// What four pictures of `objective` have in common at `layer`, from 0 to 1.
fn in_common(network: &Network, objective: &Objective, layer: &str, diversity: f32) -> f32 {
    let config = VisualizeConfig {
        height: SIDE,
        width: SIDE,
        members: 4,
        diversity,
        steps: 96,
        stop_gain: 0.0,
        ..Preset::Fast.config()
    };
    let found = pictures(network, std::slice::from_ref(objective), &config).remove(0);
    let images: Vec<Vec<f32>> = found.pictures.iter().map(|planes| planes[0].values().to_vec()).collect();
    let diversity = Objective::Diversity { layer: layer.to_owned() };
    let shape = Shape { channels: 1, height: SIDE, width: SIDE };
    let scores = Scorer::new(network, &[diversity], 4).scores(&images, shape, None);
    -scores.iter().sum::<f32>() / 4.0
}

#[test]
fn pictures_of_channels_and_classes_differ_more_where_they_are_to() {
    let (autoencoder, classifier) = (autoencoder(), classifier());
    let spatial = classifier.layers().iter().rfind(|layer| layer.map_length(SIDE) > 1).expect("it has maps");
    for (network, objective, layer) in [
        (&autoencoder, Objective::channel("encoder.1", 2), "encoder.1"),
        (&classifier, Objective::class("powder"), spatial.name.as_str()),
    ] {
        let unlike = |diversity| 1.0 - in_common(network, &objective, layer, diversity);
        let (alone, together) = (unlike(0.0), unlike(0.9));
        assert!(together > 2.0 * alone, "{objective}: {alone} without, {together} with diversity");
    }
}

#[test]
fn a_share_of_diversity_does_not_depend_on_the_size_of_activations() {
    // the same network with a hundred times the activations: what is climbed is scaled, and nothing else
    let kernels = [gabor(9, 5.0, 20.0), gabor(9, 5.0, 110.0), gabor(9, 8.0, 60.0)];
    let large = kernels.each_ref().map(|kernel| kernel.iter().map(|value| 100.0 * value).collect());
    let objective = Objective::channel("unit", 0).diverse("unit", 0.5);
    let shape = Shape { channels: 1, height: SIDE, width: SIDE };
    let images: Vec<Vec<f32>> = [20.0, 60.0]
        .map(|axis| gabor(SIDE, 5.0, axis).iter().map(|value| 0.5 + 0.4 * value).collect())
        .to_vec();
    let partials = |kernels: &[Vec<f32>]| {
        let network = planted(kernels, &[0.0; 3], true);
        Scorer::new(&network, std::slice::from_ref(&objective), 2).gradients(&images, shape, None, false).1
    };
    let (of_small, of_large) = (partials(&kernels).concat(), partials(&large).concat());
    let largest = of_small.iter().fold(0.0_f32, |most, partial| most.max(partial.abs()));
    assert!(largest > 0.0);
    for (small, large) in of_small.iter().zip(of_large) {
        assert!((100.0 * small - large).abs() < 1e-2 * largest, "{small} {large}");
    }
}
