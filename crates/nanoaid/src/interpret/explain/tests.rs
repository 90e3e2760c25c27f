//! Toy networks whose attributions were computed by hand, and what must hold for any network.

use std::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;

use super::attribution::Subject;
use super::faithfulness::mu_fidelity;
use super::gradient::{integrated, sum, through_relus, times_input};
use super::removal::Removal;
use super::scored::Scored;
use super::target::Score;
use super::*;
use crate::interpret::views::Views;
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation};
use crate::{Address, Architecture, AutoencoderConfig, CompactConfig, Device, Network};

fn on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn dense(weights: &[f32], bias: f32) -> Operation {
    dense_of(weights, &[bias])
}

/// `weights` output by output.
fn dense_of(weights: &[f32], biases: &[f32]) -> Operation {
    let device = Device::Cpu.burn();
    let shape = [biases.len(), weights.len() / biases.len()];
    let mut dense = crate::network::Dense::new([shape[1], shape[0]], 1.0, Init::Zero, "dense", &device);
    dense.weight = Tensor::from_data(TensorData::new(weights.to_vec(), shape), &device);
    dense.bias = Tensor::from_data(TensorData::new(biases.to_vec(), [biases.len()]), &device);
    Operation::Dense(dense)
}

fn convolution(kernel: usize, weights: Vec<f32>, biases: Vec<f32>) -> Operation {
    let mut shape = ConvolutionShape::same([1, biases.len()], kernel);
    shape.border = crate::network::Border::Sides(crate::kernels::Padding::same(1));
    shape.relu = true;
    let mut convolution = Convolution::new(shape, 2.0, Init::Zero, "convolution", &Device::Cpu.burn());
    convolution.set(weights, biases);
    Operation::Convolution(convolution)
}

/// A network of `graph`, which sees an image as a whole.
fn network(graph: Graph) -> Network {
    Network::of_graph(Architecture::Autoencoder(AutoencoderConfig::default()), graph, Device::Cpu)
}

fn score(layer: &str) -> Score {
    Score {
        layer: layer.to_owned(),
        weights: vec![(0, 1.0)],
        position: None,
        text: String::new(),
        class: None,
    }
}

/// The network of Captum's tests (`basic_models.py`): 4 × 4 pixels, 0 to 15; a 3 × 3 convolution of ones with biases −50 and
/// −75, ReLU, a dense layer of +1 five times and −1 three times. Its attributions are of those tests, or were computed by
/// hand.
fn toy() -> (Network, Plane) {
    let mut graph = Graph::new(1);
    graph.push("convolution", convolution(3, vec![1.0; 18], vec![-50.0, -75.0]));
    graph.push("out", dense(&[1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0], 0.0));
    (network(graph), Plane::from_fn(4, 4, |y, x| (4 * y + x) as f32))
}

fn assert_near(found: &Plane, expected: &[f64], tolerance: f64, what: &str) {
    for (place, (found, expected)) in found.values().iter().zip(expected).enumerate() {
        assert!((f64::from(*found) - expected).abs() <= tolerance, "{what} {place}: {found} {expected}");
    }
}

/// Contributions on the way from black to the image, which those of LRP with biases left out are, too.
const TOY_INTEGRATED: [f64; 16] = [
    0.0, 0.0741, 0.1481, 0.2222, 1.2346, 3.3025, 3.9630, 2.4630, 2.4691, 5.9444, 6.6049, 3.8704, 3.7037,
    7.6235, 8.2099, 4.1667,
];

