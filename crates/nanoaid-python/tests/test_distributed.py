"""Surveys on many workers have the bytes of one machine, whatever happens to the workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import nanoaid
from conftest import png, run
from nanoaid import distributed

LAYERS = ("encoder.1",)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty micrographs, and a file that is none."""
    folder = tmp_path_factory.mktemp("data")
    for index in range(20):
        noise = np.random.default_rng(index).normal(0, 20, (160, 200))
        lines = 80 * np.sin(np.arange(200) * (0.2 + 0.05 * index))
        category = folder / ("even" if index % 2 == 0 else "odd")
        category.mkdir(exist_ok=True)
        image = np.clip(128 + lines + noise, 0, 255).astype(np.uint8)
        (category / f"{index:02}.png").write_bytes(png(image))
    (folder / "odd" / "poisoned.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def expected(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process of the command line writes."""
    place = tmp_path_factory.mktemp("whole")
    ended = run("survey", "autoencoder", data, "--layer", LAYERS[0], "--out", "whole", cwd=place)
    assert ended.returncode == 3, ended.stderr  # one was skipped
    return written(place / "whole")


def written(folder: Path) -> dict[str, bytes]:
    """The files of a result."""
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return {path.name: path.read_bytes() for path in files}


def survey(data: Path, out: Path, **how: object) -> distributed.Survey:
    given: dict[str, object] = {"network": "autoencoder", "layers": LAYERS, "shards": 5} | how
    return distributed.survey(data, out, **given)  # type: ignore[arg-type]


class Once:
    """Progress that acts when the first shard is done."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act
        self.acted = False

    def __call__(self, done: int, total: int) -> None:
        if not self.acted and done < total:
            self.acted = True
            self.act()


@pytest.mark.parametrize("workers", [1, 2])
def test_local_workers(workers: int, data: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = survey(data, tmp_path / "out", workers=workers, progress=lambda done, total: seen.append((done, total)))
    assert written(tmp_path / "out") == expected
    assert seen == [(done, 5) for done in range(1, 6)]
    assert found.to_dict()["n_read"] == 20
    assert found.to_dict()["n_skipped"] == 1
    # again: nothing is read, and the bytes stay
    survey(data, tmp_path / "out", workers=workers)
    assert written(tmp_path / "out") == expected


def test_paths_without_categories(data: Path, tmp_path: Path) -> None:
    paths = sorted(data.glob("*/*.png"))[::-1]
    found = survey(data, tmp_path / "a", workers=1)
    listed = distributed.survey(paths, tmp_path / "b", network="autoencoder", layers=LAYERS, shards=3)
    same = ("histograms.csv", "near-duplicates.csv", "skipped.csv", "units.csv")
    for name in same:
        assert (listed.folder / name).read_bytes() == (found.folder / name).read_bytes(), name


def test_a_local_worker_that_is_killed(
    data: Path, expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[int] = []

    class Pool(ProcessPoolExecutor):
        def __init__(self, workers: int, **how: object) -> None:
            pools.append(workers)
            super().__init__(workers, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(distributed, "ProcessPoolExecutor", Pool)
    kill = Once(lambda: multiprocessing.active_children()[0].kill())
    survey(data, tmp_path / "out", workers=2, shards=21, progress=kill)
    assert pools == [2, 2], "a pool that lost a worker is made again"
    assert written(tmp_path / "out") == expected


def test_a_driver_that_is_killed_and_started_again(data: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, sys\n"
        "from nanoaid import distributed\n"
        "def progress(done, total):\n"
        "    if done == int(sys.argv[1]):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        f"    distributed.survey({str(data)!r}, 'out', network='autoencoder', layers=['encoder.1'], workers=2,\n"
        "                       shards=9, progress=progress)\n"
    )
    codes = [
        subprocess.run([sys.executable, script, stop], cwd=tmp_path, check=False).returncode
        for stop in ("1", "4", "99")
    ]
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert written(tmp_path / "out") == expected


def test_dask_with_a_worker_that_is_killed(data: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    dask = pytest.importorskip("distributed", reason="engine dask: the package distributed is not installed")
    with (
        dask.LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster,
        dask.Client(cluster) as client,
    ):
        kill = Once(lambda: os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL))
        survey(data, tmp_path / "out", engine="dask", client=client, shards=12, progress=kill)
    assert kill.acted
    assert written(tmp_path / "out") == expected


def test_ray_with_a_node_that_is_lost(data: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="engine ray: the package ray is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    node = {"object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False} | node)
    try:
        nodes = [cluster.add_node(num_cpus=1, **node) for _ in range(3)]
        ray.init(address=cluster.address, log_to_driver=False)
        lose = Once(lambda: cluster.remove_node(nodes[0], allow_graceful=False))
        survey(data, tmp_path / "out", engine="ray", shards=12, progress=lose)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert lose.acted
    assert written(tmp_path / "out") == expected


def test_what_is_wrong_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(nanoaid.SettingError, match="engine: found 'spark', expected one of: local, dask, ray"):
        survey(data, tmp_path / "out", engine="spark")
    with pytest.raises(nanoaid.SettingError, match="workers: found 0"):
        survey(data, tmp_path / "out", workers=0)
    with pytest.raises(nanoaid.SettingError, match="found no paths"):
        distributed.survey([], tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(nanoaid.OutputError, match=r"holds letter\.txt"):
        survey(data, tmp_path / "full")
    with pytest.raises(nanoaid.OutputError, match=r"no part\.json"):
        distributed.merge([data], tmp_path / "merged")
