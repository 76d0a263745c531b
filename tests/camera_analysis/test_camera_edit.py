from __future__ import annotations

from datetime import date

import pytest

from camera_analysis.camera import CameraConfigError
from camera_analysis.camera_edit import set_camera_keys
from camera_analysis.camera_file import load_camera

TEXT = """\
# the door by the yard
time_zone: Europe/Berlin  # it hangs there
rois:
  - {name: door, polygon_xy: [[0, 0], [10, 0], [10, 20]]}
  # an older one
  - {name: mat, polygon_xy: [[0, 0], [10, 0], [10, 20]]}

# sampled slowly
interval_s: 2.0
stream: rtsp://${USER}:${PASSWORD}@10.0.0.7/main
"""
DESK = [{"name": "desk", "polygon_xy": [[1.5, 2], [3, 4], [5, 7]]}]


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "door"
    place.mkdir()
    return place


def test_who_may_read_the_file_stays_as_it_was(folder):
    path = folder / "camera.yaml"
    path.write_text(TEXT)
    path.chmod(0o600)
    set_camera_keys(folder, {"rois": DESK})
    assert path.stat().st_mode & 0o777 == 0o600


def test_one_key_changes_and_every_other_line_stays(folder):
    (folder / "camera.yaml").write_text(TEXT)
    camera = set_camera_keys(folder, {"rois": DESK})
    assert [roi.name for roi in camera.rois] == ["desk"]
    text = (folder / "camera.yaml").read_text()
    head, tail = TEXT.split("rois:")
    assert text.startswith(head)
    assert text.endswith("\n" + tail[tail.index("# sampled") :])
    assert "mat" not in text
    assert [path.name for path in folder.iterdir()] == ["camera.yaml"]


def test_new_keys_are_appended_and_a_missing_file_is_made(folder):
    rule = {"enter": 0.4, "leave": 0.2}
    assert set_camera_keys(folder, {"occupancy": rule}).occupancy.enter == 0.4
    camera = set_camera_keys(folder, {"rois": DESK, "lens": {"kind": "fisheye"}})
    assert (camera.occupancy.enter, camera.lens.kind) == (0.4, "fisheye")


def test_a_file_of_one_line_is_written_anew(folder):
    (folder / "camera.yaml").write_text("{time_zone: Europe/Berlin, rois: []}\n")
    camera = set_camera_keys(folder, {"rois": DESK})
    assert (camera.time_zone, len(camera.rois)) == ("Europe/Berlin", 1)


@pytest.mark.parametrize(
    "rois", [[{"name": "", "polygon_xy": [[0, 0], [1, 1], [2, 0]]}], [*DESK, *DESK], "door"]
)
def test_what_cannot_be_used_leaves_the_file_as_it_was(folder, rois):
    (folder / "camera.yaml").write_text(TEXT)
    with pytest.raises(CameraConfigError):
        set_camera_keys(folder, {"rois": rois})
    assert (folder / "camera.yaml").read_text() == TEXT


def test_a_file_that_is_wrong_already_is_not_touched(folder):
    (folder / "camera.yaml").write_text("intervall: 3\n")
    with pytest.raises(CameraConfigError, match="unknown keys"):
        set_camera_keys(folder, {"rois": DESK})
    assert (folder / "camera.yaml").read_text() == "intervall: 3\n"


def test_a_day_is_written_as_a_day(folder):
    (folder / "camera.yaml").write_text("# by the lift\ntime_zone: Europe/Berlin  # hangs there\n")
    set_camera_keys(folder, {"learn_from": date(2026, 3, 2)})
    set_camera_keys(folder, {"learn_from": date(2026, 3, 9)})
    assert (folder / "camera.yaml").read_text() == (
        "# by the lift\ntime_zone: Europe/Berlin  # hangs there\nlearn_from: 2026-03-09\n"
    )


def test_the_camera_is_the_one_that_is_read_back(folder):
    assert set_camera_keys(folder, {"window_days": 3}) == load_camera(folder)
