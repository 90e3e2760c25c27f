"""Features for scikit-learn."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

sklearn = pytest.importorskip("sklearn")

import nanoaid  # noqa: E402
from conftest import DEMO, discs  # noqa: E402
from nanoaid import NetworkFeatures  # noqa: E402
from sklearn.base import BaseEstimator, clone  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402
from sklearn.utils.validation import validate_data  # noqa: E402


class OfRows(NetworkFeatures):
    """Takes rows of numbers, as scikit-learn's checks give them, for images: the row along x, a ramp along y."""

    def _images(self, X: Any, reset: bool) -> npt.NDArray[np.float64]:
        rows = validate_data(self, X, reset=reset, ensure_min_samples=1)
        columns = rows[:, np.arange(32) % rows.shape[1]]
        return columns[:, None, :] + np.linspace(0, 50, 24)[None, :, None]

    def fit(self, X: Any, y: Any = None) -> OfRows:
        super().fit(self._images(X, reset=True), y)
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return super().transform(self._images(X, reset=False))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = False
        tags.input_tags.string = False
        return tags


@parametrize_with_checks([OfRows(layer="encoder.1", threads=1)])
def test_the_checks_of_scikit_learn(estimator: BaseEstimator, check: Any) -> None:
    check(estimator)


def test_features_are_the_means_of_the_maps_whatever_the_micrographs_are_given_as() -> None:
    array = discs()
    micrograph = nanoaid.from_array(array)
    features = NetworkFeatures(layer="encoder.2").fit([micrograph])
    found = features.transform([micrograph, array])
    means = nanoaid.lens(micrograph, layer="encoder.2").maps.mean(axis=(1, 2), dtype=float)
    np.testing.assert_allclose(found[0], means, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[0], found[1])
    stack = np.stack([array, array[::-1]])
    np.testing.assert_array_equal(features.transform(stack)[0], found[0])
    paths = [str(DEMO)]
    assert features.transform(paths).shape == (1, len(means))


def test_names_are_addresses_and_tables_have_them() -> None:
    pytest.importorskip("pandas")
    features = NetworkFeatures(layer="encoder.1").set_output(transform="pandas")
    table = features.fit_transform([nanoaid.from_array(discs())])
    assert list(table.columns)[:2] == ["encoder.1:0", "encoder.1:1"]


def test_a_pipeline_tells_coarse_from_fine_dots() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    draw = np.random.default_rng(0)

    def grid(period: int) -> npt.NDArray[np.float32]:
        y, x = np.mgrid[:64, :64] + draw.uniform(0, period, (2, 1, 1))
        dots = np.cos(2 * np.pi * y / period) * np.cos(2 * np.pi * x / period)
        return (100 + 50 * dots + draw.normal(0, 5, dots.shape)).astype(np.float32)

    images = np.stack([grid(period) for period in (5, 11) * 12])
    labels = np.array([0, 1] * 12)
    pipeline = make_pipeline(NetworkFeatures(layer="encoder.2"), StandardScaler(), LogisticRegression())
    assert cross_val_score(pipeline, images, labels, cv=4).mean() > 0.9


def test_it_can_be_cloned_and_pickled() -> None:
    features = NetworkFeatures(layer="encoder.1", statistic="energy")
    assert clone(features).get_params() == features.get_params()
    fitted = features.fit([discs()])
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform([discs()]), fitted.transform([discs()]))


@pytest.mark.parametrize(
    "wrong, X, word",
    [
        (NetworkFeatures(layer="nowhere"), [discs()], "nowhere"),
        (NetworkFeatures(statistic="median"), [discs()], "median"),  # type: ignore[arg-type]
        (NetworkFeatures(), discs(), "N, H, W"),
        (NetworkFeatures(), [], "0 micrographs"),
        (NetworkFeatures(), nanoaid.from_array(discs()), "one micrograph"),
    ],
)
def test_slips_are_named(wrong: NetworkFeatures, X: Any, word: str) -> None:
    with pytest.raises(nanoaid.NanoaidError, match=word):
        wrong.fit(X)