#[test]
fn gradients_of_the_toy_network_are_those_of_captum() {
    let (network, plane) = toy();
    let scored = Scored::new(&network, score("out"));
    let views = Views::of(&network, (4, 4));
    assert_eq!(scored.scores(&views.cut(&plane), &mut on).unwrap(), [54.0]);

    let found = times_input(&scored, &views, &plane, &mut on).unwrap();
    let expected = [0., 1., 2., 3., 0., 5., 6., 7., 0., 9., 10., 11., 0., 0., 0., 0.];
    assert_near(&found, &expected, 1e-4, "gradient × input");

    let guided = through_relus((&scored, Method::GuidedBackprop), &views, &plane, &mut on).unwrap();
    let expected = [0., 1., 1., 1., 1., 3., 3., 2., 1., 3., 3., 2., 1., 2., 2., 1.];
    assert_near(&guided, &expected, 1e-4, "guided");

    let deconvnet = through_relus((&scored, Method::Deconvnet), &views, &plane, &mut on).unwrap();
    let expected = [2., 3., 3., 1., 3., 5., 5., 2., 3., 5., 5., 2., 1., 2., 2., 1.];
    assert_near(&deconvnet, &expected, 1e-4, "deconvnet");

    let black = plane.map(|_| 0.0);
    let found = integrated(&scored, &views, (&plane, &black), 256, &mut on).unwrap();
    assert_eq!(found.expected, 54.0);
    assert!((sum(&found.map) - 54.0).abs() < 0.54, "{}", sum(&found.map));
    assert_near(&found.map, &TOY_INTEGRATED, 0.15, "integrated gradients");
}

#[test]
fn maps_of_the_toy_network_are_those_of_captum() {
    let (network, plane) = toy();
    let scored = Scored::new(&network, score("out"));
    let layers = scored.map_layers((4, 4));
    assert_eq!(layers.iter().map(|&id| scored.name(id)).collect::<Vec<_>>(), ["convolution"]);
    let views = Views::of(&network, (4, 4));
    let of_views = scored.at(&views.cut(&plane), &layers, &mut on).unwrap();
    for (method, expected) in [
        (Method::GradCam, [0.0, 4.0, 28.0, 32.5]),
        (Method::LayerCam, [0.0, 4.0, 31.0, 40.0]),
        (Method::HiresCam, [0.0, 4.0, 25.0, 25.0]),
    ] {
        let found = cam::of_view(method, &of_views[0][0]);
        assert_near(&found, &expected, 1e-4, method.name());
        let enlarged = cam::activation_map(method, &of_views, &views);
        assert!((sum(&enlarged) - expected.iter().sum::<f64>()).abs() < 1e-3, "{method}");
    }
}

#[test]
fn relevance_with_biases_left_out_is_the_integral_of_gradients_for_one_hidden_layer() {
    let (network, plane) = toy();
    let config = ExplainConfig::default();
    let scored = Scored::new(&network, score("out"));
    let views = Views::of(&network, (4, 4));
    let subject = Subject { plane: &plane, views: &views, config: &config, layers: &[1] };
    let found = subject.attribution(&scored, Method::Lrp, &mut on).unwrap();
    assert_near(&found.map, &TOY_INTEGRATED, 1e-3, "lrp");
    let complete = found.completeness.unwrap();
    assert!((complete.expected - 54.0).abs() < 1e-3 && complete.gap() < 1e-4, "{complete:?}");
}

/// Relevance of the pixels of `plane` for the one output of `graph`, and what they should sum up to.
fn relevances(graph: Graph, plane: &Plane) -> (Vec<f32>, f64) {
    let layer = graph.steps().last().unwrap().name.clone();
    let network = network(graph);
    let scored = Scored::new(&network, score(&layer));
    let found = relevance::relevance(&scored, std::slice::from_ref(plane), &mut on).unwrap();
    let ratios = found.ratios[0].values().iter().zip(plane.values());
    (ratios.map(|(ratio, value)| ratio * value).collect(), found.expected)
}

