"""Drawn walks of many days: two one-way lanes, and whatever else somebody does."""

from __future__ import annotations

import numpy as np

from camera_analysis.label_classes import HUMAN
from camera_analysis.tracks.track_tables import Track
from camera_analysis.tracks.walks import WalksMeta, walk_rows, write_walks
from tests.camera_analysis.factories_tracks import START

META = WalksMeta(height=240, width=320, segmenter="net", step_s=0.2)
BODY_PX, PACE_PX_S = 40.0, 30.0
WAYS = {
    "right": ((10, 80), (310, 80)),  # the upper lane
    "left": ((310, 160), (10, 160)),  # the lower lane
    "cross": ((60, 10), (60, 230)),
    "back": ((10, 80), (160, 80), (10, 82)),
    "against": ((310, 80), (10, 80)),
}


def track_along(corners, rng, *, number=1, start_s=0.0, pace=PACE_PX_S) -> Track:
    """Along straight legs at an even pace, five times a second, with feet that jitter."""
    corners = np.array(corners, float) + rng.normal(0, 5, 2)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    at = np.arange(0, along[-1], pace * 0.2)
    x, y = (np.interp(at, along, side) + rng.normal(0, 1, at.size) for side in corners.T)
    return Track(
        track_id=number,
        times_us=np.round((START.timestamp() + start_s + 0.2 * np.arange(at.size)) * 1e6).astype(
            np.int64
        ),
        boxes_xyxy=np.column_stack([x - 8, y - BODY_PX, x + 8, y]),
        classes=np.full(at.size, HUMAN, np.int64),
    )


def write_day(folder, day, rng, *, usual=20, extra=(), paces=(), meta=META):
    """Walks of a day, a minute apart: usual ones, then ``extra`` ways by name."""
    ways = [*("right" if rng.random() < 0.5 else "left" for _ in range(usual)), *extra]
    speeds = [*rng.normal(PACE_PX_S, 3, usual), *(paces or (PACE_PX_S,) * len(extra))]
    tracks = [
        track_along(WAYS[way], rng, number=n, start_s=60.0 * n, pace=pace)
        for n, (way, pace) in enumerate(zip(ways, speeds, strict=True))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    zones = ["A"] * len(tracks), [None] * len(tracks)
    write_walks(walk_rows(day, tracks, *zones), meta, folder)
    return folder
