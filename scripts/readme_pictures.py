"""Makes the three pictures of the README from what the program wrote.

    nanoaid demo --out DEMO
    nanoaid measure DEMO/micrograph.jpg --out MEASURED
    python3 scripts/readme_pictures.py DEMO MEASURED docs      # needs Pillow
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, GAP, LETTERS = 772, 8, 13
NAMES = {"films_coated_surface": "films, coatings", "mems_devices_and_electrodes": "micromachines"}


def fitted(picture, width, height):
    return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def labelled(cells, columns, side, font):
    """Cells of (picture, label) in rows, the label below each."""
    width, height = side
    rows = -(-len(cells) // columns)
    below = LETTERS + 8
    size = (columns * width + (columns - 1) * GAP, rows * (height + below) + (rows - 1) * GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for index, (picture, label) in enumerate(cells):
        x = index % columns * (width + GAP)
        y = index // columns * (height + below + GAP)
        sheet.paste(fitted(picture, width, height), (x, y))
        draw.text((x, y + height + 3), label, fill=(40, 44, 50), font=font)
    return sheet


def main(demo, measured, out):
    font = ImageFont.load_default(LETTERS)
    classes = sorted(demo.joinpath("classes").glob("*.png"))
    cells = [(Image.open(path), NAMES.get(path.stem, path.stem.replace("_", " "))) for path in classes]
    side = (WIDTH - 4 * GAP) // 5
    save(labelled(cells, 5, (side, side), font), out / "classes.jpg")

    overlay = Image.open(measured / "micrograph.png")
    save(fitted(overlay, WIDTH, round(overlay.height * WIDTH / overlay.width)), out / "measure.jpg")

    layer = "encoder.2"
    maps = sorted(path for path in demo.glob(f"{layer}.*.png") if path.stem != f"{layer}.false-color")[:4]
    color = Image.open(demo / f"{layer}.false-color.png")
    height = round(color.height * 0.62 * WIDTH / color.width)
    sheet = Image.new("RGB", (WIDTH, height), "white")
    sheet.paste(fitted(color, round(0.62 * WIDTH), height), (0, 0))
    left = round(0.62 * WIDTH) + GAP
    width, half = (WIDTH - left - GAP) // 2, (height - GAP) // 2
    for index, path in enumerate(maps):
        spot = (left + index % 2 * (width + GAP), index // 2 * (half + GAP))
        picture = Image.open(path)
        # the middle of the map, undistorted
        wanted = min(picture.width, round(picture.height * width / half))
        x = (picture.width - wanted) // 2
        sheet.paste(fitted(picture.crop((x, 0, x + wanted, picture.height)), width, half), spot)
    save(sheet, out / "lens.jpg")


def save(picture, path):
    picture.save(path, quality=80, optimize=True)
    print(f"{path}: {path.stat().st_size} bytes")


main(*map(Path, sys.argv[1:4]))