#[test]
fn relevance_through_dense_layers_is_that_of_captum() {
    // 3 → 3 → 1 without biases, weights 2 then 3, of (1, 2, 3)
    let mut graph = Graph::new(1);
    graph.push("hidden", dense_of(&[2.0; 9], &[0.0; 3]));
    graph.push("out", dense(&[3.0; 3], 0.0));
    let (found, expected) = relevances(graph, &Plane::new(1, 3, vec![1.0, 2.0, 3.0]));
    assert!((expected - 108.0).abs() < 1e-3, "{expected}");
    for (found, expected) in found.iter().zip([18.0, 36.0, 54.0]) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

#[test]
fn relevance_is_conserved_through_branches_pools_and_signed_outputs() {
    use crate::network::Pool;

    let linear = |channels: [usize; 2], groups: usize, name: &str| {
        let mut shape = ConvolutionShape::same(channels, 3);
        (shape.groups, shape.biased) = (groups, false);
        Operation::Convolution(Convolution::new(shape, 2.0, Init::Random(5), name, &Device::Cpu.burn()))
    };
    let mut graph = Graph::new(1);
    // signed, as no ReLU follows
    let stem = graph.push("stem", linear([1, 4], 1, "stem"));
    graph.push("depthwise", linear([4, 4], 4, "depthwise"));
    graph.push("relu", Operation::Relu);
    let branch = graph.push("branch", linear([4, 4], 1, "branch"));
    graph.push_from("sum", &[stem, branch], Operation::Add);
    graph.push("pool", Operation::MaxPool(Pool::HALF));
    graph.push("mean", Operation::AveragePool { side: 1 });
    graph.push("out", dense(&[1.0, -2.0, 0.5, 3.0], 0.7));
    let plane = Plane::from_fn(8, 10, |y, x| ((y * 5 + x * 3) % 7 + 1) as f32 / 8.0);
    let (found, expected) = relevances(graph, &plane);
    let sum: f64 = found.iter().map(|&value| f64::from(value)).sum();
    assert!((sum - expected).abs() < 1e-3 * expected.abs(), "{sum} {expected}");
}

#[test]
fn an_output_below_0_is_the_work_of_what_lowers_it() {
    // a linear convolution of two pixels, weights −1 and 0.5: 2 · −1 + 1 · 0.5 < 0
    let mut graph = Graph::new(1);
    let mut shape = ConvolutionShape::same([1, 1], 3);
    (shape.relu, shape.biased) = (false, false);
    let mut lowered = Convolution::new(shape, 1.0, Init::Zero, "lowered", &Device::Cpu.burn());
    lowered.set(vec![0.0, 0.0, 0.0, 0.0, -1.0, 0.5, 0.0, 0.0, 0.0], vec![0.0]);
    graph.push("lowered", Operation::Convolution(lowered));
    graph.push("out", dense(&[1.0, 0.0], 0.0));
    let (found, expected) = relevances(graph, &Plane::new(1, 2, vec![2.0, 1.0]));
    assert!((expected + 1.5).abs() < 1e-5, "{expected}");
    assert!((found[0] + 1.5).abs() < 1e-4 && found[1].abs() < 1e-4, "{found:?}");
}

#[test]
fn occlusion_of_single_pixels_is_the_fall_of_the_score() {
    let (network, plane) = toy();
    let scored = Scored::new(&network, score("out"));
    let views = Views::of(&network, (4, 4));
    let removal = Removal { scored: &scored, views: &views, plane: &plane, fill: Fill::Black };
    let expected = [0., 1., 2., 3., 0., 4., 4., 4., 2., 7., 8., 4., 6., 7., 8., 0.];
    assert_near(&removal.occlusion(&mut on).unwrap(), &expected, 1e-4, "occlusion");
}

#[test]
fn a_saturated_score_has_no_gradient_but_an_integral() {
    // 1 − max(0, 1 − x) at x = 2
    let mut graph = Graph::new(1);
    graph.push("convolution", convolution(1, vec![-1.0], vec![1.0]));
    graph.push("out", dense(&[-1.0], 1.0));
    let network = network(graph);
    let plane = Plane::filled(1, 1, 2.0);
    let scored = Scored::new(&network, score("out"));
    let views = Views::of(&network, (1, 1));
    assert_eq!(times_input(&scored, &views, &plane, &mut on).unwrap().values(), [0.0]);
    let black = Plane::filled(1, 1, 0.0);
    let found = integrated(&scored, &views, (&plane, &black), 256, &mut on).unwrap();
    assert!((found.map.at(0, 0) - 1.0).abs() < 1e-3, "{}", found.map.at(0, 0));
}

/// Σ w x over 6 × 6 pixels, an image, and what each pixel adds.
fn linear() -> (Network, Plane, Plane) {
    let weights: Vec<f32> = (0..36).map(|at| ((at * 7 % 13) as f32 - 4.0) / 5.0).collect();
    let mut graph = Graph::new(1);
    graph.push("out", dense(&weights, 0.3));
    let plane = Plane::from_fn(6, 6, |y, x| ((y * 5 + x * 3) % 8 + 1) as f32 / 8.0);
    let added = plane.values().iter().zip(&weights).map(|(value, weight)| value * weight).collect();
    (network(graph), plane, Plane::new(6, 6, added))
}

#[test]
fn where_every_pixel_counts_by_itself_deletion_and_insertion_sum_up_to_one() {
    let (network_of_added, plane, added) = linear();
    let scored = Scored::new(&network_of_added, score("out"));
    let views = Views::of(&network_of_added, (6, 6));
    let removal = Removal { scored: &scored, views: &views, plane: &plane, fill: Fill::Black };
    let against = added.map(|value| -value);
    let found = faithfulness(&removal, &[&added, &against], 1, &mut on).unwrap().unwrap();
    for one in &found {
        assert!((one.deletion + one.insertion - 1.0).abs() < 1e-5, "{one:?}");
    }
    assert!(found[0].insertion > 0.6 && found[1].insertion < 0.4, "{found:?}");
    // where removing everything raises the score, the order that is right stays the better one
    let mut graph = Graph::new(1);
    let lowering: Vec<f32> =
        added.values().iter().zip(plane.values()).map(|(added, value)| added / value - 1.5).collect();
    graph.push("out", dense(&lowering, 0.3));
    let network = self::network(graph);
    let scored = Scored::new(&network, score("out"));
    let removal = Removal { scored: &scored, views: &views, plane: &plane, fill: Fill::Black };
    let values = plane.values().iter().zip(&lowering).map(|(value, weight)| value * weight).collect();
    let right = Plane::new(6, 6, values);
    let wrong = right.map(|value| -value);
    let found_below = faithfulness(&removal, &[&right, &wrong], 1, &mut on).unwrap().unwrap();
    let gain = |one: &Faithfulness| one.insertion - one.deletion;
    assert!(gain(&found_below[0]) > 0.0 && gain(&found_below[1]) < 0.0, "{found_below:?}");
    assert!((found_below[0].insertion + found_below[0].deletion + 1.0).abs() < 1e-5, "{found_below:?}");
    let scored = Scored::new(&network_of_added, score("out"));
    let removal = Removal { scored: &scored, views: &views, plane: &plane, fill: Fill::Black };
    // subsets of cells lose exactly what they add
    let fidelity = mu_fidelity(&removal, &[&added, &against], 1, &mut on).unwrap();
    assert!(fidelity[0].unwrap() > 0.999 && fidelity[1].unwrap() < -0.999, "{fidelity:?}");
}

#[test]
fn all_methods_of_a_linear_network_give_what_each_pixel_adds() {
    let (network, plane, added) = linear();
    let config = ExplainConfig { baseline: Baseline::Black, fill: Fill::Black, ..ExplainConfig::default() };
    let scored = Scored::new(&network, score("out"));
    let views = Views::of(&network, (6, 6));
    let subject = Subject { plane: &plane, views: &views, config: &config, layers: &[] };
    for method in [Method::GradientXInput, Method::IntegratedGradients, Method::Lrp, Method::Occlusion] {
        let found = subject.attribution(&scored, method, &mut on).unwrap().map;
        for (found, expected) in found.values().iter().zip(added.values()) {
            assert!((found - expected).abs() < 1e-4, "{method}: {found} {expected}");
        }
    }
    let error = subject.attribution(&scored, Method::Deconvnet, &mut on).unwrap_err().to_string();
    assert!(error.contains("deconvnet needs ReLUs"), "{error}");
}

fn classifier() -> (Network, Plane) {
    let config =
        CompactConfig { stages: vec![4, 6], further: vec![8], view_px: 32, ..CompactConfig::default() };
    let network = Network::random(Architecture::Compact(config), 3, Device::Cpu).unwrap();
    (network, Plane::from_fn(40, 60, |y, x| ((y * 3 + x * x) % 17) as f32 / 16.0))
}

#[test]
fn every_method_explains_a_classifier_and_sums_are_those_of_the_score() {
    let (network, plane) = classifier();
    let config = ExplainConfig {
        methods: Method::ALL.to_vec(),
        most_masks: 100,
        structures: false,
        ..ExplainConfig::default()
    };
    let found = explain(&network, &plane, &config, &mut on).unwrap();
    let explanation = &found.explanation;
    assert_eq!((found.maps.len(), explanation.n_views), (Method::ALL.len(), 2));
    assert!(found.maps.iter().all(|map| map.values().iter().all(|value| value.is_finite())));
    for (method, most) in [(Method::HiresCam, 1e-4), (Method::IntegratedGradients, 0.01), (Method::Lrp, 0.01)]
    {
        let one = explanation.methods.iter().find(|one| one.method == method).unwrap();
        let complete = one.completeness.as_ref().unwrap();
        assert!(complete.gap() <= most, "{method}: {complete:?}");
    }
    assert_eq!(explanation.agreement.len(), Method::ALL.len() + Control::ALL.len());
    let again = explain(&network, &plane, &config, &mut on).unwrap();
    assert_eq!((again.explanation, again.maps), (found.explanation.clone(), found.maps.clone()));
}

#[test]
fn a_difference_of_classes_is_the_difference_of_their_maps() {
    let (network, plane) = classifier();
    let of = |target: Target| {
        let config = ExplainConfig {
            target,
            methods: vec![Method::HiresCam],
            structures: false,
            ..ExplainConfig::default()
        };
        explain(&network, &plane, &config, &mut on).unwrap()
    };
    let classes = network.classes().unwrap().to_vec();
    let [one, other] = [0, 4].map(|class| of(Target::Class(classes[class].clone())));
    let both = of(Target::Difference { class: Some(classes[0].clone()), rival: classes[4].clone() });
    let score = one.explanation.score - other.explanation.score;
    assert!((both.explanation.score - score).abs() < 1e-5);
    for ((a, b), both) in one.maps[0].values().iter().zip(other.maps[0].values()).zip(both.maps[0].values()) {
        assert!((a - b - both).abs() < 1e-6);
    }
}

#[test]
fn without_the_counterfactual_another_class_leads() {
    let network = with_shortcut();
    let (y, x) = (20, 30);
    let in_mark = |v: usize, u: usize| (y..y + 12).contains(&v) && (x..x + 12).contains(&u);
    let plane =
        Plane::from_fn(64, 80, |v, u| if in_mark(v, u) { 1.0 } else { ((v * 7 + u * 5) % 11) as f32 / 14.0 });
    let config = ExplainConfig { methods: vec![Method::HiresCam], structures: false, ..Default::default() };
    let found = explain(&network, &plane, &config, &mut on).unwrap();
    assert_eq!(found.explanation.class.as_deref(), Some("marked"));
    let less = found.explanation.counterfactual.unwrap();
    assert_eq!(less.class, "other");
    let removed = found.removed.unwrap();
    assert!((removed.mean() - less.share).abs() < 1e-6);
    let n_of_mark = (0..64).flat_map(|v| (0..80).map(move |u| (v, u)));
    let n_of_mark = n_of_mark.filter(|&(v, u)| in_mark(v, u) && removed.at(v, u) > 0.0).count();
    assert!(n_of_mark > 36, "it takes from the mark: {n_of_mark} px");
}

#[test]
fn units_of_other_networks_are_explained_and_what_is_not_there_is_named() {
    let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..AutoencoderConfig::default() };
    let network = Network::random(Architecture::Autoencoder(config), 1, Device::Cpu).unwrap();
    let plane = Plane::from_fn(24, 32, |y, x| ((y * 3 + x) % 5) as f32 / 4.0);
    let of = |unit: &str| {
        let target = Target::Unit(unit.parse::<Address>().unwrap());
        let config = ExplainConfig { target, structures: false, ..ExplainConfig::default() };
        explain(&network, &plane, &config, &mut on)
    };
    let found = of("encoder.2:3@2,4").unwrap();
    // a neuron depends on its receptive field and on nothing else
    let layer = network.layer("encoder.2").unwrap();
    let ((top, bottom), (left, right)) = (layer.image_from_feature(2), layer.image_from_feature(4));
    let gradients = &found.maps
        [found.explanation.methods.iter().position(|one| one.method == Method::IntegratedGradients).unwrap()];
    for y in 0..24_isize {
        for x in 0..32_isize {
            let inside = (top..bottom).contains(&y) && (left..right).contains(&x);
            assert!(inside || gradients.at(y as usize, x as usize) == 0.0, "{y} {x}");
        }
    }
    for (unit, expected) in [
        ("encoder.2", "names no channel"),
        ("encoder.2:9", "has no channel 9: expected 0 to 5"),
        ("encoder.7:0", "no layer `encoder.7`"),
        ("encoder.2:0@99,0", "outside of its map, which has 6 rows and 8 columns"),
    ] {
        let error = of(unit).unwrap_err().to_string();
        assert!(error.contains(expected), "{unit}: {error}");
    }
    let error = explain(&network, &plane, &ExplainConfig::default(), &mut on).unwrap_err().to_string();
    assert!(error.contains("the network has no classes"), "{error}");
}

