"""A survey: what a network gives for each of many micrographs, and what all of them say together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nanoaid import _nanoaid
from nanoaid._data import data, texts
from nanoaid._errors import SettingError
from nanoaid._how import Progress, how
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, optional, table_html

if TYPE_CHECKING:
    import pandas


class Survey(Result):
    """What a survey found; its tables are in `folder`."""

    def __init__(self, text: str, folder: Path) -> None:
        super().__init__(text)
        self.folder = folder

    def table(self, name: str) -> pandas.DataFrame:
        """The table `name`.csv of the folder, e.g. ``units``, ``micrographs``, ``exemplars`` (by pandas)."""
        made: pandas.DataFrame = optional("pandas", "pandas", "table").read_csv(self.folder / f"{name}.csv")
        return made

    def micrographs(self) -> pandas.DataFrame:
        """A row for each micrograph."""
        return self.table("micrographs")

    def units(self) -> pandas.DataFrame:
        """A row for each unit: how its largest activations are spread."""
        return self.table("units")

    def __repr__(self) -> str:
        found = self.to_dict()
        return f"<Survey of {found['n_read']} micrographs, {found['n_units']} units, in {self.folder}>"

    def _repr_html_(self) -> str:
        found = self.to_dict()
        names = ("n_read", "n_skipped", "n_calibrated", "n_near_duplicates", "n_units", "n_dead")
        return table_html([(name, found[name]) for name in names])


def listed(micrographs: Iterable[StrPath]) -> tuple[str, list[str]]:
    """The folder that all of `micrographs` are in, and their paths."""
    files = [str(Path(file).absolute()) for file in micrographs]
    if not files:
        raise SettingError("micrographs: found no paths, expected at least 1")
    return os.path.commonpath([str(Path(file).parent) for file in files]), files


def survey(
    micrographs: StrPath | Iterable[StrPath],
    out: StrPath,
    *,
    network: NetworkLike = "classifier",
    layers: str | Sequence[str] = (),
    contrast: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    synthetic_per_category: int = 0,
    mixed: bool = False,
    force: bool = False,
    threads: int | None = None,
    progress: Progress = False,
) -> Survey:
    """Passes micrographs through a network, and writes what ``nanoaid survey`` writes into the folder `out`.

    `micrographs` is a folder, an index CSV, or paths, which have no categories. A call that is repeated reads only what
    it has not read. `contrast` names classes to compare, as ``wires,tips:particles``.
    `nanoaid.distributed.survey` does the same on several workers.
    """
    files = None
    if isinstance(micrographs, str | os.PathLike):
        place: StrPath = micrographs
    else:
        if only or synthetic_per_category:
            raise SettingError("only and synthetic_per_category: expected a folder or an index, found paths")
        place, files = listed(micrographs)
    by = opened(network)._network
    with how(threads, progress, "survey") as done:
        text = _nanoaid.survey(
            by,
            (data(place, only, synthetic_per_category), files),
            (texts(layers), texts(contrast)),
            (os.fspath(out), force),
            mixed,
            done,
        )
    return Survey(text, Path(out))
