//! Weights: named tensors of `f32` in safetensors files.
//!
//! Safetensors is the only format; pickles can run code and are refused, as other formats are, with
//! a line that converts them. Half-precision numbers are widened. What is read is checked
//! against what the network needs: nothing missing, nothing left over, shapes equal, all finite.

use std::collections::{BTreeMap, HashMap};

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::json;

/// Largest number of tensors a file may name; the largest network known here has under 400.
const MOST_TENSORS: usize = 10_000;
/// Key of a network's architecture in the header of its file.
pub(crate) const ARCHITECTURE_KEY: &str = "nanoaid.architecture";
/// How PyTorch's counters of batches end.
const BATCH_COUNTER: &str = "num_batches_tracked";

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
    /// A file of another kind.
    #[error("{found}, expected safetensors; to convert it: {conversion}")]
    OtherFormat {
        /// What it seems to be.
        found: &'static str,
        /// A command that makes safetensors of it.
        conversion: &'static str,
    },
    /// The index of a network whose weights are in several files.
    #[error("an index of several files, expected the weights themselves; give the index where its files are")]
    Shards,
    /// An ONNX file that is damaged, or holds no network of images.
    #[error("ONNX file: {reason}")]
    Onnx {
        /// What is wrong.
        reason: String,
    },
    /// A node of an ONNX file that cannot be run.
    #[error("ONNX file: node `{node}` ({operator}): {reason}")]
    OnnxNode {
        /// The node, by its name or its output.
        node: String,
        /// Its operator.
        operator: String,
        /// What is not supported.
        reason: String,
    },
    /// None of the networks that are known here.
    #[error(
        "no known network has weights like {}; known are {}; to open any other network, export it as ONNX \
         with torch.onnx.export and give the .onnx file",
        .some.join(", "),
        super::Published::names()
    )]
    UnknownNetwork {
        /// The first of the names.
        some: Vec<String>,
    },
    /// Names and shapes that several networks share.
    #[error("the weights fit {}: name the network, as in `--network {}`", .candidates.join(" or "), .candidates[0])]
    SeveralNetworks {
        /// Their names.
        candidates: Vec<String>,
    },
    /// Not the expected network.
    #[error("the weights are those of {}, expected {expected}", .found.join(" or "))]
    OtherNetwork {
        /// The expected network.
        expected: String,
        /// What they are like.
        found: Vec<String>,
    },
    /// A tensor of another number format than floats of 32 or 16 bits.
    #[error("weight `{name}` is {found}, expected F32, F16 or BF16")]
    NotF32 {
        /// The tensor.
        name: String,
        /// Its format.
        found: String,
    },
    /// The device on which the network was to run; the error names it.
    #[error(transparent)]
    Device(#[from] crate::device::DeviceError),
    /// A built-in network was requested of a build without them.
    #[error("the weights of `{name}` are not part of this build: turn on the feature `builtin-weights`")]
    NotBuiltIn {
        /// The network.
        name: &'static str,
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
    /// A weight that the network does not have.
    #[error("weight `{name}` is not part of the network")]
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
    /// A weight that half precision cannot hold.
    #[error(
        "weight `{name}` is {value} at {index}, expected at most ±65504 for half precision; leave `half_precision` out"
    )]
    BeyondHalf {
        /// The tensor.
        name: String,
        /// Place of the first such value.
        index: usize,
        /// The value, as text.
        value: String,
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
    /// Reads a safetensors file of floats of 32 or 16 bits; second are the texts in its header.
    /// PyTorch's counters of batches (`….num_batches_tracked`) are left out, since nothing uses them.
    ///
    /// # Errors
    /// If it is damaged, too large in number, or holds other number formats.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, HashMap<String, String>), WeightsError> {
        let format = |reason: String| WeightsError::Format { reason };
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|error| other_format(bytes).unwrap_or_else(|| format(error.to_string())))?;
        check_keys(bytes)?;
        let texts = header.metadata().clone().unwrap_or_default();
        let file = SafeTensors::deserialize(bytes).map_err(|error| format(error.to_string()))?;
        if file.len() > MOST_TENSORS {
            return Err(format(format!("{} tensors, expected at most {MOST_TENSORS}", file.len())));
        }
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            if Self::is_passed_over(&name) {
                continue;
            }
            let (fours, _) = view.data().as_chunks::<4>();
            let (twos, _) = view.data().as_chunks::<2>();
            let values = match view.dtype() {
                Dtype::F32 => fours.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
                Dtype::F16 => twos.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
                // the upper half of a 32-bit float
                Dtype::BF16 => {
                    twos.iter().map(|&[low, high]| f32::from_le_bytes([0, 0, low, high])).collect()
                }
                other => return Err(WeightsError::NotF32 { name, found: format!("{other:?}") }),
            };
            tensors.insert(name, Weight { shape: view.shape().to_vec(), values });
        }
        Ok((Self { tensors }, texts))
    }

    /// The weights as a safetensors file with `text` under `key` in its header: of 16-bit floats if
    /// these hold every weight exactly, else of 32-bit ones. The same weights give the same bytes.
    pub fn to_bytes(&self, key: &str, text: &str) -> Vec<u8> {
        let is_half = self.tensors.values().flat_map(|weight| &weight.values).all(|&value| is_half(value));
        let dtype = if is_half { Dtype::F16 } else { Dtype::F32 };
        let bytes: Vec<(&String, &Weight, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, weight)| {
                let bytes = if is_half {
                    weight.values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
                } else {
                    weight.values.iter().flat_map(|value| value.to_le_bytes()).collect()
                };
                (name, weight, bytes)
            })
            .collect();
        let views = bytes.iter().map(|(name, weight, bytes)| {
            let view = TensorView::new(dtype, weight.shape.clone(), bytes);
            (name.as_str(), view.expect("a weight holds as many values as its shape has"))
        });
        let header = HashMap::from([(key.to_owned(), text.to_owned())]);
        safetensors::serialize(views, Some(header)).expect("named tensors of floats can be written")
    }

    /// Every weight rounded to the nearest 16-bit float.
    ///
    /// # Errors
    /// The first weight that is too large for one.
    pub(crate) fn in_half_precision(&self) -> Result<Self, WeightsError> {
        let mut tensors = self.tensors.clone();
        for (name, weight) in &mut tensors {
            for (index, value) in weight.values.iter_mut().enumerate() {
                let half = f16::from_f32(*value);
                if !half.is_finite() {
                    let (name, value) = (name.clone(), value.to_string());
                    return Err(WeightsError::BeyondHalf { name, index, value });
                }
                *value = half.to_f32();
            }
        }
        Ok(Self { tensors })
    }

    /// Whether nothing uses the tensor `name`.
    pub(super) fn is_passed_over(name: &str) -> bool {
        name.ends_with(BATCH_COUNTER)
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

/// Refuses a header that names something twice: which of the two counts would depend on who reads it.
fn check_keys(bytes: &[u8]) -> Result<(), WeightsError> {
    let format = |reason: String| WeightsError::Format { reason };
    // the length of the header and the header, which were checked to be there
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| format("no header".to_owned()))?;
    let header = usize::try_from(u64::from_le_bytes(*length)).ok().and_then(|length| rest.get(..length));
    let header = header.ok_or_else(|| format("the header is cut off".to_owned()))?;
    json::unique::<serde::de::IgnoredAny>(header)
        .map(|_| ())
        .map_err(|error| format(format!("damaged header: {error}")))
}

