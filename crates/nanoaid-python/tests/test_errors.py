"""What goes wrong has a class, and the words of the command line."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nanoaid
from conftest import discs, run


def test_a_missing_file_is_a_missing_file_to_python_too(tmp_path: Path) -> None:
    path = tmp_path / "none.tif"
    with pytest.raises(FileNotFoundError) as caught:
        nanoaid.read(path)
    assert isinstance(caught.value, nanoaid.ReadError | ValueError)
    assert str(caught.value) in run("info", path, cwd=tmp_path).stderr


@pytest.mark.parametrize("content", [b"", b"not an image", b"II*\0\x08\0\0\0\xff\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_file_is_named_in_the_words_of_the_command_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.tif"
    path.write_bytes(content)
    with pytest.raises(nanoaid.ReadError) as caught:
        nanoaid.read(path)
    assert "damaged.tif" in str(caught.value)
    assert str(caught.value) in run("info", path, cwd=tmp_path).stderr


def test_a_flat_image_is_refused_in_the_words_of_the_command_line(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.full((64, 64), 7, np.uint8))
    with pytest.raises(nanoaid.ReadError) as caught:
        nanoaid.lens(nanoaid.from_array(np.full((64, 64), 7, np.uint8), name="flat.npy"), depth=1)
    assert str(caught.value) in run("lens", "flat.npy", "--depth", 1, cwd=tmp_path).stderr


def test_an_unknown_layer_names_those_there_are(tmp_path: Path, particles: Path) -> None:
    with pytest.raises(nanoaid.NetworkError, match="encoder.1") as caught:
        nanoaid.lens(nanoaid.read(particles), layer="encoder.9")
    assert str(caught.value) in run("lens", particles, "--layer", "encoder.9", cwd=tmp_path).stderr


def test_a_depth_that_is_not_there_says_how_many_there_are(tmp_path: Path, particles: Path) -> None:
    with pytest.raises(nanoaid.NetworkError, match="depths 1 to") as caught:
        nanoaid.lens(nanoaid.read(particles), depth=99)
    assert str(caught.value) in run("lens", particles, "--depth", 99, cwd=tmp_path).stderr


def test_a_unit_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(nanoaid.NetworkError, match="encoder.1:9999") as caught:
        nanoaid.visualize("autoencoder", "encoder.1:9999", size=32, steps=1)
    ended = run("visualize", "autoencoder", "--unit", "encoder.1:9999", "--size", 32, cwd=tmp_path)
    assert str(caught.value) in ended.stderr


CHANGES: list[tuple[Callable[[nanoaid.Micrograph], object], tuple[object, ...]]] = [
    (lambda m: nanoaid.accentuate(m, named="fibers"), ("accentuate", "discs.npy", "--class", "fibers")),
    (lambda m: nanoaid.accentuate(m, "autoencoder"), ("accentuate", "discs.npy", "--run", "autoencoder")),
    (lambda m: nanoaid.accentuate(m, unit="hea:0"), ("accentuate", "discs.npy", "--unit", "hea:0")),
    (lambda m: nanoaid.explain(m, named="fibers"), ("explain", "discs.npy", "--class", "fibers")),
    (lambda m: nanoaid.explain(m, layer="hea"), ("explain", "discs.npy", "--layer", "hea")),
    (lambda m: nanoaid.ablate(m, units="hea:0"), ("ablate", "discs.npy", "--unit", "hea:0")),
    (lambda m: nanoaid.ablate(m, units="head:99"), ("ablate", "discs.npy", "--unit", "head:99")),
    (lambda m: nanoaid.circuit("autoencoder", "none:0"), ("circuit", "autoencoder", "--unit", "none:0")),
    (lambda m: nanoaid.circuit("autoencoder", "encoder.2:99"), ("circuit", "autoencoder", "--unit", "encoder.2:99")),
    (
        lambda m: nanoaid.circuit("autoencoder", "encoder.2:0", from_layer="encoder.3"),
        ("circuit", "autoencoder", "--unit", "encoder.2:0", "--from", "encoder.3"),
    ),
]


@pytest.mark.parametrize("call, arguments", CHANGES)
def test_what_a_network_lacks_is_named_in_the_words_of_the_command_line(
    call: Callable[[nanoaid.Micrograph], object], arguments: tuple[object, ...], particles: Path, tmp_path: Path
) -> None:
    with pytest.raises(nanoaid.NetworkError) as caught:
        call(nanoaid.read(particles))
    assert run(*arguments, cwd=tmp_path).stderr == f"nanoaid: {caught.value}\n"


def test_concepts_without_a_file_are_missing(particles: Path, tmp_path: Path) -> None:
    micrograph = nanoaid.read(particles)
    with pytest.raises(nanoaid.MissingFileError, match="bank"):
        nanoaid.ablate(micrograph, concepts=tmp_path, numbers=[1])
    (tmp_path / "bank.safetensors").write_bytes(b"no concepts")
    with pytest.raises(nanoaid.ReadError, match="bank") as caught:
        nanoaid.ablate(micrograph, concepts=tmp_path, numbers=[1])
    assert not isinstance(caught.value, nanoaid.MissingFileError)


image = discs(64, 80)

SETTINGS: list[tuple[str, Callable[[], object]]] = [
    ("pixel size", lambda: nanoaid.from_array(image, nm_per_px=-1.0)),
    ("data_bar", lambda: nanoaid.from_array(image, data_bar="cut")),  # type: ignore[arg-type]
    ("crop", lambda: nanoaid.from_array(image, data_bar=64)),
    ("data_bar", lambda: nanoaid.from_array(image, data_bar=True)),
    ("threads", lambda: nanoaid.lens(nanoaid.from_array(image), depth=1, threads=0)),
    ("order", lambda: nanoaid.lens(nanoaid.from_array(image), depth=1, order="size")),  # type: ignore[arg-type]
    ("layer and depth", lambda: nanoaid.lens(nanoaid.from_array(image), depth=1, layer="encoder.1")),
    ("tilt_deg", lambda: nanoaid.measure(nanoaid.from_array(image), tilt_deg=91)),
    ("what", lambda: nanoaid.measure(nanoaid.from_array(image), "size")),  # type: ignore[arg-type]
    ("unit", lambda: nanoaid.measure(nanoaid.from_array(image), unit="encoder.1:0")),
    ("what", lambda: nanoaid.segment(nanoaid.from_array(image), "cells")),  # type: ignore[arg-type]
    ("threshold", lambda: nanoaid.segment(nanoaid.from_array(image), threshold=1.5)),
    ("abstain_below", lambda: nanoaid.classify(nanoaid.from_array(image), abstain_below=1.5)),
    ("steps", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", steps=0)),
    ("preset", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", preset="slow")),  # type: ignore[arg-type]
    ("encoder.1:", lambda: nanoaid.visualize("autoencoder", "encoder.1:")),
    ("canvas", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", canvas="oil")),  # type: ignore[arg-type]
    ("transforms", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", transforms="some")),  # type: ignore[arg-type]
    ("penalties", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", penalties="l2=1")),
    ("diversity", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", diversity=2)),
    ("tileable", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", tileable=True, transforms="none")),
    ("category", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", category="fibres")),
    ("nm_per_px", lambda: nanoaid.visualize("autoencoder", "encoder.1:0", nm_per_px=-1)),
    ("units, layers or classes", lambda: nanoaid.visualize("autoencoder")),
    ("either a unit or a class", lambda: nanoaid.explain(nanoaid.from_array(image), named="fibres", unit="head:0")),
    ("either a unit or a class", lambda: nanoaid.accentuate(nanoaid.from_array(image), against="fibres", unit="head:0")),
    ("strengths: expected above 0 to 2, found 0", lambda: nanoaid.accentuate(nanoaid.from_array(image), strengths=[0.0])),
    ("strengths: expected rising numbers", lambda: nanoaid.accentuate(nanoaid.from_array(image), strengths=[0.2, 0.1])),
    ("steps", lambda: nanoaid.accentuate(nanoaid.from_array(image), steps=0)),
    ("controls", lambda: nanoaid.accentuate(nanoaid.from_array(image), controls=101)),
    ("units", lambda: nanoaid.ablate(nanoaid.from_array(image))),
    ("units", lambda: nanoaid.ablate(nanoaid.from_array(image), units="head:")),
    ("either units or concepts", lambda: nanoaid.ablate(nanoaid.from_array(image), units="head:0", numbers=[1])),
    ("numbers", lambda: nanoaid.ablate(nanoaid.from_array(image), units="head:0", concepts="concepts")),
    ("without the concepts", lambda: nanoaid.ablate(nanoaid.from_array(image), numbers=[1])),
    ("times", lambda: nanoaid.ablate(nanoaid.from_array(image), units="head:0", times=float("nan"))),
    ("controls", lambda: nanoaid.ablate(nanoaid.from_array(image), units="head:0", controls=1001)),
    ("count", lambda: nanoaid.circuit("autoencoder", "encoder.2:5", count=0)),
    ("unit", lambda: nanoaid.circuit("autoencoder", "encoder.2:")),
    ("page", lambda: nanoaid.read("any.tif", page=-1)),
]


@pytest.mark.parametrize("word, call", SETTINGS)
def test_a_setting_out_of_range_is_named(word: str, call: Callable[[], object]) -> None:
    with pytest.raises(nanoaid.SettingError) as caught:
        call()
    assert word in str(caught.value)


def test_an_unknown_network_names_the_built_in_ones() -> None:
    with pytest.raises(nanoaid.NetworkError, match="autoencoder, classifier, segmenter"):
        nanoaid.Network.builtin("transformer")
    with pytest.raises(nanoaid.NetworkError, match="nothing-here"):
        nanoaid.Network.open("nothing-here")


def test_a_network_of_another_kind_is_refused(particles: Path) -> None:
    micrograph = nanoaid.read(particles)
    with pytest.raises(nanoaid.NetworkError, match="segmenter"):
        nanoaid.segment(micrograph, network="autoencoder")
    with pytest.raises(nanoaid.NetworkError, match="classifier"):
        nanoaid.classify(micrograph, network="autoencoder")


def test_folders_with_files_are_not_written_over(particles: Path, tmp_path: Path) -> None:
    found = nanoaid.segment(nanoaid.read(particles))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(nanoaid.OutputError, match="not empty"):
        found.save(tmp_path / "out")
    found.save(tmp_path / "out", force=True)
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"
    assert (tmp_path / "out" / "discs.json").is_file()


def test_arrays_that_are_no_image_are_refused() -> None:
    for array in (np.zeros((3, 40, 60)), np.zeros(5), np.zeros((4, 4), complex)):
        with pytest.raises(nanoaid.ReadError, match="array.npy"):
            nanoaid.from_array(array)


@pytest.mark.parametrize(
    "error",
    [
        nanoaid.NanoaidError,
        nanoaid.ReadError,
        nanoaid.MissingFileError,
        nanoaid.NetworkError,
        nanoaid.SettingError,
        nanoaid.OutputError,
        nanoaid.InternalError,
    ],
)
def test_exceptions_survive_pickling(error: type[Exception]) -> None:
    again = pickle.loads(pickle.dumps(error("a.tif: why")))
    assert (type(again), str(again)) == (error, "a.tif: why")


def test_all_but_faults_of_the_program_are_value_errors() -> None:
    for error in (nanoaid.ReadError, nanoaid.NetworkError, nanoaid.SettingError, nanoaid.OutputError):
        assert issubclass(error, nanoaid.NanoaidError)
    assert issubclass(nanoaid.NanoaidError, ValueError)
    assert not issubclass(nanoaid.InternalError, ValueError)
