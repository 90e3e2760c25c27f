"""Puts the pictures that scripts/gallery.sh made side by side. Usage: gallery.py OUT DOCS. Needs Pillow."""
import glob, os, re, sys
from PIL import Image

out, docs = sys.argv[1:]
GAP = 4


def pictures(name):
    paths = [path for path in glob.glob(os.path.join(out, name, "*.png")) if os.path.basename(path) != "sheet.png"]
    paths = [path for path in paths if not re.search(r"_[1-9]\d*\.png$", path)]  # further members
    return sorted(paths, key=lambda path: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path)])


def grid(rows, side, name):
    rows = [[Image.open(path).convert("RGB").resize((side, side), Image.LANCZOS) for path in row] for row in rows]
    columns = max(map(len, rows))
    size = (columns * (side + GAP) - GAP, len(rows) * (side + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            sheet.paste(picture, (x * (side + GAP), y * (side + GAP)))
    sheet.save(os.path.join(docs, name), quality=72, optimize=True)


for name, rows in {
    "autoencoder": ["autoencoder-2", "autoencoder-3"],
    "classifier": ["classifier-4", "classifier-classes"],
    "squeezenet": ["squeezenet-3", "squeezenet-6"],
    "frozen": ["frozen-6", "frozen-classes"],
    "fine-tuned": ["fine-tuned-6", "fine-tuned-classes"],
    "random": ["random-6", "random-classes"],
}.items():
    grid([pictures(row)[:10] for row in rows], 88, f"gallery-{name}.jpg")
presets = ["chollet", "fast", "measure", "robust", "maco", "borowski"]
columns = [pictures(f"preset-{preset}") for preset in presets]
grid([list(row) for row in zip(*columns)], 128, "presets.jpg")
