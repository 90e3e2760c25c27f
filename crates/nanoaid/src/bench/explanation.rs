//! Methods that explain, beside a forward and a backward pass.

use micrograph::Plane;
use micrograph::random::Stream;

use crate::interpret::explain::{ExplainConfig, Method, passes, repeated};
use crate::network::{Published, PublishedConfig};
use crate::{Architecture, Device, Network};

/// Side of the image in px: one view.
const SIDE: usize = 224;
const N_CLASSES: usize = 10;
/// Steps of integrated gradients, taken whatever the sum.
const N_STEPS: usize = 16;

/// What is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplanationKind {
    /// A forward and a backward pass to the pixels.
    Passes,
    /// The map of a method.
    Map(Method),
}

impl ExplanationKind {
    /// All that are measured, the passes first.
    pub const ALL: [Self; 7] = [
        Self::Passes,
        Self::Map(Method::GradientXInput),
        Self::Map(Method::GuidedBackprop),
        Self::Map(Method::GradCam),
        Self::Map(Method::HiresCam),
        Self::Map(Method::Lrp),
        Self::Map(Method::IntegratedGradients),
    ];

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Self::Passes => "explain-forward-backward".to_owned(),
            Self::Map(Method::IntegratedGradients) => format!("explain-integrated-gradients-{N_STEPS}"),
            Self::Map(method) => format!("explain-{method}"),
        }
    }

    /// Prepares it for one grey image of 224 × 224 px and a `ResNet18` with random weights, and hands it to `measure`, which repeats
    /// it.
    ///
    /// # Panics
    /// If the network has no such map.
    pub fn measured(self, device: Device, measure: &mut dyn FnMut(&mut dyn FnMut())) {
        let config = PublishedConfig::new(Published::ResNet18, Some(N_CLASSES));
        let network = Network::random(Architecture::Published(config), 0, device);
        let network = network.expect("the default settings are in range").gray();
        let mut stream = Stream::new(0, "bench", 0);
        let plane = Plane::from_fn(SIDE, SIDE, |_, _| stream.uniform() as f32);
        let config = ExplainConfig { most_steps: N_STEPS, ..ExplainConfig::default() };
        match self {
            Self::Passes => {
                let mut step = passes(&network, &plane).expect("the network has classes");
                measure(&mut || drop(step().expect("nobody breaks it off")));
            }
            Self::Map(method) => {
                let step = repeated(&network, &plane, &config, method);
                let mut step = step.expect("the network has classes");
                measure(&mut || drop(step().expect("the method fits the network")));
            }
        }
    }
}
