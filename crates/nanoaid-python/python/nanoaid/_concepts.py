"""Concepts: the directions that a layer of a network works with, where they lie, and what they are used for."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from nanoaid import _nanoaid
from nanoaid._data import data
from nanoaid._errors import SettingError
from nanoaid._how import Progress, how
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, draw, image_html, optional, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.figure import Figure


class Concepts(Result):
    """Concepts of a layer, numbered from 1, those with the largest share of the activations first."""

    def __init__(self, found: _nanoaid.Concepts) -> None:
        super().__init__(found.json)
        self._found = found
        self._record = self.to_dict()

    @property
    def layer(self) -> str:
        """Name of the layer."""
        return str(self._record["found"]["layer"])

    @property
    def method(self) -> str:
        """How the concepts were found."""
        return str(self._record["found"]["method"])

    @property
    def n_concepts(self) -> int:
        """Number of concepts."""
        return len(self._concepts)

    @cached_property
    def directions(self) -> npt.NDArray[np.float32]:
        """The direction of each concept in the channels of the layer, each of length 1, ``float32``, ``[N, C]``."""
        import numpy as np

        return np.array([concept["direction"] for concept in self._concepts], np.float32)

    @property
    def stability(self) -> list[float | None]:
        """How alike each concept comes out from other starts: a mean cosine."""
        return [concept["stability"] for concept in self._concepts]

    @property
    def warnings(self) -> list[str]:
        """What to know about the result."""
        return [*self._found.warnings, *self._record["found"]["warnings"]]

    @property
    def skipped(self) -> dict[str, str]:
        """Micrographs that were left out, and why."""
        return dict(self._found.skipped)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files that ``nanoaid concepts`` writes, by name: pictures, page, tables, record."""
        return dict(self._found.files())

    def picture(self, concept: int) -> npt.NDArray[np.uint8]:
        """What the concept with this number wants to see, ``uint8``, ``[H, W, 3]``; needs ``pictures=True``."""
        return _nanoaid.pixels_of_png(self._picture(concept))

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each concept: share, stability, class, structure, preferred period."""
        pd = optional("pandas", "pandas", "to_pandas")
        made: pandas.DataFrame = pd.read_csv(io.BytesIO(self.files["concepts.csv"]))
        return made

    def save(self, folder: StrPath, *, force: bool = False) -> None:
        """Writes what ``nanoaid concepts`` writes: page, pictures, tables, record.

        Names that ``names.csv`` of the folder gives to the same concepts are kept.
        """
        self._found.save(os.fspath(folder), force)

    def plot(self, concept: int = 1) -> Figure:
        """What a concept wants to see, and the parts of micrographs with most of it (by matplotlib)."""
        pyplot = optional("matplotlib.pyplot", "plot", "plot")
        self._check(concept)
        pictures = self._record["pictures"]
        names = [*pictures["concepts"][concept - 1 : concept], *pictures["exemplars"][concept - 1]]
        figure, axes = pyplot.subplots(1, len(names), figsize=(2.4 * len(names), 2.6), squeeze=False)
        for ax, name in zip(axes.flat, names, strict=True):
            draw(ax, name, self.files[name])
            ax.set_axis_off()
        figure.suptitle(f"{self.layer}: concept {concept}")
        made: Figure = figure
        return made

    @property
    def _concepts(self) -> list[dict[str, Any]]:
        concepts: list[dict[str, Any]] = self._record["found"]["concepts"]
        return concepts

    def _check(self, concept: int) -> None:
        if not 1 <= concept <= self.n_concepts:
            raise SettingError(f"concept: found {concept}, expected 1 to {self.n_concepts}")

    def _picture(self, concept: int) -> bytes:
        self._check(concept)
        names = self._record["pictures"]["concepts"]
        if not names:
            raise SettingError("picture: none were made; expected a call with pictures=True")
        return self.files[names[concept - 1]]

    def __repr__(self) -> str:
        return f"<Concepts {self.layer}: {self.n_concepts} by {self.method}>"

    def _repr_html_(self) -> str:
        numbers = range(1, self.n_concepts + 1) if self._record["pictures"]["concepts"] else ()
        pictures = [image_html(self._picture(number), f"concept {number}", 120) for number in numbers]
        rows: list[tuple[object, ...]] = []
        for concept in self._concepts:
            stability = concept["stability"]
            claimed = next((one for one in concept["classes"][:1] if one["claimed"]), None)
            rows.append(
                (
                    concept["number"],
                    concept["name"] or "",
                    f"{100 * concept['energy']:.0f} %",
                    "" if stability is None else f"{stability:.2f}",
                    "" if claimed is None else f"{claimed['class']} (AUC {claimed['auc']['value']:.2f})",
                )
            )
        rows += [("warning", warning, "", "", "") for warning in self.warnings]
        head = ("concept", "name", "share", "stability", "class")
        return f"<p>{repr(self).strip('<>')}</p>" + " ".join(pictures) + table_html(rows, head)


def concepts(
    network: NetworkLike,
    micrographs: StrPath,
    *,
    layer: str | None = None,
    method: Literal["nmf", "semi-nmf", "topk", "k-means", "pca"] | None = None,
    compare: bool = False,
    of_class: str | None = None,
    concepts: int | None = None,
    atoms: int | None = None,
    active: int | None = None,
    sparsity: float | None = None,
    per_micrograph: int | None = None,
    most_micrographs: int | None = None,
    starts: int | None = None,
    count: int | None = None,
    effects: int | None = None,
    structures: int | None = None,
    tuning: bool = True,
    pictures: bool = True,
    controls: int | None = None,
    map: int | None = None,
    boxes: StrPath | None = None,
    names: StrPath | None = None,
    seed: int = 0,
    only: str | Sequence[str] = (),
    synthetic_per_category: int = 0,
    threads: int | None = None,
    progress: Progress = False,
) -> Concepts:
    """Looks for `concepts` directions in a layer of `network` over `micrographs`, a folder or an index CSV.

    Settings are those of ``nanoaid concepts``: `of_class` is its ``--class``, `most_micrographs` its ``--micrographs``. What
    takes long can be left out: ``effects=0``, ``structures=0``, ``controls=0``, ``tuning=False``, ``pictures=False``.
    Each part of the work reports its own progress.
    """
    concepting: _nanoaid.Concepting = {
        "layer": layer,
        "method": method,
        "compare": compare,
        "of_class": of_class,
        "concepts": concepts,
        "atoms": atoms,
        "active": active,
        "sparsity": sparsity,
        "per_micrograph": per_micrograph,
        "most_micrographs": most_micrographs,
        "starts": starts,
        "count": count,
        "effects": effects,
        "structures": structures,
        "tuning": tuning,
        "pictures": pictures,
        "controls": controls,
        "map": map,
        "boxes": None if boxes is None else os.fspath(boxes),
        "names": None if names is None else os.fspath(names),
        "seed": seed,
    }
    by = opened(network)._network
    with how(threads, progress, "concepts") as done:
        return Concepts(_nanoaid.concepts(by, data(micrographs, only, synthetic_per_category), concepting, done))
