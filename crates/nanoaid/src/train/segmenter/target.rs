//! Target: what the network is to give for the objects of a patch.

use micrograph::measure::count::squared_distances;
use micrograph::synth::ObjectKind;

use crate::network::{DEPTH, FIBER, N_OUTPUTS, PARTICLE, PORE};

/// Whether each pixel belongs to a particle, a fibre or a pore, and how deep it lies in its object, from 0
/// at the outline to 1; `[4, H, W]`. `kinds` are those of object 1, 2, …
pub(super) fn target(labels: &[u32], kinds: &[ObjectKind], (height, width): (usize, usize)) -> Vec<f32> {
    let area = height * width;
    let mut planes = vec![0.0; N_OUTPUTS * area];
    let inner: Vec<bool> = (0..area)
        .map(|index| {
            let (y, x) = (index / width, index % width);
            let same = |there: bool, other: usize| !there || labels[other] == labels[index];
            same(y > 0, index.wrapping_sub(width))
                && same(x > 0, index.wrapping_sub(1))
                && same(y + 1 < height, index + width)
                && same(x + 1 < width, index + 1)
        })
        .collect();
    let squares = squared_distances(&inner, (height, width));
    // an object without an outline in the patch fills it
    let distance = |index: usize| match squares[index] {
        u32::MAX => 1.0,
        square => (square as f32).sqrt() + 0.5,
    };
    let mut deepest = vec![1.0_f32; kinds.len() + 1];
    for (index, &label) in labels.iter().enumerate() {
        deepest[label as usize] = deepest[label as usize].max(distance(index));
    }
    for (index, &label) in labels.iter().enumerate().filter(|(_, label)| **label > 0) {
        let channel = match kinds[label as usize - 1] {
            ObjectKind::Particle => PARTICLE,
            ObjectKind::Fiber => FIBER,
            ObjectKind::Pore => PORE,
        };
        planes[channel * area + index] = 1.0;
        planes[DEPTH * area + index] = distance(index) / deepest[label as usize];
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_rises_from_the_outline_to_the_middle_of_each_object() {
        // two objects that touch: columns 1..4 and 4..7 of rows 1..6
        let (height, width) = (7, 9);
        let labels: Vec<u32> = (0..height * width)
            .map(|index| match (index / width, index % width) {
                (1..6, 1..4) => 1,
                (1..6, 4..7) => 2,
                _ => 0,
            })
            .collect();
        let planes = target(&labels, &[ObjectKind::Particle, ObjectKind::Pore], (height, width));
        let at = |channel: usize, y: usize, x: usize| planes[channel * height * width + y * width + x];
        assert_eq!(
            [at(PARTICLE, 3, 2), at(PORE, 3, 2), at(PARTICLE, 3, 5), at(PORE, 3, 5)],
            [1.0, 0.0, 0.0, 1.0]
        );
        // 1.5 px in the middle, 0.5 px at the outline and where they touch
        assert_eq!([at(DEPTH, 3, 2), at(DEPTH, 3, 3), at(DEPTH, 3, 4)], [1.0, 1.0 / 3.0, 1.0 / 3.0]);
        assert_eq!(at(DEPTH, 0, 0), 0.0);
    }
}
