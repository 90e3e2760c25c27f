"""Puts the truth sets into one form: a grey image and a label image of the same size for each micrograph.

Usage: truth_labels.py SHARED OUT        SHARED holds data/truth, data/sem2 and data/sem

Writes OUT/<set>/<name>.image.png (the pixels as they are, colour turned to luma, never resized),
OUT/<set>/<name>.labels.tif (uint16, 0 = background) and OUT/index.csv. Needs numpy, pillow, scipy, scikit-image, tifffile.

Columns of index.csv:
  instance  yes: one id for each object. no: connected components (4-neighbours) of a mask that merges some touching objects.
  part      train, tune or judge. EMPS is halved by the SHA-256 of the name. Fibres follow the split of sem2, but see below.
  tier      A open licence; B for measuring only, never to train what ships.
  group     one specimen, article or source.
  ignore    rows at the foot of the image (as first:last, last not included) that are a data bar or invented; "border" where
            objects cut by the image's edge were left out of the truth.
  crumbs    components under 5 px that were dropped from a mask without ids.

Peculiarities, from looking at the outlines on the images:
  emps                 One id per particle, touching and overlapping ones apart, particles at the edge included. Two thirds
                       are transmission images (dark on bright). Letters, scale bars and now and then a whole data bar are in
                       the picture. Nearly every particle in sight has an outline, blurred, faint and 5 px ones too; of the
                       deeper layer of a heap only what can be told apart. Left out: debris, decorations sitting on a particle,
                       the faint remains beside one. Where particles overlap the front one gets the pixels, in transmission
                       images one of the two. Aggregates whose grains cannot be told apart are one particle. The outlines
                       are polygons, mostly just outside the edge. 5 to 179 per image; the shorter side is 512 px
                       (articles' figures brought to that size, so many are enlarged and smooth).
  ampis_powder         Polygons by hand, nearly every particle down to about 6 px; a particle and its satellites are one object
                       (satellites have polygons of their own in the source, not used). Overlaps below 0.2 % of the area: the
                       later polygon wins. Particles at the edge included. No data bar. One file says that the field is 1036
                       um wide, the others 103.6, with grains of the same size in them: a slip in one
                       or the other, so no pixel size is given.
  ampis_powder_reduced Two more fields of the same annotation whose images are here only as JPEG at two thirds of the size;
                       the polygons are scaled to them. Same specimen family as the above.
  ampis_spheroidite    Mask of carbides in steel, mostly apart, a few chains merged. Particles cut by the edge were removed from
                       the truth although they are plain to see ("border"), and the truth is somewhat larger than the bright
                       core. The lowest 1 to 4 rows of the image are black.
  nffa_particles_saemi Mask with 0 = particle. Thin background lines part most touching particles. The data bar was replaced in
                       the image by a mirrored copy of what lies above it (rows from 604 or 634 on), and the truth labels the
                       mirrored particles too: those rows are to be ignored. One image (0a7eff) labels only those in focus of a
                       charged heap; one (0c1e57) outlines overlapping crystals with gaps between.
  axondeepseg          Axons (dark, inside a bright ring of myelin), one component each; the myelin is not part of the object.
                       Small and blurred ones are included, fibres in oblique section partly not. Task "pores": dark in bright.
  bam_tio2             One-pixel lines (also diagonal ones: use 4-neighbours) part the touching particles, so each is a little
                       small. Grains in the depth of heaps and faint dark ones are partly left out; grown-together crystals are one
                       particle now and two then. Data bar from row 712. Pixel values are the palette's indices: all colours
                       in the palette are overlays, which occur in the bar only.
  microplastic_fibres  Mask of the area of all fibres, crossings merged: components are nets of fibres, not fibres. Thin fibrils and
                       fibres in the background are partly left out, and lines are drawn to about 2 px. noisy-54 to noisy-69
                       are squares of 900 px (left and right) cut out of pan-1 to pan-8 and brought to 512 px, so they
                       are no specimens of their own: `group` and `part` follow the field they come from. None of the clean
                       ones was found in a full field; they are the "tune" part here.
"""
import csv
import glob
import hashlib
import json
import os
import sys

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage
from skimage.draw import polygon2mask

