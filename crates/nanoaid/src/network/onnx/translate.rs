//! Translation: the nodes of an ONNX graph, in their order, as steps of ours with weights.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fold::folded;
use super::proto::{Graph, Node};
use super::tensor::{Constant, External};
use super::value::{Layout, Maps, Value, per_channel};
use super::{OPERATORS, WeightsError};
use crate::network::activation::Activation;
use crate::network::graph::ValueId;
use crate::network::imported::{ImportedOperation as To, ImportedStep};
use crate::network::weights::Weight;

mod convolution;

/// A graph that is being translated, and in the end what it became.
pub(super) struct Translation {
    /// Channels of the image.
    pub channels: usize,
    /// Channels of the last layer.
    pub outputs: usize,
    /// Height and width of the image, if they are fixed and equal.
    pub side: Option<usize>,
    pub steps: Vec<ImportedStep>,
    pub weights: BTreeMap<String, Weight>,
    pub notes: Vec<String>,
    /// Channels of each value.
    n_channels: Vec<usize>,
    values: HashMap<String, Value>,
    names: BTreeSet<String>,
}

/// The one node that is translated.
struct Site<'a> {
    node: &'a Node,
    inputs: Vec<Option<Value>>,
}

impl Site<'_> {
    fn constant(&self, index: usize) -> Option<&Constant> {
        match self.inputs.get(index).and_then(Option::as_ref) {
            Some(Value::Constant(constant)) => Some(constant),
            _ => None,
        }
    }

    /// The floats of constant `index`.
    fn floats(&self, index: usize) -> Result<&[f32], String> {
        let values = self.constant(index).and_then(Constant::floats);
        values.ok_or_else(|| format!("input {index} is no constant of floats"))
    }

    fn maps(&self, index: usize) -> Result<Maps, String> {
        match self.inputs.get(index).and_then(Option::as_ref) {
            Some(Value::Maps(maps)) if maps.padding == [0; 2] => Ok(*maps),
            Some(Value::Maps(_)) => Err("a Pad before it; only convolutions may follow one".to_owned()),
            _ => Err(format!("input {index} is not computed from the image")),
        }
    }
}

impl Translation {
    /// Translates `graph`.
    ///
    /// # Errors
    /// If its input is no image, or a node is not supported.
    pub(super) fn of(graph: &Graph, external: External<'_>) -> Result<Self, WeightsError> {
        let wrong = |reason: String| WeightsError::Onnx { reason };
        let mut values = HashMap::new();
        for tensor in &graph.initializer {
            let constant = Constant::of(tensor, external)
                .map_err(|reason| wrong(format!("constant `{}`: {reason}", tensor.name)))?;
            values.insert(tensor.name.clone(), Value::Constant(constant));
        }
        let images: Vec<_> = graph.input.iter().filter(|input| !values.contains_key(&input.name)).collect();
        let &[image] = &images[..] else {
            let names: Vec<&str> = images.iter().map(|input| input.name.as_str()).collect();
            return Err(wrong(format!("{} inputs ({}), expected one image", names.len(), names.join(", "))));
        };
        let shape = image.kind.as_ref().and_then(|kind| kind.tensor.as_ref()?.shape.as_ref());
        let lengths: Vec<i64> = shape.iter().flat_map(|shape| &shape.dim).map(|dim| dim.value).collect();
        let (channels, height, width) = match lengths[..] {
            [_, channels @ (1 | 3), height, width] => (channels as usize, height, width),
            _ => {
                let text: Vec<String> =
                    lengths.iter().map(|&n| if n > 0 { n.to_string() } else { "?".to_owned() }).collect();
                return Err(wrong(format!(
                    "input `{}` of shape [{}], expected an image [N, 1 or 3, height, width]",
                    image.name,
                    text.join(", ")
                )));
            }
        };
        let first = Maps { id: 0, layout: Layout::ChannelsFirst, pooled: false, padding: [0; 2] };
        values.insert(image.name.clone(), Value::Maps(first));
        let mut translation = Self {
            channels,
            outputs: channels,
            side: usize::try_from(height).ok().filter(|&side| side > 0 && height == width),
            steps: Vec::new(),
            weights: BTreeMap::new(),
            notes: Vec::new(),
            n_channels: vec![channels],
            values,
            names: ["class", crate::network::published::GRAY].map(str::to_owned).into(),
        };
        for node in &graph.node {
            translation.node(node, external)?;
        }
        if translation.steps.is_empty() {
            return Err(wrong("no layers".to_owned()));
        }
        translation.check_outputs(graph)?;
        translation.outputs = translation.n_channels.last().copied().unwrap_or(channels);
        Ok(translation)
    }

