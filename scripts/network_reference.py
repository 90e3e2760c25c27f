"""What PyTorch's networks of torchvision and timm give with weights made by a formula, block by block.

Writes `crates/nanoaid/src/network/published/tests/reference.json`, against which the tests of
`crates/nanoaid` compare. The weights come from a hash of name and index, so that no file of them is
needed; `weight` below and its twin in `crates/nanoaid/src/network/published/tests/reference.rs` are equal.

    python -m venv venv && venv/bin/pip install torch torchvision timm
    venv/bin/python scripts/network_reference.py             # all, or those that are named
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import timm
import torch
import torchvision

OUT = Path(__file__).parent.parent / "crates/nanoaid/src/network/published/tests/reference.json"
HEIGHT, WIDTH = 96, 64
N_CLASSES = 7
N_VALUES = 4
"""Values of each block beside its statistics."""
nn = torch.nn
PASSED_OVER = (nn.Identity, nn.Dropout, nn.Flatten, nn.ReLU6, nn.SiLU, nn.Hardswish)
"""Modules that have no layer of their own here, or one of another name."""

# our name: who makes it, its name there, the modules whose outputs are compared
BLOCKS = {
    "vgg": r"features\.\d+",
    "squeezenet": r"features\.(0|[3-9]|1\d)|classifier\.1",
    "resnet": r"conv1|maxpool|layer\d\.\d+|fc",
    "densenet": r"features\.(conv0|pool0|denseblock\d|transition\d|norm5)|classifier",
    "timm": r"conv_stem|blocks\.\d+\.\d+|conv_head|classifier",
    "torchvision": r"features\.0\.0|features\.\d+\.\d+|features\.\d+|classifier\.\d",
    "convnext": r"stem\.\d|stages\.\d\.downsample\.\d|stages\.\d(\.blocks\.\d+)?|head\.norm|head\.fc",
}
NETWORKS = {
    "vgg11_bn": ("torchvision", "vgg11_bn", "vgg"),
    "squeezenet1_0": ("torchvision", "squeezenet1_0", "squeezenet"),
    "squeezenet1_1": ("torchvision", "squeezenet1_1", "squeezenet"),
    "resnet18": ("torchvision", "resnet18", "resnet"),
    "resnet34": ("timm", "resnet34", "resnet"),
    "resnet50": ("torchvision", "resnet50", "resnet"),
    "resnet101": ("timm", "resnet101", "resnet"),
    "wide_resnet50_2": ("torchvision", "wide_resnet50_2", "resnet"),
    "densenet121": ("torchvision", "densenet121", "densenet"),
    "mobilenet_v2": ("torchvision", "mobilenet_v2", "torchvision"),
    "mobilenetv2_100": ("timm", "mobilenetv2_100", "timm"),
    "mobilenet_v3_small": ("torchvision", "mobilenet_v3_small", "torchvision"),
    "mobilenet_v3_large": ("torchvision", "mobilenet_v3_large", "torchvision"),
    "mobilenetv3_small_100": ("timm", "mobilenetv3_small_100", "timm"),
    "mobilenetv3_large_100": ("timm", "mobilenetv3_large_100", "timm"),
    "tf_mobilenetv3_small_100": ("timm", "tf_mobilenetv3_small_100", "timm"),
    "tf_mobilenetv3_large_100": ("timm", "tf_mobilenetv3_large_100", "timm"),
    "mobilenetv4_conv_small": ("timm", "mobilenetv4_conv_small", "timm"),
    "efficientnet_b0": ("torchvision", "efficientnet_b0", "torchvision"),
    "timm_efficientnet_b0": ("timm", "efficientnet_b0", "timm"),
    "tf_efficientnet_b0": ("timm", "tf_efficientnet_b0", "timm"),
    "tf_efficientnet_lite0": ("timm", "tf_efficientnet_lite0", "timm"),
    "timm_efficientnet_lite0": ("timm", "efficientnet_lite0", "timm"),
    "convnext_tiny": ("torchvision", "convnext_tiny", "torchvision"),
    "timm_convnext_tiny": ("timm", "convnext_tiny", "convnext"),
    "convnext_nano": ("timm", "convnext_nano", "convnext"),
    "convnext_atto": ("timm", "convnext_atto", "convnext"),
}
ONE_CHANNEL = ["resnet18", "mobilenetv3_small_100", "convnext_atto"]
"""Those that are made with a first convolution of one channel, too; timm only."""


def uniform(name, count):
    """Numbers in [-1, 1) from the hash of `name` (FNV-1a) and each index (the end of MurmurHash3)."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 % 2**32
    x = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B1) + np.uint64(seed)
    mask = np.uint64(0xFFFFFFFF)
    x &= mask
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x85EBCA6B) & mask
    x ^= x >> np.uint64(13)
    x = x * np.uint64(0xC2B2AE35) & mask
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2**31 - 1


