"""16 channels of VGG16's block3_conv3 as `nanoaid bench vgg16-visualized` makes them, in PyTorch.

Random weights, 128 x 128, three channels, one batch: Fourier canvas (decay 1, sd 0.01), ImageNet's color matrix, sigmoid,
pad 12, crop 8, scale 0.9 to 1.1, turn by at most 5 degrees, crop 4 (drawn anew each step, for the whole batch), score =
mean of the own channel before its ReLU, Adam 0.05, 256 steps. Needs torch and numpy in a virtual environment.
"""
import math, os, time
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F

torch.set_num_threads(os.cpu_count())
torch.manual_seed(0)
SIDE, STEPS, N = 128, int(os.environ.get("STEPS", 256)), 16


def block3():
    layers, channels = [], 3
    for block, (n, count) in enumerate([(64, 2), (128, 2), (256, 3)]):
        if block:
            layers.append(nn.MaxPool2d(2))
        for _ in range(count):
            layers += [nn.Conv2d(channels, n, 3, padding=1), nn.ReLU()]
            channels = n
    net = nn.Sequential(*layers[:-1]).to(memory_format=torch.channels_last)
    for p in net.parameters():
        p.requires_grad_(False)
    return net


def warp(image, scale, degrees):
    """Resized by `scale`, then turned; beyond the border the image goes on with its last value."""
    if scale != 1:
        side = round(image.shape[-1] * scale)
        image = F.interpolate(image, size=(side, side), mode="bilinear", align_corners=False)
    if degrees:
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        grid = F.affine_grid(torch.tensor([[[c, -s, 0], [s, c, 0]]]).expand(len(image), 2, 3), image.shape, align_corners=False)
        image = F.grid_sample(image, grid, padding_mode="border", align_corners=False)
    return image


def main():
    net = block3()
    f = np.sqrt(np.fft.fftfreq(SIDE)[:, None] ** 2 + np.fft.rfftfreq(SIDE)[None] ** 2)
    spectrum = torch.tensor(SIDE / np.maximum(f, 1 / SIDE), dtype=torch.float32)
    colors = torch.tensor([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
    colors = colors / colors.norm(dim=0).max()
    z = (0.01 * torch.randn(N, 3, SIDE, SIDE // 2 + 1, 2)).requires_grad_()
    adam = torch.optim.Adam([z], lr=0.05)
    own = torch.arange(N)
    angles = list(range(-5, 6)) + [0] * 5
    t = time.perf_counter()
    for _ in range(STEPS):
        image = torch.fft.irfft2(torch.view_as_complex(z) * spectrum, s=(SIDE, SIDE)) / 4
        image = torch.sigmoid(torch.einsum("nchw,dc->ndhw", image, colors))
        image = F.pad(image, (12,) * 4, value=0.5)
        y, x = np.random.randint(0, 9, 2)
        image = image[:, :, y : y + image.shape[2] - 8, x : x + image.shape[3] - 8]
        image = warp(image, 0.9 + 0.02 * np.random.randint(0, 11), angles[np.random.randint(0, len(angles))])
        y, x = np.random.randint(0, 5, 2)
        image = image[:, :, y : y + image.shape[2] - 4, x : x + image.shape[3] - 4]
        score = net(image.contiguous(memory_format=torch.channels_last))[own, own].mean((1, 2)).sum()
        adam.zero_grad()
        (-score).backward()
        adam.step()
    print("vgg16-visualized", "torch", f"{time.perf_counter() - t:.1f}", "s", flush=True)


if __name__ == "__main__":
    main()
