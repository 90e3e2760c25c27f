"""The command ``nanoaid`` that the package installs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nanoaid
from conftest import COMMAND, DEMO, run


def test_it_has_the_version_of_the_package(tmp_path: Path) -> None:
    ended = run("--version", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"nanoaid {nanoaid.__version__}\n")


def test_exit_codes_are_those_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"bad")
    cases = [
        (("info", DEMO), 0),
        (("info", "bad.png"), 1),
        (("info", "--nonsense"), 2),
        ((), 2),
        (("info", DEMO, "bad.png"), 3),
    ]
    for arguments, code in cases:
        ended = run(*arguments, cwd=tmp_path)
        assert ended.returncode == code, (arguments, ended.stderr)


def test_usage_names_the_command_not_python(tmp_path: Path) -> None:
    assert "Usage: nanoaid" in run("info", "--nonsense", cwd=tmp_path).stderr


def test_everything_is_written_to_a_pipe(tmp_path: Path) -> None:
    script = run("completions", "bash", cwd=tmp_path)
    assert script.returncode == 0
    assert script.stdout.rstrip().endswith("fi")


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    command = f"{COMMAND} info autoencoder autoencoder | head -n 1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_it_is_the_module_too(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-m", "nanoaid", "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout == f"nanoaid {nanoaid.__version__}\n"