    /// Refuses a network of which nothing that it gives was computed from the image.
    fn check_outputs(&self, graph: &Graph) -> Result<(), WeightsError> {
        let computed =
            graph.output.iter().any(|output| matches!(self.values.get(&output.name), Some(Value::Maps(_))));
        if computed {
            return Ok(());
        }
        let reason = "none of its outputs is computed from the image".to_owned();
        Err(WeightsError::Onnx { reason })
    }

    fn node(&mut self, node: &Node, external: External<'_>) -> Result<(), WeightsError> {
        let failed = |reason: String| WeightsError::OnnxNode {
            node: called(node),
            operator: node.op_type.clone(),
            reason,
        };
        let mut inputs = Vec::new();
        for name in &node.input {
            let value = if name.is_empty() {
                None // left out
            } else {
                let value = self.values.get(name).cloned();
                Some(value.ok_or_else(|| failed(format!("its input `{name}` is not computed before it")))?)
            };
            inputs.push(value);
        }
        let channels = |maps: Maps| self.n_channels[maps.id];
        let value = match folded(node, &inputs, channels, external).map_err(failed)? {
            Some(value) => value,
            None => {
                let site = Site { node, inputs };
                Value::Maps(self.layer(&site).map_err(failed)?)
            }
        };
        if let Some(output) = node.output.first() {
            self.values.insert(output.clone(), value);
        }
        Ok(())
    }

    fn layer(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let node = site.node;
        let simple = |to: To| Ok(to);
        let float = |name: &str, absent: f32| node.float(name, absent);
        let operation: Result<To, String> = match node.op_type.as_str() {
            "Conv" => return self.convolution(site),
            "ConvTranspose" => return self.up_convolution(site),
            "BatchNormalization" => return self.batch_norm(site),
            "LayerNormalization" => return self.layer_norm(site),
            "Gemm" => return self.gemm(site),
            "MatMul" => return self.product(site),
            "Add" | "Sub" | "Mul" | "Div" => return self.arithmetic(site),
            "Concat" => return self.concatenation(site),
            "Pad" => return padded(site),
            "GlobalAveragePool" => return self.mean_over_image(site),
            "ReduceMean" => return self.reduced(site),
            "Resize" | "Upsample" => return self.enlarged(site),
            "Clip" => clip(site),
            "Relu" => simple(To::Relu),
            "Sigmoid" => simple(To::Sigmoid),
            "MaxPool" => max_pool(node),
            "AveragePool" => average_pool(node),
            "Softmax" => {
                let maps = site.maps(0)?;
                if !maps.layout.is_channel(node.int("axis", -1)) {
                    return Err("another axis than that of the channels".to_owned());
                }
                simple(To::Softmax)
            }
            "DepthToSpace" => match (node.int("blocksize", 0), node.text("mode").as_str()) {
                (2, "CRD") => simple(To::PixelShuffle),
                (size, mode) => Err(format!("blocks of {size} in the mode {mode:?}, expected 2 and CRD")),
            },
            "LeakyRelu" => simple(To::Activation(Activation::LeakyRelu { slope: float("alpha", 0.01) })),
            "Elu" => simple(To::Activation(Activation::Elu { scale: float("alpha", 1.0) })),
            "HardSigmoid" => {
                let (slope, shift) = (float("alpha", 0.2), float("beta", 0.5));
                simple(To::Activation(Activation::HardSigmoid { slope, shift }))
            }
            "HardSwish" => simple(To::Activation(Activation::HardSwish)),
            "Swish" if float("alpha", 1.0) == 1.0 => simple(To::Activation(Activation::Silu)),
            "Tanh" => simple(To::Activation(Activation::Tanh)),
            "Erf" => simple(To::Activation(Activation::Erf)),
            "Neg" => simple(To::Activation(Activation::Linear { factor: -1.0, offset: 0.0 })),
            "Gelu" if node.text("approximate") == "tanh" => simple(To::Activation(Activation::GeluTanh)),
            "Gelu" => simple(To::Activation(Activation::Gelu)),
            _ => Err(format!("the operator is not supported here; supported are {OPERATORS}")),
        };
        let (operation, maps) = (operation?, site.maps(0)?);
        let pools = matches!(operation, To::MaxPool { .. } | To::AveragePool { .. } | To::PixelShuffle);
        if pools && maps.layout != Layout::ChannelsFirst {
            return Err("maps that do not have their channels first".to_owned());
        }
        self.add(site, maps, operation)
    }

