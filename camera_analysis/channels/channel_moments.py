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
    moment_starts,
)
from camera_analysis.channels.channel_maps import SCORED, ChannelMaps, MapConfig
from camera_analysis.channels.channel_segments import KeptCodes, Segment
from camera_analysis.channels.channel_surprise import TailTables
from camera_analysis.channels.place_habits import HABITUAL, MomentMaps, SegmentMoments

FloatVector = npt.NDArray[np.float64]

#: Moments whose maps are kept at most: all of four hours of 5 s, of more evenly spread ones.
MOST_MAPS = 4096


def channel_moments(
    footage: Sequence[tuple[Segment, KeptCodes]],
    others: Callable[[int], TailTables],
    config: MapConfig,
    tick: Callable[[int], None],
) -> list[SegmentMoments]:
    """What each training segment's moments come to, by channel and, of habitual ones, by place.

    A segment that ends before a channel has looked back far enough has no moments of it.

    Args:
        footage: segments and their codes.
        others: others(fold) is the normal of all other folds.
        config: how places support each other.
        tick: called after each segment with the number of its frames.
    """
    moment_s = moment_seconds(history_seconds(footage))
    frames = [max(1, round(moment_s * segment.clip.fps)) for segment, _ in footage]
    moments = sum(len(codes) / each for (_, codes), each in zip(footage, frames, strict=True))
    stride = max(1, int(np.ceil(moments / MOST_MAPS)))
    found, passed = [], 0
    for (segment, codes), each in zip(footage, frames, strict=True):
        fps = segment.clip.fps
        looks = {c: config.look_back_s.get(c, 0.0) * fps for c in SCORED}
        read = {c: back for c, back in looks.items() if len(codes) >= back}
        maps = ChannelMaps(others(segment.fold), fps, config)
        kept = slice(-passed % stride, None, stride)
        found.append(SegmentMoments(segment.fold, *_moments(codes, maps, read, each, kept)))
        passed += len(moment_starts(len(codes), each))
        tick(len(codes))
    return found


def history_seconds(footage: Sequence[tuple[Segment, KeptCodes]]) -> float:
    """How long the training footage lasts that calibrates."""
    return sum(len(codes) / segment.clip.fps for segment, codes in footage)


def calibrate_channels(
    moments: Sequence[SegmentMoments], left_out: int | None
) -> dict[str, Calibration]:
    """Channel -> its calibration from the moments of all folds but one.

    A channel without a moment is left out: nobody knows how much of it is usual.

    Args:
        moments: of :func:`channel_moments`.
        left_out: a fold; None takes all.
    """
    taken = [segment.maxima for segment in moments if segment.fold != left_out]
    parts = {c: [of_segment[c] for of_segment in taken if c in of_segment] for c in SCORED}
    return {channel: calibrate(known) for channel, known in parts.items() if known}


def _moments(
    codes: KeptCodes, maps: ChannelMaps, channels: Mapping[str, float], frames: int, kept: slice
) -> tuple[dict[str, FloatVector], dict[str, MomentMaps]]:
    """Channel -> largest surprise of each moment; habitual channel -> that of each place.

    Args:
        codes: of a segment.
        maps: its judge.
        channels: that are read, and the frames that each looks back.
        frames: of a moment, about.
        kept: moments whose places are kept, of those that end after the channel has looked back.
    """
    starts = moment_starts(len(codes), frames)
    ends = np.append(starts[1:], len(codes))
    highest: dict[str, list[float]] = {channel: [] for channel in channels}
    places: dict[str, list[MomentMaps]] = {c: [] for c in channels if c in HABITUAL}
    beginning = {int(start) for start in starts}
    for number, read in enumerate(codes):
        surprise = maps.of(read)
        for channel in channels:
            highest[channel].append(float(surprise[channel].max()))
        for channel, moments in places.items():
            here = surprise[channel].astype(np.float16)
            if number in beginning:
                moments.append(here)
            else:
                np.maximum(moments[-1], here, out=moments[-1])
    chosen = np.arange(len(starts))[kept]
    known = {
        c: [moments[n] for n in chosen if ends[n] >= channels[c]] for c, moments in places.items()
    }
    return (
        {c: moment_maxima(np.array(scores), frames) for c, scores in highest.items()},
        {c: np.stack(moments) for c, moments in known.items() if moments},
    )
