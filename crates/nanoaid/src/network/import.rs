//! Import: which published network the tensors of a foreign file belong to, and how it spells
//! their names.
//!
//! Recognized by names and shapes alone. Where two networks have the same, the caller has to choose:
//! a wrong guess would run, and be wrong.

use super::graph::Graph;
use super::published::Published;
use super::weights::{Weight, Weights, WeightsError};

/// What a foreign file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub network: Published,
    /// Classes of its head; `None` if the file has none.
    pub n_classes: Option<usize>,
    /// Parts of the file's names, and what they are in ours.
    spelling: &'static [(&'static str, &'static str)],
}

/// Names of the authors' `SqueezeNet`; ours are torchvision's.
const SQUEEZENET: &[(&str, &str)] =
    &[("/conv1x1_1", ".squeeze"), ("/conv1x1_2", ".expand1x1"), ("/conv3x3_2", ".expand3x3")];
/// Timm's names of VGG's dense layers; ours are torchvision's.
const VGG: &[(&str, &str)] = &[
    ("pre_logits.fc1.", "classifier.0."),
    ("pre_logits.fc2.", "classifier.3."),
    ("head.fc.", "classifier.6."),
];

/// What frameworks write before every name: `DataParallel`, `torch.compile`, Lightning, timm's trainers.
const PREFIXES: [&str; 7] = ["module.", "_orig_mod.", "model.", "backbone.", "net.", "ema.", "state_dict."];

/// `weights` without what a framework wrote before every name, once or several times, and that
/// text. Where only some names have it, as of a backbone beside a head, it stays.
pub(super) fn without_prefix(mut weights: Weights) -> (Weights, String) {
    let mut removed = String::new();
    loop {
        let common = PREFIXES.into_iter().find(|prefix| {
            !weights.tensors.is_empty() && weights.tensors.keys().all(|name| name.starts_with(prefix))
        });
        let Some(prefix) = common else { return (weights, removed) };
        removed.push_str(prefix);
        let bare = |(name, weight): (String, Weight)| (name[prefix.len()..].to_owned(), weight);
        weights = Weights { tensors: weights.tensors.into_iter().map(bare).collect() };
    }
}

/// Recognizes `weights`; `network` is the expected one.
///
/// # Errors
/// If they are none of the published networks, or may be several.
pub(super) fn recognize(weights: &Weights, network: Option<Published>) -> Result<Found, WeightsError> {
    let candidates = candidates(weights);
    let network = match (network, &candidates[..]) {
        (Some(expected), found) if found.is_empty() || found.contains(&expected) => expected,
        (Some(expected), found) => {
            let expected = expected.name().to_owned();
            return Err(WeightsError::OtherNetwork { expected, found: names(found) });
        }
        (None, [only]) => *only,
        (None, []) => {
            let some = weights.tensors.keys().take(4).cloned().collect();
            return Err(WeightsError::UnknownNetwork { some });
        }
        (None, several) => return Err(WeightsError::SeveralNetworks { candidates: names(several) }),
    };
    let spelling = match network {
        Published::SqueezeNet1_0Authors => SQUEEZENET,
        _ if network.head() == "classifier.6"
            && (weights.tensors.contains_key("head.fc.weight")
                || weights.tensors.contains_key("pre_logits.fc1.weight")) =>
        {
            VGG
        }
        _ => &[],
    };
    let found = Found { network, n_classes: None, spelling };
    let head = weights.tensors.get(&found.spelt(&format!("{}.weight", network.head()), true));
    Ok(Found { n_classes: head.and_then(|weight| weight.shape.first().copied()), ..found })
}

impl Found {
    /// The tensors by our names; second are the names of those left out, which lie between the
    /// trunk and a head that is not there.
    pub(super) fn in_our_names(&self, weights: Weights) -> (Weights, Vec<String>) {
        let between = if self.n_classes.is_none() { before_head(self.network) } else { &[] };
        let (left_out, tensors): (Vec<_>, Vec<_>) = weights
            .tensors
            .into_iter()
            .partition(|(name, _)| between.iter().any(|beginning| name.starts_with(beginning)));
        let tensors = tensors.into_iter().map(|(name, weight)| (self.spelt(&name, false), weight)).collect();
        (Weights { tensors }, left_out.into_iter().map(|(name, _)| name).collect())
    }

