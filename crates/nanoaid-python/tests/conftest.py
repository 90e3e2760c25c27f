"""What the tests share: small micrographs, and the command line to compare with."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
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


def printed(*arguments: object, cwd: Path) -> Any:
    """What the command line prints with ``--json``."""
    ended = run(*arguments, "--json", cwd=cwd)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def same_files(one: Path, other: Path) -> None:
    """Fails unless both folders hold the same names with the same bytes."""

    def content(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    ours, theirs = content(one), content(other)
    assert sorted(ours) == sorted(theirs)
    assert len(ours) > 1
    different = [name for name in ours if ours[name] != theirs[name]]
    assert different == []


def png(image: npt.NDArray[np.uint8]) -> bytes:
    """A grey PNG file (W3C PNG, 8 bit, no filter)."""
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


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


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten micrographs of 128 × 96 px in two categories: lines and discs."""
    folder = tmp_path_factory.mktemp("data-set")
    y, x = np.mgrid[:96, :128]
    for index in range(10):
        noise = np.random.default_rng(index).normal(0, 12, (96, 128))
        lines = 110 + 60 * np.sin(x * (0.3 + 0.05 * index) + 0.2 * y)
        dots = np.where(((y + 3 * index) % 32 - 16) ** 2 + (x % 32 - 16) ** 2 <= 64, 180, 70)
        category, image = ("lines", lines) if index < 5 else ("discs", dots)
        (folder / category).mkdir(exist_ok=True)
        (folder / category / f"{index}.png").write_bytes(png(np.clip(image + noise, 0, 255).astype(np.uint8)))
    return folder
