"""Calls over data sets give what the command line prints, and write the files that it writes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanoaid
from conftest import png, printed, run, same_files

FEW: dict[str, Any] = {"concepts": 3, "starts": 2, "effects": 2, "structures": 0, "controls": 1, "tuning": False}
"""Settings of concepts that take little time."""
FEW_OPTIONS = (
    *("--layer", "encoder.2", "--concepts", 3, "--starts", 2, "--effects", 2),
    *("--structures", 0, "--controls", 1, "--no-tuning"),
)
"""The same for the command line."""
SMALL: dict[str, Any] = {"layers": "encoder.1", "presets": "fast", "steps": 4, "seed": 3}
"""Settings of an atlas that takes little time."""
SMALL_OPTIONS = ("--layer", "encoder.1", "--presets", "fast", "--steps", 4, "--seed", 3)


@pytest.fixture
def data(data_set: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(data_set, tmp_path / "data"))


def test_exemplars(data: Path, tmp_path: Path) -> None:
    units = ["encoder.1:3", "encoder.2:0"]
    found = nanoaid.exemplars("autoencoder", data, units, layers=["encoder.1"], count=4)
    options = ("--layer", "encoder.1", "--unit", units[0], "--unit", units[1], "--count", 4, "--out", "theirs")
    assert found.to_dict() == printed("exemplars", "autoencoder", data, *options, cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")
    assert (found.n_micrographs, found.n_new, found.skipped) == (10, 10, {})
    assert found.layers == ["encoder.1", "encoder.2"]
    with pytest.raises(nanoaid.OutputError, match="not empty"):
        found.save(tmp_path / "ours")


def test_exemplars_are_kept_where_they_are_named(data: Path, tmp_path: Path) -> None:
    def found() -> nanoaid.Exemplars:
        return nanoaid.exemplars("autoencoder", data, layers="encoder.1", out=tmp_path / "out")

    first = found()
    assert found().n_new == 0
    (data / "discs" / "more.png").write_bytes(png(np.random.default_rng(1).integers(0, 255, (96, 128), np.uint8)))
    (data / "discs" / "poisoned.png").write_bytes(b"no image")
    more = found()
    assert (first.n_micrographs, more.n_micrographs, more.n_new) == (10, 11, 1)
    assert list(more.skipped) == ["discs/poisoned.png"]
    assert "poisoned" in more._repr_html_()
    ended = run("exemplars", "autoencoder", data, "--layer", "encoder.1", "--out", "theirs", cwd=tmp_path)
    assert ended.returncode == 3, ended.stderr  # one was skipped
    name = "exemplars.json"
    assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()


def test_exemplars_are_rows_and_sheets(data_set: Path) -> None:
    found = nanoaid.exemplars("autoencoder", data_set, layers="encoder.1", count=3)
    sheet = found.sheet("encoder.1:5")
    assert (sheet.dtype, sheet.ndim, sheet.shape[2]) == (np.uint8, 3, 3)
    with pytest.raises(nanoaid.SettingError, match=r"encoder\.2:0: expected one of the layers: encoder\.1"):
        found.sheet("encoder.2:0")
    with pytest.raises(nanoaid.NetworkError, match="from 0 to 31"):
        found.sheet("encoder.1:32")
    pytest.importorskip("pandas")
    table = found.to_pandas()
    assert set(table["kind"]) >= {"strongest", "middle", "weakest"}
    for _, rows in table[table["kind"] == "strongest"].groupby("channel"):
        assert len(rows) == 3
        assert rows["activation"].is_monotonic_decreasing
    assert set(table["category"]) <= {"lines", "discs"}
    n_live = table["channel"].nunique()
    assert n_live + len(found.dead) >= 32


def test_concepts(data: Path, tmp_path: Path) -> None:
    found = nanoaid.concepts("autoencoder", data, layer="encoder.2", **FEW)
    options = ("--data", data, *FEW_OPTIONS, "--out", "theirs")
    assert found.to_dict() == printed("concepts", "autoencoder", *options, cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")
    theirs = {path.name: path.read_bytes() for path in (tmp_path / "theirs").iterdir() if path.name[0] != "."}
    assert found.files == theirs
    # a name that was written stays
    names = (tmp_path / "ours" / "names.csv").read_text().replace("\n2,,", "\n2,edges,", 1)
    (tmp_path / "ours" / "names.csv").write_text(names)
    found.save(tmp_path / "ours", force=True)
    assert "Concept 2: edges" in (tmp_path / "ours" / "report.html").read_text()


def test_concepts_are_directions_with_pictures(data_set: Path) -> None:
    found = nanoaid.concepts("autoencoder", data_set, layer="encoder.2", **FEW)
    layer = next(layer for layer in nanoaid.Network.builtin("autoencoder").layers if layer.name == found.layer)
    assert found.directions.dtype == np.float32
    assert found.directions.shape == (found.n_concepts, layer.n_channels) == (3, layer.n_channels)
    np.testing.assert_allclose(np.linalg.norm(found.directions, axis=1), 1, atol=1e-4)
    assert found.picture(1).shape[2] == 3
    with pytest.raises(nanoaid.SettingError, match="expected 1 to 3"):
        found.picture(4)
    assert "data:image/png;base64," in found._repr_html_()
    bare = nanoaid.concepts("autoencoder", data_set, layer="encoder.2", pictures=False, **FEW | {"effects": 0})
    with pytest.raises(nanoaid.SettingError, match="pictures=True"):
        bare.picture(1)
    assert "<table>" in bare._repr_html_()
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    assert all(ax.images for ax in found.plot(2).axes)
    table = found.to_pandas()
    assert list(table["concept"]) == [1, 2, 3]
    assert table["energy"].is_monotonic_decreasing


def test_survey(data: Path, tmp_path: Path) -> None:
    layers, contrast = ["encoder.1", "encoder.2"], "lines:discs"
    heard: list[tuple[int, int]] = []
    found = nanoaid.survey(
        data,
        tmp_path / "ours",
        network="autoencoder",
        layers=layers,
        contrast=contrast,
        progress=lambda *at: heard.append(at),
    )
    options = ("--layer", layers[0], "--layer", layers[1], "--contrast", contrast, "--out", "theirs")
    assert found.to_dict() == printed("survey", "autoencoder", data, *options, cwd=tmp_path)
    same_files(tmp_path / "ours", tmp_path / "theirs")
    assert heard[-1] == (10, 10)
    with pytest.raises(nanoaid.OutputError, match="layers"):
        nanoaid.survey(data, tmp_path / "ours", network="autoencoder", layers="encoder.3")
    pytest.importorskip("pandas")
    assert len(found.micrographs()) == 10
    assert len(found.units()) == found.to_dict()["n_units"]


def test_survey_of_paths(data: Path, tmp_path: Path) -> None:
    paths = sorted(data.glob("*/*.png"))[::-1]
    network = nanoaid.Network.builtin("autoencoder")
    found = nanoaid.survey(paths, tmp_path / "paths", network=network, layers="encoder.1")
    whole = nanoaid.survey(data, tmp_path / "whole", network=network, layers="encoder.1")
    for name in ("histograms.csv", "near-duplicates.csv", "units.csv"):
        assert (found.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name
    with pytest.raises(nanoaid.SettingError, match="found no paths"):
        nanoaid.survey([], tmp_path / "empty")


def test_atlas(data: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = nanoaid.atlas("autoencoder", data, tmp_path / "ours", **SMALL, progress=lambda *at: heard.append(at))
    record = printed("site", "autoencoder", "--data", data, *SMALL_OPTIONS, "--out", "theirs", cwd=tmp_path)
    assert found.to_dict() == record
    same_files(tmp_path / "ours", tmp_path / "theirs")
    assert found.index == tmp_path / "ours" / "index.html"
    assert found.index.as_uri() in found._repr_html_()
    assert heard
    assert all(0 <= done <= total for done, total in heard)
    # whole and made from the same: nothing is written
    begun = found.index.stat().st_mtime_ns
    heard.clear()
    nanoaid.atlas(["autoencoder"], data, tmp_path / "ours", **SMALL, progress=lambda *at: heard.append(at))
    assert found.index.stat().st_mtime_ns == begun
    assert heard == []
    found.index.write_text("damaged")
    nanoaid.atlas("autoencoder", data, tmp_path / "ours", **SMALL)
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_what_is_not_there_is_named_in_the_words_of_the_command_line(data_set: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cases: list[tuple[type[Exception], Callable[[], object], tuple[object, ...]]] = [
        (
            nanoaid.MissingFileError,
            lambda: nanoaid.exemplars("autoencoder", tmp_path / "nowhere"),
            ("exemplars", "autoencoder", tmp_path / "nowhere"),
        ),
        (
            nanoaid.NetworkError,
            lambda: nanoaid.exemplars("autoencoder", data_set, "encoder.1:99"),
            ("exemplars", "autoencoder", data_set, "--unit", "encoder.1:99"),
        ),
        (
            nanoaid.NetworkError,
            lambda: nanoaid.concepts("autoencoder", data_set, layer="encoder.9"),
            ("concepts", "autoencoder", "--data", data_set, "--layer", "encoder.9"),
        ),
        (
            nanoaid.SettingError,
            lambda: nanoaid.concepts("autoencoder", data_set, of_class="wires"),
            ("concepts", "autoencoder", "--data", data_set, "--class", "wires"),
        ),
        (
            nanoaid.SettingError,
            lambda: nanoaid.survey(data_set, out, network="autoencoder", layers="encoder.1", contrast="wires:discs"),
            ("survey", "autoencoder", data_set, "--layer", "encoder.1", "--contrast", "wires:discs"),
        ),
        (
            nanoaid.NetworkError,
            lambda: nanoaid.atlas("autoencoder", data_set, out / "atlas", layers="nowhere"),
            ("site", "autoencoder", "--data", data_set, "--layer", "nowhere"),
        ),
    ]
    for index, (kind, call, arguments) in enumerate(cases):
        with pytest.raises(kind) as caught:
            call()
        ended = run(*arguments, "--out", f"theirs-{index}", cwd=tmp_path)
        assert ended.returncode == 1
        assert str(caught.value) in ended.stderr, arguments


SETTINGS: list[tuple[str, Callable[[Path], object]]] = [
    ("count", lambda data: nanoaid.exemplars("autoencoder", data, count=0)),
    ("units", lambda data: nanoaid.exemplars("autoencoder", data, "encoder.1:")),
    ("only", lambda data: nanoaid.exemplars("autoencoder", data, only="licence")),
    ("licence", lambda data: nanoaid.exemplars("autoencoder", data, only="licence=MIT")),
    ("synthetic_per_category", lambda data: nanoaid.exemplars("autoencoder", data, synthetic_per_category=10**6)),
    ("concepts", lambda data: nanoaid.concepts("autoencoder", data, concepts=1)),
    ("method", lambda data: nanoaid.concepts("autoencoder", data, method="svd")),  # type: ignore[arg-type]
    ("most_micrographs", lambda data: nanoaid.concepts("autoencoder", data, most_micrographs=1)),
    ("contrast", lambda data: nanoaid.survey(data, data / "out", network="autoencoder", contrast="lines")),
    ("presets", lambda data: nanoaid.atlas("autoencoder", data, data / "out", presets="slow")),  # type: ignore[arg-type]
    ("network", lambda data: nanoaid.atlas([], data, data / "out")),
]


@pytest.mark.parametrize("word, call", SETTINGS)
def test_a_setting_out_of_range_is_named(word: str, call: Callable[[Path], object], data: Path) -> None:
    with pytest.raises(nanoaid.SettingError) as caught:
        call(data)
    assert word in str(caught.value)


LONG: list[tuple[str, Callable[[Path, Path, Any], object]]] = [
    ("exemplars", lambda data, out, heard: nanoaid.exemplars("autoencoder", data, out=out, progress=heard)),
    ("concepts", lambda data, out, heard: nanoaid.concepts("autoencoder", data, progress=heard)),
    ("survey", lambda data, out, heard: nanoaid.survey(data, out, network="autoencoder", progress=heard)),
    ("atlas", lambda data, out, heard: nanoaid.atlas("autoencoder", data, out, progress=heard)),
]


@pytest.mark.parametrize("name, call", LONG)
def test_an_exception_of_the_callback_ends_the_call(
    name: str, call: Callable[[Path, Path, Any], object], data_set: Path, tmp_path: Path
) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        call(data_set, tmp_path / "out", stop)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_an_atlas_and_the_next_call_continues(data: Path, tmp_path: Path) -> None:
    sent: list[float] = []
    out, settings, climbing = tmp_path / "out", SMALL | {"steps": 96}, threading.Event()

    def hear(done: int, total: int) -> None:
        if total == 32:  # pictures, one for each unit
            climbing.set()

    def press() -> None:
        assert climbing.wait(60)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press, daemon=True)
    with pytest.raises(KeyboardInterrupt):
        presser.start()
        nanoaid.atlas("autoencoder", data, out, **settings, progress=hear)
    # a machine that stands still for a while is no fault of the package
    assert time.monotonic() - sent[0] < 5
    assert not (out / "index.html").exists()
    while list(out.glob(".nanoaid.lock")):  # until the work has heard of it
        time.sleep(0.05)
    found = nanoaid.atlas("autoencoder", data, out, **settings)
    assert found.to_dict()["done"]
    assert found.index.is_file()
