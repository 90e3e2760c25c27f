#!/usr/bin/env python3
"""Compares the numbers of two versions of the program, so that a change of structure can be shown to change none.

    scripts/same_numbers.py OLD NEW DATA [IMAGE...]

OLD and NEW are the two binaries; DATA is a folder of category folders of micrographs; the IMAGEs are looked through and
measured (by default the first one of each category). Compared are

- feature maps of both built-in networks (`lens --maps npz`), byte by byte;
- all columns of `measurements.csv` that both versions have, as text;
- the weights of a small autoencoder that is trained on DATA, byte by byte.

Ends with status 1 where anything differs. Needs Python 3.9 without further packages.
"""

import csv
import filecmp
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SMALL = "--stages 4,6 --latent 3 --patch 32 --batch 2 --patches-per-epoch 48 --epochs 2".split()


def run(program, *arguments):
    """What the program printed; a failure is shown and ends the comparison."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: some images were skipped
        sys.exit(f"{program} {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def arrays(folder):
    """The arrays of all NPZ files of a folder: name -> bytes."""
    found = {}
    for path in sorted(folder.rglob("*.npz")):
        with zipfile.ZipFile(path) as file:
            for name in file.namelist():
                found[f"{path.relative_to(folder)}/{name}"] = file.read(name)
    return found


def rows(folder):
    with open(folder / "measurements.csv", newline="", encoding="utf-8-sig") as file:
        return {row["image"]: row for row in csv.DictReader(file)}


def compared(what, old, new):
    """Prints how two tables of values compare; returns the number of differences."""
    shared = old.keys() & new.keys()
    differ = sorted(key for key in shared if old[key] != new[key])
    only = len(old.keys() ^ new.keys())
    print(f"{what}: {len(shared) - len(differ)} of {len(shared)} the same" + (f", {only} only in one" if only else ""))
    for key in differ[:5]:
        values = [str(table[key])[:60] for table in (old, new)]
        print(f"  {key}: {values[0]} -> {values[1]}")
    return len(differ)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    old, new, data, *images = sys.argv[1:]
    data = Path(data)
    if not images:
        images = [sorted(path for path in folder.iterdir() if path.is_file())[0]
                  for folder in sorted(data.iterdir()) if folder.is_dir()]
    n_differ = 0
    with tempfile.TemporaryDirectory() as work:
        out = {program: Path(work) / name for program, name in ((old, "old"), (new, "new"))}
        for network, view in (("autoencoder", ["--depth", "2"]), ("classifier", [])):
            maps = {program: {} for program in out}
            for i, image in enumerate(images):
                for program, folder in out.items():
                    place = folder / f"{network}-{i}"
                    run(program, "lens", image, "--run", network, *view, "--maps", "npz", "--out", place)
                    maps[program].update({f"{image} {name}": array for name, array in arrays(place).items()})
            n_differ += compared(f"maps of {network}", maps[old], maps[new])
        cells = {}
        for program, folder in out.items():
            run(program, "measure", *images, "--out", folder / "measure")
            cells[program] = {f"{image} {column}": cell for image, row in rows(folder / "measure").items()
                              for column, cell in row.items()}
        n_differ += compared("cells of measurements.csv", cells[old], cells[new])
        for program, folder in out.items():
            run(program, "train", "autoencoder", data, "--out", folder / "run", *SMALL)
        weights = [folder / "run" / "network.safetensors" for folder in out.values()]
        same = filecmp.cmp(*weights, shallow=False)
        print(f"weights of a small training: {'the same' if same else 'differ'}")
        n_differ += not same
    sys.exit(1 if n_differ else 0)


if __name__ == "__main__":
    main()
