#!/usr/bin/env python3
"""How well a classifier's confidence separates micrographs of its classes from images of something else.

    nanoaid classify --run RUN OTHER… --json > other.json
    scripts/none_of_the_ten.py RUN other.json

Compares the largest probability that the classifier gives the test micrographs of RUN, and those that RUN never learnt from,
with that of the images in other.json, which show none of its classes: the area under the ROC curve (1: every image of
something else has a lower one; 0.5: no difference). Needs Python 3.9 without further packages.
"""

import json
import sys
from pathlib import Path


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    report = json.loads((Path(sys.argv[1]) / "result.json").read_text(encoding="utf-8"))["report"]
    own = [max(image["probabilities"]) for image in report["images"]]
    answers = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    other = [answer["probabilities"][0]["probability"] for answer in answers]
    wins = sum((a > b) + 0.5 * (a == b) for a in own for b in other)
    sure = sum(confidence >= 0.5 for confidence in other)
    print(f"{len(own)} micrographs of its classes, {len(other)} images of something else")
    print(f"AUROC of the confidence: {wins / len(own) / len(other):.2f}")
    print(f"named with at least 50 % although none of its classes: {sure} of {len(other)}")


if __name__ == "__main__":
    main()
