"""Weights of PyTorch (.pt, .pth, .pth.tar, .ckpt, .bin) as safetensors, which `nanoaid` reads.

    python -m venv venv && venv/bin/pip install torch safetensors numpy
    venv/bin/python scripts/to_safetensors.py network.pth                  # writes network.safetensors
    venv/bin/python scripts/to_safetensors.py model.pt --whole-model       # a pickled model, if you trust it

Takes the tensors themselves, or what stands under `state_dict`, `model_state_dict`, `model`,
`model_ema`, `ema`, `net`, `network` or `weights`, in any depth. A file is read without running code; a whole
pickled model can run code when it is opened, so it is opened only with `--whole-model`, which needs
the model's own source in the path of Python. `--list` shows what is in the file.
"""

import argparse
import re
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

KEYS = ["state_dict", "model_state_dict", "model", "model_ema", "ema", "net", "network", "weights"]
"""Where weights stand in checkpoints; the first that is there is taken."""


def is_weights(value):
    return isinstance(value, dict) and any(torch.is_tensor(tensor) for tensor in value.values())


def found(value, way=""):
    """The weights in `value`, and the keys that led to them."""
    if isinstance(value, torch.nn.Module):
        return value.state_dict(), f"{way} (a model)".strip()
    if is_weights(value):
        return value, way
    if isinstance(value, dict):
        for key in KEYS:
            if key in value:
                weights, at = found(value[key], f"{way}.{key}".strip("."))
                if weights is not None:
                    return weights, at
    return None, way


def described(value):
    if isinstance(value, dict):
        return f"a dictionary with the keys {', '.join(map(str, list(value)[:12]))}"
    return f"a {type(value).__name__}"


def opened(path, whole_model):
    try:
        return torch.load(path, map_location="cpu", weights_only=not whole_model)
    except Exception as error:  # torch raises what its readers raise
        if whole_model:
            raise SystemExit(f"{path}: cannot be opened: {error}") from error
        plain = re.sub(r"\x1b\[\d*m", "", str(error)).split(". ")[0]  # torch writes in bold
        raise SystemExit(
            f"{path}: not plain weights: {plain}\n"
            "If it is a whole pickled model from someone you trust, give --whole-model."
        ) from error


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--out", type=Path, help="file to write; by default beside FILE")
    arguments.add_argument("--whole-model", action="store_true", help="open pickled models; they can run code")
    arguments.add_argument("--list", action="store_true", help="show names and shapes, and write nothing")
    arguments = arguments.parse_args()
    path = arguments.file
    value = opened(path, arguments.whole_model)
    weights, way = found(value)
    if weights is None:
        raise SystemExit(f"{path}: no weights in it: expected tensors or a model, found {described(value)}")
    # shared tensors are written one by one; integers are counters of batches, which nothing uses
    tensors = {
        name: tensor.detach().clone().contiguous()
        for name, tensor in weights.items()
        if torch.is_tensor(tensor) and tensor.is_floating_point()
    }
    tensors = {name: t.float() if t.dtype == torch.float64 else t for name, t in tensors.items()}
    if way:
        print(f"{path}: weights under {way}", file=sys.stderr)
    if arguments.list:
        for name, tensor in tensors.items():
            print(name, list(tensor.shape))
        return
    stem = path.name.removesuffix(".tar")
    out = arguments.out or path.with_name(Path(stem).stem + ".safetensors")
    if out.exists():
        raise SystemExit(f"{out} exists already; name another file with --out")
    save_file(tensors, out)
    print(f"{out}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