    /// Adds the layer of `site`.
    fn add(&mut self, site: &Site<'_>, maps: Maps, operation: To) -> Result<Maps, String> {
        let name = self.name(site);
        self.step(&name, &[maps.id], operation).map(|id| Maps { id, ..maps })
    }

    /// Adds a layer with a name that no other has.
    fn step(&mut self, name: &str, inputs: &[ValueId], operation: To) -> Result<ValueId, String> {
        let of_inputs: Vec<usize> = inputs.iter().map(|&input| self.n_channels[input]).collect();
        let channels = operation
            .channels_out(&of_inputs)
            .ok_or_else(|| format!("{operation:?} does not fit inputs of {of_inputs:?} channels"))?;
        self.n_channels.push(channels);
        self.steps.push(ImportedStep { name: name.to_owned(), inputs: inputs.to_vec(), operation });
        Ok(self.steps.len())
    }

    /// A name for the layer of `site`: that of its weights, else of its output, else of its node.
    fn name(&mut self, site: &Site<'_>) -> String {
        let node = site.node;
        let weights = node.input.iter().skip(1).find_map(|input| {
            let stem = input.strip_suffix(".weight")?;
            matches!(self.values.get(input), Some(Value::Constant(_))).then_some(stem)
        });
        let output = node.output.first().map_or("", |output| output.trim_end_matches("_output_0"));
        let spelt =
            |text: &str| text.chars().any(|letter| letter.is_ascii_alphabetic()).then(|| cleaned(text));
        let numbered = || cleaned(&format!("{}.{}", node.op_type.to_lowercase(), self.steps.len() + 1));
        let name = weights
            .and_then(spelt)
            .or_else(|| spelt(output))
            .or_else(|| spelt(&node.name))
            .unwrap_or_else(numbered);
        self.free(name)
    }

    /// `name`, or with a number after it if there is such a layer.
    fn free(&mut self, name: String) -> String {
        let mut free = name.clone();
        let mut number = 2;
        while !self.names.insert(free.clone()) {
            free = format!("{name}.{number}");
            number += 1;
        }
        free
    }

    fn weight(&mut self, name: String, shape: Vec<usize>, values: Vec<f32>) -> Result<(), String> {
        if shape.iter().product::<usize>() != values.len() {
            return Err(format!("{} numbers in `{name}`, expected the shape {shape:?}", values.len()));
        }
        self.weights.insert(name, Weight { shape, values });
        Ok(())
    }

