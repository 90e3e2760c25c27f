"""Micrographs: values, pixel sizes, arrays there and back."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import nanoaid
from conftest import DEMO, MAKERS, discs


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32", "float64", ">u2", "bool"])
def test_an_array_comes_back_with_its_values(kind: str) -> None:
    array = (discs(40, 60) > 100).astype(kind) if kind == "bool" else discs(40, 60).astype(kind)
    data = nanoaid.from_array(array).data
    assert data.dtype == np.float32
    assert data.flags.c_contiguous
    np.testing.assert_array_equal(data, array.astype(np.float32))


def test_views_that_are_not_contiguous_are_read_as_they_look() -> None:
    array = discs(40, 60)
    for view in (array.T, array[::2, ::-3], np.asfortranarray(array)):
        np.testing.assert_array_equal(nanoaid.from_array(view).data, view)


def test_data_cannot_be_changed_behind_the_back_of_results() -> None:
    with pytest.raises(ValueError, match="read-only"):
        nanoaid.from_array(discs(40, 60)).data[0, 0] = 1


def test_a_micrograph_is_an_array_to_numpy() -> None:
    micrograph = nanoaid.from_array(discs(40, 60))
    assert np.asarray(micrograph).shape == (40, 60)
    assert np.asarray(micrograph, dtype=np.float64).dtype == np.float64
    np.testing.assert_allclose(np.mean(micrograph), discs(40, 60).mean(), rtol=1e-6)


def test_the_pixel_size_of_a_file_has_its_source() -> None:
    size = nanoaid.read(MAKERS / "thermo_pfib.tif").pixel_size
    assert size is not None
    assert round(size.value) == 98
    assert (size.source, size.unit) == ("vendor", "nm")
    assert size.key is not None
    assert float(size) == size.value


def test_a_file_without_calibration_has_no_pixel_size_unless_one_is_given() -> None:
    assert nanoaid.read(DEMO).pixel_size is None
    given = nanoaid.read(DEMO, nm_per_px=12.5).pixel_size
    assert given == nanoaid.PixelSize(12.5, 12.5, "typed", None, None)


def test_the_data_bar_is_left_out_of_the_specimen() -> None:
    bar = np.zeros((24, 256), np.uint8)
    letters = np.random.default_rng(3).random((9, 40)) > 0.5
    bar[8:17, 20:180] = 255 * np.repeat(letters, 4, axis=1)
    array = np.vstack([discs(), bar])
    found = nanoaid.from_array(array)
    assert found.data_bar == nanoaid.DataBar(192, 216, "pixels")
    assert (found.shape, found.specimen.shape) == ((216, 256), (192, 256))
    kept = nanoaid.from_array(array, data_bar="keep")
    assert kept.data_bar is None
    assert kept.specimen.shape == kept.shape
    assert nanoaid.from_array(array, data_bar=30).specimen.shape == (186, 256)


def test_metadata_holds_what_the_instrument_wrote() -> None:
    metadata = nanoaid.read(MAKERS / "fei_quanta3d.tif").metadata
    assert metadata["accelerating_voltage_kv"] == 20.0
    assert metadata["format"] == "TIFF"


def test_a_micrograph_survives_pickling() -> None:
    micrograph = nanoaid.read(MAKERS / "fei_quanta3d.tif", data_bar="keep")
    again = pickle.loads(pickle.dumps(micrograph))
    assert again.to_dict() == micrograph.to_dict()
    np.testing.assert_array_equal(again.data, micrograph.data)


def test_values_that_are_not_numbers_are_seen_and_refused_where_they_matter() -> None:
    array = discs().astype(np.float32)
    array[3, 5] = np.nan
    micrograph = nanoaid.from_array(array)
    assert np.isnan(micrograph.data[3, 5])
    assert "1" in micrograph.to_dict()["pixels_error"]
    with pytest.raises(nanoaid.ReadError, match="array.npy"):
        nanoaid.lens(micrograph)
    assert nanoaid.measure(micrograph, "count", segmenter=None).findings


def test_xarray_there_and_back_keeps_values_and_pixel_size() -> None:
    pytest.importorskip("xarray")
    micrograph = nanoaid.from_array(discs(40, 60), nm_per_px=2.5)
    array = micrograph.to_xarray()
    assert array.dims == ("y", "x")
    assert array.x.attrs["units"] == "nm"
    assert float(array.x[0]) == 1.25  # the centre of the first pixel
    again = nanoaid.from_array(array)
    np.testing.assert_array_equal(again.data, micrograph.data)
    assert again.pixel_size is not None
    assert again.pixel_size.value == pytest.approx(2.5, rel=1e-12)


def test_coordinates_in_micrometres_become_nanometres_and_those_without_unit_are_no_calibration() -> None:
    xarray = pytest.importorskip("xarray")
    array = discs(40, 60)

    def coordinates(step: tuple[float, float], units: str) -> dict[str, object]:
        both = zip(("y", "x"), array.shape, step, strict=True)
        return {dim: (dim, np.arange(n) * by, {"units": units}) for dim, n, by in both}

    in_um = xarray.DataArray(array, dims=("y", "x"), coords=coordinates((0.005, 0.005), "µm"))
    size = nanoaid.from_array(in_um).pixel_size
    assert size is not None
    assert size.value == pytest.approx(5.0)
    without = xarray.DataArray(array, dims=("y", "x"), coords=coordinates((5, 5), ""))
    assert nanoaid.from_array(without).pixel_size is None
    oblong = xarray.DataArray(array, dims=("y", "x"), coords=coordinates((5, 7), "nm"))
    with pytest.raises(nanoaid.SettingError, match="7 × 5 nm"):
        nanoaid.from_array(oblong)


def test_notebooks_show_a_picture_and_where_the_pixel_size_is_from() -> None:
    micrograph = nanoaid.read(MAKERS / "thermo_pfib.tif")
    html = micrograph._repr_html_()
    assert "data:image/png;base64," in html
    assert "vendor" in html
    assert micrograph._repr_png_().startswith(b"\x89PNG")


def test_names_of_files_are_text_in_notebooks() -> None:
    html = nanoaid.from_array(discs(40, 60), name="<script>.npy")._repr_html_()
    assert "<script>" not in html


def test_importing_the_package_imports_neither_numpy_nor_anything_optional() -> None:
    heavy: npt.ArrayLike = ["numpy", "pandas", "sklearn", "matplotlib", "xarray", "tqdm"]
    code = f"import json, sys, nanoaid; print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert json.loads(out) == []


def test_files_are_read_by_their_content_not_their_name(tmp_path: Path) -> None:
    path = tmp_path / "renamed.png"
    path.write_bytes((MAKERS / "fei_quanta3d.tif").read_bytes())
    assert nanoaid.read(path).metadata["format"] == "TIFF"
