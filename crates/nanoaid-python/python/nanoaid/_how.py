"""How calls are done: on how many threads, and who hears of their progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from nanoaid._errors import SettingError

if TYPE_CHECKING:
    from nanoaid._nanoaid import How

Progress: TypeAlias = bool | Callable[[int, int], object]
"""``True`` for a bar (by tqdm), or a function that is called with the things done and their number."""


@contextmanager
def how(threads: int | None, progress: Progress = False, what: str = "") -> Iterator[How]:
    """The last argument of a native call; closes the bar after it."""
    if threads is not None and threads < 1:
        raise SettingError(f"threads: found {threads}, expected at least 1")
    if progress is False:
        yield {"threads": threads, "progress": None}
    elif callable(progress):
        yield {"threads": threads, "progress": progress}
    else:
        try:
            from tqdm.auto import tqdm
        except ImportError as error:
            raise ImportError("progress=True needs the package tqdm: pip install nanoaid[progress]") from error
        with tqdm(desc=what, leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield {"threads": threads, "progress": show}
