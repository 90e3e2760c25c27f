#!/usr/bin/env python3
"""One index of both gatherings of micrographs, with the laboratory of each as its group.

    scripts/laboratories.py DATA > INDEX

DATA holds sem/ and sem2/ with their index.csv. The laboratory is the repository that a micrograph comes from; for figures
that were cut out of preprints, it is the preprint. Openly licensed micrographs (tier A) are the training split, all others
the test split. Needs Python 3.9 without further packages.
"""

import csv
import re
import sys
from pathlib import Path

OPEN = re.compile("MIT|Apache|GPL|CC-BY-4.0")


def laboratory(file, repository):
    preprint = re.match(r"tldr-group__(.*?)(-v\d+)?-fig", Path(file).name)
    return f"preprint {preprint[1]}" if preprint else repository


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["file", "category", "group", "split", "licence"])
    for folder in ["sem", "sem2"]:
        with open(Path(sys.argv[1]) / folder / "index.csv", newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                repository = row.get("source_repo") or row["source"].split("@")[0]
                tier = row.get("tier") or ("A" if OPEN.match(row["licence"]) else "B")
                out.writerow([
                    f"{folder}/{row['file']}",
                    row["category"],
                    laboratory(row["file"], repository),
                    "train" if tier == "A" else "test",
                    row["licence"],
                ])


if __name__ == "__main__":
    main()
