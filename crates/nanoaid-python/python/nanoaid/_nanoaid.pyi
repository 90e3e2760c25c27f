"""The native module: what `crates/nanoaid-python/src` gives Python."""

from collections.abc import Callable
from os import PathLike
from typing import TypedDict, final, type_check_only

import numpy as np
import numpy.typing as npt

__all__ = [
    "Classification",
    "Concepts",
    "Exemplars",
    "Image",
    "Lens",
    "Measurement",
    "Network",
    "Segmentation",
    "Site",
    "Written",
    "__version__",
    "ablate",
    "accentuate",
    "atlas",
    "circuit",
    "classify",
    "concepts",
    "exemplars",
    "explain",
    "lens",
    "main",
    "measure",
    "pixels_of_png",
    "save_files",
    "save_lens",
    "segment",
    "survey",
    "survey_list",
    "survey_merge",
    "survey_shard",
    "visualize",
]

__version__: str

@type_check_only
class How(TypedDict):
    threads: int | None
    progress: Callable[[int, int], object] | None

@type_check_only
class Reading(TypedDict):
    page: int
    nm_per_px: float | None
    data_bar: str | int

@type_check_only
class Data(TypedDict):
    path: str
    only: list[str]
    synthetic_per_category: int

@type_check_only
class Choosing(TypedDict):
    layers: list[str]
    units: list[str]
    count: int | None
    out: str
    force: bool

@type_check_only
class Concepting(TypedDict):
    layer: str | None
    method: str | None
    compare: bool
    of_class: str | None
    concepts: int | None
    atoms: int | None
    active: int | None
    sparsity: float | None
    per_micrograph: int | None
    most_micrographs: int | None
    starts: int | None
    count: int | None
    effects: int | None
    structures: int | None
    tuning: bool
    pictures: bool
    controls: int | None
    map: int | None
    boxes: str | None
    names: str | None
    seed: int

@type_check_only
class Showing(TypedDict):
    presets: list[str]
    layers: list[str]
    steps: int | None
    contrast: list[str]
    seed: int
    out: str
    force: bool

@type_check_only
class Measuring(TypedDict):
    what: list[str]
    unit: str | None
    tilt_deg: float
    tilt_axis_deg: float
    part: list[int] | None
    bar_nm: float | None
    bar_box: list[int] | None
    polarity: str | None
    min_size_px: float | None
    max_size_px: float | None
    threshold: float | None
    pitch_map: bool

@type_check_only
class Explaining(TypedDict):
    named: str | None
    against: str | None
    unit: str | None
    methods: list[str]
    layer: str | None
    baseline: str | None
    fill: str | None
    most_steps: int | None
    most_masks: int | None
    structures: bool
    thoroughness: str
    seed: int

@type_check_only
class Accentuating(TypedDict):
    named: str | None
    against: str | None
    unit: str | None
    strengths: list[float] | None
    away: bool
    steps: int | None
    controls: int | None
    seed: int

@type_check_only
class Ablating(TypedDict):
    units: list[str]
    concepts: str | None
    numbers: list[int]
    times: float
    controls: int | None
    seed: int

@type_check_only
class TakingApart(TypedDict):
    unit: str
    from_layer: str | None
    count: int | None
    pictures: bool
    seed: int

@type_check_only
class Segmenting(TypedDict):
    what: str
    threshold: float | None
    separation: float | None
    least_confidence: float | None
    min_size_px: float | None
    max_size_px: float | None
    corrections: str | None

@type_check_only
class Visualizing(TypedDict):
    units: list[str]
    layers: list[str]
    classes: bool
    preset: str
    size: int | None
    steps: int | None
    rate: float | None
    restarts: int | None
    members: int | None
    seed: int | None
    canvas: str | None
    transforms: str | None
    tileable: bool
    penalties: list[str]
    diversity: float | None
    views: int | None
    redirected_steps: int | None
    enlarge: int | None
    snapshots: list[int]
    data: str | None
    category: str | None
    start_from: str | None
    compare_with: str | None
    colors: bool
    nm_per_px: float | None