def weight(name, shape):
    """The tensor `name`: of a size that keeps activations within a few orders of magnitude."""
    values = uniform(name, int(np.prod(shape)))
    last = name.rsplit(".", 1)[-1]
    if last in ("running_mean", "bias"):
        values *= 0.1
    elif last == "running_var":
        values = 1 + 0.5 * values
    elif last in ("gamma", "layer_scale"):
        values = 0.5 + 0.2 * values
    elif len(shape) == 1:
        values = 1 + 0.2 * values
    else:
        values *= np.sqrt(6.0 / np.prod(shape[1:]))
    return torch.from_numpy(values.reshape(shape).astype(np.float32))


def image(channels, mean, std):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [((3 * x + 5 * y + 71 * c + (x * y) % 97) % 256) / 255.0 for c in range(channels)]
    normal = [(plane - m) / s for plane, m, s in zip(planes, mean, std)]
    return torch.from_numpy(np.stack(normal)[None].astype(np.float32))


def made(origin, name, channels):
    if origin == "timm":
        model = timm.create_model(name, num_classes=N_CLASSES, in_chans=channels)
        config = model.pretrained_cfg
        return model, config["mean"], config["std"]
    model = torchvision.models.get_model(name, num_classes=N_CLASSES)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of all its ImageNet weights
    return model, mean, std


def reference(origin, name, blocks, channels):
    model, mean, std = made(origin, name, channels)
    model.eval()
    if blocks == "vgg":
        model = nn.ModuleDict({"features": model.features})
        model.forward = model["features"].forward  # a hundred million numbers less
    if channels == 1:
        mean, std = [np.mean(mean)], [np.mean(std)]
    state = model.state_dict()
    tensors = {key: weight(key, list(value.shape)) for key, value in state.items() if value.ndim > 0}
    model.load_state_dict(tensors, strict=False)
    outputs = {}

    def keep(name):
        def hook(_module, _inputs, output):
            outputs[name] = output.detach().double().flatten().clone()

        return hook

    for module_name, module in model.named_modules():
        if re.fullmatch(BLOCKS[blocks], module_name) and not isinstance(module, PASSED_OVER):
            module.register_forward_hook(keep(module_name))
    with torch.no_grad():
        model(image(channels, mean, std))
    found = {}
    for name, values in outputs.items():
        places = [(2 * i + 1) * len(values) // (2 * N_VALUES) for i in range(N_VALUES)]
        found[name] = {
            "count": len(values),
            "mean": float(f"{values.mean():.7g}"),
            "std": float(f"{values.std(unbiased=False):.7g}"),
            "values": [float(f"{values[place]:.7g}") for place in places],
        }
    return found


def main():
    torch.manual_seed(0)
    wanted = sys.argv[1:]
    networks = json.loads(OUT.read_text()) if wanted else {}
    networks.pop("about", None)
    for ours, (origin, name, blocks) in NETWORKS.items():
        if wanted and ours not in wanted:
            continue
        networks[ours] = {"channels": 3, "blocks": reference(origin, name, blocks, 3)}
        if ours in ONE_CHANNEL:
            networks[f"{ours} (one channel)"] = {"channels": 1, "blocks": reference("timm", name, blocks, 1)}
        print(ours, len(networks[ours]["blocks"]), flush=True)
    about = {
        "made_by": "scripts/network_reference.py",
        "torch": torch.__version__.split("+")[0],
        "torchvision": torchvision.__version__.split("+")[0],
        "timm": timm.__version__,
        "height": HEIGHT,
        "width": WIDTH,
        "n_classes": N_CLASSES,
    }
    lines = [f'{json.dumps("about")}: {json.dumps(about)}']
    for name, network in networks.items():
        blocks = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in network["blocks"].items())
        head = f'{json.dumps(name)}: {{"channels": {network["channels"]}, "blocks": {{'
        lines.append(f"{head}\n{blocks}\n}}}}")
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
