"""A judged day: scores of its frames, its events, and by what they were judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from camera_analysis.events.alarm_promise import AlarmPromise
from camera_analysis.events.departures import Departure
from camera_analysis.events.events import Event
from camera_analysis.events.path_verdict import PathSummary

#: Status of a day that was judged by other days.
JUDGED = "judged"


@dataclass(frozen=True, kw_only=True)
class FrameScores:
    """Scores of the judged frames, in the order of time; all arrays are (N,).

    Args:
        channels: "channels" (all together) and channel -> bits, without them where class judged
            alone; "path" where walks are evidence.
    """

    frame_ids: npt.NDArray[np.int64]
    utc_us: npt.NDArray[np.int64]
    delta_share: npt.NDArray[np.float64]
    raw_bits: npt.NDArray[np.float64]
    bits: npt.NDArray[np.float64]
    alarm: npt.NDArray[np.bool_]
    channels: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class JudgedDay:
    """A judged day, ready to be written.

    Args:
        status: "judged", "cross_fitted", "warming_up" or "scene_changed".
        alarm_bits: the threshold that was used.
        normal_frames: frames behind the normal; behind the smallest block's for a clip.
        classes: class names.
        scores: of every judged frame.
        events: in the order of time.
        channel_least_bits: strength that an event by the channels exceeds; None where class
            surprise judged alone.
        class_least_bits: the same by class; None where nothing was held out to know it by.
        usual_departures: regions over a threshold that lasted, but no more than normal days have.
        departures: whatever departed by class, event or not.
        channel_departures: the same in the channels; None where class surprise judged alone.
        promise: false events of a normal day, of all sources; None where class was not calibrated.
        paths: what the walks of the day say; None where nothing was judged.
        usual_ways: (N, 2) points of each walk that they were compared with.
    """

    status: str
    alarm_bits: float
    normal_frames: int
    classes: tuple[str, ...]
    scores: FrameScores
    events: Sequence[Event]
    channel_least_bits: float | None = None
    class_least_bits: float | None = None
    usual_departures: int = 0
    departures: Sequence[Departure] = ()
    channel_departures: Sequence[Departure] | None = None
    promise: AlarmPromise | None = None
    paths: PathSummary | None = None
    usual_ways: Sequence[npt.NDArray[np.float64]] = ()
