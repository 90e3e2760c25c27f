//! Luma: one channel from colors.

/// Luma by ITU-R BT.601 of a color; exactly the grey level where the three are equal.
pub(super) fn luma([red, green, blue]: [f32; 3]) -> f32 {
    // 0.587 is the rest of the weights of red and blue
    green + 0.299 * (red - green) + 0.114 * (blue - green)
}