CRUMB = 5
# where the squares of the fibre set were cut from: found by matching, correlation 0.98 or more
CUT_FROM = {f"noisy-{54 + 2 * field + side}": f"pan-{field + 1}" for field in range(8) for side in (0, 1)}


def grey(path):
    image = Image.open(path)
    if image.mode == "P":
        palette = np.asarray(image.getpalette()).reshape(-1, 3)
        pixels = np.asarray(image)
        body = pixels[: pixels.shape[0] * 9 // 10]
        used = np.unique(body)
        if (palette[used] == used[:, None]).all():  # grey apart from overlay colours in the data bar
            return pixels
        image = image.convert("RGB")
    if image.mode in ("LA",):
        image = image.getchannel("L")
    if image.mode in ("RGBA",):
        image = image.convert("RGB")
    if image.mode == "RGB":
        image = image.convert("L")
    pixels = np.asarray(image)
    assert pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16), (path, image.mode, pixels.dtype)
    return pixels


def components(mask):
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    keep = sizes >= CRUMB
    keep[0] = False
    new = np.zeros(count + 1, np.int64)
    new[keep] = np.arange(1, keep.sum() + 1)
    return new[labels], int(count - keep.sum())


def polygons(regions, shape, of):
    labels = np.zeros(shape, np.int64)
    for number, region in enumerate(regions, 1):
        outline = region["shape_attributes"]
        assert outline["name"] == "polygon"
        y = (np.asarray(outline["all_points_y"], float) + 0.5) * shape[0] / of[0] - 0.5
        x = (np.asarray(outline["all_points_x"], float) + 0.5) * shape[1] / of[1] - 0.5
        labels[polygon2mask(shape, np.c_[y, x])] = number
    used = np.unique(labels)
    return np.searchsorted(used, labels) if used[0] == 0 else np.searchsorted(np.r_[0, used], labels)


def mirrored_from(pixels):
    """The row from which an image repeats, upside down, what lies above it: 604 or 634 in this set."""
    p = pixels.astype(float)
    return min((604, 634), key=lambda r: np.abs(p[r : r + 24] - p[r - 24 : r][::-1]).mean())


def halves(name):
    return "tune" if hashlib.sha256(name.encode()).digest()[0] % 2 == 0 else "judge"


