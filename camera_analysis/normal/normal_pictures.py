"""A learned normal as pictures over the empty scene: mode, people, entropy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from camera_analysis.labelling.labels import NO_SEGMENTER
from camera_analysis.normal.counts import ClassCounts
from camera_analysis.pictures import save_heat, save_mode

HUMAN_FREQUENCY_FILE = "human_frequency.png"
NO_PEOPLE = "no segmenter tells people apart"


def save_normal(
    maps: Mapping[str, npt.NDArray[np.generic]],
    moving: npt.NDArray[np.float64],
    plate_rgb: npt.NDArray[np.uint8],
    total: ClassCounts,
    note: str,
    out: Path,
) -> tuple[Path, ...]:
    """Write mode.png, human_frequency.png and entropy.png.

    Where no segmenter told people apart, the second shows whatever moved.

    Args:
        maps: of ``normal.parquet``, by column name.
        moving: (H, W) share of frames in which a place was not static, in [0, 1]; NaN unknown.
        plate_rgb: (H, W, 3) uint8 empty scene.
        total: counts behind them.
        note: frames and days, for the titles.
        out: existing folder.
    """
    paths = tuple(out / name for name in ("mode.png", HUMAN_FREQUENCY_FILE, "entropy.png"))
    mode_title = f"What each place usually is\n{note}"
    save_mode(maps["mode"].astype(np.int16), plate_rgb, total.classes, mode_title, paths[0])
    if total.segmenter == NO_SEGMENTER:
        share = moving
        title = f"Where something moves, and how often\n{note}; {NO_PEOPLE}"
    else:
        share = maps["human_frequency"].astype(np.float64)
        title = f"Where people are, and how often\n{note}"
    save_heat(100 * share, plate_rgb, title, "% of frames", paths[1])
    entropy = maps["entropy_bits"].astype(np.float64)
    save_heat(entropy, plate_rgb, f"How mixed each place is\n{note}", "entropy in bits", paths[2])
    return paths
