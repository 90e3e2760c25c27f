//! Vectors: arithmetic of two steps `[x, y]`.

/// The two shortest steps of the lattice of two.
pub(super) fn reduced(mut a: [f64; 2], mut b: [f64; 2]) -> [[f64; 2]; 2] {
    for _ in 0..32 {
        if length(a) > length(b) {
            std::mem::swap(&mut a, &mut b);
        }
        let times = ((a[0] * b[0] + a[1] * b[1]) / (a[0] * a[0] + a[1] * a[1]).max(1e-9)).round();
        if times == 0.0 {
            break;
        }
        b = [b[0] - times * a[0], b[1] - times * a[1]];
    }
    [a, b]
}

pub(super) fn length([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

pub(super) fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}
