"""Labels by scikit-image with plain defaults: what one gets without this project, to stand beside its figures.

Usage: skimage_labels.py LABELS OUT [SET ...]

LABELS is what truth_labels.py wrote; only its images are read here, never its labels. For each method it writes
OUT/<method>/<set>/<name>.labels.tif:

  otsu    one threshold for the image (Otsu)
  local   threshold_local, Gaussian, window of an eighth of the shorter side (odd)

Both: slight smoothing (Gaussian, sigma 1), particles are the class that is in the minority on the image's border, opening
with a disk of radius 2, holes and objects under 20 px removed, then a watershed on the distance transform from
peak_local_max (min_distance 7, on the map smoothed with sigma 1) split what touches. Fibres are not split. Nothing is set per image or per
set. The local threshold compares with the Gaussian mean, and keeps what differs from it by more than a tenth of the range (1st to 99th
percentile): without an offset every flat background would be half foreground.
Rows that index.csv calls data bar are left out beforehand, for both methods, as the person in front of the image would do.
"""
import csv
import os
import sys

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_local, threshold_otsu
from skimage.morphology import disk
from skimage.segmentation import watershed


def minority_on_border(bright):
    border = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    return bright if border.mean() <= 0.5 else ~bright


def otsu(smooth):
    return minority_on_border(smooth > threshold_otsu(smooth))


def local(smooth):
    window = min(smooth.shape) // 8 | 1
    low, high = np.percentile(smooth, (1, 99))
    offset = (high - low) / 10
    level = threshold_local(smooth, window)
    # which of the two is the object is asked of the global threshold
    dark_objects = (smooth > threshold_otsu(smooth))[[0, -1]].mean() + (smooth > threshold_otsu(smooth))[:, [0, -1]].mean() > 1
    return smooth < level - offset if dark_objects else smooth > level + offset


def without_small(mask, least):
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return (sizes >= least)[labels]


def split(mask):
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1)
    labels, _ = ndimage.label(mask)
    peaks = peak_local_max(distance, min_distance=7, labels=labels, exclude_border=False)
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-distance, markers, mask=mask)


def main():
    folder, out, only = sys.argv[1], sys.argv[2], sys.argv[3:]
    with open(os.path.join(folder, "index.csv")) as file:
        rows = [row for row in csv.DictReader(file) if not only or row["set"] in only]
    for row in rows:
        pixels = np.asarray(Image.open(os.path.join(folder, row["set"], row["name"] + ".image.png"))).astype(float)
        height = int(row["ignore"].split(":")[0]) if ":" in row["ignore"] else pixels.shape[0]
        smooth = gaussian(pixels[:height], 1)
        for name, method in (("otsu", otsu), ("local", local)):
            mask = ndimage.binary_opening(method(smooth), disk(2))
            mask = without_small(mask, 20)
            mask = ~without_small(~mask, 20)
            labels = ndimage.label(mask)[0] if row["task"] == "fibres" else split(mask)
            whole = np.zeros(pixels.shape, np.uint16)
            whole[:height] = labels
            os.makedirs(os.path.join(out, name, row["set"]), exist_ok=True)
            tifffile.imwrite(os.path.join(out, name, row["set"], row["name"] + ".labels.tif"), whole, compression="zlib")


if __name__ == "__main__":
    main()
