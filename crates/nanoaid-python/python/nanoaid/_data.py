"""Data sets: the micrographs that a network is passed over, as the command line names them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nanoaid._result import StrPath

if TYPE_CHECKING:
    from nanoaid._nanoaid import Data


def data(micrographs: StrPath, only: str | Sequence[str] = (), synthetic_per_category: int = 0) -> Data:
    """The second argument of native calls over a data set."""
    return {
        "path": os.fspath(micrographs),
        "only": texts(only),
        "synthetic_per_category": synthetic_per_category,
    }


def texts(one_or_more: str | Sequence[str]) -> list[str]:
    """A list, also of a single text."""
    return [one_or_more] if isinstance(one_or_more, str) else list(one_or_more)
