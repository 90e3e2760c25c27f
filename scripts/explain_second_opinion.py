"""A second opinion on `nanoaid explain`: Captum and pytorch-grad-cam with the same weights, on the same five micrographs.

Networks of torchvision get random weights. Each micrograph is cropped to 224 x 224 px, so that NanoAID takes one view of it,
and its contrast is stretched so far that NanoAID's own stretching changes nothing. PyTorch sees the same grey levels through
`Gray` below, so that both sides attribute to grey levels. The maps of `--maps` are compared pixel by pixel; a difference is
relative to the largest magnitude of the map, and 1e-3 is allowed. Where one is larger and rounding does not explain it, the
script ends with status 1.

Rounding can: the gradient of a ReLU jumps where its input is nearly 0, that of a max-pool where two inputs are nearly equal.
Integrated gradients begin with nearly uniform images, which have many such places. So PyTorch computes each map in 64 bits,
and four times in 32 bits with noise as small as rounding after each convolution; `rounding` is the largest change that this
makes. A difference of up to twice the rounding of the same image is no fault. One network has no ReLU and no max-pool, so
nothing is excused there; PyTorch computes it in 32 bits, as 64 bits take half a minute a pass.

    python -m venv venv && venv/bin/pip install torch torchvision captum grad-cam tifffile safetensors pillow
    venv/bin/python scripts/explain_second_opinion.py MICROGRAPHS              # a folder of folders of images
    venv/bin/python scripts/explain_second_opinion.py MICROGRAPHS resnet18     # only these networks

NANOAID is the program, by default target/release/nanoaid. Takes an hour on two cores.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import tifffile
import torch
import torchvision
from captum.attr import Deconvolution, FeatureAblation, GuidedBackprop, InputXGradient, IntegratedGradients, LayerGradCam
from PIL import Image
from pytorch_grad_cam import GradCAM, HiResCAM, LayerCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import interpolate

NANOAID = os.environ.get("NANOAID", Path(__file__).parent.parent / "target/release/nanoaid")
LARGEST = 1e-3
"""Difference that is allowed, relative to the largest magnitude of a map."""
SIDE, N_IMAGES, N_CLASSES = 224, 5, 10
STEPS = {"black": 16, "mean": 48}
"""Most steps of integrated gradients from each baseline; how many NanoAID took is in its record."""
NOISE, N_NOISY = 1e-7, 4
"""Standard deviation of the noise that stands for rounding, as a share of the largest output of a convolution; draws. It
changes scores and maps of deep layers, which do not jump, about twice as far as NanoAID's own rounding."""
WINDOW = 25
"""Side of a window of NanoAID's occlusion in px: nine of them cover the side of the image."""

# network: a layer before the deepest one, where gradients differ from position to position
JUMPING = {"resnet18": "layer3.1", "squeezenet1_1": "features.12", "vgg11_bn": "features.20"}
SMOOTH = {"efficientnet_b0": "features.6.3"}  # without ReLUs and max-pools
LAYERS = SMOOTH | JUMPING
CAMS = {"hires-cam": HiResCAM, "grad-cam": GradCAM, "layer-cam": LayerCAM}
PIXELS = ["gradient-x-input", "integrated-gradients", "occlusion"]
OF_RELUS = {"guided-backprop": GuidedBackprop, "deconvnet": Deconvolution}
NOT_COMPARED = {
    "smooth-grad": "each program draws its own noise",
    "lrp": "other rules: NanoAID leaves biases out, merges batch norms, and shares sums out by magnitude",
    "rise": "neither library has it",
    "blurred baseline and fill": "NanoAID's own; black and mean are compared instead",
}


