//! Depth: how deep each pixel lies in its object, from 0 at the outline to 1 where the object is deepest.

use micrograph::measure::count::squared_distances;

/// The depth of each pixel of objects `1 ..= n`, `[H, W]` as `labels`; 0 outside. The border of the image is
/// no outline.
pub(crate) fn relative_depth(labels: &[u32], n: usize, (height, width): (usize, usize)) -> Vec<f32> {
    let inner: Vec<bool> = (0..labels.len())
        .map(|index| {
            let (y, x) = (index / width, index % width);
            let same = |there: bool, other: usize| !there || labels[other] == labels[index];
            same(y > 0, index.wrapping_sub(width))
                && same(x > 0, index.wrapping_sub(1))
                && same(y + 1 < height, index + width)
                && same(x + 1 < width, index + 1)
        })
        .collect();
    // an object without an outline in the image fills it
    let mut depths: Vec<f32> = squared_distances(&inner, (height, width))
        .into_iter()
        .map(|square| if square == u32::MAX { 1.0 } else { (square as f32).sqrt() + 0.5 })
        .collect();
    let mut deepest = vec![1.0_f32; n + 1];
    for (&label, &depth) in labels.iter().zip(&depths) {
        deepest[label as usize] = deepest[label as usize].max(depth);
    }
    for (&label, depth) in labels.iter().zip(&mut depths) {
        *depth = if label == 0 { 0.0 } else { *depth / deepest[label as usize] };
    }
    depths
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
        let depth = relative_depth(&labels, 2, (height, width));
        let at = |y: usize, x: usize| depth[y * width + x];
        // 1.5 px in the middle, 0.5 px at the outline and where they touch
        assert_eq!([at(3, 2), at(3, 3), at(3, 4), at(3, 5), at(0, 0)], [1.0, 1.0 / 3.0, 1.0 / 3.0, 1.0, 0.0]);
    }
}
