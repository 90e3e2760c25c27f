//! Constants of an ONNX file: numbers and shape, wherever and in whatever format they are stored.

use super::proto;
use half::f16;

/// Most numbers of a constant.
const MOST_VALUES: usize = 1 << 30;

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    pub shape: Vec<usize>,
    pub values: Numbers,
}

/// Its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    Floats(Vec<f32>),
    /// Indexes, shapes, axes.
    Ints(Vec<i64>),
}

/// Gives `length` bytes from `offset` on of the file `location` beside the ONNX file; all to the end
/// without a length.
pub(super) type External<'a> = &'a dyn Fn(&str, u64, Option<u64>) -> Result<Vec<u8>, String>;

impl Constant {
    pub(super) fn ints(values: Vec<i64>) -> Self {
        Self { shape: vec![values.len()], values: Numbers::Ints(values) }
    }

    /// Reads `tensor`.
    ///
    /// # Errors
    /// If its format is not supported, or its numbers are not as many as its shape has.
    pub(super) fn of(tensor: &proto::Tensor, external: External<'_>) -> Result<Self, String> {
        let shape = tensor.dims.iter().map(|&length| usize::try_from(length).ok());
        let shape: Vec<usize> = shape.collect::<Option<_>>().ok_or("a negative length")?;
        let count = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
        let count = count.filter(|&count| count <= MOST_VALUES).ok_or("too many numbers")?;
        let outside;
        let raw = if tensor.data_location == 1 {
            outside = outside_bytes(tensor, external)?;
            &outside
        } else {
            &tensor.raw_data
        };
        let values = numbers(tensor, raw)?;
        let found = match &values {
            Numbers::Floats(values) => values.len(),
            Numbers::Ints(values) => values.len(),
        };
        if found != count {
            return Err(format!("{found} numbers, expected {count} by its shape {shape:?}"));
        }
        Ok(Self { shape, values })
    }

    /// Its floats.
    pub(super) fn floats(&self) -> Option<&[f32]> {
        match &self.values {
            Numbers::Floats(values) => Some(values),
            Numbers::Ints(_) => None,
        }
    }

    /// Its whole numbers.
    pub(super) fn as_ints(&self) -> Option<&[i64]> {
        match &self.values {
            Numbers::Ints(values) => Some(values),
            Numbers::Floats(_) => None,
        }
    }

    /// Its only number.
    pub(super) fn scalar(&self) -> Option<f32> {
        match &self.values {
            Numbers::Floats(values) => <[f32; 1]>::try_from(&values[..]).ok().map(|[value]| value),
            Numbers::Ints(values) => <[i64; 1]>::try_from(&values[..]).ok().map(|[value]| value as f32),
        }
    }

    /// The same numbers in another shape.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self { shape, values: self.values.clone() }
    }

    /// With rows and columns exchanged, if it has two axes.
    pub(super) fn transposed(&self) -> Option<Self> {
        let &[rows, columns] = &self.shape[..] else { return None };
        let places = (0..columns).flat_map(|x| (0..rows).map(move |y| y * columns + x));
        Some(Self { shape: vec![columns, rows], values: self.values.at(places) })
    }

    /// Rows `from` to `to` (without that one) in steps of `step`, which may be −1; places are counted
    /// from the end where they are negative.
    pub(super) fn rows(&self, from: i64, to: i64, step: i64) -> Option<Self> {
        let (&rows, rest) = self.shape.split_first()?;
        let length = i64::try_from(rows).ok()?;
        let counted = |place: i64| if place < 0 { place.saturating_add(length) } else { place };
        let chosen: Vec<usize> = match step {
            1 => (counted(from).clamp(0, length)..counted(to).clamp(0, length))
                .map(|row| row as usize)
                .collect(),
            -1 => {
                let first = counted(from).min(length - 1);
                let end = counted(to).max(-1);
                (0..=first).rev().take_while(|&row| row > end).map(|row| row as usize).collect()
            }
            _ => return None,
        };
        let width: usize = rest.iter().product();
        let places = chosen.iter().flat_map(|row| row * width..(row + 1) * width);
        let values = self.values.at(places);
        Some(Self { shape: [&[chosen.len()], rest].concat(), values })
    }
}

impl Numbers {
    /// Those at `places`.
    fn at(&self, places: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::Floats(values) => Self::Floats(places.map(|place| values[place]).collect()),
            Self::Ints(values) => Self::Ints(places.map(|place| values[place]).collect()),
        }
    }
}

fn outside_bytes(tensor: &proto::Tensor, external: External<'_>) -> Result<Vec<u8>, String> {
    let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key);
    let number = |key: &str| -> Result<Option<u64>, String> {
        let parsed = |entry: &proto::Entry| {
            entry.value.parse().map_err(|_| format!("external data: {key} is {:?}", entry.value))
        };
        entry(key).map(parsed).transpose()
    };
    let location = entry("location").ok_or("external data without a location")?;
    external(&location.value, number("offset")?.unwrap_or(0), number("length")?)
}

/// The numbers of `tensor`, whose bytes are `raw` where they are not in fields of their own.
fn numbers(tensor: &proto::Tensor, raw: &[u8]) -> Result<Numbers, String> {
    let (fours, of_four) = raw.as_chunks::<4>();
    let (twos, of_two) = raw.as_chunks::<2>();
    let (eights, of_eight) = raw.as_chunks::<8>();
    let left_over = |rest: &[u8]| {
        if rest.is_empty() { Ok(()) } else { Err("a number that is cut off".to_owned()) }
    };
    // 16-bit floats without raw data stand in the lower half of 32-bit integers
    let halves = || tensor.int32_data.iter().map(|&bits| bits as u16);
    Ok(match tensor.data_type {
        1 => {
            left_over(of_four)?;
            let values = fours.iter().map(|bytes| f32::from_le_bytes(*bytes));
            Numbers::Floats(values.chain(tensor.float_data.iter().copied()).collect())
        }
        10 => {
            left_over(of_two)?;
            let values = twos.iter().map(|bytes| u16::from_le_bytes(*bytes)).chain(halves());
            Numbers::Floats(values.map(|bits| f16::from_bits(bits).to_f32()).collect())
        }
        16 => {
            left_over(of_two)?;
            let values = twos.iter().map(|bytes| u16::from_le_bytes(*bytes)).chain(halves());
            // the upper half of a 32-bit float
            Numbers::Floats(values.map(|half| f32::from_bits(u32::from(half) << 16)).collect())
        }
        11 => {
            left_over(of_eight)?;
            let values = eights.iter().map(|bytes| f64::from_le_bytes(*bytes));
            Numbers::Floats(
                values.chain(tensor.double_data.iter().copied()).map(|value| value as f32).collect(),
            )
        }
        6 => {
            left_over(of_four)?;
            let values = fours.iter().map(|bytes| i64::from(i32::from_le_bytes(*bytes)));
            Numbers::Ints(values.chain(tensor.int32_data.iter().map(|&value| i64::from(value))).collect())
        }
        7 => {
            left_over(of_eight)?;
            let values = eights.iter().map(|bytes| i64::from_le_bytes(*bytes));
            Numbers::Ints(values.chain(tensor.int64_data.iter().copied()).collect())
        }
        other => {
            return Err(format!(
                "numbers of ONNX's type {other}, expected floats of 16, 32 or 64 bits or integers of 32 or 64"
            ));
        }
    })
}