    /// The same error in the names of the file.
    pub(super) fn in_names_of_the_file(&self, error: WeightsError) -> WeightsError {
        let spelt = |name: String| self.spelt(&name, true);
        match error {
            WeightsError::Missing { name } => WeightsError::Missing { name: spelt(name) },
            WeightsError::LeftOver { name } => WeightsError::LeftOver { name: spelt(name) },
            WeightsError::Shape { name, found, expected } => {
                WeightsError::Shape { name: spelt(name), found, expected }
            }
            WeightsError::NotFinite { name, index, value } => {
                WeightsError::NotFinite { name: spelt(name), index, value }
            }
            other => other,
        }
    }

    fn spelt(&self, name: &str, back: bool) -> String {
        self.spelling.iter().fold(name.to_owned(), |name, (theirs, ours)| {
            if back { name.replace(ours, theirs) } else { name.replace(theirs, ours) }
        })
    }
}

/// How the names of layers begin that stand between a network's trunk and the layer of its classes.
fn before_head(network: Published) -> &'static [&'static str] {
    match network {
        Published::TimmMobileNetV3Small
        | Published::TimmMobileNetV3Large
        | Published::TfMobileNetV3Small
        | Published::TfMobileNetV3Large
        | Published::MobileNetV4ConvSmall => &["conv_head.", "norm_head."],
        Published::MobileNetV3Small | Published::MobileNetV3Large | Published::ConvNextTiny => {
            &["classifier.0."]
        }
        Published::TimmConvNextTiny | Published::ConvNextNano | Published::ConvNextAtto => &["head.norm."],
        _ => &[],
    }
}

/// Brings tensors to the shapes of `graph` where the numbers are the same in the same order: one
/// spelling has an axis of length 1 more, or a convolution for a dense layer.
pub(super) fn in_shapes_of(graph: &mut Graph, weights: &mut Weights) {
    let bare = |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|&n| n != 1).collect() };
    for parameter in graph.parameters_mut() {
        let expected = parameter.tensor.dims();
        let Some(weight) = weights.tensors.get_mut(&parameter.name) else { continue };
        let same = bare(&weight.shape) == bare(&expected);
        let flat = match (&weight.shape[..], &expected[..]) {
            ([outputs, rest @ ..], [n, inputs]) if rest.len() == 3 => {
                outputs == n && rest.iter().product::<usize>() == *inputs
            }
            _ => false,
        };
        if same || flat {
            weight.shape = expected;
        }
    }
}

/// Channels that the first convolution of `graph` has in `weights`; `None` if it is not there.
pub(super) fn channels_of_stem(graph: &mut Graph, weights: &Weights) -> Option<usize> {
    let first = graph.parameters_mut().next()?.name;
    weights.tensors.get(&first)?.shape.get(1).copied()
}

