//! Decoder canvas: the latent code of an autoencoder, shown by its decoder.

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;
use micrograph::random::Stream;

use super::super::image::Shape;
use super::{Canvas, CanvasError};
use crate::Network;
use crate::network::Graph;

/// Name of the layer that holds the code.
const LATENT: &str = "latent";

/// Codes `[D, H / stride, W / stride]`.
pub(super) struct Decoder {
    /// From the code to the image.
    graph: Graph,
    device: burn::tensor::Device,
    code: [usize; 3],
    shape: Shape,
    deviation: f64,
    start: Option<Vec<f32>>,
}

impl Decoder {
    pub(super) fn new(
        shape: Shape,
        autoencoder: &Network,
        deviation: f64,
        start: Option<&Plane>,
    ) -> Result<Self, CanvasError> {
        let refuse = |reason: String| CanvasError::Decoder { reason };
        let graph = autoencoder.graph().value_id(LATENT).and_then(|id| autoencoder.graph().after(id));
        let (Some(mut graph), Some(layer)) = (graph, autoencoder.layer(LATENT)) else {
            return Err(refuse("the network has no latent code with a decoder behind it".to_owned()));
        };
        graph.use_fastest_method();
        if shape.channels != autoencoder.channels_in() {
            let (found, expected) = (shape.channels, autoencoder.channels_in());
            return Err(refuse(format!("found {found} channels, expected {expected}")));
        }
        let stride = layer.stride;
        if !shape.height.is_multiple_of(stride) || !shape.width.is_multiple_of(stride) {
            let (height, width) = (shape.height, shape.width);
            return Err(refuse(format!("found {width} × {height} pixels, expected multiples of {stride}")));
        }
        let code = [layer.n_channels, shape.height / stride, shape.width / stride];
        let start = start
            .map(|plane| {
                let code = autoencoder.maps(plane, LATENT).map_err(|error| refuse(error.to_string()))?;
                Ok(code.into_iter().flat_map(Plane::into_values).collect())
            })
            .transpose()?;
        Ok(Self { graph, device: autoencoder.device().burn(), code, shape, deviation, start })
    }

    fn codes(&self, coefficients: &[f32]) -> Tensor<4> {
        let [channels, height, width] = self.code;
        let data = TensorData::new(coefficients.to_vec(), [1, channels, height, width]);
        Tensor::from_data(data, &self.device)
    }
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("tensors are f32")
}

impl Canvas for Decoder {
    fn start(&self, stream: &mut Stream) -> Vec<f32> {
        let coefficient = |_| (self.deviation * stream.normal()) as f32;
        let n = self.code.iter().product();
        self.start.clone().unwrap_or_else(|| (0..n).map(coefficient).collect())
    }

    fn image(&self, coefficients: &[f32]) -> Vec<f32> {
        values(self.graph.forward(self.codes(coefficients)))
    }

    fn gradient(&self, coefficients: &[f32], _: &[f32], gradient: &[f32]) -> Vec<f32> {
        let codes = self.codes(coefficients).autodiff().require_grad();
        let Shape { channels, height, width } = self.shape;
        let gradient = TensorData::new(gradient.to_vec(), [1, channels, height, width]);
        let gradient = Tensor::<4>::from_data(gradient, &self.device.clone().autodiff());
        let product = (self.graph.forward(codes.clone()) * gradient).sum();
        values(codes.grad_remove(&mut product.backward()).expect("the image depends on the code"))
    }
}