    fn batch_norm(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        if site.node.int("training_mode", 0) != 0 {
            return Err("statistics of the batch; export the network after `model.eval()`".to_owned());
        }
        let maps = site.maps(0)?;
        if maps.layout == Layout::ChannelsLast {
            return Err("maps that have their channels last".to_owned());
        }
        let channels = self.n_channels[maps.id];
        let name = self.name(site);
        for (index, part) in (1..).zip(["weight", "bias", "running_mean", "running_var"]) {
            self.weight(format!("{name}.{part}"), vec![channels], site.floats(index)?.to_vec())?;
        }
        let epsilon = f64::from(site.node.float("epsilon", 1e-5));
        self.step(&name, &[maps.id], To::Norm { channels, epsilon }).map(|id| Maps { id, ..maps })
    }

    fn layer_norm(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let maps = site.maps(0)?;
        let axis = site.node.int("axis", -1);
        let over_channels = maps.layout.is_channel(axis) && maps.layout != Layout::ChannelsFirst;
        if !over_channels {
            return Err(format!("axis {axis} and later of maps, expected the channels alone"));
        }
        let channels = self.n_channels[maps.id];
        let name = self.name(site);
        self.weight(format!("{name}.weight"), vec![channels], site.floats(1)?.to_vec())?;
        let biased = site.inputs.get(2).is_some_and(Option::is_some);
        let bias = if biased { site.floats(2)?.to_vec() } else { vec![0.0; channels] };
        self.weight(format!("{name}.bias"), vec![channels], bias)?;
        let epsilon = f64::from(site.node.float("epsilon", 1e-5));
        self.step(&name, &[maps.id], To::LayerNorm { channels, epsilon }).map(|id| Maps { id, ..maps })
    }

    fn gemm(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let (node, maps) = (site.node, site.maps(0)?);
        let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
        if node.int("transA", 0) != 0 {
            return Err("a first factor that is turned".to_owned());
        }
        let kernel = site.constant(1).ok_or("a second factor that is no constant")?;
        let turned = if node.int("transB", 0) == 1 { Some(kernel.clone()) } else { kernel.transposed() };
        let kernel = turned.ok_or("a second factor of other than two axes")?;
        let bias = if site.inputs.get(2).is_some_and(Option::is_some) {
            site.floats(2)?.iter().map(|value| beta * value).collect()
        } else {
            Vec::new()
        };
        self.dense(site, maps, (&kernel, alpha), bias)
    }

    /// The product with a constant: a dense layer, or with channels last a convolution of 1 × 1.
    fn product(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let maps = site.maps(0)?;
        let kernel = site.constant(1).ok_or("a second factor that is no constant")?;
        let kernel = kernel.transposed().ok_or("a second factor of other than two axes")?;
        if maps.layout == Layout::Vector {
            return self.dense(site, maps, (&kernel, 1.0), Vec::new());
        }
        if maps.layout == Layout::ChannelsFirst {
            return Err("maps that do not have their channels last".to_owned());
        }
        let (&[channels_out, channels_in], Some(values)) = (&kernel.shape[..], kernel.floats()) else {
            return Err("a second factor of other than two axes of floats".to_owned());
        };
        let name = self.name(site);
        self.weight(format!("{name}.weight"), vec![channels_out, channels_in, 1, 1], values.to_vec())?;
        let (kernel, stride, padding, groups, biased) = (1, 1, Some([0; 2]), 1, false);
        let to = To::Convolution { channels_in, channels_out, kernel, stride, padding, groups, biased };
        self.step(&name, &[maps.id], to).map(|id| Maps { id, ..maps })
    }

