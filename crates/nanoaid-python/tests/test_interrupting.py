"""Ctrl-C, exceptions of callbacks, and other threads while a call computes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nanoaid
from conftest import COMMAND, discs


def large() -> nanoaid.Micrograph:
    """A micrograph on which every call takes long."""
    return nanoaid.from_array(np.tile(discs(), (14, 10)), data_bar="keep")


LONG: list[tuple[str, Callable[[], object]]] = [
    ("visualize", lambda: nanoaid.visualize("autoencoder", "encoder.3:0", size=224, steps=100_000)),
    ("segment", lambda: nanoaid.segment(large())),
    ("lens", lambda: nanoaid.lens(large())),
    ("measure", lambda: nanoaid.measure(large())),
    ("accentuate", lambda: nanoaid.accentuate(large(), steps=1000)),
    ("ablate", lambda: nanoaid.ablate(large(), units="head:0", controls=9)),
    ("circuit", lambda: nanoaid.circuit("autoencoder", "encoder.3:0", count=64)),
]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name, call", LONG)
def test_ctrl_c_ends_a_call_long_before_its_end(name: str, call: Callable[[], object]) -> None:
    sent: list[float] = []

    def press() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, press)
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        call()
    waited = time.monotonic() - sent[0]
    # 1 to 16 ms where nothing else runs; a machine that stands still for a while is no fault of the package
    assert waited < 5, f"{name}: {waited:.3f} s"


def test_an_exception_of_the_callback_ends_the_call() -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    begun = time.monotonic()
    with pytest.raises(Enough):
        nanoaid.visualize("autoencoder", "encoder.3:0", size=224, steps=100_000, progress=stop)
    assert time.monotonic() - begun < 20


def test_other_threads_of_python_run_while_a_call_computes() -> None:
    n, ended = 0, threading.Event()

    def count() -> None:
        nonlocal n
        while not ended.is_set():
            n += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    begun = time.monotonic()
    nanoaid.visualize("autoencoder", "encoder.2:0", size=96, steps=64)
    seconds = time.monotonic() - begun
    ended.set()
    counter.join()
    # a call that held the lock would leave it a handful
    assert n > 20 * seconds, f"{n} in {seconds} s"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_command_answers_ctrl_c_as_the_program_does(tmp_path: Path) -> None:
    arguments = ["visualize", "autoencoder", "--unit", "encoder.3:0", "--size", "224", "--steps", "100000", "--out", "o"]
    process = subprocess.Popen([COMMAND, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "o" / "settings.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "run the same command again" in said
    assert "Traceback" not in said
