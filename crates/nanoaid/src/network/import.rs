//! Import: which published network the tensors of a foreign file belong to, and how it spells
//! their names.
//!
//! Recognized by names and shapes alone. Where two networks have the same, the caller has to choose:
//! a wrong guess would run, and be wrong.

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

/// `weights` without what a framework wrote before every name, once or several times. Where only some names have it, as
/// of a backbone beside a head, it stays.
pub(super) fn without_prefix(mut weights: Weights) -> Weights {
    loop {
        let common = PREFIXES.into_iter().find(|prefix| {
            !weights.tensors.is_empty() && weights.tensors.keys().all(|name| name.starts_with(prefix))
        });
        let Some(prefix) = common else { return weights };
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
            return Err(WeightsError::OtherNetwork { expected: expected.name(), found: names(found) });
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
        _ if weights.tensors.contains_key("head.fc.weight")
            || weights.tensors.contains_key("pre_logits.fc1.weight") =>
        {
            VGG
        }
        _ => &[],
    };
    let heads = ["classifier.6", "head.fc", "classifier.1", "conv_final", "fc", "_fc", "classifier"];
    let head = heads.iter().find_map(|head| weights.tensors.get(&format!("{head}.weight")));
    Ok(Found { network, n_classes: head.and_then(|weight| weight.shape.first().copied()), spelling })
}

impl Found {
    /// The tensors by our names, in our shapes.
    pub(super) fn in_our_names(&self, weights: Weights) -> Weights {
        let tensors = weights.tensors.into_iter().map(|(name, weight)| {
            let shape = match weight.shape[..] {
                // timm runs VGG's dense layers as convolutions; the order of the numbers is the same
                [outputs, ..] if self.spelling == VGG && name.starts_with("pre_logits.") => {
                    let inputs = weight.shape[1..].iter().product();
                    if weight.shape.len() == 4 { vec![outputs, inputs] } else { weight.shape }
                }
                _ => weight.shape,
            };
            (self.spelt(&name, false), Weight { shape, values: weight.values })
        });
        Weights { tensors: tensors.collect() }
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
    if has("_blocks.0._depthwise_conv.weight") && !has("_blocks.0._se_reduce.weight") {
        return vec![Published::EfficientNetLite0];
    }
    if has("blocks.0.0.conv_dw.weight") && !has("blocks.0.0.se.conv_reduce.weight") {
        return vec![Published::TfEfficientNetLite0, Published::TimmEfficientNetLite0];
    }
    if has("layer1.0.conv1.weight") && !has("layer1.0.conv3.weight") {
        let blocks = [1, 2, 3, 4].map(|stage| count(&format!("layer{stage}."), ".conv1.weight"));
        return match blocks {
            [2, 2, 2, 2] => vec![Published::ResNet18],
            [3, 4, 6, 3] => vec![Published::ResNet34],
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
    networks.iter().map(|network| network.name()).collect()
}

#[cfg(test)]
mod tests {
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
            assert_eq!(without_prefix(named(&with)), named(&names), "{prefix}");
        }
        let mixed = named(&["backbone.conv1.weight", "head.weight"]);
        assert_eq!(without_prefix(mixed.clone()), mixed);
    }

    #[test]
    fn timms_dense_layers_of_vgg_become_torchvisions() {
        let mut weights = Weights::default();
        let mut add = |name: &str, shape: &[usize]| {
            let weight = Weight { shape: shape.to_vec(), values: vec![0.5; shape.iter().product()] };
            weights.tensors.insert(name.to_owned(), weight);
        };
        for index in [0, 3, 6, 8, 11, 13, 16, 18] {
            add(&format!("features.{index}.weight"), &[1, 1, 3, 3]);
        }
        add("pre_logits.fc1.weight", &[4, 2, 7, 7]);
        add("pre_logits.fc2.weight", &[4, 4, 1, 1]);
        add("head.fc.weight", &[6, 4]);
        let found = recognize(&weights, None).unwrap();
        assert_eq!((found.network, found.n_classes), (Published::Vgg11, Some(6)));
        let ours = found.in_our_names(weights);
        for (name, shape) in [("classifier.0", [4, 98]), ("classifier.3", [4, 4]), ("classifier.6", [6, 4])] {
            assert_eq!(ours.tensors[&format!("{name}.weight")].shape, shape, "{name}");
        }
        let error = found.in_names_of_the_file(WeightsError::Missing { name: "classifier.3.bias".into() });
        assert_eq!(error, WeightsError::Missing { name: "pre_logits.fc2.bias".into() });
    }
}