    /// A dense layer of `kernel`, `[outputs, inputs]`, times `factor`. Maps of several positions are
    /// first brought to as many parts as the layer was trained for, so that images may be larger.
    fn dense(
        &mut self,
        site: &Site<'_>,
        maps: Maps,
        (kernel, factor): (&Constant, f32),
        mut bias: Vec<f32>,
    ) -> Result<Maps, String> {
        let (&[outputs, inputs], Some(values)) = (&kernel.shape[..], kernel.floats()) else {
            return Err("a second factor of other than two axes of floats".to_owned());
        };
        if maps.layout != Layout::Vector {
            return Err("maps, expected a vector".to_owned());
        }
        let (channels, name) = (self.n_channels[maps.id], self.name(site));
        let positions = if channels > 0 && inputs % channels == 0 { inputs / channels } else { 0 };
        let side = (1..=positions).take_while(|side| side * side <= positions).last().unwrap_or(0);
        if side * side != positions || positions == 0 || (maps.pooled && positions != 1) {
            return Err(format!("{inputs} inputs from maps of {channels} channels that are not square"));
        }
        let mut from = maps.id;
        if !maps.pooled {
            let parts = self.free(format!("{name}.parts"));
            from = self.step(&parts, &[from], To::Parts { side })?;
            self.notes.push(format!(
                "`{name}` was trained on maps of {side}×{side} positions: of larger images it is given means over as many parts"
            ));
        }
        if bias.len() == 1 {
            bias = vec![bias[0]; outputs];
        }
        let values = values.iter().map(|value| factor * value).collect();
        self.weight(format!("{name}.weight"), vec![outputs, inputs], values)?;
        let bias = if bias.is_empty() { vec![0.0; outputs] } else { bias };
        self.weight(format!("{name}.bias"), vec![outputs], bias)?;
        let id = self.step(&name, &[from], To::Dense { inputs, outputs })?;
        Ok(Maps { id, pooled: true, ..maps })
    }

    fn arithmetic(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let kind = site.node.op_type.as_str();
        let of_maps = |index: usize| matches!(site.inputs.get(index), Some(Some(Value::Maps(_))));
        match (of_maps(0), of_maps(1)) {
            (true, true) => self.of_two(site, [site.maps(0)?, site.maps(1)?]),
            (true, false) => self.with_constant(site, site.maps(0)?, 1, false),
            (false, true) if kind != "Div" => self.with_constant(site, site.maps(1)?, 0, true),
            _ => Err("a constant divided by maps, or no maps at all".to_owned()),
        }
    }

    /// Sum, difference or product of two maps, of which one may have one position or one channel.
    fn of_two(&mut self, site: &Site<'_>, [mut a, mut b]: [Maps; 2]) -> Result<Maps, String> {
        if a.layout != b.layout {
            return Err("maps whose axes are in different orders".to_owned());
        }
        if site.node.op_type == "Div" {
            return Err("maps divided by maps".to_owned());
        }
        if site.node.op_type == "Sub" {
            let name = self.name(site) + ".negative";
            let name = self.free(name);
            let negative = To::Activation(Activation::Linear { factor: -1.0, offset: 0.0 });
            b.id = self.step(&name, &[b.id], negative)?;
        }
        // the one that is like the result comes first
        let fewer = |maps: Maps| (maps.pooled, usize::MAX - self.n_channels[maps.id]);
        if fewer(b) < fewer(a) {
            (a, b) = (b, a);
        }
        let to = if site.node.op_type == "Mul" { To::Multiply } else { To::Add };
        let name = self.name(site);
        self.step(&name, &[a.id, b.id], to).map(|id| Maps { id, ..a })
    }

