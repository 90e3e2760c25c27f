//! Samples: the bytes of a row of pixels → numbers.

use super::levels::Levels;

/// What kind of number a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// How samples are stored.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    pub(super) kind: Kind,
    pub(super) bits: usize,
    /// Samples of a pixel that stand together.
    pub(super) together: usize,
    pub(super) little_endian: bool,
    /// 1 none, 2 differences between neighbors, 3 the same of the bytes of floats.
    pub(super) predictor: u64,
    /// Whether numbers of 9 to 15 bits fill 16 each.
    pub(super) unpacked: bool,
    /// Whether large numbers are dark.
    pub(super) inverted: bool,
}

impl Samples {
    /// Samples of whole bytes, `together` in a pixel.
    pub(super) fn plain(kind: Kind, bits: usize, together: usize, little_endian: bool) -> Self {
        Self { kind, bits, together, little_endian, predictor: 1, unpacked: false, inverted: false }
    }

    /// What is not read, by its name.
    pub(super) fn check(&self) -> Result<(), String> {
        let kind = match self.kind {
            Kind::Unsigned => "whole numbers",
            Kind::Signed => "signed whole numbers",
            Kind::Float => "floats",
        };
        let fits = match self.kind {
            Kind::Unsigned | Kind::Signed => matches!(self.bits, 1..=32 | 64),
            Kind::Float => matches!(self.bits, 16 | 32 | 64),
        };
        if !fits {
            return Err(format!("{kind} of {} bits", self.bits));
        }
        let predicts = match self.predictor {
            1 => true,
            2 => matches!(self.bits, 8 | 16 | 32 | 64),
            3 => self.kind == Kind::Float,
            _ => false,
        };
        if predicts {
            Ok(())
        } else {
            Err(format!("{kind} of {} bits with predictor {}", self.bits, self.predictor))
        }
    }

    /// Bits that a number takes up.
    fn stored_bits(&self) -> usize {
        if self.unpacked { 16 } else { self.bits }
    }

    /// Bytes of a row of `width` pixels.
    pub(super) fn row_bytes(&self, width: u64) -> u64 {
        width.saturating_mul((self.stored_bits() * self.together) as u64).div_ceil(8)
    }

    /// The numbers of a `row`, whose bytes are changed on the way.
    pub(super) fn numbers(&self, row: &mut [u8], levels: &mut Levels, numbers: &mut [f32]) {
        self.restore(row);
        // 2^bits − 1
        let most = u64::MAX >> (64 - self.bits.min(64));
        let inverted = self.inverted;
        macro_rules! each {
            ($number:ty, $level:expr) => {
                for (number, bytes) in numbers.iter_mut().zip(row.as_chunks().0) {
                    *number = $level(<$number>::from_ne_bytes(*bytes));
                }
            };
        }
        let unsigned = |value: u64| if inverted { most.saturating_sub(value) } else { value };
        let signed = |value: i64| if inverted { -i128::from(value) } else { i128::from(value) };
        let sign = if inverted { -1.0 } else { 1.0 };
        match (self.kind, self.stored_bits()) {
            (Kind::Unsigned, 8) => each!(u8, |value| unsigned(u64::from(value)) as f32),
            (Kind::Unsigned, 16) => each!(u16, |value| unsigned(u64::from(value)) as f32),
            (Kind::Unsigned, 32) => each!(u32, |value| levels.whole(unsigned(u64::from(value)) as i64)),
            (Kind::Unsigned, 64) => each!(u64, |value| levels.long(i128::from(unsigned(value)))),
            (Kind::Signed, 8) => each!(i8, |value| signed(i64::from(value)) as f32),
            (Kind::Signed, 16) if self.bits == 16 => each!(i16, |value| signed(i64::from(value)) as f32),
            (Kind::Signed, 32) => each!(i32, |value| levels.whole(signed(i64::from(value)) as i64)),
            (Kind::Signed, 64) => each!(i64, |value| levels.long(signed(value))),
            (Kind::Float, 16) => each!(u16, |value| sign * f32_of_half(value)),
            (Kind::Float, 32) => each!(f32, |value: f32| sign * value),
            (Kind::Float, _) => each!(f64, |value: f64| levels.float(f64::from(sign) * value)),
            (kind, bits) => {
                // packed: the highest bit first, whatever the order of bytes
                for (idx, number) in numbers.iter_mut().enumerate() {
                    let value = if self.unpacked {
                        u64::from(u16::from_ne_bytes([row[2 * idx], row[2 * idx + 1]])) & most
                    } else {
                        packed(row, idx * bits, bits)
                    };
                    *number = match kind {
                        Kind::Signed => {
                            // the sign is the highest bit
                            let shift = 64 - self.bits;
                            levels.whole(signed((value << shift).cast_signed() >> shift) as i64)
                        }
                        _ => levels.whole(unsigned(value) as i64),
                    };
                }
            }
        }
    }

