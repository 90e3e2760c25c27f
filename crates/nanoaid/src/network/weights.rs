//! Weights: named tensors of `f32` in safetensors files.
//!
//! Safetensors is the only format; pickles can run code and are refused. What is read is checked
//! against what the network needs: nothing missing, nothing left over, shapes equal, all finite.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Largest number of tensors a file may name; the largest network known here has under 400.
const MOST_TENSORS: usize = 10_000;
/// Key of a network's architecture in the header of its file.
pub(crate) const ARCHITECTURE_KEY: &str = "nanoaid.architecture";

/// One tensor on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, the last index fastest.
    pub values: Vec<f32>,
}

/// Named tensors on the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Name → tensor, in the order of the names.
    pub tensors: BTreeMap<String, Weight>,
}

/// Why weights could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Not a safetensors file, or a damaged one.
    #[error("not a safetensors file: {reason}")]
    Format {
        /// What is wrong.
        reason: String,
    },
    /// A tensor of another number format than 32-bit float.
    #[error("weight `{name}` is {found}, expected F32")]
    NotF32 {
        /// The tensor.
        name: String,
        /// Its format.
        found: String,
    },
    /// The header does not name an architecture.
    #[error("the header has no `{ARCHITECTURE_KEY}`, expected a network written by NanoAID")]
    NoArchitecture,
    /// The architecture in the header is not one of ours.
    #[error("architecture in the header: {reason}")]
    Architecture {
        /// What is wrong.
        reason: String,
    },
    /// A weight the network needs is not there.
    #[error("weight `{name}` is missing")]
    Missing {
        /// The tensor.
        name: String,
    },
    /// A weight the network has no place for.
    #[error("weight `{name}` is left over: the network has no place for it")]
    LeftOver {
        /// The tensor.
        name: String,
    },
    /// A weight of another shape.
    #[error("weight `{name}` has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape the network needs.
        expected: Vec<usize>,
    },
    /// A weight that is NaN or infinite.
    #[error("weight `{name}` is {value} at {index}, expected finite numbers")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Place of the first such value.
        index: usize,
        /// The value, as text.
        value: String,
    },
}

impl Weights {
    /// Reads a safetensors file of 32-bit floats; second are the texts in its header.
    ///
    /// # Errors
    /// If it is damaged, too large in number, or holds other number formats.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, HashMap<String, String>), WeightsError> {
        let format = |reason: String| WeightsError::Format { reason };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| format(error.to_string()))?;
        let texts = header.metadata().clone().unwrap_or_default();
        let file = SafeTensors::deserialize(bytes).map_err(|error| format(error.to_string()))?;
        if file.len() > MOST_TENSORS {
            return Err(format(format!("{} tensors, expected at most {MOST_TENSORS}", file.len())));
        }
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(WeightsError::NotF32 { name, found: format!("{:?}", view.dtype()) });
            }
            let (fours, _) = view.data().as_chunks::<4>();
            let values = fours.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            tensors.insert(name, Weight { shape: view.shape().to_vec(), values });
        }
        Ok((Self { tensors }, texts))
    }

    /// The weights as a safetensors file with `text` under `key` in its header. The same weights
    /// give the same bytes.
    pub fn to_bytes(&self, key: &str, text: &str) -> Vec<u8> {
        let bytes: Vec<(&String, &Weight, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, weight)| {
                let mut bytes = vec![0; size_of_val(weight.values.as_slice())];
                for (four, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(&weight.values) {
                    *four = value.to_le_bytes();
                }
                (name, weight, bytes)
            })
            .collect();
        let views = bytes.iter().map(|(name, weight, bytes)| {
            let view = TensorView::new(Dtype::F32, weight.shape.clone(), bytes);
            (name.as_str(), view.expect("a weight holds as many values as its shape says"))
        });
        let header = HashMap::from([(key.to_owned(), text.to_owned())]);
        safetensors::serialize(views, Some(header)).expect("named f32 tensors can be written")
    }

    /// The tensor `name`, if it has `shape` and is finite.
    pub(crate) fn checked(&self, name: &str, shape: &[usize]) -> Result<&Weight, WeightsError> {
        let weight = self.tensors.get(name).ok_or_else(|| WeightsError::Missing { name: name.to_owned() })?;
        if weight.shape != shape {
            return Err(WeightsError::Shape {
                name: name.to_owned(),
                found: weight.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        match weight.values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(WeightsError::NotFinite {
                name: name.to_owned(),
                index,
                value: weight.values[index].to_string(),
            }),
            None => Ok(weight),
        }
    }
}