    /// `maps` and constant `index`, which stands before them if it is `first`.
    fn with_constant(
        &mut self,
        site: &Site<'_>,
        maps: Maps,
        index: usize,
        first: bool,
    ) -> Result<Maps, String> {
        let constant = site.constant(index).ok_or("an input that is neither maps nor a constant")?;
        let channels = self.n_channels[maps.id];
        let single = constant.scalar().map(|value| vec![value]);
        let mut values =
            single.or_else(|| per_channel(constant, maps.layout, channels)).ok_or_else(|| {
                format!("a constant of shape {:?}, expected one number for each channel", constant.shape)
            })?;
        let kind = site.node.op_type.as_str();
        let mut factor = 1.0;
        match kind {
            "Div" => values.iter_mut().for_each(|value| *value = 1.0 / *value),
            "Sub" if first => factor = -1.0,
            "Sub" => values.iter_mut().for_each(|value| *value = -*value),
            _ => {}
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err("a constant that is not finite".to_owned());
        }
        let multiplies = matches!(kind, "Mul" | "Div");
        if let [value] = values[..] {
            let linear = if multiplies {
                Activation::Linear { factor: value, offset: 0.0 }
            } else {
                Activation::Linear { factor, offset: value }
            };
            return self.add(site, maps, To::Activation(linear));
        }
        let name = self.name(site);
        let mut from = maps.id;
        if factor < 0.0 {
            let negative = self.free(format!("{name}.negative"));
            from =
                self.step(&negative, &[from], To::Activation(Activation::Linear { factor, offset: 0.0 }))?;
        }
        self.weight(name.clone(), vec![channels], values)?;
        let to = if multiplies { To::Scale { channels } } else { To::Shift { channels } };
        self.step(&name, &[from], to).map(|id| Maps { id, ..maps })
    }

    fn concatenation(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let maps: Vec<Maps> =
            (0..site.inputs.len()).map(|index| site.maps(index)).collect::<Result<_, _>>()?;
        let first = *maps.first().ok_or("no inputs")?;
        let alike = maps.iter().all(|maps| (maps.layout, maps.pooled) == (first.layout, first.pooled));
        if !(alike && first.layout.is_channel(site.node.int("axis", 1))) {
            return Err("another axis than that of the channels".to_owned());
        }
        let ids: Vec<ValueId> = maps.iter().map(|maps| maps.id).collect();
        let name = self.name(site);
        self.step(&name, &ids, To::Concatenate).map(|id| Maps { id, ..first })
    }

    fn mean_over_image(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let maps = site.maps(0)?;
        if maps.layout != Layout::ChannelsFirst {
            return Err("maps that do not have their channels first".to_owned());
        }
        self.add(site, maps, To::Parts { side: 1 }).map(|maps| Maps { pooled: true, ..maps })
    }

    fn reduced(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let maps = site.maps(0)?;
        // axes were an attribute before operator set 18
        let axes = site.constant(1).and_then(Constant::as_ints).or_else(|| site.node.ints("axes"));
        if !axes.is_some_and(|axes| maps.layout.are_image(axes)) {
            return Err("a mean over other axes than those of the image".to_owned());
        }
        let layout = if site.node.int("keepdims", 1) == 0 { Layout::Vector } else { maps.layout };
        let maps = self.add(site, maps, To::Parts { side: 1 })?;
        Ok(Maps { layout, pooled: true, ..maps })
    }

    fn enlarged(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let (node, maps) = (site.node, site.maps(0)?);
        let scales = if node.op_type == "Resize" { site.constant(2) } else { site.constant(1) };
        let scales = scales.and_then(Constant::floats).unwrap_or_default();
        let nearest = matches!(node.text("mode").as_str(), "nearest" | "");
        if !(nearest && scales == [1.0, 1.0, 2.0, 2.0] && maps.layout == Layout::ChannelsFirst) {
            return Err(format!("mode {:?}, scales {scales:?}; expected nearest ×2", node.text("mode")));
        }
        self.add(site, maps, To::UpSample)
    }
}

/// What messages call a node.
fn called(node: &Node) -> String {
    let output = node.output.first().map_or("", String::as_str);
    if node.name.is_empty() { output.to_owned() } else { node.name.clone() }
}

