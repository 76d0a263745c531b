"""The one list of benchmark layouts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from camera_analysis.benchmark.layouts.avenue import load_avenue
from camera_analysis.benchmark.layouts.change_detection import (
    ChangeBenchmark,
    load_cdnet,
    load_sbi,
)
from camera_analysis.benchmark.layouts.clip_files import LayoutError
from camera_analysis.benchmark.layouts.clips import AnomalyBenchmark
from camera_analysis.benchmark.layouts.shanghaitech import load_shanghaitech
from camera_analysis.benchmark.layouts.street_scene import load_street_scene
from camera_analysis.benchmark.layouts.ucsd import load_ucsd
from camera_analysis.benchmark.layouts.upcam import load_upcam

Benchmark = AnomalyBenchmark | ChangeBenchmark

LAYOUTS: dict[str, Callable[[Path], Benchmark]] = {
    "ucsd_ped1": partial(load_ucsd, variant="ped1"),
    "ucsd_ped2": partial(load_ucsd, variant="ped2"),
    "avenue": load_avenue,
    "shanghaitech": load_shanghaitech,
    "street_scene": load_street_scene,
    "upcam": load_upcam,
    "cdnet2014": load_cdnet,
    "sbi": load_sbi,
}

#: Other names that a layout goes by, without signs between the letters.
ALIASES = {
    "ucsd": "ucsd_ped2",
    "ped1": "ucsd_ped1",
    "ped2": "ucsd_ped2",
    "cuhkavenue": "avenue",
    "cdnet": "cdnet2014",
    "sbi2015": "sbi",
}


def layout_name(name: str) -> str:
    """Name of a layout in the registry, whatever its spelling: Ped2, UCSD-Ped2, street-scene.

    Raises:
        LayoutError: no such layout; names those there are.
    """
    bare = "".join(character for character in name.lower() if character.isalnum())
    by_bare = {known.replace("_", ""): known for known in LAYOUTS} | ALIASES
    if bare not in by_bare:
        raise LayoutError(f"layout {name!r} is not known; expected one of {', '.join(LAYOUTS)}")
    return by_bare[bare]


def load_benchmark(name: str, folder: Path) -> Benchmark:
    """Clips and truth of a folder; reads names and heads, not pixels.

    Raises:
        LayoutError: an unknown layout, or a folder that is laid out otherwise.
    """
    return LAYOUTS[layout_name(name)](folder)
