"""Regions of a camera-day become tracks, and a day goes on where the day before ended.

The library's tracker has no state that could be saved: it is brought back by showing it the last
seconds of the day before again. Shown is what was seen since the last moment at which nothing was
remembered, so that the tracker is exactly what it was; at most a minute, after which its filters
have long forgotten how they began. Tracks that go on keep their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from camera_analysis.label_classes import HUMAN
from camera_analysis.labelling.day_regions import FrameRegions
from camera_analysis.tracks.person_size import PersonSize, people_of
from camera_analysis.tracks.track_tables import FloatArray, IntVector, SeenBoxes, Track
from camera_analysis.tracks.tracker import LOST_S, NO_TRACK, Tracker

#: Seconds of a day that the tracker of the next one is shown again, at most.
LONGEST_STATE_S = 60.0
#: Tracks that can begin on a day.
IDS_PER_DAY = 1_000_000
UNKNOWN_CLASS = -1


@dataclass(frozen=True)
class SeenFrame:
    """What may be tracked in one frame: (N, 4) boxes and (N,) class ids, -1 where unknown."""

    time_us: int
    boxes_xyxy: FloatArray
    classes: IntVector


@dataclass
class _Growing:
    times_us: list[int] = field(default_factory=list)
    boxes: list[FloatArray] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)


def seen_frames(
    frames: Iterable[FrameRegions], size: PersonSize | None, *, only_people: bool
) -> Iterator[SeenFrame]:
    """Regions as boxes to be tracked; regions of several people are split.

    Args:
        frames: in the order of time; one that does not come after the one before it is left out.
        size: how large people are where; None splits nothing.
        only_people: split only what is known to be human. Without a network nothing is.
    """
    last_us = -1
    for frame in frames:
        time_us = round(frame.time_utc.timestamp() * 1e6)
        if time_us <= last_us:
            continue
        last_us = time_us
        boxes, classes = [], []
        for region in frame.regions:
            whole = size is None or (only_people and region.class_id != HUMAN)
            for box in [region.box] if whole or size is None else people_of(region, size):
                boxes.append((box.x0, box.y0, box.x1, box.y1))
                classes.append(UNKNOWN_CLASS if region.class_id is None else region.class_id)
        yield SeenFrame(
            time_us, np.array(boxes, np.float64).reshape(-1, 4), np.array(classes, np.int64)
        )


class DayTracker:
    """Tracks of one camera-day.

    Args:
        day: "YYYY-MM-DD"; part of the ids of tracks that begin on it.
        step_s: usual seconds between frames.
        before: the last seconds of the day before; empty where nothing goes on.
    """

    def __init__(self, day: str, step_s: float, before: Sequence[SeenBoxes] = ()) -> None:
        self._first_id = int(day.replace("-", "")) * IDS_PER_DAY
        self._begun = 0
        self._tracker = Tracker(step_s)
        self._ids: dict[int, int] = {}  # the library's id -> ours
        self._growing: dict[int, _Growing] = {}
        self._before: set[int] = set()
        self._state: list[SeenBoxes] = []
        for frame in before:
            self._show_again(frame)

    def _show_again(self, frame: SeenBoxes) -> None:
        found = self._tracker.update(frame.time_us / 1e6, frame.boxes_xyxy)
        for library_id, track_id in zip(found.tolist(), frame.tracks_n.tolist(), strict=True):
            if library_id != NO_TRACK and track_id != NO_TRACK:
                self._ids[library_id] = track_id
                self._before.add(track_id)
        self._remember(frame)

    def add(self, frame: SeenFrame) -> list[Track]:
        """Follow the next frame; gives the tracks that have ended meanwhile."""
        found = self._tracker.update(frame.time_us / 1e6, frame.boxes_xyxy)
        ids = np.array([self._id_of(one) for one in found.tolist()], np.int64)
        for track_id, box, class_id in zip(ids, frame.boxes_xyxy, frame.classes, strict=True):
            if track_id != NO_TRACK:
                track = self._growing.setdefault(int(track_id), _Growing())
                track.times_us.append(frame.time_us)
                track.boxes.append(box)
                track.classes.append(int(class_id))
        self._remember(SeenBoxes(frame.time_us, frame.boxes_xyxy, ids))
        lost_us = frame.time_us - 2 * LOST_S * 1e6
        ended = [one for one, track in self._growing.items() if track.times_us[-1] < lost_us]
        return [self._finished(track_id) for track_id in ended]

    def finish(self) -> list[Track]:
        """The tracks that are still open."""
        return [self._finished(track_id) for track_id in list(self._growing)]

    @property
    def state(self) -> list[SeenBoxes]:
        """What the tracker of the next day is to be shown."""
        return list(self._state)

    def _id_of(self, library_id: int) -> int:
        if library_id == NO_TRACK:
            return NO_TRACK
        if library_id not in self._ids:
            self._begun += 1
            self._ids[library_id] = self._first_id + self._begun
        return self._ids[library_id]

    def _remember(self, frame: SeenBoxes) -> None:
        if not len(frame.tracks_n):
            return
        if self._state and frame.time_us - self._state[-1].time_us > LOST_S * 1e6:
            self._state = []  # nothing was remembered any more
        self._state.append(frame)
        while frame.time_us - self._state[0].time_us > LONGEST_STATE_S * 1e6:
            del self._state[0]

    def _finished(self, track_id: int) -> Track:
        grown = self._growing.pop(track_id)
        return Track(
            track_id=track_id,
            times_us=np.array(grown.times_us, np.int64),
            boxes_xyxy=np.array(grown.boxes, np.float64),
            classes=np.array(grown.classes, np.int64),
            began_before=track_id in self._before,
        )


def goes_on(state: Sequence[SeenBoxes], first_us: int) -> bool:
    """Whether a day whose first frame has this time may continue a state."""
    return bool(state) and 0 < first_us - state[-1].time_us <= LOST_S * 1e6
