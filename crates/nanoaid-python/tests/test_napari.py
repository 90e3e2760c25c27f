"""The plugin of napari: its manifest, layers with the pixel size, and what the widgets return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanoaid
from conftest import MAKERS, discs


def test_the_manifest_is_found_and_all_that_it_names_is_there() -> None:
    npe2 = pytest.importorskip("npe2")
    manifest = npe2.PluginManifest.from_distribution("nanoaid")
    manifest.validate_imports()
    assert [reader.command for reader in manifest.contributions.readers] == ["nanoaid.read"]
    assert len(manifest.contributions.widgets) == 3


def test_files_are_read_with_scale_and_unit() -> None:
    from nanoaid.napari._reader import reader_of

    path = str(MAKERS / "thermo_pfib.tif")
    read = reader_of(path)
    assert read is not None
    [(data, options, kind)] = read(path)
    size = nanoaid.read(path).pixel_size
    assert size is not None
    assert (kind, data.shape) == ("image", nanoaid.read(path).shape)
    assert options["scale"] == (size.height, size.value)
    assert options["units"] == ("nm", "nm")


def test_files_that_are_no_micrographs_are_left_to_other_plugins(tmp_path: Path) -> None:
    from nanoaid.napari._reader import reader_of

    (tmp_path / "a.tif").write_bytes(b"nothing")
    assert reader_of(str(tmp_path / "a.tif")) is None


@pytest.fixture
def layer() -> Any:
    layers = pytest.importorskip("napari.layers")
    return layers.Image(discs(), name="discs", scale=(2.5, 2.5), units=("nm", "nm"))


def test_the_scale_of_a_layer_is_the_pixel_size(layer: Any) -> None:
    from nanoaid.napari._widgets import micrograph_of

    micrograph = micrograph_of(layer)
    assert micrograph.pixel_size is not None
    assert micrograph.pixel_size.value == 2.5
    np.testing.assert_array_equal(micrograph.data, discs())


def test_labels_lie_over_the_image_and_have_a_row_each(layer: Any) -> None:
    pytest.importorskip("pandas")
    from napari.layers import Labels
    from nanoaid.napari import _widgets

    data, options, kind = _widgets.segment(layer)
    labels = Labels(data, **options)
    assert kind == "labels"
    np.testing.assert_array_equal(labels.scale, layer.scale)
    np.testing.assert_array_equal(labels.translate, layer.translate)
    assert list(labels.features["index"]) == list(range(1, data.max() + 1))


def test_maps_lie_where_they_were_computed(layer: Any) -> None:
    from napari.layers import Image
    from nanoaid.napari import _widgets

    data, options, _ = _widgets.lens(layer, layer="encoder.1")
    maps = Image(data, **options)
    stride = options["scale"][1] / 2.5
    assert data.shape[1] == 192 // stride
    # the first value of a map covers the first `stride` pixels: both begin at the same corner
    corner = np.array(maps.translate[1:]) - np.array(maps.scale[1:]) / 2
    np.testing.assert_allclose(corner, np.array(layer.translate) - np.array(layer.scale) / 2)


def test_what_was_measured_is_shown_and_kept(layer: Any) -> None:
    from nanoaid.napari import _widgets
    from napari.utils.notifications import notification_manager

    notification_manager.records.clear()
    _widgets.measure(layer, "count")
    shown = "\n".join(record.message for record in notification_manager.records)
    assert "mean particle diameter" in shown
    assert layer.metadata["nanoaid.measured"]["command"] == "measure"