#[test]
fn wrong_settings_and_classes_are_named() {
    let (network, plane) = classifier();
    let classes = network.classes().unwrap().to_vec();
    let with = |change: fn(&mut ExplainConfig), target: Target| {
        let mut config = ExplainConfig { target, structures: false, ..ExplainConfig::default() };
        change(&mut config);
        explain(&network, &plane, &config, &mut on).unwrap_err().to_string()
    };
    let none = |_: &mut ExplainConfig| ();
    let error = with(none, Target::Class("fibers".to_owned()));
    assert!(error.starts_with("no class `fibers`, expected one of: ") && error.contains("fibres"), "{error}");
    let class = classes[1].clone();
    let error = with(none, Target::Difference { class: Some(class.clone()), rival: class });
    assert!(error.contains("is compared with itself"), "{error}");
    assert!(with(|config| config.most_steps = 0, Target::Answer).contains("most_steps"));
    assert!(
        with(|config| config.methods = vec![Method::Rise; 2], Target::Answer).contains("each method once")
    );
    assert!(
        with(|config| config.layer = Some("head".to_owned()), Target::Answer)
            .contains("has no map on the way")
    );
    let cancelled = explain(&network, &plane, &ExplainConfig::default(), &mut || ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(ExplainError::Cancelled)));
}

