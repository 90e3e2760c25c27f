"""Gradient methods of `nanoaid explain` as Captum computes them, beside a forward and backward pass, in ms.

Networks of torchvision with random weights, one grey image of 224 x 224 px as three equal colors, f32, two threads; best of
five rounds. Further networks can be named: `captum_peer.py resnet18 vgg11_bn`. Needs torch, torchvision and captum in a
virtual environment.
"""
import sys, time, warnings

import torch
import torchvision
from captum.attr import GuidedBackprop, IntegratedGradients, LayerGradCam, Saliency

STEPS, CLASS = 16, 3
# network: its deepest layer with a map
LAYERS = {"resnet18": "layer4", "squeezenet1_1": "features", "vgg11_bn": "features", "efficientnet_b0": "features"}
torch.set_num_threads(2)
torch.manual_seed(0)
warnings.filterwarnings("ignore", "Setting (backward|forward)")  # Captum says what it hooks, each time
image = torch.rand(1, 1, 224, 224).requires_grad_()
black = torch.zeros(1, 1, 224, 224)


class Gray(torch.nn.Module):
    """A network for grey images: three equal colors."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x.expand(-1, 3, -1, -1))


def model_of(name):
    model = Gray(torchvision.models.get_model(name, weights=None, num_classes=10)).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False  # hooks need the values before it
    for parameter in model.parameters():
        parameter.requires_grad_(False)  # of the weights no gradients are needed
    return model


def best(step, rounds=5):
    step()
    out = float("inf")
    for _ in range(rounds):
        begun = time.perf_counter()
        step()
        out = min(out, time.perf_counter() - begun)
    return out


for name in sys.argv[1:] or ["resnet18"]:
    model = model_of(name)
    layer = model.model.get_submodule(LAYERS[name])
    saliency, integrated = Saliency(model), IntegratedGradients(model)
    together = dict(n_steps=STEPS, method="riemann_middle")
    ways = {
        "forward + backward": lambda: torch.autograd.grad(model(image)[0, CLASS], image),
        "gradient x input": lambda: saliency.attribute(image, CLASS, abs=False) * image.detach(),
        "guided backprop": lambda: GuidedBackprop(model).attribute(image, CLASS),
        "layer grad-cam": lambda: LayerGradCam(model, layer).attribute(image, CLASS),
        f"integrated gradients, {STEPS} steps at once": lambda: integrated.attribute(image, black, CLASS, **together),
        f"integrated gradients, {STEPS} steps by 4": lambda: integrated.attribute(
            image, black, CLASS, internal_batch_size=4, **together
        ),
    }
    passes = None
    for way, step in ways.items():
        milliseconds = 1e3 * best(step)
        passes = passes or milliseconds
        print(f"{name} captum {way} {milliseconds:.1f} ms, {milliseconds / passes:.2f} x forward + backward", flush=True)
