"""Whether other programs read the files of regions with the same areas.

    python3 -m venv VENV && VENV/bin/pip install roifile pycocotools tifffile shapely numpy
    cargo run --release -p micrograph --example region_files -- OUT
    VENV/bin/python scripts/regions_by_others.py OUT

tifffile reads the label image and its pixel size, roifile the ROI set, pycocotools the COCO file, shapely the polygons
of GeoJSON, which must be valid by the rules of the Open Geospatial Consortium. All areas must be those of regions.json;
pycocotools rasterizes polygons in its own way, so that its areas may differ where it rounds: the largest difference is
printed, and may be at most 1 %. Ends with 1 if something differs.
"""

import contextlib
import io
import json
import pathlib
import sys

import numpy as np
import roifile
import shapely
import tifffile
from pycocotools.coco import COCO

NM_PER_PX = 2.5


def shoelace(ring):
    x, y = np.asarray(ring, dtype=float).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def main(folder):
    regions = json.loads((folder / "regions.json").read_text())
    areas = np.array([region["area_px"] for region in regions])
    faults = []

    def check(name, found, tolerance=0.0):
        found = np.asarray(found, dtype=float)
        if len(found) != len(areas):
            faults.append(f"{name}: {len(found)} regions, expected {len(areas)}")
            return
        worst = np.max(np.abs(found / areas - 1))
        print(f"{name}: {len(found)} regions, largest difference of an area {worst:.2e}")
        if worst > tolerance:
            at = int(np.argmax(np.abs(found / areas - 1)))
            faults.append(f"{name}: region {at + 1} has {found[at]} px, expected {areas[at]}")

    with tifffile.TiffFile(folder / "labels.tif") as tiff:
        labels = tiff.asarray()
        pixels, units = tiff.pages[0].tags["XResolution"].value
        unit = tiff.imagej_metadata["unit"]
    if unit != "nm" or abs(units / pixels - NM_PER_PX) > 1e-6:
        faults.append(f"tifffile: pixels of {units / pixels} {unit}, expected {NM_PER_PX} nm")
    check(f"tifffile {tifffile.__version__}, {labels.dtype}", np.bincount(labels.ravel())[1:])

    rois = roifile.roiread(folder / "rois.zip")
    check(
        f"roifile {roifile.__version__}",
        [sum(shoelace(path) for path in roi.coordinates(multi=True)) for roi in rois],
    )
    names = [f"region-{region['label']:05}" for region in regions]
    if [roi.name for roi in rois] != names:
        faults.append(f"roifile: names {[roi.name for roi in rois][:3]}, expected {names[:3]}")

    features = json.loads((folder / "regions.geojson").read_text())["features"]
    polygons = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    invalid = [polygon for polygon in polygons if not polygon.is_valid]
    if invalid:
        faults.append(f"shapely: {len(invalid)} polygons are not valid: {shapely.is_valid_reason(invalid[0])}")
    check(f"shapely {shapely.__version__}", [polygon.area for polygon in polygons])

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(folder / "coco.json")
    annotations = coco.loadAnns(coco.getAnnIds())
    masks = (coco.annToMask(annotation) for annotation in annotations)
    check("pycocotools, own rasterizing", [mask.sum() for mask in masks], tolerance=0.01)
    same = [
        (coco.annToMask(annotation) != (labels == annotation["id"])).sum() for annotation in annotations[:40]
    ]
    print(f"pycocotools: {max(same)} pixels of a mask differ at most, of the first 40 regions")

    for fault in faults:
        print(f"DIFFERENT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