/// The networks whose tensors are like these; what differs in detail is reported when they are taken
/// over.
fn candidates(weights: &Weights) -> Vec<Published> {
    let has = |name: &str| weights.tensors.contains_key(name);
    let count = |beginning: &str, end: &str| {
        let names = weights.tensors.iter().filter(|(_, weight)| weight.shape.len() == 4);
        names.filter(|(name, _)| name.starts_with(beginning) && name.ends_with(end)).count()
    };
    if has("fire2/conv1x1_1.weight") || has("fire2.squeeze.weight") {
        return vec![Published::SqueezeNet1_0Authors];
    }
    if has("features.3.squeeze.weight") {
        let kernel = weights.tensors.get("features.0.weight").and_then(|first| first.shape.get(2));
        return match kernel {
            Some(7) => vec![Published::SqueezeNet1_0],
            Some(3) => vec![Published::SqueezeNet1_1],
            _ => Vec::new(),
        };
    }
    // the axis of a tensor's shape; 0 if there is none
    let size = |name: &str, axis: usize| {
        weights.tensors.get(name).and_then(|weight| weight.shape.get(axis).copied()).unwrap_or(0)
    };
    if has("_blocks.0._depthwise_conv.weight") && !has("_blocks.0._se_reduce.weight") {
        return vec![Published::EfficientNetLite0];
    }
    if has("blocks.0.0.conv_dw.weight") {
        let squeezes = count("blocks.", ".se.conv_reduce.weight");
        return match (squeezes, count("blocks.", ".conv_dw.weight"), size("blocks.2.0.conv_dw.weight", 2)) {
            (0, 16, 5) => vec![Published::TfEfficientNetLite0, Published::TimmEfficientNetLite0],
            (0, 17, 3) => vec![Published::TimmMobileNetV2],
            (16, 16, 5) => vec![Published::TimmEfficientNetB0, Published::TfEfficientNetB0],
            (8, 15, 5) => vec![Published::TimmMobileNetV3Large, Published::TfMobileNetV3Large],
            (9, 11, 5) => vec![Published::TimmMobileNetV3Small, Published::TfMobileNetV3Small],
            _ => Vec::new(),
        };
    }
    if has("blocks.2.0.dw_start.conv.weight") {
        let small = size("blocks.4.0.conv.weight", 1) == 128 && count("blocks.", ".pw_exp.conv.weight") == 12;
        return if small { vec![Published::MobileNetV4ConvSmall] } else { Vec::new() };
    }
    if has("features.1.conv.0.0.weight") {
        return if has("features.18.0.weight") { vec![Published::MobileNetV2] } else { Vec::new() };
    }
    if has("features.1.block.0.0.weight") {
        return match (size("features.12.0.weight", 1), size("features.16.0.weight", 1)) {
            (96, 0) => vec![Published::MobileNetV3Small],
            (_, 160) => vec![Published::MobileNetV3Large],
            _ => Vec::new(),
        };
    }
    if has("features.1.0.block.0.0.weight") {
        let b0 = size("features.8.0.weight", 1) == 320 && count("features.", ".fc1.weight") == 16;
        return if b0 { vec![Published::EfficientNetB0] } else { Vec::new() };
    }
    if has("features.1.0.layer_scale") {
        let blocks = (count("features.5.", ".block.0.weight"), size("features.0.0.weight", 0));
        return if blocks == (9, 96) { vec![Published::ConvNextTiny] } else { Vec::new() };
    }
    if has("stages.0.blocks.0.gamma") {
        return match (count("stages.2.", ".conv_dw.weight"), size("stem.0.weight", 0)) {
            (9, 96) => vec![Published::TimmConvNextTiny],
            (8, 80) => vec![Published::ConvNextNano],
            (6, 40) => vec![Published::ConvNextAtto],
            _ => Vec::new(),
        };
    }
    if has("features.conv0.weight") {
        let layers = count("features.denseblock3.", ".conv2.weight");
        return if layers == 24 { vec![Published::DenseNet121] } else { Vec::new() };
    }
    if has("layer1.0.conv1.weight") {
        let blocks = [1, 2, 3, 4].map(|stage| count(&format!("layer{stage}."), ".conv1.weight"));
        // channels of the 3 × 3 convolution of a bottleneck, which are fewer where it has groups
        let inner = if has("layer1.0.conv3.weight") { size("layer1.0.conv2.weight", 1) } else { 0 };
        return match (blocks, inner) {
            ([2, 2, 2, 2], 0) => vec![Published::ResNet18],
            ([3, 4, 6, 3], 0) => vec![Published::ResNet34],
            ([3, 4, 6, 3], 64) => vec![Published::ResNet50],
            ([3, 4, 23, 3], 64) => vec![Published::ResNet101],
            ([3, 4, 6, 3], 128) => vec![Published::WideResNet50],
            _ => Vec::new(),
        };
    }
    if has("features.0.weight") {
        let network = match (count("features.", ".weight"), has("features.1.running_mean")) {
            (8, false) => Published::Vgg11,
            (8, true) => Published::Vgg11Bn,
            (10, false) => Published::Vgg13,
            (10, true) => Published::Vgg13Bn,
            (13, false) => Published::Vgg16,
            (13, true) => Published::Vgg16Bn,
            (16, false) => Published::Vgg19,
            (16, true) => Published::Vgg19Bn,
            _ => return Vec::new(),
        };
        return vec![network];
    }
    Vec::new()
}

