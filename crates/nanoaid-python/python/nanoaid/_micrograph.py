"""Micrographs: read from files and arrays, with their pixel size and where it is from."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nanoaid._errors import SettingError
from nanoaid._how import how
from nanoaid._nanoaid import Image
from nanoaid._result import Result, StrPath, image_html, optional, table_html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import xarray

    from nanoaid._nanoaid import Reading

DataBarChoice: TypeAlias = Literal["find", "keep"] | int
"""``"find"`` it and leave it out, ``"keep"`` all rows, or leave out so many rows at the bottom."""

_UNITS = {"pm": 1e-3, "Å": 0.1, "angstrom": 0.1, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "mm": 1e6, "m": 1e9}
_THUMBNAIL_PX = 480


@dataclass(frozen=True)
class PixelSize:
    """Size of a pixel in nanometres, and where it was taken from."""

    value: float
    """Width of a pixel in nanometres."""
    height: float
    """Height of a pixel in nanometres; the same for square pixels."""
    source: str
    """``typed``, ``vendor`` (the maker's metadata), ``software``, ``drawn_bar`` or ``synthetic``."""
    key: str | None
    """The entry of the metadata that was read."""
    uncertainty: float | None
    """Half width in nanometres of the interval due to rounding in the source; ``None`` where it is not known."""

    unit = "nm"

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        size = f"{self.value:.8g}" if self.value == self.height else f"{self.value:.8g} × {self.height:.8g}"
        rounding = "" if self.uncertainty is None else f" ± {self.uncertainty:.2g}"
        return f"{size}{rounding} nm/px, {self.source}" + ("" if self.key is None else f" ({self.key})")


@dataclass(frozen=True)
class DataBar:
    """Rows of the image that the instrument's data bar takes: `first_row` to `end_row`, that one not included."""

    first_row: int
    end_row: int
    evidence: str
    """How it was found: ``metadata``, ``pixels`` or ``typed``."""


class Micrograph(Result):
    """A micrograph as its file holds it. Made by `read` and `from_array`."""

    def __init__(self, image: Image, path: str, reading: Reading) -> None:
        super().__init__(image.json)
        self._image = image
        self._path = path
        self._reading = reading
        self._info: dict[str, Any] = json.loads(image.json)

    @property
    def path(self) -> str:
        """Path of the file as given; for arrays the name they got."""
        return self._path

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, by which results name it."""
        return self._image.sha256

    @cached_property
    def data(self) -> npt.NDArray[np.float32]:
        """The grey values of the file, data bar included, ``float32``, ``[H, W]``.

        It cannot be written to, as results would not follow; `from_array` takes a changed copy.
        """
        data = self._image.data()
        data.flags.writeable = False
        return data

    @property
    def specimen(self) -> npt.NDArray[np.float32]:
        """The part of `data` above the data bar."""
        return self.data if self.data_bar is None else self.data[: self.data_bar.first_row]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, data bar included."""
        return self._info["height"], self._info["width"]

    @property
    def pixel_size(self) -> PixelSize | None:
        """Size of a pixel; ``None`` where no source that can be trusted gives one."""
        found = self._info["calibration"]
        if found is None:
            return None
        relative = found["relative_uncertainty"]
        return PixelSize(
            value=found["nm_per_px_x"],
            height=found["nm_per_px_y"],
            source=found["source"]["kind"],
            key=found["source"].get("key"),
            uncertainty=relative * found["nm_per_px_x"] if relative > 0 else None,
        )

    @property
    def data_bar(self) -> DataBar | None:
        """The data bar that is left out of `specimen` and of what is computed."""
        found = self._info["data_bar"]
        return None if found is None else DataBar(**found)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the file says of instrument, settings and format; entries that it does not have are left out."""
        names = ("format", "sample", "page", "n_pages")
        facts = {name: self._info[name] for name in names} | self._info["instrument"]
        return {name: value for name, value in facts.items() if value is not None}

    @property
    def warnings(self) -> list[str]:
        """Damaged or contradicting metadata, pages that were not read."""
        return list(self._info["warnings"])

    def to_xarray(self) -> xarray.DataArray:
        """The specimen with the positions of its pixels' centres, in nanometres where their size is known, else in px."""
        import numpy as np

        made: xarray.DataArray
        size = self.pixel_size
        steps, unit = ((1.0, 1.0), "px") if size is None else ((size.height, size.value), "nm")
        made = optional("xarray", "xarray", "to_xarray").DataArray(
            self.specimen,
            dims=("y", "x"),
            coords={
                dim: (dim, (np.arange(n) + 0.5) * step, {"units": unit})
                for dim, n, step in zip(("y", "x"), self.specimen.shape, steps, strict=True)
            },
            name=Path(self.path).stem,
            attrs=self.metadata | {"path": self.path},
        )
        if size is not None:
            made.attrs["pixel_size_nm"] = size.value
            made.attrs["pixel_size_source"] = size.source if size.key is None else f"{size.source}: {size.key}"
        return made

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        import numpy as np

        if copy is False and dtype is not None and np.dtype(dtype) != self.data.dtype:
            raise ValueError(f"a micrograph is float32, {np.dtype(dtype)} needs a copy")
        return self.data.astype(dtype or self.data.dtype, copy=bool(copy))

    def __reduce__(self) -> tuple[Any, ...]:
        return _decoded, (self._path, self._image.content, self._reading)

    def __repr__(self) -> str:
        height, width = self.shape
        return f"<Micrograph {self.path}: {width} × {height} px, {self.pixel_size or 'uncalibrated'}>"

    def _repr_png_(self) -> bytes:
        return self._image.png(_THUMBNAIL_PX)

    def _repr_html_(self) -> str:
        height, width = self.shape
        bar = self.data_bar
        rows = [
            ("file", self.path),
            ("image", f"{width} × {height} px, {self._info['format']}, {self._info['sample']}"),
            ("pixel size", self.pixel_size or "uncalibrated: lengths are in px"),
            ("data bar", "none" if bar is None else f"rows {bar.first_row} to {bar.end_row - 1} ({bar.evidence})"),
            *(("warning", warning) for warning in self.warnings),
        ]
        return image_html(self._repr_png_(), self.path) + table_html(rows)


def _reading(page: int, nm_per_px: float | None, data_bar: DataBarChoice) -> Reading:
    if isinstance(data_bar, bool) or not isinstance(data_bar, str) and data_bar < 0:
        raise SettingError(f"data_bar: found {data_bar}, expected 'find', 'keep' or a number of rows")
    if page < 0:
        raise SettingError(f"page: found {page}, expected at least 0")
    return {"page": page, "nm_per_px": None if nm_per_px is None else float(nm_per_px), "data_bar": data_bar}


def _decoded(path: str, content: bytes, reading: Reading) -> Micrograph:
    with how(None) as done:
        return Micrograph(Image.decode(path, content, reading, done), path, reading)


def read(
    path: StrPath,
    *,
    page: int = 0,
    nm_per_px: float | None = None,
    data_bar: DataBarChoice = "find",
) -> Micrograph:
    """Reads a micrograph: PNG, JPEG, BMP, TIFF, PGM, NPY, DM3 or DM4, with what its instrument wrote into it.

    `page` is the page of a file of several, from 0; `nm_per_px` overrides the pixel size that the file gives.
    """
    path = os.fspath(path)
    reading = _reading(page, nm_per_px, data_bar)
    with how(None) as done:
        return Micrograph(Image.read(path, reading, done), path, reading)


def from_array(
    array: npt.ArrayLike | xarray.DataArray,
    nm_per_px: float | None = None,
    *,
    data_bar: DataBarChoice = "find",
    name: str = "array.npy",
) -> Micrograph:
    """A micrograph of an array of rows and columns, of any kind of numbers.

    Everything computed from it is what the command line computes from the file that ``numpy.save(name, array)`` writes.
    The pixel size of an xarray is read from its coordinates, where they have units of length.
    """
    import numpy as np

    values = np.asarray(array)
    if nm_per_px is None and hasattr(array, "coords"):
        nm_per_px = _pixel_size_of(array)
    content = io.BytesIO()
    np.lib.format.write_array(content, values, allow_pickle=False)
    return _decoded(name, content.getvalue(), _reading(0, nm_per_px, data_bar))


def _pixel_size_of(array: Any) -> float | None:
    """The step of the last two coordinates in nanometres; ``None`` where they have no unit of length."""
    import numpy as np

    sizes = []
    for dim in array.dims[-2:]:
        positions = array.coords.get(dim)
        if positions is None or positions.size < 2:
            return None
        unit = _UNITS.get(str(positions.attrs.get("units", array.attrs.get("units", ""))).strip())
        if unit is None:
            return None
        steps = np.diff(np.asarray(positions, dtype=float)) * unit
        size = float(np.abs(steps.mean()))
        if not np.allclose(np.abs(steps), size, rtol=1e-3, atol=0):
            raise SettingError(f"the coordinate {dim!r} is not evenly spaced, expected one step between all pixels")
        sizes.append(size)
    if not np.isclose(sizes[0], sizes[1], rtol=1e-3, atol=0):
        raise SettingError(f"pixels of {sizes[1]:g} × {sizes[0]:g} nm, expected square ones; resample the image")
    return sizes[1]
