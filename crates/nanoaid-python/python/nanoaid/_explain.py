"""Why a network gives a micrograph its class, or why a unit fires."""

from __future__ import annotations

import html
import io
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from nanoaid import _nanoaid
from nanoaid._how import Progress, how
from nanoaid._micrograph import Micrograph
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, draw, image_html, optional, table_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.axes import Axes


class WithFiles(Result):
    """A result of which the command line writes files."""

    def __init__(self, found: _nanoaid.Written) -> None:
        super().__init__(found.json)
        self._found = found
        self._record = self.to_dict()

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files that the command line writes for it, by name: pictures, page, table, record."""
        return dict(self._found.files())

    def save(self, folder: StrPath, *, force: bool = False) -> None:
        """Writes what the command line writes: page, pictures, table, record."""
        self._found.save(os.fspath(folder), force)

    def _table(self, name: str) -> pandas.DataFrame:
        pd = optional("pandas", "pandas", "to_pandas")
        made: pandas.DataFrame = pd.read_csv(io.BytesIO(self.files[name]))
        return made

    def _draw(self, name: str, ax: Axes | None) -> Axes:
        ax = axes_of(ax)
        draw(ax, name, self.files[name])
        return ax

    def _html(
        self, pictures: Mapping[str, str], rows: Iterable[Sequence[object]], head: Sequence[str], width: int = 480
    ) -> str:
        """What it is, `pictures`, the name of a file to the text for each, and a table."""
        shown = "".join(image_html(self.files[name], text, width) for name, text in pictures.items())
        return f"<p>{html.escape(repr(self).strip('<>'))}</p>{shown}{table_html(rows, head)}"


class Explanation(WithFiles):
    """What the parts of a micrograph add to a score, by several methods."""

    @property
    def target(self) -> str:
        """What was explained."""
        return str(self._record["explanation"]["target"])

    @property
    def score(self) -> float:
        """The score."""
        return float(self._record["explanation"]["score"])

    @property
    def methods(self) -> list[str]:
        """Names of the methods, in the order of `maps`."""
        return [one["method"] for one in self._record["explanation"]["methods"]]

    @cached_property
    def maps(self) -> npt.NDArray[np.float32]:
        """What each pixel of the specimen adds to the score, by method, ``float32``, ``[M, H, W]``."""
        return self._found.planes()

    @property
    def units(self) -> dict[str, float]:
        """What single channels add to the score, the largest first."""
        return {one["unit"]: one["contribution"] for one in self._record["explanation"]["units"]}

    @property
    def warnings(self) -> list[str]:
        """What to know about the result."""
        return [*self._record["warnings"], *self._record["explanation"]["warnings"]]

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each method, fill and control: deletion, insertion, sum and what it should be."""
        return self._table("methods.csv")

    def plot(self, method: str | None = None, ax: Axes | None = None) -> Axes:
        """The map of `method`, or of the first, over the micrograph (by matplotlib)."""
        return self._draw(self._picture(method), ax)

    def _picture(self, method: str | None) -> str:
        return f"{self._found.name}.{method or self.methods[0]}.jpg"

    def __repr__(self) -> str:
        return f"<Explanation of {self.target}: score {self.score:.3f}, by {', '.join(self.methods)}>"

    def _repr_jpeg_(self) -> bytes:
        return self.files[self._picture(None)]

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = []
        for one in self._record["explanation"]["methods"]:
            faithful = one["faithfulness"][0] if one["faithfulness"] else {}
            numbers = (f"{faithful[name]:.2f}" if name in faithful else "" for name in ("deletion", "insertion"))
            rows.append((one["method"], *numbers))
        rows += [("warning", warning, "") for warning in self.warnings]
        pictures = {self._picture(None): f"map of {self.methods[0]}"}
        return self._html(pictures, rows, ("method", "deletion", "insertion"))


def explain(
    micrograph: Micrograph,
    network: NetworkLike = "classifier",
    *,
    named: str | None = None,
    against: str | None = None,
    unit: str | None = None,
    methods: Sequence[str] = (),
    layer: str | None = None,
    baseline: Literal["blurred", "mean", "black"] | None = None,
    fill: Literal["blur", "mean", "road", "black"] | None = None,
    steps: int | None = None,
    masks: int | None = None,
    structures: bool = True,
    thoroughness: Literal["quick", "usual", "checks"] = "usual",
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = False,
) -> Explanation:
    """Explains the class that `network` gives `micrograph`, or the class `named`, or why it and not the class `against`.

    With `unit`, as ``encoder.2:17``, why that unit fires. Settings that are not given are those of the command line;
    ``thoroughness="quick"`` makes maps only.
    """
    explaining: _nanoaid.Explaining = {
        "named": named,
        "against": against,
        "unit": unit,
        "methods": list(methods),
        "layer": layer,
        "baseline": baseline,
        "fill": fill,
        "most_steps": steps,
        "most_masks": masks,
        "structures": structures,
        "thoroughness": thoroughness,
        "seed": seed,
    }
    by = opened(network)._network
    with how(threads, progress, "explain") as done:
        return Explanation(_nanoaid.explain(micrograph._image, by, explaining, done))
