"""Widgets: what the package computes, as layers over the image. napari makes the forms from the signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import nanoaid
from nanoaid.napari._reader import KEY, placed

if TYPE_CHECKING:
    import napari.layers
    import napari.types

_NANOMETRES = {"nanometer": 1.0, "nm": 1.0, "micrometer": 1e3, "um": 1e3, "µm": 1e3, "picometer": 1e-3}


def micrograph_of(image: napari.layers.Image) -> nanoaid.Micrograph:
    """The micrograph that `image` was read from, or one of its values with the layer's scale."""
    read = image.metadata.get(KEY)
    if isinstance(read, nanoaid.Micrograph) and image.data is read.data:
        return read
    factors = [_NANOMETRES.get(str(unit)) for unit in image.units]
    sizes = [None if factor is None else abs(step) * factor for step, factor in zip(image.scale, factors, strict=True)]
    known = sizes[-1] is not None and sizes[-1] == sizes[-2]
    return nanoaid.from_array(image.data, nm_per_px=sizes[-1] if known else None, name=f"{image.name}.npy")


def segment(
    image: napari.layers.Image,
    what: Literal["particles", "fibres", "pores"] = "particles",
    threshold: float = 0.35,
    separation: float = 0.2,
    least_confidence: float = 0.7,
    min_size_px: float = 4.0,
) -> napari.types.LayerDataTuple:
    """Outlines objects: a labels layer, with a row of features for each."""
    micrograph = micrograph_of(image)
    found = nanoaid.segment(
        micrograph,
        what,
        threshold=threshold,
        separation=separation,
        least_confidence=least_confidence,
        min_size_px=min_size_px,
    )
    features = found.to_pandas()
    features.insert(0, "index", features["region"])  # by which napari finds the row of a label
    options = {"name": f"{image.name}: {what}", "features": features, "metadata": {"record": found.to_dict()}}
    return cast("napari.types.LayerDataTuple", (found.labels, options | placed(micrograph), "labels"))


def measure(
    image: napari.layers.Image,
    what: Literal["by the evidence", "pitch", "lattice", "orientation", "count", "fibres"] = "by the evidence",
) -> None:
    """Measures: shows the numbers with their intervals, and keeps the record in the layer's metadata."""
    from napari.utils.notifications import show_info

    found = nanoaid.measure(micrograph_of(image), () if what == "by the evidence" else what)
    image.metadata[f"{KEY}.measured"] = found.to_dict()
    refused = [f"{refusal['task']}: {refusal['reason']}" for refusal in found.refused]
    show_info("\n".join([*found.texts, *refused]))


def lens(
    image: napari.layers.Image,
    network: str = "autoencoder",
    layer: str = "encoder.2",
) -> napari.types.LayerDataTuple:
    """Looks through a layer of a network: its maps as a stack, the strongest first, each where it lies on the image."""
    micrograph = micrograph_of(image)
    found = nanoaid.lens(micrograph, network, layer=layer)
    over = placed(micrograph, found.stride)
    stacked = {
        "scale": (1.0, *over["scale"]),
        "translate": (0.0, *over["translate"]),
        "units": ("pixel", *over["units"]),
    }
    options = {"name": f"{image.name}: {found.layer}", "colormap": "viridis", "metadata": {"record": found.to_dict()}}
    return cast("napari.types.LayerDataTuple", (found.maps[found.ranking], options | stacked, "image"))
