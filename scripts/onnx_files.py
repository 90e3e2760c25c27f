"""Small ONNX files for the tests of `crates/nanoaid`, and what onnxruntime gives for each.

Networks of a few layers with random weights, exported by `torch.onnx.export` in both of its ways
(`exported`, `traced`) or put together by `onnx.helper`. Beside each file, in `expected.json`, stand the
input's shape and every output; the input is a formula that the test has, too.

    python -m venv venv && venv/bin/pip install torch onnx onnxscript onnxruntime
    venv/bin/python scripts/onnx_files.py
"""

import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

OUT = Path(__file__).parent.parent / "crates/nanoaid/src/network/onnx/files"


def conv(i, o, k, **more):
    return nn.Conv2d(i, o, k, **more)


class Plain(nn.Module):
    """A classifier as courses teach it: convolutions, a batch norm, pools, a vector, dense layers."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            conv(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.LeakyReLU(0.1), nn.AvgPool2d(2),
        )
        self.fc1 = nn.Linear(6 * 4 * 4, 8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        x = self.features(x).view(x.size(0), -1)
        return F.softmax(self.fc2(F.dropout(F.relu(self.fc1(x)), training=self.training)), dim=1)


class Residual(nn.Module):
    """Colors; sums, gates, kernels that are not square, dilated or grouped, concatenation."""

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 4, 3, stride=2, padding=1)
        self.wide = nn.Sequential(conv(4, 4, (1, 7), padding=(0, 3)), conv(4, 4, (7, 1), padding=(3, 0)))
        self.dilated = conv(4, 4, 3, dilation=2, padding=2, groups=2)
        self.squeeze = nn.Sequential(conv(4, 2, 1), nn.SiLU(), conv(2, 4, 1), nn.Hardsigmoid())
        self.last = conv(8, 5, 1)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        x = F.hardswish(self.stem(x))
        y = F.relu6(self.wide(x)) + x
        z = F.gelu(self.dilated(y))
        z = z * self.squeeze(F.adaptive_avg_pool2d(z, 1))
        x = F.silu(self.last(torch.cat([y, z], 1)))
        return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class ChannelsLast(nn.Module):
    """Layer norms and dense layers over the channels between transposes, as ConvNeXt has them."""

    def __init__(self):
        super().__init__()
        self.stem = conv(3, 4, 4, stride=4)
        self.norm = nn.LayerNorm(4, eps=1e-6)
        self.dw = conv(4, 4, 7, padding=3, groups=4)
        self.up, self.down = nn.Linear(4, 8), nn.Linear(8, 4)
        self.gamma = nn.Parameter(torch.tensor([0.5, -1.0, 2.0, 0.1]))
        self.last = nn.LayerNorm(4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.norm(self.stem(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        y = self.dw(x).permute(0, 2, 3, 1)
        y = self.gamma * self.down(F.gelu(self.up(y)))
        x = x + y.permute(0, 3, 1, 2)
        return self.head(self.last(x.mean([-2, -1])))


class UNet(nn.Module):
    """Down, and up again by a transposed convolution and a pixel shuffle; an image comes out."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(conv(1, 4, 3, padding=1), nn.ELU(), nn.MaxPool2d(3, 2, 1))
        self.deep = nn.Sequential(conv(4, 8, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2))
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.shuffled = nn.Sequential(conv(8, 4, 3, padding=1), nn.PixelShuffle(2))
        self.last = conv(2, 1, 3)

    def forward(self, x):
        a = self.down(x)
        b = self.up(self.deep(a))
        c = self.shuffled(torch.cat([a, b], 1))
        x = F.pad(torch.cat([c, 1.0 - c], 1), (1, 1, 1, 1))
        return torch.sigmoid(self.last(x))


