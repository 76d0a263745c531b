"""Speed and direction of a region, read off the channel codes of its frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_codes import ABSENT, BINS, DIRECTION, SPEED
from camera_analysis.labelling.code_tables import CodedFrame, CodesMeta
from camera_analysis.labelling.day_regions import DayRegion


def with_motion(
    regions: Sequence[DayRegion], frame: CodedFrame, meta: CodesMeta
) -> tuple[DayRegion, ...]:
    """Regions with the motion of the places in their boxes: median speed, mean direction.

    Args:
        regions: of the frame's label map.
        frame: its codes.
        meta: how they are to be read.
    """
    if not frame.paired:
        return tuple(regions)
    return tuple(_moved(region, frame, meta) for region in regions)


def _moved(region: DayRegion, frame: CodedFrame, meta: CodesMeta) -> DayRegion:
    (cell_x, cell_y), box = meta.cell_px, region.box
    # the places whose middle lies in the box
    columns = slice(max(0, round(box.x0 / cell_x)), max(1, round(box.x1 / cell_x)))
    rows = slice(max(0, round(box.y0 / cell_y)), max(1, round(box.y1 / cell_y)))
    speeds = frame.codes[SPEED][rows, columns]
    seen = speeds != ABSENT
    if not seen.any():
        return region
    middle = float(np.median(speeds[seen])) + 0.5  # of the step that a code stands for
    speed = meta.speed_px * 2 ** (middle / meta.per_octave[SPEED])
    return replace(
        region,
        speed_px_s=speed,
        direction_deg=_mean_direction(frame.codes[DIRECTION][rows, columns]),
    )


def _mean_direction(codes: npt.NDArray[np.uint8]) -> float | None:
    """Degrees in [0, 360) of the mean of unit vectors; None where no place has a direction."""
    known = codes[codes != ABSENT]
    if not known.size:
        return None
    turn = np.exp(2j * np.pi * known / BINS[DIRECTION]).mean()
    return float(np.rad2deg(np.angle(turn)) % 360) if abs(turn) > 1e-6 else None
