//! Reduction: a plane made smaller by the mean over square cells.

use micrograph::Plane;

/// The mean of each `factor × factor` cell, the last row and column of cells as much of them as
/// there is. `[H, W]` → `[⌈H / factor⌉, ⌈W / factor⌉]`; sums in `f64`, `factor` at least 1.
pub(super) fn reduced(plane: &Plane, factor: usize) -> Plane {
    if factor == 1 {
        return plane.clone();
    }
    let (height, width) = (plane.height().div_ceil(factor), plane.width().div_ceil(factor));
    let mut values = Vec::with_capacity(height * width);
    for y in 0..height {
        let rows = y * factor..((y + 1) * factor).min(plane.height());
        let mut sums = vec![0.0_f64; width];
        for row in rows.clone() {
            for (sum, cell) in sums.iter_mut().zip(plane.row(row).chunks(factor)) {
                *sum += cell.iter().map(|&value| f64::from(value)).sum::<f64>();
            }
        }
        values.extend(sums.iter().enumerate().map(|(x, sum)| {
            let columns = ((x + 1) * factor).min(plane.width()) - x * factor;
            (sum / (rows.len() * columns) as f64) as f32
        }));
    }
    Plane::new(height, width, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_at_the_end_are_means_of_what_there_is() {
        let plane = Plane::from_fn(3, 5, |y, x| (10 * y + x) as f32);
        let small = reduced(&plane, 2);
        assert_eq!((small.height(), small.width()), (2, 3));
        assert_eq!(small.values(), [5.5, 7.5, 9.0, 20.5, 22.5, 24.0]);
    }
}