class Doubled(nn.Module):
    """Doubling by nearest neighbours, a scale and a shift of each channel, differences, clips."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(1, 3, 3, padding=1), conv(1, 3, 1)
        self.scale = nn.Parameter(torch.tensor([2.0, -1.0, 0.5]).view(1, 3, 1, 1))
        self.shift = nn.Parameter(torch.tensor([0.1, 0.2, -0.3]).view(3, 1, 1))

    def forward(self, x):
        y = (self.a(x) - self.b(x)) * self.scale + self.shift
        y = torch.clamp(F.interpolate(y, scale_factor=2, mode="nearest"), -0.5, 0.75)
        return 1.0 - y / 4.0


def randomized(model, seed):
    """Every weight and statistic is random, so that none can be passed over unseen."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
        if isinstance(module, nn.LayerNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    return model.eval()


def image(shape):
    """Numbers from 0 to 1 by a formula, in the order of the indexes."""
    index = np.arange(np.prod(shape))
    return ((index * 37 + index // 7 * 11) % 101 / 100.0).astype(np.float32).reshape(shape)


def torch_files(expected):
    cases = [
        ("plain", Plain(), (1, 1, 16, 16)),
        ("residual", Residual(), (1, 3, 24, 20)),
        ("channels_last", ChannelsLast(), (1, 3, 24, 16)),
        ("unet", UNet(), (1, 1, 16, 24)),
        ("doubled", Doubled(), (1, 1, 6, 9)),
    ]
    for seed, (name, model, shape) in enumerate(cases):
        model = randomized(model, seed)
        x = torch.from_numpy(image(shape))
        for way, dynamo in [("exported", True), ("traced", False)]:
            with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                path = Path(folder) / "model.onnx"
                torch.onnx.export(model, (x,), str(path), dynamo=dynamo, verbose=False)
                kept(f"{name}-{way}", onnx.load(str(path)), shape, expected)


def kept(name, model, shape, expected):
    """Writes the file without what only debuggers read, and its outputs."""
    model.producer_version = ""
    model.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in [*model.graph.value_info, *model.graph.initializer, *model.graph.input, *model.graph.output]:
        value.doc_string = ""
        del value.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    del model.functions[:]
    model.graph.doc_string = ""
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    (OUT / f"{name}.onnx").write_bytes(data)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: image(shape)}
    outputs = session.run(None, feed)
    expected[name] = {
        "input": list(shape),
        "output": list(outputs[0].shape),
        "values": [float(f"{value:.8g}") for value in outputs[0].flatten()],
    }
    print(name, len(data), outputs[0].shape, sorted({node.op_type for node in model.graph.node}))


def helper_files(expected):
    """What no export of PyTorch writes: TensorFlow's padding, 16-bit weights, statistics in constants."""
    rng = np.random.default_rng(5)

    def constant(name, shape, dtype=np.float32):
        return numpy_helper.from_array(rng.normal(0, 0.4, shape).astype(dtype), name)

    weights = [
        constant("k1/w", (4, 1, 3, 3)),
        constant("k1/b", (4,)),
        constant("k2/w", (4, 1, 5, 5)),
        constant("dense", (4, 3)),
        constant("offsets", (3,)),
        numpy_helper.from_array(np.array([0, 0, 1, 1, 0, 0, 2, 2], np.int64), "zeros"),
        constant("k3/w", (4, 4, 3, 3), np.float16),
        constant("bn/scale", (4,)),
        constant("bn/shift", (4,)),
        constant("bn/mean", (4,)),
        numpy_helper.from_array(np.array([0.5, 1.0, 1.5, 2.0], np.float64).astype(np.float32), "bn/var"),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "k1/w", "k1/b"], ["a"], auto_pad="SAME_UPPER", strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Pad", ["b", "zeros"], ["c"]),
        helper.make_node("Conv", ["c", "k2/w"], ["d"], group=4, kernel_shape=[5, 5]),
        helper.make_node("Cast", ["k3/w"], ["k3/w32"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["d", "k3/w32"], ["e"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["e", "bn/scale", "bn/shift", "bn/mean", "bn/var"], ["n"], epsilon=0.01),
        helper.make_node("GlobalAveragePool", ["n"], ["f"]),
        helper.make_node("Flatten", ["f"], ["g"]),
        helper.make_node("MatMul", ["g", "dense"], ["h"]),
        helper.make_node("Add", ["h", "offsets"], ["classes"]),
    ]
    image_info = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 15, 18])
    output = helper.make_tensor_value_info("classes", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph(nodes, "network", [image_info], [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"mean": "0.4", "std": "0.2", "classes": '["fibres", "tips", "powder"]'})
    kept("helper", model, (1, 1, 15, 18), expected)


def main():
    OUT.mkdir(exist_ok=True)
    expected = {}
    torch_files(expected)
    helper_files(expected)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items()]
    (OUT / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
