"""What reading footage yields: frames with their times, faults, and what the header says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from camera_analysis.footage.frame_pairs import LaterFrame

#: How far a sample's time can be trusted: the frame that was shown at the target time; the key
#: frame before it (its own time is exact, the target's moment is not shown); the file stores no
#: times, and the rate that its header states, or 25 a second, is believed.
Timing = Literal["exact", "key_frame", "assumed_rate"]


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What the header says; sizes as shown, after rotation is not yet applied."""

    width: int
    height: int
    codec: str
    frame_rate: float | None
    duration_s: float | None


@dataclass(frozen=True, kw_only=True)
class SampledFrame:
    """One sampled frame.

    Attributes:
        pts_s: time stamp in the file's own clock, seconds; need not start at 0.
        offset_s: seconds since the file's first frame.
        frame_rgb: (H, W, 3) uint8, upright, reduced to ``max_side_px``.
        native_wh: width and height before the reduction, upright.
        timing: see :data:`Timing`.
        image: file name where the footage is images.
        later: the frame beside it; None where it was not asked for or there is none.
        between: it lies between two samples, and was asked for by ``ReadConfig.between_s``.
    """

    pts_s: float
    offset_s: float
    frame_rgb: npt.NDArray[np.uint8]
    native_wh: tuple[int, int]
    timing: Timing = "exact"
    image: str = ""
    later: LaterFrame | None = None
    between: bool = False


def with_later(sample: SampledFrame, later: LaterFrame | None) -> SampledFrame:
    """The sample with the frame beside it."""
    return replace(sample, later=later)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A stretch of a file that gives no samples, in seconds since its first frame.

    ``start_s`` and ``end_s`` are None where the whole file is meant or the end is unknown.
    """

    reason: str
    detail: str
    start_s: float | None = None
    end_s: float | None = None