/// Whether a 16-bit float holds `value` to the bit.
fn is_half(value: f32) -> bool {
    f16::from_f32(value).to_f32().to_bits() == value.to_bits()
}

/// What a file that is no safetensors begins like.
fn other_format(bytes: &[u8]) -> Option<WeightsError> {
    const PYTORCH: &str = "python -c \"import torch, safetensors.torch as s; \
        d = torch.load('FILE.pth', map_location='cpu', weights_only=True); \
        d = next((d[k] for k in ('state_dict', 'model_state_dict', 'model', 'net') if isinstance(d.get(k), dict)), d); \
        s.save_file({k: v.detach().clone().contiguous() for k, v in d.items() if torch.is_tensor(v)}, \
        'FILE.safetensors')\"";
    const KERAS: &str = "python -c \"import h5py, safetensors.numpy as s; d = {}; \
        h5py.File('FILE.h5').visititems(lambda n, o: d.update({n: o[()]}) if hasattr(o, 'shape') else None); \
        s.save_file(d, 'FILE.safetensors')\"";
    if bytes.first() == Some(&b'{') && bytes.windows(12).take(1 << 20).any(|part| part == b"\"weight_map\"") {
        return Some(WeightsError::Shards);
    }
    let (found, conversion) = match bytes {
        [b'P', b'K', 3, 4, ..] => ("a ZIP archive, as PyTorch's .pt and .pth are", PYTORCH),
        [0x80, 2, 0x8a, 10, ..] | [0x80, 4, 0x95, ..] => ("a Python pickle, which can run code", PYTORCH),
        [0x89, b'H', b'D', b'F', ..] => ("an HDF5 file, as Keras writes them", KERAS),
        _ => return None,
    };
    Some(WeightsError::OtherFormat { found, conversion })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_in_half_precision_are_the_nearest_and_take_half_the_file() {
        // IEEE 754 binary16, from the tables of the standard's text books
        let of = |values: &[f32]| Weights {
            tensors: [("w".to_owned(), Weight { shape: vec![values.len()], values: values.to_vec() })].into(),
        };
        let exact = [0.0, -0.0, 1.0, -2.0, 65504.0, 2.0_f32.powi(-14), 2.0_f32.powi(-24), 0.333_251_95];
        let single = of(&[1.0 / 3.0, 1.0 + 2.0_f32.powi(-12), 3.0e-9]);
        let half = single.in_half_precision().unwrap();
        assert_eq!(half.tensors["w"].values, [0.333_251_95, 1.0, 0.0]);
        let n_bytes = |weights: &Weights| {
            let bytes = weights.to_bytes("key", "text");
            assert_eq!(Weights::from_bytes(&bytes).unwrap().0, *weights);
            SafeTensors::deserialize(&bytes).unwrap().tensor("w").unwrap().data().len()
        };
        assert_eq!([n_bytes(&of(&exact)), n_bytes(&single), n_bytes(&half)], [16, 12, 6]);
        let error = of(&[1.0, -1e6]).in_half_precision().unwrap_err().to_string();
        assert!(error.contains("`w` is -1000000 at 1"), "{error}");
    }

    #[test]
    fn other_formats_are_named_with_a_line_that_converts_them() {
        let cases: [(&[u8], &str); 3] = [
            (b"PK\x03\x04\0\0\0\0archive/data.pkl", "torch.load"),
            (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "torch.load"),
            (b"\x89HDF\r\n\x1a\n\0\0\0\0", "h5py"),
        ];
        for (bytes, hint) in cases {
            let error = Weights::from_bytes(bytes).unwrap_err();
            assert!(matches!(error, WeightsError::OtherFormat { .. }), "{error}");
            assert!(error.to_string().contains(hint), "{error}");
        }
        let index = br#"{"metadata": {}, "weight_map": {"a.weight": "model-00001-of-00002.safetensors"}}"#;
        let error = Weights::from_bytes(index).unwrap_err();
        assert!(error == WeightsError::Shards && error.to_string().contains("several files"), "{error}");
    }

    #[test]
    fn a_header_that_names_something_twice_is_refused() {
        let file = |header: &str, n_values: usize| {
            let header = format!("{header:<width$}", width = header.len().next_multiple_of(8));
            [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; 4 * n_values]].concat()
        };
        let entry =
            |from: usize| format!(r#"{{"dtype":"F32","shape":[1],"data_offsets":[{from},{}]}}"#, from + 4);
        let once = format!(r#"{{"a":{},"b":{}}}"#, entry(0), entry(4));
        assert_eq!(Weights::from_bytes(&file(&once, 2)).unwrap().0.tensors.len(), 2);
        for (twice, key) in [
            (format!(r#"{{"a":{},"a":{}}}"#, entry(0), entry(0)), "a"),
            (format!(r#"{{"a":{},"b":{},"a":{}}}"#, entry(0), entry(4), entry(0)), "a"),
            (once.replace(r#""dtype":"F32""#, r#""dtype":"F32","dtype":"F32""#), "dtype"),
            (once.replacen('{', r#"{"__metadata__":{"x":"1","x":"2"},"#, 1), "x"),
        ] {
            let reason = Weights::from_bytes(&file(&twice, 2)).unwrap_err().to_string();
            assert!(reason.contains(key) && reason.contains("not a safetensors file"), "{twice}: {reason}");
        }
    }
}
