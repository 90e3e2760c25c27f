"""The licences of everything that is compiled into the binary, as one text on standard output.

Reads what cargo says of the dependencies, and the licence files that lie in their sources; asks nobody else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

NAMES = ("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*", "COPYING*", "COPYRIGHT*", "UNLICENSE*", "NOTICE*")


def cargo(*words: str) -> str:
    return subprocess.run(["cargo", *words, "--locked"], check=True, capture_output=True, text=True).stdout


def main() -> None:
    # neither tests nor build scripts
    tree = cargo("tree", "--package", "nanoaid-cli", "--edges", "normal", "--prefix", "none", "--format", "{p}")
    linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    packages = json.loads(cargo("metadata", "--format-version", "1"))["packages"]
    others = sorted(
        (package["name"], package["version"], package)
        for package in packages
        if package["source"] is not None and (package["name"], f"v{package['version']}") in linked
    )
    if not others:
        sys.exit("cargo named no dependencies")
    print(f"NanoAID contains {len(others)} libraries of others, each under its own licence.\n")
    texts: dict[str, list[str]] = {}
    for name, version, package in others:
        print(f"{name} {version}: {package['license'] or 'see its licence file'}")
        folder = Path(package["manifest_path"]).parent
        files = {path for pattern in NAMES for path in folder.glob(pattern) if path.is_file()}
        for path in sorted(files):
            texts.setdefault(path.read_text(errors="replace").strip(), []).append(f"{name} {version}")
    for text, names in sorted(texts.items(), key=lambda entry: entry[1]):
        print(f"\n{'=' * 78}\n{', '.join(sorted(set(names)))}\n{'=' * 78}\n\n{text}")


main()
