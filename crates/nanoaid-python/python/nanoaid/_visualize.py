"""Pictures of what units of a network respond to, by gradient ascent."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from nanoaid import _nanoaid
from nanoaid._how import Progress, how
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, image_html, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes


class Visualization(Result):
    """A picture of one unit, and the record of how it was made."""

    def __init__(self, text: str, files: dict[str, bytes]) -> None:
        super().__init__(text)
        self._record = self.to_dict()
        self._files = files

    @property
    def objective(self) -> str:
        """What was climbed, e.g. ``encoder.2:17``."""
        return str(self._record["objective"])

    @property
    def score(self) -> float:
        """Score of the picture itself; higher is better."""
        return float(self._record["outcome"]["score"])

    @property
    def warnings(self) -> list[str]:
        """What to know before the picture is believed, with advice."""
        return list(self._record["outcome"]["warnings"])

    @property
    def files(self) -> dict[str, bytes]:
        """The pictures by the name of their file."""
        return {name: self._files[name] for name in self._record["files"]}

    @cached_property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The picture, ``uint8``, ``[H, W, 3]``; the first of several members."""
        return _nanoaid.pixels_of_png(self._repr_png_())

    def save(self, folder: StrPath, *, force: bool = False) -> None:
        """Writes what ``nanoaid visualize`` wrote for all units of the call: pictures, records, contact sheet."""
        _nanoaid.save_files(list(self._files.items()), os.fspath(folder), force)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The picture (by matplotlib)."""
        ax = axes_of(ax)
        ax.imshow(self.picture)
        ax.set_title(self.objective)
        return ax

    def __repr__(self) -> str:
        return f"<Visualization {self.objective}: score {self.score:.4g}>"

    def _repr_png_(self) -> bytes:
        return next(content for name, content in sorted(self.files.items()) if name.endswith(".png"))

    def _repr_html_(self) -> str:
        rows = [("unit", self.objective), ("score", f"{self.score:.4g}")]
        rows += [("warning", warning) for warning in self.warnings]
        return image_html(self._repr_png_(), self.objective) + table_html(rows)


def visualize(
    network: NetworkLike,
    units: str | Sequence[str],
    *,
    preset: Literal["chollet", "fast", "measure", "robust", "borowski"] = "fast",
    size: int | None = None,
    steps: int | None = None,
    rate: float | None = None,
    restarts: int | None = None,
    members: int | None = None,
    seed: int | None = None,
    nm_per_px: float | None = None,
    threads: int | None = None,
    progress: Progress = False,
) -> list[Visualization]:
    """Pictures of `units` of `network`: ``encoder.2:17``, ``class:fibres``, ``encoder.2:1 - 0.5 * encoder.2:4``, …

    `preset` holds settings that go together; those that are given replace its own.
    """
    visualizing: _nanoaid.Visualizing = {
        "preset": preset,
        "size": size,
        "steps": steps,
        "rate": rate,
        "restarts": restarts,
        "members": members,
        "seed": seed,
        "nm_per_px": nm_per_px,
    }
    wanted = [units] if isinstance(units, str) else list(units)
    by = opened(network)._network
    with TemporaryDirectory(prefix="nanoaid-", ignore_cleanup_errors=True) as folder:
        with how(threads, progress, "visualize") as done:
            text = _nanoaid.visualize(by, wanted, visualizing, folder, done)
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if not path.name.startswith(".")}
    records: list[dict[str, Any]] = json.loads(text)
    return [Visualization(json.dumps(record, ensure_ascii=False, indent=2) + "\n", files) for record in records]
