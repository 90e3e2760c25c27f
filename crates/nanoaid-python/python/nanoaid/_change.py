"""What if? A micrograph changed towards a class or a unit, units switched off or up, a unit taken apart."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from nanoaid import _nanoaid
from nanoaid._explain import WithFiles
from nanoaid._how import Progress, how
from nanoaid._micrograph import Micrograph
from nanoaid._network import NetworkLike, opened
from nanoaid._result import StrPath

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas
    from matplotlib.axes import Axes


class Accentuation(WithFiles):
    """A micrograph changed towards what a class or a unit responds to, at several strengths."""

    @property
    def target(self) -> str:
        """What was to respond more."""
        return str(self._record["accentuation"]["target"])

    @property
    def scores(self) -> list[float]:
        """The score of the micrograph as it is, then at each strength."""
        found = self._record["accentuation"]
        return [found["score"], *(level["score"] for level in found["levels"])]

    @cached_property
    def planes(self) -> npt.NDArray[np.float32]:
        """The micrograph at each strength, values in [0, 1], ``float32``, ``[N, H, W]``."""
        return self._found.planes()

    @property
    def warnings(self) -> list[str]:
        """What to know before it is believed."""
        return [*self._record["warnings"], *self._record["accentuation"]["warnings"]]

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each strength: score, that of random changes, class, median period."""
        return self._table("accentuated.csv")

    def plot(self, level: int = -1, ax: Axes | None = None) -> Axes:
        """The micrograph at strength number `level`, the last by default (by matplotlib)."""
        return self._draw(self._picture(level), ax)

    def _picture(self, level: int) -> str:
        return str(self._record["pictures"]["accentuated"][level])

    def __repr__(self) -> str:
        return f"<Accentuation of {self.target}: score {self.scores[0]:.3f}, at most {max(self.scores[1:]):.3f}>"

    def _repr_html_(self) -> str:
        levels = self._record["accentuation"]["levels"]
        rows: list[tuple[object, ...]] = [(f"{level['change']:.3f}", f"{level['score']:.3f}") for level in levels]
        rows += [("warning", warning) for warning in self.warnings]
        return self._html({self._picture(-1): "the micrograph at the last strength"}, rows, ("change", "score"))


class Ablation(WithFiles):
    """What becomes of a network's output where units or concepts are switched off or up."""

    @property
    def change(self) -> float | None:
        """Change of the answer's logit, or of the share of the variance that is reconstructed."""
        found = self._record["ablation"]["change"]
        return None if found is None else float(found)

    @property
    def controls(self) -> list[float]:
        """That change by as many others, drawn at random."""
        return [float(one) for one in self._record["ablation"]["controls"]]

    @property
    def answers(self) -> tuple[str, str] | None:
        """The class with the highest logit before and after; ``None`` without classes."""
        found = self._record["ablation"]["answers"]
        return None if found is None else (found[0], found[1])

    @property
    def later(self) -> dict[str, float]:
        """Units of later layers that change most, in standard deviations of their activations."""
        return {one["unit"]: one["change"] for one in self._record["ablation"]["later"]}

    @property
    def warnings(self) -> list[str]:
        """What to know about the result."""
        return [*self._record["warnings"], *self._record["ablation"]["warnings"]]

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each class, for the share of the variance, and for each later unit."""
        return self._table("ablated.csv")

    def plot(self, ax: Axes | None = None) -> Axes:
        """The reconstruction as it is and switched, or else the micrograph (by matplotlib)."""
        return self._draw(self._picture, ax)

    @property
    def _picture(self) -> str:
        return str(self._record["reconstruction"] or self._record["micrograph"])

    def __repr__(self) -> str:
        found = self._record["ablation"]
        change = "" if self.change is None else f": output changes by {self.change:+.4g}"
        return f"<Ablation of {', '.join(found['switched'])} times {found['times']:g}{change}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [(unit, f"{change:+.3f}") for unit, change in self.later.items()]
        rows += [("warning", warning) for warning in self.warnings]
        text = "before and after" if self._record["reconstruction"] else "what the network was shown"
        return self._html({self._picture: text}, rows, ("later unit", "change"))


class Circuit(WithFiles):
    """The units of a lower layer of which a unit is made."""

    @property
    def shares(self) -> dict[str, float]:
        """Their shares of the squares of all weights, the largest first."""
        return {part["unit"]: part["share"] for part in self._record["circuit"]["parts"]}

    @cached_property
    def weights(self) -> npt.NDArray[np.float32]:
        """Their weights, in the order of `shares`, ``float32``, ``[N, H, W]``."""
        return self._found.planes()

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each lower unit: share, and sum of its weights."""
        return self._table("circuit.csv")

    def plot(self, part: int = 0, ax: Axes | None = None) -> Axes:
        """The weights of lower unit number `part`: red above 0, blue below (by matplotlib)."""
        return self._draw(self._record["weights"][part], ax)

    def __repr__(self) -> str:
        found = self._record["circuit"]
        return f"<Circuit of {found['unit']} from {found['from']}: {len(found['parts'])} of {found['n_channels']} units>"

    def _repr_html_(self) -> str:
        units = (f"weights of {unit}" for unit in self.shares)
        pictures = dict(zip(self._record["weights"], units, strict=True))
        rows = [(unit, f"{share:.3f}") for unit, share in self.shares.items()]
        return self._html(pictures, rows, ("lower unit", "share"), 96)


