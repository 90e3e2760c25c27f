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
from nanoaid._data import texts
from nanoaid._errors import SettingError
from nanoaid._how import Progress, how
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, image_html, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes


class Visualization(Result):
    """A picture of one unit, and the record of how it was made."""

    def __init__(self, text: str, files: dict[str, bytes], warnings: Sequence[str] = ()) -> None:
        super().__init__(text)
        self._record = self.to_dict()
        self._files = files
        self._warnings = warnings

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
        return [*self._warnings, *self._record["outcome"]["warnings"]]

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
    units: str | Sequence[str] = (),
    *,
    layers: str | Sequence[str] = (),
    classes: bool = False,
    preset: Literal["chollet", "fast", "measure", "robust", "maco", "borowski"] = "fast",
    size: int | None = None,
    steps: int | None = None,
    rate: float | None = None,
    restarts: int | None = None,
    members: int | None = None,
    seed: int | None = None,
    canvas: Literal["pixels", "fourier", "phase", "decoder", "cppn"] | None = None,
    transforms: Literal["none", "jitter", "lucid", "lucid-tutorial", "maco", "borowski", "robust"] | None = None,
    tileable: bool = False,
    penalties: str | Sequence[str] = (),
    diversity: float | None = None,
    views: int | None = None,
    redirected_steps: int | None = None,
    enlarge: int | None = None,
    snapshots: Sequence[int] = (),
    data: StrPath | None = None,
    category: str | None = None,
    start_from: StrPath | None = None,
    compare_with: StrPath | None = None,
    colors: bool = False,
    nm_per_px: float | None = None,
    threads: int | None = None,
    progress: Progress = False,
) -> list[Visualization]:
    """Pictures of `units` of `network`: ``encoder.2:17``, ``class:fibres``, ``encoder.2:1 - 0.5 * encoder.2:4``, …

    With `layers`, of every channel of these, and with `classes`, of every class of a classifier. `preset` holds settings
    that go together; those that are given replace its own, as the options of ``nanoaid visualize`` do. `data`, a folder of
    micrographs or an index CSV, is needed by ``canvas="phase"`` and ``preset="maco"``.
    """
    if tileable and transforms is not None:
        raise SettingError("tileable and transforms: expected one of them")
    if category is not None and data is None:
        raise SettingError("category: expected data, too")

    def path(given: StrPath | None) -> str | None:
        return None if given is None else os.fspath(given)

    visualizing: _nanoaid.Visualizing = {
        "units": texts(units),
        "layers": texts(layers),
        "classes": classes,
        "preset": preset,
        "size": size,
        "steps": steps,
        "rate": rate,
        "restarts": restarts,
        "members": members,
        "seed": seed,
        "canvas": canvas,
        "transforms": transforms,
        "tileable": tileable,
        "penalties": texts(penalties),
        "diversity": diversity,
        "views": views,
        "redirected_steps": redirected_steps,
        "enlarge": enlarge,
        "snapshots": list(snapshots),
        "data": path(data),
        "category": category,
        "start_from": path(start_from),
        "compare_with": path(compare_with),
        "colors": colors,
        "nm_per_px": nm_per_px,
    }
    by = opened(network)._network
    with TemporaryDirectory(prefix="nanoaid-", ignore_cleanup_errors=True) as folder:
        with how(threads, progress, "visualize") as done:
            text, warnings = _nanoaid.visualize(by, visualizing, folder, done)
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if not path.name.startswith(".")}
    records: list[dict[str, Any]] = json.loads(text)
    return [
        Visualization(json.dumps(record, ensure_ascii=False, indent=2) + "\n", files, warnings) for record in records
    ]
