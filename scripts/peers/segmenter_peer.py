"""The segmenter's forward pass as `nanoaid bench segmenter-forward` times it, by inference engines.

The built-in network's layers with random weights, batch norms folded into their convolutions, one grey image of
768 x 1024 px, f32, all cores; best of five rounds. Needs numpy, onnx, onnxruntime and openvino in a virtual environment.
"""
import os, time

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

LEVELS, OUTPUTS = [12, 32, 64, 96, 128], 4
SHAPE = [1, 1, 768, 1024]
rng = np.random.default_rng(0)
nodes, weights = [], []


def add(kind, inputs, **attributes):
    """A node; its output's name."""
    name = f"v{len(nodes)}"
    nodes.append(helper.make_node(kind, inputs, [name], **attributes))
    return name


def constant(values):
    weights.append(numpy_helper.from_array(values, f"w{len(weights)}"))
    return weights[-1].name


def convolution(value, channels_in, channels_out, relu=True):
    """3 x 3, same size, with a bias."""
    deviation = np.sqrt(2 / (9 * channels_in))
    weight = rng.normal(0, deviation, (channels_out, channels_in, 3, 3)).astype(np.float32)
    bias = np.zeros(channels_out, np.float32)
    value = add("Conv", [value, constant(weight), constant(bias)], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return add("Relu", [value]) if relu else value


def model():
    value, channels, skipped = "image", 1, []
    for level, width in enumerate(LEVELS):
        value = convolution(value, channels, width)
        value = convolution(value, width, width)
        channels = width
        if level + 1 < len(LEVELS):
            skipped.append((value, width))
            value = add("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    twice = constant(np.array([1, 1, 2, 2], np.float32))
    for skip, width in reversed(skipped):
        value = add("Resize", [value, "", twice], mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")
        value = add("Concat", [value, skip], axis=1)
        value = convolution(value, channels + width, width)
        channels = width
    value = convolution(value, channels, OUTPUTS, relu=False)
    of = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "segmenter", [of("image", SHAPE)], [of(value, [1, OUTPUTS, *SHAPE[2:]])], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def best(step, repeats=3, rounds=5):
    step()
    out = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(repeats):
            step()
        out = min(out, (time.perf_counter() - begun) / repeats)
    return out


made, image = model(), rng.random(SHAPE, dtype=np.float32)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = os.cpu_count()
session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
print(f"segmenter-forward onnxruntime {1e3 * best(lambda: session.run(None, {'image': image})):.1f} ms", flush=True)
core = openvino.Core()
core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
request = core.compile_model(core.read_model(made.SerializeToString()), "CPU").create_infer_request()
print(f"segmenter-forward openvino {1e3 * best(lambda: request.infer([image])):.1f} ms", flush=True)