def accentuate(
    micrograph: Micrograph,
    network: NetworkLike = "classifier",
    *,
    named: str | None = None,
    against: str | None = None,
    unit: str | None = None,
    strengths: Sequence[float] | None = None,
    away: bool = False,
    steps: int | None = None,
    controls: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = False,
) -> Accentuation:
    """Changes `micrograph` towards the class that `network` gives it, or the class `named`, or that and not `against`.

    With `unit`, as ``encoder.2:17``, towards what that unit responds to; `away` lowers the score instead. `strengths` are how
    much grey levels may change: root mean squares as shares of the micrograph's standard deviation, rising.
    """
    accentuating: _nanoaid.Accentuating = {
        "named": named,
        "against": against,
        "unit": unit,
        "strengths": None if strengths is None else list(strengths),
        "away": away,
        "steps": steps,
        "controls": controls,
        "seed": seed,
    }
    by = opened(network)._network
    with how(threads, progress, "accentuate") as done:
        return Accentuation(_nanoaid.accentuate(micrograph._image, by, accentuating, done))


def ablate(
    micrograph: Micrograph,
    network: NetworkLike = "classifier",
    units: str | Sequence[str] = (),
    *,
    concepts: StrPath | None = None,
    numbers: Sequence[int] = (),
    times: float = 0.0,
    controls: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = False,
) -> Ablation:
    """Multiplies `units`, such as ``encoder.2:17``, by `times`: 0 switches them off, 2 doubles them.

    Or the concepts with these `numbers` of the folder `concepts`, which :meth:`Concepts.save` or ``nanoaid concepts`` wrote.
    """
    ablating: _nanoaid.Ablating = {
        "units": [units] if isinstance(units, str) else list(units),
        "concepts": None if concepts is None else os.fspath(concepts),
        "numbers": list(numbers),
        "times": times,
        "controls": controls,
        "seed": seed,
    }
    by = opened(network)._network
    with how(threads, progress, "ablate") as done:
        return Ablation(_nanoaid.ablate(micrograph._image, by, ablating, done))


def circuit(
    network: NetworkLike,
    unit: str,
    *,
    from_layer: str | None = None,
    count: int | None = None,
    pictures: bool = True,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = False,
) -> Circuit:
    """Of which units of a lower layer `unit` is made; `from_layer` names that layer, or ``image``.

    Without `pictures` no pictures are made of what the units look for, which takes most of the time.
    """
    taking_apart: _nanoaid.TakingApart = {
        "unit": unit,
        "from_layer": from_layer,
        "count": count,
        "pictures": pictures,
        "seed": seed,
    }
    by = opened(network)._network
    with how(threads, progress, "circuit") as done:
        return Circuit(_nanoaid.circuit(by, taking_apart, done))