/// `text` in the letters that names of layers have. Of a path such as `/features/features.0/Conv` the
/// parts are left out that the next one repeats.
fn cleaned(text: &str) -> String {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let repeated = |index: usize| {
        let next = parts.get(index + 1).and_then(|next| next.strip_prefix(parts[index]));
        next.is_some_and(|rest| rest.starts_with('.'))
    };
    let kept: Vec<&str> =
        (0..parts.len()).filter(|&index| !repeated(index)).map(|index| parts[index]).collect();
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() || "_-".contains(letter) { letter } else { '.' }
    };
    let spelt: String = kept.join(".").chars().map(letter).collect();
    let words: Vec<&str> = spelt.split('.').filter(|word| !word.is_empty()).collect();
    words.join(".")
}

fn padded(site: &Site<'_>) -> Result<Maps, String> {
    let (node, maps) = (site.node, site.maps(0)?);
    let mode = node.text("mode");
    let value = site.constant(2).and_then(Constant::scalar).unwrap_or(0.0);
    if !matches!(mode.as_str(), "" | "constant") || value != 0.0 {
        return Err(format!("mode {mode:?} with the value {value}, expected zeros"));
    }
    // they were an attribute before operator set 11
    let pads = site.constant(1).and_then(Constant::as_ints).or_else(|| node.ints("pads"));
    let small = |n: i64| usize::try_from(n).ok().filter(|&n| n <= 512);
    match pads {
        Some(&[0, 0, top, left, 0, 0, bottom, right])
            if top == left && bottom == right && maps.layout == Layout::ChannelsFirst =>
        {
            let padding = small(top).zip(small(bottom)).ok_or("negative or huge paddings")?;
            Ok(Maps { padding: [padding.0, padding.1], ..maps })
        }
        pads => Err(format!("zeros {pads:?}, expected as many above as on the left, below as on the right")),
    }
}

fn clip(site: &Site<'_>) -> Result<To, String> {
    let bound = |index: usize, name: &str, absent: f32| {
        let given = site.constant(index).and_then(Constant::scalar);
        given.or_else(|| site.node.attribute(name).map(|attribute| attribute.f)).unwrap_or(absent)
    };
    let low = bound(1, "min", f32::MIN).max(f32::MIN);
    let high = bound(2, "max", f32::MAX).min(f32::MAX);
    Ok(match (low, high) {
        (0.0, 6.0) => To::Relu6,
        (0.0, f32::MAX) => To::Relu,
        (low, high) if low <= high => To::Activation(Activation::Clip { low, high }),
        _ => return Err(format!("the bounds {low} and {high}")),
    })
}

/// Kernel, stride and padding of a pool, and whether its last window may stand out.
fn window(node: &Node) -> Result<(usize, usize, usize, bool), String> {
    let same = |name: &str, absent: i64| -> Result<usize, String> {
        let values = node.ints(name).unwrap_or_default();
        let value = values.first().copied().unwrap_or(absent);
        let equal = values.iter().all(|&other| other == value);
        usize::try_from(value)
            .ok()
            .filter(|_| equal)
            .ok_or_else(|| format!("{name} {values:?}, expected equal ones"))
    };
    if node.ints("dilations").is_some_and(|dilations| dilations.iter().any(|&dilation| dilation != 1)) {
        return Err("dilated windows".to_owned());
    }
    let padding = match node.text("auto_pad").as_str() {
        "" | "NOTSET" => same("pads", 0)?,
        "VALID" => 0,
        other => return Err(format!("auto_pad {other}")),
    };
    Ok((same("kernel_shape", 0)?, same("strides", 1)?, padding, node.int("ceil_mode", 0) == 1))
}

fn max_pool(node: &Node) -> Result<To, String> {
    let (kernel, stride, padding, ceil) = window(node)?;
    Ok(To::MaxPool { kernel, stride, padding, ceil })
}

fn average_pool(node: &Node) -> Result<To, String> {
    let (kernel, stride, padding, ceil) = window(node)?;
    let counts_border = node.int("count_include_pad", 0) == 1;
    Ok(To::AveragePool { kernel, stride, padding, ceil, counts_border })
}
