"""Measurements of a micrograph: numbers with 95 % intervals, or the reason why there is no number."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nanoaid import _nanoaid
from nanoaid._how import how
from nanoaid._micrograph import Micrograph
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, image_html, optional, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.axes import Axes

What: TypeAlias = Literal["pitch", "lattice", "orientation", "count", "fibres", "pores"]
Box: TypeAlias = tuple[int, int, int, int]
"""Row, column, height, width in px."""


class Measurement(Result):
    """What was measured on a micrograph."""

    def __init__(self, found: _nanoaid.Measurement) -> None:
        super().__init__(found.json)
        self._found = found
        self._record = self.to_dict()

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The numbers, each with the measurement that it belongs to."""
        return [
            {"task": answer["task"]} | finding
            for answer in self._record["report"]["answers"]
            for finding in answer["findings"]
        ]

    @property
    def texts(self) -> list[str]:
        """The numbers in words: name, value ± half width of the 95 % interval, unit."""
        return [_text(finding) for finding in self.findings]

    @property
    def refused(self) -> list[dict[str, Any]]:
        """What was not measured, and why."""
        return [
            {"task": answer["task"]} | refusal
            for answer in self._record["report"]["answers"]
            for refusal in answer["refused"]
        ]

    @property
    def warnings(self) -> list[Any]:
        """What to beware of."""
        return list(self._record["report"]["warnings"])

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files that ``nanoaid measure`` writes for an image, by name: overlay, record, table of particles."""
        return dict(self._found.files())

    @cached_property
    def overlay(self) -> npt.NDArray[np.uint8]:
        """The picture of what was measured, with its charts, in its own size, ``uint8``, ``[H, W, 3]``."""
        return _nanoaid.pixels_of_png(self._repr_png_())

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each number: value, half width of its 95 % interval, unit."""
        pd = optional("pandas", "pandas", "to_pandas")
        rows = [_row(finding) for finding in self.findings]
        made: pandas.DataFrame = pd.DataFrame(rows, columns=["task", "name", "value", "U95", "unit"])
        return made

    def particles(self) -> pandas.DataFrame | None:
        """A row for each particle that was counted without a network; ``None`` where particles were not counted."""
        pd = optional("pandas", "pandas", "particles")
        table = next((text for name, text in self.files.items() if name.endswith(".particles.csv")), None)
        made: pandas.DataFrame | None = None if table is None else pd.read_csv(io.BytesIO(table))
        return made

    def save(self, folder: StrPath, *, force: bool = False) -> None:
        """Writes what ``nanoaid measure`` writes; a folder of measurements with the same settings is continued."""
        self._found.save(os.fspath(folder), force)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The overlay (by matplotlib)."""
        ax = axes_of(ax)
        ax.imshow(self.overlay)
        return ax

    def __repr__(self) -> str:
        return f"<Measurement {'; '.join(self.texts) or 'without numbers'}>"

    def _repr_png_(self) -> bytes:
        # the first file is the overlay, which every measurement has
        return next(content for name, content in self.files.items() if name.endswith(".png"))

    def _repr_html_(self) -> str:
        numbers = [tuple(_row(finding).values()) for finding in self.findings]
        refused = [(refusal["task"], refusal.get("name") or "", refusal["reason"]) for refusal in self.refused]
        tables = table_html(numbers, ("task", "quantity", "value", "U95", "unit"))
        if refused:
            tables += table_html(refused, ("not measured", "", "reason"))
        return image_html(self._repr_png_(), "what was measured", 480) + tables


def _row(finding: dict[str, Any]) -> dict[str, Any]:
    quantity = finding["quantity"]
    return {
        "task": finding["task"],
        "name": finding["name"],
        "value": quantity["value"],
        "U95": quantity["expanded_uncertainty"],
        "unit": quantity["unit"],
    }


def _text(finding: dict[str, Any]) -> str:
    row = _row(finding)
    return f"{row['name']} {row['value']:.5g} ± {row['U95']:.2g} {row['unit']}"


def measure(
    micrograph: Micrograph,
    what: What | Sequence[What] = (),
    *,
    segmenter: NetworkLike | None = "segmenter",
    network: NetworkLike | None = None,
    unit: str | None = None,
    part: Box | None = None,
    bar_nm: float | None = None,
    bar_box: Box | None = None,
    tilt_deg: float = 0.0,
    tilt_axis_deg: float = 0.0,
    polarity: Literal["bright", "dark", "both"] | None = None,
    min_size_px: float | None = None,
    max_size_px: float | None = None,
    threshold: float | None = None,
    pitch_map: bool = False,
    threads: int | None = None,
) -> Measurement:
    """Measures `what`; by default what the evidence in the image is for.

    `segmenter` counts particles beside the count without a network, unless it is ``None``. `network` looks at the
    pattern, too, through `unit` if that is given. `part` of the specimen is measured alone. `bar_nm` is the length of
    the scale bar drawn in the data bar, or in `bar_box`. `polarity`, `min_size_px` and `max_size_px` choose which particles
    count, `threshold` is the segmenter's least probability. With `pitch_map` the pitch of lines is mapped place by place.
    """
    measuring: _nanoaid.Measuring = {
        "what": [what] if isinstance(what, str) else list(what),
        "unit": unit,
        "tilt_deg": tilt_deg,
        "tilt_axis_deg": tilt_axis_deg,
        "polarity": polarity,
        "min_size_px": min_size_px,
        "max_size_px": max_size_px,
        "threshold": threshold,
        "pitch_map": pitch_map,
        "part": None if part is None else list(part),
        "bar_nm": bar_nm,
        "bar_box": None if bar_box is None else list(bar_box),
    }
    by = None if segmenter is None else opened(segmenter)._network
    looking = None if network is None else opened(network)._network
    with how(threads) as done:
        return Measurement(_nanoaid.measure(micrograph._image, measuring, by, looking, done))
