"""A survey of many micrographs on many workers: processes of this machine, Dask, or Ray.

>>> from nanoaid import distributed
>>> survey = distributed.survey("micrographs", "survey", network="classifier", workers=2)
>>> survey.units()                      # a table of all units, by pandas

The micrographs are cut into shards by their content. A worker makes one shard at a time, as ``nanoaid survey --shard``
does, in a folder that all of them see; what was read is not read again, whoever read it. The merge is the one of
``nanoaid survey merge``, so the result has the same bytes whatever the engine, the workers, and what happened to them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from nanoaid import _nanoaid
from nanoaid._errors import OutputError, SettingError
from nanoaid._how import how
from nanoaid._network import opened
from nanoaid._result import StrPath, optional
from nanoaid._survey import Survey, listed

__all__ = ["Survey", "merge", "survey"]

Engine: TypeAlias = Literal["local", "dask", "ray"]
LISTS = "files.csv"
SHARDS = "shards"


class Task(NamedTuple):
    """A shard as a worker gets it: texts and numbers alone."""

    network: str
    files: str
    root: str
    shard: str
    layers: tuple[str, ...]
    out: str
    threads: int
    mixed: bool


def make(task: Task) -> str:
    """Makes a shard; the JSON of the command line."""
    with how(task.threads) as done:
        network = opened(task.network)._network
        return _nanoaid.survey_shard(
            network, (task.files, task.root), (task.shard, list(task.layers)), task.out, task.mixed, done
        )


def merge(
    parts: Iterable[StrPath],
    out: StrPath,
    *,
    contrast: Sequence[str] = (),
    mixed: bool = False,
    force: bool = False,
) -> Survey:
    """Merges folders of shards, in any order, as ``nanoaid survey merge`` does."""
    with how(None) as done:
        paths = [os.fspath(part) for part in parts]
        text = _nanoaid.survey_merge(paths, list(contrast), (os.fspath(out), force), False, mixed, done)
    return Survey(text, Path(out))


def survey(
    micrographs: StrPath | Iterable[StrPath],
    out: StrPath,
    *,
    network: str = "classifier",
    engine: Engine = "local",
    workers: int = 1,
    shards: int | None = None,
    layers: Sequence[str] = (),
    contrast: Sequence[str] = (),
    threads: int = 1,
    retries: int = 3,
    client: Any = None,
    mixed: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Survey:
    """Passes micrographs through a network on `workers`, and merges what they found into the folder `out`.

    `micrographs` is a folder, an index CSV, or paths. Workers, on whatever machine, see these and `out` under the same
    paths. `shards` is four for each worker if it is ``None``; a call that is repeated after an interruption needs the
    same number, and makes only what is missing. `client` is a ``distributed.Client``; Ray uses the cluster that it is
    connected to, or starts one. A shard whose worker was lost is made again, up to `retries` times. `progress` is
    called with the shards done and their number.
    """
    engines = {"local": _local, "dask": _dask, "ray": _ray}
    if engine not in engines:
        raise SettingError(f"engine: found {engine!r}, expected one of: {', '.join(engines)}")
    if workers < 1:
        raise SettingError(f"workers: found {workers}, expected at least 1")
    n = 4 * workers if shards is None else shards
    folder = Path(out).absolute()
    others = [path.name for path in folder.glob("*") if path.name not in (SHARDS, ".nanoaid.lock")]
    if others and not (folder / "part.json").is_file():
        text = f"{folder} is there already and holds {min(others)}; choose another folder"
        raise OutputError(text)
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    files = folder / SHARDS / LISTS
    root = _listed(micrographs, files)
    parts = [folder / SHARDS / f"shard-{index:0{len(str(n))}}-of-{n}" for index in range(1, n + 1)]
    tasks = [
        Task(network, str(files), str(root), f"{index}/{n}", tuple(layers), str(part), threads, mixed)
        for index, part in enumerate(parts, 1)
    ]
    for done, _ in enumerate(engines[engine](tasks, workers, retries, client), 1):
        if progress is not None:
            progress(done, n)
    return merge(parts, folder, contrast=contrast, mixed=mixed, force=True)


def _listed(micrographs: StrPath | Iterable[StrPath], path: Path) -> Path:
    """Writes the list of micrographs with their contents to `path`; the folder that its files are in."""
    with how(None) as done:
        if isinstance(micrographs, str | os.PathLike):
            data = Path(micrographs).absolute()
            _nanoaid.survey_list(data, None, path, done)
            return data if data.is_dir() else data.parent
        root, files = listed(micrographs)
        _nanoaid.survey_list(root, files, path, done)
        return Path(root)


def _local(tasks: list[Task], workers: int, retries: int, _client: Any) -> Iterator[str]:
    """By processes of this machine; where one dies, the pool is made again."""
    left = dict.fromkeys(tasks, retries)
    while left:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(make, task): task for task in left}
            try:
                for future in as_completed(futures):
                    made = future.result()
                    del left[futures[future]]
                    yield made
            except BrokenProcessPool:
                # which shard it was is not known; what they have is kept
                left = {task: tries - 1 for task, tries in left.items()}
                if min(left.values()) < 0:
                    raise
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _dask(tasks: list[Task], workers: int, retries: int, client: Any) -> Iterator[str]:
    """By Dask: the client that is given, or a cluster of this machine."""
    distributed = optional("distributed", "dask", 'engine="dask"')
    own = None
    if client is None:
        cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
        own = client = distributed.Client(cluster)
    try:
        futures = client.map(make, tasks, pure=False, retries=retries)
        for _, made in distributed.as_completed(futures, with_results=True):
            yield made
    finally:
        if own is not None:
            own.close()
            cluster.close()


def _ray(tasks: list[Task], workers: int, retries: int, _client: Any) -> Iterator[str]:
    """By Ray: the cluster that it is connected to, or one of this machine."""
    ray = optional("ray", "ray", 'engine="ray"')
    own = not ray.is_initialized()
    if own:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        remote = ray.remote(num_cpus=1, max_retries=retries)(make)
        left = [remote.remote(task) for task in tasks]
        while left:
            ready, left = ray.wait(left)
            for one in ready:
                yield ray.get(one)
    finally:
        if own:
            ray.shutdown()
