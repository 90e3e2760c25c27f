//! Points and rings of them, in px; the pixel in the first row and column covers `[0, 1]²`.

/// A point, `[x, y]` in px.
pub type Point = [f64; 2];

/// The area of a ring by the shoelace formula; below 0 if it turns like y to x.
pub(super) fn ring_area(ring: &[Point]) -> f64 {
    let edges = ring.iter().zip(ring.iter().cycle().skip(1));
    edges.map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>() / 2.0
}
