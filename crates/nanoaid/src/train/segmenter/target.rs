//! Target: a patch, and what the network is to give for the objects in it.

use micrograph::ObjectKind;

use crate::network::{DEPTH, N_OUTPUTS, channel_of};
use crate::segment::relative_depth;

/// A patch and its target.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    /// `[H, W]`
    pub values: Vec<f32>,
    /// `[4, H, W]`
    pub target: Vec<f32>,
}

/// Whether each pixel belongs to a particle, a fibre or a pore, and how deep it lies in its object; `[4, H, W]`.
/// `kinds` are those of object 1, 2, …
pub(super) fn target(labels: &[u32], kinds: &[ObjectKind], size: (usize, usize)) -> Vec<f32> {
    let area = labels.len();
    let mut planes = vec![0.0; N_OUTPUTS * area];
    for (index, &label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        planes[channel_of(kinds[label as usize - 1]) * area + index] = 1.0;
    }
    planes[DEPTH * area..].copy_from_slice(&relative_depth(labels, kinds.len(), size));
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_in_the_plane_of_its_kind() {
        let labels = [1, 1, 0, 2];
        let planes = target(&labels, &[ObjectKind::Particle, ObjectKind::Pore], (2, 2));
        assert_eq!(planes[..4], [1.0, 1.0, 0.0, 0.0]); // particle
        assert_eq!(planes[4..8], [0.0; 4]); // fibre
        assert_eq!(planes[8..12], [0.0, 0.0, 0.0, 1.0]); // pore
        assert!(planes[12] > 0.0 && planes[14] == 0.0 && planes[15] > 0.0);
    }
}
