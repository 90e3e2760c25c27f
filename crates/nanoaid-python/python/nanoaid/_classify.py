"""The class of a micrograph by a classifier, with probabilities, or an abstention."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nanoaid import _nanoaid
from nanoaid._how import how
from nanoaid._micrograph import Micrograph
from nanoaid._network import NetworkLike, opened
from nanoaid._result import Result, StrPath, axes_of, optional, table_html

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes


class Classification(Result):
    """What a classifier says of a micrograph."""

    def __init__(self, found: _nanoaid.Classification) -> None:
        super().__init__(found.json)
        self._found = found
        self._record = self.to_dict()

    @property
    def label(self) -> str | None:
        """The class that it names; ``None``: it abstains, as none is probable enough."""
        said: str | None = self._record["said"]
        return said

    @property
    def probabilities(self) -> dict[str, float]:
        """Each class with its probability, the most probable first."""
        return {one["class"]: one["probability"] for one in self._record["probabilities"]}

    @property
    def calibrated(self) -> bool:
        """Whether predictions are right about as often as the probabilities say."""
        return self._found.calibrated

    @property
    def reliability(self) -> str | None:
        """How often the classifier was right on micrographs of other laboratories, where that is known."""
        return self._found.reliability

    @property
    def warnings(self) -> list[str]:
        """What to know about the file."""
        return list(self._record["warnings"])

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each class, the most probable first."""
        made: pandas.DataFrame = optional("pandas", "pandas", "to_pandas").DataFrame(self._record["probabilities"])
        return made

    def save(self, path: StrPath) -> None:
        """Writes the table that ``nanoaid classify --csv`` writes; never over a file."""
        self._found.save(os.fspath(path))

    def plot(self, ax: Axes | None = None) -> Axes:
        """The probabilities as bars (by matplotlib)."""
        ax = axes_of(ax)
        ax.set_axis_on()
        names = list(self.probabilities)[::-1]
        ax.barh(names, [self.probabilities[name] for name in names])
        ax.set_xlabel("probability")
        return ax

    def __repr__(self) -> str:
        first: Any = next(iter(self.probabilities.items()), None)
        most = "" if first is None else f" ({first[0]} {first[1]:.2f})"
        return f"<Classification {self.label or 'abstains'}{most}>"

    def _repr_html_(self) -> str:
        rows = [(name, f"{probability:.3f}") for name, probability in self.probabilities.items()]
        return table_html([("class", self.label or "abstains"), *rows])


def classify(
    micrograph: Micrograph,
    network: NetworkLike = "classifier",
    *,
    abstain_below: float | None = None,
    threads: int | None = None,
) -> Classification:
    """Names the class of `micrograph`; abstains where no class reaches the probability `abstain_below`."""
    with how(threads) as done:
        return Classification(
            _nanoaid.classify(micrograph._image, opened(network)._network, abstain_below, done)
        )
