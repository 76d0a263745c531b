"""What the moments of training footage come to in each channel, and how that calibrates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from camera_analysis.channels.channel_calibration import (
    Calibration,
    calibrate,
    moment_maxima,
    moment_seconds,
)
from camera_analysis.channels.channel_codes import STAY
from camera_analysis.channels.channel_maps import REMAIN, SCORED, ChannelMaps, MapConfig
from camera_analysis.channels.channel_segments import KeptCodes, Segment
from camera_analysis.channels.channel_surprise import TailTables

FloatVector = npt.NDArray[np.float64]


def channel_moments(
    footage: Sequence[tuple[Segment, KeptCodes]],
    others: Callable[[int], TailTables],
    config: MapConfig,
    tick: Callable[[int], None],
) -> list[tuple[int, dict[str, FloatVector]]]:
    """Fold of each training segment, and channel -> its largest score in each moment.

    A segment that ends before a channel has looked back far enough has no moments of it.

    Args:
        footage: segments and their codes.
        others: others(fold) is the normal of all other folds.
        config: how places support each other.
        tick: called after each segment with the number of its frames.
    """
    moment_s = moment_seconds(sum(len(codes) / segment.clip.fps for segment, codes in footage))
    look_back_s = {STAY: config.stay_s, REMAIN: config.remain_s}
    found = []
    for segment, codes in footage:
        fps = segment.clip.fps
        read = [c for c in SCORED if len(codes) >= look_back_s.get(c, 0.0) * fps]
        maps = ChannelMaps(others(segment.fold), fps, config)
        frames = [{c: float(scores.max()) for c, scores in maps.of(of).items()} for of in codes]
        moment = max(1, round(moment_s * fps))
        of_segment = {c: moment_maxima(np.array([f[c] for f in frames]), moment) for c in read}
        found.append((segment.fold, of_segment))
        tick(len(codes))
    return found


def calibrate_channels(
    moments: Sequence[tuple[int, Mapping[str, FloatVector]]], left_out: int | None
) -> dict[str, Calibration]:
    """Channel -> its calibration from the moments of all folds but one.

    A channel without a moment is left out: nobody knows how much of it is usual.

    Args:
        moments: of :func:`channel_moments`.
        left_out: a fold; None takes all.
    """
    taken = [of_segment for fold, of_segment in moments if fold != left_out]
    parts = {c: [of_segment[c] for of_segment in taken if c in of_segment] for c in SCORED}
    return {channel: calibrate(known) for channel, known in parts.items() if known}
