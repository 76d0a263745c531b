"""What is read of a thing, gathered along its path: before a frame and after it.

Each place that moves follows the flow, forwards and backwards, for as long as the way goes on:
where the flow turns aside, the path has slipped to somebody who passes, and ends. What counts of
the readings along it is their upper quartile: who is beside others, and one thing with them, for
half of the way is read as themselves for the rest. The places of one thing then share their median.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from camera_analysis.channels.stiffness import frames_apart

FloatImage = npt.NDArray[np.float32]
IntImage = npt.NDArray[np.int32]
IntVector = npt.NDArray[np.int64]
Item = TypeVar("Item")

#: Seconds along the path on either side: two strides of a walker.
LOOK_S = 2.0
#: Seconds of readings from which something is known.
KNOWN_S = 0.5
#: Share of the readings that lie below the one that counts.
RANK = 0.75
#: Cosine of the angle by which a path may turn from frame to frame: 60 degrees.
TURN = 0.5
#: Share of the newest flow in the pace of a path: limbs swing about it.
PULL = 0.3
#: Places around a moving one, along x and y, over which its flow is taken for that of the place.
NEAR = (5, 7)


@dataclass(frozen=True)
class Reading:
    """One frame.

    Attributes:
        parts_hw: (h, w) number of the thing at each place, 0 for none.
        value_hw: (h, w) what was read there, above 0; 0 is unknown.
        step_hw2: (h, w, 2) flow since the frame before, in places along x and y; 0 where nothing
            moves.
    """

    parts_hw: IntImage
    value_hw: FloatImage
    step_hw2: FloatImage


def look_frames(fps: float) -> int:
    """Frames that a path is followed to either side; 0 where flow is too coarse to be followed.

    Args:
        fps: frames per second; 0 where they are not evenly spaced.
    """
    return round(LOOK_S * fps) if frames_apart(fps) else 0


def windows(items: Iterator[Item], reach: int) -> Iterator[tuple[Sequence[Item], int]]:
    """Each item among those up to ``reach`` before and behind it, and its place among them.

    What is given is one window that moves on: read it before the next one is asked for.
    """
    near: deque[Item] = deque(maxlen=2 * reach + 1)
    behind = 0  # items that came in and have not been told
    for item in items:
        near.append(item)
        behind += 1
        if behind > reach:
            behind -= 1
            yield near, len(near) - 1 - reach
    while behind:
        behind -= 1
        if len(near) - behind - 1 > reach:
            near.popleft()
        yield near, len(near) - 1 - behind


def widened(step_hw2: FloatImage) -> FloatImage:
    """Flow on the grid, and beside what moves the mean of what moves there."""
    there = np.asarray(step_hw2.any(axis=2), np.float32)
    total, count = (
        cv2.boxFilter(plane, -1, NEAR, normalize=False, borderType=cv2.BORDER_CONSTANT)
        for plane in (step_hw2, there)
    )
    near = np.where(count[..., None] > 0.5, total / np.maximum(count, 1.0)[..., None], 0.0)
    return np.asarray(np.where(there[..., None] > 0, step_hw2, near), np.float32)


def along_paths(near: Sequence[Reading], now: int, least: int) -> FloatImage:
    """(h, w) what is read of each thing of a frame along its path; 0 is unknown.

    Args:
        near: consecutive frames, their flow :func:`widened`.
        now: which of them is judged.
        least: readings from which something is known.
    """
    frame = near[now]
    found = np.zeros(frame.value_hw.shape, np.float32)
    places = np.flatnonzero(frame.parts_hw)
    if not places.size:
        return found
    read, _ = read_along(near, now, places)
    known = np.count_nonzero(read, axis=0)
    rank = len(read) - known + np.floor(RANK * (known - 1) + 0.5).astype(np.int64)
    quartile = np.take_along_axis(np.sort(read, axis=0), np.clip(rank, 0, len(read) - 1)[None], 0)
    values = np.where(known >= least, quartile[0], np.float32(0))
    found.ravel()[places] = _shared(values, frame.parts_hw.ravel()[places])
    return found


def read_along(
    near: Sequence[Reading], now: int, places: IntVector
) -> tuple[FloatImage, IntVector]:
    """(frames, places) what is read along the paths of places, 0 is unknown; how far it lies.

    Distances are (frames,) frames from the one that is judged.

    Args:
        near: consecutive frames, their flow :func:`widened`.
        now: which of them is judged.
        places: of its grid, row by row.
    """
    ahead = [(number, number) for number in range(now + 1, len(near))]
    behind = [(number, number + 1) for number in range(now - 1, -1, -1)]
    read = np.concatenate(
        [
            near[now].value_hw.ravel()[places][None],
            _followed(near, places, now, ahead, np.float32(1)),
            _followed(near, places, now, behind, np.float32(-1)),
        ]
    )
    return read, np.array([now, *(number for number, _ in ahead + behind)]) - now


def _followed(
    near: Sequence[Reading],
    places: IntVector,
    now: int,
    way: Sequence[tuple[int, int]],
    sign: np.float32,
) -> FloatImage:
    """(frames, places) what is read along the paths of places, as (frame, frame of its flow)."""
    height, width = near[now].value_hw.shape
    read = np.zeros((len(way), places.size), np.float32)
    pace = near[now].step_hw2.reshape(-1, 2)[places]
    at_yx = np.stack(np.divmod(places, width), axis=1).astype(np.float32)
    going, here = np.arange(places.size), places
    for row, (number, of_flow) in enumerate(way):
        step = near[of_flow].step_hw2.reshape(-1, 2)[here]
        lengths = np.hypot(*step.T) * np.hypot(*pace.T)
        on = (step * pace).sum(axis=1) > np.float32(TURN) * lengths
        pace = (pace + np.float32(PULL) * (step - pace))[on]
        at_yx = at_yx[on] + sign * pace[:, ::-1]
        going = going[on]
        nearest = np.rint(at_yx).astype(np.int64)
        inside = ((nearest >= 0) & (nearest < (height, width))).all(axis=1)
        pace, at_yx, going, nearest = (part[inside] for part in (pace, at_yx, going, nearest))
        if not going.size:
            break
        here = nearest[:, 0] * width + nearest[:, 1]
        read[row, going] = near[number].value_hw.ravel()[here]
    return read


def _shared(values: FloatImage, parts: IntImage) -> FloatImage:
    """Median of the known places of each thing, at all that are known."""
    shared = np.zeros_like(values)
    for part in np.unique(parts):
        known = (parts == part) & (values > 0)
        if known.any():
            shared[known] = np.median(values[known])
    return shared
