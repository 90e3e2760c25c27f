#!/usr/bin/env python3
"""How many micrographs of each repository the built-in networks learnt from: the table in NOTICE.

    scripts/sources_table.py DATA AUTOENCODER_RUN CLASSIFIER_RUN

DATA holds sem/ and sem2/ with their index.csv and SOURCES.md; the runs were trained on the index of scripts/laboratories.py.
"learnt" counts the training and validation parts. Needs Python 3.9 without further packages.
"""

import collections
import csv
import re
import sys
from pathlib import Path


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data, runs = Path(sys.argv[1]), sys.argv[2:]
    known = {}
    for match in re.finditer(r"^\| (\S+/\S+) \| `(\w+)` \|", (data / "SOURCES.md").read_text(encoding="utf-8"), re.M):
        known.setdefault(match[1], match[2][:12])
    source = {}
    for folder in ["sem", "sem2"]:
        with open(data / folder / "index.csv", newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                repository = row.get("source_repo") or row["source"].split("@")[0]
                licence = re.match(r"MIT|Apache-2.0|GPL-3.0|CC-BY-4.0", row["licence"])
                source[f"{folder}/{row['file']}"] = (repository, licence and licence[0])
    counts = collections.defaultdict(lambda: [0] * len(runs))
    for index, run in enumerate(runs):
        with open(Path(run) / "split.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["split"] != "test" and row["file"] in source:
                    counts[source[row["file"]]][index] += 1
    print(f"{'repository (github.com)':52} {'commit':12}  {'licence':10} {'autoenc.':>8} {'class.':>6}")
    for (repository, licence), numbers in sorted(counts.items(), key=lambda entry: entry[0][0].lower()):
        print(f"{repository:52} {known.get(repository, '?'):12}  {licence or '?':10} {numbers[0]:8} {numbers[1]:6}")
    total = [sum(numbers[index] for numbers in counts.values()) for index in range(len(runs))]
    print(f"{'in all':52} {'':12}  {'':10} {total[0]:8} {total[1]:6}")


if __name__ == "__main__":
    main()
