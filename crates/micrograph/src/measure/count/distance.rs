//! Distance of each foreground pixel from the nearest background pixel, exact (Felzenszwalb and
//! Huttenlocher 2012): squared distances along rows, then lower envelopes of parabolas along columns.

/// Squared distances in px² from the centre of the nearest pixel that is false, `[H, W]` as `mask`.
///
/// Positions outside the image are not known and so are not background. Without any background all
/// distances are `u32::MAX`.
pub fn squared_distances(mask: &[bool], (height, width): (usize, usize)) -> Vec<u32> {
    let far = (height + width) as u32;
    // to the nearest background in the same row
    let mut along = vec![far; mask.len()];
    for (row, mask) in along.chunks_exact_mut(width).zip(mask.chunks_exact(width)) {
        let mut last = far;
        for (distance, inside) in row.iter_mut().zip(mask) {
            last = if *inside { (last + 1).min(far) } else { 0 };
            *distance = last;
        }
        let mut last = far;
        for (distance, inside) in row.iter_mut().zip(mask).rev() {
            last = if *inside { (last + 1).min(far) } else { 0 };
            *distance = last.min(*distance);
        }
    }
    let mut squares = vec![u32::MAX; mask.len()];
    let mut envelope = Envelope { parabolas: Vec::with_capacity(height) };
    for x in 0..width {
        envelope.parabolas.clear();
        for y in 0..height {
            let distance = along[y * width + x];
            if distance < far {
                envelope.add(y as i64, i64::from(distance).pow(2));
            }
        }
        envelope.read(height, |y, square| squares[y * width + x] = square);
    }
    squares
}

/// Lowest of the parabolas `(y − apex)² + base`, each from the row where it becomes the lowest.
struct Envelope {
    /// First row, apex, base.
    parabolas: Vec<(i64, i64, i64)>,
}

impl Envelope {
    /// Adds a parabola whose apex is below all others on the screen.
    fn add(&mut self, apex: i64, base: i64) {
        while let Some((first, other, other_base)) = self.parabolas.last().copied() {
            // where the new one is as low as the other: at y with 2 y (apex − other) = difference
            let difference = base + apex * apex - other_base - other * other;
            let meet = difference.div_euclid(2 * (apex - other)) + 1;
            if meet > first {
                self.parabolas.push((meet, apex, base));
                return;
            }
            self.parabolas.pop();
        }
        self.parabolas.push((0, apex, base));
    }

    fn read(&self, height: usize, mut give: impl FnMut(usize, u32)) {
        for (index, (first, apex, base)) in self.parabolas.iter().enumerate() {
            let end = self.parabolas.get(index + 1).map_or(height as i64, |next| next.0.min(height as i64));
            for y in *first..end {
                give(y as usize, ((y - apex).pow(2) + base) as u32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn distances_are_those_of_the_definition() {
        for (case, (height, width)) in [(1, 1), (1, 9), (8, 1), (7, 11), (23, 17)].into_iter().enumerate() {
            for share in [0.0, 0.2, 0.6, 0.95, 1.0] {
                let mut stream = Stream::new(1, "test", case as u64);
                let mask: Vec<bool> = (0..height * width).map(|_| stream.uniform() < share).collect();
                let found = squared_distances(&mask, (height, width));
                for (at, found) in found.iter().enumerate() {
                    let square = |other: usize| {
                        let (dy, dx) =
                            ((at / width).abs_diff(other / width), (at % width).abs_diff(other % width));
                        (dy * dy + dx * dx) as u32
                    };
                    let background = (0..mask.len()).filter(|other| !mask[*other]);
                    let expected = background.map(square).min().unwrap_or(u32::MAX);
                    assert_eq!(*found, expected, "{height}×{width}, {share}: pixel {at}");
                }
            }
        }
    }
}
