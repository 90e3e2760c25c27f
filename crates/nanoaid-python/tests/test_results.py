"""Results: arrays and tables of what was computed."""

from __future__ import annotations

import pickle
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanoaid
from conftest import discs


def test_maps_are_those_of_the_written_archive(particles: Path, tmp_path: Path) -> None:
    found = nanoaid.lens(nanoaid.read(particles), depth=1)
    found.save(tmp_path / "out", maps=["npz"])
    written = np.load(tmp_path / "out" / f"{found.layer}.maps.npz")["maps"]
    assert found.maps.dtype == np.float32
    np.testing.assert_array_equal(found.maps, written)


def test_maps_cover_the_specimen_and_agree_with_their_statistics(particles: Path) -> None:
    micrograph = nanoaid.read(particles)
    found = nanoaid.lens(micrograph, depth=2)
    n, height, width = found.maps.shape
    layer = next(layer for layer in nanoaid.Network.builtin("autoencoder").layers if layer.name == found.layer)
    assert (n, found.stride) == (layer.n_channels, layer.stride)
    assert (height, width) == tuple(length // found.stride for length in micrograph.specimen.shape)
    table = found.to_pandas().set_index("channel") if _has("pandas") else None
    if table is not None:
        np.testing.assert_allclose(found.maps.mean(axis=(1, 2), dtype=float), table["mean"].sort_index(), rtol=1e-5, atol=1e-6)
    assert sorted(found.ranking) == list(range(n))
    assert found.image.shape == micrograph.specimen.shape
    assert (found.image.min(), found.image.max()) == (0.0, 1.0)
    assert found.reconstruction is not None
    assert found.reconstruction.shape == found.image.shape
    assert found.false_color is not None
    assert found.false_color.shape[0] == 3


def test_the_number_of_threads_changes_nothing(particles: Path) -> None:
    micrograph = nanoaid.read(particles)
    one, two = (nanoaid.lens(micrograph, depth=2, threads=threads) for threads in (1, 2))
    assert one.to_json() == two.to_json()
    np.testing.assert_array_equal(one.maps, two.maps)


def test_a_map_sums_up_to_the_score_less_its_bias(particles: Path) -> None:
    micrograph = nanoaid.read(particles)
    found = nanoaid.explain(micrograph, methods=["hires-cam"], structures=False, thoroughness="quick")
    assert found.methods == ["hires-cam"]
    assert found.maps.shape == (1, *micrograph.specimen.shape)
    complete = found.to_dict()["explanation"]["methods"][0]["completeness"]
    assert found.maps.sum(dtype=float) == pytest.approx(complete["sum"], rel=1e-3)
    assert complete["sum"] == pytest.approx(complete["expected"], rel=1e-2)
    assert found.units
    with pytest.raises(nanoaid.NetworkError, match="no class `fibers`, expected one of"):
        nanoaid.explain(micrograph, named="fibers")
    with pytest.raises(nanoaid.SettingError, match="methods"):
        nanoaid.explain(micrograph, methods=["gradcam"])


def test_labels_are_those_of_the_table(particles: Path) -> None:
    found = nanoaid.segment(nanoaid.read(particles, nm_per_px=2.0))
    assert found.labels.dtype == np.int32
    assert found.labels.shape == (192, 256)
    assert found.labels.max() == found.n_regions > 0
    pytest.importorskip("pandas")
    table = found.to_pandas()
    areas = np.bincount(found.labels.ravel())[1:]
    np.testing.assert_array_equal(table["area [px2]"], areas)
    np.testing.assert_allclose(table["area [nm2]"], 4.0 * areas)
    # 5 rows of discs, of 7 columns, the first of which is cut
    assert found.n_regions == 35
    whole = table[table["cut by border"] == 0]
    assert whole["equivalent diameter [nm]"].median() == pytest.approx(36, abs=2)


def test_numbers_are_rows_with_their_intervals(particles: Path) -> None:
    pytest.importorskip("pandas")
    found = nanoaid.measure(nanoaid.read(particles, nm_per_px=2.0), "count", segmenter=None)
    table = found.to_pandas()
    assert len(table) == len(found.findings) > 0
    assert (table["U95"] >= 0).all()
    assert "nm" in set(table["unit"])
    rows = found.particles()
    assert rows is not None
    assert rows["edge-corrected diameter [nm]"].median() == pytest.approx(36, abs=2)
    assert found.overlay.ndim == 3


def test_what_is_not_measured_has_its_reason() -> None:
    noise = np.random.default_rng(1).normal(100, 20, (128, 128)).astype(np.float32)
    found = nanoaid.measure(nanoaid.from_array(noise), "pitch", segmenter=None)
    assert found.findings == []
    assert found.refused
    assert all(refusal["reason"] for refusal in found.refused)


def test_probabilities_sum_to_one_and_abstaining_is_none(wires: Path) -> None:
    micrograph = nanoaid.read(wires)
    found = nanoaid.classify(micrograph)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert tuple(sorted(found.probabilities)) == nanoaid.Network.builtin("classifier").classes
    assert found.calibrated
    assert nanoaid.classify(micrograph, abstain_below=1.0).label is None


def test_a_picture_of_a_unit_scores_higher_than_where_it_began() -> None:
    [found] = nanoaid.visualize("autoencoder", "encoder.2:0", size=32, steps=32)
    scores = [score for _, score in found.to_dict()["outcome"]["scores"]]
    assert found.picture.shape == (32, 32, 3)
    assert found.picture.dtype == np.uint8
    assert found.score > scores[0]
    assert list(found.files) == [f"{found.objective.replace(':', '_')}.png"]


def test_progress_is_reported_up_to_the_whole() -> None:
    heard: list[tuple[int, int]] = []
    nanoaid.visualize("autoencoder", "encoder.1:0", size=48, steps=64, progress=lambda *at: heard.append(at))
    assert heard
    assert all(0 <= done <= total for done, total in heard)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_progress_of_a_circuit_is_that_of_its_pictures() -> None:
    heard: list[tuple[int, int]] = []
    nanoaid.circuit("autoencoder", "encoder.2:5", count=1, progress=lambda *at: heard.append(at))
    assert heard
    assert all(0 <= done <= total for done, total in heard)


def test_networks_survive_pickling() -> None:
    network = nanoaid.Network.builtin("segmenter")
    again = pickle.loads(pickle.dumps(network))
    assert again.sha256 == network.sha256
    assert again.layers == network.layers


def test_every_result_shows_itself_in_a_notebook(particles: Path) -> None:
    micrograph = nanoaid.read(particles)
    results: list[Any] = [
        nanoaid.lens(micrograph, depth=1),
        nanoaid.measure(micrograph, "count", segmenter=None),
        nanoaid.segment(micrograph),
        *nanoaid.visualize("autoencoder", "encoder.1:0", size=32, steps=2),
    ]
    results += [
        nanoaid.explain(micrograph, methods=["hires-cam"], structures=False, thoroughness="quick"),
        nanoaid.accentuate(micrograph, strengths=[0.1], steps=2, controls=0),
        nanoaid.ablate(micrograph, units="head:0", controls=0),
        nanoaid.circuit("autoencoder", "encoder.2:5", pictures=False),
    ]
    for result in results:
        pictures = re.findall(r"data:image/(png|jpeg);base64,([^\"]*)", result._repr_html_())
        begins = {"png": b"\x89PNG", "jpeg": b"\xff\xd8"}
        assert pictures
        assert all(b64decode(content).startswith(begins[kind]) for kind, content in pictures)
        assert repr(result).startswith(f"<{type(result).__name__}")
    assert "<table>" in nanoaid.classify(micrograph)._repr_html_()
    assert "encoder.1" in nanoaid.Network.builtin("autoencoder")._repr_html_()


def test_every_result_can_be_plotted(particles: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    micrograph = nanoaid.read(particles)
    figure = nanoaid.lens(micrograph, depth=1).plot(n=3)
    assert sum(bool(ax.images) for ax in figure.axes) == 3
    assert nanoaid.measure(micrograph, "count", segmenter=None).plot().images
    assert nanoaid.segment(micrograph).plot().images
    assert len(nanoaid.classify(micrograph).plot().patches) == 10
    assert nanoaid.visualize("autoencoder", "encoder.1:0", size=32, steps=2)[0].plot().images
    assert nanoaid.explain(micrograph, methods=["hires-cam"], structures=False, thoroughness="quick").plot().images
    assert nanoaid.circuit("autoencoder", "encoder.2:5", pictures=False).plot().images


def test_grey_pictures_are_plotted_in_grey(particles: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    micrograph = nanoaid.read(particles)
    changed = nanoaid.accentuate(micrograph, strengths=[0.1, 0.2], steps=2, controls=0)
    switched = nanoaid.ablate(micrograph, "autoencoder", "latent:0", controls=0)
    for ax in (changed.plot(), changed.plot(0), switched.plot()):
        [image] = ax.images
        shown = image.to_rgba(image.get_array(), bytes=True)[..., :3].astype(int)
        # the color map of matplotlib rounds down
        assert np.abs(shown - np.asarray(image.get_array())[..., None]).max() <= 1


def test_calls_on_several_threads_at_once_give_the_same() -> None:
    from concurrent.futures import ThreadPoolExecutor

    micrograph, network = nanoaid.from_array(discs()), nanoaid.Network.builtin("autoencoder")
    alone = nanoaid.lens(micrograph, network, depth=2).to_json()
    with ThreadPoolExecutor(8) as pool:
        all_of_them = list(pool.map(lambda _: nanoaid.lens(micrograph, network, depth=2).to_json(), range(16)))
    assert set(all_of_them) == {alone}


def _has(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None