/// A classifier that has learned a shortcut: class 0 is what has white spots, whatever else it shows.
fn with_shortcut() -> Network {
    let classes = ["marked", "other"].map(str::to_owned).to_vec();
    let config = CompactConfig {
        stages: vec![2],
        further: vec![],
        view_px: 64,
        batch_norm: false,
        classes,
        ..CompactConfig::default()
    };
    let architecture = Architecture::Compact(config);
    let network = Network::random(architecture.clone(), 0, Device::Cpu).unwrap();
    let mut weights = network.weights();
    let mut set = |name: &str, values: Vec<f32>| weights.tensors.get_mut(name).unwrap().values = values;
    // channel 0 is above 0 only where 3 × 3 pixels are white; channel 1 answers to texture and does not count
    let mut kernels = vec![1.0 / 9.0; 9];
    kernels.extend([0.0, -1.0, 0.0, -1.0, 4.0, -1.0, 0.0, -1.0, 0.0]);
    set("encoder.1.relu.weight", kernels);
    set("encoder.1.relu.bias", vec![-0.9, 0.0]);
    set("head.weight", vec![100.0, 0.0, 0.0, 0.01]);
    set("head.bias", vec![0.0, 0.1]);
    Network::with_weights(architecture, &weights, Device::Cpu).unwrap()
}

