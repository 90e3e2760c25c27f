//! ONNX: any feed-forward convolutional network, from the file that `torch.onnx.export` and other
//! exporters write (onnx.ai).
//!
//! A node becomes a layer, under the name of its weights, else of its output. What the file does not
//! say, such as how images are normalized, is assumed and noted. What is not supported is an
//! error that names the node; nothing is left out in silence.

mod fold;
mod proto;
mod tensor;
#[cfg(test)]
mod tests;
mod translate;
mod value;

use std::path::Path;

use micrograph::regular;
use prost::Message;

use super::imported::ImportedConfig;
use super::preprocess::Preprocess;
use super::published::Input;
use super::weights::{Weights, WeightsError};
use translate::Translation;

/// Operators that are supported.
pub(super) const OPERATORS: &str = "Add, AveragePool, BatchNormalization, Cast, Clip, Concat, Constant, ConstantOfShape, Conv, \
    ConvTranspose (2×2, stride 2), DepthToSpace (2), Div, Dropout, Elu, Erf, Flatten, Gather (of shapes), Gelu, Gemm, \
    GlobalAveragePool, HardSigmoid, HardSwish, Identity, LayerNormalization, LeakyRelu, MatMul (by a constant), \
    MaxPool, Mul, Neg, Pad (before a convolution), ReduceMean (over the image), Relu, Reshape (to a vector), \
    Resize and Upsample (nearest, ×2), Shape, Sigmoid, Slice (of constants), Softmax, Squeeze, Sub, Swish, Tanh, Transpose (between NCHW and NHWC), Unsqueeze";

/// What an ONNX file holds.
pub(super) struct Opened {
    pub config: ImportedConfig,
    pub weights: Weights,
    pub notes: Vec<String>,
}

/// Whether `bytes` begin like an ONNX file: the version of the format, then the name of a producer,
/// or the graph.
pub(super) fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [8, 1..=32, 0x12 | 0x3a, ..])
}

/// Reads the bytes of an ONNX file; weights in other files are looked for in `folder`.
///
/// # Errors
/// If the file is damaged, its input is not an image of 1 or 3 channels, or a node is not supported.
pub(super) fn open(bytes: &[u8], folder: Option<&Path>) -> Result<Opened, WeightsError> {
    let wrong = |reason: String| WeightsError::Onnx { reason };
    let model = proto::Model::decode(bytes).map_err(|error| wrong(error.to_string()))?;
    let graph = model.graph.as_ref().ok_or_else(|| wrong("there is no graph in it".to_owned()))?;
    let external =
        |location: &str, offset: u64, length: Option<u64>| outside(folder, location, offset, length);
    let text = |key: &str| {
        model.metadata_props.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    };
    let translated = Translation::of(graph, &external)?;
    let colors = translated.channels == 3;
    let mut notes = translated.notes;
    let (mean, std) = (text("mean"), text("std"));
    if mean.is_none() || std.is_none() {
        let assumed = if colors {
            "mean and deviation of ImageNet's colors are assumed"
        } else {
            "grey from 0 to 1 is assumed"
        };
        notes.push(format!(
            "the file does not say how images are normalized: {assumed}; `mean` and `std` in its metadata decide"
        ));
    }
    let plain = Preprocess { mean: [0.0; 3], std: [1.0; 3], ..Preprocess::TORCHVISION };
    let usual = if colors { Preprocess::TORCHVISION } else { plain };
    let given =
        |text: Option<&str>, usual: [f32; 3]| text.map_or(Ok(usual), |text| triple(text).map_err(wrong));
    let preprocess = Preprocess {
        mean: given(mean, usual.mean)?,
        std: given(std, usual.std)?,
        size_px: translated.side.unwrap_or(usual.size_px),
        ..usual
    };
    let classes = text("classes").map(names);
    if let Some(names) = classes.as_ref().filter(|names| names.len() != translated.outputs) {
        let (found, expected) = (names.len(), translated.outputs);
        return Err(wrong(format!(
            "metadata: {found} names of classes, expected {expected}, as many as outputs"
        )));
    }
    let input = if colors { Input::Colors } else { Input::OneChannel };
    let config = ImportedConfig { input, preprocess, classes, steps: translated.steps };
    let config = config.checked().map_err(|error| wrong(error.to_string()))?;
    let weights = Weights { tensors: translated.weights };
    Ok(Opened { config, weights, notes })
}

/// Bytes of a file of weights in the folder of the ONNX file.
fn outside(
    folder: Option<&Path>,
    location: &str,
    offset: u64,
    length: Option<u64>,
) -> Result<Vec<u8>, String> {
    let name = Path::new(location);
    let plain = name.file_name().is_some_and(|file| file == name.as_os_str());
    if !plain {
        return Err(format!("weights in {location:?}, expected a file beside the ONNX file"));
    }
    let folder = folder.ok_or_else(|| format!("weights in the file {location:?}, which is not at hand"))?;
    let path = folder.join(name);
    let bytes = regular::read(&path, regular::LARGEST)
        .map_err(|error| format!("weights are in the file {}: {error}", path.display()))?;
    let end = length.map_or(Some(bytes.len() as u64), |length| offset.checked_add(length));
    let range = end.filter(|&end| offset <= end && end <= bytes.len() as u64);
    let end = range.ok_or_else(|| {
        format!("{}: {} bytes, weights expected at {offset} and later", path.display(), bytes.len())
    })?;
    Ok(bytes[offset as usize..end as usize].to_vec())
}

/// One or three numbers of a text such as `[0.485, 0.456, 0.406]`.
fn triple(text: &str) -> Result<[f32; 3], String> {
    let numbers: Option<Vec<f32>> = text
        .trim_matches(['[', ']', '(', ')', ' '])
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect();
    match numbers.as_deref() {
        Some(&[one]) => Ok([one; 3]),
        Some(&[a, b, c]) => Ok([a, b, c]),
        _ => Err(format!("metadata: {text:?}, expected one or three numbers with commas between")),
    }
}

/// Names of classes: a list in JSON, else texts with commas between.
fn names(text: &str) -> Vec<String> {
    serde_json::from_str(text)
        .unwrap_or_else(|_| text.split(',').map(|name| name.trim().to_owned()).collect())
}
