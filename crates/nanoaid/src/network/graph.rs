//! Graph: named steps, each made of the outputs of steps before it; every one of them is a layer.
//!
//! Running "as far as this layer" is running the steps that the layer depends on, so the network
//! cut at a layer has the bits of the whole by construction.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;

use super::convolution::Convolution;
use super::norm::{Norms, Statistics};
use super::operation::{Operation, ReluGradient};
use super::parameter::{Parameter, Role};
use super::weights::{Weights, WeightsError};
use crate::kernels::Method;

/// A value in a graph: 0 is the image, `i + 1` the output of step `i`.
pub(crate) type ValueId = usize;

/// The id of the image.
pub(crate) const IMAGE: ValueId = 0;

/// A layer: its name, what it does, and to what.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub name: String,
    /// At least one id before the step's own.
    pub inputs: Vec<ValueId>,
    pub operation: Operation,
}

/// Steps in an order in which they can be computed.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// Channels of the image.
    channels_in: usize,
    steps: Vec<Step>,
}

impl Graph {
    /// Without steps, for images of `channels_in` channels.
    pub(crate) fn new(channels_in: usize) -> Self {
        Self { channels_in, steps: Vec::new() }
    }

    /// Adds a step after the last one, which is its input; returns its id.
    pub(crate) fn push(&mut self, name: impl Into<String>, operation: Operation) -> ValueId {
        self.push_from(name, &[self.steps.len()], operation)
    }

    /// Adds a step with these inputs; returns its id.
    pub(crate) fn push_from(
        &mut self,
        name: impl Into<String>,
        inputs: &[ValueId],
        operation: Operation,
    ) -> ValueId {
        debug_assert!(!inputs.is_empty() && inputs.iter().all(|&input| input <= self.steps.len()));
        self.steps.push(Step { name: name.into(), inputs: inputs.to_vec(), operation });
        self.steps.len()
    }

    /// Channels of the image.
    pub(crate) fn channels_in(&self) -> usize {
        self.channels_in
    }

    /// Channels of the image and of each step's output, by id.
    pub(super) fn channels(&self) -> Vec<usize> {
        let mut channels = vec![self.channels_in];
        for step in &self.steps {
            let inputs: Vec<usize> = step.inputs.iter().map(|&input| channels[input]).collect();
            channels.push(step.operation.channels_out(&inputs));
        }
        channels
    }

    /// All steps.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The id of the layer `name`.
    pub(crate) fn value_id(&self, name: &str) -> Option<ValueId> {
        self.steps.iter().position(|step| step.name == name).map(|index| index + 1)
    }

    /// The id of the last step.
    pub(crate) fn end(&self) -> ValueId {
        self.steps.len()
    }

    /// Prepends a step that maps `channels_in` input channels to the graph's input.
    pub(crate) fn with_first_step(&self, channels_in: usize, name: &str, operation: Operation) -> Self {
        let mut graph = Self::new(channels_in);
        graph.push_from(name, &[IMAGE], operation);
        for step in &self.steps {
            let inputs: Vec<ValueId> = step.inputs.iter().map(|&input| input + 1).collect();
            graph.push_from(step.name.clone(), &inputs, step.operation.clone());
        }
        graph
    }

    /// Which ids `id` depends on, itself among them, by id.
    pub(crate) fn needed(&self, id: ValueId) -> Vec<bool> {
        let mut needed = vec![false; self.steps.len() + 1];
        needed[id] = true;
        for index in (0..id).rev() {
            if needed[index + 1] {
                for &input in &self.steps[index].inputs {
                    needed[input] = true;
                }
            }
        }
        needed
    }

    /// What `end` needs besides the value at `id`, of those that do not depend on it: the last ids on each way from the image.
    pub(crate) fn beside(&self, id: ValueId, end: ValueId) -> Vec<ValueId> {
        let mut depends = vec![false; self.steps.len() + 1];
        depends[id] = true;
        for (index, step) in self.steps.iter().enumerate().skip(id) {
            depends[index + 1] = step.inputs.iter().any(|&input| depends[input]);
        }
        let needed = self.needed(end);
        let mut beside: Vec<ValueId> = if depends[end] { Vec::new() } else { vec![end] };
        for index in id..end {
            if needed[index + 1] && depends[index + 1] {
                beside.extend(self.steps[index].inputs.iter().filter(|&&input| !depends[input]));
            }
        }
        beside.sort_unstable();
        beside.dedup();
        beside
    }