class Gray(nn.Module):
    """A network for grey images in [0, 1]: three equal colors, normalized as torchvision does."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, x):
        return self.model((x - self.mean) / self.std)


def network(name, images):
    """`name` with random weights and biases, and the statistics of `images`, without which deep layers would see nothing."""
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, num_classes=N_CLASSES)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics of the one batch below
            nn.init.uniform_(module.weight, 0.5, 1.5)
        if hasattr(module, "inplace"):
            module.inplace = False  # hooks need the values before it
        if getattr(module, "bias", None) is not None:
            nn.init.uniform_(module.bias, -0.1, 0.1)
    with torch.no_grad():
        Gray(model).train()(torch.tensor(np.stack(list(images.values())))[:, None].float())
    return model.eval()


def cropped(micrographs, folder):
    """The middle of the first micrograph of each of the first categories, as PNG files; their grey levels by name."""
    images = {}
    for category in sorted(path for path in Path(micrographs).iterdir() if path.is_dir()):
        large = (path for path in sorted(category.iterdir()) if min(Image.open(path).size) >= 2 * SIDE)
        path = next(large, None)
        if path is None or len(images) == N_IMAGES:
            continue
        gray = np.asarray(Image.open(path).convert("L"), np.float64)
        y, x = (gray.shape[0] - SIDE) // 2, (gray.shape[1] - SIDE) // 2
        gray = gray[y : y + SIDE, x : x + SIDE]
        # one pixel in a hundred black, one white: NanoAID makes one in two hundred so
        low, high = np.percentile(gray, [1, 99])
        levels = np.round(255 * np.clip((gray - low) / (high - low), 0, 1)).astype(np.uint8)
        Image.fromarray(levels).save(folder / f"{category.name}.png")
        images[category.name] = levels / 255
    return images


def explained(weights, images, out, methods, *options):
    """Runs NanoAID; for each image its record's explanation, and the map of each method."""
    files = sorted(images.glob("*.png"))
    command = [NANOAID, "explain", *files, "--run", weights, "--methods", ",".join(methods), "--out", out]
    command += ["--maps", "--quick", "--no-structures", "--keep-data-bar", *options]
    subprocess.run(command, check=True, capture_output=True)
    found = {}
    for file in files:
        record = json.loads((out / f"{file.stem}.json").read_text())["explanation"]
        assert record["n_views"] == 1 and list(record["view_px"]) == [SIDE, SIDE], "one view, each pixel once"
        assert [one["method"] for one in record["methods"]] == methods
        maps = tifffile.imread(out / f"{file.stem}.attributions.tif").reshape(len(methods), SIDE, SIDE)
        found[file.stem] = record, dict(zip(methods, maps.astype(np.float64)))
    return found


def enlarged(cam):
    """A layer's map over the image as NanoAID enlarges it: bilinear, after each value is divided by the weight that all
    pixels take of it, so that sums are kept."""

    def bilinear(values):
        return interpolate(values, (SIDE, SIDE), mode="bilinear", align_corners=False)

    cam = torch.as_tensor(cam).reshape(1, 1, *cam.shape[-2:])
    ones = torch.ones_like(cam, requires_grad=True)
    bilinear(ones).sum().backward()
    return bilinear(cam / ones.grad)


def cam_of(kind, model, layer, x, target):
    """The map of pytorch-grad-cam before it is scaled to [0, 1]. NanoAID's HiRes-CAM keeps its sign, unlike that."""
    cam = kind(model, [layer])
    targets = [ClassifierOutputTarget(target)]
    cam(x, targets)
    kept = cam.activations_and_grads
    raw = cam.get_cam_image(x, layer, targets, kept.activations[0].numpy(), kept.gradients[0].numpy(), False)
    kept.release()
    return enlarged(raw if kind is HiResCAM else np.maximum(raw, 0))


