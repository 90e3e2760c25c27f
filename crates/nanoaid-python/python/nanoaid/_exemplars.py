"""The real patches of a data set that drive each unit of a network most, least and in between."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nanoaid import _nanoaid
from nanoaid._data import data, texts
from nanoaid._how import Progress, how
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, optional, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.axes import Axes


class Exemplars(Result):
    """Patches of micrographs for each unit of some layers, with their activations."""

    def __init__(self, found: _nanoaid.Exemplars, folder: TemporaryDirectory[str] | None) -> None:
        super().__init__(found.json)
        self._found = found
        self._folder = folder  # goes with the result
        self._record = self.to_dict()

    @property
    def layers(self) -> list[str]:
        """Names of the layers."""
        return [layer["layer"] for layer in self._record["layers"]]

    @property
    def dead(self) -> list[str]:
        """Units that give the same for every micrograph, e.g. ``encoder.2:17``."""
        units = ((layer["layer"], unit) for layer in self._record["layers"] for unit in layer["units"])
        return [f"{layer}:{unit['channel']}" for layer, unit in units if unit["dead"]]

    @property
    def n_micrographs(self) -> int:
        """Number of micrographs that were read."""
        return len(self._record["micrographs"])

    @property
    def n_new(self) -> int:
        """Those of them that this call read; the others were kept from an earlier one."""
        return self._found.n_new

    @property
    def skipped(self) -> dict[str, str]:
        """Micrographs that were left out, and why."""
        return dict(self._found.skipped)

    @property
    def warnings(self) -> list[str]:
        """What to know about how the micrographs were listed."""
        return self._found.warnings

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each exemplar: unit, kind, rank, activation, micrograph, receptive field."""
        pd = optional("pandas", "pandas", "to_pandas")
        made: pandas.DataFrame = pd.read_csv(io.BytesIO(self._found.table))
        return made

    def sheet(self, unit: str) -> npt.NDArray[np.uint8]:
        """The patches of `unit`, e.g. ``encoder.2:17``, as one picture, ``uint8``, ``[H, W, 3]``."""
        return _nanoaid.pixels_of_png(self._sheet(unit))

    def save(self, folder: StrPath, *, force: bool = False) -> None:
        """Writes what ``nanoaid exemplars`` writes: record, table, activations, sheets of the units of the call."""
        self._found.save(os.fspath(folder), force)

    def plot(self, unit: str, ax: Axes | None = None) -> Axes:
        """The patches of `unit` (by matplotlib)."""
        ax = axes_of(ax)
        ax.imshow(self.sheet(unit))
        return ax

    def _sheet(self, unit: str) -> bytes:
        with how(None) as done:
            return self._found.sheet(unit, done)

    def __repr__(self) -> str:
        return f"<Exemplars of {', '.join(self.layers)} in {self.n_micrographs} micrographs>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = []
        for layer in self._record["layers"]:
            units: list[dict[str, Any]] = layer["units"]
            field = layer["receptive_field_px"]
            n_dead = sum(unit["dead"] for unit in units)
            rows.append((layer["layer"], len(units), n_dead, "all" if field is None else field))
        rows += [("warning", warning, "", "") for warning in self.warnings]
        rows += [("skipped", f"{file}: {reason}", "", "") for file, reason in self.skipped.items()]
        return f"<p>{self.n_micrographs} micrographs</p>" + table_html(
            rows, ("layer", "channels", "dead", "receptive field [px]")
        )


def exemplars(
    network: NetworkLike,
    micrographs: StrPath,
    units: str | Sequence[str] = (),
    *,
    layers: str | Sequence[str] = (),
    count: int | None = None,
    only: str | Sequence[str] = (),
    synthetic_per_category: int = 0,
    out: StrPath | None = None,
    force: bool = False,
    threads: int | None = None,
    progress: Progress = False,
) -> Exemplars:
    """Passes `micrographs`, a folder or an index CSV, through `network`, and chooses `count` patches of each kind for each unit.

    `layers` are read, and those of `units`, whose sheets are written; the usual layers if neither is given. With `out`,
    results are written there as ``nanoaid exemplars`` writes them, and a second call reads only new micrographs.
    `only` keeps rows of the index, as ``licence=MIT|Apache``.
    """
    folder = TemporaryDirectory(prefix="nanoaid-", ignore_cleanup_errors=True) if out is None else None
    choosing: _nanoaid.Choosing = {
        "layers": texts(layers),
        "units": texts(units),
        "count": count,
        "out": os.fspath(out) if out is not None else folder.name if folder is not None else "",
        "force": force,
    }
    by = opened(network)._network
    with how(threads, progress, "exemplars") as done:
        found = _nanoaid.exemplars(by, data(micrographs, only, synthetic_per_category), choosing, done)
    return Exemplars(found, folder)
