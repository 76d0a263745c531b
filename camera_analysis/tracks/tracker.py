"""Boxes of one camera, frame after frame, become tracks: ByteTrack, by the library ``trackers``.

Where regions carry no confidence, ByteTrack (Zhang et al., ECCV 2022) is SORT's association by
overlap with a Kalman filter that knows the time between frames, and a memory of lost tracks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntVector = npt.NDArray[np.int64]

#: For so long a track may be hidden and is still the same: behind a post, or behind another person.
LOST_S = 2.0
#: Frames in a row in which a thing must be seen before it is a track: a flash is none.
CONFIRMED_FRAMES = 2
#: Id of what is no track, or none yet.
NO_TRACK = -1
#: Rate that the library states its memory in.
_BUFFER_FPS = 30


class Tracker:
    """Follows the boxes of one camera in the order of time.

    Args:
        step_s: usual seconds between frames.
        lost_s: for how long a track that is not seen is remembered.
    """

    def __init__(self, step_s: float, *, lost_s: float = LOST_S) -> None:
        from trackers import ByteTrackTracker  # loads for a second: only who tracks should wait

        self._tracker: Any = ByteTrackTracker(
            lost_track_buffer=round(_BUFFER_FPS * lost_s),
            frame_rate=1 / step_s,
            minimum_consecutive_frames=CONFIRMED_FRAMES,
        )

    def update(self, time_s: float, boxes_xyxy: FloatArray) -> IntVector:
        """(N,) track of each of (N, 4) boxes of the next frame, or ``NO_TRACK``.

        Args:
            time_s: increases from call to call.
            boxes_xyxy: x0, y0, x1, y1 of each box.
        """
        from supervision import Detections

        tracks_n = np.full(len(boxes_xyxy), NO_TRACK, np.int64)
        detections = Detections(
            xyxy=np.asarray(boxes_xyxy, np.float64).reshape(-1, 4),
            data={"row": np.arange(len(boxes_xyxy))},
        )
        found = self._tracker.update(detections, timestamp=time_s)
        if len(found):
            tracks_n[found.data["row"]] = found.tracker_id
        return tracks_n