    /// The steps that `id` depends on, up to its own.
    pub(crate) fn cut(&self, id: ValueId) -> Self {
        let needed = self.needed(id);
        let mut renumbered = vec![IMAGE; needed.len()];
        let mut cut = Self::new(self.channels_in);
        for (index, step) in self.steps.iter().enumerate().filter(|(index, _)| needed[index + 1]) {
            let inputs: Vec<ValueId> = step.inputs.iter().map(|&input| renumbered[input]).collect();
            renumbered[index + 1] = cut.push_from(step.name.clone(), &inputs, step.operation.clone());
        }
        cut
    }

    /// The steps after `id` as a graph whose image is the output there; `None` if they need what
    /// came before it, too.
    pub(crate) fn after(&self, id: ValueId) -> Option<Self> {
        let last = self.end();
        let needed = self.needed(last);
        if id == IMAGE {
            return None;
        }
        let mut renumbered = vec![None; needed.len()];
        renumbered[id] = Some(IMAGE);
        let mut after = Self::new(*self.channels().get(id)?);
        for index in id..last {
            let step = &self.steps[index];
            if needed[index + 1] {
                let inputs: Option<Vec<ValueId>> =
                    step.inputs.iter().map(|&input| renumbered[input]).collect();
                let at = after.push_from(step.name.clone(), &inputs?, step.operation.clone());
                renumbered[index + 1] = Some(at);
            }
        }
        Some(after)
    }

    /// The graph cut at `id`, before the ReLU that is part of its step; `None` if none is.
    pub(crate) fn cut_before_relu(&self, id: ValueId) -> Option<Self> {
        let mut cut = self.cut(id);
        let last = cut.steps.last_mut()?;
        last.operation = last.operation.without_relu()?;
        Some(cut)
    }

    /// The graph cut at `id` with only these channels of its output. Where the output comes
    /// from one convolution or dense layer, through steps that keep channels apart, no others are
    /// computed.
    pub(crate) fn cut_to_channels(&self, id: ValueId, channels: &[usize]) -> Self {
        let fewer = |operation: &Operation| operation.with_channels(channels);
        let over_fewer = |operation: &Operation| operation.over_channels(channels);
        self.cut_and_changed(id, fewer, over_fewer).unwrap_or_else(|| {
            let mut cut = self.cut(id);
            let name = cut.steps.last().map(|step| format!("{}.channels", step.name));
            cut.push(name.unwrap_or_default(), Operation::Channels(channels.to_vec()));
            cut
        })
    }

    /// The graph cut at `id` for a batch of as many images as `channels`, which gives image `n`
    /// channel `channels[n]` only, `[N, 1, H', W']`, and computes no others. `None` where the output
    /// does not come from one convolution through steps that keep channels apart.
    pub(crate) fn cut_to_own_channels(&self, id: ValueId, channels: &[usize]) -> Option<Self> {
        let own = |operation: &Operation| operation.with_own_channels(channels);
        let over_own = |operation: &Operation| operation.over_own_channels(channels);
        self.cut_and_changed(id, own, over_own)
    }

    /// The graph cut at `id` with the last step that has weights changed by `weighted`, and those
    /// after it, which keep channels apart, by `after`; `None` if one of them cannot be.
    fn cut_and_changed(
        &self,
        id: ValueId,
        weighted: impl Fn(&Operation) -> Option<Operation>,
        after: impl Fn(&Operation) -> Option<Operation>,
    ) -> Option<Self> {
        let mut cut = self.cut(id);
        let mut at = cut.end();
        while at != IMAGE {
            let step = &cut.steps[at - 1];
            if let Some(operation) = weighted(&step.operation) {
                cut.steps[at - 1].operation = operation;
                return Some(cut);
            }
            let (&[input], Some(operation)) = (&step.inputs[..], after(&step.operation)) else {
                return None;
            };
            let users = cut.steps.iter().flat_map(|step| &step.inputs);
            if users.filter(|&&user| user == input).count() != 1 {
                return None;
            }
            cut.steps[at - 1].operation = operation;
            at = input;
        }
        None
    }

