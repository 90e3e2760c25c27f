"""What tifffile takes for the size of a pixel in each file of a folder with its sizes.csv: the largest relative error."""

import csv
import pathlib
import sys

import tifffile

NM = {"nm": 1.0, "µm": 1e3, "um": 1e3, "micron": 1e3, "\\u00B5m": 1e3, "mm": 1e6}

folder = pathlib.Path(sys.argv[1])
worst = 0.0
with open(folder / "sizes.csv", encoding="utf-8") as table:
    rows = list(csv.DictReader(table))
for row in rows:
    with tifffile.TiffFile(folder / row["file"]) as tiff:
        nm = NM[tiff.imagej_metadata["unit"]]
        tags = tiff.pages[0].tags
        for name, told in (("XResolution", "nm_per_px_x"), ("YResolution", "nm_per_px_y")):
            pixels, units = tags[name].value
            worst = max(worst, abs(units / pixels * nm / float(row[told]) - 1.0))
print(f"tifffile {tifffile.__version__}: {len(rows)} files, largest relative error {worst:.1e}")
sys.exit(0 if len(rows) == 100 and worst <= 1e-6 else 1)
