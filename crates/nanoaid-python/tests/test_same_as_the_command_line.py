"""Every call gives the JSON that the command line prints, and writes the files that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

import nanoaid
from conftest import MAKERS, printed, run, same_files


@pytest.mark.parametrize("name", ["thermo_pfib.tif", "fei_quanta3d.tif"])
def test_info_of_a_micrograph(name: str, tmp_path: Path) -> None:
    path = MAKERS / name
    assert [nanoaid.read(path).to_dict()] == printed("info", path, cwd=tmp_path)


def test_info_of_an_array_is_that_of_its_file(particles: Path, tmp_path: Path) -> None:
    import numpy as np

    found = nanoaid.from_array(np.load(particles), nm_per_px=2.5, name="discs.npy")
    assert [found.to_dict()] == printed("info", "discs.npy", "--nm-per-px", 2.5, cwd=tmp_path)


@pytest.mark.parametrize("name", ["autoencoder", "classifier", "segmenter"])
def test_info_of_a_network(name: str, tmp_path: Path) -> None:
    assert [nanoaid.Network.open(name).to_dict()] == printed("info", name, cwd=tmp_path)


@pytest.mark.parametrize("order", ["energy", "channel"])
def test_lens(order: str, particles: Path, tmp_path: Path) -> None:
    arguments = ("lens", particles, "--depth", 2, "--order", order, "--maps", "npz", "--out", "theirs")
    [shown] = printed(*arguments, cwd=tmp_path)
    found = nanoaid.lens(nanoaid.read(particles), depth=2, order=order)  # type: ignore[arg-type]
    assert [found.to_dict()] == shown["layers"]
    found.save(tmp_path / "ours", maps=["npz"])
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_classify(wires: Path, tmp_path: Path) -> None:
    found = nanoaid.classify(nanoaid.read(wires))
    assert [found.to_dict()] == printed("classify", wires, "--csv", "theirs.csv", cwd=tmp_path)
    found.save(tmp_path / "ours.csv")
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()


def test_explain(wires: Path, tmp_path: Path) -> None:
    found = nanoaid.explain(nanoaid.read(wires), methods=["hires-cam", "lrp"], structures=False)
    options = ("--methods", "hires-cam,lrp", "--no-structures")
    assert [found.to_dict()] == printed("explain", wires, *options, "--out", "theirs", cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_accentuate(wires: Path, tmp_path: Path) -> None:
    found = nanoaid.accentuate(nanoaid.read(wires, nm_per_px=2.0), named="fibres", strengths=[0.1, 0.2], steps=4, controls=1)
    options = ("--nm-per-px", 2.0, "--class", "fibres", "--strengths", "0.1,0.2", "--steps", 4, "--controls", 1)
    assert [found.to_dict()] == printed("accentuate", wires, *options, "--out", "theirs", cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")
    assert found.planes.shape == (2, *nanoaid.read(wires).data.shape)
    assert list(found.to_pandas()["score"]) == found.scores[1:]


def test_ablate(wires: Path, tmp_path: Path) -> None:
    micrograph = nanoaid.read(wires)
    found = nanoaid.ablate(micrograph, "autoencoder", ["encoder.1:0", "encoder.2:3"], times=2, controls=2)
    options = ("--run", "autoencoder", "--unit", "encoder.1:0", "--unit", "encoder.2:3", "--times", 2, "--controls", 2)
    assert [found.to_dict()] == printed("ablate", wires, *options, "--out", "theirs", cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")
    assert found.change is not None and len(found.controls) == 2 and found.answers is None
    answers = nanoaid.ablate(micrograph, units="_blocks.14:3", controls=0).answers
    assert answers is not None and len(answers) == 2


def test_ablate_concepts(data_set: Path, wires: Path, tmp_path: Path) -> None:
    nanoaid.concepts("autoencoder", data_set, layer="encoder.1", concepts=2, pictures=False, tuning=False).save(tmp_path / "bank")
    found = nanoaid.ablate(nanoaid.read(wires), "autoencoder", concepts=tmp_path / "bank", numbers=[2])
    options = ("--run", "autoencoder", "--concepts", "bank", "--concept", 2)
    [theirs] = printed("ablate", wires, *options, "--out", "theirs", cwd=tmp_path)
    assert found.to_dict()["ablation"] == theirs["ablation"]
    with pytest.raises(nanoaid.SettingError, match="no concept 3, expected 1 to 2"):
        nanoaid.ablate(nanoaid.read(wires), "autoencoder", concepts=tmp_path / "bank", numbers=[3])


def test_circuit(tmp_path: Path) -> None:
    found = nanoaid.circuit("autoencoder", "encoder.2:5", count=3)
    options = ("--unit", "encoder.2:5", "--count", 3)
    assert found.to_dict() == printed("circuit", "autoencoder", *options, "--out", "theirs", cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")
    assert found.weights.shape[0] == len(found.shares) == 3


def test_measure(wires: Path, tmp_path: Path) -> None:
    found = nanoaid.measure(nanoaid.read(wires, nm_per_px=3.0))
    assert [found.to_dict()] == printed("measure", wires, "--nm-per-px", 3.0, "--out", "theirs", cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_measure_with_options(particles: Path, tmp_path: Path) -> None:
    micrograph = nanoaid.read(particles, data_bar="keep")
    found = nanoaid.measure(micrograph, ["count", "orientation"], segmenter=None, part=(8, 16, 150, 200), tilt_deg=10)
    options = ("--what", "orientation,count", "--no-segmenter", "--box", "8,16,150,200", "--tilt", 10, "--keep-data-bar")
    assert [found.to_dict()] == printed("measure", particles, *options, "--out", "theirs", cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_measure_through_a_network(particles: Path, tmp_path: Path) -> None:
    found = nanoaid.measure(nanoaid.read(particles), "count", network="autoencoder", unit="encoder.2:3")
    options = ("--what", "count", "--run", "autoencoder", "--unit", "encoder.2:3")
    assert [found.to_dict()] == printed("measure", particles, *options, "--out", "theirs", cwd=tmp_path)


def test_segment(particles: Path, tmp_path: Path) -> None:
    found = nanoaid.segment(nanoaid.read(particles, nm_per_px=2.0), threshold=0.4, min_size_px=6)
    options = ("--nm-per-px", 2.0, "--threshold", 0.4, "--min-size", 6, "--out", "theirs")
    assert [found.to_dict()] == printed("segment", particles, *options, cwd=tmp_path)
    found.save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_visualize(tmp_path: Path) -> None:
    found = nanoaid.visualize("autoencoder", ["encoder.1:2", "encoder.2:0"], size=32, steps=8, seed=3)
    options = ("--unit", "encoder.1:2", "--unit", "encoder.2:0", "--size", 32, "--steps", 8, "--seed", 3)
    theirs = printed("visualize", "autoencoder", *options, "--out", "theirs", cwd=tmp_path)
    assert [one.to_dict() for one in found] == theirs
    found[0].save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_visualize_with_options(data_set: Path, tmp_path: Path) -> None:
    start = data_set / "lines" / "0.png"
    found = nanoaid.visualize(
        "autoencoder",
        layers="encoder.1",
        size=32,
        steps=2,
        canvas="pixels",
        transforms="lucid",
        penalties=["total-variation=0.1", "blur=0.2"],
        members=2,
        diversity=0.3,
        views=2,
        redirected_steps=1,
        snapshots=[0, 2],
        data=data_set,
        category="lines",
        start_from=start,
        nm_per_px=2.5,
    )
    options = (
        *("--layer", "encoder.1", "--size", 32, "--steps", 2, "--canvas", "pixels", "--transforms", "lucid"),
        *("--penalty", "total-variation=0.1", "--penalty", "blur=0.2", "--members", 2, "--diversity", 0.3),
        *("--views", 2, "--redirected-steps", 1, "--snapshots", "0,2", "--data", data_set, "--category", "lines"),
        *("--start-from", start, "--nm-per-px", 2.5),
    )
    theirs = printed("visualize", "autoencoder", *options, "--out", "theirs", cwd=tmp_path)
    assert [one.to_dict() for one in found] == theirs
    assert len(found) == 32
    found[0].save(tmp_path / "ours")
    same_files(tmp_path / "ours", tmp_path / "theirs")


def test_visualize_larger_pictures_of_coordinates(tmp_path: Path) -> None:
    found = nanoaid.visualize("autoencoder", "encoder.1:2", size=32, steps=2, canvas="cppn", enlarge=2, seed=0)
    options = ("--unit", "encoder.1:2", "--size", 32, "--steps", 2, "--canvas", "cppn", "--enlarge", 2, "--seed", 0)
    assert [one.to_dict() for one in found] == printed("visualize", "autoencoder", *options, "--out", "o", cwd=tmp_path)
    with pytest.raises(nanoaid.NetworkError, match="no named classes"):
        nanoaid.visualize("autoencoder", classes=True)


def test_a_saved_result_can_be_repeated_by_the_command_line(particles: Path, tmp_path: Path) -> None:
    nanoaid.segment(nanoaid.read(particles)).save(tmp_path / "ours")
    ended = run("replay", tmp_path / "ours" / "discs.json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