    /// Puts `gradient` in place of that of its ReLUs; returns how many there are.
    pub(crate) fn set_relu_gradient(&mut self, gradient: ReluGradient) -> usize {
        let mut n_relus = 0;
        for operation in self.operations_mut() {
            if let Some(changed) = operation.with_relu_gradient(gradient) {
                *operation = changed;
                n_relus += 1;
            }
        }
        n_relus
    }

    /// The same with each batch norm that follows a convolution made part of that convolution; its step then
    /// changes nothing.
    pub(crate) fn with_merged_norms(&self) -> Self {
        self.merged(&[], false)
    }

    /// The same for reading the values at `ids` alone: norms, and ReLUs with or without ceiling, are part of the
    /// convolution before them where nothing else reads what lies between; their steps then change nothing.
    pub(crate) fn fused(&self, ids: &[ValueId]) -> Self {
        self.merged(ids, true)
    }

    fn merged(&self, ids: &[ValueId], with_relus: bool) -> Self {
        let mut graph = self.clone();
        let mut users = vec![0; graph.steps.len() + 1];
        for &id in graph.steps.iter().flat_map(|step| &step.inputs).chain(ids) {
            users[id] += 1;
        }
        for index in 0..graph.steps.len() {
            let [input] = graph.steps[index].inputs[..] else { continue };
            let Some(from) = graph.convolution_before(input, &users) else { continue };
            let Operation::Convolution(convolution) = &graph.steps[from - 1].operation else { continue };
            if convolution.shape().relu {
                continue;
            }
            let fused = match &graph.steps[index].operation {
                Operation::Norm(norm) => norm.merged_into(convolution),
                Operation::Relu if with_relus => convolution.with_relu(None),
                Operation::Relu6 if with_relus => convolution.with_relu(Some(6.0)),
                _ => continue,
            };
            graph.steps[from - 1].operation = Operation::Convolution(fused);
            graph.steps[index].operation = Operation::Identity;
        }
        graph
    }

    /// The convolution whose output `id` is, through steps that change nothing, if each is read once.
    fn convolution_before(&self, mut id: ValueId, users: &[usize]) -> Option<ValueId> {
        while id != IMAGE && users[id] == 1 {
            let step = &self.steps[id - 1];
            match (&step.operation, &step.inputs[..]) {
                (Operation::Convolution(_), _) => return Some(id),
                (Operation::Identity, &[input]) => id = input,
                _ => return None,
            }
        }
        None
    }

    /// The same with the ReLU that is part of the step at `id` as a step of its own after it;
    /// the step then is called `name`. `None` if it has none.
    pub(crate) fn with_preactivation(&self, id: ValueId, name: &str) -> Option<Self> {
        let before = self.steps[id.checked_sub(1)?].operation.without_relu()?;
        Some(self.in_two_steps(id, (name, before), Operation::Relu))
    }

    /// The same with each channel at `id` times the number that `factors` has for it, `[C]`; what it was is called `name`.
    pub(crate) fn with_scaled(&self, id: ValueId, name: &str, factors: Tensor<1>) -> Self {
        let before = self.steps[id - 1].operation.clone();
        self.in_two_steps(id, (name, before), Operation::Scale(factors))
    }

    /// The same with `before`, under a name of its own, and `after` in place of the step at `id`, whose name is that of the
    /// second.
    fn in_two_steps(&self, id: ValueId, (name, before): (&str, Operation), after: Operation) -> Self {
        let mut graph = Self::new(self.channels_in);
        let moved = |input: ValueId| if input >= id { input + 1 } else { input };
        for (index, step) in self.steps.iter().enumerate() {
            let inputs: Vec<ValueId> = step.inputs.iter().map(|&input| moved(input)).collect();
            if index + 1 == id {
                graph.push_from(name, &inputs, before.clone());
                graph.push(step.name.clone(), after.clone());
            } else {
                graph.push_from(step.name.clone(), &inputs, step.operation.clone());
            }
        }
        graph
    }