def opinions(model, x, record, baseline):
    """The maps of Captum and pytorch-grad-cam, by the name of the method and of the library."""
    target = int(record["class"])
    steps = {one["method"]: one["n_steps"] for one in record["methods"]}
    maps = {("score", "PyTorch"): model(x)[0, target]}
    (name,) = record["layers"]
    # torchvision counts a SiLU as the module after its batch norm
    layer = model.model.get_submodule(name.replace(".1.silu", ".2"))
    for method in steps:
        if method in CAMS:
            maps[f"{method}, {name}", "pytorch-grad-cam"] = cam_of(CAMS[method], model, layer, x, target)
        if method == "grad-cam":
            cam = LayerGradCam(model, layer).attribute(x, target, relu_attributions=True)
            maps[f"{method}, {name}", "Captum"] = enlarged(cam.detach())
        if method in OF_RELUS:
            maps[method, "Captum"] = OF_RELUS[method](model).attribute(x, target)
    if "occlusion" in steps:
        maps["gradient-x-input", "Captum"] = InputXGradient(model).attribute(x, target)
        window = torch.arange(SIDE) // WINDOW
        windows = (window[:, None] * (SIDE // WINDOW + 1) + window)[None, None]
        fall = FeatureAblation(model).attribute(x, 0.0, target, feature_mask=windows)
        maps["occlusion, black", "Captum"] = fall / torch.bincount(windows.flatten())[windows]
    start = torch.full_like(x, 0.0 if baseline == "black" else x.mean().item())
    maps[f"integrated-gradients, {baseline}", "Captum"] = IntegratedGradients(model).attribute(
        x, start, target, n_steps=steps["integrated-gradients"], method="riemann_middle", internal_batch_size=4
    )
    return {key: value.detach().double().squeeze().numpy() for key, value in maps.items()}


def noisy_opinions(model, *arguments):
    """The same with noise after each convolution."""
    def noise(_module, _inputs, output):
        return output + NOISE * output.detach().abs().max() * torch.randn_like(output)

    hooks = [module.register_forward_hook(noise) for module in model.modules() if isinstance(module, nn.Conv2d)]
    maps = opinions(model, *arguments)
    for hook in hooks:
        hook.remove()
    return maps


def difference(found, expected):
    largest = np.abs(expected).max()
    assert largest > 0, "a map of zeros says nothing"
    return np.abs(found - expected).max() / largest


def compared(name, images, folder):
    """For each method a list of pairs, one for each image: NanoAID's difference, and the largest one by rounding."""
    rows = {}
    plain = network(name, images)
    weights = folder / f"{name}.safetensors"
    save_file(plain.state_dict(), weights)
    model = Gray(plain)
    of_relus = [] if name in SMOOTH else list(OF_RELUS)
    runs = {
        "black": ([*CAMS, *PIXELS, *of_relus], []),
        "mean": ([*CAMS, "integrated-gradients"], ["--layer", LAYERS[name]]),
    }
    for baseline, (methods, options) in runs.items():
        options += ["--network", name, "--baseline", baseline, "--steps", str(STEPS[baseline]), "--fill", "black"]
        found = explained(weights, folder / "images", folder / f"{name}-{baseline}", methods, *options)
        for image, (record, maps) in found.items():
            x = torch.from_numpy(images[image])[None, None]
            single = lambda of: of(model.float(), x.float(), record, baseline)
            others = [] if name in SMOOTH else [single(noisy_opinions) for _ in range(N_NOISY)]
            expected = single(opinions) if name in SMOOTH else opinions(model.double(), x, record, baseline)
            for key, map_ in expected.items():
                own = record["score"] if key[0] == "score" else maps[key[0].split(",")[0]]
                rounding = max((difference(other[key], map_) for other in others), default=0.0)
                rows.setdefault(key, []).append((difference(own, map_), rounding))
    weights.unlink()
    return rows


def main():
    micrographs, *names = sys.argv[1:] or sys.exit(__doc__)
    warnings.filterwarnings("ignore", module="captum")  # it says what it hooks, each time
    n_faults = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "images").mkdir()
        images = cropped(micrographs, folder / "images")
        print("images:", ", ".join(images))
        line = "{:<16} {:<28} {:<17} {:>6} {:>8} {:>8} {:>9}  {}"
        print(line.format("network", "method", "beside", "images", "median", "largest", "rounding", ""), flush=True)
        for name in names or LAYERS:
            for (method, library), differences in compared(name, images, folder).items():
                own, rounding = np.transpose(differences)
                is_above = own > LARGEST
                is_fault = is_above & (own > 2 * rounding)
                n_faults += is_fault.sum()
                verdict = f"{is_above.sum()} above 1e-3" + (", FAULT" if is_fault.any() else ", rounding")
                shown = [f"{np.median(own):.1e}", f"{own.max():.1e}", f"{rounding.max():.1e}" if rounding.any() else ""]
                shown.append(verdict if is_above.any() else "")
                print(line.format(name, method, library, len(own), *shown), flush=True)
    for method, reason in NOT_COMPARED.items():
        print(f"not compared: {method}: {reason}")
    sys.exit(1 if n_faults else 0)


if __name__ == "__main__":
    main()
