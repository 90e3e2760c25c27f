"""Particles, fibres or pores of a micrograph, each with its outline, size and confidence."""

from __future__ import annotations

import io
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from nanoaid import _nanoaid
from nanoaid._how import Progress, how
from nanoaid._micrograph import Micrograph
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, image_html, optional, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.axes import Axes


class Segmentation(Result):
    """The objects that a segmenter found in a micrograph."""

    def __init__(self, found: _nanoaid.Segmentation) -> None:
        super().__init__(found.json)
        self._found = found
        self._record = self.to_dict()

    @cached_property
    def labels(self) -> npt.NDArray[np.int32]:
        """The object of each pixel of the specimen, 0 for the background, ``int32``, ``[H, W]``."""
        return self._found.labels()

    @property
    def n_regions(self) -> int:
        """Number of objects, with those that the border cuts."""
        return int(self._record["n_regions"])

    @property
    def sizes(self) -> dict[str, Any]:
        """Equivalent diameters of whole objects: unit, summary, percentiles, histogram."""
        sizes: dict[str, Any] = self._record["sizes"]
        return sizes

    @property
    def warnings(self) -> list[str]:
        """What to know about the result."""
        return list(self._record["warnings"])

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files that ``nanoaid segment`` writes for an image, by name: overlay, label image, outlines, table, record."""
        return dict(self._found.files())

    @cached_property
    def overlay(self) -> npt.NDArray[np.uint8]:
        """The specimen with all outlines, ``uint8``, ``[H, W, 3]``."""
        return self._found.overlay()

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each object: sizes, position, shape, confidence; in nm, too, where the pixel size is known."""
        pd = optional("pandas", "pandas", "to_pandas")
        made: pandas.DataFrame = pd.read_csv(io.BytesIO(self.files[f"{self._found.name}.regions.csv"]))
        return made

    def save(self, folder: StrPath, *, force: bool = False) -> None:
        """Writes what ``nanoaid segment`` writes: page, tables, label image, outlines for other programs, record."""
        self._found.save(os.fspath(folder), force)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The overlay (by matplotlib)."""
        ax = axes_of(ax)
        ax.imshow(self.overlay)
        return ax

    def __repr__(self) -> str:
        what = self._record["settings"]["segment"]["what"]
        return f"<Segmentation of {what}: {self.n_regions} regions, {100 * self._record['covered']:.1f} % covered>"

    def _repr_png_(self) -> bytes:
        return self.files[f"{self._found.name}.png"]

    def _repr_html_(self) -> str:
        rows: list[tuple[str, object]] = [
            ("number", f"{self.n_regions} ± {self._record['count_uncertainty']:.2g}"),
            ("covered", f"{100 * self._record['covered']:.1f} %"),
        ]
        summary = self.sizes["summary"]
        if summary is not None:
            unit = self.sizes["unit"]
            by_number = summary["by_number"]
            rows += [(f"{name.upper()} [{unit}]", f"{by_number[name]['value']:.4g}") for name in ("d10", "d50", "d90")]
        rows += [("warning", warning) for warning in self.warnings]
        return image_html(self._repr_png_(), repr(self), 480) + table_html(rows)


def segment(
    micrograph: Micrograph,
    what: Literal["particles", "fibres", "pores"] = "particles",
    *,
    network: NetworkLike = "segmenter",
    threshold: float | None = None,
    separation: float | None = None,
    least_confidence: float | None = None,
    min_size_px: float | None = None,
    max_size_px: float | None = None,
    corrections: StrPath | None = None,
    threads: int | None = None,
    progress: Progress = False,
) -> Segmentation:
    """Outlines `what` in `micrograph`. Settings that are not given are those of the command line.

    A lower `threshold` gives larger and more objects, a lower `separation` separates more, a lower `least_confidence`
    keeps more. `corrections` is a file of what a person adds and removes.
    """
    segmenting: _nanoaid.Segmenting = {
        "what": what,
        "threshold": threshold,
        "separation": separation,
        "least_confidence": least_confidence,
        "min_size_px": min_size_px,
        "max_size_px": max_size_px,
        "corrections": None if corrections is None else os.fspath(corrections),
    }
    by = opened(network)._network
    with how(threads, progress, "segment") as done:
        return Segmentation(_nanoaid.segment(micrograph._image, by, segmenting, done))
