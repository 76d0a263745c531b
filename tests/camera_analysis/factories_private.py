"""Footage of a drawn room in which somebody walks, with where they are in every frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from camera_analysis.footage.timed_video import SourceClock, TimedVideoWriter
from tests.camera_analysis.factories_scene import noisy, room

HEIGHT, WIDTH = 120, 160
#: A colour that the room does not have.
LIME = (40, 250, 20)


def walker(step: int) -> tuple[slice, slice]:
    """Rows and columns of the walker, who goes to and fro, two pixels a frame."""
    there = (step * 2) % (2 * (WIDTH - 20))
    x = there if there < WIDTH - 20 else 2 * (WIDTH - 20) - there
    return slice(40, 90), slice(x, x + 16)


def frame_of(step: int, *, empty: bool = False) -> np.ndarray:
    """(H, W, 3) uint8 of the room at a step."""
    scene = room(height=HEIGHT, width=WIDTH)
    if not empty:
        scene[walker(step)] = LIME
    return noisy(scene, step, 1.0)


def film(path: Path, offsets_s: list[float], *, empty: bool = False) -> Path:
    """A video with a frame at each offset."""
    clock = SourceClock(time_base=Fraction(1, 1000), frame_rate=Fraction(10))
    with TimedVideoWriter(path, clock, crf=12) as writer:
        for step, offset_s in enumerate(offsets_s):
            writer.add(frame_of(step, empty=empty), offset_s)
    return path


def lime_share(frame_rgb: np.ndarray, step: int) -> float:
    """Share of the walker's pixels that still look like them."""
    shown = frame_rgb[walker(step)].astype(int)
    return float((np.abs(shown - LIME).max(axis=2) < 60).mean())
