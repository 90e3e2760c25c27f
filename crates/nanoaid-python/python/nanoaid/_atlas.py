"""An atlas: networks and micrographs as a folder of pages to browse."""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from nanoaid import _nanoaid
from nanoaid._data import data, texts
from nanoaid._how import Progress, how
from nanoaid._network import Network, NetworkLike, opened
from nanoaid._result import Result, StrPath, table_html

Preset: TypeAlias = Literal["chollet", "fast", "measure", "robust", "maco", "borowski"]


class Atlas(Result):
    """A folder of pages; `to_dict` says from what they were made."""

    def __init__(self, site: _nanoaid.Site, folder: Path) -> None:
        super().__init__(site.json)
        self._site = site
        self.folder = folder

    @property
    def index(self) -> Path:
        """The first page, which a browser opens."""
        return (self.folder / "index.html").absolute()

    @property
    def skipped(self) -> dict[str, str]:
        """Micrographs that this call left out, and why."""
        return dict(self._site.skipped)

    @property
    def warnings(self) -> list[str]:
        """What to know about how the micrographs were listed."""
        return self._site.warnings

    def __repr__(self) -> str:
        return f"<Atlas {self.index}>"

    def _repr_html_(self) -> str:
        link = f'<a href="{html.escape(self.index.as_uri())}">{html.escape(str(self.index))}</a>'
        rows = [("command", self.to_dict()["command"])]
        rows += [("warning", warning) for warning in self.warnings]
        rows += [("skipped", f"{file}: {reason}") for file, reason in self.skipped.items()]
        return f"<p>{link}</p>" + table_html(rows)


def atlas(
    networks: NetworkLike | Sequence[NetworkLike],
    micrographs: StrPath,
    out: StrPath,
    *,
    presets: Preset | Sequence[Preset] = ("fast", "chollet"),
    layers: str | Sequence[str] = (),
    steps: int | None = None,
    contrast: str | Sequence[str] = (),
    seed: int = 0,
    only: str | Sequence[str] = (),
    synthetic_per_category: int = 0,
    force: bool = False,
    threads: int | None = None,
    progress: Progress = False,
) -> Atlas:
    """Writes what ``nanoaid site`` writes into the folder `out`: a page for each unit, layer, class and micrograph.

    `micrographs` is a folder or an index CSV. All layers of a built-in network take an hour on two cores; `layers`, `presets` and
    `steps` make it less, and ``nanoaid site --estimate`` says how long it takes. A call that is repeated after an
    interruption continues; a site that is whole and made from the same stays as it is. Each part of the work reports its
    own progress.
    """
    several = [networks] if isinstance(networks, str | os.PathLike | Network) else list(networks)
    showing: _nanoaid.Showing = {
        "presets": texts(presets),
        "layers": texts(layers),
        "steps": steps,
        "contrast": texts(contrast),
        "seed": seed,
        "out": os.fspath(out),
        "force": force,
    }
    by = [opened(network)._network for network in several]
    with how(threads, progress, "atlas") as done:
        site = _nanoaid.atlas(by, data(micrographs, only, synthetic_per_category), showing, done)
    return Atlas(site, Path(out))
