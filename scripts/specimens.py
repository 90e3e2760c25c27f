"""Puts the views that scripts/specimens.sh made side by side. Usage: specimens.py OUT DOCS FILE… Needs Pillow.

A row for each micrograph: its middle at its own resolution, then all maps of the layers encoder.1 to encoder.3 as colors.
"""
import os, sys
from PIL import Image

out, docs, *files = sys.argv[1:]
# px of the micrograph that are cut out, their size in the picture, the gap between pictures
CUT, SIDE, GAP, ROWS = 384, 256, 4, 4
PARTS = ["micrograph.jpg", "encoder.1.false-color.jpg", "encoder.2.false-color.jpg", "encoder.3.false-color.jpg"]


def middle(path, size):
    picture = Image.open(path).convert("RGB").resize(size, Image.BICUBIC)
    cut = min(CUT, *size)
    left, top = (size[0] - cut) // 2, (size[1] - cut) // 2
    return picture.crop((left, top, left + cut, top + cut)).resize((SIDE, SIDE), Image.LANCZOS)


for part, first in enumerate(range(0, len(files), ROWS), start=1):
    names = [os.path.splitext(os.path.basename(file))[0] for file in files[first : first + ROWS]]
    sheet = Image.new("RGB", (len(PARTS) * (SIDE + GAP) - GAP, len(names) * (SIDE + GAP) - GAP), "white")
    for y, name in enumerate(names):
        size = Image.open(os.path.join(out, name, PARTS[0])).size
        for x, picture in enumerate(PARTS):
            sheet.paste(middle(os.path.join(out, name, picture), size), (x * (SIDE + GAP), y * (SIDE + GAP)))
    sheet.save(os.path.join(docs, f"specimens-{part}.jpg"), quality=68, optimize=True)