    /// The steps from `lower` to `upper` made linear: functions of single values pass everything, and means stand in place of
    /// largest values; see [`Operation::linearized`].
    ///
    /// # Errors
    /// The name of the first step on the way that has no linear part.
    pub(crate) fn linearized(&self, lower: ValueId, upper: ValueId) -> Result<Self, String> {
        let needed = self.needed(upper);
        let mut graph = self.clone();
        let mut depends = vec![false; self.steps.len() + 1];
        depends[lower] = true;
        for (index, step) in graph.steps.iter_mut().enumerate().skip(lower) {
            depends[index + 1] = step.inputs.iter().any(|&input| depends[input]);
            if depends[index + 1] && needed[index + 1] {
                step.operation = step.operation.linearized().ok_or_else(|| step.name.clone())?;
            }
        }
        Ok(graph)
    }

    /// With the values before its ReLU that `name` names, if it ends in [`super::PREACTIVATION`] and no
    /// step has that name.
    pub(crate) fn with_values(self, name: &str) -> Self {
        let fused = name.strip_suffix(super::PREACTIVATION).and_then(|layer| self.value_id(layer));
        match (self.value_id(name), fused) {
            (None, Some(id)) => {
                self.with_preactivation(id, name).expect("a layer with a ReLU has values before it")
            }
            _ => self,
        }
    }

    /// Computes convolutions the fastest way; their bits then depend on where in the image a
    /// position lies; unless that is requested, a part of an image has the bits of the whole.
    pub(crate) fn use_fastest_method(&mut self) {
        self.convolutions_mut().for_each(|convolution| convolution.set_method(Method::Fastest));
    }

    /// Has its convolutions computed in a faster way that gives a part of an image the bits of the
    /// whole only where it is cut by [`super::Layer::image_from_tiles`].
    pub(crate) fn run_in_tiles(&mut self) {
        self.convolutions_mut().for_each(|convolution| convolution.set_method(Method::Tiles));
    }

    /// Output at `id`. `[N, C, H, W]` → `[N, C', H', W']`.
    pub(crate) fn forward_to(&self, images: Tensor<4>, id: ValueId) -> Tensor<4> {
        let mut outputs = self.outputs(images, &[id], Norms::Running, &mut Vec::new());
        outputs.remove(0)
    }

    /// Outputs at several ids, for one pass over the steps they need. A value is let go as soon
    /// as no later step needs it.
    pub(crate) fn outputs(
        &self,
        images: Tensor<4>,
        ids: &[ValueId],
        norms: Norms,
        statistics: &mut Vec<Statistics>,
    ) -> Vec<Tensor<4>> {
        self.outputs_from(vec![(IMAGE, images)], ids, norms, statistics)
    }

    /// The same where the values at the ids of `given` are known, the images or others.
    ///
    /// # Panics
    /// If an id of `ids` needs the images, and these are not among them.
    pub(crate) fn outputs_from(
        &self,
        given: Vec<(ValueId, Tensor<4>)>,
        ids: &[ValueId],
        norms: Norms,
        statistics: &mut Vec<Statistics>,
    ) -> Vec<Tensor<4>> {
        let mut users = vec![0; self.steps.len() + 1];
        let mut values: Vec<Option<Tensor<4>>> = vec![None; users.len()];
        for (id, value) in given {
            values[id] = Some(value);
        }
        for &id in ids {
            users[id] += 1;
        }
        // a step that nobody uses, or whose output is given, is not run
        for (index, step) in self.steps.iter().enumerate().rev() {
            if users[index + 1] > 0 && values[index + 1].is_none() {
                for &input in &step.inputs {
                    users[input] += 1;
                }
            }
        }
        let take = |values: &mut [Option<Tensor<4>>], users: &mut [usize], id: ValueId| {
            users[id] -= 1;
            let value = if users[id] == 0 { values[id].take() } else { values[id].clone() };
            value.expect("inputs stand before the steps that use them")
        };
        for (index, step) in self.steps.iter().enumerate() {
            if users[index + 1] > 0 && values[index + 1].is_none() {
                let inputs = step.inputs.iter().map(|&input| take(&mut values, &mut users, input)).collect();
                values[index + 1] = Some(step.operation.forward(&step.name, inputs, norms, statistics));
            }
        }
        ids.iter().map(|&id| take(&mut values, &mut users, id)).collect()
    }

