"""Micrographs as image layers, in nanometres where their pixel size is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from nanoaid import Micrograph, NanoaidError, read

LayerData: TypeAlias = tuple[Any, dict[str, Any], str]

KEY = "nanoaid"
"""Entry of a layer's metadata that holds the micrograph it was read from."""


def reader_of(path: str | Sequence[str]) -> Callable[[str | Sequence[str]], list[LayerData]] | None:
    """A function that reads `path`; ``None`` where it holds no micrograph, so that another plugin is asked."""
    try:
        made = layers_of(path)
    except NanoaidError:
        return None
    return lambda _: made


def layers_of(path: str | Sequence[str]) -> list[LayerData]:
    """An image layer for each file."""
    paths = [path] if isinstance(path, str) else path
    return [layer_of(read(one)) for one in paths]


def layer_of(micrograph: Micrograph) -> LayerData:
    """`micrograph` as an image layer, data bar included."""
    options = {"name": Path(micrograph.path).stem, "metadata": {KEY: micrograph}} | placed(micrograph)
    return micrograph.data, options, "image"


def placed(micrograph: Micrograph, stride: int = 1) -> dict[str, Any]:
    """Scale and units of a layer with a value for each `stride` pixels, which lies where `micrograph` does."""
    size = micrograph.pixel_size
    height, width, unit = (1.0, 1.0, "pixel") if size is None else (size.height, size.value, "nm")
    # napari places the centre of the first value at the position `translate`
    shift = (stride - 1) / 2
    return {
        "scale": (stride * height, stride * width),
        "translate": (shift * height, shift * width),
        "units": (unit, unit),
    }
