"""Frozen SqueezeNet features with scikit-learn's logistic regression: a figure from outside to stand beside NanoAID's.

Usage: frozen_baseline.py INDEX.csv WEIGHTS.safetensors

INDEX.csv has the columns file, category, split (train, test); WEIGHTS.safetensors is the authors' SqueezeNet 1.0
(`conv1`, `fire2/conv1x1_1`, ...). Categories with fewer than 10 training images are left out. Whole images, data bars
included, resized to 227 x 227; the mean of the last fire module over the image is the feature.

Set-up, outside the project: python3 -m venv V && V/bin/pip install torch pillow safetensors scikit-learn
"""
import csv, os, sys
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def features(weights, x):
    def conv(x, name, **options):
        return F.relu(F.conv2d(x, weights[name + ".weight"], weights[name + ".bias"], **options))

    def pool(x):
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    x = pool(conv(x, "conv1", stride=2))
    for fire in range(2, 10):
        squeezed = conv(x, f"fire{fire}/conv1x1_1")
        x = torch.cat([conv(squeezed, f"fire{fire}/conv1x1_2"), conv(squeezed, f"fire{fire}/conv3x3_2", padding=1)], 1)
        if fire in (4, 8):
            x = pool(x)
    return x.mean((2, 3))[0].numpy()


def main():
    index, weights = sys.argv[1:3]
    rows = list(csv.DictReader(open(index, encoding="utf-8")))
    counts = {}
    for row in rows:
        counts[row["category"]] = counts.get(row["category"], 0) + (row["split"] == "train")
    rows = [row for row in rows if counts[row["category"]] >= 10]
    weights = load_file(weights)
    data = {"train": ([], []), "test": ([], [])}
    with torch.no_grad():
        for row in rows:
            grey = Image.open(os.path.join(os.path.dirname(index), row["file"])).convert("L").resize((227, 227), Image.BICUBIC)
            grey = torch.from_numpy(np.asarray(grey, dtype="float32"))
            x = torch.stack([grey - 104, grey - 117, grey - 123])[None]
            data[row["split"]][0].append(features(weights, x))
            data[row["split"]][1].append(row["category"])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=5000, class_weight="balanced"))
    model.fit(*data["train"])
    found = model.predict(data["test"][0])
    print(f"{len(data['train'][1])} training, {len(data['test'][1])} test images, {len(set(data['train'][1]))} categories")
    print(f"accuracy {accuracy_score(data['test'][1], found):.3f}, macro-F1 {f1_score(data['test'][1], found, average='macro'):.3f}")


if __name__ == "__main__":
    main()