    /// Output of the last step.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_to(images, self.end())
    }

    /// Output while the network learns, without a clamp at the end, and what batch norms found in
    /// the batch, to be given to [`Graph::follow`].
    pub(crate) fn forward_to_learn(&self, images: Tensor<4>, norms: Norms) -> (Tensor<4>, Vec<Statistics>) {
        let (mut outputs, statistics) = self.forward_to_learn_with(images, &[], norms);
        (outputs.remove(0), statistics)
    }

    /// The same with the outputs of the layers `beside` after it, in one pass.
    ///
    /// # Panics
    /// If one of them is not a layer of the graph.
    pub(crate) fn forward_to_learn_with(
        &self,
        images: Tensor<4>,
        beside: &[&str],
        norms: Norms,
    ) -> (Vec<Tensor<4>>, Vec<Statistics>) {
        let clamped = self.steps.last().is_some_and(|step| matches!(step.operation, Operation::Clamp));
        let mut ids = vec![self.end() - usize::from(clamped)];
        ids.extend(beside.iter().map(|name| self.value_id(name).expect("the graph has this layer")));
        let mut statistics = Vec::new();
        let outputs = self.outputs(images, &ids, norms, &mut statistics);
        (outputs, statistics)
    }

    /// Moves the running statistics of the batch norms towards those of a batch.
    pub(crate) fn follow(&mut self, statistics: &[Statistics]) {
        for found in statistics {
            let step = self.steps.iter_mut().find(|step| step.name == found.layer);
            match step.map(|step| &mut step.operation) {
                Some(Operation::Norm(norm)) => norm.follow(found),
                _ => panic!("`{}` reported statistics, so it is a batch norm", found.layer),
            }
        }
    }

    /// Keeps the channels alive that are to be; see [`Convolution::keep_alive`].
    pub(crate) fn keep_alive(&mut self) {
        self.convolutions_mut().for_each(Convolution::keep_alive);
    }

    fn convolutions_mut(&mut self) -> impl Iterator<Item = &mut Convolution> {
        let named = self.steps.iter_mut().flat_map(|step| step.operation.convolutions_mut(&step.name));
        named.map(|(_, convolution)| convolution)
    }

    /// All tensors with their names: what is learned, and the running statistics.
    pub(crate) fn parameters_mut(&mut self) -> impl Iterator<Item = Parameter<'_>> {
        self.steps.iter_mut().flat_map(|step| step.operation.parameters_mut(&step.name))
    }

    /// What gradients move: weights and biases, scales and shifts of batch norms.
    pub(crate) fn learned_mut(&mut self) -> impl Iterator<Item = Parameter<'_>> {
        self.parameters_mut().filter(|parameter| parameter.role == Role::Learned)
    }

    /// What the layers do, to be changed.
    pub(super) fn operations_mut(&mut self) -> impl Iterator<Item = &mut Operation> {
        self.steps.iter_mut().map(|step| &mut step.operation)
    }

    /// All tensors, copied from the device.
    pub(crate) fn weights(&self) -> Weights {
        let tensors: BTreeMap<_, _> = self
            .clone()
            .parameters_mut()
            .map(|parameter| (parameter.name, parameter.tensor.weight()))
            .collect();
        Weights { tensors }
    }

    /// Takes over `weights`: each one that is needed, and no others; none if one does not fit.
    pub(crate) fn set_weights(
        &mut self,
        weights: &Weights,
        device: &burn::tensor::Device,
    ) -> Result<(), WeightsError> {
        let mut graph = self.clone();
        let mut known = BTreeSet::new();
        for Parameter { name, mut tensor, .. } in graph.parameters_mut() {
            tensor.load(weights, &name, device)?;
            known.insert(name);
        }
        if let Some(name) = weights.tensors.keys().find(|name| !known.contains(*name)) {
            return Err(WeightsError::LeftOver { name: name.clone() });
        }
        *self = graph;
        Ok(())
    }
}

