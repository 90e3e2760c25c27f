"""What all results have: their JSON, a table of it in notebooks, and optional packages, which are named where they are missing."""

from __future__ import annotations

import html
import io
import json
import os
from base64 import b64encode
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes

StrPath: TypeAlias = str | os.PathLike[str]


def optional(package: str, extra: str, what: str) -> Any:
    """The module `package`, which `what` needs."""
    try:
        return import_module(package)
    except ImportError as error:
        name = package.partition(".")[0]
        raise ImportError(f"{what} needs the package {name}: pip install nanoaid[{extra}]") from error


class Result:
    """A result of the library: its JSON is that of the command line."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_json(self) -> str:
        """The JSON that the command line prints for it."""
        return self._text

    def to_dict(self) -> dict[str, Any]:
        """The same as a dictionary; each call makes a new one."""
        made: dict[str, Any] = json.loads(self._text)
        return made


def table_html(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """A table; everything in it is text."""
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = [f"<tr>{cells}</tr>"] if head else []
    for row in rows:
        cells = "".join(f"<td style='text-align:left'>{html.escape(str(cell))}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def image_html(picture: bytes, text: str, width: int = 320) -> str:
    """A `picture`, PNG or JPEG, with the `text` that is read out instead of it."""
    kind = "jpeg" if picture.startswith(b"\xff\xd8") else "png"
    source = f"data:image/{kind};base64,{b64encode(picture).decode()}"
    return f'<img src="{source}" alt="{html.escape(text)}" style="max-width:{width}px">'


def axes_of(ax: Axes | None) -> Axes:
    """`ax`, or new axes without ticks."""
    if ax is None:
        ax = optional("matplotlib.pyplot", "plot", "plot").subplots()[1]
    ax.set_axis_off()
    return ax


def draw(ax: Axes, name: str, picture: bytes) -> None:
    """Shows the `picture` of the file `name`; a grey one as it is, from black to white."""
    pixels = optional("matplotlib.image", "plot", "plot").imread(io.BytesIO(picture), format=name.rpartition(".")[2])
    # of colors, the range is ignored
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=255 if pixels.dtype == "uint8" else 1)
