#!/usr/bin/env python3
"""How often a classifier is right on micrographs of each source, for sources that it had not learnt from.

    scripts/classifier_elsewhere.py DATA [RUN]

DATA is a folder with an `index.csv` whose files are called `category/source__name`; the category `other`, which is none of
the classifier's, is left out. RUN is a run folder, by default the built-in classifier. NANOAID is the program, by default
`nanoaid` on the PATH. Needs Python 3.9 without further packages.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    data = Path(sys.argv[1])
    run = sys.argv[2] if len(sys.argv) == 3 else "classifier"
    with open(data / "index.csv", newline="", encoding="utf-8-sig") as file:
        truth = {row["file"]: row["category"] for row in csv.DictReader(file) if row["category"] != "other"}
    with tempfile.TemporaryDirectory() as work:
        table = Path(work) / "classes.csv"
        program = os.environ.get("NANOAID", "nanoaid")
        images = [str(data / name) for name in truth]
        done = subprocess.run([program, "classify", *images, "--run", run, "--abstain-below", "0", "--csv", str(table)],
                              stdout=subprocess.DEVNULL)
        if done.returncode not in (0, 3):  # 3: some images were skipped
            sys.exit(done.returncode)
        with open(table, newline="", encoding="utf-8-sig") as file:
            answers = {str(Path(row["file"]).relative_to(data)): row["class"] for row in csv.DictReader(file)}
    n, right = Counter(), Counter()
    for name, answer in answers.items():
        source = Path(name).name.split("__")[0]
        n[source] += 1
        right[source] += answer == truth[name]
    for source, count in n.most_common():
        print(f"{source:<40}{right[source]:>4} of {count}")
    print(f"{'all':<40}{sum(right.values()):>4} of {sum(n.values())}")


if __name__ == "__main__":
    main()
