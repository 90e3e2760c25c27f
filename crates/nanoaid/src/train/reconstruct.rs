//! The output of an autoencoder for many patches of one size.

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;

use crate::Network;

/// The output of an autoencoder for patches of one size, `n` at a time; in order.
pub fn reconstruct(network: &Network, patches: &[&Plane], n: usize) -> Vec<Plane> {
    let mut outputs = Vec::with_capacity(patches.len());
    for group in patches.chunks(n) {
        let Some(first) = group.first() else { continue };
        let (height, width) = (first.height(), first.width());
        let values: Vec<f32> = group.iter().flat_map(|patch| patch.values().iter().copied()).collect();
        let data = TensorData::new(values, [group.len(), 1, height, width]);
        let images = Tensor::<4>::from_data(data, &network.device().burn());
        let values: Vec<f32> =
            network.graph().forward(images).into_data().try_to_vec().expect("images are f32");
        outputs
            .extend(values.chunks(height * width).map(|values| Plane::new(height, width, values.to_vec())));
    }
    outputs
}