impl Step {
    /// Number of learned weights, biases, scales and shifts.
    pub(super) fn n_weights(&self) -> usize {
        let mut operation = self.operation.clone();
        let parameters = operation.parameters_mut(&self.name);
        let learned = parameters.iter().filter(|parameter| parameter.role == Role::Learned);
        learned.map(|parameter| parameter.tensor.dims().iter().product::<usize>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use micrograph::random::Stream;

    use super::super::convolution::{Border, ConvolutionShape};
    use super::super::init::Init;
    use super::super::norm::BatchNorm;
    use super::super::operation::Pool;
    use super::*;
    use crate::Device;
    use crate::kernels::Padding;

    fn convolution(
        name: &str,
        channels: [usize; 2],
        change: impl FnOnce(&mut ConvolutionShape),
    ) -> Operation {
        let mut shape = ConvolutionShape::same(channels, 3);
        change(&mut shape);
        Operation::Convolution(Convolution::new(shape, 2.0, Init::Random(4), name, &Device::Cpu.burn()))
    }

    /// A stem, a branch of two, a sum with the stem, a pool; then a step that nothing needs.
    fn graph() -> Graph {
        let mut graph = Graph::new(2);
        let stem = graph.push("stem", convolution("stem", [2, 6], |shape| shape.stride = 2));
        let left = graph.push("left", convolution("left", [6, 2], |shape| shape.relu = true));
        let right = graph.push_from(
            "right",
            &[stem],
            convolution("right", [6, 4], |shape| {
                shape.groups = 2;
                shape.biased = false;
                shape.border = Border::Sides(Padding::same(3));
            }),
        );
        let joined = graph.push_from("joined", &[left, right], Operation::Concatenate);
        graph.push_from("aside", &[stem], Operation::Sigmoid);
        graph.push_from("sum", &[stem, joined], Operation::Add);
        graph.push("pool", Operation::MaxPool(Pool { kernel: 3, stride: 2, padding: 1, ceil: true }));
        graph.push("last", convolution("last", [6, 5], |_| ()));
        graph.push("bn", Operation::Norm(BatchNorm::new(5, 1e-5, &Device::Cpu.burn())));
        graph.push("relu", Operation::Relu);
        graph
    }

    fn images() -> Tensor<4> {
        let mut stream = Stream::new(0, "images", 0);
        let values: Vec<f32> = (0..3 * 2 * 13 * 18).map(|_| stream.normal() as f32).collect();
        Tensor::from_data(TensorData::new(values, [3, 2, 13, 18]), &Device::Cpu.burn())
    }

    fn bits(maps: Tensor<4>) -> Vec<u32> {
        let values: Vec<f32> = maps.into_data().try_to_vec().unwrap();
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn a_cut_has_the_bits_of_the_whole_and_no_steps_it_does_not_need() {
        let graph = graph();
        for step in graph.steps() {
            let id = graph.value_id(&step.name).unwrap();
            let cut = graph.cut(id);
            assert_eq!(cut.steps().last().unwrap().name, step.name);
            let aside = cut.value_id("aside").is_some();
            assert_eq!(aside, step.name == "aside", "{}", step.name);
            assert_eq!(bits(cut.forward(images())), bits(graph.forward_to(images(), id)), "{}", step.name);
        }
        assert_eq!(graph.cut(graph.value_id("right").unwrap()).steps().len(), 2, "stem and right");
    }

    #[test]
    fn a_graph_fused_for_what_is_read_gives_the_same_values_and_gradients() {
        let mut graph = graph();
        graph.push("more", convolution("more", [5, 4], |_| ()));
        graph.push("more.bn", Operation::Norm(BatchNorm::new(4, 1e-5, &Device::Cpu.burn())));
        graph.push("more.scale", Operation::Scale(Tensor::full([4], 9.0, &Device::Cpu.burn())));
        graph.push("thick", convolution("thick", [4, 4], |_| ()));
        graph.push("relu6", Operation::Relu6);
        let id = |name: &str| graph.value_id(name).unwrap();
        let device = Device::Cpu.burn().autodiff();
        for read in
            [vec![id("relu6")], vec![id("bn"), id("relu6")], vec![id("last"), id("thick"), id("relu6")]]
        {
            let fused = graph.fused(&read);
            let n_left = |graph: &Graph| {
                graph.steps().iter().filter(|step| !matches!(step.operation, Operation::Identity)).count()
            };
            assert!(n_left(&fused) < n_left(&graph), "{read:?}");
            let found = |graph: &Graph| {
                let images = Tensor::<4>::from_data(images().into_data(), &device).require_grad();
                let outputs = graph.outputs(images.clone(), &read, Norms::Running, &mut Vec::new());
                let sum = outputs.iter().fold(images.clone().sum() * 0.0, |sum, maps| {
                    sum + (maps.clone() * maps.clone().detach().cos()).sum()
                });
                let gradient = images.grad(&sum.backward()).unwrap();
                let host = |maps: Tensor<4>| -> Vec<f32> { maps.into_data().try_to_vec().unwrap() };
                let values = outputs.into_iter().map(|maps| host(maps.inner()));
                values.chain([host(gradient)]).collect::<Vec<_>>()
            };
            for (fused, plain) in found(&fused).iter().zip(found(&graph)) {
                let largest = plain.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
                for (a, b) in fused.iter().zip(&plain) {
                    assert!((a - b).abs() <= 1e-4 * largest, "{read:?}: {a}, {b}");
                }
            }
        }
        // some are cut off above, or the test says nothing of it
        let values: Vec<f32> = graph.forward(images()).into_data().try_to_vec().unwrap();
        let n_cut = values.iter().filter(|value| **value == 6.0).count();
        assert!(n_cut > 10 && values.iter().any(|value| *value > 0.0 && *value < 6.0), "{n_cut}");
    }

    #[test]
    fn a_norm_merged_into_its_convolution_changes_nothing() {
        let mut graph = graph();
        let device = Device::Cpu.burn();
        for operation in graph.operations_mut() {
            if let Operation::Norm(norm) = operation {
                norm.weight = Tensor::from_floats([0.5, -2.0, 1.5, 3.0, 0.1], &device);
                norm.bias = Tensor::from_floats([0.3, -1.0, 0.0, 2.0, 5.0], &device);
                norm.running_mean = Tensor::from_floats([1.0, -0.5, 3.0, 0.2, -2.0], &device);
                norm.running_var = Tensor::from_floats([1e-5, 4.0, 0.5, 9.0, 1.0], &device);
            }
        }
        let merged = graph.with_merged_norms();
        assert!(merged.steps().iter().all(|step| !matches!(step.operation, Operation::Norm(_))));
        let host = |graph: &Graph| -> Vec<f32> { graph.forward(images()).into_data().try_to_vec().unwrap() };
        for (found, expected) in host(&merged).iter().zip(host(&graph)) {
            assert!((found - expected).abs() <= 1e-3 * (1.0 + expected.abs()), "{found} {expected}");
        }
    }

    #[test]
    fn values_that_are_given_stand_in_for_the_steps_before_them() {
        let graph = graph();
        let [left, right, last] = ["left", "right", "last"].map(|name| graph.value_id(name).unwrap());
        let values = graph.outputs(images(), &[left, right], Norms::Running, &mut Vec::new());
        let given = vec![(IMAGE, images()), (left, values[0].clone()), (right, values[1].clone())];
        let found = graph.outputs_from(given, &[last, left], Norms::Running, &mut Vec::new());
        assert_eq!(bits(found[0].clone()), bits(graph.forward_to(images(), last)));
        assert_eq!(bits(found[1].clone()), bits(values[0].clone()));
        // others give other results
        let zeros = vec![(IMAGE, images()), (left, values[0].zeros_like()), (right, values[1].clone())];
        let other = graph.outputs_from(zeros, &[last], Norms::Running, &mut Vec::new());
        assert_ne!(bits(other[0].clone()), bits(graph.forward_to(images(), last)));
    }

    #[test]
    fn several_outputs_of_one_pass_are_those_of_single_ones() {
        let graph = graph();
        let ids: Vec<ValueId> =
            ["pool", "stem", "relu", "stem"].iter().map(|name| graph.value_id(name).unwrap()).collect();
        let outputs = graph.outputs(images(), &ids, Norms::Running, &mut Vec::new());
        for (output, &id) in outputs.into_iter().zip(&ids) {
            assert_eq!(bits(output), bits(graph.forward_to(images(), id)));
        }
    }

    #[test]
    fn channels_alone_are_those_of_the_whole_layer() {
        let graph = graph();
        for (name, channels, n_steps) in [
            ("relu", vec![4, 1], 0),   // back through the norm to the convolution
            ("last", vec![2], 0),      // the convolution itself
            ("joined", vec![5, 0], 1), // no single convolution: picked out at the end
            ("right", vec![3], 1),     // grouped, picked out
            ("sum", vec![1], 1),
        ] {
            let id = graph.value_id(name).unwrap();
            let cut = graph.cut_to_channels(id, &channels);
            assert_eq!(cut.steps().len(), graph.cut(id).steps().len() + n_steps, "{name}");
            let whole = graph.forward_to(images(), id);
            let [n, _, height, width] = whole.dims();
            let picked = channels
                .iter()
                .map(|&channel| whole.clone().slice([0..n, channel..channel + 1, 0..height, 0..width]))
                .collect();
            assert_eq!(bits(cut.forward(images())), bits(Tensor::cat(picked, 1)), "{name}");
        }
    }

    #[test]
    fn before_its_own_relu_a_layer_can_be_negative() {
        let graph = graph();
        let id = graph.value_id("left").unwrap();
        let before: Vec<f32> =
            graph.cut_before_relu(id).unwrap().forward(images()).into_data().try_to_vec().unwrap();
        let after: Vec<f32> = graph.forward_to(images(), id).into_data().try_to_vec().unwrap();
        assert!(before.iter().any(|&value| value < 0.0));
        assert_eq!(before.iter().map(|value| value.max(0.0)).collect::<Vec<f32>>(), after);
        assert!(graph.cut_before_relu(graph.value_id("stem").unwrap()).is_none(), "it has none");
    }

    #[test]
    fn every_tensor_is_listed_once_and_learned_ones_have_gradients() {
        let mut graph = graph();
        let images = images().autodiff();
        graph.learned_mut().for_each(|mut parameter| parameter.tensor.track());
        let (output, statistics) = graph.forward_to_learn(images, Norms::Batch);
        let mut gradients = output.square().sum().backward();
        let mut names = Vec::new();
        for parameter in graph.parameters_mut() {
            let gradient = parameter.tensor.take_gradient(&mut gradients);
            assert_eq!(gradient.is_some(), parameter.role == Role::Learned, "{}", parameter.name);
            let count: usize = parameter.tensor.dims().iter().product();
            assert!(gradient.is_none_or(|gradient| gradient.dims() == [count]), "{}", parameter.name);
            names.push(parameter.name);
        }
        let expected = [
            "stem.weight",
            "stem.bias",
            "left.weight",
            "left.bias",
            "right.weight",
            "last.weight",
            "last.bias",
            "bn.weight",
            "bn.bias",
            "bn.running_mean",
            "bn.running_var",
        ];
        assert_eq!(names, expected);
        assert_eq!(statistics.len(), 1);
        graph.follow(&statistics);
        let moved = graph.weights().tensors["bn.running_var"].values.iter().all(|&value| value != 1.0);
        assert!(moved, "the running statistics followed the batch");
    }

    #[test]
    fn layers_know_their_sizes_over_every_path() {
        let graph = graph();
        let layers = super::super::layer::describe(&graph);
        for layer in &layers {
            let id = graph.value_id(&layer.name).unwrap();
            let [_, channels, height, width] = graph.forward_to(images(), id).dims();
            assert_eq!(layer.n_channels, channels, "{}", layer.name);
            assert_eq!([13, 18].map(|length| layer.map_length(length)), [height, width], "{}", layer.name);
        }
        // the path through a kernel is wider than the one around it; the pool adds 2 · 2 to it
        for (name, stride, field) in
            [("stem", 2, 3), ("left", 2, 7), ("sum", 2, 7), ("pool", 4, 11), ("last", 4, 19)]
        {
            let layer = layers.iter().find(|layer| layer.name == name).unwrap();
            assert_eq!((layer.stride, layer.receptive_field_px), (stride, Some(field)), "{name}");
        }
    }
}