    /// Turns the bytes of a `row` into the machine's order, and undoes the predictor.
    fn restore(&self, row: &mut [u8]) {
        let bytes = self.stored_bits().div_ceil(8);
        if self.predictor == 3 {
            restore_floats(row, bytes, self.together);
            return;
        }
        if self.little_endian != cfg!(target_endian = "little") && matches!(self.stored_bits(), 16 | 32 | 64)
        {
            row.chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
        }
        if self.predictor != 2 {
            return;
        }
        let together = self.together;
        macro_rules! add_up {
            ($number:ty) => {{
                let (numbers, _) = row.as_chunks_mut();
                for idx in together..numbers.len() {
                    let before = <$number>::from_ne_bytes(numbers[idx - together]);
                    numbers[idx] = <$number>::from_ne_bytes(numbers[idx]).wrapping_add(before).to_ne_bytes();
                }
            }};
        }
        match bytes {
            1 => add_up!(u8),
            2 => add_up!(u16),
            4 => add_up!(u32),
            _ => add_up!(u64),
        }
    }
}

/// Undoes the predictor of floats (Adobe Photoshop TIFF Technical Note 3, 2005): the bytes of a row are
/// stored by their significance, the highest first, as differences.
fn restore_floats(row: &mut [u8], bytes: usize, together: usize) {
    for idx in together..row.len() {
        row[idx] = row[idx].wrapping_add(row[idx - together]);
    }
    let stored = row.to_vec();
    let n = row.len() / bytes;
    for (idx, number) in row.chunks_exact_mut(bytes).enumerate() {
        for (significance, byte) in number.iter_mut().enumerate() {
            *byte = stored[significance * n + idx];
        }
        if cfg!(target_endian = "little") {
            number.reverse();
        }
    }
}

/// The number of `bits` bits, at most 32, that begins at bit `at` of `row`.
fn packed(row: &[u8], at: usize, bits: usize) -> u64 {
    let end = (at + bits).div_ceil(8);
    let word = row[at / 8..end].iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    word >> (8 * end - at - bits) & ((1 << bits) - 1)
}

/// A float of 16 bits (IEEE 754 binary16).
fn f32_of_half(half: u16) -> f32 {
    let (exponent, fraction) = (u32::from(half >> 10 & 31), u32::from(half & 1023));
    let size = match exponent {
        0 => fraction as f32 * f32::from_bits(103 << 23), // times 2⁻²⁴
        31 => f32::from_bits(255 << 23 | fraction << 13),
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    if half >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_begin_at_any_bit() {
        // 0xabc, 0xdef of 12 bits; 101, 010, 111 of 3 bits
        assert_eq!([packed(&[0xab, 0xcd, 0xef], 0, 12), packed(&[0xab, 0xcd, 0xef], 12, 12)], [0xabc, 0xdef]);
        assert_eq!([0, 3, 6].map(|at| packed(&[0b1010_1011, 0b1000_0000], at, 3)), [5, 2, 7]);
    }

    #[test]
    fn half_floats_are_those_of_the_standard() {
        // from the examples of IEEE 754 binary16
        let cases = [
            (0x3c00, 1.0),
            (0x3c01, 1.000_976_6),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 0.000_061_035_156),
            (0x0001, 0.000_000_059_604_645),
            (0x7c00, f32::INFINITY),
            (0x3555, 0.333_251_95),
        ];
        for (half, expected) in cases {
            assert_eq!(f32_of_half(half), expected, "{half:04x}");
        }
        assert!(f32_of_half(0x7e00).is_nan());
    }
}
