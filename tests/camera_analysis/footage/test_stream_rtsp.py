"""Recording a network camera by RTSP."""

from __future__ import annotations

import pytest

from camera_analysis.footage.stream_record import Outage
from camera_analysis.footage.stream_segments import Segment
from tests.camera_analysis.factories_footage import numbered_clip, steady
from tests.camera_analysis.footage.test_stream_record import Hands, numbers_in, record
from tests.camera_analysis.rtsp_server import Camera, pictures_of, rtsp_served


@pytest.fixture(scope="module", params=["0", "2"], ids=["no B-frames", "B-frames"])
def pictures(request, tmp_path_factory):
    """Six seconds at 10 frames a second, a key frame each second."""
    path = tmp_path_factory.mktemp("rtsp") / "camera.mp4"
    numbered_clip(path, steady(60, 10), gop=10, options={"bf": request.param, "sc_threshold": "0"})
    return pictures_of(path)


def test_every_picture_is_recorded_once_and_segments_start_with_key_frames(tmp_path, pictures):
    camera = Camera(pictures)
    with rtsp_served(camera) as host:
        items = record(f"rtsp://{host}/main", tmp_path, segment_s=2)
    segments = [item for item in items if isinstance(item, Segment)]
    assert [segment.path.name for segment in segments] == [
        "2026-01-05T08-00-00.250.mkv",
        "2026-01-05T08-00-02.250.mkv",
        "2026-01-05T08-00-04.250.mkv",
    ]
    assert [n for segment in segments for n in numbers_in(segment.path)] == list(range(60))
    assert any(request.startswith("PLAY rtsp://") for request in camera.requests)


def test_a_camera_that_hangs_up_is_asked_again(tmp_path, pictures):
    hands = Hands()
    with rtsp_served(Camera(pictures, lengths=[25, 60, 0])) as host:
        items = record(f"rtsp://{host}/main", tmp_path, hands)
    segments = [item for item in items if isinstance(item, Segment)]
    first, second = (numbers_in(segment.path) for segment in segments)
    assert first == sorted(first)
    assert set(first) <= set(range(27))  # 25 in coded order
    assert len(first) >= 20
    assert second == list(range(60))


def test_a_password_admits_and_a_wrong_one_is_an_outage_that_does_not_tell_it(tmp_path, pictures):
    camera = Camera(pictures, user="viewer", password="s3cret")
    with rtsp_served(camera) as host:
        items = record(f"rtsp://viewer:s3cret@{host}/main", tmp_path)
        camera.plays = 0
        refused = record(f"rtsp://viewer:wr0ng@{host}/main", tmp_path)
    assert isinstance(items[0], Segment)
    assert isinstance(refused[0], Outage)
    assert "wr0ng" not in repr(refused)
