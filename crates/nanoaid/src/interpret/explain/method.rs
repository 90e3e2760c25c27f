//! Method: the ways to attribute a score to pixels, by their names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A way to attribute a score to the pixels of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Contributions of the maps of the pooled layers, gradient × activation (Draelos and Carin 2020). Exact for
    /// a head that is a dense layer on means over the image.
    HiresCam,
    /// Maps weighted by their mean gradient, below 0 cut off (Selvaraju et al. 2017).
    GradCam,
    /// Maps weighted by the positive part of their gradient, below 0 cut off (Jiang et al. 2021).
    LayerCam,
    /// Gradient × pixel.
    GradientXInput,
    /// Gradients integrated along the line from a baseline to the image, × their difference (Sundararajan
    /// et al. 2017).
    IntegratedGradients,
    /// Mean gradient over noisy copies of the image (Smilkov et al. 2017).
    SmoothGrad,
    /// Gradient with its negative part cut off at each ReLU (Springenberg et al. 2015).
    GuidedBackprop,
    /// Gradient with its negative part cut off at each ReLU, whatever the ReLU let through (Zeiler and Fergus 2014).
    Deconvnet,
    /// Layer-wise relevance propagation: z⁺ rule for convolutions, ε rule after them (Montavon et al. 2019).
    Lrp,
    /// Fall of the score where a window is replaced (Zeiler and Fergus 2014).
    Occlusion,
    /// Covariance of the score with random masks (Petsiuk et al. 2018).
    Rise,
}

/// Their names.
const NAMES: [(Method, &str); 11] = [
    (Method::HiresCam, "hires-cam"),
    (Method::GradCam, "grad-cam"),
    (Method::LayerCam, "layer-cam"),
    (Method::GradientXInput, "gradient-x-input"),
    (Method::IntegratedGradients, "integrated-gradients"),
    (Method::SmoothGrad, "smooth-grad"),
    (Method::GuidedBackprop, "guided-backprop"),
    (Method::Deconvnet, "deconvnet"),
    (Method::Lrp, "lrp"),
    (Method::Occlusion, "occlusion"),
    (Method::Rise, "rise"),
];

impl Method {
    /// All of them.
    pub const ALL: [Self; 11] = {
        let mut all = [Self::HiresCam; 11];
        let mut index = 0;
        while index < NAMES.len() {
            all[index] = NAMES[index].0;
            index += 1;
        }
        all
    };

    /// Those that are shown where none is named: one of each kind, all in seconds.
    pub const USUAL: [Self; 5] =
        [Self::HiresCam, Self::GradCam, Self::IntegratedGradients, Self::Lrp, Self::Occlusion];

    /// Those of them that take no time.
    pub const QUICK: [Self; 3] = [Self::HiresCam, Self::GradCam, Self::Lrp];

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }

    /// What its values mean, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::HiresCam => {
                "What each position of the pooled feature maps adds to the score. The exact decomposition where the head is a dense layer on means; coarse, as the maps are."
            }
            Self::GradCam => {
                "Maps of the deepest layer, each weighted by its mean gradient; what speaks against the class is cut off."
            }
            Self::LayerCam => {
                "Maps of the deepest layer, weighted by their positive gradients; what speaks against the class is cut off."
            }
            Self::GradientXInput => {
                "Gradient times pixel value: black pixels get nothing, whatever they show."
            }
            Self::IntegratedGradients => {
                "What each pixel adds to the score on the way from the baseline to the image; the sum is the difference of the two scores."
            }
            Self::SmoothGrad => {
                "Mean gradient over noisy copies: where a brighter pixel would raise the score. Its sum means nothing."
            }
            Self::GuidedBackprop => {
                "Caution: it partly redraws the edges of the image and hardly depends on the class (Adebayo et al. 2018)."
            }
            Self::Deconvnet => {
                "Caution: it hardly depends on the class or on the weights of the network (Adebayo et al. 2018)."
            }
            Self::Lrp => {
                "The score redistributed from layer to layer in proportion to positive contributions; what it conserves stands beside it."
            }
            Self::Occlusion => "How far the score falls if a window is replaced.",
            Self::Rise => "Covariance of the score with what random masks keep.",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// No method has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no method `{found}`, expected one of: {}", NAMES.map(|(_, name)| name).join(", "))]
pub struct NoMethod {
    found: String,
}

impl FromStr for Method {
    type Err = NoMethod;

    fn from_str(text: &str) -> Result<Self, NoMethod> {
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(method, _)| *method).ok_or_else(|| NoMethod { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_one_name_in_text_and_in_files() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(method));
            assert_eq!(serde_json::to_string(&method).unwrap(), format!("\"{method}\""));
            assert!(!method.meaning().is_empty());
        }
        let error = "gradcam".parse::<Method>().unwrap_err().to_string();
        assert!(error.contains("`gradcam`") && error.contains("hires-cam, grad-cam"), "{error}");
    }
}
