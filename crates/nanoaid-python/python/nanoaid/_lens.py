"""The AI lens: a micrograph through the feature maps of one layer of a network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from nanoaid import _nanoaid
from nanoaid._errors import SettingError
from nanoaid._how import Progress, how
from nanoaid._micrograph import Micrograph
from nanoaid._network import Network, NetworkLike, opened
from nanoaid._result import Result, StrPath, image_html, optional, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.figure import Figure

_SHOWN = 8


class LensResult(Result):
    """A micrograph at one layer: maps, their ranking, false colors, and for autoencoders the reconstruction."""

    def __init__(self, lens: _nanoaid.Lens, micrograph: Micrograph, network: Network, order: str) -> None:
        super().__init__(lens.json)
        self._lens = lens
        self._micrograph = micrograph
        self._network = network
        self._order = order
        self._record = self.to_dict()

    @property
    def layer(self) -> str:
        """Name of the layer."""
        return str(self._record["layer"])

    @property
    def stride(self) -> int:
        """Pixels of the specimen between two neighbouring positions of `maps`."""
        return int(self._record["stride"])

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What to beware of, with its numbers."""
        return list(self._record["warnings"])

    @cached_property
    def maps(self) -> npt.NDArray[np.float32]:
        """The feature maps by the number of their channel, ``float32``, ``[C, H, W]``."""
        return self._lens.maps()

    @cached_property
    def image(self) -> npt.NDArray[np.float32]:
        """The specimen as the network saw it: contrast stretched to 0 to 1, ``float32``, ``[H, W]``."""
        return self._lens.image()

    @cached_property
    def false_color(self) -> npt.NDArray[np.float32] | None:
        """Red, green and blue of the maps as one picture, 0 to 1, ``float32``, ``[3, H, W]``."""
        return self._lens.false_color()

    @cached_property
    def reconstruction(self) -> npt.NDArray[np.float32] | None:
        """What the whole network makes of `image`; ``None`` unless it is an autoencoder."""
        return self._lens.reconstruction()

    @cached_property
    def relative_errors(self) -> npt.NDArray[np.float32] | None:
        """How much worse than usual each cell of the reconstruction is, among cells of as much contrast."""
        return self._lens.relative_errors()

    @property
    def ranking(self) -> list[int]:
        """Numbers of the channels, the first to look at first."""
        return [_channel(channel) for channel in self._record["channels"]]

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each channel in the order of the ranking, with its state and statistics."""
        rows = [
            {"channel": _channel(channel), "address": channel["address"], "state": channel["state"]["kind"]}
            | channel["statistics"]
            for channel in self._record["channels"]
        ]
        made: pandas.DataFrame = optional("pandas", "pandas", "to_pandas").DataFrame(rows)
        return made

    def save(self, folder: StrPath, *, maps: Sequence[Literal["tiff", "npz", "png"]] = (), force: bool = False) -> None:
        """Writes what ``nanoaid lens`` writes: a page, contact sheets, pictures, numbers, and a record to repeat it.

        The lens looks once more for it. `maps` are formats in which the maps themselves are written, too.
        """
        with how(None) as done:
            _nanoaid.save_lens(
                self._micrograph._image,
                self._network._network,
                self.layer,
                self._order,
                list(maps),
                os.fspath(folder),
                force,
                done,
            )

    def plot(self, n: int = 12, *, columns: int = 4) -> Figure:
        """The first `n` maps of the ranking (by matplotlib)."""
        pyplot = optional("matplotlib.pyplot", "plot", "plot")
        channels = self._record["channels"][:n]
        rows = -(-len(channels) // columns)
        figure, axes = pyplot.subplots(rows, columns, figsize=(3 * columns, 3 * rows), squeeze=False)
        for ax in axes.flat:
            ax.set_axis_off()
        for ax, channel in zip(axes.flat, channels, strict=False):
            shown = channel["statistics"]
            ax.imshow(self.maps[_channel(channel)], vmin=shown["low"], vmax=shown["high"], cmap="viridis")
            ax.set_title(channel["address"], fontsize=9)
        figure.tight_layout()
        made: Figure = figure
        return made

    def __repr__(self) -> str:
        size, n_live = self._record["maps"], self._record["counts"]["n_live"]
        maps = f"{len(self.ranking)} maps of {size['width']} × {size['height']}"
        return f"<LensResult {self.layer}: {maps}, {n_live} live>"

    def _repr_html_(self) -> str:
        pictures = []
        for channel in self._record["channels"][:_SHOWN]:
            shown = channel["statistics"]
            png = self._lens.map_png(_channel(channel), (shown["low"], shown["high"]))
            pictures.append(image_html(png, channel["address"], 160))
        counts = self._record["counts"]
        rows = [
            ("layer", self.layer),
            ("channels", f"{counts['n_live']} live, {counts['n_near_copies']} near-copies, {counts['n_dead']} dead"),
            ("receptive field", f"{self._record['receptive_field_px']} px, stride {self.stride} px"),
            *(("warning", warning) for warning in self.warnings),
        ]
        return " ".join(pictures) + table_html(rows)


def _channel(channel: dict[str, Any]) -> int:
    """The number in an address such as ``encoder.2:17``."""
    return int(channel["address"].rpartition(":")[2])


def lens(
    micrograph: Micrograph,
    network: NetworkLike = "autoencoder",
    *,
    layer: str | None = None,
    depth: int | None = None,
    order: Literal["energy", "entropy", "channel"] = "energy",
    threads: int | None = None,
    progress: Progress = False,
) -> LensResult:
    """Looks at `micrograph` through `layer` of `network`, or through its encoder stage `depth`; the last if neither is given."""
    network = opened(network)
    if layer is not None and depth is not None:
        raise SettingError("layer and depth: expected one of them")
    if layer is None:
        layer = network.layer_at_depth(network.n_stages if depth is None else depth)
    with how(threads, progress, "lens") as done:
        found = _nanoaid.lens(micrograph._image, network._network, layer, order, True, done)
    return LensResult(found, micrograph, network, order)
