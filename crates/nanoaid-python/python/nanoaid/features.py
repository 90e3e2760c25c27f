"""What a layer of a network makes of micrographs, as features for scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from nanoaid import _nanoaid
from nanoaid._errors import SettingError
from nanoaid._how import how
from nanoaid._micrograph import Micrograph, from_array, read
from nanoaid._network import Network, NetworkLike, opened
from nanoaid._result import StrPath

if TYPE_CHECKING:
    import numpy.typing as npt
    from sklearn.utils import Tags

MicrographLike: TypeAlias = "Micrograph | StrPath | npt.ArrayLike"
"""A micrograph, the path of its file, or an array of rows and columns."""

_STATISTICS = ("mean", "standard_deviation", "energy", "max", "entropy_bits")


class NetworkFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Describes each micrograph by one number for each channel of a layer.

    Parameters
    ----------
    network
        A `nanoaid.Network`, or what `Network.open` takes.
    layer
        Name of the layer; by default the last encoder stage, else the last layer that has more than one position.
    statistic
        What is taken of a channel's map: ``mean``, ``standard_deviation``, ``energy`` (mean square), ``max`` or
        ``entropy_bits`` (spatial entropy).
    threads
        Threads that work; all cores by default.

    Micrographs are given as `nanoaid.Micrograph`, as paths, or as arrays ``[N, H, W]``. Nothing is learned from them:
    `fit` opens the network.
    """

    def __init__(
        self,
        network: NetworkLike = "autoencoder",
        *,
        layer: str | None = None,
        statistic: Literal["mean", "standard_deviation", "energy", "max", "entropy_bits"] = "mean",
        threads: int | None = None,
    ) -> None:
        self.network = network
        self.layer = layer
        self.statistic = statistic
        self.threads = threads

    def fit(self, X: Iterable[MicrographLike], y: object = None) -> NetworkFeatures:
        """Opens the network; the micrographs are only counted."""
        if self.statistic not in _STATISTICS:
            raise SettingError(f"statistic: found {self.statistic!r}, expected one of: {', '.join(_STATISTICS)}")
        _checked(X)
        self.network_: Network = opened(self.network)
        self.layer_: str = _default_layer(self.network_) if self.layer is None else self.layer
        known = {layer.name: layer.n_channels for layer in self.network_.layers}
        if self.layer_ not in known:
            # in the words of the library, which name the layers there are
            self.network_._network.check_layer(self.layer_)
        self.n_channels_: int = known[self.layer_]
        return self

    def transform(self, X: Iterable[MicrographLike]) -> npt.NDArray[np.float64]:
        """The features, ``float64``, ``[N, channels]``."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        rows = [self._row(_micrograph(one)) for one in _checked(X)]
        return np.array(rows, dtype=np.float64)

    def _row(self, micrograph: Micrograph) -> list[float]:
        with how(self.threads) as done:
            seen = _nanoaid.lens(
                micrograph._image, self.network_._network, self.layer_, "channel", False, done
            )
        by_number: dict[int, float] = {}
        for channel in _nanoaid_json(seen.json)["channels"]:
            number = int(channel["address"].rpartition(":")[2])
            by_number[number] = float(channel["statistics"][self.statistic])
        return [by_number[number] for number in range(self.n_channels_)]

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Addresses of the channels, as ``encoder.2:17``."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return np.array([f"{self.layer_}:{number}" for number in range(self.n_channels_)], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.requires_fit = True
        return tags


def _nanoaid_json(text: str) -> dict[str, Any]:
    import json

    made: dict[str, Any] = json.loads(text)
    return made


def _default_layer(network: Network) -> str:
    if network.n_stages > 0:
        return network.layer_at_depth(network.n_stages)
    return [layer.name for layer in network.layers if layer.receptive_field_px is not None][-1]


def _checked(X: Iterable[MicrographLike]) -> Sequence[MicrographLike]:
    """The micrographs; a single one, or none, is a slip."""
    if isinstance(X, (Micrograph, str, bytes, os.PathLike)):
        raise SettingError("found one micrograph, expected a list of them")
    shape = getattr(X, "shape", None)
    if shape is not None and X.dtype != object and X.dtype.kind not in "UT" and len(shape) != 3:  # type: ignore[attr-defined]
        raise SettingError(f"found an array of shape {tuple(shape)}, expected [N, H, W]: an image for each sample")
    images = list(X)
    if not images:
        raise SettingError("found 0 micrographs, expected at least 1")
    return images


def _micrograph(one: MicrographLike) -> Micrograph:
    if isinstance(one, Micrograph):
        return one
    if isinstance(one, (str, os.PathLike)):
        return read(one)
    return from_array(one)
