"""Scores label images against the truth: a second implementation, to check the project's own figures with.

Usage: segmentation_scores.py TRUTH PREDICTED [--csv FILE] [--set NAME ...] [--part NAME] [--iou 0.5] [--least PX]
                              [--ignore-border] [--no-ignore]

TRUTH is what truth_labels.py wrote; PREDICTED holds <set>/<name>.labels.tif (0 = background, any ids). Needs numpy, tifffile.

A truth region and a predicted one match where their IoU is at least --iou, one to one, the best pairs first. Then:
  f1, precision, recall    from the matches
  iou                      mean IoU of the matched
  count_error, count_bias  |predicted - true| / true and (predicted - true) / true
  d_bias, d_rmse           relative difference of equivalent diameters over the matched, mean and root mean square; *_px in pixels
  d50_error                |median diameter of all predicted / of all true - 1|, no matching
  pixel_iou                IoU of object against background
A figure that does not exist for an image (no match: no diameter) is left out of the means, never set to 0; f1 is 0 there.

Ignored, so that neither found nor missing counts: rows that TRUTH/index.csv calls no picture (cut off both images before
anything else); where it says "border", or everywhere with --ignore-border, regions that touch the edge; with --least,
regions of less than that equivalent diameter. A region that is not ignored but matches an ignored one is not counted either.
"""
import argparse
import csv
import os

import numpy as np
import tifffile

FIGURES = ["f1", "precision", "recall", "iou", "count_error", "count_bias", "d_bias", "d_rmse", "d_bias_px", "d_rmse_px", "d50_error",
           "pixel_iou"]


def compact(labels):
    ids, index = np.unique(labels, return_inverse=True)
    index = index.reshape(labels.shape)
    return index if ids[0] == 0 else index + 1


def pairs(truth, predicted, least_iou):
    """Matched (truth id, predicted id, IoU), one to one."""
    n = predicted.max() + 1
    joint = np.bincount((truth * n + predicted).ravel(), minlength=(truth.max() + 1) * n).reshape(-1, n)
    t, p = np.nonzero(joint[1:, 1:])
    t, p = t + 1, p + 1
    both = joint[t, p]
    iou = both / (joint.sum(1)[t] + joint.sum(0)[p] - both)
    taken_t, taken_p, out = set(), set(), []
    for k in np.lexsort((p, t, -iou)):
        if iou[k] < least_iou:
            break
        if t[k] not in taken_t and p[k] not in taken_p:
            taken_t.add(t[k])
            taken_p.add(p[k])
            out.append((t[k], p[k], iou[k]))
    return out


def ignored(labels, border, least):
    areas = np.bincount(labels.ravel())
    skip = np.sqrt(4 * areas / np.pi) < least
    if border:
        skip[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = True
    skip[0] = True
    return skip, areas


def score(truth, predicted, least_iou=0.5, border=False, least=0.0):
    truth, predicted = compact(truth), compact(predicted)
    skip_t, area_t = ignored(truth, border, least)
    skip_p, area_p = ignored(predicted, border, least)
    good, drop_t, drop_p = [], skip_t.copy(), skip_p.copy()
    for t, p, iou in pairs(truth, predicted, least_iou):
        if skip_t[t] or skip_p[p]:
            drop_t[t] = drop_p[p] = True
        else:
            good.append((t, p, iou))
    n_t, n_p, n = int((~drop_t).sum()), int((~drop_p).sum()), len(good)
    nan = float("nan")
    out = dict(n_true=n_t, n_predicted=n_p, n_matched=n)
    out["precision"] = n / n_p if n_p else nan
    out["recall"] = n / n_t if n_t else nan
    out["f1"] = 2 * n / (n_t + n_p) if n_t + n_p else nan
    out["iou"] = float(np.mean([iou for _, _, iou in good])) if good else nan
    out["count_bias"] = (n_p - n_t) / n_t if n_t else nan
    out["count_error"] = abs(out["count_bias"])
    d_t, d_p = np.sqrt(4 * area_t / np.pi), np.sqrt(4 * area_p / np.pi)
    if good:
        a, b = d_t[[t for t, _, _ in good]], d_p[[p for _, p, _ in good]]
        out["d_bias"], out["d_rmse"] = float(np.mean(b / a - 1)), float(np.sqrt(np.mean((b / a - 1) ** 2)))
        out["d_bias_px"], out["d_rmse_px"] = float(np.mean(b - a)), float(np.sqrt(np.mean((b - a) ** 2)))
    else:
        out.update(d_bias=nan, d_rmse=nan, d_bias_px=nan, d_rmse_px=nan)
    out["d50_error"] = abs(float(np.median(d_p[~drop_p]) / np.median(d_t[~drop_t])) - 1) if n_t and n_p else nan
    union = ((truth > 0) | (predicted > 0)).sum()
    out["pixel_iou"] = float(((truth > 0) & (predicted > 0)).sum() / union) if union else nan
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth")
    parser.add_argument("predicted")
    parser.add_argument("--csv")
    parser.add_argument("--set", nargs="*")
    parser.add_argument("--part")
    parser.add_argument("--iou", type=float, default=0.5)
    parser.add_argument("--least", type=float, default=0.0)
    parser.add_argument("--ignore-border", action="store_true")
    parser.add_argument("--no-ignore", action="store_true")
    options = parser.parse_args()
    with open(os.path.join(options.truth, "index.csv")) as file:
        index = [row for row in csv.DictReader(file) if (not options.set or row["set"] in options.set) and
                 (not options.part or row["part"] == options.part)]
    rows, missing = [], []
    for row in index:
        path = os.path.join(options.predicted, row["set"], row["name"] + ".labels.tif")
        if not os.path.exists(path):
            missing.append(f"{row['set']}/{row['name']}")
            continue
        truth = tifffile.imread(os.path.join(options.truth, row["set"], row["name"] + ".labels.tif"))
        predicted = tifffile.imread(path)
        if truth.shape != predicted.shape:
            raise SystemExit(f"{path}: {predicted.shape}, the truth is {truth.shape}")
        ignore = "" if options.no_ignore else row["ignore"]
        height = int(ignore.split(":")[0]) if ":" in ignore else truth.shape[0]
        figures = score(truth[:height].astype(np.int64), predicted[:height].astype(np.int64), options.iou,
                        options.ignore_border or ignore == "border", options.least)
        rows.append(dict(set=row["set"], name=row["name"], part=row["part"], **figures))
    if not rows:
        raise SystemExit("nothing to score")
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({k: f"{v:.6f}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    print("set,images,true,predicted,statistic," + ",".join(FIGURES))
    groups = {}
    for row in rows:
        groups.setdefault(row["set"], []).append(row)
        if row["set"] == "emps":
            groups.setdefault("emps:" + row["part"], []).append(row)
    for name, these in groups.items():
        for statistic, of in (("median", np.median), ("p90", lambda v: np.percentile(v, 90)), ("mean", np.mean)):
            cells = []
            for figure in FIGURES:
                values = [row[figure] for row in these if not np.isnan(row[figure])]
                cells.append(f"{of(values):.3f}" if values else "")
            print(f"{name},{len(these)},{sum(r['n_true'] for r in these)},{sum(r['n_predicted'] for r in these)},{statistic}," + ",".join(cells))
    if missing:
        print(f"{len(missing)} without a prediction: " + " ".join(missing[:10]))


if __name__ == "__main__":
    main()
