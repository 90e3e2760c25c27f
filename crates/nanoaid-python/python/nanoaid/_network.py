"""Networks: built-in ones, run folders of trainings, files of weights."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from nanoaid import _nanoaid
from nanoaid._errors import NetworkError
from nanoaid._how import how
from nanoaid._result import Result, StrPath, table_html


@dataclass(frozen=True)
class Layer:
    """A named place in a network with an output that can be looked at."""

    name: str
    operation: str
    n_channels: int
    stride: int
    """Pixels of the image between two neighbouring positions of its maps."""
    receptive_field_px: int | None
    """Pixels along each axis that a position can depend on; ``None``: the whole image."""
    n_weights: int


class Network(Result):
    """A network with its weights. Made by `Network.open` and `Network.builtin`."""

    def __init__(self, network: _nanoaid.Network, run: str, architecture: str | None = None) -> None:
        super().__init__(network.json(None))
        self._network = network
        self._run = run
        self._architecture = architecture
        self._info: dict[str, Any] = json.loads(self.to_json())

    @classmethod
    def open(cls, path: StrPath, *, architecture: str | None = None, device: str = "cpu") -> Network:
        """Opens a run folder of a training, a file of weights (.safetensors, .onnx), or a built-in network by its name.

        `architecture` says which network a file of weights is for, where its weights fit several.
        """
        run = os.fspath(path)
        with how(None) as done:
            return cls(_nanoaid.Network.open(run, architecture, device, done), run, architecture)

    @classmethod
    def builtin(cls, name: str, *, device: str = "cpu") -> Network:
        """Opens ``autoencoder``, ``classifier`` or ``segmenter``, which come with the package."""
        with how(None) as done:
            return cls(_nanoaid.Network.builtin(name, device, done), name)

    @property
    def name(self) -> str:
        """The path or name that it was opened by."""
        return self._run

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers in the order in which they are computed."""
        return tuple(Layer(**layer) for layer in self._info["layers"])

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes of a classifier; ``None`` for other networks and for classes without names."""
        named = self._info.get("classes")
        return None if named is None else tuple(named)

    @property
    def n_stages(self) -> int:
        """Number of encoder stages, the greatest depth; 0 for networks without."""
        return self._network.n_stages

    @property
    def notes(self) -> list[str]:
        """What was done to its file, or assumed."""
        return list(self._info.get("notes", []))

    @property
    def sha256(self) -> str:
        """SHA-256 of the network as a file, by which results name it."""
        return self._network.sha256

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._network.device

    def layer_at_depth(self, depth: int) -> str:
        """Name of the layer that is the output of encoder stage `depth`, from 1."""
        return self._network.layer_at_depth(max(depth, 0))

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_again, (self._run, self._architecture, self.device, self.sha256)

    def __repr__(self) -> str:
        of_classes = "" if self.classes is None else f", {len(self.classes)} classes"
        return f"<Network {self.name}: {len(self.layers)} layers{of_classes}>"

    def _repr_html_(self) -> str:
        head = ("layer", "operation", "channels", "stride", "receptive field [px]", "weights")
        rows = [
            (layer.name, layer.operation, layer.n_channels, layer.stride, layer.receptive_field_px or "all", layer.n_weights)
            for layer in self.layers
        ]
        return table_html(rows, head)


NetworkLike: TypeAlias = Network | StrPath
"""A network, or what `Network.open` takes."""


def opened(network: NetworkLike) -> Network:
    """`network`, opened if it is not yet."""
    return network if isinstance(network, Network) else Network.open(network)


def _opened_again(run: str, architecture: str | None, device: str, sha256: str) -> Network:
    network = Network.open(run, architecture=architecture, device=device)
    if network.sha256 != sha256:
        raise NetworkError(f"{run}: the network's SHA-256 is {network.sha256}, expected {sha256}")
    return network
