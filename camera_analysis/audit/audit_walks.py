"""What is left of walks when people are hidden: tracks read off the hidden video against truth.

Somebody who has only the hidden video takes its difference from the empty view and follows the
regions of it by their overlap, as :mod:`camera_analysis.tracks` does. A true walk is a person who
can be told apart for a second or more. It is *found again* where one track lies on the person in
half of the walk's frames; the *foot-point error* is the distance of the foot points in pixels, over
the frames of all walks in which some track lies on the person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import numpy as np

from camera_analysis.audit.audit_people import AuditFrame, ImageRgb, people_of
from camera_analysis.audit.audit_utility import LEAST_OVERLAP, boxes_of_movers
from camera_analysis.labelling.regions import Box
from camera_analysis.tracks.tracker import NO_TRACK, Tracker

#: Shorter walks are not looked for.
LEAST_WALK_S = 1.0
#: Of a walk's frames, in which one track must lie on the person.
FOUND_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class WalkFrames:
    """Consecutive frames of one camera, so close in time that people overlap.

    Attributes:
        frames: with the empty view, each; gone through once for each method.
        step_s: seconds between two of them.
    """

    frames: Iterable[AuditFrame]
    step_s: float

    @cached_property
    def true_walks(self) -> list[list[tuple[int, Box]]]:
        """Frame numbers and boxes of everybody who can be told apart for long enough."""
        walks: dict[str, list[tuple[int, Box]]] = {}
        for person in people_of(self.frames):
            rows, columns = person.crop
            box = Box(columns.start, rows.start, columns.stop, rows.stop)
            walks.setdefault(person.identity, []).append((person.frame, box))
        least = max(2, round(LEAST_WALK_S / self.step_s))
        return [walk for walk in walks.values() if len(walk) >= least]


@dataclass(frozen=True, kw_only=True)
class WalksFound:
    """What is left of walks.

    Attributes:
        walks: that truth knows.
        found: of them, found again.
        foot_error_px: median distance of the foot points; None where no track lies on anybody.
    """

    walks: int
    found: int
    foot_error_px: float | None


def walks_found(
    sequences: Sequence[WalkFrames], hide: Callable[[AuditFrame], ImageRgb]
) -> WalksFound:
    """Follow people through hidden frames and compare with the truth.

    Args:
        sequences: of several cameras.
        hide: (H, W, 3) a frame as it is shown.
    """
    walks = found = 0
    errors: list[float] = []
    for one in sequences:
        shown = _shown_tracks(one, hide)
        for walk in one.true_walks:
            tracks: Counter[int] = Counter()
            for number, box in walk:
                best = max(shown[number], key=lambda track: box.overlap(track[1]), default=None)
                if best is not None and box.overlap(best[1]) >= LEAST_OVERLAP:
                    tracks[best[0]] += 1
                    errors.append(_apart(box, best[1]))
            walks += 1
            found += max(tracks.values(), default=0) >= FOUND_SHARE * len(walk)
    return WalksFound(
        walks=walks, found=found, foot_error_px=round(median(errors), 4) if errors else None
    )


def _shown_tracks(
    sequence: WalkFrames, hide: Callable[[AuditFrame], ImageRgb]
) -> list[list[tuple[int, Box]]]:
    """Tracks and their boxes in each frame."""
    tracker = Tracker(sequence.step_s)
    shown = []
    for number, frame in enumerate(sequence.frames):
        boxes = boxes_of_movers(hide(frame), frame.plate) if frame.plate else []
        corners = np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], np.float64)
        tracks = tracker.update(number * sequence.step_s, corners.reshape(-1, 4)).tolist()
        together = zip(tracks, boxes, strict=True)
        shown.append([(track, box) for track, box in together if track != NO_TRACK])
    return shown


def _apart(one: Box, other: Box) -> float:
    across = (one.x0 + one.x1 - other.x0 - other.x1) / 2
    return float(np.hypot(across, one.y1 - other.y1))