def main():
    shared, out = sys.argv[1:3]
    data = os.path.join(shared, "data")
    truth = os.path.join(data, "truth")
    rows = []

    def put(set_name, name, pixels, labels, task, instance, tier, nm, group, part, ignore="", crumbs=0):
        assert pixels.shape == labels.shape, (set_name, name, pixels.shape, labels.shape)
        assert labels.max() < 65536
        os.makedirs(os.path.join(out, set_name), exist_ok=True)
        Image.fromarray(pixels).save(os.path.join(out, set_name, name + ".image.png"))
        tifffile.imwrite(os.path.join(out, set_name, name + ".labels.tif"), labels.astype(np.uint16), compression="zlib")
        rows.append(dict(set=set_name, name=name, task=task, n_regions=len(np.unique(labels)) - (labels == 0).any(), instance=instance,
                         tier=tier, nm_per_px=nm, group=group, part=part, width=pixels.shape[1], height=pixels.shape[0],
                         ignore=ignore, crumbs=crumbs))

    for path in sorted(glob.glob(os.path.join(truth, "emps", "*-mask.png"))):
        name = os.path.basename(path)[: -len("-mask.png")]
        labels = np.asarray(Image.open(path)).astype(np.int64)
        labels = np.searchsorted(np.unique(np.r_[0, labels.ravel()]), labels)
        put("emps", name, grey(path.replace("-mask", "")), labels, "particles", "yes", "B", "", name, halves(name))

    for part in ("training", "validation"):
        with open(os.path.join(truth, "ampis_powder", f"via_powder_particle_masks_{part}.json")) as file:
            project = json.load(file)["_via_img_metadata"]
        for entry in project.values():
            name = entry["filename"].rsplit(".", 1)[0]
            path = os.path.join(truth, "ampis_powder", entry["filename"])
            set_name = "ampis_powder"
            if not os.path.exists(path):
                path = os.path.join(data, "sem", "powder", "rccohn__" + name.lower().replace("_", "-") + ".jpg")
                set_name = "ampis_powder_reduced"
                if not os.path.exists(path):
                    continue
            pixels = grey(path)
            labels = polygons(entry["regions"], pixels.shape, (1024, 1536))
            put(set_name, name, pixels, labels, "particles", "yes", "A", "", "ampis-powder-" + name[:3], "judge")

    for path in sorted(glob.glob(os.path.join(truth, "ampis_spheroidite", "*-mask.png"))):
        name = os.path.basename(path)[: -len("-mask.png")]
        labels, crumbs = components(grey(path) > 127)
        pixels = grey(os.path.join(data, "sem2", "other", f"ampis__{name}.png"))
        part = "train" if name.startswith("train-") else "tune"
        put("ampis_spheroidite", name, pixels, labels, "particles", "no", "A", "", "ampis-spheroidite", part, "border", crumbs)

    for path in sorted(glob.glob(os.path.join(truth, "nffa_particles_saemi", "*-mask.png"))):
        name = os.path.basename(path)[: -len("-mask.png")]
        labels, crumbs = components(grey(path) == 0)
        pixels = grey(path.replace("-mask.png", ".jpg"))
        put("nffa_particles_saemi", name, pixels, labels, "particles", "no" if "0c1e5766" in name else "yes", "A", "", name, "judge",
            f"{mirrored_from(pixels)}:{pixels.shape[0]}", crumbs)

    for path in sorted(glob.glob(os.path.join(truth, "axondeepseg", "*_SEM.png"))):
        name = os.path.basename(path)[: -len(".png")]
        facts = path.replace(".png", ".json")
        facts = facts if os.path.exists(facts) else os.path.join(truth, "axondeepseg", name.split("_")[0] + "_SEM.json")
        with open(facts) as file:
            facts = json.load(file)
        assert facts["PixelSizeUnits"] == "um"
        labels, crumbs = components(grey(path.replace(".png", "_seg-axon-manual.png")) > 127)
        put("axondeepseg", name, grey(path), labels, "pores", "yes", "A", 1000 * facts["PixelSize"][0], name.split("_")[0], "judge", "",
            crumbs)

    for path in sorted(glob.glob(os.path.join(truth, "bam_tio2", "*_m.tif"))):
        name = os.path.basename(path)[: -len("_m.tif")]
        source = path.replace("_m.tif", ".tif")
        with tifffile.TiffFile(source) as file:
            nm = file.sem_metadata["ap_image_pixel_size"]
        assert nm[2] == "nm"
        labels, crumbs = components(np.asarray(Image.open(path)) > 127)
        put("bam_tio2", name, grey(source), labels, "particles", "yes", "B", nm[1], "bam-tio2", "judge", "712:768", crumbs)

    with open(os.path.join(data, "sem2", "index.csv")) as file:
        groups = {os.path.basename(row["file"]): (row["group"], row["split"]) for row in csv.DictReader(file)}
    parts = {"train": "train", "validation": "tune", "test": "judge"}
    for path in sorted(glob.glob(os.path.join(truth, "microplastic_fibres", "*-mask.*"))):
        name = os.path.basename(path).split("-mask")[0]
        image = next(f for f in (f"microplastic__{name}.png", f"microplastic__{name}-image.png") if f in groups)
        group, split = groups[image]
        if name in CUT_FROM:
            group, split = groups[f"microplastic__{CUT_FROM[name]}-image.png"]
        part = "tune" if name.startswith("clean") else parts[split]
        labels, crumbs = components(grey(path) > 127)
        put("microplastic_fibres", name, grey(os.path.join(data, "sem2", "fibres", image)), labels, "fibres", "no", "A", "", group,
            part, "", crumbs)

    with open(os.path.join(out, "index.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for set_name in dict.fromkeys(row["set"] for row in rows):
        these = [row for row in rows if row["set"] == set_name]
        print(set_name, len(these), "images", sum(row["n_regions"] for row in these), "regions", sum(row["crumbs"] for row in these), "crumbs")


if __name__ == "__main__":
    main()
