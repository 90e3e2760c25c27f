"""What the tests share: small micrographs, and the command line to compare with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

CRATES = Path(__file__).parents[2]
MAKERS = CRATES / "micrograph" / "tests" / "makers"
"""Small files as instruments write them."""
DEMO = CRATES / "nanoaid-cli" / "assets" / "demo" / "nanowires.jpg"
"""The micrograph of the demo."""

COMMAND = Path(sys.executable).with_name("nanoaid")
"""The command that the package installed."""


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs the command line in `cwd`."""
    words = [str(argument) for argument in arguments]
    environment = os.environ | {"COLUMNS": "100"}
    return subprocess.run([COMMAND, *words], cwd=cwd, capture_output=True, text=True, env=environment, check=False)


def printed(*arguments: object, cwd: Path) -> list[dict[str, Any]]:
    """What the command line prints with ``--json``."""
    ended = run(*arguments, "--json", cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    made: list[dict[str, Any]] = json.loads(ended.stdout)
    return made


def discs(height: int = 192, width: int = 256) -> npt.NDArray[np.uint8]:
    """Bright discs of 9 px radius on a grid, with noise; one is cut by the border."""
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width), 60.0)
    for row in range(24, height, 40):
        for column in range(0, width, 40):
            image[(y - row) ** 2 + (x - column) ** 2 <= 81] = 170.0
    noise = np.random.default_rng(7).normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def particles(tmp_path: Path) -> Path:
    """A file of `discs`."""
    path = tmp_path / "discs.npy"
    np.save(path, discs())
    return path


@pytest.fixture
def wires() -> Path:
    """A real micrograph."""
    return DEMO