@final
class Image:
    @staticmethod
    def read(path: str | PathLike[str], reading: Reading, how: How) -> Image: ...
    @staticmethod
    def decode(path: str | PathLike[str], content: bytes, reading: Reading, how: How) -> Image: ...
    @property
    def json(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def sha256(self) -> str: ...
    def data(self) -> npt.NDArray[np.float32]: ...
    def png(self, most_px: int) -> bytes: ...

@final
class Network:
    @staticmethod
    def open(run: str | PathLike[str], network: str | None, device: str, how: How) -> Network: ...
    @staticmethod
    def builtin(name: str, device: str, how: How) -> Network: ...
    def json(self, nm_per_px: float | None) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def n_stages(self) -> int: ...
    @property
    def device(self) -> str: ...
    def layer_at_depth(self, depth: int) -> str: ...
    def check_layer(self, name: str) -> None: ...

@final
class Lens:
    @property
    def json(self) -> str: ...
    def maps(self) -> npt.NDArray[np.float32]: ...
    def image(self) -> npt.NDArray[np.float32]: ...
    def false_color(self) -> npt.NDArray[np.float32] | None: ...
    def reconstruction(self) -> npt.NDArray[np.float32] | None: ...
    def relative_errors(self) -> npt.NDArray[np.float32] | None: ...
    def map_png(self, channel: int, range: tuple[float, float]) -> bytes: ...

@final
class Classification:
    @property
    def json(self) -> str: ...
    @property
    def calibrated(self) -> bool: ...
    @property
    def reliability(self) -> str | None: ...
    def save(self, path: str | PathLike[str]) -> None: ...

@final
class Measurement:
    @property
    def json(self) -> str: ...
    def files(self) -> list[tuple[str, bytes]]: ...
    def save(self, path: str | PathLike[str], force: bool) -> None: ...

@final
class Written:
    @property
    def json(self) -> str: ...
    @property
    def name(self) -> str: ...
    def planes(self) -> npt.NDArray[np.float32]: ...
    def files(self) -> list[tuple[str, bytes]]: ...
    def save(self, path: str | PathLike[str], force: bool) -> None: ...

@final
class Exemplars:
    @property
    def json(self) -> str: ...
    @property
    def table(self) -> bytes: ...
    @property
    def n_new(self) -> int: ...
    @property
    def skipped(self) -> list[tuple[str, str]]: ...
    @property
    def warnings(self) -> list[str]: ...
    def sheet(self, unit: str, how: How) -> bytes: ...
    def save(self, path: str | PathLike[str], force: bool) -> None: ...

@final
class Concepts:
    @property
    def json(self) -> str: ...
    @property
    def skipped(self) -> list[tuple[str, str]]: ...
    @property
    def warnings(self) -> list[str]: ...
    def files(self) -> list[tuple[str, bytes]]: ...
    def save(self, path: str | PathLike[str], force: bool) -> None: ...

@final
class Site:
    @property
    def json(self) -> str: ...
    @property
    def skipped(self) -> list[tuple[str, str]]: ...
    @property
    def warnings(self) -> list[str]: ...

@final
class Segmentation:
    @property
    def json(self) -> str: ...
    @property
    def name(self) -> str: ...
    def labels(self) -> npt.NDArray[np.int32]: ...
    def overlay(self) -> npt.NDArray[np.uint8]: ...
    def files(self) -> list[tuple[str, bytes]]: ...
    def save(self, path: str | PathLike[str], force: bool) -> None: ...

def main(arguments: list[str]) -> int: ...
def pixels_of_png(content: bytes) -> npt.NDArray[np.uint8]: ...
def lens(image: Image, network: Network, layer: str, order: str, extras: bool, how: How) -> Lens: ...
def save_lens(
    image: Image,
    network: Network,
    layer: str,
    order: str,
    maps: list[str],
    path: str | PathLike[str],
    force: bool,
    how: How,
) -> None: ...
def classify(image: Image, network: Network, abstain_below: float | None, how: How) -> Classification: ...
def measure(
    image: Image, measuring: Measuring, segmenter: Network | None, network: Network | None, how: How
) -> Measurement: ...
def explain(image: Image, network: Network, explaining: Explaining, how: How) -> Written: ...
def accentuate(image: Image, network: Network, accentuating: Accentuating, how: How) -> Written: ...
def ablate(image: Image, network: Network, ablating: Ablating, how: How) -> Written: ...
def circuit(network: Network, taking_apart: TakingApart, how: How) -> Written: ...
def exemplars(network: Network, data: Data, choosing: Choosing, how: How) -> Exemplars: ...
def concepts(network: Network, data: Data, concepting: Concepting, how: How) -> Concepts: ...
def atlas(networks: list[Network], data: Data, showing: Showing, how: How) -> Site: ...
def segment(image: Image, network: Network, segmenting: Segmenting, how: How) -> Segmentation: ...
def visualize(
    network: Network, visualizing: Visualizing, path: str | PathLike[str], how: How
) -> tuple[str, list[str]]: ...
def save_files(files: list[tuple[str, bytes]], path: str | PathLike[str], force: bool) -> None: ...
def survey(
    network: Network,
    data: tuple[Data, list[str] | None],
    of: tuple[list[str], list[str]],
    out: tuple[str, bool],
    mixed: bool,
    how: How,
) -> str: ...
def survey_list(
    data: str | PathLike[str],
    files: list[str] | None,
    path: str | PathLike[str],
    how: How,
) -> int: ...
def survey_shard(
    network: Network,
    data: tuple[str, str | None],
    of: tuple[str, list[str]],
    out: str | PathLike[str],
    mixed: bool,
    how: How,
) -> str: ...
def survey_merge(
    parts: list[str],
    contrast: list[str],
    out: tuple[str, bool],
    partial: bool,
    mixed: bool,
    how: How,
) -> str: ...