#[test]
fn a_planted_shortcut_is_found_where_it_is() {
    let network = with_shortcut();
    let methods = [
        Method::HiresCam,
        Method::LayerCam,
        Method::GradientXInput,
        Method::IntegratedGradients,
        Method::Lrp,
        Method::Occlusion,
    ];
    let n_images = 20;
    let mut hits = vec![0; methods.len()];
    for index in 0..n_images {
        let mut stream = micrograph::random::Stream::new(7, "texture", index);
        let (y, x) = (stream.below(52), stream.below(68));
        let plane = Plane::from_fn(64, 80, |v, u| {
            let is_mark = (y..y + 12).contains(&v) && (x..x + 12).contains(&u);
            if is_mark { 1.0 } else { 0.8 * stream.uniform() as f32 }
        });
        let config = ExplainConfig {
            methods: methods.to_vec(),
            structures: false,
            thoroughness: Thoroughness::Quick,
            ..ExplainConfig::default()
        };
        let found = explain(&network, &plane, &config, &mut on).unwrap();
        assert_eq!(found.explanation.class.as_deref(), Some("marked"), "{index}");
        let cells = cells::Cells::new((64, 80), 16);
        for (hits, map) in hits.iter_mut().zip(&found.maps) {
            let cell = cells.ranked(&cells.means(map), 0)[0];
            let in_mark = |v: usize, u: usize| (y..y + 12).contains(&v) && (x..x + 12).contains(&u);
            let is_hit = (0..64).any(|v| (0..80).any(|u| cells.at(v, u) == cell && in_mark(v, u)));
            *hits += usize::from(is_hit);
        }
    }
    for (method, hits) in methods.iter().zip(hits) {
        assert!(10 * hits >= 9 * n_images as usize, "{method}: {hits} of {n_images}");
    }
}

