"""From footage to tracks: a clip cut into two files has the tracks of one."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from camera_analysis.camera import Camera
from camera_analysis.footage.video_write import write_video
from camera_analysis.labelling.label_pass import process_day
from camera_analysis.tracks.tracking_rule import TrackingRule
from camera_analysis.tracks.trajectories import make_trajectories
from tests.camera_analysis.factories_scene import noisy, room
from tests.camera_analysis.labelling.test_label_pass import DAY

SECONDS, FPS = 24, 10


def frame_at(number):
    """Somebody walks to the right from second 2 to 10, and back from second 13 to 21."""
    second, frame = number / FPS, room()
    if 2 <= second <= 10:
        left = round(10 * (second - 2))
    elif 13 <= second <= 21:
        left = round(80 - 10 * (second - 13))
    else:
        return noisy(frame, number, 1.0)
    frame[24:56, left : left + 10] = (230, 20, 200)
    return noisy(frame, number, 1.0)


@pytest.fixture
def track(tmp_path):
    def run(name, **files):
        folder = tmp_path / name
        out = [folder / part for part in ("index", "labels", "regions", "tracks")]
        for path in (folder / "yard", *out):
            path.mkdir(parents=True)
        for start, numbers in files.items():
            frames = (frame_at(number) for number in numbers)
            write_video(folder / "yard" / f"{DAY}T08-00-{start[1:]}.mp4", frames, FPS, crf=12)
        camera = Camera(id="yard", folder=folder / "yard")
        process_day(camera, DAY, None, *out[:2], regions_out=out[2])
        make_trajectories(
            out[2], out[3], day=DAY, title="yard", rule=TrackingRule(), plate=out[1] / "plate.png"
        )
        return pq.read_table(out[3] / "track_summary.parquet").to_pylist()

    return run


def test_a_clip_in_two_files_has_the_tracks_of_one(track):
    whole = track("whole", T00=range(SECONDS * FPS))
    parts = track("parts", T00=range(60), T06=range(60, SECONDS * FPS))  # cut in mid-walk
    for rows in (whole, parts):
        assert [row["track_id"] for row in rows] == [20260105_000001, 20260105_000002]
        there, back = rows
        assert there["end_x"] - there["start_x"] > 60
        assert back["end_x"] - back["start_x"] < -60
    for one, other in zip(whole, parts, strict=True):
        assert abs((one["start_utc"] - other["start_utc"]).total_seconds()) <= 0.4
        assert abs((one["end_utc"] - other["end_utc"]).total_seconds()) <= 0.4
        places = ("start_x", "start_y", "end_x", "end_y")
        assert np.allclose([one[p] for p in places], [other[p] for p in places], atol=6)
