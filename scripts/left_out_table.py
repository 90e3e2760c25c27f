#!/usr/bin/env python3
"""The tables of docs/results.md on laboratories left out, from a run of scripts/frozen-classifier.sh.

    scripts/left_out_table.py RUN

Needs Python 3.9 without further packages.
"""

import json
import sys
from pathlib import Path


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    result = json.loads((Path(sys.argv[1]) / "result.json").read_text(encoding="utf-8"))
    all_left_out, further = result["left_out"], result["report"]

    def row(name, report, figure):
        value, interval = report[figure]["value"], report[figure]["interval"]
        print(f"| {name} | {report['n_images']} | {value:.1%} | {interval['low']:.0%} to {interval['high']:.0%} |")

    print(f"{all_left_out['n_groups']} laboratories, {further['n_groups']} of them never learnt from\n")
    row("accuracy, all laboratories left out", all_left_out, "accuracy")
    row("balanced accuracy", all_left_out, "balanced_accuracy")
    row("accuracy on the further laboratories", further, "accuracy")
    for least in [0.5, 0.6]:
        kept = [image for image in further["images"] if max(image["probabilities"]) >= least]
        right = sum(image["category"] == image["predicted"] for image in kept)
        print(f"| of these, answered with at least {least:.0%} | {len(kept)} | {right / max(len(kept), 1):.0%} right | |")
    calibration = further["calibration"]
    for name in ["before", "after"]:
        if calibration.get(name):
            error = calibration[name]
            print(f"| calibration error {name} the temperature | {further['n_images']} | {error['ece']:.3f}, {error['ece_if_honest']:.3f} if it were honest | |")
    print()
    for place, (name, counts) in enumerate(zip(all_left_out["classes"], all_left_out["confusion"])):
        print(f"| {name.replace('_', ' ')} | {counts[place]} of {sum(counts)} |")


if __name__ == "__main__":
    main()