#[test]
fn checks_say_whether_a_map_depends_on_the_weights() {
    let network = with_shortcut();
    let plane = Plane::from_fn(64, 64, |y, x| {
        if (8..20).contains(&y) && (30..42).contains(&x) { 1.0 } else { ((y * 7 + x * 5) % 11) as f32 / 14.0 }
    });
    let config = ExplainConfig {
        methods: vec![Method::HiresCam, Method::GradientXInput],
        structures: false,
        thoroughness: Thoroughness::Checks,
        ..ExplainConfig::default()
    };
    let found = explain(&network, &plane, &config, &mut on).unwrap().explanation;
    for one in &found.methods {
        assert_eq!(one.faithfulness.len(), 3, "one for each fill");
        let checks = one.checks.as_ref().unwrap();
        // what was removed is what the score is made of
        assert!(checks.mu_fidelity.unwrap() > 0.3, "{}: {checks:?}", one.method);
        let all_random = checks.randomized.last().unwrap();
        assert!(all_random.share == 1.0, "{}: {checks:?}", one.method);
        assert!(all_random.similarity.is_none_or(|value| value < 0.9), "{}: {checks:?}", one.method);
        // the other class is that of texture, not of the mark
        assert!(checks.second_class.unwrap() < 0.5, "{}: {checks:?}", one.method);
    }
}
