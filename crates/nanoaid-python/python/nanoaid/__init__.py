"""Measure scanning electron micrographs, and look at them through neural networks.

>>> import nanoaid
>>> micrograph = nanoaid.read("image.tif")
>>> nanoaid.measure(micrograph).to_pandas()

Each function calls one function of the library that the command ``nanoaid`` calls too, and its result has the same
JSON in ``to_dict()``. Nothing is computed in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nanoaid._atlas import Atlas, atlas
from nanoaid._change import Ablation, Accentuation, Circuit, ablate, accentuate, circuit
from nanoaid._classify import Classification, classify
from nanoaid._concepts import Concepts, concepts
from nanoaid._errors import (
    InternalError,
    MissingFileError,
    NanoaidError,
    NetworkError,
    OutputError,
    ReadError,
    SettingError,
)
from nanoaid._exemplars import Exemplars, exemplars
from nanoaid._explain import Explanation, explain
from nanoaid._lens import LensResult, lens
from nanoaid._measure import Measurement, measure
from nanoaid._micrograph import DataBar, Micrograph, PixelSize, from_array, read
from nanoaid._nanoaid import __version__
from nanoaid._network import Layer, Network
from nanoaid._segment import Segmentation, segment
from nanoaid._survey import Survey, survey
from nanoaid._visualize import Visualization, visualize

if TYPE_CHECKING:
    from nanoaid.features import NetworkFeatures

__all__ = [
    "Ablation",
    "Accentuation",
    "Atlas",
    "Circuit",
    "Classification",
    "Concepts",
    "DataBar",
    "Exemplars",
    "Explanation",
    "InternalError",
    "Layer",
    "LensResult",
    "Measurement",
    "Micrograph",
    "MissingFileError",
    "NanoaidError",
    "Network",
    "NetworkError",
    "NetworkFeatures",
    "OutputError",
    "PixelSize",
    "ReadError",
    "Segmentation",
    "SettingError",
    "Survey",
    "Visualization",
    "__version__",
    "ablate",
    "accentuate",
    "atlas",
    "circuit",
    "classify",
    "concepts",
    "exemplars",
    "explain",
    "from_array",
    "lens",
    "measure",
    "read",
    "segment",
    "survey",
    "visualize",
]


def __getattr__(name: str) -> Any:
    if name == "NetworkFeatures":  # needs scikit-learn, which most users do not
        from nanoaid.features import NetworkFeatures

        return NetworkFeatures
    raise AttributeError(f"module 'nanoaid' has no attribute {name!r}")