fn names(networks: &[Published]) -> Vec<String> {
    networks.iter().map(|network| network.name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::builder::{Builder, Kernels};
    use super::super::graph::IMAGE;
    use super::super::init::Init;
    use super::*;

    #[test]
    fn what_frameworks_write_before_every_name_is_taken_off() {
        let named = |names: &[&str]| {
            let weight = || Weight { shape: vec![1], values: vec![0.5] };
            Weights { tensors: names.iter().map(|name| ((*name).to_owned(), weight())).collect() }
        };
        let names = ["conv1.weight", "layer1.0.conv1.weight"];
        for prefix in ["module.", "_orig_mod.", "model.", "module.model.", "ema.module.", ""] {
            let with: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
            let with: Vec<&str> = with.iter().map(String::as_str).collect();
            assert_eq!(without_prefix(named(&with)), (named(&names), prefix.to_owned()), "{prefix}");
        }
        let mixed = named(&["backbone.conv1.weight", "head.weight"]);
        assert_eq!(without_prefix(mixed.clone()), (mixed, String::new()));
    }

    fn zeros(shape: &[usize]) -> Weight {
        Weight { shape: shape.to_vec(), values: vec![0.5; shape.iter().product()] }
    }

    #[test]
    fn timms_dense_layers_of_vgg_become_torchvisions() {
        let mut weights = Weights::default();
        let mut add = |name: &str, shape: &[usize]| weights.tensors.insert(name.to_owned(), zeros(shape));
        for index in [0, 3, 6, 8, 11, 13, 16, 18] {
            add(&format!("features.{index}.weight"), &[1, 1, 3, 3]);
        }
        add("pre_logits.fc1.weight", &[4, 2, 7, 7]);
        add("head.fc.weight", &[6, 4]);
        let found = recognize(&weights, None).unwrap();
        assert_eq!((found.network, found.n_classes), (Published::Vgg11, Some(6)));
        let (ours, left_out) = found.in_our_names(weights);
        assert!(left_out.is_empty());
        for name in ["classifier.0.weight", "classifier.6.weight"] {
            assert!(ours.tensors.contains_key(name), "{name}");
        }
        let error = found.in_names_of_the_file(WeightsError::Missing { name: "classifier.3.bias".into() });
        assert_eq!(error, WeightsError::Missing { name: "pre_logits.fc2.bias".into() });
    }

    #[test]
    fn shapes_that_hold_the_same_numbers_in_the_same_order_become_ours() {
        let device = crate::Device::Cpu.burn();
        let mut builder = Builder::new(2, Init::Zero, &device);
        let mut at = builder.convolution("conv", IMAGE, Kernels::new(3, 1));
        at = builder.scale("gamma", at, 1.0);
        builder.dense("fc", at, 49, 5);
        let mut graph = builder.finish();
        for (name, shape, expected) in [
            ("conv.weight", vec![3, 2], vec![3, 2, 1, 1]), // a dense layer of each position
            ("conv.weight", vec![2, 3], vec![2, 3]),       // turned: refused where it is taken over
            ("gamma", vec![3, 1, 1], vec![3]),
            ("fc.weight", vec![5, 3, 7, 7], vec![5, 147]),
            ("fc.weight", vec![5, 7, 21], vec![5, 7, 21]),
        ] {
            let mut weights = Weights { tensors: [(name.to_owned(), zeros(&shape))].into() };
            in_shapes_of(&mut graph, &mut weights);
            assert_eq!(weights.tensors[name].shape, expected, "{name} {shape:?}");
        }
    }
}
